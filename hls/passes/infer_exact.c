/* Weighted layers and pools that give their exact sums: weights with one power-of-two scale per matrix, or with scales
 * that the neuron behind multiplies by; accumulators that hold everything. The values are in units of the neuron's
 * threshold where one stands behind (normalise.c). */
#include <math.h>
#include <string.h>

#include "infer.h"
#include "lost.h"

static const char exact_result[] = "result cannot be given, the sums of convolutions and pools stay exact";

static bool refuse_key(nh_infer *c, const nh_layer *l, nh_loc at, const char *why) {
    nh_report(c->d, NH_N_TEMPORAL_KEY, at, "layer '%s': %s", l->name, why);
    nh_diag_layer(c->d, l->name);
    return false;
}

/* Weights of row o times gain, as the hardware sees them. */
static double *folded(nh_infer *c, const nh_layer *l, double in_scale) {
    int64_t rows = l->weight->shape.dim[0], n = nh_shape_size(l->weight->shape), per = n / rows;
    const double *gain = c->row_gain[l - c->g->layer];
    double *v = nh_arena_array(c->g->arena, (size_t)n, sizeof *v);
    for (int64_t i = 0; i < n; i++) v[i] = l->weight->value[i] * (gain ? gain[i / per] : 1) * in_scale;
    return v;
}

/* The one neuron behind the weights can multiply by their scale. */
static bool feeds_one_neuron(const nh_infer *c, const nh_layer *l) {
    const nh_graph *g = c->g;
    if (g->tensor[l->out].n_consumers != 1 || l->out == g->output || l->bias) return false;
    for (int i = 0; i < g->n_layer; i++)
        for (int k = 0; k < g->layer[i].n_in; k++)
            if (g->layer[i].in[k] == l->out)
                return g->layer[i].op == NH_OP_NEURON &&
                       g->layer[i].neuron->program->n_param + g->layer[i].n_in < NH_NEURON_PARAMS;
    return false;
}

/* Integers times a scale of the matrix or of each row; a power of two when that was asked for. */
static double *fit_scales(nh_infer *c, nh_layer *l, const double *v, int64_t rows, int64_t per) {
    bool per_row = l->opt.granularity == NH_PER_CHANNEL, arbitrary = l->opt.scale == NH_SCALE_ARBITRARY;
    double *scale = nh_arena_array(c->g->arena, (size_t)rows, sizeof *scale);
    int bits = l->opt.weight_bits;
    l->weight->fmt = nh_format_make(true, bits, bits, NH_ROUND_RND_CONV, NH_OVERFLOW_SAT);
    for (int64_t o = 0; o < rows; o++) {
        if (o > 0 && !per_row) {
            scale[o] = scale[0];
            continue;
        }
        nh_fit fit = nh_infer_weight_fit(c, l, per_row ? v + o * per : v, per_row ? per : rows * per);
        bool zero = !(fit.lo < 0 || fit.hi > 0);
        scale[o] = zero ? 1 : arbitrary ? nh_fit_scale(fit) : ldexp(1, -nh_format_frac(nh_fit_format(fit)));
    }
    return scale;
}

int nh_infer_weight_frac(nh_infer *c, nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    if (l->weight->raw) return nh_format_frac(l->weight->fmt);
    if (!l->opt.weight.is_auto) return nh_format_frac(l->opt.weight.fmt);
    int64_t n = nh_shape_size(l->weight->shape);
    return nh_format_frac(nh_fit_format(nh_infer_weight_fit(c, l, folded(c, l, x->q.known ? x->q.scale : 1), n)));
}

/* One format for all weights in front of a neuron on a core. */
static nh_format event_weights(nh_infer *c, const nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    int reader = nh_event_reader(c->g, l->out),
        bits = l->opt.weight.is_auto ? l->opt.weight_bits : l->opt.weight.fmt.width_bits;
    int frac = (reader < 0 ? 0 : nh_event_frac(c, reader)) - nh_format_frac(x->q.fmt);
    return nh_format_make(true, bits, bits - frac, NH_ROUND_RND_CONV, NH_OVERFLOW_SAT);
}

