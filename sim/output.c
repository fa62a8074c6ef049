/* What the outputs are, and how far fixed point takes them from float, over all samples. */
#include <math.h>
#include <string.h>

#include "sim_parts.h"

/* Differences to a reference, and the reference's own spread about the mean of each output. */
typedef struct {
    int64_t n, frames;
    double max_abs, square, reference;
    double *mean, *spread; /* [outputs] */
} error_sum;

struct nh_output_watch {
    const nh_measure *m;
    int64_t frames;     /* of a sample that are compared */
    nh_readout readout; /* how the steps of a class become one frame */
    error_sum fixed, target[2];
    double *y[2];     /* [frames][outputs] of a sample, float and fixed point */
    double *first[2]; /* [outputs] */
    bool *moves[2];   /* [outputs] another value was seen */
};

static const nh_layer *last_layer(const nh_design *g) {
    const nh_layer *l = &g->graph->layer[g->graph->tensor[g->stream[g->output].tensor].producer];
    while (l->op == NH_OP_RESHAPE || l->op == NH_OP_IDENTITY) l = &g->graph->layer[g->graph->tensor[l->in[0]].producer];
    return l;
}

static bool gives_spikes(const nh_layer *l) {
    return l->op == NH_OP_NEURON && l->neuron->program->out != NH_NEURON_OUT_GRADED;
}

/* One distribution over all outputs: several beside each other are several classes, and their outputs numbers. */
static bool is_one_softmax(const nh_graph *g, const nh_layer *l) {
    bool is_softmax = l->op == NH_OP_SOFTMAX || l->op == NH_OP_LOG_SOFTMAX;
    return is_softmax && nh_layer_axis(g, l).n == nh_shape_size(g->tensor[l->out].shape);
}

const char *nh_output_class_by(const nh_measure *m) {
    const nh_layer *l = last_layer(m->g);
    if (m->is_argmax) return "the network ends in a class number";
    if (m->n_out < 2) return NULL;
    if (m->s->label) return "labels";
    if (m->s->target) return NULL;
    if (m->g->opt->require.min_agreement > 0) return "require: min_agreement";
    if (is_one_softmax(m->g->graph, l)) return "the network ends in a softmax";
    if (gives_spikes(l)) return "the network ends in spikes";
    return NULL;
}

/* Classes are read from one frame of a sample, and so are spikes, whose single steps say little. */
static bool is_read_out(const nh_measure *m) {
    return m->steps > 1 && (m->n_class > 0 || gives_spikes(last_layer(m->g)));
}

static const char *values_text(const nh_measure *m, nh_readout readout) {
    if (m->is_argmax) return NULL;
    if (!is_read_out(m)) return "outputs";
    return readout == NH_READOUT_MEMBRANE ? "outputs of the last step" : "outputs summed over the steps";
}

static void start(nh_arena *a, error_sum *e, int64_t n_out) {
    e->mean = nh_arena_array(a, (size_t)n_out, sizeof *e->mean);
    e->spread = nh_arena_array(a, (size_t)n_out, sizeof *e->spread);
}

nh_output_watch *nh_output_watch_new(nh_arena *a, const nh_measure *m, nh_sim_facts *f) {
    nh_output_watch *w = NH_NEW(a, nh_output_watch);
    w->m = m;
    w->readout = nh_sim_has_step_axis(m->g) ? m->g->opt->spiking.readout : NH_READOUT_COUNT;
    w->frames = is_read_out(m) ? 1 : m->steps;
    start(a, &w->fixed, m->n_out);
    for (int k = 0; k < 2; k++) {
        start(a, &w->target[k], m->n_out);
        w->y[k] = nh_arena_array(a, (size_t)(m->steps * m->n_out), sizeof(double));
        w->first[k] = nh_arena_array(a, (size_t)m->n_out, sizeof(double));
        w->moves[k] = nh_arena_array(a, (size_t)m->n_out, sizeof(bool));
    }
    f->output = (nh_output_fact){
        .is_class = m->n_class > 0, .by = m->class_by, .values = values_text(m, w->readout), .n = m->n_out};
    return w;
}

