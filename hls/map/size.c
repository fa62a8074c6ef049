/* Sizes of a fabric that the configuration leaves open: the least that this network needs. Those of words follow from
 * its weights, programs and shapes; those of tables from the plan, which is made with all the room that there can be.
 */
#include <string.h>

#include "from_graph.h"
#include "image_parts.h"
#include "route.h"

enum { PAYLOAD_MOST = 32 };

int nh_fabric_list(const nh_fabric *f, nh_fabric_size list[NH_FABRIC_SIZE_COUNT]) {
    int n = 0;
#define SIZE(k, least_of_it, most_of_it) list[n++] = (nh_fabric_size){#k, (int64_t)f->k, least_of_it};
    NH_FABRIC_SIZES(SIZE)
#undef SIZE
    return n;
}

static bool is_open(int64_t size, int64_t least) { return size < least; }

/* Anything open is as wide as it can be; a sum's width does not bear on the network. Synapse words that may name their
 * neurons serve all. */
static nh_fabric widest(const nh_fabric *asked) {
    nh_fabric f = *asked;
    if (f.accum_bits == 0) f.accum_bits = 16;
#define SIZE(key, least, most)                                                                                         \
    if (is_open((int64_t)f.key, least)) f.key = most;
    NH_FABRIC_SIZES(SIZE)
#undef SIZE
    if (f.convs == 0) f.conv_y_bits = f.conv_x_bits = f.conv_c_bits = 0;
    return f;
}

static int larger(int a, int b) { return a > b ? a : b; }
static int64_t larger64(int64_t a, int64_t b) { return a > b ? a : b; }

static int payload_of(const nh_event_net *net) {
    int bits = 1;
    for (int i = 0; i < net->n_pop; i++)
        if (net->pop[i].out_bits > 1 || net->pop[i].out_signed)
            bits = larger(bits, net->pop[i].out_bits + !net->pop[i].out_signed);
    return bits;
}

/* weight_bits, accum_bits. */
static void size_sums(nh_arena *t, const nh_event_net *net, nh_fabric *f) {
    int *weight = nh_arena_array(t, (size_t)net->n_proj + 1, sizeof *weight), widest_weight = 2, sum = 8;
    for (int k = 0; k < net->n_pop * f->accumulators; k++)
        sum = larger(sum, nh_map_sum_bits(net, k / f->accumulators, k % f->accumulators, weight));
    for (int i = 0; i < net->n_proj; i++) widest_weight = larger(widest_weight, weight[i]);
    if (f->weight_bits == 0) f->weight_bits = widest_weight;
    if (f->accum_bits == 0) f->accum_bits = sum;
}

/* Bits of coordinates, as wide as the convolutions' images; no conv mode where none would use it. wide: with room for
 * all of them. */
static void size_convs(const nh_event_net *net, const nh_fabric *wide, nh_fabric *f) {
    int y = 0, x = 0, c = 0;
    for (int i = 0; i < net->n_proj; i++) {
        if (nh_map_rows_of(net, wide, &net->proj[i]) != NH_ROWS_CONV) continue;
        const nh_population *from = &net->pop[net->proj[i].from], *to = &net->pop[net->proj[i].to];
        y = larger(y, nh_clog2(larger64(from->h, to->h)));
        x = larger(x, nh_clog2(larger64(from->w, to->w)));
        c = larger(c, nh_clog2(from->c));
    }
    bool given = f->conv_y_bits > 0 || f->conv_x_bits > 0 || f->conv_c_bits > 0 || f->convs > 0;
    if (y == 0 && !given) f->convs = 0;
    if (f->convs == 0)
        y = x = c = 0;
    else if (y == 0)
        y = x = c = 1;
    if (f->conv_y_bits < 0) f->conv_y_bits = y;
    if (f->conv_x_bits < 0) f->conv_x_bits = x;
    if (f->conv_c_bits < 0) f->conv_c_bits = c;
}

/* Bits of all dense rows, with words of zeros left out and an index in the others, less what they take whole. */
static int64_t saved_by_index(nh_arena *t, const nh_event_net *net, const nh_projection *q, const nh_fabric *f) {
    const nh_population *to = &net->pop[q->to];
    int64_t words = to->h * to->w * nh_ceil_div(to->c, f->lanes), stored = 0,
            *cost = nh_arena_array(t, (size_t)words + 1, sizeof *cost);
    int64_t bits = (int64_t)nh_fabric_word_weights(f) * f->weight_bits, index = nh_clog2(f->neurons / f->lanes);
    nh_map_sparse_words(net, q, f, cost);
    for (int64_t i = 0; i < words; i++) stored += cost[i];
    return words * nh_population_size(&net->pop[q->from]) * bits - stored * (bits + index);
}

