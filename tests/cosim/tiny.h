/* A design small enough to know by heart, for the tests of sim/ and report/: five inputs fixed<6,3>, one unit
 * "triple" with y = 3x in fixed<8,5>, two elements per transfer. Its RTL (tiny.v) and its C are written by
 * hand. */
#ifndef NH_TINY_H
#define NH_TINY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "sim.h"
#include "tool.h"

enum { TINY_N = 5 };

typedef struct {
    nh_arena *a;
    nh_diag *d;
    nh_options opt;
    nh_graph *graph;
    nh_design design;
    nh_sim_setup setup;
    nh_sim_facts facts;
    const char *dir;
} tiny;

static inline nh_param *tiny_param(nh_arena *a, const char *name, double v) {
    nh_param *p = NH_NEW(a, nh_param);
    double *value = nh_arena_alloc(a, TINY_N * sizeof *value);
    for (int i = 0; i < TINY_N; i++) value[i] = v;
    *p = (nh_param){.name = name, .shape = {1, {TINY_N}}, .value = value};
    return p;
}

static inline void tiny_graph(tiny *t) {
    nh_format x = nh_format_make(true, 6, 3, NH_ROUND_RND, NH_OVERFLOW_SAT),
              y = nh_format_make(true, 8, 5, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    nh_graph *g = t->graph = nh_graph_new(t->a, "tiny");
    int tx = nh_graph_add_tensor(g, "x", (nh_shape){1, {TINY_N}}, NH_EDGE_FRAME);
    int ty = nh_graph_add_tensor(g, "y", (nh_shape){1, {TINY_N}}, NH_EDGE_FRAME);
    g->tensor[tx].q = (nh_quant){true, x, 1};
    g->tensor[ty].q = (nh_quant){true, y, 1};
    nh_graph_add_layer(g, (nh_layer){.name = "x<&>", .op = NH_OP_INPUT, .out = tx});
    nh_graph_add_layer(g, (nh_layer){.name = "triple",
                                     .op = NH_OP_BATCHNORM,
                                     .n_in = 1,
                                     .in = {tx},
                                     .out = ty,
                                     .weight = tiny_param(t->a, "s", 3),
                                     .bias = tiny_param(t->a, "t", 0)});
    g->input = tx;
    g->output = ty;
}

static inline nh_dp *tiny_datapath(nh_arena *a, nh_format x, nh_format y) {
    nh_dp *p = nh_dp_new(a, "dp");
    int in = nh_dp_in_port(p, "x", TINY_N, x), out = nh_dp_out_port(p, "y", TINY_N, y);
    for (int i = 0; i < TINY_N; i++)
        nh_dp_output(p, out, i, nh_dp_mulc(p, nh_dp_input(p, in, i, nh_range_of(x)), 3, 0));
    nh_dp_finish(p);
    return p;
}

static inline void tiny_design(tiny *t) {
    nh_format x = t->graph->tensor[0].q.fmt, y = t->graph->tensor[1].q.fmt;
    nh_stream *s = nh_arena_alloc(t->a, 2 * sizeof *s);
    nh_unit *u = NH_NEW(t->a, nh_unit);
    int *layer = NH_NEW(t->a, int);
    *layer = 1;
    s[0] =
        (nh_stream){.tensor = 0, .id = "s0", .n = TINY_N, .fmt = x, .src = -1, .dst = 0, .src_beat = 2, .dst_beat = 2};
    s[1] =
        (nh_stream){.tensor = 1, .id = "s1", .n = TINY_N, .fmt = y, .src = 0, .dst = -1, .src_beat = 2, .dst_beat = 2};
    *u = (nh_unit){.id = "triple",
                   .kind = NH_UNIT_DATAPATH,
                   .strategy = NH_STRATEGY_LATENCY,
                   .layer = layer,
                   .n_layer = 1,
                   .in = {0},
                   .out = {1},
                   .n_in = 1,
                   .n_out = 1,
                   .dp = tiny_datapath(t->a, x, y),
                   .reuse_factor = 1,
                   .ii_cycles = 3,
                   .latency_cycles = 3,
                   .estimate = {.luts = 40, .ffs = 21}};
    t->design = (nh_design){.arena = t->a,
                            .graph = t->graph,
                            .opt = &t->opt,
                            .unit = u,
                            .n_unit = 1,
                            .stream = s,
                            .n_stream = 2,
                            .input = 0,
                            .output = 1,
                            .ii_cycles = 3,
                            .latency_cycles = 3,
                            .estimate = {.luts = 40, .ffs = 21}};
}

static inline void tiny_write(tiny *t, const char *path, const char *text) {
    nh_writer *w = nh_writer_open(t->a, path);
    nh_puts(w, text);
    nh_writer_close(w, t->d);
}

/* Every `what` of text by `with`, which may hold it. */
static inline const char *tiny_replace(nh_arena *a, const char *text, const char *what, const char *with) {
    const char *done = "";
    for (const char *at; (at = strstr(text, what)); text = at + strlen(what))
        done = nh_arena_printf(a, "%s%.*s%s", done, (int)(at - text), text, with);
    return nh_arena_printf(a, "%s%s", done, text);
}

/* The C by hand, in the form that nh_emit_c gives. */
static inline void tiny_c(tiny *t) {
    const char *p = t->opt.project;
    tiny_write(t, nh_path_join(t->a, t->setup.c_dir, "model.h"),
               nh_arena_printf(t->a,
                               "#include <stddef.h>\n#include <stdint.h>\nvoid %s_triple(const int8_t *x, int8_t *y);\n"
                               "void %s_batch(const int8_t *x, int8_t *y, size_t n);\n",
                               p, p));
    tiny_write(t, nh_path_join(t->a, t->setup.c_dir, "model.c"),
               nh_arena_printf(t->a,
                               "#include \"model.h\"\nvoid %s_triple(const int8_t *x, int8_t *y) { for (int i = 0; i < "
                               "5; i++) y[i] = (int8_t)(3 * x[i]); }\nvoid %s_batch(const int8_t *x, int8_t *y, size_t "
                               "n) { for (size_t i = 0; i < n; i++) %s_triple(x + 5 * i, y + 5 * i); }\n",
                               p, p, p));
}

/* fault: name in tiny.v whose comment is replaced by `with`; "" for none. */
static inline void tiny_rtl(tiny *t, const char *fault, const char *with) {
    nh_bytes v = {0};
    nh_file_read(t->a, t->d, NH_NOWHERE, NH_SOURCE_DIR "/tests/cosim/tiny.v", 1 << 20, &v);
    const char *text = tiny_replace(t->a, (const char *)v.data, "MODULE", t->opt.project);
    if (*fault) text = tiny_replace(t->a, text, nh_arena_printf(t->a, "/*FAULT(%s)*/", fault), with);
    tiny_write(t, nh_path_join(t->a, t->setup.rtl_dir, nh_arena_printf(t->a, "%s.v", t->opt.project)), text);
}

/* Sample i, element e: reals between -4 and 4, off the grid of 1/8 by up to 3/64. */
static inline double tiny_input(int64_t i, int64_t e) {
    return (double)((i * 37 + e * 11) % 64 - 32) / 8.0 + (double)((i + e) % 4) / 64.0;
}

static inline tiny tiny_new(const char *project, int64_t samples) {
    tiny t = {.a = nh_arena_new()};
    char dir[] = NH_BINARY_DIR "/tiny_XXXXXX";
    t.d = nh_diag_new(t.a);
    t.opt = (nh_options){.project = project, .simulate = {.stalls = NH_STALLS_BOTH, .seed = 7}};
    t.dir = nh_arena_str(t.a, mkdtemp(dir));
    tiny_graph(&t);
    double *x = nh_arena_alloc(t.a, (size_t)(samples * TINY_N) * sizeof *x);
    for (int64_t i = 0; i < samples * TINY_N; i++) x[i] = tiny_input(i / TINY_N, i % TINY_N);
    t.setup = (nh_sim_setup){.c_dir = nh_path_join(t.a, t.dir, "c"),
                             .rtl_dir = nh_path_join(t.a, t.dir, "rtl"),
                             .work_dir = nh_path_join(t.a, t.dir, "work"),
                             .cxx = nh_tool_find(t.a, "c++"),
                             .cc = nh_tool_find(t.a, "cc"),
                             .cache_dir = NH_BINARY_DIR "/tiny_cache",
                             .jobs = 2,
                             .x = {x, samples, TINY_N},
                             .quiet = true};
    nh_mkdirs(t.d, t.setup.c_dir);
    nh_mkdirs(t.d, t.setup.rtl_dir);
    tiny_c(&t);
    return t;
}

static inline bool tiny_run(tiny *t) {
    t->design.opt = &t->opt;
    tiny_design(t);
    return nh_sim_run(t->a, t->d, &t->design, &t->setup, &t->facts);
}

static inline void tiny_free(tiny *t) {
    nh_remove_tree(t->d, t->dir);
    nh_arena_free(t->a);
}

static inline bool tiny_has(const tiny *t, nh_code code, const char *words) {
    for (size_t i = 0; i < t->d->count; i++)
        if (t->d->item[i].code == code && strstr(t->d->item[i].message, words)) return true;
    nh_diag_print(t->d, NH_NOTE, false, stderr);
    return false;
}

#endif
