/* The integer model of a design, one step at a time: the oracle that generated C and RTL are compared with. A network
 * of frames is the case of one step in which no unit keeps anything. */
#include <assert.h>
#include <string.h>

#include "design.h"

int64_t **nh_design_buffers(nh_arena *a, const nh_design *g) {
    int64_t **raw = nh_arena_array(a, (size_t)g->n_stream, sizeof *raw);
    for (int s = 0; s < g->n_stream; s++) raw[s] = nh_arena_array(a, (size_t)g->stream[s].n, sizeof **raw);
    return raw;
}

/* What a unit keeps from step to step. */
typedef struct {
    int64_t *state; /* NEURON: [n_state][n] */
    int64_t *ring;  /* DELAY: [most + 1][n], frame t at t % (most + 1) */
} memory;

struct nh_design_state {
    const nh_design *g;
    memory *unit;
    int64_t step; /* of the sample */
};

nh_design_state *nh_design_state_new(nh_arena *a, const nh_design *g) {
    nh_design_state *s = NH_NEW(a, nh_design_state);
    s->g = g;
    s->unit = nh_arena_array(a, (size_t)g->n_unit + 1, sizeof *s->unit);
    for (int i = 0; i < g->n_unit; i++) {
        const nh_unit *u = &g->unit[i];
        if (u->kind == NH_UNIT_NEURON)
            s->unit[i].state = nh_arena_array(a, (size_t)(u->neuron.n_state * u->neuron.n) + 1, sizeof(int64_t));
        if (u->kind == NH_UNIT_DELAY)
            s->unit[i].ring = nh_arena_array(a, (size_t)((u->delay.most + 1) * u->delay.n), sizeof(int64_t));
    }
    return s;
}

static void clear_neuron(nh_design_state *s, int i) {
    const nh_neuron_unit *n = &s->g->unit[i].neuron;
    memset(s->unit[i].state, 0, (size_t)(n->n_state * n->n) * sizeof(int64_t));
}

