/* Times of transfers, from which cycles are planned. */
#ifndef NH_TIMES_H
#define NH_TIMES_H

#include "design.h"

/* The constants are the latencies that the headers of rtl_templates state; tests compare the result with the Verilated
 * design. */
enum {
    NH_GEAR_LATENCY = 2, /* nh_gear: from the transfer that completes an output word */
    NH_SKID_LATENCY = 1, /* nh_skid behind every unit, and inside nh_axis_out */
    NH_BEAT_ROM_LATENCY = 1,
    NH_MAC_LATENCY = 4,   /* nh_dense_mac: word read, product, accumulator, skid; the adder tree comes on top */
    NH_CONV_LATENCY = 4,  /* nh_conv_mac: from its last tap to its output; the adder tree comes on top */
    NH_STATE_LATENCY = 1, /* nh_neuron_state */
    NH_DELAY_LATENCY = 4  /* nh_step_delay */
};

/* Cycles at which the transfers of one tensor happen. */
typedef struct {
    int64_t *at, n;
} nh_times;

nh_times nh_times_new(nh_arena *a, int64_t n);
/* Through nh_gear: output word m leaves when its last element is in, one a cycle; a wide input word occupies the gear
 * until it has been shifted out. Rewrites `in` to when the gear took the words. */
nh_times nh_times_gear(nh_arena *a, const nh_stream *s, nh_times in);
/* Accumulators of a MAC whose vector begins to be computed at `start` at the earliest. */
nh_times nh_times_mac(nh_arena *a, const nh_mac *m, nh_times in, int64_t start);

#endif
