/* Functions of one variable: segments of the curve (curve.c) become tables, Horner's rule becomes products and sums. */
#include "curve.h"
#include "internal.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct nh_dp_memo {
    nh_curve c;
    int frac; /* of x */
    double in_scale;
    int64_t table_size;
    nh_segments s;
    int table[NH_CURVE_DEGREE + 1];
    int t_bits; /* of the place in a segment that are multiplied */
    nh_dp_table_facts facts;
    nh_dp_memo *next;
};

/* --- the tables -------------------------------------------------------------------------------------------------- */

/* One table per coefficient, as narrow as its numbers. */
static void add_tables(nh_dp *p, nh_dp_memo *m, const char *id) {
    static const char *const suffix[NH_CURVE_DEGREE + 1] = {"", "_c1", "_c2", "_c3"};
    const nh_segments *s = &m->s;
    int64_t n = nh_segments_count(s), *raw[NH_CURVE_DEGREE + 1];
    int widest = 0;
    nh_arena *scratch = nh_arena_new();
    for (int i = 0; i <= s->degree; i++) raw[i] = nh_arena_array(scratch, (size_t)n, sizeof **raw);
    for (int64_t at = 0; at < n; at++) {
        int64_t k[NH_CURVE_DEGREE + 1] = {0};
        nh_curve_fit(&m->c, s, s->first + at, k);
        for (int i = 0; i <= s->degree; i++) raw[i][at] = k[i];
    }
    for (int i = 0; i <= s->degree; i++) {
        nh_range all = {raw[i][0], raw[i][0]};
        for (int64_t at = 1; at < n; at++) all = nh_range_hull(all, (nh_range){raw[i][at], raw[i][at]});
        nh_format f = m->c.out;
        bool is_result = s->degree == 0 && m->c.fn.rising == 0;
        if (!is_result) nh_range_format(all, i == 0 ? s->frac : nh_segments_work_frac(s), &f);
        if (i > 0 && nh_dp_bits(all) > widest) widest = nh_dp_bits(all);
        m->table[i] = nh_dp_add_table(p, nh_arena_printf(scratch, "%s%s", id, suffix[i]), n, f, raw[i]);
    }
    int below = s->octaves ? nh_curve_top_octave(&m->c) - s->parts_log2 : s->drop;
    m->t_bits = below < widest + 1 ? below : widest + 1;
    nh_arena_free(scratch);
}

/* --- the datapath ------------------------------------------------------------------------------------------------ */

static nh_val clamp(nh_dp *p, nh_val x, nh_i128 lo, nh_i128 hi) {
    int frac = p->node[x].frac;
    return nh_dp_min(p, nh_dp_max(p, x, nh_dp_const(p, lo, frac)), nh_dp_const(p, hi, frac));
}

/* floor(v / 2^bits) of an integer, as an integer: wires. */
static nh_val high_part(nh_dp *p, nh_val v, int bits) {
    nh_format f;
    nh_range r = {p->node[v].range.lo >> bits, p->node[v].range.hi >> bits};
    bool fits = nh_range_format(r, -bits, &f);
    assert(fits);
    (void)fits;
    return nh_dp_scale(p, nh_dp_cast(p, v, f), -bits);
}

/* The low `bits` bits of an integer as a fraction in [0, 1) of `kept` bits: wires. */
static nh_val low_part(nh_dp *p, nh_val v, int bits, int kept) {
    if (bits == 0) return nh_dp_const(p, 0, 0);
    nh_val low =
        nh_dp_scale(p, nh_dp_cut(p, v, nh_format_make(false, bits, bits, NH_ROUND_TRN, NH_OVERFLOW_WRAP)), -bits);
    return kept < bits ? nh_dp_cast(p, low, nh_format_make(false, kept, 0, NH_ROUND_TRN, NH_OVERFLOW_WRAP)) : low;
}

/* v rounded to frac bits, half upward, as wide as need be. */
static nh_val rounded(nh_dp *p, nh_val v, int frac) {
    int drop = p->node[v].frac - frac;
    if (drop <= 0) return v;
    nh_format f;
    nh_range r = {p->node[v].range.lo >> drop, (p->node[v].range.hi >> drop) + 1};
    bool fits = nh_range_format(r, frac, &f);
    assert(fits);
    (void)fits;
    f.round = NH_ROUND_RND;
    return nh_dp_cast(p, v, f);
}

