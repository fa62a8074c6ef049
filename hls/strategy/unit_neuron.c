/* The unit NEURON: the neuron programs of a layer, a datapath per lane beside the memory of their states. Without
 * states it joins its inputs element by element. */
#include <string.h>

#include "intmath.h"
#include "lower.h"
#include "neuron_dp.h"
#include "unit.h"

static nh_format format_of(const nh_graph *g, int tensor) { return g->tensor[tensor].q.fmt; }

/* Values of a parameter in stream order, as short as they repeat; n elements in all. */
static void param_values(nh_lowering *c, const nh_layer *l, const nh_neuron_value *v, int64_t lanes,
                         nh_neuron_unit *u) {
    const nh_layout *y = &c->layout[l->out];
    nh_range r;
    int64_t *local = nh_arena_array(c->a, (size_t)v->n, sizeof *local),
            *raw = nh_arena_array(c->a, (size_t)u->n, sizeof *raw);
    nh_dyadic_format(v->value, v->n, &u->param[u->n_param].fmt, &r, local);
    for (int64_t e = 0; e < u->n; e++) {
        int64_t i = y->order ? y->order[e] : e;
        raw[e] = local[v->n == 1 ? 0 : v->n == u->n ? i : i / (u->n / v->n)];
    }
    bool repeats = y->channels > 1 && y->channels % lanes == 0;
    for (int64_t e = y->channels; repeats && e < u->n; e++) repeats = raw[e] == raw[e - y->channels];
    u->param[u->n_param].n = repeats ? y->channels : u->n;
    u->param[u->n_param++].raw = raw;
}

static bool neuron_datapath(nh_lowering *c, const nh_layer *l, nh_unit *u) {
    const nh_neuron *n = l->neuron;
    const nh_neuron_program *p = n->fx;
    nh_neuron_spec spec = {.program = p, .out_fmt = format_of(c->g, l->out)};
    nh_range r;
    int frac;
    const char *why;
    for (int k = 0; k < l->n_in; k++) {
        spec.in_fmt[k] = format_of(c->g, l->in[k]);
        spec.in_range[k] = c->g->tensor[l->in[k]].range;
    }
    for (int k = 0; k < p->n_param; k++) {
        nh_dyadic_format(n->fx_param[k].value, n->fx_param[k].n, &spec.param[k].fmt, &spec.param[k].range, NULL);
        spec.param[k].n = n->fx_param[k].n;
        spec.param[k].raw = spec.param[k].range.lo;
    }
    u->neuron.dp = nh_dp_neuron(c->a, &spec, nh_arena_printf(c->a, "%s_dp", u->id), &r, &frac, &why);
    if (!u->neuron.dp) {
        nh_report(c->d, NH_N_NEURON_WIDE, l->at, "layer '%s': %s", l->name, why);
        nh_diag_layer(c->d, l->name);
        return false;
    }
    nh_dp_expand_constants(u->neuron.dp);
    nh_dp_finish(u->neuron.dp);
    nh_dp_pipeline(u->neuron.dp, &c->timing, true);
    return true;
}

bool nh_lower_neuron(nh_lowering *c, const nh_layer_run *r) {
    const nh_layer *l = r->layer[0];
    int in[NH_UNIT_PORTS];
    int64_t lanes = 1;
    for (int k = 0; k < l->n_in; k++) {
        in[k] = nh_lower_take(c, l->in[k]);
        int64_t offered = nh_lower_lanes(c, in[k]);
        lanes = offered > lanes ? offered : lanes;
    }
    for (int k = 0; l->n_in > 1 && k < l->n_in; k++) in[k] = nh_lower_buffered(c, in[k], lanes);
    nh_unit *u = nh_lower_unit(c, NH_UNIT_NEURON, r);
    nh_neuron_unit *n = &u->neuron;
    const nh_neuron_program *p = l->neuron->fx;
    n->n = nh_shape_size(c->g->tensor[l->out].shape);
    n->lanes = lanes;
    n->words = nh_ceil_div(n->n, lanes);
    n->n_acc = l->n_in;
    n->n_state = p->n_state;
    for (int k = 0; k < l->n_in; k++) n->acc[k] = format_of(c->g, l->in[k]);
    for (int s = 0; s < p->n_state; s++) n->state[s] = p->reg[p->state[s]].fmt;
    for (int k = 0; k < p->n_param; k++)
        if (l->neuron->fx_param[k].n > 1) param_values(c, l, &l->neuron->fx_param[k], lanes, n);
    n->reset_period = l->neuron->reset_period;
    n->reset_phase = l->neuron->reset_phase;
    if (!neuron_datapath(c, l, u)) return false;
    nh_notes_add(&c->notes, nh_arena_printf(c->a, "model %s, %lld lanes, %lld cycles per step, %d states", p->name,
                                            (long long)lanes, (long long)n->words, p->n_state));
    for (int k = 0; k < l->n_in; k++) nh_lower_feed(c, u, in[k], lanes);
    nh_lower_give(c, u, l->out, lanes);
    return true;
}

