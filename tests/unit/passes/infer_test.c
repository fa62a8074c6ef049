/* Decided formats, by hand arithmetic. */
#include <criterion/criterion.h>
#include <math.h>

#include "net.h"

static const double w23[6] = {0.43, -0.3, 0.1, -0.25, 0.2, 0.05}, b2[2] = {0.5, -0.125};

static bool infer(net *t, const double *x, int64_t n) {
    nh_samples s = {x, n, nh_shape_size(t->g->tensor[t->g->input].shape)};
    bool ok = nh_passes_run(t->g, &t->o, x ? &s : NULL, t->d, NULL, NULL);
    cr_expect_eq(ok, t->d->n_error == 0);
    return ok;
}

#define EXPECT_FORMAT(f, want) cr_expect_str_eq(text(f), want)

Test(infer_input, needs_a_format_or_data) {
    net t = net_new(3, NULL);
    cr_expect_not(infer(&t, NULL, 0));
    cr_expect(says(&t, NH_N_INPUT_FORMAT, "input: {"));
    nh_arena_free(t.a);
}

Test(infer_input, covers_the_data) {
    static const double x[6] = {0, 0.5, 0.99, -0.7, 0.1, 0.2}, up[3] = {0, 1, 3.5};
    net t = net_new(3, NULL), u = net_new(3, NULL);
    cr_assert(infer(&t, x, 2));
    EXPECT_FORMAT(t.g->tensor[0].q.fmt, "fixed<8,1,RND,SAT>");
    cr_assert(infer(&u, up, 1)); /* never negative: unsigned; 3.5 < 4 = 2^2 */
    EXPECT_FORMAT(u.g->tensor[0].q.fmt, "ufixed<8,2,RND,SAT>");
    nh_arena_free(t.a), nh_arena_free(u.a);
}

Test(infer_input, takes_a_scale_from_the_user) {
    static const double x[3] = {0, 0.5, 1};
    net t = net_new(3, NULL);
    t.o.input.has_scale = true;
    t.o.input.scale = 1 / 255.0;
    cr_assert(infer(&t, x, 1));
    EXPECT_FORMAT(t.g->tensor[0].q.fmt, "ufixed<8,8,RND,SAT>");
    cr_expect_eq(t.g->tensor[0].q.scale, 1 / 255.0);
    cr_expect_eq(t.g->layer[0].result_overflow.overflowed, 0);
    net u = net_new(3, NULL);
    u.o.input = t.o.input;
    u.o.input.scale = -1;
    cr_expect_not(infer(&u, x, 1));
    cr_expect_eq(count_code(&u, NH_N_INPUT_SCALE), 1);
    nh_arena_free(t.a), nh_arena_free(u.a);
}

Test(infer_input, refuses_data_of_another_size) {
    static const double x[4] = {0};
    net t = net_new(3, NULL);
    nh_samples s = {x, 1, 4};
    cr_expect_not(nh_passes_run(t.g, &t.o, &s, t.d, NULL, NULL));
    cr_expect_eq(count_code(&t, NH_N_CALIBRATION_SHAPE), 1);
    nh_arena_free(t.a);
}

/* max |w| = 0.43 < 1/2: no integer bit, LSB 2^-8; 0.43*256 = 110.08. Products: 7 + 8 fractional bits. Row 0 of raw
 * weights: 110 -77 26; inputs -128..127: partial sums -110*128-77*127-26*128 .. 110*127+77*128+26*127, with the bias
 * 0.5 = 16384: -27187 .. 27128+16384 = 43512 < 2^16: 17 bits. */
