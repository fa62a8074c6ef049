/* What calibration saw of every tensor. */
#ifndef NH_STATS_H
#define NH_STATS_H

#include "fit.h"

typedef struct {
    double min, max;
    nh_values kept;
} nh_stats;

/* Run the float reference over all samples; [n_tensor] in a. NULL and NH_N_NOT_FINITE when a value is not
 * finite. */
nh_stats *nh_stats_collect(nh_arena *a, const nh_graph *g, const nh_samples *samples, nh_diag *d);

/* Words for notes. */
const char *nh_method_text(nh_calibrate_method method);

#endif
