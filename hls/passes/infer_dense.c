/* Dense and batchnorm layers: accumulators by interval analysis, scales of results, integer requantizers. */
#include "infer.h"

#include <math.h>

/* A batchnorm is a dense layer with one input per output. */
typedef struct {
    int64_t n_out, n_in;
    int frac;         /* of the accumulator */
    double *unit;     /* [n_out] real value of an accumulator's raw 1 at frac 0: input scale * weight scale */
    bool is_uniform;  /* all units are equal */
    nh_range *sum;    /* [n_out] what the whole sum can be */
    nh_range partial; /* what any partial sum of any output, in any order, can be */
} dense_numbers;

static nh_range scaled(nh_i128 factor, nh_range x) { return nh_range_mul((nh_range){factor, factor}, x); }

static bool exact_accum(nh_infer *c, nh_layer *l, dense_numbers *n, int bits_x) {
    int width = nh_range_signed_width(n->partial);
    char buf[NH_FORMAT_TEXT];
    if (width > 64) {
        nh_infer_say(c, l, NH_N_ACCUM_WIDE, "the exact accumulator needs %d bits", width);
        nh_diag_found(c->d, "%lld products of %d and %d bits", (long long)n->n_in, bits_x, l->weight->fmt.width_bits);
        nh_diag_allowed(c->d, "64 bits");
        nh_diag_hint(c->d, "take %d bits from the input's or the weight's format, or give `accum`", width - 64);
        return false;
    }
    l->accum = nh_format_make(true, width, width - n->frac, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    nh_infer_say(c, l, NH_N_ACCUM, "accumulator %s, exact", nh_format_print(l->accum, buf));
    return true;
}

/* Interval of sums of casted products: every cast may round by less than one raw step. */
static void given_accum(nh_infer *c, nh_layer *l, nh_range x, int frac_product, dense_numbers *n) {
    nh_param *bias = l->bias;
    nh_format wide = nh_format_make(true, 64, 64 - n->frac, l->accum.round, NH_OVERFLOW_SAT);
    l->bias = NULL; /* the bias is at another resolution than the products */
    n->partial = nh_infer_sums(l, x, n->sum);
    l->bias = bias;
    nh_range all = nh_range_convert(n->partial, frac_product, wide);
    if (frac_product > n->frac) all = nh_range_add(all, (nh_range){-n->n_in, n->n_in});
    nh_range b = {0, 0};
    for (int64_t o = 0; bias && o < n->n_out; o++) b = nh_range_hull(b, (nh_range){bias->raw[o], bias->raw[o]});
    all = nh_range_add(all, b);

    nh_range held = nh_range_of(l->accum);
    bool overflows = all.lo < held.lo || all.hi > held.hi;
    for (int64_t o = 0; o < n->n_out; o++) n->sum[o] = overflows ? held : all;
    char buf[NH_FORMAT_TEXT];
    nh_infer_say(c, l, NH_N_ACCUM, "accumulator %s, given; every product and every sum is cast to it",
                 nh_format_print(l->accum, buf));
    if (!overflows) return;
    int needed = nh_range_signed_width(all);
    nh_infer_say(c, l, NH_N_ACCUM_OVERFLOW, "sums can need %d bits, the accumulator %s has %d", needed, buf,
                 l->accum.width_bits);
    if (needed <= 64) {
        nh_format enough = nh_format_make(true, needed, needed - n->frac, l->accum.round, l->accum.overflow);
        nh_diag_hint(c->d, "%s cannot overflow, `accum: auto` is exact", nh_format_print(enough, buf));
    }
}

/* --- scale of the result
 * ------------------------------------------------------------------------------------------------ */

/* The layer that casts what l makes: a dense result that only feeds a relu, leaky_relu or clip is cast after
 * it. */
static const nh_layer *casting_layer(const nh_graph *g, const nh_layer *l) {
    if (!l->opt.result.is_auto || l->out == g->output || g->tensor[l->out].n_consumers != 1) return l;
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *next = &g->layer[i];
        if (next->n_in != 1 || next->in[0] != l->out) continue;
        return next->op == NH_OP_RELU || next->op == NH_OP_LEAKY_RELU || next->op == NH_OP_CLIP ? next : l;
    }
    return l;
}

/* Real interval of what `last` gives for the sums: without calibration. */
static void real_interval(const dense_numbers *n, const nh_layer *last, double *lo, double *hi) {
    *lo = INFINITY;
    *hi = -INFINITY;
    for (int64_t o = 0; o < n->n_out; o++) {
        *lo = fmin(*lo, nh_fx_to_double(n->sum[o].lo, n->frac) * n->unit[o]);
        *hi = fmax(*hi, nh_fx_to_double(n->sum[o].hi, n->frac) * n->unit[o]);
    }
    if (last->op == NH_OP_RELU) *lo = fmax(*lo, 0), *hi = fmax(*hi, 0);
    if (last->op == NH_OP_CLIP) *lo = fmin(fmax(*lo, last->lo), last->hi), *hi = fmin(fmax(*hi, last->lo), last->hi);
    if (last->op == NH_OP_LEAKY_RELU) *lo = fmin(*lo * last->alpha, 0);
}

/* What raw 1 at frac 0 of the result means. A given format is read at scale 1. A power-of-two result takes
 * over the scale of the sums, so it needs no multiplier; an arbitrary one makes the largest result the
 * largest integer. */