/* Integers that are nearest to the weights v -> those that cost least. */
static void round_by_activity(nh_infer *c, const nh_layer *l, const nh_activity *act, const double *v,
                              const double *scale) {
    nh_param *w = l->weight;
    double *target = nh_arena_array(c->scratch, (size_t)act->n, sizeof *target);
    int64_t moved = 0, total = nh_shape_size(w->shape);
    int64_t *raw = nh_arena_array(c->g->arena, (size_t)total, sizeof *raw);
    memcpy(raw, w->raw, (size_t)total * sizeof *raw);
    w->raw = raw;
    nh_range allowed = {nh_format_min(w->fmt), nh_format_max(w->fmt)};
    for (int64_t o = 0; o < w->shape.dim[0]; o++) {
        for (int64_t i = 0; i < act->n; i++)
            target[i] = ldexp(v[o * act->n + i] / (scale ? scale[o] : 1), nh_format_frac(w->fmt));
        nh_activity_round(c->scratch, act, target, allowed, raw + o * act->n);
        for (int64_t i = 0; i < act->n; i++) moved += fabs((double)raw[o * act->n + i] - target[i]) > 0.5;
    }
    nh_infer_say(
        c, l, NH_N_FORMAT,
        "%lld of %lld weights are rounded to the farther side: by what reaches them on the calibration samples that "
        "costs less",
        (long long)moved, (long long)total);
}

static void quantize_weights(nh_infer *c, nh_layer *l, double in_scale) {
    nh_param *w = l->weight;
    int64_t n = nh_shape_size(w->shape), rows = w->shape.dim[0], per = n / rows;
    double *v = folded(c, l, in_scale), *scale = NULL;
    bool may_scale = l->opt.strategy != NH_STRATEGY_EVENT && feeds_one_neuron(c, l);
    l->opt.granularity = nh_infer_granularity(c, l, v, may_scale);
    bool scaled = l->opt.weight.is_auto && (l->opt.granularity == NH_PER_CHANNEL || l->opt.scale == NH_SCALE_ARBITRARY);
    if (scaled && l->opt.strategy == NH_STRATEGY_EVENT) {
        nh_infer_say(
            c, l, NH_N_GRAPH,
            "its weights keep one power-of-two scale: a neuron core adds up what all layers in front of a neuron send");
        scaled = false;
    }
    if (scaled && !feeds_one_neuron(c, l)) {
        nh_infer_say(
            c, l, NH_N_GRAPH,
            "its weights keep one power-of-two scale: no neuron of its own stands behind it to multiply by another");
        scaled = false;
    }
    if (scaled)
        scale = fit_scales(c, l, v, rows, per);
    else if (l->opt.strategy == NH_STRATEGY_EVENT)
        w->fmt = event_weights(c, l);
    else
        w->fmt = l->opt.weight.is_auto ? nh_fit_format(nh_infer_weight_fit(c, l, v, n)) : l->opt.weight.fmt;
    nh_infer_quantize(c, w, v, rows, per, scale);
    const nh_activity *act = c->seen ? c->seen->trace[l - c->g->layer].activity : NULL;
    if (act) round_by_activity(c, l, act, v, scale);
    if (scale)
        c->acc_scale[l->out] = (nh_neuron_value){
            .name = "weight_scale", .n = l->opt.granularity == NH_PER_CHANNEL && rows > 1 ? rows : 1, .value = scale};
    double *real = nh_arena_array(c->g->arena, (size_t)rows, sizeof *real);
    const double *gain = c->row_gain[l - c->g->layer];
    for (int64_t o = 0; o < rows; o++) real[o] = (scale ? scale[o] : 1) / ((gain ? gain[o] : 1) * in_scale);
    w->scale = real;
}

/* scale: what an integer network's raw weights leave in front of their sum. */
static void quantize_bias(nh_infer *c, nh_layer *l, int frac, double scale) {
    nh_param *b = l->bias;
    if (!b) return;
    int64_t n = nh_shape_size(b->shape), *raw = nh_arena_array(c->g->arena, (size_t)n, sizeof *raw);
    b->fmt = nh_format_make(true, 64, 64 - frac, NH_ROUND_RND, NH_OVERFLOW_SAT);
    for (int64_t i = 0; i < n; i++) raw[i] = (int64_t)nh_fx_from_double(b->value[i] / scale, b->fmt, &b->overflow);
    b->raw = raw;
}

/* What any whole sum can be; the return is that of their parts. */
static nh_range sum_range(nh_infer *c, const nh_layer *l, nh_range x, nh_range *whole) {
    int64_t rows = l->weight->shape.dim[0];
    nh_range *sum = nh_arena_array(c->scratch, (size_t)rows, sizeof *sum), partial = nh_infer_sums(l, x, sum);
    *whole = sum[0];
    for (int64_t o = 1; o < rows; o++) *whole = nh_range_hull(*whole, sum[o]);
    return partial;
}

