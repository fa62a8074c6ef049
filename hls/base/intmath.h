/* Integer arithmetic that several stages need. */
#ifndef NH_INTMATH_H
#define NH_INTMATH_H

#include <stdint.h>

/* a / b rounded up; a >= 0, b > 0. */
static inline int64_t nh_ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* Smallest k with 2^k >= n; 0 for n = 0. */
static inline int nh_log2_ceil(uint64_t n) {
    int k = 0;
    while (k < 64 && ((uint64_t)1 << k) < n) k++;
    return k;
}

#endif
