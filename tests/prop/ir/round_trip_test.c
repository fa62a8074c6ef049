/* parse(print(g)) prints as g did, for random networks in time with every kind of part; two networks that differ in one
 * number print differently. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph.h"
#include "graph_text.h"

typedef struct {
    uint64_t state;
    nh_arena *a;
    nh_graph *g;
} maker;

static uint64_t next(maker *m) {
    m->state += 0x9e3779b97f4a7c15u;
    uint64_t z = (m->state ^ m->state >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}
static int64_t below(maker *m, int64_t n) { return (int64_t)(next(m) % (uint64_t)n); }
static bool coin(maker *m) { return next(m) >> 40 & 1; }
static double number(maker *m) { return ((double)below(m, 2000001) - 1000000) / 3 * (coin(m) ? 1e-9 : 1); }

static nh_format format(maker *m) {
    int w = (int)below(m, 64) + 1;
    return nh_format_make(coin(m), w, (int)below(m, 20) - 5, (nh_round)below(m, 7), (nh_overflow)below(m, 4));
}

static double *numbers(maker *m, int64_t n) {
    double *v = nh_arena_array(m->a, (size_t)n, sizeof *v);
    for (int64_t i = 0; i < n; i++) v[i] = number(m);
    return v;
}

static int64_t *integers(maker *m, int64_t n, int64_t lo, int64_t hi) {
    int64_t *v = nh_arena_array(m->a, (size_t)n, sizeof *v);
    for (int64_t i = 0; i < n; i++) v[i] = lo + below(m, hi - lo + 1);
    return v;
}

static nh_param *param(maker *m, nh_shape s) {
    nh_param *p = NH_NEW(m->a, nh_param);
    *p = (nh_param){.name = coin(m) ? "w \"1\"" : NULL, .shape = s, .value = numbers(m, nh_shape_size(s))};
    if (!coin(m)) return p;
    p->fmt = format(m);
    p->raw = integers(m, nh_shape_size(s), -100, 100);
    return p;
}

static nh_layer_options options(maker *m) {
    nh_layer_options o = {.strategy = NH_STRATEGY_RESOURCE,
                          .reuse_factor = below(m, 9),
                          .state_bits = (int)below(m, 40),
                          .decay_bits = (int)below(m, 20)};
    nh_numerics *n = &o.numerics;
    *n = (nh_numerics){.preset = (nh_preset)below(m, NH_PRESET_COUNT),
                       .integrator = (nh_integrator)below(m, 4),
                       .input_gain = (nh_input_gain)below(m, 4),
                       .reset = (nh_reset)below(m, 5),
                       .reset_timing = (nh_reset_timing)below(m, 4),
                       .spike = (nh_spike_timing)below(m, 3),
                       .compare = (nh_compare)below(m, 3),
                       .v_min = (nh_v_min)below(m, 3),
                       .syn_order = (nh_syn_order)below(m, 4),
                       .recurrent_bias = (nh_recurrent_bias)below(m, 3)};
    n->spikes_per_step = coin(m) ? INT64_MAX : below(m, 5);
    n->layer_delay = below(m, 4) - 1;
    n->dt = coin(m) ? 0 : 1e-4;
    o.state.is_auto = coin(m);
    if (!o.state.is_auto) o.state.fmt = format(m);
    if (coin(m)) o.neuron_model = "dir/my \"own\" \\.neuron";
    return o;
}

static nh_neuron_program *program(maker *m, int n_input) {
    nh_neuron_program *p = NH_NEW(m->a, nh_neuron_program);
    *p = (nh_neuron_program){.name = "model",
                             .n_input = n_input,
                             .n_state = (int)below(m, NH_NEURON_STATES) + 1,
                             .n_param = (int)below(m, NH_NEURON_PARAMS + 1),
                             .out = (nh_neuron_out)below(m, 3),
                             .is_exact = coin(m),
                             .spikes_per_step = 1 + below(m, 9)};
    int n_const = (int)below(m, 3), n_temp = (int)below(m, 5);
    p->reg = nh_arena_array(m->a, 64, sizeof *p->reg);
    struct {
        nh_neuron_reg_kind kind;
        int n, *table;
    } part[] = {{NH_REG_CONST, n_const, NULL},
                {NH_REG_PARAM, p->n_param, p->param},
                {NH_REG_STATE, p->n_state, p->state},
                {NH_REG_INPUT, p->n_input, p->input},
                {NH_REG_TEMP, n_temp, NULL}};
    for (int k = 0; k < 5; k++)
        for (int i = part[k].n - 1; i >= 0; i--) { /* not in the order of their indices */
            if (part[k].table) part[k].table[i] = p->n_reg;
            p->reg[p->n_reg++] = (nh_neuron_reg){.name = coin(m) ? "v" : "",
                                                 .kind = part[k].kind,
                                                 .index = i,
                                                 .constant = number(m),
                                                 .measure = (nh_neuron_measure)below(m, 2),
                                                 .has_format = coin(m)};
            if (p->reg[p->n_reg - 1].has_format) p->reg[p->n_reg - 1].fmt = format(m);
        }
    p->n_instr = (int)below(m, 40);
    p->instr = nh_arena_array(m->a, (size_t)p->n_instr + 1, sizeof *p->instr);
    for (int i = 0; i < p->n_instr; i++) {
        p->instr[i].op = (nh_neuron_op)below(m, NH_NOP_KINDS);
        p->instr[i].dst = (int)below(m, p->n_reg);
        for (int k = 0; k < nh_neuron_operands(p->instr[i].op); k++) p->instr[i].src[k] = (int)below(m, p->n_reg);
        if (p->instr[i].op == NH_NOP_CAST) p->instr[i].fmt = format(m);
    }
    p->output = (int)below(m, p->n_reg);
    return p;
}

