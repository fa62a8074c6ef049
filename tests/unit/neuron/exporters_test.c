/* What the exporters of the frameworks write and leave out. Expected: six-line copies of the frameworks' own updates in
 * single precision, and hand arithmetic. tests/frameworks compares with the frameworks themselves. */
#include <criterion/criterion.h>
#include <string.h>

#include "net.h"

enum { STEPS = 24 };
/* Weighted input of every step: above and below threshold, pauses, inhibition. */
static const double drive[STEPS] = {0.7, 0.6, 0.1, 1.9, 0.2, -0.8, 0.9, 0.9, 0,   0.4, 2.6, 0,
                                    0,   1.1, 0.3, -2,  0.5, 1.2,  1.3, 0.1, 0.8, 0.8, 0.8, 0.8};

typedef struct {
    net n;
    nh_options o;
    nh_neuron *neuron;
} problem;

/* x -> weight 1 -> one neuron */
static problem problem_new(nh_neuron_kind kind, nh_preset preset) {
    static const double one = 1;
    problem p = {.n = net_new((nh_shape){1, {1}})};
    nh_layer dense = {.name = "fc", .op = NH_OP_DENSE, .weight = net_param(&p.n, (nh_shape){2, {1, 1}}, &one)};
    net_add(&p.n, dense, -1, (nh_shape){1, {1}});
    p.neuron = NH_NEW(p.n.a, nh_neuron);
    p.neuron->kind = kind;
    net_add(&p.n, (nh_layer){.name = "lif", .op = NH_OP_NEURON, .neuron = p.neuron}, -1, (nh_shape){1, {1}});
    p.n.g->layer[1].opt.numerics.preset = p.n.g->layer[2].opt.numerics.preset = preset;
    return p;
}

static void give(problem *p, const char *name, double v) {
    p->neuron->ode[p->neuron->n_ode++] = value1(p->n.a, name, v);
}

static problem neuron(nh_preset preset, nh_neuron_kind kind, double tau, double r, double threshold) {
    problem p = problem_new(kind, preset);
    if (tau > 0) give(&p, kind == NH_KIND_CUBALIF ? "tau_mem" : "tau", tau);
    give(&p, "r", r);
    if (kind != NH_KIND_IF && kind != NH_KIND_I) give(&p, "v_leak", 0);
    if (threshold > 0) give(&p, "v_threshold", threshold);
    return p;
}

static nh_numerics *numerics(problem *p) { return &p->n.g->layer[2].opt.numerics; }

static const nh_diag_item *find(const problem *p, nh_code code) {
    for (size_t i = 0; i < p->n.d->count; i++)
        if (p->n.d->item[i].code == code) return &p->n.d->item[i];
    return NULL;
}

static void discretise(problem *p) {
    cr_assert(nh_pass_discretise(p->n.g, &p->o, p->n.d), "%s", p->n.d->count ? p->n.d->item[0].message : "");
}

/* The outputs of all steps are want's. */
static void expect_outputs(problem *p, const float want[STEPS]) {
    discretise(p);
    nh_float_net *e = nh_float_net_new(p->n.a, p->n.g, NH_FLOAT32);
    for (int t = 0; t < STEPS; t++) {
        nh_float_net_step(e, &drive[t]);
        cr_expect_float_eq(nh_float_net_value(e, p->n.g->output)[0], (double)want[t], 1e-6, "step %d: %g, not %g", t,
                           nh_float_net_value(e, p->n.g->output)[0], (double)want[t]);
    }
}

/* --- Spyx -------------------------------------------------------------------------------------------------------- */

/* nn.LIF: spikes = V > th; V = beta V + x - spikes th. beta 1: nn.IF. */
static void spyx(float beta, float threshold, float out[STEPS]) {
    float v = 0;
    for (int t = 0; t < STEPS; t++) {
        out[t] = v > threshold;
        v = beta * v + (float)drive[t] - out[t] * threshold;
    }
}

Test(exporters, spyx_writes_r_beta_and_means_a_gain_of_one) {
    float want[STEPS];
    spyx(0.75f, 1, want);
    for (int k = 0; k < 2;
         k++) { /* in steps, as its exporter does by default, and in seconds; dt is not given and follows from r */
        double dt = k ? 1e-3 : 1;
        problem p = neuron(NH_PRESET_SPYX, NH_KIND_LIF, dt / 0.25, 0.75, 1);
        expect_outputs(&p, want);
        cr_expect(!find(&p, NH_N_SPYX_FOREIGN) && !find(&p, NH_N_DT_EXPORTED));
    }
    spyx(1, 0.9f, want);
    problem p = neuron(NH_PRESET_SPYX, NH_KIND_IF, 0, 1, (double)0.9f);
    expect_outputs(&p, want);
}

