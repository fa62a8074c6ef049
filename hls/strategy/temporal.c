/* nh_lower for time-stepped networks. Every layer that is no wire becomes one unit; a tensor that several layers read
 * passes a FORK.
 *
 * No deadlock: every path from a fork to a join holds a whole frame (the buffers of MAC and CONV, a late DELAY, or a
 * DELAY of no step that is put there for it), and every loop has a late DELAY, whose first frames are there from the
 * start. */
#include "temporal.h"

#include <string.h>

#include "build.h"
#include "intmath.h"
#include "layout.h"
#include "neuron_dp.h"
#include "plan.h"
#include "reuse.h"

enum { PORT_LANES = 64 }; /* a whole frame at the port does not make as many neurons work at once */
/* units and streams that a layer can add: itself, 4 inputs and their frame buffers, 4/3 for forks */
enum { ROOM_PER_LAYER = 12 };

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_graph *g;
    const nh_options *o;
    const nh_dp_timing *timing;
    nh_design *design;
    const nh_layout *layout; /* [n_tensor] */
    int64_t *reuse;          /* [n_layer] */
    int *readers;            /* [n_tensor] by root tensor: inputs of units and the output port */
    int *open;               /* [n_tensor] by root tensor: the stream whose next reader is to be connected */
    int *left;               /* [n_tensor] readers that are still to come */
} lowering;

/* --- streams and forks -------------------------------------------------------------------------------------------- */

static nh_format format_of(const lowering *c, int tensor) { return c->g->tensor[tensor].q.fmt; }

static int add_stream(lowering *c, int tensor, int src, int64_t beat) {
    nh_design *g = c->design;
    g->stream[g->n_stream] = (nh_stream){.tensor = tensor,
                                         .order = c->layout[tensor].order,
                                         .id = nh_arena_printf(c->a, "s%d", g->n_stream),
                                         .n = nh_shape_size(c->g->tensor[tensor].shape),
                                         .fmt = format_of(c, tensor),
                                         .src = src,
                                         .dst = -1,
                                         .src_beat = beat,
                                         .dst_beat = beat};
    return g->n_stream++;
}

static nh_unit *add_unit(lowering *c, nh_unit_kind kind, const char *id) {
    nh_unit *u = &c->design->unit[c->design->n_unit++];
    *u = (nh_unit){.id = id, .kind = kind, .strategy = NH_STRATEGY_RESOURCE, .reuse_factor = 1};
    return u;
}

static int unit_index(const lowering *c, const nh_unit *u) { return (int)(u - c->design->unit); }

/* Elements that an elementwise unit takes at once from the stream: what it brings, but of a wide port. */
static int64_t lanes_of(const lowering *c, int stream) {
    const nh_stream *s = &c->design->stream[stream];
    bool from_port = c->g->layer[c->g->tensor[nh_root_tensor(c->g, s->tensor)].producer].op == NH_OP_INPUT;
    return from_port && s->src_beat > PORT_LANES ? PORT_LANES : s->src_beat;
}

static void feed(lowering *c, nh_unit *u, int stream, int64_t beat) {
    nh_stream *s = &c->design->stream[stream];
    s->dst = unit_index(c, u);
    s->dst_beat = beat;
    u->in[u->n_in++] = stream;
}

/* The stream on which the next reader of the tensor gets it. Several readers: a fork with as many outputs as fit, the
 * last of which leads to the next fork. */
static int take(lowering *c, int tensor) {
    int root = nh_root_tensor(c->g, tensor), s = c->open[root];
    if (c->left[root]-- <= 1) return s;
    nh_unit *from = c->design->stream[s].src >= 0 ? &c->design->unit[c->design->stream[s].src] : NULL;
    bool has_room = from && from->kind == NH_UNIT_FORK && from->n_out < NH_UNIT_PORTS;
    if (!has_room) {
        nh_unit *fork =
            add_unit(c, NH_UNIT_FORK, nh_arena_printf(c->a, "f%d_%s", c->design->n_unit, c->design->stream[s].id));
        int64_t beat = c->design->stream[s].src_beat;
        feed(c, fork, s, beat);
        fork->out[fork->n_out++] = s = add_stream(c, root, unit_index(c, fork), beat);
        from = fork;
    }
    int next = add_stream(c, root, unit_index(c, from), c->design->stream[s].src_beat);
    from->out[from->n_out++] = next;
    c->open[root] = next;
    return s;
}

