/* Every spike of a run by layer: counts, a log, a raster. */
#ifndef NH_IMAGE_SPIKES_H
#define NH_IMAGE_SPIKES_H

#include "cli.h"
#include "facts.h"
#include "file.h"
#include "machine.h"

typedef struct {
    const char *name, *csv_name; /* csv_name: quoted, as a field */
    int64_t neurons, spikes;     /* spikes: values that are not 0, over all samples */
} nh_layer_spikes;

typedef struct {
    const nh_image *m;
    nh_arena *a;
    nh_layer_spikes *layer; /* as the symbols of the image name them */
    int n_layer;
    int *layer_of;         /* [symbols of all contexts] */
    int64_t *base;         /* [symbols of all contexts] neurons of the layer before the symbol's first */
    int64_t *first_symbol; /* [n_context + 1] */
    int32_t **symbol_of;   /* [cores of all contexts][words] symbol of all contexts, or -1 */
    int64_t *first_core;   /* [n_context + 1] */
    nh_writer *log;        /* or NULL */
    int64_t sample;        /* now */
    int context;
    nh_raster_fact raster; /* of sample 0; n_band 0 unless it was asked for */
} nh_image_spikes;

/* log: path of a CSV file, a line per spike, or NULL. NULL with a diagnostic when it cannot be written. */
nh_image_spikes *nh_image_spikes_new(nh_arena *a, nh_diag *d, const nh_image *m, const char *log, bool raster);
/* What nh_image_run_watched is to tell. Before each sample set s->sample. */
nh_machine_watch nh_image_spikes_watch(nh_image_spikes *s);
/* Ends the log, which is given up when the run failed. False with a diagnostic when it could not be written. */
bool nh_image_spikes_end(nh_image_spikes *s, nh_diag *d, bool ran);

#endif
