/* The datapath SSA: straight-line fixed-point scalar operations, the one thing both emitters print.
 *
 * A value is an integer raw with `frac` fractional bits (value = raw * 2^-frac) and a closed interval of raw that is
 * proved by construction; its width is the smallest two's complement width of that interval. Every operation but CAST
 * is exact. Builders fold constants and share equal nodes (hash consing), so building is already constant folding and
 * CSE. */
#ifndef NH_DATAPATH_H
#define NH_DATAPATH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "arena.h"
#include "diag.h"
#include "fx.h"

typedef uint32_t nh_val; /* index of a node */

typedef enum {
    NH_DP_CONST, /* constant */
    NH_DP_INPUT, /* element `elem` of input port `port` */
    NH_DP_ADD,   /* a + b, aligned to the finer frac */
    NH_DP_SUB,   /* a - b */
    NH_DP_NEG,   /* -a */
    NH_DP_SCALE, /* a * 2^shift: wiring only, same raw, frac - shift */
    NH_DP_MUL,   /* a * b */
    NH_DP_MULC,  /* a * constant (raw, cfrac); nh_dp_expand_constants turns it into shift-adds (CSD) */
    NH_DP_LT,
    NH_DP_LE,
    NH_DP_EQ,     /* 1-bit unsigned, aligned compare */
    NH_DP_SELECT, /* a ? b : c, aligned */
    NH_DP_MIN,
    NH_DP_MAX,
    NH_DP_CAST,  /* to a format: rounding and overflow */
    NH_DP_TABLE, /* table[a], a an integer (frac 0) in 0..depth-1; takes one clock edge in hardware */
    NH_DP_OP_COUNT
} nh_dp_op;

typedef struct {
    nh_dp_op op;
    nh_val a, b, c;
    nh_i128 constant; /* CONST, MULC: raw */
    int cfrac;        /* MULC: frac of the constant */
    int shift;        /* SCALE */
    int port, elem;   /* INPUT; TABLE: port = table index */
    nh_format fmt;    /* CAST */
    /* facts */
    int frac;
    nh_range range;
    int width; /* bits */
    bool is_signed;
    int stage; /* pipeline stage whose combinational logic makes it; TABLE: available at this stage, read in stage-1 */
    bool is_live; /* reached from an output */
    bool is_cut;  /* CAST: takes low bits on purpose; what it drops is no overflow */
} nh_dp_node;

/* A port is a vector of elements of one format; flat in RTL (element e at bits [e*width +: width]), an array in C. */
typedef struct {
    const char *name; /* x, y, m ... */
    int64_t n;
    nh_format fmt;
    nh_val *value; /* output ports: [n] */
} nh_dp_port;

typedef struct {
    const char *id;
    int64_t depth;
    nh_format fmt;      /* of the entries */
    const int64_t *raw; /* [depth] */
} nh_dp_table;

typedef struct nh_dp {
    nh_arena *arena;
    const char *id; /* C function and RTL module suffix */
    nh_dp_node *node;
    uint32_t n_node;
    size_t cap_node;
    nh_dp_port *in, *out;
    int n_in, n_out;
    nh_dp_table *table;
    int n_table;
    int latency_cycles; /* register stages from inputs to outputs, set by nh_dp_pipeline; 0 = combinational */
    bool overflow128;   /* an exact intermediate needed more than 127 bits: the builder's caller reports it */
    struct nh_dp_hash *hash;
} nh_dp;

nh_dp *nh_dp_new(nh_arena *a, const char *id);
/* Ports; the range of an input element may be narrower than its format. */
int nh_dp_in_port(nh_dp *p, const char *name, int64_t n, nh_format fmt);
nh_val nh_dp_input(nh_dp *p, int port, int64_t elem, nh_range range);
int nh_dp_out_port(nh_dp *p, const char *name, int64_t n, nh_format fmt);
/* The value's raw must equal the port's raw: frac equal to the format's and range inside it (cast before). */
void nh_dp_output(nh_dp *p, int port, int64_t elem, nh_val v);

nh_val nh_dp_const(nh_dp *p, nh_i128 raw, int frac);
nh_val nh_dp_add(nh_dp *p, nh_val a, nh_val b);
nh_val nh_dp_sub(nh_dp *p, nh_val a, nh_val b);
nh_val nh_dp_neg(nh_dp *p, nh_val a);
nh_val nh_dp_scale(nh_dp *p, nh_val a, int shift);
nh_val nh_dp_mul(nh_dp *p, nh_val a, nh_val b);
nh_val nh_dp_mulc(nh_dp *p, nh_val a, nh_i128 raw, int frac);
nh_val nh_dp_lt(nh_dp *p, nh_val a, nh_val b);
nh_val nh_dp_le(nh_dp *p, nh_val a, nh_val b);
nh_val nh_dp_eq(nh_dp *p, nh_val a, nh_val b);
nh_val nh_dp_select(nh_dp *p, nh_val cond, nh_val a, nh_val b);
nh_val nh_dp_min(nh_dp *p, nh_val a, nh_val b);
nh_val nh_dp_max(nh_dp *p, nh_val a, nh_val b);
nh_val nh_dp_cast(nh_dp *p, nh_val a, nh_format to);
int nh_dp_add_table(nh_dp *p, const char *id, int64_t depth, nh_format fmt, const int64_t *raw);
nh_val nh_dp_table_read(nh_dp *p, int table, nh_val index);
/* Balanced sum; n >= 1. */
nh_val nh_dp_sum(nh_dp *p, const nh_val *v, int64_t n);

