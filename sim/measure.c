/* The float reference and the integer model over all samples and steps; differences per stream. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "last_will.h"
#include "neurons.h"
#include "npy.h"
#include "sim_parts.h"

/* Steps of the integer model that may be spent on drift: a few seconds. */
#define DRIFT_WORK 3e8

/* Rough steps of the integer model for one unit and frame. */
static double unit_work(const nh_unit *u) {
    switch (u->kind) {
    case NH_UNIT_MAC: return (double)u->mac.n_in * (double)u->mac.n_out + (double)u->mac.n_out * u->mac.post.dp->n_node;
    case NH_UNIT_CONV:
    case NH_UNIT_POOL:
        return (double)u->conv.cycles * (double)u->conv.out_lanes * (double)(u->conv.depthwise ? 1 : u->conv.in_lanes);
    case NH_UNIT_NEURON: return (double)u->neuron.n * u->neuron.dp->n_node;
    case NH_UNIT_DELAY: return (double)u->delay.n;
    case NH_UNIT_DATAPATH: return u->dp->n_node;
    case NH_UNIT_FORK: break;
    }
    return 1;
}

int64_t nh_drift_samples(nh_diag *d, const nh_measure *m) {
    double work = 1;
    for (int u = 0; u < m->g->n_unit; u++) work += unit_work(&m->g->unit[u]);
    int64_t samples = (int64_t)fmax(16, DRIFT_WORK / work / (double)m->steps), all = m->s->x.n;
    if (samples >= all) return all;
    nh_report(d, NH_S_DRIFT_LIMIT, NH_NOWHERE, "drift and overflows: first %" PRId64 " of %" PRId64 " samples", samples,
              all);
    return samples;
}

void nh_drift_add(const nh_design *g, int k, const double *reference, const int64_t *raw, nh_error_sum *e) {
    const nh_stream *s = &g->stream[k];
    for (int64_t i = 0; i < s->n; i++) {
        double want = reference[s->order ? s->order[i] : i], error = fabs(nh_stream_real(g, k, raw[i]) - want);
        e->max_abs = fmax(e->max_abs, error);
        e->sum_abs += error;
        e->sum_square += error * error;
        e->sum_reference += want * want;
    }
}

/* A class number is not a measure: its error means nothing, agreement tells it. What a fork gives was
 * measured at its input. */
static bool has_drift(const nh_measure *m, int k) {
    int src = m->g->stream[k].src;
    const nh_tensor *t = &m->g->graph->tensor[m->g->stream[k].tensor];
    const nh_param *w = m->g->graph->layer[t->producer].weight;
    /* Accumulators in front of a neuron are in units of its threshold and of their weights' scale. */
    if (nh_design_has_steps(m->g) && w && w->scale && k != m->g->output) return false;
    return !(k == m->g->output && m->is_argmax) && !(src >= 0 && m->g->unit[src].kind == NH_UNIT_FORK);
}

void nh_drift_finish(nh_arena *a, const nh_measure *m, nh_sim_facts *f, const nh_error_sum *e, const nh_fx_count *count,
                     int64_t frames) {
    const nh_design *g = m->g;
    f->drift = nh_arena_alloc(a, (size_t)g->n_stream * sizeof *f->drift);
    for (int k = 0; k < g->n_stream; k++) {
        if (!has_drift(m, k)) continue;
        nh_fx_count seen = count[k];
        if (k == g->input)
            seen = (nh_fx_count){f->input_n, f->input_overflowed, f->input_wrapped, f->input_low, f->input_near};
        f->drift[f->n_drift++] = (nh_drift_fact){
            .layer = g->graph->layer[g->graph->tensor[g->stream[k].tensor].producer].name,
            .max_abs = e[k].max_abs,
            .mean_abs = e[k].sum_abs / ((double)frames * (double)g->stream[k].n),
            .sqnr_db = e[k].sum_square > 0 ? 10 * log10(e[k].sum_reference / e[k].sum_square) : INFINITY,
            .overflowed = seen.overflowed,
            .n = seen.n,
            .wrapped = seen.wrapped,
            .low = seen.low,
            .near = seen.near};
    }
}

bool nh_model_contradicts(nh_diag *d, const nh_measure *m, int64_t frame, const int64_t *model) {
    const nh_stream *s = &m->g->stream[m->g->output];
    for (int64_t i = 0; i < m->n_out; i++) {
        int64_t e = s->order ? s->order[i] : i, c = m->out_c[frame * m->n_out + e];
        if (model[i] == c) continue;
        const char *step = "";
        if (nh_sim_has_step_axis(m->g)) step = nh_arena_printf(m->g->arena, ", step %" PRId64, frame % m->steps);
        nh_report(d, NH_S_MODEL, NH_NOWHERE,
                  "sample %" PRId64 "%s, output %" PRId64 ": the kernels give %" PRId64 ", the integer model %" PRId64,
                  frame / m->steps, step, e, c, model[i]);
        return true;
    }
    return false;
}

