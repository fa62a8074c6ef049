#include "stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    nh_code code;
    const char *hint; /* or NULL */
} problems[NH_H5_BAD_COUNT] = {
    [NH_H5_BAD_FORMAT] = {NH_M_H5_FORMAT, "fetch or export the file again"},
    [NH_H5_BAD_TRUNCATED] = {NH_M_H5_TRUNCATED, "fetch or export the file again"},
    [NH_H5_BAD_LINK] = {NH_M_H5_LINK, "export the network again, or copy the object to its place: h5py.File.copy"},
    [NH_H5_BAD_EXTERNAL] = {NH_M_H5_EXTERNAL, "store the values in the file itself"},
    [NH_H5_BAD_FILTER] = {NH_M_H5_FILTER, "use gzip or none: h5repack -f GZIP=4 IN OUT"},
    [NH_H5_BAD_TYPE] = {NH_M_H5_TYPE, "store integers, floats of 16, 32 or 64 bits, or strings"},
    [NH_H5_BAD_LIMIT] = {NH_M_H5_LIMIT, NULL},
    [NH_H5_BAD_BOMB] = {NH_M_H5_BOMB, NULL},
    [NH_H5_BAD_VALUE] = {NH_M_H5_VALUE, "store it as a float if it need not be exact"},
    [NH_H5_BAD_MEMORY] = {NH_M_H5_MEMORY, NULL},
};

enum { BUFFER = 1 << 16, ROOM_ALWAYS = 16 << 20 };

/* A group whose members arrive. */
typedef struct {
    nh_h5 *member;
    size_t n, cap;
    const char *path;
} frame;

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const char *path; /* of the file */
    nh_h5_source source;
    nh_h5_stream state;
    nh_h5_parsed *out;
    uint8_t *buf;
    size_t pos, end;
    size_t room; /* bytes of data still believed */
    size_t n_object;
    frame stack[NH_H5_MAX_DEPTH + 1];
    int depth;     /* stack[depth] is the open group */
    nh_h5 *object; /* announced, not yet known; lives in the open frame */
} parser;

size_t nh_h5_room(size_t file_size) {
    if (file_size > NH_H5_MAX_BYTES / NH_H5_MAX_RATIO) return NH_H5_MAX_BYTES;
    size_t room = file_size * NH_H5_MAX_RATIO;
    return room > ROOM_ALWAYS ? room : ROOM_ALWAYS;
}

static bool broken(parser *p, const char *rule) {
    p->state = NH_H5_STREAM_BROKEN;
    p->out->rule = rule;
    return false;
}

/* Up to cap bytes from the source. */
static bool fill(parser *p, uint8_t *out, size_t cap, size_t *got) {
    *got = 0;
    if (!p->source.fill(p->source.ctx, out, cap, got)) {
        p->state = NH_H5_STREAM_LATE;
        return false;
    }
    assert(*got <= cap);
    if (*got == 0) p->state = NH_H5_STREAM_CUT;
    return *got != 0;
}

static bool take(parser *p, void *out, size_t size) {
    uint8_t *to = out;
    while (size) {
        size_t n = p->end - p->pos;
        if (n > size) n = size;
        memcpy(to, p->buf + p->pos, n); /* perhaps none */
        p->pos += n;
        to += n;
        size -= n;
        if (!size) break;
        if (size >= BUFFER) { /* large: past the buffer */
            if (!fill(p, to, size, &n)) return false;
            to += n;
            size -= n;
        } else {
            p->pos = p->end = 0;
            if (!fill(p, p->buf, BUFFER, &p->end)) return false;
        }
    }
    return true;
}

static uint64_t get_uint(const uint8_t *byte, int size) {
    uint64_t v = 0;
    for (int i = size; i-- > 0;) v = v << 8 | byte[i];
    return v;
}

static bool take_uint(parser *p, int size, uint64_t *out) {
    uint8_t byte[8];
    if (!take(p, byte, (size_t)size)) return false;
    *out = get_uint(byte, size);
    return true;
}

