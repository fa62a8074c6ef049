/* Operators that add elements up: reductions, products of matrices, normalisations. */
#include "fold.h"

#include <math.h>
#include <string.h>

/* The axes to reduce, as a set; false when reported. */
static bool reduced_axes(onnx_fold *f, unsigned *set) {
    int64_t list[NH_MAX_RANK], no_op;
    int count, rank = f->in[0]->rank;
    if (!onnx_fold_axes(f, 1, "axes", list, &count) || !onnx_attr_int(f->r, f->n, "noop_with_empty_axes", 0, &no_op))
        return false;
    *set = 0;
    if (count <= 0 && !no_op) *set = (1u << rank) - 1;
    for (int i = 0; i < count; i++) {
        if (!onnx_fold_axis(f, &list[i], rank)) return false;
        *set |= 1u << list[i];
    }
    return true;
}

/* One more element for a reduction; y begins as the first. */
static double reduce_real(int code, double y, double x, bool first) {
    if (code == FOLD_L1) x = fabs(x);
    if (code == FOLD_L2 || code == FOLD_SQUARES) x *= x;
    if (first) return x;
    switch (code) {
    case FOLD_MAX: return x > y || isnan(x) ? x : y;
    case FOLD_MIN: return x < y || isnan(x) ? x : y;
    case FOLD_PROD: return y * x;
    default: return y + x;
    }
}

static bool reduce_integer(int code, int64_t *y, int64_t x, bool first) {
    uint64_t a = (uint64_t)*y, b = (uint64_t)x;
    if (code == FOLD_L1 && x < 0) b = 0 - b;
    if (code == FOLD_SQUARES) b *= b;
    if (code == FOLD_L2 || code == FOLD_MEAN) return false;
    if (first || (code == FOLD_MAX && x > *y) || (code == FOLD_MIN && x < *y))
        *y = (int64_t)b;
    else if (code == FOLD_PROD)
        *y = (int64_t)(a * b);
    else if (code != FOLD_MAX && code != FOLD_MIN)
        *y = (int64_t)(a + b);
    return true;
}

/* Sum or product of dimensions, one of which may depend on the batch. */
static bool reduce_open(onnx_fold *f, const onnx_const *x, int64_t i, onnx_const *y, int64_t o, bool first) {
    double k = x->batch[i], v = x->real ? x->real[i] : (double)x->integer[i], y_k = first ? 0 : y->batch[o];
    double y_v = y->real ? y->real[o] : (double)y->integer[o];
    if (first) y_v = f->code == FOLD_PROD ? 1 : 0;
    if ((f->code != FOLD_PROD && f->code != FOLD_SUM) || (f->code == FOLD_PROD && k != 0 && y_k != 0))
        return onnx_fold_known(f) && false;
    y->batch[o] = f->code == FOLD_SUM ? y_k + k : y_k * v + y_v * k;
    y_v = f->code == FOLD_SUM ? y_v + v : y_v * v;
    if (y->real)
        y->real[o] = y_v;
    else
        y->integer[o] = (int64_t)y_v;
    return fabs(y_v) < 0x1p62 || onnx_form(f->r, f->n, "a dimension that it computes is too large");
}

/* What is left to do when all elements of a result were seen. */
static void finish_reduction(onnx_const *y, int code, int64_t count) {
    for (int64_t o = 0; y->real && o < y->n; o++) {
        if (code == FOLD_MEAN) y->real[o] /= (double)count;
        if (code == FOLD_L2) y->real[o] = sqrt(y->real[o]);
        y->real[o] = onnx_round_to(y->type, y->real[o]);
    }
    for (int64_t o = 0; y->integer && o < y->n; o++) y->integer[o] = onnx_wrap_to(y->type, y->integer[o]);
}

/* Every element of x is put to element w.pos[1] of the result; the walk goes over x and over the result as if
 * it were broadcast. */
static bool reduce_all(onnx_fold *f, const onnx_const *x, onnx_const *y) {
    onnx_walk w;
    const onnx_const *in[] = {x, y};
    char *seen = nh_arena_alloc(f->r->scratch, (size_t)y->n + 1);
    if (!onnx_walk_start(f, &w, in, 2)) return false;
    for (int64_t i = 0; i < x->n; i++, onnx_walk_next(&w)) {
        int64_t o = w.pos[1];
        bool first = !seen[o];
        seen[o] = 1;
        if (x->batch) {
            if (!reduce_open(f, x, i, y, o, first)) return false;
        } else if (x->real) {
            y->real[o] = reduce_real(f->code, y->real[o], x->real[i], first);
        } else if (!reduce_integer(f->code, &y->integer[o], x->integer[i], first)) {
            return onnx_form(f->r, f->n, "its input '%s' is not a float", x->name);
        }
    }
    return true;
}

