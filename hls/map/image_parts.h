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
    X(payload_bits, 1, 32)                                                                                             \
    X(guard_bits, 0, 16)                                                                                               \
    X(conv_y_bits, 0, 12)                                                                                              \
    X(conv_x_bits, 0, 12)                                                                                              \
    X(conv_c_bits, 0, 12)

/* Text of a program that assembles to an equal one: no volts, which integer programs do not have. Lives in a. */
const char *nh_program_text(nh_arena *a, const nh_neuron_program *p);
/* The datapath of a fabric's model: ports a0, s0.., p0.. -> y, n0... NULL with *why. */
nh_dp *nh_fabric_datapath(nh_arena *a, const nh_fabric *f, int model, const char **why);
/* Signed interval of an event's payload that the host or a core may send; {1, 1} for spikes. */
nh_range nh_payload_range(const nh_fabric *f);
/* Least and most of addresses: 0 .. 2^ADDR_W - 1. */
int64_t nh_addr_end(const nh_fabric *f);

#endif
