/* The terminal's report of a network on a fabric: what is where, and what the cores did. */
#include <inttypes.h>

#include "text_parts.h"

static const char *share(nh_arena *a, int64_t used, int64_t has) {
    return nh_arena_printf(a, "%.1f %%", 100 * (double)used / (double)has);
}

static void put_inference(nh_text_table *t, const nh_report_facts *f) {
    const nh_options *o = f->design->opt;
    double cycles = nh_fabric_cycles(f);
    if (cycles <= 0) return;
    fprintf(t->out, "  an inference: %" PRId64 " steps, %.0f cycles (mean, %s)", f->map.image->steps, cycles,
            f->fabric.rtl_runs > 0 ? "RTL" : "C model");
    fprintf(t->out, ", %.6g inferences/s at %g MHz\n", 1e6 * o->clock_mhz / cycles, o->clock_mhz);
}

void nh_text_fabric(nh_text_table *t, const nh_report_facts *f) {
    static const char *const head[] = {"layer", "cores", "neurons", "of a core", "synapses", "axons"};
    const nh_map_plan *p = f->map.plan;
    const nh_fabric *b = f->map.fabric;
    const nh_event_net *net = p->net ? p->net : f->map.net;
    nh_text_begin(t,
                  nh_arena_printf(t->a, "Fabric of %d x %d cores, %d lane%s, %d context%s (of the fullest core: neurons, synapses, axons)",
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
    fprintf(t->out, "  program image fabric/%s.img, assembly and map beside it\n", f->design->opt->project);
    put_inference(t, f);
}

void nh_text_fabric_match(nh_text_table *t, const nh_report_facts *f) {
    const nh_fabric_facts *s = &f->fabric;
    bool ok = s->differing == 0;
    fprintf(t->out, "  C model       %s%" PRId64 " of %" PRId64 " outputs%s are not those of the layers, %" PRId64 " samples\n",
            nh_text_on(t, ok ? NH_GREEN : NH_RED), s->differing, s->compared, nh_text_on(t, NH_OFF), s->samples);
    if (s->rtl_runs == 0) {
        fprintf(t->out, "  C = RTL       %snot checked%s\n", nh_text_on(t, NH_RED), nh_text_on(t, NH_OFF));
        return;
    }
    fprintf(t->out, "  C = RTL       %s%" PRId64 " of %" PRId64 " events differ%s, %" PRId64 " samples in %" PRId64 " runs (%" PRId64 " with stalls)\n",
            nh_text_on(t, s->rtl_differing ? NH_RED : NH_GREEN), s->rtl_differing, s->rtl_events * s->rtl_runs, nh_text_on(t, NH_OFF),
            s->rtl_samples, s->rtl_runs, s->rtl_runs - 1);
    if (s->rtl_first) fprintf(t->out, "  first         %s\n", nh_text_clean(t->a, s->rtl_first, 90));
}

void nh_text_cores(nh_text_table *t, const nh_report_facts *f) {
    static const char *const head[] = {"core", "layer", "events in", "synapse words", "spikes", "flits", "hops"};
    enum { CORES_MOST = 32 };
    const nh_fabric_facts *s = &f->fabric;
    if (s->n_core == 0 || s->samples == 0) return;
    nh_text_begin(t, "Cores, per inference (C model)", head, 7);
    for (int i = 0; i < s->n_core && i < CORES_MOST; i++) {
        const nh_core_fact *c = &s->core[i];
        const int64_t count[] = {c->events, c->synapse_words, c->spikes, c->flits, c->hops};
        const char **r = nh_text_row(t);
        r[0] = f->map.plan->n_context > 1 ? nh_arena_printf(t->a, "%" PRId64 ": %" PRId64 ",%" PRId64, c->context, c->x, c->y)
                                          : nh_arena_printf(t->a, "%" PRId64 ",%" PRId64, c->x, c->y);
        r[1] = nh_text_clean(t->a, c->layer, NH_TEXT_NAME);
        for (int k = 0; k < 5; k++) r[2 + k] = nh_arena_printf(t->a, "%.1f", (double)count[k] / (double)s->samples);
    }
    nh_text_end(t);
    if (s->n_core > CORES_MOST) fprintf(t->out, "  and %d more: report.json\n", s->n_core - CORES_MOST);
}
