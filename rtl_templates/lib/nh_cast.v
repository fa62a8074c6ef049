// Template of neurohls, copied as it is into what neurohls generates. It carries no condition: use it as you like.
// Fixed-point cast: y = x * 2^-SHIFT, rounded, then fitted into OUT_W bits. Combinational.
// Modes have the numbers of nh_round and nh_overflow in nh_fx.h and the meaning of ap_fixed.
`default_nettype none
module nh_cast #(
    parameter integer IN_W = 16,      // bits of x, >= 1
    parameter integer IN_SIGNED = 1,  // 0 or 1
    parameter integer SHIFT = 0,      // fractional bits dropped; negative: zero bits appended
    parameter integer OUT_W = 8,      // bits of y, >= 1
    parameter integer OUT_SIGNED = 1, // 0 or 1
    // 0 TRN, 1 TRN_ZERO, 2 RND, 3 RND_ZERO, 4 RND_INF, 5 RND_MIN_INF, 6 RND_CONV
    parameter integer ROUND = 0,
    parameter integer OVERFLOW = 0    // 0 WRAP, 1 SAT, 2 SAT_ZERO, 3 SAT_SYM
) (
    input wire [IN_W-1:0] x,
    output wire [OUT_W-1:0] y
);
    // Dropping more than IN_W + 1 bits rounds like dropping IN_W + 1: |x| is below half of the new
    // unit either way.
    localparam integer DROP = (SHIFT <= 0) ? 0 : (SHIFT > IN_W) ? IN_W + 1 : SHIFT;
    localparam integer GROW = (SHIFT < 0) ? -SHIFT : 0;
    // Two sign bits above x: one for an unsigned x, one for the carry of rounding; and, after the
    // shift, at least one bit more than y.
    localparam integer NEED_W = OUT_W + 1 + DROP - GROW;
    localparam integer WIDE_W = (IN_W + 2 > NEED_W) ? IN_W + 2 : NEED_W;
    localparam integer ROUND_W = WIDE_W - DROP + GROW;

    generate
        if (IN_W < 1) begin : g_illegal_in_w
            nh_cast_IN_W_is_below_1 u_illegal ();
        end
        if (OUT_W < 1) begin : g_illegal_out_w
            nh_cast_OUT_W_is_below_1 u_illegal ();
        end
        if (IN_SIGNED != 0 && IN_SIGNED != 1) begin : g_illegal_in_signed
            nh_cast_IN_SIGNED_is_not_0_or_1 u_illegal ();
        end
        if (OUT_SIGNED != 0 && OUT_SIGNED != 1) begin : g_illegal_out_signed
            nh_cast_OUT_SIGNED_is_not_0_or_1 u_illegal ();
        end
        if (ROUND < 0 || ROUND > 6) begin : g_illegal_round
            nh_cast_ROUND_is_outside_0_to_6 u_illegal ();
        end
        if (OVERFLOW < 0 || OVERFLOW > 3) begin : g_illegal_overflow
            nh_cast_OVERFLOW_is_outside_0_to_3 u_illegal ();
        end
    endgenerate

    wire negative = (IN_SIGNED != 0) && x[IN_W-1];
    wire [WIDE_W-1:0] wide = {{(WIDE_W-IN_W){negative}}, x};

    wire [ROUND_W-1:0] rounded;
    generate
        if (GROW > 0) begin : g_grow
            assign rounded = {wide, {GROW{1'b0}}};
        end else if (DROP == 0 || ROUND == 0) begin : g_floor
            assign rounded = wide[WIDE_W-1:DROP];
            wire unused = &{1'b0, wide};
        end else begin : g_round
            wire half = wide[DROP-1];
            wire sticky;
            if (DROP > 1) begin : g_sticky
                assign sticky = |wide[DROP-2:0];
            end else begin : g_no_sticky
                assign sticky = 1'b0;
            end
            // The bits dropped are a fraction above the floor: rounding adds one to it or not.
            wire up = (ROUND == 1) ? (negative && (half || sticky))
                    : (ROUND == 2) ? half
                    : (ROUND == 3) ? (half && (sticky || negative))
                    : (ROUND == 4) ? (half && (sticky || !negative))
                    : (ROUND == 5) ? (half && sticky)
                    : (half && (sticky || wide[DROP]));
            assign rounded = wide[WIDE_W-1:DROP] + {{(ROUND_W-1){1'b0}}, up};
            wire unused = &{1'b0, negative, sticky};
        end
    endgenerate

    localparam [OUT_W-1:0] ONES = {OUT_W{1'b1}};
    localparam [OUT_W-1:0] MAX = (OUT_SIGNED != 0) ? (ONES >> 1) : ONES;

    wire [OUT_W-1:0] low = rounded[OUT_W-1:0];
    generate
        if (OVERFLOW == 0) begin : g_wrap
            assign y = low;
            wire unused = &{1'b0, rounded[ROUND_W-1:OUT_W]};
        end else begin : g_fit
            wire below_zero = rounded[ROUND_W-1];
            wire fits;
            if (OUT_SIGNED != 0) begin : g_signed
                assign fits = (&rounded[ROUND_W-1:OUT_W-1]) || !(|rounded[ROUND_W-1:OUT_W-1]);
            end else begin : g_unsigned
                assign fits = !(|rounded[ROUND_W-1:OUT_W]);
            end
            if (OVERFLOW == 1) begin : g_sat
                localparam [OUT_W-1:0] MIN = (OUT_SIGNED != 0) ? ~MAX : {OUT_W{1'b0}};
                assign y = fits ? low : below_zero ? MIN : MAX;
            end else if (OVERFLOW == 2) begin : g_sat_zero
                assign y = fits ? low : {OUT_W{1'b0}};
                wire unused = &{1'b0, below_zero};
            end else if (OUT_SIGNED != 0) begin : g_sat_sym
                localparam [OUT_W-1:0] MIN = ~(MAX - (ONES >> (OUT_W-1))); // -MAX
                assign y = (fits && low != ~MAX) ? low : below_zero ? MIN : MAX;
            end else begin : g_sat_sym_unsigned
                assign y = fits ? low : below_zero ? {OUT_W{1'b0}} : MAX;
            end
        end
    endgenerate
endmodule
`default_nettype wire
