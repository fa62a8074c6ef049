#include "onnx_model.h"

#include <math.h>
#include <string.h>

/* Is every dimension but the last one 1? Then the tensor is one vector of channels. */
static bool is_vector(nh_shape s) { return s.rank > 0 && nh_shape_size(s) == s.dim[s.rank - 1]; }

static const char *print_const_shape(onnx_reader *r, const onnx_const *c) {
    nh_shape s = {.rank = c->rank};
    memcpy(s.dim, c->dim, sizeof s.dim);
    return nh_shape_print(s, nh_arena_alloc(r->scratch, 96));
}

static const char *print_shape(onnx_reader *r, nh_shape s) { return nh_shape_print(s, nh_arena_alloc(r->scratch, 96)); }

static bool no_spread(onnx_reader *r, const onnx_node *n, const onnx_const *c, nh_shape s, const char *why) {
    onnx_shape_error(r, n, "'%s' of shape %s %s of shape %s", c->name, print_const_shape(r, c), why, print_shape(r, s));
    nh_diag_hint(r->d, "its dimensions, from the last one on, are those of the tensor or 1");
    return false;
}

/* The size of the constant along axis i of s; axis -1 is the batch. */
static int64_t dim_at(const onnx_const *c, nh_shape s, int i) {
    int k = c->rank - s.rank + i;
    return k >= 0 ? c->dim[k] : 1;
}

bool onnx_spread_over(onnx_reader *r, const onnx_node *n, const onnx_const *c, nh_shape s, double factor,
                      onnx_spread *out) {
    if (c->rank > s.rank + 1) return no_spread(r, n, c, s, "has more dimensions than a batch of the tensor");
    if (dim_at(c, s, -1) != 1) return no_spread(r, n, c, s, "differs between the samples of the tensor");
    int first = s.rank, last = -1;
    for (int i = 0; i < s.rank; i++) {
        int64_t dim = dim_at(c, s, i);
        if (dim == 1) continue;
        if (dim != s.dim[i]) return no_spread(r, n, c, s, "does not broadcast to the tensor");
        first = i < first ? i : first;
        last = i;
    }
    const double *v = onnx_const_values(r, r->scratch, c, false, factor);
    if (!v) return false;
    *out = (onnx_spread){.axis = last < 0 ? 0 : first, .n_axes = last < 0 ? 0 : last - first + 1};
    out->n = nh_axis_of(s, out->axis, out->n_axes).n;
    out->value = nh_arena_array(r->a, (size_t)out->n, sizeof *out->value);
    for (int64_t i = 0; i < out->n; i++) {
        int64_t rest = i, at = 0, step = 1;
        for (int k = last; k >= first && k >= 0; rest /= s.dim[k--]) {
            int64_t dim = dim_at(c, s, k);
            at += dim == 1 ? 0 : rest % s.dim[k] * step;
            step *= dim;
        }
        out->value[i] = v[at];
    }
    return true;
}

/* A constant with one number for each of the n outputs of a dense layer, or for all of them. NULL when reported. */
static double *per_output(onnx_reader *r, const onnx_node *n, const onnx_const *c, int64_t n_out, double factor) {
    onnx_spread s;
    if (!onnx_spread_over(r, n, c, (nh_shape){1, {n_out}}, factor, &s)) return NULL;
    double *out = nh_arena_array(r->a, (size_t)n_out, sizeof *out);
    for (int64_t i = 0; i < n_out; i++) out[i] = s.value[s.n == 1 ? 0 : i];
    return out;
}

/* The shape of a vector like `s` of n elements. */
static nh_shape vector_shape(nh_shape s, int64_t n) {
    s.dim[s.rank - 1] = n;
    return s;
}

