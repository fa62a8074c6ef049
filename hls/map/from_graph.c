#include "from_graph.h"
#include "image_parts.h"
#include "map.h"

#include <string.h>

typedef struct {
    nh_neuron_value value[NH_NEURON_PARAMS]; /* of its model's parameters */
    int acc[NH_NEURON_INPUTS];               /* accumulators of its inputs */
} layer_facts;

enum { RESET_MOST = 65535 }; /* a word of the control memory */

static bool refuse(nh_diag *d, const nh_layer *l, const char *why, const char *hint) {
    nh_report(d, NH_P_EVENT, l->at, "layer '%.80s': %s", l->name, why);
    nh_diag_layer(d, l->name);
    if (hint) nh_diag_hint(d, "%s", hint);
    return false;
}

static void set_shape(nh_population *p, nh_shape s) {
    bool image = s.rank == 2 || s.rank == 3;
    p->c = image ? s.dim[0] : nh_shape_size(s);
    p->h = s.rank == 3 ? s.dim[1] : 1;
    p->w = image ? s.dim[s.rank - 1] : 1;
}

/* The layer that makes the network's output, behind wires. */
static int output_layer(const nh_graph *g) {
    int i = g->tensor[g->output].producer;
    while (g->layer[i].op == NH_OP_RESHAPE || g->layer[i].op == NH_OP_IDENTITY)
        i = g->tensor[g->layer[i].in[0]].producer;
    return i;
}

bool nh_population_set_bits(nh_population *p, const nh_fabric *f, nh_diag *d, const nh_layer *l, nh_format fmt) {
    p->out_bits = fmt.width_bits;
    p->out_signed = fmt.is_signed;
    int need = fmt.width_bits + (fmt.is_signed ? 0 : 1);
    bool spikes = fmt.width_bits == 1 && !fmt.is_signed;
    if (spikes || (f->payload_bits > 1 && need <= f->payload_bits)) return true;
    if (f->payload_bits == 1)
        refuse(d, l, "what it sends is more than a spike", "raise fabric: payload_bits");
    else
        refuse(d, l, "what it sends has more bits than an event",
               "raise fabric: payload_bits, or lower the layer's result_bits");
    nh_diag_found(d, "%s",
                  f->payload_bits > 1 ? nh_arena_printf(d->arena, "values of %d bits", need) : "signed values");
    nh_diag_allowed(d, "payload_bits: %d", f->payload_bits);
    return false;
}

static bool add_input(nh_event_net *net, const nh_graph *g, int tensor, const nh_fabric *f, nh_diag *d) {
    nh_population *p = &net->pop[net->n_pop++];
    const nh_tensor *t = &g->tensor[tensor];
    *p = (nh_population){.name = t->name, .kind = NH_POP_INPUT, .rate = -1};
    set_shape(p, t->shape);
    return nh_population_set_bits(p, f, d, &g->layer[t->producer], t->q.fmt);
}

const nh_map_wish *nh_event_net_wish(const nh_layer *l) {
    const nh_map_wish *w = &l->opt.wish;
    return w->cores || w->n_tile || w->n_region ? w : NULL;
}

/* Nothing after the last step counts, so that a period need not exceed the steps. */
static bool set_reset(nh_population *p, nh_diag *d, const nh_layer *l, int64_t steps) {
    const nh_neuron *n = l->neuron;
    if (n->reset_period == 0 || n->reset_phase >= steps) return true;
    p->reset_period = n->reset_period < steps ? n->reset_period : steps;
    p->reset_phase = n->reset_phase;
    if (p->reset_period <= RESET_MOST) return true;
    refuse(d, l, "its states are reset after more steps than a neuron core counts", NULL);
    nh_diag_found(d, "a period of %lld steps", (long long)p->reset_period);
    nh_diag_allowed(d, "%d", RESET_MOST);
    return false;
}

