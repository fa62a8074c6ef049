#ifndef NH_PARTS_INTERNAL_H
#define NH_PARTS_INTERNAL_H

#include "parts.h"

/* extract.c: inputs and outputs of the numbered parts, and their graphs and options. False with diagnostics. */
bool nh_parts_close(nh_arena *a, nh_diag *d, nh_parts *p, const nh_options *o);

#endif