static int64_t per(maker *m, nh_shape s) { return below(m, 3) ? coin(m) ? 1 : s.dim[0] : nh_shape_size(s); }

static nh_neuron *neuron(maker *m, nh_shape s, int n_input) {
    nh_neuron *n = NH_NEW(m->a, nh_neuron);
    *n = (nh_neuron){.kind = (nh_neuron_kind)below(m, NH_KIND_COUNT),
                     .n_ode = (int)below(m, 9),
                     .reset_period = below(m, 30),
                     .reset_phase = below(m, 9)};
    for (int i = 0; i < n->n_ode; i++) {
        int64_t k = per(m, s);
        n->ode[i] = (nh_neuron_value){.name = "tau mem", .n = k, .value = numbers(m, k)};
    }
    if (n->kind != NH_KIND_PROGRAM && coin(m)) return n;
    n->program = program(m, n_input);
    if (coin(m)) n->fx = program(m, n_input);
    for (int i = 0; i < n->program->n_param; i++) {
        int64_t k = per(m, s);
        n->param[i] = (nh_neuron_value){.name = "p", .n = k, .value = numbers(m, k)};
    }
    for (int i = 0; n->fx && i < n->fx->n_param; i++) {
        int64_t k = per(m, s);
        n->fx_param[i] = (nh_neuron_value){.name = "p", .n = k, .value = numbers(m, k)};
    }
    return n;
}

static int layer(maker *m, nh_layer l, nh_shape s, nh_edge_kind kind) {
    l.name = nh_arena_printf(m->a, "layer %d", m->g->n_layer);
    l.opt = options(m);
    l.out = nh_graph_add_tensor(m->g, l.name, s, kind);
    nh_graph_add_layer(m->g, l);
    return l.out;
}

/* One that fits s. */
static nh_window window(maker *m, int64_t groups, nh_shape s) {
    nh_window w = {.groups = groups};
    for (int k = 0; k < 2; k++) do {
            w.kernel[k] = 1 + below(m, 3);
            w.stride[k] = 1 + below(m, 2);
            w.pad_before[k] = below(m, 3);
            w.pad_after[k] = below(m, 3);
            w.dilation[k] = 1 + below(m, 2);
        } while (nh_window_out(&w, k, s.dim[1 + k]) < 1);
    return w;
}

static nh_shape windowed(const nh_window *w, nh_shape s, int64_t c) {
    return (nh_shape){3, {c, nh_window_out(w, 0, s.dim[1]), nh_window_out(w, 1, s.dim[2])}};
}

/* input -> conv -> neuron -> pool -> neuron with its own spikes through a late delay -> reshape -> dense -> delay ->
 * neuron */
