/* Formats of every tensor, layer by layer in topological order. */
#include "infer.h"
#include "unary.h"

#include <math.h>

#include "lost.h"
#include "neurons.h"

bool nh_infer_say(nh_infer *c, const nh_layer *l, nh_code code, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    const char *text = nh_arena_vprintf(c->g->arena, fmt, ap);
    va_end(ap);
    nh_report(c->d, code, l->at, "%s", text);
    nh_diag_layer(c->d, l->name);
    return nh_code_get(code)->severity != NH_ERROR;
}

bool nh_infer_signed64(nh_infer *c, const nh_layer *l, const char *what, nh_format f, nh_loc at) {
    if (f.is_signed || f.width_bits < 64) return true;
    nh_report(c->d, NH_N_UNSIGNED64, at, "layer '%s': the %s has 64 unsigned bits", l->name, what);
    nh_diag_layer(c->d, l->name);
    nh_diag_allowed(c->d, "at most 63 bits unsigned, 64 signed");
    return false;
}

static void set_tensor(nh_infer *c, const nh_layer *l, nh_format f, double scale, nh_range range, const char *how) {
    nh_tensor *t = &c->g->tensor[l->out];
    t->q = (nh_quant){true, f, scale};
    t->range = range;
    char buf[NH_FORMAT_TEXT];
    if (scale == 1)
        nh_infer_say(c, l, NH_N_FORMAT, "layer '%s': result %s (%s)", l->name, nh_format_print(f, buf), how);
    else
        nh_infer_say(c, l, NH_N_FORMAT, "layer '%s': result %s, scale %g (%s)", l->name, nh_format_print(f, buf), scale,
                     how);
}

bool nh_infer_seen(const nh_infer *c, const nh_layer *l, double scale, bool is_signed, nh_fit *out) {
    const nh_tensor *t = &c->g->tensor[l->out];
    if (!t->calibrated) return false;
    *out = (nh_fit){.lo = t->cal_min,
                    .hi = t->cal_max,
                    .unit = scale,
                    .is_signed = is_signed,
                    .bits = l->opt.result_bits,
                    .round = NH_ROUND_RND};
    if (!is_signed) { /* the float reference may go a little below what integers reach */
        out->lo = fmax(out->lo, 0);
        out->hi = fmax(out->hi, 0);
    }
    if (c->stats) out->values = c->stats[l->out].kept;
    return true;
}

static bool exact_format(nh_range exact, int frac, nh_format *f) {
    return nh_range_format(exact, frac, f) && (f->is_signed || f->width_bits < 64);
}

bool nh_infer_keep_exact(nh_infer *c, const nh_layer *l, nh_range exact, int frac, double scale) {
    nh_format f;
    if (!exact_format(exact, frac, &f)) {
        bool is_signed;
        nh_infer_say(c, l, NH_N_RESULT_WIDE,
                     "layer '%s': the result is kept exact up to the activation, which needs %d bits", l->name,
                     nh_range_width(exact, &is_signed));
        nh_diag_allowed(c->d, "64 bits signed, 63 unsigned");
        nh_diag_hint(c->d, "reduce weight_bits or multiplier_bits, or give the layer's `result` format");
        return false;
    }
    set_tensor(c, l, f, scale, exact, "exact");
    return true;
}

bool nh_infer_result(nh_infer *c, const nh_layer *l, nh_range exact, int frac, double scale) {
    nh_format f;
    nh_fit fit;
    bool is_signed;
    const char *how = "given";
    if (!l->opt.result.is_auto) {
        f = l->opt.result.fmt;
        if (!nh_infer_signed64(c, l, "result", f, l->opt.result.at)) return false;
    } else if (nh_range_width(exact, &is_signed) <= l->opt.result_bits && exact_format(exact, frac, &f)) {
        how = "exact";
    } else if (nh_infer_seen(c, l, scale, is_signed, &fit)) {
        f = nh_fit_format(fit);
        how =
            nh_arena_printf(c->g->arena, "auto, %s, %g .. %g", nh_method_text(c->o->calibrate.method), fit.lo, fit.hi);
    } else {
        f = nh_fit_raw(exact, frac, l->opt.result_bits);
        how = "auto, interval analysis";
        c->g->tensor[l->out].by_interval = true;
    }
    nh_fx_count ends = {0};
    nh_fx_convert(exact.lo, frac, f, &ends);
    nh_fx_convert(exact.hi, frac, f, &ends);
    c->may_clip[l->out] = ends.overflowed > 0;
    set_tensor(c, l, f, scale, nh_range_convert(exact, frac, f), how);
    return true;
}

