#include "fx.h"

#include <assert.h>
#include <math.h>

nh_i128 nh_fx_convert(nh_i128 raw, int frac_in, nh_format to, nh_fx_count *count) {
    bool overflowed;
    nh_i128 out = nh_fx_cast(raw, frac_in, nh_format_frac(to), to.width_bits, to.is_signed, to.round, to.overflow, &overflowed);
    if (count) {
        count->n++;
        count->overflowed += overflowed;
    }
    return out;
}

nh_i128 nh_fx_from_double(double v, nh_format to, nh_fx_count *count) {
    assert(isfinite(v));
    /* v = m * 2^exponent with 0.5 <= |m| < 1, so m * 2^53 is an integer: also for subnormals. */
    int exponent;
    double m = frexp(v, &exponent);
    return nh_fx_convert((nh_i128)ldexp(m, 53), 53 - exponent, to, count);
}

double nh_fx_to_double(nh_i128 raw, int frac) { return ldexp((double)raw, -frac); }
