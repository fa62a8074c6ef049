/* Element types of datasets: which are believed, and their values. Conversion is ours: that of the HDF5 library crashed
 * on mutated files (reference/libraries.md). */
#ifndef NH_H5_ELEMENT_H
#define NH_H5_ELEMENT_H

#define H5_USE_110_API /* libraries since 1.12 keep it, too */
#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { NH_H5_INT, NH_H5_FLOAT, NH_H5_FIXED, NH_H5_VARIABLE } nh_h5_element_kind;

typedef struct {
    nh_h5_element_kind kind;
    size_t size;            /* bytes of an element in the file after decompression */
    bool is_signed, is_big; /* numbers */
    H5T_str_t pad;          /* FIXED */
} nh_h5_element;

/* NULL when the type of a dataset is one of the above, else what it is instead. */
const char *nh_h5_element_of(hid_t type, nh_h5_element *e);
/* The value of a number at p; false when it has more than 53 bits: *value is then near. */
bool nh_h5_element_value(const nh_h5_element *e, const uint8_t *p, double *value);
/* The same number exactly, in decimal, when it is an integer; size >= 24. */
void nh_h5_element_text(const nh_h5_element *e, const uint8_t *p, char *text, size_t size);

#endif
