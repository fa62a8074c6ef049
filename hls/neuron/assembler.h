/* What the files of the assembler share. */
#ifndef NH_ASSEMBLER_H
#define NH_ASSEMBLER_H

#include "neurons.h"

enum {
    NH_ASM_TEXT = 256 << 10, /* bytes of a text */
    NH_ASM_LINE = 512,       /* characters of a line */
    NH_ASM_NAME = 32,        /* characters of a name */
    NH_ASM_REG = 256,
    NH_ASM_INSTR = 1024
};

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const char *file;
    const nh_guard *guard;
    int n_guard;
    nh_neuron_program *p;
    bool is_written[NH_ASM_REG], is_read[NH_ASM_REG];
    size_t errors; /* of the collector before */
    bool has_model, has_output;
    const char *output; /* name of the register: resolved at the end */
    nh_loc output_at, model_at;
    /* the line being read */
    const char *line, *s;
    int number;
} nh_assembler;

/* The place of the next character. */
nh_loc nh_asm_here(nh_assembler *as);
void nh_asm_blanks(nh_assembler *as);
/* The character c, after blanks; false without a diagnostic when another one stands there. */
bool nh_asm_take(nh_assembler *as, char c);
/* The same with a diagnostic. */
bool nh_asm_expect(nh_assembler *as, char c, const char *where);
bool nh_asm_at_end(nh_assembler *as);
/* The next name, or NULL without a diagnostic; *at is its place. */
const char *nh_asm_word(nh_assembler *as, nh_loc *at);
const char *nh_asm_name(nh_assembler *as, nh_loc *at, const char *what); /* with a diagnostic */
/* A number, 3 or -0.5 or 1e-3 or 2^23; false without a diagnostic when none stands there. */
bool nh_asm_number(nh_assembler *as, double *v, nh_loc *at);
bool nh_asm_format(nh_assembler *as, nh_format *f);
/* The guard in front of a line, if any: does the line belong to the program? false with a diagnostic when it is wrong.
 */
bool nh_asm_guard(nh_assembler *as, bool *is_in);

/* Index of the register called name, or -1. */
int nh_asm_find(const nh_assembler *as, const char *name);
/* A new register; -1 with a diagnostic when there are too many. */
int nh_asm_add(nh_assembler *as, nh_neuron_reg reg);
/* A declaration: true when the line was one (well-formed or not). */
bool nh_asm_declaration(nh_assembler *as, const char *word, nh_loc at);
void nh_asm_instruction(nh_assembler *as, const char *word, nh_loc at);
/* What holds for the program as a whole. */
void nh_asm_finish(nh_assembler *as);

/* Why the measures of instruction i do not agree, or NULL; *result is the measure of what it makes. */
const char *nh_neuron_measure_of(const nh_neuron_program *p, int i, nh_neuron_measure *result);

#endif
