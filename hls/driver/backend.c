#include "backend_rows.h"

#define NH_BACKEND(place, symbol)                                                                                      \
    [place] = {nh_backend_##symbol##_check, nh_backend_##symbol##_emit_c, nh_backend_##symbol##_emit_rtl,              \
               nh_backend_##symbol##_sim,   nh_backend_##symbol##_synth,  nh_backend_##symbol##_pnr},
static const nh_backend table[] = {
#include "backends.def"
};
#undef NH_BACKEND

const nh_backend *nh_backend_of(const nh_part *part) { return &table[part->place]; }
