/* Numbers of layers without weights: element by element, tables, softmax, argmax. */
#include "infer.h"

#include <math.h>

#include "unary.h"

static nh_i128 least(nh_i128 a, nh_i128 b) { return a < b ? a : b; }
static nh_i128 most(nh_i128 a, nh_i128 b) { return a > b ? a : b; }

/* The floor of a real bound, which may be infinite, in raw integers. */
static nh_i128 raw_floor(double real, int frac) {
    if (!isfinite(real)) return real < 0 ? INT64_MIN : INT64_MAX;
    return nh_fx_from_double(real, nh_format_make(true, 64, 64 - frac, NH_ROUND_TRN, NH_OVERFLOW_SAT), NULL);
}

/* alpha * x for the negative x of the interval, outward: the slope may be quantized by up to 1/64. */
static nh_range leaky_range(nh_range x, double alpha) {
    nh_range y = {most(x.lo, 0), most(x.hi, 0)};
    if (x.lo >= 0) return y;
    double end[2] = {(double)x.lo * alpha, (double)least(x.hi, -1) * alpha};
    for (int i = 0; i < 2; i++) {
        nh_i128 wide = raw_floor(end[i] * (1 + 1. / 64), 0), tight = raw_floor(end[i] * (1 - 1. / 64), 0);
        y = nh_range_hull(y, (nh_range){least(wide, tight), most(wide, tight) + 1});
    }
    return y;
}

/* Bounds of a clip are built with 16 significant bits; one that is not exactly so may move outward by this
 * much. */
static double clip_slack(double bound) {
    int exponent;
    double m = ldexp(frexp(bound, &exponent), 16);
    return isfinite(bound) && m != nearbyint(m) ? fabs(bound) * 0x1p-15 : 0;
}

static nh_range clip_range(nh_range x, const nh_layer *l, double scale, int frac) {
    double low = l->lo / scale, high = l->hi / scale;
    nh_i128 lo = isfinite(low) ? raw_floor(low - clip_slack(low), frac) : x.lo;
    nh_i128 hi = isfinite(high) ? -raw_floor(-high - clip_slack(high), frac) : most(x.hi, lo);
    return (nh_range){most(least(x.lo, hi), lo), least(most(x.hi, lo), hi)};
}

/* x at another scale: the ratio is built with 16 significant bits, so the bounds move outward. */
static nh_range rescaled(nh_range x, double ratio, int frac_in, int frac_out) {
    double lo = nh_fx_to_double(x.lo, frac_in) * ratio, hi = nh_fx_to_double(x.hi, frac_in) * ratio;
    return (nh_range){raw_floor(lo - fabs(lo) * 0x1p-15, frac_out), -raw_floor(-hi - fabs(hi) * 0x1p-15, frac_out)};
}

/* slope * x for the negative x of the interval. */
static nh_range prelu_range(nh_range x, const nh_layer *l, int *frac) {
    int w_frac = nh_format_frac(l->weight->fmt);
    int64_t n = l->weight->shape.dim[0];
    if (w_frac > 0) x = nh_range_shl(x, w_frac), *frac += w_frac;
    nh_range y = {most(x.lo, 0), most(x.hi, 0)};
    for (int64_t i = 0; i < n && x.lo < 0; i++) {
        nh_i128 w = l->weight->raw[i];
        nh_range negative = {x.lo, least(x.hi, 0)}, product = nh_range_mul(negative, (nh_range){w, w});
        if (w_frac > 0)
            product = (nh_range){product.lo >> w_frac, -(-product.hi >> w_frac)};
        else
            product = nh_range_shl(product, -w_frac);
        y = nh_range_hull(y, product);
    }
    return y;
}

bool nh_infer_elementwise(nh_infer *c, nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    int frac = nh_format_frac(x->q.fmt);
    double scale = x->q.scale;
    nh_range y = x->range;
    if (l->op == NH_OP_RELU) y = (nh_range){most(y.lo, 0), most(y.hi, 0)};
    if (l->op == NH_OP_LEAKY_RELU) y = leaky_range(y, l->alpha);
    if (l->op == NH_OP_CLIP) y = clip_range(y, l, scale, frac);
    if (l->op == NH_OP_NEG) y = (nh_range){-y.hi, -y.lo};
    if (l->op == NH_OP_ABS) y = (nh_range){y.lo > 0 ? y.lo : y.hi < 0 ? -y.hi : 0, most(-y.lo, y.hi)};
    if (l->op == NH_OP_THRESHOLDED_RELU) y = nh_range_hull(y, (nh_range){0, 0});
    if (l->op == NH_OP_PRELU) {
        nh_layer plain = *l; /* slopes have no scale of their own */
        plain.opt.scale = NH_SCALE_POWER_OF_TWO;
        if (!nh_infer_weight(c, &plain, l->weight->shape.dim[0], 1)) return false;
        y = prelu_range(y, l, &frac);
    }
    if (!l->opt.result.is_auto && scale != 1) { /* a given format is read at scale 1 */
        nh_infer_say(c, l, NH_N_RESCALED,
                     "its input has scale %g and its result format is given: a constant multiplier of 16 "
                     "significant bits is built",
                     scale);
        int frac_out = nh_format_frac(l->opt.result.fmt);
        y = rescaled(y, scale, frac, frac_out);
        frac = frac_out;
        scale = 1;
    }
    return nh_infer_result(c, l, y, frac, scale);
}

