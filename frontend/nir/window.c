/* Convolutions and pools. */
#include "nir_model.h"

#include <string.h>

static bool is_1d(const nir_node *n) { return strcmp(n->type->name, "Conv1d") == 0; }

static bool wrong_count(nir_model *m, const nir_node *n, const nh_h5 *p, int dims) {
    nh_report(m->d, NH_M_NIR_DTYPE, nir_at(m, p->path), "%s of the %s has %lld numbers", p->name, n->type->name,
              (long long)p->n);
    nh_diag_layer(m->d, n->name);
    nh_diag_allowed(m->d, dims == 1 ? "1" : "1 or 2");
    return false;
}

/* A geometry: one number for both axes, or (h, w); along the width only for Conv1d, where the height keeps `flat`. */
static bool axes(nir_model *m, const nir_node *n, const char *name, int64_t flat, int64_t out[2]) {
    const nh_h5 *p = nir_param(n, name);
    int dims = is_1d(n) ? 1 : 2;
    if (p->n != 1 && p->n != dims) return wrong_count(m, n, p, dims);
    out[0] = dims == 1 ? flat : (int64_t)p->number[0];
    out[1] = (int64_t)p->number[p->n - 1];
    return true;
}

/* "same" as in PyTorch: the odd one of the padding comes after. */
static bool text_padding(nir_model *m, const nir_node *n, const nh_h5 *p, nh_window *w) {
    bool same = strcmp(p->text[0], "same") == 0;
    if (!same && strcmp(p->text[0], "valid") != 0) {
        nh_report(m->d, NH_M_NIR_VALUE, nir_at(m, p->path), "padding is '%.40s'", p->text[0]);
        nh_diag_layer(m->d, n->name);
        nh_diag_allowed(m->d, "integers, \"same\" or \"valid\"");
        return false;
    }
    if (same && (w->stride[0] != 1 || w->stride[1] != 1)) {
        nh_report(m->d, NH_M_NIR_VALUE, nir_at(m, p->path), "padding \"same\" with a stride of (%lld, %lld)",
                  (long long)w->stride[0], (long long)w->stride[1]);
        nh_diag_layer(m->d, n->name);
        nh_diag_allowed(m->d, "stride 1");
        return false;
    }
    for (int k = 0; same && k < 2; k++) {
        int64_t total = w->dilation[k] * (w->kernel[k] - 1);
        w->pad_before[k] = total / 2;
        w->pad_after[k] = total - total / 2;
    }
    return true;
}

static bool padding(nir_model *m, const nir_node *n, nh_window *w) {
    const nh_h5 *p = nir_param(n, "padding");
    if (p->kind == NH_H5_STRING) return text_padding(m, n, p, w);
    if (!axes(m, n, "padding", 0, w->pad_before)) return false;
    memcpy(w->pad_after, w->pad_before, sizeof w->pad_after);
    return true;
}

static bool window_of(nir_model *m, const nir_node *n, nh_window *w) {
    *w = (nh_window){.dilation = {1, 1}, .groups = 1};
    const nh_h5 *weight = nir_param(n, "weight");
    if (!axes(m, n, "stride", 1, w->stride)) return false;
    if (!weight) return axes(m, n, "kernel_size", 1, w->kernel) && padding(m, n, w);
    w->kernel[0] = is_1d(n) ? 1 : weight->dim[2];
    w->kernel[1] = weight->dim[weight->rank - 1];
    w->groups = (int64_t)nir_param(n, "groups")->number[0];
    return axes(m, n, "dilation", 1, w->dilation) && padding(m, n, w);
}

/* Output size; the window has to fit. */
static bool slide(nir_model *m, nir_node *n, const nh_window *w, int64_t channels) {
    n->y = n->x;
    n->y.dim[0] = channels;
    for (int axis = n->x.rank == 3 ? 0 : 1; axis < 2; axis++) {
        int64_t size = nh_window_out(w, axis, n->x.dim[n->x.rank - 2 + axis]);
        if (size < 1)
            return nir_misfit(m, n, (nh_shape){0}, "a window of %lldx%lld does not fit into the signal",
                              (long long)w->kernel[0], (long long)w->kernel[1]);
        n->y.dim[n->x.rank - 2 + axis] = size;
    }
    return true;
}

