#include "npy.h"

#include <math.h>
#include <string.h>

#include "file.h"
#include "npy_header.h"
#include "zip.h"

#define FILE_LIMIT ((size_t)2 << 30)
#define MAX_ELEMENTS ((int64_t)1 << 27) /* in memory */
#define MAX_CLAIMED ((int64_t)1 << 31)  /* in a file of which only the first samples are taken */
#define FREE_BYTES ((size_t)64 << 20)   /* of memory, that any file may take */
#define MAX_GROWTH 256                  /* bytes of memory for a byte of a packed file, beyond that */

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
    for (size_t i = 0; i < t->size; i++) v |= (uint64_t)p[t->swap ? t->size - 1 - i : i] << (8 * i);
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

struct nh_npy_source {
    nh_arena *a, *scratch; /* scratch: the bytes of the file, until it is closed */
    nh_diag *d;
    const nh_data_ref *ref;
    const char *name; /* file, or file:member */
    nh_bytes file;
    nh_zip_stream *zip; /* of an archive's member, or NULL */
    size_t size, at;    /* bytes of the array with its header, and how many were pulled */
    nh_npy_header h;
    dtype t;
};
typedef nh_npy_source source;

/* The next n bytes of the array, of which so many are there; false: diagnosed. */
static bool pull(source *s, void *to, size_t n) {
    if (s->zip && !nh_zip_pull(s->zip, to, n)) return false;
    if (!s->zip) memcpy(to, s->file.data + s->at, n);
    s->at += n;
    return true;
}

static bool bad_element(const source *s, const nh_npy *out, int64_t i) {
    const char *where = "]";
    for (int k = out->rank - 1; k >= 0; i /= out->dim[k--])
        where = nh_arena_printf(s->a, "%s%lld%s", k ? ", " : "[", (long long)(i % out->dim[k]), where);
    nh_report(s->d, NH_D_VALUE, s->ref->at, "'%s' has an unusable number at %s", s->name, out->rank ? where : "[]");
    nh_diag_found(s->d, out->is_integer ? "an integer beyond 2^53" : "NaN or an infinity");
    return false;
}

/* Distance in Fortran's order between neighbours along each axis, in elements. */
static void strides(const nh_npy *n, int64_t stride[NH_NPY_MAX_RANK]) {
    int64_t step = 1;
    for (int axis = 0; axis < n->rank; axis++) {
        stride[axis] = step;
        step *= n->dim[axis];
    }
}

/* A file that is row-major: element by element as it is pulled, so that an archive's member is never in memory as a
 * whole. */
static bool decode_rows(source *s, nh_npy *out, int64_t n) {
    enum { PIECE = 4096 };
    uint8_t *bytes = nh_arena_alloc(s->scratch, PIECE * s->t.size);
    for (int64_t i = 0; i < n;) {
        int64_t m = n - i < PIECE ? n - i : PIECE;
        if (!pull(s, bytes, (size_t)m * s->t.size)) return false;
        for (int64_t k = 0; k < m; k++, i++) {
            out->value[i] = element(bytes + (size_t)k * s->t.size, &s->t);
            if (!isfinite(out->value[i])) return bad_element(s, out, i);
        }
    }
    return true;
}

/* Row-major out of Fortran's order: an odometer over the indices of all that is there. */
static bool decode_columns(source *s, nh_npy *out, int64_t n) {
    int64_t stride[NH_NPY_MAX_RANK], index[NH_NPY_MAX_RANK] = {0}, from = 0;
    uint8_t *bytes = nh_arena_array(s->scratch, (size_t)out->n, s->t.size);
    if (!pull(s, bytes, (size_t)out->n * s->t.size)) return false;
    strides(out, stride);
    for (int64_t i = 0; i < n; i++) {
        out->value[i] = element(bytes + (size_t)from * s->t.size, &s->t);
        if (!isfinite(out->value[i])) return bad_element(s, out, i);
        for (int k = out->rank - 1; k >= 0; k--) {
            from += stride[k];
            if (++index[k] < out->dim[k]) break;
            from -= stride[k] * out->dim[k];
            index[k] = 0;
        }
    }
    return true;
}

