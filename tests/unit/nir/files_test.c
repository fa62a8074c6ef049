/* Every file of tests/fixtures/nir: what must be read, and what must be refused where. The expectations were written by
 * hand in make_files.py; their numbers come from numpy. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "reader.h"

#define FIXTURES NH_SOURCE_DIR "/tests/fixtures/nir/"

static void put_name(FILE *out, const char *name) {
    for (; *name; name++)
        if (*name == '\n')
            fputs("\\n", out);
        else
            fputc(*name, out);
}

static void put_list(FILE *out, const char *label, const double *v, int64_t n) {
    fputs(label, out);
    for (int64_t i = 0; i < n; i++) fprintf(out, "%s%.17g", i ? "," : "", v[i]);
}

static void put_param(FILE *out, const char *label, const nh_param *p) {
    char buf[96];
    if (!p) return;
    fprintf(out, " %s %s:", label, nh_shape_print(p->shape, buf));
    put_list(out, " ", p->value, nh_shape_size(p->shape));
}

static void put_window(FILE *out, const nh_layer *l) {
    const nh_window *w = &l->window;
    if (l->op != NH_OP_CONV && l->op != NH_OP_SUMPOOL && l->op != NH_OP_AVGPOOL) return;
    fprintf(out, " kernel %d,%d stride %d,%d before %d,%d after %d,%d dilation %d,%d groups %d", (int)w->kernel[0],
            (int)w->kernel[1], (int)w->stride[0], (int)w->stride[1], (int)w->pad_before[0], (int)w->pad_before[1],
            (int)w->pad_after[0], (int)w->pad_after[1], (int)w->dilation[0], (int)w->dilation[1], (int)w->groups);
}

static void put_neuron(FILE *out, const nh_neuron *n) {
    if (!n) return;
    if (n->kind == NH_KIND_PROGRAM) {
        fprintf(out, " program %s", n->program->name);
        put_list(out, " ", n->param[0].value, n->param[0].n);
        return;
    }
    fputc(' ', out);
    for (const char *p = nh_neuron_kind_text(n->kind); *p; p++) fputc(*p | 0x20, out);
    for (int i = 0; i < n->n_ode; i++) {
        fprintf(out, " %s=", n->ode[i].name);
        put_list(out, "", n->ode[i].value, n->ode[i].n);
    }
}

static void put_layer(FILE *out, const nh_graph *g, const nh_layer *l) {
    static const char *const kinds[] = {"", " spike", " graded"};
    char buf[96];
    fprintf(out, "%s '", nh_op_get(l->op)->text);
    put_name(out, l->name);
    fprintf(out, "' %s", nh_shape_print(g->tensor[l->out].shape, buf));
    for (int i = 0; i < l->n_in; i++) {
        fputs(i ? " " : " <- ", out);
        put_name(out, g->tensor[l->in[i]].name);
    }
    put_param(out, "weight", l->weight);
    put_param(out, "bias", l->bias);
    put_window(out, l);
    put_neuron(out, l->neuron);
    for (int64_t i = 0; i < l->n_delay; i++) fprintf(out, "%s%d", i ? "," : " steps ", (int)l->delay[i]);
    fprintf(out, "%s\n", kinds[g->tensor[l->out].kind]);
}

static char *describe(nh_arena *a, const nh_graph *g) {
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (int i = 0; i < g->n_layer; i++) put_layer(out, g, &g->layer[i]);
    fputs("output ", out);
    put_name(out, g->tensor[g->output].name);
    fputc('\n', out);
    fclose(out);
    char *copy = nh_arena_str(a, text);
    free(text);
    return copy;
}

static const char *print_all(nh_arena *a, const nh_diag *d) {
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    nh_diag_print(d, NH_NOTE, false, out);
    fclose(out);
    char *copy = nh_arena_str(a, text);
    free(text);
    return copy;
}

/* Lines "M150 word": each names a diagnostic whose place, message or finding holds the word; and there are no others of
 * severity `least` to `most`. */
