/* The driver against a fabric that is the C model behind frames: samples, lines that lose and change bytes, fabrics
 * that answer wrongly. */
#include <criterion/criterion.h>
#include <string.h>

#include "file.h"
#include "host_parts.h"
#include "machine.h"

enum { CREDITS = 3, ROOM = 1 << 20 };

/* A line and the fabric at its other end. */
typedef struct {
    nh_arena *a;
    const nh_image *m;
    nh_machine *k;
    nh_fabric_widths w;
    nh_frame_decoder in;
    unsigned number;
    bool stopped;
    uint8_t *out;
    size_t n, at; /* bytes to the host: n made, at of them read */
    int64_t ticks, sent;
    int64_t damage, damage_back; /* the byte of this number is lost on its way; -1: none */
    int change;                  /* or changed by these bits */
    int lie;                     /* tick that is wrong in its mark, or -1 */
} line;

static void put_byte(line *l, int byte) {
    cr_assert_lt(l->n, (size_t)ROOM);
    l->out[l->n++] = (uint8_t)byte;
}

static void put_word(line *l, const uint8_t *word) {
    uint8_t frame[NH_FRAME_BYTES];
    int n = nh_frame_encode(word, l->w.host, l->number++, frame);
    for (int i = 0; i < n; i++) put_byte(l, frame[i]);
}

static void put_mark(line *l, int op, int64_t v) {
    uint8_t word[NH_FRAME_WORD] = {0};
    nh_host_set_bits(word, 0, (uint64_t)v, 32);
    nh_host_set_bits(word, l->w.flit, (uint64_t)op, 4);
    put_word(l, word);
}

static void tick(line *l) {
    int64_t n;
    const nh_host_event *v = nh_machine_tick(l->k, &n);
    put_mark(l, NH_HOST_TICK, l->ticks == l->lie ? 77 : l->ticks);
    l->ticks++;
    for (int64_t i = 0; i < n; i++) {
        uint8_t word[NH_FRAME_WORD] = {0};
        nh_host_set_bits(word, 0, (uint64_t)v[i].addr, l->w.addr);
        nh_host_set_bits(word, l->w.addr, (uint64_t)(int64_t)v[i].payload, l->m->fabric.payload_bits);
        nh_host_set_bits(word, l->w.flit - 2, 2, 2);
        put_word(l, word);
    }
}

static void take_word(line *l, const uint8_t *word) {
    int op = (int)nh_host_get_bits(word, l->w.flit, 4), kind = (int)nh_host_get_bits(word, l->w.flit - 2, 2),
        at = l->w.data;
    if (op == NH_HOST_TICK) tick(l);
    if (op == NH_HOST_INIT) {
        nh_machine_init(l->k);
        l->ticks = 0;
        put_mark(l, op, 0);
    }
    if (op == NH_HOST_SYNC) put_mark(l, op, l->ticks);
    if (op != NH_HOST_FLIT || kind != 0) return;
    nh_rect to = {.y1 = (int)nh_host_get_bits(word, at, l->w.yb),
                  .y0 = (int)nh_host_get_bits(word, at + l->w.yb, l->w.yb),
                  .x1 = (int)nh_host_get_bits(word, at + 2 * l->w.yb, l->w.xb),
                  .x0 = (int)nh_host_get_bits(word, at + 2 * l->w.yb + l->w.xb, l->w.xb)};
    nh_machine_event(l->k, to, (int64_t)nh_host_get_bits(word, 0, l->w.addr), 1);
}

static void take_byte(line *l, uint8_t byte) {
    uint8_t word[NH_FRAME_WORD];
    int token;
    nh_frame_what what = nh_frame_decode(&l->in, byte, l->w.host, word, &token);
    if (what == NH_FRAME_IS_TOKEN && token == 127) {
        l->in = (nh_frame_decoder){.n = 0};
        l->number = 0;
        l->stopped = false;
        put_byte(l, 0xff);
        put_byte(l, 0xff);
        put_byte(l, 0x80 + CREDITS);
    } else if (what == NH_FRAME_IS_WORD && !l->stopped) {
        put_byte(l, 0x81);
        take_word(l, word);
    } else if (what != NH_FRAME_NONE && what != NH_FRAME_IS_WORD && !l->stopped) {
        l->stopped = true;
        put_byte(l, 0xfe);
    }
}

static ptrdiff_t line_write(void *self, const uint8_t *byte, size_t n) {
    line *l = self;
    size_t some = n > 5 ? 5 : n; /* lines take a little at a time */
    for (size_t i = 0; i < some; i++)
        if (l->sent++ != l->damage)
            take_byte(l, byte[i]);
        else if (l->change)
            take_byte(l, byte[i] ^ (uint8_t)l->change);
    return (ptrdiff_t)some;
}

