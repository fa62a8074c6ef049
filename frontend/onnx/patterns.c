/* Functions that exporters write as several nodes: x * sigmoid(x), x * (1 + erf(x / sqrt(2))) / 2 and so on.
 *
 * A region of nodes that compute one number from one number, and in which a tensor is read twice, becomes one layer
 * when what it computes is one of the functions that can be built. What it computes is found by computing it: however
 * the exporter arranged its nodes, at 481 points the region must give the function to within what single-precision
 * constants are exact to. Two of the functions differ by 5e-4 at least. */
#include "onnx_model.h"

#include "unary.h"

#include <math.h>
#include <string.h>

enum { MOST_NODES = 24, POINTS = 481 };

typedef enum {
    ADD,
    SUB,
    MUL,
    DIV,
    POW,
    NEG,
    ABS,
    EXP,
    LOG,
    SQRT,
    TANH,
    SIGMOID,
    ERF,
    SOFTPLUS,
    RELU,
    HARD_SIGMOID,
    CLIP,
    SAME
} step;

static const struct {
    const char *op;
    step step;
} steps[] = {
    {"Add", ADD},   {"Sub", SUB},           {"Mul", MUL},   {"Div", DIV},
    {"Pow", POW},   {"Neg", NEG},           {"Abs", ABS},   {"Exp", EXP},
    {"Log", LOG},   {"Sqrt", SQRT},         {"Tanh", TANH}, {"Sigmoid", SIGMOID},
    {"Erf", ERF},   {"Softplus", SOFTPLUS}, {"Relu", RELU}, {"HardSigmoid", HARD_SIGMOID},
    {"Clip", CLIP}, {"Identity", SAME},
};

/* Nodes between `leaf` and the output of `root`. */
typedef struct {
    onnx_reader *r;
    int root, leaf;
    int node[MOST_NODES], n;
    bool joins; /* a node reads two tensors */
} region;

static int step_of(const onnx_node *n) {
    const char *domain = n->proto->domain, *op = n->proto->op_type;
    for (size_t i = 0; op && !(domain && *domain) && n->n_out == 1 && i < sizeof steps / sizeof *steps; i++)
        if (strcmp(steps[i].op, op) == 0) return (int)steps[i].step;
    return -1;
}

/* Is the value a constant of one number? Nodes that make constants out of constants are read for it. */
static bool number(onnx_reader *r, int value, int depth, double *out) {
    onnx_value *v = &r->value[value];
    if (v->varies || depth > 8) return false;
    if (v->kind == VALUE_UNKNOWN && v->initializer)
        v->kind = onnx_const_open(r, v->initializer, v->name, &v->c) ? VALUE_CONST : VALUE_BAD;
    if (v->kind == VALUE_UNKNOWN && v->producer >= 0) {
        onnx_node *n = &r->node[v->producer];
        double ignored;
        if (onnx_asks_for_shape(n)) return false;
        for (int i = 0; i < n->n_in; i++)
            if (n->in[i] < 0 || !number(r, n->in[i], depth + 1, &ignored)) return false;
        if (!onnx_operator_read(r, n)) return false;
    }
    if (v->kind != VALUE_CONST || v->c.n != 1 || v->c.batch || !onnx_const_load(r, &v->c)) return false;
    *out = v->c.real ? v->c.real[0] : (double)v->c.integer[0];
    return isfinite(*out);
}

/* --- what a region computes -------------------------------------------------------------------------------------- */

static double attribute(const onnx_node *n, const char *name, double absent) {
    const Onnx__AttributeProto *a = onnx_attr(n, name);
    return a ? (double)a->f : absent;
}

static double limited(const onnx_node *n, double x, const double *bound, int n_in) {
    double lo = n_in > 1 ? bound[0] : attribute(n, "min", -INFINITY),
           hi = n_in > 2 ? bound[1] : attribute(n, "max", INFINITY);
    return fmin(fmax(x, lo), hi);
}

static double compute(const onnx_node *n, const double x[3]) {
    switch ((step)step_of(n)) {
    case ADD: return x[0] + x[1];
    case SUB: return x[0] - x[1];
    case MUL: return x[0] * x[1];
    case DIV: return x[0] / x[1];
    case POW: return pow(x[0], x[1]);
    case NEG: return -x[0];
    case ABS: return fabs(x[0]);
    case EXP: return exp(x[0]);
    case LOG: return log(x[0]);
    case SQRT: return sqrt(x[0]);
    case TANH: return tanh(x[0]);
    case SIGMOID: return 1 / (1 + exp(-x[0]));
    case ERF: return erf(x[0]);
    case SOFTPLUS: return fmax(x[0], 0) + log1p(exp(-fabs(x[0])));
    case RELU: return fmax(x[0], 0);
    case HARD_SIGMOID: return fmax(0, fmin(1, attribute(n, "alpha", (double)0.2f) * x[0] + attribute(n, "beta", 0.5)));
    case CLIP: return limited(n, x[0], x + 1, n->n_in);
    case SAME: return x[0];
    }
    return NAN;
}

/* The root's output where the leaf is x. Nodes of the region stand after those that read them. */
static double evaluate(const region *g, double x) {
    double result[MOST_NODES] = {0};
    for (int k = g->n - 1; k >= 0; k--) {
        const onnx_node *n = &g->r->node[g->node[k]];
        double in[3] = {0};
        for (int i = 0; i < n->n_in && i < 3; i++) {
            if (n->in[i] == g->leaf)
                in[i] = x;
            else if (!number(g->r, n->in[i], 0, &in[i]))
                for (int j = k + 1; j < g->n; j++)
                    if (g->r->node[g->node[j]].out[0] == n->in[i]) in[i] = result[j];
        }
        result[k] = compute(n, in);
    }
    return result[0];
}

