/* Events at a core: weights are added to accumulators. Docs/fabric.md, ACC. */
#include "machine_parts.h"

/* Two's complement of accum_bits, as the adders of the hardware have it. */
static int64_t wrap(int64_t v, int bits) {
    uint64_t low = (uint64_t)v << (64 - bits);
    return (int64_t)low >> (64 - bits);
}

/* Synapse word `from` to accumulator word `to`. */
static void add_word(nh_machine *k, nh_machine_core *c, int64_t from, int64_t to, int32_t payload) {
    const nh_core_image *m = c->image;
    int weights = nh_fabric_word_weights(k->f);
    c->activity.count[2]++;
    if (from < 0 || from >= m->n_synapse || to < 0 || to >= m->words) return;
    for (int l = 0; l < weights; l++) {
        int64_t *acc = &c->acc[to * weights + l];
        *acc = wrap(*acc + (int64_t)m->weight[from * weights + l] * payload, k->f->accum_bits);
    }
}

/* Cycles of an event in an engine: until it knows its first word, beside the words of the event before; and its words.
 */
typedef struct {
    int64_t look, words;
} work;

static work take_axon(nh_machine *k, nh_machine_core *c, int64_t axon, int32_t payload) {
    const nh_core_image *m = c->image;
    if (axon >= m->n_axon || !m->axon[axon].valid) {
        c->activity.count[1]++;
        return (work){1, 0};
    }
    const nh_axon *x = &m->axon[axon];
    for (int64_t i = 0; i < x->words; i++) {
        int64_t from = x->synapse + i, to = x->acc + i;
        if (x->sparse) to = m->synapse_acc && from < m->n_synapse ? m->synapse_acc[from] : -1;
        add_word(k, c, from, to, payload);
    }
    return (work){1, x->words};
}

/* One axis of a convolution. */
typedef struct {
    int64_t taps, pad, dilation, stride, first, n;
} axis;

/* The output coordinate that input coordinate `at` meets through tap `tap`, or -1. */
static int64_t meets(const axis *a, int64_t at, int64_t tap) {
    int64_t v = at + a->pad - tap * a->dilation;
    if (v < 0 || v % a->stride) return -1;
    int64_t out = v / a->stride - a->first;
    return out >= 0 && out < a->n ? out : -1;
}

/* Cycles in which nh_core_conv looks for the first tap that meets something; *none: there is none. */
static int64_t look(const axis *a, int64_t at, bool *none) {
    int64_t tap = 0;
    while (tap < a->taps && meets(a, at, tap) < 0 && at + a->pad - tap * a->dilation >= a->first * a->stride) tap++;
    *none = tap == a->taps || meets(a, at, tap) < 0;
    return *none ? (tap ? tap : 1) : tap + 1;
}

static work take_conv(nh_machine *k, nh_machine_core *c, int64_t rest, int32_t payload) {
    const nh_fabric *f = k->f;
    const nh_core_image *m = c->image;
    int64_t words = 0,
            number = (rest >> (f->conv_c_bits + f->conv_x_bits + f->conv_y_bits)) & (((int64_t)1 << k->w.db) - 1);
    int64_t ch = rest & (((int64_t)1 << f->conv_c_bits) - 1);
    int64_t x = (rest >> f->conv_c_bits) & (((int64_t)1 << f->conv_x_bits) - 1);
    int64_t y = (rest >> (f->conv_c_bits + f->conv_x_bits)) & (((int64_t)1 << f->conv_y_bits) - 1);
    if (number >= m->n_conv || !m->conv[number].valid || ch >= nh_conv_channels(f, m, &m->conv[number])) {
        c->activity.count[1]++;
        return (work){1, 0};
    }
    const nh_conv_axon *v = &m->conv[number];
    const axis ay = {v->kh, v->pad_y, v->dilation_y, v->stride_y, v->y0, v->h},
               ax = {v->kw, v->pad_x, v->dilation_x, v->stride_x, v->x0, v->w};
    for (int64_t ky = 0; ky < v->kh; ky++)
        for (int64_t kx = 0; kx < v->kw; kx++) {
            int64_t oy = meets(&ay, y, ky), ox = meets(&ax, x, kx);
            if (oy < 0 || ox < 0) continue;
            words += v->features;
            int64_t from = v->synapse + ch * v->channel_words + (ky * v->kw + kx) * v->features;
            int64_t to = v->acc + (oy * v->w + ox) * v->features;
            for (int64_t i = 0; i < v->features; i++) add_word(k, c, from + i, to + i, payload);
        }
    bool none_y, none_x;
    int64_t look_y = look(&ay, y, &none_y), look_x = look(&ax, x, &none_x), looked = look_y > look_x ? look_y : look_x;
    if (none_y || none_x) looked = !none_x || (none_y && look_y < look_x) ? look_y : look_x;
    return (work){looked, words};
}

static void take(nh_machine *k, nh_machine_core *c, int64_t addr, int32_t payload) {
    int64_t top = (int64_t)1 << (k->w.addr - 1);
    c->activity.count[0]++;
    work w = k->f->convs && (addr & top) ? take_conv(k, c, addr & (top - 1), payload)
                                         : take_axon(k, c, k->f->convs ? addr & (top - 1) : addr, payload);
    c->activity.count[3] += w.words > w.look ? w.words : w.look;
    nh_machine_arrive(k, (int)(c - k->core), w.look, w.words);
}

void nh_machine_deliver(nh_machine *k, nh_rect to, int64_t addr, int32_t payload) {
    for (int y = to.y0; y <= to.y1 && y < k->f->mesh_y; y++)
        for (int x = to.x0; x <= to.x1 && x < k->f->mesh_x; x++) {
            int i = k->tile[y * k->f->mesh_x + x];
            if (i >= 0) take(k, &k->core[i], addr, k->f->payload_bits == 1 ? 1 : payload);
        }
}
