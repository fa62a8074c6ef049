/* What the modules of all units are put together from. */
#include <assert.h>

#include "rtl_parts.h"

int64_t nh_rtl_src_bits(const nh_stream *s) { return s->src_beat * s->fmt.width_bits; }
int64_t nh_rtl_dst_bits(const nh_stream *s) { return s->dst_beat * s->fmt.width_bits; }

void nh_rtl_begin(nh_rtl_job *j, nh_vlog *v, const char *template_name, const char *instance) {
    nh_rtl_out_use(j->out, template_name);
    nh_vlog_inst_begin(v, template_name, "%s", instance);
}

void nh_rtl_conn_clock(nh_vlog *v) {
    nh_vlog_conn(v, "clk", "clk");
    nh_vlog_conn(v, "rst", "rst");
}

void nh_rtl_conn_stream(nh_rtl_job *j, nh_vlog *v, const char *side, const char *net) {
    static const char *const part[] = {"valid", "ready", "data"};
    for (int i = 0; i < 3; i++) nh_vlog_conn(v, nh_arena_printf(j->a, "%s_%s", side, part[i]), "%s_%s", net, part[i]);
}

void nh_rtl_stream_wires(nh_vlog *v, const char *net, int64_t bits) {
    nh_vlog_wire(v, 1, false, "%s_valid", net);
    nh_vlog_wire(v, 1, false, "%s_ready", net);
    nh_vlog_wire(v, bits, false, "%s_data", net);
}

const char *nh_rtl_slice(nh_rtl_job *j, const char *net, int64_t total, int64_t lo, int64_t width) {
    assert(lo >= 0 && width >= 1 && lo + width <= total);
    if (width == total) return net;
    return width == 1 ? nh_arena_printf(j->a, "%s[%lld]", net, (long long)lo)
                      : nh_arena_printf(j->a, "%s[%lld:%lld]", net, (long long)(lo + width - 1), (long long)lo);
}

const char *nh_rtl_lane(nh_rtl_job *j, const char *net, int64_t lanes, int64_t i, int width) {
    return nh_rtl_slice(j, net, lanes * width, i * width, width);
}

const char *nh_rtl_unit_module(nh_rtl_job *j, const nh_unit *u) {
    return nh_arena_printf(j->a, "%s_%s", j->project, u->id);
}

const char *nh_rtl_dp_module(nh_rtl_job *j, const nh_dp *dp) {
    return nh_arena_printf(j->a, "%s_%s", j->project, dp->id);
}

const char *nh_rtl_port(nh_rtl_job *j, const char *side, int n, int i) {
    return n == 1 ? side : nh_arena_printf(j->a, "%s%d", side, i);
}

static void stream_ports(nh_rtl_job *j, nh_vlog *v, const char *net, bool is_input, int64_t bits) {
    static const char *const dir[] = {"output", "input"};
    nh_vlog_port(v, dir[is_input], 1, nh_arena_printf(j->a, "%s_valid", net));
    nh_vlog_port(v, dir[!is_input], 1, nh_arena_printf(j->a, "%s_ready", net));
    nh_vlog_port(v, dir[is_input], bits, nh_arena_printf(j->a, "%s_data", net));
}

nh_vlog *nh_rtl_open_unit(nh_rtl_job *j, const nh_unit *u, const char *what) {
    const char *module = nh_rtl_unit_module(j, u), *file = nh_arena_printf(j->a, "%s.v", module);
    nh_vlog *v = nh_vlog_open(j->a, nh_rtl_out_file(j->out, NH_BIN_NETLIST, file));
    nh_rtl_header(v, j->out->made, file, what);
    nh_vlog_module_begin(v, module);
    nh_vlog_port(v, "input", 1, "clk");
    nh_vlog_port(v, "input", 1, "rst");
    for (int i = 0; i < u->n_in; i++)
        stream_ports(j, v, nh_rtl_port(j, "s", u->n_in, i), true, nh_rtl_dst_bits(&j->g->stream[u->in[i]]));
    for (int i = 0; i < u->n_out; i++)
        stream_ports(j, v, nh_rtl_port(j, "m", u->n_out, i), false, nh_rtl_src_bits(&j->g->stream[u->out[i]]));
    nh_vlog_module_body(v);
    return v;
}

void nh_rtl_pipe(nh_rtl_job *j, nh_vlog *v, int depth, const char *from, const char *to) {
    nh_vlog_wire(v, 1, false, "en");
    nh_rtl_begin(j, v, "nh_pipe", "u_pipe");
    nh_vlog_param(v, "DEPTH", depth);
    nh_rtl_conn_clock(v);
    nh_vlog_conn(v, "s_valid", "%s_valid", from);
    nh_vlog_conn(v, "s_ready", "%s_ready", from);
    nh_vlog_conn(v, "en", "en");
    nh_vlog_conn(v, "m_valid", "%s_valid", to);
    nh_vlog_conn(v, "m_ready", "%s_ready", to);
    nh_vlog_inst_end(v);
}

void nh_rtl_skid(nh_rtl_job *j, nh_vlog *v, int64_t bits, const char *from, const char *to) {
    nh_rtl_begin(j, v, "nh_skid", "u_skid");
    nh_vlog_param(v, "WIDTH", bits);
    nh_rtl_conn_clock(v);
    nh_rtl_conn_stream(j, v, "s", from);
    nh_rtl_conn_stream(j, v, "m", to);
    nh_vlog_inst_end(v);
}

const char *nh_rtl_data_name(nh_rtl_job *j, const nh_unit *u, const char *what) {
    return nh_arena_printf(j->a, "%s_%s.mem", nh_rtl_unit_module(j, u), what);
}

const char *nh_rtl_data_path(nh_rtl_job *j, const nh_unit *u, const char *what) {
    return nh_rtl_out_file(j->out, NH_BIN_DATA, nh_rtl_data_name(j, u, what));
}

bool nh_rtl_in_block(const nh_rtl_job *j, int64_t words, int64_t word_bits) {
    return nh_mem_in_block(words, word_bits, j->g->opt->target.bram_bits);
}
