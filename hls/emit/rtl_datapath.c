/* The module of a unit DATAPATH. */
#include "rtl_parts.h"

/* All its vectors are streams. */
void nh_rtl_datapath_check(nh_rtl_job *j, const nh_unit *u) {
    (void)j;
    (void)u;
}

bool nh_rtl_datapath(nh_rtl_job *j, const nh_unit *u) {
    int64_t bits = nh_rtl_src_bits(&j->g->stream[u->out[0]]);
    nh_vlog *v = nh_rtl_open_unit(j, u, "an unrolled layer");
    nh_rtl_stream_wires(v, "y", bits);
    nh_rtl_pipe(j, v, u->dp->latency_cycles, "s", "y");
    nh_vlog_inst_begin(v, nh_rtl_dp_module(j, u->dp), "u_dp");
    nh_vlog_conn(v, "clk", "clk");
    nh_vlog_conn(v, "en", "en");
    nh_vlog_conn(v, "x", "s_data");
    nh_vlog_conn(v, "y", "y_data");
    nh_vlog_inst_end(v);
    nh_rtl_skid(j, v, bits, "y", "m");
    nh_vlog_module_end(v);
    bool ok = nh_vlog_close(v, j->d);
    return nh_rtl_dp_file(j->out, j->d, u->dp, j->project, j->g->opt->target.bram_bits) && ok;
}
