/* The mapper: an event network and a fabric -> a plan (which neurons in which core, contexts, starts, routes) -> the
 * program image. Deterministic. Planning needs shapes and counts only (proj.weight may be NULL); filling reads the
 * weights. */
#ifndef NH_MAP_H
#define NH_MAP_H

#include "image.h"
#include "net.h"

/* How a projection reaches a piece. CONV: shared kernel; DENSE: a row of all words per source neuron; SPARSE: rows that
 * name words. SAME: one word. */
typedef enum { NH_ROWS_CONV, NH_ROWS_DENSE, NH_ROWS_SPARSE, NH_ROWS_SAME } nh_map_rows;

/* A box of a population in a core: pixels (y, x) row by row, `features` words each: channels c0 .. c0+c-1. */
typedef struct {
    int pop;
    int64_t c0, c, y0, h, x0, w;
    int64_t features, words;                        /* words = h * w * features */
    int64_t synapses, axons, convs, params, routes; /* in use */
    int64_t core;                                   /* index; its neurons begin there at word0 */
    int64_t word0;
    int context, x, y; /* of the core */
} nh_map_piece;

/* Sums over the pieces of a core. axons, convs: where its tables end. */
typedef struct {
    int context, x, y;
    int64_t n_piece, *piece; /* in topological order */
    int64_t words, synapses, axons, convs, params, routes;
    int64_t start; /* of its earliest piece */
    nh_rect may;   /* tiles that it may be on */
} nh_map_core;

/* A row of the utilisation table: what a population takes. */
typedef struct {
    int pop;
    int64_t cores, neurons, words, synapses, axons; /* synapses, axons: of the fullest core */
} nh_map_use;

/* What the solver tried, in order. */
typedef struct {
    const char *what; /* "one context, a piece per core" */
    bool accepted;
    const char *why; /* rejected: in words; NULL: layer, resource, needed, available say it */
    const char *layer, *resource;
    int64_t needed, available;
    int64_t cores, cost; /* of it; 0 contexts: no plan */
    int contexts;
    int64_t best_cores, best_cost; /* of the best so far; 0 contexts: none yet */
    int best_contexts;
} nh_map_attempt;

/* What no plan goes below, and why: all that a resource needs over what a core has. */
typedef struct {
    int64_t cores;
    int contexts;
    const char *resource; /* "neuron words" or "synapse words" */
    int64_t needed, of_core;
} nh_map_bound;

#define NH_MAP_ATTEMPTS 12

typedef struct {
    const char *lever; /* "weight_bits 8 -> 4" */
    int64_t cores;     /* needed with it; -1: not known */
    bool fits;         /* planned with it, in the contexts allowed */
    double change; /* new / old of what is turned: cores of the mesh, contexts, words, bits (weight_bits: old / new) */
} nh_map_lever;

#define NH_MAP_LEVERS 16

typedef struct {
    bool failed;
    const char *layer, *resource;
    int64_t needed, available;
    bool is_structural; /* one neuron word does not fit a core; else the sum over all */
    bool is_mixed;      /* other resources are missing too; of this one, the layer that needs most */
    nh_map_lever lever[NH_MAP_LEVERS];
    int n_lever, smallest; /* index of the lever with the least change that fits (the first of equals), or -1 */
    int payload_bits;      /* that partial sums need when fan-in must be split; else 0 */
    const char *split;     /* why and how it would be, or NULL */
} nh_map_certificate;

typedef enum {
    NH_MAP_LEGALISE,
    NH_MAP_PARTITION,
    NH_MAP_ARRANGE,
    NH_MAP_LEVERS_TRIED,
    NH_MAP_PLACE,
    NH_MAP_FILL,
    NH_MAP_STEP_COUNT
} nh_map_step;

