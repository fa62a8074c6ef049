/* neurohls fixed-point runtime: exact casts with every rounding and overflow mode of ap_fixed.
 * Shipped unchanged with generated C kernels; it carries no condition of ours (use it as you like). */
#ifndef NH_FX_H
#define NH_FX_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef __int128 nh_i128;
__extension__ typedef unsigned __int128 nh_u128;

/* The numbers are the ROUND and OVERFLOW parameters of rtl_templates/lib/nh_cast.v. */
typedef enum {
    NH_ROUND_TRN,         /* floor */
    NH_ROUND_TRN_ZERO,    /* toward zero */
    NH_ROUND_RND,         /* nearest, ties up */
    NH_ROUND_RND_ZERO,    /* nearest, ties toward zero */
    NH_ROUND_RND_INF,     /* nearest, ties away from zero */
    NH_ROUND_RND_MIN_INF, /* nearest, ties down */
    NH_ROUND_RND_CONV     /* nearest, ties to even */
} nh_round;

typedef enum { NH_OVERFLOW_WRAP, NH_OVERFLOW_SAT, NH_OVERFLOW_SAT_ZERO, NH_OVERFLOW_SAT_SYM } nh_overflow;

#endif
