/* Members of a zip archive, as numpy.savez writes them: stored or deflated, no zip64, no encryption.
 * Private to frontend/data. */
#ifndef NH_ZIP_H
#define NH_ZIP_H

#include "file.h"

#define NH_ZIP_MAX_MEMBER ((size_t)1 << 30) /* bytes after inflating */

/* A member that is read from its beginning, piece by piece: what it says of itself is known before it is inflated. */
typedef struct nh_zip_stream nh_zip_stream;

bool nh_zip_probe(nh_bytes file);

/* Open the member "key.npy" or "key", or the only member when key is NULL. `path` names the file in diagnostics:
 * D_MEMBER, D_FORMAT, D_LIMIT. NULL: diagnosed. It lives in a and reads from `file`. */
nh_zip_stream *nh_zip_open(nh_arena *a, nh_diag *d, nh_loc at, const char *path, nh_bytes file, const char *key);
/* Bytes that the member says it has. */
size_t nh_zip_size(const nh_zip_stream *s);
/* Its next n bytes, n up to what is left of its size; false: diagnosed. */
bool nh_zip_pull(nh_zip_stream *s, void *to, size_t n);
/* Read over the rest, and check that the member ends where it says and has its checksum. Also frees what zlib holds: to
 * be called after a failure too, then with is_wanted false. */
bool nh_zip_close(nh_zip_stream *s, bool is_wanted);

#endif
