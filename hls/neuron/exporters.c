/* What exporters write into a file, beyond the equation: the time step that their values imply, and what they leave
 * out. Sources: the exporters of snnTorch 0.9 and 1.0, Sinabs 2.0 and 3.1, Rockpool 3.1, Norse 1.1 and Spyx 0.1
 * and 1.0, which the README quotes. */
#include "numerics.h"

#include <math.h>
#include <stdlib.h>

/* --- the time step ----------------------------------------------------------------------------------------------- */

/* dt of r = tau/dt exp(-dt/tau); 0 where no dt gives this r. exp(-x)/x falls with x. */
static double rockpool_dt(double tau, double r) {
    double lo = 1e-9, hi = 1;
    if (!(r > exp(-hi) / hi) || r > exp(-lo) / lo) return 0;
    for (int i = 0; i < 100; i++) {
        double x = (lo + hi) / 2;
        *(exp(-x) / x > r ? &lo : &hi) = x;
    }
    return lo * tau;
}

static double dt_of(nh_preset preset, double tau, double r) {
    if (r >= 1 - 1e-6 && r <= 1 + 1e-6) return 0; /* r = 1 is what everybody writes who does not use r */
    switch (preset) {
    case NH_PRESET_SNNTORCH:
    case NH_PRESET_SNNTORCH_0_9: return tau / r;
    case NH_PRESET_SPYX: return r < 1 ? tau * (1 - r) : 0;
    case NH_PRESET_ROCKPOOL: return rockpool_dt(tau, r);
    default: return 0;
    }
}

/* Six digits: what the exporter computed in single precision. */
static double short_number(nh_arena *a, double x) { return strtod(nh_arena_printf(a, "%.6g", x), NULL); }

double nh_exporter_dt(nh_arena *a, const nh_layer *l) {
    const nh_neuron *n = l->neuron;
    if (!n || n->kind == NH_KIND_PROGRAM || n->kind == NH_KIND_IF || n->kind == NH_KIND_I) return 0;
    const nh_neuron_value *tau = nh_value_find(n->ode, n->n_ode, "tau"), *r = nh_value_find(n->ode, n->n_ode, "r");
    if (!tau) tau = nh_value_find(n->ode, n->n_ode, "tau_mem");
    if (!tau || !r || (tau->n != r->n && tau->n > 1 && r->n > 1)) return 0;
    double first = 0;
    int64_t count = tau->n > r->n ? tau->n : r->n;
    for (int64_t i = 0; i < count; i++) {
        double dt = dt_of(l->opt.numerics.preset, tau->value[tau->n == 1 ? 0 : i], r->value[r->n == 1 ? 0 : i]);
        if (i == 0) first = dt;
        if (!(dt > 0) || !isfinite(dt) || fabs(dt - first) > 1e-3 * first) return 0;
    }
    return short_number(a, first);
}

/* --- what is left out -------------------------------------------------------------------------------------------- */

enum { IF = 1 << NH_KIND_IF, LIF = 1 << NH_KIND_LIF, CUBALIF = 1 << NH_KIND_CUBALIF, SPIKING = IF | LIF | CUBALIF };

typedef struct {
    nh_preset preset;
    int kinds;
    nh_lost lost;
    const char *hint; /* the option for each setting of the framework */
} lost_row;

static const lost_row rows[] = {
    {NH_PRESET_SINABS, LIF, NH_LOST_GAIN,
     "input_gain: one_minus_alpha for norm_input=True, the default of Sinabs's LIF, or unit for False"},
    {NH_PRESET_SINABS, IF, NH_LOST_V_MIN,
     "v_min: minus_threshold for min_v_mem=-threshold, or none for None, the default of Sinabs's IAF"},
    {NH_PRESET_SINABS, LIF, NH_LOST_V_MIN, "v_min: none for min_v_mem=None, or minus_threshold"},
    {NH_PRESET_SINABS, SPIKING, NH_LOST_COUNT, "spikes_per_step: 255 for MultiSpike, or 1 for SingleSpike"},
    {NH_PRESET_NORSE, SPIKING, NH_LOST_DT, "dt, or spiking: { dt: ... }: Norse's own default is 1e-3"},
    {NH_PRESET_NORSE, LIF | CUBALIF, NH_LOST_RESET, "reset: zero for reset_value, or subtract for reset_subtract"},
    {NH_PRESET_SNNTORCH, SPIKING, NH_LOST_TIMING,
     "reset_timing: next for reset_delay=True, snnTorch's default, snntorch_sub for reset_delay=False with subtract, "
     "same for it with zero"},
};

static bool is_stated(const nh_layer *l, nh_lost what, double spiking_dt) {
    const nh_numerics *n = &l->opt.numerics;
    switch (what) {
    case NH_LOST_GAIN: return n->input_gain != NH_GAIN_AUTO;
    case NH_LOST_V_MIN: return n->v_min != NH_V_MIN_AUTO;
    case NH_LOST_COUNT: return n->spikes_per_step != 0;
    case NH_LOST_DT: return n->dt > 0 || spiking_dt > 0;
    case NH_LOST_RESET: return n->reset != NH_RESET_AUTO;
    /* Without a reset there is no timing, and while the reset itself is not stated N322 asks for it. */
    case NH_LOST_TIMING: return n->reset_timing != NH_RESET_TIMING_AUTO || n->reset == NH_RESET_AUTO;
    default: return true;
    }
}

unsigned nh_exporter_lost(const nh_layer *l, const nh_reading *r, double spiking_dt) {
    unsigned lost = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].preset != l->opt.numerics.preset || !(rows[i].kinds & 1 << l->neuron->kind)) continue;
        if (rows[i].lost == NH_LOST_TIMING && r->n.reset_timing != NH_RESET_NEXT)
            continue; /* both settings are the same here */
        if (!is_stated(l, rows[i].lost, spiking_dt)) lost |= 1u << i;
    }
    return lost;
}

const char *nh_exporter_hint(nh_arena *a, unsigned lost) {
    const char *text = "";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (lost & 1u << i) text = nh_arena_printf(a, "%s%s%s", text, *text ? "; " : "", rows[i].hint);
    return text;
}
