#include "schema_rows.h"

#include <float.h>


WORDS(io_words, {"parallel", NH_IO_PARALLEL}, {"stream", NH_IO_STREAM});
WORDS(strategy_words, {"latency", NH_STRATEGY_LATENCY}, {"distributed_arithmetic", NH_STRATEGY_DISTRIBUTED_ARITHMETIC},
      {"resource", NH_STRATEGY_RESOURCE}, {"event", NH_STRATEGY_EVENT}, {"host", NH_STRATEGY_HOST});
WORDS(scale_words, {"power_of_two", NH_SCALE_POWER_OF_TWO}, {"arbitrary", NH_SCALE_ARBITRARY});
WORDS(granularity_words, {"per_tensor", NH_PER_TENSOR}, {"per_channel", NH_PER_CHANNEL});
WORDS(method_words, {"minmax", NH_CALIBRATE_MINMAX}, {"percentile", NH_CALIBRATE_PERCENTILE}, {"mse", NH_CALIBRATE_MSE});
WORDS(stalls_words, {"none", NH_STALLS_NONE}, {"random", NH_STALLS_RANDOM}, {"long", NH_STALLS_LONG}, {"both", NH_STALLS_BOTH});

WORDS(zero_words, {"auto", 0});
WORDS(preset_words, {"nir", NH_PRESET_NIR}, {"norse", NH_PRESET_NORSE}, {"snntorch", NH_PRESET_SNNTORCH},
      {"snntorch-0.9", NH_PRESET_SNNTORCH_0_9}, {"sinabs", NH_PRESET_SINABS}, {"rockpool", NH_PRESET_ROCKPOOL},
      {"spyx", NH_PRESET_SPYX}, {"nengo", NH_PRESET_NENGO}, {"spinnaker2", NH_PRESET_SPINNAKER2},
      {"spikingjelly", NH_PRESET_SPIKINGJELLY}, {"lava", NH_PRESET_LAVA});
WORDS(integrator_words, {"auto", NH_INTEGRATOR_AUTO}, {"euler", NH_INTEGRATOR_EULER}, {"exp", NH_INTEGRATOR_EXP},
      {"steps_exp", NH_INTEGRATOR_STEPS_EXP});
WORDS(gain_words, {"auto", NH_GAIN_AUTO}, {"spec", NH_GAIN_SPEC}, {"unit", NH_GAIN_UNIT}, {"one_minus_alpha", NH_GAIN_ONE_MINUS_ALPHA});
WORDS(reset_words, {"auto", NH_RESET_AUTO}, {"value", NH_RESET_VALUE}, {"zero", NH_RESET_ZERO}, {"subtract", NH_RESET_SUBTRACT},
      {"none", NH_RESET_NONE});
WORDS(reset_timing_words, {"auto", NH_RESET_TIMING_AUTO}, {"same", NH_RESET_SAME}, {"next", NH_RESET_NEXT},
      {"snntorch_sub", NH_RESET_SNNTORCH_SUB});
WORDS(spike_words, {"auto", NH_SPIKE_AUTO}, {"after_update", NH_SPIKE_AFTER_UPDATE}, {"before_update", NH_SPIKE_BEFORE_UPDATE});
WORDS(compare_words, {"auto", NH_COMPARE_AUTO}, {"gt", NH_COMPARE_GT}, {"ge", NH_COMPARE_GE});
WORDS(spikes_words, {"auto", 0}, {"n", INT64_MAX});
WORDS(v_min_words, {"auto", NH_V_MIN_AUTO}, {"none", NH_V_MIN_NONE}, {"minus_threshold", NH_V_MIN_MINUS_THRESHOLD});
WORDS(syn_order_words, {"auto", NH_SYN_ORDER_AUTO}, {"new", NH_SYN_NEW}, {"old", NH_SYN_OLD}, {"decay_after", NH_SYN_DECAY_AFTER});
WORDS(recurrent_bias_words, {"auto", NH_REC_BIAS_AUTO}, {"yes", NH_REC_BIAS_YES}, {"no", NH_REC_BIAS_NO});
WORDS(layer_delay_words, {"auto", -1});

