#include <math.h>
#include <string.h>

#include <jansson.h>

#include "image_run.h"
#include "text.h"

enum { RASTER_ROWS = 64, RASTER_STEPS = 160, SUMS_MOST = 16, BAR = 20 };

/* Counts of a core: counters of docs/fabric.md. */
typedef struct {
    long long events, synaptic, accesses, spikes, flits, hops, stalls, energy;
} core_row;

/* Memory words: per event its axon; per synapse word the weights, the accumulator read and written; per neuron word of
 * a sweep accumulator, state and parameters read, accumulator and state written. */
static core_row row_of(const nh_image_results *r, int64_t i) {
    const int64_t *c = r->activity[i].count;
    core_row x = {.events = c[0],
                  .synaptic = c[2] * nh_fabric_word_weights(&r->m->fabric),
                  .accesses = c[0] + 3 * c[2] + 5 * c[5],
                  .spikes = c[6],
                  .flits = c[7],
                  .hops = r->activity[i].hops,
                  .stalls = c[8]};
    x.energy = x.synaptic + 2 * x.accesses + 4 * x.hops;
    return x;
}

static void put_raster(const nh_image_results *r, FILE *out) {
    const nh_image *m = r->m;
    if (m->output_size < 1 || m->steps < 2 || m->output_size > RASTER_ROWS || m->steps > RASTER_STEPS) return;
    fprintf(out, "\noutputs of sample 0, a column per step (| a spike or value, . none)\n");
    for (int64_t o = 0; o < m->output_size; o++) {
        int64_t sum = 0;
        fprintf(out, "%6lld  ", (long long)o);
        for (int64_t s = 0; s < m->steps; s++) {
            int32_t v = r->first[s * m->output_size + o];
            fputc(v ? '|' : '.', out);
            sum += v;
        }
        fprintf(out, "  %lld\n", (long long)sum);
    }
}

/* A value of a row, as a bar of at most BAR characters between the row's least and largest. */
static void put_bar(double v, double least, double most, FILE *out) {
    int n = most > least ? (int)lround((v - least) / (most - least) * BAR) : 0;
    for (int i = 0; i < BAR; i++) fputc(i < n ? '#' : ' ', out);
}

/* Scores of sample 0, side by side with the reference's: each between its own least and largest. */
static void put_scores(const nh_image_results *r, FILE *out) {
    int64_t n = r->m->output_size;
    if (!r->reference || n > SUMS_MOST) return;
    double least = (double)r->sum[0], most = least, low = r->reference[0], high = low;
    for (int64_t o = 1; o < n; o++) {
        least = fmin(least, (double)r->sum[o]), most = fmax(most, (double)r->sum[o]);
        low = fmin(low, r->reference[o]), high = fmax(high, r->reference[o]);
    }
    fprintf(out, "\nscores of sample 0%*sthis image%*sreference\n", BAR / 2, "", BAR + 2, "");
    for (int64_t o = 0; o < n; o++) {
        fprintf(out, "%6lld  %8lld  ", (long long)o, (long long)r->sum[o]);
        put_bar((double)r->sum[o], least, most, out);
        fprintf(out, "  %12.6g  ", r->reference[o]);
        put_bar(r->reference[o], low, high, out);
        fprintf(out, "%s%s\n", o == r->class[0] ? "  image" : "", o == r->reference_class[0] ? "  reference" : "");
    }
}

static void put_sums(const nh_image_results *r, FILE *out) {
    if ((r->n < 2 && r->m->steps > 1) || r->m->output_size > SUMS_MOST || r->m->output_size < 1) return;
    fprintf(out, "\nsums per output, of the first samples\n");
    for (int64_t s = 0; s < r->n && s < SUMS_MOST; s++) {
        fprintf(out, "%6lld ", (long long)s);
        for (int64_t o = 0; o < r->m->output_size; o++)
            fprintf(out, " %lld", (long long)r->sum[s * r->m->output_size + o]);
        fprintf(out, "   class %lld", (long long)r->class[s]);
        if (r->label) fprintf(out, "   label %.0f", r->label[s]);
        if (r->reference_class) fprintf(out, "   reference %lld", (long long)r->reference_class[s]);
        fputc('\n', out);
    }
}

