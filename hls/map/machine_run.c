/* A whole sample: contexts one after the other, tensors between them kept per step. */
#include <stdlib.h>
#include <string.h>

#include "machine_parts.h"

enum { VALUES_MOST = 1 << 30 };

typedef struct {
    const char *name;
    int64_t size;
    int32_t *value;   /* [steps][size] */
} tensor;

typedef struct {
    nh_arena *arena;  /* of this run */
    const nh_image *image;
    const int32_t *x;
    int32_t *y;
    tensor *tensor;
    int n_tensor;
    const nh_output_entry **by_address; /* of the context */
    nh_machine_watch watch;
    bool ok;
} runner;

static tensor *find(runner *r, const char *name) {
    for (int i = 0; i < r->n_tensor; i++)
        if (strcmp(r->tensor[i].name, name) == 0) return &r->tensor[i];
    return NULL;
}

/* Tensors that contexts put out, each as large as its entries say. */
static bool make_tensors(runner *r) {
    const nh_image *m = r->image;
    int64_t n = 0, values = 0;
    for (int c = 0; c < m->n_context; c++) n += m->context[c].n_output;
    r->tensor = nh_arena_array(r->arena, (size_t)n + 1, sizeof *r->tensor);
    for (int c = 0; c < m->n_context; c++)
        for (int64_t i = 0; i < m->context[c].n_output; i++) {
            const nh_output_entry *e = &m->context[c].output[i];
            tensor *t = i > 0 && strcmp(m->context[c].output[i - 1].tensor, e->tensor) == 0 ? &r->tensor[r->n_tensor - 1] : find(r, e->tensor);
            if (t && strcmp(t->name, e->tensor) != 0) t = find(r, e->tensor);
            if (!t) *(t = &r->tensor[r->n_tensor++]) = (tensor){.name = e->tensor};
            if (e->element + e->count > t->size) t->size = e->element + e->count;
        }
    for (int i = 0; i < r->n_tensor; i++) {
        values += r->tensor[i].size * m->steps;
        if (values > VALUES_MOST) return false;
        r->tensor[i].value = nh_arena_array(r->arena, (size_t)(r->tensor[i].size * m->steps) + 1, sizeof(int32_t));
    }
    return true;
}

/* --- the host's events ----------------------------------------------------------------------------------------------------- */

static void feed_element(runner *r, nh_machine *k, const nh_input_entry *e, int64_t i, int32_t v) {
    const nh_fabric *f = &r->image->fabric;
    nh_range allowed = nh_payload_range(f);
    int64_t addr = e->base + i - e->first;
    if (v < allowed.lo || v > allowed.hi) {
        r->ok = false;
        return;
    }
    if (e->is_conv) {
        int64_t y = i / e->w % e->h, x = i % e->w, ch = i / (e->h * e->w);
        if (y < e->y_from || y >= e->y_to) return;
        addr = e->base + (y << (f->conv_x_bits + f->conv_c_bits)) + (x << f->conv_c_bits) + ch;
    }
    nh_machine_event(k, e->to, addr, v);
    if (r->watch.event) r->watch.event(r->watch.self, e->to, addr, v);
}

/* Ticks per step of the cores that an entry goes to. */
static int64_t period_of(const nh_context *x, const nh_input_entry *e) {
    for (int i = 0; i < x->n_core; i++) {
        const nh_core_image *c = &x->core[i];
        if (c->x >= e->to.x0 && c->x <= e->to.x1 && c->y >= e->to.y0 && c->y <= e->to.y1) return c->period;
    }
    return 1;
}

static void feed(runner *r, nh_machine *k, const nh_context *x, const int64_t *period, int64_t tick) {
    for (int64_t j = 0; j < x->n_input; j++) {
        const nh_input_entry *e = &x->input[j];
        int64_t since = tick - e->delay, step = since / period[j];
        if (since < 0 || since % period[j] || step >= r->image->steps) continue;
        const tensor *t = find(r, e->tensor);
        const int32_t *v = t ? t->value + step * t->size : r->x + step * r->image->input_size;
        int64_t end = e->first + e->count, have = t ? t->size : r->image->input_size;
        for (int64_t i = e->first; i < end && i < have; i++)
            if (v[i]) feed_element(r, k, e, i, v[i]);
    }
}

