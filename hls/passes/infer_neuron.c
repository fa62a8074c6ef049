/* Fixed point of a neuron: formats of its states, by trying; rounded parameters; what its output can be. */
#include <math.h>
#include <string.h>

#include "edit.h"
#include "infer.h"
#include "lost.h"
#include "neuron_dp.h"

/* Integer bits that are tried below those that the calibration range needs: a membrane that rarely runs far is better
 * saturated. */
enum { FEWER_INT_BITS = 8, GUESSED_INT_BITS = 4, GUARD_BITS = 2, CONSTANT_BITS = 4 };
#define MORE_THAN_THRESHOLD 1.125
#define WORTH_SATURATING                                                                                               \
    0.5 /* of the error that is left: the samples are few, what saturates rarely may do so more often in others */

typedef struct {
    nh_infer *c;
    nh_layer *l;
    int index;
    nh_neuron_program *p;                    /* the fixed program, being completed */
    nh_neuron_value *param;                  /* of p: rounded */
    nh_neuron_value asked[NH_NEURON_PARAMS]; /* before rounding */
    const int *volts;
    const int *core;              /* on a core: what scales with the accumulator; else volts */
    const nh_neuron_trace *trace; /* or NULL */
    double volt;
    bool was_exact; /* the program came as integers */
} chooser;

/* --- parameters -------------------------------------------------------------------------------------------------- */

static bool is_event(const chooser *w) { return w->l->opt.strategy == NH_STRATEGY_EVENT; }

/* Bits of an event's value; where the fabric leaves them open: those of the input and of all states, which is what
 * neurons with states send. */
static int event_payload(const nh_infer *c) {
    int bits = c->o->fabric.f.payload_bits;
    if (bits > 0) return bits;
    nh_format in = c->g->tensor[c->g->input].q.fmt;
    bits = in.width_bits + !in.is_signed;
    for (int i = 0; i < c->g->n_layer; i++)
        if (c->g->layer[i].op == NH_OP_NEURON && c->g->layer[i].opt.state_bits > bits)
            bits = c->g->layer[i].opt.state_bits;
    return bits < 32 ? bits : 32;
}

/* Of states and everything in volts of a neuron on a core. */
static int event_state_frac(const chooser *w) {
    return nh_graph_finest_frac(w->c->g, w->l) + w->c->o->fabric.f.guard_bits;
}

/* Fractional bits of a parameter: volts are as fine as the finest state and a little more, so that what is added every
 * step keeps its mean; coefficients, and volts where there is no state, keep decay_bits significant ones. */
static int param_frac(const chooser *w, int k) {
    const nh_neuron_value *v = &w->asked[k];
    if (is_event(w)) return w->core[w->p->param[k]] == 1 ? event_state_frac(w) : w->l->opt.decay_bits;
    if (w->volts[w->p->param[k]] == 1 && w->p->n_state > 0) {
        int frac = 0;
        for (int s = 0; s < w->p->n_state; s++) {
            int f = nh_format_frac(w->p->reg[w->p->state[s]].fmt);
            frac = f > frac ? f : frac;
        }
        return frac + GUARD_BITS;
    }
    double most = 0;
    int exponent = 0;
    for (int64_t i = 0; i < v->n; i++) most = fmax(most, fabs(v->value[i]));
    frexp(most, &exponent);
    int frac = w->l->opt.decay_bits - exponent;
    return most > 0 && frac > 0 ? frac < 48 ? frac : 48 : 0;
}

static double rounded(double v, int frac) { return ldexp(nearbyint(ldexp(v, frac)), -frac); }

/* decay_bits and a few more, all of them significant. */
static double short_constant(const chooser *w, double v) {
    int exponent;
    frexp(v, &exponent);
    return rounded(v, w->l->opt.decay_bits + CONSTANT_BITS - exponent);
}

static void round_params(chooser *w) {
    for (int k = 0; k < w->p->n_param; k++) {
        const nh_neuron_value *from = &w->asked[k];
        int frac = param_frac(w, k);
        double *v = nh_arena_array(w->c->g->arena, (size_t)from->n, sizeof *v);
        for (int64_t i = 0; i < from->n; i++) v[i] = rounded(from->value[i], frac);
        w->param[k] = *from;
        w->param[k].value = v;
        w->l->neuron->fx_frac[k] = frac;
    }
    for (int r = 0; r < w->p->n_reg; r++) {
        nh_neuron_reg *x = &w->p->reg[r];
        if (x->kind == NH_REG_CONST) x->constant = short_constant(w, x->constant);
    }
}

