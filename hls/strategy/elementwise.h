/* Layers whose output element depends on one input element, as datapath operations. */
#ifndef NH_ELEMENTWISE_H
#define NH_ELEMENTWISE_H

#include "design.h"
#include "unary.h"

/* The bounded list of sentences that end in nh_unit.note. */
#define NH_MAX_NOTES 8
typedef struct {
    const char *note[NH_MAX_NOTES];
    int n;
    nh_table_fact table[NH_MAX_NOTES]; /* one per layer */
    int n_table;
} nh_notes;

/* Keep a note once; NULL is ignored. */
void nh_notes_add(nh_notes *n, const char *note);
/* The same of a layer's table; of several tables of a layer the worst is kept. */
void nh_notes_add_table(nh_notes *n, const nh_layer *l, const nh_dp_table_facts *facts);

/* Can the layer follow another one inside the same unit: does it act on one tensor element by element, without state?
 * needs_channel: its constants differ per element. */
bool nh_is_elementwise(const nh_layer *l, bool *needs_channel);

/* Result of dense sums and batch norms: acc (frac of l->accum) times the requantizer, cast to the layer's result
 * format. mul: the multiplier as a value, or NULL to take the constant of `channel`. */
nh_val nh_requantize(nh_dp *p, const nh_graph *g, const nh_layer *l, nh_val acc, const nh_val *mul, int64_t channel);

/* Hold a value of a tensor's format within its interval, where rounding and polynomials could leave it. */
nh_val nh_within_tensor(nh_dp *p, const nh_tensor *t, nh_val v);

/* One elementwise layer applied to one value of its input tensor; channel selects per-element constants. */
nh_val nh_apply_elementwise(nh_dp *p, const nh_graph *g, const nh_layer *l, nh_val x, int64_t channel, nh_notes *notes);

#endif
