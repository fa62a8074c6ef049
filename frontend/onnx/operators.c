#include "onnx_model.h"

#include <stdarg.h>
#include <string.h>

/* The operators that are read; a new one is one row. */
static const struct {
    const char *op;
    int min_in, max_in;
    const char *attributes; /* that are known; any other is an error, not ignored */
    onnx_read_fn *read;
} operators[] = {
    {"Abs", 1, 1, "", onnx_read_function},
    {"Add", 2, 2, "", onnx_read_arithmetic},
    {"ArgMax", 1, 1, "axis keepdims select_last_index", onnx_read_argmax},
    {"AveragePool", 1, 1, "auto_pad ceil_mode count_include_pad dilations kernel_shape pads strides", onnx_read_pool},
    {"BatchNormalization", 5, 5, "epsilon momentum spatial training_mode", onnx_read_batchnorm},
    {"Cast", 1, 1, "to saturate round_mode", onnx_read_cast},
    {"Celu", 1, 1, "alpha", onnx_read_function},
    {"Clip", 1, 3, "min max", onnx_read_clip},
    {"Constant", 0, 0, "value value_float value_floats value_int value_ints sparse_value value_string value_strings",
     onnx_read_constant},
    {"Conv", 2, 3, "auto_pad dilations group kernel_shape pads strides", onnx_read_conv},
    {"Div", 2, 2, "", onnx_read_arithmetic},
    {"Dropout", 1, 3, "ratio seed", onnx_read_dropout},
    {"Elu", 1, 1, "alpha consumed_inputs", onnx_read_function},
    {"Erf", 1, 1, "", onnx_read_function},
    {"Exp", 1, 1, "consumed_inputs", onnx_read_function},
    {"Flatten", 1, 1, "axis", onnx_read_flatten},
    {"Gelu", 1, 1, "approximate", onnx_read_gelu},
    {"Gemm", 2, 3, "alpha beta transA transB", onnx_read_gemm},
    {"GlobalAveragePool", 1, 1, "", onnx_read_global_pool},
    {"GlobalMaxPool", 1, 1, "", onnx_read_global_pool},
    {"HardSigmoid", 1, 1, "alpha beta consumed_inputs", onnx_read_function},
    {"HardSwish", 1, 1, "", onnx_read_function},
    {"Identity", 1, 1, "", onnx_read_identity},
    {"LeakyRelu", 1, 1, "alpha", onnx_read_function},
    {"Log", 1, 1, "consumed_inputs", onnx_read_function},
    {"LogSoftmax", 1, 1, "axis", onnx_read_softmax},
    {"MatMul", 2, 2, "", onnx_read_matmul},
    {"MaxPool", 1, 1, "auto_pad ceil_mode dilations kernel_shape pads storage_order strides", onnx_read_pool},
    {"Mish", 1, 1, "", onnx_read_function},
    {"Mul", 2, 2, "", onnx_read_arithmetic},
    {"Neg", 1, 1, "consumed_inputs", onnx_read_function},
    {"Pow", 2, 2, "", onnx_read_pow},
    {"PRelu", 2, 2, "consumed_inputs", onnx_read_prelu},
    {"Reciprocal", 1, 1, "consumed_inputs", onnx_read_function},
    {"Relu", 1, 1, "", onnx_read_function},
    {"Reshape", 2, 2, "allowzero", onnx_read_reshape},
    {"Scaler", 1, 1, "offset scale", onnx_read_scaler},
    {"Selu", 1, 1, "alpha gamma consumed_inputs", onnx_read_function},
    {"Sigmoid", 1, 1, "", onnx_read_function},
    {"Softmax", 1, 1, "axis", onnx_read_softmax},
    {"Softplus", 1, 1, "", onnx_read_function},
    {"Softsign", 1, 1, "", onnx_read_function},
    {"Sqrt", 1, 1, "consumed_inputs", onnx_read_function},
    {"Squeeze", 1, 2, "axes", onnx_read_squeeze},
    {"Sub", 2, 2, "", onnx_read_arithmetic},
    {"Swish", 1, 1, "alpha", onnx_read_function},
    {"Tanh", 1, 1, "", onnx_read_function},
    {"ThresholdedRelu", 1, 1, "alpha", onnx_read_function},
    {"Transpose", 1, 1, "perm", onnx_read_transpose},
    {"Unsqueeze", 1, 2, "axes", onnx_read_unsqueeze},
};
enum { N_OPERATORS = sizeof operators / sizeof *operators };

