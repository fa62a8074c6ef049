/* Local functions of a model are put in the place of the nodes that call them, before anything else looks at
 * the nodes. PyTorch's exporter of today and onnxscript write them.
 *
 * A value of a function gets a name that has the call in it, so two calls never share one; layers of the
 * function are called after the call and the node. Functions may call functions, but not themselves. */
#include "onnx_model.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 32, MAX_NODES = 1 << 17, MAX_NAMES = 1 << 18, MAX_PARTS = 512 };

/* A function with its key: domain, name and overload. */
typedef struct {
    const char *key[3];
    const Onnx__FunctionProto *f;
} function;

/* A call: whose body is being put in. */
typedef struct call {
    const struct call *outer; /* NULL: the model's own graph */
    const Onnx__NodeProto *node;
    const Onnx__FunctionProto *f;
    int number, depth;
    Onnx__AttributeProto **attribute; /* of the call, with references resolved */
    size_t n_attribute;
    char **actual; /* names of the values for f's inputs and outputs */
    int64_t opset;
} call;

typedef struct {
    onnx_reader *r;
    function *function;
    size_t n_function;
    Onnx__NodeProto **node;
    int64_t *opset;
    size_t n, cap, cap_opset, n_names;
    int n_calls;
} inliner;

static const char *text(const char *s) { return s ? s : ""; }

static const char *domain_of(const char *domain) { return strcmp(text(domain), "ai.onnx") == 0 ? "" : text(domain); }

static int by_key(const void *pa, const void *pb) {
    const function *a = pa, *b = pb;
    for (int i = 0; i < 3; i++) {
        int c = strcmp(a->key[i], b->key[i]);
        if (c) return c;
    }
    return 0;
}

static bool refuse(inliner *l, nh_code code, const Onnx__NodeProto *n, const char *what) {
    const char *name = *text(n->name) ? n->name : n->n_output ? text(n->output[0]) : "";
    return nh_report(l->r->d, code, onnx_at(l->r, "node", name), "the function %.100s %s", text(n->op_type), what);
}

static const Onnx__FunctionProto *find(const inliner *l, const Onnx__NodeProto *n) {
    function key = {.key = {domain_of(n->domain), text(n->op_type), text(n->overload)}};
    const function *f = bsearch(&key, l->function, l->n_function, sizeof key, by_key);
    return f ? f->f : NULL;
}

static bool collect(inliner *l) {
    const Onnx__ModelProto *m = l->r->model;
    l->n_function = m->n_functions;
    l->function = nh_arena_alloc(l->r->scratch, m->n_functions * sizeof *l->function);
    for (size_t i = 0; i < m->n_functions; i++) {
        const Onnx__FunctionProto *f = m->functions[i];
        l->function[i] = (function){{domain_of(f->domain), text(f->name), text(f->overload)}, f};
    }
    qsort(l->function, l->n_function, sizeof *l->function, by_key);
    for (size_t i = 1; i < l->n_function; i++)
        if (by_key(&l->function[i - 1], &l->function[i]) == 0)
            return nh_report(l->r->d, NH_M_GRAPH, (nh_loc){.file = l->r->path},
                             "the model has the function '%.100s' twice", l->function[i].key[1]);
    return true;
}

static int64_t opset_of(const Onnx__FunctionProto *f, int64_t absent) {
    for (size_t i = 0; i < f->n_opset_import; i++)
        if (!*domain_of(f->opset_import[i]->domain)) return f->opset_import[i]->version;
    return absent;
}

static int index_of(char **list, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(text(list[i]), name) == 0) return (int)i;
    return -1;
}

/* The name that a value of the body has in the model. */
static char *name_in(inliner *l, const call *c, char *name) {
    if (!c->f || !*text(name)) return name;
    int at = index_of(c->f->input, c->f->n_input, name);
    if (at >= 0) return c->actual[at];
    at = index_of(c->f->output, c->f->n_output, name);
    if (at >= 0 && c->actual[(int)c->f->n_input + at]) return c->actual[(int)c->f->n_input + at];
    return nh_arena_printf(l->r->scratch, "%s/%s#%d", text(c->node->name), name, c->number);
}

