/* Fan-in: inputs of a population that exceed a core are split over populations of partial sums (model "sum": no state,
 * the accumulator leaves), which send graded events of weight 1 to the population. Every level of sums takes a tick. */
#include <inttypes.h>
#include <string.h>

#include "map_parts.h"

typedef struct {
    nh_arena *a;
    const nh_event_net *net;
    const nh_fabric *f;
    nh_event_net *out;
    size_t pop_cap, proj_cap;
    int model; /* "sum", or -1 */
    /* the population that is being split */
    int pop, first;                 /* first: of its sums */
    int64_t axons, synapses, convs; /* left in the last sum */
} legaliser;

int nh_map_sum_model(const nh_fabric *f) {
    for (int i = 0; i < f->n_model; i++) {
        const nh_fabric_model *m = &f->model[i];
        if (m->name && strcmp(m->name, "sum") == 0 &&
            (!m->program || (m->program->n_state == 0 && m->program->n_param == 0)))
            return i;
    }
    return -1;
}

/* --- what a word of neurons needs -------------------------------------------------------------------------------- */

/* Synapse words of sparse rows that the fullest word of neurons needs. */
static int64_t sparse_most(const nh_event_net *net, const nh_fabric *f, int pop, const int *rows) {
    const nh_population *p = &net->pop[pop];
    nh_arena *t = nh_arena_new();
    int64_t n_word = p->h * p->w * nh_ceil_div(p->c, f->lanes), most = 0,
            *cost = nh_arena_array(t, (size_t)n_word + 1, sizeof *cost);
    for (int i = 0; i < net->n_proj; i++)
        if (net->proj[i].to == pop && rows[i] == NH_ROWS_SPARSE) nh_map_sparse_words(net, &net->proj[i], f, cost);
    for (int64_t i = 0; i < n_word; i++)
        if (cost[i] > most) most = cost[i];
    nh_arena_free(t);
    return most;
}

/* Does a word of the population exceed a core, with all its inputs? What it needs, for the message. */
static bool exceeds(const nh_event_net *net, const nh_fabric *f, int pop, const int *rows, const char **resource,
                    int64_t *needed, int64_t *available) {
    int64_t axons = 0, convs = 0, synapses = 0, sparse = 0;
    for (int i = 0; i < net->n_proj; i++) {
        const nh_projection *q = &net->proj[i];
        const nh_population *from = &net->pop[q->from];
        if (q->to != pop) continue;
        if (rows[i] == NH_ROWS_CONV) {
            convs++;
            synapses += from->c * q->kh * q->kw;
            continue;
        }
        axons += nh_map_padded(from, f->lanes);
        *(rows[i] == NH_ROWS_SPARSE ? &sparse : &synapses) += nh_population_size(from);
    }
    if (sparse > 0 && synapses + sparse > f->synapses) sparse = sparse_most(net, f, pop, rows);
    int64_t need[] = {axons, convs, synapses + sparse}, have[] = {f->axons, f->convs, f->synapses};
    const char *name[] = {"axons", "convs", "synapses"};
    for (int i = 0; i < 3; i++) {
        if (need[i] <= have[i]) continue;
        *resource = name[i], *needed = need[i], *available = have[i];
        return true;
    }
    return false;
}

/* --- sums -------------------------------------------------------------------------------------------------------- */

static int add_sum(legaliser *s) {
    nh_event_net *n = s->out;
    const nh_population *p = &s->net->pop[s->pop];
    n->pop = nh_arena_grow(s->a, n->pop, &s->pop_cap, (size_t)n->n_pop + 1, sizeof *n->pop);
    n->pop[n->n_pop] = (nh_population){.name = nh_arena_printf(s->a, "%s.sum%d", p->name, n->n_pop - s->first),
                                       .kind = NH_POP_NEURONS,
                                       .c = p->c,
                                       .h = p->h,
                                       .w = p->w,
                                       .model = s->model,
                                       .out_signed = true,
                                       .rate = -1,
                                       .boxes_of = s->pop + 1};
    s->axons = s->f->axons, s->synapses = s->f->synapses, s->convs = s->f->convs;
    return n->n_pop++;
}

