/* Passes over networks in time: what absorb and normalise leave unchanged, and the formats of feedback loops. Expected
 * values by hand. */
#include <criterion/criterion.h>

#include "steps_net.h"

enum { SAMPLES = 3 };

static bool fixed(tnet *n, bool calibrated) {
    nh_samples s = {random_samples(n, SAMPLES, 1), SAMPLES, n->g->steps * size_of(n, n->g->input)};
    return infer(n, calibrated ? &s : NULL);
}

static nh_layer *maker_of(const tnet *n, int tensor) { return &n->g->layer[n->g->tensor[tensor].producer]; }

static const char *format_of(const tnet *n, int tensor) {
    const nh_tensor *t = &n->g->tensor[tensor];
    return t->q.known ? nh_format_print(t->q.fmt, nh_arena_array(n->a, NH_FORMAT_TEXT, 1)) : "unknown";
}

static void expect_same_format(const tnet *n, int a, int b) { cr_expect_str_eq(format_of(n, a), format_of(n, b)); }

/* Layers move and tensors are renumbered when sums are taken in: a tensor found again by the name of its layer. */
static int out_of(const tnet *n, const char *layer) {
    int i = nh_graph_find(n->g, layer);
    cr_assert_geq(i, 0, "no layer %s", layer);
    return n->g->layer[i].out;
}

static const double *ones(tnet *n, int64_t count, double v) { return uniforms(n, count, v, v); }

/* --- absorb ------------------------------------------------------------------------------------------------------ */

static double *outputs(tnet *n, const double *x, int64_t samples) {
    int64_t in = size_of(n, n->g->input), out = size_of(n, n->g->output), at = 0;
    double *y = nh_arena_array(n->a, (size_t)(samples * n->g->steps * out), sizeof *y);
    nh_float_net *e = nh_float_net_new(n->a, n->g, NH_FLOAT64);
    cr_assert_not_null(e);
    for (int64_t t = 0; t < samples * n->g->steps; t++) {
        if (t % n->g->steps == 0) nh_float_net_reset(e);
        nh_float_net_step(e, x + t * in);
        for (int64_t i = 0; i < out; i++) y[at++] = nh_float_net_value(e, n->g->output)[i];
    }
    return y;
}

Test(absorb, float_outputs_stay_the_same_numbers) {
    for (uint64_t seed = 0; seed < 400; seed++) {
        tnet n = random_tnet(seed, true, true);
        const double *x = random_samples(&n, SAMPLES, 2);
        const double *before = outputs(&n, x, SAMPLES);
        cr_assert(nh_pass_absorb(n.g, n.d));
        cr_assert_null(nh_graph_check(n.g, n.a), "seed %llu", (unsigned long long)seed);
        const double *after = outputs(&n, x, SAMPLES);
        size_t bytes = (size_t)(SAMPLES * n.g->steps * size_of(&n, n.g->output)) * sizeof *before;
        cr_assert_eq(memcmp(before, after, bytes), 0, "seed %llu", (unsigned long long)seed);
        nh_arena_free(n.a);
    }
}

/* Two dense layers of 3 with biases, their sum, a neuron. */
static tnet joined(const double *b, const double *c) {
    tnet n = tnet_new(vec(2), 1);
    nh_layer sum = {.name = "sum",
                    .op = NH_OP_ADD,
                    .n_in = 2,
                    .in = {dense(&n, 0, 3, ones(&n, 6, 0.5), b), dense(&n, 0, 3, ones(&n, 6, 0.25), c)}};
    neurons(&n, add(&n, sum, 0, vec(3)), lif(&n, 0.5, 1));
    return n;
}

Test(absorb, sums_and_biases_move_into_the_neuron) {
    static const double same[3] = {0.1, 0.1, 0.1}, other[3] = {0.1, 0.2, 0.3};
    tnet n = joined(same, other);
    cr_assert(nh_pass_absorb(n.g, n.d));
    cr_assert_eq(n.g->n_layer, 4); /* input, two dense, neuron */
    const nh_layer *l = &n.g->layer[3];
    cr_expect_eq(l->n_in, 2);
    cr_expect_eq(l->neuron->program->n_input, 2);
    cr_assert_eq(l->neuron->program->n_param, 4);
    cr_expect(!n.g->layer[1].bias && !n.g->layer[2].bias);
    cr_expect_eq(l->neuron->param[2].n, 1, "three equal biases are one number");
    cr_expect_eq(l->neuron->param[3].n, 3);
    nh_arena_free(n.a);
}

