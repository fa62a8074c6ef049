/* The map as JSON. */
#include "map_report.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *attempts(const nh_map_plan *p) {
    json_t *list = json_array();
    for (int i = 0; i < p->n_attempt; i++) {
        const nh_map_attempt *x = &p->attempt[i];
        json_t *why = x->accepted ? json_null()
                      : x->why    ? json_pack("{s:s}", "text", x->why)
                                  : json_pack("{s:s?, s:s?, s:I, s:I}", "layer", x->layer, "resource", x->resource,
                                              "needed", (json_int_t)x->needed, "available", (json_int_t)x->available);
        json_array_append_new(list, json_pack("{s:i, s:s, s:b, s:o, s:I, s:i, s:I, s:{s:I, s:i, s:I}}", "number", i + 1,
                                              "tried", x->what, "accepted", x->accepted, "rejected_because", why,
                                              "cores", (json_int_t)x->cores, "contexts", x->contexts, "cost",
                                              (json_int_t)x->cost, "best", "cores", (json_int_t)x->best_cores,
                                              "contexts", x->best_contexts, "cost", (json_int_t)x->best_cost));
    }
    return list;
}

/* What the user decided, and honoured. */
static json_t *wishes(const nh_event_net *net) {
    json_t *list = json_array();
    for (int i = 0; i < net->n_pop; i++) {
        const nh_map_wish *w = net->pop[i].wish;
        if (!w) continue;
        json_t *tiles = json_array(), *region = w->n_region ? json_array() : json_null();
        for (int k = 0; k < w->n_tile; k++) json_array_append_new(tiles, json_pack("[ii]", w->tile[k].x, w->tile[k].y));
        for (int k = 0; k < w->n_region; k++) json_array_append_new(region, json_integer((json_int_t)w->region[k]));
        json_array_append_new(list, json_pack("{s:s, s:I, s:o, s:o}", "layer", net->pop[i].name, "cores",
                                              (json_int_t)(w->n_tile ? w->n_tile : w->cores), "tiles", tiles, "region",
                                              region));
    }
    return list;
}

static json_t *bound(const nh_map_bound *b) {
    return json_pack("{s:I, s:i, s:s, s:I, s:I}", "cores", (json_int_t)b->cores, "contexts", b->contexts, "resource",
                     b->resource, "needed", (json_int_t)b->needed, "of_a_core", (json_int_t)b->of_core);
}

/* Utilisation of the mesh and events at the edges, context by context. */
static json_t *contexts(const nh_map_plan *p, const nh_event_net *net, const nh_fabric *f) {
    json_t *list = json_array();
    double tiles = (double)f->mesh_x * f->mesh_y;
    for (int c = 0; c < p->n_context; c++) {
        nh_map_traffic t = nh_map_traffic_of(p, net, c);
        double words = 0, synapses = 0, axons = 0;
        for (int64_t i = p->context_core[c]; i < p->context_core[c + 1]; i++)
            words += (double)p->core[i].words, synapses += (double)p->core[i].synapses,
                axons += (double)p->core[i].axons;
        json_array_append_new(list, json_pack("{s:I, s:f, s:f, s:f, s:{s:f, s:f, s:f, s:f, s:b}}", "cores",
                                              (json_int_t)(p->context_core[c + 1] - p->context_core[c]), "neurons_used",
                                              words * f->lanes / (tiles * (double)f->neurons), "synapses_used",
                                              synapses / (tiles * (double)f->synapses), "axons_used",
                                              axons / (tiles * (double)f->axons), "events_per_step", "inputs", t.in,
                                              "from_earlier_contexts", t.carried_in, "outputs", t.out,
                                              "for_later_contexts", t.carried_out, "measured", t.is_measured));
    }
    return list;
}

static json_t *uses(const nh_map_plan *p, const nh_event_net *net, const nh_fabric *f) {
    json_t *list = json_array();
    for (int i = 0; i < p->n_use; i++) {
        const nh_map_use *u = &p->use[i];
        json_array_append_new(list, json_pack("{s:s%, s:I, s:I, s:f, s:f, s:f}", "layer", net->pop[u->pop].name,
                                              strlen(net->pop[u->pop].name), "cores", (json_int_t)u->cores, "neurons",
                                              (json_int_t)u->neurons, "neurons_used",
                                              (double)(u->words * f->lanes) / (double)f->neurons, "synapses_used",
                                              (double)u->synapses / (double)f->synapses, "axons_used",
                                              (double)u->axons / (double)f->axons));
    }
    return list;
}

static json_t *pieces(const nh_map_plan *p, const nh_event_net *net, const nh_map_core *c) {
    json_t *list = json_array();
    for (int64_t i = 0; i < c->n_piece; i++) {
        const nh_map_piece *b = &p->piece[c->piece[i]];
        const char *name = net->pop[b->pop].name;
        json_array_append_new(list, json_pack("{s:s%, s:i, s:[IIIIII], s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "layer",
                                              name, strlen(name), "model", net->pop[b->pop].model, "region",
                                              (json_int_t)b->c0, (json_int_t)b->c, (json_int_t)b->y0, (json_int_t)b->h,
                                              (json_int_t)b->x0, (json_int_t)b->w, "start",
                                              (json_int_t)p->start[(int64_t)c->context * net->n_pop + b->pop], "word",
                                              (json_int_t)b->word0, "words", (json_int_t)b->words, "features",
                                              (json_int_t)b->features, "synapses", (json_int_t)b->synapses, "axons",
                                              (json_int_t)b->axons, "routes", (json_int_t)b->routes));
    }
    return list;
}

