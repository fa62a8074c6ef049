/* Any tree of groups and datasets as a lava-dl network: no crash, no leak; a graph that passes the verifier, or at least one error.
 * The bytes are instructions for building the tree (nh_h5_read is fuzzed by its own target), so that names and shapes that the reader
 * looks for are frequent. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lava.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    const uint8_t *p, *end;
    nh_arena *a;
} source;

static unsigned take(source *s) {
    return s->p < s->end ? *s->p++ : 0;
}

static const char *const names[] = {"type",       "shape",    "weight",     "bias",       "delay",     "neuron",      "stride",    "padding",
                                    "dilation",   "groups",   "kernelSize", "inChannels", "iDecay",    "vDecay",      "vThMant",   "refDelay",
                                    "sinDecay",   "cosDecay", "weight_rec", "inFeatures", "thDecay",   "refDecay",    "vThStep",   "messageBits",
                                    "real",       "imag",     "activation", "wgtExp",     "outFeatures", "sigma_output", "gradedSpike", "0"};
static const char *const texts[] = {"input", "conv", "dense", "dense_rec", "pool", "flatten", "CUBA", "SDNN", "RF_PHASE", "RF_IZHIKEVICH", "ALIF",
                                    "LOIHI", "relu", "convT", "ADRF", ""};
enum { N_NAMES = sizeof names / sizeof *names, N_TEXTS = sizeof texts / sizeof *texts, MAX_CHILDREN = 12, MAX_ELEMENTS = 4096 };

static double number(unsigned b) {
    static const double odd[] = {0.5, -1, 4096, 4097, 1e9, -256, 255, NAN, INFINITY, -0.0, 1e300, 4294967296.0, 70.9, 9007199254740992.0};
    return b < 200 ? b % 8 : b < 242 ? (double)b - 220 : odd[(b - 242) % (sizeof odd / sizeof *odd)];
}

static void dataset(source *s, nh_h5 *x) {
    unsigned b = take(s);
    x->rank = (int)(b % 6);
    x->n = 1;
    for (int k = 0; k < x->rank; k++) {
        x->dim[k] = take(s) % 6;
        if (x->n * x->dim[k] > MAX_ELEMENTS) x->dim[k] = 1;
        x->n *= x->dim[k];
    }
    if (b >= 192) {
        x->kind = NH_H5_STRING;
        const char **t = nh_arena_alloc(s->a, (size_t)(x->n + 1) * sizeof *t);
        for (int64_t i = 0; i < x->n; i++)
            t[i] = texts[take(s) % N_TEXTS];
        x->text = t;
        return;
    }
    x->kind = NH_H5_NUMBER;
    double *v = nh_arena_alloc(s->a, (size_t)(x->n + 1) * sizeof *v);
    for (int64_t i = 0; i < x->n; i++)
        v[i] = number(take(s));
    x->number = v;
}

/* depth 0: the root with "layer"; 1: layers "0", "1" ...; below: members by name. */
static void group(source *s, nh_h5 *x, int depth) {
    int n = depth == 0 ? 1 : (int)(take(s) % MAX_CHILDREN);
    nh_h5 *child = nh_arena_alloc(s->a, (size_t)(n + 1) * sizeof *child);
    bool is_used[N_NAMES] = {false};
    for (int i = 0; i < n; i++) {
        nh_h5 *c = &child[x->n_child];
        unsigned which = take(s) % N_NAMES;
        if (depth > 1 && is_used[which]) continue;
        is_used[which] = true;
        c->name = depth == 0 ? "layer" : depth == 1 ? nh_arena_printf(s->a, "%d", i) : names[which];
        c->path = nh_arena_printf(s->a, "%s/%s", x->path, c->name);
        bool is_inner = depth < 2 || (depth < 5 && (strcmp(c->name, "neuron") == 0 || (take(s) & 15) == 0));
        if (is_inner)
            group(s, c, depth + 1);
        else
            dataset(s, c);
        x->n_child++;
    }
    /* Sorted by name, as nh_h5_read has them. */
    for (int64_t i = 1; i < x->n_child; i++)
        for (int64_t k = i; k > 0 && strcmp(child[k - 1].name, child[k].name) > 0; k--) {
            nh_h5 t = child[k];
            child[k] = child[k - 1];
            child[k - 1] = t;
        }
    x->kind = NH_H5_GROUP;
    x->child = child;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    source s = {data, data + size, a};
    nh_options o = {0};
    o.spiking.skip_layers = take(&s) % 3;
    o.spiking.num_layers = take(&s) % 5;
    o.spiking.reset_interval = take(&s) % 3;
    o.spiking.input_message_bits = take(&s) % 2;
    o.spiking.input_rank = (int)(take(&s) % 4);
    for (int k = 0; k < 3; k++)
        o.spiking.input_shape[k] = take(&s) % 8;
    nh_h5 root = {.name = "", .path = ""};
    group(&s, &root, 0);
    nh_graph *g = lava_graph(a, d, "fuzz.net", &root, &o);
    if (g ? nh_graph_check(g, a) != NULL : d->n_error == 0) abort();
    nh_arena_free(a);
    return 0;
}
