/* Co-simulation harness: what its parts know of each other.
 *   cosim_kernels.c  the generated C kernels behind int64_t arrays
 *   cosim_rtl.cpp    the Verilated model behind byte pointers
 *   cosim_main.cpp   drives both; knows neither a network nor Verilator, so its object is cached
 *   cosim_batch.c    stands in its place, and the RTL's, where there is no Verilator
 * The first two read cosim_model.h, which neurohls writes for every design: tables, no behaviour. */
#ifndef NH_COSIM_H
#define NH_COSIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One stream of the design: n elements of width bits per inference, beat elements per transfer at its
 * producer. */
typedef struct {
    const char *name;
    int64_t n, beat;
    int width, is_signed;
} nh_cosim_stream;

/* One unit: its streams, its C function on values widened to 64 bits. */
typedef struct {
    const char *name;
    int in, out;
    void (*call)(const int64_t *x, int64_t *y);
} nh_cosim_unit;

extern const nh_cosim_stream nh_cosim_streams[];
extern const int nh_cosim_n_streams, nh_cosim_input, nh_cosim_output;
extern const nh_cosim_unit nh_cosim_units[];
extern const int nh_cosim_n_units;
/* Elements per transfer of the top level ports. */
extern const int64_t nh_cosim_in_beat, nh_cosim_out_beat;

/* n inferences through the batched kernel. *seconds: wall time of the kernel alone. 0 = out of memory. */
int nh_cosim_batch(const int64_t *x, int64_t *y, size_t n, double *seconds);

/* Little-endian bytes of a signal of the Verilated model; bits above its width are zero. */
typedef struct {
    uint8_t *byte;
    size_t size;
} nh_cosim_signal;
typedef struct {
    nh_cosim_signal valid, ready, data;
} nh_cosim_wires;
typedef struct {
    const char *name;
    int64_t depth;
    nh_cosim_signal level;
} nh_cosim_fifo;

typedef struct {
    nh_cosim_signal clk, rst, s_data, s_valid, s_ready, s_last, m_data, m_valid, m_ready, m_last, frame_error;
    nh_cosim_wires *stream; /* [nh_cosim_n_streams] */
    nh_cosim_fifo *fifo;
    int n_fifo;
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
