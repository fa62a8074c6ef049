/* Networks with time steps for the tests of passes and of the lowering: by hand, and random ones. */
#ifndef NH_STEPS_NET_H
#define NH_STEPS_NET_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "neurons.h"
#include "passes.h"

typedef struct {
    nh_arena *a;
    nh_diag *d;
    nh_graph *g;
    nh_options o;
    uint64_t random;
} tnet;

static inline int64_t between(tnet *n, int64_t lo, int64_t hi) {
    n->random ^= n->random >> 12, n->random ^= n->random << 25, n->random ^= n->random >> 27;
    return lo + (int64_t)((n->random * 0x2545f4914f6cdd1du >> 11) % (uint64_t)(hi - lo + 1));
}

static inline double uniform(tnet *n, double lo, double hi) {
    return lo + (hi - lo) * (double)between(n, 0, 1 << 20) / (1 << 20);
}

static inline double *uniforms(tnet *n, int64_t count, double lo, double hi) {
    double *v = nh_arena_array(n->a, (size_t)count, sizeof *v);
    for (int64_t i = 0; i < count; i++) v[i] = uniform(n, lo, hi);
    return v;
}

static inline nh_format tfmt(const char *text) {
    nh_format f = {0};
    const char *why;
    size_t at;
    return nh_format_parse(text, &f, &why, &at) ? f : (nh_format){0};
}

/* Everything auto, weights of 6 bits, states of 16, decays of 12. */
static inline tnet tnet_new(nh_shape input, uint64_t seed) {
    nh_format_request is_auto = {.is_auto = true};
    tnet n = {.a = nh_arena_new(), .random = seed * 0x9e3779b97f4a7c15u + 1};
    n.d = nh_diag_new(n.a);
    n.g = nh_graph_new(n.a, "net");
    n.g->steps = 6;
    n.o = (nh_options){.project = "net", .clock_mhz = 100, .beat = 1, .input = {.format = is_auto, .bits = 8}};
    n.o.target = (nh_target){.name = "generic",
                             .lut_inputs = 6,
                             .lut_ns = 0.9,
                             .carry_ns_per_bit = 0.1,
                             .mul_ns = 4,
                             .bram_ns = 2,
                             .setup_ns = 0.5};
    n.o.calibrate.percentile = 99.9;
    n.o.defaults = (nh_layer_options){.strategy = NH_STRATEGY_RESOURCE,
                                      .weight = is_auto,
                                      .bias = is_auto,
                                      .result = is_auto,
                                      .accum = is_auto,
                                      .state = is_auto,
                                      .weight_bits = 6,
                                      .result_bits = 8,
                                      .state_bits = 16,
                                      .decay_bits = 12,
                                      .multiplier_bits = 16,
                                      .table_size = 256};
    n.g->input = n.g->output = nh_graph_add_tensor(n.g, "x", input, NH_EDGE_SPIKE);
    nh_graph_add_layer(n.g, (nh_layer){.name = "x", .op = NH_OP_INPUT, .out = n.g->input, .opt = n.o.defaults});
    return n;
}

/* The passes from absorb on; samples may be NULL. */
static inline bool infer(tnet *n, const nh_samples *samples) {
    nh_seen *seen;
    nh_graph_keep_sums(n->g);
    return nh_pass_absorb(n->g, n->d) && nh_pass_calibrate(n->a, n->g, &n->o, samples, n->d, &seen) &&
           nh_pass_infer(n->g, &n->o, samples, seen, n->d);
}

/* A tensor whose layer comes later. */
static inline int later(tnet *n, nh_shape shape) {
    return nh_graph_add_tensor(n->g, nh_arena_printf(n->a, "t%d", n->g->n_tensor), shape, NH_EDGE_GRADED);
}

