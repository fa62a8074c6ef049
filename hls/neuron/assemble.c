/* Text of a neuron model -> program. A faulty line is reported once and left; the rest is read on. */
#include <string.h>

#include "assembler.h"

/* --- operands ---------------------------------------------------------------------------------------------------- */

static int constant(nh_assembler *as, double v, nh_loc at) {
    for (int i = 0; i < as->p->n_reg; i++)
        if (as->p->reg[i].kind == NH_REG_CONST && memcmp(&as->p->reg[i].constant, &v, sizeof v) == 0) return i;
    int r = nh_asm_add(as, (nh_neuron_reg){.name = "", .kind = NH_REG_CONST, .constant = v, .at = at});
    if (r >= 0) as->is_written[r] = as->is_read[r] = true;
    return r;
}

static int unknown_name(nh_assembler *as, const char *name, nh_loc at) {
    const char *known[NH_ASM_REG];
    size_t n = 0;
    for (int i = 0; i < as->p->n_reg; i++)
        if (as->p->reg[i].kind != NH_REG_CONST && as->is_written[i]) known[n++] = as->p->reg[i].name;
    nh_report(as->d, NH_N_NEURON_NAME, at, "'%s' is not declared, and nothing above has written it", name);
    const char *near = nh_did_you_mean(name, known, n);
    if (near) nh_diag_hint(as->d, "did you mean '%s'?", near);
    return -1;
}

static int operand(nh_assembler *as) {
    nh_loc at;
    double v;
    if (nh_asm_number(as, &v, &at)) return constant(as, v, at);
    const char *name = nh_asm_word(as, &at);
    if (!name) {
        nh_report(as->d, NH_N_NEURON_SYNTAX, at, "an operand is expected: a register or a number");
        return -1;
    }
    int r = nh_asm_find(as, name);
    if (r < 0 || !as->is_written[r]) return unknown_name(as, name, at);
    as->is_read[r] = true;
    return r;
}

/* The destination; a new name becomes a temporary, which is readable from the next instruction on. -1 with a
 * diagnostic. */
static int destination(nh_assembler *as, nh_neuron_op op) {
    nh_loc at;
    const char *name = nh_asm_name(as, &at, "the register that is written");
    if (!name) return -1;
    int r = nh_asm_find(as, name);
    bool reads_itself = op == NH_NOP_LEAK || op == NH_NOP_RESET;
    if (reads_itself && (r < 0 || !as->is_written[r])) unknown_name(as, name, at);
    if (r < 0) return nh_asm_add(as, (nh_neuron_reg){.name = name, .kind = NH_REG_TEMP, .at = at});
    if (as->p->reg[r].kind == NH_REG_INPUT || as->p->reg[r].kind == NH_REG_PARAM) {
        nh_report(as->d, NH_N_NEURON_WRITE, at, "'%s' is %s and cannot be written", name,
                  as->p->reg[r].kind == NH_REG_INPUT ? "an input" : "a parameter");
        return -1;
    }
    if (reads_itself) as->is_read[r] = true;
    return r;
}

/* --- instructions ------------------------------------------------------------------------------------------------ */

static bool unknown_op(nh_assembler *as, const char *word, nh_loc at) {
    static const char *const declaration[] = {"model", "input", "state", "param", "output", "exact"};
    const char *known[NH_NOP_KINDS + 6];
    for (int i = 0; i < NH_NOP_KINDS; i++) known[i] = nh_neuron_op_text((nh_neuron_op)i);
    memcpy(known + NH_NOP_KINDS, declaration, sizeof declaration);
    nh_report(as->d, NH_N_NEURON_WORD, at, "'%s' is neither an instruction nor a declaration", word);
    char upper[NH_ASM_NAME + 1] = {0};
    for (size_t i = 0; i < NH_ASM_NAME && word[i]; i++)
        upper[i] = (char)(word[i] >= 'a' && word[i] <= 'z' ? word[i] - 'a' + 'A' : word[i]);
    const char *near = nh_did_you_mean(word, known, NH_NOP_KINDS + 6);
    if (!near) near = nh_did_you_mean(upper, known, NH_NOP_KINDS + 6);
    if (near) nh_diag_hint(as->d, "did you mean '%s'?", near);
    return false;
}

static const char *usage(nh_neuron_op op) {
    static const char *const operands[] = {"", ", a", ", a, b", ", a, b, c"};
    return operands[nh_neuron_operands(op)];
}

static bool wrong_count(nh_assembler *as, nh_neuron_op op, const char *why) {
    nh_report(as->d, NH_N_NEURON_OPERAND, nh_asm_here(as), "%s %s", nh_neuron_op_text(op), why);
    nh_diag_allowed(as->d, "%s d%s%s", nh_neuron_op_text(op), usage(op), op == NH_NOP_CAST ? ", FORMAT" : "");
    return false;
}

