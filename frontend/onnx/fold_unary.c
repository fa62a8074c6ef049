/* Operators that compute element by element from one input, and casts. */
#include "fold.h"

#include <math.h>

typedef struct {
    int code;
    double alpha, beta;
} unary;

static double gelu(double x, bool by_tanh) {
    const double k = 0.79788456080286535588; /* sqrt(2 / pi) */
    return by_tanh ? 0.5 * x * (1 + tanh(k * (x + 0.044715 * x * x * x)))
                   : 0.5 * x * (1 + erf(x * 0.70710678118654752440));
}

static double between_0_and_1(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

static double real_unary(const unary *u, double x) {
    switch (u->code) {
    case FOLD_NEG: return -x;
    case FOLD_ABS: return fabs(x);
    case FOLD_SIGN: return (x > 0) - (x < 0);
    case FOLD_RELU: return x < 0 ? 0 : x;
    case FOLD_FLOOR: return floor(x);
    case FOLD_CEIL: return ceil(x);
    case FOLD_ROUND: return rint(x);
    case FOLD_SQRT: return sqrt(x);
    case FOLD_EXP: return exp(x);
    case FOLD_LOG: return log(x);
    case FOLD_RECIPROCAL: return 1 / x;
    case FOLD_SIGMOID: return 1 / (1 + exp(-x));
    case FOLD_TANH: return tanh(x);
    case FOLD_LEAKY_RELU: return x < 0 ? u->alpha * x : x;
    case FOLD_ELU: return x < 0 ? u->alpha * expm1(x) : x;
    case FOLD_SELU: return u->beta * (x > 0 ? x : u->alpha * expm1(x));
    case FOLD_SOFTPLUS: return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
    case FOLD_SOFTSIGN: return x / (1 + fabs(x));
    case FOLD_HARD_SIGMOID: return between_0_and_1(u->alpha * x + u->beta);
    case FOLD_HARD_SWISH: return x * between_0_and_1(x / 6 + 0.5);
    case FOLD_ERF: return erf(x);
    case FOLD_GELU: return gelu(x, u->alpha != 0);
    case FOLD_SIN: return sin(x);
    default: return cos(x); /* FOLD_COS */
    }
}

static bool integer_unary(int code, int64_t x, bool is_unsigned, int64_t *y) {
    bool negative = x < 0 && !is_unsigned;
    switch (code) {
    case FOLD_NEG: *y = (int64_t)(0 - (uint64_t)x); return true;
    case FOLD_ABS: *y = negative ? (int64_t)(0 - (uint64_t)x) : x; return true;
    case FOLD_SIGN: *y = negative ? -1 : x != 0; return true;
    case FOLD_RELU: *y = negative ? 0 : x; return true;
    case FOLD_NOT: *y = !x; return true;
    default: return false;
    }
}

static bool unary_attributes(onnx_fold *f, unary *u) {
    static const struct {
        int code;
        double alpha, beta;
        const char *beta_name;
    } with[] = {{FOLD_LEAKY_RELU, (double)0.01f, 0, "beta"},
                {FOLD_ELU, 1, 0, "beta"},
                {FOLD_SELU, (double)1.67326319217681884765625f, (double)1.05070102214813232421875f, "gamma"},
                {FOLD_HARD_SIGMOID, (double)0.2f, 0.5, "beta"}};
    for (size_t i = 0; i < sizeof with / sizeof *with; i++)
        if (with[i].code == u->code)
            return onnx_attr_float(f->r, f->n, "alpha", with[i].alpha, &u->alpha) &&
                   onnx_attr_float(f->r, f->n, with[i].beta_name, with[i].beta, &u->beta);
    const Onnx__AttributeProto *a = u->code == FOLD_GELU ? onnx_attr(f->n, "approximate") : NULL;
    u->alpha = a && a->s.len > 0 && a->s.data[0] == 't';
    return true;
}

/* Element i of an input that depends on the batch: v + k batch. Rounding leaves it, when both are integers.
 */
static bool open_unary(onnx_fold *f, const onnx_const *x, int64_t i) {
    double sign = f->code == FOLD_NEG ? -1 : 1, k = x->batch[i], v = x->real ? x->real[i] : (double)x->integer[i];
    bool whole = v == rint(v) && k == rint(k),
         rounds = f->code == FOLD_FLOOR || f->code == FOLD_CEIL || f->code == FOLD_ROUND;
    bool positive = k > 0 && v + k > 0 && (f->code == FOLD_ABS || f->code == FOLD_RELU);
    if (f->code != FOLD_NEG && !(rounds && whole) && !positive) return onnx_fold_known(f) && false;
    onnx_fold_copy(&f->out[0], i, x, i);
    f->out[0].batch[i] *= sign;
    if (f->out[0].real)
        f->out[0].real[i] *= sign;
    else
        f->out[0].integer[i] *= (int64_t)sign;
    return true;
}

bool onnx_fold_unary(onnx_fold *f) {
    const onnx_const *x = f->in[0];
    unary u = {.code = f->code};
    bool truth = x->type == ONNX__TENSOR_PROTO__DATA_TYPE__BOOL;
    if (truth != (f->code == FOLD_NOT))
        return onnx_form(f->r, f->n, "its input is %s", truth ? "a truth value" : "not a truth value");
    if (!unary_attributes(f, &u) || !onnx_fold_make(f, 0, x->type, x->rank, x->dim, x->batch != NULL)) return false;
    for (int64_t i = 0; i < x->n; i++) {
        if (x->batch && x->batch[i] != 0) {
            if (!open_unary(f, x, i)) return false;
        } else if (x->real) {
            f->out[0].real[i] = onnx_round_to(x->type, real_unary(&u, x->real[i]));
        } else {
            int64_t y;
            if (!integer_unary(f->code, x->integer[i], x->type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT64, &y))
                return onnx_form(f->r, f->n, "its input '%s' is not a float", x->name);
            f->out[0].integer[i] = onnx_wrap_to(x->type, y);
        }
    }
    return true;
}

/* The least and the greatest double that is a value of an integer type. */
static void integer_ends(int type, double *least, double *most) {
    static const struct {
        int type;
        double least, most;
    } ends[] = {{ONNX__TENSOR_PROTO__DATA_TYPE__INT8, -0x1p7, 0x1p7 - 1},
                {ONNX__TENSOR_PROTO__DATA_TYPE__UINT8, 0, 0x1p8 - 1},
                {ONNX__TENSOR_PROTO__DATA_TYPE__INT16, -0x1p15, 0x1p15 - 1},
                {ONNX__TENSOR_PROTO__DATA_TYPE__UINT16, 0, 0x1p16 - 1},
                {ONNX__TENSOR_PROTO__DATA_TYPE__INT32, -0x1p31, 0x1p31 - 1},
                {ONNX__TENSOR_PROTO__DATA_TYPE__UINT32, 0, 0x1p32 - 1},
                {ONNX__TENSOR_PROTO__DATA_TYPE__INT64, -0x1p63, 0x1p63 - 0x1p10},
                {ONNX__TENSOR_PROTO__DATA_TYPE__UINT64, 0, 0x1p64 - 0x1p11}};
    *least = *most = 0;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends[i].type == type) *least = ends[i].least, *most = ends[i].most;
}

