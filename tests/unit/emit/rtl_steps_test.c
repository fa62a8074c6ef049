/* RTL of time-stepped designs: the netlists lint, elaborate and hold no behaviour; data files by hand. That they
 * compute what the C kernels compute is tested in tests/cosim. */
#include "rtl_bench.h"
#include "../../cosim/steps.h"
#include "../../../hls/emit/rtl_parts.h"

static void check_netlist(steps *n, int output, int64_t beat) {
    const char *dir = bench_dir(n->a);
    bool ok = nh_emit_rtl(n->a, n->d, steps_design(n, output, beat), &bench_made, dir);
    nh_diag_print(n->d, NH_NOTE, false, stderr);
    cr_assert(ok);
    cr_expect(bench_silent(n->a, dir, "iverilog -g2005 -Wall -Wno-timescale -s net -o sim $(cat files.f)"));
    cr_expect(bench_silent(n->a, dir, "verilator --lint-only -Wall --top-module net net.vlt -f files.f"));
    cr_expect(bench_silent(n->a, dir,
                           "yosys -q -p \"read_verilog -defer $(tr '\\n' ' ' < files.f); hierarchy -check -top net; "
                           "proc; check -assert\""));
    cr_expect(bench_silent(n->a, dir, "! grep -nE '\\b(always|generate|ifdef|initial|reg|integer)\\b' net*.v"));
    bench_drop(n->a, dir);
    nh_arena_free(n->a);
}

Test(rtl_steps, a_recurrent_layer_is_a_clean_netlist, .timeout = 120) {
    steps n = steps_recurrent("net", 1);
    check_netlist(&n, n.g.output, 3);
}

Test(rtl_steps, neurons_without_state_and_with_one_bit_are_a_clean_netlist, .timeout = 120) {
    steps n = steps_new("net", 1, 5, steps_int(true, 3), 1, 3);
    int in = 0, a = steps_neurons(&n, 1, &in, 5, 0, 0, 1000), b = steps_neurons(&n, 1, &a, 2, 1, 5, 1000);
    check_netlist(&n, b, 1);
}

Test(rtl_steps, a_fork_of_the_input_and_mixed_delays_are_a_clean_netlist, .timeout = 120) {
    static const int64_t delay[] = {0, 2, 1, 3, 0, 1};
    steps n = steps_new("net", 4, 6, steps_int(true, 3), 3, 3);
    int fork = steps_fork(&n, 0, 3, 3), a = steps_delay(&n, n.g.unit[fork].out[0], 6, steps_int(true, 3), 2, delay, 6);
    int acc[] = {a, n.g.unit[fork].out[1], n.g.unit[fork].out[2]};
    check_netlist(&n, steps_neurons(&n, 3, acc, 2, 1, 0, 5), 6);
}

Test(rtl_steps, convolutions_are_a_clean_netlist, .timeout = 120) {
    steps n = steps_new("net", 2, 5 * 4 * 2, steps_int(false, 1), 2, 3);
    nh_conv first = {.c_in = 2,
                     .h_in = 5,
                     .w_in = 4,
                     .c_out = 4,
                     .kh = 3,
                     .kw = 3,
                     .stride_h = 1,
                     .stride_w = 1,
                     .pad_h = 1,
                     .pad_w = 1,
                     .dilation_h = 1,
                     .dilation_w = 1,
                     .groups = 1,
                     .in_lanes = 2,
                     .out_lanes = 2};
    int a = steps_conv(&n, 0, first), s = steps_neurons(&n, 1, &a, 2, 1, 4, 5);
    nh_conv second = {.c_in = 4,
                      .h_in = 5,
                      .w_in = 4,
                      .c_out = 4,
                      .kh = 2,
                      .kw = 2,
                      .stride_h = 2,
                      .stride_w = 2,
                      .dilation_h = 1,
                      .dilation_w = 1,
                      .groups = 4,
                      .in_lanes = 2,
                      .out_lanes = 2,
                      .depthwise = true};
    check_netlist(&n, steps_conv(&n, s, second), 2);
}