static ptrdiff_t line_read(void *self, uint8_t *byte, size_t n, bool wait) {
    line *l = self;
    size_t done = 0;
    (void)wait;
    for (; l->at < l->n && done < n && done < 7; l->at++) {
        bool hit = (int64_t)l->at == l->damage_back;
        if (!hit || l->change) byte[done++] = l->out[l->at] ^ (uint8_t)(hit ? l->change : 0);
    }
    return (ptrdiff_t)done;
}

static line line_to(nh_arena *a, const nh_image *m) {
    line l = {.a = a,
              .m = m,
              .w = nh_fabric_get_widths(&m->fabric),
              .damage = -1,
              .damage_back = -1,
              .lie = -1,
              .stopped = true};
    l.k = nh_machine_new(a, m, 0);
    l.out = nh_arena_alloc(a, ROOM);
    return l;
}

static const nh_image *image(nh_arena *a, nh_diag *d) {
    nh_bytes text;
    cr_assert(nh_file_read(a, d, NH_NOWHERE, NH_SOURCE_DIR "/tests/fixtures/image/two_layers.s", 1 << 20, &text));
    const nh_image *m = nh_image_assemble(a, d, "two_layers.s", (const char *)text.data, text.size);
    cr_assert(m && m->n_context == 1 && m->fabric.payload_bits == 1);
    return m;
}

static int32_t *spikes(nh_arena *a, const nh_image *m, unsigned seed) {
    int32_t *x = nh_arena_array(a, (size_t)(m->steps * m->input_size) + 1, sizeof *x);
    for (int64_t i = 0; i < m->steps * m->input_size; i++) x[i] = (seed = seed * 1664525U + 1013904223U) >> 31 & 1;
    return x;
}

static bool fails_with(const nh_host *h, const char *code) {
    return nh_host_error(h) && strncmp(nh_host_error(h), code, 4) == 0;
}

/* Bytes by tests/rtl/host_bench.py, whose CRC goes bit by bit. */
Test(frames, are_those_of_another_implementation) {
    static const struct {
        uint8_t word[5];
        unsigned number;
        int bits, n;
        uint8_t byte[7];
    } row[] = {{{0x9a, 0x78, 0x56, 0x34, 0x12}, 0, 40, 7, {0x1a, 0x71, 0x59, 0x22, 0x23, 0x02, 0xcc}},
               {{0xff, 0xff, 0xff, 0xff, 0xff}, 5, 40, 7, {0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x1f, 0x87}},
               {{0x0a, 0x00}, 127, 12, 3, {0x0a, 0x00, 0xc4}}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        uint8_t out[NH_FRAME_BYTES], word[NH_FRAME_WORD];
        int token;
        cr_assert_eq(nh_frame_encode(row[i].word, row[i].bits, row[i].number, out), row[i].n);
        cr_assert_arr_eq(out, row[i].byte, (size_t)row[i].n);
        nh_frame_decoder d = {.number = row[i].number};
        for (int k = 0; k < row[i].n - 1; k++)
            cr_assert_eq(nh_frame_decode(&d, out[k], row[i].bits, word, &token), NH_FRAME_NONE);
        cr_assert_eq(nh_frame_decode(&d, out[row[i].n - 1], row[i].bits, word, &token), NH_FRAME_IS_WORD);
        cr_assert_arr_eq(word, row[i].word, (size_t)row[i].bits / 8);
    }
}

Test(host, a_sample_over_frames_is_that_of_the_model) {
    nh_arena *a = nh_arena_new();
    const nh_image *m = image(a, nh_diag_new(a));
    line l = line_to(a, m);
    nh_host *h = nh_host_new(a, m, (nh_host_transport){&l, line_write, line_read}, NH_HOST_FRAMES);
    int32_t y[4096], want[4096];
    int64_t sum = 0;
    cr_assert(m->steps * m->output_size <= 4096);
    for (unsigned sample = 0; sample < 5; sample++) {
        const int32_t *x = spikes(a, m, sample);
        cr_assert(nh_host_run(h, x, y), "%s", nh_host_error(h));
        cr_assert(nh_image_run(a, m, x, want, NULL, NULL));
        cr_assert_arr_eq(y, want, (size_t)(m->steps * m->output_size) * sizeof *y);
        for (int64_t i = 0; i < m->steps * m->output_size; i++) sum += y[i];
    }
    cr_assert(sum > 0, "the samples have no output spikes");
    nh_arena_free(a);
}

