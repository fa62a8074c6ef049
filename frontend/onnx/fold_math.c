/* Operators that compute element by element from two or three inputs. */
#include "fold.h"

#include <math.h>
#include <string.h>

#define UNSIGNED_64 ONNX__TENSOR_PROTO__DATA_TYPE__UINT64
#define BOOL_TYPE ONNX__TENSOR_PROTO__DATA_TYPE__BOOL

/* An element that may depend on the batch: v + k * batch. */
typedef struct {
    double v, k;
} open_number;

/* Batches above this are not thought of, so that "the end of the axis", 2^63 - 1, is above every shape. */
static const double BATCH_MOST = 0x1p31;

static open_number open_element(const onnx_const *c, int64_t i) {
    return (open_number){c->real ? c->real[i] : (double)c->integer[i], c->batch ? c->batch[i] : 0};
}

/* The sign of x for every batch from 1 to BATCH_MOST; false when it is not the same. */
static bool open_sign(open_number x, int *sign) {
    double first = x.v + x.k, last = x.v + x.k * BATCH_MOST;
    *sign = (first > 0) - (first < 0);
    return *sign == (last > 0) - (last < 0) && (*sign != 0 || x.k == 0);
}

static bool open_divide(open_number a, open_number b, bool integer, open_number *y) {
    if (b.k != 0) { /* batches cancel, or the result is no number */
        if (a.v != 0 || b.v != 0) return a.v == b.v && a.k == b.k && (*y = (open_number){1, 0}, true);
        *y = (open_number){integer ? trunc(a.k / b.k) : a.k / b.k, 0};
        return true;
    }
    if (b.v == 0) return false;
    *y = (open_number){a.v / b.v, a.k / b.v};
    return !integer || (y->v == trunc(y->v) && y->k == trunc(y->k));
}

static bool open_binary(int code, open_number a, open_number b, bool integer, open_number *y) {
    int sign = 0;
    open_number less = {a.v - b.v, a.k - b.k};
    bool ordered = open_sign(less, &sign);
    switch (code) {
    case FOLD_ADD: *y = (open_number){a.v + b.v, a.k + b.k}; return true;
    case FOLD_SUB: *y = less; return true;
    case FOLD_MUL: *y = (open_number){a.v * b.v, a.v * b.k + a.k * b.v}; return a.k == 0 || b.k == 0;
    case FOLD_DIV: return open_divide(a, b, integer, y);
    case FOLD_MIN: *y = sign < 0 ? a : b; return ordered;
    case FOLD_MAX: *y = sign > 0 ? a : b; return ordered;
    case FOLD_EQUAL: *y = (open_number){sign == 0, 0}; return ordered;
    case FOLD_LESS: *y = (open_number){sign < 0, 0}; return ordered;
    case FOLD_LESS_EQUAL: *y = (open_number){sign <= 0, 0}; return ordered;
    case FOLD_GREATER: *y = (open_number){sign > 0, 0}; return ordered;
    case FOLD_GREATER_EQUAL: *y = (open_number){sign >= 0, 0}; return ordered;
    default: return false;
    }
}

static double real_binary(int code, double a, double b, bool truncates) {
    switch (code) {
    case FOLD_ADD: return a + b;
    case FOLD_SUB: return a - b;
    case FOLD_MUL: return a * b;
    case FOLD_DIV: return a / b;
    case FOLD_POW: return pow(a, b);
    case FOLD_MOD: return truncates ? fmod(a, b) : a - b * floor(a / b);
    case FOLD_MIN: return a < b || isnan(a) ? a : b;
    case FOLD_MAX: return a > b || isnan(a) ? a : b;
    case FOLD_PRELU: return a < 0 ? a * b : a;
    case FOLD_EQUAL: return a == b;
    case FOLD_LESS: return a < b;
    case FOLD_LESS_EQUAL: return a <= b;
    case FOLD_GREATER: return a > b;
    default: return a >= b; /* FOLD_GREATER_EQUAL */
    }
}

