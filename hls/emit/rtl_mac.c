/* The module of a unit MAC. */
#include <assert.h>

#include "rtl_parts.h"

void nh_rtl_mac_check(nh_rtl_job *j, const nh_unit *u) {
    const nh_mac *m = &u->mac;
    nh_rtl_check_bits(j, u, "a word of the weight memory", m->out_lanes * m->in_lanes * m->weight.width_bits);
    nh_rtl_check_bits(j, u, "a word of accumulators", m->out_lanes * m->acc.width_bits);
}

static void mac_engine(nh_rtl_job *j, nh_vlog *v, const nh_unit *u) {
    const nh_mac *m = &u->mac;
    int frac_product = nh_format_frac(m->x) + nh_format_frac(m->weight);
    nh_rtl_begin(j, v, "nh_dense_mac", "u_mac");
    nh_vlog_param(v, "N_IN", m->n_in);
    nh_vlog_param(v, "N_OUT", m->n_out);
    nh_vlog_param(v, "IN_LANES", m->in_lanes);
    nh_vlog_param(v, "OUT_LANES", m->out_lanes);
    nh_vlog_param(v, "REUSE", u->reuse_factor);
    nh_vlog_param(v, "X_W", m->x.width_bits);
    nh_vlog_param(v, "X_SIGNED", m->x.is_signed);
    nh_vlog_param(v, "W_W", m->weight.width_bits);
    nh_vlog_param(v, "W_SIGNED", m->weight.is_signed);
    nh_vlog_param(v, "ACC_W", m->acc.width_bits);
    nh_vlog_param(v, "ACC_SIGNED", m->acc.is_signed);
    nh_vlog_param(v, "EXACT", m->exact);
    nh_vlog_param(v, "PROD_SHIFT", m->exact ? 0 : frac_product - nh_format_frac(m->acc));
    nh_vlog_param(v, "ROUND", m->exact ? NH_ROUND_TRN : m->acc.round);
    nh_vlog_param(v, "OVERFLOW", m->exact ? NH_OVERFLOW_WRAP : m->acc.overflow);
    nh_vlog_param(v, "WEIGHT_BLOCK",
                  nh_rtl_in_block(j, m->groups * m->in_words, m->out_lanes * m->in_lanes * m->weight.width_bits));
    nh_vlog_param(v, "INPUT_BLOCK", nh_rtl_in_block(j, 2 * m->in_words, m->in_lanes * m->x.width_bits));
    nh_vlog_param_str(v, "WEIGHT_FILE", nh_rtl_data_name(j, u, "w"));
    nh_vlog_param_str(v, "BIAS_FILE", nh_rtl_data_name(j, u, "b"));
    nh_rtl_conn_clock(v);
    nh_rtl_conn_stream(j, v, "s", "s");
    nh_rtl_conn_stream(j, v, "m", "acc");
    nh_vlog_inst_end(v);
}

/* The requantizer multipliers of a group beside its accumulators: stream `mul` with word mul_word. */
static void mac_multipliers(nh_rtl_job *j, nh_vlog *v, const nh_unit *u) {
    const nh_mac *m = &u->mac;
    int64_t word_bits = m->out_lanes * m->mul_bits;
    nh_rtl_stream_wires(v, "mul", m->out_lanes * m->acc.width_bits);
    nh_vlog_wire(v, word_bits, false, "mul_word");
    nh_rtl_begin(j, v, "nh_beat_rom", "u_mul");
    nh_vlog_param(v, "WIDTH", m->out_lanes * m->acc.width_bits);
    nh_vlog_param(v, "WORD_W", word_bits);
    nh_vlog_param(v, "DEPTH", m->groups);
    nh_vlog_param(v, "BLOCK", nh_rtl_in_block(j, m->groups, word_bits));
    nh_vlog_param_str(v, "FILE", nh_rtl_data_name(j, u, "m"));
    nh_rtl_conn_clock(v);
    nh_rtl_conn_stream(j, v, "s", "acc");
    nh_rtl_conn_stream(j, v, "m", "mul");
    nh_vlog_conn(v, "m_word", "mul_word");
    nh_vlog_inst_end(v);
}

static void mac_post(nh_rtl_job *j, nh_vlog *v, const nh_unit *u, const char *from) {
    const nh_mac *m = &u->mac;
    const char *module = nh_rtl_dp_module(j, m->post);
    const char *acc = nh_arena_printf(j->a, "%s_data", from);
    int y_bits = j->g->stream[u->out[0]].fmt.width_bits;
    nh_rtl_stream_wires(v, "y", m->out_lanes * y_bits);
    nh_rtl_pipe(j, v, m->post->latency_cycles, from, "y");
    for (int64_t i = 0; i < m->out_lanes; i++) {
        nh_vlog_inst_begin(v, module, "u_post%lld", (long long)i);
        nh_vlog_conn(v, "clk", "clk");
        nh_vlog_conn(v, "en", "en");
        nh_vlog_conn(v, "x", "%s", nh_rtl_lane(j, acc, m->out_lanes, i, m->acc.width_bits));
        if (m->mul) nh_vlog_conn(v, "m", "%s", nh_rtl_lane(j, "mul_word", m->out_lanes, i, m->mul_bits));
        nh_vlog_conn(v, "y", "%s", nh_rtl_lane(j, "y_data", m->out_lanes, i, y_bits));
        nh_vlog_inst_end(v);
    }
}

static bool mac_data(nh_rtl_job *j, const nh_unit *u) {
    const nh_mac *m = &u->mac;
    nh_arena *scratch = nh_arena_new();
    bool ok = nh_mem_weights(scratch, j->d, m, nh_rtl_data_path(j, u, "w"), j->out->made);
    ok = nh_mem_bias(scratch, j->d, m, nh_rtl_data_path(j, u, "b"), j->out->made) && ok;
    if (m->mul) ok = nh_mem_multipliers(scratch, j->d, m, nh_rtl_data_path(j, u, "m"), j->out->made) && ok;
    nh_arena_free(scratch);
    return ok;
}

bool nh_rtl_mac(nh_rtl_job *j, const nh_unit *u) {
    const nh_mac *m = &u->mac;
    int64_t out_bits = nh_rtl_src_bits(&j->g->stream[u->out[0]]);
    assert(j->g->stream[u->in[0]].dst_beat == m->in_lanes && j->g->stream[u->out[0]].src_beat == m->out_lanes);
    nh_vlog *v =
        nh_rtl_open_unit(j, u,
                         nh_arena_printf(j->a, "a dense layer on %lld x %lld multipliers, %lld cycles per vector",
                                         (long long)m->out_lanes, (long long)m->in_lanes, (long long)u->reuse_factor));
    nh_rtl_stream_wires(v, "acc", m->out_lanes * m->acc.width_bits);
    mac_engine(j, v, u);
    if (m->mul) mac_multipliers(j, v, u);
    mac_post(j, v, u, m->mul ? "mul" : "acc");
    nh_rtl_skid(j, v, out_bits, "y", "m");
    nh_vlog_module_end(v);
    bool ok = nh_vlog_close(v, j->d);
    ok = nh_rtl_dp_file(j->out, j->d, m->post, j->project, j->g->opt->target.bram_bits) && ok;
    return mac_data(j, u) && ok;
}
