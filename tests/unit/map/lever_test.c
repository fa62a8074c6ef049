/* Certificates: the smallest change that one names is made, as its text says, and then the network fits, image
 * included. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "from_graph.h"
#include "map.h"

static const int64_t threshold = 3;

static nh_population pop(const char *name, int64_t c, int64_t h, int64_t w) {
    nh_population p = {.name = name, .kind = NH_POP_NEURONS, .c = c, .h = h, .w = w, .out_bits = 1, .rate = -1};
    p.param[0] = &threshold;
    p.n_param[0] = 1;
    return p;
}

/* in 2x8x8 -> conv 4x8x8 -> dense 40 -> dense 10 */
static nh_event_net *small(nh_arena *a) {
    nh_event_net *n = NH_NEW(a, nh_event_net);
    nh_population p[4] = {pop("in", 2, 8, 8), pop("conv", 4, 8, 8), pop("fc1", 40, 1, 1), pop("fc2", 10, 1, 1)};
    nh_projection q[3] = {{.name = "conv",
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
                           .pad_x = 1},
                          {.name = "fc1", .kind = NH_PROJ_DENSE, .from = 1, .to = 2, .constant = 1},
                          {.name = "fc2", .kind = NH_PROJ_DENSE, .from = 2, .to = 3, .constant = 1}};
    n->pop = nh_arena_array(a, 4, sizeof *n->pop), n->proj = nh_arena_array(a, 3, sizeof *n->proj);
    memcpy(n->pop, p, sizeof p), memcpy(n->proj, q, sizeof q);
    n->pop[0].kind = NH_POP_INPUT, n->pop[3].is_output = true;
    n->name = "small", n->steps = 4, n->n_pop = 4, n->n_proj = 3;
    return n;
}

static nh_fabric fabric(void) {
    return (nh_fabric){.name = "f",
                       .mesh_x = 4,
                       .mesh_y = 4,
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
                       .sparse = true,
                       .weight_bits = 8,
                       .accum_bits = 24,
                       .accumulators = 1,
                       .payload_bits = 1,
                       .conv_y_bits = 4,
                       .conv_x_bits = 4,
                       .conv_c_bits = 4,
                       .n_model = 1};
}

static void apply_one(nh_arena *a, const char *text, nh_fabric *f, nh_map_options *o) {
    long long n, words;
    if (sscanf(text, "mesh: [%d, %d]", &f->mesh_x, &f->mesh_y) == 2) return;
    if (sscanf(text, "contexts: %lld", &n) == 1)
        o->most_contexts = n;
    else if (sscanf(text, "neurons: %lld", &n) == 1)
        f->neurons = n, f->params = f->params > n ? f->params : n;
    else if (sscanf(text, "synapses: %lld", &n) == 1)
        f->synapses = n;
    else if (sscanf(text, "axons: %lld", &n) == 1)
        f->axons = n;
    else if (sscanf(text, "convs: %lld", &n) == 1)
        f->convs = n;
    else if (sscanf(text, "delays: %lld", &n) == 1)
        f->delays = n;
    else if (sscanf(text, "params: %lld", &n) == 1)
        f->params = n;
    else if (sscanf(text, "routes: %lld", &n) == 1)
        f->routes = n;
    else if (sscanf(text, "accum_bits: %lld", &n) == 1)
        f->accum_bits = (int)n;
    else if (sscanf(text, "weight_bits: %lld (%lld synapses in the same memory", &n, &words) == 2)
        f->synapses = words, f->weight_bits = (int)n;
    else if (sscanf(text, "weight_bits: %lld", &n) == 1)
        f->weight_bits = (int)n;
    else if (sscanf(text, "payload_bits: %lld", &n) == 1)
        f->payload_bits = (int)n, nh_fabric_add_sum(a, f);
    else if (strcmp(text, "share: always") == 0)
        o->share = NH_SHARE_ALWAYS;
    else
        cr_assert_fail("a lever that this test does not know: %s", text);
}

/* "axons: 480, mesh: [3, 2]" */
static void apply(nh_arena *a, const char *text, nh_fabric *f, nh_map_options *o) {
    for (const char *end; text; text = end ? end + 2 : NULL) {
        const char *close = strncmp(text, "mesh", 4) == 0 ? strchr(text, ']') : text;
        end = strstr(close, ", ");
        apply_one(a, nh_arena_strn(a, text, end ? (size_t)(end - text) : strlen(text)), f, o);
    }
}

