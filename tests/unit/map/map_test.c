/* Plans and images: the image, executed here event by event as docs/fabric.md says, does what plain loops over the
 * network do. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "from_graph.h"
#include "map.h"

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static nh_fabric loihi(int x, int y, int64_t neurons) {
    return (nh_fabric){.name = "loihi2-like",
                       .mesh_x = x,
                       .mesh_y = y,
                       .lanes = 1,
                       .neurons = neurons,
                       .axons = 16384,
                       .synapses = 131072,
                       .convs = 16,
                       .routes = 256,
                       .groups = 8,
                       .params = neurons,
                       .delays = 16,
                       .queue = 64,
                       .sparse = true,
                       .weight_bits = 8,
                       .accum_bits = 24,
                       .accumulators = 1,
                       .payload_bits = 1,
                       .conv_y_bits = 9,
                       .conv_x_bits = 9,
                       .conv_c_bits = 10,
                       .n_model = 1};
}

static const int64_t threshold = 3;

static nh_population pop(const char *name, int64_t c, int64_t h, int64_t w) {
    nh_population p = {.name = name, .kind = NH_POP_NEURONS, .c = c, .h = h, .w = w, .out_bits = 1, .rate = -1};
    p.param[0] = &threshold;
    p.n_param[0] = 1;
    return p;
}

static nh_projection dense(const char *name, int from, int to) {
    return (nh_projection){.name = name, .kind = NH_PROJ_DENSE, .from = from, .to = to, .constant = 1};
}

static nh_projection conv(const char *name, int from, int to, int64_t k, int64_t stride) {
    return (nh_projection){.name = name,
                           .kind = NH_PROJ_CONV,
                           .from = from,
                           .to = to,
                           .constant = 1,
                           .kh = k,
                           .kw = k,
                           .stride_y = stride,
                           .stride_x = stride,
                           .dilation_y = 1,
                           .dilation_x = 1,
                           .pad_y = k / 2,
                           .pad_x = k / 2};
}

static nh_event_net *seed6(nh_arena *a) {
    nh_event_net *n = NH_NEW(a, nh_event_net);
    n->pop = nh_arena_array(a, 7, sizeof *n->pop), n->proj = nh_arena_array(a, 6, sizeof *n->proj);
    nh_population p[7] = {pop("input", 1, 344, 260), pop("conv1", 4, 172, 130), pop("conv2", 8, 86, 65),
                          pop("conv3", 8, 43, 33),   pop("fc1", 1000, 1, 1),    pop("fc2", 250, 1, 1),
                          pop("fc3", 6, 1, 1)};
    nh_projection q[6] = {conv("conv1", 0, 1, 3, 2), conv("conv2", 1, 2, 3, 2), conv("conv3", 2, 3, 3, 2),
                          dense("fc1", 3, 4),        dense("fc2", 4, 5),        dense("fc3", 5, 6)};
    p[0].kind = NH_POP_INPUT, p[6].is_output = true;
    memcpy(n->pop, p, sizeof p), memcpy(n->proj, q, sizeof q);
    n->name = "seed6", n->steps = 32, n->n_pop = 7, n->n_proj = 6;
    return n;
}

Test(map, seed6_fits_120_cores_of_a_loihi2_like_fabric) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_event_net *n = seed6(a);
    nh_fabric f = loihi(16, 8, 8192);
    f.sparse = false; /* 128 KiB are 131072 words of 8 bits, without names */
    double t = now();
    nh_map_plan *p = nh_map_make(a, d, n, &f, &(nh_map_options){.most_contexts = 1});
    double planned = now() - t;
    nh_image *m = nh_map_fill(a, d, n, &f, p);
    fprintf(stderr, "plan %.3f s, image %.3f s, routes %ld\n", planned, now() - t - planned, (long)p->routes_most);
    nh_map_print(p, n, &f, stderr);
    nh_diag_print(d, NH_NOTE, false, stderr);
    cr_assert(m);
    cr_assert_leq(p->n_piece, 120);
    nh_arena_free(a);
}

Test(map, seed6_runs_on_4x4_cores_by_contexts) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_event_net *n = seed6(a);
    nh_fabric f = loihi(4, 4, 8192);
    nh_map_plan *p = nh_map_make(a, d, n, &f, &(nh_map_options){.most_contexts = 0});
    nh_image *m = nh_map_fill(a, d, n, &f, p);
    nh_diag_print(d, NH_NOTE, false, stderr);
    cr_assert(m);
    cr_assert_geq(p->n_context, 8); /* 114 cores of work, 16 at a time */
    for (int c = 0; c < m->n_context; c++) cr_assert_leq(m->context[c].n_core, 16);
    fprintf(stderr, "4x4: %d contexts\n", p->n_context);
    nh_arena_free(a);
}

