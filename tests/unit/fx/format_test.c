#include "fx.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static nh_format parse(const char *text) {
    nh_format f;
    const char *why = "";
    size_t at = 0;
    cr_assert(nh_format_parse(text, &f, &why, &at), "%s: %s at %zu", text, why, at);
    return f;
}

Test(format, reads_every_spelling) {
    static const struct {
        const char *text, *canonical;
    } cases[] = {
        {"fixed<8,1>", "fixed<8,1>"},
        {"ap_fixed<16,6>", "fixed<16,6>"},
        {"ap_ufixed< 8 , 0 , AP_RND , AP_SAT >", "ufixed<8,0,RND,SAT>"},
        {" ufixed<8,-3,RND_CONV> ", "ufixed<8,-3,RND_CONV>"},
        {"fixed<64,128,TRN,SAT_SYM>", "fixed<64,128,TRN,SAT_SYM>"},
        {"fixed<1,-64,RND_MIN_INF,SAT_ZERO>", "fixed<1,-64,RND_MIN_INF,SAT_ZERO>"},
        {"int<8>", "fixed<8,8>"},
        {"ap_uint<3>", "ufixed<3,3>"},
        {"uint<3,TRN_ZERO,SAT>", "ufixed<3,3,TRN_ZERO,SAT>"},
        {"fixed<8,+2,TRN,WRAP>", "fixed<8,2>"},
    };
    char buf[NH_FORMAT_TEXT];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_str_eq(nh_format_print(parse(cases[i].text), buf), cases[i].canonical);
}

