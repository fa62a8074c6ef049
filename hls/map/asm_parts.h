/* The assembler's state and scanner. Private to hls/map. */
#ifndef NH_ASM_PARTS_H
#define NH_ASM_PARTS_H

#include "image_parts.h"

#define NH_ASM_ERRORS 100 /* then reading ends */

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const char *file, *text, *end;
    const char *line;        /* begin of the line */
    const char *p, *stop;    /* rest of the line, without its comment */
    int number;              /* of the line, from 1 */
    nh_image *m;
    bool has_image, has_fabric;
    bool fabric_is_bad;      /* sizes of rows are not known */
    int values;              /* of a neuron's parameters */
    nh_context_places *places;
    size_t cap_context, cap_core;
    nh_context *context;     /* the last, or NULL */
    nh_core_image *core;     /* the last, or NULL */
    nh_context_places *context_places;
    nh_row_places *core_places;
    size_t cap_table[NH_ROW_KINDS]; /* of the core and the context */
    size_t cap_acc;
    size_t errors;           /* of d, before */
} nh_asm;

/* asm_scan.c: every function reports what it does not find, once per line, and returns false. */
bool nh_asm_next_line(nh_asm *s);           /* false at the end */
nh_loc nh_asm_here(nh_asm *s);              /* of the next token */
bool nh_asm_at_end(nh_asm *s);              /* of the line */
bool nh_asm_bad(nh_asm *s, nh_code code, const char *what);
/* The next token is this word: it is taken. Silent. */
bool nh_asm_is(nh_asm *s, const char *word);
bool nh_asm_expect(nh_asm *s, const char *word);
/* A word of letters, digits and _; NULL. */
const char *nh_asm_name(nh_asm *s, const char *what);
bool nh_asm_integer(nh_asm *s, int64_t least, int64_t most, int64_t *v);
bool nh_asm_quoted(nh_asm *s, const char **text);
bool nh_asm_format(nh_asm *s, nh_format *f);
bool nh_asm_fields(nh_asm *s, void *row, const nh_image_field *f);
bool nh_asm_done(nh_asm *s);                /* nothing follows */
/* asm_core.c: a line of a core; the word is taken already. */
bool nh_asm_core_line(nh_asm *s, const char *word, nh_loc at);
/* A row more in a table; its place is kept. */
void *nh_asm_row(nh_asm *s, nh_row_kind kind, void *table, int64_t *n, size_t size, nh_loc at);

#endif
