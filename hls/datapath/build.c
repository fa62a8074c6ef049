#include "internal.h"

#include <assert.h>
#include <string.h>

int nh_dp_op_operands(nh_dp_op op) {
    static const int operands[NH_DP_OP_COUNT] = {
        [NH_DP_CONST] = 0, [NH_DP_INPUT] = 0, [NH_DP_ADD] = 2,  [NH_DP_SUB] = 2,   [NH_DP_NEG] = 1, [NH_DP_SCALE] = 1,
        [NH_DP_MUL] = 2,   [NH_DP_MULC] = 1,  [NH_DP_LT] = 2,   [NH_DP_LE] = 2,    [NH_DP_EQ] = 2,  [NH_DP_SELECT] = 3,
        [NH_DP_MIN] = 2,   [NH_DP_MAX] = 2,   [NH_DP_CAST] = 1, [NH_DP_TABLE] = 1,
    };
    assert(op < NH_DP_OP_COUNT);
    return operands[op];
}

int nh_dp_operands(const nh_dp_node *n, nh_val v[3]) {
    v[0] = n->a;
    v[1] = n->b;
    v[2] = n->c;
    return nh_dp_op_operands(n->op);
}

/* --- intervals ------------------------------------------------------------------------------------------------- */

int nh_dp_bits(nh_range r) { return nh_range_signed_width(r); }

bool nh_dp_shl(nh_range r, int shift, nh_range *out) {
    assert(shift >= 0);
    *out = r;
    if (r.lo == 0 && r.hi == 0) return true;
    if (shift > NH_DP_BITS || nh_dp_bits(r) + shift > NH_DP_BITS) return false;
    nh_i128 factor = (nh_i128)1 << shift;
    out->lo = r.lo * factor;
    out->hi = r.hi * factor;
    return true;
}

bool nh_dp_align(nh_dp *p, nh_val a, nh_val b, int *frac, nh_range *ra, nh_range *rb) {
    const nh_dp_node *x = &p->node[a], *y = &p->node[b];
    *frac = x->frac > y->frac ? x->frac : y->frac;
    if (nh_dp_shl(x->range, *frac - x->frac, ra) && nh_dp_shl(y->range, *frac - y->frac, rb)) return true;
    p->overflow128 = true;
    return false;
}

bool nh_dp_is_const(const nh_dp *p, nh_val v, nh_i128 raw) {
    return p->node[v].op == NH_DP_CONST && p->node[v].constant == raw;
}

