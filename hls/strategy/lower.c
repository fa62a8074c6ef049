/* nh_lower: the graph becomes units joined by streams. The layers are visited in their order; a weighted layer and the
 * layers behind it that act element by element become one unit, every other layer a unit of its own, wires none. A
 * tensor that several units read passes a FORK.
 *
 * No deadlock: every path from a fork to a join holds a whole frame (the buffers of MAC, a CONV that keeps as many
 * rows, a delay that closes a loop, or a DELAY of no step that is put there for it), and every loop has a delay whose
 * first frames are there from the start. */
#include "lower.h"

#include <string.h>

#include "intmath.h"
#include "plan.h"
#include "reuse.h"

enum { PORT_LANES = 64 }; /* a whole frame at the port does not make as many neurons work at once */
/* Units and streams that a layer can add: itself, 4 inputs and their frame buffers, 4/3 for forks. */
enum { ROOM_PER_LAYER = 12 };

static int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }

/* --- streams and units -------------------------------------------------------------------------------------------- */

static int add_stream(nh_lowering *c, int tensor, int src, int64_t beat) {
    nh_design *g = c->design;
    g->stream[g->n_stream] = (nh_stream){.tensor = tensor,
                                         .order = c->layout[tensor].order,
                                         .id = nh_arena_printf(c->a, "s%d", g->n_stream),
                                         .n = nh_shape_size(c->g->tensor[tensor].shape),
                                         .fmt = c->g->tensor[tensor].q.fmt,
                                         .src = src,
                                         .dst = -1,
                                         .src_beat = beat,
                                         .dst_beat = beat};
    return g->n_stream++;
}

static int unit_index(const nh_lowering *c, const nh_unit *u) { return (int)(u - c->design->unit); }

nh_unit *nh_lower_unit(nh_lowering *c, nh_unit_kind kind, const nh_layer_run *r) {
    nh_unit *u = &c->design->unit[c->design->n_unit++];
    *u = (nh_unit){.id = r->layer[0]->id, .kind = kind, .strategy = NH_STRATEGY_RESOURCE, .reuse_factor = 1};
    u->layer = nh_arena_array(c->a, (size_t)r->n, sizeof *u->layer);
    u->n_layer = r->n;
    for (int i = 0; i < r->n; i++) u->layer[i] = (int)(r->layer[i] - c->g->layer);
    return u;
}

nh_unit *nh_lower_bare_unit(nh_lowering *c, nh_unit_kind kind, const char *prefix, int stream) {
    nh_design *g = c->design;
    const char *id = nh_arena_printf(c->a, "%s%d_%s", prefix, g->n_unit, g->stream[stream].id);
    nh_unit *u = &g->unit[g->n_unit++];
    *u = (nh_unit){.id = id, .kind = kind, .strategy = NH_STRATEGY_RESOURCE, .reuse_factor = 1};
    return u;
}

void nh_lower_feed(nh_lowering *c, nh_unit *u, int stream, int64_t beat) {
    nh_stream *s = &c->design->stream[stream];
    s->dst = unit_index(c, u);
    s->dst_beat = beat;
    u->in[u->n_in++] = stream;
}

int nh_lower_send(nh_lowering *c, nh_unit *u, int tensor, int64_t beat) {
    return u->out[u->n_out++] = add_stream(c, tensor, unit_index(c, u), beat);
}

void nh_lower_give(nh_lowering *c, nh_unit *u, int tensor, int64_t beat) {
    int root = nh_root_tensor(c->g, tensor);
    c->open[root] = nh_lower_send(c, u, tensor, beat);
    c->left[root] = c->readers[root];
}

