/* Whole networks as RTL folders: hand-made designs, simulated through their AXI4-Stream ports with random stalls.
 * Expected values: plain loops over the weights in this file. */
#include <jansson.h>

#include "rtl_bench.h"
#include "../../../hls/emit/rtl_parts.h"

enum { N_FRAME = 25, MAX_N = 16 };

typedef struct {
    nh_arena *a;
    nh_options opt;
    nh_unit unit[2];
    nh_stream stream[3];
    nh_graph graph;
    nh_design g;
    int64_t w0[MAX_N * MAX_N], w1[MAX_N * MAX_N], mul[MAX_N];
    nh_i128 b0[MAX_N];
} network;

static nh_format fixed(int w, int i, nh_round r, nh_overflow o) { return nh_format_make(true, w, i, r, o); }

static nh_dp_timing timing(double period_ns) { return (nh_dp_timing){period_ns, 0.9, 0.1, 4.0, 2.0, 0.5}; }

/* y = cast(x [* m]) of one lane. */
static nh_dp *make_post(nh_arena *a, nh_format acc, int mul_bits, nh_format y, double period_ns) {
    nh_dp *p = nh_dp_new(a, "n0_fc_post");
    int x = nh_dp_in_port(p, "x", 1, acc);
    nh_val v = nh_dp_input(p, x, 0, nh_range_of(acc));
    if (mul_bits) {
        nh_format f = nh_format_make(false, mul_bits, mul_bits, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
        int m = nh_dp_in_port(p, "m", 1, f);
        v = nh_dp_scale(p, nh_dp_mul(p, v, nh_dp_input(p, m, 0, nh_range_of(f))), -mul_bits);
    }
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, y), 0, nh_dp_cast(p, v, y));
    nh_dp_finish(p);
    nh_dp_timing t = timing(period_ns);
    nh_dp_pipeline(p, &t, period_ns < 100);
    return p;
}

static nh_dp *make_unrolled(nh_arena *a, nh_format fx, int64_t n_in, const int64_t *w, nh_format fy, int64_t n_out) {
    nh_dp *p = nh_dp_new(a, "n1_out_dp");
    int x = nh_dp_in_port(p, "x", n_in, fx), y = nh_dp_out_port(p, "y", n_out, fy);
    nh_val in[MAX_N], out[MAX_N];
    for (int64_t i = 0; i < n_in; i++) in[i] = nh_dp_input(p, x, i, nh_range_of(fx));
    nh_dp_matvec_csd(p, in, n_in, w, 2, NULL, n_out, out);
    for (int64_t o = 0; o < n_out; o++) nh_dp_output(p, y, o, nh_dp_cast(p, out[o], fy));
    nh_dp_finish(p);
    nh_dp_timing t = timing(5);
    nh_dp_pipeline(p, &t, true);
    return p;
}

/* 7 inputs -> MAC -> 5 -> unrolled -> 3 outputs.
 *   GEARED    2 x 2 lanes, a multiplier per output, every stream with different beats at its ends
 *   CASTING   one input lane, five output lanes, a narrow accumulator that is cast at every step
 *   PARALLEL  all 35 multipliers and no gear: a vector every cycle */
typedef enum { GEARED, CASTING, PARALLEL } shape;

