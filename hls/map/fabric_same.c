/* Is an image for this fabric? */
#include <string.h>

#include "image_parts.h"

static bool same_model(nh_arena *a, const nh_fabric_model *x, const nh_fabric_model *y) {
    char one[NH_FORMAT_TEXT], two[NH_FORMAT_TEXT];
    bool same = strcmp(nh_program_text(a, x->program), nh_program_text(a, y->program)) == 0 &&
                strcmp(nh_format_print(x->out, one), nh_format_print(y->out, two)) == 0;
    for (int k = 0; same && k < x->program->n_param; k++)
        same = strcmp(nh_format_print(x->param[k], one), nh_format_print(y->param[k], two)) == 0;
    return same;
}

static const char *model_name(const nh_fabric *f, int i) { return i < f->n_model ? f->model[i].name : "none"; }

static void say_models(nh_arena *a, const nh_fabric *f, const nh_fabric *other, nh_diag *d, nh_loc at) {
    for (int i = 0; i < f->n_model || i < other->n_model; i++) {
        if (i < f->n_model && i < other->n_model && same_model(a, &f->model[i], &other->model[i])) continue;
        nh_report(d, NH_I_OTHER_FABRIC, at, "neuron model %d of the image is not that of the fabric", i);
        nh_diag_found(d, "%s", model_name(f, i));
        nh_diag_allowed(d, "%s%s", model_name(other, i),
                        strcmp(model_name(f, i), model_name(other, i)) ? ""
                                                                       : ", with another program or other formats");
        nh_diag_hint(d, "models are built into the datapath: map both networks with the same numerics and widths, or "
                        "build a fabric for this image");
    }
}

bool nh_fabric_same(const nh_fabric *f, const nh_fabric *other, nh_diag *d, nh_loc at) {
    nh_arena *a = d->arena;
    if (strcmp(nh_fabric_hash(a, f), nh_fabric_hash(a, other)) == 0) return true;
    for (const nh_image_field *k = nh_fields_fabric; k->key; k++) {
        if (nh_field_get(f, k) == nh_field_get(other, k) || strcmp(k->key, "queue") == 0) continue;
        nh_report(d, NH_I_OTHER_FABRIC, at, "the image is for another fabric: its %s is %lld", k->key,
                  (long long)nh_field_get(f, k));
        nh_diag_allowed(d, "%lld", (long long)nh_field_get(other, k));
    }
    if (f->sparse != other->sparse)
        nh_report(d, NH_I_OTHER_FABRIC, at, "the image is for another fabric: its sparse is %d", f->sparse);
    say_models(a, f, other, d, at);
    return false;
}
