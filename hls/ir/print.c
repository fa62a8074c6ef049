#include "ir.h"

#include "text.h"

/* The text form, one fact per line; parse.c reads it back:
 *
 *   graph "name" input 0 output 2
 *   tensor "x" frame 8x8 [q fixed<8,1> scale 1 range -128 127] [cal -1 1]
 *   layer "fc1" dense in 0 out 1 alpha 0 lo 0 hi 0
 *     options strategy 4 reuse 8 weight auto bias auto result fixed<8,1> accum auto weight_bits 8 ...
 *     weight "w" 4x64 format fixed<8,1> overflow 0 0 values 0.25 ... [scale ...] [raw ...]
 *     numbers exact 1 accum fixed<20,6> shift 0 [mul ...]
 *     overflow 1000 3
 *   end
 *
 * Reals are printed with 17 digits, so they come back exactly. */

static void put_string(const char *s, FILE *out) {
    fputc('"', out);
    for (const char *p = s; *p; p++) {
        if (*p == '"' || *p == '\\')
            fprintf(out, "\\x%02x", (unsigned char)*p);
        else
            nh_print_escaped(p, 1, out);
    }
    fputc('"', out);
}

static void put_i128(nh_i128 v, FILE *out) {
    char digits[48];
    size_t n = sizeof digits - 1;
    nh_u128 m = v < 0 ? (nh_u128)0 - (nh_u128)v : (nh_u128)v;
    digits[n] = 0;
    do
        digits[--n] = (char)('0' + (int)(m % 10));
    while (m /= 10);
    fprintf(out, " %s%s", v < 0 ? "-" : "", digits + n);
}

static void put_format(const char *key, nh_format f, FILE *out) {
    char buf[NH_FORMAT_TEXT];
    fprintf(out, " %s %s", key, nh_format_print(f, buf));
}

static void put_shape(nh_shape s, FILE *out) {
    char buf[96];
    fprintf(out, " %s", nh_shape_print(s, buf));
}

static void put_tensor(const nh_tensor *t, FILE *out) {
    fprintf(out, "tensor ");
    put_string(t->name, out);
    fprintf(out, " %s", nh_edge_kind_text[t->kind]);
    put_shape(t->shape, out);
    if (t->q.known) {
        put_format("q", t->q.fmt, out);
        fprintf(out, " scale %.17g range", t->q.scale);
        put_i128(t->range.lo, out);
        put_i128(t->range.hi, out);
    }
    if (t->calibrated) fprintf(out, " cal %.17g %.17g", t->cal_min, t->cal_max);
    fputc('\n', out);
}

static void put_request(const char *key, nh_format_request r, FILE *out) {
    if (r.is_auto || r.fmt.width_bits == 0)
        fprintf(out, " %s %s", key, r.is_auto ? "auto" : "none");
    else
        put_format(key, r.fmt, out);
}

static void put_options(const nh_layer_options *o, FILE *out) {
    fprintf(out, "  options strategy %d reuse %lld", (int)o->strategy, (long long)o->reuse_factor);
    put_request("weight", o->weight, out);
    put_request("bias", o->bias, out);
    put_request("result", o->result, out);
    put_request("accum", o->accum, out);
    fprintf(out,
            " weight_bits %d result_bits %d scale %s granularity %s multiplier_bits %d table_size %lld\n",
            o->weight_bits, o->result_bits, nh_scale_text[o->scale], nh_granularity_text[o->granularity],
            o->multiplier_bits, (long long)o->table_size);
}

/* FNV-1a: stands for values that are not printed; only ever compared by eye or by diff. */
static uint64_t hash_bytes(const void *data, size_t size) {
    const unsigned char *p = data;
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < size; i++)
        h = (h ^ p[i]) * 1099511628211u;
    return h;
}

static void put_reals(const char *key, const double *v, int64_t n, bool values, FILE *out) {
    if (!v) return;
    fprintf(out, " %s", key);
    if (!values) fprintf(out, " #%016llx", (unsigned long long)hash_bytes(v, (size_t)n * sizeof *v));
    for (int64_t i = 0; values && i < n; i++)
        fprintf(out, " %.17g", v[i]);
}

static void put_ints(const char *key, const int64_t *v, int64_t n, bool values, FILE *out) {
    if (!v) return;
    fprintf(out, " %s", key);
    if (!values) fprintf(out, " #%016llx", (unsigned long long)hash_bytes(v, (size_t)n * sizeof *v));
    for (int64_t i = 0; values && i < n; i++)
        fprintf(out, " %lld", (long long)v[i]);
}

static void put_param(const char *key, const nh_param *p, bool values, FILE *out) {
    if (!p) return;
    int64_t n = nh_shape_size(p->shape);
    fprintf(out, "  %s ", key);
    put_string(p->name ? p->name : "", out);
    put_shape(p->shape, out);
    if (p->raw) {
        put_format("format", p->fmt, out);
        fprintf(out, " overflow %llu %llu", (unsigned long long)p->overflow.n,
                (unsigned long long)p->overflow.overflowed);
    }
    put_reals("values", p->value, n, values, out);
    put_reals("scale", p->scale, p->shape.rank > 0 ? p->shape.dim[0] : 1, values, out);
    put_ints("raw", p->raw, n, values, out);
    fputc('\n', out);
}

static void put_numbers(const nh_layer *l, bool values, FILE *out) {
    if (l->accum.width_bits == 0) return;
    fprintf(out, "  numbers exact %d", l->accum_exact);
    put_format("accum", l->accum, out);
    fprintf(out, " shift %d", l->requant_shift);
    put_ints("mul", l->requant_mul, l->requant_mul ? l->weight->shape.dim[0] : 0, values, out);
    fputc('\n', out);
}

static void put_layer(const nh_layer *l, bool values, FILE *out) {
    fprintf(out, "layer ");
    put_string(l->name, out);
    fprintf(out, " %s in", nh_op_get(l->op)->text);
    for (int k = 0; k < l->n_in; k++)
        fprintf(out, " %d", l->in[k]);
    fprintf(out, " out %d alpha %.17g lo %.17g hi %.17g\n", l->out, l->alpha, l->lo, l->hi);
    put_options(&l->opt, out);
    put_param("weight", l->weight, values, out);
    put_param("bias", l->bias, values, out);
    put_numbers(l, values, out);
    if (l->result_overflow.n) {
        fprintf(out, "  overflow %llu %llu\n", (unsigned long long)l->result_overflow.n,
                (unsigned long long)l->result_overflow.overflowed);
    }
}

void nh_graph_print(const nh_graph *g, bool values, FILE *out) {
    fprintf(out, "graph ");
    put_string(g->name, out);
    fprintf(out, " input %d output %d\n", g->input, g->output);
    for (int t = 0; t < g->n_tensor; t++)
        put_tensor(&g->tensor[t], out);
    for (int i = 0; i < g->n_layer; i++)
        put_layer(&g->layer[i], values, out);
    fprintf(out, "end\n");
}
