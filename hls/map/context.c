/* Order of populations, cut into contexts, starts and periods. */
#include "map_parts.h"

typedef struct {
    int *first, *item;
} adjacency; /* projections by source or target */

static adjacency adjacent(nh_arena *a, const nh_event_net *net, bool by_source) {
    adjacency r = {nh_arena_array(a, (size_t)net->n_pop + 2, sizeof *r.first),
                   nh_arena_array(a, (size_t)net->n_proj + 1, sizeof *r.item)};
    int *at = nh_arena_array(a, (size_t)net->n_pop + 2, sizeof *at);
    for (int i = 0; i < net->n_proj; i++) r.first[(by_source ? net->proj[i].from : net->proj[i].to) + 1]++;
    for (int i = 0; i < net->n_pop; i++) at[i + 1] = r.first[i + 1] += r.first[i];
    for (int i = 0; i < net->n_proj; i++) r.item[at[by_source ? net->proj[i].from : net->proj[i].to]++] = i;
    return r;
}

typedef struct {
    int *index, *low, *stack, *call, *edge;
    bool *on;
    int n_stack, counter, n_scc, placed;
} tarjan;

static void visit(nh_mapper *m, tarjan *t, const adjacency *out, int root, int *scc) {
    int depth = 0;
    t->call[0] = root;
    t->edge[root] = out->first[root];
    t->index[root] = t->low[root] = ++t->counter;
    t->stack[t->n_stack++] = root;
    t->on[root] = true;
    while (depth >= 0) {
        int v = t->call[depth];
        if (t->edge[v] < out->first[v + 1]) {
            int w = m->net->proj[out->item[t->edge[v]++]].to;
            if (!t->index[w]) {
                t->call[++depth] = w;
                t->edge[w] = out->first[w];
                t->index[w] = t->low[w] = ++t->counter;
                t->stack[t->n_stack++] = w;
                t->on[w] = true;
            } else if (t->on[w] && t->index[w] < t->low[v]) {
                t->low[v] = t->index[w];
            }
            continue;
        }
        if (t->low[v] == t->index[v]) {
            int w;
            do {
                w = t->stack[--t->n_stack];
                t->on[w] = false;
                scc[w] = t->n_scc;
                m->p->order[m->net->n_pop - 1 - t->placed++] = w;
            } while (w != v);
            t->n_scc++;
        }
        if (--depth >= 0 && t->low[v] < t->low[t->call[depth]]) t->low[t->call[depth]] = t->low[v];
    }
}

/* Tarjan: components come sinks first. A population that feeds itself, or another of its component, is in a component
 * of its own kind: scc equal. */
bool nh_map_order(nh_mapper *m, int *scc) {
    nh_arena *a = nh_arena_new();
    size_t n = (size_t)m->net->n_pop + 1;
    adjacency out = adjacent(a, m->net, true);
    tarjan t = {.index = nh_arena_array(a, n, sizeof(int)),
                .low = nh_arena_array(a, n, sizeof(int)),
                .stack = nh_arena_array(a, n, sizeof(int)),
                .call = nh_arena_array(a, n, sizeof(int)),
                .edge = nh_arena_array(a, n, sizeof(int)),
                .on = nh_arena_array(a, n, sizeof(bool))};
    for (int v = m->net->n_pop - 1; v >= 0; v--)
        if (!t.index[v]) visit(m, &t, &out, v, scc);
    for (int i = 0; i < m->net->n_pop; i++) m->p->position[m->p->order[i]] = i;
    nh_arena_free(a);
    return true;
}

/* First and last reader of every population as pieces, and where no cut may be: in loops. */
static void readers(const nh_mapper *m, int64_t *reader, int64_t *last, bool *whole, const int *scc) {
    const nh_map_plan *p = m->p;
    for (int i = 0; i < m->net->n_pop; i++) reader[i] = p->n_piece + 1, last[i] = -1;
    for (int i = 0; i < m->net->n_proj; i++) {
        const nh_projection *q = &m->net->proj[i];
        int64_t first = p->first_piece[p->position[q->to]], end = p->first_piece[p->position[q->to] + 1];
        if (first < reader[q->from]) reader[q->from] = first;
        if (end > last[q->from]) last[q->from] = end;
        if (scc[q->from] != scc[q->to]) continue;
        int a = p->position[q->from], b = p->position[q->to];
        for (int64_t k = p->first_piece[a < b ? a : b] + 1; k < p->first_piece[(a < b ? b : a) + 1]; k++)
            whole[k] = true;
    }
}

