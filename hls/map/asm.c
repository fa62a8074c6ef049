/* Assembly -> image: a faulty line is reported once and left, the rest is read on. */
#include <string.h>

#include "asm_parts.h"
#include "neurons.h"

/* --- image, fabric, models --------------------------------------------------------------------------------------- */

static bool missing(nh_ias *s, nh_loc at, const char *what) {
    s->p = s->stop;
    return nh_report(s->d, NH_I_MISSING, at, "%s", what);
}

static bool image(nh_ias *s, nh_loc at) {
    if (s->has_image) return missing(s, at, "the image is given twice");
    s->has_image = true;
    return nh_ias_quoted(s, &s->m->project) && nh_ias_fields(s, s->m, nh_fields_image);
}

static bool fabric_line(nh_ias *s, bool *given, int *n) {
    nh_fabric *f = &s->m->fabric;
    nh_loc at = nh_ias_here(s);
    int64_t v, i = 0;
    const char *name = nh_ias_name(s, "a size of the fabric");
    if (!name) return false;
    const nh_image_field *k = nh_fields_fabric;
    for (; k->key && strcmp(k->key, name) != 0; k++) i++;
    if (!k->key && strcmp(name, "sparse") != 0) {
        const char *known[32];
        size_t count = 0;
        for (k = nh_fields_fabric; k->key; k++) known[count++] = k->key;
        known[count++] = "sparse";
        nh_report(s->d, NH_I_WORD, at, "a fabric has no '%s'", name);
        const char *near = nh_did_you_mean(name, known, count);
        if (near) nh_diag_hint(s->d, "did you mean '%s'?", near);
        s->p = s->stop;
        return false;
    }
    if (given[i]) return missing(s, at, nh_arena_printf(s->a, "'%s' is given twice", name));
    given[i] = true;
    ++*n;
    if (!nh_ias_integer(s, 0, k->key ? INT32_MAX : 1, &v)) return false;
    if (k->key)
        nh_field_set(f, k, v);
    else
        f->sparse = v == 1;
    return nh_ias_done(s);
}

static bool fabric(nh_ias *s, nh_loc at) {
    bool given[32] = {false}, ok, ends = false;
    int n = 0, all = 1;
    if (s->has_fabric) return missing(s, at, "the fabric is given twice");
    s->has_fabric = true;
    s->m->fabric.at = at;
    ok = nh_ias_quoted(s, &s->m->fabric.name) && nh_ias_done(s);
    while (!ends && nh_ias_next_line(s)) {
        if (nh_ias_at_end(s)) continue;
        ends = nh_ias_is(s, "end");
        if (!ends) ok &= fabric_line(s, given, &n);
    }
    for (const nh_image_field *k = nh_fields_fabric; k->key; k++) all++;
    if (!ends) ok = missing(s, at, "the fabric has no 'end'");
    for (int i = 0; ok && i < all; i++)
        if (!given[i])
            ok = missing(
                s, at,
                nh_arena_printf(s->a, "the fabric has no '%s'", i < all - 1 ? nh_fields_fabric[i].key : "sparse"));
    ok = ok && nh_fabric_check(&s->m->fabric, s->d);
    s->fabric_is_bad = !ok;
    return ok;
}

/* The lines up to 'end', with as many empty lines above that places are those of the file. */
static const char *program_text(nh_ias *s, const char *head, size_t *size, bool *ends) {
    const char *begin = s->stop;
    int first = s->number;
    *ends = false;
    while (!*ends && nh_ias_next_line(s)) *ends = nh_ias_is(s, "end") && nh_ias_at_end(s);
    size_t body = (size_t)(s->line - begin), n = strlen(head), above = (size_t)first - 1;
    if (!*ends) body = (size_t)(s->end - begin);
    char *text = nh_arena_alloc(s->a, above + n + body + 1);
    memset(text, '\n', above);
    memcpy(text + above, head, n);
    memcpy(text + above + n, begin, body);
    *size = above + n + body;
    return text;
}

