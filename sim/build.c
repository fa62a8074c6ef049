/* From emitted C and Verilog to one program. Two parallel phases: (1) Verilator, the kernels and whatever of
 * the runtime is not in the cache, (2) the C++ that Verilator wrote, in as many unity files as there are
 * jobs; then the link. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embedded.h"
#include "sim_parts.h"
#include "tool.h"

extern const nh_embedded nh_harness_files[];
extern const size_t nh_harness_files_count;

enum { MAX_JOBS = 64, MAX_ARGS = 96 };

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_design *g;
    const nh_sim_setup *s;
    const char *obj, *include;    /* Verilator's output; its include folder */
    const char *object[MAX_JOBS]; /* to be linked */
    size_t n_object;
    nh_sim_job job[MAX_JOBS];
    size_t n_job;
    struct {
        const char *from, *to;
    } rename[MAX_JOBS]; /* objects that become part of the cache when the phase is done */
    size_t n_rename;
} build;

typedef struct {
    const char *v[MAX_ARGS];
    size_t n;
} args;

static void arg(args *l, const char *v) {
    if (l->n < MAX_ARGS - 1) l->v[l->n++] = v;
}

#define ARGS(l, ...)                                                                                         \
    do {                                                                                                     \
        const char *const more[] = {__VA_ARGS__};                                                            \
        for (size_t more_i = 0; more_i < sizeof more / sizeof *more; more_i++)                               \
            arg(l, more[more_i]);                                                                            \
    } while (0)

static const char *work(build *b, const char *name) {
    return nh_path_join(b->a, b->s->work_dir, name);
}

static void add_job(build *b, const args *l, const char *log_name) {
    const char **argv = nh_arena_alloc(b->a, (l->n + 1) * sizeof *argv);
    memcpy(argv, l->v, l->n * sizeof *argv);
    b->job[b->n_job++] = (nh_sim_job){
        .argv = argv, .cwd = b->s->work_dir, .log = work(b, nh_arena_printf(b->a, "log/%s.log", log_name))};
}

static bool run_jobs(build *b) {
    bool ok = nh_sim_jobs(b->a, b->d, b->s->jobs, b->job, b->n_job);
    b->n_job = 0;
    /* Atomic: another neurohls may be filling the same cache. */
    for (size_t i = 0; i < b->n_rename; i++)
        if (rename(b->rename[i].from, b->rename[i].to) != 0 && ok)
            ok = nh_report(b->d, NH_O_WRITE, NH_NOWHERE, "cannot rename '%s'", b->rename[i].from);
    b->n_rename = 0;
    return ok;
}

static bool copy_harness(build *b) {
    for (size_t i = 0; i < nh_harness_files_count; i++) {
        nh_writer *w = nh_writer_open(b->a, work(b, nh_harness_files[i].name));
        nh_write(w, nh_harness_files[i].data, nh_harness_files[i].size);
        if (!nh_writer_close(w, b->d)) return false;
    }
    return nh_sim_write_tables(b->a, b->d, b->g, work(b, "cosim_model.h"));
}

static bool waves(const build *b) {
    return b->g->opt->simulate.waves;
}

/* --- Verilator
 * ----------------------------------------------------------------------------------------------------- */

static bool find_include(build *b) {
    const char *log = work(b, "log/verilator_root.log");
    const char *argv[] = {b->s->verilator, "--getenv", "VERILATOR_ROOT", NULL};
    nh_bytes text;
    if (!nh_tool_exec(b->a, b->d, &(nh_tool_run){.argv = argv, .log = log})) return false;
    if (!nh_file_read(b->a, b->d, NH_NOWHERE, log, 1 << 16, &text)) return false;
    const char *line = (const char *)text.data;
    b->include = nh_path_join(b->a, nh_arena_strn(b->a, line, strcspn(line, "\r\n")), "include");
    return true;
}

static bool add_verilation(build *b) {
    if (!nh_sim_write_vlt(b->a, b->d, b->g, work(b, "public.vlt"))) return false;
    const char *project = b->g->opt->project;
    args l = {.n = 0};
    /* Warnings stay in the log: the emitted RTL is linted by its own tests with its waivers. */
    ARGS(&l, b->s->verilator, "--cc", "-O3", "-Wno-fatal", "-Wno-lint", "-Wno-style", "--top-module", project,
         "--prefix", "Vnh", "--Mdir", b->obj, "--x-assign", "unique", "--output-split", "8000",
         "--output-split-cfuncs", "4000");
    if (waves(b)) arg(&l, "--trace-fst");
    ARGS(&l, "-y", b->s->rtl_dir, work(b, "public.vlt"),
         nh_path_join(b->a, b->s->rtl_dir, nh_arena_printf(b->a, "%s.v", project)));
    add_job(b, &l, "verilator");
    return true;
}

/* --- compilation
 * --------------------------------------------------------------------------------------------------- */

