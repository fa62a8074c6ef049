/* What steps measured, as plain data: filled by sim/ and flow/, printed by report/. Every figure here was measured, or
 * its name says estimate. */
#ifndef NH_FACTS_H
#define NH_FACTS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { NH_STEP_NOT_ASKED, NH_STEP_DONE, NH_STEP_CACHED, NH_STEP_SKIPPED, NH_STEP_FAILED } nh_step_state;

typedef struct {
    const char *name; /* c map rtl sim synth pnr report */
    nh_step_state state;
    const char *why; /* why it ran again, was skipped or failed */
    double seconds;  /* wall time; 0 when cached */
} nh_step_fact;

/* Difference of a stage per stream/layer, in real units. SQNR in dB = 10 log10(sum ref^2 / sum err^2); infinity when
 * err = 0. */
typedef struct {
    const char *layer;
    double max_abs, mean_abs, sqnr_db;
    uint64_t overflowed, n;      /* casts on the way to it that saturated or wrapped, of all casts */
    uint64_t wrapped, low, near; /* of these: wrapped, saturated at the low end, saturated within a step of the end */
} nh_drift_fact;

/* Spikes of a layer of neurons over the samples that were traced. A spike is a value that is not 0; of neurons that
 * give several spikes a step each one counts. */
typedef struct {
    const char *layer;
    int64_t neurons, samples;
    int64_t n; /* neurons * steps * samples */
    int64_t spikes_float, spikes_fixed;
    int64_t differing;  /* elements (neuron, step, sample) that are not the same in float and in fixed point */
    double rate;        /* spikes_fixed / n */
    int64_t coinciding; /* spikes of the same neuron, step and sample in both */
} nh_spike_fact;

typedef struct {
    double acc_float, acc_fixed, acc_rtl;
} nh_accuracy_fact;

/* Numbers v against a reference r, over n of them (0: not measured). */
typedef struct {
    int64_t n;
    double max_abs, rmse;
    double relative; /* sqrt(sum (v-r)^2 / sum r^2) */
    double sqnr_db;  /* -20 log10(relative); infinity when nothing differs */
    double r2;       /* 1 - sum (v-r)^2 / sum (r - mean of its output)^2; -infinity when r never varies and v differs */
} nh_error_fact;

/* What the outputs are, and how far those of fixed point are from those of float, over all samples. */
typedef struct {
    bool is_class;  /* the largest output is a class; else the outputs are numbers of their own */
    const char *by; /* why: "labels", "softmax" ...; or NULL */
    const char *
        values; /* what was compared: "outputs", "outputs summed over the steps", "outputs of the last step"; or NULL */
    nh_error_fact fixed;                      /* fixed point against float */
    nh_error_fact target_float, target_fixed; /* both against the targets that the user gave */
    int64_t n;                                /* outputs */
    int64_t stuck_float,
        stuck_fixed; /* outputs that had one value in all samples and steps; 0 with less than two samples */
    int64_t zero_float, zero_fixed; /* those of them whose value is 0 */
} nh_output_fact;

/* What a weighted layer does for events only, over the traced samples: an event is an input that is not 0, and costs an
 * operation at every product that it is part of. An estimate of energy on hardware that does nothing for inputs that
 * are 0. */
typedef struct {
    const char *layer;
    int64_t samples;
    int64_t events;     /* inputs that are not 0 */
    int64_t operations; /* sum of their fan-outs */
    int64_t products;   /* operations if no input were 0 */
} nh_synapse_fact;

/* Outputs against what the user gave as reference. Spikes are counted as in nh_spike_fact. */
typedef struct {
    int64_t sample, step, output;
    double expected, got;
} nh_reference_first;
typedef struct {
    bool given;
    int64_t n, samples; /* elements (output, step, sample) */
    int64_t float_differing, fixed_differing;
    int64_t float_samples, fixed_samples; /* samples with a differing element */
    int64_t spikes, float_spikes, fixed_spikes;
    nh_reference_first float_first, fixed_first; /* valid where there are differing elements */
} nh_reference_fact;

/* Which neurons fired when, of one sample. row[r] has one of NH_RASTER_* for each of `steps` steps; row r is neuron r *
 * stride. */
#define NH_RASTER_NONE '.'
#define NH_RASTER_BOTH '#'
#define NH_RASTER_FLOAT 'f' /* in float only */
#define NH_RASTER_FIXED 'x' /* in fixed point only */
typedef struct {
    const char *layer;
    int64_t neurons, stride;
    char **row; /* [n_row] */
    int n_row;
} nh_raster_band;
typedef struct {
    int64_t sample, steps, all_steps; /* the first `steps` of all_steps */
    nh_raster_band *band;
    int n_band;
    bool is_alone; /* one path only: NH_RASTER_BOTH stands for it */
} nh_raster_fact;

/* What fixed point changes, cause by cause: outputs of the float network with the first so many causes, against those
 * of the float network itself, over the first `samples` samples. */
typedef struct {
    const char *cause; /* "float", "weights", "decay", "state": each with those before it; the last is the fixed-point
                          network */
    double accuracy;   /* by the readout asked for; < 0 without labels */
    int64_t n, differing, differing_samples; /* elements; those that differ; samples with one */
    double mean_abs;                         /* mean difference */
} nh_cause_fact;

typedef struct {
    int64_t sample, step, element, cycle;
    const char *layer; /* unit / stream at which it was first seen */
    int64_t expected, got;
} nh_mismatch;

/* A part of a network that is in several places (hls/parts), in the order of the data. Its tensors are named by the
 * layers that make them. */
