/* Co-simulation of a network in several places, as a whole: what the RTL of a part gives is what the RTL of the next
 * part gets. */
#ifndef NH_SIM_PLACES_H
#define NH_SIM_PLACES_H

#include "parts.h"
#include "sim.h"

/* s: of the whole network, c_dir, rtl_dir and work_dir have a folder for every part, named by its id. Each part runs
 * over all samples (its RTL as far as simulate: rtl_limit says, a fabric over whole samples), its RTL against its C
 * model on the same inputs; then the outputs of every part, and so the end result, are compared with the integer model
 * of the whole network (p->whole), every step of all samples that the RTL ran over. part[n_part]: filled in place. The
 * first difference is reported with part, sample, step and element (S111), and in facts->first; facts are otherwise as
 * nh_sim_run fills them for p->whole. False: diagnosed. */
bool nh_sim_places(nh_arena *a, nh_diag *d, const nh_parts *p, const nh_sim_setup *s, nh_part_fact *part,
                   nh_sim_facts *facts);

#endif
