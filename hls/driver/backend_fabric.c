/* Partitions on a fabric: files of the map, RTL, simulation. */
#include <stdlib.h>

#include "backend_rows.h"
#include "emit.h"
#include "fabric_rtl.h"
#include "file.h"
#include "map_report.h"
#include "synth.h"

/* What print writes into a file of the folder. */
typedef void printer(const nh_session *r, const nh_part *part, int context, FILE *out);

static void put_svg(const nh_session *r, const nh_part *part, int context, FILE *out) {
    nh_svg_mesh(r->arena, part->plan, part->net, part->fabric, part->image, context, out);
}

static void put_json(const nh_session *r, const nh_part *part, int context, FILE *out) {
    (void)context;
    fputs(nh_map_json(r->arena, part->plan, part->net, part->fabric), out);
}

static void put_text(const nh_session *r, const nh_part *part, int context, FILE *out) {
    (void)r, (void)context;
    nh_map_print(part->plan, part->net, part->fabric, out);
}

static void put_assembly(const nh_session *r, const nh_part *part, int context, FILE *out) {
    (void)r, (void)context;
    nh_image_print(part->image, out);
}

static void put_image(const nh_session *r, const nh_part *part, int context, FILE *out) {
    size_t size;
    (void)context;
    const uint8_t *bytes = nh_image_encode(r->arena, part->image, &size);
    fwrite(bytes, 1, size, out);
}

static bool put_file(const nh_session *r, const nh_part *part, const char *dir, const char *name, printer *print,
                     int context) {
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    print(r, part, context, memory);
    fclose(memory);
    nh_writer *w = nh_writer_open(r->arena, nh_path_join(r->arena, dir, name));
    nh_write(w, text, size);
    free(text);
    return nh_writer_close(w, r->diag);
}

bool nh_fabric_work_map(nh_session *r, const nh_part *part, const char *dir) {
    nh_arena *a = r->arena;
    bool ok = put_file(r, part, dir, nh_arena_printf(a, "%s.img", part->opt->project), put_image, 0) &&
              put_file(r, part, dir, nh_arena_printf(a, "%s.s", part->opt->project), put_assembly, 0) &&
              put_file(r, part, dir, "map.json", put_json, 0) && put_file(r, part, dir, "map.txt", put_text, 0);
    for (int c = 0; ok && c < part->plan->n_context; c++)
        ok = put_file(r, part, dir, nh_arena_printf(a, "mesh_%d.svg", c), put_svg, c);
    return ok;
}

bool nh_backend_fabric_check(nh_session *r, const nh_part *part) {
    (void)r;
    return part->image != NULL;
}

/* The kernels of a network that is on a fabric as a whole are those of its integer model. */
bool nh_backend_fabric_emit_c(nh_session *r, const nh_part *part, const char *dir) {
    if (part == nh_run_fabric_part(r)) return nh_emit_c(r->arena, r->diag, r->design, &r->provenance, dir);
    return nh_mkdirs(r->diag, dir) && nh_fabric_work_map(r, part, dir);
}

/* Parts that share a fabric share its RTL: it is that of the first of them. */
bool nh_backend_fabric_emit_rtl(nh_session *r, const nh_part *part, const char *dir) {
    const nh_target *t = &r->opt->target;
    nh_dp_timing timing = {
        1000 / r->opt->clock_mhz, t->lut_ns, t->carry_ns_per_bit, t->mul_ns, t->bram_ns, t->setup_ns};
    int64_t div;
    if (&r->parts->part[part->shares] != part) return true;
    return nh_run_uart_div(r, &div) && nh_emit_fabric(r->arena, r->diag, part->fabric, part->opt->project, &timing,
                                                      t->bram_bits, div, &r->provenance, dir);
}

/* --- simulation -------------------------------------------------------------------------------------------------- */

static bool run_rtl(nh_session *r, const nh_part *part, nh_sim_setup *s) {
    const char *work = nh_path_join(r->arena, s->work_dir, "fabric");
    if (!nh_sim_has_rtl(s)) return true;
    return nh_run_fabric_rtl(r, part, s->rtl_dir, work, &s->rtl_y) && nh_remove_tree(r->diag, work);
}

/* Of the layers only the kernels are run: their RTL is that of the fabric. */
bool nh_backend_fabric_sim(nh_session *r, const nh_part *part, nh_sim_setup *s) {
    const nh_fabric_facts *fabric = &r->facts.fabric;
    nh_sim_facts *f = &r->facts.sim;
    if (!nh_run_fabric(r, part, NULL) || !run_rtl(r, part, s)) return false;
    s->only_c = true;
    if (!nh_sim_run(r->arena, r->diag, r->design, s, f)) return false;
    f->runs = fabric->rtl_runs;
    f->stalled_runs = f->runs > 0 ? f->runs - 1 : 0;
    f->compared = fabric->rtl_events * fabric->rtl_runs;
    f->mismatches = fabric->rtl_differing;
    f->measured_ii = fabric->rtl_cycles / (double)part->image->steps;
    return true;
}

/* --- synthesis --------------------------------------------------------------------------------------------------- */

bool nh_backend_fabric_synth(nh_session *r, const nh_part *part, const nh_backend_tools *t) {
    return nh_synth_fabric(r->arena, r->diag, part->opt, t->rtl_dir, t->work_dir, t->yosys, r->ask.jobs,
                           &r->facts.synth);
}

bool nh_backend_fabric_pnr(nh_session *r, const nh_part *part, const nh_backend_tools *t) {
    return nh_pnr_fabric(r->arena, r->diag, part->opt, t->rtl_dir, t->work_dir, t->yosys, t->placer, t->packer,
                         &r->facts.pnr);
}