static bool check_size(const source *s, nh_npy *out) {
    out->rank = s->h.rank;
    out->n = 1;
    for (int i = 0; i < out->rank; i++) {
        out->dim[i] = s->h.dim[i];
        if (out->dim[i] > MAX_CLAIMED || (out->dim[i] > 0 && out->n > MAX_CLAIMED / out->dim[i])) {
            nh_report(s->d, NH_D_LIMIT, s->ref->at, "'%s' is too large", s->name);
            nh_diag_allowed(s->d, "at most 2^31 elements, 2^27 of them in memory");
            return false;
        }
        out->n *= out->dim[i];
    }
    size_t have = s->size - s->at, want = (size_t)out->n * s->t.size;
    if (want == have) return true;
    nh_report(s->d, NH_D_FORMAT, s->ref->at, "'%s' does not have the data that its header announces", s->name);
    nh_diag_found(s->d, "%zu bytes", have);
    nh_diag_allowed(s->d, "%zu bytes", want);
    return false;
}

/* May n of its elements be taken into memory? A packed file makes up for what it takes: 8 million elements from any
 * file, more only where the file is at least a 256th of their memory. */
static bool check_memory(const source *s, int64_t n) {
    bool grows =
        s->zip && (size_t)n * sizeof(double) > FREE_BYTES && (size_t)n * sizeof(double) / MAX_GROWTH > s->file.size;
    if (n <= MAX_ELEMENTS && !grows) return true;
    nh_report(s->d, NH_D_LIMIT, s->ref->at, grows ? "'%s' unpacks to far more than the file has" : "'%s' is too large",
              s->name);
    nh_diag_found(s->d, "%lld elements in a file of %zu bytes", (long long)n, s->file.size);
    nh_diag_allowed(s->d, grows ? "2^23 elements, or 32 for every byte of the file" : "at most 2^27 elements");
    nh_diag_hint(s->d, grows ? "samples: N takes the first N; or save it with numpy.save as a .npy"
                             : "samples: N takes the first N");
    return false;
}

/* The bytes of the array: the file, or a member of it. */
static bool open_bytes(source *s) {
    const nh_data_ref *ref = s->ref;
    if (!nh_file_read(s->scratch, s->d, ref->at, ref->path, FILE_LIMIT, &s->file)) return false;
    s->size = s->file.size;
    if (nh_zip_probe(s->file)) {
        s->zip = nh_zip_open(s->scratch, s->d, ref->at, ref->path, s->file, ref->key);
        if (!s->zip) return false;
        s->size = nh_zip_size(s->zip);
        if (ref->key) s->name = nh_arena_printf(s->scratch, "%s:%s", ref->path, ref->key);
        return true;
    }
    return !ref->key || nh_report(s->d, NH_D_MEMBER, ref->at, "'%s' is not an archive, but '%s' of it is asked for",
                                  ref->path, ref->key);
}

/* The header, before anything behind it is looked at. */
static bool read_header(source *s) {
    enum { PREFIX = NH_NPY_HEADER_PREFIX };
    const char *why;
    uint8_t *head = nh_arena_alloc(s->scratch, PREFIX + NH_NPY_HEADER_LIMIT);
    size_t n = s->size < PREFIX ? s->size : PREFIX;
    if (!pull(s, head, n)) return false;
    size_t all = nh_npy_header_size((nh_bytes){head, n}, &why);
    if (!why && all > s->size) why = "it ends too early";
    if (!why && all < n) why = "its header is not a dictionary";
    if (!why && !pull(s, head + n, all - n)) return false;
    if (!why) why = nh_npy_header_parse((nh_bytes){head, all}, &s->h);
    if (why && !s->h.structured)
        return nh_report(s->d, NH_D_FORMAT, s->ref->at, "'%s' cannot be read: %s", s->name, why);
    if (!s->h.structured && parse_dtype(s->h.descr, &s->t)) return true;
    nh_report(s->d, NH_D_DTYPE, s->ref->at, "the elements of '%s' are not numbers that can be read", s->name);
    nh_diag_found(s->d, "%s", s->h.structured ? "a structure" : s->h.descr);
    nh_diag_allowed(s->d, "bool, int8 to int64, uint8 to uint64, float16, float32, float64");
    return false;
}

