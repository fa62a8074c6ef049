#include <string.h>

#include <jansson.h>

#include "image_run.h"
#include "text.h"

enum { RASTER_ROWS = 64, RASTER_STEPS = 160, SUMS_MOST = 16 };

/* Counts of a core: counters of docs/fabric.md. */
typedef struct { long long events, synaptic, accesses, spikes, flits, hops, stalls, energy; } core_row;

/* Memory words: per event its axon; per synapse word the weights, the accumulator read and written; per neuron word of a sweep
 * accumulator, state and parameters read, accumulator and state written. */
static core_row row_of(const nh_image_results *r, int64_t i) {
    const int64_t *c = r->activity[i].count;
    core_row x = {.events = c[0], .synaptic = c[2] * r->m->fabric.lanes, .accesses = c[0] + 3 * c[2] + 5 * c[5], .spikes = c[6], .flits = c[7],
                  .hops = r->activity[i].hops, .stalls = c[8]};
    x.energy = x.synaptic + 2 * x.accesses + 4 * x.hops;
    return x;
}

static void put_raster(const nh_image_results *r, FILE *out) {
    const nh_image *m = r->m;
    if (m->output_size < 1 || m->output_size > RASTER_ROWS || m->steps > RASTER_STEPS) return;
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

static void put_sums(const nh_image_results *r, FILE *out) {
    if (r->n < 2 || r->m->output_size > SUMS_MOST) return;
    fprintf(out, "\nsums per output, of the first samples\n");
    for (int64_t s = 0; s < r->n && s < SUMS_MOST; s++) {
        fprintf(out, "%6lld ", (long long)s);
        for (int64_t o = 0; o < r->m->output_size; o++) fprintf(out, " %lld", (long long)r->sum[s * r->m->output_size + o]);
        if (r->label) fprintf(out, "   label %.0f", r->label[s]);
        fputc('\n', out);
    }
}

void nh_image_results_text(const nh_image_results *r, FILE *out) {
    const nh_image *m = r->m;
    core_row sum = {0};
    nh_print_escaped(m->project, strlen(m->project), out);
    fprintf(out, ": %lld sample%s of %lld steps, %d context%s, %lld output spikes, %lld cycles per sample (estimate)\n", (long long)r->n,
            r->n == 1 ? "" : "s", (long long)m->steps, m->n_context, m->n_context == 1 ? "" : "s", (long long)r->spikes, (long long)(r->cycles / r->n));
    if (r->label) fprintf(out, "accuracy by the largest sum of outputs: %lld of %lld (%.1f %%)\n", (long long)r->correct, (long long)r->n,
                          100.0 * (double)r->correct / (double)r->n);
    put_raster(r, out);
    put_sums(r, out);
    fprintf(out, "\n%-8s %-8s %10s %14s %14s %10s %10s %10s %14s\n", "context", "core", "events", "synaptic ops", "memory words", "spikes", "flits", "hops", "energy");
    int64_t i = 0;
    for (int c = 0; c < m->n_context; c++)
        for (int k = 0; k < m->context[c].n_core; k++, i++) {
            core_row x = row_of(r, i);
            char core[32];
            snprintf(core, sizeof core, "%d,%d", m->context[c].core[k].x, m->context[c].core[k].y);
            fprintf(out, "%-8d %-8s %10lld %14lld %14lld %10lld %10lld %10lld %14lld\n", c, core, x.events, x.synaptic, x.accesses, x.spikes, x.flits, x.hops, x.energy);
            sum.events += x.events, sum.synaptic += x.synaptic, sum.accesses += x.accesses, sum.spikes += x.spikes, sum.flits += x.flits, sum.hops += x.hops;
            sum.energy += x.energy;
        }
    fprintf(out, "%-8s %-8s %10lld %14lld %14lld %10lld %10lld %10lld %14lld\n", "all", "", sum.events, sum.synaptic, sum.accesses, sum.spikes, sum.flits, sum.hops, sum.energy);
    fprintf(out, "energy is a proxy, for comparing images: synaptic ops + 2 x memory words + 4 x hops\n");
}

static json_t *core_json(const nh_image_results *r, int64_t i, int context, const nh_core_image *c) {
    core_row x = row_of(r, i);
    json_t *j = json_object();
    const struct { const char *key; long long value; } field[] = {
        {"context", context}, {"x", c->x}, {"y", c->y}, {"events", x.events}, {"invalid_events", r->activity[i].count[1]},
        {"synaptic_operations", x.synaptic}, {"memory_words", x.accesses}, {"spikes", x.spikes}, {"flits", x.flits}, {"hops", x.hops},
        {"energy_proxy", x.energy}};
    for (size_t k = 0; k < sizeof field / sizeof *field; k++) json_object_set_new(j, field[k].key, json_integer(field[k].value));
    return j;
}

void nh_image_results_json(const nh_image_results *r, FILE *out) {
    const nh_image *m = r->m;
    json_t *j = json_object(), *cores = json_array(), *sums = json_array(), *name = json_string(m->project);
    json_object_set_new(j, "project", name ? name : json_string("(not UTF-8)"));
    json_object_set_new(j, "samples", json_integer(r->n));
    json_object_set_new(j, "steps", json_integer(m->steps));
    json_object_set_new(j, "output_spikes", json_integer(r->spikes));
    json_object_set_new(j, "cycles_per_sample", json_integer(r->cycles / r->n));
    json_object_set_new(j, "accuracy", r->label ? json_real((double)r->correct / (double)r->n) : json_null());
    for (int64_t s = 0; s < r->n; s++) {
        json_t *row = json_array();
        for (int64_t o = 0; o < m->output_size; o++) json_array_append_new(row, json_integer(r->sum[s * m->output_size + o]));
        json_array_append_new(sums, row);
    }
    json_object_set_new(j, "sums", sums);
    int64_t i = 0;
    for (int c = 0; c < m->n_context; c++)
        for (int k = 0; k < m->context[c].n_core; k++, i++) json_array_append_new(cores, core_json(r, i, c, &m->context[c].core[k]));
    json_object_set_new(j, "cores", cores);
    json_dumpf(j, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(j);
}
