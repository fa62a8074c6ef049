/* An image as configuration flits: what the host sends to load a context. */
#include <string.h>

#include "image_parts.h"

enum { CHUNK = 16, ADDR = 0, DATA = 1, CONFIGURATION = 1 };

typedef struct {
    nh_arena *a;
    const nh_image *m;
    const nh_fabric *f;
    nh_fabric_widths w;
    uint8_t *out;         /* [n][host bytes] */
    size_t n, cap, bytes; /* bytes: of a host word */
    bool whole;           /* tables of axons to their ends */
    int x, y;             /* the core */
    uint8_t *word;        /* of the memory being written */
    int bits;             /* so far */
} loader;

/* `bits` bits of v to bit `at` of little-endian bytes. */
static void set_bits(uint8_t *to, int at, uint64_t v, int bits) {
    for (int i = 0; i < bits; i++, at++)
        if (v >> i & 1) to[at / 8] = (uint8_t)(to[at / 8] | 1 << at % 8);
}

static void flit(loader *l, uint64_t operation, uint64_t low) {
    int at = l->w.data;
    l->out = nh_arena_grow(l->a, l->out, &l->cap, (l->n + 1) * l->bytes, 1);
    uint8_t *to = l->out + l->n++ * l->bytes;
    memset(to, 0, l->bytes);
    set_bits(to, 0, low, 24);
    set_bits(to, at - 2, operation, 2);
    uint64_t y = (uint64_t)l->y, x = (uint64_t)l->x;
    set_bits(to, at, y, l->w.yb);
    set_bits(to, at + l->w.yb, y, l->w.yb);
    set_bits(to, at + 2 * l->w.yb, x, l->w.xb);
    set_bits(to, at + 2 * l->w.yb + l->w.xb, x, l->w.xb);
    set_bits(to, at + 2 * l->w.yb + 2 * l->w.xb, CONFIGURATION, 2);
}

static void begin(loader *l, nh_fabric_memory memory, int64_t word) {
    flit(l, ADDR, (uint64_t)memory << 20 | (uint64_t)word);
}

/* Fields of a word, the first lowest. */
static void field(loader *l, int64_t v, int bits) {
    set_bits(l->word, l->bits, (uint64_t)v, bits);
    l->bits += bits;
}

/* The word's chunks; a word is `width` bits. */
static void end_word(loader *l, int width) {
    for (int at = 0; at < width; at += CHUNK)
        flit(l, DATA, (uint64_t)l->word[at / 8] | (uint64_t)l->word[at / 8 + 1] << 8);
    memset(l->word, 0, (size_t)width / 8 + 4);
    l->bits = 0;
}

static void load_axons(loader *l, const nh_core_image *c, int64_t n) {
    static const nh_axon none = {0};
    if (n) begin(l, NH_FMEM_AXON, 0);
    for (int64_t i = 0; i < n; i++) {
        const nh_axon *x = i < c->n_axon ? &c->axon[i] : &none;
        field(l, x->synapse, l->w.sa);
        field(l, x->acc, l->w.wa);
        field(l, x->words, l->w.wa + 1);
        field(l, x->sparse, 1);
        field(l, x->valid, 1);
        end_word(l, l->w.axon);
    }
}

static void load_synapses(loader *l, const nh_core_image *c) {
    if (c->n_synapse) begin(l, NH_FMEM_SYNAPSE, 0);
    for (int64_t i = 0; i < c->n_synapse; i++) {
        for (int k = 0, n = nh_fabric_word_weights(l->f); k < n; k++) field(l, c->weight[i * n + k], l->f->weight_bits);
        if (l->f->sparse) field(l, c->synapse_acc[i], l->w.wa);
        end_word(l, l->w.synapse);
    }
}

static int log2_of(int64_t stride) { return stride >= 8 ? 3 : stride >= 4 ? 2 : stride >= 2 ? 1 : 0; }

/* Along an axis every tap that meets the region is 2^skip taps after the last one, and meets `back` pixels before it;
 * the first pixel that any tap meets is a multiple of 2^multiple away from the region's. */
typedef struct {
    int multiple, skip;
    int64_t back;
} hits;

static hits hits_of(int64_t stride, int64_t dilation) {
    int s = log2_of(stride), multiple = 0;
    while (multiple < s && dilation && dilation % ((int64_t)2 << multiple) == 0) multiple++;
    return (hits){multiple, s - multiple, dilation >> multiple};
}

static void load_axis(loader *l, int64_t taps, hits h, int64_t pad, int64_t first, int64_t size, int bits) {
    field(l, taps, 4);
    field(l, h.multiple, 2);
    field(l, h.skip, 2);
    field(l, h.back, 4);
    field(l, pad - (first << (h.multiple + h.skip)), bits + 5);
    field(l, size, bits + 1);
}

static void load_convs(loader *l, const nh_core_image *c, int64_t n) {
    static const nh_conv_axon none = {0};
    if (n) begin(l, NH_FMEM_CONV, 0);
    for (int64_t i = 0; i < n; i++) {
        const nh_conv_axon *v = i < c->n_conv ? &c->conv[i] : &none;
        hits y = hits_of(v->stride_y, v->dilation_y), x = hits_of(v->stride_x, v->dilation_x);
        field(l, v->synapse, l->w.sa);
        field(l, v->acc, l->w.wa);
        field(l, v->features, l->w.wa + 1);
        field(l, v->channel_words, l->w.sa);
        field(l, v->valid ? nh_conv_channels(l->f, c, v) : 0, l->f->conv_c_bits + 1);
        field(l, v->kw * v->features, l->w.sa);
        field(l, v->w * v->features, l->w.wa);
        field(l, y.back * v->w * v->features, l->w.wa);
        field(l, x.back * v->features, l->w.wa);
        load_axis(l, v->kh, y, v->pad_y, v->y0, v->h, l->f->conv_y_bits);
        load_axis(l, v->kw, x, v->pad_x, v->x0, v->w, l->f->conv_x_bits);
        field(l, v->valid, 1);
        end_word(l, l->w.conv);
    }
}

