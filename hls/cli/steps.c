/* The steps of the flow: what each needs, depends on and does. */
#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "sim_places.h"
#include "step.h"
#include "synth.h"
#include "tool.h"

/* What the configuration lacks for a step; what == NULL: nothing. */
typedef struct {
    const char *what, *hint;
    nh_loc at;
} lack;

typedef struct {
    const char *name;
    const char *folder;       /* NULL: the name */
    bool (*applies)(const nh_run *r); /* NULL: to every network; others are not told that the step is there */
    lack (*lacks)(const nh_run *r);
    /* Are its tools there? Else says why not: to be skipped, or, when it was asked for by name, an error (which it reports). */
    bool (*tools)(nh_run *r, bool named, const char **why);
    void (*depend)(nh_run *r, nh_step *t);
    bool (*work)(nh_run *r, const char *dir);
    bool (*load)(nh_run *r, const char *dir); /* facts of a cached result */
} step_row;

static const char *below(nh_run *r, const char *name) { return nh_path_join(r->cli->arena, r->out, name); }

static const char *folder_of(const step_row *row) { return row->folder ? row->folder : row->name; }

/* --- what a step depends on ---------------------------------------------------------------------------------------------- */

static void key_file(nh_run *r, nh_step *t, const char *part, const char *path) {
    nh_hash h;
    if (path) nh_step_key(t, part, nh_hash_file(r->cli->arena, path, &h) ? nh_arena_str(r->cli->arena, h.hex) : "missing");
}

/* Folders and lists of recordings: what was read from them. */
static void key_data(nh_run *r, nh_step *t, const char *part, const char *path, const nh_samples *x) {
    size_t n = path ? strlen(path) : 0;
    bool is_file = n == 0 || (path[n - 1] != '/' && strcmp(path + n - (n > 4 ? 4 : n), ".txt") != 0);
    if (is_file) {
        key_file(r, t, part, path);
        return;
    }
    nh_hasher *h = nh_hasher_new(r->cli->arena);
    nh_hash_bytes(h, x->x, (size_t)(x->n * x->size) * sizeof *x->x);
    nh_step_key(t, part, nh_arena_str(r->cli->arena, nh_hash_end(h).hex));
}

static void key_tool(nh_run *r, nh_step *t, const char *name) {
    const char *path = nh_tool_find(r->cli->arena, name);
    const char *version = path ? nh_tool_version(r->cli->arena, name, path) : "missing";
    nh_step_key(t, nh_arena_printf(r->cli->arena, "tool %s", name), version);
}

/* Target files are no input of their own: their figures are. */
static void key_target(nh_run *r, nh_step *t) {
    const nh_target *g = &r->opt->target;
    nh_step_key(t, "target", nh_arena_printf(r->cli->arena, "%s %s %s %s %lld %lld %lld %lld %lld %lld %d %d %g %g %g %g %g %g", g->name,
                g->family, g->device, g->package, (long long)g->luts, (long long)g->ffs, (long long)g->brams, (long long)g->dsps,
                (long long)g->pins, (long long)g->bram_bits, g->lut_inputs, g->use_dsp, g->clock_mhz, g->lut_ns,
                g->carry_ns_per_bit, g->mul_ns, g->bram_ns, g->setup_ns));
}

/* The image has everything of the fabric and of the map in it. */
static void key_image(nh_run *r, nh_step *t) {
    size_t size;
    nh_hasher *h = nh_hasher_new(r->cli->arena);
    const uint8_t *bytes = nh_image_encode(r->cli->arena, r->image, &size);
    nh_hash_bytes(h, bytes, size);
    nh_step_key(t, "program image", nh_arena_str(r->cli->arena, nh_hash_end(h).hex));
}

static void depend_design(nh_run *r, nh_step *t) {
    key_file(r, t, "neurohls", "/proc/self/exe");
    nh_step_key(t, "config", r->provenance.config_sha);
    nh_step_key(t, "model", r->provenance.model_sha);
    bool same = r->graph->is_temporal && !r->opt->calibrate.data.path; /* see load_temporal */
    key_data(r, t, "calibration data", same ? r->opt->simulate.inputs.path : r->opt->calibrate.data.path, &r->calibration);
    /* May come from the data of the simulation, which are no part of the design otherwise. */
    if (r->graph->is_temporal) nh_step_key(t, "time steps", nh_arena_printf(r->cli->arena, "%lld", (long long)r->graph->steps));
    for (int i = 0; i < r->graph->n_layer; i++) {
        const char *model = r->graph->layer[i].opt.neuron_model;
        if (model && nh_neuron_model_is_file(model)) key_file(r, t, "neuron model", model);
    }
    key_target(r, t);
    if (r->image) key_image(r, t);
}

