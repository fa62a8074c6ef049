/* One step of one neuron as a datapath. */
#ifndef NH_NEURON_DP_H
#define NH_NEURON_DP_H

#include "datapath.h"
#include "neuron.h"

typedef struct {
    const nh_neuron_program *program; /* exact: every state has a format */
    nh_format in_fmt[NH_NEURON_INPUTS];
    nh_range in_range[NH_NEURON_INPUTS]; /* raw, inside in_fmt */
    /* Parameters as raw integers: n = 1: a constant of the datapath; more: an input port of this format and interval.
     */
    struct {
        nh_format fmt;
        nh_range range;
        int64_t n;
        nh_i128 raw;
    } param[NH_NEURON_PARAMS];
    nh_format out_fmt; /* width 0: exact, whatever the program's output can be */
} nh_neuron_spec;

/* Ports: a0.. (inputs), s0.. (states), p0.. (parameters with n > 1, numbered by their place among those), y, n0.. (next
 * states), one element each. Not yet finished or pipelined: *y_range and *y_frac are what the output can be. NULL with
 * *why (a static sentence) when an intermediate needs more than 127 bits or an output more than 64. */
nh_dp *nh_dp_neuron(nh_arena *a, const nh_neuron_spec *s, const char *id, nh_range *y_range, int *y_frac,
                    const char **why);

/* The fewest fractional bits, at most 64, with which all n numbers are integers; -1: there are none. At most 2^-64
 * dyadic. */
int nh_dyadic_frac(const double *v, int64_t n);
/* Values as raw integers of the smallest exact format; false when they are not dyadic or need more than 64 bits. raw:
 * [n] or NULL. */
bool nh_dyadic_format(const double *v, int64_t n, nh_format *fmt, nh_range *range, int64_t *raw);

#endif
