#include "onnx_model.h"

#include <math.h>
#include <string.h>

#include "wire.h"

/* Where the elements of a tensor stand: little-endian bytes of the file, or an array that protobuf-c
 * unpacked. */
typedef struct {
    int type;
    nh_bytes raw; /* data NULL: see the arrays */
    const int32_t *i32;
    const int64_t *i64;
    const uint64_t *u64;
} elements;

/* Bytes per element in raw_data; 0 = not a numeric type that is read. */
static size_t type_size(int type) {
    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__BOOL:
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT8:
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT8: return 1;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT16:
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT16:
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16:
    case ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16: return 2;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32:
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT32:
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: return 4;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64:
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT64:
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: return 8;
    default: return 0;
    }
}

/* float_data and double_data hold one reference of NH_WIRE_REF bytes, made by nh_wire_scan. */
static size_t find_elements(const onnx_reader *r, const onnx_const *c, elements *e) {
    const Onnx__TensorProto *t = c->proto;
    *e = (elements){.type = t->data_type, .i32 = t->int32_data, .i64 = t->int64_data, .u64 = t->uint64_data};
    size_t size = type_size(t->data_type);
    const void *ref = NULL;
    if (t->has_raw_data && t->raw_data.len == NH_WIRE_REF)
        ref = t->raw_data.data;
    else if (t->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT && t->n_float_data * sizeof(float) == NH_WIRE_REF)
        ref = t->float_data;
    else if (t->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE && t->n_double_data * sizeof(double) == NH_WIRE_REF)
        ref = t->double_data;
    if (ref) e->raw = nh_wire_deref(r->file, ref);
    if (c->external.data) e->raw = c->external;
    if (e->raw.data) {
        return e->raw.size % size == 0 ? e->raw.size / size : 0;
    }
    switch (t->data_type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: return 0;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64: return t->n_int64_data;
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT32:
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT64: return t->n_uint64_data;
    default: return t->n_int32_data;
    }
}

static double half_to_double(uint16_t h) {
    int exponent = h >> 10 & 31, mantissa = h & 1023;
    double v = exponent == 0    ? ldexp(mantissa, -24)
               : exponent == 31 ? (mantissa ? (double)NAN : (double)INFINITY)
                                : ldexp(mantissa + 1024, exponent - 25);
    return h & 0x8000 ? -v : v;
}

