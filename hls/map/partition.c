/* Populations to pieces, each for a core: y bands, features, x. */
#include "map_parts.h"

static bool conv_mode(const nh_fabric *f, const nh_event_net *net, const nh_projection *q) {
    const nh_population *from = &net->pop[q->from], *to = &net->pop[q->to];
    int64_t s[2] = {q->stride_y, q->stride_x};
    if (q->kind != NH_PROJ_CONV || f->convs == 0) return false;
    for (int i = 0; i < 2; i++)
        if (s[i] != 1 && s[i] != 2 && s[i] != 4 && s[i] != 8) return false;
    if (q->pixels > 0 || q->kh > 15 || q->kw > 15 || q->dilation_y > 15 || q->dilation_x > 15 || q->pad_y > 15 || q->pad_x > 15) return false;
    int64_t my = (int64_t)1 << f->conv_y_bits, mx = (int64_t)1 << f->conv_x_bits;
    return from->h <= my && to->h <= my && from->w <= mx && to->w <= mx && from->c <= (int64_t)1 << f->conv_c_bits;
}

int nh_map_rows_of(const nh_event_net *net, const nh_fabric *f, const nh_projection *q) {
    if (q->kind == NH_PROJ_SAME) return NH_ROWS_SAME;
    if (conv_mode(f, net, q)) return NH_ROWS_CONV;
    return f->sparse && (q->kind != NH_PROJ_DENSE || q->is_thin) ? NH_ROWS_SPARSE : NH_ROWS_DENSE;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

typedef struct {
    int64_t conv;   /* synapse words per word of features */
    int64_t dense;  /* per neuron word */
    int64_t axons, convs;
    int64_t same;   /* partial sums that come in: axons for every neuron of the box, and one word of synapses per lane and accumulator */
    int64_t unit;   /* those words */
    bool has_sparse;
} demand;

static demand demand_of(nh_mapper *m, int pop) {
    demand r = {0};
    bool seen[NH_NEURON_INPUTS] = {false};
    const nh_event_net *net = m->net;
    for (int i = 0; i < net->n_proj; i++) {
        const nh_projection *q = &net->proj[i];
        if (q->to != pop) continue;
        const nh_population *from = &net->pop[q->from];
        m->p->rows[i] = nh_map_rows_of(net, m->f, q);
        if (m->p->rows[i] == NH_ROWS_SAME) {
            r.same++;
            if (!seen[q->acc]) r.unit += m->f->lanes;
            seen[q->acc] = true;
            continue;
        }
        if (m->p->rows[i] == NH_ROWS_CONV) {
            m->p->axon_first[i] = r.convs++;
            r.conv += from->c * q->kh * q->kw;
            continue;
        }
        m->p->axon_first[i] = r.axons;
        r.axons += nh_map_source_words(net, q, m->f->lanes) * m->f->lanes;
        if (m->p->rows[i] == NH_ROWS_DENSE) r.dense += q->pixels ? q->pixels * q->channels : nh_population_size(from);
        else r.has_sparse = true;
    }
    return r;
}

/* Synapse words of sparse rows for every word of the population's neurons; NULL: none. */
static int64_t *sparse_words(const nh_mapper *m, int pop, const demand *need) {
    const nh_population *p = &m->net->pop[pop];
    if (!need->has_sparse) return NULL;
    int64_t *cost = nh_arena_array(m->a, (size_t)(p->h * p->w * nh_ceil_div(p->c, m->f->lanes)) + 1, sizeof *cost);
    for (int i = 0; i < m->net->n_proj; i++)
        if (m->net->proj[i].to == pop && m->p->rows[i] == NH_ROWS_SPARSE) nh_map_sparse_words(m->net, &m->net->proj[i], m->f, cost);
    return cost;
}

typedef struct { int64_t features, rows, cols; } box;

/* The largest box with at most `most` words and f words of features, evened out. */
static box box_of(const nh_population *p, int lanes, int64_t f, int64_t most) {
    int64_t all = nh_ceil_div(p->c, lanes), pixels;
    if (f > all) f = all;
    if (f > most) f = most;
    f = nh_ceil_div(all, nh_ceil_div(all, f));
    pixels = most / f;
    box b = {f, 1, p->w};
    if (pixels >= p->w) b.rows = nh_ceil_div(p->h, nh_ceil_div(p->h, pixels / p->w < p->h ? pixels / p->w : p->h));
    else b.cols = nh_ceil_div(p->w, nh_ceil_div(p->w, pixels));
    return b;
}

typedef struct {
    demand need;
    int64_t feature, most; /* words of features, and of a core */
    const int64_t *sparse; /* synapse words of every word of neurons, or NULL */
} limits;

static bool has_own_params(const nh_population *p) {
    for (int i = 0; i < NH_NEURON_PARAMS; i++)
        if (p->n_param[i] > 1) return true;
    return false;
}

/* Sparse rows of the box: pixels row by row, `per` words each in the population. */
static int64_t sparse_of(const nh_population *p, const nh_map_piece *k, const int64_t *sparse, int lanes) {
    int64_t per = nh_ceil_div(p->c, lanes), sum = 0;
    for (int64_t y = k->y0; y < k->y0 + k->h; y++)
        for (int64_t x = k->x0; x < k->x0 + k->w; x++)
            for (int64_t i = 0; i < k->features; i++)
                sum += sparse[(y * p->w + x) * per + k->c0 / lanes + i];
    return sum;
}

static void add_piece(nh_mapper *m, nh_map_piece k, const limits *r, size_t *cap) {
    const nh_population *p = &m->net->pop[k.pop];
    nh_map_plan *plan = m->p;
    k.axons = r->need.axons, k.convs = r->need.convs;
    k.features = nh_ceil_div(k.c, m->f->lanes);
    k.words = k.h * k.w * k.features;
    k.params = has_own_params(p) ? k.words : 1;
    k.synapses = r->need.conv * k.features + r->need.dense * k.words;
    if (r->sparse) k.synapses += sparse_of(p, &k, r->sparse, m->f->lanes);
    plan->piece = nh_arena_grow(m->a, plan->piece, cap, (size_t)plan->n_piece + 1, sizeof *plan->piece);
    plan->piece[plan->n_piece++] = k;
}

static void add_pieces(nh_mapper *m, int pop, box b, const limits *r, size_t *cap) {
    const nh_population *p = &m->net->pop[pop];
    int64_t step = b.features * m->f->lanes;
    for (int64_t y = 0; y < p->h; y += b.rows)
        for (int64_t x = 0; x < p->w; x += b.cols)
            for (int64_t c = 0; c < p->c; c += step)
                add_piece(m, (nh_map_piece){.pop = pop, .c0 = c, .c = least(step, p->c - c), .y0 = y, .h = least(b.rows, p->h - y), .x0 = x,
                                            .w = least(b.cols, p->w - x)}, r, cap);
}

static bool fits(const nh_mapper *m, int64_t first) {
    for (int64_t k = first; k < m->p->n_piece; k++)
        if (m->p->piece[k].synapses > m->f->synapses) return false;
    return true;
}

/* One pixel of the box has to fit, then as many pixels as there is room for. */
static bool limit(nh_mapper *m, int pop, limits *r) {
    const nh_population *p = &m->net->pop[pop];
    const nh_fabric *f = m->f;
    r->need = demand_of(m, pop);
    const demand *need = &r->need;
    int64_t fixed = need->unit, most = f->neurons / f->lanes, synapses = f->synapses - fixed;
    if (has_own_params(p)) most = least(most, f->params);
    if (need->axons + need->same * f->lanes > f->axons)
        return nh_map_fail(m, NH_P_MAP_NEURON, p->name, "axons", need->axons + need->same * f->lanes, f->axons, true);
    if (need->convs > f->convs) return nh_map_fail(m, NH_P_MAP_TABLE, p->name, "convs", need->convs, f->convs, true);
    if (need->conv + need->dense > synapses)
        return nh_map_fail(m, NH_P_MAP_NEURON, p->name, "synapses", need->conv + need->dense + fixed, f->synapses, true);
    if (need->same) most = least(most, (f->axons - need->axons) / (need->same * f->lanes));
    r->feature = least(nh_ceil_div(p->c, f->lanes), synapses / (need->conv + need->dense ? need->conv + need->dense : 1));
    if (need->dense) most = least(most, (synapses - need->conv * least(r->feature, most)) / need->dense);
    r->most = most;
    r->sparse = sparse_words(m, pop, need);
    return true;
}

/* Pieces of a population by a box, and the axons of its partial sums. */
static bool place(nh_mapper *m, int pop, box b, const limits *r, int64_t first, size_t *cap) {
    int64_t words = b.features * b.rows * b.cols, block = words * m->f->lanes, at = r->need.axons;
    m->p->n_piece = first;
    add_pieces(m, pop, b, r, cap);
    for (int i = 0; r->need.same && i < m->net->n_proj; i++)
        if (m->net->proj[i].to == pop && m->p->rows[i] == NH_ROWS_SAME) m->p->axon_first[i] = at, at += block;
    for (int64_t k = first; r->need.same && k < m->p->n_piece; k++)
        m->p->piece[k].axons = at, m->p->piece[k].synapses += r->need.unit;
    return fits(m, first);
}

/* Words of a dense population with sparse rows, one run after the other, each with at most `synapses` of them: how many runs. add: to the
 * pieces. 0: a word exceeds them. */
static int64_t runs(nh_mapper *m, int pop, const limits *r, int64_t synapses, bool add, size_t *cap) {
    const nh_population *p = &m->net->pop[pop];
    int64_t lanes = m->f->lanes, all = nh_ceil_div(p->c, lanes), n = 0;
    for (int64_t first = 0, end = 0; first < all; first = end, n++) {
        int64_t sum = 0;
        while (end < all && end - first < r->most && sum + r->need.dense + r->sparse[end] <= synapses)
            sum += r->need.dense + r->sparse[end++];
        if (end == first) return 0;
        if (add) add_piece(m, (nh_map_piece){.pop = pop, .c0 = first * lanes, .c = least(end * lanes, p->c) - first * lanes, .h = 1, .w = 1}, r, cap);
    }
    return n;
}

/* As few runs as there can be, and of those the ones whose fullest is least full. */
static bool place_runs(nh_mapper *m, int pop, const limits *r, size_t *cap) {
    int64_t hi = m->f->synapses, lo = 0, n = runs(m, pop, r, hi, false, cap);
    if (n == 0) return false;
    while (hi - lo > 1) {
        int64_t middle = lo + (hi - lo) / 2;
        if (runs(m, pop, r, middle, false, cap) == n) hi = middle;
        else lo = middle;
    }
    return runs(m, pop, r, hi, true, cap) == n;
}

/* pop and, when it belongs to partial sums, all with the same boxes. */
static bool is_member(const nh_event_net *net, int pop, int i) {
    return i == pop || (net->pop[pop].boxes_of && net->pop[i].boxes_of == net->pop[pop].boxes_of);
}

/* What all members leave of the box; of every member its limits. false: one has no room for a word. */
static bool limits_of(nh_mapper *m, int pop, limits *all, int64_t *feature, int64_t *most) {
    *feature = *most = INT64_MAX;
    for (int i = 0; i < m->net->n_pop; i++) {
        if (!is_member(m->net, pop, i)) continue;
        if (!limit(m, i, &all[i])) return false;
        *feature = least(*feature, all[i].feature);
        *most = least(*most, all[i].most);
    }
    const nh_population *p = &m->net->pop[pop];
    if (*most < 1) return nh_map_fail(m, NH_P_MAP_NEURON, p->name, "axons", all[pop].need.axons + all[pop].need.same * m->f->lanes, m->f->axons, true);
    if (*feature < 1) return nh_map_fail(m, NH_P_MAP_NEURON, p->name, "synapses", all[pop].need.conv + all[pop].need.dense, m->f->synapses, true);
    return true;
}

static bool split(nh_mapper *m, int pop, box *chosen, limits *all, size_t *cap) {
    const nh_population *p = &m->net->pop[pop];
    int64_t feature, most, first = m->p->n_piece;
    if (p->boxes_of && chosen[p->boxes_of - 1].features) {
        if (!limit(m, pop, &all[pop])) return false;
        place(m, pop, chosen[p->boxes_of - 1], &all[pop], first, cap);
        return true;
    }
    if (!limits_of(m, pop, all, &feature, &most)) return false;
    if (all[pop].sparse && !p->boxes_of && p->h * p->w == 1 && !all[pop].need.conv && place_runs(m, pop, &all[pop], cap)) return true;
    for (;; most -= nh_ceil_div(most, 16)) {
        box b = box_of(p, m->f->lanes, feature, most);
        bool ok = true;
        for (int i = 0; ok && p->boxes_of && i < m->net->n_pop; i++)
            if (i != pop && is_member(m->net, pop, i) && all[i].sparse) ok = place(m, i, b, &all[i], first, cap);
        if (ok && place(m, pop, b, &all[pop], first, cap)) {
            if (p->boxes_of) chosen[p->boxes_of - 1] = b;
            return true;
        }
        if (most == 1) return nh_map_fail(m, NH_P_MAP_NEURON, p->name, "synapses", m->p->piece[first].synapses, m->f->synapses, true);
    }
}

bool nh_map_partition(nh_mapper *m) {
    size_t cap = 0;
    bool ok = true;
    box *chosen = nh_arena_array(m->a, (size_t)m->net->n_pop + 1, sizeof *chosen);
    limits *all = nh_arena_array(m->a, (size_t)m->net->n_pop + 1, sizeof *all);
    m->p->n_piece = 0;
    for (int i = 0; i < m->net->n_pop; i++) {
        m->p->first_piece[i] = m->p->n_piece;
        if (m->net->pop[m->p->order[i]].kind == NH_POP_NEURONS) ok = split(m, m->p->order[i], chosen, all, &cap) && ok;
    }
    m->p->first_piece[m->net->n_pop] = m->p->n_piece;
    return ok;
}
