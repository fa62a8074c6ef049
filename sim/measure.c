#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim_parts.h"

/* Steps of the integer model that may be spent on drift: a few seconds. */
#define DRIFT_WORK 3e8
#define MAX_CONFUSION 256

typedef struct {
    const nh_design *g;
    const nh_sim_setup *s;
    const int64_t *raw_x, *out_c, *out_rtl;
    int64_t n_in, n_out;
    bool is_argmax;  /* the design's output is the class itself */
    int64_t n_class; /* 0: the output is no classification */
    int64_t right_float, right_fixed, right_rtl, agree;
} measure;

typedef struct {
    double max_abs, sum_abs, sum_square, sum_reference;
} error_sum;

static bool ends_in_argmax(const nh_design *g) {
    const nh_tensor *t = &g->graph->tensor[g->stream[g->output].tensor];
    return g->graph->layer[t->producer].op == NH_OP_ARGMAX;
}

static int64_t classes(const nh_design *g) {
    const nh_graph *n = g->graph;
    const nh_tensor *t = &n->tensor[g->stream[g->output].tensor];
    if (!ends_in_argmax(g)) return g->stream[g->output].n > 1 ? g->stream[g->output].n : 0;
    return nh_shape_size(n->tensor[n->layer[t->producer].in[0]].shape);
}

/* The first maximum of raw outputs; signedness matters for 64-bit formats only. */
static int64_t class_of_raw(const measure *m, const int64_t *y) {
    if (m->is_argmax) return y[0];
    bool is_signed = m->g->stream[m->g->output].fmt.is_signed;
    int64_t best = 0;
    for (int64_t i = 1; i < m->n_out; i++)
        if (is_signed ? y[i] > y[best] : (uint64_t)y[i] > (uint64_t)y[best]) best = i;
    return best;
}

static int64_t class_of_real(const measure *m, const double *y) {
    if (m->is_argmax) return (int64_t)y[0];
    int64_t best = 0;
    for (int64_t i = 1; i < m->n_out; i++)
        if (y[i] > y[best]) best = i;
    return best;
}

static bool check_labels(nh_diag *d, const measure *m) {
    for (int64_t i = 0; m->s->label && i < m->s->x.n; i++) {
        if (m->s->label[i] >= 0 && m->s->label[i] < m->n_class) continue;
        nh_report(d, NH_S_LABEL, m->g->opt->simulate.labels.at,
                  "label %" PRId64 " of sample %" PRId64 " is not a class", m->s->label[i], i);
        nh_diag_allowed(d, "0..%" PRId64, m->n_class - 1);
        return false;
    }
    return true;
}

static void judge_sample(measure *m, nh_sim_facts *f, int64_t i, int64_t float_class) {
    int64_t fixed = class_of_raw(m, m->out_c + i * m->n_out);
    m->agree += fixed == float_class;
    if (!m->s->label) return;
    int64_t label = m->s->label[i];
    m->right_float += float_class == label;
    m->right_fixed += fixed == label;
    if (m->out_rtl) m->right_rtl += class_of_raw(m, m->out_rtl + i * m->n_out) == label;
    if (f->confusion && fixed >= 0 && fixed < m->n_class) f->confusion[label * m->n_class + fixed]++;
}

static void finish_accuracy(const measure *m, nh_sim_facts *f) {
    double n = (double)m->s->x.n;
    f->agree_float_fixed = (double)m->agree / n;
    if (!m->s->label) return;
    f->acc_float = (double)m->right_float / n;
    f->acc_fixed = (double)m->right_fixed / n;
    if (m->out_rtl) f->acc_rtl = (double)m->right_rtl / n;
}

/* Rough steps of the integer model per inference. */
static double model_work(const nh_design *g) {
    double work = 1;
    for (int u = 0; u < g->n_unit; u++) {
        const nh_unit *unit = &g->unit[u];
        if (unit->kind == NH_UNIT_MAC)
            work += (double)unit->mac.n_in * (double)unit->mac.n_out +
                    (double)unit->mac.n_out * unit->mac.post->n_node;
        else
            work += unit->dp->n_node;
    }
    return work;
}

