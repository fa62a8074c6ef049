/* What the mapper maps: populations of neurons and projections between them, in integers. Made from a fixed-point graph
 * (hls/map/from_graph.c), or by a generator. */
#ifndef NH_EVENT_NET_H
#define NH_EVENT_NET_H

#include "fabric.h"

typedef enum { NH_POP_INPUT, NH_POP_NEURONS } nh_population_kind;

/* Neurons in the order of a [c][h][w] tensor (dense: c = n, h = w = 1). */
typedef struct {
    const char *name;
    nh_population_kind kind;
    int64_t c, h, w;
    int model;                              /* NEURONS: of the fabric */
    const int64_t *param[NH_NEURON_PARAMS]; /* raw; [1] (all), [c] or [c*h*w] */
    int64_t n_param[NH_NEURON_PARAMS];
    int64_t reset_period,
        reset_phase; /* states are 0 again in time step t where t % reset_period == reset_phase; period 0: never */
    bool is_output;
    int out_bits; /* bits of what a neuron sends, sign included when out_signed; 1 for spikes */
    bool out_signed;
    bool is_quiet;           /* states 0 and no input: they stay 0, and nothing is sent */
    double rate;             /* events per neuron and step: measured, else < 0 */
    const nh_map_wish *wish; /* what the user decides, or NULL */
    int boxes_of;            /* the mapper's: 1 + the population whose pieces it has the same boxes as; 0: none */
} nh_population;

typedef enum { NH_PROJ_DENSE, NH_PROJ_CONV, NH_PROJ_SPARSE, NH_PROJ_SAME } nh_projection_kind;

/* Accumulators of `to` += weights * what `from` sent `delay` steps ago. Of several projections into one population the
 * sums are added. */
typedef struct {
    const char *name; /* the layer's */
    nh_projection_kind kind;
    int from, to;  /* populations */
    int64_t delay; /* time steps >= 0; in a loop at least one projection has > 0 */
    /* DENSE: [n_to][n_from]. CONV: [c_to][c_from][kh][kw]. SPARSE: [n_entry]. NULL: all weights are `constant`
     * (generated networks). */
    const int32_t *weight;
    int32_t constant;
    int acc; /* accumulator of the target that the weights go to */
    const int32_t
        *also[NH_NEURON_INPUTS]; /* DENSE, CONV: weights of the same synapses for other accumulators; NULL: none */
    int64_t kh, kw, stride_y, stride_x, dilation_y, dilation_x, pad_y, pad_x; /* CONV; pad: top and left */
    int64_t n_entry;                /* SPARSE: sorted by source, then target */
    const int64_t *source, *target; /* [n_entry] */
    /* The mapper's, where it splits fan-in. SAME: element e to element e, weight 1, pieces of equal boxes. And of
     * `from` only channels channel0 .. of pixels pixel0 .. (row by row; all channels, or one pixel); pixels 0: all. */
    int64_t pixel0, pixels, channel0, channels;
    bool is_thin; /* the mapper's, DENSE: some word of weights (lanes neurons, one source) is zero */
} nh_projection;

typedef struct {
    const char *name;
    int64_t steps; /* of a sample */
    nh_population *pop;
    int n_pop;
    nh_projection *proj;
    int n_proj;
} nh_event_net;

static inline int64_t nh_population_size(const nh_population *p) { return p->c * p->h * p->w; }

#endif
