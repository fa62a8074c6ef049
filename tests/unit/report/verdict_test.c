/* report/verdict: what is far from float, and where it begins. Bounds are those of the documentation: 20 dB, 2 points,
 * 95 %. */
#include <criterion/criterion.h>
#include <math.h>

#include "../../cosim/tiny.h"
#include "fields.h"
#include "verdict.h"

typedef struct {
    tiny t;
    nh_report_facts f;
    nh_drift_fact drift[3];
} bench;

static void start(bench *b) {
    *b = (bench){.t = tiny_new("tiny", 1)};
    b->t.design.opt = &b->t.opt;
    tiny_design(&b->t);
    b->f.design = &b->t.design;
    b->f.sim = (nh_sim_facts){.ran = true, .samples = 100, .acc_float = -1, .acc_fixed = -1, .agree_float_fixed = -1};
    b->f.sim.output = (nh_output_fact){.values = "outputs", .fixed = {.n = 500, .sqnr_db = 40}};
}

static nh_verdict judge(bench *b) { return nh_judge_drift(b->t.a, &b->f); }

Test(verdict, nothing_is_said_of_what_was_not_measured) {
    bench b;
    start(&b);
    b.f.sim.ran = false;
    cr_assert_not(judge(&b).is_known);
    cr_assert_not(judge(&b).is_far);
    tiny_free(&b.t);
}

Test(verdict, near_is_20_db_or_more) {
    bench b;
    start(&b);
    b.f.sim.output.fixed.sqnr_db = 20;
    cr_assert(judge(&b).is_known);
    cr_assert_not(judge(&b).is_far);
    b.f.sim.output.fixed.sqnr_db = 19.99;
    cr_assert(judge(&b).is_far);
    b.f.sim.output.fixed.sqnr_db = -INFINITY;
    cr_assert(judge(&b).is_far);
    b.f.sim.output.fixed.sqnr_db = INFINITY;
    cr_assert_not(judge(&b).is_far);
    tiny_free(&b.t);
}

Test(verdict, two_points_of_accuracy_may_be_lost) {
    bench b;
    start(&b);
    b.f.sim.acc_float = 0.96, b.f.sim.acc_fixed = 0.94;
    cr_assert_not(judge(&b).is_far);
    b.f.sim.acc_fixed = 0.93;
    cr_assert(judge(&b).is_far);
    cr_assert_not_null(strstr(judge(&b).reasons, "accuracy 93.00 %, float 96.00 %"));
    b.f.sim.acc_float = 0.5; /* better than float is not far */
    cr_assert_not(judge(&b).is_far);
    tiny_free(&b.t);
}

Test(verdict, five_percent_of_the_classes_may_differ) {
    bench b;
    start(&b);
    b.f.sim.output.is_class = true;
    b.f.sim.agree_float_fixed = 0.95;
    cr_assert_not(judge(&b).is_far);
    b.f.sim.agree_float_fixed = 0.94;
    cr_assert(judge(&b).is_far);
    tiny_free(&b.t);
}

/* The layer that adds most noise, 10^(-SQNR/10), up to the first below 20 dB: the third is worse, and only inherits. */
Test(verdict, it_begins_where_most_noise_is_added) {
    bench b;
    start(&b);
    b.drift[0] = (nh_drift_fact){.layer = "x<&>", .sqnr_db = 50};
    b.drift[1] = (nh_drift_fact){.layer = "triple", .sqnr_db = 18};
    b.drift[2] = (nh_drift_fact){.layer = "later", .sqnr_db = -20};
    b.f.sim.drift = b.drift;
    b.f.sim.n_drift = 3;
    b.f.sim.output.fixed.sqnr_db = -20;
    cr_assert_str_eq(judge(&b).layer, "triple");
    cr_assert_str_eq(judge(&b).where, "SQNR 18.0 dB, before it 50.0 dB");
    b.drift[0].sqnr_db = 12;
    cr_assert_str_eq(judge(&b).layer, "x<&>");
    b.drift[0].sqnr_db = 50, b.drift[1].sqnr_db = 25, b.drift[2].sqnr_db = 15; /* 0.003 and 0.028 */
    cr_assert_str_eq(judge(&b).layer, "later");
    b.drift[0].sqnr_db = INFINITY, b.drift[1].sqnr_db = 36, b.drift[2].sqnr_db = 19; /* from exact to 36 dB is little */
    cr_assert_str_eq(judge(&b).layer, "later");
    tiny_free(&b.t);
}

