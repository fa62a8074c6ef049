/* Reader of lava-dl `.net` files (HDF5): the network as lava's fixed-point runtime computes it, step by step, in exact
 * integers. */
#include "lava.h"

#include <string.h>

#include "reader.h"

nh_graph *lava_graph(nh_arena *a, nh_diag *d, const char *path, const nh_h5 *root, const nh_options *o) {
    lava_reader r = {.a = a, .d = d, .path = path, .o = o};
    if (!lava_layers_read(&r, root)) return NULL;
    r.g = nh_graph_new(a, nh_path_base(path));
    return lava_build(&r) ? r.g : NULL;
}

static nh_graph *read_lava(nh_arena *a, nh_diag *d, const char *path, nh_bytes file, const nh_options *o) {
    const nh_h5 *root = nh_h5_read(a, d, path, file);
    return root ? lava_graph(a, d, path, root, o) : NULL;
}

/* HDF5 with the word that every neuron of lava-dl has. */
static bool probe_lava(nh_bytes head) {
    static const char word[] = "vThMant";
    return nh_h5_probe(head) && memmem(head.data, head.size, word, sizeof word - 1) != NULL;
}

const nh_reader nh_reader_lava = {"lava", ".net", probe_lava, read_lava};
