#include "sample_data.h"

#include <math.h>
#include <string.h>

#include "events.h"
#include "npy.h"

#define MAX_STEPS ((int64_t)1 << 24)
#define MAX_EVENTS ((size_t)1 << 24)
/* Elements in memory for every one in the file: encoded values have many steps, and most elements have no event. */
#define STEPS_OF_A_VALUE 8
#define ELEMENTS_OF_AN_EVENT 256

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_sample_request *q;
    nh_sample_data *out;
    int64_t most; /* elements, for what the file has */
} reader;

/* What the dimensions of an array are. */
typedef struct {
    bool ok, has_samples, has_steps;
} layout;

static bool too_large(reader *r) {
    nh_report(r->d, NH_D_LIMIT, r->q->ref->at, "the samples are too large: %lld x %lld steps x %lld elements",
              (long long)r->out->n, (long long)r->out->steps, (long long)r->out->size);
    nh_diag_allowed(r->d, "at most %lld elements in all%s", (long long)r->most,
                    r->most < NH_SAMPLE_DATA_MAX ? ", of as few data as these" : "");
    nh_diag_hint(r->d, "samples: N uses the first N; fewer time_steps");
    return false;
}

/* Memory for out->n x steps x size values. given: for how many values the data are long enough, however many steps are
 * asked for. */
static double *allocate(reader *r, int64_t given) {
    nh_sample_data *f = r->out;
    r->most = given < NH_SAMPLE_DATA_MAX_OF_FEW ? NH_SAMPLE_DATA_MAX_OF_FEW
              : given < NH_SAMPLE_DATA_MAX      ? given
                                                : NH_SAMPLE_DATA_MAX;
    bool fits = f->n <= r->most && f->steps <= r->most / f->n && f->size <= r->most / (f->n * f->steps);
    double *x = fits ? nh_arena_array(r->a, (size_t)(f->n * f->steps * f->size), sizeof *x) : NULL;
    if (!x) too_large(r);
    f->x = x;
    return x;
}

/* Do the dimensions from `first` on hold one input: its shape, or its elements in one dimension? */
static bool holds_input(const nh_npy *x, int first, nh_shape s) {
    int rest = x->rank - first;
    bool same = rest == s.rank;
    for (int i = 0; same && i < rest; i++) same = x->dim[first + i] == s.dim[i];
    return same || (rest == 1 && x->dim[first] == nh_shape_size(s)) || (rest == 0 && nh_shape_size(s) == 1);
}

/* The model's own shape decides before any flat form does: [50, 1, 28, 28] for an input 1x28x28 are 50 steps of one
 * sample (constant: 50 samples), not 50 samples of one step. */
static layout understand(const reader *r, const nh_npy *x) {
    nh_encoding e = r->q->opt->spiking.encoding;
    nh_shape s = r->q->shape;
    bool one_less = x->rank >= 1 && holds_input(x, 1, s), all = x->rank >= 2 && holds_input(x, 2, s);
    if (x->rank >= 1 && x->rank == s.rank + 1 && one_less) all = false;
    if (e != NH_ENCODE_DIRECT && e != NH_ENCODE_EVENTS) return (layout){.ok = one_less, .has_samples = true};
    if (all) return (layout){.ok = true, .has_samples = true, .has_steps = true};
    return (layout){.ok = one_less, .has_steps = true}; /* one sample */
}

/* A network without time steps takes any dimensions behind the samples that have as many elements as its input. */
static bool holds_samples(const nh_npy *x, int64_t size) {
    bool is_batch = x->rank >= 2 || size == 1;
    return x->rank >= 1 && is_batch && x->dim[0] >= 1 && x->n / x->dim[0] == size && x->n % x->dim[0] == 0;
}

static bool wrong_shape(reader *r, const nh_npy *x) {
    nh_encoding e = r->q->opt->spiking.encoding;
    bool has_steps = !r->q->is_one_step && (e == NH_ENCODE_DIRECT || e == NH_ENCODE_EVENTS);
    char text[96];
    nh_report(r->d, NH_D_SHAPE, r->q->ref->at, "the array does not hold samples of the model's input");
    nh_diag_found(r->d, "%s", nh_npy_shape(r->a, x));
    nh_diag_allowed(
        r->d, "%s%s%s", has_steps ? "[samples x] steps x " : "samples x ", nh_shape_print(r->q->shape, text),
        has_steps && e == NH_ENCODE_EVENTS ? "; or integers, events x 3 (sample, step, address) or x 4 (and value)"
                                           : "");
    return false;
}