Test(map, seed6_with_4095_neurons_per_core_has_a_certificate) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_event_net *n = seed6(a);
    nh_fabric f = loihi(16, 8, 4095);
    nh_map_plan *p = nh_map_make(a, d, n, &f, &(nh_map_options){.most_contexts = 1});
    nh_map_print(p, n, &f, stderr);
    nh_diag_print(d, NH_NOTE, false, stderr);
    cr_assert(p->certificate.failed);
    cr_assert_eq(nh_diag_exit(d), NH_EXIT_REQUIREMENT);
    cr_assert_eq(p->certificate.available, 128);
    cr_assert_gt(p->certificate.needed, 128);
    cr_assert_str_eq(p->certificate.lever[p->certificate.smallest].lever,
                     "mesh: [16, 9]"); /* the least of all relative changes: 9/8 */
    nh_arena_free(a);
}

/* To ten million neurons where scripts/bench/mapper.py asks for it. */
Test(map, memory_grows_linearly_with_neurons) {
    int64_t most = getenv("NEUROHLS_BENCH") ? 10000000 : 1000000;
    double first = 0;
    for (int64_t size = 100000; size <= most; size *= 10) {
        nh_arena *a = nh_arena_new();
        nh_diag *d = nh_diag_new(a);
        int layers = (int)(size / 10000);
        nh_event_net n = {.name = "large", .steps = 16, .n_pop = layers + 1, .n_proj = layers};
        n.pop = nh_arena_array(a, (size_t)layers + 1, sizeof *n.pop),
        n.proj = nh_arena_array(a, (size_t)layers, sizeof *n.proj);
        for (int i = 0; i <= layers; i++) n.pop[i] = i % 2 ? pop("dense", 10000, 1, 1) : pop("conv", 4, 50, 50);
        n.pop[0].kind = NH_POP_INPUT;
        for (int i = 0; i < layers; i++) n.proj[i] = dense("fc", i, i + 1);
        nh_fabric f = loihi(32, 32, 8192);
        double t = now();
        nh_map_plan *p = nh_map_make(a, d, &n, &f, &(nh_map_options){.most_contexts = 0});
        t = now() - t;
        fprintf(stderr, "%ld neurons: %.3f s, %.1f MB, %ld cores, %d contexts\n", (long)size, t,
                (double)nh_arena_used(a) / 1e6, (long)p->n_piece, p->n_context);
        cr_assert_not(p->certificate.failed);
        double used = (double)nh_arena_used(a) / (double)size;
        if (size == 100000)
            first = used;
        else
            cr_assert_lt(used, 2 * first);
        nh_arena_free(a);
    }
}

Test(map, a_convolutional_network_of_ten_million_neurons_maps) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_event_net n = {.name = "large", .steps = 16, .n_pop = 11, .n_proj = 10};
    n.pop = nh_arena_array(a, 11, sizeof *n.pop), n.proj = nh_arena_array(a, 10, sizeof *n.proj);
    for (int i = 0; i <= 10; i++) n.pop[i] = pop("conv", 16, 250, 250);
    n.pop[0].kind = NH_POP_INPUT, n.pop[10].is_output = true;
    for (int i = 0; i < 10; i++) n.proj[i] = conv("conv", i, i + 1, 3, 1);
    nh_fabric f = loihi(32, 32, 16384);
    double t = now();
    nh_map_plan *p = nh_map_make(a, d, &n, &f, &(nh_map_options){.most_contexts = 0});
    double planned = now() - t;
    cr_assert(nh_map_fill(a, d, &n, &f, p));
    fprintf(stderr, "10 M convolutional neurons: plan %.3f s, image %.3f s, %ld cores, %d contexts, %ld routes\n",
            planned, now() - t - planned, (long)p->n_piece, p->n_context, (long)p->routes_most);
    nh_arena_free(a);
}

/* What goes wrong, and the code that says so. */
static nh_code failure(nh_event_net *n, const nh_fabric *f) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_map_plan *p = nh_map_make(a, d, n, f, &(nh_map_options){.most_contexts = 0});
    cr_assert_null(nh_map_fill(a, d, n, f, p));
    cr_assert_geq(d->count, 1);
    nh_code code = d->item[0].code;
    nh_arena_free(a);
    return code;
}

