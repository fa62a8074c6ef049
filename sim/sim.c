#include "sim.h"

#include <inttypes.h>
#include <stdlib.h>

#include "npy.h"
#include "sim_parts.h"
#include "tool.h"

static const char *absolute(nh_arena *a, const char *path) {
    char *real = path ? realpath(path, NULL) : NULL;
    const char *out = real ? nh_arena_str(a, real) : path;
    free(real);
    return out;
}

static int64_t *quantize_inputs(nh_arena *a, const nh_design *g, const nh_samples *x, nh_sim_facts *f) {
    nh_fx_count count = {0, 0};
    int64_t *raw = nh_arena_array(a, (size_t)(x->n * x->size), sizeof *raw);
    for (int64_t i = 0; raw && i < x->n * x->size; i++)
        raw[i] = nh_quantize_input(g, x->x[i], &count);
    f->input_overflowed = count.overflowed;
    f->input_n = (uint64_t)(x->n * x->size);
    return raw;
}

static bool write_raw(nh_arena *a, nh_diag *d, const char *path, const int64_t *v, int64_t n) {
    nh_writer *w = nh_writer_open(a, path);
    nh_write(w, v, (size_t)n * sizeof *v);
    return nh_writer_close(w, d);
}

static const int64_t *read_raw(nh_arena *a, nh_diag *d, const char *path, int64_t n) {
    nh_bytes b;
    if (!nh_file_read(a, d, NH_NOWHERE, path, NH_ARENA_ARRAY_MAX, &b)) return NULL;
    if (b.size != (size_t)n * sizeof(int64_t))
        return nh_report(d, NH_S_HARNESS, NH_NOWHERE, "'%s' has %zu bytes", path, b.size), NULL;
    return (const int64_t *)(const void *)b.data;
}

static bool run_harness(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *s,
                        const char *binary) {
    static const char *const stalls[] = {"none", "random", "long", "both"};
    const nh_options *o = g->opt;
    const char *w = s->work_dir;
    const char *argv[] = {binary,
                          nh_arena_printf(a, "x=%s/x.bin", w),
                          nh_arena_printf(a, "c=%s/out_c.bin", w),
                          nh_arena_printf(a, "rtl=%s/out_rtl.bin", w),
                          nh_arena_printf(a, "result=%s/result.json", w),
                          nh_arena_printf(a, "n=%" PRId64, s->x.n),
                          nh_arena_printf(a, "stalls=%s", stalls[o->simulate.stalls]),
                          nh_arena_printf(a, "seed=%" PRIu64, o->simulate.seed),
                          nh_arena_printf(a, "trace=%d", o->simulate.trace),
                          nh_arena_printf(a, "ii=%" PRId64, g->ii_cycles),
                          nh_arena_printf(a, "latency=%" PRId64, g->latency_cycles),
                          o->simulate.waves ? nh_arena_printf(a, "waves=%s/waves.fst", w) : NULL,
                          NULL};
    /* In the RTL folder: memories are read by the names that the netlist gives. */
    nh_tool_run run = {
        .argv = argv, .cwd = s->verilator ? s->rtl_dir : w, .log = nh_path_join(a, w, "log/cosim.log")};
    return nh_tool_exec(a, d, &run);
}

static bool publish_outputs(nh_arena *a, nh_diag *d, const nh_sim_setup *s, const char *name, int64_t n_out,
                            const int64_t *v) {
    int64_t dim[] = {s->x.n, n_out};
    return nh_npy_write_i64(a, d, nh_path_join(a, s->work_dir, name), 2, dim, v);
}

/* What only the run itself needed. */
static bool clean(nh_arena *a, nh_diag *d, const nh_sim_setup *s) {
    static const char *const name[] = {"obj", "x.bin", "out_c.bin", "out_rtl.bin"};
    bool ok = true;
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        ok = nh_remove_tree(d, nh_path_join(a, s->work_dir, name[i])) && ok;
    return ok;
}

static bool simulate(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *s, nh_sim_facts *f) {
    int64_t n_out = g->stream[g->output].n;
    const char *binary;
    const int64_t *raw_x = quantize_inputs(a, g, &s->x, f);
    if (!raw_x)
        return nh_report(d, NH_S_NO_SAMPLES, NH_NOWHERE,
                         "%" PRId64 " samples of %" PRId64 " elements are too many", s->x.n, s->x.size);
    if (!write_raw(a, d, nh_path_join(a, s->work_dir, "x.bin"), raw_x, s->x.n * s->x.size)) return false;
    if (!nh_sim_build(a, d, g, s, &binary) || !run_harness(a, d, g, s, binary)) return false;
    if (!nh_sim_load(a, d, g, nh_path_join(a, s->work_dir, "result.json"), f)) return false;
    const int64_t *out_c = read_raw(a, d, nh_path_join(a, s->work_dir, "out_c.bin"), s->x.n * n_out),
                  *out_rtl = NULL;
    if (!out_c || !publish_outputs(a, d, s, "outputs_c.npy", n_out, out_c)) return false;
    if (f->runs > 0) {
        out_rtl = read_raw(a, d, nh_path_join(a, s->work_dir, "out_rtl.bin"), s->x.n * n_out);
        if (!out_rtl || !publish_outputs(a, d, s, "outputs_rtl.npy", n_out, out_rtl)) return false;
        if (g->opt->simulate.waves) f->waves = "waves.fst";
    }
    f->ran = true;
    return nh_sim_measure(a, d, g, s, raw_x, out_c, out_rtl, f) && clean(a, d, s);
}

bool nh_sim_run(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *setup, nh_sim_facts *facts) {
    nh_sim_setup s = *setup;
    *facts = (nh_sim_facts){.acc_float = -1, .acc_fixed = -1, .acc_rtl = -1};
    if (s.x.n < 1) return nh_report(d, NH_S_NO_SAMPLES, NH_NOWHERE, "no samples to simulate");
    s.c_dir = absolute(a, s.c_dir);
    s.rtl_dir = absolute(a, s.rtl_dir);
    if (!nh_mkdirs(d, s.work_dir)) return false;
    s.work_dir = absolute(a, s.work_dir);
    return simulate(a, d, g, &s, facts);
}
