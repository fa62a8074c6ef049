/* Image -> assembly. docs/assembly.md has the language. */
#include <string.h>

#include "image_parts.h"
#include "text.h"

/* In quotes; what is not printable, quotes and backslashes as \xNN. */
static void put_text(const char *s, FILE *out) {
    size_t n = strlen(s), step;
    uint32_t code;
    fputc('"', out);
    for (size_t i = 0; i < n; i += step) {
        step = nh_utf8_next(s + i, n - i, &code);
        if (step > 0 && nh_is_printable(code) && code != '"' && code != '\\') {
            fwrite(s + i, 1, step, out);
            continue;
        }
        step = step ? step : 1;
        for (size_t k = 0; k < step; k++) fprintf(out, "\\x%02x", (unsigned char)s[i + k]);
    }
    fputc('"', out);
}

static void put_fields(const void *row, const nh_image_field *f, FILE *out) {
    for (; f->key; f++) fprintf(out, " %s %lld", f->key, (long long)nh_field_get(row, f));
}

static void put_model(const nh_fabric_model *m, FILE *out) {
    nh_arena *t = nh_arena_new();
    char text[NH_FORMAT_TEXT];
    const char *line = strchr(nh_program_text(t, m->program), '\n') + 1; /* "model NAME" is ours */
    fprintf(out, "\nmodel %s out %s", m->name, nh_format_print(m->out, text));
    for (int i = 0; i < m->program->n_param; i++) fprintf(out, " param %s", nh_format_print(m->param[i], text));
    fputc('\n', out);
    while (*line) {
        size_t n = strcspn(line, "\n");
        fprintf(out, "    %.*s\n", (int)n, line);
        line += n + (line[n] == '\n');
    }
    fputs("end\n", out);
    nh_arena_free(t);
}

static void put_fabric(const nh_fabric *f, FILE *out) {
    fputs("\nfabric ", out);
    put_text(f->name ? f->name : "", out);
    fputc('\n', out);
    for (const nh_image_field *k = nh_fields_fabric; k->key; k++) fprintf(out, "    %s %lld\n", k->key, (long long)nh_field_get(f, k));
    fprintf(out, "    sparse %d\nend\n", f->sparse);
    for (int i = 0; i < f->n_model; i++) put_model(&f->model[i], out);
}

static void put_rows(const nh_fabric *f, const nh_core_image *c, FILE *out) {
    for (int64_t i = 0; i < c->n_axon; i++) {
        if (!c->axon[i].valid) continue;
        fprintf(out, "        ACC %lld %s", (long long)i, c->axon[i].sparse ? "sparse" : "dense");
        put_fields(&c->axon[i], c->axon[i].sparse ? nh_fields_sparse : nh_fields_dense, out);
        fputc('\n', out);
    }
    for (int64_t i = 0; i < c->n_conv; i++) {
        if (!c->conv[i].valid) continue;
        fprintf(out, "        ACC %lld conv", (long long)i);
        put_fields(&c->conv[i], nh_fields_conv, out);
        fputc('\n', out);
    }
    for (int64_t i = 0; i < c->n_synapse; i++) {
        fprintf(out, "        weights %lld", (long long)i);
        if (f->sparse) fprintf(out, " acc %lld", (long long)c->synapse_acc[i]);
        fputs(" :", out);
        for (int l = 0, n = nh_fabric_word_weights(f); l < n; l++) fprintf(out, " %d", c->weight[i * n + l]);
        fputc('\n', out);
    }
}

static void put_programs(const nh_fabric *f, const nh_core_image *c, FILE *out) {
    int values = nh_image_values(f);
    for (int64_t i = 0; i < c->n_group; i++) {
        fprintf(out, "        FIRE %s", f->model[c->group[i].model].name);
        put_fields(&c->group[i], nh_fields_group, out);
        fputs(c->group[i].per_word ? " per_word\n" : "\n", out);
    }
    for (int64_t i = 0; i < c->n_param; i++) {
        fprintf(out, "        param %lld :", (long long)i);
        for (int l = 0; l < f->lanes; l++) {
            if (l) fputs(" |", out);
            for (int k = 0; k < values; k++) fprintf(out, " %lld", (long long)c->param[(i * f->lanes + l) * NH_NEURON_PARAMS + k]);
        }
        fputc('\n', out);
    }
    for (int64_t i = 0; i < c->n_route; i++) {
        const nh_route *r = &c->route[i];
        fputs("        SEND", out);
        put_fields(r, nh_fields_span, out);
        if (r->to_host) fputs(" host", out);
        else put_fields(&r->to, nh_fields_rect, out);
        put_fields(r, nh_fields_address, out);
        if (r->is_conv) {
            fputs(" conv", out);
            put_fields(r, nh_fields_pixels, out);
        }
        fputc('\n', out);
    }
}

static void put_context(const nh_fabric *f, const nh_context *x, FILE *out) {
    fputs("\ncontext", out);
    put_fields(x, nh_fields_context, out);
    fputc('\n', out);
    for (int64_t i = 0; i < x->n_input; i++) {
        const nh_input_entry *e = &x->input[i];
        fputs("    input ", out);
        put_text(e->tensor, out);
        put_fields(e, nh_fields_input, out);
        put_fields(&e->to, nh_fields_rect, out);
        if (e->is_conv) {
            fputs(" conv", out);
            put_fields(e, nh_fields_tensor, out);
        }
        fputc('\n', out);
    }
    for (int64_t i = 0; i < x->n_output; i++) {
        fputs("    output ", out);
        put_text(x->output[i].tensor, out);
        put_fields(&x->output[i], nh_fields_output, out);
        fputs(x->output[i].is_output ? " network\n" : "\n", out);
    }
    for (int64_t i = 0; i < x->n_symbol; i++) {
        fputs("    symbol ", out);
        put_text(x->symbol[i].layer, out);
        put_fields(&x->symbol[i], nh_fields_symbol, out);
        fputc('\n', out);
    }
    for (int i = 0; i < x->n_core; i++) {
        fputs("    core", out);
        put_fields(&x->core[i], nh_fields_core, out);
        if (x->core[i].reset_period > 0) {
            fputs(" reset", out);
            put_fields(&x->core[i], nh_fields_reset, out);
        }
        fputc('\n', out);
        put_rows(f, &x->core[i], out);
        put_programs(f, &x->core[i], out);
    }
}

void nh_image_print(const nh_image *m, FILE *out) {
    fputs("; A program image of neurohls: numbers are raw integers, tables are those of docs/fabric.md.\nimage ", out);
    put_text(m->project, out);
    put_fields(m, nh_fields_image, out);
    fputc('\n', out);
    put_fabric(&m->fabric, out);
    for (int i = 0; i < m->n_context; i++) put_context(&m->fabric, &m->context[i], out);
}
