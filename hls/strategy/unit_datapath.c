/* The unit DATAPATH: one pipelined datapath over whole vectors. */
#include "intmath.h"
#include "lower.h"
#include "unit.h"

bool nh_lower_datapath(nh_lowering *c, const nh_layer_run *r) {
    int source = nh_lower_take(c, r->layer[0]->in[0]);
    nh_unit *u = nh_lower_unit(c, NH_UNIT_DATAPATH, r);
    if (r->layer[0]->opt.strategy == NH_STRATEGY_RESOURCE)
        nh_notes_add(&c->notes, "built as one pipelined datapath: only the multipliers of dense layers are shared");
    u->strategy = NH_STRATEGY_LATENCY;
    u->dp = nh_build_unrolled(c->a, c->d, r, nh_arena_printf(c->a, "%s_dp", u->id), &c->notes);
    if (!u->dp) return false;
    nh_lower_feed(c, u, source, u->dp->in[0].n);
    nh_lower_give(c, u, r->layer[r->n - 1]->out, u->dp->out[0].n);
    return true;
}

int64_t nh_unit_datapath_interval(const nh_unit *u) {
    (void)u;
    return 1;
}

nh_times nh_unit_datapath_times(nh_schedule *s, int unit, int step) {
    const nh_unit *u = &s->g->unit[unit];
    nh_times in = nh_schedule_input(s, u, 0, step), out = nh_times_new(s->a, 1);
    int64_t start = in.at[0] > s->ready[unit] ? in.at[0] : s->ready[unit];
    out.at[0] = start + u->dp->latency_cycles + NH_SKID_LATENCY;
    s->ready[unit] = start + 1;
    return out;
}

int64_t nh_unit_datapath_memory(const nh_design *g, const nh_unit *u) {
    (void)g;
    (void)u;
    return 0;
}

void nh_unit_datapath_eval(const nh_unit_step *e) {
    const nh_dp *p = e->unit->dp;
    const int64_t *x = e->raw[e->unit->in[0]];
    int64_t *y = e->raw[e->unit->out[0]];
    nh_format x_fmt = e->g->stream[e->unit->in[0]].fmt;
    nh_arena *scratch = nh_arena_new();
    nh_i128 *in = nh_arena_alloc(scratch, (size_t)p->in[0].n * sizeof *in);
    nh_i128 *out = nh_arena_alloc(scratch, (size_t)p->out[0].n * sizeof *out);
    for (int64_t i = 0; i < p->in[0].n; i++) in[i] = nh_widen(x[i], x_fmt);
    const nh_i128 *inputs[] = {in};
    nh_i128 *results[] = {out};
    nh_dp_eval_count(p, inputs, results, e->count);
    for (int64_t o = 0; o < p->out[0].n; o++) y[o] = (int64_t)out[o];
    nh_arena_free(scratch);
}

nh_resources nh_unit_datapath_estimate(const nh_design *g, const nh_unit *u) {
    nh_resources r = {0};
    nh_add_datapath(&r, u->dp, &g->opt->target, 1);
    return r;
}
