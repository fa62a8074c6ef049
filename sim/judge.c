/* Outputs -> classes -> accuracy, agreement, confusion. */
#include <inttypes.h>

#include "sim_parts.h"

#define MAX_CONFUSION 256
#define READOUTS 3

/* The class that occurs in most steps; the smallest of equals. */
static int64_t most_frequent(const double *values, int64_t steps) {
    int64_t best = 0, most = 0;
    for (int64_t t = 0; t < steps; t++) {
        int64_t class = (int64_t)values[t], count = 0;
        for (int64_t u = 0; u < steps; u++) count += (int64_t)values[u] == class;
        if (count > most || (count == most && class < best)) best = class, most = count;
    }
    return best;
}

static int64_t class_of(const nh_measure *m, const double *y, nh_readout readout) {
    return m->is_argmax ? most_frequent(y, m->steps) : nh_readout_class(y, m->steps, m->n_out, readout);
}

/* Real outputs of one sample from raw ones. Class numbers have no scale. */
static const double *real_outputs(const nh_measure *m, const int64_t *raw, double *y) {
    for (int64_t e = 0; e < m->steps * m->n_out; e++)
        y[e] = m->is_argmax ? (double)raw[e] : nh_stream_real(m->g, m->g->output, raw[e]);
    return y;
}

/* Networks without time have one readout: the largest output. */
static nh_readout readout_asked(const nh_measure *m) {
    return nh_sim_has_step_axis(m->g) ? m->g->opt->spiking.readout : NH_READOUT_COUNT;
}

int64_t nh_judge_class(const nh_measure *m, const double *y) { return class_of(m, y, readout_asked(m)); }

static void judge_readout(nh_measure *m, nh_sim_facts *f, int64_t label, const double *const y[3], nh_readout readout) {
    struct nh_sim_right *r = &m->right[readout];
    int64_t fixed = class_of(m, y[1], readout), real = class_of(m, y[0], readout);
    r->agree += fixed == real;
    if (!m->s->label) return;
    r->by_float += real == label;
    r->by_fixed += fixed == label;
    if (y[2]) r->by_rtl += class_of(m, y[2], readout) == label;
    if (readout == readout_asked(m) && f->confusion && fixed >= 0 && fixed < m->n_class)
        f->confusion[label * m->n_class + fixed]++;
}

/* The first sample's outputs, for people to look at. Class numbers are no scores. */
static void keep_scores(const nh_measure *m, nh_sim_facts *f, const double *y_float, const double *y_fixed) {
    nh_score_fact *s = &f->score;
    if (m->is_argmax || m->n_out > NH_SCORES_MOST) return;
    size_t n = (size_t)m->n_out;
    *s = (nh_score_fact){.n = (int)n, .label = m->s->label ? m->s->label[0] : -1};
    s->by_float = nh_arena_array(m->g->arena, n, sizeof(double));
    s->by_fixed = nh_arena_array(m->g->arena, n, sizeof(double));
    for (int64_t i = 0; i < m->steps * m->n_out; i++) {
        s->by_float[i % m->n_out] += y_float[i];
        s->by_fixed[i % m->n_out] += y_fixed[i];
    }
}

void nh_judge_sample(nh_measure *m, nh_sim_facts *f, int64_t sample, const double *y_float) {
    int64_t at = sample * m->steps * m->n_out;
    const double *y[] = {y_float, real_outputs(m, m->out_c + at, m->frame[0]),
                         m->out_rtl ? real_outputs(m, m->out_rtl + at, m->frame[1]) : NULL};
    if (sample == 0) keep_scores(m, f, y[0], y[1]);
    if (m->n_class == 0) return;
    for (int r = 0; r < READOUTS; r++)
        if (nh_sim_has_step_axis(m->g) || r == (int)readout_asked(m))
            judge_readout(m, f, m->s->label ? m->s->label[sample] : 0, y, (nh_readout)r);
}

static void finish_accuracy(const nh_measure *m, nh_sim_facts *f) {
    double n = (double)m->s->x.n;
    int asked = (int)readout_asked(m);
    f->agree_float_fixed = (double)m->right[asked].agree / n;
    if (!m->s->label) return;
    for (int r = 0; r < READOUTS; r++) {
        if (!nh_sim_has_step_axis(m->g) && r != asked) continue;
        f->readout[r].acc_float = (double)m->right[r].by_float / n;
        f->readout[r].acc_fixed = (double)m->right[r].by_fixed / n;
        if (m->out_rtl) f->readout[r].acc_rtl = (double)m->right[r].by_rtl / n;
    }
    f->acc_float = f->readout[asked].acc_float;
    f->acc_fixed = f->readout[asked].acc_fixed;
    f->acc_rtl = f->readout[asked].acc_rtl;
}

static bool ends_in_argmax(const nh_design *g) {
    const nh_tensor *t = &g->graph->tensor[g->stream[g->output].tensor];
    return g->graph->layer[t->producer].op == NH_OP_ARGMAX;
}

static int64_t classes(const nh_design *g) {
    const nh_graph *n = g->graph;
    const nh_tensor *t = &n->tensor[g->stream[g->output].tensor];
    if (!ends_in_argmax(g)) return g->stream[g->output].n;
    return nh_shape_size(n->tensor[n->layer[t->producer].in[0]].shape);
}

static bool check_labels(nh_diag *d, const nh_measure *m) {
    for (int64_t i = 0; m->s->label && i < m->s->x.n; i++) {
        if (m->s->label[i] >= 0 && m->s->label[i] < m->n_class) continue;
        nh_report(d, NH_S_LABEL, m->g->opt->simulate.labels.at,
                  "label %" PRId64 " of sample %" PRId64 " is not a class", m->s->label[i], i);
        nh_diag_allowed(d, "0..%" PRId64, m->n_class - 1);
        return false;
    }
    return true;
}

bool nh_sim_measure(nh_arena *a, nh_diag *d, nh_measure *m, nh_sim_facts *f) {
    size_t frame = (size_t)(m->steps * m->n_out);
    m->is_argmax = ends_in_argmax(m->g);
    m->class_by = nh_output_class_by(m);
    m->n_class = m->class_by ? classes(m->g) : 0;
    m->watch = nh_output_watch_new(a, m, f);
    f->agree_float_fixed = -1;
    for (int i = 0; i < 2; i++) m->frame[i] = nh_arena_alloc(a, frame * sizeof(double));
    for (int r = 0; r < READOUTS; r++) f->readout[r].acc_float = f->readout[r].acc_fixed = f->readout[r].acc_rtl = -1;
    if (m->n_class > 0 && !check_labels(d, m)) return false;
    if (m->n_class > 0 && m->n_class <= MAX_CONFUSION && m->s->label) {
        f->n_class = (int)m->n_class;
        f->confusion = nh_arena_alloc(a, (size_t)(m->n_class * m->n_class) * sizeof *f->confusion);
    }
    if (!nh_sim_measure_samples(a, d, m, f)) return false;
    nh_output_watch_finish(m->watch, f);
    if (m->n_class > 0) finish_accuracy(m, f);
    return true;
}
