/* The passes that change the graph and not its numbers: drop_identity, fold_batchnorm, append_argmax. */
#include "passes.h"

static bool drops(const nh_graph *g, const nh_layer *l) {
    if (l->op == NH_OP_IDENTITY) return true;
    return l->op == NH_OP_RESHAPE && nh_shape_equal(g->tensor[l->in[0]].shape, g->tensor[l->out].shape);
}

bool nh_pass_drop_identity(nh_graph *g, nh_diag *d) {
    for (int i = g->n_layer - 1; i >= 0; i--) {
        if (!drops(g, &g->layer[i])) continue;
        nh_report(d, NH_N_GRAPH, g->layer[i].at, "layer '%s': dropped, it changes nothing", g->layer[i].name);
        nh_diag_layer(d, g->layer[i].name);
        nh_graph_remove_layer(g, i);
    }
    return true;
}

/* --- batch normalisation
 * --------------------------------------------------------------------------------------------- */

/* A format given between the two layers is a rounding the user asked for; folding would lose it. */
static bool may_fold(const nh_graph *g, const nh_layer *dense, const nh_layer *bn) {
    if (dense->op != NH_OP_DENSE || dense->out == g->output || g->tensor[dense->out].n_consumers != 1)
        return false;
    return dense->opt.result.is_auto && bn->opt.weight.is_auto && bn->opt.bias.is_auto &&
           bn->opt.accum.is_auto;
}

/* w' = s w, b' = s b + t. */
static void fold(nh_graph *g, nh_layer *dense, const nh_layer *bn) {
    int64_t n_out = dense->weight->shape.dim[0], n_in = dense->weight->shape.dim[1];
    double *w = nh_arena_array(g->arena, (size_t)(n_out * n_in), sizeof *w);
    double *b = nh_arena_array(g->arena, (size_t)n_out, sizeof *b);
    nh_axis axis = nh_layer_axis(g, bn);
    for (int64_t o = 0; o < n_out; o++) {
        int64_t c = nh_channel_of(axis, o);
        double s = bn->weight->value[c], t = bn->bias ? bn->bias->value[c] : 0;
        const double *from = dense->weight->value + o * n_in;
        for (int64_t i = 0; i < n_in; i++)
            w[o * n_in + i] = s * from[i];
        b[o] = (dense->bias ? s * dense->bias->value[o] : 0) + t;
    }
    nh_param *weight = NH_NEW(g->arena, nh_param), *bias = NH_NEW(g->arena, nh_param);
    *weight = *dense->weight;
    weight->value = w;
    *bias = dense->bias ? *dense->bias : (nh_param){.name = "bias", .at = bn->at, .shape = {1, {n_out}}};
    bias->value = b;
    dense->weight = weight;
    dense->bias = bias;
    dense->opt.result = bn->opt.result;
    dense->opt.result_bits = bn->opt.result_bits;
}

bool nh_pass_fold_batchnorm(nh_graph *g, nh_diag *d) {
    for (int i = g->n_layer - 1; i > 0; i--) {
        nh_layer *bn = &g->layer[i];
        if (bn->op != NH_OP_BATCHNORM) continue;
        nh_layer *before = &g->layer[g->tensor[bn->in[0]].producer];
        if (!may_fold(g, before, bn)) {
            nh_report(d, NH_N_GRAPH, bn->at,
                      "layer '%s': stays a layer of its own; it is not after a dense layer that feeds it "
                      "alone, with formats "
                      "left to auto",
                      bn->name);
            nh_diag_layer(d, bn->name);
            continue;
        }
        fold(g, before, bn);
        nh_report(d, NH_N_GRAPH, bn->at, "layer '%s': folded into '%s', whose result takes its options",
                  bn->name, before->name);
        nh_diag_layer(d, bn->name);
        nh_graph_remove_layer(g, i);
    }
    return true;
}

/* --- argmax
 * ------------------------------------------------------------------------------------------------------------
 */

static const char *free_name(nh_graph *g) {
    const char *name = "argmax";
    for (int k = 2; nh_graph_find(g, name) >= 0; k++)
        name = nh_arena_printf(g->arena, "argmax_%d", k);
    return name;
}

/* argmax(softmax(x)) = argmax(x) along the same axis, so a softmax at the end is not built. */
static void drop_softmax(nh_graph *g, nh_diag *d) {
    int last = g->tensor[g->output].producer;
    nh_layer *l = &g->layer[last];
    if (l->op != NH_OP_SOFTMAX || g->tensor[l->out].n_consumers > 0) return;
    if (l->n_axes != 1 || l->axis != g->tensor[l->out].shape.rank - 1) return;
    nh_report(d, NH_N_GRAPH, l->at,
              "layer '%s': left out, the largest input of a softmax is its largest output", l->name);
    nh_diag_layer(d, l->name);
    nh_graph_remove_layer(g, last);
}

bool nh_pass_append_argmax(nh_graph *g, const nh_options *o, nh_diag *d) {
    if (o->output != NH_OUTPUT_ARGMAX || g->layer[g->tensor[g->output].producer].op == NH_OP_ARGMAX)
        return true;
    drop_softmax(g, d);
    nh_layer argmax = {
        .name = free_name(g), .op = NH_OP_ARGMAX, .n_in = 1, .in = {g->output}, .opt = o->defaults};
    argmax.at = g->layer[g->tensor[g->output].producer].at;
    argmax.opt.result = (nh_format_request){.is_auto = true};
    if (!(nh_op_get(NH_OP_ARGMAX)->strategies & argmax.opt.strategy))
        argmax.opt.strategy = NH_STRATEGY_LATENCY;
    nh_shape shape = g->tensor[g->output].shape;
    if (shape.rank > 0) {
        argmax.axis = shape.rank - 1;
        argmax.n_axes = 1;
        shape.dim[argmax.axis] = 1;
    }
    argmax.out = nh_graph_add_tensor(g, argmax.name, shape, NH_EDGE_FRAME);
    g->output = argmax.out;
    nh_graph_add_layer(g, argmax);
    nh_report(d, NH_N_GRAPH, argmax.at, "layer '%s': added, the output is the index of the largest value",
              argmax.name);
    nh_diag_layer(d, argmax.name);
    return true;
}
