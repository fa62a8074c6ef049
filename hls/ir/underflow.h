/* What quantization took from small numbers: parameters that became 0, or keep few of their bits beside others that
 * keep many. */
#ifndef NH_UNDERFLOW_H
#define NH_UNDERFLOW_H

#include "graph.h"

/* A row has the weights of one output; of a bias, and of the factors of a batch normalization, each number is a row. */
typedef struct {
    int64_t n, zeroed;   /* numbers that are not 0; those of them whose integer is 0 */
    int64_t rows;        /* rows with a number that is not 0 */
    int64_t rows_zeroed; /* rows whose integers are all 0 */
    int64_t rows_short; /* rows whose integers are all below NH_SHORT_RAW, and are not what was meant, beside a row that
                           has NH_LONG_RAW */
    int64_t worst_row;  /* of those two; -1: there is none */
    double worst, becomes, most; /* the largest number of the worst row, what it became; the largest number of all */
    double worst_lsb;            /* real value of the integer 1 in the worst row */
    double sqnr_db;              /* of all numbers; infinity when they are exact */
} nh_param_loss;
#define NH_SHORT_RAW 4
#define NH_LONG_RAW 16
/* Below this part of the largest number a number is taken for 0: training leaves such rests in rows that it switched
 * off. */
#define NH_NOISE_FLOOR 0x1p-40

/* False: p is NULL or not quantized. */
bool nh_param_loss_of(const nh_param *p, nh_param_loss *out);
/* Rows were lost, or most of the bits of the whole. */
bool nh_param_is_lost(const nh_param_loss *l);

#endif