/* k0 + t (k1 + t (k2 + t k3)), every product rounded to the working precision. */
static nh_val horner(nh_dp *p, const nh_dp_memo *m, nh_val index, nh_val t) {
    int degree = m->s.degree;
    nh_val sum = nh_dp_table_read(p, m->table[degree], index);
    for (int i = degree; i > 0; i--) {
        nh_val product = rounded(p, nh_dp_mul(p, sum, t), nh_segments_work_frac(&m->s));
        sum = nh_dp_add(p, nh_dp_table_read(p, m->table[i - 1], index), product);
    }
    return sum;
}

static nh_val uniform(nh_dp *p, const nh_dp_memo *m, nh_val x) {
    const nh_segments *s = &m->s;
    nh_i128 length = (nh_i128)1 << s->drop;
    nh_val held = clamp(p, x, s->first * length, (s->last + 1) * length - 1);
    nh_val index = nh_dp_sub(p, high_part(p, held, s->drop), nh_dp_const(p, s->first, 0));
    return horner(p, m, index, s->degree > 0 ? low_part(p, held, s->drop, m->t_bits) : 0);
}

/* The same number with no fractional bits. A shift whose condition is known is wires, and leaves a negative count of
 * them. */
static nh_val as_integer(nh_dp *p, nh_val v) {
    int frac = p->node[v].frac;
    if (frac == 0) return v;
    nh_format f;
    nh_range r = {p->node[v].range.lo * ((nh_i128)1 << -frac), p->node[v].range.hi * ((nh_i128)1 << -frac)};
    bool fits = nh_range_format(r, 0, &f);
    assert(frac < 0 && fits);
    (void)fits;
    return nh_dp_cast(p, v, f);
}

/* u >= 1 shifted left until bit `top` is its highest; *octave = the bit that it was before. */
static nh_val normalise(nh_dp *p, nh_val u, int top, nh_val *octave) {
    nh_val zeros = nh_dp_const(p, 0, 0);
    nh_i128 least = p->node[u].range.lo;
    int stage = 0, most = top - (nh_dp_bits((nh_range){0, least}) - 2);
    while ((2 << stage) <= most) stage++;
    for (; most > 0 && stage >= 0; stage--) {
        int shift = 1 << stage;
        nh_val is_small = nh_dp_lt(p, u, nh_dp_const(p, (nh_i128)1 << (top + 1 - shift), 0));
        u = as_integer(p, nh_dp_select(p, is_small, nh_dp_scale(p, u, shift), u));
        nh_dp_narrow(p, u, (nh_range){1, ((nh_i128)2 << top) - 1});
        zeros = nh_dp_add(p, zeros, nh_dp_scale(p, is_small, stage));
    }
    nh_dp_narrow(p, u, (nh_range){(nh_i128)1 << top, ((nh_i128)2 << top) - 1});
    if (p->node[zeros].range.hi > most) nh_dp_narrow(p, zeros, (nh_range){0, most});
    *octave = nh_dp_sub(p, nh_dp_const(p, top, 0), zeros);
    return u;
}

static nh_val octaves(nh_dp *p, const nh_dp_memo *m, nh_val x) {
    const nh_segments *s = &m->s;
    nh_val zero = nh_dp_const(p, 0, 0), octave;
    int top = nh_curve_top_octave(&m->c), below = top - s->parts_log2;
    nh_val u = nh_dp_max(p, m->c.fn.odd ? nh_dp_max(p, x, nh_dp_neg(p, x)) : x, nh_dp_const(p, 1, 0));
    u = normalise(p, u, top, &octave);
    nh_val part = nh_dp_sub(p, high_part(p, u, below), nh_dp_const(p, (nh_i128)1 << s->parts_log2, 0));
    nh_val number = nh_dp_add(p, nh_dp_scale(p, octave, s->parts_log2), part);
    nh_val index = as_integer(p, nh_dp_sub(p, number, nh_dp_const(p, s->first, 0)));
    nh_val y = horner(p, m, index, s->degree > 0 ? low_part(p, u, below, m->t_bits) : 0);
    if (m->c.fn.odd) y = nh_dp_select(p, nh_dp_lt(p, x, zero), nh_dp_neg(p, y), y);
    nh_i128 at_zero = (nh_i128)rintl(ldexpl(nh_curve_result(&m->c, 0), nh_format_frac(m->c.out)));
    nh_val is_zero = m->c.fn.odd ? nh_dp_eq(p, x, zero) : nh_dp_le(p, x, zero);
    return nh_dp_select(p, is_zero, nh_dp_const(p, at_zero, nh_format_frac(m->c.out)), y);
}

