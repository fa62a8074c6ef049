#include "config.h"

#include <string.h>

#include "schema.h"

static void conflict(nh_diag *d, nh_loc at, const char *what, const char *hint) {
    nh_report(d, NH_C_CONFLICT, at, "%s", what);
    nh_diag_hint(d, "%s", hint);
}

/* Keys that only .net files have a use for. */
static void check_lava(nh_diag *d, const nh_options *o, const nh_yaml *spiking) {
    static const char *const key[] = {"input_shape", "reset_interval",     "reset_offset", "num_layers",
                                      "skip_layers", "input_message_bits", "input_bias",   "sigma_delta_corrected"};
    size_t n = o->model ? strlen(o->model) : 0;
    if (n > 4 && strcmp(o->model + n - 4, ".net") == 0) return;
    for (size_t i = 0; i < sizeof key / sizeof *key; i++) {
        const nh_yaml *value = nh_yaml_get(spiking, key[i]);
        if (value) nh_report(d, NH_C_NO_EFFECT, value->at, "%s has no effect: the model is no .net file", key[i]);
    }
}

/* Coordinates of events on a fabric without convolutions. */
static void check_fabric(nh_diag *d, const nh_options *o, const nh_yaml *fabric) {
    static const char *const key[] = {"conv_y_bits", "conv_x_bits", "conv_c_bits"};
    for (size_t i = 0; i < sizeof key / sizeof *key && o->fabric.f.convs == 0; i++) {
        const nh_yaml *value = nh_yaml_get(fabric, key[i]);
        if (value) nh_report(d, NH_C_NO_EFFECT, value->at, "%s has no effect: the fabric has convs: 0", key[i]);
    }
}

/* Keys of spiking: that another one makes meaningless. */
static void check_spiking(nh_diag *d, const nh_options *o, const nh_yaml *spiking) {
    static const struct {
        const char *key;
        nh_encoding needs;
        const char *text;
    } row[] = {{"seed", NH_ENCODE_RATE, "rate"},
               {"max_count", NH_ENCODE_EVENTS, "events"},
               {"bin", NH_ENCODE_EVENTS, "events"}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const nh_yaml *value = nh_yaml_get(spiking, row[i].key);
        if (value && o->spiking.encoding != row[i].needs)
            nh_report(d, NH_C_NO_EFFECT, value->at, "%s has no effect without encoding: %s", row[i].key, row[i].text);
    }
    const nh_yaml *repeat = nh_yaml_get(spiking, "repeat_input");
    bool has_steps = o->spiking.encoding == NH_ENCODE_DIRECT || o->spiking.encoding == NH_ENCODE_EVENTS;
    if (repeat && o->spiking.repeat_input && !has_steps)
        nh_report(d, NH_C_NO_EFFECT, repeat->at, "repeat_input has no effect: the encoding makes every step");
    if (repeat && o->spiking.repeat_input && o->spiking.time_steps == 0)
        conflict(d, repeat->at, "repeat_input is given without time_steps",
                 "add spiking: time_steps, the steps to be filled");
    if (!has_steps && o->spiking.time_steps == 0)
        conflict(d, o->spiking.encoding_at,
                 "encoding makes the steps from single values, but their number is not given",
                 "add spiking: time_steps");
}

/* Requirements on what fixed point makes of the outputs. */
static void check_drift(nh_diag *d, const nh_options *o) {
    const struct {
        const char *key;
        double value;
        nh_loc at;
    } row[] = {{"min_sqnr_db", o->require.min_sqnr_db, o->require.sqnr_at},
               {"max_error", o->require.max_error, o->require.error_at},
               {"min_agreement", o->require.min_agreement, o->require.agreement_at}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        if (row[i].value < 0) continue;
        if (!o->simulate.inputs.path) {
            nh_report(d, NH_C_CONFLICT, row[i].at, "%s cannot be measured without samples", row[i].key);
            nh_diag_hint(d, "add simulate: inputs");
        } else if (i < 2 && o->output == NH_OUTPUT_ARGMAX) {
            nh_report(d, NH_C_CONFLICT, row[i].at, "%s cannot be measured: output: argmax gives a class number",
                      row[i].key);
            nh_diag_hint(d, "min_agreement judges classes");
        }
    }
}

/* Keys of the RTL's simulation, when there is none. */
static void check_rtl(nh_diag *d, const nh_options *o, const nh_yaml *simulate) {
    static const char *const key[] = {"stalls", "rtl_limit", "seed", "waves"};
    for (size_t i = 0; i < sizeof key / sizeof *key; i++) {
        const nh_yaml *value = nh_yaml_get(simulate, key[i]);
        if (value && !o->simulate.rtl)
            nh_report(d, NH_C_NO_EFFECT, value->at, "%s has no effect with rtl: false", key[i]);
    }
}

/* Clocks beyond the device's clock network. */
static void check_clock(nh_diag *d, const nh_options *o, const nh_yaml *root) {
    const nh_yaml *given = nh_yaml_get(root, "clock_mhz");
    const struct {
        const char *key;
        double mhz;
        nh_loc at;
    } row[] = {{"clock_mhz", o->clock_mhz, given ? given->at : o->target_at},
               {"min_fmax_mhz", o->require.min_fmax_mhz, o->require.fmax_at}};
    for (size_t i = 0; i < sizeof row / sizeof *row && o->target.max_clock_mhz > 0; i++) {
        if (row[i].mhz <= o->target.max_clock_mhz) continue;
        nh_report(d, NH_C_CLOCK, row[i].at, "%s is %g, and the clock network of %s ends at %g MHz", row[i].key,
                  row[i].mhz, o->target.name, o->target.max_clock_mhz);
        nh_diag_allowed(d, "at most %g MHz, by the data sheet", o->target.max_clock_mhz);
    }
}