#define LAYER(field) AT(nh_layer_options, field)
#define NUMERICS(key, field, words, at_field, text)                                                                    \
    {.name = key, .type = NH_KEY_WORD, .word = words, .def = "auto", .offset = LAYER(numerics.field), .at = at_field, .doc = text}
static const nh_key layer_keys[] = {
    {.name = "strategy", .type = NH_KEY_WORD, .word = strategy_words, .def = "latency", .init_time = "resource", .offset = LAYER(strategy),
     .at = LAYER(strategy_at),
     .doc = "how the layer is built: latency = unrolled and pipelined, one inference per cycle; resource = multipliers that are "
            "used reuse_factor times; event = on the neuron cores of fabric:; host = C kernels, no hardware; networks in time: resource unless said otherwise"},
    {.name = "reuse_factor", .type = NH_KEY_INT64, .word = zero_words, .min = 1, .max = MAX_COUNT, .def = "1", .init_time = "auto",
     .offset = LAYER(reuse_factor), .at = LAYER(reuse_at),
     .doc = "resource: how often one multiplier is used per inference, 1 to n_in x n_out; the layer takes a new input every "
            "reuse_factor cycles (a convolution: for every output pixel); auto = the cheapest that meets the budget, and what networks in "
            "time take unless said otherwise"},
    {.name = "weight", .type = NH_KEY_FORMAT, .def = "auto", .offset = LAYER(weight), .at = NH_NO_PLACE,
     .doc = "number format of the weights, e.g. fixed<8,1>; auto = weight_bits wide, range from the values"},
    {.name = "bias", .type = NH_KEY_FORMAT, .def = "auto", .offset = LAYER(bias), .at = NH_NO_PLACE,
     .doc = "number format of the biases; auto = as fine as the accumulator"},
    {.name = "result", .type = NH_KEY_FORMAT, .def = "auto", .offset = LAYER(result), .at = NH_NO_PLACE,
     .doc = "number format of the layer's output; auto = result_bits wide, range from calibration data, else from intervals"},
    {.name = "accum", .type = NH_KEY_FORMAT, .def = "auto", .offset = LAYER(accum), .at = NH_NO_PLACE,
     .doc = "number format of the accumulator; auto = exact, no sum can overflow"},
    {.name = "weight_bits", .type = NH_KEY_INT, .min = 1, .max = 32, .def = "8", .offset = LAYER(weight_bits), .at = NH_NO_PLACE,
     .doc = "width of the weights when weight is auto; of a batch norm left alone: bits that its smallest factor keeps"},
    {.name = "result_bits", .type = NH_KEY_INT, .min = 1, .max = 32, .def = "16", .offset = LAYER(result_bits), .at = NH_NO_PLACE,
     .doc = "width of the results when result is auto"},
    {.name = "scale", .type = NH_KEY_WORD, .word = scale_words, .def = "power_of_two", .offset = LAYER(scale), .at = NH_NO_PLACE,
     .doc = "scale of auto formats: power_of_two = only shifts; arbitrary = int8 style, with an integer requantizer"},
    {.name = "granularity", .type = NH_KEY_WORD, .word = granularity_words, .def = "per_tensor", .offset = LAYER(granularity),
     .at = NH_NO_PLACE, .doc = "one weight scale for the layer, or one per output channel"},
    {.name = "multiplier_bits", .type = NH_KEY_INT, .min = 2, .max = 32, .def = "16", .offset = LAYER(multiplier_bits),
     .at = NH_NO_PLACE, .doc = "width of the requantizer's multiplier, for arbitrary and per_channel scales"},
    {.name = "table_size", .type = NH_KEY_INT64, .word = zero_words, .flags = NH_KEY_POWER_OF_TWO, .min = 4, .max = 65536, .def = "auto",
     .offset = LAYER(table_size), .at = LAYER(table_at), .doc = "most segments of an activation's table; auto = as few as an error of one LSB of the result takes"},
    {.name = "cores", .type = NH_KEY_INT64, .word = zero_words, .min = 1, .max = 65536, .def = "auto", .offset = LAYER(wish.cores), .at = LAYER(wish.cores_at),
     .doc = "strategy: event: the layer is split over exactly so many cores; auto = as few as it fits"},
    {.name = "tiles", .type = NH_KEY_TILES, .min = 0, .max = NH_FABRIC_MESH_MOST - 1, .capacity = NH_FABRIC_MESH_MOST * NH_FABRIC_MESH_MOST,
     .offset = LAYER(wish.tile), .count = LAYER(wish.n_tile), .at = LAYER(wish.tile_at),
     .doc = "strategy: event: the tiles [x, y] of the mesh that its cores are on, one core each, e.g. [[0, 0], [1, 0]]"},
    {.name = "region", .type = NH_KEY_LIST, .min = 0, .max = NH_FABRIC_MESH_MOST, .capacity = 4, .offset = LAYER(wish.region), .count = LAYER(wish.n_region),
     .at = LAYER(wish.region_at), .doc = "strategy: event: the part [x, y, width, height] of the mesh that its cores are in"},
    {.name = "numerics", .type = NH_KEY_WORD, .word = preset_words, .def = "nir", .offset = LAYER(numerics.preset),
     .at = LAYER(numerics.preset_at),
     .doc = "spiking layers: the framework whose arithmetic the neurons follow; the keys below change single points of it, and "
            "their auto is the value of this one"},
    NUMERICS("integrator", integrator, integrator_words, NH_NO_PLACE,
             "decay of a step: euler = 1 - dt/tau; exp = exp(-dt/tau); steps_exp = exp(-1/tau), tau in steps"),
    NUMERICS("input_gain", input_gain, gain_words, NH_NO_PLACE,
             "factor of the input current: spec = r dt/tau, as the equation says; unit = 1; one_minus_alpha = 1 - decay"),
    NUMERICS("reset", reset, reset_words, LAYER(numerics.reset_at),
             "membrane after a spike: value = the file's v_reset; zero; subtract = the threshold is taken away; none = it stays"),
    NUMERICS("reset_timing", reset_timing, reset_timing_words, NH_NO_PLACE,
             "when the reset acts: same = in the step of the spike; next = in the next one; snntorch_sub = in the next one, and the "
             "next spike is judged after it"),
    NUMERICS("spike", spike, spike_words, NH_NO_PLACE,
             "membrane that is compared with the threshold: after_update = this step's; before_update = the last step's"),
    NUMERICS("compare", compare, compare_words, NH_NO_PLACE, "a spike needs: gt = more than the threshold; ge = the threshold"),
    {.name = "spikes_per_step", .type = NH_KEY_INT64, .word = spikes_words, .min = 1, .max = MAX_COUNT, .def = "auto",
     .offset = LAYER(numerics.spikes_per_step), .at = NH_NO_PLACE,
     .doc = "most spikes of a neuron in one step; n = as many as the membrane holds thresholds"},
    NUMERICS("v_min", v_min, v_min_words, NH_NO_PLACE, "least membrane: none = no limit; minus_threshold = - threshold"),
    NUMERICS("syn_order", syn_order, syn_order_words, NH_NO_PLACE,
             "synaptic current that the membrane takes: new = this step's; old = the last step's; decay_after = this step's, decayed "
             "after the input is added"),
    NUMERICS("recurrent_bias", recurrent_bias, recurrent_bias_words, NH_NO_PLACE,
             "does the bias of a recurrent connection act in step 0, when no spike has come back yet"),
    {.name = "layer_delay", .type = NH_KEY_INT64, .word = layer_delay_words, .min = 0, .max = 65536, .def = "auto",
     .offset = LAYER(numerics.layer_delay), .at = NH_NO_PLACE, .doc = "steps that every layer with weights adds"},
    {.name = "dt", .type = NH_KEY_REAL, .word = zero_words, .min = 1e-12, .max = 1e6, .def = "auto", .offset = LAYER(numerics.dt),
     .at = NH_NO_PLACE, .doc = "seconds per time step; auto = spiking: dt, else that of numerics"},
    {.name = "state", .type = NH_KEY_FORMAT, .def = "auto", .offset = LAYER(state), .at = NH_NO_PLACE,
     .doc = "number format of the neurons' states; auto = state_bits wide, range from calibration data"},
    {.name = "state_bits", .type = NH_KEY_INT, .min = 4, .max = 48, .def = "16", .offset = LAYER(state_bits), .at = NH_NO_PLACE,
     .doc = "width of the states when state is auto"},
    {.name = "decay_bits", .type = NH_KEY_INT, .min = 2, .max = 24, .def = "12", .offset = LAYER(decay_bits), .at = NH_NO_PLACE,
     .doc = "fractional bits of the decay constants"},
    {.name = "neuron_model", .type = NH_KEY_PROGRAM, .offset = LAYER(neuron_model), .at = LAYER(neuron_model_at),
     .doc = "a neuron program in the place of the model file's neuron: a file (.neuron), the name of a built-in model, or the program itself as "
            "a text of several lines (neuron_model: |)"},
};
const nh_section nh_layer_section = {"layer", layer_keys, COUNT(layer_keys)};