static void add_projection(legaliser *s, nh_projection q) {
    nh_event_net *n = s->out;
    n->proj = nh_arena_grow(s->a, n->proj, &s->proj_cap, (size_t)n->n_proj + 1, sizeof *n->proj);
    n->proj[n->n_proj++] = q;
}

static int last_sum(const legaliser *s) { return s->out->n_pop - 1; }

/* Taps ky0 .. ky0+kh-1 and kx0 .. of a convolution as a convolution. */
static nh_projection taps(legaliser *s, const nh_projection *q, int64_t ky0, int64_t kh, int64_t kx0, int64_t kw) {
    nh_projection r = *q;
    int64_t kernels = s->net->pop[q->from].c * s->net->pop[q->to].c;
    r.kh = kh, r.kw = kw;
    r.pad_y = q->pad_y - ky0 * q->dilation_y;
    r.pad_x = q->pad_x - kx0 * q->dilation_x;
    if (!q->weight) return r;
    int32_t *w = nh_arena_array(s->a, (size_t)(kernels * kh * kw), sizeof *w);
    for (int64_t i = 0; i < kernels; i++)
        for (int64_t y = 0; y < kh; y++)
            for (int64_t x = 0; x < kw; x++)
                w[(i * kh + y) * kw + x] = q->weight[(i * q->kh + ky0 + y) * q->kw + kx0 + x];
    r.weight = w;
    return r;
}

static void put_conv(legaliser *s, nh_projection q) {
    int64_t need = s->net->pop[q.from].c * q.kh * q.kw;
    if (s->convs < 1 || s->synapses < need) add_sum(s);
    q.to = last_sum(s);
    s->convs--;
    s->synapses -= need;
    add_projection(s, q);
}

/* A convolution with shared kernel, cut into parts of its kernel where it must be. false: not even one tap fits. */
static bool split_conv(legaliser *s, const nh_projection *q) {
    int64_t c = s->net->pop[q->from].c, most = s->f->synapses / c, kh = q->kh, kw = q->kw;
    if (most < 1 || q->pad_y - (q->kh - 1) * q->dilation_y < -16 || q->pad_x - (q->kw - 1) * q->dilation_x < -16)
        return false;
    if (kh * kw > most) kh = most / kw > 0 ? most / kw : 1;
    if (kh * kw > most) kw = most;
    for (int64_t y = 0; y < q->kh; y += kh)
        for (int64_t x = 0; x < q->kw; x += kw)
            put_conv(s, taps(s, q, y, q->kh - y < kh ? q->kh - y : kh, x, q->kw - x < kw ? q->kw - x : kw));
    return true;
}

/* Source words, in the order pixel, channel, cut where a sum is full: whole pixels, or part of one. */
static bool split_rows(legaliser *s, const nh_projection *q) {
    const nh_population *from = &s->net->pop[q->from];
    int64_t lanes = s->f->lanes, per = nh_ceil_div(from->c, lanes), all = per * from->h * from->w;
    if (s->f->axons < lanes || s->f->synapses < lanes) return false;
    for (int64_t at = 0, n; at < all; at += n) {
        n = (s->axons < s->synapses ? s->axons : s->synapses) / lanes;
        if (n < 1) {
            add_sum(s);
            n = (s->axons < s->synapses ? s->axons : s->synapses) / lanes;
        }
        if (n > all - at) n = all - at;
        nh_projection r = *q;
        if (at % per == 0 && n >= per) {
            n -= n % per;
            r.channels = from->c;
        } else {
            if (n > per - at % per) n = per - at % per;
            r.channel0 = at % per * lanes;
            r.channels = r.channel0 + n * lanes > from->c ? from->c - r.channel0 : n * lanes;
        }
        r.pixel0 = at / per;
        r.pixels = nh_ceil_div(n, per);
        r.to = last_sum(s);
        add_projection(s, r);
        s->axons -= n * lanes;
        s->synapses -= n * lanes;
    }
    return true;
}

