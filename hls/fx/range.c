#include "fx.h"

#include <assert.h>

/* An interval end that leaves 128 bits sticks at the extreme: its width is then 128, which no format holds.
 */
#define I128_MAX ((nh_i128)(~(nh_u128)0 >> 1))
#define I128_MIN (-I128_MAX - 1)

static nh_i128 sat_add(nh_i128 a, nh_i128 b) {
    nh_i128 r;
    return __builtin_add_overflow(a, b, &r) ? (a < 0 ? I128_MIN : I128_MAX) : r;
}

static nh_i128 sat_mul(nh_i128 a, nh_i128 b) {
    nh_i128 r;
    return __builtin_mul_overflow(a, b, &r) ? ((a < 0) != (b < 0) ? I128_MIN : I128_MAX) : r;
}

static nh_i128 least(nh_i128 a, nh_i128 b) { return a < b ? a : b; }
static nh_i128 most(nh_i128 a, nh_i128 b) { return a > b ? a : b; }

nh_range nh_range_of(nh_format f) { return (nh_range){nh_format_min(f), nh_format_max(f)}; }

nh_range nh_range_hull(nh_range a, nh_range b) { return (nh_range){least(a.lo, b.lo), most(a.hi, b.hi)}; }

nh_range nh_range_add(nh_range a, nh_range b) { return (nh_range){sat_add(a.lo, b.lo), sat_add(a.hi, b.hi)}; }

nh_range nh_range_mul(nh_range a, nh_range b) {
    nh_i128 p = sat_mul(a.lo, b.lo), q = sat_mul(a.lo, b.hi), r = sat_mul(a.hi, b.lo), s = sat_mul(a.hi, b.hi);
    return (nh_range){least(least(p, q), least(r, s)), most(most(p, q), most(r, s))};
}

nh_range nh_range_shl(nh_range a, int bits) {
    assert(bits >= 0);
    while (bits > 0) { /* in steps that a positive factor can express */
        int step = bits < 126 ? bits : 126;
        a = (nh_range){sat_mul(a.lo, (nh_i128)1 << step), sat_mul(a.hi, (nh_i128)1 << step)};
        bits -= step;
    }
    return a;
}

/* Bits of the magnitude part: the smallest n with -2^n <= v < 2^n. */
static int magnitude_bits(nh_i128 v) {
    nh_u128 m = v < 0 ? ~(nh_u128)v : (nh_u128)v;
    uint64_t high = (uint64_t)(m >> 64), low = (uint64_t)m;
    return high ? 128 - __builtin_clzll(high) : low ? 64 - __builtin_clzll(low) : 0;
}

int nh_range_signed_width(nh_range r) {
    int lo = magnitude_bits(r.lo), hi = magnitude_bits(r.hi);
    return 1 + (lo > hi ? lo : hi);
}

int nh_range_width(nh_range r, bool *is_signed) {
    *is_signed = r.lo < 0;
    if (r.lo < 0) return nh_range_signed_width(r);
    int bits = magnitude_bits(r.hi);
    return bits > 0 ? bits : 1;
}

bool nh_range_format(nh_range r, int frac, nh_format *out) {
    bool is_signed;
    int width = nh_range_width(r, &is_signed);
    if (width > 64) return false;
    *out = nh_format_make(is_signed, width, width - frac, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    return true;
}

nh_range nh_range_convert(nh_range r, int frac_in, nh_format to) {
    nh_fx_count count = {0};
    nh_range image = {nh_fx_convert(r.lo, frac_in, to, &count), nh_fx_convert(r.hi, frac_in, to, &count)};
    if (count.overflowed == 0) return image; /* rounding is monotone */
    switch (to.overflow) {
    case NH_OVERFLOW_SAT:
    case NH_OVERFLOW_SAT_SYM: return image; /* so is clamping */
    case NH_OVERFLOW_SAT_ZERO:
        /* Clamped ends bound what stays in range; the rest becomes 0. */
        to.overflow = NH_OVERFLOW_SAT;
        return nh_range_hull(nh_range_convert(r, frac_in, to), (nh_range){0, 0});
    case NH_OVERFLOW_WRAP: break;
    }
    return nh_range_of(to);
}
