/* y = s x + t, in one place: chains of batch norms (Sub, Div, Mul, Add of constants, BatchNormalization) become one
 * layer, which moves into the weighted layer before it, or, where it only scales, into the one behind it. The function
 * of the network stays the same, and no result between the layers of a chain is rounded. */
#include "passes.h"

#include <string.h>

/* s and t along axes of a tensor: s[nh_channel_of(nh_axis_of(shape, axis, n_axes), element)]. */
typedef struct {
    nh_shape shape;
    int axis, n_axes;
    const double *s, *t; /* t NULL: 0 */
} affine;

static affine affine_of(const nh_graph *g, const nh_layer *l) {
    return (affine){g->tensor[l->in[0]].shape, l->axis, l->n_axes, l->weight->value, l->bias ? l->bias->value : NULL};
}

static nh_axis view(affine m) { return nh_axis_of(m.shape, m.axis, m.n_axes); }

/* The values v of m for the longer run of axes axis .. axis + n_axes - 1. */
static double *widen(nh_arena *a, affine m, const double *v, int axis, int n_axes) {
    nh_axis wide = nh_axis_of(m.shape, axis, n_axes), own = view(m);
    double *out = nh_arena_array(a, (size_t)wide.n, sizeof *out);
    for (int64_t i = 0; i < wide.n; i++) out[i] = v ? v[nh_channel_of(own, i * wide.inner)] : 0;
    return out;
}

/* m on a tensor of another shape that has the same elements in the same order. */
static affine reshaped(nh_arena *a, affine m, nh_shape shape) {
    if (nh_shape_equal(m.shape, shape)) return m;
    affine all = {.shape = shape, .axis = 0, .n_axes = m.n_axes ? shape.rank : 0};
    int n_axes = m.n_axes ? m.shape.rank : 0;
    all.s = widen(a, m, m.s, 0, n_axes);
    all.t = widen(a, m, m.t, 0, n_axes);
    return all;
}

static int least(int a, int b) { return a < b ? a : b; }
static int most(int a, int b) { return a > b ? a : b; }

/* second(first(x)) on one shape. */
static affine composed(nh_arena *a, affine first, affine second) {
    affine m = second;
    int end = second.axis + second.n_axes;
    if (first.n_axes && second.n_axes) {
        m.axis = least(first.axis, second.axis);
        end = most(first.axis + first.n_axes, end);
    } else if (first.n_axes) {
        m.axis = first.axis;
        end = first.axis + first.n_axes;
    }
    m.n_axes = end - m.axis;
    double *s = widen(a, second, second.s, m.axis, m.n_axes), *t = widen(a, second, second.t, m.axis, m.n_axes);
    const double *s1 = widen(a, first, first.s, m.axis, m.n_axes), *t1 = widen(a, first, first.t, m.axis, m.n_axes);
    for (int64_t i = 0; i < view(m).n; i++) {
        t[i] += s[i] * t1[i];
        s[i] *= s1[i];
    }
    m.s = s;
    m.t = t;
    return m;
}

static nh_param *with_values(nh_arena *a, const nh_param *from, const char *name, nh_loc at, nh_shape shape,
                             const double *value) {
    nh_param *p = NH_NEW(a, nh_param);
    *p = from ? *from : (nh_param){.name = name, .at = at};
    p->shape = shape;
    p->value = value;
    return p;
}

static void set_affine(nh_graph *g, nh_layer *l, affine m) {
    nh_shape n = {1, {view(m).n}};
    l->axis = m.axis;
    l->n_axes = m.n_axes;
    l->weight = with_values(g->arena, l->weight, "scale", l->at, n, m.s);
    l->bias = with_values(g->arena, l->bias, "offset", l->at, n, m.t);
}

/* A format that the user gave is a rounding that was asked for: what has one stays. */
static bool has_auto_parameters(const nh_layer *l) {
    return l->opt.weight.is_auto && l->opt.bias.is_auto && l->opt.accum.is_auto;
}

static void say_folded(nh_graph *g, nh_diag *d, const nh_layer *gone, const nh_layer *into, const char *whose) {
    nh_report(d, NH_N_GRAPH, gone->at, "layer '%s': folded into '%s', whose result takes %s options", gone->name,
              into->name, whose);
    nh_diag_layer(d, gone->name);
    nh_graph_remove_layer(g, (int)(gone - g->layer));
}

/* The batch norm before `l`, reshapes between, moves into it. */
static bool merge_chain(nh_graph *g, nh_layer *l, nh_diag *d) {
    nh_layer *before = nh_graph_source_behind_reshapes(g, l, 0);
    if (!before || before->op != NH_OP_BATCHNORM) return false;
    if (!has_auto_parameters(before) || !before->opt.result.is_auto || !has_auto_parameters(l)) return false;
    affine second = affine_of(g, l);
    set_affine(g, l, composed(g->arena, reshaped(g->arena, affine_of(g, before), second.shape), second));
    say_folded(g, d, before, l, "its own");
    return true;
}

