/* Yosys as a service: read an RTL folder, run a script, leave a JSON netlist; and count what is in one. */
#ifndef NH_YOSYS_H
#define NH_YOSYS_H

#include "facts.h"
#include "options.h"
#include "tool.h"

typedef struct {
    const char *yosys;       /* path of the program */
    const char *rtl_dir;     /* yosys runs here, so that $readmemh finds its files */
    const char *work_dir;    /* gets <top>.ys, <top>.log, <top>.json */
    const char *const *more; /* further Verilog files, absolute paths */
    int n_more;
    bool keeps_modules; /* not flat: the netlist has the hierarchy of the source; files are <top>_modules.* then */
} nh_yosys;

/* Read every .v file that rtl_dir/files.f lists (one name per line) and the further ones, synthesize module `top` for
 * the target's family, flat unless said otherwise. The path of the JSON netlist, or NULL (NH_O_READ, NH_O_BUG, NH_T_*).
 * `top` is an identifier of ours; no other name reaches the script, files are given as arguments. */
char *nh_yosys_synth(nh_arena *a, nh_diag *d, const nh_yosys *y, const nh_target *t, const char *top);

/* Count the cells of module `top` in a JSON netlist, by the table of the target's family (cells.c). NH_T_FAILED when it
 * is not a netlist. */
bool nh_cells_count(nh_diag *d, const char *json_path, const nh_target *t, const char *top, nh_cells *out);

/* Instances in a module whose names begin alike, and all cells in and below them. */
typedef struct {
    const char *prefix;
    int n;
    nh_cells cells;
} nh_cells_group;
/* Count groups of instances in module `top` of a netlist that keeps its modules. NH_T_FAILED when it is not a netlist.
 */
bool nh_cells_count_groups(nh_diag *d, const char *json_path, const nh_target *t, const char *top,
                           nh_cells_group *group, int n_group);

#endif
