#include "ir.h"
#include "unary.h"

#include <stdio.h>

#define SIZE_LIMIT ((int64_t)1 << 40)

int64_t nh_shape_size(nh_shape s) {
    int64_t size = 1;
    if (s.rank < 0 || s.rank > NH_MAX_RANK) return -1;
    for (int i = 0; i < s.rank; i++) {
        if (s.dim[i] < 0 || __builtin_mul_overflow(size, s.dim[i], &size)) return -1;
        if (size > SIZE_LIMIT) return -1;
    }
    return size;
}

bool nh_shape_equal(nh_shape a, nh_shape b) {
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; i++)
        if (a.dim[i] != b.dim[i]) return false;
    return true;
}

const char *nh_shape_print(nh_shape s, char buf[96]) {
    enum { SIZE = 96 };
    size_t n = 0;
    snprintf(buf, SIZE, "scalar");
    for (int i = 0; i < s.rank && n < SIZE; i++)
        n += (size_t)snprintf(buf + n, SIZE - n, "%s%lld", i ? "x" : "", (long long)s.dim[i]);
    return buf;
}

nh_axis nh_axis_of(nh_shape s, int axis, int n_axes) {
    nh_axis a = {1, 1, 1};
    for (int i = 0; i < s.rank; i++) *(i < axis ? &a.outer : i < axis + n_axes ? &a.n : &a.inner) *= s.dim[i];
    return a;
}

nh_axis nh_layer_axis(const nh_graph *g, const nh_layer *l) {
    return nh_axis_of(g->tensor[l->in[0]].shape, l->axis, l->n_axes);
}

static int64_t last_dim(nh_shape s) { return s.rank > 0 ? s.dim[s.rank - 1] : 1; }

/* One vector of n elements: all leading dimensions are 1. */
static bool is_vector(nh_shape s, int64_t n) { return s.rank >= 1 && last_dim(s) == n && nh_shape_size(s) == n; }

static const char *dense_mismatch(const nh_graph *g, const nh_layer *l) {
    nh_shape x = g->tensor[l->in[0]].shape, y = g->tensor[l->out].shape, w = l->weight->shape;
    if (w.rank != 2) return "the weight of a dense layer is not a matrix";
    if (!is_vector(x, w.dim[1])) return "the input does not have as many elements as the weight has columns";
    if (!is_vector(y, w.dim[0])) return "the output does not have as many elements as the weight has rows";
    if (l->bias && (l->bias->shape.rank != 1 || l->bias->shape.dim[0] != w.dim[0]))
        return "the bias does not have one element per output";
    return NULL;
}

static const char *batchnorm_mismatch(const nh_graph *g, const nh_layer *l) {
    nh_shape x = g->tensor[l->in[0]].shape, w = l->weight->shape;
    if (!nh_shape_equal(x, g->tensor[l->out].shape)) return "input and output differ in shape";
    if (w.rank != 1 || w.dim[0] != nh_layer_axis(g, l).n) return "the factors are not one per channel";
    if (l->bias && !nh_shape_equal(l->bias->shape, w)) return "the offsets are not one per channel";
    return l->bias && l->op == NH_OP_PRELU ? "it has offsets" : NULL;
}

/* Channels, height and width of [C, H, W] or [C, L]. */
static bool as_image(nh_shape s, int64_t chw[3]) {
    if (s.rank != 2 && s.rank != 3) return false;
    chw[0] = s.dim[0];
    chw[1] = s.rank == 3 ? s.dim[1] : 1;
    chw[2] = s.dim[s.rank - 1];
    return true;
}

int64_t nh_window_out(const nh_window *w, int axis, int64_t in) {
    int64_t reach = w->dilation[axis] * (w->kernel[axis] - 1) + 1,
            room = in + w->pad_before[axis] + w->pad_after[axis] - reach;
    return room < 0 ? 0 : room / w->stride[axis] + 1;
}

static const char *window_mismatch(const nh_graph *g, const nh_layer *l) {
    nh_shape x = g->tensor[l->in[0]].shape, y = g->tensor[l->out].shape;
    const nh_window *w = &l->window;
    int64_t in[3], out[3];
    if (!as_image(x, in) || !as_image(y, out) || x.rank != y.rank)
        return "input and output are not both [C, H, W] or [C, L]";
    for (int k = 0; k < 2; k++) {
        if (w->kernel[k] < 1 || w->stride[k] < 1 || w->dilation[k] < 1 || w->pad_before[k] < 0 || w->pad_after[k] < 0)
            return "kernel, stride and dilation are not at least 1, or a padding is negative";
        if (nh_window_out(w, k, in[1 + k]) != out[1 + k])
            return "the output does not have the size that the window gives";
    }
    if (l->op != NH_OP_CONV) return in[0] == out[0] ? NULL : "input and output differ in channels";
    nh_shape k = l->weight->shape;
    if (k.rank != 4 || k.dim[2] != w->kernel[0] || k.dim[3] != w->kernel[1])
        return "the weight is not [c_out, c_in/groups, kh, kw]";
    if (w->groups < 1 || in[0] % w->groups || out[0] % w->groups) return "the channels are not divisible by the groups";
    if (k.dim[0] != out[0] || k.dim[1] != in[0] / w->groups) return "the weight does not fit the channels";
    if (l->bias && (l->bias->shape.rank != 1 || l->bias->shape.dim[0] != out[0]))
        return "the bias does not have one element per channel";
    return NULL;
}

