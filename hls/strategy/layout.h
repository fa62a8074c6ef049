/* The order in which a tensor's elements stream. */
#ifndef NH_LAYOUT_H
#define NH_LAYOUT_H

#include "design.h"

/* Wires (reshape, identity, transpose, delays of no step) carry the tensor they read: the tensor at their beginning. */
int nh_root_tensor(const nh_graph *g, int tensor);
bool nh_is_wire(const nh_layer *l);

typedef struct {
    int64_t channels, pixels; /* of the image that streams pixel by pixel; 1, n: tensor order */
    const int64_t *order;     /* [n] as nh_stream.order, or NULL */
    bool fixed;               /* a window or a transposition asks for it */
} nh_layout;

/* Layout of every tensor; what elementwise layers and reshapes join has the same one, what a transposition joins one
 * that makes it cost nothing. NULL: there is none (NH_P_LAYOUT). */
nh_layout *nh_layouts(nh_arena *a, nh_diag *d, const nh_graph *g);

#endif
