/* The part that runs in the child: walks a file with the HDF5 library and writes the stream of stream.h. */
#ifndef NH_H5_CHILD_H
#define NH_H5_CHILD_H

#include "h5.h"

typedef struct {
    bool (*put)(void *ctx, const void *data, size_t size);
    /* So much is done next: the listing of a group (0) or the reading of so many bytes of data in memory. Or NULL. */
    void (*begin)(void *ctx, size_t size);
    void *ctx;
} nh_h5_sink;

/* Initialise the library: needs files, so comes before the sandbox is locked. Turns plug-ins and HDF5's own messages
 * off. */
bool nh_h5_child_init(void);
/* Everything from BEGIN to END; false when the sink fails or a record cannot be written. scratch is used up. */
bool nh_h5_child_walk(nh_arena *scratch, nh_bytes file, bool has_filter, nh_h5_sink sink);

#endif
