/* Rows of projections, places of elements. */
#include <string.h>

#include "map_parts.h"

static int clog2(int64_t n) {
    int k = nh_log2_ceil((uint64_t)n);
    return k < 1 ? 1 : k;
}

int nh_map_addr_bits(const nh_fabric *f) {
    int axon = clog2(f->axons);
    if (f->convs == 0) return axon;
    int conv = clog2(f->convs) + f->conv_y_bits + f->conv_x_bits + f->conv_c_bits;
    return 1 + (axon > conv ? axon : conv);
}

int64_t nh_map_padded(const nh_population *p, int lanes) { return p->h * p->w * nh_ceil_div(p->c, lanes) * lanes; }

bool nh_map_part(const nh_projection *q, int acc, nh_projection *part) {
    *part = *q;
    memset(part->also, 0, sizeof part->also);
    part->acc = acc;
    if (acc == q->acc) return true;
    part->weight = q->also[acc];
    return part->weight != NULL;
}

int64_t nh_map_fan_out(const nh_event_net *net, const nh_projection *q) {
    const nh_population *to = &net->pop[q->to];
    if (q->kind == NH_PROJ_CONV) return to->c * q->kh * q->kw;
    return q->kind == NH_PROJ_DENSE ? nh_population_size(to) : q->kind == NH_PROJ_SAME ? 1 : q->n_entry;
}

int64_t *nh_map_row_starts(nh_arena *a, const nh_event_net *net, const nh_projection *q) {
    if (q->kind != NH_PROJ_SPARSE) return NULL;
    int64_t n = nh_population_size(&net->pop[q->from]), *start = nh_arena_array(a, (size_t)n + 1, sizeof *start);
    for (int64_t i = 0; i < q->n_entry; i++) start[q->source[i] + 1]++;
    for (int64_t i = 0; i < n; i++) start[i + 1] += start[i];
    return start;
}

/* Output coordinate that tap k meets from input coordinate i, or -1. */
static int64_t meets(int64_t i, int64_t k, int64_t pad, int64_t dilation, int64_t stride, int64_t size) {
    int64_t o = i + pad - k * dilation;
    return o < 0 || o % stride || o / stride >= size ? -1 : o / stride;
}

static int64_t conv_row(const nh_event_net *net, const nh_projection *q, int64_t e, int64_t *target, int32_t *weight) {
    const nh_population *from = &net->pop[q->from], *to = &net->pop[q->to];
    int64_t n = 0, ci = e / (from->h * from->w), y = e / from->w % from->h, x = e % from->w;
    for (int64_t ky = 0; ky < q->kh; ky++) {
        int64_t oy = meets(y, ky, q->pad_y, q->dilation_y, q->stride_y, to->h);
        for (int64_t kx = 0; oy >= 0 && kx < q->kw; kx++) {
            int64_t ox = meets(x, kx, q->pad_x, q->dilation_x, q->stride_x, to->w);
            for (int64_t co = 0; ox >= 0 && co < to->c; co++, n++) {
                target[n] = (co * to->h + oy) * to->w + ox;
                weight[n] = q->weight ? q->weight[((co * from->c + ci) * q->kh + ky) * q->kw + kx] : q->constant;
            }
        }
    }
    return n;
}

void nh_map_row(const nh_event_net *net, const nh_projection *q, int64_t e, const int64_t *row_start, int64_t *target,
                int32_t *weight, int64_t *n) {
    int64_t n_from = nh_population_size(&net->pop[q->from]), n_to = nh_population_size(&net->pop[q->to]);
    if (q->kind == NH_PROJ_CONV) {
        *n = conv_row(net, q, e, target, weight);
    } else if (q->kind == NH_PROJ_DENSE) {
        for (int64_t t = 0; t < n_to; t++) {
            target[t] = t;
            weight[t] = q->weight ? q->weight[t * n_from + e] : q->constant;
        }
        *n = n_to;
    } else if (q->kind == NH_PROJ_SAME) {
        *n = 1;
        target[0] = e;
        weight[0] = 1;
    } else {
        *n = row_start[e + 1] - row_start[e];
        for (int64_t i = 0; i < *n; i++) {
            target[i] = q->target[row_start[e] + i];
            weight[i] = q->weight ? q->weight[row_start[e] + i] : q->constant;
        }
    }
}

bool nh_map_in_range(const nh_event_net *net, const nh_projection *q, int64_t e) {
    const nh_population *from = &net->pop[q->from];
    int64_t pixel = e % (from->h * from->w) - q->pixel0, c = e / (from->h * from->w) - q->channel0;
    return q->pixels == 0 || (pixel >= 0 && pixel < q->pixels && c >= 0 && c < q->channels);
}

int64_t nh_map_source_words(const nh_event_net *net, const nh_projection *q, int lanes) {
    const nh_population *from = &net->pop[q->from];
    return q->pixels == 0 ? from->h * from->w * nh_ceil_div(from->c, lanes)
                          : q->pixels * nh_ceil_div(q->channels, lanes);
}

