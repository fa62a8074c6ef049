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
    bool ok = nh_cli_load(c, &r, c->arg[0]);
    const nh_part *fabric = nh_run_fabric_part(&r);
    if (fabric) nh_cli_print_map(c, fabric);
    if (!ok || fabric || c->flag.dump_after) return nh_cli_finish(c);
    nh_check_estimate(&r);
    if (c->flag.json)
        nh_plan_json(&r, stdout);
    else if (!c->flag.quiet)
        nh_plan_text(&r, stdout);
    return nh_cli_finish(c);
}
