/* sim/ of time-stepped networks without Verilator: the passes, the lowering, the kernels, and what is measured of them.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "../passes/net.h"
#include "neurons.h"
#include "npy.h"
#include "sim_parts.h"
#include "tool.h"

/* --- readouts: values[step][output], by hand --------------------------------------------------------------------- */

Test(readout, the_largest_count_wins_and_the_first_of_equals) {
    static const double v[] = {1, 0, 1, /**/ 0, 1, 1, /**/ 1, 1, 0};
    cr_expect_eq(nh_readout_class(v, 3, 3, NH_READOUT_COUNT), 0);
    static const double w[] = {1, 0, 1, /**/ 0, 1, 1};
    cr_expect_eq(nh_readout_class(w, 2, 3, NH_READOUT_COUNT), 2);
}

Test(readout, the_first_spike_wins_and_of_several_the_larger_count) {
    static const double v[] = {0, 0, 0, /**/ 0, 1, 1, /**/ 1, 0, 1, /**/ 1, 0, 0, /**/ 1, 0, 0};
    cr_expect_eq(nh_readout_class(v, 5, 3, NH_READOUT_FIRST_SPIKE), 2);
    static const double none[6] = {0};
    cr_expect_eq(nh_readout_class(none, 2, 3, NH_READOUT_FIRST_SPIKE), 0);
}

Test(readout, the_membrane_is_that_of_the_last_step) {
    static const double v[] = {9, 0, 0, /**/ -3, -2, -5};
    cr_expect_eq(nh_readout_class(v, 2, 3, NH_READOUT_MEMBRANE), 1);
}

/* --- a network --------------------------------------------------------------------------------------------------- */

enum { STEPS = 6, N = 4 };

typedef struct {
    net t;
    nh_design *g;
    nh_sim_setup s;
    nh_sim_facts f;
    const char *dir;
} bench;

static nh_neuron *integrator(net *t) {
    static const char text[] =
        "model if_threshold\ninput a\nstate v fixed<8,8,TRN,SAT>\nparam theta\noutput s spike\nexact\n"
        "ADD v, v, a\nGE s, v, theta\nRESET v, s, 0\n";
    static const double theta[] = {2, 3};
    nh_neuron *n = NH_NEW(t->a, nh_neuron);
    n->program = nh_neuron_assemble(t->a, t->d, "test", text, sizeof text - 1, NULL, 0);
    cr_assert(n->program);
    n->param[0] = (nh_neuron_value){.name = "theta", .n = 2, .value = theta};
    return n;
}

static nh_layer *append_image(net *t, const char *name, nh_op op) {
    nh_layer *l = append(t, name, op, N);
    t->g->tensor[l->out].shape = (nh_shape){3, {2, 1, 2}};
    t->g->tensor[l->out].kind = NH_EDGE_SPIKE;
    return l;
}

/* Two channels of two pixels through a convolution that changes nothing; channel 0 fires at every second input, channel
 * 1 at every third. Streams carry pixel by pixel, so their order is not that of the model. */
static bench *make(void) {
    static const double one[] = {1, 0, 0, 1};
    nh_arena *a = nh_arena_new();
    bench *b = NH_NEW(a, bench); /* the design points into it */
    net *t = &b->t;
    t->a = a;
    t->d = nh_diag_new(t->a);
    t->g = nh_graph_new(t->a, "net");
    t->g->steps = STEPS;
    t->o.project = "net";
    t->o.defaults = auto_options();
    t->o.defaults.strategy = NH_STRATEGY_RESOURCE;
    t->o.defaults.state_bits = 8, t->o.defaults.decay_bits = 8, t->o.defaults.numerics.layer_delay = -1;
    t->o.input.bits = 8;
    t->o.input.format = given("ufixed<1,1>");
    t->o.io = NH_IO_STREAM;
    t->o.beat = 1;
    t->o.simulate.trace = true;
    t->o.spiking.readout = NH_READOUT_COUNT;
    t->o.clock_mhz = 100;
    t->o.target = (nh_target){.lut_inputs = 4,
                              .lut_ns = 0.5,
                              .carry_ns_per_bit = 0.1,
                              .mul_ns = 3,
                              .bram_ns = 2,
                              .setup_ns = 0.3,
                              .bram_bits = 4096};
    append_image(t, "x", NH_OP_INPUT);
    nh_layer *conv = append_image(t, "conv", NH_OP_CONV);
    conv->window = (nh_window){.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .groups = 1};
    conv->weight = param(t, (nh_shape){4, {2, 2, 1, 1}}, one);
    nh_layer *fire = append_image(t, "fire", NH_OP_NEURON);
    fire->neuron = integrator(t);
    nh_graph_keep_sums(t->g);
    bool ok = nh_passes_run(t->g, &t->o, &(nh_samples){NULL, 0, STEPS * N}, t->d, NULL, NULL);
    b->g = ok ? nh_lower(t->a, t->d, t->g, &t->o) : NULL;
    if (!b->g) nh_diag_print(t->d, NH_NOTE, false, stderr);
    cr_assert(b->g);
    char dir[] = NH_BINARY_DIR "/steps_sim_XXXXXX";
    b->dir = nh_arena_str(t->a, mkdtemp(dir));
    b->s = (nh_sim_setup){.c_dir = nh_path_join(t->a, b->dir, "c"),
                          .rtl_dir = b->dir,
                          .work_dir = nh_path_join(t->a, b->dir, "work"),
                          .cc = nh_tool_find(t->a, "cc"),
                          .jobs = 2,
                          .quiet = true};
    return b;
}