static double result_scale(const nh_infer *c, const dense_numbers *n, const nh_layer *last, double input_scale) {
    if (!last->opt.result.is_auto) return 1;
    if (last->opt.scale == NH_SCALE_POWER_OF_TWO) return n->is_uniform ? n->unit[0] : input_scale;
    double lo, hi;
    real_interval(n, last, &lo, &hi);
    nh_fit f;
    if (!nh_infer_seen(c, last, 1, lo < 0, &f))
        f = (nh_fit){
            .lo = lo, .hi = hi, .unit = 1, .is_signed = lo < 0, .bits = last->opt.result_bits, .round = NH_ROUND_RND};
    double scale = nh_fit_scale(f);
    return scale > 0 ? scale : n->unit[0];
}

/* Integer multipliers for unit[o] / scale with one shift; a common power of two is taken out again. */
void nh_infer_requantize(nh_infer *c, nh_layer *l, const double *unit, int64_t n_out, double scale) {
    double most = 0, error = 0;
    bool is_plain = true;
    for (int64_t o = 0; o < n_out; o++) {
        most = fmax(most, unit[o] / scale);
        is_plain = is_plain && unit[o] == scale;
    }
    l->requant_mul = NULL;
    l->requant_shift = 0;
    if (is_plain) return;
    int exponent, bits = l->opt.multiplier_bits, shift;
    frexp(most, &exponent);
    shift = bits - exponent;
    if (nearbyint(ldexp(most, shift)) >= ldexp(1, bits)) shift--;

    int64_t *mul = nh_arena_array(c->g->arena, (size_t)n_out, sizeof *mul), all = 0;
    for (int64_t o = 0; o < n_out; o++) {
        double exact = ldexp(unit[o] / scale, shift);
        mul[o] = (int64_t)nearbyint(exact);
        all |= mul[o];
        error = fmax(error, fabs((double)mul[o] / exact - 1));
    }
    int zeros = all ? __builtin_ctzll((unsigned long long)all) : 0;
    for (int64_t o = 0; o < n_out; o++) mul[o] >>= zeros;
    l->requant_mul = mul;
    l->requant_shift = shift - zeros;
    nh_infer_say(c, l, NH_N_REQUANT,
                 "%lld requantizer multipliers of up to %d bits, shift %d, relative error up to %.2g", (long long)n_out,
                 64 - __builtin_clzll((unsigned long long)(all >> zeros)), l->requant_shift, error);
    if (error <= 1. / 16) return;
    nh_infer_say(c, l, NH_N_UNDERFLOW,
                 "a requantizer of %d bits is %.0f %% off: the scales of its outputs are far apart", bits, 100 * error);
    nh_diag_hint(c->d, "multiplier_bits: %d", bits + 4 < 32 ? bits + 4 : 32);
}

/* --- the layer
 * ------------------------------------------------------------------------------------------------------------
 */

static void find_units(nh_infer *c, const nh_layer *l, double input_scale, dense_numbers *n) {
    n->unit = nh_arena_array(c->scratch, (size_t)n->n_out, sizeof *n->unit);
    n->sum = nh_arena_array(c->scratch, (size_t)n->n_out, sizeof *n->sum);
    n->is_uniform = true;
    for (int64_t o = 0; o < n->n_out; o++) {
        n->unit[o] = input_scale * (l->weight->scale ? l->weight->scale[o] : 1);
        n->is_uniform = n->is_uniform && n->unit[o] == n->unit[0];
    }
}

static bool infer_sums(nh_infer *c, nh_layer *l, const nh_tensor *x, dense_numbers *n) {
    int frac_product = nh_format_frac(x->q.fmt) + nh_format_frac(l->weight->fmt);
    l->accum_exact = l->opt.accum.is_auto;
    if (!l->accum_exact) {
        l->accum = l->opt.accum.fmt;
        if (!nh_infer_signed64(c, l, "accumulator", l->accum, l->opt.accum.at)) return false;
    }
    n->frac = l->accum_exact ? frac_product : nh_format_frac(l->accum);
    if (l->bias && !nh_infer_bias(c, l, n->n_out, n->frac, n->unit, l->accum_exact ? NULL : &l->accum)) return false;
    if (!l->accum_exact) {
        given_accum(c, l, x->range, frac_product, n);
        return true;
    }
    n->partial = nh_infer_sums(l, x->range, n->sum);
    return exact_accum(c, l, n, x->q.fmt.width_bits);
}

bool nh_infer_rounded(nh_infer *c, nh_layer *l) {
    const nh_tensor *x = &c->g->tensor[l->in[0]];
    dense_numbers n = {.n_out = l->weight->shape.dim[0]};
    n.n_in = nh_shape_size(l->weight->shape) / n.n_out;
    if (!nh_infer_weight(c, l, n.n_out, n.n_in)) return false;
    find_units(c, l, x->q.scale, &n);
    if (!infer_sums(c, l, x, &n)) return false;

    const nh_layer *last = casting_layer(c->g, l);
    double scale = result_scale(c, &n, last, x->q.scale);
    nh_infer_requantize(c, l, n.unit, n.n_out, scale);
    nh_range all = {0, 0};
    for (int64_t o = 0; o < n.n_out; o++) {
        nh_range r = l->requant_mul ? scaled(l->requant_mul[o], n.sum[o]) : n.sum[o];
        all = o == 0 ? r : nh_range_hull(all, r);
    }
    int frac = n.frac + l->requant_shift;
    return last == l ? nh_infer_result(c, l, all, frac, scale) : nh_infer_keep_exact(c, l, all, frac, scale);
}
