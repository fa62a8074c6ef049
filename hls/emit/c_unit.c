/* Units as C: tables, and one function over a block of samples. */
#include "c_parts.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static nh_i128 widen(int64_t raw, nh_format f) { return f.is_signed ? (nh_i128)raw : (nh_i128)(uint64_t)raw; }

/* --- constant arrays --------------------------------------------------------------------------------------------- */

nh_range nh_c_range_of_raws(const int64_t *raw, int64_t n, nh_format fmt) {
    nh_range r = {widen(raw[0], fmt), widen(raw[0], fmt)};
    for (int64_t i = 1; i < n; i++) {
        nh_i128 v = widen(raw[i], fmt);
        if (v < r.lo) r.lo = v;
        if (v > r.hi) r.hi = v;
    }
    return r;
}

nh_format nh_c_storage_of(nh_range r) {
    nh_format f;
    bool fits = nh_range_format(r, 0, &f);
    assert(fits);
    (void)fits;
    return f;
}

/* Elements beyond which a table is written as a string: gcc 12 reads 11.6 M of them in 2 s, as a list in 30 s and more.
 */
enum { AS_STRING = 1 << 18 };

static void elements(nh_writer *w, nh_format fmt, const int64_t *raw, int64_t n) {
    bool big = nh_format_max(fmt) > INT32_MAX;
    for (int64_t i = 0; i < n; i++) {
        nh_puts(w, i % 16 == 0 ? "\n    " : " ");
        if (big && !fmt.is_signed)
            nh_printf(w, "UINT64_C(%" PRIu64 ")", (uint64_t)raw[i]);
        else if (big)
            nh_c_literal(w, raw[i], NH_C_64);
        else if (raw[i] == INT32_MIN)
            nh_puts(w, "INT32_MIN");
        else
            nh_put_int(w, raw[i]);
        nh_puts(w, ",");
    }
}

void nh_c_array(nh_arena *a, nh_writer *w, nh_format fmt, const char *unit, const char *what, const int64_t *raw,
                int64_t n, int64_t length) {
    nh_printf(w, "static const %s %s[%" PRId64 "] = {", nh_c_type(fmt), nh_arena_printf(a, "%s_%s", unit, what),
              length);
    elements(w, fmt, raw, n);
    nh_puts(w, "\n};\n\n");
}

/* Bytes as octal escapes of full length, which no digit can prolong. */
static size_t byte_escape(char *out, unsigned v) {
    bool plain = v > ' ' && v < 127 && v != '"' && v != '\\' && v != '?';
    if (plain) {
        *out = (char)v;
        return 1;
    }
    *out = '\\';
    for (int i = 0; i < 3; i++) out[1 + i] = (char)('0' + (v >> (6 - 3 * i) & 7));
    return 4;
}

/* Wider ones as hexadecimal escapes, which the next backslash ends. */
static size_t word_escape(char *out, uint32_t v) {
    size_t digits = 1;
    while (digits < 8 && v >> (4 * digits)) digits++;
    out[0] = '\\';
    out[1] = 'x';
    for (size_t i = 0; i < digits; i++) out[2 + i] = "0123456789abcdef"[v >> (4 * (digits - 1 - i)) & 15];
    return 2 + digits;
}

static void string_of(nh_writer *w, const int64_t *raw, int64_t n, int bytes) {
    enum { PER_LINE = 64 };
    char line[PER_LINE * 10 + 8];
    uint32_t mask = bytes == 1 ? 0xff : bytes == 2 ? 0xffff : UINT32_MAX;
    for (int64_t i = 0; i < n;) {
        size_t k = 0;
        for (int in_line = 0; in_line < PER_LINE && i < n; in_line++, i++) {
            uint32_t v = (uint32_t)raw[i] & mask;
            k += bytes == 1 ? byte_escape(line + k, v) : word_escape(line + k, v);
        }
        nh_puts(w, bytes == 1 ? "\n    \"" : bytes == 2 ? "\n    u\"" : "\n    U\"");
        nh_write(w, line, k);
        nh_puts(w, "\"");
    }
}

