/* report/ of networks in time: the same facts in all prints, and read back. */
#include <criterion/criterion.h>
#include <jansson.h>

#include "../../cosim/tiny.h"
#include "kept.h"
#include "report.h"

typedef struct {
    tiny t;
    nh_report_facts f;
    nh_spike_fact spike[2];
    nh_synapse_fact synapse[1];
    nh_cause_fact cause[4];
    nh_raster_band band[2];
    char *row[3];
    nh_drift_fact drift[1];
} sample;

static void fill_time(nh_sim_facts *f) {
    f->steps = 4;
    for (int r = 0; r < 3; r++) f->readout[r] = (nh_accuracy_fact){0.9, 0.8 - 0.1 * r, -1};
    f->acc_float = 0.9, f->acc_fixed = 0.8, f->acc_rtl = -1;
    f->reference = (nh_reference_fact){.given = true,
                                       .n = 200,
                                       .samples = 10,
                                       .spikes = 31,
                                       .float_spikes = 31,
                                       .fixed_spikes = 30,
                                       .fixed_differing = 3,
                                       .fixed_samples = 2};
    f->reference.fixed_first = (nh_reference_first){7, 2, 1, 1, 0};
    f->cause_samples = 8;
}

static void fill(sample *s) {
    static char row[3][5] = {".#.f", "x..#", "...."};
    memset(s, 0, sizeof *s);
    s->t = tiny_new("tiny", 1);
    s->t.opt.target = (nh_target){.name = "generic"};
    s->t.opt.clock_mhz = 24;
    s->t.design.opt = &s->t.opt;
    tiny_design(&s->t);
    s->t.design.steps = s->t.graph->steps = 4;
    s->spike[0] = (nh_spike_fact){"x<&>", 3, 10, 120, 12, 14, 4, 14 / 120.0, 11};
    s->spike[1] = (nh_spike_fact){"out", 1, 10, 40, 0, 0, 0, 0, 0};
    s->synapse[0] = (nh_synapse_fact){"fc", 10, 50, 250, 1000};
    s->cause[0] = (nh_cause_fact){"float", 0.9, 160, 0, 0, 0};
    s->cause[1] = (nh_cause_fact){"weights", 0.8, 160, 5, 3, 0.03125};
    s->cause[2] = (nh_cause_fact){"decay", 0.8, 160, 6, 4, 0.0375};
    s->cause[3] = (nh_cause_fact){"state", 0.75, 160, 8, 5, 0.05};
    for (int i = 0; i < 3; i++) s->row[i] = row[i];
    s->band[0] = (nh_raster_band){.layer = "x<&>", .neurons = 5, .stride = 2, .row = s->row, .n_row = 3};
    s->band[1] = (nh_raster_band){.layer = "out", .neurons = 1, .stride = 1, .row = s->row + 2, .n_row = 1};
    s->f = (nh_report_facts){.provenance = {"0.1.0", "c0ffee", "beef"}, .design = &s->t.design, .diag = s->t.d};
    s->f.sim = (nh_sim_facts){.ran = true,
                              .samples = 10,
                              .spike = s->spike,
                              .n_spike = 2,
                              .synapse = s->synapse,
                              .n_synapse = 1,
                              .cause = s->cause,
                              .n_cause = 4,
                              .compared = 80,
                              .runs = 2,
                              .measured_ii = 5,
                              .measured_latency = 9,
                              .fixed_per_second = 1000,
                              .rtl_cycles_per_second = 5};
    s->f.sim.raster = (nh_raster_fact){.sample = 0, .steps = 4, .all_steps = 4, .band = s->band, .n_band = 2};
    fill_time(&s->f.sim);
}

static const char *file_text(sample *s, const char *path) {
    nh_bytes text;
    cr_assert(nh_file_read(s->t.a, s->t.d, NH_NOWHERE, path, 1 << 24, &text));
    return (const char *)text.data;
}

static const char *text_of(sample *s) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    nh_report_text(&s->f, false, out);
    fclose(out);
    const char *copy = nh_arena_str(s->t.a, text);
    free(text);
    return copy;
}

Test(report_time, json_is_read_back_to_the_same_facts) {
    sample s;
    fill(&s);
    const char *path = nh_path_join(s.t.a, s.t.dir, "report.json");
    cr_assert(nh_report_json(s.t.a, s.t.d, &s.f, path));
    nh_report_facts f = {.design = &s.t.design};
    cr_assert(nh_report_load(s.t.a, s.t.d, path, &f));
    const char *first = file_text(&s, path), *again = nh_path_join(s.t.a, s.t.dir, "again.json");
    f.provenance = s.f.provenance, f.diag = s.t.d;
    cr_assert(nh_report_json(s.t.a, s.t.d, &f, again));
    cr_assert_str_eq(file_text(&s, again), first);
    cr_assert_eq(f.sim.raster.band[0].n_row, 3);
    cr_assert_str_eq(f.sim.raster.band[0].row[1], "x..#");
    cr_assert_eq(f.sim.cause[3].differing_samples, 5);
    cr_assert_eq(f.sim.reference.fixed_first.output, 1);
    cr_assert_eq(f.sim.synapse[0].operations, 250);
    tiny_free(&s.t);
}