int64_t nh_unit_neuron_interval(const nh_unit *u) { return u->neuron.words; }

nh_times nh_unit_neuron_times(nh_schedule *s, int unit, int step) {
    const nh_unit *u = &s->g->unit[unit];
    const nh_neuron_unit *n = &u->neuron;
    int64_t latency =
        (n->n_param > 0 ? NH_BEAT_ROM_LATENCY : 0) + (n->n_state > 0 ? NH_STATE_LATENCY : 0) + n->dp->latency_cycles;
    nh_times out = nh_times_new(s->a, n->words), done = nh_times_new(s->a, n->words);
    for (int k = 0; k < u->n_in; k++) {
        nh_times in = nh_schedule_input(s, u, k, step);
        for (int64_t i = 0; i < n->words; i++)
            if (in.at[i] > out.at[i]) out.at[i] = in.at[i];
    }
    nh_times_in_order(out, s->ready[unit]);
    /* A state is read when its write of the step before is done. */
    for (int64_t i = 0; step > 0 && n->n_state > 0 && i < n->words; i++)
        if (s->written[unit].at[i] >= out.at[i]) out.at[i] = s->written[unit].at[i] + 1;
    nh_times_in_order(out, s->ready[unit]);
    s->ready[unit] = out.at[n->words - 1] + 1;
    nh_times taken = s->taken[unit][step] = nh_times_new(s->a, n->words);
    for (int64_t i = 0; i < n->words; i++) {
        taken.at[i] = out.at[i];
        done.at[i] = out.at[i] + latency;
        out.at[i] = done.at[i] + NH_SKID_LATENCY;
    }
    s->written[unit] = done;
    return out;
}

int64_t nh_unit_neuron_memory(const nh_design *g, const nh_unit *u) {
    (void)g;
    return u->neuron.n_state * u->neuron.n;
}

void nh_unit_neuron_eval(const nh_unit_step *e) {
    const nh_neuron_unit *n = &e->unit->neuron;
    int64_t *state = e->memory;
    if (n->reset_period > 0 && e->step % n->reset_period == n->reset_phase && n->n_state > 0)
        memset(state, 0, (size_t)(n->n_state * n->n) * sizeof *state);
    for (int64_t i = 0; i < n->n; i++) {
        nh_i128 in[NH_UNIT_PORTS + NH_NEURON_STATES + NH_NEURON_PARAMS], out[1 + NH_NEURON_STATES];
        const nh_i128 *ports[NH_UNIT_PORTS + NH_NEURON_STATES + NH_NEURON_PARAMS];
        nh_i128 *results[1 + NH_NEURON_STATES];
        int k = 0;
        for (int a = 0; a < n->n_acc; a++) in[k++] = nh_widen(e->raw[e->unit->in[a]][i], n->acc[a]);
        for (int q = 0; q < n->n_state; q++) in[k++] = nh_widen(state[q * n->n + i], n->state[q]);
        for (int p = 0; p < n->n_param; p++) in[k++] = nh_widen(n->param[p].raw[i % n->param[p].n], n->param[p].fmt);
        for (int j = 0; j < k; j++) ports[j] = &in[j];
        for (int j = 0; j <= n->n_state; j++) results[j] = &out[j];
        nh_dp_eval_count(n->dp, ports, results, e->count);
        e->raw[e->unit->out[0]][i] = (int64_t)out[0];
        for (int q = 0; q < n->n_state; q++) state[q * n->n + i] = (int64_t)out[1 + q];
    }
}

nh_resources nh_unit_neuron_estimate(const nh_design *g, const nh_unit *u) {
    const nh_target *t = &g->opt->target;
    const nh_neuron_unit *n = &u->neuron;
    nh_resources r = {0};
    int64_t state = 0, param = 0, acc = 0;
    for (int s = 0; s < n->n_state; s++) state += n->state[s].width_bits;
    for (int k = 0; k < n->n_param; k++) param += n->param[k].fmt.width_bits;
    for (int k = 0; k < n->n_acc; k++) acc += n->acc[k].width_bits;
    nh_add_datapath(&r, n->dp, t, n->lanes);
    r.ffs += n->lanes * (state + param + acc) + 40;
    r.luts += n->lanes * state + 40;
    if (n->n_state > 0) nh_add_ram(&r, t, n->words, n->lanes * state);
    if (n->n_param > 0) nh_add_rom(&r, t, n->words, n->lanes * param);
    return r;
}
