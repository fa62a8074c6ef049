/* The fabric under Verilator. Left to itself Verilator writes every core out (4x4 cores of 8 lanes: 9 MB of C++,
 * minutes of compiling). Cores and their neurons are kept as modules here, with ports that nothing is moved through,
 * and without tables that are numbered through the model: so all cores come out as the same functions, and Verilator
 * keeps one of each. */
#include "objects.h"
#include "sim_fabric.h"
#include "tool.h"

static bool write_vlt(nh_arena *a, nh_diag *d, const char *project, const char *path) {
    static const char *const core[] = {"idle", "s_flit_*", "m_flit_*", "dp_*"};
    static const char *const neurons[] = {"model", "acc", "state", "param", "next", "out"};
    nh_writer *w = nh_writer_open(a, path);
    nh_printf(w, "`verilator_config\nno_inline -module \"nh_neuron_core\"\nno_inline -module \"%s_neurons\"\n",
              project);
    for (size_t i = 0; i < sizeof core / sizeof *core; i++)
        nh_printf(w, "public_flat_rd -module \"nh_neuron_core\" -var \"%s\"\n", core[i]);
    for (size_t i = 0; i < sizeof neurons / sizeof *neurons; i++)
        nh_printf(w, "public_flat_rd -module \"%s_neurons\" -var \"%s\"\n", project, neurons[i]);
    return nh_writer_close(w, d);
}

bool nh_sim_fabric_build(nh_arena *a, nh_diag *d, const nh_sim_fabric_setup *s, const char **binary) {
    static const char *const no_tables[] = {"-fno-table", NULL};
    nh_objects *b = NH_NEW(a, nh_objects);
    *b = (nh_objects){.a = a,
                      .d = d,
                      .work_dir = nh_tool_absolute(a, s->work_dir),
                      .verilator = s->verilator,
                      .cxx = s->cxx,
                      .cache_dir = s->cache_dir,
                      .jobs = s->jobs};
    const char *vlt = nh_objects_work(b, "fabric.vlt");
    *binary = nh_objects_work(b, "obj/fabric");
    if (!nh_objects_begin(b) || !write_vlt(a, d, s->project, vlt)) return false;
    nh_objects_add_verilation(b, nh_tool_absolute(a, s->rtl_dir), s->project, "Vfabric", vlt, no_tables);
    if (!nh_objects_add_runtime(b, NULL) || !nh_objects_run(b)) return false;
    return nh_objects_add_model(b, "-O1", "fabric_main.cpp") && nh_objects_run(b) && nh_objects_link(b, *binary);
}
