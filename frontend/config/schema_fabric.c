/* The keys under `fabric:`, which are also those of limits files. */
#include "schema_rows.h"

#define FABRIC(field) AT(nh_fabric_request, field)
#define SIZE(key, most, value, text)                                                                                   \
    {                                                                                                                  \
        .name = #key, .type = NH_KEY_INT64, .min = 1, .max = most, .def = value, .offset = FABRIC(f.key),              \
        .at = NH_NO_PLACE, .doc = text                                                                                 \
    }
#define BITS(key, least, most, value, text)                                                                            \
    {                                                                                                                  \
        .name = #key, .type = NH_KEY_INT, .min = least, .max = most, .def = value, .offset = FABRIC(f.key),            \
        .at = NH_NO_PLACE, .doc = text                                                                                 \
    }
/* Sizes that may be left to the network. */
#define OPEN(key, kind, words, least, most, text)                                                                      \
    {                                                                                                                  \
        .name = #key, .type = kind, .word = words, .min = least, .max = most, .def = "auto", .offset = FABRIC(f.key),  \
        .at = NH_NO_PLACE, .doc = text                                                                                 \
    }
#define OPEN_SIZE(key, most, text) OPEN(key, NH_KEY_INT64, open_words, 1, most, text)
#define OPEN_BITS(key, least, most, text) OPEN(key, NH_KEY_INT, open_words, least, most, text)
#define OPEN_CONV(key, text) OPEN(key, NH_KEY_INT, open_or_none_words, 0, 12, text)

/* auto: a size that is left open (hls/ir/fabric.h). */
WORDS(open_words, {"auto", 0});
WORDS(open_or_none_words, {"auto", -1});
WORDS(sparse_words, {"auto", -1}, {"false", 0}, {"true", 1});
WORDS(contexts_words, {"auto", 0});
WORDS(share_words, {"auto", NH_SHARE_AUTO}, {"always", NH_SHARE_ALWAYS}, {"free", NH_SHARE_FREE},
      {"never", NH_SHARE_NEVER});
WORDS(moves_words, {"auto", 0}, {"none", -1});
#define PERCENT(key, text)                                                                                             \
    {                                                                                                                  \
        .name = #key, .type = NH_KEY_INT64, .min = 1, .max = 100, .def = "100", .offset = FABRIC(map.key),             \
        .at = NH_NO_PLACE, .doc = text                                                                                 \
    }

static const nh_key fabric_keys[] = {
    {.name = "limits",
     .type = NH_KEY_TEXT,
     .offset = FABRIC(limits),
     .at = FABRIC(limits_at),
     .doc = "sizes that this section does not give: loihi2-like, hx8k-2x2 ... or the path of a file with the keys of "
            "this section"},
    {.name = "mesh",
     .type = NH_KEY_LIST,
     .min = 1,
     .max = NH_FABRIC_MESH_MOST,
     .offset = FABRIC(mesh),
     .count = FABRIC(n_mesh),
     .capacity = 2,
     .at = NH_NO_PLACE,
     .doc = "tiles along x and y, e.g. [2, 2]"},
    BITS(lanes, 1, 64, "1", "neurons and weights per cycle of a core"),
    SIZE(neurons, 1 << 20, "256", "neurons of a core, a multiple of lanes"),
    OPEN_SIZE(axons, 1 << 20,
              "entries of a core's axon table: inputs of its dense and sparse layers; auto, here and below = what the "
              "network needs"),
    {.name = "synapse_kib",
     .type = NH_KEY_INT64,
     .min = 1,
     .max = 1 << 16,
     .def = "8",
     .offset = FABRIC(map.synapse_kib),
     .at = NH_NO_PLACE,
     .doc = "synapse memory of a core, KiB: weights, and which neurons they are of where words name them (sparse)"},
    OPEN(convs, NH_KEY_INT64, open_or_none_words, 0, 256,
         "convolutions that can end in a core, with shared kernels; 0 = the fabric has no such mode"),
    OPEN_SIZE(routes, 65536, "entries of a core's routing table"),
    OPEN_SIZE(groups, 4096, "layers, or pieces of them, in a core"),
    OPEN_SIZE(params, 1 << 20, "words of lanes neurons' parameters of a core"),
    {.name = "delays",
     .type = NH_KEY_INT64,
     .word = open_words,
     .flags = NH_KEY_POWER_OF_TWO,
     .min = 1,
     .max = 1024,
     .def = "auto",
     .offset = FABRIC(f.delays),
     .at = NH_NO_PLACE,
     .doc = "time steps of spikes that a core keeps: longest delay + 1"},
    {.name = "queue",
     .type = NH_KEY_INT64,
     .flags = NH_KEY_POWER_OF_TWO,
     .min = 2,
     .max = 4096,
     .def = "16",
     .offset = FABRIC(f.queue),
     .at = NH_NO_PLACE,
     .doc = "events that wait in front of a core"},
    {.name = "sparse",
     .type = NH_KEY_WORD,
     .word = sparse_words,
     .def = "auto",
     .offset = FABRIC(f.sparse),
     .at = NH_NO_PLACE,
     .doc = "words of weights may name their neurons: for sparse layers"},
    OPEN_BITS(weight_bits, 2, 16, "bits of a weight"),
    OPEN_BITS(accum_bits, 8, 48, "bits of an accumulator"),
    OPEN_BITS(accumulators, 1, NH_NEURON_INPUTS,
              "of a neuron, and weights of a synapse: 2 for resonate-and-fire neurons"),
    OPEN_BITS(payload_bits, 1, 32, "bits of an event's value: 1 = spikes only; more = signed"),
    BITS(guard_bits, 0, 16, "4", "fractional bits of the states below the accumulator's"),
    OPEN_CONV(conv_y_bits, "bits of y in an event of a convolution"),
    OPEN_CONV(conv_x_bits, "bits of x"),
    OPEN_CONV(conv_c_bits, "bits of the channel"),
    {.name = "contexts",
     .type = NH_KEY_INT64,
     .word = contexts_words,
     .min = 1,
     .max = 65536,
     .def = "auto",
     .offset = FABRIC(map.most_contexts),
     .at = NH_NO_PLACE,
     .doc = "most parts of the network that run one after the other on the same cores; auto = as many as it takes"},
    {.name = "share",
     .type = NH_KEY_WORD,
     .word = share_words,
     .def = "auto",
     .offset = FABRIC(map.share),
     .at = NH_NO_PLACE,
     .doc = "pieces of several layers in a core; free = where no core gets busier than the busiest is anyway; auto = "
            "free, and always when that saves contexts"},
    PERCENT(neurons_used, "percent of a core's neurons that the mapper fills"),
    PERCENT(axons_used, "percent of its axons"),
    PERCENT(synapses_used, "percent of its synapses"),
    {.name = "moves",
     .type = NH_KEY_INT64,
     .word = moves_words,
     .min = 1,
     .max = 1000000,
     .def = "auto",
     .offset = FABRIC(map.moves),
     .at = NH_NO_PLACE,
     .doc = "most moves of the search for a placement, in each context; auto = 4000, fewer in large networks"},
    {.name = "baud",
     .type = NH_KEY_INT64,
     .min = 300,
     .max = 12000000,
     .def = "115200",
     .offset = FABRIC(baud),
     .at = FABRIC(baud_at),
     .doc = "bits per second of the serial line of the top level for a board, at most clock_mhz / 4"},
};
const nh_section nh_fabric_section = {"fabric", fabric_keys, COUNT(fabric_keys)};
