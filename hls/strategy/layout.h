/* The order in which a tensor's elements stream. */
#ifndef NH_LAYOUT_H
#define NH_LAYOUT_H

#include "design.h"

/* Wires (reshape, identity, delays of no step) carry the tensor they read: the tensor at their beginning. */
int nh_root_tensor(const nh_graph *g, int tensor);
bool nh_is_wire(const nh_layer *l);

typedef struct {
    int64_t channels, pixels; /* of the image that streams pixel by pixel; 1, n: tensor order */
    const int64_t *order;     /* [n] as nh_stream.order, or NULL */
} nh_layout;

/* Layout of every tensor; what elementwise layers and wires join has the same one. NULL: two
 * images of different shape would have to (NH_P_LAYOUT). */
nh_layout *nh_layouts(nh_arena *a, nh_diag *d, const nh_graph *g);

#endif