Test(map, every_limit_has_its_certificate) {
    nh_arena *a = nh_arena_new();
    nh_event_net *n = seed6(a);
    nh_fabric f = loihi(16, 8, 8192);
    f.axons = 11351; /* fc1 has 11352 inputs, spikes are all that this fabric sends */
    cr_assert_eq(failure(n, &f), NH_P_MAP_SUM);
    f = loihi(16, 8, 8192), f.synapses = 11351;
    cr_assert_eq(failure(n, &f), NH_P_MAP_SUM);
    nh_population few[2] = {pop("input", 40, 1, 1), pop("fc", 4, 1, 1)};
    nh_projection fc = dense("fc", 0, 1);
    nh_event_net small = {.name = "small", .steps = 1, .pop = few, .n_pop = 2, .proj = &fc, .n_proj = 1};
    few[0].kind = NH_POP_INPUT;
    f = loihi(16, 8, 8192), f.axons = 1; /* not even two partial sums */
    cr_assert_eq(failure(&small, &f), NH_P_MAP_NEURON);
    f = loihi(16, 8, 8192), f.accum_bits = 14; /* 11352 > 8191 */
    cr_assert_eq(failure(n, &f), NH_P_MAP_ACCUM);
    f = loihi(16, 8, 8192), n->proj[5].constant = 128;
    cr_assert_eq(failure(n, &f), NH_P_MAP_WEIGHT);
    n->proj[5].constant = 1, f.routes = 1;
    cr_assert_eq(failure(n, &f), NH_P_MAP_TABLE);
    f = loihi(16, 8, 8192), n->proj[4].delay = 40; /* fc2 may start 3 ticks before fc1: 37 steps are left */
    cr_assert_eq(failure(n, &f), NH_P_MAP_DELAY);
    n->proj[4] = dense("loop", 4, 4);
    cr_assert_eq(failure(n, &f), NH_P_MAP_LOOP);
    nh_arena_free(a);
}

/* --- meaning ----------------------------------------------------------------------------------------------------- */

static uint32_t rng(uint32_t *s) { return *s = *s * 1664525u + 1013904223u, *s >> 8; }

/* What the network means: integrate and fire, reset by subtraction; y[pop][step][element]. */
static void evaluate(const nh_event_net *n, int32_t ***y) {
    int64_t **v = calloc((size_t)n->n_pop, sizeof *v);
    for (int p = 0; p < n->n_pop; p++) v[p] = calloc((size_t)nh_population_size(&n->pop[p]), sizeof **v);
    for (int64_t s = 0; s < n->steps; s++)
        for (int p = 1; p < n->n_pop; p++) {
            const nh_population *to = &n->pop[p];
            for (int i = 0; i < n->n_proj; i++) {
                const nh_projection *q = &n->proj[i];
                const nh_population *fr = &n->pop[q->from];
                if (q->to != p || s < q->delay) continue;
                const int32_t *x = y[q->from][s - q->delay];
                if (q->kind == NH_PROJ_SPARSE)
                    for (int64_t k = 0; k < q->n_entry; k++) v[p][q->target[k]] += q->weight[k] * x[q->source[k]];
                if (q->kind == NH_PROJ_DENSE)
                    for (int64_t t = 0; t < nh_population_size(to); t++)
                        for (int64_t k = 0; k < nh_population_size(fr); k++)
                            v[p][t] += q->weight[t * nh_population_size(fr) + k] * x[k];
                if (q->kind == NH_PROJ_CONV)
                    for (int64_t t = 0; t < nh_population_size(to); t++)
                        for (int64_t ci = 0; ci < fr->c; ci++)
                            for (int64_t ky = 0; ky < q->kh; ky++)
                                for (int64_t kx = 0; kx < q->kw; kx++) {
                                    int64_t co = t / (to->h * to->w),
                                            iy = t / to->w % to->h * q->stride_y - q->pad_y + ky * q->dilation_y,
                                            ix = t % to->w * q->stride_x - q->pad_x + kx * q->dilation_x;
                                    if (iy < 0 || iy >= fr->h || ix < 0 || ix >= fr->w) continue;
                                    v[p][t] += q->weight[((co * fr->c + ci) * q->kh + ky) * q->kw + kx] *
                                               x[(ci * fr->h + iy) * fr->w + ix];
                                }
            }
            for (int64_t t = 0; t < nh_population_size(to); t++)
                if (v[p][t] >= 3) y[p][s][t] = 1, v[p][t] -= 3;
        }
}

typedef struct {
    int64_t acc[256], v[256];
    int32_t out[64][256];
} core_state;

