/* The machine's parts. Private to hls/map. */
#ifndef NH_MACHINE_PARTS_H
#define NH_MACHINE_PARTS_H

#include "image_parts.h"
#include "machine.h"

#define NH_MACHINE_BYTES ((int64_t)4 << 30) /* most of a machine */

typedef struct {
    const nh_core_image *image;
    int64_t *acc;    /* [words][lanes][accumulators], as wide as accum_bits */
    int64_t *state;  /* [words][lanes][states] */
    int32_t *output; /* [delays][words][lanes] */
    int64_t steps;   /* swept so far */
    bool swept;      /* in this tick */
    nh_core_activity activity;
} nh_machine_core;

typedef struct {
    nh_dp *dp;
    int n_acc, n_state, n_param;
} nh_machine_model;

/* Flits since the last sweep, those of a sender one after the other. Senders: cores, then the host; so are those that
 * take them. */
typedef struct {
    int sender, gap;
    int64_t first;
    int n;
} nh_machine_flit; /* gap: cycles after the one before; arrivals first .. first+n-1 */
typedef struct {
    int core;
    int64_t look, words;
} nh_machine_arrival; /* cycles of the two stages of its engine */
typedef struct {
    nh_machine_flit *flit;
    nh_machine_arrival *arrival;
    size_t n_flit, n_arrival, cap_flit, cap_arrival;
    int64_t idle; /* cycles of the sender since its last flit */
} nh_machine_time;

struct nh_machine {
    const nh_image *image;
    const nh_fabric *f;
    nh_fabric_widths w;
    nh_machine_core *core;
    int n_core, states; /* states: of the model with most */
    int *tile;          /* [mesh_y][mesh_x] index of the core, or -1 */
    nh_machine_model model[NH_FABRIC_MODELS];
    int64_t tick, cycles;
    nh_machine_time time;
    nh_host_event *event;
    size_t n_event, cap_event;
    nh_arena *arena;
};

/* machine_time.c. A sender's flit, after cycles without one; then the cores that it arrives at, and how long the two
 * stages of their engines take: until the first word is known, and the words. */
void nh_machine_wait(nh_machine *k, int64_t cycles);
void nh_machine_begin_flit(nh_machine *k, int sender);
void nh_machine_arrive(nh_machine *k, int core, int64_t look, int64_t words);
void nh_machine_end_sender(nh_machine *k, int sender);
/* Cycles of the last sweep and until all flits since then have been sent and taken. */
int64_t nh_machine_settle(const nh_machine *k);
/* machine_acc.c: an event at every core of a rectangle. */
void nh_machine_deliver(nh_machine *k, nh_rect to, int64_t addr, int32_t payload);

#endif
