/* What holds for a neuron program as a whole: output, integer programs, measures, nothing unused. */
#include <string.h>

#include "assembler.h"

static void resolve_output(nh_assembler *as) {
    nh_neuron_program *p = as->p;
    nh_loc whole = {.file = as->file, .line = as->number > 0 ? 1 : 0, .col = as->number > 0 ? 1 : 0};
    if (!as->has_model) nh_report(as->d, NH_N_NEURON_OUTPUT, whole, "the line 'model NAME' is missing");
    if (p->n_input == 0) nh_report(as->d, NH_N_NEURON_OUTPUT, whole, "the model has no input");
    if (!as->has_output)
        nh_report(as->d, NH_N_NEURON_OUTPUT, whole, "the line 'output REGISTER spike|count|graded' is missing");
    if (!as->output) return;
    p->output = nh_asm_find(as, as->output);
    if (p->output < 0 || !as->is_written[p->output])
        nh_report(as->d, NH_N_NEURON_OUTPUT, as->output_at, "the output '%s' is not written by any instruction",
                  as->output);
    else
        as->is_read[p->output] = true;
}

static void exact_rules(nh_assembler *as) {
    const nh_neuron_program *p = as->p;
    for (int i = 0; i < p->n_reg; i++) {
        const nh_neuron_reg *r = &p->reg[i];
        if (r->kind == NH_REG_STATE && p->is_exact && !r->has_format)
            nh_report(as->d, NH_N_NEURON_EXACT, r->at, "the state '%s' of an integer program has no format", r->name);
        if (r->has_format && !p->is_exact)
            nh_report(as->d, NH_N_NEURON_EXACT, r->at, "the state '%s' has a format, but the program is not 'exact'",
                      r->name);
        if (r->measure == NH_MEASURE_VOLT && p->is_exact)
            nh_report(as->d, NH_N_NEURON_EXACT, r->at, "'%s' is in volts, which an integer program does not know",
                      r->name);
    }
    for (int i = 0; i < p->n_instr && !p->is_exact; i++)
        if (p->instr[i].op == NH_NOP_CAST || p->instr[i].op == NH_NOP_SHR)
            nh_report(as->d, NH_N_NEURON_EXACT, p->instr[i].at,
                      "%s belongs to integer programs, and this one is not 'exact'", nh_neuron_op_text(p->instr[i].op));
}

static void measure_rules(nh_assembler *as) {
    nh_neuron_program *p = as->p;
    bool is_known[NH_ASM_REG] = {false};
    for (int i = 0; i < p->n_reg; i++) is_known[i] = p->reg[i].kind != NH_REG_TEMP;
    for (int i = 0; i < p->n_instr; i++) {
        nh_neuron_measure m;
        const char *why = nh_neuron_measure_of(p, i, &m);
        nh_neuron_reg *dst = &p->reg[p->instr[i].dst];
        if (!why && is_known[p->instr[i].dst] && dst->measure != m)
            why = "writes another measure than the register has";
        if (why) {
            nh_report(as->d, NH_N_NEURON_MEASURE, p->instr[i].at, "%s %s", nh_neuron_op_text(p->instr[i].op), why);
            nh_diag_hint(as->d, "declare what is measured in volts with 'volt'");
        }
        if (!is_known[p->instr[i].dst]) dst->measure = m;
        is_known[p->instr[i].dst] = true;
    }
}

static void unused(nh_assembler *as) {
    static const char *const kind[] = {"input", "state", "parameter", "number", "temporary"};
    for (int i = 0; i < as->p->n_reg; i++)
        if (!as->is_read[i])
            nh_report(as->d, NH_N_NEURON_UNUSED, as->p->reg[i].at, "the %s '%s' is never read",
                      kind[as->p->reg[i].kind], as->p->reg[i].name);
}

void nh_asm_finish(nh_assembler *as) {
    resolve_output(as);
    exact_rules(as);
    if (as->d->n_error > as->errors) return; /* what follows would speak of lines that were not understood */
    measure_rules(as);
    unused(as);
}