/* max(x, 0) times a real factor, with as many significant bits as the result has, and four more. */
static nh_val rising_part(nh_dp *p, const nh_dp_memo *m, nh_val x) {
    double factor = m->in_scale * m->c.fn.rising;
    nh_val up = nh_dp_max(p, x, nh_dp_const(p, 0, 0));
    if (factor == 1) return up;
    nh_i128 raw;
    int frac;
    nh_fx_constant_bits(factor, m->c.out.width_bits + 4, &raw, &frac);
    return nh_dp_mulc(p, up, raw, frac);
}

static nh_val apply(nh_dp *p, const nh_dp_memo *m, nh_val x) {
    nh_val integer = nh_dp_scale(p, x, p->node[x].frac);
    nh_val y = m->s.octaves ? octaves(p, m, integer) : uniform(p, m, integer);
    if (m->c.fn.rising != 0) y = nh_dp_add(p, y, rising_part(p, m, x));
    nh_format out = m->c.out;
    out.round = NH_ROUND_RND;
    out.overflow = NH_OVERFLOW_SAT;
    return nh_dp_cast(p, y, out);
}

/* --- how good it is ---------------------------------------------------------------------------------------------- */

enum { TRY_ALL = 1 << 16, TRY_SOME = 1 << 13, NEAR_ZERO = 256 };

typedef struct {
    const nh_dp *p;
    nh_dp_memo *m;
} trial;

static void try_input(const trial *t, nh_i128 raw) {
    nh_i128 got;
    const nh_i128 *ins[] = {&raw};
    nh_i128 *outs[] = {&got};
    nh_range x = t->m->c.x;
    if (raw < x.lo || raw > x.hi) return;
    nh_dp_eval(t->p, ins, outs);
    long double want = nh_curve_result(&t->m->c, (long double)raw);
    double error = (double)fabsl(ldexpl((long double)got, -nh_format_frac(t->m->c.out)) - want);
    if (error > t->m->facts.error) t->m->facts.error = error;
    t->m->facts.tried++;
}

/* All inputs; of many: some evenly over x, some of every segment, and those around 0. */
static void try_inputs(const trial *t) {
    nh_range x = t->m->c.x;
    const nh_segments *s = &t->m->s;
    if (x.hi - x.lo < TRY_ALL) {
        for (nh_i128 raw = x.lo; raw <= x.hi; raw++) try_input(t, raw);
        return;
    }
    nh_i128 step = (x.hi - x.lo) / TRY_SOME;
    for (nh_i128 raw = x.lo; raw <= x.hi; raw += step) try_input(t, raw);
    for (nh_i128 raw = -NEAR_ZERO; raw <= NEAR_ZERO; raw++) try_input(t, raw);
    int points = 4 + TRY_SOME / (int)nh_segments_count(s);
    for (nh_i128 n = s->first; n <= s->last; n++) {
        long double start = nh_segment_start(s, n), length = nh_segment_length(s, n);
        for (int i = 0; i < points; i++) {
            nh_i128 raw = (nh_i128)(start + length * (2 * i + 1) / (2 * points));
            try_input(t, raw);
            if (s->octaves) try_input(t, -raw);
        }
    }
}

/* Runs a datapath of this function alone. */
static void measure(nh_dp_memo *m, const char *id) {
    nh_format in;
    if (!nh_range_format(m->c.x, m->frac, &in)) return; /* wider than any tensor */
    nh_dp *p = nh_dp_new(nh_arena_new(), id);
    nh_dp_memo alone = *m;
    add_tables(p, &alone, id);
    nh_val x = nh_dp_input(p, nh_dp_in_port(p, "x", 1, in), 0, m->c.x);
    nh_format out = m->c.out;
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, out), 0, apply(p, &alone, x));
    if (!p->overflow128) {
        nh_dp_finish(p);
        try_inputs(&(trial){p, m});
    }
    m->facts.error_lsb = ldexp(m->facts.error, nh_format_frac(out));
    nh_arena_free(p->arena);
}

