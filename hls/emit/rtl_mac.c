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

static bool mac_data(nh_rtl_job *j, const nh_unit *u) {
    const nh_mac *m = &u->mac;
    nh_arena *scratch = nh_arena_new();
    bool ok = nh_mem_weights(scratch, j->d, m, nh_rtl_data_path(j, u, "w"), j->out->made);
    ok = nh_mem_bias(scratch, j->d, m, nh_rtl_data_path(j, u, "b"), j->out->made) && ok;
    nh_arena_free(scratch);
    return ok;
}

bool nh_rtl_mac(nh_rtl_job *j, const nh_unit *u) {
    const nh_mac *m = &u->mac;
    assert(j->g->stream[u->in[0]].dst_beat == m->in_lanes && j->g->stream[u->out[0]].src_beat == m->out_lanes);
    nh_vlog *v =
        nh_rtl_open_unit(j, u,
                         nh_arena_printf(j->a, "a dense layer on %lld x %lld multipliers, %lld cycles per vector",
                                         (long long)m->out_lanes, (long long)m->in_lanes, (long long)u->reuse_factor));
    nh_rtl_stream_wires(v, "acc", m->out_lanes * m->acc.width_bits);
    mac_engine(j, v, u);
    nh_rtl_post(j, v, u, &m->post, (nh_rtl_lanes){m->out_lanes, m->groups, m->n_out, m->acc.width_bits});
    nh_vlog_module_end(v);
    bool ok = nh_vlog_close(v, j->d);
    ok = nh_rtl_post_files(j, u, &m->post, (nh_rtl_lanes){m->out_lanes, m->groups, m->n_out, m->acc.width_bits}) && ok;
    return mac_data(j, u) && ok;
}
