/* What the float reference did on the calibration samples. */
#ifndef NH_SEEN_H
#define NH_SEEN_H

#include "activity.h"
#include "fit.h"
#include "neurons.h"

/* Values of a tensor. */
typedef struct {
    double min, max;
    nh_values kept;
} nh_stats;

/* A NEURON layer, or the inputs of a dense one. */
typedef struct {
    double state[NH_NEURON_STATES][2]; /* minimum and maximum, also before a reset within a step; contains 0 */
    double in_min[NH_NEURON_INPUTS], in_max[NH_NEURON_INPUTS], out_min, out_max;
    /* Some neurons followed step by step: neuron[m], inputs in[k][step*m + i], outputs out[step*m + i]. */
    int64_t m, steps;
    int64_t *neuron;
    double *in[NH_NEURON_INPUTS], *out;
    nh_activity *activity; /* of a dense layer, or NULL */
} nh_neuron_trace;

struct nh_seen {
    nh_stats *stats;        /* [n_tensor] */
    nh_neuron_trace *trace; /* [n_layer] */
};

/* Runs the float reference over the samples, as many as it can afford; lives in a. NULL: a value is not finite, or
 * there is no room (reported). */
nh_seen *nh_seen_collect(nh_arena *a, nh_graph *g, const nh_samples *samples, nh_diag *d);

/* Words for notes. */
const char *nh_method_text(nh_calibrate_method method);

#endif
