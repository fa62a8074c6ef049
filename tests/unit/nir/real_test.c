/* Real files of the shared golden data, when they are there. Expected figures: h5py and numpy on the same files; the
 * verdicts are those of the reference. */
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
    if (r->g) cr_assert_null(nh_graph_check(r->g, r->a));
    return true;
}

static const nh_layer *layer(const reading *r, const char *name) {
    int i = nh_graph_find(r->g, name);
    cr_assert(i >= 0, "no layer '%s'", name);
    return &r->g->layer[i];
}

static double sum(const nh_param *p) {
    double s = 0;
    for (int64_t i = 0; i < nh_shape_size(p->shape); i++) s += p->value[i];
    return s;
}

static double ode(const nh_layer *l, const char *name) {
    for (int i = 0; i < l->neuron->n_ode; i++)
        if (strcmp(l->neuron->ode[i].name, name) == 0) {
            cr_assert_eq(l->neuron->ode[i].n, 1, "%s is not one constant", name);
            return l->neuron->ode[i].value[0];
        }
    cr_assert(false, "no parameter %s", name);
    return NAN;
}

static bool has(const reading *r, nh_code code) {
    for (size_t i = 0; i < r->d->count; i++)
        if (r->d->item[i].code == code) return true;
    return false;
}

static void expect_ops(const reading *r, const nh_op *op, int n) {
    cr_assert(r->g);
    cr_assert_eq(r->g->n_layer, n);
    for (int i = 0; i < n; i++)
        cr_assert_eq(r->g->layer[i].op, op[i], "layer %d is %s", i, nh_op_get(r->g->layer[i].op)->text);
}

static void expect_braille(const char *path, int hidden, double w_rec, double tau_syn, bool bias) {
    static const nh_op ops[] = {NH_OP_INPUT, NH_OP_DENSE,  NH_OP_DELAY, NH_OP_DENSE,
                                NH_OP_ADD,   NH_OP_NEURON, NH_OP_DENSE, NH_OP_NEURON};
    reading r;
    if (!read_golden(&r, path)) return;
    expect_ops(&r, ops, 8);
    const nh_layer *rec = layer(&r, "lif1.w_rec"), *lif = layer(&r, "lif1.lif");
    cr_assert(nh_shape_equal(rec->weight->shape, (nh_shape){2, {hidden, hidden}}));
    cr_assert_float_eq(sum(rec->weight), w_rec, 1e-9);
    cr_assert_eq(rec->bias != NULL, bias);
    /* the one step of delay stands between the neuron and its own weights */
    const nh_layer *delay = &r.g->layer[r.g->tensor[rec->in[0]].producer];
    cr_assert_eq(delay->op, NH_OP_DELAY);
    cr_assert(delay->n_delay == 1 && delay->delay[0] == 1);
    cr_assert_eq(delay->in[0], lif->out);
    cr_assert_eq(lif->neuron->kind, NH_KIND_CUBALIF);
    cr_assert_float_eq(ode(lif, "tau_syn"), tau_syn, 1e-12);
    cr_assert_eq(ode(lif, "v_reset"), 0);
    cr_assert(has(&r, NH_M_NIR_RECURRENT));
    nh_arena_free(r.a);
}

Test(nir_real, braille_networks_are_recurrent_with_one_step) {
    expect_braille(GOLDEN "nir/nir/braille_noDelay_bias_zero.nir", 38, -401.91697428177577, 0.0002222222281091009,
                   true);
    expect_braille(GOLDEN "nir/nir/braille_noDelay_noBias_subtract.nir", 40, -291.2675760234288, 0.0004, false);
}

Test(nir_real, braille_subgraph_names_the_missing_node) {
    reading r;
    if (!read_golden(&r, GOLDEN "nir/nir/braille_noDelay_bias_zero_subgraph.nir")) return;
    cr_assert_null(r.g);
    cr_assert_eq(r.d->n_error, 1);
    const nh_diag_item *item = &r.d->item[0];
    cr_assert_eq(item->code, NH_M_NIR_EDGE);
    cr_assert_str_eq(item->at.path, "/node/nodes/lif1/edges");
    cr_assert(strstr(item->message, "'lif'"));
    cr_assert(strstr(item->hint, "'lif1'"));
    nh_arena_free(r.a);
}

