/* Convolutions and pools: windows over images [C, H, W] or sequences [C, L]. */
#include <string.h>

#include "onnx_model.h"

/* Axes that a window walks along: the last two of [C, H, W], the last of [C, L]. */
static int spatial_rank(nh_shape s) { return s.rank - 1; }

/* A list with one number per spatial axis, into (h, w) from the right; where it is left out, `absent`. */
static bool per_axis(onnx_reader *r, const onnx_node *n, const char *name, int rank, int64_t absent, int64_t out[2]) {
    const int64_t *list;
    int count;
    out[0] = out[1] = absent;
    if (!onnx_attr_ints(r, n, name, &list, &count)) return false;
    if (count < 0) return true;
    if (count != rank) return onnx_form(r, n, "%s has %d numbers, its input has %d spatial axes", name, count, rank);
    for (int i = 0; i < count; i++) {
        if (list[i] < 1 || list[i] > NH_ONNX_MAX_SAMPLE)
            return onnx_form(r, n, "%s is %lld along an axis", name, (long long)list[i]);
        out[2 - rank + i] = list[i];
    }
    return true;
}

static const char *auto_pad_of(const onnx_node *n) {
    const Onnx__AttributeProto *a = onnx_attr(n, "auto_pad");
    if (!a || !a->s.data) return "NOTSET";
    static const char *const known[] = {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"};
    for (int i = 0; i < 4; i++)
        if (a->s.len == strlen(known[i]) && memcmp(a->s.data, known[i], a->s.len) == 0) return known[i];
    return NULL;
}

/* As many outputs as inputs by stride; an odd element of padding goes behind, or before. */
static void same_padding(nh_window *w, int axis, int64_t in, bool before) {
    int64_t out = (in + w->stride[axis] - 1) / w->stride[axis];
    int64_t span = (w->kernel[axis] - 1) * w->dilation[axis] + 1, all = (out - 1) * w->stride[axis] + span - in;
    if (all < 0) all = 0;
    w->pad_before[axis] = before ? (all + 1) / 2 : all / 2;
    w->pad_after[axis] = all - w->pad_before[axis];
}

/* pads: all begins, then all ends. */
static bool explicit_padding(onnx_reader *r, const onnx_node *n, int rank, nh_window *w) {
    const int64_t *list;
    int count;
    if (!onnx_attr_ints(r, n, "pads", &list, &count)) return false;
    if (count < 0) return true;
    if (count != 2 * rank) return onnx_form(r, n, "pads has %d numbers, not %d", count, 2 * rank);
    for (int i = 0; i < rank; i++) {
        int axis = 2 - rank + i;
        w->pad_before[axis] = list[i];
        w->pad_after[axis] = list[rank + i];
        if (list[i] < 0 || list[rank + i] < 0 || list[i] > NH_ONNX_MAX_SAMPLE || list[rank + i] > NH_ONNX_MAX_SAMPLE)
            return onnx_form(r, n, "pads is negative, or too large");
    }
    return true;
}

static bool padding(onnx_reader *r, const onnx_node *n, nh_shape in, nh_window *w) {
    const char *automatic = auto_pad_of(n);
    int rank = spatial_rank(in);
    if (!automatic) return onnx_form(r, n, "auto_pad is none of NOTSET, VALID, SAME_UPPER, SAME_LOWER");
    if (strcmp(automatic, "NOTSET") == 0) return explicit_padding(r, n, rank, w);
    for (int i = 0; i < rank && automatic[0] == 'S'; i++)
        same_padding(w, 2 - rank + i, in.dim[1 + i], strcmp(automatic, "SAME_LOWER") == 0);
    return true;
}

/* The window of a node over `in`, its kernel given; the shape that it makes with c channels. */
static bool read_window(onnx_reader *r, const onnx_node *n, nh_shape in, int64_t c, nh_window *w, nh_shape *out) {
    int rank = spatial_rank(in);
    if (!per_axis(r, n, "strides", rank, 1, w->stride) || !per_axis(r, n, "dilations", rank, 1, w->dilation) ||
        !padding(r, n, in, w))
        return false;
    *out = in;
    out->dim[0] = c;
    for (int i = 0; i < rank; i++) {
        out->dim[1 + i] = nh_window_out(w, 2 - rank + i, in.dim[1 + i]);
        if (out->dim[1 + i] < 1) return onnx_shape_error(r, n, "its window is larger than its input with the padding");
    }
    return true;
}

static bool is_image(onnx_reader *r, const onnx_node *n, const onnx_value *x) {
    nh_shape s = onnx_shape(r, x);
    if (!x->no_batch && (s.rank == 2 || s.rank == 3)) return true;
    onnx_shape_error(r, n, "its input '%s' is no batch of images or sequences", x->name);
    nh_diag_allowed(r->d, "[batch, channels, height, width] or [batch, channels, length]");
    return false;
}

/* --- convolution -------------------------------------------------------------------------------------------------- */

/* Weights [c_out, c_in / groups, kernel ...] against the input and the attributes. */
static bool check_weights(onnx_reader *r, const onnx_node *n, nh_shape in, const onnx_const *w, int64_t groups) {
    int64_t kernel[2];
    int rank = spatial_rank(in);
    if (w->rank != in.rank + 1 || w->n < 1)
        return onnx_shape_error(r, n, "its weight '%s' does not have rank %d", w->name, in.rank + 1);
    if (groups < 1 || in.dim[0] % groups || w->dim[0] % groups || w->dim[1] != in.dim[0] / groups)
        return onnx_shape_error(
            r, n, "its weight '%s' of %lld x %lld channels does not fit %lld channels in %lld groups", w->name,
            (long long)w->dim[0], (long long)w->dim[1], (long long)in.dim[0], (long long)groups);
    if (!per_axis(r, n, "kernel_shape", rank, 0, kernel)) return false;
    for (int i = 0; i < rank; i++)
        if (kernel[2 - rank + i] && kernel[2 - rank + i] != w->dim[2 + i])
            return onnx_form(r, n, "kernel_shape is not that of its weight");
    return true;
}

bool onnx_read_conv(onnx_reader *r, onnx_node *n) {
    const onnx_value *x = onnx_activation(r, n), *w = onnx_constant(r, n, 1, "the weight W");
    int64_t groups;
    if (!x || !w || !onnx_attr_int(r, n, "group", 1, &groups) || !is_image(r, n, x)) return false;
    nh_shape in = onnx_shape(r, x), out;
    if (!check_weights(r, n, in, &w->c, groups)) return false;
    int rank = spatial_rank(in);
    nh_layer layer = {.op = NH_OP_CONV, .window = {.kernel = {1, 1}, .groups = groups}};
    for (int i = 0; i < rank; i++) layer.window.kernel[2 - rank + i] = w->c.dim[2 + i];
    if (!read_window(r, n, in, w->c.dim[0], &layer.window, &out)) return false;
    const double *value = onnx_const_values(r, r->a, &w->c, false, 1);
    if (!value) return false;
    nh_shape shape = {4, {w->c.dim[0], w->c.dim[1], layer.window.kernel[0], layer.window.kernel[1]}};
    layer.weight = onnx_param(r, w->c.name, shape, value);
    if (onnx_in(r, n, 2)) {
        const onnx_value *b = onnx_constant(r, n, 2, "the bias B");
        if (!b) return false;
        if (b->c.rank != 1 || b->c.n != w->c.dim[0])
            return onnx_shape_error(r, n, "its bias '%s' does not have %lld elements", b->c.name,
                                    (long long)w->c.dim[0]);
        const double *bias = onnx_const_values(r, r->a, &b->c, false, 1);
        if (!bias) return false;
        layer.bias = onnx_param(r, b->c.name, (nh_shape){1, {w->c.dim[0]}}, bias);
    }
    return onnx_add_layer(r, n, layer, x->tensor, out);
}

/* --- pools -------------------------------------------------------------------------------------------------------- */

/* ceil_mode: one output more where the last window would reach beyond the padding, if it begins within the input. */
static void round_up(nh_window *w, nh_shape in, nh_shape *out) {
    int rank = spatial_rank(in);
    for (int i = 0; i < rank; i++) {
        int axis = 2 - rank + i;
        int64_t begin = out->dim[1 + i] * w->stride[axis] - w->pad_before[axis],
                end = begin + (w->kernel[axis] - 1) * w->dilation[axis] + 1;
        int64_t rest =
            in.dim[1 + i] + w->pad_before[axis] + w->pad_after[axis] - ((w->kernel[axis] - 1) * w->dilation[axis] + 1);
        if (rest % w->stride[axis] == 0 || begin >= in.dim[1 + i]) continue;
        w->pad_after[axis] = end - in.dim[1 + i];
        out->dim[1 + i]++;
    }
}

static bool has_padding(const nh_window *w) {
    return w->pad_before[0] || w->pad_before[1] || w->pad_after[0] || w->pad_after[1];
}

/* Does every window have a tap on an element of the input along this axis? */
static bool sees_input(const nh_window *w, int axis, int64_t in, int64_t out) {
    for (int64_t o = 0; o < out; o++) {
        bool any = false;
        for (int64_t k = 0; k < w->kernel[axis] && !any; k++) {
            int64_t at = o * w->stride[axis] + k * w->dilation[axis] - w->pad_before[axis];
            any = at >= 0 && at < in;
        }
        if (!any) return false;
    }
    return true;
}

/* A maximum of padding alone is no number. */
static bool check_max(onnx_reader *r, const onnx_node *n, const nh_window *w, nh_shape in, nh_shape out) {
    int rank = spatial_rank(in);
    for (int i = 0; i < rank; i++)
        if (!sees_input(w, 2 - rank + i, in.dim[1 + i], out.dim[1 + i]))
            return onnx_form(r, n, "a window sees padding only, and has no maximum");
    return true;
}

bool onnx_read_pool(onnx_reader *r, onnx_node *n) {
    bool is_max = strcmp(n->proto->op_type, "MaxPool") == 0;
    const onnx_value *x = onnx_activation(r, n);
    int64_t ceil_mode, with_padding;
    if (!x || !is_image(r, n, x) || !onnx_attr_int(r, n, "ceil_mode", 0, &ceil_mode) ||
        !onnx_attr_int(r, n, "count_include_pad", 0, &with_padding))
        return false;
    nh_shape in = onnx_shape(r, x), out;
    nh_layer layer = {.op = is_max ? NH_OP_MAXPOOL : NH_OP_AVGPOOL, .window = {.groups = in.dim[0]}};
    if (!onnx_attr(n, "kernel_shape")) return onnx_form(r, n, "kernel_shape is missing");
    if (n->n_out > 1 && n->out[1] >= 0 && r->value[n->out[1]].n_uses > 0)
        return onnx_form(r, n, "its second output, the places of the maxima, is read");
    if (!per_axis(r, n, "kernel_shape", spatial_rank(in), 1, layer.window.kernel) ||
        !read_window(r, n, in, in.dim[0], &layer.window, &out))
        return false;
    bool padded = has_padding(&layer.window);
    if (ceil_mode) round_up(&layer.window, in, &out);
    if (is_max && !check_max(r, n, &layer.window, in, out)) return false;
    if (!is_max && padded && !with_padding) {
        onnx_form(r, n, "the padding is left out of its means, which have different divisors then");
        nh_diag_hint(r->d, "export with count_include_pad = 1, or without padding");
        return false;
    }
    if (!is_max && ceil_mode && has_padding(&layer.window) && !padded)
        return onnx_form(r, n, "ceil_mode = 1 makes means with different divisors here");
    return onnx_add_layer(r, n, layer, x->tensor, out);
}

bool onnx_read_global_pool(onnx_reader *r, onnx_node *n) {
    const onnx_value *x = onnx_activation(r, n);
    if (!x || !is_image(r, n, x)) return false;
    nh_shape in = onnx_shape(r, x), out = in;
    int rank = spatial_rank(in);
    nh_layer layer = {.op = strcmp(n->proto->op_type, "GlobalMaxPool") == 0 ? NH_OP_MAXPOOL : NH_OP_AVGPOOL,
                      .window = {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .groups = in.dim[0]}};
    for (int i = 0; i < rank; i++) {
        layer.window.kernel[2 - rank + i] = in.dim[1 + i];
        out.dim[1 + i] = 1;
    }
    return onnx_add_layer(r, n, layer, x->tensor, out);
}