/* What to do about operators that people meet. */
static const struct {
    const char *ops, *hint;
} hints[] = {
    {" Concat Gather GatherElements GatherND Slice Split Expand Tile Pad Where ScatterND ",
     "parts of activations are not taken apart or joined; `output: NAME` may name the value in front of it"},
    {" ReduceMean ReduceSum ReduceMax ReduceMin ReduceL2 LayerNormalization InstanceNormalization GroupNormalization "
     "RMSNormalization LpNormalization ",
     "statistics of activations are not built; BatchNormalization is, its statistics are constants"},
    {" Normalizer Imputer OneHotEncoder ", "do it to the data, before the network: export the network alone"},
    {" LinearClassifier LinearRegressor TreeEnsembleClassifier TreeEnsembleRegressor SVMClassifier SVMRegressor ",
     "models of classical machine learning are not built; an MLPClassifier is"},
    {" QuantizeLinear DequantizeLinear DynamicQuantizeLinear QLinearMatMul MatMulInteger Quant BipolarQuant Trunc ",
     "export the float model: neurohls chooses the number formats itself"},
    {" ConvTranspose LpPool GlobalLpPool MaxUnpool ", "convolutions, max and average pools are built"},
    {" If Loop Scan ", "models with subgraphs are not read; export for fixed inputs"},
};

static const char *text(const char *s) { return s ? s : ""; }

static bool standard_domain(const onnx_node *n) {
    const char *domain = text(n->proto->domain);
    return !*domain || strcmp(domain, "ai.onnx") == 0;
}

static int find_operator(const onnx_node *n) {
    for (int i = 0; i < N_OPERATORS; i++) {
        bool is_own = operators[i].read == onnx_read_scaler ? strcmp(text(n->proto->domain), "ai.onnx.ml") == 0
                                                            : standard_domain(n);
        if (is_own && strcmp(operators[i].op, text(n->proto->op_type)) == 0) return i;
    }
    return -1;
}

static bool report_unsupported(onnx_reader *r, const onnx_node *n, const char *where) {
    const char *domain = text(n->proto->domain), *op = text(n->proto->op_type), *list = operators[0].op;
    nh_report(r->d, NH_M_OP, n->at, "the operator %.100s is not supported%s", *op ? op : "without a name", where);
    nh_diag_found(r->d, "%.100s of the domain '%.100s'", op, *domain ? domain : "ai.onnx");
    for (int i = 1; i < N_OPERATORS; i++) list = nh_arena_printf(r->scratch, "%s %s", list, operators[i].op);
    nh_diag_allowed(r->d, "%s", list);
    const char *word = nh_arena_printf(r->scratch, " %s ", op);
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (strstr(hints[i].ops, word)) nh_diag_hint(r->d, "%s", hints[i].hint);
    return false;
}

bool onnx_asks_for_shape(const onnx_node *n) {
    return standard_domain(n) &&
           (strcmp(text(n->proto->op_type), "Shape") == 0 || strcmp(text(n->proto->op_type), "Size") == 0);
}

/* The name of an input whose elements come from the input of the model, or NULL; a shape does not. */
static const char *reads_activation(onnx_reader *r, const onnx_node *n) {
    if (onnx_asks_for_shape(n)) return NULL;
    for (int i = 0; i < n->n_in; i++)
        if (onnx_in(r, n, i) && onnx_in(r, n, i)->varies) return onnx_in(r, n, i)->name;
    return NULL;
}

bool onnx_operators_supported(onnx_reader *r) {
    bool ok = true;
    r->value[r->input].varies = true;
    for (int k = 0; k < r->n_order; k++) {
        onnx_node *n = &r->node[r->order[k]];
        const char *activation = reads_activation(r, n);
        bool folds = onnx_fold_find(n) && !activation, supported = find_operator(n) >= 0 || folds;
        for (int i = 0; i < n->n_out; i++) {
            if (n->out[i] < 0) continue;
            r->value[n->out[i]].varies = activation != NULL;
            if (!supported) r->value[n->out[i]].kind = VALUE_BAD;
        }
        if (supported) continue;
        ok = report_unsupported(
            r, n,
            onnx_fold_find(n) ? nh_arena_printf(r->scratch, " on activations ('%.200s'), only on constants", activation)
                              : "");
    }
    return ok;
}

bool onnx_form(onnx_reader *r, const onnx_node *n, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    nh_report(r->d, NH_M_FORM, n->at, "%s: %s", n->proto->op_type, nh_arena_vprintf(r->scratch, fmt, ap));
    va_end(ap);
    return false;
}

bool onnx_shape_error(onnx_reader *r, const onnx_node *n, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    nh_report(r->d, NH_M_SHAPE, n->at, "%s: %s", n->proto->op_type, nh_arena_vprintf(r->scratch, fmt, ap));
    va_end(ap);
    return false;
}

onnx_value *onnx_in(onnx_reader *r, const onnx_node *n, int i) {
    return i < n->n_in && n->in[i] >= 0 ? &r->value[n->in[i]] : NULL;
}

nh_shape onnx_shape(const onnx_reader *r, const onnx_value *v) { return r->g->tensor[v->tensor].shape; }

onnx_value *onnx_activation(onnx_reader *r, const onnx_node *n) {
    onnx_value *v = onnx_in(r, n, 0);
    if (v->kind == VALUE_TENSOR) return v;
    onnx_form(r, n, "the input '%s' is a constant", v->name);
    return NULL;
}

onnx_value *onnx_constant(onnx_reader *r, const onnx_node *n, int i, const char *what) {
    onnx_value *v = onnx_in(r, n, i);
    if (v && v->kind == VALUE_CONST) return v;
    if (v)
        onnx_form(r, n, "%s ('%s') is not constant", what, v->name);
    else
        onnx_form(r, n, "%s is missing", what);
    return NULL;
}

