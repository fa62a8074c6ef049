/* Parts -> designs and images; the whole network as an integer model. */
#include <string.h>

#include "from_graph.h"
#include "parts_internal.h"
#include "reuse.h"

#define ANY_II 1000000000000000 /* cycles: longer than any layer takes */

/* Notes about lanes and padding of what nobody builds are dropped. */
static nh_design *lower_quietly(nh_arena *a, nh_diag *d, const nh_graph *g, const nh_options *o) {
    nh_diag *own = nh_diag_new(a);
    nh_design *design = nh_lower(a, own, g, o);
    for (size_t i = 0; i < own->count; i++) {
        nh_diag one = {.item = &own->item[i], .count = 1};
        if (nh_code_get(own->item[i].code)->severity == NH_ERROR) nh_diag_append(d, &one);
    }
    return design;
}

/* The options with a budget that the fewest multipliers meet: for units that give numbers and are not built. */
static nh_options *unhurried(nh_arena *a, const nh_options *o) {
    nh_options *own = NH_NEW(a, nh_options);
    *own = *o;
    own->budget.rate_hz = 0;
    own->budget.multipliers = 0;
    own->budget.ii_cycles = ANY_II;
    return own;
}

/* The layer as a pipeline would have it. */
static void take_in(nh_layer *l) {
    if (nh_op_get(l->op)->strategies == NH_STRATEGY_WIRE) return;
    l->opt.strategy = nh_op_get(l->op)->strategies & NH_STRATEGY_RESOURCE ? NH_STRATEGY_RESOURCE : NH_STRATEGY_LATENCY;
    l->opt.reuse_factor = 0;
}

/* --- the parts --------------------------------------------------------------------------------------------------- */

/* One budget for all pipelines: solved as if they were one. */
static bool solve_reuse(nh_arena *a, nh_diag *d, nh_parts *p, const nh_options *o) {
    const nh_graph *g = p->graph;
    nh_graph all = *g;
    int *from = nh_arena_array(a, (size_t)g->n_layer, sizeof *from); /* layer of the graph */
    int64_t *reuse = nh_arena_array(a, (size_t)g->n_layer, sizeof *reuse);
    all.layer = nh_arena_array(a, (size_t)g->n_layer, sizeof *all.layer);
    all.n_layer = 0;
    for (int i = 0; i < g->n_layer; i++)
        if (p->part_of[i] >= 0 && p->part[p->part_of[i]].place == NH_PLACE_PIPELINE)
            from[all.n_layer] = i, all.layer[all.n_layer++] = g->layer[i];
    if (!nh_solve_reuse(&all, o, d, reuse)) return false;
    for (int i = 0; i < all.n_layer; i++) {
        nh_part *part = &p->part[p->part_of[from[i]]];
        for (int k = 0; k < part->n_layer; k++)
            if (part->layer[k] == from[i]) part->graph->layer[k + part->n_in].opt.reuse_factor = reuse[i];
    }
    return true;
}

static bool lower_host(nh_arena *a, nh_diag *d, nh_part *part) {
    for (int i = 0; i < part->graph->n_layer; i++) take_in(&part->graph->layer[i]);
    part->opt = unhurried(a, part->opt);
    part->design = lower_quietly(a, d, part->graph, part->opt);
    return part->design != NULL;
}

static bool map_fabric(nh_arena *a, nh_diag *d, nh_part *part) {
    part->fabric = &part->opt->fabric.f;
    part->image = nh_map_graph(a, d, part->graph, part->fabric, &part->opt->fabric.map, part->opt->project, &part->net,
                               &part->plan);
    return part->image != NULL;
}

static bool is_on_fabric(const nh_part *part) { return part->place == NH_PLACE_FABRIC; }

/* Every part on a fabric as f has it. */
static bool map_all(nh_arena *a, nh_diag *d, nh_parts *p, const nh_fabric *f) {
    bool ok = true;
    for (int i = 0; i < p->n_part; i++) {
        if (!is_on_fabric(&p->part[i])) continue;
        p->part[i].shares = i;
        p->part[i].opt->fabric.f = *f;
        ok = map_fabric(a, d, &p->part[i]) && ok;
    }
    return ok;
}

/* The fabric for all parts, which are mapped: open sizes as large as one of them needs, the neuron models of all.
 * False: no fabric has them all. */
static bool join_fabrics(nh_arena *a, nh_diag *d, const nh_parts *p, const nh_fabric *asked, nh_fabric *all) {
    bool ok = true;
    *all = *asked;
    for (int i = 0; i < p->n_part; i++)
        if (is_on_fabric(&p->part[i])) nh_map_join_sizes(asked, &p->part[i].image->fabric, all);
    for (int i = 0; ok && i < p->n_part; i++)
        if (is_on_fabric(&p->part[i]))
            ok = nh_map_size_words(d, p->part[i].graph, all, &p->part[i].opt->fabric.map) &&
                 nh_event_net_of(a, d, p->part[i].graph, all);
    return ok;
}

