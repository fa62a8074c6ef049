#include "passes.h"

#include <string.h>

typedef struct {
    nh_graph *g;
    const nh_options *o;
    const nh_samples *calibration;
    nh_diag *d;
} pipeline;

static bool drop_identity(pipeline *p) {
    return nh_pass_drop_identity(p->g, p->d);
}
static bool fold_batchnorm(pipeline *p) {
    return nh_pass_fold_batchnorm(p->g, p->d);
}
static bool append_argmax(pipeline *p) {
    return nh_pass_append_argmax(p->g, p->o, p->d);
}
static bool calibrate(pipeline *p) {
    return nh_pass_calibrate(p->g, p->o, p->calibration, p->d);
}
static bool infer_fx(pipeline *p) {
    return nh_pass_infer_fx(p->g, p->o, p->calibration, p->d);
}

/* In order; the names are those of --dump-after. */
static const struct {
    const char *name;
    bool (*run)(pipeline *);
} passes[] = {{"drop_identity", drop_identity},
              {"fold_batchnorm", fold_batchnorm},
              {"append_argmax", append_argmax},
              {"calibrate", calibrate},
              {"infer_fx", infer_fx}};

const char *nh_passes_names(nh_arena *a) {
    const char *names = passes[0].name;
    for (size_t i = 1; i < sizeof passes / sizeof passes[0]; i++) names = nh_arena_printf(a, "%s, %s", names, passes[i].name);
    return names;
}

static bool check(pipeline *p, const char *after) {
    nh_arena *scratch = nh_arena_new();
    const char *why = nh_graph_check(p->g, scratch);
    if (why) nh_report(p->d, NH_O_BUG, NH_NOWHERE, "after %s: %s", after, nh_arena_str(p->g->arena, why));
    nh_arena_free(scratch);
    return !why;
}

bool nh_passes_run(nh_graph *g, const nh_options *o, const nh_samples *calibration, nh_diag *d,
                   const char *dump_after, FILE *dump) {
    pipeline p = {g, o, calibration, d};
    if (!check(&p, "reading")) return false;
    for (size_t i = 0; i < sizeof passes / sizeof passes[0]; i++) {
        bool ok = passes[i].run(&p);
        if (dump && dump_after && strcmp(dump_after, passes[i].name) == 0) nh_graph_print(g, true, dump);
        if (!ok || !check(&p, passes[i].name)) return false;
    }
    return true;
}
