#include "onnx_model.h"

#include <math.h>
#include <string.h>

/* Stands in a requested shape for the size of the batch when the model leaves it open. */
static const int64_t OPEN_BATCH = INT64_MIN;

onnx_dims onnx_dims_of(const onnx_reader *r, const onnx_value *v) {
    onnx_dims d = {0};
    if (v->kind == VALUE_CONST) {
        d.rank = v->c.rank;
        memcpy(d.dim, v->c.dim, sizeof v->c.dim);
        if (v->c.spans_batch) d.dim[0] = ONNX_BATCH;
        return d;
    }
    nh_shape s = onnx_shape(r, v);
    if (!v->no_batch) d.dim[d.rank++] = ONNX_BATCH;
    memcpy(d.dim + d.rank, s.dim, (size_t)s.rank * sizeof *s.dim);
    d.rank += s.rank;
    return d;
}

/* Give an activation new dimensions, its elements in the same order: a RESHAPE layer. A batch of 1 may be
 * dropped and come back. */
static bool set_tensor_dims(onnx_reader *r, onnx_node *n, const onnx_value *x, onnx_dims d) {
    bool keeps = d.rank > 0 && d.dim[0] == ONNX_BATCH, one = r->batch == 1;
    for (int i = keeps ? 1 : 0; i < d.rank; i++) {
        if (d.dim[i] != ONNX_BATCH) continue;
        if (!one) return onnx_form(r, n, "it does not keep the batch as first dimension");
        d.dim[i] = 1;
    }
    keeps = keeps || (one && d.rank > 1 && d.dim[0] == 1);
    int first = keeps ? 1 : 0;
    nh_shape s = {.rank = d.rank - first};
    if ((!keeps && !one) || d.rank < 1) return onnx_form(r, n, "it does not keep the batch as first dimension");
    if (s.rank > NH_MAX_RANK) return onnx_shape_error(r, n, "the result has more than 8 dimensions");
    memcpy(s.dim, d.dim + first, (size_t)s.rank * sizeof *s.dim);
    if (!onnx_add_layer(r, n, (nh_layer){.op = NH_OP_RESHAPE}, x->tensor, s)) return false;
    r->value[n->out[0]].no_batch = !keeps;
    return true;
}

/* The same for a constant, which is only seen differently. */
static bool set_dims(onnx_reader *r, onnx_node *n, const onnx_value *x, onnx_dims d) {
    if (x->kind == VALUE_TENSOR) return set_tensor_dims(r, n, x, d);
    if (d.rank > NH_MAX_RANK) return onnx_shape_error(r, n, "the result has more than 8 dimensions");
    onnx_value *out = &r->value[n->out[0]];
    out->c = x->c;
    if (x->c.transposed && !onnx_const_load(r, &out->c)) return false;
    out->kind = VALUE_CONST;
    out->c.rank = d.rank;
    memcpy(out->c.dim, d.dim, sizeof out->c.dim);
    return true;
}

bool onnx_read_flatten(onnx_reader *r, onnx_node *n) {
    int64_t axis;
    const onnx_value *x = onnx_in(r, n, 0);
    if (!onnx_attr_int(r, n, "axis", 1, &axis)) return false;
    onnx_dims d = onnx_dims_of(r, x), out = {.rank = 2, .dim = {1, 1}};
    int64_t from = axis < 0 ? axis + d.rank : axis;
    if (from < 0 || from > d.rank) return onnx_shape_error(r, n, "there is no axis %lld", (long long)axis);
    for (int i = 0; i < d.rank; i++) {
        int64_t *to = &out.dim[i < from ? 0 : 1], dim = d.dim[i];
        if (dim == ONNX_BATCH && (r->batch != 1 || from > 0)) /* it may stand in front of dimensions of 1 */
            *to = i < from ? ONNX_BATCH : 0;
        else if (*to == ONNX_BATCH && dim != 1)
            *to = 0;
        else if (dim != ONNX_BATCH && *to != ONNX_BATCH)
            *to *= dim;
    }
    if (x->kind == VALUE_TENSOR && (out.dim[0] == 0 || out.dim[1] == 0))
        return onnx_form(r, n, "axis %lld does not keep the batch apart", (long long)axis);
    return set_dims(r, n, x, out);
}