static void accumulate(const nh_fabric *f, const nh_core_image *c, core_state *k, int64_t addr, int64_t payload) {
    int bits = 1 + f->conv_y_bits + f->conv_x_bits + f->conv_c_bits, db = 1; /* of descriptor onwards */
    while ((1 << db) < f->convs) db++;
    bits = bits - 1 + db;
    int ab = 1;
    while (((int64_t)1 << ab) < f->axons) ab++;
    if (f->convs && ab > bits) bits = ab;
    if (!f->convs || !(addr >> bits)) {
        addr &= ((int64_t)1 << bits) - 1;
        if (addr >= c->n_axon || !c->axon[addr].valid) return;
        const nh_axon *x = &c->axon[addr];
        for (int64_t i = 0; i < x->words; i++)
            for (int l = 0; l < f->lanes; l++)
                k->acc[(x->sparse ? c->synapse_acc[x->synapse + i] : x->acc + i) * f->lanes + l] +=
                    payload * c->weight[(x->synapse + i) * f->lanes + l];
        return;
    }
    int64_t ch = addr & ((1 << f->conv_c_bits) - 1), x = addr >> f->conv_c_bits & ((1 << f->conv_x_bits) - 1),
            y = addr >> (f->conv_c_bits + f->conv_x_bits) & ((1 << f->conv_y_bits) - 1),
            de = addr >> (f->conv_c_bits + f->conv_x_bits + f->conv_y_bits) & ((1 << db) - 1);
    cr_assert_lt(de, c->n_conv);
    const nh_conv_axon *v = &c->conv[de];
    for (int64_t ky = 0; ky < v->kh; ky++)
        for (int64_t kx = 0; kx < v->kw; kx++) {
            int64_t oy = y + v->pad_y - ky * v->dilation_y, ox = x + v->pad_x - kx * v->dilation_x;
            if (oy < 0 || ox < 0 || oy % v->stride_y || ox % v->stride_x) continue;
            oy = oy / v->stride_y - v->y0, ox = ox / v->stride_x - v->x0;
            if (oy < 0 || ox < 0 || oy >= v->h || ox >= v->w) continue;
            for (int64_t w = 0; w < v->features * f->lanes; w++)
                k->acc[(v->acc + (oy * v->w + ox) * v->features) * f->lanes + w] +=
                    payload *
                    c->weight[(v->synapse + ch * v->channel_words + (ky * v->kw + kx) * v->features) * f->lanes + w];
        }
}

static void deliver(const nh_fabric *f, nh_context *x, core_state *k, nh_rect to, int64_t addr, int64_t payload) {
    for (int i = 0; i < x->n_core; i++)
        if (x->core[i].x >= to.x0 && x->core[i].x <= to.x1 && x->core[i].y >= to.y0 && x->core[i].y <= to.y1)
            accumulate(f, &x->core[i], &k[i], addr, payload);
}

static int find(const nh_event_net *n, const char *name) {
    int i = 0;
    while (n->pop[i].name != name) i++;
    return i;
}

static void feed(const nh_event_net *n, const nh_fabric *f, nh_context *x, core_state *k, int64_t tick, int64_t period,
                 int32_t ***z) {
    for (int64_t i = 0; i < x->n_input; i++) {
        const nh_input_entry *e = &x->input[i];
        int64_t s = (tick - e->delay) / period;
        if (tick < e->delay || (tick - e->delay) % period || s >= n->steps) continue;
        for (int64_t j = e->first; j < e->first + e->count; j++) {
            int64_t c = j / (e->h * e->w), y = j / e->w % e->h, xx = j % e->w;
            int32_t payload = z[find(n, e->tensor)][s][j];
            if (!payload) continue;
            if (!e->is_conv)
                deliver(f, x, k, e->to, e->base + j - e->first, payload);
            else if (y >= e->y_from && y < e->y_to)
                deliver(f, x, k, e->to, e->base + (y << (f->conv_x_bits + f->conv_c_bits)) + (xx << f->conv_c_bits) + c,
                        payload);
        }
    }
}

static void host(const nh_event_net *n, nh_context *x, int64_t addr, int32_t payload, int64_t tick, int32_t ***z) {
    for (int64_t i = 0; i < x->n_output; i++) {
        const nh_output_entry *o = &x->output[i];
        if (addr < o->first || addr >= o->first + o->count) continue;
        int64_t s = (tick - o->start) / o->period;
        if (s < n->steps) z[find(n, o->tensor)][s][addr - o->first + o->element] += payload;
    }
}

static int model_of(const nh_core_image *c, int64_t word) {
    int64_t g = 0;
    while (word >= c->group[g].words) word -= c->group[g++].words;
    return c->group[g].model;
}

