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

/* A layer without sums over weights and without state. */
void nh_float_pointwise(const nh_graph *g, const nh_layer *l, const double *x, double *y);

/* x cast to the format, exactly. */
double nh_cast_double(double x, nh_format f);

#endif