/* --- interning ------------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t v) {
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ (h >> 29);
}

static uint64_t node_hash(const nh_dp_node *n) {
    uint64_t h = mix((uint64_t)n->op, n->a);
    h = mix(h, ((uint64_t)n->b << 32) | n->c);
    h = mix(h, (uint64_t)n->constant);
    h = mix(h, (uint64_t)(n->constant >> 64));
    h = mix(h, ((uint64_t)(uint32_t)n->port << 32) | (uint32_t)n->elem);
    h = mix(h, ((uint64_t)(uint32_t)n->frac << 32) | (uint32_t)(n->cfrac * 977 + n->shift));
    return mix(h, (uint64_t)(n->fmt.width_bits * 64 + (int)n->fmt.round * 8 + (int)n->fmt.overflow));
}

static bool node_equal(const nh_dp_node *x, const nh_dp_node *y) {
    return x->op == y->op && x->a == y->a && x->b == y->b && x->c == y->c && x->constant == y->constant &&
           x->cfrac == y->cfrac && x->shift == y->shift && x->port == y->port && x->elem == y->elem &&
           x->frac == y->frac && (x->op != NH_DP_CAST || (nh_format_equal(x->fmt, y->fmt) && x->is_cut == y->is_cut));
}

static size_t slot_of(const nh_dp *p, const nh_dp_node *n) {
    size_t mask = p->hash->n_slot - 1, s = (size_t)node_hash(n) & mask;
    while (p->hash->slot[s] != 0 && !node_equal(&p->node[p->hash->slot[s] - 1], n)) s = (s + 1) & mask;
    return s;
}

static void rehash(nh_dp *p, size_t n_slot) {
    p->hash->slot = nh_arena_array(p->arena, n_slot, sizeof(uint32_t));
    p->hash->n_slot = n_slot;
    for (uint32_t i = 0; i < p->n_node; i++) p->hash->slot[slot_of(p, &p->node[i])] = i + 1;
}

nh_val nh_dp_intern(nh_dp *p, nh_dp_node n) {
    assert(n.range.lo <= n.range.hi);
    if (n.op != NH_DP_CONST && n.range.lo == n.range.hi) return nh_dp_const(p, n.range.lo, n.frac);
    size_t s = slot_of(p, &n);
    if (p->hash->slot[s] != 0) return p->hash->slot[s] - 1;
    n.width = nh_range_width(n.range, &n.is_signed);
    n.is_live = true;
    p->node = nh_arena_grow(p->arena, p->node, &p->cap_node, (size_t)p->n_node + 1, sizeof(nh_dp_node));
    p->node[p->n_node] = n;
    p->hash->slot[s] = ++p->n_node;
    if ((size_t)p->n_node * 2 > p->hash->n_slot) rehash(p, p->hash->n_slot * 2);
    return p->n_node - 1;
}

void nh_dp_narrow(nh_dp *p, nh_val v, nh_range r) {
    nh_dp_node *n = &p->node[v];
    if (r.lo > n->range.lo) n->range.lo = r.lo;
    if (r.hi < n->range.hi) n->range.hi = r.hi;
    assert(n->range.lo <= n->range.hi);
    n->width = nh_range_width(n->range, &n->is_signed);
}

void nh_dp_redirect(nh_dp *p, const nh_val *map, uint32_t n) {
    for (uint32_t i = 0; i < p->n_node; i++) {
        nh_dp_node *x = &p->node[i];
        if (x->a < n) x->a = map[x->a];
        if (x->b < n) x->b = map[x->b];
        if (x->c < n) x->c = map[x->c];
    }
    for (int port = 0; port < p->n_out; port++)
        for (int64_t e = 0; e < p->out[port].n; e++)
            if (p->out[port].value[e] < n) p->out[port].value[e] = map[p->out[port].value[e]];
    rehash(p, p->hash->n_slot);
}

void nh_dp_adopt(nh_dp *p, nh_dp_node *node, uint32_t n) {
    size_t n_slot = 64;
    while (n_slot < (size_t)n * 2) n_slot *= 2;
    p->node = node;
    p->n_node = n;
    p->cap_node = n;
    rehash(p, n_slot);
}

static nh_dp_node make(nh_dp_op op, nh_val a, nh_val b, nh_val c) {
    return (nh_dp_node){.op = op, .a = a, .b = b, .c = c};
}

/* The stand-in for a value that does not fit; p->overflow128 tells the caller that the datapath is not usable. */
static nh_val too_wide(nh_dp *p, int frac) {
    p->overflow128 = true;
    return nh_dp_const(p, 0, frac);
}

/* --- ports ------------------------------------------------------------------------------------------------------ */

nh_dp *nh_dp_new(nh_arena *a, const char *id) {
    nh_dp *p = NH_NEW(a, nh_dp);
    p->arena = a;
    p->id = nh_arena_str(a, id);
    p->hash = NH_NEW(a, nh_dp_hash);
    rehash(p, 64);
    return p;
}

static int add_port(nh_dp *p, nh_dp_port **list, int *count, const char *name, int64_t n, nh_format fmt) {
    nh_dp_port *grown = nh_arena_array(p->arena, (size_t)*count + 1, sizeof(nh_dp_port));
    if (*count > 0) memcpy(grown, *list, (size_t)*count * sizeof(nh_dp_port));
    grown[*count] = (nh_dp_port){.name = nh_arena_str(p->arena, name), .n = n, .fmt = fmt};
    *list = grown;
    return (*count)++;
}

int nh_dp_in_port(nh_dp *p, const char *name, int64_t n, nh_format fmt) {
    assert(n >= 1);
    return add_port(p, &p->in, &p->n_in, name, n, fmt);
}

nh_val nh_dp_input(nh_dp *p, int port, int64_t elem, nh_range range) {
    assert(port >= 0 && port < p->n_in && elem >= 0 && elem < p->in[port].n && elem <= INT32_MAX);
    nh_range whole = nh_range_of(p->in[port].fmt);
    assert(range.lo >= whole.lo && range.hi <= whole.hi);
    (void)whole;
    nh_dp_node n = make(NH_DP_INPUT, NH_DP_NONE, NH_DP_NONE, NH_DP_NONE);
    n.port = port;
    n.elem = (int)elem;
    n.frac = nh_format_frac(p->in[port].fmt);
    n.range = range;
    return nh_dp_intern(p, n);
}

int nh_dp_out_port(nh_dp *p, const char *name, int64_t n, nh_format fmt) {
    assert(n >= 1);
    int port = add_port(p, &p->out, &p->n_out, name, n, fmt);
    p->out[port].value = nh_arena_array(p->arena, (size_t)n, sizeof(nh_val));
    assert(p->out[port].value);
    for (int64_t i = 0; i < n; i++) p->out[port].value[i] = NH_DP_NONE;
    return port;
}

