#include "objects.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embedded.h"
#include "tool.h"

extern const nh_embedded nh_harness_files[];
extern const size_t nh_harness_files_count;

void nh_tool_arg(nh_tool_args *l, const char *v) {
    if (l->n < NH_TOOL_ARGS_MOST - 1) l->v[l->n++] = v;
}

const char *nh_objects_work(nh_objects *b, const char *name) { return nh_path_join(b->a, b->work_dir, name); }

static void add_job(nh_objects *b, const nh_tool_args *l, const char *log_name) {
    const char **argv = nh_arena_alloc(b->a, (l->n + 1) * sizeof *argv);
    memcpy(argv, l->v, l->n * sizeof *argv);
    b->job[b->n_job++] = (nh_sim_job){
        .argv = argv, .cwd = b->work_dir, .log = nh_objects_work(b, nh_arena_printf(b->a, "log/%s.log", log_name))};
}

bool nh_objects_run(nh_objects *b) {
    bool ok = nh_sim_jobs(b->a, b->d, b->jobs, b->job, b->n_job);
    b->n_job = 0;
    /* Atomic: another neurohls may be filling the same cache. */
    for (size_t i = 0; i < b->n_rename; i++)
        if (rename(b->rename[i].from, b->rename[i].to) != 0 && ok)
            ok = nh_report(b->d, NH_O_WRITE, NH_NOWHERE, "cannot rename '%s'", b->rename[i].from);
    b->n_rename = 0;
    return ok;
}

static bool find_include(nh_objects *b) {
    const char *log = nh_objects_work(b, "log/verilator_root.log");
    const char *argv[] = {b->verilator, "--getenv", "VERILATOR_ROOT", NULL};
    nh_bytes text;
    if (!nh_tool_exec(b->a, b->d, &(nh_tool_run){.argv = argv, .log = log})) return false;
    if (!nh_file_read(b->a, b->d, NH_NOWHERE, log, 1 << 16, &text)) return false;
    const char *line = (const char *)text.data;
    b->include = nh_path_join(b->a, nh_arena_strn(b->a, line, strcspn(line, "\r\n")), "include");
    return true;
}

static bool copy_harness(nh_objects *b) {
    for (size_t i = 0; i < nh_harness_files_count; i++) {
        nh_writer *w = nh_writer_open(b->a, nh_objects_work(b, nh_harness_files[i].name));
        nh_write(w, nh_harness_files[i].data, nh_harness_files[i].size);
        if (!nh_writer_close(w, b->d)) return false;
    }
    return true;
}

bool nh_objects_begin(nh_objects *b) {
    b->obj = nh_objects_work(b, "obj");
    if (!nh_mkdirs(b->d, b->obj) || !nh_mkdirs(b->d, nh_objects_work(b, "log")) || !copy_harness(b)) return false;
    return !b->verilator || find_include(b);
}

void nh_objects_add_verilation(nh_objects *b, const char *rtl_dir, const char *top, const char *prefix, const char *vlt,
                               const char *const *more) {
    nh_tool_args l = {.n = 0};
    /* Warnings stay in the log: the emitted RTL is linted by its own tests with its waivers. */
    NH_TOOL_ADD(&l, b->verilator, "--cc", "-O3", "-Wno-fatal", "-Wno-lint", "-Wno-style", "--top-module", top,
                "--prefix", prefix, "--Mdir", nh_tool_relative(b->a, b->work_dir, b->obj), "--x-assign", "unique",
                "--output-split", "8000", "--output-split-cfuncs", "4000");
    if (b->is_traced) nh_tool_arg(&l, "--trace-fst");
    while (more && *more) nh_tool_arg(&l, *more++);
    const char *rtl = nh_tool_relative(b->a, b->work_dir, rtl_dir);
    NH_TOOL_ADD(&l, "-y", rtl, nh_tool_relative(b->a, b->work_dir, vlt),
                nh_path_join(b->a, rtl, nh_arena_printf(b->a, "%s.v", top)));
    add_job(b, &l, "verilator");
}

