/* Neurons, delays, and what works per element: parameters that are one number, one per channel, or one per neuron. */
#include "nir_model.h"

#include <math.h>
#include <string.h>

#include "neurons.h"

/* --- shapes of parameters ---------------------------------------------------------------------------------------- */

static bool all_equal(const double *v, int64_t n) {
    for (int64_t i = 1; i < n; i++)
        if (v[i] != v[0]) return false;
    return true;
}

/* The shape of parameter p on a signal x: dimensions are equal or 1. Sets *batch when p has one more in front. */
static bool fits(const nh_h5 *p, nh_shape x, nh_shape *as, bool *batch) {
    nh_shape s = nir_h5_shape(p), inner = s;
    *batch = false;
    *as = nir_without_ones(s, x.rank);
    *batch = s.rank > x.rank && p->n > 1;
    if (as->rank == x.rank + 1) { /* slices of a batch that are all the same */
        int64_t size = p->n / s.dim[0];
        for (int64_t b = 1; b < s.dim[0]; b++)
            if (memcmp(p->number, p->number + b * size, (size_t)size * sizeof(double)) != 0) return false;
        inner.dim[0] = 1;
        *as = nir_without_ones(inner, x.rank);
    }
    if (as->rank < x.rank) { /* (38,) on 1x38 */
        nh_shape short_x = nir_without_ones(x, as->rank);
        if (!nh_shape_equal(*as, short_x)) return false;
        *as = x;
    }
    if (as->rank != x.rank) return false;
    for (int i = 0; i < x.rank; i++)
        if (as->dim[i] != x.dim[i] && as->dim[i] != 1) return false;
    return true;
}

/* The parameters against each other, once one does not fit: the signal may be right, or all of them. */
static bool report_shapes(nir_model *m, nir_node *n, const nh_h5 *bad) {
    char text[96], other[96];
    nh_shape want = nir_without_ones(nir_h5_shape(bad), 1);
    for (int i = 0; n->type->param[i].name; i++) {
        const nh_h5 *p = n->param[i];
        if (!p || p == bad || p->n == 1 || nh_shape_equal(nir_without_ones(nir_h5_shape(p), 1), want)) continue;
        nh_report(m->d, NH_M_NIR_MIXED, nir_at_node(m, n), "the parameters of the %s differ in shape", n->type->name);
        nh_diag_layer(m->d, n->name);
        nh_diag_found(m->d, "%s is %s, %s is %s", bad->name, nh_shape_print(nir_h5_shape(bad), text), p->name,
                      nh_shape_print(nir_h5_shape(p), other));
        nh_diag_allowed(m->d, "%s for all, or one number", nh_shape_print(n->x, text));
        return false;
    }
    return nir_misfit(m, n, want, "the %s has parameters of shape %s", n->type->name,
                      nh_shape_print(nir_h5_shape(bad), text));
}

/* Parameters that are one number, and those with dimensions of 1 that are spread over the signal. */
static void warn_broadcast(nir_model *m, const nir_node *n) {
    const char *one = "", *some = "";
    nh_shape as;
    bool batch;
    char text[96], whole[96];
    for (int i = 0; n->type->param[i].name; i++) {
        const nh_h5 *p = n->param[i];
        if (!p || (p->n == 1 && strcmp(n->type->param[i].name, "w_in") == 0)) continue;
        if (p->n == 1)
            one = nh_arena_printf(m->scratch, "%s%s%s", one, *one ? ", " : "", p->name);
        else if (fits(p, n->x, &as, &batch) && !nh_shape_equal(as, n->x))
            some =
                nh_arena_printf(m->scratch, "%s%s%s (%s)", some, *some ? ", " : "", p->name, nh_shape_print(as, text));
    }
    if (nh_shape_size(n->x) == 1 || (!*one && !*some)) return;
    if (*one)
        nh_report(m->d, NH_M_NIR_SCALAR, nir_at_node(m, n), "one value of %s is used for all %lld neurons", one,
                  (long long)nh_shape_size(n->x));
    if (*one) nh_diag_layer(m->d, n->name);
    if (!*some) return;
    nh_report(m->d, NH_M_NIR_SCALAR, nir_at_node(m, n), "parameters of the %s are broadcast to its signal",
              n->type->name);
    nh_diag_layer(m->d, n->name);
    nh_diag_found(m->d, "%s on a signal of %s", some, nh_shape_print(n->x, whole));
}

static void warn_batch(nir_model *m, const nir_node *n, const nh_h5 *p) {
    char text[96];
    nh_report(m->d, NH_M_NIR_BATCH, nir_at(m, p->path), "the parameters have a batch dimension, which was left out");
    nh_diag_layer(m->d, n->name);
    nh_diag_found(m->d, "%s on a signal of %s", nh_shape_print(nir_h5_shape(p), text),
                  nh_shape_print(n->x, (char[96]){0}));
}

static bool check_delay(nir_model *m, const nir_node *n) {
    const nh_h5 *p = n->param[0];
    for (int64_t i = 0; i < p->n; i++) {
        double steps = nir_steps(m, p->number[i]);
        if (steps <= NIR_MAX_STEPS) continue;
        nh_report(m->d, NH_M_NIR_LIMIT, nir_at(m, p->path), "a delay of %g s is %g steps of %g s", p->number[i], steps,
                  m->dt);
        nh_diag_layer(m->d, n->name);
        nh_diag_allowed(m->d, "%d steps", NIR_MAX_STEPS);
        return false;
    }
    return true;
}

