/* Folders of an output directory: which files in them are neurohls' own, and how one is replaced without losing any
 * other.
 *
 * Everything in a folder that is not recorded with its present hash was made or changed by somebody else, and is kept:
 *   a file of another name          stays where it is
 *   a generated file that was edited    stays as NAME.edited beside the new one (NH_O_EDITED, a warning)
 *   a file of a name that is now generated, too     nothing is replaced (NH_O_TAKEN, an error) */
#ifndef NH_FOLDER_H
#define NH_FOLDER_H

#include "arena.h"
#include "diag.h"

typedef struct {
    const char *name, *value;
} nh_pair;
/* {path inside of a folder: SHA-256} or other names and values, in the order of being added. */
typedef struct {
    nh_pair *at;
    size_t n, cap;
} nh_pairs;

void nh_pairs_add(nh_arena *a, nh_pairs *p, const char *name, const char *value);
/* NULL when there is none. */
const char *nh_pairs_get(const nh_pairs *p, const char *name);

/* Every file below a folder with its hash ("not a file" for links and devices, which are not followed), sorted. False
 * when it cannot be read. */
bool nh_folder_files(nh_arena *a, const char *folder, nh_pairs *files);

/* What is neurohls' own in a folder: a file with its hash in either list (the second: of an output whose publishing was
 * cut short). */
typedef struct {
    bool is_known; /* false: there is no record; then files that differ from the new ones are kept as edited */
    const nh_pairs *file, *next;
} nh_folder_record;

/* Put `staged` in the place of `dst` as nh_publish does, and keep in it what is not neurohls' own. False: NH_O_WRITE or
 * NH_O_TAKEN, dst is as it was and staged still there. */
bool nh_folder_publish(nh_arena *a, nh_diag *d, const char *staged, const char *dst, const nh_folder_record *ours);

/* Remove what is neurohls' own from a folder, and the folder itself when nothing else is in it. */
void nh_folder_drop(nh_arena *a, const char *folder, const nh_pairs *ours);

/* Before a single file is replaced: when its bytes are not those of `hash` (NULL: unknown), keep it as <path>.edited
 * and warn. */
bool nh_file_keep_edited(nh_arena *a, nh_diag *d, const char *path, const char *hash);

#endif
