/* The language of neuron models: what is accepted, what is refused and where. Expected values: hls/neuron/README.md. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "neurons.h"

static const char lif[] = "; a comment\n"
                          "model lif\n"
                          "input a volt\n"
                          "state v volt\n"
                          "param alpha, theta volt\n"
                          "output s spike\n"
                          "    LEAK v, alpha\n"
                          "    add  v, v, a     ; instructions in any case\n"
                          "    GT   s, v, theta\n"
                          "    RESET v, s, 0\n";

typedef struct {
    nh_arena *a;
    nh_diag *d;
    const nh_neuron_program *p;
} assembled;

static assembled assemble(const char *text, const nh_guard *guard, int n_guard) {
    assembled r = {.a = nh_arena_new()};
    r.d = nh_diag_new(r.a);
    r.p = nh_neuron_assemble(r.a, r.d, "m.neuron", text, strlen(text), guard, n_guard);
    return r;
}

static char *print(nh_arena *a, const nh_neuron_program *p) {
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    nh_neuron_print(p, f);
    fclose(f);
    char *copy = nh_arena_str(a, text);
    free(text);
    return copy;
}

/* Numbers that are alike share a register; those that differ in a bit alone do not. */
Test(assemble, a_number_has_one_register) {
    assembled r = assemble("model m\ninput a\nstate v\noutput s spike\n"
                           "MUL v, v, 0.5\nADD v, v, 2\nSUB v, v, 4.5\nADD v, v, 0.5\nADD v, v, 2.0\n"
                           "ADD v, v, 0.50000000000000011102230246251565\nADD v, v, a\nGT s, v, 4.5\nRESET v, s, 0\n",
                           NULL, 0);
    static const double want[] = {0.5, 2, 4.5, 0.50000000000000011102230246251565, 0};
    int n = 0;
    cr_assert(r.p);
    for (int i = 0; i < r.p->n_reg; i++) {
        if (r.p->reg[i].kind != NH_REG_CONST) continue;
        cr_assert_lt(n, 5);
        cr_expect_eq(r.p->reg[i].constant, want[n], "%g", r.p->reg[i].constant);
        n++;
    }
    cr_assert_eq(n, 5);
    nh_arena_free(r.a);
}

Test(assemble, a_lif_has_its_registers_and_instructions) {
    assembled r = assemble(lif, NULL, 0);
    cr_assert(r.p);
    cr_assert_eq(r.d->count, 0);
    cr_assert_str_eq(r.p->name, "lif");
    cr_assert_eq(r.p->n_input, 1);
    cr_assert_eq(r.p->n_state, 1);
    cr_assert_eq(r.p->n_param, 2);
    cr_assert_eq(r.p->n_instr, 4);
    cr_assert_eq(nh_neuron_param(r.p, "theta"), 1);
    cr_assert_eq(nh_neuron_param(r.p, "thet"), -1);
    cr_assert_eq(r.p->instr[1].op, NH_NOP_ADD);
    cr_assert_eq(r.p->instr[1].at.line, 8);
    cr_assert_eq(r.p->instr[1].at.col, 5);
    cr_assert_eq(r.p->out, NH_NEURON_OUT_SPIKE);
    cr_assert_eq(r.p->reg[r.p->state[0]].measure, NH_MEASURE_VOLT);
    cr_assert(!r.p->is_exact);
    cr_assert_null(nh_neuron_check(r.a, r.p));
    nh_neuron_program never = *r.p;
    never.spikes_per_step = 0;
    cr_assert_str_eq(nh_neuron_check(r.a, &never), "the program has no limit of spikes per step");
    nh_arena_free(r.a);
}

Test(assemble, numbers_are_plain_scientific_or_powers) {
    assembled r = assemble(
        "model m\ninput a\noutput y graded\nADD y, a, -0.5\nADD y, y, 1e-3\nADD y, y, 2^23\nADD y, y, -2^3\n", NULL, 0);
    cr_assert(r.p);
    const double want[] = {-0.5, 1e-3, 8388608, -8};
    for (int i = 0; i < 4; i++) cr_assert_eq(r.p->reg[r.p->instr[i].src[1]].constant, want[i]);
    nh_arena_free(r.a);
}

