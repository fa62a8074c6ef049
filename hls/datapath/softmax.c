#include "internal.h"

#include <assert.h>
#include <math.h>

/* softmax(x)_i = exp(x_i - m) / sum_k exp(x_k - m), m = max: every exponent is <= 0 and the sum is in [1, n].
 *
 *   d_i = m - x_i          exact
 *   e_i = exp(-d_i)        exp_frac fractional bits; one table when d has few levels, else exp(-high) * exp(-low) from two
 *   s   = sum e_i          exact
 *   s   = mantissa * 2^j   1 <= mantissa < 2, found by comparing s with the powers of two
 *   r   = 1 / mantissa     a table, linearly interpolated when the result has more bits than the table
 *   y_i = e_i * (r * 2^-j) rounded to the output */
typedef struct {
    nh_dp *p;
    const char *id;
    int64_t n, table_size;
    double lsb;        /* real value of one raw step of d */
    int exp_frac;      /* fractional bits of exp */
    int result_frac;   /* fractional bits of the reciprocal */
    int size_log2;     /* a table has at most 2^size_log2 entries */
    int exp_tables, drop;
    int64_t exp_entries, reciprocal_entries;
    bool interpolated;
} softmax;

static nh_format unsigned_format(int width, int frac, nh_round round) {
    return nh_format_make(false, width, width - frac, round, NH_OVERFLOW_WRAP);
}

static nh_val max_of(nh_dp *p, const nh_val *x, int64_t n) {
    if (n == 1) return x[0];
    nh_val low = max_of(p, x, n / 2);
    return nh_dp_max(p, low, max_of(p, x + n / 2, n - n / 2));
}

static int add_table(const softmax *s, const char *suffix, int64_t depth, int frac, double (*entry)(const softmax *, int64_t),
                     int extra_bits) {
    nh_arena *scratch = nh_arena_new();
    int64_t *raw = nh_arena_array(scratch, (size_t)depth, sizeof *raw);
    assert(raw);
    for (int64_t i = 0; i < depth; i++) raw[i] = (int64_t)llrint(ldexp(entry(s, i), frac));
    const char *id = nh_arena_printf(s->p->arena, "%s_%s", s->id, suffix);
    int table = nh_dp_add_table(s->p, id, depth, unsigned_format(frac + extra_bits, frac, NH_ROUND_TRN), raw);
    nh_arena_free(scratch);
    return table;
}

static double exp_low_entry(const softmax *s, int64_t i) { return exp(-(double)i * ldexp(s->lsb, s->drop)); }
static double exp_high_entry(const softmax *s, int64_t i) {
    return exp(-(double)i * ldexp(s->lsb, s->drop + nh_log2_ceil((uint64_t)s->exp_entries)));
}

/* The low `bits` bits of an unsigned value, as an integer: wires. */
static nh_val low_bits(nh_dp *p, nh_val v, int bits) {
    int frac = p->node[v].frac;
    nh_val low = nh_dp_cut(p, v, unsigned_format(bits, frac, NH_ROUND_TRN));
    return nh_dp_scale(p, low, p->node[low].frac);
}

/* v without its low `bits` bits, as an integer: wires. */
static nh_val high_bits(nh_dp *p, nh_val v, int bits) {
    int width = p->node[v].width - bits, frac = p->node[v].frac - bits;
    nh_val high = nh_dp_cast(p, v, unsigned_format(width > 0 ? width : 1, frac, NH_ROUND_TRN));
    return nh_dp_scale(p, high, p->node[high].frac);
}

