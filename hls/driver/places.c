/* Networks in several places: what the steps of the flow do for each part. */
#include "emit.h"
#include "map_report.h"
#include "run.h"
#include "synth.h"
#include "tool.h"
#include "yosys.h"

/* A run of its own for a part on a fabric: map, image and project are the part's. */
nh_session nh_places_fabric(const nh_session *r, const nh_part *part) {
    nh_session own = *r;
    own.opt = part->opt;
    own.net = part->net;
    own.plan = part->plan;
    own.image = part->image;
    return own;
}

static bool emits(nh_session *r) {
    bool ok = true;
    for (int i = 0; i < r->parts->n_part; i++)
        if (r->parts->part[i].place == NH_PLACE_PIPELINE)
            ok = nh_emit_rtl_check(r->arena, r->diag, r->parts->part[i].design) && ok;
    return ok;
}

bool nh_places_load(nh_session *r) {
    nh_arena *a = r->arena;
    nh_diag *d = r->diag;
    r->parts = nh_parts_cut(a, d, r->graph, r->opt);
    if (!r->parts || !nh_parts_lower(a, d, r->parts, r->opt) || !emits(r)) return false;
    r->design = r->parts->whole;
    r->facts.design = r->design;
    r->facts.part = nh_parts_facts(a, r->parts);
    r->facts.n_part = r->parts->n_part;
    r->facts.part_of = r->parts->part_of;
    return true;
}

static const char *folder(nh_session *r, const char *dir, const nh_part *part) {
    return nh_path_join(r->arena, dir, part->id);
}

bool nh_places_c(nh_session *r, const char *dir) {
    for (int i = 0; i < r->parts->n_part; i++) {
        const nh_part *part = &r->parts->part[i];
        nh_session own = nh_places_fabric(r, part);
        const char *to = folder(r, dir, part);
        bool ok = part->image ? nh_mkdirs(r->diag, to) && nh_fabric_work_map(&own, to)
                              : nh_emit_c(r->arena, r->diag, part->design, &r->provenance, to);
        if (!ok) return false;
    }
    return true;
}

bool nh_places_rtl(nh_session *r, const char *dir) {
    for (int i = 0; i < r->parts->n_part; i++) {
        const nh_part *part = &r->parts->part[i];
        nh_session own = nh_places_fabric(r, part);
        const char *to = folder(r, dir, part);
        bool ok = true;
        if (part->place == NH_PLACE_PIPELINE) ok = nh_emit_rtl(r->arena, r->diag, part->design, &r->provenance, to);
        if (part->image && part->shares == i) ok = nh_fabric_work_rtl(&own, to);
        if (!ok) return false;
    }
    return true;
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

bool nh_places_synth(nh_session *r, const char *dir) {
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

void nh_places_recall(nh_session *r, const nh_report_facts *from, nh_step_id step) {
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
