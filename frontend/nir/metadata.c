/* Metadata are not used (rule of the specification), but what they say about the simulation is worth telling. */
#include "nir_model.h"

#include <string.h>

#define SHOWN 8 /* values of one group */

static bool is_telling(const char *key) {
    static const char *const words[] = {"discreti", "reset", "integrat", "timestep", "time_step", "solver", "dt"};
    if (strcmp(key, "dt") == 0) return true;
    for (size_t i = 0; i + 1 < sizeof words / sizeof *words; i++)
        if (strcasestr(key, words[i])) return true;
    return false;
}

static const char *value_text(nh_arena *a, const nh_h5 *p) {
    if (p->n != 1 || p->kind == NH_H5_GROUP) return NULL;
    return p->kind == NH_H5_STRING ? nh_arena_printf(a, "%.60s", p->text[0]) : nh_arena_printf(a, "%.9g", p->number[0]);
}

void nir_metadata(nir_model *m, const nh_h5 *group) {
    const char *list = "";
    int shown = 0;
    for (int64_t i = 0; group->kind == NH_H5_GROUP && i < group->n_child && shown < SHOWN; i++) {
        const nh_h5 *p = &group->child[i];
        const char *value = is_telling(p->name) ? value_text(m->scratch, p) : NULL;
        if (!value) continue;
        list = nh_arena_printf(m->scratch, "%s%s%.60s = %s", list, shown ? ", " : "", p->name, value);
        shown++;
    }
    if (shown == 0 && m->has_metadata) return;
    m->has_metadata = true;
    nh_report(m->d, NH_M_NIR_METADATA, nir_at(m, group->path),
              shown ? "metadata were not used; they say %s" : "metadata were not used", list);
    if (shown) nh_diag_hint(m->d, "set the numerics of the configuration to the same");
}
