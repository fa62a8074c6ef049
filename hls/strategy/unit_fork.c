/* The unit FORK: one stream to several consumers. lower.c puts it where a tensor has several readers. */
#include <string.h>

#include "unit.h"

int64_t nh_unit_fork_interval(const nh_unit *u) {
    (void)u;
    return 1;
}

nh_times nh_unit_fork_times(nh_schedule *s, int unit, int step) {
    nh_times t = nh_schedule_input(s, &s->g->unit[unit], 0, step);
    for (int64_t i = 0; i < t.n; i++) t.at[i] += NH_SKID_LATENCY;
    return t;
}

int64_t nh_unit_fork_memory(const nh_design *g, const nh_unit *u) {
    (void)g;
    (void)u;
    return 0;
}

void nh_unit_fork_eval(const nh_unit_step *e) {
    const nh_unit *u = e->unit;
    size_t bytes = (size_t)e->g->stream[u->in[0]].n * sizeof(int64_t);
    for (int k = 0; k < u->n_out; k++) memcpy(e->raw[u->out[k]], e->raw[u->in[0]], bytes);
}

nh_resources nh_unit_fork_estimate(const nh_design *g, const nh_unit *u) {
    (void)g;
    (void)u;
    return (nh_resources){0};
}