/* The integer of a type that v is truncated to; false when it has none. */
static bool to_integer(int type, double v, int64_t *out) {
    double least, most;
    integer_ends(type, &least, &most);
    if (type == ONNX__TENSOR_PROTO__DATA_TYPE__BOOL) v = v != 0, most = 1;
    v = trunc(v);
    if (!(v >= least && v <= most)) return false;
    *out = v >= 0x1p63 ? (int64_t)(uint64_t)v : (int64_t)v;
    return true;
}

static double from_integer(int type, int64_t v) {
    return type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT64 ? (double)(uint64_t)v : (double)v;
}

static bool is_integer_type(int64_t type) {
    return (type >= ONNX__TENSOR_PROTO__DATA_TYPE__UINT8 && type <= ONNX__TENSOR_PROTO__DATA_TYPE__INT64) ||
           type == ONNX__TENSOR_PROTO__DATA_TYPE__BOOL || type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT32 ||
           type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT64;
}

bool onnx_fold_cast(onnx_fold *f) {
    const onnx_const *x = f->in[0];
    int64_t to = 0;
    if (f->code == 1)
        to = f->in[1]->type;
    else if (!onnx_attr_int(f->r, f->n, "to", 0, &to))
        return false;
    if (!(to >= 0 && to < 1 << 20 && (onnx_type_is_real((int)to) || is_integer_type(to))))
        return onnx_form(f->r, f->n, "casts to data type %lld are not supported", (long long)to);
    if (!onnx_fold_make(f, 0, (int)to, x->rank, x->dim, x->batch != NULL)) return false;
    onnx_const *y = &f->out[0];
    for (int64_t i = 0; i < x->n; i++) {
        double v = x->real ? x->real[i] : from_integer(x->type, x->integer[i]);
        if (x->batch) y->batch[i] = x->batch[i];
        if (y->real)
            y->real[i] = onnx_round_to((int)to, v);
        else if (x->integer)
            y->integer[i] = onnx_wrap_to((int)to, x->integer[i]);
        else if (!to_integer((int)to, v, &y->integer[i]))
            return onnx_form(f->r, f->n, "%g of '%s' is not a value of the data type it is cast to", v, x->name);
        if (x->batch && x->batch[i] != 0 &&
            (to == ONNX__TENSOR_PROTO__DATA_TYPE__BOOL || (y->integer && v != trunc(v))))
            return onnx_fold_known(f) && false;
    }
    return true;
}

