/* The image of a plan: memories, routes, inputs, outputs, symbols. */
#include <inttypes.h>
#include <string.h>

#include "route.h"

typedef struct {
    nh_mapper m;
    nh_map_plan *p;
    int *by_source, *first_by_source;
    int64_t **row_start;     /* [n_proj] */
    bool ok;
} filler;

/* --- sums and weights -------------------------------------------------------------------------------------------------- */

static void bounds_of(filler *s, const nh_projection *q, int64_t *sum, int64_t *largest) {
    const nh_event_net *net = s->m.given;
    const nh_population *from = &net->pop[q->from], *to = &net->pop[q->to];
    int64_t n_to = nh_population_size(to), n_from = nh_population_size(from);
    int64_t payload = from->out_signed ? (int64_t)1 << (from->out_bits - 1) : ((int64_t)1 << from->out_bits) - 1;
    int64_t per = q->kind == NH_PROJ_CONV ? from->c * q->kh * q->kw : n_from, rows = q->kind == NH_PROJ_CONV ? to->c : n_to;
    int64_t n = q->kind == NH_PROJ_SPARSE ? q->n_entry : rows * per, each = n_to / rows;
    for (int64_t i = 0; i < n; i++) {
        int64_t w = q->weight ? q->weight[i] : q->constant, v = (w < 0 ? -w : w) * payload;
        if ((w < 0 ? -w - 1 : w) > *largest) *largest = w < 0 ? -w - 1 : w;
        if (q->kind == NH_PROJ_SPARSE) sum[q->target[i]] += v;
        else sum[i / per * each] += v; /* the first pixel of a channel stands for all */
    }
    for (int64_t r = 0; q->kind == NH_PROJ_CONV && r < rows; r++)
        for (int64_t e = 1; e < each; e++)
            if (sum[r * each + e] < sum[r * each]) sum[r * each + e] = sum[r * each];
}

/* Of the network as given: partial sums are bounded by the sums that they are parts of. */
static bool check_widths(filler *s) {
    const nh_event_net *net = s->m.given;
    for (int k = 0; k < net->n_pop * s->m.f->accumulators; k++) {
        int pop = k / s->m.f->accumulators, acc = k % s->m.f->accumulators;
        nh_arena *t = nh_arena_new();
        int64_t n = nh_population_size(&net->pop[pop]), most = 0, *sum = nh_arena_array(t, (size_t)n + 1, sizeof *sum);
        for (int i = 0; i < net->n_proj; i++) {
            int64_t largest = 0;
            nh_projection part;
            if (net->proj[i].to != pop || !nh_map_part(&net->proj[i], acc, &part)) continue;
            bounds_of(s, &part, sum, &largest);
            int need = nh_log2_ceil((uint64_t)largest + 1) + 1;
            if (need > s->m.f->weight_bits) s->ok = nh_map_fail(&s->m, NH_P_MAP_WEIGHT, net->proj[i].name, "weight_bits", need, s->m.f->weight_bits, true);
        }
        for (int64_t i = 0; i < n; i++)
            if (sum[i] > most) most = sum[i];
        nh_arena_free(t);
        int bits = nh_log2_ceil((uint64_t)most + 1) + 1;
        if (bits > s->m.f->accum_bits) s->ok = nh_map_fail(&s->m, NH_P_MAP_ACCUM, net->pop[pop].name, "accum_bits", bits, s->m.f->accum_bits, true);
    }
    return s->ok;
}

static bool in_context(const nh_map_plan *p, int pop, int context) {
    for (int64_t k = p->first_piece[p->position[pop]]; k < p->first_piece[p->position[pop] + 1]; k++)
        if (p->piece[k].context == context) return true;
    return false;
}