typedef struct {
    const nh_fabric *asked; /* as the configuration has it, some sizes open; NULL: all were given */
    nh_map_options option;
    const nh_event_net *net; /* what is mapped: the network, or with partial sums behind its populations where fan-in
                              * was split. pop and proj below are of this one */
    nh_map_piece *piece;     /* in topological order */
    int64_t n_piece;
    int64_t *first_piece;  /* [n_pop + 1], by topological position */
    int *order, *position; /* populations in topological order; the inverse */
    int *scc;              /* [n_pop] component of loops that it belongs to */
    int *rows;             /* [n_proj] nh_map_rows */
    int64_t *axon_base;    /* [n_proj] first axon of its block, for rows; descriptor for conv */
    int64_t *axon_first;   /* [n_proj] the same within its population */
    int64_t *start;        /* [n_context][n_pop] */
    int64_t *period;       /* [n_context] */
    int n_context;
    int64_t *context_first; /* [n_context + 1] pieces */
    nh_map_core *core;      /* context by context */
    int64_t n_core;
    int64_t *context_core; /* [n_context + 1] */
    int64_t routes_most;
    /* Flits and ticks of a sample, which the cuts into contexts make least: for every context
     *   words of synapses, axons and parameters that are loaded, each ceil(bits / 16) flits (the same in all for every
     * cut; with one context they are loaded once, not for every sample),
     * + steps x events of populations that it reads and does not have (inputs of the network again in every context
     * that reads them),
     * + steps x events that leave for later contexts,
     * + its routes: one for every source piece and projection (convolutions: for every pair of pieces that overlap),
     * one to the host for every piece that later contexts read or that the network puts out,
     * + steps + populations: its ticks. An event per neuron and step where no rate is measured. */
    int64_t cost;
    /* Set by nh_map_fill, as are routes_most and piece.routes. Per step; without rates one event per neuron. */
    double traffic_hops;     /* events x hops, those of the host too */
    double host_words;       /* events that the host sends, in all contexts */
    double host_words_alone; /* and would, if every core got its own */
    nh_map_use *use;
    int n_use;
    nh_map_bound bound;
    nh_map_attempt attempt[NH_MAP_ATTEMPTS];
    int n_attempt;
    nh_map_certificate certificate;
    double seconds[NH_MAP_STEP_COUNT]; /* of the processor; no output but nh_map_print_seconds has them */
} nh_map_plan;

/* Events per step that cross the edges of a context: at most one per element where no rate is measured. */
typedef struct {
    double in, carried_in, out, carried_out;
    bool is_measured;
} nh_map_traffic;

/* net: the plan's. */
nh_map_traffic nh_map_traffic_of(const nh_map_plan *p, const nh_event_net *net, int context);
/* Does the fan-in of a neuron exceed a core? Then the fabric needs a model "sum" (nh_fabric_add_sum). */
bool nh_map_splits(const nh_event_net *net, const nh_fabric *f);
/* The plan, or what it came to: certificate.failed says that it cannot be filled, and d has the same as an error
 * (P2xx). Never NULL. Lives in a. */
nh_map_plan *nh_map_make(nh_arena *a, nh_diag *d, const nh_event_net *net, const nh_fabric *f, const nh_map_options *o);
/* The image of a plan. NULL with diagnostics when weights or sums are too wide, or tables overflow. Lives in a. */
nh_image *nh_map_fill(nh_arena *a, nh_diag *d, const nh_event_net *net, const nh_fabric *f, nh_map_plan *plan);
/* What the user decides, in words: "on tiles [0, 0], [1, 0]". Lives in a. */
const char *nh_map_wish_text(nh_arena *a, const nh_map_wish *w);
/* How long the steps took, a line each. */
void nh_map_print_seconds(const nh_map_plan *p, FILE *out);
/* Of an attempt, in words: accepted, or why not. Lives in a. */
const char *nh_map_verdict(nh_arena *a, const nh_map_attempt *x);
/* Attempts, utilisation, certificate as text. net: as given to nh_map_make. */
void nh_map_print(const nh_map_plan *p, const nh_event_net *net, const nh_fabric *f, FILE *out);

#endif
