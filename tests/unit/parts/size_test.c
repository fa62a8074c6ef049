/* Sizes of a fabric that the configuration leaves open: the least that the network needs. Counted by hand. */
#include <criterion/criterion.h>

#include "../passes/steps_net.h"
#include "from_graph.h"
#include "parts.h"

/* 2 x 5 x 9 -> 4 x 3 x 7: rows 0 to 4 take 3 bits, columns 0 to 8 take 4, and the two channels that a kernel reads 1.
 */
Test(size, coordinates_are_as_wide_as_the_largest_image_of_a_convolution) {
    tnet n = tnet_new(img(2, 5, 9), 3);
    neurons(&n, conv(&n, 0, square(3, 1, 0), 4, uniforms(&n, 4 * 2 * 9, -0.4, 0.6), NULL), lif(&n, 0.875, 1));
    for (int i = 1; i < n.g->n_layer; i++) n.g->layer[i].opt.strategy = NH_STRATEGY_EVENT;
    nh_fabric f = {.name = "test",
                   .mesh_x = 2,
                   .mesh_y = 2,
                   .lanes = 2,
                   .neurons = 128,
                   .axons = 128,
                   .synapses = 1024,
                   .convs = 4,
                   .routes = 16,
                   .groups = 2,
                   .params = 16,
                   .delays = 2,
                   .queue = 4,
                   .accumulators = 1,
                   .weight_bits = 8,
                   .accum_bits = 16,
                   .payload_bits = 1,
                   .guard_bits = 2,
                   .conv_y_bits = -1,
                   .conv_x_bits = -1,
                   .conv_c_bits = -1};
    n.o.fabric.f = f, n.o.fabric.given = true;
    double *x = nh_arena_array(n.a, (size_t)(n.g->steps * 90), sizeof *x);
    nh_samples s = {.x = x, .n = 1, .size = n.g->steps * 90};
    nh_graph_keep_sums(n.g);
    cr_assert(nh_passes_run(n.g, &n.o, &s, n.d, NULL, NULL));
    bool ok = nh_map_size_words(n.d, n.g, &f, &(nh_map_options){.most_contexts = 1});
    if (!ok) nh_diag_print(n.d, NH_NOTE, false, stderr);
    cr_assert(ok);
    cr_expect_eq(f.conv_y_bits, 3, "%d", f.conv_y_bits);
    cr_expect_eq(f.conv_x_bits, 4, "%d", f.conv_x_bits);
    cr_expect_eq(f.conv_c_bits, 1, "%d", f.conv_c_bits);
    cr_expect_eq(f.convs, 4);
    nh_arena_free(n.a);
}

/* Without time: a reshape in front of the first dense layer is the input in another shape, and the layers behind it are
 * there. */
Test(size, wires_in_front_of_the_first_dense_layer_vanish) {
    tnet n = tnet_new(img(1, 2, 2), 3);
    n.g->steps = 1, n.g->tensor[0].kind = NH_EDGE_GRADED;
    n.o.input.format = (nh_format_request){.fmt = tfmt("fixed<8,4>")};
    dense(&n, reshaped(&n, 0, vec(4)), 3, uniforms(&n, 12, -0.4, 0.6), NULL);
    for (int i = 1; i < n.g->n_layer; i++) n.g->layer[i].opt.strategy = i == 1 ? NH_STRATEGY_WIRE : NH_STRATEGY_EVENT;
    nh_fabric f = {.name = "test",
                   .mesh_x = 2,
                   .mesh_y = 2,
                   .lanes = 2,
                   .neurons = 128,
                   .axons = 128,
                   .synapses = 1024,
                   .routes = 16,
                   .groups = 2,
                   .params = 16,
                   .delays = 2,
                   .queue = 4,
                   .accumulators = 1,
                   .weight_bits = 16,
                   .accum_bits = 40,
                   .payload_bits = 32,
                   .guard_bits = 2};
    n.o.fabric.f = f, n.o.fabric.given = true;
    bool ok = nh_passes_run(n.g, &n.o, NULL, n.d, NULL, NULL);
    const nh_event_net *net = ok ? nh_event_net_of(n.a, n.d, n.g, &f) : NULL;
    if (!net) nh_diag_print(n.d, NH_NOTE, false, stderr);
    cr_assert(net);
    cr_expect_eq(net->n_pop, 2);
    cr_expect_eq(net->n_proj, 1);
    cr_expect_eq(nh_population_size(&net->pop[0]), 4);
    cr_expect_eq(nh_population_size(&net->pop[1]), 3);
    nh_arena_free(n.a);
}
