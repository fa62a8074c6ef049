/* Lanes for a reuse factor, and reuse factors for a budget. Both exact: see design.h. */
#include "reuse.h"
#include "intmath.h"
#include "conv.h"

#include <math.h>

/* For a number of input words j, in_lanes = ceil(n_in/j) is the least that needs no more than j words, and R/j groups
 * are left for the outputs. Every optimum has this form, so walking j is an exact search. */
void nh_mac_lanes(int64_t n_in, int64_t n_out, int64_t r, bool exact, int64_t *in_lanes, int64_t *out_lanes) {
    int64_t best = INT64_MAX, best_in = n_in, best_out = n_out;
    for (int64_t j = 1; j <= n_in && j <= r; j++) {
        int64_t in = nh_ceil_div(n_in, j), out = nh_ceil_div(n_out, r / j), lanes = in * out;
        bool tie_wins = exact ? out < best_out : in < best_in;
        if (lanes < best || (lanes == best && tie_wins)) {
            best = lanes;
            best_in = in;
            best_out = out;
        }
    }
    *in_lanes = best_in;
    *out_lanes = best_out;
}

nh_dense_shape nh_dense_shape_of(const nh_layer *l) {
    return (nh_dense_shape){l->weight->shape.dim[1], l->weight->shape.dim[0]};
}

/* Lanes of a layer that may take r cycles per output vector; for a convolution: per pixel. */
static int64_t multipliers_of(const nh_graph *g, const nh_layer *l, int64_t r) {
    if (nh_op_has_window(l->op)) {
        nh_conv_shape c = nh_conv_shape_of(g, l);
        int64_t in = c.c_in, out = c.c_out;
        if (!nh_conv_lanes(&c, r, &in, &out)) return INT32_MAX; /* cannot be so fast: an impossible number */
        return c.depthwise ? out : in * out;
    }
    nh_dense_shape s = nh_dense_shape_of(l);
    int64_t in, out;
    nh_mac_lanes(s.n_in, s.n_out, r, l->accum_exact, &in, &out);
    return in * out;
}

static bool is_mac(const nh_layer *l) {
    return (l->op == NH_OP_DENSE && l->opt.strategy == NH_STRATEGY_RESOURCE) || nh_op_has_window(l->op);
}

static int64_t largest_reuse(const nh_graph *g, const nh_layer *l) {
    if (nh_op_has_window(l->op)) {
        nh_conv_shape c = nh_conv_shape_of(g, l);
        return nh_conv_cycles(&c, 1, 1);
    }
    nh_dense_shape s = nh_dense_shape_of(l);
    return s.n_in * s.n_out;
}

/* Cycles per output vector with all lanes. */
static int64_t least_reuse(const nh_graph *g, const nh_layer *l) {
    if (!nh_op_has_window(l->op)) return 1;
    nh_conv_shape c = nh_conv_shape_of(g, l);
    return nh_conv_least_cycles(&c);
}

/* Output vectors of an inference or step: a convolution makes one per pixel. */
static int64_t vectors_of(const nh_graph *g, const nh_layer *l) {
    return nh_op_has_window(l->op) ? nh_conv_shape_of(g, l).pixels : 1;
}

/* The reuse factor of an auto layer that has `ii` cycles; a convolution never less than it needs with all lanes. */
static int64_t reuse_within(const nh_graph *g, const nh_layer *l, int64_t ii) {
    int64_t most = largest_reuse(g, l), r = ii / vectors_of(g, l), least = least_reuse(g, l);
    r = r < most ? r : most;
    return r > least ? r : least;
}

/* Multipliers of the whole design when every auto layer may take up to `ii` cycles. */
static int64_t multipliers_at(const nh_graph *g, int64_t ii) {
    int64_t sum = 0;
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        if (!is_mac(l)) continue;
        int64_t r = l->opt.reuse_factor;
        sum += multipliers_of(g, l, r ? r : reuse_within(g, l, ii));
    }
    return sum;
}

/* The least II whose multipliers fit; multipliers_at falls monotonically with ii, so bisection is exact. */
static int64_t least_ii(const nh_graph *g, int64_t multipliers, int64_t most) {
    int64_t lo = 1, hi = most;
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;
        if (multipliers_at(g, mid) <= multipliers)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

static int64_t budget_ii(const nh_options *o) {
    if (o->budget.ii_cycles > 0) return o->budget.ii_cycles;
    if (o->budget.rate_hz > 0) {
        double ii = floor(o->clock_mhz * 1e6 / o->budget.rate_hz);
        return ii < 1 ? 1 : ii > 1e15 ? (int64_t)1e15 : (int64_t)ii;
    }
    return 0;
}

static bool check_rate(const nh_options *o, nh_diag *d) {
    if (o->budget.rate_hz <= o->clock_mhz * 1e6) return true;
    nh_report(d, NH_P_BUDGET, o->budget.at, "%.0f inferences per second are more than the clock has cycles",
              o->budget.rate_hz);
    nh_diag_allowed(d, "at most %.0f at %g MHz", o->clock_mhz * 1e6, o->clock_mhz);
    nh_diag_hint(d, "raise clock_mhz or lower budget.rate_hz");
    return false;
}

/* Convolutions walk their taps one after the other: even all lanes may not suffice. */
static bool check_windows(const nh_graph *g, const nh_options *o, nh_diag *d, int64_t ii) {
    bool ok = true;
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        int64_t least = nh_op_has_window(l->op) && l->opt.reuse_factor == 0 ? least_reuse(g, l) * vectors_of(g, l) : 0;
        if (least <= ii) continue;
        ok = nh_report(d, NH_P_BUDGET, o->budget.at, "layer '%s': an initiation interval of %lld cycles", l->name,
                       (long long)ii);
        nh_diag_layer(d, l->name);
        nh_diag_found(d, "%lld cycles with all lanes: pixels times taps", (long long)least);
        nh_diag_allowed(d, "%lld or more", (long long)least);
    }
    return ok;
}

