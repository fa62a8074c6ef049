/* Small networks of tests/fixtures/lava/make_files.py with what the golden set does not have. Expected outputs: numpy,
 * there. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "neurons.h"
#include "npy.h"
#include "reader.h"

#define FIXTURES NH_SOURCE_DIR "/tests/fixtures/lava/"

typedef struct {
    nh_arena *a;
    nh_diag *d;
    nh_graph *g;
} reading;

static reading read_fixture(const char *name, const nh_options *o) {
    reading r = {.a = nh_arena_new()};
    r.d = nh_diag_new(r.a);
    r.g = nh_model_read(r.a, r.d, NH_NOWHERE, nh_arena_printf(r.a, FIXTURES "%s.net", name), o);
    if (!r.g) nh_diag_print(r.d, NH_NOTE, false, stderr);
    cr_assert(r.g);
    cr_assert_null(nh_graph_check(r.g, r.a));
    return r;
}

static int count(const nh_diag *d, nh_code code) {
    int n = 0;
    for (size_t i = 0; i < d->count; i++) n += d->item[i].code == code;
    return n;
}

static nh_npy array(reading *r, const char *name, const char *what) {
    nh_npy x;
    nh_data_ref ref = {.path = nh_arena_printf(r->a, FIXTURES "%s_%s.npy", name, what)};
    cr_assert(nh_npy_read(r->a, r->d, &ref, &x));
    return x;
}

/* Run the network; its output equals <name>_y.npy in every step. Returns how often `code` was reported. */
static int computes_as_numpy(const char *name, const nh_options *o, nh_code code) {
    reading r = read_fixture(name, o);
    nh_npy x = array(&r, name, "x"), y = array(&r, name, "y");
    int64_t steps = x.dim[0], n_in = x.n / steps, n_out = y.n / steps;
    cr_assert_eq(n_in, nh_shape_size(r.g->tensor[r.g->input].shape));
    cr_assert_eq(n_out, nh_shape_size(r.g->tensor[r.g->output].shape));
    nh_float_net *e = nh_float_net_new(r.a, r.g, NH_FLOAT64);
    for (int64_t t = 0; t < steps; t++) {
        nh_float_net_step(e, x.value + t * n_in);
        const double *v = nh_float_net_value(e, r.g->output);
        for (int64_t i = 0; i < n_out; i++)
            cr_assert(v[i] == y.value[t * n_out + i], "%s step %lld element %lld: %g, numpy has %g", name, (long long)t,
                      (long long)i, v[i], y.value[t * n_out + i]);
    }
    int n = count(r.d, code);
    nh_arena_free(r.a);
    return n;
}

Test(lava_fixtures, delays_of_inputs_are_floored_and_clipped_with_a_warning) {
    cr_assert_eq(computes_as_numpy("dense_delay_in", NULL, NH_M_LAVA_CLIPPED), 1);
}

Test(lava_fixtures, delays_of_a_square_layer_are_those_of_the_sums_with_a_warning) {
    cr_assert_eq(computes_as_numpy("dense_delay_square", NULL, NH_M_LAVA_AMBIGUOUS), 1);
}

Test(lava_fixtures, the_least_weight_of_an_inhibitory_matrix_is_minus_255_and_layers_follow_their_numbers) {
    cr_assert_eq(computes_as_numpy("dense_inhibitory", NULL, NH_M_LAVA_CLIPPED), 1);
}

Test(lava_fixtures, a_sum_beyond_one_wrap_keeps_the_bits_of_int32) {
    cr_assert_eq(computes_as_numpy("dense_wide", NULL, NH_M_LAVA_CLIPPED), 0);
}