static void give(lowering *c, nh_unit *u, int tensor, int64_t beat) {
    int s = add_stream(c, tensor, unit_index(c, u), beat);
    u->out[u->n_out++] = s;
    c->open[tensor] = s;
    c->left[tensor] = c->readers[tensor];
}

/* --- units ------------------------------------------------------------------------------------------------------- */

static nh_unit *layer_unit(lowering *c, nh_unit_kind kind, const nh_layer *l) {
    nh_unit *u = add_unit(c, kind, l->id);
    u->layer = nh_arena_array(c->a, 1, sizeof *u->layer);
    u->layer[0] = (int)(l - c->g->layer);
    u->n_layer = 1;
    u->note = nh_arena_array(c->a, NH_MAX_NOTES, sizeof *u->note);
    return u;
}

static void note(lowering *c, nh_unit *u, const nh_layer *l, const char *text) {
    u->note[u->n_note++] = text;
    nh_report(c->d, NH_P_UNIT, l->at, "layer '%s': %s", l->name, text);
    nh_diag_layer(c->d, l->name);
}

/* y = x, cast to the result's format when one was given. */
static nh_dp *result_datapath(lowering *c, const nh_layer *l, nh_format acc, const char *id) {
    nh_dp *p = nh_dp_new(c->a, id);
    nh_format y = format_of(c, l->out);
    nh_val v = nh_dp_input(p, nh_dp_in_port(p, "x", 1, acc), 0, nh_range_of(acc));
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, y), 0, nh_dp_cast(p, v, y));
    nh_dp_finish(p);
    nh_dp_pipeline(p, c->timing, false);
    return p;
}

/* Raw biases at the accumulator's resolution, permuted. */
static nh_i128 *biases(lowering *c, const nh_layer *l, int64_t rows, const int64_t *order) {
    if (!l->bias) return NULL;
    nh_i128 *b = nh_arena_array(c->a, (size_t)rows, sizeof *b);
    for (int64_t o = 0; o < rows; o++)
        b[o] = nh_fx_convert(l->bias->raw[order ? order[o] : o], nh_format_frac(l->bias->fmt), l->accum, NULL);
    return b;
}

/* Weights with rows and columns in the order of the streams. */
static const int64_t *permuted(lowering *c, const nh_layer *l, const int64_t *rows, const int64_t *columns) {
    int64_t n_out = l->weight->shape.dim[0], n_in = l->weight->shape.dim[1];
    if (!rows && !columns) return l->weight->raw;
    int64_t *w = nh_arena_array(c->a, (size_t)(n_out * n_in), sizeof *w);
    for (int64_t o = 0; o < n_out; o++) {
        const int64_t *from = l->weight->raw + (rows ? rows[o] : o) * n_in;
        for (int64_t i = 0; i < n_in; i++) w[o * n_in + i] = from[columns ? columns[i] : i];
    }
    return w;
}

static bool lower_mac(lowering *c, const nh_layer *l) {
    int in = take(c, l->in[0]);
    nh_unit *u = layer_unit(c, NH_UNIT_MAC, l);
    nh_mac *m = &u->mac;
    const int64_t *rows = c->layout[l->out].order, *columns = c->layout[l->in[0]].order;
    m->n_out = l->weight->shape.dim[0];
    m->n_in = l->weight->shape.dim[1];
    m->exact = true;
    u->reuse_factor = c->reuse[l - c->g->layer];
    nh_mac_lanes(m->n_in, m->n_out, u->reuse_factor, true, &m->in_lanes, &m->out_lanes);
    m->in_words = nh_ceil_div(m->n_in, m->in_lanes);
    m->groups = nh_ceil_div(m->n_out, m->out_lanes);
    m->x = format_of(c, l->in[0]);
    m->weight = l->weight->fmt;
    m->acc = m->bias = l->accum;
    m->w = permuted(c, l, rows, columns);
    m->b = biases(c, l, m->n_out, rows);
    m->post = result_datapath(c, l, m->acc, nh_arena_printf(c->a, "%s_post", u->id));
    note(c, u, l,
         nh_arena_printf(c->a, "%lld x %lld lanes (outputs x inputs), %lld of %lld cycles busy per step",
                         (long long)m->out_lanes, (long long)m->in_lanes, (long long)(m->in_words * m->groups),
                         (long long)u->reuse_factor));
    feed(c, u, in, m->in_lanes);
    give(c, u, l->out, m->out_lanes);
    return true;
}

