/* What the files of hls/datapath share: interning, and the checked arithmetic of intervals. */
#ifndef NH_DATAPATH_INTERNAL_H
#define NH_DATAPATH_INTERNAL_H

#include "datapath.h"
#include "intmath.h"

#define NH_DP_NONE UINT32_MAX /* no operand; an output that is not set yet */
#define NH_DP_BITS 126 /* |raw| of every value is below 2^126, so that one more addition cannot overflow nh_i128 */

/* Number of operands of an operation, 0 to 3. */
int nh_dp_op_operands(nh_dp_op op);

typedef struct nh_dp_memo
    nh_dp_memo; /* tables.c: a table that was built; the same function of the same kind of value shares it */

typedef struct nh_dp_hash {
    uint32_t *slot; /* node index + 1; 0 = empty */
    size_t n_slot;  /* a power of two */
    nh_dp_memo *memo;
} nh_dp_hash;

/* The node equal to n, made when there is none; sets width and signedness from n.range. A value whose interval is one
 * point becomes a constant. */
nh_val nh_dp_intern(nh_dp *p, nh_dp_node n);
/* Tell the proved interval of v when it is tighter than what interval arithmetic found. */
void nh_dp_narrow(nh_dp *p, nh_val v, nh_range r);
/* The low bits of v that `to` (unsigned, WRAP) holds: a cast whose wrapping is meant and never counted as overflow. */
nh_val nh_dp_cut(nh_dp *p, nh_val v, nh_format to);
/* Operands and outputs v < n become map[v]. */
void nh_dp_redirect(nh_dp *p, const nh_val *map, uint32_t n);
/* Take these nodes, already interned once, as the new ones. */
void nh_dp_adopt(nh_dp *p, nh_dp_node *node, uint32_t n);
/* r * 2^shift, shift >= 0; false when that needs more than NH_DP_BITS. */
bool nh_dp_shl(nh_range r, int shift, nh_range *out);
/* The common frac of a and b and their intervals at it. On failure sets p->overflow128. */
bool nh_dp_align(nh_dp *p, nh_val a, nh_val b, int *frac, nh_range *ra, nh_range *rb);
bool nh_dp_is_const(const nh_dp *p, nh_val v, nh_i128 raw);
/* Bits of the smallest two's complement that holds the magnitude of both ends, sign included. */
int nh_dp_bits(nh_range r);

#endif
