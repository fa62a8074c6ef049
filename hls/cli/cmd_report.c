#include "file.h"
#include "session.h"

nh_exit nh_cmd_report(nh_cli *c) {
    nh_bytes text;
    nh_options *o = nh_config_read(c->arena, c->diag, c->arg[0]);
    if (!o) return nh_cli_finish(c);
    const char *out = c->flag.out ? c->flag.out : nh_arena_printf(c->arena, "build/%s", o->project);
    const char *path = nh_path_join(c->arena, out, c->flag.json ? "report.json" : "report.txt");
    if (!nh_file_exists(path)) {
        nh_report(c->diag, NH_O_NO_REPORT, NH_NOWHERE, "there is no '%s'", path);
        nh_diag_hint(c->diag, "neurohls build %s", c->arg[0]);
    } else if (nh_file_read(c->arena, c->diag, NH_NOWHERE, path, NH_ARENA_ARRAY_MAX, &text)) {
        fwrite(text.data, 1, text.size, stdout);
    }
    return nh_cli_finish(c);
}