Test(exporters, spyx_leaks_without_a_threshold_with_a_gain_of_one) {
    float want[STEPS], v = 0;
    for (int t = 0; t < STEPS; t++) want[t] = v = 0.75f * v + (float)drive[t];
    problem p = neuron(NH_PRESET_SPYX, NH_KIND_LI, 4, 1, 0);
    expect_outputs(&p, want);
}

Test(exporters, layers_that_spyx_did_not_write_are_a_warning_that_names_the_option) {
    problem p = neuron(NH_PRESET_SPYX, NH_KIND_LIF, 4, 1, 1);
    discretise(&p);
    const nh_diag_item *i = find(&p, NH_N_SPYX_FOREIGN);
    cr_assert(i && strstr(i->hint, "input_gain: unit"));
    p = neuron(NH_PRESET_SPYX, NH_KIND_LIF, 4, 1, 1);
    numerics(&p)->input_gain = NH_GAIN_UNIT;
    discretise(&p);
    cr_expect(!find(&p, NH_N_SPYX_FOREIGN));
}

/* --- snnTorch ---------------------------------------------------------------------------------------------------- */

/* Leaky with reset_mechanism="zero": reset = mem > th; mem = beta (1 - reset) mem + x; spk = mem > th. */
Test(exporters, snntorch_clears_a_leaky_membrane_before_the_input_is_added) {
    float want[STEPS], mem = 0;
    for (int t = 0; t < STEPS; t++) {
        float reset = mem > 1;
        mem = (1 - reset) * mem;
        mem = 0.75f * mem + (float)drive[t];
        want[t] = mem > 1;
    }
    problem p = neuron(NH_PRESET_SNNTORCH, NH_KIND_LIF, 4e-4, 4, 1);
    numerics(&p)->reset = NH_RESET_ZERO;
    expect_outputs(&p, want);
    cr_expect(!find(&p, NH_N_EXPORT_LOST)); /* reset_delay makes no difference */
}

/* Synaptic, zero: syn = alpha syn + x; mem = (1 - reset) (beta mem + syn): the input of the step after a spike is lost.
 */
Test(exporters, snntorch_clears_a_synaptic_membrane_after_the_input_was_added) {
    float want[STEPS], syn = 0, mem = 0;
    for (int t = 0; t < STEPS; t++) {
        float reset = mem > 1;
        syn = 0.5f * syn + (float)drive[t];
        mem = 0.75f * mem + syn;
        mem = mem - mem * reset;
        want[t] = mem > 1;
    }
    problem p = neuron(NH_PRESET_SNNTORCH, NH_KIND_CUBALIF, 4e-4, 4, 1);
    give(&p, "tau_syn", 2e-4), give(&p, "w_in", 2);
    numerics(&p)->reset = NH_RESET_ZERO;
    expect_outputs(&p, want);
    cr_expect(find(&p, NH_N_EXPORT_LOST) && strstr(find(&p, NH_N_EXPORT_LOST)->hint, "reset_timing"));
}

/* --- Rockpool ---------------------------------------------------------------------------------------------------- */

/* ExpSynTorch: isyn += x; isyn *= exp(-dt/tau). */
Test(exporters, rockpool_decays_a_leaky_integrator_after_its_input_and_r_tells_dt) {
    double dt = 1e-3, tau = 5e-3;
    float want[STEPS], isyn = 0, beta = (float)exp(-dt / tau);
    for (int t = 0; t < STEPS; t++) want[t] = isyn = (isyn + (float)drive[t]) * beta;
    problem p = neuron(NH_PRESET_ROCKPOOL, NH_KIND_LI, tau, tau * exp(-dt / tau) / dt, 0);
    expect_outputs(&p, want);
}

/* --- voltages that do not start at 0 ----------------------------------------------------------------------------- */

/* LIFBoxCell: v starts at v_leak; v += dt/tau (v_leak - v + x); z = v > th; v = 0 where z. */
Test(exporters, norse_starts_at_v_leak) {
    float want[STEPS], v = 0.25f;
    for (int t = 0; t < STEPS; t++) {
        v += 0.5f * ((float)drive[t] + 0.25f - v);
        want[t] = v > 0.5f;
        v = want[t] > 0 ? 0 : v;
    }
    problem p = problem_new(NH_KIND_LIF, NH_PRESET_NORSE);
    give(&p, "tau", 2e-4), give(&p, "r", 1), give(&p, "v_leak", 0.25), give(&p, "v_threshold", 0.5);
    expect_outputs(&p, want);
}

