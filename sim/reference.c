/* Outputs over time against those that the user gave. */
#include <math.h>

#include "sim_parts.h"

static bool is_graded(const nh_design *g) {
    const nh_layer *l = &g->graph->layer[g->graph->tensor[g->stream[g->output].tensor].producer];
    return l->op != NH_OP_NEURON || l->neuron->program->out == NH_NEURON_OUT_GRADED;
}

static int64_t spikes(double v, double lsb, bool graded) { return graded ? v < 0 || v > 0 : llround(fabs(v) / lsb); }

void nh_sim_reference(const nh_measure *m, const double *y_float, nh_sim_facts *facts) {
    const double *want = m->s->reference;
    nh_reference_fact *f = &facts->reference;
    int64_t per_sample = m->steps * m->n_out, total = m->s->x.n * per_sample;
    double lsb = fabs(nh_stream_real(m->g, m->g->output, 1));
    bool graded = is_graded(m->g);
    *f = (nh_reference_fact){.given = true, .samples = m->s->x.n, .n = total};
    int64_t last[2] = {-1, -1}; /* sample of the last difference */
    for (int64_t e = 0; e < total; e++) {
        double got[] = {y_float[e], nh_stream_real(m->g, m->g->output, m->out_c[e])};
        int64_t *differing[] = {&f->float_differing, &f->fixed_differing},
                *samples[] = {&f->float_samples, &f->fixed_samples};
        nh_reference_first *first[] = {&f->float_first, &f->fixed_first};
        f->spikes += spikes(want[e], lsb, graded);
        f->float_spikes += spikes(got[0], lsb, graded);
        f->fixed_spikes += spikes(got[1], lsb, graded);
        for (int k = 0; k < 2; k++) {
            if (fabs(got[k] - want[e]) <= lsb / 2) continue; /* half a step of the output's format */
            if (*differing[k] == 0)
                *first[k] =
                    (nh_reference_first){e / per_sample, e / m->n_out % m->steps, e % m->n_out, want[e], got[k]};
            ++*differing[k];
            *samples[k] += e / per_sample != last[k];
            last[k] = e / per_sample;
        }
    }
}