/* Welford's mean and spread: no cancellation where the mean is large. */
static void add_error(error_sum *e, int64_t frames, int64_t n_out, const double *want, const double *got) {
    for (int64_t t = 0; t < frames; t++) {
        e->frames++;
        for (int64_t o = 0; o < n_out; o++) {
            double r = want[t * n_out + o], error = got[t * n_out + o] - r, away = r - e->mean[o];
            e->max_abs = fmax(e->max_abs, fabs(error));
            e->square += error * error;
            e->reference += r * r;
            e->mean[o] += away / (double)e->frames;
            e->spread[o] += away * (r - e->mean[o]);
        }
        e->n += n_out;
    }
}

static nh_error_fact finish_error(const error_sum *e, int64_t n_out) {
    double spread = 0;
    for (int64_t o = 0; o < n_out; o++) spread += e->spread[o];
    nh_error_fact f = {.n = e->n, .max_abs = e->max_abs, .sqnr_db = INFINITY, .r2 = 1};
    if (e->n == 0 || e->square == 0) return f;
    f.rmse = sqrt(e->square / (double)e->n);
    f.relative = e->reference > 0 ? sqrt(e->square / e->reference) : INFINITY;
    f.sqnr_db = e->reference > 0 ? 10 * log10(e->reference / e->square) : -INFINITY;
    f.r2 = spread > 0 ? 1 - e->square / spread : -INFINITY;
    return f;
}

static void see(nh_output_watch *w, int path, const double *y, bool is_first) {
    int64_t n_out = w->m->n_out;
    if (is_first) memcpy(w->first[path], y, (size_t)n_out * sizeof *y);
    for (int64_t e = 0; e < w->m->steps * n_out; e++) {
        double first = w->first[path][e % n_out];
        if (y[e] < first || y[e] > first) w->moves[path][e % n_out] = true;
    }
}

/* The frames that count, in place. */
static void read_out(const nh_output_watch *w, double *y) {
    int64_t n = w->m->n_out, last = w->m->steps - 1;
    if (w->frames == w->m->steps) return;
    for (int64_t o = 0; o < n; o++) {
        double sum = y[o];
        for (int64_t t = 1; t <= last; t++) sum += y[t * n + o];
        y[o] = w->readout == NH_READOUT_MEMBRANE ? y[last * n + o] : sum;
    }
}

void nh_output_watch_add(nh_output_watch *w, int64_t sample, const double *y_float) {
    const nh_measure *m = w->m;
    int64_t frame = m->steps * m->n_out;
    memcpy(w->y[0], y_float, (size_t)frame * sizeof *y_float);
    for (int64_t e = 0; e < frame; e++) {
        int64_t raw = m->out_c[sample * frame + e];
        w->y[1][e] = m->is_argmax ? (double)raw : nh_stream_real(m->g, m->g->output, raw);
    }
    for (int k = 0; k < 2; k++) see(w, k, w->y[k], sample == 0);
    if (m->is_argmax) return;
    for (int k = 0; k < 2 && m->s->target; k++)
        add_error(&w->target[k], m->steps, m->n_out, m->s->target + sample * frame, w->y[k]);
    for (int k = 0; k < 2; k++) read_out(w, w->y[k]);
    add_error(&w->fixed, w->frames, m->n_out, w->y[0], w->y[1]);
}

static void count_stuck(const nh_output_watch *w, int path, int64_t *stuck, int64_t *zero) {
    for (int64_t o = 0; o < w->m->n_out && w->m->s->x.n > 1; o++) {
        *stuck += !w->moves[path][o];
        *zero += !w->moves[path][o] && !(w->first[path][o] < 0 || w->first[path][o] > 0);
    }
}

void nh_output_watch_finish(const nh_output_watch *w, nh_sim_facts *f) {
    nh_output_fact *o = &f->output;
    o->fixed = finish_error(&w->fixed, w->m->n_out);
    o->target_float = finish_error(&w->target[0], w->m->n_out);
    o->target_fixed = finish_error(&w->target[1], w->m->n_out);
    count_stuck(w, 0, &o->stuck_float, &o->zero_float);
    count_stuck(w, 1, &o->stuck_fixed, &o->zero_fixed);
}