/* Several parts run on one fabric where there can be one for all of them, else on one each. */
static bool map_fabrics(nh_arena *a, nh_diag *d, nh_parts *p, const nh_options *o) {
    nh_diag *ignored = nh_diag_new(a);
    nh_fabric all;
    int n = 0, first = -1;
    for (int i = p->n_part - 1; i >= 0; i--)
        if (is_on_fabric(&p->part[i])) n++, first = i;
    if (!map_all(a, d, p, &o->fabric.f)) return false;
    if (n < 2) return true;
    if (!join_fabrics(a, ignored, p, &o->fabric.f, &all) || !map_all(a, ignored, p, &all))
        return map_all(a, nh_diag_new(a), p, &o->fabric.f);
    for (int i = 0; i < p->n_part; i++)
        if (is_on_fabric(&p->part[i])) p->part[i].shares = first;
    return true;
}

static bool lower_part(nh_arena *a, nh_diag *d, nh_part *part) {
    if (is_on_fabric(part)) return true; /* map_fabrics */
    if (part->place == NH_PLACE_HOST) return lower_host(a, d, part);
    part->design = nh_lower(a, d, part->graph, part->opt);
    return part->design != NULL;
}

/* --- the whole --------------------------------------------------------------------------------------------------- */

static const nh_layer *layer_of(const nh_parts *p, int i) {
    const nh_part *part = &p->part[p->part_of[i]];
    for (int k = 0; k < part->n_layer; k++)
        if (part->layer[k] == i) return &part->graph->layer[k + part->n_in];
    return &p->graph->layer[i];
}

/* Units of other places are shown with their strategy; only pipelines have resources and cycles of their own. */
static void settle_units(nh_parts *p) {
    nh_design *g = p->whole;
    for (int u = 0; u < g->n_unit; u++) {
        nh_unit *unit = &g->unit[u];
        int part = unit->n_layer > 0 ? p->part_of[unit->layer[0]] : -1;
        if (part >= 0 && p->part[part].place == NH_PLACE_PIPELINE) continue;
        if (part >= 0) unit->strategy = p->part[part].place == NH_PLACE_HOST ? NH_STRATEGY_HOST : NH_STRATEGY_EVENT;
        unit->reuse_factor = unit->ii_cycles = unit->latency_cycles = 0;
        unit->estimate = (nh_resources){0};
        unit->n_note = 0;
    }
    g->estimate = (nh_resources){0};
    g->ii_cycles = g->latency_cycles = 0;
    for (int i = 0; i < p->n_part; i++) {
        const nh_design *own = p->part[i].place == NH_PLACE_PIPELINE ? p->part[i].design : NULL;
        if (!own) continue;
        g->estimate.multipliers += own->estimate.multipliers;
        g->estimate.luts += own->estimate.luts;
        g->estimate.ffs += own->estimate.ffs;
        g->estimate.brams += own->estimate.brams;
        g->estimate.dsps += own->estimate.dsps;
        g->ii_cycles = own->ii_cycles > g->ii_cycles ? own->ii_cycles : g->ii_cycles;
        g->latency_cycles += own->latency_cycles;
    }
}

static bool lower_whole(nh_arena *a, nh_diag *d, nh_parts *p, const nh_options *o) {
    nh_graph *g = NH_NEW(a, nh_graph);
    *g = *p->graph;
    g->layer = nh_arena_array(a, (size_t)g->n_layer, sizeof *g->layer);
    memcpy(g->layer, p->graph->layer, (size_t)g->n_layer * sizeof *g->layer);
    for (int i = 0; i < g->n_layer; i++) {
        int part = p->part_of[i];
        if (part >= 0 && p->part[part].place == NH_PLACE_PIPELINE)
            g->layer[i].opt = layer_of(p, i)->opt;
        else
            take_in(&g->layer[i]);
    }
    p->whole = lower_quietly(a, d, g, unhurried(a, o));
    if (!p->whole) return false;
    p->whole->opt = o;
    if (!nh_parts_only(p)) settle_units(p);
    return true;
}

bool nh_parts_lower(nh_arena *a, nh_diag *d, nh_parts *p, const nh_options *o) {
    if (nh_parts_only(p) && p->part->place == NH_PLACE_PIPELINE) {
        p->whole = p->part->design = nh_lower(a, d, p->graph, o);
        return p->whole != NULL;
    }
    bool ok = solve_reuse(a, d, p, o);
    ok = map_fabrics(a, d, p, o) && ok;
    for (int i = 0; i < p->n_part; i++) ok = lower_part(a, d, &p->part[i]) && ok;
    return ok && lower_whole(a, d, p, o);
}