static bool model(nh_ias *s, nh_loc at) {
    nh_fabric *f = &s->m->fabric;
    nh_fabric_model m = {0};
    int n_param = 0;
    size_t size;
    bool ends, full = f->n_model == NH_FABRIC_MODELS;
    m.name = nh_ias_name(s, "the name of a model");
    bool ok = m.name && nh_ias_expect(s, "out") && nh_ias_format(s, &m.out);
    while (ok && nh_ias_is(s, "param")) {
        nh_format format;
        ok = nh_ias_format(s, &format);
        if (ok && n_param < NH_NEURON_PARAMS) m.param[n_param] = format;
        n_param++;
    }
    ok = ok && nh_ias_done(s);
    const char *text = program_text(s, nh_arena_printf(s->a, "model %s", m.name ? m.name : "m"), &size, &ends);
    if (!ends) return missing(s, at, "the model has no 'end'");
    if (!s->has_fabric || s->context) return missing(s, at, "models stand between the fabric and the first context");
    if (full) return nh_report(s->d, NH_I_MODEL, at, "this is a fifth model"), nh_diag_allowed(s->d, "4"), false;
    m.program = ok ? nh_neuron_assemble(s->a, s->d, s->file, text, size, NULL, 0) : NULL;
    if (!m.program) {
        s->fabric_is_bad = true; /* what uses the model cannot be read */
        return false;
    }
    if (m.program->n_param != n_param) {
        nh_report(s->d, NH_I_MODEL, at, "the model has %d parameters and formats of %d", m.program->n_param, n_param);
        s->fabric_is_bad = true;
        return false;
    }
    m.name = m.program->name;
    f->model[f->n_model++] = m;
    return true;
}

/* --- contexts ---------------------------------------------------------------------------------------------------- */

static bool context(nh_ias *s, nh_loc at) {
    nh_image *m = s->m;
    if (!s->context) {
        s->values = nh_image_values(&m->fabric);
        if (!s->fabric_is_bad && s->has_fabric) {
            m->fabric.at = (nh_loc){.file = s->file, .line = m->fabric.at.line, .col = m->fabric.at.col};
            s->fabric_is_bad = !nh_fabric_check(&m->fabric, s->d); /* the models */
        }
    }
    size_t cap = s->cap_context;
    m->context = nh_arena_grow(s->a, m->context, &cap, (size_t)m->n_context + 1, sizeof *m->context);
    s->places = nh_arena_grow(s->a, s->places, &s->cap_context, (size_t)m->n_context + 1, sizeof *s->places);
    s->context = &m->context[m->n_context];
    s->context_places = &s->places[m->n_context++];
    s->context_places->own.at = (nh_place){at.line, at.col};
    s->core = NULL;
    s->core_is_bad = false;
    s->cap_core = 0;
    memset(s->cap_table, 0, sizeof s->cap_table);
    return nh_ias_fields(s, s->context, nh_fields_context);
}

static bool core(nh_ias *s, nh_loc at) {
    nh_context *x = s->context;
    const nh_fabric *f = &s->m->fabric;
    nh_core_image c = {0};
    s->core = NULL;
    s->core_is_bad = true;
    if (x->n_core == NH_FABRIC_MESH_MOST * NH_FABRIC_MESH_MOST)
        return missing(s, at, "a context has at most 1024 cores");
    if (!nh_ias_fields(s, &c, nh_fields_core)) return false;
    if (nh_ias_is(s, "reset") && !nh_ias_fields(s, &c, nh_fields_reset)) return false;
    if (c.n_axon < 0 || c.n_axon > f->axons || c.n_conv < 0 || c.n_conv > f->convs) {
        s->p = s->stop;
        nh_report(s->d, NH_I_NUMBER, at, "the core has %lld axons and %lld convs", (long long)c.n_axon,
                  (long long)c.n_conv);
        nh_diag_allowed(s->d, "%lld and %lld", (long long)f->axons, (long long)f->convs);
        return false;
    }
    c.axon = nh_arena_array(s->a, (size_t)c.n_axon + 1, sizeof *c.axon);
    c.conv = nh_arena_array(s->a, (size_t)c.n_conv + 1, sizeof *c.conv);
    x->core = nh_arena_grow(s->a, x->core, &s->cap_core, (size_t)x->n_core + 1, sizeof *x->core);
    s->context_places->core = nh_arena_grow(s->a, s->context_places->core, &s->context_places->cap_core,
                                            (size_t)x->n_core + 1, sizeof(nh_row_places));
    s->core_places = &s->context_places->core[x->n_core];
    s->core = &x->core[x->n_core++];
    *s->core = c;
    s->core_is_bad = false;
    s->left_out = 0;
    s->core_places->at = (nh_place){at.line, at.col};
    memset(s->cap_table, 0, NH_ROW_INPUT * sizeof *s->cap_table);
    s->cap_acc = 0;
    return true;
}

