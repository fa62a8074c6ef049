#include <jansson.h>

#include "cli.h"
#include "text.h"
#include "tool.h"

static void put_tool(nh_cli *c, const nh_tool_info *t) {
    const char *path = nh_tool_find(c->arena, t->name);
    const char *bold = c->color_out ? (path ? "\033[32m" : "\033[33m") : "", *plain = c->color_out ? "\033[0m" : "";
    if (path) {
        printf("%s%-14s%s %s\n%-14s %s\n", bold, t->name, plain,
               t->version_flag ? nh_text_clean(c->arena, nh_tool_version(c->arena, t->name, path), 160) : "found", "",
               nh_text_clean(c->arena, path, 4096));
    } else {
        printf("%s%-14s%s missing: it gives %s\n%-14s %s, or name it in $%s\n", bold, t->name, plain, t->gives, "",
               t->install, t->env);
    }
}

/* JSON has no other bytes than UTF-8: without this an entry would vanish. */
static const char *valid(nh_arena *a, const char *s) { return s ? nh_text_clean(a, s, 4096) : NULL; }

static void put_json(nh_cli *c) {
    json_t *all = json_array();
    for (int i = 0; i < nh_n_tools; i++) {
        const nh_tool_info *t = &nh_tools[i];
        const char *path = nh_tool_find(c->arena, t->name);
        const char *version = path && t->version_flag ? nh_tool_version(c->arena, t->name, path) : NULL;
        json_array_append_new(all, json_pack("{ss ss? ss? ss ss ss}", "name", t->name, "path", valid(c->arena, path),
                                             "version", valid(c->arena, version), "gives", t->gives, "install",
                                             t->install, "env", t->env));
    }
    json_dumpf(all, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    fputc('\n', stdout);
    json_decref(all);
}

nh_exit nh_cmd_doctor(nh_cli *c) {
    if (c->flag.json)
        put_json(c);
    else
        for (int i = 0; i < nh_n_tools; i++) put_tool(c, &nh_tools[i]);
    return NH_EXIT_OK;
}
