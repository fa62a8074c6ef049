/* Cycles and resources of single units, and datapaths of single layers. Expected by hand. */
#include <criterion/criterion.h>

#include "../passes/steps_net.h"
#include "build.h"
#include "plan.h"

/* in -> one unit -> out, of n elements one at a time. */
static nh_design *design(tnet *n, nh_unit u, int64_t n_in, int64_t n_out) {
    nh_design *g = NH_NEW(n->a, nh_design);
    *g = (nh_design){.arena = n->a,
                     .graph = n->g,
                     .opt = &n->o,
                     .unit = NH_NEW(n->a, nh_unit),
                     .n_unit = 1,
                     .stream = nh_arena_array(n->a, 2, sizeof *g->stream),
                     .n_stream = 2,
                     .output = 1,
                     .steps = 1};
    g->stream[0] = (nh_stream){.n = n_in, .fmt = tfmt("fixed<8,8>"), .src = -1, .dst = 0, .src_beat = 1, .dst_beat = 1};
    g->stream[1] =
        (nh_stream){.n = n_out, .fmt = tfmt("fixed<8,8>"), .src = 0, .dst = -1, .src_beat = 1, .dst_beat = 1};
    u.n_in = u.n_out = 1, u.out[0] = 1;
    g->unit[0] = u;
    return g;
}

/* x goes out as it came, `latency` registers later. */
static nh_dp *wire(nh_arena *a, int latency) {
    nh_dp *p = nh_dp_new(a, "wire");
    nh_format f = tfmt("fixed<8,8>");
    int x = nh_dp_in_port(p, "x", 1, f), y = nh_dp_out_port(p, "y", 1, f);
    nh_dp_output(p, y, 0, nh_dp_input(p, x, 0, nh_range_of(f)));
    nh_dp_finish(p);
    p->latency_cycles = latency;
    return p;
}

/* A 3 x 3 image comes in cycles 0 to 8. Its one window is walked when the last pixel is there, in 9 cycles; then the
 * unit's 3, its skid's and the output's. */
Test(plan, a_convolution_begins_when_the_last_pixel_is_there) {
    tnet n = tnet_new(img(1, 3, 3), 1);
    nh_design *g = design(&n,
                          (nh_unit){.kind = NH_UNIT_CONV,
                                    .conv = {.c_in = 1,
                                             .h_in = 3,
                                             .w_in = 3,
                                             .c_out = 1,
                                             .h_out = 1,
                                             .w_out = 1,
                                             .kh = 3,
                                             .kw = 3,
                                             .stride_h = 1,
                                             .stride_w = 1,
                                             .dilation_h = 1,
                                             .dilation_w = 1,
                                             .groups = 1,
                                             .in_lanes = 1,
                                             .out_lanes = 1,
                                             .rows = 6,
                                             .exact = true,
                                             .cycles = 9}},
                          9, 1);
    nh_plan_cycles(g);
    cr_assert_eq(g->latency_cycles, 8 + 9 + 3 + 1 + 1);
    cr_assert_eq(g->unit[0].ii_cycles, 9);
    cr_assert_eq(g->ii_cycles, 9);
    nh_arena_free(n.a);
}

/* What is no loop over words takes a transfer a cycle. */
Test(plan, a_datapath_takes_a_vector_every_cycle) {
    tnet n = tnet_new(vec(1), 1);
    nh_design *g = design(&n, (nh_unit){.kind = NH_UNIT_DATAPATH, .dp = wire(n.a, 3)}, 1, 1);
    nh_plan_cycles(g);
    cr_assert_eq(g->unit[0].ii_cycles, 1);
    cr_assert_eq(g->ii_cycles, 1);
    cr_assert_eq(g->latency_cycles, 3 + 1 + 1);
    nh_arena_free(n.a);
}

/* iCE40 blocks are 256 x 16, 512 x 8, 1024 x 4 ... bits. 600 words of 4-bit weights are one; two vectors of 300 bytes
 * are two of 512 x 8. A single group of outputs takes its inputs as they come and keeps none. */
Test(plan, a_dense_layer_of_several_groups_holds_two_vectors_of_inputs) {
    for (int64_t groups = 1; groups <= 2; groups++) {
        tnet n = tnet_new(vec(300), 1);
        n.o.target.family = "ice40", n.o.target.bram_bits = 4096, n.o.target.lut_inputs = 4;
        nh_mac m = {.n_in = 300,
                    .n_out = groups,
                    .in_lanes = 1,
                    .out_lanes = 1,
                    .in_words = 300,
                    .groups = groups,
                    .x = tfmt("fixed<8,8>"),
                    .weight = tfmt("fixed<4,4>"),
                    .acc = tfmt("fixed<8,8>"),
                    .exact = true,
                    .post.dp = wire(n.a, 0)};
        nh_design *g = design(&n, (nh_unit){.kind = NH_UNIT_MAC, .mac = m}, 300, groups);
        nh_estimate(g);
        cr_assert_eq(g->estimate.brams, groups == 1 ? 1 : 1 + 2, "%ld groups: %ld", (long)groups,
                     (long)g->estimate.brams);
        nh_arena_free(n.a);
    }
}

