#include "sim.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "npy.h"
#include "sim_parts.h"
#include "tool.h"

static const char *absolute(nh_arena *a, const char *path) {
    char *real = path ? realpath(path, NULL) : NULL;
    const char *out = real ? nh_arena_str(a, real) : path;
    free(real);
    return out;
}

static int64_t *order_inputs(nh_arena *a, const nh_design *g, const int64_t *model, int64_t total) {
    int64_t *raw = nh_arena_array(a, (size_t)total, sizeof *raw), n_in = nh_design_n_in(g);
    for (int64_t frame = 0; raw && frame < total / n_in; frame++)
        for (int64_t k = 0, at = frame * n_in; k < nh_design_inputs(g);
             at += g->stream[nh_design_input(g, (int)k)].n, k++) {
            const nh_stream *s = &g->stream[nh_design_input(g, (int)k)];
            for (int64_t e = 0; e < s->n; e++) raw[at + e] = model[at + (s->order ? s->order[e] : e)];
        }
    return raw;
}

int64_t *nh_sim_quantize(nh_arena *a, const nh_design *g, const nh_samples *x, nh_sim_facts *f) {
    nh_fx_count count = {0};
    const nh_stream *s = &g->stream[g->input];
    int64_t total = x->n * x->size, *raw = nh_arena_array(a, (size_t)total, sizeof *raw);
    for (int64_t i = 0; raw && i < total; i++) {
        int64_t e = i % s->n;
        raw[i] = nh_quantize_input(g, x->x[i - e + (s->order ? s->order[e] : e)], &count);
    }
    f->input_overflowed = count.overflowed;
    f->input_wrapped = count.wrapped;
    f->input_low = count.low;
    f->input_near = count.near;
    f->input_n = (uint64_t)total;
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

bool nh_sim_has_rtl(const nh_sim_setup *s) { return s->verilator && !s->only_c; }

/* traced: samples whose streams are written, 0 = none. */
static bool run_harness(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *s, const char *binary,
                        int64_t traced) {
    static const char *const stalls[] = {"none", "random", "long", "both"};
    const nh_options *o = g->opt;
    const char *w = s->work_dir;
    if (traced && !nh_mkdirs(d, nh_path_join(a, w, "streams"))) return false;
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
                          nh_arena_printf(a, "streams=%s", traced ? nh_path_join(a, w, "streams") : ""),
                          nh_arena_printf(a, "stream_frames=%" PRId64, traced * nh_sim_steps(g)),
                          nh_arena_printf(a, "rtl_frames=%" PRId64, o->simulate.rtl_limit),
                          o->simulate.waves ? nh_arena_printf(a, "waves=%s/waves.fst", w) : NULL,
                          NULL};
    /* In the RTL folder: memories are read by the names that the netlist gives. */
    nh_tool_run run = {.argv = argv,
                       .cwd = nh_sim_has_rtl(s) ? s->rtl_dir : w,
                       .log = nh_path_join(a, w, "log/cosim.log"),
                       .wall_limit_s = NH_TOOL_SIMULATION_S};
    return nh_tool_exec(a, d, &run);
}

/* The harness' outputs in the order of the model. NULL: diagnosed. */
static const int64_t *read_outputs(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *s,
                                   const char *file) {
    const nh_stream *out = &g->stream[g->output];
    int64_t frames = s->x.n * nh_sim_steps(g);
    const int64_t *raw = read_raw(a, d, nh_path_join(a, s->work_dir, file), frames * out->n);
    if (!raw || !out->order) return raw;
    int64_t *to = nh_arena_array(a, (size_t)(frames * out->n), sizeof *to);
    for (int64_t i = 0; i < frames && to; i++) nh_sim_to_model(out, raw + i * out->n, to + i * out->n);
    return to;
}

bool nh_sim_write_outputs(nh_arena *a, nh_diag *d, const nh_design *g, const char *path, int64_t samples,
                          const int64_t *model) {
    const nh_stream *out = &g->stream[g->output];
    int64_t frames = samples * nh_sim_steps(g), dim[3];
    int rank = nh_sim_output_shape(g, samples, dim);
    const int64_t *shown = model;
    int shift = nh_sim_value_shift(out);
    if (nh_sim_has_step_axis(g) && shift > 0) {
        int64_t *to = nh_arena_array(a, (size_t)(frames * out->n), sizeof *to);
        for (int64_t i = 0; i < frames * out->n; i++) to[i] = (int64_t)((uint64_t)model[i] << shift);
        shown = to;
    }
    return nh_npy_write_i64(a, d, path, rank, dim, shown);
}

/* The harness' outputs in the order of the model, also as an array for the user. NULL: diagnosed. */
static const int64_t *load_outputs(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *s, const char *file,
                                   const char *array) {
    const int64_t *model = read_outputs(a, d, g, s, file);
    return model && nh_sim_write_outputs(a, d, g, nh_path_join(a, s->work_dir, array), s->x.n, model) ? model : NULL;
}

