/* Every number of an image against its fabric and the tables that it points into. */
#include <stdlib.h>
#include <string.h>

#include "image_parts.h"

enum { ERRORS_MOST = 100 }; /* then the rest is the same fault */

#define MANY ((int64_t)1 << 30)

typedef struct {
    const nh_image *m;
    const nh_fabric *f;
    nh_fabric_widths w;
    nh_diag *d;
    nh_loc at;
    const nh_context_places *places; /* or NULL */
    int context, core;               /* core -1: the context's own rows */
    const char *row;                 /* "axon" ... or NULL */
    nh_row_kind kind;
    int64_t index;
    int errors;
} checker;

static nh_loc place(const checker *c) {
    nh_loc at = c->at;
    if (!c->places || c->context < 0) return at;
    const nh_context_places *x = &c->places[c->context];
    const nh_row_places *p = c->core < 0 ? &x->own : &x->core[c->core];
    nh_place q = c->row && p->row[c->kind] && p->row[c->kind][c->index].line ? p->row[c->kind][c->index] : p->at;
    at.line = q.line;
    at.col = q.col;
    return at;
}

static const char *where(const checker *c) {
    nh_arena *a = c->d->arena;
    const char *text = c->context < 0 ? "the image" : nh_arena_printf(a, "context %d", c->context);
    if (c->core >= 0) {
        const nh_core_image *core = &c->m->context[c->context].core[c->core];
        text = nh_arena_printf(a, "%s, core (%d, %d)", text, core->x, core->y);
    }
    return c->row ? nh_arena_printf(a, "%s, %s %lld", text, c->row, (long long)c->index) : text;
}

static bool bad(checker *c, const char *what, int64_t v, int64_t least, int64_t most) {
    if (c->errors++ >= ERRORS_MOST) return false;
    nh_report(c->d, NH_I_ENTRY, place(c), "%s: %s is %lld", where(c), what, (long long)v);
    if (most < least)
        nh_diag_allowed(c->d, "nothing: there is no room");
    else if (most == least)
        nh_diag_allowed(c->d, "%lld", (long long)least);
    else
        nh_diag_allowed(c->d, "%lld to %lld", (long long)least, (long long)most);
    return false;
}

static bool in(checker *c, const char *what, int64_t v, int64_t least, int64_t most) {
    return (v >= least && v <= most) || bad(c, what, v, least, most);
}

static void say(checker *c, const char *what) {
    if (c->errors++ < ERRORS_MOST) nh_report(c->d, NH_I_ENTRY, place(c), "%s: %s", where(c), what);
}

static void row(checker *c, const char *name, nh_row_kind kind, int64_t index) {
    c->row = name;
    c->kind = kind;
    c->index = index;
}

/* first .. first+count-1 within 0 .. end-1. */
static bool span(checker *c, const char *first_name, int64_t first, const char *count_name, int64_t count,
                 int64_t least, int64_t end) {
    return in(c, count_name, count, least, end) && in(c, first_name, first, 0, end - count);
}

/* --- a core ------------------------------------------------------------------------------------------------------ */

static void check_axon(checker *c, const nh_core_image *m, const nh_axon *x) {
    if (!x->valid) {
        if (x->synapse || x->acc || x->words || x->sparse) say(c, "it is not valid, and yet has numbers");
        return;
    }
    if (x->sparse && (!c->f->sparse || !m->synapse_acc)) say(c, "it is sparse, the fabric is not");
    if (!in(c, "words", x->words, 0, c->w.nw)) return;
    in(c, "synapse", x->synapse, 0, m->n_synapse - x->words);
    if (x->sparse)
        in(c, "acc", x->acc, 0, 0);
    else
        in(c, "acc", x->acc, 0, m->words - x->words);
}

