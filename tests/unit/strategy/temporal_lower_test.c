/* The lowering of networks in time: its structure, and the integer model against the same network evaluated in double. */
#include <criterion/criterion.h>

#include "../passes/temporal_net.h"
#include "design.h"
#include "layout.h"
#include "temporal.h"

enum { SAMPLES = 3 };

static void complain(const tnet *n) { nh_diag_print(n->d, NH_WARNING, false, stderr); }

static bool passes(tnet *n, const double *x, int64_t samples) {
    nh_samples s = {x, samples, n->g->steps * size_of(n, n->g->input)};
    return nh_pass_absorb(n->g, n->d) && nh_pass_temporal_fx(n->g, &n->o, x ? &s : NULL, n->d);
}

/*LOWERED*/
/* --- structure ------------------------------------------------------------------------------------------------------------ */

static bool is_late(const nh_unit *u) { return u->kind == NH_UNIT_DELAY && u->delay.is_late; }

static void check_stream(const nh_design *g, int s) {
    const nh_stream *t = &g->stream[s];
    int producers = 0, consumers = 0;
    for (int i = 0; i < g->n_unit; i++) {
        for (int k = 0; k < g->unit[i].n_out; k++) producers += g->unit[i].out[k] == s;
        for (int k = 0; k < g->unit[i].n_in; k++) consumers += g->unit[i].in[k] == s;
    }
    cr_assert_eq(producers, s != g->input, "stream %d has %d producers", s, producers);
    cr_assert_eq(consumers, s != g->output, "stream %d has %d consumers", s, consumers);
    cr_assert(s == g->input ? t->src == -1 : t->src >= 0, "stream %d", s);
    cr_assert(s == g->output ? t->dst == -1 : t->dst >= 0, "stream %d", s);
    if (t->dst >= 0) cr_assert(is_late(&g->unit[t->dst]) || t->src < t->dst, "unit %d reads unit %d", t->dst, t->src);
    cr_assert(t->src_beat >= 1 && t->src_beat <= t->n && t->dst_beat >= 1 && t->dst_beat <= t->n);
}

static bool holds_frame(const nh_unit *u) { return u->kind == NH_UNIT_MAC || u->kind == NH_UNIT_CONV || u->kind == NH_UNIT_DELAY; }

/* Does the stream come from a fork (or the port) with nothing between that holds a frame? */
static bool is_direct(const nh_design *g, int s) {
    int src = g->stream[s].src;
    return src < 0 || (!holds_frame(&g->unit[src]) && is_direct(g, g->unit[src].in[0]));
}

static void check_unit(const nh_design *g, const nh_unit *u) {
    nh_format x = g->stream[u->in[0]].fmt, y = g->stream[u->out[0]].fmt;
    cr_assert(u->n_in <= NH_UNIT_PORTS && u->n_out <= NH_UNIT_PORTS);
    cr_assert_eq(u->n_in, u->kind == NH_UNIT_NEURON ? u->neuron.n_acc : 1);
    cr_assert(u->kind == NH_UNIT_FORK ? u->n_out >= 2 : u->n_out == 1);
    for (int k = 0; k < u->n_in && u->n_in > 1; k++) cr_assert_not(is_direct(g, u->in[k]), "unit %s, input %d", u->id, k);
    for (int k = 0; k < u->n_out && u->kind == NH_UNIT_FORK; k++) {
        cr_assert_eq(g->stream[u->out[k]].src_beat, g->stream[u->in[0]].dst_beat);
        cr_assert(nh_format_equal(g->stream[u->out[k]].fmt, x));
    }
    if (u->kind == NH_UNIT_DELAY) { /* raw numbers pass as they are */
        cr_assert_eq(nh_format_frac(x), nh_format_frac(y), "%s", u->id);
        cr_assert(x.width_bits == y.width_bits && x.is_signed == y.is_signed, "%s", u->id);
        cr_assert(g->stream[u->out[0]].src_beat == u->delay.lanes && g->stream[u->in[0]].dst_beat == u->delay.lanes);
    }
}

static void check_design(const nh_design *g) {
    for (int s = 0; s < g->n_stream; s++) check_stream(g, s);
    for (int i = 0; i < g->n_unit; i++) check_unit(g, &g->unit[i]);
}

/*COUNT*/
/* --- the model against double ------------------------------------------------------------------------------------------------ */

static double real_of(int64_t raw, nh_format f) { return ldexp(f.is_signed ? (double)raw : (double)(uint64_t)raw, -nh_format_frac(f)); }

