#include "pool.h"

#include <pthread.h>
#include <stdatomic.h>

#include "last_will.h"

#define THREADS_MAX 256

typedef struct {
    atomic_size_t next;
    size_t n;
    void (*work)(void *ctx, size_t i);
    void *ctx;
    nh_will_owner *owner; /* of the tools that the jobs start */
} queue;

static void *worker(void *arg) {
    queue *q = arg;
    nh_will_work_for(q->owner);
    for (size_t i; (i = atomic_fetch_add(&q->next, 1)) < q->n;) q->work(q->ctx, i);
    return NULL;
}

void nh_parallel(int threads, size_t n, void (*work)(void *ctx, size_t i), void *ctx) {
    queue q = {.n = n, .work = work, .ctx = ctx, .owner = nh_will_mine()};
    pthread_t thread[THREADS_MAX];
    size_t helpers = threads > 1 ? (size_t)threads - 1 : 0;
    if (helpers > THREADS_MAX) helpers = THREADS_MAX;
    if (helpers >= n) helpers = n ? n - 1 : 0;
    size_t started = 0;
    /* A thread that cannot be made is no error: the caller works too, so all jobs are done anyway. */
    while (started < helpers && pthread_create(&thread[started], NULL, worker, &q) == 0) started++;
    worker(&q);
    for (size_t i = 0; i < started; i++) pthread_join(thread[i], NULL);
}
