/* Hand-made time-stepped designs for the tests of the RTL backend and of the co-simulation. */
#ifndef NH_STEPS_H
#define NH_STEPS_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "window.h"
#include "emit.h"

enum { STEPS_MAX = 32 };

typedef struct {
    nh_arena *a;
    nh_diag *d;
    nh_options opt;
    nh_graph graph;
    nh_design g;
    uint64_t random;
} steps;

static inline int64_t steps_between(steps *n, int64_t lo, int64_t hi) {
    n->random ^= n->random >> 12, n->random ^= n->random << 25, n->random ^= n->random >> 27;
    return lo + (int64_t)((n->random * 0x2545f4914f6cdd1du >> 11) % (uint64_t)(hi - lo + 1));
}

static inline nh_format steps_int(bool is_signed, int width) {
    return nh_format_make(is_signed, width, width, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
}

static inline nh_dp_timing steps_timing(double period_ns) { return (nh_dp_timing){period_ns, 0.9, 0.1, 4.0, 2.0, 0.5}; }

/* A stream with a tensor and a layer "l<k>" of its own. */
static inline int steps_stream(steps *n, int src, int64_t size, nh_format f, int64_t src_beat) {
    int k = n->g.n_stream++;
    cr_assert_lt(k, STEPS_MAX);
    n->graph.tensor[k] = (nh_tensor){.name = nh_arena_printf(n->a, "t%d", k),
                                     .shape = {1, {size}},
                                     .kind = NH_EDGE_SPIKE,
                                     .producer = k,
                                     .q = {true, f, 1}};
    n->graph.layer[k] = (nh_layer){.name = nh_arena_printf(n->a, "l%d", k),
                                   .id = nh_arena_printf(n->a, "n%d_l%d", k, k),
                                   .op = k ? NH_OP_RELU : NH_OP_INPUT,
                                   .n_in = k > 0,
                                   .out = k};
    n->graph.n_tensor = n->graph.n_layer = n->g.n_stream;
    n->g.stream[k] = (nh_stream){.tensor = k,
                                 .id = nh_arena_printf(n->a, "s%d", k),
                                 .n = size,
                                 .fmt = f,
                                 .src = src,
                                 .dst = -1,
                                 .src_beat = src_beat,
                                 .dst_beat = src_beat};
    return k;
}

static inline steps steps_new(const char *project, int64_t count, int64_t n_in, nh_format f, int64_t beat,
                              uint64_t seed) {
    steps n = {.a = nh_arena_new(), .random = seed * 0x9e3779b97f4a7c15u + 1};
    n.d = nh_diag_new(n.a);
    n.opt = (nh_options){.project = project,
                         .target = {.bram_bits = 4096},
                         .simulate = {.stalls = NH_STALLS_BOTH, .seed = seed, .trace = true}};
    n.graph = (nh_graph){.arena = n.a, .name = project, .steps = count};
    n.graph.tensor = nh_arena_array(n.a, STEPS_MAX, sizeof *n.graph.tensor);
    n.graph.layer = nh_arena_array(n.a, STEPS_MAX, sizeof *n.graph.layer);
    n.g = (nh_design){.arena = n.a, .steps = count, .ii_cycles = 100, .latency_cycles = 100};
    n.g.unit = nh_arena_array(n.a, STEPS_MAX, sizeof *n.g.unit);
    n.g.stream = nh_arena_array(n.a, STEPS_MAX, sizeof *n.g.stream);
    steps_stream(&n, -1, n_in, f, beat);
    return n;
}

/* The design's pointers, when n has come to rest. */
static inline nh_design *steps_design(steps *n, int output, int64_t beat) {
    n->g.graph = &n->graph;
    n->g.opt = &n->opt;
    n->g.output = n->graph.output = output;
    n->g.stream[output].dst_beat = beat;
    return &n->g;
}

static inline void steps_take(steps *n, int unit, int port, int stream, int64_t beat) {
    n->g.unit[unit].in[port] = stream;
    n->g.stream[stream].dst = unit;
    n->g.stream[stream].dst_beat = beat;
}

static inline int steps_unit(steps *n, nh_unit_kind kind, const char *id, int n_in, int n_out) {
    int k = n->g.n_unit++;
    cr_assert_lt(k, STEPS_MAX);
    n->g.unit[k] = (nh_unit){.id = nh_arena_printf(n->a, "u%d_%s", k, id),
                             .kind = kind,
                             .strategy = NH_STRATEGY_RESOURCE,
                             .n_in = n_in,
                             .n_out = n_out,
                             .reuse_factor = 1,
                             .ii_cycles = 10,
                             .latency_cycles = 10};
    return k;
}

static inline int64_t *steps_values(steps *n, int64_t count, int64_t lo, int64_t hi) {
    int64_t *v = nh_arena_array(n->a, (size_t)count, sizeof *v);
    for (int64_t i = 0; i < count; i++) v[i] = steps_between(n, lo, hi);
    return v;
}

/* y = x. */
static inline nh_dp *steps_identity(steps *n, const char *id, nh_format f) {
    nh_dp *p = nh_dp_new(n->a, id);
    nh_val v = nh_dp_input(p, nh_dp_in_port(p, "x", 1, f), 0, nh_range_of(f));
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, f), 0, v);
    nh_dp_finish(p);
    nh_dp_timing t = steps_timing(1000);
    nh_dp_pipeline(p, &t, false);
    return p;
}

