/* Which words of a source's piece a projection takes. By hand. */
#include <criterion/criterion.h>

#include "map_parts.h"

/* Columns 2 to 4 of row 1 of images of 8 columns: pixels 10, 11 and 12, of four channels in two words each. */
Test(rows, pixels_of_a_piece_count_from_its_first_row_and_column) {
    nh_population p = {.name = "in", .c = 4, .h = 4, .w = 8};
    nh_event_net n = {.pop = &p, .n_pop = 1};
    nh_map_piece piece = {.c = 4, .y0 = 1, .h = 1, .x0 = 2, .w = 3, .features = 2, .words = 6};
    static const struct {
        int64_t pixel0, pixels, channel0, channels, first, words;
    } want[] = {
        {0, 0, 0, 0, 0, 6}, /* everything */
        {11, 10, 0, 4, 2, 4}, {0, 11, 0, 4, 0, 2}, {10, 3, 0, 4, 0, 6},
        {0, 10, 0, 4, 0, 0},  {13, 9, 0, 4, 0, 0}, /* ends before it, begins behind it */
        {12, 1, 2, 2, 5, 1},                       /* the second word of the last pixel */
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        nh_projection q = {.pixel0 = want[i].pixel0,
                           .pixels = want[i].pixels,
                           .channel0 = want[i].channel0,
                           .channels = want[i].channels};
        int64_t first, words = nh_map_range(&n, &q, &piece, 2, &first);
        cr_expect_eq(words, want[i].words, "%zu: %ld words", i, (long)words);
        if (words > 0) cr_expect_eq(first, want[i].first, "%zu: from %ld on", i, (long)first);
    }
}
