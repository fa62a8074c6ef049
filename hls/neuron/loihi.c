/* numerics: lava for a differential equation: the layer in Loihi's integers (models/lava_lif.neuron). Weights become
 * whole numbers of at most 8 bits with sign, all of a layer's by one scale, and the threshold by the same; decays are
 * multiples of 1/4096. */
#include "loihi.h"

#include <math.h>
#include <string.h>

enum { FEEDERS = 8, WEIGHT_BITS = 8, THETA_MOST = (1 << 17) - 1 };

typedef struct {
    nh_arena *a;
    nh_graph *g;
    nh_layer *feeder[FEEDERS]; /* layers with weights whose sum the neurons take in */
    int n;
    const char *why; /* the layer cannot be in integers */
} feeding;

static bool fail(feeding *f, const char *why) {
    f->why = why;
    return false;
}

static bool collect(feeding *f, int tensor, int depth) {
    nh_layer *l = &f->g->layer[f->g->tensor[tensor].producer];
    if (f->g->tensor[tensor].n_consumers > 1) return fail(f, "its input is read by other layers too");
    if (depth == 0) return fail(f, "too many layers stand between its weights and it");
    switch (l->op) {
    case NH_OP_DENSE:
    case NH_OP_CONV:
        if (f->n == FEEDERS) return fail(f, "too many layers with weights feed it");
        f->feeder[f->n++] = l;
        return true;
    case NH_OP_ADD:
    case NH_OP_RESHAPE:
    case NH_OP_IDENTITY:
    case NH_OP_SUMPOOL:
    case NH_OP_DELAY:
        for (int k = 0; k < l->n_in; k++)
            if (!collect(f, l->in[k], depth - 1)) return false;
        return true;
    default: return fail(f, "its input is not a sum over weights");
    }
}

static double largest(const feeding *f) {
    double most = 0;
    for (int k = 0; k < f->n; k++)
        for (int64_t i = 0; i < nh_shape_size(f->feeder[k]->weight->shape); i++)
            most = fmax(most, fabs(f->feeder[k]->weight->value[i]));
    return most;
}

/* Mean squared error of the weights by a scale, relative to the largest, and that of the threshold. */
static double loss(const feeding *f, double scale, double most, double theta) {
    double sum = 0, n = 0, d = (nearbyint(theta) - theta) / theta;
    for (int k = 0; k < f->n; k++) {
        int64_t size = nh_shape_size(f->feeder[k]->weight->shape);
        for (int64_t i = 0; i < size; i++) {
            double w = f->feeder[k]->weight->value[i] * scale;
            sum += (nearbyint(w) - w) * (nearbyint(w) - w);
        }
        n += (double)size;
    }
    return sum / n / (most * most) + d * d;
}

/* 8, or the fewer bits that the configuration gives the weights. */
static int weight_bits(const feeding *f) {
    int bits = WEIGHT_BITS;
    for (int k = 0; k < f->n; k++) {
        const nh_layer_options *o = &f->feeder[k]->opt;
        if (o->weight.is_auto && o->weight_bits >= 2 && o->weight_bits < bits) bits = o->weight_bits;
    }
    return bits;
}

/* Whole weight per weight: the scale of least loss among those that make the largest weight 64..127. 0 when there is
 * none. */
static double choose_scale(feeding *f, double gain, double theta) {
    double most = largest(f), best = INFINITY, scale = 0;
    if (most == 0) {
        f->why = "all its weights are 0";
        return 0;
    }
    int top = 1 << (weight_bits(f) - 1);
    for (int m = top - 1; m >= top / 2 && m >= 1; m--) {
        double s = m / most, threshold = theta * s / gain, l = loss(f, s, m, threshold);
        if (threshold > THETA_MOST || threshold < 0.5 || l >= best) continue;
        best = l, scale = s;
    }
    if (scale == 0) f->why = "its threshold does not fit 17 bits beside weights of 8";
    return scale;
}