static void check_conv(checker *c, const nh_core_image *m, const nh_conv_axon *v) {
    const nh_fabric *f = c->f;
    int64_t ends = (int64_t)1 << f->conv_y_bits, endx = (int64_t)1 << f->conv_x_bits;
    if (!v->valid) {
        for (const nh_image_field *k = nh_fields_conv; k->key; k++)
            if (nh_field_get(v, k)) say(c, "it is not valid, and yet has numbers");
        return;
    }
    int before = c->errors;
    in(c, "features", v->features, 1, c->w.nw);
    in(c, "kh", v->kh, 1, 15);
    in(c, "kw", v->kw, 1, 15);
    in(c, "h", v->h, 1, ends);
    in(c, "w", v->w, 1, endx);
    in(c, "channel_words", v->channel_words, 0, ((int64_t)1 << c->w.sa) - 1);
    in(c, "dilation_y", v->dilation_y, 1, 15);
    in(c, "dilation_x", v->dilation_x, 1, 15);
    in(c, "pad_y", v->pad_y, -16, 15);
    in(c, "pad_x", v->pad_x, -16, 15);
    in(c, "y0", v->y0, 0, ends - 1);
    in(c, "x0", v->x0, 0, endx - 1);
    bool ok = c->errors == before;
    if (in(c, "stride_y", v->stride_y, 1, 8) && (v->stride_y & (v->stride_y - 1)))
        say(c, "stride_y is no power of two");
    if (in(c, "stride_x", v->stride_x, 1, 8) && (v->stride_x & (v->stride_x - 1)))
        say(c, "stride_x is no power of two");
    if (!ok) return;
    in(c, "synapse", v->synapse, 0, m->n_synapse - v->kh * v->kw * v->features);
    in(c, "acc", v->acc, 0, m->words - v->h * v->w * v->features);
}

static void check_synapses(checker *c, const nh_core_image *m) {
    int64_t half = (int64_t)1 << (c->f->weight_bits - 1);
    for (int64_t i = 0; i < m->n_synapse; i++) {
        row(c, "synapse word", NH_ROW_SYNAPSE, i);
        for (int l = 0, n = nh_fabric_word_weights(c->f); l < n; l++)
            in(c, "a weight", m->weight[i * n + l], -half, half - 1);
        if (m->synapse_acc) in(c, "acc", m->synapse_acc[i], 0, m->words > 0 ? m->words - 1 : 0);
    }
}

static void check_values(checker *c, const nh_core_image *m, int64_t word, const nh_fabric_model *model) {
    for (int l = 0; l < c->f->lanes; l++)
        for (int k = 0; k < model->program->n_param; k++) {
            nh_range r = nh_range_of(model->param[k]);
            const int64_t most = (int64_t)1 << 59; /* of the numbers in files */
            in(c, model->program->reg[model->program->param[k]].name,
               m->param[(word * c->f->lanes + l) * NH_NEURON_PARAMS + k], r.lo < -most ? -most : (int64_t)r.lo,
               r.hi > most ? most : (int64_t)r.hi);
        }
}

/* Groups, and the parameters that each has: a word of them belongs to one model. */
static void check_groups(checker *c, const nh_core_image *m) {
    nh_arena *t = nh_arena_new();
    int64_t words = 0;
    int8_t *owner = nh_arena_array(t, (size_t)m->n_param + 1, 1);
    for (int64_t g = 0; g < m->n_group; g++) {
        const nh_group *x = &m->group[g];
        row(c, "group", NH_ROW_GROUP, g);
        if (!in(c, "model", x->model, 0, c->f->n_model - 1) || !in(c, "words", x->words, 1, m->words - words)) continue;
        words += x->words;
        const nh_fabric_model *model = &c->f->model[x->model];
        int64_t n = x->per_word ? x->words : 1;
        if (!in(c, "param", x->param, 0, (model->program->n_param ? m->n_param : c->f->params) - n) ||
            !model->program->n_param)
            continue;
        for (int64_t i = x->param; i < x->param + n; i++) {
            row(c, "parameters", NH_ROW_PARAM, i);
            if (owner[i] && owner[i] != x->model + 1) say(c, "two models use them");
            if (owner[i]) continue;
            owner[i] = (int8_t)(x->model + 1);
            check_values(c, m, i, model);
        }
    }
    nh_arena_free(t);
}

static void check_rect(checker *c, nh_rect r) {
    if (in(c, "x0", r.x0, 0, c->f->mesh_x - 1)) in(c, "x1", r.x1, r.x0, c->f->mesh_x - 1);
    if (in(c, "y0", r.y0, 0, c->f->mesh_y - 1)) in(c, "y1", r.y1, r.y0, c->f->mesh_y - 1);
}

