/* Any bytes as .npy or .npz: no crash, no leak; an array of finite numbers, or a diagnostic. */
#include <math.h>

#include "memory_file.h"
#include "npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    memory_file f = memory_file_make(data, size);
    static const char *const keys[] = {NULL, "a"};
    for (int k = 0; k < 2; k++) {
        nh_arena *a = nh_arena_new();
        nh_diag *d = nh_diag_new(a);
        nh_data_ref ref = {.path = f.path, .key = keys[k]};
        nh_npy n;
        bool ok = nh_npy_read(a, d, &ref, &n);
        if (ok != (d->n_error == 0)) abort();
        for (int64_t i = 0; ok && i < n.n; i++)
            if (!isfinite(n.value[i])) abort();
        nh_arena_free(a);
    }
    close(f.fd);
    return 0;
}
