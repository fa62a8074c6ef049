/* Any tree of an HDF5 file as a NIR model. */
#include "nir_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    bool was_read;
    if (!nir_run(data, size, &was_read)) abort();
    return 0;
}
