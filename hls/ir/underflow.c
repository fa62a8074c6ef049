#include "underflow.h"

#include <math.h>

#include "fx.h"

/* Below this the numbers of a parameter are hardly what was trained: every second bit of them that mattered is gone. */
#define LOST_DB 10
/* A row whose error is below this part of it keeps what it needs, few bits or many. */
#define ROW_ERROR 0.01

typedef struct {
    const double *value;
    const int64_t *raw;
    int64_t n;
    double lsb; /* real value of raw 1 */
} row;

typedef struct {
    double most, square, error; /* most: the number of the largest magnitude, with its sign */
    int64_t most_at, most_raw, zeroed, n;
} row_sums;

static double magnitude(int64_t raw) { return fabs((double)raw); }

static row_sums sums_of(const row *r, double floor) {
    row_sums s = {0};
    for (int64_t i = 0; i < r->n; i++) {
        double v = r->value[i], e = (double)r->raw[i] * r->lsb - v;
        s.square += v * v;
        s.error += e * e;
        if (fabs(v) > fabs(s.most)) s.most = v, s.most_at = i;
        if (magnitude(r->raw[i]) > (double)s.most_raw) s.most_raw = (int64_t)fmin(magnitude(r->raw[i]), 0x1p62);
        s.n += fabs(v) > floor;
        s.zeroed += fabs(v) > floor && r->raw[i] == 0;
    }
    return s;
}

static row row_of(const nh_param *p, int64_t o) {
    int64_t per = nh_shape_size(p->shape) / p->shape.dim[0];
    return (row){p->value + o * per, p->raw + o * per, per, ldexp(p->scale ? p->scale[o] : 1, -nh_format_frac(p->fmt))};
}

/* The row loses more than the worst so far. */
static bool is_worse(const nh_param_loss *l, const row_sums *s, bool was_zeroed) {
    if (l->worst_row < 0) return true;
    bool zeroed = s->most_raw == 0;
    return zeroed != was_zeroed ? zeroed : fabs(s->most) > fabs(l->worst);
}

static void add_row(nh_param_loss *l, int64_t o, const row *r, const row_sums *s, int64_t most_raw) {
    bool was_zeroed = l->becomes == 0;
    if (s->n == 0) return;
    l->rows++;
    bool zeroed = s->most_raw == 0,
         is_short = s->most_raw < NH_SHORT_RAW && most_raw >= NH_LONG_RAW && s->error > ROW_ERROR * s->square;
    if (!zeroed && !is_short) return;
    l->rows_zeroed += zeroed;
    l->rows_short += !zeroed;
    if (!is_worse(l, s, was_zeroed)) return;
    l->worst_row = o;
    l->worst = s->most;
    l->becomes = (double)r->raw[s->most_at] * r->lsb;
    l->worst_lsb = r->lsb;
}

bool nh_param_loss_of(const nh_param *p, nh_param_loss *out) {
    *out = (nh_param_loss){.worst_row = -1, .sqnr_db = INFINITY};
    if (!p || !p->raw || !p->value || p->shape.rank < 1 || p->shape.dim[0] < 1) return false;
    double square = 0, error = 0;
    int64_t most_raw = 0;
    for (int64_t o = 0; o < p->shape.dim[0]; o++) {
        row r = row_of(p, o);
        if (!isfinite(r.lsb)) continue; /* a gain of 0: the row has no effect */
        row_sums s = sums_of(&r, 0);
        square += s.square;
        error += s.error;
        out->most = fmax(out->most, fabs(s.most));
        most_raw = s.most_raw > most_raw ? s.most_raw : most_raw;
    }
    if (error > 0) out->sqnr_db = 10 * log10(square / error);
    for (int64_t o = 0; o < p->shape.dim[0]; o++) {
        row r = row_of(p, o);
        if (!isfinite(r.lsb)) continue;
        row_sums s = sums_of(&r, out->most * NH_NOISE_FLOOR);
        out->n += s.n;
        out->zeroed += s.zeroed;
        add_row(out, o, &r, &s, most_raw);
    }
    return true;
}

bool nh_param_is_lost(const nh_param_loss *l) { return l->rows_zeroed + l->rows_short > 0 || l->sqnr_db < LOST_DB; }
