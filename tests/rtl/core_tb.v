// nh_neuron_core and core_toy_dp under a script (core_bench.py). stim.mem: {op[3:0], flit}: 0 flit, 1 tick, 2 init, 3 wait until idle, 4 no
// source stalls from here, 5 stalls, 6 end. Ticks and INIT wait until idle. want.mem: {how[3:0], flit}, in the order of leaving; how: 0
// exact, 1 data[15:0] is not known, 2 and 3 low and high half of the flits' waits, counted here. +source, +sink: 0 none,
// 1 random, 2 long stalls.
`timescale 1ns/1ns
module core_tb;
    `include "core_sizes.vh"
    localparam integer FLIT_W = DATA_W + 2*XB + 2*YB + 2;
    reg clk = 0, rst = 1, tick = 0, init = 0;
    wire idle, s_ready, m_valid, dp_valid;
    reg s_valid = 0, m_ready = 0;
    reg [FLIT_W-1:0] s_data = 0;
    wire [FLIT_W-1:0] m_data;
    wire [MODEL_W-1:0] dp_model;
    wire [LANES*ACCS*ACC_W-1:0] dp_acc;
    wire [LANES*STATE_W-1:0] dp_state, dp_next;
    wire [LANES*PARAM_W-1:0] dp_param;
    wire [LANES*PAYLOAD_W-1:0] dp_out;
    core_toy_dp #(.LANES(LANES), .ACCS(ACCS), .ACC_W(ACC_W), .STATE_W(STATE_W), .PARAM_W(PARAM_W), .PAYLOAD_W(PAYLOAD_W), .MODEL_W(MODEL_W), .LATENCY(DP_LATENCY))
        u_dp (clk, dp_model, dp_acc, dp_state, dp_param, dp_next, dp_out);
    `CORE u_core (.clk(clk), .rst(rst), .tick(tick), .init(init), .idle(idle), .s_flit_valid(s_valid), .s_flit_ready(s_ready),
        .s_flit_data(s_data), .m_flit_valid(m_valid), .m_flit_ready(m_ready), .m_flit_data(m_data), .dp_valid(dp_valid),
        .dp_model(dp_model), .dp_acc(dp_acc), .dp_state(dp_state), .dp_param(dp_param), .dp_next(dp_next), .dp_out(dp_out));

    reg [FLIT_W+3:0] stim [0:STIMS-1];
    reg [FLIT_W+3:0] want [0:WANTS-1];
    integer source, sink, seed, i = 0, o = 0, still = 0, waits = 0, cycle = 0, source_run = 0, sink_run = 0, calm = 0;
    reg source_go, sink_go, bad, held = 0;
    reg [FLIT_W-1:0] held_data;
    wire [3:0] op = stim[i][FLIT_W +: 4];
    wire [3:0] how = want[o][FLIT_W +: 4];
    wire [FLIT_W-1:0] expected = want[o][FLIT_W-1:0];
    always #5 clk = !clk;
    initial begin
        if (!$value$plusargs("source=%d", source)) source = 0;
        if (!$value$plusargs("sink=%d", sink)) sink = 0;
        if (!$value$plusargs("seed=%d", seed)) seed = 1;
        $readmemh("stim.mem", stim);
        $readmemh("want.mem", want);
    end
    task stall(input integer mode, inout integer run, output reg go);
        case (mode)
            0: go = 1;
            1: go = ($random(seed) & 1) != 0;
            default: begin
                if (run == 0) run = (($random(seed) & 1) != 0 ? 1 : -1) * (1 + ($random(seed) & 127));
                go = run > 0;
                run = run > 0 ? run - 1 : run + 1;
            end
        endcase
    endtask
    // Everything that drives the core changes at the falling edge.
    always @(negedge clk) begin
        cycle = cycle + 1;
        rst <= cycle < 4;
        tick <= 0;
        init <= 0;
        s_valid <= 0;
        stall(calm != 0 ? 0 : source, source_run, source_go);
        stall(sink, sink_run, sink_go);
        m_ready <= sink_go;
        if (cycle > 8) begin
            if (s_valid && !s_taken) s_valid <= 1;
            else if (!tick && !init) case (op)
                0: if (source_go) begin s_valid <= 1; s_data <= stim[i][FLIT_W-1:0]; i = i + 1; end
                1: if (idle) begin tick <= 1; i = i + 1; end
                2: if (idle) begin init <= 1; i = i + 1; end
                3: if (idle) i = i + 1;
                4: begin calm = 1; i = i + 1; end
                5: begin calm = 0; i = i + 1; end
                default: if (idle) begin
                    if (o == WANTS - 1) $display("PASS %0d cycles", cycle); else $display("FAIL %0d of %0d flits left", o, WANTS - 1);
                    $finish;
                end
            endcase
        end
        still = (s_valid && s_taken) || (m_valid && m_ready) ? 0 : still + 1;
        if (still > 20000) begin $display("FAIL stuck at %0d, %0d flits left", i, o); $finish; end
    end
    reg s_taken;
    always @(posedge clk) begin
        s_taken <= s_valid && s_ready;
        if (held && (!m_valid || m_data !== held_data)) begin $display("FAIL a flit moved while it waited"); $finish; end
        held <= !rst && m_valid && !m_ready;
        held_data <= m_data;
        if (!rst && m_valid && !m_ready && m_data[FLIT_W-1:FLIT_W-2] != 3) waits = waits + 1;
        if (!rst && m_valid && m_ready) begin
            case (how)
                0: bad = m_data !== expected;
                1: bad = m_data[FLIT_W-1:16] !== expected[FLIT_W-1:16];
                2: bad = m_data[15:0] !== waits[15:0];
                default: bad = m_data[15:0] !== waits[31:16];
            endcase
            if (bad || o >= WANTS - 1) begin
                $display("FAIL flit %0d: %h, not %h (%0d)", o, m_data, expected, how);
                $finish;
            end
            o = o + 1;
        end
    end
endmodule
