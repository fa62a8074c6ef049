#include "passes.h"

#include <string.h>

#include "last_will.h"
#include "neurons.h"

typedef struct {
    nh_graph *g;
    const nh_options *o;
    const nh_samples *calibration;
    nh_diag *d;
    nh_arena *scratch; /* lives from the first pass to the last */
    nh_seen *seen;
} pipeline;

static bool drop_identity(pipeline *p) { return nh_pass_drop_identity(p->g, p->d); }
static bool fold_affine(pipeline *p) { return nh_pass_fold_affine(p->g, p->d); }
static bool append_argmax(pipeline *p) { return nh_pass_append_argmax(p->g, p->o, p->d); }
static bool discretise(pipeline *p) { return nh_pass_discretise(p->g, p->o, p->d); }
static bool absorb(pipeline *p) { return nh_pass_absorb(p->g, p->d); }
static bool calibrate(pipeline *p) { return nh_pass_calibrate(p->scratch, p->g, p->o, p->calibration, p->d, &p->seen); }
static bool infer(pipeline *p) { return nh_pass_infer(p->g, p->o, p->calibration, p->seen, p->d); }

/* In order; the names are those of --dump-after. */
static const struct {
    const char *name;
    bool (*run)(pipeline *);
} passes[] = {{"drop_identity", drop_identity},
              {"fold_affine", fold_affine},
              {"append_argmax", append_argmax},
              {"discretise", discretise},
              {"absorb", absorb},
              {"calibrate", calibrate},
              {"infer", infer}};
enum { N_PASSES = sizeof passes / sizeof *passes };

const char *nh_passes_names(nh_arena *a) {
    const char *names = passes[0].name;
    for (int i = 1; i < N_PASSES; i++) names = nh_arena_printf(a, "%s, %s", names, passes[i].name);
    return names;
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
    pipeline p = {.g = g, .o = o, .calibration = calibration, .d = d, .scratch = nh_arena_new()};
    bool ok = check(&p, "reading");
    for (int i = 0; ok && i < N_PASSES; i++) {
        ok = !nh_will_stop() && passes[i].run(&p);
        if (dump && dump_after && strcmp(dump_after, passes[i].name) == 0) nh_graph_print(g, true, dump);
        ok = ok && check(&p, passes[i].name);
    }
    nh_arena_free(p.scratch);
    return ok;
}