/* The integers of a constant vector, at most `max` of them; false when reported. The size of an open batch stands
 * as OPEN_BATCH. */
static bool int_list(onnx_reader *r, const onnx_node *n, onnx_value *c, int max, int64_t *out, int *count) {
    if (c->c.rank > 1 || c->c.n > max)
        return onnx_shape_error(r, n, "'%s' is not a list of at most %d numbers", c->name, max);
    if (!onnx_const_load(r, &c->c)) return false;
    *count = (int)c->c.n;
    for (int i = 0; i < *count; i++) {
        double v = c->c.real ? c->c.real[i] : 0, k = c->c.batch ? c->c.batch[i] : 0;
        if (!(fabs(v) <= 0x1p53) || v != rint(v)) return onnx_form(r, n, "'%s' holds %g, not an integer", c->name, v);
        out[i] = c->c.real ? (int64_t)v : c->c.integer[i];
        if (k == 0) continue;
        if (k != 1 || out[i] != 0) {
            onnx_form(r, n, "'%s' holds %lld + %g times the size of the batch, which is not known", c->name,
                      (long long)out[i], k);
            nh_diag_hint(r->d, "keep the batch as first dimension, or export the model for a fixed batch of 1");
            return false;
        }
        out[i] = OPEN_BATCH;
    }
    return true;
}

/* The batch of a requested shape: 0 (copy), or the number the model declares; a symbolic batch may be 1. */
static bool names_batch(const onnx_reader *r, int64_t dim) {
    return dim == OPEN_BATCH || dim == 0 || dim == (r->batch ? r->batch : 1);
}

/* Fill the -1 at `hole`, so that the product of the others is n. */
static bool fill_hole(onnx_dims *d, int first, int hole, int64_t n) {
    int64_t rest = 1;
    for (int i = first; i < d->rank; i++) {
        if (i == hole) continue;
        if (d->dim[i] <= 0 || d->dim[i] > n / rest) return false;
        rest *= d->dim[i];
    }
    if (hole >= 0) d->dim[hole] = n / rest;
    return n == rest * (hole >= 0 ? d->dim[hole] : 1);
}

/* The shape asked for, with 0 and -1 resolved, for x of `size` elements per sample. */
static bool resolve(onnx_reader *r, const onnx_node *n, const onnx_value *x, onnx_dims *d, int64_t size) {
    onnx_dims from = onnx_dims_of(r, x);
    bool batched = x->kind == VALUE_TENSOR && !x->no_batch;
    int hole = -1, n_holes = 0;
    for (int i = 0; i < d->rank; i++) {
        if (d->dim[i] == -1) hole = i, n_holes++;
        if (d->dim[i] == 0 && (i > 0 || !batched)) d->dim[i] = i < from.rank ? from.dim[i] : 0;
    }
    if (n_holes > 1) return onnx_form(r, n, "the shape has more than one -1");
    if (batched && d->rank > 0 && (hole == 0 || names_batch(r, d->dim[0]))) {
        onnx_dims sample = *d;
        sample.dim[0] = ONNX_BATCH;
        if (fill_hole(&sample, 1, hole == 0 ? -1 : hole, size)) {
            *d = sample;
            return true;
        }
    } else if (batched && r->batch != 1) {
        return onnx_form(r, n, "it does not keep the batch as first dimension");
    }
    if (batched && d->rank > 0 && d->dim[0] == 0) d->dim[0] = r->batch;
    if ((!batched || r->batch == 1) && fill_hole(d, 0, hole, size)) return true;
    return onnx_shape_error(r, n, "'%s' has %lld elements per sample, which is not what the shape asks for", x->name,
                            (long long)size);
}

bool onnx_read_reshape(onnx_reader *r, onnx_node *n) {
    int64_t allow_zero;
    const onnx_value *x = onnx_in(r, n, 0);
    onnx_value *c = onnx_constant(r, n, 1, "the shape");
    onnx_dims d = {0};
    if (!c || !onnx_attr_int(r, n, "allowzero", 0, &allow_zero) || !int_list(r, n, c, ONNX_MAX_RANK, d.dim, &d.rank))
        return false;
    for (int i = 0; i < d.rank; i++)
        if ((d.dim[i] < -1 && d.dim[i] != OPEN_BATCH) || (d.dim[i] == 0 && allow_zero))
            return onnx_form(r, n, "the shape holds %lld", (long long)d.dim[i]);
    for (int i = 1; i < d.rank; i++)
        if (d.dim[i] == OPEN_BATCH) return onnx_form(r, n, "it does not keep the batch as first dimension");
    int64_t size = x->kind == VALUE_TENSOR ? nh_shape_size(onnx_shape(r, x)) : x->c.n;
    return resolve(r, n, x, &d, size) && set_dims(r, n, x, d);
}