static network *make_network(nh_arena *a, shape kind) {
    network *n = NH_NEW(a, network);
    bool exact = kind != CASTING;
    int64_t in_lanes = kind == GEARED ? 2 : kind == CASTING ? 1 : 7, out_lanes = kind == GEARED ? 2 : 5;
    uint64_t s = 42;
    n->a = a;
    n->opt.project = "net";
    n->opt.target.bram_bits = 4096;
    nh_format x = fixed(6, 3, NH_ROUND_TRN, NH_OVERFLOW_WRAP), h = fixed(8, 4, NH_ROUND_RND, NH_OVERFLOW_SAT),
              y = fixed(11, 7, NH_ROUND_RND_CONV, NH_OVERFLOW_SAT);
    nh_format acc = exact ? fixed(16, 10, NH_ROUND_TRN, NH_OVERFLOW_WRAP) : fixed(9, 6, NH_ROUND_RND, NH_OVERFLOW_SAT);
    for (int i = 0; i < 35; i++) n->w0[i] = bench_between(&s, -16, 15), n->w1[i] = bench_between(&s, -16, 15);
    for (int i = 0; i < 5; i++) n->b0[i] = bench_between(&s, -90, 90), n->mul[i] = bench_between(&s, 1, 63);
    nh_mac *m = &n->unit[0].mac;
    *m = (nh_mac){.n_in = 7,
                  .n_out = 5,
                  .in_lanes = in_lanes,
                  .out_lanes = out_lanes,
                  .in_words = (7 + in_lanes - 1) / in_lanes,
                  .groups = (5 + out_lanes - 1) / out_lanes,
                  .x = x,
                  .weight = fixed(5, 2, NH_ROUND_TRN, NH_OVERFLOW_WRAP),
                  .acc = acc,
                  .w = n->w0,
                  .b = exact ? n->b0 : NULL,
                  .exact = exact,
                  .post.mul = exact ? n->mul : NULL,
                  .post.mul_bits = exact ? 6 : 0};
    m->post.dp = make_post(a, acc, m->post.mul_bits, h, exact ? 5 : 1000);
    n->unit[0].id = "n0_fc", n->unit[0].kind = NH_UNIT_MAC, n->unit[0].reuse_factor = kind == PARALLEL ? 1 : 13,
    n->unit[0].in[0] = 0, n->unit[0].out[0] = 1;
    n->unit[1].id = "n1_out", n->unit[1].kind = NH_UNIT_DATAPATH, n->unit[1].in[0] = 1, n->unit[1].out[0] = 2;
    n->unit[1].dp = make_unrolled(a, h, 5, n->w1, y, 3);
    for (int i = 0; i < 2; i++) n->unit[i].n_in = n->unit[i].n_out = 1;
    n->stream[0] = (nh_stream){0, NULL, "s0", 7, x, -1, 0, kind == PARALLEL ? 7 : 3, m->in_lanes};
    n->stream[1] = (nh_stream){1, NULL, "s1", 5, h, 0, 1, m->out_lanes, 5};
    n->stream[2] = (nh_stream){2, NULL, "s2", 3, y, 1, -1, 3, kind == GEARED ? 2 : 3};
    n->graph = (nh_graph){.arena = a, .steps = 1};
    n->g = (nh_design){.arena = a,
                       .graph = &n->graph,
                       .steps = 1,
                       .opt = &n->opt,
                       .unit = n->unit,
                       .n_unit = 2,
                       .stream = n->stream,
                       .n_stream = 3,
                       .output = 2};
    return n;
}

static int64_t convert(nh_i128 raw, int frac, nh_format to) { return (int64_t)nh_fx_convert(raw, frac, to, NULL); }

/* The same by plain loops. */
static void expected(const network *n, const int64_t *x, int64_t *y) {
    const nh_mac *m = &n->unit[0].mac;
    int64_t h[MAX_N];
    for (int o = 0; o < 5; o++) {
        int64_t acc = m->b ? (int64_t)m->b[o] : 0;
        for (int i = 0; i < 7; i++) {
            int64_t product = x[i] * n->w0[o * 7 + i];
            if (m->exact)
                acc += product;
            else
                acc = convert(acc + convert(product, 6, m->acc), 3, m->acc);
        }
        h[o] = convert(m->post.mul ? acc * n->mul[o] : acc, m->post.mul ? 6 + 6 : 3, n->stream[1].fmt);
    }
    for (int o = 0; o < 3; o++) {
        int64_t sum = 0;
        for (int i = 0; i < 5; i++) sum += h[i] * n->w1[o * 5 + i];
        y[o] = convert(sum, 4 + 2, n->stream[2].fmt);
    }
}

/* Transfers of a frame as hex: elements sign-extended to axi_bits each, element 0 lowest. */
static void write_frame(FILE *f, const int64_t *v, int64_t n, int64_t beat, int axi_bits) {
    for (int64_t first = 0; first < n; first += beat) {
        for (int64_t e = first + beat - 1; e >= first; e--)
            fprintf(f, "%0*llx", axi_bits / 4,
                    e < n ? (unsigned long long)v[e] & (((unsigned long long)1 << axi_bits) - 1) : 0ull);
        fputc('\n', f);
    }
}

