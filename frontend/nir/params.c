#include "nir_model.h"

#include <math.h>
#include <string.h>

const nh_h5 *nir_param(const nir_node *n, const char *name) {
    for (int i = 0; n->type->param[i].name; i++)
        if (strcmp(n->type->param[i].name, name) == 0) return n->param[i];
    return NULL;
}

nh_shape nir_h5_shape(const nh_h5 *p) {
    nh_shape s = {.rank = p->rank};
    for (int i = 0; i < p->rank && i < NH_MAX_RANK; i++) s.dim[i] = p->dim[i];
    return s;
}

const char *nir_position(nh_arena *a, const nh_h5 *p, int64_t i) {
    const char *text = "";
    for (int k = p->rank - 1; k >= 0; k--) {
        text = nh_arena_printf(a, "%lld%s%s", (long long)(i % p->dim[k]), *text ? ", " : "", text);
        i /= p->dim[k];
    }
    return p->rank > 0 ? nh_arena_printf(a, " [%s]", text) : "";
}

static const char *kind_text(const nh_h5 *p) {
    return p->kind == NH_H5_GROUP ? "a group" : p->kind == NH_H5_STRING ? "text" : "numbers";
}

/* What is wrong with value v under these rules; NULL = nothing. */
static const char *problem(double v, unsigned rules) {
    if (!isfinite(v)) return "finite numbers";
    if ((rules & NIR_ABOVE_ZERO) && v <= 0) return rules & NIR_INTEGER ? "1 or more" : "above 0";
    if ((rules & NIR_NOT_NEGATIVE) && v < 0) return "0 or more";
    if ((rules & NIR_INTEGER) && fabs(v) > (double)NIR_MAX_INT) return "at most 2^30";
    return NULL;
}

static bool check_values(nir_model *m, const nir_node *n, const nir_param_rule *rule, const nh_h5 *p) {
    for (int64_t i = 0; i < p->n; i++) {
        const char *allowed = problem(p->number[i], rule->rules);
        bool fraction = (rule->rules & NIR_INTEGER) && p->number[i] != floor(p->number[i]);
        if (!allowed && !fraction) continue;
        nh_report(m->d, allowed ? NH_M_NIR_VALUE : NH_M_NIR_DTYPE, nir_at(m, p->path), "%s%s is %.17g", rule->name,
                  nir_position(m->scratch, p, i), p->number[i]);
        nh_diag_layer(m->d, n->name);
        nh_diag_allowed(m->d, "%s", allowed ? allowed : "integers");
        return false;
    }
    return true;
}

/* Weights have as many dimensions as their layer needs, the rest what the shapes find out. */
static bool check_kind(nir_model *m, const nir_node *n, const nir_param_rule *rule, const nh_h5 *p) {
    bool text = p->kind == NH_H5_STRING && (rule->rules & NIR_TEXT) && p->n == 1;
    if (text || p->kind == NH_H5_NUMBER) {
        if (p->n > 0 && p->rank <= NH_MAX_RANK) return true;
        nh_report(m->d, NH_M_NIR_DTYPE, nir_at(m, p->path), p->n > 0 ? "%s has too many dimensions" : "%s is empty",
                  rule->name);
        nh_diag_layer(m->d, n->name);
        return false;
    }
    nh_report(m->d, NH_M_NIR_DTYPE, nir_at(m, p->path), "%s is not numeric", rule->name);
    nh_diag_layer(m->d, n->name);
    nh_diag_found(m->d, "%s", kind_text(p));
    nh_diag_allowed(m->d, rule->rules & NIR_TEXT ? "integers, \"same\" or \"valid\"" : "numbers");
    return false;
}

/* Is an optional parameter that follows from the signal usable? An unusable one counts as left out. */
static bool is_usable(nir_model *m, const nir_node *n, const nir_param_rule *rule, const nh_h5 *p) {
    const char *why = p->kind != NH_H5_NUMBER ? kind_text(p)
                      : p->n < 1              ? "nothing"
                      : p->rank > NH_MAX_RANK ? "too many dimensions"
                                              : NULL;
    for (int64_t i = 0; !why && i < p->n; i++)
        if (problem(p->number[i], rule->rules) || p->number[i] != floor(p->number[i]))
            why = nh_arena_printf(m->scratch, "%s is %.17g", nir_position(m->scratch, p, i), p->number[i]);
    if (!why) return true;
    nh_report(m->d, NH_M_NIR_FOLLOWS, nir_at(m, p->path), "%s of the %s cannot be used; it follows from the signal",
              rule->name, n->type->name);
    nh_diag_layer(m->d, n->name);
    nh_diag_found(m->d, "%s", *why == ' ' ? why + 1 : why);
    return false;
}

static bool check_param(nir_model *m, nir_node *n, int index) {
    const nir_param_rule *rule = &n->type->param[index];
    const nh_h5 *p = n->param[index] = nh_h5_find(n->group, rule->name);
    if (p && (rule->rules & NIR_FOLLOWS) && !is_usable(m, n, rule, p)) p = n->param[index] = NULL;
    if (p) {
        if (!check_kind(m, n, rule, p)) return false;
        return p->kind == NH_H5_STRING || check_values(m, n, rule, p);
    }
    if (rule->rules & NIR_OPTIONAL) return true;
    nh_report(m->d, NH_M_NIR_PARAM, nir_at_node(m, n), "the %s has no '%s'", n->type->name, rule->name);
    nh_diag_layer(m->d, n->name);
    if (strcmp(rule->name, "bias") == 0)
        nh_diag_hint(m->d, "%s",
                     strcmp(n->type->name, "Affine") == 0 ? "without a bias the type is Linear"
                                                          : "write a bias of zeros");
    return false;
}

static bool is_known(const nir_node *n, const char *name) {
    if (strcmp(name, "type") == 0 || strcmp(name, "metadata") == 0) return true;
    for (int i = 0; n->type->param[i].name; i++)
        if (strcmp(n->type->param[i].name, name) == 0) return true;
    return false;
}

static void check_unknown(nir_model *m, const nir_node *n) {
    const char *known[NIR_MAX_PARAMS];
    size_t n_known = 0;
    while (n->type->param[n_known].name) {
        known[n_known] = n->type->param[n_known].name;
        n_known++;
    }
    int listed = 0;
    for (int64_t i = 0; i < n->group->n_child && listed < NIR_MAX_LISTED; i++) {
        const nh_h5 *p = &n->group->child[i];
        if (is_known(n, p->name)) continue;
        nh_report(m->d, NH_M_NIR_EXTRA, nir_at(m, p->path), "the %s has '%s', which is not one of its parameters",
                  n->type->name, p->name);
        nh_diag_layer(m->d, n->name);
        const char *nearest = nh_did_you_mean(p->name, known, n_known);
        if (nearest) nh_diag_hint(m->d, "did you mean '%s'?", nearest);
        listed++;
    }
}

bool nir_params(nir_model *m) {
    bool ok = true;
    for (int i = 0; i < m->n_node; i++) {
        nir_node *n = &m->node[i];
        if (!n->group) continue;
        check_unknown(m, n);
        for (int k = 0; n->type->param[k].name; k++)
            if (!check_param(m, n, k)) n->has_bad_params = true;
        ok &= !n->has_bad_params;
        const nh_h5 *metadata = nh_h5_find(n->group, "metadata");
        if (metadata) nir_metadata(m, metadata);
    }
    return ok;
}
