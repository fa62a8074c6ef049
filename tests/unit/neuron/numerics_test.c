/* What presets and options make of a differential equation; expected: reference/nir/SEMANTICS.md and hand arithmetic.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "net.h"

typedef struct {
    net n;
    nh_options o;
    nh_neuron *neuron;
} problem;

/* dense (weight 1) -> one neuron; ode: up to 6 values, named as in NIR */
static problem problem_new(nh_neuron_kind kind, nh_preset preset) {
    static const double one = 1;
    problem p = {.n = net_new((nh_shape){1, {1}})};
    nh_layer dense = {.name = "fc", .op = NH_OP_DENSE, .weight = net_param(&p.n, (nh_shape){2, {1, 1}}, &one)};
    net_add(&p.n, dense, -1, (nh_shape){1, {1}});
    p.neuron = NH_NEW(p.n.a, nh_neuron);
    p.neuron->kind = kind;
    nh_layer l = {.name = "lif", .op = NH_OP_NEURON, .neuron = p.neuron};
    net_add(&p.n, l, -1, (nh_shape){1, {1}});
    p.n.g->layer[1].opt.numerics.preset = p.n.g->layer[2].opt.numerics.preset = preset;
    return p;
}

static void give(problem *p, const char *name, double v) {
    p->neuron->ode[p->neuron->n_ode++] = value1(p->n.a, name, v);
}

static problem lif(nh_preset preset, double tau, double r, double v_threshold) {
    problem p = problem_new(NH_KIND_LIF, preset);
    give(&p, "tau", tau), give(&p, "r", r), give(&p, "v_leak", 0), give(&p, "v_threshold", v_threshold);
    return p;
}

static nh_layer_options *opt(problem *p) { return &p->n.g->layer[2].opt; }

static bool run(problem *p) {
    bool ok = nh_pass_discretise(p->n.g, &p->o, p->n.d);
    if (ok) cr_assert_null(nh_graph_check(p->n.g, p->n.a), "%s", nh_graph_check(p->n.g, p->n.a));
    return ok;
}

static double param(const problem *p, const char *name) {
    int i = nh_neuron_param(p->neuron->program, name);
    cr_assert_geq(i, 0, "no parameter %s", name);
    return p->neuron->param[i].value[0];
}

static bool has_op(const problem *p, nh_neuron_op op) {
    for (int i = 0; i < p->neuron->program->n_instr; i++)
        if (p->neuron->program->instr[i].op == op) return true;
    return false;
}

static const nh_diag_item *find(const problem *p, nh_code code) {
    for (size_t i = 0; i < p->n.d->count; i++)
        if (p->n.d->item[i].code == code) return &p->n.d->item[i];
    return NULL;
}

Test(numerics, options_override_the_preset_one_by_one) {
    nh_numerics asked = {.preset = NH_PRESET_SINABS, .reset = NH_RESET_NONE, .layer_delay = -1};
    nh_numerics n = nh_numerics_resolve(&asked, 0);
    cr_expect_eq(n.integrator, NH_INTEGRATOR_STEPS_EXP);
    cr_expect_eq(n.reset, NH_RESET_NONE);
    cr_expect_eq(n.v_min, NH_V_MIN_MINUS_THRESHOLD);
    cr_expect_eq(n.layer_delay, 0);
    cr_expect_eq(n.dt, 1e-4);
    cr_expect_eq(nh_numerics_resolve(&asked, 1e-3).dt, 1e-3);
    asked.dt = 5e-3;
    cr_expect_eq(nh_numerics_resolve(&asked, 1e-3).dt, 5e-3);
    cr_expect_eq(nh_numerics_resolve(&(nh_numerics){.preset = NH_PRESET_LAVA, .layer_delay = -1}, 0).layer_delay, 1);
    cr_expect_eq(nh_numerics_resolve(&(nh_numerics){.preset = NH_PRESET_LAVA, .layer_delay = 0}, 0).layer_delay, 0);
}

Test(numerics, euler_decays_by_dt_over_tau) {
    problem p = lif(NH_PRESET_NIR, 4e-4, 2, 1);
    cr_assert(run(&p));
    cr_expect_eq(param(&p, "alpha"), 0.75);
    cr_expect_eq(param(&p, "gain"), 0.5);
    cr_expect_eq(param(&p, "theta"), 1);
    cr_expect_eq(p.n.g->tensor[p.n.g->output].kind, NH_EDGE_SPIKE);
}

