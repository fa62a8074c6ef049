/* Every model of tests/fixtures/onnx: what must be read, and what must be refused where. The expectations
 * were computed by make_models.py with numpy. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "reader.h"

#define FIXTURES NH_SOURCE_DIR "/tests/fixtures/onnx/"

static void put_numbers(FILE *out, const nh_param *p) {
    for (int64_t i = 0; i < nh_shape_size(p->shape); i++) fprintf(out, " %.17g", p->value[i]);
    fputc('\n', out);
}

static void put_name(FILE *out, const char *name) {
    for (; *name; name++)
        if (*name == '\n')
            fputs("\\n", out);
        else
            fputc(*name, out);
}

static void put_layer(FILE *out, const nh_graph *g, const nh_layer *l) {
    char buf[96];
    fprintf(out, "%s '", l->op == NH_OP_INPUT ? "input" : nh_op_get(l->op)->text);
    put_name(out, l->name);
    fprintf(out, "' %s", nh_shape_print(g->tensor[l->out].shape, buf));
    if (l->n_axes) fprintf(out, " axis %d %d", l->axis, l->n_axes);
    if (l->alpha != 0) fprintf(out, " alpha %.17g", l->alpha);
    if (l->beta != 0) fprintf(out, " beta %.17g", l->beta);
    const nh_window *w = &l->window;
    if (nh_op_has_window(l->op))
        fprintf(out, " kernel %d %d stride %d %d pad %d %d to %d %d dilation %d %d groups %d", (int)w->kernel[0],
                (int)w->kernel[1], (int)w->stride[0], (int)w->stride[1], (int)w->pad_before[0], (int)w->pad_before[1],
                (int)w->pad_after[0], (int)w->pad_after[1], (int)w->dilation[0], (int)w->dilation[1], (int)w->groups);
    if (l->op == NH_OP_CLIP) fprintf(out, " lo %g hi %g", l->lo, l->hi);
    fputc('\n', out);
    if (l->weight) {
        fprintf(out, "  weight %s:", nh_shape_print(l->weight->shape, buf));
        put_numbers(out, l->weight);
    }
    if (l->bias) {
        fprintf(out, "  bias %s:", nh_shape_print(l->bias->shape, buf));
        put_numbers(out, l->bias);
    }
}

static char *describe(nh_arena *a, const nh_graph *g) {
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (int i = 0; i < g->n_layer; i++) put_layer(out, g, &g->layer[i]);
    fclose(out);
    char *copy = nh_arena_str(a, text);
    free(text);
    return copy;
}

static const char *print_errors(nh_arena *a, const nh_diag *d) {
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    nh_diag_print(d, NH_ERROR, false, out);
    fclose(out);
    char *copy = nh_arena_str(a, text);
    free(text);
    return copy;
}

typedef void check_fn(nh_arena *a, const char *name, nh_graph *g, nh_diag *d, const char *expect);

static int for_each_model(const char *folder, check_fn *check) {
    int n = 0;
    DIR *dir = opendir(folder);
    cr_assert(dir, "%s", folder);
    for (struct dirent *e; (e = readdir(dir));) {
        char *dot = strrchr(e->d_name, '.');
        if (!dot || strcmp(dot, ".onnx") != 0) continue;
        nh_arena *a = nh_arena_new();
        nh_diag *d = nh_diag_new(a);
        nh_bytes expect;
        const char *base = nh_arena_strn(a, e->d_name, (size_t)(dot - e->d_name));
        cr_assert(nh_file_read(a, d, NH_NOWHERE, nh_arena_printf(a, "%s/%s.expect", folder, base), 1 << 20, &expect));
        nh_graph *g = nh_model_read(a, d, NH_NOWHERE, nh_arena_printf(a, "%s/%s.onnx", folder, base), NULL);
        check(a, base, g, d, (const char *)expect.data);
        nh_arena_free(a);
        n++;
    }
    closedir(dir);
    return n;
}

static void check_good(nh_arena *a, const char *name, nh_graph *g, nh_diag *d, const char *expect) {
    cr_assert(g, "%s: %s", name, print_errors(a, d));
    const char *why = nh_graph_check(g, a);
    cr_assert(!why, "%s: %s", name, why);
    const char *got = describe(a, g);
    cr_assert(strcmp(got, expect) == 0, "%s: expected\n%s\ngot\n%s", name, expect, got);
}

/* One line per error: its id, a blank, and text that its place, message or finding holds. */
static void check_bad(nh_arena *a, const char *name, nh_graph *g, nh_diag *d, const char *expect) {
    cr_assert(!g, "%s was read", name);
    cr_assert_eq(nh_diag_exit(d), NH_EXIT_INPUT, "%s", name);
    size_t n = 0;
    for (const char *line = expect; *line; n++) {
        size_t size = strcspn(line, "\n");
        const char *id = nh_arena_strn(a, line, 4), *word = nh_arena_strn(a, line + 5, size - 5);
        bool found = false;
        for (size_t i = 0; i < d->count; i++) {
            const nh_diag_item *item = &d->item[i];
            const char *all = nh_arena_printf(a, "%s %s %s", item->at.path ? item->at.path : "", item->message,
                                              item->found ? item->found : "");
            const char *space = strstr(word, "' ["); /* a place and a position: both must be there */
            const char *first = space ? nh_arena_strn(a, word, (size_t)(space - word) + 1) : word;
            found = found || (strcmp(nh_code_get(item->code)->id, id) == 0 && strstr(all, first) &&
                              (!space || strstr(all, space + 2)));
        }
        cr_assert(found, "%s: no error %s with \"%s\" in\n%s", name, id, word, print_errors(a, d));
        line += size + 1;
    }
    cr_assert_eq(d->n_error, n, "%s: %zu errors, expected %zu\n%s", name, d->n_error, n, print_errors(a, d));
}

Test(onnx, reads_every_good_model_as_numpy_says) { cr_assert_geq(for_each_model(FIXTURES "good", check_good), 30); }

Test(onnx, refuses_every_bad_model_at_the_right_place) { cr_assert_geq(for_each_model(FIXTURES "bad", check_bad), 70); }
