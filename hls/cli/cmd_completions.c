#include "cli.h"

nh_exit nh_cmd_completions(nh_cli *c) {
    if (nh_help_completions(c->arg[0], stdout)) return NH_EXIT_OK;
    nh_report(c->diag, NH_O_USAGE, NH_NOWHERE, "there are no completions for '%s'", c->arg[0]);
    nh_diag_allowed(c->diag, "bash, zsh, fish");
    return nh_cli_finish(c);
}
