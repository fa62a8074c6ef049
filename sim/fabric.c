#include <stdlib.h>
#include <string.h>

#include "embedded.h"
#include "file.h"
#include "sim_fabric.h"
#include "tool.h"

extern const nh_embedded nh_harness_files[];
extern const size_t nh_harness_files_count;

enum { OP_FLIT, OP_TICK, OP_INIT, OP_SYNC };

typedef struct { int64_t addr, payload; } event;

/* Events of one tick: from[first] .. */
typedef struct { int64_t first, n; } group;

typedef struct {
    event *event;
    int64_t n_event;
    size_t cap_event;
    group *group;      /* one per mark: INIT, ticks ..., SYNC */
    int64_t n_group;
    size_t cap_group;
} history;

typedef struct {
    nh_arena *a;
    const nh_sim_fabric_setup *s;
    nh_fabric_widths w;
    nh_writer *stimulus;
    history expected;
    struct mark { int64_t sample, tick; int context; } *mark, now; /* [expected.n_group]; tick -1: INIT, SYNC */
    size_t cap_mark;
} bench;

/* --- the host's side ----------------------------------------------------------------------------------------------------- */

static void set_bits(uint8_t *to, int at, uint64_t v, int bits) {
    for (int i = 0; i < bits; i++, at++)
        if (v >> i & 1) to[at / 8] = (uint8_t)(to[at / 8] | 1 << at % 8);
}

static void put_op(bench *b, int op) {
    uint8_t word[64] = {0};
    set_bits(word, b->w.flit, (uint64_t)op, 4);
    nh_write(b->stimulus, word, (size_t)b->w.host / 8);
}

static void put_event(void *self, nh_rect to, int64_t addr, int32_t payload) {
    bench *b = self;
    uint8_t word[64] = {0};
    int at = b->w.data, bits = b->s->image->fabric.payload_bits;
    set_bits(word, 0, (uint64_t)addr, b->w.addr);
    set_bits(word, b->w.addr, bits == 1 ? 1 : (uint64_t)(uint32_t)payload, bits);
    set_bits(word, at, (uint64_t)to.y1, b->w.yb);
    set_bits(word, at + b->w.yb, (uint64_t)to.y0, b->w.yb);
    set_bits(word, at + 2 * b->w.yb, (uint64_t)to.x1, b->w.xb);
    set_bits(word, at + 2 * b->w.yb + b->w.xb, (uint64_t)to.x0, b->w.xb);
    nh_write(b->stimulus, word, (size_t)b->w.host / 8);
}

static void open_group(nh_arena *a, history *h) {
    h->group = nh_arena_grow(a, h->group, &h->cap_group, (size_t)h->n_group + 1, sizeof *h->group);
    h->group[h->n_group++] = (group){h->n_event, 0};
}

static void add_event(nh_arena *a, history *h, int64_t addr, int64_t payload) {
    h->event = nh_arena_grow(a, h->event, &h->cap_event, (size_t)h->n_event + 1, sizeof *h->event);
    h->event[h->n_event++] = (event){addr, payload};
    h->group[h->n_group - 1].n++;
}

static void open_mark(bench *b, int64_t tick) {
    size_t n = (size_t)b->expected.n_group;
    b->mark = nh_arena_grow(b->a, b->mark, &b->cap_mark, n + 1, sizeof *b->mark);
    b->now.tick = tick;
    b->mark[n] = b->now;
    open_group(b->a, &b->expected);
}

static void put_init(void *self, int context) {
    bench *b = self;
    b->now.context = context;
    put_op(b, OP_INIT);
    open_mark(b, -1);
}

/* The mark of a tick comes before the events of its sweep. */
static void put_tick(void *self, const nh_host_event *back, int64_t n) {
    bench *b = self;
    put_op(b, OP_TICK);
    open_mark(b, b->now.tick + 1);
    for (int64_t i = 0; i < n; i++) add_event(b->a, &b->expected, back[i].addr, back[i].payload);
}