/* Strings of wide characters are unsigned: a pointer has the sign. */
static void big_string(nh_writer *w, nh_format fmt, const char *name, const int64_t *raw, int64_t n) {
    nh_format bits = fmt;
    bits.is_signed = fmt.width_bits <= 8 && fmt.is_signed;
    const char *suffix = fmt.width_bits <= 8 ? "" : "_bits";
    nh_puts(w, "#pragma GCC diagnostic push\n#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n");
    nh_printf(w, "static const _Alignas(16) %s %s%s[%" PRId64 "] =", nh_c_type(bits), name, suffix, n + 1);
    string_of(w, raw, n, fmt.width_bits <= 8 ? 1 : fmt.width_bits <= 16 ? 2 : 4);
    nh_puts(w, ";\n#pragma GCC diagnostic pop\n");
    if (*suffix)
        nh_printf(w, "static const %s *const %s = (const %s *)%s_bits;\n", nh_c_type(fmt), name, nh_c_type(fmt), name);
    nh_puts(w, "\n");
}

void nh_c_big_array(nh_writer *w, nh_format fmt, const char *name, const int64_t *raw, int64_t n) {
    if (n > AS_STRING && fmt.width_bits <= 32) {
        big_string(w, fmt, name, raw, n);
        return;
    }
    nh_printf(w, "static const _Alignas(16) %s %s[%" PRId64 "] = {", nh_c_type(fmt), name, n);
    elements(w, fmt, raw, n);
    nh_puts(w, "\n};\n\n");
}

void nh_c_tables(nh_writer *w, const nh_dp *dp, const char *name) {
    nh_arena *scratch = nh_arena_new();
    for (int i = 0; i < dp->n_table; i++) {
        const nh_dp_table *t = &dp->table[i];
        nh_c_array(scratch, w, t->fmt, name, t->id, t->raw, t->depth, t->depth);
    }
    nh_arena_free(scratch);
}

/* --- unrolled units ---------------------------------------------------------------------------------------------- */

/* The lanes are the samples of a block; a shorter block leaves the last lanes zero. */
void nh_c_datapath_unit(const nh_c *c, const nh_unit *u, const char *name) {
    nh_writer *w = c->w;
    const nh_dp *dp = u->dp;
    const nh_dp_port *x = &dp->in[0], *y = &dp->out[0];
    int lanes = nh_c_datapath_lanes(w, dp, name);
    const char *x_word = nh_c_word_name(nh_c_word_of(nh_range_of(x->fmt)));
    const char *y_word = nh_c_word_name(nh_c_word_of(nh_range_of(y->fmt)));
    nh_printf(w, "static void %s_block(const %s *x, %s *y, size_t n) {\n", name, nh_c_type(x->fmt), nh_c_type(y->fmt));
    nh_printf(w, "    enum { N_IN = %" PRId64 ", N_OUT = %" PRId64 ", LANES = %d };\n", x->n, y->n, lanes);
    nh_printf(w, "    %s xs[N_IN * LANES] = {0};\n    %s ys[N_OUT * LANES];\n", x_word, y_word);
    nh_puts(w, "    for (size_t s = 0; s < n; s += LANES) {\n"
               "        size_t m = n - s < LANES ? n - s : LANES;\n"
               "        for (size_t l = 0; l < m; l++)\n"
               "            for (size_t i = 0; i < N_IN; i++) ");
    nh_printf(w, "xs[i * LANES + l] = (%s)x[(s + l) * N_IN + i];\n        %s_lanes(xs, ys);\n", x_word, name);
    nh_printf(w,
              "        for (size_t l = 0; l < m; l++)\n"
              "            for (size_t o = 0; o < N_OUT; o++) y[(s + l) * N_OUT + o] = (%s)ys[o * LANES + l];\n"
              "    }\n}\n\n",
              nh_c_type(y->fmt));
}

/* --- MAC units --------------------------------------------------------------------------------------------------- */

