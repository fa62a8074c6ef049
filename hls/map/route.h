/* Routes, made when the plan stands. */
#ifndef NH_MAP_ROUTE_H
#define NH_MAP_ROUTE_H

#include "map_parts.h"

int64_t nh_map_conv_base(const nh_fabric *f, int64_t descriptor);
/* Routes to cores of the same context. by_source: projections sorted by source, first_by_source [n_pop + 1]. Lives in arena. */
nh_route *nh_map_routes(nh_mapper *m, nh_arena *arena, int64_t piece, const int *by_source, const int *first_by_source, int64_t *n);

#endif
