/* Neuron models: text -> program, differential equation + numerics -> program with coefficients, float evaluation. */
#ifndef NH_NEURONS_H
#define NH_NEURONS_H

#include "graph.h"

/* --- programs ---------------------------------------------------------------------------------------------------- */

/* Conditions of guarded lines of a model's text, "[reset=subtract] SUB v, v, t": key and value. */
typedef struct {
    const char *key, *value;
} nh_guard;

/* Assemble a program. file: name for diagnostics (line and column are of the text). NULL with diagnostics: all at once.
 */
const nh_neuron_program *nh_neuron_assemble(nh_arena *a, nh_diag *d, const char *file, const char *text, size_t size,
                                            const nh_guard *guard, int n_guard);
/* A built-in model by its name (models/<name>.neuron), e.g. "lava_lif", "delta", "sigma_delta", "threshold", "scale",
 * "binary", "add". */
const nh_neuron_program *nh_neuron_builtin(nh_arena *a, nh_diag *d, const char *name, const nh_guard *guard,
                                           int n_guard);
/* Names of the built-in models, sorted: a table that ends with NULL. */
const char *const *nh_neuron_builtins(nh_arena *a);
/* Index of a parameter of a program by name, or -1. */
int nh_neuron_param(const nh_neuron_program *p, const char *name);
/* The program as text that assembles to an equal program. */
void nh_neuron_print(const nh_neuron_program *p, FILE *out);
/* Verifier: registers, operands, formats; NULL = fine. */
const char *nh_neuron_check(nh_arena *a, const nh_neuron_program *p);

/* A NEURON layer's neuron with a built-in program without differential equation; values in the order of the program's
 * parameters. */
nh_neuron *nh_neuron_make(nh_arena *a, nh_diag *d, const char *model, const nh_guard *guard, int n_guard,
                          const nh_neuron_value *param, int n_param);

/* --- numerics ---------------------------------------------------------------------------------------------------- */

/* All AUTO fields replaced by the preset's; dt by spiking_dt where that is not 0. The preset's integrator and gain are
 * those of leaky neurons. */
nh_numerics nh_numerics_resolve(const nh_numerics *asked, double spiking_dt);

/* Pass: every NEURON layer that is a differential equation gets its program and coefficients by layer.opt.numerics;
 * layers with neuron_model get the user's, whose parameters are taken by name from the coefficients (alpha, gain, leak,
 * theta, v_reset, alpha_syn, gain_syn, dt), from the file's values, or from the program that the reader gave.
 * layer_delay and recurrent_bias move or add DELAY layers, so that indices of layers and tensors change; numerics lava
 * makes the weights that feed a spiking layer whole numbers (raw is set). Notes what was decided (NH_N_NUMERICS_USED),
 * warns where the file cannot say (NH_N_RESET_LOST, NH_N_EXPORT_LOST); errors: dt > tau for Euler (NH_N_DT), ... */
bool nh_pass_discretise(nh_graph *g, const nh_options *o, nh_diag *d);

/* --- float evaluation -------------------------------------------------------------------------------------------- */

typedef enum { NH_FLOAT64, NH_FLOAT32 } nh_float_kind;

/* One step of n neurons: in[k][i], state[s][i] (updated), y[i]. n_channel: channels of an image, or n; element i
 * belongs to channel i / (n / n_channel). Integer programs are evaluated in double whatever `kind` says. */
void nh_neuron_eval(const nh_neuron *neuron, nh_float_kind kind, int64_t n, int64_t n_channel, const double *const *in,
                    double *const *state, double *y);

/* The whole network, step by step, with its weights copied: the float reference of everything. A network without state
 * is evaluated by single steps. Everything is in double when there is an integer program. NULL: the delays, or the
 * weights, need too much memory. Lives in a. */
typedef struct nh_float_net nh_float_net;
nh_float_net *nh_float_net_new(nh_arena *a, const nh_graph *g, nh_float_kind kind);
/* To the start of a sample: states and delays are 0. A new run stands there. */
void nh_float_net_reset(nh_float_net *e);
/* One step: x has the elements of the input tensor. Values of all tensors: valid until the next step. */
void nh_float_net_step(nh_float_net *e, const double *x);
const double *nh_float_net_value(const nh_float_net *e, int tensor);
/* State register s of layer l: [elements]. */
const double *nh_float_net_state(const nh_float_net *e, int layer, int s);

#endif
