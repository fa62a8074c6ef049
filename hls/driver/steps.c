/* The flow: which steps run, which are cached, and the report of what they did. */
#include "step_rows.h"

#include <string.h>
#include <time.h>

#include "last_will.h"

static const char *folder_of(const nh_step_row *row) { return row->folder ? row->folder : row->name; }

int nh_step_find(const char *name) {
    for (int s = 0; s < NH_STEP_COUNT; s++)
        if (strcmp(nh_step_rows[s].name, name) == 0) return s;
    return -1;
}

const char *nh_step_name(nh_step_id s) { return nh_step_rows[s].name; }

const char *nh_run_folder(nh_session *r, nh_step_id s) { return nh_run_below(r, folder_of(&nh_step_rows[s])); }

/* --- reports ----------------------------------------------------------------------------------------------------- */

static bool write_report_text(nh_session *r, const char *path) {
    FILE *out = fopen(path, "w");
    if (!out) return nh_report(r->diag, NH_O_WRITE, NH_NOWHERE, "cannot write '%s'", path);
    nh_report_text(&r->facts, false, out);
    bool failed = ferror(out) != 0;
    failed |= fclose(out) != 0;
    return !failed || nh_report(r->diag, NH_O_WRITE, NH_NOWHERE, "cannot write '%s'", path);
}

static bool write_report_json(nh_session *r, const char *path) {
    return nh_report_json(r->arena, r->diag, &r->facts, path);
}

static bool write_report_html(nh_session *r, const char *path) {
    return nh_report_html(r->arena, r->diag, &r->facts, path);
}

/* <out>/report.json, .html, .txt, each whole or as it was. */
static bool write_reports(nh_session *r, nh_steps *cache) {
    static const char *const name[] = {"report.json", "report.html", "report.txt"};
    static bool (*const write[])(nh_session * r, const char *path) = {write_report_json, write_report_html,
                                                                      write_report_text};
    enum { N = sizeof name / sizeof *name };
    nh_diag *d = r->diag;
    const char *staged[N];
    for (size_t i = 0; i < N; i++) {
        staged[i] = nh_stage_file(r->arena, d, nh_run_below(r, name[i]));
        if (!staged[i] || !write[i](r, staged[i])) return false;
    }
    return nh_steps_publish_files(cache, d, name, staged, N);
}

/* --- running ----------------------------------------------------------------------------------------------------- */

/* Logs of a failed step outlive it in <out>/<step>.failed, and the diagnostics made since `first` say that place. */
static void keep_failed(nh_session *r, nh_step *t, const char *staged, size_t first) {
    nh_arena *a = r->arena;
    nh_diag *d = r->diag;
    const char *kept = nh_step_keep_failed(t, d);
    size_t n = strlen(staged);
    if (!kept) return;
    for (size_t i = first; i < d->count; i++) {
        const char **text[] = {&d->item[i].message, &d->item[i].found, &d->item[i].hint};
        for (size_t k = 0; k < sizeof text / sizeof *text; k++) {
            const char *old = *text[k], *at = old ? strstr(old, staged) : NULL;
            if (at) *text[k] = nh_arena_printf(a, "%.*s%s%s", (int)(at - old), old, kept, at + n);
        }
    }
}

static double now_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool run_work(nh_session *r, const nh_step_row *row, nh_step *t, nh_step_fact *fact) {
    nh_diag *d = r->diag;
    size_t first = d->count;
    const char *dir = nh_step_begin(t, d);
    fact->state = NH_STEP_FAILED;
    if (!dir) return false;
    double start = now_seconds();
    if (r->on.begin) r->on.begin(r->on.ctx, (int)(row - nh_step_rows) + 1, NH_STEP_COUNT, row->name);
    size_t errors = d->n_error;
    bool ok = row->work(r, dir);
    bool cancelled = r->owner && nh_will_cancelled(r->owner);
    if (!ok && !cancelled && d->n_error == errors)
        nh_report(d, NH_O_BUG, NH_NOWHERE, "the step %s failed and did not say why", row->name);
    fact->seconds = now_seconds() - start;
    if (r->on.end) r->on.end(r->on.ctx);
    if (ok && !cancelled && nh_step_finish(t, d)) {
        fact->state = NH_STEP_DONE;
        nh_step_drop_failed(t);
        return true;
    }
    if (!ok && !cancelled && row->tools) keep_failed(r, t, dir, first);
    nh_step_abandon(t);
    return false;
}

static bool run_step(nh_session *r, nh_steps *cache, nh_step_id s, nh_step_plan plan, bool force) {
    const nh_step_row *row = &nh_step_rows[s];
    nh_step_fact *fact = &r->facts.step[s];
    bool named = plan.named >> s & 1;
    if (r->owner && nh_will_cancelled(r->owner)) return false;
    size_t errors = r->diag->n_error;
    nh_step_lack missing = row->lacks ? row->lacks(r) : (nh_step_lack){0};
    if (missing.what) {
        fact->why = missing.what;
        fact->state = NH_STEP_SKIPPED;
        return true;
    }
    if (row->tools && !row->tools(r, named, &fact->why)) {
        fact->state = r->diag->n_error > errors ? NH_STEP_FAILED : NH_STEP_SKIPPED;
        return fact->state == NH_STEP_SKIPPED;
    }
    nh_step *t = nh_step_new(cache, folder_of(row));
    row->depend(r, t);
    bool cached = nh_step_cached(t, force);
    if (!fact->why) fact->why = nh_step_why(t); /* else it says what the step does without */
    if (cached && (!row->load || row->load(r, nh_run_below(r, folder_of(row))))) {
        fact->state = NH_STEP_CACHED;
        return true;
    }
    return run_work(r, row, t, fact);
}

