/* A datapath as a netlist: every wire is an unsigned vector of the value's exact width, every operand is extended, cut
 * and aligned by explicit concatenation, so the text means the same in every tool and lints clean. A value used in a
 * later stage than its own passes one nh_reg per crossing: v7, v7_1, v7_2 ... All users of a stage share the copy. */
#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "rtl_parts.h"

typedef struct {
    nh_arena *a; /* scratch of this datapath */
    nh_rtl_out *out;
    nh_vlog *v;
    const nh_dp *dp;
    const char *module;
    int64_t bram_bits;
    nh_val *root;       /* the value whose wire carries this one: SCALE is wiring */
    int *last;          /* last stage in which the root is used, or its own */
    size_t *wire;       /* index of the root's first copy in used[] */
    nh_u128 *used;      /* bits that are read, per copy */
    uint64_t **in_used; /* bits that are read, per input port and element */
    bool *table_used;
    bool uses_clock;
    char *unused; /* list of bits nobody reads */
    size_t unused_size, unused_cap;
} ctx;

static nh_u128 low_bits(int n) { return n >= 128 ? ~(nh_u128)0 : ((nh_u128)1 << n) - 1; }

/* name, name[i] or name[hi:lo] of a wire of `width` bits. */
static const char *slice(ctx *c, const char *name, int64_t width, int64_t hi, int64_t lo) {
    assert(lo >= 0 && hi >= lo && hi < width);
    if (lo == 0 && hi == width - 1) return name;
    if (lo == hi) return nh_arena_printf(c->a, "%s[%lld]", name, (long long)lo);
    return nh_arena_printf(c->a, "%s[%lld:%lld]", name, (long long)hi, (long long)lo);
}

static void unused(ctx *c, const char *what) {
    size_t size = strlen(what) + 2, want = c->unused_size + size + 1;
    if (want > c->unused_cap) c->unused = nh_arena_grow(c->a, c->unused, &c->unused_cap, want, 1);
    memcpy(c->unused + c->unused_size, ", ", 2);
    memcpy(c->unused + c->unused_size + 2, what, size - 1);
    c->unused_size += size;
}

/* --- operands ----------------------------------------------------------------------------------------------------- */

static const char *copy_name(ctx *c, nh_val root, int copy) {
    return copy ? nh_arena_printf(c->a, "v%u_%d", root, copy) : nh_arena_printf(c->a, "v%u", root);
}

static bool is_constant(const ctx *c, nh_val root) { return c->dp->node[root].op == NH_DP_CONST; }

/* Bits [hi:lo] of a value as seen in `stage`; noted as read. */
static const char *bits(ctx *c, nh_val root, int stage, int hi, int lo) {
    const nh_dp_node *n = &c->dp->node[root];
    int copy = stage - n->stage;
    assert(copy >= 0 && stage <= c->last[root]);
    c->used[c->wire[root] + (size_t)copy] |= low_bits(hi + 1) & ~low_bits(lo);
    return slice(c, copy_name(c, root, copy), n->width, hi, lo);
}

/* Exactly `width` bits of value * 2^up (modulo 2^width), read in `stage`; up < 0 drops low bits (floor). */
static const char *operand(ctx *c, nh_val value, int stage, int up, int width) {
    nh_val root = c->root[value];
    const nh_dp_node *n = &c->dp->node[root];
    if (is_constant(c, root)) {
        nh_i128 raw =
            up < 0 ? n->constant >> (up < -127 ? 127 : -up) : (nh_i128)(up < 128 ? (nh_u128)n->constant << up : 0);
        return nh_vlog_literal(c->a, raw, width, false);
    }
    int lo = up < 0 ? -up : 0, zeros = up > 0 ? up : 0;
    if (zeros >= width || (lo >= n->width && !n->is_signed)) return nh_vlog_literal(c->a, 0, width, false);
    if (lo >= n->width) lo = n->width - 1; /* only the sign is left */
    int taken = n->width - lo, room = width - zeros, fill = room - taken;
    const char *text = bits(c, root, stage, fill < 0 ? lo + room - 1 : n->width - 1, lo);
    const char *low = zeros ? nh_arena_printf(c->a, ", %d'd0", zeros) : "";
    if (fill > 0 && !n->is_signed) return nh_arena_printf(c->a, "{%d'd0, %s%s}", fill, text, low);
    if (fill > 0) {
        const char *sign = bits(c, root, stage, n->width - 1, n->width - 1);
        if (fill > 1) sign = nh_arena_printf(c->a, "{%d{%s}}", fill, sign);
        return nh_arena_printf(c->a, "{%s, %s%s}", sign, text, low);
    }
    return zeros ? nh_arena_printf(c->a, "{%s%s}", text, low) : text;
}

