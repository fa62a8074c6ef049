/* The module of a unit CONV. */
#include <assert.h>

#include "rtl_parts.h"

void nh_rtl_conv_check(nh_rtl_job *j, const nh_unit *u) {
    const nh_conv *c = &u->conv;
    nh_rtl_check_bits(j, u, "a word of the weight memory",
                      c->out_lanes * (c->depthwise ? 1 : c->in_lanes) * c->weight.width_bits);
    nh_rtl_check_bits(j, u, "a word of accumulators", c->out_lanes * c->acc.width_bits);
}

static void conv_shape(nh_vlog *v, const nh_conv *c) {
    int frac = nh_format_frac(c->x) + nh_format_frac(c->weight);
    const struct {
        const char *name;
        int64_t value;
    } row[] = {{"C_IN", c->c_in},
               {"H_IN", c->h_in},
               {"W_IN", c->w_in},
               {"C_OUT", c->c_out},
               {"H_OUT", c->h_out},
               {"W_OUT", c->w_out},
               {"KH", c->kh},
               {"KW", c->kw},
               {"STRIDE_H", c->stride_h},
               {"STRIDE_W", c->stride_w},
               {"PAD_H", c->pad_h},
               {"PAD_W", c->pad_w},
               {"DILATION_H", c->dilation_h},
               {"DILATION_W", c->dilation_w},
               {"GROUPS", c->groups},
               {"DEPTHWISE", c->depthwise},
               {"IN_LANES", c->in_lanes},
               {"OUT_LANES", c->out_lanes},
               {"X_W", c->x.width_bits},
               {"X_SIGNED", c->x.is_signed},
               {"W_W", c->weight.width_bits},
               {"W_SIGNED", c->weight.is_signed},
               {"ACC_W", c->acc.width_bits},
               {"ACC_SIGNED", c->acc.is_signed},
               {"EXACT", c->exact},
               {"PROD_SHIFT", c->exact ? 0 : frac - nh_format_frac(c->acc)},
               {"ROUND", c->exact ? NH_ROUND_TRN : (int64_t)c->acc.round},
               {"OVERFLOW", c->exact ? NH_OVERFLOW_WRAP : (int64_t)c->acc.overflow},
               {"ONES", c->ones},
               {"ROWS", c->rows}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) nh_vlog_param(v, row[i].name, row[i].value);
}

static void conv_engine(nh_rtl_job *j, nh_vlog *v, const nh_unit *u) {
    const nh_conv *c = &u->conv;
    int64_t lanes = c->depthwise ? 1 : c->in_lanes;
    int64_t words = c->c_out / c->out_lanes * c->kh * c->kw * (c->c_in / c->groups / lanes);
    nh_rtl_begin(j, v, "nh_conv_mac", "u_conv");
    conv_shape(v, c);
    nh_vlog_param(v, "WEIGHT_BLOCK", nh_rtl_in_block(j, words, c->out_lanes * lanes * c->weight.width_bits));
    nh_vlog_param(v, "INPUT_BLOCK",
                  nh_rtl_in_block(j, c->rows * c->w_in * (c->c_in / c->in_lanes), c->in_lanes * c->x.width_bits));
    nh_vlog_param_str(v, "WEIGHT_FILE", c->ones ? "" : nh_rtl_data_name(j, u, "w"));
    nh_vlog_param_str(v, "BIAS_FILE", nh_rtl_data_name(j, u, "b"));
    nh_rtl_conn_clock(v);
    nh_rtl_conn_stream(j, v, "s", "s");
    nh_rtl_conn_stream(j, v, "m", "acc");
    nh_vlog_inst_end(v);
}

bool nh_rtl_conv(nh_rtl_job *j, const nh_unit *u) {
    const nh_conv *c = &u->conv;
    const nh_stream *in = &j->g->stream[u->in[0]], *out = &j->g->stream[u->out[0]];
    nh_rtl_lanes lanes = {c->out_lanes, c->c_out / c->out_lanes, c->c_out, c->acc.width_bits};
    assert(in->dst_beat == c->in_lanes && out->src_beat == c->out_lanes);
    assert(c->post.dp || out->fmt.width_bits == c->acc.width_bits);
    (void)in;
    (void)out;
    nh_vlog *v = nh_rtl_open_unit(j, u,
                                  nh_arena_printf(j->a, "a %s on %lld x %lld lanes, %lld cycles per frame",
                                                  c->ones ? "window sum" : "convolution", (long long)c->out_lanes,
                                                  (long long)(c->depthwise ? 1 : c->in_lanes), (long long)c->cycles));
    nh_rtl_stream_wires(v, "acc", c->out_lanes * c->acc.width_bits);
    conv_engine(j, v, u);
    nh_rtl_post(j, v, u, &c->post, lanes);
    nh_vlog_module_end(v);
    bool ok = nh_vlog_close(v, j->d);
    nh_arena *scratch = nh_arena_new();
    if (!c->ones) ok = nh_mem_conv_weights(scratch, j->d, c, nh_rtl_data_path(j, u, "w"), j->out->made) && ok;
    ok = nh_mem_conv_bias(scratch, j->d, c, nh_rtl_data_path(j, u, "b"), j->out->made) && ok;
    nh_arena_free(scratch);
    return nh_rtl_post_files(j, u, &c->post, lanes) && ok;
}
