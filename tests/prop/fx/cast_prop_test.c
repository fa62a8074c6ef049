/* Casts against an oracle on rationals: quotient and remainder by division, nearest by comparing distances, wrapping by
 * the true modulus. It shares nothing with the shifts and masks of nh_fx.h. */
#include "fx.h"

#include <criterion/criterion.h>
#include <math.h>

static nh_i128 power(int n) {
    nh_i128 p = 1;
    while (n-- > 0) p *= 2;
    return p;
}

/* num/den, den > 0, to an integer. */
static nh_i128 round_rational(nh_i128 num, nh_i128 den, nh_round mode) {
    nh_i128 below = num / den;
    if (below * den > num) below--;
    nh_i128 above = below * den == num ? below : below + 1;
    nh_i128 to_below = num - below * den, to_above = above * den - num; /* distances, in 1/den */
    nh_i128 toward_zero = num < 0 ? above : below, from_zero = num < 0 ? below : above;
    if (mode == NH_ROUND_TRN) return below;
    if (mode == NH_ROUND_TRN_ZERO) return toward_zero;
    if (to_below != to_above) return to_below < to_above ? below : above;
    switch (mode) {
    case NH_ROUND_RND: return above;
    case NH_ROUND_RND_ZERO: return toward_zero;
    case NH_ROUND_RND_INF: return from_zero;
    case NH_ROUND_RND_MIN_INF: return below;
    default: return below % 2 == 0 ? below : above;
    }
}

static nh_i128 oracle(nh_i128 raw, int frac_in, nh_format to, bool *lost) {
    int frac_out = nh_format_frac(to), w = to.width_bits;
    nh_i128 q =
        frac_in > frac_out ? round_rational(raw, power(frac_in - frac_out), to.round) : raw * power(frac_out - frac_in);
    nh_i128 lo = to.is_signed ? -power(w - 1) : 0, hi = to.is_signed ? power(w - 1) - 1 : power(w) - 1;
    if (to.overflow == NH_OVERFLOW_SAT_SYM && to.is_signed) lo = -hi;
    *lost = q < lo || q > hi;
    if (!*lost) return q;
    if (to.overflow == NH_OVERFLOW_SAT_ZERO) return 0;
    if (to.overflow != NH_OVERFLOW_WRAP) return q < lo ? lo : hi;
    nh_i128 modulus = power(w), r = (q - lo) % modulus;
    return lo + (r < 0 ? r + modulus : r);
}

