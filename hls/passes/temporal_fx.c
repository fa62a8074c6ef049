/* Formats of time-stepped networks. Weighted layers: weights with one power-of-two scale per matrix, exact
 * accumulators. Neurons: see neuron_fx.c. The fixed-point network works in units of the thresholds (normalise.c). */
#include <math.h>
#include <stdarg.h>

#include "lost.h"
#include "neuron_fx.h"

static bool say(nh_temporal_fx *c, const nh_layer *l, nh_code code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static bool say(nh_temporal_fx *c, const nh_layer *l, nh_code code, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    nh_report(c->d, code, l->at, "layer '%s': %s", l->name, nh_arena_vprintf(c->scratch, fmt, ap));
    va_end(ap);
    nh_diag_layer(c->d, l->name);
    return nh_code_get(code)->severity != NH_ERROR;
}

static const char exact_result[] = "result cannot be given, the sums of convolutions and pools stay exact";

static bool refuse_key(nh_temporal_fx *c, const nh_layer *l, nh_loc at, const char *why) {
    nh_report(c->d, NH_N_TEMPORAL_KEY, at, "layer '%s': %s", l->name, why);
    nh_diag_layer(c->d, l->name);
    return false;
}

static void set_tensor(nh_temporal_fx *c, const nh_layer *l, nh_format f, nh_range r, double scale) {
    nh_tensor *t = &c->g->tensor[l->out];
    t->q = (nh_quant){.known = true, .fmt = f, .scale = scale};
    t->range = r;
}

/* --- the network's input ----------------------------------------------------------------------------------------- */

static bool all_integers(const nh_samples *s) {
    for (int64_t i = 0; i < s->n * s->size; i++)
        if (s->x[i] < floor(s->x[i]) || s->x[i] > floor(s->x[i])) return false;
    return true;
}

static nh_format input_format(nh_temporal_fx *c, const nh_tensor *t) {
    const nh_options *o = c->o;
    bool have = c->samples && c->samples->n > 0;
    if (!have) {
        bool graded = t->kind == NH_EDGE_GRADED;
        return graded ? nh_format_make(true, 17, 17, NH_ROUND_RND, NH_OVERFLOW_SAT)
                      : nh_format_make(false, 1, 1, NH_ROUND_TRN, NH_OVERFLOW_SAT);
    }
    double lo = 0, hi = 0;
    for (int64_t i = 0; i < c->samples->n * c->samples->size; i++) {
        lo = fmin(lo, c->samples->x[i]);
        hi = fmax(hi, c->samples->x[i]);
    }
    if (all_integers(c->samples) && fmax(hi, -lo) < 0x1p31) {
        nh_format f;
        nh_range_format((nh_range){(nh_i128)lo, (nh_i128)fmax(hi, 1)}, 0, &f);
        f.overflow = NH_OVERFLOW_SAT;
        return f;
    }
    return nh_fit_format(
        (nh_fit){.lo = lo, .hi = hi, .unit = 1, .is_signed = lo < 0, .bits = o->input.bits, .round = NH_ROUND_RND});
}

static bool infer_input(nh_temporal_fx *c, const nh_layer *l) {
    const nh_options *o = c->o;
    char text[NH_FORMAT_TEXT];
    nh_format f = o->input.format.is_auto ? input_format(c, &c->g->tensor[l->out]) : o->input.format.fmt;
    double scale = o->input.has_scale ? o->input.scale : 1;
    if (o->input.has_scale && o->input.format.is_auto)
        f = nh_format_make(false, o->input.bits, o->input.bits, NH_ROUND_RND, NH_OVERFLOW_SAT);
    set_tensor(c, l, f, nh_range_of(f), scale);
    return say(c, l, NH_N_FORMAT, "input %s per step", nh_format_print(f, text));
}

/* --- weighted layers --------------------------------------------------------------------------------------------- */

/* Weights of row o times gain, as the hardware sees them. */
static double *folded(nh_temporal_fx *c, const nh_layer *l, double in_scale) {
    int64_t rows = l->weight->shape.dim[0], n = nh_shape_size(l->weight->shape), per = n / rows;
    const double *gain = c->row_gain[l - c->g->layer];
    double *v = nh_arena_array(c->g->arena, (size_t)n, sizeof *v);
    for (int64_t i = 0; i < n; i++) v[i] = l->weight->value[i] * (gain ? gain[i / per] : 1) * in_scale;
    return v;
}

/* The one neuron behind the weights can multiply by their scale. */
static bool feeds_one_neuron(const nh_temporal_fx *c, const nh_layer *l) {
    const nh_graph *g = c->g;
    if (g->tensor[l->out].n_consumers != 1 || l->out == g->output || l->bias) return false;
    for (int i = 0; i < g->n_layer; i++)
        for (int k = 0; k < g->layer[i].n_in; k++)
            if (g->layer[i].in[k] == l->out)
                return g->layer[i].op == NH_OP_NEURON &&
                       g->layer[i].neuron->program->n_param + g->layer[i].n_in < NH_NEURON_PARAMS;
    return false;
}

/* What n weights must represent, by the calibration method. */
static nh_fit weights_fit(nh_temporal_fx *c, const nh_layer *l, const double *v, int64_t n, int64_t period) {
    nh_fit fit = {
        .lo = v[0], .hi = v[0], .unit = 1, .is_signed = true, .bits = l->opt.weight_bits, .round = NH_ROUND_RND_CONV};
    for (int64_t i = 0; i < n; i++) {
        fit.lo = fmin(fit.lo, v[i]);
        fit.hi = fmax(fit.hi, v[i]);
    }
    if (c->o->calibrate.method == NH_CALIBRATE_MINMAX || !(fit.lo < 0 || fit.hi > 0)) return fit;
    int64_t stride = nh_kept_stride(n, period), count = 0;
    double *kept = nh_arena_array(c->scratch, NH_KEPT_VALUES, sizeof *kept);
    for (int64_t i = 0; i < n; i += stride) kept[count++] = v[i];
    if (c->o->calibrate.method == NH_CALIBRATE_MSE)
        fit.values = (nh_values){kept, count};
    else
        nh_percentile_range((nh_values){kept, count}, c->o->calibrate.percentile, &fit.lo, &fit.hi);
    return fit;
}

/* Integers times a scale of the matrix or of each row; a power of two when that was asked for. */
static double *fit_scales(nh_temporal_fx *c, nh_layer *l, const double *v, int64_t rows, int64_t per) {
    bool per_row = l->opt.granularity == NH_PER_CHANNEL, arbitrary = l->opt.scale == NH_SCALE_ARBITRARY;
    double *scale = nh_arena_array(c->g->arena, (size_t)rows, sizeof *scale);
    int bits = l->opt.weight_bits;
    l->weight->fmt = nh_format_make(true, bits, bits, NH_ROUND_RND_CONV, NH_OVERFLOW_SAT);
    for (int64_t o = 0; o < rows; o++) {
        if (o > 0 && !per_row) {
            scale[o] = scale[0];
            continue;
        }
        nh_fit fit = weights_fit(c, l, per_row ? v + o * per : v, per_row ? per : rows * per, per);
        bool zero = !(fit.lo < 0 || fit.hi > 0);
        scale[o] = zero ? 1 : arbitrary ? nh_fit_scale(fit) : ldexp(1, -nh_format_frac(nh_fit_format(fit)));
    }
    return scale;
}

int nh_weight_frac(nh_temporal_fx *c, nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    if (l->weight->raw) return nh_format_frac(l->weight->fmt);
    if (!l->opt.weight.is_auto) return nh_format_frac(l->opt.weight.fmt);
    int64_t n = nh_shape_size(l->weight->shape);
    return nh_format_frac(
        nh_fit_format(weights_fit(c, l, folded(c, l, x->q.known ? x->q.scale : 1), n, n / l->weight->shape.dim[0])));
}

/* One format for all weights in front of a neuron on a core. */
static nh_format event_weights(nh_temporal_fx *c, const nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    int reader = nh_event_reader(c->g, l->out),
        bits = l->opt.weight.is_auto ? l->opt.weight_bits : l->opt.weight.fmt.width_bits;
    int frac = (reader < 0 ? 0 : nh_event_frac(c, reader)) - nh_format_frac(x->q.fmt);
    return nh_format_make(true, bits, bits - frac, NH_ROUND_RND_CONV, NH_OVERFLOW_SAT);
}

/* Integers that are nearest to the weights v -> those that cost least. */
static void round_by_activity(nh_temporal_fx *c, const nh_layer *l, const nh_activity *act, const double *v,
                              const double *scale, int64_t *raw) {
    const nh_param *w = l->weight;
    double *target = nh_arena_array(c->scratch, (size_t)act->n, sizeof *target);
    int64_t moved = 0, total = nh_shape_size(w->shape);
    nh_range allowed = {nh_format_min(w->fmt), nh_format_max(w->fmt)};
    for (int64_t o = 0; o < w->shape.dim[0]; o++) {
        for (int64_t i = 0; i < act->n; i++)
            target[i] = ldexp(v[o * act->n + i] / (scale ? scale[o] : 1), nh_format_frac(w->fmt));
        nh_activity_round(c->scratch, act, target, allowed, raw + o * act->n);
        for (int64_t i = 0; i < act->n; i++) moved += fabs((double)raw[o * act->n + i] - target[i]) > 0.5;
    }
    say(c, l, NH_N_FORMAT,
        "%lld of %lld weights are rounded to the farther side: by what reaches them on the calibration samples that "
        "costs less",
        (long long)moved, (long long)total);
}

static void quantize_weights(nh_temporal_fx *c, nh_layer *l, double in_scale) {
    nh_param *w = l->weight;
    int64_t n = nh_shape_size(w->shape), rows = w->shape.dim[0], per = n / rows;
    double *v = folded(c, l, in_scale), *scale = NULL;
    bool scaled = l->opt.weight.is_auto && (l->opt.granularity == NH_PER_CHANNEL || l->opt.scale == NH_SCALE_ARBITRARY);
    if (scaled && l->opt.strategy == NH_STRATEGY_EVENT) {
        say(c, l, NH_N_GRAPH,
            "its weights keep one power-of-two scale: a neuron core adds up what all layers in front of a neuron send");
        scaled = false;
    }
    if (scaled && !feeds_one_neuron(c, l)) {
        say(c, l, NH_N_GRAPH,
            "its weights keep one power-of-two scale: no neuron of its own stands behind it to multiply by another");
        scaled = false;
    }
    if (scaled)
        scale = fit_scales(c, l, v, rows, per);
    else if (l->opt.strategy == NH_STRATEGY_EVENT)
        w->fmt = event_weights(c, l);
    else
        w->fmt = l->opt.weight.is_auto ? nh_fit_format(weights_fit(c, l, v, n, per)) : l->opt.weight.fmt;
    int64_t *raw = nh_arena_array(c->g->arena, (size_t)n, sizeof *raw);
    for (int64_t i = 0; i < n; i++)
        raw[i] = (int64_t)nh_fx_from_double(v[i] / (scale ? scale[i / per] : 1), w->fmt, &w->overflow);
    const nh_activity *act = c->trace ? c->trace[l - c->g->layer].activity : NULL;
    if (act) round_by_activity(c, l, act, v, scale, raw);
    w->raw = raw;
    if (scale)
        c->acc_scale[l->out] = (nh_neuron_value){
            .name = "weight_scale", .n = l->opt.granularity == NH_PER_CHANNEL && rows > 1 ? rows : 1, .value = scale};
    double *real = nh_arena_array(c->g->arena, (size_t)rows, sizeof *real);
    const double *gain = c->row_gain[l - c->g->layer];
    for (int64_t o = 0; o < rows; o++) real[o] = (scale ? scale[o] : 1) / ((gain ? gain[o] : 1) * in_scale);
    w->scale = real;
}

/* What sum_i w_i x_i (+ b) of any row can be, and what a part of it, in any order; x contains 0 where padding or a
 * first step put it. */
typedef struct {
    nh_range whole, partial;
} sums;

/* Of the sum of weights times values in x: the positive weights have their least at x's least, the negative ones at its
 * greatest. */
static nh_range row_range(nh_range weights, nh_range x) {
    return nh_range_add(nh_range_mul(x, (nh_range){weights.lo, weights.lo}),
                        nh_range_mul(x, (nh_range){weights.hi, weights.hi}));
}

/* Sums of the negative and of the positive weights of a row. */
static nh_range row_weights(const nh_layer *l, int64_t row) {
    int64_t per = nh_shape_size(l->weight->shape) / l->weight->shape.dim[0];
    nh_range r = {0, 0};
    for (int64_t i = 0; i < per; i++) {
        nh_i128 w = l->weight->raw[row * per + i];
        *(w < 0 ? &r.lo : &r.hi) += w;
    }
    return r;
}

static sums sum_ranges(const nh_layer *l, nh_range x) {
    const nh_range none = {0, 0};
    sums all = {none, none};
    if (l->op == NH_OP_CONV) x = nh_range_hull(x, none);
    for (int64_t o = 0; o < l->weight->shape.dim[0]; o++) {
        nh_i128 b = l->bias ? l->bias->raw[o] : 0;
        nh_range weights = row_weights(l, o), bias = {b, b};
        nh_range whole = nh_range_add(bias, row_range(weights, x));
        nh_range partial = nh_range_add(nh_range_hull(bias, none), row_range(weights, nh_range_hull(x, none)));
        all.whole = o == 0 ? whole : nh_range_hull(all.whole, whole);
        all.partial = nh_range_hull(all.partial, partial);
    }
    return all;
}

/* scale: what an integer network's raw weights leave in front of their sum. */
static void quantize_bias(nh_temporal_fx *c, nh_layer *l, int frac, double scale) {
    nh_param *b = l->bias;
    if (!b) return;
    int64_t n = nh_shape_size(b->shape), *raw = nh_arena_array(c->g->arena, (size_t)n, sizeof *raw);
    b->fmt = nh_format_make(true, 64, 64 - frac, NH_ROUND_RND, NH_OVERFLOW_SAT);
    for (int64_t i = 0; i < n; i++) raw[i] = (int64_t)nh_fx_from_double(b->value[i] / scale, b->fmt, &b->overflow);
    b->raw = raw;
}

static bool infer_weighted(nh_temporal_fx *c, nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    char text[2][NH_FORMAT_TEXT];
    if (!l->opt.accum.is_auto)
        return refuse_key(c, l, l->opt.accum.at, "accum cannot be given, accumulators are exact");
    if (l->op == NH_OP_CONV && !l->opt.result.is_auto) return refuse_key(c, l, l->opt.result.at, exact_result);
    double scale = l->weight->raw ? x->q.scale : 1; /* weights that are integers already cannot hold it */
    if (!l->weight->raw) quantize_weights(c, l, x->q.scale);
    int frac = nh_format_frac(l->weight->fmt) + nh_format_frac(x->q.fmt);
    quantize_bias(c, l, frac, scale);
    sums r = sum_ranges(l, x->range);
    int width = nh_range_signed_width(r.partial);
    if (width > 64) return say(c, l, NH_N_ACCUM_WIDE, "the exact accumulator needs %d bits", width);
    l->accum_exact = true;
    l->accum = nh_format_make(true, width, width - frac, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    nh_format f = l->accum, forced = c->forced[l->out];
    if (!l->opt.result.is_auto || forced.width_bits > 0) {
        f = l->opt.result.is_auto ? forced : l->opt.result.fmt;
        r.whole = nh_range_convert(r.whole, frac, f);
    }
    if (forced.width_bits > 0 && (scale < 1 || scale > 1))
        return say(c, l, NH_M_FORM, "integer weights behind a mean whose divisor is no power of two, in a loop");
    set_tensor(c, l, f, r.whole, scale);
    if (l->weight->overflow.overflowed)
        say(c, l, NH_N_WEIGHT_OVERFLOW, "%llu of %llu weights leave their format",
            (unsigned long long)l->weight->overflow.overflowed, (unsigned long long)l->weight->overflow.n);
    nh_tell_lost_weights(c->g, l, c->d);
    nh_tell_lost_bias(c->g, l, c->d);
    return say(c, l, NH_N_FORMAT, "weights %s, accumulator %s", nh_format_print(l->weight->fmt, text[0]),
               nh_format_print(l->accum, text[1]));
}

/* Sums over windows are exact; a mean over 2^k elements is a shift, any other a scale that the reader takes in. */
static bool infer_pool(nh_temporal_fx *c, const nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    int64_t area = l->window.kernel[0] * l->window.kernel[1];
    if (!l->opt.result.is_auto) return refuse_key(c, l, l->opt.result.at, exact_result);
    nh_range r = nh_range_hull(x->range, (nh_range){0, 0});
    r.lo *= area;
    r.hi *= area;
    int frac = nh_format_frac(x->q.fmt), width = nh_range_signed_width(r);
    double scale = x->q.scale;
    if (l->op == NH_OP_AVGPOOL) {
        int shift = 0;
        while ((int64_t)1 << shift < area) shift++;
        if ((int64_t)1 << shift == area)
            frac += shift;
        else
            scale /= (double)area;
    }
    if (width > 64) return say(c, l, NH_N_ACCUM_WIDE, "the exact sum needs %d bits", width);
    set_tensor(c, l, nh_format_make(true, width, width - frac, NH_ROUND_TRN, NH_OVERFLOW_WRAP), r, scale);
    return true;
}

/* --- the pass ---------------------------------------------------------------------------------------------------- */

static bool infer_layer(nh_temporal_fx *c, int i);

/* Of reals lo..hi times the factors that rows of a weighted layer took in. */
static void widen_by_gain(const nh_temporal_fx *c, const nh_layer *from, double *lo, double *hi) {
    const double *gain = c->row_gain[from - c->g->layer], least = *lo, most = *hi;
    for (int64_t o = 0; gain && o < from->weight->shape.dim[0]; o++) {
        *lo = fmin(*lo, fmin(least * gain[o], most * gain[o]));
        *hi = fmax(*hi, fmax(least * gain[o], most * gain[o]));
    }
}

/* What a loop brings back of a neuron or dense layer that stands behind the delay l: the format of spikes and of their
 * counts is known, another is fixed now and `from` is held to it. */
static bool fix_format(nh_temporal_fx *c, const nh_layer *l, const nh_layer *from) {
    const nh_tensor *x = &c->g->tensor[from->out];
    bool is_neuron = from->op == NH_OP_NEURON;
    double unit = is_neuron ? nh_neuron_unit(c, (int)(from - c->g->layer)) : 1, lo = fmin(x->cal_min, 0),
           hi = fmax(x->cal_max, 1);
    nh_format f = nh_format_make(false, 1, 1, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    if (!from->opt.result.is_auto) {
        f = from->opt.result.fmt;
    } else if (is_neuron && from->neuron->program->out == NH_NEURON_OUT_COUNT) {
        nh_range_format((nh_range){0, from->neuron->program->spikes_per_step}, 0, &f);
    } else if (!is_neuron || from->neuron->program->out != NH_NEURON_OUT_SPIKE) {
        if (!x->calibrated)
            return say(c, l, NH_N_INPUT_FORMAT, "the range of what comes back is unknown without calibration data");
        if (!is_neuron) widen_by_gain(c, from, &lo, &hi);
        f = nh_fit_format((nh_fit){.lo = lo,
                                   .hi = hi,
                                   .unit = unit,
                                   .is_signed = lo < 0,
                                   .bits = from->opt.result_bits,
                                   .round = NH_ROUND_RND});
    }
    c->forced[from->out] = f;
    set_tensor(c, from, f, nh_range_of(f), unit);
    return true;
}

/* What the delay l reads and stands before. The layers up to the loop's neuron follow from its format; of a loop
 * without neurons a dense layer is met twice, and its format is fixed: all others are met at most twice. */
static bool infer_ahead(nh_temporal_fx *c, const nh_layer *l, int tensor) {
    int i = c->g->tensor[tensor].producer;
    const nh_layer *from = &c->g->layer[i];
    if (c->g->tensor[tensor].q.known) return true;
    if (from->op == NH_OP_NEURON || (c->visits[i] > 0 && from->op == NH_OP_DENSE)) return fix_format(c, l, from);
    if (c->visits[i]++ == 2)
        return say(
            c, l, NH_M_FORM,
            "what comes back in a loop is a sum of '%s', which has no format of its own: delay what its neurons make",
            from->name);
    for (int k = 0; k < from->n_in; k++)
        if (!infer_ahead(c, l, from->in[k])) return false;
    return infer_layer(c, i);
}

/* A feedback loop's delay stands before what it delays. */
static bool infer_delay(nh_temporal_fx *c, const nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    if (!infer_ahead(c, l, l->in[0])) return false;
    set_tensor(c, l, x->q.fmt, nh_range_hull(x->range, (nh_range){0, 0}), x->q.scale);
    return true;
}

static bool infer_wire(nh_temporal_fx *c, const nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    set_tensor(c, l, x->q.fmt, x->range, x->q.scale);
    return true;
}

static bool infer_layer(nh_temporal_fx *c, int i) {
    nh_layer *l = &c->g->layer[i];
    /* Ahead, for a delay; but a delay that has waited for its own loop gets its format when what it reads has one. */
    if (c->inferred[i] && (l->op != NH_OP_DELAY || c->g->tensor[l->out].q.known)) return true;
    c->inferred[i] = true;
    switch (l->op) {
    case NH_OP_INPUT: return infer_input(c, l);
    case NH_OP_DENSE:
    case NH_OP_CONV: return infer_weighted(c, l);
    case NH_OP_SUMPOOL:
    case NH_OP_AVGPOOL: return infer_pool(c, l);
    case NH_OP_DELAY: return infer_delay(c, l);
    case NH_OP_NEURON: return nh_infer_neuron(c, i);
    case NH_OP_RESHAPE:
    case NH_OP_IDENTITY: return infer_wire(c, l);
    default: break;
    }
    return say(c, l, NH_M_FORM, "operator %s in a time-stepped network", nh_op_get(l->op)->text);
}

bool nh_pass_temporal_fx(nh_graph *g, const nh_options *o, const nh_samples *samples, nh_diag *d) {
    nh_temporal_fx c = {.g = g, .o = o, .d = d, .samples = samples, .scratch = nh_arena_new()};
    c.row_gain = nh_arena_array(c.scratch, (size_t)g->n_layer + 1, sizeof *c.row_gain);
    c.volt = nh_arena_array(c.scratch, (size_t)g->n_layer + 1, sizeof *c.volt);
    c.forced = nh_arena_array(c.scratch, (size_t)g->n_tensor + 1, sizeof *c.forced);
    c.inferred = nh_arena_array(c.scratch, (size_t)g->n_layer + 1, sizeof *c.inferred);
    c.visits = nh_arena_array(c.scratch, (size_t)g->n_layer + 1, sizeof *c.visits);
    c.acc_scale = nh_arena_array(c.scratch, (size_t)g->n_tensor + 1, sizeof *c.acc_scale);
    bool ok = true;
    if (samples && samples->n > 0) {
        c.trace = nh_trace_collect(c.scratch, g, samples, d);
        ok = c.trace != NULL;
    }
    /* Gains are folded before any weight is quantized: a neuron stands behind its weights. */
    for (int i = 0; ok && i < g->n_layer; i++)
        if (g->layer[i].op == NH_OP_NEURON) ok = nh_neuron_normalise(g, i, c.row_gain, d, &c.volt[i]);
    for (int i = 0; ok && i < g->n_layer; i++) ok = infer_layer(&c, i);
    nh_arena_free(c.scratch);
    return ok;
}
