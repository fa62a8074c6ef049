/* The map as JSON. */
#include "map_report.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *attempts(const nh_map_plan *p) {
    json_t *list = json_array();
    for (int i = 0; i < p->n_attempt; i++)
        json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:I, s:I}", "number", i + 1, "tried", p->attempt[i].what, "verdict",
                                              p->attempt[i].verdict, "cores", (json_int_t)p->attempt[i].cores, "lower_bound",
                                              (json_int_t)p->attempt[i].lower_bound));
    return list;
}

static json_t *uses(const nh_map_plan *p, const nh_event_net *net, const nh_fabric *f) {
    json_t *list = json_array();
    for (int i = 0; i < p->n_use; i++) {
        const nh_map_use *u = &p->use[i];
        json_array_append_new(list, json_pack("{s:s%, s:I, s:I, s:f, s:f, s:f}", "layer", net->pop[u->pop].name,
                                              strlen(net->pop[u->pop].name), "cores", (json_int_t)u->cores, "neurons", (json_int_t)u->neurons,
                                              "neurons_used", (double)(u->words * f->lanes) / (double)f->neurons, "synapses_used",
                                              (double)u->synapses / (double)f->synapses, "axons_used", (double)u->axons / (double)f->axons));
    }
    return list;
}

static json_t *cores(const nh_map_plan *p, const nh_event_net *net) {
    json_t *list = json_array();
    for (int64_t k = 0; p->n_context > 0 && k < p->n_piece; k++) {
        const nh_map_piece *b = &p->piece[k];
        json_array_append_new(list, json_pack("{s:i, s:i, s:i, s:s, s:[IIIIII], s:I, s:I, s:I, s:I}", "context", b->context, "x", b->x, "y", b->y,
                                              "layer", net->pop[b->pop].name, "region", (json_int_t)b->c0, (json_int_t)b->c, (json_int_t)b->y0,
                                              (json_int_t)b->h, (json_int_t)b->x0, (json_int_t)b->w, "words", (json_int_t)b->words, "synapses",
                                              (json_int_t)b->synapses, "axons", (json_int_t)b->axons, "routes", (json_int_t)b->routes));
    }
    return list;
}

static json_t *certificate(const nh_map_certificate *c) {
    if (!c->failed) return json_null();
    json_t *levers = json_array();
    for (int i = 0; i < c->n_lever; i++)
        json_array_append_new(levers, json_pack("{s:s, s:f, s:I, s:b, s:b}", "change", c->lever[i].lever, "relative", c->lever[i].change, "cores", (json_int_t)c->lever[i].cores,
                                                "fits", c->lever[i].fits, "smallest", i == c->smallest));
    return json_pack("{s:s?, s:s?, s:I, s:I, s:b, s:I, s:o}", "layer", c->layer, "resource", c->resource, "needed", (json_int_t)c->needed,
                     "available", (json_int_t)c->available, "structural", c->is_structural, "lower_bound_cores", (json_int_t)c->lower_bound,
                     "levers", levers);
}

const char *nh_map_json(nh_arena *a, const nh_map_plan *p, const nh_event_net *net, const nh_fabric *f) {
    if (p->net) net = p->net;
    json_t *root = json_pack("{s:[ii], s:i, s:f, s:I, s:o, s:o, s:o, s:o}", "mesh", f->mesh_x, f->mesh_y, "contexts", p->n_context, "traffic_hops",
                             p->traffic_hops, "routes_most", (json_int_t)p->routes_most, "attempts", attempts(p), "utilisation", uses(p, net, f),
                             "cores", cores(p, net), "certificate", certificate(&p->certificate));
    char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
    const char *copy = nh_arena_printf(a, "%s\n", text ? text : "null");
    free(text);
    json_decref(root);
    return copy;
}
