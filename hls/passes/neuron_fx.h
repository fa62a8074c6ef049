/* Shared by the fixed-point pass of time-stepped networks. */
#ifndef NH_NEURON_FX_H
#define NH_NEURON_FX_H

#include "fit.h"
#include "temporal.h"

typedef struct {
    nh_graph *g;
    const nh_options *o;
    nh_diag *d;
    nh_arena *scratch;
    const nh_samples *samples;  /* may have n = 0 */
    nh_neuron_trace *trace;     /* [n_layer], NULL without samples */
    double **row_gain;          /* [n_layer] factors of a weighted layer's rows, or NULL */
    double *volt;               /* [n_layer] what a neuron's volts were divided by */
    nh_neuron_value *acc_scale; /* [n_tensor] n > 0: factors of a weighted layer's rows that its neuron multiplies by */
    nh_format *forced;          /* [n_tensor] width > 0: the format that the tensor's neuron or dense layer must give */
    uint8_t *visits;            /* [n_layer] by delays that stand before what they read */
    bool *inferred;             /* [n_layer] */
} nh_temporal_fx;

/* --- layers on neuron cores (strategy: event): event_fx.c -------------------------------------------------------- */

/* Natural fractional bits of a weighted layer's weights: of the format that it would have alone. temporal_fx.c. */
int nh_weight_frac(nh_temporal_fx *c, nh_layer *l);
/* The NEURON layer that alone reads tensor t, perhaps through wires, delays, pools and weights; -1: there is none. */
int nh_event_reader(const nh_graph *g, int t);
/* Fractional bits that the weights in front of a neuron on a core give to its one accumulator: the coarsest of what
 * they would give alone. */
int nh_event_frac(nh_temporal_fx *c, int layer);

/* What 1 of a NEURON layer's output in the fixed network is in the float one: graded volts are in thresholds. After
 * normalise. */
double nh_neuron_unit(nh_temporal_fx *c, int layer);
/* States, parameters and output of a NEURON layer, whose inputs are known. */
bool nh_infer_neuron(nh_temporal_fx *c, int layer);

#endif
