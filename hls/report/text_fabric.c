/* The terminal's report of a network on a fabric: what is where, and what the cores did. */
#include <inttypes.h>

#include "text_parts.h"

enum { CORES_MOST = 32, CONTEXTS_MOST = 8 };

static const char *share(nh_arena *a, int64_t used, int64_t has) {
    return nh_arena_printf(a, "%.1f %%", 100 * (double)used / (double)has);
}

static void put_inference(nh_text_table *t, const nh_report_facts *f) {
    const nh_options *o = f->design->opt;
    double cycles = nh_fabric_cycles(f);
    if (cycles <= 0) return;
    fprintf(t->out, "  an inference: %" PRId64 " steps, %.0f cycles (mean), %.0f (most) by the %s", f->map.image->steps,
            cycles, nh_fabric_most_cycles(f), f->fabric.rtl_runs > 0 ? "RTL" : "C model");
    fprintf(t->out, ", %.6g inferences/s at %g MHz\n", 1e6 * o->clock_mhz / cycles, o->clock_mhz);
    if (f->map.plan->n_context > 1 && f->fabric.rtl_load_cycles >= 1)
        fprintf(t->out, "  loading of its contexts: %.0f cycles more per inference\n", f->fabric.rtl_load_cycles);
    if (f->fabric.rtl_runs > 0)
        fprintf(t->out,
                "  lanes busy %s of the cycles of the accumulate engines, flits waited %.1f cycles per inference\n",
                nh_lanes_busy(t->a, f->fabric.rtl_synapse_words, f->fabric.rtl_busy_cycles),
                (double)f->fabric.rtl_waited / (double)f->fabric.rtl_samples);
}

static void put_traffic(nh_text_table *t, const nh_report_facts *f) {
    const nh_map_plan *p = f->map.plan;
    fprintf(t->out, "  traffic x hops %.0f per step; events per step (at most):\n", p->traffic_hops);
    for (int c = 0; c < p->n_context && c < CONTEXTS_MOST; c++) {
        nh_map_traffic m = nh_map_traffic_of(p, p->net ? p->net : f->map.net, c);
        const char *which = p->n_context > 1 ? nh_arena_printf(t->a, "context %d: ", c) : "";
        const char *carried = p->n_context > 1
                                  ? nh_arena_printf(t->a, " (%.0f from earlier contexts, %.0f for later ones)",
                                                    m.carried_in, m.carried_out)
                                  : "";
        fprintf(t->out, "    %s%.0f in, %.0f out%s\n", which, m.in + m.carried_in, m.out + m.carried_out, carried);
    }
    if (p->n_context > CONTEXTS_MOST)
        fprintf(t->out, "    and %d more contexts: report.json\n", p->n_context - CONTEXTS_MOST);
}

void nh_text_fabric(nh_text_table *t, const nh_report_facts *f) {
    static const char *const head[] = {"layer", "cores", "neurons", "of a core", "synapses", "axons"};
    const nh_map_plan *p = f->map.plan;
    const nh_fabric *b = f->map.fabric;
    const nh_event_net *net = p->net ? p->net : f->map.net;
    nh_text_begin(
        t,
        nh_arena_printf(
            t->a, "Fabric of %d x %d cores, %d lane%s, %d context%s (of the fullest core: neurons, synapses, axons)",
            b->mesh_x, b->mesh_y, b->lanes, b->lanes > 1 ? "s" : "", p->n_context, p->n_context > 1 ? "s" : ""),
        head, 6);
    for (int i = 0; i < p->n_use; i++) {
        const nh_map_use *u = &p->use[i];
        const char **r = nh_text_row(t);
        r[0] = nh_text_clean(t->a, net->pop[u->pop].name, NH_TEXT_NAME);
        r[1] = nh_text_count(t->a, u->cores);
        r[2] = nh_text_count(t->a, u->neurons);
        r[3] = share(t->a, u->words * b->lanes, b->neurons);
        r[4] = share(t->a, u->synapses, b->synapses);
        r[5] = share(t->a, u->axons, b->axons);
    }
    nh_text_end(t);
    put_traffic(t, f);
    fprintf(t->out, "  program image fabric/%s.img, assembly and map beside it\n", f->design->opt->project);
    put_inference(t, f);
}

