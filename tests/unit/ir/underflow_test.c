/* ir/underflow: by hand, numbers in an LSB of 1/256. */
#include <criterion/criterion.h>
#include <math.h>

#include "underflow.h"

enum { MOST = 8 };

typedef struct {
    nh_param p;
    double value[MOST];
    int64_t raw[MOST];
} numbers;

/* Rows of `per` numbers, rounded to nearest at 2^-8. */
static void fill(numbers *n, int64_t rows, int64_t per, const double *value) {
    nh_shape shape = {per > 1 ? 2 : 1, {rows, per}};
    n->p = (nh_param){.shape = shape,
                      .value = n->value,
                      .raw = n->raw,
                      .fmt = nh_format_make(true, 16, 8, NH_ROUND_RND_CONV, NH_OVERFLOW_SAT)};
    for (int64_t i = 0; i < rows * per; i++) {
        n->value[i] = value[i];
        n->raw[i] = (int64_t)nearbyint(value[i] * 256);
    }
}

Test(underflow, a_factor_that_becomes_0_beside_a_large_one) {
    numbers n;
    nh_param_loss l;
    fill(&n, 3, 1, (const double[]){100, 0.001, 1});
    cr_assert(nh_param_loss_of(&n.p, &l));
    cr_assert(nh_param_is_lost(&l));
    cr_assert_eq(l.zeroed, 1);
    cr_assert_eq(l.rows_zeroed, 1);
    cr_assert_eq(l.rows_short, 0);
    cr_assert_eq(l.worst_row, 1);
    cr_assert_eq(l.worst, 0.001);
    cr_assert_eq(l.becomes, 0);
    cr_assert_eq(l.most, 100);
}

/* 0.0102 * 256 = 2.6 becomes 3: 13 % off, two bits are left. */
Test(underflow, a_factor_that_keeps_two_bits) {
    numbers n;
    nh_param_loss l;
    fill(&n, 2, 1, (const double[]){100, 0.0102});
    cr_assert(nh_param_loss_of(&n.p, &l));
    cr_assert(nh_param_is_lost(&l));
    cr_assert_eq(l.rows_short, 1);
    cr_assert_eq(l.rows_zeroed, 0);
    cr_assert_eq(l.becomes, 3 / 256.0);
}

/* 2/256 is small beside 100, and exactly what was meant. */
Test(underflow, small_numbers_that_are_exact_are_not_lost) {
    numbers n;
    nh_param_loss l;
    fill(&n, 2, 1, (const double[]){100, 2 / 256.0});
    cr_assert(nh_param_loss_of(&n.p, &l));
    cr_assert_not(nh_param_is_lost(&l));
    cr_assert_eq(l.sqnr_db, INFINITY);
}

/* One small weight of a row is nothing; a row of small ones is an output. */
Test(underflow, rows_of_weights_are_outputs) {
    numbers n;
    nh_param_loss l;
    fill(&n, 2, 2, (const double[]){1, 0.001, 0.5, -0.001});
    cr_assert(nh_param_loss_of(&n.p, &l));
    cr_assert_eq(l.zeroed, 2);
    cr_assert_not(nh_param_is_lost(&l));
    fill(&n, 2, 2, (const double[]){1, 0.25, 0.001, -0.0015});
    cr_assert(nh_param_loss_of(&n.p, &l));
    cr_assert(nh_param_is_lost(&l));
    cr_assert_eq(l.worst_row, 1);
    cr_assert_eq(l.worst, -0.0015);
}

/* A channel that training switched off leaves 1e-20: that is 0. */
Test(underflow, rests_of_training_are_no_numbers) {
    numbers n;
    nh_param_loss l;
    fill(&n, 2, 1, (const double[]){1, 1e-20});
    cr_assert(nh_param_loss_of(&n.p, &l));
    cr_assert_not(nh_param_is_lost(&l));
    cr_assert_eq(l.n, 1);
}

/* All of a matrix below the LSB. */
Test(underflow, a_whole_matrix_below_its_format) {
    numbers n;
    nh_param_loss l;
    fill(&n, 1, 4, (const double[]){0.003, -0.0012, 0.001, 0.0015});
    cr_assert(nh_param_loss_of(&n.p, &l));
    cr_assert(nh_param_is_lost(&l));
    cr_assert_eq(l.zeroed, 3);
    cr_assert_lt(l.sqnr_db, 10);
}

Test(underflow, nothing_is_said_before_quantization) {
    nh_param p = {.shape = {1, {2}}};
    nh_param_loss l;
    cr_assert_not(nh_param_loss_of(&p, &l));
    cr_assert_not(nh_param_loss_of(NULL, &l));
}
