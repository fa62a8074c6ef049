#include "passes.h"

#include "unary.h"

#include <math.h>
#include <string.h>

double **nh_float_buffers(nh_arena *a, const nh_graph *g) {
    double **value = nh_arena_array(a, (size_t)g->n_tensor + 1, sizeof *value);
    for (int t = 0; t < g->n_tensor; t++)
        value[t] = nh_arena_array(a, (size_t)nh_shape_size(g->tensor[t].shape), sizeof(double));
    return value;
}

static void eval_dense(const nh_layer *l, const double *x, double *y) {
    int64_t n_out = l->weight->shape.dim[0], n_in = l->weight->shape.dim[1], o = 0;
    const double *w = l->weight->value;
    for (; o + 4 <= n_out; o += 4, w += 4 * n_in) { /* four independent sums hide the latency of addition */
        double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (int64_t i = 0; i < n_in; i++) {
            s0 += w[i] * x[i];
            s1 += w[i + n_in] * x[i];
            s2 += w[i + 2 * n_in] * x[i];
            s3 += w[i + 3 * n_in] * x[i];
        }
        y[o] = s0, y[o + 1] = s1, y[o + 2] = s2, y[o + 3] = s3;
    }
    for (; o < n_out; o++, w += n_in) {
        double s = 0;
        for (int64_t i = 0; i < n_in; i++) s += w[i] * x[i];
        y[o] = s;
    }
    for (o = 0; l->bias && o < n_out; o++) y[o] += l->bias->value[o];
}

static void eval_batchnorm(const nh_layer *l, nh_axis axis, const double *x, double *y, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        int64_t c = nh_channel_of(axis, i);
        y[i] = l->weight->value[c] * x[i] + (l->bias ? l->bias->value[c] : 0);
    }
}

static void eval_prelu(const nh_layer *l, nh_axis axis, const double *x, double *y, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = x[i] < 0 ? l->weight->value[nh_channel_of(axis, i)] * x[i] : x[i];
}

/* n elements that stand `stride` apart. */
static void eval_softmax(const double *x, double *y, int64_t n, int64_t stride) {
    double max = x[0], sum = 0;
    for (int64_t i = 1; i < n; i++) max = fmax(max, x[i * stride]);
    for (int64_t i = 0; i < n; i++) sum += y[i * stride] = exp(x[i * stride] - max);
    for (int64_t i = 0; i < n; i++) y[i * stride] /= sum;
}

static void eval_log_softmax(const double *x, double *y, int64_t n, int64_t stride) {
    double max = x[0], sum = 0;
    for (int64_t i = 1; i < n; i++) max = fmax(max, x[i * stride]);
    for (int64_t i = 0; i < n; i++) sum += exp(x[i * stride] - max);
    for (int64_t i = 0; i < n; i++) y[i * stride] = x[i * stride] - max - log(sum);
}

static double first_maximum(const double *x, int64_t n, int64_t stride) {
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (x[i * stride] > x[best * stride]) best = i;
    return (double)best;
}

/* The layers that take the elements along their axes together: line by line. */
static void eval_lines(const nh_layer *l, nh_axis a, const double *x, double *y) {
    for (int64_t line = 0; line < a.outer * a.inner; line++) {
        int64_t at = line / a.inner * a.n * a.inner + line % a.inner;
        if (l->op == NH_OP_SOFTMAX)
            eval_softmax(x + at, y + at, a.n, a.inner);
        else if (l->op == NH_OP_LOG_SOFTMAX)
            eval_log_softmax(x + at, y + at, a.n, a.inner);
        else
            y[line] = first_maximum(x + at, a.n, a.inner);
    }
}

static double eval_scalar(const nh_layer *l, double x) {
    switch (l->op) {
    case NH_OP_RELU: return x > 0 ? x : 0;
    case NH_OP_LEAKY_RELU: return x > 0 ? x : l->alpha * x;
    case NH_OP_CLIP: return x < l->lo ? l->lo : x > l->hi ? l->hi : x;
    case NH_OP_SIGMOID: return 1 / (1 + exp(-x));
    case NH_OP_TANH: return tanh(x);
    default: return nh_unary_get(l->op) ? nh_unary_eval(l, x) : x;
    }
}

static void eval_layer(const nh_graph *g, const nh_layer *l, double **value) {
    const double *x = value[l->in[0]];
    double *y = value[l->out];
    int64_t n = nh_shape_size(g->tensor[l->in[0]].shape);
    switch (l->op) {
    case NH_OP_DENSE: eval_dense(l, x, y); break;
    case NH_OP_BATCHNORM: eval_batchnorm(l, nh_layer_axis(g, l), x, y, n); break;
    case NH_OP_PRELU: eval_prelu(l, nh_layer_axis(g, l), x, y, n); break;
    case NH_OP_SOFTMAX:
    case NH_OP_LOG_SOFTMAX:
    case NH_OP_ARGMAX: eval_lines(l, nh_layer_axis(g, l), x, y); break;
    default:
        for (int64_t i = 0; i < n; i++) y[i] = eval_scalar(l, x[i]);
    }
}

void nh_float_eval(const nh_graph *g, const double *x, double **value) {
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        if (l->op == NH_OP_INPUT)
            memcpy(value[l->out], x, (size_t)nh_shape_size(g->tensor[l->out].shape) * sizeof *x);
        else
            eval_layer(g, l, value);
    }
}
