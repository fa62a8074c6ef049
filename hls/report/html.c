/* report.html: one file, nothing fetched, light and dark by the reader's setting. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "embedded.h"
#include "html_parts.h"
#include "verdict.h"

extern const nh_embedded nh_report_files[];

/* Well-formed for any bytes: what XML does not allow is not printable either. */
void nh_html_text(nh_html *h, const char *s) {
    for (size_t n = s ? strlen(s) : 0, len; n > 0; s += len, n -= len) {
        uint32_t code = 0;
        len = nh_utf8_next(s, n, &code);
        switch (len ? code : 0) {
        case '<': nh_puts(h->w, "&lt;"); break;
        case '>': nh_puts(h->w, "&gt;"); break;
        case '&': nh_puts(h->w, "&amp;"); break;
        case '"': nh_puts(h->w, "&quot;"); break;
        case '\'': nh_puts(h->w, "&#39;"); break;
        default:
            if (len && nh_is_printable(code))
                nh_write(h->w, s, len);
            else
                nh_puts(h->w, "?");
        }
        if (len == 0) len = 1;
    }
}

void nh_html_heading(nh_html *h, const char *title) { nh_printf(h->w, "<h2>%s</h2>\n", title); }

void nh_html_table_begin(nh_html *h, const char *caption, const char *columns) {
    nh_puts(h->w, "<div class=\"scroll\"><table>");
    if (*caption) nh_printf(h->w, "<caption>%s</caption>", caption);
    nh_puts(h->w, "<thead><tr>");
    for (const char *p = columns; *p;) {
        bool text = *p == '<';
        nh_puts(h->w, text ? "<th class=\"text\">" : "<th>");
        for (p += text; *p && *p != '|'; p++) nh_write(h->w, p, 1);
        nh_puts(h->w, "</th>");
        if (*p) p++;
    }
    nh_puts(h->w, "</tr></thead><tbody>\n");
}
void nh_html_table_end(nh_html *h) { nh_puts(h->w, "</tbody></table></div>\n"); }

void nh_html_cell(nh_html *h, const char *text) {
    nh_puts(h->w, "<td>");
    nh_html_text(h, text);
    nh_puts(h->w, "</td>");
}
void nh_html_cell_text(nh_html *h, const char *class, const char *text) {
    nh_printf(h->w, "<td class=\"text %s\">", class);
    nh_html_text(h, text);
    nh_puts(h->w, "</td>");
}
void nh_html_cell_int(nh_html *h, int64_t v) { nh_printf(h->w, "<td>%" PRId64 "</td>", v); }
void nh_html_row_begin(nh_html *h) { nh_puts(h->w, "<tr>"); }
void nh_html_row_end(nh_html *h) { nh_puts(h->w, "</tr>\n"); }

void nh_html_card(nh_html *h, const char *class, const char *figure, const char *what) {
    nh_printf(h->w, "<div class=\"card\"><b class=\"%s\">", class);
    nh_html_text(h, figure);
    nh_puts(h->w, "</b><span>");
    nh_html_text(h, what);
    nh_puts(h->w, "</span></div>\n");
}

static void put_top(nh_html *h) {
    const nh_options *o = h->f->design->opt;
    nh_puts(h->w, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                  "content=\"width=device-width, initial-scale=1\">\n<title>");
    nh_html_text(h, o->project);
    nh_puts(h->w, " - neurohls</title>\n<style>\n");
    nh_write(h->w, nh_report_files[0].data, nh_report_files[0].size);
    nh_puts(h->w, "</style></head><body>\n<h1>");
    nh_html_text(h, o->project);
    nh_puts(h->w, "</h1>\n<div class=\"soft\">for ");
    nh_html_text(h, o->target.name);
    nh_printf(h->w, ", %g MHz, io %s</div>\n<div class=\"soft mono\">neurohls ", o->clock_mhz,
              o->io == NH_IO_STREAM ? "stream" : "parallel");
    nh_html_text(h, h->f->provenance.version);
    nh_puts(h->w, ", config ");
    nh_html_text(h, nh_arena_printf(h->a, "%.12s", h->f->provenance.config_sha ? h->f->provenance.config_sha : "-"));
    nh_puts(h->w, ", model ");
    nh_html_text(h, nh_arena_printf(h->a, "%.12s", h->f->provenance.model_sha ? h->f->provenance.model_sha : "-"));
    nh_puts(h->w, "</div>\n");
}

