/* neurohls fixed-point runtime: exact casts with every rounding and overflow mode of ap_fixed.
 * Shipped unchanged with generated C kernels; it carries no condition of ours (use it as you like).
 *
 * A number is an integer raw with frac fractional bits: value = raw * 2^-frac. A cast moves it to another frac
 * (rounding what does not fit below) and into width_bits bits (wrapping or saturating what does not fit above). The
 * casts are total: any raw, any frac (also negative or far apart) is legal, and nothing here is undefined behaviour.
 * With constant modes a compiler folds a cast to a few instructions. */
#ifndef NH_FX_H
#define NH_FX_H

#include <stdbool.h>
#include <stddef.h>
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

#if defined(__GNUC__)
#define NH_FX_INLINE static inline __attribute__((always_inline, unused))
#else
#define NH_FX_INLINE static inline
#endif

/* Whether the floor must be incremented. half: the first bit cut off; rest: any bit below it; odd: bit 0 of the floor.
 */
NH_FX_INLINE bool nh_fx_round_up(nh_round round, bool negative, bool half, bool rest, bool odd) {
    switch (round) {
    case NH_ROUND_TRN: return false;
    case NH_ROUND_TRN_ZERO: return negative & (half | rest);
    case NH_ROUND_RND: return half;
    case NH_ROUND_RND_ZERO: return half & (rest | negative);
    case NH_ROUND_RND_INF: return half & (rest | !negative);
    case NH_ROUND_RND_MIN_INF: return half & rest;
    case NH_ROUND_RND_CONV: return half & (rest | odd);
    }
    return false;
}

/* One definition for every word size. T is the signed word of BITS bits, U its unsigned twin; SUFFIX names the
 * functions:
 *
 *   T nh_fx_max_raw<SUFFIX>(width_bits, is_signed)             largest raw of a format
 *   T nh_fx_min_raw<SUFFIX>(width_bits, is_signed, overflow)   smallest raw; symmetric for a signed SAT_SYM
 *   T nh_fx_checked_cast<SUFFIX>(raw, ..., bool *overflowed)   the cast; *overflowed: it saturated or wrapped
 *
 * A format must fit T: width_bits <= BITS when signed, < BITS when not. */