Test(infer_dense, weights_bias_and_accumulator_by_hand) {
    net t = net_new(3, "fixed<8,1>");
    append_dense(&t, "fc", 2, 3, w23, b2);
    cr_assert(infer(&t, NULL, 0));
    const nh_layer *l = &t.g->layer[1];
    static const int64_t raw[6] = {110, -77, 26, -64, 51, 13};
    EXPECT_FORMAT(l->weight->fmt, "fixed<8,0,RND_CONV,SAT>");
    cr_expect_arr_eq(l->weight->raw, raw, sizeof raw);
    cr_expect_null(l->weight->scale);
    cr_expect(l->bias->raw[0] == 16384 && l->bias->raw[1] == -4096);
    cr_expect_eq(nh_format_frac(l->bias->fmt), 15);
    cr_expect(l->accum_exact);
    EXPECT_FORMAT(l->accum, "fixed<17,2>");
    cr_expect_null(l->requant_mul);
    /* whole sums: 16384-27187 .. 16384+27128 and less: -1.33 .. 1.33 needs two integer bits */
    EXPECT_FORMAT(t.g->tensor[1].q.fmt, "fixed<8,2,RND,SAT>");
    cr_expect(says(&t, NH_N_FORMAT, "weight fixed<8,0,RND_CONV,SAT> (auto, minmax, -0.3 .. 0.43)"));
    cr_expect(says(&t, NH_N_ACCUM, "fixed<17,2>, exact"));
    nh_arena_free(t.a);
}

Test(infer_dense, stays_exact_up_to_a_relu) {
    static const double x[3] = {0.5, -0.5, 0.9};
    net t = net_new(3, "fixed<8,1>");
    append_dense(&t, "fc", 2, 3, w23, b2);
    append(&t, "relu", NH_OP_RELU, 2);
    cr_assert(infer(&t, x, 1));
    cr_expect_eq(nh_format_frac(t.g->tensor[1].q.fmt), 15);
    EXPECT_FORMAT(t.g->tensor[2].q.fmt, "ufixed<8,0,RND,SAT>"); /* 0.955 seen: 0.215+0.15+0.09+0.5 */
    cr_expect(t.g->tensor[2].range.lo == 0 && t.g->tensor[2].range.hi == 255);
    nh_arena_free(t.a);
}

Test(infer_dense, casts_before_a_relu_when_its_format_is_given) {
    net t = net_new(3, "fixed<8,1>");
    append_dense(&t, "fc", 2, 3, w23, b2)->opt.result = given("fixed<6,2>");
    append(&t, "relu", NH_OP_RELU, 2);
    cr_assert(infer(&t, NULL, 0));
    EXPECT_FORMAT(t.g->tensor[1].q.fmt, "fixed<6,2>");
    EXPECT_FORMAT(t.g->tensor[2].q.fmt, "ufixed<5,1>"); /* -1.3..1.3 in steps of 1/16: 0..21, exact */
    nh_arena_free(t.a);
}

Test(infer_dense, counts_given_weights_that_overflow) {
    static const double w[4] = {1.7, 0.5, -1, -3};
    net t = net_new(2, "fixed<8,1>");
    append_dense(&t, "fc", 2, 2, w, NULL)->opt.weight = given("fixed<8,1,RND,SAT>");
    cr_assert(infer(&t, NULL, 0));
    const nh_layer *l = &t.g->layer[1];
    cr_expect(l->weight->overflow.n == 4 && l->weight->overflow.overflowed == 2);
    cr_expect(l->weight->raw[0] == 127 && l->weight->raw[3] == -128);
    cr_expect(says(&t, NH_N_WEIGHT_OVERFLOW, "2 of 4 weights saturate in fixed<8,1,RND,SAT>, the worst is -3"));
    cr_expect(says(&t, NH_N_WEIGHT_OVERFLOW, "fixed<10,3,RND,SAT> holds them all"));
    nh_arena_free(t.a);
}

