#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "host_parts.h"
#include "launch.h"
#include "sim_fabric.h"
#include "tool.h"

enum { STATES_MOST = 4096, PROBES = 3 };

typedef struct {
    int64_t tick, addr, payload;
} event; /* tick: counted through all samples and contexts */

typedef struct {
    event *event;
    int64_t n;
    size_t cap;
} history;

typedef struct {
    nh_arena *a;
    const nh_sim_fabric_setup *s;
    nh_fabric_widths w;
    history want, got;
    int64_t *first_tick; /* [n_context + 1] of a sample */
    int64_t sample;
    int context;                          /* of the C model */
    int64_t now;                          /* tick of the C model */
    int64_t (*count)[NH_FABRIC_COUNTERS]; /* [tiles] by the C model */
    int64_t *state; /* of the last context's cores, after the last sample: [core][words * lanes][NH_NEURON_STATES] */
    const char *binary; /* the Verilated fabric */
    nh_host *host;
} bench;

static void add_event(nh_arena *a, history *h, event e) {
    h->event = nh_arena_grow(a, h->event, &h->cap, (size_t)h->n + 1, sizeof *h->event);
    h->event[h->n++] = e;
}

static int64_t tick_of(const bench *b, int context, int64_t tick) {
    return b->sample * b->first_tick[b->s->image->n_context] + b->first_tick[context] + tick;
}

/* --- what the C model does --------------------------------------------------------------------------------------- */

static void model_init(void *self, int context) {
    bench *b = self;
    b->context = context;
    b->now = 0;
}

static void model_tick(void *self, const nh_host_event *back, int64_t n) {
    bench *b = self;
    for (int64_t i = 0; i < n; i++)
        add_event(b->a, &b->want, (event){tick_of(b, b->context, b->now), back[i].addr, back[i].payload});
    b->now++;
}

static int64_t neurons_of(const bench *b, const nh_core_image *c) { return c->words * b->s->image->fabric.lanes; }

static int states_of(const bench *b, const nh_core_image *c, int64_t neuron) {
    const nh_fabric *f = &b->s->image->fabric;
    int64_t word = neuron / f->lanes, at = 0;
    for (int64_t g = 0; g < c->n_group; at += c->group[g++].words)
        if (word < at + c->group[g].words) return f->model[c->group[g].model].program->n_state;
    return -1;
}

static void keep_states(bench *b, const nh_machine *k) {
    const nh_context *x = &b->s->image->context[b->context];
    int64_t at = 0;
    for (int i = 0; i < x->n_core; i++)
        for (int64_t e = 0; e < neurons_of(b, &x->core[i]); e++, at++)
            for (int s = 0; at < STATES_MOST && s < states_of(b, &x->core[i], e); s++)
                b->state[at * NH_NEURON_STATES + s] = nh_machine_state(k, i, e, s);
}

static void model_end(void *self, const nh_machine *k) {
    bench *b = self;
    const nh_image *m = b->s->image;
    const nh_context *x = &m->context[b->context];
    for (int i = 0; i < x->n_core; i++)
        for (int c = 0; c < NH_FABRIC_COUNTERS; c++)
            b->count[x->core[i].y * m->fabric.mesh_x + x->core[i].x][c] += nh_machine_activity(k, i)->count[c];
    if (b->context == m->n_context - 1) keep_states(b, k);
}

static bool run_model(bench *b) {
    const nh_image *m = b->s->image;
    nh_arena *scratch = nh_arena_new();
    int32_t *y = nh_arena_array(b->a, (size_t)(m->steps * m->output_size) + 1, sizeof *y);
    nh_machine_watch watch = {.self = b, .init = model_init, .tick = model_tick, .end = model_end};
    bool ok = true;
    for (b->sample = 0; ok && b->sample < b->s->samples; b->sample++) {
        ok = nh_image_run_watched(scratch, m, b->s->x + b->sample * m->steps * m->input_size, y, NULL, NULL, &watch);
        nh_arena_reset(scratch);
    }
    nh_arena_free(scratch);
    return ok;
}

/* --- comparing --------------------------------------------------------------------------------------------------- */

