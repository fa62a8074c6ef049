/* The public API: a context is a run with an arena, diagnostics and an owner of tools. */
#include "neurohls.h"

#include <math.h>
#include <string.h>

#include "file.h"
#include "last_will.h"
#include "run.h"

struct neurohls {
    nh_arena *arena;
    nh_diag *diag;
    nh_will_owner owner;
    nh_session run;
    bool tried, loaded;
    neurohls_progress *progress;
    void *user;
    const char *report;
};

static void begin_step(void *ctx, int index, int count, const char *step) {
    neurohls *n = ctx;
    if (n->progress) n->progress(n->user, index, count, step);
}

const char *neurohls_version(void) { return NH_VERSION; }

neurohls *neurohls_create(void) {
    nh_arena *a = nh_arena_new();
    neurohls *n = NH_NEW(a, neurohls);
    n->arena = a;
    n->diag = nh_diag_new(a);
    return n;
}

void neurohls_destroy(neurohls *n) {
    if (n) nh_arena_free(n->arena);
}

void neurohls_on_progress(neurohls *n, neurohls_progress *progress, void *user) {
    n->progress = progress;
    n->user = user;
}

void neurohls_cancel(neurohls *n) { nh_will_cancel(&n->owner); }

static neurohls_status status_of(const neurohls *n) {
    return nh_will_cancelled(&n->owner) ? NEUROHLS_CANCELLED : (neurohls_status)nh_diag_exit(n->diag);
}

static neurohls_status misuse(neurohls *n, const char *what) {
    nh_report(n->diag, NH_O_USAGE, NH_NOWHERE, "%s", what);
    return NEUROHLS_INPUT;
}

neurohls_status neurohls_load(neurohls *n, const char *config, const char *out) {
    if (n->tried || !config) return misuse(n, config ? "neurohls_load: the context is in use" : "no configuration");
    n->tried = true;
    n->run = (nh_session){.arena = n->arena,
                          .diag = n->diag,
                          .owner = &n->owner,
                          .ask = {.out = out ? nh_arena_str(n->arena, out) : NULL, .quiet = true},
                          .on = {.ctx = n, .begin = begin_step}};
    nh_will_owner *before = nh_will_work_for(&n->owner);
    n->loaded = nh_run_load(&n->run, nh_arena_str(n->arena, config));
    if (n->loaded) nh_check_estimate(&n->run);
    nh_will_work_for(before);
    return status_of(n);
}

static const char *read_report(neurohls *n) {
    nh_bytes json;
    const char *path = nh_path_join(n->arena, n->run.out, "report.json");
    if (!nh_file_read(n->arena, n->diag, NH_NOWHERE, path, NH_ARENA_ARRAY_MAX, &json)) return NULL;
    return nh_arena_strn(n->arena, (const char *)json.data, json.size);
}

neurohls_status neurohls_run(neurohls *n, const char *until, const char *from, int force, int jobs) {
    int last = until ? nh_step_find(until) : NH_STEP_REPORT;
    if (!n->loaded) return misuse(n, "neurohls_run: nothing was loaded");
    if (last < 0 || (from && nh_step_find(from) < 0)) return misuse(n, "neurohls_run: there is no such step");
    if (jobs < 0) return misuse(n, "neurohls_run: jobs is below 0");
    if (nh_will_cancelled(&n->owner)) return NEUROHLS_CANCELLED;
    n->run.ask.from = from ? nh_arena_str(n->arena, from) : NULL;
    n->run.ask.force = force != 0;
    n->run.ask.jobs = jobs;
    n->run.only_c = false;
    n->run.facts.n_requirement = 0;
    nh_run_choose_jobs(&n->run);
    nh_step_plan plan = {.wanted = (2U << last) - 1, .named = until ? 1U << last : 0, .simulates_c = last == NH_STEP_C};
    nh_will_owner *before = nh_will_work_for(&n->owner);
    n->report = nh_run_steps(&n->run, plan) ? read_report(n) : NULL;
    nh_will_work_for(before);
    return status_of(n);
}

size_t neurohls_diagnostic_count(const neurohls *n) { return n->diag->count; }

int neurohls_diagnostic_get(const neurohls *n, size_t index, neurohls_diagnostic *to) {
    if (index >= n->diag->count) return 0;
    const nh_diag_item *item = &n->diag->item[index];
    const nh_code_info *code = nh_code_get(item->code);
    *to = (neurohls_diagnostic){.code = code->id,
                                .severity = (neurohls_severity)code->severity,
                                .file = item->at.file,
                                .line = item->at.line,
                                .col = item->at.col,
                                .path = item->at.path,
                                .layer = item->layer,
                                .message = item->message,
                                .found = item->found,
                                .allowed = item->allowed,
                                .hint = item->hint};
    return 1;
}

static void put_plan(const nh_session *r, neurohls_facts *f) {
    const nh_resources *e = &r->design->estimate;
    if (nh_run_fabric_part(r)) return; /* nobody builds its design */
    f->ii_cycles = r->design->ii_cycles;
    f->latency_cycles = r->design->latency_cycles;
    f->estimated_luts = e->luts;
    f->estimated_ffs = e->ffs;
    f->estimated_brams = e->brams;
    f->estimated_dsps = e->dsps;
}

static void put_simulation(const nh_sim_facts *s, neurohls_facts *f) {
    if (!s->ran) return;
    f->accuracy_float = s->acc_float < 0 ? -1 : s->acc_float;
    f->accuracy_fixed = s->acc_fixed < 0 ? -1 : s->acc_fixed;
    f->accuracy_rtl = s->acc_rtl < 0 ? -1 : s->acc_rtl;
    if (s->output.fixed.n > 0) f->sqnr_db = s->output.fixed.sqnr_db;
    if (s->runs > 0 && s->measured_ii > 0) f->measured_ii_cycles = s->measured_ii;
    if (s->runs > 0 && s->measured_latency > 0) f->measured_latency_cycles = (double)s->measured_latency;
}

static void put_device(const nh_report_facts *r, neurohls_facts *f) {
    if (r->synth.ran && r->synth.n_unit > 0) {
        const nh_cells *all = &r->synth.cells[r->synth.n_unit - 1];
        f->luts = all->luts;
        f->ffs = all->ffs;
        f->brams = all->brams;
        f->dsps = all->dsps;
    }
    if (!r->pnr.ran) return;
    f->fits = r->pnr.fits;
    if (r->pnr.fits) f->fmax_mhz = r->pnr.fmax_mhz;
}

int neurohls_facts_get(const neurohls *n, neurohls_facts *to) {
    neurohls_facts f = {to->size, -1, -1, -1, NAN, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    if (!n->loaded || to->size == 0) return 0;
    put_plan(&n->run, &f);
    put_simulation(&n->run.facts.sim, &f);
    put_device(&n->run.facts, &f);
    memcpy(to, &f, to->size < sizeof f ? to->size : sizeof f);
    return 1;
}

const char *neurohls_report(const neurohls *n) { return n->report; }

const char *neurohls_output(const neurohls *n) { return n->loaded ? n->run.out : NULL; }
