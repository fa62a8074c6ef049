#include "image_file.h"

nh_exit nh_cmd_disasm(nh_cli *c) {
    const nh_image *m = nh_image_open(c, c->arg[0]);
    if (m) nh_image_print(m, stdout);
    return nh_cli_finish(c);
}
