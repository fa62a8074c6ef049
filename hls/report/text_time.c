/* The terminal's report of what networks with time steps add. */
#include <inttypes.h>

#include "text_parts.h"

static const char *per(nh_arena *a, int64_t v, int64_t n) {
    return n > 0 ? nh_arena_printf(a, "%.6g", (double)v / (double)n) : "-";
}

static const char *of(nh_arena *a, int64_t v, int64_t n) { return nh_arena_printf(a, "%" PRId64 " of %" PRId64, v, n); }

static void put_readouts(nh_text_table *t, const nh_report_facts *f) {
    static const char *const head[] = {"read-out", "float", "fixed point", "RTL", ""};
    const nh_sim_facts *s = &f->sim;
    if (s->acc_float < 0) return;
    nh_text_begin(t, "Accuracy by read-out", head, 5);
    for (int i = 0; i < 3; i++) {
        const char **r = nh_text_row(t);
        r[0] = nh_readout_title[i];
        r[1] = nh_text_percent(t->a, s->readout[i].acc_float);
        r[2] = nh_text_percent(t->a, s->readout[i].acc_fixed);
        r[3] = nh_text_percent(t->a, s->readout[i].acc_rtl);
        r[4] = i == (int)f->design->opt->spiking.readout ? "asked for" : "";
    }
    nh_text_end(t);
}

static void put_spikes(nh_text_table *t, const nh_sim_facts *s) {
    static const char *const head[] = {"layer",     "neurons",  "float", "fixed point", "per neuron, step",
                                       "same time", "differing"};
    if (s->n_spike == 0) return;
    nh_text_begin(t,
                  nh_arena_printf(t->a, "Spikes per inference (mean of %" PRId64 " samples, %" PRId64 " steps each)",
                                  s->spike[0].samples, s->steps),
                  head, 7);
    for (int i = 0; i < s->n_spike; i++) {
        const nh_spike_fact *k = &s->spike[i];
        const char **r = nh_text_row(t);
        r[0] = nh_text_clean(t->a, k->layer, NH_TEXT_NAME);
        r[1] = nh_text_count(t->a, k->neurons);
        r[2] = per(t->a, k->spikes_float, k->samples);
        r[3] = per(t->a, k->spikes_fixed, k->samples);
        r[4] = nh_arena_printf(t->a, "%.3g", k->rate);
        r[5] = nh_text_percent(t->a, nh_spike_agreement(k));
        r[6] = of(t->a, k->differing, k->n);
    }
    nh_text_end(t);
}

static void put_synapses(nh_text_table *t, const nh_sim_facts *s) {
    static const char *const head[] = {"layer", "input events", "operations", "of all products"};
    nh_synapse_fact sum = {.layer = "total"};
    if (s->n_synapse == 0) return;
    nh_text_begin(t, "Synaptic operations per inference (events x fan-out, an estimate of energy)", head, 4);
    for (int i = 0; i <= s->n_synapse; i++) {
        const nh_synapse_fact *k = i < s->n_synapse ? &s->synapse[i] : &sum;
        const char **r = nh_text_row(t);
        r[0] = nh_text_clean(t->a, k->layer, NH_TEXT_NAME);
        r[1] = per(t->a, k->events, k->samples);
        r[2] = per(t->a, k->operations, k->samples);
        r[3] =
            k->products > 0 ? nh_arena_printf(t->a, "%.2f %%", 100 * (double)k->operations / (double)k->products) : "-";
        sum.samples = k->samples;
        sum.events += k->events;
        sum.operations += k->operations;
        sum.products += k->products;
    }
    nh_text_end(t);
}

static void put_causes(nh_text_table *t, const nh_sim_facts *s) {
    static const char *const head[] = {"network", "accuracy", "outputs that differ", "in samples", "mean difference"};
    if (s->is_exact) {
        fprintf(t->out,
                "\n%sDrift by cause%s\n  none: an integer network, in float and in fixed point the same numbers\n",
                nh_text_on(t, NH_BOLD), nh_text_on(t, NH_OFF));
        return;
    }
    if (s->n_cause == 0) return;
    nh_text_begin(t,
                  nh_arena_printf(t->a, "Drift by cause (%" PRId64 " of %" PRId64 " samples; each with those above it)",
                                  s->cause_samples, s->samples),
                  head, 5);
    for (int i = 0; i < s->n_cause; i++) {
        const nh_cause_fact *k = &s->cause[i];
        const char **r = nh_text_row(t);
        r[0] = nh_text_clean(t->a, nh_cause_text(k->cause), NH_TEXT_NAME);
        r[1] = nh_text_percent(t->a, k->accuracy);
        r[2] = i ? of(t->a, k->differing, k->n) : "";
        r[3] = i ? nh_text_count(t->a, k->differing_samples) : "";
        r[4] = i ? nh_arena_printf(t->a, "%.3g", k->mean_abs) : "";
    }
    nh_text_end(t);
}

static void put_reference(nh_text_table *t, const nh_reference_fact *f) {
    static const char *const head[] = {"path", "spikes", "outputs that differ", "in samples", "first difference"};
    const struct {
        const char *name;
        int64_t spikes, differing, samples;
        const nh_reference_first *first;
    } row[] = {{"float", f->float_spikes, f->float_differing, f->float_samples, &f->float_first},
               {"fixed point", f->fixed_spikes, f->fixed_differing, f->fixed_samples, &f->fixed_first}};
    if (!f->given) return;
    nh_text_begin(t,
                  nh_arena_printf(t->a, "Reference (%" PRId64 " spikes, %" PRId64 " outputs of %" PRId64 " samples)",
                                  f->spikes, f->n, f->samples),
                  head, 5);
    for (int i = 0; i < 2; i++) {
        const char **r = nh_text_row(t);
        r[0] = row[i].name;
        r[1] = nh_text_count(t->a, row[i].spikes);
        r[2] = nh_text_count(t->a, row[i].differing);
        r[3] = nh_text_count(t->a, row[i].samples);
        r[4] = row[i].differing == 0 ? "none" : nh_reference_first_text(t->a, row[i].first);
    }
    nh_text_end(t);
}

void nh_text_time(nh_text_table *t, const nh_report_facts *f) {
    if (!f->sim.ran || !nh_design_has_steps(f->design)) return;
    put_readouts(t, f);
    put_spikes(t, &f->sim);
    put_synapses(t, &f->sim);
    put_causes(t, &f->sim);
    put_reference(t, &f->sim.reference);
}
