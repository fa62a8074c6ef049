/* The configuration's require: section against what was measured. */
#include <math.h>
#include <string.h>

#include "run.h"
#include "verdict.h"

bool nh_has_pnr(const nh_target *t) { return *t->device != '\0'; }

unsigned nh_required_steps(const nh_options *o) {
    unsigned steps = 0;
    if (o->require.max_accuracy_drop >= 0 || o->require.min_sqnr_db >= 0 || o->require.max_error >= 0 ||
        o->require.min_agreement >= 0)
        steps |= 1U << NH_STEP_SIM;
    if (o->require.min_fmax_mhz > 0) steps |= 1U << NH_STEP_PNR;
    if (o->require.fit) steps |= 1U << (nh_has_pnr(&o->target) ? NH_STEP_PNR : NH_STEP_SYNTH);
    return steps;
}

/* known: it was measured; met: it holds. Returns whether the user must hear that it does not. */
static bool add(nh_session *r, const char *name, const char *required, const char *measured, bool known, bool met) {
    int i = r->facts.n_requirement++;
    r->facts.requirement[i].name = name;
    r->facts.requirement[i].required = required;
    r->facts.requirement[i].measured = measured;
    r->facts.requirement[i].known = known;
    r->facts.requirement[i].met = known && met;
    return known && !met;
}

bool nh_check_fabric_match(nh_session *r) {
    const nh_fabric_facts *f = &r->facts.fabric;
    if (f->rtl_differing == 0) return true;
    return nh_report(r->diag, NH_P_FABRIC_DIFFERS, NH_NOWHERE, "the RTL is not as the C model: %s", f->rtl_first);
}

static void check_match(nh_session *r) {
    const nh_sim_facts *s = &r->facts.sim;
    nh_arena *a = r->arena;
    if (!s->ran || s->compared == 0) return;
    const char *measured = nh_arena_printf(a, "%lld of %lld differ", (long long)s->mismatches, (long long)s->compared);
    if (!add(r, "C = RTL", "0 differ", measured, true, s->mismatches == 0)) return;
    if (nh_run_fabric_part(r)) {
        nh_check_fabric_match(r);
        return;
    }
    const nh_mismatch *m = &s->first;
    nh_report(r->diag, NH_R_MISMATCH, NH_NOWHERE,
              "%lld of %lld elements differ; the first: sample %lld, element %lld, cycle %lld",
              (long long)s->mismatches, (long long)s->compared, (long long)m->sample, (long long)m->element,
              (long long)m->cycle);
    nh_diag_layer(r->diag, m->layer ? m->layer : "output");
    nh_diag_found(r->diag, "%lld", (long long)m->got);
    nh_diag_allowed(r->diag, "%lld", (long long)m->expected);
}

static void check_accuracy(nh_session *r) {
    double most = r->opt->require.max_accuracy_drop;
    const nh_sim_facts *s = &r->facts.sim;
    nh_arena *a = r->arena;
    if (most < 0) return;
    bool known = s->ran && s->acc_float >= 0 && s->acc_fixed >= 0;
    double drop = known ? s->acc_float - s->acc_fixed : 0;
    const char *required = nh_arena_printf(a, "at most %.3g%%", 100 * most);
    const char *measured = known ? nh_arena_printf(a, "%.3g%%", 100 * drop) : "";
    /* Accuracies are quotients of counts: equal up to rounding counts as equal. */
    if (!add(r, "accuracy drop", required, measured, known, drop <= most + 1e-12)) return;
    nh_report(r->diag, NH_R_ACCURACY, r->opt->require.accuracy_at,
              "the accuracy drops by %.3g points, from %.2f%% to %.2f%%", 100 * drop, 100 * s->acc_float,
              100 * s->acc_fixed);
    nh_diag_allowed(r->diag, "%s", required);
}

