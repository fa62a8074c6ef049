/* Events per step at the edges of a context. */
#include "map_parts.h"

static double events(const nh_population *p, bool *measured) {
    if (p->rate < 0) *measured = false;
    return (double)nh_population_size(p) * (p->rate < 0 ? 1 : p->rate);
}

static bool is_in(const nh_map_plan *p, int pop, int context, bool *later) {
    bool in = false;
    for (int64_t k = p->first_piece[p->position[pop]]; k < p->first_piece[p->position[pop] + 1]; k++) {
        in |= p->piece[k].context == context;
        *later |= p->piece[k].context > context;
    }
    return in;
}

nh_map_traffic nh_map_traffic_of(const nh_map_plan *p, const nh_event_net *net, int context) {
    nh_map_traffic t = {.is_measured = true};
    nh_arena *a = nh_arena_new();
    bool *in = nh_arena_array(a, (size_t)net->n_pop + 1, sizeof *in),
         *later = nh_arena_array(a, (size_t)net->n_pop + 1, sizeof *later);
    bool *read = nh_arena_array(a, (size_t)net->n_pop + 1, sizeof *read),
         *kept = nh_arena_array(a, (size_t)net->n_pop + 1, sizeof *kept);
    for (int i = 0; i < net->n_pop; i++) in[i] = is_in(p, i, context, &later[i]);
    for (int i = 0; i < net->n_proj; i++) {
        const nh_projection *q = &net->proj[i];
        if (in[q->to] && !in[q->from]) read[q->from] = true;
        if (in[q->from] && later[q->to]) kept[q->from] = true;
    }
    for (int i = 0; i < net->n_pop; i++) {
        const nh_population *s = &net->pop[i];
        if (read[i]) *(s->kind == NH_POP_INPUT ? &t.in : &t.carried_in) += events(s, &t.is_measured);
        if (in[i] && s->is_output) t.out += events(s, &t.is_measured);
        if (kept[i]) t.carried_out += events(s, &t.is_measured);
    }
    nh_arena_free(a);
    return t;
}
