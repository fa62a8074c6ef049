/* The float reference and the integer model over all samples; differences per stream. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "npy.h"
#include "sim_parts.h"

/* Steps of the integer model that may be spent on drift: a few seconds. */
#define DRIFT_WORK 3e8

/* Rough steps of the integer model for one unit and frame. */
static double unit_work(const nh_unit *u) {
    switch (u->kind) {
    case NH_UNIT_MAC: return (double)u->mac.n_in * (double)u->mac.n_out + (double)u->mac.n_out * u->mac.post->n_node;
    case NH_UNIT_CONV:
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
    if (m->g->is_temporal && w && w->scale && k != m->g->output) return false;
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
        if (m->g->is_temporal) step = nh_arena_printf(m->g->arena, ", step %" PRId64, frame % m->steps);
        nh_report(d, NH_S_MODEL, NH_NOWHERE,
                  "sample %" PRId64 "%s, output %" PRId64 ": the kernels give %" PRId64 ", the integer model %" PRId64,
                  frame / m->steps, step, e, c, model[i]);
        return true;
    }
    return false;
}

bool nh_sim_measure_frames(nh_arena *a, nh_diag *d, nh_measure *m, nh_sim_facts *f) {
    const nh_design *g = m->g;
    const nh_samples *x = &m->s->x;
    int64_t samples = nh_drift_samples(d, m);
    double **value = nh_float_buffers(a, g->graph);
    int64_t **raw = nh_design_buffers(a, g);
    nh_design_state *state = nh_design_state_new(a, g);
    nh_fx_count *count = nh_arena_alloc(a, (size_t)g->n_stream * sizeof *count);
    nh_error_sum *e = nh_arena_alloc(a, (size_t)g->n_stream * sizeof *e);
    double *y = nh_arena_array(a, (size_t)(x->n * m->n_out), sizeof *y);
    if (!y) return nh_report(d, NH_S_NO_SAMPLES, NH_NOWHERE, "%" PRId64 " samples are too many", x->n);
    for (int64_t i = 0; i < x->n; i++) {
        const double *out = value[g->stream[g->output].tensor];
        nh_float_eval(g->graph, x->x + i * x->size, value);
        memcpy(y + i * m->n_out, out, (size_t)m->n_out * sizeof *y);
        nh_output_watch_add(m->watch, i, out);
        nh_judge_sample(m, f, i, out);
        if (i >= samples) continue;
        nh_design_state_reset(state);
        nh_design_step(g, state, m->raw_x + i * m->n_in, raw, count);
        if (nh_model_contradicts(d, m, i, raw[g->output])) return false;
        for (int k = 0; k < g->n_stream; k++) nh_drift_add(g, k, value[g->stream[k].tensor], raw[k], &e[k]);
    }
    nh_drift_finish(a, m, f, e, count, samples);
    return nh_npy_write_f64(a, d, nh_path_join(a, m->s->work_dir, "outputs_float.npy"), 2, (int64_t[]){x->n, m->n_out},
                            y);
}
