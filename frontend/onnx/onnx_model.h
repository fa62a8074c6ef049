/* The reader's own view of an ONNX model: values by name, nodes in order, and what is known of each.
 * Private to frontend/onnx. */
#ifndef NH_ONNX_MODEL_H
#define NH_ONNX_MODEL_H

#include "graph.h"
#include "reader.h"

#include "onnx.pb-c.h"

#define NH_ONNX_MAX_ELEMENTS ((int64_t)1 << 30) /* of one constant tensor */
#define NH_ONNX_MAX_SAMPLE ((int64_t)1 << 24)   /* of one activation, without the batch */
#define NH_FOLD_PER_BYTE 6                      /* elements that folding may make for each byte of the model */
#define NH_ONNX_MAX_NAME 1000                   /* bytes of a name */

/* A constant tensor, decoded only when a node asks for its numbers.
 * Its elements are `real` or `integer` (row-major) when one of them is set, else those of `proto`; transposed:
 * the shape is [c][r] while the elements still stand as [r][c]. */
typedef struct {
    const char *name;
    int type; /* of an element: Onnx__TensorProto__DataType */
    int rank;
    int64_t dim[NH_MAX_RANK];
    int64_t n;
    const Onnx__TensorProto *proto;
    nh_bytes external; /* the data of `proto` when they stand in another file; data NULL: they do not */
    double *real;      /* floats, each a value of its type */
    int64_t *integer;  /* integers and bools; uint64: its bits */
    double *batch;     /* NULL, or per element how often the open batch is to be added to it */
    bool transposed;
    bool spans_batch; /* dim[0] is 1 and stands for a batch that is open: every sample has these numbers */
} onnx_const;

typedef enum {
    VALUE_UNKNOWN, /* not made yet */
    VALUE_BAD,     /* its node was reported; what depends on it is passed over in silence */
    VALUE_CONST,
    VALUE_TENSOR
} value_kind;

typedef struct {
    const char *name;
    value_kind kind;
    int producer;                         /* node index, or -1: graph input or initializer */
    int n_uses;                           /* of its elements, by nodes that reach the output, and by the output */
    int tensor;                           /* VALUE_TENSOR: index in the graph; its batch dimension is dropped */
    bool is_input;                        /* listed as input of the model, without an initializer of its own */
    bool read;                            /* by a node on the way to the output, or it is the output */
    bool listed;                          /* an initializer that is listed as input, too */
    bool varies;                          /* its elements depend on the input of the model */
    bool no_batch;                        /* VALUE_TENSOR: the model has no batch dimension here */
    onnx_const c;                         /* VALUE_CONST */
    const Onnx__TensorProto *initializer; /* not opened yet, or NULL */
} onnx_value;

typedef struct {
    const Onnx__NodeProto *proto;
    const char *name; /* unique; what a DENSE layer, say, will be called */
    nh_loc at;
    int *in, *out; /* value indices; -1: left out */
    int n_in, n_out;
    bool live;       /* the output depends on it */
    nh_layer *match; /* NULL, or the layer that it and nodes before it are: patterns.c */
} onnx_node;

/* A file beside the model that was read, or could not be. */
typedef struct onnx_external {
    const char *location;
    nh_bytes file;
    nh_sha1 sha1; /* empty until a tensor names it */
    bool ok;
    struct onnx_external *next;
} onnx_external;

typedef struct {
    nh_arena *a;       /* of the run: the graph */
    nh_arena *scratch; /* of the reader: protobuf, tables */
    nh_diag *d;
    const char *path;
    nh_bytes file;
    const nh_options *o; /* or NULL */
    const Onnx__ModelProto *model;
    int64_t opset;             /* of the node that is being read */
    const int64_t *node_opset; /* per node, or NULL: that of the model */
    onnx_value *value;         /* sorted by name */
    int n_value;
    onnx_node *node;
    int n_node;
    int *order; /* live nodes, each after those it reads */
    int n_order;
    int input, output; /* values */
    int64_t batch;     /* 0: symbolic */
    onnx_external *external;
    int64_t fold_left; /* elements that folding may still make */
    int64_t work_left; /* multiplications that folding may still make */
    nh_graph *g;
} onnx_reader;

