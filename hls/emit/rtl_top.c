/* The top module: units joined by streams, AXI4-Stream ports. */
#include "intmath.h"
#include "rtl_parts.h"

/* The wires from which the consumer of a stream reads. */
static const char *consumer_net(nh_rtl_job *j, const nh_stream *s) {
    return s->src_beat == s->dst_beat ? s->id : nh_arena_printf(j->a, "%sg", s->id);
}

static void stream(nh_rtl_job *j, nh_vlog *v, const nh_stream *s) {
    nh_rtl_stream_wires(v, s->id, nh_rtl_src_bits(s));
    if (s->src_beat == s->dst_beat) return;
    const char *net = consumer_net(j, s);
    nh_rtl_stream_wires(v, net, nh_rtl_dst_bits(s));
    nh_rtl_begin(j, v, "nh_gear", nh_arena_printf(j->a, "u_%s_gear", s->id));
    nh_vlog_param(v, "ELEM_W", s->fmt.width_bits);
    nh_vlog_param(v, "N", s->n);
    nh_vlog_param(v, "S_BEAT", s->src_beat);
    nh_vlog_param(v, "M_BEAT", s->dst_beat);
    nh_rtl_conn_clock(v);
    nh_rtl_conn_stream(j, v, "s", s->id);
    nh_rtl_conn_stream(j, v, "m", net);
    nh_vlog_inst_end(v);
}

/* s_axis, and s_axis1 ... of parts that read several tensors. */
static const char *source(nh_rtl_job *j, int k) { return k ? nh_arena_printf(j->a, "s%d", k) : "s"; }

static const char *axis(nh_rtl_job *j, int k, const char *what) {
    return k ? nh_arena_printf(j->a, "s_axis%d_%s", k, what) : nh_arena_printf(j->a, "s_axis_%s", what);
}

static void top_ports(nh_rtl_job *j, nh_vlog *v) {
    const nh_stream *out = &j->g->stream[j->g->output];
    nh_vlog_port(v, "input", 1, "clk");
    nh_vlog_port(v, "input", 1, "rst");
    for (int k = 0; k < nh_design_inputs(j->g); k++) {
        const nh_stream *in = &j->g->stream[nh_design_input(j->g, k)];
        nh_vlog_port(v, "input", 1, axis(j, k, "tvalid"));
        nh_vlog_port(v, "output", 1, axis(j, k, "tready"));
        nh_vlog_port(v, "input", in->src_beat * nh_axi_element_bits(in->fmt), axis(j, k, "tdata"));
        nh_vlog_port(v, "input", 1, axis(j, k, "tlast"));
        if (nh_design_has_steps(j->g)) nh_vlog_port(v, "input", 1, axis(j, k, "tuser"));
    }
    nh_vlog_port(v, "output", 1, "m_axis_tvalid");
    nh_vlog_port(v, "input", 1, "m_axis_tready");
    nh_vlog_port(v, "output", out->dst_beat * nh_axi_element_bits(out->fmt), "m_axis_tdata");
    nh_vlog_port(v, "output", 1, "m_axis_tlast");
    if (nh_design_has_steps(j->g)) nh_vlog_port(v, "output", 1, "m_axis_tuser");
    nh_vlog_port(v, "output", 1, "frame_error");
    nh_vlog_module_body(v);
}

static void conn_axis(nh_rtl_job *j, nh_vlog *v, const char *side, const char *axis_name) {
    static const char *const part[] = {"tvalid", "tready", "tdata", "tlast"};
    for (int i = 0; i < 4; i++) {
        nh_vlog_conn(v, nh_arena_printf(j->a, "%s_axis_%s", side, part[i]), "%s_%s", axis_name, part[i]);
    }
}

static void axis_in(nh_rtl_job *j, nh_vlog *v, int k) {
    const nh_stream *s = &j->g->stream[nh_design_input(j->g, k)];
    const char *nth = k ? nh_arena_printf(j->a, "%d", k) : "";
    nh_rtl_begin(j, v, "nh_axis_in", nh_arena_printf(j->a, "u_axis_in%s", nth));
    nh_vlog_param(v, "BEAT", s->src_beat);
    nh_vlog_param(v, "ELEM_W", s->fmt.width_bits);
    nh_vlog_param(v, "AXI_ELEM_W", nh_axi_element_bits(s->fmt));
    nh_vlog_param(v, "BEATS", nh_ceil_div(s->n, s->src_beat));
    nh_rtl_conn_clock(v);
    conn_axis(j, v, "s", nh_arena_printf(j->a, "s_axis%s", nth));
    nh_rtl_conn_stream(j, v, "m", s->id);
    nh_vlog_conn(v, "frame_error", "%s%s", nh_design_has_steps(j->g) ? "tlast_error" : "frame_error", nth);
    nh_vlog_inst_end(v);
}

