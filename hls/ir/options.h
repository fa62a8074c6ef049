/* What the user asked for: the configuration as plain data. frontend/config fills it; passes, strategies and the
 * flow read it. Every request keeps its place in the YAML file for diagnostics. */
#ifndef NH_OPTIONS_H
#define NH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "diag.h"
#include "fabric.h"
#include "fx.h"

typedef enum { NH_IO_PARALLEL, NH_IO_STREAM } nh_io;
typedef enum {
    NH_STRATEGY_LATENCY = 1,
    NH_STRATEGY_DISTRIBUTED_ARITHMETIC = 2,
    NH_STRATEGY_RESOURCE = 4,
    NH_STRATEGY_EVENT = 8,
    NH_STRATEGY_WIRE = 16,
    NH_STRATEGY_HOST = 32 /* C kernels only */
} nh_strategy;
typedef enum { NH_SCALE_POWER_OF_TWO, NH_SCALE_ARBITRARY } nh_scale_kind;
typedef enum { NH_PER_TENSOR, NH_PER_CHANNEL, NH_GRANULARITY_AUTO } nh_granularity;
typedef enum { NH_CALIBRATE_MINMAX, NH_CALIBRATE_PERCENTILE, NH_CALIBRATE_MSE } nh_calibrate_method;
typedef enum { NH_OUTPUT_VALUES, NH_OUTPUT_ARGMAX } nh_output_kind;
typedef enum { NH_STALLS_NONE, NH_STALLS_RANDOM, NH_STALLS_LONG, NH_STALLS_BOTH } nh_stalls;

/* What a neuron's differential equation means in discrete time (shared reading: frameworks differ). AUTO takes the
 * preset's value; numerics/presets.c has the table. */
typedef enum {
    NH_PRESET_NIR,
    NH_PRESET_NORSE,
    NH_PRESET_SNNTORCH,
    NH_PRESET_SNNTORCH_0_9,
    NH_PRESET_SINABS,
    NH_PRESET_ROCKPOOL,
    NH_PRESET_SPYX,
    NH_PRESET_NENGO,
    NH_PRESET_SPINNAKER2,
    NH_PRESET_SPIKINGJELLY,
    NH_PRESET_LAVA,
    NH_PRESET_COUNT
} nh_preset;
typedef enum { NH_INTEGRATOR_AUTO, NH_INTEGRATOR_EULER, NH_INTEGRATOR_EXP, NH_INTEGRATOR_STEPS_EXP } nh_integrator;
typedef enum { NH_GAIN_AUTO, NH_GAIN_SPEC, NH_GAIN_UNIT, NH_GAIN_ONE_MINUS_ALPHA } nh_input_gain;
typedef enum { NH_RESET_AUTO, NH_RESET_VALUE, NH_RESET_ZERO, NH_RESET_SUBTRACT, NH_RESET_NONE } nh_reset;
typedef enum { NH_RESET_TIMING_AUTO, NH_RESET_SAME, NH_RESET_NEXT, NH_RESET_SNNTORCH_SUB } nh_reset_timing;
typedef enum { NH_SPIKE_AUTO, NH_SPIKE_AFTER_UPDATE, NH_SPIKE_BEFORE_UPDATE } nh_spike_timing;
typedef enum { NH_COMPARE_AUTO, NH_COMPARE_GT, NH_COMPARE_GE } nh_compare;
typedef enum { NH_V_MIN_AUTO, NH_V_MIN_NONE, NH_V_MIN_MINUS_THRESHOLD } nh_v_min;
typedef enum { NH_SYN_ORDER_AUTO, NH_SYN_NEW, NH_SYN_OLD, NH_SYN_DECAY_AFTER } nh_syn_order;
typedef enum { NH_REC_BIAS_AUTO, NH_REC_BIAS_YES, NH_REC_BIAS_NO } nh_recurrent_bias;

