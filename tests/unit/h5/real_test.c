/* Every .nir and .net of the shared golden data, when they are there. Expected figures: h5py, visiting all objects of a
 * file. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "h5.h"

#define GOLDEN NH_SOURCE_DIR "/../shared/golden/"

/* Groups without the root, datasets of strings and of numbers, sum of abs(x.astype(float64)) over the latter. */
static const struct {
    const char *path;
    int n_group, n_string, n_number;
    double sum;
} files[] = {
    {"lava/mnist_mlp/network.net", 7, 6, 27, 1403175.0},
    {"lava/oxford/network.net", 5, 4, 18, 2481048.0},
    {"lava/pilotnet_sdnn/network.net", 20, 28, 71, 452711.0},
    {"lava/pilotnet_sdnn_skip1/network.net", 20, 28, 71, 452711.0},
    {"lava/seed6/network.net", 16, 22, 54, 8319036.0},
    {"lava/tinynet_lif/network.net", 8, 6, 49, 57768.5},
    {"lava/unit_lif_conv_groups/network.net", 7, 6, 27, 105963.0},
    {"lava/unit_lif_dense_delay_out/network.net", 5, 4, 20, 26904.0},
    {"lava/unit_lif_dense_rec/network.net", 5, 4, 20, 20114.0},
    {"lava/unit_lif_exc_only/network.net", 5, 4, 19, 10836.0},
    {"lava/unit_lif_wrap_saturate/network.net", 3, 2, 9, 166362.0},
    {"lava/unit_rf_iz/network.net", 4, 2, 9, 20179.0},
    {"lava/unit_rf_phase/network.net", 4, 2, 9, 20469.0},
    {"lava/unit_sdnn_conv_dense/network.net", 10, 13, 26, 49592.0},
    {"lava/unit_sdnn_vth0/network.net", 8, 10, 19, 6632.0},
    {"nir/mnist/mnist_lif_784_64_10.nir", 9, 11, 17, 3590.388882666473},
    {"nir/nir/braille_noDelay_bias_zero.nir", 9, 10, 20, 1375.765824354724},
    {"nir/nir/braille_noDelay_bias_zero_subgraph.nir", 13, 14, 22, 1451.765824354724},
    {"nir/nir/braille_noDelay_noBias_subtract.nir", 9, 10, 17, 1302.537256248111},
    {"nir/nir/cnn_sinabs.nir", 17, 18, 46, 23265.09092614097},
    {"nir/nir/lif_norse.nir", 6, 7, 8, 4.102500001434237},
    {"nir/nir/lif_rockpool.nir", 6, 7, 7, 28.16223724419251},
    {"nir/nir/two_lif_neurons.nir", 8, 9, 12, 28.22},
    {"nir/optdigits/optdigits_lif_64_32_10.nir", 9, 11, 17, 840.7212371712255},
    {"peers/mnist_if_196_50_10.nir", 8, 9, 10, 600852.4505722213},
    {"peers/mnist_lif_196_50_10.nir", 8, 9, 14, 1845.918653458978},
    {"peers/mnist_lif_784_128_10.nir", 8, 9, 14, 5806.966092054382},
};

typedef struct {
    int n_group, n_string, n_number;
    double sum;
} figures;

static void count(const nh_h5 *o, figures *f) {
    if (o->kind == NH_H5_STRING) f->n_string++;
    if (o->kind == NH_H5_NUMBER) {
        f->n_number++;
        for (int64_t i = 0; i < o->n; i++) f->sum += fabs(o->number[i]);
    }
    for (int64_t i = 0; o->kind == NH_H5_GROUP && i < o->n_child; i++) {
        f->n_group += o->child[i].kind == NH_H5_GROUP;
        count(&o->child[i], f);
    }
}

