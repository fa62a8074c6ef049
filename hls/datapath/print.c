#include "internal.h"

#include <inttypes.h>

#define DECIMAL 48

static const char *decimal(nh_i128 v, char buf[DECIMAL]) {
    nh_u128 u = v < 0 ? -(nh_u128)v : (nh_u128)v;
    char *at = buf + DECIMAL - 1;
    *at = 0;
    do *--at = (char)('0' + (int)(u % 10));
    while ((u /= 10) != 0);
    if (v < 0) *--at = '-';
    return at;
}

static void print_detail(const nh_dp *p, const nh_dp_node *n, FILE *out) {
    char text[NH_FORMAT_TEXT], number[DECIMAL];
    switch (n->op) {
    case NH_DP_CONST: fprintf(out, " %s", decimal(n->constant, number)); break;
    case NH_DP_MULC: fprintf(out, " * %s frac %d", decimal(n->constant, number), n->cfrac); break;
    case NH_DP_SCALE: fprintf(out, " shift %d", n->shift); break;
    case NH_DP_INPUT: fprintf(out, " %s[%d]", p->in[n->port].name, n->elem); break;
    case NH_DP_CAST: fprintf(out, " %s", nh_format_print(n->fmt, text)); break;
    case NH_DP_TABLE: fprintf(out, " of %s", p->table[n->port].id); break;
    default: break;
    }
}

static void print_node(const nh_dp *p, uint32_t i, FILE *out) {
    const nh_dp_node *n = &p->node[i];
    char lo[DECIMAL], hi[DECIMAL];
    nh_val v[3];
    int operands = nh_dp_operands(n, v);
    fprintf(out, "  %%%" PRIu32 " = %s", i, nh_dp_op_get(n->op)->name);
    for (int k = 0; k < operands; k++) fprintf(out, " %%%" PRIu32, v[k]);
    print_detail(p, n, out);
    fprintf(out, "  # %c%d frac %d [%s, %s] stage %d\n", n->is_signed ? 's' : 'u', n->width, n->frac,
            decimal(n->range.lo, lo), decimal(n->range.hi, hi), n->stage);
}

void nh_dp_print(const nh_dp *p, FILE *out) {
    char text[NH_FORMAT_TEXT];
    fprintf(out, "datapath %s latency %d\n", p->id, p->latency_cycles);
    for (int i = 0; i < p->n_in; i++)
        fprintf(out, "  in %s[%" PRId64 "] %s\n", p->in[i].name, p->in[i].n, nh_format_print(p->in[i].fmt, text));
    for (int i = 0; i < p->n_table; i++)
        fprintf(out, "  table %s[%" PRId64 "] %s\n", p->table[i].id, p->table[i].depth,
                nh_format_print(p->table[i].fmt, text));
    for (uint32_t i = 0; i < p->n_node; i++) print_node(p, i, out);
    for (int i = 0; i < p->n_out; i++)
        for (int64_t e = 0; e < p->out[i].n; e++)
            fprintf(out, "  out %s[%" PRId64 "] = %%%" PRIu32 "\n", p->out[i].name, e, p->out[i].value[e]);
}
