/* Real models of the shared golden data, when they are there. Expected figures: the python onnx package. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "reader.h"

#define GOLDEN NH_SOURCE_DIR "/../shared/golden/"

typedef struct {
    nh_arena *a;
    nh_diag *d;
    nh_graph *g;
} reading;

static bool read_golden(reading *r, const char *path) {
    r->a = nh_arena_new();
    r->d = nh_diag_new(r->a);
    if (!nh_file_exists(path)) {
        cr_log_warn("skipped: %s is not here", path);
        nh_arena_free(r->a);
        return false;
    }
    r->g = nh_model_read(r->a, r->d, NH_NOWHERE, path, NULL);
    return true;
}

static void expect_jet_tagger(const char *path, const char *first_dense) {
    reading r;
    if (!read_golden(&r, path)) return;
    cr_assert(r.g);
    static const nh_op ops[] = {NH_OP_INPUT, NH_OP_DENSE, NH_OP_RELU,  NH_OP_DENSE,  NH_OP_RELU,
                                NH_OP_DENSE, NH_OP_RELU,  NH_OP_DENSE, NH_OP_SOFTMAX};
    cr_assert_eq(r.g->n_layer, 9);
    for (int i = 0; i < 9; i++) cr_assert_eq(r.g->layer[i].op, ops[i]);
    const nh_layer *fc = &r.g->layer[1];
    cr_assert_str_eq(fc->name, first_dense);
    cr_assert(nh_shape_equal(fc->weight->shape, (nh_shape){2, {64, 16}}));
    cr_assert_eq(nh_shape_size(r.g->tensor[r.g->output].shape), 5);
    cr_assert_null(nh_graph_check(r.g, r.a));
    nh_arena_free(r.a);
}

Test(onnx_real, jet_tagger_as_exported_by_keras) {
    expect_jet_tagger(GOLDEN "hls4ml/models/three_layer_keras.onnx", "_class__keras_layers_core_Dense__");
}

Test(onnx_real, jet_tagger_as_cleaned_by_qonnx) {
    expect_jet_tagger(GOLDEN "hls4ml/models/three_layer_keras.clean.onnx", "MatMul_0");
}

/* Sums printed by: numpy_helper.to_array(w).astype(float64).sum(), and w[3, 400] */
Test(onnx_real, mnist_mlp_has_the_weights_of_the_file) {
    reading r;
    if (!read_golden(&r, GOLDEN "peers/mnist_mlp_784_64_10.onnx")) return;
    cr_assert(r.g);
    cr_assert_eq(r.g->n_layer, 4);
    const nh_param *w = r.g->layer[1].weight;
    cr_assert_str_eq(r.g->layer[1].name, "/0/Gemm");
    double sum = 0;
    for (int64_t i = 0; i < nh_shape_size(w->shape); i++) sum += w->value[i];
    cr_assert_float_eq(sum, 255.03145210202979, 1e-9);
    cr_assert_eq(w->value[3 * 784 + 400], -0.084579735994338989);
    nh_arena_free(r.a);
}

static void expect_unsupported(const char *path, const char *const *node, size_t n) {
    reading r;
    if (!read_golden(&r, path)) return;
    cr_assert_null(r.g);
    cr_assert_eq(r.d->n_error, n);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(r.d->item[i].code, NH_M_OP);
        cr_assert(strstr(r.d->item[i].at.path, node[i]), "%s", r.d->item[i].at.path);
    }
    nh_arena_free(r.a);
}

Test(onnx_real, binary_network_has_one_error_per_quantizer) {
    static const char *const nodes[] = {"BipolarQuant_0", "BipolarQuant_1", "Quant_0", "BipolarQuant_2"};
    expect_unsupported(GOLDEN "hls4ml/models/bnn_model_fc_1layer.clean.onnx", nodes, 4);
}

/* BraggNN: 3 convolutions of 64, 32 and 8 channels on 11x11 pixels, 4 dense layers. */
Test(onnx_real, bragg_network_has_its_convolutions) {
    reading r;
    if (!read_golden(&r, GOLDEN "hls4ml/models/braggnn.onnx")) return;
    cr_assert(r.g);
    int convolutions = 0, dense = 0;
    for (int i = 0; i < r.g->n_layer; i++) {
        convolutions += r.g->layer[i].op == NH_OP_CONV;
        dense += r.g->layer[i].op == NH_OP_DENSE;
    }
    cr_expect_gt(convolutions, 2);
    cr_expect_gt(dense, 2);
    cr_expect_eq(nh_shape_size(r.g->tensor[r.g->output].shape), 2);
    nh_arena_free(r.a);
}