static const nh_h5 *read_golden(nh_arena *a, const char *name) {
    const char *path = nh_arena_printf(a, GOLDEN "%s", name);
    nh_diag *d = nh_diag_new(a);
    nh_bytes file;
    if (!nh_file_exists(path)) {
        cr_log_warn("skipped: %s is not here", path);
        return NULL;
    }
    cr_assert(nh_file_read(a, d, NH_NOWHERE, path, (size_t)1 << 30, &file));
    const nh_h5 *root = nh_h5_read(a, d, path, file);
    cr_assert(root && d->count == 0, "%s: %s", name, d->count ? d->item[0].message : "no diagnostic");
    return root;
}

Test(h5_real, every_model_has_the_objects_and_values_that_h5py_sees) {
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        nh_arena *a = nh_arena_new();
        const nh_h5 *root = read_golden(a, files[i].path);
        figures f = {0};
        if (root) {
            count(root, &f);
            cr_assert_eq(f.n_group, files[i].n_group, "%s: %d groups", files[i].path, f.n_group);
            cr_assert_eq(f.n_string, files[i].n_string, "%s: %d strings", files[i].path, f.n_string);
            cr_assert_eq(f.n_number, files[i].n_number, "%s: %d numbers", files[i].path, f.n_number);
            cr_assert_float_eq(f.sum, files[i].sum, 1e-12 * files[i].sum, "%s: sum %.17g", files[i].path, f.sum);
        }
        nh_arena_free(a);
    }
}

static const nh_h5 *at(const nh_h5 *o, const char *name) {
    const nh_h5 *m = nh_h5_find(o, name);
    cr_assert(m, "%s has no %s", o->path, name);
    return m;
}

Test(h5_real, braille_network_has_the_edges_of_the_file_in_its_order) {
    nh_arena *a = nh_arena_new();
    const nh_h5 *root = read_golden(a, "nir/nir/braille_noDelay_bias_zero.nir");
    if (root) {
        static const char *const edges[] = {"lif1.w_rec", "lif1.lif", "lif2",     "output",   "fc2",
                                            "lif2",       "input",    "fc1",      "lif1.lif", "lif1.w_rec",
                                            "fc1",        "lif1.lif", "lif1.lif", "fc2"};
        const nh_h5 *e = at(at(root, "node"), "edges");
        cr_assert(e->kind == NH_H5_STRING && e->rank == 2 && e->dim[0] == 7 && e->dim[1] == 2);
        for (int i = 0; i < 14; i++) cr_assert_str_eq(e->text[i], edges[i]);
        const nh_h5 *w = at(at(at(at(root, "node"), "nodes"), "fc1"), "weight");
        cr_assert(w->rank == 2 && w->dim[0] == 38 && w->dim[1] == 12 && !w->is_integer);
        cr_assert_str_eq(at(root, "version")->text[0], "0.2.0");
    }
    nh_arena_free(a);
}

Test(h5_real, tinynet_has_both_kinds_of_strings_and_weights_of_rank_5) {
    nh_arena *a = nh_arena_new();
    const nh_h5 *root = read_golden(a, "lava/tinynet_lif/network.net");
    if (root) {
        static const double first[] = {8, 0, -8, 6, -6};
        const nh_h5 *layer = at(at(root, "layer"), "1"), *w = at(layer, "weight");
        cr_assert(w->rank == 5 && w->dim[0] == 24 && w->dim[1] == 3 && w->dim[2] == 5 && w->dim[3] == 5 &&
                  w->dim[4] == 1);
        double sum = 0;
        for (int64_t i = 0; i < w->n; i++) sum += w->number[i];
        for (int i = 0; i < 5; i++) cr_assert_eq(w->number[i], first[i]);
        cr_assert_eq(sum, -48);
        cr_assert(at(layer, "type")->rank == 1 && strcmp(at(layer, "type")->text[0], "conv") == 0);
        cr_assert_eq(at(at(layer, "neuron"), "vThMant")->number[0], 25);
    }
    nh_arena_free(a);
}
