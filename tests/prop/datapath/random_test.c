#include <criterion/criterion.h>

#include "random_dp.h"

static void expect_shadow(const random_program *g, const char *when, int seed) {
    const nh_dp *p = g->dp;
    for (int s = 0; s < RANDOM_SAMPLES; s++) {
        nh_i128 x[8], y[16];
        for (int e = 0; e < g->n_in; e++) x[e] = random_widen(g->in[s][e], p->in[0].fmt);
        const nh_i128 *in[] = {x};
        nh_i128 *out[] = {y};
        nh_dp_eval(p, in, out);
        for (int e = 0; e < g->n_out; e++)
            cr_assert(y[e] == random_widen(g->out[s][e], p->out[0].fmt),
                      "seed %d, %s: sample %d output %d is %lld, not %lld", seed, when, s, e, (long long)y[e],
                      (long long)g->out[s][e]);
    }
}

Test(datapath, random_programs_equal_exact_arithmetic_after_every_pass) {
    int usable = 0;
    for (int seed = 1; seed <= 1500; seed++) {
        nh_arena *a = nh_arena_new();
        random_source rng = {(uint64_t)seed};
        random_program *g = random_dp(a, &rng, "r", 10 + random_below(&rng, 120), seed % 3 ? 16 : 64);
        if (!g->dp->overflow128) {
            usable++;
            expect_shadow(g, "as built", seed);
            nh_dp_expand_constants(g->dp);
            nh_dp_finish(g->dp);
            cr_assert_null(nh_dp_check(g->dp), "seed %d: %s", seed, nh_dp_check(g->dp));
            expect_shadow(g, "finished", seed);
            nh_dp_timing t = {4, 0.6, 0.05, 3, 2.5, 0.2};
            nh_dp_pipeline(g->dp, &t, true);
            cr_assert_null(nh_dp_check(g->dp), "seed %d: %s", seed, nh_dp_check(g->dp));
            expect_shadow(g, "pipelined", seed);
        }
        nh_arena_free(a);
    }
    cr_assert_gt(usable, 1400);
}
