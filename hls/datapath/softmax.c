#include "internal.h"

#include <assert.h>
#include <math.h>

/* softmax(x)_i = exp(x_i - m) / sum_k exp(x_k - m), m = max: every exponent is <= 0 and the sum is in [1, n].
 *
 *   d_i = m - x_i          exact
 *   e_i = exp(-d_i)        a table, exp_frac fractional bits
 *   s   = sum e_i          exact
 *   softmax:      s = mantissa * 2^j, 1 <= mantissa < 2, found by comparing s with the powers of two
 *                 r = 1 / mantissa, a table
 *                 y_i = e_i * (r * 2^-j) rounded to the output
 *   log_softmax:  y_i = -d_i - log(s), the logarithm from a table */
typedef struct {
    nh_dp *p;
    const char *id;
    int64_t n, table_size;
    double in_scale;
    int exp_frac;   /* fractional bits of exp */
    nh_val *e, sum; /* [n] exponentials, and their sum */
    nh_dp_table_facts exp, second;
} softmax;

static long double exp_of(long double x, const double p[2]) {
    (void)p;
    return expl(-x);
}
static long double reciprocal_of(long double x, const double p[2]) {
    (void)p;
    return 1 / x;
}
static long double log_of(long double x, const double p[2]) {
    (void)p;
    return x > 0 ? logl(x) : -INFINITY;
}

static nh_format unsigned_format(int width, int frac, nh_round round) {
    return nh_format_make(false, width, width - frac, round, NH_OVERFLOW_WRAP);
}

static nh_val max_of(nh_dp *p, const nh_val *x, int64_t n) {
    if (n == 1) return x[0];
    nh_val low = max_of(p, x, n / 2);
    return nh_dp_max(p, low, max_of(p, x + n / 2, n - n / 2));
}

static nh_val look_up(const softmax *s, const char *what, nh_real_fn *f, nh_val x, nh_range over, double in_scale,
                      nh_format out, nh_dp_table_facts *facts) {
    const nh_dp_curve curve = {.f = f, .octaves = f == log_of};
    return nh_dp_unary_table(s->p, x, over, in_scale, &curve, out, s->table_size,
                             nh_arena_printf(s->p->arena, "%s_%s", s->id, what), facts);
}

/* d[i] = max - x[i], exact; e[i] = exp(-d[i]), and their sum. What is beyond `last` rounds to 0, as `last` does. */
static void exponentials(softmax *s, const nh_val *x, nh_val *d) {
    nh_dp *p = s->p;
    nh_val max = max_of(p, x, s->n);
    nh_i128 last = 1;
    for (int64_t i = 0; i < s->n; i++) {
        d[i] = nh_dp_sub(p, max, x[i]);
        nh_range r = p->node[d[i]].range;
        nh_dp_narrow(p, d[i], (nh_range){0, r.hi > 0 ? r.hi : 0});
        if (r.hi > last) last = r.hi;
    }
    int frac = p->node[max].frac;
    double zero_from = floor((s->exp_frac + 2) * log(2) / ldexp(s->in_scale, -frac)) + 1;
    if (zero_from < (double)last) last = (nh_i128)zero_from;
    nh_format one = unsigned_format(s->exp_frac + 1, s->exp_frac, NH_ROUND_RND);
    s->e = nh_arena_array(p->arena, (size_t)s->n, sizeof *s->e);
    for (int64_t i = 0; i < s->n; i++) {
        nh_val held = nh_dp_min(p, d[i], nh_dp_const(p, last, frac));
        s->e[i] = look_up(s, "exp", exp_of, held, (nh_range){0, last}, s->in_scale, one, &s->exp);
    }
    s->sum = nh_dp_sum(p, s->e, s->n);
    nh_dp_narrow(p, s->sum,
                 (nh_range){(nh_i128)1 << s->exp_frac, (nh_i128)s->n << s->exp_frac}); /* the maximum gives exactly 1 */
}

/* v * 2^-j where 2^j is the largest power of two in the sum. */
static nh_val normalise(softmax *s, nh_val v) {
    nh_val out = v;
    for (int j = 1; ((int64_t)1 << j) <= s->n; j++) {
        nh_val at_least = nh_dp_le(s->p, nh_dp_const(s->p, (nh_i128)1 << j, 0), s->sum);
        out = nh_dp_select(s->p, at_least, nh_dp_scale(s->p, v, -j), out);
    }
    return out;
}

/* Bits so that n exponentials that are wrong by an LSB together move a result by less than a quarter of an LSB of the
 * output. */
