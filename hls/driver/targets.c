/* simulate: labels that are numbers of their own: what the outputs of a regression should be. */
#include "run.h"

static int64_t steps_of(const nh_session *r) { return nh_graph_has_steps(r->graph) ? r->graph->steps : 1; }

bool nh_labels_are_targets(const nh_session *r, const nh_npy *y) {
    bool is_per_sample = y->rank >= 1 && y->n == y->dim[0];
    return !y->is_integer || !is_per_sample || r->n_class == 1;
}

static bool refuse(const nh_session *r, nh_loc at, const char *key) {
    nh_report(r->diag, NH_C_CONFLICT, at, "%s cannot be measured: the labels are numbers, not classes", key);
    nh_diag_hint(r->diag, "classes are integers, one per sample; min_sqnr_db and max_error judge numbers");
    return false;
}

bool nh_load_targets(nh_session *r, const nh_npy *y, int64_t have) {
    const nh_options *o = r->opt;
    nh_diag *d = r->diag;
    int64_t out = nh_shape_size(r->graph->tensor[r->graph->output].shape), steps = steps_of(r), size = out * steps;
    bool is_count = y->rank >= 1 && (y->dim[0] == r->inputs.n || y->dim[0] == have);
    bool fits = is_count && y->dim[0] > 0 && y->n / y->dim[0] == size && o->output != NH_OUTPUT_ARGMAX;
    if (!fits) {
        nh_report(d, y->is_integer ? NH_D_SHAPE : NH_D_DTYPE, o->simulate.labels.at,
                  "the labels are neither a class per sample nor a value per output");
        nh_diag_found(d, "%s, %s", nh_npy_shape(r->arena, y), y->dtype);
        if (o->output == NH_OUTPUT_ARGMAX)
            nh_diag_allowed(d, "integers [%lld]: output: argmax gives a class", (long long)r->inputs.n);
        else if (steps > 1)
            nh_diag_allowed(d, "integers [%lld], or numbers [%lld, %lld, %lld]", (long long)r->inputs.n,
                            (long long)r->inputs.n, (long long)steps, (long long)out);
        else
            nh_diag_allowed(d, "integers [%lld], or numbers [%lld, %lld]", (long long)r->inputs.n,
                            (long long)r->inputs.n, (long long)out);
        return false;
    }
    if (o->require.max_accuracy_drop >= 0) return refuse(r, o->require.accuracy_at, "max_accuracy_drop");
    if (o->require.min_agreement >= 0) return refuse(r, o->require.agreement_at, "min_agreement");
    r->target = y->value;
    return true;
}

bool nh_check_agreement_data(nh_session *r) {
    const nh_options *o = r->opt;
    if (o->require.min_agreement < 0 || r->n_class > 1 || o->output == NH_OUTPUT_ARGMAX) return true;
    nh_report(r->diag, NH_C_CONFLICT, o->require.agreement_at,
              "min_agreement cannot be measured: the network has one output, which is no class");
    nh_diag_hint(r->diag, "min_sqnr_db and max_error judge numbers");
    return false;
}