/* Quantized as it is, so that no later pass rounds it again. NULL when it does not fit 32 bits. */
static nh_param *whole(nh_arena *a, const nh_param *p, double scale) {
    int64_t n = nh_shape_size(p->shape);
    double *v = nh_arena_array(a, (size_t)n, sizeof *v);
    int64_t *raw = nh_arena_array(a, (size_t)n, sizeof *raw);
    nh_range range = {0, 0};
    for (int64_t i = 0; i < n; i++) {
        v[i] = nearbyint(p->value[i] * scale);
        if (fabs(v[i]) > (double)INT32_MAX) return NULL;
        raw[i] = (int64_t)v[i];
        range = nh_range_hull(range, (nh_range){raw[i], raw[i]});
    }
    int bits = nh_range_signed_width(range);
    nh_param *q = NH_NEW(a, nh_param);
    *q = *p;
    q->value = v;
    q->raw = raw;
    q->fmt = nh_format_make(true, bits, bits, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    q->scale = NULL;
    return q;
}

static bool make_whole(feeding *f, double scale) {
    nh_param *weight[FEEDERS], *bias[FEEDERS] = {NULL};
    for (int k = 0; k < f->n; k++) {
        weight[k] = whole(f->a, f->feeder[k]->weight, scale);
        if (f->feeder[k]->bias) bias[k] = whole(f->a, f->feeder[k]->bias, scale);
        if (!weight[k] || (f->feeder[k]->bias && !bias[k])) return fail(f, "a bias is too large beside its weights");
    }
    for (int k = 0; k < f->n; k++) f->feeder[k]->weight = weight[k], f->feeder[k]->bias = bias[k];
    return true;
}

static bool is_uniform(const nh_coefficients *k) {
    for (int i = 0; i < k->n; i++)
        if (k->value[i].n != 1) return false;
    return true;
}

static double of(const nh_coefficients *k, const char *name, double absent) {
    const nh_neuron_value *v = nh_value_find(k->value, k->n, name);
    return v ? v->value[0] : absent;
}

/* (4096 - d) / 4096, d the nearest whole number. (The traces of lava have 163 for 163.84; with weights of 8 bits that
 * leaks too little, and spikes come early.) */
static double keep(double alpha) { return nearbyint(alpha * 4096) / 4096; }

static void put(nh_arena *a, nh_coefficients *k, const char *name, double x) {
    double *v = NH_NEW(a, double);
    *v = x;
    k->value[k->n++] = (nh_neuron_value){.name = name, .n = 1, .value = v};
}

bool nh_loihi_is_asked(const nh_layer *l) {
    const nh_numerics *n = &l->opt.numerics;
    bool is_plain = n->integrator == NH_INTEGRATOR_AUTO && n->input_gain == NH_GAIN_AUTO && n->reset == NH_RESET_AUTO &&
                    n->reset_timing == NH_RESET_TIMING_AUTO && n->spike == NH_SPIKE_AUTO &&
                    n->compare == NH_COMPARE_AUTO && n->spikes_per_step == 0 && n->v_min == NH_V_MIN_AUTO &&
                    n->syn_order == NH_SYN_ORDER_AUTO;
    nh_neuron_kind kind = l->neuron->kind;
    return n->preset == NH_PRESET_LAVA && is_plain &&
           (kind == NH_KIND_IF || kind == NH_KIND_LIF || kind == NH_KIND_CUBALIF);
}

const nh_neuron_program *nh_loihi_make(nh_graph *g, nh_diag *d, const nh_layer *l, const nh_coefficients *from,
                                       nh_coefficients *to, const char **why) {
    feeding f = {.a = g->arena, .g = g};
    bool is_cuba = l->neuron->kind == NH_KIND_CUBALIF;
    double gain = of(from, "gain", 1) * of(from, "gain_syn", 1), theta = of(from, "theta", 1),
           leak = of(from, "leak", 0), scale = 0;
    if (!is_uniform(from)) f.why = "its neurons differ in their parameters";
    if (!f.why && !(gain > 0)) f.why = "its gain is not above 0";
    if (!f.why && collect(&f, l->in[0], 8)) scale = choose_scale(&f, gain, theta);
    bool ok = scale != 0 && make_whole(&f, scale);
    *why = f.why;
    if (!ok) return NULL;
    double per_volt = scale / gain;
    const nh_guard guard[] = {{"drive", "current"},
                              {"memory", is_cuba ? "yes" : "no"},
                              {"u", "wide"},
                              {"bias", leak != 0 ? "yes" : "no"},
                              {"wrap", "none"}};
    const nh_neuron_program *p = nh_neuron_builtin(g->arena, d, "lava_lif", guard, 5);
    if (!p) return NULL;
    to->n = 0;
    put(g->arena, to, "u_keep", keep(of(from, "alpha_syn", 0)));
    put(g->arena, to, "v_keep", keep(of(from, "alpha", 1)));
    put(g->arena, to, "bias", nearbyint(leak * per_volt));
    put(g->arena, to, "theta", nearbyint(theta * per_volt));
    nh_report(d, NH_N_LOIHI, l->at, "in Loihi's integers: 1 V is %.6g, threshold %g, decay %g/4096%s", per_volt,
              nearbyint(theta * per_volt), 4096 * (1 - keep(of(from, "alpha", 1))),
              is_cuba ? nh_arena_printf(g->arena, ", current %g/4096", 4096 * (1 - keep(of(from, "alpha_syn", 0))))
                      : "");
    nh_diag_layer(d, l->name);
    return p;
}
