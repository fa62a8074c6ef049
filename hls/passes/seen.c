/* The float reference over the calibration samples: ranges and some values of everything, some neurons of every layer
 * step by step, and what reaches the dense layers of loops. */
#include "seen.h"

#include <math.h>

enum { FOLLOWED = 1 << 18, MAX_FOLLOWED = 256 }; /* neuron steps that a layer keeps; neurons followed */
#define MAX_WORK 4e9                             /* multiplications of the float reference */

typedef struct {
    int64_t stride, next; /* index of the next value of a tensor that is kept */
} keeper;

typedef struct {
    nh_arena *arena;
    nh_graph *g;
    nh_seen *seen;
    keeper *keep; /* [n_tensor] */
    nh_float_net *net;
    int64_t step, steps; /* over all samples */
} collector;

const char *nh_method_text(nh_calibrate_method method) {
    static const char *const text[] = {"minmax", "percentile", "mse"};
    return text[method];
}

static double work_of(const nh_graph *g) {
    double sum = 1;
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        double out = (double)nh_shape_size(g->tensor[l->out].shape);
        if (l->op == NH_OP_DENSE)
            sum += (double)nh_shape_size(l->weight->shape);
        else if (l->op == NH_OP_CONV)
            sum += out * (double)(nh_shape_size(l->weight->shape) / l->weight->shape.dim[0]);
        else
            sum += 10 * out;
    }
    return sum;
}

static void start_layer(collector *c, int i) {
    const nh_layer *l = &c->g->layer[i];
    nh_neuron_trace *t = &c->seen->trace[i];
    int64_t n = nh_shape_size(c->g->tensor[l->out].shape);
    nh_arena *a = c->arena;
    t->m = n < MAX_FOLLOWED ? n : MAX_FOLLOWED;
    t->steps = c->steps < FOLLOWED / t->m ? c->steps : FOLLOWED / t->m;
    t->neuron = nh_arena_array(a, (size_t)t->m, sizeof *t->neuron);
    for (int64_t k = 0; k < t->m; k++) t->neuron[k] = k * n / t->m;
    t->out = nh_arena_array(a, (size_t)(t->m * t->steps), sizeof *t->out);
    t->out_min = INFINITY;
    t->out_max = -INFINITY;
    for (int k = 0; k < l->n_in; k++) {
        t->in[k] = nh_arena_array(a, (size_t)(t->m * t->steps), sizeof *t->out);
        t->in_min[k] = INFINITY;
        t->in_max[k] = -INFINITY;
    }
    l->neuron->reached = t->state;
}

static void start(collector *c) {
    nh_graph *g = c->g;
    nh_stats *stats = nh_arena_array(c->arena, (size_t)g->n_tensor + 1, sizeof *stats);
    c->keep = nh_arena_array(c->arena, (size_t)g->n_tensor + 1, sizeof *c->keep);
    for (int t = 0; t < g->n_tensor; t++) {
        int64_t size = nh_shape_size(g->tensor[t].shape);
        c->keep[t].stride = nh_kept_stride(c->steps * size, size);
        stats[t] = (nh_stats){INFINITY, -INFINITY, {nh_arena_array(c->arena, NH_KEPT_VALUES, sizeof(double)), 0}};
    }
    c->seen->stats = stats;
    c->seen->trace = nh_arena_array(c->arena, (size_t)g->n_layer + 1, sizeof *c->seen->trace);
    for (int i = 0; i < g->n_layer; i++) {
        if (g->layer[i].op == NH_OP_NEURON) start_layer(c, i);
        c->seen->trace[i].activity = nh_activity_new(c->arena, g, i, c->steps);
    }
}

/* --- one step ----------------------------------------------------------------------------------------------------- */

/* Hull of the values; false when one is not finite. */
static bool hull(const double *v, int64_t n, double *min, double *max) {
    double lo = *min, hi = *max, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        lo = v[i] < lo ? v[i] : lo;
        hi = v[i] > hi ? v[i] : hi;
        sum += v[i] - v[i]; /* NaN when v[i] is NaN or infinite */
    }
    *min = lo;
    *max = hi;
    return sum == 0;
}

static bool watch_tensor(collector *c, int t) {
    const double *v = nh_float_net_value(c->net, t);
    nh_stats *s = &c->seen->stats[t];
    keeper *k = &c->keep[t];
    int64_t n = nh_shape_size(c->g->tensor[t].shape), first = c->step * n;
    for (; k->next < first + n; k->next += k->stride) s->kept.v[s->kept.n++] = v[k->next - first];
    return hull(v, n, &s->min, &s->max);
}

