// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Addresses of nh_window: the walk over output pixels (row by row), conv groups, output groups of
// a conv group, taps ky, kx and words j of the conv group's channels, the last fastest. It shows
// the planned step; with `issue` the next one comes. The plan is there from the second cycle after
// reset on. Only constants are added: a walker one step ahead says which.
//
// Row y of frame f is in slot (f*H_IN + y) mod ROWS of the ring, words W_IN*WORDS apart.
// Latency 1 cycle, throughput 1 step per cycle; all outputs but `in_frame` come from registers.
`default_nettype none
module nh_conv_walk #(
    parameter integer WORDS = 1,      // of a pixel, >= 1
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
    parameter integer ROWS = 6        // of the ring, >= 1
) (
    input wire clk,
    input wire rst,
    input wire issue,
    // of the ring: (slot*W_IN + x)*WORDS + conv group*J + j; means nothing when not in_frame
    output wire [((ROWS*W_IN*WORDS > 1) ? $clog2(ROWS*W_IN*WORDS) : 1)-1:0] word,
    // of the output pixel: of (WORDS/J)*SUBS*KH*KW*J
    output wire [((WORDS*SUBS*KH*KW > 1) ? $clog2(WORDS*SUBS*KH*KW) : 1)-1:0] step,
    output wire in_frame,   // the tap is not in the padding
    output wire first,      // step of its window
    output wire end_window, // the last step of it
    output wire end_row,    // the last step of a row of output pixels
    output wire end_frame   // the last step of all
);
    localparam integer RING = ROWS * W_IN * WORDS;
    localparam integer STEPS = WORDS * SUBS * KH * KW;
    localparam integer CGS = WORDS / J;
    localparam integer WORD_W = (RING > 1) ? $clog2(RING) : 1;
    localparam integer STEP_W = (STEPS > 1) ? $clog2(STEPS) : 1;
    localparam [STEP_W-1:0] STEP_ONE = 1;
    localparam [WORD_W-1:0] WORD_ONE = 1;

    generate
        if (WORDS < 1 || H_IN < 1 || W_IN < 1 || H_OUT < 1 || W_OUT < 1 || KH < 1 || KW < 1
                || SUBS < 1 || ROWS < 1) begin : g_illegal_size
            nh_conv_walk_a_size_is_below_1 u_illegal ();
        end
        if (STRIDE_H < 1 || STRIDE_W < 1 || DILATION_H < 1 || DILATION_W < 1) begin : g_illegal_step
            nh_conv_walk_a_stride_or_dilation_is_below_1 u_illegal ();
        end
        if (PAD_H < 0 || PAD_W < 0) begin : g_illegal_pad
            nh_conv_walk_a_padding_is_below_0 u_illegal ();
        end
        if (J < 1 || CGS * J != WORDS) begin : g_illegal_j
            nh_conv_walk_J_does_not_divide_WORDS u_illegal ();
        end
    endgenerate

    // ---- Walker: the step after the planned one.

    localparam integer J_W = (J > 1) ? $clog2(J) : 1;
    localparam integer KX_W = (KW > 1) ? $clog2(KW) : 1;
    localparam integer KY_W = (KH > 1) ? $clog2(KH) : 1;
    localparam integer SUB_W = (SUBS > 1) ? $clog2(SUBS) : 1;
    localparam integer CG_W = (CGS > 1) ? $clog2(CGS) : 1;
    localparam integer OX_W = (W_OUT > 1) ? $clog2(W_OUT) : 1;
    localparam integer OY_W = (H_OUT > 1) ? $clog2(H_OUT) : 1;
    localparam [31:0] J_TOP = J - 1;
    localparam [31:0] KX_TOP = KW - 1;
    localparam [31:0] KY_TOP = KH - 1;
    localparam [31:0] SUB_TOP = SUBS - 1;
    localparam [31:0] CG_TOP = CGS - 1;
    localparam [31:0] OX_TOP = W_OUT - 1;
    localparam [31:0] OY_TOP = H_OUT - 1;
    localparam [J_W-1:0] J_ONE = 1;
    localparam [KX_W-1:0] KX_ONE = 1;
    localparam [KY_W-1:0] KY_ONE = 1;
    localparam [SUB_W-1:0] SUB_ONE = 1;
    localparam [CG_W-1:0] CG_ONE = 1;
    localparam [OX_W-1:0] OX_ONE = 1;
    localparam [OY_W-1:0] OY_ONE = 1;

    reg blank_q;     // there is no plan yet
    wire walk = issue || blank_q;
    reg [J_W-1:0] j_q;
    reg [KX_W-1:0] kx_q;
    reg [KY_W-1:0] ky_q;
    reg [SUB_W-1:0] sub_q;   // og in its conv group
    reg [CG_W-1:0] cg_q;
    reg [OX_W-1:0] ox_q;
    reg [OY_W-1:0] oy_q;
    wire end_j_d = j_q == J_TOP[J_W-1:0];
    wire end_kx_d = end_j_d && kx_q == KX_TOP[KX_W-1:0];
    wire end_window_d = end_kx_d && ky_q == KY_TOP[KY_W-1:0];
    wire end_group_d = end_window_d && sub_q == SUB_TOP[SUB_W-1:0];
    wire end_pixel_d = end_group_d && cg_q == CG_TOP[CG_W-1:0];
    wire end_row_d = end_pixel_d && ox_q == OX_TOP[OX_W-1:0];
    wire end_frame_d = end_row_d && oy_q == OY_TOP[OY_W-1:0];

    always @(posedge clk) begin
        blank_q <= rst;
        if (rst) begin
            j_q <= {J_W{1'b0}};
            kx_q <= {KX_W{1'b0}};
            ky_q <= {KY_W{1'b0}};
            sub_q <= {SUB_W{1'b0}};
            cg_q <= {CG_W{1'b0}};
            ox_q <= {OX_W{1'b0}};
            oy_q <= {OY_W{1'b0}};
        end else if (walk) begin
            j_q <= end_j_d ? {J_W{1'b0}} : j_q + J_ONE;
            if (end_j_d) kx_q <= end_kx_d ? {KX_W{1'b0}} : kx_q + KX_ONE;
            if (end_kx_d) ky_q <= end_window_d ? {KY_W{1'b0}} : ky_q + KY_ONE;
            if (end_window_d) sub_q <= end_group_d ? {SUB_W{1'b0}} : sub_q + SUB_ONE;
            if (end_group_d) cg_q <= end_pixel_d ? {CG_W{1'b0}} : cg_q + CG_ONE;
            if (end_pixel_d) ox_q <= end_row_d ? {OX_W{1'b0}} : ox_q + OX_ONE;
            if (end_row_d) oy_q <= end_frame_d ? {OY_W{1'b0}} : oy_q + OY_ONE;
        end
    end

    // ---- Plan: row, column and word of the tap, and what to add for the next. Outside the frame
    // the word means nothing.

    localparam integer COL = WORDS * DILATION_W; // words from kx to the next
    localparam integer BACK = (KW - 1) * COL + J - 1; // in a row: last tap minus first
    localparam integer NEXT = STRIDE_W * WORDS - BACK - (WORDS - J);
    localparam integer LAST_Y = (H_OUT - 1) * STRIDE_H + (KH - 1) * DILATION_H - PAD_H;
    // Slots forward to the next row of taps, back to the first, to the next output row, the next frame.
    localparam integer SLOT_KY = DILATION_H % ROWS;
    localparam integer SLOT_BACK = (ROWS - (KH - 1) * DILATION_H % ROWS) % ROWS;
    localparam integer SLOT_OY = (STRIDE_H % ROWS + SLOT_BACK) % ROWS;
    localparam integer SLOT_FRAME = ((H_IN - PAD_H - LAST_Y) % ROWS + ROWS) % ROWS;
    localparam integer SLOT_ORIGIN = (ROWS - PAD_H % ROWS) % ROWS;
    localparam integer SLOT_WORDS = W_IN * WORDS;
    localparam integer SLOT_W = $clog2(2 * ROWS);
    localparam [31:0] TO_KX = COL - (J - 1);
    localparam [31:0] TO_KY = SLOT_KY * SLOT_WORDS - BACK;
    localparam [31:0] TO_OG = SLOT_BACK * SLOT_WORDS - BACK;
    localparam [31:0] TO_GROUP = SLOT_BACK * SLOT_WORDS + J - BACK;
    localparam [31:0] TO_OX = SLOT_BACK * SLOT_WORDS + NEXT;
    localparam [31:0] TO_OY = SLOT_OY * SLOT_WORDS + NEXT - W_OUT * STRIDE_W * WORDS;
    localparam [31:0] TO_FRAME = SLOT_FRAME * SLOT_WORDS + NEXT - W_OUT * STRIDE_W * WORDS;
    localparam [31:0] ORIGIN = SLOT_ORIGIN * SLOT_WORDS - PAD_W * WORDS;
    localparam [31:0] RING_WORDS = RING;
    localparam [31:0] RING_SLOTS = ROWS;
    localparam [31:0] SLOT_FIRST = SLOT_ORIGIN;
    localparam [31:0] MOVE_KY = SLOT_KY;
    localparam [31:0] MOVE_BACK = SLOT_BACK;
    localparam [31:0] MOVE_OY = SLOT_OY;
    localparam [31:0] MOVE_FRAME = SLOT_FRAME;
    localparam integer LAST_X = (W_OUT - 1) * STRIDE_W + (KW - 1) * DILATION_W - PAD_W;
    localparam integer Y_W = $clog2(PAD_H + H_IN + ((LAST_Y > 0) ? LAST_Y : 0) + STRIDE_H + 1) + 1;
    localparam integer X_POS_W = $clog2(PAD_W + W_IN + ((LAST_X > 0) ? LAST_X : 0) + STRIDE_W + 1)
                               + 1;
    localparam [31:0] Y_ORIGIN = -PAD_H;
    localparam [31:0] X_ORIGIN = -PAD_W;
    localparam [31:0] Y_KY = DILATION_H;
    localparam [31:0] X_KX = DILATION_W;
    localparam [31:0] Y_BACK = -(KH - 1) * DILATION_H;
    localparam [31:0] X_BACK = -(KW - 1) * DILATION_W;
    localparam [31:0] Y_OY = STRIDE_H - (KH - 1) * DILATION_H;
    localparam [31:0] X_OX = STRIDE_W - (KW - 1) * DILATION_W;
    localparam [31:0] Y_TOP = H_IN - 1;
    localparam [31:0] X_TOP = W_IN - 1;

    reg [STEP_W-1:0] step_q;
    reg [WORD_W-1:0] word_q;
    reg [Y_W-1:0] y_q; // two's complement: above the frame it is large
    reg [X_POS_W-1:0] x_pos_q;
    reg [WORD_W-1:0] word_move_q;
    reg [Y_W-1:0] y_move_q;
    reg [X_POS_W-1:0] x_move_q;
    reg first_q;     // of a window
    reg end_window_q;
    reg end_pixel_q;
    reg end_row_q;
    reg end_frame_q;
    reg [SLOT_W-1:0] slot_q; // of the walker's tap
    wire [SLOT_W-1:0] slot_sum = slot_q + (!end_kx_d ? {SLOT_W{1'b0}}
                                         : !end_window_d ? MOVE_KY[SLOT_W-1:0]
                                         : !end_row_d ? MOVE_BACK[SLOT_W-1:0]
                                         : !end_frame_d ? MOVE_OY[SLOT_W-1:0]
                                         : MOVE_FRAME[SLOT_W-1:0]);
    wire wrap = slot_sum >= RING_SLOTS[SLOT_W-1:0];
    wire [WORD_W-1:0] move = !end_j_d ? WORD_ONE
                           : !end_kx_d ? TO_KX[WORD_W-1:0]
                           : !end_window_d ? TO_KY[WORD_W-1:0]
                           : !end_group_d ? TO_OG[WORD_W-1:0]
                           : !end_pixel_d ? TO_GROUP[WORD_W-1:0]
                           : !end_row_d ? TO_OX[WORD_W-1:0]
                           : !end_frame_d ? TO_OY[WORD_W-1:0] : TO_FRAME[WORD_W-1:0];
    assign word = word_q;
    assign step = step_q;
    assign first = first_q;
    assign end_window = end_window_q;
    assign end_row = end_row_q;
    assign end_frame = end_frame_q;
    assign in_frame = ((LAST_Y < H_IN && PAD_H == 0) || y_q <= Y_TOP[Y_W-1:0])
                 && ((LAST_X < W_IN && PAD_W == 0) || x_pos_q <= X_TOP[X_POS_W-1:0]);

    always @(posedge clk) begin
        if (walk) begin
            word_move_q <= wrap ? move - RING_WORDS[WORD_W-1:0] : move;
            y_move_q <= !end_kx_d ? {Y_W{1'b0}}
                      : !end_window_d ? Y_KY[Y_W-1:0]
                      : !end_row_d ? Y_BACK[Y_W-1:0] : Y_OY[Y_W-1:0];
            x_move_q <= !end_j_d ? {X_POS_W{1'b0}}
                      : !end_kx_d ? X_KX[X_POS_W-1:0]
                      : !end_pixel_d ? X_BACK[X_POS_W-1:0] : X_OX[X_POS_W-1:0];
            first_q <= blank_q || end_window_q;
            end_window_q <= end_window_d;
            end_pixel_q <= end_pixel_d;
            end_row_q <= end_row_d;
            end_frame_q <= end_frame_d;
        end
    end
    always @(posedge clk) begin
        if (rst) slot_q <= SLOT_FIRST[SLOT_W-1:0];
        else if (walk) slot_q <= wrap ? slot_sum - RING_SLOTS[SLOT_W-1:0] : slot_sum;
    end
    always @(posedge clk) begin
        if (rst) begin
            step_q <= {STEP_W{1'b0}};
            word_q <= ORIGIN[WORD_W-1:0];
            y_q <= Y_ORIGIN[Y_W-1:0];
            x_pos_q <= X_ORIGIN[X_POS_W-1:0];
        end else if (issue) begin
            step_q <= end_pixel_q ? {STEP_W{1'b0}} : step_q + STEP_ONE;
            word_q <= word_q + word_move_q;
            y_q <= end_frame_q ? Y_ORIGIN[Y_W-1:0] : y_q + y_move_q;
            x_pos_q <= end_row_q ? X_ORIGIN[X_POS_W-1:0] : x_pos_q + x_move_q;
        end
    end

    wire unused = &{1'b0, J_TOP, KX_TOP, KY_TOP, SUB_TOP, CG_TOP, OX_TOP, OY_TOP, TO_KX, TO_KY,
                    TO_OG, TO_GROUP, TO_OX, TO_OY, TO_FRAME, ORIGIN, RING_WORDS, RING_SLOTS,
                    SLOT_FIRST, MOVE_KY, MOVE_BACK, MOVE_OY, MOVE_FRAME, Y_ORIGIN, X_ORIGIN, Y_KY,
                    X_KX, Y_BACK, X_BACK, Y_OY, X_OX, Y_TOP, X_TOP};

`ifdef FORMAL
`include "nh_conv_walk_fv.vh"
`endif
endmodule
`default_nettype wire