Test(numerics, a_gain_of_one_costs_no_multiplication) {
    problem p = lif(NH_PRESET_SPINNAKER2, (double)0.0016f, 16, 1);
    cr_assert(run(&p));
    cr_expect_eq(param(&p, "alpha"), 0.9375);
    cr_expect_eq(nh_neuron_param(p.neuron->program, "gain"), -1);
}

Test(numerics, exponential_integrators) {
    problem p = lif(NH_PRESET_NENGO, 2e-4, 3, 1);
    cr_assert(run(&p));
    cr_expect_eq(param(&p, "alpha"), (double)(float)exp(-0.5));
    cr_expect_float_eq(param(&p, "gain"), 3 * (1 - exp(-0.5)), 1e-7);
    p = lif(NH_PRESET_SINABS, 20, 1, 1); /* in steps */
    cr_assert(run(&p));
    cr_expect_eq(param(&p, "alpha"), (double)(float)exp(-1.0 / 20));
    cr_expect_eq(p.neuron->program->out, NH_NEURON_OUT_COUNT);
    p = lif(NH_PRESET_SINABS, 2.5e-3, 1, 1); /* cannot be steps */
    cr_assert(run(&p));
    cr_expect_eq(param(&p, "alpha"), (double)(float)exp(-1e-4 / 2.5e-3));
    p = lif(NH_PRESET_SINABS, 2.5e-3, 1, 1);
    opt(&p)->numerics.integrator = NH_INTEGRATOR_STEPS_EXP; /* said, so it is done */
    cr_assert(run(&p));
    cr_expect_float_eq(param(&p, "alpha"), exp(-400), 1e-12);
    cr_expect(find(&p, NH_N_DT_COARSE));
}

Test(numerics, v_leak_pulls_and_v_reset_is_reached) {
    problem p = problem_new(NH_KIND_LIF, NH_PRESET_NIR);
    give(&p, "tau", 2e-4), give(&p, "r", 1), give(&p, "v_leak", 0.5), give(&p, "v_threshold", 1),
        give(&p, "v_reset", -0.25);
    cr_assert(run(&p));
    cr_expect_eq(param(&p, "leak"), 0.25);
    cr_expect_eq(param(&p, "v_reset"), -0.25);
    cr_expect(!find(&p, NH_N_NEURON_IGNORED));
}

Test(numerics, cuba_currents_have_their_own_decay_and_gain) {
    problem p = problem_new(NH_KIND_CUBALIF, NH_PRESET_NIR);
    give(&p, "tau_mem", 2e-4), give(&p, "tau_syn", 4e-4), give(&p, "r", 3), give(&p, "w_in", 2), give(&p, "v_leak", 0),
        give(&p, "v_threshold", 1);
    cr_assert(run(&p));
    cr_expect(param(&p, "alpha") == 0.5 && param(&p, "alpha_syn") == 0.75 && param(&p, "gain") == 1.5 &&
              param(&p, "gain_syn") == 0.5);
    p = problem_new(NH_KIND_CUBALI, NH_PRESET_NENGO); /* exponential membrane, Euler current */
    give(&p, "tau_mem", 2e-4), give(&p, "tau_syn", 4e-4), give(&p, "r", 1);
    cr_assert(run(&p));
    cr_expect(param(&p, "alpha_syn") == 0.75 && param(&p, "alpha") == (double)(float)exp(-0.5));
    cr_expect_eq(p.n.g->tensor[p.n.g->output].kind, NH_EDGE_GRADED);
}

Test(numerics, integrators_multiply_by_r_dt_or_by_nothing) {
    problem p = problem_new(NH_KIND_IF, NH_PRESET_NIR);
    give(&p, "r", 5000), give(&p, "v_threshold", 1);
    cr_assert(run(&p));
    cr_expect_eq(param(&p, "gain"), 0.5);
    p = problem_new(NH_KIND_IF, NH_PRESET_SNNTORCH);
    give(&p, "r", 5000), give(&p, "v_threshold", 1);
    cr_assert(run(&p));
    cr_expect_eq(nh_neuron_param(p.neuron->program, "gain"), -1);
    p = problem_new(NH_KIND_I, NH_PRESET_NIR);
    give(&p, "r", 1e4);
    cr_assert(run(&p));
    cr_expect(!has_op(&p, NH_NOP_MUL));
}

