/* Fabric widths by hand, configuration flits by hand, images of the mapper through every form. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "map.h"
#include "neurons.h"

static const char model[] = "model if\ninput a\nstate v fixed<16,16,TRN,SAT>\nparam theta\noutput s spike\nexact\nADD "
                            "v, v, a\nGE s, v, theta\nMUL t, s, theta\nSUB v, v, t\n";

static nh_fabric fabric(nh_arena *a, nh_diag *d) {
    nh_fabric f = {.name = "small",
                   .mesh_x = 3,
                   .mesh_y = 2,
                   .lanes = 4,
                   .neurons = 64,
                   .axons = 100,
                   .synapses = 1000,
                   .convs = 3,
                   .routes = 16,
                   .groups = 2,
                   .params = 8,
                   .delays = 4,
                   .queue = 4,
                   .sparse = true,
                   .weight_bits = 8,
                   .accum_bits = 20,
                   .accumulators = 1,
                   .payload_bits = 1,
                   .conv_y_bits = 4,
                   .conv_x_bits = 4,
                   .conv_c_bits = 3,
                   .n_model = 1};
    f.model[0] =
        (nh_fabric_model){.name = "if", .program = nh_neuron_assemble(a, d, "if", model, sizeof model - 1, NULL, 0)};
    f.model[0].param[0] = nh_format_make(true, 12, 12, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    f.model[0].out = nh_format_make(false, 1, 1, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    return f;
}

Test(fabric, widths_are_those_counted_by_hand) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_fabric f = fabric(a, d);
    cr_assert(nh_fabric_check(&f, d));
    nh_fabric_widths w = nh_fabric_get_widths(&f);
    cr_assert(nh_clog2(0) == 1 && nh_clog2(1) == 1 && nh_clog2(2) == 1 && nh_clog2(3) == 2 && nh_clog2(256) == 8);
    cr_assert_eq(w.nw, 16);
    cr_assert(w.wa == 4 && w.sa == 10 && w.pa == 3 && w.db == 2 && w.dl == 2 && w.nb == 7 && w.xb == 2 && w.yb == 1);
    cr_assert_eq(w.addr, 1 + 2 + 4 + 4 + 3);
    cr_assert_eq(w.data, 26);
    cr_assert_eq(w.flit, 26 + 4 + 2 + 2);
    cr_assert_eq(w.host, 40);
    cr_assert(w.state == 16 && w.param == 12 && w.state_word == 64 && w.param_word == 48);
    cr_assert_eq(w.axon, 10 + 4 + 5 + 2);
    cr_assert_eq(w.synapse, 32 + 4);
    cr_assert_eq(w.conv, 10 + 4 + 5 + 10 + 4 + 10 + 4 + 4 + 4 + (4 + 2 + 2 + 4 + 9 + 5) + (4 + 2 + 2 + 4 + 9 + 5) + 1);
    cr_assert_eq(w.group, 5 + 3 + 1 + 2);
    cr_assert_eq(w.route, 4 + 5 + 2 + 1 + 4 + 2 + 1 + 14 + 7 + 5 + 5);
    nh_arena_free(a);
}

Test(fabric, the_hash_is_of_what_images_depend_on) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_fabric f = fabric(a, d), g = f, h = f;
    g.name = "other", g.queue = 8;
    cr_assert_str_eq(nh_fabric_hash(a, &f), nh_fabric_hash(a, &g));
    h.accum_bits = 21;
    cr_assert_str_neq(nh_fabric_hash(a, &f), nh_fabric_hash(a, &h));
    h = f;
    h.model[0].param[0].width_bits = 13;
    cr_assert_str_neq(nh_fabric_hash(a, &f), nh_fabric_hash(a, &h));
    nh_arena_free(a);
}

static uint64_t word(const uint8_t *b, int i) {
    uint64_t v = 0;
    for (int k = 5; k-- > 0;) v = v << 8 | b[5 * i + k];
    return v;
}

Test(image, flits_of_a_core_are_those_made_by_hand) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    int16_t weight[4] = {1, -1, 2, -128};
    int32_t acc[1] = {3};
    nh_axon axon = {.synapse = 0, .acc = 0, .words = 1, .sparse = true, .valid = true};
    nh_core_image core = {.x = 2,
                          .y = 1,
                          .start = 7,
                          .period = 1,
                          .words = 4,
                          .reset_period = 9,
                          .reset_phase = 8,
                          .axon = &axon,
                          .n_axon = 1,
                          .weight = weight,
                          .synapse_acc = acc,
                          .n_synapse = 1};
    nh_context context = {.ticks = 1, .core = &core, .n_core = 1};
    nh_image m = {.project = "p", .fabric = fabric(a, d), .steps = 1, .context = &context, .n_context = 1};
    cr_assert(nh_image_check(&m, d, NH_NOWHERE));
    int64_t n;
    const uint8_t *b = nh_image_load_words(a, &m, 0, false, &n);
    /* five idle tiles: ADDR and seven DATA of control; the core: control, axon (21 bits: 2 chunks), synapse (36 bits: 3
     * chunks) */
    cr_assert_eq(n, 6 * 8 + 3 + 4);
    uint64_t there = (uint64_t)1 << 26 | (uint64_t)1 << 27 | (uint64_t)2 << 28 | (uint64_t)2 << 30 | (uint64_t)1 << 32,
             data = (uint64_t)1 << 24;
    cr_assert_eq(word(b, 40), there);            /* ADDR control 0 */
    cr_assert_eq(word(b, 41), there | data | 0); /* groups */
    cr_assert_eq(word(b, 43), there | data | 7); /* start */
    cr_assert_eq(word(b, 45), there | data | 4); /* words */
    cr_assert_eq(word(b, 46), there | data | 9); /* reset period, phase */
    cr_assert_eq(word(b, 47), there | data | 8);
    cr_assert_eq(word(b, 48), there | (uint64_t)1 << 20);      /* ADDR axon 0 */
    cr_assert_eq(word(b, 49), there | data | 1 << 14);         /* words 1 at bit 14 */
    cr_assert_eq(word(b, 50), there | data | 1 << 3 | 1 << 4); /* sparse, valid: bits 19, 20 */
    cr_assert_eq(word(b, 51), there | (uint64_t)2 << 20);
    cr_assert_eq(word(b, 52), there | data | 0xff01);
    cr_assert_eq(word(b, 53), there | data | 0x8002);
    cr_assert_eq(word(b, 54), there | data | 3);
    nh_arena_free(a);
}

