/* The pass calibrate: what occurs on the calibration samples. */
#include "passes.h"

#include "seen.h"

/* Is the tensor rounded to a format that is fitted to what occurs? Spikes, counts and exact sums are not: a percentile
 * of theirs, most of them 0, would say nothing. */
static bool is_fitted(const nh_graph *g, const nh_tensor *t) {
    const nh_layer *l = &g->layer[t->producer];
    return !l->exact && l->op != NH_OP_NEURON && l->op != NH_OP_DELAY;
}

static bool check_size(const nh_graph *g, const nh_options *o, int64_t found, nh_diag *d) {
    int64_t size = nh_shape_size(g->tensor[g->input].shape);
    if (nh_graph_has_steps(g) ? found % size == 0 : found == size) return true;
    nh_report(d, NH_N_CALIBRATION_SHAPE, o->calibrate.at, "calibration samples do not have the size of the input");
    nh_diag_found(d, "%lld elements", (long long)found);
    nh_diag_allowed(d, "%lld elements%s", (long long)size, nh_graph_has_steps(g) ? " per step" : "");
    return false;
}

bool nh_pass_calibrate(nh_arena *a, nh_graph *g, const nh_options *o, const nh_samples *calibration, nh_diag *d,
                       nh_seen **seen) {
    *seen = NULL;
    if (!calibration || calibration->n < 1) return true;
    if (!check_size(g, o, calibration->size, d) || !(*seen = nh_seen_collect(a, g, calibration, d))) return false;
    for (int t = 0; t < g->n_tensor; t++) {
        nh_tensor *x = &g->tensor[t];
        nh_stats *s = &(*seen)->stats[t];
        x->calibrated = true;
        x->cal_min = s->min;
        x->cal_max = s->max;
        if (o->calibrate.method == NH_CALIBRATE_PERCENTILE && is_fitted(g, x))
            nh_percentile_range(s->kept, o->calibrate.percentile, &x->cal_min, &x->cal_max);
    }
    return true;
}
