#include <stdlib.h>

#include "fabric_rtl.h"
#include "file.h"
#include "map_report.h"
#include "run.h"

/* What print writes into a file of the folder. */
typedef void printer(const nh_run *r, int context, FILE *out);

static void put_svg(const nh_run *r, int context, FILE *out) {
    nh_svg_mesh(r->cli->arena, r->plan, r->net, &r->opt->fabric.f, r->image, context, out);
}

static void put_json(const nh_run *r, int context, FILE *out) {
    (void)context;
    fputs(nh_map_json(r->cli->arena, r->plan, r->net, &r->opt->fabric.f), out);
}

static void put_text(const nh_run *r, int context, FILE *out) {
    (void)context;
    nh_map_print(r->plan, r->net, &r->opt->fabric.f, out);
}

static void put_assembly(const nh_run *r, int context, FILE *out) {
    (void)context;
    nh_image_print(r->image, out);
}

static void put_image(const nh_run *r, int context, FILE *out) {
    size_t size;
    (void)context;
    const uint8_t *bytes = nh_image_encode(r->cli->arena, r->image, &size);
    fwrite(bytes, 1, size, out);
}

static bool put_file(const nh_run *r, const char *dir, const char *name, printer *print, int context) {
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    print(r, context, memory);
    fclose(memory);
    nh_writer *w = nh_writer_open(r->cli->arena, nh_path_join(r->cli->arena, dir, name));
    nh_write(w, text, size);
    free(text);
    return nh_writer_close(w, r->cli->diag);
}

/* Is there hardware for this fabric and image in this version? */
bool nh_run_has_fabric_rtl(const nh_run *r) {
    bool one = r->plan->n_context <= 1;
    if (!one) nh_report(r->cli->diag, NH_P_FABRIC_RTL, r->opt->fabric.f.at, "no RTL is written: this version has none for several contexts");
    return one;
}

bool nh_run_put_fabric_rtl(const nh_run *r, const char *dir) {
    const nh_target *t = &r->opt->target;
    nh_dp_timing timing = {1000 / r->opt->clock_mhz, t->lut_ns, t->carry_ns_per_bit, t->mul_ns, t->bram_ns, t->setup_ns};
    int64_t div;
    return nh_run_uart_div(r, &div) &&
           nh_emit_fabric(r->cli->arena, r->cli->diag, &r->opt->fabric.f, r->opt->project, &timing, t->bram_bits, div, &r->provenance, dir);
}

bool nh_run_put_image(const nh_run *r, const char *dir) {
    nh_arena *a = r->cli->arena;
    bool ok = put_file(r, dir, nh_arena_printf(a, "%s.img", r->opt->project), put_image, 0) &&
              put_file(r, dir, nh_arena_printf(a, "%s.s", r->opt->project), put_assembly, 0) && put_file(r, dir, "map.json", put_json, 0) &&
              put_file(r, dir, "map.txt", put_text, 0);
    for (int c = 0; ok && c < r->plan->n_context; c++) ok = put_file(r, dir, nh_arena_printf(a, "mesh_%d.svg", c), put_svg, c);
    return ok;
}

static bool write_folder(nh_run *r) {
    nh_arena *a = r->cli->arena;
    const char *dst = nh_path_join(a, r->out, "fabric");
    if (!nh_mkdirs(r->cli->diag, r->out)) return false;
    char *stage = nh_stage_dir(a, r->cli->diag, dst);
    if (!stage) return false;
    bool ok = nh_run_put_image(r, stage);
    if (ok && nh_run_has_fabric_rtl(r)) ok = nh_run_put_fabric_rtl(r, nh_path_join(a, stage, "rtl")) && nh_run_fabric_rtl(r, stage);
    ok = ok && nh_publish(r->cli->diag, stage, dst);
    if (!ok) nh_discard(stage);
    return ok;
}

nh_exit nh_cmd_map(nh_cli *c) {
    nh_run r;
    if (!nh_run_load(&r, c, c->arg[0])) return nh_cli_finish(c);
    if (r.parts) {
        nh_places_print_maps(&r, stdout);
        return nh_cli_finish(c);
    }
    if (!nh_run_is_event(&r)) {
        nh_report(c->diag, NH_P_NO_EVENT, r.opt->defaults.strategy_at, "nothing is on a fabric: no layer has strategy: event");
        nh_diag_hint(c->diag, "defaults: { strategy: event } and fabric: { limits: loihi2-like }");
        return nh_cli_finish(c);
    }
    bool ok = nh_run_map(&r);
    nh_run_map_print(&r, stdout);
    if (ok && nh_run_fabric(&r) && write_folder(&r) && !c->flag.quiet)
        fprintf(c->flag.json ? stderr : stdout, "image: %s/fabric/%s.img; run it: neurohls run %s/fabric/%s.img\n", r.out, r.opt->project, r.out, r.opt->project);
    return nh_cli_finish(c);
}
