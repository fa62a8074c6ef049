/* Hand-made designs of time steps, an integer model of them written from the definitions in design.h, and the
 * comparison with the emitted C: every stream of every step, and step, infer and batch. */
#ifndef NH_C_STEPS_TEST_H
#define NH_C_STEPS_TEST_H

#include "c_kernels.h"

enum { STEPS_UNITS = 32, STEPS_STREAMS = 48, STEPS_SAMPLES = 3 };

static inline kernels *steps_new(int64_t steps, int64_t n_in, nh_format f) {
    kernels *k = kernels_new();
    k->graph.tensor = nh_arena_array(k->arena, STEPS_STREAMS, sizeof(nh_tensor));
    k->design.unit = nh_arena_array(k->arena, STEPS_UNITS, sizeof(nh_unit));
    k->design.stream = nh_arena_array(k->arena, STEPS_STREAMS, sizeof(nh_stream));
    k->design.steps = steps;
    k->graph.steps = steps;
    k->design.n_stream = k->graph.n_tensor = 1;
    k->graph.tensor[0] = (nh_tensor){.name = "t", .shape = {1, {n_in}}, .q = {true, f, 1.0}, .kind = NH_EDGE_SPIKE};
    k->design.stream[0] = (nh_stream){.tensor = 0, .id = "s0", .n = n_in, .fmt = f, .src = -1, .dst = -1};
    return k;
}

static inline int steps_stream(kernels *k, int src, int64_t n, nh_format f) {
    int i = k->design.n_stream++;
    cr_assert_lt(i, STEPS_STREAMS);
    k->graph.n_tensor++;
    k->graph.tensor[i] = (nh_tensor){.name = "t", .shape = {1, {n}}, .q = {true, f, 1.0}, .kind = NH_EDGE_SPIKE};
    k->design.stream[i] =
        (nh_stream){.tensor = i, .id = nh_arena_printf(k->arena, "s%d", i), .n = n, .fmt = f, .src = src, .dst = -1};
    return i;
}

/* A unit that reads n_in streams and makes n_out of n elements of f each. */
static inline nh_unit *steps_unit(kernels *k, nh_unit_kind kind, int n_in, const int *in, int n_out, int64_t n,
                                  nh_format f) {
    int i = k->design.n_unit++;
    cr_assert_lt(i, STEPS_UNITS);
    nh_unit *u = &k->design.unit[i];
    *u = (nh_unit){.id = nh_arena_printf(k->arena, "u%d", i), .kind = kind, .n_in = n_in, .n_out = n_out};
    for (int j = 0; j < n_in; j++) {
        u->in[j] = in[j];
        k->design.stream[in[j]].dst = i;
    }
    for (int j = 0; j < n_out; j++) u->out[j] = steps_stream(k, i, n, f);
    return u;
}

/* --- the model --------------------------------------------------------------------------------------------------- */

typedef struct {
    const kernels *k;
    int64_t **now;                     /* [stream][element] */
    int64_t ***past;                   /* [stream][step][element] */
    int64_t **state[NH_NEURON_STATES]; /* [k][unit][element] */
} model;

static inline nh_format steps_format(const kernels *k, int stream) { return k->design.stream[stream].fmt; }

static inline void model_mac(const model *m, const nh_unit *u) {
    const nh_mac *v = &u->mac;
    int frac = nh_format_frac(v->x) + nh_format_frac(v->weight);
    for (int64_t o = 0; o < v->n_out; o++) {
        nh_i128 acc = v->b ? v->b[o] : 0, mul = v->post.mul ? v->post.mul[o] : 0, y;
        for (int64_t i = 0; i < v->n_in; i++) {
            nh_i128 product = random_widen(m->now[u->in[0]][i], v->x) * random_widen(v->w[o * v->n_in + i], v->weight);
            if (v->exact)
                acc += product;
            else
                acc = nh_fx_convert(acc + nh_fx_convert(product, frac, v->acc, NULL), nh_format_frac(v->acc), v->acc,
                                    NULL);
        }
        const nh_i128 *in[] = {&acc, &mul};
        nh_i128 *out[] = {&y};
        nh_dp_eval(v->post.dp, in, out);
        m->now[u->out[0]][o] = (int64_t)y;
    }
}

