#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "yosys.h"

typedef enum { LUT, FF, CARRY, BRAM, DSP, OTHER, FREE } kind;

/* One cell counts as `n` of its kind, and as `luts` look-up tables besides: distributed RAM and carry cells sit in LUT
 * sites that logic cannot use then. A trailing '*' stands for any ending; the first row that fits counts. */
typedef struct {
    const char *family, *cell;
    kind kind;
    int n, luts;
} rule;

static const rule rules[] = {
    {"ice40", "SB_LUT4", LUT, 1, 0},
    {"ice40", "SB_DFF*", FF, 1, 0},
    {"ice40", "SB_CARRY", CARRY, 1, 0}, /* shares the logic cell of the LUT it feeds */
    {"ice40", "SB_RAM40_4K*", BRAM, 1, 0},
    {"ice40", "SB_MAC16", DSP, 1, 0},

    {"ecp5", "LUT4", LUT, 1, 0},
    {"ecp5", "TRELLIS_FF", FF, 1, 0},
    {"ecp5", "CCU2C", CARRY, 1, 2},         /* both LUTs of a slice */
    {"ecp5", "TRELLIS_DPR16X4", LUT, 6, 0}, /* three slices, one of them for the write port */
    {"ecp5", "DP16KD", BRAM, 1, 0},
    {"ecp5", "PDPW16KD", BRAM, 1, 0},
    {"ecp5", "MULT18X18D", DSP, 1, 0},

    /* Block RAM in units of 18 Kb, joined to 36 Kb below when the target counts so. */
    {"xilinx7", "LUT*", LUT, 1, 0},
    {"xilinx7", "INV", LUT, 1, 0},
    {"xilinx7", "FD*", FF, 1, 0},
    {"xilinx7", "CARRY4", CARRY, 1, 0},
    {"xilinx7", "RAMB36E1", BRAM, 2, 0},
    {"xilinx7", "RAMB18E1", BRAM, 1, 0},
    {"xilinx7", "DSP48E1", DSP, 1, 0},
    {"xilinx7", "RAM32X1S*", LUT, 1, 0},
    {"xilinx7", "RAM64X1S*", LUT, 1, 0},
    {"xilinx7", "RAM128X1S*", LUT, 2, 0},
    {"xilinx7", "RAM256X1S*", LUT, 4, 0},
    {"xilinx7", "RAM32X1D*", LUT, 2, 0},
    {"xilinx7", "RAM64X1D*", LUT, 2, 0},
    {"xilinx7", "RAM128X1D*", LUT, 4, 0},
    {"xilinx7", "RAM32M*", LUT, 4, 0},
    {"xilinx7", "RAM64M*", LUT, 4, 0},
    {"xilinx7", "SRL*", LUT, 1, 0},

    {"generic", "$lut", LUT, 1, 0},
    {"generic", "$_DFF*", FF, 1, 0},
    {"generic", "$_SDFF*", FF, 1, 0},
    {"generic", "$_ALDFF*", FF, 1, 0},
    {"generic", "$mul", DSP, 1, 0},
    {"generic", "nh_mul", DSP, 1, 0}, /* $mul, kept from being mapped: yosys.c */

    {NULL, "$scopeinfo", FREE, 0, 0}, /* newer yosys: where a flattened cell came from */
};

static bool matches(const char *pattern, const char *cell) {
    size_t n = strlen(pattern);
    return pattern[n - 1] == '*' ? strncmp(pattern, cell, n - 1) == 0 : strcmp(pattern, cell) == 0;
}

static const rule *rule_of(const char *family, const char *cell) {
    static const rule other = {NULL, "", OTHER, 1, 0};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if ((!rules[i].family || strcmp(rules[i].family, family) == 0) && matches(rules[i].cell, cell))
            return &rules[i];
    return &other;
}

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
    if (strcmp(t->family, "generic") == 0 && strncmp(type, "$mem", 4) == 0) {
        count_memory(cell, t, out);
        return;
    }
    const rule *r = rule_of(t->family, type);
    out->luts += r->luts;
    switch (r->kind) {
    case LUT: out->luts += r->n; break;
    case FF: out->ffs += r->n; break;
    case CARRY: out->carries += r->n; break;
    case BRAM: out->brams += r->n; break;
    case DSP: out->dsps += r->n; break;
    case OTHER: out->others += r->n; break;
    case FREE: break;
    }
}

/* Block RAMs of xilinx7 are counted in halves; the target may count whole ones. */
static void join_halves(const nh_target *t, nh_cells *out) {
    if (strcmp(t->family, "xilinx7") == 0 && t->bram_bits > 18432) out->brams = divide_up(out->brams, 2);
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
