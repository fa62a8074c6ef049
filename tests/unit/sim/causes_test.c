/* Drift by cause: the networks between float and fixed point. With all causes the network in double is the integer
 * model. */
#include <criterion/criterion.h>
#include <math.h>

#include "../passes/net.h"
#include "sim_parts.h"

enum { STEPS = 12, SAMPLES = 20, PIXELS = 36, HIDDEN = 5, CLASSES = 3 };

static double random_of(uint64_t *s) {
    *s ^= *s >> 12, *s ^= *s << 25, *s ^= *s >> 27;
    return (double)(*s * 0x2545f4914f6cdd1du >> 11) / 0x1p53;
}

static nh_neuron *lif(net *t) {
    static const char text[] =
        "model leaky\ninput a\nstate v volt\nparam alpha\nparam gain volt\nparam theta volt\noutput s spike\n"
        "LEAK v, alpha\nMUL x, a, gain\nADD v, v, x\nGT s, v, theta\nRESET v, s, 0\n";
    static const double alpha = 0.9137, gain = 0.773, theta = 0.61;
    nh_neuron *n = NH_NEW(t->a, nh_neuron);
    n->program = nh_neuron_assemble(t->a, t->d, "test", text, sizeof text - 1, NULL, 0);
    cr_assert(n->program);
    n->param[0] = (nh_neuron_value){.name = "alpha", .n = 1, .value = &alpha};
    n->param[1] = (nh_neuron_value){.name = "gain", .n = 1, .value = &gain};
    n->param[2] = (nh_neuron_value){.name = "theta", .n = 1, .value = &theta};
    return n;
}

static const double *weights(net *t, uint64_t *s, int64_t n) {
    double *w = nh_arena_alloc(t->a, (size_t)n * sizeof *w);
    for (int64_t i = 0; i < n; i++) w[i] = random_of(s) - 0.42;
    return w;
}

static void layers(net *t, uint64_t *s) {
    append(t, "x", NH_OP_INPUT, PIXELS);
    t->g->tensor[0].shape = (nh_shape){3, {1, 6, 6}};
    nh_layer *pool = append(t, "mean", NH_OP_AVGPOOL, 4); /* of 9: no shift */
    pool->window = (nh_window){.kernel = {3, 3}, .stride = {3, 3}, .dilation = {1, 1}, .groups = 1};
    t->g->tensor[pool->out].shape = (nh_shape){3, {1, 2, 2}};
    append(t, "flat", NH_OP_RESHAPE, 4);
    append_dense(t, "fc1", HIDDEN, 4, weights(t, s, HIDDEN * 4), NULL);
    append(t, "lif1", NH_OP_NEURON, HIDDEN)->neuron = lif(t);
    append_dense(t, "fc2", CLASSES, HIDDEN, weights(t, s, CLASSES * HIDDEN), NULL);
    append(t, "lif2", NH_OP_NEURON, CLASSES)->neuron = lif(t);
}

/* The design; t->a lives on. */
static nh_design *make(net *t, nh_scale_kind scale, nh_granularity granularity) {
    uint64_t s = 7;
    t->a = nh_arena_new();
    t->d = nh_diag_new(t->a);
    t->g = nh_graph_new(t->a, "net");
    t->g->steps = STEPS;
    t->o = (nh_options){.project = "net",
                        .io = NH_IO_STREAM,
                        .beat = 1,
                        .clock_mhz = 100,
                        .defaults = auto_options(),
                        .input = {.bits = 8, .format = given("ufixed<4,2>")}};
    t->o.defaults.strategy = NH_STRATEGY_RESOURCE, t->o.defaults.weight_bits = 6, t->o.defaults.scale = scale,
    t->o.defaults.granularity = granularity;
    t->o.defaults.state = (nh_format_request){.is_auto = true};
    t->o.defaults.state_bits = 8, t->o.defaults.decay_bits = 5, t->o.defaults.numerics.layer_delay = -1;
    t->o.target = (nh_target){.lut_inputs = 4,
                              .lut_ns = 0.5,
                              .carry_ns_per_bit = 0.1,
                              .mul_ns = 3,
                              .bram_ns = 2,
                              .setup_ns = 0.3,
                              .bram_bits = 4096};
    layers(t, &s);
    double *x = nh_arena_alloc(t->a, 8 * STEPS * PIXELS * sizeof *x);
    for (int i = 0; i < 8 * STEPS * PIXELS; i++) x[i] = floor(16 * random_of(&s)) / 4;
    nh_graph_keep_sums(t->g);
    bool ok = nh_passes_run(t->g, &t->o, &(nh_samples){x, 8, STEPS * PIXELS}, t->d, NULL, NULL);
    nh_design *g = ok ? nh_lower(t->a, t->d, t->g, &t->o) : NULL;
    if (!g) nh_diag_print(t->d, NH_NOTE, false, stderr);
    cr_assert(g);
    return g;
}

