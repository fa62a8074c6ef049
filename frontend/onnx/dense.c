#include "onnx_model.h"

#include <math.h>
#include <string.h>

/* Is every dimension but the last one 1? Then the tensor is one vector of channels. */
static bool is_vector(nh_shape s) {
    return s.rank > 0 && nh_shape_size(s) == s.dim[s.rank - 1];
}

static int64_t last_dim(nh_shape s) {
    return s.rank > 0 ? s.dim[s.rank - 1] : 1;
}

/* Does a constant broadcast to a tensor of shape s (without its batch) along the last axis only, the
 * channels? */
static bool is_per_channel(const onnx_const *c, nh_shape s) {
    return c->rank <= s.rank + 1 && (c->n == 1 || (c->n == last_dim(s) && c->dim[c->rank - 1] == c->n));
}

static const char *print_const_shape(onnx_reader *r, const onnx_const *c) {
    nh_shape s = {.rank = c->rank};
    memcpy(s.dim, c->dim, sizeof s.dim);
    return nh_shape_print(s, nh_arena_alloc(r->scratch, 96));
}

static const char *print_shape(onnx_reader *r, nh_shape s) {
    return nh_shape_print(s, nh_arena_alloc(r->scratch, 96));
}

/* A constant spread over the channels (last axis) of shape s, times factor; NULL when reported. */
static double *channels(onnx_reader *r, const onnx_node *n, const onnx_const *c, nh_shape s, double factor) {
    if (!is_per_channel(c, s)) {
        onnx_shape_error(r, n, "'%s' of shape %s is not one number per channel of a tensor of shape %s",
                         c->name, print_const_shape(r, c), print_shape(r, s));
        nh_diag_allowed(r->d, "%lld numbers, for the last axis, or one", (long long)last_dim(s));
        return NULL;
    }
    const double *v = onnx_const_values(r, r->scratch, c, false, factor);
    if (!v) return NULL;
    double *out = nh_arena_alloc(r->a, (size_t)last_dim(s) * sizeof *out);
    for (int64_t i = 0; i < last_dim(s); i++)
        out[i] = v[c->n == 1 ? 0 : i];
    return out;
}

/* The shape of a vector like `s` of n elements. */
static nh_shape vector_shape(nh_shape s, int64_t n) {
    s.dim[s.rank - 1] = n;
    return s;
}

/* DENSE from an activation x and a constant w; w is [n_in][n_out] when `input_first`. */
static bool add_dense(onnx_reader *r, const onnx_node *n, const onnx_value *x, const onnx_const *w,
                      bool input_first, double factor, nh_param *bias) {
    nh_shape s = onnx_shape(r, x);
    int64_t n_in = w->dim[input_first ? 0 : 1], n_out = w->dim[input_first ? 1 : 0];
    double *value = onnx_const_values(r, r->a, w, input_first, factor);
    if (!value) return false;
    nh_layer layer = {.op = NH_OP_DENSE, .bias = bias};
    layer.weight = onnx_param(r, w->name, (nh_shape){2, {n_out, n_in}}, value);
    return onnx_add_layer(r, n, layer, x->tensor, vector_shape(s, n_out));
}

/* Can w be the weight of a dense layer on x? */
static bool dense_fits(onnx_reader *r, const onnx_node *n, const onnx_value *x, const onnx_const *w,
                       bool input_first) {
    nh_shape s = onnx_shape(r, x);
    if (w->rank != 2 || w->n == 0)
        return onnx_shape_error(r, n, "the weight '%s' of shape %s is not a matrix", w->name,
                                print_const_shape(r, w));
    if (!is_vector(s)) {
        onnx_shape_error(r, n, "its input '%s' of shape %s is not one vector", x->name, print_shape(r, s));
        nh_diag_hint(r->d, "put Flatten in front of it");
        return false;
    }
    int64_t n_in = w->dim[input_first ? 0 : 1], size = nh_shape_size(s);
    return size == n_in ||
           onnx_shape_error(r, n, "its input '%s' has %lld elements, its weight '%s' is for %lld", x->name,
                            (long long)size, w->name, (long long)n_in);
}

bool onnx_read_gemm(onnx_reader *r, onnx_node *n) {
    int64_t trans_a, trans_b;
    double alpha, beta;
    bool ok = onnx_attr_int(r, n, "transA", 0, &trans_a) && onnx_attr_int(r, n, "transB", 0, &trans_b) &&
              onnx_attr_float(r, n, "alpha", 1, &alpha) && onnx_attr_float(r, n, "beta", 1, &beta);
    const onnx_value *x = onnx_activation(r, n), *w = onnx_constant(r, n, 1, "the weight B");
    if (!ok || !x || !w) return false;
    if (trans_a) return onnx_form(r, n, "transA = 1 would sum over the batch");
    if (onnx_shape(r, x).rank != 1)
        return onnx_shape_error(r, n, "its input '%s' does not have rank 2", x->name);
    if (!dense_fits(r, n, x, &w->c, trans_b == 0)) return false;
    nh_param *bias = NULL;
    if (onnx_in(r, n, 2) && beta != 0) {
        const onnx_value *c = onnx_constant(r, n, 2, "the bias C");
        nh_shape shape = {1, {w->c.dim[trans_b ? 0 : 1]}};
        const double *v = c ? channels(r, n, &c->c, shape, beta) : NULL;
        if (!v) return false;
        bias = onnx_param(r, c->name, shape, v);
    }
    return add_dense(r, n, x, &w->c, trans_b == 0, alpha, bias);
}

