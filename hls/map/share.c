/* Several pieces in a core: pieces of different populations whose tables fit side by side.
 *
 * Axons and convolutions of a population have the same numbers in all its cores (multicast), so populations that share
 * a core have different ranges of them: they are stacked in topological order, from 0 again where the table ends.
 *
 * A core has one start and one period, its first sweep is that of its earliest group. A group that is swept before its
 * own start must be quiet: without state and input it stays so and sends nothing (nh_population.is_quiet). What is not
 * quiet can only be the earliest. A core counts its steps for resets from its own start: populations that are reset
 * have their cores for themselves.
 *
 * Where the user says on which tiles a layer may be, cores are matched with tiles as they are opened; a piece joins
 * only cores that may be on no other tile than it may be on itself. */
#include <inttypes.h>
#include <string.h>

#include "map_parts.h"

/* bins that are looked at; pieces x tiles above which nothing is shared */
enum { OPEN_MOST = 64, EFFORT_MOST = 4000000 };

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static void stack(const nh_mapper *m, const int64_t *size, int64_t end, int64_t *base) {
    int64_t at = 0;
    for (int i = 0; i < m->net->n_pop; i++) {
        int pop = m->p->order[i];
        if (at + size[pop] > end) at = 0;
        base[pop] = at;
        at += size[pop];
    }
}

/* Synapse words that a step's events make a piece add: rows of sources that send, taps of kernels. */
static double work_of(const nh_mapper *m, const nh_map_piece *b) {
    double sum = 0;
    for (int i = 0; i < m->net->n_proj; i++) {
        const nh_projection *q = &m->net->proj[i];
        const nh_population *from = &m->net->pop[q->from];
        if (q->to != b->pop) continue;
        double rate = from->rate < 0 ? 1 : from->rate, rows = (double)nh_population_size(from);
        if (m->p->rows[i] == NH_ROWS_CONV) rows = (double)(from->c * q->kh * q->kw);
        if (m->p->rows[i] == NH_ROWS_SAME) rows = m->f->lanes;
        sum += rate * rows * (double)b->words;
    }
    return sum;
}

bool nh_map_share_affords(const nh_mapper *m) { return m->p->n_piece * m->f->mesh_x * m->f->mesh_y <= EFFORT_MOST; }

void nh_map_share_begin(nh_mapper *m, nh_arena *a, nh_sharing *s) {
    const nh_map_plan *p = m->p;
    size_t pops = (size_t)m->net->n_pop + 1;
    int64_t *axons = nh_arena_array(a, pops, sizeof *axons), *convs = nh_arena_array(a, pops, sizeof *convs);
    *s = (nh_sharing){.m = m, .level = m->share};
    if (!nh_map_share_affords(m)) s->level = NH_SHARE_NEVER;
    s->axon0 = nh_arena_array(m->a, pops, sizeof *s->axon0);
    s->conv0 = nh_arena_array(m->a, pops, sizeof *s->conv0);
    s->work = nh_arena_array(a, (size_t)p->n_piece + 1, sizeof *s->work);
    if (nh_map_has_wishes(m)) {
        size_t tiles = (size_t)m->f->mesh_x * (size_t)m->f->mesh_y;
        s->held = nh_arena_array(a, tiles + 1, sizeof *s->held),
        s->holder = nh_arena_array(a, tiles, sizeof *s->holder);
    }
    s->bin = nh_arena_array(a, (size_t)(p->n_piece < OPEN_MOST ? p->n_piece : OPEN_MOST) + 1, sizeof *s->bin);
    for (int64_t k = 0; k < p->n_piece; k++) {
        const nh_map_piece *b = &p->piece[k];
        axons[b->pop] = b->axons, convs[b->pop] = b->convs;
        s->least_words = k == 0 || b->words < s->least_words ? b->words : s->least_words;
        if (s->level == NH_SHARE_NEVER) continue;
        s->work[k] = work_of(m, b);
        s->most_work = s->work[k] > s->most_work ? s->work[k] : s->most_work;
        s->most_words = larger(s->most_words, b->words);
    }
    if (s->level == NH_SHARE_NEVER) return;
    stack(m, axons, m->f->axons, s->axon0);
    stack(m, convs, m->f->convs, s->conv0);
}

void nh_map_share_reset(nh_sharing *s) {
    s->n_core = s->n_bin = s->n_held = 0;
    s->stuck = 0;
    if (s->held) memset(s->holder, 0, (size_t)s->m->f->mesh_x * (size_t)s->m->f->mesh_y * sizeof *s->holder);
}