/* From the inputs: every element is offered to the windows that see it. */
static inline void model_pool(const model *m, const nh_unit *u) {
    const nh_conv *v = &u->conv;
    int64_t *y = m->now[u->out[0]];
    for (int64_t i = 0; i < v->h_out * v->w_out * v->c_out; i++) y[i] = (int64_t)nh_format_min(v->x);
    for (int64_t i = 0; i < v->h_in * v->w_in * v->c_in; i++)
        for (int64_t k = 0; k < v->kh * v->kw; k++) {
            int64_t c = i % v->c_in, ty = i / v->c_in / v->w_in + v->pad_h - k / v->kw * v->dilation_h,
                    tx = i / v->c_in % v->w_in + v->pad_w - k % v->kw * v->dilation_w;
            if (ty < 0 || tx < 0 || ty % v->stride_h || tx % v->stride_w) continue;
            if (ty / v->stride_h >= v->h_out || tx / v->stride_w >= v->w_out) continue;
            int64_t *to = &y[(ty / v->stride_h * v->w_out + tx / v->stride_w) * v->c_out + c];
            if (random_widen(m->now[u->in[0]][i], v->x) > random_widen(*to, v->x)) *to = m->now[u->in[0]][i];
        }
}

/* From the outputs: every tap of every output pixel. */
static inline void model_conv(const model *m, const nh_unit *u) {
    const nh_conv *v = &u->conv;
    int64_t cig = v->c_in / v->groups, cog = v->c_out / v->groups;
    int frac = nh_format_frac(v->x) + nh_format_frac(v->weight);
    for (int64_t oy = 0; oy < v->h_out; oy++)
        for (int64_t ox = 0; ox < v->w_out; ox++)
            for (int64_t o = 0; o < v->c_out; o++) {
                nh_i128 sum = v->b ? v->b[o] : 0;
                for (int64_t ky = 0; ky < v->kh; ky++)
                    for (int64_t kx = 0; kx < v->kw; kx++)
                        for (int64_t i = 0; i < cig; i++) {
                            int64_t y = oy * v->stride_h - v->pad_h + ky * v->dilation_h,
                                    x = ox * v->stride_w - v->pad_w + kx * v->dilation_w;
                            if (y < 0 || x < 0 || y >= v->h_in || x >= v->w_in) continue;
                            int64_t raw = m->now[u->in[0]][(y * v->w_in + x) * v->c_in + o / cog * cig + i];
                            nh_i128 product = random_widen(raw, v->x) *
                                              random_widen(v->w[((o * cig + i) * v->kh + ky) * v->kw + kx], v->weight);
                            if (v->exact)
                                sum += product;
                            else
                                sum = nh_fx_convert(sum + nh_fx_convert(product, frac, v->acc, NULL),
                                                    nh_format_frac(v->acc), v->acc, NULL);
                        }
                m->now[u->out[0]][(oy * v->w_out + ox) * v->c_out + o] = (int64_t)sum;
            }
}

static inline void model_neuron(const model *m, int unit, int64_t t) {
    const nh_unit *u = &m->k->design.unit[unit];
    const nh_neuron_unit *v = &u->neuron;
    for (int64_t e = 0; e < v->n; e++) {
        nh_i128 in[NH_UNIT_PORTS + NH_NEURON_STATES + NH_NEURON_PARAMS], out[1 + NH_NEURON_STATES];
        const nh_i128 *inputs[NH_UNIT_PORTS + NH_NEURON_STATES + NH_NEURON_PARAMS];
        nh_i128 *results[1 + NH_NEURON_STATES];
        int n = 0;
        for (int k = 0; k < v->n_acc; k++) in[n++] = random_widen(m->now[u->in[k]][e], v->acc[k]);
        for (int k = 0; k < v->n_state; k++) {
            bool cleared = t == 0 || (v->reset_period > 0 && t % v->reset_period == v->reset_phase);
            in[n++] = cleared ? 0 : random_widen(m->state[k][unit][e], v->state[k]);
        }
        for (int k = 0; k < v->n_param; k++)
            in[n++] = random_widen(v->param[k].raw[e % v->param[k].n], v->param[k].fmt);
        for (int i = 0; i < n; i++) inputs[i] = &in[i];
        for (int i = 0; i <= v->n_state; i++) results[i] = &out[i];
        nh_dp_eval(v->dp, inputs, results);
        m->now[u->out[0]][e] = (int64_t)out[0];
        for (int k = 0; k < v->n_state; k++) m->state[k][unit][e] = (int64_t)out[1 + k];
    }
}

