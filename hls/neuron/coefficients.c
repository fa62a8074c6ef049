/* Differential equation + numerics -> coefficients of a time step. They are rounded to single precision, in which every
 * framework holds them: 1 - 1e-4 / 1.6e-3 is then the 0.9375 that the network was trained with. */
#include "numerics.h"

#include <math.h>
#include <string.h>

const nh_neuron_value *nh_value_find(const nh_neuron_value *list, int n, const char *name) {
    for (int i = 0; i < n; i++)
        if (list[i].name && strcmp(list[i].name, name) == 0) return &list[i];
    return NULL;
}

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_layer *l;
    const nh_reading *r;
    int64_t n, channels; /* elements, and the first dimension of an image or n */
    bool ok;
} maker;

/* --- values of the file ------------------------------------------------------------------------------------------ */

static const nh_neuron_value *of(const maker *m, const char *name) {
    return nh_value_find(m->l->neuron->ode, m->l->neuron->n_ode, name);
}

static double at(const maker *m, const nh_neuron_value *v, int64_t i, int64_t n, double absent) {
    if (!v) return absent;
    if (v->n == 1) return v->value[0];
    return v->value[v->n == n ? i : i / (m->n / m->channels)];
}

/* How many values a coefficient of both has. */
static int64_t joint(const maker *m, const nh_neuron_value *x, const nh_neuron_value *y) {
    int64_t nx = x ? x->n : 1, ny = y ? y->n : 1, most = nx > ny ? nx : ny;
    return nx > 1 && ny > 1 && nx != ny ? m->n : most;
}

static void refuse(maker *m, nh_code code, const nh_neuron_value *v, double found, const char *allowed,
                   const char *what) {
    nh_report(m->d, code, v->at.path ? v->at : m->l->at, "%s", what);
    nh_diag_layer(m->d, m->l->name);
    nh_diag_found(m->d, "%s = %g", v->name, found);
    nh_diag_allowed(m->d, "%s", allowed);
    if (nh_code_get(code)->severity == NH_ERROR) m->ok = false;
}

static void check_values(maker *m) {
    for (int k = 0; k < m->l->neuron->n_ode; k++) {
        const nh_neuron_value *v = &m->l->neuron->ode[k];
        bool is_tau = strncmp(v->name, "tau", 3) == 0, is_threshold = strcmp(v->name, "v_threshold") == 0;
        for (int64_t i = 0; i < v->n && m->ok; i++) {
            if (!isfinite(v->value[i]))
                refuse(m, NH_N_NEURON_VALUE, v, v->value[i], "finite numbers", "a neuron parameter is not a number");
            if (is_tau && v->value[i] <= 0)
                refuse(m, NH_N_NEURON_VALUE, v, v->value[i], "above 0", "a time constant is not positive");
            if (is_threshold && v->value[i] <= 0)
                refuse(m, NH_N_NEURON_VALUE, v, v->value[i], "above 0: states start at 0",
                       "a threshold is not positive");
        }
    }
}

/* --- decays ------------------------------------------------------------------------------------------------------ */

typedef enum { EULER, EXP, STEPS } rule;

static double smallest(const nh_neuron_value *v) {
    double min = v->value[0];
    for (int64_t i = 1; i < v->n; i++) min = v->value[i] < min ? v->value[i] : min;
    return min;
}

static rule rule_of(const maker *m, const nh_neuron_value *tau, bool is_syn) {
    nh_integrator by = m->r->n.integrator;
    if (by == NH_INTEGRATOR_EULER || (is_syn && m->r->has_euler_syn)) return EULER;
    if (by == NH_INTEGRATOR_EXP) return EXP;
    return m->r->may_be_seconds && smallest(tau) < 1 ? EXP : STEPS;
}

static void check_tau(maker *m, const nh_neuron_value *tau, rule by) {
    double min = smallest(tau), dt = by == STEPS ? 1 : m->r->n.dt;
    if (dt <= min * (1 + 1e-6)) return;
    if (by == EULER) {
        refuse(m, NH_N_DT, tau, min, nh_arena_printf(m->a, "%s >= dt = %g s", tau->name, dt),
               nh_arena_printf(m->a, "the time step is longer than the time constant '%s'", tau->name));
        nh_diag_hint(m->d, "set spiking.dt to at most %g, or integrator: exp", min);
    } else {
        refuse(m, NH_N_DT_COARSE, tau, min, nh_arena_printf(m->a, "usually %s >= dt = %g", tau->name, dt),
               nh_arena_printf(m->a, "the time step is longer than the time constant '%s'", tau->name));
        nh_diag_hint(m->d, by == STEPS ? "steps_exp reads time constants in steps, exp in seconds"
                                       : "is spiking.dt in seconds?");
    }
}

