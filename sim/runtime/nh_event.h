/* neurohls event runtime: sums of the inputs that are not zero, for networks of time steps.
 * Shipped unchanged with generated C kernels; it carries no condition of ours (use it as you like).
 *
 * A layer is one use of NH_EVENT_DENSE or NH_EVENT_CONV with its sizes as constants; compilers unroll and specialise.
 * Every sum is exact: neurohls chooses types that hold every partial sum in any order (64-bit ones count modulo 2^64,
 * and the whole fits). */
#ifndef NH_EVENT_H
#define NH_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define NH_EVENT_INLINE static inline __attribute__((always_inline, unused))
#define NH_EVENT_MOST 1024 /* inputs looked through at a time */

/* Positions of the elements that are not zero, of n <= NH_EVENT_MOST. */
#define NH_EVENT_LIST(SUFFIX, X)                                                                                       \
    NH_EVENT_INLINE size_t nh_event_list_##SUFFIX(const X *x, size_t n, uint16_t *list) {                              \
        size_t found = 0;                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                                               \
            list[found] = (uint16_t)i;                                                                                 \
            found += x[i] != 0;                                                                                        \
        }                                                                                                              \
        return found;                                                                                                  \
    }
NH_EVENT_LIST(byte_by_byte, uint8_t)
NH_EVENT_LIST(int16_t, int16_t)
NH_EVENT_LIST(uint16_t, uint16_t)
NH_EVENT_LIST(int32_t, int32_t)
NH_EVENT_LIST(uint32_t, uint32_t)
NH_EVENT_LIST(int64_t, int64_t)
NH_EVENT_LIST(uint64_t, uint64_t)
#undef NH_EVENT_LIST

/* Positions of the bytes of n that are not zero, eight at a time: a bit of each, then four positions of a table. A
 * store writes up to four entries more than counted. */
NH_EVENT_INLINE size_t nh_event_list_uint8_t(const uint8_t *x, size_t n, uint16_t *list) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NH_EVENT_FOUR(a, b, c, d) ((uint64_t)(d) << 48 | (uint64_t)(c) << 32 | (uint64_t)(b) << 16 | (uint64_t)(a))
    static const uint64_t four[16] = {
        NH_EVENT_FOUR(0, 0, 0, 0), NH_EVENT_FOUR(0, 0, 0, 0), NH_EVENT_FOUR(1, 0, 0, 0), NH_EVENT_FOUR(0, 1, 0, 0),
        NH_EVENT_FOUR(2, 0, 0, 0), NH_EVENT_FOUR(0, 2, 0, 0), NH_EVENT_FOUR(1, 2, 0, 0), NH_EVENT_FOUR(0, 1, 2, 0),
        NH_EVENT_FOUR(3, 0, 0, 0), NH_EVENT_FOUR(0, 3, 0, 0), NH_EVENT_FOUR(1, 3, 0, 0), NH_EVENT_FOUR(0, 1, 3, 0),
        NH_EVENT_FOUR(2, 3, 0, 0), NH_EVENT_FOUR(0, 2, 3, 0), NH_EVENT_FOUR(1, 2, 3, 0), NH_EVENT_FOUR(0, 1, 2, 3)};
#undef NH_EVENT_FOUR
    static const uint8_t count[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};
    const uint64_t every = UINT64_C(0x0001000100010001), low = UINT64_C(0x7f7f7f7f7f7f7f7f);
    size_t found = 0, i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t word, out;
        memcpy(&word, x + i, 8);
        if (word == 0) continue;
        word = (((word & low) + low) | word) & ~low;
        const unsigned bits = (unsigned)((word >> 7) * UINT64_C(0x0102040810204080) >> 56);
        out = four[bits & 15] + i * every;
        memcpy(list + found, &out, 8);
        found += count[bits & 15];
        out = four[bits >> 4] + (i + 4) * every;
        memcpy(list + found, &out, 8);
        found += count[bits >> 4];
    }
    for (; i < n; i++) {
        list[found] = (uint16_t)i;
        found += x[i] != 0;
    }
    return found;
#else
    return nh_event_list_byte_by_byte(x, n, list);
#endif
}
NH_EVENT_INLINE size_t nh_event_list_int8_t(const int8_t *x, size_t n, uint16_t *list) {
    return nh_event_list_uint8_t((const uint8_t *)x, n, list);
}

/* One event into K vectors of partial sums, v0 ...; row: the weights of its input. */
#define NH_EVENT_ADD(NAME, P, BINARY, K)                                                                               \
    {                                                                                                                  \
        NAME##_vector term = __builtin_convertvector(((const NAME##_narrow *)row)[K], NAME##_vector);                  \
        if (!(BINARY)) term *= factor;                                                                                 \
        v##K += term;                                                                                                  \
    }
