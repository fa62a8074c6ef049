/* The terminal's report: the figures that decide, in tables of at most 100 columns. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "text_parts.h"
#include "verdict.h"

static void put_head(nh_text_table *t, const nh_report_facts *f) {
    const nh_options *o = f->design->opt;
    const nh_target *g = &o->target;
    fprintf(t->out, "%sneurohls %s: %s%s for %s", nh_text_on(t, NH_BOLD),
            f->provenance.version ? f->provenance.version : "", o->project, nh_text_on(t, NH_OFF),
            g->name ? g->name : "");
    if (g->family)
        fprintf(t->out, " (%s%s%s%s%s)", g->family, g->device && *g->device ? " " : "", g->device ? g->device : "",
                g->package && *g->package ? " " : "", g->package ? g->package : "");
    fprintf(t->out, ", %g MHz, io %s\n", o->clock_mhz, o->io == NH_IO_STREAM ? "stream" : "parallel");
    fprintf(t->out, "%sconfig %.12s  model %.12s%s\n", nh_text_on(t, NH_DIM),
            f->provenance.config_sha ? f->provenance.config_sha : "",
            f->provenance.model_sha ? f->provenance.model_sha : "", nh_text_on(t, NH_OFF));
}

/* What the user must know before everything else. */
static void put_verdict(nh_text_table *t, const nh_report_facts *f) {
    nh_verdict v = nh_judge_drift(t->a, f);
    if (!v.is_far) return;
    fprintf(t->out, "%s%sFixed point is far from float: %s%s\n", nh_text_on(t, NH_YELLOW), nh_text_on(t, NH_BOLD),
            v.reasons, nh_text_on(t, NH_OFF));
    if (v.layer)
        fprintf(t->out, "%s  begins in  %s: %s%s\n", nh_text_on(t, NH_YELLOW),
                nh_text_clean(t->a, v.layer, NH_TEXT_NAME), v.where, nh_text_on(t, NH_OFF));
    if (v.cause)
        fprintf(t->out, "%s  cause      %s%s\n", nh_text_on(t, NH_YELLOW), nh_text_clean(t->a, v.cause, NH_TEXT_LINE),
                nh_text_on(t, NH_OFF));
    if (v.remedy)
        fprintf(t->out, "%s  try        %s%s\n", nh_text_on(t, NH_YELLOW), nh_text_clean(t->a, v.remedy, NH_TEXT_LINE),
                nh_text_on(t, NH_OFF));
}

static void put_steps(nh_text_table *t, const nh_report_facts *f) {
    static const char *const head[] = {"step", "state", "seconds"};
    if (f->n_step == 0) return;
    nh_text_begin(t, "Steps", head, 3);
    for (int i = 0; i < f->n_step; i++) {
        const nh_step_fact *s = &f->step[i];
        if (s->state == NH_STEP_NOT_ASKED) continue;
        const char **r = nh_text_row(t);
        r[0] = nh_text_clean(t->a, s->name, NH_TEXT_NAME);
        r[1] = nh_step_state_text[s->state];
        r[2] = s->state == NH_STEP_DONE || s->state == NH_STEP_FAILED ? nh_arena_printf(t->a, "%.2f", s->seconds) : "";
    }
    nh_text_end(t);
    for (int i = 0; i < f->n_step; i++)
        if ((f->step[i].state == NH_STEP_SKIPPED || f->step[i].state == NH_STEP_FAILED) && f->step[i].why)
            fprintf(t->out, "  %s %s: %s\n", f->step[i].name, nh_step_state_text[f->step[i].state],
                    nh_text_clean(t->a, f->step[i].why, 80));
}

/* An inference of a network with time steps is all steps of a sample. */
static void put_inference(nh_text_table *t, const nh_report_facts *f) {
    const nh_design *g = f->design;
    bool rtl = f->sim.ran && f->sim.runs > 0;
    double cycles = (rtl ? f->sim.measured_ii : (double)g->ii_cycles) * (double)g->steps;
    fprintf(t->out, "  an inference: %" PRId64 " steps, %.6g cycles %s", g->steps, cycles,
            rtl ? "measured" : "planned");
    if (cycles > 0 && g->opt->clock_mhz > 0)
        fprintf(t->out, ", %.6g inferences/s at %g MHz", 1e6 * g->opt->clock_mhz / cycles, g->opt->clock_mhz);
    fprintf(t->out, "\n");
}