/* Entry i of the weights of q, for every accumulator of (word, lane). */
static void set_weight(const filler *s, nh_core_image *c, const nh_projection *q, int64_t word, int64_t lane, int64_t i) {
    int n = s->m.f->accumulators;
    int16_t *to = &c->weight[(word * s->m.f->lanes + lane) * n];
    for (int acc = 0; acc < n; acc++) {
        const int32_t *w = acc == q->acc ? q->weight : q->also[acc];
        if (w || acc == q->acc) to[acc] = (int16_t)(w ? w[i] : q->constant);
    }
}

/* --- memories of a core ------------------------------------------------------------------------------------------------ */

static void fill_conv(filler *s, int qi, const nh_map_piece *b, nh_core_image *c) {
    const nh_projection *q = &s->m.net->proj[qi];
    const nh_population *from = &s->m.net->pop[q->from];
    int lanes = s->m.f->lanes;
    nh_conv_axon *v = &c->conv[s->p->axon_base[qi]];
    *v = (nh_conv_axon){.synapse = c->n_synapse, .acc = b->word0, .features = b->features, .channel_words = q->kh * q->kw * b->features, .kh = q->kh,
                        .kw = q->kw, .stride_y = q->stride_y, .stride_x = q->stride_x, .dilation_y = q->dilation_y,
                        .dilation_x = q->dilation_x, .pad_y = q->pad_y, .pad_x = q->pad_x, .y0 = b->y0, .x0 = b->x0, .h = b->h, .w = b->w,
                        .valid = true};
    for (int64_t ci = 0; ci < from->c; ci++)
        for (int64_t k = 0; k < q->kh * q->kw; k++)
            for (int64_t co = 0; co < b->features * lanes; co++) {
                int64_t word = c->n_synapse + (ci * q->kh * q->kw + k) * b->features + co / lanes;
                int64_t i = ((b->c0 + co) * from->c + ci) * q->kh * q->kw + k;
                if (co < b->c) set_weight(s, c, q, word, co % lanes, i);
            }
    c->n_synapse += from->c * q->kh * q->kw * b->features;
}

/* Place of source element e among those that q takes, in the host's order: channel by channel. */
static int64_t host_place(const nh_event_net *net, const nh_projection *q, int64_t e) {
    const nh_population *from = &net->pop[q->from];
    int64_t plane = from->h * from->w;
    return q->pixels == 0 ? e : (e / plane - q->channel0) * q->pixels + e % plane - q->pixel0;
}

/* The axon of source element e as a piece of `context` sees it: by the layout of the core that sends it, or by the host's order. */
static int64_t axon_of(const filler *s, int qi, int64_t e, int context) {
    const nh_map_plan *p = s->p;
    const nh_projection *q = &s->m.net->proj[qi];
    int64_t at = p->axon_base[qi], first;
    int pop = q->from, lane;
    for (int64_t k = p->first_piece[p->position[pop]]; k < p->first_piece[p->position[pop] + 1]; k++) {
        if (p->piece[k].context != context) continue;
        int64_t word = nh_map_word(s->m.net, &p->piece[k], e, s->m.f->lanes, &lane), n = nh_map_range(s->m.net, q, &p->piece[k], s->m.f->lanes, &first);
        if (word >= 0) return at + (word - first) * s->m.f->lanes + lane;
        at += n * s->m.f->lanes;
    }
    return p->axon_base[qi] + host_place(s->m.net, q, e);
}

/* Words of a pixel for source e; those that are zero are left out of sparse rows. */
static void fill_pixel(const filler *s, int qi, const nh_map_piece *b, nh_core_image *c, int64_t e, int64_t pixel, int64_t word) {
    const nh_event_net *net = s->m.net;
    const nh_projection *q = &net->proj[qi];
    int64_t lanes = s->m.f->lanes, plane = net->pop[q->to].h * net->pop[q->to].w, n_from = nh_population_size(&net->pop[q->from]);
    bool sparse = s->p->rows[qi] == NH_ROWS_SPARSE;
    for (int64_t c0 = 0; c0 < b->c; c0 += lanes, word++) {
        int64_t end = c0 + lanes < b->c ? c0 + lanes : b->c;
        bool any = !sparse;
        for (int64_t ch = c0; ch < end && !any; ch++)
            any = q->weight[((b->c0 + ch) * plane + pixel) * n_from + e] != 0;
        if (!any) continue;
        for (int64_t ch = c0; ch < end; ch++)
            set_weight(s, c, q, c->n_synapse, ch - c0, ((b->c0 + ch) * plane + pixel) * n_from + e);
        if (sparse) c->synapse_acc[c->n_synapse] = (int32_t)(b->word0 + word);
        c->n_synapse++;
    }
}

