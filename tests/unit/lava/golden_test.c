/* The golden set of lava-dl networks, when it is there: every layer's output in every step is what the real lava
 * runtime gave (shared golden/lava/README.md), compared as integers. T and arguments: its manifest.json. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "neurons.h"
#include "npy.h"
#include "reader.h"

#define GOLDEN NH_SOURCE_DIR "/../shared/golden/lava/"

enum { MAX_LAYERS = 10 };

typedef struct {
    const char *name;
    int64_t steps;
    bool is_bias; /* input_bias.npy, constant */
    int64_t reset_interval, reset_offset, num_layers, skip_layers;
    int n_layer, layer[MAX_LAYERS];
} golden_case;

static const golden_case cases[] = {
    {"tinynet_lif", 34, true, 17, 0, 0, 0, 3, {0, 1, 2}},
    {"mnist_mlp", 384, false, 32, 1, 0, 0, 3, {0, 1, 2}},
    {"oxford", 2000, false, 0, 0, 0, 0, 2, {0, 1}},
    {"pilotnet_sdnn", 12, false, 0, 0, 0, 0, 9, {0, 1, 2, 3, 4, 6, 7, 8, 9}},
    {"pilotnet_sdnn_skip1", 6, false, 0, 0, 3, 1, 2, {1, 2}},
    {"unit_lif_conv_groups", 60, false, 0, 0, 0, 0, 2, {1, 3}},
    {"unit_lif_dense_delay_out", 60, false, 0, 0, 0, 0, 2, {0, 1}},
    {"unit_lif_dense_rec", 60, false, 0, 0, 0, 0, 2, {0, 1}},
    {"unit_lif_wrap_saturate", 200, false, 0, 0, 0, 0, 1, {0}},
    {"unit_lif_exc_only", 60, false, 0, 0, 0, 0, 2, {0, 1}},
    {"unit_sdnn_conv_dense", 20, false, 0, 0, 0, 0, 4, {0, 1, 3, 4}},
    {"unit_sdnn_vth0", 20, false, 0, 0, 0, 0, 3, {0, 1, 3}},
    {"unit_rf_phase", 60, false, 0, 0, 0, 0, 1, {0}},
    {"unit_rf_iz", 60, false, 0, 0, 0, 0, 1, {0}},
    {"seed6", 7, false, 0, 0, 0, 0, 7, {0, 1, 2, 3, 5, 6, 7}},
};

static nh_options options_of(const golden_case *c) {
    nh_options o = {0};
    o.spiking.reset_interval = c->reset_interval;
    o.spiking.reset_offset = c->reset_offset;
    o.spiking.num_layers = c->num_layers;
    o.spiking.skip_layers = c->skip_layers;
    return o;
}

static nh_npy read_array(nh_arena *a, nh_diag *d, const golden_case *c, const char *file) {
    nh_npy x;
    nh_data_ref ref = {.path = nh_arena_printf(a, GOLDEN "%s/%s", c->name, file)};
    cr_assert(nh_npy_read(a, d, &ref, &x), "%s", ref.path);
    return x;
}

static void compare(nh_arena *a, nh_graph *g, const golden_case *c, nh_diag *d) {
    nh_npy x = read_array(a, d, c, c->is_bias ? "input_bias.npy" : "input.npy"), want[MAX_LAYERS];
    int64_t n_in = nh_shape_size(g->tensor[g->input].shape), frames = x.n / n_in;
    int tensor[MAX_LAYERS];
    for (int k = 0; k < c->n_layer; k++) {
        want[k] = read_array(a, d, c, nh_arena_printf(a, "layer%d_s_out.npy", c->layer[k]));
        int l = nh_graph_find(g, nh_arena_printf(a, "layer%d.neuron", c->layer[k]));
        cr_assert(l >= 0);
        tensor[k] = g->layer[l].out;
        cr_assert_eq(want[k].n, c->steps * nh_shape_size(g->tensor[tensor[k]].shape));
    }
    nh_float_net *e = nh_float_net_new(a, g, NH_FLOAT64);
    cr_assert(e);
    for (int64_t t = 0; t < c->steps; t++) {
        nh_float_net_step(e, x.value + t % frames * n_in);
        for (int k = 0; k < c->n_layer; k++) {
            int64_t n = want[k].n / c->steps;
            const double *y = nh_float_net_value(e, tensor[k]);
            for (int64_t i = 0; i < n; i++)
                cr_assert(y[i] == want[k].value[t * n + i], "%s layer %d step %lld element %lld: %g, lava has %g",
                          c->name, c->layer[k], (long long)t, (long long)i, y[i], want[k].value[t * n + i]);
        }
    }
}

static void check(const golden_case *c) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    char *path = nh_arena_printf(a, GOLDEN "%s/network.net", c->name);
    if (!nh_file_exists(path)) {
        cr_log_warn("skipped: %s is not here", path);
    } else {
        nh_options o = options_of(c);
        nh_graph *g = nh_model_read(a, d, NH_NOWHERE, path, &o);
        if (!g) nh_diag_print(d, NH_NOTE, false, stderr);
        cr_assert(g, "%s", path);
        cr_assert_null(nh_graph_check(g, a));
        cr_assert(nh_graph_has_steps(g));
        /* Integer programs have their delays already: numerics change nothing, whatever the preset. */
        int n = g->n_layer;
        for (int i = 0; i < n; i++)
            g->layer[i].opt.numerics = (nh_numerics){.preset = NH_PRESET_LAVA, .layer_delay = -1};
        cr_assert(nh_pass_discretise(g, &o, d));
        cr_assert_eq(g->n_layer, n);
        compare(a, g, c, d);
    }
    nh_arena_free(a);
}

#define CASE(name, index)                                                                                              \
    Test(lava_golden, name##_is_bit_exact, .timeout = 120) { check(&cases[index]); }
CASE(tinynet_lif, 0)
CASE(mnist_mlp, 1)
CASE(oxford, 2)
CASE(pilotnet_sdnn, 3)
CASE(pilotnet_sdnn_skip1, 4)
CASE(unit_lif_conv_groups, 5)
CASE(unit_lif_dense_delay_out, 6)
CASE(unit_lif_dense_rec, 7)
CASE(unit_lif_wrap_saturate, 8)
CASE(unit_lif_exc_only, 9)
CASE(unit_sdnn_conv_dense, 10)
CASE(unit_sdnn_vth0, 11)
CASE(unit_rf_phase, 12)
CASE(unit_rf_iz, 13)
CASE(seed6, 14)