static void put_units(nh_text_table *t, const nh_report_facts *f) {
    static const char *const head[] = {"unit", "strategy", "lanes", "R", "II plan", "II", "latency plan", "latency"};
    const nh_design *g = f->design;
    if (!nh_has_units(f)) return;
    nh_text_begin(t,
                  nh_design_has_steps(g) ? "Units (cycles of a time step, plan against measured)"
                                         : "Units (cycles, plan against measured)",
                  head, 8);
    for (int u = 0; u < g->n_unit; u++) {
        const nh_unit *unit = &g->unit[u];
        const nh_cycles_fact *c = nh_unit_cycles(f, unit);
        if (!nh_unit_is_built(f, unit)) continue;
        const char **r = nh_text_row(t);
        r[0] = nh_text_clean(t->a, unit->id, NH_TEXT_NAME);
        r[1] = unit->strategy == NH_STRATEGY_DISTRIBUTED_ARITHMETIC ? "distributed" : nh_strategy_text(unit->strategy);
        r[2] = nh_unit_lanes(t->a, unit);
        r[3] = nh_text_count(t->a, unit->reuse_factor);
        r[4] = nh_text_count(t->a, unit->ii_cycles);
        r[5] = c ? nh_arena_printf(t->a, "%.6g", c->measured_ii) : "-";
        r[6] = nh_text_count(t->a, unit->latency_cycles);
        r[7] =
            c && c->measured_latency >= 0 ? nh_text_count(t->a, c->measured_latency) : "-"; /* late delays run ahead */
    }
    if (f->n_part > 0) { /* each part has cycles of its own */
        nh_text_end(t);
        return;
    }
    const char **r = nh_text_row(t);
    bool rtl = f->sim.ran && f->sim.runs > 0;
    r[0] = "total";
    r[4] = nh_text_count(t->a, g->ii_cycles);
    r[5] = rtl ? nh_arena_printf(t->a, "%.6g", f->sim.measured_ii) : "-";
    r[6] = nh_text_count(t->a, g->latency_cycles);
    r[7] = rtl ? nh_text_count(t->a, f->sim.measured_latency) : "-";
    nh_text_end(t);
    if (nh_design_has_steps(g)) put_inference(t, f);
}

static const char *estimate_and_count(nh_arena *a, bool estimated, int64_t estimate, const nh_cells *c,
                                      int64_t counted) {
    if (!estimated) return c ? nh_text_count(a, counted) : "-";
    return c ? nh_arena_printf(a, "%" PRId64 " / %" PRId64, estimate, counted)
             : nh_arena_printf(a, "%" PRId64 " / -", estimate);
}

static const char *capacity(nh_arena *a, int64_t v) { return v > 0 ? nh_text_count(a, v) : "-"; }

static void put_resources(nh_text_table *t, const nh_report_facts *f) {
    static const char *const head[] = {"", "LUT", "FF", "BRAM", "DSP"};
    const nh_target *g = &f->design->opt->target;
    int n;
    const nh_resource_row *row = nh_resource_rows(t->a, f, &n);
    bool any = !nh_report_on_fabric(f);
    nh_text_begin(t, any ? "Resources (estimate / counted by Yosys)" : "Resources (counted by Yosys)", head, 5);
    for (int i = 0; i < n; i++) {
        const nh_cells *c = row[i].counted;
        bool estimated = row[i].is_estimated;
        const char **r = nh_text_row(t);
        r[0] = nh_text_clean(t->a, row[i].name, NH_TEXT_NAME);
        r[1] = estimate_and_count(t->a, estimated, row[i].estimate.luts, c, c ? c->luts : 0);
        r[2] = estimate_and_count(t->a, estimated, row[i].estimate.ffs, c, c ? c->ffs : 0);
        r[3] = estimate_and_count(t->a, estimated, row[i].estimate.brams, c, c ? c->brams : 0);
        r[4] = estimate_and_count(t->a, estimated, row[i].estimate.dsps, c, c ? c->dsps : 0);
    }
    const nh_pnr_facts *p = &f->pnr;
    if (p->ran) {
        const char **r = nh_text_row(t);
        r[0] = "placed by nextpnr";
        r[1] = nh_text_count(t->a, p->luts);
        r[3] = nh_text_count(t->a, p->brams);
        r[4] = nh_text_count(t->a, p->dsps);
    }
    const char **r = nh_text_row(t);
    r[0] = nh_arena_printf(t->a, "%s has", g->name ? g->name : "the target");
    r[1] = capacity(t->a, g->luts);
    r[2] = capacity(t->a, g->ffs);
    r[3] = capacity(t->a, g->brams);
    r[4] = capacity(t->a, g->dsps);
    nh_text_end(t);
    bool fits;
    const char *fit = nh_fit_text(t->a, f, &fits);
    if (fit) fprintf(t->out, "  %s%s%s\n", nh_text_on(t, fits ? NH_GREEN : NH_RED), fit, nh_text_on(t, NH_OFF));
    if (!p->ran) return;
    fprintf(t->out, "  place and route: %s%s%s", p->fits ? nh_text_on(t, NH_GREEN) : nh_text_on(t, NH_RED),
            p->fits ? "fits" : "does not fit", nh_text_on(t, NH_OFF));
    if (p->fits)
        fprintf(t->out, ", %.2f MHz", p->fmax_mhz);
    else if (nh_pnr_lack(t->a, p))
        fprintf(t->out, ": %s", nh_pnr_lack(t->a, p));
    if (p->bitstream) fprintf(t->out, ", bitstream %s", nh_text_clean(t->a, p->bitstream, 60));
    fprintf(t->out, "\n");
    if (p->wrapper) fprintf(t->out, "  pins: %s\n", nh_text_clean(t->a, p->wrapper, 90));
}