static void put_verdict(nh_html *h) {
    nh_verdict v = nh_judge_drift(h->a, h->f);
    const struct {
        const char *what, *text;
    } row[] = {{"begins in", v.layer ? nh_arena_printf(h->a, "%s: %s", v.layer, v.where) : NULL},
               {"cause", v.cause},
               {"try", v.remedy}};
    if (!v.is_far) return;
    nh_puts(h->w, "<div class=\"warning\" role=\"alert\"><b>Fixed point is far from float</b><br>");
    nh_html_text(h, v.reasons);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        if (!row[i].text) continue;
        nh_printf(h->w, "<br><span class=\"soft\">%s</span> ", row[i].what);
        nh_html_text(h, row[i].text);
    }
    nh_puts(h->w, "</div>\n");
}

/* An inference of a network with time steps is `steps` steps. */
static void put_cycle_cards(nh_html *h) {
    const nh_design *g = h->f->design;
    const nh_sim_facts *s = &h->f->sim;
    bool rtl = s->ran && s->runs > 0;
    double ii = rtl ? s->measured_ii : (double)g->ii_cycles, inference = ii * (double)g->steps;
    const char *source = rtl ? "measured" : "planned",
               *unit = nh_design_has_steps(g) ? "per time step" : "per inference";
    nh_html_card(h, "", nh_arena_printf(h->a, "%.6g cycles", ii), nh_arena_printf(h->a, "%s, %s", unit, source));
    if (nh_design_has_steps(g))
        nh_html_card(h, "", nh_arena_printf(h->a, "%.6g cycles", inference),
                     nh_arena_printf(h->a, "per inference of %" PRId64 " steps; %.6g inferences/s at %g MHz", g->steps,
                                     inference > 0 ? 1e6 * g->opt->clock_mhz / inference : 0, g->opt->clock_mhz));
    nh_html_card(h, "", nh_arena_printf(h->a, "%" PRId64 " cycles", rtl ? s->measured_latency : g->latency_cycles),
                 nh_arena_printf(h->a, nh_design_has_steps(g) ? "latency of a step, %s" : "latency, %s", source));
}

/* Outputs that are numbers of their own. */
static void put_error_card(nh_html *h, const nh_error_fact *e, const char *what) {
    nh_arena *a = h->a;
    if (e->n == 0) return;
    const char *r2 = isfinite(e->r2) ? nh_arena_printf(a, ", R2 %.5f", e->r2) : "",
               *relative = isfinite(e->relative) ? nh_arena_printf(a, ", relative %.3g %%", 100 * e->relative) : "";
    nh_html_card(h, "", nh_arena_printf(a, "%.4g", e->rmse),
                 nh_arena_printf(a, "RMSE, %s%s%s, at most %.4g", what, r2, relative, e->max_abs));
}

