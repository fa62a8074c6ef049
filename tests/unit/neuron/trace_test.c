/* One LIF neuron, 1000 steps, as eleven platforms computed it (golden/nir/lif): column 0 input, 1 voltage after the
 * step, 2 spike. The neuron is that of lif_norse.nir, tau 2.5e-3, r 1, threshold 0.1; Rockpool's file has the weight
 * 0.04 and its own r. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "file.h"
#include "net.h"

#define GOLDEN NH_SOURCE_DIR "/../shared/golden/nir/lif/"
enum { STEPS = 1000 };

typedef struct {
    const char *name;
    nh_preset preset;
    double weight, r;
    double scale;     /* of the recorded voltage */
    double tolerance; /* of the voltage, as recorded; < 0: not compared */
    bool is_float;    /* lava's rules in float: an option beside the preset */
} trace;

static const trace traces[] = {
    {"norse", NH_PRESET_NORSE, 1, 1, 1, 3e-8, false},
    {"norse", NH_PRESET_NIR, 1, 1, 1, 5e-8, false},
    {"snntorch", NH_PRESET_SNNTORCH_0_9, 1, 1, 25, 2e-6, false},
    {"sinabs", NH_PRESET_SINABS, 1, 1, 1, 5e-8, false}, /* the recorded input is 0.04 already */
    {"rockpool", NH_PRESET_ROCKPOOL, 0.04, 24.019737, 1, 5e-8, false},
    {"spyx", NH_PRESET_SPYX, 1, 1, 1, 1e-7, false},
    {"nengo", NH_PRESET_NENGO, 1, 1, 10, 5e-7, false},
    {"spinnaker2", NH_PRESET_SPINNAKER2, 1, 1, 25, 6e-4, false}, /* integers there */
    {"exact", NH_PRESET_NENGO, 1, 1, 1, -1, false},              /* its voltage is reset within the step */
    {"lava_cpu_float", NH_PRESET_LAVA, 1, 1, 1, 1e-7, true},
    /* Weight 10 << 6 and threshold 25 << 6 there, 126 << 6 and 315 << 6 here: the same ratio, less is lost by
       truncation. */
    {"lava_cpu_fixed", NH_PRESET_LAVA, 1, 1, 10.0 / 126, 45, false},
    {"lava_loihi_fixed", NH_PRESET_LAVA, 1, 1, 10.0 / 126, -1,
     false}, /* 128 in the steps that spike: the refractory count */
};

static net lif_net(const trace *t, double *weight) {
    net n = net_new((nh_shape){1, {1}});
    *weight = t->weight;
    nh_layer dense = {.name = "0", .op = NH_OP_DENSE, .weight = net_param(&n, (nh_shape){2, {1, 1}}, weight)};
    dense.opt.numerics.preset = t->preset;
    net_add(&n, dense, -1, (nh_shape){1, {1}});
    nh_neuron *lif = NH_NEW(n.a, nh_neuron);
    *lif = (nh_neuron){.kind = NH_KIND_LIF,
                       .n_ode = 4,
                       .ode = {value1(n.a, "tau", (double)0.0025f), value1(n.a, "r", t->r), value1(n.a, "v_leak", 0),
                               value1(n.a, "v_threshold", (double)0.1f)}};
    nh_layer neurons = {.name = "1", .op = NH_OP_NEURON, .neuron = lif};
    neurons.opt.numerics.preset = t->preset;
    if (t->is_float) neurons.opt.numerics.compare = NH_COMPARE_GT;
    net_add(&n, neurons, -1, (nh_shape){1, {1}});
    nh_options o = {0};
    cr_assert(nh_pass_discretise(n.g, &o, n.d));
    cr_assert_null(nh_graph_check(n.g, n.a), "%s", nh_graph_check(n.g, n.a));
    return n;
}

static bool read_trace(const char *name, double (*row)[3]) {
    char path[512];
    snprintf(path, sizeof path, "%slif_%s.csv", GOLDEN, name);
    FILE *f = fopen(path, "r");
    if (!f) return false;
    for (int t = 0; t < STEPS; t++) cr_assert_eq(fscanf(f, "%lf,%lf,%lf", &row[t][0], &row[t][1], &row[t][2]), 3);
    fclose(f);
    return true;
}

static void follow(const trace *x, nh_float_kind kind, double (*row)[3]) {
    double weight, worst = 0;
    net n = lif_net(x, &weight);
    nh_float_net *e = nh_float_net_new(n.a, n.g, kind);
    int last = n.g->n_layer - 1;
    for (int t = 0; t < STEPS; t++) {
        nh_float_net_step(e, row[t]);
        cr_assert_eq(nh_float_net_value(e, n.g->output)[0], row[t][2], "%s: step %d", x->name, t);
        worst = fmax(worst, fabs(nh_float_net_state(e, last, 0)[0] * x->scale - row[t][1]));
    }
    cr_log_info("%s, float%d: all spikes, voltage within %g", x->name, kind == NH_FLOAT64 ? 64 : 32, worst);
    if (x->tolerance >= 0) cr_expect_leq(worst, x->tolerance, "%s: voltage off by %g", x->name, worst);
    nh_arena_free(n.a);
}

Test(trace, every_platform_spikes_in_its_own_steps) {
    double row[STEPS][3];
    for (size_t i = 0; i < sizeof traces / sizeof *traces; i++) {
        if (!read_trace(traces[i].name, row)) {
            cr_log_warn("skipped: " GOLDEN "lif_%s.csv is not here", traces[i].name);
            continue;
        }
        follow(&traces[i], NH_FLOAT64, row);
        follow(&traces[i], NH_FLOAT32, row);
    }
}

/* The numbers of the trace itself: weight 10, threshold 25, decay 163/4096 (163.84 cut). */
Test(trace, the_integers_of_lava_are_reproduced_bit_for_bit) {
    double row[STEPS][3];
    if (!read_trace("lava_cpu_fixed", row)) return;
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    const nh_guard guard[] = {{"drive", "current"}, {"memory", "no"}, {"u", "wide"}, {"bias", "no"}, {"wrap", "none"}};
    nh_neuron_value value[] = {value1(a, "v_keep", (4096.0 - 163) / 4096), value1(a, "theta", 25)};
    nh_neuron *n = nh_neuron_make(a, d, "lava_lif", guard, 5, value, 2);
    cr_assert(n, "%s", d->count ? d->item[0].message : "");
    double v = 0, s, *state[] = {&v};
    for (int t = 0; t < STEPS; t++) {
        double x = t > 0 ? 10 * row[t - 1][0] : 0;
        const double *in[] = {&x};
        nh_neuron_eval(n, NH_FLOAT32, 1, 1, in, state, &s); /* integers are evaluated in double all the same */
        cr_assert(v == row[t][1] && s == row[t][2], "step %d: %g %g, not %g %g", t, v, s, row[t][1], row[t][2]);
    }
    nh_arena_free(a);
}
