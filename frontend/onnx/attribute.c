#include "onnx_model.h"

#include <math.h>
#include <string.h>

static const char *name_of(const Onnx__AttributeProto *a) { return a->name ? a->name : ""; }

const Onnx__AttributeProto *onnx_attr(const onnx_node *n, const char *name) {
    for (size_t i = 0; i < n->proto->n_attribute; i++)
        if (strcmp(name_of(n->proto->attribute[i]), name) == 0) return n->proto->attribute[i];
    return NULL;
}

static bool typed(onnx_reader *r, const onnx_node *n, const Onnx__AttributeProto *a, bool right, const char *type) {
    return right || onnx_form(r, n, "the attribute '%s' is not %s", name_of(a), type);
}

bool onnx_attr_int(onnx_reader *r, const onnx_node *n, const char *name, int64_t absent, int64_t *out) {
    const Onnx__AttributeProto *a = onnx_attr(n, name);
    *out = a ? a->i : absent;
    return !a || typed(r, n, a, a->type == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT, "an integer");
}

bool onnx_attr_real(onnx_reader *r, const onnx_node *n, const char *name, double absent, double *out) {
    const Onnx__AttributeProto *a = onnx_attr(n, name);
    *out = a ? (double)a->f : absent;
    return !a || (typed(r, n, a, a->type == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT, "a float") &&
                  typed(r, n, a, !isnan(*out), "a number"));
}

bool onnx_attr_float(onnx_reader *r, const onnx_node *n, const char *name, double absent, double *out) {
    return onnx_attr_real(r, n, name, absent, out) &&
           (isfinite(*out) || onnx_form(r, n, "the attribute '%s' is not a finite number", name));
}

bool onnx_attr_ints(onnx_reader *r, const onnx_node *n, const char *name, const int64_t **out, int *count) {
    const Onnx__AttributeProto *a = onnx_attr(n, name);
    *out = a ? a->ints : NULL;
    *count = a ? (int)a->n_ints : -1;
    return !a || typed(r, n, a, a->type == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS, "a list of integers");
}

/* Is `word` one of the blank separated words of list? */
static bool has_word(const char *list, const char *word) {
    size_t n = strlen(word);
    for (const char *p = list; *p; p += strspn(p, " ")) {
        size_t k = strcspn(p, " ");
        if (k == n && strncmp(p, word, n) == 0) return true;
        p += k;
    }
    return false;
}

bool onnx_attrs_known(onnx_reader *r, const onnx_node *n, const char *known) {
    bool ok = true;
    for (size_t i = 0; i < n->proto->n_attribute; i++) {
        const Onnx__AttributeProto *a = n->proto->attribute[i];
        if (!has_word(known, name_of(a)))
            ok = onnx_form(r, n, "the attribute '%.100s' is not known", name_of(a));
        else if (onnx_attr(n, name_of(a)) != a)
            ok = onnx_form(r, n, "the attribute '%.100s' is given twice", name_of(a));
    }
    return ok;
}
