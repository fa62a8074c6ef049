/* Built-in models: the embedded files models/<name>.neuron. */
#include <string.h>

#include "embedded.h"
#include "neurons.h"

extern const nh_embedded nh_neuron_models[];
extern const size_t nh_neuron_models_count;

static const char suffix[] = ".neuron";

const char *const *nh_neuron_builtins(nh_arena *a) {
    const char **name = nh_arena_array(a, nh_neuron_models_count + 1, sizeof *name);
    for (size_t i = 0; i < nh_neuron_models_count; i++)
        name[i] = nh_arena_strn(a, nh_neuron_models[i].name, strlen(nh_neuron_models[i].name) - strlen(suffix));
    return name;
}

const nh_neuron_program *nh_neuron_builtin(nh_arena *a, nh_diag *d, const char *name, const nh_guard *guard,
                                           int n_guard) {
    const char *const *known = nh_neuron_builtins(a);
    for (size_t i = 0; i < nh_neuron_models_count; i++)
        if (strcmp(known[i], name) == 0) {
            const nh_embedded *f = &nh_neuron_models[i];
            return nh_neuron_assemble(a, d, nh_arena_printf(a, "built-in %s", f->name), (const char *)f->data, f->size,
                                      guard, n_guard);
        }
    nh_report(d, NH_N_NEURON_MODEL, NH_NOWHERE, "there is no built-in neuron model '%s'", name);
    const char *near = nh_did_you_mean(name, known, nh_neuron_models_count);
    if (near) nh_diag_hint(d, "did you mean '%s'?", near);
    return NULL;
}

nh_neuron *nh_neuron_make(nh_arena *a, nh_diag *d, const char *model, const nh_guard *guard, int n_guard,
                          const nh_neuron_value *param, int n_param) {
    const nh_neuron_program *p = nh_neuron_builtin(a, d, model, guard, n_guard);
    if (!p) return NULL;
    if (n_param != p->n_param) {
        nh_report(d, NH_N_NEURON_PARAM, NH_NOWHERE, "the neuron model '%s' has %d parameters, and %d values are given",
                  model, p->n_param, n_param);
        return NULL;
    }
    nh_neuron *n = NH_NEW(a, nh_neuron);
    n->kind = NH_KIND_PROGRAM;
    n->program = p;
    for (int i = 0; i < n_param; i++) {
        n->param[i] = param[i];
        n->param[i].name = p->reg[p->param[i]].name;
    }
    return n;
}