/* The axes of Squeeze and Unsqueeze, an attribute up to operator set 12 and an input from 13 on, as a set of
 * bits of positions in a shape of `rank`. */
static bool axes(onnx_reader *r, const onnx_node *n, const int64_t *list, int count, int rank, unsigned *set) {
    *set = 0;
    for (int i = 0; i < count; i++) {
        int64_t axis = list[i] < 0 ? list[i] + rank : list[i];
        if (axis < 0 || axis >= rank) return onnx_shape_error(r, n, "there is no axis %lld", (long long)list[i]);
        if (*set & 1u << axis) return onnx_form(r, n, "axis %lld is named twice", (long long)list[i]);
        *set |= 1u << axis;
    }
    return true;
}

static bool axes_list(onnx_reader *r, const onnx_node *n, int64_t list[ONNX_MAX_RANK], int *count) {
    const int64_t *attr;
    if (!onnx_attr_ints(r, n, "axes", &attr, count)) return false;
    if (*count > ONNX_MAX_RANK) return onnx_form(r, n, "more than %d axes", (int)ONNX_MAX_RANK);
    if (*count >= 0) {
        for (int i = 0; i < *count; i++) list[i] = attr[i];
        return true;
    }
    if (!onnx_in(r, n, 1)) return true; /* *count is -1 */
    onnx_value *c = onnx_constant(r, n, 1, "axes");
    return c && int_list(r, n, c, ONNX_MAX_RANK, list, count);
}

bool onnx_read_squeeze(onnx_reader *r, onnx_node *n) {
    const onnx_value *x = onnx_in(r, n, 0);
    int64_t list[ONNX_MAX_RANK];
    int count;
    unsigned set;
    onnx_dims d = onnx_dims_of(r, x), out = {0};
    if (!axes_list(r, n, list, &count)) return false;
    if (count < 0) {
        if (x->kind == VALUE_TENSOR && !x->no_batch && r->batch != 1)
            return onnx_form(r, n, "without axes it could remove the batch");
        for (int64_t i = count = 0; i < d.rank; i++)
            if (d.dim[i] == 1 || d.dim[i] == ONNX_BATCH) list[count++] = i;
    }
    if (!axes(r, n, list, count, d.rank, &set)) return false;
    for (int i = 0; i < d.rank; i++) {
        if (!(set & 1u << i))
            out.dim[out.rank++] = d.dim[i];
        else if (d.dim[i] != 1 && !(d.dim[i] == ONNX_BATCH && r->batch == 1))
            return onnx_shape_error(r, n, "axis %d is the batch, or not 1", i);
    }
    return set_dims(r, n, x, out);
}

bool onnx_read_unsqueeze(onnx_reader *r, onnx_node *n) {
    const onnx_value *x = onnx_in(r, n, 0);
    int64_t list[ONNX_MAX_RANK];
    int count;
    unsigned set;
    onnx_dims d = onnx_dims_of(r, x), out = {0};
    if (!axes_list(r, n, list, &count)) return false;
    if (count < 0) return onnx_form(r, n, "it has no axes");
    out.rank = d.rank + count;
    if (out.rank > (x->kind == VALUE_TENSOR ? ONNX_MAX_RANK : NH_MAX_RANK))
        return onnx_shape_error(r, n, "the result has more than 8 dimensions");
    if (!axes(r, n, list, count, out.rank, &set)) return false;
    for (int i = 0, from = 0; i < out.rank; i++) out.dim[i] = set & 1u << i ? 1 : d.dim[from++];
    return set_dims(r, n, x, out);
}

