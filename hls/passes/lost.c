#include "lost.h"

#include <math.h>

#include "underflow.h"

/* Bits that a number keeps when it is 8 LSB large: enough to be what was meant within 6 %. */
#define KEEP_LSB 8
#define MOST_BITS 32
#define KEEP_DB 20
#define DB_PER_BIT 6.02

/* Bits more that make the worst row, or the whole, good enough. */
static int more_bits(const nh_param_loss *l) {
    if (l->worst_row >= 0 && l->sqnr_db >= KEEP_DB) return (int)ceil(log2(KEEP_LSB * l->worst_lsb / fabs(l->worst)));
    return (int)ceil((KEEP_DB - fmax(l->sqnr_db, 0)) / DB_PER_BIT);
}

static const char *wider(nh_arena *a, nh_format f, int bits) {
    char text[NH_FORMAT_TEXT];
    int width = f.width_bits + bits;
    return nh_arena_str(
        a,
        nh_format_print(nh_format_make(f.is_signed, width < 64 ? width : 64, f.int_bits, f.round, f.overflow), text));
}

static void hint_weights(const nh_graph *g, const nh_layer *l, const nh_param_loss *loss, nh_diag *d) {
    int bits = loss->sqnr_db < INFINITY ? more_bits(loss) : 1, width = l->opt.weight_bits + (bits < 1 ? 1 : bits);
    bool rows = loss->worst_row >= 0 && loss->sqnr_db >= KEEP_DB && l->weight->shape.dim[0] > 1,
         may_scale = l->opt.strategy != NH_STRATEGY_EVENT;
    const char *more = width <= MOST_BITS ? nh_arena_printf(g->arena, "weight_bits: %d", width)
                                          : "a model whose numbers are closer to each other";
    if (!l->opt.weight.is_auto) {
        nh_diag_hint(d, "weight: \"%s\" keeps it%s", wider(g->arena, l->weight->fmt, bits),
                     rows && may_scale ? ", or weight: auto with granularity: per_channel" : "");
        return;
    }
    if (rows && may_scale && l->opt.granularity == NH_PER_TENSOR)
        nh_diag_hint(d, "granularity: per_channel gives every output its own scale; with one scale for all: %s", more);
    else if (rows && may_scale)
        nh_diag_hint(d,
                     "scales of outputs are at most 2^%d apart, half of multiplier_bits: raise multiplier_bits, or %s",
                     l->opt.multiplier_bits / 2, more);
    else
        nh_diag_hint(d, "%s", more);
}

/* "1 of 3 factors became 0", "2 of 10 outputs keep less than 3 bits of their weights". */
static const char *what_was_lost(const nh_graph *g, const nh_layer *l, const nh_param_loss *s, const char *numbers) {
    nh_arena *a = g->arena;
    long long zeroed = (long long)s->rows_zeroed, few = (long long)s->rows_short, rows = (long long)s->rows;
    bool single = numbers[0] == 'b' || nh_shape_size(l->weight->shape) == l->weight->shape.dim[0];
    if (zeroed + few == 0)
        return nh_arena_printf(a, "%lld of %lld %s became 0, all of them have an SQNR of %.1f dB", (long long)s->zeroed,
                               (long long)s->n, numbers, s->sqnr_db);
    const char *of = single ? numbers : nh_arena_printf(a, "outputs' %s", numbers);
    if (few == 0) return nh_arena_printf(a, "%lld of %lld %s became 0", zeroed, rows, of);
    if (zeroed == 0) return nh_arena_printf(a, "%lld of %lld %s keep less than 3 bits", few, rows, of);
    return nh_arena_printf(a, "%lld of %lld %s became 0, %lld more keep less than 3 bits", zeroed, rows, of, few);
}

static bool tell(const nh_graph *g, const nh_layer *l, const nh_param *p, nh_format f, const char *numbers, nh_diag *d,
                 nh_param_loss *loss) {
    char text[NH_FORMAT_TEXT];
    if (!nh_param_loss_of(p, loss) || !nh_param_is_lost(loss)) return false;
    if (loss->worst_row < 0 && p->overflow.overflowed > 0)
        return false; /* what is lost is lost at the other end, and N201 says so */
    const char *worst =
        loss->worst_row < 0
            ? ""
            : nh_arena_printf(g->arena, "; the largest of them, of output %lld, is %g and became %g, beside %g",
                              (long long)loss->worst_row, loss->worst, loss->becomes, loss->most);
    nh_report(d, NH_N_UNDERFLOW, l->at, "layer '%s': in %s %s%s", l->name, nh_format_print(f, text),
              what_was_lost(g, l, loss, numbers), worst);
    nh_diag_layer(d, l->name);
    return true;
}

void nh_tell_lost_weights(const nh_graph *g, const nh_layer *l, nh_diag *d) {
    nh_param_loss loss;
    if (l->weight && tell(g, l, l->weight, l->weight->fmt, l->op == NH_OP_BATCHNORM ? "factors" : "weights", d, &loss))
        hint_weights(g, l, &loss, d);
}

void nh_tell_lost_bias(const nh_graph *g, const nh_layer *l, nh_diag *d) {
    nh_param_loss loss;
    if (!nh_param_loss_of(l->bias, &loss) || loss.sqnr_db >= 10)
        return; /* a bias is added: a small one beside large ones is worth little */
    if (!tell(g, l, l->bias, l->opt.bias.is_auto ? l->bias->fmt : l->opt.bias.fmt, "biases", d, &loss)) return;
    if (!l->opt.bias.is_auto)
        nh_diag_hint(d, "bias: auto is stored as finely as the accumulator");
    else
        nh_diag_hint(d, "accum: auto is as fine as the products");
}

/* --- inputs ------------------------------------------------------------------------------------------------------ */

