/* Lanes and cycles of convolutions and pools. */
#ifndef NH_CONV_H
#define NH_CONV_H

#include "design.h"

/* Cycles per output pixel that a convolution or pool needs at least and at most, and the fewest lanes that need no more
 * than r. A window of one input channel per output (pools, depthwise) has as many input as output lanes. */
typedef struct {
    int64_t taps, c_in, c_out, pixels; /* per group: channels; pixels of the output */
    int64_t groups;
    bool depthwise;
} nh_conv_shape;
nh_conv_shape nh_conv_shape_of(const nh_graph *g, const nh_layer *l);
int64_t nh_conv_cycles(const nh_conv_shape *s, int64_t in_lanes, int64_t out_lanes);
/* With all lanes: the taps, of every group one after the other where it is not depthwise. */
int64_t nh_conv_least_cycles(const nh_conv_shape *s);
/* false: r is below that. */
bool nh_conv_lanes(const nh_conv_shape *s, int64_t r, int64_t *in_lanes, int64_t *out_lanes);

#endif
