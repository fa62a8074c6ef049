/* Text for a terminal: UTF-8 walked one character at a time, what could control the terminal made visible. */
#ifndef NH_TEXT_H
#define NH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "arena.h"

/* Bytes of the valid UTF-8 character at s[0..n-1], its code point in *code; 0 when it is not valid UTF-8. n >= 1. */
size_t nh_utf8_next(const char *s, size_t n, uint32_t *code);

/* May be printed as it is: not a control character (C0, DEL, C1), nothing that reorders or breaks lines, nothing
 * without a glyph. XML and YAML allow it, too. */
bool nh_is_printable(uint32_t code);

/* Print s with everything else as \xNN, byte by byte. */
void nh_print_escaped(const char *s, size_t n, FILE *out);

/* A name of the user's as one line for people: every character that is not printable, and every byte that is not UTF-8,
 * is a '?'. Longer than `most` characters (> 3): cut between two characters, the last three are dots. NULL counts as
 * empty. */
char *nh_text_clean(nh_arena *a, const char *s, size_t most);
/* Any bytes as UTF-8, for JSON: each that is none is a '?', everything else stays. */
char *nh_text_valid(nh_arena *a, const char *s);
/* Columns of such a text on a terminal: its characters. */
int nh_text_columns(const char *s);

#endif