#define OPTION(field) AT(nh_options, field)
static const nh_key input_keys[] = {
    {.name = "format", .type = NH_KEY_FORMAT, .def = "auto", .offset = OPTION(input.format), .at = NH_NO_PLACE,
     .doc = "number format of the input, e.g. ufixed<8,0>; auto = bits wide, range from calibration data", .init = "\"fixed<16,6>\"",
     .init_time = "auto"},
    {.name = "bits", .type = NH_KEY_INT, .min = 1, .max = 32, .def = "8", .offset = OPTION(input.bits), .at = NH_NO_PLACE,
     .doc = "width of the input when format is auto"},
    {.name = "scale", .type = NH_KEY_REAL, .flags = NH_KEY_FRACTION, .min = DBL_MIN, .max = 1e30, .offset = OPTION(input.scale),
     .at = NH_NO_PLACE, .doc = "real value of the input number 1, e.g. 1/255 for 8-bit images; without it the format alone says"},
};
static const nh_section input_section = {"input", input_keys, COUNT(input_keys)};

static const nh_key budget_keys[] = {
    {.name = "rate_hz", .type = NH_KEY_REAL, .min = 1e-3, .max = 1e12, .offset = OPTION(budget.rate_hz), .at = NH_NO_PLACE,
     .doc = "inferences per second that reuse_factor: auto must reach at clock_mhz"},
    {.name = "ii_cycles", .type = NH_KEY_INT64, .min = 1, .max = MAX_COUNT, .offset = OPTION(budget.ii_cycles), .at = NH_NO_PLACE,
     .doc = "most clock cycles per inference for reuse_factor: auto"},
    {.name = "multipliers", .type = NH_KEY_INT64, .min = 1, .max = MAX_COUNT, .offset = OPTION(budget.multipliers),
     .at = NH_NO_PLACE, .doc = "most multipliers that reuse_factor: auto may use in all"},
};
static const nh_section budget_section = {"budget", budget_keys, COUNT(budget_keys)};

