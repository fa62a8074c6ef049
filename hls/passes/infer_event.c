/* Layers on neuron cores. A core has one accumulator per neuron, and one datapath for the neurons of all layers: so all
 * weights in front of a neuron share an LSB, and its states have guard_bits more fractional bits than the accumulator.
 */
#include <math.h>

#include "infer.h"

static bool is_between(nh_op op) { return op == NH_OP_RESHAPE || op == NH_OP_IDENTITY || op == NH_OP_DELAY; }
static bool is_linear(nh_op op) {
    return op == NH_OP_DENSE || op == NH_OP_CONV || op == NH_OP_SUMPOOL || op == NH_OP_AVGPOOL;
}

int nh_event_reader(const nh_graph *g, int t) {
    for (int steps = 0; steps <= g->n_layer; steps++) {
        int reader = -1;
        if (g->tensor[t].n_consumers != 1 || t == g->output) return -1;
        for (int i = 0; i < g->n_layer && reader < 0; i++)
            for (int k = 0; k < g->layer[i].n_in; k++)
                if (g->layer[i].in[k] == t) reader = i;
        if (reader < 0) return -1;
        if (g->layer[reader].op == NH_OP_NEURON) return reader;
        if (!is_between(g->layer[reader].op) && !is_linear(g->layer[reader].op)) return -1;
        t = g->layer[reader].out;
    }
    return -1;
}

/* The weighted layer in front of input k of a neuron, or NULL: the neuron reads other neurons as they are. */
static nh_layer *weights_before(const nh_graph *g, const nh_layer *l, int k) {
    int t = l->in[k];
    for (int steps = 0; steps <= g->n_layer; steps++) {
        nh_layer *from = &g->layer[g->tensor[t].producer];
        if (from->op == NH_OP_DENSE || from->op == NH_OP_CONV) return from;
        if (!is_between(from->op) && !is_linear(from->op)) return NULL;
        t = from->in[0];
    }
    return NULL;
}

int nh_event_frac(nh_infer *c, int layer) {
    const nh_graph *g = c->g;
    const nh_layer *l = &g->layer[layer];
    int least = 0;
    bool any = false;
    for (int k = 0; k < l->n_in; k++) {
        nh_layer *from = weights_before(g, l, k);
        if (!from) continue;
        const nh_tensor *x = &g->tensor[from->in[0]];
        int frac = nh_infer_weight_frac(c, from) +
                   (x->q.known ? nh_format_frac(x->q.fmt) : 0); /* what a loop brings back: spikes */
        if (!any || frac < least) least = frac;
        any = true;
    }
    return least;
}
