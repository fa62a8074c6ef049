/* The first inference followed through the design, transfer by transfer, nothing stalled. */
#include "plan.h"
#include "intmath.h"
#include "times.h"

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

nh_times nh_times_new(nh_arena *a, int64_t n) { return (nh_times){nh_arena_array(a, (size_t)n, sizeof(int64_t)), n}; }

nh_times nh_times_gear(nh_arena *a, const nh_stream *s, nh_times in) {
    if (s->src_beat == s->dst_beat) return in;
    nh_times out = nh_times_new(a, nh_ceil_div(s->n, s->dst_beat));
    int64_t hold = s->src_beat > s->dst_beat ? nh_ceil_div(least(s->src_beat, s->n), s->dst_beat) : 1;
    for (int64_t k = 1; k < in.n; k++) in.at[k] = most(in.at[k], in.at[k - 1] + hold);
    for (int64_t m = 0; m < out.n; m++) {
        int64_t last = least((m + 1) * s->dst_beat, s->n) - 1;
        int64_t ready = in.at[last / s->src_beat] + NH_GEAR_LATENCY;
        out.at[m] = m == 0 ? ready : most(ready, out.at[m - 1] + 1);
    }
    return out;
}

nh_times nh_times_mac(nh_arena *a, const nh_mac *m, nh_times in, int64_t start) {
    int64_t tree = m->exact ? nh_log2_ceil((uint64_t)m->in_lanes) : 1;
    int64_t post = (m->mul ? NH_BEAT_ROM_LATENCY : 0) + m->post->latency_cycles + NH_SKID_LATENCY;
    nh_times out = nh_times_new(a, m->groups);
    int64_t loaded = most(in.at[in.n - 1], start);
    for (int64_t g = 0; g < m->groups; g++) {
        int64_t computed = m->groups == 1 ? loaded : loaded + (g + 1) * m->in_words;
        out.at[g] = computed + NH_MAC_LATENCY + tree + post;
    }
    return out;
}

static nh_times through_unit(nh_arena *a, const nh_unit *u, nh_times in) {
    if (u->kind == NH_UNIT_MAC) return nh_times_mac(a, &u->mac, in, 0);
    nh_times out = nh_times_new(a, 1);
    out.at[0] = in.at[0] + u->dp->latency_cycles + NH_SKID_LATENCY;
    return out;
}

void nh_plan_cycles(nh_design *g) {
    nh_arena *a = nh_arena_new();
    const nh_stream *input = &g->stream[g->input];
    nh_times t = nh_times_new(a, nh_ceil_div(input->n, input->src_beat));
    for (int64_t k = 0; k < t.n; k++) t.at[k] = k;
    g->ii_cycles = 1;
    for (int k = 0; k <= g->n_unit; k++) {
        const nh_stream *s = &g->stream[k];
        g->ii_cycles = most(g->ii_cycles, most(nh_ceil_div(s->n, s->src_beat), nh_ceil_div(s->n, s->dst_beat)));
        int64_t first = t.at[0];
        t = nh_times_gear(a, s, t);
        if (k == g->n_unit) break;
        nh_unit *u = &g->unit[k];
        t = through_unit(a, u, t);
        u->ii_cycles = u->kind == NH_UNIT_MAC ? u->reuse_factor : 1;
        u->latency_cycles = t.at[t.n - 1] - first;
        g->ii_cycles = most(g->ii_cycles, u->ii_cycles);
    }
    g->latency_cycles = t.at[t.n - 1] + NH_SKID_LATENCY;
    nh_arena_free(a);
}
