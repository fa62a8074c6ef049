/* What the frameworks mean by the same differential equation: one row per preset. Sources and measurements: the README.
 */
#include "numerics.h"

#include <math.h>
#include <stddef.h>

typedef struct {
    const char *name;
    nh_numerics n;
    bool has_plain_if;  /* an integrate-and-fire neuron adds its input as it is: neither r nor dt */
    bool has_euler_syn; /* the synaptic current decays by 1 - dt/tau_syn whatever the membrane does */
    bool ignores_r;   /* of leaky neurons without synaptic current, which it updates by v + dt/tau ((v_leak - v) + x) */
    bool loses_reset; /* its exporter writes v_reset = 0 for every kind of reset */
    bool clears_first; /* a delayed reset to 0 of leaky neurons outside loops acts before the input is added: the spikes
                          of a reset in the same step */
    bool decays_li;    /* a leaky integrator decays after its input: alpha (v + x) */
    bool follows_dt;   /* its exporter writes any dt, and tau and r tell which */
    const char *start; /* value of the file where the voltage of a spiking neuron starts; NULL: at 0 */
    double dt;         /* s, where it is not 1e-4 */
} preset_row;

#define ROW(integrator_, gain_, reset_, timing_, spike_, compare_, most_, min_, order_, bias_, delay_)                 \
    {                                                                                                                  \
        .integrator = NH_INTEGRATOR_##integrator_, .input_gain = NH_GAIN_##gain_, .reset = NH_RESET_##reset_,          \
        .reset_timing = NH_RESET_##timing_, .spike = NH_SPIKE_##spike_##_UPDATE, .compare = NH_COMPARE_##compare_,     \
        .spikes_per_step = most_, .v_min = NH_V_MIN_##min_, .syn_order = NH_SYN_##order_,                              \
        .recurrent_bias = NH_REC_BIAS_##bias_, .layer_delay = delay_, .dt = 1e-4                                       \
    }
#define MANY NH_NEURON_COUNT_MOST

static const preset_row preset_table[NH_PRESET_COUNT] = {
    [NH_PRESET_NIR] = {.name = "nir", .n = ROW(EULER, SPEC, VALUE, SAME, AFTER, GT, 1, NONE, NEW, YES, 0)},
    [NH_PRESET_NORSE] = {.name = "norse",
                         .n = ROW(EULER, SPEC, ZERO, SAME, AFTER, GT, 1, NONE, NEW, NO, 0),
                         .has_plain_if = true,
                         .ignores_r = true,
                         .start = "v_leak"},
    [NH_PRESET_SNNTORCH] = {.name = "snntorch",
                            .n = ROW(EULER, SPEC, SUBTRACT, NEXT, AFTER, GT, 1, NONE, NEW, YES, 0),
                            .has_plain_if = true,
                            .loses_reset = true,
                            .clears_first = true},
    [NH_PRESET_SNNTORCH_0_9] = {.name = "snntorch-0.9",
                                .n = ROW(EULER, SPEC, ZERO, SNNTORCH_SUB, AFTER, GT, 1, NONE, NEW, YES, 0),
                                .has_plain_if = true,
                                .loses_reset = true},
    [NH_PRESET_SINABS] = {.name = "sinabs",
                          .n = ROW(STEPS_EXP, UNIT, SUBTRACT, SAME, AFTER, GE, MANY, MINUS_THRESHOLD, DECAY_AFTER, YES,
                                   0),
                          .has_plain_if = true,
                          .loses_reset = true},
    [NH_PRESET_ROCKPOOL] = {.name = "rockpool",
                            .n = ROW(EXP, UNIT, SUBTRACT, SAME, AFTER, GE, MANY, NONE, DECAY_AFTER, YES, 0),
                            .decays_li = true,
                            .follows_dt = true},
    [NH_PRESET_SPYX] = {.name = "spyx",
                        .n = ROW(EULER, UNIT, SUBTRACT, SAME, BEFORE, GT, 1, NONE, NEW, YES, 0),
                        .follows_dt = true,
                        .dt = 1},
    [NH_PRESET_NENGO] = {.name = "nengo",
                         .n = ROW(EXP, ONE_MINUS_ALPHA, ZERO, SAME, AFTER, GT, 1, NONE, NEW, YES, 0),
                         .has_euler_syn = true},
    [NH_PRESET_SPINNAKER2] = {.name = "spinnaker2", .n = ROW(EULER, SPEC, ZERO, SAME, AFTER, GT, 1, NONE, NEW, YES, 0)},
    [NH_PRESET_SPIKINGJELLY] = {.name = "spikingjelly",
                                .n = ROW(EULER, SPEC, VALUE, SAME, AFTER, GE, 1, NONE, NEW, YES, 0),
                                .loses_reset = true,
                                .start = "v_reset"},
    [NH_PRESET_LAVA] = {.name = "lava", .n = ROW(EULER, SPEC, ZERO, SAME, AFTER, GT, 1, NONE, NEW, YES, 1)},
};