enum {
    TILE = 16, /* outputs whose sums are kept before the post datapath: their weights stay in the cache for a block */
    ROWS = 4,  /* outputs summed side by side; measured: 1.3 to 3 times one at a time, with gcc 12 at -O2 and -O3 */
    WIDE_WEIGHTS = 1 << 19 /* up to here weights are stored as 16-bit operands, beyond as small as they are */
};

/* How the sums of a MAC unit are computed: `part` inputs at a time in int32_t, added up in `word`. */
typedef struct {
    const nh_mac *m;
    const char *name;
    nh_format w_type, x_type; /* of the operands in the inner loop */
    nh_c_word product, word;
    int64_t part;
    int64_t rows; /* of the tables: n_out, with zeros up to a multiple of ROWS when four are summed side by side */
    bool side_by_side;
    int64_t offset; /* taken from every input, so that unsigned 16-bit ones are int16_t too; the biases give it back */
} sums;

static nh_i128 magnitude(nh_range r) { return -r.lo > r.hi ? -r.lo : r.hi; }

nh_i128 nh_c_worst_part(const nh_mac *m, int64_t part) {
    nh_i128 x = magnitude(nh_range_of(m->x)), worst = 0;
    for (int64_t o = 0; o < m->n_out; o++) {
        const int64_t *w = m->w + o * m->n_in;
        nh_i128 bias = m->b && part >= m->n_in ? m->b[o] : 0, sum = 0, top = 0;
        for (int64_t i = 0; i < m->n_in; i++) {
            if (i % part == 0) sum = 0;
            nh_i128 v = widen(w[i], m->weight);
            sum += (v < 0 ? -v : v) * x;
            if (sum > top) top = sum;
        }
        top += bias < 0 ? -bias : bias;
        if (top > worst) worst = top;
    }
    return worst;
}

/* Small operands are 16-bit, for which processors have a multiply-and-add instruction. */
static sums plan_sums(const nh_mac *m, const char *name) {
    sums s = {.m = m, .name = name, .x_type = m->x, .part = m->n_in, .rows = m->n_out};
    const nh_format int16 = nh_format_make(true, 16, 16, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    nh_range w = nh_c_range_of_raws(m->w, m->n_in * m->n_out, m->weight), x = nh_range_of(m->x);
    s.w_type = nh_c_storage_of(w);
    if (nh_range_signed_width(x) <= 16) s.x_type = int16;
    nh_i128 whole = nh_c_worst_part(m, m->n_in);
    s.word = whole <= INT32_MAX ? NH_C_32 : whole <= INT64_MAX ? NH_C_64 : NH_C_128;
    nh_i128 product = magnitude(w) * magnitude(x);
    s.product = product <= INT32_MAX ? NH_C_32 : product <= INT64_MAX ? NH_C_64 : NH_C_128;
    if (s.word != NH_C_32 && s.product == NH_C_32)
        while (s.part > 1 && nh_c_worst_part(m, s.part) > INT32_MAX) s.part = s.part > 256 ? 256 : s.part / 2;
    if (s.part < 16) s.part = m->n_in; /* too short to gain anything: every product goes into the wide sum */
    s.side_by_side = m->exact && s.word == NH_C_32 && s.product == NH_C_32;
    if (s.side_by_side) s.rows = (m->n_out + ROWS - 1) / ROWS * ROWS;
    if (s.side_by_side && !m->x.is_signed && nh_range_signed_width(x) == 17 &&
        whole + m->n_in * magnitude(w) <= INT32_MAX) {
        s.offset = -(int64_t)INT16_MIN;
        s.x_type = int16;
    }
    if (s.side_by_side && nh_range_signed_width(w) <= 16 && m->n_in * m->n_out <= WIDE_WEIGHTS) s.w_type = int16;
    return s;
}

static void bias_table(nh_arena *a, nh_writer *w, const sums *s) {
    const nh_mac *m = s->m;
    nh_range all = {0, 0};
    int64_t *raw = nh_arena_array(a, (size_t)s->rows, sizeof *raw);
    assert(raw);
    for (int64_t o = 0; o < m->n_out; o++) {
        raw[o] = m->b ? (int64_t)m->b[o] : 0;
        for (int64_t i = 0; s->offset && i < m->n_in; i++) raw[o] += s->offset * m->w[o * m->n_in + i];
        all = nh_range_hull(all, (nh_range){raw[o], raw[o]});
    }
    nh_c_array(a, w, nh_c_storage_of(all), s->name, "b", raw, s->rows, s->rows);
}

/* A sum whose accumulator rounds or overflows: every step is a datapath of its own. */
void nh_c_casting_step(const nh_c *c, nh_format x, nh_format weight, nh_format w_type, nh_format acc_fmt,
                       const char *name) {
    nh_dp *p = nh_dp_new(c->a, "step");
    nh_format w_fmt = w_type;
    w_fmt.int_bits = w_type.width_bits - nh_format_frac(weight);
    int acc_port = nh_dp_in_port(p, "acc", 1, acc_fmt), x_port = nh_dp_in_port(p, "x", 1, x),
        w_port = nh_dp_in_port(p, "w", 1, w_fmt);
    nh_val acc = nh_dp_input(p, acc_port, 0, nh_range_of(acc_fmt));
    nh_val product =
        nh_dp_mul(p, nh_dp_input(p, x_port, 0, nh_range_of(x)), nh_dp_input(p, w_port, 0, nh_range_of(w_fmt)));
    nh_val sum = nh_dp_cast(p, nh_dp_add(p, acc, nh_dp_cast(p, product, acc_fmt)), acc_fmt);
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, acc_fmt), 0, sum);
    nh_dp_finish(p);
    nh_emit_dp_c(c->w, p, name);
}