/* What all three of fixed point against float say when they are missed. */
static void say_drift(nh_session *r, nh_code code, nh_loc at, const char *what, const char *measured,
                      const char *required) {
    nh_verdict v = nh_judge_drift(r->arena, &r->facts);
    nh_report(r->diag, code, at, "%s: %s", what, measured);
    nh_diag_allowed(r->diag, "%s", required);
    if (v.remedy) nh_diag_hint(r->diag, "%s", v.remedy);
}

static void check_sqnr(nh_session *r) {
    double least = r->opt->require.min_sqnr_db;
    const nh_error_fact *e = &r->facts.sim.output.fixed;
    nh_arena *a = r->arena;
    if (least < 0) return;
    bool known = r->facts.sim.ran && e->n > 0;
    const char *required = nh_arena_printf(a, "at least %.6g dB", least);
    const char *measured = isfinite(e->sqnr_db) ? nh_arena_printf(a, "%.1f dB", e->sqnr_db)
                           : e->sqnr_db > 0     ? "exact"
                                                : "no signal";
    if (add(r, "output SQNR", required, known ? measured : "", known, e->sqnr_db >= least))
        say_drift(r, NH_R_SQNR, r->opt->require.sqnr_at, "the SQNR of the outputs is too low", measured, required);
}

static void check_error(nh_session *r) {
    double most = r->opt->require.max_error;
    const nh_error_fact *e = &r->facts.sim.output.fixed;
    nh_arena *a = r->arena;
    if (most < 0) return;
    bool known = r->facts.sim.ran && e->n > 0;
    const char *required = nh_arena_printf(a, "at most %.6g", most), *measured = nh_arena_printf(a, "%.4g", e->max_abs);
    if (add(r, "output error", required, known ? measured : "", known, e->max_abs <= most))
        say_drift(r, NH_R_ERROR, r->opt->require.error_at, "an output is further from float than allowed", measured,
                  required);
}

static void check_agreement(nh_session *r) {
    double least = r->opt->require.min_agreement;
    const nh_sim_facts *s = &r->facts.sim;
    nh_arena *a = r->arena;
    if (least < 0) return;
    bool known = s->ran && s->agree_float_fixed >= 0;
    const char *required = nh_arena_printf(a, "at least %.6g%%", 100 * least),
               *measured = nh_arena_printf(a, "%.4g%%", 100 * s->agree_float_fixed);
    if (add(r, "same class", required, known ? measured : "", known, s->agree_float_fixed >= least - 1e-12))
        say_drift(r, NH_R_AGREEMENT, r->opt->require.agreement_at,
                  "float and fixed point give the same class less often than required", measured, required);
}

static void check_fmax(nh_session *r) {
    double least = r->opt->require.min_fmax_mhz;
    const nh_pnr_facts *p = &r->facts.pnr;
    nh_arena *a = r->arena;
    if (least <= 0) return;
    bool known = p->ran && p->fits;
    const char *required = nh_arena_printf(a, "at least %.6g MHz", least);
    const char *measured = known ? nh_arena_printf(a, "%.2f MHz", p->fmax_mhz) : "";
    if (!add(r, "fmax", required, measured, known, p->fmax_mhz >= least)) return;
    nh_report(r->diag, NH_R_FMAX, r->opt->require.fmax_at, "the clock reaches %.2f MHz", p->fmax_mhz);
    nh_diag_allowed(r->diag, "%s", required);
    nh_diag_hint(r->diag, "a higher clock_mhz makes neurohls pipeline more finely");
}

typedef struct {
    const char *name;
    int64_t needed, available;
} resource;

/* The resource that is exceeded most; NULL name: none. */
static resource worst(const resource *list, size_t n) {
    resource w = {NULL, 0, 0};
    double most = 1;
    for (size_t i = 0; i < n; i++) {
        if (list[i].available <= 0 || (double)list[i].needed / (double)list[i].available <= most) continue;
        most = (double)list[i].needed / (double)list[i].available;
        w = list[i];
    }
    return w;
}

