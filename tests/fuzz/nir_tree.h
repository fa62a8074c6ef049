/* Trees of HDF5 files made from bytes: mostly plausible NIR graphs, so that all stages of the reader are reached. */
#ifndef NIR_TREE_H
#define NIR_TREE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nir_model.h"

typedef struct {
    nh_arena *a;
    const uint8_t *data;
    size_t size, at;
    bool is_polite; /* sizes and values fit each other, and a chain connects the nodes */
    int dim, rank;  /* of the signals, when polite */
} nir_bytes;

static int take_byte(nir_bytes *b) { return b->at < b->size ? b->data[b->at++] : 0; }
static int below(nir_bytes *b, int n) { return take_byte(b) % n; }

static int compare_nodes(const void *x, const void *y) {
    return strcmp(((const nh_h5 *)x)->name, ((const nh_h5 *)y)->name);
}

static nh_h5 text_of(nir_bytes *b, const char *path, const char *name, const char *text) {
    const char **one = NH_NEW(b->a, const char *);
    *one = text;
    return (nh_h5){
        .name = name, .path = nh_arena_printf(b->a, "%s/%s", path, name), .kind = NH_H5_STRING, .n = 1, .text = one};
}

/* Numbers of a small shape; mostly the sizes 1 to 3, which fit each other often. */
static nh_h5 numbers_of(nir_bytes *b, const char *path, const char *name, int rank) {
    static const double value[] = {1, 1, 1, 2, 1, 0.5, 1, 2, 3, 0, 1, 1e-4, 2e-4, -1, 4, 1e30};
    nh_h5 p = {
        .name = name, .path = nh_arena_printf(b->a, "%s/%s", path, name), .kind = NH_H5_NUMBER, .rank = rank, .n = 1};
    for (int i = 0; i < rank; i++) p.n *= p.dim[i] = below(b, 16) == 0 ? below(b, 4) : 1 + below(b, 2);
    double *v = nh_arena_array(b->a, (size_t)p.n + 1, sizeof *v);
    bool same = below(b, 2) == 0;
    double first = value[below(b, 16)];
    if (below(b, 64) == 0) first = NAN;
    for (int64_t i = 0; i < p.n; i++) v[i] = same ? first : value[below(b, 16)];
    p.number = v;
    return p;
}

static nh_h5 group_of(nir_bytes *b, const char *path, const char *name, nh_h5 *child, int n) {
    if (n > 0) qsort(child, (size_t)n, sizeof *child, compare_nodes);
    int kept = 0;
    for (int i = 0; i < n; i++)
        if (kept == 0 || strcmp(child[kept - 1].name, child[i].name) != 0) child[kept++] = child[i];
    return (nh_h5){.name = name,
                   .path = nh_arena_printf(b->a, "%s/%s", path, name),
                   .kind = NH_H5_GROUP,
                   .child = child,
                   .n_child = kept};
}

/* Is name one of the words of the list? A blank follows each of them. */
static bool is_one_of(const char *name, const char *list) {
    size_t n = strlen(name);
    for (; *list; list = strchr(list, ' ') + 1)
        if (strncmp(list, name, n) == 0 && list[n] == ' ') return true;
    return false;
}

/* What fits: weights of dim x dim, kernels of 1, a value per neuron or one. */
static nh_h5 fitting(nir_bytes *b, const char *path, const char *name, bool is_conv) {
    nh_h5 p = {.name = name,
               .path = nh_arena_printf(b->a, "%s/%s", path, name),
               .kind = NH_H5_NUMBER,
               .rank = 1,
               .dim = {b->dim},
               .n = b->dim};
    double first = 1;
    if (strcmp(name, "weight") == 0)
        p = (nh_h5){.rank = is_conv ? 4 : 2, .dim = {b->dim, b->dim, 1, 1}, .n = b->dim * b->dim};
    else if (strcmp(name, "shape") == 0)
        p.dim[0] = p.n = b->rank, first = b->dim;
    else if (is_one_of(name, "stride padding dilation groups kernel_size start_dim end_dim "))
        p.rank = 0, p.n = 1;
    else if (strcmp(name, "bias") != 0 && b->rank == 3)
        p = (nh_h5){.rank = 3, .dim = {b->dim, b->dim, b->dim}, .n = b->dim * b->dim * b->dim};
    if (is_one_of(name, "padding start_dim ")) first = 0;
    if (strcmp(name, "end_dim") == 0) first = -1;
    if (strcmp(name, "delay") == 0) first = 1e-4 * below(b, 3);
    p.name = name;
    p.path = nh_arena_printf(b->a, "%s/%s", path, name);
    p.kind = NH_H5_NUMBER;
    double *v = nh_arena_array(b->a, (size_t)p.n + 1, sizeof *v);
    for (int64_t i = 0; i < p.n; i++) v[i] = first;
    if (strcmp(name, "v_threshold") == 0 && p.n > 1) v[p.n - 1] = 1 + below(b, 3);
    p.number = v;
    return p;
}

static nh_h5 param_of(nir_bytes *b, const char *path, const char *name, bool is_conv) {
    static const char *const words[] = {"same", "valid", "x"};
    int rank = strcmp(name, "weight") == 0 ? 2 + below(b, 3) : below(b, 4) == 0 ? below(b, 5) : 1;
    if (b->is_polite && below(b, 200) != 0) return fitting(b, path, name, is_conv);
    switch (below(b, 48)) {
    case 0: return text_of(b, path, name, words[below(b, 3)]);
    case 1: return group_of(b, path, name, NULL, 0);
    default: return numbers_of(b, path, name, rank);
    }
}

