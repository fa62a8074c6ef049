/* Lanes of convolutions: both counts divide their channels, so that words never straddle pixels or groups. */
#include "conv.h"

nh_conv_shape nh_conv_shape_of(const nh_graph *g, const nh_layer *l) {
    nh_shape x = g->tensor[l->in[0]].shape, y = g->tensor[l->out].shape;
    bool is_pool = l->op != NH_OP_CONV;
    int64_t groups = is_pool ? x.dim[0] : l->window.groups;
    nh_conv_shape s = {.taps = l->window.kernel[0] * l->window.kernel[1],
                       .c_in = x.dim[0] / groups,
                       .c_out = y.dim[0] / groups,
                       .pixels = nh_shape_size(y) / y.dim[0],
                       .groups = groups};
    s.depthwise = s.c_in == 1 && s.c_out == 1 && groups > 1;
    return s;
}

int64_t nh_conv_cycles(const nh_conv_shape *s, int64_t in_lanes, int64_t out_lanes) {
    if (s->depthwise) return s->taps * (s->groups / out_lanes);
    return s->taps * (s->c_in / in_lanes) * (s->groups * s->c_out / out_lanes);
}

int64_t nh_conv_least_cycles(const nh_conv_shape *s) {
    return nh_conv_cycles(s, s->c_in, s->depthwise ? s->groups : s->c_out);
}

bool nh_conv_lanes(const nh_conv_shape *s, int64_t r, int64_t *in_lanes, int64_t *out_lanes) {
    int64_t best = INT64_MAX, most_out = s->depthwise ? s->groups : s->c_out;
    for (int64_t out = 1; out <= most_out; out++) {
        if (most_out % out != 0) continue;
        for (int64_t in = 1; in <= s->c_in; in++) {
            if (s->c_in % in != 0) continue;
            int64_t lanes = in * out;
            if (nh_conv_cycles(s, in, out) > r || lanes >= best) continue;
            best = lanes;
            *in_lanes = s->depthwise ? out : in;
            *out_lanes = out;
        }
    }
    return best < INT64_MAX;
}