static bool input(nh_ias *s, nh_loc at) {
    nh_context *x = s->context;
    x->input = nh_ias_row(s, NH_ROW_INPUT, x->input, &x->n_input, sizeof *x->input, at);
    nh_input_entry *e = &x->input[x->n_input - 1];
    e->tensor = "";
    if (!nh_ias_quoted(s, &e->tensor) || !nh_ias_fields(s, e, nh_fields_input) ||
        !nh_ias_fields(s, &e->to, nh_fields_rect))
        return false;
    e->is_conv = nh_ias_is(s, "conv");
    return !e->is_conv || nh_ias_fields(s, e, nh_fields_tensor);
}

static bool output(nh_ias *s, nh_loc at) {
    nh_context *x = s->context;
    x->output = nh_ias_row(s, NH_ROW_OUTPUT, x->output, &x->n_output, sizeof *x->output, at);
    nh_output_entry *e = &x->output[x->n_output - 1];
    e->tensor = "";
    if (!nh_ias_quoted(s, &e->tensor) || !nh_ias_fields(s, e, nh_fields_output)) return false;
    e->is_output = nh_ias_is(s, "network");
    return true;
}

static bool symbol(nh_ias *s, nh_loc at) {
    nh_context *x = s->context;
    x->symbol = nh_ias_row(s, NH_ROW_SYMBOL, x->symbol, &x->n_symbol, sizeof *x->symbol, at);
    nh_symbol *y = &x->symbol[x->n_symbol - 1];
    y->layer = "";
    return nh_ias_quoted(s, &y->layer) && nh_ias_fields(s, y, nh_fields_symbol);
}

/* --- the text ---------------------------------------------------------------------------------------------------- */

static bool line(nh_ias *s) {
    static const struct {
        const char *word;
        bool (*read)(nh_ias *, nh_loc);
        bool in_context;
    } known[] = {{"image", image, false},     {"fabric", fabric, false}, {"model", model, false},
                 {"context", context, false}, {"core", core, true},      {"input", input, true},
                 {"output", output, true},    {"symbol", symbol, true}};
    nh_loc at = nh_ias_here(s);
    const char *word = nh_ias_name(s, "a word");
    if (!word) return false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(word, known[i].word) != 0) continue;
        if (known[i].in_context && !s->context)
            return missing(s, at, nh_arena_printf(s->a, "'%s' belongs to a context, and none is above it", word));
        if (known[i].in_context && s->fabric_is_bad) return false;
        return known[i].read(s, at) && nh_ias_done(s);
    }
    if (s->context && s->fabric_is_bad) return false;
    return nh_ias_core_line(s, word, at);
}

nh_image *nh_image_assemble(nh_arena *a, nh_diag *d, const char *file, const char *text, size_t size) {
    nh_ias s = {.a = a,
                .d = d,
                .file = file,
                .text = text,
                .end = text + size,
                .line = text,
                .stop = text,
                .errors = d->n_error};
    s.m = NH_NEW(a, nh_image);
    while (d->n_error < s.errors + NH_IAS_ERRORS && nh_ias_next_line(&s))
        if (!nh_ias_at_end(&s)) line(&s);
    nh_loc at = {.file = file, .line = s.number, .col = 1};
    if (d->n_error >= s.errors + NH_IAS_ERRORS)
        nh_report(d, NH_I_SYNTAX, at, "100 errors: the rest of the file was not read");
    if (!s.has_image) nh_report(d, NH_I_MISSING, at, "the file has no 'image' line");
    if (!s.has_fabric) nh_report(d, NH_I_MISSING, at, "the file has no fabric");
    if (s.m->n_context == 0) nh_report(d, NH_I_MISSING, at, "the file has no context");
    if (d->n_error > s.errors) return NULL;
    at.line = at.col = 1;
    return nh_image_check_text(s.m, d, at, s.places) ? s.m : NULL;
}
