/* What the host sends in a context. Cores that take the same events at the same tick get them by multicast: where their
 * tiles are a rectangle one word of the host is enough, else as few as rectangles. Rows of an image that several
 * convolutions' regions read (halo) go to all of them at once. */
#include "route.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    nh_input_entry e;
    int64_t core;   /* of the context */
    int64_t number; /* in the order of pieces */
} unit;

typedef struct {
    const nh_mapper *m;
    nh_arena *a;
    int context;
    unit *unit;
    int64_t n;
    size_t cap;
} collector;

static void add(collector *c, nh_input_entry e, int64_t core) {
    c->unit = nh_arena_grow(c->a, c->unit, &c->cap, (size_t)c->n + 1, sizeof *c->unit);
    c->unit[c->n] = (unit){e, core, c->n};
    c->n++;
}

/* Channels c0 .. of pixels p0 .. of what the host sends, one entry for elements that follow each other. */
static void add_range(collector *k, nh_input_entry e, int64_t core, int64_t p0, int64_t pixels, int64_t c0, int64_t c) {
    int64_t plane = e.h * e.w, base = e.base;
    bool whole = pixels == plane;
    for (int64_t i = 0; i < (whole ? 1 : c); i++) {
        e.first = (c0 + i) * plane + p0;
        e.count = whole ? c * plane : pixels;
        e.base = base + i * pixels;
        add(k, e, core);
    }
}

/* Rows of the source that piece b of a convolution's target reads. */
static void rows_of(const nh_mapper *m, const nh_projection *q, const nh_map_piece *b, int64_t *from, int64_t *to) {
    int64_t h = m->net->pop[q->from].h, lo = b->y0 * q->stride_y - q->pad_y;
    int64_t hi = (b->y0 + b->h - 1) * q->stride_y - q->pad_y + (q->kh - 1) * q->dilation_y + 1;
    *from = lo < 0 ? 0 : lo;
    *to = hi > h ? h : hi;
}

