/* Shift-add matrices: values against products, sizes against the counts of golden/adder_graphs. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "../../prop/datapath/random_dp.h"

static nh_dp *matvec(nh_arena *a, const int64_t *w, int64_t n_in, int64_t n_out, const nh_i128 *bias, nh_val *y) {
    nh_dp *p = nh_dp_new(a, "m");
    nh_format f = nh_format_make(true, 8, 8, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    int port = nh_dp_in_port(p, "x", n_in, f);
    nh_val *x = nh_arena_array(a, (size_t)n_in, sizeof *x);
    for (int64_t i = 0; i < n_in; i++) x[i] = nh_dp_input(p, port, i, nh_range_of(f));
    nh_dp_matvec_csd(p, x, n_in, w, 3, bias, n_out, y);
    return p;
}

Test(matvec, equals_products_and_has_the_exact_interval) {
    for (int seed = 1; seed <= 300; seed++) {
        nh_arena *a = nh_arena_new();
        random_source rng = {(uint64_t)seed};
        int64_t n = 1 + random_below(&rng, 12), w[12];
        nh_i128 bias = (nh_i128)(random_next(&rng) >> 50) - 8192, lo = bias, hi = bias, want = bias, raw[12], got;
        for (int i = 0; i < n; i++) {
            w[i] = (int64_t)(random_next(&rng) >> 52) - 2048;
            if (random_below(&rng, 3) == 0) w[i] = 0;
            raw[i] = (nh_i128)(random_next(&rng) >> 56) - 128;
            lo += w[i] > 0 ? w[i] * -128 : w[i] * 127;
            hi += w[i] > 0 ? w[i] * 127 : w[i] * -128;
            want += w[i] * raw[i];
        }
        nh_val y;
        nh_dp *p = matvec(a, w, n, 1, &bias, &y);
        const nh_dp_node *r = &p->node[y];
        nh_i128 unit = (nh_i128)1 << (3 - r->frac); /* low bits that are always zero are not kept */
        cr_assert(r->range.lo * unit == lo && r->range.hi * unit == hi, "seed %d", seed);
        nh_format f;
        cr_assert(nh_range_format(r->range, r->frac, &f));
        nh_dp_output(p, nh_dp_out_port(p, "y", 1, f), 0, y);
        nh_dp_finish(p);
        const nh_i128 *ins[] = {raw};
        nh_i128 *outs[] = {&got};
        nh_dp_eval(p, ins, outs);
        cr_assert(got * unit == want, "seed %d", seed);
        nh_arena_free(a);
    }
}

Test(matvec, seven_is_one_subtraction_and_minus_five_one_addition_and_a_negation) {
    nh_arena *a = nh_arena_new();
    int64_t w[2] = {7, -5};
    nh_val y[2];
    nh_dp *p = matvec(a, &w[0], 1, 1, NULL, y);
    cr_assert_eq(nh_dp_cost_of(p, 6).adders, 1);
    cr_assert_eq(p->node[y[0]].op, NH_DP_SCALE);
    cr_assert_eq(p->node[p->node[y[0]].a].op, NH_DP_SUB);
    p = matvec(a, &w[1], 1, 1, NULL, y);
    cr_assert_eq(nh_dp_cost_of(p, 6).adders, 2);
    nh_arena_free(a);
}

Test(matvec, a_row_of_zeros_is_its_bias) {
    nh_arena *a = nh_arena_new();
    int64_t w[3] = {0, 0, 0};
    nh_i128 bias = -12;
    nh_val y;
    nh_dp *p = matvec(a, w, 3, 1, &bias, &y);
    cr_assert_eq(nh_dp_cost_of(p, 6).adders, 0);
    cr_assert(nh_fx_to_double(p->node[y].constant, p->node[y].frac) == -12.0 / 8);
    nh_arena_free(a);
}
