#include <criterion/criterion.h>

#include "schema.h"
#include "support.h"

/* input -> fc1 (dense 16x64) -> relu1 -> fc2 (dense 64x5) -> softmax */
static nh_graph *small_graph(nh_arena *a) {
    static const struct {
        const char *name;
        nh_op op;
        int64_t n, n_in;
    } row[] = {{"input", NH_OP_INPUT, 16, 0},
               {"fc1", NH_OP_DENSE, 64, 16},
               {"relu1", NH_OP_RELU, 64, 0},
               {"fc2", NH_OP_DENSE, 5, 64},
               {"softmax", NH_OP_SOFTMAX, 5, 0}};
    nh_graph *g = nh_graph_new(a, "small");
    for (int i = 0; i < 5; i++) {
        nh_layer l = {.name = row[i].name, .op = row[i].op, .n_in = i > 0};
        l.in[0] = i - 1;
        l.out = nh_graph_add_tensor(g, row[i].name, (nh_shape){.rank = 1, .dim = {row[i].n}}, NH_EDGE_FRAME);
        if (row[i].op == NH_OP_DENSE) {
            l.weight = NH_NEW(a, nh_param);
            l.weight->shape = (nh_shape){.rank = 2, .dim = {row[i].n, row[i].n_in}};
        }
        nh_graph_add_layer(g, l);
    }
    g->input = 0;
    g->output = 4;
    return g;
}

static nh_graph *resolved(reading *r, const char *more, bool *ok) {
    *r = read_more(more);
    cr_assert_not_null(r->o, "%s", r->d->count ? r->d->item[0].message : "");
    nh_graph *g = small_graph(r->a);
    *ok = nh_config_resolve(r->o, g, r->d);
    return g;
}

static nh_layer_options *opt(nh_graph *g, const char *name) { return &g->layer[nh_graph_find(g, name)].opt; }

Test(resolve, most_literal_characters_win_then_the_later_key_by_key) {
    reading r;
    bool ok;
    nh_graph *g = resolved(&r,
                           "defaults: { strategy: resource, weight_bits: 4 }\n"
                           "layers:\n"
                           "  fc2: { reuse_factor: 7 }\n"
                           "  \"*\": { weight_bits: 5, result_bits: 9 }\n"
                           "  \"fc*\": { weight_bits: 6, reuse_factor: 3 }\n"
                           "  \"?c*\": { weight_bits: 2 }\n"
                           "  \"*c2\": { result_bits: 11 }\n"
                           "  \"f*2\": { result_bits: 12 }\n",
                           &ok);
    cr_assert(ok);
    cr_assert_eq(opt(g, "fc1")->weight_bits, 6);
    cr_assert_eq(opt(g, "fc1")->reuse_factor, 3);
    cr_assert_eq(opt(g, "fc1")->result_bits, 9);
    cr_assert_eq(opt(g, "fc2")->reuse_factor, 7);
    cr_assert_eq(opt(g, "fc2")->weight_bits, 6);
    cr_assert_eq(opt(g, "fc2")->result_bits, 12, "equally specific: the later rule");
    cr_assert_eq(opt(g, "relu1")->result_bits, 9);
    cr_assert_eq(opt(g, "fc2")->reuse_at.line, 6);
    cr_assert_eq(opt(g, "fc1")->strategy, NH_STRATEGY_RESOURCE);
    cr_assert_eq(opt(g, "input")->strategy, NH_STRATEGY_WIRE);
    done(&r);
}

Test(resolve, cores_and_tiles_of_a_layer_arrive_with_their_places) {
    reading r;
    bool ok;
    nh_graph *g = resolved(&r,
                           "fabric: { mesh: [4, 4] }\n"
                           "layers:\n"
                           "  fc1: { strategy: event, tiles: [[0, 3], [2, 1]] }\n"
                           "  fc2: { strategy: event, cores: 3, region: [1, 0, 2, 4] }\n",
                           &ok);
    cr_assert(ok);
    const nh_map_wish *w = &opt(g, "fc1")->wish, *v = &opt(g, "fc2")->wish;
    cr_assert_eq(w->n_tile, 2);
    cr_assert(w->tile[0].x == 0 && w->tile[0].y == 3 && w->tile[1].x == 2 && w->tile[1].y == 1);
    cr_assert(w->cores == 0 && w->n_region == 0 && w->tile_at.line == 6);
    cr_assert(v->cores == 3 && v->n_tile == 0 && v->n_region == 4 && v->region[0] == 1 && v->region[2] == 2 &&
              v->region[3] == 4);
    done(&r);
}

