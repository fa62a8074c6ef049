/* Fixed-point numbers: formats, exact casts, intervals. The one place that knows rounding and overflow.
 *
 * A number is an integer `raw` with a format: value = raw * 2^-frac, frac = width_bits - int_bits, where
 * frac may be negative or exceed width_bits. Modes and their names are those of ap_fixed.
 * The arithmetic itself is in sim/runtime/nh_fx.h, the header that is shipped with generated C: both the
 * compiler and the kernels call the same functions. */
#ifndef NH_FX_MODULE_H
#define NH_FX_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "nh_fx.h" /* nh_i128, nh_round, nh_overflow, nh_fx_cast */

typedef struct {
    int width_bits; /* 1..64 */
    int int_bits;   /* incl. the sign bit when is_signed; -64..128 */
    bool is_signed;
    nh_round round;
    nh_overflow overflow;
} nh_format;

static inline int nh_format_frac(nh_format f) { return f.width_bits - f.int_bits; }
nh_format nh_format_make(bool is_signed, int width_bits, int int_bits, nh_round round, nh_overflow overflow);

/* Largest and smallest raw integer. SAT_SYM formats have the symmetric minimum. */
nh_i128 nh_format_max(nh_format f);
nh_i128 nh_format_min(nh_format f);
bool nh_format_equal(nh_format a, nh_format b);

/* Parse "fixed<W,I[,round[,overflow]]>", "ufixed<...>", "int<W>", "uint<W>", with optional ap_/AP_ prefixes and
 * blanks. On failure *why is a static sentence and *at the offset of the offending character.
 * Ranges: 1 <= W <= 64, -64 <= I <= 128. Defaults TRN, WRAP. */
bool nh_format_parse(const char *text, nh_format *out, const char **why, size_t *at);

/* Canonical text, e.g. "fixed<8,1,RND,SAT>"; TRN,WRAP are left out. */
#define NH_FORMAT_TEXT 48
const char *nh_format_print(nh_format f, char buf[NH_FORMAT_TEXT]);

/* How often a conversion lost more than an LSB. */
typedef struct {
    uint64_t n, overflowed; /* overflowed: saturated or wrapped */
    /* Of the overflowed: wrapped, saturated at the low end, and those that saturated at either end within one step of
     * it, which is no more than rounding does (a probability of 1 in a format that ends below it). */
    uint64_t wrapped, low, near;
} nh_fx_count;

/* raw with frac_in fractional bits -> raw in `to`, by its modes. count may be NULL. */
nh_i128 nh_fx_convert(nh_i128 raw, int frac_in, nh_format to, nh_fx_count *count);
/* The exact double (NaN and infinities are the caller's error) -> raw in `to`. */
nh_i128 nh_fx_from_double(double v, nh_format to, nh_fx_count *count);
/* A finite real constant as raw * 2^-frac with 16 significant bits, the least frac: slopes, bounds and ratios in
 * datapaths. */
void nh_fx_constant(double v, nh_i128 *raw, int *frac);
/* The same with `bits` significant bits, at least 16 and at most 53. */
void nh_fx_constant_bits(double v, int bits, nh_i128 *raw, int *frac);
/* raw * 2^-frac; exact when |raw| < 2^53. */
double nh_fx_to_double(nh_i128 raw, int frac);

/* Closed interval of raw integers. */
typedef struct {
    nh_i128 lo, hi;
} nh_range;
nh_range nh_range_of(nh_format f);
nh_range nh_range_hull(nh_range a, nh_range b);
nh_range nh_range_add(nh_range a, nh_range b);
nh_range nh_range_mul(nh_range a, nh_range b);
nh_range nh_range_shl(nh_range a, int bits); /* bits >= 0 */
/* The smallest two's complement (signed when lo < 0) width that holds every value of the interval, >= 1. */
int nh_range_width(nh_range r, bool *is_signed);
/* The smallest signed width regardless of lo's sign. */
int nh_range_signed_width(nh_range r);
/* An exact format (TRN, WRAP) with `frac` fractional bits for the interval; false when it needs > 64 bits. */
bool nh_range_format(nh_range r, int frac, nh_format *out);
/* Image of an interval under a cast. */
nh_range nh_range_convert(nh_range r, int frac_in, nh_format to);

#endif
