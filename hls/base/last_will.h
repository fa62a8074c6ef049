/* What must not outlive this process: staged outputs and the process groups of running tools.
 *
 * This is the one process-wide state of neurohls. A signal's handler gets no context argument, and the disposition of
 * SIGINT and SIGTERM belongs to the process, so the list of what they must clean up cannot belong to less. Handlers may
 * call next to nothing (no directory walk, no lock), so ours only writes one byte to a pipe; a thread that waits at the
 * other end does the work in ordinary code under the list's lock and then lets the signal kill the process. Against
 * SIGKILL nothing helps: what it leaves behind is removed by the next run (publish.c). Everything here may be called
 * from any thread. */
#ifndef NH_LAST_WILL_H
#define NH_LAST_WILL_H

#include <stdbool.h>
#include <sys/types.h>

/* Remove `path` (a tree or a file) at SIGINT, SIGTERM, SIGHUP or exit, until kept. fd (or -1) stays open as long: a
 * lock on it tells other runs that the owner lives. */
bool nh_will_remove(const char *path, int fd);
/* Kill this process group at the same occasions, until kept. */
bool nh_will_kill(pid_t group);

/* Who started a tool: a context of the library. Zeroed: not cancelled. */
typedef struct nh_will_owner {
    bool cancelled; /* under the lock of nh_will_hold */
} nh_will_owner;

/* Tools that this thread starts from now on are the owner's (NULL: nobody's). Returns the owner before. */
nh_will_owner *nh_will_work_for(nh_will_owner *o);
/* The owner of this thread's tools: a thread that works for another one takes it over. */
nh_will_owner *nh_will_mine(void);
/* Kill the owner's tools; from now on it starts none. Its staged files are removed by the code that staged them. */
void nh_will_cancel(nh_will_owner *o);
/* NULL: false. */
bool nh_will_cancelled(const nh_will_owner *o);
/* Is the work of this thread cancelled? Long loops ask, and end without a diagnostic. */
bool nh_will_stop(void);

/* Take an entry off the list; closes its fd. */
void nh_will_keep_path(const char *path);
void nh_will_keep_group(pid_t group);

/* No clean-up starts between these two: what is made (a child, a published folder) and its entry here belong together.
 * Nesting is allowed, and the calls above may stand between. */
void nh_will_hold(void);
void nh_will_release(void);

/* Remove a tree without reporting; 0 or errno. */
int nh_will_remove_tree(const char *path);

#endif
