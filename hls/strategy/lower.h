/* What lower.c lends to the files that lower the layers of one kind of unit. */
#ifndef NH_LOWER_H
#define NH_LOWER_H

#include "build.h"
#include "layout.h"

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_graph *g;
    const nh_options *o;
    nh_dp_timing timing;
    nh_design *design;
    const nh_layout *layout; /* [n_tensor] */
    int64_t *reuse;          /* [n_layer] */
    int *readers;            /* [n_tensor] by root tensor: inputs of units, and the output port */
    int *open;               /* [n_tensor] by root tensor: the stream whose next reader is to be connected */
    int *left;               /* [n_tensor] readers that are still to come */
    nh_notes notes;          /* of the unit that is being lowered */
} nh_lowering;

/* --- streams and units (lower.c) ---------------------------------------------------------------------------------- */

/* The stream on which the next reader of the tensor gets it; a fork is made where there are several readers. */
int nh_lower_take(nh_lowering *c, int tensor);
/* A unit for the layers of a run, or for none: its id is then `prefix`, its number and the stream's id. */
nh_unit *nh_lower_unit(nh_lowering *c, nh_unit_kind kind, const nh_layer_run *r);
nh_unit *nh_lower_bare_unit(nh_lowering *c, nh_unit_kind kind, const char *prefix, int stream);
/* The stream becomes the unit's next input, in transfers of `beat` elements. */
void nh_lower_feed(nh_lowering *c, nh_unit *u, int stream, int64_t beat);
/* A new output stream of the unit; nh_lower_give also makes it the one from which the tensor's readers take. */
int nh_lower_send(nh_lowering *c, nh_unit *u, int tensor, int64_t beat);
void nh_lower_give(nh_lowering *c, nh_unit *u, int tensor, int64_t beat);
/* Elements that an elementwise unit takes at once from the stream: what it brings, but of a wide port at most 64. */
int64_t nh_lower_lanes(const nh_lowering *c, int stream);
/* Raw biases at the accumulator's resolution, in the order of the rows; NULL without a bias. */
nh_i128 *nh_lower_biases(nh_lowering *c, const nh_layer *l, int64_t rows, const int64_t *order);

/* --- one per name in the column `lower` of hls/ir/op.def (unit_<kind>.c, lower.c) ----------------------------------
 *
 * The unit of a run, joined to the streams. False: an error was reported. */

bool nh_lower_datapath(nh_lowering *c, const nh_layer_run *r);
bool nh_lower_dense(nh_lowering *c, const nh_layer_run *r); /* a MAC or a datapath, by strategy */
bool nh_lower_conv(nh_lowering *c, const nh_layer_run *r);
bool nh_lower_pool(nh_lowering *c, const nh_layer_run *r);
bool nh_lower_neuron(nh_lowering *c, const nh_layer_run *r);
bool nh_lower_delay(nh_lowering *c, const nh_layer_run *r);
bool nh_lower_sum(nh_lowering *c, const nh_layer_run *r);
bool nh_lower_input(nh_lowering *c, const nh_layer_run *r); /* a port */
bool nh_lower_wire(nh_lowering *c, const nh_layer_run *r);  /* never called: wires have no unit */

/* The FIFO of a path that ends in a join, in transfers of the join's lanes, where the producer holds no frame itself.
 */
int nh_lower_buffered(nh_lowering *c, int stream, int64_t lanes);
/* A delay that closes a loop stands before the layer that makes what it delays: its unit (the index is returned) is
 * made at its place, its input is connected when all layers have their units. */
int nh_lower_loop_begin(nh_lowering *c, const nh_layer_run *r);
void nh_lower_loop_end(nh_lowering *c, int unit);

bool nh_lower_mac(nh_lowering *c, const nh_layer_run *r);
/* Geometry of the window of layer l, lanes and cycles by its reuse factor, and the ring of rows that they need
 * (unit_conv.c). False: reported. */
bool nh_lower_window(nh_lowering *c, const nh_layer *l, nh_unit *u);

#endif
