/* Emitted C of random designs of time steps against an integer model: dense and convolution layers, neurons,
 * recurrence, delays. */
#include "c_steps.h"

static nh_format plain(bool is_signed, int width, int frac) {
    return nh_format_make(is_signed, width, width - frac, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
}

static int64_t *random_raws(kernels *k, random_source *rng, int64_t n, nh_format f) {
    int64_t *w = nh_arena_array(k->arena, (size_t)n, sizeof *w);
    for (int64_t i = 0; i < n; i++) w[i] = (int64_t)random_raw(rng, f);
    return w;
}

static nh_i128 *random_biases(kernels *k, random_source *rng, int64_t n, int bits) {
    if (random_below(rng, 3) == 0) return NULL;
    nh_i128 *b = nh_arena_array(k->arena, (size_t)n, sizeof *b);
    for (int64_t i = 0; i < n; i++) b[i] = (int64_t)random_next(rng) >> (64 - bits);
    return b;
}

/* The format of all sums: |w| against the largest input. */
static nh_format sum_format(const int64_t *w, int64_t n_out, int64_t n_in, nh_format w_fmt, nh_format x,
                            const nh_i128 *b) {
    nh_i128 worst = 0, top = -nh_format_min(x) > nh_format_max(x) ? -nh_format_min(x) : nh_format_max(x);
    for (int64_t o = 0; o < n_out; o++) {
        nh_i128 sum = b ? (b[o] < 0 ? -b[o] : b[o]) : 0;
        for (int64_t i = 0; i < n_in; i++) {
            nh_i128 v = random_widen(w[o * n_in + i], w_fmt);
            sum += top * (v < 0 ? -v : v);
        }
        worst = sum > worst ? sum : worst;
    }
    nh_format f;
    cr_assert(nh_range_format((nh_range){-worst - 1, worst}, nh_format_frac(x) + nh_format_frac(w_fmt), &f));
    return f;
}

/* y = x, or a cast. */
static nh_dp *post_of(kernels *k, nh_format acc, nh_format out) {
    nh_dp *p = nh_dp_new(k->arena, "p");
    nh_val v = nh_dp_input(p, nh_dp_in_port(p, "x", 1, acc), 0, nh_range_of(acc));
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, out), 0, nh_dp_cast(p, v, out));
    nh_dp_finish(p);
    return p;
}

static int dense(kernels *k, random_source *rng, int in, int64_t n_out, int w_width) {
    nh_format x = steps_format(k, in), w_fmt = plain(random_below(rng, 4) != 0, w_width, 2);
    int64_t n_in = k->design.stream[in].n;
    nh_mac m = {.n_in = n_in, .n_out = n_out, .x = x, .weight = w_fmt, .exact = random_below(rng, 6) != 0};
    m.w = random_raws(k, rng, n_in * n_out, w_fmt);
    m.b = random_biases(k, rng, n_out, 10);
    m.acc = m.exact ? sum_format(m.w, n_out, n_in, w_fmt, x, m.b)
                    : nh_format_make(true, 18, 10, NH_ROUND_RND, NH_OVERFLOW_SAT);
    nh_format out = m.acc;
    if (random_below(rng, 4) == 0) out = nh_format_make(true, 9, 6, NH_ROUND_RND_CONV, NH_OVERFLOW_SAT);
    m.post.dp = post_of(k, m.acc, out);
    if (random_below(rng, 4) == 0) k->graph.tensor[in].kind = NH_EDGE_FRAME;
    nh_unit *u = steps_unit(k, NH_UNIT_MAC, 1, &in, 1, n_out, out);
    u->mac = m;
    return u->out[0];
}

/* n neurons over n_acc accumulators: a leaking state, a second one that remembers, a threshold that may differ, spikes
 * or levels. */
