/* The network: layers joined by tensor edges, float as read, fixed point after hls/passes.
 *
 * Layers stand in topological order; layer i makes tensor layer[i].out. Shapes are without the batch dimension. */
#ifndef NH_GRAPH_H
#define NH_GRAPH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "arena.h"
#include "diag.h"
#include "fx.h"
#include "neuron.h"
#include "options.h"

#define NH_MAX_RANK 8
#define NH_MAX_INPUTS 4

typedef struct {
    int rank;
    int64_t dim[NH_MAX_RANK];
} nh_shape;

/* Product of the dimensions; -1 when it overflows or exceeds 2^40. */
int64_t nh_shape_size(nh_shape s);
bool nh_shape_equal(nh_shape a, nh_shape b);
/* "64x8x8"; "scalar" for rank 0. */
const char *nh_shape_print(nh_shape s, char buf[96]);

/* A tensor as [outer][n][inner]: the axes that a layer acts along are taken together as the middle one, row-major. */
typedef struct {
    int64_t outer, n, inner;
} nh_axis;

/* The view of shape s along the axes axis .. axis + n_axes - 1, which exist; n_axes 0: n is 1. */
nh_axis nh_axis_of(nh_shape s, int axis, int n_axes);
/* Which of the n an element of the tensor belongs to. Element (o, k, i) is number (o * n + k) * inner + i. */
static inline int64_t nh_channel_of(nh_axis a, int64_t element) { return element / a.inner % a.n; }

typedef enum { NH_EDGE_FRAME, NH_EDGE_SPIKE, NH_EDGE_GRADED } nh_edge_kind;

typedef enum {
#define NH_OP(symbol, text, inputs, weights, elementwise, table, axis, strategies, infer, eval, lower) NH_OP_##symbol,
#include "op.def"
#undef NH_OP
    NH_OP_COUNT
} nh_op;

/* The column `axis` of op.def. */
typedef enum { NH_AXIS_NONE, NH_AXIS_CHANNELS, NH_AXIS_NORMALIZED, NH_AXIS_REDUCED, NH_AXIS_FIRST } nh_axis_rule;

typedef struct {
    const char *name, *text;
    int n_inputs;
    bool has_weights, is_elementwise, is_table;
    nh_axis_rule axis;
    unsigned strategies; /* or of nh_strategy */
} nh_op_info;

const nh_op_info *nh_op_get(nh_op op);
/* Does it walk a window over an image: convolution, pools? */
bool nh_op_has_window(nh_op op);

/* How integers of a tensor mean reals: real = raw * 2^-frac(fmt) * scale. scale is 1 for plain fixed point. */
typedef struct {
    bool known; /* set by passes/infer */
    nh_format fmt;
    double scale;
} nh_quant;

typedef struct {
    const char *name;
    nh_shape shape;
    nh_edge_kind kind;
    int producer; /* layer index */
    int n_consumers;
    nh_quant q;
    nh_range range;  /* raw interval that can occur, from interval analysis; valid when q.known */
    bool calibrated; /* cal_* are valid: real-valued statistics over the calibration samples */
    double cal_min, cal_max;
    bool by_interval; /* its format holds the largest sum that could be: nothing showed what occurs */
} nh_tensor;

/* A constant tensor. value: reals as read (float), row-major. raw: integers after quantization;
 * real = raw * 2^-frac(fmt) * (scale ? scale[channel] : 1), channel = first dimension (output).
 * Dense weights are [n_out][n_in]. */
typedef struct {
    const char *name;
    nh_shape shape;
    const double *value;
    nh_loc at;
    nh_format fmt;
    const double *scale; /* [n_out] or NULL */
    const int64_t *raw;  /* NULL before quantization */
    nh_fx_count overflow;
} nh_param;

/* Geometry of CONV and pools, (h, w). A tensor of rank 2, [C, L], is one of height 1. */
typedef struct {
    int64_t kernel[2], stride[2], pad_before[2], pad_after[2], dilation[2], groups;
} nh_window;

/* Operators of networks with time steps, where every tensor has one value per time step:
 * CONV: weight [c_out, c_in/groups, kh, kw], cross-correlation as in PyTorch, bias [c_out]. SUMPOOL, AVGPOOL: window
 * only; the mean counts padding. ADD: sum of n_in tensors of one shape. DELAY: output(t) = input(t - steps), 0 before;
 * delay[0] for all elements, or one per element (n_delay); the only layer that may read a tensor made by a later one,
 * when every delay is >= 1. NEURON: elementwise, input k is accumulator k of the program. Layers that act along axes
 * name them (op.def says what they are to each operator): BATCHNORM: weight = factor s, bias = offset t, one per
 * channel along the axes: y = s*x + t (folded by the reader). SOFTMAX, ARGMAX: over the axes taken together. DENSE over
 * an input [.., n_in]: all leading dimensions must be 1. LEAKY_RELU: alpha. CLIP: lo, hi. PRELU: weight = slope of
 * negative inputs per channel. Functions of one variable: unary.c. */
