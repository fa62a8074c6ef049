/* A run of the driver as the commands start it, and what they print of it. */
#ifndef NH_SESSION_H
#define NH_SESSION_H

#include "cli.h"
#include "run.h"

/* nh_run_load as the options ask; steps are shown on a terminal, and with -v told to stderr. */
bool nh_cli_load(nh_cli *c, nh_session *r, const char *config);
/* nh_run_steps, its report on stdout, and the end of the command. */
nh_exit nh_cli_steps(nh_cli *c, nh_session *r, nh_step_plan plan);
/* stdout for tables, or NULL: --json or --quiet. */
FILE *nh_cli_tables(const nh_cli *c);

/* The map of a part, if there is a plan. */
void nh_cli_print_map(const nh_cli *c, const nh_part *part);
/* The maps of the parts on a fabric. */
void nh_cli_print_part_maps(const nh_cli *c, const nh_session *r);

/* plan.c: the table of `check`. */
void nh_plan_text(const nh_session *r, FILE *out);
void nh_plan_json(const nh_session *r, FILE *out);

/* progress.c: a line on a terminal that shows what runs and for how long. */
typedef struct nh_progress nh_progress;
nh_progress *nh_progress_start(const nh_cli *c, int index, int count, const char *what);
/* Ends the line. */
void nh_progress_stop(nh_progress *p);

#endif
