/* Some steps followed through a design, transfer by transfer, nothing stalled from outside; in a network of frames a
 * step is an inference. Buffers are taken to be as deep as they need to be, so the initiation interval is that of the
 * slowest unit or of the slowest loop. */
#include "intmath.h"
#include "plan.h"
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

enum { STEPS = 12 };

typedef struct {
    nh_arena *a;
    nh_design *g;
    nh_times (*at)[STEPS];   /* [n_stream]: transfers at the producer */
    int64_t *ready;          /* [n_unit]: when the unit can begin the next step */
    nh_times *written;       /* [n_unit]: NEURON: when the states of the step before are written */
    int64_t (*first)[STEPS]; /* [n_unit]: first input transfer */
} walk;

/* One after the other, and not before `from`. */
static void in_order(nh_times t, int64_t from) {
    for (int64_t k = 0; k < t.n; k++) t.at[k] = most(t.at[k], k == 0 ? from : t.at[k - 1] + 1);
}

static nh_times input_of(walk *w, const nh_unit *u, int k, int step) {
    const nh_stream *s = &w->g->stream[u->in[k]];
    nh_times from = w->at[u->in[k]][step], copy = nh_times_new(w->a, from.n);
    for (int64_t i = 0; i < from.n; i++) copy.at[i] = from.at[i];
    return nh_times_gear(w->a, s, copy);
}

static nh_times through_conv(walk *w, const nh_unit *u, nh_times in, int64_t start) {
    const nh_conv *v = &u->conv;
    int64_t words = v->h_out * v->w_out * v->c_out / v->out_lanes, each = v->cycles / words,
            loaded = most(in.at[in.n - 1], start);
    int64_t tree = v->depthwise ? 0 : nh_log2_ceil((uint64_t)v->in_lanes);
    nh_times out = nh_times_new(w->a, words);
    for (int64_t k = 0; k < words; k++) out.at[k] = loaded + (k + 1) * each + NH_CONV_LATENCY + tree + NH_SKID_LATENCY;
    return out;
}

static nh_times times_neuron(walk *w, int index, int step) {
    const nh_unit *u = &w->g->unit[index];
    const nh_neuron_unit *n = &u->neuron;
    int64_t latency =
        (n->n_param > 0 ? NH_BEAT_ROM_LATENCY : 0) + (n->n_state > 0 ? NH_STATE_LATENCY : 0) + n->dp->latency_cycles;
    nh_times out = nh_times_new(w->a, n->words);
    for (int k = 0; k < u->n_in; k++) {
        nh_times in = input_of(w, u, k, step);
        for (int64_t i = 0; i < n->words; i++) out.at[i] = most(out.at[i], in.at[i]);
    }
    in_order(out, w->ready[index]);
    for (int64_t i = 0; i < n->words; i++) {
        if (step > 0 && n->n_state > 0) out.at[i] = most(out.at[i], w->written[index].at[i] + 1);
        if (i > 0) out.at[i] = most(out.at[i], out.at[i - 1] + 1);
    }
    w->ready[index] = out.at[n->words - 1] + 1;
    nh_times done = nh_times_new(w->a, n->words);
    for (int64_t i = 0; i < n->words; i++) {
        done.at[i] = out.at[i] + latency;
        out.at[i] = done.at[i] + NH_SKID_LATENCY;
    }
    w->written[index] = done;
    return out;
}

/* The delay of the whole frame is its smallest one: what leaves earlier elements could not hurry. */
static nh_times times_delay(walk *w, int index, int step) {
    const nh_unit *u = &w->g->unit[index];
    const nh_delay_unit *y = &u->delay;
    int64_t late = y->is_late ? y->most : 0;
    for (int64_t i = 0; i < y->n_steps; i++) late = y->steps[i] < late ? y->steps[i] : late; /* of a loop */
    nh_times out = nh_times_new(w->a, y->words);
    if (step >= late) {
        nh_times in = input_of(w, u, 0, (int)(step - late));
        for (int64_t i = 0; i < y->words; i++) out.at[i] = in.at[i];
    }
    in_order(out, w->ready[index]);
    w->ready[index] = out.at[y->words - 1] + 1;
    int64_t latency = step < late ? NH_DELAY_LATENCY - 1 : NH_DELAY_LATENCY; /* zeros are not fetched for an input */
    for (int64_t i = 0; i < y->words; i++) out.at[i] += latency;
    return out;
}

static nh_times times_fork(walk *w, int index, int step) {
    nh_times in = input_of(w, &w->g->unit[index], 0, step);
    for (int64_t i = 0; i < in.n; i++) in.at[i] += NH_SKID_LATENCY;
    return in;
}