/* facts: of layer i; the integers of its parameters follow when the models of all layers are known. */
static bool add_neurons(nh_arena *a, nh_diag *d, const nh_graph *g, int i, nh_event_net *net, nh_fabric *f,
                        layer_facts *facts) {
    const nh_layer *l = &g->layer[i];
    nh_population *p = &net->pop[net->n_pop++];
    *p = (nh_population){.name = l->name,
                         .kind = NH_POP_NEURONS,
                         .is_output = output_layer(g) == i,
                         .rate = -1,
                         .wish = nh_event_net_wish(l)};
    set_shape(p, g->tensor[l->out].shape);
    if (!set_reset(p, d, l, g->steps)) return false;
    int frac = nh_graph_finest_frac(g, l);
    p->model = nh_fabric_add_model(a, d, g, i, frac, f, facts->value, facts->acc);
    if (p->model < 0 || !nh_population_set_bits(p, f, d, l, g->tensor[l->out].q.fmt)) return false;
    bool exact = l->neuron->program->is_exact, graded = l->neuron->program->out == NH_NEURON_OUT_GRADED;
    int out = nh_format_frac(g->tensor[l->out].q.fmt),
        want = (exact ? 0 : frac) + nh_format_frac(f->model[p->model].out);
    /* Integer networks send the integers themselves, whatever power of two they are multiples of. */
    if (exact && frac > 0)
        return refuse(
            d, l, "it counts in integers, and what comes in has fractional bits",
            "weights of whole numbers in front of it, weight: \"fixed<8,8>\"; or a program that is not 'exact'");
    bool integers = exact && out <= 0 && !p->is_output;
    if (graded && out != want && !integers) {
        refuse(d, l, "the point of its values is not where the fabric's datapath has it",
               "use neurons with a state, or payload_bits: 1");
        nh_diag_found(d, "%d fractional bits", out);
        nh_diag_allowed(d, "%d", want);
        return false;
    }
    return true;
}

static void set_params(nh_arena *a, nh_diag *d, const nh_graph *g, const nh_layer *l, nh_population *p,
                       const nh_fabric *f, const nh_neuron_value *value) {
    const nh_fabric_model *m = &f->model[p->model];
    for (int k = 0; k < m->program->n_param; k++) {
        p->param[k] = nh_fabric_param_raw(a, d, l, m, k, nh_graph_finest_frac(g, l), &value[k]);
        p->n_param[k] = value[k].n;
    }
}

/* Through the datapath with all states and accumulators 0: do states stay, is nothing sent? For every neuron's
 * parameters. */
static void set_quiet(nh_population *p, const nh_fabric *f, const nh_dp *dp) {
    const nh_neuron_program *program = f->model[p->model].program;
    nh_i128 value[NH_NEURON_INPUTS + NH_NEURON_STATES + NH_NEURON_PARAMS] = {0}, result[1 + NH_NEURON_STATES];
    const nh_i128 *in[NH_NEURON_INPUTS + NH_NEURON_STATES + NH_NEURON_PARAMS];
    nh_i128 *out[1 + NH_NEURON_STATES];
    int64_t n = 1, first = program->n_input + program->n_state;
    for (int k = 0; k < program->n_param; k++) n = p->n_param[k] > n ? p->n_param[k] : n;
    for (int i = 0; i < first + program->n_param; i++) in[i] = &value[i];
    for (int i = 0; i <= program->n_state; i++) out[i] = &result[i];
    p->is_quiet = true;
    for (int64_t e = 0; e < n && p->is_quiet; e++) {
        int64_t plane = p->h * p->w;
        for (int k = 0; k < program->n_param; k++) {
            int64_t at = p->n_param[k] == 1   ? 0
                         : p->n_param[k] == n ? e
                                              : e / plane; /* one of all, of every neuron, of a channel */
            value[first + k] = p->param[k][at];
        }
        nh_dp_eval(dp, in, out);
        for (int i = 0; i <= program->n_state; i++) p->is_quiet &= result[i] == 0;
    }
}

static void find_quiet(nh_arena *a, nh_event_net *net, const nh_fabric *f) {
    for (int i = 0; i < net->n_pop; i++) {
        const char *why;
        if (net->pop[i].kind != NH_POP_NEURONS) continue;
        const nh_dp *dp = nh_fabric_datapath(a, f, net->pop[i].model, &why);
        if (dp) set_quiet(&net->pop[i], f, dp);
    }
}

/* Does b have the synapses of a, with weights for another accumulator? */
static bool beside(const nh_projection *a, const nh_projection *b) {
    if (a->kind == NH_PROJ_SPARSE || a->kind != b->kind || a->from != b->from || a->delay != b->delay) return false;
    if (a->acc == b->acc || a->also[b->acc]) return false;
    return a->kind == NH_PROJ_DENSE || (a->kh == b->kh && a->kw == b->kw && a->stride_y == b->stride_y &&
                                        a->stride_x == b->stride_x && a->dilation_y == b->dilation_y &&
                                        a->dilation_x == b->dilation_x && a->pad_y == b->pad_y && a->pad_x == b->pad_x);
}

