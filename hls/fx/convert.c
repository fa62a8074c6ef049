#include "fx.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* What became of a value that left the format: value is its real size in steps of the format. */
static void count_overflow(nh_fx_count *count, double steps, double out, nh_overflow mode) {
    bool near = fabs(steps - out) <= 1;
    count->overflowed++;
    count->wrapped += mode == NH_OVERFLOW_WRAP;
    count->near += mode != NH_OVERFLOW_WRAP && near;
    count->low += mode != NH_OVERFLOW_WRAP && !near && steps < 0;
}

nh_i128 nh_fx_convert(nh_i128 raw, int frac_in, nh_format to, nh_fx_count *count) {
    bool overflowed;
    nh_i128 out =
        nh_fx_cast(raw, frac_in, nh_format_frac(to), to.width_bits, to.is_signed, to.round, to.overflow, &overflowed);
    if (count) {
        count->n++;
        if (overflowed)
            count_overflow(count, ldexp((double)raw, nh_format_frac(to) - frac_in), (double)out, to.overflow);
    }
    return out;
}

nh_i128 nh_fx_from_double(double v, nh_format to, nh_fx_count *count) {
    assert(isfinite(v));
    /* IEEE 754: |v| = mantissa * 2^(exponent - 1075), so the double is a fixed-point number itself. */
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    int exponent = (int)(bits >> 52 & 0x7ff);
    int64_t mantissa = (int64_t)(bits & (((uint64_t)1 << 52) - 1));
    if (exponent > 0)
        mantissa |= (int64_t)1 << 52;
    else
        exponent = 1;
    if (v < 0) mantissa = -mantissa;
    if (!to.is_signed && to.width_bits == 64) return nh_fx_convert(mantissa, 1075 - exponent, to, count);

    bool overflowed; /* weights come by the million: the 64-bit cast is several times as fast */
    int64_t out = nh_fx_checked_cast64(mantissa, 1075 - exponent, nh_format_frac(to), to.width_bits, to.is_signed,
                                       to.round, to.overflow, &overflowed);
    if (count) {
        count->n++;
        if (overflowed) count_overflow(count, ldexp(v, nh_format_frac(to)), (double)out, to.overflow);
    }
    return out;
}

void nh_fx_constant(double v, nh_i128 *raw, int *frac) { nh_fx_constant_bits(v, 16, raw, frac); }

void nh_fx_constant_bits(double v, int bits, nh_i128 *raw, int *frac) {
    int exponent = 0;
    double m = frexp(v, &exponent); /* v = m * 2^exponent, 0.5 <= |m| < 1 */
    bits = bits < 16 ? 16 : bits > 53 ? 53 : bits;
    *raw = (nh_i128)nearbyint(ldexp(m, bits));
    *frac = bits - exponent;
    while (*raw != 0 && *raw % 2 == 0) {
        *raw /= 2;
        *frac -= 1;
    }
    if (*raw == 0) *frac = 0;
}

double nh_fx_to_double(nh_i128 raw, int frac) { return ldexp((double)raw, -frac); }
