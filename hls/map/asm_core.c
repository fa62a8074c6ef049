/* Lines of a core. */
#include <string.h>

#include "asm_parts.h"

void *nh_ias_row(nh_ias *s, nh_row_kind kind, void *table, int64_t *n, size_t size, nh_loc at) {
    nh_row_places *p = kind < NH_ROW_INPUT ? s->core_places : &s->context_places->own;
    p->row[kind] = nh_arena_grow(s->a, p->row[kind], &p->cap[kind], (size_t)*n + 1, sizeof(nh_place));
    p->row[kind][*n] = (nh_place){at.line, at.col};
    return nh_arena_grow(s->a, table, &s->cap_table[kind], (size_t)++ * n, size);
}

/* Is there room for one more of n rows? */
static bool room(nh_ias *s, int64_t n, int64_t most, const char *what, nh_loc at) {
    if (n < most) return true;
    nh_report(s->d, NH_I_NUMBER, at, "the core has more %s than the fabric has room for", what);
    nh_diag_allowed(s->d, "%lld", (long long)most);
    s->p = s->stop;
    return false;
}

/* Rows of `weights` and `param` say their number, so that a lost line is found. */
static bool number(nh_ias *s, int64_t next, int64_t *left_out) {
    int64_t v;
    next += *left_out;
    nh_loc at = nh_ias_here(s);
    if (!nh_ias_integer(s, 0, INT32_MAX, &v)) return false;
    if (v == next) return true;
    nh_report(s->d, NH_I_NUMBER, at, "this row is number %lld", (long long)v);
    nh_diag_allowed(s->d, "%lld: rows are in order, none is left out", (long long)next);
    *left_out += v - next;
    return true;
}

static void mark(nh_ias *s, nh_row_kind kind, int64_t i, int64_t n, nh_loc at) {
    nh_row_places *p = s->core_places;
    if (!p->row[kind]) p->row[kind] = nh_arena_grow(s->a, NULL, &p->cap[kind], (size_t)n + 1, sizeof(nh_place));
    p->row[kind][i] = (nh_place){at.line, at.col};
}

static bool acc(nh_ias *s, nh_loc at) {
    nh_core_image *c = s->core;
    int64_t i;
    nh_loc number_at = nh_ias_here(s);
    if (!nh_ias_integer(s, 0, INT32_MAX, &i)) return false;
    bool sparse = nh_ias_is(s, "sparse"), conv = !sparse && nh_ias_is(s, "conv");
    if (!sparse && !conv && !nh_ias_is(s, "dense"))
        return nh_ias_bad(s, NH_I_WORD, "'dense', 'sparse' or 'conv' is expected here");
    int64_t n = conv ? c->n_conv : c->n_axon;
    if (i >= n) {
        s->p = s->stop;
        nh_report(s->d, NH_I_NUMBER, number_at, "the core has %lld %s", (long long)n, conv ? "convs" : "axons");
        return false;
    }
    if (conv ? c->conv[i].valid : c->axon[i].valid) {
        s->p = s->stop;
        return nh_report(s->d, NH_I_MISSING, number_at, "%s %lld is given twice", conv ? "convolution" : "axon",
                         (long long)i);
    }
    mark(s, conv ? NH_ROW_CONV : NH_ROW_AXON, i, n, at);
    if (conv) {
        c->conv[i].valid = true;
        return nh_ias_fields(s, &c->conv[i], nh_fields_conv);
    }
    c->axon[i].valid = true;
    c->axon[i].sparse = sparse;
    return nh_ias_fields(s, &c->axon[i], sparse ? nh_fields_sparse : nh_fields_dense);
}

static bool weights(nh_ias *s, nh_loc at) {
    nh_core_image *c = s->core;
    int weights = nh_fabric_word_weights(&s->m->fabric);
    int64_t v, i = c->n_synapse, half = (int64_t)1 << (s->m->fabric.weight_bits - 1);
    if (!room(s, i, s->m->fabric.synapses, "synapse words", at) || !number(s, i, &s->left_out)) return false;
    c->weight = nh_ias_row(s, NH_ROW_SYNAPSE, c->weight, &c->n_synapse, sizeof *c->weight * (size_t)weights, at);
    if (s->m->fabric.sparse) {
        c->synapse_acc = nh_arena_grow(s->a, c->synapse_acc, &s->cap_acc, (size_t)c->n_synapse, sizeof *c->synapse_acc);
        if (!nh_ias_expect(s, "acc") || !nh_ias_integer(s, 0, INT32_MAX, &v)) return false;
        c->synapse_acc[i] = (int32_t)v;
    }
    if (!nh_ias_expect(s, ":")) return false;
    for (int l = 0; l < weights; l++) {
        if (!nh_ias_integer(s, -half, half - 1, &v)) return false;
        c->weight[i * weights + l] = (int16_t)v;
    }
    return true;
}

