/* Units with state as C: neurons and delays; forks, which print nothing. */
#include <assert.h>
#include <inttypes.h>

#include "c_parts.h"

/* --- neurons ----------------------------------------------------------------------------------------------------- */

/* Values of a parameter come round after `period` neurons: 0 when parameters have several periods besides n. */
static int64_t common_period(const nh_neuron_unit *v) {
    int64_t period = v->n;
    for (int k = 0; k < v->n_param; k++) {
        int64_t n = v->param[k].n;
        if (n == v->n || n == period) continue;
        if (period != v->n || v->n % n != 0) return 0;
        period = n;
    }
    return period;
}

static void neuron_parameters(const nh_c *c, const nh_unit *u) {
    const nh_neuron_unit *v = &u->neuron;
    nh_puts(c->w, "(");
    for (int k = 0; k < v->n_acc; k++)
        nh_printf(c->w, "const %s *restrict x%d, ", nh_c_type(c->g->stream[u->in[k]].fmt), k);
    nh_printf(c->w, "%s *restrict y", nh_c_type(c->g->stream[u->out[0]].fmt));
    for (int k = 0; k < v->n_state; k++) nh_printf(c->w, ", %s *restrict s%d", nh_c_type(v->state[k]), k);
    nh_puts(c->w, ")");
}

/* The next states go through locals: the datapath may read a state after it wrote another. */
static void neuron_body(const nh_c *c, const nh_unit *u, const char *name, int64_t period) {
    const nh_neuron_unit *v = &u->neuron;
    const char *in = period == 0 || period == v->n ? "        " : "            ";
    for (int k = 0; k < v->n_acc; k++)
        nh_printf(c->w, "%sconst %s a%d = (%s)x%d[e];\n", in, nh_c_type(v->acc[k]), k, nh_c_type(v->acc[k]), k);
    for (int k = 0; k < v->n_state; k++) nh_printf(c->w, "%s%s n%d;\n", in, nh_c_type(v->state[k]), k);
    nh_printf(c->w, "%s%s_neuron(", in, name);
    for (int k = 0; k < v->n_acc; k++) nh_printf(c->w, "&a%d, ", k);
    for (int k = 0; k < v->n_state; k++) nh_printf(c->w, "&s%d[e], ", k);
    for (int k = 0; k < v->n_param; k++) {
        nh_printf(c->w, "&%s_p%d[", name, k);
        if (period == 0)
            nh_printf(c->w, "e %% %" PRId64 "], ", v->param[k].n);
        else
            nh_printf(c->w, "%s], ", period != v->n && v->param[k].n == period ? "r" : "e");
    }
    nh_puts(c->w, "&y[e]");
    for (int k = 0; k < v->n_state; k++) nh_printf(c->w, ", &n%d", k);
    nh_puts(c->w, ");\n");
    for (int k = 0; k < v->n_state; k++) nh_printf(c->w, "%ss%d[e] = n%d;\n", in, k, k);
}

void nh_c_neuron_unit(const nh_c *c, const nh_unit *u, const char *name) {
    const nh_neuron_unit *v = &u->neuron;
    assert(v->dp->n_in == v->n_acc + v->n_state + v->n_param && v->dp->n_out == 1 + v->n_state);
    for (int k = 0; k < v->n_param; k++)
        nh_c_array(c->a, c->w, v->param[k].fmt, name, nh_arena_printf(c->a, "p%d", k), v->param[k].raw, v->param[k].n,
                   v->param[k].n);
    nh_dp dp = *v->dp;
    dp.id = "neuron";
    nh_emit_dp_c(c->w, &dp, name);
    int64_t period = common_period(v);
    nh_printf(c->w, "static void %s", name);
    neuron_parameters(c, u);
    if (period == 0 || period == v->n)
        nh_printf(c->w, " {\n    for (size_t e = 0; e < %" PRId64 "; e++) {\n", v->n);
    else
        nh_printf(c->w,
                  " {\n    for (size_t from = 0; from < %" PRId64 "; from += %" PRId64 ")\n"
                  "        for (size_t r = 0; r < %" PRId64 "; r++) {\n            const size_t e = from + r;\n",
                  v->n, period, period);
    neuron_body(c, u, name, period);
    nh_puts(c->w, period == 0 || period == v->n ? "    }\n}\n\n" : "        }\n}\n\n");
}

/* --- delays ------------------------------------------------------------------------------------------------------ */

static bool is_uniform(const nh_delay_unit *v) {
    for (int64_t i = 0; i < v->n_steps; i++)
        if (v->steps[i] != v->most) return false;
    return true;
}

/* The ring holds the last `most` frames; slot is the oldest of them. */
void nh_c_delay_unit(const nh_c *c, const nh_unit *u, const char *name) {
    const nh_delay_unit *v = &u->delay;
    const char *type = nh_c_type(c->g->stream[u->in[0]].fmt);
    bool table = !is_uniform(v);
    if (table)
        nh_c_array(c->a, c->w, nh_c_storage_of((nh_range){0, v->most}), name, "steps", v->steps, v->n_steps,
                   v->n_steps);
    nh_printf(c->w, "static void %s_read(", name);
    if (v->most > 0) nh_printf(c->w, "const %s (*ring)[%" PRId64 "], size_t slot, ", type, v->n);
    if (!v->is_late) nh_printf(c->w, "const %s *restrict x, ", type);
    nh_printf(c->w, "%s *restrict y) {\n", type);
    if (!table) {
        if (v->most > 0 && !v->is_late) nh_puts(c->w, "    (void)x;\n");
        nh_printf(c->w, "    memcpy(y, %s, %" PRId64 " * sizeof *y);\n}\n\n", v->most > 0 ? "ring[slot]" : "x", v->n);
        return;
    }
    nh_printf(c->w, "    for (size_t e = 0; e < %" PRId64 "; e++) {\n        const size_t late = %s_steps[", v->n,
              name);
    if (v->n_steps == v->n)
        nh_puts(c->w, "e];\n");
    else
        nh_printf(c->w, "e %% %" PRId64 "];\n", v->n_steps);
    const char *ring = nh_arena_printf(c->a, "ring[slot < late ? slot + %" PRId64 " - late : slot - late][e]", v->most);
    nh_printf(c->w, "        y[e] = %s%s;\n    }\n}\n\n", v->is_late ? "" : "late == 0 ? x[e] : ", ring);
}

/* --- forks ------------------------------------------------------------------------------------------------------- */

void nh_c_fork_unit(const nh_c *c, const nh_unit *u, const char *name) {
    (void)c;
    (void)u;
    (void)name;
}