/* Adds the layer that makes tensor `out`, which becomes the output. l.in[0] = in where l.n_in is 0. */
static inline int add_to(tnet *n, nh_layer l, int in, int out) {
    if (l.n_in == 0) l.n_in = 1, l.in[0] = in;
    l.name = nh_arena_printf(n->a, "%s%d", l.name ? l.name : "l", n->g->n_layer);
    l.opt = n->o.defaults;
    l.out = n->g->output = out;
    nh_graph_add_layer(n->g, l);
    return out;
}

static inline int add(tnet *n, nh_layer l, int in, nh_shape shape) { return add_to(n, l, in, later(n, shape)); }

static inline nh_param *tparam(tnet *n, nh_shape shape, const double *value) {
    nh_param *p = NH_NEW(n->a, nh_param);
    *p = (nh_param){.name = "w", .shape = shape, .value = value};
    return p;
}

static inline nh_shape shape_of(const tnet *n, int t) { return n->g->tensor[t].shape; }
static inline int64_t size_of(const tnet *n, int t) { return nh_shape_size(shape_of(n, t)); }

static inline int dense(tnet *n, int in, int64_t n_out, const double *w, const double *b) {
    int64_t n_in = size_of(n, in);
    return add(n,
               (nh_layer){.name = "fc",
                          .op = NH_OP_DENSE,
                          .weight = tparam(n, (nh_shape){2, {n_out, n_in}}, w),
                          .bias = b ? tparam(n, (nh_shape){1, {n_out}}, b) : NULL},
               in, (nh_shape){1, {n_out}});
}

static inline int conv(tnet *n, int in, nh_window w, int64_t c_out, const double *k, const double *b) {
    nh_shape x = shape_of(n, in), y = {3, {c_out, nh_window_out(&w, 0, x.dim[1]), nh_window_out(&w, 1, x.dim[2])}};
    return add(n,
               (nh_layer){.name = "conv",
                          .op = NH_OP_CONV,
                          .window = w,
                          .weight = tparam(n, (nh_shape){4, {c_out, x.dim[0] / w.groups, w.kernel[0], w.kernel[1]}}, k),
                          .bias = b ? tparam(n, (nh_shape){1, {c_out}}, b) : NULL},
               in, y);
}

static inline int pool(tnet *n, nh_op op, int in, nh_window w) {
    nh_shape x = shape_of(n, in);
    return add(n, (nh_layer){.name = "pool", .op = op, .window = w}, in,
               (nh_shape){3, {x.dim[0], nh_window_out(&w, 0, x.dim[1]), nh_window_out(&w, 1, x.dim[2])}});
}

static inline nh_layer delay_layer(tnet *n, int64_t steps) {
    int64_t *d = NH_NEW(n->a, int64_t);
    *d = steps;
    return (nh_layer){.name = "late", .op = NH_OP_DELAY, .delay = d, .n_delay = 1};
}

static inline int delayed(tnet *n, int in, int64_t steps) { return add(n, delay_layer(n, steps), in, shape_of(n, in)); }

static inline int reshaped(tnet *n, int in, nh_shape s) {
    return add(n, (nh_layer){.name = "flat", .op = NH_OP_RESHAPE}, in, s);
}

static inline nh_neuron_value one_value(tnet *n, double v) {
    double *p = NH_NEW(n->a, double);
    *p = v;
    return (nh_neuron_value){.n = 1, .value = p};
}

