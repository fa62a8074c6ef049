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
    return q->kind != NH_PROJ_DENSE && f->sparse ? NH_ROWS_SPARSE : NH_ROWS_DENSE;
}

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
            m->p->axon_base[i] = r.convs++;
            r.conv += from->c * q->kh * q->kw;
            continue;
        }
        m->p->axon_base[i] = r.axons;
        r.axons += nh_map_source_words(net, q, m->f->lanes) * m->f->lanes;
        if (m->p->rows[i] == NH_ROWS_DENSE) r.dense += q->pixels ? q->pixels * q->channels : nh_population_size(from);
        else r.has_sparse = true;
    }
    return r;
}

/* Synapse words of sparse rows, added to every piece first .. n_piece-1. */
static void count_sparse(nh_mapper *m, int pop, int64_t first) {
    const nh_event_net *net = m->net;
    nh_map_plan *p = m->p;
    nh_arena *t = nh_arena_new();
    for (int i = 0; i < net->n_proj; i++) {
        const nh_projection *q = &net->proj[i];
        if (q->to != pop || p->rows[i] != NH_ROWS_SPARSE) continue;
        int64_t n_from = nh_population_size(&net->pop[q->from]), most = nh_map_fan_out(net, q), n;
        int64_t *start = nh_map_row_starts(t, net, q), *target = nh_arena_array(t, (size_t)most + 1, sizeof *target);
        int32_t *weight = nh_arena_array(t, (size_t)most + 1, sizeof *weight);
        int64_t *seen = nh_arena_array(t, (size_t)((p->n_piece - first) * (m->f->neurons / m->f->lanes)) + 1, sizeof *seen);
        for (int64_t e = 0; e < n_from; e++) {
            if (!nh_map_in_range(net, q, e)) continue;
            nh_map_row(net, q, e, start, target, weight, &n);
            for (int64_t k = first; k < p->n_piece; k++)
                for (int64_t j = 0; j < n; j++) {
                    int lane;
                    int64_t word = nh_map_word(net, &p->piece[k], target[j], m->f->lanes, &lane);
                    int64_t *mark = &seen[(k - first) * (m->f->neurons / m->f->lanes) + word];
                    if (word < 0 || *mark == e + 1) continue;
                    *mark = e + 1;
                    p->piece[k].synapses++;
                }
        }
    }
    nh_arena_free(t);
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

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static void add_pieces(nh_mapper *m, int pop, box b, const demand *need, bool per_word, size_t *cap) {
    const nh_population *p = &m->net->pop[pop];
    nh_map_plan *plan = m->p;
    int64_t lanes = m->f->lanes;
    for (int64_t y = 0; y < p->h; y += b.rows)
        for (int64_t x = 0; x < p->w; x += b.cols)
            for (int64_t c = 0; c < p->c; c += b.features * lanes) {
                plan->piece = nh_arena_grow(m->a, plan->piece, cap, (size_t)plan->n_piece + 1, sizeof *plan->piece);
                nh_map_piece *k = &plan->piece[plan->n_piece++];
                *k = (nh_map_piece){.pop = pop, .c0 = c, .c = least(b.features * lanes, p->c - c), .y0 = y, .h = least(b.rows, p->h - y),
                                    .x0 = x, .w = least(b.cols, p->w - x), .axons = need->axons, .convs = need->convs};
                k->features = nh_ceil_div(k->c, lanes);
                k->words = k->h * k->w * k->features;
                k->params = per_word ? k->words : 1;
                k->synapses = need->conv * k->features + need->dense * k->words;
            }
}

static bool fits(const nh_mapper *m, int64_t first) {
    for (int64_t k = first; k < m->p->n_piece; k++)
        if (m->p->piece[k].synapses > m->f->synapses) return false;
    return true;
}

static bool has_own_params(const nh_population *p) {
    for (int i = 0; i < NH_NEURON_PARAMS; i++)
        if (p->n_param[i] > 1) return true;
    return false;
}

typedef struct {
    demand need;
    int64_t feature, most; /* words of features, and of a core */
} limits;

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
    return true;
}

/* Pieces of a population by a box, and the axons of its partial sums. */
static bool place(nh_mapper *m, int pop, box b, const demand *need, int64_t first, size_t *cap) {
    int64_t words = b.features * b.rows * b.cols, block = words * m->f->lanes, at = need->axons;
    m->p->n_piece = first;
    add_pieces(m, pop, b, need, has_own_params(&m->net->pop[pop]), cap);
    for (int i = 0; need->same && i < m->net->n_proj; i++)
        if (m->net->proj[i].to == pop && m->p->rows[i] == NH_ROWS_SAME) m->p->axon_base[i] = at, at += block;
    for (int64_t k = first; need->same && k < m->p->n_piece; k++)
        m->p->piece[k].axons = at, m->p->piece[k].synapses += need->unit;
    if (need->has_sparse) count_sparse(m, pop, first);
    return fits(m, first);
}

/* pop and, when it belongs to partial sums, all with the same boxes. */
static bool is_member(const nh_event_net *net, int pop, int i) {
    return i == pop || (net->pop[pop].boxes_of && net->pop[i].boxes_of == net->pop[pop].boxes_of);
}

static bool split(nh_mapper *m, int pop, box *chosen, size_t *cap) {
    const nh_population *p = &m->net->pop[pop];
    limits own, r;
    int64_t feature = INT64_MAX, most = INT64_MAX, first = m->p->n_piece;
    bool has_sparse = false;
    if (!limit(m, pop, &own)) return false;
    if (p->boxes_of && chosen[p->boxes_of - 1].features) {
        place(m, pop, chosen[p->boxes_of - 1], &own.need, first, cap);
        return true;
    }
    for (int i = 0; i < m->net->n_pop; i++) {
        if (!is_member(m->net, pop, i)) continue;
        if (!limit(m, i, &r)) return false;
        feature = least(feature, r.feature);
        most = least(most, r.most);
        has_sparse |= r.need.has_sparse;
    }
    for (;; most /= 2) {
        box b = box_of(p, m->f->lanes, feature, most);
        bool ok = true;
        for (int i = 0; ok && has_sparse && p->boxes_of && i < m->net->n_pop; i++)
            if (i != pop && is_member(m->net, pop, i)) ok = limit(m, i, &r) && place(m, i, b, &r.need, first, cap);
        if (ok && place(m, pop, b, &own.need, first, cap)) {
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
    m->p->n_piece = 0;
    for (int i = 0; i < m->net->n_pop; i++) {
        m->p->first_piece[i] = m->p->n_piece;
        if (m->net->pop[m->p->order[i]].kind == NH_POP_NEURONS) ok = split(m, m->p->order[i], chosen, &cap) && ok;
    }
    m->p->first_piece[m->net->n_pop] = m->p->n_piece;
    return ok;
}