/* --- building blocks used by strategies ------------------------------------------------------------------------- */

/* y[o] = sum_i w[o][i] x[i] + bias[o] as shift-adds (canonical signed digits), exact. The room for shared adder graphs
 * (distributed_arithmetic) is this function's neighbour in datapath/adder_graph/. bias may be NULL; bias frac = x frac
 * + w_frac. */
void nh_dp_matvec_csd(nh_dp *p, const nh_val *x, int64_t n_in, const int64_t *w, int w_frac, const nh_i128 *bias,
                      int64_t n_out, nh_val *y);
/* Replace every MULC by shift-adds; done by nh_dp_matvec_csd for its own. */
void nh_dp_expand_constants(nh_dp *p);
/* A real function that hardware gets as a table. What is in the table, f(x) - rising * max(x, 0), is flat far from 0.
 */
typedef long double nh_real_fn(long double x, const double p[2]);
typedef struct {
    nh_real_fn *f;
    double p[2]; /* parameters of f */
    double rising;
    bool octaves; /* it bends at all scales near 0 and is not flat far away: segments of equal ratio, f(x <= 0) is f(0)
                     unless odd */
    bool odd;     /* octaves: f(-x) = -f(x), but in 0 */
} nh_dp_curve;
/* What was built, for people and reports; docs/arithmetic.md. */
typedef struct nh_dp_table_facts {
    const char *id;
    int64_t entries; /* segments; every one has degree + 1 numbers */
    int degree;
    bool octaves;
    int step_log2; /* uniform: a segment is 2^step_log2 integers of the input; octaves: there are 2^-step_log2 of them
                      in one */
    int64_t first; /* number of the first segment */
    int top;       /* octaves: the highest */
    int frac, t_bits; /* fractional bits of the values at the starts; bits of the place within a segment that are
                         multiplied */
    int input_frac;
    nh_format out;
    const struct nh_dp_table_facts
        *part; /* softmax: [n_part] the tables it consists of; the entries above are those of its largest */
    int n_part;
    double
        error; /* largest difference to the function, held within the format, over the inputs that were tried; real */
    double error_lsb; /* the same in LSBs of the result */
    int64_t tried;    /* inputs: all of them, when there are at most 2^16 */
    const char *note; /* a sentence, in the dp's arena */
} nh_dp_table_facts;
/* Elementwise f(x * in_scale) by piecewise polynomials (docs/arithmetic.md), rounded to nearest and saturated into
 * `out`. Segments and degree are the cheapest with an error of at most one LSB; table_size: most segments, 0 = 8,192.
 * over: an interval around all values that share the table, raw at x's frac. facts may be NULL. */
nh_val nh_dp_unary_table(nh_dp *p, nh_val x, nh_range over, double in_scale, const nh_dp_curve *f, nh_format out,
                         int64_t table_size, const char *id, nh_dp_table_facts *facts);
/* Softmax over n values of one format: exact difference to the maximum, exp table, exact sum, normalised reciprocal
 * table, product, cast. No wrap and no collapse for any input width; the error is below one LSB of `out`. */
void nh_dp_softmax(nh_dp *p, const nh_val *x, int64_t n, double in_scale, nh_format out, int64_t table_size,
                   const char *id, nh_val *y, nh_dp_table_facts *facts);
/* Its logarithm: minus the difference to the maximum, minus the logarithm of the sum of exponentials. */
void nh_dp_log_softmax(nh_dp *p, const nh_val *x, int64_t n, double in_scale, nh_format out, int64_t table_size,
                       const char *id, nh_val *y, nh_dp_table_facts *facts);
/* Index of the first maximum. */
nh_val nh_dp_argmax(nh_dp *p, const nh_val *x, int64_t n);

/* --- passes ------------------------------------------------------------------------------------------------------- */

typedef struct {
    double period_ns, lut_ns, carry_ns_per_bit, mul_ns, bram_ns, setup_ns;
} nh_dp_timing;
/* Remove dead nodes, renumber in topological order (operands before users). */
void nh_dp_finish(nh_dp *p);
/* Assign stages so that no stage's estimated delay exceeds the period; an operation longer than the period gets a stage
 * of its own. All outputs at the last stage. register_output: outputs come out of registers. Sets latency_cycles. */
void nh_dp_pipeline(nh_dp *p, const nh_dp_timing *t, bool register_output);
/* Operands of a node, in order; returns their count, at most 3. */
int nh_dp_operands(const nh_dp_node *n, nh_val v[3]);
/* Verifier: operand order, widths, stages, table index ranges; NULL = fine. */
const char *nh_dp_check(const nh_dp *p);
/* Integer interpreter: in[port][elem] -> out[port][elem], raw. The oracle of the emitters' tests. */
void nh_dp_eval(const nh_dp *p, const nh_i128 *const *in, nh_i128 *const *out);
/* The same, counting the casts that overflowed; count may be NULL. */
void nh_dp_eval_count(const nh_dp *p, const nh_i128 *const *in, nh_i128 *const *out, nh_fx_count *count);

/* Counts before synthesis, for estimates. */
typedef struct {
    int64_t adders, adder_bits, muls, mul_bits, casts, compares, table_bits, register_bits, lut_estimate;
} nh_dp_cost;
nh_dp_cost nh_dp_cost_of(const nh_dp *p, int lut_inputs);

#endif
