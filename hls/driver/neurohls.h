/* libneurohls: the compiler as a library. docs/library.md explains it with an example.
 *
 * A context holds one network: its configuration, model, diagnostics and facts. Contexts are independent; several may
 * work at the same time, each in a thread of its own. One context belongs to one thread at a time: only
 * neurohls_cancel may be called from another one. Nothing is printed. Strings that a function returns belong to the
 * context and live until neurohls_destroy.
 *
 * Two things belong to the process. When the first output is staged or the first tool started, SIGINT, SIGTERM and
 * SIGHUP are taken where they would kill the process (a handler of the program stays), so that staged files and running
 * tools do not outlive it. When memory ends, one sentence is written to stderr and the process ends with status 4. */
#ifndef NEUROHLS_H
#define NEUROHLS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct neurohls neurohls;

/* As the exit statuses of the program, and one more. */
typedef enum {
    NEUROHLS_OK = 0,
    NEUROHLS_REQUIREMENT = 1, /* a requirement of the configuration is missed */
    NEUROHLS_INPUT = 2,       /* the configuration, the model, the data or an argument is wrong */
    NEUROHLS_TOOL = 3,        /* an external tool is missing or failed, or a file cannot be written */
    NEUROHLS_BUG = 4,         /* a fault of neurohls */
    NEUROHLS_CANCELLED = 5
} neurohls_status;

typedef enum { NEUROHLS_NOTE, NEUROHLS_WARNING, NEUROHLS_ERROR } neurohls_severity;

typedef struct {
    const char *code; /* "C101": neurohls explain C101 */
    neurohls_severity severity;
    const char *file;                   /* or NULL */
    int line, col;                      /* from 1; 0: unknown */
    const char *path;                   /* the place inside a model, or NULL */
    const char *layer;                  /* or NULL */
    const char *message;                /* one sentence */
    const char *found, *allowed, *hint; /* or NULL */
} neurohls_diagnostic;

/* A step begins to work: its index from 1 of count, and its name. Called in the thread that runs the context; it may
 * call neurohls_cancel. */
typedef void neurohls_progress(void *user, int index, int count, const char *step);

/* "0.1.0" */
const char *neurohls_version(void);

/* A new context; free it with neurohls_destroy. */
neurohls *neurohls_create(void);
/* Not while the context works. NULL is allowed. */
void neurohls_destroy(neurohls *n);

/* Call `progress` (NULL: nothing) at the begin of every step. */
void neurohls_on_progress(neurohls *n, neurohls_progress *progress, void *user);

/* Read the configuration and its model, choose formats, and plan the hardware: everything that `neurohls check` finds
 * out and that needs no external tool. out: the output directory; NULL: build/<project>. Once for each context: a
 * second call returns NEUROHLS_INPUT. Neither prints nor writes a file. */
neurohls_status neurohls_load(neurohls *n, const char *config, const char *out);

/* Run the steps up to `until` (c, map, rtl, sim, synth, pnr, report; NULL: report). Steps whose inputs did not change
 * are taken from the output directory, unless force is set or they come at or behind `from` (NULL: no step). jobs:
 * tools at the same time, at least 1; 0: one for each processor. After a successful neurohls_load only, else
 * NEUROHLS_INPUT. Once cancelled, a context stays so. */
neurohls_status neurohls_run(neurohls *n, const char *until, const char *from, int force, int jobs);

/* End what the context does, from any thread: its tools are killed, no further one starts, and neurohls_load or
 * neurohls_run returns NEUROHLS_CANCELLED soon. Steps that were complete stay; of the others nothing stays. */
void neurohls_cancel(neurohls *n);

/* Diagnostics of the context so far. */
size_t neurohls_diagnostic_count(const neurohls *n);
/* The one at index, in *to. Returns 0, with *to as it was, when there is none. */
int neurohls_diagnostic_get(const neurohls *n, size_t index, neurohls_diagnostic *to);

/* The text of report.json, with a 0 at its end, after a neurohls_run that wrote it; else NULL. */
const char *neurohls_report(const neurohls *n);
/* Figures of the plan and of what was measured. Those that are not known are -1, and sqnr_db is NaN. Later versions
 * only add members at the end: `size` says which ones the program knows. */
typedef struct {
    size_t size; /* set by the caller: sizeof(neurohls_facts) */
    /* fractions of samples whose class is the label */
    double accuracy_float, accuracy_fixed, accuracy_rtl;
    double sqnr_db; /* outputs of fixed point against float; infinite when none differs */
    /* between inferences (or time steps) and from input to output: planned, and of a simulation of the RTL */
    long long ii_cycles, latency_cycles;
    double measured_ii_cycles, measured_latency_cycles;
    long long estimated_luts, estimated_ffs, estimated_brams, estimated_dsps; /* by the plan; of a fabric unknown */
    long long luts, ffs, brams, dsps;                                         /* counted by synthesis */
    double fmax_mhz;                                                          /* by place and route */
    int fits; /* the target, by place and route: 1 yes, 0 no */
} neurohls_facts;

/* The facts after a successful neurohls_load, and of every neurohls_run so far. Returns 0, with *to as it was, before
 * that or when to->size is 0. */
int neurohls_facts_get(const neurohls *n, neurohls_facts *to);

/* The output directory after neurohls_load, else NULL. */
const char *neurohls_output(const neurohls *n);

#ifdef __cplusplus
}
#endif

#endif