static void put_cards(nh_html *h) {
    const nh_report_facts *f = h->f;
    const nh_sim_facts *s = &f->sim;
    nh_arena *a = h->a;
    nh_puts(h->w, "<div class=\"cards\">\n");
    bool fabric = nh_report_on_fabric(f);
    if (fabric) nh_html_fabric_cards(h);
    if (!fabric && s->ran && s->runs > 0)
        nh_html_card(
            h, s->mismatches ? "bad" : "good", nh_arena_printf(a, "%" PRId64 " differ", s->mismatches),
            nh_arena_printf(a, "C against RTL, %" PRId64 " elements in %" PRId64 " runs", s->compared, s->runs));
    if (s->ran && s->acc_fixed >= 0)
        nh_html_card(h, "", nh_arena_printf(a, "%.2f %%", 100 * s->acc_fixed),
                     nh_arena_printf(a, "accuracy in fixed point; float %.2f %%", 100 * s->acc_float));
    if (s->ran && !s->output.is_class) {
        put_error_card(h, &s->output.fixed, "fixed point against float");
        put_error_card(h, &s->output.target_float, "float against the targets");
        put_error_card(h, &s->output.target_fixed, "fixed point against the targets");
    }
    if (f->n_part > 0)
        nh_html_card(h, "", nh_arena_printf(a, "%d parts", f->n_part), "each with cycles of its own: below");
    else if (!fabric)
        put_cycle_cards(h);
    if (f->pnr.ran && f->pnr.fits)
        nh_html_card(h, "good", nh_arena_printf(a, "%.2f MHz", f->pnr.fmax_mhz), "placed and routed");
    const char *lack = nh_pnr_lack(a, &f->pnr);
    if (f->pnr.ran && !f->pnr.fits)
        nh_html_card(h, "bad", "does not fit",
                     lack ? nh_arena_printf(a, "place and route by nextpnr: %s", lack) : "place and route by nextpnr");
    nh_puts(h->w, "</div>\n");
}

static void put_requirements(nh_html *h) {
    const nh_report_facts *f = h->f;
    if (f->n_requirement == 0) return;
    nh_html_heading(h, "Requirements");
    nh_html_table_begin(h, "", "requirement|<required|<measured|<");
    for (int i = 0; i < f->n_requirement; i++) {
        bool known = f->requirement[i].known, met = f->requirement[i].met;
        nh_html_row_begin(h);
        nh_html_cell(h, f->requirement[i].name);
        nh_html_cell_text(h, "", f->requirement[i].required);
        nh_html_cell_text(h, "", known ? f->requirement[i].measured : "not measured");
        nh_html_cell_text(h, known && !met ? "bad" : met ? "good" : "soft", !known ? "open" : met ? "met" : "missed");
        nh_html_row_end(h);
    }
    nh_html_table_end(h);
}

static void put_mismatch(nh_html *h) {
    const nh_sim_facts *s = &h->f->sim;
    if (!s->ran || s->mismatches == 0) return;
    nh_html_heading(h, "First mismatch");
    if (nh_report_on_fabric(h->f)) {
        nh_puts(h->w, "<p>");
        nh_html_text(h, h->f->fabric.rtl_first);
        nh_puts(h->w, "</p>\n");
        return;
    }
    nh_html_table_begin(h, "",
                        s->steps > 1 ? "sample|step|<layer|element|cycle|expected (C)|got (RTL)"
                                     : "sample|<layer|element|cycle|expected (C)|got (RTL)");
    nh_html_row_begin(h);
    nh_html_cell_int(h, s->first.sample);
    if (s->steps > 1) nh_html_cell_int(h, s->first.step);
    nh_html_cell_text(h, "", s->first.layer);
    nh_html_cell_int(h, s->first.element);
    nh_html_cell_int(h, s->first.cycle);
    nh_html_cell_int(h, s->first.expected);
    nh_html_cell_int(h, s->first.got);
    nh_html_row_end(h);
    nh_html_table_end(h);
}

