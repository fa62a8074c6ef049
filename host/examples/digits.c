/* A program that uses a fabric: handwritten digits in, classes out.
 *
 *   digits_host [-n SAMPLES] [-e EVENTS] IMAGE PIXELS.npy LABELS.npy PROGRAM [ARGUMENT ...]   a fabric that PROGRAM
 * simulates, on its standard input and output digits_host [-n SAMPLES] [-e EVENTS] -d DEVICE [-b BAUD] IMAGE PIXELS.npy
 * LABELS.npy      a board on a serial line
 *
 * Pixels are uint8 [samples][inputs], 0 to 16, and become spikes here, as `encoding: rate` of neurohls with seed 1
 * makes them. The class is the output with most spikes. EVENTS gets a line for each: sample, step, output, value. Exit
 * status: 0, 1 the fabric, its line or its image failed, 2 wrong arguments or data. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "neurohls_host.h"

enum { WHITE = 16, WAIT_MS = 5000, NPY_HEADER = 128 };

typedef struct {
    int64_t rows, columns; /* columns: 1 for an array of one dimension */
    uint8_t *value;
} bytes;

typedef struct {
    const char *device, *events, *image;
    int baud;
    int64_t samples; /* 0: all */
    bytes pixel, label;
} job;

/* An array of bytes as numpy.save writes it; false: said. */
static bool read_bytes(const char *path, bytes *b) {
    char header[NPY_HEADER + 1] = {0};
    const char *shape;
    long long rows, columns = 1;
    FILE *f = fopen(path, "rb");
    /* The header is a text of Python after 10 bytes: {'descr': '|u1', 'fortran_order': False, 'shape': (360, 64), } */
    bool ok = f && fread(header, NPY_HEADER, 1, f) == 1 && memcmp(header, "\x93NUMPY\x01\x00\x76\x00", 10) == 0 &&
              strstr(header + 10, "'|u1'") && strstr(header + 10, "False") &&
              (shape = strstr(header + 10, "'shape': (")) &&
              sscanf(shape, "'shape': (%lld, %lld", &rows, &columns) >= 1 && rows > 0 && columns > 0 &&
              rows < 1 << 24 && columns < 1 << 24;
    if (ok) {
        *b = (bytes){rows, columns, malloc((size_t)(rows * columns))};
        ok = b->value && fread(b->value, (size_t)columns, (size_t)rows, f) == (size_t)rows;
    }
    if (!ok)
        fprintf(stderr, "%s: %s\n", path,
                f ? "this is not an array of uint8 in one or two dimensions (numpy.save)" : strerror(errno));
    if (f) fclose(f);
    return ok;
}

/* The brighter a pixel, the more often it spikes: when number k of splitmix64 with seed 1, as a fraction, is below
 * pixel / WHITE. */
