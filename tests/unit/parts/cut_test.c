/* Where networks are cut, and that their parts, one after the other, are the network: the integer model of the whole
 * decides. */
#include <criterion/criterion.h>
#include <string.h>

#include "../passes/steps_net.h"
#include "machine.h"
#include "parts.h"

/* x - fc1 - n2 - fc3 - n4 - fc5 - n6, of `size` elements everywhere. */
static tnet chain(int64_t size) {
    tnet n = tnet_new(vec(size), 7);
    int at = n.g->input;
    for (int i = 0; i < 3; i++) {
        at = dense(&n, at, size, uniforms(&n, size * size, -0.4, 0.6), NULL);
        at = neurons(&n, at, lif(&n, 0.875, 1));
    }
    n.o.fabric.f = (nh_fabric){.name = "test",
                               .mesh_x = 2,
                               .mesh_y = 2,
                               .lanes = 2,
                               .neurons = 16,
                               .axons = 32,
                               .synapses = 256,
                               .routes = 4,
                               .groups = 2,
                               .params = 16,
                               .delays = 2,
                               .queue = 4,
                               .accumulators = 1,
                               .weight_bits = 8,
                               .accum_bits = 16,
                               .payload_bits = 1,
                               .guard_bits = 2};
    n.o.fabric.given = true;
    return n;
}

/* One letter per layer: . wire, p pipeline, f fabric, h host. */
static void put(tnet *n, const char *places) {
    for (int i = 0; i < n->g->n_layer && places[i]; i++)
        n->g->layer[i].opt.strategy = places[i] == 'f'   ? NH_STRATEGY_EVENT
                                      : places[i] == 'h' ? NH_STRATEGY_HOST
                                      : places[i] == '.' ? NH_STRATEGY_WIRE
                                                         : NH_STRATEGY_RESOURCE;
}

static nh_parts *cut(tnet *n, const char *places) {
    put(n, places);
    return nh_parts_cut(n->a, n->d, n->g, &n->o);
}

/* "p0_pipeline: 1 2 | p1_host: 3" */
static const char *text_of(tnet *n, const nh_parts *p) {
    const char *all = "";
    for (int i = 0; p && i < p->n_part; i++) {
        all = nh_arena_printf(n->a, "%s%s%s:", all, i ? " | " : "", p->part[i].id);
        for (int k = 0; k < p->part[i].n_layer; k++) all = nh_arena_printf(n->a, "%s %d", all, p->part[i].layer[k]);
    }
    return p ? all : "refused";
}

#define CUT(places, expected)                                                                                          \
    do {                                                                                                               \
        tnet t = chain(4);                                                                                             \
        cr_assert_str_eq(text_of(&t, cut(&t, places)), expected);                                                      \
        nh_arena_free(t.a);                                                                                            \
    } while (0)

Test(parts, runs_of_one_place_are_one_part) {
    CUT(".pppppp", "p0_pipeline: 1 2 3 4 5 6");
    CUT(".ppffpp", "p0_pipeline: 1 2 | p1_fabric: 3 4 | p2_pipeline: 5 6");
    CUT(".ffffhh", "p0_fabric: 1 2 3 4 | p1_host: 5 6");
    CUT(".phphph", "p0_pipeline: 1 | p1_host: 2 | p2_pipeline: 3 | p3_host: 4 | p4_pipeline: 5 | p5_host: 6");
}

Test(parts, a_tensor_has_one_format_on_both_sides) {
    tnet n = chain(4);
    put(&n, ".ppffhh");
    nh_graph_keep_sums(n.g);
    cr_assert(nh_passes_run(n.g, &n.o, NULL, n.d, NULL, NULL));
    const nh_parts *p = nh_parts_cut(n.a, n.d, n.g, &n.o);
    cr_assert_eq(p->n_part, 3);
    for (int i = 1; i < 3; i++) {
        const nh_graph *before = p->part[i - 1].graph, *after = p->part[i].graph;
        cr_assert_eq(p->part[i].n_in, 1);
        cr_assert_eq(p->part[i].from[0], i - 1);
        cr_assert_eq(p->part[i].in[0], p->part[i - 1].out);
        cr_assert_eq(memcmp(&before->tensor[before->output].q, &after->tensor[after->input].q, sizeof(nh_quant)), 0);
        cr_assert_null(nh_graph_check(after, n.a));
    }
    cr_assert_eq(count_of(&n, NH_P_PART_HOST), 2);
    nh_arena_free(n.a);
}

