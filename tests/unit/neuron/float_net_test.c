/* Networks in time. Sums are compared with gathering loops written here; whole numbers, so that order does not matter.
 */
#include <criterion/criterion.h>
#include <math.h>

#include "net.h"

static double pseudo(int64_t i) { return (double)((i * 2654435761 >> 7) % 7 - 3); }

static double *pseudo_array(nh_arena *a, int64_t n, int salt) {
    double *v = nh_arena_array(a, (size_t)n, sizeof *v);
    for (int64_t i = 0; i < n; i++) v[i] = pseudo(i + 1000 * salt);
    return v;
}

static double gather(const nh_window *w, const int64_t in[3], const double *x, const double *k, int64_t c_in, int64_t g,
                     int64_t oy, int64_t ox) {
    double sum = 0;
    for (int64_t c = 0; c < c_in; c++)
        for (int64_t ky = 0; ky < w->kernel[0]; ky++)
            for (int64_t kx = 0; kx < w->kernel[1]; kx++) {
                int64_t iy = oy * w->stride[0] + ky * w->dilation[0] - w->pad_before[0],
                        ix = ox * w->stride[1] + kx * w->dilation[1] - w->pad_before[1];
                if (iy < 0 || iy >= in[1] || ix < 0 || ix >= in[2]) continue;
                sum += k[(c * w->kernel[0] + ky) * w->kernel[1] + kx] * x[((g * c_in + c) * in[1] + iy) * in[2] + ix];
            }
    return sum;
}

Test(float_net, convolutions_with_groups_strides_padding_and_dilation_equal_gathering) {
    for (int i = 0; i < 48; i++) {
        nh_window w = {.kernel = {1 + i % 3, 1 + i / 2 % 3},
                       .stride = {1 + i % 2, 1 + i / 3 % 3},
                       .pad_before = {i % 3, i / 4 % 2},
                       .pad_after = {i / 5 % 3, 1},
                       .dilation = {1 + i / 7 % 2, 1 + i % 2},
                       .groups = i % 4 == 0 ? 2 : 1};
        const int64_t in[3] = {4, 7, 6};
        int64_t oh = nh_window_out(&w, 0, 7), ow = nh_window_out(&w, 1, 6), c_in = 4 / w.groups,
                taps = c_in * w.kernel[0] * w.kernel[1];
        net n = net_new((nh_shape){3, {4, 7, 6}});
        nh_param *k = net_param(&n, (nh_shape){4, {6, c_in, w.kernel[0], w.kernel[1]}}, pseudo_array(n.a, 6 * taps, 1));
        nh_param *b = net_param(&n, (nh_shape){1, {6}}, pseudo_array(n.a, 6, 2));
        net_add(&n, (nh_layer){.name = "c", .op = NH_OP_CONV, .window = w, .weight = k, .bias = b}, -1,
                (nh_shape){3, {6, oh, ow}});
        cr_assert_null(nh_graph_check(n.g, n.a), "%s", nh_graph_check(n.g, n.a));
        const double *x = pseudo_array(n.a, 4 * 7 * 6, 3);
        for (int kind = 0; kind < 2; kind++) {
            nh_float_net *e = nh_float_net_new(n.a, n.g, (nh_float_kind)kind);
            nh_float_net_step(e, x);
            const double *y = nh_float_net_value(e, n.g->output);
            for (int64_t o = 0; o < 6 * oh * ow; o++) {
                int64_t c = o / (oh * ow), g = c / (6 / w.groups);
                double want = b->value[c] + gather(&w, in, x, k->value + c * taps, c_in, g, o / ow % oh, o % ow);
                cr_assert_eq(y[o], want, "case %d, element %lld: %g, not %g", i, (long long)o, y[o], want);
            }
        }
        nh_arena_free(n.a);
    }
}

