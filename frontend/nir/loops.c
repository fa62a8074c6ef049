/* Where loops are cut, and the order in which layers are made.
 *
 * An edge that closes a loop, seen from the input, gets one step of delay. The delay is then moved back over what has
 * no state: a node whose outputs are all delayed gives the same signal when its inputs are delayed instead, except that
 * its bias acts from the first step. So it comes to stand at the output of the neuron. */
#include "nir_model.h"

#include <math.h>
#include <string.h>

double nir_steps(const nir_model *m, double seconds) { return floor(seconds / m->dt + 0.5); }

/* Nodes on a cycle: strongly connected components, by a walk down and one up (Kosaraju). */
static bool *find_cyclic(nir_model *m) {
    bool *cyclic = nh_arena_array(m->scratch, (size_t)m->n_node, sizeof *cyclic);
    nir_walk down = nir_walk_new(m, true, NULL), up = nir_walk_new(m, false, NULL);
    nir_walk_from(&down, m->input);
    for (int i = down.n_post - 1; i >= 0; i--) {
        int begin = up.n_post;
        nir_walk_from(&up, down.post[i]);
        for (int k = begin; k < up.n_post && up.n_post - begin > 1; k++) cyclic[up.post[k]] = true;
    }
    for (int e = 0; e < m->n_edge; e++)
        if (m->edge[e].from == m->edge[e].to) cyclic[m->edge[e].from] = true;
    return cyclic;
}

static void find_late(nir_model *m) {
    const bool *cyclic = find_cyclic(m);
    for (int i = 0; i < m->n_node; i++) {
        nir_node *n = &m->node[i];
        if (n->type->cls != NIR_DELAY || !cyclic[i]) continue;
        n->is_late = true;
        if (n->has_bad_params) continue;
        for (int64_t k = 0; k < n->param[0]->n; k++) n->is_late &= nir_steps(m, n->param[0]->number[k]) >= 1;
    }
}

static bool has_state(const nir_node *n) { return n->type->cls == NIR_STATEFUL || n->is_late; }

const char *nir_cycle_text(const nir_model *m, const int *node, int n) {
    const char *text = "";
    for (int i = 0; i < n; i++) {
        if (i == 8 && n > 10) {
            text = nh_arena_printf(m->scratch, "%s... -> ", text);
            i = n - 1;
        }
        text = nh_arena_printf(m->scratch, "%s'%.60s' -> ", text, m->node[node[i]].name);
    }
    return nh_arena_printf(m->scratch, "%s'%.60s'", text, m->node[node[0]].name);
}

static bool within_stateless(const nir_model *m, const nir_edge *e) {
    return !has_state(&m->node[e->from]) && !has_state(&m->node[e->to]);
}
static bool not_into_late(const nir_model *m, const nir_edge *e) { return !m->node[e->to].is_late; }
static bool same_step(const nir_model *m, const nir_edge *e) { return e->delay == 0 && !m->node[e->to].is_late; }

static void report_cycle(nir_walk *w, int e, int from) {
    (void)e;
    nir_model *m = w->m;
    int n = w->n_stack - from;
    if (w->n_reported++ == 0) {
        nh_report(m->d, NH_M_NIR_CYCLE, nir_at_node(m, &m->node[w->stack[from]]), "a cycle of %d node%s has no neuron",
                  n, n == 1 ? "" : "s");
        nh_diag_found(m->d, "%s", nir_cycle_text(m, w->stack + from, n));
        nh_diag_hint(m->d, "put a neuron or a Delay of at least %g s on it", m->dt);
    }
}

static void cut(nir_walk *w, int e, int from) {
    (void)from;
    w->m->edge[e].delay = 1;
}

