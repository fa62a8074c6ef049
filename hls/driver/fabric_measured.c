/* What the co-simulation of a fabric measured. */
#include "fabric_measured.h"

#include <stdlib.h>

#include <jansson.h>

enum { EVENTS, INVALID, SYNAPSE_WORDS, BUSY, SWEPT, NEURON_WORDS, SPIKES, FLITS, WAITED };

static const char *const counter_key[NH_FABRIC_COUNTERS] = {"events",      "invalid_events", "synapse_words",
                                                            "busy_cycles", "cycles_swept",   "neuron_words",
                                                            "spikes",      "flits",          "cycles_waited"};

/* Synapse words per cycle in which an accumulate engine was at work: each is a weight in every lane. */
static double lanes_busy(const nh_sim_fabric_facts *f) {
    return f->counter[BUSY] ? (double)f->counter[SYNAPSE_WORDS] / (double)f->counter[BUSY] : 0;
}

void nh_fabric_measured_put(const nh_sim_fabric_facts *f, nh_fabric_facts *to) {
    to->rtl_synapse_words = f->counter[SYNAPSE_WORDS];
    to->rtl_busy_cycles = f->counter[BUSY];
    to->rtl_waited = f->counter[WAITED];
}

void nh_fabric_measured_text(const nh_sim_fabric_facts *f, int64_t samples, FILE *out) {
    double n = (double)samples;
    fprintf(out, "\nRTL of the fabric, %lld samples, %lld ticks in each of %lld runs (%lld with stalls)\n",
            (long long)samples, (long long)f->ticks, (long long)f->runs, (long long)f->runs - 1);
    fprintf(out, "  as the C model %lld of %lld events differ; counters of all cores and %lld states too\n",
            (long long)f->differing, (long long)(f->events * f->runs), (long long)f->states);
    fprintf(out, "  cycles         %.0f per inference (mean), %.0f (most), measured", f->cycles, f->most_cycles);
    if (f->load_cycles >= 1) fprintf(out, "; %.0f of loading", f->load_cycles);
    fprintf(out, "\n  lanes busy     %.1f %% of the cycles of the accumulate engines\n", 100 * lanes_busy(f));
    fprintf(out,
            "  per inference  %.1f events, %.1f synapse words, %.1f spikes, %.1f flits, %.1f cycles in which a flit "
            "waited\n",
            (double)f->counter[EVENTS] / n, (double)f->counter[SYNAPSE_WORDS] / n, (double)f->counter[SPIKES] / n,
            (double)f->counter[FLITS] / n, (double)f->counter[WAITED] / n);
    if (f->probes)
        fprintf(out, "  no such axon   %lld events sent, counted by the core, without effect\n", (long long)f->probes);
}

static json_t *measured(const nh_sim_fabric_facts *f, int64_t samples) {
    json_t *counters = json_object();
    for (int i = 0; i < NH_FABRIC_COUNTERS; i++)
        json_object_set_new(counters, counter_key[i], json_integer(f->counter[i]));
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:I, s:o}", "samples", (json_int_t)samples, "runs",
                     (json_int_t)f->runs, "events", (json_int_t)f->events, "states", (json_int_t)f->states, "differing",
                     (json_int_t)f->differing, "cycles_mean", f->cycles, "cycles_most", f->most_cycles, "load_cycles",
                     f->load_cycles, "lanes_busy", lanes_busy(f), "probed_invalid_events", (json_int_t)f->probes,
                     "counters", counters);
}

const char *nh_fabric_measured_json(nh_arena *a, const char *map, const nh_sim_fabric_facts *f, int64_t samples) {
    json_t *root = json_loads(map, 0, NULL);
    json_object_set_new(root, "rtl", f ? measured(f, samples) : json_null());
    char *text = root ? json_dumps(root, JSON_INDENT(1) | JSON_ENSURE_ASCII) : NULL;
    const char *copy = nh_arena_printf(a, "%s\n", text ? text : "null");
    free(text);
    json_decref(root);
    return copy;
}
