/* Polynomials of table segments: those of a polynomial are the polynomial, whatever its degree; the segments that are
 * chosen are no more than the curve needs. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "../../../hls/datapath/curve.h"

static long double cubic(long double x, const double *p) { return p[0] + x * (p[1] + x * (p[2] + x * p[3])); }

static long double horner(const nh_segments *s, const int64_t *k, long double t) {
    long double rest = 0;
    for (int i = s->degree; i > 0; i--) rest = (rest + (long double)k[i]) * t;
    return ldexpl((long double)k[0], -s->frac) + ldexpl(rest, -nh_segments_work_frac(s));
}

/* coefficient[]: of the polynomial; x in 256ths. */
static double coefficient[4];

static long double polynomial(long double x, const double *p) { return (void)p, cubic(x, coefficient); }

static nh_curve curve_of(const double *p, nh_i128 lo, nh_i128 hi) {
    memcpy(coefficient, p, sizeof coefficient);
    return (nh_curve){.fn = {.f = polynomial},
                      .in_lsb = ldexpl(1, -8),
                      .x = {lo, hi},
                      .out = nh_format_make(true, 24, 8, NH_ROUND_RND, NH_OVERFLOW_SAT)};
}

/* Coefficients that every sample of a segment holds exactly: degree d has d + 1 of them. */
Test(curve, a_polynomial_of_the_degree_of_a_segment_is_met_everywhere) {
    for (int degree = 1; degree <= 3; degree++) {
        double p[4] = {0};
        for (int i = 0; i <= degree; i++) p[i] = i % 2 ? -0.75 : 1.5;
        nh_curve c = curve_of(p, -768, 767);
        nh_segments s = {.degree = degree, .drop = 8, .first = -3, .last = 2, .frac = 28};
        for (nh_i128 n = s.first; n <= s.last; n++) {
            int64_t k[NH_CURVE_DEGREE + 1] = {0};
            nh_curve_fit(&c, &s, n, k);
            for (int x = 0; x < 256; x++) {
                long double want = cubic((nh_segment_start(&s, n) + x) * c.in_lsb, p), got = horner(&s, k, x / 256.0L);
                cr_assert_leq(fabsl(want - got), 3 * ldexpl(1, -28), "degree %d, segment %d, %d: %Lg for %Lg", degree,
                              (int)n, x, got, want);
            }
        }
    }
}

/* In octaves too, where segments are of different lengths. */
Test(curve, octaves_of_a_parabola_are_met_everywhere) {
    const double p[4] = {0.5, -1, 0.25, 0};
    nh_curve c = curve_of(p, 1, 1023);
    nh_segments s = {.degree = 2, .octaves = true, .parts_log2 = 1, .first = 0, .last = 19, .frac = 28};
    for (nh_i128 n = s.first; n <= s.last; n++) {
        long double start = nh_segment_start(&s, n), length = nh_segment_length(&s, n);
        int64_t k[NH_CURVE_DEGREE + 1] = {0};
        nh_curve_fit(&c, &s, n, k);
        for (int i = 0; i < 16; i++) {
            long double want = cubic((start + length * i / 16) * c.in_lsb, p), got = horner(&s, k, i / 16.0L);
            cr_assert_leq(fabsl(want - got), 3 * ldexpl(1, -28), "segment %d", (int)n);
        }
    }
}

/* A parabola over 12 bits takes one segment of degree 2, a line one of degree 1, and a cubic one of degree 3: a fit
 * that misses a point would need more. */
Test(curve, a_polynomial_takes_one_segment_of_its_degree) {
    for (int degree = 1; degree <= 3; degree++) {
        double p[4] = {0};
        p[degree] = 0.5, p[0] = 0.25;
        nh_curve c = curve_of(p, 0, 2047);
        nh_segments s = nh_curve_choose(&c, 4);
        cr_expect_eq(s.degree, degree, "%d for %d", s.degree, degree);
        cr_expect_eq(nh_segments_count(&s), 1, "%d segments", (int)nh_segments_count(&s));
    }
}

/* Without a polynomial an entry is the curve in the middle of its segment. */
Test(curve, of_a_constant_segment_the_middle_is_kept) {
    const double p[4] = {0, 1, 0, 0};
    nh_curve c = curve_of(p, 0, 4095);
    nh_segments s = {.degree = 0, .drop = 4, .first = 0, .last = 255, .frac = 16};
    for (nh_i128 n = 0; n < 256; n++) {
        int64_t k[NH_CURVE_DEGREE + 1];
        nh_curve_fit(&c, &s, n, k);
        cr_assert_eq(k[0], ((int64_t)n * 16 * 2 + 15) << 7, "segment %d", (int)n); /* n * 16 + 7.5, of 256ths */
    }
}
