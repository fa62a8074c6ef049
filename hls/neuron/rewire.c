/* Delays that numerics ask for: before every weighted layer (layer_delay), and behind recurrent weights instead of
 * before them (recurrent_bias: no), so that their bias is silent in step 0. */
#include <assert.h>
#include <string.h>

#include "numerics.h"

typedef struct {
    nh_graph *g;
    const nh_options *o;
    nh_diag *d;
    nh_layer *list; /* the layers to be, in an order that `rebuild` makes topological */
    int n;
    bool has_ode, is_changed;
} rewirer;

/* --- who reads a layer ------------------------------------------------------------------------------------------- */

static bool reads(const nh_layer *l, int tensor) {
    for (int k = 0; k < l->n_in; k++)
        if (l->in[k] == tensor) return true;
    return false;
}

static bool is_passing(const nh_layer *l) {
    switch (l->op) {
    case NH_OP_ADD:
    case NH_OP_RESHAPE:
    case NH_OP_IDENTITY:
    case NH_OP_SUMPOOL:
    case NH_OP_AVGPOOL:
    case NH_OP_DELAY: return true;
    case NH_OP_NEURON: return l->neuron->kind == NH_KIND_PROGRAM && l->neuron->program->n_state == 0;
    default: return false;
    }
}

/* The first neurons that a tensor reaches, or NULL. depth bounds loops of delays. */
static const nh_layer *neurons_of(const rewirer *c, int tensor, int depth) {
    for (int i = 0; i < c->n && depth > 0; i++) {
        const nh_layer *l = &c->list[i];
        if (!reads(l, tensor)) continue;
        if (l->op == NH_OP_NEURON && !is_passing(l)) return l;
        const nh_layer *found = is_passing(l) ? neurons_of(c, l->out, depth - 1) : NULL;
        if (found) return found;
    }
    return NULL;
}

/* Numerics of a weighted layer are those of the neurons it feeds; those of an integer program have their delays
 * already. */
static bool reading_of(const rewirer *c, const nh_layer *l, nh_numerics *n) {
    const nh_layer *neurons = neurons_of(c, l->out, 8);
    if (neurons ? neurons->neuron->kind == NH_KIND_PROGRAM : !c->has_ode) return false;
    *n = nh_numerics_resolve(neurons ? &neurons->opt.numerics : &l->opt.numerics, c->o->spiking.dt);
    return true;
}

static int position(const rewirer *c, int tensor) {
    for (int i = 0; i < c->n; i++)
        if (c->list[i].out == tensor) return i;
    return -1;
}

/* The late delay that closes a loop and that layer i reads, or -1. */
static int loop_delay(const rewirer *c, int i) {
    int p = position(c, c->list[i].in[0]);
    if (p < 0 || !nh_layer_is_late(&c->list[p])) return -1;
    return position(c, c->list[p].in[0]) > p ? p : -1;
}

/* --- changes ----------------------------------------------------------------------------------------------------- */

static const char *fresh_name(const rewirer *c, const char *base) {
    const char *name = nh_arena_printf(c->g->arena, "%s.delay", base);
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->list[i].name, name) == 0) {
            name = nh_arena_printf(c->g->arena, "%s_", name);
            i = -1;
        }
    return name;
}

/* A new delay in front of position `before`; its tensors are set by the caller. */
static nh_layer *insert_delay(rewirer *c, int before, int64_t steps) {
    const nh_layer *by = &c->list[before];
    int64_t *delay = NH_NEW(c->g->arena, int64_t);
    *delay = steps;
    nh_layer l = {.name = fresh_name(c, by->name),
                  .op = NH_OP_DELAY,
                  .at = by->at,
                  .n_in = 1,
                  .delay = delay,
                  .n_delay = 1,
                  .opt = by->opt};
    memmove(&c->list[before + 1], &c->list[before], (size_t)(c->n - before) * sizeof *c->list);
    c->list[before] = l;
    c->n++;
    c->is_changed = true;
    return &c->list[before];
}

static int like(rewirer *c, const char *name, int tensor) {
    return nh_graph_add_tensor(c->g, name, c->g->tensor[tensor].shape, c->g->tensor[tensor].kind);
}

static void delay_before(rewirer *c, int i, int64_t steps) {
    int in = c->list[i].in[0];
    nh_layer *d = insert_delay(c, i, steps);
    d->in[0] = in;
    d->out = c->list[i + 1].in[0] = like(c, d->name, in);
}

static bool is_uniform(const nh_layer *delay) {
    for (int64_t i = 1; i < delay->n_delay; i++)
        if (delay->delay[i] != delay->delay[0]) return false;
    return true;
}

