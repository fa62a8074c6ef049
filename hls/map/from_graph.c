/* From the fixed-point graph to populations and projections. Every layer of neurons is a population; so is every run of
 * stateless layers (from_graph_run.c) whose sums do not end in neurons. */
#include "from_graph.h"
#include "image_parts.h"
#include "map.h"

#include <string.h>

/* Layer of a population, by layer: its model, and what the graph knows of it. */
typedef struct {
    int model;
    nh_neuron_value value[NH_NEURON_PARAMS]; /* of the model's parameters */
    int acc[NH_NEURON_INPUTS];               /* accumulators of its inputs */
    nh_layer_run run;                        /* n = 0: a layer of neurons */
} layer_facts;

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_graph *g;
    nh_fabric *f;
    nh_event_net *net;
    nh_projections proj;
    layer_facts *facts; /* [n_layer] */
    int *pop_of;        /* [n_layer]: population whose values the layer gives, or -1 */
} converter;

enum {
    RESET_MOST = 65535, /* a word of the control memory */
    PROGRAMS_MOST = 3   /* of runs, before the scales of layers become parameters */
};

bool nh_event_refuse(nh_diag *d, const nh_layer *l, const char *why, const char *hint) {
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

/* The layer that computes a tensor: not a wire. */
static const nh_layer *maker_of(const nh_graph *g, int tensor) {
    const nh_layer *l = &g->layer[g->tensor[tensor].producer];
    while (nh_is_reshape(l)) l = &g->layer[g->tensor[l->in[0]].producer];
    return l;
}

static bool gives_output(const nh_graph *g, const nh_layer *l) { return maker_of(g, l->out) == maker_of(g, g->output); }

bool nh_population_set_bits(nh_population *p, const nh_fabric *f, nh_diag *d, const nh_layer *l, nh_format fmt) {
    p->out_bits = fmt.width_bits;
    p->out_signed = fmt.is_signed;
    int need = fmt.width_bits + (fmt.is_signed ? 0 : 1);
    bool spikes = fmt.width_bits == 1 && !fmt.is_signed;
    if (spikes || (f->payload_bits > 1 && need <= f->payload_bits)) return true;
    if (f->payload_bits == 1)
        nh_event_refuse(d, l, "what it sends is more than a spike", "raise fabric: payload_bits");
    else
        nh_event_refuse(d, l, "what it sends has more bits than an event",
                        "raise fabric: payload_bits, or lower the layer's result_bits");
    nh_diag_found(d, "%s",
                  f->payload_bits > 1 ? nh_arena_printf(d->arena, "values of %d bits", need) : "signed values");
    nh_diag_allowed(d, "payload_bits: %d", f->payload_bits);
    return false;
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
    nh_event_refuse(d, l, "its states are reset after more steps than a neuron core counts", NULL);
    nh_diag_found(d, "a period of %lld steps", (long long)p->reset_period);
    nh_diag_allowed(d, "%d", RESET_MOST);
    return false;
}

/* --- populations ------------------------------------------------------------------------------------------------- */

static nh_population *add_population(converter *c, const char *name, nh_population_kind kind, int gives) {
    nh_population *p = &c->net->pop[c->net->n_pop];
    *p = (nh_population){.name = name, .kind = kind, .rate = -1};
    c->pop_of[gives] = c->net->n_pop++;
    return p;
}

static bool add_input(converter *c, int i) {
    const nh_layer *l = &c->g->layer[i];
    const nh_tensor *t = &c->g->tensor[l->out];
    nh_population *p = add_population(c, t->name, NH_POP_INPUT, i);
    set_shape(p, t->shape);
    return nh_population_set_bits(p, c->f, c->d, l, t->q.fmt);
}

/* The integers of its parameters follow when the models of all layers are known. */
static bool add_neurons(converter *c, int i) {
    const nh_graph *g = c->g;
    const nh_layer *l = &g->layer[i];
    nh_population *p = add_population(c, l->name, NH_POP_NEURONS, i);
    p->is_output = gives_output(g, l);
    p->wish = nh_event_net_wish(l);
    set_shape(p, g->tensor[l->out].shape);
    if (!set_reset(p, c->d, l, g->steps)) return false;
    int frac = nh_graph_finest_frac(g, l);
    p->model = c->facts[i].model =
        nh_fabric_add_model(c->a, c->d, g, i, frac, c->f, c->facts[i].value, c->facts[i].acc);
    if (p->model < 0 || !nh_population_set_bits(p, c->f, c->d, l, g->tensor[l->out].q.fmt)) return false;
    bool exact = l->neuron->program->is_exact, graded = l->neuron->program->out == NH_NEURON_OUT_GRADED;
    int out = nh_format_frac(g->tensor[l->out].q.fmt),
        want = (exact ? 0 : frac) + nh_format_frac(c->f->model[p->model].out);
    /* Integer networks send the integers themselves, whatever power of two they are multiples of. */
    if (exact && frac > 0)
        return nh_event_refuse(
            c->d, l, "it counts in integers, and what comes in has fractional bits",
            "weights of whole numbers in front of it, weight: \"fixed<8,8>\"; or a program that is not 'exact'");
    bool integers = exact && out <= 0 && !p->is_output;
    if (graded && out != want && !integers) {
        nh_event_refuse(c->d, l, "the point of its values is not where the fabric's datapath has it",
                        "use neurons with a state, or payload_bits: 1");
        nh_diag_found(c->d, "%d fractional bits", out);
        nh_diag_allowed(c->d, "%d", want);
        return false;
    }
    return true;
}

static bool add_run(converter *c, int i) {
    const nh_layer_run *r = &c->facts[i].run;
    const nh_layer *l = r->layer[0], *last = r->layer[r->n - 1];
    nh_population *p = add_population(c, l->name, NH_POP_NEURONS, (int)(last - c->g->layer));
    p->is_output = gives_output(c->g, last);
    p->wish = nh_event_net_wish(l);
    p->model = c->facts[i].model;
    set_shape(p, c->g->tensor[l->out].shape);
    return nh_population_set_bits(p, c->f, c->d, l, c->g->tensor[last->out].q.fmt);
}

/* Models of all runs. Scales of layers are numbers of their programs when few programs serve all runs; else they are
 * parameters. */
static bool add_run_models(converter *c, bool scale_is_param) {
    nh_fabric before = *c->f;
    for (int i = 0; i < c->g->n_layer; i++) {
        layer_facts *x = &c->facts[i];
        if (x->run.n == 0) continue;
        const nh_neuron_program *p = nh_run_program(c->a, c->d, c->g, &x->run, scale_is_param, x->value);
        if (!p) return false;
        if (!scale_is_param && c->f->n_model == before.n_model + PROGRAMS_MOST &&
            nh_fabric_find_model(c->a, c->f, p) < 0) {
            *c->f = before;
            return add_run_models(c, true);
        }
        x->model = nh_fabric_use_model(c->a, c->d, x->run.layer[0], c->f, p, x->value);
        if (x->model < 0) return false;
    }
    return true;
}

/* A layer that is no population of its own is part of a run, or between a population and the next. */
static bool is_placed(const converter *c, const nh_layer *l, const bool *in_run) {
    if (in_run[l - c->g->layer] || nh_is_synaptic(l)) return true;
    return nh_event_refuse(c->d, l, "it stands behind no dense layer or convolution whose neurons could compute it",
                           NULL);
}

/* Runs of layers, and that every layer has a place. */
static bool collect(converter *c) {
    const nh_graph *g = c->g;
    bool *in_run = nh_arena_array(c->a, (size_t)g->n_layer, sizeof *in_run), any = false;
    for (int i = 0; i < g->n_layer; i++) {
        nh_layer_run *r = &c->facts[i].run;
        any |= g->layer[i].op == NH_OP_NEURON;
        if (!nh_starts_run(g, &g->layer[i])) continue;
        if (!nh_collect_run(c->d, g, &g->layer[i], r)) return false;
        for (int k = 0; k < r->n; k++) in_run[r->layer[k] - g->layer] = true;
        any = true;
    }
    for (int i = 0; i < g->n_layer; i++)
        if (g->layer[i].op != NH_OP_INPUT && g->layer[i].op != NH_OP_NEURON && !is_placed(c, &g->layer[i], in_run))
            return false;
    const nh_layer *last = maker_of(g, g->output);
    if (!any) return nh_event_refuse(c->d, last, "the network has no neurons and no dense layer on the fabric", NULL);
    if (last->op != NH_OP_NEURON && !in_run[last - g->layer])
        return nh_event_refuse(c->d, last, "it gives the network's output, and is no layer of neurons",
                               "put neurons behind it, e.g. a leaky integrator");
    return true;
}

/* All problems of layers of neurons are reported at once. */
static bool add_populations(converter *c) {
    const nh_graph *g = c->g;
    size_t before = c->d->n_error;
    for (int i = 0; i < g->n_layer; i++)
        if (g->layer[i].op == NH_OP_INPUT) add_input(c, i);
    for (int i = 0; i < g->n_layer; i++)
        if (g->layer[i].op == NH_OP_NEURON) add_neurons(c, i);
    if (c->d->n_error > before || !add_run_models(c, false)) return false;
    for (int i = 0; i < g->n_layer; i++)
        if (c->facts[i].run.n > 0) add_run(c, i);
    return c->d->n_error == before;
}

/* Fractional bits of the accumulator of a population's layer, where its program counts in those. */
static int accumulator_frac(const nh_graph *g, const nh_layer *l) {
    return l->op == NH_OP_NEURON ? nh_graph_finest_frac(g, l) : 0;
}

static void set_params(converter *c, int i, nh_population *p) {
    const nh_layer *l = &c->g->layer[i];
    const nh_fabric_model *m = &c->f->model[p->model];
    for (int k = 0; k < m->program->n_param; k++) {
        const nh_neuron_value *v = &c->facts[i].value[k];
        p->param[k] = nh_fabric_param_raw(c->a, c->d, l, m, k, accumulator_frac(c->g, l), v);
        p->n_param[k] = v->n;
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

/* The population of a layer of neurons, or of the run that begins with the layer; -1: none. */
static int population_of(const converter *c, int i) {
    const nh_layer_run *r = &c->facts[i].run;
    if (c->g->layer[i].op == NH_OP_NEURON) return c->pop_of[i];
    return r->n > 0 ? c->pop_of[r->layer[r->n - 1] - c->g->layer] : -1;
}

/* The projections into a population: of every input of its neurons, or of the weights that begin its run. */
static void add_projections(converter *c, int i) {
    const nh_layer *l = &c->g->layer[i];
    int first = c->proj.n, to = population_of(c, i);
    bool neurons = l->op == NH_OP_NEURON;
    for (int k = 0; k < l->n_in; k++) {
        int shift = neurons ? nh_graph_finest_frac(c->g, l) - nh_format_frac(c->g->tensor[l->in[k]].q.fmt) : 0;
        nh_add_projections(c->a, c->d, c->g, i, k, to, c->pop_of, shift, neurons ? c->facts[i].acc[k] : 0, c->f,
                           &c->proj);
    }
    join(&c->proj, first);
}

static bool convert(converter *c) {
    size_t before = c->d->n_error;
    memset(c->pop_of, -1, (size_t)c->g->n_layer * sizeof *c->pop_of);
    if (!collect(c) || !add_populations(c)) return false;
    for (int i = 0; i < c->g->n_layer; i++)
        if (population_of(c, i) >= 0) set_params(c, i, &c->net->pop[population_of(c, i)]);
    for (int i = 0; c->d->n_error == before && i < c->g->n_layer; i++)
        if (population_of(c, i) >= 0) add_projections(c, i);
    return c->d->n_error == before;
}

nh_event_net *nh_event_net_of(nh_arena *a, nh_diag *d, const nh_graph *g, nh_fabric *f) {
    nh_event_net *net = NH_NEW(a, nh_event_net);
    size_t n = (size_t)g->n_layer;
    converter c = {.a = a,
                   .d = d,
                   .g = g,
                   .f = f,
                   .net = net,
                   .facts = nh_arena_array(a, n, sizeof *c.facts),
                   .pop_of = nh_arena_array(a, n, sizeof *c.pop_of)};
    *net = (nh_event_net){
        .name = g->name, .steps = g->steps > 0 ? g->steps : 1, .pop = nh_arena_array(a, n + 1, sizeof *net->pop)};
    if (!convert(&c)) return NULL;
    net->proj = c.proj.proj;
    net->n_proj = c.proj.n;
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