/* n2 feeds itself late: x - fc1 - sum - n, n - late. Layer numbers: 1 fc, 2 late, 3 sum, 4 n. */
static tnet loop(void) {
    tnet n = tnet_new(vec(3), 9);
    int forward = dense(&n, n.g->input, 3, uniforms(&n, 9, -0.4, 0.6), NULL), made = later(&n, vec(3));
    int back = add(&n, delay_layer(&n, 1), made, vec(3));
    int sum = add(&n, (nh_layer){.name = "sum", .op = NH_OP_ADD, .n_in = 2, .in = {forward, back}}, 0, vec(3));
    add_to(&n, (nh_layer){.name = "n", .op = NH_OP_NEURON, .neuron = lif(&n, 0.5, 1)}, sum, made);
    return n;
}

Test(parts, a_loop_is_never_cut) {
    tnet n = loop();
    cr_assert_str_eq(text_of(&n, cut(&n, ".hppp")), "p0_host: 1 | p1_pipeline: 2 3 4");
    cr_assert_str_eq(text_of(&n, cut(&n, ".phhh")), "p0_pipeline: 1 | p1_host: 2 3 4");
    cr_assert_str_eq(text_of(&n, cut(&n, ".hhpp")),
                     "p0_host: 1 | p1_pipeline: 2 3 4"); /* the delay goes with its loop */
    cr_assert_eq(n.d->n_error, 0);
    cr_assert_null(cut(&n, ".ppph"));
    cr_assert_eq(count_of(&n, NH_P_PART_LOOP), 1);
    cr_assert_not_null(strstr(n.d->item[n.d->count - 1].message, "'sum3' (pipeline) and layer 'n4' (host)"));
    nh_arena_free(n.a);
}

/* 1 fc, 2 n, 3 fc, 4 n beside it, 5 sum of 2 and 4. */
static tnet block(void) {
    tnet n = tnet_new(vec(3), 11);
    int a = neurons(&n, dense(&n, n.g->input, 3, uniforms(&n, 9, -0.4, 0.6), NULL), lif(&n, 0.5, 1));
    int b = neurons(&n, dense(&n, a, 3, uniforms(&n, 9, -0.4, 0.6), NULL), lif(&n, 0.5, 1));
    add(&n, (nh_layer){.name = "sum", .op = NH_OP_ADD, .n_in = 2, .in = {a, b}}, 0, vec(3));
    return n;
}

Test(parts, a_block_stays_whole_or_its_sum_reads_two_parts) {
    tnet n = block();
    cr_assert_str_eq(text_of(&n, cut(&n, ".ppppp")), "p0_pipeline: 1 2 3 4 5");
    cr_assert_str_eq(text_of(&n, cut(&n, ".pphhh")), "p0_pipeline: 1 2 | p1_host: 3 4 5");
    cr_assert_eq(n.d->n_error, 0);
    /* The sum reads the pipeline and the host; were it joined with layers 1 and 2, the host would stand in a circle of
     * parts. */
    const nh_parts *p = cut(&n, ".pphhp");
    cr_assert_str_eq(text_of(&n, p), "p0_pipeline: 1 2 | p1_host: 3 4 | p2_pipeline: 5");
    cr_assert_eq(p->part[2].n_in, 2);
    cr_assert_eq(p->part[2].from[0], 0);
    cr_assert_eq(p->part[2].from[1], 1);
    /* Layer 2 has two readers in another place: one tensor. Layer 1 has one there too: what needs only it is parted
     * off. */
    cr_assert_str_eq(text_of(&n, cut(&n, ".pphph")), "p0_pipeline: 1 2 | p1_host: 3 | p2_pipeline: 4 | p3_host: 5");
    nh_arena_free(n.a);
}