static int spike(uint64_t k, unsigned pixel) {
    uint64_t z = 1 + (k + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (double)(z >> 11) * 0x1p-53 < (double)pixel / WHITE;
}

static int64_t count(const int32_t *y, int64_t steps, int64_t outputs, int64_t output) {
    int64_t n = 0;
    for (int64_t t = 0; t < steps; t++) n += y[t * outputs + output];
    return n;
}

static int64_t class_of(const int32_t *y, int64_t steps, int64_t outputs) {
    int64_t best = 0;
    for (int64_t o = 1; o < outputs; o++)
        if (count(y, steps, outputs, o) > count(y, steps, outputs, best)) best = o;
    return best;
}

/* One sample on the fabric; x, y: room for it. */
static bool run_sample(nh_host *h, const job *j, int64_t sample, int32_t *x, int32_t *y, int64_t *right, FILE *events) {
    const int64_t steps = nh_host_steps(h), inputs = nh_host_inputs(h), outputs = nh_host_outputs(h),
                  label = j->label.value[sample];
    for (int64_t i = 0; i < steps * inputs; i++)
        x[i] = spike((uint64_t)(sample * steps * inputs + i), j->pixel.value[sample * inputs + i % inputs]);
    if (!nh_host_run(h, x, y)) return false;
    int64_t class = class_of(y, steps, outputs);
    printf("%6lld %6lld %6lld ", (long long)sample, (long long)label, (long long)class);
    for (int64_t o = 0; o < outputs; o++) printf(" %2lld", (long long)count(y, steps, outputs, o));
    printf("%s\n", class == label ? "" : "  wrong");
    *right += class == label;
    for (int64_t i = 0; events && i < steps * outputs; i++)
        if (y[i])
            fprintf(events, "%lld %lld %lld %ld\n", (long long)sample, (long long)(i / outputs),
                    (long long)(i % outputs), (long)y[i]);
    return true;
}

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool run_samples(nh_host *h, const job *j, FILE *events) {
    int32_t *x = calloc((size_t)(nh_host_steps(h) * nh_host_inputs(h)), sizeof *x),
            *y = calloc((size_t)(nh_host_steps(h) * nh_host_outputs(h)), sizeof *y);
    int64_t right = 0;
    double began = now_s();
    bool ok = x && y;
    printf("sample  label  class  spikes of each output\n");
    for (int64_t s = 0; ok && s < j->samples; s++) ok = run_sample(h, j, s, x, y, &right, events);
    if (ok)
        printf("%lld of %lld right, %.2f %%; %.3f s per sample\n", (long long)right, (long long)j->samples,
               100.0 * (double)right / (double)j->samples, (now_s() - began) / (double)j->samples);
    free(x);
    free(y);
    return ok;
}

/* What the cores counted, read from the hardware. */
static bool print_cores(nh_host *h) {
    uint32_t n[NH_HOST_COUNTERS];
    printf("core      events  for no axon  synapse words  neuron words   spikes\n");
    for (int y = 0; y < nh_host_mesh_y(h); y++)
        for (int x = 0; x < nh_host_mesh_x(h); x++) {
            if (!nh_host_read_counters(h, x, y, n)) return false;
            printf("(%d, %d)  %8lu %12lu %14lu %13lu %8lu\n", x, y, (unsigned long)n[0], (unsigned long)n[1],
                   (unsigned long)n[2], (unsigned long)n[5], (unsigned long)n[6]);
        }
    return true;
}

static int run(const job *j, nh_host_fd *line, FILE *events) {
    nh_host *h = nh_host_open(j->image, nh_host_fd_transport(line), NH_HOST_FRAMES);
    int status = 0;
    if (!nh_host_error(h) && j->pixel.columns != nh_host_inputs(h)) {
        fprintf(stderr, "%s takes %lld inputs, the pixels are %lld\n", j->image, (long long)nh_host_inputs(h),
                (long long)j->pixel.columns);
        status = 2;
    } else if (nh_host_error(h) || !run_samples(h, j, events) || !print_cores(h)) {
        fprintf(stderr, "%s\n", nh_host_error(h) ? nh_host_error(h) : "out of memory");
        status = 1;
    }
    nh_host_close(h);
    return status;
}

static int usage(const char *name) {
    fprintf(stderr,
            "usage: %s [-n SAMPLES] [-e EVENTS] IMAGE PIXELS.npy LABELS.npy PROGRAM [ARGUMENT ...]\n"
            "       %s [-n SAMPLES] [-e EVENTS] -d DEVICE [-b BAUD] IMAGE PIXELS.npy LABELS.npy\n",
            name, name);
    return 2;
}

/* word: the program of a child and its arguments. */
static int run_line(const job *j, char **word) {
    FILE *events = j->events ? fopen(j->events, "w") : NULL;
    if (j->events && !events) {
        fprintf(stderr, "%s: %s\n", j->events, strerror(errno));
        return 2;
    }
    nh_host_fd *line = j->device ? nh_host_fd_serial(j->device, j->baud, WAIT_MS)
                                 : nh_host_fd_child((const char *const *)word, WAIT_MS);
    if (!line) fprintf(stderr, "%s: %s\n", j->device ? j->device : word[0], strerror(errno));
    int status = line ? run(j, line, events) : 1, ended = nh_host_fd_close(line);
    if (events && fclose(events) != 0) status = 2;
    return status ? status : ended != 0;
}

int main(int argc, char **argv) {
    job j = {.baud = 115200};
    for (int c; (c = getopt(argc, argv, "+n:e:d:b:")) != -1;) {
        if (c == 'n')
            j.samples = atoll(optarg);
        else if (c == 'e')
            j.events = optarg;
        else if (c == 'd')
            j.device = optarg;
        else if (c == 'b')
            j.baud = atoi(optarg);
        else
            return usage(argv[0]);
    }
    char **word = argv + optind;
    if (j.samples < 0 || (j.device ? argc - optind != 3 : argc - optind < 4)) return usage(argv[0]);
    j.image = word[0];
    int status = 2;
    if (read_bytes(word[1], &j.pixel) && read_bytes(word[2], &j.label)) {
        int64_t most = j.pixel.rows < j.label.rows ? j.pixel.rows : j.label.rows;
        if (j.samples == 0 || j.samples > most) j.samples = most;
        status = run_line(&j, word + 3);
    }
    free(j.pixel.value);
    free(j.label.value);
    return status;
}
