/* Any tree of groups and datasets as a lava-dl network: no crash, no leak; a graph that passes the verifier, or at
 * least one error. The bytes are instructions for building the tree (nh_h5_read is fuzzed by its own target): a
 * plausible network, of which members are then taken out, replaced or added. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lava.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    const uint8_t *p, *end;
    nh_arena *a;
} source;

static unsigned take(source *s) { return s->p < s->end ? *s->p++ : 0; }

static const char *const names[] = {
    "type",     "shape",    "weight",     "bias",       "delay",       "neuron",       "stride",      "padding",
    "dilation", "groups",   "kernelSize", "inChannels", "iDecay",      "vDecay",       "vThMant",     "refDelay",
    "sinDecay", "cosDecay", "weight_rec", "inFeatures", "thDecay",     "refDecay",     "vThStep",     "messageBits",
    "real",     "imag",     "activation", "wgtExp",     "outFeatures", "sigma_output", "gradedSpike", "0"};
static const char *const texts[] = {"input", "conv",     "dense",         "dense_rec", "pool",  "flatten", "CUBA",
                                    "SDNN",  "RF_PHASE", "RF_IZHIKEVICH", "ALIF",      "LOIHI", "relu",    "convT",
                                    "ADRF",  ""};
enum { N_NAMES = sizeof names / sizeof *names, N_TEXTS = sizeof texts / sizeof *texts, ROOM = 40, MAX_ELEMENTS = 4096 };

static double number(unsigned b) {
    static const double odd[] = {0.5, -1,       4096, 4097,  1e9,          -256, 255,
                                 NAN, INFINITY, -0.0, 1e300, 4294967296.0, 70.9, 9007199254740992.0};
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
        for (int64_t i = 0; i < x->n; i++) t[i] = texts[take(s) % N_TEXTS];
        x->text = t;
        return;
    }
    x->kind = NH_H5_NUMBER;
    double *v = nh_arena_alloc(s->a, (size_t)(x->n + 1) * sizeof *v);
    for (int64_t i = 0; i < x->n; i++) v[i] = number(take(s));
    x->number = v;
}

static nh_h5 *member(source *s, nh_h5 *g, const char *name) {
    nh_h5 *child = (nh_h5 *)g->child;
    if (!child) g->child = child = nh_arena_alloc(s->a, ROOM * sizeof *child);
    int64_t i = 0;
    while (i < g->n_child && strcmp(child[i].name, name) != 0) i++;
    if (i == ROOM) return &child[ROOM - 1];
    if (i == g->n_child) g->n_child++;
    child[i] = (nh_h5){.name = name, .path = nh_arena_printf(s->a, "%s/%s", g->path, name)};
    return &child[i];
}

static void numbers(source *s, nh_h5 *g, const char *name, int rank, const int64_t *dim, bool is_shape) {
    nh_h5 *x = member(s, g, name);
    x->kind = NH_H5_NUMBER;
    x->rank = is_shape ? 1 : rank;
    x->n = 1;
    for (int k = 0; k < x->rank; k++) x->n *= x->dim[k] = is_shape ? rank : dim[k];
    double *v = nh_arena_alloc(s->a, (size_t)(x->n + 1) * sizeof *v);
    for (int64_t i = 0; i < x->n; i++) v[i] = is_shape ? (double)dim[i] : (double)(int)(take(s) % 64) - 32;
    x->number = v;
}

static void scalar(source *s, nh_h5 *g, const char *name, double value) {
    nh_h5 *x = member(s, g, name);
    double *v = NH_NEW(s->a, double);
    *v = value;
    *x = (nh_h5){.name = x->name, .path = x->path, .kind = NH_H5_NUMBER, .n = 1, .number = v};
}

static void text(source *s, nh_h5 *g, const char *name, const char *value) {
    nh_h5 *x = member(s, g, name);
    const char **t = NH_NEW(s->a, const char *);
    *t = value;
    *x = (nh_h5){.name = x->name, .path = x->path, .kind = NH_H5_STRING, .n = 1, .text = t};
}

static nh_h5 *group(source *s, nh_h5 *g, const char *name) {
    nh_h5 *x = member(s, g, name);
    x->kind = NH_H5_GROUP;
    return x;
}

static bool neuron(source *s, nh_h5 *layer) {
    static const char *const kind[] = {"CUBA", "SDNN", "ALIF", "LOIHI", "RF_PHASE", "RF_IZHIKEVICH"};
    static const char *const field[] = {"iDecay",   "vDecay",   "thDecay", "refDecay",
                                        "sinDecay", "cosDecay", "vThStep", "vThMant"};
    unsigned k = take(s) % 6;
    nh_h5 *n = group(s, layer, "neuron");
    text(s, n, "type", kind[k]);
    for (int i = 0; i < 8; i++) scalar(s, n, field[i], take(s) * 16);
    return k >= 4;
}

static void weight(source *s, nh_h5 *layer, bool is_complex, int rank, const int64_t *dim) {
    if (!is_complex) {
        numbers(s, layer, "weight", rank, dim, false);
        return;
    }
    nh_h5 *w = group(s, layer, "weight");
    numbers(s, w, "imag", rank, dim, false);
    numbers(s, w, "real", rank, dim, false);
}

/* A layer that fits *shape, which becomes the layer's. */
static void layer(source *s, nh_h5 *x, int index, nh_shape *shape) {
    unsigned b = take(s);
    int64_t n = 1 + take(s) % 4, size = nh_shape_size(*shape), one = 1;
    const char *type = index == 0 && b % 2 ? "input"
                       : shape->rank == 3  ? texts[1 + (b >> 1) % 5]
                                           : texts[2 + (b >> 1) % 2];
    text(s, x, "type", type);
    bool is_complex = (b & 32) && neuron(s, x);
    if (strcmp(type, "flatten") == 0) *shape = (nh_shape){1, {size}};
    if (strcmp(type, "conv") == 0 || strcmp(type, "pool") == 0) {
        bool is_pool = strcmp(type, "pool") == 0;
        int64_t k = 1 + take(s) % 2, c = is_pool ? shape->dim[0] : n, stride = is_pool ? k : 1 + take(s) % 2;
        weight(s, x, is_complex, 4, (int64_t[]){is_pool ? 1 : n, is_pool ? 1 : shape->dim[0], k, k});
        for (int i = 0; i < 4; i++)
            scalar(s, x, ((const char *[]){"stride", "padding", "dilation", "groups"})[i],
                   i == 0 ? (double)stride : i != 1);
        int64_t h = (shape->dim[1] + (is_pool ? shape->dim[1] % k : 0) - k) / stride + 1;
        int64_t w = (shape->dim[2] + (is_pool ? shape->dim[2] % k : 0) - k) / stride + 1;
        *shape = (nh_shape){3, {c, h > 0 ? h : 1, w > 0 ? w : 1}};
    }
    if (strncmp(type, "dense", 5) == 0) {
        weight(s, x, is_complex, 2, (int64_t[]){n, size});
        if (type[5]) numbers(s, x, "weight_rec", 2, (int64_t[]){n, n}, false);
        *shape = (nh_shape){1, {n}};
    }
    numbers(s, x, "shape", shape->rank, shape->dim, true);
    if (b & 64) numbers(s, x, "bias", 1, (b & 128) ? shape->dim : &one, false);
    if (take(s) % 4 == 0) numbers(s, x, "delay", 1, (b & 128) ? &size : &one, false);
}