static void tell_params(const chooser *w) {
    const nh_neuron_program *before = w->l->neuron->fx;
    for (int r = 0; r < before->n_reg; r++)
        if (before->reg[r].kind == NH_REG_CONST &&
            (before->reg[r].constant < w->p->reg[r].constant || before->reg[r].constant > w->p->reg[r].constant))
            nh_infer_say(w->c, w->l, NH_N_DECAY, "constant %.9g -> %.9g", before->reg[r].constant,
                         w->p->reg[r].constant);
    for (int k = 0; k < w->p->n_param; k++) {
        const nh_neuron_value *from = &w->asked[k], *to = &w->param[k];
        const char *name = w->p->reg[w->p->param[k]].name;
        double worst = 0;
        int64_t at = 0;
        for (int64_t i = 0; i < from->n; i++)
            if (fabs(from->value[i] - to->value[i]) > worst) worst = fabs(from->value[i] - to->value[i]), at = i;
        if (worst == 0) continue;
        nh_infer_say(w->c, w->l, NH_N_DECAY, "%s %.9g -> %.9g", name, from->value[at], to->value[at]);
        bool lost = w->volts[w->p->param[k]] == 0 && fabs(from->value[at]) < 1 && to->value[at] >= 1;
        if (!lost) continue;
        nh_infer_say(w->c, w->l, NH_N_DECAY_LOST, "%s %.9g becomes %g with decay_bits: %d", name, from->value[at],
                     to->value[at], w->l->opt.decay_bits);
        nh_diag_hint(w->c->d, "raise decay_bits");
    }
}

/* --- states ------------------------------------------------------------------------------------------------------ */

static nh_format state_format(const chooser *w, int int_bits) {
    return nh_format_make(true, w->l->opt.state_bits, int_bits, NH_ROUND_RND, NH_OVERFLOW_SAT);
}

static void set_state(chooser *w, int s, nh_format f) {
    nh_neuron_reg *r = &w->p->reg[w->p->state[s]];
    r->has_format = true;
    r->fmt = f;
}

/* The followed neurons as a population of their own: parameters picked for them. */
static nh_neuron followed(const chooser *w, int64_t size, int64_t channels) {
    nh_neuron n = *w->l->neuron;
    n.program = w->p;
    for (int k = 0; k < w->p->n_param; k++) {
        n.param[k] = w->param[k];
        if (n.param[k].n == 1) continue;
        double *v = nh_arena_array(w->c->scratch, (size_t)w->trace->m, sizeof *v);
        for (int64_t i = 0; i < w->trace->m; i++)
            v[i] = w->param[k]
                       .value[w->param[k].n == size ? w->trace->neuron[i] : w->trace->neuron[i] / (size / channels)];
        n.param[k].n = w->trace->m;
        n.param[k].value = v;
    }
    return n;
}

/* Inputs of the followed neurons in the units of the fixed network. */
static double *const *scaled_inputs(const chooser *w) {
    const nh_neuron_trace *t = w->trace;
    double **in = nh_arena_array(w->c->scratch, NH_NEURON_INPUTS, sizeof *in);
    for (int k = 0; k < w->l->n_in; k++) {
        const nh_layer *from = NULL;
        int tensor = w->l->in[k];
        const double *gain = NULL;
        int64_t rows = 1, size = nh_shape_size(w->c->g->tensor[w->l->out].shape);
        for (int steps = 0; steps <= w->c->g->n_layer; steps++) {
            from = &w->c->g->layer[w->c->g->tensor[tensor].producer];
            if (from->op == NH_OP_DENSE || from->op == NH_OP_CONV) {
                gain = w->c->row_gain[from - w->c->g->layer];
                rows = from->weight->shape.dim[0];
            }
            if (from->op != NH_OP_RESHAPE && from->op != NH_OP_DELAY) break;
            tensor = from->in[0];
        }
        in[k] = nh_arena_array(w->c->scratch, (size_t)(t->m * t->steps), sizeof **in);
        const nh_neuron_value *unit = &w->c->acc_scale[w->l->in[k]]; /* the program multiplies by these itself */
        double mean = w->c->g->tensor[w->l->in[k]].q.scale;
        for (int64_t i = 0; i < t->m * t->steps; i++) {
            int64_t row = t->neuron[i % t->m] / (size / rows);
            in[k][i] =
                t->in[k][i] * (gain ? gain[row] : 1) / mean / (unit->n == 0 ? 1 : unit->value[unit->n == 1 ? 0 : row]);
        }
    }
    return in;
}

