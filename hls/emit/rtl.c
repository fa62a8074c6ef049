/* The network as a netlist: one module per unit, one top module that joins them by streams. Behaviour is in the templates. */
#include <assert.h>

#include "rtl_parts.h"
#include "intmath.h"

/* Longest flat vector that Verilator and Icarus were measured to take, in bits. */
enum { MAX_VECTOR_BITS = 1 << 20 };

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_design *g;
    nh_rtl_out *out;
    const char *project;
} job;

static int64_t src_bits(const nh_stream *s) { return s->src_beat * s->fmt.width_bits; }
static int64_t dst_bits(const nh_stream *s) { return s->dst_beat * s->fmt.width_bits; }

/* --- limits ------------------------------------------------------------------------------------------------------- */

static void check_bits(job *j, const nh_unit *u, const char *what, int64_t bits) {
    if (bits <= MAX_VECTOR_BITS) return;
    const nh_layer *l = u && u->n_layer ? &j->g->graph->layer[u->layer[0]] : NULL;
    nh_report(j->d, NH_P_VECTOR, l ? l->at : NH_NOWHERE, "%s would be a vector of %lld bits", what, (long long)bits);
    if (l) nh_diag_layer(j->d, l->name);
    nh_diag_allowed(j->d, "%d bits, the longest that the simulators take", MAX_VECTOR_BITS);
    nh_diag_hint(j->d, "use `io: stream` with a smaller `beat`, or strategy resource with a larger reuse_factor");
}

bool nh_emit_rtl_check(nh_arena *a, nh_diag *d, const nh_design *g) {
    job check = {.a = a, .d = d, .g = g, .project = g->opt->project}, *j = &check;
    size_t errors = d->n_error;
    for (int i = 0; i < g->n_stream; i++) {
        const nh_stream *s = &g->stream[i];
        int scale = s->src < 0 || s->dst < 0 ? nh_axi_element_bits(s->fmt) : s->fmt.width_bits;
        int64_t beat = s->src_beat > s->dst_beat ? s->src_beat : s->dst_beat;
        check_bits(j, s->dst >= 0 ? &g->unit[s->dst] : s->src >= 0 ? &g->unit[s->src] : NULL, "a stream's transfer", beat * scale);
    }
    for (int i = 0; i < g->n_unit; i++) {
        const nh_mac *m = &g->unit[i].mac;
        if (g->unit[i].kind != NH_UNIT_MAC) continue;
        check_bits(j, &g->unit[i], "a word of the weight memory", m->out_lanes * m->in_lanes * m->weight.width_bits);
        check_bits(j, &g->unit[i], "a word of accumulators", m->out_lanes * m->acc.width_bits);
    }
    return d->n_error == errors;
}

/* --- pieces ------------------------------------------------------------------------------------------------------- */

static void begin(job *j, nh_vlog *v, const char *template_name, const char *instance) {
    nh_rtl_out_use(j->out, template_name);
    nh_vlog_inst_begin(v, template_name, "%s", instance);
}

static void conn_clock(nh_vlog *v) {
    nh_vlog_conn(v, "clk", "clk");
    nh_vlog_conn(v, "rst", "rst");
}

/* The three wires of a stream at one side ("s" or "m") of an instance. */
static void conn_stream(job *j, nh_vlog *v, const char *side, const char *net) {
    static const char *const part[] = {"valid", "ready", "data"};
    for (int i = 0; i < 3; i++)
        nh_vlog_conn(v, nh_arena_printf(j->a, "%s_%s", side, part[i]), "%s_%s", net, part[i]);
}

static void stream_wires(nh_vlog *v, const char *net, int64_t bits) {
    nh_vlog_wire(v, 1, false, "%s_valid", net);
    nh_vlog_wire(v, 1, false, "%s_ready", net);
    nh_vlog_wire(v, bits, false, "%s_data", net);
}

