#include "fold.h"

#include <string.h>

static bool fold_shape(onnx_fold *f);

/* The operators that are computed when all their inputs are constant; a new one is one row. */
static const onnx_fold_row rows[] = {
    {"Abs", 1, 1, "", onnx_fold_unary, FOLD_ABS},
    {"Add", 2, 2, "", onnx_fold_binary, FOLD_ADD},
    {"And", 2, 2, "", onnx_fold_binary, FOLD_AND},
    {"BatchNormalization", 5, 5, "epsilon momentum spatial training_mode", onnx_fold_batchnorm, 0},
    {"Cast", 1, 1, "to saturate round_mode", onnx_fold_cast, 0},
    {"CastLike", 2, 2, "saturate round_mode", onnx_fold_cast, 1},
    {"Ceil", 1, 1, "", onnx_fold_unary, FOLD_CEIL},
    {"Clip", 1, 3, "min max", onnx_fold_clip, 0},
    {"Concat", 1, 1 << 20, "axis", onnx_fold_concat, 0},
    {"ConstantOfShape", 1, 1, "value", onnx_fold_constant_of_shape, 0},
    {"Cos", 1, 1, "", onnx_fold_unary, FOLD_COS},
    {"DequantizeLinear", 2, 3, "axis block_size output_dtype", onnx_fold_dequantize, 0},
    {"Div", 2, 2, "", onnx_fold_binary, FOLD_DIV},
    {"Elu", 1, 1, "alpha", onnx_fold_unary, FOLD_ELU},
    {"Equal", 2, 2, "", onnx_fold_binary, FOLD_EQUAL},
    {"Erf", 1, 1, "", onnx_fold_unary, FOLD_ERF},
    {"Exp", 1, 1, "", onnx_fold_unary, FOLD_EXP},
    {"Expand", 2, 2, "", onnx_fold_expand, 0},
    {"Floor", 1, 1, "", onnx_fold_unary, FOLD_FLOOR},
    {"Gather", 2, 2, "axis", onnx_fold_gather, 0},
    {"Gelu", 1, 1, "approximate", onnx_fold_unary, FOLD_GELU},
    {"Gemm", 2, 3, "alpha beta transA transB", onnx_fold_gemm, 0},
    {"Greater", 2, 2, "", onnx_fold_binary, FOLD_GREATER},
    {"GreaterOrEqual", 2, 2, "", onnx_fold_binary, FOLD_GREATER_EQUAL},
    {"HardSigmoid", 1, 1, "alpha beta", onnx_fold_unary, FOLD_HARD_SIGMOID},
    {"HardSwish", 1, 1, "", onnx_fold_unary, FOLD_HARD_SWISH},
    {"LeakyRelu", 1, 1, "alpha", onnx_fold_unary, FOLD_LEAKY_RELU},
    {"Less", 2, 2, "", onnx_fold_binary, FOLD_LESS},
    {"LessOrEqual", 2, 2, "", onnx_fold_binary, FOLD_LESS_EQUAL},
    {"Log", 1, 1, "", onnx_fold_unary, FOLD_LOG},
    {"LogSoftmax", 1, 1, "axis", onnx_fold_softmax, 1},
    {"MatMul", 2, 2, "", onnx_fold_matmul, 0},
    {"Max", 1, 1 << 20, "", onnx_fold_variadic, FOLD_MAX},
    {"Mean", 1, 1 << 20, "", onnx_fold_variadic, FOLD_MEAN},
    {"Min", 1, 1 << 20, "", onnx_fold_variadic, FOLD_MIN},
    {"Mod", 2, 2, "fmod", onnx_fold_binary, FOLD_MOD},
    {"Mul", 2, 2, "", onnx_fold_binary, FOLD_MUL},
    {"Neg", 1, 1, "", onnx_fold_unary, FOLD_NEG},
    {"Not", 1, 1, "", onnx_fold_unary, FOLD_NOT},
    {"Or", 2, 2, "", onnx_fold_binary, FOLD_OR},
    {"PRelu", 2, 2, "", onnx_fold_binary, FOLD_PRELU},
    {"Pow", 2, 2, "", onnx_fold_binary, FOLD_POW},
    {"QuantizeLinear", 2, 3, "axis saturate block_size output_dtype precision", onnx_fold_quantize, 0},
    {"Range", 3, 3, "", onnx_fold_range, 0},
    {"Reciprocal", 1, 1, "", onnx_fold_unary, FOLD_RECIPROCAL},
    {"ReduceL1", 1, 2, "axes keepdims noop_with_empty_axes", onnx_fold_reduce, FOLD_L1},
    {"ReduceL2", 1, 2, "axes keepdims noop_with_empty_axes", onnx_fold_reduce, FOLD_L2},
    {"ReduceMax", 1, 2, "axes keepdims noop_with_empty_axes", onnx_fold_reduce, FOLD_MAX},
    {"ReduceMean", 1, 2, "axes keepdims noop_with_empty_axes", onnx_fold_reduce, FOLD_MEAN},
    {"ReduceMin", 1, 2, "axes keepdims noop_with_empty_axes", onnx_fold_reduce, FOLD_MIN},
    {"ReduceProd", 1, 2, "axes keepdims noop_with_empty_axes", onnx_fold_reduce, FOLD_PROD},
    {"ReduceSum", 1, 2, "axes keepdims noop_with_empty_axes", onnx_fold_reduce, FOLD_SUM},
    {"ReduceSumSquare", 1, 2, "axes keepdims noop_with_empty_axes", onnx_fold_reduce, FOLD_SQUARES},
    {"Relu", 1, 1, "", onnx_fold_unary, FOLD_RELU},
    {"Round", 1, 1, "", onnx_fold_unary, FOLD_ROUND},
    {"Selu", 1, 1, "alpha gamma", onnx_fold_unary, FOLD_SELU},
    {"Shape", 1, 1, "start end", fold_shape, 0},
    {"Sigmoid", 1, 1, "", onnx_fold_unary, FOLD_SIGMOID},
    {"Sign", 1, 1, "", onnx_fold_unary, FOLD_SIGN},
    {"Sin", 1, 1, "", onnx_fold_unary, FOLD_SIN},
    {"Size", 1, 1, "", fold_shape, 1},
    {"Slice", 1, 5, "axes ends starts", onnx_fold_slice, 0},
    {"Softmax", 1, 1, "axis", onnx_fold_softmax, 0},
    {"Softplus", 1, 1, "", onnx_fold_unary, FOLD_SOFTPLUS},
    {"Softsign", 1, 1, "", onnx_fold_unary, FOLD_SOFTSIGN},
    {"Split", 1, 2, "axis split num_outputs", onnx_fold_split, 0},
    {"Sqrt", 1, 1, "", onnx_fold_unary, FOLD_SQRT},
    {"Sub", 2, 2, "", onnx_fold_binary, FOLD_SUB},
    {"Sum", 1, 1 << 20, "", onnx_fold_variadic, FOLD_ADD},
    {"Tanh", 1, 1, "", onnx_fold_unary, FOLD_TANH},
    {"Tile", 2, 2, "", onnx_fold_tile, 0},
    {"Transpose", 1, 1, "perm", onnx_fold_transpose, 0},
    {"Where", 3, 3, "", onnx_fold_where, 0},
    {"Xor", 2, 2, "", onnx_fold_binary, FOLD_XOR},
};

