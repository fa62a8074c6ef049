/* Targets are data: a YAML file by path, by name beside the configuration or in $NEUROHLS_TARGETS, or built in. */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "embedded.h"
#include "schema.h"

extern const nh_embedded nh_builtin_targets[];
extern const size_t nh_builtin_targets_count;

/* One kind of file: what it is called in messages, and the folder of the built-in ones. */
typedef struct {
    const char *what, *folder;
} family;
static const family targets = {"target", ""}, limits = {"fabric", "fabric/"};

static bool is_path(const char *name) {
    size_t n = strlen(name);
    return strchr(name, '/') || (n > 5 && strcmp(name + n - 5, ".yaml") == 0);
}

/* The file of a target in one of the places, or NULL. */
static const char *find_file(nh_arena *a, const char *name, const char *config_dir) {
    if (is_path(name)) return nh_path_join(a, config_dir, name);
    const char *dir[] = {config_dir, getenv("NEUROHLS_TARGETS")};
    for (size_t i = 0; i < sizeof dir / sizeof *dir; i++) {
        const char *path = dir[i] && *dir[i] ? nh_path_join(a, dir[i], nh_arena_printf(a, "%s.yaml", name)) : NULL;
        if (path && nh_file_exists(path)) return path;
    }
    return NULL;
}

static const nh_embedded *find_builtin(nh_arena *a, const family *k, const char *name) {
    const char *file = nh_arena_printf(a, "%s%s.yaml", k->folder, name);
    for (size_t i = 0; i < nh_builtin_targets_count; i++)
        if (strcmp(nh_builtin_targets[i].name, file) == 0) return &nh_builtin_targets[i];
    return NULL;
}

static bool is_of(const family *k, const char *file) {
    size_t n = strlen(k->folder);
    return strncmp(file, k->folder, n) == 0 && !strchr(file + n, '/');
}

static const char *stem(nh_arena *a, const char *path) {
    const char *base = nh_path_base(path), *dot = strrchr(base, '.');
    return nh_arena_strn(a, base, dot ? (size_t)(dot - base) : strlen(base));
}

static nh_yaml *unknown(nh_arena *a, nh_diag *d, nh_loc at, const family *k, const char *name) {
    const char **names = nh_arena_array(a, nh_builtin_targets_count, sizeof *names), *all = "";
    size_t n = 0;
    for (size_t i = 0; i < nh_builtin_targets_count; i++) {
        if (!is_of(k, nh_builtin_targets[i].name)) continue;
        names[n] = stem(a, nh_builtin_targets[i].name);
        all = nh_arena_printf(a, "%s%s%s", all, n ? ", " : "", names[n]);
        n++;
    }
    nh_report(d, NH_C_TARGET, at, "unknown %s '%.80s'", k->what, name);
    nh_diag_allowed(d, "%s, or the path of a %s file", all, k->what);
    const char *near = nh_did_you_mean(name, names, n);
    if (near) nh_diag_hint(d, "did you mean '%s'?", near);
    return NULL;
}

/* The tree of a file; *path: where it is. */
static nh_yaml *read_file(nh_arena *a, nh_diag *d, nh_loc at, const family *k, const char *name, const char *config_dir,
                          const char **path) {
    nh_bytes text;
    *path = find_file(a, name, config_dir);
    if (*path) {
        if (!nh_file_read(a, d, at, *path, NH_YAML_LIMIT_BYTES, &text)) return NULL;
    } else {
        const nh_embedded *file = find_builtin(a, k, name);
        if (!file) return unknown(a, d, at, k, name);
        *path = nh_arena_printf(a, "built-in/%s", file->name);
        text = (nh_bytes){.data = file->data, .size = file->size};
    }
    return nh_yaml_read(a, d, *path, text);
}

bool nh_target_read(nh_arena *a, nh_diag *d, nh_loc at, const char *name, const char *config_dir, nh_target *out) {
    size_t before = d->n_error;
    const char *path;
    nh_yaml *root = read_file(a, d, at, &targets, name, config_dir, &path);
    if (!root) return false;
    nh_reading r = {.arena = a, .diag = d, .file = path, .dir = config_dir};
    *out = (nh_target){.at = at};
    nh_section_defaults(&r, &nh_target_section, (char *)out);
    nh_section_read(&r, &nh_target_section, root, (char *)out, NULL, NULL);
    out->name = stem(a, path);
    return d->n_error == before;
}

/* Sizes of the limits file, then what the configuration says itself. */
static bool read_limits(nh_arena *a, nh_diag *d, const char *config_dir, const nh_reading *config,
                        const nh_yaml *section, nh_fabric_request *q) {
    size_t before = d->n_error;
    const char *path;
    nh_fabric_request own = *q;
    nh_yaml *root = read_file(a, d, q->limits_at, &limits, q->limits, config_dir, &path);
    if (!root) return false;
    nh_reading r = {.arena = a, .diag = d, .file = path, .dir = config_dir};
    *q = (nh_fabric_request){.at = own.at};
    nh_section_defaults(&r, &nh_fabric_section, (char *)q);
    nh_section_read(&r, &nh_fabric_section, root, (char *)q, NULL, NULL);
    if (d->n_error != before) return false;
    nh_section_read(config, &nh_fabric_section, section, (char *)q, NULL, NULL);
    q->f.name = stem(a, path);
    q->at = own.at;
    q->limits_at = own.limits_at;
    return d->n_error == before;
}

bool nh_fabric_resolve(nh_arena *a, nh_diag *d, const nh_reading *config, const nh_yaml *section,
                       nh_fabric_request *q) {
    q->given = true;
    q->f.name = "fabric";
    if (q->limits && !read_limits(a, d, config->dir, config, section, q)) return false;
    q->given = true;
    if (q->n_mesh != 2) {
        nh_report(d, NH_C_MISSING, q->at, "fabric: mesh is %s", q->n_mesh ? "not two numbers" : "missing");
        nh_diag_allowed(d, "mesh: [X, Y], tiles along x and y; or limits: NAME");
        return false;
    }
    q->f.mesh_x = (int)q->mesh[0];
    q->f.mesh_y = (int)q->mesh[1];
    q->f.at = q->at;
    return true;
}