void nh_c_post(const nh_c *c, const nh_post *post, int64_t n_out, const char *name) {
    if (post->mul) nh_c_array(c->a, c->w, post->dp->in[1].fmt, name, "m", post->mul, n_out, n_out);
    nh_dp dp = *post->dp;
    dp.id = "post";
    nh_emit_dp_c(c->w, &dp, name);
}

static void casting_sum(nh_writer *w, const sums *s) {
    nh_printf(w,
              "                %s a = (%s)%s_b[o + t];\n"
              "                for (size_t i = 0; i < N_IN; i++) %s_step(&a, &xs[i], &w[i], &a);\n"
              "                acc[t] = a;\n",
              nh_c_type(s->m->acc), nh_c_type(s->m->acc), s->name, s->name);
}

static void exact_sum(nh_writer *w, const sums *s) {
    const char *word = nh_c_word_name(s->word), *product = nh_c_word_name(s->product);
    nh_printf(w, "                %s a = %s_b[o + t];\n", word, s->name);
    if (s->part < s->m->n_in) {
        nh_printf(w,
                  "                for (size_t from = 0; from < N_IN; from += %" PRId64 ") {\n"
                  "                    size_t to = N_IN - from < %" PRId64 " ? N_IN : from + %" PRId64 ";\n"
                  "                    int32_t part = 0;\n"
                  "                    for (size_t i = from; i < to; i++) part += (int32_t)w[i] * (int32_t)xs[i];\n"
                  "                    a += part;\n"
                  "                }\n",
                  s->part, s->part, s->part);
    } else {
        nh_printf(w, "                for (size_t i = 0; i < N_IN; i++) a += (%s)w[i] * (%s)xs[i];\n", product,
                  product);
    }
    nh_printf(w, "                acc[t] = (%s)a;\n", nh_c_type(s->m->acc));
}

