/* The plan that `check` prints: what will be built, before any tool runs. */
#include <jansson.h>
#include <string.h>

#include "fields.h"
#include "session.h"
#include "text.h"

enum { COLUMNS = 12, NAME_MOST = 24, CELL = 4 * NAME_MOST + 16 }; /* a character has at most 4 bytes */
typedef struct {
    char cell[COLUMNS][CELL];
} row;
static const char *const title[COLUMNS] = {"unit", "layers",  "weights", "strategy", "R",     "mult",
                                           "II",   "latency", "weight",  "result",   "LUT ~", "BRAM ~"};

/* Columns of text, the others are numbers. */
static bool is_left(int column) { return column < 2 || column == 3 || column == 8 || column == 9; }

/* The first layer's name and how many more. */
static void put_layers(nh_arena *a, char *cell, const nh_graph *g, const nh_unit *u) {
    const char *name = nh_text_clean(a, u->n_layer ? g->layer[u->layer[0]].name : "-", NAME_MOST);
    if (u->n_layer > 1)
        snprintf(cell, CELL, "%s +%d", name, u->n_layer - 1);
    else
        snprintf(cell, CELL, "%s", name);
}

static const nh_layer *weighted_layer(const nh_graph *g, const nh_unit *u) {
    for (int i = 0; i < u->n_layer; i++)
        if (g->layer[u->layer[i]].weight) return &g->layer[u->layer[i]];
    return NULL;
}

static row unit_row(nh_arena *a, const nh_design *g, const nh_unit *u) {
    row r = {{{0}}};
    char text[NH_FORMAT_TEXT];
    const nh_layer *w = weighted_layer(g->graph, u);
    snprintf(r.cell[0], CELL, "%s", u->id);
    put_layers(a, r.cell[1], g->graph, u);
    if (w) snprintf(r.cell[2], CELL, "%lld", (long long)nh_shape_size(w->weight->shape));
    snprintf(r.cell[3], CELL, "%s", nh_strategy_text(u->strategy));
    snprintf(r.cell[4], CELL, "%lld", (long long)u->reuse_factor);
    snprintf(r.cell[5], CELL, "%lld", (long long)u->estimate.multipliers);
    snprintf(r.cell[6], CELL, "%lld", (long long)u->ii_cycles);
    snprintf(r.cell[7], CELL, "%lld", (long long)u->latency_cycles);
    if (w) snprintf(r.cell[8], CELL, "%s", nh_format_print(w->weight->fmt, text));
    snprintf(r.cell[9], CELL, "%s", nh_format_print(g->stream[u->out[0]].fmt, text));
    snprintf(r.cell[10], CELL, "%lld", (long long)u->estimate.luts);
    snprintf(r.cell[11], CELL, "%lld", (long long)u->estimate.brams);
    return r;
}

static row total_row(const nh_design *g) {
    row r = {{{0}}};
    snprintf(r.cell[0], CELL, "total");
    snprintf(r.cell[5], CELL, "%lld", (long long)g->estimate.multipliers);
    snprintf(r.cell[6], CELL, "%lld", (long long)g->ii_cycles);
    snprintf(r.cell[7], CELL, "%lld", (long long)g->latency_cycles);
    snprintf(r.cell[10], CELL, "%lld", (long long)g->estimate.luts);
    snprintf(r.cell[11], CELL, "%lld", (long long)g->estimate.brams);
    return r;
}

static void put_row(const row *r, const int *width, FILE *out) {
    for (int c = 0; c < COLUMNS; c++) {
        int pad = width[c] - nh_text_columns(r->cell[c]);
        if (is_left(c))
            fprintf(out, "%s%*s", r->cell[c], c + 1 < COLUMNS ? pad : 0, "");
        else
            fprintf(out, "%*s%s", pad, "", r->cell[c]);
        fputs(c + 1 < COLUMNS ? "  " : "\n", out);
    }
}

static void put_head(const nh_session *r, FILE *out) {
    const nh_options *o = r->opt;
    char shape[96], format[NH_FORMAT_TEXT];
    fprintf(out, "%s for %s at %g MHz, io %s\n", o->project, nh_text_clean(r->arena, o->target.name, 80), o->clock_mhz,
            o->io == NH_IO_STREAM ? "stream" : "parallel");
    fprintf(out, "input %s of %s\n\n", nh_shape_print(r->graph->tensor[r->graph->input].shape, shape),
            nh_format_print(r->design->stream[r->design->input].fmt, format));
}

