/* The unit DELAY: y(t) = x(t - steps). One that closes a loop gives its output before its input is known. */
#include <string.h>

#include "intmath.h"
#include "lower.h"
#include "unit.h"

/* Delays of the elements in stream order; one when they are all the same. */
static void delay_steps(nh_lowering *c, const nh_layer *l, nh_delay_unit *y) {
    const int64_t *order = c->layout[l->out].order;
    int64_t n = l->n_delay, *steps = nh_arena_array(c->a, (size_t)n, sizeof *steps), min = l->delay[0];
    y->most = 0;
    for (int64_t e = 0; e < n; e++) {
        steps[e] = l->delay[order && n > 1 ? order[e] : e];
        y->most = steps[e] > y->most ? steps[e] : y->most;
        min = steps[e] < min ? steps[e] : min;
    }
    y->steps = steps;
    y->n_steps = min == y->most ? 1 : n;
}

static void shape_delay(nh_lowering *c, nh_unit *u, int stream, int64_t lanes) {
    nh_delay_unit *y = &u->delay;
    y->n = c->design->stream[stream].n;
    y->lanes = lanes;
    y->words = nh_ceil_div(y->n, y->lanes);
    nh_lower_feed(c, u, stream, y->lanes);
}

bool nh_lower_delay(nh_lowering *c, const nh_layer_run *r) {
    int in = nh_lower_take(c, r->layer[0]->in[0]);
    nh_unit *u = nh_lower_unit(c, NH_UNIT_DELAY, r);
    delay_steps(c, r->layer[0], &u->delay);
    shape_delay(c, u, in, nh_lower_lanes(c, in));
    nh_lower_give(c, u, r->layer[0]->out, u->delay.lanes);
    return true;
}

/* Does what feeds the stream hold a whole frame? */
static bool holds_frame(const nh_lowering *c, int stream) {
    int src = c->design->stream[stream].src;
    if (src < 0) return false;
    const nh_unit *u = &c->design->unit[src];
    return u->kind == NH_UNIT_MAC || u->kind == NH_UNIT_DELAY ||
           ((u->kind == NH_UNIT_CONV || u->kind == NH_UNIT_POOL) && u->conv.rows >= u->conv.h_in);
}

int nh_lower_buffered(nh_lowering *c, int stream, int64_t lanes) {
    static const int64_t none[1] = {0};
    if (holds_frame(c, stream)) return stream;
    nh_unit *u = nh_lower_bare_unit(c, NH_UNIT_DELAY, "b", stream);
    u->delay.steps = none;
    u->delay.n_steps = 1;
    u->delay.depth = 1;
    shape_delay(c, u, stream, lanes);
    return nh_lower_send(c, u, c->design->stream[stream].tensor, u->delay.lanes);
}

int nh_lower_loop_begin(nh_lowering *c, const nh_layer_run *r) {
    nh_unit *u = nh_lower_unit(c, NH_UNIT_DELAY, r);
    delay_steps(c, r->layer[0], &u->delay);
    u->delay.is_late = true;
    /* Its lanes are those of its producer, which is not there yet: one element per transfer until then. */
    nh_lower_give(c, u, r->layer[0]->out, 1);
    return (int)(u - c->design->unit);
}

/* Streams out of a loop's delay, and of forks behind it, take the lanes of what came in. */
static void set_beat(nh_design *g, int stream, int64_t beat) {
    nh_stream *s = &g->stream[stream];
    bool follows = s->dst >= 0 && g->unit[s->dst].kind == NH_UNIT_FORK;
    s->src_beat = beat;
    if (s->dst < 0 || follows) s->dst_beat = beat;
    for (int k = 0; follows && k < g->unit[s->dst].n_out; k++) set_beat(g, g->unit[s->dst].out[k], beat);
}

void nh_lower_loop_end(nh_lowering *c, int unit) {
    nh_unit *u = &c->design->unit[unit];
    int in = nh_lower_take(c, c->g->layer[u->layer[0]].in[0]);
    shape_delay(c, u, in, nh_lower_lanes(c, in));
    set_beat(c->design, u->out[0], u->delay.lanes);
}

int64_t nh_unit_delay_interval(const nh_unit *u) { return u->delay.words; }

/* The delay of the whole frame is its smallest one: what leaves earlier elements could not hurry. */
nh_times nh_unit_delay_times(nh_schedule *s, int unit, int step) {
    const nh_unit *u = &s->g->unit[unit];
    const nh_delay_unit *y = &u->delay;
    int64_t late = y->is_late ? y->most : 0;
    for (int64_t i = 0; i < y->n_steps; i++) late = y->steps[i] < late ? y->steps[i] : late; /* of a loop */
    nh_times out = nh_times_new(s->a, y->words);
    if (step >= late) {
        nh_times in = nh_schedule_input(s, u, 0, (int)(step - late));
        for (int64_t i = 0; i < y->words; i++) out.at[i] = in.at[i];
    }
    nh_times_in_order(out, s->ready[unit]);
    s->ready[unit] = out.at[y->words - 1] + 1;
    nh_times taken = s->taken[unit][step] = nh_times_new(s->a, y->words);
    for (int64_t i = 0; i < y->words; i++) taken.at[i] = out.at[i];
    int64_t latency = nh_unit_is_fifo(u) ? NH_FIFO_LATENCY
                      : step < late      ? NH_DELAY_LATENCY - 1
                                         : NH_DELAY_LATENCY; /* zeros are not fetched for an input */
    for (int64_t i = 0; i < y->words; i++) out.at[i] += latency;
    return out;
}

/* A ring of frames: the frame of step t stands at t % (most + 1). */
int64_t nh_unit_delay_memory(const nh_design *g, const nh_unit *u) {
    (void)g;
    return (u->delay.most + 1) * u->delay.n;
}

void nh_delay_take(const nh_unit_step *e) {
    const nh_delay_unit *y = &e->unit->delay;
    memcpy(e->memory + e->step % (y->most + 1) * y->n, e->raw[e->unit->in[0]], (size_t)y->n * sizeof(int64_t));
}

/* Frames before the sample are 0: the memory was cleared at its start. */
void nh_unit_delay_eval(const nh_unit_step *e) {
    const nh_delay_unit *y = &e->unit->delay;
    int64_t *out = e->raw[e->unit->out[0]];
    if (!y->is_late) nh_delay_take(e);
    for (int64_t i = 0; i < y->n; i++) {
        int64_t from = e->step - y->steps[i % y->n_steps];
        out[i] = from < 0 ? 0 : e->memory[from % (y->most + 1) * y->n + i];
    }
}

nh_resources nh_unit_delay_estimate(const nh_design *g, const nh_unit *u) {
    nh_resources r = {0};
    if (nh_unit_is_fifo(u)) {
        int64_t width = u->delay.lanes * g->stream[u->in[0]].fmt.width_bits;
        nh_add_ram(&r, &g->opt->target, u->delay.depth, width);
        r.ffs += 2 * width; /* the word at the output, and the one that passes the memory */
        r.luts += width;
        return r;
    }
    nh_add_ram(&r, &g->opt->target, (u->delay.most + 2) * u->delay.words,
               u->delay.lanes * g->stream[u->in[0]].fmt.width_bits);
    return r;
}