nh_numerics nh_numerics_resolve(const nh_numerics *asked, double spiking_dt) {
    nh_numerics n = *asked;
    const nh_numerics *p = &preset_table[asked->preset].n;
#define TAKE(field, is_auto)                                                                                           \
    if (n.field == (is_auto)) n.field = p->field
    TAKE(integrator, NH_INTEGRATOR_AUTO);
    TAKE(input_gain, NH_GAIN_AUTO);
    TAKE(reset, NH_RESET_AUTO);
    TAKE(reset_timing, NH_RESET_TIMING_AUTO);
    TAKE(spike, NH_SPIKE_AUTO);
    TAKE(compare, NH_COMPARE_AUTO);
    TAKE(spikes_per_step, 0);
    TAKE(v_min, NH_V_MIN_AUTO);
    TAKE(syn_order, NH_SYN_ORDER_AUTO);
    TAKE(recurrent_bias, NH_REC_BIAS_AUTO);
    TAKE(layer_delay, -1);
#undef TAKE
    if (n.dt == 0)
        n.dt = spiking_dt != 0                      ? spiking_dt
               : preset_table[asked->preset].dt > 0 ? preset_table[asked->preset].dt
                                                    : p->dt;
    /* snnTorch's rule of 0.9 and resets that are not subtractions are the same thing as a reset in the same step; so is
     * no reset at all */
    bool is_moot =
        n.reset == NH_RESET_NONE || (n.reset_timing == NH_RESET_SNNTORCH_SUB && n.reset != NH_RESET_SUBTRACT);
    if (is_moot) n.reset_timing = NH_RESET_SAME;
    return n;
}

/* Does the layer's output come back to it? Loops are closed by late delays, so that few passes over the layers reach
 * all readers. */
static bool is_in_loop(const nh_graph *g, const nh_layer *l) {
    bool has_late = false, is_changed = true;
    for (int i = 0; i < g->n_layer; i++) has_late |= nh_layer_is_late(&g->layer[i]);
    if (!has_late) return false;
    nh_arena *a = nh_arena_new();
    bool *is_reached = nh_arena_array(a, (size_t)g->n_tensor + 1, sizeof *is_reached), found = false;
    is_reached[l->out] = true;
    while (is_changed && !found) {
        is_changed = false;
        for (int i = 0; i < g->n_layer && !found; i++) {
            bool reads = false;
            for (int k = 0; k < g->layer[i].n_in; k++) reads |= is_reached[g->layer[i].in[k]];
            found = reads && &g->layer[i] == l;
            if (!reads || is_reached[g->layer[i].out]) continue;
            is_reached[g->layer[i].out] = is_changed = true;
        }
    }
    nh_arena_free(a);
    return found;
}

/* Spyx: a file that it wrote has r = 1 - dt/tau and means a gain of 1. Of others its versions make different things:
 * 0.1 scales what arrives by dt/tau, 1.0 adds it. An integrate-and-fire neuron, and one that only leaks, add in all of
 * them. */
static void read_spyx(nh_reading *r, const nh_layer *l, nh_neuron_kind kind, bool has_dt) {
    const nh_neuron_value *tau =
        kind == NH_KIND_PROGRAM ? NULL : nh_value_find(l->neuron->ode, l->neuron->n_ode, "tau");
    if (kind == NH_KIND_CUBALIF || kind == NH_KIND_CUBALI)
        tau = nh_value_find(l->neuron->ode, l->neuron->n_ode, "tau_mem");
    for (int64_t i = 0; tau && !has_dt && i < tau->n; i++)
        if (tau->value[i] < 1) r->n.dt = 1e-4; /* cannot be in steps */
    bool is_own = r->exporter_dt > 0 && fabs(r->exporter_dt - r->n.dt) <= 1e-3 * r->n.dt;
    if (is_own || (kind != NH_KIND_LIF && kind != NH_KIND_CUBALIF) || l->opt.numerics.input_gain != NH_GAIN_AUTO)
        return;
    r->is_foreign = true;
    r->n.input_gain = NH_GAIN_SPEC;
}