Test(numerics, values_per_channel_and_per_element_meet_and_constant_arrays_become_one) {
    net n = net_new((nh_shape){3, {2, 1, 3}});
    nh_neuron *lif_ = NH_NEW(n.a, nh_neuron);
    static const double tau[] = {2e-4, 4e-4}, r[] = {1, 2, 3, 4, 5, 6}, theta[] = {1, 1, 1, 1, 1, 1};
    *lif_ = (nh_neuron){.kind = NH_KIND_LIF,
                        .n_ode = 3,
                        .ode = {{.name = "tau", .n = 2, .value = tau},
                                {.name = "r", .n = 6, .value = r},
                                {.name = "v_threshold", .n = 6, .value = theta}}};
    net_add(&n, (nh_layer){.name = "lif", .op = NH_OP_NEURON, .neuron = lif_}, -1, (nh_shape){3, {2, 1, 3}});
    nh_options o = {0};
    cr_assert(nh_pass_discretise(n.g, &o, n.d));
    cr_assert_null(nh_graph_check(n.g, n.a));
    const nh_neuron_value *alpha = &lif_->param[nh_neuron_param(lif_->program, "alpha")],
                          *gain = &lif_->param[nh_neuron_param(lif_->program, "gain")];
    cr_expect(alpha->n == 2 && alpha->value[0] == 0.5 && alpha->value[1] == 0.75);
    cr_assert_eq(gain->n, 6);
    static const double want[] = {0.5, 1, 1.5, 1, 1.25, 1.5};
    for (int i = 0; i < 6; i++) cr_expect_eq(gain->value[i], want[i]);
    cr_expect_eq(lif_->param[nh_neuron_param(lif_->program, "theta")].n, 1);
}

/* --- faults ------------------------------------------------------------------------------------------------------ */

Test(numerics, dt_above_tau_is_refused_for_euler_and_a_warning_for_exp) {
    problem p = lif(NH_PRESET_NIR, 5e-5, 1, 1);
    cr_assert(!run(&p));
    const nh_diag_item *i = find(&p, NH_N_DT);
    cr_assert(i);
    cr_expect_str_eq(i->layer, "lif");
    cr_expect(strstr(i->found, "5e-05") && strstr(i->allowed, "0.0001") && strstr(i->hint, "exp"));
    p = lif(NH_PRESET_NIR, 5e-5, 1, 1);
    opt(&p)->numerics.integrator = NH_INTEGRATOR_EXP;
    cr_assert(run(&p));
    cr_expect(find(&p, NH_N_DT_COARSE));
    p = lif(NH_PRESET_NIR, (double)1e-4f, 1, 1); /* dt = tau in single precision, a little below in double */
    cr_assert(run(&p));
    cr_expect_eq(param(&p, "alpha"), 0);
}

Test(numerics, unusable_values_are_refused) {
    static const double bad[][2] = {{0, 1}, {-1e-3, 1}, {1e-3, 0}, {1e-3, -1}, {NAN, 1}, {1e-3, INFINITY}};
    for (int k = 0; k < 6; k++) {
        problem p = lif(NH_PRESET_NIR, bad[k][0], 1, bad[k][1]);
        cr_assert(!run(&p));
        cr_assert(find(&p, NH_N_NEURON_VALUE), "case %d", k);
        cr_assert_eq(p.n.d->n_error, 1);
    }
}

Test(numerics, a_lost_reset_is_a_warning_that_names_the_option) {
    static const struct {
        nh_preset preset;
        double r;
        nh_reset reset;
        bool warns;
    } cases[] = {{NH_PRESET_SNNTORCH, 1, NH_RESET_AUTO, true},     {NH_PRESET_SNNTORCH_0_9, 1, NH_RESET_AUTO, true},
                 {NH_PRESET_SPIKINGJELLY, 1, NH_RESET_AUTO, true}, {NH_PRESET_SNNTORCH, 1, NH_RESET_SUBTRACT, false},
                 {NH_PRESET_NIR, 1, NH_RESET_AUTO, false},         {NH_PRESET_NIR, 10, NH_RESET_AUTO, true},
                 {NH_PRESET_NIR, 10, NH_RESET_ZERO, false},        {NH_PRESET_NORSE, 1, NH_RESET_AUTO, false}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        problem p = lif(cases[k].preset, 1e-3, cases[k].r, 1);
        opt(&p)->numerics.reset = cases[k].reset;
        cr_assert(run(&p));
        const nh_diag_item *i = find(&p, NH_N_RESET_LOST);
        cr_expect_eq(i != NULL, cases[k].warns, "case %zu", k);
        if (i) cr_expect(strstr(i->hint, "reset:"));
    }
}

