/* Targets are data: a YAML file by path, by name beside the configuration or in $NEUROHLS_TARGETS, or built in. */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "embedded.h"
#include "schema.h"

extern const nh_embedded nh_builtin_targets[];
extern const size_t nh_builtin_targets_count;

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

static const nh_embedded *find_builtin(nh_arena *a, const char *name) {
    const char *file = nh_arena_printf(a, "%s.yaml", name);
    for (size_t i = 0; i < nh_builtin_targets_count; i++)
        if (strcmp(nh_builtin_targets[i].name, file) == 0) return &nh_builtin_targets[i];
    return NULL;
}

static const char *stem(nh_arena *a, const char *path) {
    const char *base = nh_path_base(path), *dot = strrchr(base, '.');
    return nh_arena_strn(a, base, dot ? (size_t)(dot - base) : strlen(base));
}

static bool unknown_target(nh_arena *a, nh_diag *d, nh_loc at, const char *name) {
    size_t n = nh_builtin_targets_count;
    const char **names = nh_arena_array(a, n, sizeof *names), *all = "";
    for (size_t i = 0; i < n; i++) {
        names[i] = stem(a, nh_builtin_targets[i].name);
        all = nh_arena_printf(a, "%s%s%s", all, i ? ", " : "", names[i]);
    }
    nh_report(d, NH_C_TARGET, at, "unknown target '%.80s'", name);
    nh_diag_allowed(d, "%s, or the path of a target file", all);
    const char *near = nh_did_you_mean(name, names, n);
    if (near) nh_diag_hint(d, "did you mean '%s'?", near);
    return false;
}

bool nh_target_read(nh_arena *a, nh_diag *d, nh_loc at, const char *name, const char *config_dir, nh_target *out) {
    nh_bytes text;
    const char *path = find_file(a, name, config_dir);
    if (path) {
        if (!nh_file_read(a, d, at, path, NH_YAML_LIMIT_BYTES, &text)) return false;
    } else {
        const nh_embedded *file = find_builtin(a, name);
        if (!file) return unknown_target(a, d, at, name);
        path = nh_arena_printf(a, "built-in/%s", file->name);
        text = (nh_bytes){.data = file->data, .size = file->size};
    }
    size_t before = d->n_error;
    nh_yaml *root = nh_yaml_read(a, d, path, text);
    if (!root) return false;
    nh_reading r = {.arena = a, .diag = d, .file = path, .dir = config_dir};
    *out = (nh_target){.at = at};
    nh_section_defaults(&r, &nh_target_section, (char *)out);
    nh_section_read(&r, &nh_target_section, root, (char *)out, NULL, NULL);
    out->name = stem(a, path);
    return d->n_error == before;
}