static void put_cycles(nh_html *h) {
    const nh_design *g = h->f->design;
    if (!nh_has_units(h->f)) return;
    nh_html_heading(h, "Units and cycles");
    nh_html_table_begin(
        h,
        nh_design_has_steps(h->f->design)
            ? "II: cycles from one time step to the next; in a pipeline every unit settles at the slowest one's."
            : "II: cycles from one inference to the next; in a pipeline every unit settles at the slowest one's.",
        "unit|<layers|<strategy|lanes|R|II planned|II measured|latency planned|latency measured");
    for (int u = 0; u < g->n_unit; u++) {
        const nh_unit *unit = &g->unit[u];
        const nh_cycles_fact *c = nh_unit_cycles(h->f, unit);
        if (!nh_unit_is_built(h->f, unit)) continue;
        nh_html_row_begin(h);
        nh_html_cell(h, unit->id);
        nh_html_cell_text(h, "", nh_unit_layers(h->a, g, unit));
        nh_html_cell_text(h, "", nh_strategy_text(unit->strategy));
        nh_html_cell(h, nh_unit_lanes(h->a, unit));
        nh_html_cell_int(h, unit->reuse_factor);
        nh_html_cell_int(h, unit->ii_cycles);
        nh_html_cell(h, c ? nh_arena_printf(h->a, "%.6g", c->measured_ii) : "-");
        nh_html_cell_int(h, unit->latency_cycles);
        nh_html_cell(h, c && c->measured_latency >= 0 /* late delays run ahead */
                            ? nh_arena_printf(h->a, "%" PRId64, c->measured_latency)
                            : "-");
        nh_html_row_end(h);
    }
    if (h->f->n_part > 0) {
        nh_html_table_end(h);
        return;
    }
    bool rtl = h->f->sim.ran && h->f->sim.runs > 0;
    nh_puts(h->w, "<tr class=\"total\"><td>total</td><td></td><td></td><td></td><td></td>");
    nh_html_cell_int(h, g->ii_cycles);
    nh_html_cell(h, rtl ? nh_arena_printf(h->a, "%.6g", h->f->sim.measured_ii) : "-");
    nh_html_cell_int(h, g->latency_cycles);
    nh_html_cell(h, rtl ? nh_arena_printf(h->a, "%" PRId64, h->f->sim.measured_latency) : "-");
    nh_html_row_end(h);
    nh_html_table_end(h);
}

static const char *known(nh_html *h, int64_t v) { return v < 0 ? "-" : nh_arena_printf(h->a, "%" PRId64, v); }

/* estimate / Yosys / nextpnr of one resource; negative: not known. Without an estimate the other two. */
static void cell_three(nh_html *h, int64_t estimate, int64_t counted, int64_t placed) {
    const char *measured = nh_arena_printf(h->a, "%s / %s", known(h, counted), known(h, placed));
    nh_html_cell(h, estimate < 0 ? measured : nh_arena_printf(h->a, "%" PRId64 " / %s", estimate, measured));
}

static void put_resources(nh_html *h) {
    const nh_target *t = &h->f->design->opt->target;
    int n;
    const nh_resource_row *r = nh_resource_rows(h->a, h->f, &n);
    nh_html_heading(h, "Resources");
    if (!nh_report_on_fabric(h->f) || h->f->synth.ran || h->f->pnr.ran) nh_svg_resources(h);
    bool fabric = nh_report_on_fabric(h->f), fits;
    const nh_resources unknown = {.luts = -1, .ffs = -1, .brams = -1, .dsps = -1};
    nh_html_table_begin(
        h, fabric ? "counted by Yosys / placed by nextpnr" : "estimate / counted by Yosys / placed by nextpnr",
        fabric             ? "modules|LUT|FF|block RAM|DSP"
        : h->f->n_part > 0 ? "part|LUT|FF|block RAM|DSP"
                           : "unit|LUT|FF|block RAM|DSP");
    for (int i = 0; i < n; i++) {
        const nh_cells *c = r[i].counted;
        bool p = r[i].placed;
        nh_puts(h->w, i == n - 1 ? "<tr class=\"total\">" : "<tr>");
        nh_html_cell(h, r[i].name);
        const nh_resources *e = r[i].is_estimated ? &r[i].estimate : &unknown;
        cell_three(h, e->luts, c ? c->luts : -1, p ? r[i].luts : -1);
        cell_three(h, e->ffs, c ? c->ffs : -1, -1);
        cell_three(h, e->brams, c ? c->brams : -1, p ? r[i].brams : -1);
        cell_three(h, e->dsps, c ? c->dsps : -1, p ? r[i].dsps : -1);
        nh_html_row_end(h);
    }
    nh_html_row_begin(h);
    nh_html_cell(h, nh_arena_printf(h->a, "%s has", t->name ? t->name : "the target"));
    const int64_t has[] = {t->luts, t->ffs, t->brams, t->dsps};
    for (int i = 0; i < 4; i++) nh_html_cell(h, has[i] > 0 ? nh_arena_printf(h->a, "%" PRId64, has[i]) : "-");
    nh_html_row_end(h);
    nh_html_table_end(h);
    const char *fit = nh_fit_text(h->a, h->f, &fits);
    if (fit) nh_printf(h->w, "<p class=\"%s\">", fits ? "good" : "bad"), nh_html_text(h, fit), nh_puts(h->w, "</p>\n");
}

