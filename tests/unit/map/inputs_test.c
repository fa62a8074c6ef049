/* Words of the host: cores that take the same events get them by one, where their tiles are a rectangle. Counted by
 * hand. */
#include <criterion/criterion.h>

#include "map.h"

static const int64_t threshold = 3;

static nh_population pop(const char *name, nh_population_kind kind, int64_t c, int64_t h, int64_t w) {
    nh_population p = {.name = name,
                       .kind = kind,
                       .c = c,
                       .h = h,
                       .w = w,
                       .out_bits = 1,
                       .rate = -1,
                       .is_output = kind == NH_POP_NEURONS};
    p.param[0] = &threshold;
    p.n_param[0] = 1;
    return p;
}

static nh_fabric fabric(int x, int y) {
    return (nh_fabric){.name = "f",
                       .mesh_x = x,
                       .mesh_y = y,
                       .lanes = 1,
                       .neurons = 64,
                       .axons = 512,
                       .synapses = 8192,
                       .convs = 2,
                       .routes = 64,
                       .groups = 4,
                       .params = 64,
                       .delays = 4,
                       .queue = 16,
                       .weight_bits = 8,
                       .accum_bits = 24,
                       .accumulators = 1,
                       .payload_bits = 1,
                       .conv_y_bits = 4,
                       .conv_x_bits = 4,
                       .conv_c_bits = 4,
                       .n_model = 1};
}

/* Words a step with multicast; without: *alone. */
static double words(nh_arena *a, const nh_event_net *n, const nh_fabric *f, double *alone) {
    nh_diag *d = nh_diag_new(a);
    nh_map_plan *p = nh_map_make(a, d, n, f, &(nh_map_options){.most_contexts = 1, .share = NH_SHARE_NEVER});
    cr_assert_not_null(nh_map_fill(a, d, n, f, p));
    *alone = p->host_words_alone;
    return p->host_words;
}

/* 8 x 8 pixels, 3 x 3 taps, 4 cores with 2 rows each: they read 3, 4, 4 and 3 rows of the 8. */
Test(inputs, rows_that_two_regions_read_are_sent_once) {
    nh_arena *a = nh_arena_new();
    nh_population p[2] = {pop("in", NH_POP_INPUT, 1, 8, 8), pop("conv", NH_POP_NEURONS, 1, 8, 8)};
    nh_projection q = {.name = "conv",
                       .kind = NH_PROJ_CONV,
                       .from = 0,
                       .to = 1,
                       .constant = 1,
                       .kh = 3,
                       .kw = 3,
                       .stride_y = 1,
                       .stride_x = 1,
                       .dilation_y = 1,
                       .dilation_x = 1,
                       .pad_y = 1,
                       .pad_x = 1};
    nh_event_net n = {.name = "n", .steps = 4, .pop = p, .n_pop = 2, .proj = &q, .n_proj = 1};
    nh_fabric f = fabric(1, 4);
    double alone;
    f.neurons = 16;
    cr_assert_float_eq(words(a, &n, &f, &alone), 8 * 8, 0.5);
    cr_assert_float_eq(alone, 14 * 8, 0.5);
    nh_arena_free(a);
}

/* 30 inputs to three cores on an L of tiles: no rectangle, two are. */
Test(inputs, tiles_that_are_no_rectangle_take_as_few_as_it_goes) {
    nh_arena *a = nh_arena_new();
    static const nh_tile tile[3] = {{0, 0}, {1, 0}, {0, 1}};
    nh_map_wish w = {.tile = tile, .n_tile = 3};
    nh_population p[2] = {pop("in", NH_POP_INPUT, 30, 1, 1), pop("fc", NH_POP_NEURONS, 12, 1, 1)};
    nh_projection q = {.name = "fc", .kind = NH_PROJ_DENSE, .from = 0, .to = 1, .constant = 1};
    nh_event_net n = {.name = "n", .steps = 4, .pop = p, .n_pop = 2, .proj = &q, .n_proj = 1};
    nh_fabric f = fabric(2, 2);
    double alone;
    p[1].wish = &w;
    cr_assert_float_eq(words(a, &n, &f, &alone), 60, 0.5);
    cr_assert_float_eq(alone, 90, 0.5);
    nh_arena_free(a);
}

/* Two layers that read all inputs have them at the same axons and tick: one word serves both. A delay of one of them:
 * not any more. */
Test(inputs, layers_that_read_the_same_get_it_by_the_same_word) {
    for (int delay = 0; delay < 2; delay++) {
        nh_arena *a = nh_arena_new();
        nh_population p[3] = {pop("in", NH_POP_INPUT, 30, 1, 1), pop("a", NH_POP_NEURONS, 12, 1, 1),
                              pop("b", NH_POP_NEURONS, 20, 1, 1)};
        nh_projection q[2] = {{.name = "a", .kind = NH_PROJ_DENSE, .from = 0, .to = 1, .constant = 1},
                              {.name = "b", .kind = NH_PROJ_DENSE, .from = 0, .to = 2, .constant = 1}};
        nh_event_net n = {.name = "n", .steps = 4, .pop = p, .n_pop = 3, .proj = q, .n_proj = 2};
        nh_fabric f = fabric(2, 1);
        double alone;
        q[1].delay = delay;
        cr_assert_float_eq(words(a, &n, &f, &alone), delay ? 60 : 30, 0.5);
        cr_assert_float_eq(alone, 60, 0.5);
        nh_arena_free(a);
    }
}