static void host_event(void *self, int64_t tick, int64_t addr, int32_t payload) {
    bench *b = self;
    add_event(b->a, &b->got, (event){tick_of(b, b->host->loaded, tick), addr, payload});
}

static int compare(const void *x, const void *y) {
    const event *a = x, *b = y;
    if (a->tick != b->tick) return a->tick < b->tick ? -1 : 1;
    if (a->addr != b->addr) return a->addr < b->addr ? -1 : 1;
    return a->payload < b->payload ? -1 : a->payload > b->payload;
}

static void differ(const bench *b, nh_sim_fabric_facts *f, const event *want, const event *got) {
    const event *e = want ? want : got;
    f->differing++;
    if (!f->first)
        f->first = nh_arena_printf(b->a, "tick %lld of all: %s event %lld of value %lld", (long long)e->tick,
                                   want ? "the RTL did not give" : "the RTL gave an unexpected", (long long)e->addr,
                                   (long long)e->payload);
}

static void compare_events(bench *b, nh_sim_fabric_facts *f) {
    history *want = &b->want, *got = &b->got;
    if (want->n) qsort(want->event, (size_t)want->n, sizeof(event), compare);
    if (got->n) qsort(got->event, (size_t)got->n, sizeof(event), compare);
    for (int64_t i = 0, k = 0; i < want->n || k < got->n;) {
        const event *x = i < want->n ? &want->event[i] : NULL, *y = k < got->n ? &got->event[k] : NULL;
        int order = !x ? 1 : !y ? -1 : compare(x, y);
        if (order < 0) differ(b, f, x, NULL);
        if (order > 0) differ(b, f, NULL, y);
        i += order <= 0, k += order >= 0;
    }
}

static void differ_at(const bench *b, nh_sim_fabric_facts *f, const char *what, int x, int y, int64_t got,
                      int64_t want) {
    f->differing++;
    if (!f->first)
        f->first = nh_arena_printf(b->a, "core (%d, %d), %s: %lld, expected %lld", x, y, what, (long long)got,
                                   (long long)want);
}

/* Is there a core at the tile in every context? Then every event of the tile is also the C model's. */
static bool is_always_used(const nh_image *m, int x, int y) {
    for (int c = 0; c < m->n_context; c++) {
        bool used = false;
        for (int i = 0; i < m->context[c].n_core; i++)
            used = used || (m->context[c].core[i].x == x && m->context[c].core[i].y == y);
        if (!used) return false;
    }
    return true;
}

/* Counters of cycles are the RTL's own: busy, swept, waited. */
static bool compare_counters(const bench *b, nh_sim_fabric_facts *f) {
    static const struct {
        const char *name;
        bool exact;
    } row[NH_FABRIC_COUNTERS] = {
        {"events", true},        {"events for no axon", true}, {"synapse words", true}, {"busy cycles", false},
        {"cycles swept", false}, {"neuron words", true},       {"spikes", true},        {"flits", true},
        {"cycles waited", false}};
    const nh_image *m = b->s->image;
    for (int y = 0; y < m->fabric.mesh_y; y++)
        for (int x = 0; x < m->fabric.mesh_x; x++) {
            uint32_t n[NH_HOST_COUNTERS];
            const int64_t *want = b->count[y * m->fabric.mesh_x + x];
            if (!nh_host_read_counters(b->host, x, y, n)) return false;
            for (int c = 0; c < NH_FABRIC_COUNTERS; c++) {
                if (row[c].exact && is_always_used(m, x, y) && n[c] != (uint32_t)want[c])
                    differ_at(b, f, row[c].name, x, y, n[c], want[c]);
                if (f->runs == 0) f->counter[c] += n[c];
            }
        }
    return true;
}

static bool compare_states(const bench *b, nh_sim_fabric_facts *f) {
    const nh_context *x = &b->s->image->context[b->s->image->n_context - 1];
    int64_t at = 0, state[NH_NEURON_STATES];
    int n;
    for (int i = 0; i < x->n_core; i++)
        for (int64_t e = 0; e < neurons_of(b, &x->core[i]) && at < STATES_MOST; e++, at++) {
            if (states_of(b, &x->core[i], e) < 0) continue;
            if (!nh_host_read_states(b->host, x->core[i].x, x->core[i].y, e, state, &n)) return false;
            for (int s = 0; s < n; s++)
                if (state[s] != b->state[at * NH_NEURON_STATES + s])
                    differ_at(b, f, nh_arena_printf(b->a, "state %d of neuron %lld", s, (long long)e), x->core[i].x,
                              x->core[i].y, state[s], b->state[at * NH_NEURON_STATES + s]);
            if (f->runs == 0) f->states += n;
        }
    return true;
}