static inline void model_delay(const model *m, const nh_unit *u, int64_t t) {
    const nh_delay_unit *v = &u->delay;
    for (int64_t e = 0; e < v->n; e++) {
        int64_t d = v->steps[e % v->n_steps];
        m->now[u->out[0]][e] = d > t ? 0 : d == 0 ? m->now[u->in[0]][e] : m->past[u->in[0]][t - d][e];
    }
}

static inline void model_datapath(const model *m, const nh_unit *u) {
    nh_i128 x[256], y[256];
    const nh_i128 *in[] = {x};
    nh_i128 *out[] = {y};
    for (int64_t e = 0; e < u->dp->in[0].n; e++) x[e] = random_widen(m->now[u->in[0]][e], u->dp->in[0].fmt);
    nh_dp_eval(u->dp, in, out);
    for (int64_t e = 0; e < u->dp->out[0].n; e++) m->now[u->out[0]][e] = (int64_t)y[e];
}

static inline void model_unit(const model *m, int unit, int64_t t) {
    const nh_unit *u = &m->k->design.unit[unit];
    switch (u->kind) {
    case NH_UNIT_DATAPATH: model_datapath(m, u); return;
    case NH_UNIT_MAC: model_mac(m, u); return;
    case NH_UNIT_CONV: model_conv(m, u); return;
    case NH_UNIT_POOL: model_pool(m, u); return;
    case NH_UNIT_NEURON: model_neuron(m, unit, t); return;
    case NH_UNIT_DELAY:
        if (!u->delay.is_late) model_delay(m, u, t);
        return;
    case NH_UNIT_FORK:
        for (int i = 0; i < u->n_out; i++)
            memcpy(m->now[u->out[i]], m->now[u->in[0]], (size_t)m->k->design.stream[u->in[0]].n * sizeof(int64_t));
        return;
    }
}

/* One step: now[input] is given. */
static inline void model_step(const model *m, int64_t t) {
    const nh_design *g = &m->k->design;
    for (int i = 0; i < g->n_unit; i++)
        if (g->unit[i].kind == NH_UNIT_DELAY && g->unit[i].delay.is_late) model_delay(m, &g->unit[i], t);
    for (int i = 0; i < g->n_unit; i++) model_unit(m, i, t);
    for (int i = 0; i < g->n_stream; i++) memcpy(m->past[i][t], m->now[i], (size_t)g->stream[i].n * sizeof(int64_t));
}

static inline model model_new(const kernels *k) {
    const nh_design *g = &k->design;
    model m = {.k = k,
               .now = nh_arena_array(k->arena, STEPS_STREAMS, sizeof(int64_t *)),
               .past = nh_arena_array(k->arena, STEPS_STREAMS, sizeof(int64_t **))};
    for (int i = 0; i < g->n_stream; i++) {
        m.now[i] = nh_arena_array(k->arena, (size_t)g->stream[i].n, sizeof(int64_t));
        m.past[i] = nh_arena_array(k->arena, (size_t)g->steps, sizeof(int64_t *));
        for (int64_t t = 0; t < g->steps; t++)
            m.past[i][t] = nh_arena_array(k->arena, (size_t)g->stream[i].n, sizeof(int64_t));
    }
    for (int s = 0; s < NH_NEURON_STATES; s++) {
        m.state[s] = nh_arena_array(k->arena, STEPS_UNITS, sizeof(int64_t *));
        for (int i = 0; i < g->n_unit; i++)
            if (g->unit[i].kind == NH_UNIT_NEURON)
                m.state[s][i] = nh_arena_array(k->arena, (size_t)g->unit[i].neuron.n, sizeof(int64_t));
    }
    return m;
}

/* --- the comparison ---------------------------------------------------------------------------------------------- */

/* expect.bin: int64 of every stream of every step of every sample. density: of inputs that are not zero, in percent. */
static inline void steps_expect(kernels *k, random_source *rng, int density) {
    const nh_design *g = &k->design;
    model m = model_new(k);
    FILE *f = fopen(nh_path_join(k->arena, k->dir, "expect.bin"), "wb");
    cr_assert(f);
    for (int s = 0; s < STEPS_SAMPLES; s++)
        for (int64_t t = 0; t < g->steps; t++) {
            for (int64_t e = 0; e < g->stream[g->input].n; e++)
                m.now[g->input][e] =
                    random_below(rng, 100) < density ? (int64_t)random_raw(rng, steps_format(k, g->input)) : 0;
            model_step(&m, t);
            for (int i = 0; i < g->n_stream; i++) fwrite(m.now[i], sizeof(int64_t), (size_t)g->stream[i].n, f);
        }
    fclose(f);
}

