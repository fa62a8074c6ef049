/* Diagnostics: collected, never printed below cli/. Every one has a code, a place, what was found, what is
 * allowed, and a hint. */
#ifndef NH_DIAG_H
#define NH_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "arena.h"

/* Where: a text position (file:line:col, 1-based, 0 = unknown) and/or a path inside a model
 * (`node 'fc1' weight`). Strings live as long as the run. */
typedef struct {
    const char *file;
    int line, col;
    const char *path;
} nh_loc;

#define NH_NOWHERE ((nh_loc){0})

/* Severity: NH_NOTE tells what the tool decided, NH_WARNING what the user should look at. */
typedef enum { NH_NOTE, NH_WARNING, NH_ERROR } nh_severity;

/* Process exit statuses. */
typedef enum { NH_EXIT_OK, NH_EXIT_REQUIREMENT, NH_EXIT_INPUT, NH_EXIT_TOOL, NH_EXIT_BUG } nh_exit;

/* One X-macro row per code: NH_CODE(symbol, "id", severity, exit, "title", "explanation", "example").
 * Tables: codes_<area>.def; letters: C config, M model file, D data, N numbers, P plan (strategy, fit),
 * S simulation, T external tools, O output/system, R requirement, H driver of a fabric. */
typedef enum {
#define NH_CODE(symbol, id, severity, exit, title, explanation, example) NH_##symbol,
#include "codes.def"
#undef NH_CODE
    NH_CODE_COUNT
} nh_code;

typedef struct {
    const char *symbol, *id;
    nh_severity severity;
    nh_exit exit;
    const char *title, *explanation, *example;
} nh_code_info;

/* Facts about one code; never NULL for a valid enum. */
const nh_code_info *nh_code_get(nh_code code);
/* By id ("C101"), case-insensitive; NULL when unknown. */
const nh_code_info *nh_code_find(const char *id);

typedef struct {
    nh_code code;
    nh_loc at;
    const char *message;                /* one sentence without the place */
    const char *layer;                  /* or NULL */
    const char *found, *allowed, *hint; /* or NULL */
} nh_diag_item;

typedef struct nh_diag {
    nh_arena *arena;
    nh_diag_item *item;
    size_t count, cap;
    size_t n_error, n_warning;
    struct nh_sources *sources; /* NULL, or where nh_file_read notes what it read: sources.h */
} nh_diag;

/* A new collector whose items live in a. */
nh_diag *nh_diag_new(nh_arena *a);

/* Add one diagnostic of the severity its code has. Returns false, so that a check is one line:
 *     if (r < 1) return nh_report(d, NH_C_RANGE, at, "reuse factor %d is below 1", r);
 * nh_diag_found/_allowed/_hint/_layer add to the item just made. */
bool nh_report(nh_diag *d, nh_code code, nh_loc at, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void nh_diag_found(nh_diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void nh_diag_allowed(nh_diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void nh_diag_hint(nh_diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void nh_diag_layer(nh_diag *d, const char *layer);

/* Append all items of `from`: work done in parallel reports into collectors of its own, which are joined in a fixed
 * order. */
void nh_diag_append(nh_diag *d, const nh_diag *from);

/* The highest exit status among the errors so far: NH_EXIT_OK when there is no error. */
nh_exit nh_diag_exit(const nh_diag *d);

/* How many items a run shows: of errors and warnings together NH_DIAG_SHOWN, errors before warnings; of notes, which
 * only -v asks for, NH_DIAG_NOTES. What a file of thousands of faults says after its first hundred helps nobody. */
#define NH_DIAG_SHOWN 100
#define NH_DIAG_NOTES 1000

/* room[severity]: so many items of `least` and above are shown, the first ones. Returns how many are left out. */
size_t nh_diag_room(const nh_diag *d, nh_severity least, size_t room[NH_ERROR + 1]);
/* Will the error made last still be shown? Checks that cost more than their sentence (hints, lists of what is allowed)
 * ask. */
bool nh_diag_is_shown(const nh_diag *d);
/* "and 12 more errors and 3 more warnings that are not shown"; empty when everything is. */
const char *nh_diag_left_text(nh_arena *a, const nh_diag *d, nh_severity least);

/* Print the items of severity `least` and above that nh_diag_room has room for as
 *     file:line:col: error[C101]: message
 *       12 | the source line
 *          |     ^
 *        layer: ...
 *        found: ...
 *        allowed: ...
 *        hint: ...
 * The caret needs the file to be readable; col counts characters. color: ANSI escapes. Control characters are escaped;
 * the lines of a field of several lines (a log's end) stand behind a margin. */
void nh_diag_print(const nh_diag *d, nh_severity least, bool color, FILE *out);

/* The nearest of n candidates to `word` (Damerau-Levenshtein distance <= max(2, len/3) and less than the
 * length of either), or NULL. */
const char *nh_did_you_mean(const char *word, const char *const *candidate, size_t n);

#endif