/* Squared differences to the float outputs of the followed neurons, with the formats and parameters as they are now. */
static double score(const chooser *w, double *const *in) {
    const nh_neuron_trace *t = w->trace;
    nh_shape shape = w->c->g->tensor[w->l->out].shape;
    int64_t size = nh_shape_size(shape),
            sample = w->c->samples->size / nh_shape_size(w->c->g->tensor[w->c->g->input].shape);
    nh_neuron n = followed(w, size, shape.rank > 1 ? shape.dim[0] : size);
    double *state[NH_NEURON_STATES], *y = nh_arena_array(w->c->scratch, (size_t)t->m, sizeof *y), sum = 0;
    for (int s = 0; s < w->p->n_state; s++) state[s] = nh_arena_array(w->c->scratch, (size_t)t->m, sizeof **state);
    double unit = nh_infer_neuron_unit(w->c, w->l);
    for (int64_t step = 0; step < t->steps; step++) {
        const double *x[NH_NEURON_INPUTS];
        for (int k = 0; k < w->l->n_in; k++) x[k] = in[k] + step * t->m;
        for (int s = 0; s < w->p->n_state && step % sample == 0; s++)
            memset(state[s], 0, (size_t)t->m * sizeof **state);
        nh_neuron_eval(&n, NH_FLOAT64, t->m, t->m, x, state, y);
        for (int64_t i = 0; i < t->m; i++) {
            double e = y[i] * unit - t->out[step * t->m + i];
            sum += e * e;
        }
    }
    return sum;
}

/* The largest threshold that register r is compared with; 0: none. */
static double threshold(const chooser *w, int r) {
    double most = 0;
    for (int k = 0; k < w->p->n_instr; k++) {
        const nh_neuron_instr *in = &w->p->instr[k];
        const nh_neuron_reg *by = &w->p->reg[in->src[1]];
        if ((in->op != NH_NOP_GT && in->op != NH_NOP_GE && in->op != NH_NOP_COUNT) || in->src[0] != r) continue;
        if (by->kind == NH_REG_CONST) most = fmax(most, by->constant);
        for (int64_t i = 0; by->kind == NH_REG_PARAM && i < w->asked[by->index].n; i++)
            most = fmax(most, w->asked[by->index].value[i]);
    }
    return most;
}

/* Integer bits (sign included) that hold what the float reference reached, and more than the threshold: other samples
 * may spike. */
static int needed_int_bits(const chooser *w, int s) {
    double unit = w->volts[w->p->state[s]] == 1 ? w->volt : 1;
    nh_fit f = {.lo = w->trace->state[s][0] / unit,
                .hi = w->trace->state[s][1] / unit,
                .unit = 1,
                .is_signed = true,
                .bits = w->l->opt.state_bits,
                .round = NH_ROUND_RND};
    f.hi = fmax(f.hi, threshold(w, w->p->state[s]) * MORE_THAN_THRESHOLD);
    return f.lo < 0 || f.hi > 0 ? nh_fit_format(f).int_bits : 1;
}

/* One state after the other: narrower ranges only where they halve the differing outputs. */
static void search_states(chooser *w) {
    int need[NH_NEURON_STATES], best[NH_NEURON_STATES];
    double *const *in = scaled_inputs(w);
    for (int s = 0; s < w->p->n_state; s++) {
        need[s] = best[s] = needed_int_bits(w, s);
        set_state(w, s, state_format(w, need[s]));
    }
    for (int s = 0; s < w->p->n_state; s++) {
        double least = INFINITY;
        for (int bits = need[s]; bits >= need[s] - FEWER_INT_BITS && bits >= 1 - w->l->opt.state_bits; bits--) {
            set_state(w, s, state_format(w, bits));
            round_params(w);
            double now = score(w, in);
            if (!(now < least * WORTH_SATURATING)) continue;
            least = now;
            best[s] = bits;
        }
        set_state(w, s, state_format(w, best[s]));
    }
}