/* The last output of a fork with no room for more leads to the next fork. */
int nh_lower_take(nh_lowering *c, int tensor) {
    int root = nh_root_tensor(c->g, tensor), s = c->open[root];
    if (c->left[root]-- <= 1) return s;
    int64_t beat = c->design->stream[s].src_beat;
    nh_unit *from = c->design->stream[s].src >= 0 ? &c->design->unit[c->design->stream[s].src] : NULL;
    if (!from || from->kind != NH_UNIT_FORK || from->n_out == NH_UNIT_PORTS) {
        from = nh_lower_bare_unit(c, NH_UNIT_FORK, "f", s);
        nh_lower_feed(c, from, s, beat);
        s = nh_lower_send(c, from, root, beat);
    }
    c->open[root] = nh_lower_send(c, from, root, beat);
    return s;
}

int64_t nh_lower_lanes(const nh_lowering *c, int stream) {
    const nh_stream *s = &c->design->stream[stream];
    bool from_port = c->g->layer[c->g->tensor[nh_root_tensor(c->g, s->tensor)].producer].op == NH_OP_INPUT;
    return from_port && s->src_beat > PORT_LANES ? PORT_LANES : s->src_beat;
}

nh_i128 *nh_lower_biases(nh_lowering *c, const nh_layer *l, int64_t rows, const int64_t *order) {
    if (!l->bias) return NULL;
    nh_i128 *b = nh_arena_array(c->a, (size_t)rows, sizeof *b);
    for (int64_t o = 0; o < rows; o++)
        b[o] = nh_fx_convert(l->bias->raw[order ? order[o] : o], nh_format_frac(l->bias->fmt), l->accum, NULL);
    return b;
}

/* --- which layers become units ------------------------------------------------------------------------------------ */

/* Layers that the output depends on, also through loops. */
static bool *live_layers(nh_lowering *c) {
    bool *live = nh_arena_array(c->a, (size_t)c->g->n_layer, sizeof *live), changed = true;
    live[c->g->tensor[c->g->output].producer] = true;
    while (changed) {
        changed = false;
        for (int i = c->g->n_layer - 1; i >= 0; i--)
            for (int k = 0; live[i] && k < c->g->layer[i].n_in; k++) {
                bool *from = &live[c->g->tensor[c->g->layer[i].in[k]].producer];
                changed |= !*from;
                *from = true;
            }
    }
    return live;
}

/* What the output does not depend on reads nothing, and is not built. */
static void count_readers(nh_lowering *c) {
    const bool *live = live_layers(c);
    for (int i = 0; i < c->g->n_layer; i++) {
        const nh_layer *l = &c->g->layer[i];
        for (int k = 0; live[i] && !nh_is_wire(l) && k < l->n_in; k++) c->readers[nh_root_tensor(c->g, l->in[k])]++;
    }
    c->readers[nh_root_tensor(c->g, c->g->output)]++;
}

/* The layer that reads the tensor; -1: none. */
static int reader_of(const nh_graph *g, int tensor) {
    for (int i = 0; i < g->n_layer; i++)
        for (int k = 0; k < g->layer[i].n_in; k++)
            if (g->layer[i].in[k] == tensor) return i;
    return -1;
}

/* Can layer l join the unit of the run before it? It acts element by element on what the run alone gives. Behind shared
 * multipliers its constants must be the same for every element: others would be needed per lane. */
static bool can_join(const nh_layer_run *r, const nh_layer *l) {
    bool is_shared = nh_op_has_window(r->layer[0]->op) ||
                     (r->layer[0]->op == NH_OP_DENSE && r->layer[0]->opt.strategy == NH_STRATEGY_RESOURCE);
    bool per_channel = false;
    return nh_is_elementwise(l, &per_channel) && !(per_channel && is_shared);
}

/* Exact sums, maxima and units with state end in their own tensor; an engine with a post datapath, or a datapath, goes
 * on element by element. */
static bool takes_followers(const nh_layer *l) {
    if (nh_op_has_window(l->op)) return !l->exact && l->op != NH_OP_MAXPOOL;
    switch (l->op) {
    case NH_OP_INPUT:
    case NH_OP_NEURON:
    case NH_OP_DELAY:
    case NH_OP_ADD: return false;
    default: return true;
    }
}

