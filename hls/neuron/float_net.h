/* What the two precisions of float evaluation share; eval_body.h is compiled once for each. */
#ifndef NH_FLOAT_NET_H
#define NH_FLOAT_NET_H

#include "neurons.h"

/* A layer in a run. */
typedef struct {
    void *weight; /* in the precision; DENSE [n_in][n_out], CONV [groups][c_in][kh][kw][c_out], inner sizes per group */
    void *sum;    /* in the precision: [n_out], CONV [h][w][c_out] */
    double **state; /* NEURON: [n_state][n] */
    double *ring;   /* DELAY: [depth][n] */
    int64_t depth;  /* largest delay + 1 */
} nh_float_layer;

/* Operators in one precision. */
typedef struct {
    bool (*prepare)(nh_arena *a, const nh_graph *g, const nh_layer *l, nh_float_layer *run); /* false: no room */
    void (*dense)(const nh_layer *l, const nh_float_layer *run, const double *x, double *y);
    void (*conv)(const nh_graph *g, const nh_layer *l, const nh_float_layer *run, const double *x, double *y);
    void (*pool)(const nh_graph *g, const nh_layer *l, const double *x, double *y);
    void (*add)(const nh_layer *l, int64_t n, double *const *value, double *y);
    void (*neuron)(const nh_neuron *neuron, int64_t n, int64_t n_channel, const double *const *in, double *const *state,
                   double *y);
} nh_float_ops;

extern const nh_float_ops nh_float_ops_f64, nh_float_ops_f32;

/* Channels, height and width of [C, H, W] or [C, L]; a vector has n channels of one element. */
typedef struct {
    int64_t c, h, w;
} nh_image_shape;
nh_image_shape nh_image_of(nh_shape s);

struct nh_float_net {
    const nh_graph *g;
    const nh_float_ops *ops;
    double **value;      /* [n_tensor] */
    nh_float_layer *run; /* [n_layer] */
    int64_t step;        /* of the sample: the next one to be run */
};

/* One per name in the column `eval` of op.def: one step of layer l, whose inputs have their values. Sums over weights,
 * pools and neurons are in the precision of the net, the others in double. */
#define NH_FLOAT_EVAL(name) void nh_float_##name(nh_float_net *e, const nh_layer *l)
NH_FLOAT_EVAL(input);
NH_FLOAT_EVAL(dense);
NH_FLOAT_EVAL(conv);
NH_FLOAT_EVAL(pool);
NH_FLOAT_EVAL(sum);
NH_FLOAT_EVAL(neuron);
NH_FLOAT_EVAL(delay);
NH_FLOAT_EVAL(wire);
NH_FLOAT_EVAL(transpose);
NH_FLOAT_EVAL(batchnorm);
NH_FLOAT_EVAL(prelu);
NH_FLOAT_EVAL(lines); /* softmax, argmax: the elements along the axes together */
NH_FLOAT_EVAL(scalar);

/* x cast to the format, exactly. */
double nh_cast_double(double x, nh_format f);

#endif
