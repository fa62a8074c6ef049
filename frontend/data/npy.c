#include "npy.h"

#include <math.h>
#include <string.h>

#include "file.h"
#include "npy_header.h"
#include "zip.h"

#define FILE_LIMIT ((size_t)2 << 30)
#define MAX_ELEMENTS ((int64_t)1 << 27)

typedef struct {
    char kind; /* b i u f */
    size_t size;
    bool swap; /* stored in big-endian order */
} dtype;

/* "<f4" and the like; '=' and '|' mean little-endian or no order here. */
static bool parse_dtype(const char *descr, dtype *out) {
    static const char *const known = " b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 ";
    if (strlen(descr) != 3 || !strchr("<>=|", descr[0])) return false;
    char word[] = {' ', descr[1], descr[2], ' ', 0};
    *out = (dtype){.kind = descr[1], .size = (size_t)(descr[2] - '0'), .swap = descr[0] == '>'};
    return strstr(known, word) != NULL;
}

static uint64_t load(const uint8_t *p, const dtype *t) {
    uint64_t v = 0;
    for (size_t i = 0; i < t->size; i++)
        v |= (uint64_t)p[t->swap ? t->size - 1 - i : i] << (8 * i);
    return v;
}

static double half(uint64_t h) {
    int exponent = (int)(h >> 10 & 31), mantissa = (int)(h & 1023);
    double v = exponent == 0    ? ldexp(mantissa, -24)
               : exponent == 31 ? (double)NAN
                                : ldexp(mantissa + 1024, exponent - 25);
    return h & 0x8000 ? -v : v;
}

static double floating(uint64_t bits, size_t size) {
    if (size == 2) return half(bits);
    if (size == 4) {
        uint32_t low = (uint32_t)bits;
        float f;
        memcpy(&f, &low, sizeof f);
        return (double)f;
    }
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* NaN stands for what cannot be used: not a number, infinite, an integer beyond 2^53. */
static double element(const uint8_t *p, const dtype *t) {
    const uint64_t limit = (uint64_t)1 << 53;
    uint64_t bits = load(p, t);
    if (t->kind == 'f') return floating(bits, t->size);
    if (t->kind == 'b') return bits != 0;
    if (t->kind == 'u') return bits <= limit ? (double)bits : (double)NAN;
    uint64_t sign = (uint64_t)1 << (8 * t->size - 1);
    bool negative = bits & sign;
    uint64_t magnitude = negative ? sign - (bits & (sign - 1)) : bits;
    double v = magnitude <= limit ? (double)magnitude : (double)NAN;
    return negative ? -v : v;
}

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_data_ref *ref;
    const char *name; /* file, or file:member */
} source;

static bool bad_element(const source *s, const nh_npy *out, int64_t i) {
    const char *where = "]";
    for (int k = out->rank - 1; k >= 0; i /= out->dim[k--])
        where = nh_arena_printf(s->a, "%s%lld%s", k ? ", " : "[", (long long)(i % out->dim[k]), where);
    nh_report(s->d, NH_D_VALUE, s->ref->at, "'%s' has an unusable number at %s", s->name,
              out->rank ? where : "[]");
    nh_diag_found(s->d, out->is_integer ? "an integer beyond 2^53" : "NaN or an infinity");
    return false;
}

/* Distance in memory between neighbours along each axis, in elements. */
static void strides(const nh_npy *n, bool fortran, int64_t stride[NH_NPY_MAX_RANK]) {
    int64_t step = 1;
    for (int i = 0; i < n->rank; i++) {
        int axis = fortran ? i : n->rank - 1 - i;
        stride[axis] = step;
        step *= n->dim[axis];
    }
}

/* Row-major out of any order: an odometer over the indices. */
static bool decode(const source *s, const nh_npy_header *h, const dtype *t, nh_npy *out) {
    int64_t stride[NH_NPY_MAX_RANK], index[NH_NPY_MAX_RANK] = {0}, from = 0;
    double *value = nh_arena_array(s->a, (size_t)out->n, sizeof *value);
    out->value = value;
    strides(out, h->fortran, stride);
    for (int64_t i = 0; i < out->n; i++) {
        value[i] = element(h->data.data + (size_t)from * t->size, t);
        if (!isfinite(value[i])) return bad_element(s, out, i);
        for (int k = out->rank - 1; k >= 0; k--) {
            from += stride[k];
            if (++index[k] < out->dim[k]) break;
            from -= stride[k] * out->dim[k];
            index[k] = 0;
        }
    }
    return true;
}