void nh_dp_output(nh_dp *p, int port, int64_t elem, nh_val v) {
    assert(port >= 0 && port < p->n_out && elem >= 0 && elem < p->out[port].n && v < p->n_node);
    p->out[port].value[elem] = v;
}

/* --- operations -------------------------------------------------------------------------------------------------- */

nh_val nh_dp_const(nh_dp *p, nh_i128 raw, int frac) {
    nh_dp_node n = make(NH_DP_CONST, NH_DP_NONE, NH_DP_NONE, NH_DP_NONE);
    n.constant = raw;
    n.frac = frac;
    n.range = (nh_range){raw, raw};
    return nh_dp_intern(p, n);
}

nh_val nh_dp_add(nh_dp *p, nh_val a, nh_val b) {
    if (nh_dp_is_const(p, a, 0)) return b;
    if (nh_dp_is_const(p, b, 0)) return a;
    if (p->node[b].op == NH_DP_NEG) return nh_dp_sub(p, a, p->node[b].a);
    if (p->node[a].op == NH_DP_NEG) return nh_dp_sub(p, b, p->node[a].a);
    nh_range ra, rb;
    nh_dp_node n = a < b ? make(NH_DP_ADD, a, b, NH_DP_NONE) : make(NH_DP_ADD, b, a, NH_DP_NONE);
    if (!nh_dp_align(p, a, b, &n.frac, &ra, &rb)) return too_wide(p, n.frac);
    n.range = (nh_range){ra.lo + rb.lo, ra.hi + rb.hi};
    if (nh_dp_bits(n.range) > NH_DP_BITS) return too_wide(p, n.frac);
    return nh_dp_intern(p, n);
}

nh_val nh_dp_sub(nh_dp *p, nh_val a, nh_val b) {
    if (a == b) return nh_dp_const(p, 0, p->node[a].frac);
    if (nh_dp_is_const(p, b, 0)) return a;
    if (nh_dp_is_const(p, a, 0)) return nh_dp_neg(p, b);
    if (p->node[b].op == NH_DP_NEG) return nh_dp_add(p, a, p->node[b].a);
    nh_range ra, rb;
    nh_dp_node n = make(NH_DP_SUB, a, b, NH_DP_NONE);
    if (!nh_dp_align(p, a, b, &n.frac, &ra, &rb)) return too_wide(p, n.frac);
    n.range = (nh_range){ra.lo - rb.hi, ra.hi - rb.lo};
    if (nh_dp_bits(n.range) > NH_DP_BITS) return too_wide(p, n.frac);
    return nh_dp_intern(p, n);
}

nh_val nh_dp_neg(nh_dp *p, nh_val a) {
    const nh_dp_node *x = &p->node[a];
    if (x->op == NH_DP_NEG) return x->a;
    if (x->op == NH_DP_SUB) return nh_dp_sub(p, x->b, x->a);
    nh_dp_node n = make(NH_DP_NEG, a, NH_DP_NONE, NH_DP_NONE);
    n.frac = x->frac;
    n.range = (nh_range){-x->range.hi, -x->range.lo};
    return nh_dp_intern(p, n);
}

nh_val nh_dp_scale(nh_dp *p, nh_val a, int shift) {
    const nh_dp_node *x = &p->node[a];
    if (shift == 0) return a;
    if (x->op == NH_DP_SCALE) return nh_dp_scale(p, x->a, x->shift + shift);
    nh_dp_node n = make(NH_DP_SCALE, a, NH_DP_NONE, NH_DP_NONE);
    n.shift = shift;
    n.frac = x->frac - shift;
    n.range = x->range;
    return nh_dp_intern(p, n);
}

static bool product_range(nh_range a, nh_range b, nh_range *out) {
    if (nh_dp_bits(a) + nh_dp_bits(b) > NH_DP_BITS) return false;
    *out = nh_range_mul(a, b);
    return true;
}

nh_val nh_dp_mul(nh_dp *p, nh_val a, nh_val b) {
    const nh_dp_node *x = &p->node[a], *y = &p->node[b];
    if (x->op == NH_DP_CONST) return nh_dp_mulc(p, b, x->constant, x->frac);
    if (y->op == NH_DP_CONST) return nh_dp_mulc(p, a, y->constant, y->frac);
    nh_dp_node n = a < b ? make(NH_DP_MUL, a, b, NH_DP_NONE) : make(NH_DP_MUL, b, a, NH_DP_NONE);
    n.frac = x->frac + y->frac;
    if (!product_range(x->range, y->range, &n.range)) return too_wide(p, n.frac);
    if (a == b) n.range.lo = x->range.lo > 0 || x->range.hi < 0 ? n.range.lo : 0; /* a square */
    return nh_dp_intern(p, n);
}

