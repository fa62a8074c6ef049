/* Softmax and table functions against libm in double. */
#include <criterion/criterion.h>
#include <math.h>

#include "../../prop/datapath/random_dp.h"

typedef struct { double max_error; const char *note; } accuracy;

static double unit_random(random_source *r) { return (double)(random_next(r) >> 11) * 0x1p-53; }

/* The largest error over random inputs of several spreads; every output within 2^-frac of the format is what rounding costs. */
static accuracy measure(nh_arena *a, int n, nh_format in, nh_format out, int64_t table_size, double scale) {
    nh_dp *p = nh_dp_new(a, "s");
    nh_val x[128], y[128];
    int port = nh_dp_in_port(p, "x", n, in), to = nh_dp_out_port(p, "y", n, out);
    accuracy best = {0};
    for (int i = 0; i < n; i++) x[i] = nh_dp_input(p, port, i, nh_range_of(in));
    nh_dp_softmax(p, x, n, scale, out, table_size, "softmax", y, &best.note);
    for (int i = 0; i < n; i++) nh_dp_output(p, to, i, y[i]);
    cr_assert_not(p->overflow128);
    nh_dp_finish(p);
    cr_assert_null(nh_dp_check(p), "%s", nh_dp_check(p));
    random_source rng = {(uint64_t)n * 31 + (uint64_t)in.width_bits};
    for (int trial = 0; trial < 400; trial++) {
        nh_i128 raw[128], got[128];
        double spread = ldexp(1, trial % 24 - 6), real[128], sum = 0, max = -INFINITY;
        for (int i = 0; i < n; i++) {
            nh_format saturating = in;
            saturating.overflow = NH_OVERFLOW_SAT;
            double v = (unit_random(&rng) * 2 - 1) * spread + (trial % 5 == 0 && i == n / 2 ? 3 * spread : 0);
            raw[i] = trial % 24 == 23 ? random_raw(&rng, in) : nh_fx_from_double(v / scale, saturating, NULL);
            real[i] = nh_fx_to_double(raw[i], nh_format_frac(in)) * scale;
            if (real[i] > max) max = real[i];
        }
        for (int i = 0; i < n; i++) sum += exp(real[i] - max);
        const nh_i128 *ins[] = {raw};
        nh_i128 *outs[] = {got};
        nh_dp_eval(p, ins, outs);
        for (int i = 0; i < n; i++) {
            double top = nh_fx_to_double(nh_format_max(out), nh_format_frac(out)), want = exp(real[i] - max) / sum;
            double error = fabs(nh_fx_to_double(got[i], nh_format_frac(out)) - (want > top ? top : want));
            if (error > best.max_error) best.max_error = error;
        }
    }
    return best;
}

static nh_format fixed(int w, int i) { return nh_format_make(true, w, i, NH_ROUND_TRN, NH_OVERFLOW_WRAP); }