typedef struct {
    nh_preset preset;
    nh_loc preset_at;
    nh_integrator integrator;
    nh_input_gain input_gain;
    nh_reset reset;
    nh_loc reset_at;
    nh_reset_timing reset_timing;
    nh_spike_timing spike;
    nh_compare compare;
    int64_t spikes_per_step; /* 0 = auto (the preset's), INT64_MAX = no limit */
    nh_v_min v_min;
    nh_syn_order syn_order;
    nh_recurrent_bias
        recurrent_bias;  /* does a recurrent layer's bias act in step 0, when no spike has come back yet? */
    int64_t layer_delay; /* steps that every weighted layer adds; -1 = auto */
    double dt;           /* seconds; 0 = auto: spiking.dt, else the preset's */
} nh_numerics;

typedef enum { NH_ENCODE_DIRECT, NH_ENCODE_CONSTANT, NH_ENCODE_EVENTS, NH_ENCODE_RATE, NH_ENCODE_LATENCY } nh_encoding;
typedef enum { NH_PRECISION_DOUBLE, NH_PRECISION_SINGLE } nh_precision;
typedef enum { NH_READOUT_COUNT, NH_READOUT_FIRST_SPIKE, NH_READOUT_MEMBRANE } nh_readout;

/* A number format asked for; is_auto: chosen by the quantization pass. */
typedef struct {
    bool is_auto;
    nh_format fmt;
    nh_loc at;
} nh_format_request;

/* The layer keys of `defaults:` and `layers:`, resolved for one layer (most specific glob wins, key by key). */
typedef struct {
    nh_strategy strategy;
    nh_loc strategy_at;
    int64_t reuse_factor; /* 0 = auto */
    nh_loc reuse_at;
    nh_format_request weight, bias, result, accum;
    int weight_bits; /* width of weights when weight is auto: 1..32 */
    int result_bits; /* width of results when result is auto: 1..32 */
    nh_scale_kind scale;
    nh_granularity granularity;
    int multiplier_bits; /* of the integer requantizer of arbitrary / per-channel scales: 2..32 */
    int64_t table_size;  /* entries of activation tables, a power of two 4..65536 */
    nh_loc table_at;
    nh_map_wish wish; /* strategy event */
    /* spiking layers */
    nh_numerics numerics;
    nh_format_request state;  /* format of the state registers */
    int state_bits;           /* width of the states when state is auto: 4..48 */
    int decay_bits;           /* fractional bits of decay constants: 2..24 */
    const char *neuron_model; /* instead of the file's neuron: a path, the name of a built-in model, or the program
                                 itself (several lines) */
    nh_loc neuron_model_at;
} nh_layer_options;

/* Data given by the user: "x.npy", "x.npz:key", recordings "x.bs2", "folder/", "list.txt"; real value = element *
 * scale. */
typedef struct {
    const char *path; /* resolved; NULL = not given */
    const char *key;  /* member of an .npz, or NULL */
    nh_loc at;
} nh_data_ref;

typedef struct {
    const char *name;     /* file stem or `name:` */
    const char *family;   /* a row of families.def */
    const char *device;   /* hx8k up5k ...: the placer's word; "" when there is no place and route */
    const char *package;  /* sg48 ct256 ...; "" as above */
    double clock_mhz;     /* default clock */
    double max_clock_mhz; /* of the clock network; 0 = unknown */
    /* capacity; 0 = unlimited */
    int64_t luts, ffs, brams, dsps, pins;
    int64_t bram_bits; /* bits of one block RAM */
    int lut_inputs;
    bool use_dsp; /* let synthesis use DSP blocks */
    /* delay model used for pipelining, nanoseconds, routing included */
    double lut_ns, carry_ns_per_bit, mul_ns, bram_ns, setup_ns;
    nh_loc at;
} nh_target;

