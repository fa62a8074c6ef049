#include "onnx_model.h"

#include <float.h>
#include <string.h>

bool onnx_read_simple(onnx_reader *r, onnx_node *n) {
    static const struct {
        const char *name;
        nh_op op;
    } table[] = {{"Relu", NH_OP_RELU},
                 {"LeakyRelu", NH_OP_LEAKY_RELU},
                 {"Sigmoid", NH_OP_SIGMOID},
                 {"Tanh", NH_OP_TANH}};
    nh_layer layer = {0};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, n->proto->op_type) == 0) layer.op = table[i].op;
    const onnx_value *x = onnx_activation(r, n);
    if (!x) return false;
    if (layer.op == NH_OP_LEAKY_RELU && !onnx_attr_float(r, n, "alpha", (double)0.01f, &layer.alpha))
        return false;
    return onnx_add_layer(r, n, layer, x->tensor, onnx_shape(r, x));
}

/* A bound of Clip: an attribute up to operator set 10, an input (a scalar constant) from 11 on. */
static bool bound(onnx_reader *r, const onnx_node *n, int input, const char *name, double absent,
                  double *out) {
    if (!onnx_attr_float(r, n, name, absent, out)) return false;
    if (!onnx_in(r, n, input)) return true;
    const onnx_value *c = onnx_constant(r, n, input, name);
    if (!c) return false;
    if (c->c.n != 1) return onnx_shape_error(r, n, "%s '%s' is not one number", name, c->name);
    const double *v = onnx_const_values(r, r->scratch, &c->c, false, 1);
    if (!v) return false;
    *out = *v;
    return true;
}

/* A missing bound is the largest float, as the standard has it up to operator set 10. */
bool onnx_read_clip(onnx_reader *r, onnx_node *n) {
    const double most = (double)FLT_MAX;
    const onnx_value *x = onnx_activation(r, n);
    nh_layer layer = {.op = NH_OP_CLIP};
    if (!x || !bound(r, n, 1, "min", -most, &layer.lo) || !bound(r, n, 2, "max", most, &layer.hi))
        return false;
    if (layer.lo > layer.hi) return onnx_form(r, n, "min %g is above max %g", layer.lo, layer.hi);
    if (layer.lo == 0 && layer.hi >= most)
        layer = (nh_layer){.op = NH_OP_RELU};
    else if (layer.lo <= -most && layer.hi >= most)
        layer = (nh_layer){.op = NH_OP_IDENTITY};
    return onnx_add_layer(r, n, layer, x->tensor, onnx_shape(r, x));
}

/* The axis attribute as an axis of shape s, which has no batch. */
static bool own_axis(onnx_reader *r, const onnx_node *n, nh_shape s, int64_t axis, int *out) {
    int64_t rank = s.rank + 1, from = axis < 0 ? axis + rank : axis;
    if (from >= 1 && from < rank) {
        *out = (int)from - 1;
        return true;
    }
    onnx_form(r, n, from == 0 ? "axis %lld is the batch" : "axis %lld is not one of its input", (long long)axis);
    if (rank > 1) nh_diag_allowed(r->d, "1 to %lld, or -1 to %lld", (long long)rank - 1, 1 - (long long)rank);
    else nh_diag_hint(r->d, "give its input a dimension behind that of the samples");
    return false;
}

/* Up to operator set 12 the dimensions from `axis` on are taken together, and axis is 1 by default. */
bool onnx_read_softmax(onnx_reader *r, onnx_node *n) {
    int64_t axis;
    const onnx_value *x = onnx_activation(r, n);
    if (!x || !onnx_attr_int(r, n, "axis", r->opset < 13 ? 1 : -1, &axis)) return false;
    nh_shape s = onnx_shape(r, x);
    nh_layer layer = {.op = NH_OP_SOFTMAX, .n_axes = 1};
    if (!own_axis(r, n, s, axis, &layer.axis)) return false;
    if (r->opset < 13) layer.n_axes = s.rank - layer.axis;
    return onnx_add_layer(r, n, layer, x->tensor, s);
}

bool onnx_read_argmax(onnx_reader *r, onnx_node *n) {
    int64_t axis, keep, last;
    const onnx_value *x = onnx_activation(r, n);
    if (!x || !onnx_attr_int(r, n, "axis", 0, &axis) || !onnx_attr_int(r, n, "keepdims", 1, &keep) ||
        !onnx_attr_int(r, n, "select_last_index", 0, &last))
        return false;
    nh_shape s = onnx_shape(r, x), y = {0};
    nh_layer layer = {.op = NH_OP_ARGMAX, .n_axes = 1};
    if (!own_axis(r, n, s, axis, &layer.axis)) return false;
    if (last) {
        onnx_form(r, n, "select_last_index is set");
        nh_diag_allowed(r->d, "0: of equal values the first is the largest");
        return false;
    }
    for (int i = 0; i < s.rank; i++)
        if (i != layer.axis || keep) y.dim[y.rank++] = i == layer.axis ? 1 : s.dim[i];
    return onnx_add_layer(r, n, layer, x->tensor, y);
}

bool onnx_read_identity(onnx_reader *r, onnx_node *n) {
    const onnx_value *x = onnx_in(r, n, 0);
    if (x->kind == VALUE_TENSOR)
        return onnx_add_layer(r, n, (nh_layer){.op = NH_OP_IDENTITY}, x->tensor, onnx_shape(r, x));
    onnx_value *out = &r->value[n->out[0]];
    out->kind = VALUE_CONST;
    out->c = x->c;
    return true;
}

bool onnx_read_dropout(onnx_reader *r, onnx_node *n) {
    if (onnx_in(r, n, 2)) {
        const onnx_value *mode = onnx_constant(r, n, 2, "training_mode");
        const double *v =
            mode && mode->c.n == 1 ? onnx_const_values(r, r->scratch, &mode->c, false, 1) : NULL;
        if (!v || *v != 0) return mode && onnx_form(r, n, "the model was exported in training mode");
    }
    return onnx_read_identity(r, n);
}

/* How precise a float type is; 0: not a float. */
static int float_rank(int64_t type) {
    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16:
    case ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16: return 1;
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: return 2;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: return 3;
    default: return 0;
    }
}

/* Between float types: nothing to do, as all are read as double; a constant is rounded when it becomes a
 * float. */
bool onnx_read_cast(onnx_reader *r, onnx_node *n) {
    int64_t to;
    const onnx_value *x = onnx_in(r, n, 0);
    if (!onnx_attr_int(r, n, "to", 0, &to)) return false;
    if (float_rank(to) == 0)
        return onnx_form(r, n, "only casts to a float type are supported (to = %lld)", (long long)to);
    if (!onnx_read_identity(r, n) || x->kind == VALUE_TENSOR) return x->kind == VALUE_TENSOR;
    bool exact = x->c.proto && float_rank(x->c.proto->data_type) > 0 &&
                 float_rank(x->c.proto->data_type) <= float_rank(to);
    if (exact && float_rank(to) > 1) return true;
    if (float_rank(to) == 1) return onnx_form(r, n, "constants are not cast to 16-bit floats");
    double *v = onnx_const_values(r, r->a, &x->c, false, 1);
    onnx_const *c = &r->value[n->out[0]].c;
    for (int64_t i = 0; v && i < c->n && float_rank(to) == 2; i++)
        v[i] = (double)(float)v[i];
    c->value = v;
    c->proto = NULL;
    c->transposed = false;
    return v != NULL;
}