/* What a context of pieces begin .. costs, piece by piece: see map.h. */
typedef struct {
    const nh_mapper *m;
    adjacency in;
    const int64_t *last;      /* [n_pop] */
    int64_t begin, cost, out; /* out: events that leave when the context ends here */
    int64_t *read, *done;     /* [n_pop] begin + 1 of the context that reads the population, has it */
    int64_t *die, *die_of;    /* [n_piece + 1] events whose last reader ends there, of the context begin + 1 */
    int64_t synapse, axon, param, route; /* flits of a word */
    int64_t *near,
        *near_end;       /* [pieces of targets of convolutions, projection by projection] source pieces that overlap */
    int64_t *near_first; /* [n_proj] */
} context_cost;

static int64_t chunks(int64_t bits) { return nh_ceil_div(bits, 16); }

static void set_flits(context_cost *c) {
    const nh_fabric *f = c->m->f;
    int64_t word = nh_log2_ceil((uint64_t)(f->neurons / f->lanes)), param = 0;
    for (int i = 0; i < f->n_model; i++) {
        int64_t bits = 0;
        for (int k = 0; k < NH_NEURON_PARAMS; k++) bits += f->model[i].param[k].width_bits;
        if (bits > param) param = bits;
    }
    c->synapse = chunks(nh_fabric_synapse_bits(f));
    c->axon = chunks(nh_log2_ceil((uint64_t)f->synapses) + 2 * word + 3);
    c->param = chunks(f->lanes * param);
    c->route = chunks(nh_fabric_get_widths(f).route);
}

/* Source pieces that piece b of a convolution's target reads: rows of them overlap. */
static void overlap(const nh_mapper *m, const nh_projection *q, const nh_map_piece *b, int64_t *lo, int64_t *hi) {
    const nh_map_plan *p = m->p;
    int64_t y0 = b->y0 * q->stride_y - q->pad_y,
            y1 = (b->y0 + b->h - 1) * q->stride_y - q->pad_y + (q->kh - 1) * q->dilation_y;
    *lo = *hi = 0;
    for (int64_t k = p->first_piece[p->position[q->from]]; k < p->first_piece[p->position[q->from] + 1]; k++) {
        if (p->piece[k].y0 > y1 || p->piece[k].y0 + p->piece[k].h <= y0) continue;
        if (*lo == *hi) *lo = k;
        *hi = k + 1;
    }
}

static void find_near(context_cost *c, nh_arena *a) {
    const nh_mapper *m = c->m;
    const nh_map_plan *p = m->p;
    int64_t n = 0, *first = c->near_first = nh_arena_array(a, (size_t)m->net->n_proj + 1, sizeof *first);
    for (int i = 0; i < m->net->n_proj; i++) {
        int to = p->position[m->net->proj[i].to];
        first[i] = n - p->first_piece[to];
        if (p->rows[i] == NH_ROWS_CONV) n += p->first_piece[to + 1] - p->first_piece[to];
    }
    c->near = nh_arena_array(a, (size_t)n + 1, sizeof *c->near),
    c->near_end = nh_arena_array(a, (size_t)n + 1, sizeof *c->near_end);
    for (int i = 0; i < m->net->n_proj; i++) {
        int to = p->position[m->net->proj[i].to];
        for (int64_t k = p->first_piece[to]; p->rows[i] == NH_ROWS_CONV && k < p->first_piece[to + 1]; k++)
            overlap(m, &m->net->proj[i], &p->piece[k], &c->near[first[i] + k], &c->near_end[first[i] + k]);
    }
}

/* Routes of the context's pieces to piece k: one for every source piece that it reads; rows of a population go to all
 * its pieces by the same one (if its tiles are a rectangle). */
static int64_t routes_to(const context_cost *c, int64_t k, bool first_of_population) {
    const nh_map_plan *p = c->m->p;
    int pop = p->piece[k].pop;
    int64_t n = 0;
    for (int i = c->in.first[pop]; i < c->in.first[pop + 1]; i++) {
        int qi = c->in.item[i], from = p->position[c->m->net->proj[qi].from];
        bool conv = p->rows[qi] == NH_ROWS_CONV;
        int64_t lo = conv ? c->near[c->near_first[qi] + k] : p->first_piece[from],
                hi = conv ? c->near_end[c->near_first[qi] + k] : p->first_piece[from + 1];
        if (lo < c->begin) lo = c->begin;
        if (hi > k && p->position[pop] > from) hi = k;
        if (hi <= lo) continue;
        if (p->rows[qi] == NH_ROWS_SAME)
            n++;
        else if (conv || first_of_population)
            n += hi - lo;
    }
    return n;
}

