#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "cli.h"
#include "file.h"
#include "reader.h"

/* The model's file name as a project name: an identifier that no language reserves. */
static const char *project_name(nh_arena *a, const char *model) {
    const char *base = nh_path_base(model), *dot = strrchr(base, '.');
    const char *id = nh_mangle(a, nh_arena_strn(a, base, dot && dot > base ? (size_t)(dot - base) : strlen(base)));
    return nh_config_name_problem(id) ? nh_arena_printf(a, "net_%.*s", NH_NAME_LONGEST - 4, id) : id;
}

/* The model as seen from the configuration's folder. */
static const char *model_from(nh_arena *a, const char *model, const char *config) {
    if (*model == '/' || !strchr(config, '/')) return model;
    char *real = realpath(model, NULL);
    const char *path = real ? nh_arena_str(a, real) : model;
    free(real);
    return path;
}

static bool write_config(nh_cli *c, const nh_graph *g, const char *project, const char *path) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return nh_report(c->diag, NH_O_WRITE, NH_NOWHERE, "out of memory");
    nh_config_init(g, model_from(c->arena, c->arg[0], path), project, out);
    fclose(out);
    bool ok = true;
    if (strcmp(path, "-") == 0) {
        fwrite(text, 1, size, stdout);
    } else {
        nh_writer *w = nh_writer_output(c->arena, c->diag, path);
        if (w) nh_write(w, text, size);
        ok = w && nh_writer_close(w, c->diag);
        if (ok && !c->flag.quiet) printf("%s\n", path);
    }
    free(text);
    return ok;
}

nh_exit nh_cmd_init(nh_cli *c) {
    const char *model = c->arg[0], *project = project_name(c->arena, model);
    const char *path = c->flag.out ? c->flag.out : nh_arena_printf(c->arena, "%s.yaml", project);
    if (strcmp(path, "-") != 0 && !c->flag.force && nh_file_exists(path)) {
        nh_report(c->diag, NH_O_EXISTS, NH_NOWHERE, "'%s' exists already", path);
        nh_diag_hint(c->diag, "--force overwrites it, --output names another");
        return nh_cli_finish(c);
    }
    nh_graph *g = nh_model_read(c->arena, c->diag, NH_NOWHERE, model, NULL);
    if (g) write_config(c, g, project, path);
    return nh_cli_finish(c);
}
