/* Populations to pieces, each for a core: y bands, features, x. */
#include "map_parts.h"

static bool conv_mode(const nh_fabric *f, const nh_event_net *net, const nh_projection *q) {
    const nh_population *from = &net->pop[q->from], *to = &net->pop[q->to];
    int64_t s[2] = {q->stride_y, q->stride_x};
    if (q->kind != NH_PROJ_CONV || f->convs == 0) return false;
    for (int i = 0; i < 2; i++)
        if (s[i] != 1 && s[i] != 2 && s[i] != 4 && s[i] != 8) return false;
    if (q->pixels > 0 || q->kh > 15 || q->kw > 15 || q->dilation_y > 15 || q->dilation_x > 15 || q->pad_y > 15 ||
        q->pad_x > 15)
        return false;
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
    int64_t conv;  /* synapse words per word of features */
    int64_t dense; /* per neuron word */
    int64_t axons, convs;
    int64_t same; /* partial sums that come in: axons for every neuron of the box, and one word of synapses per lane and
                     accumulator */
    int64_t unit; /* those words */
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
        if (m->p->rows[i] == NH_ROWS_DENSE)
            r.dense += q->pixels ? q->pixels * q->channels : nh_population_size(from);
        else
            r.has_sparse = true;
    }
    return r;
}

/* Synapse words of sparse rows for every word of the population's neurons; NULL: none. */
static int64_t *sparse_words(const nh_mapper *m, int pop, const demand *need) {
    const nh_population *p = &m->net->pop[pop];
    if (!need->has_sparse) return NULL;
    int64_t *cost = nh_arena_array(m->a, (size_t)(p->h * p->w * nh_ceil_div(p->c, m->f->lanes)) + 1, sizeof *cost);
    for (int i = 0; i < m->net->n_proj; i++)
        if (m->net->proj[i].to == pop && m->p->rows[i] == NH_ROWS_SPARSE)
            nh_map_sparse_words(m->net, &m->net->proj[i], m->f, cost);
    return cost;
}

/* Pieces of so many words of features, rows and columns; or, where n_f > 0, n_y x n_x x n_f of them, as even as whole
 * ones can be. */
typedef struct {
    int64_t features, rows, cols, n_f, n_y, n_x;
} box;

