/* Sizes at and beyond the limits, as trees in memory; and what the options change. */
#include <criterion/criterion.h>

#include "../../fuzz/nir_tree.h"
#include "reader.h"

static const nh_h5 *tree_of(nh_arena *a, nh_h5 graph) {
    nir_bytes b = {.a = a};
    nh_h5 *top = NH_NEW(a, nh_h5), *root = NH_NEW(a, nh_h5);
    *top = graph;
    *root = group_of(&b, "", "", top, 1);
    return root;
}

/* input -> n00000 -> n00001 -> ... -> output: spiking neurons of size 1; ring: the last one leads back to the first. */
static nh_h5 chain_of(nh_arena *a, int n, bool ring) {
    enum { SIZE = 1 << 20 };
    uint8_t *ones = nh_arena_alloc(a, SIZE); /* the choices that leave nothing out */
    memset(ones, 1, SIZE);
    nir_bytes b = {.a = a, .data = ones, .size = SIZE, .is_polite = true, .dim = 1, .rank = 1};
    nh_h5 *node = nh_arena_array(a, (size_t)n + 2, sizeof *node), *child = nh_arena_array(a, 3, sizeof *child);
    int n_text = 2 * (n + 1 + ring);
    const char **text = nh_arena_array(a, (size_t)n_text, sizeof *text);
    node[0] = node_of(&b, "/node/nodes", "input", "Input", 0);
    for (int i = 0; i < n; i++) node[i + 1] = node_of(&b, "/node/nodes", nh_arena_printf(a, "n%05d", i), "LI", 0);
    node[n + 1] = node_of(&b, "/node/nodes", "output", "Output", 0);
    for (int i = 0; i <= n; i++) {
        text[2 * i] = node[i].name;
        text[2 * i + 1] = node[i + 1].name;
    }
    if (ring) {
        text[n_text - 2] = node[n].name;
        text[n_text - 1] = node[1].name;
    }
    child[0] = (nh_h5){.name = "edges",
                       .path = "/node/edges",
                       .kind = NH_H5_STRING,
                       .rank = 2,
                       .dim = {n_text / 2, 2},
                       .n = n_text,
                       .text = text};
    child[1] = group_of(&b, "/node", "nodes", node, n + 2);
    child[2] = text_of(&b, "/node", "type", "NIRGraph");
    return group_of(&b, "", "node", child, 3);
}

static nh_graph *read_chain(nh_arena *a, nh_diag *d, int n, bool ring) {
    return nh_nir_from_tree(a, d, "chain.nir", tree_of(a, chain_of(a, n, ring)), 1e-4);
}

Test(nir_limits, a_chain_of_nine_thousand_neurons_is_read) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_graph *g = read_chain(a, d, 9000, true);
    cr_assert(g, "%s", d->count ? d->item[0].message : "");
    cr_assert_null(nh_graph_check(g, a));
    cr_assert_eq(g->n_layer, 9000 + 1 + 2); /* input, the delay and the sum of the ring */
    nh_arena_free(a);
}

Test(nir_limits, more_than_ten_thousand_nodes_are_refused) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    cr_assert_null(read_chain(a, d, 10001, false));
    cr_assert_eq(d->item[0].code, NH_M_NIR_LIMIT);
    nh_arena_free(a);
}

Test(nir_limits, graphs_nested_too_deep_are_refused) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nir_bytes b = {.a = a};
    nh_h5 inner = chain_of(a, 1, false);
    for (int depth = 0; depth < 40; depth++) {
        nh_h5 *node = NH_NEW(a, nh_h5), *child = nh_arena_array(a, 3, sizeof *child);
        *node = inner;
        node->name = "x";
        child[0] = (nh_h5){.name = "edges", .path = "/edges", .kind = NH_H5_NUMBER, .rank = 1};
        child[1] = group_of(&b, "", "nodes", node, 1);
        child[2] = text_of(&b, "", "type", "NIRGraph");
        inner = group_of(&b, "", "node", child, 3);
    }
    cr_assert_null(nh_nir_from_tree(a, d, "deep.nir", tree_of(a, inner), 1e-4));
    cr_assert_eq(d->item[0].code, NH_M_NIR_LIMIT);
    nh_arena_free(a);
}

/* 0.3 and 1 steps of 1 ms. */
Test(nir_options, delays_are_counted_in_steps_of_the_configuration) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_options o = {.spiking = {.dt = 1e-3}};
    nh_graph *g = nh_model_read(a, d, NH_NOWHERE, NH_SOURCE_DIR "/tests/fixtures/nir/good/delay_rounded.nir", &o);
    cr_assert(g);
    const nh_layer *l = &g->layer[nh_graph_find(g, "d")];
    cr_assert(l->delay[0] == 0 && l->delay[1] == 1);
    cr_assert_eq(d->item[d->count - 1].code, NH_M_NIR_DELAY);
    nh_arena_free(a);
}