/* Text of at most max bytes without zeros, its length in length_size bytes. */
static char *take_text(parser *p, int length_size, size_t max, const char *rule) {
    uint64_t n;
    if (!take_uint(p, length_size, &n)) return NULL;
    if (n > max) {
        broken(p, rule);
        return NULL;
    }
    char *s = nh_arena_alloc(p->a, (size_t)n + 1);
    if (!take(p, s, (size_t)n)) return NULL;
    if (memchr(s, 0, (size_t)n)) {
        broken(p, "text with a zero byte");
        return NULL;
    }
    return s;
}

static bool take_object(parser *p) {
    frame *f = &p->stack[p->depth];
    char *name = take_text(p, 2, NH_H5_MAX_NAME, "a name that is too long");
    if (!name) return false;
    if (!*name || strchr(name, '/')) return broken(p, "an impossible name");
    if (++p->n_object > NH_H5_MAX_OBJECTS) return broken(p, "too many objects");
    p->object = NULL;
    f->member = nh_arena_grow(p->a, f->member, &f->cap, f->n + 1, sizeof *f->member);
    nh_h5 *o = &f->member[f->n]; /* counted when its kind is known */
    *o = (nh_h5){.name = name, .path = nh_arena_printf(p->a, "%s/%s", f->path, name)};
    p->object = o;
    p->out->at = o->path;
    return true;
}

static bool open_group(parser *p) {
    if (!p->object) return broken(p, "a group without a name");
    if (p->depth == NH_H5_MAX_DEPTH) return broken(p, "too deep");
    p->object->kind = NH_H5_GROUP;
    p->stack[p->depth].n++;
    p->stack[++p->depth] = (frame){.path = p->object->path};
    p->object = NULL;
    return true;
}

static int by_name(const void *a, const void *b) { return strcmp(((const nh_h5 *)a)->name, ((const nh_h5 *)b)->name); }

/* The members of the open group become those of o. */
static bool close_group(parser *p, nh_h5 *o) {
    frame *f = &p->stack[p->depth];
    if (f->n) qsort(f->member, f->n, sizeof *f->member, by_name);
    for (size_t i = 1; i < f->n; i++)
        if (strcmp(f->member[i - 1].name, f->member[i].name) == 0) return broken(p, "a name twice");
    o->kind = NH_H5_GROUP;
    o->child = f->member;
    o->n_child = (int64_t)f->n;
    return true;
}

static bool take_up(parser *p) {
    if (p->depth == 0) return broken(p, "an end of no group");
    frame *outer = &p->stack[p->depth - 1];
    if (!close_group(p, &outer->member[outer->n - 1])) return false;
    p->depth--;
    p->object = NULL;
    p->out->at = outer->member[outer->n - 1].path;
    return true;
}

/* Rank, dimensions and the number of elements of each_size bytes in memory, which are taken off the room. */
static bool take_shape(parser *p, nh_h5 *o, size_t each_size) {
    uint64_t rank, dim, n = 1;
    if (!take_uint(p, 1, &rank)) return false;
    if (rank > NH_H5_MAX_RANK) return broken(p, "too many dimensions");
    o->rank = (int)rank;
    bool empty = false;
    for (int i = 0; i < o->rank; i++) {
        if (!take_uint(p, 8, &dim)) return false;
        if (dim > INT64_MAX) return broken(p, "a negative dimension");
        o->dim[i] = (int64_t)dim;
        empty |= dim == 0;
        if (!empty && n > p->room / each_size / dim) return broken(p, "too many elements");
        n *= empty ? 0 : dim;
    }
    o->n = empty ? 0 : (int64_t)n;
    if ((size_t)o->n > p->room / each_size) return broken(p, "too many elements");
    p->room -= (size_t)o->n * each_size;
    return true;
}

