/* The module of a unit DELAY. */
#include <assert.h>

#include "intmath.h"
#include "rtl_parts.h"

/* All its vectors are streams. */
void nh_rtl_delay_check(nh_rtl_job *j, const nh_unit *u) {
    (void)j;
    (void)u;
}

static int64_t least_delay(const nh_delay_unit *u) {
    int64_t least = u->most;
    for (int64_t i = 0; i < u->n_steps; i++)
        if (u->steps[i] < least) least = u->steps[i];
    return least;
}

/* A loop's delay gives before it takes. Any other waits for the step's input like every unit, so it must not know its
 * least delay. */
static bool is_uniform(const nh_delay_unit *u) { return least_delay(u) == u->most && (u->is_late || u->most == 0); }

static void delay_memory(nh_rtl_job *j, nh_vlog *v, const nh_unit *u) {
    const nh_delay_unit *t = &u->delay;
    int width = j->g->stream[u->in[0]].fmt.width_bits;
    bool uniform = is_uniform(t);
    nh_rtl_begin(j, v, "nh_step_delay", "u_delay");
    nh_vlog_param(v, "ELEM_W", width);
    nh_vlog_param(v, "LANES", t->lanes);
    nh_vlog_param(v, "WORDS", t->words);
    nh_vlog_param(v, "STEPS", j->g->steps);
    nh_vlog_param(v, "MOST", t->most);
    nh_vlog_param(v, "LEAST", t->is_late ? least_delay(t) : 0);
    nh_vlog_param(v, "UNIFORM", uniform);
    nh_vlog_param(v, "BLOCK", nh_rtl_in_block(j, (t->most + 1) * t->words, t->lanes * width));
    nh_vlog_param_str(v, "FILE", uniform ? "" : nh_rtl_data_name(j, u, "d"));
    nh_rtl_conn_clock(v);
    nh_rtl_conn_stream(j, v, "s", "s");
    nh_rtl_conn_stream(j, v, "m", "m");
    nh_vlog_inst_end(v);
}

static bool fifo_module(nh_rtl_job *j, const nh_unit *u) {
    int64_t depth = u->delay.depth, bits = nh_rtl_dst_bits(&j->g->stream[u->in[0]]);
    int level_bits = nh_log2_ceil((uint64_t)depth + 1);
    nh_vlog *v = nh_rtl_open_unit(j, u, nh_arena_printf(j->a, "a FIFO of %lld words", (long long)depth));
    nh_vlog_wire(v, level_bits, false, "level");
    nh_rtl_begin(j, v, "nh_fifo", "u_fifo");
    nh_vlog_param(v, "WIDTH", bits);
    nh_vlog_param(v, "DEPTH", depth);
    nh_vlog_param(v, "LEVEL_W", level_bits);
    nh_rtl_conn_clock(v);
    nh_rtl_conn_stream(j, v, "s", "s");
    nh_rtl_conn_stream(j, v, "m", "m");
    nh_vlog_conn(v, "level", "level");
    nh_vlog_inst_end(v);
    nh_vlog_module_end(v);
    return nh_vlog_close(v, j->d);
}

/* The template ends in a skid of its own. */
bool nh_rtl_delay(nh_rtl_job *j, const nh_unit *u) {
    const nh_delay_unit *t = &u->delay;
    if (nh_unit_is_fifo(u)) return fifo_module(j, u);
    int delay_bits = t->most ? nh_log2_ceil((uint64_t)t->most + 1) : 1;
    assert(j->g->stream[u->in[0]].dst_beat == t->lanes && j->g->stream[u->out[0]].src_beat == t->lanes);
    nh_vlog *v = nh_rtl_open_unit(j, u, nh_arena_printf(j->a, "a delay of up to %lld steps", (long long)t->most));
    delay_memory(j, v, u);
    nh_vlog_module_end(v);
    bool ok = nh_vlog_close(v, j->d);
    if (is_uniform(t)) return ok;
    nh_arena *scratch = nh_arena_new();
    ok = nh_mem_delays(scratch, j->d, t, delay_bits, nh_rtl_data_path(j, u, "d"), j->out->made) && ok;
    nh_arena_free(scratch);
    return ok;
}
