/* The unit POOL: the maximum of a window; taps in the padding are no candidates. */
#include "lower.h"
#include "unit.h"
#include "window.h"

bool nh_lower_pool(nh_lowering *c, const nh_layer_run *r) {
    const nh_layer *l = r->layer[0];
    int in = nh_lower_take(c, l->in[0]);
    nh_unit *u = nh_lower_unit(c, NH_UNIT_POOL, r);
    if (!nh_lower_window(c, l, u)) return false;
    u->conv.x = u->conv.acc = c->g->tensor[l->in[0]].q.fmt;
    nh_lower_feed(c, u, in, u->conv.in_lanes);
    nh_lower_give(c, u, l->out, u->conv.out_lanes);
    return true;
}

int64_t nh_unit_pool_interval(const nh_unit *u) { return u->conv.cycles; }

nh_times nh_unit_pool_times(nh_schedule *s, int unit, int step) {
    const nh_conv *v = &s->g->unit[unit].conv;
    nh_times out = nh_window_times(s, unit, step);
    for (int64_t k = 0; k < v->h_out * v->w_out * v->c_out / v->out_lanes; k++)
        out.at[k] += NH_POOL_LATENCY + NH_SKID_LATENCY;
    return out;
}

int64_t nh_unit_pool_memory(const nh_design *g, const nh_unit *u) {
    (void)g;
    (void)u;
    return 0;
}

static int64_t window_max(const nh_conv *v, const int64_t *in, int64_t c, int64_t y, int64_t x) {
    nh_i128 max = nh_format_min(v->x);
    for (int64_t ky = 0; ky < v->kh; ky++) {
        int64_t row = y * v->stride_h + ky * v->dilation_h - v->pad_h;
        for (int64_t kx = 0; row >= 0 && row < v->h_in && kx < v->kw; kx++) {
            int64_t column = x * v->stride_w + kx * v->dilation_w - v->pad_w;
            if (column < 0 || column >= v->w_in) continue;
            nh_i128 value = nh_widen(in[(row * v->w_in + column) * v->c_in + c], v->x);
            if (value > max) max = value;
        }
    }
    return (int64_t)max;
}

void nh_unit_pool_eval(const nh_unit_step *e) {
    const nh_conv *v = &e->unit->conv;
    const int64_t *in = e->raw[e->unit->in[0]];
    int64_t *out = e->raw[e->unit->out[0]];
    for (int64_t i = 0; i < v->h_out * v->w_out * v->c_out; i++)
        out[i] = window_max(v, in, i % v->c_out, i / v->c_out / v->w_out, i / v->c_out % v->w_out);
}

nh_resources nh_unit_pool_estimate(const nh_design *g, const nh_unit *u) {
    const nh_conv *v = &u->conv;
    nh_resources r = {0};
    int64_t bits = v->out_lanes * v->x.width_bits;
    r.luts += 2 * bits + 2 * bits + 180; /* comparison and choice, skid; counters and addresses */
    r.ffs += 3 * bits + 100;
    nh_add_ram(&r, &g->opt->target, v->rows * v->w_in * v->c_in / v->in_lanes, v->in_lanes * v->x.width_bits);
    return r;
}