/* lif -> DELAY -> weights -> sum becomes lif -> weights -> DELAY -> sum. */
static bool delay_behind(rewirer *c, int i, int loop) {
    const nh_layer *old = &c->list[loop];
    if (!is_uniform(old)) {
        nh_report(c->d, NH_N_RECURRENT_BIAS, c->list[i].at,
                  "the delays in front of the recurrent weights differ, so that they cannot stand behind them");
        nh_diag_layer(c->d, c->list[i].name);
        nh_diag_hint(c->d, "set recurrent_bias: yes");
        return false;
    }
    int from = old->in[0], sum = c->list[i].out;
    nh_layer *d = insert_delay(c, i, old->delay[0]);
    d->out = sum;
    d->in[0] = c->list[i + 1].out = like(c, d->name, sum);
    c->list[i + 1].in[0] = from;
    return true;
}

/* Delays whose last reader has gone. */
static void drop_unread(rewirer *c) {
    for (int i = c->n - 1; i >= 0; i--) {
        bool is_read = c->list[i].op != NH_OP_DELAY || c->list[i].out == c->g->output;
        for (int k = 0; k < c->n && !is_read; k++) is_read = reads(&c->list[k], c->list[i].out);
        if (is_read) continue;
        memmove(&c->list[i], &c->list[i + 1], (size_t)(c->n - i - 1) * sizeof *c->list);
        c->n--;
    }
}

/* --- the graph made anew ----------------------------------------------------------------------------------------- */

static bool is_ready(const nh_layer *l, const bool *is_made) {
    if (nh_layer_is_late(l)) return true;
    for (int k = 0; k < l->n_in; k++)
        if (!is_made[l->in[k]]) return false;
    return true;
}

/* Indices of the list in topological order, otherwise as they stand. */
static int *order_of(rewirer *c) {
    nh_arena *a = c->g->arena;
    int *order = nh_arena_array(a, (size_t)c->n + 1, sizeof *order), n = 0;
    bool *is_made = nh_arena_array(a, (size_t)c->g->n_tensor + 1, sizeof *is_made),
         *is_placed = nh_arena_array(a, (size_t)c->n + 1, sizeof *is_placed);
    while (n < c->n) {
        int i = 0;
        while (i < c->n && (is_placed[i] || !is_ready(&c->list[i], is_made))) i++;
        assert(i < c->n); /* a loop without a delay: readers refuse it */
        is_placed[i] = is_made[c->list[i].out] = true;
        order[n++] = i;
    }
    return order;
}

static void rebuild(rewirer *c) {
    nh_graph *g = c->g, *new = nh_graph_new(g->arena, g->name);
    int *order = order_of(c), *map = nh_arena_array(g->arena, (size_t)g->n_tensor + 1, sizeof *map);
    for (int i = 0; i < c->n; i++) {
        int t = c->list[order[i]].out;
        map[t] = nh_graph_add_tensor(new, g->tensor[t].name, g->tensor[t].shape, g->tensor[t].kind);
        nh_tensor copy = g->tensor[t];
        copy.n_consumers = 0;
        new->tensor[map[t]] = copy;
    }
    for (int i = 0; i < c->n; i++) {
        nh_layer l = c->list[order[i]];
        for (int k = 0; k < l.n_in; k++) l.in[k] = map[l.in[k]];
        l.out = map[l.out];
        nh_graph_add_layer(new, l);
    }
    new->input = map[g->input], new->output = map[g->output];
    new->steps = g->steps;
    *g = *new;
}

/* --- the pass ---------------------------------------------------------------------------------------------------- */

bool nh_rewire(nh_graph *g, const nh_options *o, nh_diag *d) {
    rewirer c = {.g = g, .o = o, .d = d, .n = g->n_layer};
    c.list = nh_arena_array(g->arena, (size_t)g->n_layer * 3 + 1, sizeof *c.list);
    memcpy(c.list, g->layer, (size_t)g->n_layer * sizeof *c.list);
    for (int i = 0; i < g->n_layer; i++)
        if (g->layer[i].op == NH_OP_NEURON && g->layer[i].neuron->kind != NH_KIND_PROGRAM) c.has_ode = true;
    bool ok = true;
    for (int i = 0; i < c.n; i++) {
        nh_numerics n;
        if (!c.list[i].weight || !reading_of(&c, &c.list[i], &n)) continue;
        int loop = loop_delay(&c, i), before = c.n;
        if (loop < 0 && n.layer_delay > 0) delay_before(&c, i, n.layer_delay);
        if (loop >= 0 && c.list[i].bias && n.recurrent_bias == NH_REC_BIAS_NO && !delay_behind(&c, i, loop)) ok = false;
        i += c.n - before;
    }
    if (!c.is_changed) return ok;
    drop_unread(&c);
    rebuild(&c);
    return ok;
}
