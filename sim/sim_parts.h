/* The parts of nh_sim_run, in the order they are used. */
#ifndef NH_SIM_PARTS_H
#define NH_SIM_PARTS_H

#include "neurons.h"
#include "sim.h"

/* One run of a tool; jobs of a list are independent of each other. */
typedef struct {
    const char *const *argv; /* NULL-terminated */
    const char *cwd, *log;
} nh_sim_job;

/* Run n jobs, at most `threads` at a time. The diagnostics of all that failed arrive in d in the order of the
 * list. */
bool nh_sim_jobs(nh_arena *a, nh_diag *d, int threads, const nh_sim_job *job, size_t n);

/* Steps of a sample, 1 in designs without time. */
int64_t nh_sim_steps(const nh_design *g);
/* Do arrays for the user have an axis of steps? */
bool nh_sim_has_step_axis(const nh_design *g);
/* The dimensions of the outputs of n samples in arrays for the user: [n][outputs] or [n][steps][outputs]; their number.
 */
int nh_sim_output_shape(const nh_design *g, int64_t n, int64_t dim[3]);
/* One frame of a stream, from the order of the stream to that of the model's tensor. */
void nh_sim_to_model(const nh_stream *s, const int64_t *raw, int64_t *model);

/* Raw inputs in the order of the stream; NULL: too many. f: how many left the format. */
int64_t *nh_sim_quantize(nh_arena *a, const nh_design *g, const nh_samples *x, nh_sim_facts *f);
/* Outputs in the order of the model's tensor as an array for the user. */
bool nh_sim_write_outputs(nh_arena *a, nh_diag *d, const nh_design *g, const char *path, int64_t samples,
                          const int64_t *model);

/* cosim_model.h: the tables of streams and units that the harness expands. */
bool nh_sim_write_tables(nh_arena *a, nh_diag *d, const nh_design *g, const char *path);
/* public_flat_rd for the wires of every stream. */
bool nh_sim_write_vlt(nh_arena *a, nh_diag *d, const nh_design *g, const char *path);
/* Verilator's spelling of a module name in C++. */
char *nh_sim_cpp_name(nh_arena *a, const char *name);

/* Build the harness in s->work_dir; all folders of s are absolute. *binary lives in a. */
bool nh_sim_build(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *s, const char **binary);

/* What raw integers of a stream are shifted left by in arrays for the user: formats with negative frac. */
int nh_sim_value_shift(const nh_stream *s);

/* What the harness wrote, into facts: speed, runs, mismatches, cycles, FIFOs. A failed run (hang, protocol)
 * is diagnosed: false. */
bool nh_sim_load(nh_arena *a, nh_diag *d, const nh_design *g, const char *result_json, nh_sim_facts *facts);

/* The integer model in place of the kernels: writes out_c.bin. raw_x in the order of the stream. */
bool nh_sim_run_model(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *s, const int64_t *raw_x,
                      nh_sim_facts *facts);

/* --- streams as files: <work_dir>/streams ------------------------------------------------------------------ */

typedef struct nh_sim_stream nh_sim_stream;
/* Samples that are worth tracing: as many as fit in 1 GiB. */
int64_t nh_sim_traced_samples(const nh_design *g, int64_t samples);
/* Open the file of stream k; NULL when it cannot be read. */
nh_sim_stream *nh_sim_stream_open(nh_arena *a, nh_diag *d, const nh_design *g, const char *work_dir, int k);
/* The next frame in the order of the model's tensor; NULL at the end. */
const int64_t *nh_sim_stream_next(nh_sim_stream *s);
void nh_sim_stream_close(nh_sim_stream *s);
/* The stream that a layer of neurons drives; -1 for other layers, and for sums and gains, which have no state. */
int nh_sim_stream_of_layer(const nh_design *g, int layer);
/* layers/<index>_<layer>.npy of every layer of neurons. */
bool nh_sim_write_layers(nh_arena *a, nh_diag *d, const nh_design *g, const char *work_dir, int64_t samples);

/* --- spikes: what the layers of neurons and the weighted layers did on the traced samples ---------------------- */

