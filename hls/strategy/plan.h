/* Cycles and resources of a design before anything is built. */
#ifndef NH_PLAN_H
#define NH_PLAN_H

#include "design.h"

/* II of every unit and of the design; latency by following the first inference through the design, transfer by
 * transfer, with the latencies stated in the headers of rtl_templates. */
void nh_plan_cycles(nh_design *g);

/* The same for a time-stepped network; II and latency are those of a step. */
void nh_plan_temporal(nh_design *g);

/* LUTs, flip-flops, block RAMs and multipliers by simple counting; labelled as estimates wherever shown. */
void nh_estimate(nh_design *g);

#endif