static const nh_key calibrate_keys[] = {
    {.name = "data", .type = NH_KEY_DATA, .flags = NH_KEY_EVENTS, .offset = OPTION(calibrate.data), .at = NH_NO_PLACE,
     .doc = "samples that show the ranges: x.npy or x.npz:key, [samples, ...]; with spiking: encoding: events also recordings"},
    {.name = "scale", .type = NH_KEY_REAL, .flags = NH_KEY_FRACTION, .min = DBL_MIN, .max = 1e30, .def = "1",
     .offset = OPTION(calibrate.scale), .at = NH_NO_PLACE, .doc = "real value = element of data x scale"},
    {.name = "method", .type = NH_KEY_WORD, .word = method_words, .def = "minmax", .offset = OPTION(calibrate.method),
     .at = NH_NO_PLACE, .doc = "how auto formats choose their range: all values, a percentile of them, or the least squared error"},
    {.name = "percentile", .type = NH_KEY_REAL, .min = 50, .max = 100, .def = "99.9", .offset = OPTION(calibrate.percentile),
     .at = NH_NO_PLACE, .doc = "method: percentile: the part of the magnitudes that must not saturate, in percent"},
    {.name = "samples", .type = NH_KEY_INT64, .min = 0, .max = MAX_COUNT, .def = "0", .offset = OPTION(calibrate.samples),
     .at = NH_NO_PLACE, .doc = "use the first so many samples; 0 = all"},
};
static const nh_section calibrate_section = {"calibrate", calibrate_keys, COUNT(calibrate_keys)};