/* A step that this run was not asked for, but whose output of an earlier one still holds: the report keeps what it
 * measured. */
static bool recall_step(nh_session *r, nh_steps *cache, nh_step_id s) {
    const nh_step_row *row = &nh_step_rows[s];
    if (!row->load || !nh_file_exists(nh_path_join(r->arena, nh_run_below(r, folder_of(row)), "facts.json")))
        return false;
    nh_step *t = nh_step_new(cache, folder_of(row));
    row->depend(r, t);
    if (!nh_step_cached(t, false) || !row->load(r, nh_run_below(r, folder_of(row)))) return false;
    r->facts.step[s].state = NH_STEP_CACHED;
    r->facts.step[s].why = "not asked for; an earlier build's still holds";
    return true;
}

/* A simulation of the C kernels alone is something too. */
static void recall_any(nh_session *r, nh_steps *cache, nh_step_id s) {
    if (recall_step(r, cache, s) || s != NH_STEP_SIM) return;
    r->only_c = true;
    recall_step(r, cache, s);
    r->only_c = false;
}

static void tell_step(const nh_session *r, const nh_step_fact *fact) {
    if (r->on.step) r->on.step(r->on.ctx, fact);
}

/* A step that was asked for by name and cannot run whatever is installed: known before anything is written. */
static bool check_named(const nh_session *r, nh_step_plan plan) {
    bool ok = true;
    for (int s = 0; s < NH_STEP_REPORT; s++) {
        if (!(plan.named >> s & 1) || !nh_step_rows[s].lacks) continue;
        nh_step_lack missing = nh_step_rows[s].lacks(r);
        if (!missing.what) continue;
        ok = nh_report(r->diag, NH_C_CONFLICT, missing.at, "the step %s cannot run: %s", nh_step_rows[s].name,
                       missing.what);
        nh_diag_hint(r->diag, "%s", missing.hint);
    }
    return ok;
}

static bool applies(const nh_session *r, int s) { return !nh_step_rows[s].applies || nh_step_rows[s].applies(r); }

/* build --until c: the C kernels over the samples, unless a simulation of RTL and C still holds. */
static bool simulate_c(nh_session *r, nh_steps *cache, nh_step_plan plan) {
    if (!r->ask.force && recall_step(r, cache, NH_STEP_SIM)) return true;
    r->only_c = true;
    return run_step(r, cache, NH_STEP_SIM, plan, r->ask.force);
}

/* recalls: steps that were not asked for tell what they measured before. */
static bool run_plan(nh_session *r, nh_steps *cache, nh_step_plan plan, bool recalls) {
    int from = r->ask.from ? nh_step_find(r->ask.from) : NH_STEP_COUNT;
    nh_report_facts *f = &r->facts;
    bool ok = true;
    f->n_step = NH_STEP_COUNT;
    for (int s = 0; s < NH_STEP_COUNT; s++)
        f->step[s] = (nh_step_fact){.name = nh_step_rows[s].name, .state = NH_STEP_NOT_ASKED};
    for (int s = 0; s < NH_STEP_REPORT && ok; s++) {
        if (!applies(r, s)) continue;
        if (s == NH_STEP_SIM && plan.simulates_c && r->opt->simulate.inputs.path) {
            ok = simulate_c(r, cache, plan);
            tell_step(r, &f->step[s]);
            continue;
        }
        if (!(plan.wanted >> s & 1)) {
            if (recalls) recall_any(r, cache, (nh_step_id)s);
            continue;
        }
        ok = run_step(r, cache, (nh_step_id)s, plan, r->ask.force || s >= from);
        tell_step(r, &f->step[s]);
    }
    return ok;
}

bool nh_run_only_steps(nh_session *r, nh_step_plan plan) {
    nh_steps *cache = nh_steps_open(r->arena, r->diag, r->out);
    return cache && run_plan(r, cache, plan, false);
}

/* The report lists the steps that there are for this network. */
static void drop_others(nh_session *r) {
    nh_report_facts *f = &r->facts;
    f->n_step = 0;
    for (int s = 0; s < NH_STEP_COUNT; s++)
        if (applies(r, s)) f->step[f->n_step++] = f->step[s];
}

static void put_map(nh_report_facts *f, const nh_part *part) {
    if (!part) return;
    f->map.fabric = part->fabric;
    f->map.plan = part->plan;
    f->map.net = part->net;
    f->map.image = part->image;
}

bool nh_run_steps(nh_session *r, nh_step_plan plan) {
    nh_diag *d = r->diag;
    nh_report_facts *f = &r->facts;
    if (!check_named(r, plan)) return false;
    nh_steps *cache = nh_steps_open(r->arena, d, r->out);
    if (!cache) return false;
    f->provenance = r->provenance;
    f->design = r->design;
    f->diag = d;
    put_map(f, nh_run_fabric_part(r));
    if (!run_plan(r, cache, plan, true)) return false;
    nh_check_drift(r);
    nh_check_requirements(r);
    f->exit = nh_diag_exit(d);
    f->step[NH_STEP_REPORT].state = NH_STEP_DONE;
    drop_others(r);
    return write_reports(r, cache);
}
