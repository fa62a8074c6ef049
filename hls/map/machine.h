/* C model of the fabric: executes an image, bit-exact with the RTL, cycles approximate. */
#ifndef NH_MACHINE_H
#define NH_MACHINE_H

#include "sample.h"

typedef struct nh_machine nh_machine;

typedef struct {
    int64_t count[NH_FABRIC_COUNTERS]; /* as the core's counter memory */
    int64_t hops;                      /* of the flits that it sent */
} nh_core_activity;

/* A machine with context `context` of a checked image loaded. NULL when it needs more than 4 GiB. Lives in a. */
nh_machine *nh_machine_new(nh_arena *a, const nh_image *m, int context);
/* INIT. */
void nh_machine_init(nh_machine *k);
/* An event that the host sends into the rectangle before the next tick. */
void nh_machine_event(nh_machine *k, nh_rect to, int64_t addr, int32_t payload);
/* One tick: sweep, send, deliver all. Events to the host: valid until the next call. */
const nh_host_event *nh_machine_tick(nh_machine *k, int64_t *n);
/* State s of neuron (word, lane) of core i, raw. */
int64_t nh_machine_state(const nh_machine *k, int core, int64_t neuron, int s);
const nh_core_activity *nh_machine_activity(const nh_machine *k, int core);
/* Cycles until all that was sent is taken: an estimate (machine_time.c). */
int64_t nh_machine_cycles(const nh_machine *k);

/* Who wants to see what a run does, in order. Members may be NULL. */
typedef struct {
    void *self;
    void (*init)(void *self, int context);
    /* After a tick's sweeps: neuron (word * lanes + lane) of the context's core put out value, which is not 0, in its
     * step. */
    void (*spike)(void *self, int core, int64_t neuron, int64_t step, int32_t value);
    void (*tick)(void *self, const nh_host_event *back,
                 int64_t n);                      /* after it: the events of its sweep that came to the host */
    void (*end)(void *self, const nh_machine *k); /* after the last tick of a context */
} nh_machine_watch;

/* A whole sample through all contexts. Events of step s are sent before tick s * period + delay of their entry, period
 * being that of the cores that they go to. False when the image is too large to run or a value of x is not an event
 * (spikes: 0 or 1; else payload_bits). What it takes stays in a: reset it between samples. activity: of the cores of
 * context 0, then of context 1 ...; cycles: or NULL. x: [steps][input_size] integers (0: no event); y:
 * [steps][output_size] (0 or what came). */
bool nh_image_run(nh_arena *a, const nh_image *m, const int32_t *x, int32_t *y,
                  nh_core_activity *activity /* [n_context][n_core] or NULL */, int64_t *cycles);
bool nh_image_run_watched(nh_arena *a, const nh_image *m, const int32_t *x, int32_t *y, nh_core_activity *activity,
                          int64_t *cycles, const nh_machine_watch *watch);

#endif
