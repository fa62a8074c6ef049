/* Values -> spikes. */
#include <math.h>

#include "sample_data.h"

static double uniform(uint64_t seed, uint64_t k) {
    uint64_t z = seed + (k + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    z = z ^ z >> 31;
    return (double)(z >> 11) * 0x1p-53;
}

void nh_encode_rate(const double *p, int64_t n, int64_t steps, int64_t size, uint64_t seed, double *spike) {
    int64_t k = 0;
    for (int64_t s = 0; s < n; s++)
        for (int64_t t = 0; t < steps; t++)
            for (int64_t i = 0; i < size; i++, k++) spike[k] = uniform(seed, (uint64_t)k) < p[s * size + i];
}

void nh_encode_latency(const double *p, int64_t n, int64_t steps, int64_t size, double *spike) {
    for (int64_t k = 0; k < n * steps * size; k++) spike[k] = 0;
    for (int64_t s = 0; s < n; s++)
        for (int64_t i = 0; i < size; i++) {
            double v = p[s * size + i];
            if (v > 0) spike[(s * steps + (int64_t)floor((1 - v) * (double)(steps - 1))) * size + i] = 1;
        }
}
