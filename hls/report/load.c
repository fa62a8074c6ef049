#include "fields.h"

#include <math.h>
#include <string.h>

#define MAX_CLASS 4096

static void load_scores(nh_arena *a, const json_t *o, nh_score_fact *s) {
    const json_t *real = json_object_get(o, "float"), *fixed = json_object_get(o, "fixed"),
                 *label = json_object_get(o, "label");
    size_t n = json_array_size(real);
    if (n == 0 || n > NH_SCORES_MOST || json_array_size(fixed) != n) return;
    *s = (nh_score_fact){.n = (int)n, .label = json_is_integer(label) ? json_integer_value(label) : -1};
    s->by_float = nh_arena_alloc(a, n * sizeof(double));
    s->by_fixed = nh_arena_alloc(a, n * sizeof(double));
    for (size_t i = 0; i < n; i++) {
        s->by_float[i] = json_number_value(json_array_get(real, i));
        s->by_fixed[i] = json_number_value(json_array_get(fixed, i));
    }
}

static void load_confusion(nh_arena *a, const json_t *rows, nh_sim_facts *s) {
    size_t n = json_array_size(rows);
    if (n == 0 || n > MAX_CLASS) return;
    s->n_class = (int)n;
    s->confusion = nh_arena_alloc(a, n * n * sizeof *s->confusion);
    for (size_t l = 0; l < n; l++)
        for (size_t c = 0; c < n; c++)
            s->confusion[l * n + c] = json_integer_value(json_array_get(json_array_get(rows, l), c));
}

/* Rows that are no text of `steps` characters are left out. */
static void load_band(nh_arena *a, const json_t *o, int64_t steps, nh_raster_band *b) {
    const json_t *rows = json_object_get(o, "rows");
    *b = (nh_raster_band){.layer = "", .stride = 1};
    nh_fields_get(a, o, b, nh_band_fields);
    b->row = nh_arena_alloc(a, json_array_size(rows) * sizeof *b->row);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const char *row = json_string_value(json_array_get(rows, i));
        if (row && (int64_t)strlen(row) == steps) b->row[b->n_row++] = nh_arena_str(a, row);
    }
}

static void load_raster(nh_arena *a, const json_t *o, nh_raster_fact *r) {
    const json_t *bands = json_object_get(o, "bands");
    nh_fields_get(a, o, r, nh_raster_fields);
    r->n_band = (int)json_array_size(bands);
    r->band = nh_arena_alloc(a, (size_t)r->n_band * sizeof *r->band);
    for (int i = 0; i < r->n_band; i++) load_band(a, json_array_get(bands, (size_t)i), r->steps, &r->band[i]);
}

static void load_causes(nh_arena *a, const json_t *o, nh_sim_facts *s) {
    const json_t *causes = json_object_get(o, "cumulative");
    s->is_exact = json_is_true(json_object_get(o, "exact"));
    s->cause_samples = json_integer_value(json_object_get(o, "samples"));
    s->n_cause = (int)json_array_size(causes);
    s->cause = nh_arena_alloc(a, (size_t)s->n_cause * sizeof *s->cause);
    for (int i = 0; i < s->n_cause; i++) {
        s->cause[i].cause = "";
        nh_fields_get(a, json_array_get(causes, (size_t)i), &s->cause[i], nh_cause_fields);
    }
}

static void load_reference(nh_arena *a, const json_t *o, nh_reference_fact *f) {
    nh_fields_get(a, o, f, nh_reference_fields);
    nh_fields_get(a, json_object_get(o, "float_first"), &f->float_first, nh_reference_first_fields);
    nh_fields_get(a, json_object_get(o, "fixed_first"), &f->fixed_first, nh_reference_first_fields);
}

static void load_synapses(nh_arena *a, const json_t *list, nh_sim_facts *s) {
    s->n_synapse = (int)json_array_size(list);
    s->synapse = nh_arena_alloc(a, (size_t)s->n_synapse * sizeof *s->synapse);
    for (int i = 0; i < s->n_synapse; i++) {
        s->synapse[i].layer = "";
        nh_fields_get(a, json_array_get(list, (size_t)i), &s->synapse[i], nh_synapse_fields);
    }
}

static void load_time(nh_arena *a, const json_t *o, nh_sim_facts *s) {
    const json_t *spikes = json_object_get(o, "spikes"), *readouts = json_object_get(o, "readouts");
    s->steps = 1;
    if (!json_is_object(o)) return;
    s->steps = json_integer_value(json_object_get(o, "steps"));
    for (int r = 0; r < 3; r++)
        nh_fields_get(a, json_object_get(readouts, nh_readout_text[r]), &s->readout[r], nh_accuracy_fields);
    s->n_spike = (int)json_array_size(spikes);
    s->spike = nh_arena_alloc(a, (size_t)s->n_spike * sizeof *s->spike);
    for (int i = 0; i < s->n_spike; i++) {
        s->spike[i].layer = "";
        nh_fields_get(a, json_array_get(spikes, (size_t)i), &s->spike[i], nh_spike_fields);
    }
    load_synapses(a, json_object_get(o, "synaptic_operations"), s);
    load_reference(a, json_object_get(o, "reference"), &s->reference);
    load_causes(a, json_object_get(o, "drift_by_cause"), s);
    load_raster(a, json_object_get(o, "raster"), &s->raster);
}

/* What was infinite is null: so is -infinity, of a reference that is 0 or never varies. */
static void load_error(nh_arena *a, const json_t *o, nh_error_fact *e) {
    nh_fields_get(a, o, e, nh_error_fields);
    if (e->n > 0 && isinf(e->r2)) e->r2 = -INFINITY;
    if (e->n > 0 && isinf(e->sqnr_db) && e->rmse > 0) e->sqnr_db = -INFINITY;
}

