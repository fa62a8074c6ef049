#include <assert.h>

#include "rtl_parts.h"

struct nh_mem {
    nh_writer *out;
    uint8_t *word; /* little endian */
    char *line;
    size_t n_digit, n_byte, at;
    nh_u128 acc; /* bits not yet in word */
    int n_acc;
};

nh_mem *nh_mem_open(nh_arena *a, const char *path, int64_t word_bits, const nh_provenance *p) {
    assert(word_bits >= 1);
    nh_mem *m = NH_NEW(a, nh_mem);
    m->out = nh_writer_open(a, path);
    m->n_digit = (size_t)(word_bits + 3) / 4;
    m->n_byte = (size_t)(word_bits + 7) / 8;
    m->word = nh_arena_alloc(a, m->n_byte);
    m->line = nh_arena_alloc(a, m->n_digit + 1);
    m->line[m->n_digit] = '\n';
    nh_printf(m->out, "// %s: words of %lld bits; neurohls %s, config sha256 %s, model sha256 %s\n", nh_path_base(path),
              (long long)word_bits, p->version, p->config_sha, p->model_sha);
    return m;
}

static void put_byte(nh_mem *m) {
    assert(m->at < m->n_byte);
    m->word[m->at++] = (uint8_t)m->acc;
    m->acc >>= 8;
    m->n_acc -= 8;
}

void nh_mem_put(nh_mem *m, int64_t raw, int bits) {
    assert(bits >= 1 && bits <= 64);
    uint64_t kept = bits == 64 ? (uint64_t)raw : (uint64_t)raw & (((uint64_t)1 << bits) - 1);
    m->acc |= (nh_u128)kept << m->n_acc;
    m->n_acc += bits;
    while (m->n_acc >= 8) put_byte(m);
}

void nh_mem_end_word(nh_mem *m) {
    if (m->n_acc > 0) {
        m->n_acc = 8;
        put_byte(m);
    }
    while (m->at < m->n_byte) m->word[m->at++] = 0;
    for (size_t i = 0; i < m->n_digit; i++) {
        size_t nibble = m->n_digit - 1 - i;
        m->line[i] = "0123456789abcdef"[m->word[nibble / 2] >> (nibble % 2 ? 4 : 0) & 15];
    }
    nh_write(m->out, m->line, m->n_digit + 1);
    m->at = 0;
    m->n_acc = 0;
    m->acc = 0;
}

bool nh_mem_close(nh_mem *m, nh_diag *d) { return nh_writer_close(m->out, d); }

/* Lanes beyond the matrix stay zero: a whole word of them ends early, inside a word they are put. */
static void weight_word(nh_mem *f, const nh_mac *m, int64_t group, int64_t in_word) {
    int64_t first_in = in_word * m->in_lanes, first_out = group * m->out_lanes;
    for (int64_t o = first_out; o < first_out + m->out_lanes && o < m->n_out; o++) {
        const int64_t *row = m->w + o * m->n_in;
        for (int64_t i = first_in; i < first_in + m->in_lanes; i++)
            nh_mem_put(f, i < m->n_in ? row[i] : 0, m->weight.width_bits);
    }
    nh_mem_end_word(f);
}

bool nh_mem_weights(nh_arena *a, nh_diag *d, const nh_mac *m, const char *path, const nh_provenance *p) {
    nh_mem *f = nh_mem_open(a, path, m->out_lanes * m->in_lanes * m->weight.width_bits, p);
    for (int64_t g = 0; g < m->groups; g++)
        for (int64_t j = 0; j < m->in_words; j++) weight_word(f, m, g, j);
    return nh_mem_close(f, d);
}

bool nh_mem_bias(nh_arena *a, nh_diag *d, const nh_mac *m, const char *path, const nh_provenance *p) {
    nh_mem *f = nh_mem_open(a, path, m->out_lanes * m->acc.width_bits, p);
    for (int64_t g = 0; g < m->groups; g++) {
        for (int64_t o = g * m->out_lanes; o < (g + 1) * m->out_lanes && o < m->n_out; o++)
            nh_mem_put(f, m->b ? (int64_t)m->b[o] : 0, m->acc.width_bits);
        nh_mem_end_word(f);
    }
    return nh_mem_close(f, d);
}