/* Values that leave a given format: an integer bit more. */
Test(verdict, overflow_is_mended_by_an_integer_bit) {
    bench b;
    start(&b);
    b.drift[0] = (nh_drift_fact){.layer = "x<&>", .sqnr_db = 50};
    b.drift[1] = (nh_drift_fact){.layer = "triple", .sqnr_db = 3, .overflowed = 20, .n = 100};
    b.f.sim.drift = b.drift;
    b.f.sim.n_drift = 2;
    b.f.sim.output.fixed.sqnr_db = 3;
    b.t.graph->layer[1].opt.result.is_auto = false; /* y is fixed<8,5> */
    nh_verdict v = judge(&b);
    cr_assert_not_null(v.remedy);
    cr_assert_str_eq(v.remedy, "layers: { triple: { result: \"fixed<9,6>\" } }");
    cr_assert_not_null(strstr(v.cause, "20.0 %"));
    tiny_free(&b.t);
}

/* What is said of values outside a format, and whether it is an alarm. */
Test(verdict, overflow_is_told_by_what_becomes_of_it) {
    bench b;
    start(&b);
    nh_drift_fact d = {.layer = "triple", .n = 1000};
    cr_assert_str_eq(nh_overflow_text(b.t.a, b.f.design, &d), "0");
    d.overflowed = 12, d.near = 12; /* probabilities of 1 */
    cr_assert_str_eq(nh_overflow_text(b.t.a, b.f.design, &d), "12 of 1000 saturate, by a step at most");
    d.overflowed = 15;
    cr_assert_str_eq(nh_overflow_text(b.t.a, b.f.design, &d), "3 of 1000 saturate");
    d.wrapped = 2;
    cr_assert_str_eq(nh_overflow_text(b.t.a, b.f.design, &d), "2 of 1000 wrap");
    b.t.graph->layer[1].op = NH_OP_NEURON;
    d = (nh_drift_fact){.layer = "triple", .n = 1000, .overflowed = 133, .low = 133};
    cr_assert_str_eq(nh_overflow_text(b.t.a, b.f.design, &d), "13.3 % saturate, all below threshold");
    d.overflowed = 143;
    cr_assert_str_eq(nh_overflow_text(b.t.a, b.f.design, &d), "13.3 % saturate below threshold, 1 % above");
    b.t.graph->layer[1].op = NH_OP_BATCHNORM;
    tiny_free(&b.t);
}

/* The page says it first, with what was measured. */
Test(verdict, the_page_says_why) {
    bench b;
    start(&b);
    b.f.sim.acc_float = 0.96, b.f.sim.acc_fixed = 0.625;
    b.f.diag = b.t.d;
    const char *path = nh_path_join(b.t.a, b.t.dir, "report.html");
    nh_bytes page;
    b.t.opt.target = (nh_target){.name = "generic"};
    cr_assert(nh_report_html(b.t.a, b.t.d, &b.f, path));
    cr_assert(nh_file_read(b.t.a, b.t.d, NH_NOWHERE, path, 1 << 24, &page));
    const char *verdict = strstr((const char *)page.data, "Fixed point is far from float");
    cr_assert_not_null(verdict);
    cr_assert_not_null(strstr(verdict, "accuracy 62.50 %, float 96.00 %"));
    tiny_free(&b.t);
}

/* Weights that leave a format that was given are its fault; a format that was chosen has as much as its bits hold, and
 * weights that lost little are no cause. */
Test(verdict, weights_that_overflow_are_a_cause_where_their_format_was_given) {
    bench b;
    start(&b);
    b.drift[0] = (nh_drift_fact){.layer = "x<&>", .sqnr_db = 50};
    b.drift[1] = (nh_drift_fact){.layer = "triple", .sqnr_db = 10};
    b.f.sim.drift = b.drift;
    b.f.sim.n_drift = 2;
    b.f.sim.output.fixed.sqnr_db = 10;
    nh_layer *l = &b.t.graph->layer[1];
    nh_param *w = l->weight;
    int64_t *raw = nh_arena_array(b.t.a, TINY_N, sizeof *raw);
    w->fmt = nh_format_make(true, 4, 2, NH_ROUND_RND, NH_OVERFLOW_SAT); /* -2 .. 1.75 */
    w->scale = NULL;
    for (int i = 0; i < TINY_N; i++) raw[i] = 7; /* 1.75 for 3: 7.6 dB */
    w->raw = raw;
    w->overflow = (nh_fx_count){.n = TINY_N, .overflowed = TINY_N};
    l->opt.weight.is_auto = false;
    nh_verdict v = judge(&b);
    cr_assert_not_null(v.cause);
    cr_assert_not_null(strstr(v.cause, "5 of its factors leave their format"), "%s", v.cause);
    cr_assert_not_null(strstr(v.remedy, "weight: auto"), "%s", v.remedy);
    /* 3.0 in fixed<16,8> is exact, however many weights the last one lost. */
    w->fmt = nh_format_make(true, 16, 8, NH_ROUND_RND, NH_OVERFLOW_SAT);
    for (int i = 0; i < TINY_N; i++) raw[i] = 3 * 256;
    l->opt.weight.is_auto = true;
    v = judge(&b);
    cr_assert(!v.cause || !strstr(v.cause, "leave their format"), "%s", v.cause);
    tiny_free(&b.t);
}
