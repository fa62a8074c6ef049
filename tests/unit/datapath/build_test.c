/* What the builder folds, shares and narrows; expected values by hand. */
#include <criterion/criterion.h>

#include "datapath.h"

static nh_arena *arena;
static nh_dp *p;
static nh_val x, y;

static nh_format fixed(int w, int i, nh_round r, nh_overflow o) { return nh_format_make(true, w, i, r, o); }

static void setup(void) {
    arena = nh_arena_new();
    p = nh_dp_new(arena, "d");
    nh_format f = fixed(8, 4, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    int port = nh_dp_in_port(p, "x", 2, f);
    x = nh_dp_input(p, port, 0, nh_range_of(f));
    y = nh_dp_input(p, port, 1, (nh_range){0, 100});
}

static void teardown(void) { nh_arena_free(arena); }

TestSuite(build, .init = setup, .fini = teardown);

Test(build, equal_nodes_are_one_node) {
    cr_assert_eq(nh_dp_add(p, x, y), nh_dp_add(p, y, x));
    cr_assert_eq(nh_dp_mulc(p, x, 6, 0), nh_dp_scale(p, nh_dp_mulc(p, x, 3, 0), 1));
    cr_assert_neq(nh_dp_sub(p, x, y), nh_dp_sub(p, y, x));
    cr_assert_eq(nh_dp_neg(p, nh_dp_sub(p, x, y)), nh_dp_sub(p, y, x));
}

Test(build, neutral_operands_vanish) {
    nh_val zero = nh_dp_const(p, 0, 9), one = nh_dp_const(p, 1, 0);
    cr_assert_eq(nh_dp_add(p, x, zero), x);
    cr_assert_eq(nh_dp_sub(p, x, zero), x);
    cr_assert_eq(nh_dp_mul(p, x, one), x);
    cr_assert_eq(nh_dp_scale(p, nh_dp_scale(p, x, 3), -3), x);
    cr_assert_eq(nh_dp_neg(p, nh_dp_neg(p, x)), x);
    cr_assert_eq(nh_dp_select(p, one, x, y), x);
    cr_assert_eq(nh_dp_select(p, nh_dp_lt(p, x, y), y, y), y);
    nh_val none = nh_dp_sub(p, x, x);
    cr_assert(p->node[none].op == NH_DP_CONST && p->node[none].constant == 0);
}

Test(build, intervals_decide_compares_and_extremes) {
    nh_val low = nh_dp_const(p, -128, 4), high = nh_dp_const(p, 127, 4), above = nh_dp_const(p, 128, 4);
    cr_assert_eq(nh_dp_max(p, x, low), x);
    cr_assert_eq(nh_dp_min(p, x, high), x);
    cr_assert_eq(nh_dp_max(p, x, above), above);
    cr_assert_eq(p->node[nh_dp_lt(p, x, above)].constant, 1);
    cr_assert_eq(p->node[nh_dp_le(p, above, x)].constant, 0);
    cr_assert_eq(p->node[nh_dp_eq(p, x, above)].constant, 0);
    nh_val relu = nh_dp_max(p, x, nh_dp_const(p, 0, 4));
    cr_assert_eq(p->node[relu].width, 7);
    cr_assert_not(p->node[relu].is_signed);
}

Test(build, a_cast_that_changes_nothing_is_no_node) {
    cr_assert_eq(nh_dp_cast(p, x, fixed(8, 4, NH_ROUND_RND, NH_OVERFLOW_SAT)), x);
    cr_assert_eq(nh_dp_cast(p, x, fixed(16, 12, NH_ROUND_RND, NH_OVERFLOW_SAT)), x);
    /* modes that cannot act do not make casts different */
    cr_assert_eq(nh_dp_cast(p, x, fixed(16, 8, NH_ROUND_RND, NH_OVERFLOW_SAT)),
                 nh_dp_cast(p, x, fixed(16, 8, NH_ROUND_TRN, NH_OVERFLOW_WRAP)));
    cr_assert_neq(nh_dp_cast(p, x, fixed(6, 3, NH_ROUND_TRN, NH_OVERFLOW_SAT)), x);
    /* SAT_SYM changes -128 */
    cr_assert_neq(nh_dp_cast(p, x, fixed(8, 4, NH_ROUND_TRN, NH_OVERFLOW_SAT_SYM)), x);
}

Test(build, constants_fold_through_every_operation) {
    nh_val a = nh_dp_const(p, 5, 1), b = nh_dp_const(p, -3, 0); /* 2.5, -3 */
    struct {
        nh_val v;
        int raw, frac;
    } want[] = {
        {nh_dp_add(p, a, b), -1, 1},   {nh_dp_sub(p, a, b), 11, 1},
        {nh_dp_neg(p, a), -5, 1},      {nh_dp_mul(p, a, b), -15, 1},
        {nh_dp_min(p, a, b), -3, 0},   {nh_dp_lt(p, b, a), 1, 0},
        {nh_dp_scale(p, a, 2), 5, -1}, {nh_dp_cast(p, a, fixed(8, 8, NH_ROUND_RND_CONV, NH_OVERFLOW_SAT)), 2, 0},
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const nh_dp_node *n = &p->node[want[i].v];
        cr_assert(n->op == NH_DP_CONST && n->constant == want[i].raw && n->frac == want[i].frac,
                  "case %zu: %lld frac %d", i, (long long)n->constant, n->frac);
    }
}

Test(build, more_than_127_bits_is_said_and_not_computed) {
    nh_val v = x;
    for (int i = 0; i < 5; i++) v = nh_dp_mul(p, v, v); /* 8, 16, 32, 64, 128 ... bits */
    cr_assert(p->overflow128);
}

Test(build, finish_drops_what_no_output_needs) {
    int64_t raw[4] = {1, 2, 3, 4};
    nh_format f = nh_format_make(false, 3, 3, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    nh_dp_add_table(p, "unused", 4, f, raw);
    nh_dp_mul(p, x, y);
    nh_val s = nh_dp_add(p, x, y); /* raw -128..227: 9 bits */
    nh_format nine = fixed(9, 5, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, nine), 0, s);
    nh_dp_finish(p);
    cr_assert_eq(p->n_node, 3);
    cr_assert_eq(p->n_table, 0);
    cr_assert_null(nh_dp_check(p));
}

Test(build, argmax_takes_the_first_of_equals) {
    nh_format f = fixed(8, 8, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    nh_dp *q = nh_dp_new(arena, "a");
    int port = nh_dp_in_port(q, "x", 7, f);
    nh_val v[7];
    for (int i = 0; i < 7; i++) v[i] = nh_dp_input(q, port, i, nh_range_of(f));
    nh_format index = nh_format_make(false, 3, 3, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    nh_dp_output(q, nh_dp_out_port(q, "y", 1, index), 0, nh_dp_argmax(q, v, 7));
    static const int64_t in[][7] = {
        {1, 1, 1, 1, 1, 1, 1}, {0, 5, 2, 5, 5, 1, 0}, {-9, -8, -7, -7, -8, -9, -7}, {0, 0, 0, 0, 0, 0, 1}};
    static const int64_t want[] = {0, 1, 2, 6};
    for (int k = 0; k < 4; k++) {
        nh_i128 raw[7], got;
        for (int i = 0; i < 7; i++) raw[i] = in[k][i];
        const nh_i128 *ins[] = {raw};
        nh_i128 *outs[] = {&got};
        nh_dp_eval(q, ins, outs);
        cr_assert_eq((int64_t)got, want[k]);
    }
}

/* Delays in units of one adder: three chained adders fit a period of three. */
Test(build, stages_hold_what_fits_the_period) {
    nh_val v = x;
    for (int i = 0; i < 7; i++) v = nh_dp_add(p, v, nh_dp_scale(p, y, i));
    nh_format f;
    cr_assert(nh_range_format(p->node[v].range, p->node[v].frac, &f));
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, f), 0, v);
    nh_dp_finish(p);
    nh_dp_timing t = {.period_ns = 3.5, .lut_ns = 1, .setup_ns = 0.4};
    nh_dp_pipeline(p, &t, false);
    cr_assert_eq(p->latency_cycles, 2); /* 3 + 3 + 1 adders */
    nh_dp_pipeline(p, &t, true);
    cr_assert_eq(p->latency_cycles, 3);
    t.period_ns = 0.5; /* shorter than one adder: each has a stage of its own */
    nh_dp_pipeline(p, &t, false);
    cr_assert_eq(p->latency_cycles, 6);
    cr_assert_null(nh_dp_check(p));
}

/* x is -128 to 127, y 0 to 100. */
Test(build, a_square_is_not_negative) {
    cr_assert_eq((int64_t)p->node[nh_dp_mul(p, x, x)].range.lo, 0);
    cr_assert_eq((int64_t)p->node[nh_dp_mul(p, x, x)].range.hi, 128 * 128);
    cr_assert_eq((int64_t)p->node[nh_dp_mul(p, x, y)].range.lo, -12800);
    nh_val above = nh_dp_add(p, y, nh_dp_const(p, 3, 4));
    cr_assert_eq((int64_t)p->node[nh_dp_mul(p, above, above)].range.lo, 9);
}

/* A node whose width or sign is not that of its interval is found, each for itself. */
Test(build, check_finds_facts_that_do_not_fit) {
    nh_val s = nh_dp_add(p, x, y);
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, fixed(9, 5, NH_ROUND_TRN, NH_OVERFLOW_WRAP)), 0, s);
    nh_dp_finish(p);
    cr_assert_null(nh_dp_check(p));
    nh_dp_node *n = &p->node[p->n_node - 1], kept = *n;
    n->width++;
    cr_assert_not_null(nh_dp_check(p), "a width of one more");
    *n = kept;
    n->is_signed = !n->is_signed;
    cr_assert_not_null(nh_dp_check(p), "another sign");
    *n = kept;
    n->range.lo = n->range.hi + 1;
    cr_assert_not_null(nh_dp_check(p), "an empty interval");
}