Test(numerics, values_that_numerics_do_not_use_are_a_warning) {
    problem p = lif(NH_PRESET_NORSE, 1e-3, 2, 1);
    cr_assert(run(&p));
    cr_expect(find(&p, NH_N_NEURON_IGNORED));
    p = lif(NH_PRESET_NIR, 1e-3, 1, 1);
    give(&p, "v_reset", -0.5);
    opt(&p)->numerics.reset = NH_RESET_SUBTRACT;
    cr_assert(run(&p));
    cr_expect(strstr(find(&p, NH_N_NEURON_IGNORED)->found, "-0.5"));
}

Test(numerics, options_that_exclude_each_other_are_refused) {
    problem p = lif(NH_PRESET_SPYX, 1e-3, 1, 1);
    opt(&p)->numerics.reset_timing = NH_RESET_NEXT;
    cr_assert(!run(&p));
    cr_expect(find(&p, NH_N_NUMERICS));
    p = lif(NH_PRESET_SNNTORCH_0_9, 1e-3, 1, 1);
    opt(&p)->numerics.reset = NH_RESET_SUBTRACT;
    opt(&p)->numerics.spikes_per_step = 4;
    cr_assert(!run(&p));
    cr_expect(find(&p, NH_N_NUMERICS));
}

Test(numerics, what_was_decided_is_noted_once) {
    problem p = lif(NH_PRESET_NIR, 1e-3, 1, 1);
    cr_assert(run(&p));
    const nh_diag_item *i = find(&p, NH_N_NUMERICS_USED);
    cr_assert(i && strstr(i->message, "euler") && strstr(i->message, "0.0001"));
    cr_expect_eq(p.n.d->count, 1);
}

/* --- a model of the user's --------------------------------------------------------------------------------------- */