/* A tile for core i of those held, the others moved along where they must be: augmenting paths. */
static bool take_tile(nh_sharing *s, int i) {
    nh_rect r = s->held[i].may;
    s->held[i].seen = true;
    for (int pass = 0; pass < 2; pass++)
        for (int x = r.x0; x <= r.x1; x++)
            for (int y = r.y0; y <= r.y1; y++) {
                int *holder = &s->holder[x * s->m->f->mesh_y + y];
                if (pass == 0 ? *holder : s->held[*holder - 1].seen || !take_tile(s, *holder - 1)) continue;
                *holder = i + 1;
                return true;
            }
    return false;
}

/* Piece k opens a core. */
static void hold(nh_sharing *s, int64_t k, nh_rect may) {
    if (!s->held || s->stuck || nh_map_rect_is_whole(s->m->f, may)) return;
    s->held[s->n_held] = (nh_held){s->n_core, may, false};
    for (int i = 0; i < s->n_held; i++) s->held[i].seen = false;
    if (take_tile(s, s->n_held))
        s->n_held++;
    else
        s->stuck = k + 1;
}

static bool is_within(nh_rect r, nh_rect of) {
    return r.x0 >= of.x0 && r.x1 <= of.x1 && r.y0 >= of.y0 && r.y1 <= of.y1;
}

static bool apart(int64_t a, int64_t a_size, int64_t b, int64_t b_size) {
    return a_size == 0 || b_size == 0 || a + a_size <= b || b + b_size <= a;
}

typedef struct {
    const char *resource;
    int64_t needed, available;
} refusal;

static bool short_of(refusal *why, const char *resource, int64_t needed, int64_t available) {
    *why = (refusal){resource, needed, available};
    return needed > available;
}

/* Does a core with the pieces of the bin and k exceed a table? */
static bool exceeds(const nh_sharing *s, const nh_bin *v, int64_t k, refusal *why) {
    const nh_map_plan *p = s->m->p;
    const nh_fabric *f = s->m->f;
    const nh_map_piece *b = &p->piece[k];
    if (short_of(why, "neuron words", v->words + b->words, f->neurons / f->lanes) ||
        short_of(why, "synapses", v->synapses + b->synapses, f->synapses) ||
        short_of(why, "params", v->params + b->params, f->params) ||
        short_of(why, "groups", v->n + 1, f->groups < NH_BIN_PIECES ? f->groups : NH_BIN_PIECES))
        return true;
    for (int i = 0; i < v->n; i++) {
        const nh_map_piece *c = &p->piece[v->piece[i]];
        if (c->pop == b->pop) return short_of(why, "pieces of one layer", 2, 1);
        if (!apart(s->axon0[b->pop], b->axons, s->axon0[c->pop], c->axons))
            return short_of(why, "axons", b->axons + c->axons, f->axons) || true;
        if (!apart(s->conv0[b->pop], b->convs, s->conv0[c->pop], c->convs))
            return short_of(why, "convs", b->convs + c->convs, f->convs) || true;
    }
    return false;
}

/* Would they be swept when they should not? */
static bool disturbs(const nh_sharing *s, const nh_bin *v, int64_t k, refusal *why) {
    const nh_population *p = &s->m->net->pop[s->m->p->piece[k].pop];
    if (v->is_closed || p->reset_period > 0) return short_of(why, "layers that are reset, in a core with others", 1, 0);
    if ((!p->is_quiet && v->restless) || (s->m->calm && (!p->is_quiet || v->restless)))
        return short_of(why, "layers that act without input (biases)", 2, 1);
    return false;
}

/* Do the tables of the bin's pieces and of k fit a core, and (level FREE) is the core no busier than the busiest is
 * anyway? */
static bool fits(const nh_sharing *s, const nh_bin *v, int64_t k) {
    const nh_map_piece *b = &s->m->p->piece[k];
    refusal why;
    if (exceeds(s, v, k, &why) || disturbs(s, v, k, &why)) return false;
    return s->level != NH_SHARE_FREE || (v->words + b->words <= s->most_words + s->most_words / 16 &&
                                         v->work + s->work[k] <= s->most_work * 17 / 16);
}

