/* Softmax and table functions against libm in double. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "../../prop/datapath/random_dp.h"

typedef struct {
    double max_error;
    nh_dp_table_facts facts;
} accuracy;

static double unit_random(random_source *r) { return (double)(random_next(r) >> 11) * 0x1p-53; }

/* The largest error over random inputs of several spreads; every output within 2^-frac of the format is what rounding
 * costs. */
static bool is_log; /* measure() runs the logarithm */

static accuracy measure(nh_arena *a, int n, nh_format in, nh_format out, int64_t table_size, double scale) {
    nh_dp *p = nh_dp_new(a, "s");
    nh_val x[128], y[128];
    int port = nh_dp_in_port(p, "x", n, in), to = nh_dp_out_port(p, "y", n, out);
    accuracy best = {0};
    for (int i = 0; i < n; i++) x[i] = nh_dp_input(p, port, i, nh_range_of(in));
    (is_log ? nh_dp_log_softmax : nh_dp_softmax)(p, x, n, scale, out, table_size, "softmax", y, &best.facts);
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
            double top = nh_fx_to_double(nh_format_max(out), nh_format_frac(out)),
                   bottom = nh_fx_to_double(nh_format_min(out), nh_format_frac(out));
            double want = is_log ? real[i] - max - log(sum) : exp(real[i] - max) / sum;
            double error = fabs(nh_fx_to_double(got[i], nh_format_frac(out)) - (want > top      ? top
                                                                                : want < bottom ? bottom
                                                                                                : want));
            if (error > best.max_error) best.max_error = error;
        }
    }
    return best;
}

static nh_format fixed(int w, int i) { return nh_format_make(true, w, i, NH_ROUND_TRN, NH_OVERFLOW_WRAP); }

Test(softmax, is_within_one_lsb_of_libm_for_narrow_and_wide_inputs) {
    static const struct {
        int w, i, out_w, out_i, n;
        int64_t table;
        double scale;
    } c[] = {
        {16, 6, 16, 6, 5, 1024, 1},        {38, 18, 16, 6, 5, 1024, 1},  {38, 18, 16, 6, 100, 1024, 1},
        {38, 18, 16, 6, 2, 1024, 1},       {64, 20, 16, 2, 10, 1024, 1}, {8, 4, 8, 1, 10, 1024, 1},
        {16, 16, 16, 1, 10, 1024, 0.0123}, {16, 6, 18, 1, 37, 256, 1},   {24, 8, 16, 6, 10, 64, 1},
        {8, 8, 12, 1, 3, 1024, 0.07},      {12, 2, 16, 1, 1, 1024, 1},   {32, 24, 16, 1, 17, 4096, 1},
    };
    for (size_t k = 0; k < sizeof c / sizeof *c; k++) {
        nh_arena *a = nh_arena_new();
        nh_format out = nh_format_make(c[k].out_i > 1, c[k].out_w, c[k].out_i, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
        accuracy m = measure(a, c[k].n, fixed(c[k].w, c[k].i), out, c[k].table, c[k].scale);
        double lsb = ldexp(1, -nh_format_frac(out));
        cr_assert_leq(m.max_error, lsb, "case %zu: %g = %.2f LSB; %s", k, m.max_error, m.max_error / lsb, m.facts.note);
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

static long double tanh_of(long double x, const double p[2]) { return (void)p, tanhl(x); }
static long double sigmoid(long double x, const double p[2]) { return (void)p, 1 / (1 + expl(-x)); }
static long double bump(long double x, const double p[2]) { return (void)p, expl(-x * x); }
static long double exponential(long double x, const double p[2]) { return (void)p, expl(x); }
static long double erf_of(long double x, const double p[2]) { return (void)p, erfl(x); }
static long double softplus(long double x, const double p[2]) {
    return (void)p, x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x));
}
static long double silu(long double x, const double p[2]) { return (void)p, x / (1 + expl(-x)); }
static long double gelu(long double x, const double p[2]) { return (void)p, x * erfcl(-x * sqrtl(0.5L)) / 2; }
static long double elu(long double x, const double p[2]) { return x > 0 ? x : p[0] * expm1l(x); }
static long double root(long double x, const double p[2]) { return (void)p, x > 0 ? sqrtl(x) : 0; }
static long double logarithm(long double x, const double p[2]) { return (void)p, x > 0 ? logl(x) : -INFINITY; }
static long double reciprocal(long double x, const double p[2]) { return (void)p, 1 / x; }
static long double softsign(long double x, const double p[2]) { return (void)p, x / (1 + fabsl(x)); }

/* The functions, and those of their facts that tables use. */
static const nh_dp_curve curves[] = {
    {.f = tanh_of},
    {.f = sigmoid},
    {.f = bump},
    {.f = exponential},
    {.f = erf_of},
    {.f = softplus, .rising = 1},
    {.f = silu, .rising = 1},
    {.f = gelu, .rising = 1},
    {.f = elu, .p = {1.5}, .rising = 1},
    {.f = root, .octaves = true},
    {.f = logarithm, .octaves = true},
    {.f = reciprocal, .octaves = true, .odd = true},
    {.f = softsign, .octaves = true, .odd = true},
};
enum { TANH, SIGMOID, BUMP, EXP, ERF, SOFTPLUS, SILU, GELU, ELU, ROOT, LOG, RECIPROCAL, SOFTSIGN, CURVES };

/* Largest error of a table against the function, in LSBs of the output, over every or sampled raw. */
static double table_error(nh_format in, nh_format out, double scale, int which, int64_t size,
                          nh_dp_table_facts *facts) {
    nh_arena *a = nh_arena_new();
    nh_dp *p = nh_dp_new(a, "t");
    const nh_dp_curve *c = &curves[which];
    nh_val x = nh_dp_input(p, nh_dp_in_port(p, "x", 1, in), 0, nh_range_of(in));
    nh_val y = nh_dp_unary_table(p, x, nh_range_of(in), scale, c, out, size, "f", facts);
    nh_val again = nh_dp_unary_table(p, x, nh_range_of(in), scale, c, out, size, "f", NULL);
    cr_assert_eq(y, again);
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, out), 0, y);
    nh_dp_finish(p);
    cr_assert_null(nh_dp_check(p), "%s", nh_dp_check(p));
    cr_assert(p->n_table == 0 || p->table[0].depth <= (size ? size : 8192));
    double worst = 0;
    nh_i128 lo = nh_format_min(in), hi = nh_format_max(in), step = (hi - lo) / 2003 + 1;
    random_source rng = {(uint64_t)which * 977 + (uint64_t)out.width_bits};
    for (int trial = 0; trial < 4096; trial++) { /* over all that comes, and where the functions bend */
        nh_format saturating = in;
        saturating.overflow = NH_OVERFLOW_SAT;
        nh_i128 got, raw = lo + trial / 2 * step;
        if (trial & 1)
            raw = nh_fx_from_double((unit_random(&rng) * 2 - 1) * ldexp(16, -(trial >> 1) % 12) / scale, saturating,
                                    NULL);
        if (raw > hi) continue;
        const nh_i128 *ins[] = {&raw};
        nh_i128 *outs[] = {&got};
        nh_dp_eval(p, ins, outs);
        long double want = c->f(ldexpl((long double)raw, -nh_format_frac(in)) * scale, c->p);
        int frac = nh_format_frac(out);
        long double top = ldexpl((long double)nh_format_max(out), -frac),
                    bottom = ldexpl((long double)nh_format_min(out), -frac);
        double error = (double)ldexpl(fabsl(ldexpl((long double)got, -frac) - fmaxl(fminl(want, top), bottom)), frac);
        if (error > worst) worst = error;
    }
    facts->note = facts->note ? strdup(facts->note) : NULL;
    nh_arena_free(a);
    return worst;
}