Test(assemble, guards_choose_lines) {
    static const char text[] = "model m\ninput a\noutput y graded\n[k=one] ADD y, a, 1\n[k=two|three] ADD y, a, "
                               "2\n[k!=one, j=x] ADD y, y, 10\n";
    nh_guard one[] = {{"k", "one"}, {"j", "x"}}, three[] = {{"k", "three"}, {"j", "x"}};
    assembled r = assemble(text, one, 2), q = assemble(text, three, 2);
    cr_assert(r.p && q.p);
    cr_assert_eq(r.p->n_instr, 1);
    cr_assert_eq(q.p->n_instr, 2);
    cr_assert_eq(q.p->reg[q.p->instr[0].src[1]].constant, 2);
    nh_arena_free(r.a);
    nh_arena_free(q.a);
}

Test(assemble, an_integer_program_keeps_its_formats) {
    assembled r = assemble(
        "model m\ninput a\nstate u fixed<24,24,TRN,WRAP>, v int<24,TRN_ZERO,SAT_SYM>\nparam d\noutput s spike\nexact\n"
        "MUL t, u, d\nCAST u, t, fixed<24,24,TRN_ZERO>\nSHR w, a, 6\nADD u, u, w\nMOV v, u\nGE s, v, 64\n",
        NULL, 0);
    cr_assert(r.p, "%s", r.d->count ? r.d->item[0].message : "");
    cr_assert(r.p->is_exact);
    const nh_neuron_reg *v = &r.p->reg[r.p->state[1]];
    cr_assert(v->has_format);
    cr_assert_eq(v->fmt.width_bits, 24);
    cr_assert_eq(v->fmt.overflow, NH_OVERFLOW_SAT_SYM);
    cr_assert_eq(r.p->instr[1].fmt.round, NH_ROUND_TRN_ZERO);
    cr_assert_null(nh_neuron_check(r.a, r.p));
    const char *text = print(r.a, r.p);
    assembled q = assemble(text, NULL, 0);
    cr_assert(q.p);
    cr_assert_str_eq(print(q.a, q.p), text);
    nh_arena_free(r.a);
    nh_arena_free(q.a);
}

typedef struct {
    const char *text, *id;
    int line, col;
    const char *hint; /* part of the hint, or NULL */
} refusal;

#define BODY "output s spike\nGT s, a, 0\n"
static const refusal refusals[] = {
    {"model m\ninput a\noutput s spike\nGT s a, 0\n", "N301", 4, 6, NULL},
    {"model m\ninput a\noutput s spike\nGT s, a, \n", "N301", 4, 10, NULL},
    {"model m\ninput a\noutput s spike\nGT s, a, 0x10\n", "N301", 4, 10, NULL},
    {"model m\ninput a\nstate 3\n" BODY, "N301", 3, 7, NULL},
    {"model m\ninput a extra\n" BODY, "N301", 2, 9, NULL},
    {"model m\ninput a\noutput s pulse\nGT s, a, 0\n", "N301", 3, 10, NULL},
    {"model m\ninput a\n= 3\n" BODY, "N301", 3, 1, NULL},
    {"model m\ninput a\n\x01\n" BODY, "N301", 3, 1, NULL},
    {"model m\ninput a\noutput s count 0\nGT s, a, 0\n", "N301", 3, 16, NULL},
    {"model m\ninput a\n  LEKA a, 1\n" BODY, "N302", 3, 3, "LEAK"},
    {"model m\ninput a\nparm b\n" BODY, "N302", 3, 1, "param"},
    {"model m\ninput a\nparam theta\noutput s spike\nGT s, a, thteta\nGT s, a, theta\n", "N303", 5, 10, "theta"},
    {"model m\ninput a\noutput s spike\nADD t, t, a\nGT s, t, 0\n", "N303", 4, 8, NULL},
    {"model m\ninput a\noutput s spike\nRESET s, a, 0\n", "N303", 4, 7, NULL},
    {"model m\ninput a\nstate a\n" BODY, "N304", 3, 7, "line 2"},
    {"model m\ninput a\nmodel n\n" BODY, "N304", 3, 1, NULL},
    {"model m\ninput a\nADD a, a, 1\n" BODY, "N305", 3, 5, NULL},
    {"model m\ninput a\noutput s spike\nGT s, a\nGT s, a, 0\n", "N306", 4, 8, NULL},
    {"model m\ninput a\noutput s spike\nGT s, a, 0, 1\n", "N306", 4, 11, NULL},
    {"model m\ninput a\noutput s count\nCOUNT s, a, 0\n", "N306", 4, 1, NULL},
    {"model m\ninput a, b, c, d, e\n" BODY, "N307", 2, 19, NULL},
    {"model m\ninput a\nstate v fixed<24>\n" BODY, "N308", 3, 17, NULL},
    {"model m\ninput a\nstate v fixed<24,24>\noutput s spike\nMOV v, a\nGT s, v, 0\n", "N309", 3, 7, NULL},
    {"model m\ninput a\nexact\nstate v\noutput s spike\nMOV v, a\nGT s, v, 0\n", "N309", 4, 7, NULL},
    {"model m\ninput a\noutput s spike\nSHR s, a, 2\n", "N309", 4, 1, NULL},
    {"model m\ninput a\noutput s spike\n", "N311", 3, 8, NULL},
    {"model m\ninput a\n", "N311", 1, 1, NULL},
    {"input a\n" BODY, "N311", 1, 1, NULL},
    {"model m\nstate a\n" BODY, "N311", 1, 1, NULL},
    {"model m\ninput a volt\noutput s spike\nGT s, a, 1\n", "N312", 4, 1, "volt"},
    {"model m\ninput a volt\noutput s spike\nMUL t, a, a\nGT s, t, 0\n", "N312", 4, 1, "volt"},
    {"model m\ninput a\n[reset=zero] MOV b, a\n" BODY, "N313", 3, 2, "remove"},
};