/* The constant of a MULC is odd and positive: its power of two is wiring, so that x*3, x*6 and -x*12 share. */
nh_val nh_dp_mulc(nh_dp *p, nh_val a, nh_i128 raw, int frac) {
    if (raw == 0) return nh_dp_const(p, 0, p->node[a].frac + frac);
    while (raw % 2 == 0) {
        raw /= 2;
        frac--;
    }
    if (raw == 1) return nh_dp_scale(p, a, -frac);
    if (raw < 0) return nh_dp_neg(p, nh_dp_mulc(p, a, -raw, frac)); /* what is added is then subtracted */
    nh_dp_node n = make(NH_DP_MULC, a, NH_DP_NONE, NH_DP_NONE);
    n.constant = raw;
    n.frac = p->node[a].frac;
    if (!product_range(p->node[a].range, (nh_range){raw, raw}, &n.range)) return too_wide(p, n.frac + frac);
    return nh_dp_scale(p, nh_dp_intern(p, n), -frac);
}

/* 1 = certainly true, 0 = certainly false, -1 = depends. */
static int decide(nh_dp_op op, nh_range a, nh_range b) {
    switch (op) {
    case NH_DP_LT: return a.hi < b.lo ? 1 : a.lo >= b.hi ? 0 : -1;
    case NH_DP_LE: return a.hi <= b.lo ? 1 : a.lo > b.hi ? 0 : -1;
    default: return a.hi < b.lo || b.hi < a.lo ? 0 : -1;
    }
}

static nh_val compare(nh_dp *p, nh_dp_op op, nh_val a, nh_val b) {
    int frac;
    nh_range ra, rb;
    if (a == b) return nh_dp_const(p, op != NH_DP_LT, 0);
    if (!nh_dp_align(p, a, b, &frac, &ra, &rb)) return too_wide(p, 0);
    int known = decide(op, ra, rb);
    if (known >= 0) return nh_dp_const(p, known, 0);
    if (ra.lo == ra.hi && rb.lo == rb.hi) return nh_dp_const(p, ra.lo == rb.lo, 0);
    nh_dp_node n = op == NH_DP_EQ && b < a ? make(op, b, a, NH_DP_NONE) : make(op, a, b, NH_DP_NONE);
    n.range = (nh_range){0, 1};
    return nh_dp_intern(p, n);
}

nh_val nh_dp_lt(nh_dp *p, nh_val a, nh_val b) { return compare(p, NH_DP_LT, a, b); }
nh_val nh_dp_le(nh_dp *p, nh_val a, nh_val b) { return compare(p, NH_DP_LE, a, b); }
nh_val nh_dp_eq(nh_dp *p, nh_val a, nh_val b) { return compare(p, NH_DP_EQ, a, b); }

nh_val nh_dp_select(nh_dp *p, nh_val cond, nh_val a, nh_val b) {
    assert(p->node[cond].frac == 0 && p->node[cond].range.lo >= 0 && p->node[cond].range.hi <= 1);
    if (p->node[cond].op == NH_DP_CONST) return p->node[cond].constant ? a : b;
    if (a == b) return a;
    if (nh_dp_is_const(p, a, 1) && nh_dp_is_const(p, b, 0) && p->node[a].frac == 0) return cond;
    nh_range ra, rb;
    nh_dp_node n = make(NH_DP_SELECT, cond, a, b);
    if (!nh_dp_align(p, a, b, &n.frac, &ra, &rb)) return too_wide(p, n.frac);
    n.range = nh_range_hull(ra, rb);
    return nh_dp_intern(p, n);
}

static nh_val extreme(nh_dp *p, nh_dp_op op, nh_val a, nh_val b) {
    if (a == b) return a;
    nh_range ra, rb;
    nh_dp_node n = a < b ? make(op, a, b, NH_DP_NONE) : make(op, b, a, NH_DP_NONE);
    if (!nh_dp_align(p, a, b, &n.frac, &ra, &rb)) return too_wide(p, n.frac);
    if (ra.hi <= rb.lo) return op == NH_DP_MIN ? a : b;
    if (rb.hi <= ra.lo) return op == NH_DP_MIN ? b : a;
    if (op == NH_DP_MIN)
        n.range = (nh_range){ra.lo < rb.lo ? ra.lo : rb.lo, ra.hi < rb.hi ? ra.hi : rb.hi};
    else
        n.range = (nh_range){ra.lo > rb.lo ? ra.lo : rb.lo, ra.hi > rb.hi ? ra.hi : rb.hi};
    return nh_dp_intern(p, n);
}

