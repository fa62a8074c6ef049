#include "sources.h"

#include <string.h>

/* Where a path is, or would be put; the table is never full. */
static size_t *slot_of(const nh_sources *s, const char *path) {
    size_t h = 5381;
    for (const char *p = path; *p; p++) h = h * 33 + (unsigned char)*p;
    size_t i = h % s->n_slot;
    while (s->slot[i] != 0 && strcmp(s->at[s->slot[i] - 1].path, path) != 0) i = (i + 1) % s->n_slot;
    return &s->slot[i];
}

static void add(nh_arena *a, nh_sources *s, const char *path, nh_hash hash) {
    s->at = nh_arena_grow(a, s->at, &s->cap, s->n + 1, sizeof *s->at);
    s->at[s->n++] = (nh_source){nh_arena_str(a, path), hash};
    if (2 * s->n > s->n_slot) {
        s->n_slot = 4 * s->n + 61;
        s->slot = nh_arena_alloc(a, s->n_slot * sizeof *s->slot);
        for (size_t i = 0; i < s->n; i++) *slot_of(s, s->at[i].path) = i + 1;
    }
    *slot_of(s, path) = s->n;
}

void nh_sources_begin(nh_diag *d) {
    if (!d->sources) d->sources = NH_NEW(d->arena, nh_sources);
}

const nh_sources *nh_sources_end(nh_diag *d) {
    static const nh_sources none = {0};
    const nh_sources *s = d->sources;
    d->sources = NULL;
    return s ? s : &none;
}

bool nh_sources_note(nh_diag *d, nh_loc at, const char *path, nh_bytes read) {
    nh_sources *s = d->sources;
    nh_hasher *h = nh_hasher_new(d->arena);
    nh_hash_bytes(h, read.data, read.size);
    nh_hash hash = nh_hash_end(h);
    const char *before = nh_sources_hash(s, path);
    if (before && strcmp(before, hash.hex) == 0) return true;
    if (before) {
        nh_report(d, NH_O_READ, at, "'%s' was changed while neurohls was reading it", path);
        nh_diag_hint(d, "run it again when the file is complete");
        return false;
    }
    add(d->arena, s, path, hash);
    return true;
}

const char *nh_sources_hash(const nh_sources *s, const char *path) {
    size_t at = s->n_slot ? *slot_of(s, path) : 0;
    return at ? s->at[at - 1].hash.hex : NULL;
}

nh_hash nh_sources_join(nh_arena *a, const nh_sources *s, size_t first, size_t last) {
    if (last == first + 1) return s->at[first].hash;
    nh_hasher *h = nh_hasher_new(a);
    for (size_t i = first; i < last; i++) {
        nh_hash_bytes(h, s->at[i].hash.hex, strlen(s->at[i].hash.hex));
        nh_hash_bytes(h, "\n", 1);
    }
    return nh_hash_end(h);
}