static void put_match(nh_text_table *t, const nh_sim_facts *s, bool rtl) {
    if (s->runs == 0) {
        if (!rtl)
            fprintf(t->out, "  C = RTL       not simulated (simulate: rtl: false)\n");
        else
            fprintf(t->out, "  C = RTL       %snot checked%s\n", nh_text_on(t, NH_RED), nh_text_on(t, NH_OFF));
        return;
    }
    fprintf(t->out,
            "  C = RTL       %s%" PRId64 " of %" PRId64 " elements differ%s, %" PRId64 " samples in %" PRId64
            " runs (%" PRId64 " with stalls)\n",
            s->mismatches ? nh_text_on(t, NH_RED) : nh_text_on(t, NH_GREEN), s->mismatches, s->compared,
            nh_text_on(t, NH_OFF), s->samples, s->runs, s->stalled_runs);
    const char *step = s->steps > 1 ? nh_arena_printf(t->a, ", step %" PRId64, s->first.step) : "";
    if (s->mismatches)
        fprintf(t->out,
                "  first         sample %" PRId64 "%s, layer %s, element %" PRId64 ", cycle %" PRId64
                ": expected %" PRId64 ", got %" PRId64 "\n",
                s->first.sample, step, nh_text_clean(t->a, s->first.layer, NH_TEXT_NAME), s->first.element,
                s->first.cycle, s->first.expected, s->first.got);
}

static void put_drift(nh_text_table *t, const nh_report_facts *f) {
    static const char *const head[] = {"layer", "max error", "mean error", "SQNR dB", "outside the format"};
    const nh_sim_facts *s = &f->sim;
    if (s->n_drift == 0) return;
    nh_text_begin(t, "Drift, float against fixed point", head, 5);
    for (int i = 0; i < s->n_drift; i++) {
        const nh_drift_fact *d = &s->drift[i];
        const char **r = nh_text_row(t);
        r[0] = nh_text_clean(t->a, d->layer, NH_TEXT_NAME);
        r[1] = nh_arena_printf(t->a, "%.3g", d->max_abs);
        r[2] = nh_arena_printf(t->a, "%.3g", d->mean_abs);
        r[3] = isfinite(d->sqnr_db) ? nh_arena_printf(t->a, "%.1f", d->sqnr_db) : "exact";
        r[4] = nh_overflow_text(t->a, f->design, d);
    }
    nh_text_end(t);
}

static void put_speed(nh_text_table *t, const nh_report_facts *f) {
    const nh_sim_facts *s = &f->sim;
    if (s->fixed_per_second <= 0) return; /* no kernels: the integer model */
    fprintf(t->out, "  speed         C kernels %.0f inferences/s", s->fixed_per_second);
    if (nh_design_has_steps(f->design)) fprintf(t->out, " (%.0f steps/s)", s->fixed_per_second * (double)s->steps);
    if (s->rtl_cycles_per_second > 0) fprintf(t->out, ", RTL simulation %.0f cycles/s", s->rtl_cycles_per_second);
    fprintf(t->out, "\n");
}