static void put_pnr(nh_html *h) {
    const nh_pnr_facts *p = &h->f->pnr;
    if (!p->ran) return;
    const struct {
        const char *name;
        int64_t used, all;
    } row[] = {{"logic cells", p->luts, p->luts_total},
               {"block RAM", p->brams, p->brams_total},
               {"DSP", p->dsps, p->dsps_total},
               {"pins", p->ios, p->ios_total}};
    nh_html_heading(h, "Place and route");
    nh_html_table_begin(h, "", "nextpnr|used|available|share");
    for (int i = 0; i < 4; i++) {
        nh_html_row_begin(h);
        nh_html_cell(h, row[i].name);
        nh_html_cell_int(h, row[i].used);
        nh_html_cell_int(h, row[i].all);
        nh_html_cell(h, row[i].all > 0
                            ? nh_arena_printf(h->a, "%.1f %%", 100.0 * (double)row[i].used / (double)row[i].all)
                            : "-");
        nh_html_row_end(h);
    }
    nh_html_table_end(h);
    nh_puts(h->w, "<p class=\"soft\">");
    if (p->bitstream) nh_puts(h->w, "bitstream: "), nh_html_text(h, p->bitstream), nh_puts(h->w, " ");
    nh_html_text(h, p->wrapper);
    nh_puts(h->w, "</p>\n");
}

static void put_drift(nh_html *h) {
    const nh_sim_facts *s = &h->f->sim;
    if (!s->ran || s->n_drift == 0) return;
    nh_html_heading(h, "Drift: float against fixed point");
    nh_puts(h->w, "<p class=\"soft\">Signal to quantization noise per layer; longer is better.</p>\n");
    nh_svg_drift(h);
    nh_html_table_begin(h, "", "layer|max error|mean error|SQNR|outside the format");
    for (int i = 0; i < s->n_drift; i++) {
        const nh_drift_fact *d = &s->drift[i];
        nh_html_row_begin(h);
        nh_html_cell(h, d->layer);
        nh_html_cell(h, nh_arena_printf(h->a, "%.4g", d->max_abs));
        nh_html_cell(h, nh_arena_printf(h->a, "%.4g", d->mean_abs));
        nh_html_cell(h, isfinite(d->sqnr_db) ? nh_arena_printf(h->a, "%.1f dB", d->sqnr_db) : "exact");
        nh_html_cell(h, nh_overflow_text(h->a, h->f->design, d));
        nh_html_row_end(h);
    }
    nh_html_table_end(h);
}

static void put_confusion(nh_html *h) {
    const nh_sim_facts *s = &h->f->sim;
    enum { READABLE = 32 };
    if (!s->ran || !s->confusion || s->n_class > READABLE) return;
    nh_html_heading(h, "Classes");
    nh_printf(h->w,
              "<div class=\"scroll\"><table><caption>rows: label; columns: class by fixed point. Float and fixed point "
              "agree on %.2f %% of %" PRId64 " samples.</caption><thead><tr><th></th>",
              100 * s->agree_float_fixed, s->samples);
    for (int c = 0; c < s->n_class; c++) nh_printf(h->w, "<th>%d</th>", c);
    nh_puts(h->w, "</tr></thead><tbody>\n");
    for (int l = 0; l < s->n_class; l++) {
        nh_printf(h->w, "<tr><th>%d</th>", l);
        for (int c = 0; c < s->n_class; c++) {
            int64_t v = s->confusion[l * s->n_class + c];
            nh_printf(h->w, "<td%s>%" PRId64 "</td>", v == 0 ? "" : l == c ? " class=\"hit\"" : " class=\"miss\"", v);
        }
        nh_html_row_end(h);
    }
    nh_html_table_end(h);
}