static nh_dp *neuron_dp(kernels *k, random_source *rng, const nh_neuron_unit *v, nh_format out) {
    nh_dp *p = nh_dp_new(k->arena, "lif");
    nh_val acc = nh_dp_const(p, random_below(rng, 5) - 2, 1);
    for (int i = 0; i < v->n_acc; i++)
        acc = nh_dp_add(p, acc,
                        nh_dp_input(p, nh_dp_in_port(p, nh_arena_printf(k->arena, "a%d", i), 1, v->acc[i]), 0,
                                    nh_range_of(v->acc[i])));
    nh_val s[2] = {0}, par[3] = {0};
    for (int i = 0; i < v->n_state; i++)
        s[i] = nh_dp_input(p, nh_dp_in_port(p, nh_arena_printf(k->arena, "s%d", i), 1, v->state[i]), 0,
                           nh_range_of(v->state[i]));
    for (int i = 0; i < v->n_param; i++)
        par[i] = nh_dp_input(p, nh_dp_in_port(p, nh_arena_printf(k->arena, "p%d", i), 1, v->param[i].fmt), 0,
                             nh_range_of(v->param[i].fmt));
    nh_val u = acc, threshold = v->n_param > 0 ? par[0] : nh_dp_const(p, 5, 1);
    if (v->n_state > 0) u = nh_dp_add(p, nh_dp_mulc(p, s[0], 1 + random_below(rng, 255), 8), acc);
    if (v->n_param > 1) u = nh_dp_add(p, u, nh_dp_mul(p, par[1], v->n_state > 1 ? s[1] : acc));
    nh_val fired = nh_dp_lt(p, threshold, u),
           y = out.width_bits == 1 ? fired : nh_dp_cast(p, nh_dp_select(p, fired, u, nh_dp_const(p, 0, 0)), out);
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, out), 0, y);
    if (v->n_state > 0) {
        nh_val rest = random_below(rng, 2) ? nh_dp_const(p, 0, 0) : nh_dp_sub(p, u, threshold);
        nh_dp_output(p, nh_dp_out_port(p, "n0", 1, v->state[0]), 0,
                     nh_dp_cast(p, nh_dp_select(p, fired, rest, u), v->state[0]));
    }
    if (v->n_state > 1)
        nh_dp_output(p, nh_dp_out_port(p, "n1", 1, v->state[1]), 0,
                     s[0]); /* the state before: no order of writes may change it */
    nh_dp_finish(p);
    return p;
}

static int neurons(kernels *k, random_source *rng, int n_acc, const int *in, int64_t channels, nh_format out) {
    int64_t n = k->design.stream[in[0]].n;
    nh_neuron_unit v = {.n = n,
                        .lanes = 1,
                        .words = n,
                        .n_acc = n_acc,
                        .n_state = random_below(rng, 3),
                        .n_param = random_below(rng, 3)};
    for (int i = 0; i < n_acc; i++) v.acc[i] = steps_format(k, in[i]);
    nh_format state = nh_format_make(true, 6 + random_below(rng, 20), 5, (nh_round)random_below(rng, 7),
                                     (nh_overflow)random_below(rng, 4));
    v.state[0] = v.state[1] = state;
    for (int i = 0; i < v.n_param; i++) {
        v.param[i].fmt = plain(random_below(rng, 2) != 0, 6, 2);
        v.param[i].n = random_below(rng, 2) ? n : channels;
        v.param[i].raw = random_raws(k, rng, v.param[i].n, v.param[i].fmt);
    }
    if (random_below(rng, 2)) {
        v.reset_period = 1 + random_below(rng, 4);
        v.reset_phase = random_below(rng, (int)v.reset_period);
    }
    v.dp = neuron_dp(k, rng, &v, out);
    nh_unit *u = steps_unit(k, NH_UNIT_NEURON, n_acc, in, 1, n, out);
    u->neuron = v;
    return u->out[0];
}

static int delay(kernels *k, random_source *rng, int in, int least) {
    nh_delay_unit v = {.n = k->design.stream[in].n, .lanes = 1, .is_late = least > 0};
    v.n_steps = random_below(rng, 2) ? 1 : v.n;
    int64_t *steps = nh_arena_array(k->arena, (size_t)v.n_steps, sizeof *steps);
    for (int64_t i = 0; i < v.n_steps; i++) {
        steps[i] = least + random_below(rng, 4);
        v.most = steps[i] > v.most ? steps[i] : v.most;
    }
    v.steps = steps;
    nh_unit *u = steps_unit(k, NH_UNIT_DELAY, 1, &in, 1, v.n, steps_format(k, in));
    u->delay = v;
    return u->out[0];
}

static nh_format random_output(random_source *rng) {
    return random_below(rng, 2)
               ? plain(false, 1, 0)
               : nh_format_make(random_below(rng, 2), 2 + random_below(rng, 6), 3, NH_ROUND_RND, NH_OVERFLOW_SAT);
}

