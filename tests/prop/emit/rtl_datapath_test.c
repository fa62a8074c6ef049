/* The netlist of a datapath computes what the integer interpreter computes, in every tool, without a warning.
 * Expected values: nh_dp_eval (a walk over the nodes in 128-bit integers), which shares no code with the netlist. */
#include "../../unit/emit/rtl_bench.h"

enum { N_VECTOR = 60, MAX_POOL = 96 };

typedef struct {
    nh_dp *p;
    uint64_t seed;
    nh_val pool[MAX_POOL];
    int n;
    int64_t table[64];
} maker;

static nh_format random_format(uint64_t *s, int max_width) {
    int w = (int)bench_between(s, 1, max_width);
    return nh_format_make(bench_between(s, 0, 3) != 0, w, (int)bench_between(s, -2, w + 2),
                          (nh_round)bench_between(s, 0, 6), (nh_overflow)bench_between(s, 0, 3));
}

static nh_val pick(maker *m) { return m->pool[bench_between(&m->seed, 0, m->n - 1)]; }
static const nh_dp_node *at(const maker *m, nh_val v) { return &m->p->node[v]; }

static int distance(const maker *m, nh_val a, nh_val b) { return abs(at(m, a)->frac - at(m, b)->frac); }

static nh_val table_read(maker *m, nh_val v) {
    int bits = (int)bench_between(&m->seed, 1, 6);
    nh_format entry = random_format(&m->seed, 20);
    for (int i = 0; i < 1 << bits; i++)
        m->table[i] = bench_between(&m->seed, (int64_t)nh_format_min(entry), (int64_t)nh_format_max(entry));
    char id[16];
    snprintf(id, sizeof id, "t%d", m->n);
    int t = nh_dp_add_table(m->p, id, 1 << bits, entry, m->table);
    nh_format index = nh_format_make(false, bits, bits, NH_ROUND_RND, NH_OVERFLOW_SAT);
    return nh_dp_table_read(m->p, t, nh_dp_cast(m->p, v, index));
}

static nh_val random_node(maker *m) {
    nh_dp *p = m->p;
    nh_val a = pick(m), b = pick(m), c = pick(m);
    bool near = distance(m, a, b) + at(m, a)->width + at(m, b)->width < 60;
    bool near3 = near && distance(m, b, c) + at(m, c)->width < 40;
    switch (bench_between(&m->seed, 0, 12)) {
    case 0: return near ? nh_dp_add(p, a, b) : nh_dp_neg(p, a);
    case 1: return near ? nh_dp_sub(p, a, b) : nh_dp_neg(p, b);
    case 2: return nh_dp_neg(p, a);
    case 3: return nh_dp_scale(p, a, (int)bench_between(&m->seed, -3, 3));
    case 4: return at(m, a)->width + at(m, b)->width < 40 ? nh_dp_mul(p, a, b) : a;
    case 5: return at(m, a)->width < 40 ? nh_dp_mulc(p, a, bench_between(&m->seed, -200, 200), 3) : a;
    case 6: return near ? nh_dp_lt(p, a, b) : a;
    case 7: return near ? nh_dp_le(p, a, b) : a;
    case 8: return near ? nh_dp_eq(p, a, b) : a;
    case 9: return near3 ? nh_dp_select(p, nh_dp_lt(p, a, b), b, c) : a;
    case 10: return near ? (bench_between(&m->seed, 0, 1) ? nh_dp_min(p, a, b) : nh_dp_max(p, a, b)) : a;
    case 11: return table_read(m, a);
    default: return nh_dp_cast(p, a, random_format(&m->seed, 24));
    }
}

