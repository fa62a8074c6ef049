/* Functions of one variable: one row each. Defaults of attributes are the standard's, as floats. */
#include "onnx_model.h"

#include <math.h>
#include <string.h>

/* alpha, beta: the attributes that become the layer's, and their defaults; NULL: none. */
static const struct {
    const char *name;
    nh_op op;
    const char *alpha;
    float absent_alpha;
    const char *beta;
    float absent_beta;
} functions[] = {
    {"Abs", NH_OP_ABS, NULL, 0, NULL, 0},
    {"Celu", NH_OP_CELU, "alpha", 1, NULL, 0},
    {"Elu", NH_OP_ELU, "alpha", 1, NULL, 0},
    {"Erf", NH_OP_ERF, NULL, 0, NULL, 0},
    {"Exp", NH_OP_EXP, NULL, 0, NULL, 0},
    {"HardSigmoid", NH_OP_HARD_SIGMOID, "alpha", 0.2f, "beta", 0.5f},
    {"HardSwish", NH_OP_HARD_SWISH, NULL, 0, NULL, 0},
    {"LeakyRelu", NH_OP_LEAKY_RELU, "alpha", 0.01f, NULL, 0},
    {"Log", NH_OP_LOG, NULL, 0, NULL, 0},
    {"Mish", NH_OP_MISH, NULL, 0, NULL, 0},
    {"Neg", NH_OP_NEG, NULL, 0, NULL, 0},
    {"Reciprocal", NH_OP_RECIPROCAL, NULL, 0, NULL, 0},
    {"Relu", NH_OP_RELU, NULL, 0, NULL, 0},
    {"Selu", NH_OP_SELU, "alpha", 1.67326319217681884765625f, "gamma", 1.05070102214813232421875f},
    {"Sigmoid", NH_OP_SIGMOID, NULL, 0, NULL, 0},
    {"Softplus", NH_OP_SOFTPLUS, NULL, 0, NULL, 0},
    {"Softsign", NH_OP_SOFTSIGN, NULL, 0, NULL, 0},
    {"Sqrt", NH_OP_SQRT, NULL, 0, NULL, 0},
    {"Swish", NH_OP_SILU, "alpha", 1, NULL, 0},
    {"Tanh", NH_OP_TANH, NULL, 0, NULL, 0},
    {"ThresholdedRelu", NH_OP_THRESHOLDED_RELU, "alpha", 1, NULL, 0},
};

/* Values for which the functions of unary.c are what the standard says, and hardware can be built. */
static bool parameters_fit(onnx_reader *r, const onnx_node *n, const nh_layer *l) {
    if (l->op == NH_OP_CELU && l->alpha == 0) return onnx_form(r, n, "alpha is 0");
    if (l->op == NH_OP_SILU && !(l->alpha > 0)) return onnx_form(r, n, "alpha %g is not above 0", l->alpha);
    if (l->op == NH_OP_CELU && l->alpha < 0)
        return onnx_form(r, n, "alpha %g is negative: the function has no bound to the left", l->alpha);
    return true;
}

bool onnx_read_function(onnx_reader *r, onnx_node *n) {
    nh_layer layer = {0};
    const onnx_value *x = onnx_activation(r, n);
    if (!x) return false;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (strcmp(functions[i].name, n->proto->op_type) != 0) continue;
        layer.op = functions[i].op;
        if (functions[i].alpha &&
            !onnx_attr_float(r, n, functions[i].alpha, (double)functions[i].absent_alpha, &layer.alpha))
            return false;
        if (functions[i].beta &&
            !onnx_attr_float(r, n, functions[i].beta, (double)functions[i].absent_beta, &layer.beta))
            return false;
    }
    return parameters_fit(r, n, &layer) && onnx_add_layer(r, n, layer, x->tensor, onnx_shape(r, x));
}

/* approximate: "none", exact, or "tanh". */
bool onnx_read_gelu(onnx_reader *r, onnx_node *n) {
    const onnx_value *x = onnx_activation(r, n);
    const Onnx__AttributeProto *a = onnx_attr(n, "approximate");
    if (!x) return false;
    bool is_text = !a || a->type == ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
    bool is_tanh = a && is_text && a->s.len == 4 && memcmp(a->s.data, "tanh", 4) == 0;
    if (!is_text || (a && !is_tanh && !(a->s.len == 4 && memcmp(a->s.data, "none", 4) == 0))) {
        onnx_form(r, n, "the attribute 'approximate' is neither none nor tanh");
        return false;
    }
    return onnx_add_layer(r, n, (nh_layer){.op = is_tanh ? NH_OP_GELU_TANH : NH_OP_GELU}, x->tensor, onnx_shape(r, x));
}

/* Slopes that differ are weights, along the axes they vary on; one slope is a leaky relu. */
bool onnx_read_prelu(onnx_reader *r, onnx_node *n) {
    const onnx_value *x = onnx_activation(r, n), *c = x ? onnx_constant(r, n, 1, "the slope") : NULL;
    onnx_spread by;
    if (!c || !onnx_spread_over(r, n, &c->c, onnx_shape(r, x), 1, &by)) return false;
    bool is_one = true;
    for (int64_t i = 1; i < by.n; i++) is_one = is_one && !(by.value[i] < by.value[0]) && !(by.value[i] > by.value[0]);
    if (is_one)
        return onnx_add_layer(r, n, (nh_layer){.op = NH_OP_LEAKY_RELU, .alpha = by.value[0]}, x->tensor,
                              onnx_shape(r, x));
    nh_layer layer = {.op = NH_OP_PRELU, .axis = by.axis, .n_axes = by.n_axes};
    layer.weight = onnx_param(r, c->name, (nh_shape){1, {by.n}}, by.value);
    return onnx_add_layer(r, n, layer, x->tensor, onnx_shape(r, x));
}

/* Exponents that have a function of their own. */
bool onnx_read_pow(onnx_reader *r, onnx_node *n) {
    static const struct {
        double exponent;
        nh_op op;
    } known[] = {{2, NH_OP_SQUARE}, {1, NH_OP_IDENTITY}, {0.5, NH_OP_SQRT}, {-1, NH_OP_RECIPROCAL}};
    const onnx_value *x = onnx_activation(r, n), *c = x ? onnx_constant(r, n, 1, "the exponent") : NULL;
    if (!c) return false;
    if (c->c.n != 1) return onnx_form(r, n, "the exponent '%s' is not one number", c->name);
    const double *v = onnx_const_values(r, r->scratch, &c->c, false, 1);
    for (size_t i = 0; v && i < sizeof known / sizeof *known; i++)
        if (!(*v < known[i].exponent) && !(*v > known[i].exponent))
            return onnx_add_layer(r, n, (nh_layer){.op = known[i].op}, x->tensor, onnx_shape(r, x));
    if (!v) return false;
    onnx_form(r, n, "the exponent is %g", *v);
    nh_diag_allowed(r->d, "2, 1, 0.5 or -1");
    return false;
}
