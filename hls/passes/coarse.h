/* Result formats that were chosen without calibration data, against what really occurs. */
#ifndef NH_COARSE_H
#define NH_COARSE_H

#include "passes.h"

/* Warn (N208) of results whose format, from interval analysis, leaves few bits to the values that occur: over the
 * inputs, the first few of them, or over samples drawn from the input's format when there are none. After infer. */
void nh_tell_coarse(const nh_graph *g, const nh_samples *inputs, nh_diag *d);

#endif