static void put_layers(const nh_image_results *r, FILE *out) {
    const nh_image_spikes *s = r->layers;
    if (s->n_layer == 0) return;
    fprintf(out, "\n%-24s %10s %12s %20s\n", "layer", "neurons", "spikes", "per neuron and step");
    for (int i = 0; i < s->n_layer; i++) {
        const nh_layer_spikes *l = &s->layer[i];
        size_t n = strlen(l->name);
        nh_print_escaped(l->name, n, out);
        fprintf(out, "%*s %10lld %12lld %20.4f\n", n < 24 ? (int)(24 - n) : 0, "", (long long)l->neurons,
                (long long)l->spikes, l->neurons ? (double)l->spikes / (double)(l->neurons * r->m->steps * r->n) : 0);
    }
}

static void put_agreement(const nh_image_results *r, FILE *out) {
    if (!r->reference_class) return;
    fprintf(out, "the reference's class for %lld of %lld samples (%.2f %%)", (long long)r->agree, (long long)r->n,
            100.0 * (double)r->agree / (double)r->n);
    int64_t s = r->first_other;
    if (s >= 0) {
        fprintf(out, "; first other: sample %lld, reference %lld, image %lld", (long long)s,
                (long long)r->reference_class[s], (long long)r->class[s]);
        if (r->label) fprintf(out, ", label %.0f", r->label[s]);
    }
    fputc('\n', out);
}

/* Cores that put out anything, and all that they put out. */
static int64_t active_cores(const nh_image_results *r, int64_t *spikes) {
    int64_t n = 0;
    *spikes = 0;
    for (int64_t i = 0; i < r->n_core; i++) n += r->activity[i].count[6] > 0, *spikes += r->activity[i].count[6];
    return n;
}

void nh_image_results_text(const nh_image_results *r, FILE *out) {
    const nh_image *m = r->m;
    core_row sum = {0};
    nh_print_escaped(m->project, strlen(m->project), out);
    fprintf(out, ": %lld sample%s of %lld steps, %d context%s, %lld output spikes, %lld cycles per sample (estimate)\n",
            (long long)r->n, r->n == 1 ? "" : "s", (long long)m->steps, m->n_context, m->n_context == 1 ? "" : "s",
            (long long)r->spikes, (long long)(r->cycles / r->n));
    if (r->label)
        fprintf(out, "accuracy by the largest sum of outputs: %lld of %lld (%.1f %%)\n", (long long)r->correct,
                (long long)r->n, 100.0 * (double)r->correct / (double)r->n);
    put_agreement(r, out);
    int64_t spikes, active = active_cores(r, &spikes);
    if (r->layers->n_layer)
        spikes = 0; /* the cores' counters also have sweeps after the last step, while later layers finish */
    for (int i = 0; i < r->layers->n_layer; i++) spikes += r->layers->layer[i].spikes;
    fprintf(out, "%lld of %lld cores active, %lld spikes in all layers\n", (long long)active, (long long)r->n_core,
            (long long)spikes);
    put_raster(r, out);
    put_sums(r, out);
    put_scores(r, out);
    put_layers(r, out);
    fprintf(out, "\n%-8s %-8s %10s %14s %14s %10s %10s %10s %14s\n", "context", "core", "events", "synaptic ops",
            "memory words", "spikes", "flits", "hops", "energy");
    int64_t i = 0;
    for (int c = 0; c < m->n_context; c++)
        for (int k = 0; k < m->context[c].n_core; k++, i++) {
            core_row x = row_of(r, i);
            char core[32];
            snprintf(core, sizeof core, "%d,%d", m->context[c].core[k].x, m->context[c].core[k].y);
            fprintf(out, "%-8d %-8s %10lld %14lld %14lld %10lld %10lld %10lld %14lld\n", c, core, x.events, x.synaptic,
                    x.accesses, x.spikes, x.flits, x.hops, x.energy);
            sum.events += x.events, sum.synaptic += x.synaptic, sum.accesses += x.accesses, sum.spikes += x.spikes,
                sum.flits += x.flits, sum.hops += x.hops;
            sum.energy += x.energy;
        }
    fprintf(out, "%-8s %-8s %10lld %14lld %14lld %10lld %10lld %10lld %14lld\n", "all", "", sum.events, sum.synaptic,
            sum.accesses, sum.spikes, sum.flits, sum.hops, sum.energy);
    fprintf(out, "energy is a proxy, for comparing images: synaptic ops + 2 x memory words + 4 x hops\n");
}

