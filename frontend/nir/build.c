/* Flat nodes with shapes -> layers. Tensors of all nodes are made first, so that a delay can read one that is made
 * later. */
#include "nir_model.h"

#include <stdlib.h>
#include <string.h>

nh_param *nir_make_param(nir_model *m, const nir_node *n, const nh_h5 *p, nh_shape shape) {
    nh_param *out = NH_NEW(m->a, nh_param);
    *out = (nh_param){.name = nh_arena_printf(m->a, "%s.%s", n->name, p->name),
                      .shape = shape,
                      .value = p->number,
                      .at = nir_at(m, nh_arena_str(m->a, p->path))};
    return out;
}

bool nir_build_input(nir_model *m, nir_node *n, nh_layer *l) {
    (void)m;
    l->op = n->depth == 0 ? NH_OP_INPUT : NH_OP_IDENTITY;
    return true;
}

bool nir_build_identity(nir_model *m, nir_node *n, nh_layer *l) {
    (void)m;
    (void)n;
    l->op = NH_OP_IDENTITY;
    return true;
}

bool nir_build_flatten(nir_model *m, nir_node *n, nh_layer *l) {
    (void)m;
    (void)n;
    l->op = NH_OP_RESHAPE;
    return true;
}

bool nir_build_dense(nir_model *m, nir_node *n, nh_layer *l) {
    const nh_h5 *weight = nir_param(n, "weight"), *bias = nir_param(n, "bias");
    nh_shape w = nir_without_ones(nir_h5_shape(weight), 2);
    l->op = NH_OP_DENSE;
    l->weight = nir_make_param(m, n, weight, w);
    l->bias = bias ? nir_make_param(m, n, bias, (nh_shape){1, {w.dim[0]}}) : NULL;
    return true;
}

/* --- names ------------------------------------------------------------------------------------------------------- */

/* Names in use, by hash, for unique ones in any number. */
typedef struct {
    const char **slot;
    size_t n; /* a power of two, at least twice the names */
} name_set;

static size_t hash(const char *s) {
    uint64_t h = 1469598103934665603u;
    for (; *s; s++) h = (h ^ (unsigned char)*s) * 1099511628211u;
    return (size_t)h;
}

static bool take(name_set *set, const char *name) {
    size_t i = hash(name) & (set->n - 1);
    for (; set->slot[i]; i = (i + 1) & (set->n - 1))
        if (strcmp(set->slot[i], name) == 0) return false;
    set->slot[i] = name;
    return true;
}

static const char *unique(nir_model *m, name_set *set, const char *name) {
    const char *as = name;
    for (int i = 2; !take(set, as); i++) as = nh_arena_printf(m->scratch, "%s_%d", name, i);
    return as;
}

static bool is_layer(const nir_model *m, int index) { return index != m->output; }

/* Two nodes of one name can only come from a subgraph. Nodes of outer graphs keep theirs. */
static void name_nodes(nir_model *m, name_set *set) {
    int noted = 0;
    for (int depth = 0; depth <= NH_H5_MAX_DEPTH; depth++)
        for (int i = 0; i < m->n_node; i++) {
            nir_node *n = &m->node[i];
            if (n->depth != depth || !n->live || n->source >= 0 || !is_layer(m, i)) continue;
            const char *name = unique(m, set, n->name);
            if (name != n->name && noted++ < NIR_MAX_LISTED) {
                nh_report(m->d, NH_M_NIR_NAME, nir_at_node(m, n),
                          "two nodes are called '%s' once subgraphs are inlined; this one is now '%s'", n->name, name);
            }
            n->name = name;
        }
}

/* --- layers ------------------------------------------------------------------------------------------------------ */

typedef struct {
    nir_model *m;
    name_set names;
} builder;

/* What stands on the output of a node: wires keep the kind of their only signal. */
static nh_edge_kind kind_of(const nir_model *m, int index, const nh_edge_kind *known) {
    const nir_node *n = &m->node[index];
    bool wire =
        n->type->build == nir_build_flatten || n->type->build == nir_build_identity || n->type->cls == NIR_DELAY;
    if (n->type->cls == NIR_STATEFUL) return nir_param(n, "v_threshold") ? NH_EDGE_SPIKE : NH_EDGE_GRADED;
    if (strcmp(n->type->name, "Threshold") == 0) return NH_EDGE_SPIKE;
    bool single = m->in.at[index + 1] - m->in.at[index] == 1;
    return wire && single ? known[m->edge[m->in.edge[m->in.at[index]]].from] : NH_EDGE_FRAME;
}

/* All tensors of nodes, in the order of their layers. */
static void make_tensors(nir_model *m) {
    nh_edge_kind *kind = nh_arena_array(m->scratch, (size_t)m->n_node, sizeof *kind);
    for (int i = 0; i < m->n_order; i++) kind[m->order[i]] = kind_of(m, m->order[i], kind);
    for (int i = 0; i < m->n_build; i++) {
        int index = m->build[i];
        nir_node *n = &m->node[index];
        if (is_layer(m, index)) n->tensor = nh_graph_add_tensor(m->g, n->name, n->y, kind[index]);
    }
}

