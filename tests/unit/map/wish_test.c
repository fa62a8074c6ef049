/* Where the user puts layers: what cannot be has its reason, counted by hand. */
#include <criterion/criterion.h>
#include <string.h>

#include "map.h"

static const int64_t threshold = 3;

static nh_population pop(const char *name, int64_t n) {
    nh_population p = {
        .name = name, .kind = NH_POP_NEURONS, .c = n, .h = 1, .w = 1, .out_bits = 1, .rate = -1, .is_quiet = true};
    p.param[0] = &threshold;
    p.n_param[0] = 1;
    return p;
}

typedef struct {
    nh_arena *a;
    nh_diag *d;
    nh_population pop[4];
    nh_projection proj[3];
    nh_event_net net;
    nh_fabric f;
    nh_map_wish wish[2];
    nh_tile tile[4];
} state;

/* in 16 -> a 12 -> b 8 -> c 4, on 3 x 2 cores of 8 words of 2 neurons and 128 synapse words */
static void begin(state *s) {
    *s = (state){.a = nh_arena_new()};
    s->d = nh_diag_new(s->a);
    s->pop[0] = pop("in", 16), s->pop[1] = pop("a", 12), s->pop[2] = pop("b", 8), s->pop[3] = pop("c", 4);
    s->pop[0].kind = NH_POP_INPUT, s->pop[3].is_output = true;
    for (int i = 0; i < 3; i++)
        s->proj[i] =
            (nh_projection){.name = s->pop[i + 1].name, .kind = NH_PROJ_DENSE, .from = i, .to = i + 1, .constant = 1};
    s->net = (nh_event_net){.name = "small", .steps = 4, .pop = s->pop, .n_pop = 4, .proj = s->proj, .n_proj = 3};
    s->f = (nh_fabric){.name = "f",
                       .mesh_x = 3,
                       .mesh_y = 2,
                       .lanes = 2,
                       .neurons = 16,
                       .axons = 64,
                       .synapses = 128,
                       .routes = 16,
                       .groups = 4,
                       .params = 16,
                       .delays = 2,
                       .queue = 16,
                       .weight_bits = 8,
                       .accum_bits = 24,
                       .accumulators = 1,
                       .payload_bits = 1,
                       .n_model = 1};
}

static nh_map_plan *plan(state *s, int64_t contexts) {
    nh_map_options o = {.most_contexts = contexts};
    return nh_map_make(s->a, s->d, &s->net, &s->f, &o);
}

static void fails(state *s, int64_t contexts, nh_code code, const char *layer, const char *resource, int64_t needed,
                  int64_t available) {
    const nh_map_plan *p = plan(s, contexts);
    cr_assert(p->certificate.failed);
    cr_assert_eq(s->d->item[0].code, code);
    cr_assert_str_eq(p->certificate.layer, layer);
    cr_assert_str_eq(p->certificate.resource, resource);
    cr_assert_eq(p->certificate.needed, needed);
    cr_assert_eq(p->certificate.available, available);
    cr_assert_str_eq(p->certificate.lever[0].lever, "layers: without cores, tiles and region");
    cr_assert(p->certificate.lever[0].fits);
    nh_arena_free(s->a);
}

Test(wish, a_tile_that_the_mesh_does_not_have) {
    state s;
    begin(&s);
    s.tile[0] = (nh_tile){0, 2};
    s.wish[0] = (nh_map_wish){.tile = s.tile, .n_tile = 1};
    s.pop[1].wish = &s.wish[0];
    fails(&s, 0, NH_P_MAP_WISH, "a", "tiles along y", 3, 2);
}

Test(wish, a_region_that_ends_beyond_the_mesh) {
    state s;
    begin(&s);
    s.wish[0] = (nh_map_wish){.region = {1, 0, 3, 1}, .n_region = 4};
    s.pop[2].wish = &s.wish[0];
    fails(&s, 0, NH_P_MAP_WISH, "b", "tiles along x", 4, 3);
}

