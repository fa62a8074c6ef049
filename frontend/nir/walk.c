/* Depth-first walks over the flat graph, without recursion: a file may hold a chain of thousands of nodes. */
#include "nir_model.h"

enum { NEW, OPEN, DONE };

nir_walk nir_walk_new(nir_model *m, bool forward, bool (*follow)(const nir_model *, const nir_edge *)) {
    size_t n = (size_t)m->n_node;
    return (nir_walk){.m = m,
                      .forward = forward,
                      .follow = follow,
                      .stack = nh_arena_array(m->scratch, n + 1, sizeof(int)),
                      .post = nh_arena_array(m->scratch, n + 1, sizeof(int)),
                      .mark = nh_arena_array(m->scratch, n + 1, 1),
                      .next = nh_arena_array(m->scratch, n + 1, sizeof(int))};
}

static void enter(nir_walk *w, int node) {
    const nir_adjacency *list = w->forward ? &w->m->out : &w->m->in;
    w->mark[node] = OPEN;
    w->next[node] = list->at[node];
    w->stack[w->n_stack++] = node;
}

static void closes(nir_walk *w, int e, int node) {
    int from = w->n_stack - 1;
    while (w->stack[from] != node) from--;
    w->on_back(w, e, from);
}

void nir_walk_from(nir_walk *w, int root) {
    const nir_adjacency *list = w->forward ? &w->m->out : &w->m->in;
    if (w->mark[root] != NEW) return;
    enter(w, root);
    while (w->n_stack > 0) {
        int node = w->stack[w->n_stack - 1];
        if (w->next[node] == list->at[node + 1]) {
            w->mark[node] = DONE;
            w->post[w->n_post++] = node;
            w->n_stack--;
            continue;
        }
        int e = list->edge[w->next[node]++];
        const nir_edge *edge = &w->m->edge[e];
        if (w->follow && !w->follow(w->m, edge)) continue;
        int to = w->forward ? edge->to : edge->from;
        if (w->mark[to] == NEW)
            enter(w, to);
        else if (w->mark[to] == OPEN && w->on_back)
            closes(w, e, to);
    }
}

/* Lists by counting: edges keep their order. */
static nir_adjacency lists(nir_model *m, bool forward) {
    nir_adjacency x = {nh_arena_array(m->scratch, (size_t)m->n_node + 2, sizeof(int)),
                       nh_arena_array(m->scratch, (size_t)m->n_edge + 1, sizeof(int))};
    for (int e = 0; e < m->n_edge; e++) x.at[(forward ? m->edge[e].from : m->edge[e].to) + 2]++;
    for (int n = 0; n < m->n_node; n++) x.at[n + 2] += x.at[n + 1];
    for (int e = 0; e < m->n_edge; e++) x.edge[x.at[(forward ? m->edge[e].from : m->edge[e].to) + 1]++] = e;
    return x;
}

void nir_adjacent(nir_model *m) {
    m->out = lists(m, true);
    m->in = lists(m, false);
}
