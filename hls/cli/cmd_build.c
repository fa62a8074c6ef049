/* build, sim, synth: the same driver with other steps. */
#include "session.h"

static bool check_step(nh_cli *c, const char *option, const char *name) {
    if (!name || nh_step_find(name) >= 0) return true;
    const char *all[NH_STEP_COUNT];
    for (int s = 0; s < NH_STEP_COUNT; s++) all[s] = nh_step_name((nh_step_id)s);
    nh_report(c->diag, NH_O_USAGE, NH_NOWHERE, "--%s: there is no step '%s'", option, name);
    nh_diag_allowed(c->diag, "c, map, rtl, sim, synth, pnr, report");
    const char *near = nh_did_you_mean(name, all, NH_STEP_COUNT);
    if (near) nh_diag_hint(c->diag, "did you mean '%s'?", near);
    return false;
}

static bool prepare(nh_session *r, nh_cli *c) {
    bool until = check_step(c, "until", c->flag.until), from = check_step(c, "from", c->flag.from);
    if (!until || !from) return false;
    bool ok = nh_cli_load(c, r, c->arg[0]);
    const nh_part *fabric = nh_run_fabric_part(r);
    if (fabric && !fabric->image) nh_cli_print_map(c, fabric); /* what does not fit, and what would */
    return ok && !c->flag.dump_after;
}

static nh_exit run(nh_cli *c, unsigned wanted, unsigned named) {
    nh_session r;
    if (!prepare(&r, c)) return nh_cli_finish(c);
    if (named & 1U << NH_STEP_SYNTH && nh_has_pnr(&r.opt->target) && nh_parts_only(r.parts)) {
        wanted |= 1U << NH_STEP_PNR;
        named |= 1U << NH_STEP_PNR;
    }
    return nh_cli_steps(c, &r, (nh_step_plan){.wanted = wanted, .named = named});
}

nh_exit nh_cmd_build(nh_cli *c) {
    nh_session r;
    if (!prepare(&r, c)) return nh_cli_finish(c);
    int until = c->flag.until ? nh_step_find(c->flag.until) : NH_STEP_REPORT;
    nh_step_plan plan = {
        .wanted = (2U << until) - 1, .named = c->flag.until ? 1U << until : 0, .simulates_c = until == NH_STEP_C};
    return nh_cli_steps(c, &r, plan);
}

nh_exit nh_cmd_sim(nh_cli *c) {
    return run(c, 1U << NH_STEP_C | 1U << NH_STEP_MAP | 1U << NH_STEP_RTL | 1U << NH_STEP_SIM, 1U << NH_STEP_SIM);
}

nh_exit nh_cmd_synth(nh_cli *c) { return run(c, 1U << NH_STEP_RTL | 1U << NH_STEP_SYNTH, 1U << NH_STEP_SYNTH); }