/* How many samples to use: all, or the first that were asked for. */
static bool take_samples(reader *r, int64_t have) {
    int64_t asked = r->q->samples;
    r->out->n = asked ? asked : have;
    r->out->have = have;
    if (asked <= have) return true;
    return nh_report(r->d, NH_D_SHAPE, r->q->ref->at, "samples asks for %lld, the array has %lld", (long long)asked,
                     (long long)have);
}

/* Steps of the samples: those that were asked for, else all that the data have. */
static bool take_steps(reader *r, int64_t have) {
    int64_t want = r->q->steps;
    r->out->steps = want ? want : have;
    if (want <= have || r->q->opt->spiking.repeat_input) return true;
    nh_report(r->d, NH_D_STEPS, r->q->ref->at, "the data end before the last time step");
    nh_diag_found(r->d, "%lld steps", (long long)have);
    nh_diag_allowed(r->d, "%lld", (long long)want);
    nh_diag_hint(r->d, "spiking: repeat_input: true begins again with the first step");
    return false;
}

static bool need_steps(reader *r, const char *why) {
    r->out->steps = r->q->steps;
    if (r->out->steps) return true;
    nh_report(r->d, NH_D_STEPS, r->q->ref->at, "%s: the number of steps is not known", why);
    nh_diag_hint(r->d, "set spiking: time_steps");
    return false;
}

static void tell(reader *r, const char *steps) {
    nh_report(r->d, NH_D_UNDERSTOOD, r->q->ref->at, "'%s': %lld samples, %s", r->q->ref->path, (long long)r->out->n,
              steps);
}

static double limited(const reader *r, double count) {
    int64_t most = r->q->opt->spiking.max_count;
    bool counts = r->q->opt->spiking.encoding == NH_ENCODE_EVENTS && most > 0;
    return counts && count > (double)most ? (double)most : count;
}

/* [samples, steps, input...] or [steps, input...]: step t is step t mod have. */
static bool copy_steps(reader *r, const nh_npy *x, bool has_samples) {
    nh_sample_data *f = r->out;
    int64_t have = x->dim[has_samples ? 1 : 0];
    if (!take_samples(r, has_samples ? x->dim[0] : 1) || !take_steps(r, have)) return false;
    double *to = allocate(r, STEPS_OF_A_VALUE * x->n);
    if (!to) return false;
    for (int64_t s = 0; s < f->n; s++)
        for (int64_t t = 0; t < f->steps; t++) {
            const double *from = x->value + (s * have + t % have) * f->size;
            for (int64_t i = 0; i < f->size; i++) *to++ = limited(r, from[i]) * r->q->scale;
        }
    const char *part = f->steps < have ? "the first " : f->steps > have ? "repeated to " : "";
    tell(r, nh_arena_printf(r->a, "%lld steps each%s%s%s", (long long)have, *part ? ", " : "", part,
                            *part ? nh_arena_printf(r->a, "%lld", (long long)f->steps) : ""));
    return true;
}

static bool bad_value(reader *r, int64_t i, double v) {
    nh_report(r->d, NH_D_UNIT, r->q->ref->at, "a value of sample %lld is outside of 0 to 1",
              (long long)(i / r->out->size));
    nh_diag_found(r->d, "%g (element %lld, after scale)", v, (long long)(i % r->out->size));
    nh_diag_hint(r->d, "set the scale beside the data, e.g. scale: 1/255");
    return false;
}

