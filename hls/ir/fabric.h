/* A fabric: the mesh, the sizes of its cores, and the neuron models in its datapath. docs/fabric.md is the contract
 * with the RTL. */
#ifndef NH_FABRIC_H
#define NH_FABRIC_H

#include "neuron.h"

#define NH_FABRIC_MODELS 8
#define NH_FABRIC_MESH_MOST 32 /* tiles along x or y */
#define NH_FABRIC_COUNTERS 9

/* A model as the datapath has it: an exact program in integers. The LSB of accumulators is 1, that of the states
 * 2^-guard_bits; every state has a format, every parameter one of `param` (a wider one does not fit). */
typedef struct {
    const char *name; /* of the model: unique in the fabric */
    const nh_neuron_program *program;
    nh_format param[NH_NEURON_PARAMS]; /* of program->param */
    nh_format out;                     /* payload: ufixed<1,1>, or signed integer of payload_bits */
} nh_fabric_model;

/* As asked for, sizes may be left open: 0, or -1 where 0 is a size (convs, sparse, conv_*_bits). hls/map/size.c settles
 * them. */
typedef struct {
    const char *name;
    int mesh_x, mesh_y;
    int lanes;                      /* neurons per cycle and weights per cycle; neurons is a multiple */
    int64_t neurons;                /* of a core */
    int64_t axons;                  /* entries of the axon table */
    int64_t synapses;               /* words of `lanes` weights */
    int64_t convs;                  /* descriptors of convolutions; 0: the fabric has no conv mode */
    int64_t routes, groups, params; /* entries of those tables of a core; params in words of `lanes` neurons */
    int64_t delays;                 /* steps that the spike memory holds, a power of two; longest extra delay + 1 */
    int64_t queue;                  /* events that wait in front of a core, a power of two */
    int sparse;                     /* 1: synapse words may name their accumulator */
    int weight_bits;                /* 2..16, signed */
    int accum_bits;                 /* 8..48, signed */
    int accumulators;               /* of a neuron: 1..4. A synapse word has a weight for each, in every lane */
    int payload_bits;               /* 1: spikes only; else signed, 2..32 */
    int guard_bits;                 /* fractional bits of states below the accumulator's LSB: 0..16 */
    int conv_y_bits, conv_x_bits, conv_c_bits; /* coordinates in an event; 0 when convs is 0 */
    int n_model;
    nh_fabric_model model[NH_FABRIC_MODELS];
    nh_loc at;
} nh_fabric;

/* Pieces of several layers in a core. FREE: where no core gets busier than the busiest is anyway; AUTO: FREE, and
 * ALWAYS when that saves contexts. */
typedef enum { NH_SHARE_AUTO, NH_SHARE_ALWAYS, NH_SHARE_FREE, NH_SHARE_NEVER } nh_map_share;

#define NH_MAP_MOVES 4000

/* A tile of the mesh. */
typedef struct {
    int x, y;
} nh_tile;

/* What the user decides about a layer: honoured, or the map fails. */
typedef struct {
    int64_t cores;       /* it is split over so many; 0: as many as it takes */
    const nh_tile *tile; /* [n_tile] piece i is on tile i; n_tile 0: not given */
    int n_tile;
    int64_t region[4]; /* its cores are in [x, y, width, height]; n_region 0: not given */
    int n_region;
    nh_loc cores_at, tile_at, region_at;
} nh_map_wish;

/* What the user asks of the mapper. */
typedef struct {
    int64_t synapse_kib;   /* memory of a core for synapse words; 0: the fabric says how many words */
    int64_t most_contexts; /* 1: all in one; 0: as many as it takes */
    nh_map_share share;
    int64_t neurons_used, axons_used, synapses_used; /* percent of a core that is filled, 1..100; 0: 100 */
    bool convs_are_open; /* the fabric's convs become what the plan uses; until then they are all that there can be */
    int64_t moves;       /* placement: most moves in a context; 0: NH_MAP_MOVES; -1: none */
} nh_map_options;

/* Widths that follow, with the names of docs/fabric.md. */
typedef struct {
    int xb, yb, addr, data, flit, host; /* host: a whole number of bytes, in bits */
    int64_t nw;                         /* neuron words of a core */
    int wa, sa, pa, db, nb, dl;         /* clog2 of words, synapses, params, convs, neuron counts (+1), delays */
    int state, param;                   /* bits of a neuron's states and parameters, of the largest model */
    int model;                          /* bits of a model's number in a group */
    int axon, synapse, conv, group, param_word, route, state_word; /* bits of a word of each memory */
} nh_fabric_widths;

typedef enum {
    NH_FMEM_CONTROL,
    NH_FMEM_AXON,
    NH_FMEM_SYNAPSE,
    NH_FMEM_CONV,
    NH_FMEM_GROUP,
    NH_FMEM_PARAM,
    NH_FMEM_ROUTE,
    NH_FMEM_STATE,
    NH_FMEM_COUNTER,
    NH_FMEM_COUNT
} nh_fabric_memory;

/* Weights of a synapse word: [lanes][accumulators]. */
int nh_fabric_word_weights(const nh_fabric *f);
/* Bits of a synapse word: its weights, and where words name their neurons (sparse: 1) which ones. */
int nh_fabric_synapse_bits(const nh_fabric *f);
/* Synapse words that a memory of so many KiB holds. */
int64_t nh_fabric_synapses_of(const nh_fabric *f, int64_t kib);
/* max(1, ceil(log2(n))). */
int nh_clog2(int64_t n);
/* f must be checked. */
nh_fabric_widths nh_fabric_get_widths(const nh_fabric *f);
/* Every rule on the sizes, with diagnostics (all at once) at f->at. */
bool nh_fabric_check(const nh_fabric *f, nh_diag *d);
/* Every size by its key, with the least that it can be: what is less is open. Returns how many. */
typedef struct {
    const char *key;
    int64_t value, least;
} nh_fabric_size;
#define NH_FABRIC_SIZE_COUNT 21
int nh_fabric_list(const nh_fabric *f, nh_fabric_size list[NH_FABRIC_SIZE_COUNT]);
/* SHA-256 in hex of everything that an image depends on: two fabrics with the same hash run the same images. Lives in
 * a. */
const char *nh_fabric_hash(nh_arena *a, const nh_fabric *f);

#endif
