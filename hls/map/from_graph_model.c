/* The neuron of a layer in the fabric's integers: one accumulator with LSB 1, states and volts with guard_bits below
 * it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "edit.h"
#include "from_graph.h"
#include "image_parts.h"
#include "map_parts.h"
#include "neuron_dp.h"
#include "neurons.h"

enum { COUNTED_BY_COMPARING = 64 }; /* hls/datapath/neuron.c: more takes a threshold that is a power of two */

static int refuse(nh_diag *d, const nh_layer *l, const char *why, const char *hint) {
    nh_event_refuse(d, l, why, hint);
    return -1;
}

/* --- accumulators ------------------------------------------------------------------------------------------------ */

/* The only ADD that reads register r, or -1. */
static int adder_of(const nh_neuron_program *p, int r) {
    if (nh_program_uses(p, r) != 1) return -1;
    for (int i = 0; i < p->n_instr; i++)
        if (p->instr[i].op == NH_NOP_ADD && (p->instr[i].src[0] == r || p->instr[i].src[1] == r)) return i;
    return -1;
}

/* Do chains of sums lead from x and y to the same sum? */
static bool meet(const nh_neuron_program *p, int x, int y) {
    for (int i = adder_of(p, x); i >= 0; i = adder_of(p, p->instr[i].dst))
        for (int k = adder_of(p, y); k >= 0; k = adder_of(p, p->instr[k].dst))
            if (i == k) return true;
    return false;
}

/* What came in as input `from` comes in as one that it is added to. */
static void merge_input(nh_neuron_program *p, int from) {
    int gone = p->input[from];
    nh_neuron_instr *i = &p->instr[adder_of(p, gone)];
    int other = i->src[0] == gone ? i->src[1] : i->src[0];
    i->op = NH_NOP_MOV;
    i->src[0] = i->src[1] = other;
    p->reg[gone].kind = NH_REG_TEMP;
    for (int k = from + 1; k < p->n_input; k++) {
        p->input[k - 1] = p->input[k];
        p->reg[p->input[k]].index = k - 1;
    }
    p->n_input--;
}

/* Inputs that are added share an accumulator: acc[k] of input k. */
static void merge_inputs(nh_neuron_program *p, int acc[NH_NEURON_INPUTS]) {
    int n = p->n_input, with[NH_NEURON_INPUTS];
    for (int k = n - 1; k >= 0; k--) {
        with[k] = 0;
        while (with[k] < k && !meet(p, p->input[with[k]], p->input[k])) with[k]++;
        if (with[k] < k) merge_input(p, k);
    }
    for (int k = 0, own = 0; k < n; k++) acc[k] = with[k] < k ? acc[with[k]] : own++;
}

/* --- integers of the fabric -------------------------------------------------------------------------------------- */

/* Same bits, point moved: 2^frac becomes 1. */
static nh_format moved(nh_format f, int frac) {
    return nh_format_make(f.is_signed, f.width_bits, f.int_bits + frac, f.round, f.overflow);
}

static void move_volts(nh_neuron_program *p, const int *volts, int frac) {
    for (int r = 0; r < p->n_reg; r++)
        if (p->reg[r].has_format && volts[r] == 1) p->reg[r].fmt = moved(p->reg[r].fmt, frac);
    for (int i = 0; i < p->n_instr; i++)
        if (p->instr[i].op == NH_NOP_CAST && volts[p->instr[i].dst] == 1)
            p->instr[i].fmt = moved(p->instr[i].fmt, frac);
}

/* Numbers in volts are another integer in every layer: parameters. */
static void name_constants(nh_arena *a, nh_neuron_program *p, const int *volts, nh_neuron_value *value) {
    for (int r = 0, n = p->n_reg; r < n; r++) {
        nh_neuron_reg *x = &p->reg[r];
        if (x->kind != NH_REG_CONST || volts[r] != 1 || !(x->constant < 0 || x->constant > 0) ||
            p->n_param >= NH_NEURON_PARAMS)
            continue;
        double *v = NH_NEW(a, double);
        *v = x->constant;
        x->kind = NH_REG_PARAM;
        x->index = p->n_param;
        x->measure = NH_MEASURE_VOLT;
        x->name = nh_arena_printf(a, "volts_%d", p->n_param);
        value[p->n_param] = (nh_neuron_value){.name = x->name, .n = 1, .value = v};
        p->param[p->n_param++] = r;
    }
}

