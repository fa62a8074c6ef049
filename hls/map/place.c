/* Placement: from columns in topological order, exchanges of tiles. */
#include "route.h"

#include <math.h>

#include "last_will.h"

#define EFFORT ((int64_t)3000000) /* pairs of pieces that are looked at, in all contexts together */
enum { HOST_WORD = 8 };           /* hops that a word of the host is worth: it takes the one port for a cycle */

typedef struct {
    nh_mapper *m;
    const int *by_source, *first_by_source;
    int context;
    int64_t first, end; /* cores */
    nh_map_inputs inputs;
    double *words; /* [inputs.n] of neurons, per step */
    nh_arena *tmp;
} placer;

static bool to_host(const placer *s, const nh_map_piece *b) {
    if (s->m->net->pop[b->pop].is_output) return true;
    for (int i = s->first_by_source[b->pop]; i < s->first_by_source[b->pop + 1]; i++) {
        int to = s->m->p->position[s->m->net->proj[s->by_source[i]].to];
        for (int64_t k = s->m->p->first_piece[to]; k < s->m->p->first_piece[to + 1]; k++)
            if (s->m->p->piece[k].context != b->context) return true;
    }
    return false;
}

/* Words x hops of the routes of piece k; *n of them, the one to the host with them. */
static double cost_of_piece(placer *s, int64_t k, int64_t *n) {
    const nh_map_piece *b = &s->m->p->piece[k];
    double rate = s->m->net->pop[b->pop].rate, words = 0;
    nh_arena_reset(s->tmp);
    const nh_route *r = nh_map_routes(s->m, s->tmp, k, s->by_source, s->first_by_source, n);
    for (int64_t i = 0; i < *n; i++) words += nh_map_hops(b, &r[i]) * (double)r[i].words;
    if (to_host(s, b)) words += (double)b->words * (b->x + b->y + 1);
    (*n)++;
    return words * (rate < 0 ? 1 : rate);
}

/* Words x hops of what the host sends. */
static double cost_of_inputs(placer *s) {
    nh_rect to[NH_FABRIC_MESH_MOST * NH_FABRIC_MESH_MOST];
    double sum = 0;
    for (int64_t i = 0; i < s->inputs.n; i++) {
        int64_t n = nh_map_input_rects(s->m, &s->inputs, i, s->context, to);
        for (int64_t k = 0; k < n; k++) sum += (nh_map_host_hops(to[k]) + HOST_WORD) * s->words[i];
    }
    return sum;
}

static double cost(placer *s) {
    double sum = cost_of_inputs(s);
    for (int64_t c = s->first; c < s->end; c++) {
        const nh_map_core *core = &s->m->p->core[c];
        int64_t routes = 0, n;
        for (int64_t i = 0; i < core->n_piece; i++, routes += n) sum += cost_of_piece(s, core->piece[i], &n);
        if (routes > s->m->f->routes) sum += 1e12 * (double)(routes - s->m->f->routes); /* routes come first */
    }
    return sum;
}

static uint32_t next(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void move(placer *s, int64_t core, int x, int y) {
    nh_map_core *c = &s->m->p->core[core];
    c->x = x, c->y = y;
    for (int64_t i = 0; i < c->n_piece; i++) s->m->p->piece[c->piece[i]].x = x, s->m->p->piece[c->piece[i]].y = y;
}

/* Put a core on tile (x, y); whoever is there goes to its tile. false: one may not be there, and nothing is moved. */
static bool exchange(placer *s, int64_t core, int x, int y) {
    const nh_map_core *c = s->m->p->core;
    int64_t other = s->first;
    while (other < s->end && (other == core || c[other].x != x || c[other].y != y)) other++;
    if (!nh_map_rect_has(c[core].may, x, y) || (other < s->end && !nh_map_rect_has(c[other].may, c[core].x, c[core].y)))
        return false;
    if (other < s->end) move(s, other, c[core].x, c[core].y);
    move(s, core, x, y);
    return true;
}

static void anneal(placer *s, int64_t moves) {
    const nh_map_core *c = s->m->p->core;
    uint32_t seed = 1;
    double now = cost(s), heat = now * 0.02;
    for (int64_t i = 0; i < moves; i++) {
        if (i % 256 == 0 && nh_will_stop()) return;
        int64_t k = s->first + next(&seed) % (s->end - s->first);
        int x = (int)(next(&seed) % (uint32_t)s->m->f->mesh_x), y = (int)(next(&seed) % (uint32_t)s->m->f->mesh_y),
            old_x = c[k].x, old_y = c[k].y;
        double draw = next(&seed) / 16777216.0, t = heat * (1 - (double)(i + 1) * 1.25 / (double)moves);
        if ((x == old_x && y == old_y) || !exchange(s, k, x, y)) continue;
        double then = cost(s);
        /* The last fifth goes downhill only. */
        if (then <= now || (t > 0 && draw < exp((now - then) / t)))
            now = then;
        else
            exchange(s, k, old_x, old_y);
    }
}

/* Pairs of pieces that a look at the context's cost takes; inputs cost as much as a few. */
static int64_t pairs(const placer *s) {
    int64_t n = 0;
    for (int64_t c = s->first; c < s->end; c++) n += s->m->p->core[c].n_piece;
    return n * n + 16 * s->inputs.n;
}

static void begin_context(placer *s, nh_arena *a, int context) {
    s->context = context;
    s->inputs = nh_map_inputs_of(s->m, a, context);
    s->words = nh_arena_array(a, (size_t)s->inputs.n + 1, sizeof *s->words);
    for (int64_t i = 0; i < s->inputs.n; i++)
        s->words[i] = nh_map_input_events(s->m, &s->inputs.input[i].e) / s->m->f->lanes;
}

void nh_map_place(nh_mapper *m, const int *by_source, const int *first_by_source) {
    const nh_map_plan *p = m->p;
    nh_arena *saved = nh_arena_new();
    int64_t most = p->option.moves > 0 ? p->option.moves : p->option.moves < 0 ? 0 : NH_MAP_MOVES;
    placer s = {.m = m, .by_source = by_source, .first_by_source = first_by_source, .tmp = nh_arena_new()};
    for (int c = 0; c < p->n_context; c++) {
        s.first = p->context_core[c], s.end = p->context_core[c + 1];
        nh_arena_reset(saved);
        begin_context(&s, saved, c);
        int64_t n = s.end - s.first, moves = n > 1 ? EFFORT / p->n_context / pairs(&s) : 0;
        if (moves > most) moves = most;
        if (moves < 1) continue;
        double before = cost(&s);
        int *tile = nh_arena_array(saved, (size_t)n * 2, sizeof *tile);
        for (int64_t k = 0; k < n; k++) tile[2 * k] = p->core[s.first + k].x, tile[2 * k + 1] = p->core[s.first + k].y;
        anneal(&s, moves);
        bool worse = cost(&s) > before;
        for (int64_t k = 0; worse && k < n; k++) /* not better than the seed: back to it */
            move(&s, s.first + k, tile[2 * k], tile[2 * k + 1]);
    }
    nh_arena_free(saved);
    nh_arena_free(s.tmp);
}