/* A permutation that only moves dimensions of 1 is a reshape; a constant matrix may be transposed. */
/* The axes of a sample in another order; the batch stays in front. */
static bool transpose_tensor(onnx_reader *r, onnx_node *n, const onnx_value *x, const int64_t *perm) {
    int first = x->no_batch ? 0 : 1;
    nh_shape in = onnx_shape(r, x), out = in;
    nh_layer layer = {.op = NH_OP_TRANSPOSE};
    if (first && perm[0] != 0) return onnx_form(r, n, "it moves the batch from the first place");
    for (int k = 0; k < in.rank; k++) {
        layer.perm[k] = (int8_t)(perm[first + k] - first);
        out.dim[k] = in.dim[layer.perm[k]];
    }
    bool no_batch = x->no_batch;
    if (!onnx_add_layer(r, n, layer, x->tensor, out)) return false;
    r->value[n->out[0]].no_batch = no_batch;
    return true;
}

bool onnx_read_transpose(onnx_reader *r, onnx_node *n) {
    const onnx_value *x = onnx_in(r, n, 0);
    const int64_t *perm;
    int count;
    unsigned set;
    onnx_dims d = onnx_dims_of(r, x), out = {.rank = d.rank};
    int64_t last = -1, reversed[ONNX_MAX_RANK];
    for (int i = 0; i < d.rank; i++) reversed[i] = d.rank - 1 - i;
    if (!onnx_attr_ints(r, n, "perm", &perm, &count)) return false;
    if (count < 0) perm = reversed, count = d.rank;
    if (count != d.rank) return onnx_shape_error(r, n, "perm does not have %d entries", d.rank);
    if (!axes(r, n, perm, count, d.rank, &set)) return false;
    bool moves = false;
    for (int i = 0; i < d.rank; i++) {
        if (perm[i] < 0) return onnx_form(r, n, "perm holds %lld", (long long)perm[i]);
        out.dim[i] = d.dim[perm[i]];
        if (out.dim[i] == 1) continue;
        moves = moves || perm[i] < last;
        last = perm[i];
    }
    if (!moves) return set_dims(r, n, x, out);
    if (x->kind == VALUE_TENSOR) return transpose_tensor(r, n, x, perm);
    if (d.rank != 2) return onnx_form(r, n, "of constants, only matrices are transposed");
    onnx_value *to = &r->value[n->out[0]];
    to->kind = VALUE_CONST;
    to->c = x->c;
    to->c.dim[0] = x->c.dim[1];
    to->c.dim[1] = x->c.dim[0];
    to->c.transposed = !x->c.transposed;
    return true;
}

/* A constant from a list in an attribute. */
static bool set_list(onnx_reader *r, onnx_node *n, size_t count, bool scalar, const float *f, const int64_t *i) {
    onnx_value *out = &r->value[n->out[0]];
    int type = f ? ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT : ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    out->kind = VALUE_CONST;
    out->c = (onnx_const){.name = out->name, .type = type, .rank = scalar ? 0 : 1, .n = (int64_t)count};
    if (f)
        out->c.real = nh_arena_array(r->scratch, count, sizeof *out->c.real);
    else
        out->c.integer = nh_arena_array(r->scratch, count, sizeof *out->c.integer);
    for (size_t k = 0; k < count; k++) {
        if (f)
            out->c.real[k] = (double)f[k];
        else
            out->c.integer[k] = i[k];
    }
    out->c.dim[0] = (int64_t)count;
    return true;
}

bool onnx_read_constant(onnx_reader *r, onnx_node *n) {
    onnx_value *out = &r->value[n->out[0]];
    if (n->proto->n_attribute != 1) return onnx_form(r, n, "it does not have exactly one attribute");
    const Onnx__AttributeProto *a = n->proto->attribute[0];
    switch (a->type) {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
        if (!a->t) return onnx_form(r, n, "it has no value");
        if (!onnx_const_open(r, a->t, out->name, &out->c)) return false;
        out->kind = VALUE_CONST;
        return true;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT: return set_list(r, n, 1, true, &a->f, NULL);
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT: return set_list(r, n, 1, true, NULL, &a->i);
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS: return set_list(r, n, a->n_floats, false, a->floats, NULL);
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS: return set_list(r, n, a->n_ints, false, NULL, a->ints);
    default: return onnx_form(r, n, "the attribute '%s' is not a tensor or a list of numbers", a->name ? a->name : "");
    }
}
