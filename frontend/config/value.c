/* One scalar of the YAML file -> one field, by the row of its key. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "schema.h"

_Static_assert(sizeof(nh_strategy) == sizeof(int) && sizeof(nh_io) == sizeof(int), "words are stored as int");

static const char *number_text(nh_arena *a, double v) { return nh_arena_printf(a, "%.15g", v); }

static const char *words_text(nh_arena *a, const nh_key *k, const char *before, const char *between) {
    const char *text = "";
    for (const nh_word *w = k->word; w && w->text; w++)
        text = nh_arena_printf(a, "%s%s%s", text, *text ? between : before, w->text);
    return text;
}

bool nh_key_is_number(const nh_key *k) {
    return k->type == NH_KEY_INT || k->type == NH_KEY_INT64 || k->type == NH_KEY_REAL;
}

static const char *number_allowed(nh_arena *a, const nh_key *k) {
    const char *kind = k->flags & NH_KEY_POWER_OF_TWO ? "a power of two"
                       : k->type == NH_KEY_REAL       ? "a number"
                                                      : "an integer";
    const char *or_word = words_text(a, k, ", or ", " or ");
    if (k->flags & NH_KEY_PERCENT) return "a fraction from 0 to 1, or a percentage like 0.5%";
    if (k->flags & NH_KEY_FRACTION) return "a positive number or a fraction like 1/255";
    if (k->max > 1e15 && k->type != NH_KEY_REAL)
        return nh_arena_printf(a, "%s of at least %s%s", kind, number_text(a, k->min), or_word);
    return nh_arena_printf(a, "%s from %s to %s%s", kind, number_text(a, k->min), number_text(a, k->max), or_word);
}

static const char *data_allowed(const nh_key *k) {
    if (k->flags & NH_KEY_EVENTS)
        return "\"file.npy\", \"file.npz:key\", or recordings: \"file.bs2\", \"folder/\", \"list.txt\"";
    return k->flags & NH_KEY_LINES ? "\"file.npy\", \"file.npz:key\" or \"file.txt\""
                                   : "\"file.npy\" or \"file.npz:key\"";
}

const char *nh_key_allowed(nh_arena *a, const nh_key *k) {
    if (nh_key_is_number(k)) return number_allowed(a, k);
    if (k->word) return words_text(a, k, "one of ", ", ");
    switch (k->type) {
    case NH_KEY_BOOL: return "true or false";
    case NH_KEY_LIST:
        return nh_arena_printf(a, "a list [a, ...] of 1 to %d integers from %s to %s", k->capacity,
                               number_text(a, k->min), number_text(a, k->max));
    case NH_KEY_TILES:
        return nh_arena_printf(a, "a list [[x, y], ...] of 1 to %d tiles, x and y from 0 to %s", k->capacity,
                               number_text(a, k->max));
    case NH_KEY_FORMAT: return "auto, or a format like \"fixed<8,1>\" or \"ufixed<8,0,RND,SAT>\"";
    case NH_KEY_NAME:
        return "a letter, then letters, digits and _, at most 48 characters; no word of C, C++, Verilog or VHDL";
    case NH_KEY_DATA: return data_allowed(k);
    case NH_KEY_PATH: return "the path of a file";
    case NH_KEY_PROGRAM:
        return "the path of a .neuron file, the name of a built-in model, or a program in several lines";
    case NH_KEY_SECTION: return "a mapping { key: value }";
    case NH_KEY_LAYERS: return "a mapping { layer: { key: value } }";
    default: return "text";
    }
}

size_t nh_key_size(const nh_key *k) {
    switch (k->type) {
    case NH_KEY_BOOL: return sizeof(bool);
    case NH_KEY_INT:
    case NH_KEY_WORD: return sizeof(int);
    case NH_KEY_INT64: return sizeof(int64_t);
    case NH_KEY_REAL: return sizeof(double);
    case NH_KEY_FORMAT: return sizeof(nh_format_request);
    case NH_KEY_DATA: return sizeof(nh_data_ref);
    case NH_KEY_LIST: return (size_t)k->capacity * sizeof(int64_t);
    default: return sizeof(char *);
    }
}

static bool refuse(const nh_reading *r, nh_code code, const nh_key *k, const nh_yaml *node, const char *why) {
    nh_report(r->diag, code, node->at, "%s %s", k->name, why);
    nh_diag_found(r->diag, "%s", nh_yaml_show(r->arena, node));
    nh_diag_allowed(r->diag, "%s", nh_key_allowed(r->arena, k));
    return false;
}

/* A decimal number in the whole text: digits, sign, point, exponent; no hexadecimal, no inf, no nan. */
static bool parse_real(const char *text, double *out) {
    if (!*text || text[strspn(text, "+-.0123456789eE")]) return false;
    if (!strpbrk(text, "0123456789")) return false;
    char *end;
    *out = strtod(text, &end);
    return !*end && isfinite(*out);
}

