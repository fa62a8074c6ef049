/* What networks with time steps add to report.html. */
#include <inttypes.h>

#include "html_parts.h"

static const char *per(nh_html *h, int64_t v, int64_t n) {
    return n > 0 ? nh_arena_printf(h->a, "%.6g", (double)v / (double)n) : "-";
}

static const char *of(nh_html *h, int64_t v, int64_t n) {
    return nh_arena_printf(h->a, "%" PRId64 " of %" PRId64, v, n);
}

static const char *percent(nh_html *h, double v) { return v < 0 ? "-" : nh_arena_printf(h->a, "%.2f %%", 100 * v); }

static void put_layers(nh_html *h) {
    const nh_sim_facts *s = &h->f->sim;
    nh_html_table_begin(h,
                        nh_arena_printf(h->a,
                                        "per inference of %" PRId64 " steps, mean of %" PRId64
                                        " samples; same time: spikes of float or fixed point that are in both; "
                                        "differing: neurons and steps with another number",
                                        s->steps, s->spike[0].samples),
                        "layer|neurons|float|fixed point|per neuron and step|same time|differing");
    for (int i = 0; i < s->n_spike; i++) {
        const nh_spike_fact *k = &s->spike[i];
        nh_html_row_begin(h);
        nh_html_cell(h, k->layer);
        nh_html_cell_int(h, k->neurons);
        nh_html_cell(h, per(h, k->spikes_float, k->samples));
        nh_html_cell(h, per(h, k->spikes_fixed, k->samples));
        nh_html_cell(h, nh_arena_printf(h->a, "%.3g", k->rate));
        nh_html_cell(h, percent(h, nh_spike_agreement(k)));
        nh_html_cell(h, of(h, k->differing, k->n));
        nh_html_row_end(h);
    }
    nh_html_table_end(h);
}

static void put_synapses(nh_html *h) {
    const nh_sim_facts *s = &h->f->sim;
    nh_synapse_fact sum = {.layer = "total"};
    if (s->n_synapse == 0) return;
    nh_html_heading(h, "Synaptic operations");
    nh_html_table_begin(h,
                        nh_arena_printf(h->a,
                                        "per inference, mean of %" PRId64
                                        " samples: an operation for every weight that an input event meets; an "
                                        "estimate of energy where nothing is done for zeros",
                                        s->synapse[0].samples),
                        "layer|input events|operations|of all products");
    for (int i = 0; i <= s->n_synapse; i++) {
        const nh_synapse_fact *k = i < s->n_synapse ? &s->synapse[i] : &sum;
        nh_puts(h->w, i < s->n_synapse ? "<tr>" : "<tr class=\"total\">");
        nh_html_cell(h, k->layer);
        nh_html_cell(h, per(h, k->events, k->samples));
        nh_html_cell(h, per(h, k->operations, k->samples));
        nh_html_cell(h, k->products > 0 ? percent(h, (double)k->operations / (double)k->products) : "-");
        nh_html_row_end(h);
        sum.samples = k->samples;
        sum.events += k->events;
        sum.operations += k->operations;
        sum.products += k->products;
    }
    nh_html_table_end(h);
}

static void put_causes(nh_html *h) {
    const nh_sim_facts *s = &h->f->sim;
    if (!s->is_exact && s->n_cause == 0) return;
    nh_html_heading(h, "Drift by cause");
    if (s->is_exact) {
        nh_puts(h->w, "<p>None: an integer network; in float and in fixed point it is the same numbers.</p>\n");
        return;
    }
    nh_html_table_begin(h,
                        nh_arena_printf(h->a,
                                        "outputs of the float network with more and more of the fixed-point one in it, "
                                        "against those of the float network; %" PRId64 " of %" PRId64 " samples",
                                        s->cause_samples, s->samples),
                        "network|accuracy|outputs that differ|in samples|mean difference");
    for (int i = 0; i < s->n_cause; i++) {
        const nh_cause_fact *k = &s->cause[i];
        nh_html_row_begin(h);
        nh_html_cell(h, nh_cause_text(k->cause));
        nh_html_cell(h, percent(h, k->accuracy));
        nh_html_cell(h, i ? of(h, k->differing, k->n) : "");
        nh_html_cell(h, i ? nh_arena_printf(h->a, "%" PRId64, k->differing_samples) : "");
        nh_html_cell(h, i ? nh_arena_printf(h->a, "%.3g", k->mean_abs) : "");
        nh_html_row_end(h);
    }
    nh_html_table_end(h);
}

static void put_readouts(nh_html *h) {
    const nh_sim_facts *s = &h->f->sim;
    if (s->acc_float < 0) return;
    nh_html_heading(h, "Accuracy by read-out");
    nh_html_table_begin(h, "how the outputs of all steps become a class", "read-out|float|fixed point|RTL|<");
    for (int i = 0; i < 3; i++) {
        nh_html_row_begin(h);
        nh_html_cell(h, nh_readout_title[i]);
        nh_html_cell(h, percent(h, s->readout[i].acc_float));
        nh_html_cell(h, percent(h, s->readout[i].acc_fixed));
        nh_html_cell(h, percent(h, s->readout[i].acc_rtl));
        nh_html_cell_text(h, "soft", i == (int)h->f->design->opt->spiking.readout ? "asked for" : "");
        nh_html_row_end(h);
    }
    nh_html_table_end(h);
}

static void reference_row(nh_html *h, const char *name, int64_t spikes, int64_t differing, int64_t samples,
                          const nh_reference_first *first) {
    nh_html_row_begin(h);
    nh_html_cell(h, name);
    nh_html_cell_int(h, spikes);
    nh_html_cell_int(h, differing);
    nh_html_cell_int(h, samples);
    nh_html_cell_text(h, "", differing ? nh_reference_first_text(h->a, first) : "none");
    nh_html_row_end(h);
}

static void put_reference(nh_html *h) {
    const nh_reference_fact *f = &h->f->sim.reference;
    if (!f->given) return;
    nh_html_heading(h, "Against the reference");
    nh_html_table_begin(
        h,
        nh_arena_printf(h->a, "the reference has %" PRId64 " spikes in %" PRId64 " outputs of %" PRId64 " samples",
                        f->spikes, f->n, f->samples),
        "path|spikes|outputs that differ|in samples|<first difference");
    reference_row(h, "float", f->float_spikes, f->float_differing, f->float_samples, &f->float_first);
    reference_row(h, "fixed point", f->fixed_spikes, f->fixed_differing, f->fixed_samples, &f->fixed_first);
    nh_html_table_end(h);
}

void nh_html_spikes(nh_html *h) {
    const nh_sim_facts *s = &h->f->sim;
    if (!s->ran || !nh_design_has_steps(h->f->design)) return;
    if (s->n_spike > 0) {
        nh_html_heading(h, "Spikes");
        nh_puts(h->w, "<div class=\"scroll\">");
        nh_svg_raster(h, &s->raster, false);
        nh_puts(h->w, "</div>\n");
        nh_svg_spikes(h);
        put_layers(h);
    }
    put_synapses(h);
}

void nh_html_time(nh_html *h) {
    if (!h->f->sim.ran || !nh_design_has_steps(h->f->design)) return;
    put_causes(h);
    put_readouts(h);
    put_reference(h);
}
