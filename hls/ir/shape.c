#include "ir.h"

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

static int64_t last_dim(nh_shape s) {
    return s.rank > 0 ? s.dim[s.rank - 1] : 1;
}

/* One vector of n elements: all leading dimensions are 1. */
static bool is_vector(nh_shape s, int64_t n) {
    return s.rank >= 1 && last_dim(s) == n && nh_shape_size(s) == n;
}

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
    if (w.rank != 1 || w.dim[0] != last_dim(x)) return "the factors are not one per channel";
    if (l->bias && !nh_shape_equal(l->bias->shape, w)) return "the offsets are not one per channel";
    return NULL;
}

const char *nh_shape_mismatch(const nh_graph *g, const nh_layer *l) {
    nh_shape y = g->tensor[l->out].shape, x = l->n_in > 0 ? g->tensor[l->in[0]].shape : y;
    if (nh_shape_size(x) < 1 || nh_shape_size(y) < 1) return "a shape is empty or too large";
    switch (l->op) {
    case NH_OP_INPUT: return NULL;
    case NH_OP_DENSE: return dense_mismatch(g, l);
    case NH_OP_BATCHNORM: return batchnorm_mismatch(g, l);
    case NH_OP_RELU:
    case NH_OP_LEAKY_RELU:
    case NH_OP_CLIP:
    case NH_OP_SIGMOID:
    case NH_OP_TANH:
    case NH_OP_SOFTMAX:
    case NH_OP_IDENTITY: return nh_shape_equal(x, y) ? NULL : "input and output differ in shape";
    case NH_OP_RESHAPE:
        return nh_shape_size(x) == nh_shape_size(y) ? NULL : "input and output differ in size";
    case NH_OP_ARGMAX:
        return nh_shape_size(y) * last_dim(x) == nh_shape_size(x)
                   ? NULL
                   : "the output does not have one element per row";
    case NH_OP_COUNT: break;
    }
    return "the operator is unknown";
}
