/* Routes, made when the plan stands. */
#ifndef NH_MAP_ROUTE_H
#define NH_MAP_ROUTE_H

#include "map_parts.h"

int64_t nh_map_conv_base(const nh_fabric *f, int64_t descriptor);
/* Routes to cores of the same context. by_source: projections sorted by source, first_by_source [n_pop + 1]. Lives in
 * arena. */
nh_route *nh_map_routes(nh_mapper *m, nh_arena *arena, int64_t piece, const int *by_source, const int *first_by_source,
                        int64_t *n);
void nh_map_by_source(nh_arena *a, const nh_event_net *net, int **by_source, int **first_by_source);
/* fill_host.c: axons whose addresses are enough for what leaves for the host, in the context with most of it. */
int64_t nh_map_host_axons(const nh_map_plan *p, const nh_fabric *f);
bool nh_map_host_fits(const nh_map_plan *p, const nh_fabric *f);
double nh_map_hops(const nh_map_piece *b, const nh_route *r);
/* inputs.c: the same elements for several cores of a context, at the same tick and addresses. */
typedef struct {
    nh_input_entry e; /* `to` is not set */
    int64_t first, n; /* of nh_map_inputs.core */
    int64_t number;   /* its place in the order */
} nh_map_input;

typedef struct {
    nh_map_input *input;
    int64_t n, *core; /* cores, counted from the context's first */
} nh_map_inputs;

/* Lives in a. */
nh_map_inputs nh_map_inputs_of(const nh_mapper *m, nh_arena *a, int context);
/* Rectangles of exactly the tiles that input i goes to; out: room for every tile of the mesh. */
int64_t nh_map_input_rects(const nh_mapper *m, const nh_map_inputs *all, int64_t i, int context, nh_rect *out);
/* Events of an entry per step: one per element where no rate is measured. */
double nh_map_input_events(const nh_mapper *m, const nh_input_entry *e);
/* Links that a word of the host crosses. */
double nh_map_host_hops(nh_rect to);
/* Has the context pieces of the population? */
bool nh_map_in_context(const nh_map_plan *p, int pop, int context);

/* Exchange tiles within each context where that lowers traffic x hops: annealing with a fixed seed and a bounded number
 * of moves. */
void nh_map_place(nh_mapper *m, const int *by_source, const int *first_by_source);

#endif