static bool names_in(inliner *l, const call *c, char ***list, size_t n, const Onnx__NodeProto *at) {
    char **copy = nh_arena_alloc(l->r->scratch, (n + 1) * sizeof *copy);
    if ((l->n_names += n + at->n_attribute) > MAX_NAMES) return refuse(l, NH_M_LIMIT, at, "makes the model too large");
    for (size_t i = 0; i < n; i++) {
        copy[i] = name_in(l, c, (*list)[i]);
        if (strlen(copy[i]) > NH_ONNX_MAX_NAME) return refuse(l, NH_M_LIMIT, at, "makes a name that is too long");
    }
    *list = copy;
    return true;
}

static Onnx__AttributeProto *attribute_of(Onnx__AttributeProto **list, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(text(list[i]->name), name) == 0) return list[i];
    return NULL;
}

/* Attributes of a node in the body: one that refers to an attribute of the function gets what the call gives,
 * else the function's default; without either it is left out. */
static void resolve_attributes(inliner *l, const call *c, Onnx__NodeProto *n) {
    Onnx__AttributeProto **list = nh_arena_alloc(l->r->scratch, (n->n_attribute + 1) * sizeof(Onnx__AttributeProto *));
    size_t count = 0;
    for (size_t i = 0; i < n->n_attribute; i++) {
        Onnx__AttributeProto *own = n->attribute[i], *given;
        if (c->f && *text(own->ref_attr_name)) {
            given = attribute_of(c->attribute, c->n_attribute, own->ref_attr_name);
            if (!given) given = attribute_of(c->f->attribute_proto, c->f->n_attribute_proto, own->ref_attr_name);
            if (!given) continue;
            own = NH_NEW(l->r->scratch, Onnx__AttributeProto);
            *own = *given;
            own->name = n->attribute[i]->name;
        }
        list[count++] = own;
    }
    n->attribute = list;
    n->n_attribute = count;
}

static bool put(inliner *l, const call *c, Onnx__NodeProto *n) {
    if (l->n == MAX_NODES) return refuse(l, NH_M_LIMIT, n, "makes the model too large");
    l->node = nh_arena_grow(l->r->scratch, l->node, &l->cap, l->n + 1, sizeof(Onnx__NodeProto *));
    l->opset = nh_arena_grow(l->r->scratch, l->opset, &l->cap_opset, l->n + 1, sizeof *l->opset);
    l->opset[l->n] = c->opset;
    l->node[l->n++] = n;
    return true;
}

static bool put_body(inliner *l, const call *c);

/* A function's output that is one of its inputs. */
static bool put_identity(inliner *l, const call *c, int in, int out) {
    Onnx__NodeProto *n = NH_NEW(l->r->scratch, Onnx__NodeProto);
    onnx__node_proto__init(n);
    char **name = nh_arena_alloc(l->r->scratch, 2 * sizeof *name);
    name[0] = c->actual[in];
    name[1] = c->actual[(int)c->f->n_input + out];
    n->op_type = nh_arena_str(l->r->scratch, "Identity");
    n->name = c->node->name;
    n->n_input = n->n_output = 1;
    n->input = &name[0];
    n->output = &name[1];
    return put(l, c, n);
}

static bool check_call(inliner *l, const call *outer, const Onnx__NodeProto *n, const Onnx__FunctionProto *f) {
    if (outer->depth == MAX_DEPTH) return refuse(l, NH_M_LIMIT, n, "is called more than 32 deep");
    if (f->n_input > MAX_PARTS || f->n_output > MAX_PARTS || f->n_attribute + f->n_attribute_proto > MAX_PARTS)
        return refuse(l, NH_M_LIMIT, n, "has more than 512 inputs, outputs or attributes");
    for (const call *c = outer; c; c = c->outer)
        if (c->f == f) return refuse(l, NH_M_GRAPH, n, "calls itself");
    if (n->n_input > f->n_input || n->n_output > f->n_output)
        return refuse(l, NH_M_GRAPH, n, "is called with more inputs or outputs than it has");
    for (size_t i = 0; i < n->n_attribute; i++) {
        const char *name = text(n->attribute[i]->name);
        if (index_of(f->attribute, f->n_attribute, name) < 0 &&
            !attribute_of(f->attribute_proto, f->n_attribute_proto, name)) {
            refuse(l, NH_M_FORM, n, "has no such attribute");
            nh_diag_found(l->r->d, "%.200s", name);
            return false;
        }
    }
    return true;
}

