/* What of the file counts: edges once each, nodes between the input and the output, ports of subgraphs replaced by what
 * they carry. */
#include "nir_model.h"

#include <stdlib.h>
#include <string.h>

static int compare_edges(const void *a, const void *b) {
    const nir_edge *x = a, *y = b;
    if (x->rank != y->rank) return x->rank > y->rank ? -1 : 1;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

static void sort_edges(nir_model *m) {
    if (m->n_edge > 0) qsort(m->edge, (size_t)m->n_edge, sizeof *m->edge, compare_edges);
}

static void drop_duplicates(nir_model *m) {
    int kept = 0, dropped = 0;
    const nir_edge *first = NULL;
    sort_edges(m);
    for (int i = 0; i < m->n_edge; i++) {
        const nir_edge *last = kept > 0 ? &m->edge[kept - 1] : NULL;
        if (last && last->from == m->edge[i].from && last->to == m->edge[i].to) {
            if (dropped++ == 0) first = last;
        } else
            m->edge[kept++] = m->edge[i];
    }
    m->n_edge = kept;
    if (dropped == 0) return;
    nh_report(m->d, NH_M_NIR_EDGE_TWICE, nir_at(m, "/node/edges"),
              "%d edge%s listed more than once; the first is ('%s', '%s')", dropped, dropped == 1 ? " is" : "s are",
              m->node[first->from].name, m->node[first->to].name);
    nh_diag_hint(m->d, "it counts once here; nir 1.0.8 refuses such a file: list it once");
}

/* --- what counts ------------------------------------------------------------------------------------------------- */

/* The output depends on a node that gets no signal: it would need an input of its own. */
static bool report_unfed(nir_model *m, const bool *from_input, const bool *to_output) {
    int n = 0, any = -1;
    for (int i = 0; i < m->n_node; i++) {
        if (from_input[i] || !to_output[i]) continue;
        any = i;
        if (m->in.at[i] != m->in.at[i + 1] || n >= NIR_MAX_LISTED) continue;
        nh_report(m->d, NH_M_NIR_PORTS, nir_at_node(m, &m->node[i]),
                  "no edge leads to '%s', but the output depends on it", m->node[i].name);
        nh_diag_hint(m->d, "connect it to the Input, or take it out");
        n++;
    }
    if (any >= 0 && n == 0)
        nh_report(m->d, NH_M_NIR_PORTS, nir_at_node(m, &m->node[any]),
                  "'%s' does not depend on the input, but the output depends on it", m->node[any].name);
    return any < 0;
}

static void note_dead(nir_model *m) {
    int dead = 0, total = 0;
    const char *names = "";
    for (int i = 0; i < m->n_node; i++) {
        bool port = m->node[i].type->cls == NIR_PORT_IN || m->node[i].type->cls == NIR_PORT_OUT;
        total += !port;
        if (m->node[i].live || port) continue;
        if (dead < 4) names = nh_arena_printf(m->scratch, "%s%s'%.60s'", names, dead ? ", " : "", m->node[i].name);
        dead++;
    }
    if (dead == 0) return;
    nh_report(m->d, NH_M_NIR_DEAD, nir_at(m, "/node"), "%d of %d nodes do not reach the output", dead, total);
    nh_diag_found(m->d, "%s%s", names, dead > 4 ? ", ..." : "");
}

static bool find_live(nir_model *m) {
    bool *from_input = nh_arena_array(m->scratch, (size_t)m->n_node, sizeof *from_input);
    bool *to_output = nh_arena_array(m->scratch, (size_t)m->n_node, sizeof *to_output);
    nir_walk down = nir_walk_new(m, true, NULL), up = nir_walk_new(m, false, NULL);
    nir_walk_from(&down, m->input);
    nir_walk_from(&up, m->output);
    for (int i = 0; i < down.n_post; i++) from_input[down.post[i]] = true;
    for (int i = 0; i < up.n_post; i++) to_output[up.post[i]] = true;
    if (!from_input[m->output]) {
        nh_report(m->d, NH_M_NIR_EMPTY, nir_at(m, "/node/edges"), "no path leads from the input to the output");
        return false;
    }
    for (int i = 0; i < m->n_node; i++) m->node[i].live = from_input[i] && to_output[i];
    note_dead(m);
    return report_unfed(m, from_input, to_output);
}

static void drop_dead_edges(nir_model *m) {
    int kept = 0;
    for (int i = 0; i < m->n_edge; i++)
        if (m->node[m->edge[i].from].live && m->node[m->edge[i].to].live) m->edge[kept++] = m->edge[i];
    m->n_edge = kept;
    nir_adjacent(m);
}

/* --- ports of subgraphs ------------------------------------------------------------------------------------------ */

/* The node that makes what a chain of ports carries. Ports with one signal cannot form a cycle that the input reaches.
 */
static int resolve(nir_model *m, int node) {
    int end = node;
    while (m->node[end].source >= 0) end = m->node[end].source;
    while (m->node[node].source >= 0) {
        int next = m->node[node].source;
        m->node[node].source = end;
        node = next;
    }
    return end;
}

/* Ports with one signal are that signal; ports with several are sums, and stay. */
static void carry_through(nir_model *m) {
    int kept = 0;
    for (int i = 0; i < m->n_node; i++) {
        nir_node *n = &m->node[i];
        bool port = n->type->cls == NIR_PORT_IN || n->type->cls == NIR_PORT_OUT;
        if (n->live && port && n->depth > 0 && m->in.at[i + 1] - m->in.at[i] == 1)
            n->source = m->edge[m->in.edge[m->in.at[i]]].from;
    }
    for (int i = 0; i < m->n_edge; i++) {
        nir_edge e = m->edge[i];
        if (m->node[e.to].source >= 0) continue;
        e.from = resolve(m, e.from);
        m->edge[kept++] = e;
    }
    for (int i = 0; i < m->n_node; i++) resolve(m, i);
    m->n_edge = kept;
}

/* --- the longest way first --------------------------------------------------------------------------------------- */

/* Where a loop can be cut in several places, it is cut where the signal has come furthest towards the output: edges are
 * sorted by their distance from it. The order of edges in the file plays no role. */
static void rank_edges(nir_model *m) {
    int *distance = nh_arena_array(m->scratch, (size_t)m->n_node, sizeof *distance);
    int *queue = nh_arena_array(m->scratch, (size_t)m->n_node + 1, sizeof *queue), head = 0, tail = 0;
    nir_adjacent(m);
    for (int i = 0; i < m->n_node; i++) distance[i] = -1;
    distance[m->output] = 0;
    queue[tail++] = m->output;
    while (head < tail) {
        int to = queue[head++];
        for (int k = m->in.at[to]; k < m->in.at[to + 1]; k++) {
            int from = m->edge[m->in.edge[k]].from;
            if (distance[from] >= 0) continue;
            distance[from] = distance[to] + 1;
            queue[tail++] = from;
        }
    }
    for (int i = 0; i < m->n_edge; i++) m->edge[i].rank = distance[m->edge[i].to];
    sort_edges(m);
    nir_adjacent(m);
}

bool nir_topology(nir_model *m) {
    drop_duplicates(m);
    nir_adjacent(m);
    if (!find_live(m)) return false;
    drop_dead_edges(m);
    carry_through(m);
    rank_edges(m);
    for (int i = 0; i < m->n_edge; i++)
        if (m->edge[i].to != m->output) return nir_loops(m);
    return nh_report(m->d, NH_M_NIR_EMPTY, nir_at(m, "/node"), "nothing lies between the input and the output");
}