static nh_graph *network(maker *m) {
    int64_t groups = 1 + below(m, 2), c = groups * (1 + below(m, 2)), c_out = groups * (1 + below(m, 3));
    nh_shape s = {3, {c, 6 + below(m, 4), 6 + below(m, 4)}};
    m->g = nh_graph_new(m->a, "in \"time\"");
    m->g->steps = below(m, 100);
    int t = layer(m, (nh_layer){.op = NH_OP_INPUT}, s, NH_EDGE_SPIKE);
    m->g->input = t;
    nh_window w = window(m, groups, s);
    nh_param *k = param(m, (nh_shape){4, {c_out, c / groups, w.kernel[0], w.kernel[1]}});
    s = windowed(&w, s, c_out);
    t = layer(m,
              (nh_layer){.op = NH_OP_CONV,
                         .n_in = 1,
                         .in = {t},
                         .window = w,
                         .weight = k,
                         .bias = coin(m) ? param(m, (nh_shape){1, {c_out}}) : NULL},
              s, NH_EDGE_FRAME);
    t = layer(m, (nh_layer){.op = NH_OP_NEURON, .n_in = 1, .in = {t}, .neuron = neuron(m, s, 1)}, s, NH_EDGE_SPIKE);
    w = window(m, 0, s);
    s = windowed(&w, s, c_out);
    t = layer(m, (nh_layer){.op = coin(m) ? NH_OP_SUMPOOL : NH_OP_AVGPOOL, .n_in = 1, .in = {t}, .window = w}, s,
              NH_EDGE_GRADED);
    int64_t late = 1 + below(m, 3), n = nh_shape_size(s);
    nh_layer back = {.op = NH_OP_DELAY, .n_in = 1, .in = {t + 2}, .delay = integers(m, 1, late, late), .n_delay = 1};
    int delayed = layer(m, back, s, NH_EDGE_SPIKE);
    t = layer(m, (nh_layer){.op = NH_OP_NEURON, .n_in = 2, .in = {t, delayed}, .neuron = neuron(m, s, 2)}, s,
              NH_EDGE_SPIKE);
    m->g->tensor[t].n_consumers = 1; /* of the delay, which stands before it */
    t = layer(m, (nh_layer){.op = NH_OP_RESHAPE, .n_in = 1, .in = {t}}, (nh_shape){1, {n}}, NH_EDGE_SPIKE);
    t = layer(m, (nh_layer){.op = NH_OP_DENSE, .n_in = 1, .in = {t}, .weight = param(m, (nh_shape){2, {5, n}})},
              (nh_shape){1, {5}}, NH_EDGE_FRAME);
    t = layer(m, (nh_layer){.op = NH_OP_DELAY, .n_in = 1, .in = {t}, .delay = integers(m, 5, 0, 9), .n_delay = 5},
              (nh_shape){1, {5}}, NH_EDGE_FRAME);
    m->g->output =
        layer(m, (nh_layer){.op = NH_OP_NEURON, .n_in = 1, .in = {t}, .neuron = neuron(m, (nh_shape){1, {5}}, 1)},
              (nh_shape){1, {5}}, NH_EDGE_SPIKE);
    return m->g;
}

static char *text_of(const nh_graph *g, bool values) {
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    nh_graph_print(g, values, f);
    fclose(f);
    return text;
}

Test(round_trip, of_networks_in_time) {
    for (uint64_t seed = 1; seed <= 300; seed++) {
        maker m = {.state = seed, .a = nh_arena_new()};
        nh_diag *d = nh_diag_new(m.a);
        nh_graph *g = network(&m);
        const char *why = nh_graph_check(g, m.a);
        cr_assert_null(why, "%lu: %s", (unsigned long)seed, why ? why : "");
        char *first = text_of(g, true);
        nh_graph *again = nh_graph_parse(m.a, d, "g.txt", first);
        cr_assert_not_null(again, "%lu: %s at %d:%d\n%s", (unsigned long)seed, d->count ? d->item[0].message : "",
                           d->count ? d->item[0].at.line : 0, d->count ? d->item[0].at.col : 0, first);
        char *second = text_of(again, true), *hashed = text_of(g, false), *hashed_again = text_of(again, false);
        cr_assert_str_eq(first, second);
        cr_assert_str_eq(hashed, hashed_again, "every number has the same bits");
        cr_assert(nh_graph_has_steps(again) && again->steps == g->steps);
        const nh_neuron *n = again->layer[2].neuron, *o = g->layer[2].neuron;
        for (int i = 0; n->program && i < n->program->n_state; i++)
            cr_assert_eq(n->program->state[i], o->program->state[i]);
        for (int i = 0; n->program && i < n->program->n_param; i++)
            cr_assert_eq(n->program->param[i], o->program->param[i]);
        cr_assert(memcmp(&again->layer[1].window, &g->layer[1].window, sizeof g->layer[1].window) == 0);
        free(first), free(second), free(hashed), free(hashed_again);
        nh_arena_free(m.a);
    }
}

/* One character changed anywhere: a diagnostic or a valid graph, never a crash. */
Test(round_trip, damaged_text_of_a_network_in_time_is_refused_or_valid) {
    for (uint64_t seed = 1; seed <= 6; seed++) {
        maker m = {.state = seed * 77, .a = nh_arena_new()};
        char *text = text_of(network(&m), true);
        size_t n = strlen(text);
        for (size_t i = 0; i < 3000; i++) {
            nh_arena *b = nh_arena_new();
            nh_diag *d = nh_diag_new(b);
            char *broken = nh_arena_str(b, text);
            broken[(size_t)below(&m, (int64_t)n)] = "\0 9\"-zx"[below(&m, 7)];
            nh_graph *g = nh_graph_parse(b, d, "g.txt", broken);
            cr_assert(g ? d->n_error == 0 : d->n_error == 1);
            nh_arena_free(b);
        }
        free(text);
        nh_arena_free(m.a);
    }
}