static json_t *cores(const nh_map_plan *p, const nh_event_net *net) {
    json_t *list = json_array();
    for (int64_t k = 0; p->n_context > 0 && k < p->n_core; k++) {
        const nh_map_core *c = &p->core[k];
        json_array_append_new(list, json_pack("{s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "context",
                                              c->context, "x", c->x, "y", c->y, "start", (json_int_t)c->start, "period",
                                              (json_int_t)p->period[c->context], "words", (json_int_t)c->words,
                                              "synapses", (json_int_t)c->synapses, "axons", (json_int_t)c->axons,
                                              "convs", (json_int_t)c->convs, "params", (json_int_t)c->params, "routes",
                                              (json_int_t)c->routes, "layers", pieces(p, net, c)));
    }
    return list;
}

static json_t *certificate(const nh_map_certificate *c) {
    if (!c->failed) return json_null();
    json_t *levers = json_array();
    for (int i = 0; i < c->n_lever; i++)
        json_array_append_new(levers, json_pack("{s:s, s:f, s:I, s:b, s:b}", "change", c->lever[i].lever, "relative",
                                                c->lever[i].change, "cores", (json_int_t)c->lever[i].cores, "fits",
                                                c->lever[i].fits, "smallest", i == c->smallest));
    return json_pack("{s:s?, s:s?, s:I, s:I, s:b, s:o}", "layer", c->layer, "resource", c->resource, "needed",
                     (json_int_t)c->needed, "available", (json_int_t)c->available, "structural", c->is_structural,
                     "levers", levers);
}

/* States of a neuron by model: bits low .. low + bits - 1 of its lane's state_bits in a word of memory 7. The element
 * (c, y, x) of a layer's region [c0, c, y0, h, x0, w] is in lane (c - c0) % lanes of word `word` + ((y - y0) * w + x -
 * x0) * features + (c - c0) / lanes. */
static json_t *symbols(const nh_fabric *f) {
    json_t *models = json_array();
    for (int i = 0; i < f->n_model; i++) {
        const nh_neuron_program *p = f->model[i].program;
        json_t *states = json_array();
        int low = 0;
        for (int k = 0; p && k < p->n_state; k++) {
            const nh_neuron_reg *r = &p->reg[p->state[k]];
            json_array_append_new(states,
                                  json_pack("{s:s, s:i, s:i}", "name", r->name, "low", low, "bits", r->fmt.width_bits));
            low += r->fmt.width_bits;
        }
        json_array_append_new(
            models, json_pack("{s:s, s:o}", "name", f->model[i].name ? f->model[i].name : "", "states", states));
    }
    return json_pack("{s:i, s:i, s:i, s:o}", "memory", NH_FMEM_STATE, "lanes", f->lanes, "state_bits",
                     nh_fabric_get_widths(f).state, "models", models);
}

/* Sizes by key; chosen: those that the configuration left open. */
static json_t *sizes(const nh_map_plan *p, const nh_fabric *f) {
    nh_fabric_size size[NH_FABRIC_SIZE_COUNT], asked[NH_FABRIC_SIZE_COUNT];
    json_t *all = json_object(), *chosen = json_array();
    int n = nh_fabric_list(f, size);
    nh_fabric_list(p->asked ? p->asked : f, asked);
    for (int i = 0; i < n; i++) {
        json_object_set_new(all, size[i].key, json_integer((json_int_t)size[i].value));
        if (asked[i].value < asked[i].least && strcmp(size[i].key, "synapses") != 0)
            json_array_append_new(chosen, json_string(size[i].key));
    }
    return json_pack("{s:o, s:o, s:i, s:f}", "sizes", all, "chosen", chosen, "synapse_word_bits",
                     nh_fabric_synapse_bits(f), "synapse_kib", (double)f->synapses * nh_fabric_synapse_bits(f) / 8192);
}

const char *nh_map_json(nh_arena *a, const nh_map_plan *p, const nh_event_net *net, const nh_fabric *f) {
    if (p->net) net = p->net;
    bool failed = p->certificate.failed;
    json_t *root = json_pack(
        "{s:o, s:[ii], s:i, s:f, s:f, s:f, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "fabric", sizes(p, f),
        "mesh", f->mesh_x, f->mesh_y, "contexts", failed ? 0 : p->n_context, "traffic_hops", p->traffic_hops,
        "host_words", p->host_words, "host_words_without_multicast", p->host_words_alone, "routes_most",
        (json_int_t)p->routes_most, "cost", (json_int_t)(failed ? 0 : p->cost), "lower_bound", bound(&p->bound),
        "decided_by_user", wishes(net), "attempts", attempts(p), "utilisation", uses(p, net, f), "by_context",
        failed ? json_array() : contexts(p, net, f), "cores", failed ? json_array() : cores(p, net), "certificate",
        certificate(&p->certificate), "symbols", symbols(f));
    char *text = root ? json_dumps(root, JSON_INDENT(1) | JSON_ENSURE_ASCII) : NULL;
    const char *copy = nh_arena_printf(a, "%s\n", text ? text : "null");
    free(text);
    json_decref(root);
    return copy;
}
