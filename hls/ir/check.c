#include "ir.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const nh_graph *g;
    nh_arena *a;
    const char *why; /* the first failure */
} checker;

static bool fail(checker *c, const char *what, const char *name, const char *why) {
    if (!c->why) c->why = nh_arena_printf(c->a, "%s '%s': %s", what, name ? name : "(no name)", why);
    return false;
}

static int compare_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The first of n strings that occurs twice, or NULL. */
static const char *find_twice(nh_arena *a, const char *const *text, int n) {
    const char **sorted = nh_arena_array(a, (size_t)n + 1, sizeof *sorted);
    memcpy(sorted, text, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, compare_text);
    for (int i = 1; i < n; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0) return sorted[i];
    return NULL;
}

static bool is_id(const char *id) {
    size_t n = strlen(id);
    return n >= 1 && n <= 40 && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static bool check_names(checker *c) {
    const nh_graph *g = c->g;
    const char **name = nh_arena_array(c->a, (size_t)g->n_layer + 1, sizeof *name);
    const char **id = nh_arena_array(c->a, (size_t)g->n_layer + 1, sizeof *id);
    for (int i = 0; i < g->n_layer; i++) {
        name[i] = g->layer[i].name;
        id[i] = g->layer[i].id;
        if (!name[i] || !id[i]) return fail(c, "layer", name[i], "has no name or no id");
        if (!is_id(id[i])) return fail(c, "layer", name[i], "its id is not 1..40 characters of a-z, 0-9, _");
    }
    const char *twice = find_twice(c->a, name, g->n_layer);
    if (twice) return fail(c, "layer", twice, "the name is used twice");
    twice = find_twice(c->a, id, g->n_layer);
    return !twice || fail(c, "layer", twice, "the id is used twice");
}

static bool is_format(nh_format f) {
    return f.width_bits >= 1 && f.width_bits <= 64 && f.round <= NH_ROUND_RND_CONV && f.overflow <= NH_OVERFLOW_SAT_SYM;
}

static bool check_param(checker *c, const nh_layer *l, const nh_param *p) {
    if (!p) return true;
    if (nh_shape_size(p->shape) < 1) return fail(c, "layer", l->name, "a parameter is empty or too large");
    if (!p->value) return fail(c, "layer", l->name, "a parameter has no values");
    if (p->raw && !is_format(p->fmt)) return fail(c, "layer", l->name, "a quantized parameter has no format");
    return true;
}

static bool check_layer(checker *c, int i) {
    const nh_graph *g = c->g;
    const nh_layer *l = &g->layer[i];
    if ((unsigned)l->op >= NH_OP_COUNT) return fail(c, "layer", l->name, "the operator is unknown");
    const nh_op_info *info = nh_op_get(l->op);
    if (info->n_inputs < 0 ? l->n_in < 1 || l->n_in > NH_MAX_INPUTS : l->n_in != info->n_inputs)
        return fail(c, "layer", l->name, "the number of inputs is not the operator's");
    for (int k = 0; k < l->n_in; k++) {
        if (l->in[k] < 0 || l->in[k] >= g->n_tensor) return fail(c, "layer", l->name, "an input does not exist");
        if (g->tensor[l->in[k]].producer >= i && !nh_layer_is_late(l))
            return fail(c, "layer", l->name, "an input is made by a later layer");
    }
    if (l->out < 0 || l->out >= g->n_tensor) return fail(c, "layer", l->name, "the output does not exist");
    if (g->tensor[l->out].producer != i) return fail(c, "layer", l->name, "the output belongs to another layer");
    if ((l->weight != NULL) != info->has_weights) return fail(c, "layer", l->name, "a weight is missing or misplaced");
    if (l->bias && !info->has_weights) return fail(c, "layer", l->name, "a bias is misplaced");
    if (!check_param(c, l, l->weight) || !check_param(c, l, l->bias)) return false;
    const char *shape = nh_shape_mismatch(g, l);
    return !shape || fail(c, "layer", l->name, shape);
}

static bool check_tensor(checker *c, int t) {
    const nh_tensor *x = &c->g->tensor[t];
    if (x->producer < 0 || x->producer >= c->g->n_layer) return fail(c, "tensor", x->name, "no layer makes it");
    if (c->g->layer[x->producer].out != t) return fail(c, "tensor", x->name, "its producer makes another tensor");
    if (!x->q.known) return true;
    if (!is_format(x->q.fmt)) return fail(c, "tensor", x->name, "its format is not 1..64 bits");
    if (!isfinite(x->q.scale) || x->q.scale <= 0) return fail(c, "tensor", x->name, "its scale is not positive");
    nh_range all = nh_range_of(x->q.fmt);
    if (x->range.lo > x->range.hi || x->range.lo < all.lo || x->range.hi > all.hi)
        return fail(c, "tensor", x->name, "its interval is not inside its format");
    return true;
}

static bool check_consumers(checker *c) {
    const nh_graph *g = c->g;
    int *count = nh_arena_array(c->a, (size_t)g->n_tensor + 1, sizeof *count);
    for (int i = 0; i < g->n_layer; i++)
        for (int k = 0; k < g->layer[i].n_in; k++) count[g->layer[i].in[k]]++;
    for (int t = 0; t < g->n_tensor; t++)
        if (count[t] != g->tensor[t].n_consumers)
            return fail(c, "tensor", g->tensor[t].name, "its consumers are counted wrongly");
    return true;
}

const char *nh_graph_check(const nh_graph *g, nh_arena *a) {
    checker c = {g, a, NULL};
    if (g->input < 0 || g->input >= g->n_tensor || g->output < 0 || g->output >= g->n_tensor) {
        fail(&c, "graph", g->name, "it has no input or no output");
        return c.why;
    }
    if (!check_names(&c)) return c.why;
    for (int i = 0; i < g->n_layer; i++)
        if (!check_layer(&c, i)) return c.why;
    for (int t = 0; t < g->n_tensor; t++)
        if (!check_tensor(&c, t)) return c.why;
    if (g->layer[g->tensor[g->input].producer].op != NH_OP_INPUT)
        fail(&c, "graph", g->name, "its input is not made by an input layer");
    check_consumers(&c);
    return c.why;
}
