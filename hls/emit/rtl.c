/* The network as a netlist: one module per unit, one top module that joins them by streams. Behaviour is in the
 * templates. */
#include <assert.h>

#include "rtl_parts.h"
#include "intmath.h"

/* Longest flat vector that Verilator and Icarus were measured to take, in bits. */
enum { MAX_VECTOR_BITS = 1 << 20 };

typedef nh_rtl_job job;

/* --- limits ------------------------------------------------------------------------------------------------------- */

static void check_bits(job *j, const nh_unit *u, const char *what, int64_t bits) {
    if (bits <= MAX_VECTOR_BITS) return;
    const nh_layer *l = u && u->n_layer ? &j->g->graph->layer[u->layer[0]] : NULL;
    nh_report(j->d, NH_P_VECTOR, l ? l->at : NH_NOWHERE, "%s would be a vector of %lld bits", what, (long long)bits);
    if (l) nh_diag_layer(j->d, l->name);
    nh_diag_allowed(j->d, "%d bits, the longest that the simulators take", MAX_VECTOR_BITS);
    nh_diag_hint(j->d, "use `io: stream` with a smaller `beat`, or strategy resource with a larger reuse_factor");
}

static void check_neuron(job *j, const nh_unit *u) {
    const nh_neuron_unit *n = &u->neuron;
    int64_t state = 0, word = 0;
    for (int k = 0; k < n->n_state; k++) state += n->state[k].width_bits;
    for (int k = 0; k < n->n_param; k++) word += n->param[k].fmt.width_bits;
    for (int k = 0; k < n->n_acc; k++) word += n->acc[k].width_bits;
    check_bits(j, u, "a word of neuron states", n->lanes * state);
    check_bits(j, u, "a word of neuron inputs and parameters", n->lanes * word);
}

static void check_unit(job *j, const nh_unit *u) {
    const nh_mac *m = &u->mac;
    const nh_conv *c = &u->conv;
    if (u->kind == NH_UNIT_NEURON) check_neuron(j, u);
    if (u->kind == NH_UNIT_MAC) {
        check_bits(j, u, "a word of the weight memory", m->out_lanes * m->in_lanes * m->weight.width_bits);
        check_bits(j, u, "a word of accumulators", m->out_lanes * m->acc.width_bits);
    }
    if (u->kind == NH_UNIT_CONV) {
        check_bits(j, u, "a word of the weight memory",
                   c->out_lanes * (c->depthwise ? 1 : c->in_lanes) * c->weight.width_bits);
        check_bits(j, u, "a word of accumulators", c->out_lanes * c->acc.width_bits);
    }
}

bool nh_emit_rtl_check(nh_arena *a, nh_diag *d, const nh_design *g) {
    job check = {.a = a, .d = d, .g = g, .project = g->opt->project}, *j = &check;
    size_t errors = d->n_error;
    for (int i = 0; i < g->n_stream; i++) {
        const nh_stream *s = &g->stream[i];
        int scale = s->src < 0 || s->dst < 0 ? nh_axi_element_bits(s->fmt) : s->fmt.width_bits;
        int64_t beat = s->src_beat > s->dst_beat ? s->src_beat : s->dst_beat;
        check_bits(j,
                   s->dst >= 0   ? &g->unit[s->dst]
                   : s->src >= 0 ? &g->unit[s->src]
                                 : NULL,
                   "a stream's transfer", beat * scale);
    }
    for (int i = 0; i < g->n_unit; i++) check_unit(j, &g->unit[i]);
    return d->n_error == errors;
}

/* --- units -------------------------------------------------------------------------------------------------------- */

static bool datapath_unit(job *j, const nh_unit *u) {
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
    return nh_rtl_datapath(j->out, j->d, u->dp, j->project, j->g->opt->target.bram_bits) && ok;
}