/* A layer whose output comes back through a delay and a matrix of its own. */
static int recurrent(kernels *k, random_source *rng, int in, int64_t n, nh_format out) {
    int forward = dense(k, rng, in, n, 8);
    nh_unit *late = steps_unit(k, NH_UNIT_DELAY, 1, &forward, 1, n, out); /* its input stream is known below */
    int back = dense(k, rng, late->out[0], n, 6), acc[] = {forward, back};
    int y = neurons(k, rng, 2, acc, n, out);
    nh_unit *fork = steps_unit(k, NH_UNIT_FORK, 1, &y, 2, n, out);
    int64_t *steps = nh_arena_array(k->arena, 1, sizeof *steps);
    steps[0] = 1 + random_below(rng, 3);
    late->in[0] = fork->out[1];
    late->delay = (nh_delay_unit){.n = n, .most = steps[0], .n_steps = 1, .steps = steps, .is_late = true};
    return fork->out[0];
}

Test(c_steps, dense_networks_with_recurrence_and_delays_equal_the_model) {
    for (int seed = 1; seed <= 12; seed++) {
        random_source rng = {(uint64_t)seed * 4242};
        static const int in_width[] = {1, 1, 4, 8, 16};
        nh_format in = plain(seed % 2 == 0 && seed % 5 != 0, in_width[seed % 5], 0);
        kernels *k = steps_new(7, 1 + random_below(&rng, 90), in);
        int s = 0;
        for (int layer = 0; layer < 3; layer++) {
            int64_t n = 1 + random_below(&rng, layer == 0 ? 150 : 40);
            nh_format out = random_output(&rng);
            if (random_below(&rng, 2)) {
                s = recurrent(k, &rng, s, n, out);
            } else {
                int acc = dense(k, &rng, s, n, seed % 3 == 0 ? 16 : 8);
                s = neurons(k, &rng, 1, &acc, n, out);
            }
            if (random_below(&rng, 2)) s = delay(k, &rng, s, random_below(&rng, 2));
        }
        k->design.output = s;
        steps_compare(k, &rng, seed, seed % 4 == 0 ? 100 : 30);
        kernels_free(k);
    }
}

/* The accumulators do not fit 32 bits. */
Test(c_steps, wide_weights_and_inputs_are_exact) {
    for (int seed = 1; seed <= 4; seed++) {
        random_source rng = {(uint64_t)seed * 99};
        nh_format in = plain(seed % 2 == 0, seed < 3 ? 20 : 28, 3);
        kernels *k = steps_new(3, 40, in);
        int acc = dense(k, &rng, 0, 21, seed < 3 ? 14 : 26);
        k->design.output = neurons(k, &rng, 1, &acc, 21, plain(false, 1, 0));
        steps_compare(k, &rng, seed, 50);
        kernels_free(k);
    }
}

/* More inputs than are looked through at a time, and sums that 16 bits hold for a part of them only. */
Test(c_steps, many_inputs_are_summed_in_parts) {
    random_source rng = {5};
    kernels *k = steps_new(2, 2500, plain(false, 1, 0));
    k->design.output = dense(k, &rng, 0, 77, 8);
    steps_compare(k, &rng, 1, 60);
    kernels_free(k);
}

/* Tables of more than 2^18 weights are strings: of bytes, of 16-bit and of 32-bit characters. */
Test(c_steps, large_tables_are_exact) {
    static const struct {
        int64_t n_in, n_out;
        int width;
        const char *table;
    } want[] = {{27000, 80, 8, "int8_t net_u0_w[2160001] =\n    \""},
                {3400, 80, 8, "uint16_t net_u0_w_bits[272001] =\n    u\""},
                {3400, 80, 21, "uint32_t net_u0_w_bits[272001] =\n    U\""}};
    for (int i = 0; i < 3; i++) {
        random_source rng = {(uint64_t)i + 1};
        kernels *k = steps_new(2, want[i].n_in, plain(false, 1, 0));
        do {
            k->design.n_unit = 0;
            k->design.n_stream = 1;
            k->design.output = dense(k, &rng, 0, want[i].n_out, want[i].width);
        } while (!k->design.unit[0].mac.exact || !k->design.unit[0].mac.weight.is_signed);
        steps_compare(k, &rng, i, 30);
        nh_bytes c;
        cr_assert(nh_file_read(k->arena, k->diag, NH_NOWHERE, nh_path_join(k->arena, k->dir, "model.c"),
                               (size_t)1 << 28, &c));
        cr_assert(strstr(nh_arena_strn(k->arena, (const char *)c.data, c.size), want[i].table), "%s", want[i].table);
        kernels_free(k);
    }
}

