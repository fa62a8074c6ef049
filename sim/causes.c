/* What fixed point changes, cause by cause: the float network with more and more of the fixed one in it. */
#include <math.h>

#include "edit.h"
#include "sim_parts.h"

/* Multiplications per cause: a second or two. At least this many samples are judged all the same. */
#define CAUSE_WORK 1.5e9
enum { LEAST_SAMPLES = 16 };

/* --- networks ---------------------------------------------------------------------------------------------------- */

static double real_weight(const nh_param *p, int64_t i, bool scaled) {
    double v = ldexp((double)p->raw[i], -nh_format_frac(p->fmt));
    if (!scaled || !p->scale) return v;
    double scale = p->scale[i / (nh_shape_size(p->shape) / p->shape.dim[0])];
    return isfinite(scale) ? v * scale : p->value[i]; /* a gain of 0: the row has no effect */
}

/* The values that the integers of a parameter stand for; scaled: in the model's units, else in those of the hardware.
 */
static nh_param *rounded(nh_arena *a, const nh_param *p, bool scaled) {
    nh_param *out = NH_NEW(a, nh_param);
    int64_t n = nh_shape_size(p->shape);
    double *v = nh_arena_array(a, (size_t)n, sizeof *v);
    *out = *p;
    for (int64_t i = 0; i < n; i++) v[i] = real_weight(p, i, scaled);
    out->value = v;
    return out;
}

/* The neuron of the fixed-point network. The formats of an integer program are the model's own. */
static nh_neuron *fixed_neuron(nh_arena *a, const nh_neuron *n, bool states) {
    nh_neuron *out = NH_NEW(a, nh_neuron);
    nh_neuron_program *p = nh_program_copy(a, n->fx);
    *out = *n;
    for (int s = 0; s < p->n_state && !states && !n->program->is_exact; s++) p->reg[p->state[s]].has_format = false;
    out->program = p;
    for (int k = 0; k < p->n_param; k++) out->param[k] = n->fx_param[k];
    return out;
}

static bool is_power_of_two(int64_t n) { return (n & (n - 1)) == 0; }

const nh_graph *nh_cause_graph(nh_arena *a, const nh_design *g, nh_cause cause) {
    nh_graph *to = NH_NEW(a, nh_graph);
    *to = *g->graph;
    to->layer = nh_arena_alloc(a, (size_t)to->n_layer * sizeof *to->layer);
    bool hardware = cause != NH_CAUSE_WEIGHTS;
    for (int i = 0; i < to->n_layer; i++) {
        nh_layer *l = &to->layer[i];
        *l = g->graph->layer[i];
        if (l->weight && l->weight->raw) l->weight = rounded(a, l->weight, !hardware);
        if (l->bias && l->bias->raw) l->bias = rounded(a, l->bias, !hardware);
        if (hardware && l->op == NH_OP_NEURON) l->neuron = fixed_neuron(a, l->neuron, cause == NH_CAUSE_STATE);
        /* A mean that is no shift is a sum there; who reads it has the divisor. */
        if (hardware && l->op == NH_OP_AVGPOOL && !is_power_of_two(l->window.kernel[0] * l->window.kernel[1]))
            l->op = NH_OP_SUMPOOL;
    }
    return to;
}

/* --- is there anything to tell apart? ---------------------------------------------------------------------------- */

static bool same_values(const nh_param *p) {
    if (!p || !p->raw || !p->value) return true;
    for (int64_t i = 0, n = nh_shape_size(p->shape); i < n; i++) {
        double v = real_weight(p, i, true);
        if (v < p->value[i] || v > p->value[i]) return false;
    }
    return true;
}

/* An integer network as it was read; nothing in it was rounded. */
static bool is_exact(const nh_graph *g) {
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        if (l->op == NH_OP_NEURON && !l->neuron->program->is_exact) return false;
        if (!same_values(l->weight) || !same_values(l->bias)) return false;
    }
    return true;
}

/* --- measures ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const nh_measure *m;
    const double *y_float;
    double lsb; /* of the outputs */
    int64_t samples;
    double *x, *y; /* a frame of inputs, the outputs of a sample */
} tester;

static double work_of(const nh_graph *g) {
    double sum = 1;
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        double out = (double)nh_shape_size(g->tensor[l->out].shape);
        double per = l->weight ? (double)(nh_shape_size(l->weight->shape) / l->weight->shape.dim[0]) : 10;
        sum += out * per;
    }
    return sum;
}