static void check_route(checker *c, const nh_core_image *m, const nh_route *r) {
    span(c, "first", r->first, "words", r->words, 1, m->words);
    in(c, "delay", r->delay, 0, c->f->delays - 1);
    in(c, "base", r->base, 0, ((int64_t)1 << c->w.addr) - 1);
    in(c, "limit", r->limit, 0, ((int64_t)1 << c->w.nb) - 1);
    if (!r->to_host)
        check_rect(c, r->to);
    else if (r->to.x0 || r->to.x1 || r->to.y0 || r->to.y1)
        say(c, "it goes to the host, and yet has a rectangle");
    if (!r->is_conv) return;
    if (!c->f->convs) say(c, "it has pixels, the fabric has no convolutions");
    in(c, "pixel_words", r->pixel_words, 1, c->w.nw);
    in(c, "width", r->width, 1, (int64_t)1 << c->f->conv_x_bits);
}

static void check_core(checker *c, const nh_core_image *m) {
    in(c, "x", m->x, 0, c->f->mesh_x - 1);
    in(c, "y", m->y, 0, c->f->mesh_y - 1);
    in(c, "start", m->start, 0, 65535);
    in(c, "period", m->period, 1, 65535);
    if (in(c, "reset period", m->reset_period, 0, 65535))
        in(c, "reset phase", m->reset_phase, 0, m->reset_period > 0 ? m->reset_period - 1 : 0);
    int before = c->errors;
    in(c, "words", m->words, 0, c->w.nw);
    in(c, "number of axons", m->n_axon, 0, c->f->axons);
    in(c, "number of synapse words", m->n_synapse, 0, c->f->synapses);
    in(c, "number of convolutions", m->n_conv, 0, c->f->convs);
    in(c, "number of groups", m->n_group, 0, c->f->groups);
    in(c, "number of parameter words", m->n_param, 0, c->f->params);
    in(c, "number of routes", m->n_route, 0, c->f->routes < 65535 ? c->f->routes : 65535);
    if (c->errors > before) return;
    if (m->n_synapse && (m->synapse_acc != NULL) != c->f->sparse)
        say(c, "synapse words name accumulators, or do not, against what the fabric is");
    for (int64_t i = 0; i < m->n_axon; i++) row(c, "axon", NH_ROW_AXON, i), check_axon(c, m, &m->axon[i]);
    for (int64_t i = 0; i < m->n_conv; i++) row(c, "convolution", NH_ROW_CONV, i), check_conv(c, m, &m->conv[i]);
    for (int64_t i = 0; i < m->n_route; i++) row(c, "route", NH_ROW_ROUTE, i), check_route(c, m, &m->route[i]);
    check_synapses(c, m);
    check_groups(c, m);
}

/* --- a context --------------------------------------------------------------------------------------------------- */

static void check_input(checker *c, const nh_input_entry *e) {
    const nh_fabric *f = c->f;
    int64_t addresses = (int64_t)1 << c->w.addr;
    check_rect(c, e->to);
    in(c, "base", e->base, 0, addresses - 1);
    in(c, "delay", e->delay, 0, MANY);
    if (!span(c, "first", e->first, "count", e->count, 1, MANY)) return;
    if (!e->is_conv) {
        in(c, "count", e->count, 1, addresses - e->base);
        return;
    }
    if (!f->convs) say(c, "it has coordinates, the fabric has no convolutions");
    int before = c->errors;
    in(c, "c", e->c, 1, (int64_t)1 << f->conv_c_bits);
    in(c, "h", e->h, 1, (int64_t)1 << f->conv_y_bits);
    in(c, "w", e->w, 1, (int64_t)1 << f->conv_x_bits);
    in(c, "y_from", e->y_from, 0, e->h);
    in(c, "y_to", e->y_to, e->y_from, e->h);
    bool ok = c->errors == before;
    if (ok) in(c, "count", e->count, 1, e->c * e->h * e->w);
}

static int by_first(const void *a, const void *b) {
    const nh_output_entry *x = *(const nh_output_entry *const *)a, *y = *(const nh_output_entry *const *)b;
    return x->first != y->first ? (x->first < y->first ? -1 : 1) : x < y ? -1 : x > y;
}

