/* Co-simulation: generated C kernels against generated RTL under Verilator, the same stimuli, bit for bit. */
#ifndef NH_SIM_H
#define NH_SIM_H

#include "design.h"
#include "emit.h"
#include "facts.h"
#include "passes.h"

typedef struct {
    const char *c_dir, *rtl_dir; /* what emit wrote */
    const char *work_dir;        /* staged directory for objects, logs, outputs */
    const char *verilator;       /* path of the tool, or NULL: it was not found */
    bool only_c;                 /* the RTL is not run, although Verilator is there */
    const char *cxx, *cc;  /* cxx is used with verilator only; without cc (then no verilator either) the integer model
                              stands for the kernels */
    const char *cache_dir; /* for verilated*.o, keyed by version and flags; created on demand */
    int jobs;
    nh_samples x;         /* real inputs; size = steps * elements of the input tensor, [step][element] */
    const int64_t *label; /* [x.n] or NULL */
    const double *target; /* real values that the outputs should have, [x.n][steps][outputs], or NULL; not with label */
    const double *reference; /* outputs to be compared with, [x.n][steps][outputs], or NULL */
    const int64_t *rtl_y;    /* with only_c: raw outputs of RTL that ran elsewhere (a fabric), all of
                                [x.n][steps][outputs], or NULL */
    bool quiet;
    /* A part of a network (sim_places.h): integers in place of x.x, in the order of the model's tensor, and where the
     * outputs go, [x.n][steps] [outputs]: those of the RTL as far as it ran, else of the kernels. Nothing is measured
     * then but cycles and that both agree. */
    const int64_t *raw_x;
    int64_t *out;
} nh_sim_setup;

/* Is the RTL run? */
bool nh_sim_has_rtl(const nh_sim_setup *s);

/* Build the kernels and the Verilated model, run all samples without stalls and then with the stalls asked
 * for, compare outputs (and every stream when opt->simulate.trace), fill facts. False: a tool failed
 * (diagnosed). A mismatch is not a failure of this function: facts->mismatches. Writes outputs_c.npy,
 * outputs_rtl.npy, outputs_float.npy, and waves.fst on demand, in work_dir. Of designs with time steps these arrays are
 * [sample][step][output]; with opt->simulate.trace also layers/<index>_<layer>.npy, raw values
 * of every layer of neurons by the kernels. Elements are in the order of the model's tensors. */
bool nh_sim_run(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *s, nh_sim_facts *facts);

/* The class that outputs over time stand for, values[steps][n_out], n_out >= 2:
 *   count        the largest sum over all steps (spikes are counted)
 *   first_spike  the first output that is not 0; of several in that step the one with the largest sum
 *   membrane     the largest value in the last step
 * The first of equals; 0 when nothing ever happens. */
int64_t nh_readout_class(const double *values, int64_t steps, int64_t n_out, nh_readout readout);

#endif
