/* report/: the three prints of one struct, on a design whose names try to break them; what is written is read
 * back. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>

#include "../../cosim/tiny.h"
#include "kept.h"
#include "report.h"

typedef struct {
    tiny t;
    nh_report_facts f;
    nh_drift_fact drift[2];
    nh_cycles_fact cycles[1];
    int64_t confusion[4];
    const char *unit[2];
    nh_cells cells[2];
} sample;

static void fill_sim(sample *s) {
    s->drift[0] = (nh_drift_fact){.layer = "x<&>", .max_abs = 0.25, .mean_abs = 0.125, .sqnr_db = INFINITY, .n = 10};
    s->drift[1] = (nh_drift_fact){
        .layer = "triple", .max_abs = 1.0 / 3, .mean_abs = 0.1, .sqnr_db = 31.5, .overflowed = 3, .n = 10};
    s->cycles[0] = (nh_cycles_fact){"triple", 3, 3, 3.0, 3};
    int64_t confusion[] = {5, 1, 0, 4};
    memcpy(s->confusion, confusion, sizeof confusion);
    s->f.sim =
        (nh_sim_facts){.ran = true,
                       .samples = 10,
                       .acc_float = 1,
                       .acc_fixed = 0.9,
                       .acc_rtl = 0.9,
                       .agree_float_fixed = 0.9,
                       .drift = s->drift,
                       .n_drift = 2,
                       .compared = 120,
                       .mismatches = 2,
                       .first = {.sample = 4, .element = 1, .cycle = 99, .layer = "triple", .expected = -7, .got = 7},
                       .runs = 2,
                       .stalled_runs = 1,
                       .cycles = s->cycles,
                       .n_cycles = 1,
                       .measured_ii = 3,
                       .planned_ii = 3,
                       .measured_latency = 3,
                       .planned_latency = 3,
                       .input_overflowed = 1,
                       .input_n = 50,
                       .fixed_per_second = 1e6,
                       .rtl_cycles_per_second = 2e6,
                       .n_class = 2,
                       .confusion = s->confusion};
}

static void fill(sample *s) {
    s->t = tiny_new("tiny", 1);
    s->t.opt.target = (nh_target){.name = "icebreaker",
                                  .family = "ice40",
                                  .device = "up5k",
                                  .package = "sg48",
                                  .luts = 5280,
                                  .ffs = 5280,
                                  .brams = 30,
                                  .dsps = 8};
    s->t.opt.clock_mhz = 24;
    s->t.design.opt = &s->t.opt;
    tiny_design(&s->t);
    s->unit[0] = "triple", s->unit[1] = "total";
    s->cells[0] = (nh_cells){31, 21, 0, 0, 8, 1};
    s->cells[1] = (nh_cells){61, 45, 1, 0, 12, 2};
    s->f = (nh_report_facts){.provenance = {"0.1.0", "c0ffee", "beef"}, .design = &s->t.design, .diag = s->t.d};
    fill_sim(s);
    s->f.synth = (nh_synth_facts){true, "ice40", s->unit, s->cells, 2};
    s->f.pnr = (nh_pnr_facts){.ran = true,
                              .fits = true,
                              .device = "up5k",
                              .package = "sg48",
                              .bitstream = "tiny.bin",
                              .fmax_mhz = 61.25,
                              .luts = 70,
                              .luts_total = 5280,
                              .brams = 1,
                              .brams_total = 30};
    s->f.step[0] = (nh_step_fact){"sim", NH_STEP_DONE, "config changed", 1.5};
    s->f.step[1] = (nh_step_fact){"pnr", NH_STEP_SKIPPED, "nextpnr was not found", 0};
    s->f.n_step = 2;
    s->f.requirement[0].name = "C = RTL", s->f.requirement[0].required = "0 differ",
    s->f.requirement[0].measured = "2 differ";
    s->f.requirement[0].known = true;
    s->f.n_requirement = 1;
}

static const char *html_of(sample *s) {
    const char *path = nh_path_join(s->t.a, s->t.dir, "report.html");
    nh_bytes text;
    cr_assert(nh_report_html(s->t.a, s->t.d, &s->f, path));
    cr_assert(nh_file_read(s->t.a, s->t.d, NH_NOWHERE, path, 1 << 24, &text));
    return (const char *)text.data;
}

static const char *text_of(sample *s, bool color) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    nh_report_text(&s->f, color, out);
    fclose(out);
    const char *copy = nh_arena_str(s->t.a, text);
    free(text);
    return copy;
}

Test(report, json_is_read_back_to_the_same_facts) {
    sample s;
    fill(&s);
    const char *path = nh_path_join(s.t.a, s.t.dir, "report.json");
    cr_assert(nh_report_json(s.t.a, s.t.d, &s.f, path));
    nh_report_facts f = {.design = &s.t.design};
    cr_assert(nh_report_load(s.t.a, s.t.d, path, &f));
    cr_assert_eq(f.sim.samples, 10);
    cr_assert_eq(f.sim.mismatches, 2);
    cr_assert_eq(f.sim.first.expected, -7);
    cr_assert_str_eq(f.sim.first.layer, "triple");
    cr_assert_float_eq(f.sim.acc_fixed, 0.9, 1e-14);
    cr_assert_eq(f.sim.n_drift, 2);
    cr_assert(isinf(f.sim.drift[0].sqnr_db));
    cr_assert_str_eq(f.sim.drift[0].layer, "x<&>");
    cr_assert_float_eq(f.sim.drift[1].max_abs, 1.0 / 3, 1e-14);
    cr_assert_eq(f.sim.drift[1].overflowed, 3);
    cr_assert_eq(f.sim.cycles[0].measured_latency, 3);
    cr_assert_eq(f.sim.n_class, 2);
    cr_assert_arr_eq(f.sim.confusion, s.confusion, sizeof s.confusion);
    cr_assert_null(f.sim.waves);
    cr_assert_str_eq(f.synth.unit[1], "total");
    cr_assert_eq(f.synth.cells[1].carries, 12);
    cr_assert_float_eq(f.pnr.fmax_mhz, 61.25, 1e-12);
    cr_assert_str_eq(f.pnr.bitstream, "tiny.bin");
    cr_assert_null(f.pnr.wrapper);
    tiny_free(&s.t);
}

Test(report, json_has_three_columns_of_resources) {
    sample s;
    fill(&s);
    const char *path = nh_path_join(s.t.a, s.t.dir, "report.json");
    cr_assert(nh_report_json(s.t.a, s.t.d, &s.f, path));
    json_t *root = json_load_file(path, 0, NULL), *rows = json_object_get(root, "resources"),
           *total = json_array_get(rows, 1);
    cr_assert_eq(json_array_size(rows), 2);
    cr_assert_eq(json_integer_value(json_object_get(json_object_get(total, "estimate"), "luts")), 40);
    cr_assert_eq(json_integer_value(json_object_get(json_object_get(total, "yosys"), "luts")), 61);
    cr_assert_eq(json_integer_value(json_object_get(json_object_get(total, "nextpnr"), "luts")), 70);
    cr_assert(json_is_null(json_object_get(json_array_get(rows, 0), "nextpnr")));
    json_decref(root);
    tiny_free(&s.t);
}

Test(report, what_did_not_run_is_null_and_reads_back_as_not_run) {
    sample s;
    fill(&s);
    s.f.sim = (nh_sim_facts){0};
    s.f.synth = (nh_synth_facts){0};
    s.f.pnr = (nh_pnr_facts){0};
    const char *path = nh_path_join(s.t.a, s.t.dir, "report.json");
    cr_assert(nh_report_json(s.t.a, s.t.d, &s.f, path));
    nh_report_facts f = {.design = &s.t.design};
    cr_assert(nh_report_load(s.t.a, s.t.d, path, &f));
    cr_assert_not(f.sim.ran || f.synth.ran || f.pnr.ran);
    cr_assert(strstr(html_of(&s), "planned"));
    tiny_free(&s.t);
}

Test(report, a_file_that_is_no_report_is_refused) {
    sample s;
    fill(&s);
    const char *path = nh_path_join(s.t.a, s.t.dir, "x.json");
    nh_report_facts f = {.design = &s.t.design};
    tiny_write(&s.t, path, "[1, 2");
    cr_assert_not(nh_report_load(s.t.a, s.t.d, path, &f));
    tiny_write(&s.t, path, "[1, 2]");
    cr_assert_not(nh_report_load(s.t.a, s.t.d, path, &f));
    tiny_write(&s.t, path,
               "{\"sim\": {\"ran\": 3, \"drift\": [7], \"confusion\": [[1], 2]}, \"synth\": {\"units\": [null]}, "
               "\"pnr\": []}");
    cr_assert(nh_report_load(s.t.a, s.t.d, path, &f));
    cr_assert_str_eq(f.sim.drift[0].layer, "");
    tiny_free(&s.t);
}

Test(report, html_escapes_names_and_fetches_nothing) {
    sample s;
    fill(&s);
    s.t.graph->layer[1].name = "<script>alert('1')</script>\"\x01";
    const char *html = html_of(&s);
    cr_assert_null(strstr(html, "<script"));
    cr_assert(strstr(html, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;?"));
    cr_assert(strstr(html, "x&lt;&amp;&gt;"));
    cr_assert_null(strstr(html, "http:"));
    cr_assert_null(strstr(html, "https:"));
    cr_assert_null(strstr(html, "src="));
    cr_assert(strstr(html, "prefers-color-scheme: dark"));
    cr_assert(strstr(html, "40 / 61 / 70"));
    tiny_free(&s.t);
}

/* "-" is what is not known; none is known. */
Test(report, of_what_a_unit_has_none_the_page_says_0) {
    sample s;
    fill(&s);
    const char *html = strstr(html_of(&s), "counted by Yosys / placed by nextpnr");
    cr_assert_not_null(html);
    cr_expect_not_null(strstr(html, "<tr><td>triple</td><td>40 / 31 / -</td><td>21 / 21 / -</td><td>0 / 0 / -</td>"
                                    "<td>0 / 0 / -</td></tr>"));
    cr_expect_not_null(strstr(html, "<td>0 / 1 / 1</td><td>0 / 0 / 0</td></tr>"));
    tiny_free(&s.t);
}

