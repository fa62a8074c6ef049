/* Measures of time-stepped designs: the float reference step by step beside what the kernels gave. */
#include <inttypes.h>
#include <math.h>

#include "neurons.h"
#include "npy.h"
#include "sim_parts.h"

/* A layer of neurons: its values by the kernels, its line of the report. */
typedef struct {
    int stream;
    double lsb; /* real value of raw 1 */
    bool is_graded;
    nh_sim_stream *file;
    nh_spike_fact *fact;
} spike_layer;

typedef struct {
    nh_measure *m;
    nh_sim_facts *f;
    nh_temporal_eval *real;
    nh_design_state *state;
    int64_t **raw; /* of the integer model */
    nh_fx_count *count;
    nh_error_sum *error;
    int64_t drift_samples;
    spike_layer *layer;
    int n_layer;
    double *y; /* float outputs of all samples */
} run;

static bool is_active(double v) {
    return v < 0 || v > 0;
}

/* Graded values differ when one of them is no event; spikes and counts when their numbers differ. */
static void compare_frame(const spike_layer *l, const double *real, const int64_t *raw) {
    for (int64_t e = 0; e < l->fact->neurons; e++) {
        int64_t in_float = l->is_graded ? is_active(real[e]) : llround(fabs(real[e]) / l->lsb);
        int64_t in_fixed = l->is_graded ? raw[e] != 0 : raw[e] < 0 ? -raw[e] : raw[e];
        l->fact->spikes_float += in_float;
        l->fact->spikes_fixed += in_fixed;
        l->fact->differing += in_float != in_fixed;
    }
    l->fact->n += l->fact->neurons;
}

static bool open_layers(nh_arena *a, nh_diag *d, run *r) {
    const nh_design *g = r->m->g;
    r->layer = nh_arena_alloc(a, (size_t)g->graph->n_layer * sizeof *r->layer);
    r->f->spike = nh_arena_alloc(a, (size_t)g->graph->n_layer * sizeof *r->f->spike);
    bool ok = true;
    for (int i = 0; i < g->graph->n_layer && r->m->traced > 0; i++) {
        const nh_layer *l = &g->graph->layer[i];
        int k = nh_sim_stream_of_layer(g, i);
        if (k < 0) continue;
        nh_spike_fact *fact = &r->f->spike[r->n_layer];
        *fact = (nh_spike_fact){.layer = l->name, .neurons = g->stream[k].n, .samples = r->m->traced};
        r->layer[r->n_layer] = (spike_layer){.stream = k,
                                             .lsb = fabs(nh_stream_real(g, k, 1)),
                                             .is_graded = l->neuron->program->out == NH_NEURON_OUT_GRADED,
                                             .file = nh_sim_stream_open(a, d, g, r->m->s->work_dir, k),
                                             .fact = fact};
        ok = r->layer[r->n_layer++].file && ok;
    }
    return ok;
}

static void close_layers(run *r) {
    for (int i = 0; i < r->n_layer; i++) {
        nh_spike_fact *fact = r->layer[i].fact;
        if (r->layer[i].file) nh_sim_stream_close(r->layer[i].file);
        fact->rate = fact->n > 0 ? (double)fact->spikes_fixed / (double)fact->n : 0;
    }
    r->f->n_spike = r->n_layer;
}

static bool compare_layers(nh_diag *d, run *r) {
    const nh_design *g = r->m->g;
    for (int i = 0; i < r->n_layer; i++) {
        const int64_t *raw = nh_sim_stream_next(r->layer[i].file);
        const nh_stream *s = &g->stream[r->layer[i].stream];
        if (!raw) return nh_report(d, NH_S_HARNESS, NH_NOWHERE, "streams/%s.bin is too short", s->id);
        compare_frame(&r->layer[i], nh_temporal_value(r->real, s->tensor), raw);
    }
    return true;
}

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
        for (int64_t e = 0; e < m->n_out; e++)
            r->y[frame * m->n_out + e] = y[e];
        if (sample < m->traced && !compare_layers(d, r)) return false;
        if (sample < r->drift_samples && !compare_model(d, r, frame)) return false;
    }
    return true;
}

/* Outputs that are further from the reference than half a step of the output's format. */
static void compare_reference(run *r) {
    const nh_measure *m = r->m;
    const double *want = m->s->reference;
    nh_reference_fact *f = &r->f->reference;
    int64_t per_sample = m->steps * m->n_out;
    double lsb = fabs(nh_stream_real(m->g, m->g->output, 1));
    *f = (nh_reference_fact){.given = true, .samples = m->s->x.n, .n = m->s->x.n * per_sample};
    for (int64_t i = 0; i < m->s->x.n; i++) {
        int64_t by_float = 0, by_fixed = 0;
        for (int64_t e = i * per_sample; e < (i + 1) * per_sample; e++) {
            by_float += fabs(r->y[e] - want[e]) > lsb / 2;
            by_fixed += fabs(nh_stream_real(m->g, m->g->output, m->out_c[e]) - want[e]) > lsb / 2;
        }
        f->float_differing += by_float;
        f->fixed_differing += by_fixed;
        f->float_samples += by_float > 0;
        f->fixed_samples += by_fixed > 0;
    }
}

bool nh_sim_measure_steps(nh_arena *a, nh_diag *d, nh_measure *m, nh_sim_facts *f) {
    const nh_design *g = m->g;
    int64_t n = m->s->x.n, per_sample = m->steps * m->n_out, dim[] = {n, m->steps, m->n_out};
    size_t streams = (size_t)g->n_stream;
    run r = {.m = m, .f = f, .drift_samples = nh_drift_samples(d, m)};
    r.real = nh_temporal_new(a, g->graph, NH_FLOAT64);
    r.state = nh_design_state_new(a, g);
    r.raw = nh_design_buffers(a, g);
    r.count = nh_arena_alloc(a, streams * sizeof *r.count);
    r.error = nh_arena_alloc(a, streams * sizeof *r.error);
    r.y = nh_arena_array(a, (size_t)(n * per_sample), sizeof *r.y);
    if (!r.y) return nh_report(d, NH_S_NO_SAMPLES, NH_NOWHERE, "%" PRId64 " samples are too many", n);
    bool ok = open_layers(a, d, &r);
    for (int64_t i = 0; i < n && ok; i++) {
        ok = run_sample(d, &r, i);
        if (ok && m->n_class > 0) nh_judge_sample(m, f, i, r.y + i * per_sample);
    }
    close_layers(&r);
    if (!ok) return false;
    nh_drift_finish(a, m, f, r.error, r.count, r.drift_samples * m->steps);
    if (m->s->reference) compare_reference(&r);
    return nh_npy_write_f64(a, d, nh_path_join(a, m->s->work_dir, "outputs_float.npy"), 3, dim, r.y);
}
