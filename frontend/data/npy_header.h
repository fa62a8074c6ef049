/* The header of a .npy array: a Python dictionary as text. Private to frontend/data. */
#ifndef NH_NPY_HEADER_H
#define NH_NPY_HEADER_H

#include "file.h"
#include "npy.h"

typedef struct {
    char descr[16];
    bool structured; /* the data type is a list, not a string; nothing else is known then */
    bool fortran;
    int rank;
    int64_t dim[NH_NPY_MAX_RANK];
} nh_npy_header;

#define NH_NPY_HEADER_PREFIX 12   /* magic, version and length: 10 bytes in version 1, else 12 */
#define NH_NPY_HEADER_LIMIT 65536 /* bytes of the dictionary; numpy's own is 10,000 */

/* Bytes of everything in front of the data, from the first NH_NPY_HEADER_PREFIX bytes of a file (fewer when it has no
 * more); 0: *why says what is wrong. */
size_t nh_npy_header_size(nh_bytes prefix, const char **why);
/* Parse that many bytes. NULL, or a sentence saying what is wrong. */
const char *nh_npy_header_parse(nh_bytes head, nh_npy_header *out);

#endif
