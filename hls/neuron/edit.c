#include "edit.h"

#include <assert.h>
#include <string.h>

nh_neuron_program *nh_program_copy(nh_arena *a, const nh_neuron_program *p) {
    nh_neuron_program *q = NH_NEW(a, nh_neuron_program);
    *q = *p;
    q->reg = nh_arena_array(a, (size_t)p->n_reg + 1, sizeof *q->reg);
    q->instr = nh_arena_array(a, (size_t)p->n_instr + 1, sizeof *q->instr);
    memcpy(q->reg, p->reg, (size_t)p->n_reg * sizeof *q->reg);
    memcpy(q->instr, p->instr, (size_t)p->n_instr * sizeof *q->instr);
    return q;
}

/* Place in the list of its kind. */
static int enlist(nh_neuron_program *p, nh_neuron_reg_kind kind, int reg) {
    switch (kind) {
    case NH_REG_INPUT:
        assert(p->n_input < NH_NEURON_INPUTS);
        p->input[p->n_input] = reg;
        return p->n_input++;
    case NH_REG_STATE:
        assert(p->n_state < NH_NEURON_STATES);
        p->state[p->n_state] = reg;
        return p->n_state++;
    case NH_REG_PARAM:
        assert(p->n_param < NH_NEURON_PARAMS);
        p->param[p->n_param] = reg;
        return p->n_param++;
    case NH_REG_CONST:
    case NH_REG_TEMP: break;
    }
    return 0;
}

int nh_program_add_reg(nh_arena *a, nh_neuron_program *p, const char *name, nh_neuron_reg_kind kind,
                       nh_neuron_measure measure) {
    nh_neuron_reg *grown = nh_arena_array(a, (size_t)p->n_reg + 1, sizeof *grown);
    memcpy(grown, p->reg, (size_t)p->n_reg * sizeof *grown);
    p->reg = grown;
    grown[p->n_reg] = (nh_neuron_reg){.name = nh_arena_str(a, name), .kind = kind, .measure = measure};
    grown[p->n_reg].index = enlist(p, kind, p->n_reg);
    return p->n_reg++;
}

int nh_program_add_const(nh_arena *a, nh_neuron_program *p, double value) {
    int reg = nh_program_add_reg(a, p, nh_arena_printf(a, "%.17g", value), NH_REG_CONST, NH_MEASURE_NONE);
    p->reg[reg].constant = value;
    return reg;
}

void nh_program_insert(nh_arena *a, nh_neuron_program *p, int at, nh_neuron_op op, int dst, int x, int y) {
    nh_neuron_instr *grown = nh_arena_array(a, (size_t)p->n_instr + 1, sizeof *grown);
    memcpy(grown, p->instr, (size_t)at * sizeof *grown);
    memcpy(grown + at + 1, p->instr + at, (size_t)(p->n_instr - at) * sizeof *grown);
    grown[at] = (nh_neuron_instr){.op = op, .dst = dst, .src = {x, y, 0}};
    p->instr = grown;
    p->n_instr++;
}

void nh_program_replace(nh_neuron_program *p, int at, int from, int to) {
    for (int i = at; i < p->n_instr; i++)
        for (int k = 0; k < nh_neuron_operands(p->instr[i].op); k++)
            if (p->instr[i].src[k] == from) p->instr[i].src[k] = to;
    if (p->output == from) p->output = to;
}

int nh_program_uses(const nh_neuron_program *p, int reg) {
    int n = p->output == reg;
    for (int i = 0; i < p->n_instr; i++) {
        const nh_neuron_instr *x = &p->instr[i];
        for (int k = 0; k < nh_neuron_operands(x->op); k++) n += x->src[k] == reg;
        n += (x->op == NH_NOP_LEAK || x->op == NH_NOP_RESET) && x->dst == reg;
    }
    return n;
}

int nh_program_definition(const nh_neuron_program *p, int reg) {
    int found = -1;
    for (int i = 0; i < p->n_instr; i++) {
        if (p->instr[i].dst != reg) continue;
        if (found >= 0) return -1;
        found = i;
    }
    return found;
}

/* --- volts -------------------------------------------------------------------------------------------------------- */

typedef struct {
    int *e;
    bool changed, contradicts;
} volts;

static void set(volts *v, int reg, int exponent) {
    if (exponent < 0 || v->e[reg] == exponent) return;
    if (v->e[reg] >= 0)
        v->contradicts = true;
    else
        v->e[reg] = exponent, v->changed = true;
}

static void same(volts *v, int a, int b) {
    set(v, a, v->e[b]);
    set(v, b, v->e[a]);
}

/* factor * other = product. */
static void factor(volts *v, int f, int other, int product) {
    if (v->e[product] < 0 || v->e[other] < 0) return;
    if (v->e[product] < v->e[other])
        v->contradicts = true; /* nothing is measured in 1 / volt */
    else
        set(v, f, v->e[product] - v->e[other]);
}