/* Sums of at most 130 of what the neurons themselves send: the current is one that a wrap brings back, of 25 bits. */
Test(lava_fixtures, a_layer_that_reads_itself_alone_has_the_bound_of_its_own_weights) {
    cr_assert_eq(computes_as_numpy("dense_alone", NULL, NH_M_LAVA_CLIPPED), 0);
    reading r = read_fixture("dense_alone", NULL);
    int i = r.g->tensor[r.g->output].producer;
    while (strcmp(r.g->layer[i].neuron ? r.g->layer[i].neuron->program->name : "", "lava_lif") != 0)
        cr_assert_geq(--i, 0);
    const nh_neuron_program *p = r.g->layer[i].neuron->program;
    cr_assert_str_eq(p->reg[p->state[0]].name, "u");
    cr_assert_eq(p->reg[p->state[0]].fmt.width_bits, 25);
    nh_arena_free(r.a);
}

Test(lava_fixtures, a_layer_without_neurons_integrates_as_in_netx) {
    cr_assert_eq(computes_as_numpy("dense_default_neuron", NULL, NH_M_LAVA_DECIDED), 1);
}

Test(lava_fixtures, input_of_message_bits_0_counts_as_0_or_1) {
    computes_as_numpy("input_cast", NULL, NH_M_LAVA_DECIDED);
}

Test(lava_fixtures, input_bias_passes_by_the_current) {
    nh_options o = {0};
    o.spiking.input_bias = true;
    cr_assert_eq(computes_as_numpy("input_bias", &o, NH_M_LAVA_DECIDED), 1); /* weight and bias of the input layer */
}

Test(lava_fixtures, decays_per_channel_wrapped_sums_and_delayed_outputs_of_a_convolution) {
    cr_assert_eq(computes_as_numpy("conv_per_channel", NULL, NH_M_LAVA_DECIDED), 1); /* the delay */
}

Test(lava_fixtures, a_pool_fills_up_with_zeros_as_in_slayer) { computes_as_numpy("pool", NULL, NH_M_LAVA_DECIDED); }

Test(lava_fixtures, adaptive_neurons_compute_as_in_slayer) {
    cr_assert_eq(computes_as_numpy("alif", NULL, NH_M_LAVA_DECIDED), 1);
}

Test(lava_fixtures, resonators_turn_by_what_floating_point_leaves_of_sine_and_cosine) {
    cr_assert_eq(computes_as_numpy("rf", NULL, NH_M_LAVA_DECIDED), 1);
}

Test(lava_fixtures, sigma_delta_forgets_the_bits_a_message_loses) {
    computes_as_numpy("sdnn", NULL, NH_M_LAVA_DECIDED);
}

Test(lava_fixtures, corrected_sigma_delta_knows_what_was_received) {
    nh_options o = {0};
    o.spiking.sigma_delta_corrected = true;
    computes_as_numpy("sdnn_corrected", &o, NH_M_LAVA_DECIDED);
}

Test(lava_fixtures, graded_messages_of_no_bits_are_received_as_0_or_1) {
    computes_as_numpy("sdnn_message_bits", NULL, NH_M_LAVA_DECIDED);
}

Test(lava_fixtures, weights_are_integers_in_the_smallest_format) {
    reading r = read_fixture("dense_inhibitory", NULL);
    const nh_layer *l = &r.g->layer[nh_graph_find(r.g, "layer0.dense")];
    cr_assert_eq(l->weight->fmt.width_bits, 9); /* -255..0 */
    cr_assert_eq(nh_format_frac(l->weight->fmt), 0);
    cr_assert(l->weight->fmt.is_signed);
    cr_assert_eq(l->weight->raw[1 * 4 + 2], -255);
    cr_assert_eq(l->weight->value[1 * 4 + 2], -255);
    nh_arena_free(r.a);
}

Test(lava_fixtures, message_bits_of_the_input_keep_graded_values) {
    nh_options o = {0};
    reading r = read_fixture("input_cast", &o);
    cr_assert(nh_graph_find(r.g, "layer0.binary") >= 0);
    nh_arena_free(r.a);
    o.spiking.input_message_bits = 16;
    r = read_fixture("input_cast", &o);
    cr_assert_eq(nh_graph_find(r.g, "layer0.binary"), -1);
    nh_arena_free(r.a);
}