/* dt / tau by Euler; the other rules have it too, for gains. */
static double ratio(const maker *m, double tau, rule by) { return by == STEPS ? 1 / tau : m->r->n.dt / tau; }

static double decay(const maker *m, double tau, rule by) {
    double x = ratio(m, tau, by), alpha = by == EULER ? 1 - x : exp(-x);
    return alpha < 0 ? 0 : alpha; /* dt = tau but for single precision: anything more was refused */
}

/* --- coefficients ------------------------------------------------------------------------------------------------ */

static nh_neuron_value *put(nh_coefficients *c, maker *m, const char *name, int64_t n) {
    nh_neuron_value *v = &c->value[c->n++];
    *v = (nh_neuron_value){.name = name, .n = n, .at = m->l->at};
    v->value = nh_arena_array(m->a, (size_t)n, sizeof(double));
    return v;
}

static void set(nh_neuron_value *v, int64_t i, double x) { ((double *)v->value)[i] = (double)(float)x; }

static bool is_all(const nh_neuron_value *v, double x, double tolerance) {
    for (int64_t i = 0; i < v->n; i++)
        if (fabs(v->value[i] - x) > tolerance) return false;
    return true;
}

static void reduce(nh_neuron_value *v) {
    if (is_all(v, v->value[0], 0)) v->n = 1;
}

/* A gain is one to a few units in the last place where a framework wrote r = tau / dt. */
static bool is_unit(nh_neuron_value *gain) {
    if (!is_all(gain, 1, 1e-6)) return false;
    gain->n = 1;
    set(gain, 0, 1);
    return true;
}

/* alpha and gain of one decaying state: tau, factor (r or w_in). Integrators have tau NULL. */
static bool state_coefficients(nh_coefficients *c, maker *m, const char *alpha_name, const char *gain_name,
                               const nh_neuron_value *tau, const nh_neuron_value *factor, rule by) {
    int64_t n = joint(m, tau, factor);
    nh_neuron_value *alpha = tau ? put(c, m, alpha_name, tau->n) : NULL, *gain = put(c, m, gain_name, n);
    nh_input_gain kind = m->r->n.input_gain;
    for (int64_t i = 0; alpha && i < tau->n; i++) set(alpha, i, decay(m, tau->value[i], by));
    for (int64_t i = 0; i < n; i++) {
        double f = at(m, factor, i, n, 1), t = at(m, tau, i, n, 1);
        double per_step = tau ? ratio(m, t, by) : m->r->n.dt;
        double lost = tau ? 1 - decay(m, t, by) : m->r->n.dt;
        double unit = m->r->decays_input && tau ? decay(m, t, by) : 1;
        set(gain, i, kind == NH_GAIN_UNIT ? unit : f * (kind == NH_GAIN_SPEC ? per_step : lost));
    }
    if (alpha) reduce(alpha);
    reduce(gain);
    return is_unit(gain);
}

/* Where the voltage starts, for spiking neurons. Programs start at 0, so all voltages are counted from here. */
static const nh_neuron_value *start_of(const maker *m) {
    const nh_neuron_value *v = m->r->start && of(m, "v_threshold") ? of(m, m->r->start) : NULL;
    return v && !is_all(v, 0, 0) ? v : NULL;
}

static void leak_coefficient(nh_coefficients *c, maker *m, const nh_neuron_value *tau, rule by) {
    const nh_neuron_value *v_leak = of(m, "v_leak"), *start = start_of(m);
    int64_t n = joint(m, tau, v_leak);
    if (start) n = start->n == n || start->n == 1 ? n : m->n;
    nh_neuron_value *leak = put(c, m, "leak", n);
    for (int64_t i = 0; i < n; i++)
        set(leak, i, (at(m, v_leak, i, n, 0) - at(m, start, i, n, 0)) * (1 - decay(m, at(m, tau, i, n, 1), by)));
    reduce(leak);
    c->has_leak = !is_all(leak, 0, 0);
}

