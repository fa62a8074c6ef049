#include "onnx_model.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    int node, next; /* next input to follow */
} visit;

/* Depth first from the output, without recursion: every live node once, after those it reads. */
static bool sort(onnx_reader *r) {
    enum { NEW, OPEN, DONE };
    char *state = nh_arena_alloc(r->scratch, (size_t)r->n_node + 1);
    visit *stack = nh_arena_alloc(r->scratch, ((size_t)r->n_node + 1) * sizeof *stack);
    int depth = 0, first = r->value[r->output].producer;
    r->order = nh_arena_alloc(r->scratch, ((size_t)r->n_node + 1) * sizeof *r->order);
    if (first >= 0) stack[depth++] = (visit){.node = first};
    while (depth > 0) {
        visit *top = &stack[depth - 1];
        onnx_node *n = &r->node[top->node];
        state[top->node] = OPEN;
        if (top->next == n->n_in) {
            state[top->node] = DONE;
            n->live = true;
            r->order[r->n_order++] = top->node;
            depth--;
            continue;
        }
        int value = n->in[top->next++];
        int producer = value < 0 ? -1 : r->value[value].producer;
        if (producer < 0 || state[producer] == DONE) continue;
        if (state[producer] == OPEN) return nh_report(r->d, NH_M_GRAPH, n->at, "the node depends on its own output");
        stack[depth++] = (visit){.node = producer};
    }
    return true;
}

static void count_uses(onnx_reader *r) {
    r->value[r->output].n_uses++;
    for (int k = 0; k < r->n_order; k++) {
        const onnx_node *n = &r->node[r->order[k]];
        if (onnx_asks_for_shape(n)) continue;
        for (int i = 0; i < n->n_in; i++)
            if (n->in[i] >= 0) r->value[n->in[i]].n_uses++;
    }
}

/* "fc1" of a weight "fc1.weight" or "fc1/kernel"; NULL when the name has no such form. */
static const char *weight_owner(onnx_reader *r, const onnx_node *n) {
    static const char *const suffix[] = {".weight", "/weight", "_weight", ".kernel", "/kernel", "_kernel"};
    if (n->n_in < 2 || n->in[1] < 0 || !r->value[n->in[1]].initializer) return NULL;
    const char *name = r->value[n->in[1]].name;
    size_t size = strlen(name);
    for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++) {
        size_t k = strlen(suffix[i]);
        if (size > k && strcmp(name + size - k, suffix[i]) == 0) return nh_arena_strn(r->scratch, name, size - k);
    }
    return NULL;
}

static const char *own_name(onnx_reader *r, const onnx_node *n) {
    if (*n->name) return n->name;
    const char *owner = weight_owner(r, n);
    if (owner) return owner;
    return n->n_out && *n->proto->output[0] ? n->proto->output[0] : "node";
}

typedef struct {
    const char *name;
    int node; /* -1: the graph's input */
} owner;

static int by_name(const void *pa, const void *pb) {
    const owner *a = pa, *b = pb;
    int c = strcmp(a->name, b->name);
    return c ? c : (a->node > b->node) - (a->node < b->node);
}

static int name_only(const void *key, const void *b) { return strcmp(key, ((const owner *)b)->name); }

/* Names that occur again get _2, _3 ... in the order of the file, passing over names that are taken. */
static void make_unique(onnx_reader *r) {
    size_t n = (size_t)r->n_order + 1;
    owner *list = nh_arena_alloc(r->scratch, n * sizeof *list);
    list[0] = (owner){r->value[r->input].name, -1};
    for (int k = 0; k < r->n_order; k++) list[k + 1] = (owner){own_name(r, &r->node[r->order[k]]), r->order[k]};
    qsort(list, n, sizeof *list, by_name);
    int copy = 1;
    for (size_t i = 0; i < n; i++) {
        const char *name = list[i].name;
        bool again = i > 0 && strcmp(list[i - 1].name, name) == 0;
        if (!again) copy = 1;
        while (again && bsearch(name, list, n, sizeof *list, name_only))
            name = nh_arena_printf(r->scratch, "%s_%d", list[i].name, ++copy);
        if (list[i].node >= 0) r->node[list[i].node].name = nh_arena_str(r->a, name);
    }
}

bool onnx_order(onnx_reader *r) {
    if (!sort(r) || !onnx_choose_input(r)) return false;
    count_uses(r);
    make_unique(r);
    if (r->n_order < r->n_node)
        nh_report(r->d, NH_M_DEAD, (nh_loc){.file = r->path}, "%d of %d nodes do not reach the output '%s'",
                  r->n_node - r->n_order, r->n_node, r->value[r->output].name);
    return true;
}