/* IFNode: v starts at v_reset; v += x; z = v >= th; v = v_reset where z. */
Test(exporters, spikingjelly_starts_at_v_reset) {
    float want[STEPS], v = -0.5f;
    for (int t = 0; t < STEPS; t++) {
        v += (float)drive[t];
        want[t] = v >= 1.25f;
        v = want[t] > 0 ? -0.5f : v;
    }
    problem p = problem_new(NH_KIND_IF, NH_PRESET_SPIKINGJELLY);
    give(&p, "r", 1e4), give(&p, "v_threshold", 1.25), give(&p, "v_reset", -0.5);
    expect_outputs(&p, want);
    p = problem_new(NH_KIND_IF, NH_PRESET_SPIKINGJELLY);
    give(&p, "r", 1e4), give(&p, "v_threshold", 1), give(&p, "v_reset", 1.5);
    cr_expect(!nh_pass_discretise(p.n.g, &p.o, p.n.d));
    cr_expect(find(&p, NH_N_NEURON_VALUE));
}

/* --- Sinabs ------------------------------------------------------------------------------------------------------ */

/* LIF: v = alpha v + x or, with norm_input, + (1 - alpha) x; spikes = trunc(v / th) of v > 0; v -= spikes th. Nothing
 * is cut off below. */
static void sinabs(float alpha, bool is_normed, float out[STEPS]) {
    float v = 0;
    for (int t = 0; t < STEPS; t++) {
        v = alpha * v + (is_normed ? (1 - alpha) * (float)drive[t] : (float)drive[t]);
        out[t] = v > 0 ? (float)(int)(v / 0.25f) : 0;
        v -= out[t] * 0.25f;
    }
}

Test(exporters, sinabs_leaky_neurons_are_not_cut_off_below) {
    float want[STEPS];
    sinabs((float)exp(-1 / 5.0), false, want);
    problem p = neuron(NH_PRESET_SINABS, NH_KIND_LIF, 5, 1, 0.25);
    expect_outputs(&p, want);
}

Test(exporters, what_sinabs_leaves_out_is_a_warning_that_ends_when_the_options_say_it) {
    problem p = neuron(NH_PRESET_SINABS, NH_KIND_LIF, 5, 1, 0.25);
    discretise(&p);
    const nh_diag_item *i = find(&p, NH_N_EXPORT_LOST);
    cr_assert(i && strstr(i->hint, "one_minus_alpha") && strstr(i->hint, "norm_input") &&
              strstr(i->hint, "spikes_per_step") && find(&p, NH_N_RESET_LOST));
    float want[STEPS];
    sinabs((float)exp(-1 / 5.0), true, want);
    p = neuron(NH_PRESET_SINABS, NH_KIND_LIF, 5, 1, 0.25);
    numerics(&p)->input_gain = NH_GAIN_ONE_MINUS_ALPHA;
    expect_outputs(&p, want);
    cr_expect(find(&p, NH_N_EXPORT_LOST) && !strstr(find(&p, NH_N_EXPORT_LOST)->hint, "norm_input"));
    p = neuron(NH_PRESET_SINABS, NH_KIND_LIF, 5, 1, 0.25);
    *numerics(&p) = (nh_numerics){.preset = NH_PRESET_SINABS,
                                  .input_gain = NH_GAIN_UNIT,
                                  .v_min = NH_V_MIN_NONE,
                                  .spikes_per_step = 255,
                                  .reset = NH_RESET_SUBTRACT};
    discretise(&p);
    cr_expect(!find(&p, NH_N_EXPORT_LOST) && !find(&p, NH_N_RESET_LOST));
}

/* --- the time step ----------------------------------------------------------------------------------------------- */

Test(exporters, a_time_step_that_is_not_the_exporters_is_a_warning) {
    static const struct {
        nh_preset preset;
        double tau, r, dt; /* dt: the exporter's */
    } cases[] = {{NH_PRESET_SNNTORCH, 1e-3, 10, 1e-4},
                 {NH_PRESET_SPYX, 4e-3, 0.75, 1e-3},
                 {NH_PRESET_ROCKPOOL, 0.02, 0.02 / 1e-3 * 0.951229424500714, 1e-3}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        for (int is_other = 0; is_other < 2; is_other++) {
            problem p = neuron(cases[k].preset, NH_KIND_LIF, cases[k].tau, cases[k].r, 1);
            p.o.spiking.dt = cases[k].dt * (is_other ? 0.5 : 1);
            discretise(&p);
            const nh_diag_item *i = find(&p, NH_N_DT_EXPORTED);
            cr_expect_eq(i != NULL, is_other, "case %zu", k);
        }
    problem p = neuron(NH_PRESET_SNNTORCH, NH_KIND_LIF, 1e-3, 1, 1); /* r = 1 tells nothing */
    p.o.spiking.dt = 5e-4;
    discretise(&p);
    cr_expect(!find(&p, NH_N_DT_EXPORTED));
}
