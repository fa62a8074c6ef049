/* Casts by hand: 2.5 and its neighbours in every mode (values from the definitions of the modes), extremes, far shifts.
 */
#include "fx.h"

#include <criterion/criterion.h>

static nh_i128 cast(nh_i128 raw, int frac_in, int frac_out, int width, bool sign, nh_round r, nh_overflow o) {
    return nh_fx_cast(raw, frac_in, frac_out, width, sign, r, o, NULL);
}

Test(cast, rounds_quarters_by_hand) {
    /* raw quarters:   -2.75 -2.5 -2.25 -1.5 -0.25 0.25 1.5 2.25 2.5 2.75 */
    static const int quarters[10] = {-11, -10, -9, -6, -1, 1, 6, 9, 10, 11};
    static const int expected[7][10] = {
        {-3, -3, -3, -2, -1, 0, 1, 2, 2, 2}, /* TRN */
        {-2, -2, -2, -1, 0, 0, 1, 2, 2, 2},  /* TRN_ZERO */
        {-3, -2, -2, -1, 0, 0, 2, 2, 3, 3},  /* RND: ties up */
        {-3, -2, -2, -1, 0, 0, 1, 2, 2, 3},  /* RND_ZERO */
        {-3, -3, -2, -2, 0, 0, 2, 2, 3, 3},  /* RND_INF */
        {-3, -3, -2, -2, 0, 0, 1, 2, 2, 3},  /* RND_MIN_INF */
        {-3, -2, -2, -2, 0, 0, 2, 2, 2, 3},  /* RND_CONV */
    };
    for (int mode = 0; mode < 7; mode++)
        for (int i = 0; i < 10; i++) {
            nh_i128 got = cast(quarters[i], 2, 0, 8, true, (nh_round)mode, NH_OVERFLOW_SAT);
            cr_expect(got == expected[mode][i], "mode %d, %g: %d", mode, quarters[i] / 4.0, (int)got);
        }
}

Test(cast, overflows_by_hand) {
    cr_expect(cast(130, 0, 0, 8, true, NH_ROUND_TRN, NH_OVERFLOW_WRAP) == -126);
    cr_expect(cast(130, 0, 0, 8, true, NH_ROUND_TRN, NH_OVERFLOW_SAT) == 127);
    cr_expect(cast(130, 0, 0, 8, true, NH_ROUND_TRN, NH_OVERFLOW_SAT_ZERO) == 0);
    cr_expect(cast(-130, 0, 0, 8, true, NH_ROUND_TRN, NH_OVERFLOW_SAT) == -128);
    cr_expect(cast(-128, 0, 0, 8, true, NH_ROUND_TRN, NH_OVERFLOW_SAT_SYM) == -127);
    cr_expect(cast(-1, 0, 0, 8, false, NH_ROUND_TRN, NH_OVERFLOW_WRAP) == 255);
    cr_expect(cast(-1, 0, 0, 8, false, NH_ROUND_TRN, NH_OVERFLOW_SAT) == 0);
    cr_expect(cast(300, 0, 0, 8, false, NH_ROUND_TRN, NH_OVERFLOW_SAT_SYM) == 255);
    /* 127.5 rounds up and then leaves the format. */
    cr_expect(cast(255, 1, 0, 8, true, NH_ROUND_RND, NH_OVERFLOW_SAT) == 127);
    cr_expect(cast(255, 1, 0, 8, true, NH_ROUND_RND, NH_OVERFLOW_WRAP) == -128);
    bool lost = false;
    nh_fx_cast(255, 1, 0, 8, true, NH_ROUND_RND, NH_OVERFLOW_WRAP, &lost);
    cr_expect(lost);
    nh_fx_cast(254, 1, 0, 8, true, NH_ROUND_RND, NH_OVERFLOW_WRAP, &lost);
    cr_expect(!lost);
}

Test(cast, holds_64_bits) {
    nh_i128 max = INT64_MAX, min = INT64_MIN;
    cr_expect(cast(max + 1, 0, 0, 64, true, NH_ROUND_TRN, NH_OVERFLOW_WRAP) == min);
    cr_expect(cast(max + 1, 0, 0, 64, true, NH_ROUND_TRN, NH_OVERFLOW_SAT) == max);
    cr_expect(cast(min - 1, 0, 0, 64, true, NH_ROUND_TRN, NH_OVERFLOW_SAT) == min);
    cr_expect(cast(-1, 0, 0, 64, false, NH_ROUND_TRN, NH_OVERFLOW_WRAP) == (nh_i128)UINT64_MAX);
    cr_expect(cast((nh_i128)UINT64_MAX, 0, 0, 64, false, NH_ROUND_TRN, NH_OVERFLOW_SAT) == (nh_i128)UINT64_MAX);
    cr_expect(nh_fx_cast64(INT64_MIN, 0, 0, 64, true, NH_ROUND_TRN, NH_OVERFLOW_SAT) == INT64_MIN);
    cr_expect(nh_fx_cast64(INT64_MIN, 0, 0, 64, true, NH_ROUND_TRN, NH_OVERFLOW_SAT_SYM) == -INT64_MAX);
    cr_expect(nh_fx_cast32(INT32_MIN, 0, 0, 32, true, NH_ROUND_TRN, NH_OVERFLOW_WRAP) == INT32_MIN);
}