/* Largest magnitude that sum `to` sends, by its projections in [first, n_proj). */
static int64_t magnitude(const legaliser *s, int to, int first) {
    const nh_event_net *n = s->out;
    nh_arena *t = nh_arena_new();
    int64_t size = nh_population_size(&n->pop[to]), most = 0, *sum = nh_arena_array(t, (size_t)size + 1, sizeof *sum),
            count;
    for (int i = first; i < n->n_proj; i++) {
        const nh_projection *q = &n->proj[i];
        const nh_population *from = &n->pop[q->from];
        if (q->to != to) continue;
        int64_t payload = from->out_signed ? (int64_t)1 << (from->out_bits - 1) : ((int64_t)1 << from->out_bits) - 1,
                fan = nh_map_fan_out(n, q);
        int64_t *start = nh_map_row_starts(t, n, q), *target = nh_arena_array(t, (size_t)fan + 1, sizeof *target);
        int32_t *weight = nh_arena_array(t, (size_t)fan + 1, sizeof *weight);
        for (int64_t e = 0; e < nh_population_size(from); e++) {
            if (!nh_map_in_range(n, q, e)) continue;
            nh_map_row(n, q, e, start, target, weight, &count);
            for (int64_t j = 0; j < count; j++)
                sum[target[j]] += (weight[j] < 0 ? -(int64_t)weight[j] : weight[j]) * payload;
        }
    }
    for (int64_t i = 0; i < size; i++)
        if (sum[i] > most) most = sum[i];
    nh_arena_free(t);
    return most;
}

/* Sums [lo, hi) into accumulator acc of the population; with more of them than a core takes, of which it has n_acc,
 * into sums of sums first. most: [hi - lo] magnitudes. */
static bool gather(legaliser *s, int lo, int hi, int64_t *most, int acc, int n_acc) {
    int64_t ways = s->f->axons / s->f->lanes / n_acc;
    nh_projection q = {.name = s->net->pop[s->pop].name, .kind = NH_PROJ_SAME, .constant = 1};
    if (ways < 2 || s->f->synapses < s->f->lanes * n_acc) return false;
    while (hi - lo > ways) {
        int next = s->out->n_pop;
        int64_t up = 0;
        for (int i = lo; i < hi; i++) {
            if ((i - lo) % ways == 0) q.to = add_sum(s), up = 0;
            q.from = i;
            add_projection(s, q);
            up += most[i - lo];
            most[(i - lo) / ways] = up; /* behind what is still to be read */
            s->out->pop[q.to].out_bits = nh_log2_ceil((uint64_t)up + 1) + 1;
        }
        lo = next, hi = s->out->n_pop;
    }
    q.to = s->pop;
    q.acc = acc;
    for (q.from = lo; q.from < hi; q.from++) add_projection(s, q);
    return true;
}

/* What the population's projections bring to one accumulator. */
static bool split_acc(legaliser *s, const int *rows, int acc, int n_acc) {
    nh_event_net *n = s->out;
    int first = n->n_pop, first_proj = n->n_proj;
    add_sum(s);
    for (int i = 0; i < s->net->n_proj; i++) {
        nh_projection q;
        if (s->net->proj[i].to != s->pop || !nh_map_part(&s->net->proj[i], acc, &q)) continue;
        q.acc = 0; /* of the sum */
        if (rows[i] == NH_ROWS_CONV && split_conv(s, &q)) continue;
        if (!split_rows(s, &q)) return false;
    }
    int end = n->n_pop;
    int64_t *most = nh_arena_array(s->a, (size_t)(end - first) + 1, sizeof *most);
    for (int i = first; i < end; i++) {
        most[i - first] = magnitude(s, i, first_proj);
        n->pop[i].out_bits = nh_log2_ceil((uint64_t)most[i - first] + 1) + 1;
    }
    return gather(s, first, end, most, acc, n_acc);
}

static bool split(legaliser *s, int pop, const int *rows) {
    bool has[NH_NEURON_INPUTS] = {false}, ok = true;
    int n_acc = 0;
    s->pop = pop;
    s->first = s->out->n_pop;
    s->out->pop[pop].boxes_of = pop + 1;
    for (int acc = 0; acc < s->f->accumulators; acc++) {
        nh_projection part;
        for (int i = 0; i < s->net->n_proj; i++)
            has[acc] |= s->net->proj[i].to == pop && nh_map_part(&s->net->proj[i], acc, &part);
        n_acc += has[acc];
    }
    for (int acc = 0; acc < s->f->accumulators && ok; acc++)
        if (has[acc]) ok = split_acc(s, rows, acc, n_acc);
    return ok;
}