static nh_conv random_conv(kernels *k, random_source *rng, nh_format x, int64_t c_in, int64_t h, int64_t w) {
    nh_conv v = {.c_in = c_in,
                 .h_in = h,
                 .w_in = w,
                 .groups = 1,
                 .x = x,
                 .weight = plain(random_below(rng, 4) != 0, 3 + random_below(rng, 6), 1)};
    v.kh = 1 + random_below(rng, 3);
    v.kw = 1 + random_below(rng, 4);
    v.stride_h = 1 + random_below(rng, 2);
    v.stride_w = 1 + random_below(rng, 3) / 2;
    v.dilation_h = 1 + random_below(rng, 2);
    v.dilation_w = 1 + random_below(rng, 3) / 2;
    v.pad_h = random_below(rng, 3);
    v.pad_w = random_below(rng, 4);
    v.depthwise = random_below(rng, 3) == 0;
    if (!v.depthwise && c_in % 2 == 0 && random_below(rng, 2)) v.groups = 2;
    v.c_out = v.groups * (1 + random_below(rng, 9));
    if (v.depthwise) v.groups = v.c_out = c_in;
    v.h_out = (h + 2 * v.pad_h - v.dilation_h * (v.kh - 1) - 1) / v.stride_h + 1;
    v.w_out = (w + 2 * v.pad_w - v.dilation_w * (v.kw - 1) - 1) / v.stride_w + 1;
    int64_t taps = c_in / v.groups * v.kh * v.kw;
    v.w = random_raws(k, rng, v.c_out * taps, v.weight);
    v.b = random_biases(k, rng, v.c_out, 9);
    v.acc = sum_format(v.w, v.c_out, taps, v.weight, x, v.b);
    v.exact = random_below(rng, 4) != 0;
    if (v.exact) return v;
    /* Cast in every step: a bit coarser, and too narrow. */
    v.acc = nh_format_make(true, 5 + random_below(rng, 8), 0, (nh_round)random_below(rng, 7), NH_OVERFLOW_SAT);
    v.acc.int_bits = v.acc.width_bits + 1 - nh_format_frac(x) - nh_format_frac(v.weight);
    for (int64_t o = 0; v.b && o < v.c_out; o++)
        ((nh_i128 *)v.b)[o] = nh_fx_convert(v.b[o], nh_format_frac(v.acc), v.acc, NULL);
    return v;
}

Test(c_steps, convolutions_equal_the_model) {
    for (int seed = 1; seed <= 16; seed++) {
        random_source rng = {(uint64_t)seed * 777};
        int64_t c = 1 + random_below(&rng, 6), h = 4 + random_below(&rng, 6), w = 4 + random_below(&rng, 6);
        static const int in_width[] = {1, 1, 5, 12};
        nh_format x = plain(seed % 3 == 0, in_width[seed % 4], 0);
        kernels *k = steps_new(4, h * w * c, x);
        int s = 0;
        for (int layer = 0; layer < 2; layer++) {
            nh_conv v = random_conv(k, &rng, steps_format(k, s), c, h, w);
            if (v.h_out < 1 || v.w_out < 1) break;
            nh_unit *u = steps_unit(k, NH_UNIT_CONV, 1, &s, 1, v.h_out * v.w_out * v.c_out, v.acc);
            u->conv = v;
            c = v.c_out, h = v.h_out, w = v.w_out;
            s = neurons(k, &rng, 1, &u->out[0], c, random_output(&rng));
        }
        k->design.output = s;
        steps_compare(k, &rng, seed, seed % 5 == 0 ? 100 : 25);
        kernels_free(k);
    }
}

/* Skip around a layer: FORK of the input, per-element delays with zeros among them, two accumulators; the output is a
 * copy. */
Test(c_steps, forks_of_inputs_and_outputs_are_copies) {
    for (int seed = 1; seed <= 4; seed++) {
        random_source rng = {(uint64_t)seed * 31};
        kernels *k = steps_new(6, 12, plain(false, 3, 0));
        int in = 0;
        nh_unit *fork = steps_unit(k, NH_UNIT_FORK, 1, &in, 3, 12, steps_format(k, 0));
        int a = dense(k, &rng, fork->out[0], 12, 7), b = delay(k, &rng, fork->out[1], 0), acc[] = {a, b, fork->out[2]};
        int y = neurons(k, &rng, 3, acc, 4, random_output(&rng));
        nh_unit *end = steps_unit(k, NH_UNIT_FORK, 1, &y, 2, 12, steps_format(k, y));
        int back = delay(k, &rng, end->out[0], 1);
        k->design.output = end->out[1];
        if (seed % 2) k->design.output = back;
        steps_compare(k, &rng, seed, 70);
        kernels_free(k);
    }
}

