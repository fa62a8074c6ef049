#include "elementwise.h"

#include <math.h>
#include <string.h>

void nh_notes_add(nh_notes *n, const char *note)
{
    if (!note || n->n == NH_MAX_NOTES) return;
    for (int i = 0; i < n->n; i++)
        if (strcmp(n->note[i], note) == 0) return;
    n->note[n->n++] = note;
}

bool nh_is_elementwise(const nh_layer *l, bool *needs_channel)
{
    *needs_channel = nh_op_get(l->op)->axis == NH_AXIS_CHANNELS && l->n_axes > 0;
    return nh_op_get(l->op)->is_elementwise;
}

/* Cast to a tensor's format; a value that is already exactly in it passes. */
static nh_val to_tensor(nh_dp *p, const nh_graph *g, int tensor, nh_val v)
{
    return nh_dp_cast(p, v, g->tensor[tensor].q.fmt);
}

static nh_val real_const_value(nh_dp *p, double v)
{
    nh_i128 raw;
    int frac;
    nh_fx_constant(v, &raw, &frac);
    return nh_dp_const(p, raw, frac);
}

static nh_val times_real(nh_dp *p, nh_val x, double v)
{
    nh_i128 raw;
    int frac;
    if (v == 1.0) return x;
    nh_fx_constant(v, &raw, &frac);
    return nh_dp_mulc(p, x, raw, frac);
}

/* raw * 2^-frac is read at scale 1 after the requantizer, whatever the tensor's scale: graph.h, nh_layer.requant_mul. */
nh_val nh_requantize(nh_dp *p, const nh_graph *g, const nh_layer *l, nh_val acc, const nh_val *mul, int64_t channel)
{
    if (mul) acc = nh_dp_scale(p, nh_dp_mul(p, acc, *mul), -l->requant_shift);
    else if (l->requant_mul) acc = nh_dp_mulc(p, acc, l->requant_mul[channel], l->requant_shift);
    return to_tensor(p, g, l->out, acc);
}

static nh_val batchnorm(nh_dp *p, const nh_graph *g, const nh_layer *l, nh_val x, int64_t channel)
{
    nh_val v = nh_dp_mulc(p, x, l->weight->raw[channel], nh_format_frac(l->weight->fmt));
    if (!l->accum_exact) v = nh_dp_cast(p, v, l->accum); /* the product, then the sum, as in a dense layer */
    if (l->bias) v = nh_dp_add(p, v, nh_dp_const(p, l->bias->raw[channel], nh_format_frac(l->bias->fmt)));
    if (!l->accum_exact) v = nh_dp_cast(p, v, l->accum);
    return nh_requantize(p, g, l, v, NULL, channel);
}

static double sigmoid(double x) { return x >= 0 ? 1.0 / (1.0 + exp(-x)) : exp(x) / (1.0 + exp(x)); }

static nh_val table(nh_dp *p, const nh_graph *g, const nh_layer *l, nh_val x, double (*f)(double), nh_notes *notes)
{
    const nh_tensor *in = &g->tensor[l->in[0]], *out = &g->tensor[l->out];
    const char *note = NULL;
    nh_val y = nh_dp_unary_table(p, x, in->q.scale, f, out->q.fmt, out->q.scale, l->opt.table_size, nh_op_get(l->op)->text, &note);
    nh_notes_add(notes, note);
    return y;
}

/* A bound of a clip in steps of the input: one beyond 2^62 (infinity and 1e30, say) bounds nothing, and would need a wide constant. */
static double in_steps(const nh_quant *in, double bound) { return ldexp(bound / in->scale, nh_format_frac(in->fmt)); }

nh_val nh_apply_elementwise(nh_dp *p, const nh_graph *g, const nh_layer *l, nh_val x, int64_t channel, nh_notes *notes)
{
    const nh_quant *in = &g->tensor[l->in[0]].q, *out = &g->tensor[l->out].q;
    nh_val zero = nh_dp_const(p, 0, 0);
    switch (l->op) {
    case NH_OP_RELU: x = nh_dp_max(p, x, zero); break;
    case NH_OP_LEAKY_RELU: x = nh_dp_select(p, nh_dp_lt(p, x, zero), times_real(p, x, l->alpha), x); break;
    case NH_OP_CLIP:
        if (in_steps(in, l->lo) > -0x1p62) x = nh_dp_max(p, x, real_const_value(p, l->lo / in->scale));
        if (in_steps(in, l->hi) < 0x1p62) x = nh_dp_min(p, x, real_const_value(p, l->hi / in->scale));
        break;
    case NH_OP_SIGMOID: return table(p, g, l, x, sigmoid, notes);
    case NH_OP_TANH: return table(p, g, l, x, tanh, notes);
    case NH_OP_BATCHNORM: return batchnorm(p, g, l, x, channel);
    default: break; /* reshape, identity: wires */
    }
    return to_tensor(p, g, l->out, times_real(p, x, in->scale / out->scale));
}
