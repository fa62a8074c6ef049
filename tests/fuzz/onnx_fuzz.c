/* Any bytes as an ONNX model: no crash, no leak; a graph that passes the verifier, or at least one
 * diagnostic. */
#include <stdlib.h>
#include <string.h>

#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    uint8_t *copy = nh_arena_alloc(a, size + 1);
    memcpy(copy, data, size);
    nh_graph *g = nh_reader_onnx.read(a, d, "fuzz.onnx", (nh_bytes){copy, size}, NULL);
    if (g ? nh_graph_check(g, a) != NULL : d->n_error == 0) abort();
    nh_arena_free(a);
    return 0;
}