/* acc[0..LANES) += sum over the events; unrolled by hand so that the sums stay in registers. */
#define NH_EVENT_BLOCK(NAME, A, W, X, P, ROW, BINARY, COUNT, DECLARE, ADD, STORE)                                      \
    static inline void NAME##_block##COUNT(A *restrict acc, const W *w, const X *x, const uint16_t *list, size_t n) {  \
        NAME##_vector DECLARE;                                                                                         \
        for (size_t e = 0; e < n; e++) {                                                                               \
            const W *row = w + (size_t)list[e] * (ROW);                                                                \
            const P factor = (P)x[list[e]];                                                                            \
            (void)factor;                                                                                              \
            ADD                                                                                                        \
        }                                                                                                              \
        union {                                                                                                        \
            NAME##_vector v[COUNT];                                                                                    \
            P lane[COUNT * 16 / sizeof(P)];                                                                            \
        } sum = {.v = STORE};                                                                                          \
        for (size_t l = 0; l < COUNT * 16 / sizeof(P); l++) acc[l] = (A)(acc[l] + (A)sum.lane[l]);                     \
    }

/* static void NAME_sums(A *acc, const X *x): acc[o] += sum over i of w[i * ROW + o] * x[i].
 *   A of the sums, W of the weights, X of the inputs, P of the sum over CHUNK inputs; BINARY: x is 0 or 1
 *   ROW outputs, zeros up to a multiple of 16 bytes of P; CHUNK <= NH_EVENT_MOST */
#define NH_EVENT_DENSE(NAME, A, W, X, P, N_IN, ROW, CHUNK, BINARY)                                                     \
    typedef P NAME##_vector __attribute__((vector_size(16), may_alias));                                               \
    typedef W NAME##_narrow __attribute__((vector_size(16 / sizeof(P) * sizeof(W)), may_alias));                       \
    NH_EVENT_BLOCK(NAME, A, W, X, P, ROW, BINARY, 16, NH_EVENT_LIST_OF(NH_EVENT_ZEROS_16),                             \
                   NH_EVENT_ADDS_16(NAME, P, BINARY), NH_EVENT_LIST_OF({NH_EVENT_NAMES_16}))                           \
    NH_EVENT_BLOCK(NAME, A, W, X, P, ROW, BINARY, 4, NH_EVENT_LIST_OF(NH_EVENT_ZEROS_4),                               \
                   NH_EVENT_ADDS_4(NAME, P, BINARY, 0, 1, 2, 3), NH_EVENT_LIST_OF({v0, v1, v2, v3}))                   \
    NH_EVENT_BLOCK(NAME, A, W, X, P, ROW, BINARY, 1, v0 = {0}, NH_EVENT_ADD(NAME, P, BINARY, 0), {v0})                 \
    static void NAME##_sums(A *restrict acc, const X *restrict x) {                                                    \
        enum { LANES = 16 / sizeof(P) };                                                                               \
        uint16_t list[NH_EVENT_MOST + 8];                                                                              \
        for (size_t from = 0; from < (N_IN); from += (CHUNK)) {                                                        \
            size_t to = (N_IN)-from < (CHUNK) ? (N_IN) : from + (CHUNK), o = 0;                                        \
            size_t n = nh_event_list_##X(x + from, to - from, list);                                                   \
            const W *w = NAME##_w + from * (ROW);                                                                      \
            for (; o + 16 * LANES <= (ROW); o += 16 * LANES) NAME##_block16(acc + o, w + o, x + from, list, n);        \
            for (; o + 4 * LANES <= (ROW); o += 4 * LANES) NAME##_block4(acc + o, w + o, x + from, list, n);           \
            for (; o < (ROW); o += LANES) NAME##_block1(acc + o, w + o, x + from, list, n);                            \
        }                                                                                                              \
    }
#define NH_EVENT_LIST_OF(...) __VA_ARGS__
#define NH_EVENT_ZEROS_4 v0 = {0}, v1 = {0}, v2 = {0}, v3 = {0}
#define NH_EVENT_ZEROS_16                                                                                              \
    NH_EVENT_ZEROS_4, v4 = {0}, v5 = {0}, v6 = {0}, v7 = {0}, v8 = {0}, v9 = {0}, v10 = {0}, v11 = {0}, v12 = {0},     \
                      v13 = {0}, v14 = {0}, v15 = {0}
