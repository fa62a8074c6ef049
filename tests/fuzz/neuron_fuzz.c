/* Fuzz target: the text of a neuron model. Whatever it is, there is a program that the verifier accepts, or a
 * diagnostic. */
#include <stdlib.h>

#include "neurons.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    const nh_guard guard[] = {{"reset", "value"}, {"spikes", "one"}};
    const nh_neuron_program *p =
        nh_neuron_assemble(a, d, "fuzz.neuron", (const char *)data, size, size % 2 ? guard : NULL, size % 2 ? 2 : 0);
    if (p ? nh_neuron_check(a, p) != NULL || d->n_error > 0 : d->n_error == 0) abort();
    nh_arena_free(a);
    return 0;
}
