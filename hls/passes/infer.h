/* What the files of infer_fx share. */
#ifndef NH_INFER_H
#define NH_INFER_H

#include "stats.h"

typedef struct {
    nh_graph *g;
    const nh_options *o;
    nh_diag *d;
    nh_arena *scratch;
    const nh_stats *stats; /* [n_tensor] for the least-squares method, or NULL */
    double *kept;          /* [NH_KEPT_VALUES] room for a part of the weights */
    bool *may_clip;        /* [n_tensor] the format can overflow: count over the calibration data */
} nh_infer;

/* One note or error about a layer; the place is the layer's. Returns false for errors. */
bool nh_infer_say(nh_infer *c, const nh_layer *l, nh_code code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* ufixed<64,...> does not fit the int64 words of tensors and parameters. */
bool nh_infer_signed64(nh_infer *c, const nh_layer *l, const char *what, nh_format f, nh_loc at);

/* Decide the format of tensor l->out, whose exact raw interval is `exact` at `frac`, real = raw * 2^-frac *
 * scale: given, exact when it is narrow enough, else fitted. range and q of the tensor are set, the decision
 * is noted. */
bool nh_infer_result(nh_infer *c, const nh_layer *l, nh_range exact, int frac, double scale);
/* Keep every bit: exact format. */
bool nh_infer_keep_exact(nh_infer *c, const nh_layer *l, nh_range exact, int frac, double scale);
/* What calibration saw of the output of l, to be fitted at `scale`; false without calibration. */
bool nh_infer_seen(const nh_infer *c, const nh_layer *l, double scale, bool is_signed, nh_fit *out);

/* --- layers with weights: weights.c, dense.c --- */

/* Quantize l->weight ([n_out][n_in], one row per output): fmt, scale, raw, overflow. */
bool nh_infer_weight(nh_infer *c, nh_layer *l, int64_t n_out, int64_t n_in);
/* Quantize l->bias to the accumulator's resolution `frac`, where raw 1 of output o means unit[o] * 2^-frac.
 * accum: the given accumulator, or NULL. */
bool nh_infer_bias(nh_infer *c, nh_layer *l, int64_t n_out, int frac, const double *unit, const nh_format *accum);
/* The whole of a dense or batchnorm layer. */
bool nh_infer_dense(nh_infer *c, nh_layer *l);

#endif
