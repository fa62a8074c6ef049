#include "internal.h"

#include <assert.h>

/* Bits of an adder: the low bits of the finer operand, where the other has none, are wires, except when they are
 * subtracted (they are negated, and the borrow ripples through them). */
static int adder_bits(const nh_dp *p, const nh_dp_node *n) {
    if (n->op == NH_DP_NEG) return n->width;
    int fa = p->node[n->a].frac, fb = p->node[n->b].frac;
    int wires = n->op == NH_DP_SUB && fb > fa ? 0 : fa > fb ? fa - fb : fb - fa;
    return n->width > wires ? n->width - wires : 1;
}

static int64_t cast_luts(const nh_dp_node *n) {
    int64_t luts = 0;
    if (n->fmt.round != NH_ROUND_TRN) luts += n->width;
    if (n->fmt.overflow != NH_OVERFLOW_WRAP) luts += n->width + 2;
    return luts;
}

static void count_node(const nh_dp *p, const nh_dp_node *n, int lut_inputs, nh_dp_cost *c) {
    int64_t wa = n->a == NH_DP_NONE ? 0 : p->node[n->a].width, wb = n->b == NH_DP_NONE ? 0 : p->node[n->b].width;
    int64_t widest = wa > wb ? wa : wb,
            two_per_lut = lut_inputs >= 6 ? 2 : 1; /* compared bits, or selected bits, a LUT holds */
    switch (n->op) {
    case NH_DP_ADD:
    case NH_DP_SUB:
    case NH_DP_NEG:
        c->adders++;
        c->adder_bits += adder_bits(p, n);
        c->lut_estimate += adder_bits(p, n);
        break;
    case NH_DP_MUL:
        c->muls++;
        c->mul_bits += wa * wb;
        c->lut_estimate += wa * wb;
        break;
    case NH_DP_MULC: {
        nh_range r = {n->constant, n->constant};
        c->muls++;
        c->mul_bits += wa * nh_dp_bits(r);
        c->lut_estimate += wa * nh_dp_bits(r);
        break;
    }
    case NH_DP_LT:
    case NH_DP_LE:
    case NH_DP_EQ:
        c->compares++;
        c->lut_estimate += (widest + two_per_lut - 1) / two_per_lut;
        break;
    case NH_DP_MIN:
    case NH_DP_MAX:
        c->compares++;
        c->lut_estimate += (widest + two_per_lut - 1) / two_per_lut + n->width;
        break;
    case NH_DP_SELECT: c->lut_estimate += n->width; break;
    case NH_DP_CAST:
        c->casts++;
        c->lut_estimate += cast_luts(n);
        break;
    case NH_DP_TABLE: c->table_bits += p->table[n->port].depth * p->table[n->port].fmt.width_bits; break;
    case NH_DP_CONST:
    case NH_DP_INPUT:
    case NH_DP_SCALE:
    case NH_DP_OP_COUNT: break;
    }
}

/* Wires and constants have no registers of their own: what is kept is the value behind them. */
static nh_val behind_wires(const nh_dp *p, nh_val v) {
    while (p->node[v].op == NH_DP_SCALE) v = p->node[v].a;
    return v;
}

static int64_t register_bits(const nh_dp *p) {
    int *until = nh_arena_array(p->arena, (size_t)p->n_node + 1, sizeof(int)); /* the last stage that reads the node */
    assert(until);
    for (uint32_t i = 0; i < p->n_node; i++) {
        nh_val v[3];
        int operands = nh_dp_operands(&p->node[i], v);
        /* a table is read in the stage before its data is there */
        int stage = p->node[i].op == NH_DP_TABLE ? p->node[i].stage - 1 : p->node[i].stage;
        for (int k = 0; k < operands && p->node[i].op != NH_DP_SCALE; k++) {
            nh_val from = behind_wires(p, v[k]);
            if (until[from] < stage) until[from] = stage;
        }
    }
    for (int port = 0; port < p->n_out; port++)
        for (int64_t e = 0; e < p->out[port].n; e++) until[behind_wires(p, p->out[port].value[e])] = p->latency_cycles;
    int64_t bits = 0;
    for (uint32_t i = 0; i < p->n_node; i++)
        if (p->node[i].op != NH_DP_CONST && until[i] > p->node[i].stage)
            bits += (int64_t)(until[i] - p->node[i].stage) * p->node[i].width;
    return bits;
}

nh_dp_cost nh_dp_cost_of(const nh_dp *p, int lut_inputs) {
    nh_dp_cost c = {0};
    for (uint32_t i = 0; i < p->n_node; i++) count_node(p, &p->node[i], lut_inputs, &c);
    c.register_bits = register_bits(p);
    return c;
}
