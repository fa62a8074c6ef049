/* Declarations of a neuron model: names, measures, formats. */
#include <string.h>

#include "assembler.h"

int nh_asm_find(const nh_assembler *as, const char *name) {
    for (int i = 0; i < as->p->n_reg; i++)
        if (as->p->reg[i].kind != NH_REG_CONST && strcmp(as->p->reg[i].name, name) == 0) return i;
    return -1;
}

int nh_asm_add(nh_assembler *as, nh_neuron_reg reg) {
    if (as->p->n_reg == NH_ASM_REG) {
        nh_report(as->d, NH_N_NEURON_LIMIT, reg.at, "the model has more than %d registers", NH_ASM_REG);
        return -1;
    }
    as->p->reg[as->p->n_reg] = reg;
    return as->p->n_reg++;
}

/* Where registers of a kind are listed in the program, and how many there may be. */
typedef struct {
    int *list, *n, limit;
    const char *what;
} kind_list;

static kind_list list_of(nh_neuron_program *p, nh_neuron_reg_kind kind) {
    switch (kind) {
    case NH_REG_INPUT: return (kind_list){p->input, &p->n_input, NH_NEURON_INPUTS, "inputs"};
    case NH_REG_STATE: return (kind_list){p->state, &p->n_state, NH_NEURON_STATES, "states"};
    default: return (kind_list){p->param, &p->n_param, NH_NEURON_PARAMS, "parameters"};
    }
}

static bool declare(nh_assembler *as, nh_neuron_reg reg) {
    kind_list k = list_of(as->p, reg.kind);
    int old = nh_asm_find(as, reg.name);
    if (old >= 0) {
        nh_report(as->d, NH_N_NEURON_TWICE, reg.at, "'%s' is declared twice", reg.name);
        nh_diag_hint(as->d, "it was first named in line %d", as->p->reg[old].at.line);
        return false;
    }
    if (*k.n == k.limit)
        return nh_report(as->d, NH_N_NEURON_LIMIT, reg.at, "a model has at most %d %s", k.limit, k.what);
    reg.index = *k.n;
    int r = nh_asm_add(as, reg);
    if (r < 0) return false;
    as->is_written[r] = true;
    k.list[(*k.n)++] = r;
    return true;
}

/* = NUMBER behind a parameter. */
static bool default_value(nh_assembler *as, nh_neuron_reg *reg) {
    nh_loc at = nh_asm_here(as);
    if (reg->kind != NH_REG_PARAM)
        return nh_report(as->d, NH_N_NEURON_SYNTAX, at, "only parameters have default values");
    nh_asm_take(as, '=');
    if (!nh_asm_number(as, &reg->constant, &at))
        return nh_report(as->d, NH_N_NEURON_SYNTAX, at, "a number is expected after '='");
    return reg->has_default = true;
}

/* NAME [volt] [FORMAT] [= DEFAULT] */
static bool one_register(nh_assembler *as, nh_neuron_reg_kind kind, const char *what) {
    nh_neuron_reg reg = {.kind = kind};
    reg.name = nh_asm_name(as, &reg.at, what);
    if (!reg.name) return false;
    const char *before = as->s;
    nh_loc at;
    const char *word = nh_asm_word(as, &at);
    if (word && strcmp(word, "volt") == 0)
        reg.measure = NH_MEASURE_VOLT;
    else
        as->s = before;
    nh_asm_blanks(as);
    if (*as->s == '=') {
        if (!default_value(as, &reg)) return false;
    } else if (*as->s != ',' && *as->s != 0) {
        nh_loc here = nh_asm_here(as);
        before = as->s;
        bool is_format = nh_asm_word(as, &at) && *as->s == '<';
        as->s = before;
        if (!is_format)
            return nh_report(as->d, NH_N_NEURON_SYNTAX, here,
                             "'volt', a format, ',' or the end of the line is expected after '%s'", reg.name);
        if (kind != NH_REG_STATE) return nh_report(as->d, NH_N_NEURON_EXACT, here, "only states have formats");
        if (!nh_asm_format(as, &reg.fmt)) return false;
        reg.has_format = true;
    }
    return declare(as, reg);
}

static bool registers(nh_assembler *as, nh_neuron_reg_kind kind, const char *what) {
    do {
        if (!one_register(as, kind, what)) return false;
    } while (nh_asm_take(as, ','));
    return true;
}

static bool once(nh_assembler *as, bool *has, const char *word, nh_loc at) {
    if (*has) return nh_report(as->d, NH_N_NEURON_TWICE, at, "'%s' is given twice", word);
    return *has = true;
}

static bool model(nh_assembler *as, nh_loc at) {
    if (!once(as, &as->has_model, "model", at)) return false;
    as->p->name = nh_asm_name(as, &as->model_at, "the model");
    return as->p->name != NULL;
}

/* output NAME spike | graded | count [MOST] */
static bool output(nh_assembler *as, nh_loc at) {
    static const char *const kind[] = {
        [NH_NEURON_OUT_SPIKE] = "spike", [NH_NEURON_OUT_COUNT] = "count", [NH_NEURON_OUT_GRADED] = "graded"};
    if (!once(as, &as->has_output, "output", at)) return false;
    as->output = nh_asm_name(as, &as->output_at, "the register that leaves");
    if (!as->output) return false;
    const char *word = nh_asm_word(as, &at);
    int k = 0;
    while (k < 3 && (!word || strcmp(word, kind[k]) != 0)) k++;
    if (k == 3) {
        nh_report(as->d, NH_N_NEURON_SYNTAX, at, "the kind of the output is expected");
        nh_diag_allowed(as->d, "spike, count or graded");
        return false;
    }
    as->p->out = (nh_neuron_out)k;
    double most = NH_NEURON_COUNT_MOST;
    if (k != NH_NEURON_OUT_COUNT || nh_asm_at_end(as)) {
        as->p->spikes_per_step = k == NH_NEURON_OUT_COUNT ? NH_NEURON_COUNT_MOST : 1;
        return true;
    }
    if (!nh_asm_number(as, &most, &at) || most < 1 || most > 65535 || most != (double)(int64_t)most)
        return nh_report(as->d, NH_N_NEURON_SYNTAX, at, "the most spikes of a step are a whole number from 1 to 65535");
    as->p->spikes_per_step = (int64_t)most;
    return true;
}

static bool rest_is_empty(nh_assembler *as) {
    return nh_asm_at_end(as) ||
           nh_report(as->d, NH_N_NEURON_SYNTAX, nh_asm_here(as), "nothing more is expected on this line");
}

bool nh_asm_declaration(nh_assembler *as, const char *word, nh_loc at) {
    bool ok = false;
    if (strcmp(word, "model") == 0)
        ok = model(as, at);
    else if (strcmp(word, "input") == 0)
        ok = registers(as, NH_REG_INPUT, "an input");
    else if (strcmp(word, "state") == 0)
        ok = registers(as, NH_REG_STATE, "a state");
    else if (strcmp(word, "param") == 0)
        ok = registers(as, NH_REG_PARAM, "a parameter");
    else if (strcmp(word, "output") == 0)
        ok = output(as, at);
    else if (strcmp(word, "exact") == 0)
        ok = once(as, &as->p->is_exact, "exact", at);
    else
        return false;
    if (ok) rest_is_empty(as);
    return true;
}
