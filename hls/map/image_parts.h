/* What the image's files share. Private to hls/map. */
#ifndef NH_IMAGE_PARTS_H
#define NH_IMAGE_PARTS_H

#include "image.h"
#include "neuron_dp.h"

/* Rows that printer, assembler, encoder, decoder and checker have in common: X(key, field, least, most). */
#define NH_FABRIC_SIZES(X)                                                                                             \
    X(mesh_x, 1, NH_FABRIC_MESH_MOST)                                                                                  \
    X(mesh_y, 1, NH_FABRIC_MESH_MOST)                                                                                  \
    X(lanes, 1, 64)                                                                                                    \
    X(neurons, 1, 1 << 20)                                                                                             \
    X(axons, 1, 1 << 20)                                                                                               \
    X(synapses, 1, 1 << 20)                                                                                            \
    X(convs, 0, 256)                                                                                                   \
    X(routes, 1, 65536)                                                                                                \
    X(groups, 1, 4096)                                                                                                 \
    X(params, 1, 1 << 20)                                                                                              \
    X(delays, 1, 1024)                                                                                                 \
    X(queue, 2, 4096)                                                                                                  \
    X(sparse, 0, 1)                                                                                                    \
    X(weight_bits, 2, 16)                                                                                              \
    X(accum_bits, 8, 48)                                                                                               \
    X(accumulators, 1, NH_NEURON_INPUTS)                                                                               \
    X(payload_bits, 1, 32)                                                                                             \
    X(guard_bits, 0, 16)                                                                                               \
    X(conv_y_bits, 0, 12)                                                                                              \
    X(conv_x_bits, 0, 12)                                                                                              \
    X(conv_c_bits, 0, 12)

/* Text of a program that assembles to an equal one: no volts, which integer programs do not have. Lives in a. */
const char *nh_program_text(nh_arena *a, const nh_neuron_program *p);
/* The datapath of a fabric's model: ports a0.., s0.., p0.. -> y, n0... NULL with *why. */
nh_dp *nh_fabric_datapath(nh_arena *a, const nh_fabric *f, int model, const char **why);
/* Signed interval of an event's payload that the host or a core may send; {1, 1} for spikes. */
nh_range nh_payload_range(const nh_fabric *f);
/* Least and most of addresses: 0 .. 2^ADDR_W - 1. */
int64_t nh_addr_end(const nh_fabric *f);

/* Channels of which a convolution's kernel is in the core's synapse words; an event of any other is for no convolution.
 * At most 2^CC. */
int64_t nh_conv_channels(const nh_fabric *f, const nh_core_image *c, const nh_conv_axon *v);

/* --- rows -------------------------------------------------------------------------------------------------------- */

/* Fields of a row: one table for printer, assembler, encoder and decoder. A table ends with key NULL. */
typedef enum { NH_FIELD_I64, NH_FIELD_INT } nh_field_kind;
typedef struct {
    const char *key;
    size_t offset;
    nh_field_kind kind;
} nh_image_field;

extern const nh_image_field nh_fields_fabric[], nh_fields_image[], nh_fields_context[], nh_fields_core[],
    nh_fields_reset[], nh_fields_dense[], nh_fields_sparse[], nh_fields_conv[], nh_fields_group[], nh_fields_span[],
    nh_fields_rect[], nh_fields_address[], nh_fields_pixels[], nh_fields_input[], nh_fields_tensor[],
    nh_fields_output[], nh_fields_symbol[];

int64_t nh_field_get(const void *row, const nh_image_field *f);
void nh_field_set(void *row, const nh_image_field *f, int64_t v);
/* Values of a neuron's parameters that rows of parameters hold: those of the model with most, at least 1. */
int nh_image_values(const nh_fabric *f);

/* --- places in the text ------------------------------------------------------------------------------------------ */

typedef enum {
    NH_ROW_AXON,
    NH_ROW_SYNAPSE,
    NH_ROW_CONV,
    NH_ROW_GROUP,
    NH_ROW_PARAM,
    NH_ROW_ROUTE,
    NH_ROW_INPUT,
    NH_ROW_OUTPUT,
    NH_ROW_SYMBOL,
    NH_ROW_KINDS
} nh_row_kind;

typedef struct {
    int line, col;
} nh_place;

/* Where the rows of a core or (INPUT, OUTPUT, SYMBOL) of a context are. */
typedef struct {
    nh_place at;
    nh_place *row[NH_ROW_KINDS];
    size_t cap[NH_ROW_KINDS];
} nh_row_places;

typedef struct {
    nh_row_places own, *core;
    size_t cap_core;
} nh_context_places;

/* nh_image_check with the places of a text; places: [n_context] or NULL. */
bool nh_image_check_text(const nh_image *m, nh_diag *d, nh_loc at, const nh_context_places *places);

#endif