/* Events for an axon that no core has are counted, and nothing else happens. */
static bool probe(const bench *b, nh_sim_fabric_facts *f) {
    const nh_image *m = b->s->image;
    const nh_core_image *c = m->context[m->n_context - 1].core;
    uint32_t before[NH_HOST_COUNTERS], after[NH_HOST_COUNTERS];
    int64_t addr = 0;
    while (addr < c->n_axon && c->axon[addr].valid) addr++;
    if (addr >= (int64_t)1 << nh_clog2(m->fabric.axons)) return true;
    if (!nh_host_read_counters(b->host, c->x, c->y, before)) return false;
    for (int i = 0; i < PROBES; i++)
        if (!nh_host_send(b->host, c->x, c->x, c->y, c->y, addr, 1)) return false;
    if (!nh_host_read_counters(b->host, c->x, c->y, after)) return false;
    if (after[1] - before[1] != PROBES)
        differ_at(b, f, "events for an axon that does not exist", c->x, c->y, after[1] - before[1], PROBES);
    if (after[2] != before[2])
        differ_at(b, f, "synapse words of an axon that does not exist", c->x, c->y, after[2] - before[2], 0);
    f->probes += PROBES;
    return true;
}

/* --- cycles ------------------------------------------------------------------------------------------------------ */

/* From INIT's way in to the mark of the SYNC behind the last tick; what is between that and the next INIT is loading.
 */
static bool read_cycles(const bench *b, nh_diag *d, const char *path, nh_sim_fabric_facts *f) {
    nh_bytes text;
    double began = 0, ended = 0, of_sample = 0, sum = 0;
    int64_t contexts = 0, samples = 0;
    bool running = false;
    if (!nh_file_read(b->a, d, NH_NOWHERE, path, NH_ARENA_ARRAY_MAX, &text)) return false;
    for (const char *at = (const char *)text.data; samples < b->s->samples && strlen(at) > 4;
         at = strchr(at, '\n') + 1) {
        double cycle = strtod(at + 4, NULL);
        int op = at[2] - '0';
        if (at[0] == '<' && op == NH_HOST_INIT) {
            f->load_cycles += cycle - ended;
            began = cycle;
            running = true;
        }
        if (at[0] != '>' || op != NH_HOST_SYNC || !running) continue;
        running = false;
        ended = cycle;
        of_sample += cycle - began;
        if (++contexts % b->s->image->n_context) continue;
        samples++;
        sum += of_sample;
        if (of_sample > f->most_cycles) f->most_cycles = of_sample;
        of_sample = 0;
    }
    f->cycles = sum / (double)b->s->samples;
    f->load_cycles /= (double)b->s->samples;
    return true;
}

/* --- the Verilated fabric ---------------------------------------------------------------------------------------- */

static const char *work(const bench *b, const char *name) {
    return nh_tool_absolute(b->a, nh_path_join(b->a, b->s->work_dir, name));
}

/* All samples, then what the fabric counted and its states. */
static bool drive(bench *b, nh_sim_fabric_facts *f) {
    const nh_image *m = b->s->image;
    int32_t *y = nh_arena_array(b->a, (size_t)(m->steps * m->output_size) + 1, sizeof *y);
    bool ok = true;
    b->got.n = 0;
    nh_host_set_watch(b->host, host_event, b);
    for (b->sample = 0; ok && b->sample < b->s->samples; b->sample++) {
        ok = nh_host_run(b->host, b->s->x + b->sample * m->steps * m->input_size, y);
        if (f->runs == 0 && b->s->y)
            memcpy(b->s->y + b->sample * m->steps * m->output_size, y, (size_t)(m->steps * m->output_size) * sizeof *y);
    }
    return ok && compare_counters(b, f) && compare_states(b, f) && probe(b, f);
}

