/* Interval analysis of sums of weights times inputs. */
#include "infer.h"

/* Sums of the negative (lo) and of the positive (hi) weights of a row. */
static nh_range sign_sums(const int64_t *w, int64_t n, bool fits_int64) {
    nh_range r = {0, 0};
    if (fits_int64) {
        int64_t positive = 0, all = 0;
        for (int64_t i = 0; i < n; i++) {
            positive += w[i] > 0 ? w[i] : 0;
            all += w[i];
        }
        return (nh_range){all - positive, positive};
    }
    for (int64_t i = 0; i < n; i++) *(w[i] > 0 ? &r.hi : &r.lo) += w[i];
    return r;
}

/* Every input has the interval x: the minimum of the sum has the positive weights at x's minimum and the negative ones
 * at its maximum. */
static nh_range row_range(nh_range weights, nh_range x) {
    return nh_range_add(nh_range_mul(x, (nh_range){weights.lo, weights.lo}),
                        nh_range_mul(x, (nh_range){weights.hi, weights.hi}));
}

nh_range nh_infer_sums(const nh_layer *l, nh_range x, nh_range *sum) {
    const nh_range none = {0, 0};
    int64_t rows = l->weight->shape.dim[0], per = nh_shape_size(l->weight->shape) / rows;
    bool fits_int64 = l->weight->fmt.width_bits + 64 - __builtin_clzll((unsigned long long)per) <= 62;
    nh_range partial = none;
    if (l->op == NH_OP_CONV) x = nh_range_hull(x, none);
    for (int64_t o = 0; o < rows; o++) {
        nh_i128 b = l->bias ? l->bias->raw[o] : 0;
        nh_range weights = sign_sums(l->weight->raw + o * per, per, fits_int64), bias = {b, b};
        if (sum) sum[o] = nh_range_add(bias, row_range(weights, x));
        /* A term of a part, and the bias, may be missing yet: 0 is among them. */
        nh_range part = nh_range_add(nh_range_hull(bias, none), row_range(weights, nh_range_hull(x, none)));
        partial = nh_range_hull(partial, part);
    }
    return partial;
}
