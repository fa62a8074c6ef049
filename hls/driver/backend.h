/* The table of backends: what the steps of the flow do for one partition. */
#ifndef NH_BACKEND_H
#define NH_BACKEND_H

#include "run.h"

/* What the steps of synthesis have: the RTL, a folder for the results, and the paths of the tools. */
typedef struct {
    const char *rtl_dir, *work_dir, *yosys, *placer, *packer; /* packer: NULL where there is no bitstream */
} nh_backend_tools;

/* Every function returns false after a diagnostic. */
typedef struct {
    /* Can the files be written? Needs no tool and writes nothing. */
    bool (*check)(nh_session *r, const nh_part *part);
    /* Write what runs in software: C kernels, and of a fabric among other parts its image. */
    bool (*emit_c)(nh_session *r, const nh_part *part, const char *dir);
    bool (*emit_rtl)(nh_session *r, const nh_part *part, const char *dir);
    /* Compare and measure the part that is the whole network, in r->facts. Several are run by nh_sim_places. */
    bool (*sim)(nh_session *r, const nh_part *part, nh_sim_setup *s);
    /* Count cells, and place and route, the part that is the whole network, in r->facts. */
    bool (*synth)(nh_session *r, const nh_part *part, const nh_backend_tools *t);
    bool (*pnr)(nh_session *r, const nh_part *part, const nh_backend_tools *t);
} nh_backend;

const nh_backend *nh_backend_of(const nh_part *part);

#endif