static uint64_t next(uint64_t *state) { /* splitmix64 */
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int between(uint64_t *state, int lo, int hi) { return lo + (int)(next(state) % (uint64_t)(hi - lo + 1)); }

static nh_format mode_format(int mode, int w, int i) {
    return nh_format_make(mode % 2, w, i, (nh_round)(mode / 8), (nh_overflow)(mode / 2 % 4));
}

static void check(nh_i128 raw, int frac_in, nh_format f) {
    bool lost;
    nh_fx_count count = {0};
    nh_i128 want = oracle(raw, frac_in, f, &lost), got = nh_fx_convert(raw, frac_in, f, &count);
    if (got != want || (count.overflowed == 1) != lost) {
        char buf[NH_FORMAT_TEXT];
        cr_assert(false, "%lld * 2^%d -> %s: %lld, not %lld", (long long)raw, -frac_in, nh_format_print(f, buf),
                  (long long)got, (long long)want);
    }
}

Test(cast, small_formats_exhaustively) {
    for (int mode = 0; mode < 56; mode++)
        for (int w = 1; w <= 4; w++)
            for (int i = -3; i <= 7; i += 2)
                for (int frac_in = -3; frac_in <= 7; frac_in++)
                    for (int raw = -40; raw <= 40; raw++) check(raw, frac_in, mode_format(mode, w, i));
}

/* A random integer of up to `bits` bits that is near a power of two or a tie more often than a uniform one. */
static nh_i128 spiky(uint64_t *state, int bits) {
    int n = between(state, 1, bits), kind = between(state, 0, 3);
    nh_i128 v = ((nh_i128)(next(state) >> 1) * power(62) + (nh_i128)(next(state) >> 2)) % power(n);
    if (kind == 1) v = power(n) + between(state, -2, 2);
    if (kind == 2) v = v - v % power(between(state, 0, n)) + between(state, -1, 1);
    return next(state) % 2 ? v : -v;
}

Test(cast, large_formats_at_random) {
    uint64_t state = 1;
    for (int k = 0; k < 600000; k++) {
        int w = between(&state, 1, 64), frac_in = between(&state, -60, 60), shift = between(&state, -120, 55);
        nh_format f = mode_format(k % 56, w, w - (frac_in + shift));
        check(spiky(&state, shift > 0 ? 124 - shift - 56 > 1 ? 124 - shift - 56 : 1 : 120), frac_in, f);
    }
}

Test(cast, words_of_32_and_64_bits_agree_with_128) {
    uint64_t state = 2;
    for (int k = 0; k < 600000; k++) {
        nh_format f = mode_format(k % 56, between(&state, 1, 63), between(&state, -80, 80));
        int frac_in = between(&state, -90, 90), frac = nh_format_frac(f);
        int64_t raw = (int64_t)spiky(&state, 62);
        nh_i128 want = nh_fx_cast(raw, frac_in, frac, f.width_bits, f.is_signed, f.round, f.overflow, NULL);
        cr_assert(nh_fx_cast64(raw, frac_in, frac, f.width_bits, f.is_signed, f.round, f.overflow) == want);
        int32_t raw32 = (int32_t)(raw >> 31);
        int w32 = 1 + f.width_bits % 31;
        want = nh_fx_cast(raw32, frac_in, frac, w32, f.is_signed, f.round, f.overflow, NULL);
        cr_assert(nh_fx_cast32(raw32, frac_in, frac, w32, f.is_signed, f.round, f.overflow) == want);
    }
}

Test(convert, doubles_agree_with_their_integers) {
    uint64_t state = 3;
    for (int k = 0; k < 300000; k++) {
        nh_format f = mode_format(k % 56, between(&state, 1, 64), between(&state, -64, 80));
        int64_t m = (int64_t)spiky(&state, 52);
        int e = between(&state, -140, 140);
        nh_fx_count a = {0}, b = {0};
        cr_assert(nh_fx_from_double(ldexp((double)m, e), f, &a) == nh_fx_convert(m, -e, f, &b));
        cr_assert_eq(a.overflowed, b.overflowed);
    }
}

Test(range, convert_contains_every_image_and_is_tight_without_wrapping) {
    uint64_t state = 4;
    for (int k = 0; k < 60000; k++) {
        nh_format f = mode_format(k % 56, between(&state, 1, 6), between(&state, -2, 8));
        int frac_in = between(&state, -2, 6), lo = between(&state, -90, 90), hi = lo + between(&state, 0, 60);
        nh_range r = nh_range_convert((nh_range){lo, hi}, frac_in, f);
        nh_i128 seen_lo = nh_format_max(f), seen_hi = nh_format_min(f);
        for (int raw = lo; raw <= hi; raw++) {
            nh_i128 y = nh_fx_convert(raw, frac_in, f, NULL);
            cr_assert(y >= r.lo && y <= r.hi);
            seen_lo = y < seen_lo ? y : seen_lo;
            seen_hi = y > seen_hi ? y : seen_hi;
        }
        bool is_clamped = f.overflow == NH_OVERFLOW_SAT || f.overflow == NH_OVERFLOW_SAT_SYM;
        cr_assert(!is_clamped || (seen_lo == r.lo && seen_hi == r.hi));
    }
}

Test(range, arithmetic_contains_its_results) {
    uint64_t state = 5;
    for (int k = 0; k < 3000; k++) {
        int a = between(&state, -9, 9), b = a + between(&state, 0, 6), c = between(&state, -9, 9),
            d = c + between(&state, 0, 6);
        nh_range x = {a, b}, y = {c, d}, sum = nh_range_add(x, y), prod = nh_range_mul(x, y);
        for (int i = a; i <= b; i++)
            for (int j = c; j <= d; j++) {
                cr_assert(i + j >= sum.lo && i + j <= sum.hi);
                cr_assert(i * j >= prod.lo && i * j <= prod.hi);
            }
    }
}
