#include "fields.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#define ROW(type, member, kind)                                                                                        \
    { #member, NH_FACT_##kind, offsetof(type, member) }
#define END                                                                                                            \
    { NULL, NH_FACT_I64, 0 }

const nh_field nh_sim_fields[] = {ROW(nh_sim_facts, ran, BOOL),
                                  ROW(nh_sim_facts, samples, I64),
                                  ROW(nh_sim_facts, acc_float, REAL),
                                  ROW(nh_sim_facts, acc_fixed, REAL),
                                  ROW(nh_sim_facts, acc_rtl, REAL),
                                  ROW(nh_sim_facts, agree_float_fixed, REAL),
                                  ROW(nh_sim_facts, compared, I64),
                                  ROW(nh_sim_facts, mismatches, I64),
                                  ROW(nh_sim_facts, runs, I64),
                                  ROW(nh_sim_facts, stalled_runs, I64),
                                  ROW(nh_sim_facts, measured_ii, REAL),
                                  ROW(nh_sim_facts, planned_ii, REAL),
                                  ROW(nh_sim_facts, measured_latency, I64),
                                  ROW(nh_sim_facts, planned_latency, I64),
                                  ROW(nh_sim_facts, input_overflowed, U64),
                                  ROW(nh_sim_facts, input_n, U64),
                                  ROW(nh_sim_facts, fixed_per_second, REAL),
                                  ROW(nh_sim_facts, rtl_cycles_per_second, REAL),
                                  ROW(nh_sim_facts, waves, TEXT),
                                  END};
const nh_field nh_error_fields[] = {ROW(nh_error_fact, n, I64),
                                    ROW(nh_error_fact, max_abs, REAL),
                                    ROW(nh_error_fact, rmse, REAL),
                                    ROW(nh_error_fact, relative, REAL),
                                    ROW(nh_error_fact, sqnr_db, REAL),
                                    ROW(nh_error_fact, r2, REAL),
                                    END};
const nh_field nh_output_fields[] = {
    ROW(nh_output_fact, is_class, BOOL),  ROW(nh_output_fact, by, TEXT),         ROW(nh_output_fact, values, TEXT),
    ROW(nh_output_fact, n, I64),          ROW(nh_output_fact, stuck_float, I64), ROW(nh_output_fact, stuck_fixed, I64),
    ROW(nh_output_fact, zero_float, I64), ROW(nh_output_fact, zero_fixed, I64),  END};
const nh_field nh_part_fields[] = {
    ROW(nh_part_fact, id, TEXT),           ROW(nh_part_fact, place, TEXT),       ROW(nh_part_fact, layers, TEXT),
    ROW(nh_part_fact, in, TEXT),           ROW(nh_part_fact, in_format, TEXT),   ROW(nh_part_fact, in_values, I64),
    ROW(nh_part_fact, out, TEXT),          ROW(nh_part_fact, out_format, TEXT),  ROW(nh_part_fact, out_values, I64),
    ROW(nh_part_fact, built, TEXT),        ROW(nh_part_fact, shares, TEXT),      ROW(nh_part_fact, estimated, BOOL),
    ROW(nh_part_fact, luts_estimate, I64), ROW(nh_part_fact, ffs_estimate, I64), ROW(nh_part_fact, brams_estimate, I64),
    ROW(nh_part_fact, dsps_estimate, I64), ROW(nh_part_fact, ran, BOOL),         ROW(nh_part_fact, runs, I64),
    ROW(nh_part_fact, compared, I64),      ROW(nh_part_fact, mismatches, I64),   ROW(nh_part_fact, cycles, REAL),
    ROW(nh_part_fact, counted, BOOL),      ROW(nh_part_fact, luts, I64),         ROW(nh_part_fact, ffs, I64),
    ROW(nh_part_fact, brams, I64),         ROW(nh_part_fact, dsps, I64),         END};
const nh_field nh_accuracy_fields[] = {ROW(nh_accuracy_fact, acc_float, REAL), ROW(nh_accuracy_fact, acc_fixed, REAL),
                                       ROW(nh_accuracy_fact, acc_rtl, REAL), END};
const nh_field nh_spike_fields[] = {ROW(nh_spike_fact, layer, TEXT),       ROW(nh_spike_fact, neurons, I64),
                                    ROW(nh_spike_fact, samples, I64),      ROW(nh_spike_fact, n, I64),
                                    ROW(nh_spike_fact, spikes_float, I64), ROW(nh_spike_fact, spikes_fixed, I64),
                                    ROW(nh_spike_fact, differing, I64),    ROW(nh_spike_fact, rate, REAL),
                                    ROW(nh_spike_fact, coinciding, I64),   END};
const nh_field nh_reference_fields[] = {ROW(nh_reference_fact, given, BOOL),
                                        ROW(nh_reference_fact, n, I64),
                                        ROW(nh_reference_fact, samples, I64),
                                        ROW(nh_reference_fact, float_differing, I64),
                                        ROW(nh_reference_fact, fixed_differing, I64),
                                        ROW(nh_reference_fact, float_samples, I64),
                                        ROW(nh_reference_fact, fixed_samples, I64),
                                        ROW(nh_reference_fact, spikes, I64),
                                        ROW(nh_reference_fact, float_spikes, I64),
                                        ROW(nh_reference_fact, fixed_spikes, I64),
                                        END};
const nh_field nh_reference_first_fields[] = {
    ROW(nh_reference_first, sample, I64),    ROW(nh_reference_first, step, I64), ROW(nh_reference_first, output, I64),
    ROW(nh_reference_first, expected, REAL), ROW(nh_reference_first, got, REAL), END};
const nh_field nh_synapse_fields[] = {ROW(nh_synapse_fact, layer, TEXT),   ROW(nh_synapse_fact, samples, I64),
                                      ROW(nh_synapse_fact, events, I64),   ROW(nh_synapse_fact, operations, I64),
                                      ROW(nh_synapse_fact, products, I64), END};
const nh_field nh_raster_fields[] = {ROW(nh_raster_fact, sample, I64), ROW(nh_raster_fact, steps, I64),
                                     ROW(nh_raster_fact, all_steps, I64), END};
const nh_field nh_band_fields[] = {ROW(nh_raster_band, layer, TEXT), ROW(nh_raster_band, neurons, I64),
                                   ROW(nh_raster_band, stride, I64), END};
const nh_field nh_cause_fields[] = {ROW(nh_cause_fact, cause, TEXT),
                                    ROW(nh_cause_fact, accuracy, REAL),
                                    ROW(nh_cause_fact, n, I64),
                                    ROW(nh_cause_fact, differing, I64),
                                    ROW(nh_cause_fact, differing_samples, I64),
                                    ROW(nh_cause_fact, mean_abs, REAL),
                                    END};
const nh_field nh_mismatch_fields[] = {ROW(nh_mismatch, sample, I64), ROW(nh_mismatch, step, I64),
                                       ROW(nh_mismatch, layer, TEXT), ROW(nh_mismatch, element, I64),
                                       ROW(nh_mismatch, cycle, I64),  ROW(nh_mismatch, expected, I64),
                                       ROW(nh_mismatch, got, I64),    END};
const nh_field nh_drift_fields[] = {ROW(nh_drift_fact, layer, TEXT),     ROW(nh_drift_fact, max_abs, REAL),
                                    ROW(nh_drift_fact, mean_abs, REAL),  ROW(nh_drift_fact, sqnr_db, REAL),
                                    ROW(nh_drift_fact, overflowed, U64), ROW(nh_drift_fact, n, U64),
                                    ROW(nh_drift_fact, wrapped, U64),    ROW(nh_drift_fact, low, U64),
                                    ROW(nh_drift_fact, near, U64),       END};
const nh_field nh_cycles_fields[] = {ROW(nh_cycles_fact, unit, TEXT),
                                     ROW(nh_cycles_fact, planned_ii, I64),
                                     ROW(nh_cycles_fact, planned_latency, I64),
                                     ROW(nh_cycles_fact, measured_ii, REAL),
                                     ROW(nh_cycles_fact, measured_latency, I64),
                                     END};
const nh_field nh_cells_fields[] = {ROW(nh_cells, luts, I64),
                                    ROW(nh_cells, ffs, I64),
                                    ROW(nh_cells, brams, I64),
                                    ROW(nh_cells, dsps, I64),
                                    ROW(nh_cells, carries, I64),
                                    ROW(nh_cells, others, I64),
                                    END};
const nh_field nh_fabric_fields[] = {ROW(nh_fabric_facts, ran, BOOL),
                                     ROW(nh_fabric_facts, samples, I64),
                                     ROW(nh_fabric_facts, compared, I64),
                                     ROW(nh_fabric_facts, differing, I64),
                                     ROW(nh_fabric_facts, output_events, I64),
                                     ROW(nh_fabric_facts, cycles, REAL),
                                     ROW(nh_fabric_facts, most_cycles, I64),
                                     ROW(nh_fabric_facts, correct, I64),
                                     ROW(nh_fabric_facts, rtl_samples, I64),
                                     ROW(nh_fabric_facts, rtl_ticks, I64),
                                     ROW(nh_fabric_facts, rtl_events, I64),
                                     ROW(nh_fabric_facts, rtl_runs, I64),
                                     ROW(nh_fabric_facts, rtl_differing, I64),
                                     ROW(nh_fabric_facts, rtl_cycles, REAL),
                                     ROW(nh_fabric_facts, rtl_most_cycles, REAL),
                                     ROW(nh_fabric_facts, rtl_load_cycles, REAL),
                                     ROW(nh_fabric_facts, rtl_synapse_words, I64),
                                     ROW(nh_fabric_facts, rtl_busy_cycles, I64),
                                     ROW(nh_fabric_facts, rtl_waited, I64),
                                     ROW(nh_fabric_facts, rtl_first, TEXT),
                                     END};
const nh_field nh_core_fields[] = {ROW(nh_core_fact, layer, TEXT),
                                   ROW(nh_core_fact, context, I64),
                                   ROW(nh_core_fact, x, I64),
                                   ROW(nh_core_fact, y, I64),
                                   ROW(nh_core_fact, events, I64),
                                   ROW(nh_core_fact, invalid_events, I64),
                                   ROW(nh_core_fact, synapse_words, I64),
                                   ROW(nh_core_fact, busy_cycles, I64),
                                   ROW(nh_core_fact, neuron_words, I64),
                                   ROW(nh_core_fact, spikes, I64),
                                   ROW(nh_core_fact, flits, I64),
                                   ROW(nh_core_fact, hops, I64),
                                   END};
const nh_field nh_pnr_fields[] = {ROW(nh_pnr_facts, ran, BOOL),        ROW(nh_pnr_facts, fits, BOOL),
                                  ROW(nh_pnr_facts, device, TEXT),     ROW(nh_pnr_facts, package, TEXT),
                                  ROW(nh_pnr_facts, bitstream, TEXT),  ROW(nh_pnr_facts, wrapper, TEXT),
                                  ROW(nh_pnr_facts, fmax_mhz, REAL),   ROW(nh_pnr_facts, luts, I64),
                                  ROW(nh_pnr_facts, luts_total, I64),  ROW(nh_pnr_facts, brams, I64),
                                  ROW(nh_pnr_facts, brams_total, I64), ROW(nh_pnr_facts, dsps, I64),
                                  ROW(nh_pnr_facts, dsps_total, I64),  ROW(nh_pnr_facts, ios, I64),
                                  ROW(nh_pnr_facts, ios_total, I64),   END};
const nh_field nh_resources_fields[] = {ROW(nh_resources, multipliers, I64), ROW(nh_resources, luts, I64),
                                        ROW(nh_resources, ffs, I64),         ROW(nh_resources, brams, I64),
                                        ROW(nh_resources, dsps, I64),        END};

json_t *nh_json_text(nh_arena *a, const char *s) {
    if (!s) return json_null();
    json_t *j = json_string(s);
    if (j) return j;
    char *out = nh_arena_alloc(a, 2 * strlen(s) + 1), *p = out;
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c < 0x80)
            *p++ = *s;
        else
            *p++ = (char)(0xc0 | c >> 6), *p++ = (char)(0x80 | (c & 0x3f));
    }
    return json_string(out);
}