Test(wish, fewer_cores_than_the_layer_takes) {
    state s;
    begin(&s);
    s.f.synapses = 48; /* a: 6 words of neurons x 16 inputs: 3 words in a core */
    s.wish[0].cores = 1;
    s.pop[1].wish = &s.wish[0];
    fails(&s, 0, NH_P_MAP_WISH, "a", "cores", 2, 1);
}

Test(wish, more_cores_than_words_of_neurons) {
    state s;
    begin(&s);
    s.wish[0].cores = 5; /* b: 8 neurons are 4 words */
    s.pop[2].wish = &s.wish[0];
    fails(&s, 0, NH_P_MAP_WISH, "b", "parts", 5, 4);
}

Test(wish, two_layers_on_a_tile_exceed_the_core) {
    state s;
    begin(&s);
    s.f.synapses = 140, s.f.neurons = 32; /* a: 6 words x 16 inputs = 96; b: 4 x 12 = 48 */
    s.wish[0] = s.wish[1] = (nh_map_wish){.tile = s.tile, .n_tile = 1};
    s.pop[1].wish = &s.wish[0], s.pop[2].wish = &s.wish[1];
    fails(&s, 1, NH_P_MAP_WISH, "b", "synapses", 144, 140);
}

Test(wish, two_layers_on_a_tile_share_the_core_where_it_holds_them) {
    state s;
    begin(&s);
    s.f.synapses = 144, s.f.neurons = 32;
    s.tile[0] = (nh_tile){2, 1};
    s.wish[0] = s.wish[1] = (nh_map_wish){.tile = s.tile, .n_tile = 1};
    s.pop[1].wish = &s.wish[0], s.pop[2].wish = &s.wish[1];
    const nh_map_plan *p = plan(&s, 1);
    cr_assert_not(p->certificate.failed);
    cr_assert_eq(p->piece[0].core, p->piece[1].core);
    cr_assert(p->piece[0].x == 2 && p->piece[0].y == 1);
    nh_arena_free(s.a);
}

Test(wish, two_layers_on_a_tile_that_is_too_small_take_turns_where_contexts_are_allowed) {
    state s;
    begin(&s);
    s.f.synapses = 140;
    s.wish[0] = s.wish[1] = (nh_map_wish){.tile = s.tile, .n_tile = 1};
    s.pop[1].wish = &s.wish[0], s.pop[2].wish = &s.wish[1];
    const nh_map_plan *p = plan(&s, 0);
    cr_assert_not(p->certificate.failed);
    cr_assert_eq(p->n_context, 2);
    nh_arena_free(s.a);
}

/* a may be anywhere in a column of two tiles, and has two cores there; b is on one of them, and the other way round it
 * would not go. */
Test(wish, regions_leave_tiles_to_who_needs_them) {
    state s;
    begin(&s);
    s.f.synapses = 64; /* a: 2 cores of 3 words; b: 4 x 12 = 48 fits no core of a */
    s.tile[0] = (nh_tile){0, 0};
    s.wish[0] = (nh_map_wish){.region = {0, 0, 3, 1}, .n_region = 4};
    s.wish[1] = (nh_map_wish){.tile = s.tile, .n_tile = 1};
    s.pop[1].wish = &s.wish[0], s.pop[2].wish = &s.wish[1];
    const nh_map_plan *p = plan(&s, 1);
    cr_assert_not(p->certificate.failed);
    cr_assert_eq(p->first_piece[2] - p->first_piece[1], 2);
    for (int k = 0; k < 2; k++) cr_assert(p->piece[k].y == 0 && p->piece[k].x > 0);
    nh_arena_free(s.a);
}

Test(wish, two_cores_of_a_layer_on_one_tile) {
    state s;
    begin(&s);
    s.tile[0] = (nh_tile){1, 1}, s.tile[1] = (nh_tile){0, 1}, s.tile[2] = (nh_tile){1, 1};
    s.wish[0] = (nh_map_wish){.tile = s.tile, .n_tile = 3};
    s.pop[1].wish = &s.wish[0];
    fails(&s, 0, NH_P_MAP_WISH, "a", "cores on one tile", 2, 1);
}
