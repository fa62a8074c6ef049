/* The user's arrays -> samples for calibration and simulation. */
#include <string.h>

#include "npy.h"
#include "run.h"
#include "sample_data.h"

static bool is_text(const char *path) {
    size_t n = strlen(path);
    return n > 4 && strcmp(path + n - 4, ".txt") == 0;
}

/* Samples of the model's input. graph->steps: what was asked for, else what the first data have. */
static bool load_samples(nh_session *r, const nh_data_ref *ref, double scale, int64_t asked, nh_samples *out,
                         nh_sample_data *f) {
    nh_sample_request q = {.opt = r->opt,
                           .ref = ref,
                           .scale = scale,
                           .samples = asked,
                           .shape = r->graph->tensor[r->graph->input].shape,
                           .steps = r->graph->steps,
                           .is_one_step = !nh_graph_has_steps(r->graph),
                           .network = r->graph->name};
    if (!ref->path) return true;
    if (!nh_sample_data_read(r->arena, r->diag, &q, f)) return false;
    if (!q.is_one_step) r->graph->steps = f->steps;
    *out = (nh_samples){.x = f->x, .n = f->n, .size = f->steps * f->size};
    return true;
}

static bool is_class(const nh_session *r, int64_t sample, double label) {
    if (label >= 0 && label < (double)r->n_class) return true;
    nh_report(r->diag, NH_D_LABEL, r->opt->simulate.labels.at, "the label of sample %lld is %.0f", (long long)sample,
              label);
    nh_diag_allowed(r->diag, "0 to %lld", (long long)r->n_class - 1);
    return false;
}

static bool load_label_lines(nh_session *r, const nh_data_ref *ref, int64_t have, const char *const *name) {
    const int64_t *label = nh_labels_read(r->arena, r->diag, ref, r->inputs.n, have, name);
    for (int64_t i = 0; label && i < r->inputs.n; i++)
        if (!is_class(r, i, (double)label[i])) return false;
    r->label = label;
    return label != NULL;
}

/* One label for every sample that there is, or for every one that is taken. have: samples of the inputs' file. */
static bool load_labels(nh_session *r, int64_t have, const char *const *name) {
    const nh_data_ref *ref = &r->opt->simulate.labels;
    nh_arena *a = r->arena;
    nh_diag *d = r->diag;
    nh_npy y;
    if (!ref->path) return true;
    if (is_text(ref->path)) return load_label_lines(r, ref, have, name);
    if (!nh_npy_read(a, d, ref, &y)) return false;
    if (nh_labels_are_targets(r, &y)) return nh_load_targets(r, &y, have);
    if (y.rank < 1 || y.n != y.dim[0] || (y.n != have && y.n != r->inputs.n)) {
        nh_report(d, NH_D_SHAPE, ref->at, "there must be one label per sample");
        nh_diag_found(d, "%s", nh_npy_shape(a, &y));
        nh_diag_allowed(d, "%s", nh_label_count_text(a, r->inputs.n, have));
        return false;
    }
    int64_t *label = nh_arena_array(a, (size_t)y.n, sizeof *label);
    for (int64_t i = 0; i < r->inputs.n; i++) {
        if (!is_class(r, i, y.value[i])) return false;
        label[i] = (int64_t)y.value[i];
    }
    r->label = label;
    return true;
}

/* Outputs that those of the inputs are compared with. */
static bool load_reference(nh_session *r) {
    const nh_data_ref *ref = &r->opt->spiking.reference;
    if (!ref->path || r->inputs.n == 0) return true;
    int64_t size = nh_shape_size(r->graph->tensor[r->graph->output].shape);
    r->reference = nh_reference_read(r->arena, r->diag, ref, r->inputs.n, r->graph->steps, size);
    return r->reference != NULL;
}

/* Formats of neurons need data: without any for calibration they come from the simulation's inputs. */
static void calibrate_on_inputs(nh_session *r) {
    if (r->calibration.n > 0 || r->inputs.n == 0) return;
    r->calibration = r->inputs;
    nh_report(r->diag, NH_N_CALIBRATION_SAME, r->opt->simulate.inputs.at,
              "no calibrate: data: formats are chosen from the simulation's inputs");
    nh_diag_hint(r->diag, "an accuracy that is measured on data that formats were chosen from is a little too good");
}

bool nh_load_data(nh_session *r) {
    const nh_options *o = r->opt;
    nh_sample_data inputs = {0}, calibration = {0};
    bool has_time = nh_graph_has_steps(r->graph);
    if (has_time) r->graph->steps = o->spiking.time_steps;
    bool ok = load_samples(r, &o->simulate.inputs, o->simulate.scale, o->simulate.samples, &r->inputs, &inputs) &&
              load_labels(r, inputs.have, inputs.name);
    bool calibrated =
        load_samples(r, &o->calibrate.data, o->calibrate.scale, o->calibrate.samples, &r->calibration, &calibration);
    if (has_time && ok && calibrated) calibrate_on_inputs(r);
    ok = ok && nh_check_agreement_data(r) && calibrated;
    return ok && (!has_time || load_reference(r));
}