/* The row of synapse words from `first` on, which may be none. */
static nh_axon axon_from(const nh_core_image *c, const nh_map_piece *b, int64_t first, bool sparse) {
    int64_t n = c->n_synapse - first;
    if (n == 0) return (nh_axon){.valid = true};
    return (nh_axon){.synapse = first, .acc = sparse ? 0 : b->word0, .words = n, .sparse = sparse, .valid = true};
}

static void fill_dense(const filler *s, int qi, const nh_map_piece *b, nh_core_image *c, int64_t e, nh_axon *x) {
    int64_t first = c->n_synapse, word = 0, w = s->m.net->pop[b->pop].w;
    for (int64_t y = b->y0; y < b->y0 + b->h; y++)
        for (int64_t px = b->x0; px < b->x0 + b->w; px++, word += b->features)
            fill_pixel(s, qi, b, c, e, y * w + px, word);
    *x = axon_from(c, b, first, s->p->rows[qi] == NH_ROWS_SPARSE);
}

typedef struct { int64_t *target, *word_at; int32_t *weight; } scratch;

/* The weights of one accumulator in the row of source element e, which begins at synapse word `first`. */
static void fill_part(filler *s, const nh_projection *q, const int64_t *start, bool sparse, const nh_map_piece *b, nh_core_image *c, int64_t e,
                      int64_t first, scratch *t) {
    int64_t n;
    int lane, lanes = s->m.f->lanes;
    nh_map_row(s->m.net, q, e, start, t->target, t->weight, &n);
    for (int64_t j = 0; j < n; j++) {
        int64_t word = nh_map_word(s->m.net, b, t->target[j], lanes, &lane), at = first + word;
        if (word < 0 || (sparse && t->weight[j] == 0 && s->m.f->accumulators == 1)) continue;
        if (sparse) {
            at = t->word_at[word];
            if (at < first || at >= c->n_synapse || c->synapse_acc[at] != b->word0 + word) {
                at = t->word_at[word] = c->n_synapse++;
                c->synapse_acc[at] = (int32_t)(b->word0 + word);
            }
        }
        int16_t *w = &c->weight[(at * lanes + lane) * s->m.f->accumulators + q->acc];
        *w = (int16_t)(*w + t->weight[j]);
    }
}

/* Any kind by its row: words named (sparse), or a whole row. */
static void fill_row(filler *s, int qi, const nh_map_piece *b, nh_core_image *c, int64_t e, nh_axon *x, scratch *t) {
    nh_projection part;
    bool sparse = s->p->rows[qi] == NH_ROWS_SPARSE;
    int64_t first = c->n_synapse;
    if (!sparse) c->n_synapse += b->words;
    for (int acc = 0; acc < s->m.f->accumulators; acc++)
        if (nh_map_part(&s->m.net->proj[qi], acc, &part)) fill_part(s, &part, s->row_start[qi], sparse, b, c, e, first, t);
    *x = axon_from(c, b, first, sparse);
}

/* Partial sums: neuron to neuron through one word for every lane, shared by all of them from synapse word `unit` on. From the host in its
 * order within the piece. */
