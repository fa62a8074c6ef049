/* Time-stepped designs: emitted RTL against emitted C under Verilator, every stream of every step, with all kinds of
 * stalls; faults planted in the RTL are found. The C is compared with an integer model in tests/prop/emit. Skipped
 * (said so) without Verilator. */
#include "steps.h"
#include "sim_parts.h"
#include "tool.h"

enum { SAMPLES = 12 };

typedef struct {
    steps n;
    nh_sim_setup s;
    nh_sim_facts facts;
    const char *dir;
} bench;

static const char *text(bench *b, const char *name) { return nh_path_join(b->n.a, b->s.work_dir, name); }

/* Inputs of the first stream: a third of them 0. */
static void write_inputs(bench *b) {
    const nh_stream *in = &b->n.g.stream[b->n.g.input];
    nh_writer *w = nh_writer_open(b->n.a, text(b, "x.bin"));
    for (int64_t i = 0; i < SAMPLES * b->n.g.steps * in->n; i++) {
        int64_t lo = (int64_t)nh_format_min(in->fmt), hi = (int64_t)nh_format_max(in->fmt);
        int64_t v = steps_between(&b->n, 0, 2) ? steps_between(&b->n, lo, hi) : 0;
        nh_write(w, &v, sizeof v);
    }
    cr_assert(nh_writer_close(w, b->n.d));
}

/* Emit both sides. Afterwards the RTL may be spoilt. */
static bench emit(steps n, int output, int64_t beat) {
    static const nh_provenance made = {"0.0", "c0ffee", "deadbeef"};
    bench b = {.n = n};
    char dir[] = NH_BINARY_DIR "/steps_XXXXXX";
    b.dir = nh_arena_str(n.a, mkdtemp(dir));
    b.s = (nh_sim_setup){.c_dir = nh_path_join(n.a, b.dir, "c"),
                         .rtl_dir = nh_path_join(n.a, b.dir, "rtl"),
                         .work_dir = nh_path_join(n.a, b.dir, "work"),
                         .cxx = nh_tool_find(n.a, "c++"),
                         .cc = nh_tool_find(n.a, "cc"),
                         .verilator = nh_tool_find(n.a, "verilator"),
                         .cache_dir = NH_BINARY_DIR "/tiny_cache",
                         .jobs = 2,
                         .x = {NULL, SAMPLES, 0},
                         .quiet = true};
    if (!b.s.verilator) cr_skip_test("skipped: verilator not found");
    const nh_design *g = steps_design(&b.n, output, beat);
    bool ok = nh_emit_c(n.a, n.d, g, &made, b.s.c_dir) && nh_emit_rtl(n.a, n.d, g, &made, b.s.rtl_dir);
    nh_diag_print(n.d, NH_NOTE, false, stderr);
    cr_assert(ok && nh_mkdirs(n.d, b.s.work_dir));
    return b;
}

static bool run(bench *b) {
    const char *binary;
    nh_arena *a = b->n.a;
    const nh_design *g = steps_design(&b->n, b->n.g.output, b->n.g.stream[b->n.g.output].dst_beat);
    write_inputs(b);
    cr_assert(nh_mkdirs(b->n.d, text(b, "streams")));
    if (!nh_sim_build(a, b->n.d, g, &b->s, &binary)) return false;
    const char *argv[] = {binary,
                          nh_arena_printf(a, "x=%s", text(b, "x.bin")),
                          nh_arena_printf(a, "c=%s", text(b, "c.bin")),
                          nh_arena_printf(a, "rtl=%s", text(b, "rtl.bin")),
                          nh_arena_printf(a, "result=%s", text(b, "result.json")),
                          nh_arena_printf(a, "n=%d", SAMPLES),
                          "stalls=both",
                          "seed=5",
                          "trace=1",
                          "ii=60",
                          "latency=60",
                          nh_arena_printf(a, "streams=%s", text(b, "streams")),
                          "stream_frames=7",
                          NULL};
    return nh_tool_exec(a, b->n.d,
                        &(nh_tool_run){.argv = argv, .cwd = b->s.rtl_dir, .log = text(b, "log/cosim.log")}) &&
           nh_sim_load(a, b->n.d, g, text(b, "result.json"), &b->facts);
}

static void drop(bench *b) {
    nh_remove_tree(b->n.d, b->dir);
    nh_arena_free(b->n.a);
}

