/* A program that uses libneurohls: library GOOD.yaml BROKEN.yaml OUT [OTHER.yaml]. docs/library.md says how to build
 * it. It prints what is wrong with a broken configuration, builds C kernels in two threads (of OTHER in the second),
 * prints their facts, and cancels a third build. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "neurohls.h"

typedef struct {
    const char *config, *out;
    neurohls_status status;
    size_t report_bytes;
    neurohls_facts facts;
} job;

static void *build(void *arg) {
    job *j = arg;
    neurohls *n = neurohls_create();
    j->status = neurohls_load(n, j->config, j->out);
    if (j->status == NEUROHLS_OK) j->status = neurohls_run(n, "c", NULL, 0, 1);
    j->facts.size = sizeof j->facts;
    if (!neurohls_facts_get(n, &j->facts)) j->facts.size = 0;
    j->report_bytes = neurohls_report(n) ? strlen(neurohls_report(n)) : 0;
    neurohls_destroy(n);
    return NULL;
}

static void print_faults(const char *config) {
    neurohls *n = neurohls_create();
    neurohls_status status = neurohls_load(n, config, NULL);
    neurohls_diagnostic d;
    printf("broken: status %d\n", status);
    for (size_t i = 0; neurohls_diagnostic_get(n, i, &d); i++)
        if (d.severity == NEUROHLS_ERROR) printf("%d:%d: %s: %s\n", d.line, d.col, d.code, d.message);
    neurohls_destroy(n);
}

typedef struct {
    neurohls *n;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int simulates;
} watched;

static void on_step(void *user, int index, int count, const char *step) {
    watched *w = user;
    (void)index, (void)count;
    if (strcmp(step, "sim") != 0) return;
    pthread_mutex_lock(&w->lock);
    w->simulates = 1;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

/* Another thread that ends the build while its simulation runs. */
static void *cancel(void *user) {
    watched *w = user;
    pthread_mutex_lock(&w->lock);
    while (!w->simulates) pthread_cond_wait(&w->wake, &w->lock);
    pthread_mutex_unlock(&w->lock);
    usleep(700000); /* its tools run */
    neurohls_cancel(w->n);
    return NULL;
}

/* A context that is cancelled before it works does not work. */
static void cancel_first(const char *config) {
    neurohls *n = neurohls_create();
    neurohls_cancel(n);
    neurohls_status status = neurohls_load(n, config, NULL);
    printf("cancelled before: status %d, %s\n", status, neurohls_output(n) ? "loaded" : "not loaded");
    neurohls_destroy(n);
}

static void build_and_cancel(const char *config, const char *out) {
    pthread_t thread;
    watched w = {neurohls_create(), PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    neurohls_on_progress(w.n, on_step, &w);
    neurohls_status status = neurohls_load(w.n, config, out);
    if (status == NEUROHLS_OK && pthread_create(&thread, NULL, cancel, &w) == 0) {
        status = neurohls_run(w.n, "sim", NULL, 1, 1);
        on_step(&w, 0, 0, "sim"); /* the other thread ends, whatever happened */
        pthread_join(thread, NULL);
    }
    printf("cancelled: status %d\n", status);
    neurohls_destroy(w.n);
}

int main(int argc, char **argv) {
    char out[3][4096];
    pthread_t thread[2];
    job j[2] = {{0}};
    if (argc != 4 && argc != 5) return 2;
    for (int i = 0; i < 3; i++) snprintf(out[i], sizeof out[i], "%s/%d", argv[3], i);
    print_faults(argv[2]);
    for (int i = 0; i < 2; i++) {
        j[i].config = argv[i == 1 && argc == 5 ? 4 : 1];
        j[i].out = out[i];
        if (pthread_create(&thread[i], NULL, build, &j[i]) != 0) return 4;
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(thread[i], NULL);
        printf("thread %d: status %d, report %s\n", i, j[i].status, j[i].report_bytes ? "written" : "missing");
        if (j[i].facts.size > 0)
            printf("thread %d: accuracy %.4f, II %lld\n", i, j[i].facts.accuracy_fixed, j[i].facts.ii_cycles);
    }
    cancel_first(argv[1]);
    build_and_cancel(argv[1], out[2]);
    printf("version %s\n", neurohls_version());
    return 0;
}