typedef struct {
    const char *id, *place, *layers; /* place: host, pipeline, fabric; layers: "fc1, lif1" */
    const char *in, *in_format, *out, *out_format;
    int64_t in_values, out_values; /* per time step, or inference */
    const char *built;             /* "2 units", "3 cores of a 2x2 mesh", "C kernels" */
    const char *shares;            /* the part whose fabric it runs on, or NULL: it has its own RTL, or none */
    bool estimated;
    int64_t luts_estimate, ffs_estimate, brams_estimate, dsps_estimate;
    /* co-simulation: the part's RTL against its C model on what the RTL of the parts before it gave */
    bool ran;
    int64_t runs, compared, mismatches; /* of values, in all runs; runs 0: it has no RTL */
    nh_mismatch first;
    double cycles; /* measured, per time step, or inference; 0: unknown */
    /* synthesis */
    bool counted;
    int64_t luts, ffs, brams, dsps;
} nh_part_fact;

/* Outputs of the first sample, real, summed over its steps: at most NH_SCORES_MOST, else n is 0. */
#define NH_SCORES_MOST 64
typedef struct {
    int n;
    double *by_float, *by_fixed; /* [n] */
    int64_t label;               /* -1: not known */
} nh_score_fact;

typedef struct {
    const char *unit;
    int64_t planned_ii, planned_latency;
    double measured_ii;       /* steady state, unstalled run: (last start - first start) / (samples - 1) */
    int64_t measured_latency; /* first input transfer to last output transfer of sample 0, unstalled */
} nh_cycles_fact;

typedef struct {
    bool ran;
    int64_t samples;
    /* accuracy: fraction of argmax == label; < 0 without labels. rtl = accuracy of the RTL's outputs. */
    double acc_float, acc_fixed, acc_rtl;
    double agree_float_fixed; /* top-1 agreement; < 0: the output is no class */
    nh_output_fact output;
    /* networks with time steps; acc_* above are those of the readout asked for */
    int64_t steps;               /* of a sample; 1 for networks without time */
    nh_accuracy_fact readout[3]; /* by nh_readout; < 0 as above */
    nh_spike_fact *spike;        /* per layer of neurons */
    int n_spike;
    nh_synapse_fact *synapse; /* per weighted layer */
    int n_synapse;
    nh_raster_fact raster;
    nh_cause_fact *cause;
    int n_cause;
    int64_t cause_samples;
    bool is_exact; /* an integer network: float and fixed point are the same numbers, there is no drift */
    nh_reference_fact reference;
    nh_drift_fact *drift; /* float -> fixed-C, per stream */
    int n_drift;
    int64_t compared, mismatches; /* elements of C vs RTL, all runs */
    nh_mismatch first;
    int64_t runs, stalled_runs;
    nh_cycles_fact *cycles;
    int n_cycles;
    double measured_ii, planned_ii;
    int64_t measured_latency, planned_latency;
    struct {
        const char *name;
        int64_t depth, high_water;
    } * fifo;
    int n_fifo;
    uint64_t input_overflowed, input_n, input_wrapped, input_low, input_near;
    double fixed_per_second, rtl_cycles_per_second;
    int n_class;
    nh_score_fact score;
    int64_t *confusion; /* [label][predicted by fixed-C], n_class x n_class, or NULL */
    const char *waves;  /* path of the FST, or NULL */
} nh_sim_facts;

/* What one core of a fabric did in its C model, over all samples that ran. */
typedef struct {
    const char *layer;
    int64_t context, x, y;
    int64_t events, invalid_events, synapse_words, busy_cycles, neuron_words, spikes, flits,
        hops; /* hops: of its flits */
} nh_core_fact;

/* A network on a fabric: the C model, which executes the program image, against the layers; the RTL against the C
 * model. What nh_sim_facts has of C and RTL (runs, compared, mismatches) is of events then. */
typedef struct {
    bool ran;
    int64_t samples;
    int64_t compared, differing; /* outputs of every step, C model against the integer model of the layers */
    int64_t output_events;       /* of all samples */
    double cycles;               /* per sample, estimated by the C model */
    int64_t most_cycles;
    int64_t correct; /* samples whose class by most spikes is the label; -1 without labels */
    int64_t rtl_samples, rtl_ticks, rtl_events, rtl_runs,
        rtl_differing; /* ticks, events: of one run; differing: of all */
    double rtl_cycles, rtl_most_cycles,
        rtl_load_cycles; /* per sample, measured, without stalls: mean and most, and mean of loading */
    int64_t rtl_synapse_words, rtl_busy_cycles,
        rtl_waited;        /* of all cores and samples, by their counters: the first two give the lanes' load */
    const char *rtl_first; /* the first difference, or NULL */
    nh_core_fact *core;
    int n_core;
} nh_fabric_facts;

typedef struct {
    int64_t luts, ffs, brams, dsps, carries, others;
} nh_cells;

typedef struct {
    bool ran;
    const char *family;
    const char **unit; /* names, of a fabric kinds of modules; entry n_unit-1 is "total" */
    nh_cells *cells;
    int n_unit;
} nh_synth_facts;

typedef struct {
    bool ran, fits;
    const char *device, *package, *bitstream,
        *wrapper; /* bitstream: relative to the output folder; wrapper: NULL or what was put around the pins, and why */
    double fmax_mhz;
    int64_t luts, luts_total, brams, brams_total, dsps, dsps_total, ios, ios_total;
} nh_pnr_facts;

#endif
