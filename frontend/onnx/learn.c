/* Operators of the domain ai.onnx.ml. */
#include "onnx_model.h"

#include <math.h>

/* The numbers of an attribute: one, or one per feature; *count 0: it is absent. */
static bool floats(onnx_reader *r, const onnx_node *n, const char *name, int64_t features, const float **out,
                   size_t *count) {
    const Onnx__AttributeProto *a = onnx_attr(n, name);
    *out = a ? a->floats : NULL;
    *count = a ? a->n_floats : 0;
    if (a && a->type != ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS)
        return onnx_form(r, n, "the attribute '%s' is not a list of floats", name);
    if (*count > 1 && *count != (size_t)features)
        return onnx_shape_error(r, n, "'%s' has %zu numbers for %lld features", name, *count, (long long)features);
    for (size_t i = 0; i < *count; i++)
        if (!isfinite((*out)[i])) return onnx_form(r, n, "'%s' holds a number that is not finite", name);
    return true;
}

static double at(const float *list, size_t count, int64_t i, double absent) {
    return count == 0 ? absent : (double)list[count == 1 ? 0 : i];
}

/* y = (x - offset) scale, along the last axis. */
bool onnx_read_scaler(onnx_reader *r, onnx_node *n) {
    const onnx_value *x = onnx_activation(r, n);
    const float *offset, *scale;
    size_t n_offset, n_scale;
    if (!x) return false;
    nh_shape s = onnx_shape(r, x);
    if (s.rank < 1) return onnx_shape_error(r, n, "its input has no dimension of features");
    int64_t features = s.dim[s.rank - 1];
    if (!floats(r, n, "offset", features, &offset, &n_offset) || !floats(r, n, "scale", features, &scale, &n_scale))
        return false;
    double *factor = nh_arena_array(r->a, (size_t)features, sizeof *factor);
    double *shift = nh_arena_array(r->a, (size_t)features, sizeof *shift);
    for (int64_t i = 0; i < features; i++) {
        factor[i] = at(scale, n_scale, i, 1);
        shift[i] = -at(offset, n_offset, i, 0) * factor[i];
    }
    nh_layer layer = {.op = NH_OP_BATCHNORM, .axis = s.rank - 1, .n_axes = 1};
    layer.weight = onnx_param(r, "scale", (nh_shape){1, {features}}, factor);
    layer.bias = onnx_param(r, "offset", (nh_shape){1, {features}}, shift);
    return onnx_add_layer(r, n, layer, x->tensor, s);
}
