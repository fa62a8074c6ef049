/* A commented configuration for a model, from the same table of keys. */
#include <string.h>

#include "config.h"
#include "schema.h"
#include "text.h"

#define UNROLL_WEIGHTS 1024 /* larger layers start with shared multipliers, one per output */

/* A double-quoted YAML scalar. as_glob: a pattern that matches the name, with * for what is not printable; else that
 * becomes ?. */
static void put_quoted(const char *text, bool as_glob, FILE *out) {
    fputc('"', out);
    for (size_t n = strlen(text), len; n > 0; text += len, n -= len) {
        uint32_t code = 0;
        len = nh_utf8_next(text, n, &code);
        if (len == 0 || !nh_is_printable(code)) {
            fputc(as_glob ? '*' : '?', out);
            if (len == 0) len = 1;
            continue;
        }
        if (as_glob && code < 0x80 && strchr("*?\\", (int)code)) fputs("\\\\", out);
        if (code == '"' || code == '\\') fputc('\\', out);
        fwrite(text, 1, len, out);
    }
    fputc('"', out);
}

/* One key with its value and what it means; commented out unless `active` or the table has a value for it. */
static void put_key(const nh_key *k, const char *indent, bool active, bool is_shared, FILE *out) {
    const char *init = is_shared && k->init_shared ? k->init_shared : k->init;
    const char *mark = (active && k->def) || init ? "" : "# ", *value = init ? init : k->def ? k->def : "";
    int used = fprintf(out, "%s%s%s: %s", mark, indent, k->name, value);
    fprintf(out, "%*s# %s\n", used < 28 ? 29 - used : 1, "", k->doc);
}

static void put_matrix(const nh_layer *l, bool has_steps, FILE *out) {
    int64_t n_out = l->weight->shape.dim[0], n_in = l->weight->shape.dim[1], n = n_in * n_out;
    if (has_steps)
        fputs(":", out);
    else if (n > UNROLL_WEIGHTS)
        fprintf(out, ": { strategy: resource, reuse_factor: %lld }", (long long)n_in);
    else
        fputs(": { strategy: latency }", out);
    fprintf(out, "   # dense %lldx%lld, reuse_factor 1 to %lld\n", (long long)n_in, (long long)n_out, (long long)n);
}

static void put_conv(const nh_layer *l, const char *made, FILE *out) {
    const int64_t *dim = l->weight->shape.dim, taps = dim[2] * dim[3];
    fprintf(out, ":   # conv, kernel %lldx%lld, output %s, reuse_factor %lld to %lld\n", (long long)dim[2],
            (long long)dim[3], made, (long long)taps, (long long)(taps * dim[1] * dim[0]));
}

static void put_neuron(const nh_neuron *n, const char *made, FILE *out) {
    fprintf(out, ":   # %s neurons, output %s\n",
            n && n->kind != NH_KIND_PROGRAM ? nh_neuron_kind_text(n->kind) : "spiking", made);
}

/* The operator in the words of the file, without names of the model: they could end the comment's line. */
static void put_layer(const nh_graph *g, const nh_layer *l, FILE *out) {
    char shape[96];
    const nh_op_info *op = nh_op_get(l->op);
    const char *made = nh_shape_print(g->tensor[l->out].shape, shape);
    fputs("  ", out);
    put_quoted(l->name, true, out);
    if (l->op == NH_OP_DENSE && l->weight->shape.rank == 2)
        put_matrix(l, nh_graph_has_steps(g), out);
    else if (l->op == NH_OP_CONV && l->weight->shape.rank == 4)
        put_conv(l, made, out);
    else if (l->op == NH_OP_NEURON)
        put_neuron(l->neuron, made, out);
    else
        fprintf(out, ":   # %s, output %s%s\n", op->text, made,
                op->strategies == NH_STRATEGY_WIRE ? ", no hardware" : "");
}

static void put_layers(const nh_key *k, const nh_graph *g, FILE *out) {
    fprintf(out, "\n# %s\nlayers:\n", k->doc);
    for (int i = 0; i < g->n_layer; i++)
        if (g->layer[i].op != NH_OP_INPUT) put_layer(g, &g->layer[i], out);
}

static bool has_init(const nh_section *s) {
    for (int i = 0; i < s->n_key; i++)
        if (s->key[i].init) return true;
    return false;
}

/* Do layers that are shared unless the config says otherwise (resolve.c) decide what the defaults are? */
static bool is_shared_by_default(const nh_graph *g) {
    for (int i = 0; i < g->n_layer; i++)
        if (g->layer[i].exact || nh_op_has_window(g->layer[i].op)) return true;
    return nh_graph_has_steps(g);
}

/* Without the keys of spiking layers where there are none. */
static void put_section(const nh_key *k, const nh_graph *g, FILE *out) {
    bool has_steps = nh_graph_has_steps(g);
    bool active = k->section == &nh_layer_section;
    if (k->section == &nh_spiking_section && !has_steps) return;
    fprintf(out, "\n# %s\n%s%s:\n", k->doc, active || has_init(k->section) ? "" : "# ", k->name);
    for (int i = 0; i < k->section->n_key; i++) {
        const nh_key *inner = &k->section->key[i];
        if (active && !has_steps && inner->offset >= offsetof(nh_layer_options, numerics)) continue;
        put_key(inner, "  ", active, active ? is_shared_by_default(g) : has_steps, out);
    }
}

static void put_path(const nh_key *k, const char *path, FILE *out) {
    fprintf(out, "%s: ", k->name);
    put_quoted(path, false, out);
    fprintf(out, "   # %s\n", k->doc);
}

void nh_config_init(const nh_graph *g, const char *model_path, const char *project, FILE *out) {
    fputs("# neurohls configuration. A line '# key: value' shows a default; remove the # to change it.\n", out);
    for (int i = 0; i < nh_config_section.n_key; i++) {
        const nh_key *k = &nh_config_section.key[i];
        if (k->type == NH_KEY_LAYERS)
            put_layers(k, g, out);
        else if (k->type == NH_KEY_SECTION)
            put_section(k, g, out);
        else if (k->type == NH_KEY_PATH)
            put_path(k, model_path, out);
        else if (k->type == NH_KEY_NAME)
            fprintf(out, "%s: %s   # %s\n", k->name, project, k->doc);
        else
            put_key(k, "", k->type == NH_KEY_WORD, is_shared_by_default(g), out);
    }
}
