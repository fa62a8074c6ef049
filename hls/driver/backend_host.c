/* Partitions on the host: C kernels, and no hardware. */
#include "backend_rows.h"
#include "emit.h"

bool nh_backend_host_check(nh_session *r, const nh_part *part) {
    (void)r;
    return part->design != NULL;
}

bool nh_backend_host_emit_c(nh_session *r, const nh_part *part, const char *dir) {
    return nh_emit_c(r->arena, r->diag, part->design, &r->provenance, dir);
}

bool nh_backend_host_emit_rtl(nh_session *r, const nh_part *part, const char *dir) {
    (void)r, (void)part, (void)dir;
    return true;
}

bool nh_backend_host_sim(nh_session *r, const nh_part *part, nh_sim_setup *s) {
    s->only_c = true;
    return nh_sim_run(r->arena, r->diag, part->design, s, &r->facts.sim);
}

/* No hardware has no cells. */
bool nh_backend_host_synth(nh_session *r, const nh_part *part, const nh_backend_tools *t) {
    (void)r, (void)part, (void)t;
    return true;
}

bool nh_backend_host_pnr(nh_session *r, const nh_part *part, const nh_backend_tools *t) {
    (void)r, (void)part, (void)t;
    return true;
}
