/* Routes of a piece: the pieces that read it, tiles with equal entries joined to rectangles. */
#include "route.h"

#include <stdlib.h>
#include <string.h>

static int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

/* Words of a that projection q needs for b, conv: whole rows. */
static bool conv_route(const nh_mapper *m, const nh_projection *q, int64_t descriptor, const nh_map_piece *a,
                       const nh_map_piece *b, nh_route *r) {
    const nh_fabric *f = m->f;
    int64_t y0 = b->y0 * q->stride_y - q->pad_y,
            y1 = (b->y0 + b->h - 1) * q->stride_y - q->pad_y + (q->kh - 1) * q->dilation_y;
    int64_t x0 = b->x0 * q->stride_x - q->pad_x,
            x1 = (b->x0 + b->w - 1) * q->stride_x - q->pad_x + (q->kw - 1) * q->dilation_x;
    if (y0 < a->y0) y0 = a->y0;
    if (y1 > a->y0 + a->h - 1) y1 = a->y0 + a->h - 1;
    if (y0 > y1 || x1 < a->x0 || x0 > a->x0 + a->w - 1) return false;
    r->first = (y0 - a->y0) * a->w * a->features;
    r->words = (y1 - y0 + 1) * a->w * a->features;
    r->is_conv = true;
    r->base =
        nh_map_conv_base(f, descriptor) + (y0 << (f->conv_x_bits + f->conv_c_bits)) + (a->x0 << f->conv_c_bits) + a->c0;
    r->limit = a->c;
    r->pixel_words = a->features;
    r->width = a->w;
    return true;
}

int64_t nh_map_conv_base(const nh_fabric *f, int64_t descriptor) {
    return ((int64_t)1 << (nh_map_addr_bits(f) - 1)) |
           (descriptor << (f->conv_y_bits + f->conv_x_bits + f->conv_c_bits));
}

/* Words that q takes of its source's pieces before this one, in its context. */
static int64_t words_before(const nh_mapper *m, const nh_projection *q, int64_t piece) {
    const nh_map_plan *p = m->p;
    int64_t n = 0, first;
    for (int64_t k = p->first_piece[p->position[p->piece[piece].pop]]; k < piece; k++)
        if (p->piece[k].context == p->piece[piece].context)
            n += nh_map_range(m->net, q, &p->piece[k], m->f->lanes, &first);
    return n;
}

static int compare(const void *a, const void *b) {
    const nh_route *r = a, *s = b;
    int64_t x[] = {r->base, r->first, r->words, r->delay, r->to.y0, r->to.x0},
            y[] = {s->base, s->first, s->words, s->delay, s->to.y0, s->to.x0};
    for (int i = 0; i < 6; i++)
        if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
    return 0;
}

static bool same(const nh_route *r, const nh_route *s) {
    return r->base == s->base && r->first == s->first && r->words == s->words && r->delay == s->delay;
}

/* Sorted single tiles to runs along x, then runs of equal columns in neighbouring rows to rectangles. */
static int64_t join(nh_route *r, int64_t n) {
    int64_t runs = 0, out = 0;
    for (int64_t i = 0; i < n; i++) {
        nh_route *l = runs ? &r[runs - 1] : NULL;
        if (l && same(l, &r[i]) && l->to.y0 == r[i].to.y0 && l->to.x1 + 1 == r[i].to.x0)
            l->to.x1 = r[i].to.x1;
        else
            r[runs++] = r[i];
    }
    for (int64_t i = 0; i < runs; i++) {
        int64_t k = out - 1;
        while (k >= 0 && same(&r[k], &r[i]) &&
               !(r[k].to.x0 == r[i].to.x0 && r[k].to.x1 == r[i].to.x1 && r[k].to.y1 + 1 == r[i].to.y0))
            k--;
        if (k >= 0 && same(&r[k], &r[i]))
            r[k].to.y1 = r[i].to.y1;
        else
            r[out++] = r[i];
    }
    return out;
}

