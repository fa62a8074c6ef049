/* Contexts, events, ticks: the host's side of docs/fabric.md. */
#include "host_parts.h"

#include <stdarg.h>
#include <string.h>

#include "file.h"
#include "image_parts.h"

enum { IMAGE_BYTES = 256 << 20, KIND_EVENT = 2, KIND_REPLY = 3 };

/* --- a handle ---------------------------------------------------------------------------------------------------- */

bool nh_host_fail(nh_host *h, nh_code code, const char *fmt, ...) {
    va_list ap;
    if (h->error) return false;
    va_start(ap, fmt);
    const char *text = nh_arena_vprintf(h->arena, fmt, ap);
    va_end(ap);
    nh_report(h->diag, code, NH_NOWHERE, "%s", text);
    h->error = nh_arena_printf(h->arena, "%s: %s", nh_code_get(code)->id, text);
    return false;
}

static nh_host *bare(nh_arena *a, nh_host_transport t, nh_host_form form) {
    nh_host *h = NH_NEW(a, nh_host);
    h->arena = a;
    h->diag = nh_diag_new(a);
    h->line = t;
    h->form = form;
    h->loaded = -1;
    h->tick = -1;
    return h;
}

static void begin(nh_host *h, const nh_image *m) {
    h->image = m;
    h->w = nh_fabric_get_widths(&m->fabric);
    nh_host_begin_line(h);
}

nh_host *nh_host_new(nh_arena *a, const nh_image *m, nh_host_transport t, nh_host_form form) {
    nh_host *h = bare(a, t, form);
    begin(h, m);
    return h;
}

/* The first of several errors of a file. */
static void take_error(nh_host *h) {
    const nh_diag_item *i = &h->diag->item[0];
    h->error = nh_arena_printf(h->arena, "%s: %s", nh_code_get(i->code)->id, i->message);
}

nh_host *nh_host_open(const char *image_path, nh_host_transport t, nh_host_form form) {
    nh_bytes b;
    nh_host *h = bare(nh_arena_new(), t, form);
    h->owns_arena = true;
    const nh_image *m = nh_file_read(h->arena, h->diag, NH_NOWHERE, image_path, IMAGE_BYTES, &b)
                            ? nh_image_decode(h->arena, h->diag, nh_arena_str(h->arena, image_path), b.data, b.size)
                            : NULL;
    if (m)
        begin(h, m);
    else
        take_error(h);
    return h;
}

void nh_host_close(nh_host *h) {
    if (h && h->owns_arena) nh_arena_free(h->arena);
}

const char *nh_host_error(const nh_host *h) { return h->error; }

bool nh_host_restart(nh_host *h) {
    if (!h->image || h->form == NH_HOST_WORDS) return nh_host_fail(h, NH_H_LINE, "this line has no restart");
    h->error = NULL;
    return nh_host_begin_line(h);
}

int64_t nh_host_steps(const nh_host *h) { return h->image ? h->image->steps : 0; }
int64_t nh_host_inputs(const nh_host *h) { return h->image ? h->image->input_size : 0; }
int64_t nh_host_outputs(const nh_host *h) { return h->image ? h->image->output_size : 0; }
int nh_host_contexts(const nh_host *h) { return h->image ? h->image->n_context : 0; }
int nh_host_mesh_x(const nh_host *h) { return h->image ? h->image->fabric.mesh_x : 0; }
int nh_host_mesh_y(const nh_host *h) { return h->image ? h->image->fabric.mesh_y : 0; }

void nh_host_set_watch(nh_host *h, nh_host_watch *watch, void *self) {
    h->watch = watch;
    h->watch_self = self;
}

/* --- what comes -------------------------------------------------------------------------------------------------- */

static void take_event(nh_host *h, const uint8_t *word) {
    int bits = h->image->fabric.payload_bits;
    uint64_t payload = nh_host_get_bits(word, h->w.addr, bits);
    if (bits > 1 && payload >> (bits - 1)) payload |= ~(uint64_t)0 << bits;
    nh_host_event e = {(int64_t)nh_host_get_bits(word, 0, h->w.addr), (int32_t)(int64_t)payload, h->tick};
    if (h->sample) nh_sample_collect(h->sample, &e);
    if (h->watch) h->watch(h->watch_self, e.tick, e.addr, e.payload);
}

static bool take_mark(nh_host *h, int op, const uint8_t *word) {
    int64_t ticks = (int64_t)nh_host_get_bits(word, 0, 32);
    if (h->next_mark == h->n_mark || h->mark[h->next_mark] != op)
        return nh_host_fail(h, NH_H_ANSWER, "the fabric gave a mark of op %d that was not asked for", op);
    h->next_mark++;
    if (op == NH_HOST_INIT) h->tick = -1;
    if (op == NH_HOST_TICK && ticks != ++h->tick)
        return nh_host_fail(h, NH_H_ANSWER, "the fabric is at tick %lld, not %lld", (long long)ticks,
                            (long long)h->tick);
    uint64_t bad = op == NH_HOST_SYNC ? nh_host_get_bits(word, 32, h->w.flit - 32) : 0;
    return !bad || nh_host_fail(h, NH_H_ANSWER, "the host port has dropped words that it does not know: %llu",
                                (unsigned long long)bad);
}