static void cxx_flags(nh_objects *b, nh_tool_args *l, const char *optimize) {
    NH_TOOL_ADD(l, b->cxx, "-std=gnu++17", optimize, "-w", "-fcf-protection=none", "-DVERILATOR=1", "-DVM_COVERAGE=0",
                "-DVM_SC=0", "-DVM_TRACE_VCD=0");
    NH_TOOL_ADD(l, b->is_traced ? "-DVM_TRACE=1" : "-DVM_TRACE=0",
                b->is_traced ? "-DVM_TRACE_FST=1" : "-DVM_TRACE_FST=0", "-I", b->work_dir);
    NH_TOOL_ADD(l, "-I", b->obj, "-I", b->include, "-I", nh_path_join(b->a, b->include, "vltstd"));
}

static void compile_to(nh_objects *b, nh_tool_args *l, const char *source, const char *object, const char *log_name) {
    NH_TOOL_ADD(l, "-c", source, "-o", object);
    add_job(b, l, log_name);
    b->object[b->n_object++] = nh_arena_str(b->a, object);
}

void nh_objects_compile(nh_objects *b, nh_tool_args *l, const char *source, const char *name) {
    compile_to(b, l, source, nh_objects_work(b, nh_arena_printf(b->a, "obj/%s.o", name)), name);
}

/* The folder of the cache for these versions and flags; the work folder when the cache cannot be written. */
static const char *runtime_dir(nh_objects *b) {
    const char *fallback = b->obj;
    if (!b->cache_dir) return fallback;
    nh_hasher *h = nh_hasher_new(b->a);
    nh_hash_str(h, nh_tool_version(b->a, "c++", b->cxx));
    nh_hash_str(h, nh_tool_version(b->a, "verilator", b->verilator));
    nh_hash_str(h, b->include);
    nh_hash_str(h, b->is_traced ? "fst" : "plain");
    for (size_t i = 0; i < nh_harness_files_count; i++)
        nh_hash_bytes(h, nh_harness_files[i].data, nh_harness_files[i].size);
    nh_hash key = nh_hash_end(h);
    key.hex[16] = 0;
    const char *dir = nh_path_join(b->a, b->cache_dir, nh_arena_printf(b->a, "cosim-%s", key.hex));
    return nh_mkdirs(nh_diag_new(b->a), dir) && access(dir, W_OK) == 0 ? dir : fallback;
}

static void add_cached(nh_objects *b, const char *dir, const char *source, const char *name) {
    const char *object = nh_path_join(b->a, dir, nh_arena_printf(b->a, "%s.o", name));
    if (nh_file_exists(object)) {
        b->object[b->n_object++] = object;
        return;
    }
    nh_tool_args l = {.n = 0};
    cxx_flags(b, &l, "-O2");
    const char *partial = nh_arena_printf(b->a, "%s.tmp-%ld", object, (long)getpid());
    compile_to(b, &l, source, partial, name);
    b->object[b->n_object - 1] = object;
    b->rename[b->n_rename].from = partial;
    b->rename[b->n_rename++].to = object;
}

/* Verilator's library is one file: its headers cost more than its code. */
bool nh_objects_add_runtime(nh_objects *b, const char *main) {
    static const char *const name[] = {"verilated", "verilated_threads", "verilated_dpi", "verilated_random",
                                       "verilated_fst_c"};
    const char *dir = runtime_dir(b), *library = nh_objects_work(b, "obj/unity_verilated.cpp");
    if (main) add_cached(b, dir, nh_objects_work(b, nh_arena_printf(b->a, "%s.cpp", main)), main);
    nh_writer *w = nh_writer_open(b->a, library);
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        bool is_trace = strcmp(name[i], "verilated_fst_c") == 0;
        const char *source = nh_path_join(b->a, b->include, nh_arena_printf(b->a, "%s.cpp", name[i]));
        if ((!is_trace || b->is_traced) && nh_file_exists(source)) nh_printf(w, "#include \"%s.cpp\"\n", name[i]);
    }
    add_cached(b, dir, library, "verilated");
    return nh_writer_close(w, b->d);
}