/* A byte lost or changed, either way: the run fails, or every output is right; after a restart it works again. */
Test(host, a_damaged_line_never_gives_wrong_outputs) {
    nh_arena *a = nh_arena_new();
    const nh_image *m = image(a, nh_diag_new(a));
    const int32_t *x = spikes(a, m, 9);
    int32_t y[4096], want[4096];
    int failed = 0;
    cr_assert(nh_image_run(a, m, x, want, NULL, NULL));
    line first = line_to(a, m);
    nh_host *h = nh_host_new(a, m, (nh_host_transport){&first, line_write, line_read}, NH_HOST_FRAMES);
    int64_t opening = first.sent, opening_back = (int64_t)first.n;
    cr_assert(nh_host_run(h, x, y));
    for (int i = 0; i < 400; i++) {
        line l = line_to(a, m);
        int64_t span = i % 2 ? (int64_t)first.n - opening_back : first.sent - opening, at = (int64_t)i * 7919 % span;
        if (i % 2)
            l.damage_back = opening_back + at;
        else
            l.damage = opening + at;
        l.change = i % 4 < 2 ? 0 : 1 << i / 4 % 8;
        h = nh_host_new(a, m, (nh_host_transport){&l, line_write, line_read}, NH_HOST_FRAMES);
        bool ok = nh_host_run(h, x, y);
        failed += !ok;
        if (ok)
            cr_assert_arr_eq(y, want, (size_t)(m->steps * m->output_size) * sizeof *y);
        else
            cr_assert(fails_with(h, "H101") || fails_with(h, "H102") || fails_with(h, "H103"), "%s", nh_host_error(h));
        l.damage = l.damage_back = -1;
        if (ok) continue;
        cr_assert(nh_host_restart(h) && nh_host_run(h, x, y), "%d: %s", i, nh_host_error(h));
        cr_assert_arr_eq(y, want, (size_t)(m->steps * m->output_size) * sizeof *y);
    }
    cr_assert(failed > 300, "%d of 400 runs noticed", failed);
    nh_arena_free(a);
}

/* Any byte of the first attempt lost: the fabric is silent, or has begun again. */
Test(host, a_restart_that_is_not_answered_is_sent_again) {
    nh_arena *a = nh_arena_new();
    const nh_image *m = image(a, nh_diag_new(a));
    const int32_t *x = spikes(a, m, 3);
    int32_t y[4096], want[4096];
    int64_t opening = 1, most = 0;
    cr_assert(nh_image_run(a, m, x, want, NULL, NULL));
    for (int64_t i = -1; i < opening; i++) {
        line l = line_to(a, m);
        l.damage = i;
        nh_host *h = nh_host_new(a, m, (nh_host_transport){&l, line_write, line_read}, NH_HOST_FRAMES);
        if (i < 0) opening = l.sent;
        if (l.sent > most) most = l.sent;
        cr_assert(!nh_host_error(h) && nh_host_run(h, x, y), "byte %lld lost: %s", (long long)i, nh_host_error(h));
        cr_assert_arr_eq(y, want, (size_t)(m->steps * m->output_size) * sizeof *y);
    }
    cr_assert_eq(most, 2 * opening);
    nh_arena_free(a);
}

static ptrdiff_t silent(void *self, uint8_t *byte, size_t n, bool wait) {
    return (void)self, (void)byte, (void)n, (void)wait, 0;
}
static ptrdiff_t closed(void *self, uint8_t *byte, size_t n, bool wait) {
    return (void)self, (void)byte, (void)n, (void)wait, -1;
}

Test(host, what_fails_is_said) {
    nh_arena *a = nh_arena_new();
    const nh_image *m = image(a, nh_diag_new(a));
    line l = line_to(a, m);
    nh_host_transport t = {&l, line_write, line_read};
    int32_t y[4096], *x = spikes(a, m, 1);
    cr_assert(fails_with(nh_host_new(a, m, (nh_host_transport){&l, line_write, silent}, NH_HOST_FRAMES), "H102"));
    cr_assert(fails_with(nh_host_new(a, m, (nh_host_transport){&l, line_write, closed}, NH_HOST_FRAMES), "H104"));
    l = line_to(a, m);
    l.lie = 2;
    nh_host *h = nh_host_new(a, m, t, NH_HOST_FRAMES);
    cr_assert(!nh_host_run(h, x, y) && fails_with(h, "H103"), "%s", nh_host_error(h));
    l = line_to(a, m);
    h = nh_host_new(a, m, t, NH_HOST_FRAMES);
    cr_assert(!nh_host_send(h, 0, m->fabric.mesh_x, 0, 0, 0, 1) && fails_with(h, "H105"));
    l = line_to(a, m);
    h = nh_host_new(a, m, t, NH_HOST_FRAMES);
    x[0] = 2;
    cr_assert(!nh_host_run(h, x, y) && fails_with(h, "H105"));
    nh_arena_free(a);
}