static bool parse_scaled(const nh_reading *r, const nh_key *k, const char *text, double *out) {
    size_t n = strlen(text);
    if (k->flags & NH_KEY_PERCENT && n > 1 && text[n - 1] == '%') {
        if (!parse_real(nh_arena_strn(r->arena, text, n - 1), out)) return false;
        *out /= 100;
        return true;
    }
    const char *slash = k->flags & NH_KEY_FRACTION ? strchr(text, '/') : NULL;
    if (!slash) return parse_real(text, out);
    double above, below;
    if (!parse_real(nh_arena_strn(r->arena, text, (size_t)(slash - text)), &above) || !parse_real(slash + 1, &below))
        return false;
    *out = above / below;
    return isfinite(*out);
}

/* The number of a scalar, in the range and of the kind that the key takes. */
static bool check_number(const nh_reading *r, const nh_key *k, const nh_yaml *node, double *v) {
    bool may_quote = k->flags & (NH_KEY_PERCENT | NH_KEY_FRACTION);
    if (!node->plain && !may_quote) return refuse(r, NH_C_TYPE, k, node, "must be a number without quotes");
    if (!parse_scaled(r, k, node->text, v)) return refuse(r, NH_C_TYPE, k, node, "must be a number");
    if (k->type != NH_KEY_REAL && *v != floor(*v)) return refuse(r, NH_C_TYPE, k, node, "must be a whole number");
    if (*v < k->min || *v > k->max) return refuse(r, NH_C_RANGE, k, node, "is out of range");
    if (k->flags & NH_KEY_POWER_OF_TWO && exp2(floor(log2(*v))) != *v)
        return refuse(r, NH_C_RANGE, k, node, "must be a power of two");
    return true;
}

static bool read_number(const nh_reading *r, const nh_key *k, const nh_yaml *node, char *field) {
    const nh_word *w = k->word;
    double v = 0;
    while (w && w->text && strcmp(w->text, node->text) != 0) w++;
    bool is_word = w && w->text;
    if (!is_word && !check_number(r, k, node, &v)) return false;
    int64_t whole = is_word ? w->value : k->type == NH_KEY_REAL ? 0 : (int64_t)v;
    if (is_word) v = (double)w->value;
    int as_int = k->type == NH_KEY_INT ? (int)whole : 0;
    if (k->type == NH_KEY_INT)
        memcpy(field, &as_int, sizeof as_int);
    else if (k->type == NH_KEY_INT64)
        memcpy(field, &whole, sizeof whole);
    else
        memcpy(field, &v, sizeof v);
    return true;
}

bool nh_key_is_list(const nh_key *k) { return k->type == NH_KEY_LIST || k->type == NH_KEY_TILES; }

static bool read_tile(const nh_reading *r, const nh_key *k, const nh_yaml *pair, nh_tile *tile) {
    double v[2];
    int n = 0;
    if (pair->kind == NH_YAML_REFUSED) return false;
    if (pair->kind != NH_YAML_LIST) return refuse(r, NH_C_TYPE, k, pair, "takes tiles [x, y]");
    for (const nh_yaml *e = pair->first; e; e = e->next) {
        if (n == 2) return refuse(r, NH_C_RANGE, k, pair, "has a tile of more than x and y");
        if (e->kind == NH_YAML_REFUSED) return false;
        if (e->kind != NH_YAML_SCALAR) return refuse(r, NH_C_TYPE, k, e, "takes numbers in a tile");
        if (!check_number(r, k, e, &v[n++])) return false;
    }
    if (n != 2) return refuse(r, NH_C_RANGE, k, pair, "has a tile without x and y");
    *tile = (nh_tile){(int)v[0], (int)v[1]};
    return true;
}