/* 1 fc, 2 n, 3 fc, 4 sum of 2 and 3: the way around the pair of the pipeline is a single layer. */
Test(parts, one_layer_elsewhere_is_a_way_around) {
    tnet n = tnet_new(vec(3), 11);
    int a = neurons(&n, dense(&n, n.g->input, 3, uniforms(&n, 9, -0.4, 0.6), NULL), lif(&n, 0.5, 1));
    int b = dense(&n, a, 3, uniforms(&n, 9, -0.4, 0.6), NULL);
    add(&n, (nh_layer){.name = "sum", .op = NH_OP_ADD, .n_in = 2, .in = {a, b}}, 0, vec(3));
    const nh_parts *p = cut(&n, ".pphp");
    cr_assert_str_eq(text_of(&n, p), "p0_pipeline: 1 2 | p1_host: 3 | p2_pipeline: 4");
    nh_arena_free(n.a);
}

/* 1 fc, 2 n, 3 fc, 4 n; 5 sum of what 2 and 4 give. Both leave the first place, where they stand together. */
Test(parts, of_two_tensors_that_leave_the_first_is_made_by_a_part_of_its_own) {
    tnet n = block();
    const nh_parts *p = cut(&n, ".pppph");
    cr_assert_str_eq(text_of(&n, p), "p0_pipeline: 1 2 | p1_pipeline: 3 4 | p2_host: 5");
    cr_assert_eq(p->part[2].n_in, 2);
    cr_assert_eq(p->part[2].in[0], p->part[0].out);
    cr_assert_eq(p->part[2].in[1], p->part[1].out);
    nh_arena_free(n.a);
}

/* Both neurons of a loop leave it: it cannot be parted. 1 late, 2 sum, 3 n, 4 fc, 5 n, then 6 sum of 3 and 5 elsewhere.
 */
Test(parts, a_loop_makes_one_tensor) {
    tnet n = tnet_new(vec(3), 9);
    int made = later(&n, vec(3)), back = add(&n, delay_layer(&n, 1), made, vec(3));
    int first =
        neurons(&n, add(&n, (nh_layer){.name = "sum", .op = NH_OP_ADD, .n_in = 2, .in = {n.g->input, back}}, 0, vec(3)),
                lif(&n, 0.5, 1));
    int fc = dense(&n, first, 3, uniforms(&n, 9, -0.4, 0.6), NULL);
    add_to(&n, (nh_layer){.name = "n", .op = NH_OP_NEURON, .neuron = lif(&n, 0.5, 1)}, fc, made);
    add(&n, (nh_layer){.name = "both", .op = NH_OP_ADD, .n_in = 2, .in = {first, made}}, 0, vec(3));
    cr_assert_null(cut(&n, ".ppppph"));
    cr_assert_eq(count_of(&n, NH_P_PART_PORTS), 1);
    nh_arena_free(n.a);
}

Test(parts, parts_on_a_fabric_share_it) {
    tnet n = chain(6);
    put(&n, ".ffhhff");
    double *x = random_samples(&n, 4, 1);
    nh_samples s = {.x = x, .n = 4, .size = n.g->steps * 6};
    nh_graph_keep_sums(n.g);
    cr_assert(nh_passes_run(n.g, &n.o, &s, n.d, NULL, NULL));
    nh_parts *p = nh_parts_cut(n.a, n.d, n.g, &n.o);
    cr_assert(p && nh_parts_lower(n.a, n.d, p, &n.o));
    cr_assert_eq(p->part[0].shares, 0);
    cr_assert_eq(p->part[1].shares, -1);
    cr_assert_eq(p->part[2].shares, 0);
    cr_assert_str_eq(nh_fabric_hash(n.a, &p->part[0].image->fabric), nh_fabric_hash(n.a, &p->part[2].image->fabric));
    nh_arena_free(n.a);
}

Test(parts, weights_do_not_leave_their_neurons_for_the_fabric) {
    tnet n = chain(4);
    cr_assert_null(cut(&n, ".fppppp"));
    cr_assert_eq(count_of(&n, NH_P_PART_EDGE), 1);
    nh_arena_free(n.a);
}

