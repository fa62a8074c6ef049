/* Spikes of the layers of neurons, by the float reference and by the kernels: counts, operations, a picture of one
 * sample. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim_parts.h"

enum { RASTER_ROWS = 128, RASTER_STEPS = 2048 };

/* A layer of neurons: its values by the kernels, its line of the report. */
typedef struct {
    int stream;
    double lsb; /* real value of raw 1 */
    bool is_graded;
    nh_sim_stream *file;
    nh_spike_fact *fact;
    nh_raster_band *band;
} spike_layer;

typedef struct {
    int stream;
    const int64_t *fan; /* [elements] operations of an event */
    nh_sim_stream *file;
    nh_synapse_fact *fact;
} synapse_layer;

struct nh_spike_watch {
    const nh_design *g;
    nh_spike_fact *spike;
    nh_synapse_fact *synapse;
    nh_raster_fact raster;
    spike_layer *layer;
    synapse_layer *weighted;
    int n_layer, n_weighted;
    int64_t step; /* over all samples */
};

static bool is_active(double v) { return v < 0 || v > 0; }

/* --- layers of neurons --------------------------------------------------------------------------------------- */

static char mark(bool in_float, bool in_fixed) {
    if (in_float && in_fixed) return NH_RASTER_BOTH;
    return in_float ? NH_RASTER_FLOAT : in_fixed ? NH_RASTER_FIXED : NH_RASTER_NONE;
}

/* Graded values differ when one of them is no event; spikes and counts when their numbers differ. */
static void compare_frame(const spike_layer *l, const double *real, const int64_t *raw, int64_t step) {
    int64_t stride = l->band->stride;
    for (int64_t e = 0; e < l->fact->neurons; e++) {
        int64_t in_float = l->is_graded ? is_active(real[e]) : llround(fabs(real[e]) / l->lsb);
        int64_t in_fixed = l->is_graded ? raw[e] != 0 : raw[e] < 0 ? -raw[e] : raw[e];
        l->fact->spikes_float += in_float;
        l->fact->spikes_fixed += in_fixed;
        l->fact->differing += in_float != in_fixed;
        l->fact->coinciding += in_float < in_fixed ? in_float : in_fixed;
        if (step >= 0 && e % stride == 0) l->band->row[e / stride][step] = mark(in_float > 0, in_fixed > 0);
    }
    l->fact->n += l->fact->neurons;
}

static int64_t common_divisor(int64_t a, int64_t b) { return b == 0 ? a : common_divisor(b, a % b); }

/* Every so many neurons, so that they are at most RASTER_ROWS; not the same column of an image again and again. */
static int64_t band_stride(int64_t neurons) {
    int64_t stride = (neurons + RASTER_ROWS - 1) / RASTER_ROWS;
    while (stride > 1 && common_divisor(neurons, stride) != 1) stride++;
    return stride;
}

static void start_band(nh_arena *a, const nh_raster_fact *r, nh_raster_band *b, const nh_layer *l, int64_t neurons) {
    int64_t stride = band_stride(neurons);
    *b = (nh_raster_band){
        .layer = l->name, .neurons = neurons, .stride = stride, .n_row = (int)((neurons + stride - 1) / stride)};
    b->row = nh_arena_alloc(a, (size_t)b->n_row * sizeof *b->row);
    for (int i = 0; i < b->n_row; i++) {
        b->row[i] = nh_arena_alloc(a, (size_t)r->steps + 1);
        memset(b->row[i], NH_RASTER_NONE, (size_t)r->steps);
    }
}

static bool open_layer(nh_arena *a, nh_diag *d, nh_spike_watch *w, const char *work_dir, int64_t traced, int index) {
    const nh_layer *l = &w->g->graph->layer[index];
    int k = nh_sim_stream_of_layer(w->g, index);
    if (k < 0) return true;
    spike_layer *s = &w->layer[w->n_layer];
    *s = (spike_layer){.stream = k,
                       .lsb = fabs(nh_stream_real(w->g, k, 1)),
                       .is_graded = l->neuron->program->out == NH_NEURON_OUT_GRADED,
                       .file = nh_sim_stream_open(a, d, w->g, work_dir, k),
                       .fact = &w->spike[w->n_layer],
                       .band = &w->raster.band[w->n_layer]};
    *s->fact = (nh_spike_fact){.layer = l->name, .neurons = w->g->stream[k].n, .samples = traced};
    start_band(a, &w->raster, s->band, l, w->g->stream[k].n);
    w->n_layer++;
    return s->file != NULL;
}

/* --- weighted layers ------------------------------------------------------------------------------------------- */

/* Positions of the window along an axis that reach input position i. */
static int64_t windows_over(const nh_window *w, int axis, int64_t in, int64_t i) {
    int64_t out = nh_window_out(w, axis, in), n = 0;
    for (int64_t k = 0; k < w->kernel[axis]; k++) {
        int64_t t = i + w->pad_before[axis] - k * w->dilation[axis];
        n += t >= 0 && t % w->stride[axis] == 0 && t / w->stride[axis] < out;
    }
    return n;
}