static const char steps_main_text[] =
    "static int64_t *expect;\n"
    "static int fail(const char *what, int s, int t) { printf(\"%s differs: sample %d step %d\\n\", what, s, t); "
    "return 1; }\n"
    "int main(void) {\n"
    "    static net_state state, traced;\n"
    "    static net_streams k;\n"
    "    static net_in_t x[SAMPLES * NET_STEPS * NET_N_IN];\n"
    "    static net_out_t y[SAMPLES * NET_STEPS * NET_N_OUT], z[SAMPLES * NET_STEPS * NET_N_OUT], one[NET_STEPS * "
    "NET_N_OUT];\n"
    "    expect = malloc((size_t)SAMPLES * NET_STEPS * ALL * 8);\n"
    "    FILE *f = fopen(\"expect.bin\", \"rb\");\n"
    "    if (!expect || !f || fread(expect, 8, (size_t)SAMPLES * NET_STEPS * ALL, f) != (size_t)SAMPLES * NET_STEPS * "
    "ALL) return 2;\n"
    "    memset(&state, 0x55, sizeof state);\n    memset(&traced, 0x55, sizeof traced);\n"
    "    for (int s = 0; s < SAMPLES; s++) {\n"
    "        net_reset(&state);\n        net_reset(&traced);\n"
    "        for (int t = 0; t < NET_STEPS; t++) {\n"
    "            net_in_t *xt = x + (s * NET_STEPS + t) * NET_N_IN;\n"
    "            net_out_t *yt = y + (s * NET_STEPS + t) * NET_N_OUT;\n"
    "            const int64_t *e = expect + ((size_t)s * NET_STEPS + (size_t)t) * ALL;\n"
    "            for (size_t i = 0; i < NET_N_IN; i++) xt[i] = (net_in_t)e[AT_IN + i];\n"
    "            memset(&k, 0x77, sizeof k);\n"
    "            net_trace(&traced, xt, &k);\n"
    "            CHECK_STREAMS\n"
    "            net_step(&state, xt, yt);\n"
    "            for (size_t i = 0; i < NET_N_OUT; i++) if ((int64_t)yt[i] != e[AT_OUT + i]) return fail(\"step\", s, "
    "t);\n"
    "        }\n"
    "        net_infer(x + s * NET_STEPS * NET_N_IN, one);\n"
    "        if (memcmp(one, y + s * NET_STEPS * NET_N_OUT, sizeof one)) return fail(\"infer\", s, 0);\n"
    "    }\n"
    "    net_batch(x, z, SAMPLES);\n"
    "    if (memcmp(y, z, sizeof y)) return fail(\"batch\", 0, 0);\n"
    "    free(expect);\n    fclose(f);\n    return 0;\n}\n";

static inline void steps_main(const kernels *k) {
    const nh_design *g = &k->design;
    FILE *f = fopen(nh_path_join(k->arena, k->dir, "main.c"), "w");
    cr_assert(f);
    int64_t at = 0, at_in = 0, at_out = 0;
    fprintf(f,
            "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include \"model.h\"\n#define SAMPLES "
            "%d\n#define CHECK_STREAMS \\\n",
            STEPS_SAMPLES);
    for (int i = 0; i < g->n_stream; i++) {
        if (i == g->input) at_in = at;
        if (i == g->output) at_out = at;
        fprintf(f,
                "    for (size_t i = 0; i < %" PRId64 "; i++) if ((int64_t)k.%s[i] != e[%" PRId64
                " + i]) return fail(\"%s\", s, t); \\\n",
                g->stream[i].n, g->stream[i].id, at, g->stream[i].id);
        at += g->stream[i].n;
    }
    fprintf(f, "\n#define ALL %" PRId64 "\n#define AT_IN %" PRId64 "\n#define AT_OUT %" PRId64 "\n%s", at, at_in,
            at_out, steps_main_text);
    fclose(f);
}

static inline void steps_compare(kernels *k, random_source *rng, int seed, int density) {
    static const char *const compilers[] = {"gcc", "clang"};
    static const char *const flags[] = {UBSAN, STRICT " -O3"};
    kernels_emit(k);
    steps_expect(k, rng, density);
    steps_main(k);
    for (int i = 0; i < 2; i++) {
        const char *cc = compilers[(seed + i) % 2];
        if (have_compiler(cc))
            cr_assert_eq(kernels_run(k, cc, flags[i]), 0, "seed %d: %s %s in %s", seed, cc, flags[i], k->dir);
    }
}

#endif
