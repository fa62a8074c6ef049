#include "yaml_tree.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

typedef struct {
    nh_arena *arena;
    nh_diag *diag;
    const char *file;
    nh_yaml *root;
    nh_yaml *open[NH_YAML_LIMIT_DEPTH]; /* the mappings and lists around the next node */
    int depth;
    size_t n_node;
    int n_document;
    bool stop; /* a limit was hit: what follows is not looked at */
} tree;

static nh_loc mark_loc(const tree *t, yaml_mark_t m) {
    return (nh_loc){.file = t->file, .line = (int)m.line + 1, .col = (int)m.column + 1};
}

/* The place of a byte: the reader's errors (encoding) carry an offset only. */
static nh_loc offset_loc(const tree *t, nh_bytes text, size_t offset) {
    nh_loc at = {.file = t->file, .line = 1, .col = 1};
    for (size_t i = 0; i < offset && i < text.size; i++) {
        at.col++;
        if (text.data[i] == '\n') {
            at.line++;
            at.col = 1;
        }
    }
    return at;
}

static nh_yaml *add_node(tree *t, nh_yaml_kind kind, nh_loc at) {
    nh_yaml *node = NH_NEW(t->arena, nh_yaml);
    node->kind = kind;
    node->at = at;
    if (++t->n_node > NH_YAML_LIMIT_NODES) {
        t->stop = true;
        nh_report(t->diag, NH_C_LIMIT, at, "the file has more than %d values", NH_YAML_LIMIT_NODES);
    }
    if (t->depth == 0) {
        t->root = node;
        return node;
    }
    nh_yaml *parent = t->open[t->depth - 1];
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    return node;
}

static void refuse(tree *t, nh_loc at, const char *what, const char *hint) {
    nh_report(t->diag, NH_C_FEATURE, at, "%s cannot be used in a configuration", what);
    nh_diag_hint(t->diag, "%s", hint);
}

static void refuse_properties(tree *t, nh_loc at, const yaml_char_t *anchor, const yaml_char_t *tag) {
    if (anchor) refuse(t, at, "a YAML anchor (&name)", "write the value out where it is used");
    if (tag) refuse(t, at, "a YAML tag (!type)", "remove the tag; every key has one type");
}

static void push(tree *t, nh_yaml_kind kind, nh_loc at) {
    nh_yaml *node = add_node(t, kind, at);
    if (t->depth == NH_YAML_LIMIT_DEPTH) {
        t->stop = true;
        nh_report(t->diag, NH_C_LIMIT, at, "values are nested deeper than %d", NH_YAML_LIMIT_DEPTH);
        return;
    }
    t->open[t->depth++] = node;
}

static int by_text_then_place(const void *pa, const void *pb) {
    const nh_yaml *a = *(const nh_yaml *const *)pa, *b = *(const nh_yaml *const *)pb;
    int order = strcmp(a->text, b->text);
    if (order != 0) return order;
    if (a->at.line != b->at.line) return a->at.line < b->at.line ? -1 : 1;
    return a->at.col < b->at.col ? -1 : a->at.col > b->at.col;
}

/* Keys are scalars, none twice. Pairs with another key are dropped after the diagnostic. */
static void close_map(tree *t, nh_yaml *map) {
    size_t n = 0;
    for (nh_yaml *key = map->first; key; key = key->next->next) n++;
    nh_yaml **sorted = nh_arena_array(t->arena, n + 1, sizeof *sorted);
    nh_yaml **link = &map->first;
    n = 0;
    for (nh_yaml *key = map->first; key; key = key->next->next) {
        if (key->kind == NH_YAML_SCALAR) {
            sorted[n++] = key;
            link = &key->next->next;
            continue;
        }
        if (key->kind != NH_YAML_REFUSED) nh_report(t->diag, NH_C_TYPE, key->at, "a key must be a word");
        *link = key->next->next;
    }
    qsort(sorted, n, sizeof *sorted, by_text_then_place);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(sorted[i]->text, sorted[i - 1]->text) != 0) continue;
        nh_report(t->diag, NH_C_DUPLICATE, sorted[i]->at, "the key '%s' is given twice", sorted[i]->text);
        nh_diag_hint(t->diag, "the first one is in line %d", sorted[i - 1]->at.line);
    }
}

