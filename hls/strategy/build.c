#include "build.h"

#include <string.h>

/* Beyond this many non-zero weights an unrolled layer is refused: its adders would number a few times as many. */
#define MOST_UNROLLED_WEIGHTS (1 << 18)

static bool too_wide(nh_diag *d, const nh_layer *l, const nh_dp *p) {
    if (!p->overflow128) return false;
    nh_report(d, NH_P_WIDTH, l->at, "layer '%s': an exact intermediate needs more than 127 bits", l->name);
    nh_diag_layer(d, l->name);
    nh_diag_hint(d, "use narrower weight, result or input formats");
    return true;
}

/* Sums whose accumulator format was given: every product and every sum is cast, inputs in the order in which they
 * stream (NULL: their own), from the bias. */
static void matvec_cast(nh_dp *p, const nh_layer *l, const nh_val *x, const int64_t *order, int64_t n_in, int64_t n_out,
                        nh_val *y) {
    int w_frac = nh_format_frac(l->weight->fmt);
    for (int64_t o = 0; o < n_out; o++) {
        nh_val acc = nh_dp_const(p, 0, nh_format_frac(l->accum));
        if (l->bias) acc = nh_dp_const(p, l->bias->raw[o], nh_format_frac(l->bias->fmt));
        acc = nh_dp_cast(p, acc, l->accum);
        for (int64_t e = 0; e < n_in; e++) {
            int64_t i = order ? order[e] : e, w = l->weight->raw[o * n_in + i];
            if (w == 0) continue;
            nh_val product = nh_dp_cast(p, nh_dp_mulc(p, x[i], w, w_frac), l->accum);
            acc = nh_dp_cast(p, nh_dp_add(p, acc, product), l->accum);
        }
        y[o] = acc;
    }
    nh_dp_expand_constants(p);
}

static bool check_unrolled(nh_diag *d, const nh_layer *l, int64_t n) {
    int64_t nonzero = 0;
    for (int64_t i = 0; i < n; i++) nonzero += l->weight->raw[i] != 0;
    if (nonzero <= MOST_UNROLLED_WEIGHTS) return true;
    nh_report(d, NH_P_UNROLL, l->opt.strategy_at, "layer '%s': %lld non-zero weights are too many to unroll", l->name,
              (long long)nonzero);
    nh_diag_layer(d, l->name);
    nh_diag_allowed(d, "at most %d", MOST_UNROLLED_WEIGHTS);
    nh_diag_hint(d, "use strategy: resource for this layer");
    return false;
}

/* Dense sums of the whole vector, requantized. */
static bool dense(nh_arena *a, nh_diag *d, nh_dp *p, const nh_layer_run *r, const nh_layer *l, nh_val *v) {
    int64_t n_out = l->weight->shape.dim[0], n_in = l->weight->shape.dim[1];
    if (!check_unrolled(d, l, n_out * n_in)) return false;
    nh_val *y = nh_arena_array(a, (size_t)n_out, sizeof *y);
    if (l->accum_exact) {
        nh_i128 *bias = NULL;
        if (l->bias) {
            bias = nh_arena_array(a, (size_t)n_out, sizeof *bias);
            for (int64_t o = 0; o < n_out; o++)
                bias[o] = nh_fx_convert(l->bias->raw[o], nh_format_frac(l->bias->fmt), l->accum, NULL);
        }
        nh_dp_matvec_csd(p, v, n_in, l->weight->raw, nh_format_frac(l->weight->fmt), bias, n_out, y);
    } else {
        matvec_cast(p, l, v, r->layout[l->in[0]].order, n_in, n_out, y);
    }
    for (int64_t o = 0; o < n_out; o++) v[o] = nh_requantize(p, r->g, l, y[o], NULL, o);
    return true;
}

/* Softmax, its logarithm and argmax take the elements along their axes together: line by line. The result of line i of
 * argmax is element i. */
static void lines(nh_arena *a, nh_dp *p, const nh_graph *g, const nh_layer *l, nh_val *v, nh_notes *notes) {
    const nh_tensor *in = &g->tensor[l->in[0]], *out = &g->tensor[l->out];
    nh_axis axis = nh_layer_axis(g, l);
    nh_val *x = nh_arena_array(a, (size_t)axis.n, sizeof *x), *y = nh_arena_array(a, (size_t)axis.n, sizeof *y);
    for (int64_t line = 0; line < axis.outer * axis.inner; line++) {
        nh_val *at = v + line / axis.inner * axis.n * axis.inner + line % axis.inner;
        for (int64_t k = 0; k < axis.n; k++) x[k] = at[k * axis.inner];
        if (l->op == NH_OP_ARGMAX) {
            v[line] = nh_dp_cast(p, nh_dp_argmax(p, x, axis.n),
                                 out->q.fmt); /* no later line reads element `line` or before */
            continue;
        }
        nh_dp_table_facts facts;
        bool is_log = l->op == NH_OP_LOG_SOFTMAX;
        (is_log ? nh_dp_log_softmax : nh_dp_softmax)(p, x, axis.n, in->q.scale, out->q.fmt, l->opt.table_size,
                                                     nh_op_get(l->op)->text, y, &facts);
        nh_notes_add_table(notes, l, &facts);
        for (int64_t k = 0; k < axis.n; k++) at[k * axis.inner] = nh_within_tensor(p, out, y[k]);
    }
}

static void transpose(nh_arena *a, const nh_graph *g, const nh_layer *l, nh_val *v) {
    nh_shape in = g->tensor[l->in[0]].shape;
    size_t n = (size_t)nh_shape_size(in);
    nh_val *from = nh_arena_array(a, n, sizeof *from);
    memcpy(from, v, n * sizeof *from);
    for (size_t i = 0; i < n; i++) v[i] = from[nh_transposed_from(l, in, (int64_t)i)];
}

