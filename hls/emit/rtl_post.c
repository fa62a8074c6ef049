/* What follows the accumulators of an engine. */
#include "rtl_parts.h"

/* The requantizer multipliers of a group beside its accumulators: stream `mul` with word mul_word. */
static void multipliers(nh_rtl_job *j, nh_vlog *v, const nh_unit *u, const nh_post *post, nh_rtl_lanes at) {
    int64_t word_bits = at.lanes * post->mul_bits;
    nh_rtl_stream_wires(v, "mul", at.lanes * at.acc_bits);
    nh_vlog_wire(v, word_bits, false, "mul_word");
    nh_rtl_begin(j, v, "nh_beat_rom", "u_mul");
    nh_vlog_param(v, "WIDTH", at.lanes * at.acc_bits);
    nh_vlog_param(v, "WORD_W", word_bits);
    nh_vlog_param(v, "DEPTH", at.groups);
    nh_vlog_param(v, "BLOCK", nh_rtl_in_block(j, at.groups, word_bits));
    nh_vlog_param_str(v, "FILE", nh_rtl_data_name(j, u, "m"));
    nh_rtl_conn_clock(v);
    nh_rtl_conn_stream(j, v, "s", "acc");
    nh_rtl_conn_stream(j, v, "m", "mul");
    nh_vlog_conn(v, "m_word", "mul_word");
    nh_vlog_inst_end(v);
}

/* A datapath per lane. */
static void datapaths(nh_rtl_job *j, nh_vlog *v, const nh_unit *u, const nh_post *post, nh_rtl_lanes at) {
    const char *from = post->mul ? "mul" : "acc", *acc = nh_arena_printf(j->a, "%s_data", from);
    int y_bits = j->g->stream[u->out[0]].fmt.width_bits;
    nh_rtl_stream_wires(v, "y", at.lanes * y_bits);
    nh_rtl_pipe(j, v, post->dp->latency_cycles, from, "y");
    for (int64_t i = 0; i < at.lanes; i++) {
        nh_vlog_inst_begin(v, nh_rtl_dp_module(j, post->dp), "u_post%lld", (long long)i);
        nh_vlog_conn(v, "clk", "clk");
        nh_vlog_conn(v, "en", "en");
        nh_vlog_conn(v, "x", "%s", nh_rtl_lane(j, acc, at.lanes, i, at.acc_bits));
        if (post->mul) nh_vlog_conn(v, "m", "%s", nh_rtl_lane(j, "mul_word", at.lanes, i, post->mul_bits));
        nh_vlog_conn(v, "y", "%s", nh_rtl_lane(j, "y_data", at.lanes, i, y_bits));
        nh_vlog_inst_end(v);
    }
}

void nh_rtl_post(nh_rtl_job *j, nh_vlog *v, const nh_unit *u, const nh_post *post, nh_rtl_lanes at) {
    if (post->mul) multipliers(j, v, u, post, at);
    if (post->dp) datapaths(j, v, u, post, at);
    nh_rtl_skid(j, v, nh_rtl_src_bits(&j->g->stream[u->out[0]]), post->dp ? "y" : "acc", "m");
}

bool nh_rtl_post_files(nh_rtl_job *j, const nh_unit *u, const nh_post *post, nh_rtl_lanes at) {
    bool ok = !post->dp || nh_rtl_dp_file(j->out, j->d, post->dp, j->project, j->g->opt->target.bram_bits);
    if (!post->mul) return ok;
    nh_arena *scratch = nh_arena_new();
    ok = nh_mem_multipliers(scratch, j->d, post, at, nh_rtl_data_path(j, u, "m"), j->out->made) && ok;
    nh_arena_free(scratch);
    return ok;
}