static void check_outputs(checker *c, const nh_context *x) {
    nh_arena *t = nh_arena_new();
    const nh_output_entry **sorted = nh_arena_array(t, (size_t)x->n_output + 1, sizeof *sorted);
    for (int64_t i = 0; i < x->n_output; i++) {
        const nh_output_entry *e = sorted[i] = &x->output[i];
        row(c, "output", NH_ROW_OUTPUT, i);
        span(c, "first", e->first, "count", e->count, 1, (int64_t)1 << c->w.addr);
        in(c, "element", e->element, 0, (e->is_output ? c->m->output_size : MANY) - e->count);
        in(c, "start", e->start, 0, MANY);
        in(c, "period", e->period, 1, 65535);
    }
    qsort(sorted, (size_t)x->n_output, sizeof *sorted, by_first);
    for (int64_t i = 1; i < x->n_output; i++)
        if (sorted[i]->first < sorted[i - 1]->first + sorted[i - 1]->count) {
            row(c, "output", NH_ROW_OUTPUT, sorted[i] - x->output);
            say(c, "its addresses are also those of another output");
        }
    nh_arena_free(t);
}

static bool is_name(const char *s) { return s && strlen(s) <= 4096; }

static void check_symbol(checker *c, const nh_symbol *s) {
    in(c, "x", s->x, 0, c->f->mesh_x - 1);
    in(c, "y", s->y, 0, c->f->mesh_y - 1);
    span(c, "word", s->word, "words", s->words, 0, c->w.nw);
    for (const nh_image_field *k = nh_fields_symbol + 4; k->key; k++) in(c, k->key, nh_field_get(s, k), 0, MANY);
}

static void check_context(checker *c, const nh_context *x) {
    in(c, "ticks", x->ticks, 0, (int64_t)1 << 24);
    for (int64_t i = 0; i < x->n_input; i++) {
        row(c, "input", NH_ROW_INPUT, i);
        if (!is_name(x->input[i].tensor)) say(c, "it has no tensor, or a name of more than 4096 bytes");
        check_input(c, &x->input[i]);
    }
    for (int64_t i = 0; i < x->n_output; i++) {
        row(c, "output", NH_ROW_OUTPUT, i);
        if (!is_name(x->output[i].tensor)) say(c, "it has no tensor, or a name of more than 4096 bytes");
    }
    check_outputs(c, x);
    for (int64_t i = 0; i < x->n_symbol; i++) {
        row(c, "symbol", NH_ROW_SYMBOL, i);
        if (!is_name(x->symbol[i].layer)) say(c, "it has no layer, or a name of more than 4096 bytes");
        check_symbol(c, &x->symbol[i]);
    }
    bool used[NH_FABRIC_MESH_MOST][NH_FABRIC_MESH_MOST] = {{false}};
    for (c->core = 0; c->core < x->n_core; c->core++) {
        const nh_core_image *m = &x->core[c->core];
        c->row = NULL;
        check_core(c, m);
        c->row = NULL;
        if (m->x < 0 || m->y < 0 || m->x >= c->f->mesh_x || m->y >= c->f->mesh_y) continue;
        if (used[m->y][m->x]) say(c, "there are two of them");
        used[m->y][m->x] = true;
    }
    c->core = -1;
    c->row = NULL;
}

bool nh_image_check_text(const nh_image *m, nh_diag *d, nh_loc at, const nh_context_places *places) {
    nh_fabric f = m->fabric;
    f.at = at;
    if (!nh_fabric_check(&f, d)) return false;
    checker c = {.m = m,
                 .f = &m->fabric,
                 .w = nh_fabric_get_widths(&m->fabric),
                 .d = d,
                 .at = at,
                 .places = places,
                 .context = -1,
                 .core = -1};
    in(&c, "number of models", m->fabric.n_model, 1, NH_FABRIC_MODELS);
    int before = c.errors;
    in(&c, "steps", m->steps, 1, 1 << 20);
    in(&c, "input_size", m->input_size, 0, 1 << 24);
    in(&c, "output_size", m->output_size, 0, 1 << 24);
    in(&c, "number of contexts", m->n_context, 1, 65536);
    bool ok = c.errors == before;
    if (ok)
        in(&c, "steps * input_size", m->steps * m->input_size, 0, MANY),
            in(&c, "steps * output_size", m->steps * m->output_size, 0, MANY);
    if (!is_name(m->project)) say(&c, "it has no name, or one of more than 4096 bytes");
    for (c.context = 0; ok && c.context < m->n_context; c.context++) check_context(&c, &m->context[c.context]);
    if (c.errors > ERRORS_MOST) {
        c.context = -1;
        nh_report(d, NH_I_ENTRY, at, "and %d more errors of this kind", c.errors - ERRORS_MOST);
    }
    return c.errors == 0;
}

bool nh_image_check(const nh_image *m, nh_diag *d, nh_loc at) { return nh_image_check_text(m, d, at, NULL); }