nh_val nh_dp_min(nh_dp *p, nh_val a, nh_val b) { return extreme(p, NH_DP_MIN, a, b); }
nh_val nh_dp_max(nh_dp *p, nh_val a, nh_val b) { return extreme(p, NH_DP_MAX, a, b); }

/* Does the rounded value stay inside the format? Rounding is monotone, so both ends decide. */
static bool never_overflows(nh_range r, int frac, nh_format to) {
    nh_fx_count count = {0};
    nh_format saturating = to;
    saturating.overflow = NH_OVERFLOW_SAT;
    nh_i128 lo = nh_fx_convert(r.lo, frac, saturating, &count), hi = nh_fx_convert(r.hi, frac, saturating, &count);
    return count.overflowed == 0 && lo >= nh_format_min(to) && hi <= nh_format_max(to);
}

static nh_val cast(nh_dp *p, nh_val a, nh_format to, bool is_cut) {
    const nh_dp_node *x = &p->node[a];
    int frac = nh_format_frac(to);
    if (x->op == NH_DP_CONST) return nh_dp_const(p, nh_fx_convert(x->constant, x->frac, to, NULL), frac);
    nh_dp_node n = make(NH_DP_CAST, a, NH_DP_NONE, NH_DP_NONE);
    n.range = nh_range_convert(x->range, x->frac, to);
    n.frac = frac;
    /* Modes that cannot act are normalised away, so that equal casts are found equal and cost nothing. */
    if (x->frac <= frac) to.round = NH_ROUND_TRN;
    if (never_overflows(x->range, x->frac, to)) {
        if (x->frac == frac) return a;
        to.overflow = NH_OVERFLOW_WRAP;
    }
    n.fmt = to;
    n.is_cut = is_cut;
    return nh_dp_intern(p, n);
}

nh_val nh_dp_cast(nh_dp *p, nh_val a, nh_format to) { return cast(p, a, to, false); }

nh_val nh_dp_cut(nh_dp *p, nh_val v, nh_format to) { return cast(p, v, to, true); }

int nh_dp_add_table(nh_dp *p, const char *id, int64_t depth, nh_format fmt, const int64_t *raw) {
    assert(depth >= 1);
    bool taken = false;
    for (int i = 0; i < p->n_table; i++) {
        const nh_dp_table *t = &p->table[i];
        if (t->depth == depth && nh_format_equal(t->fmt, fmt) && memcmp(t->raw, raw, (size_t)depth * sizeof *raw) == 0)
            return i;
        if (strcmp(t->id, id) == 0) taken = true;
    }
    nh_dp_table *grown = nh_arena_array(p->arena, (size_t)p->n_table + 1, sizeof(nh_dp_table));
    int64_t *copy = nh_arena_array(p->arena, (size_t)depth, sizeof *copy);
    assert(grown && copy);
    if (p->n_table > 0) memcpy(grown, p->table, (size_t)p->n_table * sizeof(nh_dp_table));
    memcpy(copy, raw, (size_t)depth * sizeof *raw);
    const char *name = taken ? nh_arena_printf(p->arena, "%s_%d", id, p->n_table) : nh_arena_str(p->arena, id);
    grown[p->n_table] = (nh_dp_table){.id = name, .depth = depth, .fmt = fmt, .raw = copy};
    p->table = grown;
    return p->n_table++;
}

nh_val nh_dp_table_read(nh_dp *p, int table, nh_val index) {
    assert(table >= 0 && table < p->n_table);
    const nh_dp_table *t = &p->table[table];
    nh_range r = p->node[index].range;
    assert(p->node[index].frac == 0 && r.lo >= 0 && r.hi < t->depth);
    nh_dp_node n = make(NH_DP_TABLE, index, NH_DP_NONE, NH_DP_NONE);
    n.port = table;
    n.frac = nh_format_frac(t->fmt);
    n.range = (nh_range){t->raw[r.lo], t->raw[r.lo]};
    for (int64_t i = (int64_t)r.lo; i <= (int64_t)r.hi; i++)
        n.range = nh_range_hull(n.range, (nh_range){t->raw[i], t->raw[i]});
    return nh_dp_intern(p, n);
}

nh_val nh_dp_sum(nh_dp *p, const nh_val *v, int64_t n) {
    assert(n >= 1);
    if (n == 1) return v[0];
    nh_val low = nh_dp_sum(p, v, n / 2);
    return nh_dp_add(p, low, nh_dp_sum(p, v + n / 2, n - n / 2));
}