static bool read_tiles(const nh_reading *r, const nh_key *k, const nh_yaml *node, char *base) {
    int n = 0;
    if (node->kind != NH_YAML_LIST) return refuse(r, NH_C_TYPE, k, node, "must be a list of tiles");
    for (const nh_yaml *e = node->first; e; e = e->next) n++;
    if (n == 0 || n > k->capacity) return refuse(r, NH_C_RANGE, k, node, n ? "has too many tiles" : "is empty");
    nh_tile *tile = nh_arena_array(r->arena, (size_t)n, sizeof *tile);
    int i = 0;
    for (const nh_yaml *e = node->first; e; e = e->next)
        if (!read_tile(r, k, e, &tile[i++])) return false;
    memcpy(base + k->offset, &tile, sizeof tile);
    memcpy(base + k->count, &n, sizeof n);
    return true;
}

static bool read_list(const nh_reading *r, const nh_key *k, const nh_yaml *node, char *base) {
    int n = 0;
    bool ok = true;
    if (node->kind != NH_YAML_LIST) return refuse(r, NH_C_TYPE, k, node, "must be a list");
    for (const nh_yaml *e = node->first; e; e = e->next) n++;
    if (n > k->capacity) return refuse(r, NH_C_RANGE, k, node, nh_arena_printf(r->arena, "has %d elements", n));
    n = 0;
    for (const nh_yaml *e = node->first; e; e = e->next, n++) {
        nh_key one = *k;
        double v;
        one.type = NH_KEY_INT64;
        if (e->kind == NH_YAML_REFUSED) return false;
        if (e->kind != NH_YAML_SCALAR)
            ok = refuse(r, NH_C_TYPE, k, e, "takes numbers");
        else if (!check_number(r, &one, e, &v))
            ok = false;
        else
            memcpy(base + k->offset + (size_t)n * sizeof(int64_t), &(int64_t){(int64_t)v}, sizeof(int64_t));
    }
    if (!ok) return false;
    if (n == 0) return refuse(r, NH_C_RANGE, k, node, "is empty");
    memcpy(base + k->count, &n, sizeof n);
    return true;
}

static bool read_bool(const nh_reading *r, const nh_key *k, const nh_yaml *node, char *field) {
    bool v = strcmp(node->text, "true") == 0;
    if (!node->plain || (!v && strcmp(node->text, "false") != 0))
        return refuse(r, NH_C_TYPE, k, node, "must be true or false");
    memcpy(field, &v, sizeof v);
    return true;
}

static const nh_word *find_word(const nh_reading *r, const nh_key *k, const nh_yaml *node) {
    const char *text[16];
    size_t n = 0;
    for (const nh_word *w = k->word; w->text; w++) {
        if (strcmp(w->text, node->text) == 0) return w;
        text[n++] = w->text;
    }
    refuse(r, NH_C_RANGE, k, node, "has no such choice");
    const char *near = nh_did_you_mean(node->text, text, n);
    if (near) nh_diag_hint(r->diag, "did you mean '%s'?", near);
    return NULL;
}

static bool read_word(const nh_reading *r, const nh_key *k, const nh_yaml *node, char *field) {
    const nh_word *w = find_word(r, k, node);
    if (!w) return false;
    int value = (int)w->value;
    memcpy(field, &value, sizeof value);
    return true;
}

static bool read_format(const nh_reading *r, const nh_key *k, const nh_yaml *node, char *field) {
    nh_format_request q = {.at = node->at};
    const char *why;
    size_t offset;
    q.is_auto = strcmp(node->text, "auto") == 0;
    if (!q.is_auto && !nh_format_parse(node->text, &q.fmt, &why, &offset)) {
        nh_yaml at = *node;
        at.at.col += (int)offset + (node->plain ? 0 : 1);
        refuse(r, NH_C_FORMAT, k, &at, nh_arena_printf(r->arena, "is not a number format: %s", why));
        /* In { } a comma ends a plain value: fixed<8,1> arrives as fixed<8 and a key 1>. */
        if (node->plain && strchr(node->text, '<') && !strchr(node->text, '>'))
            nh_diag_hint(r->diag, "within { } a format needs quotes: %s: \"...\"", k->name);
        return false;
    }
    memcpy(field, &q, sizeof q);
    return true;
}

