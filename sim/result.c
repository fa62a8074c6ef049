#include <jansson.h>
#include <string.h>

#include "sim_parts.h"

/* A stream as the user knows it: the layer that makes it. */
static const char *layer_of(const nh_design *g, const char *stream) {
    for (int k = 0; k < g->n_stream; k++)
        if (strcmp(g->stream[k].id, stream) == 0)
            return g->graph->layer[g->graph->tensor[g->stream[k].tensor].producer].name;
    return strcmp(stream, "s_axis") == 0 ? "input port" : "output port";
}

static int64_t integer(json_t *o, const char *key) { return json_integer_value(json_object_get(o, key)); }
static double real(json_t *o, const char *key) { return json_number_value(json_object_get(o, key)); }

static const char *text(nh_arena *a, json_t *o, const char *key) {
    const char *s = json_string_value(json_object_get(o, key));
    return nh_arena_str(a, s ? s : "");
}

static bool report_failure(nh_arena *a, nh_diag *d, const nh_design *g, json_t *run, json_t *failure) {
    const char *kind = text(a, failure, "kind"), *where = text(a, failure, "where");
    const char *layer = nh_arena_str(a, layer_of(g, where));
    nh_report(d, strcmp(kind, "hang") == 0 ? NH_S_HANG : NH_S_PROTOCOL, NH_NOWHERE,
              "run '%s', cycle %lld, stream %s of '%s': %s", text(a, run, "name"), (long long)integer(failure, "cycle"),
              where, layer, text(a, failure, "text"));
    nh_diag_layer(d, layer);
    return false;
}

static void load_first(nh_arena *a, const nh_design *g, json_t *first, nh_mismatch *m) {
    *m = (nh_mismatch){.sample = integer(first, "sample"),
                       .step = integer(first, "step"),
                       .element = integer(first, "element"),
                       .cycle = integer(first, "cycle"),
                       .layer = layer_of(g, text(a, first, "stream")),
                       .expected = integer(first, "expected"),
                       .got = integer(first, "got")};
}

/* streams[] of a run: s_axis, every stream in order, m_axis. */
static void load_cycles(nh_arena *a, const nh_design *g, json_t *streams, nh_sim_facts *f) {
    f->n_cycles = g->n_unit;
    f->cycles = nh_arena_alloc(a, (size_t)g->n_unit * sizeof *f->cycles);
    for (int u = 0; u < g->n_unit; u++) {
        const nh_unit *unit = &g->unit[u];
        json_t *in = json_array_get(streams, (size_t)unit->in[0] + 1),
               *out = json_array_get(streams, (size_t)unit->out[0] + 1);
        f->cycles[u] = (nh_cycles_fact){.unit = unit->id,
                                        .planned_ii = unit->ii_cycles,
                                        .planned_latency = unit->latency_cycles,
                                        .measured_ii = real(in, "ii"),
                                        .measured_latency = integer(out, "first_end") - integer(in, "first_start")};
    }
    json_t *port_in = json_array_get(streams, 0), *port_out = json_array_get(streams, (size_t)g->n_stream + 1);
    f->measured_ii = real(port_out, "ii");
    f->measured_latency = integer(port_out, "first_end") - integer(port_in, "first_start");
}

/* The run without stalls: the most words that each FIFO had to hold. */
static void load_fifos(nh_arena *a, const nh_design *g, json_t *high_water, nh_sim_facts *f) {
    f->fifo = nh_arena_alloc(a, ((size_t)g->n_unit + 1) * sizeof *f->fifo);
    for (int u = 0; u < g->n_unit; u++) {
        if (!nh_unit_is_fifo(&g->unit[u])) continue;
        f->fifo[f->n_fifo].name = g->unit[u].id;
        f->fifo[f->n_fifo].depth = g->unit[u].delay.depth;
        f->fifo[f->n_fifo].high_water = json_integer_value(json_array_get(high_water, (size_t)f->n_fifo));
        f->n_fifo++;
    }
}

static bool load_run(nh_arena *a, nh_diag *d, const nh_design *g, json_t *run, double *seconds, double *cycles,
                     nh_sim_facts *f) {
    json_t *failure = json_object_get(run, "failure"), *first = json_object_get(run, "first");
    if (f->runs == 0) {
        load_cycles(a, g, json_object_get(run, "streams"), f);
        load_fifos(a, g, json_object_get(run, "high_water"), f);
    } else {
        f->stalled_runs++;
    }
    f->runs++;
    f->compared += integer(run, "compared");
    if (first && f->mismatches == 0) load_first(a, g, first, &f->first);
    f->mismatches += integer(run, "mismatches");
    *seconds += real(run, "seconds");
    *cycles += (double)integer(run, "cycles");
    return !failure || report_failure(a, d, g, run, failure);
}

bool nh_sim_load(nh_arena *a, nh_diag *d, const nh_design *g, const char *result_json, nh_sim_facts *f) {
    json_error_t e;
    json_t *root = json_load_file(result_json, 0, &e);
    if (!root) return nh_report(d, NH_S_HARNESS, NH_NOWHERE, "'%s': %s", result_json, e.text);
    json_t *runs = json_object_get(root, "runs");
    double seconds = 0, cycles = 0;
    bool ok = true;
    f->samples = integer(root, "samples");
    f->fixed_per_second = real(root, "fixed_per_second");
    f->planned_ii = (double)g->ii_cycles;
    f->planned_latency = g->latency_cycles;
    for (size_t i = 0; i < json_array_size(runs); i++)
        ok = load_run(a, d, g, json_array_get(runs, i), &seconds, &cycles, f) && ok;
    f->rtl_cycles_per_second = seconds > 0 ? cycles / seconds : 0;
    json_decref(root);
    return ok;
}