/* One layer over the whole vector v (room for the larger of its sides). */
static bool apply(nh_arena *a, nh_diag *d, nh_dp *p, const nh_layer_run *r, const nh_layer *l, nh_val *v,
                  nh_notes *notes) {
    const nh_graph *g = r->g;
    if (l->op == NH_OP_DENSE) return dense(a, d, p, r, l, v);
    if (l->op == NH_OP_TRANSPOSE) {
        transpose(a, g, l, v);
        return true;
    }
    if (!nh_op_get(l->op)->is_elementwise) {
        lines(a, p, g, l, v, notes);
        return true;
    }
    nh_axis axis = nh_layer_axis(g, l);
    for (int64_t i = 0, n = nh_shape_size(g->tensor[l->in[0]].shape); i < n; i++)
        v[i] = nh_apply_elementwise(p, g, l, v[i], nh_channel_of(axis, i), notes);
    return true;
}

nh_dp *nh_build_unrolled(nh_arena *a, nh_diag *d, const nh_layer_run *r, const char *id, nh_notes *notes) {
    const nh_graph *g = r->g;
    const nh_tensor *in = &g->tensor[r->layer[0]->in[0]], *out = &g->tensor[r->layer[r->n - 1]->out];
    int64_t most = nh_shape_size(in->shape);
    for (int i = 0; i < r->n; i++) {
        int64_t n = nh_shape_size(g->tensor[r->layer[i]->out].shape);
        most = n > most ? n : most;
    }
    nh_dp *p = nh_dp_new(a, id);
    int64_t n_in = nh_shape_size(in->shape), n_out = nh_shape_size(out->shape);
    int x = nh_dp_in_port(p, "x", n_in, in->q.fmt), y = nh_dp_out_port(p, "y", n_out, out->q.fmt);
    nh_val *v = nh_arena_array(a, (size_t)most, sizeof *v);
    const int64_t *from = r->layout[r->layer[0]->in[0]].order, *to = r->layout[r->layer[r->n - 1]->out].order;
    for (int64_t i = 0; i < n_in; i++) v[from ? from[i] : i] = nh_dp_input(p, x, i, in->range);
    for (int i = 0; i < r->n; i++) {
        if (!apply(a, d, p, r, r->layer[i], v, notes)) return NULL;
        if (too_wide(d, r->layer[i], p)) return NULL;
    }
    for (int64_t o = 0; o < n_out; o++) nh_dp_output(p, y, o, v[to ? to[o] : o]);
    nh_dp_expand_constants(p);
    nh_dp_finish(p);
    nh_dp_pipeline(p, r->timing, true);
    return p;
}

/* One multiplier for all channels is a constant of the datapath; different ones come from a ROM beside the
 * accumulators. */
static bool same_multiplier(const nh_layer *l, int64_t n_out) {
    for (int64_t o = 1; o < n_out; o++)
        if (l->requant_mul[o] != l->requant_mul[0]) return false;
    return true;
}

/* The multipliers in the order of the engine's rows. */
static const int64_t *multipliers(nh_arena *a, const nh_layer *l, int64_t n_out, const int64_t *rows) {
    if (!rows) return l->requant_mul;
    int64_t *mul = nh_arena_array(a, (size_t)n_out, sizeof *mul);
    for (int64_t o = 0; o < n_out; o++) mul[o] = l->requant_mul[rows[o]];
    return mul;
}

static nh_val multiplier_port(nh_dp *p, nh_post *post, int64_t n_out) {
    nh_range range = {post->mul[0], post->mul[0]};
    for (int64_t o = 1; o < n_out; o++) range = nh_range_hull(range, (nh_range){post->mul[o], post->mul[o]});
    bool is_signed = false;
    post->mul_bits = nh_range_width(range, &is_signed);
    int port =
        nh_dp_in_port(p, "m", 1, nh_format_make(false, post->mul_bits, post->mul_bits, NH_ROUND_TRN, NH_OVERFLOW_WRAP));
    return nh_dp_input(p, port, 0, range);
}

bool nh_build_post(nh_arena *a, nh_diag *d, const nh_layer_run *r, const char *id, nh_format acc, int64_t n_out,
                   const int64_t *rows, nh_post *post, nh_notes *notes) {
    const nh_graph *g = r->g;
    const nh_layer *l = r->layer[0];
    nh_dp *p = nh_dp_new(a, id);
    int x = nh_dp_in_port(p, "x", 1, acc);
    nh_val input = nh_dp_input(p, x, 0, nh_range_of(acc)), v = input;
    if (l->requant_mul && !same_multiplier(l, n_out)) {
        post->mul = multipliers(a, l, n_out, rows);
        nh_val m = multiplier_port(p, post, n_out);
        v = nh_requantize(p, g, l, v, &m, 0);
    } else {
        v = nh_requantize(p, g, l, v, NULL, 0);
    }
    for (int i = 1; i < r->n; i++) v = nh_apply_elementwise(p, g, r->layer[i], v, 0, notes);
    bool is_wire = v == input; /* nothing behind the accumulator: nothing to register */
    if (too_wide(d, l, p)) return false;
    int y = nh_dp_out_port(p, "y", 1, g->tensor[r->layer[r->n - 1]->out].q.fmt);
    nh_dp_output(p, y, 0, v);
    nh_dp_expand_constants(p);
    nh_dp_finish(p);
    nh_dp_pipeline(p, r->timing, !is_wire);
    post->dp = p;
    return true;
}