/* A layer that the file does not have, with an output of its own. */
static int add_extra(builder *b, const nir_node *n, const char *suffix, nh_layer layer) {
    nir_model *m = b->m;
    layer.name = unique(m, &b->names, nh_arena_printf(m->scratch, "%s.%s", n->name, suffix));
    layer.at = nir_at(m, nh_arena_str(m->a, n->path));
    const nh_tensor *x = &m->g->tensor[layer.in[0]];
    layer.out = nh_graph_add_tensor(m->g, layer.name, x->shape, layer.op == NH_OP_DELAY ? x->kind : NH_EDGE_FRAME);
    nh_graph_add_layer(m->g, layer);
    return layer.out;
}

/* The tensor that an edge carries. */
static int carried(builder *b, const nir_edge *e) {
    nir_model *m = b->m;
    nir_node *n = &m->node[e->from];
    if (e->delay == 0) return n->tensor;
    if (n->delayed_steps == e->delay) return n->delayed;
    int64_t *steps = NH_NEW(m->a, int64_t);
    *steps = e->delay;
    n->delayed_steps = e->delay;
    n->delayed = add_extra(b, n, "delay",
                           (nh_layer){.op = NH_OP_DELAY, .n_in = 1, .in = {n->tensor}, .delay = steps, .n_delay = 1});
    return n->delayed;
}

/* The sum of the signals that reach a node; of one signal, too. */
static nh_layer signals_of(builder *b, int index) {
    nir_model *m = b->m;
    const nir_node *n = &m->node[index];
    nh_layer sum = {.op = NH_OP_ADD};
    for (int k = m->in.at[index]; k < m->in.at[index + 1]; k++) {
        int tensor = carried(b, &m->edge[m->in.edge[k]]);
        if (sum.n_in == NH_MAX_INPUTS) {
            sum.in[0] = add_extra(b, n, "sum", sum);
            sum.n_in = 1;
        }
        sum.in[sum.n_in++] = tensor;
    }
    return sum;
}

/* A Delay on a loop stands before what it reads. The sum of several signals cannot: its tensor is made here, its layer
 * at the end. */
static bool build_late(builder *b, nir_node *n, nh_layer layer) {
    nir_model *m = b->m;
    n->sum = nh_graph_add_tensor(m->g, unique(m, &b->names, nh_arena_printf(m->scratch, "%s.sum", n->name)), n->x,
                                 NH_EDGE_FRAME);
    layer.in[0] = n->sum;
    layer.n_in = 1;
    if (!n->type->build(m, n, &layer)) return false;
    nh_graph_add_layer(m->g, layer);
    return true;
}

static void build_late_sum(builder *b, int index) {
    nir_model *m = b->m;
    const nir_node *n = &m->node[index];
    if (n->sum < 0) return;
    nh_layer sum = signals_of(b, index);
    sum.name = m->g->tensor[n->sum].name;
    sum.at = nir_at(m, nh_arena_str(m->a, n->path));
    sum.out = n->sum;
    nh_graph_add_layer(m->g, sum);
}

static bool build_node(builder *b, int index) {
    nir_model *m = b->m;
    nir_node *n = &m->node[index];
    nh_layer layer = {.name = n->name, .at = nir_at(m, nh_arena_str(m->a, n->path)), .out = n->tensor};
    if (n->is_late && m->in.at[index + 1] - m->in.at[index] > 1) return build_late(b, n, layer);
    nh_layer sum = signals_of(b, index);
    if (n->depth > 0 && n->type->cls <= NIR_PORT_OUT &&
        sum.n_in > 1) { /* a port of a subgraph is the sum of what reaches it */
        sum.name = layer.name;
        sum.at = layer.at;
        sum.out = layer.out;
        nh_graph_add_layer(m->g, sum);
        return true;
    }
    layer.n_in = sum.n_in > 0;
    if (sum.n_in > 0) layer.in[0] = sum.n_in > 1 ? add_extra(b, n, "sum", sum) : sum.in[0];
    if (index == m->output) {
        m->g->output = layer.in[0];
        return true;
    }
    if (!n->type->build(m, n, &layer)) return false;
    nh_graph_add_layer(m->g, layer);
    return true;
}

bool nir_build(nir_model *m) {
    builder b = {.m = m, .names = {.n = 64}};
    while (b.names.n < 8 * ((size_t)m->n_node + (size_t)m->n_edge)) b.names.n *= 2;
    b.names.slot = nh_arena_array(m->scratch, b.names.n, sizeof *b.names.slot);
    name_nodes(m, &b.names);
    m->g = nh_graph_new(m->a, nh_path_base(m->path));
    m->g->steps = 0;
    make_tensors(m);
    m->g->input = m->node[m->input].tensor;
    bool ok = true;
    for (int i = 0; i < m->n_build; i++) ok &= build_node(&b, m->build[i]);
    ok &= !m->is_too_large;
    for (int i = 0; i < m->n_build && ok; i++) build_late_sum(&b, m->build[i]);
    nh_graph_keep_sums(m->g);
    return ok;
}
