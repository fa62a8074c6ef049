/* Formats round a loop. A delay that closes a loop stands before the layer that makes what it delays: it needs a format
 * before that layer has one. Everything up to the loop's neuron follows from the neuron's format, which is known before
 * its inputs are; of a loop without neurons, the format of a dense layer is fixed. */
#include "infer.h"

#include <math.h>

/* Reals lo..hi may be as much larger as the factors that the rows of a weighted layer took in. */
static void widen_by_gain(const nh_infer *c, const nh_layer *from, double *lo, double *hi) {
    const double *gain = c->row_gain[from - c->g->layer], min = *lo, max = *hi;
    for (int64_t o = 0; gain && o < from->weight->shape.dim[0]; o++) {
        *lo = fmin(*lo, fmin(min * gain[o], max * gain[o]));
        *hi = fmax(*hi, fmax(min * gain[o], max * gain[o]));
    }
}

/* The format that the neuron or dense layer `from` must give to the delay l in front of it: spikes and their counts
 * have theirs, another is fixed now and `from` is held to it. */
static bool fix_format(nh_infer *c, const nh_layer *l, const nh_layer *from) {
    const nh_tensor *x = &c->g->tensor[from->out];
    bool is_neuron = from->op == NH_OP_NEURON;
    double unit = is_neuron ? nh_infer_neuron_unit(c, from) : 1, lo = fmin(x->cal_min, 0), hi = fmax(x->cal_max, 1);
    nh_format f = nh_format_make(false, 1, 1, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    if (!from->opt.result.is_auto) {
        f = from->opt.result.fmt;
    } else if (is_neuron && from->neuron->program->out == NH_NEURON_OUT_COUNT) {
        nh_range_format((nh_range){0, from->neuron->program->spikes_per_step}, 0, &f);
    } else if (!is_neuron || from->neuron->program->out != NH_NEURON_OUT_SPIKE) {
        if (!x->calibrated)
            return nh_infer_say(c, l, NH_N_INPUT_FORMAT,
                                "the range of what comes back is unknown without calibration data");
        if (!is_neuron) widen_by_gain(c, from, &lo, &hi);
        f = nh_fit_format((nh_fit){.lo = lo,
                                   .hi = hi,
                                   .unit = unit,
                                   .is_signed = lo < 0,
                                   .bits = from->opt.result_bits,
                                   .round = NH_ROUND_RND});
    }
    c->forced[from->out] = f;
    nh_infer_set(c, from, f, nh_range_of(f), unit);
    return true;
}

/* The format of a tensor that the delay l reads. Layers of a loop are met at most twice: a dense layer that is met
 * again has its format fixed, and a loop without one is refused. */
static bool infer_ahead(nh_infer *c, const nh_layer *l, int tensor) {
    int i = c->g->tensor[tensor].producer;
    const nh_layer *from = &c->g->layer[i];
    if (c->g->tensor[tensor].q.known) return true;
    if (from->op == NH_OP_NEURON || (c->visits[i] > 0 && from->op == NH_OP_DENSE)) return fix_format(c, l, from);
    if (c->visits[i]++ == 2)
        return nh_infer_say(
            c, l, NH_M_FORM,
            "what comes back in a loop is a sum of '%s', which has no format of its own: delay what its neurons make",
            from->name);
    for (int k = 0; k < from->n_in; k++)
        if (!infer_ahead(c, l, from->in[k])) return false;
    return nh_infer_layer(c, i);
}

bool nh_infer_delay(nh_infer *c, nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    if (!infer_ahead(c, l, l->in[0])) return false;
    nh_infer_set(c, l, x->q.fmt, nh_range_hull(x->range, (nh_range){0, 0}), x->q.scale);
    return true;
}