/* Outputs y of a sample beside the float network's. */
static void add_sample(const tester *t, int64_t sample, const double *y, nh_cause_fact *f, int64_t *right) {
    const nh_measure *m = t->m;
    const double *want = t->y_float + sample * m->steps * m->n_out;
    int64_t differing = 0;
    for (int64_t e = 0; e < m->steps * m->n_out; e++) {
        double error = fabs(y[e] - want[e]);
        differing += error > t->lsb / 2;
        f->mean_abs += error;
    }
    f->n += m->steps * m->n_out;
    f->differing += differing;
    f->differing_samples += differing > 0;
    if (m->s->label && m->n_class > 0) *right += nh_judge_class(m, y) == m->s->label[sample];
}

static void finish(const tester *t, nh_cause_fact *f, int64_t right) {
    f->mean_abs /= (double)f->n;
    f->accuracy = t->m->s->label && t->m->n_class > 0 ? (double)right / (double)t->samples : -1;
}

/* Outputs of a sample by a network of nh_cause_graph. */
static const double *run_cause(const tester *t, nh_float_net *e, nh_cause cause, int64_t sample) {
    const nh_measure *m = t->m;
    const nh_stream *in = &m->g->stream[m->g->input];
    int out = m->g->stream[m->g->output].tensor;
    bool hardware = cause != NH_CAUSE_WEIGHTS;
    double in_scale = hardware ? 1 : m->g->graph->tensor[in->tensor].q.scale;
    double out_scale = hardware ? m->g->graph->tensor[out].q.scale : 1;
    nh_float_net_reset(e);
    for (int64_t step = 0; step < m->steps; step++) {
        const int64_t *raw = m->raw_x + (sample * m->steps + step) * m->n_in;
        for (int64_t i = 0; i < m->n_in; i++)
            t->x[in->order ? in->order[i] : i] = ldexp((double)raw[i], -nh_format_frac(in->fmt)) * in_scale;
        nh_float_net_step(e, t->x);
        for (int64_t o = 0; o < m->n_out; o++) t->y[step * m->n_out + o] = nh_float_net_value(e, out)[o] * out_scale;
    }
    return t->y;
}

static void judge_cause(nh_arena *a, const tester *t, nh_cause cause, const char *name, nh_cause_fact *f) {
    int64_t right = 0;
    nh_float_net *e = nh_float_net_new(a, nh_cause_graph(a, t->m->g, cause), NH_FLOAT64);
    *f = (nh_cause_fact){.cause = name};
    for (int64_t i = 0; i < t->samples; i++) add_sample(t, i, run_cause(t, e, cause, i), f, &right);
    finish(t, f, right);
}

static void judge_float(const tester *t, nh_cause_fact *f) {
    int64_t right = 0;
    *f = (nh_cause_fact){.cause = "float"};
    for (int64_t i = 0; i < t->samples; i++) add_sample(t, i, t->y_float + i * t->m->steps * t->m->n_out, f, &right);
    finish(t, f, right);
}

/* With all causes it is what the kernels compute. */
static void judge_fixed(const tester *t, nh_cause_fact *f) {
    const nh_measure *m = t->m;
    int64_t right = 0, frame = m->steps * m->n_out;
    *f = (nh_cause_fact){.cause = "state"};
    for (int64_t i = 0; i < t->samples; i++) {
        for (int64_t e = 0; e < frame; e++) t->y[e] = nh_stream_real(m->g, m->g->output, m->out_c[i * frame + e]);
        add_sample(t, i, t->y, f, &right);
    }
    finish(t, f, right);
}

bool nh_sim_causes(nh_arena *a, nh_diag *d, const nh_measure *m, const double *y_float, nh_sim_facts *f) {
    if (m->is_argmax) return true;
    double affordable = CAUSE_WORK / work_of(m->g->graph) / (double)m->steps;
    int64_t samples = affordable < LEAST_SAMPLES ? LEAST_SAMPLES : affordable < 1e9 ? (int64_t)affordable : 1000000000;
    tester t = {.m = m, .y_float = y_float, .samples = samples < m->s->x.n ? samples : m->s->x.n};
    t.lsb = fabs(nh_stream_real(m->g, m->g->output, 1));
    t.x = nh_arena_array(a, (size_t)m->n_in, sizeof *t.x);
    t.y = nh_arena_array(a, (size_t)(m->steps * m->n_out), sizeof *t.y);
    if (!t.x || !t.y) return nh_report(d, NH_S_NO_SAMPLES, NH_NOWHERE, "samples are too large");
    f->cause = nh_arena_alloc(a, 4 * sizeof *f->cause);
    f->n_cause = 4;
    f->cause_samples = t.samples;
    judge_float(&t, &f->cause[0]);
    judge_fixed(&t, &f->cause[3]);
    f->is_exact = is_exact(m->g->graph) && f->cause[3].differing == 0;
    if (f->is_exact) {
        f->n_cause = 0;
        return true;
    }
    judge_cause(a, &t, NH_CAUSE_WEIGHTS, "weights", &f->cause[1]);
    judge_cause(a, &t, NH_CAUSE_DECAY, "decay", &f->cause[2]);
    return true;
}