/* Does the region compute the function of the layer? */
static bool is_function(const region *g, const nh_layer *l) {
    for (int i = 0; i < POINTS; i++) {
        double x = (i - POINTS / 2) / 20.0, error = evaluate(g, x) - nh_unary_eval(l, x);
        if (!(fabs(error) <= 5e-7 * (1 + fabs(x)))) return false;
    }
    return true;
}

static bool find_function(const region *g, nh_layer *l) {
    static const nh_op plain[] = {NH_OP_GELU,       NH_OP_GELU_TANH, NH_OP_MISH,
                                  NH_OP_HARD_SWISH, NH_OP_SOFTSIGN,  NH_OP_SQUARE};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        *l = (nh_layer){.op = plain[i]};
        if (is_function(g, l)) return true;
    }
    double at_one = evaluate(g, 1); /* sigmoid(alpha) */
    *l = (nh_layer){.op = NH_OP_SILU, .alpha = log(at_one / (1 - at_one))};
    if (fabs(l->alpha - 1) < 1e-6) l->alpha = 1;
    return l->alpha > 0 && l->alpha < 100 && is_function(g, l);
}

/* --- regions ----------------------------------------------------------------------------------------------------- */

static bool has_node(const region *g, int node) {
    for (int k = 0; k < g->n; k++)
        if (g->node[k] == node) return true;
    return false;
}

/* How many inputs of the region's nodes are `value`. */
static int uses(const region *g, int value) {
    int n = 0;
    for (int k = 0; k < g->n; k++)
        for (int i = 0; i < g->r->node[g->node[k]].n_in; i++) n += g->r->node[g->node[k]].in[i] == value;
    return n;
}

/* Every node from the root back to the leaf, in the order of the file backwards, so that readers come before what they
 * read. */
static bool collect(region *g, const int *position) {
    onnx_reader *r = g->r;
    g->n = 0;
    g->joins = false;
    g->node[g->n++] = g->root;
    for (int k = 0; k < g->n; k++) {
        const onnx_node *n = &r->node[g->node[k]];
        int tensors = 0;
        if (step_of(n) < 0 || n->n_in > 3) return false;
        for (int i = 0; i < n->n_in; i++) {
            double ignored;
            if (n->in[i] < 0) return false;
            bool is_number = number(r, n->in[i], 0, &ignored);
            tensors += !is_number;
            if (is_number || n->in[i] == g->leaf ||
                (r->value[n->in[i]].producer >= 0 && has_node(g, r->value[n->in[i]].producer)))
                continue;
            int from = r->value[n->in[i]].producer;
            if (from < 0 || !r->value[n->in[i]].varies || g->n == MOST_NODES) return false;
            g->node[g->n++] = from;
        }
        g->joins = g->joins || tensors > 1;
    }
    for (int k = 1; k < g->n; k++) /* insertion sort: later nodes first */
        for (int j = k; j > 0 && position[g->node[j]] > position[g->node[j - 1]]; j--) {
            int swap = g->node[j];
            g->node[j] = g->node[j - 1];
            g->node[j - 1] = swap;
        }
    for (int k = 1; k < g->n; k++) {
        int out = r->node[g->node[k]].out[0];
        if (out < 0 || uses(g, out) != r->value[out].n_uses) return false;
    }
    return g->joins && g->node[0] == g->root;
}

/* The root becomes the layer; the others are gone. */
static void replace(region *g, const nh_layer *l) {
    onnx_reader *r = g->r;
    onnx_node *root = &r->node[g->root];
    int kept = 0;
    r->value[g->leaf].n_uses -= uses(g, g->leaf) - 1;
    for (int k = 0; k < r->n_order; k++)
        if (r->order[k] == g->root || !has_node(g, r->order[k])) r->order[kept++] = r->order[k];
    r->n_order = kept;
    root->match = NH_NEW(r->scratch, nh_layer);
    *root->match = *l;
    root->in[0] = g->leaf;
    root->n_in = 1;
    nh_report(r->d, NH_N_GRAPH, root->at, "layer '%s': %d nodes that compute %s are one layer", root->name, g->n,
              nh_op_get(l->op)->text);
    nh_diag_layer(r->d, root->name);
}

/* Tensors before the root that could be the leaf: those of nodes between, nearest first. */
static bool match_root(region *g, const int *position) {
    onnx_reader *r = g->r;
    int seen[MOST_NODES] = {r->node[g->root].out[0]}, n = 1;
    for (int k = 0; k < n; k++) {
        int from = r->value[seen[k]].producer;
        if (k > 0 && r->value[seen[k]].n_uses > 1) {
            nh_layer l;
            g->leaf = seen[k];
            if (collect(g, position) && find_function(g, &l)) {
                replace(g, &l);
                return true;
            }
        }
        if (from < 0 || step_of(&r->node[from]) < 0) continue;
        for (int i = 0; i < r->node[from].n_in && n < MOST_NODES; i++) {
            int in = r->node[from].in[i];
            bool is_new = in >= 0 && r->value[in].varies;
            for (int j = 0; is_new && j < n; j++) is_new = seen[j] != in;
            if (is_new) seen[n++] = in;
        }
    }
    return false;
}

void onnx_match_functions(onnx_reader *r) {
    int *position = nh_arena_array(r->scratch, (size_t)r->n_node + 1, sizeof *position);
    for (int k = 0; k < r->n_order; k++) position[r->order[k]] = k;
    for (int k = r->n_order - 1; k >= 0; k--) {
        region g = {.r = r, .root = r->order[k]};
        if (step_of(&r->node[g.root]) < 0 || r->node[g.root].out[0] < 0 || !r->value[r->node[g.root].out[0]].varies)
            continue;
        if (match_root(&g, position) && k > r->n_order) k = r->n_order;
    }
}
