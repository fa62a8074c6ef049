/* The NIR reader: HDF5 tree -> flat nodes and edges -> layers. */
#include "nir_model.h"

#include "neurons.h"
#include "reader.h"

nh_loc nir_at(const nir_model *m, const char *path) { return (nh_loc){.file = m->path, .path = path}; }
nh_loc nir_at_node(const nir_model *m, const nir_node *n) { return nir_at(m, n->path); }

nh_graph *nh_nir_from_tree(nh_arena *a, nh_diag *d, const char *path, const nh_h5 *tree, double dt) {
    nh_arena *scratch = nh_arena_new();
    nir_model m = {
        .a = a, .scratch = scratch, .d = d, .path = nh_arena_str(a, path), .dt = dt, .input = -1, .output = -1};
    bool is_flat = nir_flatten(&m, tree), has_params = nir_params(&m);
    /* Bad parameters of one node hide nothing of the others: shapes are followed past it. */
    bool ok = is_flat && nir_topology(&m) && nir_shapes(&m) && has_params && nir_build(&m);
    nh_arena_free(scratch);
    return ok ? m.g : NULL;
}

/* Seconds per time step: delays are whole numbers of them. */
static double step_of(const nh_options *o) {
    static const nh_numerics none = {.layer_delay = -1};
    return nh_numerics_resolve(o ? &o->defaults.numerics : &none, o ? o->spiking.dt : 0).dt;
}

static nh_graph *read_nir(nh_arena *a, nh_diag *d, const char *path, nh_bytes file, const nh_options *o) {
    const nh_h5 *tree = nh_h5_read(a, d, path, file);
    return tree ? nh_nir_from_tree(a, d, path, tree, step_of(o)) : NULL;
}

const nh_reader nh_reader_nir = {"nir", ".nir", nh_h5_probe, read_nir};