/* Unrolled: the whole product as shift-adds, one step per cycle. */
static bool lower_unrolled(lowering *c, const nh_layer *l) {
    int source = take(c, l->in[0]);
    nh_unit *u = layer_unit(c, NH_UNIT_DATAPATH, l);
    nh_dp *p = nh_dp_new(c->a, nh_arena_printf(c->a, "%s_dp", u->id));
    const int64_t *rows = c->layout[l->out].order, *columns = c->layout[l->in[0]].order;
    int64_t n_out = l->weight->shape.dim[0], n_in = l->weight->shape.dim[1];
    int x = nh_dp_in_port(p, "x", n_in, format_of(c, l->in[0])),
        y = nh_dp_out_port(p, "y", n_out, format_of(c, l->out));
    nh_val *in = nh_arena_array(c->a, (size_t)n_in, sizeof *in),
           *out = nh_arena_array(c->a, (size_t)n_out, sizeof *out);
    if (!nh_check_unrolled(c->d, l, n_out * n_in)) return false;
    for (int64_t i = 0; i < n_in; i++) in[i] = nh_dp_input(p, x, i, c->g->tensor[l->in[0]].range);
    nh_dp_matvec_csd(p, in, n_in, permuted(c, l, rows, columns), nh_format_frac(l->weight->fmt),
                     biases(c, l, n_out, rows), n_out, out);
    for (int64_t o = 0; o < n_out; o++) nh_dp_output(p, y, o, nh_dp_cast(p, out[o], format_of(c, l->out)));
    nh_dp_finish(p);
    nh_dp_pipeline(p, c->timing, true);
    u->strategy = NH_STRATEGY_LATENCY;
    u->dp = p;
    feed(c, u, source, n_in);
    give(c, u, l->out, n_out);
    return true;
}

static void image_size(nh_shape s, int64_t *channels, int64_t *height, int64_t *width) {
    *channels = s.dim[0];
    *height = s.rank == 3 ? s.dim[1] : 1;
    *width = s.dim[s.rank - 1];
}

