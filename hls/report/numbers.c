#include "numbers.h"

#include <stdio.h>

static void set(json_t *o, const char *key, json_t *v) { json_object_set_new(o, key, v); }

static json_t *format_json(nh_format f) {
    char text[NH_FORMAT_TEXT];
    return json_string(nh_format_print(f, text));
}

/* A double without loss. report.json writes reals with 15 digits, which do not tell neighbouring doubles apart. */
static json_t *exact_json(double v) {
    char text[40];
    snprintf(text, sizeof text, "%a", v);
    return json_string(text);
}

/* One entry when all n are equal. */
static json_t *scales_json(const double *scale, int64_t n) {
    json_t *list = json_array();
    bool same = true;
    for (int64_t i = 1; i < n; i++) same = same && scale[i] == scale[0];
    for (int64_t i = 0; i < (same ? 1 : n); i++) json_array_append_new(list, exact_json(scale[i]));
    return list;
}

void nh_numbers_put_param(json_t *o, const nh_param *p) {
    if (!p->raw) return;
    set(o, "scales", p->scale ? scales_json(p->scale, p->shape.dim[0]) : json_null());
}

static json_t *requantizer_json(const nh_layer *l) {
    if (!l->requant_mul) return json_null();
    json_t *o = json_object(), *list = json_array();
    int64_t n = l->weight ? l->weight->shape.dim[0] : 1; /* a mean has one */
    for (int64_t i = 0; i < n; i++) json_array_append_new(list, json_integer(l->requant_mul[i]));
    set(o, "bits", json_integer(l->opt.multiplier_bits));
    set(o, "shift", json_integer(l->requant_shift));
    set(o, "multipliers", list);
    return o;
}

/* What was chosen for a neuron; its coefficients follow from the model file. */
static json_t *neuron_json(const nh_neuron *n) {
    json_t *o = json_object(), *states = json_object(), *params = json_object();
    const nh_neuron_program *p = n->fx;
    for (int k = 0; k < p->n_state; k++) set(states, p->reg[p->state[k]].name, format_json(p->reg[p->state[k]].fmt));
    for (int k = 0; k < p->n_param && n->fx_volt > 0; k++)
        set(params, p->reg[p->param[k]].name, json_integer(n->fx_frac[k]));
    set(o, "model", json_string(p->name));
    set(o, "volt", n->fx_volt > 0 ? exact_json(n->fx_volt) : json_null());
    set(o, "states", states);
    set(o, "param_frac", params);
    return o;
}

void nh_numbers_put_layer(json_t *o, const nh_graph *g, const nh_layer *l) {
    const nh_quant *q = &g->tensor[l->out].q;
    if (!q->known) return;
    set(o, "scale_exact", exact_json(q->scale));
    if (l->n_axes > 0) set(o, "axis", json_integer(l->axis));
    if (l->n_axes > 0) set(o, "n_axes", json_integer(l->n_axes));
    if (l->op == NH_OP_NEURON && l->neuron->fx) set(o, "neuron", neuron_json(l->neuron));
    bool sums = l->op == NH_OP_DENSE || l->op == NH_OP_BATCHNORM || (nh_op_has_window(l->op) && l->op != NH_OP_MAXPOOL);
    if (!sums || (l->exact && nh_op_has_window(l->op) && !l->weight)) return;
    set(o, "accum", format_json(l->accum));
    set(o, "accum_exact", json_boolean(l->accum_exact));
    set(o, "bias_given", l->bias && !l->opt.bias.is_auto ? format_json(l->opt.bias.fmt) : json_null());
    if (!l->exact) set(o, "requantizer", requantizer_json(l));
}
