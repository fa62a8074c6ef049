/* The driver that the commands share: configuration -> model -> fixed point -> design, then the steps of the flow. */
#ifndef NH_RUN_H
#define NH_RUN_H

#include <stdio.h>

#include "config.h"
#include "design.h"
#include "map.h"
#include "npy.h"
#include "parts.h"
#include "passes.h"
#include "report.h"
#include "sim.h"

typedef enum {
    NH_STEP_C,
    NH_STEP_MAP,
    NH_STEP_RTL,
    NH_STEP_SIM,
    NH_STEP_SYNTH,
    NH_STEP_PNR,
    NH_STEP_REPORT,
    NH_STEP_COUNT
} nh_step_id;

/* What a client asks of a run. Strings live as long as the run. */
typedef struct {
    /* NULL: not asked for. out: the output directory; by default build/<project> */
    const char *from, *out, *dump_after;
    FILE *dump; /* receives the network after the pass dump_after */
    int jobs;   /* 0: one for each processor */
    bool force, trace, waves;
    bool quiet; /* the simulation writes no progress */
} nh_run_ask;

/* How a client hears of a run while it goes on; functions are called in the thread of the run, and may be NULL. */
typedef struct {
    void *ctx;
    void (*begin)(void *ctx, int index, int count, const char *step); /* a step begins to work; index counts from 1 */
    void (*end)(void *ctx);                                           /* it is done, or has failed */
    void (*step)(void *ctx, const nh_step_fact *fact);                /* the state of a step is known */
} nh_run_events;

typedef struct {
    nh_arena *arena; /* everything that the run makes lives there */
    nh_diag *diag;
    nh_run_ask ask;
    nh_run_events on;
    struct nh_will_owner *owner; /* whose cancellation ends the run, or NULL */
    nh_options *opt;
    nh_graph *graph;
    nh_parts *parts;                        /* the partitions, at least one */
    nh_design *design;                      /* parts->whole */
    struct nh_sim_fabric_facts *fabric_rtl; /* of its co-simulation, or NULL */
    int64_t n_class;                        /* elements of the model's output, as read */
    nh_samples calibration, inputs;
    const int64_t *label;    /* [inputs.n] or NULL */
    const double *target;    /* real values of the outputs, [inputs.n][steps][outputs], or NULL; not with label */
    const double *reference; /* spiking: reference, [inputs.n][steps][outputs], or NULL */
    const char *out;         /* output directory */
    nh_provenance provenance;
    const struct nh_sources *sources; /* every file that nh_run_load read, with its hash */
    nh_report_facts facts;
    bool only_c;           /* the simulation is of the C kernels, whatever simulate: rtl says: build --until c */
    unsigned told_missing; /* bit i: the user knows that nh_tools[i] was not found */
} nh_session;

/* *r holds arena, diag, ask and on, and else zeros. Read the configuration and the model, resolve, load the user's
 * data, quantize, find the partitions and lower them. False: diagnosed; a map that failed leaves its plan in parts.
 * With dump_after the network is written to ask.dump, and there are no partitions. */
bool nh_run_load(nh_session *r, const char *config);

/* ask.jobs where it is 0: the number of processors. */
void nh_run_choose_jobs(nh_session *r);

/* Objects that do not depend on the user's network are kept there. */
const char *nh_run_cache_dir(nh_session *r);

/* fabric.c: the only part, when it is on a fabric, else NULL. */
const nh_part *nh_run_fabric_part(const nh_session *r);
/* Clock cycles per bit of the board's serial line; false: diagnosed. */
bool nh_run_uart_div(const nh_session *r, int64_t *div);
/* fabric_sim.c: part is the network itself. The simulation's inputs through the C model of the fabric, against the
 * integer model of the layers: every output of every step. Fills facts.fabric; writes cycles and accuracy to out,
 * unless it is NULL. False: they differ, or it cannot run (diagnosed). */
bool nh_run_fabric(nh_session *r, const nh_part *part, FILE *out);
/* The RTL of the fabric in rtl_dir against the C model, on the first simulate: rtl_limit samples; work_dir is made.
 * Fills facts.fabric. *y: outputs of the RTL, NULL when it did not run all samples. False: a tool failed. */
bool nh_run_fabric_rtl(nh_session *r, const nh_part *part, const char *rtl_dir, const char *work_dir,
                       const int64_t **y);
/* The same where Verilator is there, written to out unless it is NULL; false when they differ too. */
bool nh_run_fabric_rtl_print(nh_session *r, const nh_part *part, const char *rtl_dir, const char *work_dir, FILE *out);

/* backend_fabric.c: image, assembly, map as text, JSON and pictures; dir exists. */
bool nh_fabric_work_map(nh_session *r, const nh_part *part, const char *dir);

/* What a command asks of the steps: bit s of `wanted`: run it; of `named`: a missing tool is an error. */
typedef struct {
    unsigned wanted, named;
    bool simulates_c; /* the kernels run over the samples although sim is not wanted */
} nh_step_plan;

/* Is the RTL simulated? Asked for, and its tools are there. */
bool nh_run_simulates_rtl(nh_session *r);

/* Index of a step's name, or -1. */
int nh_step_find(const char *name);
const char *nh_step_name(nh_step_id s);

/* Run, or find in the cache, the steps of the plan; check the requirements; write the reports. False: diagnosed. */
bool nh_run_steps(nh_session *r, nh_step_plan plan);
/* Only that: neither requirements nor report. */
bool nh_run_only_steps(nh_session *r, nh_step_plan plan);
/* Where the output of a step is. */
const char *nh_run_folder(nh_session *r, nh_step_id s);

/* data.c: the user's arrays, checked against the model's input. */
bool nh_load_data(nh_session *r);

/* targets.c: labels that are no classes. Are they such? Then load them: r->target; have: samples of the file of inputs;
 * false: diagnosed. */
bool nh_labels_are_targets(const nh_session *r, const nh_npy *y);
bool nh_load_targets(nh_session *r, const nh_npy *y, int64_t have);
/* require: min_agreement needs classes; false: diagnosed. */
bool nh_check_agreement_data(nh_session *r);

/* drift.c: warn of numbers that are far from those of float. */
void nh_check_drift(nh_session *r);

/* require.c: fill facts.requirement and report what is missed. */
void nh_check_requirements(nh_session *r);
/* Does the fabric's RTL what its C model does? */
bool nh_check_fabric_match(nh_session *r);
/* Before synthesis: warn when require: fit is asked for and the estimate exceeds the target. */
void nh_check_estimate(nh_session *r);
/* budget.c: warn when no layer looks at budget:, or the plan goes beyond it. */
void nh_check_budget(nh_session *r);
/* Steps (bits) that the requirements cannot do without. */
unsigned nh_required_steps(const nh_options *o);
/* Is there place and route for the target? */
bool nh_has_pnr(const nh_target *t);

#endif
