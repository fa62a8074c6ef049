/* Any bytes as an array, a recording or labels of a network in time: no crash, no leak; bounded frames, or a
 * diagnostic. The first two bytes choose the kind of file, the encoding and what is asked for. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sample_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_frames(const char *path, unsigned choice) {
    static const nh_shape shape[] = {{3, {2, 34, 34}}, {1, {24}}, {3, {2, 3, 4}}, {1, {1}}};
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_data_ref ref = {.path = path};
    nh_options o = {0};
    nh_sample_data f;
    o.spiking.encoding = (nh_encoding)((choice & 3) + (choice >> 8 & 1));
    o.spiking.repeat_input = choice & 4;
    o.spiking.max_count = choice >> 3 & 1;
    o.spiking.bin = choice & 16 ? 1e-9 : 1e-3;
    nh_sample_request q = {.opt = &o,
                           .ref = &ref,
                           .scale = 0.5,
                           .samples = choice >> 5 & 1,
                           .shape = shape[choice >> 6 & 3],
                           .steps = choice & 256 ? 7 : 0};
    bool ok = nh_sample_data_read(a, d, &q, &f);
    if (ok != (d->n_error == 0)) abort();
    for (int64_t i = 0; ok && i < f.n * f.steps * f.size; i++)
        if (!isfinite(f.x[i])) abort();
    nh_arena_free(a);
}

static void read_labels(const char *path) {
    static const char *const name[] = {"1", "2"};
    for (int k = 0; k < 2; k++) {
        nh_arena *a = nh_arena_new();
        nh_diag *d = nh_diag_new(a);
        const int64_t *y = nh_labels_read(a, d, &(nh_data_ref){.path = path}, 2, 2, k ? name : NULL);
        if ((y != NULL) != (d->n_error == 0) || (y && (y[0] < 0 || y[1] < 0))) abort();
        nh_arena_free(a);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const ending[] = {"npy", "bs2", "txt"};
    char path[64];
    if (size < 2) return 0;
    unsigned choice = data[0] | (data[1] & 1u) << 8, kind = (data[1] >> 1) % 3u;
    snprintf(path, sizeof path, "/dev/shm/nh_sample_data_fuzz_%d.%s", (int)getpid(), ending[kind]);
    FILE *f = fopen(path, "wb");
    if (!f) abort();
    fwrite(data + 2, 1, size - 2, f);
    fclose(f);
    if (kind == 2) read_labels(path);
    read_frames(path, choice);
    unlink(path);
    return 0;
}
