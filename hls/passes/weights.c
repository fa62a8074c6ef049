/* Weights and biases: formats, scales, integers. */
#include "infer.h"

#include <math.h>

#include "lost.h"

typedef struct {
    double min, max;
    bool is_finite;
} extent;

static extent extent_of(const double *v, int64_t n) {
    double min = INFINITY, max = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        min = v[i] < min ? v[i] : min;
        max = v[i] > max ? v[i] : max;
        sum += v[i] - v[i];
    }
    return (extent){min, max, sum == 0};
}

nh_fit nh_infer_weight_fit(nh_infer *c, const nh_layer *l, const double *v, int64_t n) {
    extent e = extent_of(v, n);
    nh_fit f = {
        .lo = e.min, .hi = e.max, .unit = 1, .is_signed = true, .bits = l->opt.weight_bits, .round = NH_ROUND_RND_CONV};
    if (c->o->calibrate.method == NH_CALIBRATE_MINMAX || (f.lo == 0 && f.hi == 0)) return f;
    nh_shape shape = l->weight->shape;
    int64_t row = shape.rank > 1 ? nh_shape_size(shape) / shape.dim[0] : n, stride = nh_kept_stride(n, row), count = 0;
    for (int64_t i = 0; i < n; i += stride) c->kept[count++] = v[i];
    nh_values values = {c->kept, count};
    if (c->o->calibrate.method == NH_CALIBRATE_MSE)
        f.values = values;
    else
        nh_percentile_range(values, c->o->calibrate.percentile, &f.lo, &f.hi);
    return f;
}

/* Multipliers of all channels share one shift: a channel whose scale is far below the largest would keep few
 * bits of its multiplier. Half the multiplier's bits bound how far scales may be apart. */
static int spread_bits(const nh_layer *l) { return l->opt.multiplier_bits / 2; }

/* The factors of a batch norm are constants of their own in its datapath, and one that becomes 0 loses its channel: the
 * format covers the largest and is so fine that the smallest keeps weight_bits significant bits, as long as products
 * with the input stay below 64 bits. */
static nh_format fit_factors(const nh_infer *c, const nh_layer *l) {
    enum { MOST_SPREAD = 16, PRODUCT_BITS = 60 };
    int64_t n = nh_shape_size(l->weight->shape);
    int most = -64, least = 128, bits = l->opt.weight_bits,
        room = PRODUCT_BITS - c->g->tensor[l->in[0]].q.fmt.width_bits;
    for (int64_t i = 0; i < n; i++) {
        double v = l->weight->value[i];
        nh_fit f = {.lo = v, .hi = v, .unit = 1, .is_signed = true, .bits = bits, .round = NH_ROUND_RND_CONV};
        if (v == 0) continue;
        int int_bits = nh_fit_format(f).int_bits;
        most = int_bits > most ? int_bits : most;
        least = int_bits < least ? int_bits : least;
    }
    int spread = most > least ? most - least : 0;
    if (spread > MOST_SPREAD) spread = MOST_SPREAD;
    if (spread > room - bits) spread = room > bits ? room - bits : 0;
    return nh_format_make(true, bits + spread, most, NH_ROUND_RND_CONV, NH_OVERFLOW_SAT);
}

static void fit_power_of_two(nh_infer *c, nh_layer *l, int64_t n_out, int64_t n_in) {
    nh_param *w = l->weight;
    if (l->opt.granularity == NH_PER_TENSOR && l->op == NH_OP_BATCHNORM) {
        w->fmt = fit_factors(c, l);
        return;
    }
    if (l->opt.granularity == NH_PER_TENSOR) {
        w->fmt = nh_fit_format(nh_infer_weight_fit(c, l, w->value, n_out * n_in));
        return;
    }
    int *int_bits = nh_arena_array(c->scratch, (size_t)n_out, sizeof *int_bits), most = -64, least;
    for (int64_t o = 0; o < n_out; o++) {
        nh_fit f = nh_infer_weight_fit(c, l, w->value + o * n_in, n_in);
        int_bits[o] = f.lo == 0 && f.hi == 0 ? -64 : nh_fit_format(f).int_bits;
        most = int_bits[o] > most ? int_bits[o] : most;
    }
    w->fmt = nh_format_make(true, l->opt.weight_bits, most, NH_ROUND_RND_CONV, NH_OVERFLOW_SAT);
    least = most - spread_bits(l);
    double *scale = nh_arena_array(c->g->arena, (size_t)n_out, sizeof *scale);
    for (int64_t o = 0; o < n_out; o++) scale[o] = ldexp(1, (int_bits[o] > least ? int_bits[o] : least) - most);
    w->scale = scale;
}

