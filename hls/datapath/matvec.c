#include "internal.h"

#include <assert.h>
#include <stdlib.h>

/* coefficient * x[input]; input -1 stands for the constant 1. */
typedef struct {
    int64_t input;
    nh_i128 coefficient;
} part;

/* One addend of a sum of shifted values: (negative ? -1 : 1) * v * 2^shift. The parts say which linear form of the
 * inputs it is, in units of 2^unit_lsb: its exact interval, which adding intervals of correlated operands (8x - x)
 * would overestimate. */
typedef struct {
    nh_val v;
    int shift;
    int lsb; /* weight of the lowest bit: shift - frac(v) */
    bool negative;
    part *parts;
    size_t n_parts;
} term;

typedef struct {
    nh_dp *dp;
    nh_arena *scratch;
    const nh_val *x;
    int unit_lsb; /* of every input times the weights' LSB */
    term *item;
    size_t n, cap;
} term_list;

static void push(term_list *l, int64_t input, nh_val v, int shift, bool negative, nh_i128 coefficient) {
    l->item = nh_arena_grow(l->scratch, l->item, &l->cap, l->n + 1, sizeof(term));
    part *parts = NH_NEW(l->scratch, part);
    assert(l->item);
    *parts = (part){input, coefficient};
    l->item[l->n++] = (term){v, shift, shift - l->dp->node[v].frac, negative, parts, 1};
}

/* Canonical signed digits of w * 2^-w_frac: no two neighbours are non-zero, so at most half of the positions are. */
static void push_csd(term_list *l, int64_t input, nh_i128 w, int w_frac) {
    for (int position = 0; w != 0; position++) {
        if (w % 2 != 0) {
            int digit = (w & 3) == 1 ? 1 : -1;
            push(l, input, l->x[input], position - w_frac, digit < 0, digit * ((nh_i128)1 << position));
            w -= digit;
        }
        w /= 2;
    }
}

static void merge_parts(nh_arena *scratch, term a, term b, term *out) {
    size_t i = 0, k = 0, n = 0;
    part *p = nh_arena_array(scratch, a.n_parts + b.n_parts, sizeof(part));
    assert(p);
    while (i < a.n_parts || k < b.n_parts) {
        if (k == b.n_parts || (i < a.n_parts && a.parts[i].input < b.parts[k].input)) {
            p[n++] = a.parts[i++];
        } else if (i == a.n_parts || b.parts[k].input < a.parts[i].input) {
            p[n++] = b.parts[k++];
        } else {
            p[n] = a.parts[i++];
            p[n++].coefficient += b.parts[k++].coefficient;
        }
    }
    out->parts = p;
    out->n_parts = n;
}

/* Exact interval of the linear form into the node. */
static void narrow_to_parts(const term_list *l, const term *t) {
    nh_range sum = {0, 0};
    for (size_t i = 0; i < t->n_parts; i++) {
        nh_i128 c = t->parts[i].coefficient;
        nh_range x = t->parts[i].input < 0 ? (nh_range){1, 1} : l->dp->node[l->x[t->parts[i].input]].range;
        if (nh_dp_bits(x) + nh_dp_bits((nh_range){c, c}) > NH_DP_BITS - 1) return;
        sum = nh_range_add(sum, nh_range_mul(x, (nh_range){c, c}));
        if (nh_dp_bits(sum) > NH_DP_BITS - 1) return;
    }
    if (t->negative) sum = (nh_range){-sum.hi, -sum.lo};
    int drop = t->lsb - l->unit_lsb; /* these low bits of every value of the form are zero */
    if (drop < 0 || drop > NH_DP_BITS) return;
    nh_i128 unit = (nh_i128)1 << drop;
    nh_dp_narrow(l->dp, t->v, (nh_range){sum.lo / unit, sum.hi / unit}); /* exact divisions */
}

/* a + b with one adder. The coarser operand is the subtrahend, because the finer one's low bits are then wires; `last`
 * asks for a positive result where that is free. */