static void depend_sim(nh_run *r, nh_step *t) {
    depend_design(r, t);
    nh_step_input(t, "c");
    nh_step_input(t, "rtl");
    if (r->image) nh_step_input(t, "fabric");
    key_data(r, t, "inputs", r->opt->simulate.inputs.path, &r->inputs);
    key_file(r, t, "labels", r->opt->simulate.labels.path);
    key_file(r, t, "reference", r->opt->spiking.reference.path);
    nh_step_key(t, "trace", r->opt->simulate.trace ? "yes" : "no");
    nh_step_key(t, "waves", r->opt->simulate.waves ? "yes" : "no");
    key_tool(r, t, "verilator");
    key_tool(r, t, "cc");
    key_tool(r, t, "c++");
}

static void depend_synth(nh_run *r, nh_step *t) {
    key_file(r, t, "neurohls", "/proc/self/exe");
    key_target(r, t);
    nh_step_input(t, "rtl");
    key_tool(r, t, "yosys");
}

static void depend_pnr(nh_run *r, nh_step *t) {
    depend_synth(r, t);
    nh_step_key(t, "clock_mhz", nh_arena_printf(r->cli->arena, "%g", r->opt->clock_mhz));
    key_tool(r, t, "nextpnr-ice40");
    key_tool(r, t, "icepack");
}

/* --- may it run ------------------------------------------------------------------------------------------------------------ */

static const nh_tool_info *tool_info(const char *name) {
    for (int i = 0; i < nh_n_tools; i++)
        if (strcmp(nh_tools[i].name, name) == 0) return &nh_tools[i];
    return NULL;
}

/* A tool that two steps need is missed once. */
static bool need_tool(nh_run *r, const char *name, bool named, const char **why) {
    nh_diag *d = r->cli->diag;
    if (nh_tool_find(r->cli->arena, name)) return true;
    const nh_tool_info *info = tool_info(name);
    unsigned bit = 1U << (info - nh_tools);
    if (!(r->told_missing & bit)) {
        nh_report(d, named ? NH_T_REQUIRED : NH_T_MISSING, NH_NOWHERE, "%s was not found; it gives %s", name, info->gives);
        nh_diag_hint(d, "%s, or name it in $%s", info->install, info->env);
    }
    r->told_missing |= bit;
    *why = nh_arena_printf(r->cli->arena, "%s was not found; it gives %s: %s", name, info->gives, info->install);
    return false;
}

static lack lacks_for_sim(const nh_run *r) {
    if (r->opt->simulate.inputs.path) return (lack){0};
    return (lack){"the configuration has no simulate: inputs", "add simulate: { inputs: x.npy }", {.file = r->opt->file}};
}

static lack lacks_for_map(const nh_run *r) {
    if (nh_run_is_event(r)) return (lack){0};
    return (lack){"nothing is on a fabric: no layer has strategy: event", "defaults: { strategy: event }", r->opt->defaults.strategy_at};
}

static lack lacks_for_pnr(const nh_run *r) {
    if (r->parts) return (lack){"the parts of a network in several places are no one circuit", "neurohls synth counts each; neurohls build of one place is placed", r->opt->target_at};
    if (nh_has_pnr(&r->opt->target)) return (lack){0};
    return (lack){"there is no place and route for the target", "choose e.g. icebreaker or hx8k", r->opt->target_at};
}

/* Without Verilator and c++ the C kernels still run: accuracy and drift, but no RTL. That does not answer a plain `sim`. */
static bool tools_for_sim(nh_run *r, bool named, const char **why) {
    if (!need_tool(r, "cc", named, why)) return false;
    bool verilator = need_tool(r, "verilator", named, why), cxx = need_tool(r, "c++", named, why);
    return (verilator && cxx) || !named;
}