static const struct {
    char what[24];
    int64_t value;
} bad[] = {
    {"mesh", 1},
    {"mesh", 2},
    {"neurons", 8},
    {"neurons", 16},
    {"synapses", 300},
    {"synapses", 600},
    {"axons", 256},
    {"axons", 200},
    {"axons", 100},
    {"params", 1},
    {"routes", 1},
    {"accum_bits", 8},
    {"weight_bits", 2},
    {"weight_bits", 4},
    {"delay", 9},
    {"delay", 20},
    {"contexts", 2},
    {"axons and delay", 20},
    {"axons, delay and mesh", 20},
    {"one axon and delay", 20},
};

static void spoil(nh_event_net *n, nh_fabric *f, nh_map_options *o, int i) {
    const char *what = bad[i].what;
    int64_t v = bad[i].value;
    if (strcmp(what, "mesh") == 0) f->mesh_x = (int)v, f->mesh_y = 1;
    if (strcmp(what, "neurons") == 0) f->neurons = v;
    if (strcmp(what, "synapses") == 0) f->synapses = v;
    if (strcmp(what, "params") == 0) f->params = v;
    if (strcmp(what, "routes") == 0) f->routes = v;
    if (strcmp(what, "accum_bits") == 0) f->accum_bits = (int)v;
    if (strcmp(what, "weight_bits") == 0) f->weight_bits = (int)v, n->proj[2].constant = v == 2 ? 3 : 100;
    if (strstr(what, "axons")) f->axons = strchr(what, ' ') ? 4 : v;
    if (strstr(what, "one axon")) f->axons = 1; /* no sum can be split */
    if (strstr(what, "delay")) n->proj[2].delay = v;
    if (strstr(what, "and mesh")) f->mesh_x = f->mesh_y = 1;
    if (strcmp(what, "contexts") == 0) f->mesh_x = f->mesh_y = 1, o->most_contexts = v;
}

/* Words of the contract: 4 lanes x 2 accumulators x 9 bits, and where they name their neurons 8 bits for 250 words of
 * neurons. */
Test(lever, a_synapse_memory_holds_weights_and_names) {
    nh_fabric f = fabric();
    f.lanes = 4, f.accumulators = 2, f.weight_bits = 9, f.neurons = 1000;
    cr_assert_eq(nh_fabric_synapses_of(&f, 3), 24576 / 80);
    cr_assert_eq(nh_fabric_get_widths(&f).synapse, 80);
    f.sparse = false;
    cr_assert_eq(nh_fabric_synapses_of(&f, 3), 24576 / 72);
}

/* fc1 is 40 x 256 weights of 8 bits, 10 KiB, and with 6 bits of names 17.5: neither fits cores of 1 KiB at once, and
 * the levers speak in KiB. */
Test(lever, the_memory_is_what_is_turned_where_the_configuration_has_it) {
    nh_arena *a = nh_arena_new();
    nh_event_net *n = small(a);
    nh_fabric f = fabric();
    nh_map_options o = {.most_contexts = 1, .synapse_kib = 1};
    f.mesh_x = f.mesh_y = 3;
    f.synapses = nh_fabric_synapses_of(&f, 1);
    cr_assert_eq(f.synapses, 8192 / 14);
    const nh_map_plan *p = nh_map_make(a, nh_diag_new(a), n, &f, &o);
    int kib = 0, without = 0;
    for (int i = 0; i < p->certificate.n_lever; i++) {
        const nh_map_lever *l = &p->certificate.lever[i];
        kib += strncmp(l->lever, "synapse_kib: ", 13) == 0 && l->fits;
        without += strcmp(l->lever, "sparse: false") == 0;
        cr_assert_neq(strncmp(l->lever, "synapses: ", 10), 0);
    }
    cr_assert(p->certificate.failed && kib == 1 && without == 1);
    nh_arena_free(a);
}