static bool check_size(const source *s, const nh_npy_header *h, const dtype *t, nh_npy *out) {
    out->rank = h->rank;
    out->n = 1;
    for (int i = 0; i < h->rank; i++) {
        out->dim[i] = h->dim[i];
        if (h->dim[i] > MAX_ELEMENTS || (h->dim[i] > 0 && out->n > MAX_ELEMENTS / h->dim[i])) {
            nh_report(s->d, NH_D_LIMIT, s->ref->at, "'%s' is too large", s->name);
            nh_diag_allowed(s->d, "at most 2^27 elements");
            return false;
        }
        out->n *= h->dim[i];
    }
    if ((size_t)out->n * t->size == h->data.size) return true;
    nh_report(s->d, NH_D_FORMAT, s->ref->at, "'%s' does not have the data that its header announces",
              s->name);
    nh_diag_found(s->d, "%zu bytes", h->data.size);
    nh_diag_allowed(s->d, "%zu bytes", (size_t)out->n * t->size);
    return false;
}

bool nh_npy_read(nh_arena *a, nh_diag *d, const nh_data_ref *ref, nh_npy *out) {
    source s = {a, d, ref, ref->path};
    nh_bytes file;
    nh_npy_header h;
    dtype t;
    *out = (nh_npy){0};
    if (!nh_file_read(a, d, ref->at, ref->path, FILE_LIMIT, &file)) return false;
    if (nh_zip_probe(file)) {
        if (!nh_zip_member(a, d, ref->at, ref->path, file, ref->key, &file)) return false;
        if (ref->key) s.name = nh_arena_printf(a, "%s:%s", ref->path, ref->key);
    } else if (ref->key) {
        return nh_report(d, NH_D_MEMBER, ref->at, "'%s' is not an archive, but '%s' of it is asked for",
                         ref->path, ref->key);
    }
    const char *why = nh_npy_header_parse(file, &h);
    if (why && !h.structured)
        return nh_report(d, NH_D_FORMAT, ref->at, "'%s' cannot be read: %s", s.name, why);
    if (h.structured || !parse_dtype(h.descr, &t)) {
        nh_report(d, NH_D_DTYPE, ref->at, "the elements of '%s' are not numbers that can be read", s.name);
        nh_diag_found(d, "%s", h.structured ? "a structure" : h.descr);
        nh_diag_allowed(d, "bool, int8 to int64, uint8 to uint64, float16, float32, float64");
        return false;
    }
    out->is_integer = t.kind != 'f';
    memcpy(out->dtype, h.descr, sizeof out->dtype);
    return check_size(&s, &h, &t, out) && decode(&s, &h, &t, out);
}

/* Version 1.0: the header is padded so that the data start at a multiple of 64. */
static nh_writer *begin_array(nh_arena *a, const char *path, const char *descr, int rank, const int64_t *dim) {
    enum { PREFIX = 10, ALIGN = 64 };
    const char *shape = "";
    for (int i = 0; i < rank; i++)
        shape = nh_arena_printf(a, i ? "%s %lld," : "%s%lld,", shape, (long long)dim[i]);
    const char *head =
        nh_arena_printf(a, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape);
    size_t length = (PREFIX + strlen(head) + 1 + ALIGN - 1) / ALIGN * ALIGN - PREFIX;
    const uint8_t prefix[PREFIX] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (uint8_t)length, (uint8_t)(length >> 8)};
    nh_writer *w = nh_writer_open(a, path);
    nh_write(w, prefix, PREFIX);
    nh_printf(w, "%-*s\n", (int)length - 1, head);
    return w;
}

static bool write_array(nh_arena *a, nh_diag *d, const char *path, const char *descr, int rank,
                        const int64_t *dim, const void *value) {
    size_t n = 1;
    for (int i = 0; i < rank; i++)
        n *= (size_t)dim[i];
    nh_writer *w = begin_array(a, path, descr, rank, dim);
    nh_write(w, value, n * 8);
    return nh_writer_close(w, d);
}

nh_writer *nh_npy_begin_int(nh_arena *a, const char *path, int bytes, bool is_signed, int rank, const int64_t *dim) {
    const char *descr = nh_arena_printf(a, "%c%c%d", bytes == 1 ? '|' : '<', is_signed ? 'i' : 'u', bytes);
    return begin_array(a, path, descr, rank, dim);
}

bool nh_npy_write_i64(nh_arena *a, nh_diag *d, const char *path, int rank, const int64_t *dim,
                      const int64_t *value) {
    return write_array(a, d, path, "<i8", rank, dim, value);
}

bool nh_npy_write_f64(nh_arena *a, nh_diag *d, const char *path, int rank, const int64_t *dim,
                      const double *value) {
    return write_array(a, d, path, "<f8", rank, dim, value);
}

const char *nh_npy_shape(nh_arena *a, const nh_npy *x) {
    const char *text = "";
    for (int i = 0; i < x->rank; i++) text = nh_arena_printf(a, "%s%s%lld", text, i ? " x " : "", (long long)x->dim[i]);
    return x->rank ? text : "a single value";
}
