/* What the mapper's passes share. */
#ifndef NH_MAP_PARTS_H
#define NH_MAP_PARTS_H

#include "intmath.h"
#include "map.h"

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_event_net *net;
    const nh_fabric *f;
    nh_map_plan *p;
    const nh_event_net *given; /* net before legalisation */
    const nh_fabric *whole;    /* f is what the options leave of it */
    nh_map_options option;
    int64_t most;        /* contexts; 0: as many as it takes */
    nh_map_share share;  /* that is tried: not AUTO */
    bool calm;           /* only quiet populations share cores */
    bool ignores_wishes; /* what the user decides about layers is left out: for levers */
} nh_mapper;

/* legalise.c: the network whose fan-in fits cores; NULL with the certificate. Lives in m->a. */
const nh_event_net *nh_map_legalise(nh_mapper *m, const nh_event_net *net);
int nh_map_sum_model(const nh_fabric *f);                                                /* index, or -1 */
int nh_map_rows_of(const nh_event_net *net, const nh_fabric *f, const nh_projection *q); /* nh_map_rows */
/* Is source element e one of those that q takes? */
bool nh_map_in_range(const nh_event_net *net, const nh_projection *q, int64_t e);
/* Words first .. first+n-1 of a source's piece that q takes; n may be 0. */
int64_t nh_map_range(const nh_event_net *net, const nh_projection *q, const nh_map_piece *a, int lanes, int64_t *first);
/* Source words that q takes in all. */
int64_t nh_map_source_words(const nh_event_net *net, const nh_projection *q, int lanes);

int nh_map_addr_bits(const nh_fabric *f);
/* Targets and weights of source element e: *n of them. Arrays have room for nh_map_fan_out. */
void nh_map_row(const nh_event_net *net, const nh_projection *q, int64_t e, const int64_t *row_start, int64_t *target,
                int32_t *weight, int64_t *n);
/* The part of q whose weights go to accumulator acc. false: it has none. */
bool nh_map_part(const nh_projection *q, int acc, nh_projection *part);
/* net with is_thin of its projections, for fabrics whose synapse words may name their neurons; else net. Lives in a. */
const nh_event_net *nh_map_find_thin(nh_arena *a, const nh_event_net *net, const nh_fabric *f);
/* SPARSE rows of q: synapse words that every word of the target's neurons (pixel by pixel, [h * w * ceil(c / lanes)])
 * takes, added to cost. Weights of 0 take none, where a synapse word serves one accumulator. */
void nh_map_sparse_words(const nh_event_net *net, const nh_projection *q, const nh_fabric *f, int64_t *cost);
int64_t nh_map_fan_out(const nh_event_net *net, const nh_projection *q);
/* SPARSE: [n_from + 1] first entry of every source; else NULL. */
int64_t *nh_map_row_starts(nh_arena *a, const nh_event_net *net, const nh_projection *q);
/* Word of a target element in a piece, -1 outside; its lane. */
int64_t nh_map_word(const nh_event_net *net, const nh_map_piece *b, int64_t element, int lanes, int *lane);
int64_t nh_map_padded(const nh_population *p, int lanes);

/* clock.c. Seconds of the processor; the time since `since` is the step's, and the time now the answer. */
double nh_map_now(void);
double nh_map_clock(nh_map_plan *p, nh_map_step step, double since);

/* wish.c. Of a population, or NULL. */
const nh_map_wish *nh_map_wish_of(const nh_mapper *m, int pop);
bool nh_map_has_wishes(const nh_mapper *m);
/* Cores that it is to be split over; 0: as many as it takes. */
int64_t nh_map_cores_wanted(const nh_mapper *m, int pop);
/* Tiles that a piece may be on. */
nh_rect nh_map_rect_of(const nh_mapper *m, int64_t piece);
bool nh_map_rect_has(nh_rect r, int x, int y);
bool nh_map_rect_is_whole(const nh_fabric *f, nh_rect r);
/* Are all tiles there? false: with the certificate and the diagnostic. */
bool nh_map_check_wishes(nh_mapper *m);
/* false, with the certificate and a diagnostic with that text at the wish's place. */
bool nh_map_fail_wish(nh_mapper *m, nh_loc at, nh_map_certificate why, const char *text);

