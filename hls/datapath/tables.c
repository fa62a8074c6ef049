#include "internal.h"

#include <assert.h>
#include <float.h>
#include <math.h>

/* The function as integers: raw of x -> raw of the output, nearest even, saturating. */
typedef struct {
    double (*f)(double);
    double in_lsb, out_scale;
    nh_format out;
} curve;

static int64_t value_at(const curve *c, double raw) {
    double v = c->f(raw * c->in_lsb) / c->out_scale;
    if (isnan(v)) v = 0;
    if (isinf(v)) v = v > 0 ? DBL_MAX : -DBL_MAX;
    return (int64_t)nh_fx_from_double(v, c->out, NULL);
}

/* What the user gets to see of x's axis, in cells of 2^drop raw steps. */
typedef struct {
    int drop;
    nh_i128 first, last; /* cell numbers: raw >> drop */
} cells;

static nh_i128 floor_shift(nh_i128 v, int bits) { return v >> bits; }

/* Where the curve is looked at to find its flat ends: evenly over x, and at all scales around 0, where functions bend. */
enum { EVEN = 1024, SCALES = 126, PROBES = EVEN + 4 * SCALES };

static nh_i128 probe(nh_range x, int i) {
    if (i < EVEN) return x.lo + (nh_i128)(((double)x.hi - (double)x.lo) * i / EVEN);
    int scale = (i - EVEN) / 4;
    nh_i128 v = (nh_i128)1 << scale;
    if (i & 1) v += v / 2;
    if (i & 2) v = -v;
    return v < x.lo ? x.lo : v > x.hi ? x.hi : v;
}

static nh_i128 distance(nh_i128 a, nh_i128 b) { return a < b ? b - a : a - b; }

/* The point farthest from `end` up to which the curve stays at its level there, as far as the probes and bisection between
 * them can tell. */
static nh_i128 flat_until(const curve *c, nh_range x, nh_i128 end) {
    int64_t level = value_at(c, (double)end);
    nh_i128 same = end, differs = end;
    for (int i = 0; i < PROBES; i++) {
        nh_i128 v = probe(x, i);
        if ((differs == end || distance(v, end) < distance(differs, end)) && value_at(c, (double)v) != level) differs = v;
    }
    if (differs == end) return end == x.lo ? x.hi : x.lo;
    for (int i = 0; i < PROBES; i++) {
        nh_i128 v = probe(x, i);
        if (distance(v, end) < distance(differs, end) && distance(v, end) > distance(same, end)) same = v;
    }
    while (distance(same, differs) > 1) {
        nh_i128 middle = same + (differs - same) / 2;
        if (value_at(c, (double)middle) == level) same = middle;
        else differs = middle;
    }
    return same;
}

/* The finest cells of which table_size cover everything between the flat ends. */
static cells choose_cells(nh_range x, nh_i128 low_end, nh_i128 high_end, int64_t table_size) {
    for (int drop = 0;; drop++) {
        cells c = {.drop = drop};
        c.first = floor_shift(low_end + 1, drop) - 1; /* the last cell that is wholly flat */
        c.last = floor_shift(high_end - 1, drop) + 1;
        if (c.first < floor_shift(x.lo, drop)) c.first = floor_shift(x.lo, drop);
        if (c.last > floor_shift(x.hi, drop)) c.last = floor_shift(x.hi, drop);
        if (c.last < c.first) c.last = c.first; /* flat all over */
        if (c.last - c.first < table_size) return c;
    }
}

static int64_t *fill(nh_arena *a, const curve *c, cells k, nh_range x, nh_i128 low_end, nh_i128 high_end) {
    int64_t n = (int64_t)(k.last - k.first) + 1, *raw = nh_arena_array(a, (size_t)n, sizeof *raw);
    assert(raw);
    for (int64_t i = 0; i < n; i++) {
        nh_i128 from = (k.first + i) * ((nh_i128)1 << k.drop), to = from + ((nh_i128)1 << k.drop) - 1;
        if (from < x.lo) from = x.lo;
        if (to > x.hi) to = x.hi;
        if (to <= low_end) {
            raw[i] = value_at(c, (double)x.lo);
        } else if (from >= high_end) {
            raw[i] = value_at(c, (double)x.hi);
        } else {
            raw[i] = value_at(c, ((double)from + (double)to) / 2);
        }
    }
    return raw;
}

static const char *describe(nh_arena *a, const char *id, const curve *c, cells k, nh_range x) {
    long long n = (long long)(k.last - k.first) + 1;
    double step = ldexp(c->in_lsb, k.drop);
    const char *ends = k.first > floor_shift(x.lo, k.drop) || k.last < floor_shift(x.hi, k.drop) ? ", constant outside" : "";
    if (k.drop == 0) return nh_arena_printf(a, "%s: table of %lld entries, one per input level%s, exact", id, n, ends);
    return nh_arena_printf(a, "%s: table of %lld cells of step %g over [%g, %g]%s, values at cell centres", id, n, step,
                           (double)k.first * step, (double)(k.last + 1) * step, ends);
}