nh_route *nh_map_routes(nh_mapper *m, nh_arena *arena, int64_t piece, const int *by_source, const int *first_by_source,
                        int64_t *n) {
    const nh_map_plan *p = m->p;
    const nh_map_piece *a = &p->piece[piece];
    const int64_t *start = p->start + (int64_t)a->context * m->net->n_pop, period = p->period[a->context];
    nh_route *r = NULL;
    size_t cap = 0, count = 0;
    for (int i = first_by_source[a->pop]; i < first_by_source[a->pop + 1]; i++) {
        int qi = by_source[i];
        const nh_projection *q = &m->net->proj[qi];
        int64_t before = -1;
        for (int64_t k = p->first_piece[p->position[q->to]]; k < p->first_piece[p->position[q->to] + 1]; k++) {
            const nh_map_piece *b = &p->piece[k];
            nh_route e = {.words = a->words,
                          .base = p->axon_base[qi],
                          .limit = a->words * m->f->lanes,
                          .pixel_words = 1,
                          .width = 1,
                          .to = {b->x, b->x, b->y, b->y}};
            if (b->context != a->context) continue;
            if (p->rows[qi] == NH_ROWS_CONV) {
                if (!conv_route(m, q, p->axon_base[qi], a, b, &e)) continue;
            } else if (p->rows[qi] == NH_ROWS_SAME) {
                if (k - p->first_piece[p->position[q->to]] != piece - p->first_piece[p->position[q->from]]) continue;
            } else {
                e.words = nh_map_range(m->net, q, a, m->f->lanes, &e.first);
                e.limit = e.words * m->f->lanes;
                if (e.words == 0) continue;
                if (before < 0) before = words_before(m, q, piece);
                e.base += before * m->f->lanes;
            }
            e.first += a->word0;
            e.delay = floor_div(start[q->to] - start[q->from] + period * q->delay - 1, period);
            r = nh_arena_grow(arena, r, &cap, count + 1, sizeof *r);
            r[count++] = e;
        }
    }
    if (count) qsort(r, count, sizeof *r, compare);
    *n = count ? join(r, (int64_t)count) : 0;
    return r;
}

/* Links that the events of a route cross: to the near edge of the rectangle, then a tree over its columns; to the host:
 * to tile (0, 0) and out. */
double nh_map_hops(const nh_map_piece *b, const nh_route *r) {
    if (r->to_host) return b->x + b->y + 1;
    int left = r->to.x0 < b->x ? b->x - r->to.x0 : 0, right = r->to.x1 > b->x ? r->to.x1 - b->x : 0;
    int down = r->to.y0 < b->y ? b->y - r->to.y0 : 0, up = r->to.y1 > b->y ? r->to.y1 - b->y : 0;
    return left + right + (double)(r->to.x1 - r->to.x0 + 1) * (down + up);
}

bool nh_map_in_context(const nh_map_plan *p, int pop, int context) {
    for (int64_t k = p->first_piece[p->position[pop]]; k < p->first_piece[p->position[pop] + 1]; k++)
        if (p->piece[k].context == context) return true;
    return false;
}

double nh_map_host_hops(nh_rect to) {
    static const nh_map_piece corner = {.x = 0, .y = 0};
    return 1 + nh_map_hops(&corner, &(nh_route){.to = to});
}

void nh_map_by_source(nh_arena *a, const nh_event_net *net, int **by_source, int **first_by_source) {
    int *item = nh_arena_array(a, (size_t)net->n_proj + 1, sizeof *item),
        *first = nh_arena_array(a, (size_t)net->n_pop + 2, sizeof *first);
    int *at = nh_arena_array(a, (size_t)net->n_pop + 2, sizeof *at);
    for (int i = 0; i < net->n_proj; i++) first[net->proj[i].from + 1]++;
    for (int i = 0; i < net->n_pop; i++) at[i + 1] = first[i + 1] += first[i];
    for (int i = 0; i < net->n_proj; i++) item[at[net->proj[i].from]++] = i;
    *by_source = item;
    *first_by_source = first;
}
