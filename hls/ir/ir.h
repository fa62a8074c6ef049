/* What the files of ir/ share: names of option values, the shape rules. */
#ifndef NH_IR_H
#define NH_IR_H

#include "graph.h"

extern const char *const nh_edge_kind_text[3];
extern const char *const nh_scale_text[2];
extern const char *const nh_granularity_text[3];
extern const char *const nh_reg_kind_text[5];

/* Why layer l does not agree with its operator's rule for shapes of inputs, output and parameters, or NULL.
 * The arity and the tensor indices are right. */
const char *nh_shape_mismatch(const nh_graph *g, const nh_layer *l);

#endif