static bool same_request(const nh_dp_memo *m, const nh_dp_memo *k) {
    return m->f == k->f && !(m->in_scale < k->in_scale || m->in_scale > k->in_scale) &&
           !(m->out_scale < k->out_scale || m->out_scale > k->out_scale) && m->frac == k->frac && m->range.lo == k->range.lo &&
           m->range.hi == k->range.hi && nh_format_equal(m->out, k->out) && m->table_size == k->table_size;
}

static const nh_dp_memo *build_table(nh_dp *p, nh_dp_memo want, const char *id) {
    for (const nh_dp_memo *m = p->hash->memo; m; m = m->next)
        if (same_request(m, &want)) return m;
    curve c = {want.f, ldexp(want.in_scale, -want.frac), want.out_scale, want.out};
    c.out.round = NH_ROUND_RND_CONV;
    c.out.overflow = NH_OVERFLOW_SAT;
    nh_range x = want.range;
    nh_i128 low_end = x.lo, high_end = x.hi;
    if (x.hi - x.lo >= want.table_size) {
        low_end = flat_until(&c, x, x.lo);
        high_end = flat_until(&c, x, x.hi);
    }
    cells k = choose_cells(x, low_end, high_end, want.table_size);
    nh_arena *scratch = nh_arena_new();
    want.table = nh_dp_add_table(p, id, (int64_t)(k.last - k.first) + 1, c.out, fill(scratch, &c, k, x, low_end, high_end));
    nh_arena_free(scratch);
    want.drop = k.drop;
    want.first = k.first;
    want.last = k.last;
    want.note = describe(p->arena, id, &c, k, x);
    want.next = p->hash->memo;
    nh_dp_memo *kept = NH_NEW(p->arena, nh_dp_memo);
    *kept = want;
    p->hash->memo = kept;
    return kept;
}

static nh_val clamp(nh_dp *p, nh_val x, nh_i128 lo, nh_i128 hi) {
    int frac = p->node[x].frac;
    return nh_dp_min(p, nh_dp_max(p, x, nh_dp_const(p, lo, frac)), nh_dp_const(p, hi, frac));
}

nh_val nh_dp_unary_table(nh_dp *p, nh_val x, double in_scale, double (*f)(double), nh_format out, double out_scale,
                         int64_t table_size, const char *id, const char **note) {
    assert(table_size >= 4);
    nh_dp_memo want = {.f = f, .in_scale = in_scale, .out_scale = out_scale, .frac = p->node[x].frac, .range = p->node[x].range,
                       .out = out, .table_size = table_size};
    const nh_dp_memo *m = build_table(p, want, id);
    if (note) *note = m->note;
    nh_format cell;
    nh_range seen = {floor_shift(want.range.lo, m->drop), floor_shift(want.range.hi, m->drop)};
    if (!nh_range_format(seen, want.frac - m->drop, &cell)) { /* wider than a format: clamp before the low bits go */
        nh_i128 step = (nh_i128)1 << m->drop;
        x = clamp(p, x, m->first * step, (m->last + 1) * step - 1);
        bool fits = nh_range_format((nh_range){m->first, m->last}, want.frac - m->drop, &cell);
        assert(fits);
        (void)fits;
    }
    nh_val index = clamp(p, nh_dp_cast(p, x, cell), m->first, m->last);
    index = nh_dp_scale(p, index, p->node[index].frac);
    return nh_dp_table_read(p, m->table, nh_dp_sub(p, index, nh_dp_const(p, m->first, 0)));
}

/* First maximum of [0, n): its value and index. Ties go left, where the smaller index is. */
static void first_max(nh_dp *p, const nh_val *x, int64_t from, int64_t n, nh_val *value, nh_val *index) {
    if (n == 1) {
        *value = x[from];
        *index = nh_dp_const(p, from, 0);
        return;
    }
    nh_val lv, li, rv, ri;
    first_max(p, x, from, n / 2, &lv, &li);
    first_max(p, x, from + n / 2, n - n / 2, &rv, &ri);
    nh_val right = nh_dp_lt(p, lv, rv);
    *value = nh_dp_select(p, right, rv, lv);
    *index = nh_dp_select(p, right, ri, li);
}

nh_val nh_dp_argmax(nh_dp *p, const nh_val *x, int64_t n) {
    assert(n >= 1);
    nh_val value, index;
    first_max(p, x, 0, n, &value, &index);
    return index;
}
