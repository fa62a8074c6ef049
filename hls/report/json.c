/* report.json: everything that is known about one build. The other two prints show a part of it. */
#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "file.h"
#include "map_report.h"
#include "numbers.h"
#include "verdict.h"
#include "weights.h"

static void set(json_t *o, const char *key, json_t *v) { json_object_set_new(o, key, v); }

static json_t *format_json(nh_format f) {
    char text[NH_FORMAT_TEXT];
    return json_string(nh_format_print(f, text));
}

static json_t *provenance_json(nh_arena *a, const nh_provenance *p) {
    json_t *o = json_object();
    set(o, "neurohls", nh_json_text(a, p->version));
    set(o, "config_sha256", nh_json_text(a, p->config_sha));
    set(o, "model_sha256", nh_json_text(a, p->model_sha));
    return o;
}

static json_t *target_json(nh_arena *a, const nh_target *t) {
    json_t *o = json_object(), *c = json_object();
    set(o, "name", nh_json_text(a, t->name));
    set(o, "family", nh_json_text(a, t->family));
    set(o, "device", nh_json_text(a, t->device));
    set(o, "package", nh_json_text(a, t->package));
    set(c, "luts", json_integer(t->luts));
    set(c, "ffs", json_integer(t->ffs));
    set(c, "brams", json_integer(t->brams));
    set(c, "dsps", json_integer(t->dsps));
    set(c, "pins", json_integer(t->pins));
    set(o, "capacity", c);
    return o;
}

static json_t *options_json(nh_arena *a, const nh_options *p) {
    static const char *const stalls[] = {"none", "random", "long", "both"};
    json_t *o = json_object();
    set(o, "project", nh_json_text(a, p->project));
    set(o, "model", nh_json_text(a, p->model ? nh_path_base(p->model) : NULL));
    set(o, "target", target_json(a, &p->target));
    set(o, "clock_mhz", json_real(p->clock_mhz));
    set(o, "io", json_string(p->io == NH_IO_STREAM ? "stream" : "parallel"));
    set(o, "beat", json_integer(p->beat));
    set(o, "output", json_string(p->output == NH_OUTPUT_ARGMAX ? "argmax" : "values"));
    set(o, "stalls", json_string(stalls[p->simulate.stalls]));
    set(o, "seed", json_integer((json_int_t)p->simulate.seed));
    return o;
}

static json_t *item_json(nh_arena *a, const nh_diag_item *it) {
    const nh_code_info *c = nh_code_get(it->code);
    json_t *o = json_object();
    set(o, "code", json_string(c->id));
    set(o, "file", nh_json_text(a, it->at.file ? nh_path_base(it->at.file) : NULL));
    set(o, "line", json_integer(it->at.line));
    set(o, "col", json_integer(it->at.col));
    set(o, "path", nh_json_text(a, it->at.path));
    set(o, "layer", nh_json_text(a, it->layer));
    set(o, "message", nh_json_text(a, it->message));
    set(o, "found", nh_json_text(a, it->found));
    set(o, "allowed", nh_json_text(a, it->allowed));
    set(o, "hint", nh_json_text(a, it->hint));
    return o;
}

static json_t *items_json(nh_arena *a, const nh_diag *d, nh_severity severity) {
    json_t *list = json_array();
    for (size_t i = 0; d && i < d->count; i++)
        if (nh_code_get(d->item[i].code)->severity == severity) json_array_append_new(list, item_json(a, &d->item[i]));
    return list;
}

static void put_stats(json_t *o, const nh_weight_stats *w) {
    json_t *h = json_object(), *counts = json_array();
    for (int b = 0; b < NH_WEIGHT_BINS; b++) json_array_append_new(counts, json_integer(w->bin[b]));
    set(h, "from", json_real(-w->reach));
    set(h, "to", json_real(w->reach));
    set(h, "counts", counts);
    set(o, "zeros", json_integer(w->zeros));
    set(o, "min", json_real(w->least));
    set(o, "max", json_real(w->most));
    set(o, "lsb_min", json_real(w->lsb_least));
    set(o, "lsb_max", json_real(w->lsb_most));
    set(o, "mean_abs_error", json_real(w->mean_abs));
    set(o, "max_abs_error", json_real(w->max_abs));
    set(o, "histogram", h);
}