/* Symmetric: 0.43/127 for the tensor; per channel 0.43/127 and 0.25/127. */
Test(infer_dense, arbitrary_scales) {
    static const double x[6] = {0.5, -0.5, 0.9, -0.9, 0.9, -0.9};
    for (int per_channel = 0; per_channel < 2; per_channel++) {
        net t = net_new(3, "fixed<8,1>");
        t.o.defaults.scale = NH_SCALE_ARBITRARY;
        t.o.defaults.granularity = per_channel ? NH_PER_CHANNEL : NH_PER_TENSOR;
        append_dense(&t, "fc", 2, 3, w23, b2);
        append(&t, "relu", NH_OP_RELU, 2);
        cr_assert(infer(&t, x, 2));
        const nh_layer *l = &t.g->layer[1];
        cr_assert_not_null(l->weight->scale);
        cr_expect_float_eq(l->weight->scale[0], 0.43 / 127, 1e-15);
        cr_expect_float_eq(l->weight->scale[1], (per_channel ? 0.25 : 0.43) / 127, 1e-15);
        cr_expect(l->weight->raw[0] == 127 && (!per_channel || l->weight->raw[3] == -127));
        /* result: the largest seen, 0.955, is 255 */
        EXPECT_FORMAT(t.g->tensor[2].q.fmt, "ufixed<8,8,RND,SAT>");
        cr_expect_float_eq(t.g->tensor[2].q.scale, 0.955 / 255, 1e-12);
        cr_expect_eq(t.g->tensor[1].q.scale, t.g->tensor[2].q.scale);
        cr_assert_not_null(l->requant_mul);
        for (int o = 0; o < 2; o++) {
            double want = l->weight->scale[o] / t.g->tensor[2].q.scale,
                   got = ldexp((double)l->requant_mul[o], -l->requant_shift);
            cr_expect(fabs(got / want - 1) < 0x1p-14, "%g for %g", got, want);
            cr_expect(l->requant_mul[o] > 0 && l->requant_mul[o] < 65536);
        }
        nh_arena_free(t.a);
    }
}

/* Row maxima 0.43 (I=0) and 0.05 (I=-4): the second row uses 16 times finer steps. */
Test(infer_dense, power_of_two_per_channel_is_exact) {
    static const double w[4] = {0.43, 0.1, 0.05, -0.01};
    net t = net_new(2, "fixed<8,1>");
    t.o.defaults.granularity = NH_PER_CHANNEL;
    append_dense(&t, "fc", 2, 2, w, NULL);
    cr_assert(infer(&t, NULL, 0));
    const nh_layer *l = &t.g->layer[1];
    EXPECT_FORMAT(l->weight->fmt, "fixed<8,0,RND_CONV,SAT>");
    cr_expect(l->weight->scale[0] == 1 && l->weight->scale[1] == 1.0 / 8, "%g", l->weight->scale[1]);
    cr_expect(l->weight->raw[2] == 102); /* 0.05 * 256 * 8 = 102.4 */
    cr_expect(l->requant_mul[0] == 8 && l->requant_mul[1] == 1 && l->requant_shift == 3);
    nh_arena_free(t.a);
}

/* A power-of-two result carries the scale of the input on: no multiplier. A given one is read at scale 1. */
Test(infer_dense, scale_of_the_input) {
    net t = net_new(3, "ufixed<8,8>"), u = net_new(3, "ufixed<8,8>");
    t.o.input.has_scale = u.o.input.has_scale = true;
    t.o.input.scale = u.o.input.scale = 1 / 255.0;
    append_dense(&t, "fc", 2, 3, w23, b2);
    cr_assert(infer(&t, NULL, 0));
    cr_expect_null(t.g->layer[1].requant_mul);
    cr_expect_eq(t.g->tensor[1].q.scale, 1 / 255.0);
    cr_expect_eq(t.g->layer[1].bias->raw[0], 32640); /* 0.5 * 255 * 256 */
    append_dense(&u, "fc", 2, 3, w23, b2)->opt.result = given("fixed<16,4>");
    cr_assert(infer(&u, NULL, 0));
    cr_expect_eq(u.g->tensor[1].q.scale, 1);
    cr_assert_not_null(u.g->layer[1].requant_mul);
    cr_expect(fabs(ldexp((double)u.g->layer[1].requant_mul[0], -u.g->layer[1].requant_shift) * 255 - 1) < 0x1p-15);
    nh_arena_free(t.a), nh_arena_free(u.a);
}

