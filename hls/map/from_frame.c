/* Networks without time: every dense layer and what acts on its results element by element becomes a population whose
 * program is that chain of integer operations. A sample is one time step; values travel as graded events. */
#include <math.h>
#include <string.h>

#include "from_graph.h"
#include "map.h"
#include "neurons.h"

enum { RUN_MOST = 32, PROGRAMS_MOST = 3 };

/* A dense layer and the element-wise ones behind it. */
typedef struct {
    const nh_layer *layer[RUN_MOST];
    int n;
} run;

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_graph *g;
    nh_fabric *f;
    nh_event_net *net;
    run *run; /* [n_run], of population 1 + i */
    int n_run;
    bool scale_is_param; /* multipliers of layers are parameters, so that one program serves layers of any scale */
} framer;

/* The program of a run while it is written: values are multiples of the LSB of the run's result. */
typedef struct {
    const framer *c;
    const char *name, *param, *code;
    nh_neuron_value value[NH_NEURON_PARAMS];
    int n;
    int frac; /* of the result */
} writer;

static bool refuse(const framer *c, const nh_layer *l, const char *why, const char *hint) {
    nh_report(c->d, NH_P_EVENT, l->at, "layer '%.80s': %s", l->name, why);
    nh_diag_layer(c->d, l->name);
    if (hint) nh_diag_hint(c->d, "%s", hint);
    return false;
}

/* --- the program of a run ---------------------------------------------------------------------------------------- */

