/* What crosses the borders of the parts, and each part as a graph of its own. */
#include <string.h>

#include "from_graph.h"
#include "parts_internal.h"

static const nh_layer *maker(const nh_graph *g, int tensor) { return &g->layer[g->tensor[tensor].producer]; }

static int part_of_tensor(const nh_parts *p, int tensor) { return p->part_of[p->graph->tensor[tensor].producer]; }

/* --- borders ----------------------------------------------------------------------------------------------------- */

static void refuse(nh_diag *d, const nh_parts *p, const nh_part *part, const char *what) {
    const nh_layer *in = &p->graph->layer[part->layer[0]];
    nh_report(d, NH_P_PART_PORTS, in->opt.strategy_at.line ? in->opt.strategy_at : in->at,
              "the part %s (layer '%.80s'%s) %s", part->id, in->name, part->n_layer > 1 ? " and others" : "", what);
    nh_diag_layer(d, in->name);
}

static bool refuse_input(nh_diag *d, const nh_parts *p, const nh_part *part) {
    refuse(d, p, part, "reads too many tensors of other places");
    nh_diag_allowed(d, "%d", NH_PART_INPUTS);
    nh_diag_hint(d, "put some of the layers that make them in the same place");
    return false;
}

static bool refuse_output(nh_diag *d, const nh_parts *p, const nh_part *part, int tensor) {
    const char *first = maker(p->graph, part->out)->name, *second = maker(p->graph, tensor)->name;
    refuse(d, p, part,
           nh_arena_printf(d->arena, "has a loop from which two tensors leave, those of '%.60s' and '%.60s'", first,
                           second));
    nh_diag_allowed(d, "one: a loop is never parted");
    nh_diag_hint(d, "put what reads '%.60s' in the same place, or what reads '%.60s'", first, second);
    return false;
}

static bool add_input(nh_diag *d, const nh_parts *p, nh_part *part, int tensor) {
    int k = 0;
    while (k < part->n_in && part->in[k] != tensor) k++;
    if (k < part->n_in) return true;
    if (k == NH_PART_INPUTS) return refuse_input(d, p, part);
    for (; k > 0 && p->graph->tensor[part->in[k - 1]].producer > p->graph->tensor[tensor].producer; k--)
        part->in[k] = part->in[k - 1];
    part->in[k] = tensor;
    part->n_in++;
    return true;
}

static bool add_output(nh_diag *d, const nh_parts *p, nh_part *part, int tensor) {
    if (part->out >= 0 && part->out != tensor) return refuse_output(d, p, part, tensor);
    part->out = tensor;
    return true;
}

static bool find_borders(nh_diag *d, nh_parts *p) {
    const nh_graph *g = p->graph;
    bool ok = true;
    for (int i = 0; i < g->n_layer; i++) {
        int own = p->part_of[i];
        for (int k = 0; own >= 0 && k < g->layer[i].n_in; k++) {
            int t = g->layer[i].in[k], from = part_of_tensor(p, t);
            if (from == own) continue;
            ok &= add_input(d, p, &p->part[own], t);
            if (from >= 0) ok &= add_output(d, p, &p->part[from], t);
        }
    }
    for (int i = 0; i < p->n_part; i++)
        for (int k = 0; k < p->part[i].n_in; k++) p->part[i].from[k] = part_of_tensor(p, p->part[i].in[k]);
    int last = part_of_tensor(p, g->output);
    return (last < 0 || add_output(d, p, &p->part[last], g->output)) && ok;
}

/* Weights and the neurons that take in their sums must be in the same partition: cores send what neurons give. */
static bool check_fabric(nh_diag *d, const nh_parts *p, const nh_part *part) {
    const nh_graph *g = p->graph;
    const nh_layer *l = maker(g, part->out);
    while (nh_is_reshape(l)) l = maker(g, l->in[0]);
    if (l->op == NH_OP_NEURON || !nh_ends_in_neurons(g, part->out)) return true;
    nh_report(d, NH_P_PART_EDGE, l->opt.strategy_at.line ? l->opt.strategy_at : l->at,
              "layer '%.80s' is on the fabric, and what reads it is not", l->name);
    nh_diag_layer(d, l->name);
    nh_diag_found(d, "an operator %s", nh_op_get(l->op)->text);
    nh_diag_allowed(d, "layers of neurons: only they send events");
    nh_diag_hint(d, "give its neurons strategy: event too, or take it off the fabric");
    return false;
}

/* --- a graph of its own ------------------------------------------------------------------------------------------ */

static nh_graph *extract(nh_arena *a, const nh_parts *p, const nh_part *part) {
    const nh_graph *g = p->graph;
    nh_graph *own = nh_graph_new(a, g->name);
    int *tensor = nh_arena_array(a, (size_t)g->n_tensor, sizeof *tensor);
    own->steps = g->steps;
    for (int i = -part->n_in; i < part->n_layer; i++) {
        int t = i < 0 ? part->in[i + part->n_in] : g->layer[part->layer[i]].out;
        tensor[t] = nh_graph_add_tensor(own, g->tensor[t].name, g->tensor[t].shape, g->tensor[t].kind);
        nh_tensor *copy = &own->tensor[tensor[t]];
        *copy = g->tensor[t];
        copy->producer = -1;
        copy->n_consumers = 0;
    }
    for (int k = 0; k < part->n_in; k++) {
        const nh_layer *from = maker(g, part->in[k]);
        nh_layer input = {
            .name = from->name, .op = NH_OP_INPUT, .at = from->at, .out = tensor[part->in[k]], .opt = from->opt};
        input.opt.strategy = NH_STRATEGY_WIRE;
        nh_graph_add_layer(own, input);
    }
    for (int i = 0; i < part->n_layer; i++) {
        nh_layer l = g->layer[part->layer[i]];
        for (int k = 0; k < l.n_in; k++) l.in[k] = tensor[l.in[k]];
        l.out = tensor[l.out];
        nh_graph_add_layer(own, l);
    }
    own->input = tensor[part->in[0]];
    own->output = tensor[part->out];
    return own;
}

static void tell_host(nh_diag *d, const nh_parts *p, const nh_part *part) {
    for (int i = 0; i < part->n_layer; i++) {
        const nh_layer *l = &p->graph->layer[part->layer[i]];
        if (l->opt.strategy != NH_STRATEGY_HOST) continue;
        nh_report(d, NH_P_PART_HOST, l->opt.strategy_at, "layer '%.80s' is on the host: C kernels only, no hardware",
                  l->name);
        nh_diag_layer(d, l->name);
    }
}

bool nh_parts_close(nh_arena *a, nh_diag *d, nh_parts *p, const nh_options *o) {
    bool ok = find_borders(d, p);
    for (int i = 0; ok && i < p->n_part; i++)
        if (p->part[i].place == NH_PLACE_FABRIC) ok = check_fabric(d, p, &p->part[i]) && ok;
    for (int i = 0; ok && i < p->n_part; i++) {
        nh_part *part = &p->part[i];
        part->graph = extract(a, p, part);
        part->opt = NH_NEW(a, nh_options);
        *part->opt = *o;
        part->opt->project = nh_arena_printf(a, "%s_%s", o->project, part->id);
        if (part->place == NH_PLACE_HOST) tell_host(d, p, part);
    }
    return ok;
}