static bool tools_for_synth(nh_run *r, bool named, const char **why) { return need_tool(r, "yosys", named, why); }

static bool tools_for_pnr(nh_run *r, bool named, const char **why) {
    bool yosys = need_tool(r, "yosys", named, why);
    return need_tool(r, "nextpnr-ice40", named, why) && yosys;
}

/* --- what it does ---------------------------------------------------------------------------------------------------------- */

static bool work_c(nh_run *r, const char *dir) {
    if (r->parts) return nh_places_c(r, dir);
    return nh_emit_c(r->cli->arena, r->cli->diag, r->design, &r->provenance, dir);
}

static bool work_rtl(nh_run *r, const char *dir) {
    if (r->parts) return nh_places_rtl(r, dir);
    if (r->image) return nh_fabric_work_rtl(r, dir);
    return nh_emit_rtl(r->cli->arena, r->cli->diag, r->design, &r->provenance, dir);
}

/* The facts of one step beside its output, so that a cached step can be reported. */
static bool write_facts(nh_run *r, const char *dir, const nh_report_facts *only) {
    nh_report_facts f = *only;
    f.design = r->design;
    f.diag = r->cli->diag;
    f.provenance = r->provenance;
    f.part = r->facts.part;
    f.n_part = r->facts.n_part;
    return nh_report_json(r->cli->arena, r->cli->diag, &f, nh_path_join(r->cli->arena, dir, "facts.json"));
}

static bool load_facts(nh_run *r, const char *dir, nh_report_facts *f) {
    *f = (nh_report_facts){.design = r->design, .diag = r->cli->diag};
    return nh_report_load(r->cli->arena, r->cli->diag, nh_path_join(r->cli->arena, dir, "facts.json"), f);
}

static const char *cache_dir(nh_run *r) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && *cache == '/') return nh_path_join(r->cli->arena, cache, "neurohls");
    if (home && *home == '/') return nh_path_join(r->cli->arena, home, ".cache/neurohls");
    return below(r, ".cache");
}

static bool work_sim(nh_run *r, const char *dir) {
    nh_arena *a = r->cli->arena;
    nh_sim_setup s = {.c_dir = below(r, "c"), .rtl_dir = below(r, "rtl"), .work_dir = dir, .cache_dir = cache_dir(r),
                      .verilator = nh_tool_find(a, "verilator"), .cxx = nh_tool_find(a, "c++"), .cc = nh_tool_find(a, "cc"),
                      .jobs = r->cli->flag.jobs, .x = r->inputs, .label = r->label, .reference = r->reference, .quiet = r->cli->flag.quiet};
    if (!s.cxx) s.verilator = NULL;
    nh_sim_facts *f = &r->facts.sim;
    bool ok = r->parts ? nh_sim_places(a, r->cli->diag, r->parts, &s, r->facts.part, f)
              : r->image ? nh_fabric_work_sim(r, &s) : nh_sim_run(a, r->cli->diag, r->design, &s, f);
    if (!ok) return false;
    if (f->waves) f->waves = nh_path_join(a, below(r, "sim"), nh_path_base(f->waves)); /* where it will be */
    if (f->raster.n_band > 0 && !nh_report_raster(a, r->cli->diag, &f->raster, nh_path_join(a, dir, "raster.svg"))) return false;
    return write_facts(r, dir, &(nh_report_facts){.sim = *f, .fabric = r->facts.fabric, .map = r->facts.map});
}

static bool load_sim(nh_run *r, const char *dir) {
    nh_report_facts f;
    if (!load_facts(r, dir, &f)) return false;
    r->facts.sim = f.sim;
    nh_places_recall(r, &f, NH_STEP_SIM);
    r->facts.fabric = f.fabric;
    return true;
}

static bool work_synth(nh_run *r, const char *dir) {
    nh_arena *a = r->cli->arena;
    if (r->parts) return nh_places_synth(r, dir) && write_facts(r, dir, &(nh_report_facts){.synth = r->facts.synth});
    nh_diag *d = r->cli->diag;
    const char *rtl = below(r, "rtl"), *yosys = nh_tool_find(a, "yosys");
    nh_synth_facts *f = &r->facts.synth;
    if (!(r->image ? nh_synth_fabric(a, d, r->opt, rtl, dir, yosys, r->cli->flag.jobs, f) : nh_synth_run(a, d, r->design, rtl, dir, yosys, r->cli->flag.jobs, f)))
        return false;
    return write_facts(r, dir, &(nh_report_facts){.synth = r->facts.synth});
}