/* raw * 2^-200 is a tiny number of raw's sign; only the directed modes see it. raw * 2^200 is a huge multiple of 2^64.
 */
Test(cast, survives_shifts_beyond_the_word) {
    static const int tiny_negative[7] = {-1, 0, 0, 0, 0, 0, 0};
    nh_i128 extreme[4] = {1, ((nh_i128)1 << 126) - 1 + ((nh_i128)1 << 126), -1, -((nh_i128)1 << 126) * 2};
    for (int mode = 0; mode < 7; mode++)
        for (int i = 0; i < 4; i++)
            for (int far = 129; far < 5000; far += 487) {
                nh_i128 want = extreme[i] > 0 ? 0 : tiny_negative[mode];
                cr_expect(cast(extreme[i], far, 0, 64, true, (nh_round)mode, NH_OVERFLOW_SAT) == want);
                cr_expect(cast(extreme[i], 0, far, 64, true, (nh_round)mode, NH_OVERFLOW_WRAP) == 0);
                cr_expect(cast(extreme[i], 0, far, 64, true, (nh_round)mode, NH_OVERFLOW_SAT) ==
                          (extreme[i] > 0 ? INT64_MAX : INT64_MIN));
                cr_expect(nh_fx_cast64(extreme[i] > 0 ? INT64_MAX : INT64_MIN, far, 0, 8, true, (nh_round)mode,
                                       NH_OVERFLOW_SAT) == want);
                cr_expect(nh_fx_cast32(extreme[i] > 0 ? 1 : -1, 0, far, 8, true, (nh_round)mode, NH_OVERFLOW_SAT) ==
                          (extreme[i] > 0 ? 127 : -128));
            }
    /* -2^127 / 2^128 is exactly -1/2: a tie. */
    static const int minus_half[7] = {-1, 0, 0, 0, -1, -1, 0};
    for (int mode = 0; mode < 7; mode++)
        cr_expect(cast(extreme[3], 128, 0, 64, true, (nh_round)mode, NH_OVERFLOW_SAT) == minus_half[mode], "mode %d",
                  mode);
    cr_expect(cast(0, 0, 4000, 8, true, NH_ROUND_TRN, NH_OVERFLOW_SAT) == 0);
}

/* I < 0: LSB 2^-11; I > W: LSB 2^4. */
Test(cast, takes_formats_with_the_point_outside) {
    cr_expect(cast(1, 7, 11, 8, true, NH_ROUND_TRN, NH_OVERFLOW_SAT) == 16);
    cr_expect(cast(100, 0, -4, 8, true, NH_ROUND_RND, NH_OVERFLOW_SAT) == 6); /* 6.25 */
    cr_expect(cast(104, 0, -4, 8, true, NH_ROUND_RND, NH_OVERFLOW_SAT) == 7); /* 6.5 */
    cr_expect(cast(100, -4, 0, 16, true, NH_ROUND_RND, NH_OVERFLOW_SAT) == 1600);
}

Test(range, widths_by_hand) {
    static const struct {
        int lo, hi, width, signed_width;
        bool is_signed;
    } cases[] = {{0, 0, 1, 1, false},   {0, 1, 1, 2, false},     {0, 255, 8, 9, false},
                 {-1, 0, 1, 1, true},   {-128, 127, 8, 8, true}, {-129, 0, 9, 9, true},
                 {-1, 128, 9, 9, true}, {5, 7, 3, 4, false},     {-8, -4, 4, 4, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool is_signed;
        nh_range r = {cases[i].lo, cases[i].hi};
        cr_expect_eq(nh_range_width(r, &is_signed), cases[i].width);
        cr_expect_eq(is_signed, cases[i].is_signed);
        cr_expect_eq(nh_range_signed_width(r), cases[i].signed_width);
    }
    nh_format f;
    cr_assert(nh_range_format((nh_range){-3, 12}, 7, &f));
    cr_expect(f.width_bits == 5 && f.is_signed && nh_format_frac(f) == 7);
    cr_expect(!nh_range_format((nh_range){0, (nh_i128)1 << 64}, 0, &f));
}

Test(range, sticks_at_128_bits) {
    nh_range one = {1, 1}, wide = nh_range_shl(one, 300);
    bool is_signed;
    cr_expect_eq(nh_range_width(wide, &is_signed), 127);
    cr_expect_eq(nh_range_signed_width(nh_range_mul(wide, (nh_range){-2, 3})), 128);
}
