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
    nh_bytes data; /* what follows the header */
} nh_npy_header;

/* NULL, or a sentence saying what is wrong. */
const char *nh_npy_header_parse(nh_bytes file, nh_npy_header *out);

#endif
