/* Fuzz target: program images, binary and text. Whatever the bytes are, there is an image that the checks accept, or a
 * diagnostic; an image that is accepted encodes to bytes that decode to the same bytes, has flits that load it, and
 * runs. Bytes that begin with the magic get their checksums, so that what is behind them is reached. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void seal(uint8_t *byte, size_t size) {
    for (size_t at = 40; at + 16 <= size;) {
        uint64_t n;
        memcpy(&n, byte + at + 4, 8);
        if (n > size - at - 16) return;
        uint32_t crc = (uint32_t)crc32_z(crc32_z(0, NULL, 0), byte + at + 16, (size_t)n);
        memcpy(byte + at + 12, &crc, 4);
        at += 16 + (size_t)n;
    }
}

/* What stays the same through bytes and text. */
static void round_trip(nh_arena *a, nh_diag *d, const nh_image *m) {
    size_t n, again;
    const uint8_t *x = nh_image_encode(a, m, &n);
    nh_image *back = nh_image_decode(a, d, "fuzz.image", x, n);
    const uint8_t *y = back ? nh_image_encode(a, back, &again) : NULL;
    if (!y || again != n || memcmp(x, y, n) != 0) abort();
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    nh_image_print(m, out);
    fclose(out);
    back = nh_image_assemble(a, d, "fuzz.s", text, length);
    y = back ? nh_image_encode(a, back, &again) : NULL;
    if (!y || again != n || memcmp(x, y, n) != 0) abort();
    free(text);
}

/* Neurons that a run sweeps and flits that it may send to every tile, at most. */
static double work(const nh_image *m) {
    double sum = (double)m->steps * (double)(m->input_size + m->output_size),
           tiles = m->fabric.mesh_x * m->fabric.mesh_y;
    for (int i = 0; i < m->n_context; i++) {
        const nh_context *x = &m->context[i];
        double tick = 1 + tiles;
        for (int64_t k = 0; k < x->n_input; k++)
            tick += (double)x->input[k].count * (1 + tiles * (double)m->fabric.neurons);
        for (int64_t k = 0; k < x->n_output; k++)
            sum += (double)m->steps * (double)(x->output[k].element + x->output[k].count);
        for (int k = 0; k < x->n_core; k++) {
            const nh_core_image *c = &x->core[k];
            tick += (double)(c->words * m->fabric.lanes) * (1 + (double)c->n_route * tiles * (double)m->fabric.neurons);
        }
        sum += (double)x->ticks * tick;
    }
    return sum;
}

/* A sample in which everything is an event. */
static void run(nh_arena *a, const nh_image *m) {
    if (work(m) > 3e6) return;
    int64_t nx = m->steps * m->input_size, ny = m->steps * m->output_size, n, cycles;
    int32_t *x = nh_arena_array(a, (size_t)nx + 1, sizeof *x), *y = nh_arena_array(a, (size_t)ny + 1, sizeof *y);
    for (int64_t i = 0; i < nx; i++) x[i] = 1;
    if (!nh_image_run(a, m, x, y, NULL, &cycles)) abort();
    for (int c = 0; c < m->n_context; c++) nh_image_load_words(a, m, c, c == 0, &n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_image *m;
    if (size > 7 && memcmp(data, "NHIMAGE", 7) == 0) {
        uint8_t *copy = nh_arena_alloc(a, size);
        memcpy(copy, data, size);
        seal(copy, size);
        m = nh_image_decode(a, d, "fuzz.image", copy, size);
    } else {
        m = nh_image_assemble(a, d, "fuzz.s", (const char *)data, size);
    }
    if (m ? d->n_error > 0 : d->n_error == 0) abort();
    if (m) {
        round_trip(a, d, m);
        run(a, m);
    }
    nh_arena_free(a);
    return 0;
}
