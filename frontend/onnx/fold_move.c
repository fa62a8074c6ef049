/* Operators that only move elements, and those that make lists. */
#include "fold.h"

#include <math.h>
#include <string.h>

/* Product of the dimensions [from, to). */
static int64_t product(const int64_t *dim, int from, int to) {
    int64_t n = 1;
    for (int i = from; i < to; i++) n *= dim[i];
    return n;
}

bool onnx_fold_concat(onnx_fold *f) {
    int64_t axis, dim[NH_MAX_RANK], total = 0, done = 0;
    const onnx_const *first = f->in[0];
    bool open = false;
    if (!onnx_attr_int(f->r, f->n, "axis", 0, &axis) || !onnx_fold_axis(f, &axis, first->rank)) return false;
    for (int i = 0; i < f->n_in; i++) {
        const onnx_const *c = f->in[i];
        bool fits = c && c->rank == first->rank && c->type == first->type;
        for (int k = 0; fits && k < c->rank; k++) fits = k == axis || c->dim[k] == first->dim[k];
        if (!fits) return onnx_shape_error(f->r, f->n, "input %d does not have the type and shape of the first", i + 1);
        total += c->dim[axis];
        open = open || c->batch;
    }
    memcpy(dim, first->dim, sizeof dim);
    dim[axis] = total;
    if (!onnx_fold_make(f, 0, first->type, first->rank, dim, open)) return false;
    int64_t inner = product(dim, (int)axis + 1, first->rank), outer = product(dim, 0, (int)axis);
    for (int i = 0; i < f->n_in; i++) {
        int64_t size = f->in[i]->dim[axis] * inner;
        for (int64_t o = 0; o < outer; o++)
            for (int64_t k = 0; k < size; k++)
                onnx_fold_copy(&f->out[0], o * total * inner + done + k, f->in[i], o * size + k);
        done += size;
    }
    return true;
}

bool onnx_fold_gather(onnx_fold *f) {
    const onnx_const *x = f->in[0], *at = f->in[1];
    int64_t axis, dim[2 * NH_MAX_RANK];
    if (!at->integer) return onnx_form(f->r, f->n, "the positions '%s' are not integers", at->name);
    if (!onnx_fold_known_input(f, 1)) return false;
    if (!onnx_attr_int(f->r, f->n, "axis", 0, &axis) || !onnx_fold_axis(f, &axis, x->rank)) return false;
    int rank = x->rank + at->rank - 1;
    memcpy(dim, x->dim, (size_t)axis * sizeof *dim);
    memcpy(dim + axis, at->dim, (size_t)at->rank * sizeof *dim);
    memcpy(dim + axis + at->rank, x->dim + axis + 1, (size_t)(x->rank - axis - 1) * sizeof *dim);
    if (!onnx_fold_make(f, 0, x->type, rank, dim, x->batch != NULL)) return false;
    int64_t inner = product(x->dim, (int)axis + 1, x->rank), outer = product(x->dim, 0, (int)axis), n = x->dim[axis];
    for (int64_t i = 0; i < at->n; i++) {
        int64_t from = at->integer[i] < 0 ? at->integer[i] + n : at->integer[i];
        if (from < 0 || from >= n)
            return onnx_shape_error(f->r, f->n, "position %lld is outside of an axis of %lld",
                                    (long long)at->integer[i], (long long)n);
        for (int64_t o = 0; o < outer; o++)
            for (int64_t k = 0; k < inner; k++)
                onnx_fold_copy(&f->out[0], (o * at->n + i) * inner + k, x, (o * n + from) * inner + k);
    }
    return true;
}

