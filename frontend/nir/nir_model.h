/* The NIR reader's own view of a file: nodes and edges of all subgraphs in one flat list, and what is known of each.
 * Private to frontend/nir.
 *
 * Stages: flatten (tree -> nodes and edges) -> params (kinds and values) -> topology (what counts, where loops are cut)
 * -> shapes -> build (layers). Each goes on to its end after an error; the next one does not begin. */
#ifndef NH_NIR_MODEL_H
#define NH_NIR_MODEL_H

#include "graph.h"
#include "h5.h"

#define NIR_MAX_NODES 10000
#define NIR_MAX_EDGES 100000
#define NIR_MAX_ELEMENTS ((int64_t)1 << 24) /* of a signal, per time step */
#define NIR_MAX_INT ((int64_t)1 << 30)      /* strides, kernels ... */
#define NIR_MAX_STEPS 100000                /* of a delay */
#define NIR_MAX_SPREAD                                                                                                 \
    ((int64_t)1 << 25) /* neuron parameters, in all, that are made from fewer numbers of the file                      \
                        */
#define NIR_MAX_PARAMS 8
#define NIR_MAX_LISTED 16 /* diagnostics of one kind in one graph; the rest is counted */

typedef struct nir_model nir_model;
typedef struct nir_node nir_node;

typedef enum {
    NIR_OPTIONAL = 1,
    NIR_INTEGER = 2,
    NIR_TEXT = 4, /* may be a text instead */
    NIR_ABOVE_ZERO = 8,
    NIR_NOT_NEGATIVE = 16,
    NIR_FOLLOWS = 32 /* says again what follows from the signal: a bad one is left out with a warning */
} nir_rule;

typedef struct {
    const char *name;
    unsigned rules; /* or of nir_rule */
} nir_param_rule;

typedef enum { NIR_PORT_IN, NIR_PORT_OUT, NIR_GRAPH, NIR_STATELESS, NIR_STATEFUL, NIR_DELAY } nir_class;

typedef struct {
    const char *name;
    nir_class cls;
    nh_neuron_kind kind;         /* STATEFUL: of the neuron */
    const nir_param_rule *param; /* ends with name NULL */
    /* Check the parameters against node->x, set node->y. */
    bool (*shape)(nir_model *m, nir_node *n);
    /* Set the operator, window, weights ... of the layer. */
    bool (*build)(nir_model *m, nir_node *n, nh_layer *l);
} nir_type;

struct nir_node {
    const char *name; /* of the layer: "outer.inner" */
    const nir_type *type;
    const nh_h5 *group;                 /* NULL: a port that the file left out */
    const char *path;                   /* in the file */
    const nh_h5 *param[NIR_MAX_PARAMS]; /* in the order of type->param; NULL = left out */
    int depth;                          /* of its graph: 0 = the root */
    bool live;                          /* on a path from the input to the output */
    bool is_late;                       /* a Delay on a cycle, of one step or more for every element */
    int source;                         /* a port of a subgraph with one signal: the node that makes it; else -1 */
    nh_shape x, y;                      /* signal in and out */
    bool has_shape, is_bad;             /* y is known; it was reported */
    bool has_bad_params;                /* some of them: they were reported, and are not to be looked at */
    const char *batched;                /* the parameter that has a batch dimension, or NULL */
    int tensor;                         /* of the output; -1 before build */
    int sum;                            /* a late Delay of several signals: the tensor of their sum; else -1 */
    int delayed, delayed_steps;         /* the tensor `delayed_steps` later, when there is one */
};

typedef struct {
    int from, to;
    int delay; /* steps that the reader adds */
    int rank;  /* edges between `to` and the output: lists of edges begin with the longest way */
} nir_edge;

/* Edges of every node: edge[at[n] .. at[n + 1] - 1]. */
typedef struct {
    int *at, *edge;
} nir_adjacency;

struct nir_model {
    nh_arena *a;       /* of the run: the tree, the graph */
    nh_arena *scratch; /* of the reader */
    nh_diag *d;
    const char *path;
    double dt; /* seconds per step, for delays */
    nir_node *node;
    int n_node;
    size_t cap_node;
    nir_edge *edge;
    int n_edge;
    size_t cap_edge;
    int input, output; /* nodes */
    nir_adjacency in, out;
    int *order, n_order; /* live nodes, each after one that feeds it */
    int *build, n_build; /* live nodes, each after those it reads in the same step */
    int64_t n_spread;    /* numbers made from fewer of the file */
    bool is_too_large;   /* ... which are too many: reported */
    bool has_metadata;   /* was noted */
    nh_graph *g;
};