static void remove_param(nh_neuron_program *p, nh_neuron_value *value, int k) {
    for (p->n_param--; k < p->n_param; k++) {
        p->param[k] = p->param[k + 1];
        p->reg[p->param[k]].index = k;
        value[k] = value[k + 1];
    }
}

/* A count of many spikes is a shift where the threshold is known, and a power of two: then it is a number of the
 * program, and layers of another scale have another program. */
static void know_threshold(nh_neuron_program *p, nh_neuron_value *value, int frac) {
    for (int i = 0; i < p->n_instr && p->out == NH_NEURON_OUT_COUNT && p->spikes_per_step > COUNTED_BY_COMPARING; i++) {
        nh_neuron_reg *r = &p->reg[p->instr[i].src[1]];
        if (p->instr[i].op != NH_NOP_COUNT || r->kind != NH_REG_PARAM || value[r->index].n != 1) continue;
        int exponent, k = r->index;
        double v = ldexp(value[k].value[0], r->measure == NH_MEASURE_VOLT ? frac : 0);
        if (!(v > 0) || frexp(v, &exponent) > 0.5) continue;
        r->kind = NH_REG_CONST;
        r->constant = v;
        remove_param(p, value, k);
    }
}

static const char *text_of(nh_arena *a, const nh_neuron_program *p) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    nh_neuron_print(p, out);
    fclose(out);
    const char *copy = nh_arena_strn(a, text, size);
    free(text);
    return strchr(copy, '\n'); /* without the name */
}

/* Does the layer count in integers as read? Runs of stateless layers, which have no neuron of their own, do. */
static bool is_integer(const nh_layer *l) { return !l->neuron || l->neuron->program->is_exact; }

