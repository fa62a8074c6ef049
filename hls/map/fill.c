/* The image of a plan: widths, then context by context the memories of its cores, routes, symbols, and what the host
 * must know. */
#include "fill.h"

#include <inttypes.h>
#include <string.h>

/* Of the network as given: partial sums are bounded by the sums that they are parts of. */
static bool check_widths(nh_filler *s) {
    const nh_event_net *net = s->m.given;
    const nh_fabric *f = s->m.f;
    int *weight = nh_arena_array(s->m.a, (size_t)net->n_proj + 1, sizeof *weight);
    for (int k = 0; k < net->n_pop * f->accumulators; k++) {
        int pop = k / f->accumulators, bits = nh_map_sum_bits(net, pop, k % f->accumulators, weight);
        if (bits > f->accum_bits)
            s->ok = nh_map_fail(&s->m, NH_P_MAP_ACCUM, net->pop[pop].name, "accum_bits", bits, f->accum_bits, true);
    }
    for (int i = 0; i < net->n_proj; i++)
        if (weight[i] > f->weight_bits)
            s->ok =
                nh_map_fail(&s->m, NH_P_MAP_WEIGHT, net->proj[i].name, "weight_bits", weight[i], f->weight_bits, true);
    return s->ok;
}

/* Addresses of what leaves for the host are those of axons. */
static bool check_host(nh_filler *s) {
    if (nh_map_host_fits(s->p, s->m.f)) return true;
    nh_map_fail(&s->m, NH_P_MAP_TABLE, s->m.net->name, "axons", nh_map_host_axons(s->p, s->m.f), s->m.f->axons, true);
    s->p->certificate.split =
        "what leaves for the host, network outputs and values for later contexts, has the addresses of axons";
    nh_diag_hint(s->m.d, "%s", s->p->certificate.split);
    return s->ok = false;
}

/* --- cores and contexts ------------------------------------------------------------------------------------------ */

/* Routes of a piece, the one to the host last; the first address there that is free after it. */
static int64_t fill_routes(nh_filler *s, nh_context *x, int64_t piece, nh_core_image *c, int64_t host, size_t *cap) {
    const nh_map_piece *b = &s->p->piece[piece];
    nh_arena *tmp = nh_arena_new();
    int64_t n, old = c->n_route;
    nh_route *r = nh_map_routes(&s->m, tmp, piece, s->by_source, s->first_by_source, &n),
             *all = nh_arena_array(s->m.a, (size_t)(old + n) + 2, sizeof *all);
    for (int64_t i = 0; i < old + n; i++) all[i] = i < old ? c->route[i] : r[i - old];
    c->route = all;
    c->n_route = old + n;
    nh_arena_free(tmp);
    host = nh_fill_outputs(s, x, b, c, host, cap);
    double rate = s->m.net->pop[b->pop].rate;
    for (int64_t i = old; i < c->n_route; i++)
        s->p->traffic_hops +=
            nh_map_hops(b, &c->route[i]) * (double)(c->route[i].words * s->m.f->lanes) * (rate < 0 ? 1 : rate);
    s->p->piece[piece].routes = c->n_route - old;
    return host;
}

static int64_t fill_core(nh_filler *s, nh_context *x, nh_map_core *k, nh_core_image *c, int64_t host, size_t *cap) {
    const nh_map_plan *p = s->p;
    int64_t period = p->period[k->context];
    const nh_population *first = &s->m.net->pop[p->piece[k->piece[0]].pop];
    *c = (nh_core_image){.x = k->x,
                         .y = k->y,
                         .start = k->start,
                         .period = period,
                         .words = k->words,
                         .reset_period = first->reset_period,
                         .reset_phase = first->reset_phase}; /* what is reset has its cores for itself */
    nh_fill_tables(s, k, c);
    for (int64_t i = 0; i < k->n_piece; i++) {
        const nh_map_piece *b = &p->piece[k->piece[i]];
        const char *name = s->m.net->pop[b->pop].name;
        int64_t end = p->start[(int64_t)k->context * s->m.net->n_pop + b->pop] + period * (s->m.net->steps - 1) + 1;
        host = fill_routes(s, x, k->piece[i], c, host, cap);
        nh_fill_synapses(s, b, c);
        nh_fill_params(s, b, c);
        x->symbol[x->n_symbol++] =
            (nh_symbol){name, b->x, b->y, b->word0, b->words, b->c0, b->c, b->y0, b->h, b->x0, b->w};
        if (end > x->ticks) x->ticks = end;
        if (c->n_route > s->m.f->routes)
            s->ok = nh_map_fail(&s->m, NH_P_MAP_TABLE, name, "routes", c->n_route, s->m.f->routes, true);
    }
    k->routes = c->n_route;
    if (k->routes > s->p->routes_most) s->p->routes_most = k->routes;
    return host;
}

static void fill_context(nh_filler *s, int context, nh_context *x) {
    const nh_map_plan *p = s->p;
    nh_arena *a = s->m.a;
    int64_t first = p->context_core[context], n = p->context_core[context + 1] - first, host = 0;
    size_t out = 0, pieces = (size_t)(p->context_first[context + 1] - p->context_first[context]);
    *x = (nh_context){.core = nh_arena_array(a, (size_t)n + 1, sizeof *x->core),
                      .n_core = (int)n,
                      .symbol = nh_arena_array(a, pieces + 1, sizeof *x->symbol)};
    for (int64_t k = 0; k < n; k++) host = fill_core(s, x, &s->p->core[first + k], &x->core[k], host, &out);
    nh_fill_inputs(s, x, context);
}

nh_image *nh_map_fill(nh_arena *a, nh_diag *d, const nh_event_net *given, const nh_fabric *f, nh_map_plan *plan) {
    const nh_event_net *net = plan->net;
    nh_filler s = {.m = {.a = a, .d = d, .net = net, .f = f, .p = plan, .given = given},
                   .p = plan,
                   .ok = !plan->certificate.failed};
    if (!s.ok) return NULL;
    if (!check_widths(&s) || !check_host(&s)) return nh_map_lever_of_fill(&s.m), NULL;
    nh_map_by_source(a, net, &s.by_source, &s.first_by_source);
    double t = nh_map_now();
    nh_map_place(&s.m, s.by_source, s.first_by_source);
    t = nh_map_clock(plan, NH_MAP_PLACE, t);
    s.row_start = nh_arena_array(a, (size_t)net->n_proj + 1, sizeof *s.row_start);
    for (int i = 0; i < net->n_proj; i++) s.row_start[i] = nh_map_row_starts(a, net, &net->proj[i]);
    nh_image *m = NH_NEW(a, nh_image);
    *m = (nh_image){.project = net->name, .fabric = *f, .steps = net->steps, .n_context = plan->n_context};
    for (int i = 0; i < net->n_pop; i++) {
        if (net->pop[i].kind == NH_POP_INPUT) m->input_size += nh_population_size(&net->pop[i]);
        if (net->pop[i].is_output) m->output_size += nh_population_size(&net->pop[i]);
    }
    m->context = nh_arena_array(a, (size_t)plan->n_context + 1, sizeof *m->context);
    for (int c = 0; c < plan->n_context; c++) fill_context(&s, c, &m->context[c]);
    nh_map_clock(plan, NH_MAP_FILL, t);
    if (!s.ok) nh_map_lever_of_fill(&s.m);
    return s.ok ? m : NULL;
}
