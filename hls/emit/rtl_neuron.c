/* The module of a unit NEURON. */
#include <assert.h>

#include "rtl_parts.h"

void nh_rtl_neuron_check(nh_rtl_job *j, const nh_unit *u) {
    const nh_neuron_unit *n = &u->neuron;
    int64_t state = 0, word = 0;
    for (int k = 0; k < n->n_state; k++) state += n->state[k].width_bits;
    for (int k = 0; k < n->n_param; k++) word += n->param[k].fmt.width_bits;
    for (int k = 0; k < n->n_acc; k++) word += n->acc[k].width_bits;
    nh_rtl_check_bits(j, u, "a word of neuron states", n->lanes * state);
    nh_rtl_check_bits(j, u, "a word of neuron inputs and parameters", n->lanes * word);
}

/* Bits per lane, of all lanes, and the nets that hold them on the way through the unit. */
typedef struct {
    int64_t acc_bits, param_lane, param_bits, state_lane, state_bits;
    int64_t depth;     /* words of the parameters */
    const char *acc;   /* net whose low bits are the accumulators: all lanes of a0, then of a1 ... */
    const char *param; /* net whose bits from param_at on are the parameters, lane by lane */
    int64_t acc_total, param_total, param_at;
} neuron_nets;

/* The parameters of all neurons repeat after the longest period when that is whole words and every other period fits
 * in. */
static int64_t param_depth(const nh_neuron_unit *n) {
    int64_t period = 1;
    for (int k = 0; k < n->n_param; k++)
        if (n->param[k].n > period) period = n->param[k].n;
    bool repeats = period % n->lanes == 0 && n->n % period == 0;
    for (int k = 0; k < n->n_param; k++) repeats = repeats && period % n->param[k].n == 0;
    return repeats ? period / n->lanes : n->words;
}

static neuron_nets measure_nets(const nh_neuron_unit *n) {
    neuron_nets b = {.depth = param_depth(n)};
    for (int k = 0; k < n->n_acc; k++) b.acc_bits += n->lanes * n->acc[k].width_bits;
    for (int k = 0; k < n->n_param; k++) b.param_lane += n->param[k].fmt.width_bits;
    for (int k = 0; k < n->n_state; k++) b.state_lane += n->state[k].width_bits;
    b.param_bits = n->lanes * b.param_lane;
    b.state_bits = n->lanes * b.state_lane;
    return b;
}

/* All inputs as one stream. Gives its net. */
static const char *join_inputs(nh_rtl_job *j, nh_vlog *v, const nh_unit *u, int64_t bits) {
    if (u->n_in == 1) return "s";
    const char *data = "s0_data", *valid = "s0_valid";
    for (int i = 1; i < u->n_in; i++) {
        data = nh_arena_printf(j->a, "s%d_data, %s", i, data);
        valid = nh_arena_printf(j->a, "s%d_valid, %s", i, valid);
    }
    nh_rtl_stream_wires(v, "x", bits);
    nh_vlog_wire(v, u->n_in, false, "join_ready");
    nh_vlog_assign(v, "x_data", "{%s}", data);
    for (int i = 0; i < u->n_in; i++) nh_vlog_assign(v, nh_arena_printf(j->a, "s%d_ready", i), "join_ready[%d]", i);
    nh_rtl_begin(j, v, "nh_join", "u_join");
    nh_vlog_param(v, "N", u->n_in);
    nh_vlog_conn(v, "s_valid", "{%s}", valid);
    nh_vlog_conn(v, "s_ready", "join_ready");
    nh_vlog_conn(v, "m_valid", "x_valid");
    nh_vlog_conn(v, "m_ready", "x_ready");
    nh_vlog_inst_end(v);
    return "x";
}

static void neuron_params(nh_rtl_job *j, nh_vlog *v, const nh_unit *u, const neuron_nets *b, const char *from) {
    nh_rtl_stream_wires(v, "par", b->acc_bits);
    nh_vlog_wire(v, b->param_bits, false, "par_word");
    nh_rtl_begin(j, v, "nh_beat_rom", "u_par");
    nh_vlog_param(v, "WIDTH", b->acc_bits);
    nh_vlog_param(v, "WORD_W", b->param_bits);
    nh_vlog_param(v, "DEPTH", b->depth);
    nh_vlog_param(v, "BLOCK", nh_rtl_in_block(j, b->depth, b->param_bits));
    nh_vlog_param_str(v, "FILE", nh_rtl_data_name(j, u, "p"));
    nh_rtl_conn_clock(v);
    nh_rtl_conn_stream(j, v, "s", from);
    nh_rtl_conn_stream(j, v, "m", "par");
    nh_vlog_conn(v, "m_word", "par_word");
    nh_vlog_inst_end(v);
}

