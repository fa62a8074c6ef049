/* Where the network begins and ends: one input and one output of the model. */
#include "onnx_model.h"

#include <string.h>

static const char *text(const char *s) { return s ? s : ""; }

/* Only what may be a network's result: a label of integers, a list or a map is not. An unknown type may be.
 */
static bool is_float_tensor(const Onnx__ValueInfoProto *info) {
    const Onnx__TypeProto *type = info->type;
    if (!type || type->value_case == ONNX__TYPE_PROTO__VALUE__NOT_SET) return true;
    if (type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE) return false;
    int element = type->tensor_type->elem_type;
    return element == ONNX__TENSOR_PROTO__DATA_TYPE__UNDEFINED || onnx_type_is_real(element);
}

/* The tensor behind a ZipMap of scikit-learn, which names the classes; else the value itself. */
static int behind_zipmap(const onnx_reader *r, int value) {
    int producer = value < 0 ? -1 : r->value[value].producer;
    const onnx_node *n = producer < 0 ? NULL : &r->node[producer];
    bool zips = n && strcmp(text(n->proto->op_type), "ZipMap") == 0 && n->n_in == 1 && n->in[0] >= 0;
    return zips ? n->in[0] : value;
}

/* "'label', 'probabilities'", at most ten of them. */
static const char *output_names(onnx_reader *r) {
    const Onnx__GraphProto *g = r->model->graph;
    const char *list = "";
    for (size_t i = 0; i < g->n_output && i < 10; i++)
        list = nh_arena_printf(r->scratch, "%s%s'%.100s'", list, i ? ", " : "", text(g->output[i]->name));
    return g->n_output > 10 ? nh_arena_printf(r->scratch, "%s, ...", list) : list;
}

/* The output that the configuration names: an output of the model, any other value, or a node. */
static bool named_output(onnx_reader *r, const char *name) {
    int found = onnx_value_find(r, name), n_nodes = 0;
    for (int k = 0; found < 0 && k < r->n_node; k++) {
        const onnx_node *n = &r->node[k];
        if (strcmp(n->name, name) != 0 || n->n_out == 0 || n->out[0] < 0) continue;
        r->output = n->out[0];
        n_nodes++;
    }
    if (found >= 0) r->output = behind_zipmap(r, found);
    if (found >= 0 || n_nodes == 1) return true;
    nh_report(r->d, NH_M_GRAPH, r->o->output_at, "%s of the model '%s' is called '%.200s'",
              n_nodes ? "more than one node" : "no output, tensor or node", nh_path_base(r->path), name);
    nh_diag_allowed(r->d, "values, argmax, an output (%s), or any tensor or node", output_names(r));
    return false;
}

static bool several_outputs(onnx_reader *r) {
    const Onnx__GraphProto *g = r->model->graph;
    nh_report(r->d, NH_M_GRAPH, (nh_loc){.file = r->path}, "the model has %zu outputs", g->n_output);
    nh_diag_found(r->d, "%s", output_names(r));
    nh_diag_allowed(r->d, "one output");
    nh_diag_hint(r->d, "choose one in the configuration: output: %.100s", text(g->output[0]->name));
    return false;
}

/* The only one of several outputs that can be meant. */
static bool only_float_output(onnx_reader *r) {
    const Onnx__GraphProto *g = r->model->graph;
    int n = 0;
    for (size_t i = 0; i < g->n_output; i++) {
        int value = onnx_value_find(r, text(g->output[i]->name));
        if (!is_float_tensor(g->output[i]) && behind_zipmap(r, value) == value) continue;
        r->output = behind_zipmap(r, value);
        n++;
    }
    if (n != 1) return several_outputs(r);
    if (r->output < 0) return true;
    const char *name = r->value[r->output].name;
    nh_report(r->d, NH_M_OUTPUT, (nh_loc){.file = r->path},
              "the output '%s' is built: of the model's %zu outputs, only it is a tensor of floats", name, g->n_output);
    nh_diag_found(r->d, "%s", output_names(r));
    nh_diag_hint(r->d, "output: %.100s in the configuration says that it is meant; any other name chooses another",
                 name);
    return true;
}

bool onnx_choose_output(onnx_reader *r) {
    const Onnx__GraphProto *g = r->model->graph;
    r->output = -1;
    if (r->o && r->o->output_name) return named_output(r, r->o->output_name);
    if (g->n_output == 0) return nh_report(r->d, NH_M_GRAPH, (nh_loc){.file = r->path}, "the model has no output");
    const char *name = text(g->output[0]->name);
    if (g->n_output > 1) {
        if (!only_float_output(r)) return false;
    } else {
        r->output = behind_zipmap(r, onnx_value_find(r, name));
    }
    if (r->output < 0)
        return nh_report(r->d, NH_M_GRAPH, (nh_loc){.file = r->path}, "nothing makes the output '%.200s'", name);
    return true;
}

/* Inputs that no live node reads are none. */
bool onnx_choose_input(onnx_reader *r) {
    bool ok = true;
    r->input = -1;
    for (int v = 0; v < r->n_value; v++)
        if (r->value[v].is_input) r->value[v].read = v == r->output;
    for (int k = 0; k < r->n_order; k++)
        for (int i = 0; i < r->node[r->order[k]].n_in; i++)
            if (r->node[r->order[k]].in[i] >= 0) r->value[r->node[r->order[k]].in[i]].read = true;
    for (int v = 0; v < r->n_value; v++) {
        const onnx_value *value = &r->value[v];
        if (!value->is_input || value->producer >= 0 || value->initializer) continue;
        if (!value->read) {
            nh_report(r->d, NH_M_DEAD, onnx_at(r, "input", value->name),
                      "the input '%s' is left out: nothing on the way to the output '%s' reads it", value->name,
                      r->value[r->output].name);
        } else if (r->input >= 0) {
            ok = nh_report(r->d, NH_M_GRAPH, onnx_at(r, "input", value->name),
                           "the model has more than one input ('%s' and '%s')", r->value[r->input].name, value->name);
        } else {
            r->input = v;
        }
    }
    if (r->input < 0 && r->model->graph->n_input == 0)
        return nh_report(r->d, NH_M_GRAPH, (nh_loc){.file = r->path}, "the model has no input");
    if (r->input < 0)
        return nh_report(r->d, NH_M_GRAPH, onnx_at(r, "output", r->value[r->output].name),
                         "the output does not depend on any input of the model");
    return ok;
}