const onnx_fold_row *onnx_fold_find(const onnx_node *n) {
    const char *domain = n->proto->domain, *op = n->proto->op_type;
    if (!op || (domain && *domain && strcmp(domain, "ai.onnx") != 0)) return NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].op, op) == 0) return &rows[i];
    return NULL;
}

bool onnx_fold_applies(onnx_reader *r, const onnx_node *n, const onnx_fold_row *row) {
    bool any = false;
    for (int i = 0; i < n->n_in; i++) {
        const onnx_value *v = onnx_in(r, n, i);
        any = any || v;
        if (v && v->kind != VALUE_CONST) return row->fn == fold_shape;
    }
    /* A transposed matrix is not copied: see onnx_read_transpose. */
    return any && !(row->fn == onnx_fold_transpose && onnx_in(r, n, 0) && onnx_in(r, n, 0)->c.rank <= 2);
}

/* Constants with a row per sample may be computed with element by element, as long as the samples stay the first axis.
 */
static bool span_result(onnx_fold *f, const onnx_fold_row *row) {
    bool by_element = row->fn == onnx_fold_unary || row->fn == onnx_fold_binary || row->fn == onnx_fold_variadic ||
                      row->fn == onnx_fold_where || row->fn == onnx_fold_clip || row->fn == onnx_fold_cast;
    for (int i = 0; i < f->n_in && row->fn != fold_shape; i++) {
        if (!f->in[i] || !f->in[i]->spans_batch) continue;
        if (!by_element || f->in[i]->rank != f->out[0].rank || f->out[0].dim[0] != 1)
            return onnx_spans_batch(f->r, f->n, f->in[i]->name);
        f->out[0].spans_batch = true;
    }
    return true;
}

