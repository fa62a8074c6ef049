/* A fabric counted by kinds of modules: routers, cores, datapaths of the neurons, the host port; and the whole. */
#include "pool.h"
#include "synth.h"
#include "yosys.h"

/* Instances of the top module (hls/emit/fabric_rtl.c), and what a report calls them. */
static const struct {
    const char *prefix, *name;
} kinds[] = {
    {"u_router_", "routers"}, {"u_core_", "cores"}, {"u_neurons_", "neurons' datapaths"}, {"u_host", "host port"}};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Flat for the total, with modules for the kinds; workers share nothing but what they only read. */
typedef struct {
    const nh_yosys *yosys;
    const nh_options *opt;
    nh_arena *arena[2];
    nh_diag *diag[2];
    bool ok[2];
    nh_cells total;
    nh_cells_group group[KINDS];
} counts;

static void count(void *ctx, size_t i) {
    counts *c = ctx;
    nh_yosys y = *c->yosys;
    const nh_target *t = &c->opt->target;
    y.keeps_modules = i == 1;
    const char *json = nh_yosys_synth(c->arena[i], c->diag[i], &y, t, c->opt->project);
    if (!json) return;
    c->ok[i] = y.keeps_modules ? nh_cells_count_groups(c->diag[i], json, t, c->opt->project, c->group, KINDS)
                               : nh_cells_count(c->diag[i], json, t, c->opt->project, &c->total);
}

static void put(nh_synth_facts *f, const char *name, const nh_cells *cells) {
    f->unit[f->n_unit] = name;
    f->cells[f->n_unit++] = *cells;
}

bool nh_synth_fabric(nh_arena *a, nh_diag *d, const nh_options *o, const char *rtl_dir, const char *work_dir,
                     const char *yosys, int jobs, nh_synth_facts *facts) {
    nh_yosys y = {.yosys = yosys, .rtl_dir = rtl_dir, .work_dir = nh_tool_absolute(a, work_dir)};
    counts c = {.yosys = &y, .opt = o};
    for (int k = 0; k < KINDS; k++) c.group[k].prefix = kinds[k].prefix;
    for (int i = 0; i < 2; i++) {
        c.arena[i] = nh_arena_new();
        c.diag[i] = nh_diag_new(c.arena[i]);
    }
    nh_parallel(jobs, 2, count, &c);
    for (int i = 0; i < 2; i++) {
        nh_diag_append(d, c.diag[i]);
        nh_arena_free(c.arena[i]);
    }
    *facts = (nh_synth_facts){.ran = c.ok[0] && c.ok[1], .family = o->target.family};
    facts->unit = nh_arena_alloc(a, (KINDS + 1) * sizeof *facts->unit);
    facts->cells = nh_arena_alloc(a, (KINDS + 1) * sizeof *facts->cells);
    for (int k = 0; k < KINDS; k++)
        put(facts, c.group[k].n == 1 ? kinds[k].name : nh_arena_printf(a, "%d %s", c.group[k].n, kinds[k].name),
            &c.group[k].cells);
    put(facts, "total", &c.total);
    return facts->ran;
}
