/* The datapaths of a unit: whole-vector ones (latency) and per-element ones behind shared multipliers (resource). */
#ifndef NH_BUILD_H
#define NH_BUILD_H

#include "elementwise.h"

/* A run of layers that becomes one unit: layer[first], then elementwise followers and wires. */
typedef struct {
    const nh_graph *g;
    const nh_layer *const *layer;
    int n;
    const nh_dp_timing *timing;
    int lut_inputs;
} nh_run;

/* Few enough non-zero weights among n to unroll? NH_P_UNROLL. */
bool nh_check_unrolled(nh_diag *d, const nh_layer *l, int64_t n);

/* Unrolled datapath: port x = the input tensor, port y = the last layer's tensor. NULL + NH_P_WIDTH / NH_P_UNROLL. */
nh_dp *nh_build_unrolled(nh_arena *a, nh_diag *d, const nh_run *r, const char *id, nh_notes *notes);

/* Post datapath of one accumulator lane for run->layer[0] (dense): port x, [port m,] port y. Fills mac->mul,
 * mac->mul_bits and mac->post. */
bool nh_build_post(nh_arena *a, nh_diag *d, const nh_run *r, const char *id, nh_mac *mac, nh_notes *notes);

#endif
