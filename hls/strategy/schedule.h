/* The schedule of a design: when every transfer of the first steps happens, nothing stalled from outside. */
#ifndef NH_SCHEDULE_H
#define NH_SCHEDULE_H

#include "design.h"

/* The constants are the latencies that the headers of rtl_templates state; tests compare the result with the Verilated
 * design. */
enum {
    NH_GEAR_LATENCY = 2, /* nh_gear: from the transfer that completes an output word */
    NH_SKID_LATENCY = 1, /* nh_skid behind every unit, and inside nh_axis_out */
    NH_BEAT_ROM_LATENCY = 1,
    NH_MAC_LATENCY = 3,   /* nh_dense_mac: word read, product, accumulator; the adder tree comes on top */
    NH_CONV_LATENCY = 3,  /* nh_conv_mac: from the issue of its last tap to its output; the adder tree comes on top */
    NH_POOL_LATENCY = 2,  /* nh_pool_max: from the issue of its last tap to its output */
    NH_STATE_LATENCY = 1, /* nh_neuron_state */
    NH_DELAY_LATENCY = 4, /* nh_step_delay */
    NH_FIFO_LATENCY = 1
};

/* Cycles at which the transfers of one tensor happen. */
typedef struct {
    int64_t *at, n;
} nh_times;

/* Steps that are followed: enough for the slowest loop to show its interval. */
enum { NH_SCHEDULE_STEPS = 12 };

typedef struct {
    nh_arena *a;
    nh_design *g;
    nh_times (*sent)[NH_SCHEDULE_STEPS];  /* [n_stream]: transfers at the producer */
    nh_times (*taken)[NH_SCHEDULE_STEPS]; /* [n_unit]: NEURON and FIFO: when it takes its inputs */
    int64_t pace;                         /* cycles between frames at the ports; 0: as fast as they come */
    int64_t *ready;                       /* [n_unit]: when the unit can begin its next step */
    struct nh_window_run **window;        /* [n_unit]: CONV, POOL: its ring of rows */
    nh_times *written;                    /* [n_unit]: NEURON: when the states of the step before are written */
} nh_schedule;

nh_times nh_times_new(nh_arena *a, int64_t n);
/* Through nh_gear: output word m leaves when its last element is in, one a cycle; a wide input word occupies the gear
 * until it has been shifted out. Rewrites `in` to when the gear took the words. */
nh_times nh_times_gear(nh_arena *a, const nh_stream *s, nh_times in);
/* Hold the transfers one cycle apart at least, the first not before `from`. */
void nh_times_in_order(nh_times t, int64_t from);
/* When input k of the unit is offered to it, behind the gear of its stream. */
nh_times nh_schedule_input(nh_schedule *s, const nh_unit *u, int k, int step);

#endif
