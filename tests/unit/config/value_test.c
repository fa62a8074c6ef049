#include <criterion/criterion.h>

#include "support.h"

Test(config, minimal_file_has_the_documented_defaults) {
    reading r = read_text(HEAD);
    cr_assert_not_null(r.o);
    cr_assert_str_eq(r.o->project, "p");
    cr_assert_str_eq(r.o->model, nh_path_join(r.a, r.dir, "m.onnx"));
    cr_assert_eq(r.o->io, NH_IO_PARALLEL);
    cr_assert_eq(r.o->beat, 1);
    cr_assert_eq(r.o->output, NH_OUTPUT_VALUES);
    cr_assert(r.o->input.format.is_auto);
    cr_assert_eq(r.o->input.bits, 8);
    cr_assert_not(r.o->input.has_scale);
    cr_assert_eq(r.o->input.scale, 1);
    cr_assert_eq(r.o->defaults.strategy, NH_STRATEGY_LATENCY);
    cr_assert_eq(r.o->defaults.reuse_factor, 1);
    cr_assert(r.o->defaults.weight.is_auto && r.o->defaults.bias.is_auto && r.o->defaults.result.is_auto &&
              r.o->defaults.accum.is_auto);
    cr_assert_eq(r.o->defaults.weight_bits, 8);
    cr_assert_eq(r.o->defaults.result_bits, 16);
    cr_assert_eq(r.o->defaults.table_size, 0);
    cr_assert_eq(r.o->defaults.multiplier_bits, 16);
    cr_assert_eq(r.o->calibrate.percentile, 99.9);
    cr_assert_eq(r.o->calibrate.scale, 1);
    cr_assert_eq(r.o->simulate.stalls, NH_STALLS_RANDOM);
    cr_assert_lt(r.o->require.max_accuracy_drop, 0);
    cr_assert_eq(r.o->require.min_fmax_mhz, 0);
    cr_assert_not(r.o->require.fit);
    cr_assert_str_eq(r.o->target.name, "icebreaker");
    cr_assert_eq(r.o->clock_mhz, r.o->target.clock_mhz);
    done(&r);
}

Test(config, every_kind_of_value_is_read) {
    reading r = read_more(
        "clock_mhz: 48.5\nio: stream\nbeat: 4\noutput: argmax\n"
        "input: { format: \"ufixed<8,0>\", scale: 1/255 }\n"
        "defaults: { strategy: resource, reuse_factor: auto, weight: \"fixed<8,1,RND_CONV,SAT>\", table_size: 4096 }\n"
        "budget: { rate_hz: 1e4 }\n"
        "calibrate: { data: x.npz:cal, method: mse, samples: 100 }\n"
        "simulate: { inputs: x.npy, labels: \"y.npz\", scale: 0.5, trace: true, seed: 7 }\n"
        "require: { max_accuracy_drop: 0.5%, min_fmax_mhz: 24, fit: true }\n");
    cr_assert_not_null(r.o);
    cr_assert_eq(r.o->clock_mhz, 48.5);
    cr_assert_eq(r.o->beat, 4);
    cr_assert_eq(r.o->input.scale, 1.0 / 255);
    cr_assert(r.o->input.has_scale);
    cr_assert_eq(r.o->input.format.fmt.width_bits, 8);
    cr_assert_not(r.o->input.format.fmt.is_signed);
    cr_assert_eq(r.o->defaults.reuse_factor, 0);
    cr_assert_eq(r.o->defaults.weight.fmt.round, NH_ROUND_RND_CONV);
    cr_assert_eq(r.o->defaults.weight.fmt.overflow, NH_OVERFLOW_SAT);
    cr_assert_eq(r.o->defaults.weight.at.line, 9);
    cr_assert_eq(r.o->budget.rate_hz, 10000);
    cr_assert_str_eq(r.o->calibrate.data.key, "cal");
    cr_assert_str_eq(r.o->calibrate.data.path, nh_path_join(r.a, r.dir, "x.npz"));
    cr_assert_null(r.o->simulate.labels.key);
    cr_assert_eq(r.o->simulate.seed, 7);
    cr_assert(r.o->simulate.trace);
    cr_assert_float_eq(r.o->require.max_accuracy_drop, 0.005, 1e-15);
    done(&r);
}