static void load_output(nh_arena *a, const json_t *o, nh_output_fact *f) {
    nh_fields_get(a, o, f, nh_output_fields);
    load_error(a, json_object_get(o, "fixed"), &f->fixed);
    load_error(a, json_object_get(o, "target_float"), &f->target_float);
    load_error(a, json_object_get(o, "target_fixed"), &f->target_fixed);
}

static void load_sim(nh_arena *a, const json_t *o, nh_sim_facts *s) {
    const json_t *drift = json_object_get(o, "drift"), *cycles = json_object_get(o, "cycles"),
                 *fifos = json_object_get(o, "fifos");
    *s = (nh_sim_facts){.acc_float = -1, .acc_fixed = -1, .acc_rtl = -1, .agree_float_fixed = -1};
    if (!json_is_object(o)) return;
    nh_fields_get(a, o, s, nh_sim_fields);
    load_output(a, json_object_get(o, "output"), &s->output);
    nh_fields_get(a, json_object_get(o, "first_mismatch"), &s->first, nh_mismatch_fields);
    s->n_drift = (int)json_array_size(drift);
    s->n_cycles = (int)json_array_size(cycles);
    s->n_fifo = (int)json_array_size(fifos);
    s->drift = nh_arena_alloc(a, (size_t)s->n_drift * sizeof *s->drift);
    s->cycles = nh_arena_alloc(a, (size_t)s->n_cycles * sizeof *s->cycles);
    s->fifo = nh_arena_alloc(a, (size_t)s->n_fifo * sizeof *s->fifo);
    for (int i = 0; i < s->n_drift; i++) {
        s->drift[i].layer = "";
        nh_fields_get(a, json_array_get(drift, (size_t)i), &s->drift[i], nh_drift_fields);
    }
    for (int i = 0; i < s->n_cycles; i++) {
        s->cycles[i].unit = "";
        nh_fields_get(a, json_array_get(cycles, (size_t)i), &s->cycles[i], nh_cycles_fields);
    }
    for (int i = 0; i < s->n_fifo; i++) {
        const json_t *f = json_array_get(fifos, (size_t)i);
        const char *name = json_string_value(json_object_get(f, "name"));
        s->fifo[i].name = nh_arena_str(a, name ? name : "");
        s->fifo[i].depth = json_integer_value(json_object_get(f, "depth"));
        s->fifo[i].high_water = json_integer_value(json_object_get(f, "high_water"));
    }
    load_confusion(a, json_object_get(o, "confusion"), s);
    load_scores(a, json_object_get(o, "scores"), &s->score);
    load_time(a, json_object_get(o, "time"), s);
}

static void load_synth(nh_arena *a, const json_t *o, nh_synth_facts *s) {
    const json_t *units = json_object_get(o, "units");
    const char *family = json_string_value(json_object_get(o, "family"));
    *s = (nh_synth_facts){.ran = json_is_object(o)};
    if (!s->ran) return;
    s->family = nh_arena_str(a, family ? family : "");
    s->n_unit = (int)json_array_size(units);
    s->unit = nh_arena_alloc(a, (size_t)s->n_unit * sizeof *s->unit);
    s->cells = nh_arena_alloc(a, (size_t)s->n_unit * sizeof *s->cells);
    for (int i = 0; i < s->n_unit; i++) {
        const json_t *u = json_array_get(units, (size_t)i);
        const char *name = json_string_value(json_object_get(u, "unit"));
        s->unit[i] = nh_arena_str(a, name ? name : "");
        nh_fields_get(a, u, &s->cells[i], nh_cells_fields);
    }
}

static void load_parts(nh_arena *a, const json_t *list, nh_report_facts *f) {
    f->n_part = (int)json_array_size(list);
    f->part = nh_arena_alloc(a, (size_t)f->n_part * sizeof *f->part);
    for (int i = 0; i < f->n_part; i++) {
        const json_t *o = json_array_get(list, (size_t)i);
        nh_fields_get(a, o, &f->part[i], nh_part_fields);
        nh_fields_get(a, json_object_get(o, "first_mismatch"), &f->part[i].first, nh_mismatch_fields);
    }
}

static void load_fabric(nh_arena *a, const json_t *o, nh_fabric_facts *f) {
    const json_t *cores = json_object_get(o, "cores");
    *f = (nh_fabric_facts){.correct = -1};
    nh_fields_get(a, o, f, nh_fabric_fields);
    f->n_core = (int)json_array_size(cores);
    f->core = nh_arena_alloc(a, (size_t)f->n_core * sizeof *f->core);
    for (int i = 0; i < f->n_core; i++) {
        f->core[i] = (nh_core_fact){.layer = ""};
        nh_fields_get(a, json_array_get(cores, (size_t)i), &f->core[i], nh_core_fields);
    }
}

bool nh_report_load(nh_arena *a, nh_diag *d, const char *path, nh_report_facts *f) {
    json_error_t e;
    json_t *root = json_load_file(path, 0, &e);
    if (!json_is_object(root)) {
        json_decref(root);
        return nh_report(d, NH_O_READ, NH_NOWHERE, "'%s' is no report of neurohls: %s", path, e.text);
    }
    load_sim(a, json_object_get(root, "sim"), &f->sim);
    load_fabric(a, json_object_get(json_object_get(root, "fabric"), "sim"), &f->fabric);
    load_synth(a, json_object_get(root, "synth"), &f->synth);
    load_parts(a, json_object_get(root, "parts"), f);
    f->pnr = (nh_pnr_facts){0};
    nh_fields_get(a, json_object_get(root, "pnr"), &f->pnr, nh_pnr_fields);
    json_decref(root);
    return true;
}