static void fit_arbitrary(nh_infer *c, nh_layer *l, int64_t n_out, int64_t n_in) {
    nh_param *w = l->weight;
    bool per_channel = l->opt.granularity == NH_PER_CHANNEL;
    double *scale = nh_arena_array(c->g->arena, (size_t)n_out, sizeof *scale), most = 0;
    double whole = per_channel ? 0 : nh_fit_scale(nh_infer_weight_fit(c, l, w->value, n_out * n_in));
    for (int64_t o = 0; o < n_out; o++) {
        scale[o] = per_channel ? nh_fit_scale(nh_infer_weight_fit(c, l, w->value + o * n_in, n_in)) : whole;
        most = fmax(most, scale[o]);
    }
    double least = most > 0 ? ldexp(most, -spread_bits(l)) : 1;
    for (int64_t o = 0; o < n_out; o++) scale[o] = fmax(scale[o], least);
    w->scale = scale;
    w->fmt = nh_format_make(true, l->opt.weight_bits, l->opt.weight_bits, NH_ROUND_RND_CONV, NH_OVERFLOW_SAT);
}

static void warn_overflow(nh_infer *c, const nh_layer *l, const char *what, const nh_param *p, double worst, extent e) {
    char buf[NH_FORMAT_TEXT], better[NH_FORMAT_TEXT];
    nh_format f = p->fmt;
    nh_fit fit = {
        .lo = e.min, .hi = e.max, .unit = 1, .is_signed = f.is_signed || e.min < 0, .bits = 64, .round = f.round};
    int needed = nh_fit_format(fit).int_bits; /* with 64 bits: no end rounds up */
    int width = f.width_bits + needed - f.int_bits;
    nh_infer_say(c, l, NH_N_WEIGHT_OVERFLOW, "%llu of %llu %s %s %s, the worst is %g",
                 (unsigned long long)p->overflow.overflowed, (unsigned long long)p->overflow.n, what,
                 f.overflow == NH_OVERFLOW_WRAP ? "wrap in" : "saturate in", nh_format_print(f, buf), worst);
    f = nh_format_make(fit.is_signed, width < 1 ? 1 : width > 64 ? 64 : width, needed, f.round, f.overflow);
    nh_diag_hint(c->d, "%s holds them all", nh_format_print(f, better));
}

int64_t nh_infer_quantize(nh_infer *c, nh_param *p, const double *v, int64_t n_out, int64_t n_in, const double *scale) {
    int64_t *raw = nh_arena_array(c->g->arena, (size_t)(n_out * n_in), sizeof *raw), worst = -1;
    for (int64_t o = 0, k = 0; o < n_out; o++) {
        double by = scale ? scale[o] : 1;
        for (int64_t i = 0; i < n_in; i++, k++) {
            uint64_t before = p->overflow.overflowed;
            raw[k] = (int64_t)nh_fx_from_double(v[k] / by, p->fmt, &p->overflow);
            if (p->overflow.overflowed != before && (worst < 0 || fabs(v[k]) > fabs(v[worst]))) worst = k;
        }
    }
    p->raw = raw;
    return worst;
}

bool nh_infer_weight(nh_infer *c, nh_layer *l, int64_t n_out, int64_t n_in) {
    nh_param *w = l->weight;
    extent e = extent_of(w->value, n_out * n_in);
    bool is_auto = l->opt.weight.is_auto, is_arbitrary = is_auto && l->opt.scale == NH_SCALE_ARBITRARY;
    if (!e.is_finite) return nh_infer_say(c, l, NH_N_NOT_FINITE, "a weight is not finite");
    if (is_auto && l->opt.weight_bits < 2)
        return nh_infer_say(c, l, NH_N_WEIGHT_BITS, "automatic weights need at least 2 bits");
    w->scale = NULL;
    w->overflow = (nh_fx_count){0};
    bool is_unrolled = (l->opt.strategy & (NH_STRATEGY_LATENCY | NH_STRATEGY_DISTRIBUTED_ARITHMETIC)) != 0;
    l->opt.granularity = nh_infer_granularity(c, l, w->value, is_unrolled || is_arbitrary);
    if (!is_auto)
        w->fmt = l->opt.weight.fmt;
    else if (is_arbitrary)
        fit_arbitrary(c, l, n_out, n_in);
    else
        fit_power_of_two(c, l, n_out, n_in);
    if (!nh_infer_signed64(c, l, "weight", w->fmt, l->opt.weight.at)) return false;
    int64_t at = nh_infer_quantize(c, w, w->value, n_out, n_in, w->scale);
    double worst = at < 0 ? 0 : w->value[at];

    char buf[NH_FORMAT_TEXT];
    nh_infer_say(c, l, NH_N_FORMAT, "weight %s (%s%s%s%s, %g .. %g)", nh_format_print(w->fmt, buf),
                 is_auto ? "auto, " : "given", is_auto ? nh_method_text(c->o->calibrate.method) : "",
                 is_arbitrary ? ", arbitrary scale" : "",
                 !w->scale                              ? ""
                 : l->opt.granularity == NH_PER_CHANNEL ? ", per channel"
                                                        : ", per tensor",
                 e.min, e.max);
    nh_tell_lost_weights(c->g, l, c->d);
    if (w->overflow.overflowed && (!is_auto || c->o->calibrate.method == NH_CALIBRATE_MINMAX))
        warn_overflow(c, l, "weights", w, worst, e);
    else if (w->overflow.overflowed)
        nh_infer_say(c, l, NH_N_FORMAT, "%llu of %llu weights are clipped by the method, the largest is %g",
                     (unsigned long long)w->overflow.overflowed, (unsigned long long)w->overflow.n, worst);
    return true;
}

