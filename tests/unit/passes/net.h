/* Small networks for the tests of passes. */
#ifndef NH_TEST_NET_H
#define NH_TEST_NET_H

#include <stdio.h>
#include <string.h>

#include "passes.h"

typedef struct {
    nh_arena *a;
    nh_diag *d;
    nh_graph *g;
    nh_options o;
} net;

static inline nh_format fmt(const char *text) {
    nh_format f = {0};
    const char *why;
    size_t at;
    if (!nh_format_parse(text, &f, &why, &at)) f.width_bits = 0;
    return f;
}

static inline nh_format_request given(const char *text) { return (nh_format_request){.fmt = fmt(text)}; }

static inline nh_layer_options auto_options(void) {
    nh_format_request is_auto = {.is_auto = true};
    return (nh_layer_options){.strategy = NH_STRATEGY_LATENCY,
                              .weight = is_auto,
                              .bias = is_auto,
                              .result = is_auto,
                              .accum = is_auto,
                              .weight_bits = 8,
                              .result_bits = 8,
                              .multiplier_bits = 16,
                              .table_size = 1024};
}

/* Append a layer after the current output (or the input when the graph is empty); rank-1 tensors of n elements. */
static inline nh_layer *append(net *t, const char *name, nh_op op, int64_t n) {
    nh_shape shape = {1, {n}};
    int in = t->g->output, out = nh_graph_add_tensor(t->g, name, shape, NH_EDGE_FRAME);
    nh_layer l = {
        .name = name, .op = op, .n_in = op != NH_OP_INPUT, .in = {in < 0 ? 0 : in}, .out = out, .opt = t->o.defaults};
    l.n_axes = op == NH_OP_BATCHNORM || op == NH_OP_SOFTMAX || op == NH_OP_ARGMAX;
    if (op == NH_OP_INPUT) t->g->input = out;
    t->g->output = out;
    int index = nh_graph_add_layer(t->g, l); /* moves g->layer */
    return &t->g->layer[index];
}

static inline nh_param *param(net *t, nh_shape shape, const double *value) {
    nh_param *p = NH_NEW(t->a, nh_param);
    *p = (nh_param){.name = "p", .shape = shape, .value = value};
    return p;
}

static inline nh_layer *append_dense(net *t, const char *name, int64_t n_out, int64_t n_in, const double *w,
                                     const double *b) {
    nh_layer *l = append(t, name, NH_OP_DENSE, n_out);
    /* The weight is part of the layer before anything looks at it: passes run later. */
    l->weight = param(t, (nh_shape){2, {n_out, n_in}}, w);
    l->bias = b ? param(t, (nh_shape){1, {n_out}}, b) : NULL;
    return l;
}

static inline nh_layer *append_batchnorm(net *t, const char *name, int64_t n, const double *s, const double *b) {
    nh_layer *l = append(t, name, NH_OP_BATCHNORM, n);
    l->weight = param(t, (nh_shape){1, {n}}, s);
    l->bias = param(t, (nh_shape){1, {n}}, b);
    return l;
}

/* A network with an input of n elements; everything auto, 8 bits, minmax. */
static inline net net_new(int64_t n, const char *input_format) {
    net t = {.a = nh_arena_new()};
    t.d = nh_diag_new(t.a);
    t.g = nh_graph_new(t.a, "net");
    t.o.defaults = auto_options();
    t.o.input.bits = 8;
    t.o.calibrate.percentile = 99.9;
    t.o.input.format = input_format ? given(input_format) : (nh_format_request){.is_auto = true};
    append(&t, "x", NH_OP_INPUT, n);
    return t;
}

/* The number of diagnostics with a code. */
static inline int count_code(const net *t, nh_code code) {
    int n = 0;
    for (size_t i = 0; i < t->d->count; i++) n += t->d->item[i].code == code;
    return n;
}

/* Whether a diagnostic with the code has the words in its message or hint. */
static inline bool says(const net *t, nh_code code, const char *words) {
    for (size_t i = 0; i < t->d->count; i++) {
        const nh_diag_item *m = &t->d->item[i];
        if (m->code == code && (strstr(m->message, words) || (m->hint && strstr(m->hint, words)))) return true;
    }
    return false;
}

static inline const char *text(nh_format f) {
    static char buf[4][NH_FORMAT_TEXT];
    static int k;
    return nh_format_print(f, buf[k++ % 4]);
}

#endif
