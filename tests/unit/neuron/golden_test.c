/* Whole networks against what the programs named in golden/README.md computed on the same inputs, in double and in
 * float32. Skipped where the golden data is not beside the sources. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "net.h"
#include "npy.h"
#include "reader.h"

#define GOLDEN NH_SOURCE_DIR "/../shared/golden/"

typedef struct {
    nh_arena *a;
    nh_diag *d;
    nh_graph *g;
    nh_options o;
} network;

static bool network_read(network *n, const char *path, nh_preset preset, nh_reset reset) {
    *n = (network){.a = nh_arena_new()};
    n->d = nh_diag_new(n->a);
    if (!nh_file_exists(path)) {
        cr_log_warn("skipped: %s is not here", path);
        return false;
    }
    n->o.defaults.numerics = (nh_numerics){.preset = preset, .reset = reset, .layer_delay = -1};
    n->g = nh_model_read(n->a, n->d, NH_NOWHERE, path, &n->o);
    cr_assert(n->g, "%s: %s", path, n->d->count ? n->d->item[0].message : "");
    for (int i = 0; i < n->g->n_layer; i++) n->g->layer[i].opt = n->o.defaults;
    cr_assert(nh_pass_discretise(n->g, &n->o, n->d), "%s: %s", path, n->d->item[n->d->count - 1].message);
    cr_assert_null(nh_graph_check(n->g, n->a), "%s", nh_graph_check(n->g, n->a));
    return true;
}

static nh_npy array(network *n, const char *path, const char *key) {
    nh_npy v;
    nh_data_ref ref = {.path = path, .key = key};
    cr_assert(nh_npy_read(n->a, n->d, &ref, &v), "%s:%s: %s", path, key, n->d->item[n->d->count - 1].message);
    return v;
}

static double bit(const nh_npy *packed, int64_t i) { return (double)((int)packed->value[i / 8] >> (7 - i % 8) & 1); }

/* Tensor of the last neuron layer but `back`. */
static int spikes_of(const nh_graph *g, int back) {
    for (int i = g->n_layer - 1; i >= 0; i--)
        if (g->layer[i].op == NH_OP_NEURON && back-- == 0) return g->layer[i].out;
    return -1;
}

typedef struct {
    nh_npy in, hidden, out;
    int64_t samples, steps, n_in, n_hidden, n_out;
    bool steps_first; /* [steps][samples][..] */
} recording;

static int64_t row(const recording *r, int64_t sample, int64_t step) {
    return r->steps_first ? step * r->samples + sample : sample * r->steps + step;
}

static int64_t differing(const nh_npy *bits, int64_t row, int64_t n, const double *y) {
    int64_t differ = 0;
    for (int64_t i = 0; i < n; i++) differ += bit(bits, row * n + i) != y[i];
    return differ;
}

static void expect_equal(const network *n, const recording *r, const char *what) {
    for (int kind = 0; kind < 2; kind++) {
        nh_float_net *e = nh_float_net_new(n->a, n->g, (nh_float_kind)kind);
        int64_t hidden = 0, out = 0;
        int h = spikes_of(n->g, 1), o = spikes_of(n->g, 0);
        double x[784];
        for (int64_t s = 0; s < r->samples; s++) {
            nh_float_net_reset(e);
            for (int64_t t = 0; t < r->steps; t++) {
                for (int64_t i = 0; i < r->n_in; i++) x[i] = bit(&r->in, row(r, s, t) * r->n_in + i);
                nh_float_net_step(e, x);
                hidden += differing(&r->hidden, row(r, s, t), r->n_hidden, nh_float_net_value(e, h));
                out += differing(&r->out, row(r, s, t), r->n_out, nh_float_net_value(e, o));
            }
        }
        cr_log_info("%s, %s: %lld hidden and %lld output spikes differ", what,
                    kind == NH_FLOAT64 ? "float64" : "float32", (long long)hidden, (long long)out);
        cr_expect(hidden == 0 && out == 0, "%s, %s: %lld hidden and %lld output spikes differ", what,
                  kind == NH_FLOAT64 ? "float64" : "float32", (long long)hidden, (long long)out);
    }
}

