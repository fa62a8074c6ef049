/* What passes ask of neuron programs before they rewrite them, and units by the rules of arithmetic; by hand. */
#include <criterion/criterion.h>
#include <string.h>

#include "edit.h"
#include "neurons.h"

static nh_neuron_program *assemble(nh_arena *a, const char *text) {
    nh_diag *d = nh_diag_new(a);
    const nh_neuron_program *p = nh_neuron_assemble(a, d, "test", text, strlen(text), NULL, 0);
    if (!p) nh_diag_print(d, NH_NOTE, false, stderr);
    cr_assert(p);
    return nh_program_copy(a, p);
}

static int reg(const nh_neuron_program *p, const char *name) {
    for (int i = 0; i < p->n_reg; i++)
        if (strcmp(p->reg[i].name, name) == 0) return i;
    return -1;
}

Test(edit, definitions_and_uses_are_counted) {
    static const struct {
        const char *name;
        int definition, uses;
    } want[] = {{"a", -1, 2}, {"v", -1, 4}, {"k", -1, 1}, {"t", 0, 1}, {"w", -1, 2}, {"s", 5, 1}};
    nh_arena *a = nh_arena_new();
    nh_neuron_program *p = assemble(a, "model m\ninput a\nstate v\nparam k\noutput s spike\n"
                                       "MUL t, a, k\n" /* t: once, in the first instruction */
                                       "ADD v, v, t\n" /* v: here and by the reset */
                                       "ADD w, v, a\n" /* w: twice */
                                       "ADD w, w, 1\n"
                                       "NEG u, w\n"
                                       "GT s, v, u\n"
                                       "RESET v, s, 0\n");
    p->output = reg(p, "u"); /* an output is a use; s is read by the reset alone */
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        int r = reg(p, want[i].name);
        cr_expect_eq(nh_program_definition(p, r), want[i].definition, "%s: %d", want[i].name,
                     nh_program_definition(p, r));
        cr_expect_eq(nh_program_uses(p, r), want[i].uses, "%s: %d", want[i].name, nh_program_uses(p, r));
    }
    cr_expect_eq(nh_program_uses(p, p->output), 2);
    nh_arena_free(a);
}

Test(edit, instructions_are_put_in_and_operands_replaced_from_there_on) {
    nh_arena *a = nh_arena_new();
    nh_neuron_program *p = assemble(a, "model m\ninput a\nstate v\noutput v graded\nADD v, v, a\nADD v, v, a\n");
    int in = reg(p, "a"), half = nh_program_add_const(a, p, 0.5);
    int t = nh_program_add_reg(a, p, "t", NH_REG_TEMP, NH_MEASURE_NONE);
    nh_program_insert(a, p, 1, NH_NOP_MUL, t, in, half);
    nh_program_replace(p, 2, in, t);
    cr_assert_eq(p->n_instr, 3);
    cr_expect_eq(p->instr[0].src[1], in);
    cr_expect_eq(p->instr[1].op, NH_NOP_MUL);
    cr_expect_eq(p->instr[1].src[0], in);
    cr_expect_eq(p->instr[1].src[1], half);
    cr_expect_eq(p->instr[2].src[1], t);
    cr_expect_eq(p->reg[half].constant, 0.5);
    nh_program_replace(p, 3, reg(p, "v"), t); /* the output alone */
    cr_expect_eq(p->output, t);
    cr_expect_eq(p->instr[2].src[0], reg(p, "v"));
    nh_arena_free(a);
}

/* Registers in the order in which they come: 1 volt, 0 none, ? not known; "!" is a contradiction. A parameter has no
 * unit unless one is said, a number neither; 0 may be anything. */
Test(edit, units_follow_from_those_that_are_said) {
    static const struct {
        const char *body, *said, *volts;
    } row[] = {
        {"input a\nstate v\nparam k, t\noutput s spike\nMUL x, v, k\nADD v, x, a\nGT s, v, t\nRESET v, s, 0\n", "a t",
         "a1 v1 k0 t1 x1 s0"},
        {"input a\nstate v\noutput s spike\nADD v, v, a\nGE s, v, 0\nRESET v, s, 0\n", "", "a? v? s0"},
        {"input a\nparam k\noutput y graded\nMUL y, a, k\n", "k", "a? k1 y?"},
        {"input a\nparam k\noutput y graded\nMUL y, a, k\n", "k y", "a0 k1 y1"},
        {"input a\nparam k\noutput y graded\nMUL y, a, k\nADD y, y, 3\n", "", "a0 k0 y0"},
        {"input a\nparam lo, k\noutput y graded\nMIN x, a, lo\nMAX z, x, k\nABS y, z\n", "lo k", "a1 lo1 k1 x1 z1 y1"},
        {"input a\noutput y graded\nNEG x, a\nSUB z, x, 0\nRELU w, z\nMOV y, w\n", "z", "a1 x1 z1 w1 y1"},
        {"input a, b\nstate v\nparam t\noutput s spike\nGT c, a, t\nNOT d, c\nAND e, d, b\nOR f, e, c\nSEL v, f, a, v\n"
         "EQ s, v, t\n",
         "t", "a1 b0 v1 t1 c0 d0 e0 f0 s0"},
        {"input a\nstate v\nparam k, t\noutput s spike\nLEAK v, k\nADD v, v, a\nGT s, v, t\nRESET v, s, t\n", "v t",
         "a1 v1 k0 t1 s0"},
        {"input a\nparam k\noutput y graded\nMUL x, a, k\nADD y, x, a\n", "a k", "!"}, /* volts squared */
        {"input a\nparam t\noutput y graded\nGT c, a, t\nADD y, c, a\n", "t", "!"},
        {"input a\noutput y graded\nADD y, a, 3\n", "a", "!"},
        {"input a\nparam k\noutput y graded\nMUL y, a, k\nADD y, y, 3\n", "k", "!"}, /* a in 1 / volt */
    };
    nh_arena *a = nh_arena_new();
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        nh_neuron_program *p = assemble(a, nh_arena_printf(a, "model m\n%s", row[i].body));
        int *e = nh_arena_array(a, (size_t)p->n_reg, sizeof *e);
        const char *text = "";
        for (const char *at = row[i].said; *at; at += at[1] == ' ' ? 2 : 1) {
            size_t n = strcspn(at, " ");
            p->reg[reg(p, nh_arena_strn(a, at, n))].measure = NH_MEASURE_VOLT;
            at += n - 1;
        }
        bool ok = nh_program_volts(p, e);
        for (int r = 0; ok && r < p->n_reg; r++)
            if (p->reg[r].kind != NH_REG_CONST)
                text = nh_arena_printf(a, "%s%s%s%s", text, *text ? " " : "", p->reg[r].name,
                                       e[r] < 0 ? "?"
                                       : e[r]   ? "1"
                                                : "0");
        cr_expect_str_eq(ok ? text : "!", row[i].volts, "%zu: %s", i, ok ? text : "!");
    }
    nh_arena_free(a);
}
