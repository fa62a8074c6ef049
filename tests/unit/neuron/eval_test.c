/* Models by hand arithmetic, step by step. All numbers are exact in binary, so that == is meant. */
#include <criterion/criterion.h>

#include "net.h"

typedef struct {
    nh_arena *a;
    nh_neuron *n;
    double state_of[NH_NEURON_STATES], *state[NH_NEURON_STATES];
} cell;

static cell cell_new(const char *model, const nh_guard *guard, int n_guard, const double *param, int n_param) {
    cell c = {.a = nh_arena_new()};
    nh_diag *d = nh_diag_new(c.a);
    nh_neuron_value value[NH_NEURON_PARAMS];
    for (int i = 0; i < n_param; i++) value[i] = value1(c.a, "", param[i]);
    c.n = nh_neuron_make(c.a, d, model, guard, n_guard, value, n_param);
    cr_assert(c.n, "%s", d->count ? d->item[0].message : "");
    return c;
}

static double step2(cell *c, double a, double b) {
    double y;
    const double *in[] = {&a, &b};
    for (int s = 0; s < NH_NEURON_STATES; s++) c->state[s] = &c->state_of[s];
    nh_neuron_eval(c->n, NH_FLOAT64, 1, 1, in, c->state, &y);
    return y;
}

static double step(cell *c, double a) { return step2(c, a, 0); }

#define LIF_GUARD(gain_, leak_, reset_, timing_, spike_, compare_, spikes_, v_min_)                                    \
    {                                                                                                                  \
        {"gain", gain_}, {"leak", leak_}, {"reset", reset_}, {"timing", timing_}, {"spike", spike_},                   \
            {"compare", compare_}, {"spikes", spikes_}, {"v_min", v_min_}, {                                           \
            "form", "decay"                                                                                            \
        }                                                                                                              \
    }
#define EXPECT_STEP(c, in, out, v)                                                                                     \
    do {                                                                                                               \
        double got = step(&(c), in);                                                                                   \
        cr_expect(got == (out) && (c).state_of[0] == (v), "line %d: out %g v %g", __LINE__, got, (c).state_of[0]);     \
    } while (0)

Test(models, lif_resets_to_a_value_with_gain_and_leak) {
    const nh_guard g[] = LIF_GUARD("mul", "yes", "value", "same", "after", "gt", "one", "none");
    cell c = cell_new("lif", g, 9, (const double[]){0.5, 0.25, 0.125, 1, -0.5}, 5); /* alpha gain leak theta v_reset */
    EXPECT_STEP(c, 4, 1, -0.5);                                                     /* 0 + 1 + 0.125 > 1 */
    EXPECT_STEP(c, 2, 0, 0.375);                                                    /* -0.25 + 0.5 + 0.125 */
    EXPECT_STEP(c, 2.75, 0, 1); /* 0.1875 + 0.6875 + 0.125 = 1 is not above 1 */
    nh_arena_free(c.a);
}

Test(models, lif_compares_with_ge_when_asked) {
    const nh_guard g[] = LIF_GUARD("unit", "no", "zero", "same", "after", "ge", "one", "none");
    cell c = cell_new("lif", g, 9, (const double[]){0.5, 1}, 2);
    EXPECT_STEP(c, 1, 1, 0);
    nh_arena_free(c.a);
}

Test(models, lif_subtracts_in_the_next_step_as_snntorch_does) {
    const nh_guard g[] = LIF_GUARD("unit", "no", "subtract", "next", "after", "gt", "one", "none");
    cell c = cell_new("lif", g, 9, (const double[]){0.5, 1}, 2);
    EXPECT_STEP(c, 2.5, 1, 2.5);
    EXPECT_STEP(c, 1, 1, 1.25);   /* 1.25 + 1 - 1 */
    EXPECT_STEP(c, 0, 0, -0.375); /* 0.625 - 1 */
    EXPECT_STEP(c, 0, 0, -0.1875);
    nh_arena_free(c.a);
}