/* [samples, input...]: every step is made from the same values. */
static bool encode_values(reader *r, const nh_npy *x) {
    nh_sample_data *f = r->out;
    nh_encoding e = r->q->opt->spiking.encoding;
    if (!take_samples(r, x->dim[0]) || !need_steps(r, "the array has values without time")) return false;
    double *to = allocate(r, STEPS_OF_A_VALUE * x->n),
           *p = to ? nh_arena_array(r->a, (size_t)(f->n * f->size), sizeof *p) : NULL;
    if (!p) return false;
    for (int64_t i = 0; i < f->n * f->size; i++) {
        p[i] = x->value[i] * r->q->scale;
        if (e != NH_ENCODE_CONSTANT && (p[i] < 0 || p[i] > 1)) return bad_value(r, i, p[i]);
    }
    if (e == NH_ENCODE_RATE)
        nh_encode_rate(p, f->n, f->steps, f->size, r->q->opt->spiking.seed, to);
    else if (e == NH_ENCODE_LATENCY)
        nh_encode_latency(p, f->n, f->steps, f->size, to);
    for (int64_t s = 0; e == NH_ENCODE_CONSTANT && s < f->n; s++)
        for (int64_t t = 0; t < f->steps; t++)
            memcpy(to + (s * f->steps + t) * f->size, p + s * f->size, (size_t)f->size * sizeof *p);
    const char *how = e == NH_ENCODE_RATE      ? "spikes at random"
                      : e == NH_ENCODE_LATENCY ? "one spike per value"
                                               : "the same values in every step";
    tell(r, nh_arena_printf(r->a, "%s, %lld steps", how, (long long)f->steps));
    return true;
}

bool nh_events_add(nh_events *e, nh_event event) {
    if (e->n_event >= MAX_EVENTS) {
        nh_report(e->d, NH_D_LIMIT, e->q->ref->at, "there are too many events");
        nh_diag_allowed(e->d, "at most 2^24");
        nh_diag_hint(e->d, "samples: N uses the first N");
        return false;
    }
    e->event = nh_arena_grow(e->a, e->event, &e->cap, e->n_event + 1, sizeof event);
    e->event[e->n_event++] = event;
    return true;
}

/* The rows of a list of events; a negative number or one beyond its limit is an error. */
static bool read_list(nh_events *e, const nh_npy *x) {
    static const char *const column[] = {"sample", "step", "address"};
    if (x->dim[0] < 1) return nh_report(e->d, NH_D_EVENT, e->q->ref->at, "there are no events");
    int64_t most[] = {NH_SAMPLE_DATA_MAX - 1, MAX_STEPS - 1, nh_shape_size(e->q->shape) - 1};
    for (int64_t i = 0; i < x->dim[0]; i++) {
        const double *row = x->value + i * x->dim[1];
        for (int k = 0; k < 3; k++) {
            if (row[k] >= 0 && row[k] <= (double)most[k]) continue;
            nh_report(e->d, NH_D_EVENT, e->q->ref->at, "the %s of event %lld is out of range", column[k], (long long)i);
            nh_diag_found(e->d, "%.0f", row[k]);
            nh_diag_allowed(e->d, "0 to %lld", (long long)most[k]);
            return false;
        }
        nh_event event = {(int64_t)row[0], (int64_t)row[1], (int64_t)row[2], x->dim[1] == 4 ? row[3] : 1};
        if (event.sample >= e->n_sample) e->n_sample = event.sample + 1;
        if (e->q->samples && event.sample >= e->q->samples) continue;
        if (!nh_events_add(e, event)) return false;
    }
    return true;
}

/* Count events into the steps. */
static bool bin(reader *r, const nh_events *e) {
    nh_sample_data *f = r->out;
    int64_t last = -1, late = 0;
    for (size_t i = 0; i < e->n_event; i++) last = e->event[i].step > last ? e->event[i].step : last;
    if (!take_samples(r, e->n_sample)) return false;
    if (last < 0 && !need_steps(r, "there are no events")) return false;
    f->steps = r->q->steps ? r->q->steps : last + 1;
    double *x = allocate(r, ELEMENTS_OF_AN_EVENT * (int64_t)e->n_event);
    if (!x) return false;
    for (size_t i = 0; i < e->n_event; i++) {
        const nh_event *v = &e->event[i];
        if (v->step < f->steps)
            x[(v->sample * f->steps + v->step) * f->size + v->address] += v->value;
        else
            late++;
    }
    for (int64_t i = 0; i < f->n * f->steps * f->size; i++) x[i] = limited(r, x[i]) * r->q->scale;
    tell(r, nh_arena_printf(r->a, "%zu events in %lld steps", e->n_event - (size_t)late, (long long)f->steps));
    if (late)
        nh_report(r->d, NH_D_LATE, r->q->ref->at,
                  "%lld of %zu events come after the last of %lld steps and are not used", (long long)late, e->n_event,
                  (long long)f->steps);
    return true;
}

