/* A real function of one variable cut into segments, each a polynomial with integer coefficients: what a table holds,
 * and what it costs. docs/arithmetic.md has the arithmetic in full. */
#ifndef NH_DATAPATH_CURVE_H
#define NH_DATAPATH_CURVE_H

#include "datapath.h"

enum { NH_CURVE_DEGREE = 3 };

/* The function as the hardware sees it: x is an integer, raw * in_lsb the real number. */
typedef struct {
    nh_dp_curve fn;
    long double in_lsb;
    nh_range x;    /* integers that come */
    nh_format out; /* of the result; rounds to nearest and saturates, whatever its modes */
} nh_curve;

/* Uniform segments: number s covers [s * 2^drop, (s + 1) * 2^drop). Octaves: number s = (octave << parts_log2) + part
 * covers [2^octave * (1 + part / parts), 2^octave * (1 + (part + 1) / parts)), parts = 2^parts_log2. */
typedef struct {
    int degree;          /* 0: one value per segment */
    bool octaves;        /* else uniform */
    int drop;            /* uniform */
    int parts_log2;      /* octaves */
    nh_i128 first, last; /* numbers of the segments that are kept; what is outside takes the nearest end */
    int frac; /* of the value at the start of a segment; the other coefficients have one more bit where the degree is 3
               */
} nh_segments;

int64_t nh_segments_count(const nh_segments *s);
/* First integer of segment number n, and how many there are in it (less than 1 in the lowest octaves). */
long double nh_segment_start(const nh_segments *s, nh_i128 n);
long double nh_segment_length(const nh_segments *s, nh_i128 n);
/* Fractional bits of the working precision: of coefficients 1.. and of every sum. */
int nh_segments_work_frac(const nh_segments *s);
/* The octave of the largest integer: ceil(log2(max |x| + 1)) - 1. */
int nh_curve_top_octave(const nh_curve *c);

/* The function without its rising part, as a real number. */
long double nh_curve_value(const nh_curve *c, long double raw);
/* The function itself, held within the result's format. */
long double nh_curve_result(const nh_curve *c, long double raw);
/* The coefficients of one segment; k[0] at s->frac, the others at the working precision. */
void nh_curve_fit(const nh_curve *c, const nh_segments *s, nh_i128 n, int64_t k[NH_CURVE_DEGREE + 1]);
/* One LSB of error for as little memory and multiplier as possible; where that is impossible with tables of at most
 * table_size entries (0: 8,192), the least error. */
nh_segments nh_curve_choose(const nh_curve *c, int64_t table_size);

#endif
