/* The module of a unit POOL. */
#include <assert.h>

#include "rtl_parts.h"

/* All its vectors are streams. */
void nh_rtl_pool_check(nh_rtl_job *j, const nh_unit *u) {
    (void)j;
    (void)u;
}

static void pool_engine(nh_rtl_job *j, nh_vlog *v, const nh_conv *c) {
    const struct {
        const char *name;
        int64_t value;
    } row[] = {{"C", c->c_in},
               {"H_IN", c->h_in},
               {"W_IN", c->w_in},
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
               {"LANES", c->in_lanes},
               {"X_W", c->x.width_bits},
               {"X_SIGNED", c->x.is_signed},
               {"ROWS", c->rows}};
    nh_rtl_begin(j, v, "nh_pool_max", "u_pool");
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) nh_vlog_param(v, row[i].name, row[i].value);
    nh_vlog_param(v, "BLOCK",
                  nh_rtl_in_block(j, c->rows * c->w_in * (c->c_in / c->in_lanes), c->in_lanes * c->x.width_bits));
    nh_rtl_conn_clock(v);
    nh_rtl_conn_stream(j, v, "s", "s");
    nh_rtl_conn_stream(j, v, "m", "y");
    nh_vlog_inst_end(v);
}

bool nh_rtl_pool(nh_rtl_job *j, const nh_unit *u) {
    const nh_conv *c = &u->conv;
    const nh_stream *out = &j->g->stream[u->out[0]];
    assert(j->g->stream[u->in[0]].dst_beat == c->in_lanes && out->src_beat == c->out_lanes);
    nh_vlog *v = nh_rtl_open_unit(j, u,
                                  nh_arena_printf(j->a, "a maximum over windows on %lld lanes, %lld cycles per frame",
                                                  (long long)c->out_lanes, (long long)c->cycles));
    nh_rtl_stream_wires(v, "y", nh_rtl_src_bits(out));
    pool_engine(j, v, c);
    nh_rtl_skid(j, v, nh_rtl_src_bits(out), "y", "m");
    nh_vlog_module_end(v);
    return nh_vlog_close(v, j->d);
}
