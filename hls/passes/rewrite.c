/* The passes that change the graph and not its numbers: drop_identity, append_argmax. */
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

/* --- argmax
 * ------------------------------------------------------------------------------------------------------------
 */

static const char *free_name(nh_graph *g) {
    const char *name = "argmax";
    for (int k = 2; nh_graph_find(g, name) >= 0; k++) name = nh_arena_printf(g->arena, "argmax_%d", k);
    return name;
}

/* argmax(softmax(x)) = argmax(x) along the same axis, so a softmax at the end is not built. */
static void drop_softmax(nh_graph *g, nh_diag *d) {
    int last = g->tensor[g->output].producer;
    nh_layer *l = &g->layer[last];
    if (l->op != NH_OP_SOFTMAX || g->tensor[l->out].n_consumers > 0) return;
    if (l->n_axes != 1 || l->axis != g->tensor[l->out].shape.rank - 1) return;
    nh_report(d, NH_N_GRAPH, l->at, "layer '%s': left out, the largest input of a softmax is its largest output",
              l->name);
    nh_diag_layer(d, l->name);
    nh_graph_remove_layer(g, last);
}

/* The class of a sample of several steps is decided by spiking: readout. */
bool nh_pass_append_argmax(nh_graph *g, const nh_options *o, nh_diag *d) {
    if (nh_graph_has_steps(g)) return true;
    if (o->output != NH_OUTPUT_ARGMAX || g->layer[g->tensor[g->output].producer].op == NH_OP_ARGMAX) return true;
    drop_softmax(g, d);
    nh_layer argmax = {.name = free_name(g), .op = NH_OP_ARGMAX, .n_in = 1, .in = {g->output}, .opt = o->defaults};
    argmax.at = g->layer[g->tensor[g->output].producer].at;
    argmax.opt.result = (nh_format_request){.is_auto = true};
    if (!(nh_op_get(NH_OP_ARGMAX)->strategies & argmax.opt.strategy)) argmax.opt.strategy = NH_STRATEGY_LATENCY;
    nh_shape shape = g->tensor[g->output].shape;
    if (shape.rank > 0) {
        argmax.axis = shape.rank - 1;
        argmax.n_axes = 1;
        shape.dim[argmax.axis] = 1;
    }
    argmax.out = nh_graph_add_tensor(g, argmax.name, shape, NH_EDGE_FRAME);
    g->output = argmax.out;
    nh_graph_add_layer(g, argmax);
    nh_report(d, NH_N_GRAPH, argmax.at, "layer '%s': added, the output is the index of the largest value", argmax.name);
    nh_diag_layer(d, argmax.name);
    return true;
}