static const char *lane(job *j, const char *net, int64_t lanes, int64_t i, int width) {
    if (lanes == 1) return net;
    return width == 1 ? nh_arena_printf(j->a, "%s[%lld]", net, (long long)i)
                      : nh_arena_printf(j->a, "%s[%lld:%lld]", net, (long long)((i + 1) * width - 1), (long long)(i * width));
}

static const char *unit_module(job *j, const nh_unit *u) { return nh_arena_printf(j->a, "%s_%s", j->project, u->id); }

static const char *dp_module(job *j, const nh_dp *dp) { return nh_arena_printf(j->a, "%s_%s", j->project, dp->id); }

static nh_vlog *open_unit(job *j, const nh_unit *u, const char *what) {
    const char *module = unit_module(j, u), *file = nh_arena_printf(j->a, "%s.v", module);
    const nh_stream *in = &j->g->stream[u->in[0]], *out = &j->g->stream[u->out[0]];
    nh_vlog *v = nh_vlog_open(j->a, nh_rtl_out_file(j->out, NH_BIN_NETLIST, file));
    nh_rtl_header(v, j->out->made, file, what);
    nh_vlog_module_begin(v, module);
    nh_vlog_port(v, "input", 1, "clk");
    nh_vlog_port(v, "input", 1, "rst");
    nh_vlog_port(v, "input", 1, "s_valid");
    nh_vlog_port(v, "output", 1, "s_ready");
    nh_vlog_port(v, "input", dst_bits(in), "s_data");
    nh_vlog_port(v, "output", 1, "m_valid");
    nh_vlog_port(v, "input", 1, "m_ready");
    nh_vlog_port(v, "output", src_bits(out), "m_data");
    nh_vlog_module_body(v);
    return v;
}

/* Valid bits beside a datapath: from stream `from` to stream `to`, whose data the datapath drives. */
static void pipe(job *j, nh_vlog *v, int depth, const char *from, const char *to) {
    nh_vlog_wire(v, 1, false, "en");
    begin(j, v, "nh_pipe", "u_pipe");
    nh_vlog_param(v, "DEPTH", depth);
    conn_clock(v);
    nh_vlog_conn(v, "s_valid", "%s_valid", from);
    nh_vlog_conn(v, "s_ready", "%s_ready", from);
    nh_vlog_conn(v, "en", "en");
    nh_vlog_conn(v, "m_valid", "%s_valid", to);
    nh_vlog_conn(v, "m_ready", "%s_ready", to);
    nh_vlog_inst_end(v);
}

/* The unit's end: a registered stream, so that ready never runs through two units. */
static void skid(job *j, nh_vlog *v, int64_t bits, const char *from) {
    begin(j, v, "nh_skid", "u_skid");
    nh_vlog_param(v, "WIDTH", bits);
    conn_clock(v);
    conn_stream(j, v, "s", from);
    conn_stream(j, v, "m", "m");
    nh_vlog_inst_end(v);
}

/* --- units -------------------------------------------------------------------------------------------------------- */

static bool datapath_unit(job *j, const nh_unit *u) {
    int64_t bits = src_bits(&j->g->stream[u->out[0]]);
    nh_vlog *v = open_unit(j, u, "an unrolled layer");
    stream_wires(v, "y", bits);
    pipe(j, v, u->dp->latency_cycles, "s", "y");
    nh_vlog_inst_begin(v, dp_module(j, u->dp), "u_dp");
    nh_vlog_conn(v, "clk", "clk");
    nh_vlog_conn(v, "en", "en");
    nh_vlog_conn(v, "x", "s_data");
    nh_vlog_conn(v, "y", "y_data");
    nh_vlog_inst_end(v);
    skid(j, v, bits, "y");
    nh_vlog_module_end(v);
    bool ok = nh_vlog_close(v, j->d);
    return nh_rtl_datapath(j->out, j->d, u->dp, j->project, j->g->opt->target.bram_bits) && ok;
}

