/* Recordings of event cameras (.bs2, as N-MNIST has them), single, in folders and in lists. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "file.h"

#define EVENT_BYTES 5
#define FILE_LIMIT ((size_t)64 << 20)
#define MAX_RECORDINGS 65536
#define OVERFLOW_Y 240     /* not a place: the clock of 13 bits has run over */
#define OVERFLOW_TIME 8192 /* microseconds */
#define DEFAULT_BIN 1e-3

static bool ends_with(const char *s, const char *end) {
    size_t n = strlen(s), m = strlen(end);
    return n > m && strcmp(s + n - m, end) == 0;
}

bool nh_is_recordings(const nh_data_ref *ref) {
    return ends_with(ref->path, ".bs2") || ends_with(ref->path, "/") || ends_with(ref->path, ".txt");
}

static bool bad_event(nh_events *e, const char *path, size_t i, const char *what, long long found, long long allowed) {
    nh_report(e->d, NH_D_EVENT, e->q->ref->at, "'%s': %s of event %zu is outside of the model's input", path, what, i);
    nh_diag_found(e->d, "%lld", found);
    nh_diag_allowed(e->d, "0 to %lld", allowed);
    return false;
}

/* Nanoseconds per step; 0: diagnosed. */
static int64_t bin_ns(nh_events *e) {
    double bin = e->q->opt->spiking.bin > 0  ? e->q->opt->spiking.bin
                 : e->q->opt->spiking.dt > 0 ? e->q->opt->spiking.dt
                                             : DEFAULT_BIN;
    int64_t ns = llround(bin * 1e9);
    if (ns >= 1) return ns;
    nh_report(e->d, NH_D_STEPS, e->q->ref->at, "the steps of recordings are shorter than a nanosecond");
    nh_diag_hint(e->d, "set spiking: bin");
    return 0;
}

/* 40 bits per event, the highest first: x 8, y 8, polarity 1, microseconds 23. */
static bool read_recording(nh_events *e, const char *path, int64_t sample, int64_t ns) {
    nh_bytes file;
    int64_t height = e->q->shape.dim[1], width = e->q->shape.dim[2], overflow = 0;
    if (!nh_file_read(e->a, e->d, e->q->ref->at, path, FILE_LIMIT, &file)) return false;
    if (file.size % EVENT_BYTES) {
        nh_report(e->d, NH_D_EVENT, e->q->ref->at, "'%s' does not end with a whole event", path);
        nh_diag_found(e->d, "%zu bytes", file.size);
        nh_diag_allowed(e->d, "a multiple of %d", EVENT_BYTES);
        return false;
    }
    for (size_t i = 0; i < file.size / EVENT_BYTES; i++) {
        const uint8_t *p = file.data + i * EVENT_BYTES;
        int64_t x = p[0], y = p[1], polarity = p[2] >> 7, us = (int64_t)(p[2] & 127) << 16 | p[3] << 8 | p[4];
        if (y == OVERFLOW_Y && height <= OVERFLOW_Y) {
            overflow += OVERFLOW_TIME;
            continue;
        }
        if (x >= width) return bad_event(e, path, i, "x", x, width - 1);
        if (y >= height) return bad_event(e, path, i, "y", y, height - 1);
        nh_event event = {.sample = sample,
                          .step = (us + overflow) * 1000 / ns,
                          .address = (polarity * height + y) * width + x,
                          .value = 1};
        if (!nh_events_add(e, event)) return false;
    }
    return true;
}

/* By the number that a name begins with, then by bytes. */
static int natural(const void *a, const void *b) {
    const char *s = *(const char *const *)a, *t = *(const char *const *)b;
    unsigned long long x = strtoull(s, NULL, 10), y = strtoull(t, NULL, 10);
    bool number_s = *s >= '0' && *s <= '9', number_t = *t >= '0' && *t <= '9';
    if (number_s && number_t && x != y) return x < y ? -1 : 1;
    return strcmp(s, t);
}