static json_t *put_one(nh_arena *a, const char *at, nh_fact_kind kind) {
    switch (kind) {
    case NH_FACT_I64: return json_integer(*(const int64_t *)(const void *)at);
    case NH_FACT_U64: return json_integer((json_int_t) * (const uint64_t *)(const void *)at);
    case NH_FACT_INT: return json_integer(*(const int *)(const void *)at);
    case NH_FACT_BOOL: return json_boolean(*(const bool *)(const void *)at);
    case NH_FACT_TEXT: return nh_json_text(a, *(const char *const *)(const void *)at);
    case NH_FACT_REAL: break;
    }
    double v = *(const double *)(const void *)at;
    return isfinite(v) ? json_real(v) : json_null();
}

json_t *nh_fields_put(nh_arena *a, const void *from, const nh_field *field) {
    json_t *o = json_object();
    for (; field->name; field++)
        json_object_set_new(o, field->name, put_one(a, (const char *)from + field->offset, field->kind));
    return o;
}

static void get_one(nh_arena *a, const json_t *v, char *at, nh_fact_kind kind) {
    switch (kind) {
    case NH_FACT_I64:
        if (json_is_integer(v)) *(int64_t *)(void *)at = json_integer_value(v);
        break;
    case NH_FACT_U64:
        if (json_is_integer(v)) *(uint64_t *)(void *)at = (uint64_t)json_integer_value(v);
        break;
    case NH_FACT_INT:
        if (json_is_integer(v)) *(int *)(void *)at = (int)json_integer_value(v);
        break;
    case NH_FACT_BOOL:
        if (json_is_boolean(v)) *(bool *)(void *)at = json_is_true(v);
        break;
    case NH_FACT_TEXT:
        if (json_is_string(v)) *(const char **)(void *)at = nh_arena_str(a, json_string_value(v));
        break;
    case NH_FACT_REAL:
        if (json_is_number(v))
            *(double *)(void *)at = json_number_value(v);
        else if (json_is_null(v))
            *(double *)(void *)at = INFINITY;
        break;
    }
}

