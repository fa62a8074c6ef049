/* What the plan says of budget:, which only the solution of reuse_factor: auto looks at. */
#include <math.h>

#include "run.h"

static bool takes_budget(const nh_layer *l) {
    bool is_window = nh_op_has_window(l->op);
    return (is_window || l->op == NH_OP_DENSE) && l->opt.strategy == NH_STRATEGY_RESOURCE && l->opt.reuse_factor == 0;
}

/* Cycles that the budget gives; 0: it says nothing of them. */
static int64_t cycles_of(const nh_options *o) {
    if (o->budget.ii_cycles > 0) return o->budget.ii_cycles;
    return o->budget.rate_hz > 0 ? (int64_t)fmin(floor(o->clock_mhz * 1e6 / o->budget.rate_hz), 1e15) : 0;
}

/* The unit that the design waits for. */
static const nh_unit *slowest(const nh_design *g) {
    const nh_unit *u = g->unit;
    for (int i = 1; i < g->n_unit; i++)
        if (g->unit[i].ii_cycles > u->ii_cycles) u = &g->unit[i];
    return u;
}

static void check_cycles(nh_session *r, int64_t most) {
    const nh_design *g = r->design;
    nh_diag *d = r->diag;
    const nh_unit *u = slowest(g);
    if (most == 0 || g->ii_cycles <= most) return;
    nh_report(d, NH_P_OVER_BUDGET, r->opt->budget.at, "the plan takes %lld cycles, and the budget is %lld",
              (long long)g->ii_cycles, (long long)most);
    if (u->ii_cycles < g->ii_cycles) {
        nh_diag_found(d, "the units take %lld: input or output, element by element, need the rest",
                      (long long)u->ii_cycles);
        nh_diag_hint(d, "a larger beat moves more elements per cycle");
        return;
    }
    nh_diag_found(d, "unit %s: %lld cycles", u->id, (long long)u->ii_cycles);
    nh_diag_hint(d, "the budget decides reuse_factor: auto only; a factor that is given stays as it is");
}

static void check_multipliers(nh_session *r, int64_t most) {
    const nh_design *g = r->design;
    nh_diag *d = r->diag;
    const char *units = "";
    if (most == 0 || g->estimate.multipliers <= most) return;
    for (int i = 0; i < g->n_unit; i++)
        if (g->unit[i].estimate.multipliers > 0)
            units = nh_arena_printf(r->arena, "%s%s%s: %lld", units, *units ? ", " : "", g->unit[i].id,
                                    (long long)g->unit[i].estimate.multipliers);
    nh_report(d, NH_P_OVER_BUDGET, r->opt->budget.at, "the plan has %lld multipliers, and the budget is %lld",
              (long long)g->estimate.multipliers, (long long)most);
    nh_diag_found(d, "%s", units);
    nh_diag_hint(d, "reuse_factor: auto shares those of layers with weights; softmax, requantizers and layers of a "
                    "given factor have theirs besides");
}

void nh_check_budget(nh_session *r) {
    const nh_options *o = r->opt;
    bool any = false;
    if (o->budget.at.line == 0) return;
    for (int i = 0; i < r->graph->n_layer; i++) any |= takes_budget(&r->graph->layer[i]);
    if (!any) {
        nh_report(r->diag, NH_C_NO_EFFECT, o->budget.at,
                  "budget has no effect: no layer has strategy: resource and reuse_factor: auto");
        return;
    }
    if (nh_run_fabric_part(r)) return; /* nobody builds its design */
    check_cycles(r, cycles_of(o));
    check_multipliers(r, o->budget.multipliers);
}