static bool operands(nh_assembler *as, nh_neuron_instr *in) {
    for (int k = 0; k < nh_neuron_operands(in->op); k++) {
        if (nh_asm_at_end(as)) return wrong_count(as, in->op, "has too few operands");
        if (!nh_asm_expect(as, ',', "between operands")) return false;
        if ((in->src[k] = operand(as)) < 0) return false;
    }
    if (in->op == NH_NOP_CAST) {
        if (nh_asm_at_end(as)) return wrong_count(as, in->op, "has no format");
        if (!nh_asm_expect(as, ',', "before the format") || !nh_asm_format(as, &in->fmt)) return false;
    }
    return nh_asm_at_end(as) || wrong_count(as, in->op, "has too many operands, or something else follows them");
}

static bool special_rules(nh_assembler *as, const nh_neuron_instr *in) {
    const nh_neuron_reg *b = in->op == NH_NOP_SHR || in->op == NH_NOP_COUNT ? &as->p->reg[in->src[1]] : NULL;
    if (in->op == NH_NOP_SHR &&
        (b->kind != NH_REG_CONST || b->constant < 0 || b->constant > 63 || b->constant != (double)(int)b->constant))
        return nh_report(as->d, NH_N_NEURON_OPERAND, in->at,
                         "SHR takes a whole number of bits from 0 to 63 as its last operand");
    if (in->op == NH_NOP_COUNT && b->kind == NH_REG_CONST && b->constant <= 0)
        return nh_report(as->d, NH_N_NEURON_OPERAND, in->at, "COUNT divides by a threshold, which is above 0");
    return true;
}

void nh_asm_instruction(nh_assembler *as, const char *word, nh_loc at) {
    int op = nh_neuron_op_find(word);
    if (op < 0) {
        unknown_op(as, word, at);
        return;
    }
    nh_neuron_instr in = {.op = (nh_neuron_op)op, .at = at};
    in.dst = destination(as, in.op);
    bool ok = in.dst >= 0 && operands(as, &in) && special_rules(as, &in);
    if (in.dst >= 0) as->is_written[in.dst] = true; /* also after a fault: one report is enough */
    if (!ok) return;
    if (as->p->n_instr == NH_ASM_INSTR)
        nh_report(as->d, NH_N_NEURON_LIMIT, at, "the model has more than %d instructions", NH_ASM_INSTR);
    else
        as->p->instr[as->p->n_instr++] = in;
}

/* --- lines ------------------------------------------------------------------------------------------------------- */

static bool has_odd_character(nh_assembler *as) {
    for (as->s = as->line; *as->s; as->s++)
        if ((unsigned char)*as->s < ' ' && *as->s != '\t') {
            nh_report(as->d, NH_N_NEURON_SYNTAX, nh_asm_here(as), "a control character stands in the text");
            return true;
        }
    as->s = as->line;
    return false;
}

static void read_line(nh_assembler *as, const char *begin, size_t n) {
    if (n > 0 && begin[n - 1] == '\r') n--;
    if (memchr(begin, 0, n)) {
        as->line = as->s = "";
        nh_report(as->d, NH_N_NEURON_SYNTAX, nh_asm_here(as), "a NUL character stands in the text");
        return;
    }
    char *line = nh_arena_strn(as->a, begin, n);
    char *comment = strchr(line, ';');
    if (comment) *comment = 0;
    as->line = as->s = line;
    if (strlen(line) > NH_ASM_LINE) {
        nh_report(as->d, NH_N_NEURON_LIMIT, nh_asm_here(as), "the line is longer than %d characters", NH_ASM_LINE);
        return;
    }
    bool is_in;
    if (has_odd_character(as) || nh_asm_at_end(as) || !nh_asm_guard(as, &is_in) || !is_in) return;
    nh_loc at;
    const char *word = nh_asm_word(as, &at);
    if (!word)
        nh_report(as->d, NH_N_NEURON_SYNTAX, at, "an instruction or a declaration is expected");
    else if (!nh_asm_declaration(as, word, at))
        nh_asm_instruction(as, word, at);
}

const nh_neuron_program *nh_neuron_assemble(nh_arena *a, nh_diag *d, const char *file, const char *text, size_t size,
                                            const nh_guard *guard, int n_guard) {
    nh_assembler *as = NH_NEW(a, nh_assembler);
    *as = (nh_assembler){.a = a,
                         .d = d,
                         .file = file,
                         .guard = guard,
                         .n_guard = n_guard,
                         .p = NH_NEW(a, nh_neuron_program),
                         .line = "",
                         .s = "",
                         .errors = d->n_error};
    as->p->reg = nh_arena_array(a, NH_ASM_REG, sizeof(nh_neuron_reg));
    as->p->instr = nh_arena_array(a, NH_ASM_INSTR, sizeof(nh_neuron_instr));
    as->p->spikes_per_step = 1;
    as->p->output = -1;
    if (size > NH_ASM_TEXT) {
        nh_report(d, NH_N_NEURON_LIMIT, (nh_loc){.file = file}, "the text has %zu bytes; at most %d are read", size,
                  NH_ASM_TEXT);
        return NULL;
    }
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t n = end ? (size_t)(end - (text + at)) : size - at;
        as->number++;
        read_line(as, text + at, n);
        at += n + 1;
    }
    nh_asm_finish(as);
    return d->n_error == as->errors ? as->p : NULL;
}
