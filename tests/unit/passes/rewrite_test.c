#include <criterion/criterion.h>
#include <math.h>

#include "graph_text.h"
#include "net.h"
#include "neurons.h"

static const double w23[6] = {1, 2, 3, -4, 5, -6}, b2[2] = {0.5, -0.5}, s2[2] = {2, -0.25}, t2[2] = {10, 20};

Test(drop_identity, removes_identities_and_empty_reshapes) {
    net t = net_new(3, "fixed<8,4>");
    append(&t, "drop", NH_OP_IDENTITY, 3);
    append(&t, "flat", NH_OP_RESHAPE, 3);
    append_dense(&t, "fc", 2, 3, w23, b2);
    append(&t, "out", NH_OP_IDENTITY, 2);
    cr_assert(nh_pass_drop_identity(t.g, t.d));
    cr_expect_null(nh_graph_check(t.g, t.a));
    cr_expect_eq(t.g->n_layer, 2);
    cr_expect_eq(t.g->output, t.g->layer[1].out);
    cr_expect_eq(count_code(&t, NH_N_GRAPH), 3);
    nh_arena_free(t.a);
}

/* By hand: rows times s, bias s*b+t. */
Test(fold_affine, into_the_dense_before_it) {
    net t = net_new(3, "fixed<8,4>");
    append_dense(&t, "fc", 2, 3, w23, b2);
    append_batchnorm(&t, "bn", 2, s2, t2);
    cr_assert(nh_pass_fold_affine(t.g, t.d));
    cr_expect_null(nh_graph_check(t.g, t.a));
    cr_assert_eq(t.g->n_layer, 2);
    static const double w[6] = {2, 4, 6, 1, -1.25, 1.5}, b[2] = {11, 20.125};
    cr_expect_arr_eq(t.g->layer[1].weight->value, w, sizeof w);
    cr_expect_arr_eq(t.g->layer[1].bias->value, b, sizeof b);
    cr_expect(says(&t, NH_N_GRAPH, "folded into 'fc'"));
    nh_arena_free(t.a);
}

Test(fold_affine, makes_a_bias_where_there_was_none) {
    net t = net_new(3, "fixed<8,4>");
    append_dense(&t, "fc", 2, 3, w23, NULL);
    append_batchnorm(&t, "bn", 2, s2, t2);
    cr_assert(nh_pass_fold_affine(t.g, t.d));
    cr_expect_null(nh_graph_check(t.g, t.a));
    cr_expect_arr_eq(t.g->layer[1].bias->value, t2, sizeof t2);
    nh_arena_free(t.a);
}

Test(fold_affine, keeps_a_given_rounding_between_the_layers) {
    net t = net_new(3, "fixed<8,4>");
    append_dense(&t, "fc", 2, 3, w23, b2)->opt.result = given("fixed<8,4>");
    append_batchnorm(&t, "bn", 2, s2, t2);
    cr_assert(nh_pass_fold_affine(t.g, t.d));
    cr_expect_eq(t.g->n_layer, 3);
    cr_expect(says(&t, NH_N_GRAPH, "stays a layer"));
    nh_arena_free(t.a);
}

Test(fold_affine, keeps_one_after_the_input) {
    net t = net_new(2, "fixed<8,4>");
    append_batchnorm(&t, "bn", 2, s2, t2);
    cr_assert(nh_passes_run(t.g, &t.o, NULL, t.d, NULL, NULL));
    cr_expect_eq(t.g->n_layer, 2);
    nh_arena_free(t.a);
}

/* By hand: 2 (3 x + 1) - 4 = 6 x - 2, and -0.25 (3 x + 1) + 20. */
Test(fold_affine, a_chain_is_one_layer) {
    static const double three[2] = {3, 3}, one[2] = {1, 1}, t[2] = {-4, 20}, s[2] = {6, -0.75}, o[2] = {-2, 19.75};
    net n = net_new(2, "fixed<8,4>");
    append_batchnorm(&n, "mul", 2, three, one);
    append_batchnorm(&n, "bn", 2, s2, t);
    append(&n, "relu", NH_OP_RELU, 2);
    cr_assert(nh_pass_fold_affine(n.g, n.d));
    cr_expect_null(nh_graph_check(n.g, n.a));
    cr_assert_eq(n.g->n_layer, 3);
    cr_expect_str_eq(n.g->layer[1].name, "bn");
    cr_expect_arr_eq(n.g->layer[1].weight->value, s, sizeof s);
    cr_expect_arr_eq(n.g->layer[1].bias->value, o, sizeof o);
    nh_arena_free(n.a);
}