Test(config, absolute_and_parent_paths_are_kept) {
    reading r = read_text("project: p\nmodel: ../m/net.onnx\ntarget: generic\ncalibrate: { data: /d/x.npy }\n");
    cr_assert_str_eq(r.o->model, nh_path_join(r.a, r.dir, "../m/net.onnx"));
    cr_assert_str_eq(r.o->calibrate.data.path, "/d/x.npy");
    done(&r);
}

/* What follows HEAD (3 lines), code, line, column: counted by hand. */
static const struct {
    const char *text;
    nh_code code;
    int line, col;
} bad[] = {
    {"clok_mhz: 24\n", NH_C_UNKNOWN, 4, 1},
    {"defaults: { reuse: 3 }\n", NH_C_UNKNOWN, 4, 13},
    {"layers:\n  fc1: { wieght: auto }\n", NH_C_UNKNOWN, 5, 10},
    {"clock_mhz: fast\n", NH_C_TYPE, 4, 12},
    {"clock_mhz: \"24\"\n", NH_C_TYPE, 4, 12},
    {"clock_mhz: 0x18\n", NH_C_TYPE, 4, 12},
    {"clock_mhz: .inf\n", NH_C_TYPE, 4, 12},
    {"clock_mhz: nan\n", NH_C_TYPE, 4, 12},
    {"clock_mhz: 1e999\n", NH_C_TYPE, 4, 12},
    {"clock_mhz: [24]\n", NH_C_TYPE, 4, 12},
    {"clock_mhz:\n", NH_C_TYPE, 4, 11},
    {"clock_mhz: ~\n", NH_C_TYPE, 4, 12},
    {"clock_mhz: -1\n", NH_C_RANGE, 4, 12},
    {"beat: 1.5\nio: stream\n", NH_C_TYPE, 4, 7},
    {"beat: 0\nio: stream\n", NH_C_RANGE, 4, 7},
    {"io: both\n", NH_C_RANGE, 4, 5},
    {"input: 3\n", NH_C_TYPE, 4, 8},
    {"layers: [a]\n", NH_C_TYPE, 4, 9},
    {"layers: { a: 3 }\n", NH_C_TYPE, 4, 14},
    {"simulate: { trace: yes }\n", NH_C_TYPE, 4, 20},
    {"simulate: { inputs: x.csv }\n", NH_C_TYPE, 4, 21},
    {"simulate: { inputs: \"x.npz:\" }\n", NH_C_TYPE, 4, 21},
    {"input: { scale: 1/0 }\n", NH_C_TYPE, 4, 17},
    {"input: { scale: 0 }\n", NH_C_RANGE, 4, 17},
    {"input: { scale: -1/255 }\n", NH_C_RANGE, 4, 17},
    {"defaults: { reuse_factor: 0 }\n", NH_C_RANGE, 4, 27},
    {"defaults: { reuse_factor: -3 }\n", NH_C_RANGE, 4, 27},
    {"defaults: { reuse_factor: 1e300 }\n", NH_C_RANGE, 4, 27},
    {"defaults: { weight_bits: auto }\n", NH_C_TYPE, 4, 26},
    {"defaults: { weight_bits: 33 }\n", NH_C_RANGE, 4, 26},
    {"defaults: { table_size: 1000 }\n", NH_C_RANGE, 4, 25},
    {"defaults:\n  weight: fixed<0,1>\n", NH_C_FORMAT, 5, 17},
    {"defaults:\n  weight: fixed<65,1>\n", NH_C_FORMAT, 5, 17},
    {"defaults:\n  weight: \"fixed<8,1,RMD>\"\n", NH_C_FORMAT, 5, 22},
    {"defaults: { weight: fixed<8,1> }\n", NH_C_FORMAT, 4, 28},
    {"require: { fit: True }\n", NH_C_TYPE, 4, 17},
    {"require: { max_accuracy_drop: 101% }\nsimulate: { inputs: x.npy, labels: y.npy }\n", NH_C_RANGE, 4, 31},
    {"require: { max_accuracy_drop: 1% }\n", NH_C_CONFLICT, 4, 31},
    {"budget: { rate_hz: 10, multipliers: 4 }\n", NH_C_CONFLICT, 4, 9},
    {"simulate: { labels: y.npy }\n", NH_C_CONFLICT, 4, 21},
    {"fabric: { lanes: 4 }\n", NH_C_MISSING, 4, 9},
    {"fabric: { mesh: [4] }\n", NH_C_MISSING, 4, 9},
    {"fabric: { mesh: [0, 1] }\n", NH_C_RANGE, 4, 18},
    {"layers: { a: { tiles: [] } }\n", NH_C_RANGE, 4, 23},
    {"layers: { a: { tiles: 3 } }\n", NH_C_TYPE, 4, 23},
    {"layers: { a: { tiles: [0, 1] } }\n", NH_C_TYPE, 4, 24},
    {"layers: { a: { tiles: [[0, 1], [2]] } }\n", NH_C_RANGE, 4, 32},
    {"layers: { a: { tiles: [[0, 1, 2]] } }\n", NH_C_RANGE, 4, 24},
    {"layers: { a: { tiles: [[0, 32]] } }\n", NH_C_RANGE, 4, 28},
    {"layers: { a: { tiles: [[0, [1]]] } }\n", NH_C_TYPE, 4, 28},
    {"layers: { a: { cores: 0 } }\n", NH_C_RANGE, 4, 23},
    {"fabric: { limits: loihi3 }\n", NH_C_TARGET, 4, 19},
    {"spiking: { time_steps: 0 }\n", NH_C_RANGE, 4, 24},
    {"spiking: { encoding: rates }\n", NH_C_RANGE, 4, 22},
    {"spiking: { encoding: rate }\n", NH_C_CONFLICT, 4, 22},
    {"spiking: { encoding: constant }\n", NH_C_CONFLICT, 4, 22},
    {"spiking: { repeat_input: true }\n", NH_C_CONFLICT, 4, 26},
    {"spiking: { input_shape: 34 }\n", NH_C_TYPE, 4, 25},
    {"spiking: { input_shape: [] }\n", NH_C_RANGE, 4, 25},
    {"spiking: { input_shape: [2, 34, 34, 1] }\n", NH_C_RANGE, 4, 25},
    {"spiking: { input_shape: [2, 0] }\n", NH_C_RANGE, 4, 29},
    {"spiking: { input_shape: [2, [3]] }\n", NH_C_TYPE, 4, 29},
    {"spiking: { input_shape: [2, 1.5] }\n", NH_C_TYPE, 4, 29},
    {"spiking: { reference: out.txt }\n", NH_C_TYPE, 4, 23},
    {"simulate: { inputs: folder }\n", NH_C_TYPE, 4, 21},
    {"simulate: { inputs: x.npy, labels: y.bs2 }\n", NH_C_TYPE, 4, 36},
    {"defaults: { numerics: snntorsh }\n", NH_C_RANGE, 4, 23},
    {"defaults: { spikes_per_step: m }\n", NH_C_TYPE, 4, 30},
    {"defaults: { spikes_per_step: 0 }\n", NH_C_RANGE, 4, 30},
    {"defaults: { layer_delay: -1 }\n", NH_C_RANGE, 4, 26},
    {"defaults: { state_bits: 49 }\n", NH_C_RANGE, 4, 25},
    {"<<: 3\n", NH_C_UNKNOWN, 4, 1},
};