static bool write_stimulus(bench *b, nh_diag *d, const char *path) {
    const nh_image *m = b->s->image;
    int64_t n;
    const uint8_t *load = nh_image_load_words(b->a, m, 0, &n);
    nh_arena *scratch = nh_arena_new();
    int32_t *y = nh_arena_array(b->a, (size_t)(m->steps * m->output_size) + 1, sizeof *y);
    nh_machine_watch watch = {.self = b, .init = put_init, .event = put_event, .tick = put_tick};
    b->stimulus = nh_writer_open(b->a, path);
    nh_write(b->stimulus, load, (size_t)(n * b->w.host / 8));
    bool ok = true;
    for (int64_t i = 0; ok && i < b->s->samples; i++) {
        b->now.sample = i;
        ok = nh_image_run_watched(scratch, m, b->s->x + i * m->steps * m->input_size, y, NULL, NULL, &watch);
        nh_arena_reset(scratch);
    }
    nh_arena_free(scratch);
    put_op(b, OP_SYNC);
    open_mark(b, -1);
    return nh_writer_close(b->stimulus, d) && ok;
}

/* --- what came back --------------------------------------------------------------------------------------------------------- */

static uint64_t get_bits(const uint8_t *from, int at, int bits) {
    uint64_t v = 0;
    for (int i = 0; i < bits; i++, at++) v |= (uint64_t)(from[at / 8] >> at % 8 & 1) << i;
    return v;
}

static int compare(const void *x, const void *y) {
    const event *a = x, *b = y;
    if (a->addr != b->addr) return a->addr < b->addr ? -1 : 1;
    return a->payload < b->payload ? -1 : a->payload > b->payload;
}

/* cycles: between the first mark and the last. false: what came is no sequence of transfers. */
static bool read_outputs(const bench *b, nh_diag *d, const char *path, history *h, uint64_t *cycles) {
    nh_bytes text;
    size_t record = 9 + (size_t)b->w.host / 8;
    uint64_t first = 0, cycle = 0;
    int bits = b->s->image->fabric.payload_bits;
    if (!nh_file_read(b->a, d, NH_NOWHERE, path, NH_ARENA_ARRAY_MAX, &text) || text.size % record) return false;
    for (size_t at = 0; at < text.size; at += record) {
        const uint8_t *word = text.data + at + 9;
        cycle = get_bits(text.data + at, 0, 64);
        if (text.data[at + 8]) {
            if (h->n_group == 0) first = cycle;
            open_group(b->a, h);
        } else if (h->n_group > 0) {
            uint64_t payload = get_bits(word, b->w.addr, bits);
            if (bits > 1 && payload >> (bits - 1)) payload |= ~(uint64_t)0 << bits;
            add_event(b->a, h, (int64_t)get_bits(word, 0, b->w.addr), (int64_t)payload);
        }
    }
    *cycles = cycle - first;
    return true;
}

static void differ(const bench *b, nh_sim_fabric_facts *f, int64_t mark, const event *want, const event *got) {
    f->differing++;
    if (!f->first)
        f->first = nh_arena_printf(b->a, "mark %lld: %s event %lld of value %lld", (long long)mark, want ? "the RTL did not give" : "the RTL gave an unexpected",
                                   (long long)(want ? want : got)->addr, (long long)(want ? want : got)->payload);
}

static void compare_groups(const bench *b, history *got, nh_sim_fabric_facts *f) {
    const history *want = &b->expected;
    for (int64_t g = 0; g < want->n_group; g++) {
        group w = want->group[g], r = g < got->n_group ? got->group[g] : (group){0, 0};
        qsort(want->event + w.first, (size_t)w.n, sizeof(event), compare);
        if (r.n) qsort(got->event + r.first, (size_t)r.n, sizeof(event), compare);
        for (int64_t i = 0, k = 0; i < w.n || k < r.n;) {
            const event *x = i < w.n ? &want->event[w.first + i] : NULL, *y = k < r.n ? &got->event[r.first + k] : NULL;
            int order = !x ? 1 : !y ? -1 : compare(x, y);
            if (order < 0) differ(b, f, g, x, NULL);
            if (order > 0) differ(b, f, g, NULL, y);
            i += order <= 0, k += order >= 0;
        }
    }
    if (got->n_group != want->n_group) f->differing++;
}