/* Sample 0: all inputs in all steps; sample 1: element 2 (channel 1, pixel 0) only. */
static void run(bench *b) {
    static const nh_provenance made = {"0.0", "c0ffee", "deadbeef"};
    double *x = nh_arena_alloc(b->t.a, 2 * STEPS * N * sizeof *x);
    for (int i = 0; i < STEPS * N; i++) x[i] = 1, x[STEPS * N + i] = i % N == 2;
    b->s.x = (nh_samples){x, 2, STEPS * N};
    bool ok = nh_emit_c(b->t.a, b->t.d, b->g, &made, b->s.c_dir) && nh_sim_run(b->t.a, b->t.d, b->g, &b->s, &b->f);
    if (!ok) nh_diag_print(b->t.d, NH_NOTE, false, stderr);
    cr_assert(ok);
}

static void drop(bench *b) {
    nh_remove_tree(b->t.d, b->dir);
    nh_arena_free(b->t.a);
}

static nh_npy array(bench *b, const char *name) {
    nh_npy y;
    nh_data_ref ref = {.path = nh_path_join(b->t.a, b->s.work_dir, name)};
    cr_assert(nh_npy_read(b->t.a, b->t.d, &ref, &y), "%s", name);
    return y;
}

static double expected(int sample, int step, int element) {
    bool fires = (step + 1) % (element < 2 ? 2 : 3) == 0;
    return fires && (sample == 0 || element == 2);
}

Test(steps_sim, outputs_and_layers_are_in_the_order_of_the_model) {
    bench *b = make();
    run(b);
    static const char *const name[] = {"outputs_c.npy", "outputs_float.npy", "layers/02_fire.npy"};
    for (int f = 0; f < 3; f++) {
        nh_npy y = array(b, name[f]);
        cr_expect_eq(y.n, 2 * STEPS * N);
        cr_expect_eq(y.rank, f < 2 ? 3 : 5);
        cr_expect_eq(y.dim[1], STEPS);
        for (int i = 0; i < 2 * STEPS * N; i++)
            cr_expect_eq(y.value[i], expected(i / (STEPS * N), i / N % STEPS, i % N), "%s [%d]", name[f], i);
    }
    cr_expect_str_eq(array(b, "layers/02_fire.npy").dtype, "|u1");
    cr_expect_not(nh_file_exists(nh_path_join(b->t.a, b->s.work_dir, "streams")));
    drop(b);
}

Test(steps_sim, layers_of_neurons_alone_have_a_stream_of_events) {
    bench *b = make();
    cr_assert_eq(b->g->graph->n_layer, 3);
    for (int i = 0; i < 3; i++) {
        int k = nh_sim_stream_of_layer(b->g, i);
        if (i < 2) cr_expect_lt(k, 0, "layer %d", i);
        if (i == 2) cr_expect_eq(b->g->stream[k].tensor, b->g->graph->layer[2].out);
    }
    /* Neurons that no stream leaves: they are inside of a unit. */
    nh_design none = *b->g;
    none.n_stream = 1;
    cr_expect_lt(nh_sim_stream_of_layer(&none, 2), 0);
    drop(b);
}

