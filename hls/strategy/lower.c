/* nh_lower: runs of layers -> units, joined by streams. */
#include <stdio.h>
#include <string.h>

#include "build.h"
#include "intmath.h"
#include "plan.h"
#include "reuse.h"
#include "temporal.h"

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_graph *g;
    const nh_options *o;
    nh_design *design;
    nh_dp_timing timing;
    int64_t *reuse;       /* per layer */
    const nh_layer **run; /* layers of the unit being built */
} lowering;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static nh_dp_timing timing_of(const nh_options *o) {
    const nh_target *t = &o->target;
    return (nh_dp_timing){1000.0 / o->clock_mhz, t->lut_ns, t->carry_ns_per_bit, t->mul_ns, t->bram_ns, t->setup_ns};
}

/* The layer that reads the tensor; -1 for the output. */
static int reader_of(const nh_graph *g, int tensor) {
    for (int i = 0; i < g->n_layer; i++)
        for (int k = 0; k < g->layer[i].n_in; k++)
            if (g->layer[i].in[k] == tensor) return i;
    return -1;
}

static bool check_chain(const lowering *c) {
    bool ok = true;
    for (int t = 0; t < c->g->n_tensor; t++) {
        const nh_tensor *x = &c->g->tensor[t];
        if (x->n_consumers <= 1 && !(x->n_consumers == 1 && t == c->g->output)) continue;
        ok = nh_report(c->d, NH_P_BRANCH, c->g->layer[x->producer].at, "the output of layer '%s' has several readers",
                       c->g->layer[x->producer].name);
        nh_diag_layer(c->d, c->g->layer[x->producer].name);
        nh_diag_hint(c->d, "networks of this version are chains of layers");
    }
    return ok;
}

/* Collect the layers of the unit that starts at layer `first`: followers that act element by element join it. A
 * follower with constants of its own per element joins only unrolled units; behind shared multipliers it would need
 * them per lane. */
static int collect_run(const lowering *c, int first) {
    const nh_graph *g = c->g;
    bool shared = g->layer[first].op == NH_OP_DENSE && g->layer[first].opt.strategy == NH_STRATEGY_RESOURCE;
    int n = 0, at = first;
    do {
        c->run[n++] = &g->layer[at];
        at = reader_of(g, g->layer[at].out);
        bool per_channel = false;
        if (at < 0 || !nh_is_elementwise(&g->layer[at], &per_channel) || (per_channel && shared)) break;
    } while (true);
    return n;
}

static const char *number_text(nh_arena *a, const nh_format f) {
    char text[NH_FORMAT_TEXT];
    return nh_arena_str(a, nh_format_print(f, text));
}

static bool build_mac(lowering *c, nh_unit *u, const nh_run *r, nh_notes *notes) {
    const nh_layer *l = r->layer[0];
    nh_dense_shape s = nh_dense_shape_of(l);
    nh_mac *m = &u->mac;
    m->n_in = s.n_in;
    m->n_out = s.n_out;
    m->exact = l->accum_exact;
    nh_mac_lanes(s.n_in, s.n_out, u->reuse_factor, m->exact, &m->in_lanes, &m->out_lanes);
    m->in_words = nh_ceil_div(s.n_in, m->in_lanes);
    m->groups = nh_ceil_div(s.n_out, m->out_lanes);
    m->x = c->g->tensor[l->in[0]].q.fmt;
    m->weight = l->weight->fmt;
    m->acc = m->bias = l->accum;
    m->w = l->weight->raw;
    if (l->bias) {
        nh_i128 *b = nh_arena_array(c->a, (size_t)s.n_out, sizeof *b);
        for (int64_t o = 0; o < s.n_out; o++)
            b[o] = nh_fx_convert(l->bias->raw[o], nh_format_frac(l->bias->fmt), l->accum, NULL);
        m->b = b;
    }
    int64_t busy = m->in_words * m->groups, products = s.n_in * s.n_out;
    nh_notes_add(notes,
                 nh_arena_printf(
                     c->a,
                     "%lld x %lld multipliers (outputs x inputs), %lld of %lld cycles busy, %.1f %% of products useful",
                     (long long)m->out_lanes, (long long)m->in_lanes, (long long)busy, (long long)u->reuse_factor,
                     100.0 * (double)products / (double)(u->reuse_factor * m->in_lanes * m->out_lanes)));
    nh_notes_add(notes, nh_arena_printf(c->a, "accumulator %s, %s", number_text(c->a, m->acc),
                                        m->exact ? "never overflows" : "every product and sum is cast to it"));
    return nh_build_post(c->a, c->d, r, nh_arena_printf(c->a, "%s_post", u->id), m, notes);
}

/* What a table may be wrong by before it is said, in LSBs of the result. */
#define COARSE_TABLE_LSB 2

static void warn_coarse(const lowering *c, const nh_table_fact *t) {
    const nh_layer *l = t->layer;
    if (!(t->facts.error_lsb > COARSE_TABLE_LSB)) return;
    nh_report(c->d, NH_P_TABLE, l->at, "layer '%s': its table errs by up to %.3g, %.1f LSB of the result", l->name,
              t->facts.error, t->facts.error_lsb);
    nh_diag_layer(c->d, l->name);
    nh_diag_found(c->d, "%lld segments of degree %d", (long long)t->facts.entries, t->facts.degree);
    if (l->opt.table_size)
        nh_diag_hint(c->d, "table_size: auto, or more than %lld", (long long)l->opt.table_size);
    else
        nh_diag_hint(c->d, "fewer bits for the result make no difference");
}