typedef struct {
    const char *name; /* as in the model, unique, any characters */
    const char
        *id; /* n<index>_<mangled>: [a-z0-9_], unique, <= 40 characters; the only form that reaches scripts and files */
    nh_op op;
    nh_loc at;
    int n_in;
    int in[NH_MAX_INPUTS];   /* tensor indices */
    int out;                 /* tensor index */
    nh_param *weight, *bias; /* NULL when absent */
    int axis, n_axes; /* axes axis .. axis + n_axes - 1 of the input's shape; 0, 0 where op.def says NONE or FIRST */
    double alpha, lo, hi;
    double beta;              /* unary.c: second parameter of SELU, HARD_SIGMOID */
    int8_t perm[NH_MAX_RANK]; /* TRANSPOSE: axis k of the output is axis perm[k] of the input */
    nh_window window;         /* CONV, SUMPOOL, AVGPOOL */
    const int64_t *delay;     /* DELAY: [n_delay] steps >= 0 */
    int64_t n_delay;          /* 1, or the elements of the tensor */
    nh_neuron *neuron;        /* NEURON */
    bool exact; /* INPUT, DENSE, CONV, pools of files that define no rounding behind a sum (NIR, lava): the values
                   of the input and the sums are kept as they are, what reads them decides */
    nh_layer_options opt;
    /* numbers decided by passes/infer */
    bool accum_exact;     /* no cast inside the sum */
    nh_format accum;      /* exact: an exact format that no partial sum overflows, in any order */
    int64_t *requant_mul; /* [n_out] integer multipliers, or NULL when the result needs a shift only:    */
    int requant_shift; /*   raw_result = cast((raw_acc * mul[o]) with frac = frac(accum)+requant_shift) read at scale 1
                        */
    nh_fx_count result_overflow; /* over the calibration samples, when they were run */
} nh_layer;

typedef struct nh_graph {
    nh_arena *arena;
    const char *name;
    nh_layer *layer;
    int n_layer, cap_layer;
    nh_tensor *tensor;
    int n_tensor, cap_tensor;
    int input, output; /* tensor indices; -1 while unknown */
    int64_t steps;     /* evaluations of the graph per sample, >= 1; 0 while only the data know it */
} nh_graph;

/* Index in the input of element `element` of a TRANSPOSE's output, whose input has shape `in`. */
int64_t nh_transposed_from(const nh_layer *l, nh_shape in, int64_t element);
/* The input of l along the axes it names. */
nh_axis nh_layer_axis(const nh_graph *g, const nh_layer *l);

/* Output size of a window along an axis (0 = height); 0 when it does not fit. */
int64_t nh_window_out(const nh_window *w, int axis, int64_t in);
/* Do samples carry an axis of time steps: are there several steps (or unknown many), or does a layer keep state? */
bool nh_graph_has_steps(const nh_graph *g);
/* Does any layer keep something from step to step? */
bool nh_graph_has_state(const nh_graph *g);
/* A DELAY of at least one step for every element: its output does not depend on this step's input. */
bool nh_layer_is_late(const nh_layer *l);

nh_graph *nh_graph_new(nh_arena *a, const char *name);
/* Mark the inputs, weighted layers and pools `exact`: for readers of files that define no rounding behind a sum. */
void nh_graph_keep_sums(nh_graph *g);
/* Fractional bits of the finest tensor that layer l reads; all have formats. On a core: of the one accumulator, coarser
 * inputs are multiplied. */
int nh_graph_finest_frac(const nh_graph *g, const nh_layer *l);
/* Append a tensor / a layer; indices are stable, pointers are not. nh_graph_add_layer copies `layer`, makes id, sets
 * the producer of its output and counts consumers. */
int nh_graph_add_tensor(nh_graph *g, const char *name, nh_shape shape, nh_edge_kind kind);
int nh_graph_add_layer(nh_graph *g, nh_layer layer);
/* Index of the layer called name, or -1. */
int nh_graph_find(const nh_graph *g, const char *name);

/* The layer that makes input k of l, when nobody else reads it and it is not the network's output; else NULL. */
nh_layer *nh_graph_only_source(const nh_graph *g, const nh_layer *l, int k);
/* The same behind reshapes, which leave the order of elements. */
nh_layer *nh_graph_source_behind_reshapes(const nh_graph *g, const nh_layer *l, int k);

/* Take out layer `index` (which has an input): its first input takes the place of its output everywhere. Later layers
 * and tensors move down by one, and ids are made anew. */
void nh_graph_remove_layer(nh_graph *g, int index);

/* [a-z0-9_] form of any name, at most 24 characters; "x" when nothing is left. */
char *nh_mangle(nh_arena *a, const char *name);

/* Verifier: order, arity, shapes by the operator's rule, parameters' shapes, names, formats when known. Run after
 * every pass in debug builds and tests; a failure names `after` (the pass) and the layer, prints and aborts when
 * `fatal`, else returns the sentence (NULL = fine). */
const char *nh_graph_check(const nh_graph *g, nh_arena *a);

/* Text form of the graph, without the values of parameters (their hash stands for them) unless `values`. */
void nh_graph_print(const nh_graph *g, bool values, FILE *out);

#endif