static inline nh_i128 *steps_bias(steps *n, int64_t count) {
    nh_i128 *b = nh_arena_array(n->a, (size_t)count, sizeof *b);
    for (int64_t i = 0; i < count; i++) b[i] = steps_between(n, -3, 3);
    return b;
}

/* Dense layer with 4-bit weights whose result is its 16-bit accumulator. Inputs of at most 4 bits. */
static inline int steps_dense(steps *n, int in, int64_t n_out, int64_t in_lanes, int64_t out_lanes) {
    nh_stream *s = &n->g.stream[in];
    nh_format acc = steps_int(true, 16);
    int u = steps_unit(n, NH_UNIT_MAC, "fc", 1, 1);
    int64_t words = (s->n + in_lanes - 1) / in_lanes, groups = (n_out + out_lanes - 1) / out_lanes;
    nh_mac m = {.n_in = s->n,
                .n_out = n_out,
                .in_lanes = in_lanes,
                .out_lanes = out_lanes,
                .in_words = words,
                .groups = groups,
                .x = s->fmt,
                .weight = steps_int(true, 4),
                .acc = acc,
                .exact = true};
    m.w = steps_values(n, s->n * n_out, -8, 7);
    m.b = steps_bias(n, n_out);
    m.post.dp = steps_identity(n, nh_arena_printf(n->a, "u%d_post", u), acc);
    n->g.unit[u].mac = m;
    n->g.unit[u].reuse_factor = words * groups;
    steps_take(n, u, 0, in, in_lanes);
    return n->g.unit[u].out[0] = steps_stream(n, u, n_out, acc, out_lanes);
}

/* c as asked but for what follows from it: sizes of the output, formats, weights. */
static inline int steps_conv(steps *n, int in, nh_conv c) {
    nh_format acc = steps_int(true, 16);
    int u = steps_unit(n, NH_UNIT_CONV, "conv", 1, 1);
    c.h_out = (c.h_in + 2 * c.pad_h - c.dilation_h * (c.kh - 1) - 1) / c.stride_h + 1;
    c.w_out = (c.w_in + 2 * c.pad_w - c.dilation_w * (c.kw - 1) - 1) / c.stride_w + 1;
    c.x = n->g.stream[in].fmt;
    c.weight = steps_int(true, 4);
    c.acc = acc;
    c.w = steps_values(n, c.c_out * (c.c_in / c.groups) * c.kh * c.kw, -8, 7);
    c.b = steps_bias(n, c.c_out);
    c.cycles =
        c.h_out * c.w_out * (c.c_out / c.out_lanes) * c.kh * c.kw * (c.depthwise ? 1 : c.c_in / c.groups / c.in_lanes);
    c.exact = true;
    c.rows = nh_window_rows(&c);
    n->g.unit[u].conv = c;
    steps_take(n, u, 0, in, c.in_lanes);
    return n->g.unit[u].out[0] = steps_stream(n, u, c.h_out * c.w_out * c.c_out, acc, c.out_lanes);
}

/* v' = 3/4 v + a0 + ...; y = v' >= threshold; v'' = v' - y * threshold, 12 bits saturated. A second state counts spikes
 * modulo 8. threshold: parameter p0 where n_param is 1, else 5. */
static inline nh_dp *steps_lif(steps *n, const char *id, const nh_neuron_unit *v, double period_ns) {
    nh_dp *p = nh_dp_new(n->a, id);
    nh_val sum = nh_dp_const(p, 0, 0), s[2] = {0}, threshold = nh_dp_const(p, 5, 0);
    for (int k = 0; k < v->n_acc; k++)
        sum = nh_dp_add(
            p, sum,
            nh_dp_input(p, nh_dp_in_port(p, nh_arena_printf(n->a, "a%d", k), 1, v->acc[k]), 0, nh_range_of(v->acc[k])));
    for (int k = 0; k < v->n_state; k++)
        s[k] = nh_dp_input(p, nh_dp_in_port(p, nh_arena_printf(n->a, "s%d", k), 1, v->state[k]), 0,
                           nh_range_of(v->state[k]));
    if (v->n_param)
        threshold = nh_dp_input(p, nh_dp_in_port(p, "p0", 1, v->param[0].fmt), 0, nh_range_of(v->param[0].fmt));
    if (v->n_state) sum = nh_dp_add(p, sum, nh_dp_scale(p, nh_dp_mulc(p, s[0], 3, 0), -2));
    nh_val y = nh_dp_le(p, threshold, sum);
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, steps_int(false, 1)), 0, y);
    nh_val rest = nh_dp_select(p, y, nh_dp_sub(p, sum, threshold), sum);
    if (v->n_state) nh_dp_output(p, nh_dp_out_port(p, "n0", 1, v->state[0]), 0, nh_dp_cast(p, rest, v->state[0]));
    if (v->n_state > 1)
        nh_dp_output(p, nh_dp_out_port(p, "n1", 1, v->state[1]), 0, nh_dp_cast(p, nh_dp_add(p, s[1], y), v->state[1]));
    nh_dp_finish(p);
    nh_dp_timing t = steps_timing(period_ns);
    nh_dp_pipeline(p, &t, period_ns < 100);
    return p;
}

