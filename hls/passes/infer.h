/* What the files of the pass infer share: one context, one function per column `infer` of hls/ir/op.def. */
#ifndef NH_INFER_H
#define NH_INFER_H

#include "seen.h"

typedef struct {
    nh_graph *g;
    const nh_options *o;
    nh_diag *d;
    nh_arena *scratch;
    const nh_samples *samples;  /* calibration; n may be 0 */
    const nh_seen *seen;        /* what the float reference did on them, or NULL */
    double *kept;               /* [NH_KEPT_VALUES] room for a part of the weights */
    bool *may_clip;             /* [n_tensor] the format can overflow: count over the calibration data */
    bool *inferred;             /* [n_layer] */
    double **row_gain;          /* [n_layer] factors of a weighted layer's rows, or NULL */
    double *threshold;          /* [n_layer] what the potentials of a neuron were divided by */
    nh_neuron_value *acc_scale; /* [n_tensor] n > 0: factors of a weighted layer's rows that its neuron multiplies by */
    nh_format *forced; /* [n_tensor] width > 0: the format that the tensor's layer, part of a loop, must give */
    uint8_t *visits;   /* [n_layer] by delays that stand before what they read */
} nh_infer;

/* One per name in the column `infer`: formats of the layer's output and parameters. False: an error was reported. */
bool nh_infer_input(nh_infer *c, nh_layer *l);
bool nh_infer_weighted(nh_infer *c, nh_layer *l);
bool nh_infer_pool(nh_infer *c, nh_layer *l);
bool nh_infer_sum(nh_infer *c, nh_layer *l);
bool nh_infer_delay(nh_infer *c, nh_layer *l);
bool nh_infer_neuron(nh_infer *c, nh_layer *l);
bool nh_infer_wire(nh_infer *c, nh_layer *l);
bool nh_infer_elementwise(nh_infer *c, nh_layer *l);
bool nh_infer_fraction(nh_infer *c, nh_layer *l);        /* values from 0 to 1 */
bool nh_infer_signed_fraction(nh_infer *c, nh_layer *l); /* values from -1 to 1 */
bool nh_infer_function(nh_infer *c, nh_layer *l);
bool nh_infer_log_softmax(nh_infer *c, nh_layer *l);
bool nh_infer_argmax(nh_infer *c, nh_layer *l);

/* Layer i, unless that was done already. */
bool nh_infer_layer(nh_infer *c, int i);

/* --- what they report and set (infer.c) -------------------------------------------------------------------------- */

/* "layer 'name': ...": a note, warning or error at the layer's place. Returns false for errors. */
bool nh_infer_say(nh_infer *c, const nh_layer *l, nh_code code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* ufixed<64,...> does not fit the int64 words of tensors and parameters. */
bool nh_infer_signed64(nh_infer *c, const nh_layer *l, const char *what, nh_format f, nh_loc at);
/* Format and interval of the layer's output, without a note. */
void nh_infer_set(nh_infer *c, const nh_layer *l, nh_format f, nh_range range, double scale);
/* The same, and a note how the format was found. */
void nh_infer_decide(nh_infer *c, const nh_layer *l, nh_format f, double scale, nh_range range, const char *how);
/* Decide the format of tensor l->out, whose exact raw interval is `exact` at `frac`, real = raw * 2^-frac *
 * scale: given, exact when it is narrow enough, else fitted. range and q of the tensor are set, the decision
 * is noted. */
bool nh_infer_result(nh_infer *c, const nh_layer *l, nh_range exact, int frac, double scale);
/* Keep every bit: exact format. */
bool nh_infer_keep_exact(nh_infer *c, const nh_layer *l, nh_range exact, int frac, double scale);
/* What calibration saw of the output of l, to be fitted at `scale`; false without calibration. */
bool nh_infer_seen(const nh_infer *c, const nh_layer *l, double scale, bool is_signed, nh_fit *out);
/* Count what the float reference sends out of formats that may clip, over the calibration samples (overflow.c). */
void nh_infer_count_overflow(nh_infer *c);

/* --- layers with weights ------------------------------------------------------------------------------------------ */

/* What n weights v must represent, by the calibration method; valid until the next call (weights.c). */
nh_fit nh_infer_weight_fit(nh_infer *c, const nh_layer *l, const double *v, int64_t n);
/* One scale for the weights v, or one per output: as l->opt says, or what costs less where it leaves that open; one
 * where outputs may not have their own (granularity.c). */
nh_granularity nh_infer_granularity(nh_infer *c, const nh_layer *l, const double *v, bool may_scale);
/* v[o][i] / scale[o] -> p->raw, overflows are counted. scale may be NULL. Returns the index of the overflowed value of
 * largest magnitude, -1: none. */
int64_t nh_infer_quantize(nh_infer *c, nh_param *p, const double *v, int64_t n_out, int64_t n_in, const double *scale);
/* Quantize l->weight ([n_out][n_in], one row per output): fmt, scale, raw, overflow. */
bool nh_infer_weight(nh_infer *c, nh_layer *l, int64_t n_out, int64_t n_in);
/* Quantize l->bias to the accumulator's resolution `frac`, where raw 1 of output o means unit[o] * 2^-frac.
 * accum: the given accumulator, or NULL. */
bool nh_infer_bias(nh_infer *c, nh_layer *l, int64_t n_out, int frac, const double *unit, const nh_format *accum);
/* Raw sums of bias and weights times inputs in x: sum[o] what that of row o can be (sum may be NULL), the return what
 * any part of any sum, in any order, can be. Padding is part of the inputs of a convolution (sums.c). */
nh_range nh_infer_sums(const nh_layer *l, nh_range x, nh_range *sum);
/* Integer multipliers for unit[o] / scale with one shift, of n_out outputs: l->requant_mul, requant_shift; NULL where
 * all units are the scale (infer_dense.c). */
void nh_infer_requantize(nh_infer *c, nh_layer *l, const double *unit, int64_t n_out, double scale);
/* A dense layer or batch norm that ends in a result format (infer_dense.c), a dense layer or convolution that ends in
 * its exact sum (infer_exact.c). */
bool nh_infer_rounded(nh_infer *c, nh_layer *l);
bool nh_infer_exact(nh_infer *c, nh_layer *l);

/* --- in front of neurons ------------------------------------------------------------------------------------------ */

/* Gains go into row_gain of the weighted layers in front of the neuron of a layer, its potentials are divided by the
 * threshold, which is stored. Fills neuron->fx (without state formats yet) and fx_param (not rounded yet)
 * (normalise.c). */
bool nh_neuron_normalise(nh_graph *g, int layer, double **row_gain, nh_diag *d, double *threshold);
/* What 1 of a NEURON layer's output in the fixed network is in the float one: graded potentials are in thresholds. */
double nh_infer_neuron_unit(nh_infer *c, const nh_layer *l);
/* Natural fractional bits of a weighted layer's weights: of the format that it would have alone (infer_exact.c). */
int nh_infer_weight_frac(nh_infer *c, nh_layer *l);
/* Layers on neuron cores (infer_event.c): the NEURON layer that alone reads tensor t, perhaps through wires, delays,
 * pools and weights, -1: there is none; fractional bits that the weights in front of a neuron give to its one
 * accumulator: the coarsest of what they would give alone. */
int nh_event_reader(const nh_graph *g, int t);
int nh_event_frac(nh_infer *c, int layer);

#endif