static void check_items(nh_arena *a, const char *name, const nh_diag *d, const char *expect, nh_severity least,
                        nh_severity most) {
    size_t n = 0, total = 0;
    for (const char *line = expect; *line; n++) {
        size_t size = strcspn(line, "\n");
        const char *id = nh_arena_strn(a, line, 4), *word = nh_arena_strn(a, line + 5, size - 5);
        bool found = false;
        for (size_t i = 0; i < d->count && !found; i++) {
            const nh_diag_item *item = &d->item[i];
            const char *all = nh_arena_printf(a, "%s %s %s", item->at.path ? item->at.path : "", item->message,
                                              item->found ? item->found : "");
            found = strcmp(nh_code_get(item->code)->id, id) == 0 && strstr(all, word);
            if (found)
                cr_assert(item->at.file && item->at.path && item->at.path[0] == '/', "%s: %s has no place", name, id);
        }
        cr_expect(found, "%s: no %s with \"%s\" in\n%s", name, id, word, print_all(a, d));
        line += size + (line[size] == '\n');
    }
    for (size_t i = 0; i < d->count; i++) {
        nh_severity s = nh_code_get(d->item[i].code)->severity;
        total += s >= least && s <= most && d->item[i].code != NH_M_H5_SANDBOX;
    }
    cr_expect_eq(total, n, "%s: %zu diagnostics, expected %zu\n%s", name, total, n, print_all(a, d));
}

typedef void check_fn(nh_arena *a, const char *name, nh_graph *g, nh_diag *d, char *expect);

static int for_each_file(const char *folder, check_fn *check) {
    int n = 0;
    DIR *dir = opendir(folder);
    cr_assert(dir, "%s", folder);
    for (struct dirent *e; (e = readdir(dir));) {
        char *dot = strrchr(e->d_name, '.');
        if (!dot || strcmp(dot, ".nir") != 0) continue;
        nh_arena *a = nh_arena_new();
        nh_diag *d = nh_diag_new(a);
        nh_bytes expect;
        const char *base = nh_arena_strn(a, e->d_name, (size_t)(dot - e->d_name));
        cr_assert(nh_file_read(a, d, NH_NOWHERE, nh_arena_printf(a, "%s/%s.expect", folder, base), 1 << 20, &expect));
        nh_graph *g = nh_model_read(a, d, NH_NOWHERE, nh_arena_printf(a, "%s/%s.nir", folder, base), NULL);
        check(a, base, g, d, nh_arena_strn(a, (const char *)expect.data, expect.size));
        nh_arena_free(a);
        n++;
    }
    closedir(dir);
    return n;
}

/* Cuts the lines "! M150 word" off; they are the last ones. Returns them without the "! ". */
static const char *split_notes(nh_arena *a, char *expect) {
    const char *notes = "";
    char *line = strstr(expect, "\n! ");
    if (!line) return notes;
    for (char *next = line + 1; *next; next += strcspn(next, "\n") + 1)
        notes = nh_arena_printf(a, "%s%.*s\n", notes, (int)strcspn(next, "\n") - 2, next + 2);
    line[1] = 0;
    return notes;
}

static void check_good(nh_arena *a, const char *name, nh_graph *g, nh_diag *d, char *expect) {
    const char *notes = split_notes(a, expect);
    cr_expect(g, "%s: %s", name, print_all(a, d));
    if (!g) return;
    const char *why = nh_graph_check(g, a);
    cr_expect(!why, "%s: %s", name, why);
    cr_assert(nh_graph_has_steps(g) && g->steps == 0, "%s", name);
    const char *got = describe(a, g);
    cr_expect(strcmp(got, expect) == 0, "%s: expected\n%s\ngot\n%s", name, expect, got);
    check_items(a, name, d, notes, NH_NOTE, NH_WARNING);
}

static void check_bad(nh_arena *a, const char *name, nh_graph *g, nh_diag *d, char *expect) {
    cr_expect(!g, "%s was read", name);
    cr_expect_eq(nh_diag_exit(d), NH_EXIT_INPUT, "%s", name);
    check_items(a, name, d, expect, NH_ERROR, NH_ERROR);
}

Test(nir, reads_every_good_file_as_the_specification_says) {
    cr_assert_geq(for_each_file(FIXTURES "good", check_good), 40);
}

Test(nir, refuses_every_bad_file_at_the_right_place) { cr_assert_geq(for_each_file(FIXTURES "bad", check_bad), 60); }
