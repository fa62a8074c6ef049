/* Verifier of neuron programs, and the rule of measures. */
#include "assembler.h"

static bool is_number(const nh_neuron_reg *r) { return r->kind == NH_REG_CONST; }

/* The measure of operands that must agree: 0 has any. NULL, or why they do not. */
static const char *agree(const nh_neuron_program *p, const int *reg, int n, nh_neuron_measure *m) {
    bool has_volt = false, has_plain = false;
    for (int k = 0; k < n; k++) {
        const nh_neuron_reg *r = &p->reg[reg[k]];
        if (is_number(r) && r->constant == 0) continue;
        *(r->measure == NH_MEASURE_VOLT ? &has_volt : &has_plain) = true;
    }
    *m = has_volt ? NH_MEASURE_VOLT : NH_MEASURE_NONE;
    return has_volt && has_plain ? "mixes volts and plain numbers" : NULL;
}

const char *nh_neuron_measure_of(const nh_neuron_program *p, int i, nh_neuron_measure *result) {
    const nh_neuron_instr *in = &p->instr[i];
    const nh_neuron_reg *reg = p->reg;
    nh_neuron_measure a = reg[in->src[0]].measure;
    int two[2] = {in->dst, in->src[0]};
    const char *why = NULL;
    *result = NH_MEASURE_NONE;
    switch (in->op) {
    case NH_NOP_MOV:
    case NH_NOP_NEG:
    case NH_NOP_ABS:
    case NH_NOP_RELU:
    case NH_NOP_SHR:
    case NH_NOP_CAST:
        *result = is_number(&reg[in->src[0]]) && reg[in->src[0]].constant == 0 ? reg[in->dst].measure : a;
        return NULL;
    case NH_NOP_LEAK:
        *result = reg[in->dst].measure;
        return a == NH_MEASURE_VOLT ? "decays by a factor that is in volts" : NULL;
    case NH_NOP_ADD:
    case NH_NOP_SUB:
    case NH_NOP_MIN:
    case NH_NOP_MAX: return agree(p, in->src, 2, result);
    case NH_NOP_MUL:
        if (a == NH_MEASURE_VOLT && reg[in->src[1]].measure == NH_MEASURE_VOLT) return "multiplies volts by volts";
        *result = a == NH_MEASURE_VOLT ? a : reg[in->src[1]].measure;
        return NULL;
    case NH_NOP_GT:
    case NH_NOP_GE:
    case NH_NOP_EQ:
    case NH_NOP_COUNT:
        why = agree(p, in->src, 2, result);
        *result = NH_MEASURE_NONE;
        return why;
    case NH_NOP_SEL: return agree(p, in->src + 1, 2, result);
    case NH_NOP_RESET: two[1] = in->src[1]; return agree(p, two, 2, result);
    default: return NULL;
    }
}

static const char *check_reg(const nh_neuron_program *p, int i) {
    const nh_neuron_reg *r = &p->reg[i];
    const int *list = r->kind == NH_REG_INPUT ? p->input : r->kind == NH_REG_STATE ? p->state : p->param;
    int n = r->kind == NH_REG_INPUT ? p->n_input : r->kind == NH_REG_STATE ? p->n_state : p->n_param;
    if (!r->name) return "has no name";
    if (r->has_format != (p->is_exact && r->kind == NH_REG_STATE))
        return "has a format where none belongs, or none where one does";
    if (r->kind == NH_REG_CONST || r->kind == NH_REG_TEMP) return NULL;
    return r->index < 0 || r->index >= n || list[r->index] != i ? "is not listed where its index says" : NULL;
}

static const char *check_instr(const nh_neuron_program *p, int i, bool *is_written) {
    const nh_neuron_instr *in = &p->instr[i];
    if ((unsigned)in->op >= NH_NOP_KINDS) return "is unknown";
    if (in->dst < 0 || in->dst >= p->n_reg) return "writes no register";
    nh_neuron_reg_kind kind = p->reg[in->dst].kind;
    if (kind != NH_REG_STATE && kind != NH_REG_TEMP) return "writes what cannot be written";
    for (int k = 0; k < nh_neuron_operands(in->op); k++)
        if (in->src[k] < 0 || in->src[k] >= p->n_reg || !is_written[in->src[k]])
            return "reads what nothing has written";
    if ((in->op == NH_NOP_LEAK || in->op == NH_NOP_RESET) && !is_written[in->dst])
        return "reads what nothing has written";
    if ((in->op == NH_NOP_CAST || in->op == NH_NOP_SHR) && !p->is_exact) return "belongs to integer programs";
    if (in->op == NH_NOP_CAST && (in->fmt.width_bits < 1 || in->fmt.width_bits > 64)) return "has no format";
    is_written[in->dst] = true;
    nh_neuron_measure m;
    return nh_neuron_measure_of(p, i, &m);
}

const char *nh_neuron_check(nh_arena *a, const nh_neuron_program *p) {
    if (!p->name || p->n_input < 1 || p->n_input > NH_NEURON_INPUTS || p->n_state < 0 ||
        p->n_state > NH_NEURON_STATES || p->n_param < 0 || p->n_param > NH_NEURON_PARAMS)
        return "the program has no name, no input, or too many inputs, states or parameters";
    if (p->spikes_per_step < 1) return "the program has no limit of spikes per step";
    bool *is_written = nh_arena_array(a, (size_t)p->n_reg + 1, sizeof *is_written);
    for (int i = 0; i < p->n_reg; i++) {
        const char *why = check_reg(p, i);
        if (why) return nh_arena_printf(a, "register '%s' %s", p->reg[i].name ? p->reg[i].name : "", why);
        is_written[i] = p->reg[i].kind != NH_REG_TEMP;
    }
    for (int i = 0; i < p->n_instr; i++) {
        const char *why = check_instr(p, i, is_written);
        if (why) return nh_arena_printf(a, "instruction %d %s", i, why);
    }
    return p->output < 0 || p->output >= p->n_reg || !is_written[p->output] ? "the output is not written" : NULL;
}

int nh_neuron_param(const nh_neuron_program *p, const char *name) {
    for (int i = 0; i < p->n_param; i++) {
        const char *a = p->reg[p->param[i]].name, *b = name;
        while (*a && *a == *b) a++, b++;
        if (*a == *b) return i;
    }
    return -1;
}