/* What leaves a part: out_c is there, and of the RTL as many frames as it ran. */
static bool hand_over(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *s, const int64_t *out_c,
                      const nh_sim_facts *f) {
    int64_t frames = s->x.n * nh_sim_steps(g), n = g->stream[g->output].n, limit = g->opt->simulate.rtl_limit;
    const int64_t *rtl = f->runs > 0 ? read_outputs(a, d, g, s, "out_rtl.bin") : out_c;
    if (!rtl) return false;
    int64_t ran = limit > 0 && limit < frames ? limit : frames;
    memcpy(s->out, rtl, (size_t)(ran * n) * sizeof *rtl);
    memcpy(s->out + ran * n, out_c + ran * n, (size_t)((frames - ran) * n) * sizeof *out_c);
    return true;
}

static bool has_events(const nh_design *g) {
    for (int i = 0; i < g->graph->n_layer; i++)
        if (g->graph->layer[i].op == NH_OP_NEURON || g->graph->layer[i].op == NH_OP_DELAY) return true;
    return false;
}

/* What only the run itself needed. */
static bool clean(nh_arena *a, nh_diag *d, const nh_sim_setup *s) {
    static const char *const name[] = {"obj", "x.bin", "out_c.bin", "out_rtl.bin", "streams"};
    bool ok = true;
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        ok = nh_remove_tree(d, nh_path_join(a, s->work_dir, name[i])) && ok;
    return ok;
}

/* Streams are for counts of spikes and events: of layers of neurons, and what is late on its way to them. */
static int64_t plan_trace(nh_diag *d, const nh_design *g, const nh_sim_setup *s) {
    if (!has_events(g)) return 0;
    int64_t traced = nh_sim_traced_samples(g, s->x.n);
    if (traced < s->x.n)
        nh_report(d, NH_S_SPIKE_LIMIT, NH_NOWHERE, "spikes per layer: first %" PRId64 " of %" PRId64 " samples", traced,
                  s->x.n);
    return traced;
}

static bool simulate(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *s, nh_sim_facts *f) {
    const char *binary;
    nh_measure m = {.g = g,
                    .s = s,
                    .steps = nh_sim_steps(g),
                    .n_in = nh_design_n_in(g),
                    .n_out = g->stream[g->output].n,
                    .raw_x =
                        s->raw_x ? order_inputs(a, g, s->raw_x, s->x.n * s->x.size) : nh_sim_quantize(a, g, &s->x, f)};
    if (!m.raw_x)
        return nh_report(d, NH_S_NO_SAMPLES, NH_NOWHERE, "%" PRId64 " samples of %" PRId64 " elements are too many",
                         s->x.n, s->x.size);
    m.traced = s->out || !s->cc ? 0 : plan_trace(d, g, s);
    if (!write_raw(a, d, nh_path_join(a, s->work_dir, "x.bin"), m.raw_x, s->x.n * s->x.size)) return false;
    if (!s->cc) {
        if (!nh_sim_run_model(a, d, g, s, m.raw_x, f)) return false;
    } else {
        if (!nh_sim_build(a, d, g, s, &binary) || !run_harness(a, d, g, s, binary, m.traced)) return false;
        if (!nh_sim_load(a, d, g, nh_path_join(a, s->work_dir, "result.json"), f)) return false;
    }
    if (!(m.out_c = load_outputs(a, d, g, s, "out_c.bin", "outputs_c.npy"))) return false;
    if (s->out) {
        f->ran = true;
        return hand_over(a, d, g, s, m.out_c, f) && clean(a, d, s);
    }
    int64_t frames = s->x.n * m.steps, limit = g->opt->simulate.rtl_limit;
    bool whole = limit == 0 || limit >= frames;
    if (f->runs > 0 && !whole)
        nh_report(d, NH_S_RTL_LIMIT, NH_NOWHERE, "the RTL ran over the first %" PRId64 " of %" PRId64 " %s", limit,
                  frames, nh_sim_has_step_axis(g) ? "time steps" : "inferences");
    if (f->runs > 0 && whole) {
        if (!(m.out_rtl = load_outputs(a, d, g, s, "out_rtl.bin", "outputs_rtl.npy"))) return false;
    }
    m.out_rtl = s->rtl_y ? s->rtl_y : m.out_rtl;
    if (s->rtl_y && !nh_sim_write_outputs(a, d, g, nh_path_join(a, s->work_dir, "outputs_rtl.npy"), s->x.n, s->rtl_y))
        return false;
    if (f->runs > 0 && g->opt->simulate.waves) f->waves = "waves.fst";
    f->ran = true;
    if (!nh_sim_measure(a, d, &m, f)) return false;
    bool layers = g->opt->simulate.trace && m.traced > 0;
    return (!layers || nh_sim_write_layers(a, d, g, s->work_dir, m.traced)) && clean(a, d, s);
}

bool nh_sim_run(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *setup, nh_sim_facts *facts) {
    nh_sim_setup s = *setup;
    *facts = (nh_sim_facts){
        .acc_float = -1, .acc_fixed = -1, .acc_rtl = -1, .agree_float_fixed = -1, .steps = nh_sim_steps(g)};
    if (s.x.n < 1) return nh_report(d, NH_S_NO_SAMPLES, NH_NOWHERE, "no samples to simulate");
    assert(s.x.size == nh_sim_steps(g) * nh_design_n_in(g));
    s.c_dir = absolute(a, s.c_dir);
    s.rtl_dir = absolute(a, s.rtl_dir);
    if (!nh_mkdirs(d, s.work_dir)) return false;
    s.work_dir = absolute(a, s.work_dir);
    return simulate(a, d, g, &s, facts);
}
