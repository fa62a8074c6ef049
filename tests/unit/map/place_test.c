/* Placement of small networks: no way to put their layers on tiles is cheaper. Words times hops, counted here: the
 * host's port is at the west of tile (0, 0), a hop is a link, and a word of the host takes the port as long as 8 hops.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "map.h"

enum { LAYERS = 4, X = 3, Y = 2, TILES = X * Y };

static const int64_t threshold = 3;

typedef struct {
    int64_t inputs[LAYERS]; /* that only this layer reads */
    int64_t size[LAYERS];
    int reader[LAYERS]; /* the one layer behind it, or LAYERS: the host */
} tree;

static int to_host(int tile) { return tile % X + tile / X + 1; }

static int between(int a, int b) { return abs(a % X - b % X) + abs(a / X - b / X); }

static int64_t cost(const tree *t, const int *tile) {
    int64_t sum = 0;
    for (int i = 0; i < LAYERS; i++) {
        sum += t->inputs[i] * (to_host(tile[i]) + 8);
        sum += t->size[i] * (t->reader[i] == LAYERS ? to_host(tile[i]) : between(tile[i], tile[t->reader[i]]));
    }
    return sum;
}

static int64_t least(const tree *t, int *tile, int n) {
    if (n == LAYERS) return cost(t, tile);
    int64_t best = INT64_MAX;
    for (tile[n] = 0; tile[n] < TILES; tile[n]++) {
        bool taken = false;
        for (int i = 0; i < n; i++) taken |= tile[i] == tile[n];
        int64_t now = taken ? INT64_MAX : least(t, tile, n + 1);
        if (now < best) best = now;
    }
    return best;
}

static nh_population pop(const char *name, nh_population_kind kind, int64_t n) {
    nh_population p = {.name = name, .kind = kind, .c = n, .h = 1, .w = 1, .out_bits = 1, .rate = -1};
    p.param[0] = &threshold;
    p.n_param[0] = 1;
    return p;
}

static int64_t mapped(nh_arena *a, const tree *t) {
    static const char *const name[] = {"in0", "in1", "in2", "in3", "l0", "l1", "l2", "l3"};
    nh_population p[2 * LAYERS];
    nh_projection q[2 * LAYERS];
    nh_event_net n = {.name = "n", .steps = 4, .pop = p, .n_pop = 2 * LAYERS, .proj = q};
    for (int i = 0; i < LAYERS; i++) {
        p[i] = pop(name[i], NH_POP_INPUT, t->inputs[i]);
        p[LAYERS + i] = pop(name[LAYERS + i], NH_POP_NEURONS, t->size[i]);
        p[LAYERS + i].is_output = t->reader[i] == LAYERS;
        q[n.n_proj++] = (nh_projection){.name = "q", .kind = NH_PROJ_DENSE, .from = i, .to = LAYERS + i, .constant = 1};
        if (t->reader[i] < LAYERS)
            q[n.n_proj++] = (nh_projection){
                .name = "q", .kind = NH_PROJ_DENSE, .from = LAYERS + i, .to = LAYERS + t->reader[i], .constant = 1};
    }
    nh_fabric f = {.name = "f",
                   .mesh_x = X,
                   .mesh_y = Y,
                   .lanes = 1,
                   .neurons = 64,
                   .axons = 512,
                   .synapses = 8192,
                   .routes = 64,
                   .groups = 4,
                   .params = 64,
                   .delays = 8,
                   .queue = 16,
                   .weight_bits = 8,
                   .accum_bits = 24,
                   .accumulators = 1,
                   .payload_bits = 1,
                   .n_model = 1};
    nh_diag *d = nh_diag_new(a);
    nh_map_plan *m = nh_map_make(a, d, &n, &f, &(nh_map_options){.most_contexts = 1, .share = NH_SHARE_NEVER});
    nh_diag_print(d, NH_WARNING, false, stderr);
    cr_assert_not(m->certificate.failed);
    cr_assert_not_null(nh_map_fill(a, d, &n, &f, m)); /* which places them */
    cr_assert_eq(m->n_piece, LAYERS);
    int tile[LAYERS];
    for (int k = 0; k < LAYERS; k++) tile[m->piece[k].pop - LAYERS] = m->piece[k].y * X + m->piece[k].x;
    return cost(t, tile);
}

Test(place, no_other_tiles_are_cheaper, .timeout = 120) {
    uint32_t s = 11;
    for (int trial = 0; trial < 40; trial++) {
        nh_arena *a = nh_arena_new();
        tree t;
        int tile[LAYERS];
        for (int i = 0; i < LAYERS; i++) {
            s = s * 1664525u + 1013904223u;
            t.inputs[i] = 1 + (s >> 8) % 60;
            t.size[i] = 1 + (s >> 16) % 40;
            t.reader[i] = i + 1 + (int)((s >> 24) % 7) % (LAYERS - i);
        }
        int64_t got = mapped(a, &t), best = least(&t, tile, 0);
        cr_expect_eq(got, best, "network %d: %ld, best is %ld", trial, (long)got, (long)best);
        nh_arena_free(a);
    }
}
