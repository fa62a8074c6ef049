/* passes/lost: parameters of neurons that keep too few bits, and those whose loss nobody feels. */
#include <criterion/criterion.h>
#include <string.h>

#include "lost.h"

/* v = v * alpha + gain * x + bias, one parameter asked and rounded. */
typedef struct {
    nh_arena *a;
    nh_diag *d;
    nh_graph g;
    nh_layer l;
    nh_neuron_program p;
    nh_neuron_reg reg[3];
    nh_neuron_instr instr[1];
    double asked[2], rounded[2];
    nh_neuron_value from, to;
    int volts[3];
} bench;

/* op: what is done with the parameter, register 1; register 0 is the state. */
static void start(bench *b, nh_neuron_op op, int64_t steps, double asked, double rounded) {
    *b = (bench){.a = nh_arena_new(), .asked = {asked}, .rounded = {rounded}};
    b->d = nh_diag_new(b->a);
    b->g = (nh_graph){.arena = b->a, .steps = steps};
    b->l = (nh_layer){.name = "lif"};
    b->reg[0] = (nh_neuron_reg){.name = "v", .kind = NH_REG_STATE};
    b->reg[1] = (nh_neuron_reg){.name = "k", .kind = NH_REG_PARAM};
    b->reg[2] = (nh_neuron_reg){.name = "x", .kind = NH_REG_INPUT};
    b->instr[0] = (nh_neuron_instr){.op = op, .dst = 0, .src = {1, op == NH_NOP_LEAK ? 0 : 2}};
    if (op == NH_NOP_ADD) b->instr[0].src[0] = 0, b->instr[0].src[1] = 1;
    b->p = (nh_neuron_program){.reg = b->reg, .n_reg = 3, .instr = b->instr, .n_instr = 1, .n_param = 1};
    b->p.param[0] = 1;
    b->from = (nh_neuron_value){.name = "k", .n = 1, .value = b->asked};
    b->to = (nh_neuron_value){.name = "k", .n = 1, .value = b->rounded};
}

static size_t told(bench *b) {
    nh_tell_lost_params(&b->g, &b->l, &b->p, &b->from, &b->to, b->volts, b->d);
    size_t n = b->d->n_warning;
    for (size_t i = 0; i < b->d->count; i++) cr_assert_eq(b->d->item[i].code, NH_N_UNDERFLOW);
    nh_arena_free(b->a);
    return n;
}

Test(lost, a_gain_that_becomes_0) {
    bench b;
    start(&b, NH_NOP_MUL, 10, 2.75e-5, 0);
    cr_assert_eq(told(&b), 1);
    start(&b, NH_NOP_MUL, 10, 2.75e-5, 2.75e-5 * 0.9);
    cr_assert_eq(told(&b), 0);
    start(&b, NH_NOP_MUL, 10, 2.75e-5, 2.75e-5 * 0.8);
    cr_assert_eq(told(&b), 1);
}

/* 0.9999 becomes 0.99976: the state forgets 2.4 times as fast, which 1000 steps feel and 10 do not. */
Test(lost, a_decay_near_1) {
    bench b;
    start(&b, NH_NOP_LEAK, 1000, 0.9999, 0.99976);
    cr_assert_eq(told(&b), 1);
    start(&b, NH_NOP_LEAK, 10, 0.9999, 0.99976);
    cr_assert_eq(told(&b), 0);
    start(&b, NH_NOP_LEAK, 1000, 0.9, 0.9002);
    cr_assert_eq(told(&b), 0);
}

/* A bias in volts that becomes 0: 0.001 of the threshold in each of 100 steps is a tenth of it, in 10 steps a
 * hundredth. */
Test(lost, a_bias_that_adds_up) {
    bench b;
    start(&b, NH_NOP_ADD, 100, 0.001, 0);
    b.volts[1] = 1;
    cr_assert_eq(told(&b), 1);
    start(&b, NH_NOP_ADD, 10, 0.001, 0);
    b.volts[1] = 1;
    cr_assert_eq(told(&b), 0);
    start(&b, NH_NOP_ADD, 100, 0.001, 0); /* no volts: nothing is known of its size */
    cr_assert_eq(told(&b), 0);
}