/* Names of the recordings in a folder, sorted; -1: diagnosed. */
static int64_t list_folder(nh_events *e, const char ***out) {
    const nh_data_ref *ref = e->q->ref;
    size_t n = 0, cap = 0;
    const char **name = NULL;
    DIR *dir = opendir(ref->path);
    if (!dir) {
        nh_report(e->d, NH_O_READ, ref->at, "cannot read the folder '%s': %s", ref->path, strerror(errno));
        return -1;
    }
    for (struct dirent *entry; n <= MAX_RECORDINGS && (entry = readdir(dir));) {
        if (!ends_with(entry->d_name, ".bs2")) continue;
        name = nh_arena_grow(e->a, name, &cap, n + 1, sizeof *name);
        name[n++] = nh_arena_str(e->a, entry->d_name);
    }
    closedir(dir);
    if (n) qsort(name, n, sizeof *name, natural);
    *out = name;
    return (int64_t)n;
}

/* Names in a list; its lines may have labels too. */
static int64_t list_text(nh_events *e, const char ***out) {
    nh_line *line;
    int64_t n = nh_lines_read(e->a, e->d, e->q->ref, &line);
    if (n < 1) return n;
    *out = nh_arena_array(e->a, (size_t)n, sizeof **out);
    for (int64_t i = 0; i < n; i++)
        (*out)[i] =
            ends_with(line[i].word[0], ".bs2") ? line[i].word[0] : nh_arena_printf(e->a, "%s.bs2", line[i].word[0]);
    return n;
}

static const char *stem(nh_arena *a, const char *path) {
    const char *base = nh_path_base(path);
    return nh_arena_strn(a, base, strlen(base) - strlen(".bs2"));
}

/* The files of ref, at most as many as asked; -1: diagnosed. */
static int64_t list_files(nh_events *e, const char ***file) {
    const nh_data_ref *ref = e->q->ref;
    const char *dir = ends_with(ref->path, "/") ? ref->path : nh_path_dir(e->a, ref->path);
    const char **one = nh_arena_alloc(e->a, sizeof *one);
    int64_t n = 1, asked = e->q->samples;
    *one = nh_path_base(ref->path);
    *file = one;
    if (ends_with(ref->path, "/"))
        n = list_folder(e, file);
    else if (ends_with(ref->path, ".txt"))
        n = list_text(e, file);
    if (n < 0) return -1;
    if (n == 0 || n > MAX_RECORDINGS) {
        nh_report(e->d, n ? NH_D_LIMIT : NH_D_LIST, ref->at, "'%s' has %s recordings", ref->path,
                  n ? "too many" : "no");
        return -1;
    }
    if (asked > n) {
        nh_report(e->d, NH_D_SHAPE, ref->at, "samples asks for %lld, there are %lld recordings", (long long)asked,
                  (long long)n);
        return -1;
    }
    e->n_file = n;
    if (asked) n = asked;
    for (int64_t i = 0; i < n; i++) (*file)[i] = nh_path_join(e->a, dir, (*file)[i]);
    return n;
}

bool nh_recordings_read(nh_events *e) {
    const char **file = NULL;
    const nh_shape *s = &e->q->shape;
    char text[96];
    if (s->rank != 3 || s->dim[0] != 2) {
        nh_report(e->d, NH_D_SOURCE, e->q->ref->at,
                  "recordings have two polarities and two coordinates, the model's input has not");
        nh_diag_found(e->d, "%s", nh_shape_print(*s, text));
        nh_diag_allowed(e->d, "2 x height x width");
        return false;
    }
    int64_t ns = bin_ns(e), n = ns ? list_files(e, &file) : -1;
    if (n < 0) return false;
    e->n_sample = n;
    e->name = nh_arena_array(e->a, (size_t)n, sizeof *e->name);
    for (int64_t i = 0; i < n; i++) {
        e->name[i] = stem(e->a, file[i]);
        if (!read_recording(e, file[i], i, ns)) return false;
    }
    return true;
}