static void put_rate(const nh_session *r, FILE *out) {
    const nh_design *g = r->design;
    double rate = r->opt->clock_mhz * 1e6 / (double)g->ii_cycles,
           latency_us = (double)g->latency_cycles / r->opt->clock_mhz;
    fprintf(out, "\none %s every %lld cycles: %.*f per second; latency %lld cycles: %.4g us\n",
            nh_design_has_steps(g) ? "time step" : "inference", (long long)g->ii_cycles, rate < 100 ? 2 : 0, rate,
            (long long)g->latency_cycles, latency_us);
    rate /= (double)g->steps;
    if (nh_design_has_steps(g))
        fprintf(out, "an inference is %lld steps: %.*f per second\n", (long long)g->steps, rate < 100 ? 2 : 0, rate);
    fputs("LUT and BRAM are estimates; neurohls synth counts them\n", out);
}

void nh_plan_text(const nh_session *r, FILE *out) {
    const nh_design *g = r->design;
    size_t n = (size_t)g->n_unit + 2;
    row *rows = nh_arena_array(r->arena, n, sizeof *rows);
    int width[COLUMNS] = {0};
    for (int c = 0; c < COLUMNS; c++) snprintf(rows[0].cell[c], CELL, "%s", title[c]);
    for (int u = 0; u < g->n_unit; u++) rows[u + 1] = unit_row(r->arena, g, &g->unit[u]);
    rows[n - 1] = total_row(g);
    for (size_t i = 0; i < n; i++)
        for (int c = 0; c < COLUMNS; c++)
            if (nh_text_columns(rows[i].cell[c]) > width[c]) width[c] = nh_text_columns(rows[i].cell[c]);
    put_head(r, out);
    for (size_t i = 0; i < n; i++) put_row(&rows[i], width, out);
    if (!nh_parts_only(r->parts))
        nh_report_parts(&r->facts, false, out);
    else
        put_rate(r, out);
}

static json_t *resources_json(nh_resources e) {
    return json_pack("{sI sI sI sI sI}", "multipliers", (json_int_t)e.multipliers, "luts", (json_int_t)e.luts, "ffs",
                     (json_int_t)e.ffs, "brams", (json_int_t)e.brams, "dsps", (json_int_t)e.dsps);
}

static json_t *unit_json(nh_arena *a, const nh_design *g, const nh_unit *u) {
    char text[NH_FORMAT_TEXT];
    const nh_layer *w = weighted_layer(g->graph, u);
    json_t *layers = json_array();
    for (int i = 0; i < u->n_layer; i++)
        json_array_append_new(layers, json_string(nh_text_valid(a, g->graph->layer[u->layer[i]].name)));
    json_t *j = json_pack("{ss so ss sI sI sI}", "id", u->id, "layers", layers, "strategy",
                          nh_strategy_text(u->strategy), "reuse_factor", (json_int_t)u->reuse_factor, "ii_cycles",
                          (json_int_t)u->ii_cycles, "latency_cycles", (json_int_t)u->latency_cycles);
    json_object_set_new(j, "weights", json_integer(w ? nh_shape_size(w->weight->shape) : 0));
    json_object_set_new(j, "weight_format", w ? json_string(nh_format_print(w->weight->fmt, text)) : json_null());
    json_object_set_new(j, "result_format", json_string(nh_format_print(g->stream[u->out[0]].fmt, text)));
    json_object_set_new(j, "estimate", resources_json(u->estimate));
    return j;
}

void nh_plan_json(const nh_session *r, FILE *out) {
    const nh_design *g = r->design;
    json_t *units = json_array();
    for (int u = 0; u < g->n_unit; u++) json_array_append_new(units, unit_json(r->arena, g, &g->unit[u]));
    json_t *j = json_pack("{ss ss sf sI sI so so}", "project", r->opt->project, "target", r->opt->target.name,
                          "clock_mhz", r->opt->clock_mhz, "ii_cycles", (json_int_t)g->ii_cycles, "latency_cycles",
                          (json_int_t)g->latency_cycles, "estimate", resources_json(g->estimate), "units", units);
    if (!nh_parts_only(r->parts)) json_object_set_new(j, "parts", nh_parts_json(r->arena, &r->facts));
    if (nh_design_has_steps(g)) json_object_set_new(j, "steps", json_integer(g->steps));
    json_dumpf(j, out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    fputc('\n', out);
    json_decref(j);
}
