#ifndef NH_LOIHI_H
#define NH_LOIHI_H

#include "numerics.h"

/* numerics: lava without another option, for spiking neurons. */
bool nh_loihi_is_asked(const nh_layer *l);
/* The integer program, its parameters in `to`; weights and biases of the layers that feed l become whole numbers. NULL
 * with *why when the layer cannot be in integers. */
const nh_neuron_program *nh_loihi_make(nh_graph *g, nh_diag *d, const nh_layer *l, const nh_coefficients *from,
                                       nh_coefficients *to, const char **why);

#endif