/* period: of the thresholds, 0 = the same for all. */
static inline int steps_neurons(steps *n, int n_acc, const int *in, int64_t lanes, int n_state, int64_t period,
                                double period_ns) {
    int u = steps_unit(n, NH_UNIT_NEURON, "lif", n_acc, 1);
    int64_t size = n->g.stream[in[0]].n;
    nh_neuron_unit v = {.n = size,
                        .lanes = lanes,
                        .words = (size + lanes - 1) / lanes,
                        .n_acc = n_acc,
                        .n_state = n_state,
                        .n_param = period > 0};
    v.state[0] = nh_format_make(true, 12, 10, NH_ROUND_TRN, NH_OVERFLOW_SAT);
    v.state[1] = nh_format_make(false, 3, 3, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    for (int k = 0; k < n_acc; k++) {
        v.acc[k] = n->g.stream[in[k]].fmt;
        steps_take(n, u, k, in[k], lanes);
    }
    if (period) {
        v.param[0].fmt = steps_int(false, 5);
        v.param[0].n = period;
        v.param[0].raw = steps_values(n, period, 1, 20);
    }
    v.dp = steps_lif(n, nh_arena_printf(n->a, "u%d_dp", u), &v, period_ns);
    n->g.unit[u].neuron = v;
    return n->g.unit[u].out[0] = steps_stream(n, u, size, steps_int(false, 1), lanes);
}

static inline int64_t steps_most(const int64_t *v, int64_t count) {
    int64_t most = 0;
    for (int64_t i = 0; i < count; i++) most = v[i] > most ? v[i] : most;
    return most;
}

/* A delay whose input is `in`; -1: given later by steps_take, it closes a loop. f, size: of its elements. */
static inline int steps_delay(steps *n, int in, int64_t size, nh_format f, int64_t lanes, const int64_t *delay,
                              int64_t n_delay) {
    int u = steps_unit(n, NH_UNIT_DELAY, "late", 1, 1);
    n->g.unit[u].delay = (nh_delay_unit){.n = size,
                                         .lanes = lanes,
                                         .words = (size + lanes - 1) / lanes,
                                         .most = steps_most(delay, n_delay),
                                         .n_steps = n_delay,
                                         .steps = delay,
                                         .is_late = in < 0};
    if (in >= 0) steps_take(n, u, 0, in, lanes);
    return n->g.unit[u].out[0] = steps_stream(n, u, size, f, lanes);
}

/* Gives the unit; its outputs are unit[u].out[0..n_out-1]. */
static inline int steps_fork(steps *n, int in, int n_out, int64_t beat) {
    int u = steps_unit(n, NH_UNIT_FORK, "fork", 1, n_out);
    nh_stream s = n->g.stream[in];
    steps_take(n, u, 0, in, beat);
    for (int i = 0; i < n_out; i++) n->g.unit[u].out[i] = steps_stream(n, u, s.n, s.fmt, beat);
    return u;
}

/* 4 binary inputs, a dense layer of 3 neurons, whose spikes come back a step later through a matrix of their own. */
static inline steps steps_recurrent(const char *project, uint64_t seed) {
    static const int64_t one[] = {1};
    steps n = steps_new(project, 6, 4, steps_int(false, 1), 2, seed);
    int forward = steps_dense(&n, 0, 3, 2, 1);
    int late = steps_delay(&n, -1, 3, steps_int(false, 1), 3, one, 1), late_unit = n.g.stream[late].src;
    int back = steps_dense(&n, late, 3, 1, 3), acc[] = {forward, back};
    int spikes = steps_neurons(&n, 2, acc, 1, 2, 3, 5);
    int fork = steps_fork(&n, spikes, 2, 1);
    steps_take(&n, late_unit, 0, n.g.unit[fork].out[1], 3);
    n.g.output = n.g.unit[fork].out[0];
    return n;
}

#endif
