/* The lowering of networks in time: its structure, and the integer model against the same network evaluated in double.
 */
#include <criterion/criterion.h>

#include "../passes/steps_net.h"
#include "conv.h"
#include "design.h"
#include "layout.h"

enum { SAMPLES = 3 };

/* Prints why; for messages of assertions. */
static bool complain(const tnet *n) {
    nh_diag_print(n->d, NH_WARNING, false, stderr);
    return false;
}

static bool passes(tnet *n, const double *x, int64_t samples) {
    nh_samples s = {x, samples, n->g->steps * size_of(n, n->g->input)};
    return infer(n, x ? &s : NULL);
}

static nh_design *lowered(tnet *n) {
    if (!passes(n, random_samples(n, SAMPLES, 2), SAMPLES)) cr_assert(complain(n));
    nh_design *g = nh_lower(n->a, n->d, n->g, &n->o);
    if (!g) cr_assert(complain(n));
    return g;
}

/* --- structure --------------------------------------------------------------------------------------------------- */

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

static bool holds_frame(const nh_unit *u) {
    return u->kind == NH_UNIT_MAC || u->kind == NH_UNIT_CONV || u->kind == NH_UNIT_DELAY;
}

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
    for (int k = 0; k < u->n_in && u->n_in > 1; k++)
        cr_assert_not(is_direct(g, u->in[k]), "unit %s, input %d", u->id, k);
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

/* --- the model against double ------------------------------------------------------------------------------------ */

static double real_of(int64_t raw, nh_format f) {
    return ldexp(f.is_signed ? (double)raw : (double)(uint64_t)raw, -nh_format_frac(f));
}

static void check_step(const nh_design *g, int64_t *const *raw, const nh_float_net *e, uint64_t seed, int64_t step) {
    for (int s = 0; s < g->n_stream; s++) {
        const nh_stream *t = &g->stream[s];
        const double *want = nh_float_net_value(e, t->tensor);
        for (int64_t i = 0; i < t->n; i++) {
            int64_t at = t->order ? t->order[i] : i;
            cr_assert_eq(real_of(raw[s][i], t->fmt), want[at],
                         "seed %d, step %d, stream of '%s', element %d: %.12g, not %.12g", (int)seed, (int)step,
                         g->graph->layer[g->graph->tensor[t->tensor].producer].name, (int)at,
                         real_of(raw[s][i], t->fmt), want[at]);
        }
    }
}