/* At most one event per element and step, or as many as were measured. */
static int64_t events(const nh_mapper *m, int pop, int64_t elements) {
    double rate = m->net->pop[pop].rate;
    return m->net->steps * (rate < 0 ? elements : (int64_t)((double)elements * rate) + 1);
}

/* Piece k joins the context. */
static void join_piece(context_cost *c, int64_t k) {
    const nh_map_plan *p = c->m->p;
    const nh_map_piece *b = &p->piece[k];
    int64_t stamp = c->begin + 1, mine = events(c->m, b->pop, b->c * b->h * b->w) + c->route, last = c->last[b->pop];
    c->cost += b->synapses * c->synapse + b->axons * c->axon + b->params * c->param +
               routes_to(c, k, c->done[b->pop] != stamp) * c->route;
    if (c->m->net->pop[b->pop].is_output && last <= k + 1) c->cost += c->route;
    if (last > k + 1) {
        if (c->die_of[last] != stamp) c->die[last] = 0, c->die_of[last] = stamp;
        c->die[last] += mine;
        c->out += mine;
    }
    if (c->die_of[k + 1] == stamp) c->out -= c->die[k + 1];
    if (c->done[b->pop] == stamp) return;
    c->done[b->pop] = stamp;
    for (int i = c->in.first[b->pop]; i < c->in.first[b->pop + 1]; i++) {
        int from = c->m->net->proj[c->in.item[i]].from;
        bool inside = c->m->net->pop[from].kind == NH_POP_NEURONS && p->first_piece[p->position[from]] >= c->begin;
        if (inside || c->read[from] == stamp) continue;
        c->read[from] = stamp;
        c->cost += events(c->m, from, nh_population_size(&c->m->net->pop[from]));
    }
}

static context_cost make_cost(const nh_mapper *m, nh_arena *a, const int64_t *last) {
    size_t pops = (size_t)m->net->n_pop + 1, pieces = (size_t)m->p->n_piece + 2;
    context_cost c = {.m = m, .in = adjacent(a, m->net, false), .last = last};
    c.read = nh_arena_array(a, pops, sizeof *c.read), c.done = nh_arena_array(a, pops, sizeof *c.done);
    c.die = nh_arena_array(a, pieces, sizeof *c.die), c.die_of = nh_arena_array(a, pieces, sizeof *c.die_of);
    set_flits(&c);
    find_near(&c, a);
    return c;
}

#define FEWEST ((int64_t)1 << 40)

/* Exact: the least total cost (map.h) over all cuts of the topological order. When that has too many contexts: again
 * with an extra cost for each, which is more than all else, so that a plan is found if there is one. */
static bool cut(nh_mapper *m, const int *scc, int64_t most, int64_t extra) {
    nh_map_plan *p = m->p;
    nh_arena *a = nh_arena_new();
    int64_t n = p->n_piece, cores = (int64_t)m->f->mesh_x * m->f->mesh_y;
    int64_t *best = nh_arena_array(a, (size_t)n + 2, sizeof *best);
    int64_t *from = nh_arena_array(a, (size_t)n + 2, sizeof *from),
            *count = nh_arena_array(a, (size_t)n + 2, sizeof *count);
    int64_t *reader = nh_arena_array(a, (size_t)m->net->n_pop * 2 + 1, sizeof *reader), *last = reader + m->net->n_pop;
    bool *whole = nh_arena_array(a, (size_t)n + 2, sizeof *whole);
    readers(m, reader, last, whole, scc);
    context_cost own = make_cost(m, a, last);
    nh_sharing sharing;
    nh_map_share_begin(m, a, &sharing);
    for (int64_t j = 1; j <= n; j++) best[j] = INT64_MAX;
    for (int64_t i = 0; i < n; i++) {
        if (best[i] == INT64_MAX || (i > 0 && whole[i])) continue;
        int64_t end = n;
        int pop = p->piece[i].pop;
        /* The rest of a population whose beginning is in an earlier context: its readers come in a later one. */
        if (p->first_piece[p->position[pop]] < i && reader[pop] < end) end = reader[pop];
        own.begin = i, own.out = 0, own.cost = m->net->n_pop + m->net->steps + extra;
        nh_map_share_reset(&sharing);
        for (int64_t j = i + 1; j <= end; j++) {
            nh_map_share_add(&sharing, j - 1);
            if (sharing.n_core > cores || sharing.stuck) break;
            join_piece(&own, j - 1);
            if (j < n && whole[j]) continue;
            if (best[i] + own.cost + own.out >= best[j]) continue;
            best[j] = best[i] + own.cost + own.out;
            from[j] = i;
            count[j] = count[i] + 1;
        }
    }
    bool possible = n == 0 || best[n] != INT64_MAX;
    int64_t needed = possible && n ? count[n] : 1;
    if (possible && (most == 0 || needed <= most)) {
        p->n_context = (int)needed;
        p->cost = n ? best[n] - needed * extra : 0;
        p->context_first = nh_arena_array(m->a, (size_t)needed + 1, sizeof *p->context_first);
        p->context_first[needed] = n;
        for (int64_t j = n, c = needed; c-- > 0; j = from[j]) p->context_first[c] = from[j];
        nh_map_share_end(m, &sharing);
        nh_arena_free(a);
        return true;
    }
    int64_t all = nh_map_share_count(&sharing, n);
    bool again = possible && extra == 0, no_tile = !again && sharing.stuck;
    if (no_tile) nh_map_share_fail(m, &sharing);
    nh_arena_free(a);
    if (no_tile) return false;
    if (again) return cut(m, scc, most, FEWEST);
    return nh_map_fail(m, NH_P_MAP_CORES, possible ? m->net->name : "a loop of layers", "cores", all,
                       cores * (most > 0 ? most : 1), false);
}