#define NH_FX_DEFINE(SUFFIX, T, U, BITS)                                                                               \
    NH_FX_INLINE T nh_fx_max_raw##SUFFIX(int width_bits, bool is_signed) {                                             \
        return (T)((U)(~(U)0) >> (BITS - width_bits) >> (is_signed ? 1 : 0));                                          \
    }                                                                                                                  \
    NH_FX_INLINE T nh_fx_min_raw##SUFFIX(int width_bits, bool is_signed, nh_overflow overflow) {                       \
        T max = nh_fx_max_raw##SUFFIX(width_bits, is_signed);                                                          \
        return !is_signed ? 0 : overflow == NH_OVERFLOW_SAT_SYM ? (T)-max : (T)(-max - 1);                             \
    }                                                                                                                  \
    /* raw * 2^-cut, cut > 0, rounded to an integer. */                                                                \
    NH_FX_INLINE T nh_fx_round_off##SUFFIX(T raw, int cut, nh_round round) {                                           \
        if (cut > BITS) { /* all that counts of a number below a quarter is its sign */                                \
            raw = (T)((raw > 0) - (raw < 0));                                                                          \
            cut = BITS;                                                                                                \
        }                                                                                                              \
        T floor = (T)(raw >> (cut < BITS ? cut : BITS - 1));                                                           \
        bool half = (raw >> (cut - 1)) & 1;                                                                            \
        bool rest = ((U)raw & (U)(((U)1 << (cut - 1)) - 1)) != 0;                                                      \
        return (T)(floor + (T)nh_fx_round_up(round, raw < 0, half, rest, floor & 1));                                  \
    }                                                                                                                  \
    /* The low width_bits bits, sign-extended when signed. */                                                          \
    NH_FX_INLINE T nh_fx_wrap##SUFFIX(T raw, int width_bits, bool is_signed) {                                         \
        U low = (U)((U)raw & (U)((U)(~(U)0) >> (BITS - width_bits)));                                                  \
        U sign = is_signed ? (U)((U)1 << (width_bits - 1)) : 0;                                                        \
        return (T)((low ^ sign) - sign);                                                                               \
    }                                                                                                                  \
    NH_FX_INLINE T nh_fx_checked_cast##SUFFIX(T raw, int frac_in, int frac_out, int width_bits, bool is_signed,        \
                                              nh_round round, nh_overflow overflow, bool *overflowed) {                \
        int cut = frac_in - frac_out;                                                                                  \
        T max = nh_fx_max_raw##SUFFIX(width_bits, is_signed);                                                          \
        T min = nh_fx_min_raw##SUFFIX(width_bits, is_signed, overflow);                                                \
        T moved, top = max, bottom = min;                                                                              \
        if (cut > 0) {                                                                                                 \
            moved = raw = nh_fx_round_off##SUFFIX(raw, cut, round);                                                    \
        } else { /* the shifted value may not fit T: compare before the shift */                                       \
            bool gone = -cut >= BITS;                                                                                  \
            int up = gone ? 0 : -cut;                                                                                  \
            top = gone ? 0 : (T)(max >> up);                                                                           \
            bottom = gone ? 0 : (T)((U)0 - (U)((U)((U)0 - (U)min) >> up));                                             \
            moved = gone ? 0 : (T)((U)raw << up);                                                                      \
        }                                                                                                              \
        bool above = raw > top, below = raw < bottom;                                                                  \
        *overflowed = above || below;                                                                                  \
        if (overflow == NH_OVERFLOW_WRAP) return nh_fx_wrap##SUFFIX(moved, width_bits, is_signed);                     \
        if (overflow == NH_OVERFLOW_SAT_ZERO) return above || below ? 0 : moved;                                       \
        return above ? max : below ? min : moved;                                                                      \
    }

NH_FX_DEFINE(, nh_i128, nh_u128, 128)
NH_FX_DEFINE(64, int64_t, uint64_t, 64)
NH_FX_DEFINE(32, int32_t, uint32_t, 32)
#undef NH_FX_DEFINE

/* raw with frac_in fractional bits -> raw of the format (width_bits <= 64, frac_out, sign) by its modes. overflowed:
 * NULL, or set to whether the value saturated or wrapped. */
NH_FX_INLINE nh_i128 nh_fx_cast(nh_i128 raw, int frac_in, int frac_out, int width_bits, bool is_signed, nh_round round,
                                nh_overflow overflow, bool *overflowed) {
    bool lost;
    nh_i128 out = nh_fx_checked_cast(raw, frac_in, frac_out, width_bits, is_signed, round, overflow, &lost);
    if (overflowed != NULL) *overflowed = lost;
    return out;
}

/* The same for 64-bit words: width_bits <= 64 signed, <= 63 unsigned. */
NH_FX_INLINE int64_t nh_fx_cast64(int64_t raw, int frac_in, int frac_out, int width_bits, bool is_signed,
                                  nh_round round, nh_overflow overflow) {
    bool lost;
    return nh_fx_checked_cast64(raw, frac_in, frac_out, width_bits, is_signed, round, overflow, &lost);
}

/* The same for 32-bit words: width_bits <= 32 signed, <= 31 unsigned. */
NH_FX_INLINE int32_t nh_fx_cast32(int32_t raw, int frac_in, int frac_out, int width_bits, bool is_signed,
                                  nh_round round, nh_overflow overflow) {
    bool lost;
    return nh_fx_checked_cast32(raw, frac_in, frac_out, width_bits, is_signed, round, overflow, &lost);
}

#endif
