#include "layout.h"

#include <string.h>

bool nh_is_wire(const nh_layer *l) {
    if (l->op == NH_OP_RESHAPE || l->op == NH_OP_IDENTITY || l->op == NH_OP_TRANSPOSE) return true;
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

/* Do input and output have the same order of elements? */
static bool keeps_order(const nh_layer *l) {
    return l->op != NH_OP_TRANSPOSE && (nh_is_wire(l) || nh_op_get(l->op)->is_elementwise);
}

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

/* --- transpositions ---------------------------------------------------------------------------------------------- */

static bool same_order(const int64_t *a, const int64_t *b, int64_t n) {
    for (int64_t e = 0; e < n; e++)
        if ((a ? a[e] : e) != (b ? b[e] : e)) return false;
    return true;
}

/* The order of the output of a TRANSPOSE whose input comes in `order` (NULL: its own); back: the other way round. NULL:
 * the tensor's own. */
static const int64_t *moved(nh_arena *a, const nh_graph *g, const nh_layer *l, const int64_t *order, bool back) {
    nh_shape in = g->tensor[l->in[0]].shape;
    int64_t n = nh_shape_size(in), *out = nh_arena_array(a, (size_t)n, sizeof *out);
    int64_t *to = nh_arena_array(a, (size_t)n, sizeof *to); /* of an element of the input: its index in the output */
    for (int64_t i = 0; i < n; i++) to[nh_transposed_from(l, in, i)] = i;
    for (int64_t e = 0; e < n; e++) {
        int64_t element = order ? order[e] : e;
        out[e] = back ? nh_transposed_from(l, in, element) : to[element];
    }
    return same_order(out, NULL, n) ? NULL : out;
}

static bool other_order(nh_diag *d, const nh_layer *l) {
    nh_report(d, NH_P_LAYOUT, l->at, "layer '%s': its elements would have to be put into another order", l->name);
    nh_diag_layer(d, l->name);
    nh_diag_hint(d,
                 "images stream pixel by pixel; a transposition that makes images of channels first, or the way back, "
                 "costs nothing");
    return false;
}

/* A transposition costs nothing where one of its sides has no order of its own yet: it takes the other's. Two sides
 * that have one must agree. */
static bool follow_transposes(nh_arena *a, nh_diag *d, const nh_graph *g, const int *root, nh_layout *out) {
    bool changed = true;
    while (changed) {
        changed = false;
        for (int i = 0; i < g->n_layer; i++) {
            const nh_layer *l = &g->layer[i];
            if (l->op != NH_OP_TRANSPOSE) continue;
            nh_layout *x = &out[root[l->in[0]]], *y = &out[root[l->out]];
            if (x->fixed == y->fixed) continue;
            nh_layout *to = x->fixed ? y : x;
            *to = (nh_layout){.channels = 1, .pixels = nh_shape_size(g->tensor[l->out].shape), .fixed = true};
            to->order = moved(a, g, l, (x == to ? y : x)->order, x == to);
            changed = true;
        }
    }
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        if (l->op != NH_OP_TRANSPOSE) continue;
        nh_layout *x = &out[root[l->in[0]]], *y = &out[root[l->out]];
        const int64_t *want = moved(a, g, l, x->order, false);
        if (!x->fixed && !y->fixed) {
            *y = (nh_layout){.channels = 1, .pixels = nh_shape_size(g->tensor[l->out].shape), .order = want};
            x->fixed = y->fixed = true;
        } else if (!same_order(want, y->order, nh_shape_size(g->tensor[l->out].shape))) {
            return other_order(d, l);
        }
    }
    return true;
}

/* A port is in its tensor's own order, or an image pixel by pixel. */
static bool check_ports(nh_diag *d, const nh_graph *g, const nh_layout *out) {
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        const nh_layout *y = &out[l->out];
        bool is_port = l->op == NH_OP_INPUT || l->out == g->output;
        if (is_port && y->order && y->channels == 1) return other_order(d, l);
    }
    return true;
}

nh_layout *nh_layouts(nh_arena *a, nh_diag *d, const nh_graph *g) {
    int *parent = nh_arena_array(a, (size_t)g->n_tensor + 1, sizeof *parent);
    nh_layout *out = nh_arena_array(a, (size_t)g->n_tensor + 1, sizeof *out);
    for (int t = 0; t < g->n_tensor; t++) parent[t] = t;
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        for (int k = 0; keeps_order(l) && k < l->n_in; k++) parent[find(parent, l->in[k])] = find(parent, l->out);
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
        root->fixed = true;
    }
    for (int t = 0; t < g->n_tensor; t++) {
        nh_layout *root = &out[find(parent, t)];
        if (find(parent, t) != t) continue;
        if (!root->channels) *root = (nh_layout){.channels = 1, .pixels = nh_shape_size(g->tensor[t].shape)};
        root->order = order_of(a, root->channels, root->pixels);
    }
    for (int t = 0; t < g->n_tensor; t++) parent[t] = find(parent, t);
    ok = ok && follow_transposes(a, d, g, parent, out);
    for (int t = 0; t < g->n_tensor; t++) out[t] = out[parent[t]];
    return ok && check_ports(d, g, out) ? out : NULL;
}
