/* Keys of spiking networks; the expected values are the fields' meanings in hls/ir/options.h. */
#include <criterion/criterion.h>
#include <stdint.h>

#include "schema.h"
#include "support.h"

Test(spiking, every_key_reaches_its_field) {
    reading r = read_more(
        "spiking: { time_steps: 310, dt: 1e-3, encoding: events, readout: first_spike, max_count: 1, bin: 0.002,\n"
        "           repeat_input: true, reference: \"ref.npz:out\", input_shape: [2, 34, 35], reset_interval: 17,\n"
        "           reset_offset: 3, num_layers: 4, skip_layers: 1, input_message_bits: 16, sigma_delta_corrected: "
        "true }\n"
        "simulate: { inputs: events/, labels: labels.txt }\n");
    cr_assert_not_null(r.o, "%s", r.d->count ? r.d->item[0].message : "");
    cr_assert_eq(r.d->n_error, 0);
    cr_assert_eq(r.o->spiking.time_steps, 310);
    cr_assert_eq(r.o->spiking.dt, 1e-3);
    cr_assert_eq(r.o->spiking.encoding, NH_ENCODE_EVENTS);
    cr_assert_eq(r.o->spiking.readout, NH_READOUT_FIRST_SPIKE);
    cr_assert_eq(r.o->spiking.max_count, 1);
    cr_assert_eq(r.o->spiking.bin, 0.002);
    cr_assert(r.o->spiking.repeat_input && r.o->spiking.sigma_delta_corrected);
    cr_assert_str_eq(r.o->spiking.reference.key, "out");
    cr_assert_eq(r.o->spiking.input_rank, 3);
    cr_assert(r.o->spiking.input_shape[0] == 2 && r.o->spiking.input_shape[1] == 34 &&
              r.o->spiking.input_shape[2] == 35);
    cr_assert(r.o->spiking.reset_interval == 17 && r.o->spiking.reset_offset == 3);
    cr_assert(r.o->spiking.num_layers == 4 && r.o->spiking.skip_layers == 1 && r.o->spiking.input_message_bits == 16);
    cr_assert_str_eq(r.o->simulate.inputs.path, nh_path_join(r.a, r.dir, "events/"));
    done(&r);
}

Test(spiking, without_keys_everything_is_automatic) {
    reading r = read_more("");
    const nh_numerics *n = &r.o->defaults.numerics;
    cr_assert(r.o->spiking.time_steps == 0 && r.o->spiking.dt == 0 && r.o->spiking.encoding == NH_ENCODE_DIRECT);
    cr_assert(r.o->spiking.seed == 1 && r.o->spiking.max_count == 0 && r.o->spiking.bin == 0 &&
              r.o->spiking.input_rank == 0);
    cr_assert(r.o->spiking.reset_interval == 0 && r.o->spiking.num_layers == 0);
    cr_assert_null(r.o->spiking.reference.path);
    cr_assert(n->preset == NH_PRESET_NIR && n->integrator == NH_INTEGRATOR_AUTO && n->input_gain == NH_GAIN_AUTO);
    cr_assert(n->reset == NH_RESET_AUTO && n->reset_timing == NH_RESET_TIMING_AUTO && n->spike == NH_SPIKE_AUTO);
    cr_assert(n->compare == NH_COMPARE_AUTO && n->v_min == NH_V_MIN_AUTO && n->syn_order == NH_SYN_ORDER_AUTO);
    cr_assert(n->recurrent_bias == NH_REC_BIAS_AUTO && n->spikes_per_step == 0 && n->layer_delay == -1 && n->dt == 0);
    cr_assert(r.o->defaults.state.is_auto && r.o->defaults.state_bits == 16 && r.o->defaults.decay_bits == 12);
    cr_assert_null(r.o->defaults.neuron_model);
    done(&r);
}

Test(spiking, numbers_take_their_words_and_numbers) {
    reading r = read_more(
        "defaults: { numerics: snntorch-0.9, spikes_per_step: n, layer_delay: 0, dt: 1e-4, integrator: steps_exp,\n"
        "            reset: subtract, reset_timing: snntorch_sub, compare: ge, neuron_model: my.neuron }\n");
    const nh_numerics *n = &r.o->defaults.numerics;
    cr_assert_eq(n->preset, NH_PRESET_SNNTORCH_0_9);
    cr_assert_eq(n->spikes_per_step, INT64_MAX);
    cr_assert_eq(n->layer_delay, 0);
    cr_assert_eq(n->dt, 1e-4);
    cr_assert_eq(n->integrator, NH_INTEGRATOR_STEPS_EXP);
    cr_assert(n->reset == NH_RESET_SUBTRACT && n->reset_timing == NH_RESET_SNNTORCH_SUB && n->compare == NH_COMPARE_GE);
    cr_assert_eq(n->reset_at.line, 5);
    cr_assert_str_eq(r.o->defaults.neuron_model, nh_path_join(r.a, r.dir, "my.neuron"));
    done(&r);
}