static void write_stimuli(const network *n, const char *dir) {
    FILE *fx = fopen(nh_path_join(n->a, dir, "x.hex"), "w"), *fy = fopen(nh_path_join(n->a, dir, "y.hex"), "w");
    cr_assert(fx && fy);
    uint64_t s = 7;
    for (int k = 0; k < N_FRAME; k++) {
        int64_t x[7], y[3];
        for (int i = 0; i < 7; i++) x[i] = bench_between(&s, -32, 31);
        expected(n, x, y);
        write_frame(fx, x, 7, n->stream[0].src_beat, 8);
        write_frame(fy, y, 3, n->stream[2].dst_beat, 16);
    }
    fclose(fx), fclose(fy);
}

static void write_bench(const network *n, const char *dir) {
    FILE *f = fopen(nh_path_join(n->a, dir, "tb.v"), "w");
    cr_assert(f);
    int64_t in_beats = (7 + n->stream[0].src_beat - 1) / n->stream[0].src_beat, ob = n->stream[2].dst_beat;
    int64_t out_beats = (3 + ob - 1) / ob;
    fprintf(f,
            "module tb;\n"
            "  localparam XW = %d, YW = %d, NX = %d, NY = %d, BX = %d, BY = %d;\n"
            "  reg [XW-1:0] xs [0:NX-1]; reg [YW-1:0] ys [0:NY-1];\n"
            "  reg clk = 0, rst = 1, sv = 0, mr = 0; reg [31:0] i = 0, o = 0, t = 0; wire sr, mv, ml, err; wire "
            "[YW-1:0] md;\n"
            "  net dut (.clk(clk), .rst(rst), .s_axis_tvalid(sv), .s_axis_tready(sr), .s_axis_tdata(xs[i %% NX]),\n"
            "    .s_axis_tlast(i %% BX == BX - 1), .m_axis_tvalid(mv), .m_axis_tready(mr), .m_axis_tdata(md), "
            ".m_axis_tlast(ml),\n"
            "    .frame_error(err));\n"
            "  always #5 clk = ~clk;\n"
            "  initial begin $readmemh(\"x.hex\", xs); $readmemh(\"y.hex\", ys); #22 rst = 0; end\n"
            "  always @(posedge clk) begin\n"
            "    t <= t + 1;\n"
            "    if (!rst && sv && sr) i <= i + 1;\n"
            "    if (!rst && mv && mr) begin\n"
            "      if (md !== ys[o] || ml !== (o %% BY == BY - 1)) begin $display(\"transfer %%0d: %%h %%b, expected "
            "%%h\", o, md, ml, ys[o]); $finish; end\n"
            "      o <= o + 1;\n"
            "    end\n"
            "    if (o == NY) begin if (err) $display(\"frame_error\"); $finish; end\n"
            "    if (t > 5000) begin $display(\"no progress after %%0d transfers\", o); $finish; end\n"
            "  end\n"
            "  always @(negedge clk) begin\n"
            "    if (!sv || sr) sv = !rst && i < NX && ($random %% 3 != 0);\n"
            "    mr = $random %% 2;\n"
            "  end\n"
            "endmodule\n",
            (int)n->stream[0].src_beat * 8, (int)ob * 16, (int)(N_FRAME * in_beats), (int)(N_FRAME * out_beats),
            (int)in_beats, (int)out_beats);
    fclose(f);
}

static void check_network(shape kind) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    const char *dir = bench_dir(a);
    network *n = make_network(a, kind);
    bool ok = nh_emit_rtl(a, d, &n->g, &bench_made, dir);
    nh_diag_print(d, NH_NOTE, false, stderr);
    cr_assert(ok);
    write_stimuli(n, dir);
    write_bench(n, dir);
    cr_expect(
        bench_silent(a, dir, "iverilog -g2005 -Wall -Wno-timescale -s tb -o sim tb.v $(cat files.f) && vvp -n sim"));
    cr_expect(bench_silent(a, dir, "verilator --lint-only -Wall --top-module net -f files.f"));
    cr_expect(bench_silent(a, dir, "verilator --lint-only -Wall --top-module net net.vlt -f files.f"));
    cr_expect(bench_silent(a, dir,
                           "yosys -q -p \"read_verilog -defer $(tr '\\n' ' ' < files.f); hierarchy -check -top net; "
                           "proc; check -assert\""));
    cr_expect(bench_silent(a, dir, "! grep -nE '\\b(always|generate|ifdef|initial|reg|integer)\\b' net*.v"));
    bench_drop(a, dir);
    nh_arena_free(a);
}

