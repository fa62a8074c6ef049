/* Passes over the graph: from floats as read to integers with decided formats. passes/pipeline.c is the ordered table.
 */
#ifndef NH_PASSES_H
#define NH_PASSES_H

#include "graph.h"

/* Samples in real values: [n][size] row-major, size = steps of a sample times the elements of the graph's input tensor.
 * n may be 0. */
typedef struct {
    const double *x;
    int64_t n;
    int64_t size;
} nh_samples;

/* Run the ordered passes: drop identities, fold chains of batch norms into one layer and into dense layers, append
 * argmax when asked, discretise the equations of neurons, move sums and biases into their programs, calibrate, infer
 * (formats, raw weights, requantizers, intervals), check after each. dump_after: a pass name whose result is printed to
 * dump (both may be NULL). Decisions are notes in d. Returns false when there are errors. */
bool nh_passes_run(nh_graph *g, const nh_options *o, const nh_samples *calibration, nh_diag *d, const char *dump_after,
                   FILE *dump);

/* The names of the passes in order, "a, b, c", in a. */
const char *nh_passes_names(nh_arena *a);

/* The single passes, each usable alone. nh_pass_discretise: neurons.h. */
bool nh_pass_drop_identity(nh_graph *g, nh_diag *d);
bool nh_pass_fold_affine(nh_graph *g, nh_diag *d);
bool nh_pass_append_argmax(nh_graph *g, const nh_options *o, nh_diag *d);
/* Move sums and biases into the programs of the neurons that read them; other sums become neurons. */
bool nh_pass_absorb(nh_graph *g, nh_diag *d);
/* What the float reference did on the calibration samples, and cal_min/cal_max of every tensor (after clipping by
 * method: minmax, percentile; mse is decided by infer). *seen: NULL without samples, lives in a. */
typedef struct nh_seen nh_seen;
bool nh_pass_calibrate(nh_arena *a, nh_graph *g, const nh_options *o, const nh_samples *calibration, nh_diag *d,
                       nh_seen **seen);
/* Formats of every tensor and parameter, raw weights, exact or given accumulators, requantizers, raw intervals, exact
 * programs of neurons. Needs layer[i].opt resolved (frontend/config nh_config_resolve).
 *   weight auto: weight_bits wide, integer bits (or scale) from the values by the calibration method;
 *   result auto: result_bits wide from calibration data, else from interval analysis (never overflows); of an exact
 *   layer: its sums;
 *   a dense result that only feeds relu-like elementwise layers stays exact (its cast happens after the activation);
 *   accum auto: exact by interval analysis.
 * seen: what nh_pass_calibrate gave for the same samples, or NULL. */
bool nh_pass_infer(nh_graph *g, const nh_options *o, const nh_samples *calibration, const nh_seen *seen, nh_diag *d);

#endif