/* --- the loop over samples and steps ------------------------------------------------------------------------------ */

typedef struct {
    const nh_measure *m;
    nh_float_net *real;
    nh_design_state *state;
    int64_t **raw; /* of the integer model */
    nh_fx_count *count;
    nh_error_sum *error;
    int64_t drift_samples;
    nh_spike_watch *watch;
    double *y; /* float outputs of all samples */
} run;

static bool compare_model(nh_diag *d, run *r, int64_t frame) {
    const nh_design *g = r->m->g;
    nh_design_step(g, r->state, r->m->raw_x + frame * r->m->n_in, r->raw, r->count);
    if (nh_model_contradicts(d, r->m, frame, r->raw[g->output])) return false;
    for (int k = 0; k < g->n_stream; k++)
        nh_drift_add(g, k, nh_float_net_value(r->real, g->stream[k].tensor), r->raw[k], &r->error[k]);
    return true;
}

static bool run_sample(nh_diag *d, run *r, int64_t sample) {
    const nh_measure *m = r->m;
    nh_float_net_reset(r->real);
    nh_design_state_reset(r->state);
    for (int64_t t = 0; t < m->steps; t++) {
        int64_t frame = sample * m->steps + t;
        nh_float_net_step(r->real, m->s->x.x + frame * m->n_in);
        memcpy(r->y + frame * m->n_out, nh_float_net_value(r->real, m->g->stream[m->g->output].tensor),
               (size_t)m->n_out * sizeof *r->y);
        if (sample < m->traced && !nh_spike_watch_step(d, r->watch, r->real)) return false;
        if (sample < r->drift_samples && !compare_model(d, r, frame)) return false;
    }
    return true;
}

/* Single precision is what frameworks of spiking networks compute in; a network without state is its own reference. */
static nh_float_kind precision_of(const nh_design *g) {
    bool is_single = nh_graph_has_state(g->graph) && g->opt->spiking.precision == NH_PRECISION_SINGLE;
    return is_single ? NH_FLOAT32 : NH_FLOAT64;
}

static bool run_samples(nh_arena *a, nh_diag *d, nh_measure *m, run *r, nh_sim_facts *f) {
    if (!(r->watch = nh_spike_watch_new(a, d, m->g, m->s->work_dir, m->traced))) return false;
    bool ok = true;
    for (int64_t i = 0; i < m->s->x.n && ok; i++) {
        if (nh_will_stop()) return false;
        const double *y = r->y + i * m->steps * m->n_out;
        ok = run_sample(d, r, i);
        if (!ok) break;
        nh_output_watch_add(m->watch, i, y);
        nh_judge_sample(m, f, i, y);
    }
    nh_spike_watch_finish(r->watch, f);
    return ok;
}

bool nh_sim_measure_samples(nh_arena *a, nh_diag *d, nh_measure *m, nh_sim_facts *f) {
    const nh_design *g = m->g;
    int64_t n = m->s->x.n;
    size_t streams = (size_t)g->n_stream;
    run r = {.m = m, .drift_samples = nh_drift_samples(d, m), .real = nh_float_net_new(a, g->graph, precision_of(g))};
    r.state = nh_design_state_new(a, g);
    r.raw = nh_design_buffers(a, g);
    r.count = nh_arena_alloc(a, streams * sizeof *r.count);
    r.error = nh_arena_alloc(a, streams * sizeof *r.error);
    r.y = nh_arena_array(a, (size_t)(n * m->steps * m->n_out), sizeof *r.y);
    if (!r.y) return nh_report(d, NH_S_NO_SAMPLES, NH_NOWHERE, "%" PRId64 " samples are too many", n);
    if (!run_samples(a, d, m, &r, f)) return false;
    nh_drift_finish(a, m, f, r.error, r.count, r.drift_samples * m->steps);
    if (m->s->reference) nh_sim_reference(m, r.y, f);
    if (nh_graph_has_state(g->graph) && !nh_sim_causes(a, d, m, r.y, f)) return false;
    int64_t dim[3];
    int rank = nh_sim_output_shape(g, n, dim);
    return nh_npy_write_f64(a, d, nh_path_join(a, m->s->work_dir, "outputs_float.npy"), rank, dim, r.y);
}
