// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Neuron core of the fabric (docs/fabric.md): queue, configuration, accumulate engine, sweep, sender, counters.
// The datapath of the neurons stands beside it, LANES copies: dp_next and dp_out are its answers DP_LATENCY cycles
// after dp_valid; it never stalls.
// s_flit: any rectangle. While it sweeps the core takes nothing from its queue; while it sends, it does. `tick`
// and `init` are pulses that come while it is idle; INIT comes before the first tick after reset.
`default_nettype none
module nh_neuron_core #(
    parameter integer LANES = 1,       // neurons per cycle, and synapses
    parameter integer ACCS = 1,        // accumulators of a neuron, and weights of a synapse
    parameter integer NEURONS = 256,   // multiple of LANES
    parameter integer AXONS = 256,
    parameter integer SYNAPSES = 4096, // words of LANES*ACCS weights
    parameter integer CONVS = 0,       // conv descriptors; 0: no convolutions
    parameter integer ROUTES = 4,
    parameter integer GROUPS = 4,
    parameter integer PARAMS = 256,    // words of LANES neurons
    parameter integer DELAYS = 1,      // sweeps that the spike memory holds, power of two
    parameter integer QUEUE = 16,      // flits
    parameter integer SPARSE = 0,      // 1: synapse words may name their accumulator
    parameter integer WEIGHT_W = 6,    // 2 .. 16
    parameter integer ACC_W = 16,      // 8 .. 48
    parameter integer PAYLOAD_W = 1,   // 1: spikes only; else signed, 2 .. 24
    parameter integer STATE_W = 16,    // of a neuron
    parameter integer PARAM_W = 16,    // of a neuron
    parameter integer MODEL_W = 2,     // bits of a model's number, 1 .. 8
    parameter integer XB = 1,          // bits of a column
    parameter integer YB = 1,          // bits of a row
    parameter integer CY = 0,          // bits of conv coordinates, 1 .. 12 with CONVS > 0
    parameter integer CX = 0,
    parameter integer CC = 0,
    parameter integer ADDR_W = 8,      // clog2(AXONS), with CONVS as docs/fabric.md
    parameter integer DATA_W = 26,     // max(26, ADDR_W + PAYLOAD_W)
    parameter integer DP_LATENCY = 3   // cycles, >= 0
) (
    input wire clk,
    input wire rst,
    input wire tick,
    input wire init,
    output wire idle,
    input wire s_flit_valid,
    output wire s_flit_ready,
    input wire [DATA_W+2*XB+2*YB+1:0] s_flit_data,
    output wire m_flit_valid,
    input wire m_flit_ready,
    output wire [DATA_W+2*XB+2*YB+1:0] m_flit_data,
    output wire dp_valid,
    output wire [MODEL_W-1:0] dp_model,
    output wire [LANES*ACCS*ACC_W-1:0] dp_acc,
    output wire [LANES*STATE_W-1:0] dp_state,
    output wire [LANES*PARAM_W-1:0] dp_param,
    input wire [LANES*STATE_W-1:0] dp_next,
    input wire [LANES*PAYLOAD_W-1:0] dp_out
);
    localparam integer WORDS = NEURONS / LANES;
    localparam integer WA = (WORDS > 1) ? $clog2(WORDS) : 1;
    localparam integer SA = (SYNAPSES > 1) ? $clog2(SYNAPSES) : 1;
    localparam integer PA = (PARAMS > 1) ? $clog2(PARAMS) : 1;
    localparam integer GA = (GROUPS > 1) ? $clog2(GROUPS) : 1;
    localparam integer RA = (ROUTES > 1) ? $clog2(ROUTES) : 1;
    localparam integer AA = (AXONS > 1) ? $clog2(AXONS) : 1;
    localparam integer DL = (DELAYS > 1) ? $clog2(DELAYS) : 1;
    localparam integer NB = ((WORDS*LANES > 1) ? $clog2(WORDS*LANES) : 1) + 1;
    localparam integer DB = (CONVS > 1) ? $clog2(CONVS) : 1;
    localparam integer COORD_W = DB + CY + CX + CC;
    localparam integer AXON_W = SA + 2*WA + 3;
    localparam integer CONV_W = (CONVS > 0) ? 3*SA + 5*WA + 2*CY + 2*CX + CC + 39 : 1;
    localparam integer SYNAPSE_W = LANES * ACCS * WEIGHT_W + ((SPARSE != 0) ? WA : 0);
    localparam integer GROUP_W = WA + PA + 2 + MODEL_W;
    localparam integer ROUTE_W = 2*WA + DL + 2*XB + 2*YB + ADDR_W + NB + 3 + ((CONVS > 0) ? WA + CX + 2 : 0);
    localparam integer M_1 = (AA > SA) ? AA : SA;
    localparam integer M_2 = (PA > M_1) ? PA : M_1;
    localparam integer M_3 = (GA > M_2) ? GA : M_2;
    localparam integer M_4 = (RA > M_3) ? RA : M_3;
    localparam integer M_5 = (WA > M_4) ? WA : M_4;
    localparam integer M_6 = (DB > M_5) ? DB : M_5;
    localparam integer MEM_A = (M_6 > 4) ? M_6 : 4; // bits of any word number
    localparam integer INC_W = $clog2(LANES + 1);
    localparam [INC_W-1:0] INC_ONE = 1;
    localparam integer LEVEL_W = $clog2(QUEUE + 1);
    localparam integer FLIT_W = DATA_W + 2*XB + 2*YB + 2;

    generate
        if (LANES < 1 || NEURONS < 1 || NEURONS % ((LANES > 0) ? LANES : 1) != 0) begin : g_illegal_neurons
            nh_neuron_core_NEURONS_is_no_multiple_of_LANES u_illegal ();
        end
        if (ACCS < 1) begin : g_illegal_accs
            nh_neuron_core_ACCS_is_below_1 u_illegal ();
        end
        if ((CONVS > 0) ? (CY < 1 || CX < 1 || CC < 1)
                        : (CONVS < 0 || CY != 0 || CX != 0 || CC != 0)) begin : g_illegal_convs
            nh_neuron_core_coordinates_come_with_CONVS u_illegal ();
        end
        if (ADDR_W != ((CONVS > 0) ? 1 + ((AA > COORD_W) ? AA : COORD_W) : AA)) begin : g_illegal_addr
            nh_neuron_core_ADDR_W_is_not_that_of_the_contract u_illegal ();
        end
        if (DATA_W != ((ADDR_W + PAYLOAD_W > 26) ? ADDR_W + PAYLOAD_W : 26)) begin : g_illegal_data
            nh_neuron_core_DATA_W_is_not_that_of_the_contract u_illegal ();
        end
        if (QUEUE < 2) begin : g_illegal_queue
            nh_neuron_core_QUEUE_is_below_2 u_illegal ();
        end
    endgenerate

    // ---- Queue. Its head goes to the accumulate engine or to the configuration.

    wire [DATA_W:0] head; // 1: configuration
    wire head_valid;
    wire head_ready;
    wire sweeping;
    wire is_config = head[DATA_W];
    wire config_ready;
    wire event_ready;
    wire event_valid = head_valid && !sweeping && !is_config;
    wire config_valid = head_valid && !sweeping && is_config;
    assign head_ready = !sweeping && (is_config ? config_ready : event_ready);
    wire [LEVEL_W-1:0] level;
    nh_fifo #(
        .WIDTH(DATA_W + 1),
        .DEPTH(QUEUE),
        .LEVEL_W(LEVEL_W)
    ) u_queue (
        .clk(clk),
        .rst(rst),
        .s_valid(s_flit_valid),
        .s_ready(s_flit_ready),
        .s_data({s_flit_data[FLIT_W-2], s_flit_data[DATA_W-1:0]}),
        .m_valid(head_valid),
        .m_ready(head_ready),
        .m_data(head),
        .level(level)
    );

    // ---- Configuration.

    wire acc_busy;
    wire send_busy;
    wire send_active;
    wire [8:0] we;
    wire [MEM_A-1:0] waddr;
    wire [15:0] control_wdata;
    wire [AXON_W-1:0] axon_wdata;
    wire [SYNAPSE_W-1:0] synapse_wdata;
    wire [CONV_W-1:0] conv_wdata;
    wire [GROUP_W-1:0] group_wdata;
    wire [LANES*PARAM_W-1:0] param_wdata;
    wire [ROUTE_W-1:0] route_wdata;
    wire rd_load;
    wire rd_hold;
    wire rd_shift;
    wire [MEM_A-1:0] rd_addr;
    wire [15:0] state_low;
    wire [3:0] count_index;
    wire [31:0] count_sum;
    wire reply_valid;
    wire reply_ready;
    wire [15:0] reply_data;
    nh_core_config #(
        .AXON_W(AXON_W),
        .SYNAPSE_W(SYNAPSE_W),
        .CONV_W(CONV_W),
        .GROUP_W(GROUP_W),
        .PARAM_W(LANES * PARAM_W),
        .ROUTE_W(ROUTE_W),
        .STATE_W(LANES * STATE_W),
        .ADDR_W(MEM_A)
    ) u_config (
        .clk(clk),
        .rst(rst),
        .s_valid(config_valid),
        .s_ready(config_ready),
        .s_data({head[DATA_W-1 -: 2], head[23:0]}),
        .quiet(!acc_busy && !send_active),
        .we(we),
        .waddr(waddr),
        .control_wdata(control_wdata),
        .axon_wdata(axon_wdata),
        .synapse_wdata(synapse_wdata),
        .conv_wdata(conv_wdata),
        .group_wdata(group_wdata),
        .param_wdata(param_wdata),
        .route_wdata(route_wdata),
        .rd_load(rd_load),
        .rd_hold(rd_hold),
        .rd_shift(rd_shift),
        .rd_addr(rd_addr),
        .state_low(state_low),
        .count_index(count_index),
        .count_sum(count_sum),
        .reply_valid(reply_valid),
        .reply_ready(reply_ready),
        .reply_data(reply_data)
    );

    // ---- Accumulate engine, sweep, sender.

    wire sweep_valid;
    wire [WA-1:0] sweep_addr;
    wire invalid;
    wire issue;
    nh_core_acc #(
        .LANES(LANES * ACCS),
        .WORDS(WORDS),
        .AXONS(AXONS),
        .SYNAPSES(SYNAPSES),
        .CONVS(CONVS),
        .CY(CY),
        .CX(CX),
        .CC(CC),
        .ADDR_W(ADDR_W),
        .SPARSE(SPARSE),
        .WEIGHT_W(WEIGHT_W),
        .ACC_W(ACC_W),
        .PAYLOAD_W(PAYLOAD_W)
    ) u_acc (
        .clk(clk),
        .rst(rst),
        .axon_we(we[1]),
        .synapse_we(we[2]),
        .axon_waddr(waddr[AA-1:0]),
        .synapse_waddr(waddr[SA-1:0]),
        .axon_wdata(axon_wdata),
        .synapse_wdata(synapse_wdata),
        .conv_we(we[3]),
        .conv_waddr(waddr[DB-1:0]),
        .conv_wdata(conv_wdata),
        .s_valid(event_valid),
        .s_ready(event_ready),
        .s_addr(head[ADDR_W-1:0]),
        .s_payload(head[ADDR_W +: PAYLOAD_W]),
        .sweep_valid(sweep_valid),
        .sweep_addr(sweep_addr),
        .acc(dp_acc),
        .busy(acc_busy),
        .invalid(invalid),
        .issue(issue)
    );

    wire done;
    wire back;
    wire [WA-1:0] back_addr;
    wire [DL-1:0] slot;
    wire [DL-1:0] age;
    wire init_sweep; // the sweep is that of INIT
    nh_core_sweep #(
        .LANES(LANES),
        .WORDS(WORDS),
        .GROUPS(GROUPS),
        .PARAMS(PARAMS),
        .DELAYS(DELAYS),
        .STATE_W(STATE_W),
        .PARAM_W(PARAM_W),
        .MODEL_W(MODEL_W),
        .DP_LATENCY(DP_LATENCY)
    ) u_sweep (
        .clk(clk),
        .rst(rst),
        .tick(tick),
        .init(init),
        .busy(sweeping),
        .clears(init_sweep),
        .done(done),
        .slot(slot),
        .age(age),
        .control_we(we[0]),
        .control_waddr(waddr[2:0]),
        .control_wdata(control_wdata),
        .group_we(we[4]),
        .group_waddr(waddr[GA-1:0]),
        .group_wdata(group_wdata),
        .param_we(we[5]),
        .param_waddr(waddr[PA-1:0]),
        .param_wdata(param_wdata),
        .rd_load(rd_load),
        .rd_hold(rd_hold),
        .rd_shift(rd_shift),
        .rd_addr(rd_addr[WA-1:0]),
        .state_low(state_low),
        .sweep_valid(sweep_valid),
        .sweep_addr(sweep_addr),
        .dp_valid(dp_valid),
        .dp_model(dp_model),
        .dp_state(dp_state),
        .dp_param(dp_param),
        .dp_next(dp_next),
        .back(back),
        .back_addr(back_addr)
    );

    wire sent;
    wire waits;
    nh_core_send #(
        .LANES(LANES),
        .WORDS(WORDS),
        .ROUTES(ROUTES),
        .DELAYS(DELAYS),
        .PAYLOAD_W(PAYLOAD_W),
        .ADDR_W(ADDR_W),
        .CONVS(CONVS),
        .CY(CY),
        .CX(CX),
        .CC(CC),
        .DATA_W(DATA_W),
        .XB(XB),
        .YB(YB)
    ) u_send (
        .clk(clk),
        .rst(rst),
        .control_we(we[0] && waddr[2:0] == 3'd1),
        .control_wdata(control_wdata),
        .route_we(we[6]),
        .route_waddr(waddr[RA-1:0]),
        .route_wdata(route_wdata),
        .out_we(back),
        .out_waddr(back_addr),
        .out_wdata(dp_out),
        .slot(slot),
        .age(age),
        .start(done),
        .active(send_active),
        .busy(send_busy),
        .sent(sent),
        .waits(waits),
        .reply_valid(reply_valid),
        .reply_ready(reply_ready),
        .reply_data(reply_data),
        .m_valid(m_flit_valid),
        .m_ready(m_flit_ready),
        .m_data(m_flit_data)
    );

    assign idle = !head_valid && !acc_busy && !sweeping && !send_busy;

    // ---- Counters.

    reg [INC_W-1:0] spikes; // of the word that comes back
    integer l;
    always @(*) begin
        spikes = {INC_W{1'b0}};
        for (l = 0; l < LANES; l = l + 1)
            if (back && dp_out[l*PAYLOAD_W +: PAYLOAD_W] != {PAYLOAD_W{1'b0}}) spikes = spikes + INC_ONE;
    end
    wire [8:0] ones = {waits, sent, 1'b0, back, sweeping && !init_sweep, acc_busy && !sweeping, issue,
                       invalid, event_valid && event_ready};
    wire [9*INC_W-1:0] increments;
    genvar c;
    generate
        for (c = 0; c < 9; c = c + 1) begin : g_count
            if (c == 6) begin : g_spikes
                assign increments[c*INC_W +: INC_W] = spikes;
            end else if (INC_W > 1) begin : g_wide
                assign increments[c*INC_W +: INC_W] = {{(INC_W-1){1'b0}}, ones[c]};
            end else begin : g_bit
                assign increments[c*INC_W +: INC_W] = ones[c];
            end
        end
    endgenerate
    nh_core_count #(
        .N(9),
        .INC_W(INC_W)
    ) u_count (
        .clk(clk),
        .rst(rst),
        .inc(increments),
        .index(count_index),
        .sum(count_sum)
    );

    wire unused = &{1'b0, level, head, s_flit_data, we, waddr, rd_addr, ones[6]};

`ifdef FORMAL
`include "nh_neuron_core_fv.vh"
`endif
endmodule
`default_nettype wire
