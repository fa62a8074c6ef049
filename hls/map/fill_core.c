/* The memories of a core: axons, convolutions, synapses, groups, parameters. */
#include "fill.h"

#include <string.h>

/* Entry i of the weights of q, for every accumulator of (word, lane). */
static void set_weight(const nh_filler *s, nh_core_image *c, const nh_projection *q, int64_t word, int64_t lane,
                       int64_t i) {
    int n = s->m.f->accumulators;
    int16_t *to = &c->weight[(word * s->m.f->lanes + lane) * n];
    for (int acc = 0; acc < n; acc++) {
        const int32_t *w = acc == q->acc ? q->weight : q->also[acc];
        if (w || acc == q->acc) to[acc] = (int16_t)(w ? w[i] : q->constant);
    }
}

static void fill_conv(nh_filler *s, int qi, const nh_map_piece *b, nh_core_image *c) {
    const nh_projection *q = &s->m.net->proj[qi];
    const nh_population *from = &s->m.net->pop[q->from];
    int lanes = s->m.f->lanes;
    nh_conv_axon *v = &c->conv[s->p->axon_base[qi]];
    *v = (nh_conv_axon){.synapse = c->n_synapse,
                        .acc = b->word0,
                        .features = b->features,
                        .channel_words = q->kh * q->kw * b->features,
                        .kh = q->kh,
                        .kw = q->kw,
                        .stride_y = q->stride_y,
                        .stride_x = q->stride_x,
                        .dilation_y = q->dilation_y,
                        .dilation_x = q->dilation_x,
                        .pad_y = q->pad_y,
                        .pad_x = q->pad_x,
                        .y0 = b->y0,
                        .x0 = b->x0,
                        .h = b->h,
                        .w = b->w,
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

/* The axon of source element e as a piece of `context` sees it: by the layout of the core that sends it, or by the
 * host's order. */
static int64_t axon_of(const nh_filler *s, int qi, int64_t e, int context) {
    const nh_map_plan *p = s->p;
    const nh_projection *q = &s->m.net->proj[qi];
    int64_t at = p->axon_base[qi], first;
    int pop = q->from, lane;
    for (int64_t k = p->first_piece[p->position[pop]]; k < p->first_piece[p->position[pop] + 1]; k++) {
        if (p->piece[k].context != context) continue;
        int64_t word = nh_map_word(s->m.net, &p->piece[k], e, s->m.f->lanes, &lane),
                n = nh_map_range(s->m.net, q, &p->piece[k], s->m.f->lanes, &first);
        if (word >= 0) return at + (word - first) * s->m.f->lanes + lane;
        at += n * s->m.f->lanes;
    }
    return p->axon_base[qi] + host_place(s->m.net, q, e);
}

/* Words of a pixel for source e; those that are zero are left out of sparse rows. */
static void fill_pixel(const nh_filler *s, int qi, const nh_map_piece *b, nh_core_image *c, int64_t e, int64_t pixel,
                       int64_t word) {
    const nh_event_net *net = s->m.net;
    const nh_projection *q = &net->proj[qi];
    int64_t lanes = s->m.f->lanes, plane = net->pop[q->to].h * net->pop[q->to].w,
            n_from = nh_population_size(&net->pop[q->from]);
    bool sparse = s->p->rows[qi] == NH_ROWS_SPARSE;
    for (int64_t c0 = 0; c0 < b->c; c0 += lanes, word++) {
        int64_t end = c0 + lanes < b->c ? c0 + lanes : b->c;
        bool any = !sparse;
        for (int64_t ch = c0; ch < end && !any; ch++) any = q->weight[((b->c0 + ch) * plane + pixel) * n_from + e] != 0;
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

static void fill_dense(const nh_filler *s, int qi, const nh_map_piece *b, nh_core_image *c, int64_t e, nh_axon *x) {
    int64_t first = c->n_synapse, word = 0, w = s->m.net->pop[b->pop].w;
    for (int64_t y = b->y0; y < b->y0 + b->h; y++)
        for (int64_t px = b->x0; px < b->x0 + b->w; px++, word += b->features)
            fill_pixel(s, qi, b, c, e, y * w + px, word);
    *x = axon_from(c, b, first, s->p->rows[qi] == NH_ROWS_SPARSE);
}

typedef struct {
    int64_t *target, *word_at;
    int32_t *weight;
} scratch;

/* The weights of one accumulator in the row of source element e, which begins at synapse word `first`. */
static void fill_part(nh_filler *s, const nh_projection *q, const int64_t *start, bool sparse, const nh_map_piece *b,
                      nh_core_image *c, int64_t e, int64_t first, scratch *t) {
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
static void fill_row(nh_filler *s, int qi, const nh_map_piece *b, nh_core_image *c, int64_t e, nh_axon *x, scratch *t) {
    nh_projection part;
    bool sparse = s->p->rows[qi] == NH_ROWS_SPARSE;
    int64_t first = c->n_synapse;
    if (!sparse) c->n_synapse += b->words;
    for (int acc = 0; acc < s->m.f->accumulators; acc++)
        if (nh_map_part(&s->m.net->proj[qi], acc, &part))
            fill_part(s, &part, s->row_start[qi], sparse, b, c, e, first, t);
    *x = axon_from(c, b, first, sparse);
}

/* Partial sums: neuron to neuron through one word for every lane, shared by all of them from synapse word `unit` on.
 * From the host in its order within the piece. */
static void fill_same(nh_filler *s, int qi, const nh_map_piece *b, nh_core_image *c, int64_t unit) {
    int from = s->m.net->proj[qi].from;
    int64_t lanes = s->m.f->lanes, pixels = b->h * b->w;
    bool inside = nh_map_in_context(s->p, from, b->context);
    for (int64_t pixel = 0; pixel < pixels; pixel++)
        for (int64_t ch = 0; ch < b->c; ch++) {
            int64_t word = pixel * b->features + ch / lanes,
                    at = inside ? word * lanes + ch % lanes : ch * pixels + pixel;
            c->axon[s->p->axon_base[qi] + at] =
                (nh_axon){.synapse = unit + ch % lanes, .acc = b->word0 + word, .words = 1, .valid = true};
        }
}

void nh_fill_tables(const nh_filler *s, const nh_map_core *k, nh_core_image *c) {
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

void nh_fill_synapses(nh_filler *s, const nh_map_piece *b, nh_core_image *c) {
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
            if (q->kind == NH_PROJ_DENSE)
                fill_dense(s, i, b, c, e, x);
            else
                fill_row(s, i, b, c, e, x, &t);
        }
    }
    nh_arena_free(tmp);
}

void nh_fill_params(nh_filler *s, const nh_map_piece *b, nh_core_image *c) {
    const nh_population *p = &s->m.net->pop[b->pop];
    int64_t lanes = s->m.f->lanes, plane = p->h * p->w;
    int64_t *param = c->param + c->n_param * lanes * NH_NEURON_PARAMS;
    c->group[c->n_group++] = (nh_group){
        .words = b->words, .param = c->n_param, .per_word = b->params > 1 || b->words == 1, .model = p->model};
    c->n_param += b->params;
    for (int64_t word = 0; word < b->params; word++)
        for (int64_t lane = 0; lane < lanes; lane++)
            for (int k = 0; k < NH_NEURON_PARAMS; k++) {
                int64_t ch = b->c0 + word % b->features * lanes + lane, pixel = word / b->features;
                if (!p->param[k] || p->n_param[k] == 0) continue;
                if (ch >= p->c)
                    ch = p->c - 1; /* lanes beyond the last channel: their outputs are not sent or reach no axon */
                int64_t e = ch * plane + (b->y0 + pixel / b->w) * p->w + b->x0 + pixel % b->w;
                int64_t at = p->n_param[k] == 1 ? 0 : p->n_param[k] == p->c ? ch : e;
                param[(word * lanes + lane) * NH_NEURON_PARAMS + k] = p->param[k][at];
            }
}