static void put(nh_sharing *s, nh_bin *v, int64_t k) {
    const nh_map_piece *b = &s->m->p->piece[k];
    v->piece[v->n++] = k;
    v->words += b->words, v->synapses += b->synapses, v->params += b->params, v->work += s->work[k];
    v->restless |= !s->m->net->pop[b->pop].is_quiet;
    v->is_closed |= s->m->net->pop[b->pop].reset_period > 0;
}

int64_t nh_map_share_add(nh_sharing *s, int64_t k) {
    const nh_fabric *f = s->m->f;
    nh_rect may = nh_map_rect_of(s->m, k);
    if (s->level == NH_SHARE_NEVER) {
        hold(s, k, may);
        return s->n_core++;
    }
    for (int i = 0; i < s->n_bin; i++) {
        nh_bin *v = &s->bin[i];
        if (!is_within(v->may, may) || !fits(s, v, k)) continue;
        put(s, v, k);
        return v->core;
    }
    nh_bin own = {.core = s->n_core, .may = may};
    put(s, &own, k);
    hold(s, k, may);
    /* A core without room for the smallest piece is not looked at again; of too many the first is forgotten. */
    if (own.words + s->least_words > f->neurons / f->lanes || own.synapses >= f->synapses) return s->n_core++;
    if (s->n_bin == OPEN_MOST) memmove(s->bin, s->bin + 1, (OPEN_MOST - 1) * sizeof *s->bin), s->n_bin--;
    s->bin[s->n_bin++] = own;
    return s->n_core++;
}

int64_t nh_map_share_count(nh_sharing *s, int64_t n_piece) {
    nh_map_share_reset(s);
    for (int64_t k = 0; k < n_piece && !s->stuck; k++) nh_map_share_add(s, k);
    return s->n_core;
}

static bool clashes(const nh_sharing *s, const nh_bin *v, int64_t k, refusal *why) {
    return exceeds(s, v, k, why) || disturbs(s, v, k, why);
}

static const char *name_of(const nh_mapper *m, int64_t piece) { return m->net->pop[m->p->piece[piece].pop].name; }

/* Of the core that is on a tile where piece k is to be, and of what it has that k cannot be with. */
bool nh_map_share_fail(nh_mapper *m, nh_sharing *s) {
    const nh_map_plan *p = m->p;
    int64_t k = s->stuck - 1;
    nh_rect may = nh_map_rect_of(m, k);
    const char *name = name_of(m, k), *other = NULL, *text;
    const nh_map_wish *w = nh_map_wish_of(m, p->piece[k].pop);
    refusal why = {"tiles", 1, 0};
    for (int i = 0; i < s->n_bin && !other; i++)
        if (s->bin[i].piece[0] != k && is_within(s->bin[i].may, may) && clashes(s, &s->bin[i], k, &why))
            other = name_of(m, s->bin[i].piece[0]);
    for (int64_t j = 0; j < k && !other; j++) { /* of cores that are full and forgotten */
        nh_bin one = {.core = 0};
        put(s, &one, j);
        if (is_within(nh_map_rect_of(m, j), may) && clashes(s, &one, k, &why)) other = name_of(m, j);
    }
    if (!other) why = (refusal){"tiles", 1, 0};
    if (other)
        text = nh_arena_printf(m->a, "'%s' and '%s' are to be on tile [%d, %d], and one core cannot hold both", other,
                               name, may.x0, may.y0);
    else
        text = nh_arena_printf(
            m->a, "'%s' finds no tile: other layers are on those that it may be on, and share no core with it", name);
    return nh_map_fail_wish(
        m,
        w && w->n_region ? w->region_at
        : w              ? w->tile_at
                         : m->f->at,
        (nh_map_certificate){.layer = name, .resource = why.resource, .needed = why.needed, .available = why.available},
        text);
}

/* --- cores of a plan --------------------------------------------------------------------------------------------- */

static void join_core(const nh_sharing *s, nh_map_core *c, int64_t k) {
    nh_map_piece *b = &s->m->p->piece[k];
    int64_t axons = b->axons ? b->axons + s->axon0[b->pop] : 0, convs = b->convs ? b->convs + s->conv0[b->pop] : 0;
    b->word0 = c->words;
    c->words += b->words, c->synapses += b->synapses, c->params += b->params;
    c->axons = larger(c->axons, axons), c->convs = larger(c->convs, convs);
    c->piece[c->n_piece++] = k;
}

