/* The steps of the flow: what each needs, depends on and does. */
#ifndef NH_STEP_ROWS_H
#define NH_STEP_ROWS_H

#include "run.h"
#include "step.h"

/* What the configuration lacks for a step; what == NULL: nothing. */
typedef struct {
    const char *what, *hint;
    nh_loc at;
} nh_step_lack;

typedef struct {
    const char *name;
    const char *folder;                   /* NULL: the name */
    bool (*applies)(const nh_session *r); /* NULL: to every network; others are not told that the step is there */
    nh_step_lack (*lacks)(const nh_session *r);
    /* Are its tools there? Else says why not: to be skipped, or, when it was asked for by name, an error (which it
     * reports). */
    bool (*tools)(nh_session *r, bool named, const char **why);
    void (*depend)(nh_session *r, nh_step *t);
    bool (*work)(nh_session *r, const char *dir);
    bool (*load)(nh_session *r, const char *dir); /* facts of a cached result */
} nh_step_row;

extern const nh_step_row nh_step_rows[NH_STEP_COUNT];

/* A file of the output directory. */
const char *nh_run_below(nh_session *r, const char *name);

#endif
