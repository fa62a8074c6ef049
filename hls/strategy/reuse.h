/* Reuse factors: the solution of `reuse_factor: auto`. */
#ifndef NH_REUSE_H
#define NH_REUSE_H

#include "design.h"

typedef struct {
    int64_t n_in, n_out;
} nh_dense_shape;

nh_dense_shape nh_dense_shape_of(const nh_layer *l);

/* reuse[layer] for every layer; 1 where nothing is shared. Resource layers with a given factor keep it; the auto ones
 * get, for a target II the fewest multipliers, for a number of multipliers the least II, for both the fewest
 * multipliers at that II. False with NH_P_BUDGET or NH_P_NO_BUDGET. */
bool nh_solve_reuse(const nh_graph *g, const nh_options *o, nh_diag *d, int64_t *reuse);

#endif