static int by_name(const void *a, const void *b) { return strcmp(((const nh_h5 *)a)->name, ((const nh_h5 *)b)->name); }

/* Sorted by name, as nh_h5_read has them. */
static void sort(nh_h5 *g) {
    for (int64_t i = 0; i < g->n_child; i++)
        if (g->child[i].kind == NH_H5_GROUP) sort((nh_h5 *)&g->child[i]);
    if (g->n_child) qsort((nh_h5 *)g->child, (size_t)g->n_child, sizeof *g->child, by_name);
}

/* Up to three members are spoiled. */
static void spoil(source *s, nh_h5 *layers) {
    for (int n = take(s) % 4; n > 0; n--) {
        nh_h5 *x = (nh_h5 *)&layers->child[take(s) % (unsigned)layers->n_child];
        if (take(s) % 2)
            for (int64_t i = 0; i < x->n_child; i++)
                if (strcmp(x->child[i].name, "neuron") == 0 && x->child[i].kind == NH_H5_GROUP) {
                    x = (nh_h5 *)&x->child[i];
                    break;
                }
        if (x->n_child && take(s) % 4 == 0)
            ((nh_h5 *)x->child)[take(s) % (unsigned)x->n_child] = ((nh_h5 *)x->child)[--x->n_child];
        else
            dataset(s, member(s, x, names[take(s) % N_NAMES]));
    }
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
    for (int k = 0; k < 3; k++) o.spiking.input_shape[k] = take(&s) % 8;
    nh_h5 root = {.name = "", .path = ""}, *layers = group(&s, &root, "layer");
    nh_shape shape = take(&s) % 2 ? (nh_shape){3, {1 + take(&s) % 2, 5, 4}} : (nh_shape){1, {5}};
    int n = 1 + take(&s) % 4;
    for (int i = 0; i < n; i++) layer(&s, group(&s, layers, nh_arena_printf(a, "%d", i)), i, &shape);
    spoil(&s, layers);
    sort(&root);
    nh_graph *g = lava_graph(a, d, "fuzz.net", &root, &o);
    if (g ? nh_graph_check(g, a) != NULL : d->n_error == 0) abort();
    nh_arena_free(a);
    return 0;
}
