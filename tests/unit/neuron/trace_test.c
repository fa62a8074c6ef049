/* One LIF neuron, 1000 steps, as eleven platforms computed it (golden/nir/lif): column 0 input, 1 voltage after the step, 2 spike.
 * The neuron is that of lif_norse.nir, tau 2.5e-3, r 1, threshold 0.1; Rockpool's file has the weight 0.04 and its own r. */
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
} trace;

static const trace traces[] = {
    {"norse", NH_PRESET_NORSE, 1, 1, 1, 3e-8},
    {"norse", NH_PRESET_NIR, 1, 1, 1, 5e-8},
    {"snntorch", NH_PRESET_SNNTORCH_0_9, 1, 1, 25, 2e-6},
    {"sinabs", NH_PRESET_SINABS, 1, 1, 1, 5e-8}, /* the recorded input is 0.04 already */
    {"rockpool", NH_PRESET_ROCKPOOL, 0.04, 24.019737, 1, 5e-8},
    {"spyx", NH_PRESET_SPYX, 1, 1, 1, 1e-7},
    {"nengo", NH_PRESET_NENGO, 1, 1, 10, 5e-7},
    {"spinnaker2", NH_PRESET_SPINNAKER2, 1, 1, 25, 6e-4}, /* integers there */
    {"exact", NH_PRESET_NENGO, 1, 1, 1, -1}, /* its voltage is reset within the step */
    {"lava_cpu_float", NH_PRESET_LAVA, 1, 1, 1, 1e-7},
    {"lava_cpu_fixed", NH_PRESET_LAVA, 1, 1, 16000, 16}, /* truncated in every step */
    {"lava_loihi_fixed", NH_PRESET_LAVA, 1, 1, 16000, -1}, /* 128 in the steps that spike: the refractory count */
};

static net lif_net(const trace *t, double *weight) {
    net n = net_new((nh_shape){1, {1}});
    *weight = t->weight;
    nh_layer dense = {.name = "0", .op = NH_OP_DENSE, .weight = net_param(&n, (nh_shape){2, {1, 1}}, weight)};
    dense.opt.numerics.preset = t->preset;
    net_add(&n, dense, -1, (nh_shape){1, {1}});
    nh_neuron *lif = NH_NEW(n.a, nh_neuron);
    *lif = (nh_neuron){.kind = NH_KIND_LIF, .n_ode = 4, .ode = {value1(n.a, "tau", (double)0.0025f), value1(n.a, "r", t->r), value1(n.a, "v_leak", 0), value1(n.a, "v_threshold", (double)0.1f)}};
    nh_layer neurons = {.name = "1", .op = NH_OP_NEURON, .neuron = lif};
    neurons.opt.numerics.preset = t->preset;
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
    for (int t = 0; t < STEPS; t++)
        cr_assert_eq(fscanf(f, "%lf,%lf,%lf", &row[t][0], &row[t][1], &row[t][2]), 3);
    fclose(f);
    return true;
}

static void follow(const trace *x, nh_float_kind kind, double (*row)[3]) {
    double weight, worst = 0;
    net n = lif_net(x, &weight);
    nh_temporal_eval *e = nh_temporal_new(n.a, n.g, kind);
    int last = n.g->n_layer - 1;
    for (int t = 0; t < STEPS; t++) {
        nh_temporal_step(e, row[t]);
        cr_assert_eq(nh_temporal_value(e, n.g->output)[0], row[t][2], "%s: step %d", x->name, t);
        worst = fmax(worst, fabs(nh_temporal_state(e, last, 0)[0] * x->scale - row[t][1]));
    }
    cr_log_info("%s by %s, float%d: all spikes, voltage within %g", x->name, nh_preset_name(x->preset), kind == NH_FLOAT64 ? 64 : 32, worst);
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
