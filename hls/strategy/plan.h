/* Cycles and resources of a design before anything is built. */
#ifndef NH_PLAN_H
#define NH_PLAN_H

#include "design.h"

/* II of every unit and of the design; latency by following some steps through the design, transfer by transfer, with
 * the latencies stated in the headers of rtl_templates. A step of a network of frames is an inference. */
void nh_plan_cycles(nh_design *g);

/* LUTs, flip-flops, block RAMs and multipliers by simple counting; labelled as estimates wherever shown. */
void nh_estimate(nh_design *g);

#endif
