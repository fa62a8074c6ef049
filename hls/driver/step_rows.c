/* The table of steps, and what its rows do. */
#include "step_rows.h"

#include <dlfcn.h>

#include <stdlib.h>
#include <string.h>

#include "family.h"
#include "partitions.h"
#include "sources.h"
#include "tool.h"

const char *nh_run_below(nh_session *r, const char *name) { return nh_path_join(r->arena, r->out, name); }

/* The file that this code was loaded from: the shared library, or the program that it is part of. */
static const char *own_code(void) {
    Dl_info info;
    bool shared = dladdr(nh_step_rows, &info) != 0 && info.dli_fname && strstr(info.dli_fname, ".so");
    return shared ? info.dli_fname : "/proc/self/exe";
}

/* --- what a step depends on -------------------------------------------------------------------------------------- */

/* A file of the user's, by the bytes that this run read of it. */
static void key_file(nh_session *r, nh_step *t, const char *part, const char *path) {
    const char *hash = path ? nh_sources_hash(r->sources, path) : NULL;
    if (path) nh_step_key(t, part, hash ? hash : "not read");
}

/* This program, or the library; the link names the file that runs, also when a newer one has taken its place. */
static void key_self(nh_session *r, nh_step *t) {
    nh_hash h;
    nh_step_key(t, "neurohls", nh_hash_file(r->arena, own_code(), &h) ? nh_arena_str(r->arena, h.hex) : NH_VERSION);
}

/* Folders and lists of recordings: what was read from them. */
static void key_data(nh_session *r, nh_step *t, const char *part, const char *path, const nh_samples *x) {
    size_t n = path ? strlen(path) : 0;
    bool is_file = n == 0 || (path[n - 1] != '/' && strcmp(path + n - (n > 4 ? 4 : n), ".txt") != 0);
    if (is_file) {
        key_file(r, t, part, path);
        return;
    }
    nh_hasher *h = nh_hasher_new(r->arena);
    nh_hash_bytes(h, x->x, (size_t)(x->n * x->size) * sizeof *x->x);
    nh_step_key(t, part, nh_arena_str(r->arena, nh_hash_end(h).hex));
}

static void key_tool(nh_session *r, nh_step *t, const char *name) {
    const char *path = nh_tool_find(r->arena, name);
    const char *version = path ? nh_tool_version(r->arena, name, path) : "missing";
    nh_step_key(t, nh_arena_printf(r->arena, "tool %s", name), version);
}

/* Target files are no input of their own: their figures are. */
static void key_target(nh_session *r, nh_step *t) {
    const nh_target *g = &r->opt->target;
    nh_step_key(t, "target",
                nh_arena_printf(r->arena, "%s %s %s %s %lld %lld %lld %lld %lld %lld %d %d %g %g %g %g %g %g", g->name,
                                g->family, g->device, g->package, (long long)g->luts, (long long)g->ffs,
                                (long long)g->brams, (long long)g->dsps, (long long)g->pins, (long long)g->bram_bits,
                                g->lut_inputs, g->use_dsp, g->clock_mhz, g->lut_ns, g->carry_ns_per_bit, g->mul_ns,
                                g->bram_ns, g->setup_ns));
}

/* The image has everything of the fabric and of the map in it. */
static void key_image(nh_session *r, nh_step *t, const nh_image *image) {
    size_t size;
    nh_hasher *h = nh_hasher_new(r->arena);
    const uint8_t *bytes = nh_image_encode(r->arena, image, &size);
    nh_hash_bytes(h, bytes, size);
    nh_step_key(t, "program image", nh_arena_str(r->arena, nh_hash_end(h).hex));
}

static void depend_design(nh_session *r, nh_step *t) {
    const nh_part *fabric = nh_run_fabric_part(r);
    key_self(r, t);
    nh_step_key(t, "config", r->provenance.config_sha);
    nh_step_key(t, "model", r->provenance.model_sha);
    bool same = nh_graph_has_steps(r->graph) && !r->opt->calibrate.data.path; /* see load_temporal */
    key_data(r, t, "calibration data", same ? r->opt->simulate.inputs.path : r->opt->calibrate.data.path,
             &r->calibration);
    /* May come from the data of the simulation, which are no part of the design otherwise. */
    if (nh_graph_has_steps(r->graph))
        nh_step_key(t, "time steps", nh_arena_printf(r->arena, "%lld", (long long)r->graph->steps));
    for (int i = 0; i < r->graph->n_layer; i++) {
        const char *model = r->graph->layer[i].opt.neuron_model;
        if (model && nh_neuron_model_is_file(model))
            key_file(r, t, nh_arena_printf(r->arena, "neuron model of %s", r->graph->layer[i].name), model);
    }
    key_target(r, t);
    if (fabric) key_image(r, t, fabric->image);
}