/* --- bias
 * -------------------------------------------------------------------------------------------------------------
 */

/* One bias at the accumulator's resolution; given: its own format comes first. */
static nh_i128 bias_raw(double value, double unit, const nh_format *given, nh_format at, nh_fx_count *given_count,
                        nh_fx_count *count) {
    if (!given) return nh_fx_from_double(value / unit, at, count);
    nh_i128 raw = nh_fx_from_double(value, *given, given_count);
    int frac = nh_format_frac(*given);
    return unit == 1 ? nh_fx_convert(raw, frac, at, count)
                     : nh_fx_from_double(nh_fx_to_double(raw, frac) / unit, at, count);
}

static void note_bias(nh_infer *c, const nh_layer *l, const nh_format *given, int frac, extent e, double worst) {
    char buf[NH_FORMAT_TEXT];
    nh_param *b = l->bias;
    nh_infer_say(c, l, NH_N_FORMAT, "bias %s (%s, %g .. %g), stored with the accumulator's %d fractional bits",
                 nh_format_print(given ? *given : b->fmt, buf), given ? "given" : "auto", e.min, e.max, frac);
    if (given && nh_format_frac(*given) > frac)
        nh_infer_say(c, l, NH_N_ROUNDED_BIAS, "the bias has %d fractional bits, the accumulator %d: it is rounded",
                     nh_format_frac(*given), frac);
    if (!b->overflow.overflowed) return;
    nh_format stored = b->fmt;
    if (given) b->fmt = *given;
    warn_overflow(c, l, "biases", b, worst, e);
    b->fmt = stored;
}

bool nh_infer_bias(nh_infer *c, nh_layer *l, int64_t n_out, int frac, const double *unit, const nh_format *accum) {
    nh_param *b = l->bias;
    extent e = extent_of(b->value, n_out);
    const nh_format *given = l->opt.bias.is_auto ? NULL : &l->opt.bias.fmt;
    if (!e.is_finite) return nh_infer_say(c, l, NH_N_NOT_FINITE, "a bias is not finite");
    if (given && !nh_infer_signed64(c, l, "bias", *given, l->opt.bias.at)) return false;
    nh_format widest = nh_format_make(true, 64, 64 - frac, NH_ROUND_RND, NH_OVERFLOW_SAT);
    int64_t *raw = nh_arena_array(c->g->arena, (size_t)n_out, sizeof *raw);
    double *scale = nh_arena_array(c->g->arena, (size_t)n_out, sizeof *scale), worst = 0;
    nh_range all = {0, 0};
    bool is_scaled = false;
    b->overflow = (nh_fx_count){.n = (uint64_t)n_out};
    for (int64_t o = 0; o < n_out; o++) {
        nh_fx_count in_given = {0}, in_accum = {0};
        nh_i128 r = bias_raw(b->value[o], unit[o], given, accum ? *accum : widest, &in_given, &in_accum);
        if (!accum && in_accum.overflowed)
            return nh_infer_say(c, l, NH_N_ACCUM_WIDE, "the bias %g needs more than 64 bits at %d fractional bits",
                                b->value[o], frac);
        bool lost = in_given.overflowed || in_accum.overflowed;
        b->overflow.overflowed += lost;
        if (lost && fabs(b->value[o]) > fabs(worst)) worst = b->value[o];
        raw[o] = (int64_t)r;
        scale[o] = unit[o];
        is_scaled = is_scaled || unit[o] != 1;
        all = nh_range_hull(all, (nh_range){r, r});
    }
    int width = nh_range_signed_width(all);
    b->raw = raw;
    b->scale = is_scaled ? scale : NULL;
    b->fmt = accum ? *accum : nh_format_make(true, width, width - frac, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    note_bias(c, l, given, frac, e, worst);
    nh_tell_lost_bias(c->g, l, c->d);
    return true;
}