static nh_dp *random_datapath(nh_arena *a, uint64_t seed) {
    maker m = {.p = nh_dp_new(a, "dp"), .seed = seed * 0x9e3779b97f4a7c15u + 1};
    for (int i = 0; i < 4; i++) bench_random(&m.seed);
    nh_format fx = random_format(&m.seed, 16), fm = nh_format_make(false, 5, 5, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    int64_t n_in = bench_between(&m.seed, 1, 6), n_out = bench_between(&m.seed, 1, 5);
    int x = nh_dp_in_port(m.p, "x", n_in, fx), e = nh_dp_in_port(m.p, "m", 1, fm);
    nh_range whole = nh_range_of(fx);
    for (int64_t i = 0; i < n_in; i++) /* every third input stays in half of its format */
        m.pool[m.n++] = nh_dp_input(m.p, x, i, i % 3 == 2 ? (nh_range){whole.lo < 0 ? 0 : whole.lo, whole.hi} : whole);
    m.pool[m.n++] = nh_dp_input(m.p, e, 0, nh_range_of(fm));
    m.pool[m.n++] = nh_dp_const(m.p, bench_between(&m.seed, -100, 100), (int)bench_between(&m.seed, -2, 4));
    int64_t n = bench_between(&m.seed, 8, 60);
    for (int64_t i = 0; i < n && m.n < MAX_POOL; i++) m.pool[m.n++] = random_node(&m);
    nh_format fy = random_format(&m.seed, 24);
    int y = nh_dp_out_port(m.p, "y", n_out, fy);
    for (int64_t i = 0; i < n_out; i++) nh_dp_output(m.p, y, i, nh_dp_cast(m.p, m.pool[m.n - 1 - i % m.n], fy));
    nh_dp_finish(m.p);
    nh_dp_timing t = {bench_between(&m.seed, 0, 3) ? 6.0 : 1000.0, 0.9, 0.1, 4.0, 2.0, 0.5};
    nh_dp_pipeline(m.p, &t, bench_between(&m.seed, 0, 1));
    return m.p;
}

/* One line per vector and port: inputs that the datapath's ranges allow, and the interpreter's outputs. */
static void write_vectors(nh_arena *a, const nh_dp *p, const char *dir, uint64_t seed) {
    FILE *fx = fopen(nh_path_join(a, dir, "x.bits"), "w"), *fm = fopen(nh_path_join(a, dir, "m.bits"), "w"),
         *fy = fopen(nh_path_join(a, dir, "y.bits"), "w");
    cr_assert(fx && fm && fy);
    FILE *fin[2] = {fx, fm};
    for (int k = 0; k < N_VECTOR; k++) {
        nh_i128 in[2][8] = {{0}}, out[8];
        for (int port = 0; port < 2; port++) {
            nh_range r = nh_range_of(p->in[port].fmt);
            int w = p->in[port].fmt.width_bits;
            char bits[8 * 64];
            for (int64_t e = 0; e < p->in[port].n; e++) {
                int64_t lo = port == 0 && e % 3 == 2 && r.lo < 0 ? 0 : (int64_t)r.lo;
                in[port][e] = k % 7 == 0 ? lo : k % 7 == 1 ? (int64_t)r.hi : bench_between(&seed, lo, (int64_t)r.hi);
                bench_put_bits(bits, e * w, in[port][e], w);
            }
            bench_write_bits(fin[port], bits, p->in[port].n * w);
        }
        nh_dp_eval(p, (const nh_i128 *const[]){in[0], in[1]}, (nh_i128 *const[]){out});
        char bits[8 * 64];
        int w = p->out[0].fmt.width_bits;
        for (int64_t e = 0; e < p->out[0].n; e++) bench_put_bits(bits, e * w, out[e], w);
        bench_write_bits(fy, bits, p->out[0].n * w);
    }
    fclose(fx), fclose(fm), fclose(fy);
}

/* Drives a vector per enabled edge and expects the result `latency` enabled edges later, with the enable low at random.
 */
static void write_bench(nh_arena *a, const nh_dp *p, const char *dir) {
    FILE *f = fopen(nh_path_join(a, dir, "tb.v"), "w");
    cr_assert(f);
    fprintf(f,
            "module tb;\n"
            "  localparam XW = %lld, MW = %d, YW = %lld, N = %d, L = %d;\n"
            "  reg [XW-1:0] xs [0:N-1]; reg [MW-1:0] ms [0:N-1]; reg [YW-1:0] ys [0:N-1];\n"
            "  reg clk = 0, en = 1; reg [XW-1:0] x; reg [MW-1:0] m; wire [YW-1:0] y; integer k = 0;\n"
            "  t_dp dut (.clk(clk), .en(en), .x(x), .m(m), .y(y));\n"
            "  initial begin\n"
            "    $readmemb(\"x.bits\", xs); $readmemb(\"m.bits\", ms); $readmemb(\"y.bits\", ys);\n"
            "    while (k < N + L) begin\n"
            "      x = xs[k < N ? k : 0]; m = ms[k < N ? k : 0]; en = L == 0 || $random; #1;\n"
            "      if (k >= L && y !== ys[k - L]) begin $display(\"vector %%0d: %%b, expected %%b\", k - L, y, ys[k - "
            "L]); $finish; end\n"
            "      clk = 1; #1; clk = 0; if (en) k = k + 1;\n"
            "    end\n"
            "  end\n"
            "endmodule\n",
            (long long)(p->in[0].n * p->in[0].fmt.width_bits), p->in[1].fmt.width_bits,
            (long long)(p->out[0].n * p->out[0].fmt.width_bits), N_VECTOR, p->latency_cycles);
    fclose(f);
}

/* Table and register modules come from the real templates. */
#define TEMPLATES                                                                                                      \
    NH_SOURCE_DIR "/rtl_templates/lib/nh_reg.v " NH_SOURCE_DIR "/rtl_templates/lib/nh_rom.v " NH_SOURCE_DIR            \
                  "/rtl_templates/lib/nh_cast.v"

static void check_seed(uint64_t seed) {
    nh_arena *a = nh_arena_new();
    const char *dir = bench_dir(a);
    nh_dp *p = random_datapath(a, seed);
    cr_assert_null(nh_dp_check(p), "seed %llu: %s", (unsigned long long)seed, nh_dp_check(p));
    cr_assert(bench_datapath(a, p, "t", dir));
    write_vectors(a, p, dir, seed + 77);
    write_bench(a, p, dir);
    bool simulated = bench_silent(
        a, dir, "iverilog -g2005 -Wall -Wno-timescale -s tb -o sim tb.v t_dp.v " TEMPLATES " && vvp -n sim");
    bool lints = bench_silent(a, dir, "verilator --lint-only -Wall --top-module t_dp t_dp.v " TEMPLATES);
    bool netlist = bench_silent(a, dir, "! grep -nE '\\b(always|generate|ifdef|initial|reg|integer)\\b' t_dp.v");
    cr_assert(simulated && lints && netlist, "seed %llu in %s", (unsigned long long)seed, dir);
    bench_drop(a, dir);
    nh_arena_free(a);
}

Test(rtl_datapath, computes_what_the_interpreter_computes_and_lints_clean, .timeout = 120) {
    const char *n = getenv("NH_PROP_SEEDS");
    for (int seed = 1; seed <= (n ? atoi(n) : 24); seed++) check_seed((uint64_t)seed);
}