static void put_error(nh_text_table *t, const char *what, const nh_error_fact *e) {
    if (e->n == 0) return;
    fprintf(t->out, "  %-13s RMSE %.4g, R2 %s, relative error %s, at most %.4g\n", what, e->rmse,
            isfinite(e->r2) ? nh_arena_printf(t->a, "%.5f", e->r2) : "-",
            isfinite(e->relative) ? nh_arena_printf(t->a, "%.3g %%", 100 * e->relative) : "-", e->max_abs);
}

/* Classes agree, or numbers are close. */
static void put_outputs(nh_text_table *t, const nh_sim_facts *s) {
    const nh_output_fact *o = &s->output;
    if (s->agree_float_fixed >= 0)
        fprintf(t->out, "  same class    float and fixed point agree on %s\n",
                nh_text_percent(t->a, s->agree_float_fixed));
    if (o->is_class) return;
    put_error(t, "fixed, float", &o->fixed);
    put_error(t, "float, target", &o->target_float);
    put_error(t, "fixed, target", &o->target_fixed);
}

static void put_sim(nh_text_table *t, const nh_report_facts *f) {
    const nh_sim_facts *s = &f->sim;
    if (!s->ran) return;
    fprintf(t->out, "\n%sCo-simulation%s\n", nh_text_on(t, NH_BOLD), nh_text_on(t, NH_OFF));
    if (nh_report_on_fabric(f))
        nh_text_fabric_match(t, f);
    else
        put_match(t, s, f->design->opt->simulate.rtl);
    if (s->acc_float >= 0)
        fprintf(t->out, "  accuracy      float %s, fixed point %s, RTL %s\n", nh_text_percent(t->a, s->acc_float),
                nh_text_percent(t->a, s->acc_fixed), nh_text_percent(t->a, s->acc_rtl));
    put_outputs(t, s);
    if (s->input_overflowed)
        fprintf(t->out, "  inputs        %" PRIu64 " of %" PRIu64 " were outside the input format\n",
                s->input_overflowed, s->input_n);
    if (f->n_part == 0) put_speed(t, f);
    for (int i = 0; i < s->n_fifo; i++)
        fprintf(t->out, "  fifo %s: at most %" PRId64 " of %" PRId64 " words\n",
                nh_text_clean(t->a, s->fifo[i].name, NH_TEXT_NAME), s->fifo[i].high_water, s->fifo[i].depth);
    if (s->waves) fprintf(t->out, "  waves         %s\n", nh_text_clean(t->a, s->waves, 80));
    if (nh_report_on_fabric(f)) nh_text_cores(t, f);
    put_drift(t, f);
    nh_text_time(t, f);
}

static void put_requirements(nh_text_table *t, const nh_report_facts *f) {
    static const char *const head[] = {"requirement", "required", "measured", ""};
    if (f->n_requirement == 0) return;
    nh_text_begin(t, "Requirements", head, 4);
    for (int i = 0; i < f->n_requirement; i++) {
        const char **r = nh_text_row(t);
        bool known = f->requirement[i].known;
        r[0] = nh_text_clean(t->a, f->requirement[i].name, NH_TEXT_NAME);
        r[1] = nh_text_clean(t->a, f->requirement[i].required, 32);
        r[2] = known ? nh_text_clean(t->a, f->requirement[i].measured, 32) : "not measured";
        r[3] = !known ? "?" : f->requirement[i].met ? "met" : "MISSED";
    }
    nh_text_end(t);
}

void nh_report_text(const nh_report_facts *f, bool color, FILE *out) {
    nh_text_table t = {.a = nh_arena_new(), .out = out, .color = color};
    put_head(&t, f);
    put_verdict(&t, f);
    put_steps(&t, f);
    nh_text_places(&t, f);
    if (nh_report_on_fabric(f))
        nh_text_fabric(&t, f);
    else
        put_units(&t, f);
    put_resources(&t, f);
    put_sim(&t, f);
    put_requirements(&t, f);
    if (f->diag && f->diag->n_warning)
        fprintf(out, "\n%zu warning%s, see above or report.json\n", f->diag->n_warning,
                f->diag->n_warning > 1 ? "s" : "");
    nh_arena_free(t.a);
}
