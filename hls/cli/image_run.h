/* What `run` found out, and how it is printed. */
#ifndef NH_IMAGE_RUN_H
#define NH_IMAGE_RUN_H

#include "image_file.h"
#include "machine.h"

typedef struct {
    const nh_image *m;
    int64_t n;                    /* samples */
    const double *x;              /* [n][steps][inputs], [n][inputs] when not in_time, or NULL */
    bool in_time;
    const double *label;          /* [n] or NULL */
    int64_t correct, spikes, cycles;
    int32_t *first;               /* [steps][outputs] of the first sample */
    int64_t *sum;                 /* [n][outputs] over the steps */
    nh_core_activity *activity;   /* [n_core] of all contexts, over all samples */
    int64_t n_core;
} nh_image_results;

void nh_image_results_text(const nh_image_results *r, FILE *out);
void nh_image_results_json(const nh_image_results *r, FILE *out);

#endif
