/* Weights rounded by what their errors cost. An error e_i of weight i adds e_i x_i to the membrane in every step, and
 * what a neuron keeps of that is a low-pass z of the input x: the cost of a row of errors e is e' C e, with C the mean
 * of z z' over the calibration samples. Rounding every weight to its nearest integer takes no notice of C; inputs that
 * are often active together, or always, make a bias of many small errors. This is done where errors come back, in
 * networks with a loop. Without one, classes changed by no more than chance either way. */
#include "activity.h"

#include <math.h>

enum { MOST_INPUTS = 1024 };
#define MOST_PRODUCTS 2e9 /* of all steps of a layer: later steps are left out */
#define MOST_MOVES 5e8    /* additions of all rows of a layer */
#define SLOWEST 0.95      /* per step; an integrator keeps its input until it spikes */
#define TOWARDS_NEAREST                                                                                                \
    0.01 /* of the mean of C's diagonal: inputs that the samples hardly show stay near their nearest integer */

/* The neuron that reads tensor t, behind wires and delays. */
static const nh_neuron *reader_of(const nh_graph *g, int t, int depth) {
    for (int i = 0; i < g->n_layer && depth > 0; i++) {
        const nh_layer *l = &g->layer[i];
        for (int k = 0; k < l->n_in; k++) {
            if (l->in[k] != t) continue;
            if (l->op == NH_OP_NEURON) return l->neuron;
            if (l->op == NH_OP_RESHAPE || l->op == NH_OP_DELAY || l->op == NH_OP_IDENTITY)
                return reader_of(g, l->out, depth - 1);
        }
    }
    return NULL;
}

/* What a state keeps from step to step, by the name of its parameter; 0: there is no such state. */
static double decay_of(const nh_neuron *n, const char *name) {
    int k = nh_neuron_param(n->program, name);
    if (k < 0 || n->param[k].n < 1) return 0;
    double sum = 0;
    for (int64_t i = 0; i < n->param[k].n; i++) sum += n->param[k].value[i];
    return fmin(fmax(sum / (double)n->param[k].n, 0), SLOWEST);
}

static bool has_loop(const nh_graph *g) {
    for (int i = 0; i < g->n_layer; i++)
        if (nh_layer_is_late(&g->layer[i])) return true;
    return false;
}

nh_activity *nh_activity_new(nh_arena *a, const nh_graph *g, int layer, int64_t steps) {
    const nh_layer *l = &g->layer[layer];
    const nh_neuron *reader =
        l->op == NH_OP_DENSE && !l->weight->raw && l->opt.weight.is_auto ? reader_of(g, l->out, 4) : NULL;
    if (!reader || reader->program->is_exact) return NULL;
    int64_t rows = l->weight->shape.dim[0], n = nh_shape_size(l->weight->shape) / rows;
    if (n > MOST_INPUTS || (double)rows * (double)n * (double)n > MOST_MOVES || !has_loop(g)) return NULL;
    nh_activity *act = NH_NEW(a, nh_activity);
    double work = (double)(n * n);
    *act =
        (nh_activity){.n = n, .input = l->in[0], .decay = {decay_of(reader, "alpha_syn"), decay_of(reader, "alpha")}};
    act->steps_left = work * (double)steps > MOST_PRODUCTS ? (int64_t)(MOST_PRODUCTS / work) : steps;
    act->low[0] = nh_arena_array(a, (size_t)n, sizeof *act->low[0]);
    act->low[1] = nh_arena_array(a, (size_t)n, sizeof *act->low[1]);
    act->sum = nh_arena_array(a, (size_t)(n * n), sizeof *act->sum);
    return act->low[0] && act->low[1] && act->sum ? act : NULL;
}

void nh_activity_reset(nh_activity *act) {
    for (int64_t i = 0; i < act->n; i++) act->low[0][i] = act->low[1][i] = 0;
}

void nh_activity_step(nh_activity *act, const double *x) {
    if (act->steps_left <= 0) return;
    act->steps_left--;
    for (int64_t i = 0; i < act->n; i++) {
        act->low[0][i] = act->decay[0] * act->low[0][i] + x[i];
        act->low[1][i] = act->decay[1] * act->low[1][i] + act->low[0][i];
    }
    const double *z = act->low[1];
    for (int64_t i = 0; i < act->n; i++)
        for (int64_t j = i; j < act->n && (z[i] > 0 || z[i] < 0); j++) act->sum[i * act->n + j] += z[i] * z[j];
}

void nh_activity_finish(nh_activity *act) {
    double trace = 0;
    for (int64_t i = 0; i < act->n; i++) trace += act->sum[i * act->n + i];
    for (int64_t i = 0; i < act->n; i++) {
        for (int64_t j = 0; j < i; j++) act->sum[i * act->n + j] = act->sum[j * act->n + i];
        act->sum[i * act->n + i] += TOWARDS_NEAREST * trace / (double)act->n;
    }
}

/* The change of raw[i] by +1 or -1 that lowers the cost most, of those that leave the weight less than a step away; 0:
 * none lowers it. */
static int best_move(const nh_activity *act, const double *target, const int64_t *raw, nh_range allowed,
                     const double *slope, int64_t *at) {
    double least = 0;
    int move = 0;
    for (int64_t i = 0; i < act->n; i++)
        for (int by = -1; by <= 1; by += 2) {
            double cost = 2 * by * slope[i] + act->sum[i * act->n + i];
            if (cost >= least || fabs((double)(raw[i] + by) - target[i]) >= 1 || raw[i] + by < allowed.lo ||
                raw[i] + by > allowed.hi)
                continue;
            least = cost;
            move = by;
            *at = i;
        }
    return move;
}

void nh_activity_round(nh_arena *scratch, const nh_activity *act, const double *target, nh_range allowed,
                       int64_t *raw) {
    double *slope = nh_arena_array(scratch, (size_t)act->n, sizeof *slope); /* C e */
    for (int64_t i = 0; i < act->n; i++) {
        slope[i] = 0;
        for (int64_t j = 0; j < act->n; j++) slope[i] += act->sum[i * act->n + j] * ((double)raw[j] - target[j]);
    }
    for (int64_t moves = 0; moves < 4 * act->n; moves++) {
        int64_t at = 0;
        int by = best_move(act, target, raw, allowed, slope, &at);
        if (by == 0) return;
        raw[at] += by;
        for (int64_t i = 0; i < act->n; i++) slope[i] += by * act->sum[at * act->n + i];
    }
}
