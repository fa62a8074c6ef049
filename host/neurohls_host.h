/* neurohls_host: a program's side of a fabric of neuron cores. It loads a program image, streams events in, collects
 * those that come back, and reads states and counters, over any byte transport: a serial line, a pipe to a simulation,
 * a socket. docs/fabric.md is the contract.
 *
 *     nh_host *h = nh_host_open("net.img", transport, NH_HOST_FRAMES);
 *     if (!nh_host_run(h, x, y)) puts(nh_host_error(h));
 *     nh_host_close(h);
 *
 * Every function that returns bool returns false when something failed: nh_host_error says what, and nothing works on
 * until nh_host_restart. A handle belongs to one thread. Out of memory ends the process. */
#ifndef NEUROHLS_HOST_H
#define NEUROHLS_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nh_host nh_host;

/* Where bytes go and come from. */
typedef struct {
    void *self;
    /* Takes up to n > 0 bytes. Above 0: so many were taken. 0: none, and there is something to read, or may be. Below
     * 0: failed, or nothing moved for too long. */
    ptrdiff_t (*write)(void *self, const uint8_t *byte, size_t n);
    /* Gives up to n > 0 bytes. wait: for the first of them, as long as the transport finds right. 0: none (in time).
     * Below 0: failed, or the other side is closed. */
    ptrdiff_t (*read)(void *self, uint8_t *byte, size_t n, bool wait);
} nh_host_transport;

/* How words of the host port are bytes. */
typedef enum {
    NH_HOST_WORDS, /* as they are, little-endian: for a transport that loses nothing and buffers what it is given */
    NH_HOST_FRAMES /* frames with checks and credits, as nh_host_bytes and nh_host_uart have them: for lines */
} nh_host_form;

/* --- transports of POSIX ----------------------------------------------------------------------------------------- */

/* Two file descriptors, which become non-blocking. Nothing moves for wait_ms: given up. Lives until the process ends or
 * nh_host_fd_close, which closes both and waits for the child, if there is one. NULL: errno says why. */
typedef struct nh_host_fd nh_host_fd;
nh_host_fd *nh_host_fd_new(int in, int out, int wait_ms);
/* argv[0] is started with its standard input and output as the line, NULL-terminated. */
nh_host_fd *nh_host_fd_child(const char *const *argv, int wait_ms);
/* A serial device, raw, 8N1. baud: one that termios has. */
nh_host_fd *nh_host_fd_serial(const char *path, int baud, int wait_ms);
nh_host_transport nh_host_fd_transport(nh_host_fd *f);
/* Exit status of the child, or 0. */
int nh_host_fd_close(nh_host_fd *f);

/* --- a fabric ---------------------------------------------------------------------------------------------------- */

/* Reads the image (untrusted bytes, checked), makes the line ready (NH_HOST_FRAMES: a restart, which resets the
 * fabric). Never NULL: when it failed, nh_host_error is not NULL and the handle is only good for that and
 * nh_host_close. */
nh_host *nh_host_open(const char *image_path, nh_host_transport t, nh_host_form form);
void nh_host_close(nh_host *h);
/* NULL, or what failed first, with its code (neurohls explain CODE). Lives as long as h. */
const char *nh_host_error(const nh_host *h);
/* After an error: the line and the fabric begin again; no context is loaded. NH_HOST_WORDS has no such thing: false. */
bool nh_host_restart(nh_host *h);

/* Sizes of the image. */
int64_t nh_host_steps(const nh_host *h);  /* time steps of a sample */
int64_t nh_host_inputs(const nh_host *h); /* elements of the input of a step */
int64_t nh_host_outputs(const nh_host *h);
int nh_host_contexts(const nh_host *h);
int nh_host_mesh_x(const nh_host *h); /* cores are at (0, 0) .. (mesh_x - 1, mesh_y - 1) */
int nh_host_mesh_y(const nh_host *h);

/* A whole sample through all contexts: each is loaded (unless it still is), its ticks are run, spikes between contexts
 * are kept here. x: [steps][inputs], 0 = no event, spikes 1, else the value; y: [steps][outputs], 0 or what came. */
bool nh_host_run(nh_host *h, const int32_t *x, int32_t *y);

/* --- step by step ------------------------------------------------------------------------------------------------ */

/* These send and do not wait; what the fabric answers is looked at on the way. */
bool nh_host_load(nh_host *h, int context);
bool nh_host_init(nh_host *h);
/* An event to all tiles of the rectangle x0 .. x1, y0 .. y1, ends included; before the tick that is to see it. */
bool nh_host_send(nh_host *h, int x0, int x1, int y0, int y1, int64_t address, int32_t payload);
bool nh_host_tick(nh_host *h);
/* Waits until nothing is in flight: all events of the ticks so far have been given to the watch. */
bool nh_host_sync(nh_host *h);

/* Called for every event that comes to the host, from within the functions here. tick: of the sweep that made it, from
 * 0 after INIT. */
typedef void nh_host_watch(void *self, int64_t tick, int64_t address, int32_t payload);
void nh_host_set_watch(nh_host *h, nh_host_watch *watch, void *self);

/* --- reading ----------------------------------------------------------------------------------------------------- */

#define NH_HOST_COUNTERS 9
/* Counters of the core at (x, y), as docs/fabric.md numbers them, since the fabric's reset, modulo 2^32. These
 * functions wait first until nothing is in flight, and until all has been answered before they return: a READ among
 * events could block the mesh. */
bool nh_host_read_counters(nh_host *h, int x, int y, uint32_t counter[NH_HOST_COUNTERS]);
/* States of neuron `neuron` (word * lanes + lane) of the core at (x, y) in the loaded context, in the order of its
 * model, raw. *n: how many; state has room for 16. */
bool nh_host_read_states(nh_host *h, int x, int y, int64_t neuron, int64_t *state, int *n);

#endif
