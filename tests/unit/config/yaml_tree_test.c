#include <criterion/criterion.h>

#include "support.h"
#include "yaml_tree.h"

static nh_yaml *tree(nh_arena *a, nh_diag *d, const char *text) {
    return nh_yaml_read(a, d, "t.yaml", (nh_bytes){.data = (const uint8_t *)text, .size = strlen(text)});
}

Test(yaml_tree, nodes_carry_their_line_and_column) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_yaml *root = tree(a, d, "a: 1\nb:\n  c: [x, \"y\"]\n");
    const nh_yaml *list = nh_yaml_get(nh_yaml_get(root, "b"), "c");
    cr_assert_eq(d->count, 0);
    cr_assert_eq(list->at.line, 3);
    cr_assert_eq(list->at.col, 6);
    cr_assert(list->first->plain);
    cr_assert_not(list->last->plain);
    cr_assert_eq(list->last->at.col, 10);
    nh_arena_free(a);
}

/* Text, code, line, column. */
static const struct {
    const char *text;
    nh_code code;
    int line, col;
} bad[] = {
    {"a: [1\n", NH_C_SYNTAX, 2, 1},
    {"a: 1\n\tb: 2\n", NH_C_SYNTAX, 2, 1},
    {"", NH_C_SYNTAX, 1, 1},
    {"# only a comment\n", NH_C_SYNTAX, 1, 1},
    {"a: &x 1\n", NH_C_FEATURE, 1, 4},
    {"a: 1\nb: *x\n", NH_C_FEATURE, 2, 4},
    {"a: !!str 1\n", NH_C_FEATURE, 1, 4},
    {"a: !mine {b: 1}\n", NH_C_FEATURE, 1, 4},
    {"a: 1\n---\nb: 2\n", NH_C_FEATURE, 2, 1},
    {"a: 1\nb: 2\na: 3\n", NH_C_DUPLICATE, 3, 1},
    {"l: {a: 1, b: 2, \"a\": 3}\n", NH_C_DUPLICATE, 1, 17},
    {"? [1, 2]\n: 3\n", NH_C_TYPE, 1, 3},
    {"a: \"x\\0y\"\n", NH_C_ENCODING, 1, 4},
    {"a: \"x\\ny\"\n", NH_C_ENCODING, 1, 4},
    {"a: \"x\\e[31m\"\n", NH_C_ENCODING, 1, 4},
    {"a: b\n\xff\xfe: c\n", NH_C_ENCODING, 2, 1},
    {"a: \xc3\x28\n", NH_C_ENCODING, 1, 5},
};

Test(yaml_tree, refuses_what_a_configuration_must_not_have_at_its_place) {
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nh_arena *a = nh_arena_new();
        nh_diag *d = nh_diag_new(a);
        tree(a, d, bad[i].text);
        cr_assert_geq(d->count, 1, "case %zu", i);
        cr_assert_eq(d->item[0].code, bad[i].code, "case %zu: %s", i, d->item[0].message);
        cr_assert_eq(d->item[0].at.line, bad[i].line, "case %zu: line %d", i, d->item[0].at.line);
        cr_assert_eq(d->item[0].at.col, bad[i].col, "case %zu: col %d", i, d->item[0].at.col);
        nh_arena_free(a);
    }
}

Test(yaml_tree, depth_is_limited_to_64) {
    nh_arena *a = nh_arena_new();
    for (int depth = 64; depth <= 65; depth++) {
        nh_diag *d = nh_diag_new(a);
        char text[200] = {0};
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        nh_yaml *root = tree(a, d, text);
        cr_assert_eq(root != NULL, depth == 64);
        if (depth == 65) cr_assert_eq(d->item[0].code, NH_C_LIMIT);
    }
    nh_arena_free(a);
}

Test(yaml_tree, number_of_values_is_limited) {
    nh_arena *a = nh_arena_new();
    for (size_t n = NH_YAML_LIMIT_NODES - 1; n <= NH_YAML_LIMIT_NODES; n++) { /* and the list itself */
        nh_diag *d = nh_diag_new(a);
        char *text = nh_arena_alloc(a, 2 * n + 2);
        for (size_t i = 0; i < n; i++) memcpy(text + 2 * i, "1,", 2);
        nh_yaml *root = tree(a, d, nh_arena_printf(a, "[%s]", text));
        cr_assert_eq(root != NULL, n == NH_YAML_LIMIT_NODES - 1, "%zu values", n);
    }
    nh_arena_free(a);
}

Test(yaml_tree, many_keys_are_compared_fast) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    char *text = nh_arena_alloc(a, 30000 * 12), *at = text;
    for (int i = 0; i < 30000; i++) at += sprintf(at, "k%05d: 1\n", i % 29999);
    cr_assert_not_null(tree(a, d, text));
    cr_assert_eq(d->n_error, 1);
    cr_assert_eq(d->item[0].at.line, 30000);
    nh_arena_free(a);
}
