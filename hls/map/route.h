/* Routes, made when the plan stands. */
#ifndef NH_MAP_ROUTE_H
#define NH_MAP_ROUTE_H

#include "map_parts.h"

int64_t nh_map_conv_base(const nh_fabric *f, int64_t descriptor);
/* Routes to cores of the same context. by_source: projections sorted by source, first_by_source [n_pop + 1]. Lives in arena. */
nh_route *nh_map_routes(nh_mapper *m, nh_arena *arena, int64_t piece, const int *by_source, const int *first_by_source, int64_t *n);
void nh_map_by_source(nh_arena *a, const nh_event_net *net, int **by_source, int **first_by_source);
/* fill_host.c: axons whose addresses are enough for what leaves for the host, in the context with most of it. */
int64_t nh_map_host_axons(const nh_map_plan *p, const nh_fabric *f);
double nh_map_hops(const nh_map_piece *b, const nh_route *r);
/* Exchange tiles within each context where that lowers traffic x hops: annealing with a fixed seed and a bounded number of moves. */
void nh_map_place(nh_mapper *m, const int *by_source, const int *first_by_source);

#endif
