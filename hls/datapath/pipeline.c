#include "internal.h"

#include <assert.h>

/* Estimated delay of the combinational logic of one node. */
static double delay_ns(const nh_dp *p, const nh_dp_node *n, const nh_dp_timing *t) {
    int in = n->a == NH_DP_NONE ? 0 : p->node[n->a].width;
    int in2 = n->b == NH_DP_NONE ? 0 : p->node[n->b].width;
    int compared = in > in2 ? in : in2;
    switch (n->op) {
    case NH_DP_ADD:
    case NH_DP_SUB:
    case NH_DP_NEG: return t->lut_ns + t->carry_ns_per_bit * n->width;
    case NH_DP_LT:
    case NH_DP_LE:
    case NH_DP_EQ: return t->lut_ns + t->carry_ns_per_bit * compared;
    case NH_DP_MIN:
    case NH_DP_MAX: return 2 * t->lut_ns + t->carry_ns_per_bit * compared;
    case NH_DP_SELECT: return t->lut_ns;
    case NH_DP_MUL:
    case NH_DP_MULC: return t->mul_ns;
    case NH_DP_CAST: {
        double ns = 0;
        if (n->fmt.round != NH_ROUND_TRN) ns += t->lut_ns + t->carry_ns_per_bit * n->width;
        if (n->fmt.overflow != NH_OVERFLOW_WRAP) ns += 2 * t->lut_ns; /* detect, choose */
        return ns;
    }
    case NH_DP_TABLE: return t->bram_ns; /* clock edge to data */
    case NH_DP_CONST:
    case NH_DP_INPUT:
    case NH_DP_SCALE:
    case NH_DP_OP_COUNT: break;
    }
    return 0;
}

/* As soon as possible: a node goes to its operands' stage when what is left of the period suffices, else to the next.
 * Sums and casts come out narrower than what goes in, so early is also what needs few register bits. */
void nh_dp_pipeline(nh_dp *p, const nh_dp_timing *t, bool register_output) {
    double budget_ns = t->period_ns - t->setup_ns;
    double *ready_ns = nh_arena_array(p->arena, (size_t)p->n_node + 1, sizeof(double)); /* within the node's stage */
    assert(ready_ns);
    int last = 0;
    for (uint32_t i = 0; i < p->n_node; i++) {
        nh_dp_node *n = &p->node[i];
        nh_val v[3];
        int operands = nh_dp_operands(n, v);
        double start_ns = 0, ns = delay_ns(p, n, t);
        n->stage = 0;
        for (int k = 0; k < operands; k++) {
            const nh_dp_node *from = &p->node[v[k]];
            if (from->stage > n->stage) {
                n->stage = from->stage;
                start_ns = 0;
            }
            if (from->stage == n->stage && ready_ns[v[k]] > start_ns) start_ns = ready_ns[v[k]];
        }
        if (n->op == NH_DP_TABLE || (start_ns > 0 && start_ns + ns > budget_ns)) {
            n->stage++;
            start_ns = 0;
        }
        ready_ns[i] = start_ns + ns;
        if (n->stage > last) last = n->stage;
    }
    p->latency_cycles = last + (register_output ? 1 : 0);
}