Test(infer_dense, refuses_accumulators_beyond_64_bits) {
    net t = net_new(3, "fixed<40,1>");
    nh_layer *l = append_dense(&t, "fc", 2, 3, w23, NULL);
    l->opt.weight = given("fixed<32,1>");
    cr_expect_not(infer(&t, NULL, 0));
    cr_expect(says(&t, NH_N_ACCUM_WIDE,
                   "layer 'fc': the exact accumulator needs 71 bits")); /* 70 fractional bits, sums below 1 */
    l->bias = param(&t, (nh_shape){1, {2}}, b2);
    cr_expect_not(nh_pass_infer(t.g, &t.o, NULL, NULL, t.d));
    cr_expect(says(&t, NH_N_ACCUM_WIDE, "the bias 0.5 needs more than 64 bits at 70 fractional bits"));
    nh_arena_free(t.a);
}

Test(infer_dense, warns_of_a_given_accumulator_that_can_overflow) {
    net t = net_new(3, "fixed<8,1>"), u = net_new(3, "fixed<8,1>");
    append_dense(&t, "fc", 2, 3, w23, b2)->opt.accum = given("fixed<10,1>");
    cr_assert(infer(&t, NULL, 0));
    cr_expect_not(t.g->layer[1].accum_exact);
    cr_expect_eq(count_code(&t, NH_N_ACCUM_OVERFLOW), 1);
    append_dense(&u, "fc", 2, 3, w23, b2)->opt.accum = given("fixed<12,3>");
    cr_assert(infer(&u, NULL, 0));
    cr_expect_eq(count_code(&u, NH_N_ACCUM_OVERFLOW), 0);
    nh_arena_free(t.a), nh_arena_free(u.a);
}

Test(infer_dense, rounds_a_given_bias_twice_only_when_it_is_finer) {
    static const double b[2] = {0.3, -2.7};
    net t = net_new(3, "fixed<4,1>"); /* 3 + 8 fractional bits */
    append_dense(&t, "fc", 2, 3, w23, b)->opt.bias = given("fixed<6,2,RND,SAT>");
    cr_assert(infer(&t, NULL, 0));
    /* 0.3*16 = 4.8 -> 5/16; -2.7*16 -> saturates at -32/16 = -2 */
    cr_expect(t.g->layer[1].bias->raw[0] == 5 * 128 && t.g->layer[1].bias->raw[1] == -2 * 2048);
    cr_expect(t.g->layer[1].bias->overflow.overflowed == 1);
    cr_expect(says(&t, NH_N_WEIGHT_OVERFLOW, "1 of 2 biases saturate in fixed<6,2,RND,SAT>, the worst is -2.7"));
    cr_expect_eq(count_code(&t, NH_N_ROUNDED_BIAS), 0);
    net u = net_new(3, "fixed<4,1>");
    append_dense(&u, "fc", 2, 3, w23, b)->opt.bias = given("fixed<20,3>");
    cr_assert(infer(&u, NULL, 0));
    cr_expect_eq(count_code(&u, NH_N_ROUNDED_BIAS), 1);
    nh_arena_free(t.a), nh_arena_free(u.a);
}

Test(infer_dense, refuses_one_bit_and_not_finite_and_unsigned_64) {
    static const double bad[2] = {1, INFINITY}, good[2] = {1, 2};
    static const struct {
        int bits;
        const double *w;
        const char *result;
        nh_code code;
    } cases[] = {
        {1, good, NULL, NH_N_WEIGHT_BITS}, {8, bad, NULL, NH_N_NOT_FINITE}, {8, good, "ufixed<64,8>", NH_N_UNSIGNED64}};
    for (size_t i = 0; i < 3; i++) {
        net t = net_new(2, "fixed<8,1>");
        nh_layer *l = append_dense(&t, "fc", 1, 2, cases[i].w, NULL);
        l->opt.weight_bits = cases[i].bits;
        if (cases[i].result) l->opt.result = given(cases[i].result);
        cr_expect_not(infer(&t, NULL, 0));
        cr_expect_eq(count_code(&t, cases[i].code), 1);
        nh_arena_free(t.a);
    }
}

/* 63 values of +-0.5 and a 2, with 2 bits. I=3, step 2: all but the 2 become 0, error 63/4. I=2: 63/4 + 1. I=1, step
 * 1/2: -1 .. 0.5, only the 2 is cut: 9/4. I=0: -0.5 .. 0.25: 31/16 + 49/16. */