static const nh_key simulate_keys[] = {
    {.name = "inputs", .type = NH_KEY_DATA, .flags = NH_KEY_EVENTS, .offset = OPTION(simulate.inputs), .at = NH_NO_PLACE,
     .doc = "samples for the simulation: x.npy or x.npz:key, [samples, ...]; with spiking: encoding: events also recordings"},
    {.name = "labels", .type = NH_KEY_DATA, .flags = NH_KEY_LINES, .offset = OPTION(simulate.labels), .at = NH_NO_PLACE,
     .doc = "class of every sample, integers [samples], or the last word of every line of a text; gives the accuracy. Numbers of the outputs' shape, [samples, ...]: what a regression should give"},
    {.name = "scale", .type = NH_KEY_REAL, .flags = NH_KEY_FRACTION, .min = DBL_MIN, .max = 1e30, .def = "1",
     .offset = OPTION(simulate.scale), .at = NH_NO_PLACE, .doc = "real value = element of inputs x scale"},
    {.name = "samples", .type = NH_KEY_INT64, .min = 0, .max = MAX_COUNT, .def = "0", .offset = OPTION(simulate.samples),
     .at = NH_NO_PLACE, .doc = "use the first so many samples; 0 = all"},
    {.name = "rtl", .type = NH_KEY_BOOL, .def = "true", .offset = OPTION(simulate.rtl), .at = OPTION(simulate.rtl_at),
     .doc = "simulate the RTL; false = the C kernels alone: accuracy and drift, no cycles"},
    {.name = "stalls", .type = NH_KEY_WORD, .word = stalls_words, .def = "random", .offset = OPTION(simulate.stalls),
     .at = OPTION(simulate.stalls_at), .doc = "pauses on both streams in a second run: short random ones, long ones, or both; a fabric runs with short and with long ones unless this is given"},
    {.name = "rtl_limit", .type = NH_KEY_INT64, .min = 0, .max = MAX_COUNT, .def = "0", .offset = OPTION(simulate.rtl_limit),
     .at = NH_NO_PLACE,
     .doc = "the RTL runs over the first so many inferences (networks in time: steps) only, the C kernels over all; 0 = all"},
    {.name = "seed", .type = NH_KEY_INT64, .min = 0, .max = MAX_COUNT, .def = "1", .offset = OPTION(simulate.seed),
     .at = NH_NO_PLACE, .doc = "seed of the stalls"},
    {.name = "trace", .type = NH_KEY_BOOL, .def = "false", .offset = OPTION(simulate.trace), .at = NH_NO_PLACE,
     .doc = "compare every layer's stream, not only the output"},
    {.name = "waves", .type = NH_KEY_BOOL, .def = "false", .offset = OPTION(simulate.waves), .at = NH_NO_PLACE,
     .doc = "write an FST waveform of the first samples"},
};
static const nh_section simulate_section = {"simulate", simulate_keys, COUNT(simulate_keys)};

static const nh_key require_keys[] = {
    {.name = "max_accuracy_drop", .type = NH_KEY_REAL, .flags = NH_KEY_PERCENT, .min = 0, .max = 1,
     .offset = OPTION(require.max_accuracy_drop), .at = OPTION(require.accuracy_at),
     .doc = "most accuracy that may be lost from float to fixed point: 0.5% or 0.005; needs simulate: labels"},
    {.name = "min_agreement", .type = NH_KEY_REAL, .flags = NH_KEY_PERCENT, .min = 0, .max = 1,
     .offset = OPTION(require.min_agreement), .at = OPTION(require.agreement_at),
     .doc = "least share of samples that float and fixed point give the same class: 99% or 0.99"},
    {.name = "min_sqnr_db", .type = NH_KEY_REAL, .min = 0, .max = 1000, .offset = OPTION(require.min_sqnr_db),
     .at = OPTION(require.sqnr_at), .doc = "least signal to quantization noise of the outputs, fixed point against float"},
    {.name = "max_error", .type = NH_KEY_REAL, .min = 0, .max = 1e300, .offset = OPTION(require.max_error),
     .at = OPTION(require.error_at), .doc = "most that an output of fixed point may be away from that of float, in the outputs' units"},
    {.name = "min_fmax_mhz", .type = NH_KEY_REAL, .min = 1e-3, .max = 1e5, .offset = OPTION(require.min_fmax_mhz),
     .at = OPTION(require.fmax_at), .doc = "least clock after place and route"},
    {.name = "fit", .type = NH_KEY_BOOL, .def = "false", .offset = OPTION(require.fit), .at = OPTION(require.fit_at),
     .doc = "the design must fit the target"},
};
static const nh_section require_section = {"require", require_keys, COUNT(require_keys)};

