/* Neurons as data: a model is a small program over the registers of one neuron, run once per time step.
 *
 * A program is read from text (hls/neuron/assemble.c; the built-in ones are hls/neuron/models/<name>.neuron), evaluated
 * in float (hls/neuron/eval.c) and built into a datapath (hls/datapath/neuron.c), from which both emitters print. */
#ifndef NH_NEURON_IR_H
#define NH_NEURON_IR_H

#include <stdbool.h>
#include <stdint.h>

#include "diag.h"
#include "fx.h"

#define NH_NEURON_INPUTS 4 /* accumulators per neuron and step */
#define NH_NEURON_STATES 8
#define NH_NEURON_PARAMS 16
#define NH_NEURON_COUNT_MOST 255 /* spikes of a step where the model does not say */

/* Columns: symbol, "TEXT", operands after the destination. What they do is in hls/neuron/README.md. */
#define NH_NEURON_OPS(X)                                                                                               \
    X(MOV, "MOV", 1)     /* d = a */                                                                                   \
    X(LEAK, "LEAK", 1)   /* d = d * a: decay of a state */                                                             \
    X(ADD, "ADD", 2)     /* d = a + b */                                                                               \
    X(SUB, "SUB", 2)     /* d = a - b */                                                                               \
    X(MUL, "MUL", 2)     /* d = a * b */                                                                               \
    X(NEG, "NEG", 1)     /* d = -a */                                                                                  \
    X(ABS, "ABS", 1)     /* d = |a| */                                                                                 \
    X(MIN, "MIN", 2)     /* d = min(a, b) */                                                                           \
    X(MAX, "MAX", 2)     /* d = max(a, b) */                                                                           \
    X(RELU, "RELU", 1)   /* d = max(a, 0) */                                                                           \
    X(GT, "GT", 2)       /* d = a > b ? 1 : 0 */                                                                       \
    X(GE, "GE", 2)       /* d = a >= b ? 1 : 0 */                                                                      \
    X(EQ, "EQ", 2)       /* d = a == b ? 1 : 0 */                                                                      \
    X(NOT, "NOT", 1)     /* d = 1 - a, a is 0 or 1 */                                                                  \
    X(AND, "AND", 2)     /* d = a * b, both 0 or 1 */                                                                  \
    X(OR, "OR", 2)       /* d = max(a, b), both 0 or 1 */                                                              \
    X(SEL, "SEL", 3)     /* d = a ? b : c */                                                                           \
    X(RESET, "RESET", 2) /* d = a ? b : d */                                                                           \
    X(COUNT, "COUNT", 2) /* d = clamp(floor(a / b), 0, the program's spikes_per_step); b is a threshold > 0 */         \
    X(SHR, "SHR", 2)     /* d = floor(a * 2^-b), b a constant integer: exact integer programs only */                  \
    X(CAST, "CAST", 1)   /* d = a in the instruction's format, by its rounding and overflow */

typedef enum {
#define NH_NEURON_ENUM(symbol, text, operands) NH_NOP_##symbol,
    NH_NEURON_OPS(NH_NEURON_ENUM)
#undef NH_NEURON_ENUM
        NH_NOP_KINDS
} nh_neuron_op;

typedef enum {
    NH_REG_INPUT, /* accumulator `index` of the step */
    NH_REG_STATE, /* kept from step to step; starts at 0 */
    NH_REG_PARAM, /* constant per neuron, or the same for all */
    NH_REG_CONST, /* a number in the text */
    NH_REG_TEMP
} nh_neuron_reg_kind;

/* What a value is measured in. Dividing everything that is measured in volts by the threshold changes no spike: the
 * fixed-point pass does so, and the threshold becomes 1. */
typedef enum { NH_MEASURE_NONE, NH_MEASURE_VOLT } nh_neuron_measure;