/* Do rows have to name their neurons, or take less memory when they do? */
static bool wants_sparse(nh_arena *t, const nh_event_net *net, const nh_fabric *f) {
    nh_fabric with = *f;
    int64_t saved = 0;
    with.sparse = 1;
    net = nh_map_find_thin(t, net, &with);
    for (int i = 0; i < net->n_proj; i++) {
        const nh_projection *q = &net->proj[i];
        if (nh_map_rows_of(net, &with, q) != NH_ROWS_SPARSE) continue;
        if (q->kind != NH_PROJ_DENSE) return true;
        saved += saved_by_index(t, net, q, &with);
    }
    return saved > 0;
}

static void set_synapses(nh_fabric *f, const nh_map_options *o) {
    if (o->synapse_kib > 0) f->synapses = nh_fabric_synapses_of(f, o->synapse_kib);
}

static bool has_open_words(const nh_fabric *f) {
    return f->weight_bits == 0 || f->accum_bits == 0 || f->accumulators == 0 || f->payload_bits == 0 || f->sparse < 0 ||
           f->convs < 0 || f->conv_y_bits < 0 || f->conv_x_bits < 0 || f->conv_c_bits < 0;
}

static bool size_words(nh_arena *t, nh_diag *d, const nh_graph *g, nh_fabric *f, const nh_map_options *o) {
    nh_fabric wide = widest(f);
    const nh_event_net *net = nh_fabric_check(&wide, d) ? nh_event_net_of(t, d, g, &wide) : NULL;
    bool payload_is_open = f->payload_bits == 0;
    if (!net) return false;
    if (payload_is_open) f->payload_bits = payload_of(net);
    if (f->accumulators == 0) {
        f->accumulators = 1;
        for (int i = 0; i < wide.n_model; i++)
            f->accumulators = larger(f->accumulators, wide.model[i].program->n_input);
    }
    size_sums(t, net, f);
    size_convs(net, &wide, f);
    nh_fabric roomy = widest(f);
    if (f->sparse < 0) f->sparse = roomy.sparse = wants_sparse(t, net, &roomy);
    set_synapses(&roomy, o);
    int sums = payload_is_open && nh_map_splits(net, &roomy) ? nh_map_payload_of_sums(t, net, &roomy, o) : 0;
    if (sums <= PAYLOAD_MOST)
        f->payload_bits = larger(f->payload_bits, sums); /* else the certificate says what is wrong */
    return true;
}

bool nh_map_size_words(nh_diag *d, const nh_graph *g, nh_fabric *f, const nh_map_options *o) {
    bool ok = true;
    if (has_open_words(f)) {
        nh_arena *t = nh_arena_new();
        ok = size_words(t, d, g, f, o);
        nh_arena_free(t);
    }
    if (ok) set_synapses(f, o);
    return ok;
}

void nh_map_open_tables(nh_fabric *f) { *f = widest(f); }

void nh_map_join_sizes(const nh_fabric *asked, const nh_fabric *own, nh_fabric *all) {
#define SIZE(key, least, most)                                                                                         \
    if (is_open((int64_t)asked->key, least) && all->key < own->key) all->key = own->key;
    NH_FABRIC_SIZES(SIZE)
#undef SIZE
}

void nh_map_size_tables(const nh_fabric *asked, const nh_map_plan *p, nh_fabric *f) {
    nh_fabric need = {.groups = 1, .params = 1};
    for (int64_t i = 0; i < p->n_core; i++) {
        const nh_map_core *c = &p->core[i];
        need.convs = larger64(need.convs, c->convs);
        need.groups = larger64(need.groups, c->n_piece);
        need.params = larger64(need.params, c->params);
        need.axons = larger64(need.axons, c->axons);
    }
    if (asked->convs < 0) f->convs = f->convs ? larger64(need.convs, 1) : 0;
    if (asked->groups == 0) f->groups = need.groups;
    if (asked->params == 0) f->params = need.params;
    if (asked->axons == 0) f->axons = larger64(need.axons, nh_map_host_axons(p, f));
}

void nh_map_size_routes(const nh_fabric *asked, nh_image *m) {
    int64_t routes = 1, delay = 0;
    for (int i = 0; i < m->n_context; i++)
        for (int k = 0; k < m->context[i].n_core; k++) {
            const nh_core_image *c = &m->context[i].core[k];
            routes = larger64(routes, c->n_route);
            for (int64_t r = 0; r < c->n_route; r++) delay = larger64(delay, c->route[r].delay);
        }
    if (asked->routes == 0) m->fabric.routes = routes;
    if (asked->delays == 0) m->fabric.delays = (int64_t)1 << nh_log2_ceil((uint64_t)delay + 1);
}