Test(infer_dense, least_squares_may_cut_an_outlier_and_minmax_does_not) {
    double w[64];
    for (int i = 0; i < 64; i++) w[i] = i == 7 ? 2 : i % 2 ? 0.5 : -0.5;
    int int_bits[2];
    for (int mse = 0; mse < 2; mse++) {
        net t = net_new(64, "fixed<8,1>");
        t.o.calibrate.method = mse ? NH_CALIBRATE_MSE : NH_CALIBRATE_MINMAX;
        append_dense(&t, "fc", 1, 64, w, NULL)->opt.weight_bits = 2;
        cr_assert(infer(&t, NULL, 0));
        int_bits[mse] = t.g->layer[1].weight->fmt.int_bits;
        cr_expect_eq(t.g->layer[1].weight->overflow.overflowed, mse ? 1 : 0);
        nh_arena_free(t.a);
    }
    cr_expect_eq(int_bits[0], 3);
    cr_expect_eq(int_bits[1], 1);
}

Test(infer_activations, have_known_ranges) {
    net t = net_new(3, "fixed<8,3>");
    append(&t, "tanh", NH_OP_TANH, 3);
    append(&t, "sigmoid", NH_OP_SIGMOID, 3);
    append(&t, "softmax", NH_OP_SOFTMAX, 3);
    cr_assert(infer(&t, NULL, 0));
    EXPECT_FORMAT(t.g->tensor[1].q.fmt, "fixed<8,1,RND,SAT>");
    EXPECT_FORMAT(t.g->tensor[2].q.fmt, "ufixed<8,0,RND,SAT>");
    EXPECT_FORMAT(t.g->tensor[3].q.fmt, "ufixed<8,0,RND,SAT>");
    nh_arena_free(t.a);
}

Test(infer_activations, narrow_results_stay_exact) {
    net t = net_new(3, "fixed<8,3>");
    append(&t, "relu", NH_OP_RELU, 3);
    nh_layer *clip = append(&t, "clip", NH_OP_CLIP, 3);
    clip->lo = 0.5;
    clip->hi = INFINITY;
    nh_layer *leaky = append(&t, "leaky", NH_OP_LEAKY_RELU, 3);
    leaky->alpha = 0.1;
    leaky->opt.result = given("fixed<4,2,RND,SAT>");
    cr_assert(infer(&t, NULL, 0));
    EXPECT_FORMAT(t.g->tensor[1].q.fmt, "ufixed<7,2>");
    EXPECT_FORMAT(t.g->tensor[2].q.fmt, "ufixed<7,2>");
    cr_expect(t.g->tensor[2].range.lo == 16 && t.g->tensor[2].range.hi == 127);
    cr_expect(t.g->tensor[3].range.lo == 2 && t.g->tensor[3].range.hi == 7);
    nh_arena_free(t.a);
}

/* A bound that is far outside of the format is none; where max is below the input, every result is max. */
Test(infer_activations, clips_have_one_bound_or_two) {
    static const struct {
        double lo, hi;
        int range_lo, range_hi; /* of fixed<8,3>, in 1/32 */
    } row[] = {{-1, INFINITY, -32, 127},
               {-INFINITY, 1.5, -128, 48},
               {-1e30, 1e30, -128, 127},
               {-6, -6, -192, -192},
               {2, 2, 64, 64}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        net t = net_new(3, "fixed<8,3>");
        nh_layer *clip = append(&t, "clip", NH_OP_CLIP, 3);
        clip->lo = row[i].lo;
        clip->hi = row[i].hi;
        clip->opt.result = given("fixed<12,7>");
        cr_assert(infer(&t, NULL, 0));
        nh_range got = t.g->tensor[1].range;
        cr_expect(got.lo == row[i].range_lo && got.hi == row[i].range_hi, "%g %g: %d %d", row[i].lo, row[i].hi,
                  (int)got.lo, (int)got.hi);
        nh_arena_free(t.a);
    }
}