Test(resolve, reuse_factor_is_legal_from_1_to_all_products) {
    static const struct {
        const char *text;
        bool legal;
    } row[] = {
        {"layers: { fc2: { strategy: resource, reuse_factor: 1 } }\n", true},
        {"layers: { fc2: { strategy: resource, reuse_factor: 319 } }\n", true},
        {"layers: { fc2: { strategy: resource, reuse_factor: 320 } }\n", true},
        {"layers: { fc2: { strategy: resource, reuse_factor: 321 } }\n", false},
        {"layers: { fc2: { strategy: resource, reuse_factor: auto } }\n", true},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        reading r;
        bool ok;
        resolved(&r, row[i].text, &ok);
        cr_assert_eq(ok, row[i].legal, "%s", row[i].text);
        if (!ok) {
            cr_assert(reported(&r, NH_C_REUSE, 4, 52));
            cr_assert_str_eq(r.d->item[0].message,
                             "layer 'fc2': reuse factor 321 is outside 1..320 (n_in x n_out = 64 x 5)");
            cr_assert_str_eq(r.d->item[0].layer, "fc2");
        }
        done(&r);
    }
}

Test(resolve, a_default_reuse_factor_beyond_a_small_layer_is_its_largest_with_a_note) {
    reading r;
    bool ok;
    nh_graph *g = resolved(&r, "defaults: { strategy: resource, reuse_factor: 1000 }\n", &ok);
    cr_assert(ok);
    cr_assert_eq(opt(g, "fc1")->reuse_factor, 1000, "16 x 64");
    cr_assert_eq(opt(g, "fc2")->reuse_factor, 320, "64 x 5");
    cr_assert(reported(&r, NH_P_UNIT, 4, 47));
    cr_assert_str_eq(r.d->item[0].message,
                     "layer 'fc2': reuse factor 320, its largest (n_in x n_out = 64 x 5); defaults say 1000");
    done(&r);
    resolved(&r, "defaults: { strategy: resource }\nlayers: { \"fc*\": { reuse_factor: 1000 } }\n", &ok);
    cr_assert_not(ok, "a rule says it of the layer itself");
    done(&r);
}

/* What follows HEAD, code, line, column. */
static const struct {
    const char *text;
    nh_code code;
    int line, col;
} bad[] = {
    {"layers: { cf1: { weight_bits: 4 } }\n", NH_C_GLOB, 4, 11},
    {"layers: { \"fc\": { weight_bits: 4 } }\n", NH_C_GLOB, 4, 11},
    {"layers: { relu1: { weight_bits: 4 } }\n", NH_C_OPERATOR, 4, 33},
    {"layers: { fc1: { table_size: 64 } }\n", NH_C_OPERATOR, 4, 30},
    {"layers: { relu1: { reuse_factor: 4 } }\n", NH_C_OPERATOR, 4, 34},
    {"layers: { fc1: { strategy: event } }\n", NH_C_CONFLICT, 4, 28},
    {"layers: { fc1: { strategy: distributed_arithmetic } }\n", NH_C_STRATEGY, 4, 28},
};

Test(resolve, rules_that_cannot_apply_are_one_error_at_their_place) {
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        reading r;
        bool ok;
        resolved(&r, bad[i].text, &ok);
        cr_assert_not(ok, "case %zu", i);
        cr_assert_eq(r.d->n_error, 1, "case %zu: %zu errors", i, r.d->n_error);
        cr_assert(reported(&r, bad[i].code, bad[i].line, bad[i].col), "case %zu: %s at %d:%d", i, r.d->item[0].message,
                  r.d->item[0].at.line, r.d->item[0].at.col);
        done(&r);
    }
}

Test(resolve, a_pattern_without_layers_gets_a_suggestion) {
    reading r;
    bool ok;
    resolved(&r, "layers: { fx1: { weight_bits: 4 } }\n", &ok);
    cr_assert_str_eq(r.d->item[0].hint, "did you mean 'fc1'?");
    done(&r);
}

