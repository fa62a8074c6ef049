/* The module of a unit FORK. */
#include <assert.h>

#include "rtl_parts.h"

/* All its vectors are streams. */
void nh_rtl_fork_check(nh_rtl_job *j, const nh_unit *u) {
    (void)j;
    (void)u;
}

bool nh_rtl_fork(nh_rtl_job *j, const nh_unit *u) {
    int64_t bits = nh_rtl_dst_bits(&j->g->stream[u->in[0]]);
    nh_vlog *v = nh_rtl_open_unit(j, u, nh_arena_printf(j->a, "one stream to %d consumers", u->n_out));
    const char *ready = "m0_ready";
    for (int i = 1; i < u->n_out; i++) ready = nh_arena_printf(j->a, "m%d_ready, %s", i, ready);
    nh_rtl_stream_wires(v, "y", bits);
    nh_rtl_skid(j, v, bits, "s", "y");
    nh_vlog_wire(v, u->n_out, false, "fork_valid");
    nh_vlog_wire(v, bits, false, "fork_data");
    nh_rtl_begin(j, v, "nh_fork", "u_fork");
    nh_vlog_param(v, "WIDTH", bits);
    nh_vlog_param(v, "N", u->n_out);
    nh_rtl_conn_clock(v);
    nh_rtl_conn_stream(j, v, "s", "y");
    nh_vlog_conn(v, "m_valid", "fork_valid");
    nh_vlog_conn(v, "m_ready", "{%s}", ready);
    nh_vlog_conn(v, "m_data", "fork_data");
    nh_vlog_inst_end(v);
    for (int i = 0; i < u->n_out; i++) {
        assert(nh_rtl_src_bits(&j->g->stream[u->out[i]]) == bits);
        nh_vlog_assign(v, nh_arena_printf(j->a, "m%d_valid", i), "fork_valid[%d]", i);
        nh_vlog_assign(v, nh_arena_printf(j->a, "m%d_data", i), "fork_data");
    }
    nh_vlog_module_end(v);
    return nh_vlog_close(v, j->d);
}