static void mac_engine(job *j, nh_vlog *v, const nh_unit *u) {
    const nh_mac *m = &u->mac;
    int64_t bram_bits = j->g->opt->target.bram_bits;
    const char *module = nh_rtl_unit_module(j, u);
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
    nh_vlog_param(
        v, "WEIGHT_BLOCK",
        nh_mem_in_block(m->groups * m->in_words, m->out_lanes * m->in_lanes * m->weight.width_bits, bram_bits));
    nh_vlog_param(v, "INPUT_BLOCK", nh_mem_in_block(2 * m->in_words, m->in_lanes * m->x.width_bits, bram_bits));
    nh_vlog_param_str(v, "WEIGHT_FILE", nh_arena_printf(j->a, "%s_w.mem", module));
    nh_vlog_param_str(v, "BIAS_FILE", nh_arena_printf(j->a, "%s_b.mem", module));
    nh_rtl_conn_clock(v);
    nh_rtl_conn_stream(j, v, "s", "s");
    nh_rtl_conn_stream(j, v, "m", "acc");
    nh_vlog_inst_end(v);
}

/* The requantizer multipliers of a group beside its accumulators: stream `mul` with word mul_word. */
static void mac_multipliers(job *j, nh_vlog *v, const nh_unit *u) {
    const nh_mac *m = &u->mac;
    int64_t word_bits = m->out_lanes * m->mul_bits;
    nh_rtl_stream_wires(v, "mul", m->out_lanes * m->acc.width_bits);
    nh_vlog_wire(v, word_bits, false, "mul_word");
    nh_rtl_begin(j, v, "nh_beat_rom", "u_mul");
    nh_vlog_param(v, "WIDTH", m->out_lanes * m->acc.width_bits);
    nh_vlog_param(v, "WORD_W", word_bits);
    nh_vlog_param(v, "DEPTH", m->groups);
    nh_vlog_param(v, "BLOCK", nh_mem_in_block(m->groups, word_bits, j->g->opt->target.bram_bits));
    nh_vlog_param_str(v, "FILE", nh_arena_printf(j->a, "%s_m.mem", nh_rtl_unit_module(j, u)));
    nh_rtl_conn_clock(v);
    nh_rtl_conn_stream(j, v, "s", "acc");
    nh_rtl_conn_stream(j, v, "m", "mul");
    nh_vlog_conn(v, "m_word", "mul_word");
    nh_vlog_inst_end(v);
}

