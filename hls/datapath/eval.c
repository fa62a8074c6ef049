#include "internal.h"

#include <assert.h>

static nh_i128 shl(nh_i128 v, int shift) { return v * ((nh_i128)1 << shift); }

static nh_i128 eval_node(const nh_dp *p, const nh_dp_node *n, const nh_i128 *value, const nh_i128 *const *in,
                         nh_fx_count *count) {
    nh_i128 a = 0, b = 0;
    nh_val first = n->op == NH_DP_SELECT ? n->b : n->a, second = n->op == NH_DP_SELECT ? n->c : n->b;
    int operands = nh_dp_op_operands(n->op);
    if (operands > 0) a = value[first];
    if (operands > 1) b = value[second];
    if (operands > 1 && n->op != NH_DP_MUL) {
        int fa = p->node[first].frac, fb = p->node[second].frac, frac = fa > fb ? fa : fb;
        a = a == 0 ? 0 : shl(a, frac - fa);
        b = b == 0 ? 0 : shl(b, frac - fb);
    }
    switch (n->op) {
    case NH_DP_CONST: return n->constant;
    case NH_DP_INPUT: return in[n->port][n->elem];
    case NH_DP_ADD: return a + b;
    case NH_DP_SUB: return a - b;
    case NH_DP_NEG: return -a;
    case NH_DP_SCALE: return a;
    case NH_DP_MUL: return a * b;
    case NH_DP_MULC: return a * n->constant;
    case NH_DP_LT: return a < b;
    case NH_DP_LE: return a <= b;
    case NH_DP_EQ: return a == b;
    case NH_DP_SELECT: return value[n->a] ? a : b;
    case NH_DP_MIN: return a < b ? a : b;
    case NH_DP_MAX: return a > b ? a : b;
    case NH_DP_CAST: return nh_fx_convert(a, p->node[n->a].frac, n->fmt, n->is_cut ? NULL : count);
    case NH_DP_TABLE: return p->table[n->port].raw[a];
    case NH_DP_OP_COUNT: break;
    }
    assert(false && "not an operation");
    return 0;
}

/* Small datapaths (the post part of a MAC unit, run per element) need no allocation. */
#define ON_STACK 256

void nh_dp_eval_count(const nh_dp *p, const nh_i128 *const *in, nh_i128 *const *out, nh_fx_count *count) {
    nh_i128 small[ON_STACK];
    nh_arena *scratch = p->n_node > ON_STACK ? nh_arena_new() : NULL;
    nh_i128 *value = scratch ? nh_arena_array(scratch, p->n_node, sizeof(nh_i128)) : small;
    assert(value);
    for (uint32_t i = 0; i < p->n_node; i++) {
        value[i] = eval_node(p, &p->node[i], value, in, count);
        assert(value[i] >= p->node[i].range.lo && value[i] <= p->node[i].range.hi);
    }
    for (int port = 0; port < p->n_out; port++)
        for (int64_t e = 0; e < p->out[port].n; e++) out[port][e] = value[p->out[port].value[e]];
    nh_arena_free(scratch);
}

void nh_dp_eval(const nh_dp *p, const nh_i128 *const *in, nh_i128 *const *out) { nh_dp_eval_count(p, in, out, NULL); }
