#include "serial_frames.h"

#include <string.h>

static unsigned check(const uint8_t *symbol, int n, unsigned number) {
    unsigned crc = number & 127;
    for (int i = 0; i < n; i++) {
        crc ^= symbol[i];
        for (int k = 0; k < 7; k++) crc = (crc << 1 ^ (crc & 64 ? 0x89U : 0U)) & 127;
    }
    return crc;
}

int nh_frame_encode(const uint8_t *word, int bits, unsigned number, uint8_t *out) {
    int n = (bits + 6) / 7;
    for (int i = 0; i < n; i++) {
        unsigned low = word[i * 7 / 8], high = (i * 7 / 8 + 1) * 8 < bits ? word[i * 7 / 8 + 1] : 0;
        out[i] = (low | high << 8) >> i * 7 % 8 & 127;
    }
    out[n] = (uint8_t)(128 | check(out, n, number));
    return n + 1;
}

nh_frame_what nh_frame_decode(nh_frame_decoder *d, uint8_t byte, int bits, uint8_t *word, int *token) {
    int n = (bits + 6) / 7, have = d->n;
    if (byte < 128) {
        if (have < n) d->symbol[have] = byte;
        d->n = have < n ? have + 1 : n + 1;
        return have < n ? NH_FRAME_NONE : NH_FRAME_IS_BAD;
    }
    d->n = 0;
    *token = byte & 127;
    if (have == 0) return NH_FRAME_IS_TOKEN;
    if (have != n || check(d->symbol, n, d->number) != (unsigned)*token) return NH_FRAME_IS_BAD;
    d->number = (d->number + 1) & 127;
    memset(word, 0, NH_FRAME_WORD);
    for (int i = 0; i < n * 7 && i < bits; i++)
        if (d->symbol[i / 7] >> i % 7 & 1) word[i / 8] = (uint8_t)(word[i / 8] | 1 << i % 8);
    return NH_FRAME_IS_WORD;
}
