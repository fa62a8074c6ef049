/* Yosys counts and nextpnr place and route of an emitted RTL folder. */
#ifndef NH_SYNTH_H
#define NH_SYNTH_H

#include "design.h"
#include "facts.h"
#include "tool.h"

/* Count cells of every unit as its own top and of the whole, for the target's family. work_dir gets scripts, logs,
 * json. */
bool nh_synth_run(nh_arena *a, nh_diag *d, const nh_design *g, const char *rtl_dir, const char *work_dir,
                  const char *yosys, int jobs, nh_synth_facts *facts);
/* Count the cells of a fabric (nh_emit_fabric) by kinds of modules, of all instances each, and of the whole, in which
 * what is joined to nothing is gone. */
bool nh_synth_fabric(nh_arena *a, nh_diag *d, const nh_options *o, const char *rtl_dir, const char *work_dir,
                     const char *yosys, int jobs, nh_synth_facts *facts);
/* Does the place and route tool of the target's family know its device? NH_T_DEVICE when not. */
bool nh_pnr_device_check(nh_arena *a, nh_diag *d, const nh_target *t);
/* Place, route, time and pack with the tools of the target's family (placer, packer: their paths; packer NULL: no
 * bitstream); a pin wrapper is added when the ports do not fit the package. */
bool nh_pnr_run(nh_arena *a, nh_diag *d, const nh_design *g, const char *rtl_dir, const char *work_dir,
                const char *yosys, const char *placer, const char *packer, nh_pnr_facts *facts);
/* As nh_pnr_run, of a fabric: of its top level for boards, whose pins are a clock and a serial line. */
bool nh_pnr_fabric(nh_arena *a, nh_diag *d, const nh_options *o, const char *rtl_dir, const char *work_dir,
                   const char *yosys, const char *placer, const char *packer, nh_pnr_facts *facts);

#endif
