/* Hand-made designs, their emitted C compiled with the system's compilers, and a program that compares. */
#ifndef NH_C_KERNELS_H
#define NH_C_KERNELS_H

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../datapath/random_dp.h"
#include "emit.h"

#define STRICT "-std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wstrict-prototypes -Werror"
#define UBSAN STRICT " -O1 -fsanitize=undefined -fno-sanitize-recover=all"

typedef struct {
    nh_arena *arena;
    nh_diag *diag;
    nh_options opt;
    nh_graph graph;
    nh_design design;
    int64_t **raw[RANDOM_SAMPLES]; /* [sample][stream][element] */
    char dir[64];
} kernels;

static inline bool have_compiler(const char *cc) {
    char line[96];
    snprintf(line, sizeof line, "command -v %s >/dev/null 2>&1", cc);
    return system(line) == 0;
}

static inline kernels *kernels_new(void) {
    nh_arena *a = nh_arena_new();
    kernels *k = NH_NEW(a, kernels);
    k->arena = a;
    k->diag = nh_diag_new(a);
    k->opt.project = "net";
    k->graph.arena = a;
    k->graph.tensor = nh_arena_array(a, 8, sizeof(nh_tensor));
    k->graph.steps = 1;
    k->design = (nh_design){.arena = a, .graph = &k->graph, .opt = &k->opt, .steps = 1};
    k->design.unit = nh_arena_array(a, 8, sizeof(nh_unit));
    k->design.stream = nh_arena_array(a, 8, sizeof(nh_stream));
    for (int s = 0; s < RANDOM_SAMPLES; s++) k->raw[s] = nh_arena_array(a, 8, sizeof(int64_t *));
    strcpy(k->dir, "/tmp/nh_c_XXXXXX");
    cr_assert(mkdtemp(k->dir));
    return k;
}

static inline void kernels_free(kernels *k) {
    nh_remove_tree(k->diag, k->dir);
    nh_arena_free(k->arena);
}

/* The next stream of the chain: n elements of f, between the units made so far and the next. */
static inline int kernels_stream(kernels *k, int64_t n, nh_format f) {
    int i = k->design.n_stream++;
    k->graph.n_tensor++;
    k->graph.tensor[i] = (nh_tensor){.name = "t", .shape = {1, {n}}, .q = {true, f, 1.0}};
    k->design.stream[i] =
        (nh_stream){.tensor = i, .id = nh_arena_printf(k->arena, "s%d", i), .n = n, .fmt = f, .src = i - 1, .dst = i};
    for (int s = 0; s < RANDOM_SAMPLES; s++) k->raw[s][i] = nh_arena_array(k->arena, (size_t)n, sizeof(int64_t));
    k->design.output = i;
    return i;
}

/* The next unit: from the last stream to a new one of n elements of f. */
static inline nh_unit *kernels_unit(kernels *k, nh_unit_kind kind, int64_t n, nh_format f) {
    int i = k->design.n_unit++;
    nh_unit *u = &k->design.unit[i];
    *u = (nh_unit){.id = nh_arena_printf(k->arena, "u%d", i), .kind = kind, .in = {k->design.n_stream - 1}};
    u->out[0] = kernels_stream(k, n, f);
    return u;
}

static inline void kernels_array(FILE *f, const kernels *k, int stream) {
    const nh_stream *s = &k->design.stream[stream];
    fprintf(f, "static const %s e%d[%d][%" PRId64 "] = {\n", nh_c_type(s->fmt), stream, RANDOM_SAMPLES, s->n);
    for (int i = 0; i < RANDOM_SAMPLES; i++) {
        fprintf(f, "{");
        for (int64_t e = 0; e < s->n; e++) {
            int64_t v = k->raw[i][stream][e];
            if (!s->fmt.is_signed)
                fprintf(f, "UINT64_C(%" PRIu64 "), ", (uint64_t)v);
            else if (v == INT64_MIN)
                fprintf(f, "INT64_MIN, ");
            else
                fprintf(f, "%s%" PRIu64 "%s, ", v < 0 ? "-INT64_C(" : "INT64_C(", (uint64_t)(v < 0 ? -v : v), ")");
        }
        fprintf(f, "},\n");
    }
    fprintf(f, "};\n");
}

/* Compares every unit, infer and batch with raw[]; exit status 1 and a sentence at the first difference. */
static inline void kernels_main(const kernels *k) {
    char path[96];
    snprintf(path, sizeof path, "%s/main.c", k->dir);
    FILE *f = fopen(path, "w");
    cr_assert(f);
    const nh_design *g = &k->design;
    const nh_stream *out = &g->stream[g->output];
    fprintf(f, "#include <stdio.h>\n#include <string.h>\n#include \"model.h\"\n");
    for (int i = 0; i < g->n_stream; i++) kernels_array(f, k, i);
    fprintf(f, "int main(void) {\n    for (int s = 0; s < %d; s++) {\n", RANDOM_SAMPLES);
    for (int i = 0; i < g->n_unit; i++) {
        const nh_unit *u = &g->unit[i];
        fprintf(f, "        { static %s y[%" PRId64 "]; net_%s(e%d[s], y);\n", nh_c_type(g->stream[u->out[0]].fmt),
                g->stream[u->out[0]].n, u->id, u->in[0]);
        fprintf(f, "          if (memcmp(y, e%d[s], sizeof y)) { printf(\"sample %%d unit %s\\n\", s); return 1; } }\n",
                u->out[0], u->id);
    }
    fprintf(f,
            "        { static net_out_t y[NET_N_OUT]; net_infer(e0[s], y); if (memcmp(y, e%d[s], sizeof y)) { "
            "printf(\"infer %%d\\n\", s); return 1; } }\n",
            g->output);
    fprintf(f, "    }\n    static net_out_t all[%d][%" PRId64 "];\n    net_batch(e0[0], all[0], %d);\n", RANDOM_SAMPLES,
            out->n, RANDOM_SAMPLES);
    fprintf(f, "    if (memcmp(all, e%d, sizeof all)) { printf(\"batch\\n\"); return 1; }\n    return 0;\n}\n",
            g->output);
    fclose(f);
}

static inline void kernels_emit(kernels *k) {
    nh_provenance made = {"0", "c", "m"};
    cr_assert(nh_emit_c(k->arena, k->diag, &k->design, &made, k->dir));
}

/* Compile model.c and main.c and run. */
static inline int kernels_run(const kernels *k, const char *cc, const char *flags) {
    char line[512];
    snprintf(line, sizeof line,
             "cd %s && %s %s -c model.c && %s -O0 -c main.c && %s %s main.o model.o -o main && ./main", k->dir, cc,
             flags, cc, cc, flags);
    return system(line);
}

static inline void kernels_compare(kernels *k, int seed) {
    static const char *const compilers[] = {"gcc", "clang"};
    static const char *const flags[] = {UBSAN, STRICT " -O3"};
    kernels_emit(k);
    kernels_main(k);
    for (int i = 0; i < 2; i++) {
        if (!have_compiler(compilers[(seed + i) % 2])) continue;
        cr_assert_eq(kernels_run(k, compilers[(seed + i) % 2], flags[i]), 0, "seed %d: %s %s in %s", seed,
                     compilers[(seed + i) % 2], flags[i], k->dir);
    }
}

#endif