static void side_by_side(nh_writer *w, const sums *s) {
    nh_printf(w, "            for (size_t t = 0; t < tile; t += %d) {\n", (int)ROWS);
    nh_printf(w, "                const %s *w = %s_w + (o + t) * N_IN;\n                int32_t", nh_c_type(s->w_type),
              s->name);
    for (int r = 0; r < ROWS; r++) nh_printf(w, "%s a%d = %s_b[o + t + %d]", r ? "," : "", r, s->name, r);
    nh_puts(w, ";\n                for (size_t i = 0; i < N_IN; i++) {\n");
    for (int r = 0; r < ROWS; r++)
        nh_printf(w, "                    a%d += (int32_t)w[i + %d * N_IN] * (int32_t)xs[i];\n", r, r);
    nh_puts(w, "                }\n");
    for (int r = 0; r < ROWS; r++) nh_printf(w, "                acc[t + %d] = (%s)a%d;\n", r, nh_c_type(s->m->acc), r);
    nh_puts(w, "            }\n");
}

static void one_by_one(nh_writer *w, const sums *s) {
    nh_puts(w, "            for (size_t t = 0; t < tile; t++) {\n");
    nh_printf(w, "                const %s *w = %s_w + (o + t) * N_IN;\n", nh_c_type(s->w_type), s->name);
    if (s->m->exact)
        exact_sum(w, s);
    else
        casting_sum(w, s);
    nh_puts(w, "            }\n");
}

/* The loop over a tile of outputs, for every sample of the block. */
static void block_loops(nh_writer *w, const sums *s, bool converted) {
    const nh_mac *m = s->m;
    nh_printf(w, "    for (size_t o = 0; o < N_OUT; o += TILE) {\n"
                 "        size_t tile = N_OUT - o < TILE ? N_OUT - o : TILE;\n"
                 "        for (size_t s = 0; s < n; s++) {\n");
    nh_printf(w, "            const %s *xs = %s + s * N_IN;\n", nh_c_type(converted ? s->x_type : m->x),
              converted ? "narrow" : "x");
    nh_printf(w, "            %s acc[TILE];\n", nh_c_type(m->acc));
    if (s->side_by_side)
        side_by_side(w, s);
    else
        one_by_one(w, s);
    nh_puts(w, "            for (size_t t = 0; t < tile; t++)");
    if (m->post.mul)
        nh_printf(w, " %s_post(&acc[t], &%s_m[o + t], &y[s * N_OUT + o + t]);\n", s->name, s->name);
    else
        nh_printf(w, " %s_post(&acc[t], &y[s * N_OUT + o + t]);\n", s->name);
    nh_puts(w, "        }\n    }\n}\n\n");
}

/* Every weight that is read serves all samples of a block. */
static void block_mac(const nh_c *c, const nh_unit *u, const char *name) {
    nh_arena *a = c->a;
    nh_writer *w = c->w;
    const nh_mac *m = &u->mac;
    sums s = plan_sums(m, name);
    bool converted = m->exact && strcmp(nh_c_type(s.x_type), nh_c_type(m->x)) != 0;
    nh_c_array(a, w, s.w_type, name, "w", m->w, m->n_in * m->n_out, m->n_in * s.rows);
    bias_table(a, w, &s);
    nh_c_post(c, &m->post, m->n_out, name);
    if (!m->exact) nh_c_casting_step(c, m->x, m->weight, s.w_type, m->acc, name);
    nh_printf(w, "static void %s_block(const %s *x, %s *y, size_t n) {\n", name, nh_c_type(m->x),
              nh_c_type(m->post.dp->out[0].fmt));
    nh_printf(w, "    enum { N_IN = %" PRId64 ", N_OUT = %" PRId64 ", TILE = %d };\n", m->n_in, m->n_out, (int)TILE);
    if (converted) {
        nh_printf(w, "    %s narrow[N_IN * %d];\n", nh_c_type(s.x_type), NH_C_BLOCK);
        nh_printf(w, "    for (size_t i = 0; i < n * N_IN; i++) narrow[i] = (%s)", nh_c_type(s.x_type));
        if (s.offset)
            nh_printf(w, "(x[i] - %" PRId64 ");\n", s.offset);
        else
            nh_puts(w, "x[i];\n");
    }
    block_loops(w, &s, converted);
}

void nh_c_mac_unit(const nh_c *c, const nh_unit *u, const char *name) {
    if (nh_c_is_event(c, u))
        nh_c_event_mac(c, u, name);
    else
        block_mac(c, u, name);
}
