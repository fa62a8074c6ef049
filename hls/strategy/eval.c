/* The integer model of a design: the oracle that generated C and RTL are compared with. */
#include "design.h"

int64_t **nh_design_buffers(nh_arena *a, const nh_design *g) {
    int64_t **raw = nh_arena_array(a, (size_t)g->n_stream, sizeof *raw);
    for (int s = 0; s < g->n_stream; s++) raw[s] = nh_arena_array(a, (size_t)g->stream[s].n, sizeof **raw);
    return raw;
}

static nh_i128 widen(int64_t raw, nh_format f) { return f.is_signed ? (nh_i128)raw : (nh_i128)(uint64_t)raw; }

/* The accumulator of output o; casts inside a sum whose format was given are counted. */
static nh_i128 product_sum(const nh_mac *m, const int64_t *x, int64_t o, nh_fx_count *count) {
    const int64_t *w = m->w + o * m->n_in;
    int frac = nh_format_frac(m->x) + nh_format_frac(m->weight);
    nh_i128 acc = m->b ? m->b[o] : 0;
    for (int64_t i = 0; i < m->n_in; i++) {
        nh_i128 product = widen(x[i], m->x) * widen(w[i], m->weight);
        if (m->exact)
            acc += product;
        else
            acc =
                nh_fx_convert(acc + nh_fx_convert(product, frac, m->acc, count), nh_format_frac(m->acc), m->acc, count);
    }
    return acc;
}

static void eval_mac(const nh_unit *u, const int64_t *x, int64_t *y, nh_fx_count *count) {
    const nh_mac *m = &u->mac;
    for (int64_t o = 0; o < m->n_out; o++) {
        nh_i128 acc = product_sum(m, x, o, count), mul = m->mul ? m->mul[o] : 0, out = 0;
        nh_i128 *results[] = {&out};
        const nh_i128 *inputs[] = {&acc, &mul};
        nh_dp_eval_count(m->post, inputs, results, count);
        y[o] = (int64_t)out;
    }
}

static void eval_datapath(const nh_unit *u, const nh_format x_fmt, const int64_t *x, int64_t *y, nh_fx_count *count) {
    const nh_dp *p = u->dp;
    nh_arena *scratch = nh_arena_new();
    nh_i128 *in = nh_arena_alloc(scratch, (size_t)p->in[0].n * sizeof *in);
    nh_i128 *out = nh_arena_alloc(scratch, (size_t)p->out[0].n * sizeof *out);
    for (int64_t i = 0; i < p->in[0].n; i++) in[i] = widen(x[i], x_fmt);
    const nh_i128 *inputs[] = {in};
    nh_i128 *results[] = {out};
    nh_dp_eval_count(p, inputs, results, count);
    for (int64_t o = 0; o < p->out[0].n; o++) y[o] = (int64_t)out[o];
    nh_arena_free(scratch);
}

void nh_unit_eval(const nh_design *g, const nh_unit *u, int64_t **raw, nh_fx_count *count) {
    if (u->kind == NH_UNIT_MAC)
        eval_mac(u, raw[u->in[0]], raw[u->out[0]], count);
    else
        eval_datapath(u, g->stream[u->in[0]].fmt, raw[u->in[0]], raw[u->out[0]], count);
}

void nh_design_eval(const nh_design *g, const int64_t *x, int64_t **raw, nh_fx_count *count) {
    for (int64_t i = 0; i < g->stream[g->input].n; i++) raw[g->input][i] = x[i];
    for (int k = 0; k < g->n_unit; k++) nh_unit_eval(g, &g->unit[k], raw, count ? &count[g->unit[k].out[0]] : NULL);
}