/* DENSE from an activation x and a constant w; w is [n_in][n_out] when `input_first`. */
static bool add_dense(onnx_reader *r, const onnx_node *n, const onnx_value *x, const onnx_const *w, bool input_first,
                      double factor, nh_param *bias) {
    nh_shape s = onnx_shape(r, x);
    int64_t n_in = w->dim[input_first ? 0 : 1], n_out = w->dim[input_first ? 1 : 0];
    double *value = onnx_const_values(r, r->a, w, input_first, factor);
    if (!value) return false;
    nh_layer layer = {.op = NH_OP_DENSE, .bias = bias};
    layer.weight = onnx_param(r, w->name, (nh_shape){2, {n_out, n_in}}, value);
    return onnx_add_layer(r, n, layer, x->tensor, vector_shape(s, n_out));
}

/* Can w be the weight of a dense layer on x? */
static bool dense_fits(onnx_reader *r, const onnx_node *n, const onnx_value *x, const onnx_const *w, bool input_first) {
    nh_shape s = onnx_shape(r, x);
    if (w->rank != 2 || w->n == 0)
        return onnx_shape_error(r, n, "the weight '%s' of shape %s is not a matrix", w->name, print_const_shape(r, w));
    int64_t n_in = w->dim[input_first ? 0 : 1], size = nh_shape_size(s);
    if (!is_vector(s)) {
        onnx_shape_error(r, n, "its input '%s' of shape %s is not one vector", x->name, print_shape(r, s));
        if (s.dim[s.rank - 1] == n_in && size > n_in)
            nh_diag_hint(r->d,
                         "the same weights for each of %lld rows are not built: let every row be a sample of its own",
                         (long long)(size / n_in));
        else
            nh_diag_hint(r->d, "put Flatten in front of it");
        return false;
    }
    return size == n_in || onnx_shape_error(r, n, "its input '%s' has %lld elements, its weight '%s' is for %lld",
                                            x->name, (long long)size, w->name, (long long)n_in);
}