/* e[i] = exp(-d[i] * lsb) with exp_frac bits, for d in [0, last]; what is beyond rounds to 0, as `last` does. */
static void exponentials(softmax *s, nh_val *e, nh_i128 last) {
    nh_dp *p = s->p;
    int frac = p->node[e[0]].frac, bits = nh_log2_ceil((uint64_t)last + 1), low = (bits + 1) / 2, high_table = -1;
    s->exp_tables = last < s->table_size ? 1 : 2;
    if (s->exp_tables == 2) {
        s->drop = bits > 2 * s->size_log2 ? bits - 2 * s->size_log2 : 0;
        low = (bits - s->drop + 1) / 2;
    }
    s->exp_entries = s->exp_tables == 1 ? (int64_t)last + 1 : (int64_t)1 << low;
    int low_table = add_table(s, s->exp_tables == 1 ? "exp" : "exp_low", s->exp_entries, s->exp_frac, exp_low_entry, 1);
    nh_i128 rounded = (last + (((nh_i128)1 << s->drop) >> 1)) >> s->drop;
    if (s->exp_tables == 2)
        high_table = add_table(s, "exp_high", (int64_t)(rounded >> low) + 1, s->exp_frac, exp_high_entry, 1);
    for (int64_t i = 0; i < s->n; i++) {
        nh_val d = nh_dp_min(p, e[i], nh_dp_const(p, last, frac));
        if (s->exp_tables == 1) {
            e[i] = nh_dp_table_read(p, low_table, nh_dp_scale(p, d, frac));
            continue;
        }
        d = nh_dp_cast(p, d, unsigned_format(bits + 1, frac - s->drop, NH_ROUND_RND));
        nh_val product = nh_dp_mul(p, nh_dp_table_read(p, high_table, high_bits(p, d, low)),
                                   nh_dp_table_read(p, low_table, low_bits(p, d, low)));
        e[i] = nh_dp_cast(p, product, unsigned_format(s->exp_frac + 1, s->exp_frac, NH_ROUND_RND));
    }
}

/* Cell i of the reciprocal is [1 + i/entries, 1 + (i+1)/entries]. */
static double cell_start(const softmax *s, int64_t i) { return 1 + (double)i / (double)s->reciprocal_entries; }
static double reciprocal_centre(const softmax *s, int64_t i) { return 2 / (cell_start(s, i) + cell_start(s, i + 1)); }
/* The chord's slope, and its start moved by half of its largest distance from the curve. */
static double reciprocal_slope(const softmax *s, int64_t i) { return 1 / (cell_start(s, i) * cell_start(s, i + 1)); }
static double reciprocal_start(const softmax *s, int64_t i) {
    double distance = 1 / sqrt(cell_start(s, i)) - 1 / sqrt(cell_start(s, i + 1));
    return 1 / cell_start(s, i) - distance * distance / 2;
}

/* 1 / mantissa for 1 <= mantissa < 2, result_frac bits. */
static nh_val reciprocal(softmax *s, nh_val mantissa) {
    nh_dp *p = s->p;
    int bits = s->result_frac - 1; /* cells of 2^-bits err by at most 2^-(bits+1) */
    s->interpolated = bits > s->size_log2;
    if (s->interpolated) bits = (s->result_frac + 1) / 2 < s->size_log2 ? (s->result_frac + 1) / 2 : s->size_log2;
    s->reciprocal_entries = (int64_t)1 << bits;
    int below = p->node[mantissa].frac - bits; /* low bits of the mantissa that do not select a cell */
    assert(below > 0);
    nh_val index = low_bits(p, high_bits(p, mantissa, below), bits);
    if (!s->interpolated) {
        int table = add_table(s, "reciprocal", s->reciprocal_entries, s->result_frac, reciprocal_centre, 1);
        return nh_dp_table_read(p, table, index);
    }
    int start = add_table(s, "reciprocal", s->reciprocal_entries, s->result_frac, reciprocal_start, 1);
    int slope_frac = s->result_frac - bits + 1;
    int slope = add_table(s, "slope", s->reciprocal_entries, slope_frac, reciprocal_slope, 1);
    nh_val offset = nh_dp_cut(p, mantissa, unsigned_format(below, p->node[mantissa].frac, NH_ROUND_TRN));
    offset = nh_dp_cast(p, offset, unsigned_format(slope_frac, bits + slope_frac, NH_ROUND_TRN));
    nh_val drop = nh_dp_mul(p, nh_dp_table_read(p, slope, index), offset);
    drop = nh_dp_cast(p, drop, unsigned_format(slope_frac + 1, s->result_frac, NH_ROUND_RND));
    return nh_dp_sub(p, nh_dp_table_read(p, start, index), drop);
}

