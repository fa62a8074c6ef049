// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Time-multiplexed matrix-vector product on OUT_LANES x IN_LANES multipliers: each of N_OUT outputs
// is a bias plus a sum of N_IN products. A vector comes in J = ceil(N_IN/IN_LANES) transfers and
// leaves in G = ceil(N_OUT/OUT_LANES) transfers of accumulators.
//
// Throughput: exactly one vector every REUSE cycles (REUSE >= G*J), back to back.
// Latency, unstalled, in cycles from the first s transfer of a vector:
//   T = EXACT ? ceil(log2(IN_LANES)) : 1
//   G = 1:  to the only m transfer  J + 2 + T
//   G > 1:  to the first            2*J + 2 + T,  to the last  (G + 1)*J + 2 + T
// Stages: weight and input words read, then those of nh_mac_core.
//
// G = 1 streams the input. G > 1 keeps it in two banks: a vector loads while another is computed.
// All stages move together on the `en` of nh_mac_core, which follows m_ready combinationally, and so
// does s_ready where G = 1; where G > 1 it comes from registers.
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
    localparam integer IN_W = IN_LANES * X_W;
    localparam integer WEIGHTS_W = OUT_LANES * IN_LANES * W_W;
    localparam integer OUT_W = OUT_LANES * ACC_W;
    localparam integer STEP_W = (STEPS > 1) ? $clog2(STEPS) : 1;
    localparam integer J_W = (J > 1) ? $clog2(J) : 1;
    localparam integer BIAS_BLOCK = (WEIGHT_BLOCK != 0 && G * OUT_W >= 1024) ? 1 : 0;
    localparam [31:0] STEP_TOP = STEPS - 1;
    localparam [31:0] J_TOP = J - 1;
    localparam [STEP_W-1:0] STEP_ONE = 1;
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

    nh_mac_core #(
        .IN_LANES(IN_LANES),
        .OUT_LANES(OUT_LANES),
        .OWN_X(0),
        .GROUPS(G),
        .X_W(X_W),
        .X_SIGNED(X_SIGNED),
        .W_W(W_W),
        .W_SIGNED(W_SIGNED),
        .ACC_W(ACC_W),
        .ACC_SIGNED(ACC_SIGNED),
        .EXACT(EXACT),
        .PROD_SHIFT(PROD_SHIFT),
        .ROUND(ROUND),
        .OVERFLOW(OVERFLOW),
        .BIAS_BLOCK(BIAS_BLOCK),
        .BIAS_FILE(BIAS_FILE)
    ) u_core (
        .clk(clk),
        .rst(rst),
        .en(en),
        .issue(issue),
        .first(first),
        .last(last),
        .x(x_q),
        .weights(weights),
        .m_valid(m_valid),
        .m_ready(m_ready),
        .m_data(m_data)
    );

    wire unused = &{1'b0, STEP_TOP, J_TOP};

`ifdef FORMAL
`include "nh_dense_mac_fv.vh"
`endif
endmodule
`default_nettype wire