Test(absorb, a_bias_in_front_of_a_reshape_moves_into_the_neurons_each_with_that_of_its_channel) {
    static const double b[2] = {0.1, 0.2}, want[6] = {0.1, 0.1, 0.1, 0.2, 0.2, 0.2};
    tnet n = tnet_new(img(1, 1, 3), 1);
    nh_window one = {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .groups = 1};
    neurons(&n, reshaped(&n, conv(&n, 0, one, 2, ones(&n, 2, 0.5), b), vec(6)), lif(&n, 0.5, 1));
    cr_assert(nh_pass_absorb(n.g, n.d));
    const nh_layer *l = &n.g->layer[3];
    cr_expect_null(n.g->layer[1].bias);
    cr_assert_eq(l->neuron->program->n_param, 3);
    cr_assert_eq(l->neuron->param[2].n, 6);
    for (int i = 0; i < 6; i++) cr_expect_eq(l->neuron->param[2].value[i], want[i]);
    nh_arena_free(n.a);
}

Test(absorb, what_another_layer_reads_stays) {
    static const double b[3] = {0.1, 0.2, 0.3};
    tnet n = tnet_new(vec(2), 2);
    int a = dense(&n, 0, 3, ones(&n, 6, 0.5), b), c = dense(&n, 0, 3, ones(&n, 6, 0.5), NULL);
    int sum = add(&n, (nh_layer){.name = "sum", .op = NH_OP_ADD, .n_in = 2, .in = {a, c}}, 0, vec(3));
    int one = neurons(&n, sum, lif(&n, 0.5, 1)), two = neurons(&n, a, lif(&n, 0.5, 1));
    add(&n, (nh_layer){.name = "end", .op = NH_OP_ADD, .n_in = 3, .in = {one, two, sum}}, 0, vec(3));
    cr_assert(nh_pass_absorb(n.g, n.d));
    cr_expect_eq(n.g->n_layer, 7);
    cr_expect_not_null(n.g->layer[1].bias, "two layers read the sum with this bias");
    cr_expect_eq(n.g->layer[3].op, NH_OP_NEURON, "a sum that stays is a neuron without state");
    cr_expect_eq(n.g->layer[3].neuron->program->n_state, 0);
    nh_arena_free(n.a);
}

Test(absorb, integer_programs_are_left_alone) {
    static const double b[3] = {1, 2, 3};
    tnet n = joined(b, NULL);
    nh_neuron *exact = NH_NEW(n.a, nh_neuron);
    *exact = *cast_neuron(n.a, tfmt("fixed<16,16>"));
    n.g->layer[4].neuron = exact;
    cr_assert(nh_pass_absorb(n.g, n.d));
    cr_expect_eq(n.g->n_layer, 5);
    cr_expect_not_null(n.g->layer[1].bias);
    cr_expect_eq(n.g->layer[4].neuron->program->n_input, 1);
    nh_arena_free(n.a);
}

/* --- normalise --------------------------------------------------------------------------------------------------- */

static double weight_of(const nh_layer *l, int i) {
    return ldexp((double)l->weight->raw[i], -nh_format_frac(l->weight->fmt));
}

static const double two_weights[2] = {0.5, -0.75};

Test(normalise, a_gain_without_unit_moves_into_the_weights) {
    tnet n = tnet_new(vec(2), 3);
    nh_neuron_value v[] = {one_value(&n, 0.5), one_value(&n, 0.25)}; /* alpha, gain */
    int y = neurons(&n, dense(&n, 0, 1, two_weights, NULL), neuron_of(&n, "li", "form=decay,gain=mul,leak=no", v, 2));
    cr_assert(fixed(&n, true));
    for (int i = 0; i < 2; i++) cr_expect_float_eq(weight_of(&n.g->layer[1], i), two_weights[i] * 0.25, 0);
    cr_expect_eq(maker_of(&n, y)->neuron->fx->n_param, 1, "alpha");
    nh_arena_free(n.a);
}

