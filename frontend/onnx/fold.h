/* Computing constants: what the operators of fold.c share. Private to frontend/onnx.
 *
 * Floats are kept as double and rounded to their type after each operator, integers wrap at their width. An
 * element that depends on a batch which the model leaves open is v + k * batch: shapes are computed with it
 * as long as the result is the same for every batch. */
#ifndef NH_ONNX_FOLD_H
#define NH_ONNX_FOLD_H

#include "onnx_model.h"

#define NH_FOLD_ELEMENTS ((int64_t)1 << 24) /* that may be made, besides some per byte of the model */
#define NH_FOLD_PRODUCTS ((int64_t)1 << 30) /* multiplications of products of matrices and of sums */

typedef struct {
    onnx_reader *r;
    onnx_node *n;
    int n_in;
    onnx_const **in; /* loaded; NULL: left out */
    onnx_const *out; /* [n->n_out] */
    int code;        /* which of the operators that share a function */
} onnx_fold;

typedef bool onnx_fold_fn(onnx_fold *f);

struct onnx_fold_row {
    const char *op;
    int min_in, max_in;
    const char *attributes;
    onnx_fold_fn *fn;
    int code;
};

/* fold_math.c: element by element, with the broadcasting of NumPy */
enum {
    FOLD_ADD,
    FOLD_SUB,
    FOLD_MUL,
    FOLD_DIV,
    FOLD_POW,
    FOLD_MOD,
    FOLD_MIN,
    FOLD_MAX,
    FOLD_MEAN,
    FOLD_PRELU,
    FOLD_EQUAL,
    FOLD_LESS,
    FOLD_LESS_EQUAL,
    FOLD_GREATER,
    FOLD_GREATER_EQUAL,
    FOLD_AND,
    FOLD_OR,
    FOLD_XOR
};
onnx_fold_fn onnx_fold_binary, onnx_fold_variadic, onnx_fold_where, onnx_fold_clip;
/* fold_unary.c */
enum {
    FOLD_NEG,
    FOLD_ABS,
    FOLD_SIGN,
    FOLD_RELU,
    FOLD_NOT,
    FOLD_FLOOR,
    FOLD_CEIL,
    FOLD_ROUND,
    FOLD_SQRT,
    FOLD_EXP,
    FOLD_LOG,
    FOLD_RECIPROCAL,
    FOLD_SIGMOID,
    FOLD_TANH,
    FOLD_LEAKY_RELU,
    FOLD_ELU,
    FOLD_SELU,
    FOLD_SOFTPLUS,
    FOLD_SOFTSIGN,
    FOLD_HARD_SIGMOID,
    FOLD_HARD_SWISH,
    FOLD_ERF,
    FOLD_GELU,
    FOLD_SIN,
    FOLD_COS
};
onnx_fold_fn onnx_fold_unary, onnx_fold_cast, onnx_fold_quantize, onnx_fold_dequantize;
/* fold_move.c: elements change their places only */
onnx_fold_fn onnx_fold_concat, onnx_fold_gather, onnx_fold_slice, onnx_fold_split, onnx_fold_transpose,
    onnx_fold_expand, onnx_fold_tile, onnx_fold_constant_of_shape, onnx_fold_range;
/* fold_sum.c */
enum { FOLD_SUM, FOLD_PROD, FOLD_L1, FOLD_L2, FOLD_SQUARES };
onnx_fold_fn onnx_fold_reduce, onnx_fold_matmul, onnx_fold_gemm, onnx_fold_batchnorm, onnx_fold_softmax;

/* Make output k: zeros of a type and a shape; has_batch: with room for multiples of the batch. False with
 * M_LIMIT when the model has used up what folding may make. */
bool onnx_fold_make(onnx_fold *f, int k, int type, int rank, const int64_t *dim, bool has_batch);
/* Count multiplications; false with M_LIMIT when there are too many. */
bool onnx_fold_work(onnx_fold *f, int64_t size);
/* Element `from` of c becomes element `to` of out, which is of the same type. */
void onnx_fold_copy(onnx_const *out, int64_t to, const onnx_const *c, int64_t from);
/* The integers of input i, at most NH_MAX_RANK; *count is -1 when it is left out. None depends on the batch.
 */
bool onnx_fold_ints(onnx_fold *f, int i, int64_t *list, int *count);
/* A shape of at most NH_MAX_RANK dimensions, *count of them. Its first may be the open batch: then *spans, and the
 * dimension is 1. */
bool onnx_fold_shape(onnx_fold *f, int i, int64_t *list, int *count, bool *spans);
/* A list of integers that newer operator sets have as input i and older ones as attribute. */
bool onnx_fold_axes(onnx_fold *f, int i, const char *attribute, int64_t *list, int *count);
/* An axis counted from the end becomes one from the front; false with M_SHAPE when there is none such. */
bool onnx_fold_axis(onnx_fold *f, int64_t *axis, int rank);
/* No element of the input (of any input) depends on the batch; M_FORM: the operator needs its size. */
bool onnx_fold_known_input(onnx_fold *f, int i);
bool onnx_fold_known(onnx_fold *f);

/* Going through the elements of inputs 0 .. n - 1, broadcast to one shape, in row-major order. */
typedef struct {
    int rank, n;
    int64_t dim[NH_MAX_RANK], step[3][NH_MAX_RANK], at[NH_MAX_RANK], pos[3];
} onnx_walk;
bool onnx_walk_start(onnx_fold *f, onnx_walk *w, const onnx_const *const *in, int n);
void onnx_walk_next(onnx_walk *w);

#endif