static void fill_same(filler *s, int qi, const nh_map_piece *b, nh_core_image *c, int64_t unit) {
    int from = s->m.net->proj[qi].from;
    int64_t lanes = s->m.f->lanes, pixels = b->h * b->w;
    bool inside = in_context(s->p, from, b->context);
    for (int64_t pixel = 0; pixel < pixels; pixel++)
        for (int64_t ch = 0; ch < b->c; ch++) {
            int64_t word = pixel * b->features + ch / lanes, at = inside ? word * lanes + ch % lanes : ch * pixels + pixel;
            c->axon[s->p->axon_base[qi] + at] = (nh_axon){.synapse = unit + ch % lanes, .acc = b->word0 + word, .words = 1, .valid = true};
        }
}

static void make_tables(const filler *s, const nh_map_core *k, nh_core_image *c) {
    nh_arena *a = s->m.a;
    size_t lanes = (size_t)s->m.f->lanes;
    c->weight = nh_arena_array(a, (size_t)k->synapses * (size_t)nh_fabric_word_weights(s->m.f) + 1, sizeof *c->weight);
    c->axon = nh_arena_array(a, (size_t)k->axons + 1, sizeof *c->axon);
    c->n_axon = k->axons;
    c->conv = nh_arena_array(a, (size_t)k->convs + 1, sizeof *c->conv);
    c->n_conv = k->convs;
    if (s->m.f->sparse) c->synapse_acc = nh_arena_array(a, (size_t)k->synapses + 1, sizeof *c->synapse_acc);
    c->group = nh_arena_array(a, (size_t)k->n_piece, sizeof *c->group);
    c->param = nh_arena_array(a, (size_t)k->params * lanes * NH_NEURON_PARAMS, sizeof *c->param);
}

static void fill_synapses(filler *s, const nh_map_piece *b, nh_core_image *c) {
    const nh_event_net *net = s->m.net;
    nh_arena *tmp = nh_arena_new();
    int lanes = s->m.f->lanes, accs = s->m.f->accumulators;
    int64_t unit[NH_NEURON_INPUTS];
    memset(unit, -1, sizeof unit);
    for (int i = 0; i < net->n_proj; i++) {
        const nh_projection *q = &net->proj[i];
        if (q->to != b->pop) continue;
        if (s->p->rows[i] == NH_ROWS_CONV) {
            fill_conv(s, i, b, c);
            continue;
        }
        if (s->p->rows[i] == NH_ROWS_SAME) {
            for (int lane = 0; unit[q->acc] < 0 && lane < lanes; lane++)
                c->weight[((c->n_synapse + lane) * lanes + lane) * accs + q->acc] = 1;
            if (unit[q->acc] < 0) unit[q->acc] = c->n_synapse, c->n_synapse += lanes;
            fill_same(s, i, b, c, unit[q->acc]);
            continue;
        }
        size_t most = (size_t)nh_map_fan_out(net, q) + 1;
        scratch t = {nh_arena_array(tmp, most, sizeof(int64_t)), nh_arena_array(tmp, (size_t)b->words, sizeof(int64_t)),
                     nh_arena_array(tmp, most, sizeof(int32_t))};
        for (int64_t e = 0; e < nh_population_size(&net->pop[q->from]); e++) {
            if (!nh_map_in_range(net, q, e)) continue;
            nh_axon *x = &c->axon[axon_of(s, i, e, b->context)];
            if (q->kind == NH_PROJ_DENSE) fill_dense(s, i, b, c, e, x);
            else fill_row(s, i, b, c, e, x, &t);
        }
    }
    nh_arena_free(tmp);
}

static void fill_params(filler *s, const nh_map_piece *b, nh_core_image *c) {
    const nh_population *p = &s->m.net->pop[b->pop];
    int64_t lanes = s->m.f->lanes, plane = p->h * p->w;
    int64_t *param = c->param + c->n_param * lanes * NH_NEURON_PARAMS;
    c->group[c->n_group++] = (nh_group){.words = b->words, .param = c->n_param, .per_word = b->params > 1 || b->words == 1, .model = p->model};
    c->n_param += b->params;
    for (int64_t word = 0; word < b->params; word++)
        for (int64_t lane = 0; lane < lanes; lane++)
            for (int k = 0; k < NH_NEURON_PARAMS; k++) {
                int64_t ch = b->c0 + word % b->features * lanes + lane, pixel = word / b->features;
                if (!p->param[k] || p->n_param[k] == 0) continue;
                if (ch >= p->c) ch = p->c - 1; /* lanes beyond the last channel: their outputs are not sent or reach no axon */
                int64_t e = ch * plane + (b->y0 + pixel / b->w) * p->w + b->x0 + pixel % b->w;
                int64_t at = p->n_param[k] == 1 ? 0 : p->n_param[k] == p->c ? ch : e;
                param[(word * lanes + lane) * NH_NEURON_PARAMS + k] = p->param[k][at];
            }
}