nh_reading nh_reading_of(const nh_graph *g, const nh_layer *l, double spiking_dt) {
    const nh_numerics *asked = &l->opt.numerics;
    const preset_row *row = &preset_table[asked->preset];
    nh_reading r = {.n = nh_numerics_resolve(asked, spiking_dt), .preset = row->name};
    nh_neuron_kind kind = l->neuron ? l->neuron->kind : NH_KIND_PROGRAM;
    bool is_leaky = kind == NH_KIND_LIF || kind == NH_KIND_LI;
    r.is_integrator = kind == NH_KIND_IF || kind == NH_KIND_I;
    r.loses_reset = row->loses_reset;
    r.ignores_r = row->ignores_r && is_leaky;
    r.is_increment = r.ignores_r && r.n.integrator == NH_INTEGRATOR_EULER && r.n.input_gain == NH_GAIN_SPEC;
    r.has_euler_syn = row->has_euler_syn && asked->integrator == NH_INTEGRATOR_AUTO;
    r.may_be_seconds = asked->integrator == NH_INTEGRATOR_AUTO && r.n.integrator == NH_INTEGRATOR_STEPS_EXP;
    r.decays_input = row->decays_li && kind == NH_KIND_LI && asked->input_gain == NH_GAIN_AUTO;
    r.exporter_dt = nh_exporter_dt(g->arena, l);
    bool has_dt = asked->dt > 0 || spiking_dt > 0 || r.exporter_dt > 0;
    if (r.exporter_dt > 0 && asked->dt == 0 && spiking_dt == 0 && row->follows_dt) r.n.dt = r.exporter_dt;
    if (asked->preset == NH_PRESET_SPYX) read_spyx(&r, l, kind, has_dt);
    if (r.is_integrator && row->has_plain_if && asked->input_gain == NH_GAIN_AUTO) r.n.input_gain = NH_GAIN_UNIT;
    /* Sinabs: what is below -threshold is cut off where integrate-and-fire neurons were imported, never for leaky ones.
     */
    if (asked->preset == NH_PRESET_SINABS && !r.is_integrator && asked->v_min == NH_V_MIN_AUTO)
        r.n.v_min = NH_V_MIN_NONE;
    /* Counted from its start, a voltage would lose another amount by a subtraction and be cut off elsewhere. */
    bool can_start = r.n.reset != NH_RESET_SUBTRACT && r.n.v_min == NH_V_MIN_NONE && r.n.spikes_per_step == 1;
    r.start = can_start ? row->start : NULL;
    r.is_in_loop = (row->clears_first || asked->preset == NH_PRESET_SPYX) && is_in_loop(g, l);
    bool is_cleared = r.n.reset == NH_RESET_ZERO || r.n.reset == NH_RESET_VALUE;
    if (row->clears_first && is_cleared && asked->reset_timing == NH_RESET_TIMING_AUTO &&
        (is_leaky || r.is_integrator) && !r.is_in_loop)
        r.n.reset_timing = NH_RESET_SAME;
    return r;
}

#define TEXT(...) ((const char *const[]){__VA_ARGS__})

const char *nh_reading_text(nh_arena *a, const nh_reading *r) {
    const nh_numerics *n = &r->n;
    return nh_arena_printf(a,
                           "preset %s: integrator %s, input_gain %s, reset %s (%s), spike %s, compare %s, "
                           "spikes_per_step %lld, v_min %s, syn_order %s, layer_delay %lld, dt %g s",
                           r->preset, TEXT("auto", "euler", "exp", "steps_exp")[n->integrator],
                           TEXT("auto", "spec", "unit", "one_minus_alpha")[n->input_gain],
                           TEXT("auto", "value", "zero", "subtract", "none")[n->reset],
                           TEXT("auto", "same", "next", "snntorch_sub")[n->reset_timing],
                           TEXT("auto", "after_update", "before_update")[n->spike],
                           n->spikes_per_step > 1 ? "ge" : TEXT("auto", "gt", "ge")[n->compare],
                           (long long)n->spikes_per_step, TEXT("auto", "none", "minus_threshold")[n->v_min],
                           TEXT("auto", "new", "old", "decay_after")[n->syn_order], (long long)n->layer_delay, n->dt);
}
