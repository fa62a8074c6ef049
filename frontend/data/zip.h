/* Members of a zip archive, as numpy.savez writes them: stored or deflated, no zip64, no encryption.
 * Private to frontend/data. */
#ifndef NH_ZIP_H
#define NH_ZIP_H

#include "file.h"

#define NH_ZIP_MAX_MEMBER ((size_t)1 << 30) /* bytes after inflating */

bool nh_zip_probe(nh_bytes file);

/* The content of the member "key.npy" or "key", or of the only member when key is NULL. `path` names the file
 * in diagnostics: D_MEMBER, D_FORMAT, D_LIMIT. The result lives in a or is part of `file`. */
bool nh_zip_member(nh_arena *a, nh_diag *d, nh_loc at, const char *path, nh_bytes file, const char *key,
                   nh_bytes *out);

#endif