static json_t *param_json(const nh_param *p) {
    if (!p) return json_null();
    json_t *o = json_object();
    char shape[96];
    set(o, "shape", json_string(nh_shape_print(p->shape, shape)));
    set(o, "format", p->raw ? format_json(p->fmt) : json_null());
    set(o, "per_channel_scale", json_boolean(p->scale != NULL));
    set(o, "overflowed", json_integer((json_int_t)p->overflow.overflowed));
    nh_numbers_put_param(o, p);
    nh_weight_stats w;
    if (nh_weight_stats_of(p, &w)) put_stats(o, &w);
    return o;
}

static json_t *layer_json(nh_arena *a, const nh_graph *g, const nh_layer *l) {
    const nh_tensor *t = &g->tensor[l->out];
    char shape[96];
    json_t *o = json_object();
    set(o, "name", nh_json_text(a, l->name));
    set(o, "id", nh_json_text(a, l->id));
    set(o, "op", json_string(nh_op_get(l->op)->text));
    set(o, "shape", json_string(nh_shape_print(t->shape, shape)));
    set(o, "result", t->q.known ? format_json(t->q.fmt) : json_null());
    set(o, "scale", json_real(t->q.scale));
    set(o, "weight", param_json(l->weight));
    set(o, "bias", param_json(l->bias));
    nh_numbers_put_layer(o, g, l);
    return o;
}

static json_t *layers_json(nh_arena *a, const nh_graph *g) {
    json_t *list = json_array();
    for (int i = 0; i < g->n_layer; i++) json_array_append_new(list, layer_json(a, g, &g->layer[i]));
    return list;
}

/* Neurons have several inputs and forks several outputs. */
static void put_streams(nh_arena *a, const nh_design *g, json_t *o, const nh_unit *u) {
    json_t *in = json_array(), *out = json_array();
    for (int i = 0; i < u->n_in; i++) json_array_append_new(in, nh_json_text(a, g->stream[u->in[i]].id));
    for (int i = 0; i < u->n_out; i++) json_array_append_new(out, nh_json_text(a, g->stream[u->out[i]].id));
    set(o, "input", nh_json_text(a, g->stream[u->in[0]].id));
    set(o, "output", nh_json_text(a, g->stream[u->out[0]].id));
    if (u->n_in > 1) set(o, "inputs", json_incref(in));
    if (u->n_out > 1) set(o, "outputs", json_incref(out));
    json_decref(in);
    json_decref(out);
}

static void put_lanes(json_t *o, const nh_unit *u) {
    switch (u->kind) {
    case NH_UNIT_MAC:
        set(o, "in_lanes", json_integer(u->mac.in_lanes));
        set(o, "out_lanes", json_integer(u->mac.out_lanes));
        set(o, "padding_cycles", json_integer(u->reuse_factor - u->mac.groups * u->mac.in_words));
        break;
    case NH_UNIT_CONV:
    case NH_UNIT_POOL:
        set(o, "in_lanes", json_integer(u->conv.in_lanes));
        set(o, "out_lanes", json_integer(u->conv.out_lanes));
        set(o, "depthwise", json_boolean(u->conv.depthwise));
        set(o, "cycles", json_integer(u->conv.cycles));
        set(o, "rows", json_integer(u->conv.rows));
        break;
    case NH_UNIT_NEURON: set(o, "lanes", json_integer(u->neuron.lanes)); break;
    case NH_UNIT_DELAY:
        set(o, "lanes", json_integer(u->delay.lanes));
        if (nh_unit_is_fifo(u)) set(o, "depth", json_integer(u->delay.depth));
        break;
    case NH_UNIT_DATAPATH:
    case NH_UNIT_FORK: break;
    }
}

