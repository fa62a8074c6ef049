/* Co-simulation of a fabric: its RTL against the C model, which executes the same image. */
#ifndef NH_SIM_FABRIC_H
#define NH_SIM_FABRIC_H

#include "machine.h"
#include "options.h"

typedef struct {
    const nh_image *image;
    const char *project, *rtl_dir, *work_dir; /* work_dir: exists; objects, logs, stimuli go there */
    const char *verilator, *cxx;
    const char *cache_dir; /* for objects that do not depend on the fabric, or NULL */
    int jobs;
    const int32_t *x; /* [samples][steps][input_size] */
    int64_t samples;
    uint64_t seed;
    nh_stalls stalls; /* of the runs after the first: one each with short (random) and long pauses, or both */
    int32_t *y;       /* NULL, or [samples][steps][output_size] that take the outputs of the RTL without stalls */
} nh_sim_fabric_setup;

typedef struct nh_sim_fabric_facts {
    int64_t runs;          /* without stalls, with short and with long ones */
    int64_t ticks, events; /* of all samples: compared in each run */
    int64_t differing;     /* events, counters, states that the two sides do not share, of all runs */
    double cycles,
        most_cycles; /* per sample, mean and most, without stalls: from INIT to the last event, loading not included */
    double load_cycles;                  /* per sample, of loading */
    int64_t counter[NH_FABRIC_COUNTERS]; /* of all cores, read through the host port after all samples */
    int64_t states;                      /* compared: of the last context's neurons, after all samples */
    int64_t probes;    /* events for an axon that does not exist, in all runs: counted by the core, without effect */
    const char *first; /* the first difference, or NULL */
} nh_sim_fabric_facts;

/* Build the Verilated fabric and run all samples on it by the driver (host/), with and without stalls; the events of
 * every tick must be those of the C model (in any order within a tick), and so the counters of all cores but those of
 * cycles, and the states at the end. False: a tool failed (diagnosed). Everything lives in a. */
bool nh_sim_fabric(nh_arena *a, nh_diag *d, const nh_sim_fabric_setup *s, nh_sim_fabric_facts *facts);

/* simulate: stalls as it is given, else both. */
nh_stalls nh_sim_fabric_stalls(const nh_options *o);

/* The program that this runs: fabric_main.cpp with the Verilated fabric. */
bool nh_sim_fabric_build(nh_arena *a, nh_diag *d, const nh_sim_fabric_setup *s, const char **binary);

#endif
