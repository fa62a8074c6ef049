/* The machine's parts. Private to hls/map. */
#ifndef NH_MACHINE_PARTS_H
#define NH_MACHINE_PARTS_H

#include "image_parts.h"
#include "machine.h"

#define NH_MACHINE_BYTES ((int64_t)4 << 30) /* most of a machine */

typedef struct {
    const nh_core_image *image;
    int64_t *acc;        /* [words][lanes][accumulators], as wide as accum_bits */
    int64_t *state;      /* [words][lanes][states] */
    int32_t *output;     /* [delays][words][lanes] */
    int64_t steps;       /* swept so far */
    bool swept;          /* in this tick */
    int64_t acc_cycles;  /* of the events since the last tick */
    nh_core_activity activity;
} nh_machine_core;

typedef struct {
    nh_dp *dp;
    int n_acc, n_state, n_param;
} nh_machine_model;

struct nh_machine {
    const nh_image *image;
    const nh_fabric *f;
    nh_fabric_widths w;
    nh_machine_core *core;
    int n_core, states;  /* states: of the model with most */
    int *tile;           /* [mesh_y][mesh_x] index of the core, or -1 */
    nh_machine_model model[NH_FABRIC_MODELS];
    int64_t tick, cycles;
    int64_t host_in;     /* events of the host since the last tick */
    int64_t longest;     /* way of a flit in this tick, in hops */
    nh_host_event *event;
    size_t n_event, cap_event;
    nh_arena *arena;
};

/* machine_acc.c: an event at every core of a rectangle. */
void nh_machine_deliver(nh_machine *k, nh_rect to, int64_t addr, int32_t payload);

#endif