/* Element i of the new shape `dim` is element start + sum of at[k] * step[k] of x. */
static bool gather_strided(onnx_fold *f, const onnx_const *x, int rank, const int64_t *dim, int64_t start,
                           const int64_t *step) {
    int64_t at[NH_MAX_RANK] = {0}, from = start;
    if (!onnx_fold_make(f, 0, x->type, rank, dim, x->batch != NULL)) return false;
    for (int64_t i = 0; i < f->out[0].n; i++) {
        onnx_fold_copy(&f->out[0], i, x, from);
        for (int k = rank - 1; k >= 0; k--) {
            from += step[k];
            if (++at[k] < dim[k]) break;
            from -= step[k] * dim[k];
            at[k] = 0;
        }
    }
    return true;
}

/* First index and number of elements of start:end:step along an axis of n. Unlike NumPy, ONNX lets a start in
 * front of the axis be its first element for negative steps, too. */
static void slice(int64_t *start, int64_t end, int64_t step, int64_t n, int64_t *count) {
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? n : n - 1;
    int64_t *both[] = {start, &end};
    for (int i = 0; i < 2; i++) {
        if (*both[i] < 0) *both[i] = *both[i] < -n ? -n - 1 : *both[i];
        if (*both[i] < 0) *both[i] += n;
        *both[i] = *both[i] < low ? low : *both[i] > high ? high : *both[i];
        if (i == 0 && *start < 0) *start = 0;
    }
    *count = 0;
    if (n == 0) return;
    int64_t distance = step > 0 ? end - *start : *start - end;
    uint64_t width = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
    *count = distance > 0 ? (int64_t)(((uint64_t)distance - 1) / width) + 1 : 0;
}

static bool slice_lists(onnx_fold *f, int64_t list[4][NH_MAX_RANK], int *n) {
    static const char *const name[] = {"starts", "ends", "axes", "steps"};
    int count[4];
    for (int i = 0; i < 4; i++)
        if (!(i == 3 ? onnx_fold_ints(f, 4, list[i], &count[i])
                     : onnx_fold_axes(f, i + 1, name[i], list[i], &count[i])))
            return false;
    *n = count[0];
    if (count[0] < 0 || count[1] != count[0]) return onnx_shape_error(f->r, f->n, "starts and ends differ in length");
    for (int i = 2; i < 4; i++)
        if (count[i] >= 0 && count[i] != count[0])
            return onnx_shape_error(f->r, f->n, "%s does not have the length of starts", name[i]);
    for (int k = 0; k < *n; k++) {
        if (count[2] < 0) list[2][k] = k;
        if (count[3] < 0) list[3][k] = 1;
    }
    return true;
}

bool onnx_fold_slice(onnx_fold *f) {
    const onnx_const *x = f->in[0];
    int64_t list[4][NH_MAX_RANK], dim[NH_MAX_RANK], step[NH_MAX_RANK], from = 0;
    int n;
    if (!slice_lists(f, list, &n)) return false;
    memcpy(dim, x->dim, sizeof dim);
    for (int k = x->rank - 1; k >= 0; k--) step[k] = k == x->rank - 1 ? 1 : step[k + 1] * x->dim[k + 1];
    unsigned seen = 0;
    for (int i = 0; i < n; i++) {
        int64_t axis = list[2][i], first = list[0][i];
        if (!onnx_fold_axis(f, &axis, x->rank)) return false;
        if (seen & 1u << axis) return onnx_form(f->r, f->n, "axis %lld is named twice", (long long)axis);
        seen |= 1u << axis;
        if (list[3][i] == 0) return onnx_form(f->r, f->n, "a step is 0");
        slice(&first, list[1][i], list[3][i], x->dim[axis], &dim[axis]);
        if (dim[axis] == 0) continue;
        from += first * step[axis];
        step[axis] = dim[axis] == 1 ? 0 : step[axis] * list[3][i];
    }
    return gather_strided(f, x, x->rank, dim, from, step);
}

