/* The parts of nh_sim_run, in the order they are used. */
#ifndef NH_SIM_PARTS_H
#define NH_SIM_PARTS_H

#include "sim.h"

/* One run of a tool; jobs of a list are independent of each other. */
typedef struct {
    const char *const *argv; /* NULL-terminated */
    const char *cwd, *log;
} nh_sim_job;

/* Run n jobs, at most `threads` at a time. The diagnostics of all that failed arrive in d in the order of the
 * list. */
bool nh_sim_jobs(nh_arena *a, nh_diag *d, int threads, const nh_sim_job *job, size_t n);

/* cosim_model.h: the tables of streams and units that the harness expands. */
bool nh_sim_write_tables(nh_arena *a, nh_diag *d, const nh_design *g, const char *path);
/* public_flat_rd for the wires of every stream. */
bool nh_sim_write_vlt(nh_arena *a, nh_diag *d, const nh_design *g, const char *path);
/* Verilator's spelling of a module name in C++. */
char *nh_sim_cpp_name(nh_arena *a, const char *name);

/* Build the harness in s->work_dir; all folders of s are absolute. *binary lives in a. */
bool nh_sim_build(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *s, const char **binary);

/* What the harness wrote, into facts: speed, runs, mismatches, cycles, FIFOs. A failed run (hang, protocol)
 * is diagnosed: false. */
bool nh_sim_load(nh_arena *a, nh_diag *d, const nh_design *g, const char *result_json, nh_sim_facts *facts);

/* Accuracies, agreement, confusion, drift and overflows. raw_x [n][inputs], out_c and out_rtl [n][outputs];
 * out_rtl NULL when the RTL was not run. False: the integer model contradicts the kernels, or a label is no
 * class. */
bool nh_sim_measure(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *s, const int64_t *raw_x,
                    const int64_t *out_c, const int64_t *out_rtl, nh_sim_facts *facts);

#endif
