/* Warnings of numbers that quantization took most of. */
#ifndef NH_LOST_H
#define NH_LOST_H

#include "graph.h"

/* Warn (N207) when rows of l->weight or l->bias were lost, with the worst and what keeps it. May be called for every
 * layer with quantized parameters; strings live in the graph's arena. */
void nh_tell_lost_weights(const nh_graph *g, const nh_layer *l, nh_diag *d);
void nh_tell_lost_bias(const nh_graph *g, const nh_layer *l, nh_diag *d);
/* Warn (N207) of inputs that a batch norm brings to one scale, and that the input's format leaves hardly a step of over
 * n samples x
 * ([n][elements of the input]). */
void nh_tell_lost_inputs(const nh_graph *g, const double *x, int64_t n, nh_diag *d);
/* Parameters of a neuron that is `asked` before and `rounded` after: those that something is multiplied by must keep
 * their first bits, those in volts (volts[register] is 1; the threshold is 1) what they add up to over `steps`. */
void nh_tell_lost_params(const nh_graph *g, const nh_layer *l, const nh_neuron_program *p, const nh_neuron_value *asked,
                         const nh_neuron_value *rounded, const int *volts, nh_diag *d);

#endif
