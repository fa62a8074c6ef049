#include "image_file.h"

nh_exit nh_cmd_disasm(nh_cli *c) {
    int64_t limit = INT64_MAX;
    if (!nh_flag_number(c, "limit", c->flag.limit, 0, &limit)) return nh_cli_finish(c);
    const nh_image *m = nh_image_open(c, c->arg[0]);
    if (m) nh_image_list(m, limit, stdout);
    return nh_cli_finish(c);
}