static json_t *core_json(const nh_image_results *r, int64_t i, int context, const nh_core_image *c) {
    core_row x = row_of(r, i);
    json_t *j = json_object();
    const struct {
        const char *key;
        long long value;
    } field[] = {{"context", context},
                 {"x", c->x},
                 {"y", c->y},
                 {"events", x.events},
                 {"invalid_events", r->activity[i].count[1]},
                 {"synaptic_operations", x.synaptic},
                 {"memory_words", x.accesses},
                 {"spikes", x.spikes},
                 {"flits", x.flits},
                 {"hops", x.hops},
                 {"energy_proxy", x.energy}};
    for (size_t k = 0; k < sizeof field / sizeof *field; k++)
        json_object_set_new(j, field[k].key, json_integer(field[k].value));
    return j;
}

static json_t *layers_json(nh_arena *a, const nh_image_results *r) {
    json_t *list = json_array();
    for (int i = 0; i < r->layers->n_layer; i++) {
        const nh_layer_spikes *l = &r->layers->layer[i];
        json_t *j = json_object();
        json_object_set_new(j, "layer", json_string(nh_text_valid(a, l->name)));
        json_object_set_new(j, "neurons", json_integer(l->neurons));
        json_object_set_new(j, "spikes", json_integer(l->spikes));
        json_array_append_new(list, j);
    }
    return list;
}

/* Agreement, and the first sample of another class. */
static json_t *reference_json(const nh_image_results *r) {
    if (!r->reference_class) return json_null();
    json_t *j = json_object(), *first = json_null();
    if (r->first_other >= 0) {
        first = json_object();
        json_object_set_new(first, "sample", json_integer(r->first_other));
        json_object_set_new(first, "reference", json_integer(r->reference_class[r->first_other]));
        json_object_set_new(first, "class", json_integer(r->class[r->first_other]));
    }
    json_object_set_new(j, "same_class", json_integer(r->agree));
    json_object_set_new(j, "first_other", first);
    return j;
}

void nh_image_results_json(const nh_image_results *r, FILE *out) {
    const nh_image *m = r->m;
    json_t *j = json_object(), *cores = json_array(), *sums = json_array(), *classes = json_array(), *name;
    nh_arena *a = nh_arena_new();
    name = json_string(nh_text_valid(a, m->project));
    json_object_set_new(j, "project", name);
    json_object_set_new(j, "samples", json_integer(r->n));
    json_object_set_new(j, "steps", json_integer(m->steps));
    json_object_set_new(j, "output_spikes", json_integer(r->spikes));
    json_object_set_new(j, "cycles_per_sample", json_integer(r->cycles / r->n));
    json_object_set_new(j, "accuracy", r->label ? json_real((double)r->correct / (double)r->n) : json_null());
    for (int64_t s = 0; s < r->n; s++) {
        json_t *row = json_array();
        for (int64_t o = 0; o < m->output_size; o++)
            json_array_append_new(row, json_integer(r->sum[s * m->output_size + o]));
        json_array_append_new(sums, row);
        if (m->output_size) json_array_append_new(classes, json_integer(r->class[s]));
    }
    json_object_set_new(j, "sums", sums);
    json_object_set_new(j, "classes", classes);
    json_object_set_new(j, "reference", reference_json(r));
    int64_t spikes, active = active_cores(r, &spikes);
    json_object_set_new(j, "active_cores", json_integer(active));
    json_object_set_new(j, "core_spikes", json_integer(spikes));
    json_object_set_new(j, "layers", layers_json(a, r));
    int64_t i = 0;
    for (int c = 0; c < m->n_context; c++)
        for (int k = 0; k < m->context[c].n_core; k++, i++)
            json_array_append_new(cores, core_json(r, i, c, &m->context[c].core[k]));
    json_object_set_new(j, "cores", cores);
    json_dumpf(j, out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    fputc('\n', out);
    json_decref(j);
    nh_arena_free(a);
}
