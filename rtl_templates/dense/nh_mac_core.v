// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Multiply-accumulate pipeline of nh_dense_mac and nh_conv_mac: OUT_LANES accumulators, each the
// bias of its group plus all products of the group's steps, IN_LANES products a step. The owner
// issues the steps of GROUPS groups in turn, at most one a cycle and only while `en`. With the issue
// it marks the `first` and `last` step of a group; after the next clock edge it shows `x` and
// `weights` of the step and holds them until the clock edge of the next cycle with `en`.
//
// EXACT 1: arithmetic modulo 2^ACC_W: a final sum that fits is right, whatever overflows on the way.
// EXACT 0: every product is cast to the accumulator, then added and fitted again, inputs ascending.
//
// Throughput: one step per cycle. Latency, unstalled, in cycles from the issue of the last step of a
// group to its m transfer: 3 + T, T = EXACT ? ceil(log2(IN_LANES)) : 1.
// Stages: words read by the owner, product, T of adder tree (or cast), accumulator. All move together
// on `en`, which follows m_ready combinationally and is high while no finished group waits.
//
// Lane (o, i) of `weights` is at bits [(o*IN_LANES+i)*W_W +: W_W]; BIAS_FILE has GROUPS words of
// OUT_LANES accumulators.
`default_nettype none
module nh_mac_core #(
    parameter integer IN_LANES = 1,   // products of an output per step, >= 1
    parameter integer OUT_LANES = 1,  // outputs, >= 1
    // 0: all outputs take the same inputs; 1: output o takes input o, and IN_LANES is 1
    parameter integer OWN_X = 0,
    parameter integer GROUPS = 1,     // words of biases, >= 1
    parameter integer X_W = 8,        // bits of an input, >= 1; 1 unsigned: no multipliers
    parameter integer X_SIGNED = 1,   // 0 or 1
    parameter integer W_W = 8,        // bits of a weight, >= 1
    parameter integer W_SIGNED = 1,   // 0 or 1
    parameter integer ACC_W = 24,     // bits of an accumulator, >= 1
    parameter integer ACC_SIGNED = 1, // 0 or 1
    parameter integer EXACT = 1,      // 0 or 1
    parameter integer PROD_SHIFT = 0, // EXACT 0: fractional bits a product drops
    parameter integer ROUND = 0,      // EXACT 0: of a product, as nh_cast
    parameter integer OVERFLOW = 0,   // EXACT 0: of a product and of a sum, as nh_cast
    parameter integer BIAS_BLOCK = 1, // biases in: 1 = block RAM, 0 = logic
    parameter BIAS_FILE = "nh_mac_core_b.mem"
) (
    input wire clk,
    input wire rst,
    output wire en,   // the pipeline moves
    input wire issue, // a step enters it; only with en
    input wire first, // with issue: first step of its group
    input wire last,  // with issue: last step of its group
    input wire [((OWN_X != 0) ? OUT_LANES : IN_LANES)*X_W-1:0] x,
    input wire [OUT_LANES*IN_LANES*W_W-1:0] weights,
    output wire m_valid,
    input wire m_ready,
    output wire [OUT_LANES*ACC_W-1:0] m_data
);
    localparam integer TREE = (EXACT != 0) ? $clog2(IN_LANES) : 1;
    localparam integer SUM = 2 + TREE; // stages before the accumulator
    localparam integer OUT_W = OUT_LANES * ACC_W;
    localparam integer GROUP_W = (GROUPS > 1) ? $clog2(GROUPS) : 1;
    localparam [31:0] GROUP_TOP = GROUPS - 1;
    localparam [GROUP_W-1:0] GROUP_ONE = 1;

    generate
        if (IN_LANES < 1 || OUT_LANES < 1) begin : g_illegal_lanes
            nh_mac_core_IN_LANES_or_OUT_LANES_is_below_1 u_illegal ();
        end
        if (GROUPS < 1) begin : g_illegal_groups
            nh_mac_core_GROUPS_is_below_1 u_illegal ();
        end
        if (OWN_X != 0 && (OWN_X != 1 || IN_LANES != 1)) begin : g_illegal_own_x
            nh_mac_core_OWN_X_is_not_0_or_1_with_IN_LANES_1 u_illegal ();
        end
        if (X_W < 1 || W_W < 1 || ACC_W < 1) begin : g_illegal_width
            nh_mac_core_a_width_is_below_1 u_illegal ();
        end
        if (EXACT != 0 && EXACT != 1) begin : g_illegal_exact
            nh_mac_core_EXACT_is_not_0_or_1 u_illegal ();
        end
    endgenerate

    // ---- Content of each stage: 1 = words read, 2 = products, SUM = input of the accumulator.

    reg [SUM:1] valid_q;
    reg [SUM:1] first_q;
    reg [SUM:1] last_q;
    always @(posedge clk) begin
        if (rst) valid_q <= {SUM{1'b0}};
        else if (en) valid_q <= {valid_q[SUM-1:1], issue};
    end
    always @(posedge clk) begin
        if (en) begin
            first_q <= {first_q[SUM-1:1], first};
            last_q <= {last_q[SUM-1:1], last};
        end
    end

    // ---- The bias word of a group, read one stage ahead of the accumulator.

    wire [OUT_W-1:0] bias;
    wire read_bias = en && valid_q[SUM-1] && first_q[SUM-1];
    reg [GROUP_W-1:0] group_q;
    wire last_group = group_q == GROUP_TOP[GROUP_W-1:0];
    always @(posedge clk) begin
        if (rst) group_q <= {GROUP_W{1'b0}};
        else if (read_bias) group_q <= last_group ? {GROUP_W{1'b0}} : group_q + GROUP_ONE;
    end

    nh_rom #(
        .WIDTH(OUT_W),
        .DEPTH(GROUPS),
        .BLOCK(BIAS_BLOCK),
        .FILE(BIAS_FILE)
    ) u_bias (
        .clk(clk),
        .en(read_bias),
        .addr(group_q),
        .q(bias)
    );

    // ---- Multipliers, sums, accumulators.

    // A product has X_W + W_W bits whatever the signs; it is signed when either factor is. A spike
    // passes the weight on.
    localparam integer BINARY = (X_W == 1 && X_SIGNED == 0) ? 1 : 0;
    localparam integer PROD_W = (BINARY != 0) ? W_W : X_W + W_W;
    localparam integer PROD_SIGNED = (X_SIGNED != 0 || W_SIGNED != 0) ? 1 : 0;

    wire [OUT_W-1:0] acc;
    genvar o, i, l;
    generate
        for (o = 0; o < OUT_LANES; o = o + 1) begin : g_out
            reg [ACC_W-1:0] acc_q;
            wire [ACC_W-1:0] acc_d;
            wire [ACC_W-1:0] base = first_q[SUM] ? bias[o*ACC_W +: ACC_W] : acc_q;
            assign acc[o*ACC_W +: ACC_W] = acc_q;
            always @(posedge clk) if (en && valid_q[SUM]) acc_q <= acc_d;

            for (i = 0; i < IN_LANES; i = i + 1) begin : g_mul
                wire [X_W-1:0] a = x[((OWN_X != 0) ? o : i)*X_W +: X_W];
                wire [W_W-1:0] w = weights[(o*IN_LANES+i)*W_W +: W_W];
                wire [PROD_W-1:0] prod;
                if (BINARY != 0) begin : g_binary
                    assign prod = a[0] ? w : {W_W{1'b0}};
                end else if (X_SIGNED != 0 && W_SIGNED != 0) begin : g_signed
                    assign prod = $signed(a) * $signed(w);
                end else if (PROD_SIGNED == 0) begin : g_unsigned
                    assign prod = a * w;
                end else begin : g_mixed
                    wire signed [X_W:0] as_signed = $signed({(X_SIGNED != 0) && a[X_W-1], a});
                    wire signed [W_W:0] ws = $signed({(W_SIGNED != 0) && w[W_W-1], w});
                    wire [PROD_W+1:0] wide = as_signed * ws;
                    assign prod = wide[PROD_W-1:0];
                    wire unused = &{1'b0, wide[PROD_W+1:PROD_W]};
                end
                reg [PROD_W-1:0] prod_q;
                always @(posedge clk) if (en) prod_q <= prod;
            end

            if (EXACT != 0) begin : g_exact
                // Arithmetic modulo 2^ACC_W: the final sum fits, whatever overflows on the way.
                localparam integer TREE_W = (PROD_W + TREE < ACC_W) ? PROD_W + TREE : ACC_W;
                localparam integer WIDE_W = PROD_W + TREE_W + ACC_W;
                for (l = 0; l <= TREE; l = l + 1) begin : g_level
                    localparam integer NODES = (IN_LANES + (1 << l) - 1) >> l;
                    localparam integer BELOW = (2 * IN_LANES + (1 << l) - 1) >> l; // of level l-1
                    for (i = 0; i < NODES; i = i + 1) begin : g_node
                        wire [TREE_W-1:0] sum;
                        if (l == 0) begin : g_leaf
                            wire [PROD_W-1:0] prod = g_mul[i].prod_q;
                            wire minus = (PROD_SIGNED != 0) && prod[PROD_W-1];
                            wire [WIDE_W-1:0] wide = {{(WIDE_W-PROD_W){minus}}, prod};
                            assign sum = wide[TREE_W-1:0];
                            wire unused = &{1'b0, wide};
                        end else begin : g_add
                            reg [TREE_W-1:0] sum_q;
                            assign sum = sum_q;
                            wire [TREE_W-1:0] left = g_level[l-1].g_node[2*i].sum;
                            if (2 * i + 1 < BELOW) begin : g_pair
                                wire [TREE_W-1:0] right = g_level[l-1].g_node[2*i+1].sum;
                                always @(posedge clk) if (en) sum_q <= left + right;
                            end else begin : g_single
                                always @(posedge clk) if (en) sum_q <= left;
                            end
                        end
                    end
                end
                wire [TREE_W-1:0] sum = g_level[TREE].g_node[0].sum;
                wire minus = (PROD_SIGNED != 0) && sum[TREE_W-1];
                wire [WIDE_W-1:0] wide = {{(WIDE_W-TREE_W){minus}}, sum};
                assign acc_d = base + wide[ACC_W-1:0];
                wire unused = &{1'b0, wide};
            end else begin : g_cast
                for (i = 0; i < IN_LANES; i = i + 1) begin : g_in
                    wire [ACC_W-1:0] term;
                    reg [ACC_W-1:0] term_q;
                    wire [ACC_W-1:0] from;
                    wire [ACC_W-1:0] to;
                    nh_cast #(
                        .IN_W(PROD_W),
                        .IN_SIGNED(PROD_SIGNED),
                        .SHIFT(PROD_SHIFT),
                        .OUT_W(ACC_W),
                        .OUT_SIGNED(ACC_SIGNED),
                        .ROUND(ROUND),
                        .OVERFLOW(OVERFLOW)
                    ) u_term (
                        .x(g_mul[i].prod_q),
                        .y(term)
                    );
                    always @(posedge clk) if (en) term_q <= term;

                    if (i == 0) begin : g_first
                        assign from = base;
                    end else begin : g_next
                        assign from = g_in[i-1].to;
                    end
                    wire [ACC_W:0] add = {(ACC_SIGNED != 0) && from[ACC_W-1], from}
                                       + {(ACC_SIGNED != 0) && term_q[ACC_W-1], term_q};
                    nh_cast #(
                        .IN_W(ACC_W + 1),
                        .IN_SIGNED(ACC_SIGNED),
                        .SHIFT(0),
                        .OUT_W(ACC_W),
                        .OUT_SIGNED(ACC_SIGNED),
                        .ROUND(0),
                        .OVERFLOW(OVERFLOW)
                    ) u_sum (
                        .x(add),
                        .y(to)
                    );
                end
                assign acc_d = g_in[IN_LANES-1].to;
            end
        end
    endgenerate

    // ---- Output: a group is complete in acc for one cycle of the pipeline, which waits for m_ready then.

    reg done_q;
    always @(posedge clk) begin
        if (rst) done_q <= 1'b0;
        else if (en) done_q <= valid_q[SUM] && last_q[SUM];
    end

    assign en = m_ready || !done_q;
    assign m_valid = done_q;
    assign m_data = acc;

    wire unused = &{1'b0, GROUP_TOP};

`ifdef FORMAL
`include "nh_mac_core_fv.vh"
`endif
endmodule
`default_nettype wire