/* The fractional bits are the fabric's affair; the calibration samples tell whether the integer bits suffice. */
static void event_states(chooser *w) {
    int int_bits = w->l->opt.state_bits - event_state_frac(w);
    for (int s = 0; s < w->p->n_state; s++) {
        int need = w->trace ? needed_int_bits(w, s) : 1;
        set_state(w, s, state_format(w, int_bits));
        if (need <= int_bits) continue;
        nh_infer_say(w->c, w->l, NH_N_EVENT_STATE,
                     "state %s reached what needs %d integer bits, and has %d: it saturates",
                     w->p->reg[w->p->state[s]].name, need, int_bits);
        nh_diag_hint(w->c->d, "raise state_bits, or lower fabric: guard_bits or weight_bits");
    }
}

static void choose_states(chooser *w) {
    bool given = !w->l->opt.state.is_auto && !is_event(w);
    for (int s = 0; s < w->p->n_state; s++)
        set_state(w, s, given ? w->l->opt.state.fmt : state_format(w, GUESSED_INT_BITS));
    if (is_event(w))
        event_states(w);
    else if (!given && w->trace && w->p->n_state > 0)
        search_states(w);
    if (!is_event(w) && !given && !w->trace && w->p->n_state > 0) {
        nh_infer_say(w->c, w->l, NH_N_STATE_GUESS, "without calibration data its states are assumed to stay within %d",
                     1 << (GUESSED_INT_BITS - 1));
        nh_diag_hint(w->c->d, "give calibrate: data, or state: a format");
    }
    round_params(w);
    for (int s = 0; s < w->p->n_state; s++) {
        char text[NH_FORMAT_TEXT];
        const nh_neuron_reg *r = &w->p->reg[w->p->state[s]];
        nh_infer_say(w->c, w->l, NH_N_STATE, "state %s %s%s", r->name, nh_format_print(r->fmt, text),
                     w->volts[w->p->state[s]] == 1 ? ", 1 = the threshold" : "");
    }
    tell_params(w);
    nh_tell_lost_params(w->c->g, w->l, w->p, w->asked, w->param, w->volts, w->c->d);
}

/* --- inputs and output ------------------------------------------------------------------------------------------- */

/* Input k times a constant, or a parameter, inside the program. */
static void multiply_input(chooser *w, int k, int factor) {
    nh_arena *a = w->c->g->arena;
    int in = w->p->input[k];
    int scaled =
        nh_program_add_reg(a, w->p, nh_arena_printf(a, "%s_x", w->p->reg[in].name), NH_REG_TEMP, w->p->reg[in].measure);
    nh_program_replace(w->p, 0, in, scaled);
    nh_program_insert(a, w->p, 0, NH_NOP_MUL, scaled, in, factor);
}

/* What stands in front of a neuron and is no power of two is multiplied here: the divisor of a mean, the scales of
 * weights. */
static void scale_inputs(chooser *w) {
    nh_arena *a = w->c->g->arena;
    for (int k = 0; k < w->l->n_in; k++) {
        double by = w->c->g->tensor[w->l->in[k]].q.scale;
        const nh_neuron_value *rows = &w->c->acc_scale[w->l->in[k]];
        if (by < 1 || by > 1) multiply_input(w, k, nh_program_add_const(a, w->p, short_constant(w, by)));
        if (rows->n == 0) continue;
        int reg = nh_program_add_reg(a, w->p, nh_arena_printf(a, "scale_%d", k), NH_REG_PARAM, NH_MEASURE_NONE);
        w->param[w->p->reg[reg].index] = *rows;
        multiply_input(w, k, reg);
    }
}

/* Numbers in a program that says `exact` are used as they are. */
static bool check_constants(const chooser *w) {
    for (int r = 0; r < w->p->n_reg; r++) {
        const nh_neuron_reg *x = &w->p->reg[r];
        nh_format f;
        nh_range range;
        if (x->kind == NH_REG_CONST && !nh_dyadic_format(&x->constant, 1, &f, &range, NULL))
            return nh_infer_say(w->c, w->l, NH_N_NOT_DYADIC, "the number %g is no binary fraction of at most 64 bits",
                                x->constant);
    }
    return true;
}

