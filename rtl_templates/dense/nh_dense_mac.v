// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Time-multiplexed matrix-vector product on OUT_LANES x IN_LANES multipliers: each of N_OUT outputs
// is a bias plus a sum of N_IN products. A vector comes in J = ceil(N_IN/IN_LANES) transfers and
// leaves in G = ceil(N_OUT/OUT_LANES) transfers of accumulators.
//
// Throughput: exactly one vector every REUSE cycles (REUSE >= G*J), back to back.
// Latency, unstalled, in cycles from the first s transfer of a vector:
//   T = EXACT ? ceil(log2(IN_LANES)) : 1
//   G = 1:  to the only m transfer  J + 3 + T
//   G > 1:  to the first            2*J + 3 + T,  to the last  (G + 1)*J + 3 + T
// Stages: weight and input words read, product, T of adder tree (or cast), accumulator, skid.
//
// G = 1 streams the input. G > 1 keeps it in two banks: a vector loads while another is computed.
// All stages move together on `en`, the registered ready of the output skid; s_ready comes from
// registers too.
//
// WEIGHT_FILE has G*J words, lane (o, i) at bits [(o*IN_LANES+i)*W_W +: W_W]; BIAS_FILE has G words
// of OUT_LANES accumulators. Weights of unused lanes must be zero; the input may carry anything
// there.
`default_nettype none
module nh_dense_mac #(
    parameter integer N_IN = 4,         // inputs, >= 1
    parameter integer N_OUT = 2,        // outputs, >= 1
    parameter integer IN_LANES = 1,     // 1 to N_IN
    parameter integer OUT_LANES = 1,    // 1 to N_OUT
    parameter integer REUSE = 8,        // cycles per vector, >= G*J
    parameter integer X_W = 8,          // bits of an input, >= 1
    parameter integer X_SIGNED = 1,     // 0 or 1
    parameter integer W_W = 8,          // bits of a weight, >= 1
    parameter integer W_SIGNED = 1,     // 0 or 1
    parameter integer ACC_W = 24,       // bits of an accumulator, >= 1
    parameter integer ACC_SIGNED = 1,   // 0 or 1
    // 1: sums never overflow ACC_W; 0: every product and sum is cast, inputs ascending
    parameter integer EXACT = 1,
    parameter integer PROD_SHIFT = 0,   // EXACT 0: fractional bits a product drops
    parameter integer ROUND = 0,        // EXACT 0: of a product, as nh_cast
    parameter integer OVERFLOW = 0,     // EXACT 0: of a product and of a sum, as nh_cast
    // weights (and biases from 1024 bits on) in: 1 = block RAM, 0 = logic
    parameter integer WEIGHT_BLOCK = 1,
    // input banks in: 1 = block RAM, 0 = as the synthesis tool likes
    parameter integer INPUT_BLOCK = 1,
    parameter WEIGHT_FILE = "nh_dense_mac_w.mem",
    parameter BIAS_FILE = "nh_dense_mac_b.mem"
) (
    input wire clk,
    input wire rst,
    input wire s_valid,
    output wire s_ready,
    input wire [IN_LANES*X_W-1:0] s_data,
    output wire m_valid,
    input wire m_ready,
    output wire [OUT_LANES*ACC_W-1:0] m_data
);
    localparam integer J = (N_IN + IN_LANES - 1) / IN_LANES;
    localparam integer G = (N_OUT + OUT_LANES - 1) / OUT_LANES;
    localparam integer STEPS = G * J;
    localparam integer TREE = (EXACT != 0) ? $clog2(IN_LANES) : 1;
    localparam integer SUM = 2 + TREE; // stages before the accumulator
    localparam integer IN_W = IN_LANES * X_W;
    localparam integer WEIGHTS_W = OUT_LANES * IN_LANES * W_W;
    localparam integer OUT_W = OUT_LANES * ACC_W;
    localparam integer STEP_W = (STEPS > 1) ? $clog2(STEPS) : 1;
    localparam integer GROUP_W = (G > 1) ? $clog2(G) : 1;
    localparam integer J_W = (J > 1) ? $clog2(J) : 1;
    localparam integer BIAS_BLOCK = (WEIGHT_BLOCK != 0 && G * OUT_W >= 1024) ? 1 : 0;
    localparam [31:0] STEP_TOP = STEPS - 1;
    localparam [31:0] GROUP_TOP = G - 1;
    localparam [31:0] J_TOP = J - 1;
    localparam [STEP_W-1:0] STEP_ONE = 1;
    localparam [GROUP_W-1:0] GROUP_ONE = 1;
    localparam [J_W-1:0] J_ONE = 1;

    generate
        if (N_IN < 1 || N_OUT < 1) begin : g_illegal_n
            nh_dense_mac_N_IN_or_N_OUT_is_below_1 u_illegal ();
        end
        if (IN_LANES < 1 || IN_LANES > N_IN) begin : g_illegal_in_lanes
            nh_dense_mac_IN_LANES_is_outside_1_to_N_IN u_illegal ();
        end
        if (OUT_LANES < 1 || OUT_LANES > N_OUT) begin : g_illegal_out_lanes
            nh_dense_mac_OUT_LANES_is_outside_1_to_N_OUT u_illegal ();
        end
        if (REUSE < STEPS) begin : g_illegal_reuse
            nh_dense_mac_REUSE_is_below_the_words_per_vector u_illegal ();
        end
        if (X_W < 1 || W_W < 1 || ACC_W < 1) begin : g_illegal_width
            nh_dense_mac_a_width_is_below_1 u_illegal ();
        end
        if (EXACT != 0 && EXACT != 1) begin : g_illegal_exact
            nh_dense_mac_EXACT_is_not_0_or_1 u_illegal ();
        end
        if (INPUT_BLOCK != 0 && INPUT_BLOCK != 1) begin : g_illegal_block
            nh_dense_mac_INPUT_BLOCK_is_not_0_or_1 u_illegal ();
        end
    endgenerate

    // ---- Schedule: STEPS weight words per vector; a vector starts REUSE cycles after the one
    // before it, or later.

    wire en;        // the pipeline moves
    wire have_word; // the input word of this step is there
    wire issue;     // a step enters the pipeline
    reg [STEP_W-1:0] step_q;
    reg [J_W-1:0] word_q; // step modulo J
    wire first = word_q == {J_W{1'b0}};
    wire last = word_q == J_TOP[J_W-1:0];
    wire end_vector = step_q == STEP_TOP[STEP_W-1:0];
    wire may_start;

    assign issue = en && have_word && may_start;

    always @(posedge clk) begin
        if (rst) begin
            step_q <= {STEP_W{1'b0}};
            word_q <= {J_W{1'b0}};
        end else if (issue) begin
            step_q <= end_vector ? {STEP_W{1'b0}} : step_q + STEP_ONE;
            word_q <= last ? {J_W{1'b0}} : word_q + J_ONE;
        end
    end

    generate
        if (REUSE == STEPS) begin : g_no_wait
            assign may_start = 1'b1;
        end else begin : g_wait
            localparam integer WAIT_W = $clog2(REUSE);
            localparam [31:0] WAIT_TOP = REUSE - 1;
            localparam [WAIT_W-1:0] WAIT_ONE = 1;
            reg [WAIT_W-1:0] wait_q; // cycles until the next vector may start
            wire idle = wait_q == {WAIT_W{1'b0}};
            wire start = step_q == {STEP_W{1'b0}};
            assign may_start = idle || !start;
            always @(posedge clk) begin
                if (rst) wait_q <= {WAIT_W{1'b0}};
                else if (issue && start) wait_q <= WAIT_TOP[WAIT_W-1:0];
                else if (!idle) wait_q <= wait_q - WAIT_ONE;
            end
            wire unused = &{1'b0, WAIT_TOP};
        end
    endgenerate

    // ---- Input word of the step, one cycle later.

    reg [IN_W-1:0] x_q;
    generate
        if (G == 1) begin : g_stream
            assign have_word = s_valid;
            assign s_ready = en && may_start;
            always @(posedge clk) if (en) x_q <= s_data;
        end else begin : g_banks
            // The bank is the low address bit. A bank is written only while it is not full and read
            // only while it is, so no word is read and written at once. Yosys proves that and saves
            // a bypass around the memory, but only with ?: below, not with full_q[wbank_q].
            reg [1:0] full_q;
            reg wbank_q;
            reg rbank_q;
            reg [J_W-1:0] wword_q;
            wire write = s_valid && s_ready;
            wire write_last = wword_q == J_TOP[J_W-1:0];
            wire read = en && have_word;
            localparam integer ADDR_W = (J > 1) ? J_W + 1 : 1;
            wire [J_W:0] wplace = {wword_q, wbank_q};
            wire [J_W:0] rplace = {word_q, rbank_q};
            wire [ADDR_W-1:0] waddr = wplace[ADDR_W-1:0];
            wire [ADDR_W-1:0] raddr = rplace[ADDR_W-1:0];

            assign s_ready = !(wbank_q ? full_q[1] : full_q[0]);
            assign have_word = rbank_q ? full_q[1] : full_q[0];

            always @(posedge clk) begin
                if (rst) begin
                    full_q <= 2'b00;
                    wbank_q <= 1'b0;
                    rbank_q <= 1'b0;
                    wword_q <= {J_W{1'b0}};
                end else begin
                    if (write) wword_q <= write_last ? {J_W{1'b0}} : wword_q + J_ONE;
                    if (write && write_last) begin
                        full_q[wbank_q] <= 1'b1;
                        wbank_q <= !wbank_q;
                    end
                    if (issue && end_vector) begin
                        full_q[rbank_q] <= 1'b0;
                        rbank_q <= !rbank_q;
                    end
                end
            end

            if (INPUT_BLOCK != 0) begin : g_block
                (* ram_style = "block" *)
                reg [IN_W-1:0] mem [0:2*J-1];
                always @(posedge clk) if (write) mem[waddr] <= s_data;
                always @(posedge clk) if (read) x_q <= mem[raddr];
            end else begin : g_auto
                reg [IN_W-1:0] mem [0:2*J-1];
                always @(posedge clk) if (write) mem[waddr] <= s_data;
                always @(posedge clk) if (read) x_q <= mem[raddr];
            end
            wire unused = &{1'b0, wplace, rplace};
        end
    endgenerate

    wire [WEIGHTS_W-1:0] weights;
    nh_rom #(
        .WIDTH(WEIGHTS_W),
        .DEPTH(STEPS),
        .BLOCK(WEIGHT_BLOCK),
        .FILE(WEIGHT_FILE)
    ) u_weights (
        .clk(clk),
        .en(en),
        .addr(step_q),
        .q(weights)
    );

    // ---- What is in each stage: 1 = words read, 2 = products, SUM = input of the accumulator.

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
        .DEPTH(G),
        .BLOCK(BIAS_BLOCK),
        .FILE(BIAS_FILE)
    ) u_bias (
        .clk(clk),
        .en(read_bias),
        .addr(group_q),
        .q(bias)
    );

    // ---- Multipliers, sums, accumulators.

    // A product has X_W + W_W bits whatever the signs; it is signed when either factor is.
    localparam integer PROD_W = X_W + W_W;
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
                wire [X_W-1:0] x = x_q[i*X_W +: X_W];
                wire [W_W-1:0] w = weights[(o*IN_LANES+i)*W_W +: W_W];
                wire [PROD_W-1:0] prod;
                if (X_SIGNED != 0 && W_SIGNED != 0) begin : g_signed
                    assign prod = $signed(x) * $signed(w);
                end else if (PROD_SIGNED == 0) begin : g_unsigned
                    assign prod = x * w;
                end else begin : g_mixed
                    wire signed [X_W:0] xs = $signed({(X_SIGNED != 0) && x[X_W-1], x});
                    wire signed [W_W:0] ws = $signed({(W_SIGNED != 0) && w[W_W-1], w});
                    wire [PROD_W+1:0] wide = xs * ws;
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

    // ---- Output: a group is complete in acc for one cycle of the pipeline.

    reg done_q;
    always @(posedge clk) begin
        if (rst) done_q <= 1'b0;
        else if (en) done_q <= valid_q[SUM] && last_q[SUM];
    end

    nh_skid #(
        .WIDTH(OUT_W)
    ) u_out (
        .clk(clk),
        .rst(rst),
        .s_valid(done_q),
        .s_ready(en),
        .s_data(acc),
        .m_valid(m_valid),
        .m_ready(m_ready),
        .m_data(m_data)
    );

    wire unused = &{1'b0, STEP_TOP, GROUP_TOP, J_TOP};

`ifdef FORMAL
`include "nh_dense_mac_fv.vh"
`endif
endmodule
`default_nettype wire
