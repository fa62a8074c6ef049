/* Some steps of the first sample followed through the design, transfer by transfer, nothing stalled from outside.
 * Buffers are taken to be as deep as they need to be, so the initiation interval is that of the slowest unit, stream or
 * loop. */
#include "intmath.h"
#include "plan.h"
#include "unit.h"

static int64_t max(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }

nh_times nh_times_new(nh_arena *a, int64_t n) { return (nh_times){nh_arena_array(a, (size_t)n, sizeof(int64_t)), n}; }

nh_times nh_times_gear(nh_arena *a, const nh_stream *s, nh_times in) {
    if (s->src_beat == s->dst_beat) return in;
    nh_times out = nh_times_new(a, nh_ceil_div(s->n, s->dst_beat));
    int64_t hold = s->src_beat > s->dst_beat ? nh_ceil_div(min(s->src_beat, s->n), s->dst_beat) : 1;
    for (int64_t k = 1; k < in.n; k++) in.at[k] = max(in.at[k], in.at[k - 1] + hold);
    for (int64_t m = 0; m < out.n; m++) {
        int64_t last = min((m + 1) * s->dst_beat, s->n) - 1;
        int64_t ready = in.at[last / s->src_beat] + NH_GEAR_LATENCY;
        out.at[m] = m == 0 ? ready : max(ready, out.at[m - 1] + 1);
    }
    return out;
}

void nh_times_in_order(nh_times t, int64_t from) {
    for (int64_t k = 0; k < t.n; k++) t.at[k] = max(t.at[k], k == 0 ? from : t.at[k - 1] + 1);
}

nh_times nh_schedule_input(nh_schedule *s, const nh_unit *u, int k, int step) {
    nh_times from = s->sent[u->in[k]][step], copy = nh_times_new(s->a, from.n);
    for (int64_t i = 0; i < from.n; i++) copy.at[i] = from.at[i];
    return nh_times_gear(s->a, &s->g->stream[u->in[k]], copy);
}

static void follow_step(nh_schedule *s, int step) {
    nh_design *g = s->g;
    for (int i = 0; i < nh_design_inputs(g); i++) {
        const nh_stream *input = &g->stream[nh_design_input(g, i)];
        nh_times t = nh_times_new(s->a, nh_ceil_div(input->n, input->src_beat));
        for (int64_t k = 0; k < t.n; k++) t.at[k] = step * max(t.n, s->pace) + k;
        s->sent[nh_design_input(g, i)][step] = t;
    }
    for (int i = 0; i < g->n_unit; i++) {
        nh_unit *u = &g->unit[i];
        nh_times out = nh_unit_get(u->kind)->times(s, i, step);
        for (int k = 0; k < u->n_out; k++) s->sent[u->out[k]][step] = out;
        if (step > 0 || nh_unit_closes_loop(u)) continue;
        u->latency_cycles = out.at[out.n - 1] - s->sent[u->in[0]][0].at[0];
    }
}

static nh_schedule new_schedule(nh_arena *a, nh_design *g, int64_t pace) {
    nh_schedule s = {.a = a, .g = g, .pace = pace};
    s.sent = nh_arena_array(a, (size_t)g->n_stream + 1, sizeof *s.sent);
    s.ready = nh_arena_array(a, (size_t)g->n_unit + 1, sizeof *s.ready);
    s.window = nh_arena_array(a, (size_t)g->n_unit + 1, sizeof *s.window);
    s.written = nh_arena_array(a, (size_t)g->n_unit + 1, sizeof *s.written);
    s.taken = nh_arena_array(a, (size_t)g->n_unit + 1, sizeof *s.taken);
    return s;
}

/* A word finds room when the FIFO holds less than `depth` at the beginning of its cycle: what leaves in that same cycle
 * makes no room yet. So the depth is the most words that are inside at the beginning of a transfer, and that one. */
static int64_t least_depth(const nh_schedule *s, const nh_unit *u) {
    const nh_times *push = s->taken[u - s->g->unit];
    const nh_times *pop = s->taken[s->g->stream[u->out[0]].dst];
    int64_t words = u->delay.words, total = words * NH_SCHEDULE_STEPS, gone = 0, depth = 1;
    for (int64_t i = 0; i < total; i++) {
        int64_t now = push[i / words].at[i % words];
        while (gone < i && pop[gone / words].at[gone % words] < now) gone++;
        depth = max(depth, i + 1 - gone);
    }
    return depth;
}

/* The least depths that never stall a fork when frames come at the design's interval.
 *
 * No deadlock with these, nor with deeper ones, however the ports stall. Every unit takes and gives transfers in an
 * order that does not depend on time, a fork and a FIFO too, so a network of them is determinate: whether transfer k of
 * a stream ever happens depends on the room in the FIFOs and not on when anything is offered or taken. The plan is a
 * run in which every transfer happens and no FIFO holds more than its depth; so all of them happen in every run. */
static void compute_depths(nh_design *g) {
    bool some = false;
    for (int i = 0; i < g->n_unit; i++) some |= nh_unit_is_fifo(&g->unit[i]);
    if (!some) return;
    nh_arena *a = nh_arena_new();
    nh_schedule s = new_schedule(a, g, g->ii_cycles);
    for (int step = 0; step < NH_SCHEDULE_STEPS; step++) follow_step(&s, step);
    for (int i = 0; i < g->n_unit; i++)
        if (nh_unit_is_fifo(&g->unit[i])) g->unit[i].delay.depth = least_depth(&s, &g->unit[i]);
    nh_arena_free(a);
}

void nh_plan_cycles(nh_design *g) {
    nh_arena *a = nh_arena_new();
    nh_schedule s = new_schedule(a, g, 0);
    for (int i = 0; i < g->n_unit; i++) g->unit[i].ii_cycles = nh_unit_get(g->unit[i].kind)->interval(&g->unit[i]);
    for (int step = 0; step < NH_SCHEDULE_STEPS; step++) follow_step(&s, step);
    nh_times first = nh_times_gear(a, &g->stream[g->output], s.sent[g->output][0]);
    nh_times middle = s.sent[g->output][NH_SCHEDULE_STEPS / 2], last = s.sent[g->output][NH_SCHEDULE_STEPS - 1];
    int64_t through = last.at[last.n - 1] - middle.at[middle.n - 1];
    g->ii_cycles = max(1, nh_ceil_div(through, NH_SCHEDULE_STEPS - 1 - NH_SCHEDULE_STEPS / 2));
    for (int k = 0; k < g->n_stream; k++) {
        const nh_stream *x = &g->stream[k];
        g->ii_cycles = max(g->ii_cycles, max(nh_ceil_div(x->n, x->src_beat), nh_ceil_div(x->n, x->dst_beat)));
    }
    g->latency_cycles = first.at[first.n - 1] + NH_SKID_LATENCY;
    compute_depths(g);
    nh_arena_free(a);
}
