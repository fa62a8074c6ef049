/* What the files that fill an image share. Private to hls/map. */
#ifndef NH_MAP_FILL_H
#define NH_MAP_FILL_H

#include "route.h"

typedef struct {
    nh_mapper m;
    nh_map_plan *p;
    int *by_source, *first_by_source;
    int64_t **row_start; /* [n_proj] */
    bool ok;
} nh_filler;

/* fill_core.c: the memories of a core, for one of its pieces after the other. */
void nh_fill_tables(const nh_filler *s, const nh_map_core *k, nh_core_image *c); /* made, empty */
void nh_fill_synapses(nh_filler *s, const nh_map_piece *b, nh_core_image *c);
void nh_fill_params(nh_filler *s, const nh_map_piece *b, nh_core_image *c);

/* fill_host.c: what the host sends in a context. */
void nh_fill_inputs(nh_filler *s, nh_context *x, int context);
/* What leaves to the host: outputs of the network, and what later contexts read. Addresses are counted through the
 * context: from base on; the first free one after it. cap: of x->output. */
int64_t nh_fill_outputs(nh_filler *s, nh_context *x, const nh_map_piece *b, nh_core_image *c, int64_t base,
                        size_t *cap);

#endif