/* v * 2^-j where 2^j is the largest power of two in the sum. */
static nh_val normalise(softmax *s, nh_val sum, nh_val v) {
    nh_val out = v;
    for (int j = 1; ((int64_t)1 << j) <= s->n; j++) {
        nh_val at_least = nh_dp_le(s->p, nh_dp_const(s->p, (nh_i128)1 << j, 0), sum);
        out = nh_dp_select(s->p, at_least, nh_dp_scale(s->p, v, -j), out);
    }
    return out;
}

static const char *describe(const softmax *s) {
    const char *exp_text =
        s->exp_tables == 1
            ? nh_arena_printf(s->p->arena, "exp table of %lld entries", (long long)s->exp_entries)
            : nh_arena_printf(s->p->arena, "exp from two tables (low one %lld entries)", (long long)s->exp_entries);
    return nh_arena_printf(s->p->arena, "%s: %s, step %g, %d fractional bits; reciprocal of %lld cells%s", s->id, exp_text,
                           ldexp(s->lsb, s->drop), s->exp_frac, (long long)s->reciprocal_entries,
                           s->interpolated ? ", interpolated" : "");
}

/* Bits so that n rounded exponentials together move a result by less than half an LSB of the output. */
static void choose_bits(softmax *s, nh_format out) {
    int frac = nh_format_frac(out);
    s->exp_frac = frac + 2 + nh_log2_ceil((uint64_t)s->n);
    if (s->exp_frac < 10) s->exp_frac = 10;
    if (s->exp_frac > 24) s->exp_frac = 24;
    s->result_frac = frac + 4 < s->exp_frac ? frac + 4 : s->exp_frac;
    if (s->result_frac < 8) s->result_frac = 8;
    s->size_log2 = 1;
    while (((int64_t)2 << s->size_log2) <= s->table_size) s->size_log2++;
}

void nh_dp_softmax(nh_dp *p, const nh_val *x, int64_t n, double in_scale, nh_format out, int64_t table_size, const char *id,
                   nh_val *y, const char **note) {
    assert(n >= 1 && table_size >= 2);
    softmax s = {.p = p, .id = id, .n = n, .table_size = table_size};
    choose_bits(&s, out);
    nh_val max = max_of(p, x, n);
    nh_i128 last = 1;
    for (int64_t i = 0; i < n; i++) {
        y[i] = nh_dp_sub(p, max, x[i]);
        nh_range d = p->node[y[i]].range;
        nh_dp_narrow(p, y[i], (nh_range){0, d.hi > 0 ? d.hi : 0});
        if (d.hi > last) last = d.hi;
    }
    s.lsb = ldexp(in_scale, -p->node[max].frac);
    double zero_from = floor((s.exp_frac + 1) * log(2) / s.lsb) + 1; /* exp(-zero_from * lsb) rounds to 0 */
    if (zero_from < (double)last) last = (nh_i128)zero_from;
    exponentials(&s, y, last);
    nh_val sum = nh_dp_sum(p, y, n);
    nh_dp_narrow(p, sum, (nh_range){(nh_i128)1 << s.exp_frac, (nh_i128)n << s.exp_frac}); /* the maximum gives exactly 1 */
    nh_val mantissa = normalise(&s, sum, sum);
    int frac = p->node[mantissa].frac;
    nh_dp_narrow(p, mantissa, (nh_range){(nh_i128)1 << frac, ((nh_i128)2 << frac) - 1});
    nh_val r = normalise(&s, sum, reciprocal(&s, mantissa));
    r = nh_dp_cast(p, r, unsigned_format(s.result_frac + 1, s.result_frac, NH_ROUND_RND));
    out.round = NH_ROUND_RND;
    out.overflow = NH_OVERFLOW_SAT; /* 1.0 may be the first value that does not fit */
    for (int64_t i = 0; i < n; i++) y[i] = nh_dp_cast(p, nh_dp_mul(p, y[i], r), out);
    if (note) *note = describe(&s);
}
