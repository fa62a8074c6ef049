/* The terminal's report: the figures that decide, in tables of at most 100 columns. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "fields.h"

enum { MAX_COLUMNS = 10, MAX_NAME = 28 };

/* A table is collected first, so that columns are as wide as what they hold. Column 0 is flush left, the
 * others right. */
typedef struct {
    nh_arena *a;
    FILE *out;
    bool color;
    const char *(*row)[MAX_COLUMNS];
    size_t n, cap;
    int columns;
} table;

#define BOLD "\033[1m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define DIM "\033[2m"
#define OFF "\033[0m"

static const char *on(const table *t, const char *style) {
    return t->color ? style : "";
}

/* Names come from the model: no control characters reach the terminal, and long ones are cut. */
static const char *clean(nh_arena *a, const char *s, size_t most) {
    char *out = nh_arena_str(a, s ? s : "");
    size_t n = 0;
    for (char *p = out; *p; p++, n++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = '?';
    if (n <= most) return out;
    while (most > 3 && ((unsigned char)out[most - 3] & 0xc0) == 0x80)
        most--;
    out[most - 3] = 0;
    return nh_arena_printf(a, "%s...", out);
}

static const char **add_row(table *t) {
    t->row = nh_arena_grow(t->a, t->row, &t->cap, t->n + 1, sizeof *t->row);
    const char **r = t->row[t->n++];
    for (int i = 0; i < MAX_COLUMNS; i++)
        r[i] = "";
    return r;
}

static void begin(table *t, const char *title, const char *const *head, int columns) {
    t->row = NULL;
    t->n = t->cap = 0;
    t->columns = columns;
    fprintf(t->out, "\n%s%s%s\n", on(t, BOLD), title, on(t, OFF));
    const char **r = add_row(t);
    for (int i = 0; i < columns; i++)
        r[i] = head[i];
}

static void end(table *t) {
    int width[MAX_COLUMNS] = {0};
    for (size_t r = 0; r < t->n; r++)
        for (int i = 0; i < t->columns; i++)
            if ((int)strlen(t->row[r][i]) > width[i]) width[i] = (int)strlen(t->row[r][i]);
    for (size_t r = 0; r < t->n; r++) {
        fprintf(t->out, "  %s%-*s", r == 0 ? on(t, DIM) : "", width[0], t->row[r][0]);
        for (int i = 1; i < t->columns; i++)
            fprintf(t->out, "  %*s", width[i], t->row[r][i]);
        fprintf(t->out, "%s\n", r == 0 ? on(t, OFF) : "");
    }
}

static const char *count(nh_arena *a, int64_t v) {
    return nh_arena_printf(a, "%" PRId64, v);
}
static const char *percent(nh_arena *a, double v) {
    return v < 0 ? "-" : nh_arena_printf(a, "%.2f %%", 100 * v);
}

static void put_head(table *t, const nh_report_facts *f) {
    const nh_options *o = f->design->opt;
    const nh_target *g = &o->target;
    fprintf(t->out, "%sneurohls %s: %s%s for %s", on(t, BOLD),
            f->provenance.version ? f->provenance.version : "", o->project, on(t, OFF),
            g->name ? g->name : "");
    if (g->family)
        fprintf(t->out, " (%s%s%s%s%s)", g->family, g->device && *g->device ? " " : "",
                g->device ? g->device : "", g->package && *g->package ? " " : "",
                g->package ? g->package : "");
    fprintf(t->out, ", %g MHz, io %s\n", o->clock_mhz, o->io == NH_IO_STREAM ? "stream" : "parallel");
    fprintf(t->out, "%sconfig %.12s  model %.12s%s\n", on(t, DIM),
            f->provenance.config_sha ? f->provenance.config_sha : "",
            f->provenance.model_sha ? f->provenance.model_sha : "", on(t, OFF));
}

static void put_steps(table *t, const nh_report_facts *f) {
    static const char *const head[] = {"step", "state", "seconds"};
    if (f->n_step == 0) return;
    begin(t, "Steps", head, 3);
    for (int i = 0; i < f->n_step; i++) {
        const nh_step_fact *s = &f->step[i];
        if (s->state == NH_STEP_NOT_ASKED) continue;
        const char **r = add_row(t);
        r[0] = clean(t->a, s->name, MAX_NAME);
        r[1] = nh_step_state_text[s->state];
        r[2] = s->state == NH_STEP_DONE || s->state == NH_STEP_FAILED
                   ? nh_arena_printf(t->a, "%.2f", s->seconds)
                   : "";
    }
    end(t);
    for (int i = 0; i < f->n_step; i++)
        if ((f->step[i].state == NH_STEP_SKIPPED || f->step[i].state == NH_STEP_FAILED) && f->step[i].why)
            fprintf(t->out, "  %s %s: %s\n", f->step[i].name, nh_step_state_text[f->step[i].state],
                    clean(t->a, f->step[i].why, 80));
}

static void put_units(table *t, const nh_report_facts *f) {
    static const char *const head[] = {"unit",    "strategy", "lanes",        "R",
                                       "II plan", "II",       "latency plan", "latency"};
    const nh_design *g = f->design;
    begin(t, "Units (cycles, plan against measured)", head, 8);
    for (int u = 0; u < g->n_unit; u++) {
        const nh_unit *unit = &g->unit[u];
        const nh_cycles_fact *c = nh_unit_cycles(f, unit);
        const char **r = add_row(t);
        r[0] = clean(t->a, unit->id, MAX_NAME);
        r[1] = unit->strategy == NH_STRATEGY_DISTRIBUTED_ARITHMETIC ? "distributed"
                                                                    : nh_strategy_text(unit->strategy);
        r[2] = unit->kind == NH_UNIT_MAC
                   ? nh_arena_printf(t->a, "%" PRId64 "x%" PRId64, unit->mac.out_lanes, unit->mac.in_lanes)
                   : "-";
        r[3] = count(t->a, unit->reuse_factor);
        r[4] = count(t->a, unit->ii_cycles);
        r[5] = c ? nh_arena_printf(t->a, "%.6g", c->measured_ii) : "-";
        r[6] = count(t->a, unit->latency_cycles);
        r[7] = c ? count(t->a, c->measured_latency) : "-";
    }
    const char **r = add_row(t);
    bool rtl = f->sim.ran && f->sim.runs > 0;
    r[0] = "total";
    r[4] = count(t->a, g->ii_cycles);
    r[5] = rtl ? nh_arena_printf(t->a, "%.6g", f->sim.measured_ii) : "-";
    r[6] = count(t->a, g->latency_cycles);
    r[7] = rtl ? count(t->a, f->sim.measured_latency) : "-";
    end(t);
}

static const char *estimate_and_count(nh_arena *a, int64_t estimate, const nh_cells *c, int64_t counted) {
    return c ? nh_arena_printf(a, "%" PRId64 " / %" PRId64, estimate, counted)
             : nh_arena_printf(a, "%" PRId64 " / -", estimate);
}

static const char *capacity(nh_arena *a, int64_t v) {
    return v > 0 ? count(a, v) : "-";
}

static void put_resources(table *t, const nh_report_facts *f) {
    static const char *const head[] = {"", "LUT", "FF", "BRAM", "DSP"};
    const nh_target *g = &f->design->opt->target;
    int n;
    const nh_resource_row *row = nh_resource_rows(t->a, f, &n);
    begin(t, "Resources (estimate / counted by Yosys)", head, 5);
    for (int i = 0; i < n; i++) {
        const nh_cells *c = row[i].counted;
        const char **r = add_row(t);
        r[0] = clean(t->a, row[i].name, MAX_NAME);
        r[1] = estimate_and_count(t->a, row[i].estimate.luts, c, c ? c->luts : 0);
        r[2] = estimate_and_count(t->a, row[i].estimate.ffs, c, c ? c->ffs : 0);
        r[3] = estimate_and_count(t->a, row[i].estimate.brams, c, c ? c->brams : 0);
        r[4] = estimate_and_count(t->a, row[i].estimate.dsps, c, c ? c->dsps : 0);
    }
    const nh_pnr_facts *p = &f->pnr;
    if (p->ran) {
        const char **r = add_row(t);
        r[0] = "placed by nextpnr";
        r[1] = count(t->a, p->luts);
        r[3] = count(t->a, p->brams);
        r[4] = count(t->a, p->dsps);
    }
    const char **r = add_row(t);
    r[0] = nh_arena_printf(t->a, "%s has", g->name ? g->name : "the target");
    r[1] = capacity(t->a, g->luts);
    r[2] = capacity(t->a, g->ffs);
    r[3] = capacity(t->a, g->brams);
    r[4] = capacity(t->a, g->dsps);
    end(t);
    if (!p->ran) return;
    fprintf(t->out, "  place and route: %s%s%s", p->fits ? on(t, GREEN) : on(t, RED),
            p->fits ? "fits" : "does not fit", on(t, OFF));
    if (p->fits) fprintf(t->out, ", %.2f MHz", p->fmax_mhz);
    if (p->bitstream) fprintf(t->out, ", bitstream %s", clean(t->a, p->bitstream, 60));
    fprintf(t->out, "\n");
    if (p->wrapper) fprintf(t->out, "  pins: %s\n", clean(t->a, p->wrapper, 90));
}

static void put_match(table *t, const nh_sim_facts *s) {
    if (s->runs == 0) {
        fprintf(t->out, "  C = RTL       %snot checked%s\n", on(t, RED), on(t, OFF));
        return;
    }
    fprintf(t->out,
            "  C = RTL       %s%" PRId64 " of %" PRId64 " elements differ%s, %" PRId64 " samples in %" PRId64
            " runs (%" PRId64 " with stalls)\n",
            s->mismatches ? on(t, RED) : on(t, GREEN), s->mismatches, s->compared, on(t, OFF), s->samples,
            s->runs, s->stalled_runs);
    const char *step = s->steps > 1 ? nh_arena_printf(t->a, ", step %" PRId64, s->first.step) : "";
    if (s->mismatches)
        fprintf(t->out,
                "  first         sample %" PRId64 "%s, layer %s, element %" PRId64 ", cycle %" PRId64
                ": expected %" PRId64 ", got %" PRId64 "\n",
                s->first.sample, step, clean(t->a, s->first.layer, MAX_NAME), s->first.element, s->first.cycle,
                s->first.expected, s->first.got);
}

static void put_drift(table *t, const nh_sim_facts *s) {
    static const char *const head[] = {"layer", "max error", "mean error", "SQNR dB", "overflowed"};
    if (s->n_drift == 0) return;
    begin(t, "Drift, float against fixed point", head, 5);
    for (int i = 0; i < s->n_drift; i++) {
        const nh_drift_fact *d = &s->drift[i];
        const char **r = add_row(t);
        r[0] = clean(t->a, d->layer, MAX_NAME);
        r[1] = nh_arena_printf(t->a, "%.3g", d->max_abs);
        r[2] = nh_arena_printf(t->a, "%.3g", d->mean_abs);
        r[3] = isfinite(d->sqnr_db) ? nh_arena_printf(t->a, "%.1f", d->sqnr_db) : "exact";
        r[4] = d->overflowed ? nh_arena_printf(t->a, "%" PRIu64 " of %" PRIu64, d->overflowed, d->n) : "0";
    }
    end(t);
}

static void put_sim(table *t, const nh_report_facts *f) {
    const nh_sim_facts *s = &f->sim;
    if (!s->ran) return;
    fprintf(t->out, "\n%sCo-simulation%s\n", on(t, BOLD), on(t, OFF));
    put_match(t, s);
    if (s->acc_float >= 0)
        fprintf(t->out, "  accuracy      float %s, fixed point %s, RTL %s\n", percent(t->a, s->acc_float),
                percent(t->a, s->acc_fixed), percent(t->a, s->acc_rtl));
    if (s->agree_float_fixed > 0)
        fprintf(t->out, "  same class    float and fixed point agree on %s\n",
                percent(t->a, s->agree_float_fixed));
    if (s->input_overflowed)
        fprintf(t->out, "  inputs        %" PRIu64 " of %" PRIu64 " were outside the input format\n",
                s->input_overflowed, s->input_n);
    fprintf(t->out, "  speed         C kernels %.0f inferences/s", s->fixed_per_second);
    if (s->runs > 0) fprintf(t->out, ", RTL simulation %.0f cycles/s", s->rtl_cycles_per_second);
    fprintf(t->out, "\n");
    for (int i = 0; i < s->n_fifo; i++)
        fprintf(t->out, "  fifo %s: at most %" PRId64 " of %" PRId64 " words\n",
                clean(t->a, s->fifo[i].name, MAX_NAME), s->fifo[i].high_water, s->fifo[i].depth);
    if (s->waves) fprintf(t->out, "  waves         %s\n", clean(t->a, s->waves, 80));
    put_drift(t, s);
}

static void put_requirements(table *t, const nh_report_facts *f) {
    static const char *const head[] = {"requirement", "required", "measured", ""};
    if (f->n_requirement == 0) return;
    begin(t, "Requirements", head, 4);
    for (int i = 0; i < f->n_requirement; i++) {
        const char **r = add_row(t);
        bool known = f->requirement[i].known;
        r[0] = clean(t->a, f->requirement[i].name, MAX_NAME);
        r[1] = clean(t->a, f->requirement[i].required, 32);
        r[2] = known ? clean(t->a, f->requirement[i].measured, 32) : "not measured";
        r[3] = !known ? "?" : f->requirement[i].met ? "met" : "MISSED";
    }
    end(t);
}

void nh_report_text(const nh_report_facts *f, bool color, FILE *out) {
    table t = {.a = nh_arena_new(), .out = out, .color = color};
    put_head(&t, f);
    put_steps(&t, f);
    put_units(&t, f);
    put_resources(&t, f);
    put_sim(&t, f);
    put_requirements(&t, f);
    if (f->diag && f->diag->n_warning)
        fprintf(out, "\n%zu warning%s, see above or report.json\n", f->diag->n_warning,
                f->diag->n_warning > 1 ? "s" : "");
    nh_arena_free(t.a);
}