enum { DEFAULT_LANES = 16 }; /* of networks whose layers are shared by default */

static bool is_shared_by_default(const nh_graph *g) {
    for (int i = 0; i < g->n_layer; i++)
        if (g->layer[i].exact || nh_op_has_window(g->layer[i].op)) return true;
    return false;
}

/* A factor of defaults: that is too small for a window means the smallest that it has. */
static int64_t fitted(const nh_graph *g, const nh_options *o, const nh_layer *l, nh_diag *d) {
    int64_t r = l->opt.reuse_factor, least = nh_op_has_window(l->op) ? least_reuse(g, l) : 1;
    if (r == 0 || r >= least || l->opt.reuse_at.line == 0 || l->opt.reuse_at.line != o->defaults.reuse_at.line)
        return r;
    nh_report(d, NH_P_UNIT, l->opt.reuse_at,
              "layer '%.80s': reuse factor %lld, its smallest (a tap of the window a cycle); defaults say %lld",
              l->name, (long long)least, (long long)r);
    nh_diag_layer(d, l->name);
    return least;
}

/* The II that the auto layers get; 0 with a diagnostic when the budget cannot be met. */
static int64_t solve_ii(const nh_graph *g, const nh_options *o, nh_diag *d, int64_t most) {
    int64_t ii = budget_ii(o), have = o->budget.multipliers;
    if (ii == 0 && have == 0) {
        have = o->target.dsps;
        if (have == 0 && is_shared_by_default(g)) {
            int64_t fewest = multipliers_at(g, most);
            have = fewest > DEFAULT_LANES ? fewest : DEFAULT_LANES;
            nh_report(d, NH_P_UNIT, o->budget.at, "no budget given: reuse_factor auto solved for %lld lanes",
                      (long long)have);
        } else if (have == 0) {
            nh_report(d, NH_P_NO_BUDGET, o->budget.at,
                      "reuse_factor: auto needs a budget, and target '%s' has no DSP blocks to count", o->target.name);
            nh_diag_hint(d, "add `budget: { rate_hz: ... }`, `{ ii_cycles: ... }` or `{ multipliers: ... }`");
            return 0;
        }
        if (o->target.dsps > 0)
            nh_report(d, NH_P_UNIT, o->budget.at,
                      "no budget given: reuse_factor auto solved for the %lld DSP blocks of target '%s'",
                      (long long)have, o->target.name);
    }
    if (ii > 0 && !check_windows(g, o, d, ii)) return 0;
    if (have == 0) return ii < most ? ii : most;
    int64_t fewest = multipliers_at(g, most);
    if (fewest > have) {
        nh_report(d, NH_P_BUDGET, o->budget.at, "no reuse factors need so few multipliers");
        nh_diag_found(d, "%lld needed at the largest reuse factors", (long long)fewest);
        nh_diag_allowed(d, "%lld available", (long long)have);
        nh_diag_hint(d, "set budget.multipliers to at least %lld, or raise the fixed reuse factors", (long long)fewest);
        return 0;
    }
    int64_t least = least_ii(g, have, most);
    if (ii == 0) return least;
    if (least > ii) {
        int64_t need = multipliers_at(g, ii);
        nh_report(d, NH_P_BUDGET, o->budget.at, "an initiation interval of %lld cycles needs %lld multipliers",
                  (long long)ii, (long long)need);
        nh_diag_found(d, "%lld needed", (long long)need);
        nh_diag_allowed(d, "%lld available", (long long)have);
        nh_diag_hint(d, "raise budget.multipliers to %lld, or allow ii_cycles: %lld", (long long)need,
                     (long long)least);
        return 0;
    }
    return ii < most ? ii : most;
}

bool nh_solve_reuse(const nh_graph *g, const nh_options *o, nh_diag *d, int64_t *reuse) {
    int64_t most = 0;
    bool any = false;
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        reuse[i] = is_mac(l) ? fitted(g, o, l, d) : 1;
        if (!is_mac(l)) continue;
        any |= reuse[i] == 0;
        int64_t r = largest_reuse(g, l) * vectors_of(g, l);
        most = r > most ? r : most;
    }
    if (!any) return true;
    if (!check_rate(o, d)) return false;
    int64_t ii = solve_ii(g, o, d, most);
    if (ii == 0) return false;
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        if (reuse[i] != 0) continue;
        reuse[i] = reuse_within(g, l, ii);
        if (nh_op_has_window(l->op)) continue;
        nh_dense_shape s = nh_dense_shape_of(l);
        int64_t in, out;
        nh_mac_lanes(s.n_in, s.n_out, reuse[i], l->accum_exact, &in, &out);
        /* No padding: the same lanes finish earlier. */
        reuse[i] = nh_ceil_div(s.n_in, in) * nh_ceil_div(s.n_out, out);
    }
    return true;
}