static void braille(const char *name, nh_reset reset, int64_t n_hidden) {
    network n;
    char path[512], key[128];
    snprintf(path, sizeof path, GOLDEN "nir/nir/braille_%s.nir", name);
    if (!network_read(&n, path, NH_PRESET_SNNTORCH_0_9, reset)) return;
    const char *npz = GOLDEN "nir/braille/braille_open.npz";
    recording r = {
        .in = array(&n, npz, "in_bits"), .samples = 579, .steps = 256, .n_in = 12, .n_hidden = n_hidden, .n_out = 7};
    snprintf(key, sizeof key, "%s_hidden_bits", name);
    r.hidden = array(&n, npz, key);
    snprintf(key, sizeof key, "%s_out_bits", name);
    r.out = array(&n, npz, key);
    expect_equal(&n, &r, name);
    nh_arena_free(n.a);
}

Test(golden, braille_with_bias_and_reset_to_zero) { braille("noDelay_bias_zero", NH_RESET_ZERO, 38); }
Test(golden, braille_with_subtraction) { braille("noDelay_noBias_subtract", NH_RESET_SUBTRACT, 40); }

static void trained(const char *folder, const char *name, int64_t samples, int64_t n_in, int64_t n_hidden) {
    network n;
    char path[512];
    snprintf(path, sizeof path, GOLDEN "nir/%s/%s.nir", folder, name);
    if (!network_read(&n, path, NH_PRESET_NIR, NH_RESET_AUTO)) return;
    snprintf(path, sizeof path, GOLDEN "nir/%s/%s_test.npz", folder, name);
    recording r = {.in = array(&n, path, "in_spikes"),
                   .hidden = array(&n, path, "hidden"),
                   .out = array(&n, path, "out"),
                   .samples = samples,
                   .steps = 16,
                   .n_in = n_in,
                   .n_hidden = n_hidden,
                   .n_out = 10,
                   .steps_first = true};
    expect_equal(&n, &r, name);
    nh_arena_free(n.a);
}

Test(golden, optdigits) { trained("optdigits", "optdigits_lif_64_32_10", 1797, 64, 32); }
Test(golden, mnist) { trained("mnist", "mnist_lif_784_64_10", 2000, 784, 64); }

static void peer(const char *name, nh_preset preset, int64_t n_in) {
    network n;
    char path[512];
    snprintf(path, sizeof path, GOLDEN "peers/%s.nir", name);
    if (!network_read(&n, path, preset, NH_RESET_AUTO)) return;
    snprintf(path, sizeof path, GOLDEN "peers/%s_test.npz", name);
    nh_npy in = array(&n, path, "spikes_packed"), counts = array(&n, path, "out_counts");
    int64_t samples = counts.dim[0], steps = 25;
    for (int kind = 0; kind < 2; kind++) {
        nh_float_net *e = nh_float_net_new(n.a, n.g, (nh_float_kind)kind);
        int64_t differ = 0;
        double x[784];
        for (int64_t s = 0; s < samples; s++) {
            double count[10] = {0};
            nh_float_net_reset(e);
            for (int64_t t = 0; t < steps; t++) {
                for (int64_t i = 0; i < n_in; i++) x[i] = bit(&in, (t * samples + s) * n_in + i);
                nh_float_net_step(e, x);
                for (int i = 0; i < 10; i++) count[i] += nh_float_net_value(e, n.g->output)[i];
            }
            for (int i = 0; i < 10; i++) differ += count[i] != counts.value[s * 10 + i];
        }
        cr_log_info("%s, %s: %lld of %lld counts differ", name, kind == NH_FLOAT64 ? "float64" : "float32",
                    (long long)differ, (long long)samples * 10);
        cr_expect_eq(differ, 0, "%s, %s: %lld counts differ", name, kind == NH_FLOAT64 ? "float64" : "float32",
                     (long long)differ);
    }
    nh_arena_free(n.a);
}

Test(golden, peer_if_196) { peer("mnist_if_196_50_10", NH_PRESET_NIR, 196); }
Test(golden, peer_lif_196) { peer("mnist_lif_196_50_10", NH_PRESET_SNNTORCH, 196); }
Test(golden, peer_lif_784) { peer("mnist_lif_784_128_10", NH_PRESET_SNNTORCH, 784); }