/* Elementwise layers of several inputs. */
static const char *same_shapes(const nh_graph *g, const nh_layer *l) {
    for (int k = 0; k < l->n_in; k++)
        if (!nh_shape_equal(g->tensor[l->in[k]].shape, g->tensor[l->out].shape))
            return "inputs and output differ in shape";
    return NULL;
}

static const char *delay_mismatch(const nh_graph *g, const nh_layer *l) {
    int64_t n = nh_shape_size(g->tensor[l->out].shape);
    if (!l->delay || (l->n_delay != 1 && l->n_delay != n)) return "there is not one delay, or one per element";
    for (int64_t i = 0; i < l->n_delay; i++)
        if (l->delay[i] < 0) return "a delay is negative";
    return same_shapes(g, l);
}

static bool is_per(int64_t n, nh_shape s) { return n == 1 || n == nh_shape_size(s) || (s.rank > 1 && n == s.dim[0]); }

static const char *neuron_mismatch(const nh_graph *g, const nh_layer *l) {
    const nh_neuron *n = l->neuron;
    nh_shape s = g->tensor[l->out].shape;
    if (!n) return "it has no neuron model";
    for (int i = 0; i < n->n_ode; i++)
        if (!is_per(n->ode[i].n, s)) return "a neuron parameter is not one for all, one per channel or one per neuron";
    if (n->program && n->program->n_input != l->n_in) return "the neuron model has another number of inputs";
    for (int i = 0; n->program && i < n->program->n_param; i++)
        if (!is_per(n->param[i].n, s))
            return "a neuron parameter is not one for all, one per channel or one per neuron";
    return same_shapes(g, l);
}

static const char *transpose_mismatch(nh_shape x, nh_shape y, const nh_layer *l) {
    unsigned seen = 0;
    if (x.rank != y.rank) return "input and output differ in rank";
    for (int k = 0; k < x.rank; k++) {
        if (l->perm[k] < 0 || l->perm[k] >= x.rank || seen >> l->perm[k] & 1) return "it names no order of the axes";
        if (y.dim[k] != x.dim[l->perm[k]]) return "the output does not have the input's sizes in the order it names";
        seen |= 1u << l->perm[k];
    }
    return NULL;
}

bool nh_layer_is_late(const nh_layer *l) {
    if (l->op != NH_OP_DELAY || !l->delay) return false;
    for (int64_t i = 0; i < l->n_delay; i++)
        if (l->delay[i] < 1) return false;
    return true;
}

/* The axes that l names, by its row of op.def. */
static const char *axis_mismatch(const nh_graph *g, const nh_layer *l) {
    nh_axis_rule rule = nh_op_get(l->op)->axis;
    if (rule == NH_AXIS_NONE || rule == NH_AXIS_FIRST)
        return l->axis || l->n_axes ? "it names an axis, which its operator does not have" : NULL;
    int rank = g->tensor[l->in[0]].shape.rank;
    if (l->axis < 0 || l->n_axes < 0 || l->n_axes > rank || l->axis > rank - l->n_axes)
        return "its input does not have the axes it names";
    if (l->n_axes == 0 && rule != NH_AXIS_CHANNELS && rank > 0) return "it names no axis";
    return NULL;
}

const char *nh_shape_mismatch(const nh_graph *g, const nh_layer *l) {
    nh_shape y = g->tensor[l->out].shape, x = l->n_in > 0 ? g->tensor[l->in[0]].shape : y;
    if (nh_shape_size(x) < 1 || nh_shape_size(y) < 1) return "a shape is empty or too large";
    const char *axis = axis_mismatch(g, l);
    if (axis) return axis;
    if (nh_unary_get(l->op)) return nh_shape_equal(x, y) ? NULL : "input and output differ in shape";
    switch (l->op) {
    case NH_OP_INPUT: return NULL;
    case NH_OP_DENSE: return dense_mismatch(g, l);
    case NH_OP_PRELU:
    case NH_OP_BATCHNORM: return batchnorm_mismatch(g, l);
    case NH_OP_RELU:
    case NH_OP_LEAKY_RELU:
    case NH_OP_CLIP:
    case NH_OP_SOFTMAX:
    case NH_OP_LOG_SOFTMAX:
    case NH_OP_IDENTITY: return nh_shape_equal(x, y) ? NULL : "input and output differ in shape";
    case NH_OP_RESHAPE: return nh_shape_size(x) == nh_shape_size(y) ? NULL : "input and output differ in size";
    case NH_OP_TRANSPOSE: return transpose_mismatch(x, y, l);
    case NH_OP_ARGMAX:
        return nh_shape_size(y) * nh_layer_axis(g, l).n == nh_shape_size(x)
                   ? NULL
                   : "the output does not have one element for those along the axes";
    case NH_OP_CONV:
    case NH_OP_SUMPOOL:
    case NH_OP_AVGPOOL:
    case NH_OP_MAXPOOL: return window_mismatch(g, l);
    case NH_OP_ADD: return same_shapes(g, l);
    case NH_OP_DELAY: return delay_mismatch(g, l);
    case NH_OP_NEURON: return neuron_mismatch(g, l);
    default: break;
    }
    return "the operator is unknown";
}