/* Outputs in steps of 4 are written as the numbers that they mean. */
Test(steps_sim, coarse_outputs_are_written_as_integers) {
    bench *b = make();
    int64_t model[2 * STEPS * N];
    for (int i = 0; i < 2 * STEPS * N; i++) model[i] = i - 20;
    nh_stream *out = &b->g->stream[b->g->output];
    out->fmt = nh_format_make(true, 8, 10, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    b->s.work_dir = b->dir;
    cr_assert(nh_sim_write_outputs(b->t.a, b->t.d, b->g, nh_path_join(b->t.a, b->dir, "y.npy"), 2, model));
    nh_npy y = array(b, "y.npy");
    cr_assert_eq(y.n, 2 * STEPS * N);
    for (int i = 0; i < 2 * STEPS * N; i++) cr_expect_eq(y.value[i], 4 * (i - 20));
    drop(b);
}

Test(steps_sim, spikes_are_counted_per_layer) {
    bench *b = make();
    run(b);
    cr_assert_eq(b->f.n_spike, 1);
    cr_expect_str_eq(b->f.spike[0].layer, "fire");
    cr_expect_eq(b->f.spike[0].n, 2 * STEPS * N);
    cr_expect_eq(b->f.spike[0].spikes_float, 2 * 3 + 2 * 2 + 2);
    cr_expect_eq(b->f.spike[0].spikes_fixed, 12);
    cr_expect_eq(b->f.spike[0].differing, 0);
    cr_expect_eq(b->f.spike[0].coinciding, 12);
    cr_expect_float_eq(b->f.spike[0].rate, 0.25, 1e-12);
    cr_expect_eq(b->f.steps, STEPS);
    drop(b);
}

Test(steps_sim, every_readout_has_its_accuracy) {
    static const int64_t label[] = {2, 2};
    bench *b = make();
    b->s.label = label;
    run(b);
    /* sample 0: counts 3 3 2 2, first spike of elements 0 and 1, all fire in the last step: class 0 each time; sample
     * 1: class 2 */
    for (int r = 0; r < 3; r++) {
        cr_expect_float_eq(b->f.readout[r].acc_float, 0.5, 1e-12);
        cr_expect_float_eq(b->f.readout[r].acc_fixed, 0.5, 1e-12);
    }
    cr_expect_float_eq(b->f.acc_fixed, 0.5, 1e-12);
    cr_expect_float_eq(b->f.agree_float_fixed, 1, 1e-12);
    cr_expect_eq(b->f.confusion[2 * 4 + 0], 1);
    drop(b);
}

Test(steps_sim, outputs_are_compared_with_the_reference) {
    bench *b = make();
    double *want = nh_arena_alloc(b->t.a, 2 * STEPS * N * sizeof *want);
    for (int i = 0; i < 2 * STEPS * N; i++) want[i] = expected(i / (STEPS * N), i / N % STEPS, i % N);
    want[STEPS * N + 3] = 1, want[STEPS * N + 7] = 1; /* sample 1, steps 0 and 1 */
    b->s.reference = want;
    run(b);
    cr_expect(b->f.reference.given);
    cr_expect_eq(b->f.reference.fixed_differing, 2);
    cr_expect_eq(b->f.reference.float_differing, 2);
    cr_expect_eq(b->f.reference.fixed_samples, 1);
    cr_expect_eq(b->f.reference.spikes, 14);
    cr_expect_eq(b->f.reference.float_spikes, 12);
    cr_expect_eq(b->f.reference.fixed_spikes, 12);
    nh_reference_first first = b->f.reference.fixed_first;
    cr_expect(first.sample == 1 && first.step == 0 && first.output == 3 && first.expected == 1 && first.got == 0);
    drop(b);
}

/* 4 inputs a step in sample 0, one in sample 1; each meets the weights of two channels. */
Test(steps_sim, operations_are_events_times_fan_out) {
    bench *b = make();
    run(b);
    cr_assert_eq(b->f.n_synapse, 1);
    cr_expect_str_eq(b->f.synapse[0].layer, "conv");
    cr_expect_eq(b->f.synapse[0].samples, 2);
    cr_expect_eq(b->f.synapse[0].events, STEPS * (4 + 1));
    cr_expect_eq(b->f.synapse[0].operations, 2 * STEPS * (4 + 1));
    cr_expect_eq(b->f.synapse[0].products, 2 * STEPS * 4 * 2);
    drop(b);
}

Test(steps_sim, the_raster_is_that_of_the_first_sample) {
    bench *b = make();
    run(b);
    cr_expect_eq(b->f.raster.sample, 0);
    cr_expect_eq(b->f.raster.steps, STEPS);
    cr_assert_eq(b->f.raster.n_band, 1);
    cr_assert_eq(b->f.raster.band[0].n_row, N);
    for (int e = 0; e < N; e++) cr_expect_str_eq(b->f.raster.band[0].row[e], e < 2 ? ".#.#.#" : "..#..#");
    drop(b);
}

Test(steps_sim, an_integer_network_has_no_drift) {
    bench *b = make();
    run(b);
    cr_expect(b->f.is_exact);
    cr_expect_eq(b->f.n_cause, 0);
    drop(b);
}