static softmax begin(nh_dp *p, int64_t n, double in_scale, nh_format out, int64_t table_size, const char *id) {
    assert(n >= 1);
    softmax s = {.p = p, .id = id, .n = n, .table_size = table_size, .in_scale = in_scale};
    s.exp_frac = nh_format_frac(out) + 3 + nh_log2_ceil((uint64_t)n);
    s.exp_frac = s.exp_frac < 10 ? 10 : s.exp_frac > 52 ? 52 : s.exp_frac;
    return s;
}

/* The bound for the error: the rounding of the result and what the tables are wrong by, `exp` of them n times. */
static void tell(const softmax *s, nh_format out, double error, nh_dp_table_facts *facts) {
    if (!facts) return;
    int frac = nh_format_frac(out);
    *facts = (nh_dp_table_facts){.entries = s->exp.entries > s->second.entries ? s->exp.entries : s->second.entries,
                                 .degree = s->exp.degree > s->second.degree ? s->exp.degree : s->second.degree};
    nh_dp_table_facts *part = nh_arena_array(s->p->arena, 2, sizeof *part);
    part[0] = s->exp;
    part[1] = s->second;
    facts->id = s->id;
    facts->out = out;
    facts->part = part;
    facts->n_part = s->second.id ? 2 : 1;
    facts->error = error + ldexp(0.5, -frac);
    facts->error_lsb = ldexp(facts->error, frac);
    facts->note = nh_arena_printf(s->p->arena, "%s: error at most %.2g = %.2f LSB of the result; %s; %s", s->id,
                                  facts->error, facts->error_lsb, s->exp.note, s->second.note);
}

void nh_dp_softmax(nh_dp *p, const nh_val *x, int64_t n, double in_scale, nh_format out, int64_t table_size,
                   const char *id, nh_val *y, nh_dp_table_facts *facts) {
    softmax s = begin(p, n, in_scale, out, table_size, id);
    int frac = nh_format_frac(out) + 4;
    frac = frac < 8 ? 8 : frac > 52 ? 52 : frac;
    exponentials(&s, x, y);
    nh_val mantissa = normalise(&s, s.sum);
    nh_range once = {(nh_i128)1 << p->node[mantissa].frac, ((nh_i128)2 << p->node[mantissa].frac) - 1};
    nh_dp_narrow(p, mantissa, once);
    nh_format one = unsigned_format(frac + 1, frac, NH_ROUND_RND);
    nh_val r = normalise(&s, look_up(&s, "reciprocal", reciprocal_of, mantissa, once, 1, one, &s.second));
    r = nh_dp_cast(p, r, one);
    tell(&s, out, (double)n * s.exp.error + s.second.error + ldexp(0.5, -frac), facts);
    out.round = NH_ROUND_RND;
    out.overflow = NH_OVERFLOW_SAT; /* 1.0 may be the first value that does not fit */
    for (int64_t i = 0; i < n; i++) y[i] = nh_dp_cast(p, nh_dp_mul(p, s.e[i], r), out);
}

/* A value times a real factor, with as many significant bits as the result has, and four more. */
static nh_val times(nh_dp *p, nh_val v, double factor, int bits) {
    nh_i128 raw;
    int frac;
    if (factor == 1) return v;
    nh_fx_constant_bits(factor, bits + 4, &raw, &frac);
    return nh_dp_mulc(p, v, raw, frac);
}

void nh_dp_log_softmax(nh_dp *p, const nh_val *x, int64_t n, double in_scale, nh_format out, int64_t table_size,
                       const char *id, nh_val *y, nh_dp_table_facts *facts) {
    softmax s = begin(p, n, in_scale, out, table_size, id);
    int whole = 1; /* log(n) < 2^whole */
    while (ldexp(1, whole) <= log((double)n)) whole++;
    int frac = nh_format_frac(out) + 2;
    frac = frac < 8 ? 8 : frac > 52 ? 52 : frac;
    exponentials(&s, x, y);
    nh_range sums = {(nh_i128)1 << s.exp_frac, (nh_i128)n << s.exp_frac};
    nh_val log_sum = nh_dp_const(p, 0, 0);
    s.second.note = "one value";
    if (n > 1)
        log_sum =
            look_up(&s, "log", log_of, s.sum, sums, 1, unsigned_format(frac + whole, frac, NH_ROUND_RND), &s.second);
    tell(&s, out, (double)n * s.exp.error + s.second.error, facts);
    out.round = NH_ROUND_RND;
    out.overflow = NH_OVERFLOW_SAT;
    for (int64_t i = 0; i < n; i++)
        y[i] = nh_dp_cast(p, nh_dp_neg(p, nh_dp_add(p, times(p, y[i], in_scale, out.width_bits), log_sum)), out);
}
