// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Maximum over windows of every channel, LANES channels at once: nh_window in front of a comparison.
// A frame comes pixel by pixel, row by row, in FRAME = H_IN*W_IN*C/LANES transfers, and leaves pixel by
// pixel in H_OUT*W_OUT*C/LANES transfers. For every output pixel and every word of LANES channels the
// taps ky, kx are walked, one a cycle; one in the padding takes its cycle and is no candidate. A
// window of padding alone gives the lowest value.
//
// Throughput: a frame every max(H_OUT*W_OUT*(C/LANES)*KH*KW, FRAME) cycles where ROWS suffices (nh_window).
// Latency, unstalled, in cycles from the s transfer that completes the rows of an output row to the
// row's first m transfer: KH*KW + 2; the others follow KH*KW cycles apart.
// Stages: input word read, comparison. Both move together on `en`, which follows m_ready
// combinationally and is high while no finished window waits; s_ready comes from registers.
`default_nettype none
module nh_pool_max #(
    parameter integer C = 1,          // channels, >= 1
    parameter integer H_IN = 4,       // rows in, >= 1
    parameter integer W_IN = 4,       // columns in, >= 1
    parameter integer H_OUT = 2,      // rows out, >= 1
    parameter integer W_OUT = 2,      // columns out, >= 1
    parameter integer KH = 2,         // window rows, >= 1
    parameter integer KW = 2,         // window columns, >= 1
    parameter integer STRIDE_H = 2,   // >= 1
    parameter integer STRIDE_W = 2,   // >= 1
    parameter integer PAD_H = 0,      // rows of padding above the frame, >= 0
    parameter integer PAD_W = 0,      // columns of padding left of it, >= 0
    parameter integer DILATION_H = 1, // >= 1
    parameter integer DILATION_W = 1, // >= 1
    parameter integer LANES = 1,      // divides C
    parameter integer X_W = 8,        // bits of an element, >= 1
    parameter integer X_SIGNED = 1,   // 0 or 1
    parameter integer ROWS = 8,       // input rows in the ring of nh_window
    // the ring in: 1 = block RAM, 0 = as the synthesis tool likes
    parameter integer BLOCK = 1
) (
    input wire clk,
    input wire rst,
    input wire s_valid,
    output wire s_ready,
    input wire [LANES*X_W-1:0] s_data,
    output wire m_valid,
    input wire m_ready,
    output wire [LANES*X_W-1:0] m_data
);
    localparam integer WORDS = (LANES >= 1) ? C / LANES : 1;
    localparam integer STEPS = WORDS * KH * KW;
    localparam integer STEP_W = (STEPS > 1) ? $clog2(STEPS) : 1;

    generate
        if (C < 1 || LANES < 1 || C % LANES != 0) begin : g_illegal_lanes
            nh_pool_max_LANES_do_not_divide_C u_illegal ();
        end
        if (X_W < 1) begin : g_illegal_width
            nh_pool_max_X_W_is_below_1 u_illegal ();
        end
    endgenerate

    wire en; // the pipeline moves
    wire issue;
    wire first;
    wire last;
    wire end_frame;
    wire x_inside;
    wire [STEP_W-1:0] step;
    wire [LANES*X_W-1:0] x;

    nh_window #(
        .WORDS(WORDS),
        .WORD_W(LANES * X_W),
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
        .J(1),
        .SUBS(1),
        .ROWS(ROWS),
        .BLOCK(BLOCK)
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
        .x(x),
        .x_inside(x_inside)
    );

    reg valid_q; // x is of a step
    reg first_q;
    reg last_q;
    reg done_q;  // the maximum is complete for one cycle of the pipeline
    always @(posedge clk) begin
        if (rst) begin
            valid_q <= 1'b0;
            done_q <= 1'b0;
        end else if (en) begin
            valid_q <= issue;
            done_q <= valid_q && last_q;
        end
    end
    always @(posedge clk) begin
        if (en) begin
            first_q <= first;
            last_q <= last;
        end
    end

    wire [LANES*X_W-1:0] max;
    genvar l;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : g_lane
            // The highest bit of a signed element is turned around: then all compare as unsigned.
            localparam [X_W-1:0] ALL = {X_W{1'b1}};
            localparam [X_W-1:0] TURN = (X_SIGNED != 0) ? ALL ^ (ALL >> 1) : {X_W{1'b0}};
            reg [X_W-1:0] max_q;
            wire [X_W-1:0] a = x[l*X_W +: X_W] ^ TURN;
            wire [X_W-1:0] base = first_q ? {X_W{1'b0}} : max_q;
            always @(posedge clk) if (en && valid_q) max_q <= (x_inside && a > base) ? a : base;
            assign max[l*X_W +: X_W] = max_q ^ TURN;
        end
    endgenerate

    assign en = m_ready || !done_q;
    assign m_valid = done_q;
    assign m_data = max;

    wire unused = &{1'b0, step, end_frame};

`ifdef FORMAL
`include "nh_pool_max_fv.vh"
`endif
endmodule
`default_nettype wire
