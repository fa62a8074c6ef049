/* Random dense networks, run in integers by a plain reading of the comments in graph.h: no exact accumulator overflows
 * on any partial sum in any order, values stay in their proven intervals, and the error to the real network stays
 * inside the bound that the steps of weights, bias, multiplier and result give. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "graph_text.h"
#include "../../unit/passes/net.h"

static uint64_t next(uint64_t *state) { /* splitmix64 */
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int between(uint64_t *s, int lo, int hi) { return lo + (int)(next(s) % (uint64_t)(hi - lo + 1)); }
static double real(uint64_t *s) { return (double)(next(s) >> 11) * 0x1p-52 - 1; }

static double *reals(net *t, uint64_t *s, int64_t n, double size) {
    double *v = nh_arena_array(t->a, (size_t)n, sizeof *v);
    for (int64_t i = 0; i < n; i++) v[i] = real(s) * size;
    return v;
}

static net random_net(uint64_t *s, nh_samples *data) {
    net t = net_new(between(s, 1, 12), next(s) % 2 ? "fixed<8,2,RND,SAT>" : NULL);
    int64_t n = t.g->tensor[0].shape.dim[0];
    t.o.calibrate.method = (nh_calibrate_method)between(s, 0, 2);
    t.o.input.has_scale = next(s) % 3 == 0;
    t.o.input.scale = 0.01 + fabs(real(s)) / 10;
    int depth = between(s, 1, 4);
    for (int k = 0; k < depth; k++) {
        nh_layer_options *o = &t.o.defaults;
        o->weight_bits = between(s, 2, 12);
        o->result_bits = between(s, 2, 16);
        o->multiplier_bits = between(s, 8, 20);
        o->scale = (nh_scale_kind)between(s, 0, 1);
        o->granularity = (nh_granularity)between(s, 0, 1);
        int64_t m = between(s, 1, 12);
        double size = ldexp(1, between(s, -6, 3));
        append_dense(&t, nh_arena_printf(t.a, "fc%d", k), m, n, reals(&t, s, m * n, size),
                     next(s) % 4 ? reals(&t, s, m, size) : NULL);
        if (next(s) % 2) append(&t, nh_arena_printf(t.a, "relu%d", k), NH_OP_RELU, m);
        n = m;
    }
    int64_t size = t.g->tensor[0].shape.dim[0];
    *data = (nh_samples){reals(&t, s, 20 * size, 1.5), 20, size};
    return t;
}

static nh_i128 requantized(const nh_graph *g, const nh_layer *l, int64_t o, nh_i128 acc) {
    nh_i128 v = l->requant_mul ? acc * l->requant_mul[o] : acc;
    return nh_fx_convert(v, nh_format_frac(l->accum) + l->requant_shift, g->tensor[l->out].q.fmt, NULL);
}

static void expect_inside(nh_i128 v, nh_range r, const char *what) {
    cr_assert(v >= r.lo && v <= r.hi, "%s: %lld not in %lld .. %lld", what, (long long)v, (long long)r.lo,
              (long long)r.hi);
}

/* The sum in a random order, every partial sum inside the accumulator. */
static nh_i128 sum_in_random_order(uint64_t *s, const nh_layer *l, int64_t o, const nh_i128 *x) {
    int64_t n = l->weight->shape.dim[1];
    nh_i128 term[16], acc = 0;
    int terms = 0;
    for (int64_t i = 0; i < n; i++) term[terms++] = x[i] * l->weight->raw[o * n + i];
    if (l->bias) term[terms++] = l->bias->raw[o];
    while (terms > 0) {
        int k = between(s, 0, terms - 1);
        acc += term[k];
        term[k] = term[--terms];
        expect_inside(acc, nh_range_of(l->accum), "partial sum");
    }
    return acc;
}

/* Error of one output against the real layer on the same (quantized) inputs; acc is exact. */
static void expect_small_error(const nh_graph *g, const nh_layer *l, int64_t o, const nh_i128 *x, nh_i128 y) {
    const nh_tensor *in = &g->tensor[l->in[0]], *out = &g->tensor[l->out];
    int64_t n = l->weight->shape.dim[1];
    double unit = l->weight->scale ? l->weight->scale[o] : 1, step = ldexp(unit, -nh_format_frac(l->weight->fmt));
    double want = l->bias ? l->bias->value[o] : 0, bound = 0, size = fabs(want);
    for (int64_t i = 0; i < n; i++) {
        double xi = nh_fx_to_double(x[i], nh_format_frac(in->q.fmt)) * in->q.scale;
        double wi = l->weight->value[o * n + i], wq = (double)l->weight->raw[o * n + i] * step;
        bound += fabs(xi) * (fabs(wi - wq) > step * 0.500001 ? fabs(wi - wq) : step / 2);
        want += wi * xi;
        size += fabs(wi * xi) + fabs(xi) * step;
    }
    double lsb = ldexp(out->q.scale, -nh_format_frac(out->q.fmt));
    bound += ldexp(unit * in->q.scale, -nh_format_frac(l->accum)) + lsb / 2 + size * 1e-9;
    if (l->requant_mul) bound += size / (double)l->requant_mul[o]; /* half a unit of the multiplier, twice over */
    double got = (double)y * lsb;
    bool at_end = y == nh_format_max(out->q.fmt) || y == nh_format_min(out->q.fmt);
    cr_assert(at_end || fabs(got - want) <= bound, "%s[%d]: %g, not %g +- %g", l->name, (int)o, got, want, bound);
}

