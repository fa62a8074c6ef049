#include "internal.h"

#include <assert.h>

/* Depth first from the outputs, operands before users: what belongs to one output stays together, so few values are
 * alive at a time in the emitted C. An explicit stack, because chains can be as long as the datapath. */
typedef struct {
    const nh_dp_node *old;
    nh_val *map; /* old index -> new index */
    nh_val *stack;
    nh_dp_node *out;
    uint32_t n_out;
} order;

static void visit(order *s, nh_val root) {
    uint32_t depth = 0;
    if (s->map[root] == NH_DP_NONE) s->stack[depth++] = root;
    while (depth > 0) {
        nh_val v[3], top = s->stack[depth - 1];
        int operands = nh_dp_operands(&s->old[top], v), missing = -1;
        for (int k = operands - 1; k >= 0; k--)
            if (s->map[v[k]] == NH_DP_NONE) missing = k;
        if (missing >= 0) {
            s->stack[depth++] = v[missing];
            continue;
        }
        nh_dp_node *n = &s->out[s->n_out];
        *n = s->old[top];
        if (operands > 0) n->a = s->map[v[0]];
        if (operands > 1) n->b = s->map[v[1]];
        if (operands > 2) n->c = s->map[v[2]];
        s->map[top] = s->n_out++;
        depth--;
    }
}

/* Keep the tables that are read, in their order. */
static void drop_dead_tables(nh_dp *p, nh_dp_node *node, uint32_t n_node) {
    int *map = nh_arena_array(p->arena, (size_t)p->n_table + 1, sizeof(int)), n = 0;
    assert(map);
    for (uint32_t i = 0; i < n_node; i++)
        if (node[i].op == NH_DP_TABLE) map[node[i].port] = 1;
    for (int t = 0; t < p->n_table; t++) {
        if (!map[t]) continue;
        p->table[n] = p->table[t];
        map[t] = n++;
    }
    p->n_table = n;
    p->hash->memo = NULL; /* it names tables by their old numbers */
    for (uint32_t i = 0; i < n_node; i++)
        if (node[i].op == NH_DP_TABLE) node[i].port = map[node[i].port];
}

void nh_dp_finish(nh_dp *p) {
    uint32_t n = p->n_node;
    order s = {.old = p->node};
    s.map = nh_arena_array(p->arena, (size_t)n + 1, sizeof(nh_val));
    s.stack = nh_arena_array(p->arena, (size_t)n + 1, sizeof(nh_val));
    s.out = nh_arena_array(p->arena, (size_t)n + 1, sizeof(nh_dp_node));
    assert(s.map && s.stack && s.out);
    for (uint32_t i = 0; i < n; i++) s.map[i] = NH_DP_NONE;
    for (int port = 0; port < p->n_out; port++)
        for (int64_t e = 0; e < p->out[port].n; e++) {
            nh_val *v = &p->out[port].value[e];
            if (*v == NH_DP_NONE) continue;
            visit(&s, *v);
            *v = s.map[*v];
        }
    drop_dead_tables(p, s.out, s.n_out);
    nh_dp_adopt(p, s.out, s.n_out);
}