/* The Verilated fabric behind a socket, as nh_host_fd_child has it, but ending with us. */
static nh_host_fd *start(const char *const *argv, pid_t *pid) {
    enum { SILENCE_MS = NH_TOOL_WALL_S * 1000 };
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return NULL;
    nh_host_fd *line = nh_host_fd_new(pair[0], pair[0], SILENCE_MS);
    bool ok = line && nh_launch_start(&(nh_launch){.argv = argv, .in = pair[1], .out = pair[1], .err = STDERR_FILENO},
                                      pid) == 0;
    close(pair[1]);
    if (ok) return line;
    if (line)
        nh_host_fd_close(line);
    else
        close(pair[0]);
    return NULL;
}

/* The end of the line is the end of its program: what it still computes is of no use to anybody. */
static int end(nh_host_fd *line, pid_t pid) {
    enum { PATIENCE_S = 60 };
    int status = 0;
    nh_host_fd_close(line);
    nh_tool_end(pid, PATIENCE_S, &status);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool run(bench *b, nh_diag *d, const char *stalls, nh_sim_fabric_facts *f) {
    const char *marks = work(b, nh_arena_printf(b->a, "marks_%s.txt", stalls));
    const char *argv[] = {b->binary,
                          nh_arena_printf(b->a, "%d", b->w.host / 8),
                          nh_arena_printf(b->a, "%d", b->w.flit),
                          nh_arena_printf(b->a, "%llu", (unsigned long long)b->s->seed),
                          stalls,
                          marks,
                          NULL};
    pid_t pid;
    nh_host_fd *line = start(argv, &pid);
    if (!line) return nh_report(d, NH_T_FAILED, NH_NOWHERE, "%s cannot be started", argv[0]);
    b->host = nh_host_new(b->a, b->s->image, nh_host_fd_transport(line), NH_HOST_WORDS);
    bool ok = drive(b, f);
    int status = end(line, pid);
    if (status != 0)
        ok = nh_report(d, NH_T_FAILED, NH_NOWHERE, "the Verilated fabric ended with exit status %d: %s", status,
                       status == 1 ? "it hangs" : "see its messages");
    if (!ok) nh_diag_append(d, b->host->diag);
    if (!ok || (f->runs == 0 && !read_cycles(b, d, marks, f))) return false;
    compare_events(b, f);
    f->runs++;
    return true;
}

static void prepare(bench *b) {
    const nh_image *m = b->s->image;
    b->first_tick = nh_arena_array(b->a, (size_t)m->n_context + 1, sizeof *b->first_tick);
    for (int c = 0; c < m->n_context; c++) b->first_tick[c + 1] = b->first_tick[c] + m->context[c].ticks;
    b->count = nh_arena_array(b->a, (size_t)(m->fabric.mesh_x * m->fabric.mesh_y), sizeof *b->count);
    b->state = nh_arena_array(b->a, (size_t)STATES_MOST * NH_NEURON_STATES, sizeof *b->state);
}

nh_stalls nh_sim_fabric_stalls(const nh_options *o) {
    return o->simulate.stalls_at.line ? o->simulate.stalls : NH_STALLS_BOTH;
}

bool nh_sim_fabric(nh_arena *a, nh_diag *d, const nh_sim_fabric_setup *s, nh_sim_fabric_facts *facts) {
    const bool random = s->stalls == NH_STALLS_RANDOM || s->stalls == NH_STALLS_BOTH,
               is_long = s->stalls == NH_STALLS_LONG || s->stalls == NH_STALLS_BOTH;
    bench b = {.a = a, .s = s, .w = nh_fabric_get_widths(&s->image->fabric)};
    *facts = (nh_sim_fabric_facts){0};
    prepare(&b);
    if (!run_model(&b) || !nh_sim_fabric_build(a, d, s, &b.binary)) return false;
    facts->events = b.want.n;
    facts->ticks = b.first_tick[s->image->n_context] * s->samples;
    return run(&b, d, "none", facts) && (!random || run(&b, d, "random", facts)) &&
           (!is_long || run(&b, d, "long", facts));
}
