/* What a run read: every input file with the SHA-256 of the bytes that were read, so that keys of the cache and headers
 * of outputs name what was built, whatever has happened to the files since. */
#ifndef NH_SOURCES_H
#define NH_SOURCES_H

#include "diag.h"
#include "file.h"

typedef struct {
    const char *path; /* as given to nh_file_read */
    nh_hash hash;
} nh_source;

typedef struct nh_sources {
    nh_source *at; /* in the order of first reading, every path once */
    size_t n, cap;
    size_t *slot, n_slot; /* index + 1 of a path, found by its hash; 0: free */
} nh_sources;

/* From now on every nh_file_read that reports to d is noted in d->sources. A reader that opens files by nh_file_read
 * has nothing else to do. */
void nh_sources_begin(nh_diag *d);
/* Stop noting; what was noted is returned and lives as long as d->arena. */
const nh_sources *nh_sources_end(nh_diag *d);

/* Note one file (nh_file_read does). False and NH_O_READ at `at` when the path was read before with other bytes: then
 * two parts of one run would have seen different files. */
bool nh_sources_note(nh_diag *d, nh_loc at, const char *path, nh_bytes read);

/* The hash of a path, NULL when it was not read. */
const char *nh_sources_hash(const nh_sources *s, const char *path);

/* One hash for the files first..last-1 of the list: that of the file where there is one, else the SHA-256 of their
 * hashes in hex, a line each, in the order of reading. */
nh_hash nh_sources_join(nh_arena *a, const nh_sources *s, size_t first, size_t last);

#endif
