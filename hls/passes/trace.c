/* The float reference over the calibration samples: ranges of everything, and some neurons of every layer step by step.
 */
#include <math.h>
#include <string.h>

#include "temporal.h"

enum { FOLLOWED = 1 << 18, MOST_FOLLOWED = 256 }; /* neuron steps that a layer keeps; neurons followed */
#define MOST_WORK 4e9                             /* multiplications of the float reference */

typedef struct {
    nh_arena *arena;
    nh_graph *g;
    nh_neuron_trace *trace; /* [n_layer] */
    nh_float_net *eval;
    int64_t step, steps; /* over all samples */
} collector;

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
    nh_neuron_trace *t = &c->trace[i];
    int64_t n = nh_shape_size(c->g->tensor[l->out].shape);
    nh_arena *a = c->arena;
    t->m = n < MOST_FOLLOWED ? n : MOST_FOLLOWED;
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

/* Hull of the values; false when one is not finite. */
static bool hull(const double *v, int64_t n, double *min, double *max) {
    double lo = *min, hi = *max, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        lo = v[i] < lo ? v[i] : lo;
        hi = v[i] > hi ? v[i] : hi;
        sum += v[i] - v[i];
    }
    *min = lo;
    *max = hi;
    return sum == 0;
}

static void follow(const collector *c, const nh_neuron_trace *t, const double *v, double *kept) {
    for (int64_t k = 0; k < t->m; k++) kept[c->step * t->m + k] = v[t->neuron[k]];
}

static void watch_neuron(collector *c, int i) {
    const nh_layer *l = &c->g->layer[i];
    nh_neuron_trace *t = &c->trace[i];
    int64_t n = nh_shape_size(c->g->tensor[l->out].shape);
    const double *y = nh_float_net_value(c->eval, l->out);
    hull(y, n, &t->out_min, &t->out_max);
    for (int k = 0; k < l->n_in; k++) {
        const double *x = nh_float_net_value(c->eval, l->in[k]);
        hull(x, n, &t->in_min[k], &t->in_max[k]);
        if (c->step < t->steps) follow(c, t, x, t->in[k]);
    }
    if (c->step < t->steps) follow(c, t, y, t->out);
}

/* false: a value is not finite. */
static bool watch(collector *c) {
    for (int i = 0; i < c->g->n_tensor; i++) {
        nh_tensor *x = &c->g->tensor[i];
        if (!hull(nh_float_net_value(c->eval, i), nh_shape_size(x->shape), &x->cal_min, &x->cal_max)) return false;
    }
    for (int i = 0; i < c->g->n_layer; i++) {
        if (c->g->layer[i].op == NH_OP_NEURON) watch_neuron(c, i);
        if (c->trace[i].activity)
            nh_activity_step(c->trace[i].activity, nh_float_net_value(c->eval, c->trace[i].activity->input));
    }
    c->step++;
    return true;
}

static bool run_samples(collector *c, const nh_samples *samples, int64_t n, nh_diag *d) {
    int64_t n_in = nh_shape_size(c->g->tensor[c->g->input].shape), steps = samples->size / n_in;
    for (int64_t s = 0; s < n; s++) {
        nh_float_net_reset(c->eval);
        for (int i = 0; i < c->g->n_layer; i++)
            if (c->trace[i].activity) nh_activity_reset(c->trace[i].activity);
        for (int64_t k = 0; k < steps; k++) {
            nh_float_net_step(c->eval, samples->x + s * samples->size + k * n_in);
            if (watch(c)) continue;
            return nh_report(d, NH_N_NOT_FINITE, NH_NOWHERE,
                             "step %lld of calibration sample %lld makes a value that is not finite", (long long)k,
                             (long long)s);
        }
    }
    return true;
}

nh_neuron_trace *nh_trace_collect(nh_arena *a, nh_graph *g, const nh_samples *samples, nh_diag *d) {
    int64_t n_in = nh_shape_size(g->tensor[g->input].shape), steps = samples->size / n_in, n = samples->n;
    double affordable = MOST_WORK / (work_of(g) * (double)steps);
    if ((double)n > affordable) {
        n = affordable < 1 ? 1 : (int64_t)affordable;
        nh_report(d, NH_N_CALIBRATION_PART, NH_NOWHERE, "calibration: the first %lld of %lld samples", (long long)n,
                  (long long)samples->n);
    }
    collector c = {.arena = a,
                   .g = g,
                   .trace = nh_arena_array(a, (size_t)g->n_layer + 1, sizeof(nh_neuron_trace)),
                   .steps = steps * n};
    c.eval = nh_float_net_new(a, g, NH_FLOAT64);
    if (!c.eval) {
        nh_report(d, NH_M_FORM, NH_NOWHERE,
                  "an operator has no meaning in time, or the delays are too long for this machine");
        return NULL;
    }
    for (int t = 0; t < g->n_tensor; t++) {
        g->tensor[t].calibrated = true;
        g->tensor[t].cal_min = INFINITY;
        g->tensor[t].cal_max = -INFINITY;
    }
    for (int i = 0; i < g->n_layer; i++) {
        if (g->layer[i].op == NH_OP_NEURON) start_layer(&c, i);
        c.trace[i].activity = nh_activity_new(a, g, i, c.steps);
    }
    bool ok = run_samples(&c, samples, n, d);
    for (int i = 0; i < g->n_layer; i++)
        if (c.trace[i].activity) nh_activity_finish(c.trace[i].activity);
    for (int i = 0; i < g->n_layer; i++)
        if (g->layer[i].op == NH_OP_NEURON) g->layer[i].neuron->reached = NULL;
    return ok ? c.trace : NULL;
}
