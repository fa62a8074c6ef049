#include "verdict.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "fields.h"
#include "underflow.h"

/* An SQNR is at least minus this: more bits than that are no advice. */
#define WORST_DB 60
/* Elements that saturate are the cause from this share on. */
#define MANY_OVERFLOWS 0.005
#define DB_PER_BIT 6.02
/* Weights whose own SQNR is not better than the layer's by this are what it suffers from. */
#define WEIGHTS_DB 6

typedef struct {
    nh_arena *a;
    const nh_report_facts *f;
    nh_verdict v;
} judge;

static void add_reason(judge *j, const char *text) {
    j->v.reasons = j->v.reasons ? nh_arena_printf(j->a, "%s; %s", j->v.reasons, text) : text;
    j->v.is_far = true;
}

static const char *db_text(nh_arena *a, double db) {
    return isfinite(db) ? nh_arena_printf(a, "%.1f dB", db) : db > 0 ? "exact" : "no signal";
}

/* What spikes give is judged as classes where there are such: a count that is off by one is little, and its SQNR is. */
static bool judges_sqnr(const judge *j) {
    const nh_output_fact *o = &j->f->sim.output;
    return o->fixed.n > 0 && !(o->is_class && nh_design_has_steps(j->f->design));
}

static void find_reasons(judge *j) {
    const nh_sim_facts *s = &j->f->sim;
    const nh_error_fact *e = &s->output.fixed;
    nh_arena *a = j->a;
    if (s->acc_float >= 0 && s->acc_fixed >= 0 && s->acc_float - s->acc_fixed > NH_FAR_ACCURACY + 1e-12)
        add_reason(j, nh_arena_printf(a, "accuracy %.2f %%, float %.2f %%", 100 * s->acc_fixed, 100 * s->acc_float));
    if (s->agree_float_fixed >= 0 && s->agree_float_fixed < NH_FAR_AGREEMENT - 1e-12)
        add_reason(j, nh_arena_printf(a, "same class as float in %.2f %% of %" PRId64 " samples",
                                      100 * s->agree_float_fixed, s->samples));
    if (judges_sqnr(j) && e->sqnr_db < NH_FAR_SQNR_DB)
        add_reason(j, nh_arena_printf(a, "SQNR of the %s %s (near is %d dB or more)", s->output.values,
                                      db_text(a, e->sqnr_db), NH_FAR_SQNR_DB));
}

/* --- where it begins --------------------------------------------------------------------------------------------- */

/* Noise for a signal of 1. */
static double noise_of(double sqnr_db) { return pow(10, -sqnr_db / 10); }

/* The layer that adds most noise, up to the first that is far: what stands behind only inherits. */
static void find_layer(judge *j) {
    const nh_sim_facts *s = &j->f->sim;
    double before = 0, worst = 0, seen = INFINITY;
    for (int i = 0; i < s->n_drift; i++) {
        const nh_drift_fact *d = &s->drift[i];
        double now = noise_of(d->sqnr_db);
        if (now - before > worst) {
            worst = now - before;
            j->v.layer = d->layer;
            j->v.where =
                i == 0 ? nh_arena_printf(j->a, "SQNR %s, and it is the input", db_text(j->a, d->sqnr_db))
                       : nh_arena_printf(j->a, "SQNR %s, before it %s", db_text(j->a, d->sqnr_db), db_text(j->a, seen));
        }
        if (d->sqnr_db < NH_FAR_SQNR_DB) return;
        before = now;
        seen = d->sqnr_db;
    }
}

/* Of networks with time steps: spikes that both have at the same time. */
static void find_spiking_layer(judge *j) {
    const nh_sim_facts *s = &j->f->sim;
    double before = 1, worst = 0;
    for (int i = 0; i < s->n_spike; i++) {
        double now = nh_spike_agreement(&s->spike[i]);
        if (before - now > worst) {
            worst = before - now;
            j->v.layer = s->spike[i].layer;
            j->v.where =
                nh_arena_printf(j->a, "%.1f %% of its spikes are those of float at the same time, before it %.1f %%",
                                100 * now, 100 * before);
        }
        before = now;
    }
}

/* --- why, and what mends it -------------------------------------------------------------------------------------- */

static bool is_plain(const char *name) { return *name && !strpbrk(name, " :#{}[],&*!|>'\"%@`?\\"); }

static void remedy(judge *j, const nh_layer *l, const char *cause, const char *key) {
    const char *quote = is_plain(l->name) ? "" : "\"";
    j->v.cause = cause;
    j->v.remedy = key && l->op == NH_OP_INPUT ? key
                  : key ? nh_arena_printf(j->a, "layers: { %s%s%s: { %s } }", quote, l->name, quote, key)
                        : NULL;
}