/* --- input
 * ------------------------------------------------------------------------------------------------------------------
 */

static bool no_input_format(nh_infer *c, const nh_layer *l) {
    nh_report(c->d, NH_N_INPUT_FORMAT, c->o->input.at, "nothing tells the number format of the input '%s'", l->name);
    nh_diag_layer(c->d, l->name);
    nh_diag_hint(c->d, "write input: { format: \"fixed<W,I>\" }, or calibrate: { data: samples.npy }");
    return false;
}

static bool infer_input(nh_infer *c, nh_layer *l) {
    bool has_scale = c->o->input.has_scale, is_auto = c->o->input.format.is_auto;
    double scale = has_scale ? c->o->input.scale : 1;
    if (!isfinite(scale) || scale <= 0) {
        nh_report(c->d, NH_N_INPUT_SCALE, c->o->input.at, "the scale of the input is %g", scale);
        return false;
    }
    nh_format f = c->o->input.format.fmt;
    const nh_tensor *t = &c->g->tensor[l->out];
    const char *how = "given";
    if (is_auto) {
        nh_fit fit;
        l->opt.result_bits = c->o->input.bits;
        if (!nh_infer_seen(c, l, scale, t->cal_min < 0, &fit)) return no_input_format(c, l);
        f = has_scale ? nh_format_make(fit.is_signed, fit.bits, fit.bits, NH_ROUND_RND, NH_OVERFLOW_SAT)
                      : nh_fit_format(fit);
        how = nh_arena_printf(c->g->arena, "auto, %s, %g .. %g",
                              has_scale ? "scale given" : nh_method_text(c->o->calibrate.method), fit.lo, fit.hi);
    }
    if (!nh_infer_signed64(c, l, "input", f, c->o->input.at)) return false;
    c->may_clip[l->out] = true;
    set_tensor(c, l, f, scale, nh_range_of(f), how);
    return true;
}

/* --- layers without weights
 * --------------------------------------------------------------------------------------------------- */

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

static bool infer_elementwise(nh_infer *c, nh_layer *l) {
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
                     "layer '%s': its input has scale %g and its result format is given: a constant multiplier of 16 "
                     "significant bits is built",
                     l->name, scale);
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
    set_tensor(c, l, f, 1, ends.overflowed && !is_clamped ? all : y,
               l->opt.result.is_auto ? "auto, range of the function" : "given");
    return true;
}

/* Functions without bounds may leave all formats; beyond this they saturate, and it is said. */
#define MOST_REAL 0x1p31

