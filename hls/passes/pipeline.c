#include "temporal.h"

#include <string.h>

typedef struct {
    nh_graph *g;
    const nh_options *o;
    const nh_samples *calibration;
    nh_diag *d;
} pipeline;

static bool drop_identity(pipeline *p) { return nh_pass_drop_identity(p->g, p->d); }
static bool fold_affine(pipeline *p) { return nh_pass_fold_affine(p->g, p->d); }
static bool append_argmax(pipeline *p) { return nh_pass_append_argmax(p->g, p->o, p->d); }
static bool calibrate(pipeline *p) { return nh_pass_calibrate(p->g, p->o, p->calibration, p->d); }
static bool infer_fx(pipeline *p) { return nh_pass_infer_fx(p->g, p->o, p->calibration, p->d); }

static bool discretise(pipeline *p) { return nh_pass_discretise(p->g, p->o, p->d); }
static bool absorb(pipeline *p) { return nh_pass_absorb(p->g, p->d); }
static bool temporal_fx(pipeline *p) { return nh_pass_temporal_fx(p->g, p->o, p->calibration, p->d); }

/* In order; the names are those of --dump-after. */
typedef struct {
    const char *name;
    bool (*run)(pipeline *);
} pass;
static const pass frame_passes[] = {{"drop_identity", drop_identity}, {"fold_affine", fold_affine},
                                    {"append_argmax", append_argmax}, {"calibrate", calibrate},
                                    {"infer_fx", infer_fx},           {NULL, NULL}};
static const pass temporal_passes[] = {{"drop_identity", drop_identity},
                                       {"discretise", discretise},
                                       {"absorb", absorb},
                                       {"temporal_fx", temporal_fx},
                                       {NULL, NULL}};

static const char *names_of(nh_arena *a, const pass *table) {
    const char *names = table->name;
    while ((++table)->name) names = nh_arena_printf(a, "%s, %s", names, table->name);
    return names;
}

const char *nh_passes_names(nh_arena *a, const nh_graph *g) {
    return names_of(a, nh_graph_has_steps(g) ? temporal_passes : frame_passes);
}

static bool check(pipeline *p, const char *after) {
    nh_arena *scratch = nh_arena_new();
    const char *why = nh_graph_check(p->g, scratch);
    if (why) nh_report(p->d, NH_O_BUG, NH_NOWHERE, "after %s: %s", after, nh_arena_str(p->g->arena, why));
    nh_arena_free(scratch);
    return !why;
}

bool nh_passes_run(nh_graph *g, const nh_options *o, const nh_samples *calibration, nh_diag *d, const char *dump_after,
                   FILE *dump) {
    pipeline p = {g, o, calibration, d};
    if (!check(&p, "reading")) return false;
    for (const pass *q = nh_graph_has_steps(g) ? temporal_passes : frame_passes; q->name; q++) {
        bool ok = q->run(&p);
        if (dump && dump_after && strcmp(dump_after, q->name) == 0) nh_graph_print(g, true, dump);
        if (!ok || !check(&p, q->name)) return false;
    }
    return true;
}
