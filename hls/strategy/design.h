/* The design: the fixed-point graph lowered to units joined by streams. What emit, sim, flow and report read. */
#ifndef NH_DESIGN_H
#define NH_DESIGN_H

#include "datapath.h"
#include "graph.h"

/* A valid/ready stream that carries one tensor per step in transfers of `beat`
 * elements, element 0 first and in the low bits; the last transfer of a tensor is padded with zero elements. The
 * producer sends src_beat and the consumer takes dst_beat elements per transfer: where they differ the netlist has an
 * nh_gear between. One producer, one consumer: a tensor that several layers read passes through a FORK unit. */
typedef struct {
    int tensor; /* graph tensor whose values it carries */
    /* Element e of the stream is element order[e] of the tensor; NULL: the same. Images stream pixel by pixel, all
     * channels of a pixel together, where tensors are [C, H, W]. */
    const int64_t *order;
    const char *id; /* s<index> */
    int64_t n;      /* elements */
    nh_format fmt;
    int src, dst; /* unit indices; -1 = top level port */
    int64_t src_beat, dst_beat;
} nh_stream;

/* Channels that stand side by side in an image's stream; 1: the stream is in the tensor's order. */
int64_t nh_stream_channels(const nh_stream *s);

typedef enum {
#define NH_UNIT(symbol, name) NH_UNIT_##symbol,
#include "units.def"
#undef NH_UNIT
} nh_unit_kind;

#define NH_UNIT_PORTS 4

/* What follows an accumulator, lane by lane: requantizer, activations, cast. */
typedef struct {
    nh_dp *dp;          /* port x: 1 element (the accumulator), [port m: 1 element], port y: 1 element; NULL: nothing */
    const int64_t *mul; /* requantizer multiplier of every output of the engine: input port "m"; NULL: there is none */
    int mul_bits;       /* width of an unsigned multiplier */
} nh_post;

/* Time-multiplexed dense engine: out_lanes x in_lanes multipliers. Output group g (outputs g*out_lanes ...) takes
 * `in_words` cycles, one word of in_lanes inputs each; groups*in_words <= reuse_factor; the rest of the R cycles is
 * padding. */
typedef struct {
    int64_t n_in, n_out, in_lanes, out_lanes, in_words, groups;
    nh_format x, weight, bias, acc; /* acc: signed; bias is stored in acc's frac */
    const int64_t *w;               /* [n_out][n_in] raw */
    const nh_i128 *b;               /* [n_out] raw at acc's frac, or NULL */
    bool exact; /* false: every product and every sum is cast to acc (its rounding and overflow), inputs ascending */
    nh_post post;
} nh_mac;

/* Convolution over a ring of input rows: for every output pixel (row by row) and every group of out_lanes output
 * channels the taps (ky, kx, words of in_lanes input channels) are walked, one a cycle; taps in the padding take a
 * cycle and add nothing. in_lanes divides c_in/groups, out_lanes divides c_out/groups. depthwise: groups = c_in =
 * c_out, in_lanes = out_lanes = lanes divides c_in, and lane l multiplies channel l of the word with its own weight.
 * Streams: [H][W][C]. */
typedef struct {
    int64_t c_in, h_in, w_in, c_out, h_out, w_out, kh, kw, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w,
        groups;
    int64_t in_lanes, out_lanes;
    int64_t rows; /* of the ring: nh_window_rows */
    bool depthwise;
    bool ones;                /* all weights are 1: a pool */
    nh_format x, weight, acc; /* sums are exact; acc's frac is that of the products */
    const int64_t *w;         /* [c_out][c_in/groups][kh][kw] raw */
    const nh_i128 *b;         /* [c_out] raw at acc's frac, or NULL */
    bool exact;     /* false: every product and every sum is cast to acc, in the order of the taps (ky, kx, channel) */
    nh_post post;   /* its multipliers: [c_out]; dp NULL: the accumulators leave */
    int64_t cycles; /* per frame: h_out*w_out * (c_out/out_lanes) * kh*kw * (c_in/groups/in_lanes); depthwise: the last
                       factor is 1 */
} nh_conv;

/* n neurons, lanes per transfer, words = ceil(n/lanes) transfers per step. dp works on one neuron: input ports a0..
 * (accumulators), s0.. (states), p0.. (parameters that differ between neurons; the others are constants in it), 1
 * element each, in this order; output ports y, then n0.. (next states). States are 0 at the start of a sample and
 * before step t when t % reset_period == reset_phase (reset_period 0: never). Parameter k of element e (stream order)
 * is param[k].raw[e % param[k].n]. */
typedef struct {
    int64_t n, lanes, words;
    int n_acc, n_state, n_param;
    nh_format acc[NH_UNIT_PORTS], state[NH_NEURON_STATES];
    struct {
        nh_format fmt;
        int64_t n;
        const int64_t *raw;
    } param[NH_NEURON_PARAMS]; /* n is period: n of the unit, or the channels of an image */
    int64_t reset_period, reset_phase;
    nh_dp *dp;
} nh_neuron_unit;

/* y(t) = x(t - steps), 0 in the first steps of a sample. steps[e % n_steps] of element e, 0..most. is_late: it closes a
 * loop (every element >= 1): the output of a step leaves before its input comes. */
typedef struct {
    int64_t n, lanes, words, most, n_steps;
    const int64_t *steps;
    bool is_late;
    int64_t depth; /* > 0: a FIFO of so many transfers in front of a join, no step late; nh_plan_cycles computes it */
} nh_delay_unit;

