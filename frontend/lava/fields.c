#include "lava.h"

#include <math.h>
#include <string.h>

nh_loc lava_at(const lava_reader *r, const nh_h5 *object) { return (nh_loc){.file = r->path, .path = object->path}; }

nh_loc lava_member_at(const lava_reader *r, const nh_h5 *group, const char *name) {
    const char *path = strcmp(group->path, "/") == 0 ? "" : group->path;
    return (nh_loc){.file = r->path, .path = nh_arena_printf(r->a, "%s/%s", path, name)};
}

static const char *kind_text(const nh_h5 *object) {
    static const char *const text[] = {[NH_H5_GROUP] = "a group", [NH_H5_NUMBER] = "numbers", [NH_H5_STRING] = "text"};
    return text[object->kind];
}

static bool wrong_kind(lava_reader *r, const nh_h5 *object, const char *wanted) {
    nh_report(r->d, NH_M_LAVA_KIND, lava_at(r, object), "'%s' is not %s", object->name, wanted);
    nh_diag_found(r->d, "%s, %lld elements", kind_text(object),
                  (long long)(object->kind == NH_H5_GROUP ? object->n_child : object->n));
    return false;
}

static bool missing(lava_reader *r, const nh_h5 *group, const char *name) {
    return nh_report(r->d, NH_M_LAVA_MISSING, lava_member_at(r, group, name), "'%s' is missing", name);
}

const nh_h5 *lava_numbers(lava_reader *r, const nh_h5 *group, const char *name, bool *ok) {
    const nh_h5 *x = nh_h5_find(group, name);
    if (!x) return NULL;
    if (x->kind == NH_H5_NUMBER && x->n > 0) return x;
    *ok = wrong_kind(r, x, "an array of numbers");
    return NULL;
}

const nh_h5 *lava_need(lava_reader *r, const nh_h5 *group, const char *name, bool *ok) {
    if (!nh_h5_find(group, name)) {
        *ok = missing(r, group, name);
        return NULL;
    }
    return lava_numbers(r, group, name, ok);
}

/* "[3, 17]" of element i. */
static const char *print_index(lava_reader *r, const nh_h5 *x, int64_t i) {
    if (x->rank == 0) return "";
    const char *text = "]";
    for (int k = x->rank - 1; k >= 0; k--) {
        int64_t dim = x->dim[k] > 0 ? x->dim[k] : 1;
        text = nh_arena_printf(r->a, "%s%lld%s", k ? ", " : " [", (long long)(i % dim), text);
        i /= dim;
    }
    return text;
}

const int64_t *lava_integers(lava_reader *r, const nh_h5 *x, int64_t lo, int64_t hi) {
    int64_t *out = nh_arena_array(r->a, (size_t)x->n, sizeof *out);
    int64_t broken = -1, outside = -1, n_broken = 0, n_outside = 0;
    for (int64_t i = 0; i < x->n; i++) {
        double v = x->number[i];
        bool is_whole = isfinite(v) && v == floor(v), fits = v >= (double)lo && v <= (double)hi;
        if (!is_whole && n_broken++ == 0) broken = i;
        if (is_whole && !fits && n_outside++ == 0) outside = i;
        out[i] = is_whole && fits ? (int64_t)v : 0;
    }
    if (n_broken) {
        nh_report(r->d, NH_M_LAVA_INTEGER, lava_at(r, x), "'%s'%s is not an integer", x->name,
                  print_index(r, x, broken));
        nh_diag_found(r->d, "%.17g; %lld of %lld elements are not integers", x->number[broken], (long long)n_broken,
                      (long long)x->n);
        nh_diag_hint(r->d, "export the network with lava-dl's export_hdf5, which writes quantized numbers");
    }
    if (n_outside) {
        nh_report(r->d, NH_M_LAVA_RANGE, lava_at(r, x), "'%s'%s is outside its range", x->name,
                  print_index(r, x, outside));
        nh_diag_found(r->d, "%.17g; %lld of %lld elements are outside", x->number[outside], (long long)n_outside,
                      (long long)x->n);
        nh_diag_allowed(r->d, "%lld..%lld", (long long)lo, (long long)hi);
    }
    return n_broken || n_outside ? NULL : out;
}

bool lava_ints_read(lava_reader *r, const nh_h5 *group, const char *name, bool needed, int64_t lo, int64_t hi,
                    lava_ints *out) {
    bool ok = true;
    const nh_h5 *x = needed ? lava_need(r, group, name, &ok) : lava_numbers(r, group, name, &ok);
    if (!x) return ok;
    *out = (lava_ints){lava_integers(r, x, lo, hi), x->n, lava_at(r, x)};
    return out->value != NULL;
}

bool lava_int_read(lava_reader *r, const nh_h5 *group, const char *name, int64_t lo, int64_t hi, int64_t *out) {
    bool ok = true;
    const nh_h5 *x = lava_numbers(r, group, name, &ok);
    if (!x) return ok;
    if (x->n != 1) return wrong_kind(r, x, "one number");
    const int64_t *v = lava_integers(r, x, lo, hi);
    if (v) *out = *v;
    return v != NULL;
}

const char *lava_text(lava_reader *r, const nh_h5 *group, const char *name, bool needed, bool *ok) {
    const nh_h5 *x = nh_h5_find(group, name);
    if (!x) {
        if (needed) *ok = missing(r, group, name);
        return NULL;
    }
    if (x->kind == NH_H5_STRING && x->n == 1) return x->text[0];
    *ok = wrong_kind(r, x, "one string");
    return NULL;
}

enum { MAX_KNOWN = 32 };

/* The blank separated words of a list. */
static size_t words(lava_reader *r, const char *list, const char *word[MAX_KNOWN]) {
    size_t n = 0;
    for (const char *p = list; *p && n < MAX_KNOWN;) {
        size_t size = strcspn(p, " ");
        word[n++] = nh_arena_strn(r->a, p, size);
        p += size + strspn(p + size, " ");
    }
    return n;
}

void lava_known(lava_reader *r, const nh_h5 *group, const char *known) {
    const char *word[MAX_KNOWN];
    size_t n = words(r, known, word);
    for (int64_t i = 0; i < group->n_child; i++) {
        const nh_h5 *x = &group->child[i];
        size_t k = 0;
        while (k < n && strcmp(word[k], x->name) != 0) k++;
        if (k < n) continue;
        nh_report(r->d, NH_M_LAVA_UNKNOWN, lava_at(r, x), "nothing is known of '%s'; it has no effect", x->name);
        const char *near = nh_did_you_mean(x->name, word, n);
        if (near) nh_diag_hint(r->d, "did you mean '%s'?", near);
        nh_diag_allowed(r->d, "%s", known);
    }
}

bool lava_is_per(lava_reader *r, const lava_ints *v, const char *what, nh_shape s) {
    if (!v->value || v->n == 1 || v->n == s.dim[0] || v->n == nh_shape_size(s)) return true;
    char text[96];
    nh_report(r->d, NH_M_LAVA_SHAPE, v->at, "'%s' does not fit the layer", what);
    nh_diag_found(r->d, "%lld elements for a layer of %s", (long long)v->n, nh_shape_print(s, text));
    nh_diag_allowed(r->d, "one for all, %lld (channels) or %lld (neurons)", (long long)s.dim[0],
                    (long long)nh_shape_size(s));
    return false;
}
