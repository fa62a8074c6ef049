#include "yosys.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "family.h"
#include "file.h"
#include "pool.h"
#include "synth.h"
#include "tool.h"

#define WALL_LIMIT_S 3600
#define MEMORY_LIMIT ((size_t)16 << 30)

/* As `synth`, but memories stay whole (mapping them to flip-flops would count a RAM as logic), except those marked as
 * logic; and multipliers stay whole when the target has DSP blocks: alumacc leaves a cell type alone that it does not
 * know. */
static void write_generic(nh_writer *w, const nh_target *t, const char *top, bool keeps_modules) {
    nh_printf(w, "hierarchy -check -top %s\n", top);
    nh_printf(w, "proc\n%sopt_expr\nopt_clean\ncheck\nopt -nodffe -nosdff\nwreduce\npeepopt\nopt_clean\n",
              keeps_modules ? "" : "flatten\n");
    if (t->use_dsp) nh_puts(w, "chtype -set nh_mul t:$mul\n");
    nh_puts(w, "alumacc\nshare\nopt\nmemory -nomap\nopt_clean\n");
    nh_puts(w, "memory_map a:rom_style=logic a:ram_style=logic a:ram_style=registers\n");
    nh_puts(w, "opt -fast -full\ntechmap\nopt -fast\n");
    nh_printf(w, "abc -lut %d\nopt -fast\nclean\n", t->lut_inputs ? t->lut_inputs : 4);
}

static bool write_script(nh_arena *a, nh_diag *d, const char *path, const nh_target *t, const char *top,
                         bool keeps_modules) {
    const nh_family *f = nh_family_find(t->family);
    if (!f) return nh_report(d, NH_O_BUG, NH_NOWHERE, "no synthesis recipe for the family '%s'", t->family);
    nh_writer *w = nh_writer_open(a, path);
    if (f->synthesis.command)
        nh_printf(w, "%s %s %s%s\n", f->synthesis.command, top,
                  t->use_dsp ? f->synthesis.with_dsp : f->synthesis.without_dsp,
                  keeps_modules ? f->synthesis.hierarchical : f->synthesis.flat);
    else
        write_generic(w, t, top, keeps_modules);
    return nh_writer_close(w, d);
}

/* Names in files.f are ours; one that could mean anything but a file of rtl_dir is a bug. */
static bool is_plain_name(const char *s) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
    return *s && *s != '.' && s[strspn(s, allowed)] == 0;
}

/* argv of yosys: options, then every source file. NULL when files.f cannot be used. */
static const char **arguments(nh_arena *a, nh_diag *d, const nh_yosys *y, const char *script, const char *json) {
    nh_bytes list;
    if (!nh_file_read(a, d, NH_NOWHERE, nh_path_join(a, y->rtl_dir, "files.f"), (size_t)16 << 20, &list)) return NULL;
    const char *option[] = {y->yosys,
                            "-Q",
                            "-T",
                            "-f",
                            "verilog -defer",
                            "-s",
                            nh_tool_relative(a, y->rtl_dir, script),
                            "-b",
                            "json",
                            "-o",
                            nh_tool_relative(a, y->rtl_dir, json)};
    size_t n = sizeof option / sizeof option[0], cap = 0;
    const char **argv = nh_arena_grow(a, NULL, &cap, n + (size_t)y->n_more + 1, sizeof *argv);
    memcpy(argv, option, sizeof option);
    for (const char *s = (const char *)list.data; *s;) {
        size_t size = strcspn(s, "\r\n");
        char *name = nh_arena_strn(a, s, size);
        s += size + strspn(s + size, "\r\n");
        if (!is_plain_name(name)) {
            nh_report(d, NH_O_BUG, NH_NOWHERE, "files.f lists '%s'", name);
            return NULL;
        }
        argv = nh_arena_grow(a, argv, &cap, n + (size_t)y->n_more + 2, sizeof *argv);
        argv[n++] = name;
    }
    for (int i = 0; i < y->n_more; i++) argv[n++] = nh_tool_relative(a, y->rtl_dir, y->more[i]);
    argv[n] = NULL;
    return argv;
}

char *nh_yosys_synth(nh_arena *a, nh_diag *d, const nh_yosys *y, const nh_target *t, const char *top) {
    char *base = nh_path_join(a, y->work_dir, y->keeps_modules ? nh_arena_printf(a, "%s_modules", top) : top);
    char *script = nh_arena_printf(a, "%s.ys", base), *json = nh_arena_printf(a, "%s.json", base);
    if (!write_script(a, d, script, t, top, y->keeps_modules)) return NULL;
    const char **argv = arguments(a, d, y, script, json);
    if (!argv) return NULL;
    nh_tool_run run = {.argv = argv,
                       .cwd = y->rtl_dir,
                       .log = nh_arena_printf(a, "%s.log", base),
                       .wall_limit_s = WALL_LIMIT_S,
                       .memory_limit = MEMORY_LIMIT};
    return nh_tool_exec(a, d, &run) ? json : NULL;
}

/* ---- all units and the whole, in parallel ---- */

/* One top; workers share nothing but what they only read. */
typedef struct {
    nh_arena *arena;
    nh_diag *diag;
    const char *top;
    bool ok;
} job;

typedef struct {
    nh_yosys yosys;
    const nh_target *target;
    job *job;
    nh_cells *cells;
    size_t n;
} batch;

/* The whole takes longest: it starts first, the units fill the other threads. */
static void count_one(void *ctx, size_t i) {
    batch *b = ctx;
    size_t k = b->n - 1 - i;
    job *j = &b->job[k];
    char *json = nh_yosys_synth(j->arena, j->diag, &b->yosys, b->target, j->top);
    j->ok = json && nh_cells_count(j->diag, json, b->target, j->top, &b->cells[k]);
}

bool nh_synth_run(nh_arena *a, nh_diag *d, const nh_design *g, const char *rtl_dir, const char *work_dir,
                  const char *yosys, int jobs, nh_synth_facts *facts) {
    const nh_target *t = &g->opt->target;
    size_t n = (size_t)g->n_unit + 1;
    const char **unit = nh_arena_alloc(a, n * sizeof *unit);
    batch b = {.yosys = {.yosys = yosys, .rtl_dir = rtl_dir, .work_dir = nh_tool_absolute(a, work_dir)},
               .target = t,
               .job = nh_arena_alloc(a, n * sizeof *b.job),
               .cells = nh_arena_alloc(a, n * sizeof *b.cells),
               .n = n};
    for (size_t i = 0; i < n; i++) {
        bool whole = i == n - 1;
        unit[i] = whole ? "total" : g->unit[i].id;
        job *j = &b.job[i];
        j->arena = nh_arena_new();
        j->diag = nh_diag_new(j->arena);
        j->top = whole ? g->opt->project : nh_arena_printf(a, "%s_%s", g->opt->project, unit[i]);
    }
    nh_parallel(jobs, n, count_one, &b);
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        ok = ok && b.job[i].ok;
        nh_diag_append(d, b.job[i].diag);
        nh_arena_free(b.job[i].arena);
    }
    *facts = (nh_synth_facts){.ran = ok, .family = t->family, .unit = unit, .cells = b.cells, .n_unit = (int)n};
    return ok;
}
