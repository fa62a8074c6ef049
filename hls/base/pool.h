/* A small thread pool: independent jobs on a given number of threads. */
#ifndef NH_POOL_H
#define NH_POOL_H

#include <stddef.h>

/* Run work(ctx, i) for i in 0..n-1 on at most `threads` threads (1 = in place), in unspecified order; returns
 * when all are done. work must only touch what belongs to i. */
void nh_parallel(int threads, size_t n, void (*work)(void *ctx, size_t i), void *ctx);

#endif