void nh_fields_get(nh_arena *a, const json_t *object, void *to, const nh_field *field) {
    for (; field->name; field++) {
        const json_t *v = json_object_get(object, field->name);
        if (v) get_one(a, v, (char *)to + field->offset, field->kind);
    }
}

const char *const nh_readout_text[3] = {"count", "first_spike", "membrane"};
const char *const nh_readout_title[3] = {"most spikes", "first spike", "last step's output"};

const char *nh_reference_first_text(nh_arena *a, const nh_reference_first *f) {
    return nh_arena_printf(a, "sample %" PRId64 ", step %" PRId64 ", output %" PRId64 ": %g, got %g", f->sample,
                           f->step, f->output, f->expected, f->got);
}

static bool is_neuron(const nh_design *g, const char *layer) {
    for (int i = 0; g && g->graph && i < g->graph->n_layer; i++)
        if (strcmp(g->graph->layer[i].name, layer) == 0) return g->graph->layer[i].op == NH_OP_NEURON;
    return false;
}

const char *nh_overflow_text(nh_arena *a, const nh_design *g, const nh_drift_fact *d) {
    uint64_t far = d->overflowed - d->wrapped - d->near, high = far - d->low;
    double percent = d->n > 0 ? 100 / (double)d->n : 0;
    if (d->overflowed == 0) return "0";
    if (far + d->wrapped == 0)
        return nh_arena_printf(a, "%" PRIu64 " of %" PRIu64 " saturate, by a step at most", d->near, d->n);
    if (d->wrapped > 0) return nh_arena_printf(a, "%" PRIu64 " of %" PRIu64 " wrap", d->wrapped, d->n);
    if (!is_neuron(g, d->layer)) return nh_arena_printf(a, "%" PRIu64 " of %" PRIu64 " saturate", far, d->n);
    if (high == 0) return nh_arena_printf(a, "%.3g %% saturate, all below threshold", percent * (double)d->low);
    return nh_arena_printf(a, "%.3g %% saturate below threshold, %.3g %% above", percent * (double)d->low,
                           percent * (double)high);
}

