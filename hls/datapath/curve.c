#include "curve.h"

#include <assert.h>
#include <math.h>

#include "internal.h"

enum { GUARD = 4, MOST_WIDTH = 48, MOST_ENTRIES = 8192, ONE_PER_LEVEL = 1024, MOST_PARTS_LOG2 = 10 };

static nh_i128 floor_shift(nh_i128 v, int bits) { return v >> bits; }

int64_t nh_segments_count(const nh_segments *s) { return (int64_t)(s->last - s->first) + 1; }

int nh_segments_work_frac(const nh_segments *s) { return s->frac + (s->degree == 3); }

int nh_curve_top_octave(const nh_curve *c) {
    nh_i128 most = c->x.hi > 1 ? c->x.hi : 1;
    if (c->fn.odd && -c->x.lo > most) most = -c->x.lo;
    return nh_dp_bits((nh_range){0, most}) - 2;
}

long double nh_segment_start(const nh_segments *s, nh_i128 n) {
    if (!s->octaves) return ldexpl((long double)n, s->drop);
    nh_i128 part = n & (((nh_i128)1 << s->parts_log2) - 1);
    return ldexpl(1 + ldexpl((long double)part, -s->parts_log2), (int)(n >> s->parts_log2));
}

long double nh_segment_length(const nh_segments *s, nh_i128 n) {
    return s->octaves ? ldexpl(1, (int)(n >> s->parts_log2) - s->parts_log2) : ldexpl(1, s->drop);
}

/* --- values ------------------------------------------------------------------------------------------------------ */

long double nh_curve_value(const nh_curve *c, long double raw) {
    long double x = raw * c->in_lsb, v = c->fn.f(x, c->fn.p);
    if (x > 0) v -= (long double)c->fn.rising * x;
    return isnan(v) ? 0 : v;
}

static long double within(const nh_curve *c, long double v) {
    int frac = nh_format_frac(c->out);
    return fminl(fmaxl(v, ldexpl((long double)nh_format_min(c->out), -frac)),
                 ldexpl((long double)nh_format_max(c->out), -frac));
}

long double nh_curve_result(const nh_curve *c, long double raw) {
    long double v = c->fn.f(raw * c->in_lsb, c->fn.p);
    return within(c, isnan(v) ? 0 : v);
}

/* A value in a table that is added to something is held within twice the result's format, where it saturates for
 * certain. */
static int64_t sample(const nh_curve *c, long double raw, int frac) {
    long double v = ldexpl(nh_curve_value(c, raw), frac);
    long double most = ldexpl(1, c->out.width_bits + 1 + frac - nh_format_frac(c->out));
    return (int64_t)rintl(fminl(fmaxl(v, -most), most));
}

/* The result's integer, nearest even. */
static long double level(const nh_curve *c, long double raw, int more_bits) {
    long double v = nh_curve_value(c, raw);
    return rintl(ldexpl(c->fn.rising == 0 ? within(c, v) : v, nh_format_frac(c->out) + more_bits));
}

void nh_curve_fit(const nh_curve *c, const nh_segments *s, nh_i128 n, int64_t k[NH_CURVE_DEGREE + 1]) {
    long double start = nh_segment_start(s, n), length = nh_segment_length(s, n);
    int64_t v[NH_CURVE_DEGREE + 1] = {0};
    if (s->degree == 0) {
        long double centre = start + fmaxl(length - 1, 0) / 2;
        k[0] = c->fn.rising == 0 ? (int64_t)level(c, centre, 0) : sample(c, centre, s->frac);
        return;
    }
    for (int i = 0; i <= s->degree; i++) v[i] = sample(c, start + length * i / s->degree, s->frac);
    k[0] = v[0];
    switch (s->degree) {
    case 1: k[1] = v[1] - v[0]; break;
    case 2:
        k[1] = -3 * v[0] + 4 * v[1] - v[2];
        k[2] = 2 * v[0] - 4 * v[1] + 2 * v[2];
        break;
    default: /* in halves */
        k[1] = -11 * v[0] + 18 * v[1] - 9 * v[2] + 2 * v[3];
        k[2] = 18 * v[0] - 45 * v[1] + 36 * v[2] - 9 * v[3];
        k[3] = -9 * v[0] + 27 * v[1] - 27 * v[2] + 9 * v[3];
    }
}

/* --- flat ends --------------------------------------------------------------------------------------------------- */

/* Where the curve is looked at to find its flat ends: evenly over x, and at all scales around 0, where functions bend.
 */
enum { EVEN = 1024, SCALES = 126, PROBES = EVEN + 4 * SCALES };