static bool take_numbers(parser *p) {
    nh_h5 *o = p->object;
    uint64_t is_integer;
    if (!o) return broken(p, "numbers of no object");
    if (!take_uint(p, 1, &is_integer) || !take_shape(p, o, NH_H5_NUMBER_SIZE)) return false;
    double *value = nh_arena_array(p->a, (size_t)o->n, sizeof *value);
    if (!value) return broken(p, "too many elements");
    if (!take(p, value, (size_t)o->n * sizeof *value)) return false;
    for (int64_t i = 0; i < o->n; i++) {
        uint8_t byte[8];
        memcpy(byte, &value[i], sizeof byte);
        uint64_t bits = get_uint(byte, 8);
        memcpy(&value[i], &bits, sizeof bits);
    }
    o->kind = NH_H5_NUMBER;
    o->is_integer = is_integer != 0;
    o->number = value;
    p->stack[p->depth].n++;
    p->object = NULL;
    return true;
}

static bool take_strings(parser *p) {
    nh_h5 *o = p->object;
    if (!o) return broken(p, "strings of no object");
    if (!take_shape(p, o, NH_H5_STRING_SIZE)) return false;
    const char **text = nh_arena_array(p->a, (size_t)o->n, sizeof *text);
    if (!text) return broken(p, "too many elements");
    for (int64_t i = 0; i < o->n; i++) {
        text[i] = take_text(p, 4, p->room, "strings that are too long");
        if (!text[i]) return false;
        p->room -= strlen(text[i]);
    }
    o->kind = NH_H5_STRING;
    o->text = text;
    p->stack[p->depth].n++;
    p->object = NULL;
    return true;
}

static bool take_problem(parser *p) {
    uint64_t what;
    if (!take_uint(p, 1, &what)) return false;
    if (what >= NH_H5_BAD_COUNT) return broken(p, "an unknown problem");
    const char *text = take_text(p, 2, NH_H5_MAX_TEXT, "a message that is too long");
    if (!text) return false;
    if (p->out->n_problem++ >= NH_H5_MAX_LISTED) return true;
    nh_loc at = {.file = p->path, .path = p->out->at};
    nh_report(p->d, problems[what].code, at, "%s", text);
    if (problems[what].hint) nh_diag_hint(p->d, "%s", problems[what].hint);
    return true;
}

static bool take_begin(parser *p) {
    uint64_t tag, has_filter;
    if (!take_uint(p, 1, &tag)) return false;
    if (tag != NH_H5_BEGIN) return broken(p, "no begin");
    if (!take_uint(p, 1, &has_filter)) return false;
    p->out->has_filter = has_filter != 0;
    return true;
}

static bool take_end(parser *p) {
    if (p->depth) return broken(p, "an end inside of a group");
    nh_h5 *root = NH_NEW(p->a, nh_h5);
    root->name = "";
    root->path = "/";
    if (!close_group(p, root)) return false;
    p->out->root = root;
    return true;
}

static bool take_record(parser *p, uint64_t tag) {
    switch (tag) {
    case NH_H5_OBJECT: return take_object(p);
    case NH_H5_OPEN: return open_group(p);
    case NH_H5_UP: return take_up(p);
    case NH_H5_NUMBERS: return take_numbers(p);
    case NH_H5_STRINGS: return take_strings(p);
    case NH_H5_PROBLEM: return take_problem(p);
    case NH_H5_END: return take_end(p);
    default: return broken(p, "an unknown record");
    }
}

nh_h5_stream nh_h5_parse(nh_arena *a, nh_diag *d, const char *path, size_t limit, nh_h5_source source,
                         nh_h5_parsed *out) {
    parser p = {.a = a, .d = d, .path = path, .source = source, .out = out, .room = limit};
    p.buf = nh_arena_alloc(a, BUFFER);
    p.stack[0] = (frame){.path = ""};
    *out = (nh_h5_parsed){0};
    bool ok = take_begin(&p);
    while (ok && !out->root) {
        uint64_t tag;
        ok = take_uint(&p, 1, &tag) && take_record(&p, tag);
    }
    if (out->n_problem > NH_H5_MAX_LISTED)
        nh_report(d, NH_M_H5_MORE, (nh_loc){.file = path}, "%zu more problems of this file",
                  out->n_problem - NH_H5_MAX_LISTED);
    return p.state;
}
