/* The pass infer: numbers of every layer, in topological order; a delay that closes a loop asks for the layers it reads
 * (infer_feedback.c). Which function decides for an operator: the column `infer` of hls/ir/op.def. */
#include "infer.h"

#include <math.h>
#include <stdarg.h>

#include "lost.h"

/* --- what they report and set ------------------------------------------------------------------------------------- */

bool nh_infer_say(nh_infer *c, const nh_layer *l, nh_code code, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    nh_report(c->d, code, l->at, "layer '%s': %s", l->name, nh_arena_vprintf(c->scratch, fmt, ap));
    va_end(ap);
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

void nh_infer_set(nh_infer *c, const nh_layer *l, nh_format f, nh_range range, double scale) {
    nh_tensor *t = &c->g->tensor[l->out];
    t->q = (nh_quant){true, f, scale};
    t->range = range;
}

void nh_infer_decide(nh_infer *c, const nh_layer *l, nh_format f, double scale, nh_range range, const char *how) {
    char buf[NH_FORMAT_TEXT];
    nh_infer_set(c, l, f, range, scale);
    if (scale == 1)
        nh_infer_say(c, l, NH_N_FORMAT, "result %s (%s)", nh_format_print(f, buf), how);
    else
        nh_infer_say(c, l, NH_N_FORMAT, "result %s, scale %g (%s)", nh_format_print(f, buf), scale, how);
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
    if (c->seen && c->o->calibrate.method == NH_CALIBRATE_MSE) out->values = c->seen->stats[l->out].kept;
    return true;
}

static bool exact_format(nh_range exact, int frac, nh_format *f) {
    return nh_range_format(exact, frac, f) && (f->is_signed || f->width_bits < 64);
}

bool nh_infer_keep_exact(nh_infer *c, const nh_layer *l, nh_range exact, int frac, double scale) {
    nh_format f;
    if (!exact_format(exact, frac, &f)) {
        bool is_signed;
        nh_infer_say(c, l, NH_N_RESULT_WIDE, "the result is kept exact up to the activation, which needs %d bits",
                     nh_range_width(exact, &is_signed));
        nh_diag_allowed(c->d, "64 bits signed, 63 unsigned");
        nh_diag_hint(c->d, "reduce weight_bits or multiplier_bits, or give the layer's `result` format");
        return false;
    }
    nh_infer_decide(c, l, f, scale, exact, "exact");
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
    nh_infer_decide(c, l, f, scale, nh_range_convert(exact, frac, f), how);
    return true;
}

/* --- inputs and wires --------------------------------------------------------------------------------------------- */

static bool no_input_format(nh_infer *c, const nh_layer *l) {
    nh_report(c->d, NH_N_INPUT_FORMAT, c->o->input.at, "nothing tells the number format of the input '%s'", l->name);
    nh_diag_layer(c->d, l->name);
    nh_diag_hint(c->d, "write input: { format: \"fixed<W,I>\" }, or calibrate: { data: samples.npy }");
    return false;
}

/* An input whose values are rounded to a format: given, or fitted to the calibration data. */
static bool rounded_input(nh_infer *c, nh_layer *l) {
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
    nh_infer_decide(c, l, f, scale, nh_range_of(f), how);
    return true;
}

static bool all_integers(const nh_samples *s) {
    for (int64_t i = 0; i < s->n * s->size; i++)
        if (s->x[i] < floor(s->x[i]) || s->x[i] > floor(s->x[i])) return false;
    return true;
}

static nh_format exact_input_format(nh_infer *c, const nh_tensor *t) {
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

static bool exact_input(nh_infer *c, const nh_layer *l) {
    const nh_options *o = c->o;
    char text[NH_FORMAT_TEXT];
    nh_format f = o->input.format.is_auto ? exact_input_format(c, &c->g->tensor[l->out]) : o->input.format.fmt;
    double scale = o->input.has_scale ? o->input.scale : 1;
    if (o->input.has_scale && o->input.format.is_auto)
        f = nh_format_make(false, o->input.bits, o->input.bits, NH_ROUND_RND, NH_OVERFLOW_SAT);
    nh_infer_set(c, l, f, nh_range_of(f), scale);
    return nh_infer_say(c, l, NH_N_FORMAT, "input %s per step", nh_format_print(f, text));
}

bool nh_infer_input(nh_infer *c, nh_layer *l) { return l->exact ? exact_input(c, l) : rounded_input(c, l); }

bool nh_infer_wire(nh_infer *c, nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    nh_infer_set(c, l, x->q.fmt, x->range, x->q.scale);
    return true;
}

/* --- the pass ----------------------------------------------------------------------------------------------------- */

bool nh_infer_weighted(nh_infer *c, nh_layer *l) { return l->exact ? nh_infer_exact(c, l) : nh_infer_rounded(c, l); }

/* Sums of tensors have become neurons without state (absorb.c). */
bool nh_infer_sum(nh_infer *c, nh_layer *l) {
    return nh_infer_say(c, l, NH_O_BUG, "a sum of tensors that no neuron took in");
}

bool nh_infer_layer(nh_infer *c, int i) {
    static bool (*const infer[])(nh_infer *, nh_layer *) = {
#define NH_OP(symbol, text, inputs, weights, elementwise, table, axis, strategies, infer, eval, lower)                 \
    [NH_OP_##symbol] = nh_infer_##infer,
#include "op.def"
#undef NH_OP
    };
    nh_layer *l = &c->g->layer[i];
    /* A delay that has waited for its own loop gets its format when what it reads has one. */
    if (c->inferred[i] && (l->op != NH_OP_DELAY || c->g->tensor[l->out].q.known)) return true;
    c->inferred[i] = true;
    return infer[l->op](c, l);
}

static nh_infer context(nh_graph *g, const nh_options *o, const nh_samples *samples, const nh_seen *seen, nh_diag *d) {
    static const nh_samples none;
    nh_arena *a = nh_arena_new();
    size_t layers = (size_t)g->n_layer + 1, tensors = (size_t)g->n_tensor + 1;
    nh_infer c = {.g = g, .o = o, .d = d, .scratch = a, .samples = samples ? samples : &none, .seen = seen};
    c.kept = nh_arena_array(a, NH_KEPT_VALUES, sizeof *c.kept);
    c.may_clip = nh_arena_array(a, tensors, sizeof *c.may_clip);
    c.forced = nh_arena_array(a, tensors, sizeof *c.forced);
    c.acc_scale = nh_arena_array(a, tensors, sizeof *c.acc_scale);
    c.row_gain = nh_arena_array(a, layers, sizeof *c.row_gain);
    c.threshold = nh_arena_array(a, layers, sizeof *c.threshold);
    c.inferred = nh_arena_array(a, layers, sizeof *c.inferred);
    c.visits = nh_arena_array(a, layers, sizeof *c.visits);
    return c;
}

bool nh_pass_infer(nh_graph *g, const nh_options *o, const nh_samples *calibration, const nh_seen *seen, nh_diag *d) {
    nh_infer c = context(g, o, calibration, seen, d);
    bool ok = true;
    /* Gains are folded before any weight is quantized: a neuron stands behind its weights. */
    for (int i = 0; ok && i < g->n_layer; i++)
        if (g->layer[i].op == NH_OP_NEURON) ok = nh_neuron_normalise(g, i, c.row_gain, d, &c.threshold[i]);
    for (int i = 0; ok && i < g->n_layer; i++) ok = nh_infer_layer(&c, i);
    if (ok && seen) nh_infer_count_overflow(&c);
    if (ok && seen)
        nh_tell_lost_inputs(g, c.samples->x, c.samples->n * c.samples->size / nh_shape_size(g->tensor[g->input].shape),
                            d);
    nh_arena_free(c.scratch);
    return ok;
}