static int by_size(const void *x, const void *y) {
    const nh_source_file *p = x, *q = y;
    if (p->size != q->size) return p->size < q->size ? 1 : -1;
    return strcmp(p->name, q->name);
}

static bool ends_with(const char *s, const char *end) {
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

nh_source_file *nh_objects_list(nh_objects *b, const char *dir, const char *ending, const char *without, size_t *n) {
    nh_source_file *f = NULL;
    size_t cap = 0;
    *n = 0;
    DIR *handle = opendir(dir);
    for (struct dirent *e; handle && (e = readdir(handle));) {
        struct stat st;
        if (!ends_with(e->d_name, ending) || strstr(e->d_name, without)) continue;
        if (stat(nh_path_join(b->a, dir, e->d_name), &st) != 0) continue;
        f = nh_arena_grow(b->a, f, &cap, *n + 1, sizeof *f);
        f[(*n)++] = (nh_source_file){nh_arena_str(b->a, e->d_name), st.st_size};
    }
    if (handle) closedir(handle);
    if (*n) qsort(f, *n, sizeof *f, by_size);
    return f;
}

typedef struct {
    nh_writer *file;
    off_t load;
} group;

static void add_to_smallest(group *g, size_t n, const nh_source_file *f) {
    size_t least = 0;
    for (size_t k = 1; k < n; k++)
        if (g[k].load < g[least].load) least = k;
    g[least].load += f->size;
    nh_printf(g[least].file, "#include \"%s\"\n", f->name);
}

/* Unity files, one per job and balanced by size: each parses Verilator's headers once, which costs as much as
 * 200 KB of model. What Verilator calls slow runs once, at the start, and is compiled without optimization.
 */
bool nh_objects_add_model(nh_objects *b, const char *optimize, const char *harness) {
    enum { WORTH_A_FILE = 200000, MOST = 16 };
    size_t n, jobs = (size_t)(b->jobs < 1 ? 1 : b->jobs > MOST ? MOST : b->jobs);
    nh_source_file *f = nh_objects_list(b, b->obj, ".cpp", "unity", &n);
    off_t total = 0;
    for (size_t i = 0; i < n; i++) total += f[i].size;
    size_t groups = (size_t)(total / WORTH_A_FILE) + 1;
    if (groups > jobs) groups = jobs;
    group g[MOST + 1] = {{NULL, 0}};
    bool apart = total > WORTH_A_FILE && strcmp(optimize, "-O0") != 0;
    size_t files = groups + apart;
    for (size_t k = 0; k < files; k++)
        g[k].file = nh_writer_open(b->a, nh_path_join(b->a, b->obj, nh_arena_printf(b->a, "unity%zu.cpp", k)));
    for (size_t i = 0; i < n; i++) {
        bool slow = apart && (strstr(f[i].name, "Slow") || strstr(f[i].name, "__Syms"));
        add_to_smallest(slow ? g + groups : g, slow ? 1 : groups, &f[i]);
    }
    nh_printf(g[0].file, "#include \"%s\"\n", harness);
    for (size_t k = 0; k < files; k++) {
        const char *name = nh_arena_printf(b->a, "unity%zu", k);
        if (!nh_writer_close(g[k].file, b->d)) return false;
        nh_tool_args l = {.n = 0};
        cxx_flags(b, &l, k == groups ? "-O0" : optimize);
        nh_objects_compile(b, &l, nh_path_join(b->a, b->obj, nh_arena_printf(b->a, "%s.cpp", name)), name);
    }
    return true;
}

bool nh_objects_link(nh_objects *b, const char *binary) {
    nh_tool_args l = {.n = 0};
    NH_TOOL_ADD(&l, b->verilator ? b->cxx : b->cc, "-o", binary);
    for (size_t i = 0; i < b->n_object; i++) nh_tool_arg(&l, b->object[i]);
    NH_TOOL_ADD(&l, "-pthread", "-lm");
    if (b->is_traced) nh_tool_arg(&l, "-lz");
    add_job(b, &l, "link");
    return nh_objects_run(b);
}
