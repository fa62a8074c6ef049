/* Sums over the inputs that are not zero, as C: tables, and uses of sim/runtime/nh_event.h. */
#include <inttypes.h>
#include <string.h>

#include "c_parts.h"

enum {
    /* Up to here weights are stored in the type of the sums, beyond as small as they are. Measured: 1.7 times as fast,
       8-bit ones. */
    WIDE_BYTES = 1 << 22,
    LEAST_CHUNK = 32, /* fewer inputs than this are not worth a narrower sum */
    MOST_CHUNK = 1024 /* NH_EVENT_MOST */
};

/* Types of the sums: of a part of the inputs, and of all. 64-bit sums count modulo 2^64. */
typedef struct {
    const char *sum, *part;
    int part_bytes;
    int64_t chunk;
    bool is_binary;
} plan;

static nh_i128 magnitude(nh_range r) { return -r.lo > r.hi ? -r.lo : r.hi; }

static nh_i128 widen(int64_t raw, nh_format f) { return f.is_signed ? (nh_i128)raw : (nh_i128)(uint64_t)raw; }

static const char *sum_type(nh_i128 worst, int *bytes) {
    *bytes = worst <= INT16_MAX ? 2 : worst <= INT32_MAX ? 4 : 8;
    return *bytes == 2 ? "int16_t" : *bytes == 4 ? "int32_t" : "uint64_t";
}

static bool is_binary(nh_format x) { return x.width_bits == 1 && !x.is_signed; }

static plan plan_mac(const nh_mac *m) {
    static const nh_i128 limit[] = {INT16_MAX, INT32_MAX};
    plan p = {.is_binary = is_binary(m->x)};
    int bytes;
    p.sum = sum_type(nh_c_worst_part(m, m->n_in), &bytes);
    for (int i = 0; i < 2; i++) {
        p.chunk = m->n_in < MOST_CHUNK ? m->n_in : MOST_CHUNK;
        while (p.chunk >= LEAST_CHUNK && nh_c_worst_part(m, p.chunk) > limit[i])
            p.chunk = p.chunk % 2 ? p.chunk - 1 : p.chunk / 2;
        if (nh_c_worst_part(m, p.chunk) > limit[i]) continue;
        p.part = sum_type(limit[i], &p.part_bytes);
        return p;
    }
    p.chunk = MOST_CHUNK;
    p.part = "uint64_t";
    p.part_bytes = 8;
    return p;
}