void nh_design_state_reset(nh_design_state *s) {
    s->step = 0;
    for (int i = 0; i < s->g->n_unit; i++) {
        const nh_unit *u = &s->g->unit[i];
        if (u->kind == NH_UNIT_NEURON) clear_neuron(s, i);
        if (u->kind == NH_UNIT_DELAY)
            memset(s->unit[i].ring, 0, (size_t)((u->delay.most + 1) * u->delay.n) * sizeof(int64_t));
    }
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

static void mac_sums(const nh_mac *m, const int64_t *x, int64_t *y, nh_fx_count *count) {
    for (int64_t o = 0; o < m->n_out; o++) {
        nh_i128 acc = product_sum(m, x, o, count), mul = m->mul ? m->mul[o] : 0, out = 0;
        nh_i128 *results[] = {&out};
        const nh_i128 *inputs[] = {&acc, &mul};
        nh_dp_eval_count(m->post, inputs, results, count);
        y[o] = (int64_t)out;
    }
}

static void through_datapath(const nh_dp *p, nh_format x_fmt, const int64_t *x, int64_t *y, nh_fx_count *count) {
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

/* The accumulator of output channel o at pixel (y, x). */
static nh_i128 window_sum(const nh_conv *v, const int64_t *in, int64_t o, int64_t y, int64_t x) {
    int64_t per = v->c_in / v->groups, first = o / (v->c_out / v->groups) * per;
    nh_i128 acc = v->b ? v->b[o] : 0;
    for (int64_t ky = 0; ky < v->kh; ky++) {
        int64_t row = y * v->stride_h + ky * v->dilation_h - v->pad_h;
        for (int64_t kx = 0; row >= 0 && row < v->h_in && kx < v->kw; kx++) {
            int64_t column = x * v->stride_w + kx * v->dilation_w - v->pad_w;
            if (column < 0 || column >= v->w_in) continue;
            const int64_t *pixel = in + (row * v->w_in + column) * v->c_in + first;
            for (int64_t c = 0; c < per; c++)
                acc += widen(v->w[((o * per + c) * v->kh + ky) * v->kw + kx], v->weight) * widen(pixel[c], v->x);
        }
    }
    return acc;
}

static void convolve(const nh_conv *v, const int64_t *in, int64_t *out) {
    for (int64_t y = 0; y < v->h_out; y++)
        for (int64_t x = 0; x < v->w_out; x++)
            for (int64_t o = 0; o < v->c_out; o++)
                out[(y * v->w_out + x) * v->c_out + o] = (int64_t)window_sum(v, in, o, y, x);
}

static void eval_neuron(nh_design_state *s, int i, int64_t **raw, nh_fx_count *count) {
    const nh_unit *u = &s->g->unit[i];
    const nh_neuron_unit *n = &u->neuron;
    int64_t *state = s->unit[i].state;
    if (n->reset_period > 0 && s->step % n->reset_period == n->reset_phase) clear_neuron(s, i);
    for (int64_t e = 0; e < n->n; e++) {
        nh_i128 in[NH_UNIT_PORTS + NH_NEURON_STATES + NH_NEURON_PARAMS], out[1 + NH_NEURON_STATES];
        const nh_i128 *ports[NH_UNIT_PORTS + NH_NEURON_STATES + NH_NEURON_PARAMS];
        nh_i128 *results[1 + NH_NEURON_STATES];
        int k = 0;
        for (int a = 0; a < n->n_acc; a++) in[k++] = widen(raw[u->in[a]][e], n->acc[a]);
        for (int q = 0; q < n->n_state; q++) in[k++] = widen(state[q * n->n + e], n->state[q]);
        for (int p = 0; p < n->n_param; p++) in[k++] = widen(n->param[p].raw[e % n->param[p].n], n->param[p].fmt);
        for (int j = 0; j < k; j++) ports[j] = &in[j];
        for (int j = 0; j <= n->n_state; j++) results[j] = &out[j];
        nh_dp_eval_count(n->dp, ports, results, count);
        raw[u->out[0]][e] = (int64_t)out[0];
        for (int q = 0; q < n->n_state; q++) state[q * n->n + e] = (int64_t)out[1 + q];
    }
}

/* Frame t - d of the ring; frames before the sample are 0 because reset cleared it. */
static void delay_read(const nh_design_state *s, int i, int64_t *out) {
    const nh_delay_unit *y = &s->g->unit[i].delay;
    for (int64_t e = 0; e < y->n; e++) {
        int64_t from = s->step - y->steps[e % y->n_steps];
        out[e] = from < 0 ? 0 : s->unit[i].ring[from % (y->most + 1) * y->n + e];
    }
}

static void delay_write(nh_design_state *s, int i, const int64_t *in) {
    const nh_delay_unit *y = &s->g->unit[i].delay;
    memcpy(s->unit[i].ring + s->step % (y->most + 1) * y->n, in, (size_t)y->n * sizeof(int64_t));
}

static void eval_mac(nh_design_state *s, int i, int64_t **raw, nh_fx_count *count) {
    const nh_unit *u = &s->g->unit[i];
    mac_sums(&u->mac, raw[u->in[0]], raw[u->out[0]], count);
}

static void eval_datapath(nh_design_state *s, int i, int64_t **raw, nh_fx_count *count) {
    const nh_unit *u = &s->g->unit[i];
    through_datapath(u->dp, s->g->stream[u->in[0]].fmt, raw[u->in[0]], raw[u->out[0]], count);
}

static void eval_conv(nh_design_state *s, int i, int64_t **raw, nh_fx_count *count) {
    const nh_unit *u = &s->g->unit[i];
    (void)count; /* its sums are exact */
    convolve(&u->conv, raw[u->in[0]], raw[u->out[0]]);
}

static void eval_fork(nh_design_state *s, int i, int64_t **raw, nh_fx_count *count) {
    const nh_unit *u = &s->g->unit[i];
    (void)count; /* it copies */
    for (int k = 0; k < u->n_out; k++)
        memcpy(raw[u->out[k]], raw[u->in[0]], (size_t)s->g->stream[u->in[0]].n * sizeof(int64_t));
}

static void eval_delay(nh_design_state *s, int i, int64_t **raw, nh_fx_count *count) {
    const nh_unit *u = &s->g->unit[i];
    (void)count; /* it copies */
    if (u->delay.is_late) return;
    delay_write(s, i, raw[u->in[0]]);
    delay_read(s, i, raw[u->out[0]]);
}

static void (*const eval_unit[])(nh_design_state *s, int i, int64_t **raw, nh_fx_count *count) = {
#define NH_UNIT(KIND, symbol) [NH_UNIT_##KIND] = eval_##symbol,
#include "units.def"
#undef NH_UNIT
};

void nh_design_step(const nh_design *g, nh_design_state *s, const int64_t *x, int64_t **raw, nh_fx_count *count) {
    for (int k = 0; k < nh_design_inputs(g); k++) {
        int in = nh_design_input(g, k);
        memcpy(raw[in], x, (size_t)g->stream[in].n * sizeof(int64_t));
        x += g->stream[in].n;
    }
    for (int i = 0; i < g->n_unit; i++)
        if (g->unit[i].kind == NH_UNIT_DELAY && g->unit[i].delay.is_late) delay_read(s, i, raw[g->unit[i].out[0]]);
    for (int i = 0; i < g->n_unit; i++) eval_unit[g->unit[i].kind](s, i, raw, count ? &count[g->unit[i].out[0]] : NULL);
    for (int i = 0; i < g->n_unit; i++)
        if (g->unit[i].kind == NH_UNIT_DELAY && g->unit[i].delay.is_late) delay_write(s, i, raw[g->unit[i].in[0]]);
    s->step++;
}
