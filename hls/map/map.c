/* The order of the mapper's steps, certificates, and their text. */
#include "map.h"

#include <inttypes.h>

#include "route.h"

void nh_map_try(nh_mapper *m, const char *what, const char *verdict, int64_t cores, int64_t bound) {
    if (m->p->n_attempt < 8) m->p->attempt[m->p->n_attempt++] = (nh_map_attempt){what, verdict, cores, bound};
}

/* No plan has fewer cores: neurons of all, and weights of all rows, spread evenly. */
static int64_t lower_bound(const nh_mapper *m, const nh_fabric *f) {
    const nh_event_net *net = m->given;
    int64_t words = 0, synapses = 0;
    for (int i = 0; i < net->n_pop; i++)
        if (net->pop[i].kind == NH_POP_NEURONS) words += net->pop[i].h * net->pop[i].w * nh_ceil_div(net->pop[i].c, f->lanes);
    for (int i = 0; i < net->n_proj; i++) {
        const nh_projection *q = &net->proj[i];
        const nh_population *to = &net->pop[q->to];
        if (q->kind == NH_PROJ_DENSE && nh_map_rows_of(net, f, q) == NH_ROWS_DENSE)
            synapses += nh_population_size(&net->pop[q->from]) * to->h * to->w * nh_ceil_div(to->c, f->lanes);
    }
    int64_t a = nh_ceil_div(words, f->neurons / f->lanes), b = nh_ceil_div(synapses, f->synapses);
    return a > b ? a : b;
}

bool nh_map_fail(nh_mapper *m, nh_code code, const char *layer, const char *resource, int64_t needed, int64_t available, bool structural) {
    nh_map_certificate *c = &m->p->certificate;
    if (!m->d) {
        c->failed = true;
        return false;
    }
    if (!c->failed)
        *c = (nh_map_certificate){.failed = true, .layer = layer, .resource = resource, .needed = needed, .available = available,
                                  .is_structural = structural, .lower_bound = lower_bound(m, m->f), .smallest = -1};
    nh_report(m->d, code, m->f->at, "'%s' needs %" PRId64 " %s, the fabric has %" PRId64 "%s", layer, needed, resource, available,
              structural ? " (one unit: more cores do not help)" : "");
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

nh_map_plan *nh_map_make(nh_arena *a, nh_diag *d, const nh_event_net *net, const nh_fabric *f, const nh_map_options *o) {
    nh_map_plan *p = NH_NEW(a, nh_map_plan);
    nh_mapper m = {a, d, net, f, p, net, o->most_contexts};
    bool ok = nh_map_begin(&m) && nh_map_partition(&m);
    int64_t bound = lower_bound(&m, f), cores = (int64_t)f->mesh_x * f->mesh_y;
    uses(&m);
    if (!ok) {
        nh_map_try(&m, "partition", "a layer does not fit a core", p->n_piece, bound);
        nh_map_levers(&m);
        return p;
    }
    if (p->n_piece > cores) nh_map_try(&m, "a single context", "more cores than the mesh has", p->n_piece, bound);
    if (!nh_map_contexts(&m, p->scc, o->most_contexts)) {
        nh_map_levers(&m);
        return p;
    }
    if (nh_map_time(&m)) nh_map_try(&m, nh_arena_printf(a, "%d context(s)", p->n_context), "accepted", p->n_piece, bound);
    else {
        nh_map_try(&m, nh_arena_printf(a, "%d context(s)", p->n_context), "delays or loops", p->n_piece, bound);
        nh_map_levers(&m);
    }
    return p;
}

void nh_map_print(const nh_map_plan *p, const nh_event_net *net, const nh_fabric *f, FILE *out) {
    if (p->net) net = p->net;
    for (int i = 0; i < p->n_attempt; i++)
        fprintf(out, "%d. %s: %s; %" PRId64 " cores, lower bound %" PRId64 "\n", i + 1, p->attempt[i].what, p->attempt[i].verdict,
                p->attempt[i].cores, p->attempt[i].lower_bound);
    fprintf(out, "%-20s %6s %10s %8s %9s %8s\n", "layer", "cores", "neurons", "neurons%", "synapses%", "axons%");
    for (int i = 0; i < p->n_use; i++) {
        const nh_map_use *u = &p->use[i];
        fprintf(out, "%-20s %6" PRId64 " %10" PRId64 " %7.1f%% %8.1f%% %7.1f%%\n", net->pop[u->pop].name, u->cores, u->neurons,
                100.0 * (double)(u->words * f->lanes) / (double)f->neurons, 100.0 * (double)u->synapses / (double)f->synapses,
                100.0 * (double)u->axons / (double)f->axons);
    }
    if (p->n_context)
        fprintf(out, "%d context(s), %" PRId64 " flits and ticks a sample (loading included), traffic x hops %.0f per step, at most %" PRId64 " routes in a core\n", p->n_context, p->cost, p->traffic_hops,
                p->routes_most);
    const nh_map_certificate *c = &p->certificate;
    if (!c->failed) return;
    fprintf(out, "does not fit: %s: %s: needed %" PRId64 ", available %" PRId64 " (%s; lower bound %" PRId64 " cores)\n",
            c->layer ? c->layer : "-", c->resource ? c->resource : "-", c->needed, c->available, c->is_structural ? "structural" : "total",
            c->lower_bound);
    if (c->split) fprintf(out, "  %s\n", c->split);
    for (int i = 0; i < c->n_lever; i++)
        fprintf(out, "  %s %s (x %.2f) -> %" PRId64 " cores%s\n", i == c->smallest ? "*" : "-", c->lever[i].lever, c->lever[i].change,
                c->lever[i].cores, c->lever[i].fits ? ", fits" : "");
}
