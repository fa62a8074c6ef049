#include "session.h"

#include "file.h"
#include "map_report.h"
#include "text.h"

typedef struct {
    const nh_cli *cli;
    nh_progress *line;
} listener;

static void begin_step(void *ctx, int index, int count, const char *step) {
    listener *l = ctx;
    l->line = nh_progress_start(l->cli, index, count, step);
}

static void end_step(void *ctx) {
    listener *l = ctx;
    nh_progress_stop(l->line);
}

static void tell_step(void *ctx, const nh_step_fact *fact) {
    static const char *const state[] = {"not asked for", "done", "cached", "skipped", "failed"};
    const nh_cli *c = ((listener *)ctx)->cli;
    if (!c->flag.verbose || fact->state == NH_STEP_NOT_ASKED) return;
    fprintf(stderr, "%s: %s, %.1f s%s%s\n", fact->name, state[fact->state], fact->seconds, fact->why ? ": " : "",
            nh_text_clean(c->arena, fact->why, 400));
}

bool nh_cli_load(nh_cli *c, nh_session *r, const char *config) {
    const nh_flags *f = &c->flag;
    listener *l = NH_NEW(c->arena, listener);
    l->cli = c;
    *r = (nh_session){
        .arena = c->arena,
        .diag = c->diag,
        .ask = {.from = f->from,
                .out = f->out,
                .dump_after = f->dump_after,
                .dump = stdout,
                .jobs = f->jobs,
                .force = f->force,
                .trace = f->trace,
                .waves = f->waves,
                .quiet = f->quiet},
        .on = {.ctx = l, .begin = begin_step, .end = end_step, .step = tell_step},
    };
    return nh_run_load(r, config);
}

FILE *nh_cli_tables(const nh_cli *c) { return c->flag.quiet || c->flag.json ? NULL : stdout; }

static void print_report(nh_cli *c, nh_session *r) {
    if (c->flag.quiet) return;
    if (!c->flag.json) {
        nh_report_text(&r->facts, c->color_out, stdout);
        return;
    }
    nh_bytes json;
    if (nh_file_read(c->arena, c->diag, NH_NOWHERE, nh_path_join(c->arena, r->out, "report.json"), NH_ARENA_ARRAY_MAX,
                     &json))
        fwrite(json.data, 1, json.size, stdout);
}

nh_exit nh_cli_steps(nh_cli *c, nh_session *r, nh_step_plan plan) {
    if (nh_run_steps(r, plan)) print_report(c, r);
    return nh_cli_finish(c);
}

void nh_cli_print_map(const nh_cli *c, const nh_part *part) {
    if (!part->plan) return;
    if (c->flag.json)
        fputs(nh_map_json(c->arena, part->plan, part->net, &part->opt->fabric.f), stdout);
    else if (!c->flag.quiet)
        nh_map_print(part->plan, part->net, &part->opt->fabric.f, stdout);
}

void nh_cli_print_part_maps(const nh_cli *c, const nh_session *r) {
    FILE *out = nh_cli_tables(c);
    if (out) nh_report_parts(&r->facts, c->color_out, out);
    for (int i = 0; i < r->parts->n_part; i++) nh_cli_print_map(c, &r->parts->part[i]);
    if (out) fprintf(out, "neurohls build writes the images, and runs all parts together\n");
}