static void load_groups(loader *l, const nh_core_image *c) {
    if (c->n_group) begin(l, NH_FMEM_GROUP, 0);
    for (int64_t i = 0; i < c->n_group; i++) {
        const nh_group *g = &c->group[i];
        field(l, g->words, l->w.wa + 1);
        field(l, g->param, l->w.pa);
        field(l, g->per_word, 1);
        field(l, g->model, l->w.model);
        end_word(l, l->w.group);
    }
}

/* The model whose parameters a word holds: that of the group which has it. */
static const nh_fabric_model *owner(const nh_fabric *f, const nh_core_image *c, int64_t word) {
    for (int64_t i = 0; i < c->n_group; i++) {
        const nh_group *g = &c->group[i];
        if (f->model[g->model].program->n_param && word >= g->param && word < g->param + (g->per_word ? g->words : 1))
            return &f->model[g->model];
    }
    return NULL;
}

static void load_params(loader *l, const nh_core_image *c) {
    if (c->n_param) begin(l, NH_FMEM_PARAM, 0);
    for (int64_t i = 0; i < c->n_param; i++) {
        const nh_fabric_model *m = owner(l->f, c, i);
        for (int k = 0; k < l->f->lanes; k++) {
            l->bits = k * l->w.param;
            for (int p = 0; m && p < m->program->n_param; p++)
                field(l, c->param[(i * l->f->lanes + k) * NH_NEURON_PARAMS + p], m->param[p].width_bits);
        }
        end_word(l, l->w.param_word);
    }
}

static void load_routes(loader *l, const nh_core_image *c) {
    if (c->n_route) begin(l, NH_FMEM_ROUTE, 0);
    for (int64_t i = 0; i < c->n_route; i++) {
        const nh_route *r = &c->route[i];
        field(l, r->first, l->w.wa);
        field(l, r->words, l->w.wa + 1);
        field(l, r->delay, l->w.dl);
        field(l, r->to_host, 1);
        field(l, r->to.x0, l->w.xb);
        field(l, r->to.x1, l->w.xb);
        field(l, r->to.y0, l->w.yb);
        field(l, r->to.y1, l->w.yb);
        field(l, r->is_conv, 1);
        field(l, r->base, l->w.addr);
        field(l, r->limit, l->w.nb);
        if (l->f->convs) {
            field(l, r->is_conv ? r->pixel_words : 1, l->w.wa + 1);
            field(l, r->is_conv ? r->width : 1, l->f->conv_x_bits + 1);
        }
        end_word(l, l->w.route);
    }
}

static void load_control(loader *l, const nh_core_image *c) {
    const int64_t control[] = {c->n_group, c->n_route, c->start, c->period, c->words, c->reset_period, c->reset_phase};
    begin(l, NH_FMEM_CONTROL, 0);
    for (size_t i = 0; i < sizeof control / sizeof *control; i++) {
        field(l, control[i], 16);
        end_word(l, 16);
    }
}

/* A tile that the context does not use does not sweep; what an earlier context left behind in its tables is
 * overwritten. */
static void load_tile(loader *l, int context, const nh_core_image **core) {
    static const nh_core_image none = {.period = 1};
    const nh_core_image *c = core[context] ? core[context] : &none;
    int64_t axons = 0, convs = 0;
    for (int i = 0; i < l->m->n_context; i++) {
        if (core[i] && core[i]->n_axon > axons) axons = core[i]->n_axon;
        if (core[i] && core[i]->n_conv > convs) convs = core[i]->n_conv;
    }
    if (l->whole) axons = l->f->axons, convs = l->f->convs;
    load_control(l, c);
    load_axons(l, c, axons);
    load_synapses(l, c);
    load_convs(l, c, convs);
    load_groups(l, c);
    load_params(l, c);
    load_routes(l, c);
}

const uint8_t *nh_image_load_words(nh_arena *a, const nh_image *m, int context, bool whole, int64_t *n) {
    loader l = {.a = a, .m = m, .whole = whole, .f = &m->fabric, .w = nh_fabric_get_widths(&m->fabric)};
    nh_arena *t = nh_arena_new();
    l.bytes = (size_t)l.w.host / 8;
    int widest = 16;
    const int width[] = {l.w.axon, l.w.synapse, l.w.conv, l.w.group, l.w.param_word, l.w.route};
    for (size_t i = 0; i < sizeof width / sizeof *width; i++)
        if (width[i] > widest) widest = width[i];
    l.word = nh_arena_array(t, (size_t)widest / 8 + 16, 1);
    const nh_core_image **core = nh_arena_array(t, (size_t)m->n_context, sizeof *core);
    for (l.y = 0; l.y < m->fabric.mesh_y; l.y++)
        for (l.x = 0; l.x < m->fabric.mesh_x; l.x++) {
            for (int c = 0; c < m->n_context; c++) {
                core[c] = NULL;
                for (int i = 0; i < m->context[c].n_core; i++)
                    if (m->context[c].core[i].x == l.x && m->context[c].core[i].y == l.y)
                        core[c] = &m->context[c].core[i];
            }
            load_tile(&l, context, core);
        }
    nh_arena_free(t);
    *n = (int64_t)l.n;
    return l.out;
}