bool onnx_read_matmul(onnx_reader *r, onnx_node *n) {
    const onnx_value *x = onnx_activation(r, n), *w = x ? onnx_constant(r, n, 1, "the right factor") : NULL;
    return x && w && dense_fits(r, n, x, &w->c, true) && add_dense(r, n, x, &w->c, true, 1, NULL);
}

/* An Add of a constant right behind a MatMul is the bias of its layer, when nothing else reads the product.
 */
static bool fuse_bias(onnx_reader *r, const onnx_node *n, const onnx_value *x, const char *name,
                      const double *t) {
    nh_tensor *product = &r->g->tensor[x->tensor];
    nh_layer *dense = &r->g->layer[product->producer];
    if (dense->op != NH_OP_DENSE || dense->bias || x->n_uses != 1) return false;
    onnx_value *out = &r->value[n->out[0]];
    dense->bias = onnx_param(r, name, (nh_shape){1, {last_dim(product->shape)}}, t);
    product->name = nh_arena_str(r->a, out->name);
    out->kind = VALUE_TENSOR;
    out->tensor = x->tensor;
    return true;
}

static bool add_batchnorm(onnx_reader *r, const onnx_node *n, const onnx_value *x, const char *name,
                          const double *s, const double *t) {
    nh_shape shape = onnx_shape(r, x), vector = {1, {last_dim(shape)}};
    nh_layer layer = {.op = NH_OP_BATCHNORM};
    layer.weight = onnx_param(r, name, vector, s);
    layer.bias = onnx_param(r, name, vector, t);
    return onnx_add_layer(r, n, layer, x->tensor, shape);
}

static double *constant_vector(onnx_reader *r, int64_t n, double v) {
    double *p = nh_arena_alloc(r->a, (size_t)n * sizeof *p);
    for (int64_t i = 0; i < n; i++)
        p[i] = v;
    return p;
}

/* Add, Sub, Mul, Div of an activation and a constant: y = s x + t per channel. */
bool onnx_read_arithmetic(onnx_reader *r, onnx_node *n) {
    const char *op = n->proto->op_type;
    const onnx_value *x = onnx_in(r, n, 0), *c = onnx_in(r, n, 1);
    bool swapped = x->kind == VALUE_CONST;
    if (swapped) x = c, c = onnx_in(r, n, 0);
    if (x->kind != VALUE_TENSOR) return onnx_form(r, n, "both inputs are constant");
    if (c->kind != VALUE_CONST)
        return onnx_form(r, n, "both inputs ('%s' and '%s') are activations", x->name, c->name);
    bool is_sub = strcmp(op, "Sub") == 0, is_div = strcmp(op, "Div") == 0;
    if (is_div && swapped) return onnx_form(r, n, "division by an activation");
    double *v = channels(r, n, &c->c, onnx_shape(r, x), is_sub && !swapped ? -1 : 1);
    if (!v) return false;
    int64_t size = last_dim(onnx_shape(r, x));
    if (strcmp(op, "Add") == 0 && fuse_bias(r, n, x, c->name, v)) return true;
    if (strcmp(op, "Add") == 0 || is_sub)
        return add_batchnorm(r, n, x, c->name, constant_vector(r, size, is_sub && swapped ? -1 : 1), v);
    for (int64_t i = 0; is_div && i < size; i++) {
        v[i] = 1 / v[i];
        if (!isfinite(v[i])) return onnx_form(r, n, "division by zero in channel %lld", (long long)i);
    }
    return add_batchnorm(r, n, x, c->name, v, constant_vector(r, size, 0));
}

/* y = scale (x - mean) / sqrt(var + epsilon) + offset = s x + t. */
bool onnx_read_batchnorm(onnx_reader *r, onnx_node *n) {
    static const char *const what[] = {"scale", "the offset B", "the mean", "the variance"};
    int64_t training, spatial;
    double epsilon, *p[4];
    const onnx_value *x = onnx_activation(r, n), *c = NULL;
    if (!onnx_attr_int(r, n, "training_mode", 0, &training) || !onnx_attr_int(r, n, "spatial", 1, &spatial) ||
        !onnx_attr_float(r, n, "epsilon", (double)1e-5f, &epsilon) || !x)
        return false;
    if (training) return onnx_form(r, n, "the model was exported in training mode");
    nh_shape s = onnx_shape(r, x);
    if (s.rank != 1)
        return onnx_form(r, n, "its input of shape %s is not one vector of channels", print_shape(r, s));
    for (int i = 0; i < 4; i++) {
        c = onnx_constant(r, n, i + 1, what[i]);
        if (!c) return false;
        if (c->c.n != s.dim[0])
            return onnx_shape_error(r, n, "%s '%s' does not have %lld elements", what[i], c->name,
                                    (long long)s.dim[0]);
        p[i] = channels(r, n, &c->c, s, 1);
        if (!p[i]) return false;
    }
    for (int64_t i = 0; i < s.dim[0]; i++) {
        double factor = p[0][i] / sqrt(p[3][i] + epsilon);
        p[1][i] -= factor * p[2][i];
        p[0][i] = factor;
        if (!isfinite(p[0][i]) || !isfinite(p[1][i]))
            return onnx_form(r, n, "the variance of channel %lld is not above -epsilon", (long long)i);
    }
    return add_batchnorm(r, n, x, onnx_in(r, n, 1)->name, p[0], p[1]);
}