/* --- N-MNIST by Sinabs ------------------------------------------------------------------------------------------- */

enum { NM_STEPS = 310, NM_SIZE = 2 * 34 * 34 };

/* Events of 5 bytes: x, y, polarity (1 bit), microseconds (23 bits); counted in steps of 1 ms, and what comes after the
 * last step is dropped. */
static double *recording_frames(network *n, int id) {
    char path[512];
    nh_bytes b;
    snprintf(path, sizeof path, GOLDEN "nir/nmnist/%d.bs2", id);
    cr_assert(nh_file_read(n->a, n->d, NH_NOWHERE, path, (size_t)1 << 24, &b));
    double *x = nh_arena_array(n->a, (size_t)NM_STEPS * NM_SIZE, sizeof *x);
    for (size_t i = 0; i + 5 <= b.size; i += 5) {
        const uint8_t *e = b.data + i;
        int step = ((e[2] & 127) << 16 | e[3] << 8 | e[4]) / 1000;
        if (step < NM_STEPS) x[(int64_t)step * NM_SIZE + ((e[2] >> 7) * 34 + e[1]) * 34 + e[0]]++;
    }
    return x;
}

typedef struct {
    const char *key, *layer;
    int64_t size, differ;
    int tensor;
    nh_npy want;
} nmnist_layer;

static void nmnist_run(network *n, nh_float_kind kind, nmnist_layer *layer, int n_layer, const nh_npy *ids,
                       int64_t samples) {
    nh_float_net *e = nh_float_net_new(n->a, n->g, kind);
    for (int k = 0; k < n_layer; k++) layer[k].differ = 0;
    for (int64_t s = 0; s < samples; s++) {
        const double *x = recording_frames(n, (int)ids->value[s]);
        nh_float_net_reset(e);
        for (int64_t t = 0; t < NM_STEPS; t++) {
            nh_float_net_step(e, x + t * NM_SIZE);
            for (int k = 0; k < n_layer; k++)
                for (int64_t i = 0; i < layer[k].size; i++)
                    layer[k].differ += nh_float_net_value(e, layer[k].tensor)[i] !=
                                       layer[k].want.value[(s * NM_STEPS + t) * layer[k].size + i];
        }
    }
}

/* NH_GOLDEN_ALL=1: all 50 recordings and the two large layers as well (2 GB). */
Test(golden, nmnist_counts, .timeout = 600) {
    network n;
    if (!network_read(&n, GOLDEN "nir/nir/cnn_sinabs.nir", NH_PRESET_SINABS, NH_RESET_AUTO)) return;
    const char *npz = GOLDEN "nir/nmnist/cnn_sinabs_gold.npz";
    nmnist_layer layer[] = {{.key = "if_6", .layer = "6", .size = 512},
                            {.key = "if_10", .layer = "10", .size = 256},
                            {.key = "if_12", .layer = "12", .size = 10},
                            {.key = "if_1", .layer = "1", .size = 4096},
                            {.key = "if_3", .layer = "3", .size = 4096}};
    bool is_all = getenv("NH_GOLDEN_ALL") != NULL;
    int n_layer = is_all ? 5 : 3;
    for (int k = 0; k < n_layer; k++) {
        layer[k].want = array(&n, npz, layer[k].key);
        layer[k].tensor = n.g->layer[nh_graph_find(n.g, layer[k].layer)].out;
    }
    nh_npy ids = array(&n, npz, "ids");
    int64_t samples = is_all ? 50 : 4;
    for (int kind = 0; kind < 2; kind++) {
        nmnist_run(&n, (nh_float_kind)kind, layer, n_layer, &ids, samples);
        for (int k = 0; k < n_layer; k++) {
            int64_t of = samples * NM_STEPS * layer[k].size;
            cr_log_info("nmnist %s, float%d: %lld of %lld counts differ", layer[k].key, kind == NH_FLOAT64 ? 64 : 32,
                        (long long)layer[k].differ, (long long)of);
            cr_expect_leq((double)layer[k].differ, 0.002 * (double)of, "%s: %lld", layer[k].key,
                          (long long)layer[k].differ);
        }
    }
    nh_arena_free(n.a);
}
