/* Backends: each refuses with diagnostics before a byte is written, then writes into a staged directory. */
#ifndef NH_EMIT_H
#define NH_EMIT_H

#include "design.h"
#include "file.h"

/* First lines of every generated file: tool version, config and model SHA-256; no date, no path. */
typedef struct {
    const char *version, *config_sha, *model_sha;
} nh_provenance;

/* c/: model.h model.c nh_fx.h example.c Makefile; nh_event.h where nh_c_has_steps. */
bool nh_emit_c(nh_arena *a, nh_diag *d, const nh_design *g, const nh_provenance *p, const char *dir);
/* Do the kernels have a state, a step and a trace? Where samples are one step of one input and no unit keeps state,
 * they take blocks of samples instead. */
bool nh_c_has_steps(const nh_design *g);
/* Can the tools that read the Verilog take the design? NH_P_VECTOR for vectors beyond their limits. */
bool nh_emit_rtl_check(nh_arena *a, nh_diag *d, const nh_design *g);
/* rtl/: <project>.v netlist files, templates copied byte for byte, *.mem, files.f, <project>.core, manifest.json. */
bool nh_emit_rtl(nh_arena *a, nh_diag *d, const nh_design *g, const nh_provenance *p, const char *dir);

/* C of one datapath: `static inline` function <prefix>_<dp id>(const X *x, [const M *m,] Y *y) and its tables. */
void nh_emit_dp_c(nh_writer *w, const nh_dp *dp, const char *prefix);
/* The C type that holds a format: int8_t .. int64_t, uint8_t .. uint64_t. */
const char *nh_c_type(nh_format f);

#endif
