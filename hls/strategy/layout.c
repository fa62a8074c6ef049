#include "layout.h"

#include <string.h>

bool nh_is_wire(const nh_layer *l) {
    if (l->op == NH_OP_RESHAPE || l->op == NH_OP_IDENTITY) return true;
    if (l->op != NH_OP_DELAY) return false;
    for (int64_t i = 0; i < l->n_delay; i++)
        if (l->delay[i] > 0) return false;
    return true;
}

int nh_root_tensor(const nh_graph *g, int tensor) {
    while (nh_is_wire(&g->layer[g->tensor[tensor].producer])) tensor = g->layer[g->tensor[tensor].producer].in[0];
    return tensor;
}

static int find(int *parent, int t) {
    while (parent[t] != t) t = parent[t] = parent[parent[t]];
    return t;
}

static bool is_elementwise(const nh_layer *l) { return nh_is_wire(l) || nh_op_get(l->op)->is_elementwise; }

/* Only tensors that windows walk over are images; [C, H, W] of dense layers is a vector. */
static bool is_image(const nh_graph *g, int t) {
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        if (nh_op_has_window(l->op) && (l->in[0] == t || l->out == t)) return true;
    }
    return false;
}

static int64_t *order_of(nh_arena *a, int64_t channels, int64_t pixels) {
    if (channels == 1 || pixels == 1) return NULL;
    int64_t *order = nh_arena_array(a, (size_t)(channels * pixels), sizeof *order);
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t c = 0; c < channels; c++) order[p * channels + c] = c * pixels + p;
    return order;
}

nh_layout *nh_layouts(nh_arena *a, nh_diag *d, const nh_graph *g) {
    int *parent = nh_arena_array(a, (size_t)g->n_tensor + 1, sizeof *parent);
    nh_layout *out = nh_arena_array(a, (size_t)g->n_tensor + 1, sizeof *out);
    for (int t = 0; t < g->n_tensor; t++) parent[t] = t;
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        for (int k = 0; is_elementwise(l) && k < l->n_in; k++) parent[find(parent, l->in[k])] = find(parent, l->out);
    }
    bool ok = true;
    for (int t = 0; t < g->n_tensor; t++) {
        if (!is_image(g, t)) continue;
        nh_shape s = g->tensor[t].shape;
        nh_layout *root = &out[find(parent, t)];
        int64_t channels = s.dim[0], pixels = nh_shape_size(s) / s.dim[0];
        if (root->channels && (root->channels != channels || root->pixels != pixels)) {
            const nh_layer *l = &g->layer[g->tensor[t].producer];
            ok = nh_report(d, NH_P_LAYOUT, l->at,
                           "layer '%s': %lld channels of %lld pixels here, %lld of %lld elsewhere", l->name,
                           (long long)channels, (long long)pixels, (long long)root->channels, (long long)root->pixels);
            nh_diag_layer(d, l->name);
        }
        root->channels = channels;
        root->pixels = pixels;
    }
    for (int t = 0; t < g->n_tensor; t++) {
        nh_layout *root = &out[find(parent, t)];
        if (find(parent, t) != t) continue;
        if (!root->channels) *root = (nh_layout){.channels = 1, .pixels = nh_shape_size(g->tensor[t].shape)};
        root->order = order_of(a, root->channels, root->pixels);
    }
    for (int t = 0; t < g->n_tensor; t++) out[t] = out[find(parent, t)];
    return ok ? out : NULL;
}
