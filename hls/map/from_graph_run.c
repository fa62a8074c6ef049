/* Runs of stateless layers: a weighted layer or pool and what acts on its results element by element become one
 * population of neurons, whose program is that chain of integer operations. Values travel as graded events. */
#include <math.h>
#include <string.h>

#include "from_graph.h"
#include "neurons.h"

/* The program of a run while it is written: values are multiples of the LSB of the run's result. */
typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_graph *g;
    bool scale_is_param; /* multipliers of layers are parameters, so that one program serves layers of any scale */
    const char *name, *param, *code;
    nh_neuron_value *value; /* [NH_NEURON_PARAMS] */
    int n;
    int frac; /* fractional bits of the result */
} writer;

/* --- which layers are a run -------------------------------------------------------------------------------------- */

bool nh_is_reshape(const nh_layer *l) { return l->op == NH_OP_RESHAPE || l->op == NH_OP_IDENTITY; }

static bool is_weighted(const nh_layer *l) { return l->op == NH_OP_DENSE || l->op == NH_OP_CONV; }

static bool is_sum(const nh_layer *l) { return is_weighted(l) || l->op == NH_OP_SUMPOOL || l->op == NH_OP_AVGPOOL; }

/* A sum that is rounded to a result format needs neurons of its own to do that. */
bool nh_is_synaptic(const nh_layer *l) { return (is_sum(l) && l->exact) || l->op == NH_OP_DELAY || nh_is_reshape(l); }

/* The recursion ends: every loop has a layer of neurons in it. */
bool nh_ends_in_neurons(const nh_graph *g, int tensor) {
    bool any = false;
    if (tensor == g->output) return false;
    for (int i = 0; i < g->n_layer; i++)
        for (int k = 0; k < g->layer[i].n_in; k++) {
            const nh_layer *l = &g->layer[i];
            if (l->in[k] != tensor) continue;
            any = true;
            if (l->op != NH_OP_NEURON && !(nh_is_synaptic(l) && nh_ends_in_neurons(g, l->out))) return false;
        }
    return any;
}

bool nh_starts_run(const nh_graph *g, const nh_layer *l) {
    return is_sum(l) && (!l->exact || (is_weighted(l) && !nh_ends_in_neurons(g, l->out)));
}

/* The only layer that reads a tensor, or NULL. */
static const nh_layer *only_reader(const nh_graph *g, int tensor) {
    if (g->tensor[tensor].n_consumers != 1 || tensor == g->output) return NULL;
    for (int i = 0; i < g->n_layer; i++)
        for (int k = 0; k < g->layer[i].n_in; k++)
            if (g->layer[i].in[k] == tensor) return &g->layer[i];
    return NULL;
}

/* Does the layer compute an element of its result from that element of its one input? */
static bool follows(const nh_layer *l) {
    bool is_computed =
        l->op == NH_OP_BATCHNORM || l->op == NH_OP_RELU || l->op == NH_OP_LEAKY_RELU || l->op == NH_OP_CLIP;
    return is_computed || nh_is_reshape(l);
}

bool nh_collect_run(nh_diag *d, const nh_graph *g, const nh_layer *first, nh_layer_run *r) {
    *r = (nh_layer_run){.layer = {first}, .n = 1};
    for (const nh_layer *l = only_reader(g, first->out); l && follows(l); l = only_reader(g, l->out)) {
        if (r->n == NH_RUN_LAYERS)
            return nh_event_refuse(
                d, l, nh_arena_printf(d->arena, "more than %d layers follow a weighted layer", NH_RUN_LAYERS - 1),
                NULL);
        r->layer[r->n++] = l;
    }
    return true;
}

/* --- the program of a run ---------------------------------------------------------------------------------------- */