static void mac_engine(job *j, nh_vlog *v, const nh_unit *u) {
    const nh_mac *m = &u->mac;
    int64_t bram_bits = j->g->opt->target.bram_bits;
    const char *module = unit_module(j, u);
    int frac_product = nh_format_frac(m->x) + nh_format_frac(m->weight);
    begin(j, v, "nh_dense_mac", "u_mac");
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
                  nh_mem_in_block(m->groups * m->in_words, m->out_lanes * m->in_lanes * m->weight.width_bits, bram_bits));
    nh_vlog_param(v, "INPUT_BLOCK", nh_mem_in_block(2 * m->in_words, m->in_lanes * m->x.width_bits, bram_bits));
    nh_vlog_param_str(v, "WEIGHT_FILE", nh_arena_printf(j->a, "%s_w.mem", module));
    nh_vlog_param_str(v, "BIAS_FILE", nh_arena_printf(j->a, "%s_b.mem", module));
    conn_clock(v);
    conn_stream(j, v, "s", "s");
    conn_stream(j, v, "m", "acc");
    nh_vlog_inst_end(v);
}

/* The requantizer multipliers of a group beside its accumulators: stream `mul` with word mul_word. */
static void mac_multipliers(job *j, nh_vlog *v, const nh_unit *u) {
    const nh_mac *m = &u->mac;
    int64_t word_bits = m->out_lanes * m->mul_bits;
    stream_wires(v, "mul", m->out_lanes * m->acc.width_bits);
    nh_vlog_wire(v, word_bits, false, "mul_word");
    begin(j, v, "nh_beat_rom", "u_mul");
    nh_vlog_param(v, "WIDTH", m->out_lanes * m->acc.width_bits);
    nh_vlog_param(v, "WORD_W", word_bits);
    nh_vlog_param(v, "DEPTH", m->groups);
    nh_vlog_param(v, "BLOCK", nh_mem_in_block(m->groups, word_bits, j->g->opt->target.bram_bits));
    nh_vlog_param_str(v, "FILE", nh_arena_printf(j->a, "%s_m.mem", unit_module(j, u)));
    conn_clock(v);
    conn_stream(j, v, "s", "acc");
    conn_stream(j, v, "m", "mul");
    nh_vlog_conn(v, "m_word", "mul_word");
    nh_vlog_inst_end(v);
}

static void mac_post(job *j, nh_vlog *v, const nh_unit *u, const char *from) {
    const nh_mac *m = &u->mac;
    const char *module = dp_module(j, m->post);
    const char *acc = nh_arena_printf(j->a, "%s_data", from);
    int y_bits = j->g->stream[u->out[0]].fmt.width_bits;
    stream_wires(v, "y", m->out_lanes * y_bits);
    pipe(j, v, m->post->latency_cycles, from, "y");
    for (int64_t i = 0; i < m->out_lanes; i++) {
        nh_vlog_inst_begin(v, module, "u_post%lld", (long long)i);
        nh_vlog_conn(v, "clk", "clk");
        nh_vlog_conn(v, "en", "en");
        nh_vlog_conn(v, "x", "%s", lane(j, acc, m->out_lanes, i, m->acc.width_bits));
        if (m->mul) nh_vlog_conn(v, "m", "%s", lane(j, "mul_word", m->out_lanes, i, m->mul_bits));
        nh_vlog_conn(v, "y", "%s", lane(j, "y_data", m->out_lanes, i, y_bits));
        nh_vlog_inst_end(v);
    }
}

static bool mac_data(job *j, const nh_unit *u) {
    const nh_mac *m = &u->mac;
    const char *module = unit_module(j, u);
    nh_rtl_out *o = j->out;
    nh_arena *scratch = nh_arena_new();
    bool ok = nh_mem_weights(scratch, j->d, m, nh_rtl_out_file(o, NH_BIN_DATA, nh_arena_printf(j->a, "%s_w.mem", module)), o->made);
    ok = nh_mem_bias(scratch, j->d, m, nh_rtl_out_file(o, NH_BIN_DATA, nh_arena_printf(j->a, "%s_b.mem", module)), o->made) && ok;
    if (m->mul) {
        const char *path = nh_rtl_out_file(o, NH_BIN_DATA, nh_arena_printf(j->a, "%s_m.mem", module));
        ok = nh_mem_multipliers(scratch, j->d, m, path, o->made) && ok;
    }
    nh_arena_free(scratch);
    return ok;
}

