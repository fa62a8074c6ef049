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
    for (const nh_image_field *k = nh_fields_fabric; k->key; k++)
        fprintf(out, "    %s %lld\n", k->key, (long long)nh_field_get(f, k));
    fprintf(out, "    sparse %d\nend\n", f->sparse);
    for (int i = 0; i < f->n_model; i++) put_model(&f->model[i], out);
}

/* How many more lines of a kind there are than were asked for. */
static void put_more(int64_t n, int64_t limit, const char *what, FILE *out) {
    if (n > limit) fprintf(out, "        ; ... %lld more lines: %s\n", (long long)(n - limit), what);
}

static void put_rows(const nh_fabric *f, const nh_core_image *c, int64_t limit, FILE *out) {
    int64_t valid = 0;
    for (int64_t i = 0; i < c->n_axon; i++) {
        if (!c->axon[i].valid || valid++ >= limit) continue;
        fprintf(out, "        ACC %lld %s", (long long)i, c->axon[i].sparse ? "sparse" : "dense");
        put_fields(&c->axon[i], c->axon[i].sparse ? nh_fields_sparse : nh_fields_dense, out);
        fputc('\n', out);
    }
    put_more(valid, limit, "ACC", out);
    for (int64_t i = 0; i < c->n_conv; i++) {
        if (!c->conv[i].valid) continue;
        fprintf(out, "        ACC %lld conv", (long long)i);
        put_fields(&c->conv[i], nh_fields_conv, out);
        fputc('\n', out);
    }
    for (int64_t i = 0; i < c->n_synapse && i < limit; i++) {
        fprintf(out, "        weights %lld", (long long)i);
        if (f->sparse) fprintf(out, " acc %lld", (long long)c->synapse_acc[i]);
        fputs(" :", out);
        for (int l = 0, n = nh_fabric_word_weights(f); l < n; l++) fprintf(out, " %d", c->weight[i * n + l]);
        fputc('\n', out);
    }
    put_more(c->n_synapse, limit, "weights", out);
}

/* Which neurons the words of a core are, by the symbols. */
static void put_neurons(const nh_context *x, const nh_core_image *c, FILE *out) {
    for (int64_t i = 0; i < x->n_symbol; i++) {
        const nh_symbol *s = &x->symbol[i];
        if (s->x != c->x || s->y != c->y) continue;
        fputs("        ; ", out);
        put_text(s->layer, out);
        fprintf(out, ": neurons %lld to %lld", (long long)s->c0, (long long)(s->c0 + s->c - 1));
        if (s->h * s->w > 1)
            fprintf(out, " of rows %lld to %lld, columns %lld to %lld", (long long)s->y0, (long long)(s->y0 + s->h - 1),
                    (long long)s->x0, (long long)(s->x0 + s->w - 1));
        fprintf(out, ", words %lld to %lld\n", (long long)s->word, (long long)(s->word + s->words - 1));
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
            for (int k = 0; k < values; k++)
                fprintf(out, " %lld", (long long)c->param[(i * f->lanes + l) * NH_NEURON_PARAMS + k]);
        }
        fputc('\n', out);
    }
    for (int64_t i = 0; i < c->n_route; i++) {
        const nh_route *r = &c->route[i];
        fputs("        SEND", out);
        put_fields(r, nh_fields_span, out);
        if (r->to_host)
            fputs(" host", out);
        else
            put_fields(&r->to, nh_fields_rect, out);
        put_fields(r, nh_fields_address, out);
        if (r->is_conv) {
            fputs(" conv", out);
            put_fields(r, nh_fields_pixels, out);
        }
        fputc('\n', out);
    }
}

static void put_context(const nh_fabric *f, const nh_context *x, int64_t limit, FILE *out) {
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
        put_neurons(x, &x->core[i], out);
        put_rows(f, &x->core[i], limit, out);
        put_programs(f, &x->core[i], out);
    }
}

/* --- how much there is of what ----------------------------------------------------------------------------------- */

static void put_count(const char *what, int64_t n, const char **separator, FILE *out) {
    if (n == 0) return;
    fprintf(out, "%s%s %lld", *separator, what, (long long)n);
    *separator = ", ";
}

/* Instructions of a model's program, and how many neuron words it sweeps. */
static void put_model_counts(const nh_image *m, int model, FILE *out) {
    const nh_neuron_program *p = m->fabric.model[model].program;
    int64_t n[NH_NOP_KINDS] = {0}, words = 0;
    for (int i = 0; i < p->n_instr; i++) n[p->instr[i].op]++;
    for (int c = 0; c < m->n_context; c++)
        for (int k = 0; k < m->context[c].n_core; k++)
            for (int64_t g = 0; g < m->context[c].core[k].n_group; g++)
                if (m->context[c].core[k].group[g].model == model) words += m->context[c].core[k].group[g].words;
    fprintf(out, "; FIRE %s, %lld words of %d neurons: ", m->fabric.model[model].name, (long long)words,
            m->fabric.lanes);
    const char *separator = "";
    for (int op = 0; op < NH_NOP_KINDS; op++) put_count(nh_neuron_op_text((nh_neuron_op)op), n[op], &separator, out);
    fputc('\n', out);
}

static void put_counts(const nh_image *m, FILE *out) {
    int64_t dense = 0, sparse = 0, conv = 0, fire = 0, send = 0, cores = 0;
    for (int c = 0; c < m->n_context; c++)
        for (int k = 0; k < m->context[c].n_core; k++, cores++) {
            const nh_core_image *x = &m->context[c].core[k];
            for (int64_t i = 0; i < x->n_axon; i++) *(x->axon[i].sparse ? &sparse : &dense) += x->axon[i].valid;
            for (int64_t i = 0; i < x->n_conv; i++) conv += x->conv[i].valid;
            fire += x->n_group;
            send += x->n_route;
        }
    fprintf(out, "; %lld core%s", (long long)cores, cores == 1 ? "" : "s");
    const char *separator = ": ";
    put_count("ACC dense", dense, &separator, out);
    put_count("ACC sparse", sparse, &separator, out);
    put_count("ACC conv", conv, &separator, out);
    put_count("FIRE", fire, &separator, out);
    put_count("SEND", send, &separator, out);
    fputc('\n', out);
    for (int i = 0; i < m->fabric.n_model; i++) put_model_counts(m, i, out);
}

void nh_image_list(const nh_image *m, int64_t limit, FILE *out) {
    fputs("; A program image of neurohls: numbers are raw integers, tables are those of docs/fabric.md.\n", out);
    put_counts(m, out);
    fputs("image ", out);
    put_text(m->project, out);
    put_fields(m, nh_fields_image, out);
    fputc('\n', out);
    put_fabric(&m->fabric, out);
    for (int i = 0; i < m->n_context; i++) put_context(&m->fabric, &m->context[i], limit, out);
}

void nh_image_print(const nh_image *m, FILE *out) { nh_image_list(m, INT64_MAX, out); }