Test(normalise, a_threshold_becomes_1_and_weights_in_volts_are_divided_by_it) {
    tnet n = tnet_new(vec(2), 3);
    const nh_neuron *m = maker_of(&n, neurons(&n, dense(&n, 0, 1, two_weights, NULL), lif(&n, 0.5, 0.5)))->neuron;
    cr_assert(fixed(&n, true));
    for (int i = 0; i < 2; i++) cr_expect_float_eq(weight_of(&n.g->layer[1], i), two_weights[i] / 0.5, 0);
    cr_assert_eq(m->fx->n_param, 2, "alpha, theta");
    cr_expect_float_eq(m->fx_param[0].value[0], 0.5, 0);
    cr_expect_float_eq(m->fx_param[1].value[0], 1, 0);
    nh_arena_free(n.a);
}

/* The weights stay as they are, what multiplies their sum is divided. */
Test(normalise, a_gain_in_volts_is_divided_by_the_threshold) {
    tnet n = tnet_new(vec(2), 3);
    nh_neuron_value v[] = {one_value(&n, 0.5), one_value(&n, 0.25), one_value(&n, 0.5)}; /* alpha, gain, theta */
    static const char guard[] =
        "form=decay,gain=mul,leak=no,spikes=one,compare=gt,spike=after,timing=same,reset=subtract";
    const nh_neuron *m =
        maker_of(&n, neurons(&n, dense(&n, 0, 1, two_weights, NULL), neuron_of(&n, "lif", guard, v, 3)))->neuron;
    cr_assert(fixed(&n, true));
    for (int i = 0; i < 2; i++) cr_expect_float_eq(weight_of(&n.g->layer[1], i), two_weights[i], 0);
    cr_assert_eq(m->fx->n_param, 3);
    cr_expect_float_eq(m->fx_param[1].value[0], 0.25 / 0.5, 0);
    cr_expect_float_eq(m->fx_param[2].value[0], 1, 0);
    nh_arena_free(n.a);
}

Test(normalise, thresholds_that_differ_stay) {
    static const double theta[2] = {0.5, 0.75};
    tnet n = tnet_new(vec(2), 4);
    nh_neuron *m = lif(&n, 0.5, 1);
    m->param[1].n = 2, m->param[1].value = theta;
    int y = neurons(&n, dense(&n, 0, 2, ones(&n, 4, 0.5), NULL), m);
    cr_assert(fixed(&n, true));
    const nh_neuron *f = maker_of(&n, y)->neuron;
    cr_assert_eq(f->fx_param[1].n, 2);
    for (int i = 0; i < 2; i++) cr_expect_float_eq(f->fx_param[1].value[i], theta[i], 0);
    cr_expect_float_eq(weight_of(&n.g->layer[1], 0), 0.5, 0);
    nh_arena_free(n.a);
}

/* --- loops ------------------------------------------------------------------------------------------------------- */

typedef struct {
    tnet n;
    const char *neuron, *late; /* layers */
} loop;

/* made = m(fc(x) + fc(delay(made))). */
static loop loop_of(nh_neuron *(*make)(tnet *n), uint64_t seed) {
    loop o = {.n = tnet_new(vec(4), seed)};
    tnet *n = &o.n;
    int forward = dense(n, 0, 3, uniforms(n, 12, -0.5, 1), NULL), made = later(n, vec(3));
    int late = add(n, delay_layer(n, 1), made, vec(3)), back = dense(n, late, 3, uniforms(n, 9, -0.2, 0.2), NULL);
    int sum = add(n, (nh_layer){.name = "sum", .op = NH_OP_ADD, .n_in = 2, .in = {forward, back}}, 0, vec(3));
    add_to(n, (nh_layer){.name = "n", .op = NH_OP_NEURON, .neuron = make(n)}, sum, made);
    o.neuron = maker_of(n, made)->name;
    o.late = maker_of(n, late)->name;
    return o;
}

static nh_neuron *spiking(tnet *n) { return lif(n, 0.5, 0.7); }
static nh_neuron *graded(tnet *n) { return neuron_of(n, "relu", "", NULL, 0); }

Test(infer_exact, spikes_come_back_as_one_bit) {
    for (int calibrated = 0; calibrated < 2; calibrated++) {
        loop o = loop_of(spiking, 5);
        cr_assert(fixed(&o.n, calibrated));
        int late = out_of(&o.n, o.late), made = out_of(&o.n, o.neuron);
        cr_expect_str_eq(format_of(&o.n, late), "ufixed<1,1>");
        expect_same_format(&o.n, late, made);
        cr_expect(o.n.g->tensor[late].range.lo == 0 && o.n.g->tensor[late].range.hi == 1);
        nh_arena_free(o.n.a);
    }
}

