/* What the terminal and the page say of a network on a fabric: 10 -> 20 -> 4 neurons, of which 16 fit a core, so three
 * cores. Numbers by hand. */
#include <criterion/criterion.h>
#include <string.h>

#include "../../cosim/tiny.h"
#include "kept.h"
#include "map_report.h"
#include "report.h"

typedef struct {
    tiny t;
    nh_report_facts f;
    nh_population pop[3];
    nh_projection proj[2];
    nh_event_net net;
    nh_fabric fabric;
    nh_core_fact core[3];
} sample;

static nh_population layer(const char *name, int64_t n) {
    return (nh_population){.name = name, .kind = NH_POP_NEURONS, .c = n, .h = 1, .w = 1, .out_bits = 1, .rate = -1};
}

static void fill(sample *s, int mesh_x) {
    s->t = tiny_new("tiny", 1);
    s->t.opt.target = (nh_target){.name = "generic"};
    s->t.opt.clock_mhz = 50;
    s->t.opt.simulate.rtl = true;
    s->t.design.opt = &s->t.opt;
    tiny_design(&s->t);
    s->pop[0] = layer("in", 10), s->pop[1] = layer("hid<den", 20), s->pop[2] = layer("out", 4);
    s->pop[0].kind = NH_POP_INPUT, s->pop[2].is_output = true;
    for (int i = 0; i < 2; i++)
        s->proj[i] = (nh_projection){.name = "w", .kind = NH_PROJ_DENSE, .from = i, .to = i + 1, .constant = 1};
    s->net = (nh_event_net){.name = "t", .steps = 3, .pop = s->pop, .n_pop = 3, .proj = s->proj, .n_proj = 2};
    s->fabric = (nh_fabric){.mesh_x = mesh_x,
                            .mesh_y = 1,
                            .lanes = 2,
                            .neurons = 16,
                            .axons = 64,
                            .synapses = 512,
                            .routes = 8,
                            .groups = 1,
                            .params = 8,
                            .delays = 2,
                            .weight_bits = 8,
                            .accum_bits = 16,
                            .accumulators = 1,
                            .payload_bits = 1};
    nh_map_plan *p = nh_map_make(s->t.a, s->t.d, &s->net, &s->fabric,
                                 &(nh_map_options){.most_contexts = 0, .share = NH_SHARE_NEVER});
    nh_image *m = nh_map_fill(s->t.a, s->t.d, &s->net, &s->fabric, p);
    cr_assert_not_null(m);
    s->f = (nh_report_facts){.provenance = {"0.1.0", "c0ffee", "beef"}, .design = &s->t.design, .diag = s->t.d};
    s->f.map.plan = p, s->f.map.image = m, s->f.map.fabric = &s->fabric, s->f.map.net = &s->net;
    for (int64_t k = 0; k < 3; k++)
        s->core[k] = (nh_core_fact){.layer = "",
                                    .context = p->core[k].context,
                                    .x = p->core[k].x,
                                    .y = p->core[k].y,
                                    .events = 40 + k,
                                    .synapse_words = 100 * (k + 1),
                                    .busy_cycles = 400,
                                    .spikes = 6,
                                    .hops = 10};
    s->f.fabric = (nh_fabric_facts){.ran = true,
                                    .correct = -1,
                                    .samples = 4,
                                    .compared = 48,
                                    .differing = 0,
                                    .cycles = 250,
                                    .most_cycles = 300,
                                    .core = s->core,
                                    .n_core = 3};
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

static const char *page_of(sample *s) {
    const char *path = nh_path_join(s->t.a, s->t.dir, "report.html");
    nh_bytes text;
    cr_assert(nh_report_html(s->t.a, s->t.d, &s->f, path));
    cr_assert(nh_file_read(s->t.a, s->t.d, NH_NOWHERE, path, 1 << 24, &text));
    return (const char *)text.data;
}

static void expect(const char *text, const char *const *line, size_t n) {
    for (size_t i = 0; i < n; i++) cr_expect_not_null(strstr(text, line[i]), "'%s' is not in\n%s", line[i], text);
}

#define EXPECT(text, ...)                                                                                              \
    expect(text, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void simulated(sample *s) {
    s->f.sim = (nh_sim_facts){.ran = true,
                              .samples = 4,
                              .acc_float = -1,
                              .acc_fixed = -1,
                              .acc_rtl = -1,
                              .agree_float_fixed = -1,
                              .steps = 3};
}

Test(fabric_report, one_context_by_the_c_model) {
    sample s;
    fill(&s, 3);
    simulated(&s);
    s.f.fabric.differing = 2;
    s.t.opt.simulate.rtl = false;
    const char *text = text_of(&s), *page = page_of(&s);
    EXPECT(text, "Fabric of 3 x 1 cores, 2 lanes, 1 context (of the fullest core: neurons, synapses, axons)\n",
           "\n  hid<den      2       20     62.5 %     9.8 %  15.6 %\n",
           "\n  out          1        4     25.0 %     7.8 %  31.2 %\n", "    10 in, 4 out\n",
           "  an inference: 3 steps, 250 cycles (mean), 300 (most) by the C model, 200000 inferences/s at 50 MHz\n",
           "  C model       2 of 48 outputs are not those of the layers, 4 samples\n",
           "  C = RTL       not simulated (simulate: rtl: false)\n", "  0,0   ",
           "10.0           25.0     1.5   2.5  25.0 %\n");
    cr_expect_null(strstr(text, "loading of its contexts"));
    cr_expect_null(strstr(text, "lanes busy"));
    cr_expect_null(strstr(text, "more"));
    EXPECT(page, "2 differ", "C model of the fabric against the layers, 48 outputs", "250 cycles",
           "per inference of 3 steps (mean; most 300), by the C model; 200000 inferences/s at 50 MHz", "; 1 context; ",
           "<td>10.2</td><td>0.0</td><td>50.0</td><td>1.5</td><td>0.0</td><td>2.5</td><td>50.0 %</td>");
    s.t.opt.simulate.rtl = true;
    EXPECT(text_of(&s), "  C = RTL       not checked\n");
    tiny_free(&s.t);
}

Test(fabric_report, three_contexts_by_the_rtl) {
    sample s;
    fill(&s, 1);
    simulated(&s);
    s.f.fabric.rtl_runs = 2, s.f.fabric.rtl_samples = 4, s.f.fabric.rtl_events = 30, s.f.fabric.rtl_differing = 0;
    s.f.fabric.rtl_cycles = 500, s.f.fabric.rtl_most_cycles = 600, s.f.fabric.rtl_load_cycles = 70;
    s.f.fabric.rtl_synapse_words = 600, s.f.fabric.rtl_busy_cycles = 800, s.f.fabric.rtl_waited = 10;
    const char *text = text_of(&s), *page = page_of(&s);
    EXPECT(text, "Fabric of 1 x 1 cores, 2 lanes, 3 contexts (",
           "    context 0: 10 in, 20 out (0 from earlier contexts, 20 for later ones)\n",
           "    context 2: 20 in, 4 out (20 from earlier contexts, 0 for later ones)\n",
           "  an inference: 3 steps, 500 cycles (mean), 600 (most) by the RTL, 100000 inferences/s at 50 MHz\n",
           "  loading of its contexts: 70 cycles more per inference\n",
           "  lanes busy 75.0 % of the cycles of the accumulate engines, flits waited 2.5 cycles per inference\n",
           "  C model       0 of 48 outputs are not those of the layers, 4 samples\n",
           "  C = RTL       0 of 60 events differ, 4 samples in 2 runs (1 with stalls)\n", "  2: 0,0      out ");
    cr_expect_null(strstr(text, "  first  "));
    EXPECT(
        page, "0 differ", "RTL against the C model, 60 events in 2 runs", "500 cycles",
        "per inference of 3 steps (mean; most 600), measured; 100000 inferences/s at 50 MHz", "; 3 contexts; ",
        "<tr><td>0</td><td>1</td><td>62.5 %</td><td>9.8 %</td><td>15.6 "
        "%</td><td>10</td><td>0</td><td>0</td><td>20</td>",
        "<tr><td>2</td><td>1</td><td>25.0 %</td><td>7.8 %</td><td>31.2 %</td><td>0</td><td>20</td><td>4</td><td>0</td>",
        "<tr><td>2: 0, 0</td><td class=\"text \">out</td><td>25.0 %</td><td>7.8 %</td><td>31.2 %</td>");
    s.f.fabric.rtl_differing = 1, s.f.fabric.rtl_first = "tick 7";
    EXPECT(text_of(&s), "  C = RTL       1 of 60 events differ, ", "  first         tick 7\n");
    tiny_free(&s.t);
}

/* Only so many cores are listed. */
Test(fabric_report, more_cores_than_are_listed_are_counted) {
    static nh_core_fact many[40];
    sample s;
    fill(&s, 3);
    simulated(&s);
    for (int i = 0; i < 40; i++) many[i] = (nh_core_fact){.layer = "l", .context = 9, .x = i, .y = 31};
    s.f.fabric.core = many, s.f.fabric.n_core = 40;
    const char *text = text_of(&s);
    EXPECT(text, "\n  31,31 ", "  and 8 more: report.json\n");
    cr_expect_null(strstr(text, "\n  32,31 "));
    s.f.fabric.n_core = 32;
    cr_expect_null(strstr(text_of(&s), "more: report.json"));
    tiny_free(&s.t);
}

Test(fabric_report, whole_prints_are_as_kept) {
    sample s;
    fill(&s, 3);
    simulated(&s);
    expect_kept(s.t.a, "fabric_3x1.html", page_of(&s));
    expect_kept(s.t.a, "fabric_3x1.txt", text_of(&s));
    tiny_free(&s.t);
    fill(&s, 1);
    simulated(&s);
    s.f.fabric.rtl_runs = 2, s.f.fabric.rtl_samples = 4, s.f.fabric.rtl_events = 30;
    s.f.fabric.rtl_cycles = 500, s.f.fabric.rtl_most_cycles = 600, s.f.fabric.rtl_load_cycles = 70;
    expect_kept(s.t.a, "fabric_contexts.html", page_of(&s));
    tiny_free(&s.t);
}