static void depend_sim(nh_session *r, nh_step *t) {
    bool rtl = r->opt->simulate.rtl && !r->only_c;
    depend_design(r, t);
    nh_step_input(t, "c");
    if (rtl) nh_step_input(t, "rtl");
    if (rtl && nh_run_fabric_part(r)) nh_step_input(t, "fabric");
    nh_step_key(t, "simulates the RTL", rtl ? "yes" : "no");
    key_data(r, t, "inputs", r->opt->simulate.inputs.path, &r->inputs);
    key_file(r, t, "labels", r->opt->simulate.labels.path);
    key_file(r, t, "reference", r->opt->spiking.reference.path);
    nh_step_key(t, "trace", r->opt->simulate.trace ? "yes" : "no");
    nh_step_key(t, "waves", r->opt->simulate.waves ? "yes" : "no");
    key_tool(r, t, "cc");
    if (rtl) key_tool(r, t, "verilator");
    if (rtl) key_tool(r, t, "c++");
}

static void depend_synth(nh_session *r, nh_step *t) {
    key_self(r, t);
    key_target(r, t);
    nh_step_input(t, "rtl");
    key_tool(r, t, "yosys");
}

static void depend_pnr(nh_session *r, nh_step *t) {
    depend_synth(r, t);
    nh_step_key(t, "clock_mhz", nh_arena_printf(r->arena, "%g", r->opt->clock_mhz));
    const nh_family *f = nh_family_find(r->opt->target.family);
    if (f->placement.placer) key_tool(r, t, f->placement.placer);
    if (f->placement.packer) key_tool(r, t, f->placement.packer);
}

/* --- may it run -------------------------------------------------------------------------------------------------- */

static const nh_tool_info *tool_info(const char *name) {
    for (int i = 0; i < nh_n_tools; i++)
        if (strcmp(nh_tools[i].name, name) == 0) return &nh_tools[i];
    return NULL;
}

/* A tool that two steps need is missed once. */
static bool need_tool(nh_session *r, const char *name, bool named, const char **why) {
    nh_diag *d = r->diag;
    if (nh_tool_find(r->arena, name)) return true;
    const nh_tool_info *info = tool_info(name);
    unsigned bit = 1U << (info - nh_tools);
    if (!(r->told_missing & bit)) {
        nh_report(d, named ? NH_T_REQUIRED : NH_T_MISSING, NH_NOWHERE, "%s was not found; it gives %s", name,
                  info->gives);
        nh_diag_hint(d, "%s, or name it in $%s", info->install, info->env);
    }
    r->told_missing |= bit;
    *why = nh_arena_printf(r->arena, "%s was not found; it gives %s: %s", name, info->gives, info->install);
    return false;
}

static nh_step_lack lacks_for_sim(const nh_session *r) {
    if (r->opt->simulate.inputs.path) return (nh_step_lack){0};
    return (nh_step_lack){
        "the configuration has no simulate: inputs", "add simulate: { inputs: x.npy }", {.file = r->opt->file}};
}

static nh_step_lack lacks_for_map(const nh_session *r) {
    if (nh_run_fabric_part(r)) return (nh_step_lack){0};
    return (nh_step_lack){"nothing is on a fabric: no layer has strategy: event", "defaults: { strategy: event }",
                          r->opt->defaults.strategy_at};
}

static nh_step_lack lacks_for_pnr(const nh_session *r) {
    if (!nh_parts_only(r->parts))
        return (nh_step_lack){"the parts of a network in several places are no one circuit",
                              "neurohls synth counts each; neurohls build of one place is placed", r->opt->target_at};
    if (nh_has_pnr(&r->opt->target)) return (nh_step_lack){0};
    return (nh_step_lack){"there is no place and route for the target", "choose e.g. icebreaker or hx8k",
                          r->opt->target_at};
}

/* Without Verilator and c++ the C kernels still run: accuracy and drift, but no RTL; and without a C compiler the
 * integer model. */
static bool tools_for_sim(nh_session *r, bool named, const char **why) {
    (void)named;
    if (!need_tool(r, "cc", false, why) || r->only_c || !r->opt->simulate.rtl) return true;
    need_tool(r, "verilator", false, why);
    need_tool(r, "c++", false, why);
    return true;
}

static bool tools_for_synth(nh_session *r, bool named, const char **why) { return need_tool(r, "yosys", named, why); }

static bool tools_for_pnr(nh_session *r, bool named, const char **why) {
    const char *placer = nh_family_find(r->opt->target.family)->placement.placer;
    bool yosys = need_tool(r, "yosys", named, why);
    return (!placer || need_tool(r, placer, named, why)) && yosys;
}

/* --- what it does ------------------------------------------------------------------------------------------------ */

static bool is_on_fabric(const nh_session *r) { return nh_run_fabric_part(r) != NULL; }

static bool work_map(nh_session *r, const char *dir) { return nh_fabric_work_map(r, nh_run_fabric_part(r), dir); }

/* The facts of one step beside its output, so that a cached step can be reported. */
static bool write_facts(nh_session *r, const char *dir, const nh_report_facts *only) {
    nh_report_facts f = *only;
    f.design = r->design;
    f.diag = r->diag;
    f.provenance = r->provenance;
    f.part = r->facts.part;
    f.n_part = r->facts.n_part;
    return nh_report_json(r->arena, r->diag, &f, nh_path_join(r->arena, dir, "facts.json"));
}