static int axis_layer(net *n, const char *name, nh_shape shape, int axis, int n_axes, const double *s,
                      const double *t) {
    nh_layer *l = append_batchnorm(n, name, nh_axis_of(shape, axis, n_axes).n, s, t);
    n->g->tensor[l->out].shape = shape;
    l->axis = axis;
    l->n_axes = n_axes;
    return l->out;
}

/* x [2, 3]: s along axis 1 in front of t along axis 0, and a reshape to [3, 2] with a factor along its axis 1 behind:
 * element i of the six is ((i % 3 + 1) x + (i / 3 + 1)) * (i % 2 + 1) + (i % 2). */
Test(fold_affine, axes_of_a_chain_may_differ_and_be_reshaped) {
    static const double s3[3] = {1, 2, 3}, t3[3] = {0}, one[2] = {1, 1}, t12[2] = {1, 2}, s12[2] = {1, 2},
                        t01[2] = {0, 1};
    nh_shape wide = {2, {2, 3}}, tall = {2, {3, 2}};
    net n = net_new(6, "fixed<8,4>");
    n.g->tensor[0].shape = wide;
    axis_layer(&n, "a", wide, 1, 1, s3, t3);
    axis_layer(&n, "b", wide, 0, 1, one, t12);
    n.g->tensor[append(&n, "r", NH_OP_RESHAPE, 6)->out].shape = tall;
    axis_layer(&n, "c", tall, 1, 1, s12, t01);
    cr_assert_null(nh_graph_check(n.g, n.a), "%s", nh_graph_check(n.g, n.a));
    cr_assert(nh_pass_fold_affine(n.g, n.d));
    cr_assert_null(nh_graph_check(n.g, n.a), "%s", nh_graph_check(n.g, n.a));
    cr_assert_eq(n.g->n_layer, 3);
    const nh_layer *l = &n.g->layer[2];
    nh_axis axis = nh_layer_axis(n.g, l);
    for (int i = 0; i < 6; i++) {
        int64_t c = nh_channel_of(axis, i);
        cr_expect_eq(l->weight->value[c], (i % 3 + 1) * (i % 2 + 1), "%d", i);
        cr_expect_eq(l->bias->value[c], (i / 3 + 1) * (i % 2 + 1) + i % 2, "%d", i);
    }
    nh_arena_free(n.a);
}

/* One factor in front of a dense layer is exact in its weights; different ones, or an offset, would cost precision. */
Test(fold_affine, a_scaling_moves_into_the_dense_behind_it) {
    static const double same[3] = {0.5, 0.5, 0.5}, none[3] = {0}, w[6] = {0.5, 1, 1.5, -2, 2.5, -3},
                        other[3] = {0.5, 0.5, 1};
    for (int k = 0; k < 3; k++) {
        net n = net_new(3, "fixed<8,4>");
        append_batchnorm(&n, "scale", 3, k == 1 ? other : same, k == 2 ? same : none);
        append_dense(&n, "fc", 2, 3, w23, b2);
        cr_assert(nh_pass_fold_affine(n.g, n.d));
        cr_expect_null(nh_graph_check(n.g, n.a));
        cr_assert_eq(n.g->n_layer, k == 0 ? 2 : 3);
        if (k == 0) cr_expect_arr_eq(n.g->layer[1].weight->value, w, sizeof w);
        if (k == 0) cr_expect_arr_eq(n.g->layer[1].bias->value, b2, sizeof b2);
        nh_arena_free(n.a);
    }
}

Test(append_argmax, replaces_a_final_softmax) {
    net t = net_new(3, "fixed<8,4>");
    append(&t, "argmax", NH_OP_RELU, 3); /* the name is taken */
    append(&t, "sm", NH_OP_SOFTMAX, 3);
    t.o.output = NH_OUTPUT_ARGMAX;
    cr_assert(nh_passes_run(t.g, &t.o, NULL, t.d, NULL, NULL));
    cr_assert_eq(t.g->n_layer, 3);
    cr_expect_eq(t.g->layer[2].op, NH_OP_ARGMAX);
    cr_expect_str_eq(t.g->layer[2].name, "argmax_2");
    cr_expect_eq(t.g->output, t.g->layer[2].out);
    cr_expect_str_eq(text(t.g->tensor[t.g->output].q.fmt), "ufixed<2,2>");
    cr_expect(t.g->tensor[t.g->output].range.hi == 2);
    cr_expect(says(&t, NH_N_GRAPH, "left out"));
    nh_arena_free(t.a);
}