typedef struct nh_spike_watch nh_spike_watch;
/* NULL: a stream cannot be read (diagnosed). traced 0: nothing is watched. */
nh_spike_watch *nh_spike_watch_new(nh_arena *a, nh_diag *d, const nh_design *g, const char *work_dir, int64_t traced);
/* The next step of the traced samples beside the float reference's. */
bool nh_spike_watch_step(nh_diag *d, nh_spike_watch *w, const nh_float_net *real);
/* Closes the streams; facts->spike, synapse, raster. */
void nh_spike_watch_finish(nh_spike_watch *w, nh_sim_facts *facts);
/* Operations that an event costs at each element of the input of a weighted layer: [elements] in the order of the
 * tensor. */
int64_t *nh_fan_out(nh_arena *a, const nh_graph *g, const nh_layer *l);

/* --- measures ------------------------------------------------------------------------------------------------ */

/* What is measured from; outputs in the order of the model's tensor, [sample][step][output]. */
typedef struct {
    const nh_design *g;
    const nh_sim_setup *s;
    const int64_t *raw_x;           /* [sample][step][input] in the order of the stream */
    const int64_t *out_c, *out_rtl; /* out_rtl NULL when the RTL was not run */
    int64_t steps, n_in, n_out;
    bool is_argmax;       /* the design's output is the class itself */
    int64_t n_class;      /* 0: the output is no classification */
    const char *class_by; /* why it is one, or NULL */
    int64_t traced;       /* samples of which there are streams */
    struct nh_sim_right {
        int64_t by_float, by_fixed, by_rtl, agree;
    } right[3];       /* per readout */
    double *frame[2]; /* [steps][n_out] scratch */
    struct nh_output_watch *watch;
} nh_measure;

/* Accuracies, agreement, confusion, drift and overflows, spikes. False: the integer model contradicts the
 * kernels, or a label is no class. */
bool nh_sim_measure(nh_arena *a, nh_diag *d, nh_measure *m, nh_sim_facts *facts);
/* The part of it that runs the float reference and the integer model over all samples and steps. */
bool nh_sim_measure_samples(nh_arena *a, nh_diag *d, nh_measure *m, nh_sim_facts *facts);

/* Time-stepped: y_float, the float outputs of all samples, against the reference; and what each cause changes, over a
 * part of the samples (facts->cause, is_exact). */
void nh_sim_reference(const nh_measure *m, const double *y_float, nh_sim_facts *facts);
bool nh_sim_causes(nh_arena *a, nh_diag *d, const nh_measure *m, const double *y_float, nh_sim_facts *facts);
/* The network of nh_design in floating point, as far as the causes go. raw inputs times scale go in, outputs times
 * out_scale are real. */
typedef enum { NH_CAUSE_WEIGHTS, NH_CAUSE_DECAY, NH_CAUSE_STATE } nh_cause;
const nh_graph *nh_cause_graph(nh_arena *a, const nh_design *g, nh_cause cause);
/* The class that real outputs of one sample stand for, by the readout asked for. */
int64_t nh_judge_class(const nh_measure *m, const double *y);

/* One sample: its float outputs, [steps][n_out]. */
void nh_judge_sample(nh_measure *m, nh_sim_facts *facts, int64_t sample, const double *y_float);

/* Why the largest output is a class, NULL: it is not. */
const char *nh_output_class_by(const nh_measure *m);
typedef struct nh_output_watch nh_output_watch;
/* Begins facts->output; needs n_class. */
nh_output_watch *nh_output_watch_new(nh_arena *a, const nh_measure *m, nh_sim_facts *facts);
/* Float outputs of a sample, [steps][outputs], beside those of the kernels. Samples come in order. */
void nh_output_watch_add(nh_output_watch *w, int64_t sample, const double *y_float);
void nh_output_watch_finish(const nh_output_watch *w, nh_sim_facts *facts);

/* Differences of float and fixed point, per stream. */
typedef struct {
    double max_abs, sum_abs, sum_square, sum_reference;
} nh_error_sum;
/* Samples over which the integer model may run, with a note when they are not all. */
int64_t nh_drift_samples(nh_diag *d, const nh_measure *m);
void nh_drift_add(const nh_design *g, int stream, const double *reference, const int64_t *raw, nh_error_sum *e);
/* Rows of facts->drift, over `frames` frames. */
void nh_drift_finish(nh_arena *a, const nh_measure *m, nh_sim_facts *facts, const nh_error_sum *e,
                     const nh_fx_count *count, int64_t frames);
/* Is the integer model's output, in the order of the stream, another than that of the kernels? Diagnosed. */
bool nh_model_contradicts(nh_diag *d, const nh_measure *m, int64_t frame, const int64_t *model);

#endif
