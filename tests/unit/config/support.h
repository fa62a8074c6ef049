/* Reading a configuration given as text: written to a file of its own folder, which the test removes. */
#ifndef NH_TEST_CONFIG_SUPPORT_H
#define NH_TEST_CONFIG_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "file.h"

typedef struct {
    nh_arena *a;
    nh_diag *d;
    nh_options *o; /* NULL when it has errors */
    char dir[64];
} reading;

static inline reading read_bytes(const void *text, size_t size) {
    reading r = {.a = nh_arena_new()};
    r.d = nh_diag_new(r.a);
    strcpy(r.dir, "/tmp/nh_config_XXXXXX");
    if (!mkdtemp(r.dir)) abort();
    char *path = nh_path_join(r.a, r.dir, "t.yaml");
    FILE *f = fopen(path, "wb");
    fwrite(text, 1, size, f);
    fclose(f);
    r.o = nh_config_read(r.a, r.d, path);
    unlink(path);
    rmdir(r.dir);
    return r;
}

static inline reading read_text(const char *text) { return read_bytes(text, strlen(text)); }

/* A valid beginning and something more. */
#define HEAD "project: p\nmodel: m.onnx\ntarget: icebreaker\n"
static inline reading read_more(const char *more) {
    reading r = {.a = nh_arena_new()};
    const char *text = nh_arena_printf(r.a, HEAD "%s", more);
    reading out = read_text(text);
    nh_arena_free(r.a);
    return out;
}

static inline void done(reading *r) { nh_arena_free(r->a); }

/* Is there a diagnostic with this code at line:col? */
static inline bool reported(const reading *r, nh_code code, int line, int col) {
    for (size_t i = 0; i < r->d->count; i++)
        if (r->d->item[i].code == code && r->d->item[i].at.line == line && r->d->item[i].at.col == col) return true;
    return false;
}

#endif