static void add_errors(const nh_design *g, int k, const double *reference, const int64_t *raw, error_sum *e) {
    for (int64_t i = 0; i < g->stream[k].n; i++) {
        double error = fabs(nh_stream_real(g, k, raw[i]) - reference[i]);
        e->max_abs = fmax(e->max_abs, error);
        e->sum_abs += error;
        e->sum_square += error * error;
        e->sum_reference += reference[i] * reference[i];
    }
}

static void finish_drift(nh_arena *a, const measure *m, nh_sim_facts *f, const error_sum *e,
                         const nh_fx_count *count, int64_t samples) {
    const nh_design *g = m->g;
    f->drift = nh_arena_alloc(a, (size_t)g->n_stream * sizeof *f->drift);
    for (int k = 0; k < g->n_stream; k++) {
        /* A class number is not a measure: its error means nothing, agreement tells it. */
        if (k == g->output && m->is_argmax) continue;
        bool is_input = k == g->input;
        f->drift[f->n_drift++] = (nh_drift_fact){
            .layer = g->graph->layer[g->graph->tensor[g->stream[k].tensor].producer].name,
            .max_abs = e[k].max_abs,
            .mean_abs = e[k].sum_abs / ((double)samples * (double)g->stream[k].n),
            .sqnr_db = e[k].sum_square > 0 ? 10 * log10(e[k].sum_reference / e[k].sum_square) : INFINITY,
            .overflowed = is_input ? f->input_overflowed : count[k].overflowed,
            .n = is_input ? f->input_n : count[k].n};
    }
}

static bool contradicts(nh_diag *d, const measure *m, int64_t sample, const int64_t *model) {
    for (int64_t e = 0; e < m->n_out; e++) {
        int64_t c = m->out_c[sample * m->n_out + e];
        if (model[e] == c) continue;
        nh_report(d, NH_S_MODEL, NH_NOWHERE,
                  "sample %" PRId64 ", output %" PRId64 ": the kernels give %" PRId64
                  ", the integer model %" PRId64,
                  sample, e, c, model[e]);
        return true;
    }
    return false;
}

bool nh_sim_measure(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *s, const int64_t *raw_x,
                    const int64_t *out_c, const int64_t *out_rtl, nh_sim_facts *f) {
    measure m = {.g = g,
                 .s = s,
                 .raw_x = raw_x,
                 .out_c = out_c,
                 .out_rtl = out_rtl,
                 .n_in = g->stream[g->input].n,
                 .n_out = g->stream[g->output].n,
                 .is_argmax = ends_in_argmax(g),
                 .n_class = classes(g)};
    if (m.n_class > 0 && !check_labels(d, &m)) return false;
    if (m.n_class > 0 && m.n_class <= MAX_CONFUSION && s->label) {
        f->n_class = (int)m.n_class;
        f->confusion = nh_arena_alloc(a, (size_t)(m.n_class * m.n_class) * sizeof *f->confusion);
    }
    int64_t samples = (int64_t)fmax(16, DRIFT_WORK / model_work(g));
    if (samples >= s->x.n)
        samples = s->x.n;
    else
        nh_report(d, NH_S_DRIFT_LIMIT, NH_NOWHERE,
                  "drift and overflows: first %" PRId64 " of %" PRId64 " samples", samples, s->x.n);
    double **value = nh_float_buffers(a, g->graph);
    int64_t **raw = nh_design_buffers(a, g);
    nh_fx_count *count = nh_arena_alloc(a, (size_t)g->n_stream * sizeof *count);
    error_sum *e = nh_arena_alloc(a, (size_t)g->n_stream * sizeof *e);
    for (int64_t i = 0; i < s->x.n; i++) {
        nh_float_eval(g->graph, s->x.x + i * s->x.size, value);
        if (m.n_class > 0) judge_sample(&m, f, i, class_of_real(&m, value[g->stream[g->output].tensor]));
        if (i >= samples) continue;
        nh_design_eval(g, raw_x + i * m.n_in, raw, count);
        if (contradicts(d, &m, i, raw[g->output])) return false;
        for (int k = 0; k < g->n_stream; k++)
            add_errors(g, k, value[g->stream[k].tensor], raw[k], &e[k]);
    }
    if (m.n_class > 0) finish_accuracy(&m, f);
    finish_drift(a, &m, f, e, count, samples);
    return true;
}