static const nh_key config_keys[] = {
    {.name = "project", .type = NH_KEY_NAME, .flags = NH_KEY_REQUIRED, .offset = OPTION(project), .at = NH_NO_PLACE,
     .doc = "name of the C functions, Verilog modules and output folder"},
    {.name = "model", .type = NH_KEY_PATH, .flags = NH_KEY_REQUIRED, .offset = OPTION(model), .at = OPTION(model_at),
     .doc = "the trained network: an .onnx, .nir or .net file"},
    {.name = "target", .type = NH_KEY_TEXT, .flags = NH_KEY_REQUIRED, .offset = OPTION(target.name), .at = OPTION(target_at),
     .doc = "the device: icebreaker, up5k, hx8k, ecp5-25k, ecp5-85k, artix7-35t, artix7-100t, generic, or a target file",
     .init = "generic"},
    {.name = "clock_mhz", .type = NH_KEY_REAL, .min = 1e-3, .max = 1e4, .offset = OPTION(clock_mhz), .at = NH_NO_PLACE,
     .doc = "clock that pipelining and timing aim at; without it the target's"},
    {.name = "io", .type = NH_KEY_WORD, .word = io_words, .def = "parallel", .init_time = "stream", .offset = OPTION(io), .at = OPTION(io_at),
     .doc = "parallel = a whole vector per transfer; stream = beat elements per transfer"},
    {.name = "beat", .type = NH_KEY_INT64, .min = 1, .max = 65536, .def = "1", .offset = OPTION(beat), .at = OPTION(beat_at),
     .doc = "io: stream: elements per transfer at input and output"},
    {.name = "output", .type = NH_KEY_TEXT, .def = "values", .init = "values", .offset = OPTION(output_text), .at = OPTION(output_at),
     .doc = "values = the network's outputs; argmax = the index of the largest; else the name of an output, a tensor or a node of an ONNX "
            "model: its values"},
    {.name = "input", .type = NH_KEY_SECTION, .section = &input_section, .at = OPTION(input.at),
     .doc = "the numbers that come in"},
    {.name = "defaults", .type = NH_KEY_SECTION, .section = &nh_layer_section, .offset = OPTION(defaults), .at = NH_NO_PLACE,
     .doc = "how layers are built unless layers: says otherwise"},
    {.name = "layers", .type = NH_KEY_LAYERS, .section = &nh_layer_section, .at = NH_NO_PLACE,
     .doc = "settings by layer name or pattern (* any text, ? one character); the most specific wins, key by key"},
    {.name = "budget", .type = NH_KEY_SECTION, .section = &budget_section, .at = OPTION(budget.at),
     .doc = "what reuse_factor: auto solves for; one of the keys"},
    {.name = "spiking", .type = NH_KEY_SECTION, .section = &nh_spiking_section, .at = OPTION(spiking.at),
     .doc = "networks in time: steps, how data become the input of each step, how outputs become a class"},
    {.name = "fabric", .type = NH_KEY_SECTION, .section = &nh_fabric_section, .offset = OPTION(fabric), .at = OPTION(fabric.at),
     .doc = "strategy: event: the mesh of neuron cores"},
    {.name = "calibrate", .type = NH_KEY_SECTION, .section = &calibrate_section, .at = OPTION(calibrate.at),
     .doc = "data that auto formats are chosen from"},
    {.name = "simulate", .type = NH_KEY_SECTION, .section = &simulate_section, .at = OPTION(simulate.at),
     .doc = "co-simulation of C and RTL"},
    {.name = "require", .type = NH_KEY_SECTION, .section = &require_section, .at = NH_NO_PLACE,
     .doc = "what must hold at the end, else exit status 1"},
};
const nh_section nh_config_section = {"config", config_keys, COUNT(config_keys)};