/* Is the word of lanes neurons c0 .. of a pixel zero for source e? */
static bool is_zero_word(const nh_event_net *net, const nh_projection *q, int64_t pixel, int64_t c0, int lanes,
                         int64_t e) {
    const nh_population *to = &net->pop[q->to];
    int64_t n_from = nh_population_size(&net->pop[q->from]), plane = to->h * to->w;
    for (int64_t c = c0; c < c0 + lanes && c < to->c; c++)
        if (q->weight[(c * plane + pixel) * n_from + e]) return false;
    return true;
}

static bool is_thin(const nh_event_net *net, const nh_projection *q, int lanes) {
    const nh_population *to = &net->pop[q->to];
    int64_t n_from = nh_population_size(&net->pop[q->from]);
    for (int64_t pixel = 0; pixel < to->h * to->w; pixel++)
        for (int64_t c = 0; c < to->c; c += lanes)
            for (int64_t e = 0; e < n_from; e++)
                if (is_zero_word(net, q, pixel, c, lanes, e)) return true;
    return false;
}

const nh_event_net *nh_map_find_thin(nh_arena *a, const nh_event_net *net, const nh_fabric *f) {
    nh_event_net *n = NH_NEW(a, nh_event_net);
    bool any = false;
    if (!f->sparse || f->accumulators > 1) return net;
    *n = *net;
    n->proj = nh_arena_array(a, (size_t)net->n_proj + 1, sizeof *n->proj);
    for (int i = 0; i < net->n_proj; i++) {
        nh_projection *q = &n->proj[i];
        *q = net->proj[i];
        if (q->kind == NH_PROJ_DENSE && q->weight) q->is_thin = is_thin(net, q, f->lanes);
        any |= q->is_thin;
    }
    return any ? n : net;
}

static void dense_words(const nh_event_net *net, const nh_projection *q, int lanes, int64_t *cost) {
    const nh_population *to = &net->pop[q->to];
    int64_t n_from = nh_population_size(&net->pop[q->from]), per = nh_ceil_div(to->c, lanes);
    for (int64_t word = 0; word < to->h * to->w * per; word++)
        for (int64_t e = 0; e < n_from; e++)
            cost[word] += (q->pixels == 0 || nh_map_in_range(net, q, e)) &&
                          !is_zero_word(net, q, word / per, word % per * lanes, lanes, e);
}

void nh_map_sparse_words(const nh_event_net *net, const nh_projection *q, const nh_fabric *f, int64_t *cost) {
    int lanes = f->lanes;
    if (q->kind == NH_PROJ_DENSE) {
        dense_words(net, q, lanes, cost);
        return;
    }
    const nh_population *to = &net->pop[q->to];
    nh_arena *t = nh_arena_new();
    int64_t per = nh_ceil_div(to->c, lanes), plane = to->h * to->w, n, fan = nh_map_fan_out(net, q);
    int64_t *seen = nh_arena_array(t, (size_t)(plane * per) + 1, sizeof *seen), *start = nh_map_row_starts(t, net, q);
    int64_t *target = nh_arena_array(t, (size_t)fan + 1, sizeof *target);
    int32_t *weight = nh_arena_array(t, (size_t)fan + 1, sizeof *weight);
    for (int64_t e = 0; e < nh_population_size(&net->pop[q->from]); e++) {
        if (!nh_map_in_range(net, q, e)) continue;
        nh_map_row(net, q, e, start, target, weight, &n);
        for (int64_t j = 0; j < n; j++) {
            int64_t word = target[j] % plane * per + target[j] / plane / lanes;
            if ((weight[j] == 0 && f->accumulators == 1) || seen[word] == e + 1) continue;
            seen[word] = e + 1;
            cost[word]++;
        }
    }
    nh_arena_free(t);
}

/* Pieces are whole rows of pixels, or part of one row: their pixels follow each other. */
int64_t nh_map_range(const nh_event_net *net, const nh_projection *q, const nh_map_piece *a, int lanes,
                     int64_t *first) {
    const nh_population *from = &net->pop[q->from];
    int64_t begin = a->y0 * from->w + a->x0, lo = q->pixel0 > begin ? q->pixel0 : begin, hi = q->pixel0 + q->pixels,
            end = begin + a->h * a->w;
    *first = 0;
    if (q->pixels == 0) return a->words;
    if (hi > end) hi = end;
    if (lo >= hi) return 0;
    int64_t c0 = q->channel0 > a->c0 ? q->channel0 : a->c0, c1 = q->channel0 + q->channels;
    if (c1 > a->c0 + a->c) c1 = a->c0 + a->c;
    if (c0 >= c1) return 0;
    *first = (lo - begin) * a->features + (c0 - a->c0) / lanes;
    return hi - lo == 1 ? nh_ceil_div(c1 - c0, lanes) : (hi - lo) * a->features;
}

int64_t nh_map_word(const nh_event_net *net, const nh_map_piece *b, int64_t element, int lanes, int *lane) {
    const nh_population *p = &net->pop[b->pop];
    int64_t c = element / (p->h * p->w) - b->c0, y = element / p->w % p->h - b->y0, x = element % p->w - b->x0;
    if (c < 0 || c >= b->c || y < 0 || y >= b->h || x < 0 || x >= b->w) return -1;
    *lane = (int)(c % lanes);
    return (y * b->w + x) * b->features + c / lanes;
}