static bool read_name(const nh_reading *r, const nh_key *k, const nh_yaml *node, char *field) {
    const char *problem = nh_config_name_problem(node->text);
    if (problem) {
        refuse(r, NH_C_NAME, k, node, problem);
        if (*node->text && !node->text[strspn(node->text, NH_NAME_LETTERS)])
            nh_diag_hint(r->diag, "another name, e.g. net_%.44s", node->text);
        return false;
    }
    memcpy(field, &node->text, sizeof node->text);
    return true;
}

static bool ends_with(const char *s, const char *end) {
    size_t n = strlen(s), m = strlen(end);
    return n > m && strcmp(s + n - m, end) == 0;
}

/* Is it a file that the key takes, by its name? */
static bool is_data_name(const nh_key *k, const char *path) {
    bool events = k->flags & NH_KEY_EVENTS, text = k->flags & (NH_KEY_EVENTS | NH_KEY_LINES);
    if (ends_with(path, ".npy") || ends_with(path, ".npz")) return true;
    return (text && ends_with(path, ".txt")) || (events && (ends_with(path, ".bs2") || ends_with(path, "/")));
}

static bool read_data(const nh_reading *r, const nh_key *k, const nh_yaml *node, char *field) {
    nh_data_ref ref = {.at = node->at};
    const char *path = node->text, *colon = strrchr(path, ':');
    if (colon && colon - path >= 4 && strncmp(colon - 4, ".npz", 4) == 0) {
        if (!colon[1]) return refuse(r, NH_C_TYPE, k, node, "has an empty key after ':'");
        ref.key = nh_arena_str(r->arena, colon + 1);
        path = nh_arena_strn(r->arena, path, (size_t)(colon - path));
    }
    if (!is_data_name(k, path)) {
        bool more = k->flags & (NH_KEY_EVENTS | NH_KEY_LINES);
        return refuse(r, NH_C_TYPE, k, node, more ? "must name a file of data" : "must name a NumPy array");
    }
    ref.path = nh_path_join(r->arena, r->dir, path);
    memcpy(field, &ref, sizeof ref);
    return true;
}

static bool read_text(const nh_reading *r, const nh_key *k, const nh_yaml *node, char *field) {
    const char *s = node->text;
    if (k->word) {
        const nh_word *w = find_word(r, k, node);
        if (!w) return false;
        s = w->text;
    }
    bool is_path = k->type == NH_KEY_PATH || (k->type == NH_KEY_PROGRAM && nh_neuron_model_is_file(s));
    if (is_path) s = nh_path_join(r->arena, r->dir, s);
    memcpy(field, &s, sizeof s);
    return true;
}

bool nh_value_read(const nh_reading *r, const nh_key *k, const nh_yaml *node, char *base) {
    char *field = base + k->offset;
    if (node->kind == NH_YAML_REFUSED) return false;
    if (k->type == NH_KEY_LIST) return read_list(r, k, node, base);
    if (k->type == NH_KEY_TILES) return read_tiles(r, k, node, base);
    if (node->kind != NH_YAML_SCALAR) return refuse(r, NH_C_TYPE, k, node, "takes a single value");
    if (node->is_block && k->type != NH_KEY_PROGRAM) return refuse(r, NH_C_TYPE, k, node, "takes a single line");
    if (nh_yaml_is_null(node) || (!*node->text && node->at.line)) return refuse(r, NH_C_TYPE, k, node, "has no value");
    switch (k->type) {
    case NH_KEY_BOOL: return read_bool(r, k, node, field);
    case NH_KEY_INT:
    case NH_KEY_INT64:
    case NH_KEY_REAL: return read_number(r, k, node, field);
    case NH_KEY_WORD: return read_word(r, k, node, field);
    case NH_KEY_FORMAT: return read_format(r, k, node, field);
    case NH_KEY_NAME: return read_name(r, k, node, field);
    case NH_KEY_DATA: return read_data(r, k, node, field);
    default: return read_text(r, k, node, field);
    }
}