#define TARGET(field) AT(nh_target, field)
#define CAPACITY(key, field, text)                                                                                      \
    {.name = key, .type = NH_KEY_INT64, .min = 0, .max = MAX_COUNT, .def = "0", .offset = TARGET(field), .at = NH_NO_PLACE, .doc = text}
static const nh_key capacity_keys[] = {
    CAPACITY("luts", luts, "look-up tables; 0 = unlimited, as for all capacities"),
    CAPACITY("ffs", ffs, "flip-flops"),
    CAPACITY("brams", brams, "block RAMs"),
    CAPACITY("dsps", dsps, "DSP blocks"),
    CAPACITY("pins", pins, "user pins of the package"),
};
static const nh_section capacity_section = {"capacity", capacity_keys, COUNT(capacity_keys)};

#define DELAY(key, text)                                                                                                \
    {.name = #key, .type = NH_KEY_REAL, .flags = NH_KEY_REQUIRED, .min = 0, .max = 1000, .offset = TARGET(key), .at = NH_NO_PLACE, .doc = text}
static const nh_key delay_keys[] = {
    DELAY(lut_ns, "one look-up table and the routing to it"),
    DELAY(carry_ns_per_bit, "one bit of a carry chain"),
    DELAY(mul_ns, "one multiplier block and the routing to it"),
    DELAY(bram_ns, "clock to output of a block RAM and the routing from it"),
    DELAY(setup_ns, "clock to output of a register and set-up of the next"),
};
static const nh_section delay_section = {"delay", delay_keys, COUNT(delay_keys)};

WORDS(family_words, {"ice40", 0}, {"ecp5", 0}, {"xilinx7", 0}, {"generic", 0});
static const nh_key target_keys[] = {
    {.name = "family", .type = NH_KEY_TEXT, .word = family_words, .flags = NH_KEY_REQUIRED, .offset = TARGET(family),
     .at = NH_NO_PLACE, .doc = "synthesis flow"},
    {.name = "device", .type = NH_KEY_TEXT, .def = "", .offset = TARGET(device), .at = NH_NO_PLACE,
     .doc = "nextpnr's name of the device; without it there is no place and route"},
    {.name = "package", .type = NH_KEY_TEXT, .def = "", .offset = TARGET(package), .at = NH_NO_PLACE,
     .doc = "nextpnr's name of the package"},
    {.name = "clock_mhz", .type = NH_KEY_REAL, .flags = NH_KEY_REQUIRED, .min = 1e-3, .max = 1e4, .offset = TARGET(clock_mhz),
     .at = NH_NO_PLACE, .doc = "clock when the configuration gives none"},
    {.name = "max_clock_mhz", .type = NH_KEY_REAL, .min = 0, .max = 1e5, .def = "0", .offset = TARGET(max_clock_mhz), .at = NH_NO_PLACE,
     .doc = "what the device's clock network can carry, by its data sheet; 0 = unknown"},
    {.name = "capacity", .type = NH_KEY_SECTION, .section = &capacity_section, .at = NH_NO_PLACE, .doc = "what the device has"},
    {.name = "bram_bits", .type = NH_KEY_INT64, .flags = NH_KEY_REQUIRED, .min = 1, .max = 1e9, .offset = TARGET(bram_bits),
     .at = NH_NO_PLACE, .doc = "bits of one block RAM"},
    {.name = "lut_inputs", .type = NH_KEY_INT, .flags = NH_KEY_REQUIRED, .min = 2, .max = 8, .offset = TARGET(lut_inputs),
     .at = NH_NO_PLACE, .doc = "inputs of a look-up table"},
    {.name = "use_dsp", .type = NH_KEY_BOOL, .def = "true", .offset = TARGET(use_dsp), .at = NH_NO_PLACE,
     .doc = "let synthesis use DSP blocks"},
    {.name = "delay", .type = NH_KEY_SECTION, .section = &delay_section, .flags = NH_KEY_REQUIRED, .at = NH_NO_PLACE,
     .doc = "delays for pipelining, in nanoseconds"},
};
const nh_section nh_target_section = {"target", target_keys, COUNT(target_keys)};