Test(float_net, pools_sum_their_windows_and_the_mean_counts_padding) {
    nh_window w = {
        .kernel = {2, 2}, .stride = {2, 2}, .pad_before = {1, 0}, .pad_after = {0, 0}, .dilation = {1, 1}, .groups = 1};
    net n = net_new((nh_shape){3, {1, 3, 4}});
    int sum = net_add(&n, (nh_layer){.name = "s", .op = NH_OP_SUMPOOL, .window = w}, 0, (nh_shape){3, {1, 2, 2}});
    int mean = net_add(&n, (nh_layer){.name = "m", .op = NH_OP_AVGPOOL, .window = w}, 0, (nh_shape){3, {1, 2, 2}});
    nh_float_net *e = nh_float_net_new(n.a, n.g, NH_FLOAT32);
    nh_float_net_step(e, (const double[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
    const double want[] = {3, 7, 30, 38};
    for (int i = 0; i < 4; i++) {
        cr_expect_eq(nh_float_net_value(e, sum)[i], want[i]);
        cr_expect_eq(nh_float_net_value(e, mean)[i], want[i] / 4);
    }
    nh_arena_free(n.a);
}

Test(float_net, dense_layers_and_sums_of_three) {
    net n = net_new((nh_shape){1, {3}});
    const double w[] = {1, 2, 3, 4, 5, 6}, b[] = {10, 20};
    int y = net_add(&n,
                    (nh_layer){.name = "d",
                               .op = NH_OP_DENSE,
                               .weight = net_param(&n, (nh_shape){2, {2, 3}}, w),
                               .bias = net_param(&n, (nh_shape){1, {2}}, b)},
                    0, (nh_shape){1, {2}});
    net_add(&n, (nh_layer){.name = "a", .op = NH_OP_ADD, .n_in = 3, .in = {y, y, y}}, -1, (nh_shape){1, {2}});
    nh_float_net *e = nh_float_net_new(n.a, n.g, NH_FLOAT64);
    nh_float_net_step(e, (const double[]){1, 0, -2});
    cr_expect(nh_float_net_value(e, y)[0] == 5 && nh_float_net_value(e, y)[1] == 12);
    cr_expect(nh_float_net_value(e, n.g->output)[0] == 15 && nh_float_net_value(e, n.g->output)[1] == 36);
    nh_arena_free(n.a);
}

Test(float_net, delays_per_element_start_with_zeros_and_again_after_a_reset) {
    static const int64_t delay[] = {0, 1, 3};
    net n = net_new((nh_shape){1, {3}});
    net_add(&n, (nh_layer){.name = "d", .op = NH_OP_DELAY, .delay = delay, .n_delay = 3}, -1, (nh_shape){1, {3}});
    nh_float_net *e = nh_float_net_new(n.a, n.g, NH_FLOAT64);
    for (int sample = 0; sample < 2; sample++) {
        nh_float_net_reset(e);
        for (int t = 0; t < 9; t++) {
            double x[3] = {t + 1, t + 1, t + 1};
            nh_float_net_step(e, x);
            for (int i = 0; i < 3; i++)
                cr_expect_eq(nh_float_net_value(e, n.g->output)[i], t < delay[i] ? 0 : t + 1 - (double)delay[i],
                             "sample %d step %d", sample, t);
        }
    }
    nh_arena_free(n.a);
}

/* y(t) = x(t) + 2 y(t - 2), the loop closed by a delay that stands before the layer it reads */
Test(float_net, a_late_delay_closes_a_loop) {
    static const int64_t two = 2;
    static const double w = 2;
    net n = net_new((nh_shape){1, {1}});
    int x = n.g->output;
    int d = net_add(&n, (nh_layer){.name = "d", .op = NH_OP_DELAY, .delay = &two, .n_delay = 1, .n_in = 1, .in = {3}},
                    -1, (nh_shape){1, {1}});
    int r = net_add(&n, (nh_layer){.name = "r", .op = NH_OP_DENSE, .weight = net_param(&n, (nh_shape){2, {1, 1}}, &w)},
                    d, (nh_shape){1, {1}});
    int y = net_add(&n, (nh_layer){.name = "y", .op = NH_OP_ADD, .n_in = 2, .in = {x, r}}, -1, (nh_shape){1, {1}});
    cr_assert_eq(y, 3);
    n.g->tensor[3].n_consumers = 1;
    cr_assert_null(nh_graph_check(n.g, n.a), "%s", nh_graph_check(n.g, n.a));
    nh_float_net *e = nh_float_net_new(n.a, n.g, NH_FLOAT64);
    const double want[] = {1, 2, 3, 6, 11};
    static const double in[] = {1, 2, 1, 2, 5};
    for (int t = 0; t < 5; t++) {
        nh_float_net_step(e, &in[t]);
        cr_expect_eq(nh_float_net_value(e, y)[0], want[t], "step %d: %g", t, nh_float_net_value(e, y)[0]);
    }
    nh_arena_free(n.a);
}

Test(float_net, states_are_cleared_by_period_and_phase) {
    net n = net_new((nh_shape){1, {1}});
    nh_neuron *sum = nh_neuron_make(n.a, n.d, "sigma", NULL, 0, NULL, 0);
    sum->reset_period = 3, sum->reset_phase = 1;
    net_add(&n, (nh_layer){.name = "s", .op = NH_OP_NEURON, .neuron = sum}, -1, (nh_shape){1, {1}});
    nh_float_net *e = nh_float_net_new(n.a, n.g, NH_FLOAT64);
    const double want[] = {1, 1, 2, 3, 1, 2, 3, 1}, one = 1;
    for (int t = 0; t < 8; t++) {
        nh_float_net_step(e, &one);
        cr_expect_eq(nh_float_net_value(e, n.g->output)[0], want[t], "step %d", t);
        cr_expect_eq(nh_float_net_state(e, 1, 0)[0], want[t]);
    }
    nh_arena_free(n.a);
}

/* 2 channels of 40 elements: more than one block; the factor is one per channel, then one per element */
Test(float_net, parameters_are_per_channel_or_per_element) {
    net n = net_new((nh_shape){3, {2, 5, 8}});
    double *per_element = pseudo_array(n.a, 80, 5);
    static const double per_channel[] = {2, 3};
    nh_neuron_value c = {.n = 2, .value = per_channel}, el = {.n = 80, .value = per_element};
    net_add(&n,
            (nh_layer){.name = "c", .op = NH_OP_NEURON, .neuron = nh_neuron_make(n.a, n.d, "scale", NULL, 0, &c, 1)},
            -1, (nh_shape){3, {2, 5, 8}});
    net_add(&n,
            (nh_layer){.name = "e", .op = NH_OP_NEURON, .neuron = nh_neuron_make(n.a, n.d, "scale", NULL, 0, &el, 1)},
            -1, (nh_shape){3, {2, 5, 8}});
    nh_float_net *e = nh_float_net_new(n.a, n.g, NH_FLOAT32);
    const double *x = pseudo_array(n.a, 80, 6);
    nh_float_net_step(e, x);
    for (int i = 0; i < 80; i++)
        cr_expect_eq(nh_float_net_value(e, n.g->output)[i], x[i] * per_channel[i / 40] * per_element[i]);
    nh_arena_free(n.a);
}

Test(float_net, float32_rounds_where_float64_does_not) {
    net n = net_new((nh_shape){1, {1}});
    nh_neuron_value v = value1(n.a, "scale", 0.1);
    net_add(&n,
            (nh_layer){.name = "s", .op = NH_OP_NEURON, .neuron = nh_neuron_make(n.a, n.d, "scale", NULL, 0, &v, 1)},
            -1, (nh_shape){1, {1}});
    const double three = 3;
    for (int kind = 0; kind < 2; kind++) {
        nh_float_net *e = nh_float_net_new(n.a, n.g, (nh_float_kind)kind);
        nh_float_net_step(e, &three);
        cr_expect_eq(nh_float_net_value(e, n.g->output)[0], kind == NH_FLOAT64 ? 0.1 * 3.0 : (double)(0.1f * 3.0f));
    }
    nh_arena_free(n.a);
}

/* ln 1, ln 2 and ln 5: the softmax is in eighths. */
Test(float_net, layers_without_state_are_evaluated_in_every_step) {
    net n = net_new((nh_shape){1, {3}});
    net_add(&n, (nh_layer){.name = "s", .op = NH_OP_SOFTMAX, .n_axes = 1}, -1, (nh_shape){1, {3}});
    nh_float_net *e = nh_float_net_new(n.a, n.g, NH_FLOAT64);
    nh_float_net_step(e, (const double[]){0, log(2), log(5)});
    const double eighths[] = {1, 2, 5};
    for (int i = 0; i < 3; i++) cr_expect_float_eq(nh_float_net_value(e, n.g->output)[i], eighths[i] / 8, 1e-12);
    nh_arena_free(n.a);
}