/* `fabric:` as asked for. */
typedef struct {
    nh_fabric f; /* without models and synapses; sizes of `limits` where the configuration says nothing, else open */
    const char *limits; /* name or path of a limits file, or NULL */
    int64_t mesh[2];
    int n_mesh;
    nh_map_options map;
    int64_t baud; /* of the board's serial line */
    bool given;
    nh_loc at, limits_at, baud_at;
} nh_fabric_request;

typedef struct {
    const char *file;    /* the YAML file */
    const char *project; /* identifier: [A-Za-z][A-Za-z0-9_]*, <= 48 characters, not a keyword */
    const char *model;   /* path, resolved against the config's folder */
    nh_loc model_at;
    nh_target target;
    nh_loc target_at;
    double clock_mhz;
    nh_io io;
    nh_loc io_at, beat_at;   /* without a line when not given */
    int64_t beat;            /* elements per transfer at both ends in io stream; >= 1 */
    const char *output_text; /* as written: a kind, or a name */
    nh_loc output_at;
    nh_output_kind output;
    const char *output_name; /* of the output, tensor or node of the model that is built; NULL: the model's output */

    struct {
        nh_format_request format;
        int bits;
        double scale;
        bool has_scale;
        nh_loc at;
    } input;

    struct {
        int64_t time_steps; /* steps of a sample; 0 = from the data */
        nh_loc steps_at;
        double dt;            /* seconds; 0 = the numerics' default */
        nh_encoding encoding; /* how simulate/calibrate data become the input of each step */
        nh_loc encoding_at;
        bool repeat_input;      /* data with fewer than time_steps steps begin again */
        nh_readout readout;     /* how outputs become a class */
        nh_precision precision; /* of the float reference */
        uint64_t seed;          /* of rate encoding */
        int64_t max_count;      /* events: most per input and step; 0 = all are counted, 1 = binary */
        double bin;             /* events: seconds per step; 0 = dt, else 1 ms */
        nh_data_ref reference;  /* output spikes to be compared with: [samples, steps, outputs] */
        nh_loc at;
        /* lava .net: what Network(...) takes */
        int64_t reset_interval, reset_offset, num_layers, skip_layers,
            input_message_bits; /* 0 = none, 0, all, 0; message bits 0: 0/1 */
        bool sigma_delta_corrected;
        bool input_bias;        /* what comes into an input layer of LIF neurons is their bias, not their current */
        int64_t input_shape[3]; /* [input_rank]: shape of the input when the model does not say; rank 0: not given */
        int input_rank;
    } spiking;

    struct {
        double rate_hz;
        int64_t ii_cycles, multipliers;
        nh_loc at;
    } budget; /* 0 = not given; for reuse_factor auto */

    nh_fabric_request fabric;

    struct {
        nh_data_ref data;
        double scale;
        nh_calibrate_method method;
        double percentile;
        int64_t samples;
        nh_loc at;
    } calibrate;

    struct {
        nh_data_ref inputs, labels;
        double scale;
        int64_t samples;   /* 0 = all */
        int64_t rtl_limit; /* inferences or time steps that the RTL runs; 0 = all */
        nh_stalls stalls;
        nh_loc stalls_at; /* no line: the default */
        uint64_t seed;
        bool trace;
        bool rtl; /* simulate the RTL; else the C kernels alone run */
        nh_loc rtl_at;
        bool waves; /* write an FST of the first samples */
        nh_loc at;
    } simulate;

    struct {
        double max_accuracy_drop; /* fraction; < 0 = not required */
        double min_sqnr_db, max_error,
            min_agreement; /* of the outputs, fixed point against float; agreement is a fraction; < 0 = not required */
        double min_fmax_mhz; /* 0 = not required */
        bool fit;
        nh_loc accuracy_at, sqnr_at, error_at, agreement_at, fmax_at, fit_at;
    } require;

    nh_layer_options defaults;
    /* globs in file order, kept by frontend/config */
    struct nh_layer_rule *given_defaults; /* what defaults: says itself, without a pattern; NULL: nothing */
    struct nh_layer_rule *rule;
    size_t n_rule;
} nh_options;

#endif
