/* Random trees, with the generator of the fuzz target. */
#include <criterion/criterion.h>

#include "../../fuzz/nir_tree.h"

Test(nir_random, trees_give_a_verified_graph_or_an_error) {
    uint64_t seed = 1;
    int n_read = 0;
    for (int run = 0; run < 30000; run++) {
        uint8_t data[1024];
        for (size_t i = 0; i < sizeof data; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            data[i] = (uint8_t)(seed >> 56);
        }
        bool was_read;
        cr_assert(nir_run(data, sizeof data, &was_read), "run %d", run);
        n_read += was_read;
    }
    cr_log_info("%d trees were read", n_read);
    cr_assert_gt(n_read, 1000, "only %d of the trees were read", n_read);
}