/* --- host -------------------------------------------------------------------------------------------------------------- */

static void put_input(filler *s, nh_context *x, nh_input_entry e, size_t *cap) {
    nh_input_entry *last = x->n_input ? &x->input[x->n_input - 1] : NULL;
    /* Down a column the same events go to all tiles. */
    if (last && last->tensor == e.tensor && last->base == e.base && last->first == e.first && last->count == e.count &&
        last->is_conv == e.is_conv && last->delay == e.delay && last->y_from == e.y_from && last->y_to == e.y_to &&
        last->to.x0 == e.to.x0 && last->to.y1 + 1 == e.to.y0) {
        last->to.y1 = e.to.y0;
        return;
    }
    x->input = nh_arena_grow(s->m.a, x->input, cap, (size_t)x->n_input + 1, sizeof *x->input);
    x->input[x->n_input++] = e;
}

/* Channels c0 .. of pixels p0 .. of what the host sends, one entry for elements that follow each other. */
static void put_range(filler *s, nh_context *x, nh_input_entry e, int64_t p0, int64_t pixels, int64_t c0, int64_t c, size_t *cap) {
    int64_t plane = e.h * e.w, base = e.base;
    bool whole = pixels == plane;
    for (int64_t i = 0; i < (whole ? 1 : c); i++) {
        e.first = (c0 + i) * plane + p0;
        e.count = whole ? c * plane : pixels;
        e.base = base + i * pixels;
        put_input(s, x, e, cap);
    }
}

static void add_input(filler *s, nh_context *x, int context, const nh_map_piece *b, int qi, size_t *cap) {
    const nh_event_net *net = s->m.net;
    const nh_projection *q = &net->proj[qi];
    const nh_population *from = &net->pop[q->from];
    nh_input_entry e = {.tensor = from->name, .count = nh_population_size(from), .to = {b->x, b->x, b->y, b->y}, .base = s->p->axon_base[qi],
                        .c = from->c, .h = from->h, .w = from->w, .y_to = from->h};
    e.delay = s->p->start[(int64_t)context * net->n_pop + b->pop] + s->p->period[context] * q->delay;
    if (s->p->rows[qi] == NH_ROWS_SAME) {
        put_range(s, x, e, b->y0 * from->w + b->x0, b->h * b->w, b->c0, b->c, cap);
        return;
    }
    if (q->pixels > 0) {
        put_range(s, x, e, q->pixel0, q->pixels, q->channel0, q->channels, cap);
        return;
    }
    if (s->p->rows[qi] == NH_ROWS_CONV) {
        e.is_conv = true;
        e.base = nh_map_conv_base(s->m.f, s->p->axon_base[qi]);
        int64_t lo = b->y0 * q->stride_y - q->pad_y, hi = (b->y0 + b->h - 1) * q->stride_y - q->pad_y + (q->kh - 1) * q->dilation_y + 1;
        e.y_from = lo < 0 ? 0 : lo;
        e.y_to = hi > from->h ? from->h : hi;
        if (e.y_from >= e.y_to) return;
    }
    put_input(s, x, e, cap);
}

