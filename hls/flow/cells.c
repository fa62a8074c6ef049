#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "family.h"
#include "yosys.h"

static int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

static int64_t parameter(json_t *cell, const char *name) {
    json_t *value = json_object_get(json_object_get(cell, "parameters"), name);
    return json_is_integer(value)  ? json_integer_value(value)
           : json_is_string(value) ? strtoll(json_string_value(value), NULL, 2)
                                   : 0;
}

/* The generic flow keeps memories whole. Distributed ones take a LUT per bit and 2^inputs words, others whole block
 * RAMs. */
static void count_memory(json_t *cell, const nh_target *t, nh_cells *out) {
    int64_t words = parameter(cell, "SIZE"), width = parameter(cell, "WIDTH");
    const char *style = json_string_value(json_object_get(json_object_get(cell, "attributes"), "ram_style"));
    if (style && strcmp(style, "distributed") == 0) {
        out->luts += width * divide_up(words, (int64_t)1 << (t->lut_inputs ? t->lut_inputs : 4));
    } else {
        out->brams += divide_up(words * width, t->bram_bits ? t->bram_bits : 18432);
    }
}

static void count_cell(json_t *cell, const nh_target *t, nh_cells *out) {
    const char *type = json_string_value(json_object_get(cell, "type"));
    if (!type) return;
    const nh_cell_rule *r = nh_family_cell(nh_family_find(t->family), type);
    out->luts += r->luts;
    switch (r->kind) {
    case NH_CELL_LUT: out->luts += r->n; break;
    case NH_CELL_FF: out->ffs += r->n; break;
    case NH_CELL_CARRY: out->carries += r->n; break;
    case NH_CELL_BRAM: out->brams += r->n; break;
    case NH_CELL_DSP: out->dsps += r->n; break;
    case NH_CELL_OTHER: out->others += r->n; break;
    case NH_CELL_MEMORY: count_memory(cell, t, out); break;
    case NH_CELL_FREE: break;
    }
}

/* A family may count block RAMs in halves; the target may count whole ones. */
static void join_halves(const nh_target *t, nh_cells *out) {
    int64_t half = nh_family_find(t->family)->memory.half_bits;
    if (half && t->bram_bits > half) out->brams = divide_up(out->brams, 2);
}

static json_t *cells_of(json_t *root, const char *module) {
    return json_object_get(json_object_get(json_object_get(root, "modules"), module), "cells");
}

/* What is in a module of the source; cells of the library are modules too, marked as boxes. */
static json_t *inside_of(json_t *root, const char *module) {
    json_t *mark = json_object_get(json_object_get(json_object_get(root, "modules"), module), "attributes");
    return json_object_get(mark, "blackbox") || json_object_get(mark, "whitebox") ? NULL : cells_of(root, module);
}

static void count_below(json_t *root, json_t *cell, const nh_target *t, int depth, nh_cells *out) {
    enum { DEPTH_MOST = 64 };
    const char *type = json_string_value(json_object_get(cell, "type")), *name;
    json_t *inside = type ? inside_of(root, type) : NULL, *below;
    if (json_object_size(inside) == 0 || depth == DEPTH_MOST) {
        count_cell(cell, t, out);
        return;
    }
    json_object_foreach(inside, name, below) count_below(root, below, t, depth + 1, out);
}

bool nh_cells_count_groups(nh_diag *d, const char *json_path, const nh_target *t, const char *top,
                           nh_cells_group *group, int n_group) {
    json_t *root = json_load_file(json_path, 0, NULL), *cells = cells_of(root, top), *cell;
    const char *name;
    bool ok = json_is_object(cells);
    if (!ok) nh_report(d, NH_T_FAILED, NH_NOWHERE, "yosys left no netlist of %s in '%s'", top, json_path);
    json_object_foreach(cells, name, cell) for (int i = 0; i < n_group; i++) {
        if (strncmp(name, group[i].prefix, strlen(group[i].prefix)) != 0) continue;
        group[i].n++;
        count_below(root, cell, t, 0, &group[i].cells);
        break;
    }
    for (int i = 0; i < n_group; i++) join_halves(t, &group[i].cells);
    json_decref(root);
    return ok;
}

bool nh_cells_count(nh_diag *d, const char *json_path, const nh_target *t, const char *top, nh_cells *out) {
    *out = (nh_cells){0};
    json_error_t error;
    json_t *root = json_load_file(json_path, 0, &error);
    json_t *cells = cells_of(root, top);
    bool ok = json_is_object(cells);
    if (!ok) nh_report(d, NH_T_FAILED, NH_NOWHERE, "yosys left no netlist of %s in '%s'", top, json_path);
    const char *name;
    json_t *cell;
    json_object_foreach(cells, name, cell) count_cell(cell, t, out);
    json_decref(root);
    join_halves(t, out);
    return ok;
}
