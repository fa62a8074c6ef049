/* The steps of a network on a fabric: its files, its RTL, its simulation. */
#include <stdlib.h>

#include "fabric_rtl.h"
#include "file.h"
#include "map_report.h"
#include "run.h"

/* What print writes into a file of the folder. */
typedef void printer(const nh_session *r, int context, FILE *out);

static void put_svg(const nh_session *r, int context, FILE *out) {
    nh_svg_mesh(r->arena, r->plan, r->net, &r->opt->fabric.f, r->image, context, out);
}

static void put_json(const nh_session *r, int context, FILE *out) {
    (void)context;
    fputs(nh_map_json(r->arena, r->plan, r->net, &r->opt->fabric.f), out);
}

static void put_text(const nh_session *r, int context, FILE *out) {
    (void)context;
    nh_map_print(r->plan, r->net, &r->opt->fabric.f, out);
}

static void put_assembly(const nh_session *r, int context, FILE *out) {
    (void)context;
    nh_image_print(r->image, out);
}

static void put_image(const nh_session *r, int context, FILE *out) {
    size_t size;
    (void)context;
    const uint8_t *bytes = nh_image_encode(r->arena, r->image, &size);
    fwrite(bytes, 1, size, out);
}

static bool put_file(const nh_session *r, const char *dir, const char *name, printer *print, int context) {
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    print(r, context, memory);
    fclose(memory);
    nh_writer *w = nh_writer_open(r->arena, nh_path_join(r->arena, dir, name));
    nh_write(w, text, size);
    free(text);
    return nh_writer_close(w, r->diag);
}

bool nh_fabric_work_map(nh_session *r, const char *dir) {
    nh_arena *a = r->arena;
    bool ok = put_file(r, dir, nh_arena_printf(a, "%s.img", r->opt->project), put_image, 0) &&
              put_file(r, dir, nh_arena_printf(a, "%s.s", r->opt->project), put_assembly, 0) &&
              put_file(r, dir, "map.json", put_json, 0) && put_file(r, dir, "map.txt", put_text, 0);
    for (int c = 0; ok && c < r->plan->n_context; c++)
        ok = put_file(r, dir, nh_arena_printf(a, "mesh_%d.svg", c), put_svg, c);
    return ok;
}

/* --- RTL --------------------------------------------------------------------------------------------------------- */

bool nh_fabric_work_rtl(nh_session *r, const char *dir) {
    const nh_target *t = &r->opt->target;
    nh_dp_timing timing = {
        1000 / r->opt->clock_mhz, t->lut_ns, t->carry_ns_per_bit, t->mul_ns, t->bram_ns, t->setup_ns};
    int64_t div;
    return nh_run_uart_div(r, &div) && nh_emit_fabric(r->arena, r->diag, &r->opt->fabric.f, r->opt->project, &timing,
                                                      t->bram_bits, div, &r->provenance, dir);
}

/* --- simulation -------------------------------------------------------------------------------------------------- */

static bool run_rtl(nh_session *r, nh_sim_setup *s) {
    const char *work = nh_path_join(r->arena, s->work_dir, "fabric");
    if (!s->verilator) return true;
    return nh_run_fabric_rtl(r, s->rtl_dir, work, &s->rtl_y) && nh_remove_tree(r->diag, work);
}

bool nh_fabric_work_sim(nh_session *r, nh_sim_setup *s) {
    const nh_fabric_facts *fabric = &r->facts.fabric;
    nh_sim_facts *f = &r->facts.sim;
    if (!nh_run_fabric(r, NULL) || !run_rtl(r, s)) return false;
    s->verilator = NULL; /* of the layers only the kernels are run */
    if (!nh_sim_run(r->arena, r->diag, r->design, s, f)) return false;
    f->runs = fabric->rtl_runs;
    f->stalled_runs = f->runs > 0 ? f->runs - 1 : 0;
    f->compared = fabric->rtl_events * fabric->rtl_runs;
    f->mismatches = fabric->rtl_differing;
    f->measured_ii = fabric->rtl_cycles / (double)r->image->steps;
    return true;
}
