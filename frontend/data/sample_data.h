/* Samples as [samples][steps][elements of the input], from arrays, lists of events and recordings. */
#ifndef NH_SAMPLE_DATA_H
#define NH_SAMPLE_DATA_H

#include "graph.h"
#include "options.h"

/* Of samples in memory. Data that are short in the file have less: a few numbers do not ask for gigabytes. */
#define NH_SAMPLE_DATA_MAX ((int64_t)1 << 27)
#define NH_SAMPLE_DATA_MAX_OF_FEW ((int64_t)1 << 25)

typedef struct {
    const double *x; /* [n][steps][size] */
    int64_t n, steps, size;
    int64_t have;            /* samples that there are, of which n are taken */
    const char *const *name; /* [n] of recordings without folder and .bs2, or NULL */
} nh_sample_data;

/* What is asked of a source. */
typedef struct {
    const nh_options *opt; /* spiking: encoding, time_steps ... */
    const nh_data_ref *ref;
    double scale;        /* real value = element (or number of events) x scale */
    int64_t samples;     /* the first so many; 0 = all */
    nh_shape shape;      /* of the model's input */
    int64_t steps;       /* time_steps, or what other data have; 0: as many as these have */
    bool is_one_step;    /* the network has no time steps: a sample is one step and nothing is encoded */
    const char *network; /* its name, for messages */
} nh_sample_request;

/* Read and encode. False: D_STEPS, D_EVENT, D_UNIT, D_LIST, D_SOURCE, D_SHAPE, D_LIMIT or what npy.h says; a note
 * D_UNDERSTOOD tells what the dimensions were taken for. direct   [samples, steps, input...] or [steps, input...] of
 * one sample: as they are constant [samples, input...]: the same values in every step events   [samples, steps,
 * input...] counts, [steps, input...] of one sample, integers [events, 3 or 4] (sample, step, address in row-major
 * order, value), recordings x.bs2, folder/ (by number, then by name), list.txt rate     [samples, input...]:
 * nh_encode_rate latency  [samples, input...]: nh_encode_latency input... is the model's shape or its elements in one
 * dimension.
 * With is_one_step: [samples, ...] of as many elements as the input has, without a note. */
bool nh_sample_data_read(nh_arena *a, nh_diag *d, const nh_sample_request *q, nh_sample_data *out);

/* Output spikes to compare with: [n][steps][size], from an array [>= n, >= steps, output...] (or [>= steps, output...]
 * when n is 1); NULL: diagnosed. */
const double *nh_reference_read(nh_arena *a, nh_diag *d, const nh_data_ref *ref, int64_t n, int64_t steps,
                                int64_t size);

/* Spikes of values p[i] in 0..1: spike[k] = u(k) < p[i], k = (sample*steps + step)*size + i, where u(k) is the k-th
 * number of splitmix64 seeded with seed: z = seed + (k+1) * 0x9e3779b97f4a7c15; z = (z ^ z>>30) * 0xbf58476d1ce4e5b9;
 * z = (z ^ z>>27) * 0x94d049bb133111eb; z = z ^ z>>31; u = (z>>11) / 2^53, all modulo 2^64. */
void nh_encode_rate(const double *p, int64_t n, int64_t steps, int64_t size, uint64_t seed, double *spike);
/* One spike in step floor((1 - p) * (steps - 1)) for p > 0, none for 0. */
void nh_encode_latency(const double *p, int64_t n, int64_t steps, int64_t size, double *spike);

/* The labels of n samples in a text: the last word of every line; lines are as many as samples are taken (n) or as
 * there are (have). name: of the samples, to be found as the first word of a line of two, or NULL; such a text may have
 * others too. NULL: diagnosed. */
const int64_t *nh_labels_read(nh_arena *a, nh_diag *d, const nh_data_ref *ref, int64_t n, int64_t have,
                              const char *const *name);
/* "360", or "3 or 360" when only the first are taken: how many labels there may be. */
const char *nh_label_count_text(nh_arena *a, int64_t n, int64_t have);

#endif
