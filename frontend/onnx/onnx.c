/* The ONNX reader: scan the wire format, unpack, order the nodes, read each.
 *
 * Layers are called as their nodes in the model ("/0/Gemm", as Netron shows it); a node without a name is
 * called after its weight ("fc1" of "fc1.weight"), else after its output. The globs of a configuration match
 * these names. */
#include "onnx_model.h"

#include <string.h>

#include "fold.h"
#include "wire.h"

/* A ModelProto begins with its field 1, ir_version, a small number. */
static bool probe(nh_bytes head) { return head.size >= 2 && head.data[0] == 0x08 && head.data[1] < 0x40; }

static void *arena_alloc(void *arena, size_t size) { return nh_arena_alloc(arena, size); }

/* The arena frees everything at once. */
static void arena_free(void *arena, void *p) {
    (void)arena;
    (void)p;
}

static bool unpack(onnx_reader *r) {
    nh_loc at = {.file = r->path};
    nh_bytes skeleton;
    if (r->file.size == 0) return nh_report(r->d, NH_M_FORMAT, at, "the model file is empty");
    if (!nh_wire_scan(r->scratch, r->d, at, r->file, &skeleton)) return false;
    ProtobufCAllocator allocator = {arena_alloc, arena_free, r->scratch};
    r->model = onnx__model_proto__unpack(&allocator, skeleton.size, skeleton.data);
    if (!r->model) return nh_report(r->d, NH_M_FORMAT, at, "not a valid ONNX file: protobuf cannot unpack it");
    if (!r->model->graph) return nh_report(r->d, NH_M_FORMAT, at, "not an ONNX model: it holds no graph");
    return true;
}

static bool check_opset(onnx_reader *r) {
    nh_loc at = {.file = r->path};
    for (size_t i = 0; i < r->model->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *set = r->model->opset_import[i];
        if (!set->domain || !*set->domain || strcmp(set->domain, "ai.onnx") == 0) r->opset = set->version;
    }
    if (r->opset < ONNX_OPSET_MIN) {
        nh_report(r->d, NH_M_OPSET, at, "the model does not import a supported version of the ONNX operators");
        nh_diag_found(r->d, r->opset == 0 ? "none" : "version %lld", (long long)r->opset);
        nh_diag_allowed(r->d, "%d or later", ONNX_OPSET_MIN);
        nh_diag_hint(r->d, "convert it: onnx.version_converter.convert_version(model, 13)");
        return false;
    }
    if (r->opset > ONNX_OPSET_KNOWN)
        nh_report(r->d, NH_M_OPSET_NEW, at, "the model uses operator set %lld; neurohls knows %d to %d",
                  (long long)r->opset, ONNX_OPSET_MIN, ONNX_OPSET_KNOWN);
    return true;
}

/* Is the element type of the input a number? Integers are: a Cast usually follows. */
static bool numeric(int type) {
    return type != ONNX__TENSOR_PROTO__DATA_TYPE__UNDEFINED && type != ONNX__TENSOR_PROTO__DATA_TYPE__STRING &&
           type != ONNX__TENSOR_PROTO__DATA_TYPE__BOOL && type != ONNX__TENSOR_PROTO__DATA_TYPE__COMPLEX64 &&
           type != ONNX__TENSOR_PROTO__DATA_TYPE__COMPLEX128 && type <= ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16;
}

/* Shape of the graph's input without the batch, its first dimension; the only dimension of an input is that of one
 * sample, without a batch. */
static bool input_shape(onnx_reader *r, const Onnx__ValueInfoProto *info, nh_loc at, nh_shape *out) {
    const Onnx__TypeProto *type = info->type;
    if (!type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE || !type->tensor_type->shape)
        return nh_report(r->d, NH_M_SHAPE, at, "the input is not a tensor of known shape");
    if (!numeric(type->tensor_type->elem_type))
        return nh_report(r->d, NH_M_SHAPE, at, "the input is not a tensor of numbers");
    const Onnx__TensorShapeProto *shape = type->tensor_type->shape;
    if (shape->n_dim < 1 || shape->n_dim > NH_MAX_RANK + 1) {
        nh_report(r->d, NH_M_SHAPE, at, "the input has %zu dimensions", shape->n_dim);
        nh_diag_allowed(r->d, "1, those of one sample, or 2 to %d, the batch and those of a sample", NH_MAX_RANK + 1);
        return false;
    }
    bool has_batch = shape->n_dim > 1;
    *out = (nh_shape){.rank = (int)shape->n_dim - has_batch};
    if (!has_batch) r->batch = 1;
    int64_t size = 1;
    for (size_t i = 0; i < shape->n_dim; i++) {
        const Onnx__TensorShapeProto__Dimension *dim = shape->dim[i];
        bool known = dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        if (i == 0 && has_batch) {
            r->batch = known && dim->dim_value > 0 ? dim->dim_value : 0;
            continue;
        }
        if (!known)
            return nh_report(r->d, NH_M_SHAPE, at,
                             has_batch ? "dimension %zu of the input is not a number; only the batch may be open"
                                       : "dimension %zu of the input, the only one, is not a number: it is no batch",
                             i);
        if (dim->dim_value < 1 || dim->dim_value > NH_ONNX_MAX_SAMPLE / size) {
            nh_report(r->d, NH_M_SHAPE, at, "the input's shape is impossible or too large");
            nh_diag_found(r->d, "dimension %zu is %lld", i, (long long)dim->dim_value);
            nh_diag_allowed(r->d, "positive dimensions, at most 2^24 elements");
            return false;
        }
        size *= out->dim[i - has_batch] = dim->dim_value;
    }
    return true;
}