/* Bits of the words behind an ADDR, low bits first: 16 in every DATA. */
typedef struct {
    const uint8_t *b;
    int first; /* the first DATA */
    int at;
} bit_reader;

static int64_t take(bit_reader *r, int bits) {
    uint64_t v = 0;
    for (int k = 0; k < bits; k++, r->at++) v |= (word(r->b, r->first + r->at / 16) >> r->at % 16 & 1) << k;
    return (int64_t)v;
}

static int64_t take_signed(bit_reader *r, int bits) {
    int64_t v = take(r, bits);
    return v >> (bits - 1) ? v - ((int64_t)1 << bits) : v;
}

static int64_t divisor(int64_t a, int64_t b) { return b ? divisor(b, a % b) : a; }

static void expect_axis(bit_reader *r, int64_t taps, int64_t stride, int64_t dilation, int64_t pad, int64_t first,
                        int64_t size) {
    int64_t common = divisor(stride, dilation);
    cr_expect_eq(take(r, 4), taps);
    cr_expect_eq((int64_t)1 << take(r, 2), common, "stride %ld, dilation %ld", (long)stride, (long)dilation);
    cr_expect_eq((int64_t)1 << take(r, 2), stride / common, "stride %ld, dilation %ld", (long)stride, (long)dilation);
    cr_expect_eq(take(r, 4), dilation / common);
    cr_expect_eq(take_signed(r, 4 + 5), pad - first * stride);
    cr_expect_eq(take(r, 4 + 1), size);
}

/* A descriptor of a convolution as docs/fabric.md has it: two words of features, three channels of kernels are there.
 * What is not used is of zeros. */
