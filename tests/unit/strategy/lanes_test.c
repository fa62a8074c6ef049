/* Lanes and reuse factors against exhaustive search. */
#include <criterion/criterion.h>

#include "reuse.h"

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* Every rectangle tried. */
static int64_t fewest_lanes(int64_t n_in, int64_t n_out, int64_t r) {
    int64_t best = INT64_MAX;
    for (int64_t in = 1; in <= n_in; in++)
        for (int64_t out = 1; out <= n_out; out++)
            if (ceil_div(n_in, in) * ceil_div(n_out, out) <= r && in * out < best) best = in * out;
    return best;
}

Test(lanes, are_the_fewest_of_all_rectangles_for_every_reuse_factor) {
    static const int64_t shape[][2] = {{1, 1}, {1, 9}, {9, 1}, {16, 64}, {7, 13}, {12, 5}, {31, 3}};
    for (size_t s = 0; s < sizeof shape / sizeof *shape; s++) {
        int64_t n_in = shape[s][0], n_out = shape[s][1];
        for (int64_t r = 1; r <= n_in * n_out; r++) {
            for (int exact = 0; exact < 2; exact++) {
                int64_t in, out;
                nh_mac_lanes(n_in, n_out, r, exact, &in, &out);
                cr_assert(in >= 1 && in <= n_in && out >= 1 && out <= n_out);
                cr_assert_leq(ceil_div(n_in, in) * ceil_div(n_out, out), r);
                cr_assert_eq(in * out, fewest_lanes(n_in, n_out, r), "%ldx%ld R=%ld", n_in, n_out, r);
            }
        }
    }
}

Test(lanes, of_the_mnist_layer_are_4_at_12544_cycles_and_64_at_784) {
    int64_t in, out;
    nh_mac_lanes(784, 64, 12544, true, &in, &out);
    cr_assert_eq(in * out, 4);
    nh_mac_lanes(784, 64, 784, true, &in, &out);
    cr_assert_eq(in * out, 64);
}

Test(lanes, of_a_cast_accumulator_prefer_a_short_chain) {
    int64_t in, out;
    nh_mac_lanes(784, 64, 12544, false, &in, &out);
    cr_assert_eq(in, 1);
    cr_assert_eq(out, 4);
}

/* --- reuse_factor: auto ------------------------------------------------------------------------------------------ */

typedef struct {
    nh_arena *a;
    nh_diag *d;
    nh_graph *g;
    nh_options o;
    int64_t reuse[8];
} fixture;

/* Dense layers sizes[0] -> sizes[1] -> ..., all strategy resource with the given factors (0 = auto). */
static fixture chain(const int64_t *sizes, const int64_t *reuse, int n) {
    fixture f = {.a = nh_arena_new()};
    f.d = nh_diag_new(f.a);
    f.g = nh_graph_new(f.a, "net");
    f.o.clock_mhz = 100;
    f.o.target.name = "t";
    int x = nh_graph_add_tensor(f.g, "x", (nh_shape){1, {sizes[0]}}, NH_EDGE_FRAME);
    nh_graph_add_layer(f.g, (nh_layer){.name = "in", .op = NH_OP_INPUT, .out = x});
    for (int i = 0; i < n; i++) {
        nh_param *w = NH_NEW(f.a, nh_param);
        w->shape = (nh_shape){2, {sizes[i + 1], sizes[i]}};
        int y = nh_graph_add_tensor(f.g, nh_arena_printf(f.a, "t%d", i), (nh_shape){1, {sizes[i + 1]}}, NH_EDGE_FRAME);
        nh_layer l = {.name = nh_arena_printf(f.a, "fc%d", i),
                      .op = NH_OP_DENSE,
                      .n_in = 1,
                      .in = {x},
                      .out = y,
                      .weight = w,
                      .accum_exact = true};
        l.opt.strategy = NH_STRATEGY_RESOURCE;
        l.opt.reuse_factor = reuse[i];
        nh_graph_add_layer(f.g, l);
        x = y;
    }
    return f;
}

