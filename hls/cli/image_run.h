/* What `run` found out, and how it is printed. */
#ifndef NH_IMAGE_RUN_H
#define NH_IMAGE_RUN_H

#include "image_file.h"
#include "image_spikes.h"
#include "machine.h"

typedef struct {
    const nh_image *m;
    int64_t n;       /* samples */
    const double *x; /* [n][steps][inputs], [n][inputs] when not in_time, or NULL */
    bool in_time;
    const double *label;            /* [n] or NULL */
    const double *reference;        /* [n][outputs] of another program, summed over its steps; or NULL */
    const int64_t *reference_class; /* [n] its class; NULL without --reference */
    int64_t *class;                 /* [n] the output with the largest sum, the first of several */
    int64_t correct, agree,
        first_other;        /* first_other: the first sample of another class than the reference's, or -1 */
    int64_t spikes, cycles; /* spikes: of the outputs */
    const nh_image_spikes *layers;
    int32_t *first;             /* [steps][outputs] of the first sample */
    int64_t *sum;               /* [n][outputs] over the steps */
    nh_core_activity *activity; /* [n_core] of all contexts, over all samples */
    int64_t n_core;
} nh_image_results;

/* image_reference.c: the array of --reference. False with a diagnostic. */
bool nh_image_read_reference(nh_cli *c, nh_image_results *r);
/* Index of the largest of n values, the first of several. */
int64_t nh_image_winner(const double *value, int64_t n);

void nh_image_results_text(const nh_image_results *r, FILE *out);
void nh_image_results_json(const nh_image_results *r, FILE *out);

#endif