static bool close_source(source *s, bool is_wanted) {
    bool ok = s->zip ? nh_zip_close(s->zip, is_wanted) : is_wanted;
    nh_arena_free(s->scratch);
    return ok;
}

nh_npy_source *nh_npy_open(nh_arena *a, nh_diag *d, const nh_data_ref *ref, nh_npy *out) {
    source *s = NH_NEW(a, source);
    *s = (source){.a = a, .scratch = nh_arena_new(), .d = d, .ref = ref, .name = ref->path};
    *out = (nh_npy){0};
    bool ok = open_bytes(s) && read_header(s);
    if (ok) {
        out->is_integer = s->t.kind != 'f';
        memcpy(out->dtype, s->h.descr, sizeof out->dtype);
        ok = check_size(s, out);
    }
    if (ok) return s;
    close_source(s, false);
    return NULL;
}

bool nh_npy_load(nh_npy_source *s, nh_npy *out, int64_t rows) {
    int64_t n = rows > 0 && out->rank > 0 && rows < out->dim[0] ? out->n / out->dim[0] * rows : out->n;
    bool fortran = s->h.fortran && out->rank > 1;
    bool ok = check_memory(s, fortran ? out->n : n);
    if (ok) out->value = nh_arena_array(s->a, (size_t)n, sizeof *out->value);
    return close_source(s, ok && (fortran ? decode_columns(s, out, n) : decode_rows(s, out, n)));
}

void nh_npy_abandon(nh_npy_source *s) { close_source(s, false); }

bool nh_npy_read(nh_arena *a, nh_diag *d, const nh_data_ref *ref, nh_npy *out) {
    nh_npy_source *s = nh_npy_open(a, d, ref, out);
    return s && nh_npy_load(s, out, 0);
}

/* Version 1.0: the header is padded so that the data start at a multiple of 64. */
static void begin_array(nh_arena *a, nh_writer *w, const char *descr, int rank, const int64_t *dim) {
    enum { PREFIX = 10, ALIGN = 64 };
    const char *shape = "";
    for (int i = 0; i < rank; i++) shape = nh_arena_printf(a, i ? "%s %lld," : "%s%lld,", shape, (long long)dim[i]);
    const char *head = nh_arena_printf(a, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape);
    size_t length = (PREFIX + strlen(head) + 1 + ALIGN - 1) / ALIGN * ALIGN - PREFIX;
    const uint8_t prefix[PREFIX] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (uint8_t)length, (uint8_t)(length >> 8)};
    nh_write(w, prefix, PREFIX);
    nh_printf(w, "%-*s\n", (int)length - 1, head);
}

static bool write_array(nh_arena *a, nh_diag *d, const char *path, const char *descr, int rank, const int64_t *dim,
                        const void *value) {
    size_t n = 1;
    for (int i = 0; i < rank; i++) n *= (size_t)dim[i];
    nh_writer *w = nh_writer_open(a, path);
    begin_array(a, w, descr, rank, dim);
    nh_write(w, value, n * 8);
    return nh_writer_close(w, d);
}

void nh_npy_begin_int(nh_arena *a, nh_writer *w, int bytes, bool is_signed, int rank, const int64_t *dim) {
    const char *descr = nh_arena_printf(a, "%c%c%d", bytes == 1 ? '|' : '<', is_signed ? 'i' : 'u', bytes);
    begin_array(a, w, descr, rank, dim);
}

bool nh_npy_write_i64(nh_arena *a, nh_diag *d, const char *path, int rank, const int64_t *dim, const int64_t *value) {
    return write_array(a, d, path, "<i8", rank, dim, value);
}

bool nh_npy_write_f64(nh_arena *a, nh_diag *d, const char *path, int rank, const int64_t *dim, const double *value) {
    return write_array(a, d, path, "<f8", rank, dim, value);
}

const char *nh_npy_shape(nh_arena *a, const nh_npy *x) {
    const char *text = "";
    for (int i = 0; i < x->rank; i++) text = nh_arena_printf(a, "%s%s%lld", text, i ? " x " : "", (long long)x->dim[i]);
    return x->rank ? text : "a single value";
}