Test(spiking, keys_of_another_encoding_are_a_warning) {
    reading r = read_more("spiking: { seed: 3, max_count: 1, time_steps: 4 }\n");
    cr_assert_not_null(r.o);
    cr_assert_eq(r.d->n_warning, 2);
    cr_assert(reported(&r, NH_C_NO_EFFECT, 4, 18) && reported(&r, NH_C_NO_EFFECT, 4, 32));
    done(&r);
}

/* input 2x4x4 -> conv 3x3 -> LIF -> flatten -> fc -> out */
static nh_graph *temporal_graph(nh_arena *a) {
    static const struct {
        const char *name;
        nh_op op;
        nh_shape shape, weight;
    } row[] = {{"in", NH_OP_INPUT, {3, {2, 4, 4}}, {0}},   {"conv", NH_OP_CONV, {3, {3, 2, 2}}, {4, {3, 2, 3, 3}}},
               {"lif", NH_OP_NEURON, {3, {3, 2, 2}}, {0}}, {"pool", NH_OP_SUMPOOL, {3, {3, 1, 1}}, {0}},
               {"flat", NH_OP_RESHAPE, {1, {3}}, {0}},     {"fc", NH_OP_DENSE, {1, {5}}, {2, {5, 3}}},
               {"out", NH_OP_NEURON, {1, {5}}, {0}}};
    nh_graph *g = nh_graph_new(a, "t");
    for (int i = 0; i < 7; i++) {
        nh_layer l = {.name = row[i].name, .op = row[i].op, .n_in = i > 0};
        l.in[0] = i - 1;
        l.out = nh_graph_add_tensor(g, row[i].name, row[i].shape, NH_EDGE_FRAME);
        if (row[i].weight.rank) {
            l.weight = NH_NEW(a, nh_param);
            l.weight->shape = row[i].weight;
        }
        if (row[i].op == NH_OP_NEURON) {
            l.neuron = NH_NEW(a, nh_neuron);
            l.neuron->kind = NH_KIND_LIF;
        }
        nh_graph_add_layer(g, l);
    }
    g->input = 0;
    g->output = 6;
    nh_graph_keep_sums(g);
    return g;
}

static bool resolves(const char *more, nh_code code, int line, int col) {
    reading r = read_more(more);
    cr_assert_not_null(r.o, "%s", r.d->count ? r.d->item[0].message : "");
    bool ok = nh_config_resolve(r.o, temporal_graph(r.a), r.d);
    cr_assert(ok || (r.d->n_error == 1 && reported(&r, code, line, col)), "%s: %s", more, r.d->item[0].message);
    done(&r);
    return ok;
}

Test(spiking, keys_belong_to_their_operators) {
    const char *resource = "defaults: { strategy: resource }\n";
    nh_arena *a = nh_arena_new();
    static const struct {
        const char *text;
        bool ok;
        int col;
    } row[] = {
        {"layers: { lif: { numerics: sinabs, state_bits: 9, reset: zero, neuron_model: a.neuron } }\n", true, 0},
        {"layers: { conv: { layer_delay: 1, recurrent_bias: no, numerics: lava, reuse_factor: 54 } }\n", true, 0},
        {"layers: { \"*\": { state: \"fixed<12,4>\" } }\n", true, 0},
        {"layers: { lif: { weight_bits: 4 } }\n", false, 31},
        {"layers: { fc: { state_bits: 4 } }\n", false, 29},
        {"layers: { pool: { decay_bits: 4 } }\n", false, 31},
        {"layers: { flat: { numerics: nir } }\n", false, 29},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        cr_assert_eq(resolves(nh_arena_printf(a, "%s%s", resource, row[i].text), NH_C_OPERATOR, 5, row[i].col),
                     row[i].ok, "%zu", i);
    cr_assert_not(
        resolves("defaults: { strategy: resource }\nlayers: { conv: { reuse_factor: 55 } }\n", NH_C_REUSE, 5, 33));
    cr_assert_not(
        resolves("defaults: { strategy: resource }\nlayers: { conv: { strategy: latency } }\n", NH_C_STRATEGY, 5, 29));
    nh_arena_free(a);
}

Test(spiking, init_of_a_network_in_time_reads_and_resolves) {
    nh_arena *a = nh_arena_new();
    nh_graph *g = temporal_graph(a);
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    nh_config_init(g, "net.nir", "net", f);
    fclose(f);
    cr_assert_not_null(strstr(text, "spiking:"));
    cr_assert_not_null(strstr(text, "\"lif\":   # LIF neurons, output 3x2x2"));
    cr_assert_not_null(strstr(text, "\"conv\":   # conv, kernel 3x3, output 3x2x2, reuse_factor 9 to 54"));
    reading r = read_text(text);
    cr_assert_not_null(r.o, "%s\n%s", r.d->count ? r.d->item[0].message : "", text);
    cr_assert(nh_config_resolve(r.o, g, r.d), "%s", r.d->count ? r.d->item[0].message : "");
    cr_assert_eq(r.d->count, 0);
    free(text);
    done(&r);
    nh_arena_free(a);
}
