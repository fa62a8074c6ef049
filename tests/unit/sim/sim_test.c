/* sim/ without Verilator: kernels, drift, accuracy, the generated tables, what is said of bad labels. */
#include <criterion/criterion.h>
#include <math.h>

#include "../../cosim/tiny.h"
#include "sim_parts.h"

Test(sim, names_are_spelled_as_verilator_does) {
    nh_arena *a = nh_arena_new();
    cr_assert_str_eq(nh_sim_cpp_name(a, "digits_v2"), "digits_v2");
    /* measured with Verilator 5.006: module a__b has its wires at a___05Fb__DOT__... */
    cr_assert_str_eq(nh_sim_cpp_name(a, "a__b"), "a___05Fb");
    nh_arena_free(a);
}

Test(sim, without_verilator_the_kernels_alone_are_run) {
    tiny t = tiny_new("tiny", 64);
    t.setup.cxx = NULL;
    bool ok = tiny_run(&t);
    if (!ok) nh_diag_print(t.d, NH_NOTE, false, stderr);
    cr_assert(ok);
    cr_assert(t.facts.ran);
    cr_assert_eq(t.facts.runs, 0);
    cr_assert_eq(t.facts.compared, 0);
    cr_assert_eq(t.facts.samples, 64);
    cr_assert(nh_file_exists(nh_path_join(t.a, t.setup.work_dir, "outputs_c.npy")));
    cr_assert_not(nh_file_exists(nh_path_join(t.a, t.setup.work_dir, "obj")));
    tiny_free(&t);
}

/* The integer model computes what the kernels do: the same outputs, byte for byte. */
Test(sim, without_a_compiler_the_integer_model_runs) {
    tiny t = tiny_new("tiny", 64);
    nh_bytes kernels, model;
    t.setup.cxx = NULL;
    cr_assert(tiny_run(&t));
    double rmse = t.facts.output.fixed.rmse;
    const char *path = nh_path_join(t.a, t.setup.work_dir, "outputs_c.npy");
    cr_assert(nh_file_read(t.a, t.d, NH_NOWHERE, path, 1 << 20, &kernels));
    t.setup.cc = NULL;
    cr_assert(tiny_run(&t));
    cr_assert(t.facts.ran);
    cr_assert_eq(t.facts.samples, 64);
    cr_assert_eq(t.facts.fixed_per_second, 0);
    cr_assert_eq(t.facts.output.fixed.rmse, rmse);
    cr_assert(nh_file_read(t.a, t.d, NH_NOWHERE, path, 1 << 20, &model));
    cr_assert_eq(kernels.size, model.size);
    cr_assert_arr_eq(kernels.data, model.data, model.size);
    tiny_free(&t);
}

/* Inputs lie j/64 above the grid of 1/8, j = 0..3: rounding to nearest errs by 0, 1, 2, 3 64ths; y by three
 * times that. */
Test(sim, drift_is_that_of_hand_arithmetic) {
    tiny t = tiny_new("tiny", 64);
    cr_assert(tiny_run(&t));
    cr_assert_eq(t.facts.n_drift, 2);
    double sum = 0, square = 0, reference = 0;
    for (int i = 0; i < 64; i++)
        for (int e = 0; e < 5; e++) {
            double error = ((i + e) % 4) / 64.0;
            sum += error, square += error * error, reference += tiny_input(i, e) * tiny_input(i, e);
        }
    cr_assert_float_eq(t.facts.drift[0].max_abs, 3 / 64.0, 1e-12);
    cr_assert_float_eq(t.facts.drift[0].mean_abs, sum / 320, 1e-12);
    cr_assert_float_eq(t.facts.drift[0].sqnr_db, 10 * log10(reference / square), 1e-9);
    cr_assert_float_eq(t.facts.drift[1].max_abs, 9 / 64.0, 1e-12);
    cr_assert_float_eq(t.facts.drift[1].sqnr_db, t.facts.drift[0].sqnr_db, 1e-9);
    cr_assert_eq(t.facts.input_overflowed, 0);
    cr_assert_eq(t.facts.input_n, 320);
    tiny_free(&t);
}

