/* A program in a process group of its own that ends with us, however we end.
 *
 * SIGKILL cannot be caught, so nobody here could stop what was started: the kernel must. It signals a child whose
 * parent dies (PR_SET_PDEATHSIG), but only the child itself, not what that has started. So there is a small process
 * between: the leader of the group, whose death signal makes it kill the whole group. It waits for the program and ends
 * as the program ended. */
#ifndef NH_LAUNCH_H
#define NH_LAUNCH_H

#include <stddef.h>
#include <sys/types.h>

typedef struct {
    const char *const *argv; /* argv[0] = path of the program; NULL-terminated */
    const char *cwd;         /* or NULL */
    int in;                  /* its standard input; 0 = an empty one */
    int out;                 /* its standard output */
    int err;                 /* its standard error; 0 = as out */
    size_t memory_limit;     /* bytes of address space; 0 = none */
} nh_launch;

/* Start it. *pid: the leader of its group, on the list of what is killed with us (last_will.h); waitid and waitpid of
 * it tell the program's end. The calling thread must live until then. 0 or errno, also that of an exec that failed. */
int nh_launch_start(const nh_launch *l, pid_t *pid);

#endif