static void agrees(steps n, int output, int64_t beat) {
    bench b = emit(n, output, beat);
    bool ok = run(&b);
    if (!ok) nh_diag_print(b.n.d, NH_NOTE, false, stderr);
    cr_assert(ok, "in %s", b.dir);
    cr_expect_eq(b.facts.runs, 4);
    cr_expect_eq(b.facts.mismatches, 0, "%s: first of '%s', sample %d step %d element %d", b.dir, b.facts.first.layer,
                 (int)b.facts.first.sample, (int)b.facts.first.step, (int)b.facts.first.element);
    int64_t least = 0;
    for (int k = 0; k < n.g.n_stream; k++) least += n.g.stream[k].n;
    cr_expect_geq(b.facts.compared, 4 * SAMPLES * n.g.steps * least);
    drop(&b);
}

Test(steps, a_recurrent_layer_agrees) {
    steps n = steps_recurrent("net", 1);
    agrees(n, n.g.output, 1);
}

/* Every beat of every stream differs from its neighbour's: gears everywhere. */
Test(steps, parallel_neurons_and_late_outputs_agree) {
    static const int64_t delay[] = {1, 3, 2, 2, 1};
    steps n = steps_new("net", 7, 9, steps_int(true, 4), 9, 2);
    int a = steps_dense(&n, 0, 5, 3, 2), s = steps_neurons(&n, 1, &a, 5, 1, 0, 5);
    int late = steps_delay(&n, s, 5, steps_int(false, 1), 2, delay, 5), fork = steps_fork(&n, late, 2, 5);
    int b = steps_dense(&n, n.g.unit[fork].out[0], 4, 5, 4), c = steps_neurons(&n, 1, &b, 1, 2, 4, 1000);
    int d = steps_delay(&n, n.g.unit[fork].out[1], 5, steps_int(false, 1), 1, delay, 1),
        e = steps_dense(&n, d, 4, 1, 1), acc[] = {c, e};
    /* As in a loop: outputs run a step ahead of the inputs, into the next sample. */
    n.g.unit[n.g.stream[late].src].delay.is_late = n.g.unit[n.g.stream[d].src].delay.is_late = true;
    n.g.unit[n.g.stream[c].src].neuron.reset_period = 3;
    n.g.unit[n.g.stream[c].src].neuron.reset_phase = 2;
    agrees(n, steps_neurons(&n, 2, acc, 2, 2, 0, 5), 3);
}

/* Samples of one step: every state is fresh. */
Test(steps, samples_of_one_step_agree) {
    steps n = steps_new("net", 1, 6, steps_int(false, 1), 1, 3);
    int a = steps_dense(&n, 0, 4, 2, 2);
    agrees(n, steps_neurons(&n, 1, &a, 2, 1, 4, 5), 4);
}

Test(steps, a_fork_of_the_input_and_mixed_delays_agree) {
    static const int64_t delay[] = {0, 2, 1, 3, 0, 1};
    steps n = steps_new("net", 5, 6, steps_int(true, 3), 3, 3);
    int fork = steps_fork(&n, 0, 3, 3), a = steps_delay(&n, n.g.unit[fork].out[0], 6, steps_int(true, 3), 2, delay, 6);
    int acc[] = {a, n.g.unit[fork].out[1], n.g.unit[fork].out[2]};
    agrees(n, steps_neurons(&n, 3, acc, 2, 1, 0, 5), 6);
}

Test(steps, equal_delays_outside_of_loops_agree) {
    static const int64_t one[] = {1}, seven[] = {7};
    for (int lanes = 1; lanes <= 5; lanes += 4) {
        steps n = steps_new("net", 4, 5, steps_int(true, 3), 1, 3);
        int a = steps_delay(&n, 0, 5, steps_int(true, 3), lanes, one, 1), s = steps_neurons(&n, 1, &a, 1, 1, 0, 5);
        agrees(n, steps_delay(&n, s, 5, steps_int(false, 1), lanes, seven, 1), 1);
    }
}