/* The same errors, without labels: numbers of their own. R2 by two passes over the reference. */
Test(sim, outputs_without_labels_are_measured_as_numbers) {
    tiny t = tiny_new("tiny", 64);
    cr_assert(tiny_run(&t));
    double square = 0, reference = 0, mean[5] = {0}, spread = 0;
    for (int i = 0; i < 64; i++)
        for (int e = 0; e < 5; e++) {
            double error = 3 * ((i + e) % 4) / 64.0, y = 3 * tiny_input(i, e);
            square += error * error, reference += y * y, mean[e] += y / 64;
        }
    for (int i = 0; i < 64; i++)
        for (int e = 0; e < 5; e++) spread += (3 * tiny_input(i, e) - mean[e]) * (3 * tiny_input(i, e) - mean[e]);
    const nh_output_fact *o = &t.facts.output;
    cr_assert_not(o->is_class);
    cr_assert(t.facts.agree_float_fixed < 0);
    cr_assert_eq(o->fixed.n, 320);
    cr_assert_float_eq(o->fixed.max_abs, 9 / 64.0, 1e-12);
    cr_assert_float_eq(o->fixed.rmse, sqrt(square / 320), 1e-12);
    cr_assert_float_eq(o->fixed.relative, sqrt(square / reference), 1e-12);
    cr_assert_float_eq(o->fixed.sqnr_db, 10 * log10(reference / square), 1e-9);
    cr_assert_float_eq(o->fixed.r2, 1 - square / spread, 1e-12);
    cr_assert_eq(o->target_float.n, 0);
    cr_assert_eq(o->stuck_fixed, 0);
    cr_assert(nh_file_exists(nh_path_join(t.a, t.setup.work_dir, "outputs_float.npy")));
    tiny_free(&t);
}

Test(sim, a_softmax_over_all_outputs_means_a_class) {
    tiny t = tiny_new("tiny", 1);
    tiny_design(&t);
    nh_measure m = {.g = &t.design, .s = &t.setup, .n_out = 5};
    nh_layer *l = &t.graph->layer[1];
    cr_assert_null(nh_output_class_by(&m));
    l->axis = 0, l->n_axes = 1;
    l->op = NH_OP_SOFTMAX;
    cr_assert_str_eq(nh_output_class_by(&m), "the network ends in a softmax");
    l->op = NH_OP_LOG_SOFTMAX;
    cr_assert_str_eq(nh_output_class_by(&m), "the network ends in a softmax");
    l->n_axes = 0; /* a softmax of every element alone */
    cr_assert_null(nh_output_class_by(&m));
    l->op = NH_OP_BATCHNORM;
    tiny_free(&t);
}

/* Targets 1 below the float outputs: float errs by exactly 1 everywhere, fixed point by 1 less its own error. */
Test(sim, targets_are_compared_with_both) {
    tiny t = tiny_new("tiny", 64);
    double target[320], square = 0;
    for (int i = 0; i < 320; i++) {
        double error = 3 * ((i / 5 + i % 5) % 4) / 64.0;
        target[i] = 3 * tiny_input(i / 5, i % 5) - 1;
        square += (1 - error) * (1 - error);
    }
    t.setup.target = target;
    cr_assert(tiny_run(&t));
    cr_assert_not(t.facts.output.is_class);
    cr_assert_float_eq(t.facts.output.target_float.rmse, 1, 1e-12);
    cr_assert_float_eq(t.facts.output.target_fixed.rmse, sqrt(square / 320), 1e-12);
    tiny_free(&t);
}

/* Input 2 is 0.01 or 0: less than half a step of 1/8, so the output is 0 in fixed point only. */
Test(sim, outputs_that_never_change_are_counted) {
    tiny t = tiny_new("tiny", 2);
    static const double x[] = {1, 2, 0.01, 1, 0, /**/ 2, 1, 0, 1, 0};
    t.setup.x.x = x;
    cr_assert(tiny_run(&t));
    cr_assert_eq(t.facts.output.n, 5);
    cr_assert_eq(t.facts.output.stuck_float, 2);
    cr_assert_eq(t.facts.output.stuck_fixed, 3);
    cr_assert_eq(t.facts.output.zero_float, 1);
    cr_assert_eq(t.facts.output.zero_fixed, 2);
    tiny_free(&t);
}

Test(sim, accuracy_and_confusion_count_first_maxima) {
    tiny t = tiny_new("tiny", 3);
    /* float classes 1, 2, 0 (sample 0 by less than the rounding: fixed sees a tie and takes the first, class
     * 0) */
    static const double x[] = {1, 1.03, 0, 0, 0, /**/ 0, 0, 2, 0, 0, /**/ 3, 2, 1, 0, -1};
    static const int64_t label[] = {1, 2, 4};
    t.setup.x.x = x;
    t.setup.label = label;
    cr_assert(tiny_run(&t));
    cr_assert_float_eq(t.facts.acc_float, 2 / 3.0, 1e-12);
    cr_assert_float_eq(t.facts.acc_fixed, 1 / 3.0, 1e-12);
    cr_assert_float_eq(t.facts.agree_float_fixed, 2 / 3.0, 1e-12);
    cr_assert(t.facts.acc_rtl < 0);
    cr_assert_eq(t.facts.n_class, 5);
    for (int l = 0; l < 5; l++)
        for (int c = 0; c < 5; c++)
            cr_assert_eq(t.facts.confusion[l * 5 + c], (l == 1 && c == 0) || (l == 2 && c == 2) || (l == 4 && c == 0));
    tiny_free(&t);
}

