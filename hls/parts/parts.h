/* Parts: a network of which some layers are on the host, some in a pipeline, some on a fabric, as graphs of their own.
 *
 * nh_parts_cut after the passes (formats are settled: the tensor between two parts has one format on both sides),
 * nh_parts_lower after it. Samples then go through the parts in order: what the output tensor of one has is the input
 * of those that read it. */
#ifndef NH_PARTS_H
#define NH_PARTS_H

#include "design.h"
#include "facts.h"
#include "map.h"

typedef enum { NH_PLACE_HOST, NH_PLACE_PIPELINE, NH_PLACE_FABRIC } nh_place_kind;

const char *nh_place_text(nh_place_kind p);
/* Where the layer's strategy puts it; wires have no place of their own. */
nh_place_kind nh_place_of(const nh_layer *l);

#define NH_PART_INPUTS NH_DESIGN_INPUTS

typedef struct {
    const char *id; /* p<index>_<place>: names folders, and with the project before it modules and C functions; empty
                       when the part is the network itself */
    nh_place_kind place;
    int *layer; /* of the whole graph, ascending */
    int n_layer;
    int in[NH_PART_INPUTS], n_in; /* tensors of the whole graph that it reads, in the order of their makers */
    int out;                      /* and the one that it makes */
    int from[NH_PART_INPUTS];     /* the part that makes in[k]; -1: the network's input */
    nh_graph *graph;              /* of its own: n_in INPUT layers that stand for `in`, then its layers in order */
    nh_options *opt;              /* the user's with the part's project */
    /* after nh_parts_lower */
    nh_design *design; /* PIPELINE, HOST (of which only the C kernels are used) */
    nh_fabric
        *fabric; /* FABRIC: that of opt, with the models of its neurons, and of those of all parts that share it */
    int shares;  /* FABRIC: the first part that runs on the same fabric (itself): its RTL serves all, their images are
                    loaded in turn; else -1 */
    nh_event_net *net;
    nh_map_plan *plan; /* stays when the map fails, with its certificate */
    nh_image *image;
} nh_part;

typedef struct {
    const nh_graph *graph;
    nh_part *part; /* in the order of the data */
    int n_part;
    int *part_of;     /* [layers of the graph] index, -1: the input, and what the output does not depend on */
    nh_design *whole; /* the whole network as one pipeline: the integer model that all parts together must equal. The
                         design of a pipeline that is the only part; else nobody builds it, and where there are several
                         parts its units of other places have no resources and no cycles */
} nh_parts;

/* Are there layers in more than one place, or on the host? */
bool nh_is_mixed(const nh_graph *g);

/* The partitions of a network. One that is in one place is one part, whose graph and options are those of the network
 * itself; others are cut by nh_parts_cut. NULL with its diagnostics. Everything lives in a. */
nh_parts *nh_parts_find(nh_arena *a, nh_diag *d, nh_graph *g, nh_options *o);
/* The only part, when it is the network itself, else NULL: its files need no folder of their own. */
const nh_part *nh_parts_only(const nh_parts *p);

/* Connected layers of one place are one part, as far as the graph of the parts stays acyclic; where several tensors
 * would leave one it is parted again, so that each part makes one. NULL with diagnostics: a loop that leaves its place
 * (P120), a loop that makes several tensors, or a part that reads more than NH_PART_INPUTS (P121), something else than
 * neurons that leaves a fabric (P122). Layers on the host are told (P123). Everything lives in a. */
nh_parts *nh_parts_cut(nh_arena *a, nh_diag *d, const nh_graph *g, const nh_options *o);

/* Lower every part: design or image, and the integer model of the whole. reuse_factor: auto is solved for all pipelines
 * together. False with diagnostics; a map that failed leaves its plan. */
bool nh_parts_lower(nh_arena *a, nh_diag *d, nh_parts *p, const nh_options *o);

/* What a report shows of the parts: [n_part], without what co-simulation measures. */
nh_part_fact *nh_parts_facts(nh_arena *a, const nh_parts *p);

#endif
