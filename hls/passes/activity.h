/* What reaches a dense layer on the calibration samples, and weights rounded by it. */
#ifndef NH_ACTIVITY_H
#define NH_ACTIVITY_H

#include "neurons.h"

typedef struct {
    int64_t n;          /* inputs of the layer */
    int input;          /* tensor */
    double decay[2];    /* of the synaptic current and of the membrane behind the layer; 0: there is none */
    double *low[2];     /* [n] the input after one and after both low-passes */
    double *sum;        /* [n][n] of products, by rows */
    int64_t steps_left; /* to be added */
} nh_activity;

/* For a dense layer of a network with a loop whose weights are chosen here and that a neuron reads; NULL for others,
 * and for those that would take too long. Lives in a. */
nh_activity *nh_activity_new(nh_arena *a, const nh_graph *g, int layer, int64_t steps);
/* A sample begins; one step of it; all samples were seen. */
void nh_activity_reset(nh_activity *act);
void nh_activity_step(nh_activity *act, const double *x);
void nh_activity_finish(nh_activity *act);
/* raw[n]: integers near target[n], changed by one where that lowers the cost of the row; none ends a whole step away
 * from its target, or outside of allowed. Expected: raw is rounded to nearest. */
void nh_activity_round(nh_arena *scratch, const nh_activity *act, const double *target, nh_range allowed, int64_t *raw);

#endif
