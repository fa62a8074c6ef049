/* The harness where there is no Verilator: all samples through the C kernels, no RTL.
 *   cosim x=x.bin n=512 c=out_c.bin result=result.json ...   arguments and files as in cosim_main.cpp */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cosim.h"

static const char *value_of(int argc, char **argv, const char *key) {
    size_t n = strlen(key);
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], key, n) == 0 && argv[i][n] == '=') return argv[i] + n + 1;
    return "";
}

static int read_values(const char *path, int64_t *v, size_t n) {
    FILE *f = fopen(path, "rb");
    size_t got = f ? fread(v, sizeof *v, n, f) : 0;
    if (f) fclose(f);
    if (got != n) fprintf(stderr, "%s: cannot be read\n", path);
    return got == n;
}

static int write_values(const char *path, const int64_t *v, size_t n) {
    FILE *f = fopen(path, "wb");
    size_t put = f ? fwrite(v, sizeof *v, n, f) : 0;
    int ok = f && fclose(f) == 0 && put == n;
    if (!ok) fprintf(stderr, "%s: cannot be written\n", path);
    return ok;
}

static int write_result(const char *path, size_t n, double per_second) {
    FILE *f = fopen(path, "w");
    if (f) fprintf(f, "{\"samples\": %zu, \"fixed_per_second\": %.1f, \"runs\": []}\n", n, per_second);
    int ok = f && fclose(f) == 0;
    if (!ok) fprintf(stderr, "%s: cannot be written\n", path);
    return ok;
}

int main(int argc, char **argv) {
    size_t n = (size_t)atoll(value_of(argc, argv, "n"));
    size_t frames = n * (size_t)nh_cosim_steps, n_in = frames * (size_t)nh_cosim_n_in,
           n_out = frames * (size_t)nh_cosim_streams[nh_cosim_output].n;
    const char *streams = value_of(argc, argv, "streams");
    int64_t traced = atoll(value_of(argc, argv, "stream_frames"));
    int64_t *x = calloc(n_in + 1, sizeof *x), *y = calloc(n_out + 1, sizeof *y);
    double total = 0, done = 0, seconds = 0;
    if (!x || !y || !read_values(value_of(argc, argv, "x"), x, n_in)) return 1;
    /* Repeated until the clock can tell the speed. */
    for (int round = 0; round < 1000 && (round == 0 || total < 0.05); round++, total += seconds, done += (double)n)
        if (!nh_cosim_batch(x, y, n, &seconds)) return 1;
    if (*streams && !nh_cosim_write_streams(streams, x, traced < (int64_t)frames ? traced : (int64_t)frames)) return 1;
    return write_values(value_of(argc, argv, "c"), y, n_out) &&
                   write_result(value_of(argc, argv, "result"), n, total > 0 ? done / total : 0)
               ? 0
               : 1;
}