Test(config, every_bad_value_is_one_error_at_its_place) {
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        reading r = read_more(bad[i].text);
        cr_assert_null(r.o, "case %zu: %s", i, bad[i].text);
        cr_assert_eq(r.d->n_error, 1, "case %zu: %zu errors: %s", i, r.d->n_error, bad[i].text);
        cr_assert(reported(&r, bad[i].code, bad[i].line, bad[i].col), "case %zu: %s at %d:%d", i, r.d->item[0].message,
                  r.d->item[0].at.line, r.d->item[0].at.col);
        done(&r);
    }
}

Test(config, all_errors_come_at_once) {
    reading r = read_text("project: 1x\nmodel: m.onnx\ntarget: icebraker\nio: steam\nclok: 3\nbeat: many\n");
    cr_assert_null(r.o);
    cr_assert_eq(r.d->n_error, 5);
    cr_assert(reported(&r, NH_C_NAME, 1, 10) && reported(&r, NH_C_TARGET, 3, 9) && reported(&r, NH_C_RANGE, 4, 5) &&
              reported(&r, NH_C_UNKNOWN, 5, 1) && reported(&r, NH_C_TYPE, 6, 7));
    done(&r);
}

Test(config, missing_keys_are_named) {
    reading r = read_text("project: p\n");
    cr_assert_eq(r.d->n_error, 2);
    cr_assert_str_eq(r.d->item[0].message, "the key 'model' is missing");
    cr_assert_str_eq(r.d->item[1].message, "the key 'target' is missing");
    done(&r);
}