/* Steps from 0: netx's step t from 1 resets layer i when t % interval == (offset + 1 + i) % interval. */
Test(lava_fixtures, the_reset_moves_on_by_one_step_per_layer) {
    nh_options o = {0};
    o.spiking.reset_interval = 5;
    o.spiking.reset_offset = 3;
    reading r = read_fixture("dense_inhibitory", &o);
    for (int i = 0; i < 12; i++) {
        const nh_layer *l = &r.g->layer[nh_graph_find(r.g, nh_arena_printf(r.a, "layer%d.neuron", i))];
        cr_assert_eq(l->neuron->reset_period, 5);
        for (int64_t t = 1; t <= 10; t++) cr_assert_eq(t % 5 == (3 + 1 + i) % 5, (t - 1) % 5 == l->neuron->reset_phase);
    }
    nh_arena_free(r.a);
}

Test(lava_fixtures, num_layers_and_skip_layers_cut_the_network) {
    nh_options o = {0};
    o.spiking.num_layers = 3;
    o.spiking.skip_layers = 1;
    reading r = read_fixture("conv_per_channel", &o); /* input, conv, flatten, dense */
    cr_assert_eq(nh_graph_find(r.g, "layer3.neuron"), -1);
    cr_assert(nh_shape_equal(r.g->tensor[r.g->input].shape, (nh_shape){3, {2, 5, 5}}));
    cr_assert_eq(r.g->tensor[r.g->output].shape.dim[0], 27);
    nh_arena_free(r.a);
    o.spiking.num_layers = 0;
    o.spiking.skip_layers = 2;
    r = read_fixture("conv_per_channel", &o);
    cr_assert(nh_shape_equal(r.g->tensor[r.g->input].shape, (nh_shape){3, {3, 3, 3}}));
    nh_arena_free(r.a);
}

Test(lava_fixtures, a_file_without_input_layer_takes_the_shape_of_the_configuration) {
    nh_options o = {0};
    o.spiking.input_rank = 3;
    o.spiking.input_shape[0] = 2;
    o.spiking.input_shape[1] = o.spiking.input_shape[2] = 5;
    reading r = read_fixture("bad/no_input_shape", &o);
    cr_assert(nh_shape_equal(r.g->tensor[r.g->input].shape, (nh_shape){3, {2, 5, 5}}));
    nh_arena_free(r.a);
}

Test(lava_fixtures, what_lava_ignores_or_clips_is_warned_of) {
    reading r = read_fixture("bad/warnings", NULL);
    cr_assert_eq(count(r.d, NH_M_LAVA_IGNORED), 3); /* refDelay, gradedSpike, wgtExp */
    cr_assert_eq(count(r.d, NH_M_LAVA_CLIPPED), 2); /* weight, delay */
    cr_assert_eq(count(r.d, NH_M_LAVA_UNKNOWN), 1);
    cr_assert_eq(count(r.d, NH_M_LAVA_AMBIGUOUS), 1);
    cr_assert_eq(count(r.d, NH_M_LAVA_DECIDED), 1); /* simulation */
    nh_arena_free(r.a);
}

/* --- files that are refused -------------------------------------------------------------------------------------- */

/* The codes of the errors, in order, 0 ends them. */
static void is_refused(const char *name, const nh_options *o, const char *const *place, const nh_code *code, size_t n) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    cr_assert_null(nh_model_read(a, d, NH_NOWHERE, nh_arena_printf(a, FIXTURES "bad/%s.net", name), o));
    size_t k = 0;
    for (size_t i = 0; i < d->count; i++) {
        if (nh_code_get(d->item[i].code)->severity != NH_ERROR) continue;
        cr_assert(k < n, "%s: one more error: %s", name, d->item[i].message);
        cr_assert_eq(d->item[i].code, code[k], "%s: %s", name, d->item[i].message);
        cr_assert_str_eq(d->item[i].at.path ? d->item[i].at.path : "", place[k]);
        k++;
    }
    cr_assert_eq(k, n, "%s: %zu errors", name, k);
    nh_arena_free(a);
}