/* A window sum is a convolution with weights of 1. */
static void pool_weights(lowering *c, nh_conv *v) {
    int64_t n = v->c_out * v->kh * v->kw, *w = nh_arena_array(c->a, (size_t)n, sizeof *w);
    for (int64_t i = 0; i < n; i++) w[i] = 1;
    v->w = w;
    v->weight = nh_format_make(false, 1, 1, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
}

static void conv_geometry(const lowering *c, const nh_layer *l, nh_conv *v, const nh_conv_shape *s) {
    const nh_window *w = &l->window;
    image_size(c->g->tensor[l->in[0]].shape, &v->c_in, &v->h_in, &v->w_in);
    image_size(c->g->tensor[l->out].shape, &v->c_out, &v->h_out, &v->w_out);
    v->kh = w->kernel[0];
    v->kw = w->kernel[1];
    v->stride_h = w->stride[0];
    v->stride_w = w->stride[1];
    v->pad_h = w->pad_before[0];
    v->pad_w = w->pad_before[1];
    v->dilation_h = w->dilation[0];
    v->dilation_w = w->dilation[1];
    v->groups = s->groups;
    v->depthwise = s->depthwise;
}

static bool lower_conv(lowering *c, const nh_layer *l) {
    int in = take(c, l->in[0]);
    nh_unit *u = layer_unit(c, NH_UNIT_CONV, l);
    nh_conv *v = &u->conv;
    nh_conv_shape s = nh_conv_shape_of(c->g, l);
    conv_geometry(c, l, v, &s);
    u->reuse_factor = c->reuse[l - c->g->layer];
    if (!nh_conv_lanes(&s, u->reuse_factor, &v->in_lanes, &v->out_lanes)) {
        nh_report(c->d, NH_P_CONV_REUSE, l->opt.reuse_at, "layer '%s': reuse factor %lld", l->name,
                  (long long)u->reuse_factor);
        nh_diag_layer(c->d, l->name);
        nh_diag_allowed(c->d, "%lld or more", (long long)nh_conv_least_cycles(&s));
        return false;
    }
    v->cycles = nh_conv_cycles(&s, v->in_lanes, v->out_lanes) * s.pixels;
    v->x = format_of(c, l->in[0]);
    v->acc = format_of(c, l->out);
    if (l->op == NH_OP_CONV) {
        v->weight = l->weight->fmt;
        v->acc = l->accum;
        v->w = l->weight->raw;
        v->b = biases(c, l, v->c_out, NULL);
    } else {
        pool_weights(c, v);
    }
    note(c, u, l,
         nh_arena_printf(c->a, "%lld x %lld lanes (outputs x inputs), %lld cycles per pixel, %lld per step",
                         (long long)v->out_lanes, (long long)v->in_lanes, (long long)(v->cycles / s.pixels),
                         (long long)v->cycles));
    feed(c, u, in, v->in_lanes);
    give(c, u, l->out, v->out_lanes);
    return true;
}

/* Delays of the elements in stream order; one when they are all the same. */
static void delay_steps(lowering *c, const nh_layer *l, nh_delay_unit *y) {
    const int64_t *order = c->layout[l->out].order;
    int64_t n = l->n_delay, *steps = nh_arena_array(c->a, (size_t)n, sizeof *steps), least = l->delay[0];
    y->most = 0;
    for (int64_t e = 0; e < n; e++) {
        steps[e] = l->delay[order && n > 1 ? order[e] : e];
        y->most = steps[e] > y->most ? steps[e] : y->most;
        least = steps[e] < least ? steps[e] : least;
    }
    y->steps = steps;
    y->n_steps = least == y->most ? 1 : n;
}

static void shape_delay(lowering *c, nh_unit *u, int stream) {
    nh_delay_unit *y = &u->delay;
    y->n = c->design->stream[stream].n;
    y->lanes = lanes_of(c, stream);
    y->words = nh_ceil_div(y->n, y->lanes);
    feed(c, u, stream, y->lanes);
}

static bool lower_delay(lowering *c, const nh_layer *l) {
    int in = take(c, l->in[0]);
    nh_unit *u = layer_unit(c, NH_UNIT_DELAY, l);
    delay_steps(c, l, &u->delay);
    shape_delay(c, u, in);
    give(c, u, l->out, u->delay.lanes);
    return true;
}

/* The frame buffer of a path from a fork to a join. */
static int buffered(lowering *c, int stream) {
    static const int64_t none[1] = {0};
    nh_unit *u =
        add_unit(c, NH_UNIT_DELAY, nh_arena_printf(c->a, "b%d_%s", c->design->n_unit, c->design->stream[stream].id));
    u->delay.steps = none;
    u->delay.n_steps = 1;
    shape_delay(c, u, stream);
    u->out[u->n_out++] = add_stream(c, c->design->stream[stream].tensor, unit_index(c, u), u->delay.lanes);
    return u->out[0];
}

/* Does what feeds the stream hold a whole frame? */
static bool holds_frame(const lowering *c, int stream) {
    int src = c->design->stream[stream].src;
    nh_unit_kind kind = src >= 0 ? c->design->unit[src].kind : NH_UNIT_FORK;
    return kind == NH_UNIT_MAC || kind == NH_UNIT_CONV || kind == NH_UNIT_DELAY;
}

/* --- neurons ----------------------------------------------------------------------------------------------------- */

/* Values of a parameter in stream order, as short as they repeat; n elements in all. */
static void param_values(lowering *c, const nh_layer *l, const nh_neuron_value *v, int64_t lanes, nh_neuron_unit *u) {
    const nh_layout *y = &c->layout[l->out];
    nh_range r;
    int64_t *own = nh_arena_array(c->a, (size_t)v->n, sizeof *own),
            *raw = nh_arena_array(c->a, (size_t)u->n, sizeof *raw);
    nh_dyadic_format(v->value, v->n, &u->param[u->n_param].fmt, &r, own);
    for (int64_t e = 0; e < u->n; e++) {
        int64_t i = y->order ? y->order[e] : e;
        raw[e] = own[v->n == 1 ? 0 : v->n == u->n ? i : i / (u->n / v->n)];
    }
    bool repeats = y->channels > 1 && y->channels % lanes == 0;
    for (int64_t e = y->channels; repeats && e < u->n; e++) repeats = raw[e] == raw[e - y->channels];
    u->param[u->n_param].n = repeats ? y->channels : u->n;
    u->param[u->n_param++].raw = raw;
}

static bool neuron_datapath(lowering *c, const nh_layer *l, nh_unit *u) {
    const nh_neuron *n = l->neuron;
    const nh_neuron_program *p = n->fx;
    nh_neuron_spec spec = {.program = p, .out_fmt = format_of(c, l->out)};
    nh_range r;
    int frac;
    const char *why;
    for (int k = 0; k < l->n_in; k++) {
        spec.in_fmt[k] = format_of(c, l->in[k]);
        spec.in_range[k] = c->g->tensor[l->in[k]].range;
    }
    for (int k = 0; k < p->n_param; k++) {
        nh_dyadic_format(n->fx_param[k].value, n->fx_param[k].n, &spec.param[k].fmt, &spec.param[k].range, NULL);
        spec.param[k].n = n->fx_param[k].n;
        spec.param[k].raw = spec.param[k].range.lo;
    }
    u->neuron.dp = nh_dp_neuron(c->a, &spec, nh_arena_printf(c->a, "%s_dp", u->id), &r, &frac, &why);
    if (!u->neuron.dp) {
        nh_report(c->d, NH_N_NEURON_WIDE, l->at, "layer '%s': %s", l->name, why);
        nh_diag_layer(c->d, l->name);
        return false;
    }
    nh_dp_expand_constants(u->neuron.dp);
    nh_dp_finish(u->neuron.dp);
    nh_dp_pipeline(u->neuron.dp, c->timing, true);
    return true;
}

static bool lower_neuron(lowering *c, const nh_layer *l) {
    int in[NH_UNIT_PORTS];
    int64_t lanes = 1;
    for (int k = 0; k < l->n_in; k++) {
        in[k] = take(c, l->in[k]);
        if (l->n_in > 1 && !holds_frame(c, in[k])) in[k] = buffered(c, in[k]);
        lanes = lanes_of(c, in[k]) > lanes ? lanes_of(c, in[k]) : lanes;
    }
    nh_unit *u = layer_unit(c, NH_UNIT_NEURON, l);
    nh_neuron_unit *n = &u->neuron;
    const nh_neuron_program *p = l->neuron->fx;
    n->n = nh_shape_size(c->g->tensor[l->out].shape);
    n->lanes = lanes;
    n->words = nh_ceil_div(n->n, lanes);
    n->n_acc = l->n_in;
    n->n_state = p->n_state;
    for (int k = 0; k < l->n_in; k++) n->acc[k] = format_of(c, l->in[k]);
    for (int s = 0; s < p->n_state; s++) n->state[s] = p->reg[p->state[s]].fmt;
    for (int k = 0; k < p->n_param; k++)
        if (l->neuron->fx_param[k].n > 1) param_values(c, l, &l->neuron->fx_param[k], lanes, n);
    n->reset_period = l->neuron->reset_period;
    n->reset_phase = l->neuron->reset_phase;
    if (!neuron_datapath(c, l, u)) return false;
    note(c, u, l,
         nh_arena_printf(c->a, "model %s, %lld lanes, %lld cycles per step, %d states", p->name, (long long)lanes,
                         (long long)n->words, p->n_state));
    for (int k = 0; k < l->n_in; k++) feed(c, u, in[k], lanes);
    give(c, u, l->out, lanes);
    return true;
}

/* --- the network ------------------------------------------------------------------------------------------------- */

/* Layers that the output depends on, also through loops. */
static bool *live_layers(lowering *c) {
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
static void count_readers(lowering *c) {
    const bool *live = live_layers(c);
    for (int i = 0; i < c->g->n_layer; i++) {
        const nh_layer *l = &c->g->layer[i];
        for (int k = 0; live[i] && !nh_is_wire(l) && k < l->n_in; k++) c->readers[nh_root_tensor(c->g, l->in[k])]++;
    }
    c->readers[nh_root_tensor(c->g, c->g->output)]++;
}

static bool lower_layer(lowering *c, const nh_layer *l) {
    switch (l->op) {
    case NH_OP_DENSE: return l->opt.strategy == NH_STRATEGY_LATENCY ? lower_unrolled(c, l) : lower_mac(c, l);
    case NH_OP_CONV:
    case NH_OP_SUMPOOL:
    case NH_OP_AVGPOOL: return lower_conv(c, l);
    case NH_OP_NEURON: return lower_neuron(c, l);
    case NH_OP_DELAY: return lower_delay(c, l);
    default: return true;
    }
}

/* A late delay stands before the layer that makes what it delays: its unit is made then, its input is connected at the
 * end. */
typedef struct {
    const nh_layer *layer;
    int unit;
} late;

static void begin_late(lowering *c, const nh_layer *l, late *list, int *n) {
    nh_unit *u = layer_unit(c, NH_UNIT_DELAY, l);
    delay_steps(c, l, &u->delay);
    u->delay.is_late = true;
    list[(*n)++] = (late){l, unit_index(c, u)};
    /* Its lanes are those of its producer, which is not there yet: one element per transfer until then. */
    give(c, u, l->out, 1);
}

/* Streams out of a loop's delay, and of forks behind it, take the lanes of what came in. */
static void set_beat(nh_design *g, int stream, int64_t beat) {
    nh_stream *s = &g->stream[stream];
    bool follows = s->dst >= 0 && g->unit[s->dst].kind == NH_UNIT_FORK;
    s->src_beat = beat;
    if (s->dst < 0 || follows) s->dst_beat = beat;
    for (int k = 0; follows && k < g->unit[s->dst].n_out; k++) set_beat(g, g->unit[s->dst].out[k], beat);
}

static void end_late(lowering *c, const late *l) {
    nh_unit *u = &c->design->unit[l->unit];
    shape_delay(c, u, take(c, l->layer->in[0]));
    set_beat(c->design, u->out[0], u->delay.lanes);
}

static bool reads_later(const nh_graph *g, const nh_layer *l) {
    int root = nh_root_tensor(g, l->in[0]);
    return g->tensor[root].producer >= (int)(l - g->layer);
}

static bool lower_layers(lowering *c) {
    bool ok = true;
    late *list = nh_arena_array(c->a, (size_t)c->g->n_layer + 1, sizeof *list);
    int n = 0;
    for (int i = 0; i < c->g->n_layer; i++) {
        const nh_layer *l = &c->g->layer[i];
        if (l->op == NH_OP_INPUT) {
            int64_t size = nh_shape_size(c->g->tensor[l->out].shape);
            int64_t beat = c->o->io == NH_IO_STREAM && c->o->beat < size ? c->o->beat : size;
            int made = c->open[l->out] = add_stream(c, l->out, -1, beat);
            if (l->out == c->g->input)
                c->design->input = made;
            else
                c->design->also_in[c->design->n_also_in++] = made;
            c->left[l->out] = c->readers[l->out];
        } else if (nh_is_wire(l) || c->readers[l->out] == 0) {
            continue;
        } else if (l->op == NH_OP_DELAY && reads_later(c->g, l)) {
            begin_late(c, l, list, &n);
        } else {
            ok &= lower_layer(c, l);
        }
    }
    for (int i = 0; i < n && ok; i++) end_late(c, &list[i]);
    return ok;
}

static void connect_output(lowering *c) {
    nh_design *g = c->design;
    int s = take(c, c->g->output);
    g->output = s;
    int64_t n = g->stream[s].n;
    g->stream[s].dst_beat = c->o->io == NH_IO_STREAM && c->o->beat < n ? c->o->beat : n;
}

nh_design *nh_lower_temporal(nh_arena *a, nh_diag *d, const nh_graph *g, const nh_options *o,
                             const nh_dp_timing *timing) {
    size_t room = (size_t)g->n_layer * ROOM_PER_LAYER + ROOM_PER_LAYER;
    nh_design *design = NH_NEW(a, nh_design);
    lowering c = {.a = a, .d = d, .g = g, .o = o, .timing = timing, .design = design};
    *design = (nh_design){.arena = a, .graph = g, .opt = o, .is_temporal = true, .steps = g->steps};
    design->unit = nh_arena_array(a, room, sizeof *design->unit);
    design->stream = nh_arena_array(a, room, sizeof *design->stream);
    c.reuse = nh_arena_array(a, (size_t)g->n_layer, sizeof *c.reuse);
    c.readers = nh_arena_array(a, (size_t)g->n_tensor, sizeof *c.readers);
    c.open = nh_arena_array(a, (size_t)g->n_tensor, sizeof *c.open);
    c.left = nh_arena_array(a, (size_t)g->n_tensor, sizeof *c.left);
    if (g->steps < 1) {
        nh_report(d, NH_P_STEPS, o->spiking.steps_at,
                  "no data and no spiking: time_steps say how many steps a sample has");
        nh_diag_hint(d, "add `spiking: {time_steps: ...}` or simulate: inputs");
        return NULL;
    }
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