/* share.c. Pieces k of a context are added in order; the answer is the number of the core, from 0. */
#define NH_BIN_PIECES 16

typedef struct {
    int64_t core, words, synapses, params;
    double work; /* synapse words a step */
    int64_t piece[NH_BIN_PIECES];
    int n;
    nh_rect may;              /* tiles that it may be on: those of its first piece, which the others may be on too */
    bool restless, is_closed; /* it has a population that is not quiet, one that is reset */
} nh_bin;

typedef struct {
    int64_t core;
    nh_rect may;
    bool seen;
} nh_held;

typedef struct {
    const nh_mapper *m;
    nh_map_share level;
    int64_t *axon0, *conv0;  /* [n_pop] where the tables of a population begin in cores that it shares; live in m->a */
    double *work, most_work; /* [n_piece], of the busiest */
    int64_t most_words, least_words;
    nh_bin *bin; /* cores with room */
    int n_bin;
    int64_t n_core; /* of the context so far */
    nh_held *held;  /* [tiles] cores that may not be on every tile; NULL: no wishes */
    int n_held;
    int *holder;   /* [tiles] 1 + the index of the one that is on it; 0: none */
    int64_t stuck; /* 1 + the piece for which no tile was left; 0: none */
} nh_sharing;

/* Few enough pieces and tiles to look for cores with room. */
bool nh_map_share_affords(const nh_mapper *m);
void nh_map_share_begin(nh_mapper *m, nh_arena *a, nh_sharing *s);
void nh_map_share_reset(nh_sharing *s);
int64_t nh_map_share_add(nh_sharing *s, int64_t k);
/* Why no tile was left for a piece (s->stuck): false, with the certificate. */
bool nh_map_share_fail(nh_mapper *m, nh_sharing *s);
/* Cores of all pieces in one context, or up to the piece for which no tile was left. */
int64_t nh_map_share_count(nh_sharing *s, int64_t n_piece);
/* The plan's cores, from the cuts into contexts; axon_base of populations that share. */
void nh_map_share_end(nh_mapper *m, nh_sharing *s);
/* Does every core sweep its pieces when it should (starts are known)? */
bool nh_map_share_check(nh_mapper *m);

/* widths.c: bits that the sums of an accumulator of a population need, signed. weight[proj]: raised to the bits of its
 * widest weight. */
int nh_map_sum_bits(const nh_event_net *net, int pop, int acc, int *weight);

/* map.c: the network as it is mapped (m->net), its order and the plan's arrays. */
bool nh_map_begin(nh_mapper *m);
/* The fabric with cores as large as the options let the mapper fill them. Lives in a. */
const nh_fabric *nh_map_ceiling(nh_arena *a, const nh_fabric *f, const nh_map_options *o);
/* Bits of an event that the partial sums of a network need; 0: it has none. */
int nh_map_payload_of_sums(nh_arena *a, const nh_event_net *net, const nh_fabric *f, const nh_map_options *o);
/* lever.c */
void nh_map_levers(nh_mapper *m);
void nh_map_lever_of_fill(nh_mapper *m);

bool nh_map_order(nh_mapper *m, int *scc);
bool nh_map_partition(nh_mapper *m);
bool nh_map_contexts(nh_mapper *m, const int *scc, int64_t most);
bool nh_map_time(nh_mapper *m);
/* false, with the certificate and the diagnostic. */
bool nh_map_fail(nh_mapper *m, nh_code code, const char *layer, const char *resource, int64_t needed, int64_t available,
                 bool structural);
/* Contexts, cores, starts, by m->policy; the attempts go into the plan when there are diagnostics. false: the
 * certificate. */
bool nh_map_arrange(nh_mapper *m);

#endif