Test(assemble, every_fault_has_its_code_and_place) {
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const refusal *x = &refusals[i];
        assembled r = assemble(x->text, NULL, 0);
        cr_assert_null(r.p, "accepted: %s", x->text);
        cr_assert_geq(r.d->count, 1);
        const nh_diag_item *item = &r.d->item[0];
        cr_expect_str_eq(nh_code_get(item->code)->id, x->id, "case %zu: %s: %s", i, nh_code_get(item->code)->id,
                         item->message);
        cr_expect(item->at.line == x->line && item->at.col == x->col, "case %zu (%s): at %d:%d, not %d:%d", i, x->id,
                  item->at.line, item->at.col, x->line, x->col);
        if (x->hint)
            cr_expect(item->hint && strstr(item->hint, x->hint), "case %zu: hint %s", i,
                      item->hint ? item->hint : "(none)");
        nh_arena_free(r.a);
    }
}

Test(assemble, all_faults_are_reported_at_once) {
    assembled r = assemble("model m\ninput a\nFOO a\nADD a, a, 1\noutput s spike\nGT s, a, b\n", NULL, 0);
    cr_assert_null(r.p);
    cr_assert_eq(r.d->n_error, 3);
    nh_arena_free(r.a);
}

Test(assemble, what_is_never_read_is_a_warning) {
    assembled r = assemble("model m\ninput a\nparam beta\n" BODY "MOV t, a\n", NULL, 0);
    cr_assert(r.p);
    cr_assert_eq(r.d->n_warning, 2);
    cr_assert_eq(r.d->item[0].at.line, 3);
    cr_assert_eq(r.d->item[0].code, NH_N_NEURON_UNUSED);
    nh_arena_free(r.a);
}

Test(assemble, a_text_that_ends_in_the_middle_of_a_word_or_holds_a_nul_is_refused_cleanly) {
    for (size_t n = 0; n < sizeof lif - 1; n++) {
        nh_arena *a = nh_arena_new();
        nh_diag *d = nh_diag_new(a);
        const nh_neuron_program *p = nh_neuron_assemble(a, d, "m", lif, n, NULL, 0);
        cr_assert(p || d->n_error > 0);
        nh_arena_free(a);
    }
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    cr_assert_null(nh_neuron_assemble(a, d, "m", "model m\0x\ninput a\n", 18, NULL, 0));
    nh_arena_free(a);
}

/* --- built-in models --------------------------------------------------------------------------------------------- */

static const char *const gains[] = {"unit", "mul"}, *const leaks[] = {"no", "yes"},
                         *const resets[] = {"value", "zero", "subtract", "none"},
                         *const timings[] = {"same", "next", "snntorch_sub"}, *const spikes[] = {"after", "before"},
                         *const compares[] = {"gt", "ge"}, *const manys[] = {"one", "many"},
                         *const mins[] = {"none", "minus_threshold"}, *const orders[] = {"new", "old", "decay_after"};

static void expect_round_trip(const char *name, const nh_guard *guard, int n_guard) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    const nh_neuron_program *p = nh_neuron_builtin(a, d, name, guard, n_guard);
    cr_assert(p, "%s: %s", name, d->count ? d->item[0].message : "");
    cr_assert_eq(d->count, 0, "%s: line %d: %s", name, d->item ? d->item[0].at.line : 0,
                 d->item ? d->item[0].message : "");
    cr_assert_null(nh_neuron_check(a, p));
    const char *text = print(a, p);
    const nh_neuron_program *q = nh_neuron_assemble(a, d, name, text, strlen(text), NULL, 0);
    cr_assert(q);
    cr_assert_str_eq(print(a, q), text);
    nh_arena_free(a);
}

