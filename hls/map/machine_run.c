/* A whole sample on the C model. */
#include "machine_parts.h"

static void put_event(void *self, nh_rect to, int64_t addr, int32_t payload) {
    nh_machine_event(self, to, addr, payload);
}

/* What the cores' sweeps of the last tick put out. */
static void show_spikes(const nh_machine *k, const nh_machine_watch *watch) {
    for (int i = 0; i < k->n_core; i++) {
        const nh_machine_core *c = &k->core[i];
        int64_t n = c->image->words * k->f->lanes, step = c->steps - 1;
        const int32_t *output = c->output + step % k->f->delays * n;
        for (int64_t e = 0; c->swept && e < n; e++)
            if (output[e]) watch->spike(watch->self, i, e, step, output[e]);
    }
}

static bool run_context(nh_sample *r, const nh_image *m, int number, const nh_machine_watch *watch,
                        nh_core_activity *activity, int64_t *cycles) {
    const nh_context *x = &m->context[number];
    nh_arena *t = nh_arena_new();
    nh_machine *k = nh_machine_new(t, m, number);
    int64_t n;
    bool ok = k;
    if (k) nh_machine_init(k);
    if (watch->init) watch->init(watch->self, number);
    nh_sample_begin(r, number);
    for (int64_t tick = 0; ok && tick < x->ticks; tick++) {
        ok = nh_sample_feed(r, tick, put_event, k);
        const nh_host_event *v = nh_machine_tick(k, &n);
        if (watch->spike) show_spikes(k, watch);
        if (watch->tick) watch->tick(watch->self, v, n);
        for (int64_t i = 0; i < n; i++) nh_sample_collect(r, &v[i]);
    }
    for (int i = 0; k && activity && i < x->n_core; i++) activity[i] = *nh_machine_activity(k, i);
    if (k && watch->end) watch->end(watch->self, k);
    if (k) *cycles += nh_machine_cycles(k);
    nh_arena_free(t);
    return ok;
}

bool nh_image_run(nh_arena *a, const nh_image *m, const int32_t *x, int32_t *y, nh_core_activity *activity,
                  int64_t *cycles) {
    return nh_image_run_watched(a, m, x, y, activity, cycles, &(nh_machine_watch){0});
}

bool nh_image_run_watched(nh_arena *a, const nh_image *m, const int32_t *x, int32_t *y, nh_core_activity *activity,
                          int64_t *cycles, const nh_machine_watch *watch) {
    nh_sample *r = nh_sample_new(a, m, x, y);
    int64_t sum = 0;
    bool ok = r;
    for (int c = 0; ok && c < m->n_context; c++) {
        ok = run_context(r, m, c, watch, activity, &sum);
        if (activity) activity += m->context[c].n_core;
    }
    if (cycles) *cycles = sum;
    return ok;
}