static const nh_drift_fact *drift_of(const judge *j, const char *layer) {
    for (int i = 0; i < j->f->sim.n_drift; i++)
        if (strcmp(j->f->sim.drift[i].layer, layer) == 0) return &j->f->sim.drift[i];
    return NULL;
}

/* Bits that would bring db to what is near, with some room. */
static int more_bits(double db) {
    double bits = ceil((NH_FAR_SQNR_DB + DB_PER_BIT - fmax(db, -WORST_DB)) / DB_PER_BIT);
    return bits < 1 ? 1 : (int)bits;
}

static int capped(int bits, int most) { return bits < most ? bits : most; }

static const char *wider(nh_arena *a, const char *key, nh_format f, int width, int int_bits) {
    char text[NH_FORMAT_TEXT];
    nh_format to = nh_format_make(f.is_signed, capped(width, 64), int_bits, f.round, f.overflow);
    return nh_arena_printf(a, "%s: \"%s\"", key, nh_format_print(to, text));
}

static bool leaves_format(const nh_drift_fact *d) {
    return d->n > 0 && (double)(d->overflowed - d->near) >= MANY_OVERFLOWS * (double)d->n;
}

static bool blame_overflow(judge *j, const nh_layer *casts, const nh_drift_fact *d) {
    const nh_tensor *t = &j->f->design->graph->tensor[casts->out];
    if (!d || !leaves_format(d)) return false;
    const char *cause = nh_arena_printf(j->a, "%.1f %% of its values leave the format",
                                        100 * (double)(d->overflowed - d->near) / (double)d->n);
    const nh_options *o = j->f->design->opt;
    nh_format f = t->q.fmt;
    if (casts->op == NH_OP_INPUT)
        remedy(j, casts, cause,
               nh_arena_printf(j->a, "input: { %s }", wider(j->a, "format", f, f.width_bits + 1, f.int_bits + 1)));
    else if (!casts->opt.result.is_auto)
        remedy(j, casts, cause, wider(j->a, "result", f, f.width_bits + 1, f.int_bits + 1));
    else if (o->calibrate.method != NH_CALIBRATE_MINMAX)
        j->v.cause = cause, j->v.remedy = "calibrate: { method: minmax }";
    else
        j->v.cause = cause, j->v.remedy = "calibrate: { data: samples that reach the whole range }";
    return true;
}

/* A given accumulator to which every product is cast. d: only when casts on the way overflow. */
static bool blame_accumulator(judge *j, const nh_layer *l, const nh_drift_fact *d) {
    if (!l->weight || l->accum_exact || l->accum.width_bits == 0) return false;
    if (d && !leaves_format(d)) return false;
    char text[NH_FORMAT_TEXT];
    remedy(j, l,
           nh_arena_printf(j->a, "every product and every sum is cast to its accumulator %s",
                           nh_format_print(l->accum, text)),
           "accum: auto");
    return true;
}

static bool blame_weights(judge *j, const nh_layer *l, double sqnr_db) {
    nh_param_loss loss;
    if (!nh_param_loss_of(l->weight, &loss)) return false;
    const char *what = l->op == NH_OP_BATCHNORM ? "factors" : "weights";
    nh_format f = l->weight->fmt;
    if (l->weight->overflow.overflowed > 0 && !l->opt.weight.is_auto && loss.sqnr_db < sqnr_db + WEIGHTS_DB) {
        remedy(j, l,
               nh_arena_printf(j->a, "%" PRIu64 " of its %s leave their format", l->weight->overflow.overflowed, what),
               "weight: auto");
        return true;
    }
    bool lost = nh_param_is_lost(&loss);
    if (!lost && loss.sqnr_db > sqnr_db + WEIGHTS_DB) return false;
    const char *cause = nh_arena_printf(j->a, "its %s have an SQNR of %.1f dB", what, loss.sqnr_db);
    if (loss.zeroed > 0)
        cause = nh_arena_printf(j->a, "%s, %" PRId64 " of %" PRId64 " became 0", cause, loss.zeroed, loss.n);
    int bits = more_bits(loss.sqnr_db);
    bool may_scale = l->opt.granularity == NH_PER_TENSOR && l->opt.weight.is_auto &&
                     l->opt.strategy != NH_STRATEGY_EVENT && l->weight->shape.dim[0] > 1;
    bool few_rows = loss.worst_row >= 0 && loss.sqnr_db >= NH_FAR_SQNR_DB; /* else all of them have too few bits */
    if (few_rows)
        cause = nh_arena_printf(j->a, "%g became %g beside %g: too few bits for both in %s", loss.worst, loss.becomes,
                                loss.most, what);
    if (may_scale && few_rows)
        remedy(j, l, cause, "granularity: per_channel");
    else if (!l->opt.weight.is_auto)
        remedy(j, l, cause, wider(j->a, "weight", f, f.width_bits + bits, f.int_bits));
    else
        remedy(j, l, cause, nh_arena_printf(j->a, "weight_bits: %d", capped(l->opt.weight_bits + bits, 32)));
    return true;
}

