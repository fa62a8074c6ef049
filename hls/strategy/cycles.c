/* The first inference followed through the design, transfer by transfer, nothing stalled. The constants are the latencies that
 * the headers of rtl_templates state; tests compare the result with the Verilated design, cycle for cycle. */
#include "plan.h"
#include "intmath.h"

enum {
    GEAR_LATENCY = 2,  /* nh_gear: from the transfer that completes an output word */
    SKID_LATENCY = 1,  /* nh_skid behind every unit, and inside nh_axis_out */
    BEAT_ROM_LATENCY = 1,
    MAC_LATENCY = 4    /* nh_dense_mac: word read, product, accumulator, skid; the adder tree comes on top */
};

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Cycles at which the transfers of one tensor happen. */
typedef struct {
    int64_t *at, n;
} times;

static times times_new(nh_arena *a, int64_t n) { return (times){nh_arena_array(a, (size_t)n, sizeof(int64_t)), n}; }

/* Through nh_gear: output word m leaves when its last element is in, one a cycle; a wide input word occupies the gear until it
 * has been shifted out. Rewrites `in` to when the gear took the words. */
static times through_gear(nh_arena *a, const nh_stream *s, times in)
{
    if (s->src_beat == s->dst_beat) return in;
    times out = times_new(a, nh_ceil_div(s->n, s->dst_beat));
    int64_t hold = s->src_beat > s->dst_beat ? nh_ceil_div(least(s->src_beat, s->n), s->dst_beat) : 1;
    for (int64_t k = 1; k < in.n; k++) in.at[k] = most(in.at[k], in.at[k - 1] + hold);
    for (int64_t m = 0; m < out.n; m++) {
        int64_t last = least((m + 1) * s->dst_beat, s->n) - 1;
        int64_t ready = in.at[last / s->src_beat] + GEAR_LATENCY;
        out.at[m] = m == 0 ? ready : most(ready, out.at[m - 1] + 1);
    }
    return out;
}

static times through_mac(nh_arena *a, const nh_mac *m, times in)
{
    int64_t tree = m->exact ? nh_log2_ceil((uint64_t)m->in_lanes) : 1;
    int64_t post = (m->mul ? BEAT_ROM_LATENCY : 0) + m->post->latency_cycles + SKID_LATENCY;
    times out = times_new(a, m->groups);
    int64_t loaded = in.at[in.n - 1];
    for (int64_t g = 0; g < m->groups; g++) {
        int64_t computed = m->groups == 1 ? loaded : loaded + (g + 1) * m->in_words;
        out.at[g] = computed + MAC_LATENCY + tree + post;
    }
    return out;
}

static times through_unit(nh_arena *a, const nh_unit *u, times in)
{
    if (u->kind == NH_UNIT_MAC) return through_mac(a, &u->mac, in);
    times out = times_new(a, 1);
    out.at[0] = in.at[0] + u->dp->latency_cycles + SKID_LATENCY;
    return out;
}

void nh_plan_cycles(nh_design *g)
{
    nh_arena *a = nh_arena_new();
    const nh_stream *input = &g->stream[g->input];
    times t = times_new(a, nh_ceil_div(input->n, input->src_beat));
    for (int64_t k = 0; k < t.n; k++) t.at[k] = k;
    g->ii_cycles = 1;
    for (int k = 0; k <= g->n_unit; k++) {
        const nh_stream *s = &g->stream[k];
        g->ii_cycles = most(g->ii_cycles, most(nh_ceil_div(s->n, s->src_beat), nh_ceil_div(s->n, s->dst_beat)));
        int64_t first = t.at[0];
        t = through_gear(a, s, t);
        if (k == g->n_unit) break;
        nh_unit *u = &g->unit[k];
        t = through_unit(a, u, t);
        u->ii_cycles = u->kind == NH_UNIT_MAC ? u->reuse_factor : 1;
        u->latency_cycles = t.at[t.n - 1] - first;
        g->ii_cycles = most(g->ii_cycles, u->ii_cycles);
    }
    g->latency_cycles = t.at[t.n - 1] + SKID_LATENCY;
    nh_arena_free(a);
}