/* Of a sample's outputs the one that an event is. */
static void put_output(const bench *b, const struct mark *k, const event *e) {
    const nh_image *m = b->s->image;
    const nh_context *x = &m->context[k->context];
    for (int64_t i = 0; i < x->n_output; i++) {
        const nh_output_entry *o = &x->output[i];
        int64_t element = e->addr - o->first + o->element, since = k->tick - o->start, step = since / o->period;
        if (!o->is_output || e->addr < o->first || e->addr >= o->first + o->count) continue;
        if (since < 0 || since % o->period || step >= m->steps || element >= m->output_size) continue;
        b->s->y[(k->sample * m->steps + step) * m->output_size + element] = (int32_t)e->payload;
    }
}

static void decode(const bench *b, const history *got) {
    const nh_image *m = b->s->image;
    memset(b->s->y, 0, (size_t)(b->s->samples * m->steps * m->output_size) * sizeof *b->s->y);
    for (int64_t g = 0; g < got->n_group && g < b->expected.n_group; g++)
        for (int64_t i = 0; b->mark[g].tick >= 0 && i < got->group[g].n; i++) put_output(b, &b->mark[g], &got->event[got->group[g].first + i]);
}

/* --- the Verilated fabric ------------------------------------------------------------------------------------------------------ */

static const char *work(const bench *b, const char *name) { return nh_tool_absolute(b->a, nh_path_join(b->a, b->s->work_dir, name)); }

static bool verilate(const bench *b, nh_diag *d) {
    const char *rtl = nh_tool_absolute(b->a, b->s->rtl_dir);
    const char *argv[] = {b->s->verilator, "--cc", "--exe", "--build", "-j", "2", "-O3", "-Wno-fatal", "-Wno-lint", "-Wno-style", "--x-assign", "unique", "--top-module",
                          b->s->project, "--prefix", "Vfabric", "--Mdir", work(b, "obj"), "-CFLAGS", "-O2 -std=gnu++17", "-y", rtl,
                          nh_path_join(b->a, rtl, nh_arena_printf(b->a, "%s.v", b->s->project)), work(b, "fabric_main.cpp"), NULL};
    for (size_t i = 0; i < nh_harness_files_count; i++) {
        if (strcmp(nh_harness_files[i].name, "fabric_main.cpp") != 0) continue;
        nh_writer *w = nh_writer_open(b->a, work(b, nh_harness_files[i].name));
        nh_write(w, nh_harness_files[i].data, nh_harness_files[i].size);
        if (!nh_writer_close(w, d)) return false;
    }
    return nh_tool_exec(b->a, d, &(nh_tool_run){.argv = argv, .cwd = b->s->work_dir, .log = work(b, "verilator.log")});
}

static bool run(const bench *b, nh_diag *d, const char *stimulus, const char *stalls, nh_sim_fabric_facts *f) {
    history got = {0};
    uint64_t cycles;
    const char *out = work(b, nh_arena_printf(b->a, "outputs_%s.bin", stalls));
    const char *argv[] = {work(b, "obj/Vfabric"), stimulus, out, nh_arena_printf(b->a, "%d", b->w.host / 8), nh_arena_printf(b->a, "%lld", (long long)b->expected.n_group),
                          nh_arena_printf(b->a, "%llu", (unsigned long long)b->s->seed), stalls, NULL};
    if (!nh_tool_exec(b->a, d, &(nh_tool_run){.argv = argv, .cwd = b->s->work_dir, .log = work(b, nh_arena_printf(b->a, "run_%s.log", stalls))})) return false;
    if (!read_outputs(b, d, out, &got, &cycles)) return false;
    compare_groups(b, &got, f);
    if (f->runs == 0 && b->s->y) decode(b, &got);
    if (f->runs++ == 0) f->cycles = (double)cycles / (double)b->s->samples;
    return true;
}

bool nh_sim_fabric(nh_arena *a, nh_diag *d, const nh_sim_fabric_setup *s, nh_sim_fabric_facts *facts) {
    static const char *const stalls[] = {"none", "random", "long"};
    bench b = {.a = a, .s = s, .w = nh_fabric_get_widths(&s->image->fabric)};
    const char *stimulus = work(&b, "stimulus.bin");
    *facts = (nh_sim_fabric_facts){0};
    if (!write_stimulus(&b, d, stimulus) || !verilate(&b, d)) return false;
    facts->events = b.expected.n_event;
    facts->ticks = b.expected.n_group - 1 - s->samples;
    for (size_t i = 0; i < sizeof stalls / sizeof *stalls; i++)
        if (!run(&b, d, stimulus, stalls[i], facts)) return false;
    return true;
}
