// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// The window of a convolution or pool: the taps of every output pixel, one word a step, from a ring of
// ROWS input rows. A frame comes pixel by pixel, row by row, in H_IN*W_IN*WORDS transfers. The steps
// of nh_conv_walk are issued one a cycle while `en` and while the rows of the output row are there;
// after the next clock edge `x` is the word of the step, 0 where the tap is in the padding, and holds
// until the clock edge of the next cycle with `en`.
//
// An output row begins when the last row that its windows see is complete (at least one of the
// frame), and frees the rows above the windows of the next one when it ends. Rows that no window sees are freed
// as they come. s_ready comes from registers: there is room for a row.
// Latency, unstalled, in cycles: from the s transfer that completes the last row of an output row to
// the row's first issue 1. Throughput: one step per cycle; a frame every max(steps, transfers) cycles
// when the ring is deep enough (hls/strategy/window.c computes how deep), ROWS = 2*H_IN always is.
`default_nettype none
module nh_window #(
    parameter integer WORDS = 1,      // of a pixel, >= 1
    parameter integer WORD_W = 8,     // bits of a word, >= 1
    parameter integer H_IN = 3,       // rows in, >= 1
    parameter integer W_IN = 3,       // columns in, >= 1
    parameter integer H_OUT = 2,      // rows out, >= 1
    parameter integer W_OUT = 2,      // columns out, >= 1
    parameter integer KH = 2,         // kernel rows, >= 1
    parameter integer KW = 2,         // kernel columns, >= 1
    parameter integer STRIDE_H = 1,   // >= 1
    parameter integer STRIDE_W = 1,   // >= 1
    parameter integer PAD_H = 0,      // rows above the frame, >= 0
    parameter integer PAD_W = 0,      // columns left of it, >= 0
    parameter integer DILATION_H = 1, // >= 1
    parameter integer DILATION_W = 1, // >= 1
    parameter integer J = 1,          // words of a conv group, divides WORDS
    parameter integer SUBS = 1,       // output groups of a conv group, >= 1
    parameter integer ROWS = 6,       // of the ring, >= those that a window sees
    // the ring in: 1 = block RAM, 0 = as the synthesis tool likes
    parameter integer BLOCK = 1
) (
    input wire clk,
    input wire rst,
    input wire s_valid,
    output wire s_ready,
    input wire [WORD_W-1:0] s_data,
    input wire en,          // who takes the steps moves
    output wire issue,      // a step is taken
    output wire first,      // with issue: first step of its window
    output wire last,       // with issue: last step of it
    output wire end_frame,  // with issue: last step of the frame
    // of the output pixel: of (WORDS/J)*SUBS*KH*KW*J
    output wire [((WORDS*SUBS*KH*KW > 1) ? $clog2(WORDS*SUBS*KH*KW) : 1)-1:0] step,
    output wire [WORD_W-1:0] x,
    output wire x_inside          // x is no padding
);
    localparam integer SPAN = (KH - 1) * DILATION_H + 1; // rows from the first tap to the last
    localparam integer SEEN = (SPAN < H_IN) ? SPAN : H_IN;
    localparam integer ROW = W_IN * WORDS;
    localparam integer RING = ROWS * ROW;
    localparam integer RING_W = (RING > 1) ? $clog2(RING) : 1;
    localparam integer ROW_W = (ROW > 1) ? $clog2(ROW) : 1;
    localparam [31:0] ROW_TOP = ROW - 1;
    localparam [31:0] RING_TOP = RING - 1;
    localparam [ROW_W-1:0] ROW_ONE = 1;
    localparam [RING_W-1:0] RING_ONE = 1;

    generate
        if (WORD_W < 1) begin : g_illegal_width
            nh_window_WORD_W_is_below_1 u_illegal ();
        end
        if (ROWS < SEEN) begin : g_illegal_rows
            nh_window_ROWS_is_below_the_rows_of_a_window u_illegal ();
        end
        if (BLOCK != 0 && BLOCK != 1) begin : g_illegal_block
            nh_window_BLOCK_is_not_0_or_1 u_illegal ();
        end
    endgenerate

    // ---- Rows: `need` of those that are complete and not freed let the output row begin; it frees
    // `free` when it ends, of which `owe` are still to come.

    localparam integer BOTTOM = (H_OUT - 1) * STRIDE_H + SPAN + STRIDE_H; // beyond all windows
    localparam integer FAR = (BOTTOM > H_IN) ? BOTTOM : H_IN;
    localparam integer T_W = $clog2(FAR + PAD_H + 2) + 1; // signed
    localparam integer COUNT_W = $clog2(((ROWS > H_IN) ? ROWS : H_IN) + 2);
    localparam integer OUT_W = (H_OUT > 1) ? $clog2(H_OUT) : 1;
    localparam [31:0] T_ORIGIN = -PAD_H;
    localparam [31:0] T_STEP = STRIDE_H;
    localparam [31:0] T_SPAN = SPAN;
    localparam [31:0] T_ROWS = H_IN;
    localparam [31:0] LEVEL_TOP = ROWS;
    localparam [31:0] OUT_TOP = H_OUT - 1;
    localparam [OUT_W-1:0] OUT_ONE = 1;

    wire end_row;
    wire row_ends = issue && end_row;
    reg loaded_q;                 // there is a plan, and need and free are those of its row
    reg signed [T_W-1:0] top_q;   // first row of the windows of the output row after the planned one
    reg [OUT_W-1:0] out_q;        // that row
    reg [COUNT_W-1:0] need_q;
    reg [COUNT_W-1:0] free_q;
    reg [COUNT_W-1:0] level_q;
    reg [COUNT_W-1:0] owe_q;
    wire out_last = out_q == OUT_TOP[OUT_W-1:0];
    wire signed [T_W-1:0] rows_s = T_ROWS[T_W-1:0];
    wire signed [T_W-1:0] next_top = top_q + $signed(T_STEP[T_W-1:0]);
    wire signed [T_W-1:0] bottom = top_q + $signed(T_SPAN[T_W-1:0]);
    // Clamped to the frame.
    wire [T_W-1:0] from = top_q[T_W-1] ? {T_W{1'b0}} : (top_q > rows_s) ? rows_s : top_q;
    wire [T_W-1:0] next_from = (out_last || next_top > rows_s) ? rows_s
                             : next_top[T_W-1] ? {T_W{1'b0}} : next_top;
    wire [T_W-1:0] to = (bottom > rows_s) ? rows_s : bottom;
    wire [T_W-1:0] seen = to - from;
    wire none = bottom[T_W-1] || bottom == {T_W{1'b0}}; // padding only, above the frame
    wire [T_W-1:0] need = none ? {{(T_W-1){1'b0}}, 1'b1} : seen;
    wire [T_W-1:0] free = next_from - from;
    wire next_row = row_ends || !loaded_q;

    always @(posedge clk) begin
        if (rst) begin
            loaded_q <= 1'b0;
            top_q <= T_ORIGIN[T_W-1:0];
            out_q <= {OUT_W{1'b0}};
        end else begin
            loaded_q <= 1'b1;
            if (next_row) begin
                top_q <= out_last ? T_ORIGIN[T_W-1:0] : next_top;
                out_q <= out_last ? {OUT_W{1'b0}} : out_q + OUT_ONE;
            end
        end
    end
    always @(posedge clk) begin
        if (next_row) begin
            need_q <= need[COUNT_W-1:0];
            free_q <= free[COUNT_W-1:0];
        end
    end

    reg [ROW_W-1:0] column_q; // word of the row that is written
    wire write = s_valid && s_ready;
    wire row_done = write && column_q == ROW_TOP[ROW_W-1:0];
    wire [COUNT_W-1:0] due = row_ends ? free_q : owe_q;
    wire [COUNT_W-1:0] freed = (due > level_q) ? level_q : due;
    assign s_ready = level_q != LEVEL_TOP[COUNT_W-1:0];
    assign issue = en && loaded_q && owe_q == {COUNT_W{1'b0}} && level_q >= need_q;
    always @(posedge clk) begin
        if (rst) begin
            level_q <= {COUNT_W{1'b0}};
            owe_q <= {COUNT_W{1'b0}};
        end else begin
            level_q <= level_q - freed + {{(COUNT_W-1){1'b0}}, row_done};
            owe_q <= due - freed;
        end
    end

    // ---- Taps. A row is written only while it is not among the complete ones, and read only while
    // it is; a tap in the padding reads any word, or none.

    wire [RING_W-1:0] word;
    wire in_frame;
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
        .SUBS(SUBS),
        .ROWS(ROWS)
    ) u_walk (
        .clk(clk),
        .rst(rst),
        .issue(issue),
        .word(word),
        .step(step),
        .in_frame(in_frame),
        .first(first),
        .end_window(last),
        .end_row(end_row),
        .end_frame(end_frame)
    );

    reg [RING_W-1:0] waddr_q;
    reg [WORD_W-1:0] word_q;
    reg in_frame_q;
    always @(posedge clk) begin
        if (rst) begin
            column_q <= {ROW_W{1'b0}};
            waddr_q <= {RING_W{1'b0}};
        end else if (write) begin
            column_q <= row_done ? {ROW_W{1'b0}} : column_q + ROW_ONE;
            waddr_q <= (waddr_q == RING_TOP[RING_W-1:0]) ? {RING_W{1'b0}} : waddr_q + RING_ONE;
        end
    end
    always @(posedge clk) if (issue) in_frame_q <= in_frame;
    generate
        if (BLOCK != 0) begin : g_block
            (* ram_style = "block", no_rw_check *)
            reg [WORD_W-1:0] mem [0:RING-1];
            always @(posedge clk) if (write) mem[waddr_q] <= s_data;
            always @(posedge clk) if (issue) word_q <= mem[word];
        end else begin : g_auto
            (* no_rw_check *)
            reg [WORD_W-1:0] mem [0:RING-1];
            always @(posedge clk) if (write) mem[waddr_q] <= s_data;
            always @(posedge clk) if (issue) word_q <= mem[word];
        end
    endgenerate
    assign x = in_frame_q ? word_q : {WORD_W{1'b0}};
    assign x_inside = in_frame_q;

    wire unused = &{1'b0, ROW_TOP, RING_TOP, T_ORIGIN, T_STEP, T_SPAN, T_ROWS, LEVEL_TOP, OUT_TOP,
                    need, free};

`ifdef FORMAL
`include "nh_window_fv.vh"
`endif
endmodule
`default_nettype wire
