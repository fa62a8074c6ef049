/* Contexts and cores: what is tried, in order, and the best of it. */
#include <inttypes.h>

#include "map_parts.h"

typedef struct {
    bool ok;
    nh_map_share share;
    bool calm;
    int contexts;
    int64_t cores, cost;
} trial;

static bool plan_with(nh_mapper *m, nh_map_share share, bool calm) {
    m->share = share;
    m->calm = calm;
    return nh_map_contexts(m, m->p->scc, m->most) && nh_map_time(m);
}

/* Without diagnostics and without traces in the certificate. Cores that would sweep a piece when they should not are
 * given up. */
static trial try_quietly(nh_mapper *m, nh_map_share share, nh_map_certificate *why) {
    nh_map_plan *p = m->p;
    nh_diag *d = m->d;
    trial t = {.share = share};
    nh_map_certificate saved = p->certificate;
    m->d = NULL;
    t.ok = plan_with(m, share, false);
    if (t.ok && !nh_map_share_check(m)) {
        t.calm = true;
        t.ok = plan_with(m, share, true) && nh_map_share_check(m);
    }
    *why = p->certificate;
    p->certificate = saved;
    m->d = d;
    if (t.ok) t.contexts = p->n_context, t.cores = p->n_core, t.cost = p->cost;
    return t;
}

static bool is_better(const trial *t, const trial *best) {
    if (!t->ok || !best->ok) return t->ok;
    return t->contexts != best->contexts ? t->contexts < best->contexts : t->cores < best->cores;
}

static const char *name_of(nh_map_share share) {
    return share == NH_SHARE_NEVER  ? "a layer per core"
           : share == NH_SHARE_FREE ? "layers share cores that are not the busiest"
                                    : "layers share cores where they fit";
}

static void note(nh_mapper *m, const trial *t, const nh_map_certificate *why, const trial *best, bool better) {
    nh_map_plan *p = m->p;
    if (!m->d || p->n_attempt == NH_MAP_ATTEMPTS) return;
    nh_map_attempt *x = &p->attempt[p->n_attempt++];
    const char *contexts = m->most == 1 ? "one context"
                           : m->most    ? nh_arena_printf(m->a, "at most %" PRId64 " contexts", m->most)
                                        : "any number of contexts";
    *x = (nh_map_attempt){.what = nh_arena_printf(m->a, "%s, %s", contexts, name_of(t->share)),
                          .accepted = better,
                          .contexts = t->contexts,
                          .cores = t->cores,
                          .cost = t->cost,
                          .best_contexts = best->contexts,
                          .best_cores = best->cores,
                          .best_cost = best->cost};
    if (better) return;
    if (t->ok)
        x->why = "no better than the best so far";
    else
        x->layer = why->layer, x->resource = why->resource, x->needed = why->needed, x->available = why->available;
}

/* What a policy tries, in order: always without sharing first, so that it is never worse than that. */
static int list_of(nh_map_share policy, nh_map_share *list) {
    int n = 0;
    list[n++] = NH_SHARE_NEVER;
    if (policy == NH_SHARE_FREE || policy == NH_SHARE_AUTO) list[n++] = NH_SHARE_FREE;
    if (policy == NH_SHARE_ALWAYS || policy == NH_SHARE_AUTO) list[n++] = NH_SHARE_ALWAYS;
    return n;
}

bool nh_map_arrange(nh_mapper *m) {
    nh_map_share list[3];
    int n = list_of(nh_map_share_affords(m) ? m->option.share : NH_SHARE_NEVER, list);
    trial best = {0};
    bool stands = false; /* the plan holds the best */
    for (int i = 0; i < n; i++) {
        nh_map_certificate why;
        if (m->option.share == NH_SHARE_AUTO && list[i] == NH_SHARE_ALWAYS && best.ok && best.contexts == 1) break;
        trial t = try_quietly(m, list[i], &why);
        stands = is_better(&t, &best);
        if (stands) best = t;
        note(m, &t, &why, &best, stands);
    }
    if (stands) return true;
    /* Nothing fits: the certificate is of the plan that comes closest. */
    if (!best.ok)
        return plan_with(m, list[n - 1], false) && plan_with(m, list[n - 1], true) &&
               plan_with(m, NH_SHARE_NEVER, true);
    return plan_with(m, best.share, best.calm) && nh_map_share_check(m);
}