Test(steps, convolutions_agree) {
    steps n = steps_new("net", 3, 5 * 4 * 2, steps_int(false, 1), 1, 3);
    nh_conv first = {.c_in = 2,
                     .h_in = 5,
                     .w_in = 4,
                     .c_out = 4,
                     .kh = 3,
                     .kw = 2,
                     .stride_h = 1,
                     .stride_w = 1,
                     .pad_h = 1,
                     .pad_w = 1,
                     .dilation_h = 1,
                     .dilation_w = 2,
                     .groups = 1,
                     .in_lanes = 2,
                     .out_lanes = 2};
    int a = steps_conv(&n, 0, first), s = steps_neurons(&n, 1, &a, 2, 1, 4, 5);
    const nh_conv *done = &n.g.unit[n.g.stream[a].src].conv;
    nh_conv second = {.c_in = 4,
                      .h_in = done->h_out,
                      .w_in = done->w_out,
                      .c_out = 4,
                      .kh = 2,
                      .kw = 2,
                      .stride_h = 2,
                      .stride_w = 2,
                      .dilation_h = 1,
                      .dilation_w = 1,
                      .groups = 4,
                      .in_lanes = 4,
                      .out_lanes = 4,
                      .depthwise = true};
    int b = steps_conv(&n, s, second), t = steps_neurons(&n, 1, &b, 4, 2, 0, 5);
    done = &n.g.unit[n.g.stream[b].src].conv;
    nh_conv third = {.c_in = 4,
                     .h_in = done->h_out,
                     .w_in = done->w_out,
                     .c_out = 6,
                     .kh = 1,
                     .kw = 1,
                     .stride_h = 1,
                     .stride_w = 1,
                     .dilation_h = 1,
                     .dilation_w = 1,
                     .groups = 2,
                     .in_lanes = 1,
                     .out_lanes = 3};
    agrees(n, steps_conv(&n, t, third), 3);
}

/* --- planted faults ---------------------------------------------------------------------------------------------- */

/* A recurrent layer with `what` in a file of its RTL replaced by `with`. */
static bench spoilt(const char *file, const char *what, const char *with) {
    steps n = steps_recurrent("net", 1);
    bench b = emit(n, n.g.output, 1);
    const char *path = nh_path_join(n.a, b.s.rtl_dir, file);
    nh_bytes bytes;
    cr_assert(nh_file_read(n.a, n.d, NH_NOWHERE, path, 1 << 20, &bytes));
    const char *old = (const char *)bytes.data, *at = strstr(old, what);
    cr_assert_not_null(at, "%s has no %s", file, what);
    nh_writer *w = nh_writer_open(n.a, path);
    nh_write(w, old, (size_t)(at - old));
    nh_puts(w, with);
    nh_puts(w, at + strlen(what));
    cr_assert(nh_writer_close(w, n.d));
    return b;
}

static bool has(const bench *b, nh_code code, const char *words) {
    for (size_t i = 0; i < b->n.d->count; i++)
        if (b->n.d->item[i].code == code && strstr(b->n.d->item[i].message, words)) return true;
    nh_diag_print(b->n.d, NH_NOTE, false, stderr);
    return false;
}

Test(steps, a_state_that_outlives_its_sample_is_found) {
    bench b = spoilt("nh_neuron_state.v", "zero_q <= planned || step_q == {STEP_W{1'b0}};", "zero_q <= planned;");
    cr_assert(run(&b));
    cr_expect_gt(b.facts.mismatches, 0);
    drop(&b);
}

Test(steps, a_delay_of_another_length_is_named_with_its_step) {
    bench b = spoilt("net_u1_late.v", ".MOST(1),\n        .LEAST(1)", ".MOST(2),\n        .LEAST(2)");
    cr_assert(run(&b));
    cr_expect_gt(b.facts.mismatches, 0);
    cr_expect_gt(b.facts.first.step, 0);
    drop(&b);
}

Test(steps, a_missing_step_marker_is_found) {
    bench b = spoilt("net.v", ".first(m_axis_tuser)", ".first()");
    cr_expect_not(run(&b));
    cr_expect(has(&b, NH_S_PROTOCOL, "TUSER"));
    drop(&b);
}

/* The join never sees the stream that comes back. */
Test(steps, the_streams_that_a_join_never_takes_are_named) {
    bench b = spoilt("net_u3_lif.v", "{s1_valid, s0_valid}", "{1'b0, s0_valid}");
    cr_expect_not(run(&b));
    cr_expect(has(&b, NH_S_HANG, "stream s1 of 'l1': offers a transfer that its consumer never takes"));
    drop(&b);
}