static bool read_recordings(reader *r, nh_arena *scratch) {
    nh_events e = {.a = scratch, .d = r->d, .q = r->q};
    if (r->q->is_one_step)
        return nh_report(r->d, NH_D_SOURCE, r->q->ref->at, "recordings need a network with time steps; '%s' has none",
                         r->q->network);
    if (r->q->opt->spiking.encoding != NH_ENCODE_EVENTS) {
        nh_report(r->d, NH_D_SOURCE, r->q->ref->at, "recordings need spiking: encoding: events");
        return false;
    }
    if (!nh_recordings_read(&e) || !bin(r, &e)) return false;
    r->out->have = e.n_file;
    const char **name = nh_arena_array(r->a, (size_t)e.n_sample, sizeof *name);
    for (int64_t i = 0; i < e.n_sample; i++) name[i] = nh_arena_str(r->a, e.name[i]);
    r->out->name = name;
    return true;
}

/* The values are used where they were read, and no more samples are read than are used. */
static bool read_one_step(reader *r) {
    nh_sample_data *f = r->out;
    nh_npy x;
    nh_npy_source *s = nh_npy_open(r->a, r->d, r->q->ref, &x);
    if (!s) return false;
    bool ok = holds_samples(&x, f->size) ? take_samples(r, x.dim[0]) : wrong_shape(r, &x);
    if (!ok) {
        nh_npy_abandon(s);
        return false;
    }
    if (!nh_npy_load(s, &x, f->n)) return false;
    for (int64_t i = 0; r->q->scale != 1 && i < f->n * f->size; i++) x.value[i] *= r->q->scale;
    f->x = x.value;
    f->steps = 1;
    return true;
}

static bool read_array(reader *r, nh_arena *scratch) {
    nh_npy x;
    nh_npy_source *s = nh_npy_open(scratch, r->d, r->q->ref, &x);
    if (!s) return false;
    layout l = understand(r, &x);
    bool is_list = !l.ok && r->q->opt->spiking.encoding == NH_ENCODE_EVENTS && x.is_integer && x.rank == 2 &&
                   (x.dim[1] == 3 || x.dim[1] == 4);
    if (!is_list && (!l.ok || x.n < 1)) {
        nh_npy_abandon(s);
        return wrong_shape(r, &x);
    }
    if (!nh_npy_load(s, &x, l.ok && l.has_samples ? r->q->samples : 0)) return false;
    if (is_list) {
        nh_events e = {.a = scratch, .d = r->d, .q = r->q};
        return read_list(&e, &x) && bin(r, &e);
    }
    return l.has_steps ? copy_steps(r, &x, l.has_samples) : encode_values(r, &x);
}

bool nh_sample_data_read(nh_arena *a, nh_diag *d, const nh_sample_request *q, nh_sample_data *out) {
    reader r = {.a = a, .d = d, .q = q, .out = out};
    nh_arena *scratch = nh_arena_new();
    *out = (nh_sample_data){.size = nh_shape_size(q->shape)};
    bool ok = nh_is_recordings(q->ref) ? read_recordings(&r, scratch)
              : q->is_one_step         ? read_one_step(&r)
                                       : read_array(&r, scratch);
    nh_arena_free(scratch);
    return ok;
}

const double *nh_reference_read(nh_arena *a, nh_diag *d, const nh_data_ref *ref, int64_t n, int64_t steps,
                                int64_t size) {
    nh_npy x;
    if (!nh_npy_read(a, d, ref, &x)) return NULL;
    bool single = n == 1 && x.rank >= 1 && x.dim[0] >= steps && x.n == x.dim[0] * size;
    bool many = x.rank >= 2 && x.dim[0] >= n && x.dim[1] >= steps && x.n == x.dim[0] * x.dim[1] * size;
    if (!single && !many) {
        nh_report(d, NH_D_SHAPE, ref->at, "the reference does not have the outputs of every sample and step");
        nh_diag_found(d, "%s", nh_npy_shape(a, &x));
        nh_diag_allowed(d, "%lld x %lld x %lld", (long long)n, (long long)steps, (long long)size);
        return NULL;
    }
    int64_t have = many ? x.dim[1] : x.dim[0];
    if (have == steps) return x.value;
    double *y = nh_arena_array(a, (size_t)(n * steps * size), sizeof *y);
    for (int64_t s = 0; s < n; s++)
        memcpy(y + s * steps * size, x.value + s * have * size, (size_t)(steps * size) * sizeof *y);
    return y;
}
