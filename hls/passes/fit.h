/* Choosing number formats and scales from values: minmax, percentile, least squares. */
#ifndef NH_FIT_H
#define NH_FIT_H

#include "passes.h"

/* Values of which at most NH_KEPT_VALUES, evenly strided, are kept for percentiles and squared errors. */
#define NH_KEPT_VALUES 4096
typedef struct {
    double *v;
    int64_t n;
} nh_values;

/* Smallest stride that keeps at most NH_KEPT_VALUES of n values and shares no factor with `period`, so that
 * rows of that length are sampled at every column. */
int64_t nh_kept_stride(int64_t n, int64_t period);
/* The p-th percentile and its mirror, linear between neighbours (numpy's default); sorts the values. values.n
 * >= 1. */
void nh_percentile_range(nh_values values, double percentile, double *lo, double *hi);

/* What a format must represent. lo..hi is the interval to cover; values, when given, decide by squared error
 * how much of it may be cut off. */
typedef struct {
    double lo, hi;
    nh_values values; /* n = 0: cover lo..hi */
    double unit;      /* real value of raw 1 at frac 0: everything is divided by it */
    bool is_signed;
    int bits;
    nh_round round;
} nh_fit;

/* `bits` wide, the fewest integer bits with which no end of lo..hi overflows (with values: up to 4 fewer,
 * least squared error); saturating. */
nh_format nh_fit_format(nh_fit f);
/* The same for an interval of raw integers. */
nh_format nh_fit_raw(nh_range r, int frac, int bits);
/* Scale of integers `bits` wide: max(|lo|,|hi|) on the largest raw (with values: down to half of that, least
 * squared error). 0 when everything is 0. */
double nh_fit_scale(nh_fit f);

#endif