static int64_t total(const int64_t *sizes, const int64_t *reuse, int n, int64_t ii) {
    int64_t sum = 0;
    for (int i = 0; i < n; i++) {
        int64_t most = sizes[i] * sizes[i + 1], r = reuse[i] ? reuse[i] : ii < most ? ii : most;
        sum += fewest_lanes(sizes[i], sizes[i + 1], r);
    }
    return sum;
}

static const int64_t sizes[] = {16, 24, 10, 5}, autos[] = {0, 0, 0};

Test(reuse, for_a_multiplier_budget_the_slowest_layer_is_as_fast_as_exhaustive_search_finds) {
    for (int64_t budget = 3; budget <= 40; budget++) {
        fixture f = chain(sizes, autos, 3);
        f.o.budget.multipliers = budget;
        cr_assert(nh_solve_reuse(f.g, &f.o, f.d, f.reuse));
        int64_t ii = 1;
        while (total(sizes, autos, 3, ii) > budget) ii++;
        int64_t slowest = 0, used = 0;
        for (int i = 1; i <= 3; i++) {
            slowest = f.reuse[i] > slowest ? f.reuse[i] : slowest;
            used += fewest_lanes(sizes[i - 1], sizes[i], f.reuse[i]);
        }
        cr_assert_eq(slowest, ii, "budget %ld: %ld instead of %ld", budget, slowest, ii);
        cr_assert_leq(used, budget);
        nh_arena_free(f.a);
    }
}

Test(reuse, for_a_rate_each_layer_takes_the_fewest_multipliers_and_no_padding) {
    fixture f = chain(sizes, autos, 3);
    f.o.budget.rate_hz = 1e6; /* 100 cycles at 100 MHz */
    cr_assert(nh_solve_reuse(f.g, &f.o, f.d, f.reuse));
    for (int i = 1; i <= 3; i++) {
        cr_assert_leq(f.reuse[i], 100);
        cr_assert_eq(
            fewest_lanes(sizes[i - 1], sizes[i], f.reuse[i]),
            fewest_lanes(sizes[i - 1], sizes[i], 100 < sizes[i - 1] * sizes[i] ? 100 : sizes[i - 1] * sizes[i]));
    }
    nh_arena_free(f.a);
}

Test(reuse, given_factors_stay_and_count_against_the_budget) {
    static const int64_t given[] = {16, 0, 0}; /* 24 multipliers */
    fixture f = chain(sizes, given, 3);
    f.o.budget.multipliers = 26;
    cr_assert(nh_solve_reuse(f.g, &f.o, f.d, f.reuse));
    cr_assert_eq(f.reuse[1], 16);
    cr_assert_eq(f.reuse[2], 240);
    cr_assert_eq(f.reuse[3], 50);
    nh_arena_free(f.a);
}

Test(reuse, an_impossible_budget_names_what_is_needed) {
    fixture f = chain(sizes, autos, 3);
    f.o.budget.multipliers = 2;
    cr_assert_not(nh_solve_reuse(f.g, &f.o, f.d, f.reuse));
    cr_assert_eq(f.d->item[0].code, NH_P_BUDGET);
    cr_assert_str_eq(f.d->item[0].found, "3 needed at the largest reuse factors");
    cr_assert_str_eq(f.d->item[0].allowed, "2 available");
    nh_arena_free(f.a);
}

Test(reuse, auto_without_budget_takes_the_targets_dsp_blocks_and_says_so) {
    fixture f = chain(sizes, autos, 3);
    f.o.target.dsps = 8;
    cr_assert(nh_solve_reuse(f.g, &f.o, f.d, f.reuse));
    cr_assert_eq(f.d->item[0].code, NH_P_UNIT);
    f.o.target.dsps = 0;
    cr_assert_not(nh_solve_reuse(f.g, &f.o, f.d, f.reuse));
    cr_assert_eq(f.d->item[1].code, NH_P_NO_BUDGET);
    nh_arena_free(f.a);
}