/* Of a coefficient: decays are below 2, gains of a layer may be above. before: what other layers need, or width 0. */
static nh_format coefficient_format(nh_format before, int decay_bits, const nh_neuron_value *value) {
    int whole = before.width_bits > 0 && before.int_bits > 2 ? before.int_bits : 2;
    for (int64_t i = 0; i < value->n; i++)
        while (whole < 24 && fabs(value->value[i]) >= ldexp(1, whole - 1)) whole++;
    return nh_format_make(true, decay_bits + whole, whole, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
}

/* Formats of parameters: those of rounded programs are the same in all layers but for large gains; those of integer
 * programs as wide as any layer needs. */
static bool widen_params(nh_fabric_model *m, const nh_layer *l, const int *volts, const nh_neuron_value *value,
                         int guard_bits, nh_diag *d) {
    for (int k = 0; k < m->program->n_param; k++) {
        nh_range r;
        nh_format own;
        int state = l->opt.state_bits, decay = l->opt.decay_bits;
        if (!is_integer(l)) {
            m->param[k] = volts[m->program->param[k]] == 1
                              ? nh_format_make(true, state, state - guard_bits, NH_ROUND_TRN, NH_OVERFLOW_WRAP)
                              : coefficient_format(m->param[k], decay, &value[k]);
            continue;
        }
        if (!nh_dyadic_format(value[k].value, value[k].n, &own, &r, NULL))
            return refuse(d, l, "a parameter is no binary fraction", NULL) >= 0;
        int frac = nh_format_frac(own);
        if (m->param[k].width_bits > 0) {
            nh_range old = nh_range_of(m->param[k]);
            int before = nh_format_frac(m->param[k]), most = frac > before ? frac : before;
            nh_i128 by = (nh_i128)1 << (most - frac), by_old = (nh_i128)1 << (most - before);
            r = nh_range_hull((nh_range){r.lo * by, r.hi * by}, (nh_range){old.lo * by_old, old.hi * by_old});
            frac = most;
        }
        if (r.lo >= 0) r.lo = -1; /* signed: one rule for all ports */
        if (!nh_range_format(r, frac, &m->param[k]))
            return refuse(d, l, "a parameter needs more than 64 bits", NULL) >= 0;
    }
    return true;
}

static nh_format output_format(const nh_fabric *f, const nh_neuron_program *p, bool exact) {
    int bits = f->payload_bits;
    if (bits == 1) return nh_format_make(false, 1, 1, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    bool volts = p->out == NH_NEURON_OUT_GRADED && !exact && nh_program_is_finer(p); /* else of the accumulator's LSB */
    return nh_format_make(true, bits, bits - (volts ? f->guard_bits : 0), NH_ROUND_RND, NH_OVERFLOW_SAT);
}

int nh_fabric_find_model(nh_arena *a, const nh_fabric *f, const nh_neuron_program *p) {
    const char *text = text_of(a, p);
    for (int i = 0; i < f->n_model; i++)
        if (strcmp(text_of(a, f->model[i].program), text) == 0) return i;
    return -1;
}

static int new_model(nh_arena *a, nh_diag *d, const nh_layer *l, nh_fabric *f, const nh_neuron_program *given) {
    if (f->n_model == NH_FABRIC_MODELS)
        return refuse(
            d, l,
            nh_arena_printf(d->arena, "a fabric has at most %d neuron models, this is one more", NH_FABRIC_MODELS),
            "give layers the same numerics, widths and biases");
    nh_neuron_program *p = nh_program_copy(a, given);
    const char *name = p->name;
    for (int i = 0; i < f->n_model; i++)
        if (strcmp(f->model[i].name, name) == 0) name = nh_arena_printf(a, "%s_%d", p->name, f->n_model);
    p->name = name;
    f->model[f->n_model] = (nh_fabric_model){.name = name, .program = p, .out = output_format(f, p, is_integer(l))};
    return f->n_model++;
}

/* A layer's own datapath may know a threshold; a fabric's has parameters of any value. */
static bool can_build(const nh_fabric *f, int m, const nh_layer *l, nh_diag *d) {
    nh_arena *t = nh_arena_new();
    const char *why = "";
    bool ok = nh_fabric_datapath(t, f, m, &why) != NULL;
    if (!ok)
        refuse(d, l, nh_arena_printf(d->arena, "the datapath of neuron cores cannot have its neurons: %s", why),
               f->model[m].program->out == NH_NEURON_OUT_COUNT ? "spikes_per_step: 64, or less" : NULL);
    nh_arena_free(t);
    return ok;
}

int nh_fabric_use_model(nh_arena *a, nh_diag *d, const nh_layer *l, nh_fabric *f, const nh_neuron_program *p,
                        const nh_neuron_value *value) {
    int *volts = nh_arena_array(a, (size_t)p->n_reg + 1, sizeof *volts);
    if (!nh_program_volts(p, volts)) memset(volts, 0, (size_t)p->n_reg * sizeof *volts);
    int m = nh_fabric_find_model(a, f, p);
    if (m < 0) m = new_model(a, d, l, f, p);
    return m < 0 || !widen_params(&f->model[m], l, volts, value, f->guard_bits, d) || !can_build(f, m, l, d) ? -1 : m;
}

int nh_fabric_add_model(nh_arena *a, nh_diag *d, const nh_graph *g, int layer, int frac, nh_fabric *f,
                        nh_neuron_value *param, int acc[NH_NEURON_INPUTS]) {
    const nh_layer *l = &g->layer[layer];
    nh_neuron_program *p = nh_program_copy(a, l->neuron->fx);
    memcpy(param, l->neuron->fx_param, sizeof l->neuron->fx_param);
    merge_inputs(p, acc);
    if (p->n_input > f->accumulators) {
        refuse(d, l, "its inputs are not simply added, and a neuron of the fabric has too few accumulators for them",
               nh_arena_printf(d->arena, "fabric: { accumulators: %d }", p->n_input));
        nh_diag_allowed(d, "accumulators: %d", f->accumulators);
        return -1;
    }
    int *volts = nh_arena_array(a, (size_t)p->n_reg + 1, sizeof *volts);
    if (!nh_program_volts(p, volts)) memset(volts, 0, (size_t)p->n_reg * sizeof *volts);
    if (!is_integer(l)) {
        name_constants(a, p, volts, param);
        move_volts(p, volts, frac);
        know_threshold(p, param, frac);
    }
    return nh_fabric_use_model(a, d, l, f, p, param);
}

static int not_held(nh_diag *d, const nh_layer *l, const nh_neuron_value *value, int64_t i, const char *what,
                    const char *hint) {
    return refuse(d, l, nh_arena_printf(d->arena, "%s is %g, and %s", value->name, value->value[i], what), hint);
}

/* Of an integer, signed. */
static int bits_of(double v) {
    int bits = 1;
    while (v < -ldexp(1, bits - 1) || v > ldexp(1, bits - 1) - 1) bits++;
    return bits;
}

const int64_t *nh_fabric_param_raw(nh_arena *a, nh_diag *d, const nh_layer *l, const nh_fabric_model *m, int k,
                                   int frac, const nh_neuron_value *value) {
    int *volts = nh_arena_array(a, (size_t)m->program->n_reg + 1, sizeof *volts);
    if (is_integer(l) || !nh_program_volts(m->program, volts))
        memset(volts, 0, (size_t)m->program->n_reg * sizeof *volts);
    int shift = nh_format_frac(m->param[k]) + (volts[m->program->param[k]] == 1 ? frac : 0);
    nh_range r = nh_range_of(m->param[k]);
    int64_t *raw = nh_arena_array(a, (size_t)value->n, sizeof *raw);
    int wide = -1; /* of those that do not fit the one that needs most bits */
    for (int64_t i = 0; i < value->n; i++) {
        double v = ldexp(value->value[i], shift);
        if (v < floor(v) || v > floor(v))
            return not_held(d, l, value, i, "has more fractional bits than the fabric's parameters",
                            "raise decay_bits"),
                   NULL;
        if ((v < (double)r.lo || v > (double)r.hi) && (wide < 0 || fabs(v) > fabs(ldexp(value->value[wide], shift))))
            wide = (int)i;
        raw[i] = (int64_t)fmin(fmax(v, (double)r.lo), (double)r.hi);
    }
    if (wide < 0) return raw;
    int bits = bits_of(ldexp(value->value[wide], shift)), more = bits - m->param[k].width_bits;
    const char *why =
        nh_arena_printf(a, "needs %d bits on the fabric, which gives it %d", bits, m->param[k].width_bits);
    const char *hint = volts[m->program->param[k]] == 1
                           ? nh_arena_printf(a, "state_bits: %d, or lower fabric: guard_bits", l->opt.state_bits + more)
                           : NULL;
    not_held(d, l, value, wide, why, hint);
    return NULL;
}

/* --- partial sums ------------------------------------------------------------------------------------------------ */

int nh_fabric_add_sum(nh_arena *a, nh_fabric *f) {
    static const char text[] = "model sum\nexact\ninput a\noutput y graded\n    MOV y, a\n";
    int known = nh_map_sum_model(f);
    if (known >= 0) return known;
    if (f->n_model == NH_FABRIC_MODELS || f->payload_bits == 1) return -1;
    const nh_neuron_program *p = nh_neuron_assemble(a, nh_diag_new(a), "sum", text, sizeof text - 1, NULL, 0);
    int bits = f->payload_bits;
    f->model[f->n_model] = (nh_fabric_model){
        .name = "sum", .program = p, .out = nh_format_make(true, bits, bits, NH_ROUND_TRN, NH_OVERFLOW_SAT)};
    return f->n_model++;
}