/* --- together they are the network ------------------------------------------------------------------------------- */

/* The part's integer model, frame by frame in the order of the tensors. */
typedef struct {
    nh_design_state *state;
    int64_t **raw;
} model;

static model model_of(nh_arena *a, const nh_design *g) {
    return (model){nh_design_state_new(a, g), nh_design_buffers(a, g)};
}

static void step(nh_arena *a, const nh_design *g, model *m, const int64_t *x, int64_t *y) {
    const nh_stream *out = &g->stream[g->output];
    int64_t *own = nh_arena_array(a, (size_t)nh_design_n_in(g), sizeof *own), at = 0;
    for (int k = 0; k < nh_design_inputs(g); at += g->stream[nh_design_input(g, k++)].n) {
        const nh_stream *in = &g->stream[nh_design_input(g, k)];
        for (int64_t e = 0; e < in->n; e++) own[at + e] = x[at + (in->order ? in->order[e] : e)];
    }
    nh_design_step(g, m->state, own, m->raw, NULL);
    for (int64_t e = 0; e < out->n; e++) y[out->order ? out->order[e] : e] = m->raw[g->output][e];
}

/* All steps of one sample of a part. x: its tensors one after the other, step by step. */
static void run_part(nh_arena *a, const nh_part *part, int64_t steps, const int64_t *x, int64_t n_in, int64_t *y) {
    int64_t n_out = nh_shape_size(part->graph->tensor[part->graph->output].shape);
    if (part->image) {
        int32_t *in = nh_arena_array(a, (size_t)(steps * n_in), sizeof *in),
                *out = nh_arena_array(a, (size_t)(steps * n_out), sizeof *out);
        for (int64_t i = 0; i < steps * n_in; i++) in[i] = (int32_t)x[i];
        cr_assert_eq(part->image->input_size, n_in);
        cr_assert(nh_image_run(a, part->image, in, out, NULL, NULL));
        for (int64_t i = 0; i < steps * n_out; i++) y[i] = out[i];
        return;
    }
    model m = model_of(a, part->design);
    for (int64_t t = 0; t < steps; t++) step(a, part->design, &m, x + t * n_in, y + t * n_out);
}

static void expect_whole(tnet *n, const nh_parts *p, const double *sample) {
    int64_t steps = n->g->steps, n_in = size_of(n, n->g->input), n_out = size_of(n, n->g->output);
    int64_t *x = nh_arena_array(n->a, (size_t)(steps * n_in), sizeof *x),
            *want = nh_arena_array(n->a, (size_t)(steps * n_out), sizeof *want);
    int64_t **y = nh_arena_array(n->a, (size_t)p->n_part, sizeof *y);
    model whole = model_of(n->a, p->whole);
    for (int64_t i = 0; i < steps * n_in; i++) x[i] = nh_quantize_input(p->whole, sample[i], &(nh_fx_count){0});
    for (int64_t t = 0; t < steps; t++) step(n->a, p->whole, &whole, x + t * n_in, want + t * n_out);
    for (int i = 0; i < p->n_part; i++) {
        const nh_part *part = &p->part[i];
        int64_t size = 0, at = 0;
        for (int k = 0; k < part->n_in; k++) size += size_of(n, part->in[k]);
        int64_t *in = nh_arena_array(n->a, (size_t)(steps * size), sizeof *in);
        for (int k = 0; k < part->n_in; at += size_of(n, part->in[k++])) {
            int64_t own = size_of(n, part->in[k]);
            const int64_t *from = part->from[k] < 0 ? x : y[part->from[k]];
            cr_assert(part->from[k] < i);
            for (int64_t e = 0; e < steps * own; e++) in[e / own * size + at + e % own] = from[e];
        }
        y[i] = nh_arena_array(n->a, (size_t)(steps * size_of(n, part->out)), sizeof **y);
        run_part(n->a, part, steps, in, size, y[i]);
    }
    const int64_t *got = y[p->part_of[n->g->tensor[n->g->output].producer]];
    for (int64_t i = 0; i < steps * n_out; i++)
        cr_assert_eq(got[i], want[i], "%s: step %ld, element %ld: %ld, the whole gives %ld", text_of(n, p),
                     (long)(i / n_out), (long)(i % n_out), (long)got[i], (long)want[i]);
}