static void rule(volts *v, const nh_neuron_instr *i) {
    const int *s = i->src;
    switch (i->op) {
    case NH_NOP_MOV:
    case NH_NOP_NEG:
    case NH_NOP_ABS:
    case NH_NOP_RELU:
    case NH_NOP_SHR:
    case NH_NOP_CAST: same(v, i->dst, s[0]); return;
    case NH_NOP_LEAK: set(v, s[0], 0); return;
    case NH_NOP_ADD:
    case NH_NOP_SUB:
    case NH_NOP_MIN:
    case NH_NOP_MAX:
        same(v, s[0], s[1]);
        same(v, i->dst, s[0]);
        same(v, i->dst, s[1]);
        return;
    case NH_NOP_MUL:
        if (v->e[s[0]] >= 0 && v->e[s[1]] >= 0) set(v, i->dst, v->e[s[0]] + v->e[s[1]]);
        factor(v, s[0], s[1], i->dst);
        factor(v, s[1], s[0], i->dst);
        return;
    case NH_NOP_GT:
    case NH_NOP_GE:
    case NH_NOP_EQ:
    case NH_NOP_COUNT:
        same(v, s[0], s[1]);
        set(v, i->dst, 0);
        return;
    case NH_NOP_NOT: set(v, s[0], 0), set(v, i->dst, 0); return;
    case NH_NOP_AND:
    case NH_NOP_OR:
        set(v, s[0], 0);
        set(v, s[1], 0);
        set(v, i->dst, 0);
        return;
    case NH_NOP_SEL:
        set(v, s[0], 0);
        same(v, s[1], s[2]);
        same(v, i->dst, s[1]);
        same(v, i->dst, s[2]);
        return;
    case NH_NOP_RESET:
        set(v, s[0], 0);
        same(v, i->dst, s[1]);
        return;
    case NH_NOP_KINDS: break;
    }
}

/* Follow the rules until nothing changes. */
static bool settle(const nh_neuron_program *p, volts *v) {
    do {
        v->changed = false;
        for (int i = 0; i < p->n_instr; i++) rule(v, &p->instr[i]);
    } while (v->changed && !v->contradicts);
    for (int r = 0; r < p->n_reg; r++)
        if (v->e[r] > 1) v->contradicts = true; /* only what is linear in volts can be scaled */
    return !v->contradicts;
}

/* A parameter that is a factor of unknown unit, or -1. There are at most NH_NEURON_PARAMS. */
static int unknown_factor(const nh_neuron_program *p, const int *exponent) {
    for (int i = 0; i < p->n_instr; i++)
        for (int k = 0; p->instr[i].op == NH_NOP_MUL && k < 2; k++) {
            int r = p->instr[i].src[k];
            if (exponent[r] < 0 && p->reg[r].kind == NH_REG_PARAM) return r;
        }
    return -1;
}

/* Units of all factors, each without one where that is consistent. */
static bool solve(nh_arena *scratch, const nh_neuron_program *p, volts *v) {
    if (!settle(p, v)) return false;
    int r = unknown_factor(p, v->e), *before;
    if (r < 0) return true;
    size_t size = (size_t)p->n_reg * sizeof *before;
    before = nh_arena_alloc(scratch, size);
    memcpy(before, v->e, size);
    for (int unit = 0; unit < 2; unit++) {
        memcpy(v->e, before, size);
        v->contradicts = false;
        v->e[r] = unit;
        if (solve(scratch, p, v)) return true;
    }
    return false;
}

bool nh_program_is_finer(const nh_neuron_program *p) {
    bool finer = p->n_state > 0 || p->n_param > 0;
    for (int i = 0; i < p->n_instr; i++) finer |= p->instr[i].op == NH_NOP_MUL || p->instr[i].op == NH_NOP_LEAK;
    return finer;
}

void nh_program_accumulator_units(nh_arena *scratch, nh_neuron_program *p) {
    int *exponent = nh_arena_array(scratch, (size_t)p->n_reg + 1, sizeof *exponent);
    volts v = {.e = exponent};
    for (int r = 0; r < p->n_reg; r++) {
        const nh_neuron_reg *x = &p->reg[r];
        bool is_number = x->kind == NH_REG_CONST && (x->constant < 0 || x->constant > 0);
        exponent[r] = x->kind == NH_REG_INPUT ? 1 : is_number ? 0 : -1;
    }
    bool ok = solve(scratch, p, &v);
    for (int r = 0; ok && r < p->n_reg; r++) p->reg[r].measure = exponent[r] == 1 ? NH_MEASURE_VOLT : NH_MEASURE_NONE;
}

bool nh_program_volts(const nh_neuron_program *p, int *exponent) {
    volts v = {.e = exponent};
    for (int r = 0; r < p->n_reg; r++) {
        const nh_neuron_reg *x = &p->reg[r];
        exponent[r] = x->measure == NH_MEASURE_VOLT ? 1 : -1;
        /* A number other than 0 has no unit; a parameter without a stated one neither. */
        if (x->kind == NH_REG_PARAM && x->measure == NH_MEASURE_NONE) exponent[r] = 0;
        if (x->kind == NH_REG_CONST && x->measure != NH_MEASURE_VOLT && (x->constant < 0 || x->constant > 0))
            exponent[r] = 0;
    }
    return settle(p, &v);
}
