#include <pthread.h>
#include <time.h>

#include "session.h"

struct nh_progress {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct timespec start;
    bool shown, stop;
    int index, count;
    const char *what;
};

static double seconds_since(const struct timespec *t) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + 1e-9 * (double)(now.tv_nsec - t->tv_nsec);
}

static void *tick(void *ctx) {
    nh_progress *p = ctx;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        fprintf(stderr, "\r[%d/%d] %-7s %6.1f s ", p->index, p->count, p->what, seconds_since(&p->start));
        fflush(stderr);
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 200000000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        pthread_cond_timedwait(&p->wake, &p->lock, &until);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

nh_progress *nh_progress_start(const nh_cli *c, int index, int count, const char *what) {
    nh_progress *p = NH_NEW(c->arena, nh_progress);
    p->index = index;
    p->count = count;
    p->what = what;
    clock_gettime(CLOCK_MONOTONIC, &p->start);
    if (!c->terminal_err || c->flag.quiet) return p;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    p->shown = pthread_create(&p->thread, NULL, tick, p) == 0;
    return p;
}

void nh_progress_stop(nh_progress *p) {
    if (!p->shown) return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    fputs("\r\033[K", stderr);
}