static resource worst_measured(const nh_session *r) {
    const nh_target *t = &r->opt->target;
    const nh_pnr_facts *p = &r->facts.pnr;
    if (p->ran) {
        const resource list[] = {{"logic cells", p->luts, p->luts_total},
                                 {"block RAMs", p->brams, p->brams_total},
                                 {"DSP blocks", p->dsps, p->dsps_total},
                                 {"pins", p->ios, p->ios_total}};
        return worst(list, sizeof list / sizeof *list);
    }
    const nh_synth_facts *s = &r->facts.synth;
    const nh_cells *c = &s->cells[s->n_unit - 1];
    const resource list[] = {{"LUTs", c->luts, t->luts},
                             {"flip-flops", c->ffs, t->ffs},
                             {"block RAMs", c->brams, t->brams},
                             {"DSP blocks", c->dsps, t->dsps}};
    return worst(list, sizeof list / sizeof *list);
}

static void check_fit(nh_session *r) {
    const nh_pnr_facts *p = &r->facts.pnr;
    if (!r->opt->require.fit) return;
    bool known = p->ran || (r->facts.synth.ran && r->facts.synth.n_unit > 0);
    resource w = known ? worst_measured(r) : (resource){NULL, 0, 0};
    bool met = p->ran ? p->fits : !w.name;
    const char *measured =
        !known   ? ""
        : met    ? "it fits"
        : w.name ? nh_arena_printf(r->arena, "%s: %lld of %lld", w.name, (long long)w.needed, (long long)w.available)
                 : "it does not fit";
    if (!add(r, "fit", r->opt->target.name, measured, known, met)) return;
    nh_report(r->diag, NH_R_FIT, r->opt->require.fit_at, "the design does not fit %s", r->opt->target.name);
    nh_diag_found(r->diag, "%s", measured);
    nh_diag_hint(r->diag, nh_run_fabric_part(r)
                              ? "fewer or smaller cores (fabric: mesh, lanes, neurons, axons, synapse_kib) need less"
                              : "a larger reuse_factor or narrower weights need less");
}

void nh_check_estimate(nh_session *r) {
    const nh_target *t = &r->opt->target;
    const nh_resources *e = &r->design->estimate;
    const resource list[] = {{"LUTs", e->luts, t->luts},
                             {"flip-flops", e->ffs, t->ffs},
                             {"block RAMs", e->brams, t->brams},
                             {"DSP blocks", e->dsps, t->dsps}};
    resource w = worst(list, sizeof list / sizeof *list);
    if (!r->opt->require.fit || !w.name || nh_run_fabric_part(r)) return;
    nh_report(r->diag, NH_R_ESTIMATE, r->opt->require.fit_at, "%s may not suffice: about %lld of %lld %s", t->name,
              (long long)w.needed, (long long)w.available, w.name);
    nh_diag_hint(r->diag, "a larger reuse_factor or narrower weights need less; neurohls synth counts exactly");
}

void nh_check_requirements(nh_session *r) {
    static const char *const where[] = {"neurohls sim", "neurohls synth"};
    check_match(r);
    int first = r->facts.n_requirement;
    check_accuracy(r);
    check_agreement(r);
    check_sqnr(r);
    check_error(r);
    int n_sim = r->facts.n_requirement;
    check_fmax(r);
    check_fit(r);
    for (int i = first; i < r->facts.n_requirement; i++) {
        if (r->facts.requirement[i].known) continue;
        bool by_sim = i < n_sim;
        unsigned steps = nh_required_steps(r->opt) & (by_sim ? 1U << NH_STEP_SIM : ~(1U << NH_STEP_SIM));
        bool skipped = false; /* asked for and skipped: an error; not asked for: nothing to say */
        for (int s = 0; s < r->facts.n_step; s++)
            if (steps >> s & 1 && r->facts.step[s].state == NH_STEP_SKIPPED) skipped = true;
        if (!skipped) continue;
        nh_report(r->diag, NH_R_UNMEASURED, NH_NOWHERE, "the requirement '%s' could not be measured",
                  r->facts.requirement[i].name);
        nh_diag_hint(r->diag, "%s measures it; neurohls doctor says what is missing", where[by_sim ? 0 : 1]);
    }
}