static bool mac_unit(job *j, const nh_unit *u) {
    const nh_mac *m = &u->mac;
    int64_t out_bits = src_bits(&j->g->stream[u->out[0]]);
    assert(j->g->stream[u->in[0]].dst_beat == m->in_lanes && j->g->stream[u->out[0]].src_beat == m->out_lanes);
    nh_vlog *v = open_unit(j, u,
                           nh_arena_printf(j->a, "a dense layer on %lld x %lld multipliers, %lld cycles per vector",
                                           (long long)m->out_lanes, (long long)m->in_lanes, (long long)u->reuse_factor));
    stream_wires(v, "acc", m->out_lanes * m->acc.width_bits);
    mac_engine(j, v, u);
    if (m->mul) mac_multipliers(j, v, u);
    mac_post(j, v, u, m->mul ? "mul" : "acc");
    skid(j, v, out_bits, "y");
    nh_vlog_module_end(v);
    bool ok = nh_vlog_close(v, j->d);
    ok = nh_rtl_datapath(j->out, j->d, m->post, j->project, j->g->opt->target.bram_bits) && ok;
    return mac_data(j, u) && ok;
}

/* --- top ---------------------------------------------------------------------------------------------------------- */

/* The wires from which the consumer of a stream reads. */
static const char *consumer_net(job *j, const nh_stream *s) {
    return s->src_beat == s->dst_beat ? s->id : nh_arena_printf(j->a, "%sg", s->id);
}

static void stream(job *j, nh_vlog *v, const nh_stream *s) {
    stream_wires(v, s->id, src_bits(s));
    if (s->src_beat == s->dst_beat) return;
    const char *net = consumer_net(j, s);
    stream_wires(v, net, dst_bits(s));
    begin(j, v, "nh_gear", nh_arena_printf(j->a, "u_%s_gear", s->id));
    nh_vlog_param(v, "ELEM_W", s->fmt.width_bits);
    nh_vlog_param(v, "N", s->n);
    nh_vlog_param(v, "S_BEAT", s->src_beat);
    nh_vlog_param(v, "M_BEAT", s->dst_beat);
    conn_clock(v);
    conn_stream(j, v, "s", s->id);
    conn_stream(j, v, "m", net);
    nh_vlog_inst_end(v);
}

static void top_ports(job *j, nh_vlog *v) {
    const nh_stream *in = &j->g->stream[j->g->input], *out = &j->g->stream[j->g->output];
    nh_vlog_port(v, "input", 1, "clk");
    nh_vlog_port(v, "input", 1, "rst");
    nh_vlog_port(v, "input", 1, "s_axis_tvalid");
    nh_vlog_port(v, "output", 1, "s_axis_tready");
    nh_vlog_port(v, "input", in->src_beat * nh_axi_element_bits(in->fmt), "s_axis_tdata");
    nh_vlog_port(v, "input", 1, "s_axis_tlast");
    nh_vlog_port(v, "output", 1, "m_axis_tvalid");
    nh_vlog_port(v, "input", 1, "m_axis_tready");
    nh_vlog_port(v, "output", out->dst_beat * nh_axi_element_bits(out->fmt), "m_axis_tdata");
    nh_vlog_port(v, "output", 1, "m_axis_tlast");
    nh_vlog_port(v, "output", 1, "frame_error");
    nh_vlog_module_body(v);
}

static void conn_axis(job *j, nh_vlog *v, const char *side) {
    static const char *const part[] = {"tvalid", "tready", "tdata", "tlast"};
    for (int i = 0; i < 4; i++) {
        const char *name = nh_arena_printf(j->a, "%s_axis_%s", side, part[i]);
        nh_vlog_conn(v, name, "%s", name);
    }
}