void nh_text_fabric_match(nh_text_table *t, const nh_report_facts *f) {
    const nh_fabric_facts *s = &f->fabric;
    bool ok = s->differing == 0;
    fprintf(t->out,
            "  C model       %s%" PRId64 " of %" PRId64 " outputs%s are not those of the layers, %" PRId64 " samples\n",
            nh_text_on(t, ok ? NH_GREEN : NH_RED), s->differing, s->compared, nh_text_on(t, NH_OFF), s->samples);
    if (s->rtl_runs == 0) {
        if (!f->design->opt->simulate.rtl)
            fprintf(t->out, "  C = RTL       not simulated (simulate: rtl: false)\n");
        else
            fprintf(t->out, "  C = RTL       %snot checked%s\n", nh_text_on(t, NH_RED), nh_text_on(t, NH_OFF));
        return;
    }
    fprintf(t->out,
            "  C = RTL       %s%" PRId64 " of %" PRId64 " events differ%s, %" PRId64 " samples in %" PRId64
            " runs (%" PRId64 " with stalls)\n",
            nh_text_on(t, s->rtl_differing ? NH_RED : NH_GREEN), s->rtl_differing, s->rtl_events * s->rtl_runs,
            nh_text_on(t, NH_OFF), s->rtl_samples, s->rtl_runs, s->rtl_runs - 1);
    if (s->rtl_first) fprintf(t->out, "  first         %s\n", nh_text_clean(t->a, s->rtl_first, 90));
}

/* What is in a core, as shares, then what it did. */
static void put_core(nh_text_table *t, const nh_report_facts *f, const nh_core_fact *c) {
    const nh_map_plan *p = f->map.plan;
    const nh_fabric *b = f->map.fabric;
    const nh_map_core *in = nh_core_in_plan(p, c);
    const int64_t count[] = {c->events, c->synapse_words, c->spikes, c->hops};
    const char **r = nh_text_row(t);
    r[0] = p->n_context > 1 ? nh_arena_printf(t->a, "%" PRId64 ": %" PRId64 ",%" PRId64, c->context, c->x, c->y)
                            : nh_arena_printf(t->a, "%" PRId64 ",%" PRId64, c->x, c->y);
    r[1] = nh_text_clean(t->a, in ? nh_core_layers(t->a, p, p->net ? p->net : f->map.net, in) : c->layer, NH_TEXT_NAME);
    r[2] = in ? share(t->a, in->words * b->lanes, b->neurons) : "-";
    r[3] = in ? share(t->a, in->synapses, b->synapses) : "-";
    r[4] = in ? share(t->a, in->axons, b->axons) : "-";
    for (int k = 0; k < 4; k++) r[5 + k] = nh_arena_printf(t->a, "%.1f", (double)count[k] / (double)f->fabric.samples);
    r[9] = nh_lanes_busy(t->a, c->synapse_words, c->busy_cycles);
}

void nh_text_cores(nh_text_table *t, const nh_report_facts *f) {
    static const char *const head[] = {"core",      "layers",        "neurons", "synapses", "axons",
                                       "events in", "synapse words", "spikes",  "hops",     "busy"};
    const nh_fabric_facts *s = &f->fabric;
    if (s->n_core == 0 || s->samples == 0) return;
    nh_text_begin(t, "Cores: what is in use; per inference (C model) events and words, busy lanes", head, 10);
    for (int i = 0; i < s->n_core && i < CORES_MOST; i++) put_core(t, f, &s->core[i]);
    nh_text_end(t);
    if (s->n_core > CORES_MOST) fprintf(t->out, "  and %d more: report.json\n", s->n_core - CORES_MOST);
}