static int frac_of(const ctx *c, nh_val v) { return c->dp->node[v].frac; }

/* Both operands of n aligned to the finer frac, in `width` bits each. */
static void aligned(ctx *c, const nh_dp_node *n, nh_val a, nh_val b, int width, const char **ta, const char **tb) {
    int fa = frac_of(c, a), fb = frac_of(c, b), frac = fa > fb ? fa : fb;
    *ta = operand(c, a, n->stage, frac - fa, width);
    *tb = operand(c, b, n->stage, frac - fb, width);
}

/* a <op> b as a 1-bit expression. */
static const char *comparison(ctx *c, const nh_dp_node *n, nh_val a, nh_val b, const char *op) {
    const nh_dp_node *na = &c->dp->node[a], *nb = &c->dp->node[b];
    bool is_signed = na->is_signed || nb->is_signed;
    int frac = na->frac > nb->frac ? na->frac : nb->frac;
    int wa = na->width + frac - na->frac + (is_signed && !na->is_signed);
    int wb = nb->width + frac - nb->frac + (is_signed && !nb->is_signed);
    const char *ta, *tb;
    aligned(c, n, a, b, wa > wb ? wa : wb, &ta, &tb);
    return nh_arena_printf(c->a, is_signed ? "$signed(%s) %s $signed(%s)" : "%s %s %s", ta, op, tb);
}

/* A product keeps its factors' signs in $signed, so that synthesis sees multipliers as narrow as the factors. */
static const char *product(ctx *c, const nh_dp_node *n) {
    const nh_dp_node *na = &c->dp->node[n->a];
    const char *ta = operand(c, n->a, n->stage, 0, n->width), *tb;
    bool b_signed = n->op == NH_DP_MULC ? n->constant < 0 : c->dp->node[n->b].is_signed;
    if (n->op == NH_DP_MULC)
        tb = nh_vlog_literal(c->a, n->constant, n->width, false);
    else
        tb = operand(c, n->b, n->stage, 0, n->width);
    return nh_arena_printf(c->a, na->is_signed || b_signed ? "$signed(%s) * $signed(%s)" : "%s * %s", ta, tb);
}

/* --- casts and tables --------------------------------------------------------------------------------------------- */

/* An instance drives `whole` bits of which the node keeps the low n->width: name of the net to connect. */
static const char *result_net(ctx *c, nh_val at, int whole) {
    const nh_dp_node *n = &c->dp->node[at];
    if (whole == n->width) return copy_name(c, at, 0);
    const char *net = nh_arena_printf(c->a, "w%u", at);
    nh_vlog_wire(c->v, whole, false, "%s", net);
    nh_vlog_assign(c->v, copy_name(c, at, 0), "%s", slice(c, net, whole, n->width - 1, 0));
    unused(c, slice(c, net, whole, whole - 1, n->width));
    return net;
}

static void cast(ctx *c, nh_val at) {
    const nh_dp_node *n = &c->dp->node[at], *x = &c->dp->node[n->a];
    int drop = x->frac - nh_format_frac(n->fmt);
    bool wraps = n->fmt.overflow == NH_OVERFLOW_WRAP; /* also when the value cannot leave the format: nh_dp_cast */
    if (wraps && (n->fmt.round == NH_ROUND_TRN || drop <= 0)) {
        nh_vlog_assign(c->v, copy_name(c, at, 0), "%s", operand(c, n->a, n->stage, -drop, n->width));
        return;
    }
    int out_width = wraps ? n->width : n->fmt.width_bits; /* low bits of a wrapped value are its value */
    const char *y = result_net(c, at, out_width);
    nh_rtl_out_use(c->out, "nh_cast");
    nh_vlog_inst_begin(c->v, "nh_cast", "u_v%u", at);
    nh_vlog_param(c->v, "IN_W", x->width);
    nh_vlog_param(c->v, "IN_SIGNED", x->is_signed);
    nh_vlog_param(c->v, "SHIFT", drop);
    nh_vlog_param(c->v, "OUT_W", out_width);
    nh_vlog_param(c->v, "OUT_SIGNED", wraps ? n->is_signed : n->fmt.is_signed);
    nh_vlog_param(c->v, "ROUND", n->fmt.round);
    nh_vlog_param(c->v, "OVERFLOW", n->fmt.overflow);
    nh_vlog_conn(c->v, "x", "%s", operand(c, n->a, n->stage, 0, x->width));
    nh_vlog_conn(c->v, "y", "%s", y);
    nh_vlog_inst_end(c->v);
}