bool nh_infer_exact(nh_infer *c, nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    char text[2][NH_FORMAT_TEXT];
    if (!l->opt.accum.is_auto)
        return refuse_key(c, l, l->opt.accum.at, "accum cannot be given, accumulators are exact");
    if (l->op == NH_OP_CONV && !l->opt.result.is_auto) return refuse_key(c, l, l->opt.result.at, exact_result);
    double scale = l->weight->raw ? x->q.scale : 1; /* weights that are integers already cannot hold it */
    if (!l->weight->raw) quantize_weights(c, l, x->q.scale);
    int frac = nh_format_frac(l->weight->fmt) + nh_format_frac(x->q.fmt);
    quantize_bias(c, l, frac, scale);
    nh_range whole;
    int width = nh_range_signed_width(sum_range(c, l, x->range, &whole));
    if (width > 64) return nh_infer_say(c, l, NH_N_ACCUM_WIDE, "the exact accumulator needs %d bits", width);
    l->accum_exact = true;
    l->accum = nh_format_make(true, width, width - frac, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    nh_format f = l->accum, forced = c->forced[l->out];
    if (!l->opt.result.is_auto || forced.width_bits > 0) {
        f = l->opt.result.is_auto ? forced : l->opt.result.fmt;
        whole = nh_range_convert(whole, frac, f);
    }
    if (forced.width_bits > 0 && (scale < 1 || scale > 1))
        return nh_infer_say(c, l, NH_M_FORM,
                            "integer weights behind a mean whose divisor is no power of two, in a loop");
    nh_infer_set(c, l, f, whole, scale);
    if (l->weight->overflow.overflowed)
        nh_infer_say(c, l, NH_N_WEIGHT_OVERFLOW, "%llu of %llu weights leave their format",
                     (unsigned long long)l->weight->overflow.overflowed, (unsigned long long)l->weight->overflow.n);
    nh_tell_lost_weights(c->g, l, c->d);
    nh_tell_lost_bias(c->g, l, c->d);
    return nh_infer_say(c, l, NH_N_FORMAT, "weights %s, accumulator %s", nh_format_print(l->weight->fmt, text[0]),
                        nh_format_print(l->accum, text[1]));
}

/* Sums over windows are exact; a mean over 2^k elements is a shift, any other a scale that the reader takes in. */
static bool exact_pool(nh_infer *c, nh_layer *l) {
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
    if (width > 64) return nh_infer_say(c, l, NH_N_ACCUM_WIDE, "the exact sum needs %d bits", width);
    nh_infer_set(c, l, nh_format_make(true, width, width - frac, NH_ROUND_TRN, NH_OVERFLOW_WRAP), r, scale);
    return true;
}

/* Significant bits of 1 / area, a constant that must not be coarser than the result. */
static int mean_bits(const nh_layer *l) {
    int bits = (l->opt.result.is_auto ? l->opt.result_bits : l->opt.result.fmt.width_bits) + 4;
    return bits < 16 ? 16 : bits > 53 ? 53 : bits;
}

/* A window sum or mean that ends in a result format: the sum is exact; a mean is the sum times 1 / area, a shift where
 * that is a power of two. */
static bool rounded_pool(nh_infer *c, nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    int64_t area = l->window.kernel[0] * l->window.kernel[1];
    nh_range r = nh_range_hull(x->range, (nh_range){0, 0});
    r.lo *= area;
    r.hi *= area;
    int frac = nh_format_frac(x->q.fmt), width = nh_range_signed_width(r);
    if (width > 64) return nh_infer_say(c, l, NH_N_ACCUM_WIDE, "the exact sum needs %d bits", width);
    l->accum_exact = true;
    l->accum = nh_format_make(true, width, width - frac, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    if (l->op == NH_OP_AVGPOOL) {
        double unit = 1 / (double)area;
        l->opt.multiplier_bits = mean_bits(l);
        nh_infer_requantize(c, l, &unit, 1, 1);
        int64_t mul = l->requant_mul ? l->requant_mul[0] : 1;
        r = nh_range_mul(r, (nh_range){mul, mul});
        frac += l->requant_shift;
    }
    return nh_infer_result(c, l, r, frac, x->q.scale);
}

bool nh_infer_pool(nh_infer *c, nh_layer *l) { return l->exact ? exact_pool(c, l) : rounded_pool(c, l); }
