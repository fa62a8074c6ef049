#include "lava.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *text;
    lava_type type;
    const char *known; /* members that may be there */
    const char *why;   /* the layer cannot be built: because */
} layer_row;

static const layer_row layer_table[] = {
    {"input", LAVA_INPUT, "type shape neuron weight bias", NULL},
    {"conv", LAVA_CONV,
     "type shape neuron inChannels outChannels kernelSize stride padding dilation groups weight bias delay", NULL},
    {"dense", LAVA_DENSE, "type shape neuron inFeatures outFeatures weight bias delay", NULL},
    {"dense_rec", LAVA_DENSE_REC, "type shape neuron inFeatures outFeatures weight weight_rec bias delay", NULL},
    {"pool", LAVA_POOL, "type shape neuron kernelSize stride padding dilation weight delay", NULL},
    {"flatten", LAVA_FLATTEN, "type shape", NULL},
    {"convT", 0, NULL, "transposed convolutions are not built (nor does lava-dl's netx read them)"},
    {"unpool", 0, NULL, "transposed convolutions are not built (nor does lava-dl's netx read them)"},
    {"average", 0, NULL,
     "the file does not say over what is averaged; take it off and average the output spikes of the layer before"},
    {"concat", 0, NULL, "the format names no layers that are joined (nor does lava-dl's netx read it)"},
    {"dense_comp", 0, NULL, "no writer of it is known; 'dense' with weight/real and weight/imag is read"},
};
enum { N_ROWS = sizeof layer_table / sizeof *layer_table };

static const layer_row *find_row(lava_reader *r, const lava_layer *l, const char *text) {
    const char *name[N_ROWS];
    for (size_t i = 0; i < N_ROWS; i++) {
        if (strcmp(layer_table[i].text, text) == 0) return &layer_table[i];
        name[i] = layer_table[i].text;
    }
    nh_report(r->d, NH_M_LAVA_LAYER, l->at, "the layer's type '%s' is not known", text);
    const char *near = nh_did_you_mean(text, name, N_ROWS);
    if (near) nh_diag_hint(r->d, "did you mean '%s'?", near);
    nh_diag_allowed(r->d, "input, conv, dense, dense_rec, pool, flatten");
    return NULL;
}

static bool read_shape(lava_reader *r, lava_layer *l) {
    lava_ints s = {0};
    if (!lava_ints_read(r, l->group, "shape", true, 1, LAVA_MAX_ELEMENTS, &s)) return false;
    if (s.n > 3) {
        nh_report(r->d, NH_M_LAVA_SHAPE, s.at, "a shape has %lld dimensions", (long long)s.n);
        nh_diag_allowed(r->d, "[C, H, W] or [N]");
        return false;
    }
    l->shape.rank = (int)s.n;
    memcpy(l->shape.dim, s.value, (size_t)s.n * sizeof *s.value);
    int64_t size = nh_shape_size(l->shape);
    if (size < 0 || size > LAVA_MAX_ELEMENTS) {
        char text[96];
        nh_report(r->d, NH_M_LAVA_SHAPE, s.at, "a layer of %s neurons is too large", nh_shape_print(l->shape, text));
        nh_diag_allowed(r->d, "%lld neurons", (long long)LAVA_MAX_ELEMENTS);
        return false;
    }
    bool is_image = l->type == LAVA_CONV || l->type == LAVA_POOL;
    if (is_image && l->shape.rank != 3) {
        char text[96];
        nh_report(r->d, NH_M_LAVA_SHAPE, s.at, "the shape of a convolution or pool is not [C, H, W]");
        nh_diag_found(r->d, "%s", nh_shape_print(l->shape, text));
        return false;
    }
    if (!is_image && l->type != LAVA_INPUT) l->shape = (nh_shape){1, {size}};
    return true;
}

/* Numbers that say again what the weight says: netx ignores them, a file where they differ is damaged. */
static bool agrees(lava_reader *r, const lava_layer *l, const char *name, int64_t value) {
    int64_t told = value;
    if (!lava_int_read(r, l->group, name, 1, LAVA_MAX_ELEMENTS, &told)) return false;
    if (told == value) return true;
    nh_report(r->d, NH_M_LAVA_SHAPE, lava_member_at(r, l->group, name), "'%s' is not what the weight and shape say",
              name);
    nh_diag_found(r->d, "%lld", (long long)told);
    nh_diag_allowed(r->d, "%lld", (long long)value);
    return false;
}

static bool read_sizes(lava_reader *r, const lava_layer *l) {
    const nh_shape *w = &l->weight[0].shape;
    switch (l->type) {
    case LAVA_DENSE:
    case LAVA_DENSE_REC: {
        bool ok = agrees(r, l, "inFeatures", w->dim[1]);
        return agrees(r, l, "outFeatures", w->dim[0]) && ok;
    }
    case LAVA_CONV: {
        bool ok = agrees(r, l, "inChannels", w->dim[1] * l->window.groups);
        return agrees(r, l, "outChannels", w->dim[0]) && ok;
    }
    case LAVA_INPUT:
    case LAVA_POOL:
    case LAVA_FLATTEN: break;
    }
    return true;
}