static void run(const nh_event_net *n, const nh_image *m, int32_t ***z) {
    const nh_fabric *f = &m->fabric;
    for (int ci = 0; ci < m->n_context; ci++) {
        nh_context *x = &m->context[ci];
        core_state *k = calloc((size_t)x->n_core, sizeof *k);
        for (int64_t tick = 0; tick < x->ticks; tick++) {
            feed(n, f, x, k, tick, x->core[0].period, z);
            for (int i = 0; i < x->n_core; i++) {
                const nh_core_image *c = &x->core[i];
                if (tick < c->start || (tick - c->start) % c->period) continue;
                for (int64_t j = 0; j < c->words * f->lanes; j++) {
                    int32_t *o = &k[i].out[(tick - c->start) / c->period][j];
                    int64_t in = k[i].acc[j];
                    k[i].acc[j] = 0;
                    if (model_of(c, j / f->lanes) == 1) {
                        cr_assert_lt(llabs(in), (int64_t)1 << (f->payload_bits - 1));
                        *o = (int32_t)in;
                        continue;
                    }
                    k[i].v[j] += in;
                    *o = k[i].v[j] >= 3;
                    if (*o) k[i].v[j] -= 3;
                }
            }
            for (int i = 0; i < x->n_core; i++) {
                const nh_core_image *c = &x->core[i];
                if (tick < c->start || (tick - c->start) % c->period) continue;
                for (int64_t ri = 0; ri < c->n_route; ri++) {
                    const nh_route *r = &c->route[ri];
                    int64_t s = (tick - c->start) / c->period - r->delay;
                    cr_assert_lt(r->delay, f->delays);
                    for (int64_t w = 0; s >= 0 && w < r->words; w++)
                        for (int l = 0; l < f->lanes; l++) {
                            int64_t pw = w % r->pixel_words, px = w / r->pixel_words;
                            int32_t payload = k[i].out[s][(r->first + w) * f->lanes + l];
                            if (!payload) continue;
                            if (r->is_conv ? pw * f->lanes + l >= r->limit : w * f->lanes + l >= r->limit) continue;
                            int64_t addr = r->is_conv
                                               ? r->base + pw * f->lanes + l + (px % r->width << f->conv_c_bits) +
                                                     (px / r->width << (f->conv_c_bits + f->conv_x_bits))
                                               : r->base + w * f->lanes + l;
                            if (r->to_host)
                                host(n, x, addr, payload, tick, z);
                            else
                                deliver(f, x, k, r->to, addr, payload);
                        }
                }
            }
        }
        free(k);
    }
}

static int32_t *weights(nh_arena *a, uint32_t *s, int64_t n) {
    int32_t *w = nh_arena_array(a, (size_t)n, sizeof *w);
    for (int64_t i = 0; i < n; i++) w[i] = (int32_t)(rng(s) % 7) - 2;
    return w;
}

/* input -> conv (random kernel, stride) -> dense, sparse, a skip, a loop. */
static nh_event_net *random_net(nh_arena *a, uint32_t *s) {
    nh_event_net *n = NH_NEW(a, nh_event_net);
    n->pop = nh_arena_array(a, 5, sizeof *n->pop), n->proj = nh_arena_array(a, 6, sizeof *n->proj);
    n->name = "random", n->steps = 6, n->n_pop = 5, n->n_proj = 6;
    int64_t k = 1 + rng(s) % 3, st = 1 + rng(s) % 3, h = 5 + rng(s) % 4, w = 4 + rng(s) % 4, c1 = 1 + rng(s) % 5;
    n->pop[0] = pop("in", 1 + rng(s) % 2, h, w), n->pop[0].kind = NH_POP_INPUT;
    n->pop[1] = pop("c1", c1, (h + st - 1) / st, (w + st - 1) / st);
    n->pop[2] = pop("c2", 1 + rng(s) % 3, n->pop[1].h, n->pop[1].w);
    n->pop[3] = pop("d", 3 + rng(s) % 8, 1, 1), n->pop[4] = pop("out", 2 + rng(s) % 4, 1, 1);
    n->pop[4].is_output = true, n->pop[rng(s) % 3 + 1].is_output = true;
    for (int i = 1; i < 5; i++)
        n->pop[i].is_quiet =
            rng(s) % 4 > 0; /* these neurons always are; where the mapper may not rely on it, it must not */
    n->proj[0] = conv("c1", 0, 1, k, st), n->proj[1] = conv("c2", 1, 2, 3, 1), n->proj[2] = dense("d", 2, 3),
    n->proj[3] = dense("o", 3, 4);
    n->proj[4] = dense("loop", 3, 3), n->proj[4].delay = 1 + rng(s) % 2;
    if (rng(s) % 2) n->proj[4].from = 4; /* two cores in a loop: the period grows to 2 where the delay is 1 */
    n->proj[5] = dense("skip", 1, 4), n->proj[5].delay = rng(s) % 2;
    for (int i = 0; i < 6; i++) {
        nh_projection *q = &n->proj[i];
        int64_t nf = nh_population_size(&n->pop[q->from]), nt = nh_population_size(&n->pop[q->to]);
        if (i == 5 && rng(s) % 2) {
            int64_t *so = nh_arena_array(a, (size_t)(nf * nt), sizeof *so),
                    *ta = nh_arena_array(a, (size_t)(nf * nt), sizeof *ta);
            for (int64_t e = 0; e < nf * nt; e++)
                if (rng(s) % 3 == 0) so[q->n_entry] = e / nt, ta[q->n_entry++] = e % nt;
            q->kind = NH_PROJ_SPARSE, q->source = so, q->target = ta;
        }
        q->weight = weights(a, s, nf * nt + 200);
    }
    return n;
}

static int32_t ***values(nh_arena *a, const nh_event_net *n) {
    int32_t ***y = nh_arena_array(a, (size_t)n->n_pop, sizeof *y);
    for (int p = 0; p < n->n_pop; p++) {
        y[p] = nh_arena_array(a, (size_t)n->steps, sizeof **y);
        for (int64_t s = 0; s < n->steps; s++)
            y[p][s] = nh_arena_array(a, (size_t)nh_population_size(&n->pop[p]), sizeof ***y);
    }
    return y;
}