/* --- data files -------------------------------------------------------------------------------------------------- */

static const char *words(nh_arena *a, const char *dir, const char *name) {
    return strchr(bench_read(a, dir, name), '\n') + 1;
}

Test(rtl_steps, conv_weight_words_walk_taps_then_channels) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    const char *dir = bench_dir(a);
    /* [c_out 2][c_in 2][kh 1][kw 2] */
    static const int64_t w[] = {1, 2, 3, 4, 5, 6, 7, -1};
    nh_i128 b[] = {-2, 3};
    nh_conv c = {.c_in = 2,
                 .c_out = 2,
                 .kh = 1,
                 .kw = 2,
                 .groups = 1,
                 .in_lanes = 1,
                 .out_lanes = 2,
                 .w = w,
                 .b = b,
                 .weight = steps_int(true, 4),
                 .acc = steps_int(true, 8)};
    cr_assert(nh_mem_conv_weights(a, d, &c, nh_path_join(a, dir, "w"), &bench_made));
    cr_assert(nh_mem_conv_bias(a, d, &c, nh_path_join(a, dir, "b"), &bench_made));
    /* words kx = 0: channel 0 {w[1][0], w[0][0]} = {5, 1}, channel 1 {7, 3}; kx = 1: {6, 2}, {-1, 4} */
    cr_expect_str_eq(words(a, dir, "w"), "51\n73\n62\nf4\n");
    cr_expect_str_eq(words(a, dir, "b"), "03fe\n");
    c.in_lanes = 2; /* a word: {w[1][1], w[1][0], w[0][1], w[0][0]} of a tap */
    cr_assert(nh_mem_conv_weights(a, d, &c, nh_path_join(a, dir, "w2"), &bench_made));
    cr_expect_str_eq(words(a, dir, "w2"), "7531\nf642\n");
    /* depthwise: [c_out 4][1][1][2]; lane o has its own weight */
    c = (nh_conv){.c_in = 4,
                  .c_out = 4,
                  .kh = 1,
                  .kw = 2,
                  .groups = 4,
                  .in_lanes = 2,
                  .out_lanes = 2,
                  .depthwise = true,
                  .w = w,
                  .weight = steps_int(true, 4)};
    cr_assert(nh_mem_conv_weights(a, d, &c, nh_path_join(a, dir, "w3"), &bench_made));
    cr_expect_str_eq(words(a, dir, "w3"), "31\n42\n75\nf6\n");
    bench_drop(a, dir);
    nh_arena_free(a);
}

Test(rtl_steps, neuron_and_delay_words_repeat_by_element) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    const char *dir = bench_dir(a);
    static const int64_t p[] = {1, 2, 3}, q[] = {9}, delay[] = {1, 3, 2};
    nh_neuron_unit n = {.n = 3, .lanes = 2, .words = 2, .n_param = 2};
    n.param[0].fmt = n.param[1].fmt = steps_int(false, 4);
    n.param[0].n = 3, n.param[0].raw = p, n.param[1].n = 1, n.param[1].raw = q;
    cr_assert(nh_mem_neuron_params(a, d, &n, 2, nh_path_join(a, dir, "p"), &bench_made));
    /* lane 0 in the low byte: {q, p}; elements 0 1 | 2 (3 is padding) */
    cr_expect_str_eq(words(a, dir, "p"), "9291\n9193\n");
    nh_delay_unit u = {.n = 3, .lanes = 3, .words = 1, .n_steps = 3, .steps = delay, .most = 3};
    cr_assert(nh_mem_delays(a, d, &u, 2, nh_path_join(a, dir, "d"), &bench_made));
    cr_expect_str_eq(words(a, dir, "d"), "2d\n"); /* 10 11 01 */
    bench_drop(a, dir);
    nh_arena_free(a);
}
