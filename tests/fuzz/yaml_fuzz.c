/* Any bytes as a configuration: no crash, no leak; options, or a diagnostic. */
#include "config.h"
#include "memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    memory_file f = memory_file_make(data, size);
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    if (!nh_config_read(a, d, f.path) && d->n_error == 0) abort();
    nh_arena_free(a);
    close(f.fd);
    return 0;
}