Test(softmax, is_within_one_lsb_of_libm_for_narrow_and_wide_inputs) {
    static const struct { int w, i, out_w, out_i, n; int64_t table; double scale; } c[] = {
        {16, 6, 16, 6, 5, 1024, 1},  {38, 18, 16, 6, 5, 1024, 1},  {38, 18, 16, 6, 100, 1024, 1}, {38, 18, 16, 6, 2, 1024, 1},
        {64, 20, 16, 2, 10, 1024, 1}, {8, 4, 8, 1, 10, 1024, 1},   {16, 16, 16, 1, 10, 1024, 0.0123}, {16, 6, 18, 1, 37, 256, 1},
        {24, 8, 16, 6, 10, 64, 1},   {8, 8, 12, 1, 3, 1024, 0.07}, {12, 2, 16, 1, 1, 1024, 1},    {32, 24, 16, 1, 17, 4096, 1},
    };
    for (size_t k = 0; k < sizeof c / sizeof *c; k++) {
        nh_arena *a = nh_arena_new();
        nh_format out = nh_format_make(c[k].out_i > 1, c[k].out_w, c[k].out_i, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
        accuracy m = measure(a, c[k].n, fixed(c[k].w, c[k].i), out, c[k].table, c[k].scale);
        double lsb = ldexp(1, -nh_format_frac(out));
        cr_assert_leq(m.max_error, lsb, "case %zu: %g = %.2f LSB; %s", k, m.max_error, m.max_error / lsb, m.note);
        nh_arena_free(a);
    }
}

Test(softmax, of_a_wide_input_does_not_collapse) {
    nh_arena *a = nh_arena_new();
    nh_dp *p = nh_dp_new(a, "s");
    nh_format in = fixed(38, 18), out = fixed(16, 6);
    nh_val x[5], y[5];
    int port = nh_dp_in_port(p, "x", 5, in), to = nh_dp_out_port(p, "y", 5, out);
    for (int i = 0; i < 5; i++) x[i] = nh_dp_input(p, port, i, nh_range_of(in));
    nh_dp_softmax(p, x, 5, 1, out, 1024, "softmax", y, NULL);
    for (int i = 0; i < 5; i++) nh_dp_output(p, to, i, y[i]);
    /* logits 4, 0, 0, 0, 0: e^4 / (e^4 + 4) = 0.931704, 1 / (e^4 + 4) = 0.017065; 2^-10 units: 954.1 and 17.5 */
    nh_i128 raw[5] = {(nh_i128)4 << 20, 0, 0, 0, 0}, got[5];
    const nh_i128 *ins[] = {raw};
    nh_i128 *outs[] = {got};
    nh_dp_eval(p, ins, outs);
    cr_assert_eq((int)got[0], 954);
    cr_assert((int)got[1] == 17 || (int)got[1] == 18);
    nh_arena_free(a);
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double bump(double x) { return exp(-x * x); }

/* Largest error of a table against the function, in LSBs of the output, over every or sampled raw. */
static double table_error(nh_format in, nh_format out, double scale, double (*f)(double), int64_t size, const char **note) {
    nh_arena *a = nh_arena_new();
    nh_dp *p = nh_dp_new(a, "t");
    nh_val x = nh_dp_input(p, nh_dp_in_port(p, "x", 1, in), 0, nh_range_of(in));
    nh_val y = nh_dp_unary_table(p, x, scale, f, out, 1, size, "f", note);
    nh_val again = nh_dp_unary_table(p, x, scale, f, out, 1, size, "f", NULL);
    cr_assert_eq(y, again);
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, out), 0, y);
    nh_dp_finish(p);
    cr_assert_null(nh_dp_check(p));
    cr_assert(p->n_table == 0 || p->table[0].depth <= size);
    double worst = 0;
    nh_i128 lo = nh_format_min(in), hi = nh_format_max(in), step = (hi - lo) / 20011 + 1;
    for (nh_i128 raw = lo; raw <= hi; raw += step) {
        nh_i128 got;
        const nh_i128 *ins[] = {&raw};
        nh_i128 *outs[] = {&got};
        nh_dp_eval(p, ins, outs);
        double want = f(nh_fx_to_double(raw, nh_format_frac(in)) * scale), lsb = ldexp(1, -nh_format_frac(out));
        double top = nh_fx_to_double(nh_format_max(out), nh_format_frac(out));
        double error = fabs(nh_fx_to_double(got, nh_format_frac(out)) - (want > top ? top : want)) / lsb;
        if (error > worst) worst = error;
    }
    nh_arena_free(a);
    return worst;
}

Test(unary_table, is_correctly_rounded_when_every_level_has_an_entry) {
    const char *note;
    cr_assert_leq(table_error(fixed(10, 4), fixed(16, 6), 1, tanh, 1024, &note), 0.5);
    cr_assert_leq(table_error(fixed(8, 8), fixed(8, 1), 0.031, sigmoid, 256, &note), 0.5);
    /* 65536 levels, but tanh is flat to 10 bits beyond +-4.2: the flat ends take one entry each */
    cr_assert_leq(table_error(fixed(16, 14), fixed(16, 6), 1, tanh, 1024, &note), 0.5);
}

Test(unary_table, cells_err_by_the_slope_times_half_a_step) {
    const char *note;
    /* sigmoid to 10 bits is flat beyond +-7.7: 15.4 in 1022 cells of 2^-6, slope 1/4: 2^-9 = 2 LSB of 2^-10, + rounding */
    cr_assert_leq(table_error(fixed(16, 6), fixed(16, 6), 1, sigmoid, 1024, &note), 2.5);
    cr_assert_leq(table_error(fixed(40, 20), fixed(16, 6), 1, sigmoid, 1024, &note), 2.5);
    cr_assert_leq(table_error(fixed(64, 32), fixed(16, 6), 1, tanh, 1024, &note), 4.5);
}

Test(unary_table, a_function_with_a_bump_keeps_it) {
    const char *note;
    /* slope of exp(-x^2) <= 0.858; 2 * 2.76 to 10 bits in cells of 2^-7: half a step is 2^-8, 3.4 LSB of 2^-10 */
    cr_assert_leq(table_error(fixed(16, 6), fixed(16, 6), 1, bump, 1024, &note), 4.0);
    cr_assert_leq(table_error(fixed(38, 18), fixed(16, 6), 1, bump, 1024, &note), 4.0);
}

Test(unary_table, a_flat_function_is_a_constant) {
    const char *note;
    cr_assert_leq(table_error(fixed(16, 6), fixed(16, 6), 1e-9, sigmoid, 64, &note), 0.5);
}