static int address_width(int64_t depth) {
    int width = 1;
    while (((int64_t)1 << width) < depth) width++;
    return width;
}

/* The ROM's own register is the crossing into the node's stage. */
static void table_read(ctx *c, nh_val at) {
    const nh_dp_node *n = &c->dp->node[at];
    const nh_dp_table *t = &c->dp->table[n->port];
    const char *q = result_net(c, at, t->fmt.width_bits);
    c->table_used[n->port] = c->uses_clock = true;
    nh_rtl_out_use(c->out, "nh_rom");
    nh_vlog_inst_begin(c->v, "nh_rom", "u_v%u", at);
    nh_vlog_param(c->v, "WIDTH", t->fmt.width_bits);
    nh_vlog_param(c->v, "DEPTH", t->depth);
    nh_vlog_param(c->v, "BLOCK", nh_mem_in_block(t->depth, t->fmt.width_bits, c->bram_bits));
    nh_vlog_param_str(c->v, "FILE", nh_arena_printf(c->a, "%s_%s.mem", c->module, t->id));
    nh_vlog_conn(c->v, "clk", "clk");
    nh_vlog_conn(c->v, "en", "en");
    nh_vlog_conn(c->v, "addr", "%s", operand(c, n->a, n->stage - 1, 0, address_width(t->depth)));
    nh_vlog_conn(c->v, "q", "%s", q);
    nh_vlog_inst_end(c->v);
}

/* --- nodes -------------------------------------------------------------------------------------------------------- */

static void input(ctx *c, nh_val at) {
    const nh_dp_node *n = &c->dp->node[at];
    const nh_dp_port *p = &c->dp->in[n->port];
    int64_t w = p->fmt.width_bits, lo = n->elem * w;
    assert(n->width <= w);
    c->in_used[n->port][n->elem] |= (uint64_t)low_bits(n->width);
    nh_vlog_assign(c->v, copy_name(c, at, 0), "%s", slice(c, p->name, p->n * w, lo + n->width - 1, lo));
}

static void node(ctx *c, nh_val at) {
    const nh_dp_node *n = &c->dp->node[at];
    const char *lhs = copy_name(c, at, 0), *ta, *tb;
    nh_vlog_wire(c->v, n->width, false, "%s", lhs);
    switch (n->op) {
    case NH_DP_INPUT: input(c, at); return;
    case NH_DP_CAST: cast(c, at); return;
    case NH_DP_TABLE: table_read(c, at); return;
    case NH_DP_ADD:
    case NH_DP_SUB:
        aligned(c, n, n->a, n->b, n->width, &ta, &tb);
        nh_vlog_assign(c->v, lhs, "%s %c %s", ta, n->op == NH_DP_ADD ? '+' : '-', tb);
        return;
    case NH_DP_NEG: nh_vlog_assign(c->v, lhs, "-%s", operand(c, n->a, n->stage, 0, n->width)); return;
    case NH_DP_MUL:
    case NH_DP_MULC: nh_vlog_assign(c->v, lhs, "%s", product(c, n)); return;
    case NH_DP_LT: nh_vlog_assign(c->v, lhs, "%s", comparison(c, n, n->a, n->b, "<")); return;
    case NH_DP_LE: nh_vlog_assign(c->v, lhs, "%s", comparison(c, n, n->a, n->b, "<=")); return;
    case NH_DP_EQ: nh_vlog_assign(c->v, lhs, "%s", comparison(c, n, n->a, n->b, "==")); return;
    case NH_DP_SELECT:
        aligned(c, n, n->b, n->c, n->width, &ta, &tb);
        nh_vlog_assign(c->v, lhs, "%s ? %s : %s", operand(c, n->a, n->stage, 0, 1), ta, tb);
        return;
    case NH_DP_MIN:
    case NH_DP_MAX:
        aligned(c, n, n->a, n->b, n->width, &ta, &tb);
        nh_vlog_assign(c->v, lhs, "(%s) ? %s : %s", comparison(c, n, n->a, n->b, n->op == NH_DP_MIN ? "<" : ">"), ta,
                       tb);
        return;
    case NH_DP_CONST:
    case NH_DP_SCALE:
    case NH_DP_OP_COUNT: break;
    }
    assert(false); /* has_wire excludes them */
}

