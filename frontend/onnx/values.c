#include "onnx_model.h"

#include <stdlib.h>
#include <string.h>

/* One place where a name gets a value. */
typedef struct {
    const char *name;
    const Onnx__TensorProto *initializer;
    bool is_input;
    int producer, seq;
} definition;

nh_loc onnx_at(const onnx_reader *r, const char *what, const char *name) {
    return (nh_loc){.file = r->path, .path = nh_arena_printf(r->a, "%s '%s'", what, name)};
}

static int by_name(const void *pa, const void *pb) {
    const definition *a = pa, *b = pb;
    int c = strcmp(a->name, b->name);
    return c ? c : a->seq - b->seq;
}

static bool check_name(onnx_reader *r, const char *name) {
    return strlen(name) <= NH_ONNX_MAX_NAME ||
           nh_report(r->d, NH_M_LIMIT, (nh_loc){.file = r->path}, "a name is longer than %d bytes: '%.40s...'",
                     NH_ONNX_MAX_NAME, name);
}

static bool define(onnx_reader *r, definition *list, size_t *n, definition def) {
    if (!def.name || !*def.name) return true; /* an output that is left out */
    if (!check_name(r, def.name)) return false;
    def.seq = (int)*n;
    list[(*n)++] = def;
    return true;
}

/* All definitions of the model, in the order in which it lists them. */
static bool collect(onnx_reader *r, definition **list, size_t *count) {
    const Onnx__GraphProto *g = r->model->graph;
    size_t n = g->n_initializer + g->n_input;
    for (int i = 0; i < r->n_node; i++) n += r->node[i].proto->n_output;
    *list = nh_arena_alloc(r->scratch, n * sizeof **list);
    *count = 0;
    bool ok = true;
    for (size_t i = 0; i < g->n_initializer; i++)
        ok &= define(r, *list, count,
                     (definition){.name = g->initializer[i]->name, .initializer = g->initializer[i], .producer = -1});
    for (size_t i = 0; i < g->n_input; i++)
        ok &= define(r, *list, count, (definition){.name = g->input[i]->name, .is_input = true, .producer = -1});
    for (int k = 0; k < r->n_node; k++)
        for (size_t i = 0; i < r->node[k].proto->n_output; i++)
            ok &= define(r, *list, count, (definition){.name = r->node[k].proto->output[i], .producer = k});
    return ok;
}

/* Sorted definitions -> values. An initializer may be listed as graph input, too: its default value, which
 * counts. */
static bool merge(onnx_reader *r, const definition *list, size_t n) {
    bool ok = true;
    r->value = nh_arena_alloc(r->scratch, n * sizeof *r->value);
    for (size_t i = 0; i < n; i++) {
        const definition *def = &list[i];
        onnx_value *last = r->n_value ? &r->value[r->n_value - 1] : NULL;
        if (!last || strcmp(last->name, def->name) != 0) {
            r->value[r->n_value++] = (onnx_value){.name = def->name,
                                                  .producer = def->producer,
                                                  .initializer = def->initializer,
                                                  .is_input = def->is_input};
        } else if (!(last->initializer && def->is_input) || last->listed) {
            ok = nh_report(r->d, NH_M_GRAPH, onnx_at(r, "value", def->name), "the value '%s' is made more than once",
                           def->name);
        } else {
            last->listed = true;
        }
    }
    return ok;
}

int onnx_value_find(const onnx_reader *r, const char *name) {
    int lo = 0, hi = r->n_value;
    while (lo < hi) {
        int mid = lo + (hi - lo) / 2, c = strcmp(r->value[mid].name, name);
        if (c == 0) return mid;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return -1;
}

/* Names of a node's inputs or outputs -> value indices. */
static bool resolve(onnx_reader *r, const onnx_node *node, char **name, size_t n, int **index) {
    bool ok = true;
    *index = nh_arena_alloc(r->scratch, n * sizeof **index);
    for (size_t i = 0; i < n; i++) {
        (*index)[i] = *name[i] ? onnx_value_find(r, name[i]) : -1;
        if (!*name[i] || (*index)[i] >= 0) continue;
        ok = nh_report(r->d, NH_M_GRAPH, node->at, "reads '%.200s', which nothing makes", name[i]);
    }
    return ok;
}

static const char *text(const char *s) { return s ? s : ""; }

static bool make_nodes(onnx_reader *r) {
    const Onnx__GraphProto *g = r->model->graph;
    bool ok = true;
    r->n_node = (int)g->n_node;
    r->node = nh_arena_alloc(r->scratch, g->n_node * sizeof *r->node);
    for (int k = 0; k < r->n_node; k++) {
        onnx_node *node = &r->node[k];
        node->proto = g->node[k];
        node->n_in = (int)node->proto->n_input;
        node->n_out = (int)node->proto->n_output;
        node->name = text(node->proto->name);
        ok &= check_name(r, node->name) && check_name(r, text(node->proto->op_type)) &&
              check_name(r, text(node->proto->domain));
        if (*node->name)
            node->at = onnx_at(r, "node", node->name);
        else
            node->at = onnx_at(r, "node making", node->n_out ? node->proto->output[0] : "nothing");
    }
    return ok;
}

bool onnx_tables(onnx_reader *r) {
    definition *list;
    size_t n;
    r->input = r->output = -1;
    if (!make_nodes(r) || !collect(r, &list, &n)) return false;
    qsort(list, n, sizeof *list, by_name);
    bool ok = merge(r, list, n);
    for (int k = 0; k < r->n_node; k++) {
        onnx_node *node = &r->node[k];
        ok &= resolve(r, node, node->proto->input, node->proto->n_input, &node->in);
        ok &= resolve(r, node, node->proto->output, node->proto->n_output, &node->out);
    }
    return ok && onnx_choose_output(r);
}