static bool load_facts(nh_session *r, const char *dir, nh_report_facts *f) {
    *f = (nh_report_facts){.design = r->design, .diag = r->diag};
    return nh_report_load(r->arena, r->diag, nh_path_join(r->arena, dir, "facts.json"), f);
}

const char *nh_run_cache_dir(nh_session *r) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && *cache == '/') return nh_path_join(r->arena, cache, "neurohls");
    if (home && *home == '/') return nh_path_join(r->arena, home, ".cache/neurohls");
    return nh_run_below(r, ".cache");
}

bool nh_run_simulates_rtl(nh_session *r) {
    nh_arena *a = r->arena;
    return r->opt->simulate.rtl && !r->only_c && nh_tool_find(a, "cc") && nh_tool_find(a, "c++") &&
           nh_tool_find(a, "verilator");
}

static bool work_sim(nh_session *r, const char *dir) {
    nh_arena *a = r->arena;
    nh_sim_setup s = {.c_dir = nh_run_below(r, "c"),
                      .rtl_dir = nh_run_below(r, "rtl"),
                      .work_dir = dir,
                      .cache_dir = nh_run_cache_dir(r),
                      .verilator = nh_run_simulates_rtl(r) ? nh_tool_find(a, "verilator") : NULL,
                      .cxx = nh_tool_find(a, "c++"),
                      .cc = nh_tool_find(a, "cc"),
                      .jobs = r->ask.jobs,
                      .x = r->inputs,
                      .label = r->label,
                      .target = r->target,
                      .reference = r->reference,
                      .quiet = r->ask.quiet};
    nh_sim_facts *f = &r->facts.sim;
    if (!nh_partitions_sim(r, &s)) return false;
    if (f->waves) f->waves = nh_path_join(a, nh_run_below(r, "sim"), nh_path_base(f->waves)); /* where it will be */
    if (f->raster.n_band > 0 && !nh_report_raster(a, r->diag, &f->raster, nh_path_join(a, dir, "raster.svg")))
        return false;
    return write_facts(r, dir, &(nh_report_facts){.sim = *f, .fabric = r->facts.fabric, .map = r->facts.map});
}

static bool load_sim(nh_session *r, const char *dir) {
    nh_report_facts f;
    if (!load_facts(r, dir, &f)) return false;
    r->facts.sim = f.sim;
    nh_partitions_recall(r, &f, NH_STEP_SIM);
    r->facts.fabric = f.fabric;
    return true;
}

static bool work_synth(nh_session *r, const char *dir) {
    return nh_partitions_synth(r, dir) && write_facts(r, dir, &(nh_report_facts){.synth = r->facts.synth});
}

static bool load_synth(nh_session *r, const char *dir) {
    nh_report_facts f;
    if (!load_facts(r, dir, &f)) return false;
    r->facts.synth = f.synth;
    nh_partitions_recall(r, &f, NH_STEP_SYNTH);
    return true;
}

static bool work_pnr(nh_session *r, const char *dir) {
    nh_pnr_facts *f = &r->facts.pnr;
    if (!nh_partitions_pnr(r, dir)) return false;
    if (f->bitstream) f->bitstream = nh_path_join(r->arena, "pnr", nh_path_base(f->bitstream));
    return write_facts(r, dir, &(nh_report_facts){.pnr = *f});
}

static bool load_pnr(nh_session *r, const char *dir) {
    nh_report_facts f;
    if (!load_facts(r, dir, &f)) return false;
    r->facts.pnr = f.pnr;
    return true;
}

const nh_step_row nh_step_rows[NH_STEP_COUNT] = {
    [NH_STEP_C] = {.name = "c", .depend = depend_design, .work = nh_partitions_c},
    [NH_STEP_MAP] = {.name = "map",
                     .folder = "fabric",
                     .applies = is_on_fabric,
                     .lacks = lacks_for_map,
                     .depend = depend_design,
                     .work = work_map},
    [NH_STEP_RTL] = {.name = "rtl", .depend = depend_design, .work = nh_partitions_rtl},
    [NH_STEP_SIM] = {.name = "sim",
                     .lacks = lacks_for_sim,
                     .tools = tools_for_sim,
                     .depend = depend_sim,
                     .work = work_sim,
                     .load = load_sim},
    [NH_STEP_SYNTH] =
        {.name = "synth", .tools = tools_for_synth, .depend = depend_synth, .work = work_synth, .load = load_synth},
    [NH_STEP_PNR] = {.name = "pnr",
                     .lacks = lacks_for_pnr,
                     .tools = tools_for_pnr,
                     .depend = depend_pnr,
                     .work = work_pnr,
                     .load = load_pnr},
    [NH_STEP_REPORT] = {.name = "report"}, /* always written anew: it says what this run did */
};