static void check_descriptor(int64_t stride, int64_t dilation) {
    enum { KH = 3, KW = 2, FEATURES = 2, CHANNELS = 3, WORDS = KH * KW * FEATURES };
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    int16_t *weight = nh_arena_array(a, (5 + CHANNELS * WORDS) * 4, sizeof *weight);
    int32_t *acc = nh_arena_array(a, 5 + CHANNELS * WORDS, sizeof *acc);
    nh_conv_axon conv = {.synapse = 5,
                         .acc = 1,
                         .features = FEATURES,
                         .channel_words = WORDS,
                         .kh = KH,
                         .kw = KW,
                         .stride_y = stride,
                         .stride_x = 1,
                         .dilation_y = dilation,
                         .dilation_x = 1,
                         .pad_y = -2,
                         .pad_x = 1,
                         .y0 = 2,
                         .x0 = 0,
                         .h = 2,
                         .w = 3,
                         .valid = true};
    nh_core_image core = {.period = 1,
                          .words = 13,
                          .conv = &conv,
                          .n_conv = 1,
                          .weight = weight,
                          .synapse_acc = acc,
                          .n_synapse = 5 + CHANNELS * WORDS};
    nh_context context = {.ticks = 1, .core = &core, .n_core = 1};
    nh_image m = {.project = "p", .fabric = fabric(a, d), .steps = 1, .context = &context, .n_context = 1};
    bool ok = nh_image_check(&m, d, NH_NOWHERE);
    if (!ok) nh_diag_print(d, NH_NOTE, false, stderr);
    cr_assert(ok);
    int64_t n;
    const uint8_t *b = nh_image_load_words(a, &m, 0, false, &n);
    int at = 0;
    uint64_t conv_memory = (uint64_t)3 << 20, low = ((uint64_t)1 << 24) - 1;
    while (at < n && (word(b, at) & low) != conv_memory) at++; /* ADDR of entry 0 */
    cr_assert_lt(at, n);
    bit_reader r = {b, at + 1, 0};
    int64_t back = dilation / divisor(stride, dilation);
    cr_expect_eq(take(&r, 10), 5);
    cr_expect_eq(take(&r, 4), 1);
    cr_expect_eq(take(&r, 5), FEATURES);
    cr_expect_eq(take(&r, 10), WORDS);
    cr_expect_eq(take(&r, 4), CHANNELS);
    cr_expect_eq(take(&r, 10), KW * FEATURES);
    cr_expect_eq(take(&r, 4), 3 * FEATURES);
    cr_expect_eq(take(&r, 4), back * 3 * FEATURES % 16);
    cr_expect_eq(take(&r, 4), FEATURES);
    expect_axis(&r, KH, stride, dilation, -2, 2, 2);
    expect_axis(&r, KW, 1, 1, 1, 0, 3);
    cr_expect_eq(take(&r, 1), 1);
    cr_expect_eq(r.at, nh_fabric_get_widths(&m.fabric).conv);
    nh_arena_free(a);
}

Test(image, a_convolution_is_described_by_what_its_taps_have_in_common) {
    for (int64_t stride = 1; stride <= 8; stride *= 2)
        for (int64_t dilation = 1; dilation <= 15; dilation++) check_descriptor(stride, dilation);
}

/* --- the mapper's images ----------------------------------------------------------------------------------------- */

static const int64_t theta = 3;

static nh_population pop(const char *name, int64_t c, int64_t h, int64_t w) {
    nh_population p = {.name = name, .kind = NH_POP_NEURONS, .c = c, .h = h, .w = w, .out_bits = 1, .rate = -1};
    p.param[0] = &theta;
    p.n_param[0] = 1;
    return p;
}

static nh_image *mapped(nh_arena *a, nh_diag *d, int mesh_x, int32_t *conv, int32_t *dense) {
    nh_fabric *f = nh_arena_alloc(a, sizeof *f);
    *f = fabric(a, d);
    f->axons = 512;
    f->mesh_x = mesh_x, f->mesh_y = mesh_x > 1 ? 2 : 1;
    f->neurons = 128;
    nh_event_net *n = NH_NEW(a, nh_event_net);
    n->pop = nh_arena_array(a, 3, sizeof *n->pop), n->proj = nh_arena_array(a, 2, sizeof *n->proj);
    n->pop[0] = pop("in \"quoted\"", 2, 6, 6), n->pop[1] = pop("conv", 5, 6, 6), n->pop[2] = pop("fc", 7, 1, 1);
    n->pop[0].kind = NH_POP_INPUT, n->pop[2].is_output = true;
    n->pop[1].reset_period = 2, n->pop[2].reset_period = 4, n->pop[2].reset_phase = 3;
    uint32_t s = 9;
    for (int i = 0; i < 5 * 2 * 9; i++) conv[i] = (int32_t)((s = s * 1664525u + 1013904223u) >> 29) - 3;
    for (int i = 0; i < 7 * 180; i++) dense[i] = (int32_t)((s = s * 1664525u + 1013904223u) >> 30) - 1;
    n->proj[0] = (nh_projection){.name = "conv",
                                 .kind = NH_PROJ_CONV,
                                 .from = 0,
                                 .to = 1,
                                 .weight = conv,
                                 .kh = 3,
                                 .kw = 3,
                                 .stride_y = 1,
                                 .stride_x = 1,
                                 .dilation_y = 1,
                                 .dilation_x = 1,
                                 .pad_y = 1,
                                 .pad_x = 1};
    n->proj[1] = (nh_projection){.name = "fc", .kind = NH_PROJ_DENSE, .from = 1, .to = 2, .weight = dense};
    n->name = "net", n->steps = 6, n->n_pop = 3, n->n_proj = 2;
    f->synapses = 4096;
    nh_map_plan *p = nh_map_make(a, d, n, f, &(nh_map_options){.most_contexts = mesh_x > 1});
    return nh_map_fill(a, d, n, f, p);
}