/* Of the projections of a layer, from `first` on: one event serves all accumulators. */
static void join(nh_projections *p, int first) {
    int n = first;
    for (int i = first; i < p->n; i++) {
        int k = first;
        while (k < n && !beside(&p->proj[k], &p->proj[i])) k++;
        if (k < n)
            p->proj[k].also[p->proj[i].acc] = p->proj[i].weight;
        else
            p->proj[n++] = p->proj[i];
    }
    p->n = n;
}

/* Populations and projections of a network with time steps. */
static bool temporal_net(nh_arena *a, nh_diag *d, const nh_graph *g, nh_fabric *f, nh_event_net *net,
                         nh_projections *proj) {
    size_t before = d->n_error;
    layer_facts *facts = nh_arena_array(a, (size_t)g->n_layer, sizeof *facts);
    int *pop_of = nh_arena_array(a, (size_t)g->n_layer, sizeof *pop_of);
    const nh_layer *last = &g->layer[output_layer(g)];
    if (last->op != NH_OP_NEURON)
        refuse(d, last, "it gives the network's output, and is no layer of neurons",
               "put neurons behind it, e.g. a leaky integrator");
    memset(pop_of, -1, (size_t)g->n_layer * sizeof *pop_of);
    for (int i = 0; i < g->n_layer; i++) {
        if (g->layer[i].op != NH_OP_INPUT) continue;
        pop_of[i] = net->n_pop;
        add_input(net, g, g->layer[i].out, f, d);
    }
    for (int i = 0; i < g->n_layer; i++) {
        if (g->layer[i].op != NH_OP_NEURON) continue;
        pop_of[i] = net->n_pop;
        add_neurons(a, d, g, i, net, f, &facts[i]);
    }
    bool have_models = d->n_error == before;
    for (int i = 0; have_models && i < g->n_layer; i++)
        if (g->layer[i].op == NH_OP_NEURON) set_params(a, d, g, &g->layer[i], &net->pop[pop_of[i]], f, facts[i].value);
    for (int i = 0; d->n_error == before && i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        int first = proj->n;
        for (int k = 0; l->op == NH_OP_NEURON && k < l->n_in; k++)
            nh_add_projections(a, d, g, i, k, pop_of[i], pop_of,
                               nh_graph_finest_frac(g, l) - nh_format_frac(g->tensor[l->in[k]].q.fmt), facts[i].acc[k],
                               f, proj);
        join(proj, first);
    }
    return d->n_error == before;
}

nh_event_net *nh_event_net_of(nh_arena *a, nh_diag *d, const nh_graph *g, nh_fabric *f) {
    nh_event_net *net = NH_NEW(a, nh_event_net);
    nh_projections proj = {0};
    *net = (nh_event_net){.name = g->name,
                          .steps = nh_graph_has_steps(g) ? g->steps : 1,
                          .pop = nh_arena_array(a, (size_t)g->n_layer + 1, sizeof *net->pop)};
    if (!(nh_graph_has_steps(g) ? temporal_net : nh_frame_net)(a, d, g, f, net, &proj)) return NULL;
    net->proj = proj.proj;
    net->n_proj = proj.n;
    find_quiet(a, net, f);
    if (nh_map_splits(net, f)) nh_fabric_add_sum(a, f); /* without: the mapper's certificate says what is missing */
    return net;
}

nh_image *nh_map_graph(nh_arena *a, nh_diag *d, const nh_graph *g, nh_fabric *f, const nh_map_options *o,
                       const char *project, nh_event_net **net, nh_map_plan **plan) {
    nh_fabric *asked = NH_NEW(a, nh_fabric);
    *asked = *f;
    *net = NULL, *plan = NULL;
    if (!nh_map_size_words(d, g, f, o)) return NULL;
    nh_map_open_tables(f);
    if (!nh_fabric_check(f, d) || !(*net = nh_event_net_of(a, d, g, f))) return NULL;
    nh_map_options own = *o;
    own.convs_are_open = asked->convs < 0 && f->convs > 0;
    *plan = nh_map_make(a, d, *net, f, &own);
    (*plan)->asked = asked;
    if ((*plan)->certificate.failed) return NULL;
    nh_map_size_tables(asked, *plan, f);
    nh_image *image = nh_map_fill(a, d, *net, f, *plan);
    if (!image) return NULL;
    nh_map_size_routes(asked, image);
    *f = image->fabric;
    image->project = project;
    return image;
}
