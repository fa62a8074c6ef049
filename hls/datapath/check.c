#include "internal.h"

static bool inside(nh_range inner, nh_range outer) { return inner.lo >= outer.lo && inner.hi <= outer.hi; }

static const char *check_facts(const nh_dp *p, const nh_dp_node *n) {
    bool is_signed;
    if (n->range.lo > n->range.hi) return "an interval is empty";
    if (nh_range_width(n->range, &is_signed) != n->width || is_signed != n->is_signed)
        return "a width is not its interval's";
    if (nh_dp_bits(n->range) > NH_DP_BITS + 1) return "a value needs more than 127 bits";
    switch (n->op) {
    case NH_DP_INPUT:
        if (n->port < 0 || n->port >= p->n_in || n->elem < 0 || n->elem >= p->in[n->port].n)
            return "an input is not of a port";
        if (n->frac != nh_format_frac(p->in[n->port].fmt)) return "an input's frac is not its port's";
        return inside(n->range, nh_range_of(p->in[n->port].fmt)) ? NULL : "an input's interval leaves its format";
    case NH_DP_CONST:
        return n->range.lo == n->constant && n->range.hi == n->constant ? NULL
                                                                        : "a constant's interval is not the constant";
    case NH_DP_SCALE: return n->frac == p->node[n->a].frac - n->shift ? NULL : "a scale changes more than the frac";
    case NH_DP_SELECT: return inside(p->node[n->a].range, (nh_range){0, 1}) ? NULL : "a condition is not 0 or 1";
    case NH_DP_CAST:
        if (n->frac != nh_format_frac(n->fmt)) return "a cast's frac is not its format's";
        return inside(n->range, nh_range_of(n->fmt)) ? NULL : "a cast's interval leaves its format";
    case NH_DP_TABLE:
        if (n->port < 0 || n->port >= p->n_table) return "a table does not exist";
        if (p->node[n->a].frac != 0) return "a table index is not an integer";
        return inside(p->node[n->a].range, (nh_range){0, p->table[n->port].depth - 1})
                   ? NULL
                   : "a table index leaves the table";
    default: return NULL;
    }
}

/* Before nh_dp_pipeline all stages are 0 but those of tables are not ordered yet. */
static const char *check_stages(const nh_dp *p, const nh_dp_node *n, const nh_val *v, int operands) {
    if (p->latency_cycles == 0 && n->op != NH_DP_TABLE) return n->stage == 0 ? NULL : "a stage without a pipeline";
    if (n->stage > p->latency_cycles) return "a stage is beyond the last";
    for (int k = 0; k < operands; k++) {
        int from = p->node[v[k]].stage;
        if (from > n->stage) return "a value is used in a stage before its own";
        if (n->op == NH_DP_TABLE && p->latency_cycles > 0 && from >= n->stage)
            return "a table is read in the stage of its index";
    }
    return NULL;
}

static const char *check_output(const nh_dp *p, const nh_dp_port *out, int64_t e) {
    nh_val v = out->value[e];
    if (v == NH_DP_NONE) return "an output is not set";
    if (v >= p->n_node) return "an output is not a node";
    if (p->node[v].frac != nh_format_frac(out->fmt)) return "an output's frac is not its port's";
    return inside(p->node[v].range, nh_range_of(out->fmt)) ? NULL : "an output's interval leaves its format";
}

const char *nh_dp_check(const nh_dp *p) {
    if (p->overflow128) return "an intermediate needs more than 127 bits";
    for (uint32_t i = 0; i < p->n_node; i++) {
        const nh_dp_node *n = &p->node[i];
        if ((unsigned)n->op >= NH_DP_OP_COUNT) return "an operation does not exist";
        nh_val v[3];
        int operands = nh_dp_operands(n, v);
        for (int k = 0; k < operands; k++)
            if (v[k] >= i) return "an operand does not come before its user";
        const char *why = check_facts(p, n);
        if (!why) why = check_stages(p, n, v, operands);
        if (why) return why;
    }
    for (int port = 0; port < p->n_out; port++)
        for (int64_t e = 0; e < p->out[port].n; e++) {
            const char *why = check_output(p, &p->out[port], e);
            if (why) return why;
        }
    return NULL;
}