static void step(const int32_t *x, const int32_t *conv, const int32_t *dense, int *v1, int *v2, int32_t *y) {
    int s1[180];
    for (int o = 0; o < 180; o++) {
        int f = o / 36, oy = o / 6 % 6, ox = o % 6;
        for (int c = 0; c < 2; c++)
            for (int k = 0; k < 9; k++) {
                int iy = oy + k / 3 - 1, ix = ox + k % 3 - 1;
                if (iy >= 0 && iy < 6 && ix >= 0 && ix < 6)
                    v1[o] += x[c * 36 + iy * 6 + ix] * conv[(f * 2 + c) * 9 + k];
            }
        s1[o] = v1[o] >= theta;
        if (s1[o]) v1[o] -= (int)theta;
    }
    for (int o = 0; o < 7; o++) {
        for (int i = 0; i < 180; i++) v2[o] += s1[i] * dense[o * 180 + i];
        y[o] = v2[o] >= theta;
        if (y[o]) v2[o] -= (int)theta;
    }
}

static void check_mapped(int mesh_x, int contexts) {
    static int32_t conv[90], dense[1260], x[6 * 72], y[6 * 7], expected[6 * 7];
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_image *m = mapped(a, d, mesh_x, conv, dense);
    nh_diag_print(d, NH_WARNING, false, stderr);
    cr_assert(m);
    cr_assert(contexts > 1 ? m->n_context > 1 : m->n_context == 1);
    cr_assert(nh_image_check(m, d, NH_NOWHERE));
    int v1[180] = {0}, v2[7] = {0}, spikes = 0;
    uint32_t s = 5;
    for (int i = 0; i < 6 * 72; i++) x[i] = ((s = s * 1664525u + 1013904223u) >> 30) == 0;
    for (int t = 0; t < 6; t++) {
        if (t % 2 == 0) memset(v1, 0, sizeof v1);
        if (t == 3) memset(v2, 0, sizeof v2);
        step(x + t * 72, conv, dense, v1, v2, expected + t * 7);
    }
    cr_assert(nh_image_run(a, m, x, y, NULL, NULL));
    for (int i = 0; i < 42; i++) {
        spikes += y[i];
        cr_assert_eq(y[i], expected[i], "step %d, output %d", i / 7, i % 7);
    }
    cr_assert_gt(spikes, 3);

    size_t n, again;
    const uint8_t *bytes = nh_image_encode(a, m, &n), *other;
    nh_image *back = nh_image_decode(a, d, "x", bytes, n);
    nh_diag_print(d, NH_ERROR, false, stderr);
    cr_assert(back);
    other = nh_image_encode(a, back, &again);
    cr_assert(again == n && memcmp(bytes, other, n) == 0);
    char *text = NULL;
    FILE *out = open_memstream(&text, &again);
    nh_image_print(back, out);
    fclose(out);
    back = nh_image_assemble(a, d, "x.s", text, again);
    nh_diag_print(d, NH_ERROR, false, stderr);
    cr_assert(back);
    other = nh_image_encode(a, back, &again);
    cr_assert(again == n && memcmp(bytes, other, n) == 0);
    free(text);
    nh_arena_free(a);
}

Test(image, of_the_mapper_runs_as_loops_and_survives_every_form) { check_mapped(3, 1); }
Test(image, in_contexts_runs_as_loops_and_survives_every_form) { check_mapped(1, 2); }