double nh_spike_agreement(const nh_spike_fact *f) {
    int64_t either = f->spikes_float + f->spikes_fixed - f->coinciding;
    return either > 0 ? (double)f->coinciding / (double)either : 1;
}

const char *nh_cause_text(const char *cause) {
    static const char *const text[][2] = {{"float", "float"},
                                          {"weights", "+ weights, inputs"},
                                          {"decay", "+ decay, parameters"},
                                          {"state", "+ state = fixed point"}};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        if (strcmp(cause, text[i][0]) == 0) return text[i][1];
    return cause;
}

const char *nh_unit_kind_text(nh_unit_kind kind) {
    switch (kind) {
    case NH_UNIT_DATAPATH: return "datapath";
    case NH_UNIT_MAC: return "mac";
    case NH_UNIT_CONV: return "conv";
    case NH_UNIT_POOL: return "pool";
    case NH_UNIT_NEURON: return "neuron";
    case NH_UNIT_DELAY: return "delay";
    case NH_UNIT_FORK: return "fork";
    }
    return "";
}

const char *nh_unit_lanes(nh_arena *a, const nh_unit *u) {
    switch (u->kind) {
    case NH_UNIT_MAC: return nh_arena_printf(a, "%" PRId64 "x%" PRId64, u->mac.out_lanes, u->mac.in_lanes);
    case NH_UNIT_CONV:
    case NH_UNIT_POOL:
        if (u->conv.depthwise) return nh_arena_printf(a, "%" PRId64, u->conv.out_lanes);
        return nh_arena_printf(a, "%" PRId64 "x%" PRId64, u->conv.out_lanes, u->conv.in_lanes);
    case NH_UNIT_NEURON: return nh_arena_printf(a, "%" PRId64, u->neuron.lanes);
    case NH_UNIT_DELAY: return nh_arena_printf(a, "%" PRId64, u->delay.lanes);
    case NH_UNIT_DATAPATH:
    case NH_UNIT_FORK: break;
    }
    return "-";
}

