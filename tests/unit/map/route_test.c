/* map/route: links that events cross, counted by hand on the tree that docs/fabric.md draws: along x to the rectangle
 * and through it, then up and down in each of its columns. */
#include <criterion/criterion.h>

#include "route.h"

Test(route, a_tree_has_a_branch_per_column) {
    static const struct {
        int x, y;
        nh_rect to;
        double hops;
    } row[] = {
        {2, 1, {.x0 = 2, .y0 = 1, .x1 = 2, .y1 = 1}, 0},         /* its own tile */
        {0, 0, {.x0 = 3, .y0 = 0, .x1 = 3, .y1 = 0}, 3},         /* along x */
        {0, 0, {.x0 = 0, .y0 = 0, .x1 = 0, .y1 = 2}, 2},         /* along y */
        {0, 0, {.x0 = 1, .y0 = 2, .x1 = 3, .y1 = 2}, 3 + 3 * 2}, /* 3 columns, 2 links up in each */
        {2, 2, {.x0 = 1, .y0 = 0, .x1 = 3, .y1 = 3}, 1 + 1 + 3 * (2 + 1)},
        {4, 0, {.x0 = 0, .y0 = 1, .x1 = 1, .y1 = 1}, 4 + 2 * 1},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        nh_map_piece from = {.x = row[i].x, .y = row[i].y};
        cr_expect_eq(nh_map_hops(&from, &(nh_route){.to = row[i].to}), row[i].hops, "%zu", i);
        if (from.x == 0 && from.y == 0) cr_expect_eq(nh_map_host_hops(row[i].to), 1 + row[i].hops, "%zu", i);
    }
    cr_expect_eq(nh_map_hops(&(nh_map_piece){.x = 3, .y = 2}, &(nh_route){.to_host = true}), 3 + 2 + 1);
}