/* The sizes of the parts: given, or equal with a smaller last one. */
static bool split_sizes(onnx_fold *f, int64_t n, int64_t *size) {
    const int64_t *attr;
    int count;
    const onnx_const *c = f->n_in > 1 ? f->in[1] : NULL;
    if (!onnx_attr_ints(f->r, f->n, "split", &attr, &count)) return false;
    if (c && (!c->integer || c->batch)) return onnx_form(f->r, f->n, "the sizes '%s' are not integers", c->name);
    if (c) attr = c->integer, count = (int)c->n;
    int64_t part = (n + f->n->n_out - 1) / f->n->n_out, sum = 0;
    if (count >= 0 && count != f->n->n_out)
        return onnx_shape_error(f->r, f->n, "it has %d parts for %d outputs", count, f->n->n_out);
    for (int i = 0; i < f->n->n_out; i++) {
        size[i] = count >= 0 ? attr[i] : part < n - sum ? part : n - sum;
        if (size[i] < 0 || size[i] > n - sum)
            return onnx_shape_error(f->r, f->n, "its parts do not have %lld elements", (long long)n);
        sum += size[i];
    }
    return sum == n || onnx_shape_error(f->r, f->n, "its parts do not have %lld elements", (long long)n);
}

bool onnx_fold_split(onnx_fold *f) {
    const onnx_const *x = f->in[0];
    int64_t axis, dim[NH_MAX_RANK], done = 0, *size = nh_arena_alloc(f->r->scratch, (size_t)f->n->n_out * sizeof *size);
    if (!onnx_attr_int(f->r, f->n, "axis", 0, &axis) || !onnx_fold_axis(f, &axis, x->rank) ||
        !split_sizes(f, x->dim[axis], size))
        return false;
    int64_t inner = product(x->dim, (int)axis + 1, x->rank), outer = product(x->dim, 0, (int)axis);
    memcpy(dim, x->dim, sizeof dim);
    for (int i = 0; i < f->n->n_out; i++) {
        dim[axis] = size[i];
        if (!onnx_fold_make(f, i, x->type, x->rank, dim, x->batch != NULL)) return false;
        for (int64_t o = 0; o < outer; o++)
            for (int64_t k = 0; k < size[i] * inner; k++)
                onnx_fold_copy(&f->out[i], o * size[i] * inner + k, x, (o * x->dim[axis] + done) * inner + k);
        done += size[i];
    }
    return true;
}

bool onnx_fold_transpose(onnx_fold *f) {
    const onnx_const *x = f->in[0];
    const int64_t *perm;
    int64_t dim[NH_MAX_RANK], own[NH_MAX_RANK], step[NH_MAX_RANK];
    int count;
    unsigned seen = 0;
    if (!onnx_attr_ints(f->r, f->n, "perm", &perm, &count)) return false;
    if (count >= 0 && count != x->rank) return onnx_shape_error(f->r, f->n, "perm does not have %d entries", x->rank);
    for (int k = x->rank - 1; k >= 0; k--) own[k] = k == x->rank - 1 ? 1 : own[k + 1] * x->dim[k + 1];
    for (int k = 0; k < x->rank; k++) {
        int64_t from = count < 0 ? x->rank - 1 - k : perm[k];
        if (from < 0 || from >= x->rank || seen & 1u << from)
            return onnx_form(f->r, f->n, "perm is not a permutation of the axes");
        seen |= 1u << from;
        dim[k] = x->dim[from];
        step[k] = own[from];
    }
    return gather_strided(f, x, x->rank, dim, 0, step);
}

bool onnx_fold_expand(onnx_fold *f) {
    int64_t list[NH_MAX_RANK];
    int count;
    bool spans;
    onnx_walk w;
    if (!onnx_fold_shape(f, 1, list, &count, &spans)) return false;
    onnx_const shape = {.rank = count, .n = 0};
    memcpy(shape.dim, list, (size_t)count * sizeof *list);
    const onnx_const *const in[] = {f->in[0], &shape};
    for (int i = 0; i < count; i++)
        if (list[i] < 0) return onnx_shape_error(f->r, f->n, "the shape holds %lld", (long long)list[i]);
    if (!onnx_walk_start(f, &w, in, 2) || !onnx_fold_make(f, 0, in[0]->type, w.rank, w.dim, in[0]->batch != NULL))
        return false;
    if (spans && (w.rank != count || w.dim[0] != 1))
        return onnx_shape_error(f->r, f->n, "'%s' does not have one row for all samples", in[0]->name);
    for (int64_t i = 0; i < f->out[0].n; i++, onnx_walk_next(&w)) onnx_fold_copy(&f->out[0], i, in[0], w.pos[0]);
    f->out[0].spans_batch = spans;
    return true;
}