const char *const nh_step_state_text[5] = {"not asked", "done", "cached", "skipped", "failed"};

const char *nh_strategy_text(nh_strategy s) {
    switch (s) {
    case NH_STRATEGY_LATENCY: return "latency";
    case NH_STRATEGY_DISTRIBUTED_ARITHMETIC: return "distributed_arithmetic";
    case NH_STRATEGY_RESOURCE: return "resource";
    case NH_STRATEGY_EVENT: return "event";
    case NH_STRATEGY_WIRE: return "wire";
    case NH_STRATEGY_HOST: return "host";
    }
    return "";
}

static const nh_cells *counted(const nh_report_facts *f, const char *name) {
    for (int i = 0; f->synth.ran && i < f->synth.n_unit; i++)
        if (strcmp(f->synth.unit[i], name) == 0) return &f->synth.cells[i];
    return NULL;
}

bool nh_report_on_fabric(const nh_report_facts *f) { return f->map.fabric; }

double nh_fabric_cycles(const nh_report_facts *f) {
    return f->fabric.rtl_runs > 0 ? f->fabric.rtl_cycles : f->fabric.ran ? f->fabric.cycles : 0;
}

double nh_fabric_most_cycles(const nh_report_facts *f) {
    return f->fabric.rtl_runs > 0 ? f->fabric.rtl_most_cycles : f->fabric.ran ? (double)f->fabric.most_cycles : 0;
}

const char *nh_lanes_busy(nh_arena *a, int64_t synapse_words, int64_t busy_cycles) {
    return busy_cycles > 0 ? nh_arena_printf(a, "%.1f %%", 100 * (double)synapse_words / (double)busy_cycles) : "-";
}

const nh_map_core *nh_core_in_plan(const nh_map_plan *p, const nh_core_fact *c) {
    for (int64_t i = 0; i < p->n_core; i++)
        if (p->core[i].context == c->context && p->core[i].x == c->x && p->core[i].y == c->y) return &p->core[i];
    return NULL;
}

const char *nh_core_layers(nh_arena *a, const nh_map_plan *p, const nh_event_net *net, const nh_map_core *c) {
    const char *all = "";
    int last = -1;
    for (int64_t i = 0; i < c->n_piece; i++) {
        int pop = p->piece[c->piece[i]].pop;
        if (pop != last) all = nh_arena_printf(a, "%s%s%s", all, last >= 0 ? ", " : "", net->pop[pop].name);
        last = pop;
    }
    return all;
}

/* Kinds of modules, as synthesis names them. */
static int fabric_rows(const nh_report_facts *f, nh_resource_row *r) {
    for (int i = 0; i + 1 < f->synth.n_unit; i++)
        r[i] = (nh_resource_row){.name = f->synth.unit[i], .counted = &f->synth.cells[i]};
    return f->synth.n_unit > 0 ? f->synth.n_unit - 1 : 0;
}

nh_resource_row nh_unit_row(const nh_report_facts *f, const nh_unit *u) {
    return (nh_resource_row){
        .name = u->id, .unit = u, .is_estimated = true, .estimate = u->estimate, .counted = counted(f, u->id)};
}

static int unit_rows(const nh_report_facts *f, nh_resource_row *r) {
    for (int u = 0; u < f->design->n_unit; u++) r[u] = nh_unit_row(f, &f->design->unit[u]);
    return f->design->n_unit;
}

