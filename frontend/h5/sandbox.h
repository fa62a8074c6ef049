/* Locks the process that calls it up: no files, no network, no new processes, limited memory and CPU time. There is no
 * way back; meant for a forked child that talks through one pipe. */
#ifndef NH_H5_SANDBOX_H
#define NH_H5_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    size_t memory; /* bytes of address space beyond what there is; not limited under AddressSanitizer */
    long cpu_ms;   /* in all, rounded up to seconds; then SIGXCPU */
} nh_sandbox_limit;

/* Before anything else in the child: default signals, death with its parent, no file descriptor but `keep` (a pipe to
 * write to; the result is its new number, or -1), standard streams to nowhere (stderr stays under a sanitizer). */
int nh_sandbox_close(int keep);
/* CPU time from now on until the next such call, then SIGPROF; may be called in the sandbox, too. */
bool nh_sandbox_grant(long cpu_ms);
/* Limits and the filter of system calls. False: the limits could not be set. *has_filter: is there a filter? */
bool nh_sandbox_lock(nh_sandbox_limit l, bool *has_filter);

/* End this process (the child), without flushing or running anything. */
_Noreturn void nh_sandbox_end(int status);

#endif
