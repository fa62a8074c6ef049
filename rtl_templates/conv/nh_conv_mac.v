// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Convolution over a frame in its buffer, on OUT_LANES x IN_LANES multipliers (DEPTHWISE:
// OUT_LANES). A frame comes pixel by pixel, row by row, in FRAME = H_IN*W_IN*C_IN/IN_LANES
// transfers, and leaves pixel by pixel in H_OUT*W_OUT*C_OUT/OUT_LANES transfers of accumulators:
// bias plus the sum over the taps, modulo 2^ACC_W. For every output pixel and every group og of
// OUT_LANES output channels the taps ky, kx, j are walked, one a cycle (j: words of the channels of
// og's conv group); a tap outside the frame takes its cycle and adds nothing. Any H_OUT, W_OUT are
// legal: what lies below and to the right of the frame is padding too.
//
// With WINDOW = KH*KW*J cycles, CYCLES = H_OUT*W_OUT*(C_OUT/OUT_LANES)*WINDOW,
// T = DEPTHWISE ? 0 : ceil(log2(IN_LANES)):
// Throughput: a frame every max(CYCLES, FRAME) cycles, back to back.
// Latency, unstalled, in cycles from the first s transfer of a frame:
//   to the first m transfer  FRAME + WINDOW + 3 + T,  to the last  FRAME + CYCLES + 3 + T
// Stages: weight and input words read, then those of nh_mac_core.
//
// The buffer has two banks: a frame loads while another is computed. All stages move together on
// `en`, the registered ready of nh_mac_core; s_ready comes from registers too.
//
// WEIGHT_FILE word ((og*KH + ky)*KW + kx)*J + j holds lane (o, i) at bits [(o*IN_LANES+i)*W_W +:
// W_W] (DEPTHWISE: J = 1, lane o at [o*W_W +: W_W]); BIAS_FILE word og holds OUT_LANES
// accumulators.
`default_nettype none
module nh_conv_mac #(
    parameter integer C_IN = 1,         // channels in, >= 1
    parameter integer H_IN = 3,         // rows in, >= 1
    parameter integer W_IN = 3,         // columns in, >= 1
    parameter integer C_OUT = 1,        // channels out, >= 1
    parameter integer H_OUT = 2,        // rows out, >= 1
    parameter integer W_OUT = 2,        // columns out, >= 1
    parameter integer KH = 2,           // kernel rows, >= 1
    parameter integer KW = 2,           // kernel columns, >= 1
    parameter integer STRIDE_H = 1,     // >= 1
    parameter integer STRIDE_W = 1,     // >= 1
    parameter integer PAD_H = 0,        // rows of zeros above the frame, >= 0
    parameter integer PAD_W = 0,        // columns of zeros left of it, >= 0
    parameter integer DILATION_H = 1,   // >= 1
    parameter integer DILATION_W = 1,   // >= 1
    parameter integer GROUPS = 1,       // divides C_IN and C_OUT
    parameter integer DEPTHWISE = 0,    // 1: GROUPS = C_IN = C_OUT, IN_LANES = OUT_LANES
    parameter integer IN_LANES = 1,     // divides C_IN/GROUPS (DEPTHWISE: C_IN)
    parameter integer OUT_LANES = 1,    // divides C_OUT/GROUPS (DEPTHWISE: C_OUT)
    parameter integer X_W = 8,          // bits of an input, >= 1; 1 unsigned: no multipliers
    parameter integer X_SIGNED = 1,     // 0 or 1
    parameter integer W_W = 8,          // bits of a weight, >= 1
    parameter integer W_SIGNED = 1,     // 0 or 1
    parameter integer ACC_W = 24,       // bits of an accumulator, >= 1
    // weights (and biases from 1024 bits on) in: 1 = block RAM, 0 = logic
    parameter integer WEIGHT_BLOCK = 1,
    // frame banks in: 1 = block RAM, 0 = as the synthesis tool likes
    parameter integer INPUT_BLOCK = 1,
    parameter WEIGHT_FILE = "nh_conv_mac_w.mem",
    parameter BIAS_FILE = "nh_conv_mac_b.mem"
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
    localparam integer WORDS = C_IN / IN_LANES;            // of a pixel
    localparam integer J = (DEPTHWISE != 0) ? 1 : C_IN / GROUPS / IN_LANES;
    localparam integer OG = C_OUT / OUT_LANES;
    localparam integer SUBS = OG * J / WORDS;              // groups og of a conv group
    localparam integer STEPS = OG * KH * KW * J;           // cycles of an output pixel
    localparam integer FRAME = H_IN * W_IN * WORDS;
    localparam integer MULS = (DEPTHWISE != 0) ? 1 : IN_LANES; // products of an output
    localparam integer IN_W = IN_LANES * X_W;
    localparam integer WEIGHTS_W = OUT_LANES * MULS * W_W;
    localparam integer OUT_W = OUT_LANES * ACC_W;
    localparam integer STEP_W = (STEPS > 1) ? $clog2(STEPS) : 1;
    localparam integer WORD_W = (FRAME > 1) ? $clog2(FRAME) : 1;
    localparam integer BIAS_BLOCK = (WEIGHT_BLOCK != 0 && OG * OUT_W >= 1024) ? 1 : 0;
    localparam [31:0] FRAME_TOP = FRAME - 1;
    localparam [WORD_W-1:0] WORD_ONE = 1;

    generate
        if (C_IN < 1 || H_IN < 1 || W_IN < 1 || C_OUT < 1 || H_OUT < 1 || W_OUT < 1 || KH < 1
                || KW < 1) begin : g_illegal_size
            nh_conv_mac_a_size_is_below_1 u_illegal ();
        end
        if (STRIDE_H < 1 || STRIDE_W < 1 || DILATION_H < 1 || DILATION_W < 1) begin : g_illegal_step
            nh_conv_mac_a_stride_or_dilation_is_below_1 u_illegal ();
        end
        if (PAD_H < 0 || PAD_W < 0) begin : g_illegal_pad
            nh_conv_mac_a_padding_is_below_0 u_illegal ();
        end
        if (DEPTHWISE != 0 && (DEPTHWISE != 1 || GROUPS != C_IN || GROUPS != C_OUT
                || IN_LANES != OUT_LANES || IN_LANES < 1 || C_IN % IN_LANES != 0)) begin :
                g_illegal_depthwise
            nh_conv_mac_DEPTHWISE_with_other_channels_or_lanes u_illegal ();
        end
        if (DEPTHWISE == 0 && (GROUPS < 1 || IN_LANES < 1 || OUT_LANES < 1
                || C_IN % (GROUPS * IN_LANES) != 0 || C_OUT % (GROUPS * OUT_LANES) != 0)) begin :
                g_illegal_lanes
            nh_conv_mac_lanes_do_not_divide_the_channels_of_a_group u_illegal ();
        end
        if (X_W < 1 || W_W < 1 || ACC_W < 1) begin : g_illegal_width
            nh_conv_mac_a_width_is_below_1 u_illegal ();
        end
        if (INPUT_BLOCK != 0 && INPUT_BLOCK != 1) begin : g_illegal_block
            nh_conv_mac_INPUT_BLOCK_is_not_0_or_1 u_illegal ();
        end
    endgenerate

    // ---- Schedule: one step a cycle while there is a frame.

    wire en;         // the pipeline moves
    wire have_frame; // the bank to read is full
    wire issue = en && have_frame; // the step enters the pipeline
    wire [WORD_W-1:0] word;
    wire [STEP_W-1:0] step;
    wire in_frame;
    wire first;
    wire end_window;
    wire end_frame;

    nh_conv_walk #(
        .WORDS(WORDS),
        .H_IN(H_IN),
        .W_IN(W_IN),
        .H_OUT(H_OUT),
        .W_OUT(W_OUT),
        .KH(KH),
        .KW(KW),
        .STRIDE_H(STRIDE_H),
        .STRIDE_W(STRIDE_W),
        .PAD_H(PAD_H),
        .PAD_W(PAD_W),
        .DILATION_H(DILATION_H),
        .DILATION_W(DILATION_W),
        .J(J),
        .SUBS(SUBS)
    ) u_walk (
        .clk(clk),
        .rst(rst),
        .issue(issue),
        .word(word),
        .step(step),
        .in_frame(in_frame),
        .first(first),
        .end_window(end_window),
        .end_frame(end_frame)
    );

    // ---- Frame banks. The bank is the low address bit. A bank is written only while it is not
    // full and read only while it is.

    localparam integer ADDR_W = (FRAME > 1) ? WORD_W + 1 : 1;
    reg [1:0] full_q;
    reg wbank_q;
    reg rbank_q;
    reg [WORD_W-1:0] wword_q;
    reg [IN_W-1:0] x_q;
    reg in_frame_q;
    wire write = s_valid && s_ready;
    wire write_last = wword_q == FRAME_TOP[WORD_W-1:0];
    wire read = en && have_frame;
    wire [WORD_W:0] wplace = {wword_q, wbank_q};
    wire [WORD_W:0] rplace = {word, rbank_q};
    wire [ADDR_W-1:0] waddr = wplace[ADDR_W-1:0];
    wire [ADDR_W-1:0] raddr = rplace[ADDR_W-1:0];
    assign s_ready = !(wbank_q ? full_q[1] : full_q[0]);
    assign have_frame = rbank_q ? full_q[1] : full_q[0];

    always @(posedge clk) begin
        if (rst) begin
            full_q <= 2'b00;
            wbank_q <= 1'b0;
            rbank_q <= 1'b0;
            wword_q <= {WORD_W{1'b0}};
        end else begin
            if (write) wword_q <= write_last ? {WORD_W{1'b0}} : wword_q + WORD_ONE;
            if (write && write_last) begin
                full_q[wbank_q] <= 1'b1;
                wbank_q <= !wbank_q;
            end
            if (issue && end_frame) begin
                full_q[rbank_q] <= 1'b0;
                rbank_q <= !rbank_q;
            end
        end
    end
    always @(posedge clk) if (read) in_frame_q <= in_frame;
    generate
        if (INPUT_BLOCK != 0) begin : g_block
            (* ram_style = "block", no_rw_check *)
            reg [IN_W-1:0] mem [0:2*FRAME-1];
            always @(posedge clk) if (write) mem[waddr] <= s_data;
            always @(posedge clk) if (read) x_q <= mem[raddr];
        end else begin : g_auto
            (* no_rw_check *)
            reg [IN_W-1:0] mem [0:2*FRAME-1];
            always @(posedge clk) if (write) mem[waddr] <= s_data;
            always @(posedge clk) if (read) x_q <= mem[raddr];
        end
    endgenerate
    // A tap outside reads any word, or none.
    wire [IN_W-1:0] taps = in_frame_q ? x_q : {IN_W{1'b0}};

    wire [WEIGHTS_W-1:0] weights;
    nh_rom #(
        .WIDTH(WEIGHTS_W),
        .DEPTH(STEPS),
        .BLOCK(WEIGHT_BLOCK),
        .FILE(WEIGHT_FILE)
    ) u_weights (
        .clk(clk),
        .en(en),
        .addr(step),
        .q(weights)
    );

    nh_mac_core #(
        .IN_LANES(MULS),
        .OUT_LANES(OUT_LANES),
        .OWN_X(DEPTHWISE),
        .GROUPS(OG),
        .X_W(X_W),
        .X_SIGNED(X_SIGNED),
        .W_W(W_W),
        .W_SIGNED(W_SIGNED),
        .ACC_W(ACC_W),
        .ACC_SIGNED(1),
        .EXACT(1),
        .PROD_SHIFT(0),
        .ROUND(0),
        .OVERFLOW(0),
        .BIAS_BLOCK(BIAS_BLOCK),
        .BIAS_FILE(BIAS_FILE)
    ) u_core (
        .clk(clk),
        .rst(rst),
        .en(en),
        .issue(issue),
        .first(first),
        .last(end_window),
        .x(taps),
        .weights(weights),
        .m_valid(m_valid),
        .m_ready(m_ready),
        .m_data(m_data)
    );

    wire unused = &{1'b0, FRAME_TOP, wplace, rplace};

`ifdef FORMAL
`include "nh_conv_mac_fv.vh"
`endif
endmodule
`default_nettype wire
