#include "graph.h"

#include <assert.h>
#include <string.h>

#include "ir.h"

enum {
    LAT = NH_STRATEGY_LATENCY,
    EVT = NH_STRATEGY_EVENT,
    DA = NH_STRATEGY_DISTRIBUTED_ARITHMETIC,
    RES = NH_STRATEGY_RESOURCE,
    WIRE = NH_STRATEGY_WIRE,
    HOST = NH_STRATEGY_HOST
};

static const nh_op_info op_table[NH_OP_COUNT] = {
#define NH_OP(symbol, text, inputs, weights, elementwise, table, axis, strategies, infer, eval, lower)                 \
    [NH_OP_##symbol] = {#symbol, text, inputs, weights, elementwise, table, NH_AXIS_##axis, strategies},
#include "op.def"
#undef NH_OP
};

const char *const nh_edge_kind_text[3] = {"frame", "spike", "graded"};
const char *const nh_scale_text[2] = {"power_of_two", "arbitrary"};
const char *const nh_granularity_text[3] = {"per_tensor", "per_channel", "auto"};
const char *const nh_reg_kind_text[5] = {"input", "state", "param", "const", "temp"};

const nh_op_info *nh_op_get(nh_op op) {
    assert((unsigned)op < NH_OP_COUNT);
    return &op_table[op];
}

int64_t nh_transposed_from(const nh_layer *l, nh_shape in, int64_t element) {
    int64_t stride[NH_MAX_RANK], from = 0, step = 1;
    for (int k = in.rank - 1; k >= 0; step *= in.dim[k--]) stride[k] = step;
    for (int k = in.rank - 1; k >= 0; k--) {
        int64_t size = in.dim[l->perm[k]];
        from += element % size * stride[l->perm[k]];
        element /= size;
    }
    return from;
}

bool nh_op_has_window(nh_op op) {
    return op == NH_OP_CONV || op == NH_OP_SUMPOOL || op == NH_OP_AVGPOOL || op == NH_OP_MAXPOOL;
}

char *nh_mangle(nh_arena *a, const char *name) {
    enum { LIMIT = 24 };
    char out[LIMIT + 1];
    size_t n = 0;
    for (const char *p = name; *p && n < LIMIT; p++) {
        char c = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_plain)
            out[n++] = c;
        else if (n > 0 && out[n - 1] != '_')
            out[n++] = '_';
    }
    while (n > 0 && out[n - 1] == '_') n--;
    return n > 0 ? nh_arena_strn(a, out, n) : nh_arena_str(a, "x");
}

nh_graph *nh_graph_new(nh_arena *a, const char *name) {
    nh_graph *g = NH_NEW(a, nh_graph);
    g->arena = a;
    g->name = nh_arena_str(a, name);
    g->input = g->output = -1;
    g->steps = 1;
    return g;
}

void nh_graph_keep_sums(nh_graph *g) {
    for (int i = 0; i < g->n_layer; i++) {
        nh_op op = g->layer[i].op;
        g->layer[i].exact = op == NH_OP_INPUT || op == NH_OP_DENSE || nh_op_has_window(op);
    }
}

bool nh_graph_has_state(const nh_graph *g) {
    for (int i = 0; i < g->n_layer; i++)
        if (g->layer[i].op == NH_OP_NEURON || g->layer[i].op == NH_OP_DELAY) return true;
    return false;
}

bool nh_graph_has_steps(const nh_graph *g) { return g->steps != 1 || nh_graph_has_state(g); }

static void *grow(nh_arena *a, void *old, int *cap, int want, size_t size) {
    size_t room = (size_t)*cap;
    void *p = nh_arena_grow(a, old, &room, (size_t)want, size);
    *cap = (int)room;
    return p;
}

int nh_graph_add_tensor(nh_graph *g, const char *name, nh_shape shape, nh_edge_kind kind) {
    g->tensor = grow(g->arena, g->tensor, &g->cap_tensor, g->n_tensor + 1, sizeof(nh_tensor));
    g->tensor[g->n_tensor] = (nh_tensor){
        .name = nh_arena_str(g->arena, name), .shape = shape, .kind = kind, .producer = -1, .q = {.scale = 1}};
    return g->n_tensor++;
}

static void name_layer(nh_graph *g, int index) {
    nh_layer *l = &g->layer[index];
    l->id = nh_arena_printf(g->arena, "n%d_%s", index, nh_mangle(g->arena, l->name));
}

int nh_graph_add_layer(nh_graph *g, nh_layer layer) {
    int index = g->n_layer;
    g->layer = grow(g->arena, g->layer, &g->cap_layer, index + 1, sizeof(nh_layer));
    g->layer[index] = layer;
    g->layer[index].name = nh_arena_str(g->arena, layer.name);
    g->n_layer++;
    name_layer(g, index);
    g->tensor[layer.out].producer = index;
    for (int i = 0; i < layer.n_in; i++) g->tensor[layer.in[i]].n_consumers++;
    return index;
}

int nh_graph_finest_frac(const nh_graph *g, const nh_layer *l) {
    int frac = 0;
    for (int k = 0; k < l->n_in; k++) {
        int f = nh_format_frac(g->tensor[l->in[k]].q.fmt);
        frac = k == 0 || f > frac ? f : frac;
    }
    return frac;
}

int nh_graph_find(const nh_graph *g, const char *name) {
    for (int i = 0; i < g->n_layer; i++)
        if (strcmp(g->layer[i].name, name) == 0) return i;
    return -1;
}

nh_layer *nh_graph_only_source(const nh_graph *g, const nh_layer *l, int k) {
    const nh_tensor *t = &g->tensor[l->in[k]];
    return t->n_consumers == 1 && l->in[k] != g->output ? &g->layer[t->producer] : NULL;
}

nh_layer *nh_graph_source_behind_reshapes(const nh_graph *g, const nh_layer *l, int k) {
    nh_layer *from = nh_graph_only_source(g, l, k);
    while (from && from->op == NH_OP_RESHAPE) from = nh_graph_only_source(g, from, 0);
    return from;
}

void nh_graph_remove_layer(nh_graph *g, int index) {
    int out = g->layer[index].out, in = g->layer[index].in[0];
    assert(g->layer[index].n_in >= 1);
    for (int k = 0; k < g->layer[index].n_in; k++) g->tensor[g->layer[index].in[k]].n_consumers--;
    g->tensor[in].n_consumers += g->tensor[out].n_consumers;
    memmove(&g->layer[index], &g->layer[index + 1], (size_t)(g->n_layer - index - 1) * sizeof(nh_layer));
    memmove(&g->tensor[out], &g->tensor[out + 1], (size_t)(g->n_tensor - out - 1) * sizeof(nh_tensor));
    g->n_layer--;
    g->n_tensor--;

    /* Every index of a tensor after the removed one moves down; the removed one becomes the input. */
    int replacement = in > out ? in - 1 : in;
#define MOVED(t) ((t) == out ? replacement : (t) > out ? (t)-1 : (t))
    for (int i = 0; i < g->n_layer; i++) {
        nh_layer *l = &g->layer[i];
        for (int k = 0; k < l->n_in; k++) l->in[k] = MOVED(l->in[k]);
        l->out = MOVED(l->out);
        g->tensor[l->out].producer = i;
        if (i >= index) name_layer(g, i);
    }
    if (g->input >= 0) g->input = MOVED(g->input);
    if (g->output >= 0) g->output = MOVED(g->output);
#undef MOVED
}