static term combine(term_list *l, term a, term b, bool last) {
    nh_dp *p = l->dp;
    bool swap = a.lsb > b.lsb || (a.lsb == b.lsb && a.v > b.v);
    term fine = swap ? b : a, coarse = swap ? a : b, sum = {.negative = fine.negative};
    sum.shift = fine.shift < coarse.shift ? fine.shift : coarse.shift;
    nh_val x = nh_dp_scale(p, fine.v, fine.shift - sum.shift), y = nh_dp_scale(p, coarse.v, coarse.shift - sum.shift);
    if (fine.negative == coarse.negative) {
        sum.v = nh_dp_add(p, x, y);
    } else if (last && fine.negative) {
        sum.v = nh_dp_sub(p, y, x);
        sum.negative = false;
    } else {
        sum.v = nh_dp_sub(p, x, y);
    }
    sum.lsb = sum.shift - p->node[sum.v].frac;
    merge_parts(l->scratch, a, b, &sum);
    narrow_to_parts(l, &sum);
    return sum;
}

static int by_lsb(const void *a, const void *b) {
    const term *x = a, *y = b;
    if (x->lsb != y->lsb) return x->lsb < y->lsb ? -1 : 1;
    if (x->v != y->v) return x->v < y->v ? -1 : 1;
    return (int)x->negative - (int)y->negative;
}

/* Balanced tree over the terms sorted by weight: neighbours overlap most, so intermediate sums stay narrow. Empties the
 * list. */
static nh_val sum_terms(term_list *l) {
    qsort(l->item, l->n, sizeof(term), by_lsb);
    while (l->n > 1) {
        size_t half = 0;
        bool last = l->n == 2;
        for (size_t i = 0; i + 1 < l->n; i += 2) l->item[half++] = combine(l, l->item[i], l->item[i + 1], last);
        if (l->n % 2) l->item[half++] = l->item[l->n - 1];
        l->n = half;
    }
    nh_val y = nh_dp_scale(l->dp, l->item[0].v, l->item[0].shift);
    if (l->item[0].negative) y = nh_dp_neg(l->dp, y);
    l->item = NULL;
    l->n = l->cap = 0;
    nh_arena_reset(l->scratch);
    return y;
}

void nh_dp_matvec_csd(nh_dp *p, const nh_val *x, int64_t n_in, const int64_t *w, int w_frac, const nh_i128 *bias,
                      int64_t n_out, nh_val *y) {
    assert(n_in >= 1);
    int frac = p->node[x[0]].frac;
    for (int64_t i = 1; i < n_in; i++) assert(p->node[x[i]].frac == frac);
    term_list list = {.dp = p, .scratch = nh_arena_new(), .x = x, .unit_lsb = -frac - w_frac};
    for (int64_t o = 0; o < n_out; o++) {
        for (int64_t i = 0; i < n_in; i++)
            if (!nh_dp_is_const(p, x[i], 0)) push_csd(&list, i, w[o * n_in + i], w_frac);
        if (bias && bias[o] != 0) {
            nh_i128 raw = bias[o] < 0 ? -bias[o] : bias[o];
            int zeros = 0;
            for (; raw % 2 == 0; raw /= 2) zeros++;
            push(&list, -1, nh_dp_const(p, raw, 0), zeros - frac - w_frac, bias[o] < 0, bias[o]);
        }
        y[o] = list.n == 0 ? nh_dp_const(p, 0, frac + w_frac) : sum_terms(&list);
    }
    nh_arena_free(list.scratch);
}

static nh_val expand(nh_dp *p, nh_arena *scratch, const nh_dp_node *n, nh_val a) {
    term_list list = {.dp = p, .scratch = scratch, .x = &a, .unit_lsb = -p->node[a].frac - n->cfrac};
    push_csd(&list, 0, n->constant, n->cfrac);
    return sum_terms(&list);
}

/* In place, so that values the caller holds stay valid: users of a MULC are pointed to its expansion, which stands
 * behind them until nh_dp_finish sorts. */
void nh_dp_expand_constants(nh_dp *p) {
    uint32_t n = p->n_node;
    nh_arena *scratch = nh_arena_new();
    nh_val *map = nh_arena_array(p->arena, (size_t)n + 1, sizeof(nh_val));
    assert(map);
    for (uint32_t i = 0; i < n; i++) {
        nh_dp_node node = p->node[i];
        map[i] = i;
        if (node.op != NH_DP_MULC) continue;
        map[i] = expand(p, scratch, &node, node.a);
        nh_dp_narrow(p, map[i], node.range);
    }
    nh_arena_free(scratch);
    nh_dp_redirect(p, map, n);
}
