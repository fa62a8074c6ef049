/* What the files that hold rows of the table of keys share. */
#ifndef NH_SCHEMA_ROWS_H
#define NH_SCHEMA_ROWS_H

#include "schema.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define AT(type, field) offsetof(type, field)
#define MAX_COUNT 9007199254740992.0 /* 2^53: every integer up to it is exact as a double */
#define WORDS(name, ...) static const nh_word name[] = {__VA_ARGS__, {NULL, 0}}

#endif