/* The sums of a population must leave as they are. */
static bool check_sums(nh_mapper *m, const legaliser *s, const char *resource, int64_t needed, int64_t available) {
    const nh_population *p = &s->net->pop[s->pop];
    int bits = 2, n = s->out->n_pop - s->first;
    for (int i = s->first; i < s->out->n_pop; i++)
        if (s->out->pop[i].out_bits > bits) bits = s->out->pop[i].out_bits;
    if (bits <= m->f->payload_bits && s->model >= 0) return true;
    bool wide = bits > m->f->payload_bits;
    nh_map_fail(m, NH_P_MAP_SUM, p->name, wide ? "payload_bits" : "models named 'sum'", wide ? bits : 1,
                wide ? m->f->payload_bits : 0, true);
    nh_map_certificate *c = &m->p->certificate;
    int payload = wide ? bits : m->f->payload_bits;
    if (payload > c->payload_bits) c->payload_bits = payload;
    if (!m->d || c->layer != p->name) return false; /* the certificate is another layer's */
    c->split = nh_arena_printf(
        m->a,
        "a word of its neurons needs %" PRId64 " %s, a core has %" PRId64
        ": its inputs would be split over %d partial sums, which takes payload_bits: %d and the neuron model 'sum'%s",
        needed, resource, available, n, bits, s->model >= 0 ? "" : " (which this fabric does not have)");
    return false;
}

static int *rows_of(nh_arena *a, const nh_event_net *net, const nh_fabric *f) {
    int *rows = nh_arena_array(a, (size_t)net->n_proj + 1, sizeof *rows);
    for (int i = 0; i < net->n_proj; i++) rows[i] = nh_map_rows_of(net, f, &net->proj[i]);
    return rows;
}

static bool splits(const nh_event_net *net, const nh_fabric *f) {
    nh_arena *t = nh_arena_new();
    int *rows = rows_of(t, net, f);
    const char *resource;
    int64_t needed, available;
    bool any = false;
    for (int i = 0; i < net->n_pop && !any; i++)
        any = net->pop[i].kind == NH_POP_NEURONS && exceeds(net, f, i, rows, &resource, &needed, &available);
    nh_arena_free(t);
    return any;
}

bool nh_map_splits(const nh_event_net *net, const nh_fabric *f) {
    nh_arena *t = nh_arena_new();
    bool any = splits(nh_map_find_thin(t, net, f), f);
    nh_arena_free(t);
    return any;
}

const nh_event_net *nh_map_legalise(nh_mapper *m, const nh_event_net *net) {
    if (!splits(net, m->f)) return net;
    legaliser s = {
        .a = m->a, .net = net, .f = m->f, .out = NH_NEW(m->a, nh_event_net), .model = nh_map_sum_model(m->f)};
    nh_event_net *n = s.out;
    int *rows = rows_of(m->a, net, m->f);
    bool ok = true;
    *n = *net;
    n->pop = NULL, n->proj = NULL, n->n_proj = 0;
    n->pop = nh_arena_grow(m->a, n->pop, &s.pop_cap, (size_t)net->n_pop + 1, sizeof *n->pop);
    memcpy(n->pop, net->pop, (size_t)net->n_pop * sizeof *n->pop);
    for (int i = 0; i < net->n_pop; i++) {
        const char *resource;
        int64_t needed, available;
        if (net->pop[i].kind == NH_POP_NEURONS && exceeds(net, m->f, i, rows, &resource, &needed, &available)) {
            if (split(&s, i, rows))
                ok = check_sums(m, &s, resource, needed, available) && ok;
            else
                ok = nh_map_fail(m, NH_P_MAP_NEURON, net->pop[i].name, resource, needed, available, true);
            continue;
        }
        for (int k = 0; k < net->n_proj; k++)
            if (net->proj[k].to == i) add_projection(&s, net->proj[k]);
    }
    return ok ? n : NULL;
}
