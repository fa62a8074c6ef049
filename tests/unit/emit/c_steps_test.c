/* The c/ folder of networks of time steps: files, header, example, large states. */
#include <unistd.h>

#include "../../prop/emit/c_steps.h"

static char *read_text(const kernels *k, const char *name) {
    nh_bytes b;
    cr_assert(nh_file_read(k->arena, k->diag, NH_NOWHERE, nh_path_join(k->arena, k->dir, name), (size_t)1 << 28, &b));
    return nh_arena_strn(k->arena, (const char *)b.data, b.size);
}

static int run(const kernels *k, const char *command) {
    char line[512];
    snprintf(line, sizeof line, "cd %s && %s", k->dir, command);
    return system(line);
}

static nh_format unsigned_bits(int width) {
    return nh_format_make(false, width, width, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
}

/* n integrators: v = v + x; a spike and v = 0 when v > 2. */
static kernels *integrators(int64_t n, int64_t steps) {
    nh_format bit = unsigned_bits(1), v_fmt = unsigned_bits(3);
    kernels *k = steps_new(steps, n, bit);
    int in = 0;
    nh_neuron_unit v = {.n = n, .lanes = 1, .words = n, .n_acc = 1, .n_state = 1, .acc = {bit}, .state = {v_fmt}};
    nh_dp *p = v.dp = nh_dp_new(k->arena, "d");
    nh_val x = nh_dp_input(p, nh_dp_in_port(p, "a0", 1, bit), 0, nh_range_of(bit)),
           s = nh_dp_input(p, nh_dp_in_port(p, "s0", 1, v_fmt), 0, nh_range_of(v_fmt));
    nh_val sum = nh_dp_add(p, s, x), fired = nh_dp_lt(p, nh_dp_const(p, 2, 0), sum);
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, bit), 0, fired);
    nh_dp_output(p, nh_dp_out_port(p, "n0", 1, v_fmt), 0,
                 nh_dp_cast(p, nh_dp_select(p, fired, nh_dp_const(p, 0, 0), sum), v_fmt));
    nh_dp_finish(p);
    nh_unit *u = steps_unit(k, NH_UNIT_NEURON, 1, &in, 1, n, bit);
    u->neuron = v;
    k->design.output = u->out[0];
    return k;
}

Test(c_steps_folder, header_declares_state_steps_and_streams) {
    kernels *k = integrators(5, 7);
    kernels_emit(k);
    const char *h = read_text(k, "model.h");
    static const char *const want[] = {
        "#define NET_STEPS 7 ",
        "typedef struct net_state {",
        "    uint8_t u0_s0[5]; /* ufixed<3,3> */",
        "void net_reset(net_state *state);",
        "void net_step(net_state *state, const net_in_t x[NET_N_IN], net_out_t y[NET_N_OUT]);",
        "void net_infer(const net_in_t x[NET_STEPS * NET_N_IN], net_out_t y[NET_STEPS * NET_N_OUT]);",
        "void net_batch(const net_in_t *x, net_out_t *y, size_t n);",
        "void net_trace(net_state *state, const net_in_t x[NET_N_IN], net_streams *s);",
        "typedef struct net_streams {",
        "    uint8_t s1[5];"};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) cr_assert(strstr(h, want[i]), "%s not in\n%s", want[i], h);
    cr_assert_null(strstr(h, "net_u0("), "units with state are no functions of their own");
    cr_assert(strstr(read_text(k, "Makefile"), "nh_event.h"));
    cr_assert(strstr(read_text(k, "nh_event.h"), "no condition of ours"));
    kernels_free(k);
}

Test(c_steps_folder, the_example_counts_spikes) {
    if (!have_compiler("cc") || !have_compiler("make")) cr_skip_test("skipped: no C compiler");
    kernels *k = integrators(2, 7);
    kernels_emit(k);
    cr_assert_eq(run(k, "make -s CFLAGS='" STRICT " -O2' >make.log 2>&1 && ./example >out"), 0, "%s",
                 read_text(k, "make.log"));
    /* 7 steps of input 1: spikes at steps 2 and 5. 0.5 is cut to 0 by the input's format. */
    cr_assert_str_eq(read_text(k, "out"), "all inputs 0: 0 0\nall inputs 0.5: 0 0\nall inputs 1: 2 2\n");
    kernels_free(k);
}

Test(c_steps_folder, the_header_is_also_of_c_plus_plus) {
    if (!have_compiler("g++")) cr_skip_test("skipped: no C++ compiler");
    kernels *k = integrators(2, 7);
    kernels_emit(k);
    cr_assert_eq(
        run(k, "printf '#include \"model.h\"\\nint main() { static net_state s; net_reset(&s); return (int)s.step; "
               "}\\n' >m.cpp && cc -c -std=c11 model.c && g++ -Wall -Wextra -Werror m.cpp model.o -o m && ./m"),
        0);
    kernels_free(k);
}

/* 4 million neurons: 4 MB of state and 8 MB of streams, on a stack of 256 KiB. */
Test(c_steps_folder, large_networks_need_no_large_stack) {
    if (!have_compiler("cc")) cr_skip_test("skipped: no C compiler");
    kernels *k = integrators((int64_t)1 << 22, 2);
    kernels_emit(k);
    FILE *f = fopen(nh_path_join(k->arena, k->dir, "main.c"), "w");
    cr_assert(f);
    fprintf(f, "#include \"model.h\"\nstatic net_in_t x[NET_STEPS * NET_N_IN];\nstatic net_out_t y[NET_STEPS * "
               "NET_N_OUT];\nint main(void) { net_infer(x, y); return y[0]; }\n");
    fclose(f);
    cr_assert_eq(run(k, "cc -std=c11 -O2 main.c model.c -o main && ulimit -s 256 && ./main"), 0);
    kernels_free(k);
}

Test(c_steps_folder, networks_of_one_step_without_state_have_no_event_header) {
    kernels *k = integrators(2, 7);
    k->design.steps = 1;
    k->design.n_unit = 0;
    k->design.output = 0;
    kernels_emit(k);
    cr_assert_neq(access(nh_path_join(k->arena, k->dir, "nh_event.h"), F_OK), 0);
    cr_assert_null(strstr(read_text(k, "model.c"), "nh_event"));
    kernels_free(k);
}