/* v1 <- v, v2 <- v1, ... up to the last stage that reads the value. */
static void copies(ctx *c, nh_val at) {
    const nh_dp_node *n = &c->dp->node[at];
    for (int stage = n->stage; stage < c->last[at]; stage++) {
        const char *q = copy_name(c, at, stage + 1 - n->stage);
        nh_vlog_wire(c->v, n->width, false, "%s", q);
        nh_rtl_out_use(c->out, "nh_reg");
        nh_vlog_inst_begin(c->v, "nh_reg", "u_%s", q);
        nh_vlog_param(c->v, "WIDTH", n->width);
        nh_vlog_conn(c->v, "clk", "clk");
        nh_vlog_conn(c->v, "en", "en");
        nh_vlog_conn(c->v, "d", "%s", bits(c, at, stage, n->width - 1, 0));
        nh_vlog_conn(c->v, "q", "%s", q);
        nh_vlog_inst_end(c->v);
        c->uses_clock = true;
    }
}

/* --- the module --------------------------------------------------------------------------------------------------- */

static bool has_wire(const ctx *c, nh_val v) {
    const nh_dp_node *n = &c->dp->node[v];
    return n->is_live && n->op != NH_DP_CONST && n->op != NH_DP_SCALE;
}

static void use(ctx *c, nh_val value, int stage) {
    nh_val root = c->root[value];
    if (stage > c->last[root]) c->last[root] = stage;
}

/* Who carries which value, and how far through the pipeline. */
static void analyse(ctx *c) {
    const nh_dp *p = c->dp;
    size_t n = p->n_node, n_wire = 0;
    c->root = nh_arena_array(c->a, n + 1, sizeof *c->root);
    c->last = nh_arena_array(c->a, n + 1, sizeof *c->last);
    c->wire = nh_arena_array(c->a, n + 1, sizeof *c->wire);
    for (nh_val i = 0; i < p->n_node; i++) {
        c->root[i] = p->node[i].op == NH_DP_SCALE ? c->root[p->node[i].a] : i;
        c->last[i] = p->node[i].stage;
    }
    for (nh_val i = 0; i < p->n_node; i++) {
        const nh_dp_node *d = &p->node[i];
        if (!has_wire(c, i)) continue;
        nh_val operand[3];
        int n_operand = nh_dp_operands(d, operand);
        for (int k = 0; k < n_operand; k++) use(c, operand[k], d->stage - (d->op == NH_DP_TABLE));
    }
    for (int o = 0; o < p->n_out; o++)
        for (int64_t e = 0; e < p->out[o].n; e++) use(c, p->out[o].value[e], p->latency_cycles);
    for (nh_val i = 0; i < p->n_node; i++) {
        c->wire[i] = n_wire;
        if (has_wire(c, i)) n_wire += (size_t)(c->last[i] - p->node[i].stage) + 1;
    }
    c->used = nh_arena_array(c->a, n_wire + 1, sizeof *c->used);
    c->in_used = nh_arena_array(c->a, (size_t)p->n_in + 1, sizeof *c->in_used);
    for (int i = 0; i < p->n_in; i++) c->in_used[i] = nh_arena_array(c->a, (size_t)p->in[i].n + 1, sizeof **c->in_used);
    c->table_used = nh_arena_array(c->a, (size_t)p->n_table + 1, sizeof *c->table_used);
}

static void ports(ctx *c) {
    const nh_dp *p = c->dp;
    nh_vlog_port(c->v, "input", 1, "clk");
    nh_vlog_port(c->v, "input", 1, "en");
    for (int i = 0; i < p->n_in; i++) nh_vlog_port(c->v, "input", p->in[i].n * p->in[i].fmt.width_bits, p->in[i].name);
    for (int i = 0; i < p->n_out; i++)
        nh_vlog_port(c->v, "output", p->out[i].n * p->out[i].fmt.width_bits, p->out[i].name);
    nh_vlog_module_body(c->v);
}

