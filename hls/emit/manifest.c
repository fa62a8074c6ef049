/* The output folder around the netlist: templates, lists of files, hashes. */
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "embedded.h"
#include "rtl_parts.h"

extern const nh_embedded nh_rtl_templates[]; /* rtl_templates/, by hls/emit/folder.cmake */
extern const size_t nh_rtl_templates_count;

static const char *const bin_name[] = {"template", "data", "netlist", "list"};

void nh_rtl_header(nh_vlog *v, const nh_provenance *p, const char *file, const char *what) {
    nh_vlog_comment(v, "%s: %s", file, what);
    nh_vlog_comment(v, "Made by neurohls %s; config sha256 %s", p->version, p->config_sha);
    nh_vlog_comment(v, "model sha256 %s", p->model_sha);
    nh_vlog_comment(v, "This file carries no condition of neurohls: it is yours, use it as you like.");
}

nh_rtl_out *nh_rtl_out_new(nh_arena *a, const char *dir, const char *project, const nh_provenance *p) {
    nh_rtl_out *o = NH_NEW(a, nh_rtl_out);
    *o = (nh_rtl_out){.arena = a, .dir = dir, .project = project, .made = p};
    o->template_used = nh_arena_array(a, nh_rtl_templates_count + 1, sizeof *o->template_used);
    return o;
}

const char *nh_rtl_out_file(nh_rtl_out *o, nh_bin bin, const char *name) {
    for (size_t i = 0; i < o->n_file; i++)
        if (!strcmp(o->file[i].name, name)) o->bug = nh_arena_printf(o->arena, "two files called %s", name);
    if (o->n_file == o->cap_file)
        o->file = nh_arena_grow(o->arena, o->file, &o->cap_file, o->n_file + 1, sizeof *o->file);
    o->file[o->n_file++] = (struct nh_rtl_file){nh_arena_str(o->arena, name), bin};
    return nh_path_join(o->arena, o->dir, name);
}

/* --- templates ---------------------------------------------------------------------------------------------------- */

static int template_index(const char *name, size_t size) {
    for (size_t i = 0; i < nh_rtl_templates_count; i++) {
        const char *base = nh_path_base(nh_rtl_templates[i].name);
        if (!strncmp(base, name, size) && !strcmp(base + size, ".v")) return (int)i;
    }
    return -1;
}

void nh_rtl_out_use(nh_rtl_out *o, const char *template_name) {
    int i = template_index(template_name, strlen(template_name));
    if (i >= 0)
        o->template_used[i] = true;
    else
        o->bug = nh_arena_printf(o->arena, "no template %s", template_name);
}

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* The end of a comment that begins at p, or p. */
static const char *skip_comment(const char *p) {
    if (p[0] == '/' && p[1] == '/') return p + strcspn(p, "\n");
    if (p[0] != '/' || p[1] != '*') return p;
    const char *end = strstr(p + 2, "*/");
    return end ? end + 2 : p + strlen(p);
}

/* Mark every template that the text of one names; true when one was new. */
static bool mark_named(nh_rtl_out *o, const char *p) {
    bool any = false;
    while (*p) {
        const char *next = skip_comment(p);
        if (next != p) {
            p = next;
            continue;
        }
        size_t size = 0;
        while (is_word(p[size])) size++;
        int i = size ? template_index(p, size) : -1;
        if (i >= 0 && !o->template_used[i]) o->template_used[i] = any = true;
        p += size ? size : 1;
    }
    return any;
}