/* a^b modulo 2^64. */
static int64_t integer_power(int64_t a, int64_t b) {
    uint64_t y = 1, x = (uint64_t)a;
    if (b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0;
    for (; b > 0; b /= 2, x *= x)
        if (b % 2) y *= x;
    return (int64_t)y;
}

static int64_t divide(int code, int64_t a, int64_t b, bool is_unsigned, bool truncates) {
    if (is_unsigned) {
        uint64_t x = (uint64_t)a, y = (uint64_t)b;
        return (int64_t)(code == FOLD_DIV ? x / y : x % y);
    }
    if (b == -1) return code == FOLD_DIV ? (int64_t)(0 - (uint64_t)a) : 0; /* the least integer has no negative */
    if (code == FOLD_DIV) return a / b;
    int64_t rest = a % b;
    return !truncates && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static int64_t integer_binary(int code, int64_t a, int64_t b, bool is_unsigned, bool truncates) {
    bool less = is_unsigned ? (uint64_t)a < (uint64_t)b : a < b;
    switch (code) {
    case FOLD_ADD: return (int64_t)((uint64_t)a + (uint64_t)b);
    case FOLD_SUB: return (int64_t)((uint64_t)a - (uint64_t)b);
    case FOLD_MUL: return (int64_t)((uint64_t)a * (uint64_t)b);
    case FOLD_DIV:
    case FOLD_MOD: return divide(code, a, b, is_unsigned, truncates);
    case FOLD_POW: return integer_power(a, b);
    case FOLD_MIN: return less ? a : b;
    case FOLD_MAX: return less ? b : a;
    case FOLD_PRELU: return a < 0 && !is_unsigned ? (int64_t)((uint64_t)a * (uint64_t)b) : a;
    case FOLD_EQUAL: return a == b;
    case FOLD_LESS: return less;
    case FOLD_LESS_EQUAL: return less || a == b;
    case FOLD_GREATER: return !less && a != b;
    case FOLD_GREATER_EQUAL: return !less;
    case FOLD_AND: return a & b;
    case FOLD_OR: return a | b;
    default: return a ^ b; /* FOLD_XOR */
    }
}

/* Integers for real operands or the other way round: the exponent of Pow may be of another type than its
 * base. */
static double as_real(const onnx_const *c, int64_t i) {
    if (c->real) return c->real[i];
    return c->type == UNSIGNED_64 ? (double)(uint64_t)c->integer[i] : (double)c->integer[i];
}

static bool check_types(onnx_fold *f, const onnx_const *a, const onnx_const *b, int code) {
    bool logic = code >= FOLD_AND;
    if (code != FOLD_POW && a->type != b->type)
        return onnx_form(f->r, f->n, "its inputs '%s' and '%s' have different data types", a->name, b->name);
    if (logic != (a->type == BOOL_TYPE) && code != FOLD_EQUAL)
        return onnx_form(f->r, f->n, "its inputs are %s", logic ? "not truth values" : "truth values");
    return true;
}

/* Element i of out is that of a (code) that of b. */
static bool combine_one(onnx_fold *f, const onnx_const *a, int64_t ia, const onnx_const *b, int64_t ib, int code,
                        bool truncates, onnx_const *out, int64_t i) {
    open_number y, x[] = {open_element(a, ia), open_element(b, ib)};
    if (x[0].k != 0 || x[1].k != 0) {
        if (!open_binary(code, x[0], x[1], !a->real, &y)) return onnx_fold_known(f) && false;
        out->batch[i] = y.k;
        if (out->real)
            out->real[i] = y.v;
        else
            out->integer[i] = (int64_t)y.v;
        return fabs(y.v) < 0x1p62 || onnx_form(f->r, f->n, "a dimension that it computes is too large");
    }
    if (a->real || b->real) {
        y.v = real_binary(code, as_real(a, ia), as_real(b, ib), truncates);
        if (out->real)
            out->real[i] = onnx_round_to(out->type, y.v);
        else if (fabs(y.v) < 0x1p63)
            out->integer[i] = onnx_wrap_to(out->type, (int64_t)y.v);
        else
            return onnx_form(f->r, f->n, "%g is not a value of its data type", y.v);
        return true;
    }
    if (b->integer[ib] == 0 && (code == FOLD_DIV || code == FOLD_MOD))
        return onnx_form(f->r, f->n, "division of integers by zero");
    int64_t z = integer_binary(code, a->integer[ia], b->integer[ib], a->type == UNSIGNED_64, truncates);
    out->integer[i] = onnx_wrap_to(out->type, z);
    return true;
}

/* The result becomes output 0, and *out. */
static bool combine(onnx_fold *f, const onnx_const *a, const onnx_const *b, int code, onnx_const *out) {
    int64_t truncates = 0;
    onnx_walk w;
    const onnx_const *in[] = {a, b};
    if (!check_types(f, a, b, code) || !onnx_walk_start(f, &w, in, 2)) return false;
    if (code == FOLD_MOD && !onnx_attr_int(f->r, f->n, "fmod", 0, &truncates)) return false;
    int type = code >= FOLD_EQUAL ? (int)BOOL_TYPE : a->type;
    if (!onnx_fold_make(f, 0, type, w.rank, w.dim, a->batch || b->batch)) return false;
    *out = f->out[0];
    for (int64_t i = 0; i < out->n; i++, onnx_walk_next(&w))
        if (!combine_one(f, a, w.pos[0], b, w.pos[1], code, truncates != 0, out, i)) return false;
    return true;
}

bool onnx_fold_binary(onnx_fold *f) {
    onnx_const out;
    return combine(f, f->in[0], f->in[1], f->code, &out);
}

/* Min, Max, Sum and Mean of any number of inputs. */
bool onnx_fold_variadic(onnx_fold *f) {
    onnx_const sum = *f->in[0];
    int code = f->code == FOLD_MEAN ? FOLD_ADD : f->code;
    f->out[0] = sum;
    for (int i = 1; i < f->n_in; i++) {
        if (!f->in[i]) return onnx_form(f->r, f->n, "input %d is missing", i + 1);
        const onnx_const left = sum;
        if (!combine(f, &left, f->in[i], code, &sum)) return false;
    }
    if (f->code != FOLD_MEAN) return true;
    if (!sum.real) return onnx_form(f->r, f->n, "its inputs are integers");
    onnx_const mean = sum;
    if (!onnx_fold_make(f, 0, sum.type, sum.rank, sum.dim, false)) return false;
    for (int64_t i = 0; i < mean.n; i++) f->out[0].real[i] = onnx_round_to(mean.type, mean.real[i] / f->n_in);
    return true;
}

bool onnx_fold_where(onnx_fold *f) {
    onnx_walk w;
    const onnx_const *const in[] = {f->in[0], f->in[1], f->in[2]};
    if (in[0]->type != BOOL_TYPE) return onnx_form(f->r, f->n, "the condition is not a truth value");
    if (in[1]->type != in[2]->type) return onnx_form(f->r, f->n, "its inputs have different data types");
    if (!onnx_walk_start(f, &w, in, 3) ||
        !onnx_fold_make(f, 0, in[1]->type, w.rank, w.dim, in[1]->batch || in[2]->batch))
        return false;
    for (int64_t i = 0; i < f->out[0].n; i++, onnx_walk_next(&w)) {
        int which = in[0]->integer[w.pos[0]] ? 1 : 2;
        onnx_fold_copy(&f->out[0], i, in[which], w.pos[which]);
    }
    return true;
}

/* A bound of Clip as an attribute (float), up to operator set 10. */
static bool attribute_bound(onnx_fold *f, const char *name, int code, onnx_const *x) {
    double bound;
    if (!onnx_attr(f->n, name)) return true;
    if (!onnx_attr_real(f->r, f->n, name, 0, &bound)) return false;
    if (!x->real) return onnx_form(f->r, f->n, "its input is not a float");
    onnx_const c = {.name = name, .type = x->type, .n = 1, .real = &bound};
    const onnx_const left = *x;
    return combine(f, &left, &c, code, x);
}

/* min(max(x, lo), hi): where lo is above hi, the result is hi. */
bool onnx_fold_clip(onnx_fold *f) {
    onnx_const x = *f->in[0];
    f->out[0] = x;
    if (!attribute_bound(f, "min", FOLD_MAX, &x) || !attribute_bound(f, "max", FOLD_MIN, &x)) return false;
    for (int i = 1; i < f->n_in; i++) {
        const onnx_const left = x;
        if (!f->in[i]) continue;
        if (f->in[i]->n != 1)
            return onnx_shape_error(f->r, f->n, "%s '%s' is not one number", i == 1 ? "min" : "max", f->in[i]->name);
        if (!combine(f, &left, f->in[i], i == 1 ? FOLD_MAX : FOLD_MIN, &x)) return false;
    }
    return true;
}