/* Tables round to nearest, whatever the format's mode says: one step of room on both sides. */
static bool infer_table(nh_infer *c, const nh_layer *l, double lo, double hi) {
    nh_format f = l->opt.result.fmt;
    if (l->opt.result.is_auto)
        f = nh_format_make(lo < 0, l->opt.result_bits, lo < 0 ? 1 : 0, NH_ROUND_RND, NH_OVERFLOW_SAT);
    if (!nh_infer_signed64(c, l, "result", f, l->opt.result.at)) return false;
    nh_fx_count ends = {0};
    nh_range all = nh_range_of(f);
    nh_range y = {nh_fx_from_double(lo, f, &ends) - 1, nh_fx_from_double(hi, f, &ends) + 1};
    y = (nh_range){most(y.lo, all.lo), least(y.hi, all.hi)};
    bool is_clamped = f.overflow == NH_OVERFLOW_SAT || f.overflow == NH_OVERFLOW_SAT_SYM;
    c->may_clip[l->out] = !l->opt.result.is_auto && ends.overflowed > 0;
    nh_infer_decide(c, l, f, 1, ends.overflowed && !is_clamped ? all : y,
                    l->opt.result.is_auto ? "auto, range of the function" : "given");
    return true;
}

bool nh_infer_fraction(nh_infer *c, nh_layer *l) { return infer_table(c, l, 0, 1); }
bool nh_infer_signed_fraction(nh_infer *c, nh_layer *l) { return infer_table(c, l, -1, 1); }

/* Functions without bounds may leave all formats; beyond this they saturate, and it is said. */
#define MOST_REAL 0x1p31

/* A function that can give [lo, hi], at scale 1. */
static bool infer_image(nh_infer *c, const nh_layer *l, double lo, double hi) {
    const nh_tensor *t = &c->g->tensor[l->out];
    if (!(lo >= -MOST_REAL) || !(hi <= MOST_REAL)) {
        if (l->opt.result.is_auto && !t->calibrated) {
            nh_infer_say(c, l, NH_N_RANGE_GUESS, "%s of its inputs goes beyond 2^31, where the result saturates",
                         nh_op_get(l->op)->text);
            nh_diag_hint(c->d, "calibrate: {data: ...}, or give the layer's `result` format");
        }
        lo = fmax(lo, -MOST_REAL);
        hi = fmin(hi, MOST_REAL);
    }
    int exponent;
    frexp(fmax(fabs(lo), fabs(hi)), &exponent);
    int frac = (l->opt.result.is_auto ? l->opt.result_bits + 2 : 60) - exponent;
    if (frac < 0) frac = 0;
    nh_format fine = nh_format_make(true, 64, 64 - frac, NH_ROUND_TRN, NH_OVERFLOW_SAT);
    nh_range exact = {nh_fx_from_double(lo, fine, NULL), -nh_fx_from_double(-hi, fine, NULL)};
    if (!nh_infer_result(c, l, exact, frac, 1)) return false;
    /* Tables saturate whatever the modes are, and may err by a few steps; where the format is ours it is made full use
     * of. */
    nh_tensor *y = &c->g->tensor[l->out];
    nh_range all = nh_range_of(y->q.fmt);
    if (l->opt.result.is_auto)
        y->range = all;
    else
        y->range = (nh_range){most(y->range.lo - 2, all.lo), least(y->range.hi + 2, all.hi)};
    return true;
}

bool nh_infer_function(nh_infer *c, nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    int frac = nh_format_frac(x->q.fmt);
    double image[2];
    nh_unary_image(l, nh_fx_to_double(x->range.lo, frac) * x->q.scale, nh_fx_to_double(x->range.hi, frac) * x->q.scale,
                   image);
    return infer_image(c, l, image[0], image[1]);
}

/* Not below the largest difference and the logarithm of the number of elements. */
bool nh_infer_log_softmax(nh_infer *c, nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    double most_apart = nh_fx_to_double(x->range.hi - x->range.lo, nh_format_frac(x->q.fmt)) * x->q.scale;
    return infer_image(c, l, -most_apart - log((double)nh_layer_axis(c->g, l).n), 0);
}

bool nh_infer_argmax(nh_infer *c, nh_layer *l) {
    int64_t n = nh_layer_axis(c->g, l).n;
    int bits = n > 2 ? 64 - __builtin_clzll((unsigned long long)(n - 1)) : 1;
    nh_infer_decide(c, l, nh_format_make(false, bits, bits, NH_ROUND_TRN, NH_OVERFLOW_WRAP), 1, (nh_range){0, n - 1},
                    "index");
    return true;
}
