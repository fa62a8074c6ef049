/* From emitted C and Verilog to one program. */
#include "objects.h"

static void add_c(nh_objects *b, const nh_sim_setup *s, const char *source, const char *name) {
    nh_tool_args l = {.n = 0};
    NH_TOOL_ADD(&l, b->cc, "-std=gnu11", "-O2", "-w", "-I", s->c_dir, "-I", b->work_dir);
    nh_objects_compile(b, &l, source, name);
}

/* Of the kernels' folder only what was generated: it may have a user's programs in it. */
static void add_kernels(nh_objects *b, const nh_sim_setup *s) {
    add_c(b, s, nh_path_join(b->a, s->c_dir, "model.c"), "kernel0");
    add_c(b, s, nh_objects_work(b, "cosim_kernels.c"), "cosim_kernels");
    add_c(b, s, nh_objects_work(b, "cosim_streams.c"), "cosim_streams");
    if (!b->verilator) add_c(b, s, nh_objects_work(b, "cosim_batch.c"), "cosim_batch");
}

/* Compiling must pay for itself in the runs. Measured on an unrolled model of 24 k nodes and on a folded one
 * of the same network: -O1 pays from about 400,000 cycles on (-O0 runs 2.5 to 4 times slower), -O2 from about
 * 6 million. */
static const char *optimization(const nh_design *g, const nh_sim_setup *s) {
    double frame =
        4 * (double)g->ii_cycles + (double)(g->ii_cycles > g->latency_cycles ? g->ii_cycles : g->latency_cycles);
    double cycles = frame * (double)s->x.n * (double)nh_sim_steps(g);
    return cycles < 4e5 ? "-O0" : cycles < 6e6 ? "-O1" : "-O2";
}

bool nh_sim_build(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *s, const char **binary) {
    nh_objects *b = NH_NEW(a, nh_objects);
    *b = (nh_objects){.a = a,
                      .d = d,
                      .work_dir = s->work_dir,
                      .verilator = nh_sim_has_rtl(s) ? s->verilator : NULL,
                      .cxx = s->cxx,
                      .cc = s->cc,
                      .cache_dir = s->cache_dir,
                      .jobs = s->jobs,
                      .is_traced = g->opt->simulate.waves};
    const char *vlt = nh_objects_work(b, "public.vlt");
    *binary = nh_objects_work(b, "obj/cosim");
    if (!nh_objects_begin(b) || !nh_sim_write_tables(a, d, g, nh_objects_work(b, "cosim_model.h"))) return false;
    if (b->verilator && !nh_sim_write_vlt(a, d, g, vlt)) return false;
    if (b->verilator) nh_objects_add_verilation(b, s->rtl_dir, g->opt->project, "Vnh", vlt, NULL);
    add_kernels(b, s);
    if (b->verilator && !nh_objects_add_runtime(b, "cosim_main")) return false;
    if (!nh_objects_run(b)) return false;
    if (b->verilator && (!nh_objects_add_model(b, optimization(g, s), "cosim_rtl.cpp") || !nh_objects_run(b)))
        return false;
    return nh_objects_link(b, *binary);
}
