/* The host's side of a sample: which events go in before each tick, and what elements the events that come back are.
 * The C model and the host driver share it. */
#ifndef NH_SAMPLE_H
#define NH_SAMPLE_H

#include "image.h"

typedef struct {
    int64_t addr;
    int32_t payload;
    int64_t tick;
} nh_host_event; /* tick: of the sweep that made it */

typedef struct nh_sample nh_sample;

/* x: [steps][input_size] integers (0: no event); y: [steps][output_size], becomes 0. NULL: tensors between contexts are
 * too large. Lives in a. */
nh_sample *nh_sample_new(nh_arena *a, const nh_image *m, const int32_t *x, int32_t *y);
/* Contexts in order, each with all its ticks. */
void nh_sample_begin(nh_sample *r, int context);

typedef void nh_sample_put(void *self, nh_rect to, int64_t addr, int32_t payload);
/* Events of tick, which the host sends before it. False: a value is no event of the fabric (spikes: 0 or 1; else
 * payload_bits). */
bool nh_sample_feed(nh_sample *r, int64_t tick, nh_sample_put *put, void *self);
/* What came to the host: into y, or kept for a later context. */
void nh_sample_collect(nh_sample *r, const nh_host_event *v);

#endif
