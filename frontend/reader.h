/* Readers: model file -> nh_graph (float). One reader each, in the table of readers.c. */
#ifndef NH_READER_H
#define NH_READER_H

#include "file.h"
#include "graph.h"

#define NH_MODEL_LIMIT ((size_t)2 << 30)

typedef struct {
    const char *name;       /* onnx */
    const char *extensions; /* ".onnx", blank separated */
    bool (*probe)(nh_bytes head);
    /* NULL with diagnostics when the model cannot be read; nothing in it is trusted. */
    nh_graph *(*read)(nh_arena *a, nh_diag *d, const char *path, nh_bytes file, const nh_options *o);
} nh_reader;

extern const nh_reader nh_reader_onnx, nh_reader_nir, nh_reader_lava;

/* Pick the reader by extension, then by content, and read. o: what the configuration says about reading, or NULL
 * (`init`). */
nh_graph *nh_model_read(nh_arena *a, nh_diag *d, nh_loc at, const char *path, const nh_options *o);

#endif