static void cxx_flags(build *b, args *l, const char *optimize) {
    ARGS(l, b->s->cxx, "-std=gnu++17", optimize, "-w", "-fcf-protection=none", "-DVERILATOR=1",
         "-DVM_COVERAGE=0", "-DVM_SC=0", "-DVM_TRACE_VCD=0");
    ARGS(l, waves(b) ? "-DVM_TRACE=1" : "-DVM_TRACE=0", waves(b) ? "-DVM_TRACE_FST=1" : "-DVM_TRACE_FST=0",
         "-I", b->s->work_dir);
    ARGS(l, "-I", b->obj, "-I", b->include, "-I", nh_path_join(b->a, b->include, "vltstd"));
}

static void compile_to(build *b, args *l, const char *source, const char *object, const char *log_name) {
    ARGS(l, "-c", source, "-o", object);
    add_job(b, l, log_name);
    b->object[b->n_object++] = nh_arena_str(b->a, object);
}

static void compile(build *b, args *l, const char *source, const char *name) {
    compile_to(b, l, source, work(b, nh_arena_printf(b->a, "obj/%s.o", name)), name);
}

/* The folder of the cache for these versions and flags; the work folder when the cache cannot be written. */
static const char *runtime_dir(build *b) {
    const char *fallback = b->obj;
    if (!b->s->cache_dir) return fallback;
    nh_hasher *h = nh_hasher_new(b->a);
    nh_hash_str(h, nh_tool_version(b->a, "c++", b->s->cxx));
    nh_hash_str(h, nh_tool_version(b->a, "verilator", b->s->verilator));
    nh_hash_str(h, b->include);
    nh_hash_str(h, waves(b) ? "fst" : "plain");
    for (size_t i = 0; i < nh_harness_files_count; i++)
        nh_hash_bytes(h, nh_harness_files[i].data, nh_harness_files[i].size);
    nh_hash key = nh_hash_end(h);
    key.hex[16] = 0;
    const char *dir = nh_path_join(b->a, b->s->cache_dir, nh_arena_printf(b->a, "cosim-%s", key.hex));
    return nh_mkdirs(nh_diag_new(b->a), dir) && access(dir, W_OK) == 0 ? dir : fallback;
}

static void add_cached(build *b, const char *dir, const char *source, const char *name) {
    const char *object = nh_path_join(b->a, dir, nh_arena_printf(b->a, "%s.o", name));
    if (nh_file_exists(object)) {
        b->object[b->n_object++] = object;
        return;
    }
    args l = {.n = 0};
    cxx_flags(b, &l, "-O2");
    const char *partial = nh_arena_printf(b->a, "%s.tmp-%ld", object, (long)getpid());
    compile_to(b, &l, source, partial, name);
    b->object[b->n_object - 1] = object;
    b->rename[b->n_rename].from = partial;
    b->rename[b->n_rename++].to = object;
}

/* What does not depend on the design: the harness' main and Verilator's own library, the latter as one file
 * (its headers cost more than its code). */
static bool add_runtime(build *b) {
    static const char *const name[] = {"verilated", "verilated_threads", "verilated_dpi", "verilated_random",
                                       "verilated_fst_c"};
    const char *dir = runtime_dir(b), *library = work(b, "obj/unity_verilated.cpp");
    add_cached(b, dir, work(b, "cosim_main.cpp"), "cosim_main");
    nh_writer *w = nh_writer_open(b->a, library);
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        bool is_trace = strcmp(name[i], "verilated_fst_c") == 0;
        const char *source = nh_path_join(b->a, b->include, nh_arena_printf(b->a, "%s.cpp", name[i]));
        if ((!is_trace || waves(b)) && nh_file_exists(source)) nh_printf(w, "#include \"%s.cpp\"\n", name[i]);
    }
    add_cached(b, dir, library, "verilated");
    return nh_writer_close(w, b->d);
}

typedef struct {
    const char *name;
    off_t size;
} source_file;

static int by_size(const void *x, const void *y) {
    const source_file *p = x, *q = y;
    if (p->size != q->size) return p->size < q->size ? 1 : -1;
    return strcmp(p->name, q->name);
}

