/* Measures of time-stepped designs: the float reference step by step beside what the kernels gave. */
#include <inttypes.h>

#include "neurons.h"
#include "npy.h"
#include "sim_parts.h"

typedef struct {
    nh_measure *m;
    nh_sim_facts *f;
    nh_temporal_eval *real;
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
        nh_drift_add(g, k, nh_temporal_value(r->real, g->stream[k].tensor), r->raw[k], &r->error[k]);
    return true;
}

static bool run_sample(nh_diag *d, run *r, int64_t sample) {
    const nh_measure *m = r->m;
    nh_temporal_reset(r->real);
    nh_design_state_reset(r->state);
    for (int64_t t = 0; t < m->steps; t++) {
        int64_t frame = sample * m->steps + t;
        nh_temporal_step(r->real, m->s->x.x + frame * m->n_in);
        const double *y = nh_temporal_value(r->real, m->g->stream[m->g->output].tensor);
        for (int64_t e = 0; e < m->n_out; e++) r->y[frame * m->n_out + e] = y[e];
        if (sample < m->traced && !nh_spike_watch_step(d, r->watch, r->real)) return false;
        if (sample < r->drift_samples && !compare_model(d, r, frame)) return false;
    }
    return true;
}

bool nh_sim_measure_steps(nh_arena *a, nh_diag *d, nh_measure *m, nh_sim_facts *f) {
    const nh_design *g = m->g;
    int64_t n = m->s->x.n, per_sample = m->steps * m->n_out, dim[] = {n, m->steps, m->n_out};
    size_t streams = (size_t)g->n_stream;
    run r = {.m = m, .f = f, .drift_samples = nh_drift_samples(d, m)};
    r.real = nh_temporal_new(a, g->graph, g->opt->spiking.precision == NH_PRECISION_SINGLE ? NH_FLOAT32 : NH_FLOAT64);
    r.state = nh_design_state_new(a, g);
    r.raw = nh_design_buffers(a, g);
    r.count = nh_arena_alloc(a, streams * sizeof *r.count);
    r.error = nh_arena_alloc(a, streams * sizeof *r.error);
    r.y = nh_arena_array(a, (size_t)(n * per_sample), sizeof *r.y);
    if (!r.y) return nh_report(d, NH_S_NO_SAMPLES, NH_NOWHERE, "%" PRId64 " samples are too many", n);
    if (!(r.watch = nh_spike_watch_new(a, d, g, m->s->work_dir, m->traced))) return false;
    bool ok = true;
    for (int64_t i = 0; i < n && ok; i++) {
        ok = run_sample(d, &r, i);
        if (!ok) break;
        nh_output_watch_add(m->watch, i, r.y + i * per_sample);
        nh_judge_sample(m, f, i, r.y + i * per_sample);
    }
    nh_spike_watch_finish(r.watch, f);
    if (!ok) return false;
    nh_drift_finish(a, m, f, r.error, r.count, r.drift_samples * m->steps);
    if (m->s->reference) nh_sim_reference(m, r.y, f);
    if (!nh_sim_causes(a, d, m, r.y, f)) return false;
    return nh_npy_write_f64(a, d, nh_path_join(a, m->s->work_dir, "outputs_float.npy"), 3, dim, r.y);
}
