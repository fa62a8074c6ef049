/* READs: nothing else is in flight when they go out, and they are answered before anything else goes out. */
#include "host_parts.h"

#include <string.h>

#include "image_parts.h"

enum { CONFIGURATION = 1, READ = 2, CHUNK = 16 };

static bool put_read(nh_host *h, int x, int y, nh_fabric_memory memory, int64_t word) {
    uint8_t flit[NH_FRAME_WORD] = {0};
    int at = h->w.data;
    nh_host_set_bits(flit, 0, (uint64_t)memory << 20 | (uint64_t)word, 24);
    nh_host_set_bits(flit, at - 2, READ, 2);
    nh_host_set_bits(flit, at, (uint64_t)y, h->w.yb);
    nh_host_set_bits(flit, at + h->w.yb, (uint64_t)y, h->w.yb);
    nh_host_set_bits(flit, at + 2 * h->w.yb, (uint64_t)x, h->w.xb);
    nh_host_set_bits(flit, at + 2 * h->w.yb + h->w.xb, (uint64_t)x, h->w.xb);
    nh_host_set_bits(flit, at + 2 * h->w.yb + 2 * h->w.xb, CONFIGURATION, 2);
    return nh_host_put_word(h, flit);
}

/* n words of `chunks` chunks each from word `first` on: h->reply. All are of one core, whose replies come in order;
 * requests go one way through the mesh and replies the other, so they do not wait for each other. */
static bool read_words(nh_host *h, int x, int y, nh_fabric_memory memory, int64_t first, int64_t n, int chunks) {
    if (h->error) return false;
    const nh_fabric *f = &h->image->fabric;
    if (x < 0 || x >= f->mesh_x || y < 0 || y >= f->mesh_y)
        return nh_host_fail(h, NH_H_VALUE, "there is no core (%d, %d) in a mesh of %d x %d", x, y, f->mesh_x,
                            f->mesh_y);
    if (!nh_host_sync(h)) return false;
    h->n_reply = 0;
    for (int64_t i = 0; i < n; i++)
        if (!put_read(h, x, y, memory, first + i)) return false;
    if (!nh_host_sync(h)) return false;
    if (h->n_reply == (size_t)(n * chunks)) return true;
    return nh_host_fail(h, NH_H_ANSWER, "core (%d, %d) gave %zu chunks of memory %d, not %lld", x, y, h->n_reply,
                        (int)memory, (long long)(n * chunks));
}

bool nh_host_read_counters(nh_host *h, int x, int y, uint32_t counter[NH_HOST_COUNTERS]) {
    if (!read_words(h, x, y, NH_FMEM_COUNTER, 0, NH_FABRIC_COUNTERS, 2)) return false;
    for (int i = 0; i < NH_FABRIC_COUNTERS; i++) counter[i] = h->reply[2 * i] | (uint32_t)h->reply[2 * i + 1] << CHUNK;
    return true;
}

/* The model of neuron word `word` of the core, or NULL. */
static const nh_fabric_model *model_at(const nh_host *h, int x, int y, int64_t word) {
    const nh_context *c = &h->image->context[h->loaded];
    for (int i = 0; i < c->n_core; i++) {
        int64_t at = 0;
        if (c->core[i].x != x || c->core[i].y != y) continue;
        for (int64_t g = 0; g < c->core[i].n_group; at += c->core[i].group[g++].words)
            if (word >= at && word < at + c->core[i].group[g].words)
                return &h->image->fabric.model[c->core[i].group[g].model];
    }
    return NULL;
}

bool nh_host_read_states(nh_host *h, int x, int y, int64_t neuron, int64_t *state, int *n) {
    if (h->error) return false;
    int lanes = h->image->fabric.lanes, at = (int)(neuron % lanes) * h->w.state;
    const nh_fabric_model *m = neuron >= 0 && h->loaded >= 0 ? model_at(h, x, y, neuron / lanes) : NULL;
    if (!m)
        return nh_host_fail(h, NH_H_VALUE, "core (%d, %d) has no neuron %lld in what is loaded", x, y,
                            (long long)neuron);
    if (!read_words(h, x, y, NH_FMEM_STATE, neuron / lanes, 1, (h->w.state_word + CHUNK - 1) / CHUNK)) return false;
    *n = m->program->n_state;
    for (int i = 0; i < *n; i++) {
        nh_format f = m->program->reg[m->program->state[i]].fmt;
        uint64_t v = 0;
        for (int b = 0; b < f.width_bits; b++, at++) v |= (uint64_t)(h->reply[at / CHUNK] >> at % CHUNK & 1) << b;
        if (f.is_signed && f.width_bits < 64 && v >> (f.width_bits - 1)) v |= ~(uint64_t)0 << f.width_bits;
        state[i] = (int64_t)v;
    }
    return true;
}