/* Run the image against the network; spikes of outputs, or -1 when it does not fit. */
static int compare(nh_arena *a, const nh_event_net *n, const nh_fabric *f, uint32_t *s, uint32_t seed,
                   const nh_map_plan **plan) {
    nh_diag *d = nh_diag_new(a);
    nh_map_plan *p = nh_map_make(a, d, n, f, &(nh_map_options){.most_contexts = 0});
    nh_image *m = nh_map_fill(a, d, n, f, p);
    int spikes = 0;
    cr_assert(m || d->n_error, "seed %u: no image and no reason", seed);
    *plan = p;
    if (!m) return -1;
    int32_t ***y = values(a, n), ***z = values(a, p->net);
    for (int64_t t = 0; t < n->steps; t++)
        for (int64_t e = 0; e < nh_population_size(&n->pop[0]); e++) y[0][t][e] = z[0][t][e] = rng(s) % 3 == 0;
    evaluate(n, y), run(p->net, m, z);
    for (int q = 1; q < n->n_pop; q++)
        for (int64_t t = 0; n->pop[q].is_output && t < n->steps; t++)
            for (int64_t e = 0; e < nh_population_size(&n->pop[q]); e++) {
                cr_assert_eq(y[q][t][e], z[q][t][e], "seed %u pop %s step %ld element %ld: %d, got %d", seed,
                             n->pop[q].name, (long)t, (long)e, y[q][t][e], z[q][t][e]);
                spikes += y[q][t][e];
            }
    return spikes;
}

Test(map, partial_sums_that_are_too_wide_say_how_many_bits_they_need) {
    nh_arena *a = nh_arena_new();
    nh_event_net *n = seed6(a);
    nh_fabric f = loihi(32, 32, 8192);
    f.axons = 4096,
    f.payload_bits = 8; /* fc1: 11,352 spikes of weight 1 in parts of 4,096: more than 12 bits and a sign hold */
    nh_diag *d = nh_diag_new(a);
    nh_map_plan *p = nh_map_make(a, d, n, &f, &(nh_map_options){.most_contexts = 0});
    cr_assert_eq(d->item[0].code, NH_P_MAP_SUM);
    cr_assert_eq(p->certificate.needed, 14);
    cr_assert_eq(p->certificate.available, 8);
    cr_assert_str_eq(p->certificate.lever[p->certificate.smallest].lever,
                     "payload_bits: 14, with the model 'sum'"); /* 1.75 times; axons: 2.77 */
    cr_assert(strstr(p->certificate.split, "needs 11352 axons, a core has 4096"));
    nh_diag_print(d, NH_NOTE, false, stderr);
    nh_map_print(p, n, &f, stderr);
    f.payload_bits = 14; /* and no model */
    p = nh_map_make(a, nh_diag_new(a), n, &f, &(nh_map_options){.most_contexts = 0});
    cr_assert_str_eq(p->certificate.resource, "models named 'sum'");
    cr_assert_eq(p->certificate.needed, 1);
    cr_assert_eq(p->certificate.available, 0);
    cr_assert(nh_map_splits(n, &f));
    cr_assert_eq(nh_fabric_add_sum(a, &f), 1);
    cr_assert_eq(nh_fabric_add_sum(a, &f), 1);
    p = nh_map_make(a, nh_diag_new(a), n, &f, &(nh_map_options){.most_contexts = 0});
    cr_assert_not(p->certificate.failed);
    cr_assert_str_eq(p->net->pop[7].name, "fc1.sum0");
    f.payload_bits = 1;
    f.n_model = 1;
    cr_assert_eq(nh_fabric_add_sum(a, &f), -1);
    nh_arena_free(a);
}

Test(map, the_cost_of_contexts_is_that_of_the_formula) {
    nh_arena *a = nh_arena_new();
    nh_population p[3] = {pop("in", 10, 1, 1), pop("a", 4, 1, 1), pop("b", 6, 1, 1)};
    nh_projection q[2] = {dense("a", 0, 1), dense("b", 1, 2)};
    nh_event_net n = {.name = "small", .steps = 16, .pop = p, .n_pop = 3, .proj = q, .n_proj = 2};
    nh_fabric f = loihi(1, 1, 8); /* a synapse word has 8 + 3 bits: a flit; an axon 17 + 3 + 4 + 2: two */
    p[0].kind = NH_POP_INPUT, p[2].is_output = true;
    nh_map_plan *plan = nh_map_make(a, nh_diag_new(a), &n, &f, &(nh_map_options){.most_contexts = 0});
    cr_assert_eq(plan->n_context, 2);
    /* a route has 3 + 4 of words, 4 of delays, 1, 4 of a rectangle, 1, 33 of an address, 4 of a limit, 4 + 10 of
     * pixels: 68 bits, 5 flits; each context has one, to the host */
    int64_t first = 10 * 4 + 10 * 2 + 16 * 10 + 16 * 4 + 16 + 3 + 5, second = 4 * 6 + 4 * 2 + 16 * 4 + 16 + 3 + 5;
    cr_assert_eq(plan->cost, first + second);
    nh_arena_free(a);
}