Test(report, names_that_are_not_utf8_still_give_json) {
    sample s;
    fill(&s);
    s.drift[1].layer = "caf\xe9"; /* Latin-1 */
    const char *path = nh_path_join(s.t.a, s.t.dir, "report.json");
    cr_assert(nh_report_json(s.t.a, s.t.d, &s.f, path));
    nh_report_facts f = {.design = &s.t.design};
    cr_assert(nh_report_load(s.t.a, s.t.d, path, &f));
    cr_assert_str_eq(f.sim.drift[1].layer, "caf\xc3\xa9");
    tiny_free(&s.t);
}

Test(report, text_is_plain_narrow_and_complete) {
    sample s;
    fill(&s);
    s.t.graph->layer[1].name = "a\033[31mlayer of which the name goes on for very much longer than a column";
    s.drift[1].layer = s.t.graph->layer[1].name;
    const char *text = text_of(&s, false);
    cr_assert_null(strchr(text, '\033'));
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1) cr_assert_leq(strcspn(line, "\n"), 100);
    cr_assert(strstr(text, "2 of 120 elements differ"));
    cr_assert(strstr(text, "sample 4, layer triple, element 1, cycle 99: expected -7, got 7"));
    cr_assert(strstr(text, "61.25 MHz"));
    cr_assert(strstr(text, "40 / 61"));
    cr_assert(strstr(text, "MISSED"));
    cr_assert(strstr(text, "pnr skipped: nextpnr was not found"));
    cr_assert(strstr(text_of(&s, true), "\033[31m2 of 120"));
    tiny_free(&s.t);
}

Test(report, what_a_bar_says_stands_right_of_it) {
    sample s;
    fill(&s);
    int bars = 0;
    for (const char *at = strstr(html_of(&s), "LUTs per unit"); (at = strstr(at, "<rect class=\"")); at++) {
        int x, y, width, height, label;
        const char *place = strchr(at + strlen("<rect class=\""), '"');
        if (sscanf(place, "\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\"/><text x=\"%d\"", &x, &y, &width,
                   &height, &label) != 5)
            continue;
        cr_expect(label > x + width, "label at %d, bar from %d to %d", label, x, x + width);
        bars++;
    }
    cr_assert_geq(bars, 5); /* three of each unit's figures, a drift of each layer, besides the legend */
    tiny_free(&s.t);
}

Test(report, whole_prints_are_as_kept) {
    sample s;
    fill(&s);
    expect_kept(s.t.a, "frames.html", html_of(&s));
    expect_kept(s.t.a, "frames.txt", text_of(&s, false));
    expect_kept(s.t.a, "frames_in_colour.txt", text_of(&s, true));
    tiny_free(&s.t);
}