/* The layers of the unit that begins with layer[0]; wires between them are among them. */
static void collect_run(const nh_lowering *c, nh_layer_run *r, const nh_layer **layer) {
    const nh_graph *g = c->g;
    const nh_layer *first = layer[0];
    r->layer = layer;
    r->n = 1;
    if (!takes_followers(first)) return;
    for (int at = reader_of(g, first->out); at >= 0; at = reader_of(g, g->layer[at].out)) {
        const nh_layer *l = &g->layer[at];
        int root = nh_root_tensor(g, l->in[0]);
        if (c->readers[root] > 1 || !can_join(r, l)) break;
        layer[r->n++] = l;
    }
}

bool nh_lower_dense(nh_lowering *c, const nh_layer_run *r) {
    return r->layer[0]->opt.strategy == NH_STRATEGY_RESOURCE ? nh_lower_mac(c, r) : nh_lower_datapath(c, r);
}

bool nh_lower_sum(nh_lowering *c, const nh_layer_run *r) {
    const nh_layer *l = r->layer[0];
    nh_report(c->d, NH_P_BRANCH, l->at, "layer '%s' adds tensors, and no neuron takes the sum", l->name);
    nh_diag_layer(c->d, l->name);
    nh_diag_hint(c->d, "sums of tensors are built in front of neurons");
    return false;
}

bool nh_lower_wire(nh_lowering *c, const nh_layer_run *r) {
    nh_report(c->d, NH_O_BUG, r->layer[0]->at, "layer '%s' needs no unit", r->layer[0]->name);
    return false;
}

