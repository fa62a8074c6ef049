/* The measured facts as tables of named fields: what json.c writes is what load.c reads. Names of facts
 * shared by all prints. */
#ifndef NH_REPORT_FIELDS_H
#define NH_REPORT_FIELDS_H

#include <jansson.h>

#include "report.h"

typedef enum { NH_FACT_I64, NH_FACT_U64, NH_FACT_INT, NH_FACT_REAL, NH_FACT_BOOL, NH_FACT_TEXT } nh_fact_kind;

typedef struct {
    const char *name;
    nh_fact_kind kind;
    size_t offset;
} nh_field;

/* Each ends with a row whose name is NULL. Members that point to arrays are not in them. */
extern const nh_field nh_accuracy_fields[], nh_spike_fields[], nh_reference_fields[], nh_reference_first_fields[],
    nh_synapse_fields[], nh_raster_fields[], nh_band_fields[], nh_cause_fields[];
extern const nh_field nh_sim_fields[], nh_mismatch_fields[], nh_drift_fields[], nh_cycles_fields[], nh_cells_fields[],
    nh_pnr_fields[], nh_resources_fields[], nh_part_fields[];
extern const nh_field nh_error_fields[], nh_output_fields[];
extern const nh_field nh_fabric_fields[], nh_core_fields[];

/* Infinite and NaN reals are null. Strings that are not UTF-8 are read as Latin-1. */
json_t *nh_fields_put(nh_arena *a, const void *from, const nh_field *field);
/* Members that are missing or of another type stay as they are; null is +infinity for a real and NULL for a
 * text. */
void nh_fields_get(nh_arena *a, const json_t *object, void *to, const nh_field *field);
json_t *nh_json_text(nh_arena *a, const char *s);

extern const char *const nh_step_state_text[5];
/* By nh_readout. */
extern const char *const nh_readout_text[3];
extern const char *const nh_readout_title[3];
/* "sample 3, step 4, output 5: 1, got 0". */
const char *nh_reference_first_text(nh_arena *a, const nh_reference_first *f);
const char *nh_strategy_text(nh_strategy s);
const char *nh_unit_kind_text(nh_unit_kind kind);
/* "2x7" multipliers (outputs x inputs), "4" lanes of neurons, "-". */
const char *nh_unit_lanes(nh_arena *a, const nh_unit *u);
/* What happened to values that left the format of a layer, and whether it matters: "0", "3 of 11520 saturate", "13.3 %
 * saturate, all below threshold" of the states of neurons. */
const char *nh_overflow_text(nh_arena *a, const nh_design *g, const nh_drift_fact *d);
/* Share of all spikes, of either path, that are in both at the same neuron and step; 1 where there are none. */
double nh_spike_agreement(const nh_spike_fact *f);
/* "float", "+ weights, inputs" ... of nh_cause_fact. */
const char *nh_cause_text(const char *cause);

/* One line of the resource table: a unit of the design (of a fabric: modules of a kind; of a network in several places:
 * a part), or the total (unit = NULL). */
typedef struct {
    const char *name;
    const nh_unit *unit;
    bool is_estimated; /* nothing is known of a fabric before it is counted */
    nh_resources estimate;
    const nh_cells *counted; /* by Yosys, or NULL */
    bool placed;             /* the three below are nextpnr's */
    int64_t luts, brams, dsps;
} nh_resource_row;
/* The total is the last row. */
nh_resource_row *nh_resource_rows(nh_arena *a, const nh_report_facts *f, int *n);

nh_resource_row nh_unit_row(const nh_report_facts *f, const nh_unit *u);
/* What place and route lacks most: "block RAM, 72 of 32"; NULL: nothing that was counted. */
const char *nh_pnr_lack(nh_arena *a, const nh_pnr_facts *p);
/* Does what was counted fit the target? Placement knows better: NULL where it ran, where nothing was counted, and
 * without capacities. */
const char *nh_fit_text(nh_arena *a, const nh_report_facts *f, bool *fits);

/* The part that a unit belongs to, or NULL. */
const nh_part_fact *nh_unit_part(const nh_report_facts *f, const nh_unit *u);
/* Is the unit of the design built in a pipeline? Of networks in several places those of others are not, and what joins
 * parts is nobody's. */
bool nh_unit_is_built(const nh_report_facts *f, const nh_unit *u);
bool nh_has_units(const nh_report_facts *f);
/* The parts as a list of objects. */
json_t *nh_parts_json(nh_arena *a, const nh_report_facts *f);
/* Is the network on a fabric as a whole? Then its layers are no units of a pipeline: what is built is the fabric. */
bool nh_report_on_fabric(const nh_report_facts *f);
/* Cycles of an inference: of the RTL where it ran, else of the C model; 0: neither ran. */
double nh_fabric_cycles(const nh_report_facts *f);
/* Of the sample that took most, likewise. */
double nh_fabric_most_cycles(const nh_report_facts *f);
/* "93.1 %": synapse words per cycle in which an accumulate engine was at work, each a weight in every lane. "-": it
 * never was. */
const char *nh_lanes_busy(nh_arena *a, int64_t synapse_words, int64_t busy_cycles);
/* The core in the plan, or NULL; the names of its layers ("fc1, lif2"), net being the plan's. */
const nh_map_core *nh_core_in_plan(const nh_map_plan *p, const nh_core_fact *c);
const char *nh_core_layers(nh_arena *a, const nh_map_plan *p, const nh_event_net *net, const nh_map_core *c);

/* "fc1, relu1" of a unit. */
const char *nh_unit_layers(nh_arena *a, const nh_design *g, const nh_unit *u);
/* The layer that makes a stream. */
const char *nh_stream_layer(const nh_design *g, int stream);
/* The measured cycles of a unit, or NULL. */
const nh_cycles_fact *nh_unit_cycles(const nh_report_facts *f, const nh_unit *u);

#endif