bool nh_map_contexts(nh_mapper *m, const int *scc, int64_t most) { return cut(m, scc, most, 0); }

static int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

/* Longest paths of context c at this period; false: a positive cycle. */
static bool starts(const nh_mapper *m, const adjacency *in, int c, int lo, int hi, int64_t period) {
    int64_t *start = m->p->start + (int64_t)c * m->net->n_pop;
    for (int i = lo; i <= hi; i++) start[m->p->order[i]] = 0;
    for (int round = 0; round <= hi - lo + 2; round++) {
        bool moved = false;
        for (int i = lo; i <= hi; i++) {
            int b = m->p->order[i];
            for (int k = in->first[b]; k < in->first[b + 1]; k++) {
                const nh_projection *q = &m->net->proj[in->item[k]];
                int at = m->p->position[q->from];
                int64_t need = start[q->from] + 1 - period * q->delay;
                if (m->net->pop[q->from].kind == NH_POP_INPUT || at < lo || at > hi || start[b] >= need) continue;
                start[b] = need;
                moved = true;
            }
        }
        if (!moved) return true;
    }
    return false;
}

static bool delays(nh_mapper *m, const adjacency *in, int c, int lo, int hi) {
    const int64_t *start = m->p->start + (int64_t)c * m->net->n_pop, period = m->p->period[c];
    bool ok = true;
    for (int i = lo; i <= hi; i++) {
        int b = m->p->order[i];
        for (int k = in->first[b]; k < in->first[b + 1]; k++) {
            const nh_projection *q = &m->net->proj[in->item[k]];
            int at = m->p->position[q->from];
            if (m->net->pop[q->from].kind == NH_POP_INPUT || at < lo || at > hi) continue;
            int64_t extra = floor_div(start[b] - start[q->from] + period * q->delay - 1, period);
            if (extra >= m->f->delays)
                ok = nh_map_fail(m, NH_P_MAP_DELAY, q->name, "delays", extra + 1, m->f->delays, true);
        }
    }
    return ok;
}

static bool fail_loop(nh_mapper *m) {
    m->p->certificate = (nh_map_certificate){.failed = true,
                                             .layer = m->net->name,
                                             .resource = "steps of delay in a loop",
                                             .needed = 1,
                                             .is_structural = true,
                                             .smallest = -1};
    return m->d && nh_report(m->d, NH_P_MAP_LOOP, m->f->at, "a loop of layers has no delay");
}

bool nh_map_time(nh_mapper *m) {
    nh_map_plan *p = m->p;
    nh_arena *a = nh_arena_new();
    adjacency in = adjacent(a, m->net, false);
    bool ok = true;
    p->start = nh_arena_array(m->a, (size_t)p->n_context * (size_t)m->net->n_pop + 1, sizeof *p->start);
    p->period = nh_arena_array(m->a, (size_t)p->n_context + 1, sizeof *p->period);
    for (int c = 0; c < p->n_context && ok; c++) {
        if (p->context_first[c] == p->context_first[c + 1]) continue;
        int lo = p->position[p->piece[p->context_first[c]].pop],
            hi = p->position[p->piece[p->context_first[c + 1] - 1].pop];
        int64_t period = 1;
        while (period <= hi - lo + 2 && !starts(m, &in, c, lo, hi, period)) period++;
        p->period[c] = period;
        if (period > hi - lo + 2)
            ok = fail_loop(m);
        else
            ok = delays(m, &in, c, lo, hi);
    }
    nh_arena_free(a);
    return ok;
}