static void run(uint64_t *s, const nh_graph *g, nh_i128 **value) {
    for (int i = 1; i < g->n_layer; i++) {
        const nh_layer *l = &g->layer[i];
        const nh_tensor *in = &g->tensor[l->in[0]], *out = &g->tensor[l->out];
        for (int64_t o = 0; o < out->shape.dim[0]; o++) {
            const nh_i128 *x = value[l->in[0]];
            nh_i128 y;
            if (l->op == NH_OP_DENSE) {
                y = requantized(g, l, o, sum_in_random_order(s, l, o, x));
                expect_small_error(g, l, o, x, y);
            } else {
                y = nh_fx_convert(x[o] > 0 ? x[o] : 0, nh_format_frac(in->q.fmt), out->q.fmt, NULL);
                cr_assert_eq(in->q.scale, out->q.scale);
            }
            expect_inside(y, out->range, l->name);
            value[l->out][o] = y;
        }
    }
}

Test(infer, random_networks_keep_every_promise) {
    uint64_t s = 1;
    for (int k = 0; k < 400; k++) {
        nh_samples data;
        net t = random_net(&s, &data);
        bool ok = nh_passes_run(t.g, &t.o, t.o.input.format.is_auto || next(&s) % 2 ? &data : NULL, t.d, NULL, NULL);
        if (!ok) nh_diag_print(t.d, NH_WARNING, false, stderr);
        cr_assert(ok);
        nh_i128 **value = nh_arena_array(t.a, (size_t)t.g->n_tensor, sizeof *value);
        for (int i = 0; i < t.g->n_tensor; i++) value[i] = nh_arena_array(t.a, 16, sizeof **value);
        const nh_tensor *in = &t.g->tensor[t.g->input];
        const nh_layer *first = &t.g->layer[1];
        for (int sample = 0; sample < 30; sample++) {
            for (int64_t i = 0; i < in->shape.dim[0]; i++) {
                nh_i128 v = in->range.lo + (nh_i128)(next(&s) % (uint64_t)(in->range.hi - in->range.lo + 1));
                /* extremes: each row's largest and smallest sum */
                int64_t row = sample % first->weight->shape.dim[0];
                bool up = (first->weight->raw[row * first->weight->shape.dim[1] + i] > 0) == (sample % 3 == 0);
                value[t.g->input][i] = sample % 3 == 2 ? v : up ? in->range.hi : in->range.lo;
            }
            run(&s, t.g, value);
        }
        nh_arena_free(t.a);
    }
}

/* The widest accumulator is reached: without bias, the extreme inputs of the extreme row need all its bits. */
Test(infer, exact_accumulators_are_not_wider_than_needed) {
    uint64_t s = 2;
    for (int k = 0; k < 200; k++) {
        int64_t n = between(&s, 1, 12);
        net t = net_new(n, "fixed<8,1>");
        append_dense(&t, "fc", 1, n, reals(&t, &s, n, 1), NULL);
        cr_assert(nh_passes_run(t.g, &t.o, NULL, t.d, NULL, NULL));
        const nh_layer *l = &t.g->layer[1];
        nh_range seen = {0, 0};
        for (int64_t i = 0; i < n; i++) {
            int64_t w = l->weight->raw[i];
            seen.lo += w > 0 ? -128 * w : 127 * w;
            seen.hi += w > 0 ? 127 * w : -128 * w;
        }
        cr_assert_eq(l->accum.width_bits, nh_range_signed_width(seen));
        nh_arena_free(t.a);
    }
}

Test(infer, text_form_reads_back_after_all_passes) {
    uint64_t s = 3;
    for (int k = 0; k < 50; k++) {
        nh_samples data;
        net t = random_net(&s, &data);
        cr_assert(nh_passes_run(t.g, &t.o, &data, t.d, NULL, NULL));
        char *text[2];
        size_t size;
        const nh_graph *g = t.g;
        for (int i = 0; i < 2; i++) {
            FILE *f = open_memstream(&text[i], &size);
            nh_graph_print(g, true, f);
            fclose(f);
            if (i == 0) g = nh_graph_parse(t.a, t.d, "dump", text[0]);
            cr_assert_not_null(g);
        }
        cr_assert_str_eq(text[0], text[1]);
        free(text[0]), free(text[1]);
        nh_arena_free(t.a);
    }
}

/* 1024 x 1024, every method and kind: far below a second (4096 x 4096 takes 16 times as long). */
Test(infer, is_linear_and_fast_in_the_weights) {
    uint64_t s = 4;
    for (int k = 0; k < 6; k++) {
        net t = net_new(1024, "fixed<8,1>");
        t.o.calibrate.method = (nh_calibrate_method)(k % 3);
        t.o.defaults.scale = (nh_scale_kind)(k / 3);
        t.o.defaults.granularity = (nh_granularity)(k / 3);
        append_dense(&t, "fc", 1024, 1024, reals(&t, &s, 1024 * 1024, 1), NULL);
        clock_t start = clock();
        cr_assert(nh_passes_run(t.g, &t.o, NULL, t.d, NULL, NULL));
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        cr_expect(seconds < 2, "%g s", seconds);
        if (getenv("NH_TIMES"))
            fprintf(stderr, "%s, kind %d: %.3f s\n",
                    k % 3 == 0   ? "minmax"
                    : k % 3 == 1 ? "percentile"
                                 : "mse",
                    k / 3, seconds);
        nh_arena_free(t.a);
    }
}
