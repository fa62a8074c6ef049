/* The datapaths of a unit: whole-vector ones (latency) and per-element ones behind shared multipliers (resource). */
#ifndef NH_BUILD_H
#define NH_BUILD_H

#include "elementwise.h"
#include "layout.h"

/* A run of layers that becomes one unit: layer[0], then elementwise followers and wires. */
typedef struct {
    const nh_graph *g;
    const nh_layer *const *layer;
    int n;
    const nh_layout *layout; /* [n_tensor] order of elements in streams */
    const nh_dp_timing *timing;
    int lut_inputs;
} nh_layer_run;

/* Unrolled datapath: port x = the input tensor, port y = the last layer's tensor, in stream order. NULL: diagnosed
 * (NH_P_WIDTH, NH_P_UNROLL). */
nh_dp *nh_build_unrolled(nh_arena *a, nh_diag *d, const nh_layer_run *r, const char *id, nh_notes *notes);

/* Post datapath of one accumulator lane for run->layer[0] (dense, convolution, pool), whose accumulators have the
 * format acc: port x, [port m,] port y. Output o of the engine is row rows[o] of the n_out that have a
 * multiplier, or o. False:
 * reported. */
bool nh_build_post(nh_arena *a, nh_diag *d, const nh_layer_run *r, const char *id, nh_format acc, int64_t n_out,
                   const int64_t *rows, nh_post *post, nh_notes *notes);

#endif
