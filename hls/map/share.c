/* Several pieces in a core: pieces of different populations whose tables fit side by side.
 *
 * Axons and convolutions of a population have the same numbers in all its cores (multicast), so populations that share a core have
 * different ranges of them: they are stacked in topological order, from 0 again where the table ends.
 *
 * A core has one start and one period, its first sweep is that of its earliest group. A group that is swept before its own start must be
 * quiet: without state and input it stays so and sends nothing (nh_population.is_quiet). What is not quiet can only be the earliest. A
 * core counts its steps for resets from its own start: populations that are reset have their cores for themselves. */
#include <string.h>

#include "map_parts.h"

enum { OPEN_MOST = 64, EFFORT_MOST = 4000000 }; /* bins that are looked at; pieces x tiles above which nothing is shared */

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

void nh_map_share_reset(nh_sharing *s) { s->n_core = s->n_bin = 0; }

static bool apart(int64_t a, int64_t a_size, int64_t b, int64_t b_size) { return a_size == 0 || b_size == 0 || a + a_size <= b || b + b_size <= a; }

/* Do the tables of the bin's pieces and of k fit a core, and (level FREE) is the core no busier than the busiest is anyway? */
static bool fits(const nh_sharing *s, const nh_bin *v, int64_t k) {
    const nh_map_plan *p = s->m->p;
    const nh_fabric *f = s->m->f;
    const nh_map_piece *b = &p->piece[k];
    bool quiet = s->m->net->pop[b->pop].is_quiet;
    if (v->is_closed || s->m->net->pop[b->pop].reset_period > 0) return false;
    if (v->n == NH_BIN_PIECES || v->n >= f->groups || v->words + b->words > f->neurons / f->lanes || v->synapses + b->synapses > f->synapses ||
        v->params + b->params > f->params || (!quiet && v->restless) || (s->m->calm && (!quiet || v->restless)))
        return false;
    if (s->level == NH_SHARE_FREE && (v->words + b->words > s->most_words + s->most_words / 16 || v->work + s->work[k] > s->most_work * 17 / 16)) return false;
    for (int i = 0; i < v->n; i++) {
        const nh_map_piece *c = &p->piece[v->piece[i]];
        if (c->pop == b->pop || !apart(s->axon0[b->pop], b->axons, s->axon0[c->pop], c->axons) || !apart(s->conv0[b->pop], b->convs, s->conv0[c->pop], c->convs))
            return false;
    }
    return true;
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
    if (s->level == NH_SHARE_NEVER) return s->n_core++;
    for (int i = 0; i < s->n_bin; i++) {
        nh_bin *v = &s->bin[i];
        if (!fits(s, v, k)) continue;
        put(s, v, k);
        return v->core;
    }
    nh_bin own = {.core = s->n_core};
    put(s, &own, k);
    /* A core without room for the smallest piece is not looked at again; of too many the first is forgotten. */
    if (own.words + s->least_words > f->neurons / f->lanes || own.synapses >= f->synapses) return s->n_core++;
    if (s->n_bin == OPEN_MOST) memmove(s->bin, s->bin + 1, (OPEN_MOST - 1) * sizeof *s->bin), s->n_bin--;
    s->bin[s->n_bin++] = own;
    return s->n_core++;
}

int64_t nh_map_share_count(nh_sharing *s, int64_t n_piece) {
    nh_map_share_reset(s);
    for (int64_t k = 0; k < n_piece; k++)
        nh_map_share_add(s, k);
    return s->n_core;
}

/* --- cores of a plan --------------------------------------------------------------------------------------------------------- */

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
        p->core[i].piece = nh_arena_array(s->m->a, (size_t)p->core[i].n_piece, sizeof *p->core[i].piece), p->core[i].n_piece = 0;
    for (int64_t k = 0; k < p->n_piece; k++) {
        nh_map_piece *b = &p->piece[k];
        nh_map_core *c = &p->core[b->core];
        int64_t tile = b->core - p->context_core[b->context];
        c->context = b->context;
        c->x = b->x = (int)(tile / s->m->f->mesh_y); /* a column after the other: layers become rectangles */
        c->y = b->y = (int)(tile % s->m->f->mesh_y);
        join_core(s, c, k);
    }
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
            p->core[p->piece[k].core].n_piece++;
        }
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
