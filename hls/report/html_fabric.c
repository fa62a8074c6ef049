/* What networks on a fabric have in report.html in place of units and their cycles. */
#include <inttypes.h>
#include <stdlib.h>

#include "html_parts.h"
#include "map_report.h"

enum { MESHES_MOST = 4, CORES_MOST = 128, CONTEXTS_MOST = 64 };

static const char *share(nh_html *h, int64_t used, int64_t has) {
    return nh_arena_printf(h->a, "%.1f %%", 100 * (double)used / (double)has);
}

static void put_mesh(nh_html *h, int context) {
    const nh_report_facts *f = h->f;
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    nh_svg_mesh(h->a, f->map.plan, f->map.net, f->map.fabric, f->map.image, context, memory);
    fclose(memory);
    if (f->map.plan->n_context > 1) nh_printf(h->w, "<h3>context %d</h3>\n", context);
    nh_puts(h->w, "<div class=\"scroll mesh\">");
    nh_write(h->w, text, size);
    nh_puts(h->w, "</div>\n");
    free(text);
}

static void put_layers(nh_html *h) {
    const nh_map_plan *p = h->f->map.plan;
    const nh_fabric *b = h->f->map.fabric;
    const nh_event_net *net = p->net ? p->net : h->f->map.net;
    nh_html_table_begin(h, "shares are of the fullest core of the layer",
                        "layer|cores|neurons|neurons of a core|synapses|axons");
    for (int i = 0; i < p->n_use; i++) {
        const nh_map_use *u = &p->use[i];
        nh_html_row_begin(h);
        nh_html_cell(h, net->pop[u->pop].name);
        nh_html_cell_int(h, u->cores);
        nh_html_cell_int(h, u->neurons);
        nh_html_cell(h, share(h, u->words * b->lanes, b->neurons));
        nh_html_cell(h, share(h, u->synapses, b->synapses));
        nh_html_cell(h, share(h, u->axons, b->axons));
        nh_html_row_end(h);
    }
    nh_html_table_end(h);
}

/* Use of the mesh and traffic, context by context. */
static void put_contexts(nh_html *h) {
    const nh_map_plan *p = h->f->map.plan;
    const nh_fabric *b = h->f->map.fabric;
    int64_t tiles = (int64_t)b->mesh_x * b->mesh_y;
    nh_html_table_begin(h, "shares are of the whole mesh; events per step, at most",
                        "context|cores|neurons|synapses|axons|inputs|from earlier contexts|outputs|for later contexts");
    for (int c = 0; c < p->n_context && c < CONTEXTS_MOST; c++) {
        nh_map_traffic t = nh_map_traffic_of(p, p->net ? p->net : h->f->map.net, c);
        const double events[] = {t.in, t.carried_in, t.out, t.carried_out};
        int64_t words = 0, synapses = 0, axons = 0;
        for (int64_t i = p->context_core[c]; i < p->context_core[c + 1]; i++)
            words += p->core[i].words, synapses += p->core[i].synapses, axons += p->core[i].axons;
        nh_html_row_begin(h);
        nh_html_cell_int(h, c);
        nh_html_cell_int(h, p->context_core[c + 1] - p->context_core[c]);
        nh_html_cell(h, share(h, words * b->lanes, tiles * b->neurons));
        nh_html_cell(h, share(h, synapses, tiles * b->synapses));
        nh_html_cell(h, share(h, axons, tiles * b->axons));
        for (int k = 0; k < 4; k++) nh_html_cell(h, nh_arena_printf(h->a, "%.0f", events[k]));
        nh_html_row_end(h);
    }
    nh_html_table_end(h);
    if (p->n_context > CONTEXTS_MOST)
        nh_printf(h->w, "<p class=\"soft\">and %d more: report.json</p>\n", p->n_context - CONTEXTS_MOST);
}

static void put_attempts(nh_html *h) {
    const nh_map_plan *p = h->f->map.plan;
    nh_html_table_begin(h, "what the mapper tried", "<tried|<verdict|cores|contexts");
    for (int i = 0; i < p->n_attempt; i++) {
        nh_html_row_begin(h);
        nh_html_cell_text(h, "", p->attempt[i].what);
        nh_html_cell_text(h, "", nh_map_verdict(h->a, &p->attempt[i]));
        nh_html_cell_int(h, p->attempt[i].cores);
        nh_html_cell_int(h, p->attempt[i].contexts);
        nh_html_row_end(h);
    }
    nh_html_table_end(h);
}

