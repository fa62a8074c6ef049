/* The map of a fabric: as JSON, and as a picture of the mesh with its loads. */
#ifndef NH_MAP_REPORT_H
#define NH_MAP_REPORT_H

#include <stdio.h>

#include "map.h"

/* Attempts, utilisation, cores, certificate. The text ends with a newline. Lives in a. */
const char *nh_map_json(nh_arena *a, const nh_map_plan *p, const nh_event_net *net, const nh_fabric *f);
/* SVG of one context: tiles in the colour of their first layer with a bar of the fuller of neurons and synapses; links
 * as thick as the events that cross them; a legend. m: the image of the plan, or NULL (no links). */
void nh_svg_mesh(nh_arena *a, const nh_map_plan *p, const nh_event_net *net, const nh_fabric *f, const nh_image *m,
                 int context, FILE *out);

#endif