static bool build_unit(lowering *c, int first, int n_run, nh_unit *u) {
    const nh_layer *l = c->run[0];
    nh_run r = {c->g, c->run, n_run, &c->timing, c->o->target.lut_inputs};
    nh_notes notes = {0};
    u->id = l->id;
    u->strategy = l->opt.strategy;
    u->layer = nh_arena_array(c->a, (size_t)n_run, sizeof *u->layer);
    u->n_layer = n_run;
    for (int i = 0; i < n_run; i++) u->layer[i] = (int)(c->run[i] - c->g->layer);
    u->reuse_factor = c->reuse[first];
    bool ok;
    if (l->op == NH_OP_DENSE && l->opt.strategy == NH_STRATEGY_RESOURCE) {
        u->kind = NH_UNIT_MAC;
        ok = build_mac(c, u, &r, &notes);
    } else {
        u->kind = NH_UNIT_DATAPATH;
        if (u->strategy == NH_STRATEGY_RESOURCE) {
            u->strategy = NH_STRATEGY_LATENCY;
            nh_notes_add(&notes, "built as one pipelined datapath: only the multipliers of dense layers are shared");
        }
        u->dp = nh_build_unrolled(c->a, c->d, &r, nh_arena_printf(c->a, "%s_dp", u->id), &notes);
        ok = u->dp != NULL;
    }
    u->table = nh_arena_array(c->a, NH_MAX_NOTES, sizeof *u->table);
    u->n_table = notes.n_table;
    for (int i = 0; i < notes.n_table; i++) {
        u->table[i] = notes.table[i];
        warn_coarse(c, &notes.table[i]);
    }
    u->note = nh_arena_array(c->a, NH_MAX_NOTES, sizeof *u->note);
    u->n_note = notes.n;
    for (int i = 0; i < notes.n; i++) {
        u->note[i] = notes.note[i];
        nh_report(c->d, NH_P_UNIT, l->at, "layer '%s': %s", l->name, notes.note[i]);
        nh_diag_layer(c->d, l->name);
    }
    return ok;
}

static void add_stream(lowering *c, int tensor, int src, int dst, int64_t src_beat, int64_t dst_beat) {
    nh_design *g = c->design;
    nh_stream *s = &g->stream[g->n_stream];
    *s = (nh_stream){.tensor = tensor,
                     .id = nh_arena_printf(c->a, "s%d", g->n_stream),
                     .n = nh_shape_size(c->g->tensor[tensor].shape),
                     .fmt = c->g->tensor[tensor].q.fmt,
                     .src = src,
                     .dst = dst,
                     .src_beat = src_beat,
                     .dst_beat = dst_beat};
    g->n_stream++;
}

static int64_t in_beat(const nh_unit *u) { return u->kind == NH_UNIT_MAC ? u->mac.in_lanes : u->dp->in[0].n; }
static int64_t out_beat(const nh_unit *u) { return u->kind == NH_UNIT_MAC ? u->mac.out_lanes : u->dp->out[0].n; }

/* One stream into each unit and one out of the last. */
static void join_units(lowering *c) {
    nh_design *g = c->design;
    const nh_options *o = c->o;
    g->stream = nh_arena_array(c->a, (size_t)g->n_unit + 1, sizeof *g->stream);
    for (int k = 0; k <= g->n_unit; k++) {
        int tensor = k < g->n_unit ? c->g->layer[g->unit[k].layer[0]].in[0] : c->g->output;
        int64_t n = nh_shape_size(c->g->tensor[tensor].shape);
        int64_t port = o->io == NH_IO_STREAM ? least(o->beat, n) : n;
        add_stream(c, tensor, k - 1, k < g->n_unit ? k : -1, k > 0 ? out_beat(&g->unit[k - 1]) : port,
                   k < g->n_unit ? in_beat(&g->unit[k]) : port);
        if (k < g->n_unit) g->unit[k].in[0] = k, g->unit[k].n_in = 1;
        if (k > 0) g->unit[k - 1].out[0] = k, g->unit[k - 1].n_out = 1;
    }
    g->input = 0;
    g->output = g->n_unit;
}

static bool lower_units(lowering *c) {
    nh_design *g = c->design;
    bool ok = true;
    int at = reader_of(c->g, c->g->input);
    while (at >= 0) {
        const nh_layer *l = &c->g->layer[at];
        int next;
        if (nh_op_get(l->op)->strategies == NH_STRATEGY_WIRE) {
            next = reader_of(c->g, l->out);
        } else {
            int n = collect_run(c, at);
            next = reader_of(c->g, c->run[n - 1]->out);
            ok &= build_unit(c, at, n, &g->unit[g->n_unit++]);
        }
        at = next;
    }
    if (g->n_unit == 0) ok = nh_report(c->d, NH_P_EMPTY, c->o->model_at, "no layer of the network needs hardware");
    return ok;
}

nh_design *nh_lower(nh_arena *a, nh_diag *d, const nh_graph *g, const nh_options *o) {
    size_t n = (size_t)g->n_layer;
    nh_dp_timing timing = timing_of(o);
    if (g->is_temporal) return nh_lower_temporal(a, d, g, o, &timing);
    nh_design *design = NH_NEW(a, nh_design);
    lowering c = {
        a, d, g, o, design, timing, nh_arena_array(a, n, sizeof(int64_t)), nh_arena_array(a, n, sizeof(nh_layer *))};
    *design = (nh_design){.arena = a, .graph = g, .opt = o, .steps = 1, .unit = nh_arena_array(a, n, sizeof(nh_unit))};
    if (!check_chain(&c) || !nh_solve_reuse(g, o, d, c.reuse) || !lower_units(&c)) return NULL;
    join_units(&c);
    nh_plan_cycles(design);
    nh_estimate(design);
    return design;
}
