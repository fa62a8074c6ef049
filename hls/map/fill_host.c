/* What goes in and out of the mesh: the entries of a context by which the host sends events, and reads them. */
#include "fill.h"

/* Where the elements of an input begin among those of all. */
static int64_t place_of(const nh_event_net *net, const char *tensor) {
    int64_t place = 0;
    for (int i = 0; i < net->n_pop; i++) {
        if (net->pop[i].kind != NH_POP_INPUT) continue;
        if (net->pop[i].name == tensor) return place;
        place += nh_population_size(&net->pop[i]);
    }
    return 0; /* what an earlier context made */
}

/* Rows that follow those of an entry to the same tiles. */
static bool joins(const nh_input_entry *a, const nh_input_entry *b) {
    return a->is_conv && b->is_conv && a->tensor == b->tensor && a->base == b->base && a->delay == b->delay &&
           a->y_to == b->y_from && a->to.x0 == b->to.x0 && a->to.x1 == b->to.x1 && a->to.y0 == b->to.y0 &&
           a->to.y1 == b->to.y1;
}

static void put_input(nh_filler *s, nh_context *x, const nh_input_entry *e, size_t *cap) {
    for (int64_t i = e->is_conv ? x->n_input : 0; i-- > 0;) {
        if (!joins(&x->input[i], e)) continue;
        x->input[i].y_to = e->y_to;
        return;
    }
    x->input = nh_arena_grow(s->m.a, x->input, cap, (size_t)x->n_input + 1, sizeof *x->input);
    x->input[x->n_input] = *e;
    x->input[x->n_input++].first += place_of(s->m.net, e->tensor);
}

void nh_fill_inputs(nh_filler *s, nh_context *x, int context) {
    nh_arena *t = nh_arena_new();
    nh_map_inputs all = nh_map_inputs_of(&s->m, t, context);
    nh_rect *to = nh_arena_array(t, (size_t)s->m.f->mesh_x * (size_t)s->m.f->mesh_y, sizeof *to);
    size_t cap = 0;
    for (int64_t i = 0; i < all.n; i++) {
        nh_input_entry e = all.input[i].e;
        double events = nh_map_input_events(&s->m, &e);
        int64_t n = nh_map_input_rects(&s->m, &all, i, context, to);
        for (int64_t k = 0; k < n; k++) {
            e.to = to[k];
            put_input(s, x, &e, &cap);
            s->p->traffic_hops += nh_map_host_hops(to[k]) * events;
        }
        s->p->host_words += events * (double)n;
        s->p->host_words_alone += events * (double)all.input[i].n;
    }
    nh_arena_free(t);
}

/* Outputs of the network, and what later contexts read. */
static bool leaves(const nh_map_plan *p, const nh_event_net *net, const int *by_source, const int *first_by_source,
                   const nh_map_piece *b) {
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

bool nh_map_host_fits(const nh_map_plan *p, const nh_fabric *f) {
    return nh_clog2(nh_map_host_axons(p, f)) <= nh_map_addr_bits(f) - (f->convs > 0);
}

int64_t nh_fill_outputs(nh_filler *s, nh_context *x, const nh_map_piece *b, nh_core_image *c, int64_t base,
                        size_t *cap) {
    const nh_population *p = &s->m.net->pop[b->pop];
    int64_t start = s->p->start[(int64_t)b->context * s->m.net->n_pop + b->pop];
    int lanes = s->m.f->lanes;
    if (!leaves(s->p, s->m.net, s->by_source, s->first_by_source, b)) return base;
    c->route[c->n_route++] = (nh_route){.first = b->word0,
                                        .words = b->words,
                                        .to_host = true,
                                        .base = base,
                                        .limit = b->words * lanes,
                                        .pixel_words = 1,
                                        .width = 1};
    for (int64_t i = 0; i < b->words; i++)
        for (int lane = 0; lane < lanes; lane++) {
            int64_t ch = i % b->features * lanes + lane, pixel = i / b->features;
            if (ch >= b->c) continue;
            int64_t element = ((b->c0 + ch) * p->h + b->y0 + pixel / b->w) * p->w + b->x0 + pixel % b->w,
                    addr = base + i * lanes + lane;
            nh_output_entry *last = x->n_output ? &x->output[x->n_output - 1] : NULL;
            if (last && last->tensor == p->name && last->first + last->count == addr &&
                last->element + last->count == element) {
                last->count++;
                continue;
            }
            x->output = nh_arena_grow(s->m.a, x->output, cap, (size_t)x->n_output + 1, sizeof *x->output);
            x->output[x->n_output++] = (nh_output_entry){.tensor = p->name,
                                                         .first = addr,
                                                         .count = 1,
                                                         .element = element,
                                                         .start = start,
                                                         .period = c->period,
                                                         .is_output = p->is_output};
        }
    return base + b->words * lanes;
}