/* The largest box with at most `most` words and f words of features, evened out. */
static box box_of(const nh_population *p, int lanes, int64_t f, int64_t most) {
    int64_t all = nh_ceil_div(p->c, lanes), pixels;
    if (f > all) f = all;
    if (f > most) f = most;
    f = nh_ceil_div(all, nh_ceil_div(all, f));
    pixels = most / f;
    box b = {.features = f, .rows = 1, .cols = p->w};
    if (pixels >= p->w)
        b.rows = nh_ceil_div(p->h, nh_ceil_div(p->h, pixels / p->w < p->h ? pixels / p->w : p->h));
    else
        b.cols = nh_ceil_div(p->w, nh_ceil_div(p->w, pixels));
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
            for (int64_t i = 0; i < k->features; i++) sum += sparse[(y * p->w + x) * per + k->c0 / lanes + i];
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

/* Where part i begins of `size`, in steps or in n parts. */
static int64_t cut_at(int64_t i, int64_t step, int64_t n, int64_t size) {
    return n ? i * size / n : least(i * step, size);
}

static void add_pieces(nh_mapper *m, int pop, box b, const limits *r, size_t *cap) {
    const nh_population *p = &m->net->pop[pop];
    int64_t lanes = m->f->lanes, words = nh_ceil_div(p->c, lanes);
    for (int64_t iy = 0, y, y1; (y = cut_at(iy, b.rows, b.n_y, p->h)) < p->h; iy++)
        for (int64_t ix = 0, x, x1;
             y1 = cut_at(iy + 1, b.rows, b.n_y, p->h), (x = cut_at(ix, b.cols, b.n_x, p->w)) < p->w; ix++)
            for (int64_t i = 0, f, f1;
                 x1 = cut_at(ix + 1, b.cols, b.n_x, p->w), (f = cut_at(i, b.features, b.n_f, words)) < words; i++) {
                f1 = cut_at(i + 1, b.features, b.n_f, words);
                add_piece(m,
                          (nh_map_piece){.pop = pop,
                                         .c0 = f * lanes,
                                         .c = least(f1 * lanes, p->c) - f * lanes,
                                         .y0 = y,
                                         .h = y1 - y,
                                         .x0 = x,
                                         .w = x1 - x},
                          r, cap);
            }
}

static bool fits(const nh_mapper *m, int64_t first) {
    for (int64_t k = first; k < m->p->n_piece; k++) {
        const nh_map_piece *b = &m->p->piece[k];
        if (b->synapses > m->f->synapses || b->words > m->f->neurons / m->f->lanes || b->params > m->f->params ||
            b->axons > m->f->axons)
            return false;
    }
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
        return nh_map_fail(m, NH_P_MAP_NEURON, p->name, "synapses", need->conv + need->dense + fixed, f->synapses,
                           true);
    if (need->same) most = least(most, (f->axons - need->axons) / (need->same * f->lanes));
    r->feature =
        least(nh_ceil_div(p->c, f->lanes), synapses / (need->conv + need->dense ? need->conv + need->dense : 1));
    if (need->dense) most = least(most, (synapses - need->conv * least(r->feature, most)) / need->dense);
    r->most = most;
    r->sparse = sparse_words(m, pop, need);
    return true;
}

/* Pieces of a population by a box, and the axons of its partial sums. */
static bool place(nh_mapper *m, int pop, box b, const limits *r, int64_t first, size_t *cap) {
    int64_t words = 0, at = r->need.axons;
    m->p->n_piece = first;
    add_pieces(m, pop, b, r, cap);
    for (int64_t k = first; k < m->p->n_piece; k++)
        if (m->p->piece[k].words > words) words = m->p->piece[k].words;
    int64_t block = words * m->f->lanes;
    for (int i = 0; r->need.same && i < m->net->n_proj; i++)
        if (m->net->proj[i].to == pop && m->p->rows[i] == NH_ROWS_SAME) m->p->axon_first[i] = at, at += block;
    for (int64_t k = first; r->need.same && k < m->p->n_piece; k++)
        m->p->piece[k].axons = at, m->p->piece[k].synapses += r->need.unit;
    return fits(m, first);
}

/* Words of a dense population with sparse rows, one run after the other, each with at most `synapses` of them: how many
 * runs. want > 0: not fewer than that. add: to the pieces. 0: a word exceeds them. */
static int64_t runs(nh_mapper *m, int pop, const limits *r, int64_t synapses, int64_t want, bool add, size_t *cap) {
    const nh_population *p = &m->net->pop[pop];
    int64_t lanes = m->f->lanes, all = nh_ceil_div(p->c, lanes), n = 0;
    for (int64_t first = 0, end = 0; first < all; first = end, n++) {
        int64_t sum = 0;
        while (end < all && end - first < r->most && sum + r->need.dense + r->sparse[end] <= synapses &&
               (end == first || all - end >= want - n))
            sum += r->need.dense + r->sparse[end++];
        if (end == first) return 0;
        if (add)
            add_piece(
                m,
                (nh_map_piece){
                    .pop = pop, .c0 = first * lanes, .c = least(end * lanes, p->c) - first * lanes, .h = 1, .w = 1},
                r, cap);
    }
    return n;
}

/* As few runs as there can be, or `want`; and of those the ones whose fullest is least full. */
static bool place_runs(nh_mapper *m, int pop, const limits *r, int64_t want, size_t *cap) {
    int64_t hi = m->f->synapses, lo = 0, n = runs(m, pop, r, hi, want, false, cap);
    if (n == 0 || (want && n != want)) return false;
    while (hi - lo > 1) {
        int64_t middle = lo + (hi - lo) / 2;
        if (runs(m, pop, r, middle, want, false, cap) == n)
            hi = middle;
        else
            lo = middle;
    }
    return runs(m, pop, r, hi, want, true, cap) == n;
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
    if (*most < 1)
        return nh_map_fail(m, NH_P_MAP_NEURON, p->name, "axons", all[pop].need.axons + all[pop].need.same * m->f->lanes,
                           m->f->axons, true);
    if (*feature < 1)
        return nh_map_fail(m, NH_P_MAP_NEURON, p->name, "synapses", all[pop].need.conv + all[pop].need.dense,
                           m->f->synapses, true);
    return true;
}

/* Do all members fit cores by that box? The pieces of pop are added then. */
static bool place_all(nh_mapper *m, int pop, box b, const limits *all, int64_t first, size_t *cap) {
    for (int i = 0; i < m->net->n_pop; i++)
        if (i != pop && is_member(m->net, pop, i) && !place(m, i, b, &all[i], first, cap)) return false;
    return place(m, pop, b, &all[pop], first, cap);
}

/* The fullest piece from `first` on, by synapses and by words. */
static double fullness(const nh_mapper *m, int64_t first) {
    double most = 0;
    for (int64_t k = first; k < m->p->n_piece; k++) {
        double s = (double)m->p->piece[k].synapses / (double)m->f->synapses,
               w = (double)(m->p->piece[k].words * m->f->lanes) / (double)m->f->neurons;
        most = s > most ? s : most;
        most = w > most ? w : most;
    }
    return most;
}

/* Exactly `want` pieces: bands of rows times words of features (columns only where every band is a row), the ones whose
 * fullest is least full. */
static bool split_exactly(nh_mapper *m, int pop, int64_t want, box *chosen, const limits *all, size_t *cap) {
    const nh_population *p = &m->net->pop[pop];
    int64_t words = nh_ceil_div(p->c, m->f->lanes), first = m->p->n_piece;
    box best = {0};
    double least_full = 0;
    if (all[pop].sparse && !p->boxes_of && p->h * p->w == 1 && !all[pop].need.conv)
        return place_runs(m, pop, &all[pop], want, cap);
    for (int64_t y = p->h; y >= 1; y--)
        for (int64_t x = 1; x <= (y == p->h ? p->w : 1); x++) {
            if (want % (y * x) || want / (y * x) > words) continue;
            box b = {.n_f = want / (y * x), .n_y = y, .n_x = x};
            if (!place_all(m, pop, b, all, first, cap)) continue;
            double full = fullness(m, first);
            if (best.n_f == 0 || full < least_full) best = b, least_full = full;
        }
    m->p->n_piece = first;
    if (best.n_f == 0) return false;
    if (p->boxes_of) chosen[p->boxes_of - 1] = best;
    return place(m, pop, best, &all[pop], first, cap);
}

static bool is_chosen(const box *b) { return b->features || b->n_f; }

/* The pieces are `first` to the end, as few as it takes. */
static bool fail_cores(nh_mapper *m, int pop, int64_t want, int64_t first) {
    const nh_population *p = &m->net->pop[pop];
    const nh_map_wish *w = nh_map_wish_of(m, p->boxes_of ? p->boxes_of - 1 : pop);
    int64_t needed = m->p->n_piece - first, words = nh_ceil_div(p->c, m->f->lanes);
    nh_loc at = w->n_tile ? w->tile_at : w->cores_at;
    if (needed > want)
        return nh_map_fail_wish(
            m, at,
            (nh_map_certificate){
                .layer = p->name, .resource = "cores", .needed = needed, .available = want, .is_structural = true},
            nh_arena_printf(m->a, "'%s' does not fit %lld cores: it takes %lld", p->name, (long long)want,
                            (long long)needed));
    return nh_map_fail_wish(
        m, at,
        (nh_map_certificate){.layer = p->name,
                             .resource = "parts",
                             .needed = want,
                             .available = p->h * (p->h * p->w == 1 ? words : p->w * words),
                             .is_structural = true},
        nh_arena_printf(
            m->a,
            "'%s' cannot be cut into %lld parts: it has %lld rows of %lld pixels, with %lld words of neurons each",
            p->name, (long long)want, (long long)p->h, (long long)p->w, (long long)words));
}

static bool split_freely(nh_mapper *m, int pop, int64_t feature, int64_t most, box *chosen, limits *all, size_t *cap) {
    const nh_population *p = &m->net->pop[pop];
    int64_t first = m->p->n_piece;
    if (all[pop].sparse && !p->boxes_of && p->h * p->w == 1 && !all[pop].need.conv &&
        place_runs(m, pop, &all[pop], 0, cap))
        return true;
    for (;; most -= nh_ceil_div(most, 16)) {
        box b = box_of(p, m->f->lanes, feature, most);
        bool ok = true;
        for (int i = 0; ok && p->boxes_of && i < m->net->n_pop; i++)
            if (i != pop && is_member(m->net, pop, i) && all[i].sparse) ok = place(m, i, b, &all[i], first, cap);
        if (ok && place(m, pop, b, &all[pop], first, cap)) {
            if (p->boxes_of) chosen[p->boxes_of - 1] = b;
            return true;
        }
        if (most == 1)
            return nh_map_fail(m, NH_P_MAP_NEURON, p->name, "synapses", m->p->piece[first].synapses, m->f->synapses,
                               true);
    }
}

static bool split(nh_mapper *m, int pop, box *chosen, limits *all, size_t *cap) {
    const nh_population *p = &m->net->pop[pop];
    int64_t feature, most, first = m->p->n_piece, want = nh_map_cores_wanted(m, pop);
    if (p->boxes_of && is_chosen(&chosen[p->boxes_of - 1])) {
        if (!limit(m, pop, &all[pop])) return false;
        place(m, pop, chosen[p->boxes_of - 1], &all[pop], first, cap);
        return true;
    }
    if (!limits_of(m, pop, all, &feature, &most)) return false;
    if (want && split_exactly(m, pop, want, chosen, all, cap)) return true;
    m->p->n_piece = first;
    return split_freely(m, pop, feature, most, chosen, all, cap) && (!want || fail_cores(m, pop, want, first));
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
