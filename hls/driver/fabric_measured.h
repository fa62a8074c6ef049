/* The co-simulation of a fabric, as text and as a member of the map's JSON. */
#ifndef NH_FABRIC_MEASURED_H
#define NH_FABRIC_MEASURED_H

#include <stdio.h>

#include "facts.h"
#include "sim_fabric.h"

/* What a report shows of the counters. */
void nh_fabric_measured_put(const nh_sim_fabric_facts *f, nh_fabric_facts *to);
void nh_fabric_measured_text(const nh_sim_fabric_facts *f, int64_t samples, FILE *out);
/* map with a member "rtl": null when f is NULL. Lives in a. */
const char *nh_fabric_measured_json(nh_arena *a, const char *map, const nh_sim_fabric_facts *f, int64_t samples);

#endif