Test(infer_activations, warn_when_data_leaves_a_given_format) {
    static const double x[6] = {0.5, 3, -2, 1, 1.5, 0.25};
    net t = net_new(3, "fixed<8,3>");
    append(&t, "relu", NH_OP_RELU, 3)->opt.result = given("ufixed<8,1,RND,SAT>");
    cr_assert(infer(&t, x, 2));
    cr_expect(says(&t, NH_N_RESULT_OVERFLOW, "1 of 6 values"));
    cr_expect(t.g->layer[1].result_overflow.overflowed == 1 && t.g->layer[1].result_overflow.n == 6);
    nh_arena_free(t.a);
}

Test(calibrate, percentiles_are_numpys) {
    double x[101];
    for (int i = 0; i <= 100; i++) x[i] = (i * 37) % 101; /* 0..100 in some order */
    net t = net_new(1, NULL);
    t.o.calibrate.method = NH_CALIBRATE_PERCENTILE;
    t.o.calibrate.percentile = 97.5;
    nh_samples s = {x, 101, 1};
    nh_seen *seen;
    cr_assert(nh_pass_calibrate(t.a, t.g, &t.o, &s, t.d, &seen));
    cr_expect_float_eq(t.g->tensor[0].cal_max, 97.5, 1e-12);
    cr_expect_float_eq(t.g->tensor[0].cal_min, 2.5, 1e-12);
    nh_arena_free(t.a);
}

/* 5000 samples of 64 elements: a stride that divides 64 would see one column only. Column 17 alone is large, in 1 of 50
 * values kept; the 99th percentile must see it. */
Test(calibrate, sees_every_column) {
    net t = net_new(64, NULL);
    double *x = nh_arena_array(t.a, 5000 * 64, sizeof *x);
    for (int64_t i = 0; i < 5000 * 64; i++) x[i] = i % 64 == 17 ? 8 : 0.5;
    t.o.calibrate.method = NH_CALIBRATE_PERCENTILE;
    t.o.calibrate.percentile = 99;
    nh_samples s = {x, 5000, 64};
    nh_seen *seen;
    cr_assert(nh_pass_calibrate(t.a, t.g, &t.o, &s, t.d, &seen));
    cr_expect_float_eq(t.g->tensor[0].cal_max, 8, 1e-12);
    nh_arena_free(t.a);
}

/* A signed format for 100 has 8 integer bits, one for 0.001 (below 2^-9) has -8: eight bits of each are 24 in all. */
Test(infer_batchnorm, the_smallest_factor_keeps_its_bits_beside_the_largest) {
    static const double s[4] = {100, 0.001, 0, -3}, t[4] = {0};
    net n = net_new(4, "fixed<16,8>");
    append_batchnorm(&n, "bn", 4, s, t);
    cr_assert(infer(&n, NULL, 0));
    const nh_param *w = n.g->layer[1].weight;
    EXPECT_FORMAT(w->fmt, "fixed<24,8,RND_CONV,SAT>");
    for (int i = 0; i < 4; i++) cr_expect_leq(fabs(ldexp((double)w->raw[i], -16) - s[i]), fabs(s[i]) / 100, "%d", i);
    nh_arena_free(n.a);
}

/* Input 1 varies by 0.001 beside an input of up to 100; eight bits leave a step of 1. What feeds a dense layer is as it
 * is meant. */
Test(infer_input, a_batch_norm_of_inputs_that_the_format_flattens_is_told) {
    static const double x[8] = {100, 0.001, -100, -0.001, 50, 0.0005, 3, 0.0015}, s[2] = {0.01, 1000}, t[2] = {0},
                        w[2] = {1, 1};
    for (int k = 0; k < 3; k++) {
        net n = net_new(2, k == 1 ? "fixed<24,8>" : "fixed<8,8>");
        if (k < 2)
            append_batchnorm(&n, "bn", 2, s, t);
        else
            append_dense(&n, "fc", 1, 2, w, NULL);
        cr_assert(infer(&n, x, 4));
        cr_expect_eq(says(&n, NH_N_UNDERFLOW, "1 of 2 inputs"), k == 0, "%d", k);
        nh_arena_free(n.a);
    }
}
