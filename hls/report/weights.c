#include "weights.h"

#include <math.h>

static double lsb_of(const nh_param *w, int64_t channel) {
    return ldexp(w->scale ? w->scale[channel] : 1, -nh_format_frac(w->fmt));
}

bool nh_weight_stats_of(const nh_param *w, nh_weight_stats *out) {
    int64_t n = w && w->value && w->raw ? nh_shape_size(w->shape) : 0,
            rows = n > 0 && w->shape.rank > 0 ? w->shape.dim[0] : 1;
    double sum = 0;
    if (n < 1) return false;
    *out = (nh_weight_stats){.n = n, .least = w->value[0], .most = w->value[0], .lsb_least = INFINITY};
    for (int64_t i = 0; i < n; i++) {
        double lsb = lsb_of(w, i / (n / rows)), error = fabs((double)w->raw[i] * lsb - w->value[i]);
        out->least = fmin(out->least, w->value[i]);
        out->most = fmax(out->most, w->value[i]);
        out->lsb_least = fmin(out->lsb_least, lsb);
        out->lsb_most = fmax(out->lsb_most, lsb);
        out->max_abs = fmax(out->max_abs, error);
        out->zeros += w->raw[i] == 0;
        sum += error;
    }
    out->mean_abs = sum / (double)n;
    out->reach = fmax(-out->least, out->most);
    for (int64_t i = 0; i < n && out->reach > 0; i++) {
        int b = (int)floor((w->value[i] / out->reach + 1) / 2 * NH_WEIGHT_BINS);
        out->bin[b < NH_WEIGHT_BINS ? b : NH_WEIGHT_BINS - 1]++; /* the largest itself belongs to the last */
    }
    return true;
}