bool onnx_add_layer(onnx_reader *r, const onnx_node *n, nh_layer layer, int in, nh_shape shape) {
    int64_t size = nh_shape_size(shape);
    if (size <= 0 || size > NH_ONNX_MAX_SAMPLE)
        return onnx_shape_error(r, n, "its result has no elements, or more than 2^24");
    onnx_value *out = &r->value[n->out[0]];
    layer.name = n->name;
    layer.at = n->at;
    layer.n_in = 1;
    layer.in[0] = in;
    layer.out = nh_graph_add_tensor(r->g, out->name, shape, NH_EDGE_FRAME);
    nh_graph_add_layer(r->g, layer);
    out->kind = VALUE_TENSOR;
    out->tensor = layer.out;
    return true;
}

nh_param *onnx_param(onnx_reader *r, const char *name, nh_shape shape, const double *value) {
    nh_param *p = NH_NEW(r->a, nh_param);
    p->name = nh_arena_str(r->a, name);
    p->shape = shape;
    p->value = value;
    p->at = onnx_at(r, "tensor", name);
    return p;
}

/* Open initializers on first use. False when an input is unusable; in silence when that was reported before.
 */
static bool inputs_ready(onnx_reader *r, onnx_node *n) {
    bool ok = true;
    for (int i = 0; i < n->n_in; i++) {
        onnx_value *v = onnx_in(r, n, i);
        if (!v) continue;
        if (v->kind == VALUE_UNKNOWN && v->initializer)
            v->kind = onnx_const_open(r, v->initializer, v->name, &v->c) ? VALUE_CONST : VALUE_BAD;
        if (v->kind == VALUE_UNKNOWN)
            ok = onnx_form(r, n, "it reads '%s', a second output of another node, which is not supported", v->name);
        if (v->kind == VALUE_BAD) ok = false;
    }
    return ok;
}

bool onnx_well_formed(onnx_reader *r, const onnx_node *n, int min_in, int max_in, const char *attributes) {
    bool ok = n->n_in <= max_in || onnx_form(r, n, "it has %d inputs", n->n_in);
    for (int i = 0; i < min_in; i++) ok = ok && (onnx_in(r, n, i) || onnx_form(r, n, "input %d is missing", i + 1));
    if (n->n_out < 1 || n->out[0] < 0) ok = onnx_form(r, n, "its first output is left out");
    return onnx_attrs_known(r, n, attributes) && ok;
}

bool onnx_spans_batch(onnx_reader *r, const onnx_node *n, const char *name) {
    onnx_form(r, n, "'%s' has a row for every sample of a batch, whose size is not known", name);
    nh_diag_hint(r->d, "export the model for a fixed batch of 1");
    return false;
}

/* A constant with a row per sample is added to an activation, or multiplied by it, when both have the samples first. */
static bool rows_fit(onnx_reader *r, const onnx_node *n) {
    const char *op = n->proto->op_type;
    bool spreads = strcmp(op, "Add") == 0 || strcmp(op, "Sub") == 0 || strcmp(op, "Mul") == 0 || strcmp(op, "Div") == 0;
    for (int i = 0; i < n->n_in; i++) {
        const onnx_value *c = onnx_in(r, n, i), *x = i < 2 ? onnx_in(r, n, 1 - i) : NULL;
        if (!c || c->kind != VALUE_CONST || !c->c.spans_batch || strcmp(op, "Identity") == 0) continue;
        if (!spreads || !x || onnx_dims_of(r, x).rank != c->c.rank) return onnx_spans_batch(r, n, c->name);
    }
    return true;
}

static bool read_node(onnx_reader *r, onnx_node *n) {
    const onnx_fold_row *fold = onnx_fold_find(n);
    int op = find_operator(n);
    if (!inputs_ready(r, n)) return false;
    if (n->match) {
        const onnx_value *x = onnx_activation(r, n);
        if (x) r->value[n->out[0]].no_batch = x->no_batch;
        return x && onnx_add_layer(r, n, *n->match, x->tensor, onnx_shape(r, x));
    }
    if (fold && onnx_fold_applies(r, n, fold)) return onnx_fold_node(r, n, fold);
    if (op < 0) return onnx_form(r, n, "its inputs are not constant");
    if (!onnx_well_formed(r, n, operators[op].min_in, operators[op].max_in, operators[op].attributes)) return false;
    if (!rows_fit(r, n)) return false;
    for (int i = 0; i < n->n_in; i++) /* a reshape may change this */
        if (onnx_in(r, n, i) && onnx_in(r, n, i)->no_batch) r->value[n->out[0]].no_batch = true;
    return operators[op].read(r, n);
}

bool onnx_operator_read(onnx_reader *r, onnx_node *n) {
    if (r->node_opset) r->opset = r->node_opset[n - r->node];
    if (read_node(r, n)) return true;
    for (int i = 0; i < n->n_out; i++)
        if (n->out[i] >= 0) r->value[n->out[i]].kind = VALUE_BAD;
    return false;
}
