/* States of a fabric after a sample, read through its host port: symbol_states IMAGE INPUTS PLACES PROGRAM [ARGUMENT
 * ...]. INPUTS: int32 [steps][inputs]; PLACES: lines "x y neuron"; prints the states of each on a line. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "neurohls_host.h"

static int fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    return 1;
}

static bool print_states(nh_host *h, FILE *places) {
    int x, y, n;
    int64_t neuron, state[16];
    while (fscanf(places, "%d %d %" SCNd64, &x, &y, &neuron) == 3) {
        if (!nh_host_read_states(h, x, y, neuron, state, &n)) return false;
        for (int i = 0; i < n; i++) printf("%" PRId64 "%s", state[i], i + 1 < n ? " " : "\n");
    }
    return true;
}

int main(int argc, char **argv) {
    if (argc < 5) return fail("usage: symbol_states IMAGE INPUTS PLACES PROGRAM [ARGUMENT ...]");
    FILE *inputs = fopen(argv[2], "rb"), *places = fopen(argv[3], "r");
    nh_host_fd *line = nh_host_fd_child((const char *const *)argv + 4, 20000);
    nh_host *h = line ? nh_host_open(argv[1], nh_host_fd_transport(line), NH_HOST_FRAMES) : NULL;
    if (!inputs || !places || !h) return fail("a file or the program is missing");
    if (nh_host_error(h)) return fail(nh_host_error(h));
    size_t n = (size_t)(nh_host_steps(h) * nh_host_inputs(h)), m = (size_t)(nh_host_steps(h) * nh_host_outputs(h));
    int32_t *x = calloc(n, sizeof *x), *y = calloc(m, sizeof *y);
    if (!x || !y || fread(x, sizeof *x, n, inputs) != n) return fail("the inputs are not a sample of the image");
    bool ok = nh_host_run(h, x, y) && print_states(h, places);
    if (!ok) fail(nh_host_error(h));
    free(x);
    free(y);
    nh_host_close(h);
    nh_host_fd_close(line);
    return !ok;
}