/* reset = H(v_before - th); v = beta v + x - reset th; spike = H(v - th); v -= (spike - reset) th */
Test(models, lif_of_snntorch_0_9_looks_at_the_voltage_before) {
    const nh_guard g[] = LIF_GUARD("unit", "no", "subtract", "snntorch_sub", "after", "gt", "one", "none");
    cell c = cell_new("lif", g, 9, (const double[]){0.5, 1}, 2);
    EXPECT_STEP(c, 3, 1, 2);       /* 3, spike, 3 - 1 */
    EXPECT_STEP(c, 0.75, 0, 1.75); /* 1.75 - 1 = 0.75: no spike, and 1 comes back */
    EXPECT_STEP(c, 2, 1, 1.875);   /* 2.875 - 1 = 1.875: spike, nothing more to subtract */
    nh_arena_free(c.a);
}

Test(models, lif_of_spyx_spikes_by_the_old_voltage) {
    const nh_guard g[] = LIF_GUARD("unit", "no", "subtract", "same", "before", "gt", "one", "none");
    cell c = cell_new("lif", g, 9, (const double[]){0.5, 1}, 2);
    EXPECT_STEP(c, 2, 0, 2);
    EXPECT_STEP(c, 0, 1, 0); /* 1 - 1 */
    nh_arena_free(c.a);
}

Test(models, if_counts_spikes_and_stays_above_minus_the_threshold) {
    const nh_guard g[] = LIF_GUARD("unit", "no", "subtract", "same", "after", "gt", "many", "minus_threshold");
    cell c = cell_new("if", g, 9, (const double[]){0.5}, 1);
    EXPECT_STEP(c, 1.75, 3, 0.25);
    EXPECT_STEP(c, -4, 0, -0.5);
    EXPECT_STEP(c, 1, 1, 0);
    EXPECT_STEP(c, 200, 255, 72.5); /* 400 wanted, 255 is the most */
    nh_arena_free(c.a);
}

#define CUBA_GUARD(order_, spike_)                                                                                     \
    {                                                                                                                  \
        {"gain", "mul"}, {"leak", "no"}, {"reset", "subtract"}, {"timing", "same"}, {"spike", spike_},                 \
            {"compare", "gt"}, {"spikes", "one"}, {"v_min", "none"}, {"syn_order", order_}, {                          \
            "syn_gain", "mul"                                                                                          \
        }                                                                                                              \
    }

/* alpha_syn 0.5, gain_syn 2, alpha 0.5, gain 0.5, theta 1; input 3 then 0 */
Test(models, cubalif_takes_the_current_new_old_or_decayed_after) {
    const double p[] = {0.5, 2, 0.5, 0.5, 1};
    const nh_guard now[] = CUBA_GUARD("new", "after"), old[] = CUBA_GUARD("old", "after"),
                   after[] = CUBA_GUARD("decay_after", "after");
    cell c = cell_new("cubalif", now, 10, p, 5);
    cr_expect_eq(step(&c, 3), 1); /* i 6, v 3 - 1 */
    cr_expect_eq(c.state_of[1], 2);
    cr_expect_eq(step(&c, 0), 1); /* i 3, v 1 + 1.5 - 1 */
    cr_expect_eq(c.state_of[1], 1.5);
    c = cell_new("cubalif", old, 10, p, 5);
    cr_expect_eq(step(&c, 3), 0); /* v 0, i 6 */
    cr_expect_eq(step(&c, 0), 1); /* v 3 - 1, i 3 */
    cr_expect(c.state_of[0] == 3 && c.state_of[1] == 2);
    c = cell_new("cubalif", after, 10, p, 5);
    cr_expect_eq(step(&c, 3), 1); /* i (0 + 6) / 2 = 3, v 1.5 - 1 */
    cr_expect(c.state_of[0] == 3 && c.state_of[1] == 0.5);
    c = cell_new("cubalif", (const nh_guard[])CUBA_GUARD("new", "before"), 10, p, 5);
    cr_expect_eq(step(&c, 3), 0); /* i 6, v 3 */
    cr_expect_eq(step(&c, 0), 1); /* v (3 - 1) / 2 + 3 / 2 */
    cr_expect_eq(c.state_of[1], 2.5);
}

Test(models, delta_keeps_what_it_did_not_send) {
    cell c = cell_new("delta", NULL, 0, (const double[]){2}, 1);
    const double in[] = {1, 3, 3, 0}, out[] = {0, 3, 0, -3};
    for (int t = 0; t < 4; t++) cr_expect_eq(step(&c, in[t]), out[t], "step %d", t);
}

