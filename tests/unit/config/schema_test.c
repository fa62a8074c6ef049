/* The JSON Schema and the `init` file come from the table of keys: they must agree with the reader. */
#include <criterion/criterion.h>

#include "schema.h"
#include "support.h"

static char *printed(nh_arena *a, void (*print)(FILE *, void *), void *ctx) {
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    print(f, ctx);
    fclose(f);
    char *copy = nh_arena_strn(a, text, size);
    free(text);
    return copy;
}

static void print_schema(FILE *f, void *ctx) {
    (void)ctx;
    nh_config_schema(f);
}

static void expect_key(const char *schema, const nh_section *s) {
    for (int i = 0; i < s->n_key; i++) {
        char quoted[64];
        snprintf(quoted, sizeof quoted, "\"%s\": {\"description\"", s->key[i].name);
        cr_assert_not_null(strstr(schema, quoted), "%s", quoted);
        if (s->key[i].section) expect_key(schema, s->key[i].section);
    }
}

Test(schema, lists_every_key_of_every_section) {
    nh_arena *a = nh_arena_new();
    expect_key(printed(a, print_schema, NULL), &nh_config_section);
    nh_arena_free(a);
}

/* The YAML reader reads JSON too, so it is the second parser of the schema: brackets and quotes are right. */
Test(schema, is_well_formed) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    const char *text = printed(a, print_schema, NULL);
    const nh_yaml *root = nh_yaml_read(a, d, "schema", (nh_bytes){.data = (const uint8_t *)text, .size = strlen(text)});
    cr_assert_eq(d->count, 0);
    cr_assert_str_eq(nh_yaml_get(root, "type")->text, "object");
    const nh_yaml *defs = nh_yaml_get(root, "$defs");
    const nh_yaml *strategy = nh_yaml_get(nh_yaml_get(nh_yaml_get(defs, "layer"), "properties"), "strategy");
    cr_assert_str_eq(nh_yaml_get(strategy, "default")->text, "latency");
    cr_assert_eq(nh_yaml_get(strategy, "enum")->kind, NH_YAML_LIST);
    for (const char *name = "layer\0input\0budget\0spiking\0calibrate\0simulate\0require\0"; *name;
         name += strlen(name) + 1)
        cr_assert_str_eq(nh_yaml_get(nh_yaml_get(defs, name), "additionalProperties")->text, "false");
    nh_arena_free(a);
}

static bool is_sane(const nh_section *s) {
    if (s->n_key > NH_KEYS_MAX) return false;
    for (int i = 0; i < s->n_key; i++) {
        const nh_key *k = &s->key[i];
        if (!k->doc || strpbrk(k->doc, "\"\\\n") ||
            ((k->type == NH_KEY_SECTION || k->type == NH_KEY_LAYERS) != (k->section != NULL)))
            return false;
        if (k->section && !is_sane(k->section)) return false;
        for (int j = 0; j < i; j++)
            if (strcmp(k->name, s->key[j].name) == 0) return false;
    }
    return true;
}

/* Data of events may be folders and lists, labels lines of a text, calibration arrays too: what the schema's patterns
 * end in. */
Test(schema, files_that_may_be_folders_are_those_of_events) {
    nh_arena *a = nh_arena_new();
    const char *text = printed(a, print_schema, NULL), *section = strstr(text, "\"simulate\""),
               *labels = section ? strstr(section, "\"labels\"") : NULL;
    cr_assert(section && labels);
    const char *inputs = strstr(section, "\"inputs\""), *end = strchr(labels, '\n');
    cr_assert(inputs && inputs < labels && end);
    cr_assert_not_null(strstr(inputs, "(npy|npz|npz:.+|bs2|txt)$|/$"));
    cr_assert_lt(strstr(inputs, "|/$") - inputs, labels - inputs);
    const char *of_labels = nh_arena_strn(a, labels, (size_t)(end - labels));
    cr_assert_not_null(strstr(of_labels, "(npy|npz|npz:.+|txt)$\""), "%s", of_labels);
    nh_arena_free(a);
}

Test(schema, tables_have_a_comment_for_every_key_and_no_key_twice) {
    cr_assert(is_sane(&nh_config_section));
    cr_assert(is_sane(&nh_target_section));
}

/* A model whose layer names need every kind of care. */
static nh_graph *odd_graph(nh_arena *a) {
    static const char *const name[] = {
        "in", "fc*?", "a \"quoted\" \\ name", "tab\tand\nnewline", "bad \xff utf8", "caf\xc3\xa9 #1: {x}", "* &a !t"};
    nh_graph *g = nh_graph_new(a, "odd");
    for (int i = 0; i < 7; i++) {
        nh_layer l = {.name = name[i], .op = i ? NH_OP_DENSE : NH_OP_INPUT, .n_in = i > 0};
        l.in[0] = i - 1;
        l.out = nh_graph_add_tensor(g, name[i], (nh_shape){.rank = 1, .dim = {i == 3 ? 2000 : 4}}, NH_EDGE_FRAME);
        if (i) {
            l.weight = NH_NEW(a, nh_param);
            l.weight->shape = (nh_shape){.rank = 2, .dim = {i == 3 ? 2000 : 4, i == 4 ? 2000 : 4}};
        }
        nh_graph_add_layer(g, l);
    }
    g->input = 0;
    g->output = 6;
    return g;
}

static void print_init(FILE *f, void *g) { nh_config_init(g, "dir/my \"model\" \\.onnx", "odd", f); }

Test(init, writes_a_file_that_reads_without_a_word_and_names_every_layer) {
    nh_arena *a = nh_arena_new();
    nh_graph *g = odd_graph(a);
    const char *text = printed(a, print_init, g);
    reading r = read_text(text);
    cr_assert_not_null(r.o, "%s\n%s", r.d->count ? r.d->item[0].message : "", text);
    cr_assert_eq(r.d->count, 0);
    cr_assert_str_eq(r.o->model, nh_path_join(a, r.dir, "dir/my \"model\" \\.onnx"));
    cr_assert_eq(r.o->n_rule, 6);
    for (size_t i = 0; i < r.o->n_rule; i++)
        cr_assert(nh_glob_match(r.o->rule[i].glob, g->layer[i + 1].name), "%s", r.o->rule[i].glob);
    cr_assert(nh_config_resolve(r.o, g, r.d), "%s", r.d->count ? r.d->item[0].message : "");
    cr_assert_eq(g->layer[1].opt.strategy, NH_STRATEGY_LATENCY);
    cr_assert_eq(g->layer[3].opt.strategy, NH_STRATEGY_RESOURCE, "8000 weights are not unrolled");
    cr_assert_eq(g->layer[3].opt.reuse_factor, 4);
    done(&r);
    nh_arena_free(a);
}