static bool load_synth(nh_run *r, const char *dir) {
    nh_report_facts f;
    if (!load_facts(r, dir, &f)) return false;
    r->facts.synth = f.synth;
    nh_places_recall(r, &f, NH_STEP_SYNTH);
    return true;
}

static bool work_pnr(nh_run *r, const char *dir) {
    nh_arena *a = r->cli->arena;
    nh_diag *d = r->cli->diag;
    const char *rtl = below(r, "rtl"), *yosys = nh_tool_find(a, "yosys"), *nextpnr = nh_tool_find(a, "nextpnr-ice40"), *icepack = nh_tool_find(a, "icepack");
    nh_pnr_facts *f = &r->facts.pnr;
    if (!(r->image ? nh_pnr_fabric(a, d, r->opt, rtl, dir, yosys, nextpnr, icepack, f)
                   : nh_pnr_run(a, d, r->design, rtl, dir, yosys, nextpnr, icepack, f)))
        return false;
    if (f->bitstream) f->bitstream = nh_path_join(a, "pnr", nh_path_base(f->bitstream));
    return write_facts(r, dir, &(nh_report_facts){.pnr = *f});
}

static bool load_pnr(nh_run *r, const char *dir) {
    nh_report_facts f;
    if (!load_facts(r, dir, &f)) return false;
    r->facts.pnr = f.pnr;
    return true;
}

static bool write_report_text(nh_run *r, const char *path) {
    FILE *out = fopen(path, "w");
    if (!out) return nh_report(r->cli->diag, NH_O_WRITE, NH_NOWHERE, "cannot write '%s'", path);
    nh_report_text(&r->facts, false, out);
    bool failed = ferror(out) != 0;
    failed |= fclose(out) != 0;
    return !failed || nh_report(r->cli->diag, NH_O_WRITE, NH_NOWHERE, "cannot write '%s'", path);
}

static bool write_report_json(nh_run *r, const char *path) { return nh_report_json(r->cli->arena, r->cli->diag, &r->facts, path); }

static bool write_report_html(nh_run *r, const char *path) { return nh_report_html(r->cli->arena, r->cli->diag, &r->facts, path); }

/* <out>/report.json, .html, .txt, each whole or as it was. */
static bool write_reports(nh_run *r) {
    static const struct {
        const char *name;
        bool (*write)(nh_run *r, const char *path);
    } file[] = {{"report.json", write_report_json}, {"report.html", write_report_html}, {"report.txt", write_report_text}};
    nh_diag *d = r->cli->diag;
    for (size_t i = 0; i < sizeof file / sizeof *file; i++) {
        const char *path = below(r, file[i].name), *staged = nh_stage_file(r->cli->arena, d, path);
        if (!staged || !file[i].write(r, staged) || !nh_publish(d, staged, path)) return false;
    }
    return true;
}

static const step_row steps[NH_STEP_COUNT] = {
    [NH_STEP_C] = {.name = "c", .depend = depend_design, .work = work_c},
    [NH_STEP_MAP] = {.name = "map", .folder = "fabric", .applies = nh_run_is_event, .lacks = lacks_for_map, .depend = depend_design,
                     .work = nh_fabric_work_map},
    [NH_STEP_RTL] = {.name = "rtl", .depend = depend_design, .work = work_rtl},
    [NH_STEP_SIM] = {.name = "sim", .lacks = lacks_for_sim, .tools = tools_for_sim, .depend = depend_sim, .work = work_sim, .load = load_sim},
    [NH_STEP_SYNTH] = {.name = "synth", .tools = tools_for_synth, .depend = depend_synth, .work = work_synth,
                       .load = load_synth},
    [NH_STEP_PNR] = {.name = "pnr", .lacks = lacks_for_pnr, .tools = tools_for_pnr, .depend = depend_pnr, .work = work_pnr, .load = load_pnr},
    [NH_STEP_REPORT] = {.name = "report"}, /* always written anew: it says what this run did */
};