/* A signed format of that many bytes. */
static nh_format of_bytes(int bytes) {
    return nh_format_make(true, bytes * 8, bytes * 8, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
}

static nh_format weight_type(nh_range range, int sum_bytes, int64_t n) {
    nh_format small = nh_c_storage_of(range);
    return sum_bytes <= 4 && n * sum_bytes <= WIDE_BYTES ? of_bytes(sum_bytes) : small;
}

bool nh_c_is_event(const nh_c *c, const nh_unit *u) {
    const nh_mac *m = &u->mac;
    int bytes;
    if (!c->has_steps || !m->exact) return false;
    if (m->x.width_bits <= 2) return true;
    sum_type(nh_c_worst_part(m, m->n_in), &bytes);
    return bytes == 2 || c->g->graph->tensor[c->g->stream[u->in[0]].tensor].kind != NH_EDGE_FRAME;
}

static void mac_tables(const nh_c *c, const nh_mac *m, const plan *p, const char *name, int64_t row, nh_format w_type) {
    int64_t *raw = nh_arena_array(c->a, (size_t)(row * m->n_in), sizeof *raw),
            *bias = nh_arena_array(c->a, (size_t)row, sizeof *raw);
    for (int64_t i = 0; i < m->n_in; i++)
        for (int64_t o = 0; o < m->n_out; o++) raw[i * row + o] = m->w[o * m->n_in + i];
    nh_c_big_array(c->w, w_type, nh_arena_printf(c->a, "%s_w", name), raw, row * m->n_in);
    for (int64_t o = 0; o < m->n_out; o++) bias[o] = m->b ? (int64_t)m->b[o] : 0;
    int bytes = strcmp(p->sum, "int16_t") == 0 ? 2 : strcmp(p->sum, "int32_t") == 0 ? 4 : 8;
    nh_format b_type = of_bytes(bytes);
    b_type.is_signed = bytes < 8;
    nh_c_big_array(c->w, b_type, nh_arena_printf(c->a, "%s_b", name), bias, row);
}

void nh_c_event_mac(const nh_c *c, const nh_unit *u, const char *name) {
    const nh_mac *m = &u->mac;
    plan p = plan_mac(m);
    int64_t lanes = 16 / p.part_bytes, row = (m->n_out + lanes - 1) / lanes * lanes;
    nh_format w_type =
        weight_type(nh_c_range_of_raws(m->w, m->n_in * m->n_out, m->weight), p.part_bytes, row * m->n_in);
    mac_tables(c, m, &p, name, row, w_type);
    nh_c_post(c, &m->post, m->n_out, name);
    nh_printf(c->w, "/* sum, weight, input, part of the sum; inputs, outputs, inputs per part, input is 0 or 1 */\n");
    nh_printf(c->w, "NH_EVENT_DENSE(%s, %s, %s, %s, %s, %" PRId64 ", %" PRId64 ", %" PRId64 ", %d)\n\n", name, p.sum,
              nh_c_type(w_type), nh_c_type(m->x), p.part, m->n_in, row, p.chunk, p.is_binary);
    nh_printf(c->w, "static void %s(const %s *restrict x, %s *restrict y) {\n", name, nh_c_type(m->x),
              nh_c_type(m->post.dp->out[0].fmt));
    nh_c_local(c->w, p.sum, 8, "acc", row);
    nh_printf(c->w,
              "    memcpy(acc, %s_b, sizeof acc);\n"
              "    %s_sums(acc, x);\n"
              "    for (size_t o = 0; o < %" PRId64 "; o++) {\n        const %s a = (%s)acc[o];\n",
              name, name, m->n_out, nh_c_type(m->acc), nh_c_type(m->acc));
    if (m->post.mul)
        nh_printf(c->w, "        %s_post(&a, &%s_m[o], &y[o]);\n    }\n}\n\n", name, name);
    else
        nh_printf(c->w, "        %s_post(&a, &y[o]);\n    }\n}\n\n", name);
}

/* --- convolution ------------------------------------------------------------------------------------------------- */

nh_i128 nh_c_worst_conv(const nh_conv *v) {
    nh_i128 worst = 0, x = magnitude(nh_range_of(v->x));
    int64_t taps = v->c_in / v->groups * v->kh * v->kw;
    for (int64_t o = 0; o < v->c_out; o++) {
        nh_i128 sum = v->b ? (v->b[o] < 0 ? -v->b[o] : v->b[o]) : 0;
        for (int64_t i = 0; i < taps; i++) {
            nh_i128 w = widen(v->w[o * taps + i], v->weight);
            sum += (w < 0 ? -w : w) * x;
        }
        if (sum > worst) worst = sum;
    }
    return worst;
}

/* [c_in][kh][kw, last first][c_out/groups]: what an input adds to the outputs beside each other is in one run. */
static int64_t *scattered(const nh_c *c, const nh_conv *v) {
    int64_t cig = v->c_in / v->groups, cog = v->c_out / v->groups, k = 0;
    int64_t *raw = nh_arena_array(c->a, (size_t)(v->c_in * v->kh * v->kw * cog), sizeof *raw);
    for (int64_t i = 0; i < v->c_in; i++)
        for (int64_t ky = 0; ky < v->kh; ky++)
            for (int64_t kx = v->kw - 1; kx >= 0; kx--)
                for (int64_t o = 0; o < cog; o++)
                    raw[k++] = v->w[(((i / cig * cog + o) * cig + i % cig) * v->kh + ky) * v->kw + kx];
    return raw;
}

static void conv_start(const nh_c *c, const nh_conv *v, const char *name, bool in_place, const char *sum, int bytes) {
    int64_t n = v->h_out * v->w_out * v->c_out;
    if (in_place)
        nh_printf(c->w, "    %s *acc = y;\n", sum);
    else
        nh_c_local(c->w, sum, bytes, "acc", n);
    if (v->b)
        nh_printf(c->w,
                  "    for (size_t p = 0; p < %" PRId64 "; p++)\n        memcpy(acc + p * %" PRId64
                  ", %s_b, sizeof %s_b);\n",
                  v->h_out * v->w_out, v->c_out, name, name);
    else
        nh_printf(c->w, "    memset(acc, 0, %" PRId64 " * sizeof *acc);\n", n);
}

void nh_c_event_conv(const nh_c *c, const nh_unit *u, const char *name) {
    const nh_conv *v = &u->conv;
    int bytes;
    const char *sum = sum_type(nh_c_worst_conv(v), &bytes), *out = nh_c_type(c->g->stream[u->out[0]].fmt);
    int64_t n_w = v->c_in * v->kh * v->kw * (v->c_out / v->groups);
    const int64_t *raw = scattered(c, v);
    nh_format w_type = weight_type(nh_c_range_of_raws(raw, n_w, v->weight), bytes, n_w);
    nh_c_big_array(c->w, w_type, nh_arena_printf(c->a, "%s_w", name), raw, n_w);
    if (v->b) {
        int64_t *bias = nh_arena_array(c->a, (size_t)v->c_out, sizeof *bias);
        for (int64_t o = 0; o < v->c_out; o++) bias[o] = (int64_t)v->b[o];
        nh_format b_type = of_bytes(bytes);
        b_type.is_signed = bytes < 8;
        nh_c_big_array(c->w, b_type, nh_arena_printf(c->a, "%s_b", name), bias, v->c_out);
    }
    nh_puts(c->w, "/* sum, weight, input; in, out (channels, height, width), kernel, stride, padding, dilation, "
                  "groups, input is 0 or 1 */\n");
    nh_printf(c->w, "NH_EVENT_CONV(%s, %s, %s, %s", name, sum, nh_c_type(w_type), nh_c_type(v->x));
    const int64_t size[] = {v->c_in,       v->h_in,       v->w_in,     v->c_out,       v->h_out, v->w_out,
                            v->kh,         v->kw,         v->stride_h, v->stride_w,    v->pad_h, v->pad_w,
                            v->dilation_h, v->dilation_w, v->groups,   is_binary(v->x)};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) nh_printf(c->w, ", %" PRId64, size[i]);
    nh_printf(c->w, ")\n\nstatic void %s(const %s *restrict x, %s *restrict y) {\n", name, nh_c_type(v->x), out);
    bool in_place = strcmp(sum, out) == 0;
    conv_start(c, v, name, in_place, sum, bytes);
    nh_printf(c->w, "    %s_sums(acc, x);\n", name);
    if (!in_place)
        nh_printf(c->w, "    for (size_t o = 0; o < %" PRId64 "; o++) y[o] = (%s)acc[o];\n",
                  v->h_out * v->w_out * v->c_out, out);
    nh_puts(c->w, "}\n\n");
}