/* A function that can give [lo, hi], at scale 1. */
static bool infer_image(nh_infer *c, const nh_layer *l, double lo, double hi) {
    const nh_tensor *t = &c->g->tensor[l->out];
    if (!(lo >= -MOST_REAL) || !(hi <= MOST_REAL)) {
        if (l->opt.result.is_auto && !t->calibrated) {
            nh_infer_say(c, l, NH_N_RANGE_GUESS,
                         "layer '%s': %s of its inputs goes beyond 2^31, where the result saturates", l->name,
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

static bool infer_function(nh_infer *c, const nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    int frac = nh_format_frac(x->q.fmt);
    double image[2];
    nh_unary_image(l, nh_fx_to_double(x->range.lo, frac) * x->q.scale, nh_fx_to_double(x->range.hi, frac) * x->q.scale,
                   image);
    return infer_image(c, l, image[0], image[1]);
}

/* Not below the largest difference and the logarithm of the number of elements. */
static bool infer_log_softmax(nh_infer *c, const nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    double most_apart = nh_fx_to_double(x->range.hi - x->range.lo, nh_format_frac(x->q.fmt)) * x->q.scale;
    return infer_image(c, l, -most_apart - log((double)nh_layer_axis(c->g, l).n), 0);
}

static bool infer_argmax(nh_infer *c, const nh_layer *l) {
    int64_t n = nh_layer_axis(c->g, l).n;
    int bits = n > 2 ? 64 - __builtin_clzll((unsigned long long)(n - 1)) : 1;
    set_tensor(c, l, nh_format_make(false, bits, bits, NH_ROUND_TRN, NH_OVERFLOW_WRAP), 1, (nh_range){0, n - 1},
               "index");
    return true;
}

static bool infer_layer(nh_infer *c, nh_layer *l) {
    switch (l->op) {
    case NH_OP_INPUT: return infer_input(c, l);
    case NH_OP_DENSE:
    case NH_OP_BATCHNORM: return nh_infer_dense(c, l);
    case NH_OP_RELU:
    case NH_OP_LEAKY_RELU:
    case NH_OP_CLIP: return infer_elementwise(c, l);
    case NH_OP_NEG:
    case NH_OP_ABS:
    case NH_OP_THRESHOLDED_RELU:
    case NH_OP_PRELU: return infer_elementwise(c, l);
    case NH_OP_SIGMOID:
    case NH_OP_SOFTMAX: return infer_table(c, l, 0, 1);
    case NH_OP_TANH:
    case NH_OP_ERF:
    case NH_OP_SOFTSIGN: return infer_table(c, l, -1, 1);
    case NH_OP_LOG_SOFTMAX: return infer_log_softmax(c, l);
    case NH_OP_ARGMAX: return infer_argmax(c, l);
    case NH_OP_RESHAPE:
    case NH_OP_IDENTITY:
        c->g->tensor[l->out].q = c->g->tensor[l->in[0]].q;
        c->g->tensor[l->out].range = c->g->tensor[l->in[0]].range;
        return true;
    default: break; /* of time-stepped networks only: passes/temporal */
    }
    return nh_unary_get(l->op) && infer_function(c, l);
}

/* --- overflow over the calibration data
 * ------------------------------------------------------------------------------------------ */

static void warn_clipped(nh_infer *c, const nh_layer *l) {
    const nh_fx_count *n = &l->result_overflow;
    char buf[NH_FORMAT_TEXT];
    bool was_given =
        l->op == NH_OP_INPUT ? !c->o->input.format.is_auto || c->o->input.has_scale : !l->opt.result.is_auto;
    if (n->overflowed == 0) return;
    nh_infer_say(c, l, was_given ? NH_N_RESULT_OVERFLOW : NH_N_FORMAT,
                 "layer '%s': %llu of %llu values over the calibration data %s %s", l->name,
                 (unsigned long long)n->overflowed, (unsigned long long)n->n,
                 was_given ? "leave" : "are clipped by the method to",
                 nh_format_print(c->g->tensor[l->out].q.fmt, buf));
}

/* Count what the float reference sends out of formats that are not proved to hold everything. */
static void count_overflow(nh_infer *c, const nh_samples *samples) {
    bool any = false;
    for (int t = 0; t < c->g->n_tensor; t++) any = any || c->may_clip[t];
    if (!any) return;
    nh_float_net *net = nh_float_net_new(c->scratch, c->g, NH_FLOAT64);
    for (int64_t s = 0; s < samples->n; s++) {
        nh_float_net_step(net, samples->x + s * samples->size);
        for (int i = 0; i < c->g->n_layer; i++) {
            nh_layer *l = &c->g->layer[i];
            const nh_tensor *t = &c->g->tensor[l->out];
            const double *value = nh_float_net_value(net, l->out);
            int64_t n = c->may_clip[l->out] ? nh_shape_size(t->shape) : 0;
            for (int64_t k = 0; k < n; k++) nh_fx_from_double(value[k] / t->q.scale, t->q.fmt, &l->result_overflow);
        }
    }
    for (int i = 0; i < c->g->n_layer; i++) warn_clipped(c, &c->g->layer[i]);
}

bool nh_pass_infer_fx(nh_graph *g, const nh_options *o, const nh_samples *calibration, nh_diag *d) {
    nh_infer c = {.g = g, .o = o, .d = d, .scratch = nh_arena_new()};
    bool has_samples = calibration && calibration->n > 0 && g->tensor[g->input].calibrated, ok = true;
    c.kept = nh_arena_array(c.scratch, NH_KEPT_VALUES, sizeof *c.kept);
    c.may_clip = nh_arena_array(c.scratch, (size_t)g->n_tensor + 1, sizeof *c.may_clip);
    if (has_samples && o->calibrate.method == NH_CALIBRATE_MSE) {
        c.stats = nh_stats_collect(c.scratch, g, calibration, d);
        ok = c.stats != NULL;
    }
    for (int i = 0; i < g->n_layer && ok; i++) ok = infer_layer(&c, &g->layer[i]);
    if (ok && has_samples) count_overflow(&c, calibration);
    if (ok && has_samples) nh_tell_lost_inputs(g, calibration->x, calibration->n, d);
    nh_arena_free(c.scratch);
    return ok;
}
