/* One scale of weights or one per output: chosen by the squared error of the weights. Four bits: a row whose largest
 * weight is 7/8 has steps of 1/8, one whose largest is 7/64 or 5/64 has steps of 1/64. Squared errors below are in
 * units of (1/64)^2. */
#include <criterion/criterion.h>

#include "steps_net.h"

/* 13/16 is half a step off in both ways: 16. 7/64 and 5/64 are off by 1 and 3 with steps of 1/8, exact with their own.
 */
static const double large[2] = {0.875, 0.8125}, seven[2] = {7 / 64., -5 / 64.}, five[2] = {5 / 64., -5 / 64.};

enum { ROWS = 4 };
typedef struct {
    double w[2 * ROWS];
} matrix;

static matrix rows_of(const double *second, const double *third, const double *fourth) {
    const double *row[ROWS] = {large, second, third, fourth};
    matrix m;
    for (int i = 0; i < 2 * ROWS; i++) m.w[i] = row[i / 2][i % 2];
    return m;
}

static nh_granularity chosen(const double *w, int64_t n_out, nh_strategy strategy, bool has_neuron,
                             const nh_layer_options *keys) {
    tnet n = tnet_new(vec(2), 1);
    n.o.defaults.weight_bits = 4;
    n.o.defaults.strategy = strategy;
    n.o.defaults.granularity = keys ? keys->granularity : NH_GRANULARITY_AUTO;
    n.o.defaults.scale = keys ? keys->scale : NH_SCALE_POWER_OF_TWO;
    n.o.input.format = (nh_format_request){.fmt = tfmt("fixed<8,1>")};
    int y = dense(&n, 0, n_out, w, NULL);
    if (has_neuron) neurons(&n, y, lif(&n, 0.5, 1));
    /* Without a neuron: a layer that rounds its results. */
    cr_assert(has_neuron ? infer(&n, NULL) : nh_pass_infer(n.g, &n.o, NULL, NULL, n.d));
    const nh_layer *l = &n.g->layer[1];
    nh_granularity g = l->opt.granularity;
    if (!has_neuron && !keys) cr_expect_eq(l->weight->scale != NULL, g == NH_PER_CHANNEL);
    bool is_told = false;
    for (size_t i = 0; i < n.d->count; i++) is_told |= strstr(n.d->item[i].message, "granularity: auto") != NULL;
    cr_expect_eq(is_told, g == NH_PER_CHANNEL && n.o.defaults.granularity == NH_GRANULARITY_AUTO);
    nh_arena_free(n.a);
    return g;
}

/* 16 + 18 + 18 + 10 against 16: less than a quarter is left out; 16 + 18 + 18 + 18 leaves less. */
Test(granularity, is_per_channel_from_a_quarter_of_the_squared_error) {
    matrix below = rows_of(five, seven, seven), from = rows_of(five, five, seven);
    for (int k = 0; k < 2; k++) {
        nh_strategy s = k ? NH_STRATEGY_RESOURCE : NH_STRATEGY_LATENCY;
        cr_expect_eq(chosen(below.w, ROWS, s, k, NULL), NH_PER_TENSOR); /* 54 < 4 * 16 */
        cr_expect_eq(chosen(from.w, ROWS, s, k, NULL), NH_PER_TENSOR);  /* 62 */
        matrix more = rows_of(five, five, five);                        /* 70 */
        cr_expect_eq(chosen(more.w, ROWS, s, k, NULL), NH_PER_CHANNEL);
    }
}

Test(granularity, at_a_quarter_it_is_per_channel) {
    static const double w[10] = {0.875, 0.8125, 5 / 64., 5 / 64., 7 / 64., 5 / 64., 7 / 64., 5 / 64., 7 / 64., 5 / 64.};
    cr_expect_eq(chosen(w, 5, NH_STRATEGY_LATENCY, false, NULL), NH_PER_CHANNEL); /* 16 + 18 + 3 * 10 = 4 * 16 */
}

Test(granularity, exact_weights_and_one_output_keep_one_scale) {
    static const double w[4] = {0.875, 0.125, 0.125, -0.25};
    cr_expect_eq(chosen(w, 2, NH_STRATEGY_LATENCY, false, NULL), NH_PER_TENSOR);
    cr_expect_eq(chosen(five, 1, NH_STRATEGY_LATENCY, false, NULL), NH_PER_TENSOR);
}

