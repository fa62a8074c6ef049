/* Co-simulation harness: what its parts know of each other.
 *   cosim_kernels.c  the generated C kernels behind int64_t arrays
 *   cosim_streams.c  values of every stream as files, for reports
 *   cosim_rtl.cpp    the Verilated model behind byte pointers
 *   cosim_main.cpp   drives both; knows neither a network nor Verilator, so its object is cached
 *   cosim_batch.c    stands in its place, and the RTL's, where there is no Verilator
 * cosim_kernels.c and cosim_rtl.cpp read cosim_model.h, which neurohls writes for every design: tables, no
 * behaviour.
 * A frame is what one pass through a stream carries: an inference, in designs with time steps one step. A sample
 * is nh_cosim_steps frames, 1 in other designs. */
#ifndef NH_COSIM_H
#define NH_COSIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One stream of the design: n elements of width bits per frame, beat elements per transfer at its
 * producer. */
typedef struct {
    const char *name;
    int64_t n, beat;
    int width, is_signed;
} nh_cosim_stream;

/* Units at a stream's ends, numbers in the order of the design; -1 = top level port. */
typedef struct {
    int src, dst;
} nh_cosim_link;

extern const nh_cosim_stream nh_cosim_streams[];
extern const nh_cosim_link nh_cosim_links[];
extern const int nh_cosim_n_streams, nh_cosim_output;
extern const int64_t nh_cosim_steps;
/* The input ports in the order in which a frame of x has their elements: one, several of parts of networks. beat:
 * elements per transfer. */
typedef struct {
    const char *port;
    int stream;
    int64_t beat;
} nh_cosim_input;
extern const nh_cosim_input nh_cosim_inputs[];
extern const int nh_cosim_n_inputs;
extern const int64_t nh_cosim_n_in; /* elements of a frame of x */
/* Elements per transfer of the output port. */
extern const int64_t nh_cosim_out_beat;

/* n samples through the batched kernel. *seconds: wall time of the kernel alone. 0 = out of memory. */
int nh_cosim_batch(const int64_t *x, int64_t *y, size_t n, double *seconds);
/* Values of every stream in one frame: x has all inputs, stream[k] takes the elements of stream k. Frames of a
 * sample in order, 0 begins one. 0 = out of memory. */
int nh_cosim_trace_frame(int64_t frame_in_sample, const int64_t *x, int64_t *const *stream);
/* Every stream over the first n frames as <dir>/<name>.bin, raw values in the narrowest C integers that hold
 * the stream's format, little-endian, frame after frame; <dir>/index.json says which. 0 = failed, said on stderr. */
int nh_cosim_write_streams(const char *dir, const int64_t *x, int64_t n);

/* Little-endian bytes of a signal of the Verilated model; bits above its width are zero. */
typedef struct {
    uint8_t *byte;
    size_t size;
} nh_cosim_signal;
typedef struct {
    nh_cosim_signal valid, ready, data;
} nh_cosim_wires;
typedef struct {
    nh_cosim_signal data, valid, ready, last, user; /* user as m_user below */
} nh_cosim_source;
typedef struct {
    const char *name;
    int64_t depth;
    nh_cosim_signal level, valid, ready; /* words inside; the stream into it */
} nh_cosim_fifo;

typedef struct {
    nh_cosim_signal clk, rst, m_data, m_valid, m_ready, m_last, frame_error;
    nh_cosim_signal m_user;  /* the step marker; byte is NULL when the design has none */
    nh_cosim_source *source; /* [nh_cosim_n_inputs] */
    nh_cosim_wires *stream;  /* [nh_cosim_n_streams] */
    nh_cosim_fifo *fifo;
    int n_fifo;
    /* Frames at the start of a sample that leave before their input comes, where every path from the input
     * has a late delay; nh_cosim_steps or more: without end. */
    int64_t ahead;
} nh_cosim_ports;

/* A fresh model whose registers start at random values of seed. waves: FST path or NULL. */
void nh_cosim_rtl_open(uint64_t seed, const char *waves, nh_cosim_ports *ports);
void nh_cosim_rtl_eval(void);
void nh_cosim_rtl_dump(uint64_t time); /* to the waves, until nh_cosim_rtl_close_waves */
void nh_cosim_rtl_close_waves(void);
void nh_cosim_rtl_close(void);

#ifdef __cplusplus
}
#endif
#endif