static nh_fabric random_fabric(uint32_t *s) {
    nh_fabric f = loihi(1 + (int)(rng(s) % 5), 1 + (int)(rng(s) % 5), 0);
    f.lanes = 1 << rng(s) % 3, f.neurons = f.params = f.lanes * (int64_t)(4 + rng(s) % 28), f.axons = 1024,
    f.synapses = 100 + rng(s) % 2000;
    f.convs = rng(s) % 3 ? 2 : 0, f.sparse = rng(s) % 2;
    return f;
}

Test(map, images_of_random_networks_do_what_the_networks_mean) {
    int fitted = 0, many = 0, spikes = 0, slow = 0;
    for (uint32_t seed = 1; seed <= 400; seed++) {
        nh_arena *a = nh_arena_new();
        uint32_t s = seed * 7919;
        const nh_event_net *n = random_net(a, &s);
        nh_fabric f = random_fabric(&s);
        const nh_map_plan *p;
        int some = compare(a, n, &f, &s, seed, &p);
        if (some >= 0) {
            fitted++, many += p->n_context > 1, spikes += some;
            for (int c = 0; c < p->n_context; c++) slow += p->period[c] > 1;
        }
        nh_arena_free(a);
    }
    fprintf(stderr, "%d networks fit, %d in several contexts, %d spikes of outputs\n", fitted, many, spikes);
    cr_assert_gt(fitted, 200);
    cr_assert_gt(many, 20);
    cr_assert_gt(slow, 20);
}

/* Of every layer at random: a number of cores, tiles, a region, or nothing. */
static void add_wishes(nh_arena *a, nh_event_net *n, const nh_fabric *f, uint32_t *s) {
    for (int i = 1; i < n->n_pop; i++) {
        nh_map_wish *w = NH_NEW(a, nh_map_wish);
        nh_tile *t = nh_arena_array(a, 3, sizeof *t);
        int kind = (int)(rng(s) % 4), tiles = f->mesh_x * f->mesh_y;
        if (kind == 0) continue;
        n->pop[i].wish = w;
        if (kind == 1) w->cores = 1 + rng(s) % 4;
        if (kind == 2) w->tile = t, w->n_tile = tiles < 3 ? 1 : 1 + (int)(rng(s) % 3);
        for (int k = 0, first = (int)(rng(s) % (uint32_t)tiles); k < w->n_tile;
             k++) /* one after the other are different */
            t[k] = (nh_tile){(first + k) % tiles % f->mesh_x, (first + k) % tiles / f->mesh_x};
        if (kind < 3) continue;
        w->region[0] = rng(s) % (uint32_t)f->mesh_x, w->region[1] = rng(s) % (uint32_t)f->mesh_y, w->n_region = 4;
        w->region[2] = 1 + rng(s) % (uint32_t)(f->mesh_x - w->region[0]),
        w->region[3] = 1 + rng(s) % (uint32_t)(f->mesh_y - w->region[1]);
    }
}

/* Layer i of the plan is where its wish says; cores that were counted. */
static int64_t check_wish(const nh_map_plan *p, int i, uint32_t seed) {
    const nh_map_wish *w = p->net->pop[i].wish;
    int64_t first = p->first_piece[p->position[i]], n = p->first_piece[p->position[i] + 1] - first;
    if (w->cores) cr_assert_eq(n, w->cores, "seed %u: %s", seed, p->net->pop[i].name);
    if (w->n_tile) cr_assert_eq(n, w->n_tile, "seed %u: %s", seed, p->net->pop[i].name);
    for (int64_t k = 0; k < n; k++) {
        const nh_map_piece *b = &p->piece[first + k];
        if (w->n_tile)
            cr_assert(b->x == w->tile[k].x && b->y == w->tile[k].y, "seed %u: %s", seed, p->net->pop[i].name);
        if (w->n_region)
            cr_assert(b->x >= w->region[0] && b->x < w->region[0] + w->region[2] && b->y >= w->region[1] &&
                          b->y < w->region[1] + w->region[3],
                      "seed %u", seed);
    }
    return n;
}

