/* The binary form of an image.
 *
 *     "NHIMAGE", version (1 byte), SHA-256 of the fabric (32 bytes)
 *     sections: tag (4), size (8), CRC-32 (4), then `size` bytes: FABR, HEAD, and one CTXT per context
 *
 * Within a section numbers are LEB128 of the zigzag of a 64-bit integer, texts a length and bytes. Little endian. */
#include <string.h>
#include <zlib.h>

#include "image_binary.h"

/* --- writing ----------------------------------------------------------------------------------------------------- */

typedef struct {
    nh_arena *a;
    uint8_t *byte;
    size_t n, cap;
} buffer;

static void put(buffer *b, const void *data, size_t size) {
    b->byte = nh_arena_grow(b->a, b->byte, &b->cap, b->n + size, 1);
    if (size) memcpy(b->byte + b->n, data, size);
    b->n += size;
}

static void put_int(buffer *b, int64_t v) {
    uint64_t u = ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
    uint8_t byte[10];
    size_t n = 0;
    do {
        byte[n] = (uint8_t)((u & 127) | (u > 127 ? 128 : 0));
        u >>= 7;
    } while (byte[n++] & 128);
    put(b, byte, n);
}

static void put_text(buffer *b, const char *s) {
    size_t n = strlen(s);
    put_int(b, (int64_t)n);
    put(b, s, n);
}

static void put_fields(buffer *b, const void *row, const nh_image_field *f) {
    for (; f->key; f++) put_int(b, nh_field_get(row, f));
}

static void put_fabric(buffer *b, const nh_fabric *f) {
    char text[NH_FORMAT_TEXT];
    put_text(b, f->name ? f->name : "");
    put_fields(b, f, nh_fields_fabric);
    put_int(b, f->sparse);
    put_int(b, f->n_model);
    for (int i = 0; i < f->n_model; i++) {
        const nh_fabric_model *m = &f->model[i];
        put_text(b, nh_program_text(b->a, m->program));
        put_text(b, nh_format_print(m->out, text));
        for (int k = 0; k < m->program->n_param; k++) put_text(b, nh_format_print(m->param[k], text));
    }
}

static void put_tables(buffer *b, const nh_fabric *f, const nh_core_image *c) {
    for (int64_t i = 0; i < c->n_axon; i++) {
        const nh_axon *x = &c->axon[i];
        put_int(b, !x->valid ? 0 : x->sparse ? 2 : 1);
        if (x->valid) put_fields(b, x, x->sparse ? nh_fields_sparse : nh_fields_dense);
    }
    for (int64_t i = 0; i < c->n_conv; i++) {
        put_int(b, c->conv[i].valid);
        if (c->conv[i].valid) put_fields(b, &c->conv[i], nh_fields_conv);
    }
    for (int64_t i = 0; i < c->n_synapse; i++) {
        if (f->sparse) put_int(b, c->synapse_acc[i]);
        for (int l = 0, n = nh_fabric_word_weights(f); l < n; l++) put_int(b, c->weight[i * n + l]);
    }
    for (int64_t i = 0; i < c->n_group; i++) {
        put_fields(b, &c->group[i], nh_fields_group);
        put_int(b, c->group[i].per_word);
        put_int(b, c->group[i].model);
    }
    for (int64_t i = 0, values = nh_image_values(f); i < c->n_param * f->lanes; i++)
        for (int64_t k = 0; k < values; k++) put_int(b, c->param[i * NH_NEURON_PARAMS + k]);
    for (int64_t i = 0; i < c->n_route; i++) {
        const nh_route *r = &c->route[i];
        put_fields(b, r, nh_fields_span);
        put_int(b, r->to_host);
        if (!r->to_host) put_fields(b, &r->to, nh_fields_rect);
        put_fields(b, r, nh_fields_address);
        put_int(b, r->is_conv);
        if (r->is_conv) put_fields(b, r, nh_fields_pixels);
    }
}

static void put_context(buffer *b, const nh_fabric *f, const nh_context *x) {
    put_fields(b, x, nh_fields_context);
    put_int(b, x->n_input);
    for (int64_t i = 0; i < x->n_input; i++) {
        const nh_input_entry *e = &x->input[i];
        put_text(b, e->tensor);
        put_fields(b, e, nh_fields_input);
        put_fields(b, &e->to, nh_fields_rect);
        put_int(b, e->is_conv);
        if (e->is_conv) put_fields(b, e, nh_fields_tensor);
    }
    put_int(b, x->n_output);
    for (int64_t i = 0; i < x->n_output; i++) {
        put_text(b, x->output[i].tensor);
        put_fields(b, &x->output[i], nh_fields_output);
        put_int(b, x->output[i].is_output);
    }
    put_int(b, x->n_symbol);
    for (int64_t i = 0; i < x->n_symbol; i++) {
        put_text(b, x->symbol[i].layer);
        put_fields(b, &x->symbol[i], nh_fields_symbol);
    }
    put_int(b, x->n_core);
    for (int i = 0; i < x->n_core; i++) {
        const nh_core_image *c = &x->core[i];
        put_fields(b, c, nh_fields_core);
        put_int(b, c->reset_period > 0);
        if (c->reset_period > 0) put_fields(b, c, nh_fields_reset);
        put_int(b, c->n_synapse);
        put_int(b, c->n_group);
        put_int(b, c->n_param);
        put_int(b, c->n_route);
        put_tables(b, f, c);
    }
}

static void put_little(uint8_t *to, uint64_t v, int bytes) {
    for (int i = 0; i < bytes; i++) to[i] = (uint8_t)(v >> (8 * i));
}

/* A section's head before its content is known; end_section fills it in. */
static size_t begin_section(buffer *b, const char *tag) {
    static const uint8_t head[12] = {0};
    put(b, tag, 4);
    put(b, head, sizeof head);
    return b->n;
}

static void end_section(buffer *b, size_t begin) {
    size_t size = b->n - begin;
    uint64_t crc = crc32_z(crc32_z(0, NULL, 0), b->byte + begin, size);
    put_little(b->byte + begin - 12, size, 8);
    put_little(b->byte + begin - 4, crc, 4);
}

const uint8_t *nh_image_encode(nh_arena *a, const nh_image *m, size_t *size) {
    buffer b = {.a = a};
    const char *hash = nh_fabric_hash(a, &m->fabric);
    uint8_t version = NH_IMAGE_VERSION, byte;
    put(&b, NH_IMAGE_MAGIC, 7);
    put(&b, &version, 1);
    for (int i = 0; i < 32; i++) {
        byte = 0;
        for (int k = 0; k < 2; k++)
            byte = (uint8_t)(byte << 4 | (hash[2 * i + k] <= '9' ? hash[2 * i + k] - '0' : hash[2 * i + k] - 'a' + 10));
        put(&b, &byte, 1);
    }
    size_t at = begin_section(&b, "FABR");
    put_fabric(&b, &m->fabric);
    end_section(&b, at);
    at = begin_section(&b, "HEAD");
    put_text(&b, m->project);
    put_fields(&b, m, nh_fields_image);
    put_int(&b, m->n_context);
    end_section(&b, at);
    for (int i = 0; i < m->n_context; i++) {
        at = begin_section(&b, "CTXT");
        put_context(&b, &m->fabric, &m->context[i]);
        end_section(&b, at);
    }
    *size = b.n;
    return b.byte;
}