static void put(writer *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(writer *w, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    w->code = nh_arena_printf(w->c->a, "%s    %s\n", w->code, nh_arena_vprintf(w->c->a, fmt, ap));
    va_end(ap);
}

/* name, or name_2, name_3 ...: not in use yet. */
static const char *unused(const writer *w, const char *name) {
    const char *now = name;
    for (int k = 0, again = 2; k < w->n; k++)
        if (strcmp(w->value[k].name, now) == 0) now = nh_arena_printf(w->c->a, "%s_%d", name, again++), k = -1;
    return now;
}

static bool put_param(writer *w, const nh_layer *l, const char *name, const double *value, int64_t n) {
    if (w->n == NH_NEURON_PARAMS) return refuse(w->c, l, "its neurons would have more than 16 parameters", NULL);
    w->param = nh_arena_printf(w->c->a, "%sparam %s\n", w->param, name);
    w->value[w->n++] = (nh_neuron_value){.name = name, .n = n, .value = value};
    return true;
}

/* raw * 2^-frac in the run's LSB. */
static const double *values_of(const writer *w, const int64_t *raw, int64_t n, int frac) {
    double *v = nh_arena_array(w->c->a, (size_t)n, sizeof *v);
    for (int64_t i = 0; i < n; i++) v[i] = ldexp((double)raw[i], -frac);
    return v;
}

/* Formats that passes/infer found to hold sums and products are no instruction. Slopes and bounds are finer than any
 * format. */
static bool is_lossless(const nh_layer *l, nh_format f) {
    return l->op != NH_OP_LEAKY_RELU && l->op != NH_OP_CLIP && l->opt.result.is_auto && f.round == NH_ROUND_TRN &&
           f.overflow == NH_OVERFLOW_WRAP;
}

static void put_cast(writer *w, const nh_layer *l) {
    nh_format f = w->c->g->tensor[l->out].q.fmt;
    char text[NH_FORMAT_TEXT];
    if (is_lossless(l, f)) return;
    f.int_bits += w->frac;
    put(w, "CAST t, t, %s", nh_format_print(f, text));
}

static bool is_uniform(const int64_t *v, int64_t n) {
    for (int64_t i = 1; i < n; i++)
        if (v[i] != v[0]) return false;
    return true;
}

/* t * mul * 2^-shift; mul NULL: only the point moves. */
static bool put_scale(writer *w, const nh_layer *l, const int64_t *mul, int64_t n, int shift) {
    static const int64_t one = 1;
    if (!mul) mul = &one, n = 1;
    if (is_uniform(mul, n)) n = 1;
    if (n == 1 && !w->c->scale_is_param) {
        double v = ldexp((double)mul[0], -shift);
        if (v < 1 || v > 1) put(w, "MUL t, t, %.17g", v);
        return true;
    }
    const char *name = unused(w, "gain");
    put(w, "MUL t, t, %s", name);
    return put_param(w, l, name, values_of(w, mul, n, shift), n);
}

static bool put_dense(writer *w, const nh_layer *l) {
    const nh_graph *g = w->c->g;
    int64_t n = l->weight->shape.dim[0];
    int frac = nh_format_frac(g->tensor[l->in[0]].q.fmt) + nh_format_frac(l->weight->fmt);
    if (!l->accum_exact)
        return refuse(
            w->c, l, "the sums of neuron cores are exact, and this layer's accum is given: every product is cast to it",
            "accum: auto");
    if (!l->bias) put(w, "MOV t, a");
    if (l->bias) {
        int64_t *raw = nh_arena_array(w->c->a, (size_t)n, sizeof *raw);
        for (int64_t o = 0; o < n; o++)
            raw[o] = (int64_t)nh_fx_convert(l->bias->raw[o], nh_format_frac(l->bias->fmt), l->accum, NULL);
        put(w, "ADD t, a, bias");
        if (!put_param(w, l, "bias", values_of(w, raw, n, 0), n)) return false;
    }
    if (!put_scale(w, l, l->requant_mul, n, l->requant_shift + frac - w->frac)) return false;
    put_cast(w, l);
    return true;
}

/* Values of the channels of l as values of its elements; *n: of v, of the result. One value for all stays one. */
static const int64_t *per_element(const writer *w, const nh_layer *l, const int64_t *v, int64_t *n) {
    nh_axis axis = nh_layer_axis(w->c->g, l);
    int64_t size = axis.outer * axis.n * axis.inner;
    if (!v || axis.n == 1 || axis.n == size) return v;
    int64_t *out = nh_arena_array(w->c->a, (size_t)size, sizeof *out);
    for (int64_t i = 0; i < size; i++) out[i] = v[nh_channel_of(axis, i)];
    *n = size;
    return out;
}

static bool put_batchnorm(writer *w, const nh_layer *l) {
    int64_t n = l->weight->shape.dim[0];
    const int64_t *gain = per_element(w, l, l->weight->raw, &n),
                  *shift = per_element(w, l, l->bias ? l->bias->raw : NULL, &n);
    char text[NH_FORMAT_TEXT];
    const char *factor = unused(w, "factor"), *offset = unused(w, "offset");
    put(w, "MUL t, t, %s", factor);
    if (!put_param(w, l, factor, values_of(w, gain, n, nh_format_frac(l->weight->fmt)), n)) return false;
    if (l->bias) {
        put(w, "ADD t, t, %s", offset);
        if (!put_param(w, l, offset, values_of(w, shift, n, nh_format_frac(l->bias->fmt) - w->frac), n)) return false;
    }
    if (!l->accum_exact) {
        nh_format f = l->accum;
        f.int_bits += w->frac;
        put(w, "CAST t, t, %s", nh_format_print(f, text));
    }
    if (!put_scale(w, l, per_element(w, l, l->requant_mul, &n), n, l->requant_shift)) return false;
    put_cast(w, l);
    return true;
}

/* A constant as the datapath of the layers has it. */
static double constant(double v) {
    nh_i128 raw;
    int frac;
    nh_fx_constant(v, &raw, &frac);
    return ldexp((double)raw, -frac);
}

static void put_bound(writer *w, const char *op, double bound) {
    if (isfinite(bound)) put(w, "%s t, t, %.17g", op, ldexp(constant(bound), w->frac));
}

static bool put_layer(writer *w, const nh_layer *l) {
    const nh_quant *in = &w->c->g->tensor[l->in[0]].q, *out = &w->c->g->tensor[l->out].q;
    switch (l->op) {
    case NH_OP_DENSE: return put_dense(w, l);
    case NH_OP_BATCHNORM: return put_batchnorm(w, l);
    case NH_OP_RELU: put(w, "RELU t, t"); break;
    case NH_OP_LEAKY_RELU:
        put(w, "MUL n, t, %.17g", constant(l->alpha));
        put(w, "GE c, t, 0");
        put(w, "SEL t, c, t, n");
        break;
    case NH_OP_CLIP:
        put_bound(w, "MAX", l->lo / in->scale);
        put_bound(w, "MIN", l->hi / in->scale);
        break;
    default: return true; /* wires */
    }
    double ratio = in->scale / out->scale;
    if (ratio < 1 || ratio > 1) put(w, "MUL t, t, %.17g", constant(ratio));
    put_cast(w, l);
    return true;
}

/* "dense_relu": what the run is made of. */
static const char *name_of(const framer *c, const run *r) {
    const char *name = "dense";
    for (int i = 1; i < r->n; i++)
        if (nh_op_get(r->layer[i]->op)->strategies != NH_STRATEGY_WIRE && strlen(name) < 20)
            name = nh_arena_printf(c->a, "%s_%s", name, nh_op_get(r->layer[i]->op)->text);
    return name;
}

static const nh_neuron_program *program_of(const framer *c, const run *r, nh_neuron_value *value) {
    const nh_layer *last = r->layer[r->n - 1];
    writer w = {
        .c = c, .name = name_of(c, r), .param = "", .code = "", .frac = nh_format_frac(c->g->tensor[last->out].q.fmt)};
    for (int i = 0; i < r->n; i++)
        if (!put_layer(&w, r->layer[i])) return NULL;
    const char *text =
        nh_arena_printf(c->a, "model %s\ninput a\n%soutput t graded\nexact\n%s", w.name, w.param, w.code);
    memcpy(value, w.value, sizeof w.value);
    return nh_neuron_assemble(c->a, c->d, w.name, text, strlen(text), NULL, 0);
}

/* --- runs -------------------------------------------------------------------------------------------------------- */

static int reader_of(const nh_graph *g, int tensor) {
    for (int i = 0; i < g->n_layer; i++)
        for (int k = 0; k < g->layer[i].n_in; k++)
            if (g->layer[i].in[k] == tensor) return i;
    return -1;
}

static bool is_wire(const nh_layer *l) { return nh_op_get(l->op)->strategies == NH_STRATEGY_WIRE; }

static bool collect(framer *c) {
    const nh_graph *g = c->g;
    run *now = NULL;
    for (int at = reader_of(g, g->input); at >= 0; at = reader_of(g, g->layer[at].out)) {
        const nh_layer *l = &g->layer[at];
        if (g->tensor[l->out].n_consumers > 1)
            return refuse(c, l, "its output has several readers", "networks without time are chains of layers");
        if (l->op == NH_OP_DENSE)
            *(now = &c->run[c->n_run++]) = (run){.n = 0};
        else if (!now && is_wire(l))
            continue;
        else if (!now)
            return refuse(c, l, "it stands before the first dense layer, whose neurons would have to compute it", NULL);
        if (now->n == RUN_MOST) return refuse(c, l, "more than 31 layers follow a dense layer", NULL);
        now->layer[now->n++] = l;
    }
    if (c->n_run == 0)
        return refuse(c, &g->layer[g->tensor[g->output].producer], "the network has no dense layer on the fabric",
                      NULL);
    return true;
}

/* --- populations ------------------------------------------------------------------------------------------------- */

/* Values as they are when few programs serve all layers; else with parameters. */
static bool programs(framer *c, nh_neuron_value (*value)[NH_NEURON_PARAMS], int *model) {
    nh_fabric before = *c->f;
    for (int i = 0; i < c->n_run; i++) {
        const nh_neuron_program *p = program_of(c, &c->run[i], value[i]);
        if (!p) return false;
        if (!c->scale_is_param && c->f->n_model == PROGRAMS_MOST && nh_fabric_find_model(c->a, c->f, p) < 0) {
            *c->f = before;
            c->scale_is_param = true;
            return programs(c, value, model);
        }
        model[i] = nh_fabric_use_model(c->a, c->d, c->run[i].layer[0], c->f, p, value[i]);
        if (model[i] < 0) return false;
    }
    return true;
}

static bool add_population(framer *c, int tensor, int model, const nh_layer *named, const nh_neuron_value *value) {
    const nh_tensor *t = &c->g->tensor[tensor];
    nh_population *p = &c->net->pop[c->net->n_pop++];
    *p = (nh_population){.name = named ? named->name : t->name,
                         .kind = named ? NH_POP_NEURONS : NH_POP_INPUT,
                         .c = nh_shape_size(t->shape),
                         .h = 1,
                         .w = 1,
                         .model = model,
                         .is_output = tensor == c->run[c->n_run - 1].layer[c->run[c->n_run - 1].n - 1]->out,
                         .rate = -1};
    if (named) p->wish = nh_event_net_wish(named);
    const nh_fabric_model *m = named ? &c->f->model[model] : NULL;
    for (int k = 0; m && k < m->program->n_param; k++) {
        p->param[k] = nh_fabric_param_raw(c->a, c->d, named, m, k, 0, &value[k]);
        p->n_param[k] = value[k].n;
        if (!p->param[k]) return false;
    }
    return nh_population_set_bits(p, c->f, c->d, named ? named : &c->g->layer[t->producer], t->q.fmt);
}

static bool build(framer *c, nh_projections *out) {
    const nh_graph *g = c->g;
    nh_neuron_value(*value)[NH_NEURON_PARAMS] = nh_arena_array(c->a, (size_t)g->n_layer, sizeof *value);
    int *model = nh_arena_array(c->a, (size_t)g->n_layer, sizeof *model),
        *pop_of = nh_arena_array(c->a, (size_t)g->n_layer, sizeof *pop_of);
    memset(pop_of, -1, (size_t)g->n_layer * sizeof *pop_of);
    if (!collect(c) || !programs(c, value, model) || !add_population(c, g->input, 0, NULL, NULL)) return false;
    pop_of[g->tensor[g->input].producer] = 0;
    for (int i = 0; i < c->n_run; i++) {
        const run *r = &c->run[i];
        const nh_layer *last = r->layer[r->n - 1];
        if (!add_population(c, last->out, model[i], r->layer[0], value[i])) return false;
        if (!nh_add_projections(c->a, c->d, g, (int)(r->layer[0] - g->layer), 0, i + 1, pop_of, 0, 0, c->f, out))
            return false;
        pop_of[last - g->layer] = i + 1;
    }
    return true;
}

bool nh_frame_net(nh_arena *a, nh_diag *d, const nh_graph *g, nh_fabric *f, nh_event_net *net, nh_projections *out) {
    framer c = {
        .a = a, .d = d, .g = g, .f = f, .net = net, .run = nh_arena_array(a, (size_t)g->n_layer + 1, sizeof(run))};
    return build(&c, out);
}