/* Meanings of the operators read here did not change between these versions. */
enum { ONNX_OPSET_MIN = 7, ONNX_OPSET_KNOWN = 24 };

/* inline.c: local functions in the place of their calls: a new graph in r->model. */
bool onnx_inline_functions(onnx_reader *r);

/* values.c: the tables. */
bool onnx_tables(onnx_reader *r);
/* Index of the value called name, or -1. */
int onnx_value_find(const onnx_reader *r, const char *name);
nh_loc onnx_at(const onnx_reader *r, const char *what, const char *name);

/* ends.c: which of the outputs of the model is built, and from which input it is computed. */
bool onnx_choose_output(onnx_reader *r);
bool onnx_choose_input(onnx_reader *r);

/* order.c: liveness, topological order, unique layer names. */
bool onnx_order(onnx_reader *r);

/* constant.c: TensorProto -> numbers. */
/* Check dims, dtype and data length of a tensor; M_TENSOR. */
bool onnx_const_open(onnx_reader *r, const Onnx__TensorProto *t, const char *name, onnx_const *out);
/* Decode the elements: `real` or `integer` is set and `transposed` is not, afterwards. M_LIMIT. */
bool onnx_const_load(onnx_reader *r, onnx_const *c);
bool onnx_type_is_real(int type);
/* v as a value of a float type: rounded to the nearest, ties to even. */
double onnx_round_to(int type, double v);
/* v as a value of an integer type: modulo 2^bits. */
int64_t onnx_wrap_to(int type, int64_t v);
/* All elements row-major, times `factor`, in a; transpose (rank 2): as [dim 1][dim 0]. NULL with M_VALUE for
 * NaN, infinities, integers beyond 2^53 and numbers that depend on the open batch, NULL with M_LIMIT when too large. */
double *onnx_const_values(onnx_reader *r, nh_arena *a, const onnx_const *c, bool transpose, double factor);

/* external.c: the `size` bytes of a tensor whose data stand in another file; M_TENSOR. */
bool onnx_external_data(onnx_reader *r, const Onnx__TensorProto *t, const char *name, uint64_t size, nh_bytes *out);

/* fold.c: constants are computed here, so that operators which no layer can carry may stand between them. */
typedef struct onnx_fold_row onnx_fold_row;
/* The row of the node's operator, or NULL. */
const onnx_fold_row *onnx_fold_find(const onnx_node *n);
/* Can the node be computed now? Its inputs are constant, or only their shape is asked for. */
bool onnx_fold_applies(onnx_reader *r, const onnx_node *n, const onnx_fold_row *row);
bool onnx_fold_node(onnx_reader *r, onnx_node *n, const onnx_fold_row *row);
/* M_FORM: the node cannot do with a constant that has a row for every sample of an open batch. */
bool onnx_spans_batch(onnx_reader *r, const onnx_node *n, const char *name);
/* The inputs and attributes of a node against a row of a table. */
bool onnx_well_formed(onnx_reader *r, const onnx_node *n, int min_in, int max_in, const char *attributes);

/* attribute.c: typed access; false/NULL with M_FORM when an attribute is there with another type. */
const Onnx__AttributeProto *onnx_attr(const onnx_node *n, const char *name);
bool onnx_attr_int(onnx_reader *r, const onnx_node *n, const char *name, int64_t absent, int64_t *out);
bool onnx_attr_float(onnx_reader *r, const onnx_node *n, const char *name, double absent, double *out);
/* A float that may be an infinity, but not NaN. */
bool onnx_attr_real(onnx_reader *r, const onnx_node *n, const char *name, double absent, double *out);
/* *count = -1 when absent. */
bool onnx_attr_ints(onnx_reader *r, const onnx_node *n, const char *name, const int64_t **out, int *count);
/* Every attribute of n is one of the blank separated `known` and stands once. */
bool onnx_attrs_known(onnx_reader *r, const onnx_node *n, const char *known);

