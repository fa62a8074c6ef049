#include "nir_model.h"

#include <string.h>

#define POSITIVE_INT (NIR_INTEGER | NIR_ABOVE_ZERO)

static const nir_param_rule port[] = {{"shape", NIR_INTEGER | NIR_ABOVE_ZERO}, {NULL, 0}};
static const nir_param_rule identity[] = {{"input_type", NIR_OPTIONAL | NIR_INTEGER | NIR_FOLLOWS}, {NULL, 0}};
static const nir_param_rule graph[] = {{"nodes", 0}, {"edges", 0}, {NULL, 0}};
static const nir_param_rule affine[] = {{"weight", 0}, {"bias", 0}, {NULL, 0}};
static const nir_param_rule linear[] = {{"weight", 0}, {NULL, 0}};
static const nir_param_rule scale[] = {{"scale", 0}, {NULL, 0}};
static const nir_param_rule conv[] = {{"input_shape", NIR_OPTIONAL | POSITIVE_INT | NIR_FOLLOWS},
                                      {"weight", 0},
                                      {"stride", POSITIVE_INT},
                                      {"padding", NIR_INTEGER | NIR_NOT_NEGATIVE | NIR_TEXT},
                                      {"dilation", POSITIVE_INT},
                                      {"groups", POSITIVE_INT},
                                      {"bias", 0},
                                      {NULL, 0}};
static const nir_param_rule pool[] = {
    {"kernel_size", POSITIVE_INT}, {"stride", POSITIVE_INT}, {"padding", NIR_INTEGER | NIR_NOT_NEGATIVE}, {NULL, 0}};
static const nir_param_rule flatten[] = {{"input_type", NIR_OPTIONAL | POSITIVE_INT | NIR_FOLLOWS},
                                         {"start_dim", NIR_INTEGER},
                                         {"end_dim", NIR_INTEGER},
                                         {NULL, 0}};
static const nir_param_rule delay[] = {{"delay", NIR_NOT_NEGATIVE}, {NULL, 0}};
static const nir_param_rule threshold[] = {{"threshold", 0}, {NULL, 0}};

#define TAU                                                                                                            \
    { "tau", NIR_ABOVE_ZERO }
#define TAUS                                                                                                           \
    {"tau_syn", NIR_ABOVE_ZERO}, { "tau_mem", NIR_ABOVE_ZERO }
#define R                                                                                                              \
    { "r", NIR_ABOVE_ZERO }
#define LEAK                                                                                                           \
    { "v_leak", 0 }
#define FIRE                                                                                                           \
    {"v_threshold", NIR_ABOVE_ZERO}, { "v_reset", NIR_OPTIONAL }
#define W_IN                                                                                                           \
    { "w_in", NIR_OPTIONAL }
static const nir_param_rule i_[] = {R, {NULL, 0}};
static const nir_param_rule if_[] = {R, FIRE, {NULL, 0}};
static const nir_param_rule li[] = {TAU, R, LEAK, {NULL, 0}};
static const nir_param_rule lif[] = {TAU, R, LEAK, FIRE, {NULL, 0}};
static const nir_param_rule cubali[] = {TAUS, R, LEAK, W_IN, {NULL, 0}};
static const nir_param_rule cubalif[] = {TAUS, R, LEAK, W_IN, FIRE, {NULL, 0}};

#define STATELESS NIR_STATELESS, NH_KIND_PROGRAM
#define NEURON(kind) NIR_STATEFUL, NH_KIND_##kind
/* Sorted as in the specification. */
static const nir_type types[] = {
    {"Input", NIR_PORT_IN, NH_KIND_PROGRAM, port, nir_shape_same, nir_build_input},
    {"Output", NIR_PORT_OUT, NH_KIND_PROGRAM, port, nir_shape_same, nir_build_identity},
    {"Affine", STATELESS, affine, nir_shape_dense, nir_build_dense},
    {"Linear", STATELESS, linear, nir_shape_dense, nir_build_dense},
    {"Scale", STATELESS, scale, nir_shape_neuron, nir_build_program},
    {"Conv1d", STATELESS, conv, nir_shape_conv, nir_build_conv},
    {"Conv2d", STATELESS, conv, nir_shape_conv, nir_build_conv},
    {"SumPool2d", STATELESS, pool, nir_shape_pool, nir_build_pool},
    {"AvgPool2d", STATELESS, pool, nir_shape_pool, nir_build_pool},
    {"Flatten", STATELESS, flatten, nir_shape_flatten, nir_build_flatten},
    {"Delay", NIR_DELAY, NH_KIND_PROGRAM, delay, nir_shape_neuron, nir_build_delay},
    {"Threshold", STATELESS, threshold, nir_shape_neuron, nir_build_program},
    {"I", NEURON(I), i_, nir_shape_neuron, nir_build_neuron},
    {"IF", NEURON(IF), if_, nir_shape_neuron, nir_build_neuron},
    {"LI", NEURON(LI), li, nir_shape_neuron, nir_build_neuron},
    {"LIF", NEURON(LIF), lif, nir_shape_neuron, nir_build_neuron},
    {"CubaLI", NEURON(CUBALI), cubali, nir_shape_neuron, nir_build_neuron},
    {"CubaLIF", NEURON(CUBALIF), cubalif, nir_shape_neuron, nir_build_neuron},
    {"NIRGraph", NIR_GRAPH, NH_KIND_PROGRAM, graph, NULL, NULL},
    {"Identity", STATELESS, identity, nir_shape_same, nir_build_identity},
};
enum { N_TYPES = sizeof types / sizeof *types };

const nir_type *nir_type_find(const char *name) {
    for (int i = 0; i < N_TYPES; i++)
        if (strcmp(types[i].name, name) == 0) return &types[i];
    return NULL;
}

const nir_type *nir_type_of(nir_class cls) {
    int i = 0;
    while (types[i].cls != cls) i++;
    return &types[i];
}

const char *nir_type_nearest(const char *name) {
    const char *all[N_TYPES];
    for (int i = 0; i < N_TYPES; i++) all[i] = types[i].name;
    return nh_did_you_mean(name, all, N_TYPES);
}

const char *nir_type_list(nh_arena *a) {
    const char *text = types[0].name;
    for (int i = 1; i < N_TYPES; i++) text = nh_arena_printf(a, "%s, %s", text, types[i].name);
    return text;
}