/* The state memory; its stream `st` carries accumulators, above them parameters. */
static void neuron_state(nh_rtl_job *j, nh_vlog *v, const nh_unit *u, const neuron_nets *b, const char *from) {
    const nh_neuron_unit *n = &u->neuron;
    int64_t bits = b->acc_bits + b->param_bits;
    nh_rtl_stream_wires(v, "st", bits);
    nh_vlog_wire(v, b->state_bits, false, "st_state");
    nh_vlog_wire(v, b->state_bits, false, "n_state");
    nh_vlog_wire(v, 1, false, "n_take");
    nh_rtl_begin(j, v, "nh_neuron_state", "u_state");
    nh_vlog_param(v, "DATA_W", bits);
    nh_vlog_param(v, "STATE_W", b->state_bits);
    nh_vlog_param(v, "WORDS", n->words);
    nh_vlog_param(v, "STEPS", j->g->steps);
    nh_vlog_param(v, "RESET_PERIOD", n->reset_period);
    nh_vlog_param(v, "RESET_PHASE", n->reset_phase);
    nh_vlog_param(v, "BLOCK", nh_rtl_in_block(j, n->words, b->state_bits));
    nh_rtl_conn_clock(v);
    nh_vlog_conn(v, "s_valid", "%s_valid", from);
    nh_vlog_conn(v, "s_ready", "%s_ready", from);
    nh_vlog_conn(v, "s_data", n->n_param ? "{par_word, %s_data}" : "%s_data", from);
    nh_rtl_conn_stream(j, v, "m", "st");
    nh_vlog_conn(v, "m_state", "st_state");
    nh_vlog_conn(v, "n_take", "n_take");
    nh_vlog_conn(v, "n_state", "n_state");
    nh_vlog_inst_end(v);
}

/* The datapath of one lane. */
static void neuron_lane(nh_rtl_job *j, nh_vlog *v, const nh_unit *u, const neuron_nets *b, int64_t lane) {
    const nh_neuron_unit *n = &u->neuron;
    int y_bits = j->g->stream[u->out[0]].fmt.width_bits;
    int64_t at = 0;
    nh_vlog_inst_begin(v, nh_rtl_dp_module(j, n->dp), "u_dp%lld", (long long)lane);
    nh_vlog_conn(v, "clk", "clk");
    nh_vlog_conn(v, "en", "en");
    for (int k = 0; k < n->n_acc; k++) {
        int w = n->acc[k].width_bits;
        nh_vlog_conn(v, nh_arena_printf(j->a, "a%d", k), "%s", nh_rtl_slice(j, b->acc, b->acc_total, at + lane * w, w));
        at += n->lanes * w;
    }
    at = lane * b->state_lane;
    for (int k = 0; k < n->n_state; at += n->state[k++].width_bits) {
        int w = n->state[k].width_bits;
        nh_vlog_conn(v, nh_arena_printf(j->a, "s%d", k), "%s", nh_rtl_slice(j, "st_state", b->state_bits, at, w));
        nh_vlog_conn(v, nh_arena_printf(j->a, "n%d", k), "%s", nh_rtl_slice(j, "n_state", b->state_bits, at, w));
    }
    at = b->param_at + lane * b->param_lane;
    for (int k = 0; k < n->n_param; at += n->param[k++].fmt.width_bits)
        nh_vlog_conn(v, nh_arena_printf(j->a, "p%d", k), "%s",
                     nh_rtl_slice(j, b->param, b->param_total, at, n->param[k].fmt.width_bits));
    nh_vlog_conn(v, "y", "%s", nh_rtl_lane(j, "y_data", n->lanes, lane, y_bits));
    nh_vlog_inst_end(v);
}

/* Parameters and states beside the accumulators; gives the stream that the lanes read. */
static const char *neuron_inputs(nh_rtl_job *j, nh_vlog *v, const nh_unit *u, neuron_nets *b) {
    const nh_neuron_unit *n = &u->neuron;
    const char *at = join_inputs(j, v, u, b->acc_bits);
    if (n->n_param) {
        neuron_params(j, v, u, b, at);
        at = "par";
        b->param = "par_word";
        b->param_total = b->param_bits;
    }
    b->acc_total = b->acc_bits;
    if (n->n_state) {
        neuron_state(j, v, u, b, at);
        at = "st";
        b->param = "st_data";
        b->param_at = b->acc_bits;
        b->param_total = b->acc_total = b->acc_bits + b->param_bits;
    }
    b->acc = nh_arena_printf(j->a, "%s_data", at);
    return at;
}

bool nh_rtl_neuron(nh_rtl_job *j, const nh_unit *u) {
    const nh_neuron_unit *n = &u->neuron;
    int64_t out_bits = nh_rtl_src_bits(&j->g->stream[u->out[0]]);
    neuron_nets b = measure_nets(n);
    assert(u->n_in == n->n_acc && j->g->stream[u->out[0]].src_beat == n->lanes);
    nh_vlog *v = nh_rtl_open_unit(j, u,
                                  nh_arena_printf(j->a, "%lld neurons, %lld a cycle, %lld bits of state each",
                                                  (long long)n->n, (long long)n->lanes, (long long)b.state_lane));
    const char *from = neuron_inputs(j, v, u, &b);
    nh_rtl_stream_wires(v, "y", out_bits);
    nh_rtl_pipe(j, v, n->dp->latency_cycles, from, "y");
    for (int64_t l = 0; l < n->lanes; l++) neuron_lane(j, v, u, &b, l);
    if (n->n_state) nh_vlog_assign(v, "n_take", "y_valid && y_ready");
    nh_rtl_skid(j, v, out_bits, "y", "m");
    nh_vlog_module_end(v);
    bool ok = nh_vlog_close(v, j->d);
    if (n->n_param) {
        nh_arena *scratch = nh_arena_new();
        ok = nh_mem_neuron_params(scratch, j->d, n, b.depth, nh_rtl_data_path(j, u, "p"), j->out->made) && ok;
        nh_arena_free(scratch);
    }
    return nh_rtl_dp_file(j->out, j->d, n->dp, j->project, j->g->opt->target.bram_bits) && ok;
}
