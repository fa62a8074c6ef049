/* Emitted C against exact arithmetic: random datapaths, random MAC units, chains of both. */
#include "c_kernels.h"

static void shadow_unit(kernels *k, random_source *rng, int size, int max_width) {
    random_program *g;
    do g = random_dp(k->arena, rng, "r", size, max_width);
    while (g->dp->overflow128);
    nh_dp_expand_constants(g->dp);
    nh_dp_finish(g->dp);
    kernels_stream(k, g->n_in, g->dp->in[0].fmt);
    kernels_unit(k, NH_UNIT_DATAPATH, g->n_out, g->dp->out[0].fmt)->dp = g->dp;
    for (int s = 0; s < RANDOM_SAMPLES; s++) {
        memcpy(k->raw[s][0], g->in[s], (size_t)g->n_in * sizeof(int64_t));
        memcpy(k->raw[s][1], g->out[s], (size_t)g->n_out * sizeof(int64_t));
    }
}

Test(c_kernels, random_datapaths_equal_exact_arithmetic) {
    for (int seed = 1; seed <= 9; seed++) {
        random_source rng = {(uint64_t)seed * 77};
        kernels *k = kernels_new();
        shadow_unit(k, &rng, 20 + random_below(&rng, 110), seed % 3 == 0 ? 64 : seed % 3 == 1 ? 16 : 30);
        kernels_compare(k, seed);
        kernels_free(k);
    }
}

/* y = cast(acc * m >> 3), or of acc alone. */
static nh_dp *random_post(kernels *k, random_source *rng, nh_mac *m, nh_format out) {
    nh_dp *p = nh_dp_new(k->arena, "p0");
    nh_val v = nh_dp_input(p, nh_dp_in_port(p, "x", 1, m->acc), 0, nh_range_of(m->acc));
    if (m->post.mul) {
        nh_format f = nh_format_make(false, m->post.mul_bits, m->post.mul_bits, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
        v = nh_dp_scale(p, nh_dp_mul(p, v, nh_dp_input(p, nh_dp_in_port(p, "m", 1, f), 0, nh_range_of(f))), -3);
    }
    if (random_below(rng, 2)) v = nh_dp_max(p, v, nh_dp_const(p, 0, nh_format_frac(m->acc)));
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, out), 0, nh_dp_cast(p, v, out));
    nh_dp_finish(p);
    return p;
}

/* An accumulator that no partial sum leaves: from the absolute weights. */
static nh_format exact_acc(const nh_mac *m) {
    nh_i128 worst = 0, x = -nh_format_min(m->x) > nh_format_max(m->x) ? -nh_format_min(m->x) : nh_format_max(m->x);
    for (int64_t o = 0; o < m->n_out; o++) {
        nh_i128 sum = m->b ? (m->b[o] < 0 ? -m->b[o] : m->b[o]) : 0;
        for (int64_t i = 0; i < m->n_in; i++)
            sum += x * (m->w[o * m->n_in + i] < 0 ? -m->w[o * m->n_in + i] : m->w[o * m->n_in + i]);
        worst = sum > worst ? sum : worst;
    }
    nh_format f;
    cr_assert(nh_range_format((nh_range){-worst - 1, worst}, nh_format_frac(m->x) + nh_format_frac(m->weight), &f));
    return f;
}

static void random_mac(kernels *k, random_source *rng, int width) {
    nh_format out = random_format(rng, 20), x_fmt = k->design.stream[k->design.n_stream - 1].fmt;
    int64_t n_in = k->design.stream[k->design.n_stream - 1].n, n_out = 1 + random_below(rng, 40);
    nh_unit *u = kernels_unit(k, NH_UNIT_MAC, n_out, out);
    nh_mac *m = &u->mac;
    *m = (nh_mac){.n_in = n_in, .n_out = n_out, .x = x_fmt, .exact = random_below(rng, 3) != 0};
    m->weight =
        nh_format_make(random_below(rng, 4) != 0, 1 + random_below(rng, width), 2, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    int64_t *w = nh_arena_array(k->arena, (size_t)(n_in * n_out), sizeof *w);
    for (int64_t i = 0; i < n_in * n_out; i++) w[i] = (int64_t)random_raw(rng, m->weight);
    m->w = w;
    if (random_below(rng, 3)) {
        nh_i128 *b = nh_arena_array(k->arena, (size_t)n_out, sizeof *b);
        for (int64_t o = 0; o < n_out; o++) b[o] = (int64_t)(random_next(rng) >> 52) - 2048;
        m->b = b;
    }
    m->acc = m->exact ? exact_acc(m)
                      : nh_format_make(true, 14 + random_below(rng, 30), 6, (nh_round)random_below(rng, 7),
                                       (nh_overflow)random_below(rng, 4));
    if (random_below(rng, 2)) {
        m->post.mul_bits = 1 + random_below(rng, 32);
        int64_t *mul = nh_arena_array(k->arena, (size_t)n_out, sizeof *mul);
        for (int64_t o = 0; o < n_out; o++) mul[o] = (int64_t)(random_next(rng) >> (64 - m->post.mul_bits));
        m->post.mul = mul;
    }
    m->post.dp = random_post(k, rng, m, out);
}

static void expect_mac(kernels *k, const nh_unit *u) {
    const nh_mac *m = &u->mac;
    int frac = nh_format_frac(m->x) + nh_format_frac(m->weight);
    for (int s = 0; s < RANDOM_SAMPLES; s++)
        for (int64_t o = 0; o < m->n_out; o++) {
            nh_i128 acc = m->b ? m->b[o] : 0, mul = m->post.mul ? m->post.mul[o] : 0, y;
            for (int64_t i = 0; i < m->n_in; i++) {
                nh_i128 product = random_widen(k->raw[s][u->in[0]][i], m->x) * m->w[o * m->n_in + i];
                if (m->exact)
                    acc += product;
                else
                    acc = nh_fx_convert(acc + nh_fx_convert(product, frac, m->acc, NULL), nh_format_frac(m->acc),
                                        m->acc, NULL);
            }
            const nh_i128 *in[] = {&acc, &mul};
            nh_i128 *out[] = {&y};
            nh_dp_eval(m->post.dp, in, out);
            k->raw[s][u->out[0]][o] = (int64_t)y;
        }
}

Test(c_kernels, random_mac_chains_equal_a_big_integer_model) {
    for (int seed = 1; seed <= 9; seed++) {
        random_source rng = {(uint64_t)seed * 1313};
        kernels *k = kernels_new();
        nh_format in = random_format(&rng, seed % 4 == 0 ? 32 : 16);
        /* Unsigned 16-bit inputs have kernels of their own (c_unit.c, sums.offset). */
        if (seed % 4 == 2) in = nh_format_make(false, 16, 5, NH_ROUND_RND, NH_OVERFLOW_SAT);
        kernels_stream(k, 1 + random_below(&rng, 90), in);
        for (int s = 0; s < RANDOM_SAMPLES; s++)
            for (int64_t e = 0; e < k->design.stream[0].n; e++) k->raw[s][0][e] = (int64_t)random_raw(&rng, in);
        for (int layer = 0; layer < 3; layer++) {
            random_mac(k, &rng, seed % 4 == 0 ? 20 : seed % 4 == 1 ? 16 : 8);
            expect_mac(k, &k->design.unit[layer]);
        }
        kernels_compare(k, seed);
        kernels_free(k);
    }
}