/* Does a batch norm with factors of their own read the input? Then every input counts, however small it is beside the
 * others. */
static bool is_normalised(const nh_graph *g) {
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        if (l->op != NH_OP_BATCHNORM || l->n_axes == 0) continue;
        int t = l->in[0];
        while (g->layer[g->tensor[t].producer].op == NH_OP_RESHAPE) t = g->layer[g->tensor[t].producer].in[0];
        if (t == g->input) return true;
    }
    return false;
}

/* Variance of element i over the samples, and mean square of its rounding where the format does not clip it. */
static void spread_of(const nh_tensor *t, const double *x, int64_t n, int64_t size, int64_t i, double *variance,
                      double *error) {
    double mean = 0, square = 0, sum = 0;
    for (int64_t k = 0; k < n; k++) {
        nh_fx_count count = {0};
        double v = x[k * size + i], away = v - mean;
        double e = nh_fx_to_double(nh_fx_from_double(v / t->q.scale, t->q.fmt, &count), nh_format_frac(t->q.fmt)) *
                       t->q.scale -
                   v;
        mean += away / (double)(k + 1);
        square += away * (v - mean);
        if (count.overflowed == 0) sum += e * e;
    }
    *variance = square / (double)n;
    *error = sum / (double)n;
}

void nh_tell_lost_inputs(const nh_graph *g, const double *x, int64_t n, nh_diag *d) {
    enum { LEAST_RATIO = 50 }; /* 17 dB: a step of half a standard deviation */
    const nh_tensor *t = &g->tensor[g->input];
    const nh_layer *l = &g->layer[t->producer];
    int64_t size = nh_shape_size(t->shape), lost = 0, worst = 0;
    double least = INFINITY, step = ldexp(t->q.scale, -nh_format_frac(t->q.fmt));
    char text[NH_FORMAT_TEXT];
    if (n < 2 || !is_normalised(g)) return;
    for (int64_t i = 0; i < size; i++) {
        double variance, error;
        spread_of(t, x, n, size, i, &variance, &error);
        if (variance <= 0 || error * LEAST_RATIO <= variance) continue;
        lost++;
        if (variance < least) least = variance, worst = i;
    }
    if (lost == 0) return;
    double deviation = sqrt(least);
    nh_report(d, NH_N_UNDERFLOW, l->at,
              "layer '%s': in %s %lld of %lld inputs vary by hardly more than a step, and a batch norm brings them to "
              "one scale; the worst, input %lld, has a standard deviation of %.3g, a step is %.3g",
              l->name, nh_format_print(t->q.fmt, text), (long long)lost, (long long)size, (long long)worst, deviation,
              step);
    nh_diag_layer(d, l->name);
    nh_diag_hint(d, "give the input %d bits more, or bring the inputs to one scale before the network",
                 (int)ceil(log2(KEEP_LSB * step / deviation)));
}

/* --- neurons ----------------------------------------------------------------------------------------------------- */

typedef enum { ADDED, FACTOR, DECAY } use;

/* What is done with the register: a state decays by it, something is multiplied by it, or it is added or compared. */
static use use_of(const nh_neuron_program *p, int reg) {
    use u = ADDED;
    for (int k = 0; k < p->n_instr; k++) {
        const nh_neuron_instr *in = &p->instr[k];
        if (in->op == NH_NOP_LEAK && in->src[0] == reg) return DECAY;
        if (in->op == NH_NOP_MUL && (in->src[0] == reg || in->src[1] == reg)) u = FACTOR;
    }
    return u;
}

/* A factor is lost when an eighth of it is. A decay near 1 also, when half of its distance to 1 is and a state feels it
 * within the steps. Of volts that are added in every step a twentieth of the threshold is little over all steps. */
static bool is_lost(double from, double to, use u, double steps) {
    double error = fabs(to - from);
    if (u == DECAY && from > 0.5 && from < 1) return to < 1 && error > (1 - from) / 2 && error * steps > 0.1;
    if (u != ADDED) return error > fabs(from) / 8;
    return to == 0 && error * steps > 0.05;
}

void nh_tell_lost_params(const nh_graph *g, const nh_layer *l, const nh_neuron_program *p, const nh_neuron_value *asked,
                         const nh_neuron_value *rounded, const int *volts, nh_diag *d) {
    for (int k = 0; k < p->n_param; k++) {
        int reg = p->param[k];
        use u = use_of(p, reg);
        int64_t lost = 0, at = 0;
        double worst = 0;
        if (u == ADDED && volts[reg] != 1) continue;
        for (int64_t i = 0; i < asked[k].n; i++) {
            double from = asked[k].value[i], to = rounded[k].value[i];
            if (!is_lost(from, to, u, g->steps > 0 ? (double)g->steps : 1)) continue;
            lost++;
            if (fabs(from) > worst) worst = fabs(from), at = i;
        }
        if (lost == 0) continue;
        const char *name = p->reg[reg].name, *example = nh_arena_printf(g->arena, "%.9g becomes %.9g",
                                                                        asked[k].value[at], rounded[k].value[at] + 0.0);
        if (asked[k].n == 1)
            nh_report(d, NH_N_UNDERFLOW, l->at, "layer '%s': %s %s", l->name, name, example);
        else
            nh_report(d, NH_N_UNDERFLOW, l->at,
                      "layer '%s': %lld of %lld values of %s lose most of their bits; the largest of them, %s", l->name,
                      (long long)lost, (long long)asked[k].n, name, example);
        nh_diag_layer(d, l->name);
        if (volts[reg] == 1)
            nh_diag_hint(d, "1 is the threshold, and volts are as fine as the finest state: raise state_bits, or give "
                            "its state more fractional bits");
        else
            nh_diag_hint(d, "raise decay_bits");
    }
}
