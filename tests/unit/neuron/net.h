/* Small temporal graphs by hand. */
#ifndef NET_H
#define NET_H

#include <math.h>
#include <string.h>

#include "neurons.h"

typedef struct {
    nh_arena *a;
    nh_diag *d;
    nh_graph *g;
} net;

static inline net net_new(nh_shape shape) {
    net n = {.a = nh_arena_new()};
    n.d = nh_diag_new(n.a);
    n.g = nh_graph_new(n.a, "net");
    n.g->input = n.g->output = nh_graph_add_tensor(n.g, "x", shape, NH_EDGE_SPIKE);
    nh_graph_add_layer(n.g, (nh_layer){.name = "x", .op = NH_OP_INPUT, .out = n.g->input});
    return n;
}

/* Adds a layer that reads `in` (-1: the output so far) and makes the output; returns its tensor. */
static inline int net_add(net *n, nh_layer l, int in, nh_shape shape) {
    if (l.n_in == 0) l.n_in = 1, l.in[0] = in < 0 ? n->g->output : in;
    l.opt.numerics.layer_delay = -1;
    l.out = n->g->output = nh_graph_add_tensor(n->g, l.name, shape, NH_EDGE_GRADED);
    nh_graph_add_layer(n->g, l);
    return l.out;
}

static inline nh_param *net_param(net *n, nh_shape shape, const double *value) {
    nh_param *p = NH_NEW(n->a, nh_param);
    *p = (nh_param){.name = "w", .shape = shape, .value = value};
    return p;
}

static inline nh_neuron_value value1(nh_arena *a, const char *name, double v) {
    double *p = NH_NEW(a, double);
    *p = v;
    return (nh_neuron_value){.name = name, .n = 1, .value = p};
}

#endif