Test(granularity, where_it_costs_a_requantizer_or_cannot_be_one_scale_stays) {
    matrix m = rows_of(five, five, five);
    cr_expect_eq(chosen(m.w, ROWS, NH_STRATEGY_RESOURCE, false, NULL), NH_PER_TENSOR);
    cr_expect_eq(chosen(m.w, ROWS, NH_STRATEGY_DISTRIBUTED_ARITHMETIC, false, NULL), NH_PER_CHANNEL);
    cr_expect_eq(chosen(m.w, ROWS, NH_STRATEGY_EVENT, true, NULL), NH_PER_TENSOR);
}

Test(granularity, what_is_given_stays) {
    matrix m = rows_of(five, five, five);
    static const double alike[4] = {0.875, 0.3, 0.875, 0.2};
    nh_layer_options tensor = {.granularity = NH_PER_TENSOR}, channel = {.granularity = NH_PER_CHANNEL};
    cr_expect_eq(chosen(m.w, ROWS, NH_STRATEGY_LATENCY, false, &tensor), NH_PER_TENSOR);
    cr_expect_eq(chosen(alike, 2, NH_STRATEGY_RESOURCE, true, &channel), NH_PER_CHANNEL);
}

/* Scales of any value: 0.875 / 7 again for the first row, but both weights of `five` are exact with any own scale. */
Test(granularity, judges_scales_of_any_value_by_their_own_errors) {
    matrix m = rows_of(five, five, five);
    static const double sevenths[4] = {0.7, -0.5, 0.7, 0.3}; /* exact with steps of 0.1, one row or both */
    nh_layer_options arbitrary = {.granularity = NH_GRANULARITY_AUTO, .scale = NH_SCALE_ARBITRARY};
    cr_expect_eq(chosen(m.w, ROWS, NH_STRATEGY_LATENCY, false, &arbitrary), NH_PER_CHANNEL);
    cr_expect_eq(chosen(m.w, ROWS, NH_STRATEGY_RESOURCE, false, &arbitrary), NH_PER_CHANNEL); /* requantized anyway */
    cr_expect_eq(chosen(sevenths, 2, NH_STRATEGY_LATENCY, false, &arbitrary), NH_PER_TENSOR);
}

/* made = lif(fc(x) + back(delay(made))); the weights of x[0] are off, those of x[1] exact but for one. */
static nh_granularity of_loop(bool is_silent) {
    enum { OUT = 8, STEPS = 6, SAMPLES = 4 };
    double w[2 * OUT], x[2 * STEPS * SAMPLES];
    for (int i = 0; i < 2 * OUT; i++) w[i] = i % 2 ? 0 : 5 / 64.;
    w[0] = large[0], w[1] = large[1];
    for (int i = 0; i < 2 * STEPS * SAMPLES; i++) x[i] = i % 2 ? 1 : !is_silent;
    tnet n = tnet_new(vec(2), 2);
    n.o.defaults.weight_bits = 4;
    n.o.defaults.granularity = NH_GRANULARITY_AUTO;
    int forward = dense(&n, 0, OUT, w, NULL), made = later(&n, vec(OUT));
    int late = add(&n, delay_layer(&n, 1), made, vec(OUT));
    int back = dense(&n, late, OUT, uniforms(&n, OUT * OUT, -0.25, 0.25), NULL);
    int sum = add(&n, (nh_layer){.name = "sum", .op = NH_OP_ADD, .n_in = 2, .in = {forward, back}}, 0, vec(OUT));
    add_to(&n, (nh_layer){.name = "n", .op = NH_OP_NEURON, .neuron = lif(&n, 0.5, 1)}, sum, made);
    cr_assert(infer(&n, &(nh_samples){x, SAMPLES, 2 * STEPS}));
    nh_granularity g = n.g->layer[nh_graph_find(n.g, "fc1")].opt.granularity;
    nh_arena_free(n.a);
    return g;
}

Test(granularity, errors_count_by_the_power_of_their_input) {
    cr_expect_eq(of_loop(false), NH_PER_CHANNEL); /* 16 + 7 * 9 against 16 */
    cr_expect_eq(of_loop(true), NH_PER_TENSOR);
}
