#include "lava.h"

#include <math.h>

#include "neurons.h"

#define DECAY_UNITY 4096.0
#define NARROW_SUM ((int64_t)1 << 18)     /* lava_lif.neuron: u=narrow */
#define WRAP_SUM (((int64_t)1 << 23) - 1) /* sums that fit 24 bits */

enum { MAX_PARAMS = 8, MAX_GUARDS = 8 };

typedef struct {
    lava_reader *r;
    const lava_layer *l;
    nh_neuron_value param[MAX_PARAMS];
    int n_param;
    nh_guard guard[MAX_GUARDS];
    int n_guard;
} program;

static void guard(program *p, const char *key, const char *value) { p->guard[p->n_guard++] = (nh_guard){key, value}; }

/* Values of one parameter as reals: all equal ones become one. */
static void param(program *p, const char *name, const lava_ints *v, double factor, double offset) {
    bool is_uniform = true;
    for (int64_t i = 1; i < v->n; i++) is_uniform = is_uniform && v->value[i] == v->value[0];
    int64_t n = is_uniform ? 1 : v->n;
    double *value = nh_arena_array(p->r->a, (size_t)n, sizeof *value);
    for (int64_t i = 0; i < n; i++) value[i] = (double)v->value[i] * factor + offset;
    p->param[p->n_param++] = (nh_neuron_value){name, n, value, v->at};
}

static void number(program *p, const char *name, const lava_ints *v) { param(p, name, v, 1, 0); }
/* What a decay leaves. */
static void keep(program *p, const char *name, const lava_ints *v) { param(p, name, v, -1 / DECAY_UNITY, 1); }

static bool is_zero(const lava_ints *v) {
    for (int64_t i = 0; v->value && i < v->n; i++)
        if (v->value[i] != 0) return false;
    return true;
}

/* A bias that is 0 everywhere needs no memory. */
static void bias(program *p) {
    bool has_bias = !is_zero(&p->l->bias);
    if (has_bias) number(p, "bias", &p->l->bias);
    guard(p, "bias", has_bias ? "yes" : "no");
}

static void no_bias(program *p, const char *what) {
    if (is_zero(&p->l->bias)) return;
    nh_report(p->r->d, NH_M_LAVA_IGNORED, p->l->bias.at, "the bias has no effect, as in lava");
    nh_diag_hint(p->r->d, "%s have none", what);
}

static bool decays_at_once(const lava_ints *v) {
    for (int64_t i = 0; i < v->n; i++)
        if (v->value[i] != (int64_t)DECAY_UNITY) return false;
    return true;
}

static const char *lif(program *p, const lava_sums *sums) {
    const lava_neuron *n = &p->l->neuron;
    bool is_bias = p->l->type == LAVA_INPUT && p->r->o && p->r->o->spiking.input_bias;
    bool has_memory = !is_bias && !decays_at_once(&n->i_decay);
    guard(p, "drive", is_bias ? "bias" : "current");
    guard(p, "memory", has_memory ? "yes" : "no");
    guard(p, "u", sums->bound >= 0 && sums->bound <= NARROW_SUM ? "narrow" : "wide");
    if (has_memory) keep(p, "u_keep", &n->i_decay);
    keep(p, "v_keep", &n->v_decay);
    bias(p);
    number(p, "theta", &n->threshold);
    return "lava_lif";
}

static const char *alif(program *p) {
    const lava_neuron *n = &p->l->neuron;
    keep(p, "u_keep", &n->i_decay);
    keep(p, "v_keep", &n->v_decay);
    keep(p, "lift_keep", &n->th_decay);
    keep(p, "ref_keep", &n->ref_decay);
    bias(p);
    number(p, "theta", &n->threshold);
    number(p, "step", &n->th_step);
    return "lava_alif";
}

/* netx goes from sine and cosine to period and decay and back. What comes out is an integer but for the last bits of a
 * double, and is cut off: an LSB is lost or not by the last bit of sin, cos and atan2. The same way here, in netx's
 * order, with the C library's functions, which are NumPy's too but where it uses AVX-512. */
static void turn(double sin_decay, double cos_decay, double *c, double *s) {
    const double pi = 3.14159265358979323846;
    double sd = sin_decay / DECAY_UNITY, cd = cos_decay / DECAY_UNITY;
    double alpha = 1 - sqrt(sd * sd + cd * cd), period = 1 / (atan2(sd, cd) / 2 / pi);
    *s = trunc((1 - alpha) * sin(pi * 2 * 1 / period) * DECAY_UNITY);
    *c = trunc((1 - alpha) * cos(pi * 2 * 1 / period) * DECAY_UNITY);
}

