#include "family.h"

#include <string.h>

#define NH_SYNTH(...)                                                                                                  \
    { __VA_ARGS__ }
#define NH_SYNTH_OWN                                                                                                   \
    { NULL, "", "", "", "" }
#define NH_MEMORY(...)                                                                                                 \
    { __VA_ARGS__ }
#define NH_WORDS(...)                                                                                                  \
    (const char *const[]) { __VA_ARGS__, NULL }
#define NH_CELLS(...)                                                                                                  \
    (const nh_cell_rule[]) {                                                                                           \
        __VA_ARGS__, { NULL, NH_CELL_OTHER, 0, 0 }                                                                     \
    }
#define NH_PLACE(...)                                                                                                  \
    { __VA_ARGS__ }
#define NH_PLACE_NONE                                                                                                  \
    { NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }

const nh_family nh_families[] = {
#define NH_FAMILY(name, synthesis, memory, cells, placement, tools) {#name, synthesis, memory, cells, placement},
#include "families.def"
#undef NH_FAMILY
};
const int nh_n_families = sizeof nh_families / sizeof *nh_families;

const nh_family *nh_family_find(const char *name) {
    for (int i = 0; name && i < nh_n_families; i++)
        if (strcmp(nh_families[i].name, name) == 0) return &nh_families[i];
    return NULL;
}

static bool matches(const char *pattern, const char *cell) {
    size_t n = strlen(pattern);
    return pattern[n - 1] == '*' ? strncmp(pattern, cell, n - 1) == 0 : strcmp(pattern, cell) == 0;
}

const nh_cell_rule *nh_family_cell(const nh_family *f, const char *cell) {
    /* Newer versions of Yosys say with it where a flattened cell came from. */
    static const nh_cell_rule scope = {"$scopeinfo", NH_CELL_FREE, 0, 0}, other = {"", NH_CELL_OTHER, 1, 0};
    for (const nh_cell_rule *r = f->cell; r->cell; r++)
        if (matches(r->cell, cell)) return r;
    return matches(scope.cell, cell) ? &scope : &other;
}