static void check_step(const nh_design *g, int64_t *const *raw, const nh_temporal_eval *e, uint64_t seed, int64_t step) {
    for (int s = 0; s < g->n_stream; s++) {
        const nh_stream *t = &g->stream[s];
        const double *want = nh_temporal_value(e, t->tensor);
        for (int64_t i = 0; i < t->n; i++) {
            int64_t at = t->order ? t->order[i] : i;
            cr_assert_eq(real_of(raw[s][i], t->fmt), want[at], "seed %d, step %d, stream of '%s', element %d: %.12g, not %.12g", (int)seed, (int)step,
                         g->graph->layer[g->graph->tensor[t->tensor].producer].name, (int)at, real_of(raw[s][i], t->fmt), want[at]);
        }
    }
}

/* Random inputs of the input's format, two samples. */
static void check_model(tnet *n, const nh_design *g, uint64_t seed) {
    nh_graph *f = fixed_as_float(n->a, n->g);
    nh_temporal_eval *e = nh_temporal_new(n->a, f, NH_FLOAT64);
    nh_design_state *state = nh_design_state_new(n->a, g);
    int64_t **raw = nh_design_buffers(n->a, g), size = size_of(n, n->g->input);
    nh_format in = g->stream[g->input].fmt;
    int64_t *x = nh_arena_array(n->a, (size_t)size, sizeof *x);
    double *v = nh_arena_array(n->a, (size_t)size, sizeof *v);
    for (int64_t step = 0; step < 2 * n->g->steps; step++) {
        if (step % n->g->steps == 0) nh_temporal_reset(e), nh_design_state_reset(state);
        for (int64_t i = 0; i < size; i++) {
            int64_t at = g->stream[g->input].order ? g->stream[g->input].order[i] : i;
            x[i] = between(n, (int64_t)nh_format_min(in), (int64_t)nh_format_max(in));
            v[at] = real_of(x[i], in);
        }
        nh_temporal_step(e, v);
        nh_design_step(g, state, x, raw, NULL);
        check_step(g, raw, e, seed, step);
    }
}

/* Doubles hold what passes through the network exactly. */
static bool is_narrow(const nh_graph *g) {
    for (int t = 0; t < g->n_tensor; t++)
        if (g->tensor[t].q.fmt.width_bits > 40) return false;
    return true;
}

/* 1: the network was compared. */
static int try_random(uint64_t seed, bool calibrated, bool latency) {
    tnet n = random_tnet(seed, true, calibrated);
    if (latency) n.o.defaults.strategy = NH_STRATEGY_LATENCY;
    n.o.io = seed % 3 ? NH_IO_STREAM : NH_IO_PARALLEL;
    n.o.beat = 1 + (int64_t)(seed % 4);
    for (int i = 0; i < n.g->n_layer; i++) {
        nh_layer_options *o = &n.g->layer[i].opt;
        bool window = n.g->layer[i].op != NH_OP_DENSE;
        o->reuse_factor = between(&n, 0, 1) ? 0 : window ? 9 * 8 : between(&n, 1, 3);
        o->strategy = n.o.defaults.strategy;
        o->scale = (nh_scale_kind)between(&n, 0, 1);
        o->granularity = (nh_granularity)between(&n, 0, 1);
    }
    bool ok = passes(&n, calibrated ? random_samples(&n, SAMPLES, 2) : NULL, SAMPLES) && is_narrow(n.g), compared = false;
    if (ok) {
        cr_assert_null(nh_graph_check(n.g, n.a), "seed %d: %s", (int)seed, nh_graph_check(n.g, n.a));
        nh_design *g = nh_lower(n.a, n.d, n.g, &n.o);
        if (g) check_design(g), check_model(&n, g, seed);
        compared = g != NULL;
        cr_assert(g || count_of(&n, NH_P_LAYOUT) || count_of(&n, NH_P_EMPTY), "seed %d: %d", (int)seed, (complain(&n), 0));
    }
    if (getenv("DBG") && !compared) fprintf(stderr, "seed %d ok %d\n", (int)seed, ok), complain(&n);
    nh_arena_free(n.a);
    return compared;
}

Test(temporal_lower, random_networks_are_what_double_evaluation_of_their_quantized_form_is) {
    int compared = 0;
    for (uint64_t seed = 1; seed <= 400; seed++) compared += try_random(seed, true, seed % 5 == 0);
    cr_expect_gt(compared, 300, "%d", compared);
}

Test(temporal_lower, random_networks_without_calibration_too) {
    int compared = 0;
    for (uint64_t seed = 1001; seed <= 1200; seed++) compared += try_random(seed, false, false);
    cr_expect_gt(compared, 140, "%d", compared); /* in the others something graded comes back */
}