static void tell_turn(program *p, double c, double s) {
    const lava_neuron *n = &p->l->neuron;
    nh_report(p->r->d, NH_M_LAVA_DECIDED, n->at,
              "sine and cosine of the neurons pass through floating point, as in lava-dl");
    nh_diag_found(p->r->d, "sinDecay %lld, cosDecay %lld in the file; %g, %g used", (long long)n->sin_decay.value[0],
                  (long long)n->cos_decay.value[0], s * DECAY_UNITY, c * DECAY_UNITY);
    nh_diag_hint(p->r->d,
                 "either can be 1 nearer to 0 in lava itself where NumPy's sine is another (processors with AVX-512)");
}

static const char *rf(program *p, bool is_phase) {
    const lava_neuron *n = &p->l->neuron;
    const lava_ints *sd = &n->sin_decay, *cd = &n->cos_decay;
    int64_t size = sd->n > cd->n ? sd->n : cd->n;
    double *c = nh_arena_array(p->r->a, (size_t)size, sizeof *c), *s = nh_arena_array(p->r->a, (size_t)size, sizeof *s);
    int64_t per = size / (sd->n < cd->n ? sd->n : cd->n); /* channels against neurons: elements per channel */
    for (int64_t i = 0; i < size; i++) {
        turn((double)sd->value[sd->n == size ? i : i / per], (double)cd->value[cd->n == size ? i : i / per], &c[i],
             &s[i]);
        c[i] /= DECAY_UNITY;
        s[i] /= DECAY_UNITY;
    }
    tell_turn(p, c[0], s[0]);
    p->param[p->n_param++] = (nh_neuron_value){"c", size, c, cd->at};
    p->param[p->n_param++] = (nh_neuron_value){"s", size, s, sd->at};
    number(p, "theta", &n->threshold);
    guard(p, "kind", is_phase ? "phase" : "iz");
    no_bias(p, "resonate-and-fire neurons");
    return "lava_rf";
}

static const char *sigma_delta(program *p) {
    bool is_corrected = p->r->o && p->r->o->spiking.sigma_delta_corrected;
    guard(p, "corrected", is_corrected ? "yes" : "no");
    bias(p);
    number(p, "theta", &p->l->neuron.threshold);
    return "lava_sigma_delta";
}

static const char *choose(program *p, const lava_sums *sums) {
    switch (p->l->neuron.kind) {
    case LAVA_LIF: return lif(p, sums);
    case LAVA_ALIF: return alif(p);
    case LAVA_DELTA: number(p, "theta", &p->l->neuron.threshold); return "lava_delta";
    case LAVA_SIGMA_DELTA: return sigma_delta(p);
    case LAVA_SIGMA: no_bias(p, "sigma neurons"); return "lava_sigma";
    case LAVA_RF_PHASE: return rf(p, true);
    case LAVA_RF_IZ: return rf(p, false);
    }
    return "";
}

/* netx counts steps from 1 and shifts the reset by one step per layer, so that it travels with the data. */
static void reset(program *p, nh_neuron *n) {
    const nh_options *o = p->r->o;
    if (!o || o->spiking.reset_interval <= 0) return;
    if (p->l->neuron.kind != LAVA_LIF) {
        nh_report(p->r->d, NH_M_LAVA_IGNORED, p->l->neuron.at,
                  "reset_interval has no effect on this layer, as in lava");
        nh_diag_hint(p->r->d, "lava-dl's netx resets CUBA and LOIHI neurons only");
        return;
    }
    int64_t period = o->spiking.reset_interval, phase = (o->spiking.reset_offset + p->r->n_neuron) % period;
    n->reset_period = period;
    n->reset_phase = phase < 0 ? phase + period : phase;
}

nh_neuron *lava_program(lava_reader *r, const lava_layer *l, const lava_sums *sums) {
    program p = {.r = r, .l = l};
    bool wraps = sums->is_conv && (sums->bound < 0 || sums->bound > WRAP_SUM);
    const char *model = choose(&p, sums);
    guard(&p, "wrap", wraps ? "24" : "none");
    nh_neuron *n = nh_neuron_make(r->a, r->d, model, p.guard, p.n_guard, p.param, p.n_param);
    if (n) reset(&p, n);
    return n;
}

int lava_binary(lava_reader *r, const lava_layer *l, const char *what, int in) {
    nh_layer layer = {.op = NH_OP_NEURON, .at = l->at};
    layer.neuron = nh_neuron_make(r->a, r->d, "binary", NULL, 0, NULL, 0);
    return layer.neuron ? lava_append(r, l, what, layer, in, r->g->tensor[in].shape, NH_EDGE_SPIKE) : -1;
}
