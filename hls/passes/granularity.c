/* One scale for all weights of a layer or one per output, where the configuration leaves it open.
 *
 * A scale per output costs hardware behind the sums: a multiplication that differs from row to row. An unrolled layer
 * has a power of two as wires, a neuron as a factor of its input that is as wide as the scales are apart. It is worth
 * that where it saves at least one bit of every weight: where the squared error of the weights, as it reaches the
 * layer's output, falls to a quarter. An engine whose results are rounded would get a requantizer, a whole multiplier
 * beside those of the budget: it keeps one scale. The error is computed from the weights alone; where calibration
 * followed the inputs of the layer, each weight's error counts by the power of its input. A scale of any value (scale:
 * arbitrary) is never chosen: it saves less than one bit against the power of two above it, and takes a full
 * multiplier. */
#include <math.h>

#include "infer.h"

#define ONE_BIT 4 /* ratio of squared errors */

/* What the error of a weight counts; element i of a row: power[i * stride], 1 where there is no power. */
typedef struct {
    const double *power;
    int64_t stride, per;
} weighting;

/* Squared error of n weights v, whole rows of them, that share a scale. */
static double squared_error(nh_infer *c, const nh_layer *l, const double *v, int64_t n, weighting w) {
    nh_fit fit = nh_infer_weight_fit(c, l, v, n);
    int bits = l->opt.weight_bits;
    nh_format f = nh_format_make(true, bits, bits, NH_ROUND_RND_CONV, NH_OVERFLOW_SAT);
    double scale = 1, sum = 0;
    if (l->opt.scale == NH_SCALE_ARBITRARY)
        scale = nh_fit_scale(fit);
    else
        f = nh_fit_format(fit);
    nh_fx_count ignored = {0};
    for (int64_t i = 0; scale > 0 && i < n; i++) {
        double e = scale * nh_fx_to_double(nh_fx_from_double(v[i] / scale, f, &ignored), nh_format_frac(f)) - v[i];
        sum += e * e * (w.power ? w.power[i % w.per * w.stride] : 1);
    }
    return sum;
}

nh_granularity nh_infer_granularity(nh_infer *c, const nh_layer *l, const double *v, bool may_scale) {
    if (l->opt.granularity != NH_GRANULARITY_AUTO) return l->opt.granularity;
    int64_t n = nh_shape_size(l->weight->shape), rows = l->weight->shape.dim[0], per = n / rows;
    if (!may_scale || !l->opt.weight.is_auto || rows < 2 || per < 2) return NH_PER_TENSOR;
    const nh_activity *act = c->seen ? c->seen->trace[l - c->g->layer].activity : NULL;
    weighting w = {.power = act ? act->sum : NULL, .stride = per + 1, .per = per};
    double together = squared_error(c, l, v, n, w), apart = 0;
    for (int64_t o = 0; o < rows; o++) apart += squared_error(c, l, v + o * per, per, w);
    if (together < ONE_BIT * apart || !(together > 0)) return NH_PER_TENSOR;
    const char *gain = apart > 0 ? nh_arena_printf(c->scratch, "falls to 1/%.1f, as with %.1f more weight_bits",
                                                   together / apart, 0.5 * log2(together / apart))
                                 : "becomes 0";
    nh_infer_say(c, l, NH_N_FORMAT,
                 "every output has its own scale of weights (granularity: auto): the squared error of the weights %s",
                 gain);
    return NH_PER_CHANNEL;
}
