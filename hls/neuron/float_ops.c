/* The operators of the float reference that have no sums over weights: in double, whatever the precision of the sums.
 */
#include <math.h>
#include <string.h>

#include "float_net.h"
#include "unary.h"

void nh_float_batchnorm(nh_float_net *e, const nh_layer *l) {
    nh_axis axis = nh_layer_axis(e->g, l);
    const double *x = e->value[l->in[0]];
    double *y = e->value[l->out];
    for (int64_t i = 0; i < nh_shape_size(e->g->tensor[l->out].shape); i++) {
        int64_t c = nh_channel_of(axis, i);
        y[i] = l->weight->value[c] * x[i] + (l->bias ? l->bias->value[c] : 0);
    }
}

void nh_float_prelu(nh_float_net *e, const nh_layer *l) {
    nh_axis axis = nh_layer_axis(e->g, l);
    const double *x = e->value[l->in[0]];
    double *y = e->value[l->out];
    for (int64_t i = 0; i < nh_shape_size(e->g->tensor[l->out].shape); i++)
        y[i] = x[i] < 0 ? l->weight->value[nh_channel_of(axis, i)] * x[i] : x[i];
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

void nh_float_lines(nh_float_net *e, const nh_layer *l) {
    nh_axis a = nh_layer_axis(e->g, l);
    const double *x = e->value[l->in[0]];
    double *y = e->value[l->out];
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
    default: return nh_unary_eval(l, x);
    }
}

void nh_float_scalar(nh_float_net *e, const nh_layer *l) {
    const double *x = e->value[l->in[0]];
    for (int64_t i = 0; i < nh_shape_size(e->g->tensor[l->out].shape); i++) e->value[l->out][i] = eval_scalar(l, x[i]);
}

void nh_float_wire(nh_float_net *e, const nh_layer *l) {
    memcpy(e->value[l->out], e->value[l->in[0]], (size_t)nh_shape_size(e->g->tensor[l->out].shape) * sizeof(double));
}

void nh_float_transpose(nh_float_net *e, const nh_layer *l) {
    nh_shape in = e->g->tensor[l->in[0]].shape;
    for (int64_t i = 0; i < nh_shape_size(in); i++)
        e->value[l->out][i] = e->value[l->in[0]][nh_transposed_from(l, in, i)];
}