int nh_step_find(const char *name) {
    for (int s = 0; s < NH_STEP_COUNT; s++)
        if (strcmp(steps[s].name, name) == 0) return s;
    return -1;
}

const char *nh_step_name(nh_step_id s) { return steps[s].name; }

const char *nh_run_folder(nh_run *r, nh_step_id s) { return below(r, folder_of(&steps[s])); }

/* --- the flow -------------------------------------------------------------------------------------------------------------- */

/* Logs of a failed step outlive it in <out>/<step>.failed, and the diagnostics made since `first` say that place. */
static void keep_failed(nh_run *r, const char *staged, const char *step, size_t first) {
    nh_arena *a = r->cli->arena;
    nh_diag *d = r->cli->diag;
    const char *kept = below(r, nh_arena_printf(a, "%s.failed", step));
    size_t n = strlen(staged);
    if (!nh_publish(d, staged, kept)) return;
    for (size_t i = first; i < d->count; i++) {
        const char **text[] = {&d->item[i].message, &d->item[i].found, &d->item[i].hint};
        for (size_t k = 0; k < sizeof text / sizeof *text; k++) {
            const char *old = *text[k], *at = old ? strstr(old, staged) : NULL;
            if (at) *text[k] = nh_arena_printf(a, "%.*s%s%s", (int)(at - old), old, kept, at + n);
        }
    }
}

static bool run_work(nh_run *r, const step_row *row, nh_step *t, nh_step_fact *fact) {
    nh_diag *d = r->cli->diag;
    size_t first = d->count;
    const char *dir = nh_step_begin(t, d);
    fact->state = NH_STEP_FAILED;
    if (!dir) return false;
    nh_progress *p = nh_progress_start(r->cli, (int)(row - steps) + 1, NH_STEP_COUNT, row->name);
    bool ok = row->work(r, dir);
    fact->seconds = nh_progress_stop(p);
    if (ok && nh_step_finish(t, d, "")) {
        fact->state = NH_STEP_DONE;
        nh_remove_tree(d, below(r, nh_arena_printf(r->cli->arena, "%s.failed", row->name)));
        return true;
    }
    if (!ok && row->tools) keep_failed(r, dir, row->name, first);
    nh_step_abandon(t);
    return false;
}

static bool run_step(nh_run *r, nh_steps *cache, nh_step_id s, nh_step_plan plan, bool force) {
    const step_row *row = &steps[s];
    nh_step_fact *fact = &r->facts.step[s];
    bool named = plan.named >> s & 1;
    size_t errors = r->cli->diag->n_error;
    lack missing = row->lacks ? row->lacks(r) : (lack){0};
    if (missing.what) {
        fact->why = missing.what;
        fact->state = NH_STEP_SKIPPED;
        return true;
    }
    if (row->tools && !row->tools(r, named, &fact->why)) {
        fact->state = r->cli->diag->n_error > errors ? NH_STEP_FAILED : NH_STEP_SKIPPED;
        return fact->state == NH_STEP_SKIPPED;
    }
    nh_step *t = nh_step_new(cache, folder_of(row));
    row->depend(r, t);
    bool cached = nh_step_cached(t, force);
    if (!fact->why) fact->why = nh_step_why(t); /* else it says what the step does without */
    if (cached && (!row->load || row->load(r, below(r, folder_of(row))))) {
        fact->state = NH_STEP_CACHED;
        return true;
    }
    return run_work(r, row, t, fact);
}

/* A step that this run was not asked for, but whose output of an earlier one still holds: the report keeps what it measured. */
static void recall_step(nh_run *r, nh_steps *cache, nh_step_id s) {
    const step_row *row = &steps[s];
    if (!row->load || !nh_file_exists(nh_path_join(r->cli->arena, below(r, folder_of(row)), "facts.json"))) return;
    nh_step *t = nh_step_new(cache, folder_of(row));
    row->depend(r, t);
    if (!nh_step_cached(t, false) || !row->load(r, below(r, folder_of(row)))) return;
    r->facts.step[s].state = NH_STEP_CACHED;
    r->facts.step[s].why = "not asked for; an earlier build's still holds";
}

