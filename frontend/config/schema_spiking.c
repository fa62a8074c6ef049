/* The keys under `spiking:`. */
#include "schema_rows.h"

#define SPIKING(field) AT(nh_options, spiking.field)

WORDS(encoding_words, {"direct", NH_ENCODE_DIRECT}, {"constant", NH_ENCODE_CONSTANT}, {"events", NH_ENCODE_EVENTS},
      {"rate", NH_ENCODE_RATE}, {"latency", NH_ENCODE_LATENCY});
WORDS(readout_words, {"count", NH_READOUT_COUNT}, {"first_spike", NH_READOUT_FIRST_SPIKE}, {"membrane", NH_READOUT_MEMBRANE});
WORDS(precision_words, {"double", NH_PRECISION_DOUBLE}, {"single", NH_PRECISION_SINGLE});
WORDS(auto_words, {"auto", 0});
WORDS(all_words, {"all", 0});
WORDS(none_words, {"none", 0});

static const nh_key spiking_keys[] = {
    {.name = "time_steps", .type = NH_KEY_INT64, .word = auto_words, .min = 1, .max = 1 << 24, .def = "auto",
     .offset = SPIKING(time_steps), .at = SPIKING(steps_at), .doc = "time steps of a sample; auto = as many as the data have", .init = "16"},
    {.name = "dt", .type = NH_KEY_REAL, .word = auto_words, .min = 1e-12, .max = 1e6, .def = "auto", .offset = SPIKING(dt),
     .at = NH_NO_PLACE, .doc = "seconds per time step; auto = that of numerics"},
    {.name = "encoding", .type = NH_KEY_WORD, .word = encoding_words, .def = "direct", .offset = SPIKING(encoding),
     .at = SPIKING(encoding_at),
     .doc = "how data become inputs: direct = [samples, steps, ...] as they are, [steps, ...] is one sample; constant = [samples, ...], "
            "the same current in every step; events = recordings and lists of events; rate = values 0 to 1 are the chance of a spike "
            "in each step; latency = one spike, the earlier the larger the value"},
    {.name = "readout", .type = NH_KEY_WORD, .word = readout_words, .def = "count", .offset = SPIKING(readout), .at = NH_NO_PLACE,
     .doc = "the class of a sample: the output with most spikes, with the first spike, or with the largest value at the end"},
    {.name = "float", .type = NH_KEY_WORD, .word = precision_words, .def = "double", .offset = SPIKING(precision), .at = NH_NO_PLACE,
     .doc = "arithmetic of the float reference: double, or single as the frameworks compute"},
    {.name = "seed", .type = NH_KEY_INT64, .min = 0, .max = MAX_COUNT, .def = "1", .offset = SPIKING(seed), .at = NH_NO_PLACE,
     .doc = "encoding: rate: seed of the spikes"},
    {.name = "max_count", .type = NH_KEY_INT64, .word = all_words, .min = 1, .max = MAX_COUNT, .def = "all",
     .offset = SPIKING(max_count), .at = NH_NO_PLACE,
     .doc = "encoding: events: most events that one input takes in one step; 1 = binary; all = every event counts"},
    {.name = "bin", .type = NH_KEY_REAL, .word = auto_words, .min = 1e-9, .max = 1e6, .def = "auto", .offset = SPIKING(bin),
     .at = NH_NO_PLACE, .doc = "encoding: events: seconds of a recording that make one step; auto = dt, else 0.001"},
    {.name = "repeat_input", .type = NH_KEY_BOOL, .def = "false", .offset = SPIKING(repeat_input), .at = NH_NO_PLACE,
     .doc = "data with fewer steps than time_steps begin again: step t is t mod their steps; false = that is an error"},
    {.name = "reference", .type = NH_KEY_DATA, .offset = SPIKING(reference), .at = NH_NO_PLACE,
     .doc = "output spikes of the original framework to compare with, [samples, steps, outputs]"},
    {.name = "input_shape", .type = NH_KEY_LIST, .min = 1, .max = 65536, .offset = SPIKING(input_shape),
     .count = SPIKING(input_rank), .capacity = 3, .at = NH_NO_PLACE,
     .doc = "shape of the input when the model file does not say, e.g. [2, 34, 34]"},
    {.name = "reset_interval", .type = NH_KEY_INT64, .word = none_words, .min = 1, .max = MAX_COUNT, .def = "none",
     .offset = SPIKING(reset_interval), .at = NH_NO_PLACE, .doc = ".net files: steps after which the neurons are reset"},
    {.name = "reset_offset", .type = NH_KEY_INT64, .min = 0, .max = MAX_COUNT, .def = "0", .offset = SPIKING(reset_offset),
     .at = NH_NO_PLACE, .doc = ".net files: phase of the reset"},
    {.name = "num_layers", .type = NH_KEY_INT64, .word = all_words, .min = 1, .max = 65536, .def = "all",
     .offset = SPIKING(num_layers), .at = NH_NO_PLACE, .doc = ".net files: use the first so many layers"},
    {.name = "skip_layers", .type = NH_KEY_INT64, .min = 0, .max = 65536, .def = "0", .offset = SPIKING(skip_layers),
     .at = NH_NO_PLACE, .doc = ".net files: leave out the first so many layers"},
    {.name = "input_message_bits", .type = NH_KEY_INT64, .min = 0, .max = 32, .def = "0", .offset = SPIKING(input_message_bits),
     .at = NH_NO_PLACE, .doc = ".net files: width of graded inputs; 0 = inputs are 0 or 1"},
    {.name = "input_bias", .type = NH_KEY_BOOL, .def = "false", .offset = SPIKING(input_bias), .at = NH_NO_PLACE,
     .doc = ".net files whose input layer is made of LIF neurons: the data are the neurons' bias, not their input current"},
    {.name = "sigma_delta_corrected", .type = NH_KEY_BOOL, .def = "false", .offset = SPIKING(sigma_delta_corrected),
     .at = NH_NO_PLACE, .doc = ".net files: sigma-delta neurons as their equation says, not as lava computes them"},
};
const nh_section nh_spiking_section = {"spiking", spiking_keys, COUNT(spiking_keys)};
