/* map: the plan of a network on a fabric, its image, and both simulations, without a report. */
#include "fabric_measured.h"
#include "file.h"
#include "map_report.h"
#include "session.h"

/* The RTL against the C model, in a folder that does not stay. */
static bool check_rtl(const nh_cli *c, nh_session *r, const nh_part *part) {
    char *stage = nh_stage_dir(r->arena, r->diag, nh_path_join(r->arena, r->out, "map_sim"));
    bool ok = stage && nh_run_fabric_rtl_print(r, part, nh_run_folder(r, NH_STEP_RTL), stage, nh_cli_tables(c));
    if (stage) nh_discard(stage);
    return ok;
}

static bool run_all(const nh_cli *c, nh_session *r, const nh_part *part) {
    nh_step_plan plan = {.wanted = 1U << NH_STEP_MAP | 1U << NH_STEP_RTL};
    return nh_run_fabric(r, part, nh_cli_tables(c)) && nh_run_only_steps(r, plan) && check_rtl(c, r, part);
}

nh_exit nh_cmd_map(nh_cli *c) {
    nh_session r;
    bool ok = nh_cli_load(c, &r, c->arg[0]);
    const nh_part *part = nh_run_fabric_part(&r);
    if (!ok && !part) return nh_cli_finish(c);
    if (!nh_parts_only(r.parts)) {
        nh_cli_print_part_maps(c, &r);
        return nh_cli_finish(c);
    }
    if (!part) {
        nh_report(c->diag, NH_P_NO_EVENT, r.opt->defaults.strategy_at,
                  "nothing is on a fabric: no layer has strategy: event");
        nh_diag_hint(c->diag, "defaults: { strategy: event } and fabric: { limits: loihi2-like }");
        return nh_cli_finish(c);
    }
    if (c->flag.verbose && part->plan) nh_map_print_seconds(part->plan, stderr);
    if (!c->flag.json) nh_cli_print_map(c, part);
    ok = ok && run_all(c, &r, part);
    if (c->flag.json && part->plan) /* with what was measured: at the end */
        fputs(nh_fabric_measured_json(c->arena, nh_map_json(c->arena, part->plan, part->net, part->fabric),
                                      r.fabric_rtl, r.facts.fabric.rtl_samples),
              stdout);
    if (ok && !c->flag.quiet)
        fprintf(c->flag.json ? stderr : stdout, "image: %s/%s.img; run it: neurohls run %s/%s.img\n",
                nh_run_folder(&r, NH_STEP_MAP), r.opt->project, nh_run_folder(&r, NH_STEP_MAP), r.opt->project);
    return nh_cli_finish(c);
}