#define NH_EVENT_NAMES_16 v0, v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15
#define NH_EVENT_ADDS_4(NAME, P, BINARY, I, J, K, L)                                                                   \
    NH_EVENT_ADD(NAME, P, BINARY, I)                                                                                   \
    NH_EVENT_ADD(NAME, P, BINARY, J) NH_EVENT_ADD(NAME, P, BINARY, K) NH_EVENT_ADD(NAME, P, BINARY, L)
#define NH_EVENT_ADDS_16(NAME, P, BINARY)                                                                              \
    NH_EVENT_ADDS_4(NAME, P, BINARY, 0, 1, 2, 3)                                                                       \
    NH_EVENT_ADDS_4(NAME, P, BINARY, 4, 5, 6, 7)                                                                       \
    NH_EVENT_ADDS_4(NAME, P, BINARY, 8, 9, 10, 11) NH_EVENT_ADDS_4(NAME, P, BINARY, 12, 13, 14, 15)

/* static void NAME_sums(A *acc, const X *x): the events of [H_IN][W_IN][C_IN] scattered to acc [H_OUT][W_OUT][C_OUT].
 * Weights [C_IN][KH][KW, last first][C_OUT / GROUPS]. */
#define NH_EVENT_CONV(NAME, A, W, X, C_IN, H_IN, W_IN, C_OUT, H_OUT, W_OUT, KH, KW, SH, SW, PH, PW, DH, DW, GROUPS,    \
                      BINARY)                                                                                          \
    NH_EVENT_INLINE void NAME##_run(A *restrict acc, const W *restrict w, size_t n, A factor) {                        \
        for (size_t l = 0; l < n; l++) acc[l] = (A)(acc[l] + (A)((BINARY) ? (A)w[l] : (A)((A)w[l] * factor)));         \
    }                                                                                                                  \
    /* One event into one row of outputs. */                                                                           \
    NH_EVENT_INLINE void NAME##_row(A *restrict acc, const W *restrict w, int64_t px, size_t group, A factor) {        \
        enum { COG = (C_OUT) / (GROUPS) };                                                                             \
        if ((SW) == 1 && (DW) == 1 && (GROUPS) == 1) {                                                                 \
            int64_t base = px + (PW) - ((KW)-1), begin = base < 0 ? -base : 0;                                         \
            int64_t end = base + (KW) > (W_OUT) ? (W_OUT)-base : (KW);                                                 \
            if (begin == 0 && end == (KW))                                                                             \
                NAME##_run(acc + base * (C_OUT), w, (KW) * (size_t)COG, factor);                                       \
            else if (begin < end)                                                                                      \
                NAME##_run(acc + (base + begin) * (C_OUT), w + begin * COG, (size_t)(end - begin) * COG, factor);      \
            return;                                                                                                    \
        }                                                                                                              \
        for (int64_t kx = 0; kx < (KW); kx++) {                                                                        \
            int64_t ox = px + (PW)-kx * (DW);                                                                          \
            if (ox < 0 || ox % (SW) != 0 || ox / (SW) >= (W_OUT)) continue;                                            \
            NAME##_run(acc + (size_t)(ox / (SW)) * (C_OUT) + group * COG, w + ((KW)-1 - kx) * COG, COG, factor);       \
        }                                                                                                              \
    }                                                                                                                  \
    static void NAME##_sums(A *restrict acc, const X *restrict x) {                                                    \
        enum { COG = (C_OUT) / (GROUPS), N_ROW = (W_IN) * (C_IN) };                                                    \
        uint16_t list[NH_EVENT_MOST + 8];                                                                              \
        for (int64_t py = 0; py < (H_IN); py++)                                                                        \
            for (size_t from = 0; from < N_ROW; from += NH_EVENT_MOST) {                                               \
                const X *row = x + (size_t)py * N_ROW + from;                                                          \
                size_t n = nh_event_list_##X(row, N_ROW - from < NH_EVENT_MOST ? N_ROW - from : NH_EVENT_MOST, list);  \
                for (size_t e = 0; e < n; e++) {                                                                       \
                    size_t at = from + list[e], channel = at % (C_IN), px = at / (C_IN);                               \
                    const W *w = NAME##_w + channel * ((KH) * (KW) * (size_t)COG);                                     \
                    for (int64_t ky = 0; ky < (KH); ky++) {                                                            \
                        int64_t oy = py + (PH)-ky * (DH);                                                              \
                        if (oy < 0 || oy % (SH) != 0 || oy / (SH) >= (H_OUT)) continue;                                \
                        NAME##_row(acc + (size_t)(oy / (SH)) * (W_OUT) * (C_OUT), w + ky * (KW)*COG, (int64_t)px,      \
                                   channel / ((C_IN) / (GROUPS)), (A)row[list[e]]);                                    \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
    }

#endif
