/* Values of every stream as files. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cosim.h"

static int bytes_of(const nh_cosim_stream *s) {
    return s->width <= 8 ? 1 : s->width <= 16 ? 2 : s->width <= 32 ? 4 : 8;
}

static int put(FILE *f, const nh_cosim_stream *s, const int64_t *v) {
    int bytes = bytes_of(s);
    for (int64_t i = 0; i < s->n; i++)
        for (int b = 0; b < bytes; b++) putc((int)((uint64_t)v[i] >> (8 * b) & 255), f);
    return !ferror(f);
}

static int write_index(const char *dir, int64_t frames) {
    char path[4096];
    int size = snprintf(path, sizeof path, "%s/index.json", dir);
    FILE *f = size > 0 && (size_t)size < sizeof path ? fopen(path, "w") : NULL;
    if (!f) return 0;
    fprintf(f, "{\"steps\": %" PRId64 ", \"frames\": %" PRId64 ", \"streams\": [", nh_cosim_steps, frames);
    for (int k = 0; k < nh_cosim_n_streams; k++) {
        const nh_cosim_stream *s = &nh_cosim_streams[k];
        fprintf(f, "%s\n{\"name\": \"%s\", \"n\": %" PRId64 ", \"type\": \"%sint%d\"}", k ? "," : "", s->name, s->n,
                s->is_signed ? "" : "u", 8 * bytes_of(s));
    }
    fprintf(f, "]}\n");
    return fclose(f) == 0;
}

static int write_frames(FILE **file, int64_t **value, const int64_t *x, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        if (!nh_cosim_trace_frame(i % nh_cosim_steps, x + i * nh_cosim_n_in, value)) return 0;
        for (int k = 0; k < nh_cosim_n_streams; k++)
            if (!put(file[k], &nh_cosim_streams[k], value[k])) return 0;
    }
    return 1;
}

int nh_cosim_write_streams(const char *dir, const int64_t *x, int64_t n) {
    int count = nh_cosim_n_streams, ok = 1;
    FILE **file = calloc((size_t)count + 1, sizeof *file);
    int64_t **value = calloc((size_t)count + 1, sizeof *value);
    for (int k = 0; k < count && file && value && ok; k++) {
        char path[4096];
        int size = snprintf(path, sizeof path, "%s/%s.bin", dir, nh_cosim_streams[k].name);
        file[k] = size > 0 && (size_t)size < sizeof path ? fopen(path, "wb") : NULL;
        value[k] = calloc((size_t)nh_cosim_streams[k].n + 1, sizeof *value[k]);
        ok = file[k] && value[k];
    }
    ok = ok && file && value && write_frames(file, value, x, n);
    for (int k = 0; k < count; k++) {
        if (file && file[k]) ok = fclose(file[k]) == 0 && ok;
        if (value) free(value[k]);
    }
    free(file);
    free(value);
    ok = ok && write_index(dir, n);
    if (!ok) fprintf(stderr, "%s: the streams cannot be written\n", dir);
    return ok;
}