/* An input's weight and bias are the caller's: netx hands them out as `transform` and does not apply them. */
static void tell_transform(lava_reader *r, const lava_layer *l) {
    if (!nh_h5_find(l->group, "weight") && !nh_h5_find(l->group, "bias")) return;
    nh_report(r->d, NH_M_LAVA_DECIDED, l->at, "weight and bias of the input layer are not applied, as in lava-dl");
    nh_diag_hint(
        r->d,
        "they say how raw data become the network's input: data * weight + bias, before it is given to the network");
}

static bool read_bias(lava_reader *r, lava_layer *l) {
    const int64_t limit = (int64_t)1 << 24;
    if (!lava_ints_read(r, l->group, "bias", false, -limit, limit, &l->bias)) return false;
    return lava_is_per(r, &l->bias, "bias", l->shape);
}

static bool read_layer(lava_reader *r, lava_layer *l) {
    bool ok = true;
    const char *text = lava_text(r, l->group, "type", true, &ok);
    const layer_row *row = text ? find_row(r, l, text) : NULL;
    if (!row) return false;
    if (row->why) {
        nh_report(r->d, NH_M_LAVA_LAYER, l->at, "layers of type '%s' are not supported", text);
        nh_diag_hint(r->d, "%s", row->why);
        return false;
    }
    l->type = row->type;
    lava_known(r, l->group, row->known);
    bool has_shape = read_shape(r, l);
    if (l->type == LAVA_FLATTEN) return has_shape;
    bool has_neuron = lava_neuron_read(r, l); /* each part reports its own */
    if (l->type == LAVA_INPUT) {
        tell_transform(r, l);
        return has_shape && has_neuron;
    }
    if (!has_shape) return false;
    bool has_weights = lava_weights_read(r, l);
    ok = has_weights && read_sizes(r, l);
    ok = read_bias(r, l) && ok;
    return lava_delay_read(r, l) && ok && has_neuron;
}

/* The number in a layer's name, or -1. */
static int64_t number_of(const char *name) {
    size_t n = strlen(name);
    if (n < 1 || n > 6 || strspn(name, "0123456789") != n || (n > 1 && *name == '0')) return -1;
    return strtol(name, NULL, 10);
}

/* The layers in the order of their numbers (HDF5 has them as text: 0, 1, 10, 2). */
static bool sort_layers(lava_reader *r, const nh_h5 *group) {
    bool ok = true;
    if (group->n_child < 1 || group->n_child > LAVA_MAX_LAYERS)
        return nh_report(r->d, NH_M_LAVA_FORM, lava_at(r, group), "there are %lld layers, and there may be 1..%d",
                         (long long)group->n_child, LAVA_MAX_LAYERS);
    r->n_layer = (int)group->n_child;
    r->layer = nh_arena_array(r->a, (size_t)r->n_layer, sizeof *r->layer);
    for (int64_t i = 0; i < group->n_child; i++) {
        const nh_h5 *x = &group->child[i];
        int64_t k = number_of(x->name);
        if (k < 0 || k >= r->n_layer || x->kind != NH_H5_GROUP) {
            ok = nh_report(r->d, NH_M_LAVA_FORM, lava_at(r, x), "'%s' is not one of the layers 0..%d", x->name,
                           r->n_layer - 1);
            nh_diag_hint(r->d, "layers are groups that are numbered without gaps");
            continue;
        }
        r->layer[k] = (lava_layer){
            .index = (int)k, .name = nh_arena_printf(r->a, "layer%d", (int)k), .group = x, .at = lava_at(r, x)};
    }
    return ok;
}

static bool select_layers(lava_reader *r, const nh_h5 *group) {
    int64_t n = r->o && r->o->spiking.num_layers > 0 ? r->o->spiking.num_layers : r->n_layer;
    int64_t skip = r->o ? r->o->spiking.skip_layers : 0;
    if (n < r->n_layer) r->n_layer = (int)n;
    if (skip >= 0 && skip < r->n_layer) {
        for (int i = 0; i < r->n_layer; i++) r->layer[i].is_kept = i >= skip;
        return true;
    }
    nh_report(r->d, NH_M_LAVA_SELECT, lava_at(r, group), "skip_layers leaves nothing of the network");
    nh_diag_found(r->d, "skip_layers: %lld of %d layers", (long long)skip, r->n_layer);
    return false;
}

bool lava_layers_read(lava_reader *r, const nh_h5 *root) {
    const nh_h5 *group = nh_h5_find(root, "layer");
    if (!group || group->kind != NH_H5_GROUP) {
        nh_report(r->d, NH_M_LAVA_FORM, (nh_loc){.file = r->path}, "the file has no group 'layer'");
        nh_diag_hint(r->d, "a .net file is what lava-dl's export_hdf5 writes");
        return false;
    }
    lava_known(r, root, "layer simulation");
    if (nh_h5_find(root, "simulation"))
        nh_report(r->d, NH_M_LAVA_DECIDED, lava_member_at(r, root, "simulation"),
                  "the sampling time and duration of the training have no effect, as in lava-dl");
    if (!sort_layers(r, group) || !select_layers(r, group)) return false;
    bool ok = true;
    for (int i = 0; i < r->n_layer; i++) {
        size_t first = r->d->count;
        ok = read_layer(r, &r->layer[i]) && ok;
        for (size_t k = first; k < r->d->count; k++)
            if (!r->d->item[k].layer) r->d->item[k].layer = r->layer[i].name;
    }
    return ok;
}