static bool add_input(onnx_reader *r) {
    const Onnx__GraphProto *g = r->model->graph;
    onnx_value *v = &r->value[r->input];
    nh_loc at = onnx_at(r, "input", v->name);
    size_t i = 0;
    while (!g->input[i]->name || strcmp(g->input[i]->name, v->name) != 0) i++;
    nh_layer layer = {.op = NH_OP_INPUT, .name = v->name, .at = at};
    nh_shape shape;
    if (!input_shape(r, g->input[i], at, &shape)) return false;
    layer.out = nh_graph_add_tensor(r->g, layer.name, shape, NH_EDGE_FRAME);
    nh_graph_add_layer(r->g, layer);
    r->g->input = layer.out;
    v->kind = VALUE_TENSOR;
    v->tensor = layer.out;
    v->no_batch = g->input[i]->type->tensor_type->shape->n_dim == 1;
    return true;
}

/* Layers whose results nobody reads, but for their shape. */
static bool drop_unread_layers(onnx_reader *r) {
    enum { MOST = 4096 }; /* taking one out takes time */
    int dropped = 0;
    for (int i = r->g->n_layer - 1; i > 0; i--) {
        int out = r->g->layer[i].out;
        if (r->g->tensor[out].n_consumers > 0 || out == r->g->output) continue;
        if (++dropped > MOST)
            return nh_report(r->d, NH_M_LIMIT, (nh_loc){.file = r->path},
                             "more than %d nodes are read for their shape only", MOST);
        nh_graph_remove_layer(r->g, i);
    }
    return true;
}

static bool set_output(onnx_reader *r) {
    const onnx_value *v = &r->value[r->output];
    nh_loc at = onnx_at(r, "output", v->name);
    if (v->kind != VALUE_TENSOR || v->tensor == r->g->input)
        return nh_report(r->d, NH_M_GRAPH, at, "the output does not depend on the input through any layer");
    r->g->output = v->tensor;
    return true;
}

static nh_graph *read_model(onnx_reader *r) {
    const Onnx__GraphProto *g;
    if (!unpack(r) || !check_opset(r)) return NULL;
    if (!onnx_inline_functions(r)) return NULL;
    g = r->model->graph;
    if (g->n_sparse_initializer > 0) {
        nh_report(r->d, NH_M_TENSOR, (nh_loc){.file = r->path}, "the model holds sparse tensors, which are not read");
        return NULL;
    }
    if (!onnx_tables(r) || !onnx_order(r)) return NULL;
    r->g = nh_graph_new(r->a, nh_path_base(r->path));
    bool ok = onnx_operators_supported(r);
    if (!add_input(r)) return NULL;
    if (ok) onnx_match_functions(r);
    for (int k = 0; k < r->n_order; k++) {
        onnx_node *n = &r->node[r->order[k]];
        if (n->n_out == 0 || n->out[0] < 0 || r->value[n->out[0]].kind == VALUE_UNKNOWN) ok &= onnx_operator_read(r, n);
    }
    return ok && set_output(r) && drop_unread_layers(r) ? r->g : NULL;
}

static nh_graph *read_onnx(nh_arena *a, nh_diag *d, const char *path, nh_bytes file, const nh_options *o) {
    nh_arena *scratch = nh_arena_new();
    onnx_reader r = {.a = a, .scratch = scratch, .d = d, .path = nh_arena_str(a, path), .file = file, .o = o};
    r.fold_left = NH_FOLD_ELEMENTS + NH_FOLD_PER_BYTE * (int64_t)file.size;
    r.work_left = NH_FOLD_PRODUCTS;
    nh_graph *g = read_model(&r);
    nh_arena_free(scratch);
    return g;
}

const nh_reader nh_reader_onnx = {"onnx", ".onnx", probe, read_onnx};
