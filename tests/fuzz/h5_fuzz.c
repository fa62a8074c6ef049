/* Any bytes as an HDF5 file: a tree or at least one diagnostic, whatever the HDF5 library does to the child that reads
 * it. What the child survived runs once more in this process, so that the fuzzer sees its branches and the sanitizers
 * its faults. Bytes without the signature are the stream that a child sends, to a parser that must not trust it. */
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    uint8_t *data;
    size_t size, cap, pos;
    nh_arena *a;
} bytes;

static bool put(void *ctx, const void *data, size_t size) {
    bytes *b = ctx;
    b->data = nh_arena_grow(b->a, b->data, &b->cap, b->size + size + 1, 1);
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return true;
}

static bool fill(void *ctx, uint8_t *out, size_t cap, size_t *got) {
    bytes *b = ctx;
    *got = b->size - b->pos < cap ? b->size - b->pos : cap;
    memcpy(out, b->data + b->pos, *got);
    b->pos += *got;
    return true;
}

static void parse(nh_arena *a, bytes *b, size_t limit, bool must_be_whole) {
    nh_h5_parsed out;
    nh_h5_stream state = nh_h5_parse(a, nh_diag_new(a), "fuzz.h5", limit, (nh_h5_source){fill, b}, &out);
    if ((state == NH_H5_STREAM_WHOLE) != (out.root != NULL)) abort();
    if (must_be_whole && state != NH_H5_STREAM_WHOLE) abort();
}

static bool died(const nh_diag *d) {
    for (size_t i = 0; i < d->count; i++)
        if (d->item[i].code == NH_M_H5_DIED || d->item[i].code == NH_M_H5_TIME || d->item[i].code == NH_M_H5_MEMORY)
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nh_arena *a = nh_arena_new(), *scratch = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    uint8_t *copy = nh_arena_alloc(a, size + 1);
    memcpy(copy, data, size);
    nh_bytes file = {copy, size};
    bytes sent = {.a = a};
    if (!nh_h5_probe(file)) {
        sent.data = copy;
        sent.size = size;
        parse(a, &sent, 1 << 20, false);
    }
    const nh_h5 *root = nh_h5_read(a, d, "fuzz.h5", file);
    if ((root != NULL) != (d->n_error == 0)) abort();
    if (nh_h5_probe(file) && !died(d) && nh_h5_child_init()) {
        nh_h5_child_walk(scratch, file, true, (nh_h5_sink){put, NULL, &sent});
        parse(a, &sent, NH_H5_MAX_BYTES, true);
    }
    nh_arena_free(scratch);
    nh_arena_free(a);
    return 0;
}