/* What the table of keys cannot say: keys that need or exclude each other. */
static void check_together(nh_diag *d, const nh_options *o, const nh_yaml *root) {
    const nh_yaml *calibrate = nh_yaml_get(root, "calibrate"), *percentile = nh_yaml_get(calibrate, "percentile");
    const nh_yaml *beat = nh_yaml_get(root, "beat");
    int n_budget = (o->budget.rate_hz > 0) + (o->budget.ii_cycles > 0) + (o->budget.multipliers > 0);
    if (n_budget > 1)
        conflict(d, o->budget.at, "budget has more than one key", "give one of rate_hz, ii_cycles and multipliers");
    if (o->simulate.labels.path && !o->simulate.inputs.path)
        conflict(d, o->simulate.labels.at, "labels are given without inputs", "add simulate: inputs");
    if (o->require.max_accuracy_drop >= 0 && !o->simulate.labels.path)
        conflict(d, o->require.accuracy_at, "max_accuracy_drop cannot be measured without labels",
                 "add simulate: labels");
    check_drift(d, o);
    check_rtl(d, o, nh_yaml_get(root, "simulate"));
    if (o->require.min_fmax_mhz > 0 && o->target.device && !*o->target.device)
        conflict(d, o->require.fmax_at, "min_fmax_mhz cannot be measured: there is no place and route for the target",
                 "choose a target with a device, e.g. icebreaker, or remove the requirement");
    if (percentile && o->calibrate.method != NH_CALIBRATE_PERCENTILE)
        nh_report(d, NH_C_NO_EFFECT, percentile->at, "percentile has no effect with another calibration method");
    if (beat && o->io != NH_IO_STREAM) nh_report(d, NH_C_NO_EFFECT, beat->at, "beat has no effect with io: parallel");
    const nh_yaml *bits = nh_yaml_get(nh_yaml_get(root, "input"), "bits");
    if (bits && !o->input.format.is_auto)
        nh_report(d, NH_C_NO_EFFECT, bits->at, "bits has no effect: the format of the input is given");
    check_spiking(d, o, nh_yaml_get(root, "spiking"));
    check_lava(d, o, nh_yaml_get(root, "spiking"));
    check_fabric(d, o, nh_yaml_get(root, "fabric"));
    check_clock(d, o, root);
}

/* The keys of defaults: once more, with what was given and where; nothing new is said of them. */
static struct nh_layer_rule *read_given(const nh_reading *r, const nh_yaml *defaults) {
    nh_reading quiet = *r;
    if (!defaults || defaults->kind != NH_YAML_MAP) return NULL;
    struct nh_layer_rule *rule = NH_NEW(r->arena, struct nh_layer_rule);
    quiet.diag = nh_diag_new(r->arena);
    nh_section_read(&quiet, &nh_layer_section, defaults, (char *)&rule->value, &rule->given, rule->key_at);
    return rule;
}

nh_options *nh_config_read(nh_arena *a, nh_diag *d, const char *path) {
    nh_bytes text;
    size_t before = d->n_error;
    const char *file = nh_arena_str(a, path);
    if (!nh_file_read(a, d, (nh_loc){.file = file}, path, NH_YAML_LIMIT_BYTES, &text)) return NULL;
    nh_yaml *root = nh_yaml_read(a, d, file, text);
    if (!root) return NULL;

    nh_reading r = {.arena = a, .diag = d, .file = file, .dir = nh_path_dir(a, path)};
    nh_options *o = NH_NEW(a, nh_options);
    o->file = file;
    o->require.max_accuracy_drop = o->require.min_sqnr_db = o->require.max_error = o->require.min_agreement = -1;
    nh_section_defaults(&r, &nh_config_section, (char *)o);
    nh_section_read(&r, &nh_config_section, root, (char *)o, NULL, NULL);
    if (o->output_text && strcmp(o->output_text, "argmax") == 0)
        o->output = NH_OUTPUT_ARGMAX;
    else if (o->output_text && strcmp(o->output_text, "values") != 0)
        o->output_name = o->output_text;
    o->given_defaults = read_given(&r, nh_yaml_get(root, "defaults"));
    o->input.has_scale = nh_yaml_get(nh_yaml_get(root, "input"), "scale") != NULL;
    if (!o->input.has_scale) o->input.scale = 1;
    if (o->target.name && nh_target_read(a, d, o->target_at, o->target.name, r.dir, &o->target) && o->clock_mhz <= 0)
        o->clock_mhz = o->target.clock_mhz;
    const nh_yaml *fabric = root->kind == NH_YAML_MAP ? nh_yaml_get(root, "fabric") : NULL;
    if (fabric && d->n_error == before) nh_fabric_resolve(a, d, &r, fabric, &o->fabric);
    if (root->kind == NH_YAML_MAP) check_together(d, o, root);
    return d->n_error == before ? o : NULL;
}
