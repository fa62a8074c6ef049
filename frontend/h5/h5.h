/* The only HDF5 wrapper: reads a whole file in a sandboxed child process and returns it as a tree of typed datasets.
 * HDF5 itself is not safe on untrusted files (of files with a few damaged bytes 1.10.8 crashes on one in twenty, hangs
 * on one in a thousand; it reads /etc/passwd as weights when told so); here a dead, hung or greedy child is a
 * diagnostic.
 *
 * The child has no file descriptors but a pipe, no network, a filter of system calls, memory and CPU time by the size
 * of the file (0.3 s per object for small ones); it refuses soft, external and second links, external raw storage,
 * virtual datasets, filters other than deflate/shuffle/fletcher32, types other than integers, IEEE floats, enums of
 * integers (bool) and strings, more than NH_H5_MAX_* of anything. Attributes are not read. Text is not checked to be
 * UTF-8 and may hold any byte but 0. */
#ifndef NH_H5_H
#define NH_H5_H

#include "file.h"

#define NH_H5_MAX_RANK 8
#define NH_H5_MAX_DEPTH 16
#define NH_H5_MAX_OBJECTS 100000
#define NH_H5_MAX_BYTES                                                                                                \
    ((size_t)1 << 30)        /* of data of a file, in its own types after decompression, and as it is here */
#define NH_H5_MAX_RATIO 1100 /* bytes after decompression per byte of file, beyond 16 MiB: deflate's best is 1032 */
#define NH_H5_SECONDS 60     /* of wall-clock time; CPU time ends sooner */

typedef enum { NH_H5_GROUP, NH_H5_NUMBER, NH_H5_STRING } nh_h5_kind;

typedef struct nh_h5 nh_h5;
struct nh_h5 {
    const char *name; /* the link's name; "" for the root */
    const char *path; /* "/node/nodes/fc1/weight" */
    nh_h5_kind kind;
    const nh_h5 *child; /* GROUP: [n_child], sorted by name (bytes) */
    int64_t n_child;
    int rank;                       /* datasets: 0 = scalar */
    int64_t dim[NH_H5_MAX_RANK], n; /* n elements, row-major */
    const double *number;           /* NUMBER: [n]; integers beyond 2^53 are refused with a diagnostic */
    bool is_integer;                /* the file's type is an integer or bool */
    const char *const *text;        /* STRING: [n], fixed or variable length, without padding; never NULL */
};

/* The tree of the file's bytes; NULL with diagnostics (all at once where possible): NH_M_H5_* codes, the place is the
 * object's path. Everything lives in a. */
const nh_h5 *nh_h5_read(nh_arena *a, nh_diag *d, const char *path, nh_bytes file);
/* Is it an HDF5 file, by its signature (at 0, 512, 1024, ... too)? */
bool nh_h5_probe(nh_bytes head);
/* A member of a group, or NULL. */
const nh_h5 *nh_h5_find(const nh_h5 *group, const char *name);

#endif
