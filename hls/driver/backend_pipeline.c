/* Partitions on the pipeline: RTL of units that are joined by streams, with the weights in it. */
#include "backend_rows.h"
#include "emit.h"
#include "synth.h"

bool nh_backend_pipeline_check(nh_session *r, const nh_part *part) {
    return nh_emit_rtl_check(r->arena, r->diag, part->design);
}

bool nh_backend_pipeline_emit_c(nh_session *r, const nh_part *part, const char *dir) {
    return nh_emit_c(r->arena, r->diag, part->design, &r->provenance, dir);
}

bool nh_backend_pipeline_emit_rtl(nh_session *r, const nh_part *part, const char *dir) {
    return nh_emit_rtl(r->arena, r->diag, part->design, &r->provenance, dir);
}

bool nh_backend_pipeline_sim(nh_session *r, const nh_part *part, nh_sim_setup *s) {
    return nh_sim_run(r->arena, r->diag, part->design, s, &r->facts.sim);
}

bool nh_backend_pipeline_synth(nh_session *r, const nh_part *part, const nh_backend_tools *t) {
    return nh_synth_run(r->arena, r->diag, part->design, t->rtl_dir, t->work_dir, t->yosys, r->ask.jobs,
                        &r->facts.synth);
}

bool nh_backend_pipeline_pnr(nh_session *r, const nh_part *part, const nh_backend_tools *t) {
    return nh_pnr_run(r->arena, r->diag, part->design, t->rtl_dir, t->work_dir, t->yosys, t->placer, t->packer,
                      &r->facts.pnr);
}
