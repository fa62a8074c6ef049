#include "elementwise.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "layout.h"

void nh_notes_add(nh_notes *n, const char *note) {
    if (!note || n->n == NH_MAX_NOTES) return;
    for (int i = 0; i < n->n; i++)
        if (strcmp(n->note[i], note) == 0) return;
    n->note[n->n++] = note;
}

void nh_notes_add_table(nh_notes *n, const nh_layer *l, const nh_dp_table_facts *facts) {
    nh_notes_add(n, facts->note);
    int i = 0;
    while (i < n->n_table && n->table[i].layer != l) i++;
    if (i == NH_MAX_NOTES) return;
    if (i == n->n_table)
        n->table[n->n_table++] = (nh_table_fact){l, *facts};
    else if (facts->error > n->table[i].facts.error)
        n->table[i].facts = *facts;
}

bool nh_is_elementwise(const nh_layer *l, bool *needs_channel) {
    *needs_channel = nh_op_get(l->op)->axis == NH_AXIS_CHANNELS && l->n_axes > 0;
    const nh_op_info *op = nh_op_get(l->op);
    return (op->is_elementwise || l->op == NH_OP_TRANSPOSE) && op->n_inputs == 1 && l->op != NH_OP_DELAY;
}

/* Cast to a tensor's format; a value that is already exactly in it passes. */
static nh_val to_tensor(nh_dp *p, const nh_graph *g, int tensor, nh_val v) {
    return nh_dp_cast(p, v, g->tensor[tensor].q.fmt);
}

static nh_val real_const_value(nh_dp *p, double v) {
    nh_i128 raw;
    int frac;
    nh_fx_constant(v, &raw, &frac);
    return nh_dp_const(p, raw, frac);
}

static nh_val times_real(nh_dp *p, nh_val x, double v) {
    nh_i128 raw;
    int frac;
    if (v == 1.0) return x;
    nh_fx_constant(v, &raw, &frac);
    return nh_dp_mulc(p, x, raw, frac);
}

/* raw * 2^-frac is read at scale 1 after the requantizer, whatever the tensor's scale: graph.h, nh_layer.requant_mul.
 */
nh_val nh_requantize(nh_dp *p, const nh_graph *g, const nh_layer *l, nh_val acc, const nh_val *mul, int64_t channel) {
    if (mul)
        acc = nh_dp_scale(p, nh_dp_mul(p, acc, *mul), -l->requant_shift);
    else if (l->requant_mul)
        acc = nh_dp_mulc(p, acc, l->requant_mul[channel], l->requant_shift);
    return to_tensor(p, g, l->out, acc);
}

static nh_val batchnorm(nh_dp *p, const nh_graph *g, const nh_layer *l, nh_val x, int64_t channel) {
    nh_val v = nh_dp_mulc(p, x, l->weight->raw[channel], nh_format_frac(l->weight->fmt));
    if (!l->accum_exact) v = nh_dp_cast(p, v, l->accum); /* the product, then the sum, as in a dense layer */
    if (l->bias) v = nh_dp_add(p, v, nh_dp_const(p, l->bias->raw[channel], nh_format_frac(l->bias->fmt)));
    if (!l->accum_exact) v = nh_dp_cast(p, v, l->accum);
    return nh_requantize(p, g, l, v, NULL, channel);
}

nh_val nh_within_tensor(nh_dp *p, const nh_tensor *t, nh_val v) {
    int frac = nh_format_frac(t->q.fmt);
    return nh_dp_min(p, nh_dp_max(p, v, nh_dp_const(p, t->range.lo, frac)), nh_dp_const(p, t->range.hi, frac));
}

static nh_val table(nh_dp *p, const nh_graph *g, const nh_layer *l, nh_val x, nh_notes *notes) {
    const nh_tensor *in = &g->tensor[l->in[0]], *out = &g->tensor[l->out];
    const nh_unary *u = nh_unary_get(l->op);
    nh_dp_curve f = {.f = u->f, .rising = nh_unary_rising(l), .octaves = u->octaves, .odd = u->odd};
    nh_dp_table_facts facts;
    nh_unary_params(l, f.p);
    nh_val y = nh_dp_unary_table(p, x, in->range, in->q.scale, &f, out->q.fmt, l->opt.table_size,
                                 nh_op_get(l->op)->text, &facts);
    nh_notes_add_table(notes, l, &facts);
    return nh_within_tensor(p, out, y);
}

/* --- functions without a table: constants have as many significant bits as the result, and four more ------------- */

