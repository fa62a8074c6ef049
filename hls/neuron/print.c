#include "neurons.h"

static void print_list(const nh_neuron_program *p, const char *word, const int *reg, int n, FILE *out) {
    for (int i = 0; i < n; i++) {
        const nh_neuron_reg *r = &p->reg[reg[i]];
        char buf[NH_FORMAT_TEXT];
        fprintf(out, "%s %s%s%s%s", word, r->name, r->measure == NH_MEASURE_VOLT ? " volt" : "",
                r->has_format ? " " : "", r->has_format ? nh_format_print(r->fmt, buf) : "");
        if (r->has_default) fprintf(out, " = %.17g", r->constant);
        fputc('\n', out);
    }
}

static void print_operand(const nh_neuron_program *p, int reg, FILE *out) {
    const nh_neuron_reg *r = &p->reg[reg];
    if (r->kind == NH_REG_CONST)
        fprintf(out, "%.17g", r->constant);
    else
        fprintf(out, "%s", r->name);
}

void nh_neuron_print(const nh_neuron_program *p, FILE *out) {
    static const char *const kind[] = {"spike", "count", "graded"};
    fprintf(out, "model %s\n", p->name);
    print_list(p, "input", p->input, p->n_input, out);
    print_list(p, "state", p->state, p->n_state, out);
    print_list(p, "param", p->param, p->n_param, out);
    fprintf(out, "output %s %s", p->reg[p->output].name, kind[p->out]);
    if (p->out == NH_NEURON_OUT_COUNT) fprintf(out, " %lld", (long long)p->spikes_per_step);
    fprintf(out, "\n%s", p->is_exact ? "exact\n" : "");
    for (int i = 0; i < p->n_instr; i++) {
        const nh_neuron_instr *in = &p->instr[i];
        char buf[NH_FORMAT_TEXT];
        fprintf(out, "    %s %s", nh_neuron_op_text(in->op), p->reg[in->dst].name);
        for (int k = 0; k < nh_neuron_operands(in->op); k++) {
            fputs(", ", out);
            print_operand(p, in->src[k], out);
        }
        if (in->op == NH_NOP_CAST) fprintf(out, ", %s", nh_format_print(in->fmt, buf));
        fputc('\n', out);
    }
}