static void put(writer *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(writer *w, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    w->code = nh_arena_printf(w->a, "%s    %s\n", w->code, nh_arena_vprintf(w->a, fmt, ap));
    va_end(ap);
}

/* name, or name_2, name_3 ...: not in use yet. */
static const char *unused(const writer *w, const char *name) {
    const char *now = name;
    for (int k = 0, again = 2; k < w->n; k++)
        if (strcmp(w->value[k].name, now) == 0) now = nh_arena_printf(w->a, "%s_%d", name, again++), k = -1;
    return now;
}

static bool put_param(writer *w, const nh_layer *l, const char *name, const double *value, int64_t n) {
    if (w->n == NH_NEURON_PARAMS)
        return nh_event_refuse(w->d, l, "its neurons would have more than 16 parameters", NULL);
    w->param = nh_arena_printf(w->a, "%sparam %s\n", w->param, name);
    w->value[w->n++] = (nh_neuron_value){.name = name, .n = n, .value = value};
    return true;
}

/* raw * 2^-frac in the run's LSB. */
static const double *values_of(const writer *w, const int64_t *raw, int64_t n, int frac) {
    double *v = nh_arena_array(w->a, (size_t)n, sizeof *v);
    for (int64_t i = 0; i < n; i++) v[i] = ldexp((double)raw[i], -frac);
    return v;
}

/* Skip the casts that infer added only to hold an exact sum or product: they change no value. Slopes and bounds are
 * finer than any format, so that their casts stay. */
static bool is_lossless(const nh_layer *l, nh_format f) {
    return l->op != NH_OP_LEAKY_RELU && l->op != NH_OP_CLIP && l->opt.result.is_auto && f.round == NH_ROUND_TRN &&
           f.overflow == NH_OVERFLOW_WRAP;
}

static void put_cast(writer *w, const nh_layer *l) {
    nh_format f = w->g->tensor[l->out].q.fmt;
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
    if (n == 1 && !w->scale_is_param) {
        double v = ldexp((double)mul[0], -shift);
        if (v < 1 || v > 1) put(w, "MUL t, t, %.17g", v);
        return true;
    }
    const char *name = unused(w, "gain");
    put(w, "MUL t, t, %s", name);
    return put_param(w, l, name, values_of(w, mul, n, shift), n);
}

static bool put_sums(writer *w, const nh_layer *l) {
    const nh_graph *g = w->g;
    bool weighted = is_weighted(l);
    int64_t n = weighted ? l->weight->shape.dim[0] : 1;
    int frac = nh_format_frac(g->tensor[l->in[0]].q.fmt) + (weighted ? nh_format_frac(l->weight->fmt) : 0);
    if (!l->accum_exact)
        return nh_event_refuse(
            w->d, l, "the sums of neuron cores are exact, and this layer's accum is given: every product is cast to it",
            "accum: auto");
    if (!l->bias) put(w, "MOV t, a");
    if (l->bias) {
        int64_t *raw = nh_arena_array(w->a, (size_t)n, sizeof *raw);
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
    nh_axis axis = nh_layer_axis(w->g, l);
    int64_t size = axis.outer * axis.n * axis.inner;
    if (!v || axis.n == 1 || axis.n == size) return v;
    int64_t *out = nh_arena_array(w->a, (size_t)size, sizeof *out);
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
    const nh_quant *in = &w->g->tensor[l->in[0]].q, *out = &w->g->tensor[l->out].q;
    switch (l->op) {
    case NH_OP_DENSE:
    case NH_OP_CONV:
    case NH_OP_SUMPOOL:
    case NH_OP_AVGPOOL: return put_sums(w, l);
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

/* "dense_relu": the operators of the run. */
static const char *name_of(nh_arena *a, const nh_layer_run *r) {
    const char *name = nh_op_get(r->layer[0]->op)->text;
    for (int i = 1; i < r->n; i++)
        if (!nh_is_reshape(r->layer[i]) && strlen(name) < 20)
            name = nh_arena_printf(a, "%s_%s", name, nh_op_get(r->layer[i]->op)->text);
    return name;
}

const nh_neuron_program *nh_run_program(nh_arena *a, nh_diag *d, const nh_graph *g, const nh_layer_run *r,
                                        bool scale_is_param, nh_neuron_value *value) {
    const nh_layer *last = r->layer[r->n - 1];
    writer w = {.a = a,
                .d = d,
                .g = g,
                .scale_is_param = scale_is_param,
                .name = name_of(a, r),
                .param = "",
                .code = "",
                .value = value,
                .frac = nh_format_frac(g->tensor[last->out].q.fmt)};
    for (int i = 0; i < r->n; i++)
        if (!put_layer(&w, r->layer[i])) return NULL;
    const char *text = nh_arena_printf(a, "model %s\ninput a\n%soutput t graded\nexact\n%s", w.name, w.param, w.code);
    return nh_neuron_assemble(a, d, w.name, text, strlen(text), NULL, 0);
}