bool onnx_fold_node(onnx_reader *r, onnx_node *n, const onnx_fold_row *row) {
    onnx_fold f = {.r = r, .n = n, .n_in = n->n_in, .code = row->code};
    if (!onnx_well_formed(r, n, row->min_in, row->max_in, row->attributes)) return false;
    f.in = nh_arena_alloc(r->scratch, ((size_t)n->n_in + 1) * sizeof *f.in);
    f.out = nh_arena_alloc(r->scratch, (size_t)n->n_out * sizeof *f.out);
    for (int i = 0; i < n->n_in; i++) {
        onnx_value *v = onnx_in(r, n, i);
        if (!v || v->kind != VALUE_CONST) continue;
        f.in[i] = &v->c;
        if (row->fn != fold_shape && !onnx_const_load(r, f.in[i])) return false;
    }
    if (!row->fn(&f) || !span_result(&f, row)) return false;
    for (int k = 0; k < n->n_out; k++) {
        if (n->out[k] < 0 || (!f.out[k].real && !f.out[k].integer)) continue;
        onnx_value *v = &r->value[n->out[k]];
        v->kind = VALUE_CONST;
        v->c = f.out[k];
        v->c.name = v->name;
    }
    return true;
}

static bool spent(onnx_fold *f, const char *what) {
    nh_report(f->r->d, NH_M_LIMIT, f->n->at, "%s: computing the constants of the model takes too %s",
              f->n->proto->op_type, what);
    nh_diag_hint(f->r->d, "export the model with its constants folded, e.g. with onnxsim");
    return false;
}

bool onnx_fold_make(onnx_fold *f, int k, int type, int rank, const int64_t *dim, bool has_batch) {
    onnx_const *out = &f->out[k];
    *out = (onnx_const){.type = type, .rank = rank, .n = 1};
    if (rank > NH_MAX_RANK) return onnx_shape_error(f->r, f->n, "the result has more than 8 dimensions");
    for (int i = 0; i < rank; i++) {
        if (dim[i] < 0) return onnx_shape_error(f->r, f->n, "the result has a negative dimension");
        if (dim[i] > 0 && out->n > f->r->fold_left / dim[i]) return spent(f, "much memory");
        out->dim[i] = dim[i];
        out->n *= dim[i];
    }
    if (out->n > f->r->fold_left) return spent(f, "much memory");
    f->r->fold_left -= out->n;
    if (onnx_type_is_real(type))
        out->real = nh_arena_array(f->r->scratch, (size_t)out->n, sizeof *out->real);
    else
        out->integer = nh_arena_array(f->r->scratch, (size_t)out->n, sizeof *out->integer);
    if (has_batch) out->batch = nh_arena_array(f->r->scratch, (size_t)out->n, sizeof *out->batch);
    return true;
}

bool onnx_fold_work(onnx_fold *f, int64_t size) {
    if (size > f->r->work_left) return spent(f, "long");
    f->r->work_left -= size;
    return true;
}

void onnx_fold_copy(onnx_const *out, int64_t to, const onnx_const *c, int64_t from) {
    if (out->real)
        out->real[to] = c->real[from];
    else
        out->integer[to] = c->integer[from];
    if (c->batch) out->batch[to] = c->batch[from];
}

bool onnx_fold_known_input(onnx_fold *f, int i) {
    const onnx_const *c = i < f->n_in ? f->in[i] : NULL;
    for (int64_t k = 0; c && c->batch && k < c->n; k++) {
        if (c->batch[k] == 0) continue;
        onnx_form(f->r, f->n, "'%s' depends on the size of the batch, which is not known", c->name);
        nh_diag_hint(
            f->r->d,
            "export the model for a fixed batch of 1, or without a shape that is computed: torch.flatten(x, 1)");
        return false;
    }
    return true;
}

bool onnx_fold_known(onnx_fold *f) {
    for (int i = 0; i < f->n_in; i++)
        if (!onnx_fold_known_input(f, i)) return false;
    return true;
}

bool onnx_fold_ints(onnx_fold *f, int i, int64_t *list, int *count) {
    const onnx_const *c = i < f->n_in ? f->in[i] : NULL;
    *count = -1;
    if (!c) return true;
    if (!c->integer || c->rank > 1 || c->n > NH_MAX_RANK)
        return onnx_shape_error(f->r, f->n, "'%s' is not a list of at most 8 integers", c->name);
    if (!onnx_fold_known_input(f, i)) return false;
    *count = (int)c->n;
    memcpy(list, c->integer, (size_t)c->n * sizeof *list);
    return true;
}

