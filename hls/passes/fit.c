#include "fit.h"

#include <math.h>
#include <stdlib.h>

static int64_t gcd(int64_t a, int64_t b) { return b == 0 ? a : gcd(b, a % b); }

int64_t nh_kept_stride(int64_t n, int64_t period) {
    int64_t stride = (n + NH_KEPT_VALUES - 1) / NH_KEPT_VALUES;
    if (stride <= 1) return 1;
    while (gcd(stride, period) != 1) stride++;
    return stride;
}

static int compare_reals(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile_of_sorted(const double *v, int64_t n, double percentile) {
    double at = fmin(fmax(percentile, 0), 100) / 100 * (double)(n - 1);
    int64_t i = (int64_t)at;
    return i + 1 < n ? v[i] + (at - (double)i) * (v[i + 1] - v[i]) : v[n - 1];
}

void nh_percentile_range(nh_values values, double percentile, double *lo, double *hi) {
    qsort(values.v, (size_t)values.n, sizeof *values.v, compare_reals);
    *lo = percentile_of_sorted(values.v, values.n, 100 - percentile);
    *hi = percentile_of_sorted(values.v, values.n, percentile);
}

static bool covers(nh_format f, double lo, double hi) {
    nh_fx_count count = {0};
    nh_fx_from_double(lo, f, &count);
    nh_fx_from_double(hi, f, &count);
    return count.overflowed == 0;
}

/* Integer bits are kept where nh_format_parse reads them back. */
static int clamp_int_bits(int bits) { return bits < -64 ? -64 : bits > 128 ? 128 : bits; }

static int int_bits_covering(nh_fit f, double lo, double hi) {
    double most = fmax(fabs(lo), fabs(hi));
    if (most == 0) return f.is_signed;
    int exponent, int_bits;
    frexp(most, &exponent); /* most < 2^exponent */
    for (int_bits = exponent - 1; int_bits < exponent + 3; int_bits++)
        if (covers(nh_format_make(f.is_signed, f.bits, int_bits, f.round, NH_OVERFLOW_SAT), lo, hi)) break;
    return clamp_int_bits(int_bits);
}

/* Sum of squared errors of integers lo..hi times step. */
static double squared_error(nh_fit f, double step, double raw_lo, double raw_hi) {
    double sum = 0;
    for (int64_t i = 0; i < f.values.n; i++) {
        double v = f.values.v[i] / f.unit, raw = fmin(fmax(nearbyint(v / step), raw_lo), raw_hi), e = v - raw * step;
        sum += e * e;
    }
    return sum;
}

nh_format nh_fit_format(nh_fit f) {
    enum { FEWER = 4 };
    int widest = int_bits_covering(f, f.lo / f.unit, f.hi / f.unit);
    nh_format best = nh_format_make(f.is_signed, f.bits, widest, f.round, NH_OVERFLOW_SAT);
    double raw_lo = (double)nh_format_min(best), raw_hi = (double)nh_format_max(best), least = INFINITY;
    for (int int_bits = widest; f.values.n > 0 && int_bits >= clamp_int_bits(widest - FEWER); int_bits--) {
        double error = squared_error(f, ldexp(1, int_bits - f.bits), raw_lo, raw_hi);
        if (error >= least) continue;
        least = error;
        best.int_bits = int_bits;
    }
    return best;
}

nh_format nh_fit_raw(nh_range r, int frac, int bits) {
    bool is_signed;
    int exact = nh_range_width(r, &is_signed);
    nh_format f = nh_format_make(is_signed, bits, exact - frac, NH_ROUND_RND, NH_OVERFLOW_SAT);
    nh_fx_count count = {0};
    nh_fx_convert(r.lo, frac, f, &count);
    nh_fx_convert(r.hi, frac, f, &count);
    f.int_bits += count.overflowed > 0; /* the end rounds up to the next power of two */
    return f;
}

double nh_fit_scale(nh_fit f) {
    enum { STEPS = 32 };
    double top = ldexp(1, f.bits - f.is_signed) - 1, most = fmax(fabs(f.lo), fabs(f.hi));
    if (top < 1) top = 1;
    double best = most / top, least = INFINITY;
    double bottom = f.is_signed ? -top : 0;
    f.unit = 1;
    for (int k = 0; f.values.n > 0 && most > 0 && k <= STEPS / 2; k++) {
        double scale = most / top * (STEPS - k) / STEPS, error = squared_error(f, scale, bottom, top);
        if (error >= least) continue;
        least = error;
        best = scale;
    }
    return best;
}
