/* NumPy arrays: .npy and members of .npz (stored or deflated), sizes checked before anything is allocated. */
#ifndef NH_NPY_H
#define NH_NPY_H

#include "diag.h"
#include "file.h"
#include "options.h"

#define NH_NPY_MAX_RANK 8

typedef struct {
    int rank;
    int64_t dim[NH_NPY_MAX_RANK];
    int64_t n;       /* elements */
    double *value;   /* row-major, whatever the file's dtype and order (bool, [u]int8..64, float16/32/64;
                        either byte order) */
    bool is_integer; /* dtype was an integer or bool */
    char dtype[16];  /* as written, e.g. "<f4" */
} nh_npy;

/* Read "x.npy" or member ref.key of "x.npz" (key may be NULL when it has one member). Integers beyond 2^53,
 * NaN, Inf, object/structured/string dtypes, wrong sizes are diagnostics at ref.at. */
bool nh_npy_read(nh_arena *a, nh_diag *d, const nh_data_ref *ref, nh_npy *out);

/* The same in two steps. Open: everything but the values, from the header alone (value is NULL); NULL: diagnosed. ref
 * outlives the source. Then load, which takes the first `rows` of dim[0] (0 = all) into memory, or abandon; both end
 * the source. D_LIMIT before memory is spent: more than 2^27 elements, or an archive that unpacks to far more than it
 * has. */
typedef struct nh_npy_source nh_npy_source;
nh_npy_source *nh_npy_open(nh_arena *a, nh_diag *d, const nh_data_ref *ref, nh_npy *out);
bool nh_npy_load(nh_npy_source *s, nh_npy *out, int64_t rows);
void nh_npy_abandon(nh_npy_source *s);

/* Write [rank] dims of int64 or double as .npy version 1.0; used for outputs. */
bool nh_npy_write_i64(nh_arena *a, nh_diag *d, const char *path, int rank, const int64_t *dim, const int64_t *value);
bool nh_npy_write_f64(nh_arena *a, nh_diag *d, const char *path, int rank, const int64_t *dim, const double *value);

/* Begin such a file for elements of 1, 2, 4 or 8 bytes, which the caller writes behind it (little-endian, row-major).
 */
void nh_npy_begin_int(nh_arena *a, nh_writer *w, int bytes, bool is_signed, int rank, const int64_t *dim);

/* "samples x rows x ..." of an array as text: "24 x 4"; in a. */
const char *nh_npy_shape(nh_arena *a, const nh_npy *x);

#endif