static void all_causes_make_the_integer_model(nh_scale_kind scale, nh_granularity granularity) {
    net t;
    nh_design *g = make(&t, scale, granularity);
    nh_float_net *e = nh_float_net_new(t.a, nh_cause_graph(t.a, g, NH_CAUSE_STATE), NH_FLOAT64);
    nh_design_state *state = nh_design_state_new(t.a, g);
    int64_t **raw = nh_design_buffers(t.a, g), x[PIXELS], spikes = 0;
    const nh_stream *in = &g->stream[g->input], *out = &g->stream[g->output];
    double real[PIXELS];
    uint64_t s = 99;
    for (int i = 0; i < SAMPLES * STEPS; i++) {
        if (i % STEPS == 0) nh_float_net_reset(e), nh_design_state_reset(state);
        for (int k = 0; k < PIXELS; k++)
            x[k] = (int64_t)(16 * random_of(&s)), real[in->order ? in->order[k] : k] = (double)x[k] / 4;
        nh_float_net_step(e, real);
        nh_design_step(g, state, x, raw, NULL);
        for (int o = 0; o < CLASSES; o++) {
            cr_assert_eq((int64_t)nh_float_net_value(e, out->tensor)[o], raw[g->output][o], "step %d, output %d", i, o);
            spikes += raw[g->output][o];
        }
    }
    cr_assert(spikes > SAMPLES && spikes < (SAMPLES - 1) * STEPS * CLASSES, "%d spikes", (int)spikes);
    nh_arena_free(t.a);
}

Test(causes, all_of_them_make_the_integer_model) {
    all_causes_make_the_integer_model(NH_SCALE_POWER_OF_TWO, NH_PER_TENSOR);
}
Test(causes, all_of_them_make_the_integer_model_with_a_scale_per_row) {
    all_causes_make_the_integer_model(NH_SCALE_ARBITRARY, NH_PER_CHANNEL);
}

/* 6 bits: a weight is off by half a step of 2^-5 of the largest in its row at most. */
Test(causes, weights_alone_are_rounded_and_nothing_else) {
    net t;
    nh_design *g = make(&t, NH_SCALE_ARBITRARY, NH_PER_CHANNEL);
    const nh_graph *w = nh_cause_graph(t.a, g, NH_CAUSE_WEIGHTS);
    const nh_layer *from = &t.g->layer[nh_graph_find(t.g, "fc1")], *to = &w->layer[nh_graph_find(t.g, "fc1")];
    int moved = 0;
    for (int o = 0; o < HIDDEN; o++) {
        double most = 0;
        for (int i = 0; i < 4; i++) most = fmax(most, fabs(from->weight->value[o * 4 + i]));
        for (int i = 0; i < 4; i++) {
            double off = fabs(to->weight->value[o * 4 + i] - from->weight->value[o * 4 + i]);
            cr_expect_leq(off, most / 31 / 2 * 1.0001, "row %d, %d: %g", o, i, off);
            moved += off > 0;
        }
    }
    cr_expect_gt(moved, 10);
    int neuron = nh_graph_find(t.g, "lif1");
    cr_expect_eq(w->layer[neuron].neuron->program, t.g->layer[neuron].neuron->program);
    nh_arena_free(t.a);
}

Test(causes, decay_has_the_rounded_parameters_but_free_states) {
    net t;
    nh_design *g = make(&t, NH_SCALE_POWER_OF_TWO, NH_PER_TENSOR);
    const nh_layer *l = &nh_cause_graph(t.a, g, NH_CAUSE_DECAY)->layer[nh_graph_find(t.g, "lif1")];
    const nh_neuron_program *p = l->neuron->program;
    cr_assert_not(p->reg[p->state[0]].has_format);
    int alpha = nh_neuron_param(p, "alpha");
    cr_assert_geq(alpha, 0);
    cr_expect_float_eq(l->neuron->param[alpha].value[0], 29.0 / 32, 1e-12); /* 0.9137 * 32 = 29.2 */
    const nh_neuron_program *fixed = t.g->layer[nh_graph_find(t.g, "lif1")].neuron->fx;
    cr_expect(fixed->reg[fixed->state[0]].has_format);
    nh_arena_free(t.a);
}

/* 3x3, stride 2, padding 1 over 4: along an axis the elements are read by 1, 2, 1, 1 of the 2 windows (by hand). */
Test(spikes, fan_out_counts_the_windows_that_read_an_element) {
    static const int64_t along[] = {1, 2, 1, 1};
    nh_arena *a = nh_arena_new();
    nh_graph *g = nh_graph_new(a, "g");
    nh_param w = {.shape = {4, {6, 1, 3, 3}}};
    nh_layer l = {.op = NH_OP_CONV,
                  .n_in = 1,
                  .in = {nh_graph_add_tensor(g, "x", (nh_shape){3, {2, 4, 4}}, NH_EDGE_SPIKE)},
                  .weight = &w};
    l.window = (nh_window){
        .kernel = {3, 3}, .stride = {2, 2}, .pad_before = {1, 1}, .pad_after = {1, 1}, .dilation = {1, 1}, .groups = 2};
    int64_t *fan = nh_fan_out(a, g, &l);
    for (int c = 0; c < 2; c++)
        for (int y = 0; y < 4; y++)
            for (int x = 0; x < 4; x++) cr_expect_eq(fan[c * 16 + y * 4 + x], 3 * along[y] * along[x]);
    nh_param dense = {.shape = {2, {7, 32}}};
    l.op = NH_OP_DENSE, l.weight = &dense;
    for (int i = 0; i < 32; i++) cr_expect_eq(nh_fan_out(a, g, &l)[i], 7);
    nh_arena_free(a);
}