Test(resolve, reuse_with_latency_is_a_warning_only_where_it_was_asked_for) {
    reading r;
    bool ok;
    resolved(&r, "layers: { fc1: { strategy: latency, reuse_factor: 8 } }\n", &ok);
    cr_assert(ok);
    cr_assert(reported(&r, NH_C_NO_EFFECT, 4, 51));
    done(&r);
    resolved(&r, "defaults: { reuse_factor: 1, multiplier_bits: 16, table_size: 1024 }\n", &ok);
    cr_assert(ok);
    cr_assert_eq(r.d->n_warning, 0, "defaults written out say nothing");
    done(&r);
    resolved(&r, "defaults: { reuse_factor: 8 }\nlayers: { fc2: { strategy: resource } }\n", &ok);
    cr_assert(ok);
    cr_assert_eq(r.d->n_warning, 0, "one layer uses it");
    done(&r);
}

Test(resolve, keys_that_decide_nothing_are_warnings_at_their_place) {
    static const struct {
        const char *text;
        int line, col;
    } row[] = {
        {"defaults: { reuse_factor: 8 }\n", 4, 27},
        {"defaults: { multiplier_bits: 9 }\n", 4, 30},
        {"defaults: { numerics: snntorch }\n", 4, 23},
        {"defaults: { weight: \"fixed<8,1>\", weight_bits: 4 }\n", 4, 48},
        {"layers: { fc1: { multiplier_bits: 9 } }\n", 4, 35},
        {"defaults: { reuse_factor: 8 }\nlayers: { \"fc*\": { strategy: resource, reuse_factor: 2 } }\n", 4, 27},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        reading r;
        bool ok;
        resolved(&r, row[i].text, &ok);
        cr_assert(ok);
        cr_assert(r.d->n_warning == 1 && reported(&r, NH_C_NO_EFFECT, row[i].line, row[i].col), "row %zu: %zu warnings",
                  i, r.d->n_warning);
        done(&r);
    }
}

Test(resolve, a_pattern_may_set_keys_that_some_of_its_layers_lack) {
    reading r;
    bool ok;
    resolved(&r, "layers: { \"*\": { weight_bits: 4, table_size: 64 } }\n", &ok);
    cr_assert(ok);
    cr_assert_eq(r.d->count, 0);
    done(&r);
}

/* An exponential matcher, obviously right: the second algorithm. */
static bool match_slow(const char *glob, const char *name) {
    if (*glob == '*') return match_slow(glob + 1, name) || (*name && match_slow(glob, name + 1));
    if (*glob == '\\' && glob[1]) return *name == glob[1] && match_slow(glob + 2, name + 1);
    if (!*glob || !*name) return !*glob && !*name;
    return (*glob == '?' || *glob == *name) && match_slow(glob + 1, name + 1);
}

/* All words over the letters of `from` with up to n characters, by counting in that base. */
static void word(const char *from, unsigned index, char *out) {
    unsigned base = (unsigned)strlen(from) + 1, n = 0;
    for (; index; index /= base)
        if (index % base) out[n++] = from[index % base - 1];
    out[n] = '\0';
}

Test(glob, equals_the_obvious_matcher_on_all_short_words) {
    for (unsigned g = 0; g < 7776; g++) { /* 6^5 patterns over ab*?\ */
        char glob[8], name[8];
        word("ab*?\\", g, glob);
        for (unsigned n = 0; n < 256; n++) {
            word("ab*", n, name);
            cr_assert_eq(nh_glob_match(glob, name), match_slow(glob, name), "%s %s", glob, name);
        }
    }
}

Test(glob, hostile_patterns_end_soon) {
    char glob[2001], name[2001];
    for (int i = 0; i < 2000; i++) {
        glob[i] = i % 2 ? 'a' : '*';
        name[i] = 'a';
    }
    glob[1999] = 'b';
    glob[2000] = name[2000] = '\0';
    cr_assert_not(nh_glob_match(glob, name));
}

Test(glob, a_question_mark_is_one_utf8_character) {
    cr_assert(nh_glob_match("?", "\xc3\xa9"));
    cr_assert(nh_glob_match("a?c", "a\xe2\x82\xac"
                                   "c"));
    cr_assert_not(nh_glob_match("??", "\xc3\xa9"));
    cr_assert_eq(nh_glob_literals("a*\\*\xc3\xa9?"), 3);
}
