#include <string.h>

#include "file.h"
#include "pool.h"
#include "sim_parts.h"
#include "tool.h"

/* Arenas and collectors are not shared between threads: every job has its own until all are done. */
typedef struct {
    const nh_sim_job *job;
    nh_arena *arena;
    nh_diag *diag;
    bool ok;
} running;

static void run_one(void *ctx, size_t i) {
    running *r = (running *)ctx + i;
    nh_tool_run t = {.argv = r->job->argv, .cwd = r->job->cwd, .log = r->job->log};
    r->ok = nh_tool_exec(r->arena, r->diag, &t);
}

static void copy_items(nh_diag *to, const nh_diag *from) {
    for (size_t i = 0; i < from->count; i++) {
        const nh_diag_item *it = &from->item[i];
        nh_report(to, it->code, NH_NOWHERE, "%s", it->message);
        if (it->found) nh_diag_found(to, "%s", it->found);
        if (it->allowed) nh_diag_allowed(to, "%s", it->allowed);
        if (it->hint) nh_diag_hint(to, "%s", it->hint);
    }
}

bool nh_sim_jobs(nh_arena *a, nh_diag *d, int threads, const nh_sim_job *job, size_t n) {
    running *r = nh_arena_alloc(a, n * sizeof *r);
    for (size_t i = 0; i < n; i++) {
        r[i].job = &job[i];
        r[i].arena = nh_arena_new();
        r[i].diag = nh_diag_new(r[i].arena);
    }
    nh_parallel(threads, n, run_one, r);
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        copy_items(d, r[i].diag);
        ok = ok && r[i].ok;
        nh_arena_free(r[i].arena);
    }
    return ok;
}