/* Can the constants of bn be those of the rows of the weighted layer before it? Of a convolution a row is a channel,
 * the first axis of its image. */
static bool is_per_row(const nh_graph *g, const nh_layer *weighted, const nh_layer *bn) {
    if (weighted->op == NH_OP_DENSE) return true;
    return weighted->op == NH_OP_CONV && bn->in[0] == weighted->out &&
           (bn->n_axes == 0 || (bn->axis == 0 && bn->n_axes == 1 && g->tensor[bn->out].shape.rank > 1));
}

/* w' = s w, b' = s b + t: rows of the dense layer or convolution before it. */
static bool fold_back(nh_graph *g, nh_layer *bn, nh_diag *d) {
    nh_layer *dense = nh_graph_source_behind_reshapes(g, bn, 0);
    if (!dense || !is_per_row(g, dense, bn) || !dense->opt.result.is_auto || !has_auto_parameters(bn)) return false;
    int64_t n_out = dense->weight->shape.dim[0], n_in = nh_shape_size(dense->weight->shape) / n_out,
            of_row = nh_shape_size(g->tensor[dense->out].shape) / n_out;
    double *w = nh_arena_array(g->arena, (size_t)(n_out * n_in), sizeof *w),
           *b = nh_arena_array(g->arena, (size_t)n_out, sizeof *b);
    nh_axis axis = nh_layer_axis(g, bn);
    for (int64_t o = 0; o < n_out; o++) {
        int64_t c = nh_channel_of(axis, o * of_row);
        double s = bn->weight->value[c], t = bn->bias ? bn->bias->value[c] : 0;
        for (int64_t i = o * n_in; i < (o + 1) * n_in; i++) w[i] = s * dense->weight->value[i];
        b[o] = (dense->bias ? s * dense->bias->value[o] : 0) + t;
    }
    dense->weight = with_values(g->arena, dense->weight, NULL, dense->at, dense->weight->shape, w);
    dense->bias = with_values(g->arena, dense->bias, "bias", bn->at, (nh_shape){1, {n_out}}, b);
    dense->opt.result = bn->opt.result;
    dense->opt.result_bits = bn->opt.result_bits;
    say_folded(g, d, bn, dense, "its");
    return true;
}

static bool is_scaling(const nh_layer *bn) {
    int64_t n = nh_shape_size(bn->weight->shape);
    const double *s = bn->weight->value, *t = bn->bias ? bn->bias->value : NULL;
    for (int64_t i = 0; i < n; i++)
        if (s[i] < s[0] || s[i] > s[0] || (t && (t[i] < 0 || t[i] > 0))) return false;
    return s[0] < 0 || s[0] > 0;
}

/* w' = s w: one factor for all inputs of the dense layer behind it changes no weight's precision. Different factors
 * would give the columns of a matrix with one format different precisions, and an offset would make large sums that
 * cancel: those stay in front. */
static bool fold_forward(nh_graph *g, nh_layer *dense, nh_diag *d) {
    nh_layer *bn = nh_graph_source_behind_reshapes(g, dense, 0);
    if (!bn || bn->op != NH_OP_BATCHNORM || !is_scaling(bn)) return false;
    if (!has_auto_parameters(bn) || !bn->opt.result.is_auto || !dense->opt.weight.is_auto) return false;
    int64_t n = nh_shape_size(dense->weight->shape);
    double *w = nh_arena_array(g->arena, (size_t)n, sizeof *w);
    for (int64_t i = 0; i < n; i++) w[i] = bn->weight->value[0] * dense->weight->value[i];
    dense->weight = with_values(g->arena, dense->weight, NULL, dense->at, dense->weight->shape, w);
    say_folded(g, d, bn, dense, "its own");
    return true;
}

typedef bool fold_fn(nh_graph *g, nh_layer *l, nh_diag *d);

/* Every fold takes one layer out, so the walk begins anew behind it. */
static void fold_all(nh_graph *g, nh_diag *d, nh_op op, fold_fn *fold) {
    for (int i = g->n_layer - 1; i > 0; i--)
        if (g->layer[i].op == op && fold(g, &g->layer[i], d)) i = g->n_layer;
}

bool nh_pass_fold_affine(nh_graph *g, nh_diag *d) {
    fold_all(g, d, NH_OP_BATCHNORM, merge_chain);
    fold_all(g, d, NH_OP_BATCHNORM, fold_back);
    fold_all(g, d, NH_OP_DENSE, fold_forward);
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        if (l->op != NH_OP_BATCHNORM) continue;
        nh_report(d, NH_N_GRAPH, l->at, "layer '%s': stays a layer of its own", l->name);
        nh_diag_layer(d, l->name);
        nh_diag_hint(
            d, "it is folded behind a dense layer or convolution that feeds it alone, or in front of one where it only "
               "scales, with formats left to auto");
    }
    return true;
}
