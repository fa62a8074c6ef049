/* The unit CONV: convolutions and pools, whose windows come from a ring of rows. */
#include "conv.h"
#include "intmath.h"
#include "lower.h"
#include "unit.h"
#include "window.h"

static void image_size(nh_shape s, int64_t *channels, int64_t *height, int64_t *width) {
    *channels = s.dim[0];
    *height = s.rank == 3 ? s.dim[1] : 1;
    *width = s.dim[s.rank - 1];
}

/* A window sum is a convolution with weights of 1. */
static void pool_weights(nh_lowering *c, nh_conv *v) {
    int64_t n = v->c_out * v->kh * v->kw, *w = nh_arena_array(c->a, (size_t)n, sizeof *w);
    for (int64_t i = 0; i < n; i++) w[i] = 1;
    v->w = w;
    v->ones = true;
    v->weight = nh_format_make(false, 1, 1, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
}

static void conv_geometry(const nh_lowering *c, const nh_layer *l, nh_conv *v, const nh_conv_shape *s) {
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

bool nh_lower_window(nh_lowering *c, const nh_layer *l, nh_unit *u) {
    nh_conv *v = &u->conv;
    nh_conv_shape s = nh_conv_shape_of(c->g, l);
    conv_geometry(c, l, v, &s);
    u->reuse_factor = c->reuse[l - c->g->layer];
    if (nh_conv_lanes(&s, u->reuse_factor, &v->in_lanes, &v->out_lanes)) {
        v->cycles = nh_conv_cycles(&s, v->in_lanes, v->out_lanes) * s.pixels;
        v->rows = nh_window_rows(v);
        nh_notes_add(&c->notes,
                     nh_arena_printf(c->a,
                                     "%lld x %lld lanes (outputs x inputs), %lld cycles per pixel, %lld per step, %lld "
                                     "of %lld input rows kept",
                                     (long long)v->out_lanes, (long long)v->in_lanes, (long long)(v->cycles / s.pixels),
                                     (long long)v->cycles, (long long)v->rows, (long long)v->h_in));
        return true;
    }
    nh_report(c->d, NH_P_CONV_REUSE, l->opt.reuse_at, "layer '%s': reuse factor %lld", l->name,
              (long long)u->reuse_factor);
    nh_diag_layer(c->d, l->name);
    nh_diag_allowed(c->d, "%lld or more", (long long)nh_conv_least_cycles(&s));
    return false;
}

/* Weights, biases and what the sums are; a window sum that is rounded has the accumulator of its layer, too. */
static void conv_numbers(nh_lowering *c, const nh_layer *l, nh_conv *v) {
    v->x = c->g->tensor[l->in[0]].q.fmt;
    v->acc = l->exact && l->op != NH_OP_CONV ? c->g->tensor[l->out].q.fmt : l->accum;
    v->exact = l->op != NH_OP_CONV || l->accum_exact;
    if (l->op == NH_OP_CONV) {
        v->weight = l->weight->fmt;
        v->w = l->weight->raw;
        v->b = nh_lower_biases(c, l, v->c_out, NULL);
    } else {
        pool_weights(c, v);
    }
}

bool nh_lower_conv(nh_lowering *c, const nh_layer_run *r) {
    const nh_layer *l = r->layer[0];
    int in = nh_lower_take(c, l->in[0]);
    nh_unit *u = nh_lower_unit(c, NH_UNIT_CONV, r);
    nh_conv *v = &u->conv;
    if (!nh_lower_window(c, l, u)) return false;
    conv_numbers(c, l, v);
    const char *post = nh_arena_printf(c->a, "%s_post", u->id);
    if (!l->exact && !nh_build_post(c->a, c->d, r, post, v->acc, l->weight ? v->c_out : 1, NULL, &v->post, &c->notes))
        return false;
    nh_lower_feed(c, u, in, v->in_lanes);
    nh_lower_give(c, u, r->layer[r->n - 1]->out, v->out_lanes);
    return true;
}

int64_t nh_unit_conv_interval(const nh_unit *u) { return u->conv.cycles; }

nh_times nh_unit_conv_times(nh_schedule *s, int unit, int step) {
    const nh_unit *u = &s->g->unit[unit];
    const nh_conv *v = &u->conv;
    nh_times out = nh_window_times(s, unit, step);
    int64_t tree = !v->exact ? 1 : v->depthwise ? 0 : nh_log2_ceil((uint64_t)v->in_lanes);
    int64_t post = v->post.dp ? (v->post.mul ? NH_BEAT_ROM_LATENCY : 0) + v->post.dp->latency_cycles : 0;
    for (int64_t k = 0; k < out.n; k++) out.at[k] += NH_CONV_LATENCY + tree + post + NH_SKID_LATENCY;
    return out;
}

int64_t nh_unit_conv_memory(const nh_design *g, const nh_unit *u) {
    (void)g;
    (void)u;
    return 0;
}

static nh_i128 add_product(const nh_conv *v, nh_i128 acc, nh_i128 product, nh_fx_count *count) {
    int frac = nh_format_frac(v->x) + nh_format_frac(v->weight);
    if (v->exact) return acc + product;
    return nh_fx_convert(acc + nh_fx_convert(product, frac, v->acc, count), nh_format_frac(v->acc), v->acc, count);
}

/* The accumulator of output channel o at pixel (y, x). */
static nh_i128 window_sum(const nh_conv *v, const int64_t *in, int64_t o, int64_t y, int64_t x, nh_fx_count *count) {
    int64_t per = v->c_in / v->groups, first = o / (v->c_out / v->groups) * per;
    nh_i128 acc = v->b ? v->b[o] : 0;
    for (int64_t ky = 0; ky < v->kh; ky++) {
        int64_t row = y * v->stride_h + ky * v->dilation_h - v->pad_h;
        for (int64_t kx = 0; row >= 0 && row < v->h_in && kx < v->kw; kx++) {
            int64_t column = x * v->stride_w + kx * v->dilation_w - v->pad_w;
            if (column < 0 || column >= v->w_in) continue;
            const int64_t *pixel = in + (row * v->w_in + column) * v->c_in + first;
            for (int64_t c = 0; c < per; c++)
                acc = add_product(v, acc,
                                  nh_widen(v->w[((o * per + c) * v->kh + ky) * v->kw + kx], v->weight) *
                                      nh_widen(pixel[c], v->x),
                                  count);
        }
    }
    return acc;
}

void nh_unit_conv_eval(const nh_unit_step *e) {
    const nh_conv *v = &e->unit->conv;
    const int64_t *in = e->raw[e->unit->in[0]];
    int64_t *out = e->raw[e->unit->out[0]];
    for (int64_t i = 0; i < v->h_out * v->w_out * v->c_out; i++) {
        int64_t o = i % v->c_out, pixel = i / v->c_out;
        nh_i128 acc = window_sum(v, in, o, pixel / v->w_out, pixel % v->w_out, e->count);
        out[i] = (int64_t)nh_post_eval(&v->post, o, acc, e->count);
    }
}

nh_resources nh_unit_conv_estimate(const nh_design *g, const nh_unit *u) {
    const nh_target *t = &g->opt->target;
    const nh_conv *v = &u->conv;
    nh_resources r = {0};
    int64_t x = v->x.width_bits, w = v->weight.width_bits, acc = v->acc.width_bits,
            lanes = v->depthwise ? v->out_lanes : v->in_lanes * v->out_lanes;
    if (!v->ones) nh_add_products(&r, t, lanes, v->x, v->weight);
    r.ffs += lanes * (x + w) + v->out_lanes * acc * 4 + v->in_lanes * x + 120; /* the last: counters and addresses */
    r.luts += v->out_lanes * (v->in_lanes - 1) * (x + w) + 4 * v->out_lanes * acc + 220;
    int64_t per_group = v->depthwise ? 1 : v->c_in / v->groups / v->in_lanes;
    if (!v->ones) nh_add_rom(&r, t, v->c_out / v->out_lanes * v->kh * v->kw * per_group, lanes * w);
    if (v->b) nh_add_rom(&r, t, v->c_out / v->out_lanes, v->out_lanes * acc);
    if (v->post.mul) nh_add_rom(&r, t, v->c_out / v->out_lanes, v->out_lanes * v->post.mul_bits);
    if (v->post.dp) nh_add_datapath(&r, v->post.dp, t, v->out_lanes);
    nh_add_ram(&r, t, v->rows * v->w_in * v->c_in / v->in_lanes, v->in_lanes * x);
    return r;
}