static int by_number(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Rows at which a piece of the context begins or ends to read, in order. */
static int64_t *edges_of(collector *c, const nh_projection *q, int64_t *n) {
    const nh_map_plan *p = c->m->p;
    int64_t first = p->first_piece[p->position[q->to]], end = p->first_piece[p->position[q->to] + 1];
    int64_t *edge = nh_arena_array(c->a, (size_t)(end - first) * 2 + 1, sizeof *edge);
    *n = 0;
    for (int64_t k = first; k < end; k++, *n += 2) rows_of(c->m, q, &p->piece[k], &edge[*n], &edge[*n + 1]);
    qsort(edge, (size_t)*n, sizeof *edge, by_number);
    return edge;
}

static void add_conv(collector *c, int qi, nh_input_entry e, const nh_map_piece *b, const int64_t *edge,
                     int64_t n_edge) {
    const nh_map_plan *p = c->m->p;
    int64_t from, to;
    rows_of(c->m, &c->m->net->proj[qi], b, &from, &to);
    e.is_conv = true;
    e.base = nh_map_conv_base(c->m->f, p->axon_base[qi]);
    for (int64_t i = 0; i + 1 < n_edge; i++) {
        e.y_from = edge[i], e.y_to = edge[i + 1];
        if (e.y_from >= from && e.y_to <= to && e.y_from < e.y_to) add(c, e, b->core - p->context_core[c->context]);
    }
}

static void add_input(collector *c, int qi, const nh_map_piece *b, const int64_t *edge, int64_t n_edge) {
    const nh_event_net *net = c->m->net;
    const nh_map_plan *p = c->m->p;
    const nh_projection *q = &net->proj[qi];
    const nh_population *from = &net->pop[q->from];
    int64_t core = b->core - p->context_core[c->context];
    nh_input_entry e = {.tensor = from->name,
                        .count = nh_population_size(from),
                        .base = p->axon_base[qi],
                        .c = from->c,
                        .h = from->h,
                        .w = from->w,
                        .y_to = from->h};
    e.delay = p->start[(int64_t)c->context * net->n_pop + b->pop] + p->period[c->context] * q->delay;
    if (p->rows[qi] == NH_ROWS_SAME)
        add_range(c, e, core, b->y0 * from->w + b->x0, b->h * b->w, b->c0, b->c);
    else if (q->pixels > 0)
        add_range(c, e, core, q->pixel0, q->pixels, q->channel0, q->channels);
    else if (p->rows[qi] == NH_ROWS_CONV)
        add_conv(c, qi, e, b, edge, n_edge);
    else
        add(c, e, core);
}

/* --- groups ------------------------------------------------------------------------------------------------------ */

static int compare_entries(const nh_input_entry *a, const nh_input_entry *b) {
    int64_t x[] = {a->is_conv, a->delay, a->base, a->first, a->count, a->y_from, a->y_to},
            y[] = {b->is_conv, b->delay, b->base, b->first, b->count, b->y_from, b->y_to};
    int names = strcmp(a->tensor, b->tensor);
    for (size_t i = 0; names == 0 && i < sizeof x / sizeof *x; i++)
        if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
    return names;
}

static int by_entry(const void *a, const void *b) {
    const unit *x = a, *y = b;
    int c = compare_entries(&x->e, &y->e);
    return c ? c : by_number(&x->number, &y->number);
}

static int by_first(const void *a, const void *b) {
    return by_number(&((const nh_map_input *)a)->number, &((const nh_map_input *)b)->number);
}

nh_map_inputs nh_map_inputs_of(const nh_mapper *m, nh_arena *a, int context) {
    const nh_map_plan *p = m->p;
    collector c = {.m = m, .a = a, .context = context};
    for (int i = 0; i < m->net->n_proj; i++) {
        const nh_projection *q = &m->net->proj[i];
        int64_t first = p->first_piece[p->position[q->to]], end = p->first_piece[p->position[q->to] + 1], n_edge = 0,
                *edge = NULL;
        if (first == end || nh_map_in_context(p, q->from, context) || !nh_map_in_context(p, q->to, context)) continue;
        if (p->rows[i] == NH_ROWS_CONV) edge = edges_of(&c, q, &n_edge);
        for (int64_t k = first; k < end; k++)
            if (p->piece[k].context == context) add_input(&c, i, &p->piece[k], edge, n_edge);
    }
    nh_map_inputs r = {.input = nh_arena_array(a, (size_t)c.n + 1, sizeof *r.input),
                       .core = nh_arena_array(a, (size_t)c.n + 1, sizeof *r.core)};
    if (c.n) qsort(c.unit, (size_t)c.n, sizeof *c.unit, by_entry);
    for (int64_t i = 0; i < c.n; i++) {
        if (i == 0 || compare_entries(&c.unit[i - 1].e, &c.unit[i].e))
            r.input[r.n++] = (nh_map_input){.e = c.unit[i].e, .number = c.unit[i].number, .first = i};
        r.input[r.n - 1].n++;
        r.core[i] = c.unit[i].core;
    }
    if (r.n) qsort(r.input, (size_t)r.n, sizeof *r.input, by_first);
    return r;
}

double nh_map_input_events(const nh_mapper *m, const nh_input_entry *e) {
    int pop = 0;
    while (strcmp(m->net->pop[pop].name, e->tensor) != 0) pop++;
    double rate = m->net->pop[pop].rate, n = (double)(e->is_conv ? e->c * (e->y_to - e->y_from) * e->w : e->count);
    return n * (rate < 0 ? 1 : rate);
}

/* --- rectangles -------------------------------------------------------------------------------------------------- */

typedef struct {
    uint64_t row[NH_FABRIC_MESH_MOST];
} tiles; /* bit x of row y */

static bool has_all(const tiles *t, int y, uint64_t mask) { return (t->row[y] & mask) == mask; }

/* From the lowest tile on: along x as far as it goes, then up; or the other way round. */
static nh_rect grow(const tiles *t, const nh_fabric *f, int x, int y, bool up_first) {
    nh_rect r = {x, x, y, y};
    for (int pass = 0; pass < 2; pass++) {
        bool up = (pass == 0) == up_first, ok = !up;
        uint64_t mask = (((uint64_t)2 << (r.x1 - r.x0)) - 1) << r.x0;
        while (up && r.y1 + 1 < f->mesh_y && has_all(t, r.y1 + 1, mask)) r.y1++;
        while (ok && r.x1 + 1 < f->mesh_x) {
            for (int k = r.y0; k <= r.y1; k++) ok &= has_all(t, k, (uint64_t)1 << (r.x1 + 1));
            r.x1 += ok;
        }
    }
    return r;
}

static int64_t cover(tiles t, const nh_fabric *f, bool up_first, nh_rect *out) {
    int64_t n = 0;
    for (int y = 0; y < f->mesh_y; y++)
        for (int x = 0; t.row[y] && x < f->mesh_x; x++) {
            if (!(t.row[y] >> x & 1)) continue;
            nh_rect r = grow(&t, f, x, y, up_first);
            for (int k = r.y0; k <= r.y1; k++) t.row[k] &= ~((((uint64_t)2 << (r.x1 - r.x0)) - 1) << r.x0);
            out[n++] = r;
        }
    return n;
}

int64_t nh_map_input_rects(const nh_mapper *m, const nh_map_inputs *all, int64_t i, int context, nh_rect *out) {
    const nh_map_core *core = &m->p->core[m->p->context_core[context]];
    tiles t = {{0}};
    for (int64_t k = 0; k < all->input[i].n; k++) {
        const nh_map_core *c = &core[all->core[all->input[i].first + k]];
        t.row[c->y] |= (uint64_t)1 << c->x;
    }
    int64_t along = cover(t, m->f, false, out), n = along > 1 ? cover(t, m->f, true, out) : along;
    return n <= along ? n : cover(t, m->f, false, out);
}
