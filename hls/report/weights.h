/* What quantization did to the weights of a layer. */
#ifndef NH_REPORT_WEIGHTS_H
#define NH_REPORT_WEIGHTS_H

#include "graph.h"

#define NH_WEIGHT_BINS 32

typedef struct {
    int64_t n, zeros;            /* zeros: of the integers */
    double least, most;          /* of the reals */
    double lsb_least, lsb_most;  /* real value of the integer 1, over the channels */
    double mean_abs, max_abs;    /* of the errors */
    double reach;                /* the bins cover -reach .. reach */
    int64_t bin[NH_WEIGHT_BINS]; /* of the reals */
} nh_weight_stats;

/* False: the layer has no weights, or they are not quantized. */
bool nh_weight_stats_of(const nh_param *w, nh_weight_stats *out);

#endif
