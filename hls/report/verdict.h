/* Is fixed point far from float? Judged from what the simulation measured; where it begins, why, and what mends it. */
#ifndef NH_VERDICT_H
#define NH_VERDICT_H

#include "report.h"

/* Far is: below this SQNR of the outputs, this share of samples with the same class, or with more accuracy lost. */
#define NH_FAR_SQNR_DB 20
#define NH_FAR_AGREEMENT 0.95
#define NH_FAR_ACCURACY 0.02

typedef struct {
    bool is_known; /* a simulation measured the outputs */
    bool is_far;
    const char *reasons; /* "SQNR of the outputs 0.2 dB (near: at least 20 dB), ..." */
    const char *layer;   /* where it begins; NULL: it cannot be told */
    const char *where;   /* "SQNR -6.6 dB, of its input 184.5 dB" */
    const char *cause;   /* or NULL */
    const char *remedy;  /* keys of the configuration */
} nh_verdict;

nh_verdict nh_judge_drift(nh_arena *a, const nh_report_facts *f);

#endif