/* --- no units between: the input is the output ------------------------------------------------------------------- */

Test(c_steps, a_design_without_units_passes_its_input) {
    random_source rng = {3};
    kernels *k = steps_new(2, 5, plain(true, 4, 0));
    k->design.output = 0;
    steps_compare(k, &rng, 1, 100);
    kernels_free(k);
}

/* --- the kernels behind the co-simulation harness ---------------------------------------------------------------- */

static void cosim_model(const kernels *k) {
    const nh_design *g = &k->design;
    FILE *f = fopen(nh_path_join(k->arena, k->dir, "cosim_model.h"), "w");
    cr_assert(f);
    fprintf(f,
            "#define NH_PROJECT net\n#define NH_HAS_STEPS 1\n#define NH_STEPS %" PRId64
            "\n#define NH_UNITS(X)\n#define NH_FIFOS(X)\n",
            g->steps);
    fprintf(f, "#define NH_INPUTS(X) X(0, 0, %" PRId64 ", net_in_t, 1, s_axis)\n", g->stream[0].n);
    fprintf(f, "#define NH_OUTPUT_TYPE net_out_t\n#define NH_OUTPUT_BEAT 1\n#define NH_OUTPUT %d\n", g->output);
    fprintf(f, "#define NH_STREAMS(X)");
    for (int i = 0; i < g->n_stream; i++)
        fprintf(f, " X(s%d, %" PRId64 ", 1, %d, %d, w)", i, g->stream[i].n, g->stream[i].fmt.width_bits,
                g->stream[i].fmt.is_signed);
    fprintf(f, "\n#define NH_LINKS(X)");
    for (int i = 0; i < g->n_stream; i++) fprintf(f, " X(0, 0)");
    fprintf(f, "\n");
    fclose(f);
    f = fopen(nh_path_join(k->arena, k->dir, "main.c"), "w");
    cr_assert(f);
    fprintf(f, "%s",
            "#include <stdio.h>\n#include <string.h>\n#include \"cosim.h\"\n"
            "int main(void) {\n    static int64_t x[9 * 1000], y[9 * 1000], got[64][1000], e[1000], out[9 * 1000];\n   "
            " static int64_t *stream[64];\n"
            "    FILE *f = fopen(\"expect.bin\", \"rb\");\n    size_t n_x = 0, n_y = 0;\n    double seconds;\n    if "
            "(!f || nh_cosim_steps != 3) return 2;\n"
            "    for (int k = 0; k < nh_cosim_n_streams; k++) stream[k] = got[k];\n"
            "    for (int t = 0; t < 9; t++)\n        for (int k = 0; k < nh_cosim_n_streams; k++) {\n            "
            "size_t n = (size_t)nh_cosim_streams[k].n;\n"
            "            if (fread(e, 8, n, f) != n) return 2;\n"
            "            if (k == 0) { memcpy(x + n_x, e, n * 8); n_x += n; if (!nh_cosim_trace_frame(t % 3, e, "
            "stream)) return 3; }\n"
            "            if (k == nh_cosim_output) { memcpy(y + n_y, e, n * 8); n_y += n; }\n"
            "            if (memcmp(stream[k], e, n * 8)) { printf(\"frame %d stream %d\\n\", t, k); return 1; }\n     "
            "   }\n"
            "    fclose(f);\n    return !nh_cosim_batch(x, out, 3, &seconds) || memcmp(out, y, n_y * 8);\n}\n");
    fclose(f);
}

Test(c_steps, the_harness_traces_every_stream_frame_by_frame) {
    if (!have_compiler("cc")) cr_skip_test("skipped: no C compiler");
    random_source rng = {17};
    kernels *k = steps_new(3, 30, plain(true, 4, 0));
    k->design.output = recurrent(k, &rng, recurrent(k, &rng, 0, 20, plain(false, 1, 0)), 9, plain(true, 7, 2));
    kernels_emit(k);
    steps_expect(k, &rng, 40);
    cosim_model(k);
    char line[512];
    snprintf(line, sizeof line,
             "cd %s && cc -std=gnu11 -Wall -Wextra -Werror -O1 -I. -I%s/sim/harness main.c "
             "%s/sim/harness/cosim_kernels.c model.c -o main && ./main",
             k->dir, NH_SOURCE_DIR, NH_SOURCE_DIR);
    cr_assert_eq(system(line), 0, "in %s", k->dir);
    kernels_free(k);
}
