/* The rows of an image, field by field. */
#include <string.h>

#include "image_parts.h"

#define I64(type, field)                                                                                               \
    { #field, offsetof(type, field), NH_FIELD_I64 }
#define INT(type, field)                                                                                               \
    { #field, offsetof(type, field), NH_FIELD_INT }
#define AS(key, type, field, kind)                                                                                     \
    { key, offsetof(type, field), NH_FIELD_##kind }
#define END                                                                                                            \
    { NULL, 0, NH_FIELD_INT }

/* sparse is bool: printed and stored as a word of its own. */
const nh_image_field nh_fields_fabric[] = {
    INT(nh_fabric, mesh_x),       INT(nh_fabric, mesh_y),      INT(nh_fabric, lanes),
    I64(nh_fabric, neurons),      I64(nh_fabric, axons),       I64(nh_fabric, synapses),
    I64(nh_fabric, convs),        I64(nh_fabric, routes),      I64(nh_fabric, groups),
    I64(nh_fabric, params),       I64(nh_fabric, delays),      I64(nh_fabric, queue),
    INT(nh_fabric, weight_bits),  INT(nh_fabric, accum_bits),  INT(nh_fabric, accumulators),
    INT(nh_fabric, payload_bits), INT(nh_fabric, guard_bits),  INT(nh_fabric, conv_y_bits),
    INT(nh_fabric, conv_x_bits),  INT(nh_fabric, conv_c_bits), END};
const nh_image_field nh_fields_image[] = {I64(nh_image, steps), I64(nh_image, input_size), I64(nh_image, output_size),
                                          END};
const nh_image_field nh_fields_context[] = {I64(nh_context, ticks), END};
const nh_image_field nh_fields_core[] = {INT(nh_core_image, x),
                                         INT(nh_core_image, y),
                                         I64(nh_core_image, start),
                                         I64(nh_core_image, period),
                                         I64(nh_core_image, words),
                                         AS("axons", nh_core_image, n_axon, I64),
                                         AS("convs", nh_core_image, n_conv, I64),
                                         END};
const nh_image_field nh_fields_reset[] = {AS("period", nh_core_image, reset_period, I64),
                                          AS("phase", nh_core_image, reset_phase, I64), END};
const nh_image_field nh_fields_dense[] = {I64(nh_axon, synapse), I64(nh_axon, acc), I64(nh_axon, words), END};
const nh_image_field nh_fields_sparse[] = {I64(nh_axon, synapse), I64(nh_axon, words), END};
const nh_image_field nh_fields_conv[] = {I64(nh_conv_axon, synapse),
                                         I64(nh_conv_axon, acc),
                                         I64(nh_conv_axon, features),
                                         I64(nh_conv_axon, channel_words),
                                         I64(nh_conv_axon, kh),
                                         I64(nh_conv_axon, kw),
                                         I64(nh_conv_axon, stride_y),
                                         I64(nh_conv_axon, stride_x),
                                         I64(nh_conv_axon, dilation_y),
                                         I64(nh_conv_axon, dilation_x),
                                         I64(nh_conv_axon, pad_y),
                                         I64(nh_conv_axon, pad_x),
                                         I64(nh_conv_axon, y0),
                                         I64(nh_conv_axon, x0),
                                         I64(nh_conv_axon, h),
                                         I64(nh_conv_axon, w),
                                         END};
const nh_image_field nh_fields_group[] = {I64(nh_group, words), I64(nh_group, param), END};
/* A route: span, then "host" or a rectangle, then address, then with "conv" pixels. */
const nh_image_field nh_fields_span[] = {I64(nh_route, first), I64(nh_route, words), I64(nh_route, delay), END};
const nh_image_field nh_fields_rect[] = {INT(nh_rect, x0), INT(nh_rect, x1), INT(nh_rect, y0), INT(nh_rect, y1), END};
const nh_image_field nh_fields_address[] = {I64(nh_route, base), I64(nh_route, limit), END};
const nh_image_field nh_fields_pixels[] = {I64(nh_route, pixel_words), I64(nh_route, width), END};
/* An input: fields, rectangle, with "conv" the tensor's. */
const nh_image_field nh_fields_input[] = {I64(nh_input_entry, first), I64(nh_input_entry, count),
                                          I64(nh_input_entry, base), I64(nh_input_entry, delay), END};
const nh_image_field nh_fields_tensor[] = {I64(nh_input_entry, c),    I64(nh_input_entry, h),
                                           I64(nh_input_entry, w),    I64(nh_input_entry, y_from),
                                           I64(nh_input_entry, y_to), END};
const nh_image_field nh_fields_output[] = {I64(nh_output_entry, first),   I64(nh_output_entry, count),
                                           I64(nh_output_entry, element), I64(nh_output_entry, start),
                                           I64(nh_output_entry, period),  END};
const nh_image_field nh_fields_symbol[] = {INT(nh_symbol, x),
                                           INT(nh_symbol, y),
                                           I64(nh_symbol, word),
                                           I64(nh_symbol, words),
                                           I64(nh_symbol, c0),
                                           I64(nh_symbol, c),
                                           I64(nh_symbol, y0),
                                           I64(nh_symbol, h),
                                           I64(nh_symbol, x0),
                                           I64(nh_symbol, w),
                                           END};

int64_t nh_field_get(const void *row, const nh_image_field *f) {
    const char *at = (const char *)row + f->offset;
    int narrow;
    int64_t wide;
    if (f->kind == NH_FIELD_INT) {
        memcpy(&narrow, at, sizeof narrow);
        return narrow;
    }
    memcpy(&wide, at, sizeof wide);
    return wide;
}

void nh_field_set(void *row, const nh_image_field *f, int64_t v) {
    char *at = (char *)row + f->offset;
    int narrow = (int)v;
    if (f->kind == NH_FIELD_INT)
        memcpy(at, &narrow, sizeof narrow);
    else
        memcpy(at, &v, sizeof v);
}

int64_t nh_conv_channels(const nh_fabric *f, const nh_core_image *c, const nh_conv_axon *v) {
    int64_t most = (int64_t)1 << f->conv_c_bits, spare = c->n_synapse - v->synapse - v->kh * v->kw * v->features;
    int64_t n = spare < 0 ? 0 : v->channel_words ? spare / v->channel_words + 1 : most;
    return n < most ? n : most;
}

int nh_image_values(const nh_fabric *f) {
    int most = 1;
    for (int i = 0; i < f->n_model; i++)
        if (f->model[i].program->n_param > most) most = f->model[i].program->n_param;
    return most;
}
