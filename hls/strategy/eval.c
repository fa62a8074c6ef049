/* The integer model of a design, one step at a time: the model that generated C and RTL are compared with. */
#include <string.h>

#include "unit.h"

struct nh_design_state {
    const nh_design *g;
    int64_t **memory; /* [n_unit] */
    int64_t step;     /* of the sample */
};

int64_t **nh_design_buffers(nh_arena *a, const nh_design *g) {
    int64_t **raw = nh_arena_array(a, (size_t)g->n_stream, sizeof *raw);
    for (int s = 0; s < g->n_stream; s++) raw[s] = nh_arena_array(a, (size_t)g->stream[s].n, sizeof **raw);
    return raw;
}

static int64_t memory_of(const nh_design *g, int unit) {
    return nh_unit_get(g->unit[unit].kind)->memory(g, &g->unit[unit]);
}

nh_design_state *nh_design_state_new(nh_arena *a, const nh_design *g) {
    nh_design_state *s = NH_NEW(a, nh_design_state);
    s->g = g;
    s->memory = nh_arena_array(a, (size_t)g->n_unit + 1, sizeof *s->memory);
    for (int i = 0; i < g->n_unit; i++) {
        int64_t n = memory_of(g, i);
        if (n > 0) s->memory[i] = nh_arena_array(a, (size_t)n, sizeof(int64_t));
    }
    return s;
}

void nh_design_state_reset(nh_design_state *s) {
    s->step = 0;
    for (int i = 0; i < s->g->n_unit; i++)
        if (s->memory[i]) memset(s->memory[i], 0, (size_t)memory_of(s->g, i) * sizeof(int64_t));
}

void nh_design_step(const nh_design *g, nh_design_state *s, const int64_t *x, int64_t **raw, nh_fx_count *count) {
    for (int k = 0; k < nh_design_inputs(g); k++) {
        int in = nh_design_input(g, k);
        memcpy(raw[in], x, (size_t)g->stream[in].n * sizeof(int64_t));
        x += g->stream[in].n;
    }
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < g->n_unit; i++) {
            const nh_unit *u = &g->unit[i];
            nh_unit_step e = {g, u, raw, s->memory[i], s->step, count ? &count[u->out[0]] : NULL};
            if (pass == 0) nh_unit_get(u->kind)->eval(&e);
            if (pass == 1 && nh_unit_closes_loop(u)) nh_delay_take(&e);
        }
    s->step++;
}