static void axis_in(job *j, nh_vlog *v) {
    const nh_stream *s = &j->g->stream[j->g->input];
    begin(j, v, "nh_axis_in", "u_axis_in");
    nh_vlog_param(v, "BEAT", s->src_beat);
    nh_vlog_param(v, "ELEM_W", s->fmt.width_bits);
    nh_vlog_param(v, "AXI_ELEM_W", nh_axi_element_bits(s->fmt));
    nh_vlog_param(v, "BEATS", nh_ceil_div(s->n, s->src_beat));
    conn_clock(v);
    conn_axis(j, v, "s");
    conn_stream(j, v, "m", s->id);
    nh_vlog_conn(v, "frame_error", "frame_error");
    nh_vlog_inst_end(v);
}

static void axis_out(job *j, nh_vlog *v) {
    const nh_stream *s = &j->g->stream[j->g->output];
    begin(j, v, "nh_axis_out", "u_axis_out");
    nh_vlog_param(v, "BEAT", s->dst_beat);
    nh_vlog_param(v, "ELEM_W", s->fmt.width_bits);
    nh_vlog_param(v, "ELEM_SIGNED", s->fmt.is_signed);
    nh_vlog_param(v, "AXI_ELEM_W", nh_axi_element_bits(s->fmt));
    nh_vlog_param(v, "BEATS", nh_ceil_div(s->n, s->dst_beat));
    conn_clock(v);
    conn_stream(j, v, "s", consumer_net(j, s));
    conn_axis(j, v, "m");
    nh_vlog_inst_end(v);
}

static bool top(job *j) {
    const nh_design *g = j->g;
    const char *file = nh_arena_printf(j->a, "%s.v", j->project);
    nh_vlog *v = nh_vlog_open(j->a, nh_rtl_out_file(j->out, NH_BIN_NETLIST, file));
    nh_rtl_header(v, j->out->made, file,
                  nh_arena_printf(j->a, "the whole network; planned: %lld cycles per inference, latency %lld cycles",
                                  (long long)g->ii_cycles, (long long)g->latency_cycles));
    nh_vlog_module_begin(v, j->project);
    top_ports(j, v);
    for (int i = 0; i < g->n_stream; i++) stream(j, v, &g->stream[i]);
    axis_in(j, v);
    for (int i = 0; i < g->n_unit; i++) {
        const nh_unit *u = &g->unit[i];
        nh_vlog_inst_begin(v, unit_module(j, u), "u_%s", u->id);
        conn_clock(v);
        conn_stream(j, v, "s", consumer_net(j, &g->stream[u->in[0]]));
        conn_stream(j, v, "m", g->stream[u->out[0]].id);
        nh_vlog_inst_end(v);
    }
    axis_out(j, v);
    nh_vlog_module_end(v);
    return nh_vlog_close(v, j->d);
}

static const char **stream_nets(job *j) {
    static const char *const part[] = {"valid", "ready", "data"};
    const char **net = nh_arena_array(j->a, (size_t)j->g->n_stream * 3 + 1, sizeof *net);
    for (int i = 0; i < j->g->n_stream * 3; i++) net[i] = nh_arena_printf(j->a, "%s_%s", j->g->stream[i / 3].id, part[i % 3]);
    return net;
}

bool nh_emit_rtl(nh_arena *a, nh_diag *d, const nh_design *g, const nh_provenance *p, const char *dir) {
    job j = {.a = a, .d = d, .g = g, .project = g->opt->project};
    if (!nh_emit_rtl_check(a, d, g) || !nh_mkdirs(d, dir)) return false;
    j.out = nh_rtl_out_new(a, dir, j.project, p);
    bool ok = true;
    for (int i = 0; i < g->n_unit; i++)
        ok = (g->unit[i].kind == NH_UNIT_MAC ? mac_unit : datapath_unit)(&j, &g->unit[i]) && ok;
    ok = top(&j) && ok;
    return ok && nh_rtl_out_finish(j.out, d, stream_nets(&j), g->n_stream * 3);
}