/* Random inputs of the input's format, two samples. */
static void check_model(tnet *n, const nh_design *g, uint64_t seed) {
    nh_graph *f = fixed_as_float(n->a, n->g);
    nh_float_net *e = nh_float_net_new(n->a, f, NH_FLOAT64);
    nh_design_state *state = nh_design_state_new(n->a, g);
    int64_t **raw = nh_design_buffers(n->a, g), size = size_of(n, n->g->input);
    nh_format in = g->stream[g->input].fmt;
    int64_t *x = nh_arena_array(n->a, (size_t)size, sizeof *x);
    double *v = nh_arena_array(n->a, (size_t)size, sizeof *v);
    for (int64_t step = 0; step < 2 * n->g->steps; step++) {
        if (step % n->g->steps == 0) nh_float_net_reset(e), nh_design_state_reset(state);
        for (int64_t i = 0; i < size; i++) {
            int64_t at = g->stream[g->input].order ? g->stream[g->input].order[i] : i;
            x[i] = between(n, (int64_t)nh_format_min(in), (int64_t)nh_format_max(in));
            v[at] = real_of(x[i], in);
        }
        nh_float_net_step(e, v);
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
    bool ok = passes(&n, calibrated ? random_samples(&n, SAMPLES, 2) : NULL, SAMPLES) && is_narrow(n.g),
         compared = false;
    if (ok) {
        cr_assert_null(nh_graph_check(n.g, n.a), "seed %d: %s", (int)seed, nh_graph_check(n.g, n.a));
        nh_design *g = nh_lower(n.a, n.d, n.g, &n.o);
        if (g) check_design(g), check_model(&n, g, seed);
        compared = g != NULL;
        cr_assert(g || count_of(&n, NH_P_LAYOUT) || count_of(&n, NH_P_EMPTY), "seed %d: %d", (int)seed, complain(&n));
    }
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

/* y(t) = y(t-1) / 2 + 1/2, rounded: a matrix that feeds itself, without a neuron to hold the format. */
Test(temporal_lower, a_matrix_that_feeds_itself_is_what_double_evaluation_says) {
    static const double half = 0.5;
    tnet n = tnet_new(vec(1), 14);
    int made = later(&n, vec(1)), late = add(&n, delay_layer(&n, 1), made, vec(1));
    nh_layer fc = {.name = "fc",
                   .op = NH_OP_DENSE,
                   .weight = tparam(&n, (nh_shape){2, {1, 1}}, &half),
                   .bias = tparam(&n, vec(1), &half)};
    nh_layer sum = {.name = "sum", .op = NH_OP_ADD, .n_in = 2, .in = {add_to(&n, fc, late, made), n.g->input}};
    add(&n, sum, 0, vec(1));
    const nh_design *g = lowered(&n);
    check_design(g);
    check_model(&n, g, 14);
    nh_arena_free(n.a);
}

/* --- networks by hand -------------------------------------------------------------------------------------------- */

static int count_kind(const nh_design *g, nh_unit_kind kind) {
    int n = 0;
    for (int i = 0; i < g->n_unit; i++) n += g->unit[i].kind == kind;
    return n;
}

/* A dense layer of random weights with neurons behind it. */
static int block(tnet *n, int in, int64_t n_out) {
    return neurons(n, dense(n, in, n_out, uniforms(n, n_out * size_of(n, in), -0.5, 1), NULL), lif(n, 0.9, 1));
}

static void expect_kinds(const nh_design *g, const char *want) {
    static const char letter[] = {[NH_UNIT_DATAPATH] = 'p', [NH_UNIT_MAC] = 'm',   [NH_UNIT_CONV] = 'c',
                                  [NH_UNIT_NEURON] = 'n',   [NH_UNIT_DELAY] = 'd', [NH_UNIT_FORK] = 'f'};
    char have[64] = "";
    for (int i = 0; i < g->n_unit; i++) have[i] = letter[g->unit[i].kind];
    cr_expect_str_eq(have, want, "%s", have);
    check_design(g);
}

Test(temporal_lower, a_chain_is_a_unit_per_layer_without_forks_and_buffers) {
    tnet n = tnet_new(vec(4), 1);
    block(&n, block(&n, 0, 5), 3);
    expect_kinds(lowered(&n), "mnmn");
    nh_arena_free(n.a);
}

Test(temporal_lower, wires_vanish) {
    tnet n = tnet_new(img(1, 4, 4), 2);
    int flat = reshaped(&n, delayed(&n, reshaped(&n, 0, vec(16)), 0), img(2, 2, 4));
    reshaped(&n, block(&n, reshaped(&n, flat, vec(16)), 6), img(6, 1, 1));
    expect_kinds(lowered(&n), "mn");
    nh_arena_free(n.a);
}

/* r readers of one tensor: forks of at most 4 outputs, every further one behind the last output of the one before. */
Test(temporal_lower, many_readers_get_a_tree_of_forks) {
    static const int readers[] = {2, 3, 4, 5, 7, 8, 9}, forks[] = {1, 1, 1, 2, 2, 3, 3};
    for (int i = 0; i < 7; i++) {
        tnet n = tnet_new(vec(3), 3);
        int x = block(&n, 0, 4), at = -1;
        for (int k = 0; k < readers[i]; k++) {
            int y = dense(&n, x, 4, uniforms(&n, 16, -1, 1), NULL);
            at = at < 0 ? y
                        : add(&n,
                              (nh_layer){.name = "sum",
                                         .op = NH_OP_NEURON,
                                         .n_in = 2,
                                         .in = {at, y},
                                         .neuron = neuron_of(&n, "add", "n=2", NULL, 0)},
                              0, vec(4));
        }
        const nh_design *g = lowered(&n);
        check_design(g);
        cr_expect_eq(count_kind(g, NH_UNIT_FORK), forks[i], "%d readers: %d forks", readers[i],
                     count_kind(g, NH_UNIT_FORK));
        check_model(&n, g, (uint64_t)i);
        nh_arena_free(n.a);
    }
}

/* A fork and a buffer at every layer: more streams than layers times any small number. */
Test(temporal_lower, a_long_chain_of_sums_of_the_input_has_room) {
    tnet n = tnet_new(vec(2), 4);
    int at = 0;
    for (int i = 0; i < 40; i++)
        at = add(&n,
                 (nh_layer){.name = "sum",
                            .op = NH_OP_NEURON,
                            .n_in = 4,
                            .in = {at, 0, 0, 0},
                            .neuron = neuron_of(&n, "add", "n=4", NULL, 0)},
                 0, vec(2));
    const nh_design *g = lowered(&n);
    check_design(g);
    check_model(&n, g, 4);
    nh_arena_free(n.a);
}

/* One path is short: it gets a frame buffer. The long one ends in a dense layer, which holds a frame. */
Test(temporal_lower, a_join_of_a_short_and_a_long_path_buffers_the_short_one) {
    tnet n = tnet_new(vec(4), 5);
    int x = block(&n, 0, 4), y = dense(&n, block(&n, x, 4), 4, uniforms(&n, 16, -1, 1), NULL);
    nh_layer sum = {.name = "sum", .op = NH_OP_ADD, .n_in = 2, .in = {x, y}};
    neurons(&n, add(&n, sum, 0, vec(4)), lif(&n, 0.5, 1));
    const nh_design *g = lowered(&n);
    expect_kinds(g, "mnfmnmdn");
    cr_expect_eq(g->unit[6].delay.most, 0);
    nh_arena_free(n.a);
}

Test(temporal_lower, a_loop_has_a_late_delay_whose_transfers_are_those_of_what_it_delays) {
    tnet n = tnet_new(vec(4), 6);
    int forward = dense(&n, 0, 6, uniforms(&n, 24, -1, 1), NULL), spikes = later(&n, vec(6)),
        back = add(&n, delay_layer(&n, 2), spikes, vec(6));
    nh_layer sum = {
        .name = "sum", .op = NH_OP_ADD, .n_in = 2, .in = {forward, dense(&n, back, 6, uniforms(&n, 36, -1, 1), NULL)}};
    add_to(&n, (nh_layer){.name = "n", .op = NH_OP_NEURON, .neuron = lif(&n, 0.5, 1)}, add(&n, sum, 0, vec(6)), spikes);
    n.o.budget.multipliers = 12;
    const nh_design *g = lowered(&n);
    expect_kinds(g, "mdmnf");
    const nh_unit *late = &g->unit[1];
    cr_expect(late->delay.is_late && late->delay.most == 2 && late->delay.n_steps == 1);
    cr_expect_eq(late->delay.lanes, g->unit[3].neuron.lanes);
    cr_expect_eq(g->stream[late->in[0]].src_beat, g->stream[late->in[0]].dst_beat);
    cr_expect_eq(g->stream[late->out[0]].src_beat, late->delay.lanes);
    nh_arena_free(n.a);
}

/* Behind neurons of a convolution, [2][2][3] streams pixel by pixel: element c*4 + p of the tensor is element p*3 + c
 * of the stream. */
Test(temporal_lower, images_stream_pixel_by_pixel_and_dense_weights_follow) {
    tnet n = tnet_new(img(1, 3, 3), 7);
    int a = neurons(&n, conv(&n, 0, square(2, 1, 0), 3, uniforms(&n, 12, -1, 1), NULL), lif(&n, 0.5, 1));
    const double *w = uniforms(&n, 24, -1, 1);
    dense(&n, reshaped(&n, a, vec(12)), 2, w, NULL);
    const nh_design *g = lowered(&n);
    const nh_unit *fc = &g->unit[2];
    const nh_layer *l = &g->graph->layer[fc->layer[0]];
    cr_assert_eq(fc->kind, NH_UNIT_MAC);
    for (int e = 0; e < 12; e++) {
        int at = e % 3 * 4 + e / 3;
        cr_expect_eq(g->stream[fc->in[0]].order[e], at);
        cr_expect(fc->mac.w[e] == l->weight->raw[at] && fc->mac.w[12 + e] == l->weight->raw[12 + at]);
    }
    nh_arena_free(n.a);
}

Test(temporal_lower, what_the_output_does_not_need_is_not_built) {
    tnet n = tnet_new(vec(4), 8);
    int x = block(&n, 0, 4), end = block(&n, x, 2);
    int spikes = later(&n, vec(4)), back = add(&n, delay_layer(&n, 1), spikes, vec(4)); /* a loop of its own */
    nh_layer sum = {.name = "sum", .op = NH_OP_ADD, .n_in = 2, .in = {x, back}};
    add_to(&n, (nh_layer){.name = "n", .op = NH_OP_NEURON, .neuron = lif(&n, 0.5, 1)}, add(&n, sum, 0, vec(4)), spikes);
    block(&n, x, 3);
    n.g->output = end;
    expect_kinds(lowered(&n), "mnmn");
    nh_arena_free(n.a);
}

/* --- errors ------------------------------------------------------------------------------------------------------ */

Test(temporal_lower, P107_two_images_in_one_stream) {
    tnet n = tnet_new(img(2, 4, 4), 9);
    int a = conv(&n, 0, square(1, 1, 0), 2, uniforms(&n, 4, -1, 1), NULL);
    conv(&n, reshaped(&n, neurons(&n, a, lif(&n, 0.5, 1)), img(1, 8, 4)), square(1, 1, 0), 2, uniforms(&n, 2, -1, 1),
         NULL);
    cr_assert(passes(&n, random_samples(&n, SAMPLES, 2), SAMPLES));
    cr_expect_null(nh_lower(n.a, n.d, n.g, &n.o));
    cr_expect_eq(count_of(&n, NH_P_LAYOUT), 1);
    nh_arena_free(n.a);
}

/* 3x3 taps in one group; in two groups that are no depthwise ones after the other. */
Test(temporal_lower, P108_names_the_least_reuse_factor_of_a_convolution) {
    static const int64_t groups[] = {1, 2, 4}, least[] = {9, 18, 9};
    for (int i = 0; i < 3; i++)
        for (int64_t less = 1; less >= 0; less--) {
            tnet n = tnet_new(img(4, 4, 4), 10);
            nh_window w = square(3, 1, 1);
            w.groups = groups[i];
            conv(&n, 0, w, 4, uniforms(&n, 4 * 4 / groups[i] * 9, -1, 1), NULL);
            n.g->layer[1].opt.reuse_factor = least[i] - less;
            cr_assert(passes(&n, random_samples(&n, SAMPLES, 2), SAMPLES));
            nh_design *g = nh_lower(n.a, n.d, n.g, &n.o);
            cr_expect_eq(g == NULL, less == 1);
            if (g)
                cr_expect_eq(g->unit[0].conv.cycles, 16 * least[i]);
            else
                cr_expect_str_eq(n.d->item[n.d->count - 1].allowed,
                                 nh_arena_printf(n.a, "%lld or more", (long long)least[i]));
            nh_arena_free(n.a);
        }
}

Test(temporal_lower, P109_steps_are_needed) {
    tnet n = tnet_new(vec(4), 11);
    block(&n, 0, 2);
    cr_assert(passes(&n, random_samples(&n, SAMPLES, 2), SAMPLES));
    n.g->steps = 0;
    cr_expect_null(nh_lower(n.a, n.d, n.g, &n.o));
    cr_expect_eq(count_of(&n, NH_P_STEPS), 1);
    nh_arena_free(n.a);
}

/* --- auto reuse -------------------------------------------------------------------------------------------------- */

static int64_t lanes_of_all(const nh_design *g) {
    int64_t sum = 0;
    for (int i = 0; i < g->n_unit; i++) {
        const nh_unit *u = &g->unit[i];
        if (u->kind == NH_UNIT_MAC) sum += u->mac.in_lanes * u->mac.out_lanes;
        if (u->kind == NH_UNIT_CONV)
            sum += u->conv.depthwise ? u->conv.out_lanes : u->conv.in_lanes * u->conv.out_lanes;
    }
    return sum;
}

static int64_t slowest(const nh_design *g) {
    int64_t most = 0;
    for (int i = 0; i < g->n_unit; i++) {
        const nh_unit *u = &g->unit[i];
        int64_t cycles = u->kind == NH_UNIT_MAC    ? u->mac.in_words * u->mac.groups
                         : u->kind == NH_UNIT_CONV ? u->conv.cycles
                                                   : 0;
        most = cycles > most ? cycles : most;
    }
    return most;
}

static tnet mixed(void) {
    tnet n = tnet_new(img(2, 6, 6), 12);
    nh_window w = square(3, 1, 1);
    int a = neurons(&n, conv(&n, 0, w, 4, uniforms(&n, 72, -1, 1), NULL), lif(&n, 0.5, 1));
    w.groups = 2;
    int b = neurons(&n, conv(&n, pool(&n, NH_OP_SUMPOOL, a, square(2, 2, 0)), w, 4, uniforms(&n, 72, -1, 1), NULL),
                    lif(&n, 0.5, 1));
    block(&n, reshaped(&n, b, vec(36)), 10);
    return n;
}

Test(temporal_lower, more_cycles_need_no_more_multipliers_and_the_budget_is_met) {
    int64_t before = INT64_MAX;
    for (int64_t ii = 324; ii <= 4000; ii += ii / 4) { /* 36 pixels of 9 taps need 324 */
        tnet n = mixed();
        n.o.budget.ii_cycles = ii;
        const nh_design *g = lowered(&n);
        check_design(g);
        cr_expect_leq(slowest(g), ii);
        cr_expect_leq(lanes_of_all(g), before);
        before = lanes_of_all(g);
        for (int i = 0; i < g->n_unit; i++) {
            const nh_conv *c = &g->unit[i].conv;
            if (g->unit[i].kind != NH_UNIT_CONV) continue;
            cr_expect_eq(c->c_in / c->groups % (c->depthwise ? 1 : c->in_lanes), 0);
            cr_expect_eq((c->depthwise ? c->c_out : c->c_out / c->groups) % c->out_lanes, 0);
        }
        nh_arena_free(n.a);
    }
    cr_expect_eq(before, 4);
    for (int64_t lanes = 4; lanes < 40; lanes++) {
        tnet n = mixed();
        n.o.budget.multipliers = lanes;
        cr_expect_leq(lanes_of_all(lowered(&n)), lanes);
        nh_arena_free(n.a);
    }
}

Test(temporal_lower, a_rate_that_a_convolution_cannot_reach_is_an_error) {
    tnet n = mixed();
    n.o.budget.ii_cycles = 323;
    cr_assert(passes(&n, random_samples(&n, SAMPLES, 2), SAMPLES));
    cr_expect_null(nh_lower(n.a, n.d, n.g, &n.o));
    cr_expect_eq(count_of(&n, NH_P_BUDGET), 1);
    cr_expect_str_eq(n.d->item[n.d->count - 1].allowed, "324 or more");
    nh_arena_free(n.a);
}

Test(temporal_lower, more_layers_than_the_lanes_that_are_taken_without_a_budget) {
    tnet n = tnet_new(vec(2), 13);
    for (int i = 0, at = 0; i < 20; i++) at = block(&n, at, 2);
    cr_expect_eq(lanes_of_all(lowered(&n)), 20);
    nh_arena_free(n.a);
}

/* Every pair of lanes that divides, tried. */
Test(conv_lanes, are_the_fewest_that_divide_the_channels_and_are_fast_enough) {
    for (int64_t i = 0; i < 6 * 8 * 3; i++) {
        nh_conv_shape s = {.taps = 4, .c_in = 1 + i % 6, .c_out = 1 + i / 6 % 8, .pixels = 5, .groups = 1 + i / 48};
        s.depthwise = s.c_in == 1 && s.c_out == 1 && s.groups > 1;
        for (int64_t r = 1; r <= nh_conv_cycles(&s, 1, 1) + 1; r++) {
            int64_t best = INT64_MAX, most = s.depthwise ? s.groups : s.c_out, in, out;
            for (int64_t o = 1; o <= most; o++)
                for (int64_t k = 1; k <= s.c_in; k++) {
                    if (most % o || s.c_in % k) continue;
                    int64_t cycles =
                        s.depthwise ? s.taps * s.groups / o : s.taps * (s.c_in / k) * s.groups * (s.c_out / o);
                    if (cycles <= r && o * k < best) best = o * k;
                }
            cr_assert_eq(nh_conv_lanes(&s, r, &in, &out), best < INT64_MAX);
            cr_assert_eq(r >= nh_conv_least_cycles(&s), best < INT64_MAX);
            if (best == INT64_MAX) continue;
            cr_assert(nh_conv_cycles(&s, in, out) <= r && most % out == 0);
            cr_assert(s.depthwise ? in == out && out == best : s.c_in % in == 0 && in * out == best);
        }
    }
}