/* The float range of what comes back fits, 8 bits wide; half of the format's range would not hold it (or 1). */
Test(infer_exact, graded_values_come_back_in_the_format_of_their_calibration) {
    loop o = loop_of(graded, 6);
    cr_assert(fixed(&o.n, true));
    const nh_tensor *made = &o.n.g->tensor[out_of(&o.n, o.neuron)];
    cr_assert_gt(made->cal_max, 0);
    double most = fmax(made->cal_max, 1), top = ldexp(1, made->q.fmt.int_bits);
    cr_expect_eq(made->q.fmt.width_bits, 8);
    cr_expect_not(made->q.fmt.is_signed);
    cr_expect(most < top && most >= top / 2, "%g in %s", most, format_of(&o.n, out_of(&o.n, o.neuron)));
    expect_same_format(&o.n, out_of(&o.n, o.neuron), out_of(&o.n, o.late));
    nh_arena_free(o.n.a);
}

Test(infer_exact, graded_values_that_come_back_need_calibration) {
    loop o = loop_of(graded, 6);
    cr_expect_not(fixed(&o.n, false));
    cr_expect_eq(count_of(&o.n, NH_N_INPUT_FORMAT), 1);
    nh_arena_free(o.n.a);
}

Test(infer_exact, a_given_result_wins) {
    static const char given[] = "fixed<7,3,RND,SAT>";
    for (int is_spike = 0; is_spike < 2; is_spike++)
        for (int calibrated = 0; calibrated < 2; calibrated++) {
            loop o = loop_of(is_spike ? spiking : graded, 7);
            o.n.g->layer[nh_graph_find(o.n.g, o.neuron)].opt.result = (nh_format_request){.fmt = tfmt(given)};
            cr_assert(fixed(&o.n, calibrated));
            cr_expect_str_eq(format_of(&o.n, out_of(&o.n, o.neuron)), given);
            cr_expect_str_eq(format_of(&o.n, out_of(&o.n, o.late)), given);
            nh_arena_free(o.n.a);
        }
}

/* y = fc(delay(y)) for itself, with a bias: y(t) = y(t-1) / 2 + 1/2 goes to 1. */
static tnet matrix_alone(int *late, int *y) {
    static const double half = 0.5;
    tnet n = tnet_new(vec(1), 8);
    int made = later(&n, vec(1));
    *late = add(&n, delay_layer(&n, 1), made, vec(1));
    nh_layer fc = {.name = "fc",
                   .op = NH_OP_DENSE,
                   .weight = tparam(&n, (nh_shape){2, {1, 1}}, &half),
                   .bias = tparam(&n, vec(1), &half)};
    *y = add_to(&n, fc, *late, made);
    return n;
}

Test(infer_exact, a_matrix_that_feeds_itself_has_one_format) {
    int late, y;
    tnet n = matrix_alone(&late, &y);
    cr_assert(fixed(&n, true));
    expect_same_format(&n, late, y);
    const nh_format f = n.g->tensor[y].q.fmt;
    cr_expect_eq(f.width_bits, 8);
    cr_expect_eq(f.int_bits, 1, "up to 1, unsigned: ufixed<8,1>");
    /* 0.5 in 6 bits is 16 * 2^-5, what comes back has the LSB 2^-7: 16 * 0..255 + 0.5 * 2^12, at most 6128. */
    const nh_layer *fc = maker_of(&n, y);
    cr_expect_eq(nh_format_frac(fc->accum), 12);
    cr_expect_eq(fc->accum.width_bits, 14);
    cr_expect_eq(fc->bias->raw[0], 2048);
    cr_expect(n.g->tensor[y].range.lo == 64 && n.g->tensor[y].range.hi == 192, "0.5 .. 1.4961, rounded");
    nh_arena_free(n.a);

    n = matrix_alone(&late, &y);
    cr_expect_not(fixed(&n, false));
    cr_expect_eq(count_of(&n, NH_N_INPUT_FORMAT), 1);
    nh_arena_free(n.a);
}