static void say_step(const nh_run *r, const nh_step_fact *fact) {
    static const char *const state[] = {"not asked for", "done", "cached", "skipped", "failed"};
    if (!r->cli->flag.verbose || fact->state == NH_STEP_NOT_ASKED) return;
    fprintf(stderr, "%s: %s, %.1f s%s%s\n", fact->name, state[fact->state], fact->seconds, fact->why ? ": " : "", fact->why ? fact->why : "");
}

static void print_result(nh_run *r) {
    nh_cli *c = r->cli;
    if (c->flag.quiet) return;
    if (!c->flag.json) {
        nh_report_text(&r->facts, c->color_out, stdout);
        return;
    }
    nh_bytes json;
    if (nh_file_read(c->arena, c->diag, NH_NOWHERE, below(r, "report.json"), NH_ARENA_ARRAY_MAX, &json)) fwrite(json.data, 1, json.size, stdout);
}

/* A step that was asked for by name and cannot run whatever is installed: known before anything is written. */
static bool check_named(const nh_run *r, nh_step_plan plan) {
    bool ok = true;
    for (int s = 0; s < NH_STEP_REPORT; s++) {
        if (!(plan.named >> s & 1) || !steps[s].lacks) continue;
        lack missing = steps[s].lacks(r);
        if (!missing.what) continue;
        ok = nh_report(r->cli->diag, NH_C_CONFLICT, missing.at, "the step %s cannot run: %s", steps[s].name, missing.what);
        nh_diag_hint(r->cli->diag, "%s", missing.hint);
    }
    return ok;
}

static bool applies(const nh_run *r, int s) { return !steps[s].applies || steps[s].applies(r); }

/* recalls: steps that were not asked for tell what they measured before. */
static bool run_plan(nh_run *r, nh_steps *cache, nh_step_plan plan, bool recalls) {
    int from = r->cli->flag.from ? nh_step_find(r->cli->flag.from) : NH_STEP_COUNT;
    nh_report_facts *f = &r->facts;
    bool ok = true;
    f->n_step = NH_STEP_COUNT;
    for (int s = 0; s < NH_STEP_COUNT; s++) f->step[s] = (nh_step_fact){.name = steps[s].name, .state = NH_STEP_NOT_ASKED};
    for (int s = 0; s < NH_STEP_REPORT && ok; s++) {
        if (!applies(r, s)) continue;
        if (!(plan.wanted >> s & 1)) {
            if (recalls) recall_step(r, cache, (nh_step_id)s);
            continue;
        }
        ok = run_step(r, cache, (nh_step_id)s, plan, r->cli->flag.force || s >= from);
        say_step(r, &f->step[s]);
    }
    return ok;
}

bool nh_run_only_steps(nh_run *r, nh_step_plan plan) {
    nh_steps *cache = nh_steps_open(r->cli->arena, r->cli->diag, r->out);
    return cache && run_plan(r, cache, plan, false);
}

/* The report lists the steps that there are for this network. */
static void drop_others(nh_run *r) {
    nh_report_facts *f = &r->facts;
    f->n_step = 0;
    for (int s = 0; s < NH_STEP_COUNT; s++)
        if (applies(r, s)) f->step[f->n_step++] = f->step[s];
}

nh_exit nh_run_steps(nh_run *r, nh_step_plan plan) {
    nh_diag *d = r->cli->diag;
    nh_report_facts *f = &r->facts;
    if (!check_named(r, plan)) return nh_cli_finish(r->cli);
    nh_steps *cache = nh_steps_open(r->cli->arena, d, r->out);
    if (!cache) return nh_cli_finish(r->cli);
    f->provenance = r->provenance;
    f->design = r->design;
    f->diag = d;
    f->map.fabric = r->image ? &r->opt->fabric.f : NULL;
    f->map.plan = r->plan;
    f->map.net = r->net;
    f->map.image = r->image;
    if (!run_plan(r, cache, plan, true)) return nh_cli_finish(r->cli);
    nh_check_requirements(r);
    f->exit = nh_diag_exit(d);
    f->step[NH_STEP_REPORT].state = NH_STEP_DONE;
    drop_others(r);
    if (write_reports(r)) print_result(r);
    return nh_cli_finish(r->cli);
}