Test(parts, pipeline_fabric_and_host_are_the_whole_network) {
    static const char *const places[] = {".ppffhh", ".ffpphh", ".hhffpp", ".pphhff", ".ffhhff"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        tnet n = chain(6);
        put(&n, places[i]);
        double *x = random_samples(&n, 4, 1);
        nh_samples s = {.x = x, .n = 4, .size = n.g->steps * 6};
        nh_graph_keep_sums(n.g);
        bool ok = nh_passes_run(n.g, &n.o, &s, n.d, NULL, NULL);
        nh_parts *p = ok ? nh_parts_cut(n.a, n.d, n.g, &n.o) : NULL;
        ok = p && nh_parts_lower(n.a, n.d, p, &n.o);
        if (!ok) nh_diag_print(n.d, NH_ERROR, false, stderr);
        cr_assert(ok, "%s", places[i]);
        for (int k = 0; k < 4; k++) expect_whole(&n, p, x + k * s.size);
        nh_arena_free(n.a);
    }
}

/* Random networks whose layers from a random one on are in another place: how many of those that can be cut run as the
 * whole does. Of networks that are no two places, how many run as one part. */
static int run_cut(uint64_t seeds, nh_strategy first, nh_strategy second) {
    int ran = 0;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        tnet n = random_tnet(seed, true, false);
        int from = (int)between(&n, 1, n.g->n_layer);
        for (int i = 0; i < n.g->n_layer; i++) {
            bool is_wire = nh_op_get(n.g->layer[i].op)->strategies == NH_STRATEGY_WIRE;
            n.g->layer[i].opt.strategy = is_wire ? NH_STRATEGY_WIRE : i >= from ? second : first;
        }
        n.o.fabric.f = (nh_fabric){.name = "test",
                                   .mesh_x = 4,
                                   .mesh_y = 4,
                                   .lanes = 2,
                                   .neurons = 64,
                                   .axons = 1024,
                                   .synapses = 4096,
                                   .routes = 64,
                                   .groups = 8,
                                   .params = 64,
                                   .delays = 16,
                                   .queue = 4,
                                   .sparse = true,
                                   .accumulators = 1,
                                   .weight_bits = 16,
                                   .accum_bits = 48,
                                   .payload_bits = 32,
                                   .guard_bits = 2};
        double *x = random_samples(&n, 2, 1);
        nh_samples s = {.x = x, .n = 2, .size = n.g->steps * size_of(&n, n.g->input)};
        nh_graph_keep_sums(n.g);
        nh_parts *p = nh_passes_run(n.g, &n.o, &s, n.d, NULL, NULL) ? nh_parts_cut(n.a, n.d, n.g, &n.o) : NULL;
        bool chain_of_parts = p && p->n_part > (first != second) && nh_parts_lower(n.a, n.d, p, &n.o);
        for (int k = 0; chain_of_parts && k < 2; k++) expect_whole(&n, p, x + k * s.size);
        ran += chain_of_parts;
        nh_arena_free(n.a);
    }
    return ran;
}

Test(parts, random_networks_cut_anywhere_are_the_whole_network, .timeout = 120) {
    static const struct {
        nh_strategy first, second;
        int least;
    } cut[] = {{NH_STRATEGY_RESOURCE, NH_STRATEGY_HOST, 90},
               {NH_STRATEGY_EVENT, NH_STRATEGY_HOST, 20},
               {NH_STRATEGY_RESOURCE, NH_STRATEGY_EVENT, 50},
               {NH_STRATEGY_EVENT, NH_STRATEGY_EVENT, 60}};
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        int ran = run_cut(150, cut[i].first, cut[i].second);
        cr_assert_geq(ran, cut[i].least, "cut %zu: only %d networks", i, ran);
    }
}