/* patterns.c: nodes that together compute a function of one variable become one, whose match is set. */
void onnx_match_functions(onnx_reader *r);

/* operators.c: the table of operators. Reports the nodes that no row carries; then reads one node. */
bool onnx_operators_supported(onnx_reader *r);
bool onnx_operator_read(onnx_reader *r, onnx_node *n);
/* Shape and Size: they do not read the elements of their input. */
bool onnx_asks_for_shape(const onnx_node *n);

/* A reader of one operator: report and return false, or set its output values. */
typedef bool onnx_read_fn(onnx_reader *r, onnx_node *n);
/* dense.c */
onnx_read_fn onnx_read_gemm, onnx_read_matmul, onnx_read_arithmetic, onnx_read_batchnorm;
/* elementwise.c */
onnx_read_fn onnx_read_conv, onnx_read_pool, onnx_read_global_pool;
onnx_read_fn onnx_read_clip, onnx_read_softmax, onnx_read_identity, onnx_read_cast, onnx_read_dropout, onnx_read_argmax;
/* activations.c */
onnx_read_fn onnx_read_function, onnx_read_gelu, onnx_read_prelu, onnx_read_pow;
/* shapes.c */
onnx_read_fn onnx_read_flatten, onnx_read_reshape, onnx_read_squeeze, onnx_read_unsqueeze, onnx_read_transpose,
    onnx_read_constant;

/* How a constant spreads over a tensor of shape s, without its batch: it varies along the axes axis .. axis + n_axes -
 * 1 at the most (n_axes 0: it is one number), and has n values there, row-major. */
typedef struct {
    int axis, n_axes;
    int64_t n;
    double *value; /* [n], in the reader's arena of the graph */
} onnx_spread;

/* Broadcast c to shape s as NumPy does, times factor. M_SHAPE when it does not fit, would widen the tensor, or differs
 * between samples. */
bool onnx_spread_over(onnx_reader *r, const onnx_node *n, const onnx_const *c, nh_shape s, double factor,
                      onnx_spread *out);

/* Here ONNX shapes are lists of dimensions with the batch in front, which stands as ONNX_BATCH. */
enum { ONNX_BATCH = -1, ONNX_MAX_RANK = NH_MAX_RANK + 1 };
typedef struct {
    int rank;
    int64_t dim[ONNX_MAX_RANK];
} onnx_dims;
/* shapes.c: the dimensions of a tensor or a constant. */
onnx_dims onnx_dims_of(const onnx_reader *r, const onnx_value *v);

/* learn.c: what scikit-learn puts in front of a network (domain ai.onnx.ml). */
onnx_read_fn onnx_read_scaler;

/* What the readers of operators share (operators.c). */
bool onnx_form(onnx_reader *r, const onnx_node *n, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
bool onnx_shape_error(onnx_reader *r, const onnx_node *n, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The value of input i, or NULL when it is left out. */
onnx_value *onnx_in(onnx_reader *r, const onnx_node *n, int i);
/* The shape of a VALUE_TENSOR. */
nh_shape onnx_shape(const onnx_reader *r, const onnx_value *v);
/* Input 0 as tensor; NULL with M_FORM when it is constant. */
onnx_value *onnx_activation(onnx_reader *r, const onnx_node *n);
/* Input i as constant; NULL with M_FORM when it is absent or not constant. */
onnx_value *onnx_constant(onnx_reader *r, const onnx_node *n, int i, const char *what);
/* Add `layer` (op and numbers set) reading tensor `in`, and make it the value of output 0. */
bool onnx_add_layer(onnx_reader *r, const onnx_node *n, nh_layer layer, int in, nh_shape shape);
/* A parameter of the graph. */
nh_param *onnx_param(onnx_reader *r, const char *name, nh_shape shape, const double *value);

#endif
