/* The driver that the commands share: configuration -> model -> fixed point -> design, then the steps of the flow. */
#ifndef NH_RUN_H
#define NH_RUN_H

#include "cli.h"
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

typedef struct {
    nh_cli *cli;
    nh_options *opt;
    nh_graph *graph;
    nh_design *design;
    struct nh_sim_fabric_facts *fabric_rtl; /* of its co-simulation, or NULL */
    nh_event_net *net; /* of networks on a fabric, by nh_run_map; their design is that of nh_run_reference */
    nh_map_plan *plan;
    nh_image *image;
    nh_parts *parts; /* of networks in several places: their design is parts->whole, and map and image are in the parts;
                        else NULL */
    int64_t n_class; /* elements of the model's output, as read */
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
} nh_run;

/* Read the configuration and the model, resolve, load the user's data, quantize, lower. False: diagnosed. With
 * --dump-after the network is printed and design stays NULL, and so it does for networks on a fabric. */
bool nh_run_load(nh_run *r, nh_cli *c, const char *config);

/* Objects that do not depend on the user's network are kept there. */
const char *nh_run_cache_dir(nh_run *r);

/* places.c: networks in several places. Cut and lower; false: diagnosed. Then the work of the steps: a folder of dir
 * per part. */
bool nh_places_load(nh_run *r);
bool nh_places_c(nh_run *r, const char *dir);
bool nh_places_rtl(nh_run *r, const char *dir);
bool nh_places_synth(nh_run *r, const char *dir);
/* What an earlier run measured, from its facts. */
void nh_places_recall(nh_run *r, const nh_report_facts *from, nh_step_id step);
/* The maps of the parts on a fabric. */
void nh_places_print_maps(const nh_run *r, FILE *out);

/* fabric.c: is the network on a fabric as a whole? Its map and image; false: diagnosed, what plan there is stays. */
bool nh_run_is_event(const nh_run *r);
bool nh_run_map(nh_run *r);
/* Clock cycles per bit of the board's serial line; false: diagnosed. */
bool nh_run_uart_div(const nh_run *r, int64_t *div);
void nh_run_map_print(const nh_run *r, FILE *out);
/* fabric_sim.c: the layers as a pipeline, which is their integer model and makes the C kernels; no RTL is made of it.
 * design is set. */
bool nh_run_reference(nh_run *r);
/* The simulation's inputs through the C model of the fabric, against the integer model of the layers: every output of
 * every step. Fills facts.fabric; prints: cycles and accuracy too. False: they differ, or it cannot run (diagnosed). */
bool nh_run_fabric(nh_run *r, bool prints);
/* The RTL of the fabric in rtl_dir against the C model, on the first simulate: rtl_limit samples; work_dir is made.
 * Fills facts.fabric. *y: outputs of the RTL, NULL when it did not run all samples. False: a tool failed. */
bool nh_run_fabric_rtl(nh_run *r, const char *rtl_dir, const char *work_dir, const int64_t **y);
/* The same where Verilator is there, prints, and is false when they differ too. */
bool nh_run_fabric_rtl_print(nh_run *r, const char *rtl_dir, const char *work_dir);

/* fabric_steps.c: what the steps do for a network on a fabric. Image, assembly, map as text, JSON and pictures. */
bool nh_fabric_work_map(nh_run *r, const char *dir); /* dir exists */
bool nh_fabric_work_rtl(nh_run *r, const char *dir);
/* Both comparisons above and, by nh_sim_run, what the layers do. */
bool nh_fabric_work_sim(nh_run *r, nh_sim_setup *s);

/* What a command asks of the steps: bit s of `wanted`: run it; of `named`: a missing tool is an error. */
typedef struct {
    unsigned wanted, named;
    bool simulates_c; /* the kernels run over the samples although sim is not wanted */
} nh_step_plan;

/* Is the RTL simulated? Asked for, and its tools are there. */
bool nh_run_simulates_rtl(nh_run *r);

/* Index of a step's name, or -1. */
int nh_step_find(const char *name);
const char *nh_step_name(nh_step_id s);

/* Run, or find in the cache, the steps of the plan; check the requirements; print the report. */
nh_exit nh_run_steps(nh_run *r, nh_step_plan plan);
/* Only that: neither requirements nor report. */
bool nh_run_only_steps(nh_run *r, nh_step_plan plan);
/* Where the output of a step is. */
const char *nh_run_folder(nh_run *r, nh_step_id s);

/* data.c: the user's arrays, checked against the model's input. */
bool nh_load_data(nh_run *r);

/* targets.c: labels that are no classes. Are they such? Then load them: r->target; have: samples of the file of inputs;
 * false: diagnosed. */
bool nh_labels_are_targets(const nh_run *r, const nh_npy *y);
bool nh_load_targets(nh_run *r, const nh_npy *y, int64_t have);
/* require: min_agreement needs classes; false: diagnosed. */
bool nh_check_agreement_data(nh_run *r);

/* drift.c: warn of numbers that are far from those of float. */
void nh_check_drift(nh_run *r);

/* require.c: fill facts.requirement and report what is missed. */
void nh_check_requirements(nh_run *r);
/* Does the fabric's RTL what its C model does? */
bool nh_check_fabric_match(nh_run *r);
/* Before synthesis: warn when require: fit is asked for and the estimate exceeds the target. */
void nh_check_estimate(nh_run *r);
/* budget.c: warn when no layer looks at budget:, or the plan goes beyond it. */
void nh_check_budget(nh_run *r);
/* Steps (bits) that the requirements cannot do without. */
unsigned nh_required_steps(const nh_options *o);
/* Is there place and route for the target? */
bool nh_has_pnr(const nh_target *t);

/* plan.c: the table of `check`. */
void nh_plan_text(const nh_run *r, FILE *out);
void nh_plan_json(const nh_run *r, FILE *out);

/* progress.c: a line on a terminal that shows what runs and for how long. */
typedef struct nh_progress nh_progress;
nh_progress *nh_progress_start(nh_cli *c, int index, int count, const char *what);
/* Ends the line; the seconds since start. */
double nh_progress_stop(nh_progress *p);

#endif
