/* Weights rounded by what their errors cost. Expected: hand arithmetic, and a search through all roundings. */
#include <criterion/criterion.h>
#include <math.h>

#include "activity.h"

static const nh_range wide = {-127, 127};

/* Inputs that always spike together make one error of many: 0.4 + 0.4 + 0.4 = 1.2, which is nearest to 1, not to 0 + 0
 * + 0. */
Test(activity, errors_of_inputs_that_spike_together_add_up_to_little) {
    nh_arena *a = nh_arena_new();
    double sum[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    nh_activity act = {.n = 3, .sum = sum};
    static const double target[3] = {0.4, 0.4, 0.4};
    int64_t raw[3] = {0, 0, 0};
    nh_activity_round(a, &act, target, wide, raw);
    cr_expect_eq(raw[0] + raw[1] + raw[2], 1);
}

/* Inputs that never spike together, and integers, stay where they are. */
Test(activity, independent_inputs_and_integers_keep_the_nearest) {
    nh_arena *a = nh_arena_new();
    double alone[9] = {1, 0, 0, 0, 2, 0, 0, 0, 3}, together[4] = {1, 1, 1, 1};
    nh_activity act = {.n = 3, .sum = alone};
    static const double target[3] = {0.4, -1.3, 2.2}, whole[2] = {5, -7};
    int64_t raw[3] = {0, -1, 2}, integers[2] = {5, -7};
    nh_activity_round(a, &act, target, wide, raw);
    cr_expect(raw[0] == 0 && raw[1] == -1 && raw[2] == 2);
    act = (nh_activity){.n = 2, .sum = together};
    nh_activity_round(a, &act, whole, wide, integers);
    cr_expect(integers[0] == 5 && integers[1] == -7);
}

static double cost(const double *c, const double *target, const int64_t *raw, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) sum += c[i * n + j] * ((double)raw[i] - target[i]) * ((double)raw[j] - target[j]);
    return sum;
}

/* The least cost of all roundings up and down. */
static double best(const double *c, const double *target, int n) {
    double least = INFINITY;
    for (int bits = 0; bits < 1 << n; bits++) {
        int64_t raw[8];
        for (int i = 0; i < n; i++) raw[i] = (int64_t)floor(target[i]) + (bits >> i & 1);
        least = fmin(least, cost(c, target, raw, n));
    }
    return least;
}

Test(activity, costs_never_more_than_the_nearest_and_mostly_little_more_than_the_best) {
    enum { N = 8, CASES = 200 };
    nh_arena *a = nh_arena_new();
    uint64_t seed = 7;
    double of_nearest = 0, of_round = 0, of_best = 0;
    for (int k = 0; k < CASES; k++) {
        double c[N * N] = {0}, target[N];
        int64_t nearest[N], raw[N];
        for (int s = 0; s < 12; s++) { /* the mean of z z' over 12 steps of spikes */
            double z[N];
            for (int i = 0; i < N; i++)
                z[i] = (double)((seed = seed * 6364136223846793005u + 1442695040888963407u) >> 33 & 1);
            for (int i = 0; i < N * N; i++) c[i] += z[i / N] * z[i % N];
        }
        for (int i = 0; i < N; i++) {
            target[i] = (double)((seed = seed * 6364136223846793005u + 1442695040888963407u) >> 40) / 131072.0 - 64;
            raw[i] = nearest[i] = (int64_t)nearbyint(target[i]);
        }
        nh_activity_round(a, &(nh_activity){.n = N, .sum = c}, target, (nh_range){-128, 127}, raw);
        for (int i = 0; i < N; i++) cr_assert(fabs((double)raw[i] - target[i]) < 1 && raw[i] >= -128 && raw[i] <= 127);
        cr_assert_leq(cost(c, target, raw, N), cost(c, target, nearest, N) + 1e-9);
        of_nearest += cost(c, target, nearest, N), of_round += cost(c, target, raw, N), of_best += best(c, target, N);
    }
    cr_expect_lt(of_round, of_nearest / 2, "nearest %g, here %g, best %g", of_nearest, of_round, of_best);
    cr_expect_lt(of_best, of_round);
}

/* z = what the membrane keeps: one spike leaves 1, 0.5, 0.25, ... */
Test(activity, the_input_is_filtered_as_the_neuron_does) {
    double low[2] = {0, 0}, sum = 0;
    nh_activity act = {.n = 1, .decay = {0, 0.5}, .low = {&low[0], &low[1]}, .sum = &sum, .steps_left = 3};
    for (int t = 0; t < 4; t++) nh_activity_step(&act, &(double){t == 0});
    cr_expect_eq(sum, 1 + 0.25 + 0.0625); /* the fourth step is not counted */
}
