/* External tools: found, started without a shell, limited, their output in a log. */
#ifndef NH_TOOL_H
#define NH_TOOL_H

#include "arena.h"
#include "diag.h"

typedef struct {
    const char *name;     /* verilator */
    const char *env;      /* NEUROHLS_VERILATOR */
    const char *gives;    /* what its absence costs */
    const char *install;  /* apt-get install verilator */
    const char *version_flag;
} nh_tool_info;

extern const nh_tool_info nh_tools[];
extern const int nh_n_tools;

/* Environment variable, then PATH; NULL when not found. */
char *nh_tool_find(nh_arena *a, const char *name);
/* Report that the tool of `step` was not found: NH_T_MISSING, or NH_T_REQUIRED; with what it would have told and how to install
 * it. Returns false. */
bool nh_tool_missing(nh_diag *d, const char *name, const char *step, bool required);
/* First line that the version flag prints; "" when it fails. */
char *nh_tool_version(nh_arena *a, const char *name, const char *path);

/* path against our working directory: for a tool that is started in another one. */
char *nh_tool_absolute(nh_arena *a, const char *path);

typedef struct {
    const char *const *argv;  /* argv[0] = path of the program; NULL-terminated */
    const char *cwd;          /* or NULL */
    const char *log;          /* stdout + stderr go here */
    double wall_limit_s;      /* 0 = none */
    size_t memory_limit;      /* bytes of address space; 0 = none */
} nh_tool_run;

/* Run and wait. Exit status 0: true. Otherwise NH_T_FAILED with the status or signal, the last lines of the log and its
 * place. SIGINT/SIGTERM of ours kill the child's process group. */
bool nh_tool_exec(nh_arena *a, nh_diag *d, const nh_tool_run *r);

#endif