Test(report_time, rows_of_another_length_are_left_out) {
    sample s;
    fill(&s);
    const char *path = nh_path_join(s.t.a, s.t.dir, "x.json");
    nh_report_facts f = {.design = &s.t.design};
    tiny_write(
        &s.t, path,
        "{\"sim\": {\"ran\": true, \"time\": {\"steps\": 4, \"raster\": {\"steps\": 4, \"bands\": [7, {\"rows\": "
        "[\"####\", \"###\", 5]}]}, \"drift_by_cause\": {\"cumulative\": [1]}, \"synaptic_operations\": [[]]}}}");
    cr_assert(nh_report_load(s.t.a, s.t.d, path, &f));
    cr_assert_eq(f.sim.raster.n_band, 2);
    cr_assert_eq(f.sim.raster.band[0].n_row, 0);
    cr_assert_eq(f.sim.raster.band[1].n_row, 1);
    cr_assert_str_eq(f.sim.cause[0].cause, "");
    tiny_free(&s.t);
}

/* 5 cycles a step, 4 steps: 20 cycles; at 24 MHz 1.2 million a second. */
Test(report_time, text_has_every_figure_in_100_columns) {
    static const char *const says[] = {"an inference: 4 steps, 20 cycles measured, 1.2e+06 inferences/s at 24 MHz",
                                       "1000 inferences/s (4000 steps/s)",
                                       "Spikes per inference (mean of 10 samples, 4 steps each)",
                                       "4 of 120",
                                       "73.33 %",
                                       /* 11 of 15 */ "events x fan-out, an estimate of energy",
                                       "25.00 %",
                                       "Drift by cause (8 of 10 samples; each with those above it)",
                                       "+ state = fixed point",
                                       "Reference (31 spikes, 200 outputs of 10 samples)",
                                       "sample 7, step 2, output 1: 1, got 0",
                                       "most spikes",
                                       "60.00 %"};
    sample s;
    fill(&s);
    const char *text = text_of(&s);
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        cr_expect(strstr(text, says[i]), "'%s' is not in\n%s", says[i], text);
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        cr_expect_leq(strcspn(line, "\n"), 100, "%.120s", line);
    tiny_free(&s.t);
}

Test(report_time, an_integer_network_has_no_drift) {
    sample s;
    fill(&s);
    s.f.sim.is_exact = true, s.f.sim.n_cause = 0;
    cr_assert(strstr(text_of(&s), "none: an integer network"));
    cr_assert_null(strstr(text_of(&s), "+ weights"));
    tiny_free(&s.t);
}

/* Dots at time (step + 0.5) * 200 of 800: one spike of both, one of fixed point, one of float in band 0. */
Test(report_time, the_raster_is_a_picture_of_its_own) {
    sample s;
    fill(&s);
    const char *path = nh_path_join(s.t.a, s.t.dir, "raster.svg");
    cr_assert(nh_report_raster(s.t.a, s.t.d, &s.f.sim.raster, path));
    const char *svg = file_text(&s, path);
    cr_assert_eq(strncmp(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\"", 39), 0);
    cr_expect(strstr(svg, "x&lt;&amp;&gt;"));
    cr_expect(strstr(svg, "3 of 5 neurons (1 in 2)"));
    cr_expect(strstr(svg, "1 neuron<"));
    const char *both = strstr(svg, "class=\"dot both\" stroke-width=\"6.0\" d=\"M500.0 "),
               *fixed = strstr(svg, "class=\"dot only-fixed\" stroke-width=\"6.0\" d=\"M300.0 "),
               *real = strstr(svg, "class=\"dot only-float\" stroke-width=\"6.0\" d=\"M900.0 ");
    cr_expect(both && fixed && real, "%s", svg);
    tiny_free(&s.t);
}

Test(report_time, html_shows_spikes_and_fetches_nothing) {
    sample s;
    fill(&s);
    const char *path = nh_path_join(s.t.a, s.t.dir, "report.html");
    cr_assert(nh_report_html(s.t.a, s.t.d, &s.f, path));
    const char *html = file_text(&s, path);
    static const char *const says[] = {"per time step, measured", "per inference of 4 steps",
                                       "spikes of sample 0",      "Synaptic operations",
                                       "Drift by cause",          "Accuracy by read-out",
                                       "Against the reference",   "sample 7, step 2, output 1: 1, got 0"};
    for (size_t i = 0; i < sizeof says / sizeof *says; i++) cr_expect(strstr(html, says[i]), "%s", says[i]);
    cr_expect_null(strstr(html, "http:"));
    cr_expect_null(strstr(html, "x<&>"));
    tiny_free(&s.t);
}

/* Of 12 spikes in float and 14 in fixed point the 14 are the longest bar, and the 12 are 12/14 of it. */
Test(report_time, the_longest_bar_of_spikes_is_the_most) {
    sample s;
    fill(&s);
    s.spike[0].spikes_float = 12, s.spike[0].spikes_fixed = 14;
    const char *path = nh_path_join(s.t.a, s.t.dir, "report.html");
    cr_assert(nh_report_html(s.t.a, s.t.d, &s.f, path));
    int width[2], n = 0;
    for (const char *at = strstr(file_text(&s, path), "spikes per step and layer");
         n < 2 && at && (at = strstr(at, "<rect class=")); at++) {
        int x, y, height, label;
        const char *place = strstr(at, "x=");
        n += sscanf(place, "x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\"/><text x=\"%d\"", &x, &y, &width[n],
                    &height, &label) == 5 &&
             width[n] > 11; /* a square of the legend has 11 */
    }
    cr_assert_eq(n, 2);
    cr_assert_eq(width[0], (width[1] * 12 + 7) / 14, "%d and %d", width[0], width[1]);
    tiny_free(&s.t);
}

Test(report_time, whole_prints_are_as_kept) {
    sample s;
    fill(&s);
    const char *page = nh_path_join(s.t.a, s.t.dir, "report.html");
    cr_assert(nh_report_html(s.t.a, s.t.d, &s.f, page));
    expect_kept(s.t.a, "steps.html", file_text(&s, page));
    expect_kept(s.t.a, "steps.txt", text_of(&s));
    tiny_free(&s.t);
}