bool onnx_fold_shape(onnx_fold *f, int i, int64_t *list, int *count, bool *spans) {
    const onnx_const *c = f->in[i];
    *spans = c->integer && c->rank == 1 && c->n > 0 && c->batch && c->batch[0] == 1 && c->integer[0] == 0;
    if (!*spans) return onnx_fold_ints(f, i, list, count);
    onnx_const rest = *c; /* the batch is put aside while the list is checked */
    rest.batch = nh_arena_array(f->r->scratch, (size_t)c->n, sizeof *rest.batch);
    memcpy(rest.batch, c->batch, (size_t)c->n * sizeof *rest.batch);
    rest.batch[0] = 0;
    f->in[i] = &rest;
    bool ok = onnx_fold_ints(f, i, list, count);
    f->in[i] = (onnx_const *)c;
    list[0] = 1;
    return ok;
}

bool onnx_fold_axes(onnx_fold *f, int i, const char *attribute, int64_t *list, int *count) {
    const int64_t *attr;
    if (!onnx_fold_ints(f, i, list, count)) return false;
    if (*count >= 0) return true;
    if (!onnx_attr_ints(f->r, f->n, attribute, &attr, count)) return false;
    if (*count > NH_MAX_RANK) return onnx_form(f->r, f->n, "%s has more than 8 entries", attribute);
    for (int k = 0; k < *count; k++) list[k] = attr[k];
    return true;
}

bool onnx_fold_axis(onnx_fold *f, int64_t *axis, int rank) {
    if (*axis < -rank || *axis >= rank) return onnx_shape_error(f->r, f->n, "there is no axis %lld", (long long)*axis);
    if (*axis < 0) *axis += rank;
    return true;
}

bool onnx_walk_start(onnx_fold *f, onnx_walk *w, const onnx_const *const *in, int n) {
    *w = (onnx_walk){.n = n};
    for (int i = 0; i < n; i++)
        if (in[i]->rank > w->rank) w->rank = in[i]->rank;
    for (int k = 0; k < w->rank; k++) {
        w->dim[k] = 1;
        for (int i = 0; i < n; i++) {
            int own = k - (w->rank - in[i]->rank);
            int64_t dim = own < 0 ? 1 : in[i]->dim[own];
            if (dim == 1) continue;
            if (w->dim[k] != 1 && w->dim[k] != dim)
                return onnx_shape_error(f->r, f->n, "its inputs have %lld and %lld elements along one axis",
                                        (long long)w->dim[k], (long long)dim);
            w->dim[k] = dim;
        }
    }
    for (int i = 0; i < n; i++) {
        int64_t step = 1;
        /* The dimensions that Expand asks for may be absurd: such a step is never taken, onnx_fold_make refuses them.
         */
        for (int own = in[i]->rank - 1; own >= 0; step = (int64_t)((uint64_t)step * (uint64_t)in[i]->dim[own--]))
            w->step[i][own + w->rank - in[i]->rank] = in[i]->dim[own] == 1 ? 0 : step;
    }
    return true;
}

void onnx_walk_next(onnx_walk *w) {
    for (int k = w->rank - 1; k >= 0; k--) {
        for (int i = 0; i < w->n; i++) w->pos[i] += w->step[i][k];
        if (++w->at[k] < w->dim[k]) return;
        w->at[k] = 0;
        for (int i = 0; i < w->n; i++) w->pos[i] -= w->dim[k] * w->step[i][k];
    }
}

/* Shape and Size, of constants and of activations; the batch of an activation may be open. */
static bool fold_shape(onnx_fold *f) {
    onnx_dims d = onnx_dims_of(f->r, onnx_in(f->r, f->n, 0));
    int64_t start, end, rank = d.rank, n = 1;
    if (!onnx_attr_int(f->r, f->n, "start", 0, &start) || !onnx_attr_int(f->r, f->n, "end", rank, &end)) return false;
    bool open = d.rank > 0 && d.dim[0] == ONNX_BATCH && f->r->batch == 0;
    if (d.rank > 0 && d.dim[0] == ONNX_BATCH) d.dim[0] = open ? 0 : f->r->batch;
    if (f->code == 1) {
        for (int i = open ? 1 : 0; i < d.rank; i++) n *= d.dim[i];
        if (!onnx_fold_make(f, 0, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 0, NULL, open)) return false;
        f->out[0].integer[0] = open ? 0 : n;
        if (open) f->out[0].batch[0] = (double)n;
        return true;
    }
    start = start < 0 ? (start + rank < 0 ? 0 : start + rank) : start > rank ? rank : start;
    end = end < 0 ? end + rank : end > rank ? rank : end;
    n = end > start ? end - start : 0;
    if (!onnx_fold_make(f, 0, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 1, &n, open)) return false;
    for (int64_t i = 0; i < n; i++) f->out[0].integer[i] = d.dim[start + i];
    if (open && start == 0 && n > 0) f->out[0].batch[0] = 1;
    return true;
}
