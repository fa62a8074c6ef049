/* How a layer's differential equation is read: what the files of discretise share. */
#ifndef NH_NUMERICS_H
#define NH_NUMERICS_H

#include "neurons.h"

typedef struct {
    nh_numerics n; /* nothing is AUTO */
    const char *preset;
    bool is_integrator;                         /* IF and I: no decay */
    bool loses_reset, ignores_r, has_euler_syn; /* of the preset, for this kind of neuron */
    bool is_increment;   /* v + gain ((v_leak - v) + x) instead of alpha v + gain x + leak: the same but for rounding */
    bool decays_input;   /* alpha (v + x): a gain of one becomes alpha */
    const char *start;   /* the value of the file that the voltage starts at, or NULL: 0 */
    bool may_be_seconds; /* steps_exp by the preset alone: a tau below 1 is in seconds */
    bool is_foreign;     /* the preset's exporter did not write these values, and its importers differ */
    bool is_in_loop;     /* found out for presets to which it matters */
    double exporter_dt;  /* the time step that the exporter's values imply; 0: none */
} nh_reading;

/* dt that nobody gave is the exporter's, where its values tell. */
nh_reading nh_reading_of(const nh_graph *g, const nh_layer *l, double spiking_dt);
/* One line for a note. */
const char *nh_reading_text(nh_arena *a, const nh_reading *r);

/* Coefficients of a layer, by name: alpha, gain, leak, theta, v_reset, alpha_syn, gain_syn, dt. Those that the kind of
 * neuron does not have are absent. n of each is 1, the channels, or the elements. */
typedef struct {
    nh_neuron_value value[12];
    int n;
    bool has_unit_gain, has_unit_gain_syn, has_leak,
        has_v_reset; /* gain 1 everywhere, leak and v_reset not 0 everywhere */
} nh_coefficients;

/* Value called name, or NULL. */
const nh_neuron_value *nh_value_find(const nh_neuron_value *list, int n, const char *name);
/* False with diagnostics: a value that is none, dt > tau ... */
bool nh_coefficients_make(nh_arena *a, nh_diag *d, const nh_graph *g, const nh_layer *l, const nh_reading *r,
                          nh_coefficients *out);

/* --- exporters.c: what a file of the layer's preset tells, and what it cannot ------------------------------------ */

typedef enum { NH_LOST_GAIN, NH_LOST_V_MIN, NH_LOST_COUNT, NH_LOST_DT, NH_LOST_RESET, NH_LOST_TIMING } nh_lost;

/* Seconds per step that tau and r of the layer imply when its preset's exporter wrote them; 0: they imply none. */
double nh_exporter_dt(nh_arena *a, const nh_layer *l);
/* A bit for everything that the exporter leaves out for such neurons and the configuration does not say; and the
 * options that say it. */
unsigned nh_exporter_lost(const nh_layer *l, const nh_reading *r, double spiking_dt);
const char *nh_exporter_hint(nh_arena *a, unsigned lost);

/* Delays that numerics ask for. */
bool nh_rewire(nh_graph *g, const nh_options *o, nh_diag *d);

#endif