bool nir_shape_neuron(nir_model *m, nir_node *n) {
    const nh_h5 *batched = NULL;
    for (int i = 0; n->type->param[i].name; i++) {
        nh_shape as;
        bool batch = false;
        if (!n->param[i] || n->param[i]->n == 1) continue;
        if (!fits(n->param[i], n->x, &as, &batch)) return report_shapes(m, n, n->param[i]);
        if (batch && !batched) batched = n->param[i];
    }
    if (n->type->cls == NIR_DELAY && !check_delay(m, n)) return false;
    if (batched) warn_batch(m, n, batched);
    warn_broadcast(m, n);
    n->y = n->x;
    return true;
}

/* --- values of parameters ---------------------------------------------------------------------------------------- */

/* One value per element of the signal; NULL with a diagnostic when a small file would become a large graph. */
static const double *spread(nir_model *m, const nh_h5 *p, nh_shape as, nh_shape x) {
    if (nh_shape_equal(as, x)) return p->number; /* a batch: its first slice */
    int64_t size = nh_shape_size(x);
    if (m->is_too_large) return NULL;
    m->n_spread += size;
    if (m->n_spread > NIR_MAX_SPREAD) {
        nh_report(m->d, NH_M_NIR_LIMIT, nir_at(m, p->path),
                  "neuron parameters that are broadcast become more than 2^25 numbers in all");
        m->is_too_large = true;
        return NULL;
    }
    double *out = nh_arena_array(m->a, (size_t)size, sizeof *out);
    for (int64_t i = 0; i < size; i++) {
        int64_t rest = i, from = 0, stride = 1;
        for (int k = x.rank - 1; k >= 0; k--) {
            if (as.dim[k] > 1) from += rest % x.dim[k] * stride;
            rest /= x.dim[k];
            stride *= as.dim[k];
        }
        out[i] = p->number[from];
    }
    return out;
}

static bool is_per_channel(const double *v, nh_shape x) {
    int64_t size = nh_shape_size(x), inner = size / x.dim[0];
    for (int64_t i = 0; i < size; i += inner)
        if (!all_equal(v + i, inner)) return false;
    return true;
}

/* Parameter p of n in its smallest form. */
static nh_neuron_value value_of(nir_model *m, const nir_node *n, const char *name, const nh_h5 *p, bool channels) {
    nh_neuron_value v = {nh_arena_str(m->a, name), 1, p->number, nir_at(m, nh_arena_str(m->a, p->path))};
    nh_shape as;
    bool batch;
    if (all_equal(p->number, p->n) || !fits(p, n->x, &as, &batch)) return v;
    const double *all = spread(m, p, as, n->x);
    if (!all) return v;
    v.value = all;
    v.n = nh_shape_size(n->x);
    if (!channels || n->x.rank < 2 || n->x.dim[0] == v.n || !is_per_channel(v.value, n->x)) return v;
    double *per_channel = nh_arena_array(m->a, (size_t)n->x.dim[0], sizeof *per_channel);
    int64_t inner = v.n / n->x.dim[0];
    for (int64_t c = 0; c < n->x.dim[0]; c++) per_channel[c] = v.value[c * inner];
    v.n = n->x.dim[0];
    v.value = per_channel;
    return v;
}

/* What the specification says where the file says nothing. */
static nh_neuron_value default_of(nir_model *m, const nir_node *n, const char *name) {
    double *value = NH_NEW(m->a, double);
    *value = strcmp(name, "w_in") == 0 ? 1 : 0;
    return (nh_neuron_value){name, 1, value, nir_at(m, nh_arena_str(m->a, n->path))};
}

bool nir_build_neuron(nir_model *m, nir_node *n, nh_layer *l) {
    nh_neuron *neuron = NH_NEW(m->a, nh_neuron);
    neuron->kind = n->type->kind;
    for (int i = 0; n->type->param[i].name; i++) {
        const char *name = n->type->param[i].name;
        neuron->ode[neuron->n_ode++] = n->param[i] ? value_of(m, n, name, n->param[i], true) : default_of(m, n, name);
    }
    l->op = NH_OP_NEURON;
    l->neuron = neuron;
    return true;
}

/* Scale, Threshold: programs that have no differential equation. */
bool nir_build_program(nir_model *m, nir_node *n, nh_layer *l) {
    const char *name = n->type->param[0].name;
    nh_neuron_value v = value_of(m, n, name, n->param[0], true);
    l->op = NH_OP_NEURON;
    l->neuron = nh_neuron_make(m->a, m->d, name, NULL, 0, &v, 1);
    return l->neuron != NULL;
}

static void warn_rounded(nir_model *m, const nir_node *n, double seconds, double steps) {
    nh_report(m->d, NH_M_NIR_DELAY, nir_at(m, n->param[0]->path), "a delay of %g s is %.9g steps of %g s; %g %s used",
              seconds, seconds / m->dt, m->dt, steps, steps == 1 ? "is" : "are");
    nh_diag_layer(m->d, n->name);
    nh_diag_hint(m->d, "spiking: { dt: ... } sets the length of a step");
}

bool nir_build_delay(nir_model *m, nir_node *n, nh_layer *l) {
    nh_neuron_value v = value_of(m, n, "delay", n->param[0], false);
    int64_t *delay = nh_arena_array(m->a, (size_t)v.n, sizeof *delay);
    bool warned = false;
    for (int64_t i = 0; i < v.n; i++) {
        double steps = nir_steps(m, v.value[i]);
        if (!warned && fabs(v.value[i] / m->dt - steps) > 1e-6 * (steps > 1 ? steps : 1)) {
            warn_rounded(m, n, v.value[i], steps);
            warned = true;
        }
        delay[i] = (int64_t)steps;
    }
    l->op = NH_OP_DELAY;
    l->delay = delay;
    l->n_delay = v.n;
    return true;
}