#define REFUSED(name, ...)                                                                                             \
    is_refused(name, NULL, places, (const nh_code[]){__VA_ARGS__}, sizeof(places) / sizeof *places)

Test(lava_refused, a_file_without_layers) {
    static const char *const places[] = {""};
    REFUSED("no_layers", NH_M_LAVA_FORM);
}

Test(lava_refused, layers_with_gaps_and_foreign_names) {
    static const char *const places[] = {"/layer/first"};
    REFUSED("gap", NH_M_LAVA_FORM);
}

Test(lava_refused, everything_that_is_missing_at_once) {
    static const char *const places[] = {"/layer/0/shape", "/layer/1/neuron/vThMant", "/layer/1/weight"};
    REFUSED("missing", NH_M_LAVA_MISSING, NH_M_LAVA_MISSING, NH_M_LAVA_MISSING);
}

Test(lava_refused, datasets_of_the_wrong_kind) {
    static const char *const places[] = {"/layer/0/neuron", "/layer/1/neuron/type", "/layer/1/inFeatures",
                                         "/layer/1/bias"};
    REFUSED("kinds", NH_M_LAVA_KIND, NH_M_LAVA_KIND, NH_M_LAVA_KIND, NH_M_LAVA_KIND);
}

Test(lava_refused, every_layer_type_that_is_not_built) {
    static const char *const places[] = {"/layer/2", "/layer/3", "/layer/4"};
    REFUSED("layer_types", NH_M_LAVA_LAYER, NH_M_LAVA_LAYER, NH_M_LAVA_LAYER);
}

Test(lava_refused, neuron_types_that_are_not_built) {
    static const char *const places[] = {"/layer/0/neuron", "/layer/1/neuron"};
    REFUSED("neuron_types", NH_M_LAVA_NEURON, NH_M_LAVA_NEURON);
}

Test(lava_refused, weights_that_are_not_integers) {
    static const char *const places[] = {"/layer/0/weight", "/layer/1/weight"};
    REFUSED("not_integer", NH_M_LAVA_INTEGER, NH_M_LAVA_INTEGER);
}

Test(lava_refused, numbers_outside_their_range) {
    static const char *const places[] = {"/layer/0/neuron/iDecay", "/layer/0/neuron/vThMant", "/layer/1/neuron/vDecay",
                                         "/layer/1/delay"};
    REFUSED("ranges", NH_M_LAVA_RANGE, NH_M_LAVA_RANGE, NH_M_LAVA_RANGE, NH_M_LAVA_RANGE);
}

Test(lava_refused, parameters_that_do_not_fit_their_layer) {
    static const char *const places[] = {"/layer/0/neuron/iDecay", "/layer/0/bias", "/layer/1/weight"};
    REFUSED("shapes", NH_M_LAVA_SHAPE, NH_M_LAVA_SHAPE, NH_M_LAVA_SHAPE);
}

Test(lava_refused, a_layer_that_does_not_fit_the_one_before) {
    static const char *const places[] = {"/layer/1"};
    REFUSED("sizes", NH_M_LAVA_SHAPE);
}

Test(lava_refused, a_shape_that_the_window_does_not_make) {
    static const char *const places[] = {"/layer/1/shape"};
    REFUSED("conv_shape", NH_M_LAVA_SHAPE);
}

Test(lava_refused, a_convolution_without_a_size_of_the_input) {
    static const char *const places[] = {"/layer/0"};
    REFUSED("no_input_shape", NH_M_LAVA_INPUT);
}

Test(lava_refused, a_pool_that_mixes_channels) {
    static const char *const places[] = {"/layer/1"};
    REFUSED("pool_form", NH_M_LAVA_LAYER);
}

Test(lava_refused, a_network_without_neurons) {
    static const char *const places[] = {""};
    REFUSED("only_flatten", NH_M_LAVA_SELECT);
}