static void put_layers(nh_html *h) {
    const nh_graph *g = h->f->design->graph;
    char fmt[NH_FORMAT_TEXT], shape[96];
    nh_html_heading(h, "Layers and formats");
    nh_html_table_begin(h, "", "layer|<operator|<shape|<weight|<result|scale");
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        const nh_tensor *t = &g->tensor[l->out];
        nh_html_row_begin(h);
        nh_html_cell(h, l->name);
        nh_html_cell_text(h, "", nh_op_get(l->op)->text);
        nh_html_cell_text(h, "", nh_shape_print(t->shape, shape));
        nh_html_cell_text(h, "mono", l->weight && l->weight->raw ? nh_format_print(l->weight->fmt, fmt) : "");
        nh_html_cell_text(h, "mono", t->q.known ? nh_format_print(t->q.fmt, fmt) : "");
        nh_html_cell(h, nh_arena_printf(h->a, "%.6g", t->q.scale));
        nh_html_row_end(h);
    }
    nh_html_table_end(h);
}

static void put_items(nh_html *h, nh_severity severity, const char *title, bool open) {
    const nh_diag *d = h->f->diag;
    size_t n = 0;
    for (size_t i = 0; d && i < d->count; i++) n += nh_code_get(d->item[i].code)->severity == severity;
    if (n == 0) return;
    nh_printf(h->w, "<details%s><summary>%s (%zu)</summary>\n", open ? " open" : "", title, n);
    nh_html_table_begin(h, "", "code|<layer|<message");
    for (size_t i = 0; i < d->count; i++) {
        const nh_diag_item *it = &d->item[i];
        if (nh_code_get(it->code)->severity != severity) continue;
        nh_html_row_begin(h);
        nh_html_cell(h, nh_code_get(it->code)->id);
        nh_html_cell_text(h, "", it->layer);
        nh_html_cell_text(h, "", it->message);
        nh_html_row_end(h);
    }
    nh_html_table_end(h);
    nh_puts(h->w, "</details>\n");
}

static void put_steps(nh_html *h) {
    const nh_report_facts *f = h->f;
    nh_html_heading(h, "Build");
    put_items(h, NH_ERROR, "Errors", true);
    put_items(h, NH_WARNING, "Warnings", true);
    put_items(h, NH_NOTE, "Decisions", false);
    if (f->n_step == 0) return;
    nh_html_table_begin(h, "", "step|<state|seconds|<why");
    for (int i = 0; i < f->n_step; i++) {
        nh_html_row_begin(h);
        nh_html_cell(h, f->step[i].name);
        nh_html_cell_text(h, f->step[i].state == NH_STEP_FAILED ? "bad" : "", nh_step_state_text[f->step[i].state]);
        nh_html_cell(h, nh_arena_printf(h->a, "%.2f", f->step[i].seconds));
        nh_html_cell_text(h, "", f->step[i].why);
        nh_html_row_end(h);
    }
    nh_html_table_end(h);
}

static void put_network(nh_html *h) {
    nh_html_heading(h, "Network");
    nh_svg_network(h);
    nh_html_places(h);
    put_cycles(h);
}

bool nh_report_html(nh_arena *a, nh_diag *d, const nh_report_facts *f, const char *path) {
    nh_html h = {.a = a, .w = nh_writer_open(a, path), .f = f};
    put_top(&h);
    put_verdict(&h);
    put_cards(&h);
    put_mismatch(&h);
    put_requirements(&h);
    if (nh_report_on_fabric(f))
        nh_html_fabric(&h);
    else
        put_network(&h);
    put_resources(&h);
    put_pnr(&h);
    if (nh_report_on_fabric(f)) nh_html_cores(&h);
    nh_html_spikes(&h);
    put_drift(&h);
    nh_html_time(&h);
    put_confusion(&h);
    nh_html_scores(&h);
    put_layers(&h);
    nh_html_weights(&h);
    put_steps(&h);
    nh_puts(h.w, "</body></html>\n");
    return nh_writer_close(h.w, d);
}