static bool lower_run(nh_lowering *c, const nh_layer_run *r) {
    static bool (*const lower[])(nh_lowering *, const nh_layer_run *) = {
#define NH_OP(symbol, text, inputs, weights, elementwise, table, axis, strategies, infer, eval, lower)                 \
    [NH_OP_##symbol] = nh_lower_##lower,
#include "op.def"
#undef NH_OP
    };
    return lower[r->layer[0]->op](c, r);
}

/* What a table may be wrong by before it is said, in LSBs of the result. */
#define COARSE_TABLE_LSB 2

static void warn_coarse(const nh_lowering *c, const nh_table_fact *t) {
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

/* Keep and report what was decided for the unit of layer l. */
static void finish_unit(nh_lowering *c, nh_unit *u, const nh_layer *l) {
    const nh_notes *n = &c->notes;
    u->table = nh_arena_array(c->a, NH_MAX_NOTES, sizeof *u->table);
    u->n_table = n->n_table;
    for (int i = 0; i < n->n_table; i++) {
        u->table[i] = n->table[i];
        warn_coarse(c, &n->table[i]);
    }
    u->note = nh_arena_array(c->a, NH_MAX_NOTES, sizeof *u->note);
    u->n_note = n->n;
    for (int i = 0; i < n->n; i++) {
        u->note[i] = n->note[i];
        nh_report(c->d, NH_P_UNIT, l->at, "layer '%s': %s", l->name, n->note[i]);
        nh_diag_layer(c->d, l->name);
    }
}

static bool closes_loop(const nh_graph *g, const nh_layer *l) {
    return l->op == NH_OP_DELAY && g->tensor[nh_root_tensor(g, l->in[0])].producer >= (int)(l - g->layer);
}

bool nh_lower_input(nh_lowering *c, const nh_layer_run *r) {
    const nh_layer *l = r->layer[0];
    int64_t size = nh_shape_size(c->g->tensor[l->out].shape);
    int made = add_stream(c, l->out, -1, c->o->io == NH_IO_STREAM ? min(c->o->beat, size) : size);
    c->open[l->out] = made;
    c->left[l->out] = c->readers[l->out];
    if (l->out == c->g->input)
        c->design->input = made;
    else
        c->design->also_in[c->design->n_also_in++] = made;
    return true;
}

static bool lower_layers(nh_lowering *c) {
    size_t n = (size_t)c->g->n_layer;
    bool ok = true, *built = nh_arena_array(c->a, n + 1, sizeof *built);
    int *loop = nh_arena_array(c->a, n + 1, sizeof *loop), n_loop = 0;
    const nh_layer **layer = nh_arena_array(c->a, n + 1, sizeof *layer);
    for (int i = 0; i < c->g->n_layer; i++) {
        const nh_layer *l = &c->g->layer[i];
        bool is_read = l->op == NH_OP_INPUT || c->readers[nh_root_tensor(c->g, l->out)] > 0;
        if (built[i] || nh_is_wire(l) || !is_read) continue;
        nh_layer_run r = {.g = c->g, .layout = c->layout, .timing = &c->timing, .lut_inputs = c->o->target.lut_inputs};
        layer[0] = l;
        collect_run(c, &r, layer);
        for (int k = 0; k < r.n; k++) built[r.layer[k] - c->g->layer] = true;
        c->notes = (nh_notes){0};
        bool is_made = true;
        int before = c->design->n_unit;
        if (closes_loop(c->g, l))
            loop[n_loop++] = nh_lower_loop_begin(c, &r);
        else
            is_made = lower_run(c, &r);
        if (is_made && c->design->n_unit > before) finish_unit(c, &c->design->unit[c->design->n_unit - 1], l);
        ok &= is_made;
    }
    for (int i = 0; i < n_loop && ok; i++) nh_lower_loop_end(c, loop[i]);
    return ok;
}

static void connect_output(nh_lowering *c) {
    nh_design *g = c->design;
    g->output = nh_lower_take(c, c->g->output);
    nh_stream *s = &g->stream[g->output];
    s->dst_beat = c->o->io == NH_IO_STREAM ? min(c->o->beat, s->n) : s->n;
}

static bool know_steps(nh_diag *d, const nh_graph *g, const nh_options *o) {
    if (g->steps >= 1) return true;
    nh_report(d, NH_P_STEPS, o->spiking.steps_at, "no data and no spiking: time_steps say how many steps a sample has");
    nh_diag_hint(d, "add `spiking: {time_steps: ...}` or simulate: inputs");
    return false;
}

static nh_dp_timing timing_of(const nh_options *o) {
    const nh_target *t = &o->target;
    return (nh_dp_timing){1000.0 / o->clock_mhz, t->lut_ns, t->carry_ns_per_bit, t->mul_ns, t->bram_ns, t->setup_ns};
}

nh_design *nh_lower(nh_arena *a, nh_diag *d, const nh_graph *g, const nh_options *o) {
    size_t room = (size_t)g->n_layer * ROOM_PER_LAYER + ROOM_PER_LAYER;
    nh_design *design = NH_NEW(a, nh_design);
    nh_lowering c = {.a = a, .d = d, .g = g, .o = o, .timing = timing_of(o), .design = design};
    *design = (nh_design){.arena = a, .graph = g, .opt = o, .steps = g->steps};
    design->unit = nh_arena_array(a, room, sizeof *design->unit);
    design->stream = nh_arena_array(a, room, sizeof *design->stream);
    c.reuse = nh_arena_array(a, (size_t)g->n_layer, sizeof *c.reuse);
    c.readers = nh_arena_array(a, (size_t)g->n_tensor, sizeof *c.readers);
    c.open = nh_arena_array(a, (size_t)g->n_tensor, sizeof *c.open);
    c.left = nh_arena_array(a, (size_t)g->n_tensor, sizeof *c.left);
    if (!know_steps(d, g, o)) return NULL;
    c.layout = nh_layouts(a, d, g);
    if (!c.layout || !nh_solve_reuse(g, o, d, c.reuse)) return NULL;
    count_readers(&c);
    if (!lower_layers(&c)) return NULL;
    connect_output(&c);
    if (design->n_unit == 0) {
        nh_report(d, NH_P_EMPTY, o->model_at, "no layer of the network needs hardware");
        return NULL;
    }
    nh_plan_cycles(design);
    nh_estimate(design);
    return design;
}