Test(rtl_netlist, exact_lanes_with_multipliers_and_gears_match_plain_loops, .timeout = 120) { check_network(GEARED); }
Test(rtl_netlist, a_cast_accumulator_matches_plain_loops, .timeout = 120) { check_network(CASTING); }
Test(rtl_netlist, a_vector_every_cycle_matches_plain_loops, .timeout = 120) { check_network(PARALLEL); }

Test(rtl_netlist, weight_words_hold_lanes_low_first_and_zero_tails) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    const char *dir = bench_dir(a);
    int64_t w[] = {1, 2, -3, 4, 5, -6}; /* 2 outputs x 3 inputs */
    nh_i128 b[] = {-1, 7};
    nh_mac m = {.n_in = 3, .n_out = 2, .in_lanes = 2, .out_lanes = 2, .in_words = 2, .groups = 1, .w = w, .b = b};
    m.weight = fixed(4, 4, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    m.acc = fixed(10, 10, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    cr_assert(nh_mem_weights(a, d, &m, nh_path_join(a, dir, "w"), &bench_made));
    cr_assert(nh_mem_bias(a, d, &m, nh_path_join(a, dir, "b"), &bench_made));
    /* By hand: word 0 = {w11 w10 w01 w00} = {5, 4, 2, 1}; word 1 = {0, -6, 0, -3}; bias = {7, -1} of 10 bits = 7 * 1024
     * + 1023. */
    cr_expect_str_eq(strchr(bench_read(a, dir, "w"), '\n'), "\n5421\n0a0d\n");
    cr_expect_str_eq(strchr(bench_read(a, dir, "b"), '\n'), "\n01fff\n");
    bench_drop(a, dir);
    nh_arena_free(a);
}

Test(rtl_netlist, manifest_names_every_file_with_its_hash_and_bin) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    const char *dir = bench_dir(a);
    cr_assert(nh_emit_rtl(a, d, &make_network(a, GEARED)->g, &bench_made, dir));
    json_t *root = json_loads(bench_read(a, dir, "manifest.json"), 0, NULL), *file;
    cr_assert(root);
    cr_expect_str_eq(json_string_value(json_object_get(root, "top")), "net");
    char before[128] = "";
    size_t i;
    json_array_foreach(json_object_get(root, "files"), i, file) {
        const char *name = json_string_value(json_object_get(file, "name"));
        cr_expect(strcmp(before, name) < 0, "%s is out of order", name);
        snprintf(before, sizeof before, "%s", name);
        cr_expect(bench_silent(a, dir,
                               nh_arena_printf(a, "echo '%s  %s' | sha256sum -c --quiet",
                                               json_string_value(json_object_get(file, "sha256")), name)));
        if (!strcmp(json_string_value(json_object_get(file, "bin")), "template"))
            cr_expect(
                bench_silent(a, dir, nh_arena_printf(a, "cmp %s %s/rtl_templates/*/%s", name, NH_SOURCE_DIR, name)));
    }
    cr_expect(bench_silent(a, dir, nh_arena_printf(a, "test $(ls | wc -l) = %zu", i + 1)),
              "files beside the manifest's");
    cr_expect(!bench_exists(a, dir, "nh_fifo.v"), "a template that nobody uses");
    json_decref(root);
    bench_drop(a, dir);
    nh_arena_free(a);
}

Test(rtl_netlist, the_same_design_gives_the_same_bytes) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    const char *one = bench_dir(a), *two = bench_dir(a);
    cr_assert(nh_emit_rtl(a, d, &make_network(a, GEARED)->g, &bench_made, one));
    cr_assert(nh_emit_rtl(a, d, &make_network(a, GEARED)->g, &bench_made, two));
    cr_expect(bench_silent(a, "/", nh_arena_printf(a, "diff -r %s %s", one, two)));
    bench_drop(a, one);
    bench_drop(a, two);
    nh_arena_free(a);
}

Test(rtl_netlist, a_vector_beyond_the_tools_is_refused_and_nothing_written) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    char *dir = nh_path_join(a, bench_dir(a), "rtl");
    network *n = make_network(a, GEARED);
    n->stream[0].n = n->stream[0].src_beat = 200000; /* 200000 elements of 8 AXI bits */
    cr_expect(!nh_emit_rtl(a, d, &n->g, &bench_made, dir));
    cr_assert_eq(d->n_error, 1);
    cr_expect_eq(d->item[0].code, NH_P_VECTOR);
    cr_expect(access(dir, F_OK) != 0);
    bench_drop(a, nh_path_dir(a, dir));
    nh_arena_free(a);
}