Test(config, misspelt_words_get_a_suggestion) {
    reading r = read_more("defualts: {}\nio: steam\n");
    cr_assert_str_eq(r.d->item[0].hint, "did you mean 'defaults'?");
    cr_assert_str_eq(r.d->item[1].hint, "did you mean 'stream'?");
    done(&r);
}

Test(config, keys_without_effect_are_warnings) {
    reading r = read_more("beat: 4\ncalibrate: { data: x.npy, percentile: 99 }\n");
    cr_assert_not_null(r.o);
    cr_assert_eq(r.d->n_warning, 2);
    done(&r);
}

static const char *const bad_names[] = {"1a",
                                        "_a",
                                        "a-b",
                                        "a.b",
                                        "../a",
                                        "a b",
                                        "\xc3\xa9t",
                                        "module",
                                        "int",
                                        "while",
                                        "a234567890123456789012345678901234567890123456789"};

Test(config, projects_are_identifiers) {
    nh_arena *a = nh_arena_new();
    for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++) {
        reading r = read_text(nh_arena_printf(a, "project: %s\nmodel: m.onnx\ntarget: generic\n", bad_names[i]));
        cr_assert(reported(&r, NH_C_NAME, 1, 10), "%s", bad_names[i]);
        done(&r);
    }
    cr_assert_null(nh_config_name_problem("Jet_tagger_2"));
    cr_assert_null(nh_config_name_problem("a23456789012345678901234567890123456789012345678"));
    nh_arena_free(a);
}

/* Words by their standards, not by our table; and names that only look like them. */
Test(config, names_that_something_has_already_are_refused_with_what_has_them) {
    static const struct {
        const char *name, *why;
    } row[] = {{"clk", "port or signal"},
               {"s_axis_tdata", "port or signal"},
               {"m_axis", "port or signal"},
               {"s12_valid", "port or signal"},
               {"core_idle_0_11", "port or signal"},
               {"nh_skid", "nh_"},
               {"NH_anything", "nh_"},
               {"u_n1_fc1", "instances"},
               {"int", "of C or C++"},
               {"co_yield", "of C or C++"},
               {"nullptr", "of C or C++"},
               {"reg", "of Verilog"},
               {"always_ff", "of Verilog"},
               {"nettype", "of Verilog"},
               {"supply0", "of Verilog"},
               {"entity", "of VHDL"},
               {"Entity", "of VHDL"},
               {"SIGNAL", "of VHDL"},
               {"NULL", "of VHDL"},
               {"EOF", "macro"},
               {"INT_MAX", "macro"},
               {"UINT_LEAST64_MAX", "macro"},
               {"PRIx32", "macro"},
               {"linux", "macro"},
               {"errno", "macro"},
               {"main", "library"},
               {"memcpy", "library"},
               {"printf", "library"},
               {"uint16_t", "library"},
               {"size_t", "library"},
               {"sqrtf", "library"},
               {"sin", "library"},
               {"xor", "of C or C++"},
               {"zzz", NULL},
               {"clk1", NULL},
               {"clock_net", NULL},
               {"s12_valid_", NULL},
               {"s_valid", NULL},
               {"core_idle_0", NULL},
               {"nhskid", NULL},
               {"u", NULL},
               {"u1", NULL},
               {"Int", NULL},
               {"Reg", NULL},
               {"entity1", NULL},
               {"EEG", NULL},
               {"INT_MAXIMUM", NULL},
               {"PRIx", NULL},
               {"printf1", NULL},
               {"main_", NULL},
               {"uint_t", NULL},
               {"net", NULL},
               {"mnist", NULL}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const char *why = nh_config_name_problem(row[i].name);
        cr_assert((why == NULL) == (row[i].why == NULL) && (!why || strstr(why, row[i].why)), "%s: %s", row[i].name,
                  why ? why : "(free)");
    }
}

Test(config, hostile_bytes_end_in_diagnostics) {
    static const char text[] = "project: p\0\nmodel: \x80\n";
    reading r = read_bytes(text, sizeof text - 1);
    cr_assert_null(r.o);
    cr_assert_geq(r.d->n_error, 1);
    done(&r);
}
