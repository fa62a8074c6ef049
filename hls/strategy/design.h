/* The design: the fixed-point graph lowered to units joined by streams. What emit, sim, flow and report read. */
#ifndef NH_DESIGN_H
#define NH_DESIGN_H

#include "datapath.h"
#include "graph.h"

/* A valid/ready stream that carries one tensor per inference in transfers of `beat` elements, element 0 first and in the
 * low bits; the last transfer of a tensor is padded with zero elements. The producer sends src_beat and the consumer takes
 * dst_beat elements per transfer: where they differ the netlist has an nh_gear between. */
typedef struct {
    int tensor;         /* graph tensor whose values it carries */
    const char *id;     /* s<index> */
    int64_t n;          /* elements */
    nh_format fmt;
    int src, dst;       /* unit indices; -1 = top level port */
    int64_t src_beat, dst_beat;
} nh_stream;

typedef enum {
    NH_UNIT_DATAPATH, /* one pipelined datapath over whole vectors, II = 1 */
    NH_UNIT_MAC       /* time-multiplexed multipliers + a post datapath per output lane */
} nh_unit_kind;

/* Time-multiplexed dense engine: out_lanes x in_lanes multipliers. Output group g (outputs g*out_lanes ...) takes `in_words`
 * cycles, one word of in_lanes inputs each; groups*in_words <= reuse_factor; the rest of the R cycles is padding. */
typedef struct {
    int64_t n_in, n_out, in_lanes, out_lanes, in_words, groups;
    nh_format x, weight, bias, acc; /* acc: signed; bias is stored in acc's frac */
    const int64_t *w;               /* [n_out][n_in] raw */
    const nh_i128 *b;               /* [n_out] raw at acc's frac, or NULL */
    bool exact;                     /* false: every product and every sum is cast to acc (its rounding and overflow), inputs ascending */
    const int64_t *mul;             /* [n_out] requantizer multipliers: input port "m" of post, or NULL */
    int mul_bits;                   /* width of an unsigned multiplier */
    nh_dp *post;                    /* port x: 1 element (the accumulator), [port m: 1 element], port y: 1 element */
} nh_mac;

typedef struct { int64_t multipliers, luts, ffs, brams, dsps; } nh_resources;

typedef struct {
    const char *id;       /* [a-z0-9_], unique: C function <project>_<id>, RTL module <project>_<id> */
    nh_unit_kind kind;
    nh_strategy strategy;
    int *layer;           /* graph layers it covers, in order */
    int n_layer;
    int in, out;          /* streams */
    nh_dp *dp;            /* DATAPATH: port x n_in elements, port y n_out elements */
    nh_mac mac;           /* MAC */
    int64_t reuse_factor; /* R asked for or solved; 1 for datapaths */
    int64_t ii_cycles;    /* cycles per inference: R, or beats of its slower side for datapaths */
    int64_t latency_cycles; /* first transfer of its input stream (before a gear) to its last output transfer, unstalled */
    nh_resources estimate;
    const char **note;    /* what was decided (table cells, lanes, padding) */
    int n_note;
} nh_unit;

typedef struct nh_design {
    nh_arena *arena;
    const nh_graph *graph;
    const nh_options *opt;
    nh_unit *unit;     /* in stream order */
    int n_unit;
    nh_stream *stream;
    int n_stream;
    int input, output; /* stream indices */
    int64_t ii_cycles, latency_cycles;
    nh_resources estimate;
} nh_design;

/* Lower the fixed-point graph: group dense + elementwise layers, solve reuse_factor auto against the budget, build the
 * datapaths, plan lanes, beats, II and latency. Everything lives in a. NULL when there are errors. */
nh_design *nh_lower(nh_arena *a, nh_diag *d, const nh_graph *g, const nh_options *o);

/* The cheapest rectangle of lanes that finishes n_in x n_out products in at most R cycles, 1 <= R <= n_in*n_out:
 * ceil(n_in/in_lanes) * ceil(n_out/out_lanes) <= R with the least in_lanes*out_lanes. Ties: fewer out_lanes when the sum is
 * exact (fewer accumulators and post datapaths), fewer in_lanes when every addition is cast (a shorter chain in one cycle). */
void nh_mac_lanes(int64_t n_in, int64_t n_out, int64_t r, bool exact, int64_t *in_lanes, int64_t *out_lanes);

/* Does a memory go to block RAM? When it fills more than a quarter of one (of 16 kbit where bram_bits is 0). */
bool nh_mem_in_block(int64_t words, int64_t word_bits, int64_t bram_bits);

/* Integer model of one inference, the oracle for C and RTL: raw[stream][element]. Buffers by nh_design_buffers. count, when
 * not NULL, has one entry per stream: casts that overflowed on the way to it. */
int64_t **nh_design_buffers(nh_arena *a, const nh_design *g);
void nh_design_eval(const nh_design *g, const int64_t *x, int64_t **raw, nh_fx_count *count);

/* Bits of one element in TDATA at the top level's AXI4-Stream ports: 8, 16, 32 or 64. */
int nh_axi_element_bits(nh_format f);

/* Real value of a raw element of a stream, and the quantization of a real input. */
double nh_stream_real(const nh_design *g, int stream, int64_t raw);
int64_t nh_quantize_input(const nh_design *g, double real, nh_fx_count *count);

#endif
