/* The reader's own view of a lava-dl `.net` file: its layers with every number checked, before they become a graph.
 * Private to frontend/lava. The format is lava-dl's (netx/hdf5.py reads it, slayer/block writes it). */
#ifndef NH_LAVA_H
#define NH_LAVA_H

#include "graph.h"
#include "h5.h"

#define LAVA_MAX_LAYERS 1000
#define LAVA_MAX_DELAY 62        /* what netx clips delays to */
#define LAVA_MAX_AXON_DELAY 1024 /* of SLAYER's axons, which have no limit */
#define LAVA_MAX_WEIGHT ((int64_t)1 << 31)
#define LAVA_MAX_ELEMENTS ((int64_t)1 << 24) /* of one activation */

typedef enum { LAVA_INPUT, LAVA_CONV, LAVA_DENSE, LAVA_DENSE_REC, LAVA_POOL, LAVA_FLATTEN } lava_type;

typedef enum {
    LAVA_LIF,
    LAVA_ALIF,
    LAVA_DELTA,
    LAVA_SIGMA_DELTA,
    LAVA_SIGMA,
    LAVA_RF_PHASE,
    LAVA_RF_IZ
} lava_neuron_kind;

/* Integers of the file: n is 1, or as many as the caller allows; value NULL: not in the file. */
typedef struct {
    const int64_t *value;
    int64_t n;
    nh_loc at;
} lava_ints;

typedef struct {
    lava_neuron_kind kind;
    lava_ints i_decay, v_decay, threshold;  /* threshold: vThMant */
    lava_ints th_decay, ref_decay, th_step; /* ALIF */
    lava_ints sin_decay, cos_decay;         /* RF */
    int64_t message_bits;                   /* of what it sends; 0: the next synapse reads 0 or 1 */
    nh_loc at;
} lava_neuron;

typedef struct {
    nh_shape shape; /* CONV, POOL: [c_out, c_in/groups, kh, kw]; DENSE: [n_out, n_in] */
    const int64_t *value;
    const double *real; /* the same numbers, when nothing was changed; else NULL */
    nh_loc at;
} lava_matrix;

typedef struct {
    int index;
    const char *name; /* "layer3" */
    const nh_h5 *group;
    nh_loc at;
    lava_type type;
    nh_shape shape;        /* as in the file; dense: [N] */
    lava_matrix weight[2]; /* real, imaginary */
    int n_weight;          /* 0, 1, 2 */
    lava_matrix recurrent; /* DENSE_REC */
    nh_window window;
    lava_ints bias, delay; /* delay: floor of the file's, clipped */
    bool has_neuron;
    lava_neuron neuron;
    bool is_kept; /* not one of skip_layers */
} lava_layer;

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const char *path;
    const nh_options *o; /* or NULL */
    lava_layer *layer;
    int n_layer;
    nh_graph *g;
    /* while the graph is built: what the layer before sends */
    int tensor;
    int64_t message_bits;
    bool is_spike;    /* elements are 0 or 1 */
    int64_t n_neuron; /* kept layers with neurons so far */
} lava_reader;

/* The graph of a tree that nh_h5_read gave; NULL with diagnostics. */
nh_graph *lava_graph(nh_arena *a, nh_diag *d, const char *path, const nh_h5 *root, const nh_options *o);

/* --- fields.c: typed access to datasets; false with a diagnostic ------------------------------------------------- */

nh_loc lava_at(const lava_reader *r, const nh_h5 *object);
/* The place of a member that may not exist. */
nh_loc lava_member_at(const lava_reader *r, const nh_h5 *group, const char *name);
/* A dataset of numbers; NULL and *ok left alone when it is absent, NULL and *ok = false when it is something else. */
const nh_h5 *lava_numbers(lava_reader *r, const nh_h5 *group, const char *name, bool *ok);
/* The same, absent is M_LAVA_MISSING. */
const nh_h5 *lava_need(lava_reader *r, const nh_h5 *group, const char *name, bool *ok);
/* All elements as integers in lo..hi: M_LAVA_INTEGER, M_LAVA_RANGE. NULL when reported. */
const int64_t *lava_integers(lava_reader *r, const nh_h5 *object, int64_t lo, int64_t hi);
/* A member of 1 or more integers in lo..hi; out->value NULL when it is absent, which is an error when it is needed. */
bool lava_ints_read(lava_reader *r, const nh_h5 *group, const char *name, bool needed, int64_t lo, int64_t hi,
                    lava_ints *out);
/* One integer; *out is left alone when it is absent. */
bool lava_int_read(lava_reader *r, const nh_h5 *group, const char *name, int64_t lo, int64_t hi, int64_t *out);
/* One string; NULL with *ok = false and a diagnostic when it is something else or absent. */
const char *lava_text(lava_reader *r, const nh_h5 *group, const char *name, bool needed, bool *ok);
/* Warn of members that are not among the blank separated `known`. */
void lava_known(lava_reader *r, const nh_h5 *group, const char *known);
/* n is 1, the first dimension (channels) or all elements of s: M_LAVA_SHAPE. */
bool lava_is_per(lava_reader *r, const lava_ints *v, const char *what, nh_shape s);

/* --- layer.c, weights.c, neuron.c: a group of the file -> a lava_layer ------------------------------------------- */

bool lava_layers_read(lava_reader *r, const nh_h5 *root);
/* weight, weight_rec, and the window of conv and pool. */
bool lava_weights_read(lava_reader *r, lava_layer *l);
/* delay: floor, clip. */
bool lava_delay_read(lava_reader *r, lava_layer *l);
bool lava_neuron_read(lava_reader *r, lava_layer *l);

/* --- build.c, synapse.c, program.c: lava_layers -> graph --------------------------------------------------------- */

bool lava_build(lava_reader *r);
/* Append a layer reading `in`, named "<layer>.<what>" ("<layer>" when what is NULL); the tensor it makes. */
int lava_append(lava_reader *r, const lava_layer *l, const char *what, nh_layer layer, int in, nh_shape shape,
                nh_edge_kind kind);
/* The synapses of a layer: its accumulators (1, or 2 for complex weights) and the largest magnitude of each that can
 * occur, -1 when that is not known. self: the tensor of its own spikes, for recurrent weights. */
typedef struct {
    int tensor[2], n;
    nh_shape shape;
    int64_t bound;
    bool is_conv;
} lava_sums;
bool lava_synapses(lava_reader *r, const lava_layer *l, int self, lava_sums *out);
/* What stands between a sender of graded messages and a synapse with message bits 0: 1 where the element is not 0. */
int lava_binary(lava_reader *r, const lava_layer *l, const char *what, int in);
/* The neuron of a layer, with its program; NULL when reported. */
nh_neuron *lava_program(lava_reader *r, const lava_layer *l, const lava_sums *sums);

#endif