static void add_inputs(filler *s, nh_context *x, int context, size_t *cap) {
    const nh_event_net *net = s->m.net;
    for (int64_t k = s->p->context_first[context]; k < s->p->context_first[context + 1]; k++)
        for (int i = 0; i < net->n_proj; i++) {
            const nh_map_piece *b = &s->p->piece[k];
            if (net->proj[i].to == b->pop && !in_context(s->p, net->proj[i].from, context)) add_input(s, x, context, b, i, cap);
        }
}

/* What leaves to the host: outputs of the network, and what later contexts read. Addresses are counted through the context. */
static int64_t add_outputs(filler *s, nh_context *x, const nh_map_piece *b, nh_core_image *c, int64_t base, size_t *cap) {
    const nh_population *p = &s->m.net->pop[b->pop];
    int64_t start = s->p->start[(int64_t)b->context * s->m.net->n_pop + b->pop];
    int lanes = s->m.f->lanes;
    bool wanted = p->is_output;
    for (int i = s->first_by_source[b->pop]; i < s->first_by_source[b->pop + 1]; i++) {
        int to = s->p->position[s->m.net->proj[s->by_source[i]].to];
        for (int64_t k = s->p->first_piece[to]; k < s->p->first_piece[to + 1]; k++)
            wanted |= s->p->piece[k].context != b->context;
    }
    if (!wanted) return base;
    c->route[c->n_route++] = (nh_route){.first = b->word0, .words = b->words, .to_host = true, .base = base, .limit = b->words * lanes, .pixel_words = 1, .width = 1};
    for (int64_t i = 0; i < b->words; i++)
        for (int lane = 0; lane < lanes; lane++) {
            int64_t ch = i % b->features * lanes + lane, pixel = i / b->features;
            if (ch >= b->c) continue;
            int64_t element = ((b->c0 + ch) * p->h + b->y0 + pixel / b->w) * p->w + b->x0 + pixel % b->w, addr = base + i * lanes + lane;
            nh_output_entry *last = x->n_output ? &x->output[x->n_output - 1] : NULL;
            if (last && last->tensor == p->name && last->first + last->count == addr && last->element + last->count == element) {
                last->count++;
                continue;
            }
            x->output = nh_arena_grow(s->m.a, x->output, cap, (size_t)x->n_output + 1, sizeof *x->output);
            x->output[x->n_output++] = (nh_output_entry){.tensor = p->name, .first = addr, .count = 1, .element = element, .start = start,
                                                         .period = c->period, .is_output = p->is_output};
        }
    return base + b->words * lanes;
}

/* Routes of a piece, the one to the host last; the first address there that is free after it. */
static int64_t fill_routes(filler *s, nh_context *x, int64_t piece, nh_core_image *c, int64_t host, size_t *cap) {
    const nh_map_piece *b = &s->p->piece[piece];
    nh_arena *tmp = nh_arena_new();
    int64_t n, old = c->n_route;
    nh_route *r = nh_map_routes(&s->m, tmp, piece, s->by_source, s->first_by_source, &n), *all = nh_arena_array(s->m.a, (size_t)(old + n) + 2, sizeof *all);
    for (int64_t i = 0; i < old + n; i++)
        all[i] = i < old ? c->route[i] : r[i - old];
    c->route = all;
    c->n_route = old + n;
    nh_arena_free(tmp);
    host = add_outputs(s, x, b, c, host, cap);
    double rate = s->m.net->pop[b->pop].rate;
    for (int64_t i = old; i < c->n_route; i++)
        s->p->traffic_hops += nh_map_hops(b, &c->route[i]) * (double)(c->route[i].words * s->m.f->lanes) * (rate < 0 ? 1 : rate);
    s->p->piece[piece].routes = c->n_route - old;
    return host;
}