static bool copy_templates(nh_rtl_out *o, nh_diag *d) {
    for (bool again = true; again;) {
        again = false;
        for (size_t i = 0; i < nh_rtl_templates_count; i++)
            if (o->template_used[i]) again |= mark_named(o, (const char *)nh_rtl_templates[i].data);
    }
    bool ok = true;
    for (size_t i = 0; i < nh_rtl_templates_count; i++) {
        if (!o->template_used[i]) continue;
        nh_writer *w =
            nh_writer_open(o->arena, nh_rtl_out_file(o, NH_BIN_TEMPLATE, nh_path_base(nh_rtl_templates[i].name)));
        nh_write(w, nh_rtl_templates[i].data, nh_rtl_templates[i].size);
        ok = nh_writer_close(w, d) && ok;
    }
    return ok;
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

static void list(nh_writer *w, const nh_rtl_out *o, nh_bin bin, const char *before, const char *after) {
    for (size_t i = 0; i < o->n_file; i++)
        if (o->file[i].bin == bin) nh_printf(w, "%s%s%s\n", before, o->file[i].name, after);
}

static bool write_file_list(nh_rtl_out *o, nh_diag *d) {
    nh_writer *w = nh_writer_open(o->arena, nh_rtl_out_file(o, NH_BIN_LIST, "files.f"));
    list(w, o, NH_BIN_TEMPLATE, "", "");
    list(w, o, NH_BIN_NETLIST, "", "");
    return nh_writer_close(w, d);
}

static bool has_data(const nh_rtl_out *o) {
    for (size_t i = 0; i < o->n_file; i++)
        if (o->file[i].bin == NH_BIN_DATA) return true;
    return false;
}

/* FuseSoC CAPI2. */
static bool write_core(nh_rtl_out *o, nh_diag *d) {
    nh_writer *w =
        nh_writer_open(o->arena, nh_rtl_out_file(o, NH_BIN_LIST, nh_arena_printf(o->arena, "%s.core", o->project)));
    nh_printf(w,
              "CAPI=2:\n"
              "# Made by neurohls %s; config sha256 %s\n"
              "# model sha256 %s\n"
              "# This file carries no condition of neurohls: it is yours, use it as you like.\n"
              "name: \"::%s:0\"\n"
              "description: \"%s, a neural network as Verilog with AXI4-Stream ports\"\n"
              "filesets:\n"
              "  rtl:\n"
              "    file_type: verilogSource\n"
              "    files:\n",
              o->made->version, o->made->config_sha, o->made->model_sha, o->project, o->project);
    list(w, o, NH_BIN_TEMPLATE, "      - ", "");
    list(w, o, NH_BIN_NETLIST, "      - ", "");
    if (has_data(o)) {
        nh_puts(w, "  data: # read by $readmemh from the working directory\n    file_type: user\n    files:\n");
        for (size_t i = 0; i < o->n_file; i++)
            if (o->file[i].bin == NH_BIN_DATA)
                nh_printf(w, "      - %s: {copyto: %s}\n", o->file[i].name, o->file[i].name);
    }
    const char *sets = has_data(o) ? "rtl, data" : "rtl";
    nh_printf(w,
              "  verilator:\n"
              "    file_type: vlt\n"
              "    files:\n"
              "      - %s.vlt\n"
              "targets:\n"
              "  default: &default\n"
              "    filesets: [%s]\n"
              "    toplevel: %s\n"
              "  lint:\n"
              "    <<: *default\n"
              "    filesets: [%s, verilator]\n"
              "    default_tool: verilator\n"
              "    tools:\n"
              "      verilator:\n"
              "        mode: lint-only\n"
              "        verilator_options: [-Wall]\n"
              "  sim:\n"
              "    <<: *default\n"
              "    default_tool: icarus\n"
              "    tools:\n"
              "      icarus:\n"
              "        iverilog_options: [-g2005, -Wall]\n",
              o->project, sets, o->project, sets);
    return nh_writer_close(w, d);
}

/* For Verilator: the templates' lint waivers, and streams between units that a simulation may read. Not part of
 * files.f. */
static bool write_vlt(nh_rtl_out *o, nh_diag *d, const char *const *traced, int n_traced) {
    nh_writer *w =
        nh_writer_open(o->arena, nh_rtl_out_file(o, NH_BIN_LIST, nh_arena_printf(o->arena, "%s.vlt", o->project)));
    for (size_t i = 0; i < nh_rtl_templates_count; i++)
        if (!strcmp(nh_rtl_templates[i].name, "waivers.vlt"))
            nh_write(w, nh_rtl_templates[i].data, nh_rtl_templates[i].size);
    nh_puts(w, "`verilator_config\n");
    for (int i = 0; i < n_traced; i++)
        nh_printf(w, "public_flat_rd -module \"%s\" -var \"%s\"\n", o->project, traced[i]);
    return nh_writer_close(w, d);
}

/* --- manifest.json ------------------------------------------------------------------------------------------------ */

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct nh_rtl_file *)a)->name, ((const struct nh_rtl_file *)b)->name);
}

static int write_piece(const char *text, size_t size, void *writer) {
    nh_write(writer, text, size);
    return 0;
}

static bool write_manifest(nh_rtl_out *o, nh_diag *d) {
    const char *path = nh_path_join(o->arena, o->dir, "manifest.json");
    json_t *files = json_array();
    bool ok = true;
    qsort(o->file, o->n_file, sizeof *o->file, by_name);
    for (size_t i = 0; i < o->n_file && ok; i++) {
        nh_hash hash;
        const char *name = nh_path_join(o->arena, o->dir, o->file[i].name);
        if (!nh_hash_file(o->arena, name, &hash))
            ok = nh_report(d, NH_O_WRITE, NH_NOWHERE, "%s cannot be read back", o->file[i].name);
        else
            json_array_append_new(files, json_pack("{s:s, s:s, s:s}", "name", o->file[i].name, "bin",
                                                   bin_name[o->file[i].bin], "sha256", hash.hex));
    }
    json_t *root = json_pack("{s:s, s:s, s:s, s:s, s:o}", "top", o->project, "neurohls", o->made->version,
                             "config_sha256", o->made->config_sha, "model_sha256", o->made->model_sha, "files", files);
    nh_writer *w = nh_writer_open(o->arena, path);
    json_dump_callback(root, write_piece, w, JSON_INDENT(2) | JSON_SORT_KEYS);
    nh_puts(w, "\n");
    json_decref(root);
    return nh_writer_close(w, d) && ok;
}

bool nh_rtl_out_finish(nh_rtl_out *o, nh_diag *d, const char *const *traced, int n_traced) {
    bool ok = copy_templates(o, d) && write_file_list(o, d) && write_core(o, d) && write_vlt(o, d, traced, n_traced);
    if (o->bug) return nh_report(d, NH_O_BUG, NH_NOWHERE, "RTL of %s: %s", o->project, o->bug);
    return ok && write_manifest(o, d);
}