static bool ends_with(const char *s, const char *end) {
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

/* Files of a folder with that ending, largest first; names that hold `without` are left out. */
static source_file *list_files(build *b, const char *dir, const char *ending, const char *without,
                               size_t *n) {
    source_file *f = NULL;
    size_t cap = 0;
    *n = 0;
    DIR *handle = opendir(dir);
    for (struct dirent *e; handle && (e = readdir(handle));) {
        struct stat st;
        if (!ends_with(e->d_name, ending) || strstr(e->d_name, without)) continue;
        if (stat(nh_path_join(b->a, dir, e->d_name), &st) != 0) continue;
        f = nh_arena_grow(b->a, f, &cap, *n + 1, sizeof *f);
        f[(*n)++] = (source_file){nh_arena_str(b->a, e->d_name), st.st_size};
    }
    if (handle) closedir(handle);
    if (*n) qsort(f, *n, sizeof *f, by_size);
    return f;
}

static void add_c(build *b, const char *source, const char *name) {
    args l = {.n = 0};
    ARGS(&l, b->s->cc, "-std=gnu11", "-O2", "-w", "-I", b->s->c_dir, "-I", b->s->work_dir);
    compile(b, &l, source, name);
}

/* All C of the kernels but the user's example, one object each. */
static void add_kernels(build *b) {
    size_t n;
    source_file *f = list_files(b, b->s->c_dir, ".c", "example", &n);
    for (size_t i = 0; i < n && i < MAX_JOBS / 2; i++)
        add_c(b, nh_path_join(b->a, b->s->c_dir, f[i].name), nh_arena_printf(b->a, "kernel%zu", i));
    add_c(b, work(b, "cosim_kernels.c"), "cosim_kernels");
    add_c(b, work(b, "cosim_streams.c"), "cosim_streams");
    if (!b->s->verilator) add_c(b, work(b, "cosim_batch.c"), "cosim_batch");
}

typedef struct {
    nh_writer *file;
    off_t load;
} group;

/* Compiling must pay for itself in the runs. Measured on an unrolled model of 24 k nodes and on a folded one
 * of the same network: -O1 pays from about 400,000 cycles on (-O0 runs 2.5 to 4 times slower), -O2 from about
 * 6 million. */
static const char *optimization(const build *b) {
    const nh_design *g = b->g;
    double frame = 4 * (double)g->ii_cycles +
                   (double)(g->ii_cycles > g->latency_cycles ? g->ii_cycles : g->latency_cycles);
    double cycles = frame * (double)b->s->x.n * (double)(g->is_temporal ? g->steps : 1);
    return cycles < 4e5 ? "-O0" : cycles < 6e6 ? "-O1" : "-O2";
}

static void add_to_smallest(group *g, size_t n, const source_file *f) {
    size_t least = 0;
    for (size_t k = 1; k < n; k++)
        if (g[k].load < g[least].load) least = k;
    g[least].load += f->size;
    nh_printf(g[least].file, "#include \"%s\"\n", f->name);
}

/* Unity files, one per job and balanced by size: each parses Verilator's headers once, which costs as much as
 * 200 KB of model. What Verilator calls slow runs once, at the start, and is compiled without optimization.
 */
static bool add_model(build *b) {
    enum { WORTH_A_FILE = 200000, MOST = 16 };
    size_t n, jobs = (size_t)(b->s->jobs < 1 ? 1 : b->s->jobs > MOST ? MOST : b->s->jobs);
    source_file *f = list_files(b, b->obj, ".cpp", "unity", &n);
    off_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += f[i].size;
    size_t groups = (size_t)(total / WORTH_A_FILE) + 1;
    if (groups > jobs) groups = jobs;
    group g[MOST + 1] = {{NULL, 0}};
    const char *optimize = optimization(b);
    bool apart = total > WORTH_A_FILE && strcmp(optimize, "-O0") != 0;
    size_t files = groups + apart;
    for (size_t k = 0; k < files; k++)
        g[k].file =
            nh_writer_open(b->a, nh_path_join(b->a, b->obj, nh_arena_printf(b->a, "unity%zu.cpp", k)));
    for (size_t i = 0; i < n; i++) {
        bool slow = apart && (strstr(f[i].name, "Slow") || strstr(f[i].name, "__Syms"));
        add_to_smallest(slow ? g + groups : g, slow ? 1 : groups, &f[i]);
    }
    nh_puts(g[0].file, "#include \"cosim_rtl.cpp\"\n");
    for (size_t k = 0; k < files; k++) {
        const char *name = nh_arena_printf(b->a, "unity%zu", k);
        if (!nh_writer_close(g[k].file, b->d)) return false;
        args l = {.n = 0};
        cxx_flags(b, &l, k == groups ? "-O0" : optimize);
        compile(b, &l, nh_path_join(b->a, b->obj, nh_arena_printf(b->a, "%s.cpp", name)), name);
    }
    return true;
}

static bool link_all(build *b, const char *binary) {
    args l = {.n = 0};
    ARGS(&l, b->s->verilator ? b->s->cxx : b->s->cc, "-o", binary);
    for (size_t i = 0; i < b->n_object; i++)
        arg(&l, b->object[i]);
    ARGS(&l, "-pthread", "-lm");
    if (waves(b)) arg(&l, "-lz");
    add_job(b, &l, "link");
    return run_jobs(b);
}

bool nh_sim_build(nh_arena *a, nh_diag *d, const nh_design *g, const nh_sim_setup *s, const char **binary) {
    build *b = NH_NEW(a, build);
    *b = (build){.a = a, .d = d, .g = g, .s = s};
    b->obj = work(b, "obj");
    *binary = work(b, "obj/cosim");
    if (!nh_mkdirs(d, b->obj) || !nh_mkdirs(d, work(b, "log")) || !copy_harness(b)) return false;
    if (s->verilator && (!find_include(b) || !add_verilation(b))) return false;
    add_kernels(b);
    if (s->verilator && !add_runtime(b)) return false;
    if (!run_jobs(b)) return false;
    if (s->verilator && (!add_model(b) || !run_jobs(b))) return false;
    return link_all(b, *binary);
}