/* --- types.c, params.c ------------------------------------------------------------------------------------------- */

/* The row of a type, or NULL. */
const nir_type *nir_type_find(const char *name);
const nir_type *nir_type_of(nir_class cls); /* the first of the class */
/* Its name's nearest, or NULL; and all of them as text. */
const char *nir_type_nearest(const char *name);
const char *nir_type_list(nh_arena *a);

/* Find and check the parameters of every node. */
bool nir_params(nir_model *m);
/* A parameter of n by name; NULL when left out. */
const nh_h5 *nir_param(const nir_node *n, const char *name);
nh_shape nir_h5_shape(const nh_h5 *p);
/* "[3, 17]": the place of element i. */
const char *nir_position(nh_arena *a, const nh_h5 *p, int64_t i);

/* --- flatten.c, metadata.c --------------------------------------------------------------------------------------- */

bool nir_flatten(nir_model *m, const nh_h5 *root);
void nir_metadata(nir_model *m, const nh_h5 *group);

/* --- topology.c, loops.c, walk.c --------------------------------------------------------------------------------- */

bool nir_topology(nir_model *m);
bool nir_loops(nir_model *m);
void nir_adjacent(nir_model *m);
/* Steps of a delay in seconds. */
double nir_steps(const nir_model *m, double seconds);
/* "'a' -> 'b' -> 'a'": the n nodes of a cycle. */
const char *nir_cycle_text(const nir_model *m, const int *node, int n);

typedef struct nir_walk nir_walk;
struct nir_walk {
    nir_model *m;
    bool forward;
    bool (*follow)(const nir_model *m, const nir_edge *e); /* NULL: all */
    /* Edge e closes a cycle: stack[from .. n_stack - 1] are the nodes on it. */
    void (*on_back)(nir_walk *w, int e, int from);
    int *stack, n_stack;
    int *post, n_post; /* nodes when they are left: after all that they lead to */
    char *mark;
    int *next;
    int n_reported; /* by on_back */
};

nir_walk nir_walk_new(nir_model *m, bool forward, bool (*follow)(const nir_model *, const nir_edge *));
void nir_walk_from(nir_walk *w, int root);

/* --- shapes.c, window.c, neuron.c -------------------------------------------------------------------------------- */

bool nir_shapes(nir_model *m);
/* The signal that n reads does not fit. want: what would fit, or rank 0. Finds out whether time or a Flatten is the
 * cause. */
bool nir_misfit(nir_model *m, nir_node *n, nh_shape want, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Without leading dimensions of 1, down to rank `least`. */
nh_shape nir_without_ones(nh_shape s, int least);
typedef bool nir_shape_fn(nir_model *m, nir_node *n);
nir_shape_fn nir_shape_same, nir_shape_dense, nir_shape_flatten; /* shapes.c */
nir_shape_fn nir_shape_conv, nir_shape_pool;                     /* window.c */
nir_shape_fn nir_shape_neuron;                                   /* neuron.c */

typedef bool nir_build_fn(nir_model *m, nir_node *n, nh_layer *l);
nir_build_fn nir_build_input, nir_build_dense, nir_build_identity, nir_build_flatten; /* build.c */
nir_build_fn nir_build_conv, nir_build_pool;                                          /* window.c */
nir_build_fn nir_build_neuron, nir_build_program, nir_build_delay;                    /* neuron.c */

/* --- build.c ----------------------------------------------------------------------------------------------------- */

bool nir_build(nir_model *m);
/* A parameter of a layer, called "<node>.<name>". */
nh_param *nir_make_param(nir_model *m, const nir_node *n, const nh_h5 *p, nh_shape shape);

/* --- nir.c ------------------------------------------------------------------------------------------------------- */

nh_loc nir_at(const nir_model *m, const char *path);
nh_loc nir_at_node(const nir_model *m, const nir_node *n);
/* The graph of a file's tree: what nh_reader_nir does after nh_h5_read. NULL with diagnostics. */
nh_graph *nh_nir_from_tree(nh_arena *a, nh_diag *d, const char *path, const nh_h5 *tree, double dt);

#endif
