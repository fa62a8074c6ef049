// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Accumulate engine of the neuron core (docs/fabric.md, ACC): every event's row of synapse words goes to
// accumulator words, one word per cycle, rows back to back. A row that is empty, invalid, or of an axon that is
// not there costs one cycle. With CONVS > 0 events may carry coordinates:
// nh_core_conv makes the rows of their taps, which go before those of axons.
// Pipeline, cycles from an event at s: 1 axon word, 2 row walk, 3 weights and accumulators (LATE: these one
// later), 4 registers in front of the adders, 5 written. A word that is read while a sum for it is under way gets
// the sum.
// A sweep reads (sweep_valid, sweep_addr; acc is there 2 cycles later) and clears through the same pipeline, while
// busy is 0.
`default_nettype none
module nh_core_acc #(
    parameter integer LANES = 1,
    parameter integer WORDS = 256,     // accumulator words
    parameter integer AXONS = 256,
    parameter integer SYNAPSES = 4096, // words of LANES weights
    parameter integer CONVS = 0,       // conv descriptors
    parameter integer CY = 0,          // bits of conv coordinates, 0 with CONVS = 0
    parameter integer CX = 0,
    parameter integer CC = 0,
    parameter integer ADDR_W = 8,      // bits of an event's address
    parameter integer SPARSE = 0,      // 1: synapse words hold an accumulator address on top
    parameter integer WEIGHT_W = 6,    // bits of a weight, signed
    parameter integer ACC_W = 16,      // bits of an accumulator, signed
    parameter integer PAYLOAD_W = 1    // bits; 1: no multipliers, the payload is 1
) (
    input wire clk,
    input wire rst,
    input wire axon_we,
    input wire synapse_we,
    input wire [((AXONS > 1) ? $clog2(AXONS) : 1)-1:0] axon_waddr,
    input wire [((SYNAPSES > 1) ? $clog2(SYNAPSES) : 1)-1:0] synapse_waddr,
    input wire [((SYNAPSES > 1) ? $clog2(SYNAPSES) : 1)+2*((WORDS > 1) ? $clog2(WORDS) : 1)+2:0] axon_wdata,
    input wire [LANES*WEIGHT_W+((SPARSE != 0) ? ((WORDS > 1) ? $clog2(WORDS) : 1) : 0)-1:0] synapse_wdata,
    input wire conv_we,
    input wire [((CONVS > 1) ? $clog2(CONVS) : 1)-1:0] conv_waddr,
    input wire [((CONVS > 0) ? 3*((SYNAPSES > 1) ? $clog2(SYNAPSES) : 1)+5*((WORDS > 1) ? $clog2(WORDS) : 1)+2*CY+2*CX
                +CC+39 : 1)-1:0] conv_wdata,
    input wire s_valid,
    output wire s_ready,
    input wire [ADDR_W-1:0] s_addr, // docs/fabric.md, event
    input wire [PAYLOAD_W-1:0] s_payload,
    input wire sweep_valid,
    input wire [((WORDS > 1) ? $clog2(WORDS) : 1)-1:0] sweep_addr,
    output wire [LANES*ACC_W-1:0] acc,
    output wire busy,
    output wire invalid, // an event is dropped
    output wire issue    // a synapse word is accumulated
);
    localparam integer WA = (WORDS > 1) ? $clog2(WORDS) : 1;
    localparam integer SA = (SYNAPSES > 1) ? $clog2(SYNAPSES) : 1;
    localparam integer AA = (AXONS > 1) ? $clog2(AXONS) : 1;
    localparam integer DB = (CONVS > 1) ? $clog2(CONVS) : 1;
    localparam integer AXON_ADDR_W = (CONVS > 0) ? ADDR_W - 1 : AA; // of an axon's number in an address
    localparam integer AXON_W = SA + 2*WA + 3;
    localparam integer WEIGHTS_W = LANES * WEIGHT_W;
    localparam integer SYN_W = WEIGHTS_W + ((SPARSE != 0) ? WA : 0);
    localparam integer LATE = (SPARSE != 0 || PAYLOAD_W > 1) ? 1 : 0;
    localparam integer OP_W = (PAYLOAD_W > 1) ? WEIGHT_W + PAYLOAD_W : WEIGHT_W;
    localparam [31:0] AXON_TOP = AXONS - 1;
    localparam [WA:0] LEFT_ONE = 1;
    localparam [WA-1:0] WA_ONE = 1;
    localparam [SA-1:0] SA_ONE = 1;

    generate
        if (LANES < 1 || WORDS < 1 || AXONS < 1 || SYNAPSES < 1) begin : g_illegal_size
            nh_core_acc_sizes_are_at_least_1 u_illegal ();
        end
        if (SPARSE < 0 || SPARSE > 1) begin : g_illegal_sparse
            nh_core_acc_SPARSE_is_0_or_1 u_illegal ();
        end
        if (WEIGHT_W < 2 || ACC_W < 2 || PAYLOAD_W < 1) begin : g_illegal_width
            nh_core_acc_widths_are_too_small u_illegal ();
        end
        if (ADDR_W < ((CONVS > 0) ? AA + 1 : AA)) begin : g_illegal_addr
            nh_core_acc_ADDR_W_is_below_that_of_an_axon u_illegal ();
        end
    endgenerate

    // ---- The event's axon word, at the output of its memory until the row walk takes it.

    wire [AXON_W-1:0] axon;
    reg f_valid_q;
    wire f_there; // the axon exists
    reg g_valid_q;
    reg [WA:0] g_left_q;
    wire g_last = g_left_q == LEFT_ONE;
    wire g_free = !g_valid_q || g_last;
    wire f_conv;       // the event has coordinates: nh_core_conv takes it,
    wire f_conv_ready; // now
    wire row_valid;    // rows of taps
    wire row_take = row_valid && g_free;
    wire f_take = f_valid_q && !f_conv && !row_valid && g_free;
    wire take = s_valid && s_ready;
    assign s_ready = !f_valid_q || f_take || (f_conv && f_conv_ready);

    nh_core_ram #(
        .WIDTH(AXON_W),
        .DEPTH(AXONS)
    ) u_axon (
        .clk(clk),
        .we(axon_we),
        .waddr(axon_waddr),
        .wdata(axon_wdata),
        .re(take),
        .raddr(s_addr[AA-1:0]),
        .q(axon)
    );
    always @(posedge clk) begin
        if (rst) f_valid_q <= 1'b0;
        else if (take) f_valid_q <= 1'b1;
        else if (s_ready) f_valid_q <= 1'b0;
    end

    generate
        if (AXONS < (1 << AXON_ADDR_W)) begin : g_there
            reg there_q;
            always @(posedge clk) if (take) there_q <= s_addr[AXON_ADDR_W-1:0] <= AXON_TOP[AXON_ADDR_W-1:0];
            assign f_there = there_q;
        end else begin : g_always_there
            assign f_there = 1'b1;
        end
    endgenerate

    wire f_row = f_there && axon[AXON_W-1];
    wire [WA:0] f_words = axon[SA+WA +: WA+1];
    wire conv_invalid;
    assign invalid = (f_take && !f_row) || conv_invalid;

    // ---- Convolutions: their events go from the queue's side straight to the walk of the taps.

    wire conv_busy;
    wire [SA-1:0] row_synapse;
    wire [WA-1:0] row_acc;
    wire [WA:0] row_words;
    wire [PAYLOAD_W-1:0] row_payload;
    generate
        if (CONVS > 0) begin : g_conv
            localparam integer COORD_W = DB + CY + CX + CC;
            reg conv_q;
            reg [COORD_W-1:0] coord_q;
            reg [PAYLOAD_W-1:0] payload_q;
            always @(posedge clk) if (take) begin
                conv_q <= s_addr[ADDR_W-1];
                coord_q <= s_addr[COORD_W-1:0];
                payload_q <= s_payload;
            end
            assign f_conv = conv_q;
            nh_core_conv #(
                .CONVS(CONVS),
                .SA(SA),
                .WA(WA),
                .CY(CY),
                .CX(CX),
                .CC(CC),
                .PAYLOAD_W(PAYLOAD_W)
            ) u_conv (
                .clk(clk),
                .rst(rst),
                .we(conv_we),
                .waddr(conv_waddr),
                .wdata(conv_wdata),
                .s_valid(f_valid_q && f_conv),
                .s_ready(f_conv_ready),
                .s_addr(coord_q),
                .s_payload(payload_q),
                .invalid(conv_invalid),
                .m_valid(row_valid),
                .m_ready(g_free),
                .m_synapse(row_synapse),
                .m_acc(row_acc),
                .m_words(row_words),
                .m_payload(row_payload),
                .busy(conv_busy)
            );
        end else begin : g_no_conv
            wire unused = &{1'b0, conv_we, conv_waddr, conv_wdata, row_synapse, row_acc, row_words};
            assign f_conv = 1'b0;
            assign f_conv_ready = 1'b0;
            assign conv_invalid = 1'b0;
            assign row_valid = 1'b0;
            assign row_synapse = {SA{1'b0}};
            assign row_acc = {WA{1'b0}};
            assign row_words = {(WA+1){1'b0}};
            assign row_payload = {PAYLOAD_W{1'b0}};
            assign conv_busy = 1'b0;
        end
    endgenerate

    // ---- Row walk: the synapse word that is read now, and in dense rows its accumulator word.

    reg [SA-1:0] g_synapse_q;
    reg [WA-1:0] g_acc_q;
    assign issue = g_valid_q;
    always @(posedge clk) begin
        if (rst) g_valid_q <= 1'b0;
        else if (row_take) g_valid_q <= 1'b1;
        else if (f_take) g_valid_q <= f_row && f_words != {(WA+1){1'b0}};
        else if (g_last) g_valid_q <= 1'b0;
    end
    always @(posedge clk) begin
        if (row_take) begin
            g_synapse_q <= row_synapse;
            g_acc_q <= row_acc;
            g_left_q <= row_words;
        end else if (f_take) begin
            g_synapse_q <= axon[SA-1:0];
            g_acc_q <= axon[SA +: WA];
            g_left_q <= f_words;
        end else begin
            g_synapse_q <= g_synapse_q + SA_ONE;
            g_acc_q <= g_acc_q + WA_ONE;
            g_left_q <= g_left_q - LEFT_ONE;
        end
    end

    wire [SYN_W-1:0] synapse;
    nh_core_ram #(
        .WIDTH(SYN_W),
        .DEPTH(SYNAPSES)
    ) u_synapse (
        .clk(clk),
        .we(synapse_we),
        .waddr(synapse_waddr),
        .wdata(synapse_wdata),
        .re(1'b1),
        .raddr(g_synapse_q),
        .q(synapse)
    );

    // ---- Stage 0: the accumulator word that is read now.

    wire valid0;
    wire [WA-1:0] addr0;
    wire late_busy;
    wire [LANES*OP_W-1:0] operand; // at stage 2
    reg [WEIGHTS_W-1:0] weights_q;
    always @(posedge clk) weights_q <= synapse[WEIGHTS_W-1:0];

    generate
        if (LATE != 0) begin : g_late
            reg valid_q;
            reg [WA-1:0] acc_q;
            always @(posedge clk) valid_q <= g_valid_q && !rst;
            always @(posedge clk) acc_q <= g_acc_q;
            assign valid0 = valid_q || sweep_valid;
            assign late_busy = valid_q;
            if (SPARSE != 0) begin : g_sparse
                reg f_sparse_q; // of the row
                reg sparse_q;
                always @(posedge clk) if (f_take || row_take) f_sparse_q <= axon[AXON_W-2] && !row_take;
                always @(posedge clk) sparse_q <= f_sparse_q;
                assign addr0 = sweep_valid ? sweep_addr : sparse_q ? synapse[WEIGHTS_W +: WA] : acc_q;
            end else begin : g_dense
                wire unused = axon[AXON_W-2];
                assign addr0 = sweep_valid ? sweep_addr : acc_q;
            end
        end else begin : g_early
            wire unused = axon[AXON_W-2];
            assign valid0 = g_valid_q || sweep_valid;
            assign late_busy = 1'b0;
            assign addr0 = sweep_valid ? sweep_addr : g_acc_q;
        end
        if (PAYLOAD_W > 1) begin : g_multiply
            reg [PAYLOAD_W-1:0] f_payload_q;
            reg [PAYLOAD_W-1:0] g_payload_q;
            reg [PAYLOAD_W-1:0] late_payload_q;
            reg [PAYLOAD_W-1:0] payload_q; // beside weights_q
            reg [LANES*OP_W-1:0] product_q;
            always @(posedge clk) if (take) f_payload_q <= s_payload;
            always @(posedge clk) if (f_take || row_take) g_payload_q <= row_take ? row_payload : f_payload_q;
            always @(posedge clk) begin
                late_payload_q <= g_payload_q;
                payload_q <= late_payload_q;
            end
            genvar k;
            for (k = 0; k < LANES; k = k + 1) begin : g_lane
                wire signed [OP_W-1:0] product = $signed(weights_q[k*WEIGHT_W +: WEIGHT_W]) * $signed(payload_q);
                always @(posedge clk) product_q[k*OP_W +: OP_W] <= product;
            end
            assign operand = product_q;
        end else begin : g_add
            wire unused = &{1'b0, s_payload, row_payload};
            if (LATE != 0) begin : g_wait
                reg [WEIGHTS_W-1:0] wait_q;
                always @(posedge clk) wait_q <= weights_q;
                assign operand = wait_q;
            end else begin : g_now
                assign operand = weights_q;
            end
        end
    endgenerate

    // ---- Stages 1 and 2: memory, register, sum, written.

    reg valid1_q;
    reg valid2_q;
    reg clear1_q;
    reg clear2_q;
    reg [WA-1:0] addr1_q;
    reg [WA-1:0] addr2_q;
    reg near_q; // the word at stage 1 is the one at stage 2
    reg far_q;  // the word at stage 1 is the one that was written a cycle ago
    reg [LANES*ACC_W-1:0] acc_q;
    reg [LANES*ACC_W-1:0] written_q;
    wire [LANES*ACC_W-1:0] stored;
    wire [LANES*ACC_W-1:0] sum;
    wire [LANES*ACC_W-1:0] result = clear2_q ? {(LANES*ACC_W){1'b0}} : sum;
    assign acc = acc_q;
    assign busy = f_valid_q || conv_busy || g_valid_q || late_busy || valid1_q || valid2_q;

    nh_core_ram #(
        .WIDTH(LANES * ACC_W),
        .DEPTH(WORDS)
    ) u_acc (
        .clk(clk),
        .we(valid2_q),
        .waddr(addr2_q),
        .wdata(result),
        .re(1'b1),
        .raddr(addr0),
        .q(stored)
    );
    always @(posedge clk) begin
        if (rst) begin
            valid1_q <= 1'b0;
            valid2_q <= 1'b0;
        end else begin
            valid1_q <= valid0;
            valid2_q <= valid1_q;
        end
    end
    always @(posedge clk) begin
        clear1_q <= sweep_valid;
        clear2_q <= clear1_q;
        addr1_q <= addr0;
        addr2_q <= addr1_q;
        near_q <= valid1_q && addr1_q == addr0;
        far_q <= valid2_q && addr2_q == addr0;
        acc_q <= near_q ? result : far_q ? written_q : stored;
        written_q <= result;
    end
    genvar l;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : g_sum
            wire signed [OP_W-1:0] op = operand[l*OP_W +: OP_W];
            wire [ACC_W+OP_W-1:0] wide = {{ACC_W{op[OP_W-1]}}, op};
            assign sum[l*ACC_W +: ACC_W] = acc_q[l*ACC_W +: ACC_W] + wide[ACC_W-1:0];
            wire unused = &{1'b0, wide};
        end
    endgenerate

    wire unused = &{1'b0, AXON_TOP, s_addr};

`ifdef FORMAL
`include "nh_core_acc_fv.vh"
`endif
endmodule
`default_nettype wire