static bool output_format(chooser *w) {
    nh_graph *g = w->c->g;
    nh_neuron_spec spec = {.program = w->p};
    nh_range r;
    int frac;
    const char *why;
    for (int k = 0; k < w->l->n_in; k++) {
        spec.in_fmt[k] = g->tensor[w->l->in[k]].q.fmt;
        spec.in_range[k] = g->tensor[w->l->in[k]].range;
    }
    for (int k = 0; k < w->p->n_param; k++) {
        const nh_neuron_value *v = &w->param[k];
        if (!nh_dyadic_format(v->value, v->n, &spec.param[k].fmt, &spec.param[k].range, NULL))
            return nh_infer_say(w->c, w->l, NH_N_NOT_DYADIC, "parameter %s is no binary fraction of at most 64 bits",
                                w->p->reg[w->p->param[k]].name);
        spec.param[k].n = v->n;
        spec.param[k].raw = spec.param[k].range.lo;
    }
    spec.out_fmt = w->c->forced[w->l->out];
    if (!w->l->opt.result.is_auto) spec.out_fmt = w->l->opt.result.fmt;
    if (is_event(w) && !w->was_exact && nh_program_is_finer(w->p) && w->p->out == NH_NEURON_OUT_GRADED) {
        int bits = event_payload(w->c);
        spec.out_fmt = nh_format_make(true, bits, bits - event_state_frac(w), NH_ROUND_RND, NH_OVERFLOW_SAT);
    }
    nh_dp *dp = nh_dp_neuron(w->c->scratch, &spec, "probe", &r, &frac, &why);
    if (!dp) return nh_infer_say(w->c, w->l, NH_N_NEURON_WIDE, "%s", why);
    char text[NH_FORMAT_TEXT];
    nh_tensor *t = &g->tensor[w->l->out];
    t->q = (nh_quant){.known = true, .fmt = dp->out[0].fmt, .scale = nh_infer_neuron_unit(w->c, w->l)};
    t->range = r;
    return nh_infer_say(w->c, w->l, NH_N_FORMAT, "output %s", nh_format_print(t->q.fmt, text));
}

double nh_infer_neuron_unit(nh_infer *c, const nh_layer *l) {
    const nh_neuron *n = l->neuron;
    if (n->program->out != NH_NEURON_OUT_GRADED || n->program->is_exact) return 1;
    int *volts = nh_arena_array(c->scratch, (size_t)n->fx->n_reg + 1, sizeof *volts);
    return nh_program_volts(n->fx, volts) && volts[n->fx->output] == 1 ? c->threshold[l - c->g->layer] : 1;
}

static const int *core_units(const chooser *w) {
    if (!is_event(w) || w->p->is_exact) return w->volts;
    nh_neuron_program *copy = nh_program_copy(w->c->scratch, w->p);
    int *core = nh_arena_array(w->c->scratch, (size_t)w->p->n_reg + 1, sizeof *core);
    nh_program_accumulator_units(w->c->scratch, copy);
    return nh_program_volts(copy, core) ? core : w->volts;
}

bool nh_infer_neuron(nh_infer *c, nh_layer *l) {
    nh_neuron *n = l->neuron;
    int layer = (int)(l - c->g->layer);
    chooser w = {.c = c,
                 .l = l,
                 .index = layer,
                 .param = n->fx_param,
                 .trace = c->seen ? &c->seen->trace[layer] : NULL,
                 .volt = c->threshold[layer]};
    w.p = nh_program_copy(c->g->arena, n->fx);
    scale_inputs(&w);
    memcpy(w.asked, n->fx_param, sizeof w.asked);
    int *volts = nh_arena_array(c->scratch, (size_t)w.p->n_reg + 1, sizeof *volts);
    if (!nh_program_volts(w.p, volts)) memset(volts, 0, (size_t)w.p->n_reg * sizeof *volts);
    w.volts = volts;
    w.core = core_units(&w);
    w.was_exact = w.p->is_exact;
    if (!w.p->is_exact) choose_states(&w);
    n->fx_volt = w.was_exact ? 0 : w.volt;
    w.p->is_exact = true;
    n->fx = w.p;
    if (!check_constants(&w) || !output_format(&w)) return false;
    if (is_event(&w) && !w.was_exact)
        nh_program_accumulator_units(c->scratch, w.p); /* for hls/map; all formats are chosen */
    return true;
}