typedef struct {
    const char *name;
    nh_neuron_reg_kind kind;
    int index;        /* among its kind */
    double constant;  /* CONST; PARAM: its default, when has_default */
    bool has_default; /* PARAM: a layer that has no value of this name takes constant */
    nh_neuron_measure measure;
    bool has_format; /* STATE of an integer program: every write is cast to fmt */
    nh_format fmt;
    nh_loc at;
} nh_neuron_reg;

typedef struct {
    nh_neuron_op op;
    int dst, src[3]; /* registers */
    nh_format fmt;   /* CAST */
    nh_loc at;
} nh_neuron_instr;

typedef enum { NH_NEURON_OUT_SPIKE, NH_NEURON_OUT_COUNT, NH_NEURON_OUT_GRADED } nh_neuron_out;

typedef struct {
    const char *name; /* of the model */
    nh_neuron_reg *reg;
    int n_reg;
    nh_neuron_instr *instr;
    int n_instr;
    int input[NH_NEURON_INPUTS], state[NH_NEURON_STATES], param[NH_NEURON_PARAMS]; /* register indices */
    int n_input, n_state, n_param;
    int output; /* the register that leaves at the end of the step */
    nh_neuron_out out;
    /* An integer program: inputs are integers, parameters have few enough bits that nothing is rounded but by CAST and
     * by the formats of the states, which are in the text: float evaluation and hardware are the same numbers.
     * Otherwise formats are chosen by the fixed-point pass. */
    bool is_exact;
    int64_t spikes_per_step; /* most of COUNT: 1.. */
} nh_neuron_program;

/* The neuron of a layer. Values of param[i] are real numbers; n is 1 (all neurons), the channels of a [C, H, W] tensor,
 * or all elements, row-major in the tensor's order. */
typedef struct {
    const char *name;
    int64_t n;
    const double *value; /* [n] */
    nh_loc at;
} nh_neuron_value;

/* What the file says, before `discretise` turned it into a program: the kind of neuron and its continuous parameters.
 */
typedef enum {
    NH_KIND_PROGRAM, /* program is given (lava, threshold, scale, user models) */
    NH_KIND_IF,
    NH_KIND_LIF,
    NH_KIND_LI,
    NH_KIND_I,
    NH_KIND_CUBALIF,
    NH_KIND_CUBALI,
    NH_KIND_COUNT
} nh_neuron_kind;

typedef struct {
    nh_neuron_kind kind;
    nh_neuron_value ode[8]; /* tau, r, v_leak ...: named as in NIR; n_ode of them */
    int n_ode;
    const nh_neuron_program *program;        /* NULL before discretise unless kind is PROGRAM */
    nh_neuron_value param[NH_NEURON_PARAMS]; /* of program->param, in order */
    /* The state is cleared before step t (from 0) of a sample when t % reset_period == reset_phase; period 0: only at
     * its start. */
    int64_t reset_period, reset_phase;
    /* Decided by the fixed-point pass: the same neuron as an exact program (states have formats; everything measured in
     * volts is divided by the threshold, gains are in the weights) and its parameters as dyadic numbers. NULL before.
     */
    const nh_neuron_program *fx;
    nh_neuron_value fx_param[NH_NEURON_PARAMS];
    int fx_frac[NH_NEURON_PARAMS]; /* fractional bits that fx_param was rounded to */
    double fx_volt;                /* what volts were divided by; 0: an integer program, of which nothing was rounded */
    /* NULL, or [n_state]: float evaluation widens {least, most} by every value that is written to a state, also within
     * a step. */
    double (*reached)[2];
} nh_neuron;

/* Text of an operation or kind; -1 / NULL when there is none. */
const char *nh_neuron_op_text(nh_neuron_op op);
int nh_neuron_op_find(const char *text); /* any case */
int nh_neuron_operands(nh_neuron_op op);
const char *nh_neuron_kind_text(nh_neuron_kind kind);
/* What a configuration's neuron_model is: several lines are the program itself, a word without '.' and '/' is the name
 * of a built-in model, anything else a file. */
bool nh_neuron_model_is_text(const char *model);
bool nh_neuron_model_is_file(const char *model);

#endif
