/* The map as JSON and as a picture. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "map_report.h"

/* Every element that is opened is closed, in order. */
static void expect_balanced(const char *svg) {
    const char *open[64];
    int depth = 0;
    for (const char *at = svg; (at = strchr(at, '<')); at++) {
        const char *end = strchr(at, '>');
        cr_assert_not_null(end);
        size_t name = strcspn(at + 1 + (at[1] == '/'), " />");
        if (at[1] == '/') {
            cr_assert_gt(depth, 0, "%.40s", at);
            depth--;
            cr_assert_eq(strcspn(open[depth], " />"), name, "%.40s", at);
            cr_assert_eq(strncmp(open[depth], at + 2, name), 0, "%.40s", at);
        } else if (end[-1] != '/') {
            cr_assert_lt(depth, 64);
            open[depth++] = at + 1;
        }
    }
    cr_assert_eq(depth, 0);
}

Test(map_report, json_parses_and_the_picture_has_every_core) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_population pop[3] = {
        {.name = "in", .kind = NH_POP_INPUT, .c = 10, .h = 1, .w = 1, .out_bits = 1, .rate = -1},
        {.name = "hid<den", .kind = NH_POP_NEURONS, .c = 20, .h = 1, .w = 1, .out_bits = 1, .rate = -1},
        {.name = "out", .kind = NH_POP_NEURONS, .c = 4, .h = 1, .w = 1, .out_bits = 1, .is_output = true, .rate = 0.1}};
    nh_projection proj[2] = {{.name = "a", .kind = NH_PROJ_DENSE, .from = 0, .to = 1, .constant = 1},
                             {.name = "b", .kind = NH_PROJ_DENSE, .from = 1, .to = 2, .constant = 1}};
    nh_event_net net = {.name = "t", .steps = 3, .pop = pop, .n_pop = 3, .proj = proj, .n_proj = 2};
    nh_fabric f = {.mesh_x = 2,
                   .mesh_y = 2,
                   .lanes = 2,
                   .neurons = 16,
                   .axons = 64,
                   .synapses = 512,
                   .routes = 8,
                   .groups = 1,
                   .params = 8,
                   .delays = 2,
                   .weight_bits = 8,
                   .accum_bits = 16,
                   .accumulators = 1,
                   .payload_bits = 1};
    nh_map_plan *p = nh_map_make(a, d, &net, &f, &(nh_map_options){.most_contexts = 1});
    nh_image *m = nh_map_fill(a, d, &net, &f, p);
    cr_assert(m);
    json_t *root = json_loads(nh_map_json(a, p, &net, &f), 0, NULL);
    cr_assert(root);
    cr_assert_eq(json_array_size(json_object_get(root, "cores")), 3); /* 20 neurons need two cores of 16 */
    char *svg = NULL;
    size_t size;
    FILE *out = open_memstream(&svg, &size);
    nh_svg_mesh(a, p, &net, &f, m, 0, out);
    fclose(out);
    int tiles = 0;
    for (const char *s = svg; (s = strstr(s, "<title>core (")); s++) tiles++;
    cr_assert_eq(tiles, 3);
    cr_assert(strstr(svg, "<line"));
    cr_assert_null(strstr(svg, "hid<den"));
    expect_balanced(svg);
    const char *legend = strstr(svg, "width=\"14\"");
    cr_assert_not_null(legend);
    cr_assert_not_null(strstr(legend + 1, "width=\"14\"")); /* a square for each of two layers */
    cr_assert_not_null(strstr(legend, ">hid_den</text>"));
    cr_assert_not_null(strstr(legend, ">out</text>"));
    free(svg);
    json_decref(root);
    nh_arena_free(a);
}