void nh_html_fabric(nh_html *h) {
    const nh_report_facts *f = h->f;
    const nh_map_plan *p = f->map.plan;
    nh_html_heading(h, "Fabric");
    nh_printf(h->w,
              "<p class=\"soft\">%d x %d cores of %" PRId64 " neurons, %" PRId64 " axons, %" PRId64
              " synapse words of %d; %d context%s; traffic x hops %.0f per step, at most. A bar is as red as it is "
              "full, a link as thick as what crosses it.</p>\n",
              f->map.fabric->mesh_x, f->map.fabric->mesh_y, f->map.fabric->neurons, f->map.fabric->axons,
              f->map.fabric->synapses, f->map.fabric->lanes, p->n_context, p->n_context > 1 ? "s" : "",
              p->traffic_hops);
    for (int c = 0; c < p->n_context && c < MESHES_MOST; c++) put_mesh(h, c);
    if (p->n_context > MESHES_MOST)
        nh_printf(h->w, "<p class=\"soft\">and %d more: fabric/mesh_*.svg</p>\n", p->n_context - MESHES_MOST);
    put_layers(h);
    put_contexts(h);
    put_attempts(h);
}

static void put_core(nh_html *h, const nh_core_fact *c) {
    const nh_map_plan *p = h->f->map.plan;
    const nh_fabric *b = h->f->map.fabric;
    const nh_map_core *in = nh_core_in_plan(p, c);
    const int64_t count[] = {c->events, c->invalid_events, c->synapse_words, c->spikes, c->flits, c->hops};
    nh_html_row_begin(h);
    nh_html_cell(h, p->n_context > 1
                        ? nh_arena_printf(h->a, "%" PRId64 ": %" PRId64 ", %" PRId64, c->context, c->x, c->y)
                        : nh_arena_printf(h->a, "%" PRId64 ", %" PRId64, c->x, c->y));
    nh_html_cell_text(h, "", in ? nh_core_layers(h->a, p, p->net ? p->net : h->f->map.net, in) : c->layer);
    nh_html_cell(h, in ? share(h, in->words * b->lanes, b->neurons) : "-");
    nh_html_cell(h, in ? share(h, in->synapses, b->synapses) : "-");
    nh_html_cell(h, in ? share(h, in->axons, b->axons) : "-");
    for (size_t k = 0; k < sizeof count / sizeof *count; k++)
        nh_html_cell(h, nh_arena_printf(h->a, "%.1f", (double)count[k] / (double)h->f->fabric.samples));
    nh_html_cell(h, nh_lanes_busy(h->a, c->synapse_words, c->busy_cycles));
    nh_html_row_end(h);
}

void nh_html_cores(nh_html *h) {
    const nh_fabric_facts *s = &h->f->fabric;
    if (s->n_core == 0 || s->samples == 0) return;
    nh_html_heading(h, "Cores");
    nh_html_table_begin(
        h,
        nh_arena_printf(h->a,
                        "what of a core is in use; then per inference, mean of %" PRId64 " samples, by the C model",
                        s->samples),
        "core|<layers|neurons|synapses|axons|events in|for no axon|synapse words|spikes|flits|hops|lanes busy");
    for (int i = 0; i < s->n_core && i < CORES_MOST; i++) put_core(h, &s->core[i]);
    nh_html_table_end(h);
    if (s->n_core > CORES_MOST)
        nh_printf(h->w, "<p class=\"soft\">and %d more: report.json</p>\n", s->n_core - CORES_MOST);
}

void nh_html_fabric_cards(nh_html *h) {
    const nh_report_facts *f = h->f;
    const nh_fabric_facts *s = &f->fabric;
    nh_arena *a = h->a;
    double cycles = nh_fabric_cycles(f), clock_mhz = f->design->opt->clock_mhz;
    if (s->rtl_runs > 0)
        nh_html_card(h, s->rtl_differing ? "bad" : "good", nh_arena_printf(a, "%" PRId64 " differ", s->rtl_differing),
                     nh_arena_printf(a, "RTL against the C model, %" PRId64 " events in %" PRId64 " runs",
                                     s->rtl_events * s->rtl_runs, s->rtl_runs));
    if (s->ran)
        nh_html_card(h, s->differing ? "bad" : "good", nh_arena_printf(a, "%" PRId64 " differ", s->differing),
                     nh_arena_printf(a, "C model of the fabric against the layers, %" PRId64 " outputs", s->compared));
    if (cycles > 0)
        nh_html_card(
            h, "", nh_arena_printf(a, "%.0f cycles", cycles),
            nh_arena_printf(a, "per inference of %" PRId64 " steps (mean; most %.0f), %s; %.6g inferences/s at %g MHz",
                            f->map.image->steps, nh_fabric_most_cycles(f),
                            s->rtl_runs > 0 ? "measured" : "by the C model", 1e6 * clock_mhz / cycles, clock_mhz));
    if (f->map.plan->n_context > 1 && s->rtl_load_cycles >= 1)
        nh_html_card(h, "", nh_arena_printf(a, "%.0f cycles", s->rtl_load_cycles),
                     "of loading per inference, besides: its contexts take turns");
    if (s->rtl_runs > 0)
        nh_html_card(
            h, "", nh_arena_printf(a, "%s of lanes busy", nh_lanes_busy(a, s->rtl_synapse_words, s->rtl_busy_cycles)),
            nh_arena_printf(a, "in the cycles of the accumulate engines; flits waited %.1f cycles per inference",
                            (double)s->rtl_waited / (double)s->rtl_samples));
}
