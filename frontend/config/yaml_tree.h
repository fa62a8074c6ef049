/* YAML text -> nodes with line:col, through libyaml's event interface. Only the plain subset a configuration needs: one
 * document of mappings, lists and scalars; anchors, aliases and tags are refused. */
#ifndef NH_YAML_TREE_H
#define NH_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "diag.h"
#include "file.h"

#define NH_YAML_LIMIT_BYTES ((size_t)4 << 20)
#define NH_YAML_LIMIT_DEPTH 64
#define NH_YAML_LIMIT_NODES 65536

typedef enum {
    NH_YAML_SCALAR,
    NH_YAML_MAP,
    NH_YAML_LIST,
    NH_YAML_REFUSED /* already diagnosed; readers pass over it in silence */
} nh_yaml_kind;

typedef struct nh_yaml nh_yaml;
struct nh_yaml {
    nh_yaml_kind kind;
    nh_loc at;
    const char *text;      /* SCALAR: without NUL or control characters, but the ends of lines of a block */
    bool plain;            /* SCALAR: not quoted */
    bool is_block;         /* SCALAR: a literal block (|): text may have several lines */
    nh_yaml *first, *last; /* children; of a MAP: key, value, key, value ... with SCALAR keys, no two alike */
    nh_yaml *next;
};

/* The root node of one document, or NULL when nothing could be read. Refused features and duplicate keys are diagnosed
 * and the rest is still returned, so that all errors come at once. */
nh_yaml *nh_yaml_read(nh_arena *a, nh_diag *d, const char *file, nh_bytes text);

/* The value of a key of a MAP; NULL when absent or not a MAP. */
const nh_yaml *nh_yaml_get(const nh_yaml *map, const char *key);
/* What a node is, for messages: "'text'", "a list", "a mapping", "no value". */
const char *nh_yaml_show(nh_arena *a, const nh_yaml *node);
/* An empty plain scalar, ~ or null: a key without a value. */
bool nh_yaml_is_null(const nh_yaml *node);

#endif
