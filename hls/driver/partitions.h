/* The partitions of a network: what the steps of the flow do, by the backend of each. One partition is a network on one
 * backend. Every function returns false after a diagnostic. */
#ifndef NH_PARTITIONS_H
#define NH_PARTITIONS_H

#include "run.h"

/* Find the partitions and lower them: sets r->parts and r->design. When a map failed, its plan stays in r->parts. */
bool nh_run_partition(nh_session *r);
bool nh_partitions_check(nh_session *r);
/* The work of the steps in dir: of several partitions in a folder of each. */
bool nh_partitions_c(nh_session *r, const char *dir);
bool nh_partitions_rtl(nh_session *r, const char *dir);
bool nh_partitions_sim(nh_session *r, nh_sim_setup *s);
bool nh_partitions_synth(nh_session *r, const char *dir);
/* For one partition. */
bool nh_partitions_pnr(nh_session *r, const char *dir);
/* What an earlier run measured of each, from its facts. */
void nh_partitions_recall(nh_session *r, const nh_report_facts *from, nh_step_id step);

#endif
