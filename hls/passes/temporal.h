/* Passes over time-stepped networks; see passes.h for the rest. */
#ifndef NH_TEMPORAL_H
#define NH_TEMPORAL_H

#include "activity.h"
#include "neurons.h"
#include "passes.h"

/* Move sums and biases into the programs of the neurons that read them; other sums become neurons. */
bool nh_pass_absorb(nh_graph *g, nh_diag *d);

/* What the float reference did on (a part of) the calibration samples. Index: layer. */
typedef struct {
    double state[NH_NEURON_STATES][2]; /* least and most, also before a reset within a step; contains 0 */
    double in_min[NH_NEURON_INPUTS], in_max[NH_NEURON_INPUTS], out_min, out_max;
    /* Some neurons followed step by step: neuron[m], inputs in[k][step*m + i], outputs out[step*m + i]. */
    int64_t m, steps;
    int64_t *neuron;
    double *in[NH_NEURON_INPUTS], *out;
    nh_activity *activity; /* of a dense layer, or NULL */
} nh_neuron_trace;

/* Traces of all NEURON layers, [n_layer] in a; also cal_min/cal_max of every tensor. NULL: a value is not finite
 * (diagnosed). */
nh_neuron_trace *nh_trace_collect(nh_arena *a, nh_graph *g, const nh_samples *samples, nh_diag *d);

/* The neuron of a layer for fixed point: gains go into row_gain of the weighted layers in front of it, volts are
 * divided by the threshold. Fills neuron->fx (without state formats yet) and fx_param (not rounded yet).
 * row_gain[layer]: NULL, or factors [outputs] of that layer's rows. state_unit[s]: 1, or what the states were divided
 * by. */
bool nh_neuron_normalise(nh_graph *g, int layer, double **row_gain, nh_diag *d, double *volt);

/* Formats of everything: after it every tensor is known, weights have raw integers, every neuron an exact program. */
bool nh_pass_temporal_fx(nh_graph *g, const nh_options *o, const nh_samples *calibration, nh_diag *d);

#endif