/* The signal is (channels,) + space; with one more dimension in front, that one may be time. */
static bool check_image(nir_model *m, nir_node *n, int64_t channels) {
    int rank = is_1d(n) ? 2 : 3;
    if (n->x.rank == rank && (channels == 0 || n->x.dim[0] == channels)) return true;
    nh_shape want = {0};
    if (n->x.rank == rank + 1 && (channels == 0 || n->x.dim[1] == channels)) {
        want = n->x;
        want.dim[0] = 1;
        want = nir_without_ones(want, rank);
    }
    if (channels == 0) return nir_misfit(m, n, want, "a %s reads signals of shape (channels, h, w)", n->type->name);
    return nir_misfit(m, n, want, "a %s of %lld channels cannot read this signal", n->type->name, (long long)channels);
}

static bool check_input_shape(nir_model *m, nir_node *n) {
    const nh_h5 *p = nir_param(n, "input_shape");
    int dims = is_1d(n) ? 1 : 2;
    if (!p) {
        nh_report(m->d, NH_M_NIR_INFERRED, nir_at_node(m, n), "the %s has no input_shape; it follows from its signal",
                  n->type->name);
        nh_diag_layer(m->d, n->name);
        return true;
    }
    if (p->n != 1 && p->n != dims) return wrong_count(m, n, p, dims);
    for (int k = 0; k < dims; k++)
        if ((int64_t)p->number[p->n == 1 ? 0 : k] != n->x.dim[1 + k])
            return nir_misfit(m, n, (nh_shape){0}, "its signal is not as large as input_shape says%s",
                              nir_position(m->scratch, p, k));
    return true;
}

/* Weight and bias against each other. */
static bool check_weights(nir_model *m, const nir_node *n) {
    const nh_h5 *weight = nir_param(n, "weight"), *bias = nir_param(n, "bias"), *groups = nir_param(n, "groups");
    int rank = is_1d(n) ? 3 : 4;
    char text[96];
    if (weight->rank != rank || bias->n != weight->dim[0]) {
        const nh_h5 *p = weight->rank != rank ? weight : bias;
        nh_report(m->d, NH_M_NIR_DTYPE, nir_at(m, p->path), "%s has the wrong shape", p->name);
        nh_diag_layer(m->d, n->name);
        nh_diag_found(m->d, "%s", nh_shape_print(nir_h5_shape(p), text));
        nh_diag_allowed(m->d, p == bias   ? "one number per output channel"
                              : rank == 3 ? "(out, in/groups, k)"
                                          : "(out, in/groups, kh, kw)");
        return false;
    }
    if (groups->n == 1 && weight->dim[0] % (int64_t)groups->number[0] == 0) return true;
    nh_report(m->d, NH_M_NIR_VALUE, nir_at(m, groups->path), "groups of %lld output channels is %g",
              (long long)weight->dim[0], groups->number[0]);
    nh_diag_layer(m->d, n->name);
    nh_diag_allowed(m->d, "one number that divides them");
    return false;
}

bool nir_shape_conv(nir_model *m, nir_node *n) {
    const nh_h5 *weight = nir_param(n, "weight");
    nh_window w;
    if (!check_weights(m, n) || !window_of(m, n, &w)) return false;
    if (!check_image(m, n, weight->dim[1] * w.groups) || !check_input_shape(m, n)) return false;
    return slide(m, n, &w, weight->dim[0]);
}

bool nir_shape_pool(nir_model *m, nir_node *n) {
    nh_window w;
    return window_of(m, n, &w) && check_image(m, n, 0) && slide(m, n, &w, n->x.dim[0]);
}

bool nir_build_conv(nir_model *m, nir_node *n, nh_layer *l) {
    const nh_h5 *weight = nir_param(n, "weight"), *bias = nir_param(n, "bias");
    l->op = NH_OP_CONV;
    if (!window_of(m, n, &l->window)) return false;
    nh_shape shape = {4, {weight->dim[0], weight->dim[1], l->window.kernel[0], l->window.kernel[1]}};
    l->weight = nir_make_param(m, n, weight, shape);
    l->bias = nir_make_param(m, n, bias, (nh_shape){1, {weight->dim[0]}});
    return true;
}

bool nir_build_pool(nir_model *m, nir_node *n, nh_layer *l) {
    l->op = strcmp(n->type->name, "SumPool2d") == 0 ? NH_OP_SUMPOOL : NH_OP_AVGPOOL;
    return window_of(m, n, &l->window);
}