/* A voltage of the file, counted from where the neuron's starts. */
static void voltage_coefficient(nh_coefficients *c, maker *m, const char *name, const nh_neuron_value *from) {
    const nh_neuron_value *start = start_of(m);
    int64_t n = joint(m, from, start);
    nh_neuron_value *v = put(c, m, name, n);
    for (int64_t i = 0; i < n; i++) set(v, i, at(m, from, i, n, 0) - at(m, start, i, n, 0));
    reduce(v);
}

static void check_theta(maker *m, const nh_neuron_value *theta) {
    const nh_neuron_value *start = start_of(m);
    for (int64_t i = 0; start && i < theta->n && m->ok; i++)
        if (theta->value[i] <= 0)
            refuse(m, NH_N_NEURON_VALUE, start, start->value[start->n == 1 ? 0 : i % start->n], "below v_threshold",
                   "a voltage starts above its threshold");
}

static void warn_ignored(maker *m) {
    const nh_neuron_value *r = of(m, "r"), *v_reset = of(m, "v_reset");
    if (m->r->ignores_r && r && !is_all(r, 1, 1e-6)) {
        nh_report(m->d, NH_N_NEURON_IGNORED, m->l->at, "%s does not read the resistance r of a neuron", m->r->preset);
        nh_diag_layer(m->d, m->l->name);
        nh_diag_found(m->d, "r = %g", r->value[0]);
        nh_diag_hint(m->d, "numerics: nir reads it");
    }
    if (v_reset && !is_all(v_reset, 0, 0) && m->r->n.reset != NH_RESET_VALUE) {
        nh_report(m->d, NH_N_NEURON_IGNORED, m->l->at, "the file has a v_reset, which this reset does not use");
        nh_diag_layer(m->d, m->l->name);
        nh_diag_found(m->d, "v_reset = %g", v_reset->value[0]);
        nh_diag_hint(m->d, "reset: value uses it");
    }
}

bool nh_coefficients_make(nh_arena *a, nh_diag *d, const nh_graph *g, const nh_layer *l, const nh_reading *r,
                          nh_coefficients *out) {
    nh_shape s = g->tensor[l->out].shape;
    maker m = {a, d, l, r, nh_shape_size(s), s.rank > 1 ? s.dim[0] : nh_shape_size(s), true};
    static const double one_value = 1;
    static const nh_neuron_value one = {.name = "r", .n = 1, .value = &one_value};
    *out = (nh_coefficients){.n = 0};
    check_values(&m);
    if (!m.ok) return false;
    bool is_cuba = l->neuron->kind == NH_KIND_CUBALIF || l->neuron->kind == NH_KIND_CUBALI;
    const nh_neuron_value *tau = of(&m, is_cuba ? "tau_mem" : "tau"), *tau_syn = of(&m, "tau_syn"),
                          *resistance = r->ignores_r ? &one : of(&m, "r");
    rule by = tau ? rule_of(&m, tau, false) : EULER, by_syn = tau_syn ? rule_of(&m, tau_syn, true) : EULER;
    if (tau) check_tau(&m, tau, by);
    if (tau_syn) check_tau(&m, tau_syn, by_syn);
    if (!m.ok) return false;
    out->has_unit_gain = state_coefficients(out, &m, "alpha", "gain", tau, resistance, by);
    if (tau_syn)
        out->has_unit_gain_syn = state_coefficients(out, &m, "alpha_syn", "gain_syn", tau_syn, of(&m, "w_in"), by_syn);
    if (tau) leak_coefficient(out, &m, tau, by);
    if (of(&m, "v_threshold")) {
        voltage_coefficient(out, &m, "theta", of(&m, "v_threshold"));
        check_theta(&m, &out->value[out->n - 1]);
        voltage_coefficient(out, &m, "v_reset", r->n.reset == NH_RESET_ZERO && start_of(&m) ? NULL : of(&m, "v_reset"));
        out->has_v_reset = !is_all(&out->value[out->n - 1], 0, 0);
    }
    set(put(out, &m, "dt", 1), 0, r->n.dt);
    warn_ignored(&m);
    return m.ok;
}