/* A layer of one element from tensor 0, an 8-bit integer, to tensor 1. */
static nh_layer *layer(tnet *n, nh_op op, const char *result) {
    int y = later(n, vec(1));
    add_to(n, (nh_layer){.name = "l", .op = op}, 0, y);
    n->g->tensor[0].q = (nh_quant){true, tfmt("fixed<8,8>"), 1};
    n->g->tensor[0].range = nh_range_of(n->g->tensor[0].q.fmt);
    n->g->tensor[y].q = (nh_quant){true, tfmt(result), 1};
    n->g->tensor[y].range = nh_range_of(n->g->tensor[y].q.fmt);
    return &n->g->layer[n->g->n_layer - 1];
}

static nh_param *raw_param(tnet *n, const char *format, int64_t value) {
    nh_param *p = tparam(n, vec(1), NULL);
    int64_t *raw = NH_NEW(n->a, int64_t);
    *raw = value;
    p->raw = raw, p->fmt = tfmt(format);
    return p;
}

static int64_t batchnorm(bool exact, bool has_bias) {
    tnet n = tnet_new(vec(1), 1);
    nh_layer *l = layer(&n, NH_OP_BATCHNORM, "fixed<16,14,TRN,SAT>");
    l->weight = raw_param(&n, "fixed<8,6>", 3);
    if (has_bias) l->bias = raw_param(&n, "fixed<8,6>", 3);
    l->accum_exact = exact;
    l->accum = tfmt(exact ? "fixed<20,18>" : "fixed<16,16,TRN,WRAP>");
    nh_dp *p = nh_dp_new(n.a, "b");
    int x = nh_dp_in_port(p, "x", 1, n.g->tensor[0].q.fmt), y = nh_dp_out_port(p, "y", 1, n.g->tensor[l->out].q.fmt);
    nh_dp_output(p, y, 0,
                 nh_apply_elementwise(p, n.g, l, nh_dp_input(p, x, 0, n.g->tensor[0].range), 0, &(nh_notes){.n = 0}));
    nh_dp_finish(p);
    nh_i128 three = 3, out = 0;
    nh_dp_eval(p, (const nh_i128 *const[]){&three}, (nh_i128 *const[]){&out});
    nh_arena_free(n.a);
    return (int64_t)out;
}

/* 3 * 0.75 + 0.75 in quarters: 3 where nothing is rounded. In whole numbers rounded down the product is 2, and the
 * sum, 2.75, 2 again. */
Test(batchnorm, an_accumulator_that_rounds_does_so_after_the_product_and_after_the_sum) {
    cr_assert_eq(batchnorm(true, true), 3 * 4);
    cr_assert_eq(batchnorm(false, true), 2 * 4);
    cr_assert_eq(batchnorm(true, false), 9);
    cr_assert_eq(batchnorm(false, false), 2 * 4);
}

/* Two outputs with a multiplier each: it comes by a port of one element. 10 * 3 / 4 and 10 * 5 / 4, rounded down. */
Test(post, multipliers_that_differ_come_by_a_port_of_their_own) {
    static int64_t mul[] = {3, 5};
    tnet n = tnet_new(vec(1), 1);
    nh_layer *l = layer(&n, NH_OP_DENSE, "fixed<16,16,TRN,SAT>");
    l->accum = tfmt("fixed<8,8>"), l->accum_exact = true, l->requant_mul = mul, l->requant_shift = 2;
    nh_mac m = {.n_in = 1,
                .n_out = 2,
                .in_lanes = 1,
                .out_lanes = 1,
                .in_words = 1,
                .groups = 2,
                .acc = l->accum,
                .exact = true};
    const nh_layer *run[] = {l};
    nh_dp_timing t = {
        .period_ns = 10, .lut_ns = 1, .carry_ns_per_bit = 0.1, .mul_ns = 4, .bram_ns = 2, .setup_ns = 0.5};
    cr_assert(nh_build_post(n.a, n.d, &(nh_layer_run){.g = n.g, .layer = run, .n = 1, .timing = &t, .lut_inputs = 6},
                            "p", m.acc, 2, NULL, &m.post, &(nh_notes){.n = 0}));
    cr_assert_eq(m.post.mul_bits, 3);
    cr_assert_eq(m.post.dp->n_in, 2);
    cr_assert_str_eq(m.post.dp->in[1].name, "m");
    cr_assert_eq(m.post.dp->in[1].n, 1);
    for (int o = 0; o < 2; o++) {
        nh_i128 x[] = {10, 77}, by[] = {mul[o], 77},
                y = 0; /* what stands behind the one element of a port is not read */
        nh_dp_eval(m.post.dp, (const nh_i128 *const[]){x, by}, (nh_i128 *const[]){&y});
        cr_assert_eq(y, o ? 12 : 7, "output %d: %d", o, (int)y);
    }
    nh_arena_free(n.a);
}
