/* The host's side of a sample: contexts one after the other, tensors between them kept per step. */
#include "sample.h"

#include <stdlib.h>
#include <string.h>

#include "image_parts.h"

enum { VALUES_MOST = 1 << 30 };

typedef struct {
    const char *name;
    int64_t size;
    int32_t *value; /* [steps][size] */
} tensor;

struct nh_sample {
    nh_arena *arena;
    const nh_image *image;
    const int32_t *x;
    int32_t *y;
    tensor *tensor;
    int n_tensor;
    const nh_context *context;
    const nh_output_entry **by_address; /* of the context */
    int64_t *period;                    /* of its inputs */
};

static tensor *find(const nh_sample *r, const char *name) {
    for (int i = 0; i < r->n_tensor; i++)
        if (strcmp(r->tensor[i].name, name) == 0) return &r->tensor[i];
    return NULL;
}

/* Tensors that contexts put out, each as large as its entries say. */
static bool make_tensors(nh_sample *r) {
    const nh_image *m = r->image;
    int64_t n = 0, values = 0;
    for (int c = 0; c < m->n_context; c++) n += m->context[c].n_output;
    r->tensor = nh_arena_array(r->arena, (size_t)n + 1, sizeof *r->tensor);
    for (int c = 0; c < m->n_context; c++)
        for (int64_t i = 0; i < m->context[c].n_output; i++) {
            const nh_output_entry *e = &m->context[c].output[i];
            tensor *t = i > 0 && strcmp(m->context[c].output[i - 1].tensor, e->tensor) == 0
                            ? &r->tensor[r->n_tensor - 1]
                            : find(r, e->tensor);
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

/* --- the host's events ------------------------------------------------------------------------------------------- */

/* Where the events of tick go. */
typedef struct {
    nh_sample_put *put;
    void *self;
} sink;

static bool feed_element(const nh_sample *r, const nh_input_entry *e, int64_t i, int32_t v, sink to) {
    const nh_fabric *f = &r->image->fabric;
    nh_range allowed = nh_payload_range(f);
    int64_t at = i - e->first,
            addr = e->base + at; /* coordinates: those of the tensor, which may stand behind others */
    if (v < allowed.lo || v > allowed.hi) return false;
    if (e->is_conv) {
        int64_t y = at / e->w % e->h, x = at % e->w, ch = at / (e->h * e->w);
        if (y < e->y_from || y >= e->y_to) return true;
        addr = e->base + (y << (f->conv_x_bits + f->conv_c_bits)) + (x << f->conv_c_bits) + ch;
    }
    to.put(to.self, e->to, addr, v);
    return true;
}

/* Ticks per step of the cores that an entry goes to. */
static int64_t period_of(const nh_context *x, const nh_input_entry *e) {
    for (int i = 0; i < x->n_core; i++) {
        const nh_core_image *c = &x->core[i];
        if (c->x >= e->to.x0 && c->x <= e->to.x1 && c->y >= e->to.y0 && c->y <= e->to.y1) return c->period;
    }
    return 1;
}

bool nh_sample_feed(nh_sample *r, int64_t tick, nh_sample_put *put, void *self) {
    bool ok = true;
    for (int64_t j = 0; j < r->context->n_input; j++) {
        const nh_input_entry *e = &r->context->input[j];
        int64_t since = tick - e->delay, step = since / r->period[j];
        if (since < 0 || since % r->period[j] || step >= r->image->steps) continue;
        const tensor *t = find(r, e->tensor);
        const int32_t *v = t ? t->value + step * t->size : r->x + step * r->image->input_size;
        int64_t end = e->first + e->count, have = t ? t->size : r->image->input_size;
        for (int64_t i = e->first; i < end && i < have; i++)
            if (v[i]) ok = feed_element(r, e, i, v[i], (sink){put, self}) && ok;
    }
    return ok;
}

/* --- what comes back --------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
    const nh_output_entry *x = *(const nh_output_entry *const *)a, *y = *(const nh_output_entry *const *)b;
    return x->first < y->first ? -1 : x->first > y->first;
}

static void sort_outputs(nh_sample *r) {
    const nh_context *x = r->context;
    r->by_address = nh_arena_array(r->arena, (size_t)x->n_output + 1, sizeof *r->by_address);
    for (int64_t i = 0; i < x->n_output; i++) r->by_address[i] = &x->output[i];
    qsort(r->by_address, (size_t)x->n_output, sizeof *r->by_address, compare);
}

void nh_sample_collect(nh_sample *r, const nh_host_event *v) {
    const nh_context *x = r->context;
    int64_t lo = 0, hi = x->n_output;
    while (lo < hi) {
        int64_t middle = lo + (hi - lo) / 2;
        if (r->by_address[middle]->first + r->by_address[middle]->count <= v->addr)
            lo = middle + 1;
        else
            hi = middle;
    }
    const nh_output_entry *e = lo < x->n_output ? r->by_address[lo] : NULL;
    if (!e || v->addr < e->first || v->tick < e->start || (v->tick - e->start) % e->period) return;
    int64_t step = (v->tick - e->start) / e->period, element = v->addr - e->first + e->element;
    tensor *t = find(r, e->tensor);
    if (step >= r->image->steps) return;
    t->value[step * t->size + element] = v->payload;
    if (e->is_output && element < r->image->output_size) r->y[step * r->image->output_size + element] = v->payload;
}

/* --- the whole --------------------------------------------------------------------------------------------------- */

nh_sample *nh_sample_new(nh_arena *a, const nh_image *m, const int32_t *x, int32_t *y) {
    nh_sample *r = NH_NEW(a, nh_sample);
    *r = (nh_sample){.arena = a, .image = m, .x = x, .y = y};
    memset(y, 0, (size_t)(m->steps * m->output_size) * sizeof *y);
    return make_tensors(r) ? r : NULL;
}

void nh_sample_begin(nh_sample *r, int context) {
    const nh_context *x = r->context = &r->image->context[context];
    r->period = nh_arena_array(r->arena, (size_t)x->n_input + 1, sizeof *r->period);
    for (int64_t i = 0; i < x->n_input; i++) r->period[i] = period_of(x, &x->input[i]);
    sort_outputs(r);
}