Test(format, refuses_malformed_text_at_its_place) {
    static const struct {
        const char *text;
        size_t at;
    } cases[] = {
        {"", 0},
        {"float", 0},
        {"fixed", 5},
        {"fixed(8,1)", 5},
        {"fixed<>", 6},
        {"fixed<8>", 7},
        {"fixed<0,1>", 6},
        {"fixed<65,1>", 6},
        {"fixed<8,129>", 8},
        {"fixed<8,-65>", 8},
        {"fixed<8,1", 9},
        {"fixed<8,1>x", 10},
        {"fixed<8,1,UP>", 10},
        {"fixed<8,1,RND,NO>", 14},
        {"fixed<8,1,RND,SAT,0>", 17},
        {"fixed<8.0,1>", 6},
        {"fixed<8,1.5>", 8},
        {"fixed<eight,1>", 6},
        {"fixed<99999999999999999999,1>", 6},
        {"int<8,3>", 6},
        {"FIXED<8,1>", 0},
        {"fixed<-8,1>", 6},
        {"fixed<8,>", 8},
        {"fixed<8,1,>", 10},
        {"fixed<8,1,rnd>", 10},
        {"ap_ap_fixed<8,1>", 0},
        {"fixed<8,1>>", 10},
        {"fixed<8,--1>", 8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nh_format f;
        const char *why = NULL;
        size_t at = 999;
        cr_expect(!nh_format_parse(cases[i].text, &f, &why, &at), "'%s' was read", cases[i].text);
        cr_expect(why && strlen(why) > 5);
        cr_expect_eq(at, cases[i].at, "'%s': at %zu, not %zu (%s)", cases[i].text, at, cases[i].at, why ? why : "");
    }
}

Test(format, print_and_parse_are_inverse_over_all_modes) {
    for (int width = 1; width <= 64; width += 7)
        for (int int_bits = -64; int_bits <= 128; int_bits += 16)
            for (int mode = 0; mode < 7 * 4 * 2; mode++) {
                nh_format f =
                    nh_format_make(mode % 2, width, int_bits, (nh_round)(mode / 8), (nh_overflow)(mode / 2 % 4));
                char buf[NH_FORMAT_TEXT];
                cr_assert(nh_format_equal(parse(nh_format_print(f, buf)), f), "%s", buf);
            }
}

/* Longest text: ufixed<64,-64,RND_MIN_INF,SAT_ZERO>. */
Test(format, longest_text_fits_its_buffer) {
    char buf[NH_FORMAT_TEXT];
    nh_format_print(nh_format_make(false, 64, -64, NH_ROUND_RND_MIN_INF, NH_OVERFLOW_SAT_ZERO), buf);
    cr_expect_str_eq(buf, "ufixed<64,-64,RND_MIN_INF,SAT_ZERO>");
}

Test(format, extremes_are_those_of_twos_complement) {
    nh_format s64 = parse("fixed<64,1>"), u64 = parse("ufixed<64,1>"), sym = parse("fixed<8,1,TRN,SAT_SYM>");
    cr_expect(nh_format_max(s64) == INT64_MAX && nh_format_min(s64) == INT64_MIN);
    cr_expect(nh_format_max(u64) == (nh_i128)UINT64_MAX && nh_format_min(u64) == 0);
    cr_expect(nh_format_max(sym) == 127 && nh_format_min(sym) == -127);
    cr_expect(nh_format_min(parse("ufixed<8,1,TRN,SAT_SYM>")) == 0);
    cr_expect(nh_format_max(parse("fixed<1,1>")) == 0 && nh_format_min(parse("fixed<1,1>")) == -1);
}

Test(convert, reads_exact_doubles) {
    nh_fx_count n = {0};
    cr_expect(nh_fx_from_double(0.75, parse("fixed<8,1>"), &n) == 96);
    cr_expect(nh_fx_from_double(-0.0, parse("fixed<8,1>"), &n) == 0);
    cr_expect(nh_fx_from_double(0.1, parse("fixed<8,1,RND>"), &n) == 13); /* 0.1 * 128 = 12.8 */
    cr_expect(nh_fx_from_double(-0.1, parse("fixed<8,1>"), &n) == -13);
    cr_expect(nh_fx_from_double(0.1, parse("fixed<64,1>"), &n) == 922337203685477632); /* Fraction(0.1) * 2^63, floor */
    cr_expect(nh_fx_from_double(4.9e-324, parse("fixed<8,1>"), &n) == 0);
    cr_expect(nh_fx_from_double(-4.9e-324, parse("fixed<8,1>"), &n) == -1);
    cr_expect(n.n == 7 && n.overflowed == 0);
    cr_expect(nh_fx_from_double(1.7e308, parse("fixed<8,1,TRN,SAT>"), &n) == 127);
    cr_expect(nh_fx_from_double(-1.7e308, parse("fixed<8,1>"), &n) == 0); /* a multiple of 256 LSB */
    cr_expect(nh_fx_from_double(0x1p63, parse("ufixed<64,64>"), &n) == (nh_i128)1 << 63);
    cr_expect(n.n == 10 && n.overflowed == 2);
}

Test(convert, gives_back_doubles) {
    cr_expect(nh_fx_to_double(-13, 7) == -13 / 128.0);
    cr_expect(nh_fx_to_double(3, -4) == 48);
    cr_expect(nh_fx_to_double((nh_i128)1 << 100, 100) == 1);
}

/* fixed<4,4> holds -8 .. 7: 8 and 7.75 end a step early at most, 9 and -9.5 are far away, and 9 wraps to -7. */
Test(format, overflows_are_told_apart_by_where_they_went) {
    nh_format f = nh_format_make(true, 4, 4, NH_ROUND_RND, NH_OVERFLOW_SAT),
              w = nh_format_make(true, 4, 4, NH_ROUND_RND, NH_OVERFLOW_WRAP);
    nh_fx_count n = {0};
    nh_fx_from_double(7, f, &n);
    nh_fx_from_double(7.75, f, &n);
    nh_fx_convert(8, 0, f, &n);
    nh_fx_convert(-9 * 2 - 1, 1, f, &n);
    nh_fx_from_double(9, f, &n);
    nh_fx_from_double(9, w, &n);
    cr_assert_eq(n.n, 6);
    cr_assert_eq(n.overflowed, 5);
    cr_assert_eq(n.near, 2);
    cr_assert_eq(n.low, 1);
    cr_assert_eq(n.wrapped, 1);
}