/* Parts that are built; what runs on another's fabric or on the host takes nothing. */
static int part_rows(nh_arena *a, const nh_report_facts *f, nh_resource_row *r) {
    int n = 0;
    for (int i = 0; i < f->n_part; i++) {
        const nh_part_fact *p = &f->part[i];
        nh_cells *c = NH_NEW(a, nh_cells);
        if (p->shares || strcmp(p->place, "host") == 0) continue;
        *c = (nh_cells){.luts = p->luts, .ffs = p->ffs, .brams = p->brams, .dsps = p->dsps};
        r[n++] = (nh_resource_row){.name = p->id,
                                   .is_estimated = p->estimated,
                                   .estimate = {.luts = p->luts_estimate,
                                                .ffs = p->ffs_estimate,
                                                .brams = p->brams_estimate,
                                                .dsps = p->dsps_estimate},
                                   .counted = p->counted ? c : NULL};
    }
    return n;
}

nh_resource_row *nh_resource_rows(nh_arena *a, const nh_report_facts *f, int *n) {
    bool fabric = nh_report_on_fabric(f), places = f->n_part > 0, estimated = !fabric;
    int most = fabric ? f->synth.n_unit : places ? f->n_part : f->design->n_unit;
    nh_resource_row *r = nh_arena_alloc(a, (size_t)(most + 1) * sizeof *r);
    int rows = fabric ? fabric_rows(f, r) : places ? part_rows(a, f, r) : unit_rows(f, r);
    for (int i = 0; i < rows; i++) estimated &= r[i].is_estimated; /* of what has none a sum says nothing */
    r[rows] = (nh_resource_row){.name = "total",
                                .is_estimated = estimated,
                                .estimate = fabric ? (nh_resources){0} : f->design->estimate,
                                .counted = counted(f, "total"),
                                .placed = f->pnr.ran,
                                .luts = f->pnr.luts,
                                .brams = f->pnr.brams,
                                .dsps = f->pnr.dsps};
    *n = rows + 1;
    return r;
}

const char *nh_pnr_lack(nh_arena *a, const nh_pnr_facts *p) {
    const struct {
        const char *name;
        int64_t needed, has;
    } list[] = {{"logic cells", p->luts, p->luts_total},
                {"block RAM", p->brams, p->brams_total},
                {"DSP", p->dsps, p->dsps_total},
                {"pins", p->ios, p->ios_total}};
    const char *lack = NULL;
    double most = 1;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        if (list[i].has <= 0 || (double)list[i].needed / (double)list[i].has <= most) continue;
        most = (double)list[i].needed / (double)list[i].has;
        lack = nh_arena_printf(a, "%s, %" PRId64 " of %" PRId64, list[i].name, list[i].needed, list[i].has);
    }
    return lack;
}

const char *nh_fit_text(nh_arena *a, const nh_report_facts *f, bool *fits) {
    const nh_target *t = &f->design->opt->target;
    const nh_cells *c = counted(f, "total");
    if (!c || f->pnr.ran || t->luts + t->ffs + t->brams + t->dsps == 0) return NULL;
    const struct {
        const char *name;
        int64_t needed, has;
    } list[] = {{"LUTs", c->luts, t->luts},
                {"flip-flops", c->ffs, t->ffs},
                {"block RAMs", c->brams, t->brams},
                {"DSP blocks", c->dsps, t->dsps}};
    double most = 0;
    size_t worst = 0;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        double share = list[i].has > 0 ? (double)list[i].needed / (double)list[i].has : 0;
        if (share > most) most = share, worst = i;
    }
    *fits = most <= 1;
    return nh_arena_printf(a, "%s %s, as counted: the fullest are %s, %" PRId64 " of %" PRId64 " (%.0f %%)",
                           *fits ? "fits" : "does not fit", t->name, list[worst].name, list[worst].needed,
                           list[worst].has, 100 * most);
}

const char *nh_unit_layers(nh_arena *a, const nh_design *g, const nh_unit *u) {
    const char *s = "";
    for (int i = 0; i < u->n_layer; i++)
        s = nh_arena_printf(a, "%s%s%s", s, i ? ", " : "", g->graph->layer[u->layer[i]].name);
    return s;
}

const char *nh_stream_layer(const nh_design *g, int stream) {
    return g->graph->layer[g->graph->tensor[g->stream[stream].tensor].producer].name;
}

const nh_cycles_fact *nh_unit_cycles(const nh_report_facts *f, const nh_unit *u) {
    for (int i = 0; f->sim.ran && i < f->sim.n_cycles; i++)
        if (strcmp(f->sim.cycles[i].unit, u->id) == 0) return &f->sim.cycles[i];
    return NULL;
}
