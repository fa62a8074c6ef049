/* External tools: found, started without a shell, limited, their output in a log. */
#ifndef NH_TOOL_H
#define NH_TOOL_H

#include <sys/types.h>

#include "arena.h"
#include "diag.h"

typedef struct {
    const char *name;    /* verilator */
    const char *env;     /* NEUROHLS_VERILATOR */
    const char *gives;   /* what its absence costs */
    const char *install; /* apt-get install verilator */
    const char *version_flag;
} nh_tool_info;

extern const nh_tool_info nh_tools[];
extern const int nh_n_tools;

/* Environment variable, then PATH; NULL when not found. */
char *nh_tool_find(nh_arena *a, const char *name);
/* Report that the tool of `step` was not found: NH_T_MISSING, or NH_T_REQUIRED; with what it would have told and how to
 * install it. Returns false. */
bool nh_tool_missing(nh_diag *d, const char *name, const char *step, bool required);
/* First line that the version flag prints; "" when it fails. */
char *nh_tool_version(nh_arena *a, const char *name, const char *path);

/* path against our working directory: for a tool that is started in another one. */
char *nh_tool_absolute(nh_arena *a, const char *path);

/* path as a tool in folder `from` finds it: Verilator expands $NAME in the paths it is given, Yosys * and [ ]; below
 * our output there are neither. Both are in folders that exist. */
char *nh_tool_relative(nh_arena *a, const char *from, const char *path);

/* Wait for the end of what nh_launch_start started, or stop it after limit_s with all that it started. True: it ended
 * by itself; *status as waitpid has it. */
bool nh_tool_end(pid_t pid, double limit_s, int *status);

/* What no tool may exceed: an hour, unless its caller gives it more or less, or $NEUROHLS_TIME_LIMIT_S says another
 * number of seconds for all; and bytes of what it prints. A simulation may take a day. */
enum { NH_TOOL_WALL_S = 3600, NH_TOOL_SIMULATION_S = 86400, NH_TOOL_LOG_MOST = 64 << 20 };

typedef struct {
    const char *const *argv; /* argv[0] = path of the program; NULL-terminated */
    const char *cwd;         /* or NULL */
    const char *log;         /* stdout + stderr go here */
    double wall_limit_s;     /* 0 = NH_TOOL_WALL_S */
    size_t memory_limit;     /* bytes of address space; 0 = none */
} nh_tool_run;

/* Run and wait. Exit status 0: true. Otherwise NH_T_FAILED with the status or signal, the last lines of the log and its
 * place; NH_T_LIMIT when it was stopped. The child's process group ends with us, whatever ends us (launch.h). */
bool nh_tool_exec(nh_arena *a, nh_diag *d, const nh_tool_run *r);

#endif