bool onnx_fold_reduce(onnx_fold *f) {
    const onnx_const *x = f->in[0];
    int64_t keep, dim[NH_MAX_RANK];
    unsigned set;
    if (!onnx_attr_int(f->r, f->n, "keepdims", 1, &keep) || !reduced_axes(f, &set)) return false;
    for (int k = 0; k < x->rank; k++) dim[k] = set & 1u << k ? 1 : x->dim[k];
    if (x->n == 0) return onnx_form(f->r, f->n, "its input '%s' has no elements", x->name);
    if (!onnx_fold_work(f, x->n) || !onnx_fold_make(f, 0, x->type, x->rank, dim, x->batch != NULL)) return false;
    onnx_const *y = &f->out[0];
    if (!reduce_all(f, x, y)) return false;
    finish_reduction(y, f->code, x->n / y->n);
    if (keep) return true;
    y->rank = 0;
    for (int k = 0; k < x->rank; k++)
        if (!(set & 1u << k)) y->dim[y->rank++] = dim[k];
    return true;
}

/* One matrix of a product: rows, columns, and the distance of neighbours along each. */
typedef struct {
    const onnx_const *c;
    int64_t rows, cols, row_step, col_step;
} matrix;

static matrix matrix_of(const onnx_const *c, bool transposed) {
    matrix m = {c, c->dim[c->rank - 2], c->dim[c->rank - 1], c->dim[c->rank - 1], 1};
    return transposed ? (matrix){c, m.cols, m.rows, 1, m.row_step} : m;
}

/* out[at ..] = factor * a[from_a ..] b[from_b ..], rounded by the caller. */
static void multiply(onnx_const *out, int64_t at, const matrix *a, int64_t from_a, const matrix *b, int64_t from_b,
                     double factor) {
    for (int64_t i = 0; i < a->rows; i++)
        for (int64_t j = 0; j < b->cols; j++) {
            int64_t pa = from_a + i * a->row_step, pb = from_b + j * b->col_step;
            double sum = 0;
            uint64_t whole = 0;
            for (int64_t k = 0; k < a->cols; k++, pa += a->col_step, pb += b->row_step) {
                if (out->real)
                    sum += a->c->real[pa] * b->c->real[pb];
                else
                    whole += (uint64_t)a->c->integer[pa] * (uint64_t)b->c->integer[pb];
            }
            if (out->real)
                out->real[at + i * b->cols + j] = factor * sum;
            else
                out->integer[at + i * b->cols + j] = onnx_wrap_to(out->type, (int64_t)whole);
        }
}

static bool check_product(onnx_fold *f, const matrix *a, const matrix *b, int64_t batches) {
    if (a->c->type != b->c->type) return onnx_form(f->r, f->n, "its inputs have different data types");
    if (a->cols != b->rows)
        return onnx_shape_error(f->r, f->n, "a matrix of %lld columns is multiplied by one of %lld rows",
                                (long long)a->cols, (long long)b->rows);
    int64_t size = a->rows;
    const int64_t factor[] = {a->cols, b->cols, batches};
    for (int i = 0; i < 3; i++) size = factor[i] > 0 && size > INT64_MAX / factor[i] ? INT64_MAX : size * factor[i];
    return onnx_fold_known(f) && onnx_fold_work(f, size);
}

static void round_all(onnx_const *c) {
    for (int64_t i = 0; c->real && i < c->n; i++) c->real[i] = onnx_round_to(c->type, c->real[i]);
}

/* As numpy.matmul: vectors become matrices, dimensions in front are broadcast. */
bool onnx_fold_matmul(onnx_fold *f) {
    onnx_const x = *f->in[0], y = *f->in[1];
    bool row = x.rank == 1, column = y.rank == 1;
    if (x.rank < 1 || y.rank < 1) return onnx_shape_error(f->r, f->n, "an input has no dimensions");
    if (row) x.rank = 2, x.dim[1] = x.dim[0], x.dim[0] = 1;
    if (column) y.rank = 2, y.dim[1] = 1;
    matrix a = matrix_of(&x, false), b = matrix_of(&y, false);
    onnx_const left = x, right = y;
    left.rank -= 2;
    right.rank -= 2;
    onnx_walk w;
    const onnx_const *in[] = {&left, &right};
    if (!onnx_walk_start(f, &w, in, 2)) return false;
    int64_t dim[NH_MAX_RANK + 2], batches = 1;
    int rank = w.rank;
    for (int k = 0; k < w.rank; k++) batches *= dim[k] = w.dim[k];
    if (!row) dim[rank++] = a.rows;
    if (!column) dim[rank++] = b.cols;
    if (!check_product(f, &a, &b, batches) || !onnx_fold_make(f, 0, x.type, rank, dim, false)) return false;
    for (int64_t i = 0; i < batches; i++, onnx_walk_next(&w))
        multiply(&f->out[0], i * a.rows * b.cols, &a, w.pos[0] * a.rows * a.cols, &b, w.pos[1] * b.rows * b.cols, 1);
    round_all(&f->out[0]);
    return true;
}