static void add_scalar(tree *t, const yaml_event_t *e, nh_loc at) {
    const char *text = (const char *)e->data.scalar.value;
    size_t length = e->data.scalar.length;
    nh_yaml *node = add_node(t, NH_YAML_SCALAR, at);
    node->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->is_block = e->data.scalar.style == YAML_LITERAL_SCALAR_STYLE;
    node->text = nh_arena_strn(t->arena, text, length);
    refuse_properties(t, at, e->data.scalar.anchor, e->data.scalar.tag);
    for (size_t i = 0; i < length; i++) {
        if (((unsigned char)text[i] >= 0x20 && text[i] != 0x7f) || (node->is_block && text[i] == '\n')) continue;
        node->kind = NH_YAML_REFUSED;
        nh_report(t->diag, NH_C_ENCODING, at, "the value contains the control character 0x%02x",
                  (unsigned)(unsigned char)text[i]);
        return;
    }
}

static void take_event(tree *t, const yaml_event_t *e) {
    nh_loc at = mark_loc(t, e->start_mark);
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++t->n_document > 1) {
            refuse(t, at, "a second document (---)", "keep one configuration per file");
            t->stop = true;
        }
        break;
    case YAML_ALIAS_EVENT:
        refuse(t, at, "a YAML alias (*name)", "write the value out; a glob that begins with * needs quotes: \"*\"");
        add_node(t, NH_YAML_REFUSED, at);
        break;
    case YAML_SCALAR_EVENT: add_scalar(t, e, at); break;
    case YAML_SEQUENCE_START_EVENT:
        refuse_properties(t, at, e->data.sequence_start.anchor, e->data.sequence_start.tag);
        push(t, NH_YAML_LIST, at);
        break;
    case YAML_MAPPING_START_EVENT:
        refuse_properties(t, at, e->data.mapping_start.anchor, e->data.mapping_start.tag);
        push(t, NH_YAML_MAP, at);
        break;
    case YAML_MAPPING_END_EVENT: close_map(t, t->open[--t->depth]); break;
    case YAML_SEQUENCE_END_EVENT: t->depth--; break;
    default: break;
    }
}

static void syntax_error(tree *t, const yaml_parser_t *p, nh_bytes text) {
    if (p->error == YAML_MEMORY_ERROR) {
        nh_report(t->diag, NH_O_MEMORY, (nh_loc){.file = t->file}, "out of memory while the configuration was read");
        return;
    }
    const char *problem = p->problem ? p->problem : "it cannot be parsed";
    if (p->error == YAML_READER_ERROR) {
        nh_report(t->diag, NH_C_ENCODING, offset_loc(t, text, p->problem_offset),
                  "the file is not plain UTF-8 text: %s", problem);
        return;
    }
    nh_report(t->diag, NH_C_SYNTAX, mark_loc(t, p->problem_mark), "not valid YAML: %s", problem);
    if (p->context) nh_diag_found(t->diag, "%s that began in line %zu", p->context, p->context_mark.line + 1);
    if (strstr(problem, "cannot start any token"))
        nh_diag_hint(t->diag, "indent with blanks, and quote text that begins with @ ` or %%");
}

nh_yaml *nh_yaml_read(nh_arena *a, nh_diag *d, const char *file, nh_bytes text) {
    tree t = {.arena = a, .diag = d, .file = file};
    yaml_parser_t parser;
    if (!nh_text_bytes(d, (nh_loc){.file = file}, file, &text)) return NULL;
    if (!yaml_parser_initialize(&parser)) {
        nh_report(d, NH_O_MEMORY, (nh_loc){.file = file}, "out of memory while libyaml was started");
        return NULL;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.data, text.size);
    bool more = true, ok = true;
    while (more && !t.stop) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            syntax_error(&t, &parser, text);
            ok = false;
            break;
        }
        more = event.type != YAML_STREAM_END_EVENT;
        take_event(&t, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (!ok || t.stop) return NULL;
    if (!t.root) nh_report(d, NH_C_SYNTAX, (nh_loc){.file = file, .line = 1, .col = 1}, "the file is empty");
    return t.root;
}

const nh_yaml *nh_yaml_get(const nh_yaml *map, const char *key) {
    if (!map || map->kind != NH_YAML_MAP) return NULL;
    for (const nh_yaml *k = map->first; k; k = k->next->next)
        if (strcmp(k->text, key) == 0) return k->next;
    return NULL;
}

bool nh_yaml_is_null(const nh_yaml *node) {
    return node->kind == NH_YAML_SCALAR && node->plain &&
           (!*node->text || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

const char *nh_yaml_show(nh_arena *a, const nh_yaml *node) {
    if (node->kind == NH_YAML_MAP) return "a mapping";
    if (node->kind == NH_YAML_LIST) return "a list";
    if (nh_yaml_is_null(node)) return "no value";
    const char *quote = node->plain ? "" : "\"";
    return nh_arena_printf(a, "%s%.80s%s%s", quote, node->text, strlen(node->text) > 80 ? "..." : "", quote);
}