/* Guards as "key=value,key=value"; what is not given is off. */
enum { GUARDS = 24 };
static inline int guards(nh_arena *a, const char *text, nh_guard g[GUARDS]) {
    static const char *const rest[] = {"form",  "gain",   "syn_gain", "leak",  "reset",    "timing",
                                       "spike", "spikes", "compare",  "v_min", "syn_order"};
    int n = 0;
    char *s = nh_arena_str(a, text), *save;
    for (char *word = strtok_r(s, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        char *is = strchr(word, '=');
        *is = 0;
        g[n++] = (nh_guard){word, is + 1};
    }
    for (size_t k = 0, i; k < sizeof rest / sizeof *rest; k++) {
        for (i = 0; i < (size_t)n && strcmp(g[i].key, rest[k]) != 0; i++) {}
        if (i == (size_t)n) g[n++] = (nh_guard){rest[k], "none"};
    }
    return n;
}

static inline nh_neuron *neuron_of(tnet *n, const char *model, const char *guard, const nh_neuron_value *param,
                                   int n_param) {
    nh_guard g[GUARDS];
    int k = guards(n->a, guard, g);
    return nh_neuron_make(n->a, n->d, model, g, k, param, n_param);
}

static inline int neurons(tnet *n, int in, nh_neuron *m) {
    return add(n, (nh_layer){.name = "n", .op = NH_OP_NEURON, .neuron = m}, in, shape_of(n, in));
}

/* lif of one threshold and decay. */
static inline nh_neuron *lif(tnet *n, double alpha, double theta) {
    nh_neuron_value v[2] = {one_value(n, alpha), one_value(n, theta)};
    return neuron_of(n, "lif",
                     "form=decay,gain=unit,leak=no,spikes=one,compare=gt,spike=after,timing=same,reset=subtract", v, 2);
}

static inline nh_shape vec(int64_t n) { return (nh_shape){1, {n}}; }
static inline nh_shape img(int64_t c, int64_t h, int64_t w) { return (nh_shape){3, {c, h, w}}; }
static inline nh_window square(int64_t k, int64_t stride, int64_t pad) {
    return (nh_window){.kernel = {k, k},
                       .stride = {stride, stride},
                       .pad_before = {pad, pad},
                       .pad_after = {pad, pad},
                       .dilation = {1, 1},
                       .groups = 1};
}

static inline int count_of(const tnet *n, nh_code code) {
    int c = 0;
    for (size_t i = 0; i < n->d->count; i++) c += n->d->item[i].code == code;
    return c;
}

/* --- the fixed network as a float one ---------------------------------------------------------------------------- */

static inline nh_param *as_reals(nh_arena *a, const nh_param *p) {
    if (!p) return NULL;
    nh_param *q = NH_NEW(a, nh_param);
    int64_t n = nh_shape_size(p->shape);
    double *v = nh_arena_array(a, (size_t)n, sizeof *v);
    for (int64_t i = 0; i < n; i++) v[i] = ldexp((double)p->raw[i], -nh_format_frac(p->fmt));
    *q = (nh_param){.name = p->name, .shape = p->shape, .value = v};
    return q;
}

/* y = a, cast. */
static inline nh_neuron *cast_neuron(nh_arena *a, nh_format f) {
    char t[NH_FORMAT_TEXT];
    const char *text =
        nh_arena_printf(a, "model cast\ninput a\noutput y graded\nexact\nCAST y, a, %s\n", nh_format_print(f, t));
    nh_neuron *n = NH_NEW(a, nh_neuron);
    n->program = nh_neuron_assemble(a, nh_diag_new(a), "cast", text, strlen(text), NULL, 0);
    return n;
}

static inline nh_layer layer_as_float(nh_arena *a, nh_layer l) {
    l.weight = as_reals(a, l.weight);
    l.bias = as_reals(a, l.bias);
    int64_t area = l.window.kernel[0] * l.window.kernel[1];
    if (l.op == NH_OP_AVGPOOL && (area & (area - 1)) != 0) l.op = NH_OP_SUMPOOL;
    if (l.op != NH_OP_NEURON) return l;
    nh_neuron *n = NH_NEW(a, nh_neuron);
    *n = *l.neuron;
    n->program = n->fx;
    memcpy(n->param, n->fx_param, sizeof n->param);
    l.neuron = n;
    return l;
}

/* What the hardware computes, for nh_float_net_*: weights are their raw integers times the power of two of their
 * format, results that are no accumulators are cast, neurons are their exact programs, means whose divisor is no power
 * of two are sums (their readers divide). */
static inline nh_graph *fixed_as_float(nh_arena *a, const nh_graph *g) {
    nh_graph *f = NH_NEW(a, nh_graph);
    *f = *g;
    f->n_layer = 0;
    f->layer = nh_arena_array(a, (size_t)g->n_layer * 2, sizeof *f->layer);
    f->tensor = nh_arena_array(a, (size_t)(g->n_tensor + g->n_layer), sizeof *f->tensor);
    memcpy(f->tensor, g->tensor, (size_t)g->n_tensor * sizeof *f->tensor);
    for (int i = 0; i < g->n_layer; i++) {
        nh_layer *l = &f->layer[f->n_layer++];
        *l = layer_as_float(a, g->layer[i]);
        if (l->op == NH_OP_DENSE || l->op == NH_OP_NEURON) {
            int sum = f->n_tensor++, y = l->out;
            f->tensor[sum] = f->tensor[y];
            l->out = sum;
            f->tensor[sum].producer = f->n_layer - 1;
            *++l = (nh_layer){.name = "cast",
                              .op = NH_OP_NEURON,
                              .n_in = 1,
                              .in = {sum},
                              .out = y,
                              .neuron = cast_neuron(a, g->tensor[y].q.fmt)};
            f->n_layer++;
        }
        f->tensor[l->out].producer = f->n_layer - 1;
    }
    return f;
}

/* --- random networks --------------------------------------------------------------------------------------------- */

/* Values of a parameter by its name. */
static inline nh_neuron_value random_value(tnet *n, const char *name, int64_t channels, int64_t elements) {
    int pick = (int)between(n, 0, 5);
    int64_t count = pick == 0 ? elements : pick == 1 ? channels : 1;
    double lo = -0.3, hi = 0.4; /* leaks, biases, reset voltages */
    if (strncmp(name, "alpha", 5) == 0 || strcmp(name, "rho") == 0) lo = 0.3, hi = 0.99;
    if (strcmp(name, "theta") == 0) lo = 0.4, hi = 1.7;
    if (strcmp(name, "beta") == 0 || strncmp(name, "gain", 4) == 0 || strcmp(name, "scale") == 0) lo = 0.2, hi = 1.3;
    if (strcmp(name, "c") == 0 || strcmp(name, "s") == 0) lo = 0.2, hi = 0.6;
    return (nh_neuron_value){.n = count, .value = uniforms(n, count, lo, hi)};
}

typedef struct {
    const char *model, *guard;
    bool is_spike;
} model_choice;

static const model_choice all_models[] = {
    {"lif", "form=decay,gain=unit,leak=no,spikes=one,compare=gt,spike=after,timing=same,reset=subtract", true},
    {"lif", "form=decay,gain=mul,leak=yes,spikes=one,compare=ge,spike=after,timing=same,reset=value", true},
    {"lif", "form=decay,gain=mul,leak=no,spikes=one,compare=gt,spike=after,timing=next,reset=zero", true},
    {"lif", "form=increment,leak=yes,spikes=one,compare=gt,spike=before,timing=same,reset=zero", true},
    {"lif", "form=decay,gain=unit,leak=no,spikes=one,compare=gt,spike=after,timing=snntorch_sub,reset=subtract", true},
    {"lif",
     "form=decay,gain=unit,leak=no,spikes=one,compare=ge,spike=after,timing=same,reset=subtract,v_min=minus_threshold",
     true},
    {"cubalif",
     "gain=unit,syn_gain=unit,leak=no,spikes=one,compare=gt,spike=after,timing=same,reset=zero,syn_order=new", true},
    {"cubalif",
     "gain=mul,syn_gain=mul,leak=yes,spikes=one,compare=ge,spike=after,timing=same,reset=subtract,syn_order=old", true},
    {"alif", "", true},
    {"threshold", "", true},
    {"binary", "", true},
    {"relu", "", false},
    {"scale", "", false},
    {"delta", "", false},
    {"sigma_delta", "", false},
    {"sigma", "", false},
    {"li", "gain=unit,form=decay,leak=no", false},
};
enum { MODELS = sizeof all_models / sizeof *all_models, SPIKING_MODELS = 11 };

static inline nh_neuron *random_neuron(tnet *n, int tensor, bool spiking) {
    const model_choice *m = &all_models[between(n, 0, spiking ? SPIKING_MODELS - 1 : MODELS - 1)];
    nh_guard g[GUARDS];
    int k = guards(n->a, m->guard, g);
    nh_shape s = shape_of(n, tensor);
    const nh_neuron_program *p = nh_neuron_builtin(n->a, n->d, m->model, g, k);
    nh_neuron_value v[NH_NEURON_PARAMS];
    for (int i = 0; i < p->n_param; i++)
        v[i] = random_value(n, p->reg[p->param[i]].name, s.rank > 1 ? s.dim[0] : nh_shape_size(s), nh_shape_size(s));
    nh_neuron *made = nh_neuron_make(n->a, n->d, m->model, g, k, v, p->n_param);
    if (between(n, 0, 7) == 0) made->reset_period = 3, made->reset_phase = between(n, 0, 2);
    return made;
}

static inline int random_weighted(tnet *n, int in) {
    nh_shape x = shape_of(n, in);
    bool has_bias = between(n, 0, 1);
    if (x.rank == 3 && between(n, 0, 2)) {
        int64_t k = between(n, 1, 2) + (x.dim[1] > 2 && x.dim[2] > 2 ? between(n, 0, 1) : 0),
                groups = x.dim[0] % 2 == 0 && between(n, 0, 2) == 0 ? 2 : 1;
        if (between(n, 0, 3) == 0) groups = x.dim[0];
        nh_window w = square(k, between(n, 1, 2), between(n, 0, 1));
        w.groups = groups;
        w.stride[0] = between(n, 1, 2);
        w.pad_after[0] = between(n, 0, 1);
        int64_t c_out = groups * between(n, 1, 2);
        if (nh_window_out(&w, 0, x.dim[1]) > 0 && nh_window_out(&w, 1, x.dim[2]) > 0)
            return conv(n, in, w, c_out, uniforms(n, c_out * (x.dim[0] / groups) * k * k, -0.8, 1),
                        has_bias ? uniforms(n, c_out, -0.3, 0.3) : NULL);
    }
    int flat = x.rank > 1 ? reshaped(n, in, vec(nh_shape_size(x))) : in;
    bool image = between(n, 0, 3) == 0;
    int64_t n_out = image ? 12 : between(n, 1, 7);
    int y = dense(n, flat, n_out, uniforms(n, n_out * nh_shape_size(x), -0.8, 1),
                  has_bias ? uniforms(n, n_out, -0.3, 0.3) : NULL);
    return image ? reshaped(n, y, img(3, 2, 2)) : y;
}

/* neurons(weighted(in) + loop): what comes back are late spikes or graded values, their late weighted sums, or both
 * late and reshaped. */
static inline int random_loop(tnet *n, int in, bool graded) {
    int64_t size = between(n, 1, 6);
    int kind = (int)between(n, 0, 4), flat = shape_of(n, in).rank > 1 ? reshaped(n, in, vec(size_of(n, in))) : in;
    int forward = dense(n, flat, size, uniforms(n, size * size_of(n, flat), -0.8, 1), uniforms(n, size, -0.2, 0.2));
    const double *w = uniforms(n, size * size, -0.6 / (double)size, 0.6 / (double)size);
    int made = later(n, vec(size)), weighted = later(n, vec(size)), shaped = later(n, img(size, 1, 1));
    nh_layer matrix = {.name = "fc", .op = NH_OP_DENSE, .weight = tparam(n, (nh_shape){2, {size, size}}, w)},
             wire = {.name = "flat", .op = NH_OP_RESHAPE};
    int back = add(n, delay_layer(n, between(n, 1, 2)),
                   kind < 2    ? made
                   : kind == 2 ? weighted
                               : shaped,
                   shape_of(n, kind < 3 ? made : shaped));
    if (kind > 2) back = reshaped(n, back, vec(size));
    if (kind == 1) back = add_to(n, matrix, back, weighted);
    int sum = add(n, (nh_layer){.name = "sum", .op = NH_OP_ADD, .n_in = 2, .in = {forward, back}}, 0, vec(size));
    nh_neuron *m = random_neuron(n, sum, !graded);
    add_to(n, (nh_layer){.name = "n", .op = NH_OP_NEURON, .neuron = m}, sum, made);
    /* Every tensor that was promised gets its layer. */
    if (kind != 1) add_to(n, matrix, made, weighted);
    add_to(n, wire, kind == 4 ? weighted : made, shaped);
    n->g->output = made;
    return made;
}

static inline int random_delay(tnet *n, int in) {
    nh_layer l = delay_layer(n, between(n, 0, 3));
    if (between(n, 0, 1)) {
        int64_t *d = nh_arena_array(n->a, (size_t)size_of(n, in), sizeof *d);
        for (int64_t i = 0; i < size_of(n, in); i++) d[i] = between(n, 0, 3);
        l.delay = d;
        l.n_delay = size_of(n, in);
    }
    return add(n, l, in, shape_of(n, in));
}

/* A sum of tensors of one shape, of `in` and of others that are there. */
static inline int random_sum(tnet *n, int in) {
    nh_layer l = {.name = "sum", .op = NH_OP_ADD, .n_in = 1, .in = {in}};
    for (int t = n->g->n_tensor - 1; t >= 0 && l.n_in < NH_MAX_INPUTS; t--)
        if (nh_shape_equal(shape_of(n, t), shape_of(n, in)) && between(n, 0, 2)) l.in[l.n_in++] = t;
    return l.n_in > 1 ? add(n, l, in, shape_of(n, in)) : in;
}

static inline int random_layer(tnet *n, int in, bool loops, bool graded) {
    int pick = (int)between(n, 0, 11);
    bool image = shape_of(n, in).rank == 3 && shape_of(n, in).dim[1] > 1 && shape_of(n, in).dim[2] > 1;
    if (pick == 0) return random_delay(n, in);
    if (pick <= 2) return random_sum(n, in);
    if (pick == 3) return neurons(n, in, random_neuron(n, in, false));
    if (pick <= 5 && loops) return random_loop(n, in, graded && pick == 4);
    if (pick == 6 && image)
        return pool(n, between(n, 0, 1) ? NH_OP_SUMPOOL : NH_OP_AVGPOOL, in,
                    square(2, between(n, 1, 2), between(n, 0, 1)));
    if (pick == 7 && image && shape_of(n, in).dim[1] > 2 && shape_of(n, in).dim[2] > 2)
        return pool(n, NH_OP_AVGPOOL, in, square(3, 2, 0));
    int y = random_weighted(n, in);
    return between(n, 0, 9) ? neurons(n, y, random_neuron(n, y, between(n, 0, 2))) : y;
}

/* Layers that nobody reads may be left over. */
/* loops, graded: what comes back in a loop may be graded, whose range needs calibration. */
static inline tnet random_tnet(uint64_t seed, bool loops, bool graded) {
    tnet n = tnet_new(seed % 2 ? img(1 + (int64_t)(seed / 2 % 3), 4, 4) : vec(5), seed);
    int at = n.g->input, layers = (int)between(&n, 2, 6);
    for (int i = 0; i < layers; i++) {
        int from = between(&n, 0, 3) ? at : n.g->layer[between(&n, 0, n.g->n_layer - 1)].out;
        at = random_layer(&n, from, loops, graded);
    }
    n.g->output = at;
    return n;
}

/* Spikes, or small whole numbers. */
static inline double *random_samples(tnet *n, int64_t samples, int most) {
    int64_t count = samples * n->g->steps * size_of(n, n->g->input);
    double *x = nh_arena_array(n->a, (size_t)count, sizeof *x);
    for (int64_t i = 0; i < count; i++) x[i] = between(n, 0, 2) ? 0 : (double)between(n, 1, most);
    return x;
}

#endif