static bool fire(nh_ias *s, nh_loc at) {
    nh_core_image *c = s->core;
    const nh_fabric *f = &s->m->fabric;
    nh_loc name_at = nh_ias_here(s);
    const char *name = nh_ias_name(s, "the name of a model"), *known[NH_FABRIC_MODELS];
    if (!name || !room(s, c->n_group, f->groups, "groups", at)) return false;
    int i = 0;
    while (i < f->n_model && strcmp(f->model[i].name, name) != 0) i++;
    if (i == f->n_model) {
        for (int k = 0; k < f->n_model; k++) known[k] = f->model[k].name;
        nh_report(s->d, NH_I_WORD, name_at, "the fabric has no model '%s'", name);
        const char *near = nh_did_you_mean(name, known, (size_t)f->n_model);
        if (near) nh_diag_hint(s->d, "did you mean '%s'?", near);
        s->p = s->stop;
        return false;
    }
    c->group = nh_ias_row(s, NH_ROW_GROUP, c->group, &c->n_group, sizeof *c->group, at);
    nh_group *g = &c->group[c->n_group - 1];
    g->model = i;
    if (!nh_ias_fields(s, g, nh_fields_group)) return false;
    g->per_word = nh_ias_is(s, "per_word");
    return true;
}

static bool param(nh_ias *s, nh_loc at) {
    nh_core_image *c = s->core;
    int lanes = s->m->fabric.lanes;
    int64_t v, row = c->n_param, none = 0;
    if (!room(s, row, s->m->fabric.params, "parameter words", at) || !number(s, row, &none)) return false;
    c->param =
        nh_ias_row(s, NH_ROW_PARAM, c->param, &c->n_param, sizeof *c->param * (size_t)lanes * NH_NEURON_PARAMS, at);
    if (!nh_ias_expect(s, ":")) return false;
    for (int l = 0; l < lanes; l++) {
        if (l && !nh_ias_expect(s, "|")) return false;
        for (int k = 0; k < s->values; k++) {
            if (!nh_ias_integer(s, -((int64_t)1 << 59), (int64_t)1 << 59, &v)) return false;
            c->param[(row * lanes + l) * NH_NEURON_PARAMS + k] = v;
        }
    }
    return true;
}

static bool send(nh_ias *s, nh_loc at) {
    nh_core_image *c = s->core;
    if (!room(s, c->n_route, s->m->fabric.routes, "routes", at)) return false;
    c->route = nh_ias_row(s, NH_ROW_ROUTE, c->route, &c->n_route, sizeof *c->route, at);
    nh_route *r = &c->route[c->n_route - 1];
    *r = (nh_route){.pixel_words = 1, .width = 1};
    if (!nh_ias_fields(s, r, nh_fields_span)) return false;
    r->to_host = nh_ias_is(s, "host");
    if (!r->to_host && !nh_ias_fields(s, &r->to, nh_fields_rect)) return false;
    if (!nh_ias_fields(s, r, nh_fields_address)) return false;
    r->is_conv = nh_ias_is(s, "conv");
    return !r->is_conv || nh_ias_fields(s, r, nh_fields_pixels);
}

bool nh_ias_core_line(nh_ias *s, const char *word, nh_loc at) {
    static const struct {
        const char *word;
        bool (*read)(nh_ias *, nh_loc);
    } line[] = {{"ACC", acc}, {"weights", weights}, {"FIRE", fire}, {"param", param}, {"SEND", send}};
    static const char *const known[] = {"ACC",   "weights", "FIRE",   "param", "SEND",   "core", "context",
                                        "input", "output",  "symbol", "model", "fabric", "image"};
    for (size_t i = 0; i < sizeof line / sizeof *line; i++) {
        if (strcmp(word, line[i].word) != 0) continue;
        if (!s->core) {
            s->p = s->stop;
            if (s->core_is_bad) return false;
            return nh_report(s->d, NH_I_MISSING, at, "'%s' belongs to a core, and none is above it", word);
        }
        return line[i].read(s, at) && nh_ias_done(s);
    }
    nh_report(s->d, NH_I_WORD, at, "no line begins with '%s'", word);
    const char *near = nh_did_you_mean(word, known, sizeof known / sizeof *known);
    if (near) nh_diag_hint(s->d, "did you mean '%s'?", near);
    s->p = s->stop;
    return false;
}
