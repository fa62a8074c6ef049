#include "sim.h"

static double sum_of(const double *values, int64_t steps, int64_t n_out, int64_t o) {
    double sum = 0;
    for (int64_t t = 0; t < steps; t++) sum += values[t * n_out + o];
    return sum;
}

static int64_t largest_sum(const double *values, int64_t steps, int64_t n_out) {
    int64_t best = 0;
    double most = sum_of(values, steps, n_out, 0);
    for (int64_t o = 1; o < n_out; o++) {
        double sum = sum_of(values, steps, n_out, o);
        if (sum > most) best = o, most = sum;
    }
    return best;
}

static bool is_active(double v) { return v < 0 || v > 0; }

static int64_t first_active(const double *values, int64_t steps, int64_t n_out) {
    int64_t best = -1;
    for (int64_t t = 0; t < steps && best < 0; t++)
        for (int64_t o = 0; o < n_out; o++) {
            if (!is_active(values[t * n_out + o])) continue;
            if (best < 0 || sum_of(values, steps, n_out, o) > sum_of(values, steps, n_out, best)) best = o;
        }
    return best < 0 ? 0 : best;
}

int64_t nh_readout_class(const double *values, int64_t steps, int64_t n_out, nh_readout readout) {
    if (readout == NH_READOUT_FIRST_SPIKE) return first_active(values, steps, n_out);
    if (readout == NH_READOUT_MEMBRANE) return largest_sum(values + (steps - 1) * n_out, 1, n_out);
    return largest_sum(values, steps, n_out);
}
