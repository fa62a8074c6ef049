/* Random datapaths with a shadow: every value is also computed by hand, exactly, for a few input vectors, while the
 * datapath is built. What the builder folds, shares or narrows away must not change it. */
#ifndef NH_RANDOM_DP_H
#define NH_RANDOM_DP_H

#include <assert.h>
#include <string.h>

#include "datapath.h"

enum { RANDOM_SAMPLES = 12, RANDOM_VALUES = 160 };

typedef struct {
    uint64_t state;
} random_source;

static inline uint64_t random_next(random_source *r) {
    uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline int random_below(random_source *r, int n) { return (int)(random_next(r) % (uint64_t)n); }

typedef struct {
    nh_val v;
    int frac;
    nh_i128 raw[RANDOM_SAMPLES];
} shadow;

typedef struct {
    nh_dp *dp;
    random_source *rng;
    shadow value[RANDOM_VALUES];
    int n_value, n_in, n_out;
    int64_t in[RANDOM_SAMPLES][8], out[RANDOM_SAMPLES][16]; /* raw; unsigned 64-bit values as their bits */
} random_program;

static inline nh_format random_format(random_source *r, int max_width) {
    int width = 1 + random_below(r, max_width);
    return nh_format_make(random_below(r, 3) != 0, width, random_below(r, width + 9) - 4, (nh_round)random_below(r, 7),
                          (nh_overflow)random_below(r, 4));
}

/* A raw of the format: corners often. */
static inline nh_i128 random_raw(random_source *r, nh_format f) {
    nh_i128 lo = nh_format_min(f), hi = nh_format_max(f);
    switch (random_below(r, 6)) {
    case 0: return lo;
    case 1: return hi;
    case 2: return lo <= 0 && hi >= 0 ? 0 : lo;
    default: return lo + (nh_i128)((nh_u128)random_next(r) % ((nh_u128)(hi - lo) + 1));
    }
}

static inline shadow *random_pick(random_program *g) { return &g->value[random_below(g->rng, g->n_value)]; }

static inline int shadow_bits(const random_program *g, const shadow *s) {
    return nh_range_signed_width(g->dp->node[s->v].range);
}

/* Both at the finer frac; false when that is too wide for this test. */
static inline bool shadow_align(const random_program *g, const shadow *a, const shadow *b, shadow *x, shadow *y) {
    int frac = a->frac > b->frac ? a->frac : b->frac;
    if (shadow_bits(g, a) + frac - g->dp->node[a->v].frac > 110 ||
        shadow_bits(g, b) + frac - g->dp->node[b->v].frac > 110)
        return false;
    if (frac - a->frac > 60 || frac - b->frac > 60) return false;
    *x = *a;
    *y = *b;
    for (int s = 0; s < RANDOM_SAMPLES; s++) {
        x->raw[s] *= (nh_i128)1 << (frac - a->frac);
        y->raw[s] *= (nh_i128)1 << (frac - b->frac);
    }
    x->frac = y->frac = frac;
    return true;
}

static inline bool random_two_operands(random_program *g, int op, shadow *out) {
    shadow *a = random_pick(g), *b = random_pick(g), x, y;
    nh_dp *p = g->dp;
    if (!shadow_align(g, a, b, &x, &y)) return false;
    out->frac = op < 4 ? x.frac : 0;
    for (int s = 0; s < RANDOM_SAMPLES; s++) {
        nh_i128 u = x.raw[s], v = y.raw[s];
        out->raw[s] = op == 0   ? u + v
                      : op == 1 ? u - v
                      : op == 2 ? (u < v ? u : v)
                      : op == 3 ? (u > v ? u : v)
                      : op == 4 ? u < v
                      : op == 5 ? u <= v
                                : u == v;
    }
    nh_val (*const build[])(nh_dp *, nh_val, nh_val) = {nh_dp_add, nh_dp_sub, nh_dp_min, nh_dp_max,
                                                        nh_dp_lt,  nh_dp_le,  nh_dp_eq};
    out->v = build[op](p, a->v, b->v);
    return true;
}

static inline bool random_select(random_program *g, shadow *out) {
    shadow *a = random_pick(g), *b = random_pick(g), x, y, p, q, *c = random_pick(g), *d = random_pick(g);
    if (!shadow_align(g, a, b, &x, &y) || !shadow_align(g, c, d, &p, &q)) return false;
    out->frac = p.frac;
    for (int s = 0; s < RANDOM_SAMPLES; s++) out->raw[s] = x.raw[s] < y.raw[s] ? p.raw[s] : q.raw[s];
    out->v = nh_dp_select(g->dp, nh_dp_lt(g->dp, a->v, b->v), c->v, d->v);
    return true;
}

static inline bool random_product(random_program *g, shadow *out) {
    shadow *a = random_pick(g), *b = random_pick(g);
    if (shadow_bits(g, a) + shadow_bits(g, b) > 100) return false;
    for (int s = 0; s < RANDOM_SAMPLES; s++) {
        int bits_a = nh_range_signed_width((nh_range){a->raw[s], a->raw[s]}),
            bits_b = nh_range_signed_width((nh_range){b->raw[s], b->raw[s]});
        if (bits_a + bits_b > 120) return false; /* the shadow may carry trailing zeros that the node does not */
        out->raw[s] = a->raw[s] * b->raw[s];
    }
    out->frac = a->frac + b->frac;
    out->v = nh_dp_mul(g->dp, a->v, b->v);
    return true;
}

static inline bool random_one_operand(random_program *g, int op, shadow *out) {
    shadow *a = random_pick(g);
    *out = *a;
    if (op == 0) {
        out->v = nh_dp_neg(g->dp, a->v);
        for (int s = 0; s < RANDOM_SAMPLES; s++) out->raw[s] = -a->raw[s];
    } else if (op == 1) {
        int shift = random_below(g->rng, 9) - 4;
        out->v = nh_dp_scale(g->dp, a->v, shift);
        out->frac = a->frac - shift;
    } else if (op == 2) {
        int64_t c = (int64_t)(random_next(g->rng) >> (40 + random_below(g->rng, 20))) - 64;
        int frac = random_below(g->rng, 6);
        if (shadow_bits(g, a) + 26 > 100) return false;
        for (int s = 0; s < RANDOM_SAMPLES; s++) {
            if (nh_range_signed_width((nh_range){a->raw[s], a->raw[s]}) > 100) return false;
            out->raw[s] = a->raw[s] * c;
        }
        out->frac = a->frac + frac;
        out->v = nh_dp_mulc(g->dp, a->v, c, frac);
    } else {
        nh_format f = random_format(g->rng, 64);
        f.int_bits = f.width_bits - a->frac + random_below(g->rng, 20) - 3; /* near, so that bits survive */
        for (int s = 0; s < RANDOM_SAMPLES; s++) out->raw[s] = nh_fx_convert(a->raw[s], a->frac, f, NULL);
        out->frac = nh_format_frac(f);
        out->v = nh_dp_cast(g->dp, a->v, f);
    }
    return true;
}

static inline bool random_table(random_program *g, shadow *out) {
    shadow *a = random_pick(g);
    int64_t raw[64];
    nh_format f = random_format(g->rng, 63);
    for (int i = 0; i < 64; i++) raw[i] = (int64_t)random_raw(g->rng, f);
    int table = nh_dp_add_table(g->dp, "t", 64, f, raw);
    nh_format index = nh_format_make(false, 6, 6 - a->frac, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    nh_val low = nh_dp_cast(g->dp, a->v, index);
    out->v = nh_dp_table_read(g->dp, table, nh_dp_scale(g->dp, low, g->dp->node[low].frac));
    out->frac = nh_format_frac(f);
    for (int s = 0; s < RANDOM_SAMPLES; s++) out->raw[s] = raw[nh_fx_convert(a->raw[s], a->frac, index, NULL)];
    /* a no-op cast keeps the node's own frac: only where both agree is the index the same integer */
    return g->dp->node[low].frac == a->frac;
}

static inline bool random_value(random_program *g, shadow *out) {
    int kind = random_below(g->rng, 20);
    if (kind < 9) return random_two_operands(g, kind < 7 ? kind : kind - 7, out);
    if (kind < 11) return random_select(g, out);
    if (kind < 13) return random_product(g, out);
    if (kind < 19) return random_one_operand(g, kind == 13 ? 0 : kind == 14 ? 1 : kind == 15 ? 2 : 3, out);
    return random_table(g, out);
}

static inline void random_inputs(random_program *g, nh_format f) {
    int x = nh_dp_in_port(g->dp, "x", g->n_in, f);
    for (int e = 0; e < g->n_in; e++) {
        shadow *v = &g->value[g->n_value++];
        v->frac = nh_format_frac(f);
        v->v = nh_dp_input(g->dp, x, e, nh_range_of(f));
        for (int s = 0; s < RANDOM_SAMPLES; s++) {
            v->raw[s] = random_raw(g->rng, f);
            g->in[s][e] = (int64_t)v->raw[s];
        }
    }
    for (int c = 0; c < 3; c++) {
        shadow *v = &g->value[g->n_value++];
        int64_t raw = (int64_t)random_raw(g->rng, f);
        v->frac = nh_format_frac(f);
        v->v = nh_dp_const(g->dp, f.is_signed ? (nh_i128)raw : (nh_i128)(uint64_t)raw, v->frac);
        for (int s = 0; s < RANDOM_SAMPLES; s++) v->raw[s] = f.is_signed ? (nh_i128)raw : (nh_i128)(uint64_t)raw;
    }
}

/* A program of about `size` operations; formats up to max_width bits. */
static inline random_program *random_dp(nh_arena *a, random_source *rng, const char *id, int size, int max_width) {
    random_program *g = NH_NEW(a, random_program);
    g->dp = nh_dp_new(a, id);
    g->rng = rng;
    g->n_in = 1 + random_below(rng, 8);
    g->n_out = 1 + random_below(rng, 16);
    assert(size + 16 < RANDOM_VALUES);
    random_inputs(g, random_format(rng, max_width));
    for (int i = 0; i < size; i++) {
        shadow made;
        if (random_value(g, &made)) g->value[g->n_value++] = made;
    }
    nh_format f = random_format(rng, max_width);
    int y = nh_dp_out_port(g->dp, "y", g->n_out, f);
    for (int e = 0; e < g->n_out; e++) {
        shadow *v = &g->value[g->n_value - 1 - random_below(rng, g->n_value / 2)];
        nh_val out = nh_dp_cast(g->dp, v->v, f);
        nh_dp_output(g->dp, y, e, out);
        for (int s = 0; s < RANDOM_SAMPLES; s++) g->out[s][e] = (int64_t)nh_fx_convert(v->raw[s], v->frac, f, NULL);
    }
    return g;
}

static inline nh_i128 random_widen(int64_t raw, nh_format f) {
    return f.is_signed ? (nh_i128)raw : (nh_i128)(uint64_t)raw;
}

#endif
