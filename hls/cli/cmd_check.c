#include "session.h"

nh_exit nh_cmd_check(nh_cli *c) {
    nh_session r;
    if (c->flag.schema) {
        nh_config_schema(stdout);
        return NH_EXIT_OK;
    }
    if (c->n_arg == 0) {
        nh_report(c->diag, NH_O_USAGE, NH_NOWHERE, "check needs CONFIG or --schema");
        return nh_cli_finish(c);
    }
    if (!nh_cli_load(c, &r, c->arg[0])) return nh_cli_finish(c);
    if (nh_run_is_event(&r) && !c->flag.dump_after) {
        nh_run_map(&r);
        nh_cli_print_map(c, &r);
    }
    if (!r.design) return nh_cli_finish(c);
    nh_check_estimate(&r);
    if (c->flag.json)
        nh_plan_json(&r, stdout);
    else if (!c->flag.quiet)
        nh_plan_text(&r, stdout);
    return nh_cli_finish(c);
}
