/* Float evaluation of a network, step by step. */
#include "float_net.h"

#include <math.h>
#include <string.h>

/* --- memory ------------------------------------------------------------------------------------------------------ */

static int64_t size_of(const nh_graph *g, int tensor) { return nh_shape_size(g->tensor[tensor].shape); }

static bool is_exact(const nh_graph *g) {
    for (int i = 0; i < g->n_layer; i++)
        if (g->layer[i].op == NH_OP_NEURON && g->layer[i].neuron->program->is_exact) return true;
    return false;
}

static bool room_for_states(nh_arena *a, const nh_layer *l, int64_t n, nh_float_layer *run) {
    int n_state = l->neuron->program->n_state;
    run->state = nh_arena_array(a, (size_t)n_state + 1, sizeof *run->state);
    for (int s = 0; s < n_state; s++)
        if (!(run->state[s] = nh_arena_array(a, (size_t)n, sizeof(double)))) return false;
    return true;
}

static bool room_for_delays(nh_arena *a, const nh_layer *l, int64_t n, nh_float_layer *run) {
    for (int64_t i = 0; i < l->n_delay; i++) run->depth = l->delay[i] >= run->depth ? l->delay[i] + 1 : run->depth;
    if (run->depth > ((int64_t)1 << 40) / n) return false;
    run->ring = nh_arena_array(a, (size_t)(run->depth * n), sizeof(double));
    return run->ring != NULL;
}

static bool prepare(nh_arena *a, nh_float_net *e, int index) {
    const nh_layer *l = &e->g->layer[index];
    int64_t n = size_of(e->g, l->out);
    switch (l->op) {
    case NH_OP_DENSE:
    case NH_OP_CONV: return e->ops->prepare(a, e->g, l, &e->run[index]);
    case NH_OP_NEURON: return room_for_states(a, l, n, &e->run[index]);
    case NH_OP_DELAY: return room_for_delays(a, l, n, &e->run[index]);
    default: return true;
    }
}

nh_float_net *nh_float_net_new(nh_arena *a, const nh_graph *g, nh_float_kind kind) {
    nh_float_net *e = NH_NEW(a, nh_float_net);
    e->g = g;
    e->ops = kind == NH_FLOAT64 || is_exact(g) ? &nh_float_ops_f64 : &nh_float_ops_f32;
    e->value = nh_arena_array(a, (size_t)g->n_tensor + 1, sizeof *e->value);
    e->run = nh_arena_array(a, (size_t)g->n_layer + 1, sizeof *e->run);
    for (int t = 0; t < g->n_tensor; t++)
        if (!(e->value[t] = nh_arena_array(a, (size_t)size_of(g, t), sizeof(double)))) return NULL;
    for (int i = 0; i < g->n_layer; i++)
        if (!prepare(a, e, i)) return NULL;
    return e;
}

static void clear_states(const nh_layer *l, int64_t n, nh_float_layer *run) {
    for (int s = 0; s < l->neuron->program->n_state; s++) memset(run->state[s], 0, (size_t)n * sizeof(double));
}

void nh_float_net_reset(nh_float_net *e) {
    e->step = 0;
    for (int i = 0; i < e->g->n_layer; i++) {
        const nh_layer *l = &e->g->layer[i];
        int64_t n = size_of(e->g, l->out);
        if (l->op == NH_OP_NEURON) clear_states(l, n, &e->run[i]);
        if (l->op == NH_OP_DELAY) memset(e->run[i].ring, 0, (size_t)(e->run[i].depth * n) * sizeof(double));
    }
}

/* --- a step ------------------------------------------------------------------------------------------------------ */

static nh_float_layer *run_of(nh_float_net *e, const nh_layer *l) { return &e->run[l - e->g->layer]; }

static void push(nh_float_net *e, const nh_layer *l) {
    nh_float_layer *run = run_of(e, l);
    int64_t n = size_of(e->g, l->out);
    memcpy(run->ring + e->step % run->depth * n, e->value[l->in[0]], (size_t)n * sizeof(double));
}

/* Columns of steps before the sample are 0: nothing has been pushed to them yet. */
static void pull(nh_float_net *e, const nh_layer *l) {
    nh_float_layer *run = run_of(e, l);
    int64_t n = size_of(e->g, l->out);
    double *y = e->value[l->out];
    if (l->n_delay == 1) {
        memcpy(y, run->ring + (e->step + run->depth - l->delay[0]) % run->depth * n, (size_t)n * sizeof(double));
        return;
    }
    for (int64_t i = 0; i < n; i++) y[i] = run->ring[(e->step + run->depth - l->delay[i]) % run->depth * n + i];
}

void nh_float_delay(nh_float_net *e, const nh_layer *l) {
    push(e, l);
    pull(e, l);
}

void nh_float_neuron(nh_float_net *e, const nh_layer *l) {
    nh_shape s = e->g->tensor[l->out].shape;
    int64_t n = nh_shape_size(s), period = l->neuron->reset_period;
    if (period > 0 && e->step % period == l->neuron->reset_phase) clear_states(l, n, run_of(e, l));
    const double *in[NH_MAX_INPUTS] = {NULL};
    for (int k = 0; k < l->n_in; k++) in[k] = e->value[l->in[k]];
    e->ops->neuron(l->neuron, n, s.rank > 1 ? s.dim[0] : n, in, run_of(e, l)->state, e->value[l->out]);
}

/* The step's input is there before any layer is run. */
void nh_float_input(nh_float_net *e, const nh_layer *l) {
    (void)e;
    (void)l;
}

void nh_float_dense(nh_float_net *e, const nh_layer *l) {
    e->ops->dense(l, run_of(e, l), e->value[l->in[0]], e->value[l->out]);
}

void nh_float_conv(nh_float_net *e, const nh_layer *l) {
    e->ops->conv(e->g, l, run_of(e, l), e->value[l->in[0]], e->value[l->out]);
}

void nh_float_pool(nh_float_net *e, const nh_layer *l) { e->ops->pool(e->g, l, e->value[l->in[0]], e->value[l->out]); }

void nh_float_sum(nh_float_net *e, const nh_layer *l) {
    e->ops->add(l, size_of(e->g, l->out), e->value, e->value[l->out]);
}

void nh_float_net_step(nh_float_net *e, const double *x) {
    static void (*const eval[])(nh_float_net *, const nh_layer *) = {
#define NH_OP(symbol, text, inputs, weights, elementwise, table, axis, strategies, infer, eval, lower)                 \
    [NH_OP_##symbol] = nh_float_##eval,
#include "op.def"
#undef NH_OP
    };
    const nh_graph *g = e->g;
    for (int i = 0; i < g->n_layer; i++) {
        if (nh_layer_is_late(&g->layer[i])) pull(e, &g->layer[i]);
        if (g->layer[i].op == NH_OP_INPUT)
            memcpy(e->value[g->layer[i].out], x, (size_t)size_of(g, g->layer[i].out) * sizeof *x);
    }
    for (int i = 0; i < g->n_layer; i++)
        if (!nh_layer_is_late(&g->layer[i])) eval[g->layer[i].op](e, &g->layer[i]);
    for (int i = 0; i < g->n_layer; i++)
        if (nh_layer_is_late(&g->layer[i])) push(e, &g->layer[i]);
    e->step++;
}

const double *nh_float_net_value(const nh_float_net *e, int tensor) { return e->value[tensor]; }

const double *nh_float_net_state(const nh_float_net *e, int layer, int s) { return e->run[layer].state[s]; }