/* Populations that are alone in all their cores begin at 0; the others where they were stacked. */
static void set_bases(nh_mapper *m, nh_sharing *s) {
    nh_map_plan *p = m->p;
    nh_arena *t = nh_arena_new();
    bool *shares = nh_arena_array(t, (size_t)m->net->n_pop + 1, sizeof *shares);
    for (int64_t k = 0; k < p->n_piece; k++)
        if (p->core[p->piece[k].core].n_piece > 1) shares[p->piece[k].pop] = true;
    for (int i = 0; i < m->net->n_pop; i++)
        if (!shares[i]) s->axon0[i] = s->conv0[i] = 0;
    for (int i = 0; i < m->net->n_proj; i++) {
        int pop = m->net->proj[i].to;
        p->axon_base[i] = p->axon_first[i] + (p->rows[i] == NH_ROWS_CONV ? s->conv0[pop] : s->axon0[pop]);
    }
    nh_arena_free(t);
}

static void fill_cores(const nh_sharing *s) {
    nh_map_plan *p = s->m->p;
    for (int64_t i = 0; i < p->n_core; i++)
        p->core[i].piece = nh_arena_array(s->m->a, (size_t)p->core[i].n_piece, sizeof *p->core[i].piece),
        p->core[i].n_piece = 0;
    for (int64_t k = 0; k < p->n_piece; k++) {
        nh_map_piece *b = &p->piece[k];
        nh_map_core *c = &p->core[b->core];
        b->x = c->x, b->y = c->y;
        join_core(s, c, k);
    }
}

/* Tiles of the cores of the context that was added last: those that are held, the others a column after the other, so
 * that layers become rectangles. */
static void set_tiles(const nh_sharing *s, int context) {
    nh_map_plan *p = s->m->p;
    const nh_fabric *f = s->m->f;
    nh_arena *t = nh_arena_new();
    bool *used = nh_arena_array(t, (size_t)f->mesh_x * (size_t)f->mesh_y, sizeof *used),
         *done = nh_arena_array(t, (size_t)s->n_core + 1, sizeof *done);
    nh_map_core *core = &p->core[p->context_core[context]];
    for (int tile = 0; s->held && tile < f->mesh_x * f->mesh_y; tile++) {
        if (!s->holder[tile]) continue;
        int64_t k = s->held[s->holder[tile] - 1].core;
        core[k].x = tile / f->mesh_y, core[k].y = tile % f->mesh_y;
        used[tile] = done[k] = true;
    }
    for (int64_t k = 0, tile = 0; k < s->n_core; k++) {
        core[k].context = context;
        if (done[k]) continue;
        while (used[tile]) tile++;
        core[k].x = (int)(tile / f->mesh_y), core[k].y = (int)(tile % f->mesh_y);
        tile++;
    }
    nh_arena_free(t);
}

void nh_map_share_end(nh_mapper *m, nh_sharing *s) {
    nh_map_plan *p = m->p;
    p->core = nh_arena_array(m->a, (size_t)p->n_piece + 1, sizeof *p->core);
    p->context_core = nh_arena_array(m->a, (size_t)p->n_context + 1, sizeof *p->context_core);
    p->n_core = 0;
    for (int c = 0; c < p->n_context; c++) {
        p->context_core[c] = p->n_core;
        nh_map_share_reset(s);
        for (int64_t k = p->context_first[c]; k < p->context_first[c + 1]; k++) {
            p->piece[k].context = c;
            p->piece[k].core = p->n_core + nh_map_share_add(s, k);
            nh_map_core *core = &p->core[p->piece[k].core];
            if (core->n_piece++ == 0) core->may = nh_map_rect_of(m, k);
        }
        set_tiles(s, c);
        p->n_core += s->n_core;
    }
    p->context_core[p->n_context] = p->n_core;
    set_bases(m, s);
    fill_cores(s);
}

bool nh_map_share_check(nh_mapper *m) {
    nh_map_plan *p = m->p;
    bool ok = true;
    for (int64_t i = 0; i < p->n_core; i++) {
        nh_map_core *c = &p->core[i];
        const int64_t *start = p->start + (int64_t)c->context * m->net->n_pop;
        for (int64_t k = 0; k < c->n_piece; k++)
            if (k == 0 || start[p->piece[c->piece[k]].pop] < c->start) c->start = start[p->piece[c->piece[k]].pop];
        for (int64_t k = 0; k < c->n_piece; k++) {
            int pop = p->piece[c->piece[k]].pop;
            int64_t early = start[pop] - c->start;
            if (early % p->period[c->context] || (early > 0 && !m->net->pop[pop].is_quiet)) ok = false;
        }
    }
    return ok;
}
