/* The unit MAC: a dense layer on time-multiplexed multipliers, and what follows it element by element. */
#include "intmath.h"
#include "lower.h"
#include "reuse.h"
#include "unit.h"

static const char *format_text(nh_arena *a, const nh_format f) {
    char text[NH_FORMAT_TEXT];
    return nh_arena_str(a, nh_format_print(f, text));
}

static void add_notes(nh_lowering *c, const nh_mac *m, int64_t reuse) {
    int64_t busy = m->in_words * m->groups, products = m->n_in * m->n_out;
    nh_notes_add(&c->notes,
                 nh_arena_printf(
                     c->a,
                     "%lld x %lld multipliers (outputs x inputs), %lld of %lld cycles busy, %.1f %% of products useful",
                     (long long)m->out_lanes, (long long)m->in_lanes, (long long)busy, (long long)reuse,
                     100.0 * (double)products / (double)(reuse * m->in_lanes * m->out_lanes)));
    nh_notes_add(&c->notes, nh_arena_printf(c->a, "accumulator %s, %s", format_text(c->a, m->acc),
                                            m->exact ? "never overflows" : "every product and sum is cast to it"));
}

/* Weights with rows and columns in the order of the streams. */
static const int64_t *permuted(nh_arena *a, const nh_layer *l, const int64_t *rows, const int64_t *columns) {
    int64_t n_out = l->weight->shape.dim[0], n_in = l->weight->shape.dim[1];
    if (!rows && !columns) return l->weight->raw;
    int64_t *w = nh_arena_array(a, (size_t)(n_out * n_in), sizeof *w);
    for (int64_t o = 0; o < n_out; o++) {
        const int64_t *from = l->weight->raw + (rows ? rows[o] : o) * n_in;
        for (int64_t i = 0; i < n_in; i++) w[o * n_in + i] = from[columns ? columns[i] : i];
    }
    return w;
}

bool nh_lower_mac(nh_lowering *c, const nh_layer_run *r) {
    const nh_layer *l = r->layer[0];
    const int64_t *rows = c->layout[l->out].order, *columns = c->layout[l->in[0]].order;
    int in = nh_lower_take(c, l->in[0]);
    nh_unit *u = nh_lower_unit(c, NH_UNIT_MAC, r);
    nh_dense_shape s = nh_dense_shape_of(l);
    nh_mac *m = &u->mac;
    u->reuse_factor = c->reuse[l - c->g->layer];
    m->n_in = s.n_in;
    m->n_out = s.n_out;
    m->exact = l->accum_exact;
    nh_mac_lanes(s.n_in, s.n_out, u->reuse_factor, m->exact, &m->in_lanes, &m->out_lanes);
    m->in_words = nh_ceil_div(s.n_in, m->in_lanes);
    m->groups = nh_ceil_div(s.n_out, m->out_lanes);
    m->x = c->g->tensor[l->in[0]].q.fmt;
    m->weight = l->weight->fmt;
    m->acc = m->bias = l->accum;
    m->w = permuted(c->a, l, rows, columns);
    m->b = nh_lower_biases(c, l, s.n_out, rows);
    add_notes(c, m, u->reuse_factor);
    if (!nh_build_post(c->a, c->d, r, nh_arena_printf(c->a, "%s_post", u->id), m->acc, s.n_out, rows, &m->post,
                       &c->notes))
        return false;
    nh_lower_feed(c, u, in, m->in_lanes);
    nh_lower_give(c, u, r->layer[r->n - 1]->out, m->out_lanes);
    return true;
}

int64_t nh_unit_mac_interval(const nh_unit *u) { return u->reuse_factor; }

nh_times nh_unit_mac_times(nh_schedule *s, int unit, int step) {
    const nh_unit *u = &s->g->unit[unit];
    const nh_mac *m = &u->mac;
    nh_times in = nh_schedule_input(s, u, 0, step), out = nh_times_new(s->a, m->groups);
    int64_t tree = m->exact ? nh_log2_ceil((uint64_t)m->in_lanes) : 1;
    int64_t post = (m->post.mul ? NH_BEAT_ROM_LATENCY : 0) + m->post.dp->latency_cycles + NH_SKID_LATENCY;
    int64_t loaded = in.at[in.n - 1] > s->ready[unit] ? in.at[in.n - 1] : s->ready[unit];
    for (int64_t g = 0; g < m->groups; g++) {
        int64_t computed = m->groups == 1 ? loaded : loaded + (g + 1) * m->in_words;
        out.at[g] = computed + NH_MAC_LATENCY + tree + post;
    }
    s->ready[unit] = loaded + u->ii_cycles;
    return out;
}

int64_t nh_unit_mac_memory(const nh_design *g, const nh_unit *u) {
    (void)g;
    (void)u;
    return 0;
}

/* The accumulator of output o; casts inside a sum whose format was given are counted. */
static nh_i128 product_sum(const nh_mac *m, const int64_t *x, int64_t o, nh_fx_count *count) {
    const int64_t *w = m->w + o * m->n_in;
    int frac = nh_format_frac(m->x) + nh_format_frac(m->weight);
    nh_i128 acc = m->b ? m->b[o] : 0;
    for (int64_t i = 0; i < m->n_in; i++) {
        nh_i128 product = nh_widen(x[i], m->x) * nh_widen(w[i], m->weight);
        if (m->exact)
            acc += product;
        else
            acc =
                nh_fx_convert(acc + nh_fx_convert(product, frac, m->acc, count), nh_format_frac(m->acc), m->acc, count);
    }
    return acc;
}

void nh_unit_mac_eval(const nh_unit_step *e) {
    const nh_mac *m = &e->unit->mac;
    const int64_t *x = e->raw[e->unit->in[0]];
    int64_t *y = e->raw[e->unit->out[0]];
    for (int64_t o = 0; o < m->n_out; o++)
        y[o] = (int64_t)nh_post_eval(&m->post, o, product_sum(m, x, o, e->count), e->count);
}

nh_resources nh_unit_mac_estimate(const nh_design *g, const nh_unit *u) {
    const nh_target *t = &g->opt->target;
    const nh_mac *m = &u->mac;
    nh_resources r = {0};
    int64_t x = m->x.width_bits, w = m->weight.width_bits, acc = m->acc.width_bits, lanes = m->in_lanes * m->out_lanes;
    nh_add_products(&r, t, lanes, m->x, m->weight);
    r.ffs += lanes * (x + w) + m->out_lanes * acc + m->in_lanes * x;
    r.luts += m->out_lanes * (m->in_lanes - 1) * (x + w) +
              2 * m->out_lanes * acc; /* tree; accumulator with its bias choice */
    r.ffs += m->out_lanes * (m->in_lanes - 1) * (x + w) + 3 * m->out_lanes * acc; /* tree; skid of the output */
    r.luts += 2 * m->out_lanes * acc + 40;                                        /* skid, schedule */
    r.ffs += 40;
    nh_add_rom(&r, t, m->in_words * m->groups, lanes * w);
    nh_add_rom(&r, t, m->groups, m->out_lanes * acc);
    if (m->groups > 1) nh_add_ram(&r, t, 2 * m->in_words, m->in_lanes * x);
    if (m->post.mul) nh_add_rom(&r, t, m->groups, m->out_lanes * m->post.mul_bits);
    nh_add_datapath(&r, m->post.dp, t, m->out_lanes);
    return r;
}