#define NH_DESIGN_INPUTS NH_MAX_INPUTS

typedef struct {
    int64_t multipliers, luts, ffs, brams, dsps;
} nh_resources;

/* The table of a layer: sigmoid, softmax ... */
typedef struct {
    const nh_layer *layer;
    nh_dp_table_facts facts;
} nh_table_fact;

typedef struct {
    const char *id; /* [a-z0-9_], unique: C function <project>_<id>, RTL module <project>_<id> */
    nh_unit_kind kind;
    nh_strategy strategy;
    int *layer; /* graph layers it covers, in order */
    int n_layer;
    int in[NH_UNIT_PORTS], out[NH_UNIT_PORTS]; /* streams */
    int n_in, n_out;                           /* 1 and 1, but NEURON: n_acc in, FORK: 2.. out */
    nh_dp *dp;                                 /* DATAPATH: port x n_in elements, port y n_out elements */
    nh_mac mac;                                /* MAC */
    nh_conv conv;                              /* CONV, POOL */
    nh_neuron_unit neuron;                     /* NEURON */
    nh_delay_unit delay;                       /* DELAY */
    int64_t reuse_factor;                      /* R asked for or solved; 1 for datapaths */
    int64_t ii_cycles;                         /* cycles per inference: R, or beats of its slower side for datapaths */
    int64_t
        latency_cycles; /* first transfer of its input stream (before a gear) to its last output transfer, unstalled */
    nh_resources estimate;
    const char **note; /* what was decided (table cells, lanes, padding) */
    int n_note;
    nh_table_fact *table;
    int n_table;
} nh_unit;

typedef struct nh_design {
    nh_arena *arena;
    const nh_graph *graph;
    const nh_options *opt;
    nh_unit *unit; /* each after the units it reads, but late DELAYs */
    int n_unit;
    nh_stream *stream;
    int n_stream;
    int input, output; /* stream indices */
    int also_in[NH_DESIGN_INPUTS - 1],
        n_also_in; /* streams of further inputs: of parts of a network that read several tensors (hls/parts) */
    int64_t ii_cycles, latency_cycles; /* of one step */
    nh_resources estimate;
    int64_t steps; /* an inference is `steps` evaluations; units may keep state between them */
} nh_design;

/* A delay that closes a loop: its output of a step does not wait for its input. */
static inline bool nh_unit_is_fifo(const nh_unit *u) { return u->kind == NH_UNIT_DELAY && u->delay.depth > 0; }
static inline bool nh_unit_closes_loop(const nh_unit *u) { return u->kind == NH_UNIT_DELAY && u->delay.is_late; }

/* As nh_graph_has_steps: frames at the ports carry the marker of a sample's first step. */
static inline bool nh_design_has_steps(const nh_design *g) { return nh_graph_has_steps(g->graph); }

static inline int nh_design_inputs(const nh_design *g) { return 1 + g->n_also_in; }
static inline int nh_design_input(const nh_design *g, int k) { return k == 0 ? g->input : g->also_in[k - 1]; }
/* Elements of all inputs of a frame: where they stand in one array they do so one after the other. */
static inline int64_t nh_design_n_in(const nh_design *g) {
    int64_t n = 0;
    for (int k = 0; k < nh_design_inputs(g); k++) n += g->stream[nh_design_input(g, k)].n;
    return n;
}

/* Lower the fixed-point graph: group dense + elementwise layers, solve reuse_factor auto against the budget, build the
 * datapaths, plan lanes, beats, II and latency. Everything lives in a. NULL when there are errors. */
nh_design *nh_lower(nh_arena *a, nh_diag *d, const nh_graph *g, const nh_options *o);

/* The cheapest rectangle of lanes that finishes n_in x n_out products in at most R cycles, 1 <= R <= n_in*n_out:
 * ceil(n_in/in_lanes) * ceil(n_out/out_lanes) <= R with the least in_lanes*out_lanes. Ties: fewer out_lanes when the
 * sum is exact (fewer accumulators and post datapaths), fewer in_lanes when every addition is cast (a shorter chain in
 * one cycle). */
void nh_mac_lanes(int64_t n_in, int64_t n_out, int64_t r, bool exact, int64_t *in_lanes, int64_t *out_lanes);

/* Does a memory go to block RAM? When it fills more than a quarter of one (of 16 kbit where bram_bits is 0). */
bool nh_mem_in_block(int64_t words, int64_t word_bits, int64_t bram_bits);

/* The integer model, one step at a time: the model for C and RTL. raw[stream][element], by nh_design_buffers; x: all
 * inputs, one after the other. count, when not NULL, has one entry per stream: casts that overflowed on the way to it.
 * A new state stands at the start of a sample; reset puts it there. */
int64_t **nh_design_buffers(nh_arena *a, const nh_design *g);
typedef struct nh_design_state nh_design_state;
nh_design_state *nh_design_state_new(nh_arena *a, const nh_design *g);
void nh_design_state_reset(nh_design_state *s);
void nh_design_step(const nh_design *g, nh_design_state *s, const int64_t *x, int64_t **raw, nh_fx_count *count);

/* Bits of one element in TDATA at the top level's AXI4-Stream ports: 8, 16, 32 or 64. */
int nh_axi_element_bits(nh_format f);

/* Real value of a raw element of a stream, and the quantization of a real input. */
double nh_stream_real(const nh_design *g, int stream, int64_t raw);
int64_t nh_quantize_input(const nh_design *g, double real, nh_fx_count *count);

#endif
