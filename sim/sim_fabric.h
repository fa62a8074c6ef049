/* Co-simulation of a fabric: its RTL against the C model, which executes the same image. */
#ifndef NH_SIM_FABRIC_H
#define NH_SIM_FABRIC_H

#include "machine.h"

typedef struct {
    const nh_image *image;    /* of one context */
    const char *project, *rtl_dir, *work_dir; /* work_dir: exists; objects, logs, stimuli go there */
    const char *verilator;
    const int32_t *x;         /* [samples][steps][input_size] */
    int64_t samples;
    uint64_t seed;
    int32_t *y;               /* NULL, or [samples][steps][output_size] that take the outputs of the RTL without stalls */
} nh_sim_fabric_setup;

typedef struct {
    int64_t runs;                 /* without stalls, with short and with long ones */
    int64_t ticks, events;        /* of all samples: compared in each run */
    int64_t differing;            /* events that one side has and the other has not, of all runs */
    double cycles;                /* per sample, without stalls, INIT included */
    const char *first;            /* the first difference, or NULL */
} nh_sim_fabric_facts;

/* Build the Verilated fabric, load the image through its host port, run all samples with and without stalls; the events of every tick must be
 * those of the C model (in any order within a tick). False: a tool failed (diagnosed). Everything lives in a. */
bool nh_sim_fabric(nh_arena *a, nh_diag *d, const nh_sim_fabric_setup *s, nh_sim_fabric_facts *facts);

#endif
