/* One struct of facts, three prints: report.json (the truth), report.html, the terminal table. */
#ifndef NH_REPORT_H
#define NH_REPORT_H

#include <stdio.h>

#include "design.h"
#include "emit.h"
#include "facts.h"
#include "map.h"

typedef struct {
    nh_provenance provenance;
    const nh_design *design; /* of a network on a fabric: its layers as the C kernels have them; no RTL is made of it */
    struct {
        const nh_fabric *fabric; /* NULL: not on a fabric */
        const nh_map_plan *plan;
        const nh_event_net *net;
        const nh_image *image;
    } map;
    const nh_diag *diag; /* notes = decisions, warnings */
    nh_step_fact step[8];
    int n_step;
    nh_part_fact *part; /* of networks in several places, else n_part is 0. Their design is that of the whole network as
                           a pipeline, which nobody builds */
    int n_part;
    const int *part_of; /* [layers of the design's graph] part, or -1 */
    nh_sim_facts sim;
    nh_fabric_facts fabric;
    nh_synth_facts synth;
    nh_pnr_facts pnr;
    struct {
        const char *name, *required, *measured;
        bool met, known;
    } requirement[8];
    int n_requirement;
    nh_exit exit;
} nh_report_facts;

bool nh_report_json(nh_arena *a, nh_diag *d, const nh_report_facts *f, const char *path);
bool nh_report_html(nh_arena *a, nh_diag *d, const nh_report_facts *f, const char *path);
void nh_report_text(const nh_report_facts *f, bool color, FILE *out);
/* Parts alone: the table and the chain of places, as in the terminal's report. */
void nh_report_parts(const nh_report_facts *f, bool color, FILE *out);
/* The spikes of one sample as a picture (SVG) of its own; raster has bands. */
bool nh_report_raster(nh_arena *a, nh_diag *d, const nh_raster_fact *raster, const char *path);
/* Rebuild the facts of sim, synth, pnr and parts from a report.json written before (steps that were cached). */
bool nh_report_load(nh_arena *a, nh_diag *d, const char *path, nh_report_facts *f);

#endif