static nh_h5 graph_of(nir_bytes *b, const char *path, const char *name, int depth);

static nh_h5 node_of(nir_bytes *b, const char *path, const char *name, const char *type_name, int depth) {
    const nir_type *type = nir_type_find(type_name);
    const char *inner = nh_arena_printf(b->a, "%s/%s", path, name);
    nh_h5 *child = nh_arena_array(b->a, NIR_MAX_PARAMS + 3, sizeof *child);
    int n = 0;
    if (type && type->cls == NIR_GRAPH) return graph_of(b, path, name, depth + 1);
    child[n++] = text_of(b, inner, "type", type_name);
    for (int i = 0; type && type->param[i].name; i++)
        if (below(b, 64) != 0 && strncmp(type->param[i].name, "input_", 6) != 0)
            child[n++] = param_of(b, inner, type->param[i].name, type_name[1] == 'o' && type_name[0] == 'C');
    if (below(b, 32) == 0) child[n++] = numbers_of(b, inner, "unknown", 1);
    if (below(b, 32) == 0) child[n++] = group_of(b, inner, "metadata", NULL, 0);
    return group_of(b, path, name, child, n);
}

static nh_h5 edges_of(nir_bytes *b, const char *path, const nh_h5 *nodes) {
    int n = 2 * below(b, b->is_polite ? 4 : 24), chain = 0;
    const char **text = nh_arena_array(b->a, (size_t)n + 64, sizeof *text);
    for (int64_t i = 0; b->is_polite && i + 2 < nodes->n_child; i++) { /* names sort as input, n.., output */
        text[chain++] = nodes->child[i].name;
        text[chain++] = nodes->child[i + 1].name;
    }
    if (b->is_polite && nodes->n_child > 1) {
        text[chain++] = nodes->child[nodes->n_child - 2].name;
        text[chain++] = nodes->child[nodes->n_child - 1].name;
    }
    n += chain;
    for (int i = chain; i < n; i++) {
        bool wrong = nodes->n_child == 0 || below(b, 128) == 0;
        text[i] = wrong ? "nobody" : nodes->child[below(b, (int)nodes->n_child)].name;
    }
    nh_h5 e = {.name = "edges",
               .path = nh_arena_printf(b->a, "%s/edges", path),
               .kind = NH_H5_STRING,
               .rank = 2,
               .dim = {n / 2, 2},
               .n = n,
               .text = text};
    if (n == 0) e.kind = NH_H5_NUMBER, e.rank = 1, e.dim[0] = 0;
    return e;
}

static nh_h5 graph_of(nir_bytes *b, const char *path, const char *name, int depth) {
    static const char *const types[] = {
        "Affine", "Linear", "Scale",  "Conv1d", "Conv2d",  "SumPool2d", "AvgPool2d", "Flatten", "Delay",    "Threshold",
        "I",      "IF",     "LI",     "LIF",    "CubaLI",  "CubaLIF",   "Identity",  "LIF",     "NIRGraph", "IF",
        "Linear", "LIF",    "Linear", "LIF",    "Unknown", "Delay",     "Input",     "Output"};
    const char *inner = nh_arena_printf(b->a, "%s/%s", path, name),
               *nodes_path = nh_arena_printf(b->a, "%s/nodes", inner);
    nh_h5 child[4], *node = nh_arena_array(b->a, 16, sizeof *node);
    int n = 0, count = below(b, 8);
    if (below(b, 16) != 0) node[n++] = node_of(b, nodes_path, "input", "Input", depth);
    if (below(b, 16) != 0) node[n++] = node_of(b, nodes_path, "output", "Output", depth);
    for (int i = 0; i < count; i++) {
        const char *type = types[below(b, (int)(sizeof types / sizeof *types))];
        if (depth >= 4 && strcmp(type, "NIRGraph") == 0) type = "LIF";
        node[n++] = node_of(b, nodes_path, nh_arena_printf(b->a, "n%d", below(b, 12)), type, depth);
    }
    child[0] = text_of(b, inner, "type", "NIRGraph");
    child[1] = group_of(b, inner, "nodes", node, n);
    child[2] = edges_of(b, inner, &child[1]);
    nh_h5 *kept = nh_arena_array(b->a, 4, sizeof *kept);
    memcpy(kept, child, 3 * sizeof *kept);
    return group_of(b, path, name, kept, 3);
}

/* One run: no crash; a graph that passes the verifier, or at least one error. Returns false when it is neither. */
static inline bool nir_run(const uint8_t *data, size_t size, bool *was_read) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nir_bytes b = {.a = a, .data = data, .size = size};
    nh_h5 *top = NH_NEW(a, nh_h5);
    b.is_polite = below(&b, 4) != 0;
    b.dim = 1 + below(&b, 2);
    b.rank = below(&b, 3) == 0 ? 3 : 1;
    *top = graph_of(&b, "", "node", 0);
    nh_h5 root = group_of(&b, "", "", top, 1);
    nh_graph *g = nh_nir_from_tree(a, d, "fuzz.nir", &root, 1e-4);
    const char *why = g ? nh_graph_check(g, a) : NULL;
    bool ok = g ? !why && d->n_error == 0 : d->n_error > 0;
    if (!ok) {
        fprintf(stderr, "%s\n", why ? why : "neither a graph nor an error");
        if (g) nh_graph_print(g, false, stderr);
        nh_diag_print(d, NH_NOTE, false, stderr);
    }
    *was_read = g != NULL;
    nh_arena_free(a);
    return ok;
}

#endif