static const char *pieces(nh_arena *a, const nh_dp_memo *m) {
    static const char *const kind[] = {"constant", "linear", "quadratic", "cubic"};
    const nh_segments *s = &m->s;
    long long n = m->facts.entries;
    nh_i128 low = m->c.x.lo >> s->drop, high = m->c.x.hi >> s->drop;
    if (s->octaves)
        return nh_arena_printf(a, "%lld %s segments, %d per octave", n, kind[s->degree], 1 << s->parts_log2);
    const char *ends = s->first > low || s->last < high ? ", constant outside" : "";
    if (m->c.fn.rising != 0 && *ends) ends = ", straight outside";
    if (s->degree == 0 && s->drop == 0)
        return nh_arena_printf(a, "table of %lld entries, one per input level%s", n, ends);
    double step = (double)ldexpl(m->c.in_lsb, s->drop);
    return nh_arena_printf(a, "%lld %s segments of %g over [%g, %g]%s", n, kind[s->degree], step,
                           (double)s->first * step, (double)(s->last + 1) * step, ends);
}

static void describe(nh_arena *a, nh_dp_memo *m, const char *id) {
    nh_dp_table_facts *f = &m->facts;
    bool is_all = f->tried > 0 && f->tried == m->c.x.hi - m->c.x.lo + 1;
    const char *over = is_all ? nh_arena_printf(a, "all %lld inputs", (long long)f->tried)
                              : nh_arena_printf(a, "%lld inputs tried", (long long)f->tried);
    f->note = nh_arena_printf(a, "%s: %s; largest error %.2g = %.2f LSB of the result, %s", id, pieces(a, m), f->error,
                              f->error_lsb, over);
}

/* --- one table for all elements ---------------------------------------------------------------------------------- */

static bool same_request(const nh_dp_memo *m, const nh_dp_memo *k) {
    return m->c.fn.f == k->c.fn.f && memcmp(m->c.fn.p, k->c.fn.p, sizeof m->c.fn.p) == 0 &&
           memcmp(&m->in_scale, &k->in_scale, sizeof m->in_scale) == 0 && m->frac == k->frac &&
           m->c.x.lo == k->c.x.lo && m->c.x.hi == k->c.x.hi && nh_format_equal(m->c.out, k->c.out) &&
           m->table_size == k->table_size;
}

static void fill_facts(nh_arena *a, nh_dp_memo *m, const char *id) {
    nh_dp_table_facts *f = &m->facts;
    const nh_segments *s = &m->s;
    f->id = nh_arena_str(a, id);
    f->degree = s->degree;
    f->octaves = s->octaves;
    f->step_log2 = s->octaves ? -s->parts_log2 : s->drop;
    f->first = (int64_t)s->first;
    f->top = s->octaves ? nh_curve_top_octave(&m->c) : 0;
    f->frac = s->frac;
    f->t_bits = s->degree > 0 ? m->t_bits : 0;
    f->input_frac = m->frac;
    f->out = m->c.out;
}

static const nh_dp_memo *find_or_build(nh_dp *p, const nh_dp_memo *want, const char *id) {
    for (const nh_dp_memo *m = p->hash->memo; m; m = m->next)
        if (same_request(m, want)) return m;
    nh_dp_memo *m = NH_NEW(p->arena, nh_dp_memo);
    *m = *want;
    m->s = nh_curve_choose(&m->c, m->table_size);
    m->facts.entries = nh_segments_count(&m->s);
    add_tables(p, m, id);
    fill_facts(p->arena, m, id);
    measure(m, id);
    describe(p->arena, m, id);
    m->next = p->hash->memo;
    p->hash->memo = m;
    return m;
}

nh_val nh_dp_unary_table(nh_dp *p, nh_val x, nh_range over, double in_scale, const nh_dp_curve *f, nh_format out,
                         int64_t table_size, const char *id, nh_dp_table_facts *facts) {
    assert(table_size == 0 || table_size >= 4);
    nh_dp_memo want = {.frac = p->node[x].frac, .in_scale = in_scale, .table_size = table_size};
    nh_dp_narrow(p, x, over); /* behind an accumulator only its format is known, not what its sums can be */
    want.c = (nh_curve){*f, ldexpl(in_scale, -want.frac), over, out};
    want.c.out.round = NH_ROUND_RND;
    want.c.out.overflow = NH_OVERFLOW_SAT;
    const nh_dp_memo *m = find_or_build(p, &want, id);
    if (facts) *facts = m->facts;
    return apply(p, m, x);
}