bool onnx_fold_tile(onnx_fold *f) {
    const onnx_const *x = f->in[0];
    int64_t list[NH_MAX_RANK], dim[NH_MAX_RANK], at[NH_MAX_RANK] = {0};
    int count;
    if (!onnx_fold_ints(f, 1, list, &count)) return false;
    if (count != x->rank) return onnx_shape_error(f->r, f->n, "it has %d repeats for %d axes", count, x->rank);
    for (int k = 0; k < count; k++) {
        if (list[k] < 0 || (list[k] > 0 && x->dim[k] > INT64_MAX / list[k]))
            return onnx_shape_error(f->r, f->n, "an axis is repeated %lld times", (long long)list[k]);
        dim[k] = x->dim[k] * list[k];
    }
    if (!onnx_fold_make(f, 0, x->type, x->rank, dim, x->batch != NULL)) return false;
    for (int64_t i = 0; i < f->out[0].n; i++) {
        int64_t from = 0;
        for (int k = 0; k < x->rank; k++) from = from * x->dim[k] + at[k] % x->dim[k];
        onnx_fold_copy(&f->out[0], i, x, from);
        for (int k = x->rank - 1; k >= 0 && ++at[k] == dim[k]; k--) at[k] = 0;
    }
    return true;
}

bool onnx_fold_constant_of_shape(onnx_fold *f) {
    int64_t list[NH_MAX_RANK];
    int count;
    bool spans;
    double zero = 0;
    onnx_const value = {.type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, .n = 1, .real = &zero};
    const Onnx__AttributeProto *a = onnx_attr(f->n, "value");
    if (!onnx_fold_shape(f, 0, list, &count, &spans)) return false;
    if (a && (!a->t || !onnx_const_open(f->r, a->t, "value", &value) || !onnx_const_load(f->r, &value)))
        return a->t ? false : onnx_form(f->r, f->n, "the attribute 'value' is not a tensor");
    if (value.n != 1) return onnx_shape_error(f->r, f->n, "its value is not one number");
    if (!onnx_fold_make(f, 0, value.type, count, list, false)) return false;
    for (int64_t i = 0; i < f->out[0].n; i++) onnx_fold_copy(&f->out[0], i, &value, 0);
    f->out[0].spans_batch = spans;
    return true;
}

bool onnx_fold_range(onnx_fold *f) {
    double v[3];
    if (!onnx_fold_known(f)) return false;
    for (int i = 0; i < 3; i++) {
        if (f->in[i]->n != 1) return onnx_shape_error(f->r, f->n, "input %d is not one number", i + 1);
        if (f->in[i]->type != f->in[0]->type) return onnx_form(f->r, f->n, "its inputs have different data types");
        v[i] = f->in[i]->real ? f->in[i]->real[0] : (double)f->in[i]->integer[0];
    }
    double n = ceil((v[1] - v[0]) / v[2]);
    if (!(n <= 0x1p40)) return onnx_form(f->r, f->n, "it has no end: from %g to %g by %g", v[0], v[1], v[2]);
    int64_t count = n > 0 ? (int64_t)n : 0;
    if (!onnx_fold_make(f, 0, f->in[0]->type, 1, &count, false)) return false;
    for (int64_t i = 0; i < count; i++) {
        if (f->out[0].real)
            f->out[0].real[i] = onnx_round_to(f->out[0].type, v[0] + (double)i * v[2]);
        else
            f->out[0].integer[i] = f->in[0]->integer[0] + i * f->in[2]->integer[0];
    }
    return true;
}