int64_t *nh_fan_out(nh_arena *a, const nh_graph *g, const nh_layer *l) {
    nh_shape s = g->tensor[l->in[0]].shape;
    int64_t n = nh_shape_size(s), rows = l->weight->shape.dim[0];
    int64_t *fan = nh_arena_array(a, (size_t)n, sizeof *fan);
    if (l->op == NH_OP_DENSE)
        for (int64_t i = 0; fan && i < n; i++) fan[i] = rows;
    if (l->op != NH_OP_CONV) return fan;
    int64_t h = s.rank > 2 ? s.dim[1] : 1, w = s.dim[s.rank - 1];
    for (int64_t i = 0; fan && i < n; i++)
        fan[i] =
            rows / l->window.groups * windows_over(&l->window, 0, h, i / w % h) * windows_over(&l->window, 1, w, i % w);
    return fan;
}

static int input_stream(const nh_design *g, int layer) {
    for (int u = 0; u < g->n_unit; u++)
        for (int i = 0; i < g->unit[u].n_layer; i++)
            if (g->unit[u].layer[i] == layer) return g->unit[u].in[0];
    return -1;
}

static bool open_weighted(nh_arena *a, nh_diag *d, nh_spike_watch *w, const char *work_dir, int64_t traced, int index) {
    const nh_layer *l = &w->g->graph->layer[index];
    int k = l->op == NH_OP_DENSE || l->op == NH_OP_CONV ? input_stream(w->g, index) : -1;
    if (k < 0) return true;
    synapse_layer *s = &w->weighted[w->n_weighted];
    *s = (synapse_layer){.stream = k,
                         .fan = nh_fan_out(a, w->g->graph, l),
                         .file = nh_sim_stream_open(a, d, w->g, work_dir, k),
                         .fact = &w->synapse[w->n_weighted]};
    *s->fact = (nh_synapse_fact){.layer = l->name, .samples = traced};
    w->n_weighted++;
    return s->file && s->fan;
}

static void count_events(const nh_design *g, const synapse_layer *l, const int64_t *raw) {
    for (int64_t e = 0; e < g->stream[l->stream].n; e++) {
        l->fact->events += raw[e] != 0;
        l->fact->operations += raw[e] != 0 ? l->fan[e] : 0;
        l->fact->products += l->fan[e];
    }
}

/* --- the watch ------------------------------------------------------------------------------------------------- */

nh_spike_watch *nh_spike_watch_new(nh_arena *a, nh_diag *d, const nh_design *g, const char *work_dir, int64_t traced) {
    size_t n = (size_t)g->graph->n_layer;
    nh_spike_watch *w = NH_NEW(a, nh_spike_watch);
    *w = (nh_spike_watch){.g = g,
                          .spike = nh_arena_alloc(a, n * sizeof *w->spike),
                          .synapse = nh_arena_alloc(a, n * sizeof *w->synapse),
                          .layer = nh_arena_alloc(a, n * sizeof *w->layer),
                          .weighted = nh_arena_alloc(a, n * sizeof *w->weighted)};
    w->raster = (nh_raster_fact){.steps = g->steps < RASTER_STEPS ? g->steps : RASTER_STEPS, .all_steps = g->steps};
    w->raster.band = nh_arena_alloc(a, n * sizeof *w->raster.band);
    bool ok = true;
    for (int i = 0; i < g->graph->n_layer && traced > 0; i++) {
        ok = open_layer(a, d, w, work_dir, traced, i) && ok;
        ok = open_weighted(a, d, w, work_dir, traced, i) && ok;
    }
    if (ok) return w;
    nh_sim_facts unused = {0};
    nh_spike_watch_finish(w, &unused);
    return NULL;
}

static const int64_t *next(nh_diag *d, const nh_spike_watch *w, nh_sim_stream *file, int stream) {
    const int64_t *raw = nh_sim_stream_next(file);
    if (!raw) nh_report(d, NH_S_HARNESS, NH_NOWHERE, "streams/%s.bin is too short", w->g->stream[stream].id);
    return raw;
}

bool nh_spike_watch_step(nh_diag *d, nh_spike_watch *w, const nh_float_net *real) {
    int64_t drawn = w->step < w->raster.steps ? w->step : -1;
    for (int i = 0; i < w->n_layer; i++) {
        const int64_t *raw = next(d, w, w->layer[i].file, w->layer[i].stream);
        if (!raw) return false;
        compare_frame(&w->layer[i], nh_float_net_value(real, w->g->stream[w->layer[i].stream].tensor), raw, drawn);
    }
    for (int i = 0; i < w->n_weighted; i++) {
        const int64_t *raw = next(d, w, w->weighted[i].file, w->weighted[i].stream);
        if (!raw) return false;
        count_events(w->g, &w->weighted[i], raw);
    }
    w->step++;
    return true;
}

void nh_spike_watch_finish(nh_spike_watch *w, nh_sim_facts *f) {
    for (int i = 0; i < w->n_layer; i++) {
        nh_spike_fact *fact = w->layer[i].fact;
        if (w->layer[i].file) nh_sim_stream_close(w->layer[i].file);
        fact->rate = fact->n > 0 ? (double)fact->spikes_fixed / (double)fact->n : 0;
    }
    for (int i = 0; i < w->n_weighted; i++)
        if (w->weighted[i].file) nh_sim_stream_close(w->weighted[i].file);
    w->raster.n_band = w->n_layer;
    f->spike = w->spike;
    f->n_spike = w->n_layer;
    f->synapse = w->synapse;
    f->n_synapse = w->n_weighted;
    f->raster = w->raster;
}
