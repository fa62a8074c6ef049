/* From the fixed-point graph to what the mapper maps. */
#ifndef NH_FROM_GRAPH_H
#define NH_FROM_GRAPH_H

#include "graph.h"
#include "map.h"

/* Populations and projections of a network whose layers all have strategy event, after the passes
 * (hls/passes/infer_exact.c). The models of its neurons are added to f: layers whose programs are the same in the
 * fabric's integers share one. NULL with diagnostics. Lives in a. */
nh_event_net *nh_event_net_of(nh_arena *a, nh_diag *d, const nh_graph *g, nh_fabric *f);

/* size.c: sizes that f leaves open. Of words, from the network: false with diagnostics where it is none of a fabric.
 * synapses is set, too. */
bool nh_map_size_words(nh_diag *d, const nh_graph *g, nh_fabric *f, const nh_map_options *o);
/* Of tables: all the room that there can be; then what the plan uses of what `asked` left open; and when the routes are
 * made, in m->fabric. */
void nh_map_open_tables(nh_fabric *f);
void nh_map_size_tables(const nh_fabric *asked, const nh_map_plan *p, nh_fabric *f);
void nh_map_size_routes(const nh_fabric *asked, nh_image *m);

/* Of what `asked` leaves open all becomes as large as own, where it is smaller: a fabric for several networks. */
void nh_map_join_sizes(const nh_fabric *asked, const nh_fabric *own, nh_fabric *all);

/* The whole way: the open sizes of f are settled, f is checked, *net is what of g is on f, *plan its plan, the image of
 * `project` is returned. NULL with diagnostics; *net and *plan are then what there was until then, or NULL. All live in
 * a. */
nh_image *nh_map_graph(nh_arena *a, nh_diag *d, const nh_graph *g, nh_fabric *f, const nh_map_options *o,
                       const char *project, nh_event_net **net, nh_map_plan **plan);

/* from_graph_model.c: the model of NEURON layer i in f (added when it is new), or -1 with a diagnostic. frac: of its
 * accumulator. *param: the layer's values of the model's parameters, real. acc: accumulators that its inputs go to. */
int nh_fabric_add_model(nh_arena *a, nh_diag *d, const nh_graph *g, int layer, int frac, nh_fabric *f,
                        nh_neuron_value *param, int acc[NH_NEURON_INPUTS]);
/* The model of program p, in integers, that layer l has with these values; find: its index, or -1. */
int nh_fabric_use_model(nh_arena *a, nh_diag *d, const nh_layer *l, nh_fabric *f, const nh_neuron_program *p,
                        const nh_neuron_value *value);
int nh_fabric_find_model(nh_arena *a, const nh_fabric *f, const nh_neuron_program *p);
/* Raw values of parameter k of the model: [value.n], in a; NULL with a diagnostic where they do not fit. */
const int64_t *nh_fabric_param_raw(nh_arena *a, nh_diag *d, const nh_layer *l, const nh_fabric_model *m, int k,
                                   int frac, const nh_neuron_value *value);

/* The model "sum" in f: no state, the accumulator leaves. Its index (added when it is new), or -1: eight models
 * already, or spikes only. For networks with nh_map_splits; nh_event_net_of adds it where it is needed. */
int nh_fabric_add_sum(nh_arena *a, nh_fabric *f);

/* linear.c: what stands between two populations as (source, target, weight, delay), or as one dense layer or
 * convolution. */
typedef struct {
    nh_projection *proj;
    int n;
    size_t cap;
} nh_projections;
/* Add the projections of input k of `layer`, a layer of neurons or the first of a run, whose population is `to`;
 * pop_of[layer]: of its source. shift: weights are multiplied by 2^shift; they go to accumulator
 * acc. */
bool nh_add_projections(nh_arena *a, nh_diag *d, const nh_graph *g, int layer, int k, int to, const int *pop_of,
                        int shift, int acc, const nh_fabric *f, nh_projections *out);

/* Bits of what a population sends, from the format of its tensor: false with a diagnostic when they are more than
 * payload_bits. */
bool nh_population_set_bits(nh_population *p, const nh_fabric *f, nh_diag *d, const nh_layer *l, nh_format fmt);

/* What the user decides about the layer, or NULL. */
const nh_map_wish *nh_event_net_wish(const nh_layer *l);

/* from_graph_run.c: a run of stateless layers, from a dense layer, convolution or pool to the last layer that computes
 * element by element on its results. */
enum { NH_RUN_LAYERS = 32 };
typedef struct {
    const nh_layer *layer[NH_RUN_LAYERS];
    int n;
} nh_layer_run;
/* Does the layer only change the shape of its tensor? */
bool nh_is_reshape(const nh_layer *l);
/* Can the layer be part of a projection: weights, a pool, a delay or a change of shape that rounds nothing? */
bool nh_is_synaptic(const nh_layer *l);
/* Does every path from the tensor lead through synaptic layers into a layer of neurons? */
bool nh_ends_in_neurons(const nh_graph *g, int tensor);
/* Is the layer a sum that neurons of its own must round, or weights whose sums are not all taken in by neurons? */
bool nh_starts_run(const nh_graph *g, const nh_layer *l);
/* False with a diagnostic when the run is too long. */
bool nh_collect_run(nh_diag *d, const nh_graph *g, const nh_layer *first, nh_layer_run *r);
/* The program of the run's neurons: bias, requantizer, activation and cast of its layers, in multiples of the LSB of
 * its result. value: [NH_NEURON_PARAMS], of its parameters. NULL with a diagnostic. Lives in a. */
const nh_neuron_program *nh_run_program(nh_arena *a, nh_diag *d, const nh_graph *g, const nh_layer_run *r,
                                        bool scale_is_param, nh_neuron_value *value);

/* Report NH_P_EVENT: why the layer cannot be on a fabric, and a hint or NULL. Returns false. */
bool nh_event_refuse(nh_diag *d, const nh_layer *l, const char *why, const char *hint);

#endif
