#include "npy_header.h"

#include <string.h>

typedef struct {
    const char *p, *end;
} text;

static void skip_blanks(text *t) {
    while (t->p < t->end && (*t->p == ' ' || *t->p == '\n' || *t->p == '\t')) t->p++;
}

static bool take(text *t, char c) {
    skip_blanks(t);
    if (t->p == t->end || *t->p != c) return false;
    t->p++;
    return true;
}

static bool take_word(text *t, const char *word) {
    size_t n = strlen(word);
    skip_blanks(t);
    if ((size_t)(t->end - t->p) < n || memcmp(t->p, word, n) != 0) return false;
    t->p += n;
    return true;
}

/* A quoted string of less than `size` bytes without escapes. */
static bool take_string(text *t, char *out, size_t size) {
    skip_blanks(t);
    if (t->p == t->end || (*t->p != '\'' && *t->p != '"')) return false;
    char quote = *t->p++;
    size_t n = 0;
    for (; t->p < t->end && *t->p != quote; t->p++) {
        if (*t->p == '\\' || n + 1 >= size) return false;
        out[n++] = *t->p;
    }
    if (t->p == t->end) return false;
    t->p++;
    out[n] = 0;
    return true;
}

static bool take_dim(text *t, int64_t *out) {
    skip_blanks(t);
    int64_t v = 0;
    const char *start = t->p;
    for (; t->p < t->end && *t->p >= '0' && *t->p <= '9'; t->p++) {
        if (v > (INT64_MAX - 9) / 10) return false;
        v = v * 10 + (*t->p - '0');
    }
    if (t->p == start) return false;
    take(t, 'L'); /* Python 2 wrote long integers so */
    *out = v;
    return true;
}

static const char *take_shape(text *t, nh_npy_header *out) {
    if (!take(t, '(')) return "its shape is not a tuple";
    while (!take(t, ')')) {
        if (out->rank == NH_NPY_MAX_RANK) return "it has more than 8 dimensions";
        if (!take_dim(t, &out->dim[out->rank++])) return "its shape is not made of integers";
        if (!take(t, ',')) return take(t, ')') ? NULL : "its shape is not a tuple";
    }
    return NULL;
}

/* One "'key': value" of the dictionary; seen: bits of the keys met. */
static const char *take_item(text *t, nh_npy_header *out, unsigned *seen) {
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    char key[16];
    unsigned k = 0;
    if (!take_string(t, key, sizeof key) || !take(t, ':')) return "its header is not a dictionary";
    while (k < 3 && strcmp(keys[k], key) != 0) k++;
    if (k == 3 || *seen & 1u << k) return "its header has an unknown key, or one twice";
    *seen |= 1u << k;
    if (k == 2) return take_shape(t, out);
    if (k == 1) {
        out->fortran = take_word(t, "True");
        return out->fortran || take_word(t, "False") ? NULL : "fortran_order is neither True nor False";
    }
    skip_blanks(t);
    out->structured = t->p < t->end && *t->p == '[';
    return take_string(t, out->descr, sizeof out->descr) ? NULL : "its data type is not a short string";
}

static const char *parse_dictionary(text t, nh_npy_header *out) {
    unsigned seen = 0;
    if (!take(&t, '{')) return "its header is not a dictionary";
    while (!take(&t, '}')) {
        const char *why = take_item(&t, out, &seen);
        if (why) return why;
        if (!take(&t, ',')) {
            if (!take(&t, '}')) return "its header is not a dictionary";
            break;
        }
    }
    skip_blanks(&t);
    if (t.p != t.end) return "its header has something behind the dictionary";
    return seen == 7 ? NULL : "its header lacks descr, fortran_order or shape";
}

/* "\x93NUMPY", version, header length (2 bytes in version 1, 4 in 2 and 3), header. */
static size_t prefix_size(nh_bytes file) { return file.data[6] == 1 ? 10 : 12; }

size_t nh_npy_header_size(nh_bytes file, const char **why) {
    *why = NULL;
    if (file.size < 10 || memcmp(file.data, "\x93NUMPY", 6) != 0)
        *why = "it is not a NumPy array";
    else if (file.data[6] < 1 || file.data[6] > 3 || file.data[7] != 0)
        *why = "its format version is not 1.0, 2.0 or 3.0";
    else if (file.size < prefix_size(file))
        *why = "it ends too early";
    if (*why) return 0;
    size_t length = 0, start = prefix_size(file);
    for (size_t i = start; i > 8; i--) length = length << 8 | file.data[i - 1];
    if (length <= NH_NPY_HEADER_LIMIT) return start + length;
    *why = "its header is longer than 65536 bytes";
    return 0;
}

const char *nh_npy_header_parse(nh_bytes head, nh_npy_header *out) {
    const char *why, *p = (const char *)head.data;
    *out = (nh_npy_header){0};
    size_t size = nh_npy_header_size(head, &why);
    if (why || size > head.size) return why ? why : "it ends too early";
    return parse_dictionary((text){p + prefix_size(head), p + size}, out);
}