/* --- what comes back --------------------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
    const nh_output_entry *x = *(const nh_output_entry *const *)a, *y = *(const nh_output_entry *const *)b;
    return x->first < y->first ? -1 : x->first > y->first;
}

static void sort_outputs(runner *r, const nh_context *x) {
    r->by_address = nh_arena_array(r->arena, (size_t)x->n_output + 1, sizeof *r->by_address);
    for (int64_t i = 0; i < x->n_output; i++) r->by_address[i] = &x->output[i];
    qsort(r->by_address, (size_t)x->n_output, sizeof *r->by_address, compare);
}

static void collect(runner *r, const nh_context *x, const nh_host_event *v) {
    int64_t lo = 0, hi = x->n_output;
    while (lo < hi) {
        int64_t middle = lo + (hi - lo) / 2;
        if (r->by_address[middle]->first + r->by_address[middle]->count <= v->addr) lo = middle + 1;
        else hi = middle;
    }
    const nh_output_entry *e = lo < x->n_output ? r->by_address[lo] : NULL;
    if (!e || v->addr < e->first || v->tick < e->start || (v->tick - e->start) % e->period) return;
    int64_t step = (v->tick - e->start) / e->period, element = v->addr - e->first + e->element;
    tensor *t = find(r, e->tensor);
    if (step >= r->image->steps) return;
    t->value[step * t->size + element] = v->payload;
    if (e->is_output && element < r->image->output_size) r->y[step * r->image->output_size + element] = v->payload;
}

/* What the cores' sweeps of the last tick put out. */
static void show_spikes(const runner *r, const nh_machine *k) {
    for (int i = 0; i < k->n_core; i++) {
        const nh_machine_core *c = &k->core[i];
        int64_t n = c->image->words * k->f->lanes, step = c->steps - 1;
        const int32_t *output = c->output + step % k->f->delays * n;
        for (int64_t e = 0; c->swept && e < n; e++)
            if (output[e]) r->watch.spike(r->watch.self, i, e, step, output[e]);
    }
}

/* --- the run ------------------------------------------------------------------------------------------------------------------- */

static bool run_context(runner *r, int number, nh_core_activity *activity, int64_t *cycles) {
    const nh_context *x = &r->image->context[number];
    nh_arena *t = nh_arena_new();
    nh_machine *k = nh_machine_new(t, r->image, number);
    int64_t *period = nh_arena_array(t, (size_t)x->n_input + 1, sizeof *period), n;
    for (int64_t i = 0; i < x->n_input; i++) period[i] = period_of(x, &x->input[i]);
    if (k) nh_machine_init(k);
    if (r->watch.init) r->watch.init(r->watch.self, number);
    sort_outputs(r, x);
    for (int64_t tick = 0; k && tick < x->ticks && r->ok; tick++) {
        feed(r, k, x, period, tick);
        const nh_host_event *v = nh_machine_tick(k, &n);
        if (r->watch.spike) show_spikes(r, k);
        if (r->watch.tick) r->watch.tick(r->watch.self, v, n);
        for (int64_t i = 0; i < n; i++) collect(r, x, &v[i]);
    }
    for (int i = 0; k && activity && i < x->n_core; i++) activity[i] = *nh_machine_activity(k, i);
    if (k) *cycles += nh_machine_cycles(k);
    nh_arena_free(t);
    return k && r->ok;
}

bool nh_image_run(nh_arena *a, const nh_image *m, const int32_t *x, int32_t *y, nh_core_activity *activity, int64_t *cycles) {
    return nh_image_run_watched(a, m, x, y, activity, cycles, &(nh_machine_watch){0});
}

bool nh_image_run_watched(nh_arena *a, const nh_image *m, const int32_t *x, int32_t *y, nh_core_activity *activity, int64_t *cycles,
                          const nh_machine_watch *watch) {
    runner r = {.arena = a, .image = m, .x = x, .y = y, .ok = true, .watch = *watch};
    int64_t sum = 0;
    memset(y, 0, (size_t)(m->steps * m->output_size) * sizeof *y);
    bool ok = make_tensors(&r);
    for (int c = 0; ok && c < m->n_context; c++) {
        ok = run_context(&r, c, activity, &sum);
        if (activity) activity += m->context[c].n_core;
    }
    if (cycles) *cycles = sum;
    return ok;
}