/* A loop that the file closes itself. */
static void note_late(nir_walk *w, int e, int from) {
    (void)e;
    nir_model *m = w->m;
    for (int i = from; i < w->n_stack; i++) {
        const nir_node *n = &m->node[w->stack[i]];
        if (!n->is_late) continue;
        if (w->n_reported++ >= NIR_MAX_LISTED) return;
        nh_report(m->d, NH_M_NIR_RECURRENT, nir_at_node(m, n),
                  "a loop is closed by the Delay '%s'; no other delay is added", n->name);
        nh_diag_found(m->d, "%s", nir_cycle_text(m, w->stack + from, w->n_stack - from));
        return;
    }
}

/* Move the delay of all outputs of a node without state to its inputs. */
static void move_delay(nir_model *m, int node) {
    int least = 0;
    if (node == m->input || node == m->output || has_state(&m->node[node])) return;
    for (int k = m->out.at[node]; k < m->out.at[node + 1]; k++) {
        int delay = m->edge[m->out.edge[k]].delay;
        if (k == m->out.at[node] || delay < least) least = delay;
    }
    for (int k = m->out.at[node]; k < m->out.at[node + 1]; k++) m->edge[m->out.edge[k]].delay -= least;
    for (int k = m->in.at[node]; k < m->in.at[node + 1]; k++) m->edge[m->in.edge[k]].delay += least;
}

static void note_delays(nir_model *m) {
    int noted = 0;
    for (int i = 0; i < m->n_node && noted < NIR_MAX_LISTED; i++) {
        const char *to = "";
        int n = 0;
        for (int k = m->out.at[i]; k < m->out.at[i + 1]; k++) {
            const nir_edge *e = &m->edge[m->out.edge[k]];
            if (e->delay > 0 && n < 4)
                to = nh_arena_printf(m->scratch, "%s%s'%.60s'", to, n ? ", " : "", m->node[e->to].name);
            n += e->delay > 0;
        }
        if (n == 0) continue;
        nh_report(m->d, NH_M_NIR_RECURRENT, nir_at_node(m, &m->node[i]),
                  "the output of '%s' reaches %s%s one step later: it closes a loop", m->node[i].name, to,
                  n > 4 ? ", ..." : "");
        if (m->node[i].type->cls != NIR_STATEFUL)
            nh_diag_hint(
                m->d, "it feeds forward too, so the delay stands after it: its bias comes back one step late as well");
        noted++;
    }
}

/* Nodes after the nodes that they need for their shape: every one but the input comes after one that feeds it. */
static void order_for_shapes(nir_model *m) {
    nir_walk w = nir_walk_new(m, true, NULL);
    w.on_back = note_late;
    nir_walk_from(&w, m->input);
    m->order = nh_arena_array(m->scratch, (size_t)m->n_node + 1, sizeof(int));
    for (int i = w.n_post - 1; i >= 0; i--) m->order[m->n_order++] = w.post[i];
}

static void order_for_build(nir_model *m) {
    nir_walk w = nir_walk_new(m, false, same_step);
    nir_walk_from(&w, m->input);
    nir_walk_from(&w, m->output);
    for (int i = 0; i < m->n_order; i++) nir_walk_from(&w, m->order[i]);
    m->build = w.post;
    m->n_build = w.n_post;
}

bool nir_loops(nir_model *m) {
    find_late(m);
    nir_walk stateless = nir_walk_new(m, true, within_stateless);
    stateless.on_back = report_cycle;
    for (int i = 0; i < m->n_node; i++)
        if (m->node[i].live && m->node[i].source < 0) nir_walk_from(&stateless, i);
    if (stateless.n_reported > 0) return false;
    order_for_shapes(m);

    nir_walk cuts = nir_walk_new(m, true, not_into_late);
    cuts.on_back = cut;
    nir_walk_from(&cuts, m->input);
    for (int i = 0; i < m->n_order; i++) nir_walk_from(&cuts, m->order[i]);
    for (int i = 0; i < stateless.n_post; i++) move_delay(m, stateless.post[i]);
    note_delays(m);
    order_for_build(m);
    return true;
}