static void follow(const collector *c, const nh_neuron_trace *t, const double *v, double *kept) {
    for (int64_t k = 0; k < t->m; k++) kept[c->step * t->m + k] = v[t->neuron[k]];
}

static void watch_neuron(collector *c, int i) {
    const nh_layer *l = &c->g->layer[i];
    nh_neuron_trace *t = &c->seen->trace[i];
    int64_t n = nh_shape_size(c->g->tensor[l->out].shape);
    const double *y = nh_float_net_value(c->net, l->out);
    hull(y, n, &t->out_min, &t->out_max);
    for (int k = 0; k < l->n_in; k++) {
        const double *x = nh_float_net_value(c->net, l->in[k]);
        hull(x, n, &t->in_min[k], &t->in_max[k]);
        if (c->step < t->steps) follow(c, t, x, t->in[k]);
    }
    if (c->step < t->steps) follow(c, t, y, t->out);
}

/* The tensor with a value that is not finite; -1: none. */
static int watch(collector *c) {
    for (int t = 0; t < c->g->n_tensor; t++)
        if (!watch_tensor(c, t)) return t;
    for (int i = 0; i < c->g->n_layer; i++) {
        nh_activity *act = c->seen->trace[i].activity;
        if (c->g->layer[i].op == NH_OP_NEURON) watch_neuron(c, i);
        if (act) nh_activity_step(act, nh_float_net_value(c->net, act->input));
    }
    c->step++;
    return -1;
}

static bool not_finite(const collector *c, int tensor, int64_t sample, int64_t step, int64_t steps, nh_diag *d) {
    const char *where = steps > 1 ? nh_arena_printf(c->arena, "step %lld of ", (long long)step) : "";
    return nh_report(d, NH_N_NOT_FINITE, NH_NOWHERE,
                     "%scalibration sample %lld makes a value of '%s' that is not finite", where, (long long)sample,
                     c->g->tensor[tensor].name);
}

static bool run_samples(collector *c, const nh_samples *samples, nh_diag *d) {
    int64_t n_in = nh_shape_size(c->g->tensor[c->g->input].shape), steps = samples->size / n_in;
    for (int64_t s = 0; s < c->steps / steps; s++) {
        nh_float_net_reset(c->net);
        for (int i = 0; i < c->g->n_layer; i++)
            if (c->seen->trace[i].activity) nh_activity_reset(c->seen->trace[i].activity);
        for (int64_t k = 0; k < steps; k++) {
            nh_float_net_step(c->net, samples->x + s * samples->size + k * n_in);
            int wrong = watch(c);
            if (wrong >= 0) return not_finite(c, wrong, s, k, steps, d);
        }
    }
    return true;
}

/* Samples that are run. */
static int64_t affordable(const nh_graph *g, const nh_samples *samples, int64_t steps, nh_diag *d) {
    double n = MAX_WORK / (work_of(g) * (double)steps);
    if ((double)samples->n <= n) return samples->n;
    int64_t some = n < 1 ? 1 : (int64_t)n;
    nh_report(d, NH_N_CALIBRATION_PART, NH_NOWHERE, "calibration: the first %lld of %lld samples", (long long)some,
              (long long)samples->n);
    return some;
}

nh_seen *nh_seen_collect(nh_arena *a, nh_graph *g, const nh_samples *samples, nh_diag *d) {
    int64_t steps = samples->size / nh_shape_size(g->tensor[g->input].shape);
    collector c = {.arena = a, .g = g, .seen = NH_NEW(a, nh_seen)};
    c.steps = steps * affordable(g, samples, steps, d);
    c.net = nh_float_net_new(a, g, NH_FLOAT64);
    if (!c.net) {
        nh_report(d, NH_M_FORM, NH_NOWHERE, "the delays or the weights are too many for the memory of this machine");
        return NULL;
    }
    start(&c);
    bool ok = run_samples(&c, samples, d);
    for (int i = 0; i < g->n_layer; i++)
        if (c.seen->trace[i].activity) nh_activity_finish(c.seen->trace[i].activity);
    for (int i = 0; i < g->n_layer; i++)
        if (g->layer[i].op == NH_OP_NEURON) g->layer[i].neuron->reached = NULL;
    return ok ? c.seen : NULL;
}