Test(lever, the_smallest_change_of_a_certificate_fits_when_it_is_made) {
    int failed = 0;
    for (int i = 0; i < (int)(sizeof bad / sizeof *bad); i++) {
        nh_arena *a = nh_arena_new();
        nh_event_net *n = small(a);
        nh_fabric f = fabric();
        nh_map_options o = {.most_contexts = 1};
        spoil(n, &f, &o, i);
        nh_map_plan *p = nh_map_make(a, nh_diag_new(a), n, &f, &o);
        bool ok = nh_map_fill(a, nh_diag_new(a), n, &f, p) != NULL;
        const nh_map_certificate *c = &p->certificate;
        fprintf(stderr, "%s %ld: %s: %s\n", bad[i].what, (long)bad[i].value, ok ? "fits" : c->resource,
                ok || c->smallest < 0 ? "" : c->lever[c->smallest].lever);
        if (!ok) {
            cr_assert_geq(c->smallest, 0, "%s %ld: no change is known", bad[i].what, (long)bad[i].value);
            failed++;
            apply(a, c->lever[c->smallest].lever, &f, &o);
            nh_map_plan *again = nh_map_make(a, nh_diag_new(a), n, &f, &o);
            cr_expect(nh_map_fill(a, nh_diag_new(a), n, &f, again), "%s %ld: with %s it does not fit", bad[i].what,
                      (long)bad[i].value, c->lever[c->smallest].lever);
        }
        nh_arena_free(a);
    }
    cr_assert_geq(failed, 8);
}

/* 40 layers of a core each, of which none shares: 32 tiles along x are all that a mesh may have, so it grows along y.
 */
Test(lever, a_mesh_that_is_as_wide_as_may_be_grows_in_height) {
    enum { LAYERS = 40 };
    nh_arena *a = nh_arena_new();
    nh_event_net *n = NH_NEW(a, nh_event_net);
    n->pop = nh_arena_array(a, LAYERS + 1, sizeof *n->pop), n->proj = nh_arena_array(a, LAYERS, sizeof *n->proj);
    for (int i = 0; i <= LAYERS; i++) n->pop[i] = pop(i ? nh_arena_printf(a, "l%d", i) : "in", 4, 1, 1);
    for (int i = 0; i < LAYERS; i++)
        n->proj[i] =
            (nh_projection){.name = n->pop[i + 1].name, .kind = NH_PROJ_DENSE, .from = i, .to = i + 1, .constant = 1};
    n->pop[0].kind = NH_POP_INPUT, n->pop[LAYERS].is_output = true;
    n->name = "deep", n->steps = 4, n->n_pop = LAYERS + 1, n->n_proj = LAYERS;
    nh_fabric f = fabric();
    f.mesh_x = NH_FABRIC_MESH_MOST, f.mesh_y = 1, f.neurons = f.params = 4;
    const nh_map_plan *p = nh_map_make(a, nh_diag_new(a), n, &f, &(nh_map_options){.most_contexts = 1});
    const nh_map_certificate *c = &p->certificate;
    cr_assert(c->failed);
    bool grows = false;
    for (int i = 0; i < c->n_lever; i++) grows |= strcmp(c->lever[i].lever, "mesh: [32, 2]") == 0 && c->lever[i].fits;
    cr_assert(grows);
    nh_arena_free(a);
}

/* Sums need wider payloads, the delay a longer ring: both at once. The fabric has all the models that it may have, and
 * its first is the one for sums already. */
Test(lever, payloads_grow_together_with_others_where_the_model_is_there) {
    static const char *const name[NH_FABRIC_MODELS] = {"sum", "a", "b", "c", "d", "e", "f", "g"};
    nh_arena *a = nh_arena_new();
    nh_event_net *n = small(a);
    nh_fabric f = fabric();
    for (int i = 0; i < NH_FABRIC_MODELS; i++) f.model[i].name = name[i];
    f.n_model = NH_FABRIC_MODELS, f.axons = 40, f.payload_bits = 4, n->proj[2].delay = 20;
    nh_map_options o = {.most_contexts = 1};
    const nh_map_plan *p = nh_map_make(a, nh_diag_new(a), n, &f, &o);
    const nh_map_certificate *c = &p->certificate;
    cr_assert(c->failed);
    cr_assert_geq(c->smallest, 0);
    const char *text = c->lever[c->smallest].lever;
    cr_expect_not_null(strstr(text, "delays: 32"), "%s", text);
    cr_expect_not_null(strstr(text, "payload_bits: "), "%s", text);
    apply(a, text, &f, &o);
    cr_expect_eq(f.n_model, NH_FABRIC_MODELS);
    cr_assert_not_null(nh_map_fill(a, nh_diag_new(a), n, &f, nh_map_make(a, nh_diag_new(a), n, &f, &o)));
    nh_arena_free(a);
}
