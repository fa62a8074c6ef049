/* The assembler's state and scanner. Private to hls/map. */
#ifndef NH_IAS_PARTS_H
#define NH_IAS_PARTS_H

#include "image_parts.h"

#define NH_IAS_ERRORS 100 /* then reading ends */

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const char *file, *text, *end;
    const char *line;     /* begin of the line */
    const char *p, *stop; /* rest of the line, without its comment */
    int number;           /* of the line, from 1 */
    nh_image *m;
    bool has_image, has_fabric;
    bool fabric_is_bad; /* sizes of rows are not known */
    int values;         /* of a neuron's parameters */
    nh_context_places *places;
    size_t cap_context, cap_core;
    nh_context *context; /* the last, or NULL */
    nh_core_image *core; /* the last, or NULL */
    bool core_is_bad;    /* its line was not understood: what follows it is passed over */
    int64_t left_out;    /* row numbers that a wrong one has left out, of the core's weights */
    nh_context_places *context_places;
    nh_row_places *core_places;
    size_t cap_table[NH_ROW_KINDS]; /* of the core and the context */
    size_t cap_acc;
    size_t errors; /* of d, before */
} nh_ias;

/* asm_scan.c: every function reports what it does not find, once per line, and returns false. */
bool nh_ias_next_line(nh_ias *s); /* false at the end */
nh_loc nh_ias_here(nh_ias *s);    /* of the next token */
bool nh_ias_at_end(nh_ias *s);    /* of the line */
bool nh_ias_bad(nh_ias *s, nh_code code, const char *what);
/* The next token is this word: it is taken. Silent. */
bool nh_ias_is(nh_ias *s, const char *word);
bool nh_ias_expect(nh_ias *s, const char *word);
/* A word of letters, digits and _; NULL. */
const char *nh_ias_name(nh_ias *s, const char *what);
bool nh_ias_integer(nh_ias *s, int64_t least, int64_t most, int64_t *v);
bool nh_ias_quoted(nh_ias *s, const char **text);
bool nh_ias_format(nh_ias *s, nh_format *f);
bool nh_ias_fields(nh_ias *s, void *row, const nh_image_field *f);
bool nh_ias_done(nh_ias *s); /* nothing follows */
/* asm_core.c: a line of a core; the word is taken already. */
bool nh_ias_core_line(nh_ias *s, const char *word, nh_loc at);
/* A row more in a table; its place is kept. */
void *nh_ias_row(nh_ias *s, nh_row_kind kind, void *table, int64_t *n, size_t size, nh_loc at);

#endif