static void blame_result(judge *j, const nh_layer *l, double sqnr_db) {
    const nh_tensor *t = &j->f->design->graph->tensor[l->out];
    char text[NH_FORMAT_TEXT];
    const char *cause = nh_arena_printf(j->a, "its result has the format %s", nh_format_print(t->q.fmt, text));
    int bits = more_bits(sqnr_db);
    if (l->op == NH_OP_INPUT)
        remedy(j, l, cause,
               nh_arena_printf(j->a, "input: { %s }",
                               wider(j->a, "format", t->q.fmt, t->q.fmt.width_bits + bits, t->q.fmt.int_bits)));
    else if (!l->opt.result.is_auto)
        remedy(j, l, cause, wider(j->a, "result", t->q.fmt, t->q.fmt.width_bits + bits, t->q.fmt.int_bits));
    else if (t->by_interval) {
        j->v.cause =
            nh_arena_printf(j->a, "%s, chosen without calibration data for the largest sum that could be", cause);
        j->v.remedy = "calibrate: { data: x.npy }";
    } else
        remedy(j, l, cause, nh_arena_printf(j->a, "result_bits: %d", capped(l->opt.result_bits + bits, 32)));
}

/* The layers that a stream's unit joins: those that end in it, up to the weights. */
static const nh_layer *weighted_before(const nh_graph *g, const nh_layer *l) {
    for (int steps = 0; steps < g->n_layer; steps++) {
        if (l->weight || l->n_in != 1) return l;
        const nh_tensor *x = &g->tensor[l->in[0]];
        if (x->n_consumers != 1 || g->layer[x->producer].op == NH_OP_INPUT) return l;
        l = &g->layer[x->producer];
    }
    return l;
}

static void find_cause(judge *j) {
    const nh_graph *g = j->f->design->graph;
    const nh_drift_fact *d = drift_of(j, j->v.layer);
    double sqnr_db = d ? d->sqnr_db : 0;
    for (int i = 0; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        if (strcmp(l->name, j->v.layer) != 0) continue;
        const nh_layer *w = weighted_before(g, l);
        if (l->opt.result.is_auto && blame_accumulator(j, w, d)) return;
        if (blame_overflow(j, l, d) || blame_weights(j, w, sqnr_db)) return;
        if (!blame_accumulator(j, w, NULL)) blame_result(j, l, sqnr_db);
        return;
    }
}

/* Is the format of the states of a layer given? Then more state_bits would change nothing. */
static bool has_given_state(const judge *j) {
    const nh_graph *g = j->f->design->graph;
    for (int i = 0; i < g->n_layer && j->v.layer; i++)
        if (strcmp(g->layer[i].name, j->v.layer) == 0)
            return g->layer[i].op == NH_OP_NEURON && !g->layer[i].opt.state.is_auto;
    return false;
}

/* Of networks with time steps, the cause that changes most outputs, over those before it. */
static void find_time_cause(judge *j) {
    static const struct {
        const char *cause, *text, *key;
    } row[] = {{"weights", "rounding of weights and inputs", "weight_bits"},
               {"decay", "rounding of decays, gains and thresholds", "decay_bits"},
               {"state", "formats of states and results", "state_bits"}};
    const nh_sim_facts *s = &j->f->sim;
    const nh_layer_options *o = &j->f->design->opt->defaults;
    const int bits[] = {o->weight_bits, o->decay_bits, o->state_bits};
    double before = 0, most = 0;
    for (int i = 1; i < s->n_cause && i <= 3; i++) {
        double more = s->cause[i].mean_abs - before;
        before = s->cause[i].mean_abs;
        if (more <= most) continue;
        most = more;
        j->v.cause = nh_arena_printf(j->a, "most of it is %s", row[i - 1].text);
        j->v.remedy =
            i == 3 && has_given_state(j)
                ? nh_arena_printf(j->a, "layers: { \"%s\": { state: auto } }, or a format with more integer bits",
                                  j->v.layer)
                : nh_arena_printf(j->a, "defaults: { %s: %d }", row[i - 1].key, bits[i - 1] + 4);
    }
}

nh_verdict nh_judge_drift(nh_arena *a, const nh_report_facts *f) {
    judge j = {.a = a, .f = f, .v = {.is_known = f->sim.ran && (f->sim.output.fixed.n > 0 || f->sim.output.is_class)}};
    if (!j.v.is_known || !f->design) return j.v;
    find_reasons(&j);
    if (!j.v.is_far) return j.v;
    if (nh_design_has_steps(f->design) && f->sim.n_spike > 0)
        find_spiking_layer(&j);
    else
        find_layer(&j);
    if (nh_design_has_steps(f->design) && f->sim.n_cause > 0)
        find_time_cause(&j);
    else if (j.v.layer)
        find_cause(&j);
    return j.v;
}