static nh_i128 probe(nh_range x, int i) {
    if (i < EVEN) return x.lo + (nh_i128)(((long double)x.hi - (long double)x.lo) * i / EVEN);
    int scale = (i - EVEN) / 4;
    nh_i128 v = (nh_i128)1 << scale;
    if (i & 1) v += v / 2;
    if (i & 2) v = -v;
    return v < x.lo ? x.lo : v > x.hi ? x.hi : v;
}

static nh_i128 distance(nh_i128 a, nh_i128 b) { return a < b ? b - a : a - b; }

/* The point farthest from `end` up to which the curve stays at its level there, as far as the probes and bisection
 * between them can tell. */
static nh_i128 flat_until(const nh_curve *c, nh_i128 end, int more_bits) {
    nh_range x = c->x;
    long double flat = level(c, (long double)end, more_bits);
    nh_i128 same = end, differs = end;
    for (int i = 0; i < PROBES; i++) {
        nh_i128 v = probe(x, i);
        if ((differs == end || distance(v, end) < distance(differs, end)) &&
            level(c, (long double)v, more_bits) != flat)
            differs = v;
    }
    if (differs == end) return end == x.lo ? x.hi : x.lo;
    for (int i = 0; i < PROBES; i++) {
        nh_i128 v = probe(x, i);
        if (distance(v, end) < distance(differs, end) && distance(v, end) > distance(same, end)) same = v;
    }
    while (distance(same, differs) > 1) {
        nh_i128 middle = same + (differs - same) / 2;
        if (level(c, (long double)middle, more_bits) == flat)
            same = middle;
        else
            differs = middle;
    }
    return same;
}

/* --- choice ------------------------------------------------------------------------------------------------------ */

/* Where the curve is not flat, for tables whose entries are results, and for those that have bits below the result. */
typedef struct {
    const nh_curve *c;
    nh_range rough, fine;
    int64_t most; /* entries */
} search;

static void place_uniform(const search *w, nh_segments *s) {
    const nh_curve *c = w->c;
    bool rough = s->degree == 0 && c->fn.rising == 0;
    nh_range bent = rough ? w->rough : w->fine;
    s->first = rough ? floor_shift(bent.lo + 1, s->drop) - 1
                     : floor_shift(bent.lo, s->drop); /* rough: the last segment that is wholly flat */
    s->last = rough ? floor_shift(bent.hi - 1, s->drop) + 1 : floor_shift(bent.hi, s->drop);
    if (s->first < floor_shift(c->x.lo, s->drop)) s->first = floor_shift(c->x.lo, s->drop);
    if (s->last > floor_shift(c->x.hi, s->drop)) s->last = floor_shift(c->x.hi, s->drop);
    if (s->last < s->first) s->last = s->first; /* flat all over */
}

static void place_octaves(const search *w, nh_segments *s) {
    int lowest = 0;
    if (!w->c->fn.odd && w->c->x.lo > 1) lowest = nh_dp_bits((nh_range){0, w->c->x.lo}) - 2;
    s->first = (nh_i128)lowest << s->parts_log2;
    s->last = (((nh_i128)nh_curve_top_octave(w->c) + 1) << s->parts_log2) - 1;
}

/* One entry per level? */
static bool place_levels(const search *w, nh_segments *s) {
    *s = (nh_segments){.frac = nh_format_frac(w->c->out) + (w->c->fn.rising != 0 ? GUARD : 0)};
    place_uniform(w, s);
    return s->last - s->first < w->most;
}

/* Make segments; fineness 0 is the coarsest. False beyond the finest, or beyond the entries there may be. */
static bool place(const search *w, int degree, int fineness, nh_segments *s) {
    const nh_curve *c = w->c;
    int room = c->out.width_bits > MOST_WIDTH ? c->out.width_bits - MOST_WIDTH : 0;
    *s = (nh_segments){.degree = degree,
                       .frac = nh_format_frac(c->out) + (degree > 0 || c->fn.rising != 0 ? GUARD - room : 0)};
    s->octaves = c->fn.octaves;
    if (s->octaves) {
        s->parts_log2 = fineness;
        if (fineness > MOST_PARTS_LOG2 || fineness > nh_curve_top_octave(c)) return false;
        place_octaves(w, s);
    } else {
        s->drop = nh_dp_bits((nh_range){0, c->x.hi - c->x.lo}) - 1 - fineness;
        if (s->drop < 0) return false;
        place_uniform(w, s);
    }
    return s->last - s->first < w->most;
}

/* What segments are worth. */
typedef struct {
    double error; /* in LSBs of the result, without the rounding of sums */
    double cost;  /* bits of memory; a bit of a product counts 16 */
} worth;

