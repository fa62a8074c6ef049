/* Convolutions and pools as C: a sum per output, over the taps that are not in the padding. */
#include <inttypes.h>

#include "c_parts.h"

bool nh_c_is_event_conv(const nh_c *c, const nh_unit *u) { return c->has_steps && !u->conv.post.dp && u->conv.exact; }

/* [c_out][kh][kw][c_in/groups]: the channels of a tap are beside each other, as in the image. */
static int64_t *by_taps(const nh_c *c, const nh_conv *v) {
    int64_t per = v->c_in / v->groups, taps = v->kh * v->kw;
    int64_t *raw = nh_arena_array(c->a, (size_t)(v->c_out * taps * per), sizeof *raw);
    for (int64_t o = 0; o < v->c_out; o++)
        for (int64_t tap = 0; tap < taps; tap++)
            for (int64_t i = 0; i < per; i++) raw[(o * taps + tap) * per + i] = v->w[(o * per + i) * taps + tap];
    return raw;
}

static void bias_table(const nh_c *c, const nh_conv *v, const char *name) {
    nh_range all = {0, 0};
    int64_t *raw = nh_arena_array(c->a, (size_t)v->c_out, sizeof *raw);
    for (int64_t o = 0; o < v->c_out; o++) {
        raw[o] = v->b ? (int64_t)v->b[o] : 0;
        all = nh_range_hull(all, (nh_range){raw[o], raw[o]});
    }
    nh_c_array(c->a, c->w, nh_c_storage_of(all), name, "b", raw, v->c_out, v->c_out);
}

static void sizes(const nh_c *c, const nh_conv *v) {
    const struct {
        const char *name;
        int64_t value;
    } row[] = {{"C_IN", v->c_in},
               {"H_IN", v->h_in},
               {"W_IN", v->w_in},
               {"C_OUT", v->c_out},
               {"H_OUT", v->h_out},
               {"W_OUT", v->w_out},
               {"KH", v->kh},
               {"KW", v->kw},
               {"STRIDE_H", v->stride_h},
               {"STRIDE_W", v->stride_w},
               {"PAD_H", v->pad_h},
               {"PAD_W", v->pad_w},
               {"DILATION_H", v->dilation_h},
               {"DILATION_W", v->dilation_w},
               {"PER", v->c_in / v->groups},
               {"OUT_PER", v->c_out / v->groups}};
    nh_puts(c->w, "    enum {");
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        nh_printf(c->w, "%s %s = %" PRId64, i ? "," : "", row[i].name, row[i].value);
    nh_puts(c->w, " };\n");
}

/* The loops over outputs and taps; `inner` adds what tap (ky, kx), the word at `at`, gives. */
static void loops(const nh_c *c, const char *begin, const char *inner, const char *end) {
    nh_printf(c->w,
              "    for (size_t s = 0; s < n; s++)\n"
              "    for (int32_t oy = 0; oy < H_OUT; oy++)\n"
              "    for (int32_t ox = 0; ox < W_OUT; ox++)\n"
              "    for (int32_t o = 0; o < C_OUT; o++) {\n"
              "%s"
              "        for (int32_t ky = 0; ky < KH; ky++) {\n"
              "            int32_t row = oy * STRIDE_H + ky * DILATION_H - PAD_H;\n"
              "            if (row < 0 || row >= H_IN) continue;\n"
              "            for (int32_t kx = 0; kx < KW; kx++) {\n"
              "                int32_t column = ox * STRIDE_W + kx * DILATION_W - PAD_W;\n"
              "                if (column < 0 || column >= W_IN) continue;\n"
              "                size_t at = (s * H_IN * W_IN + (size_t)(row * W_IN + column)) * C_IN + (size_t)(o / "
              "OUT_PER * PER);\n"
              "%s"
              "            }\n"
              "        }\n"
              "%s"
              "    }\n}\n\n",
              begin, inner, end);
}

static void block_conv(const nh_c *c, const nh_unit *u, const char *name) {
    const nh_conv *v = &u->conv;
    const char *acc = nh_c_type(v->acc), *out = nh_c_type(c->g->stream[u->out[0]].fmt), *inner, *end;
    int64_t n_w = v->c_out * v->kh * v->kw * (v->c_in / v->groups), *w = by_taps(c, v);
    nh_format w_type = nh_c_storage_of(nh_c_range_of_raws(w, n_w, v->weight));
    nh_i128 worst = nh_c_worst_conv(v);
    const char *word = !v->exact            ? acc
                       : worst <= INT32_MAX ? "int32_t"
                       : worst <= INT64_MAX ? "int64_t"
                                            : nh_c_word_name(NH_C_128);
    if (!v->ones) nh_c_big_array(c->w, w_type, nh_arena_printf(c->a, "%s_w", name), w, n_w);
    bias_table(c, v, name);
    if (v->post.dp) nh_c_post(c, &v->post, v->c_out, name);
    if (!v->exact) nh_c_casting_step(c, v->x, v->weight, w_type, v->acc, name);
    const char *weights =
        nh_arena_printf(c->a, "                const %s *w = %s_w + (size_t)((o * KH + ky) * KW + kx) * PER;\n",
                        nh_c_type(w_type), name);
    if (v->ones)
        inner = nh_arena_printf(c->a, "                for (size_t i = 0; i < PER; i++) a += (%s)x[at + i];\n", word);
    else if (v->exact)
        inner =
            nh_arena_printf(c->a, "%s                for (size_t i = 0; i < PER; i++) a += (%s)w[i] * (%s)x[at + i];\n",
                            weights, word, word);
    else
        inner = nh_arena_printf(
            c->a, "%s                for (size_t i = 0; i < PER; i++) %s_step(&a, &x[at + i], &w[i], &a);\n", weights,
            name);
    const char *to = "y[((s * H_OUT + (size_t)oy) * W_OUT + (size_t)ox) * C_OUT + (size_t)o]";
    if (!v->post.dp)
        end = nh_arena_printf(c->a, "        %s = (%s)a;\n", to, out);
    else
        end = nh_arena_printf(c->a, "        %s sum = (%s)a;\n        %s_post(&sum, %s&%s);\n", acc, acc, name,
                              v->post.mul ? nh_arena_printf(c->a, "&%s_m[o], ", name) : "", to);
    nh_printf(c->w, "static void %s_block(const %s *x, %s *y, size_t n) {\n", name, nh_c_type(v->x), out);
    sizes(c, v);
    loops(c, nh_arena_printf(c->a, "        %s a = (%s)%s_b[o];\n", word, word, name), inner, end);
}

void nh_c_conv_unit(const nh_c *c, const nh_unit *u, const char *name) {
    if (nh_c_is_event_conv(c, u))
        nh_c_event_conv(c, u, name);
    else
        block_conv(c, u, name);
}

void nh_c_pool_unit(const nh_c *c, const nh_unit *u, const char *name) {
    const nh_conv *v = &u->conv;
    const char *type = nh_c_type(v->x);
    char text[64];
    nh_i128 min = nh_format_min(v->x);
    snprintf(text, sizeof text, min == INT64_MIN ? "INT64_MIN" : "%" PRId64, (int64_t)min);
    nh_printf(c->w, "static void %s_block(const %s *x, %s *y, size_t n) {\n", name, type, type);
    sizes(c, v);
    loops(c, nh_arena_printf(c->a, "        %s a = %s;\n", type, text), "                if (x[at] > a) a = x[at];\n",
          "        y[((s * H_OUT + (size_t)oy) * W_OUT + (size_t)ox) * C_OUT + (size_t)o] = a;\n");
}
