#include "graph.h"
#include "graph_text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static nh_shape vector(int64_t n) { return (nh_shape){1, {n}}; }

static nh_param *param(nh_arena *a, const char *name, nh_shape shape, const double *value) {
    nh_param *p = NH_NEW(a, nh_param);
    p->name = name;
    p->shape = shape;
    p->value = value;
    return p;
}

static const double weights[6] = {0.5, -1, 0.1, 1e-300, 3, -0.0};
static const double biases[2] = {1, -2.25};

static int add(nh_graph *g, const char *name, nh_op op, int in, nh_shape shape, nh_param *w, nh_param *b) {
    int out = nh_graph_add_tensor(g, name, shape, NH_EDGE_FRAME);
    nh_layer l = {.name = name, .op = op, .n_in = in >= 0, .in = {in < 0 ? 0 : in}, .out = out, .weight = w, .bias = b};
    nh_graph_add_layer(g, l);
    return out;
}

/* input[3] -> identity -> dense[2] -> relu */
static nh_graph *small(nh_arena *a) {
    nh_graph *g = nh_graph_new(a, "a \"name\"\n");
    g->input = add(g, "x", NH_OP_INPUT, -1, vector(3), NULL, NULL);
    int t = add(g, "Drop/Out 1", NH_OP_IDENTITY, g->input, vector(3), NULL, NULL);
    t = add(g, "fc1\\\x01", NH_OP_DENSE, t, vector(2), param(a, "w", (nh_shape){2, {2, 3}}, weights),
            param(a, "b", vector(2), biases));
    g->output = add(g, "relu", NH_OP_RELU, t, vector(2), NULL, NULL);
    return g;
}

static char *text_of(const nh_graph *g, bool values) {
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    nh_graph_print(g, values, f);
    fclose(f);
    return text;
}

Test(shape, sizes_and_text) {
    char buf[96];
    nh_shape s = {3, {64, 8, 8}}, scalar = {0}, huge = {3, {1 << 20, 1 << 20, 2}}, negative = {1, {-1}};
    cr_expect_eq(nh_shape_size(s), 4096);
    cr_expect_eq(nh_shape_size(scalar), 1);
    cr_expect_eq(nh_shape_size(huge), -1);
    cr_expect_eq(nh_shape_size(negative), -1);
    cr_expect_eq(nh_shape_size((nh_shape){4, {INT64_MAX, INT64_MAX, 3, 3}}), -1);
    cr_expect_str_eq(nh_shape_print(s, buf), "64x8x8");
    cr_expect_str_eq(nh_shape_print(scalar, buf), "scalar");
    nh_shape longest = {8, {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX}};
    cr_expect(strlen(nh_shape_print(longest, buf)) < 96);
}

Test(graph, mangles_any_name_to_an_identifier) {
    static const struct {
        const char *name, *mangled;
    } cases[] = {{"fc1", "fc1"},
                 {"", "x"},
                 {"../../etc", "etc"},
                 {"\"; rm -rf /", "rm_rf"},
                 {"\xc3\xa9t\xc3\xa9", "t"},
                 {"Layer/MatMul:0", "layer_matmul_0"},
                 {"___", "x"},
                 {"abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwx"}};
    nh_arena *a = nh_arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_str_eq(nh_mangle(a, cases[i].name), cases[i].mangled);
    nh_arena_free(a);
}

Test(graph, gives_ids_and_counts_consumers) {
    nh_arena *a = nh_arena_new();
    nh_graph *g = small(a);
    cr_expect_str_eq(g->layer[1].id, "n1_drop_out_1");
    cr_expect_eq(g->tensor[0].n_consumers, 1);
    cr_expect_eq(g->tensor[3].n_consumers, 0);
    cr_expect_eq(nh_graph_find(g, "relu"), 3);
    cr_expect_eq(nh_graph_find(g, "nope"), -1);
    cr_expect_null(nh_graph_check(g, a));
    nh_arena_free(a);
}

