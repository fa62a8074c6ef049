/* Fuzz target: program images, binary and text. Whatever the bytes are, there is an image that the checks accept, or a diagnostic; an
 * image that is accepted encodes to bytes that decode to the same bytes. Bytes that begin with the magic get their checksums, so that
 * what is behind them is reached. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "image.h"

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
    nh_arena_free(a);
    return 0;
}