/* n is the call, with the names that its values have in the model. */
static bool put_call(inliner *l, const call *outer, Onnx__NodeProto *n, const Onnx__FunctionProto *f) {
    if (!check_call(l, outer, n, f)) return false;
    call c = {
        outer, n, f, ++l->n_calls, outer->depth + 1, n->attribute, n->n_attribute, NULL, opset_of(f, outer->opset)};
    if (c.opset < ONNX_OPSET_MIN) return refuse(l, NH_M_OPSET, n, "imports an operator set that is not supported");
    c.actual = nh_arena_alloc(l->r->scratch, (f->n_input + f->n_output + 1) * sizeof *c.actual);
    for (size_t i = 0; i < f->n_input; i++) /* one that is left out has an empty name */
        c.actual[i] = i < n->n_input ? n->input[i] : nh_arena_str(l->r->scratch, "");
    for (size_t i = 0; i < f->n_output; i++) /* one that nobody wants keeps a name of its own */
        c.actual[f->n_input + i] = i < n->n_output && *n->output[i] ? n->output[i] : NULL;
    for (size_t i = 0; i < f->n_output; i++) {
        int in = index_of(f->input, f->n_input, text(f->output[i]));
        if (in >= 0 && c.actual[f->n_input + i] && !put_identity(l, &c, in, (int)i)) return false;
    }
    return put_body(l, &c);
}

/* Copies of all nodes of the body of c, calls replaced. */
static bool put_body(inliner *l, const call *c) {
    const Onnx__GraphProto *g = l->r->model->graph;
    size_t n = c->f ? c->f->n_node : g->n_node;
    Onnx__NodeProto **node = c->f ? c->f->node : g->node;
    for (size_t i = 0; i < n; i++) {
        Onnx__NodeProto *copy = NH_NEW(l->r->scratch, Onnx__NodeProto);
        *copy = *node[i];
        const Onnx__FunctionProto *f = find(l, copy);
        if (l->n_calls > MAX_NODES) return refuse(l, NH_M_LIMIT, copy, "makes the model too large");
        if (!names_in(l, c, &copy->input, copy->n_input, copy) || !names_in(l, c, &copy->output, copy->n_output, copy))
            return false;
        resolve_attributes(l, c, copy);
        if (c->f && *text(c->node->name)) {
            const char *own = *text(copy->name) ? copy->name : text(copy->op_type);
            copy->name = nh_arena_printf(l->r->scratch, "%s/%s", c->node->name, own);
            if (strlen(copy->name) > NH_ONNX_MAX_NAME)
                return refuse(l, NH_M_LIMIT, copy, "makes a name that is too long");
        }
        if (!(f ? put_call(l, c, copy, f) : put(l, c, copy))) return false;
    }
    return true;
}

bool onnx_inline_functions(onnx_reader *r) {
    if (r->model->n_functions == 0) return true;
    inliner l = {.r = r};
    call top = {.opset = r->opset};
    if (!collect(&l) || !put_body(&l, &top)) return false;
    Onnx__GraphProto *g = NH_NEW(r->scratch, Onnx__GraphProto);
    Onnx__ModelProto *m = NH_NEW(r->scratch, Onnx__ModelProto);
    *g = *r->model->graph;
    *m = *r->model;
    g->node = l.node;
    g->n_node = l.n;
    m->graph = g;
    r->model = m;
    r->node_opset = l.opset;
    return true;
}