static bool makes_sense(const nh_guard *g) {
    bool is_after = !strcmp(g[4].value, "after"), is_same = !strcmp(g[3].value, "same");
    if (!strcmp(g[3].value, "snntorch_sub") && strcmp(g[2].value, "subtract")) return false;
    return (is_after || is_same) && (strcmp(g[2].value, "none") || is_same);
}

Test(builtin, every_combination_of_options_assembles_without_a_word_and_prints_back) {
    for (int i = 0; i < 2 * 2 * 4 * 3 * 2 * 2 * 2 * 2 * 3 * 2; i++) {
        int k = i;
#define PICK(list) (k /= prev, prev = (int)(sizeof list / sizeof *list), list[k % prev])
        int prev = 1;
        nh_guard g[11] = {{"gain", NULL},      {"leak", NULL},     {"reset", NULL},  {"timing", NULL},
                          {"spike", NULL},     {"compare", NULL},  {"spikes", NULL}, {"v_min", NULL},
                          {"syn_order", NULL}, {"syn_gain", NULL}, {"form", "decay"}};
        g[0].value = PICK(gains), g[1].value = PICK(leaks), g[2].value = PICK(resets), g[3].value = PICK(timings),
        g[4].value = PICK(spikes);
        g[5].value = PICK(compares), g[6].value = PICK(manys), g[7].value = PICK(mins), g[8].value = PICK(orders),
        g[9].value = PICK(gains);
        if (!makes_sense(g)) continue;
        expect_round_trip("cubalif", g, 11);
        if (i % 7) continue; /* the others have fewer options */
        static const char *const other[] = {"if", "lif", "li", "i", "cubali"};
        for (int m = 0; m < 5; m++) expect_round_trip(other[m], g, 11);
        g[10].value = "increment";
        for (int m = 1; m < 3; m++) expect_round_trip(other[m], g, 11);
    }
}

Test(builtin, models_without_options_assemble_without_a_word) {
    static const char *const name[] = {"alif", "rf",        "sigma", "delta", "sigma_delta",
                                       "relu", "threshold", "scale", "binary"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) expect_round_trip(name[i], NULL, 0);
    static const char *const n[] = {"2", "3", "4"};
    for (int i = 0; i < 3; i++) expect_round_trip("add", &(nh_guard){"n", n[i]}, 1);
}

Test(builtin, an_unknown_name_has_a_suggestion_and_values_are_counted) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    cr_assert_null(nh_neuron_builtin(a, d, "sigma_dleta", NULL, 0));
    cr_assert_eq(d->item[0].code, NH_N_NEURON_MODEL);
    cr_assert(strstr(d->item[0].hint, "sigma_delta"));
    static const double one = 1;
    nh_neuron_value v[2] = {{.n = 1, .value = &one}, {.n = 1, .value = &one}};
    cr_assert_null(nh_neuron_make(a, d, "threshold", NULL, 0, v, 2));
    cr_assert_eq(d->item[1].code, NH_N_NEURON_PARAM);
    nh_neuron *n = nh_neuron_make(a, d, "sigma_delta", NULL, 0, v, 2);
    cr_assert(n && n->kind == NH_KIND_PROGRAM);
    cr_assert_str_eq(n->param[1].name, "theta");
    nh_arena_free(a);
}

/* Bytes of a model replaced, inserted and cut, by a fixed generator: a program that passes the verifier, or a
 * diagnostic. */
Test(assemble, damaged_texts_give_a_program_or_a_diagnostic) {
    static const char some[] = "a,;[]|=!<>^-.0129 \n\t_xyvEG\x80";
    uint64_t seed = 1;
    for (int round = 0; round < 4000; round++) {
        char text[sizeof lif + 8];
        size_t n = sizeof lif - 1;
        memcpy(text, lif, n);
        for (int k = 0; k < 1 + round % 4; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            size_t at = (size_t)(seed >> 33) % n;
            if (seed >> 60 & 1)
                text[at] = some[(seed >> 50) % (sizeof some - 1)];
            else
                memmove(text + at, text + at + 1, --n - at);
        }
        nh_arena *a = nh_arena_new();
        nh_diag *d = nh_diag_new(a);
        const nh_neuron_program *p = nh_neuron_assemble(a, d, "m", text, n, NULL, 0);
        cr_assert(p ? nh_neuron_check(a, p) == NULL : d->n_error > 0, "round %d: %.*s", round, (int)n, text);
        nh_arena_free(a);
    }
}
