// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Convolution on OUT_LANES x IN_LANES multipliers (DEPTHWISE: OUT_LANES): nh_window in front of
// nh_mac_core. A frame comes pixel by pixel, row by row, in FRAME = H_IN*W_IN*C_IN/IN_LANES
// transfers, and leaves pixel by pixel in H_OUT*W_OUT*C_OUT/OUT_LANES transfers of accumulators:
// bias plus the sum over the taps, modulo 2^ACC_W. For every output pixel and every group og of
// OUT_LANES output channels the taps ky, kx, j are walked, one a cycle (j: words of the channels of
// og's conv group); a tap outside the frame takes its cycle and adds nothing, so that every output
// pixel takes as long. Any H_OUT, W_OUT are legal: what lies below and to the right of the frame is
// padding too.
//
// With WINDOW = KH*KW*J cycles, T = DEPTHWISE ? 0 : ceil(log2(IN_LANES)), EXACT 0: 1:
// Throughput: a frame every max(H_OUT*W_OUT*(C_OUT/OUT_LANES)*WINDOW, FRAME) cycles where ROWS
// suffices (nh_window).
// Latency, unstalled, in cycles from the s transfer that completes the rows of an output row to the
// row's first m transfer: WINDOW + 3 + T; the others follow WINDOW cycles apart.
// Stages: weight and input words read, then those of nh_mac_core. All move together on the `en` of
// nh_mac_core, which follows m_ready combinationally; s_ready comes from registers.
//
// ONES 1: all weights are 1 (a sum pool): no memory, no multipliers; W_W is 1, unsigned.
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
    parameter integer ACC_SIGNED = 1,   // 0 or 1
    // 1: sums modulo 2^ACC_W; 0: every product and sum is cast, in the order of the steps
    parameter integer EXACT = 1,
    parameter integer PROD_SHIFT = 0,   // EXACT 0: fractional bits a product drops
    parameter integer ROUND = 0,        // EXACT 0: of a product, as nh_cast
    parameter integer OVERFLOW = 0,     // EXACT 0: of a product and of a sum, as nh_cast
    parameter integer ONES = 0,         // 1: all weights are 1
    parameter integer ROWS = 6,         // input rows in the ring of nh_window
    // weights (and biases from 1024 bits on) in: 1 = block RAM, 0 = logic
    parameter integer WEIGHT_BLOCK = 1,
    // the ring in: 1 = block RAM, 0 = as the synthesis tool likes
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
    localparam integer MULS = (DEPTHWISE != 0) ? 1 : IN_LANES; // products of an output
    localparam integer IN_W = IN_LANES * X_W;
    localparam integer WEIGHTS_W = OUT_LANES * MULS * W_W;
    localparam integer OUT_W = OUT_LANES * ACC_W;
    localparam integer STEP_W = (STEPS > 1) ? $clog2(STEPS) : 1;
    localparam integer BIAS_BLOCK = (WEIGHT_BLOCK != 0 && OG * OUT_W >= 1024) ? 1 : 0;

    generate
        if (C_IN < 1 || C_OUT < 1) begin : g_illegal_size
            nh_conv_mac_C_IN_or_C_OUT_is_below_1 u_illegal ();
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
        if (ONES != 0 && (ONES != 1 || W_W != 1 || W_SIGNED != 0)) begin : g_illegal_ones
            nh_conv_mac_ONES_with_other_weights u_illegal ();
        end
    endgenerate

    wire en; // the pipeline moves
    wire issue;
    wire [STEP_W-1:0] step;
    wire first;
    wire last;
    wire end_frame;
    wire [IN_W-1:0] taps;
    wire x_inside;

    nh_window #(
        .WORDS(WORDS),
        .WORD_W(IN_W),
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
        .SUBS(SUBS),
        .ROWS(ROWS),
        .BLOCK(INPUT_BLOCK)
    ) u_window (
        .clk(clk),
        .rst(rst),
        .s_valid(s_valid),
        .s_ready(s_ready),
        .s_data(s_data),
        .en(en),
        .issue(issue),
        .first(first),
        .last(last),
        .end_frame(end_frame),
        .step(step),
        .x(taps),
        .x_inside(x_inside)
    );

    wire [WEIGHTS_W-1:0] weights;
    generate
        if (ONES != 0) begin : g_ones
            assign weights = {WEIGHTS_W{1'b1}};
        end else begin : g_weights
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
        end
    endgenerate

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
        .x(taps),
        .weights(weights),
        .m_valid(m_valid),
        .m_ready(m_ready),
        .m_data(m_data)
    );

    wire unused = &{1'b0, step, end_frame, x_inside};

`ifdef FORMAL
`include "nh_conv_mac_fv.vh"
`endif
endmodule
`default_nettype wire