static int64_t fill_core(filler *s, nh_context *x, nh_map_core *k, nh_core_image *c, int64_t host, size_t *cap) {
    const nh_map_plan *p = s->p;
    int64_t period = p->period[k->context];
    const nh_population *first = &s->m.net->pop[p->piece[k->piece[0]].pop];
    *c = (nh_core_image){.x = k->x, .y = k->y, .start = k->start, .period = period, .words = k->words, .reset_period = first->reset_period,
                         .reset_phase = first->reset_phase}; /* what is reset has its cores for itself */
    make_tables(s, k, c);
    for (int64_t i = 0; i < k->n_piece; i++) {
        const nh_map_piece *b = &p->piece[k->piece[i]];
        const char *name = s->m.net->pop[b->pop].name;
        int64_t end = p->start[(int64_t)k->context * s->m.net->n_pop + b->pop] + period * (s->m.net->steps - 1) + 1;
        host = fill_routes(s, x, k->piece[i], c, host, cap);
        fill_synapses(s, b, c);
        fill_params(s, b, c);
        x->symbol[x->n_symbol++] = (nh_symbol){name, b->x, b->y, b->word0, b->words, b->c0, b->c, b->y0, b->h, b->x0, b->w};
        if (end > x->ticks) x->ticks = end;
        if (c->n_route > s->m.f->routes) s->ok = nh_map_fail(&s->m, NH_P_MAP_TABLE, name, "routes", c->n_route, s->m.f->routes, true);
    }
    k->routes = c->n_route;
    if (k->routes > s->p->routes_most) s->p->routes_most = k->routes;
    return host;
}

static void fill_context(filler *s, int context, nh_context *x) {
    const nh_map_plan *p = s->p;
    nh_arena *a = s->m.a;
    int64_t first = p->context_core[context], n = p->context_core[context + 1] - first, host = 0;
    size_t in = 0, out = 0, pieces = (size_t)(p->context_first[context + 1] - p->context_first[context]);
    *x = (nh_context){.core = nh_arena_array(a, (size_t)n + 1, sizeof *x->core), .n_core = (int)n,
                      .symbol = nh_arena_array(a, pieces + 1, sizeof *x->symbol)};
    for (int64_t k = 0; k < n; k++)
        host = fill_core(s, x, &s->p->core[first + k], &x->core[k], host, &out);
    add_inputs(s, x, context, &in);
    int64_t most = (int64_t)1 << nh_map_addr_bits(s->m.f);
    if (host > most) s->ok = nh_map_fail(&s->m, NH_P_MAP_TABLE, s->m.net->name, "addresses to the host", host, most, true);
}

nh_image *nh_map_fill(nh_arena *a, nh_diag *d, const nh_event_net *given, const nh_fabric *f, nh_map_plan *plan) {
    const nh_event_net *net = plan->net;
    filler s = {.m = {.a = a, .d = d, .net = net, .f = f, .p = plan, .given = given}, .p = plan, .ok = !plan->certificate.failed};
    if (!s.ok) return NULL;
    size_t before = d->n_error;
    if (!check_widths(&s)) return nh_map_lever_of_fill(&s.m, d->n_error == before + 1), NULL;
    nh_map_by_source(a, net, &s.by_source, &s.first_by_source);
    nh_map_place(&s.m, s.by_source, s.first_by_source);
    s.row_start = nh_arena_array(a, (size_t)net->n_proj + 1, sizeof *s.row_start);
    for (int i = 0; i < net->n_proj; i++)
        s.row_start[i] = nh_map_row_starts(a, net, &net->proj[i]);
    nh_image *m = NH_NEW(a, nh_image);
    *m = (nh_image){.project = net->name, .fabric = *f, .steps = net->steps, .n_context = plan->n_context};
    for (int i = 0; i < net->n_pop; i++) {
        if (net->pop[i].kind == NH_POP_INPUT) m->input_size += nh_population_size(&net->pop[i]);
        if (net->pop[i].is_output) m->output_size += nh_population_size(&net->pop[i]);
    }
    m->context = nh_arena_array(a, (size_t)plan->n_context + 1, sizeof *m->context);
    for (int c = 0; c < plan->n_context; c++)
        fill_context(&s, c, &m->context[c]);
    if (!s.ok) nh_map_lever_of_fill(&s.m, d->n_error == before + 1);
    return s.ok ? m : NULL;
}