Test(unary_table, is_correctly_rounded_when_every_level_has_an_entry) {
    nh_dp_table_facts facts;
    cr_assert_leq(table_error(fixed(10, 4), fixed(16, 6), 1, TANH, 1024, &facts), 0.5);
    cr_assert_leq(table_error(fixed(8, 8), fixed(8, 1), 0.031, SIGMOID, 256, &facts), 0.5);
    /* 65536 levels, but tanh is flat to 10 bits beyond +-4.2: the flat ends take one entry each */
    cr_assert_leq(table_error(fixed(16, 14), fixed(16, 6), 1, TANH, 1024, &facts), 0.5);
}

/* Result formats that hold the function over the inputs below, by the number of bits. */
static nh_format result_of(int which, int bits) {
    int whole = which == EXP                                                          ? 11
                : which == SOFTPLUS || which == SILU || which == GELU || which == ELU ? 5
                : which == ROOT                                                       ? 4
                : which == LOG                                                        ? 5
                : which == RECIPROCAL                                                 ? 8
                                                                                      : 2;
    return fixed(bits, whole);
}

/* No more than an LSB at every width of the result, and never more for a wider one. */
static void expect_an_lsb(nh_format in) {
    static const int bits[] = {8, 16, 24, 32};
    for (int f = 0; f < CURVES; f++) {
        double before = INFINITY;
        for (size_t b = 0; b < sizeof bits / sizeof *bits; b++) {
            nh_dp_table_facts facts;
            nh_format out = result_of(f, bits[b]);
            double error = table_error(in, out, 1, f, 0, &facts), real = ldexp(error, -nh_format_frac(out));
            cr_expect_leq(error, 1.0, "curve %d, %d bits in, %d out: %.2f LSB; %s", f, in.width_bits, bits[b], error,
                          facts.note);
            cr_expect_leq(real, before * 1.0001, "curve %d, %d bits in: %g with %d bits, %g before", f, in.width_bits,
                          real, bits[b], before);
            cr_expect_geq(facts.error_lsb, error - 0.25, "the note says %.2f LSB, %.2f was found", facts.error_lsb,
                          error);
            before = real;
        }
    }
}

/* The limits are for sanitizers on a busy machine; each takes seconds. */
Test(unary_table, errs_by_less_than_one_lsb_from_16_bits, .timeout = 900) { expect_an_lsb(fixed(16, 4)); }
Test(unary_table, errs_by_less_than_one_lsb_from_28_bits, .timeout = 900) { expect_an_lsb(fixed(28, 4)); }
Test(unary_table, errs_by_less_than_one_lsb_from_64_bits, .timeout = 900) { expect_an_lsb(fixed(64, 32)); }

