#include "passes.h"

#include <math.h>

#include "neurons.h"
#include "stats.h"

const char *nh_method_text(nh_calibrate_method method) {
    static const char *const text[] = {"minmax", "percentile", "mse"};
    return text[method];
}

typedef struct {
    int64_t stride, next; /* element index of the next kept value */
} keeper;

/* Take one sample's n values of a tensor; false when one is not finite. */
static bool observe(nh_stats *s, keeper *k, const double *v, int64_t n, int64_t first) {
    double min = s->min, max = s->max, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        min = v[i] < min ? v[i] : min;
        max = v[i] > max ? v[i] : max;
        sum += v[i] - v[i]; /* NaN when v[i] is NaN or infinite */
    }
    s->min = min;
    s->max = max;
    for (; k->next < first + n; k->next += k->stride) s->kept.v[s->kept.n++] = v[k->next - first];
    return sum == 0;
}

nh_stats *nh_stats_collect(nh_arena *a, const nh_graph *g, const nh_samples *samples, nh_diag *d) {
    nh_stats *stats = nh_arena_array(a, (size_t)g->n_tensor + 1, sizeof *stats);
    keeper *keep = nh_arena_array(a, (size_t)g->n_tensor + 1, sizeof *keep);
    nh_float_net *net = nh_float_net_new(a, g, NH_FLOAT64);
    for (int t = 0; t < g->n_tensor; t++) {
        int64_t size = nh_shape_size(g->tensor[t].shape), stride = nh_kept_stride(samples->n * size, size);
        keep[t] = (keeper){stride, 0};
        stats[t] = (nh_stats){INFINITY, -INFINITY, {nh_arena_array(a, NH_KEPT_VALUES, sizeof(double)), 0}};
    }
    for (int64_t s = 0; s < samples->n; s++) {
        nh_float_net_step(net, samples->x + s * samples->size);
        for (int t = 0; t < g->n_tensor; t++) {
            int64_t size = nh_shape_size(g->tensor[t].shape);
            if (observe(&stats[t], &keep[t], nh_float_net_value(net, t), size, s * size)) continue;
            nh_report(d, NH_N_NOT_FINITE, NH_NOWHERE,
                      "calibration sample %lld makes a value of '%s' that is not finite", (long long)s,
                      g->tensor[t].name);
            return NULL;
        }
    }
    return stats;
}

bool nh_pass_calibrate(nh_graph *g, const nh_options *o, const nh_samples *calibration, nh_diag *d) {
    if (!calibration || calibration->n < 1) return true;
    int64_t size = nh_shape_size(g->tensor[g->input].shape);
    if (calibration->size != size) {
        nh_report(d, NH_N_CALIBRATION_SHAPE, o->calibrate.at, "calibration samples do not have the size of the input");
        nh_diag_found(d, "%lld elements", (long long)calibration->size);
        nh_diag_allowed(d, "%lld elements", (long long)size);
        return false;
    }
    nh_arena *scratch = nh_arena_new();
    nh_stats *stats = nh_stats_collect(scratch, g, calibration, d);
    for (int t = 0; stats && t < g->n_tensor; t++) {
        nh_tensor *x = &g->tensor[t];
        x->calibrated = true;
        x->cal_min = stats[t].min;
        x->cal_max = stats[t].max;
        if (o->calibrate.method == NH_CALIBRATE_PERCENTILE)
            nh_percentile_range(stats[t].kept, o->calibrate.percentile, &x->cal_min, &x->cal_max);
    }
    nh_arena_free(scratch);
    return stats != NULL;
}