Test(append_argmax, leaves_values_alone) {
    net t = net_new(3, "fixed<8,4>");
    append(&t, "sm", NH_OP_SOFTMAX, 3);
    cr_assert(nh_pass_append_argmax(t.g, &t.o, t.d));
    cr_expect_eq(t.g->n_layer, 2);
    nh_arena_free(t.a);
}

Test(passes, report_a_broken_graph_as_our_bug_and_dump_what_parses) {
    net t = net_new(3, "fixed<8,4>");
    append(&t, "relu", NH_OP_RELU, 3);
    char *dump = NULL;
    size_t size;
    FILE *f = open_memstream(&dump, &size);
    cr_assert(nh_passes_run(t.g, &t.o, NULL, t.d, "infer", f));
    fclose(f);
    cr_expect_not_null(nh_graph_parse(t.a, t.d, "dump", dump));
    free(dump);
    t.g->tensor[0].n_consumers = 7;
    cr_expect_not(nh_passes_run(t.g, &t.o, NULL, t.d, NULL, NULL));
    cr_expect_eq(nh_diag_exit(t.d), NH_EXIT_BUG);
    nh_arena_free(t.a);
}

/* numpy 1.24, float64:
 *   x=[.5,-1,2]; W=[[1,-2,.5],[.25,3,-1],[0,1,1],[2,2,2],[-.5,.5,-.5]]; b=[.1,-.2,.3,0,1]
 *   z=W@x+b; relu, z*(z>0)+.01*z*(z<=0), 1/(1+exp(-z)), tanh(z), exp(z)/exp(z).sum(), clip(z,-1,2), 2*z+1, argmax */
Test(float_net, agrees_with_numpy) {
    static const double W[15] = {1, -2, .5, .25, 3, -1, 0, 1, 1, 2, 2, 2, -.5, .5, -.5}, b[5] = {.1, -.2, .3, 0, 1};
    static const double x[3] = {.5, -1, 2}, two[5] = {2, 2, 2, 2, 2}, one[5] = {1, 1, 1, 1, 1};
    static const struct {
        nh_op op;
        double y[5];
    } cases[] = {
        {NH_OP_IDENTITY, {3.6, -5.075, 1.3, 3.0, -0.75}},
        {NH_OP_RELU, {3.6, 0, 1.3, 3.0, 0}},
        {NH_OP_LEAKY_RELU, {3.6, -0.05075, 1.3, 3.0, -0.0075}},
        {NH_OP_CLIP, {2, -1, 1.3, 2, -0.75}},
        {NH_OP_SIGMOID,
         {0.973403006423134, 0.006212253108462709, 0.7858349830425586, 0.9525741268224334, 0.3208213008246071}},
        {NH_OP_TANH,
         {0.9985079423323265, -0.9999218508904095, 0.8617231593133063, 0.9950547536867305, -0.6351489523872873}},
        {NH_OP_SOFTMAX,
         {0.6016311078409194, 0.00010276036855468398, 0.06031883921980003, 0.33018215261923667, 0.00776513995148922}},
        {NH_OP_BATCHNORM, {8.2, -9.15, 3.6, 7.0, -0.5}},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        net t = net_new(3, "fixed<8,4>");
        append_dense(&t, "fc", 5, 3, W, b);
        nh_layer *l =
            cases[k].op == NH_OP_BATCHNORM ? append_batchnorm(&t, "op", 5, two, one) : append(&t, "op", cases[k].op, 5);
        l->alpha = 0.01;
        l->lo = -1;
        l->hi = 2;
        nh_float_net *real = nh_float_net_new(t.a, t.g, NH_FLOAT64);
        nh_float_net_step(real, x);
        const double *y = nh_float_net_value(real, t.g->output);
        for (int i = 0; i < 5; i++)
            cr_expect_float_eq(y[i], cases[k].y[i], 1e-12, "%s[%d]: %.17g", nh_op_get(cases[k].op)->text, i, y[i]);
        append(&t, "index", NH_OP_ARGMAX, 1);
        real = nh_float_net_new(t.a, t.g, NH_FLOAT64);
        nh_float_net_step(real, x);
        cr_expect_eq(nh_float_net_value(real, t.g->output)[0], 0);
        nh_arena_free(t.a);
    }
}