Test(nir_real, sinabs_network_has_all_its_layers) {
    static const nh_op ops[] = {NH_OP_INPUT,   NH_OP_CONV,   NH_OP_NEURON, NH_OP_CONV,    NH_OP_NEURON,
                                NH_OP_SUMPOOL, NH_OP_CONV,   NH_OP_NEURON, NH_OP_SUMPOOL, NH_OP_RESHAPE,
                                NH_OP_DENSE,   NH_OP_NEURON, NH_OP_DENSE,  NH_OP_NEURON};
    reading r;
    if (!read_golden(&r, GOLDEN "nir/nir/cnn_sinabs.nir")) return;
    expect_ops(&r, ops, 14);
    const nh_layer *conv = layer(&r, "0");
    cr_assert(nh_shape_equal(conv->weight->shape, (nh_shape){4, {16, 2, 5, 5}}));
    cr_assert(nh_shape_equal(r.g->tensor[conv->out].shape, (nh_shape){3, {16, 16, 16}}));
    cr_assert_float_eq(sum(conv->weight), -10.744408309707069, 1e-9);
    cr_assert_eq(ode(layer(&r, "1"), "v_threshold"), 1);
    cr_assert(nh_shape_equal(r.g->tensor[r.g->output].shape, (nh_shape){1, {10}}));
    cr_assert_eq(r.d->n_error + r.d->n_warning, has(&r, NH_M_H5_SANDBOX));
    nh_arena_free(r.a);
}

Test(nir_real, lif_files_are_read_and_the_rockpool_output_is_warned_about) {
    static const nh_op ops[] = {NH_OP_INPUT, NH_OP_DENSE, NH_OP_NEURON};
    reading r;
    if (read_golden(&r, GOLDEN "nir/nir/lif_norse.nir")) {
        expect_ops(&r, ops, 3);
        cr_assert(!has(&r, NH_M_NIR_OUTPUT_SHAPE));
        cr_assert_eq(ode(layer(&r, "1"), "v_threshold"), (double)0.1f);
        nh_arena_free(r.a);
    }
    if (read_golden(&r, GOLDEN "nir/nir/lif_rockpool.nir")) {
        expect_ops(&r, ops, 3);
        cr_assert(has(&r, NH_M_NIR_OUTPUT_SHAPE));
        nh_arena_free(r.a);
    }
}

Test(nir_real, two_neurons_have_their_leak) {
    static const nh_op ops[] = {NH_OP_INPUT, NH_OP_DENSE, NH_OP_NEURON, NH_OP_DENSE, NH_OP_NEURON};
    reading r;
    if (!read_golden(&r, GOLDEN "nir/nir/two_lif_neurons.nir")) return;
    expect_ops(&r, ops, 5);
    cr_assert_eq(ode(layer(&r, "lif1"), "v_leak"), 1.2);
    cr_assert_eq(ode(layer(&r, "lif2"), "v_threshold"), 20);
    nh_arena_free(r.a);
}

static void expect_two_layers(const char *path, int inputs, int hidden, nh_neuron_kind kind, bool metadata) {
    static const nh_op ops[] = {NH_OP_INPUT, NH_OP_DENSE, NH_OP_NEURON, NH_OP_DENSE, NH_OP_NEURON};
    reading r;
    if (!read_golden(&r, path)) return;
    expect_ops(&r, ops, 5);
    cr_assert(nh_shape_equal(layer(&r, "fc1")->weight->shape, (nh_shape){2, {hidden, inputs}}));
    cr_assert_eq(layer(&r, "lif2")->neuron->kind, kind);
    cr_assert_eq(has(&r, NH_M_NIR_METADATA), metadata);
    nh_arena_free(r.a);
}

Test(nir_real, digit_networks_are_read) {
    expect_two_layers(GOLDEN "nir/mnist/mnist_lif_784_64_10.nir", 784, 64, NH_KIND_LIF, true);
    expect_two_layers(GOLDEN "nir/optdigits/optdigits_lif_64_32_10.nir", 64, 32, NH_KIND_LIF, true);
    expect_two_layers(GOLDEN "peers/mnist_lif_784_128_10.nir", 784, 128, NH_KIND_LIF, false);
    expect_two_layers(GOLDEN "peers/mnist_lif_196_50_10.nir", 196, 50, NH_KIND_LIF, false);
    expect_two_layers(GOLDEN "peers/mnist_if_196_50_10.nir", 196, 50, NH_KIND_IF, false);
}