static void write_model(char path[64], const char *text) {
    strcpy(path, "/tmp/nh_neuron_XXXXXX");
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static bool run_user(problem *p, const char *text) {
    char path[64];
    write_model(path, text);
    opt(p)->neuron_model = nh_arena_str(p->n.a, path);
    bool ok = run(p);
    unlink(path);
    return ok;
}

Test(numerics, a_user_model_takes_coefficients_and_values_of_the_file_by_name) {
    problem p = lif(NH_PRESET_NIR, 4e-4, 2, 1.5);
    cr_assert(run_user(&p, "model mine\ninput a\nstate v\nparam alpha, v_threshold, dt\noutput s spike\nLEAK v, "
                           "alpha\nADD v, v, a\nADD v, v, dt\nGT s, v, v_threshold\n"),
              "%s", p.n.d->count ? p.n.d->item[0].message : "");
    cr_expect_str_eq(p.neuron->program->name, "mine");
    cr_expect(param(&p, "alpha") == 0.75 && param(&p, "v_threshold") == 1.5 && param(&p, "dt") == (double)1e-4f);
}

Test(numerics, a_user_model_without_its_values_or_inputs_is_refused) {
    problem p = lif(NH_PRESET_NIR, 4e-4, 2, 1.5);
    cr_assert(!run_user(&p, "model mine\ninput a\nparam rho\noutput s spike\nGT s, a, rho\n"));
    const nh_diag_item *i = find(&p, NH_N_NEURON_PARAM);
    cr_assert(i && i->at.line == 3 && i->at.col == 7 && strstr(i->allowed, "alpha"));
    p = lif(NH_PRESET_NIR, 4e-4, 2, 1.5);
    cr_assert(!run_user(&p, "model mine\ninput a, b\noutput s spike\nGT s, a, b\n"));
    cr_assert(find(&p, NH_N_NEURON_INPUTS));
    p = lif(NH_PRESET_NIR, 4e-4, 2, 1.5);
    opt(&p)->neuron_model = "/nowhere/at/all.neuron";
    cr_assert(!run(&p));
}

/* --- delays ------------------------------------------------------------------------------------------------------ */

/* x -> sum -> lif (threshold 0.5, tau = dt, r = 1) -> DELAY -> dense (weight 0, bias 1) -> sum */
static nh_graph *loop(net *n, nh_preset preset) {
    static const double zero = 0, one = 1;
    static const int64_t step = 1;
    *n = net_new((nh_shape){1, {1}});
    nh_shape s = {1, {1}};
    nh_layer delay = {.name = "d", .op = NH_OP_DELAY, .delay = &step, .n_delay = 1, .n_in = 1, .in = {4}};
    int d = net_add(n, delay, -1, s);
    int r = net_add(n,
                    (nh_layer){.name = "w_rec",
                               .op = NH_OP_DENSE,
                               .weight = net_param(n, (nh_shape){2, {1, 1}}, &zero),
                               .bias = net_param(n, s, &one)},
                    d, s);
    int sum = net_add(n, (nh_layer){.name = "sum", .op = NH_OP_ADD, .n_in = 2, .in = {0, r}}, -1, s);
    nh_neuron *lif_ = NH_NEW(n->a, nh_neuron);
    *lif_ = (nh_neuron){.kind = NH_KIND_LIF,
                        .n_ode = 3,
                        .ode = {value1(n->a, "tau", 1e-4), value1(n->a, "r", 1), value1(n->a, "v_threshold", 0.5)}};
    cr_assert_eq(net_add(n, (nh_layer){.name = "lif", .op = NH_OP_NEURON, .neuron = lif_}, sum, s), 4);
    n->g->tensor[4].n_consumers = 1;
    for (int i = 0; i < n->g->n_layer; i++) n->g->layer[i].opt.numerics.preset = preset;
    nh_options o = {0};
    cr_assert(nh_pass_discretise(n->g, &o, n->d));
    cr_assert_null(nh_graph_check(n->g, n->a), "%s", nh_graph_check(n->g, n->a));
    return n->g;
}

static void expect_output(net *n, const double *want, int steps) {
    nh_float_net *e = nh_float_net_new(n->a, n->g, NH_FLOAT64);
    const double zero = 0;
    for (int t = 0; t < steps; t++) {
        nh_float_net_step(e, &zero);
        cr_expect_eq(nh_float_net_value(e, n->g->output)[0], want[t], "step %d", t);
    }
}

Test(delays, a_recurrent_bias_acts_from_step_0_unless_numerics_say_no) {
    net n;
    nh_graph *g = loop(&n, NH_PRESET_NIR);
    cr_expect_eq(g->n_layer, 5);
    expect_output(&n, (const double[]){1, 1, 1}, 3);
    g = loop(&n, NH_PRESET_NORSE);
    cr_expect_eq(g->n_layer, 5);
    cr_expect_lt(nh_graph_find(g, "lif"), nh_graph_find(g, "w_rec"));
    expect_output(&n, (const double[]){0, 1, 1}, 3);
    loop(&n, NH_PRESET_LAVA); /* the loop's own delay is the synapse's */
    expect_output(&n, (const double[]){1, 1, 1}, 3);
}

Test(delays, every_weighted_layer_has_one_when_numerics_say_so) {
    problem p = lif(NH_PRESET_LAVA, 1e-4, 1, 0.5);
    cr_assert(run(&p));
    cr_assert_eq(p.n.g->n_layer, 4);
    cr_expect_eq(p.n.g->layer[1].op, NH_OP_DELAY);
    cr_expect_str_eq(p.n.g->layer[1].name, "fc.delay");
    nh_float_net *e = nh_float_net_new(p.n.a, p.n.g, NH_FLOAT64);
    static const double x[] = {1, 0, 1, 1}, want[] = {0, 1, 0, 1};
    for (int t = 0; t < 4; t++) {
        nh_float_net_step(e, &x[t]);
        cr_expect_eq(nh_float_net_value(e, p.n.g->output)[0], want[t], "step %d", t);
    }
}

Test(delays, integer_programs_have_theirs_already) {
    problem p = problem_new(NH_KIND_PROGRAM, NH_PRESET_LAVA);
    nh_neuron *sum = nh_neuron_make(p.n.a, p.n.d, "sigma", NULL, 0, NULL, 0);
    *p.neuron = *sum;
    cr_assert(run(&p));
    cr_expect_eq(p.n.g->n_layer, 3);
}

/* fc - integer program with a state - fc2 - lif: numerics of the lif are those of fc2, and of nothing in front of the
 * program. A program without state passes on what it reads, and so do the numerics. */
Test(delays, numerics_reach_back_to_the_neurons_before) {
    static const double one = 1;
    static const char text[] = "model gain\ninput a\noutput s graded\nMUL s, a, 2\n";
    for (int passes = 0; passes < 2; passes++) {
        problem p = problem_new(NH_KIND_PROGRAM, NH_PRESET_LAVA);
        if (passes)
            p.neuron->program = nh_neuron_assemble(p.n.a, p.n.d, "test", text, sizeof text - 1, NULL, 0);
        else
            *p.neuron = *nh_neuron_make(p.n.a, p.n.d, "sigma", NULL, 0, NULL, 0);
        nh_shape s = {1, {1}};
        nh_layer second = {.name = "fc2", .op = NH_OP_DENSE, .weight = net_param(&p.n, (nh_shape){2, {1, 1}}, &one)};
        nh_layer last = {.name = "last", .op = NH_OP_NEURON, .neuron = NH_NEW(p.n.a, nh_neuron)};
        last.neuron->kind = NH_KIND_LIF;
        p.neuron = last.neuron;
        give(&p, "tau", 1e-4), give(&p, "r", 1), give(&p, "v_leak", 0), give(&p, "v_threshold", 0.5);
        if (!passes) net_add(&p.n, second, -1, s);
        net_add(&p.n, last, -1, s);
        for (int i = 0; i < p.n.g->n_layer; i++) p.n.g->layer[i].opt.numerics.preset = NH_PRESET_LAVA;
        cr_assert(run(&p));
        cr_expect_eq(nh_graph_find(p.n.g, "fc.delay") >= 0, passes, "%d", passes);
        cr_expect_eq(nh_graph_find(p.n.g, "fc2.delay") >= 0, !passes, "%d", passes);
        nh_arena_free(p.n.a);
    }
}

/* --- Loihi ------------------------------------------------------------------------------------------------------- */

/* weights 0.5 and -1, threshold 2, gain 1: 1 V is w for the largest weight, w the one that rounds least, 126: 127 does
 * not halve */
Test(loihi, weights_and_threshold_become_whole_numbers_by_one_scale) {
    static const double w[] = {0.5, -1}, b[] = {0.25};
    problem p = {.n = net_new((nh_shape){1, {2}})};
    net_add(&p.n,
            (nh_layer){.name = "fc",
                       .op = NH_OP_DENSE,
                       .weight = net_param(&p.n, (nh_shape){2, {1, 2}}, w),
                       .bias = net_param(&p.n, (nh_shape){1, {1}}, b)},
            -1, (nh_shape){1, {1}});
    p.neuron = NH_NEW(p.n.a, nh_neuron);
    p.neuron->kind = NH_KIND_CUBALIF;
    give(&p, "tau_mem", 1e-3), give(&p, "tau_syn", 4e-4), give(&p, "r", 10), give(&p, "w_in", 4), give(&p, "v_leak", 0),
        give(&p, "v_threshold", 2);
    net_add(&p.n, (nh_layer){.name = "lif", .op = NH_OP_NEURON, .neuron = p.neuron}, -1, (nh_shape){1, {1}});
    for (int i = 0; i < 3; i++) p.n.g->layer[i].opt.numerics.preset = NH_PRESET_LAVA;
    cr_assert(run(&p));
    cr_expect(p.neuron->program->is_exact);
    cr_expect(find(&p, NH_N_LOIHI));
    const nh_layer *fc = &p.n.g->layer[nh_graph_find(p.n.g, "fc")];
    cr_expect(fc->weight->raw && fc->weight->raw[0] == 63 && fc->weight->raw[1] == -126 && fc->bias->raw[0] == 32,
              "%d %d %d", (int)fc->weight->raw[0], (int)fc->weight->raw[1], (int)fc->bias->raw[0]);
    cr_expect_eq(fc->weight->fmt.width_bits, 8);
    cr_expect_eq(param(&p, "theta"), 252);
    cr_expect_eq(param(&p, "v_keep"), (4096.0 - 410) / 4096);
    cr_expect_eq(param(&p, "u_keep"), 0.75);
}

Test(loihi, unequal_neurons_and_inputs_without_weights_keep_the_float_form_with_a_warning) {
    problem p = problem_new(NH_KIND_LIF, NH_PRESET_LAVA);
    give(&p, "tau", 1e-3), give(&p, "r", 10), give(&p, "v_threshold", 1);
    p.n.g->layer[1].op = NH_OP_IDENTITY, p.n.g->layer[1].weight = NULL;
    cr_assert(run(&p));
    cr_expect(!p.neuron->program->is_exact && find(&p, NH_N_LOIHI_FLOAT));
    p = lif(NH_PRESET_LAVA, 1e-3, 10, 1);
    opt(&p)->numerics.compare = NH_COMPARE_GT; /* another option: lava's rules, that one changed */
    cr_assert(run(&p));
    cr_expect(!p.neuron->program->is_exact && !find(&p, NH_N_LOIHI_FLOAT));
}
