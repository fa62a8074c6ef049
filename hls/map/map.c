/* The order of the mapper's steps, certificates, bounds. */
#include "map.h"

#include <inttypes.h>
#include <string.h>

#include "route.h"

/* Of rows, and of words of neurons, whatever cores they are in. Kernels, which every core of a layer has again, and
 * partial sums are left out. */
static void sum_needs(const nh_mapper *m, int64_t *words, int64_t *synapses) {
    const nh_map_plan *p = m->p;
    *words = *synapses = 0;
    for (int64_t k = 0; k < p->n_piece; k++) {
        if (p->piece[k].pop >= m->given->n_pop) continue;
        *words += p->piece[k].words;
        if (p->piece[k].convs == 0 && !m->net->pop[p->piece[k].pop].boxes_of) *synapses += p->piece[k].synapses;
    }
}

static void find_bound(nh_mapper *m) {
    const nh_fabric *f = m->f;
    nh_map_bound *b = &m->p->bound;
    int64_t words, synapses, of_core = f->neurons / f->lanes;
    sum_needs(m, &words, &synapses);
    *b = (nh_map_bound){nh_ceil_div(words, of_core), 0, "neuron words", words, of_core};
    if (nh_ceil_div(synapses, f->synapses) > b->cores)
        *b = (nh_map_bound){nh_ceil_div(synapses, f->synapses), 0, "synapse words", synapses, f->synapses};
    b->contexts = (int)nh_ceil_div(b->cores, (int64_t)f->mesh_x * f->mesh_y);
}

bool nh_map_fail(nh_mapper *m, nh_code code, const char *layer, const char *resource, int64_t needed, int64_t available,
                 bool structural) {
    nh_map_certificate *c = &m->p->certificate;
    if (!c->failed)
        *c = (nh_map_certificate){.failed = true,
                                  .layer = layer,
                                  .resource = resource,
                                  .needed = needed,
                                  .available = available,
                                  .is_structural = structural,
                                  .smallest = -1};
    else if (strcmp(c->resource, resource) != 0)
        c->is_mixed = true;
    else if (needed > c->needed)
        c->layer = layer, c->needed = needed;
    if (!m->d) return false;
    nh_report(m->d, code, m->f->at, "'%s' needs %" PRId64 " %s, the fabric has %" PRId64 "%s", layer, needed, resource,
              available, structural ? " (one unit: more cores do not help)" : "");
    nh_diag_layer(m->d, layer);
    nh_diag_found(m->d, "%" PRId64, needed);
    nh_diag_allowed(m->d, "%" PRId64, available);
    return false;
}

bool nh_map_begin(nh_mapper *m) {
    nh_map_plan *p = m->p;
    const nh_event_net *legal = nh_map_legalise(m, m->given);
    m->net = p->net = legal ? legal : m->given;
    size_t n = (size_t)m->net->n_pop + 1;
    p->scc = nh_arena_array(m->a, n, sizeof *p->scc);
    p->order = nh_arena_array(m->a, n, sizeof *p->order);
    p->position = nh_arena_array(m->a, n, sizeof *p->position);
    p->first_piece = nh_arena_array(m->a, n, sizeof *p->first_piece);
    p->rows = nh_arena_array(m->a, (size_t)m->net->n_proj + 1, sizeof *p->rows);
    p->axon_base = nh_arena_array(m->a, (size_t)m->net->n_proj + 1, sizeof *p->axon_base);
    p->axon_first = nh_arena_array(m->a, (size_t)m->net->n_proj + 1, sizeof *p->axon_first);
    nh_map_order(m, p->scc);
    return legal;
}

static void uses(nh_mapper *m) {
    nh_map_plan *p = m->p;
    p->use = nh_arena_array(m->a, (size_t)m->net->n_pop + 1, sizeof *p->use);
    for (int i = 0; i < m->net->n_pop; i++) {
        if (p->first_piece[i] == p->first_piece[i + 1]) continue;
        nh_map_use *u = &p->use[p->n_use++];
        *u = (nh_map_use){.pop = p->order[i], .cores = p->first_piece[i + 1] - p->first_piece[i]};
        u->neurons = nh_population_size(&m->net->pop[u->pop]);
        for (int64_t k = p->first_piece[i]; k < p->first_piece[i + 1]; k++) {
            const nh_map_piece *b = &p->piece[k];
            if (b->words > u->words) u->words = b->words;
            if (b->synapses > u->synapses) u->synapses = b->synapses;
            if (b->axons > u->axons) u->axons = b->axons;
        }
    }
}

static int64_t part(int64_t n, int64_t percent, int64_t unit) {
    int64_t r = percent > 0 ? n * percent / 100 / unit * unit : n;
    return r < unit ? unit : r;
}

const nh_fabric *nh_map_ceiling(nh_arena *a, const nh_fabric *f, const nh_map_options *o) {
    nh_fabric *g = NH_NEW(a, nh_fabric);
    *g = *f;
    g->neurons = part(f->neurons, o->neurons_used, f->lanes);
    g->axons = part(f->axons, o->axons_used, 1);
    g->synapses = part(f->synapses, o->synapses_used, 1);
    return g;
}

int nh_map_payload_of_sums(nh_arena *a, const nh_event_net *net, const nh_fabric *f, const nh_map_options *o) {
    nh_map_plan p = {0};
    net = nh_map_find_thin(a, net, f);
    nh_mapper m = {.a = a, .net = net, .f = nh_map_ceiling(a, f, o), .whole = f, .p = &p, .given = net, .option = *o};
    return nh_map_begin(&m) ? 0 : p.certificate.payload_bits;
}

nh_map_plan *nh_map_make(nh_arena *a, nh_diag *d, const nh_event_net *net, const nh_fabric *f,
                         const nh_map_options *o) {
    nh_map_plan *p = NH_NEW(a, nh_map_plan);
    double t = nh_map_now();
    net = nh_map_find_thin(a, net, f);
    nh_mapper m = {.a = a,
                   .d = d,
                   .net = net,
                   .f = nh_map_ceiling(a, f, o),
                   .whole = f,
                   .p = p,
                   .given = net,
                   .option = *o,
                   .most = o->most_contexts};
    p->option = *o;
    bool ok = nh_map_begin(&m), placed = ok && nh_map_check_wishes(&m);
    t = nh_map_clock(p, NH_MAP_LEGALISE, t);
    ok = ok && nh_map_partition(&m) && placed;
    t = nh_map_clock(p, NH_MAP_PARTITION, t);
    find_bound(&m);
    uses(&m);
    ok = ok && nh_map_arrange(&m);
    t = nh_map_clock(p, NH_MAP_ARRANGE, t);
    if (!ok) nh_map_levers(&m);
    nh_map_clock(p, NH_MAP_LEVERS_TRIED, t);
    return p;
}
