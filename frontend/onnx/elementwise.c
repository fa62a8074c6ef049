#include "onnx_model.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* A bound of Clip: an attribute up to operator set 10, an input (a scalar constant of any type) from 11 on. One
 * that is as large as the largest float bounds nothing: it stands for a bound that is left out. */
static bool bound(onnx_reader *r, const onnx_node *n, int input, const char *name, double absent, double *out) {
    if (!onnx_attr_real(r, n, name, absent, out)) return false;
    if (onnx_in(r, n, input)) {
        onnx_value *c = onnx_constant(r, n, input, name);
        if (!c) return false;
        if (c->c.n != 1) return onnx_shape_error(r, n, "%s '%s' is not one number", name, c->name);
        if (!onnx_const_load(r, &c->c)) return false;
        *out = c->c.real ? c->c.real[0] : (double)c->c.integer[0];
        if (!c->c.real && c->c.type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT64) *out = (double)(uint64_t)c->c.integer[0];
        if (c->c.batch && c->c.batch[0] != 0) return onnx_form(r, n, "%s depends on the size of the batch", name);
    }
    if (isnan(*out)) return onnx_form(r, n, "%s is not a number", name);
    if (fabs(*out) >= (double)FLT_MAX) *out = copysign((double)INFINITY, *out);
    return true;
}

/* min(max(x, lo), hi): where lo is above hi, every result is hi. */
bool onnx_read_clip(onnx_reader *r, onnx_node *n) {
    const double most = (double)INFINITY;
    const onnx_value *x = onnx_activation(r, n);
    nh_layer layer = {.op = NH_OP_CLIP};
    if (!x || !bound(r, n, 1, "min", -most, &layer.lo) || !bound(r, n, 2, "max", most, &layer.hi)) return false;
    if (layer.lo == most || layer.hi == -most)
        return onnx_form(r, n, "min %g and max %g leave no finite number", layer.lo, layer.hi);
    if (layer.lo > layer.hi) layer.lo = layer.hi;
    if (layer.lo == 0 && layer.hi == most)
        layer = (nh_layer){.op = NH_OP_RELU};
    else if (layer.lo == -most && layer.hi == most)
        layer = (nh_layer){.op = NH_OP_IDENTITY};
    return onnx_add_layer(r, n, layer, x->tensor, onnx_shape(r, x));
}

/* The axis attribute as an axis of the shape of x, which has no batch. */
static bool own_axis(onnx_reader *r, const onnx_node *n, const onnx_value *x, int64_t axis, int *out) {
    int64_t lead = x->no_batch ? 0 : 1, rank = onnx_shape(r, x).rank + lead, from = axis < 0 ? axis + rank : axis;
    if (from >= lead && from < rank) {
        *out = (int)(from - lead);
        return true;
    }
    onnx_form(r, n, from == 0 ? "axis %lld is the batch" : "axis %lld is not one of its input", (long long)axis);
    if (rank > lead)
        nh_diag_allowed(r->d, "%lld to %lld, or -1 to %lld", (long long)lead, (long long)rank - 1,
                        (long long)(lead - rank));
    else
        nh_diag_hint(r->d, "give its input a dimension behind that of the samples");
    return false;
}

/* Up to operator set 12 the dimensions from `axis` on are taken together, and axis is 1 by default. */
bool onnx_read_softmax(onnx_reader *r, onnx_node *n) {
    int64_t axis;
    const onnx_value *x = onnx_activation(r, n);
    if (!x || !onnx_attr_int(r, n, "axis", r->opset < 13 ? 1 : -1, &axis)) return false;
    nh_shape s = onnx_shape(r, x);
    nh_layer layer = {.op = strcmp(n->proto->op_type, "Softmax") == 0 ? NH_OP_SOFTMAX : NH_OP_LOG_SOFTMAX, .n_axes = 1};
    if (!own_axis(r, n, x, axis, &layer.axis)) return false;
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
    if (!own_axis(r, n, x, axis, &layer.axis)) return false;
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
        const double *v = mode && mode->c.n == 1 ? onnx_const_values(r, r->scratch, &mode->c, false, 1) : NULL;
        if (!v || *v != 0) return mode && onnx_form(r, n, "the model was exported in training mode");
    }
    return onnx_read_identity(r, n);
}

/* Of an activation, to a float type: nothing to do, as all are read as double. */
bool onnx_read_cast(onnx_reader *r, onnx_node *n) {
    int64_t to;
    if (!onnx_attr_int(r, n, "to", 0, &to)) return false;
    if (to < 0 || to > INT32_MAX || !onnx_type_is_real((int)to))
        return onnx_form(r, n, "only casts to a float type are supported (to = %lld)", (long long)to);
    return onnx_read_identity(r, n);
}
