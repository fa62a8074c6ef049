/* Words out and in, whatever form they have on the line. What comes is taken whenever the line does not take, so
 * neither side ever waits for a reader that waits for it. */
#include "host_parts.h"

#include <string.h>

enum { RESTARTED = 127, STOPPED = 126 };

void nh_host_set_bits(uint8_t *word, int at, uint64_t v, int bits) {
    for (int i = 0; i < bits; i++, at++)
        if (v >> i & 1) word[at / 8] = (uint8_t)(word[at / 8] | 1 << at % 8);
}

uint64_t nh_host_get_bits(const uint8_t *word, int at, int bits) {
    uint64_t v = 0;
    for (int i = 0; i < bits; i++, at++) v |= (uint64_t)(word[at / 8] >> at % 8 & 1) << i;
    return v;
}

/* --- in ---------------------------------------------------------------------------------------------------------- */

static bool take_token(nh_host *h, int token) {
    if (h->restarting) { /* all before FF is of another time */
        if (token == RESTARTED) h->restarted = true;
        if (!h->restarted || token >= STOPPED) return true;
        h->restarting = h->restarted = false;
        h->decoder = (nh_frame_decoder){.n = 0};
        h->credits = token;
        return true;
    }
    if (token == RESTARTED) return nh_host_fail(h, NH_H_LINE, "the fabric was restarted by somebody else");
    if (token == STOPPED) return nh_host_fail(h, NH_H_LINE, "a frame to the fabric was damaged or lost");
    h->credits += token;
    return true;
}

static bool take_byte(nh_host *h, uint8_t byte) {
    uint8_t word[NH_FRAME_WORD];
    int token;
    if (h->form == NH_HOST_WORDS) {
        h->part[h->n_part++] = byte;
        if (h->n_part < (size_t)h->w.host / 8) return true;
        h->n_part = 0;
        return nh_host_take_word(h, h->part);
    }
    switch (nh_frame_decode(&h->decoder, byte, h->w.host, word, &token)) {
    case NH_FRAME_IS_TOKEN: return take_token(h, token);
    case NH_FRAME_IS_WORD: return h->restarting || nh_host_take_word(h, word);
    case NH_FRAME_IS_BAD:
        return h->restarting || nh_host_fail(h, NH_H_LINE, "a frame from the fabric was damaged or lost");
    default: return true;
    }
}

static bool send_restart(nh_host *h);

/* What is there, or, waiting, at least a byte. */
static bool receive(nh_host *h, bool wait) {
    uint8_t byte[4096];
    ptrdiff_t n = h->line.read(h->line.self, byte, sizeof byte, wait);
    if (n < 0) return nh_host_fail(h, NH_H_TRANSPORT, "reading from the fabric failed, or its side is closed");
    if (n == 0 && wait && h->restarting && !h->again) {
        h->again = true;
        return send_restart(h);
    }
    if (n == 0 && wait) return nh_host_fail(h, NH_H_TIME, "the fabric does not answer");
    for (ptrdiff_t i = 0; i < n; i++)
        if (!take_byte(h, byte[i])) return false;
    return true;
}

/* --- out --------------------------------------------------------------------------------------------------------- */

static bool flush(nh_host *h) {
    for (size_t at = 0; at < h->n_out;) {
        ptrdiff_t n = h->line.write(h->line.self, h->out + at, h->n_out - at);
        if (n < 0) return nh_host_fail(h, NH_H_TRANSPORT, "writing to the fabric failed, or nothing moves");
        if (n == 0 && !receive(h, false)) return false;
        at += (size_t)n;
    }
    h->n_out = 0;
    return true;
}

static bool put_bytes(nh_host *h, const uint8_t *byte, size_t n) {
    if (h->n_out + n > sizeof h->out && !flush(h)) return false;
    memcpy(h->out + h->n_out, byte, n);
    h->n_out += n;
    return true;
}

bool nh_host_put_word(nh_host *h, const uint8_t *word) {
    uint8_t frame[NH_FRAME_BYTES];
    if (h->error) return false;
    h->quiet = false;
    if (h->form == NH_HOST_WORDS) return put_bytes(h, word, (size_t)h->w.host / 8);
    while (h->credits == 0)
        if (!flush(h) || (h->credits == 0 && !receive(h, true))) return false;
    h->credits--;
    return put_bytes(h, frame, (size_t)nh_frame_encode(word, h->w.host, h->number++, frame));
}

bool nh_host_put_op(nh_host *h, int op) {
    uint8_t word[NH_FRAME_WORD] = {0};
    nh_host_set_bits(word, h->w.flit, (uint64_t)op, 4);
    if (h->next_mark == h->n_mark) h->next_mark = h->n_mark = 0;
    h->mark = nh_arena_grow(h->arena, h->mark, &h->cap_mark, h->n_mark + 1, 1);
    h->mark[h->n_mark++] = (uint8_t)op;
    return nh_host_put_word(h, word);
}

bool nh_host_wait(nh_host *h) {
    if (h->error || !flush(h)) return false;
    while (h->next_mark < h->n_mark)
        if (!receive(h, true)) return false;
    return true;
}

/* Zeros end whatever frame the fabric is in as one that is too long; FF ends it, FF where a frame begins is the
 * restart. */
static bool send_restart(nh_host *h) {
    uint8_t byte[NH_FRAME_BYTES + 2] = {0};
    size_t n = (size_t)(h->w.host + 6) / 7 + 1;
    byte[n] = byte[n + 1] = 0xff;
    return put_bytes(h, byte, n + 2) && flush(h);
}

/* A fabric that is silent is asked a second time: one that had its power, or noise on its line, in the midst of these
 * bytes takes other bits for their start bits. After the silence it does not. */
bool nh_host_begin_line(nh_host *h) {
    h->number = 0;
    h->n_mark = h->next_mark = h->n_reply = h->n_out = h->n_part = 0;
    h->loaded = -1;
    if (h->form == NH_HOST_WORDS) return true;
    h->restarting = true;
    h->restarted = h->again = false;
    if (!send_restart(h)) return false;
    while (h->restarting)
        if (!receive(h, true)) return false;
    return true;
}