bool onnx_fold_gemm(onnx_fold *f) {
    int64_t trans_a, trans_b;
    double alpha, beta;
    if (!onnx_attr_int(f->r, f->n, "transA", 0, &trans_a) || !onnx_attr_int(f->r, f->n, "transB", 0, &trans_b) ||
        !onnx_attr_float(f->r, f->n, "alpha", 1, &alpha) || !onnx_attr_float(f->r, f->n, "beta", 1, &beta))
        return false;
    if (f->in[0]->rank != 2 || f->in[1]->rank != 2 || !f->in[0]->real)
        return onnx_shape_error(f->r, f->n, "its inputs are not matrices of floats");
    matrix a = matrix_of(f->in[0], trans_a != 0), b = matrix_of(f->in[1], trans_b != 0);
    int64_t dim[] = {a.rows, b.cols};
    if (!check_product(f, &a, &b, 1) || !onnx_fold_make(f, 0, a.c->type, 2, dim, false)) return false;
    multiply(&f->out[0], 0, &a, 0, &b, 0, alpha);
    const onnx_const *c = f->n_in > 2 ? f->in[2] : NULL;
    onnx_walk w;
    const onnx_const *in[] = {&f->out[0], c};
    if (c && (!c->real || !onnx_walk_start(f, &w, in, 2) || w.rank != 2 || w.dim[0] != dim[0] || w.dim[1] != dim[1]))
        return onnx_shape_error(f->r, f->n, "C '%s' does not broadcast to the product", c->name);
    for (int64_t i = 0; c && i < f->out[0].n; i++, onnx_walk_next(&w)) f->out[0].real[i] += beta * c->real[w.pos[1]];
    round_all(&f->out[0]);
    return true;
}

/* Per channel, the second axis. */
bool onnx_fold_batchnorm(onnx_fold *f) {
    const onnx_const *x = f->in[0];
    int64_t training, channels = x->rank > 1 ? x->dim[1] : 1, inner = 1;
    double epsilon;
    if (!onnx_attr_int(f->r, f->n, "training_mode", 0, &training) ||
        !onnx_attr_float(f->r, f->n, "epsilon", (double)1e-5f, &epsilon))
        return false;
    if (training) return onnx_form(f->r, f->n, "the model was exported in training mode");
    for (int k = 2; k < x->rank; k++) inner *= x->dim[k];
    for (int i = 0; i < 5; i++)
        if (!f->in[i]->real || (i > 0 && f->in[i]->n != channels))
            return onnx_shape_error(f->r, f->n, "'%s' does not have %lld floats", f->in[i]->name, (long long)channels);
    if (!onnx_fold_make(f, 0, x->type, x->rank, x->dim, false)) return false;
    for (int64_t i = 0; i < x->n; i++) {
        int64_t c = i / inner % channels;
        double factor = f->in[1]->real[c] / sqrt(f->in[4]->real[c] + epsilon);
        f->out[0].real[i] = onnx_round_to(x->type, factor * (x->real[i] - f->in[3]->real[c]) + f->in[2]->real[c]);
    }
    return true;
}

/* Up to operator set 12 the dimensions from `axis` on are one. */
bool onnx_fold_softmax(onnx_fold *f) {
    const onnx_const *x = f->in[0];
    int64_t axis, inner = 1, count = 1;
    if (!onnx_attr_int(f->r, f->n, "axis", f->r->opset < 13 ? 1 : -1, &axis) || !onnx_fold_axis(f, &axis, x->rank))
        return false;
    if (!x->real) return onnx_form(f->r, f->n, "its input '%s' is not a float", x->name);
    for (int k = (int)axis; k < x->rank; k++) *(k == axis || f->r->opset < 13 ? &count : &inner) *= x->dim[k];
    if (!onnx_fold_make(f, 0, x->type, x->rank, x->dim, false)) return false;
    for (int64_t i = 0; count > 0 && i < x->n / count; i++) {
        int64_t first = i / inner * count * inner + i % inner;
        double most = -(double)INFINITY, sum = 0;
        for (int64_t k = 0; k < count; k++) most = fmax(most, x->real[first + k * inner]);
        for (int64_t k = 0; k < count; k++) sum += exp(x->real[first + k * inner] - most);
        for (int64_t k = 0; k < count; k++) {
            double v = x->real[first + k * inner] - most;
            f->out[0].real[first + k * inner] = onnx_round_to(x->type, f->code ? v - log(sum) : exp(v) / sum);
        }
    }
    return true;
}
