/* What goes in and out of the mesh: the entries of a context by which the host sends events, and reads them. */
#include "fill.h"

static void put_input(nh_filler *s, nh_context *x, nh_input_entry e, size_t *cap) {
    nh_input_entry *last = x->n_input ? &x->input[x->n_input - 1] : NULL;
    /* Down a column the same events go to all tiles. */
    if (last && last->tensor == e.tensor && last->base == e.base && last->first == e.first && last->count == e.count &&
        last->is_conv == e.is_conv && last->delay == e.delay && last->y_from == e.y_from && last->y_to == e.y_to &&
        last->to.x0 == e.to.x0 && last->to.y1 + 1 == e.to.y0) {
        last->to.y1 = e.to.y0;
        return;
    }
    x->input = nh_arena_grow(s->m.a, x->input, cap, (size_t)x->n_input + 1, sizeof *x->input);
    x->input[x->n_input++] = e;
}

/* Channels c0 .. of pixels p0 .. of what the host sends, one entry for elements that follow each other. */
static void put_range(nh_filler *s, nh_context *x, nh_input_entry e, int64_t p0, int64_t pixels, int64_t c0, int64_t c, size_t *cap) {
    int64_t plane = e.h * e.w, base = e.base;
    bool whole = pixels == plane;
    for (int64_t i = 0; i < (whole ? 1 : c); i++) {
        e.first = (c0 + i) * plane + p0;
        e.count = whole ? c * plane : pixels;
        e.base = base + i * pixels;
        put_input(s, x, e, cap);
    }
}

static void add_input(nh_filler *s, nh_context *x, int context, const nh_map_piece *b, int qi, size_t *cap) {
    const nh_event_net *net = s->m.net;
    const nh_projection *q = &net->proj[qi];
    const nh_population *from = &net->pop[q->from];
    nh_input_entry e = {.tensor = from->name, .count = nh_population_size(from), .to = {b->x, b->x, b->y, b->y}, .base = s->p->axon_base[qi],
                        .c = from->c, .h = from->h, .w = from->w, .y_to = from->h};
    e.delay = s->p->start[(int64_t)context * net->n_pop + b->pop] + s->p->period[context] * q->delay;
    if (s->p->rows[qi] == NH_ROWS_SAME) {
        put_range(s, x, e, b->y0 * from->w + b->x0, b->h * b->w, b->c0, b->c, cap);
        return;
    }
    if (q->pixels > 0) {
        put_range(s, x, e, q->pixel0, q->pixels, q->channel0, q->channels, cap);
        return;
    }
    if (s->p->rows[qi] == NH_ROWS_CONV) {
        e.is_conv = true;
        e.base = nh_map_conv_base(s->m.f, s->p->axon_base[qi]);
        int64_t lo = b->y0 * q->stride_y - q->pad_y, hi = (b->y0 + b->h - 1) * q->stride_y - q->pad_y + (q->kh - 1) * q->dilation_y + 1;
        e.y_from = lo < 0 ? 0 : lo;
        e.y_to = hi > from->h ? from->h : hi;
        if (e.y_from >= e.y_to) return;
    }
    put_input(s, x, e, cap);
}

void nh_fill_inputs(nh_filler *s, nh_context *x, int context) {
    size_t cap = 0;
    const nh_event_net *net = s->m.net;
    for (int64_t k = s->p->context_first[context]; k < s->p->context_first[context + 1]; k++)
        for (int i = 0; i < net->n_proj; i++) {
            const nh_map_piece *b = &s->p->piece[k];
            if (net->proj[i].to == b->pop && !nh_fill_in_context(s->p, net->proj[i].from, context)) add_input(s, x, context, b, i, &cap);
        }
}

/* Outputs of the network, and what later contexts read. */
static bool leaves(const nh_map_plan *p, const nh_event_net *net, const int *by_source, const int *first_by_source, const nh_map_piece *b) {
    bool wanted = net->pop[b->pop].is_output;
    for (int i = first_by_source[b->pop]; i < first_by_source[b->pop + 1]; i++) {
        int to = p->position[net->proj[by_source[i]].to];
        for (int64_t k = p->first_piece[to]; k < p->first_piece[to + 1]; k++)
            wanted |= p->piece[k].context != b->context;
    }
    return wanted;
}

int64_t nh_map_host_axons(const nh_map_plan *p, const nh_fabric *f) {
    nh_arena *t = nh_arena_new();
    int *by_source, *first_by_source;
    int64_t most = 1;
    nh_map_by_source(t, p->net, &by_source, &first_by_source);
    for (int c = 0; c < p->n_context; c++) {
        int64_t words = 0;
        for (int64_t k = p->context_first[c]; k < p->context_first[c + 1]; k++)
            if (leaves(p, p->net, by_source, first_by_source, &p->piece[k])) words += p->piece[k].words;
        if (words * f->lanes > most) most = words * f->lanes;
    }
    nh_arena_free(t);
    return f->convs ? nh_ceil_div(most, 2) : most; /* with conv mode an address has one bit more than an axon */
}

int64_t nh_fill_outputs(nh_filler *s, nh_context *x, const nh_map_piece *b, nh_core_image *c, int64_t base, size_t *cap) {
    const nh_population *p = &s->m.net->pop[b->pop];
    int64_t start = s->p->start[(int64_t)b->context * s->m.net->n_pop + b->pop];
    int lanes = s->m.f->lanes;
    if (!leaves(s->p, s->m.net, s->by_source, s->first_by_source, b)) return base;
    c->route[c->n_route++] = (nh_route){.first = b->word0, .words = b->words, .to_host = true, .base = base, .limit = b->words * lanes, .pixel_words = 1, .width = 1};
    for (int64_t i = 0; i < b->words; i++)
        for (int lane = 0; lane < lanes; lane++) {
            int64_t ch = i % b->features * lanes + lane, pixel = i / b->features;
            if (ch >= b->c) continue;
            int64_t element = ((b->c0 + ch) * p->h + b->y0 + pixel / b->w) * p->w + b->x0 + pixel % b->w, addr = base + i * lanes + lane;
            nh_output_entry *last = x->n_output ? &x->output[x->n_output - 1] : NULL;
            if (last && last->tensor == p->name && last->first + last->count == addr && last->element + last->count == element) {
                last->count++;
                continue;
            }
            x->output = nh_arena_grow(s->m.a, x->output, cap, (size_t)x->n_output + 1, sizeof *x->output);
            x->output[x->n_output++] = (nh_output_entry){.tensor = p->name, .first = addr, .count = 1, .element = element, .start = start,
                                                         .period = c->period, .is_output = p->is_output};
        }
    return base + b->words * lanes;
}