static void outputs(ctx *c) {
    const nh_dp *p = c->dp;
    for (int o = 0; o < p->n_out; o++) {
        const nh_dp_port *port = &p->out[o];
        int w = port->fmt.width_bits;
        for (int64_t e = 0; e < port->n; e++)
            nh_vlog_assign(c->v, slice(c, port->name, port->n * w, (e + 1) * w - 1, e * w), "%s",
                           operand(c, port->value[e], p->latency_cycles, 0, w));
    }
}

/* Runs of bits that nobody reads, of one wire. */
static void unused_wire(ctx *c, nh_val at, int copy) {
    int width = c->dp->node[at].width;
    nh_u128 left = low_bits(width) & ~c->used[c->wire[at] + (size_t)copy];
    for (int lo = 0; lo < width && left >> lo; lo++) {
        if (!(left >> lo & 1)) continue;
        int hi = lo;
        while (hi + 1 < width && (left >> (hi + 1) & 1)) hi++;
        unused(c, slice(c, copy_name(c, at, copy), width, hi, lo));
        lo = hi;
    }
}

/* Runs of unread bits of a flat input port; a run may span elements. */
static void unused_port(ctx *c, int index) {
    const nh_dp_port *p = &c->dp->in[index];
    int64_t w = p->fmt.width_bits, n = p->n * w, begin = -1;
    for (int64_t i = 0; i <= n; i++) {
        bool read = i == n || (c->in_used[index][i / w] >> (i % w) & 1);
        if (!read && begin < 0) begin = i;
        if (!read || begin < 0) continue;
        unused(c, slice(c, p->name, n, i - 1, begin));
        begin = -1;
    }
}

static void unused_bits(ctx *c) {
    if (!c->uses_clock) {
        unused(c, "clk");
        unused(c, "en");
    }
    for (int i = 0; i < c->dp->n_in; i++) unused_port(c, i);
    for (nh_val i = 0; i < c->dp->n_node; i++)
        for (int k = 0; has_wire(c, i) && k <= c->last[i] - c->dp->node[i].stage; k++) unused_wire(c, i, k);
    if (!c->unused_size) return;
    nh_vlog_wire(c->v, 1, false, "unused");
    nh_vlog_assign(c->v, "unused", "&{1'b0%s}", c->unused);
}

static bool tables(ctx *c, nh_diag *d) {
    for (int i = 0; i < c->dp->n_table; i++) {
        const nh_dp_table *t = &c->dp->table[i];
        if (!c->table_used[i]) continue;
        const char *path =
            nh_rtl_out_file(c->out, NH_BIN_DATA, nh_arena_printf(c->out->arena, "%s_%s.mem", c->module, t->id));
        if (!nh_mem_table(c->a, d, t, path, c->out->made)) return false;
    }
    return true;
}

bool nh_rtl_dp_file(nh_rtl_out *o, nh_diag *d, const nh_dp *dp, const char *prefix, int64_t bram_bits) {
    nh_arena *scratch = nh_arena_new();
    ctx c = {.a = scratch, .out = o, .dp = dp, .bram_bits = bram_bits};
    c.module = nh_arena_printf(scratch, "%s_%s", prefix, dp->id);
    const char *file = nh_arena_printf(o->arena, "%s.v", c.module);
    c.v = nh_vlog_open(scratch, nh_rtl_out_file(o, NH_BIN_NETLIST, file));
    nh_rtl_header(
        c.v, o->made, file,
        nh_arena_printf(scratch, "datapath of %u operations, latency %d cycles", dp->n_node, dp->latency_cycles));
    nh_vlog_module_begin(c.v, c.module);
    ports(&c);
    analyse(&c);
    for (nh_val i = 0; i < dp->n_node; i++) {
        if (!has_wire(&c, i)) continue;
        node(&c, i);
        copies(&c, i);
    }
    outputs(&c);
    unused_bits(&c);
    nh_vlog_module_end(c.v);
    bool ok = nh_vlog_close(c.v, d);
    ok = tables(&c, d) && ok;
    nh_arena_free(scratch);
    return ok;
}
