/* What steps measured, as plain data: filled by sim/ and flow/, printed by report/. Every figure here was measured, or its
 * name says estimate. */
#ifndef NH_FACTS_H
#define NH_FACTS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { NH_STEP_NOT_ASKED, NH_STEP_DONE, NH_STEP_CACHED, NH_STEP_SKIPPED, NH_STEP_FAILED } nh_step_state;

typedef struct {
    const char *name;      /* c rtl sim synth pnr report */
    nh_step_state state;
    const char *why;       /* why it ran again, was skipped or failed */
    double seconds;        /* wall time; 0 when cached */
} nh_step_fact;

/* Difference of a stage per stream/layer, in real units. SQNR in dB = 10 log10(sum ref^2 / sum err^2); infinity when err = 0. */
typedef struct {
    const char *layer;
    double max_abs, mean_abs, sqnr_db;
    uint64_t overflowed, n; /* elements that saturated or wrapped */
} nh_drift_fact;

typedef struct {
    int64_t sample, element, cycle;
    const char *layer;      /* unit / stream at which it was first seen */
    int64_t expected, got;
} nh_mismatch;

typedef struct {
    const char *unit;
    int64_t planned_ii, planned_latency;
    double measured_ii;      /* steady state, unstalled run: (last start - first start) / (samples - 1) */
    int64_t measured_latency; /* first input transfer to last output transfer of sample 0, unstalled */
} nh_cycles_fact;

typedef struct {
    bool ran;
    int64_t samples;
    /* accuracy: fraction of argmax == label; < 0 without labels. rtl = accuracy of the RTL's outputs. */
    double acc_float, acc_fixed, acc_rtl;
    double agree_float_fixed;      /* top-1 agreement */
    nh_drift_fact *drift;          /* float -> fixed-C, per stream */
    int n_drift;
    int64_t compared, mismatches;  /* elements of C vs RTL, all runs */
    nh_mismatch first;
    int64_t runs, stalled_runs;
    nh_cycles_fact *cycles;
    int n_cycles;
    double measured_ii, planned_ii;
    int64_t measured_latency, planned_latency;
    struct { const char *name; int64_t depth, high_water; } *fifo;
    int n_fifo;
    uint64_t input_overflowed, input_n;
    double fixed_per_second, rtl_cycles_per_second;
    int n_class;
    int64_t *confusion;            /* [label][predicted by fixed-C], n_class x n_class, or NULL */
    const char *waves;             /* path of the FST, or NULL */
} nh_sim_facts;

typedef struct { int64_t luts, ffs, brams, dsps, carries, others; } nh_cells;

typedef struct {
    bool ran;
    const char *family;
    const char **unit;             /* names; entry n_unit-1 is "total" */
    nh_cells *cells;
    int n_unit;
} nh_synth_facts;

typedef struct {
    bool ran, fits;
    const char *device, *package, *bitstream, *wrapper; /* bitstream: relative to the output folder; wrapper: NULL or what was put around the pins, and why */
    double fmax_mhz;
    int64_t luts, luts_total, brams, brams_total, dsps, dsps_total, ios, ios_total;
} nh_pnr_facts;

#endif