/* Where element i of x finds its scale: one for all, or one per slice of `axis`. */
static bool scale_axis(onnx_fold *f, int64_t *inner, int64_t *count) {
    int64_t axis, block;
    const onnx_const *x = f->in[0], *s = f->in[1], *z = f->n_in > 2 ? f->in[2] : NULL;
    if (!onnx_attr_int(f->r, f->n, "axis", 1, &axis) || !onnx_attr_int(f->r, f->n, "block_size", 0, &block))
        return false;
    if (block != 0) return onnx_form(f->r, f->n, "scales of blocks are not supported");
    if (!s->real) return onnx_form(f->r, f->n, "the scale '%s' is not a float", s->name);
    if (z && (!z->integer || z->n != s->n))
        return onnx_shape_error(f->r, f->n, "the zero point '%s' is not one integer for each scale", z->name);
    *inner = *count = 1;
    if (s->n == 1) return true;
    if (!onnx_fold_axis(f, &axis, x->rank)) return false;
    *count = x->dim[axis];
    for (int k = (int)axis + 1; k < x->rank; k++) *inner *= x->dim[k];
    return s->n == *count ||
           onnx_shape_error(f->r, f->n, "'%s' does not have %lld elements, one per slice of axis %lld", s->name,
                            (long long)*count, (long long)axis);
}

bool onnx_fold_dequantize(onnx_fold *f) {
    const onnx_const *x = f->in[0], *s = f->in[1], *z = f->n_in > 2 ? f->in[2] : NULL;
    int64_t inner, count;
    if (!scale_axis(f, &inner, &count)) return false;
    if (!x->integer) return onnx_form(f->r, f->n, "its input '%s' is not an integer", x->name);
    if (!onnx_fold_known(f) || !onnx_fold_make(f, 0, s->type, x->rank, x->dim, false)) return false;
    for (int64_t i = 0; i < x->n; i++) {
        int64_t k = s->n == 1 ? 0 : i / inner % count;
        double zero = z ? (double)z->integer[k] : 0;
        f->out[0].real[i] = onnx_round_to(s->type, ((double)x->integer[i] - zero) * s->real[k]);
    }
    return true;
}

bool onnx_fold_quantize(onnx_fold *f) {
    const onnx_const *x = f->in[0], *s = f->in[1], *z = f->n_in > 2 ? f->in[2] : NULL;
    int64_t inner, count, type;
    double least, most;
    if (!scale_axis(f, &inner, &count)) return false;
    if (!onnx_attr_int(f->r, f->n, "output_dtype", 0, &type)) return false;
    if (z) type = z->type;
    if (type == 0) type = ONNX__TENSOR_PROTO__DATA_TYPE__UINT8;
    if (!x->real || !is_integer_type(type)) return onnx_form(f->r, f->n, "only floats are quantized, to integers");
    if (!onnx_fold_make(f, 0, (int)type, x->rank, x->dim, false)) return false;
    integer_ends((int)type, &least, &most);
    for (int64_t i = 0; i < x->n; i++) {
        int64_t k = s->n == 1 ? 0 : i / inner % count;
        double v = rint(onnx_round_to(x->type, x->real[i] / s->real[k])) + (z ? (double)z->integer[k] : 0);
        if (isnan(v)) return onnx_form(f->r, f->n, "'%s' or its scale is not a number", x->name);
        f->out[0].integer[i] = (int64_t)fmin(fmax(v, least), fmin(most, 0x1p63 - 0x1p10));
    }
    return true;
}
