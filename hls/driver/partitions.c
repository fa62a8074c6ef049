/* The partitions of a network, each by its backend. */
#include "partitions.h"

#include "backend.h"
#include "family.h"
#include "sim_places.h"
#include "step_rows.h"
#include "synth.h"
#include "tool.h"
#include "yosys.h"

bool nh_run_partition(nh_session *r) {
    nh_arena *a = r->arena;
    r->parts = nh_parts_find(a, r->diag, r->graph, r->opt);
    if (!r->parts || !nh_parts_lower(a, r->diag, r->parts, r->opt)) return false;
    r->design = r->parts->whole;
    r->facts.design = r->design;
    if (nh_parts_only(r->parts)) return true;
    r->facts.part = nh_parts_facts(a, r->parts);
    r->facts.n_part = r->parts->n_part;
    r->facts.part_of = r->parts->part_of;
    return true;
}

bool nh_partitions_check(nh_session *r) {
    bool ok = true;
    for (int i = 0; i < r->parts->n_part; i++) {
        const nh_part *part = &r->parts->part[i];
        ok = nh_backend_of(part)->check(r, part) && ok;
    }
    return ok;
}

/* Several parts have a folder each. */
static const char *folder(nh_session *r, const char *dir, const nh_part *part) {
    return part == nh_parts_only(r->parts) ? dir : nh_path_join(r->arena, dir, part->id);
}

bool nh_partitions_c(nh_session *r, const char *dir) {
    bool ok = true;
    for (int i = 0; ok && i < r->parts->n_part; i++) {
        const nh_part *part = &r->parts->part[i];
        ok = nh_backend_of(part)->emit_c(r, part, folder(r, dir, part));
    }
    return ok;
}

bool nh_partitions_rtl(nh_session *r, const char *dir) {
    bool ok = true;
    for (int i = 0; ok && i < r->parts->n_part; i++) {
        const nh_part *part = &r->parts->part[i];
        ok = nh_backend_of(part)->emit_rtl(r, part, folder(r, dir, part));
    }
    return ok;
}

bool nh_partitions_sim(nh_session *r, nh_sim_setup *s) {
    const nh_part *only = nh_parts_only(r->parts);
    if (only) return nh_backend_of(only)->sim(r, only, s);
    return nh_sim_places(r->arena, r->diag, r->parts, s, r->facts.part, &r->facts.sim);
}

/* Cells of the part's top. */
static bool count_part(nh_session *r, const nh_part *part, const char *dir, nh_cells *cells) {
    nh_arena *a = r->arena;
    nh_diag *d = r->diag;
    nh_yosys y = {.yosys = nh_tool_find(a, "yosys"),
                  .rtl_dir = nh_path_join(a, nh_path_join(a, r->out, "rtl"), part->id),
                  .work_dir = folder(r, dir, part)};
    if (!nh_mkdirs(d, y.work_dir)) return false;
    y.rtl_dir = nh_tool_absolute(a, y.rtl_dir);
    y.work_dir = nh_tool_absolute(a, y.work_dir);
    const char *json = nh_yosys_synth(a, d, &y, &r->opt->target, part->opt->project);
    return json && nh_cells_count(d, json, &r->opt->target, part->opt->project, cells);
}

static nh_backend_tools tools_for(nh_session *r, const char *dir) {
    nh_arena *a = r->arena;
    const nh_family *f = nh_family_find(r->opt->target.family);
    const char *placer = f->placement.placer, *packer = f->placement.packer;
    return (nh_backend_tools){.rtl_dir = nh_run_below(r, "rtl"),
                              .work_dir = dir,
                              .yosys = nh_tool_find(a, "yosys"),
                              .placer = placer ? nh_tool_find(a, placer) : NULL,
                              .packer = packer ? nh_tool_find(a, packer) : NULL};
}

/* Every part with RTL of its own, and their sum. */
static bool count_parts(nh_session *r, const char *dir) {
    nh_arena *a = r->arena;
    nh_synth_facts *f = &r->facts.synth;
    nh_cells *total = NH_NEW(a, nh_cells);
    const char **name = NH_NEW(a, const char *);
    *name = "total";
    for (int i = 0; i < r->parts->n_part; i++) {
        const nh_part *part = &r->parts->part[i];
        nh_cells c = {0};
        const char *files = nh_path_join(a, nh_path_join(a, r->out, "rtl"), nh_arena_printf(a, "%s/files.f", part->id));
        if (!nh_file_exists(files)) continue; /* the host, or on the fabric of another part */
        if (!count_part(r, part, dir, &c)) return false;
        nh_part_fact *fact = &r->facts.part[i];
        fact->counted = true;
        fact->luts = c.luts, fact->ffs = c.ffs, fact->brams = c.brams, fact->dsps = c.dsps;
        total->luts += c.luts, total->ffs += c.ffs, total->brams += c.brams, total->dsps += c.dsps,
            total->carries += c.carries, total->others += c.others;
    }
    *f = (nh_synth_facts){.ran = true, .family = r->opt->target.family, .unit = name, .cells = total, .n_unit = 1};
    return true;
}

bool nh_partitions_synth(nh_session *r, const char *dir) {
    const nh_part *only = nh_parts_only(r->parts);
    nh_backend_tools t = tools_for(r, dir);
    return only ? nh_backend_of(only)->synth(r, only, &t) : count_parts(r, dir);
}

bool nh_partitions_pnr(nh_session *r, const char *dir) {
    const nh_part *only = nh_parts_only(r->parts);
    nh_backend_tools t = tools_for(r, dir);
    return nh_backend_of(only)->pnr(r, only, &t);
}

void nh_partitions_recall(nh_session *r, const nh_report_facts *from, nh_step_id step) {
    for (int i = 0; i < r->facts.n_part && i < from->n_part; i++) {
        nh_part_fact *to = &r->facts.part[i];
        const nh_part_fact *old = &from->part[i];
        if (step == NH_STEP_SIM)
            to->ran = old->ran, to->runs = old->runs, to->compared = old->compared, to->mismatches = old->mismatches,
            to->first = old->first, to->cycles = old->cycles;
        else
            to->counted = old->counted, to->luts = old->luts, to->ffs = old->ffs, to->brams = old->brams,
            to->dsps = old->dsps;
    }
}