bool onnx_read_gemm(onnx_reader *r, onnx_node *n) {
    int64_t trans_a, trans_b;
    double alpha, beta;
    bool ok = onnx_attr_int(r, n, "transA", 0, &trans_a) && onnx_attr_int(r, n, "transB", 0, &trans_b) &&
              onnx_attr_float(r, n, "alpha", 1, &alpha) && onnx_attr_float(r, n, "beta", 1, &beta);
    const onnx_value *x = onnx_activation(r, n), *w = onnx_constant(r, n, 1, "the weight B");
    if (!ok || !x || !w) return false;
    if (trans_a) return onnx_form(r, n, "transA = 1 would sum over the batch");
    if (onnx_shape(r, x).rank != 1) return onnx_shape_error(r, n, "its input '%s' does not have rank 2", x->name);
    if (!dense_fits(r, n, x, &w->c, trans_b == 0)) return false;
    nh_param *bias = NULL;
    if (onnx_in(r, n, 2) && beta != 0) {
        const onnx_value *c = onnx_constant(r, n, 2, "the bias C");
        nh_shape shape = {1, {w->c.dim[trans_b ? 0 : 1]}};
        const double *v = c ? per_output(r, n, &c->c, shape.dim[0], beta) : NULL;
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
static bool fuse_bias(onnx_reader *r, const onnx_node *n, const onnx_value *x, const char *name, const onnx_spread *t) {
    nh_tensor *product = &r->g->tensor[x->tensor];
    nh_layer *dense = &r->g->layer[product->producer];
    if (dense->op != NH_OP_DENSE || dense->bias || x->n_uses != 1) return false;
    onnx_value *out = &r->value[n->out[0]];
    nh_axis axis = nh_axis_of(product->shape, t->axis, t->n_axes);
    int64_t n_out = nh_shape_size(product->shape);
    double *bias = nh_arena_array(r->a, (size_t)n_out, sizeof *bias);
    for (int64_t i = 0; i < n_out; i++) bias[i] = t->value[nh_channel_of(axis, i)];
    dense->bias = onnx_param(r, name, (nh_shape){1, {n_out}}, bias);
    product->name = nh_arena_str(r->a, out->name);
    out->kind = VALUE_TENSOR;
    out->tensor = x->tensor;
    return true;
}

/* y = s x + t with as many factors and offsets as `along` has values, for the same axes. */
static bool add_batchnorm(onnx_reader *r, const onnx_node *n, const onnx_value *x, const char *name,
                          const onnx_spread *along, const double *s, const double *t) {
    nh_shape vector = {1, {along->n}};
    nh_layer layer = {.op = NH_OP_BATCHNORM, .axis = along->axis, .n_axes = along->n_axes};
    layer.weight = onnx_param(r, name, vector, s);
    layer.bias = onnx_param(r, name, vector, t);
    return onnx_add_layer(r, n, layer, x->tensor, onnx_shape(r, x));
}

static double *constant_vector(onnx_reader *r, int64_t n, double v) {
    double *p = nh_arena_array(r->a, (size_t)n, sizeof *p);
    for (int64_t i = 0; i < n; i++) p[i] = v;
    return p;
}

/* Add, Sub, Mul, Div of an activation and a constant: y = s x + t, the constant spread over the axes it varies along.
 */
bool onnx_read_arithmetic(onnx_reader *r, onnx_node *n) {
    const char *op = n->proto->op_type;
    const onnx_value *x = onnx_in(r, n, 0), *c = onnx_in(r, n, 1);
    bool swapped = x->kind == VALUE_CONST;
    if (swapped) x = c, c = onnx_in(r, n, 0);
    if (x->kind != VALUE_TENSOR) return onnx_form(r, n, "both inputs are constant");
    if (c->kind != VALUE_CONST) return onnx_form(r, n, "both inputs ('%s' and '%s') are activations", x->name, c->name);
    bool is_sub = strcmp(op, "Sub") == 0, is_div = strcmp(op, "Div") == 0, is_add = strcmp(op, "Add") == 0;
    if (is_div && swapped) return onnx_form(r, n, "division by an activation");
    onnx_spread by;
    if (!onnx_spread_over(r, n, &c->c, onnx_shape(r, x), is_sub && !swapped ? -1 : 1, &by)) return false;
    if (is_add && fuse_bias(r, n, x, c->name, &by)) return true;
    if (is_add || is_sub)
        return add_batchnorm(r, n, x, c->name, &by, constant_vector(r, by.n, is_sub && swapped ? -1 : 1), by.value);
    for (int64_t i = 0; is_div && i < by.n; i++) {
        by.value[i] = 1 / by.value[i];
        if (!isfinite(by.value[i]))
            return onnx_form(r, n, "division by zero in element %lld of '%s'", (long long)i, c->name);
    }
    return add_batchnorm(r, n, x, c->name, &by, by.value, constant_vector(r, by.n, 0));
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
    if (s.rank < 1) return onnx_shape_error(r, n, "its input has no dimension of channels");
    onnx_spread along = {.axis = 0, .n_axes = 1, .n = s.dim[0]};
    for (int i = 0; i < 4; i++) {
        c = onnx_constant(r, n, i + 1, what[i]);
        if (!c) return false;
        if (c->c.rank != 1 || c->c.n != along.n)
            return onnx_shape_error(r, n, "%s '%s' does not have %lld elements", what[i], c->name, (long long)along.n);
        p[i] = onnx_const_values(r, r->a, &c->c, false, 1);
        if (!p[i]) return false;
    }
    for (int64_t i = 0; i < along.n; i++) {
        double factor = p[0][i] / sqrt(p[3][i] + epsilon);
        p[1][i] -= factor * p[2][i];
        p[0][i] = factor;
        if (!isfinite(p[0][i]) || !isfinite(p[1][i]))
            return onnx_form(r, n, "the variance of channel %lld is not above -epsilon", (long long)i);
    }
    return add_batchnorm(r, n, x, onnx_in(r, n, 1)->name, &along, p[0], p[1]);
}