static double float_of_bits(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

/* Integers that a double cannot hold become NaN, which the caller reports. */
static double exact(int64_t v) { return v >= -((int64_t)1 << 53) && v <= (int64_t)1 << 53 ? (double)v : (double)NAN; }

static uint64_t load(const uint8_t *p, size_t size) {
    uint64_t v = 0;
    for (size_t i = 0; i < size; i++) v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static double of_bits(int type, uint64_t v) {
    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: return float_of_bits((uint32_t)v);
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16: return half_to_double((uint16_t)v);
    case ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16: return float_of_bits((uint32_t)v << 16);
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT8: return (double)(int8_t)v;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT16: return (double)(int16_t)v;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32: return (double)(int32_t)v;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64: return exact((int64_t)v);
    case ONNX__TENSOR_PROTO__DATA_TYPE__BOOL: return v != 0;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: {
        double x;
        memcpy(&x, &v, sizeof x);
        return x;
    }
    default: return v <= (uint64_t)1 << 53 ? (double)v : (double)NAN; /* unsigned */
    }
}

static double element(const elements *e, size_t i) {
    switch (e->raw.data ? type_size(e->type) : 0) {
    case 1: return of_bits(e->type, e->raw.data[i]);
    case 2: return of_bits(e->type, load(e->raw.data + 2 * i, 2));
    case 4: return of_bits(e->type, load(e->raw.data + 4 * i, 4));
    case 8: return of_bits(e->type, load(e->raw.data + 8 * i, 8));
    default: break;
    }
    if (e->type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64) return exact(e->i64[i]);
    if (e->type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT64 || e->type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT32)
        return of_bits(e->type, e->u64[i]);
    return of_bits(e->type, (uint32_t)e->i32[i]);
}

static int64_t integer_element(const elements *e, size_t i) {
    uint64_t bits = 0;
    size_t size = type_size(e->type);
    if (e->raw.data)
        bits = load(e->raw.data + size * i, size);
    else if (e->type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64)
        bits = (uint64_t)e->i64[i];
    else if (e->type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT64 || e->type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT32)
        bits = e->u64[i];
    else
        bits = (uint64_t)e->i32[i];
    return onnx_wrap_to(e->type, (int64_t)bits);
}

static bool bad_tensor(onnx_reader *r, const char *name, const char *what) {
    return nh_report(r->d, NH_M_TENSOR, onnx_at(r, "tensor", name), "the tensor '%s' %s", name, what);
}

/* dim[] and n of *out from the dims of t. */
static bool read_dims(onnx_reader *r, const Onnx__TensorProto *t, onnx_const *out) {
    if (t->n_dims > NH_MAX_RANK) return bad_tensor(r, out->name, "has more than 8 dimensions");
    out->rank = (int)t->n_dims;
    out->n = 1;
    for (int i = 0; i < out->rank; i++) {
        int64_t dim = t->dims[i];
        if (dim < 0) return bad_tensor(r, out->name, "has a negative dimension");
        if (dim > NH_ONNX_MAX_ELEMENTS || (dim > 0 && out->n > NH_ONNX_MAX_ELEMENTS / dim))
            return bad_tensor(r, out->name, "has more than 2^30 elements");
        out->dim[i] = dim;
        out->n *= dim;
    }
    return true;
}

bool onnx_const_open(onnx_reader *r, const Onnx__TensorProto *t, const char *name, onnx_const *out) {
    *out = (onnx_const){.name = name, .type = t->data_type, .proto = t};
    if (t->segment) return bad_tensor(r, name, "is stored in segments");
    if (type_size(t->data_type) == 0) {
        bad_tensor(r, name, "does not have a numeric data type");
        nh_diag_found(r->d, "data type %d", (int)t->data_type);
        nh_diag_allowed(r->d, "float, float16, bfloat16, double, integers, bool");
        return false;
    }
    if (!read_dims(r, t, out)) return false;
    if (t->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
        return onnx_external_data(r, t, name, (uint64_t)out->n * type_size(t->data_type), &out->external);
    elements e;
    size_t n = find_elements(r, out, &e);
    if (n == (size_t)out->n) return true;
    bad_tensor(r, name, "does not have the data its shape asks for");
    nh_diag_found(r->d, "%zu elements", n);
    nh_diag_allowed(r->d, "%lld elements", (long long)out->n);
    return false;
}

/* "[3, 17]": the position of element i in the shape of c. */
static const char *position(nh_arena *a, const onnx_const *c, int64_t i) {
    char *s = nh_arena_str(a, c->rank ? "]" : "");
    for (int k = c->rank - 1; k >= 0; i /= c->dim[k--])
        s = nh_arena_printf(a, "%s%lld%s", k ? ", " : "[", (long long)(i % c->dim[k]), s);
    return s;
}

static bool bad_value(onnx_reader *r, const onnx_const *c, int64_t i, double v) {
    onnx_const stored = *c; /* the position as stored in the file */
    if (c->transposed) stored.dim[0] = c->dim[1], stored.dim[1] = c->dim[0];
    nh_report(r->d, NH_M_VALUE, onnx_at(r, "tensor", c->name), "the tensor '%s' has an unusable number at %s", c->name,
              position(r->scratch, &stored, i));
    nh_diag_found(r->d, "%s", isinf(v) ? "an infinity" : "NaN, or an integer beyond 2^53");
    nh_diag_hint(r->d, "was the model saved after a training that diverged?");
    return false;
}

/* The element as a double; NaN for an integer that a double cannot hold. */
static double number(const onnx_const *c, const elements *e, int64_t i) {
    if (c->real) return c->real[i];
    if (!c->integer) return element(e, (size_t)i);
    return c->type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT64 ? of_bits(c->type, (uint64_t)c->integer[i])
                                                            : exact(c->integer[i]);
}

/* Copy a rows x cols matrix, possibly transposed, in square tiles so that both sides stay in the cache.
 * Returns the position of the first unusable element met, or -1. */
static int64_t copy(const onnx_const *c, const elements *e, double *to, int64_t rows, int64_t cols, bool transpose,
                    double factor) {
    enum { TILE = 32 };
    for (int64_t r0 = 0; r0 < rows; r0 += TILE)
        for (int64_t c0 = 0; c0 < cols; c0 += TILE)
            for (int64_t i = r0; i < rows && i < r0 + TILE; i++)
                for (int64_t j = c0; j < cols && j < c0 + TILE; j++) {
                    int64_t from = i * cols + j;
                    double v = number(c, e, from) * factor;
                    if (!isfinite(v)) return from;
                    to[transpose ? j * rows + i : from] = v;
                }
    return -1;
}

static bool too_large(onnx_reader *r, const onnx_const *c) {
    return nh_report(r->d, NH_M_LIMIT, onnx_at(r, "tensor", c->name), "the tensor '%s' is too large", c->name);
}

/* Rows and columns as stored: those of a matrix, else one row. */
static void stored_shape(const onnx_const *c, int64_t *rows, int64_t *cols) {
    *rows = 1;
    *cols = c->n;
    if (c->rank == 2) *rows = c->dim[c->transposed ? 1 : 0], *cols = c->dim[c->transposed ? 0 : 1];
}

double *onnx_const_values(onnx_reader *r, nh_arena *a, const onnx_const *c, bool transpose, double factor) {
    double *to = nh_arena_array(a, (size_t)c->n, sizeof *to);
    if (!to) {
        too_large(r, c);
        return NULL;
    }
    for (int64_t i = 0; c->batch && i < c->n; i++) {
        if (c->batch[i] == 0) continue;
        nh_report(r->d, NH_M_VALUE, onnx_at(r, "tensor", c->name),
                  "the tensor '%s' depends on the size of the batch, which is not known", c->name);
        nh_diag_hint(r->d, "export the model for a fixed batch of 1");
        return NULL;
    }
    elements e = {0};
    if (!c->real && !c->integer) find_elements(r, c, &e);
    int64_t rows, cols;
    stored_shape(c, &rows, &cols);
    int64_t bad = copy(c, &e, to, rows, cols, transpose != c->transposed, factor);
    if (bad < 0) return to;
    bad_value(r, c, bad, number(c, &e, bad));
    return NULL;
}

bool onnx_const_load(onnx_reader *r, onnx_const *c) {
    if ((c->real || c->integer) && !c->transposed) return true;
    if (c->n > r->fold_left) return too_large(r, c);
    r->fold_left -= c->n;
    elements e = {0};
    if (!c->real && !c->integer) find_elements(r, c, &e);
    double *real = NULL;
    int64_t *integer = NULL, rows, cols;
    if (onnx_type_is_real(c->type))
        real = nh_arena_array(r->scratch, (size_t)c->n, sizeof *real);
    else
        integer = nh_arena_array(r->scratch, (size_t)c->n, sizeof *integer);
    if (!real && !integer) return too_large(r, c);
    stored_shape(c, &rows, &cols);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) {
            int64_t from = i * cols + j, to = c->transposed ? j * rows + i : from;
            if (real)
                real[to] = number(c, &e, from);
            else
                integer[to] = c->integer ? c->integer[from] : integer_element(&e, (size_t)from);
        }
    c->real = real;
    c->integer = integer;
    c->transposed = false;
    return true;
}

bool onnx_type_is_real(int type) {
    return type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT || type == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE ||
           type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16 || type == ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16;
}

/* To `bits` significant bits, with the exponents of numbers of 2^least and above, below 2^most. */
static double round_to(double v, int bits, int least, int most) {
    if (v == 0 || !isfinite(v)) return v;
    int exponent = ilogb(v) > least ? ilogb(v) : least;
    double unit = ldexp(1, exponent - bits + 1), rounded = rint(v / unit) * unit;
    return fabs(rounded) >= ldexp(1, most) ? copysign((double)INFINITY, v) : rounded;
}

double onnx_round_to(int type, double v) {
    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: return (double)(float)v;
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16: return round_to(v, 11, -14, 16);
    case ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16: return round_to(v, 8, -126, 128);
    default: return v;
    }
}

int64_t onnx_wrap_to(int type, int64_t v) {
    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__BOOL: return v != 0;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT8: return (int8_t)v;
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT8: return (uint8_t)v;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT16: return (int16_t)v;
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT16: return (uint16_t)v;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32: return (int32_t)v;
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT32: return (uint32_t)v;
    default: return v;
    }
}