Test(unary_table, keeps_to_the_size_that_is_given_and_says_what_that_costs) {
    nh_dp_table_facts facts;
    double before = INFINITY;
    for (int64_t size = 4; size <= 4096; size *= 4) {
        double error = table_error(fixed(28, 4), fixed(28, 1), 1, TANH, size, &facts);
        cr_expect_leq(facts.entries, size);
        cr_expect_leq(error, before);
        cr_expect_leq(fabs(facts.error_lsb - error), 0.5 + error / 4, "%lld entries: %g LSB said, %g found",
                      (long long)size, facts.error_lsb, error);
        before = error;
    }
    cr_expect_leq(before, 1);
    cr_assert_gt(table_error(fixed(28, 4), fixed(28, 1), 1, TANH, 4, &facts), 1000);
}

Test(unary_table, is_exact_at_zero) {
    static const int zero[] = {TANH, ERF, SILU, GELU, ELU, SOFTSIGN, ROOT};
    for (size_t k = 0; k < sizeof zero / sizeof *zero; k++)
        for (int bits = 8; bits <= 32; bits += 6) {
            nh_arena *a = nh_arena_new();
            nh_dp *p = nh_dp_new(a, "t");
            nh_format in = fixed(24, 5), out = result_of(zero[k], bits);
            nh_val x = nh_dp_input(p, nh_dp_in_port(p, "x", 1, in), 0, nh_range_of(in));
            nh_val y = nh_dp_unary_table(p, x, nh_range_of(in), 1, &curves[zero[k]], out, 0, "f", NULL);
            nh_dp_output(p, nh_dp_out_port(p, "y", 1, out), 0, y);
            nh_dp_finish(p);
            nh_i128 raw = 0, got = 1;
            const nh_i128 *ins[] = {&raw};
            nh_i128 *outs[] = {&got};
            nh_dp_eval(p, ins, outs);
            cr_expect_eq((int)got, 0, "curve %d, %d bits", zero[k], bits);
            nh_arena_free(a);
        }
}

Test(unary_table, a_flat_function_is_a_constant) {
    nh_dp_table_facts facts;
    cr_assert_leq(table_error(fixed(16, 6), fixed(16, 6), 1e-9, SIGMOID, 64, &facts), 0.5);
    cr_assert_leq(table_error(fixed(16, 6), fixed(16, 6), 1e-9, SIGMOID, 0, &facts), 0.5);
}

Test(softmax, of_wide_results_errs_by_less_than_one_lsb) {
    static const struct {
        int w, i, out_w, n;
        double scale;
    } c[] = {
        {16, 6, 12, 10, 1}, {16, 6, 20, 10, 1},     {28, 6, 24, 10, 1},  {28, 6, 28, 10, 1},
        {32, 6, 31, 3, 1},  {24, 8, 24, 128, 0.37}, {24, 8, 31, 100, 1},
    };
    for (size_t k = 0; k < sizeof c / sizeof *c; k++) {
        nh_arena *a = nh_arena_new();
        nh_format out = nh_format_make(false, c[k].out_w, 0, NH_ROUND_RND, NH_OVERFLOW_SAT);
        accuracy m = measure(a, c[k].n, fixed(c[k].w, c[k].i), out, 0, c[k].scale);
        double lsb = ldexp(1, -c[k].out_w);
        cr_expect_leq(m.max_error, lsb, "case %zu: %.2f LSB; %s", k, m.max_error / lsb, m.facts.note);
        cr_expect_leq(m.facts.error_lsb, 1.0, "case %zu: %s", k, m.facts.note);
        cr_expect_leq(m.max_error, m.facts.error, "case %zu: %g; %s", k, m.max_error, m.facts.note);
        nh_arena_free(a);
    }
}

Test(log_softmax, errs_by_less_than_one_lsb) {
    static const struct {
        int w, i, out_w, n;
        double scale;
    } c[] = {
        {16, 6, 12, 10, 1}, {16, 6, 16, 1, 1},      {16, 6, 16, 2, 1},
        {28, 6, 24, 10, 1}, {24, 8, 24, 100, 0.37}, {32, 5, 30, 17, 1},
    };
    for (size_t k = 0; k < sizeof c / sizeof *c; k++) {
        nh_arena *a = nh_arena_new();
        nh_format out = fixed(c[k].out_w, c[k].i + 2);
        is_log = true;
        accuracy m = measure(a, c[k].n, fixed(c[k].w, c[k].i), out, 0, c[k].scale);
        is_log = false;
        double lsb = ldexp(1, -nh_format_frac(out));
        cr_expect_leq(m.max_error, lsb, "case %zu: %.2f LSB; %s", k, m.max_error / lsb, m.facts.note);
        cr_expect_leq(m.max_error, m.facts.error + lsb / 16, "case %zu: %g; %s", k, m.max_error, m.facts.note);
        nh_arena_free(a);
    }
}