static long double at(const nh_segments *s, const int64_t k[NH_CURVE_DEGREE + 1], long double t) {
    long double rest = 0;
    for (int i = s->degree; i > 0; i--) rest = (rest + (long double)k[i]) * t;
    return ldexpl((long double)k[0], -s->frac) + ldexpl(rest, -nh_segments_work_frac(s));
}

/* A piece of the curve that is being judged: one segment. */
typedef struct {
    const nh_curve *c;
    const nh_segments *s;
    long double start, length;
    int64_t k[NH_CURVE_DEGREE + 1];
} segment;

/* The error x integers from the start. */
static long double error_at(const segment *g, long double x) {
    long double want = nh_curve_value(g->c, g->start + x), got = at(g->s, g->k, x / g->length);
    if (g->c->fn.rising == 0) want = within(g->c, want), got = within(g->c, got);
    return fabsl(want - got);
}

/* Evenly, the finer the fewer segments there are; and at all scales next to 0, where functions bend. */
static double segment_error(const segment *g) {
    long double worst = error_at(g, fmaxl(g->length - 1, 0));
    int points = 8 + 256 / (int)nh_segments_count(g->s);
    if (g->length < points) points = g->length < 1 ? 1 : (int)g->length;
    for (int i = 0; i < points; i++) worst = fmaxl(worst, error_at(g, g->length * i / points));
    bool above = g->start >= 0 && g->start <= 0, below = g->start + g->length >= 0 && g->start + g->length <= 0;
    for (long double x = g->length; !g->s->octaves && (above || below) && x > 1; x /= 2) {
        worst = fmaxl(worst, error_at(g, above ? floorl(x / 2) : ceill(g->length - x / 2)));
        worst = fmaxl(worst, error_at(g, above ? floorl(x * 3 / 4) : ceill(g->length - x * 3 / 4)));
    }
    return (double)ldexpl(worst, nh_format_frac(g->c->out));
}

/* LSBs that are lost to rounding behind the table: of the result, of every product, of t. */
static double rounding(const nh_curve *c, const nh_segments *s) {
    if (s->degree == 0) return c->fn.rising == 0 ? 0 : 0.5 + ldexp(1, -GUARD);
    return 0.5 + (0.5 * s->degree + 1) * ldexp(1, nh_format_frac(c->out) - s->frac);
}

/* Gives up as soon as the error is above `enough`. */
static worth assess(const nh_curve *c, const nh_segments *s, double enough) {
    worth w = {0, 0};
    nh_range all[NH_CURVE_DEGREE + 1] = {{0, 0}, {0, 0}, {0, 0}, {0, 0}};
    for (nh_i128 n = s->first; n <= s->last && w.error <= enough; n++) {
        segment g = {.c = c, .s = s, .start = nh_segment_start(s, n), .length = nh_segment_length(s, n)};
        nh_curve_fit(c, s, n, g.k);
        for (int i = 0; i <= s->degree; i++) all[i] = nh_range_hull(all[i], (nh_range){g.k[i], g.k[i]});
        w.error = fmax(w.error, segment_error(&g));
    }
    int widest = 0;
    for (int i = 0; i <= s->degree; i++) {
        int width = nh_dp_bits(all[i]);
        w.cost += (double)nh_segments_count(s) * width;
        if (i > 0 && width > widest) widest = width;
    }
    int t_bits = s->octaves ? nh_curve_top_octave(c) - s->parts_log2 : s->drop;
    w.cost += 16.0 * s->degree * widest * (t_bits < widest ? t_bits : widest);
    return w;
}

nh_segments nh_curve_choose(const nh_curve *c, int64_t table_size) {
    search w = {c, c->x, c->x, table_size ? table_size : ONE_PER_LEVEL};
    if (c->x.hi - c->x.lo >= w.most) {
        w.rough = (nh_range){flat_until(c, c->x.lo, 0), flat_until(c, c->x.hi, 0)};
        w.fine = (nh_range){flat_until(c, c->x.lo, 2), flat_until(c, c->x.hi, 2)};
    }
    nh_segments best = {0}, s;
    if (place_levels(&w, &s)) return s;
    if (!table_size) w.most = MOST_ENTRIES;
    worth least = {INFINITY, INFINITY};
    for (int degree = 0; degree <= NH_CURVE_DEGREE; degree++) {
        for (int fineness = 0; place(&w, degree, fineness, &s); fineness++) {
            double lost = rounding(c, &s);
            worth now = assess(c, &s, fmax(1, least.error) - lost);
            now.error += lost;
            bool is_met = now.error <= 1, was_met = least.error <= 1;
            if (is_met ? !was_met || now.cost < least.cost : now.error < least.error) {
                best = s;
                least = now;
            }
            if (is_met) break;
        }
    }
    return best;
}