/* One table; with docs/arithmetic.md its numbers can be computed again. */
static json_t *table_json(nh_arena *a, const nh_dp_table_facts *f) {
    json_t *o = json_object();
    set(o, "table", nh_json_text(a, f->id));
    set(o, "degree", json_integer(f->degree));
    set(o, "segments", json_integer(f->entries));
    set(o, "spacing", json_string(f->octaves ? "octaves" : "uniform"));
    set(o, "step_log2", json_integer(f->step_log2));
    set(o, "first", json_integer(f->first));
    if (f->octaves) set(o, "top", json_integer(f->top));
    set(o, "frac", json_integer(f->frac));
    set(o, "t_bits", json_integer(f->t_bits));
    set(o, "input_frac", json_integer(f->input_frac));
    set(o, "result", format_json(f->out));
    return o;
}

static json_t *tables_json(nh_arena *a, const nh_unit *u) {
    json_t *list = json_array();
    for (int i = 0; i < u->n_table; i++) {
        const nh_dp_table_facts *f = &u->table[i].facts;
        json_t *o = json_object(), *parts = json_array();
        for (int k = 0; k < f->n_part; k++) json_array_append_new(parts, table_json(a, &f->part[k]));
        if (f->n_part == 0) json_array_append_new(parts, table_json(a, f));
        set(o, "layer", nh_json_text(a, u->table[i].layer->name));
        set(o, "max_error", json_real(f->error));
        set(o, "max_error_lsb", json_real(f->error_lsb));
        set(o, "inputs_tried", json_integer(f->tried));
        set(o, "parts", parts);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *unit_json(nh_arena *a, const nh_design *g, const nh_unit *u) {
    json_t *o = json_object(), *layers = json_array(), *notes = json_array();
    for (int i = 0; i < u->n_layer; i++)
        json_array_append_new(layers, nh_json_text(a, g->graph->layer[u->layer[i]].name));
    for (int i = 0; i < u->n_note; i++) json_array_append_new(notes, nh_json_text(a, u->note[i]));
    set(o, "id", nh_json_text(a, u->id));
    set(o, "kind", json_string(nh_unit_kind_text(u->kind)));
    set(o, "strategy", json_string(nh_strategy_text(u->strategy)));
    set(o, "layers", layers);
    put_streams(a, g, o, u);
    set(o, "reuse_factor", json_integer(u->reuse_factor));
    put_lanes(o, u);
    set(o, "planned_ii", json_integer(u->ii_cycles));
    set(o, "planned_latency", json_integer(u->latency_cycles));
    set(o, "notes", notes);
    if (u->n_table > 0) set(o, "tables", tables_json(a, u));
    return o;
}

/* Of a network on a fabric nothing is built as a unit. */
static json_t *units_json(nh_arena *a, const nh_report_facts *f) {
    const nh_design *g = f->design;
    json_t *list = json_array();
    for (int u = 0; !nh_report_on_fabric(f) && u < g->n_unit; u++)
        json_array_append_new(list, unit_json(a, g, &g->unit[u]));
    return list;
}

static json_t *streams_json(nh_arena *a, const nh_report_facts *f) {
    const nh_design *g = f->design;
    json_t *list = json_array();
    for (int k = 0; !nh_report_on_fabric(f) && k < g->n_stream; k++) {
        const nh_stream *s = &g->stream[k];
        json_t *o = json_object();
        set(o, "id", nh_json_text(a, s->id));
        set(o, "layer", nh_json_text(a, nh_stream_layer(g, k)));
        set(o, "elements", json_integer(s->n));
        set(o, "format", format_json(s->fmt));
        set(o, "src_beat", json_integer(s->src_beat));
        set(o, "dst_beat", json_integer(s->dst_beat));
        set(o, "pixel_channels", json_integer(nh_stream_channels(s)));
        json_array_append_new(list, o);
    }
    return list;
}

/* Three columns per unit and in total; nextpnr knows the total only. */
static json_t *resources_json(nh_arena *a, const nh_report_facts *f) {
    json_t *list = json_array();
    int n;
    const nh_resource_row *r = nh_resource_rows(a, f, &n);
    for (int i = 0; i < n; i++) {
        json_t *o = json_object();
        set(o, "unit", nh_json_text(a, r[i].name));
        set(o, "estimate", r[i].is_estimated ? nh_fields_put(a, &r[i].estimate, nh_resources_fields) : json_null());
        set(o, "yosys", r[i].counted ? nh_fields_put(a, r[i].counted, nh_cells_fields) : json_null());
        json_t *p = r[i].placed ? json_object() : json_null();
        if (r[i].placed) {
            set(p, "luts", json_integer(r[i].luts));
            set(p, "brams", json_integer(r[i].brams));
            set(p, "dsps", json_integer(r[i].dsps));
        }
        set(o, "nextpnr", p);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *scores_json(const nh_score_fact *s) {
    if (s->n == 0) return json_null();
    json_t *o = json_object(), *real = json_array(), *fixed = json_array();
    for (int i = 0; i < s->n; i++) {
        json_array_append_new(real, json_real(s->by_float[i]));
        json_array_append_new(fixed, json_real(s->by_fixed[i]));
    }
    set(o, "label", s->label >= 0 ? json_integer(s->label) : json_null());
    set(o, "float", real);
    set(o, "fixed", fixed);
    return o;
}

static json_t *confusion_json(const nh_sim_facts *s) {
    if (!s->confusion) return json_null();
    json_t *rows = json_array();
    for (int l = 0; l < s->n_class; l++) {
        json_t *row = json_array();
        for (int c = 0; c < s->n_class; c++) json_array_append_new(row, json_integer(s->confusion[l * s->n_class + c]));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *reference_json(nh_arena *a, const nh_reference_fact *f) {
    if (!f->given) return json_null();
    json_t *o = nh_fields_put(a, f, nh_reference_fields);
    set(o, "float_first",
        f->float_differing ? nh_fields_put(a, &f->float_first, nh_reference_first_fields) : json_null());
    set(o, "fixed_first",
        f->fixed_differing ? nh_fields_put(a, &f->fixed_first, nh_reference_first_fields) : json_null());
    return o;
}

/* A line of text per neuron: its steps. */
static json_t *raster_json(nh_arena *a, const nh_raster_fact *r) {
    json_t *o = nh_fields_put(a, r, nh_raster_fields), *bands = json_array();
    for (int b = 0; b < r->n_band; b++) {
        json_t *band = nh_fields_put(a, &r->band[b], nh_band_fields), *rows = json_array();
        for (int i = 0; i < r->band[b].n_row; i++) json_array_append_new(rows, json_string(r->band[b].row[i]));
        set(band, "rows", rows);
        json_array_append_new(bands, band);
    }
    set(o, "bands", bands);
    return o;
}

static json_t *causes_json(nh_arena *a, const nh_sim_facts *s) {
    json_t *o = json_object(), *causes = json_array();
    for (int i = 0; i < s->n_cause; i++) json_array_append_new(causes, nh_fields_put(a, &s->cause[i], nh_cause_fields));
    set(o, "exact", json_boolean(s->is_exact));
    set(o, "samples", json_integer(s->cause_samples));
    set(o, "cumulative", causes);
    return o;
}

/* What networks with time steps add. */
static json_t *time_json(nh_arena *a, const nh_sim_facts *s) {
    json_t *o = json_object(), *readout = json_object(), *spikes = json_array(), *synapses = json_array();
    for (int r = 0; r < 3; r++) set(readout, nh_readout_text[r], nh_fields_put(a, &s->readout[r], nh_accuracy_fields));
    for (int i = 0; i < s->n_spike; i++) json_array_append_new(spikes, nh_fields_put(a, &s->spike[i], nh_spike_fields));
    for (int i = 0; i < s->n_synapse; i++)
        json_array_append_new(synapses, nh_fields_put(a, &s->synapse[i], nh_synapse_fields));
    set(o, "steps", json_integer(s->steps));
    set(o, "readouts", readout);
    set(o, "spikes", spikes);
    set(o, "synaptic_operations", synapses);
    set(o, "reference", reference_json(a, &s->reference));
    set(o, "drift_by_cause", causes_json(a, s));
    set(o, "raster", raster_json(a, &s->raster));
    return o;
}

static json_t *error_json(nh_arena *a, const nh_error_fact *e) {
    return e->n > 0 ? nh_fields_put(a, e, nh_error_fields) : json_null();
}

static json_t *output_json(nh_arena *a, const nh_output_fact *f) {
    json_t *o = nh_fields_put(a, f, nh_output_fields);
    set(o, "fixed", error_json(a, &f->fixed));
    set(o, "target_float", error_json(a, &f->target_float));
    set(o, "target_fixed", error_json(a, &f->target_fixed));
    return o;
}

static json_t *sim_json(nh_arena *a, const nh_sim_facts *s, bool has_steps) {
    if (!s->ran) return json_null();
    json_t *o = nh_fields_put(a, s, nh_sim_fields), *drift = json_array(), *cycles = json_array(),
           *fifos = json_array();
    for (int i = 0; i < s->n_drift; i++) json_array_append_new(drift, nh_fields_put(a, &s->drift[i], nh_drift_fields));
    for (int i = 0; i < s->n_cycles; i++)
        json_array_append_new(cycles, nh_fields_put(a, &s->cycles[i], nh_cycles_fields));
    for (int i = 0; i < s->n_fifo; i++) {
        json_t *fifo = json_object();
        set(fifo, "name", nh_json_text(a, s->fifo[i].name));
        set(fifo, "depth", json_integer(s->fifo[i].depth));
        set(fifo, "high_water", json_integer(s->fifo[i].high_water));
        json_array_append_new(fifos, fifo);
    }
    set(o, "output", output_json(a, &s->output));
    set(o, "first_mismatch", s->mismatches ? nh_fields_put(a, &s->first, nh_mismatch_fields) : json_null());
    set(o, "drift", drift);
    set(o, "cycles", cycles);
    set(o, "fifos", fifos);
    set(o, "confusion", confusion_json(s));
    set(o, "scores", scores_json(&s->score));
    if (has_steps) set(o, "time", time_json(a, s));
    return o;
}

static json_t *synth_json(nh_arena *a, const nh_synth_facts *s) {
    if (!s->ran) return json_null();
    json_t *o = json_object(), *units = json_array();
    for (int i = 0; i < s->n_unit; i++) {
        json_t *u = nh_fields_put(a, &s->cells[i], nh_cells_fields);
        set(u, "unit", nh_json_text(a, s->unit[i]));
        json_array_append_new(units, u);
    }
    set(o, "family", nh_json_text(a, s->family));
    set(o, "units", units);
    return o;
}

/* The map (as map.json has it) and what its simulations gave. */
static json_t *fabric_json(nh_arena *a, const nh_report_facts *f) {
    json_t *o = json_object(), *sim = f->fabric.ran ? nh_fields_put(a, &f->fabric, nh_fabric_fields) : json_null(),
           *cores = json_array();
    for (int i = 0; i < f->fabric.n_core; i++)
        json_array_append_new(cores, nh_fields_put(a, &f->fabric.core[i], nh_core_fields));
    if (f->fabric.ran) set(sim, "cores", json_incref(cores));
    json_decref(cores);
    set(o, "name", nh_json_text(a, f->map.fabric->name));
    set(o, "sha256", json_string(nh_fabric_hash(a, f->map.fabric)));
    set(o, "lanes", json_integer(f->map.fabric->lanes));
    set(o, "host_bits", json_integer(nh_fabric_get_widths(f->map.fabric).host));
    set(o, "image", nh_json_text(a, nh_arena_printf(a, "fabric/%s.img", f->design->opt->project)));
    set(o, "map", json_loads(nh_map_json(a, f->map.plan, f->map.net, f->map.fabric), 0, NULL));
    set(o, "sim", sim);
    return o;
}

static json_t *steps_json(nh_arena *a, const nh_report_facts *f) {
    json_t *list = json_array();
    for (int i = 0; i < f->n_step; i++) {
        json_t *o = json_object();
        set(o, "name", nh_json_text(a, f->step[i].name));
        set(o, "state", json_string(nh_step_state_text[f->step[i].state]));
        set(o, "why", nh_json_text(a, f->step[i].why));
        set(o, "seconds", json_real(f->step[i].seconds));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *requirements_json(nh_arena *a, const nh_report_facts *f) {
    json_t *list = json_array();
    for (int i = 0; i < f->n_requirement; i++) {
        json_t *o = json_object();
        set(o, "name", nh_json_text(a, f->requirement[i].name));
        set(o, "required", nh_json_text(a, f->requirement[i].required));
        set(o, "measured", f->requirement[i].known ? nh_json_text(a, f->requirement[i].measured) : json_null());
        set(o, "met", f->requirement[i].known ? json_boolean(f->requirement[i].met) : json_null());
        json_array_append_new(list, o);
    }
    return list;
}

/* The reasons as people read them; the figures are in `sim`. */
static json_t *verdict_json(nh_arena *a, const nh_report_facts *f) {
    nh_verdict v = nh_judge_drift(a, f);
    if (!v.is_known) return json_null();
    json_t *o = json_object();
    set(o, "far_from_float", json_boolean(v.is_far));
    set(o, "reasons", nh_json_text(a, v.reasons));
    set(o, "layer", nh_json_text(a, v.layer));
    set(o, "where", nh_json_text(a, v.where));
    set(o, "cause", nh_json_text(a, v.cause));
    set(o, "remedy", nh_json_text(a, v.remedy));
    return o;
}

bool nh_report_json(nh_arena *a, nh_diag *d, const nh_report_facts *f, const char *path) {
    json_t *o = json_object();
    set(o, "report_version", json_integer(1));
    set(o, "provenance", provenance_json(a, &f->provenance));
    set(o, "options", options_json(a, f->design->opt));
    set(o, "exit", json_integer(f->exit));
    set(o, "verdict", verdict_json(a, f));
    set(o, "requirements", requirements_json(a, f));
    set(o, "steps", steps_json(a, f));
    set(o, "errors", items_json(a, f->diag, NH_ERROR));
    set(o, "warnings", items_json(a, f->diag, NH_WARNING));
    set(o, "decisions", items_json(a, f->diag, NH_NOTE));
    set(o, "layers", layers_json(a, f->design->graph));
    bool fabric = nh_report_on_fabric(f); /* cycles of a fabric depend on the events */
    set(o, "planned_ii", fabric ? json_null() : json_integer(f->design->ii_cycles));
    set(o, "planned_latency", fabric ? json_null() : json_integer(f->design->latency_cycles));
    if (nh_design_has_steps(f->design)) set(o, "time_steps", json_integer(f->design->steps));
    if (f->n_part > 0) set(o, "parts", nh_parts_json(a, f));
    set(o, "units", units_json(a, f));
    set(o, "streams", streams_json(a, f));
    set(o, "resources", resources_json(a, f));
    if (fabric) set(o, "fabric", fabric_json(a, f));
    set(o, "sim", sim_json(a, &f->sim, f->design && nh_design_has_steps(f->design)));
    set(o, "synth", synth_json(a, &f->synth));
    set(o, "pnr", f->pnr.ran ? nh_fields_put(a, &f->pnr, nh_pnr_fields) : json_null());
    char *text = json_dumps(o, JSON_INDENT(1) | JSON_REAL_PRECISION(15) | JSON_ENSURE_ASCII);
    nh_writer *w = nh_writer_open(a, path);
    nh_puts(w, text ? text : "");
    nh_puts(w, "\n");
    free(text);
    json_decref(o);
    return nh_writer_close(w, d);
}