static void axis_out(nh_rtl_job *j, nh_vlog *v) {
    const nh_stream *s = &j->g->stream[j->g->output];
    nh_rtl_begin(j, v, "nh_axis_out", "u_axis_out");
    nh_vlog_param(v, "BEAT", s->dst_beat);
    nh_vlog_param(v, "ELEM_W", s->fmt.width_bits);
    nh_vlog_param(v, "ELEM_SIGNED", s->fmt.is_signed);
    nh_vlog_param(v, "AXI_ELEM_W", nh_axi_element_bits(s->fmt));
    nh_vlog_param(v, "BEATS", nh_ceil_div(s->n, s->dst_beat));
    nh_rtl_conn_clock(v);
    nh_rtl_conn_stream(j, v, "s", consumer_net(j, s));
    conn_axis(j, v, "m", "m_axis");
    nh_vlog_inst_end(v);
}

/* The step marker of one port: `first` while a transfer of a sample's first step is due, `error` when user was another.
 */
static void step_count(nh_rtl_job *j, nh_vlog *v, const char *side, const char *axis_name, int64_t beats,
                       const char *user, const char *first, const char *error) {
    nh_rtl_begin(j, v, "nh_step_count", nh_arena_printf(j->a, "u_%s_steps", side));
    nh_vlog_param(v, "BEATS", beats);
    nh_vlog_param(v, "STEPS", j->g->steps);
    nh_rtl_conn_clock(v);
    nh_vlog_conn(v, "take", "%s_tvalid && %s_tready", axis_name, axis_name);
    nh_vlog_conn(v, "user", "%s", user);
    nh_vlog_conn(v, "first", "%s", first);
    nh_vlog_conn(v, "error", "%s", error);
    nh_vlog_inst_end(v);
}

static void step_markers(nh_rtl_job *j, nh_vlog *v) {
    const nh_stream *out = &j->g->stream[j->g->output];
    const char *errors = "", *unused = "";
    for (int k = 0; k < nh_design_inputs(j->g); k++) {
        const nh_stream *in = &j->g->stream[nh_design_input(j->g, k)];
        const char *side = source(j, k), *nth = side + 1, *first = nh_arena_printf(j->a, "%s_first", side),
                   *error = nh_arena_printf(j->a, "tuser_error%s", nth);
        nh_vlog_wire(v, 1, false, first);
        nh_vlog_wire(v, 1, false, error);
        step_count(j, v, side, nh_arena_printf(j->a, "s_axis%s", nth), nh_ceil_div(in->n, in->src_beat),
                   axis(j, k, "tuser"), first, error);
        errors = nh_arena_printf(j->a, "%s%stlast_error%s || %s", errors, k ? " || " : "", nth, error);
        unused = nh_arena_printf(j->a, "%s, %s", unused, first);
    }
    nh_vlog_wire(v, 1, false, "m_first_error");
    step_count(j, v, "m", "m_axis", nh_ceil_div(out->n, out->dst_beat), "m_axis_tuser", "m_axis_tuser",
               "m_first_error");
    nh_vlog_assign(v, "frame_error", "%s", errors);
    nh_vlog_wire(v, 1, false, "unused");
    nh_vlog_assign(v, "unused", "&{1'b0%s, m_first_error}", unused);
}

static const char *top_text(nh_rtl_job *j) {
    const nh_design *g = j->g;
    const char *what = nh_design_has_steps(g) ? "time step" : "inference";
    return nh_arena_printf(j->a, "the whole network; planned: %lld cycles per %s, latency %lld cycles",
                           (long long)g->ii_cycles, what, (long long)g->latency_cycles);
}

static void unit_instance(nh_rtl_job *j, nh_vlog *v, const nh_unit *u) {
    nh_vlog_inst_begin(v, nh_rtl_unit_module(j, u), "u_%s", u->id);
    nh_rtl_conn_clock(v);
    for (int i = 0; i < u->n_in; i++)
        nh_rtl_conn_stream(j, v, nh_rtl_port(j, "s", u->n_in, i), consumer_net(j, &j->g->stream[u->in[i]]));
    for (int i = 0; i < u->n_out; i++)
        nh_rtl_conn_stream(j, v, nh_rtl_port(j, "m", u->n_out, i), j->g->stream[u->out[i]].id);
    nh_vlog_inst_end(v);
}

bool nh_rtl_top(nh_rtl_job *j) {
    const nh_design *g = j->g;
    const char *file = nh_arena_printf(j->a, "%s.v", j->project);
    nh_vlog *v = nh_vlog_open(j->a, nh_rtl_out_file(j->out, NH_BIN_NETLIST, file));
    nh_rtl_header(v, j->out->made, file, top_text(j));
    nh_vlog_module_begin(v, j->project);
    top_ports(j, v);
    for (int i = 0; i < g->n_stream; i++) stream(j, v, &g->stream[i]);
    for (int k = 0; k < nh_design_inputs(g); k++) {
        if (nh_design_has_steps(g)) nh_vlog_wire(v, 1, false, nh_arena_printf(j->a, "tlast_error%s", source(j, k) + 1));
        axis_in(j, v, k);
    }
    for (int i = 0; i < g->n_unit; i++) unit_instance(j, v, &g->unit[i]);
    axis_out(j, v);
    if (nh_design_has_steps(g)) step_markers(j, v);
    nh_vlog_module_end(v);
    return nh_vlog_close(v, j->d);
}