static nh_times times_datapath(walk *w, int index, int step) {
    const nh_unit *u = &w->g->unit[index];
    int64_t begin = most(input_of(w, u, 0, step).at[0], w->ready[index]);
    nh_times out = nh_times_new(w->a, 1);
    out.at[0] = begin + u->dp->latency_cycles + NH_SKID_LATENCY;
    w->ready[index] = begin + 1;
    return out;
}

static nh_times times_mac(walk *w, int index, int step) {
    const nh_unit *u = &w->g->unit[index];
    nh_times in = input_of(w, u, 0, step);
    int64_t start = w->ready[index];
    w->ready[index] = most(in.at[in.n - 1], start) + u->ii_cycles;
    return nh_times_mac(w->a, &u->mac, in, start);
}

static nh_times times_conv(walk *w, int index, int step) {
    const nh_unit *u = &w->g->unit[index];
    nh_times in = input_of(w, u, 0, step);
    int64_t start = w->ready[index];
    w->ready[index] = most(in.at[in.n - 1], start) + u->ii_cycles;
    return through_conv(w, u, in, start);
}

static int64_t interval_mac(const nh_unit *u) { return u->reuse_factor; }
static int64_t interval_conv(const nh_unit *u) { return u->conv.cycles; }
static int64_t interval_neuron(const nh_unit *u) { return u->neuron.words; }
static int64_t interval_delay(const nh_unit *u) { return u->delay.words; }

/* A transfer a cycle. */
static int64_t interval_datapath(const nh_unit *u) { return (void)u, 1; }
static int64_t interval_fork(const nh_unit *u) { return (void)u, 1; }

static const struct {
    int64_t (*interval)(const nh_unit *u);
    nh_times (*times)(walk *w, int index, int step);
} plan[] = {
#define NH_UNIT(KIND, symbol) [NH_UNIT_##KIND] = {interval_##symbol, times_##symbol},
#include "units.def"
#undef NH_UNIT
};

static void walk_step(walk *w, int step) {
    nh_design *g = w->g;
    for (int i = 0; i < nh_design_inputs(g); i++) {
        const nh_stream *input = &g->stream[nh_design_input(g, i)];
        nh_times t = nh_times_new(w->a, nh_ceil_div(input->n, input->src_beat));
        for (int64_t k = 0; k < t.n; k++) t.at[k] = step * t.n + k;
        w->at[nh_design_input(g, i)][step] = t;
    }
    for (int i = 0; i < g->n_unit; i++) {
        const nh_unit *u = &g->unit[i];
        nh_times out = plan[u->kind].times(w, i, step);
        for (int k = 0; k < u->n_out; k++) w->at[u->out[k]][step] = out;
        if (step > 0 || (u->kind == NH_UNIT_DELAY && u->delay.is_late)) continue;
        g->unit[i].latency_cycles = out.at[out.n - 1] - w->at[u->in[0]][0].at[0];
    }
}

void nh_plan_cycles(nh_design *g) {
    nh_arena *a = nh_arena_new();
    walk w = {.a = a, .g = g};
    w.at = nh_arena_array(a, (size_t)g->n_stream + 1, sizeof *w.at);
    w.ready = nh_arena_array(a, (size_t)g->n_unit + 1, sizeof *w.ready);
    w.written = nh_arena_array(a, (size_t)g->n_unit + 1, sizeof *w.written);
    for (int i = 0; i < g->n_unit; i++) g->unit[i].ii_cycles = plan[g->unit[i].kind].interval(&g->unit[i]);
    for (int step = 0; step < STEPS; step++) walk_step(&w, step);
    const nh_stream *out = &g->stream[g->output];
    nh_times first = nh_times_gear(a, out, w.at[g->output][0]);
    nh_times middle = w.at[g->output][STEPS / 2], last = w.at[g->output][STEPS - 1];
    int64_t through = last.at[last.n - 1] - middle.at[middle.n - 1], n = STEPS - 1 - STEPS / 2;
    g->ii_cycles = most(1, nh_ceil_div(through, n));
    for (int k = 0; k < g->n_stream; k++) {
        const nh_stream *s = &g->stream[k];
        g->ii_cycles = most(g->ii_cycles, most(nh_ceil_div(s->n, s->src_beat), nh_ceil_div(s->n, s->dst_beat)));
    }
    g->latency_cycles = first.at[first.n - 1] + NH_SKID_LATENCY;
    nh_arena_free(a);
}