static nh_val fine_constant(nh_dp *p, const nh_format out, double v) {
    nh_i128 raw;
    int frac;
    nh_fx_constant_bits(v, out.width_bits + 4, &raw, &frac);
    return nh_dp_const(p, raw, frac);
}

static nh_val times_fine(nh_dp *p, const nh_format out, nh_val x, double v) {
    return v == 1.0 ? x : nh_dp_mul(p, x, fine_constant(p, out, v));
}

/* clip(factor * x + offset, 0, 1) of the real x. */
static nh_val ramp(nh_dp *p, const nh_quant *in, const nh_format out, nh_val x, double factor, double offset) {
    nh_val v = nh_dp_add(p, times_fine(p, out, x, factor * in->scale), fine_constant(p, out, offset));
    return nh_dp_min(p, nh_dp_max(p, v, nh_dp_const(p, 0, 0)), nh_dp_const(p, 1, 0));
}

/* x ramp(x), the ramp rounded to four bits more than the result has. */
static nh_val hard_swish(nh_dp *p, const nh_quant *in, const nh_format out, nh_val x) {
    int frac = out.width_bits + 4 < 60 ? out.width_bits + 4 : 60;
    nh_val h = nh_dp_cast(p, ramp(p, in, out, x, 1.0 / 6, 0.5),
                          nh_format_make(false, frac + 1, 1, NH_ROUND_RND, NH_OVERFLOW_WRAP));
    return times_fine(p, out, nh_dp_mul(p, x, h), in->scale);
}

/* A bound of a clip in steps of the input: one beyond 2^62 (infinity and 1e30, say) bounds nothing, and would need a
 * wide constant. */
static double in_steps(const nh_quant *in, double bound) { return ldexp(bound / in->scale, nh_format_frac(in->fmt)); }

/* Functions that are several straight lines; *scale is what the value is to be multiplied by. False: the operator is
 * none. */
static bool pieces(nh_dp *p, const nh_graph *g, const nh_layer *l, int64_t channel, nh_val *x, double *scale) {
    const nh_quant *in = &g->tensor[l->in[0]].q;
    nh_format out = g->tensor[l->out].q.fmt;
    nh_val zero = nh_dp_const(p, 0, 0), v = *x;
    switch (l->op) {
    case NH_OP_RELU: v = nh_dp_max(p, v, zero); break;
    case NH_OP_LEAKY_RELU: v = nh_dp_select(p, nh_dp_lt(p, v, zero), times_real(p, v, l->alpha), v); break;
    case NH_OP_PRELU:
        v = nh_dp_select(p, nh_dp_lt(p, v, zero),
                         nh_dp_mulc(p, v, l->weight->raw[channel], nh_format_frac(l->weight->fmt)), v);
        break;
    case NH_OP_THRESHOLDED_RELU:
        v = nh_dp_select(p, nh_dp_lt(p, fine_constant(p, out, l->alpha / in->scale), v), v, zero);
        break;
    case NH_OP_CLIP:
        if (in_steps(in, l->lo) > -0x1p62) v = nh_dp_max(p, v, real_const_value(p, l->lo / in->scale));
        if (in_steps(in, l->hi) < 0x1p62) v = nh_dp_min(p, v, real_const_value(p, l->hi / in->scale));
        break;
    case NH_OP_ABS: v = nh_dp_max(p, v, nh_dp_neg(p, v)); break;
    case NH_OP_NEG: v = nh_dp_neg(p, v); break;
    case NH_OP_HARD_SIGMOID: v = ramp(p, in, out, v, l->alpha, l->beta), *scale = 1; break;
    case NH_OP_HARD_SWISH: v = hard_swish(p, in, out, v), *scale = 1; break;
    case NH_OP_SQUARE: v = times_fine(p, out, nh_dp_mul(p, v, v), in->scale * in->scale), *scale = 1; break;
    default: return nh_unary_get(l->op) == NULL; /* reshape, identity: wires */
    }
    *x = v;
    return true;
}

nh_val nh_apply_elementwise(nh_dp *p, const nh_graph *g, const nh_layer *l, nh_val x, int64_t channel,
                            nh_notes *notes) {
    const nh_quant *in = &g->tensor[l->in[0]].q, *out = &g->tensor[l->out].q;
    double scale = in->scale;
    if (nh_is_wire(l)) return x;
    if (l->op == NH_OP_BATCHNORM) return batchnorm(p, g, l, x, channel);
    if (nh_op_get(l->op)->is_table) return table(p, g, l, x, notes);
    bool is_built = pieces(p, g, l, channel, &x, &scale);
    assert(is_built);
    (void)is_built;
    return to_tensor(p, g, l->out, times_real(p, x, scale / out->scale));
}