bool nh_mem_multipliers(nh_arena *a, nh_diag *d, const nh_post *post, nh_rtl_lanes at, const char *path,
                        const nh_provenance *p) {
    nh_mem *f = nh_mem_open(a, path, at.lanes * post->mul_bits, p);
    for (int64_t g = 0; g < at.groups; g++) {
        for (int64_t o = g * at.lanes; o < (g + 1) * at.lanes && o < at.outputs; o++)
            nh_mem_put(f, post->mul[o], post->mul_bits);
        nh_mem_end_word(f);
    }
    return nh_mem_close(f, d);
}

bool nh_mem_table(nh_arena *a, nh_diag *d, const nh_dp_table *t, const char *path, const nh_provenance *p) {
    nh_mem *f = nh_mem_open(a, path, t->fmt.width_bits, p);
    for (int64_t i = 0; i < t->depth; i++) {
        nh_mem_put(f, t->raw[i], t->fmt.width_bits);
        nh_mem_end_word(f);
    }
    return nh_mem_close(f, d);
}

/* Weights of one word: the taps (ky, kx) of in_lanes input channels for out_lanes output channels, or of one each. */
static void conv_word(nh_mem *f, const nh_conv *c, int64_t og, int64_t tap, int64_t j) {
    int64_t taps = c->kh * c->kw, per_group = c->c_in / c->groups, lanes = c->depthwise ? 1 : c->in_lanes;
    for (int64_t o = og * c->out_lanes; o < (og + 1) * c->out_lanes; o++)
        for (int64_t i = j * lanes; i < (j + 1) * lanes; i++)
            nh_mem_put(f, c->w[(o * per_group + i) * taps + tap], c->weight.width_bits);
    nh_mem_end_word(f);
}

bool nh_mem_conv_weights(nh_arena *a, nh_diag *d, const nh_conv *c, const char *path, const nh_provenance *p) {
    int64_t lanes = c->depthwise ? 1 : c->in_lanes, words = c->c_in / c->groups / lanes;
    nh_mem *f = nh_mem_open(a, path, c->out_lanes * lanes * c->weight.width_bits, p);
    for (int64_t og = 0; og < c->c_out / c->out_lanes; og++)
        for (int64_t tap = 0; tap < c->kh * c->kw; tap++)
            for (int64_t j = 0; j < words; j++) conv_word(f, c, og, tap, j);
    return nh_mem_close(f, d);
}

bool nh_mem_conv_bias(nh_arena *a, nh_diag *d, const nh_conv *c, const char *path, const nh_provenance *p) {
    nh_mem *f = nh_mem_open(a, path, c->out_lanes * c->acc.width_bits, p);
    for (int64_t o = 0; o < c->c_out; o++) {
        nh_mem_put(f, c->b ? (int64_t)c->b[o] : 0, c->acc.width_bits);
        if ((o + 1) % c->out_lanes == 0) nh_mem_end_word(f);
    }
    return nh_mem_close(f, d);
}

bool nh_mem_neuron_params(nh_arena *a, nh_diag *d, const nh_neuron_unit *n, int64_t depth, const char *path,
                          const nh_provenance *p) {
    int64_t bits = 0;
    for (int k = 0; k < n->n_param; k++) bits += n->param[k].fmt.width_bits;
    nh_mem *f = nh_mem_open(a, path, n->lanes * bits, p);
    for (int64_t e = 0; e < depth * n->lanes; e++) {
        for (int k = 0; k < n->n_param; k++)
            nh_mem_put(f, n->param[k].raw[e % n->param[k].n], n->param[k].fmt.width_bits);
        if ((e + 1) % n->lanes == 0) nh_mem_end_word(f);
    }
    return nh_mem_close(f, d);
}

bool nh_mem_delays(nh_arena *a, nh_diag *d, const nh_delay_unit *u, int bits, const char *path,
                   const nh_provenance *p) {
    nh_mem *f = nh_mem_open(a, path, u->lanes * bits, p);
    for (int64_t e = 0; e < u->words * u->lanes; e++) {
        nh_mem_put(f, u->steps[e % u->n_steps], bits);
        if ((e + 1) % u->lanes == 0) nh_mem_end_word(f);
    }
    return nh_mem_close(f, d);
}
