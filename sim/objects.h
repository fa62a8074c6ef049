/* From Verilator's C++ to one program: what both co-simulations (networks as pipelines, fabrics) share. Two parallel
 * phases: (1) Verilator, and whatever of its library is not in the cache, (2) the C++ that it wrote, in as many unity
 * files as there are jobs; then the link. */
#ifndef NH_OBJECTS_H
#define NH_OBJECTS_H

#include <sys/types.h>

#include "sim_parts.h"

enum { NH_OBJECTS_MOST = 64, NH_TOOL_ARGS_MOST = 96 };

typedef struct {
    const char *v[NH_TOOL_ARGS_MOST];
    size_t n;
} nh_tool_args;

void nh_tool_arg(nh_tool_args *l, const char *v);
#define NH_TOOL_ADD(l, ...)                                                                                            \
    do {                                                                                                               \
        const char *const list[] = {__VA_ARGS__};                                                                      \
        for (size_t list_i = 0; list_i < sizeof list / sizeof *list; list_i++) nh_tool_arg(l, list[list_i]);           \
    } while (0)

/* The caller fills the first group. */
typedef struct {
    nh_arena *a;
    nh_diag *d;
    const char *work_dir;  /* absolute; objects, logs and the harness go there */
    const char *verilator; /* NULL: there is no model, C is all */
    const char *cxx, *cc;
    const char *cache_dir; /* for objects that do not depend on the design, or NULL */
    int jobs;
    bool is_traced;

    const char *obj, *include;           /* Verilator's output; its include folder */
    const char *object[NH_OBJECTS_MOST]; /* to be linked */
    size_t n_object;
    nh_sim_job job[NH_OBJECTS_MOST];
    size_t n_job;
    struct {
        const char *from, *to;
    } rename[NH_OBJECTS_MOST]; /* objects that become part of the cache when the phase is done */
    size_t n_rename;
} nh_objects;

typedef struct {
    const char *name;
    off_t size;
} nh_source_file;

/* A file of work_dir. */
const char *nh_objects_work(nh_objects *b, const char *name);
/* Folders, the harness, Verilator's include folder. */
bool nh_objects_begin(nh_objects *b);
/* Verilate <rtl_dir>/<top>.v into classes Prefix*; more: further arguments, NULL-terminated. */
void nh_objects_add_verilation(nh_objects *b, const char *rtl_dir, const char *top, const char *prefix, const char *vlt,
                               const char *const *more);
/* One compilation, l: compiler and flags. */
void nh_objects_compile(nh_objects *b, nh_tool_args *l, const char *source, const char *name);
/* Verilator's own library, and the harness' main that does not depend on the design, if there is one. */
bool nh_objects_add_runtime(nh_objects *b, const char *main);
/* What Verilator wrote, with the harness' source that uses it. What runs once, at the start, is not optimized. */
bool nh_objects_add_model(nh_objects *b, const char *optimize, const char *harness);
/* Do all that was added. */
bool nh_objects_run(nh_objects *b);
bool nh_objects_link(nh_objects *b, const char *binary);
/* Files of a folder with that ending, largest first; names that hold `without` are left out. */
nh_source_file *nh_objects_list(nh_objects *b, const char *dir, const char *ending, const char *without, size_t *n);

#endif