Test(sim, saturated_inputs_are_counted) {
    tiny t = tiny_new("tiny", 1);
    static const double x[] = {3.875, 3.93, 3.94, -4.0,
                               -5.0}; /* fixed<6,3>: -4 .. 3.875; 3.93 rounds to 3.875, 3.94 to 4 */
    t.setup.x.x = x;
    cr_assert(tiny_run(&t));
    cr_assert_eq(t.facts.input_overflowed, 2);
    tiny_free(&t);
}

Test(sim, a_label_that_is_no_class_is_refused) {
    tiny t = tiny_new("tiny", 2);
    static const int64_t label[] = {4, 5};
    t.setup.label = label;
    cr_assert_not(tiny_run(&t));
    cr_assert(tiny_has(&t, NH_S_LABEL, "label 5 of sample 1"));
    tiny_free(&t);
}

Test(sim, no_samples_are_refused) {
    tiny t = tiny_new("tiny", 0);
    cr_assert_not(tiny_run(&t));
    cr_assert(tiny_has(&t, NH_S_NO_SAMPLES, "no samples"));
    tiny_free(&t);
}

Test(sim, kernels_that_differ_from_the_model_are_found) {
    tiny t = tiny_new("tiny", 4);
    const char *path = nh_path_join(t.a, t.setup.c_dir, "model.c");
    nh_bytes text;
    cr_assert(nh_file_read(t.a, t.d, NH_NOWHERE, path, 1 << 20, &text));
    tiny_write(&t, path, tiny_replace(t.a, (const char *)text.data, "3 * x[i]", "3 * x[i] + (i == 3)"));
    cr_assert_not(tiny_run(&t));
    cr_assert(tiny_has(&t, NH_S_MODEL, "output 3"));
    tiny_free(&t);
}

Test(sim, a_broken_result_file_is_diagnosed) {
    tiny t = tiny_new("tiny", 1);
    tiny_design(&t);
    const char *path = nh_path_join(t.a, t.dir, "result.json");
    tiny_write(&t, path, "{\"samples\": 1, \"runs\": [");
    cr_assert_not(nh_sim_load(t.a, t.d, &t.design, path, &t.facts));
    cr_assert(tiny_has(&t, NH_S_HARNESS, "result.json"));
    tiny_free(&t);
}

/* A delay that closes a loop answers before its input comes, by the least of its steps; one that does not waits for the
 * input of each step. */
Test(sim, the_output_is_ahead_by_late_delays_alone) {
    static const int64_t steps[] = {3, 2, 4};
    tiny t = tiny_new("tiny", 1);
    tiny_design(&t);
    t.design.unit[0].kind = NH_UNIT_DELAY;
    for (int is_late = 0; is_late < 2; is_late++) {
        nh_bytes text;
        const char *path = nh_path_join(t.a, t.dir, "cosim_model.h");
        t.design.unit[0].delay = (nh_delay_unit){.n = 5, .most = 4, .n_steps = 3, .steps = steps, .is_late = is_late};
        cr_assert(nh_sim_write_tables(t.a, t.d, &t.design, path));
        cr_assert(nh_file_read(t.a, t.d, NH_NOWHERE, path, 1 << 20, &text));
        cr_expect(strstr((const char *)text.data, is_late ? "#define NH_AHEAD 2\n" : "#define NH_AHEAD 0\n"), "%d",
                  is_late);
    }
    tiny_free(&t);
}

/* 30 cycles in 2 s and 10 in half a second. */
Test(sim, the_speed_is_of_all_runs_together) {
    tiny t = tiny_new("tiny", 1);
    tiny_design(&t);
    const char *path = nh_path_join(t.a, t.dir, "result.json");
    tiny_write(&t, path,
               "{\"samples\": 1, \"runs\": [{\"compared\": 5, \"mismatches\": 0, \"seconds\": 2.0, \"cycles\": 30},"
               "{\"compared\": 5, \"mismatches\": 0, \"seconds\": 0.5, \"cycles\": 10}]}");
    cr_assert(nh_sim_load(t.a, t.d, &t.design, path, &t.facts));
    cr_assert_eq(t.facts.rtl_cycles_per_second, 16);
    cr_assert_eq(t.facts.runs, 2);
    cr_assert_eq(t.facts.stalled_runs, 1);
    cr_assert_eq(t.facts.compared, 10);
    tiny_free(&t);
}
