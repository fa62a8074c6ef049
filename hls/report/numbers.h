/* The arithmetic of a layer in report.json: what a second program needs, beside the model file, to compute the layer's
 * integers. */
#ifndef NH_REPORT_NUMBERS_H
#define NH_REPORT_NUMBERS_H

#include <jansson.h>

#include "graph.h"

/* Adds the scale of the layer's tensor, the accumulator and the requantizer to the layer's object; nothing before the
 * layer has formats. */
void nh_numbers_put_layer(json_t *o, const nh_graph *g, const nh_layer *l);
/* Adds the scales of a quantized parameter to its object. */
void nh_numbers_put_param(json_t *o, const nh_param *p);

#endif