Test(models, sigma_delta_sends_changes_of_the_rectified_sum) {
    cell c = cell_new("sigma_delta", NULL, 0, (const double[]){-1, 2}, 2); /* bias, theta */
    const double in[] = {2, 2, -5, 0}, out[] = {0, 3, -3, 0};              /* sum 2 4 -1 -1, y 1 3 0 0 */
    for (int t = 0; t < 4; t++) cr_expect_eq(step(&c, in[t]), out[t], "step %d", t);
}

Test(models, small_ones_do_what_they_say) {
    cell c = cell_new("sigma", NULL, 0, NULL, 0);
    cr_expect(step(&c, 2) == 2 && step(&c, -5) == -3);
    c = cell_new("relu", NULL, 0, NULL, 0);
    cr_expect(step(&c, 2) == 2 && step(&c, -5) == 0);
    c = cell_new("threshold", NULL, 0, (const double[]){1}, 1);
    cr_expect(step(&c, 1) == 0 && step(&c, 1.5) == 1);
    c = cell_new("scale", NULL, 0, (const double[]){-2}, 1);
    cr_expect(step(&c, 3) == -6);
    c = cell_new("binary", NULL, 0, NULL, 0);
    cr_expect(step(&c, 3) == 1 && step(&c, -1) == 1 && step(&c, 0) == 0);
    c = cell_new("add", &(nh_guard){"n", "2"}, 1, NULL, 0);
    cr_expect(step2(&c, 3, 4) == 7);
}

Test(models, alif_raises_its_threshold) {
    cell c = cell_new("alif", NULL, 0, (const double[]){1, 0.5, 2, 1}, 4); /* alpha rho beta theta */
    cr_expect_eq(step(&c, 2), 1);                                          /* v 2 > 1: v 1, b 2 */
    cr_expect_eq(step(&c, 1), 0);                                          /* v 2, b 1, threshold 2 */
    cr_expect_eq(step(&c, 0), 1);                                          /* v 2, b 0.5, threshold 1.5 */
    cr_expect(c.state_of[0] == 1 && c.state_of[1] == 2.5);
}

/* A quarter turn without decay, c = 0, s = 1: re' = -im + a, im' = re. The spike is where im rises through 0 and re is
 * large. */
Test(models, rf_spikes_once_per_turn) {
    cell c = cell_new("rf", NULL, 0, (const double[]){0, 1, 0.5}, 3);
    const double out[] = {0, 0, 0, 0, 1, 0, 0, 0, 1}; /* (1,0) (0,1) (-1,0) (0,-1) (1,0): im -1 -> 0 */
    for (int t = 0; t < 9; t++) cr_expect_eq(step2(&c, t == 0, 0), out[t], "step %d", t);
}

/* u' = trunc0(u (4096 - d) / 4096) + 64 a, wrapped to 24 bits; v saturates symmetrically */
Test(models, an_integer_program_rounds_wraps_and_saturates_exactly) {
    static const char text[] =
        "model m\ninput a\nstate u fixed<24,24>, v fixed<24,24,TRN,SAT_SYM>\nparam du\noutput v graded\nexact\n"
        "MUL t, u, du\nCAST t, t, fixed<40,40,TRN_ZERO>\nMUL x, a, 64\nADD u, t, x\nADD v, v, u\nSHR w, v, 1\nMIN v, "
        "v, w\n";
    cell c = {.a = nh_arena_new()};
    nh_diag *d = nh_diag_new(c.a);
    nh_neuron n = {.program = nh_neuron_assemble(c.a, d, "m", text, sizeof text - 1, NULL, 0),
                   .param = {value1(c.a, "du", 3000.0 / 4096)}};
    cr_assert(n.program, "%s", d->count ? d->item[0].message : "");
    c.n = &n;
    cr_expect_eq(step(&c, -1), -64); /* min(-64, -32) */
    cr_expect_eq(step(&c, 0), -110); /* u = trunc(-46.875) = -46 */
    cr_expect_eq(c.state_of[0], -46);
    step(&c, 131072); /* u = trunc(-33.7) + 2^23 = 8388575 */
    cr_expect_eq(c.state_of[0], 8388575);
    step(&c, 131072); /* 6143975 + 2^23 wraps by 2^24 */
    cr_expect_eq(c.state_of[0], floor(8388575 * 3000.0 / 4096) + 8388608 - 16777216);
    for (int t = 0; t < 9; t++) step(&c, -100000);
    cr_expect_eq(c.state_of[1], -8388607);
}