Test(graph, removes_a_layer_and_joins_its_ends) {
    nh_arena *a = nh_arena_new();
    nh_graph *g = small(a);
    nh_graph_remove_layer(g, 1);
    cr_expect_null(nh_graph_check(g, a));
    cr_expect(g->n_layer == 3 && g->n_tensor == 3 && g->output == 2 && g->layer[1].in[0] == 0);
    cr_expect_str_eq(g->layer[1].id, "n1_fc1");
    nh_graph_remove_layer(g, 2);
    cr_expect_null(nh_graph_check(g, a));
    cr_expect_eq(g->output, 1);
    nh_arena_free(a);
}

Test(print, reads_back_to_the_same_text) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    nh_graph *g = small(a);
    static const int64_t raw[6] = {64, -128, 13, 0, 127, 0}, mul[2] = {3, 32768};
    static const double scale[2] = {1, 0.1};
    g->tensor[1].q = (nh_quant){true, nh_format_make(false, 8, 0, NH_ROUND_RND, NH_OVERFLOW_SAT), 1 / 255.0};
    g->tensor[1].range = (nh_range){-1, 200};
    g->tensor[1].range.lo = 0;
    g->tensor[2].calibrated = true;
    g->tensor[2].cal_min = -0.1;
    g->tensor[2].cal_max = 1e30;
    nh_layer *l = &g->layer[2];
    l->opt =
        (nh_layer_options){.strategy = NH_STRATEGY_RESOURCE, .reuse_factor = 7, .weight_bits = 6, .table_size = 1024};
    l->opt.weight.is_auto = true;
    l->opt.result.fmt = nh_format_make(true, 16, 6, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    l->opt.granularity = NH_PER_CHANNEL;
    l->weight->fmt = nh_format_make(true, 8, 1, NH_ROUND_RND_CONV, NH_OVERFLOW_SAT);
    l->weight->raw = raw;
    l->weight->scale = scale;
    l->weight->overflow = (nh_fx_count){.n = 6, .overflowed = 1};
    l->accum = nh_format_make(true, 30, 12, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    l->accum_exact = true;
    l->requant_mul = nh_arena_alloc(a, sizeof mul);
    memcpy(l->requant_mul, mul, sizeof mul);
    l->requant_shift = -3;
    l->result_overflow = (nh_fx_count){.n = 100, .overflowed = 2};

    char *first = text_of(g, true);
    nh_graph *again = nh_graph_parse(a, d, "g.txt", first);
    nh_diag_print(d, NH_NOTE, false, stderr);
    cr_assert_not_null(again);
    char *second = text_of(again, true);
    cr_expect_str_eq(first, second);
    cr_expect_str_eq(again->name, g->name);
    cr_expect_str_eq(again->layer[2].name, g->layer[2].name);
    cr_expect_eq(again->layer[2].weight->raw[1], -128);
    cr_expect_eq(again->layer[2].weight->value[3], 1e-300);
    cr_expect_eq(again->layer[2].requant_mul[1], 32768);
    cr_expect(again->tensor[1].range.hi == 200 && again->tensor[1].q.scale == 1 / 255.0);
    cr_expect(nh_format_equal(again->layer[2].opt.result.fmt, l->opt.result.fmt) && again->layer[2].opt.weight.is_auto);

    char *without = text_of(g, false);
    cr_expect_null(strstr(without, "1e-300"));
    l->weight->value = (const double[6]){0.5, -1, 0.1, 1e-300, 3, 0.0}; /* only the sign of a zero differs */
    char *other = text_of(g, false);
    cr_expect_str_neq(without, other, "the hash must see every bit");
    free(first), free(second), free(without), free(other);
    nh_arena_free(a);
}

/* Every prefix and every one-character change: a diagnostic or a valid graph, never a crash. */
Test(parse, survives_damaged_text) {
    nh_arena *a = nh_arena_new();
    char *text = text_of(small(a), true);
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 4; k++) {
            nh_arena *b = nh_arena_new();
            nh_diag *d = nh_diag_new(b);
            char *broken = nh_arena_str(b, text);
            broken[i] = "\0 9\""[k];
            nh_graph *g = nh_graph_parse(b, d, "g.txt", broken);
            cr_assert(g ? d->n_error == 0 : d->n_error == 1);
            nh_arena_free(b);
        }
    free(text);
    nh_arena_free(a);
}

