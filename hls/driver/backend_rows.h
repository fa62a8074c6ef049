/* The functions of the rows of backends.def. */
#ifndef NH_BACKEND_ROWS_H
#define NH_BACKEND_ROWS_H

#include "backend.h"

#define NH_BACKEND(place, symbol)                                                                                      \
    bool nh_backend_##symbol##_check(nh_session *r, const nh_part *part);                                              \
    bool nh_backend_##symbol##_emit_c(nh_session *r, const nh_part *part, const char *dir);                            \
    bool nh_backend_##symbol##_emit_rtl(nh_session *r, const nh_part *part, const char *dir);                          \
    bool nh_backend_##symbol##_sim(nh_session *r, const nh_part *part, nh_sim_setup *s);                               \
    bool nh_backend_##symbol##_synth(nh_session *r, const nh_part *part, const nh_backend_tools *t);                   \
    bool nh_backend_##symbol##_pnr(nh_session *r, const nh_part *part, const nh_backend_tools *t);
#include "backends.def"
#undef NH_BACKEND

#endif