static void mac_post(job *j, nh_vlog *v, const nh_unit *u, const char *from) {
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

static bool mac_data(job *j, const nh_unit *u) {
    const nh_mac *m = &u->mac;
    const char *module = nh_rtl_unit_module(j, u);
    nh_rtl_out *o = j->out;
    nh_arena *scratch = nh_arena_new();
    bool ok = nh_mem_weights(scratch, j->d, m,
                             nh_rtl_out_file(o, NH_BIN_DATA, nh_arena_printf(j->a, "%s_w.mem", module)), o->made);
    ok = nh_mem_bias(scratch, j->d, m, nh_rtl_out_file(o, NH_BIN_DATA, nh_arena_printf(j->a, "%s_b.mem", module)),
                     o->made) &&
         ok;
    if (m->mul) {
        const char *path = nh_rtl_out_file(o, NH_BIN_DATA, nh_arena_printf(j->a, "%s_m.mem", module));
        ok = nh_mem_multipliers(scratch, j->d, m, path, o->made) && ok;
    }
    nh_arena_free(scratch);
    return ok;
}

static bool mac_unit(job *j, const nh_unit *u) {
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
    ok = nh_rtl_datapath(j->out, j->d, m->post, j->project, j->g->opt->target.bram_bits) && ok;
    return mac_data(j, u) && ok;
}

/* --- top ---------------------------------------------------------------------------------------------------------- */

/* The wires from which the consumer of a stream reads. */
static const char *consumer_net(job *j, const nh_stream *s) {
    return s->src_beat == s->dst_beat ? s->id : nh_arena_printf(j->a, "%sg", s->id);
}

static void stream(job *j, nh_vlog *v, const nh_stream *s) {
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
static const char *source(job *j, int k) { return k ? nh_arena_printf(j->a, "s%d", k) : "s"; }

static const char *axis(job *j, int k, const char *what) {
    return k ? nh_arena_printf(j->a, "s_axis%d_%s", k, what) : nh_arena_printf(j->a, "s_axis_%s", what);
}

static void top_ports(job *j, nh_vlog *v) {
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

static void conn_axis(job *j, nh_vlog *v, const char *side, const char *axis_name) {
    static const char *const part[] = {"tvalid", "tready", "tdata", "tlast"};
    for (int i = 0; i < 4; i++) {
        nh_vlog_conn(v, nh_arena_printf(j->a, "%s_axis_%s", side, part[i]), "%s_%s", axis_name, part[i]);
    }
}

static void axis_in(job *j, nh_vlog *v, int k) {
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

static void axis_out(job *j, nh_vlog *v) {
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
static void step_count(job *j, nh_vlog *v, const char *side, const char *axis_name, int64_t beats, const char *user,
                       const char *first, const char *error) {
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

static void step_markers(job *j, nh_vlog *v) {
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

static const char *top_text(job *j) {
    const nh_design *g = j->g;
    const char *what = nh_design_has_steps(g) ? "time step" : "inference";
    return nh_arena_printf(j->a, "the whole network; planned: %lld cycles per %s, latency %lld cycles",
                           (long long)g->ii_cycles, what, (long long)g->latency_cycles);
}

static void unit_instance(job *j, nh_vlog *v, const nh_unit *u) {
    nh_vlog_inst_begin(v, nh_rtl_unit_module(j, u), "u_%s", u->id);
    nh_rtl_conn_clock(v);
    for (int i = 0; i < u->n_in; i++)
        nh_rtl_conn_stream(j, v, nh_rtl_port(j, "s", u->n_in, i), consumer_net(j, &j->g->stream[u->in[i]]));
    for (int i = 0; i < u->n_out; i++)
        nh_rtl_conn_stream(j, v, nh_rtl_port(j, "m", u->n_out, i), j->g->stream[u->out[i]].id);
    nh_vlog_inst_end(v);
}

static bool top(job *j) {
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

static const char **stream_nets(job *j) {
    static const char *const part[] = {"valid", "ready", "data"};
    const char **net = nh_arena_array(j->a, (size_t)j->g->n_stream * 3 + 1, sizeof *net);
    for (int i = 0; i < j->g->n_stream * 3; i++)
        net[i] = nh_arena_printf(j->a, "%s_%s", j->g->stream[i / 3].id, part[i % 3]);
    return net;
}

bool nh_emit_rtl(nh_arena *a, nh_diag *d, const nh_design *g, const nh_provenance *p, const char *dir) {
    job j = {.a = a, .d = d, .g = g, .project = g->opt->project};
    if (!nh_emit_rtl_check(a, d, g) || !nh_mkdirs(d, dir)) return false;
    j.out = nh_rtl_out_new(a, dir, j.project, p);
    static bool (*const emit[])(job *, const nh_unit *) = {
        [NH_UNIT_DATAPATH] = datapath_unit,  [NH_UNIT_MAC] = mac_unit,
        [NH_UNIT_CONV] = nh_rtl_conv_unit,   [NH_UNIT_NEURON] = nh_rtl_neuron_unit,
        [NH_UNIT_DELAY] = nh_rtl_delay_unit, [NH_UNIT_FORK] = nh_rtl_fork_unit};
    bool ok = true;
    for (int i = 0; i < g->n_unit; i++) ok = emit[g->unit[i].kind](&j, &g->unit[i]) && ok;
    ok = top(&j) && ok;
    return ok && nh_rtl_out_finish(j.out, d, stream_nets(&j), g->n_stream * 3);
}