Test(infer_exact, a_matrix_that_feeds_itself_takes_a_given_result) {
    int late, y;
    tnet n = matrix_alone(&late, &y);
    maker_of(&n, y)->opt.result = (nh_format_request){.fmt = tfmt("fixed<9,2,RND,SAT>")};
    cr_assert(fixed(&n, false));
    cr_expect_str_eq(format_of(&n, y), "fixed<9,2,RND,SAT>");
    cr_expect_str_eq(format_of(&n, late), "fixed<9,2,RND,SAT>");
    nh_arena_free(n.a);
}

/* made = m(fc(x) + delay(fc(made))): nothing is cast between the spikes and the delay. */
Test(infer_exact, layers_between_the_neuron_and_the_delay_follow_exactly) {
    static const double w[4] = {0.5, -0.25, 0.125, 0.75};
    tnet n = tnet_new(vec(2), 9);
    int forward = dense(&n, 0, 2, ones(&n, 4, 0.5), NULL), made = later(&n, vec(2)), weighted = later(&n, vec(2));
    int late = add(&n, delay_layer(&n, 1), weighted, vec(2));
    int sum = add(&n, (nh_layer){.name = "sum", .op = NH_OP_ADD, .n_in = 2, .in = {forward, late}}, 0, vec(2));
    add_to(&n, (nh_layer){.name = "n", .op = NH_OP_NEURON, .neuron = lif(&n, 0.5, 1)}, sum, made);
    add_to(&n, (nh_layer){.name = "back", .op = NH_OP_DENSE, .weight = tparam(&n, (nh_shape){2, {2, 2}}, w)}, made,
           weighted);
    n.g->output = made;
    const char *back = maker_of(&n, weighted)->name, *delay = maker_of(&n, late)->name;
    cr_assert(fixed(&n, true));
    const nh_layer *fc = &n.g->layer[nh_graph_find(n.g, back)];
    cr_expect(nh_format_equal(n.g->tensor[fc->out].q.fmt, fc->accum));
    expect_same_format(&n, fc->out, out_of(&n, delay));
    /* LSB 2^-5 (6 bits, |w| < 1): rows reach -8..16 and 0..28; with the 0 of a first step -8..28. */
    nh_range r = n.g->tensor[out_of(&n, delay)].range;
    cr_expect(nh_format_frac(fc->accum) == 5 && r.lo == -8 && r.hi == 28, "frac %d, %lld..%lld",
              nh_format_frac(fc->accum), (long long)r.lo, (long long)r.hi);
    nh_arena_free(n.a);
}

/* --- loops without a format of their own ------------------------------------------------------------------------- */

typedef enum { CONVS, POOLS, WIRES, DELAYS, CONV_AND_POOL, LOOPS } sort;

static tnet hopeless(sort s) {
    tnet n = tnet_new(img(1, 3, 3), 10);
    int made = later(&n, img(1, 3, 3)), at = add(&n, delay_layer(&n, 1), made, img(1, 3, 3));
    nh_layer k = {.name = "conv",
                  .op = NH_OP_CONV,
                  .window = square(3, 1, 1),
                  .weight = tparam(&n, (nh_shape){4, {1, 1, 3, 3}}, uniforms(&n, 9, -0.1, 0.1))};
    nh_layer p = {.name = "pool", .op = NH_OP_AVGPOOL, .window = square(3, 1, 1)},
             wire = {.name = "wire", .op = NH_OP_RESHAPE};
    if (s == CONV_AND_POOL) at = add(&n, p, at, img(1, 3, 3));
    if (s == WIRES) at = reshaped(&n, at, vec(9));
    add_to(&n,
           s == CONVS || s == CONV_AND_POOL ? k
           : s == POOLS                     ? p
           : s == WIRES                     ? wire
                                            : delay_layer(&n, 1),
           at, made);
    return n;
}

Test(infer_exact, loops_of_sums_or_wires_only_end_with_an_error, .timeout = 20) {
    for (sort s = 0; s < LOOPS; s++)
        for (int calibrated = 0; calibrated < 2; calibrated++) {
            tnet n = hopeless(s);
            cr_expect_not(fixed(&n, calibrated), "loop %d", (int)s);
            cr_expect_eq(count_of(&n, NH_M_FORM), 1, "loop %d", (int)s);
            nh_arena_free(n.a);
        }
}