Test(map, layers_are_where_the_user_wants_them_and_do_what_they_mean) {
    int fitted = 0, spikes = 0, split = 0;
    int64_t cores = 0;
    for (uint32_t seed = 1; seed <= 400; seed++) {
        nh_arena *a = nh_arena_new();
        uint32_t s = seed * 104729;
        nh_event_net *n = random_net(a, &s);
        nh_fabric f = random_fabric(&s);
        const nh_map_plan *p;
        add_wishes(a, n, &f, &s);
        int some = compare(a, n, &f, &s, seed, &p);
        if (some >= 0) {
            fitted++, spikes += some, split += p->net->n_pop > n->n_pop;
            for (int i = 0; i < n->n_pop; i++)
                if (p->net->pop[i].wish) cores += check_wish(p, i, seed);
            for (int64_t k = 0; k < p->n_core; k++)
                for (int64_t j = 0; j < k; j++)
                    cr_assert(p->core[k].context != p->core[j].context || p->core[k].x != p->core[j].x ||
                                  p->core[k].y != p->core[j].y,
                              "seed %u", seed);
        }
        nh_arena_free(a);
    }
    fprintf(stderr, "%d networks fit, %d with partial sums, %ld cores by wishes, %d spikes of outputs\n", fitted, split,
            (long)cores, spikes);
    cr_assert_gt(fitted, 100);
    cr_assert_gt(cores, 500);
}

/* 100 x 50 weights, of which every other is 0 (and the rows of the last 10 inputs are): half the synapse words on a
 * fabric whose words may name their neurons; counted by hand. */
Test(map, words_of_zeros_are_not_stored_where_words_name_their_neurons) {
    nh_arena *a = nh_arena_new();
    nh_population p[2] = {pop("in", 100, 1, 1), pop("out", 50, 1, 1)};
    nh_projection q = dense("fc", 0, 1);
    nh_event_net n = {.name = "thin", .steps = 4, .pop = p, .n_pop = 2, .proj = &q, .n_proj = 1};
    int32_t *w = nh_arena_array(a, 5000, sizeof *w);
    for (int i = 0; i < 5000; i++) w[i] = i % 100 < 90 && (i / 100 + i) % 2 ? 1 : 0;
    p[0].kind = NH_POP_INPUT, p[1].is_output = true, q.weight = w;
    for (int sparse = 0; sparse < 2; sparse++) {
        nh_fabric f = loihi(2, 2, 64);
        f.sparse = sparse;
        nh_map_plan *plan = nh_map_make(a, nh_diag_new(a), &n, &f, &(nh_map_options){.most_contexts = 1});
        nh_image *m = nh_map_fill(a, nh_diag_new(a), &n, &f, plan);
        cr_assert_eq(m->context[0].core[0].n_synapse, sparse ? 90 * 25 : 100 * 50);
        cr_assert(m->context[0].core[0].axon[95].valid); /* no weights: the event is no fault */
    }
    nh_arena_free(a);
}

#ifdef __SANITIZE_ADDRESS__
enum { SPLIT_TRIALS = 90 }; /* ten times slower */
#else
enum { SPLIT_TRIALS = 600 };
#endif

Test(map, fan_in_that_exceeds_a_core_is_split_over_partial_sums) {
    int fitted = 0, split = 0, many = 0, spikes = 0, deep = 0, convs = 0;
    for (uint32_t seed = 1; seed <= SPLIT_TRIALS; seed++) {
        nh_arena *a = nh_arena_new();
        uint32_t s = seed * 104729;
        const nh_event_net *n = random_net(a, &s);
        nh_fabric f = random_fabric(&s);
        f.mesh_x = 3 + (int)(rng(&s) % 8), f.mesh_y = 3 + (int)(rng(&s) % 8);
        f.axons = 8 + rng(&s) % 100, f.synapses = 8 + rng(&s) % 200, f.payload_bits = 12;
        f.n_model = 2, f.model[1].name = "sum";
        const nh_map_plan *p;
        int some = compare(a, n, &f, &s, seed, &p);
        if (some >= 0) {
            fitted++, spikes += some;
            if (p->net->n_pop > n->n_pop) split++, many += p->n_context > 1;
            bool is_deep = false, is_conv = false;
            for (int i = 0; i < p->net->n_proj; i++) {
                const nh_projection *q = &p->net->proj[i];
                is_deep |= q->kind == NH_PROJ_SAME && q->to >= n->n_pop;
                is_conv |= q->kind == NH_PROJ_CONV && q->to >= n->n_pop && p->rows[i] == NH_ROWS_CONV;
            }
            deep += is_deep, convs += is_conv;
        }
        nh_arena_free(a);
    }
    fprintf(stderr,
            "%d networks fit, %d of them split (%d in several contexts, %d with sums of sums, %d with convolutions), "
            "%d spikes of outputs\n",
            fitted, split, many, deep, convs, spikes);
    cr_assert_gt(split, SPLIT_TRIALS / 3);
    cr_assert_geq(many, SPLIT_TRIALS / 30);
    cr_assert_geq(deep, SPLIT_TRIALS / 30);
    cr_assert_geq(convs, SPLIT_TRIALS / 30);
}