bool nh_host_take_word(nh_host *h, const uint8_t *word) {
    int op = (int)nh_host_get_bits(word, h->w.flit, 4), kind = (int)nh_host_get_bits(word, h->w.flit - 2, 2);
    if (op >= NH_HOST_TICK && op <= NH_HOST_SYNC) return take_mark(h, op, word);
    if (op != NH_HOST_FLIT || kind < KIND_EVENT)
        return nh_host_fail(h, NH_H_ANSWER, "the fabric gave a word of op %d, kind %d", op, kind);
    if (kind == KIND_EVENT) {
        take_event(h, word);
        return true;
    }
    h->reply = nh_arena_grow(h->arena, h->reply, &h->cap_reply, h->n_reply + 1, sizeof *h->reply);
    h->reply[h->n_reply++] = (uint16_t)nh_host_get_bits(word, 0, 16);
    return true;
}

/* --- what goes --------------------------------------------------------------------------------------------------- */

bool nh_host_load(nh_host *h, int context) {
    if (h->error) return false;
    if (context < 0 || context >= h->image->n_context)
        return nh_host_fail(h, NH_H_VALUE, "there is no context %d", context);
    nh_arena *t = nh_arena_new();
    int64_t n;
    const uint8_t *word = nh_image_load_words(t, h->image, context, h->loaded < 0, &n);
    /* Configuration is not ordered with events that are still being accumulated. */
    bool ok = nh_host_sync(h);
    for (int64_t i = 0; ok && i < n; i++) ok = nh_host_put_word(h, word + i * h->w.host / 8);
    h->loaded = ok ? context : -1;
    nh_arena_free(t);
    return ok;
}

bool nh_host_init(nh_host *h) { return nh_host_put_op(h, NH_HOST_INIT); }
bool nh_host_tick(nh_host *h) { return nh_host_put_op(h, NH_HOST_TICK); }

bool nh_host_sync(nh_host *h) {
    if (h->error || h->quiet) return !h->error;
    if (!nh_host_put_op(h, NH_HOST_SYNC) || !nh_host_wait(h)) return false;
    return h->quiet = true;
}

bool nh_host_send(nh_host *h, int x0, int x1, int y0, int y1, int64_t address, int32_t payload) {
    uint8_t word[NH_FRAME_WORD] = {0};
    if (h->error) return false;
    const nh_fabric *f = &h->image->fabric;
    nh_range allowed = nh_payload_range(f);
    if (x0 < 0 || x1 < x0 || x1 >= f->mesh_x || y0 < 0 || y1 < y0 || y1 >= f->mesh_y)
        return nh_host_fail(h, NH_H_VALUE, "there is no rectangle %d..%d, %d..%d in a mesh of %d x %d", x0, x1, y0, y1,
                            f->mesh_x, f->mesh_y);
    if (address < 0 || address >= nh_addr_end(f))
        return nh_host_fail(h, NH_H_VALUE, "the address %lld does not fit an event", (long long)address);
    if (payload < allowed.lo || payload > allowed.hi)
        return nh_host_fail(h, NH_H_VALUE, "%d is no value of an event", (int)payload);
    int at = h->w.data;
    nh_host_set_bits(word, 0, (uint64_t)address, h->w.addr);
    nh_host_set_bits(word, h->w.addr, (uint64_t)(int64_t)payload, f->payload_bits);
    nh_host_set_bits(word, at, (uint64_t)y1, h->w.yb);
    nh_host_set_bits(word, at + h->w.yb, (uint64_t)y0, h->w.yb);
    nh_host_set_bits(word, at + 2 * h->w.yb, (uint64_t)x1, h->w.xb);
    nh_host_set_bits(word, at + 2 * h->w.yb + h->w.xb, (uint64_t)x0, h->w.xb);
    return nh_host_put_word(h, word);
}

/* --- a sample ---------------------------------------------------------------------------------------------------- */

static void put_event(void *self, nh_rect to, int64_t addr, int32_t payload) {
    nh_host_send(self, to.x0, to.x1, to.y0, to.y1, addr, payload);
}

static bool run_context(nh_host *h, int number) {
    if (h->loaded != number && !nh_host_load(h, number)) return false;
    nh_sample_begin(h->sample, number);
    bool ok = nh_host_init(h);
    for (int64_t tick = 0; ok && tick < h->image->context[number].ticks; tick++) {
        if (!nh_sample_feed(h->sample, tick, put_event, h))
            return nh_host_fail(h, NH_H_VALUE, "a value of tick %lld is no event of this fabric", (long long)tick);
        ok = nh_host_tick(h);
    }
    return ok && nh_host_sync(h);
}

bool nh_host_run(nh_host *h, const int32_t *x, int32_t *y) {
    if (h->error) return false;
    nh_arena *t = nh_arena_new();
    bool ok = (h->sample = nh_sample_new(t, h->image, x, y)) ||
              nh_host_fail(h, NH_H_VALUE, "the spikes between the contexts need too much memory");
    for (int c = 0; ok && c < h->image->n_context; c++) ok = run_context(h, c);
    h->sample = NULL;
    nh_arena_free(t);
    return ok;
}