Test(parse, tells_the_place) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    cr_assert_null(nh_graph_parse(a, d, "g.txt", "graph \"g\" input 0 output 0\ntensor \"x\" fram 3\nend\n"));
    cr_expect_eq(d->item[0].code, NH_O_BUG);
    cr_expect(d->item[0].at.line == 2 && d->item[0].at.col == 12);
    nh_arena_free(a);
}

Test(check, finds_every_kind_of_damage) {
    for (int damage = 0;; damage++) {
        nh_arena *a = nh_arena_new();
        nh_graph *g = small(a);
        const char *want = NULL;
        switch (damage) {
        case 0:
            g->output = 9;
            want = "no output";
            break;
        case 1:
            g->layer[3].in[0] = 3;
            want = "later layer";
            break;
        case 2:
            g->layer[2].n_in = 2;
            want = "number of inputs";
            break;
        case 3:
            g->layer[2].weight = NULL;
            want = "weight is missing";
            break;
        case 4:
            g->layer[2].weight->shape.dim[1] = 4;
            want = "columns";
            break;
        case 5:
            g->tensor[2].shape.dim[0] = 4;
            want = "rows";
            break;
        case 6:
            g->layer[2].bias->shape.dim[0] = 3;
            want = "bias";
            break;
        case 7:
            g->tensor[3].shape.dim[0] = 1;
            want = "differ in shape";
            break;
        case 8:
            g->layer[3].name = g->layer[0].name;
            want = "twice";
            break;
        case 9:
            g->layer[3].id = "n3_\"; rm";
            want = "id";
            break;
        case 10:
            g->tensor[1].n_consumers = 2;
            want = "counted";
            break;
        case 11:
            g->tensor[1].producer = 3;
            want = "belongs";
            break;
        case 12:
            g->tensor[1].q = (nh_quant){true, {0}, 1};
            want = "1..64";
            break;
        case 13:
            g->tensor[1].q = (nh_quant){true, nh_format_make(true, 4, 4, NH_ROUND_TRN, NH_OVERFLOW_WRAP), 1};
            g->tensor[1].range = (nh_range){0, 8};
            want = "inside";
            break;
        case 14:
            g->tensor[1].q = (nh_quant){true, nh_format_make(true, 4, 4, NH_ROUND_TRN, NH_OVERFLOW_WRAP), 0};
            want = "scale";
            break;
        case 15:
            g->layer[0].op = NH_OP_COUNT;
            want = "operator";
            break;
        case 16:
            g->input = 2;
            want = "input layer";
            break;
        case 17:
            g->layer[2].out = 44;
            want = "does not exist";
            break;
        default: break;
        }
        const char *why = nh_graph_check(g, a);
        if (want) cr_expect(why && strstr(why, want), "damage %d: %s", damage, why ? why : "not seen");
        bool last = !want;
        nh_arena_free(a);
        if (last) break;
    }
}

Test(op, table_knows_its_rows) {
    for (int op = 0; op < NH_OP_COUNT; op++) {
        const nh_op_info *i = nh_op_get((nh_op)op);
        cr_expect(i->name && i->text && i->strategies != 0);
        cr_expect(i->n_inputs == (op == NH_OP_INPUT ? 0 : op == NH_OP_ADD || op == NH_OP_NEURON ? -1 : 1));
    }
    cr_expect_str_eq(nh_op_get(NH_OP_LEAKY_RELU)->text, "leaky_relu");
    cr_expect_eq(nh_op_get(NH_OP_DENSE)->strategies, NH_STRATEGY_LATENCY | NH_STRATEGY_DISTRIBUTED_ARITHMETIC |
                                                         NH_STRATEGY_RESOURCE | NH_STRATEGY_EVENT | NH_STRATEGY_HOST);
}
